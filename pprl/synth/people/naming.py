"""Who is called what: names that fit a person's sex, age, origin, parents and marriages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pprl.base.arrays import Bools, Int64s
from pprl.synth.draw import Stream, weights_to_bounds
from pprl.synth.people.households import Residents, age_groups
from pprl.synth.people.names import CountryNames
from pprl.synth.places.country import Country

__all__ = ["NONE", "NameCodes", "draw_names"]

NONE = -1
"""The code of no name."""

_MARRIED = (
    0, 0, 0, 0, 60, 300, 560, 680, 740, 780, 800, 820, 830, 840, 850, 850, 850, 850, 850, 850, 850,
)  # fmt: skip
"""Per thousand couples of an age group who are married: a model after European censuses, not an estimate. Sensitive for
names alone: a couple that is not married has two surnames."""
_KEPT = (
    0, 0, 0, 0, 0, 20, 60, 120, 180, 230, 270, 310, 350, 420, 500, 600, 680, 740, 780, 800, 800,
)  # fmt: skip
"""Per thousand women of an age group without a partner in the household who have the name of an earlier marriage.
Chosen, to go with the married; sensitive for the error `married_name` alone, which is possible in their records."""
_MIXED = 90
"""Per thousand couples of different origin. Chosen; not sensitive: it mixes name pools within few households."""
_TWO_NAMES = ("spanish", "hispanic", "portuguese")
"""Pools whose people have two surnames, in countries with two surnames."""
_NAMESAKE = 45
"""Per thousand eldest sons who have their father's given name. Chosen, as no published rate is known to us; sensitive:
father and son then share names and home, and differ in little but their date of birth."""
_REDRAWS = 3
"""How often the names of brothers and sisters with the same name are drawn again. Chosen; not sensitive: hardly any
have the same name after that."""


class NameCodes(NamedTuple):
    """What everybody is called, one entry for each person.

    Attributes:
        origin: the place of the person's name pool in `country.origins`.
        given, middle: codes of given names; `NONE` for no middle name.
        surname: code of the surname, or of the first part of a double one.
        second: code of the second part, or `NONE`.
        former: code of the name before marriage, or `NONE`.
    """

    origin: Int64s
    given: Int64s
    middle: Int64s
    surname: Int64s
    second: Int64s
    former: Int64s


def draw_names(
    seed: int, country: Country, names: CountryNames, residents: Residents, today: int
) -> NameCodes:
    """Give everybody names.

    Args:
        seed: of the random streams.
        country: whose shares and customs.
        names: the names to draw from.
        residents: the people.
        today: the day on which ages are taken, in days since 1970-01-01.
    """
    origin = _origins(seed, country, residents)
    unnamed = _Unnamed(
        seed=seed, country=country, names=names, residents=residents, origin=origin, today=today
    )
    given = _given_names(unnamed)
    middle = _middle_names(unnamed, given)
    families = _families(unnamed)
    surnames = (_two_surnames if country.two_surnames else _married_surnames)(unnamed, families)
    return NameCodes(origin, given, middle, *surnames)


@dataclass(frozen=True, kw_only=True)
class _Unnamed:
    """People who have an origin and no names yet, and what their names depend on."""

    seed: int
    country: Country
    names: CountryNames
    residents: Residents
    origin: Int64s
    today: int

    def stream(self, *path: str | int) -> Stream:
        return Stream(self.seed, *path)


@dataclass(frozen=True, kw_only=True)
class _Families:
    """What surnames depend on, by person.

    Attributes:
        born_as: code of the surname at birth.
        first: the first adult of the person's household.
        head: the adult whose name the family has: a couple's second (the man, most often), else the first.
        child: whether the person is a child of the household.
    """

    born_as: Int64s
    first: Int64s
    head: Int64s
    child: Bools


def _origins(seed: int, country: Country, residents: Residents) -> Int64s:
    """Return everybody's origin: the household's own, except for some partners and for people who share a home."""
    bounds = weights_to_bounds(list(country.origins.values()))
    house = Stream(seed, "origin").weighted(bounds, residents.households)
    other = Stream(seed, "origin", "mixed").weighted(bounds, residents.households)
    mixed = Stream(seed, "origin", "who").below(1000, residents.households) < _MIXED
    sharing = ~residents.couple & (residents.adult > 0)
    own = Stream(seed, "origin", "sharing").weighted(bounds, len(residents.sex))
    second = (residents.adult == 1) & mixed[residents.household]
    at_home = house[residents.household]
    origin = np.where(sharing, own, np.where(second, other[residents.household], at_home))
    _same_for_twins(origin, residents)
    return origin


def _given_names(people: _Unnamed) -> Int64s:
    """Return codes of given names: different ones for brothers and sisters, the father's for some eldest sons."""
    names, residents, origin = people.names, people.residents, people.origin
    year = residents.birth_years()
    given = names.draw_given(people.stream("given"), origin, residents.sex, year)
    child = residents.adult < 0
    for attempt in range(_REDRAWS):  # brothers and sisters have different names
        key = residents.household * (int(given.max()) + 1) + given
        order = np.argsort(key, kind="stable")
        same = np.zeros(len(key), dtype=bool)
        same[order[1:]] = key[order[1:]] == key[order[:-1]]
        again = np.flatnonzero(same & child)
        if len(again) == 0:
            break
        stream = people.stream("given", attempt)
        given[again] = names.draw_given(stream, origin[again], residents.sex[again], year[again])
    # The father is the last man among the adults of a household, the son the first boy.
    father = np.full(residents.households, NONE, dtype=np.int64)
    fathers = np.flatnonzero((residents.adult >= 0) & (residents.sex == 1))
    father[residents.household[fathers]] = fathers
    sons = np.flatnonzero(child & (residents.sex == 1))[::-1]
    first = np.full(residents.households, NONE, dtype=np.int64)
    first[residents.household[sons]] = sons
    named = people.stream("namesakes").below(1000, residents.households) < _NAMESAKE
    homes = np.flatnonzero(named & (father != NONE) & (first != NONE))
    given[first[homes]] = given[father[homes]]
    return given


