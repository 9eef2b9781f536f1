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
from slow_keys import (
    SLOW_KEY_PARTS,
    slow_join_and_hash,
    slow_metaphone_texts,
    slow_pass_keys,
    slow_soundex_texts,
)

from pprl.exchange.agreement.model import BlockingPass
from pprl.party.blocking.keys import KEY_PARTS, pass_keys, without_key
from pprl.party.blocking.sounds import metaphone_texts, soundex_texts
from pprl.party.encoding.blake2b import join_and_hash
from pprl.tables.texts import Texts

_PATH = Path(__file__).parents[2] / "vectors" / "second_implementation.py"
_SPEC = importlib.util.spec_from_file_location("second_implementation_of_keys", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
second = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(second)

SUBKEY = bytes(range(32))
PROPERTY = settings(max_examples=100, deadline=None)
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)

NAMES = st.sampled_from(["", "smith", "smyth", "schmidt", "山田", "obrien", "o brien", "anna"])
DATES = st.sampled_from(["", "1987-07-12", "1987-00-12", "0000-07-12", "1961-07-00"])


FORMS = (
    st.text("abcdefghijklmnopqrstuvwxyz", max_size=10)
    | st.text("aeiouchtsgnkwxypmbd", max_size=8)
    | st.text("ab é山1 zq", max_size=9)
)


def part(function: str, value: str) -> str:
    """Return what a function makes of one value."""
    return KEY_PARTS[function](Texts.of([value]))[0]


def key(parts: list[str], subkey: bytes) -> int:
    """Return the key of one record."""
    rows = [np.zeros(1, np.int64)] * len(parts)
    return int(join_and_hash([Texts.of([value]) for value in parts], rows, subkey)[0])


@PROPERTY
@given(st.lists(st.tuples(NAMES, DATES, NAMES), min_size=1, max_size=20))
def test_keys_are_equal_where_all_parts_are_equal(records: list[tuple[str, str, str]]) -> None:
    """A whole table's keys are those of its twin, and none where a part is missing."""
    step = BlockingPass(keys=("soundex(a)", "year(b)", "initial(c)"))
    values = {name: [record[at] for record in records] for at, name in enumerate("abc")}
    columns = {
        name: (lambda c: (c.rows, c.values))(make_column(make_field(kind), values[name]))
        for name, kind in (("a", "surname"), ("b", "date"), ("c", "given-name"))
    }
    keys = pass_keys(step, columns, SUBKEY)
    assert keys.tolist() == slow_pass_keys(step, values, SUBKEY)
    parts = [(part("soundex", a), part("year", b), part("initial", c)) for a, b, c in records]
    for i, left in enumerate(parts):
        assert (keys[i] == 0) == (not all(left))
        for j, right in enumerate(parts):
            if all(left) and all(right):
                assert (keys[i] == keys[j]) == (left == right)


@PROPERTY
@given(st.lists(st.tuples(NAMES, DATES, NAMES), min_size=1, max_size=20), st.integers(1, 4))
def test_records_without_a_key_are_those_whose_keys_are_all_0(
    records: list[tuple[str, str, str]], passes: int
) -> None:
    """Whatever the key, and without computing one."""
    steps = [
        BlockingPass(keys=("soundex(a)", "year(b)")),
        BlockingPass(keys=("metaphone(c)", "month(b)", "day(b)")),
        BlockingPass(keys=("soundex(a)", "metaphone(c)")),
        BlockingPass(keys=("initial(c)", "year(b)")),
    ][:passes]
    values = {name: [record[at] for record in records] for at, name in enumerate("abc")}
    columns = {
        name: (lambda c: (c.rows, c.values))(make_column(make_field(kind), values[name]))
        for name, kind in (("a", "surname"), ("b", "date"), ("c", "given-name"))
    }
    keys = np.array([slow_pass_keys(step, values, SUBKEY) for step in steps], object)
    found = without_key(steps, columns)
    assert found.dtype == np.bool_
    assert found.tolist() == [not any(of_record) for of_record in keys.T]


