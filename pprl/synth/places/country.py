"""What the generator knows about a country: who lives there, how streets are named, what a postcode looks like.

The tables are frozen in `data/countries/<code>/`. `data/SOURCES-places.md` says where each came from and what is our
own judgement.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal

from pprl.base.errors import UsageError
from pprl.tables import suggest
from pprl.tables.dates import DateFormat

__all__ = [
    "AGE_GROUPS",
    "COUNTRIES",
    "Country",
    "Family",
    "Postcodes",
    "Streets",
    "Town",
    "load_country",
    "load_towns",
]

COUNTRIES: tuple[str, ...] = ("gb", "us", "de", "fr", "es", "it", "nl", "pl", "se")
AGE_GROUPS = 21
"""Groups of five years of age: 0-4, 5-9, ... 95-99, and 100 and older."""


@dataclass(frozen=True, kw_only=True)
class Town:
    """A town in GeoNames.

    Attributes:
        name: in the country's own language.
        population: according to GeoNames.
        region: code of the first administrative level (a nation, a state).
    """

    name: str
    population: int
    region: str


@dataclass(frozen=True, kw_only=True)
class Family:
    """Street names that are made in the same way: every first part goes with every form.

    Attributes:
        firsts: first part -> weight, for example ``Linden``.
        forms: form -> weight, with ``{}`` where the first part goes, for example ``{}straße``.
    """

    firsts: Mapping[str, int]
    forms: Mapping[str, int]

    def __post_init__(self) -> None:
        _weights(self.firsts)
        _weights(self.forms)
        for form in self.forms:
            _holds(form.count("{}") == 1, f"street form {form!r}")


@dataclass(frozen=True, kw_only=True)
class Streets:
    """The street names of a country.

    Attributes:
        common: whole names that nearly every town has, the most common first.
        families: all other names are made from these.
    """

    common: tuple[str, ...]
    families: tuple[Family, ...]

    def __post_init__(self) -> None:
        _holds(len(set(self.common)) == len(self.common) > 0, "common streets")
        _holds(len(self.families) > 0, "street families")


@dataclass(frozen=True, kw_only=True)
class Postcodes:
    """How postcodes are made, from ranges that the country has never assigned.

    A code consists of a start, a district number and, where streets have codes of their own, a unit.

    Attributes:
        per: what has one code: a town, a district of a town, or a stretch of a street.
        starts: unassigned beginnings.
        districts: the lowest and the highest district number after a start.
        width: digits of the district number, filled with zeros; 0 for as many as needed.
        cut: place of the `separator` within start and district number; 0 for none.
        separator: a character, or nothing.
        unit: form of the unit: ``9`` for a digit, ``A`` for one of `letters`; empty unless `per` is ``street``.
        letters: letters of units.
        people: how many of a town's people share a district.
    """

    per: Literal["town", "district", "street"]
    starts: tuple[str, ...]
    districts: tuple[int, int]
    people: int = 0
    width: int = 0
    cut: int = 0
    separator: str = ""
    unit: str = ""
    letters: str = ""

    def __post_init__(self) -> None:
        low, high = self.districts
        _holds(self.per in ("town", "district", "street"), "postcode per")
        _holds(len(set(self.starts)) == len(self.starts) > 0, "postcode starts")
        _holds(
            0 <= low <= high and (self.width == 0 or high < 10**self.width), "postcode districts"
        )
        _holds((self.per == "street") == bool(self.unit), "postcode unit")
        _holds("A" not in self.unit or bool(self.letters), "postcode letters")
        _holds((self.per == "town") == (self.people == 0), "postcode people")


@dataclass(frozen=True, kw_only=True)
class Country:
    """A country of the generator.

    Attributes:
        code: two small letters, ISO 3166.
        name: in English.
        language: of the lexicon, ISO 639.
        keyboard: ``qwerty``, ``qwertz`` or ``azerty``.
        date_format: the usual one, in the notation of `pprl.tables.DateFormat`.
        origins: name pool -> whole weight among the people, the main pool first.
        ages: people by five-year group of age, 21 whole weights: 0-4, 5-9, ... 95-99, 100 and older.
        husbands_name: share of married women who take the husband's surname.
        double_barrelled: share of married women who join both surnames.
        middle_name: share of people with a middle name.
        two_surnames: whether people have the father's and the mother's surname, written in one field.
        unknown_postcode: what registers write where there is none.
        address: one line, with ``{number}`` and ``{street}``.
        flats: share of homes that are flats.
        flat_forms: form -> weight, with ``{line}`` and ``{flat}``; without any form, or with one that has no
            ``{flat}``, flats are not written, so that all homes in a house have the same address.
        numbering: house numbers run ``one-by-one``, or by the hundred in ``blocks``.
        streets: their names.
        postcodes: how they are made.
    """

    code: str
    name: str
    language: str
    keyboard: Literal["qwerty", "qwertz", "azerty"]
    date_format: str
    origins: Mapping[str, int]
    ages: tuple[int, ...]
    husbands_name: float
    double_barrelled: float
    middle_name: float
    two_surnames: bool
    unknown_postcode: str
    address: str
    flats: float
    flat_forms: Mapping[str, int]
    numbering: Literal["one-by-one", "blocks"]
    streets: Streets
    postcodes: Postcodes

    def __post_init__(self) -> None:
        DateFormat(self.date_format)
        _weights(self.origins)
        _holds(len(self.ages) == AGE_GROUPS and min(self.ages) >= 0 < sum(self.ages), "ages")
        _holds(bool(self.unknown_postcode), "unknown postcode")
        _holds(self.keyboard in ("qwerty", "qwertz", "azerty"), "keyboard")
        _holds(self.numbering in ("one-by-one", "blocks"), "numbering")
        shares = (self.husbands_name, self.double_barrelled, self.middle_name, self.flats)
        _holds(all(0.0 <= share <= 1.0 for share in shares), "shares")
        _holds(self.husbands_name + self.double_barrelled <= 1.0, "marriage shares")
        _holds(self.address.count("{number}") == self.address.count("{street}") == 1, "address")
        for form in self.flat_forms:
            _holds(form.count("{line}") == 1 and form.count("{flat}") <= 1, f"flat form {form!r}")


@cache
def load_country(code: str) -> Country:
    """Return a country by its code.

    Args:
        code: one of `COUNTRIES`, in small or capital letters.

    Raises:
        UsageError: there is no such country.
    """
    code = _known(code)
    table = tomllib.loads((_folder(code) / "country.toml").read_text("utf-8"))
    streets = table.pop("streets")
    families = tuple(
        Family(**_frozen({**family, "firsts": _by_name(family["firsts"])}))
        for family in streets.pop("families")
    )
    return Country(
        code=code,
        streets=Streets(families=families, **_frozen(streets)),
        postcodes=Postcodes(**_frozen(table.pop("postcodes"))),
        **_frozen(table),
    )


@cache
def load_towns(code: str) -> tuple[Town, ...]:
    """Return the towns of a country, by falling population.

    Raises:
        UsageError: there is no such country.
    """
    lines = (_folder(_known(code)) / "towns.tsv").read_text("utf-8").splitlines()[1:]
    rows = (line.split("\t") for line in lines)
    return tuple(
        Town(name=name, population=int(people), region=region) for name, people, region in rows
    )


_OTHER_CODES = {
    "uk": "gb", "en": "gb", "usa": "us", "ger": "de", "deu": "de", "gbr": "gb", "fra": "fr", "esp": "es",
    "ita": "it", "nld": "nl", "pol": "pl", "swe": "se", "sv": "se",
}  # fmt: skip
"""What people write instead of a country's code: the message suggests the code."""


def _known(code: str) -> str:
    if code.lower() in COUNTRIES:
        return code.lower()
    meant = _OTHER_CODES.get(code.lower(), code.lower())
    raise UsageError(
        f"there is no country {code!r}", hint=suggest(meant, COUNTRIES, "Known countries")
    )


def _folder(code: str) -> Any:
    return files("pprl.synth") / "data" / "countries" / code


def _frozen(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a TOML table with lists as tuples and tables as read-only mappings: countries are cached and shared."""
    frozen: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, list):
            frozen[key] = tuple(value)
        else:
            frozen[key] = MappingProxyType(value) if isinstance(value, dict) else value
    return frozen


def _by_name(table: Mapping[str, list[str]]) -> dict[str, int]:
    """Return name -> weight of a table that lists the names of each weight."""
    names = {name: int(weight) for weight, listed in table.items() for name in listed}
    _holds(len(names) == sum(map(len, table.values())), "a name is listed twice")
    return names


def _weights(table: Mapping[str, int]) -> None:
    _holds(
        len(table) > 0 and all(type(weight) is int and weight > 0 for weight in table.values()),
        "weights",
    )


def _holds(true: bool, what: str) -> None:
    if not true:
        raise ValueError(f"the country table is wrong: {what}")
