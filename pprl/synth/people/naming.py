"""Who is called what: names that fit a person's sex, age, origin, parents and marriages."""

from __future__ import annotations

import numpy as np

from pprl.base.arrays import Int64s
from pprl.synth.draw import Stream, weights_to_bounds
from pprl.synth.people.households import Residents, age_groups
from pprl.synth.people.names import Names
from pprl.synth.places.country import Country

__all__ = ["NONE", "draw_given_names", "draw_origins", "draw_surnames", "permille"]


NONE = -1
"""The code of no name."""

_MARRIED = (
    0, 0, 0, 0, 60, 300, 560, 680, 740, 780, 800, 820, 830, 840, 850, 850, 850, 850, 850, 850, 850,
)  # fmt: skip
"""Per thousand couples of an age group who are married: a model after European censuses, not an estimate."""
_KEPT = (
    0, 0, 0, 0, 0, 20, 60, 120, 180, 230, 270, 310, 350, 420, 500, 600, 680, 740, 780, 800, 800,
)  # fmt: skip
"""Per thousand women of an age group without a partner in the household who bear the name of an earlier marriage."""
_MIXED = 90
"""Per thousand couples of different origin."""
_TWO_NAMES = ("spanish", "hispanic", "portuguese")
"""Pools whose people have two surnames, in a country where people have."""
_NAMESAKE = 45
"""Per thousand eldest sons who bear their father's given name: no published rate known to us, a choice."""


def draw_origins(seed: int, country: Country, residents: Residents) -> Int64s:
    """Return each person's name pool (its place in `country.origins`): a household's own, but for some partners."""
    bounds = weights_to_bounds(list(country.origins.values()))
    house = Stream(seed, "origin").weighted(bounds, residents.households)
    other = Stream(seed, "origin", "mixed").weighted(bounds, residents.households)
    mixed = Stream(seed, "origin", "who").below(1000, residents.households) < _MIXED
    sharing = ~residents.couple & (residents.adult > 0)
    own = Stream(seed, "origin", "sharing").weighted(bounds, len(residents.sex))
    second = (residents.adult == 1) & mixed[residents.household]
    at_home = house[residents.household]
    origin = np.where(sharing, own, np.where(second, other[residents.household], at_home))
    twins = np.flatnonzero(residents.elder != NONE)
    origin[twins] = origin[residents.elder[twins]]
    return origin


def draw_given_names(
    seed: int, names: Names, residents: Residents, origin: Int64s, year: Int64s
) -> Int64s:
    """Return codes of given names: different ones for brothers and sisters, the father\'s for some eldest sons."""
    given = names.draw_given(Stream(seed, "given"), origin, residents.sex, year)
    child = residents.adult < 0
    for attempt in range(3):  # brothers and sisters have different names
        key = residents.household * (int(given.max()) + 1) + given
        order = np.argsort(key, kind="stable")
        same = np.zeros(len(key), dtype=bool)
        same[order[1:]] = key[order[1:]] == key[order[:-1]]
        again = np.flatnonzero(same & child)
        if len(again) == 0:
            break
        stream = Stream(seed, "given", attempt)
        given[again] = names.draw_given(stream, origin[again], residents.sex[again], year[again])
    # The father is the last adult of his household that is not a child; the son the first boy after him.
    father = np.full(residents.households, NONE, dtype=np.int64)
    fathers = np.flatnonzero((residents.adult >= 0) & (residents.sex == 1))
    father[residents.household[fathers]] = fathers
    sons = np.flatnonzero(child & (residents.sex == 1))[::-1]
    first = np.full(residents.households, NONE, dtype=np.int64)
    first[residents.household[sons]] = sons
    named = Stream(seed, "namesakes").below(1000, residents.households) < _NAMESAKE
    homes = np.flatnonzero(named & (father != NONE) & (first != NONE))
    given[first[homes]] = given[father[homes]]
    return given


def draw_surnames(
    seed: int, country: Country, names: Names, residents: Residents, origin: Int64s, today: int
) -> tuple[Int64s, Int64s, Int64s]:
    """Return surname, second surname and name before marriage as codes."""
    people = len(origin)
    born_as = names.draw_surname(Stream(seed, "surname"), origin)
    twins = np.flatnonzero(residents.elder != NONE)
    born_as[twins] = born_as[residents.elder[twins]]
    start = np.flatnonzero(np.r_[True, residents.household[1:] != residents.household[:-1]])
    first = start[residents.household]  # the first adult of each person's household
    second = np.minimum(first + 1, people - 1)
    couple = residents.couple
    # The name of the family: the man's (the second adult's) in a couple, else that of the only parent.
    head = np.where(couple & (residents.household[second] == residents.household), second, first)
    if country.two_surnames:
        return _two_surnames(seed, names, residents, origin, (born_as, first, head))
    child = residents.adult < 0
    surname = np.where(child, born_as[head], born_as)
    nobody = np.full(people, NONE, dtype=np.int64)
    group = age_groups(residents.born, today)
    chance = Stream(seed, "marriages")
    wed = chance.below(1000, residents.households)[residents.household]
    married = (wed < np.array(_MARRIED)[group[first]]) & couple
    choice = chance.below(1000, residents.households)[residents.household]
    taken, joined = permille(country.husbands_name), permille(country.double_barrelled)
    bride = married & (residents.adult == 0) & (residents.sex == 0)
    takes = bride & (choice < taken)
    both = bride & ~takes & (choice < taken + joined)
    single = (residents.adult >= 0) & ~couple & (residents.sex == 0)
    kept = single & (chance.below(1000, people) < np.array(_KEPT)[group])
    once = names.draw_surname(Stream(seed, "surname", "former"), origin)
    # Whoever kept a husband's name bears another's than the one she was born with.
    surname = np.where(kept, once, surname)
    former = np.where(takes | both | kept, born_as, nobody)
    second_part = np.where(both, born_as[head], nobody)
    # Some children of parents with two names bear both.
    barrelled = chance.below(1000, residents.households)[residents.household] < joined
    two = child & couple & barrelled
    second_part = np.where(two & (born_as[first] != born_as[head]), born_as[head], second_part)
    surname = np.where(takes, born_as[head], np.where(two, born_as[first], surname))
    former = np.where(former == surname, nobody, former)
    return surname, np.where(second_part == surname, nobody, second_part), former


def _two_surnames(
    seed: int,
    names: Names,
    residents: Residents,
    origin: Int64s,
    drawn: tuple[Int64s, Int64s, Int64s],
) -> tuple[Int64s, Int64s, Int64s]:
    """Return the father's and the mother's first surname; people of other origins have one."""
    born_as, first, head = drawn
    child = residents.adult < 0
    other = names.draw_surname(Stream(seed, "surname", "second"), origin)
    twins = np.flatnonzero(residents.elder != NONE)
    other[twins] = other[residents.elder[twins]]
    # The parent who is not in the household has a name too: one for all children of a home.
    absent = names.draw_surname(Stream(seed, "surname", "absent"), origin)[first]
    surname = np.where(child, np.where(residents.couple, born_as[head], absent), born_as)
    second = np.where(child, born_as[first], other)
    doubled = np.array([pool.name in _TWO_NAMES for pool in names.pools])
    nobody = np.full(len(origin), NONE, dtype=np.int64)
    return surname, np.where(doubled[origin], second, nobody), nobody


def permille(share: float) -> int:
    """Return a share in whole thousandths."""
    return round(share * 1000)