@PROPERTY
@given(st.lists(FORMS, max_size=8))
def test_parts_of_a_column_are_those_of_its_values(values: list[str]) -> None:
    """Sounds and letters on bytes are what the twins find in one text after the other."""
    texts = Texts.of(values)
    assert list(soundex_texts(texts)) == slow_soundex_texts(values)
    assert list(metaphone_texts(texts)) == slow_metaphone_texts(values)
    for function in ("soundex", "metaphone", "initial", "value"):
        expected = [SLOW_KEY_PARTS[function](value) for value in values]
        assert list(KEY_PARTS[function](texts)) == expected, function


@pytest.mark.parametrize("function", ["year", "month", "day"])
def test_date_parts_of_a_column_are_those_of_its_values(function: str) -> None:
    """Missing dates and missing parts have none."""
    values = ["", "1987-07-12", "0000-01-00", "1987-00-10", "", "0000-00-01"]
    expected = [SLOW_KEY_PARTS[function](value) for value in values]
    assert list(KEY_PARTS[function](Texts.of(values))) == expected


def test_no_part_is_without_its_twin() -> None:
    """A new part gets a slow form too."""
    assert list(KEY_PARTS) == list(SLOW_KEY_PARTS)


@PROPERTY
@given(st.lists(st.tuples(TEXT, st.text("ab", max_size=200), TEXT), min_size=1, max_size=6))
def test_joined_parts_have_the_key_of_each_record(records: list[tuple[str, str, str]]) -> None:
    """Whatever the parts are; none where one is missing."""
    parts = [Texts.of([record[at] for record in records]) for at in range(3)]
    rows = np.arange(len(records))
    assert join_and_hash(parts, [rows] * 3, SUBKEY).tolist() == slow_join_and_hash(records, SUBKEY)


@PROPERTY
@given(
    st.lists(st.text("ab\x1f", min_size=1, max_size=3), min_size=1, max_size=3),
    st.binary(min_size=32, max_size=32),
)
def test_a_key_is_keyed(parts: list[str], subkey: bytes) -> None:
    """Another sub-key gives another number, and no unkeyed digest of the parts gives it."""
    made = key(parts, subkey)
    assert 0 < made < 2**64
    assert key(parts, bytes(32)) != made or subkey == bytes(32)
    raw = "\x1f".join(parts).encode()
    digests = [
        hashlib.blake2b(raw, digest_size=8).digest(), hashlib.sha256(raw).digest()[:8], raw[:8]
    ]  # fmt: skip
    assert all(int.from_bytes(digest, "little") != made for digest in digests)


def test_sound_alikes_share_a_part() -> None:
    """Names that sound alike fall into one block, by either code."""
    assert part("soundex", "smith") == part("soundex", "smyth") == "S530"
    assert part("metaphone", "catherine") == part("metaphone", "katherine")


@pytest.mark.parametrize("function", ["soundex", "metaphone"])
@pytest.mark.parametrize("value", ["", "山田", "12 34"])
def test_what_has_no_latin_letter_has_no_sound(function: str, value: str) -> None:
    """Such a record has no key in the pass, rather than one that all such records share."""
    assert part(function, value) == ""


@pytest.mark.parametrize(
    ("function", "value"), [("year", "0000-07-12"), ("month", "1987-00-12"), ("day", "")]
)
def test_a_missing_date_part_is_no_part(function: str, value: str) -> None:
    """Records without the part do not meet in a block of zeros."""
    assert part(function, value) == ""


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
    assert part("metaphone", word) == code


@PROPERTY
@given(st.text("abcdefghijklmnopqrstuvwxyz", max_size=12))
def test_soundex_is_a_letter_and_three_digits(word: str) -> None:
    """Or nothing; and what the second implementation, written after SPEC.md, says."""
    code = part("soundex", word)
    assert code == second.soundex(word)
    assert re.fullmatch("([A-Z][0-6]{3})?", code)
    assert code[:1] == word[:1].upper()
