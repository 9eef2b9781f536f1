"""Of a record there is left what the error's name says, and only of a record that has it and more."""

from __future__ import annotations

import pytest

from pprl.synth.draw import Dice
from pprl.synth.errors.error_type import Values
from pprl.synth.errors.remnants import remnant_corruptions

ALL = {corruption.name: corruption for corruption in remnant_corruptions()}
PERSON = ("Ann", "May", "Reed", "1985-03-12", "F", "1 Oak", "Ashby", "VK1 2AB")
LEFT = {
    "only_surname_and_sex": ("", "", "Reed", "", "F", "", "", ""),
    "only_given_name_and_year": ("Ann", "", "", "1985-00-00", "", "", "", ""),
    "only_surname": ("", "", "Reed", "", "", "", "", ""),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_left_is_what_the_name_says(name: str) -> None:
    corruption = ALL[name]
    assert corruption.possible(PERSON)
    assert corruption.change(PERSON, Dice.of(1)) == LEFT[name]


@pytest.mark.parametrize("name", LEFT)
def test_a_record_of_which_no_more_is_left_stays_as_it_is(name: str) -> None:
    assert not ALL[name].possible(LEFT[name])
    assert ALL[name].change(LEFT[name], Dice.of(1)) == LEFT[name]


@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        ("only_surname_and_sex", ("Ann", "May", "", *PERSON[3:])),
        ("only_surname_and_sex", (*PERSON[:4], "", *PERSON[5:])),
        ("only_given_name_and_year", ("", *PERSON[1:])),
        ("only_given_name_and_year", (*PERSON[:3], "unknown", *PERSON[4:])),
        ("only_surname", ("Ann", "May", "", *PERSON[3:])),
    ],
)
def test_no_record_loses_everything(name: str, lacking: Values) -> None:
    assert not ALL[name].possible(lacking)
    assert ALL[name].change(lacking, Dice.of(1)) == lacking


def test_there_are_three_remnants() -> None:
    assert set(ALL) == set(LEFT)
