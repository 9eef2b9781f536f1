"""What is done to whole columns on bytes is what the definitions do to one value: on any text there is."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.exchange.agreement.field_types import FIELD_TYPES
from pprl.party.reading.date_column import normalise_dates, recognise_dates
from pprl.party.reading.folding import folding_table
from pprl.party.reading.normalise import normaliser
from pprl.party.reading.normalise_column import normalise_texts
from pprl.tables.dates import DateFormat, recognise_format
from pprl.tables.texts import Texts

PROPERTY = settings(max_examples=150, deadline=None)
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
