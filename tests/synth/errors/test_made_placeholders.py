"""A placeholder stands where the value was, in the country's words, and only where there was another value."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pprl.synth.draw import Dice
from pprl.synth.errors.catalogue import country_corruptions
from pprl.synth.errors.error_type import Corruption, Values
from pprl.synth.errors.lexicon import LANGUAGES, load_lexicon
from pprl.synth.errors.placeholders import UNKNOWN_BIRTH, placeholder_corruptions
from pprl.synth.people.fields import FIELDS
from pprl.synth.places.country import COUNTRIES, load_country
from pprl.synth.places.homes import Places

NAMES = {
    "given_name_placeholder", "surname_placeholder", "newborn_name", "birth_placeholder", "home_placeholder",
    "birth_and_home_placeholder", "unidentified_person",
}  # fmt: skip
PERSON = ("Ann", "May", "Reed", "1985-03-12", "F", "1 Oak", "Ashby", "VK1 2AB")
NOBODY = ("UNKNOWN", "", "UNKNOWN", UNKNOWN_BIRTH, "", "NO FIXED ABODE", "UNKNOWN", "ZZ99 3VZ")


def errors(language: str = "en", latest: str = "2025-12-31") -> dict[str, Corruption]:
    found = placeholder_corruptions(
        load_lexicon(language, "qwerty"), latest=latest, postcode="ZZ99 3VZ"
    )
    return {corruption.name: corruption for corruption in found}


def outcomes(name: str, *values: str) -> list[Values]:
    return [errors()[name].change(values, Dice.of(number)) for number in range(300)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_words_of_its_own(language: str) -> None:
    made = errors(language)
    assert set(made) == NAMES
    words = {change[0] for change in
             (made["surname_placeholder"].change(("Reed",), Dice.of(n)) for n in range(99))}  # fmt: skip
    assert 2 <= len(words) <= 4
    assert ("UNKNOWN" in words) == (language == "en")


@pytest.mark.parametrize("code", COUNTRIES)
def test_every_country_has_a_postcode_for_none(code: str) -> None:
    land = load_country(code)
    known = country_corruptions(land, Places(land, 1, 1), latest="2025-12-31")
    (_, _, postcode) = known["home_placeholder"].change(("1 Oak", "Ashby", "X"), Dice.of(1))
    assert postcode == land.unknown_postcode
    assert code != "gb" or postcode == "ZZ99 3VZ"


def test_an_unknown_name_is_one_of_a_few_words_and_mostly_the_usual_one() -> None:
    found = outcomes("given_name_placeholder", "Ann", "May")
    assert set(found) == {("UNKNOWN", ""), ("NOT KNOWN", "")}
    assert 0.8 < found.count(("UNKNOWN", "")) / len(found) < 0.95


def test_an_unknown_home_is_no_home_or_words_for_unknown_with_one_postcode() -> None:
    found = outcomes("home_placeholder", "1 Oak", "Ashby", "VK1 2AB")
    assert {home[2] for home in found} == {"ZZ99 3VZ"}
    assert {home[0] for home in found} == {"NO FIXED ABODE", "UNKNOWN", "NOT KNOWN"}
    assert {home[1] for home in found} == {"UNKNOWN", "NOT KNOWN"}
    assert 0.4 < sum(home[0] == "NO FIXED ABODE" for home in found) / len(found) < 0.6


def test_an_unknown_birth_is_the_first_of_january_1900() -> None:
    assert set(outcomes("birth_placeholder", "1985-03-12")) == {("1900-01-01",)}
    both = outcomes("birth_and_home_placeholder", "1985-03-12", "1 Oak", "Ashby", "VK1 2AB")
    assert {(birth, postcode) for birth, _, _, postcode in both} == {("1900-01-01", "ZZ99 3VZ")}


def test_of_an_unidentified_patient_nothing_is_left() -> None:
    found = outcomes("unidentified_person", *PERSON)
    assert NOBODY in found
    for made in found:
        assert not set(made) & set(PERSON)
        assert (made[1], made[3], made[4], made[7]) == ("", UNKNOWN_BIRTH, "", "ZZ99 3VZ")


def test_a_placeholder_takes_no_placeholders_place() -> None:
    of = dict(zip(FIELDS, NOBODY, strict=True))
    for corruption in errors().values():
        values = tuple(of[field] for field in corruption.fields)
        assert not corruption.possible(values), corruption.name
        assert corruption.change(values, Dice.of(1)) == values


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (("Ann", "May", "F", "2025-06-30"), "Baby Girl"),
        (("Tom", "", "M", "2025-12-31"), "Baby Boy"),
        (("Tom", "", "M", "2024-12-31"), None),  # a year old
        (("Tom", "", "M", "2026-01-01"), None),  # not born yet
        (("Tom", "", "", "2025-06-30"), None),
        (("", "", "M", "2025-06-30"), None),
        (("Tom", "", "M", ""), None),
        (("Baby Boy", "", "M", "2025-06-30"), None),  # as it is
    ],
)
def test_a_newborn_is_called_boy_or_girl(values: Values, name: str | None) -> None:
    newborn = errors()["newborn_name"]
    assert newborn.possible(values) == (name is not None)
    changed = newborn.change(values, Dice.of(3))
    assert changed == (values if name is None else (name, "", *values[2:]))


def test_a_language_without_placeholders_has_none_of_these_errors() -> None:
    bare = replace(load_lexicon("en", "qwerty"), placeholders={})
    assert list(placeholder_corruptions(bare, latest="2025-12-31", postcode="X")) == []
