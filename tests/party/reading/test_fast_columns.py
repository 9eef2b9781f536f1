"""What is done to whole columns on bytes is what the definitions do to one value: on any text there is."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from helpers_party import make_field
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.exchange.agreement.field_types import FIELD_TYPES
from pprl.party.blocking.keys import KEY_PARTS, blocking_key, part_texts
from pprl.party.encoding.blake2b import join_and_hash, position_rows, text_numbers
from pprl.party.encoding.filters import positions_of
from pprl.party.encoding.positions import FieldPositions
from pprl.party.reading.date_column import normalise_dates, recognise_dates
from pprl.party.reading.folding import folding_table
from pprl.party.reading.normalise import normaliser
from pprl.party.reading.normalise_column import normalise_texts
from pprl.tables.dates import DateFormat, recognise_format
from pprl.tables.texts import Texts

PROPERTY = settings(max_examples=150, deadline=None)
SUBKEY = bytes(range(32))
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
WORDS = st.sampled_from(
    [
        "mr", "Dr", "o", "mc", "mac", "Street", "flat", "apt", "boulevard", "APARTMENT", "cr", "é", "и\u0306",
        "И\u0306", "и", "\u0306", "山田", "@", "a.b@c", "12", " ", "  ", "-", "ß", "Щ", "\u1680", "\x1c", "0412", "😀",
        "'", "\u2028", "\0", *(chr(point) for point in list(folding_table())[::37]),
    ]
)  # fmt: skip
VALUES = TEXT | st.lists(WORDS, max_size=8).map(" ".join) | st.lists(WORDS, max_size=8).map("".join)


@PROPERTY
@given(st.lists(VALUES, max_size=6))
def test_normal_forms_of_a_column_are_those_of_its_values(values: list[str]) -> None:
    """Of every type but the date, on any Unicode text."""
    for kind in FIELD_TYPES:
        if kind != "date":
            rule = normaliser(kind)
            assert list(normalise_texts(Texts.of(values), kind)) == [rule(v) for v in values], kind


def test_every_code_point_folds_as_the_table_says() -> None:
    """Alone and between letters, in and around the table."""
    points = [chr(point) for point in range(0x11000) if not 0xD800 <= point < 0xE000]
    values = [*points, *(f"a{point}b" for point in points)]
    rule = normaliser("code")
    assert list(normalise_texts(Texts.of(values), "code")) == [rule(value) for value in values]


NUMBERS = st.sampled_from(
    ["1987", "07", "7", "12", "13", "31", "32", "0", "00", "000", "0000", "??", "", "xx", "999", "12345",
     "JUL", "2999", "3000", "-", "1", "١"]
)  # fmt: skip
SEPARATORS = st.sampled_from(["-", "/", ".", "--", " ", ",", "", " / "])
DATES = (
    st.tuples(
        st.sampled_from(["", " "]), NUMBERS, SEPARATORS, NUMBERS, SEPARATORS, NUMBERS,
        st.sampled_from(["", " 10:30", "T10:30:00Z", " "]),
    ).map("".join)
    | st.from_regex(r"[0-9]{8}", fullmatch=True)
    | st.dates().map(str)
    | st.dates().map(lambda day: day.strftime("%d/%m/%Y"))
    | TEXT
)  # fmt: skip


@PROPERTY
@given(
    st.lists(DATES, max_size=6),
    st.sampled_from(
        ["DD/MM/YYYY", "YYYY-MM-DD", "MM/DD/YYYY", "DDMMYYYY", "DD MON YYYY", "YYYYDDMM"]
    ),
)
def test_dates_of_a_column_are_those_of_its_values(values: list[str], spec: str) -> None:
    """Plain dates, odd ones and no dates at all."""
    rule = normaliser("date", DateFormat(spec))
    found = normalise_dates(Texts.of(values), DateFormat(spec))
    assert list(found) == [rule(value) for value in values]


@PROPERTY
@given(st.lists(DATES, max_size=5, unique=True))
def test_a_columns_format_is_recognised_as_one_by_one(values: list[str]) -> None:
    """The same formats in the same order, ambiguous or not."""
    expected = recognise_format([value for value in values if value.strip()])
    assert recognise_dates(Texts.of(values)) == expected


FORMS = (
    st.text("abcdefghijklmnopqrstuvwxyz", max_size=10)
    | st.text("aeiouchtsgnkwxypmbd", max_size=8)
    | st.text("ab é山1 zq", max_size=9)
)


@PROPERTY
@given(st.lists(FORMS, max_size=8))
def test_sounds_of_a_column_are_those_of_its_values(values: list[str]) -> None:
    """Soundex and Metaphone on bytes give the codes that the definitions give."""
    for function in ("soundex", "metaphone", "initial", "value"):
        found = part_texts(function, Texts.of(values))
        assert list(found) == [KEY_PARTS[function](value) for value in values], function


@pytest.mark.parametrize("function", ["year", "month", "day"])
def test_date_parts_of_a_column_are_those_of_its_values(function: str) -> None:
    """Missing dates and missing parts have none."""
    values = ["", "1987-07-12", "0000-01-00", "1987-00-10", "", "0000-00-01"]
    found = part_texts(function, Texts.of(values))
    assert list(found) == [KEY_PARTS[function](value) for value in values]


@PROPERTY
@given(
    st.lists(TEXT | st.text("ab", min_size=100, max_size=300), max_size=6),
    st.binary(min_size=32, max_size=32),
)
def test_digests_are_those_of_the_standard_library(values: list[str], subkey: bytes) -> None:
    """Of any length, around the blocks of 128 bytes too."""
    values += ["a" * length for length in (1, 123, 124, 125, 127, 128, 129, 255, 256, 257)]
    texts = Texts.of(values)
    expected = [
        int.from_bytes(hashlib.blake2b(v.encode(), key=subkey, digest_size=8).digest(), "little")
        if v else 0
        for v in values
    ]  # fmt: skip
    assert text_numbers(texts, subkey).tolist() == expected
    for bits, draws in ((64, 1), (1000, 16), (65536, 53)):
        drawn = position_rows(texts, subkey, bits, draws).tolist()
        assert drawn == [positions_of(value, subkey, bits, draws) for value in values]


@PROPERTY
@given(st.lists(st.tuples(TEXT, st.text("ab", max_size=200), TEXT), min_size=1, max_size=6))
def test_joined_parts_have_the_key_of_each_record(records: list[tuple[str, str, str]]) -> None:
    """Whatever the parts are; none where one is missing."""
    parts = [Texts.of([record[at] for record in records]) for at in range(3)]
    rows = np.arange(len(records))
    found = join_and_hash(parts, [rows] * 3, SUBKEY)
    assert found.tolist() == [blocking_key(record, SUBKEY) for record in records]


@PROPERTY
@given(
    st.lists(st.lists(st.text("abc", min_size=1, max_size=2), max_size=6), max_size=6),
    st.integers(1, 8),
)
def test_a_token_keeps_its_positions_over_blocks(blocks: list[list[str]], most: int) -> None:
    """Whatever was asked before, and however few tokens are kept."""
    field = make_field("surname")
    positions = FieldPositions(field, SUBKEY, 1000, most=most)
    for vocabulary in blocks:
        rows, table = positions.look_up(vocabulary)
        for row, token in zip(rows, vocabulary, strict=True):
            assert table[row].tolist() == positions_of(token, SUBKEY, 1000, table.shape[1])


@PROPERTY
@given(st.lists(TEXT, max_size=8))
def test_texts_read_like_a_list(values: list[str]) -> None:
    """Length, items, slices, iteration, and texts picked or replaced under a mask."""
    texts = Texts.of(values)
    assert len(texts) == len(values)
    assert list(texts) == [texts[at] for at in range(len(texts))] == values == texts[:]
    mask = np.array([len(value) % 2 == 1 for value in values], bool)
    odd = [value for value in values if len(value) % 2]
    assert texts.picked(mask) == odd
    turned = texts.replaced(mask, [value + "é" for value in odd])
    assert list(turned) == [value + "é" if len(value) % 2 else value for value in values]
