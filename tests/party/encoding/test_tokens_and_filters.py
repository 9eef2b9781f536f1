"""The column path gives the bits that the one-record definition gives, and each missing part costs its share only."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from bitarray import bitarray
from helpers_party import KEY, make_agreement, make_column, make_field
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.exchange.agreement.field_types import FIELD_TYPES
from pprl.exchange.agreement.model import Agreement, AgreementField
from pprl.party.encoding.encode import encode_fields
from pprl.party.encoding.filters import fill_filters, filter_of, positions_of, prepare_field
from pprl.party.encoding.positions import FieldPositions
from pprl.party.encoding.token_table import tokenise
from pprl.party.encoding.tokens import DATE_TOKENS, date_tokens, draws_per_token, tokens_of
from pprl.party.reading.folding import fold

PROPERTY = settings(max_examples=60, deadline=None)
QGRAM_TYPES = sorted(kind for kind, found in FIELD_TYPES.items() if found.q)
SUBKEY = bytes(range(100, 132))

FORMS = st.builds(
    fold,
    st.text(max_size=12)
    | st.text("ab ", max_size=30)
    | st.text("abcé山ж😀 ", max_size=8)
    | st.integers(60, 300).map(lambda n: "ab c" * n),
)
DATES = st.builds(
    lambda y, m, d: "" if not (y or m or d) else f"{y:04}-{m:02}-{d:02}",
    st.sampled_from([0, 1961, 1987, 2000]),
    st.integers(0, 12),
    st.integers(0, 31),
)


@st.composite
def columns(draw: st.DrawFn) -> tuple[AgreementField, list[str]]:
    """A field of any type, q and budget, and the normal forms of some records, repeated ones among them."""
    kind = draw(st.sampled_from(sorted(FIELD_TYPES)))
    field = make_field(kind, draw(st.integers(1, 3)), draw(st.integers(1, 300)))
    forms = DATES if kind == "date" else FORMS
    if kind in ("postcode", "phone", "identifier"):
        forms = FORMS.map(lambda text: text.replace(" ", ""))
    values = draw(st.lists(forms, min_size=1, max_size=6))
    return field, values + draw(st.lists(st.sampled_from(values), max_size=3))


def filters_of_column(field: AgreementField, values: Sequence[str], bits: int) -> np.ndarray:
    column = make_column(field, values)
    table = tokenise(column.values, field)
    positions = FieldPositions(field, SUBKEY, bits)
    return fill_filters([prepare_field(column.rows, table, positions)], len(values), bits)


@PROPERTY
@given(columns())
def test_column_tokens_are_the_tokens_of_each_value(case: tuple[AgreementField, list[str]]) -> None:
    """The fast tokeniser finds each value's tokens, each once."""
    field, values = case
    table = tokenise(values, field)
    for at, value in enumerate(values):
        ids = table.ids[table.offsets[at] : table.offsets[at + 1]]
        found = [table.vocabulary[number] for number in ids]
        assert len(set(found)) == len(found)
        assert set(found) == set(tokens_of(value, field))


@PROPERTY
@given(columns(), st.sampled_from([64, 65, 100, 512, 1000, 1001, 1024, 4099]))
def test_column_filters_are_the_filters_of_each_record(
    case: tuple[AgreementField, list[str]], bits: int
) -> None:
    """The fast path sets the bits that the definition sets, for any filter length."""
    field, values = case
    made = filters_of_column(field, values, bits)
    for row, value in zip(made, values, strict=True):
        assert row.tobytes() == filter_of([value], [field], [SUBKEY], bits).tobytes()


@cache
def _agreement(bits: int) -> Agreement:
    return make_agreement(
        {"a": "surname", "b": "date", "c": "postcode", "d": "code"}, filter={"bits": bits}
    )


@PROPERTY
@given(
    st.lists(st.tuples(FORMS, DATES, FORMS, FORMS), min_size=1, max_size=5),
    st.sampled_from([64, 1000, 1001, 1024]),
)
def test_whole_records_are_the_union_of_their_fields(
    records: list[tuple[str, str, str, str]], bits: int
) -> None:
    """Encoding a table gives each record the filter that the definition gives it."""
    agreed = _agreement(bits)
    records = [(a, b, c.replace(" ", ""), d) for a, b, c, d in records]
    fields = [
        make_column(field, [record[at] for record in records])
        for at, field in enumerate(agreed.field)
    ]
    made, _ = encode_fields(fields, agreed, KEY)
    salt = agreed.encoding_fingerprint()
    subkeys = [KEY.derive(f"field/{field.name}".encode(), salt=salt) for field in agreed.field]
    for row, record in zip(made, records, strict=True):
        assert row.tobytes() == filter_of(record, agreed.field, subkeys, bits).tobytes()