def _middle_names(people: _Unnamed, given: Int64s) -> Int64s:
    """Return codes of middle names for the country's share of the people, never the same as the given name."""
    residents = people.residents
    middle = people.names.draw_given(
        people.stream("middle"), people.origin, residents.sex, residents.birth_years()
    )
    chance = people.stream("middle", "none").below(1000, len(given))
    without = chance >= _permille(people.country.middle_name)
    return np.where(without | (middle == given), NONE, middle)


def _families(people: _Unnamed) -> _Families:
    residents = people.residents
    household = residents.household
    born_as = people.names.draw_surname(people.stream("surname"), people.origin)
    _same_for_twins(born_as, residents)
    start = np.flatnonzero(np.r_[True, household[1:] != household[:-1]])
    first = start[household]
    second = np.minimum(first + 1, len(household) - 1)
    two_adults = residents.couple & (household[second] == household)
    return _Families(
        born_as=born_as,
        first=first,
        head=np.where(two_adults, second, first),
        child=residents.adult < 0,
    )


def _married_surnames(people: _Unnamed, families: _Families) -> tuple[Int64s, Int64s, Int64s]:
    """Return surname, second part and former surname, where wives may take or add their husband's name."""
    residents, country = people.residents, people.country
    born_as, first, head, child = families.born_as, families.first, families.head, families.child
    couple, household, count = residents.couple, residents.household, len(people.origin)
    nobody = np.full(count, NONE, dtype=np.int64)
    group = age_groups(residents.born, people.today)
    chance = people.stream("marriages")
    wed = chance.below(1000, residents.households)[household]
    married = (wed < np.array(_MARRIED)[group[first]]) & couple
    choice = chance.below(1000, residents.households)[household]
    taken, joined = _permille(country.husbands_name), _permille(country.double_barrelled)
    bride = married & (residents.adult == 0) & (residents.sex == 0)
    takes = bride & (choice < taken)
    both = bride & ~takes & (choice < taken + joined)
    # Women without a partner may still have the name of an earlier husband.
    single = (residents.adult >= 0) & ~couple & (residents.sex == 0)
    kept = single & (chance.below(1000, count) < np.array(_KEPT)[group])
    once = people.names.draw_surname(people.stream("surname", "former"), people.origin)
    # Some children of couples have both names, as often as wives join theirs.
    barrelled = chance.below(1000, residents.households)[household] < joined
    two = child & couple & barrelled

    surname = np.where(child, born_as[head], born_as)
    surname = np.where(kept, once, surname)
    surname = np.where(takes, born_as[head], np.where(two, born_as[first], surname))
    former = np.where(takes | both | kept, born_as, nobody)
    former = np.where(former == surname, nobody, former)
    second = np.where(both, born_as[head], nobody)
    second = np.where(two & (born_as[first] != born_as[head]), born_as[head], second)
    second = np.where(second == surname, nobody, second)
    return surname, second, former


def _two_surnames(people: _Unnamed, families: _Families) -> tuple[Int64s, Int64s, Int64s]:
    """Return the father's and the mother's first surname, and no former one; other origins have one surname."""
    residents, names, origin = people.residents, people.names, people.origin
    born_as, first, child = families.born_as, families.first, families.child
    other = names.draw_surname(people.stream("surname", "second"), origin)
    _same_for_twins(other, residents)
    # A parent who is not in the household has a name too: the same for all children of a home.
    absent = names.draw_surname(people.stream("surname", "absent"), origin)[first]
    fathers = np.where(residents.couple, born_as[families.head], absent)
    surname = np.where(child, fathers, born_as)
    second = np.where(child, born_as[first], other)
    doubled = np.array([pool.name in _TWO_NAMES for pool in names.pools])
    nobody = np.full(len(origin), NONE, dtype=np.int64)
    return surname, np.where(doubled[origin], second, nobody), nobody


def _same_for_twins(values: Int64s, residents: Residents) -> None:
    """Give twins in other households what their elder twin has, in place."""
    twins = np.flatnonzero(residents.elder != NONE)
    values[twins] = values[residents.elder[twins]]


def _permille(share: float) -> int:
    return round(share * 1000)
