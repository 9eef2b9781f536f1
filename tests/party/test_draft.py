"""The drafted agreement: columns are recognised by whole words of their names, and nothing risky is agreed unasked."""

from __future__ import annotations

import pandas as pd
import pytest

from pprl.errors import DataError
from pprl.exchange.agreement import Agreement
from pprl.party.draft import draft_agreement


def frame(*columns: str) -> pd.DataFrame:
    """A table of people whose values say nothing of their columns."""
    return pd.DataFrame({name: ["alpha", "beta", "alpha"] for name in columns})


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("first_name", "given_name"),
        ("Vorname", "given_name"),
        ("FamilyName", "surname"),
        ("LAST NAME", "surname"),
        ("dob", "date_of_birth"),
        ("Date of Birth", "date_of_birth"),
        ("birth_date", "date_of_birth"),
        ("Geburtsdatum", "date_of_birth"),
        ("Straße", "address"),
        ("postal_code", "postcode"),
        ("PLZ", "postcode"),
        ("town", "locality"),
        ("Ort", "locality"),
        ("passport_no", "identifier"),
        ("e-mail", "email"),
        ("mobile_phone", "phone"),
        ("name", "full_name"),
    ],
)
def test_columns_are_recognised_by_their_names(column: str, field: str) -> None:
    """Whatever the case and the separators."""
    guess = next(
        g for g in draft_agreement(frame("xyz", column), project="x").guesses if g.column == column
    )
    assert guess.field == field


@pytest.mark.parametrize(
    "column",
    [
        "ethnicity",
        "airport",
        "report",
        "sort",
        "place_of_birth",
        "birthplace",
        "birth_name",
        "phonetic",
        "capacity",
    ],
)
def test_a_name_within_a_word_is_no_name(column: str) -> None:
    """`ethnicity` holds `city` and is no town; a birth name is no date."""
    draft = draft_agreement(frame("surname", column), project="x")
    assert {g.column: g.field for g in draft.guesses}[column] is None


def test_no_blocking_is_agreed_unasked() -> None:
    """Each pass hands the unit exact frequencies, so it stands there as a comment only."""
    draft = draft_agreement(frame("first_name", "surname", "dob", "postcode"), project="x")
    assert "# [[blocking]]" in draft.toml
    agreement = Agreement.from_toml(draft.toml)
    assert agreement.blocking == ()
    uncommented = draft.toml.replace("# [[blocking]]", "[[blocking]]").replace(
        "# keys = ", "keys = "
    )
    assert len(Agreement.from_toml(uncommented).blocking) == 5


def test_a_table_without_a_field_shows_none_of_its_header() -> None:
    """The header may be the first person."""
    with pytest.raises(DataError) as caught:
        draft_agreement(frame("Woolwick", "Ruby"), project="x")
    assert "Ruby" not in f"{caught.value}{caught.value.hint}"
