"""Homes: repeatable, as frequent as the towns' people, with postcodes that belong to them and exist nowhere."""

import re
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.synth.draw import Dice, Stream
from pprl.synth.places.country import COUNTRIES, load_country, load_towns
from pprl.synth.places.homes import Homes, Places

GB_AREA = "(?!QC|XM|XX)[QVX][A-HK-Y]"  # Royal Mail: no area begins with Q, V or X
FORMS = {
    "gb": GB_AREA + "[1-9][0-9]? [0-9][ABD-HJLNP-UW-Z]{2}",
    "us": "[0-9]{5}",
    "de": "(00|05|43|62)[0-9]{3}",
    "fr": "(96|99)[0-9]{3}",
    "es": "(5[3-9]|[6-9][0-9])[0-9]{3}",
    "it": "(49|68|69|77|78|79|99)[0-9]{3}",
    "nl": "0[0-9]{3} [A-Z]{2}",
    "pl": "79-[0-9]{3}",
    "se": "0[0-9]{2} [0-9]{2}",
}
REAL = {  # postcodes that exist
    "gb": "SW1A 1AA", "us": "10001", "de": "10115", "fr": "75001", "es": "28001",
    "it": "00184", "nl": "1012 AB", "pl": "00-001", "se": "111 20",
}  # fmt: skip

FROZEN = [
    ("6 Newton Road", "London", "QW31 0JS"),
    ("8 East Drive", "Telford", "XC9 1RY"),
    ("Flat 2 3 Peel Road", "Peterborough", "VF21 4HN"),
]


@cache
def places(code: str, seed: int = 7, households: int = 20_000) -> Places:
    return Places(load_country(code), seed, households)


@cache
def homes(code: str) -> Homes:
    return places(code).draw(Stream(3, "homes"), 20_000)


def lines(where: Places, some: Homes) -> list[tuple[str, str, str]]:
    columns = (where.address(some), where.locality(some), where.postcode(some))
    return list(zip(*(column.to_pylist() for column in columns), strict=True))


@pytest.mark.parametrize("code", COUNTRIES)
def test_postcodes_have_the_form_and_exist_nowhere(code: str) -> None:
    form = re.compile(FORMS[code])
    assert form.fullmatch(REAL[code]) is None or code == "us"
    codes = set(places(code).postcode(homes(code)).to_pylist())
    assert len(codes) > 100
    assert [text for text in codes if not form.fullmatch(text)] == []


def test_american_prefixes_are_among_the_unassigned() -> None:
    starts = set(load_country("us").postcodes.starts)
    used = {text[:3] for text in places("us").postcode(homes("us")).to_pylist()}
    assert used <= starts
    assert not starts & {"100", "200", "331", "606", "770", "902", "941", "981"}


@pytest.mark.parametrize("code", COUNTRIES)
def test_the_same_seed_gives_the_same_homes(code: str) -> None:
    where, again = places(code), Places(load_country(code), 7, 20_000)
    one, two = (each.draw(Stream(3, "homes"), 500) for each in (where, again))
    assert lines(where, one) == lines(again, two)


def test_another_seed_gives_other_streets_and_postcodes() -> None:
    one, two = places("gb"), places("gb", seed=8)
    assert lines(one, homes("gb").take(slice(100))) != lines(two, homes("gb").take(slice(100)))


def test_draws_of_two_streams_differ() -> None:
    where = places("de")
    a, b = (where.draw(Stream(seed, "homes"), 100) for seed in (1, 2))
    assert a.town.tolist() != b.town.tolist()


def test_known_homes_stay_as_they_are() -> None:
    """Frozen: the same call gives the same bytes on every machine and version."""
    where = places("gb")
    got = lines(where, where.draw(Stream(1, "frozen"), 3))
    assert got == FROZEN


@pytest.mark.parametrize("code", COUNTRIES)
def test_no_two_households_share_a_dwelling(code: str) -> None:
    some = homes(code)
    rows = np.stack([some.town, some.street, some.number, some.flat], axis=1)
    assert len(np.unique(rows, axis=0)) == len(some) == 20_000


@pytest.mark.parametrize("code", ["gb", "us"])
def test_written_addresses_tell_dwellings_apart_where_flats_are_written(code: str) -> None:
    assert len(set(lines(places(code), homes(code)))) == 20_000


@pytest.mark.parametrize("code", COUNTRIES)
def test_towns_are_as_frequent_as_their_people(code: str) -> None:
    people = np.array([town.population for town in load_towns(code)], dtype=float)
    expected = people / people.sum() * len(homes(code))
    found = np.bincount(homes(code).town, minlength=len(people))
    assert (np.abs(found - expected) < 5 * np.sqrt(expected) + 5).all()


@pytest.mark.parametrize("code", COUNTRIES)
def test_the_share_of_flats_is_the_countrys(code: str) -> None:
    assert abs((homes(code).flat > 0).mean() - load_country(code).flats) < 0.03


@pytest.mark.parametrize("code", COUNTRIES)
def test_streets_of_a_town_have_different_names_and_the_common_ones_are_there(code: str) -> None:
    where = places(code)
    for town in (0, 1, len(where.towns) - 1):
        names = where.streets(town)
        assert len(set(names)) == len(names) >= 100
        assert set(load_country(code).streets.common) <= set(names)


