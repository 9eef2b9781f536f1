"""Blocking keys are equal where all parts are equal, absent where one is missing, and tell nothing without the key."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
from helpers_party import make_column, make_field
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.exchange.agreement.model import BlockingPass
from pprl.party.blocking.keys import KEY_PARTS, blocking_key, pass_keys
from pprl.party.blocking.metaphone import metaphone

_PATH = Path(__file__).parents[1] / "vectors" / "second_implementation.py"
_SPEC = importlib.util.spec_from_file_location("second_implementation_of_keys", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
second = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(second)

SUBKEY = bytes(range(32))
PROPERTY = settings(max_examples=60, deadline=None)

NAMES = st.sampled_from(["", "smith", "smyth", "schmidt", "山田", "obrien", "o brien", "anna"])
DATES = st.sampled_from(["", "1987-07-12", "1987-00-12", "0000-07-12", "1961-07-00"])


@PROPERTY
@given(st.lists(st.tuples(NAMES, DATES, NAMES), min_size=1, max_size=20))
def test_keys_are_equal_where_all_parts_are_equal(records: list[tuple[str, str, str]]) -> None:
    """A whole table's keys are the keys of each record; none where a part is missing."""
    step = BlockingPass(keys=("soundex(a)", "year(b)", "initial(c)"))
    columns = {
        name: (lambda c: (c.rows, c.values))(
            make_column(make_field(kind), [record[at] for record in records])
        )
        for at, (name, kind) in enumerate((("a", "surname"), ("b", "date"), ("c", "given-name")))
    }
    keys = pass_keys(step, columns, SUBKEY)
    parts = [
        (KEY_PARTS["soundex"](a), KEY_PARTS["year"](b), KEY_PARTS["initial"](c))
        for a, b, c in records
    ]
    for key, part in zip(keys.tolist(), parts, strict=True):
        assert key == blocking_key(part, SUBKEY)
        assert (key == 0) == (not all(part))
    for i, left in enumerate(parts):
        for j, right in enumerate(parts):
            if all(left) and all(right):
                assert (keys[i] == keys[j]) == (left == right)


@PROPERTY
@given(
    st.lists(st.text("ab\x1f", min_size=1, max_size=3), min_size=1, max_size=3),
    st.binary(min_size=32, max_size=32),
)
def test_a_key_is_keyed(parts: list[str], subkey: bytes) -> None:
    """Another sub-key gives another number, and no unkeyed digest of the parts gives it."""
    key = blocking_key(parts, subkey)
    assert 0 < key < 2**64
    assert blocking_key(parts, bytes(32)) != key or subkey == bytes(32)
    raw = "\x1f".join(parts).encode()
    digests = [
        hashlib.blake2b(raw, digest_size=8).digest(), hashlib.sha256(raw).digest()[:8], raw[:8]
    ]  # fmt: skip
    assert all(int.from_bytes(digest, "little") != key for digest in digests)


def test_sound_alikes_share_a_part() -> None:
    """Names that sound alike fall into one block, by either code."""
    assert KEY_PARTS["soundex"]("smith") == KEY_PARTS["soundex"]("smyth") == "S530"
    assert KEY_PARTS["metaphone"]("catherine") == KEY_PARTS["metaphone"]("katherine")


@pytest.mark.parametrize("function", ["soundex", "metaphone"])
@pytest.mark.parametrize("value", ["", "山田", "12 34"])
def test_what_has_no_latin_letter_has_no_sound(function: str, value: str) -> None:
    """Such a record has no key in the pass, rather than one that all such records share."""
    assert KEY_PARTS[function](value) == ""


@pytest.mark.parametrize(
    ("function", "value"), [("year", "0000-07-12"), ("month", "1987-00-12"), ("day", "")]
)
def test_a_missing_date_part_is_no_part(function: str, value: str) -> None:
    """Records without the part do not meet in a block of zeros."""
    assert KEY_PARTS[function](value) == ""


def test_an_empty_table_has_no_keys() -> None:
    """No record, no key."""
    empty = (np.zeros(0, np.int64), [])
    keys = pass_keys(BlockingPass(keys=("soundex(a)", "year(b)")), {"a": empty, "b": empty}, SUBKEY)
    assert keys.shape == (0,)


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("knight", "NT"), ("wright", "RT"), ("schmidt", "SXMTT"), ("dumb", "TM"), ("lodge", "LJ"),
        ("accident", "AKSTNT"), ("phone", "FN"), ("white", "WT"), ("xavier", "SFR"), ("watch", "WX"),
        ("sign", "S"), ("", ""),
    ],
)  # fmt: skip
def test_metaphone_is_frozen(word: str, code: str) -> None:
    """The code of a word is what SPEC.md says, whichever library is installed."""
    assert metaphone(word) == code


@PROPERTY
@given(st.text("abcdefghijklmnopqrstuvwxyz", max_size=12))
def test_soundex_is_a_letter_and_three_digits(word: str) -> None:
    """Or nothing; and what the second implementation, written after SPEC.md, says."""
    code = KEY_PARTS["soundex"](word)
    assert code == second.soundex(word)
    assert re.fullmatch("([A-Z][0-6]{3})?", code)
    assert code[:1] == word[:1].upper()
