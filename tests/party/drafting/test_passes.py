"""Names outside a to z get blocking passes that need no sound, and files without such names are drafted as before."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from pprl.exchange.agreement.draft_text import drafted_passes
from pprl.exchange.agreement.model import Agreement
from pprl.party.drafting.draft import draft_agreement
from pprl.party.drafting.passes import passes_without_sound

NAMES = [("surname", "surname", "last"), ("given_name", "given-name", "first")]
DATE = ("date_of_birth", "date", "dob")
SOUNDS = {"soundex(surname)", "metaphone(given_name)", "soundex(full_name)"}


def people(odd: int, name: str = "李", rows: int = 200) -> pd.DataFrame:
    """A file of which some rows have this surname."""
    last = [name] * odd + ["Miller"] * (rows - odd)
    return pd.DataFrame({"last": last, "first": "Anna", "dob": "1987-02-13", "code": "QV1 6YQ"})


@pytest.mark.parametrize(
    ("name", "silent"),
    [
        ("李", True),
        ("김", True),
        ("محمد", True),
        ("Щербаков", False),  # folded to Latin letters
        ("Παπαδόπουλος", False),
        ("Ó", False),
        ("O\u2019李", False),
        (" ", False),  # missing is no name
        ("-", False),
    ],
)
def test_a_name_without_a_letter_has_no_sound(name: str, silent: bool) -> None:
    found = passes_without_sound(people(50, name), [*NAMES, DATE])
    assert (found is not None) == silent
    if found is not None:
        assert found.share == 0.25
        assert found.passes == (
            ("initial(surname)", "year(date_of_birth)"),
            ("initial(given_name)", "month(date_of_birth)", "day(date_of_birth)"),
        )


@pytest.mark.parametrize(("odd", "drafted"), [(0, False), (1, True)])
def test_one_in_two_hundred_is_enough(odd: int, drafted: bool) -> None:
    assert (passes_without_sound(people(odd), [*NAMES, DATE]) is not None) == drafted
    assert passes_without_sound(people(odd, rows=201), [*NAMES, DATE]) is None


def test_each_pass_with_a_sound_has_one_without() -> None:
    """Those of initials alone are left out: their blocks would be as large as a part of the file."""
    fields = [*NAMES, DATE, ("postcode", "postcode", "code")]
    found = passes_without_sound(people(50), fields)
    assert found is not None
    assert found.passes[-1] == ("value(postcode)", "initial(surname)")
    replaced = [
        tuple(re.sub("soundex|metaphone", "initial", key) for key in keys)
        for keys in drafted_passes([name for name, _, _ in fields])
        if SOUNDS & set(keys)
    ]
    assert set(replaced) - set(found.passes) == {("initial(surname)", "initial(given_name)")}


def test_without_a_second_field_there_is_no_pass() -> None:
    assert passes_without_sound(people(50), NAMES) is None
    assert passes_without_sound(people(50), [DATE]) is None
    assert passes_without_sound(people(0, rows=0), [*NAMES, DATE]) is None


@pytest.mark.parametrize("profile", ["record", "fields"])
def test_the_draft_holds_them_as_comments_that_can_be_agreed(profile: str) -> None:
    """And without such names it is what it was."""
    frame = people(0).rename(columns={"last": "surname", "first": "given_name"})
    plain = draft_agreement(frame, project="x", profile=profile)  # type: ignore[arg-type]
    odd = people(4).rename(columns={"last": "surname", "first": "given_name"})
    drafted = draft_agreement(odd, project="x", profile=profile)  # type: ignore[arg-type]
    assert plain.without_sound is None
    assert drafted.without_sound is not None
    more = [line for line in drafted.toml.splitlines() if line not in plain.toml.splitlines()]
    passes = [line for line in more if "keys = [" in line]
    assert len(passes) == len(drafted.without_sound.passes) > 0
    assert "without a letter a to z" in drafted.toml
    assert "李" not in drafted.toml
    assert Agreement.from_toml(drafted.toml).blocking == ()
    agreed = re.sub(r"(?m)^# (?=\[\[blocking|keys = \[)", "", drafted.toml)
    step = [step.keys for step in Agreement.from_toml(agreed).blocking]
    assert step[-len(passes) :] == list(drafted.without_sound.passes)
