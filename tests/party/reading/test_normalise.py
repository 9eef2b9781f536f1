"""Each field type has one rule from a value to its normal form; the vectors hold the rules' details."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.exchange.agreement.field_types import FIELD_TYPES
from pprl.party.reading.normalise import UNREADABLE, normaliser
from pprl.tables.dates import DateFormat

TEXT_TYPES = sorted(set(FIELD_TYPES) - {"date"})


@pytest.mark.parametrize(
    ("kind", "left", "right"),
    [
        ("surname", "O'Brien", "O Brien"),
        ("surname", "McDonald", "Mc Donald"),
        ("surname", "MacDonald", "Mac Donald"),
        ("given-name", "Dr. Anna", "Anna"),
        ("full-name", "Mrs Anna Mc Donald", "anna mcdonald"),
        ("sex", "Männlich", "1"),
        ("address", "12 Main Street", "12 main st."),
        ("postcode", "QV1 6YQ", "qv16yq"),
        ("phone", "+61 412 345 678", "0412 345 678"),
        ("email", "Anna.Maria@Example.org", "annamaria@example.org"),
        ("identifier", "AB-12 34", "ab1234"),
        ("code", "A/B-12", "a b 12"),
    ],
)
def test_spellings_of_one_value_have_one_normal_form(kind: str, left: str, right: str) -> None:
    """What people write differently and mean alike becomes the same."""
    assert normaliser(kind)(left) == normaliser(kind)(right) != ""


@pytest.mark.parametrize("text", ["NA", "null", "None", "nan", "N/A"])
def test_a_surname_that_looks_like_a_gap_stays_a_surname(text: str) -> None:
    """No word stands for a missing name."""
    assert normaliser("surname")(text) != ""


@pytest.mark.parametrize("kind", TEXT_TYPES)
@pytest.mark.parametrize("text", ["", "   ", "\t", "--", "\u00a0"])
def test_nothing_is_missing(kind: str, text: str) -> None:
    """Empty, blank and punctuation-only values are missing, not unreadable."""
    assert normaliser(kind)(text) == ""


@pytest.mark.parametrize(("kind", "text"), [("sex", "robot"), ("phone", "none")])
def test_a_value_that_no_rule_reads_says_so(kind: str, text: str) -> None:
    """A value that is there and can't be read is not taken for missing, nor for a value."""
    assert normaliser(kind)(text) == UNREADABLE


@settings(deadline=None)
@given(text=st.text(max_size=40), kind=st.sampled_from(TEXT_TYPES))
def test_a_normal_form_has_single_spaces_and_no_pad(text: str, kind: str) -> None:
    """The padding character, double spaces and spaces at the ends never reach the tokens."""
    form = normaliser(kind)(text)
    assert "_" not in form
    assert "  " not in form
    assert form == form.strip(" ")


def test_a_date_needs_its_format() -> None:
    """No date is read by guessing."""
    with pytest.raises(ValueError, match="format"):
        normaliser("date")


def test_an_unreadable_date_keeps_what_can_be_saved() -> None:
    """A month 13 costs the month, not the date."""
    rule = normaliser("date", DateFormat("DD/MM/YYYY"))
    assert rule("12/13/1987") == UNREADABLE + "1987-00-12"
    assert rule("robot") == UNREADABLE