@pytest.mark.parametrize("kind", sorted(FIELD_TYPES))
def test_a_missing_value_adds_no_bit(kind: str) -> None:
    """No value, no token, no bit."""
    field = make_field(kind)
    assert tokens_of("", field) == []
    assert len(tokenise(["", ""], field).ids) == 0
    assert not filters_of_column(field, ["", ""], 1000).any()


def bits_of_date(value: str) -> bitarray:
    return filter_of([value], [make_field("date")], [SUBKEY], 4096)


def positions_of_tokens(tokens: list[str]) -> set[int]:
    draws = draws_per_token(make_field("date"), DATE_TOKENS)
    return {at for token in tokens for at in positions_of(token, SUBKEY, 4096, draws)}


@PROPERTY
@given(st.integers(1000, 2999), st.integers(1, 12), st.integers(1, 31), st.sampled_from("YMD"))
def test_a_missing_date_part_loses_its_share_only(
    year: int, month: int, day: int, gone: str
) -> None:
    """The bits of the other parts are exactly what they were."""
    full = f"{year:04}-{month:02}-{day:02}"
    kept = {
        "Y": f"0000-{month:02}-{day:02}",
        "M": f"{year:04}-00-{day:02}",
        "D": f"{year:04}-{month:02}-00",
    }[gone]
    lost = [token for token in date_tokens(full) if token not in date_tokens(kept)]
    assert set(date_tokens(kept)) < set(date_tokens(full))
    assert len(lost) <= 3
    assert (bits_of_date(kept) & bits_of_date(full)) == bits_of_date(kept)
    missing = bits_of_date(full) & ~bits_of_date(kept)
    assert set(missing.search(1)) <= positions_of_tokens(lost)


@PROPERTY
@given(st.integers(1000, 2999), st.integers(1, 12), st.integers(1, 12))
def test_a_swap_of_day_and_month_costs_the_places_only(year: int, month: int, day: int) -> None:
    """The year and the two numbers stay; what is lost is which of them is the month."""
    left, right = f"{year:04}-{month:02}-{day:02}", f"{year:04}-{day:02}-{month:02}"
    kept = set(date_tokens(left)) & set(date_tokens(right))
    assert {token[0] for token in kept} >= set("Ytux")
    if month != day:
        assert set(date_tokens(left)) - kept == {f"M{month:02}", f"D{day:02}"}
        assert len(kept) == 5


def test_draws_keep_the_budget() -> None:
    """A value's tokens draw the field's budget together, to the nearest number a token; at least one each."""
    field = make_field("surname", budget=90)
    assert [draws_per_token(field, n) for n in (1, 4, 7, 90, 200)] == [90, 23, 13, 1, 1]
    assert draws_per_token(make_field("date", budget=120), 3) == 17


@PROPERTY
@given(st.text(max_size=5), st.integers(64, 65536), st.integers(1, 80))
def test_fewer_draws_are_a_prefix_of_more(token: str, bits: int, draws: int) -> None:
    """A token's positions come from one stream, within the filter."""
    many = positions_of(token, SUBKEY, bits, draws + 16)
    assert positions_of(token, SUBKEY, bits, draws) == many[:draws]
    assert all(0 <= at < bits for at in many)


def test_fields_and_keys_do_not_share_positions() -> None:
    """The same value in two fields, or under two sub-keys, sets unrelated bits."""
    field = make_field("surname")
    one = filter_of(["anna"], [field], [SUBKEY], 1024)
    two = filter_of(["anna"], [field], [SUBKEY[::-1]], 1024)
    assert (one & two).count() < min(one.count(), two.count()) / 2


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from helpers_party import KEY, make_agreement, make_column
from pprl.party.encoding.encode import encode_fields
agreed = make_agreement(
    {"a": "surname", "b": "date"}, hardening={"method": "xor-fold"},
    blocking=[{"keys": ["metaphone(a)", "year(b)"]}],
)
values = (["obrien", "山田", "van der berg", ""], ["1987-07-12", "0000-00-12", "", "1961-00-00"])
fields = [make_column(f, v) for f, v in zip(agreed.field, values)]
filters, keys = encode_fields(fields, agreed, KEY)
print(filters.tobytes().hex(), keys.ravel().tolist())
"""


def test_bits_do_not_depend_on_the_process() -> None:
    """Another process with another hash seed gives the same bits and keys."""
    from pathlib import Path

    outputs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(Path(__file__).parents[1])],
            capture_output=True, text=True, check=True, timeout=120,
            env={**os.environ, "PYTHONHASHSEED": seed, "NUMBA_NUM_THREADS": threads},
        ).stdout
        for seed, threads in (("0", "1"), ("4711", "2"))
    }  # fmt: skip
    assert len(outputs) == 1
    assert len(outputs.pop()) > 500
