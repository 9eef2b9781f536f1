"""Dates are read part by part, and a part that is gone costs nothing but itself."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.base.errors import UsageError
from pprl.tables.dates import DateFormat, DateParts, recognise_format

MONTHS = ["Jan", "Feb", "MAR", "apr", "may", "June", "JULY", "aug", "Sept", "oct", "nov", "dec"]
SPECS = [
    separator.join(order)
    for month in ("MM", "MON")
    for order in itertools.permutations(["YYYY", month, "DD"])
    for separator in ("-", "/", ".", " ", "")
]
DATES = st.tuples(st.integers(1000, 2999), st.integers(1, 12), st.integers(1, 31))


def _write(spec: str, parts: tuple[str, str, str, str]) -> str:
    year, month, name, day = parts
    text = spec.replace("YYYY", year).replace("MON", "@").replace("MM", month)
    return text.replace("DD", day).replace("@", name)


@settings(deadline=None)
@given(date=DATES, spec=st.sampled_from(SPECS))
def test_every_format_reads_what_it_writes(date: tuple[int, int, int], spec: str) -> None:
    """A date written in a format is read back in it, month names and missing separators included."""
    year, month, day = date
    written = (f"{year:04}", f"{month:02}", MONTHS[month - 1], f"{day:02}")
    if spec in ("YYYYMONDD", "DDYYYYMON", "MONYYYYDD", "YYYYDDMON", "MONDDYYYY"):
        spec = spec.replace("MON", "MM")  # digits that touch can't be told apart beside a name
    assert DateFormat(spec).parse(_write(spec, written)) == DateParts(*date)


@settings(deadline=None)
@given(
    date=DATES,
    gone=st.sets(st.sampled_from([0, 1, 2])),
    mark=st.sampled_from(["0", "?", "", "xx", "--", "00"]),
)
def test_a_missing_part_leaves_the_others(
    date: tuple[int, int, int], gone: set[int], mark: str
) -> None:
    """Zeros, question marks, crosses and nothing stand for a missing part, in any combination."""
    parts = [mark if at in gone else str(number) for at, number in enumerate(date)]
    text = "/".join([parts[2], parts[1], parts[0]])
    expected = DateParts(*[0 if at in gone else number for at, number in enumerate(date)])
    assert DateFormat("DD/MM/YYYY").parse(text) == expected


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("07/1987", (1987, 7, 0)),
        ("1987", (1987, 0, 0)),
        ("00/07/1987", (1987, 7, 0)),
        ("00071987", (1987, 7, 0)),
        ("12/07/1987 10:30", (1987, 7, 12)),
        ("12/07/1987T10:30:05.1Z", (1987, 7, 12)),
        ("31/02/1987", (1987, 2, 31)),
    ],
)
def test_partial_and_timed_dates(text: str, parts: tuple[int, int, int]) -> None:
    """What is cut off or left open is missing; a time is dropped; the calendar is not checked."""
    assert DateFormat("DD/MM/YYYY").parse(text) == DateParts(*parts)


@pytest.mark.parametrize(
    ("text", "saved"),
    [
        ("12/13/1987", (1987, 0, 12)),
        ("32/12/1987", (1987, 12, 0)),
        ("12/07/87", (0, 7, 12)),
        ("n/a", (0, 0, 0)),
        ("１２/07/1987", (1987, 7, 0)),
    ],
)
def test_salvage_keeps_the_good_parts(text: str, saved: tuple[int, int, int]) -> None:
    """A date with an impossible part is refused; salvage counts that part alone as missing."""
    assert DateFormat("DD/MM/YYYY").parse(text) is None
    assert DateFormat("DD/MM/YYYY").parse(text, salvage=True) == DateParts(*saved)


@pytest.mark.parametrize("text", ["1/2/3/4", "12/07/1987 10", "12 07 1987 Z 1"])
def test_a_text_of_too_many_pieces_is_no_date(text: str) -> None:
    """Nothing is saved from a text whose parts can't be told."""
    assert DateFormat("DD/MM/YYYY").parse(text, salvage=True) is None


@settings(deadline=None)
@given(st.text(max_size=30), st.booleans())
def test_any_text_is_read_or_refused(text: str, salvage: bool) -> None:
    """No text makes the reader fail, and what it reads is in range."""
    parts = DateFormat("DD/MM/YYYY").parse(text, salvage=salvage)
    if parts is not None:
        assert parts.year == 0 or 1000 <= parts.year <= 2999
        assert 0 <= parts.month <= 12
        assert 0 <= parts.day <= 31


@pytest.mark.parametrize(
    "spec", ["", "DD/MM", "DD/DD/YYYY", "dd/mm/yyyy", "DD/MM-YYYY", "MM/MON/YYYY", "D/M/Y"]
)
def test_a_format_that_is_none_is_a_usage_error(spec: str) -> None:
    """A format names year, month and day once each, with one separator."""
    with pytest.raises(UsageError) as caught:
        DateFormat(spec)
    assert caught.value.hint


def test_the_format_is_recognised_from_the_values() -> None:
    """A day above 12 decides; when nothing decides, all candidates are named; no date fits nothing."""
    specs = lambda values: [found.spec for found in recognise_format(values)]  # noqa: E731 - a shorthand
    assert specs(["13/01/1990", "01/02/1990"]) == ["DD/MM/YYYY"]
    assert specs(["01/13/1990", "01/02/1990"]) == ["MM/DD/YYYY"]
    assert specs(["1990-01-02"]) == ["YYYY-MM-DD"]
    assert specs(["01/02/1990"]) == ["DD/MM/YYYY", "MM/DD/YYYY"]
    assert specs(["07/07/1990"]) == ["DD/MM/YYYY"]
    assert specs(["robot"]) == []
