"""The country tables: complete, strict, and shared without being changed."""

from importlib.resources import files

import pytest

from pprl.base.errors import UsageError
from pprl.synth.places.country import (
    AGE_GROUPS,
    COUNTRIES,
    Family,
    Postcodes,
    load_country,
    load_towns,
)

POOLS = {
    "british", "irish", "american", "hispanic", "german", "french", "polish", "turkish", "arabic", "south-asian",
    "west-african", "chinese", "italian", "romanian", "dutch", "swedish", "spanish", "portuguese",
}  # fmt: skip
MAIN_POOL = {
    "gb": "british", "us": "american", "de": "german", "fr": "french", "es": "spanish",
    "it": "italian", "nl": "dutch", "pl": "polish", "se": "swedish",
}  # fmt: skip


@pytest.mark.parametrize("code", COUNTRIES)
def test_a_country_is_complete(code: str) -> None:
    country = load_country(code)
    assert country.code == code
    assert next(iter(country.origins)) == MAIN_POOL[code]
    assert max(country.origins, key=country.origins.__getitem__) == MAIN_POOL[code]
    assert set(country.origins) <= POOLS
    assert len(country.ages) == AGE_GROUPS
    assert country.ages[-1] < country.ages[-4] < country.ages[8]
    assert country.streets.common


@pytest.mark.parametrize("code", COUNTRIES)
def test_streets_are_clean_text(code: str) -> None:
    streets = load_country(code).streets
    names = [*streets.common]
    names += [
        form.replace("{}", first)
        for family in streets.families
        for first in family.firsts
        for form in family.forms
    ]
    assert all(name.isprintable() and name == " ".join(name.split()) for name in names)
    assert not any(set(name) & set('{}_,;|\t"') for name in names)
    assert len(set(names)) >= 400


@pytest.mark.parametrize("code", COUNTRIES)
def test_towns_fall_by_population_and_each_name_stands_once(code: str) -> None:
    towns = load_towns(code)
    people = [town.population for town in towns]
    assert people == sorted(people, reverse=True)
    assert min(people) > 1000
    assert len({town.name.casefold() for town in towns}) == len(towns) >= 140
    assert all(town.name.isprintable() and town.region for town in towns)


@pytest.mark.parametrize(
    ("code", "largest"),
    [("gb", "London"), ("us", "New York"), ("de", "Berlin"), ("fr", "Paris"), ("pl", "Warszawa")],
)
def test_the_largest_town_bears_its_own_name(code: str, largest: str) -> None:
    assert load_towns(code)[0].name == largest


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("gb", "Islington"),
        ("us", "Brooklyn"),
        ("de", "Wandsbek"),
        ("fr", "Paris 15 Vaugirard"),
        ("es", "Eixample"),
    ],
)
def test_parts_of_a_city_are_no_towns(code: str, part: str) -> None:
    assert part not in {town.name for town in load_towns(code)}


def test_capitals_name_the_same_country() -> None:
    assert load_country("GB") == load_country("gb")


@pytest.mark.parametrize("load", [load_country, load_towns])
def test_an_unknown_country_is_refused_with_the_nearest_and_all_known(load: object) -> None:
    with pytest.raises(UsageError) as caught:
        load("gbr")  # type: ignore[operator]
    assert "gbr" in caught.value.problem
    assert "'gb'" in str(caught.value.hint)
    assert all(code in str(caught.value.hint) for code in COUNTRIES)


@pytest.mark.parametrize("code", ["../gb", "", "g/b", "gb/../de"])
def test_a_country_code_is_no_path(code: str) -> None:
    with pytest.raises(UsageError):
        load_country(code)


def test_a_loaded_country_cannot_be_changed() -> None:
    country = load_country("de")
    with pytest.raises(TypeError):
        country.origins["german"] = 1  # type: ignore[index]
    with pytest.raises(TypeError):
        country.streets.families[0].firsts["Linden"] = 1  # type: ignore[index]


def test_every_folder_of_the_tables_is_a_known_country() -> None:
    folders = {entry.name for entry in (files("pprl.synth") / "data" / "countries").iterdir()}
    assert folders == set(COUNTRIES)


def test_wrong_tables_are_refused() -> None:
    with pytest.raises(ValueError, match="street form"):
        Family(firsts={"Oak": 1}, forms={"Road": 1})
    with pytest.raises(ValueError, match="weights"):
        Family(firsts={"Oak": 0}, forms={"{} Road": 1})
    with pytest.raises(ValueError, match="districts"):
        Postcodes(per="town", starts=("00",), districts=(0, 1000), width=3)
    with pytest.raises(ValueError, match="unit"):
        Postcodes(per="street", starts=("00",), districts=(0, 9), people=10)