@pytest.mark.parametrize("code", COUNTRIES)
def test_a_house_has_one_postcode_and_a_street_few(code: str) -> None:
    where, some = places(code), homes(code)
    by_house: dict[tuple[int, int, int], set[str]] = {}
    by_street: dict[tuple[int, int], set[str]] = {}
    codes = where.postcode(some).to_pylist()
    doors = zip(some.town.tolist(), some.street.tolist(), some.number.tolist(), strict=True)
    for (town, street, number), text in zip(doors, codes, strict=True):
        by_house.setdefault((town, street, number), set()).add(text)
        by_street.setdefault((town, street), set()).add(text)
    assert max(map(len, by_house.values())) == 1
    most = 3 if load_country(code).postcodes.per == "street" else 1
    assert max(map(len, by_street.values())) <= most


@pytest.mark.parametrize("code", COUNTRIES)
def test_a_postcode_belongs_to_one_town(code: str) -> None:
    owners: dict[str, set[str]] = {}
    for _, town, text in lines(places(code), homes(code)):
        owners.setdefault(text, set()).add(town)
    assert max(map(len, owners.values())) == 1


def test_british_and_dutch_postcodes_tell_streets_apart() -> None:
    for code in ("gb", "nl"):
        some = homes(code)
        streets: dict[str, set[tuple[int, int]]] = {}
        pairs = zip(some.town.tolist(), some.street.tolist(), strict=True)
        for place, text in zip(pairs, places(code).postcode(some).to_pylist(), strict=True):
            streets.setdefault(text, set()).add(place)
        assert max(map(len, streets.values())) == 1


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("gb", r"((Flat|Apartment) \d+,? )?\d+ [A-Z].*"),
        ("us", r"\d+ .+?((,? Apt| Unit) \d+| #\d+)?"),
        ("de", r"\D.* \d+"),
        ("fr", r"(Appt \d+, )?\d+ [A-Z].*"),
        ("nl", r"\D+ \d+([- ]\d+)?"),
    ],
)
def test_addresses_are_written_as_in_the_country(code: str, form: str) -> None:
    shape = re.compile(form)
    texts = places(code).address(homes(code)).to_pylist()
    assert [text for text in texts if not shape.fullmatch(text)] == []


def test_take_keeps_the_homes_and_their_order() -> None:
    where, some = places("gb"), homes("gb")
    rows = np.array([17, 3, 3, 12_000])
    everything = lines(where, some)
    assert lines(where, some.take(rows)) == [everything[row] for row in rows.tolist()]
    assert len(some.take(some.flat > 0)) == int((some.flat > 0).sum())


@pytest.mark.parametrize("read", [Places.address, Places.locality, Places.postcode])
def test_no_homes_give_no_lines(read: Callable[[Places, Homes], object]) -> None:
    where = places("gb")
    none = where.draw(Stream(1, "none"), 0)
    assert len(none) == 0
    assert len(read(where, none)) == 0  # type: ignore[arg-type]


@settings(deadline=None)  # the first example of a country builds its places
@given(number=st.integers(0, 2**64 - 1), code=st.sampled_from(("gb", "us", "de", "it")))
def test_a_single_home_is_written_like_those_of_an_array(number: int, code: str) -> None:
    where = places(code, households=500)
    address, locality, postcode = where.one(Dice.of(number))
    assert (address, locality, postcode) == where.one(Dice.of(number))
    assert (address, postcode) in everything(code)[locality]


@cache
def everything(code: str) -> dict[str, set[tuple[str, str]]]:
    """Return every dwelling of small places, town by town, through the columns."""
    where = places(code, households=500)
    found: dict[str, set[tuple[str, str]]] = {}
    for address, locality, postcode in lines(where, where.all()):
        found.setdefault(locality, set()).add((address, postcode))
    return found


@settings(deadline=None)
@given(number=st.integers(0, 2**64 - 1))
def test_a_short_move_stays_in_town(number: int) -> None:
    where = places("gb")
    assert where.near(Dice.of(number), "Leeds")[1] == "Leeds"
    assert where.near(Dice.of(number), "LEEDS")[1] == "Leeds"


@settings(deadline=None)
@given(number=st.integers(0, 2**64 - 1), locality=st.text(max_size=8))
def test_a_move_from_an_unknown_town_goes_anywhere(number: int, locality: str) -> None:
    where = places("gb")
    assert where.near(Dice.of(number), locality)[1] in where.towns


@pytest.mark.parametrize("households", [0, 1, 100, 3_000_000])
@pytest.mark.parametrize("code", ["gb", "pl"])
def test_any_number_of_households_has_homes(code: str, households: int) -> None:
    where = Places(load_country(code), 1, households)
    some = where.draw(Stream(1, "homes"), 200)
    assert all(all(line) for line in lines(where, some))


def test_more_homes_than_dwellings_are_shared() -> None:
    where = places("gb", households=500)
    some = where.draw(Stream(1, "homes"), 2_000_000)
    assert len(some) == 2_000_000
    assert int(some.number.min()) >= 1
