"""Who lives with whom: households whose members have sexes, dates of birth and roles that fit together.

Children come first: their ages follow the country's age pyramid, their mothers were 16 to 45 at the birth, fathers a
few years older or younger. The adults that the pyramid still lacks live alone, as couples, or share a home. A pilot
population shows how far parents and partners bend the pyramid, and the draws are bent the other way, so that it holds.
The shares below are round figures after the household types of European censuses around 2021 (a third live alone at 65
and far more at 85; about one family in seven has one parent); they are a model, not an estimate for any country.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pprl.base.arrays import Bools, Int64s
from pprl.synth.draw import Stream, weights_to_bounds

__all__ = ["GROUPS", "YEAR", "Residents", "age_groups", "settle"]


YEAR = 365.25
GROUPS = 21
"""Five-year age groups: 0-4, 5-9, ... 95-99, 100 and older."""

FAMILY, ALONE, COUPLE, SHARING = range(4)

# Per thousand of an age group who live with their parents, as the children of the household.
_AT_HOME = (1000, 1000, 1000, 920, 480, 170, 60, 30, *([10] * 4), *([0] * 9))
# Per thousand of the adults who live neither with their children nor with their parents.
_ALONE = (
    300, 300, 300, 300, 300, 320, 360, 400, 420, 400, 360, 330, 330, 340, 380, 450, 550, 660, 760, 800, 800,
)  # fmt: skip
_SHARING = (500, 500, 500, 400, 300, 180, 110, 70, 50, 40, *([25] * 11))
_CHILDREN = (430, 400, 130, 40)  # families with 1, 2, 3, 4 children at home
# Ages 16 to 45 of the mother when the eldest child of the household was born.
_MOTHER_AT_BIRTH = (
    1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 19, 20, 20, 19, 18, 16, 14, 12, 10, 8, 6, 5, 4, 3, 2, 2, 1, 1, 1, 1,
)  # fmt: skip
_YOUNGEST_PARENT, _OLDEST_MOTHER = 16, 45
_FATHER_OLDER = (3, 5, 8, 12, 14, 14, 12, 10, 8, 6, 4, 3, 1)  # -3 to +9 years
# Women per thousand of an age group.
_WOMEN = (
    487, 487, 487, 487, 488, 492, 498, 502, 503, 504, 506, 508, 512, 518, 528, 550, 590, 650, 720, 780, 820,
)  # fmt: skip
_ONE_PARENT, _MOTHER_ALONE, _SAME_SEX = 150, 870, 25  # per thousand
_TWINS = 16
"""Per thousand births that are twins: Monden et al. 2021 (Hum. Reprod. 36) report 12 per thousand deliveries worldwide
and 14 to 17 in Europe and North America."""
_ALIKE = 300
"""Per thousand pairs of twins who are of one sex because they are identical."""
_GROWN_TWINS = 28
"""Per thousand adults without children at home who have a twin in another household."""
_PILOT, _ROUNDS = 100_000, 4


@dataclass(frozen=True, kw_only=True)
class Residents:
    """People by household: arrays of one length, members of a household side by side.

    Attributes:
        household: number of the household, from 0.
        born: days since 1970-01-01.
        sex: 0 female, 1 male.
        adult: place among the household's adults (0, 1, 2), or -1 for a child of the household.
        couple: whether adults 0 and 1 of the household are a couple.
        twin: whether the person is one of twins.
        elder: the twin in another household whose surname at birth this person has too, or -1.
        households: how many there are.
    """

    household: Int64s
    born: Int64s
    sex: Int64s
    adult: Int64s
    couple: Bools
    twin: Bools
    elder: Int64s
    households: int


@dataclass(frozen=True)
class _Kinds:
    """How many households of each kind make up a population, and the ages of the person drawn first in each."""

    ages: tuple[tuple[int, ...], ...]
    families: int

    def weights(self) -> tuple[int, ...]:
        return (self.families, *(sum(ages) for ages in self.ages[1:]))


def age_groups(born: Int64s, today: int) -> Int64s:
    """Return the five-year age groups, from 0 to 20, of people born on these days."""
    years = ((today - born) / YEAR).astype(np.int64)
    return np.clip(years // 5, 0, GROUPS - 1)


def settle(stream_path: tuple[int, str], people: int, ages: Sequence[int], today: int) -> Residents:
    """Return `people` residents.

    Args:
        stream_path: seed and name of the random streams.
        people: how many; the last household may be cut short to meet it.
        ages: 21 weights of five-year age groups.
        today: days since 1970-01-01 on which the ages hold.
    """
    return _draw(stream_path, people, _calibrated(tuple(ages)), today)


@lru_cache(maxsize=16)
def _calibrated(ages: tuple[int, ...]) -> _Kinds:
    """Return the kinds of households that give these ages, found by pilot populations."""
    total = sum(ages)
    bent = [weight * 10**6 // total for weight in ages]
    for _ in range(_ROUNDS):
        pilot = _draw((0, "pilot"), _PILOT, _kinds(bent), 20_000)
        got = np.bincount(age_groups(pilot.born, 20_000), minlength=GROUPS).tolist()
        for group, weight in enumerate(ages):
            if weight and got[group]:
                ratio = weight * _PILOT * 1000 // (total * got[group])
                bent[group] = bent[group] * min(max(ratio, 500), 2000) // 1000
    return _kinds(bent)


def _kinds(ages: Sequence[int]) -> _Kinds:
    total = sum(ages)
    pyramid = [100_000_000 * weight // total for weight in ages]
    children = [count * home // 1000 for count, home in zip(pyramid, _AT_HOME, strict=True)]
    mean = sum(count * (at + 1) for at, count in enumerate(_CHILDREN))
    families = sum(children) * sum(_CHILDREN) // mean
    parents = _parents(children, families)
    free = [max(0, a - b - c) for a, b, c in zip(pyramid, children, parents, strict=True)]
    alone = [count * share // 1000 for count, share in zip(free, _ALONE, strict=True)]
    sharing = [count * share // 1000 for count, share in zip(free, _SHARING, strict=True)]
    couples = [(f - a - s) // 2 for f, a, s in zip(free, alone, sharing, strict=True)]
    # 2.55 people share a home on average. A kind that nobody is left for keeps the weight 1 of one age.
    drawn = (children, alone, couples, [count * 100 // 255 for count in sharing])
    return _Kinds(
        families=families,
        ages=tuple(tuple(item) if any(item) else (*[0] * 6, 1, *[0] * 14) for item in drawn),
    )


def _parents(children: Sequence[int], families: int) -> list[int]:
    """Return how many adults of each age group live with their children, about as the draws will make them."""
    mothers = [0] * GROUPS
    whole = max(1, sum(children)) * sum(_MOTHER_AT_BIRTH)
    for group, count in enumerate(children):
        for place, weight in enumerate(_MOTHER_AT_BIRTH):
            at = min((group * 5 + 2 + place + _YOUNGEST_PARENT) // 5, GROUPS - 1)
            mothers[at] += families * count * weight // whole
    return [count * (2000 - _ONE_PARENT) // 1000 for count in mothers]


def _draw(stream_path: tuple[int, str], people: int, kinds: _Kinds, today: int) -> Residents:
    seed, name = stream_path
    shape = Stream(seed, name, "kinds")
    # A little more than needed, since households are drawn by kind and not by size; the rest is left.
    count = people * 6 // 10 + 64
    while True:
        kind = shape.weighted(weights_to_bounds(kinds.weights()), count)
        one_parent = shape.below(1000, count) < _ONE_PARENT
        sharers = 2 + shape.weighted(weights_to_bounds((60, 25, 15)), count)
        children = 1 + shape.weighted(weights_to_bounds(_CHILDREN), count)
        adults = np.choose(kind, [np.where(one_parent, 1, 2), 1, 2, sharers])
        children = np.where(kind == FAMILY, children, 0)
        end = np.cumsum(adults + children)
        if end[-1] >= people:
            break
        count *= 2
    used = int(np.searchsorted(end, people, side="left")) + 1
    kind, adults, children, end = kind[:used], adults[:used], children[:used], end[:used]
    household = np.repeat(np.arange(used, dtype=np.int64), adults + children)[:people]
    member = np.arange(people, dtype=np.int64) - (end - adults - children)[household]
    adult = np.where(member < adults[household], member, -1)
    couple = ((kind == COUPLE) | ((kind == FAMILY) & (adults == 2)))[household]

    days = _births(seed, name, kinds, kind, children, today)
    sex = _sexes(seed, name, household, adult, couple, kind)
    born = _adults_born(seed, name, days, kind[household], household, adult, couple, sex, today)
    child = np.flatnonzero(adult < 0)
    place = (household[child], member[child] - adults[household[child]])
    born[child] = days.children[place]
    twin = np.zeros(people, dtype=bool)
    twin[child] = days.twins[place]
    # The second of a pair of twins stands right behind the first.
    second = child[days.second_twin[place]]
    alike = second[Stream(seed, name, "alike").below(1000, len(second)) < _ALIKE]
    sex[alike] = sex[alike - 1]
    elder = np.full(people, -1, dtype=np.int64)
    _grown_twins(seed, name, household, kind, adult, born, twin, elder)
    single = (adult >= 0) & ((kind == ALONE) | (kind == SHARING))[household]
    _single_sexes(seed, name, sex, single, age_groups(born, today))
    pairs = np.flatnonzero((elder >= 0) & single)
    alike = pairs[Stream(seed, name, "grown alike").below(1000, len(pairs)) < _ALIKE]
    sex[alike] = sex[elder[alike]]
    return Residents(
        household=household, born=born, sex=sex, adult=adult, couple=couple, twin=twin, elder=elder, households=used
    )  # fmt: skip


@dataclass(frozen=True)
class _Births:
    """Days of birth by household: of the adult drawn first, the eldest child, and each child with who are twins."""

    anchor: Int64s
    eldest: Int64s
    children: Int64s
    twins: Bools
    second_twin: Bools


def _births(
    seed: int, name: str, kinds: _Kinds, kind: Int64s, children: Int64s, today: int
) -> _Births:
    count, most = len(kind), len(_CHILDREN)
    stream = Stream(seed, name, "births")
    group = np.zeros(count, dtype=np.int64)
    for at, weights in enumerate(kinds.ages):
        drawn = stream.weighted(weights_to_bounds(weights), count)
        group = np.where(kind == at, drawn, group)
    first = today - (group * 1826 + stream.below(1826, count))
    born = np.empty((count, most), dtype=np.int64)
    second = np.zeros((count, most), dtype=bool)
    born[:, 0] = first
    oldest, youngest = first.copy(), first.copy()
    for number in range(1, most):
        step = 450 + stream.below(1200, count)
        is_twin = stream.below(1000, count) < _TWINS * 2
        # Brothers and sisters are younger where there is time for it and older where there is none, in turn.
        younger = (youngest + step <= today) & ((number % 2 == 1) | (oldest - step < today - 9000))
        day = np.where(younger, youngest + step, oldest - step)
        born[:, number] = np.where(is_twin, born[:, number - 1], day)
        second[:, number] = is_twin & (number < children)
        oldest = np.minimum(oldest, born[:, number])
        youngest = np.maximum(youngest, born[:, number])
    exists = np.arange(most)[None, :] < np.maximum(children, 1)[:, None]
    eldest = np.min(np.where(exists, born, today), axis=1)
    last = np.max(np.where(exists, born, eldest[:, None]), axis=1)
    years = _YOUNGEST_PARENT + stream.weighted(weights_to_bounds(_MOTHER_AT_BIRTH), count)
    years = np.minimum(years, _OLDEST_MOTHER - (last - eldest) // 365 - 1)
    mother = eldest - (years * YEAR).astype(np.int64) - 1 - stream.below(364, count)
    twins = second.copy()
    twins[:, :-1] |= second[:, 1:]
    return _Births(np.where(kind == FAMILY, mother, first), eldest, born, twins, second)


def _adults_born(
    seed: int, name: str, days: _Births, kind: Int64s, household: Int64s, adult: Int64s, couple: Bools, sex: Int64s,
    today: int,
) -> Int64s:  # fmt: skip
    """Return days of birth as of adults: the anchor is the mother or the only adult, the others are near it."""
    people = len(household)
    stream = Stream(seed, name, "apart")
    gap = stream.weighted(weights_to_bounds(_FATHER_OLDER), people) - 3
    gap_days = gap * 365 + stream.below(365, people)
    spread = (stream.below(9, people) - 4) * 365 + gap_days % 365
    born = days.anchor[household]
    older = np.where(kind == SHARING, spread, gap_days)
    lone_father = (adult == 0) & (kind == FAMILY) & ~couple & (sex == 1)
    born = np.where((adult > 0) | lone_father, born - older, born)
    latest = np.where(kind == FAMILY, days.eldest[household], today)
    return np.minimum(born, latest - _YOUNGEST_PARENT * 366)


def _sexes(
    seed: int, name: str, household: Int64s, adult: Int64s, couple: Bools, kind: Int64s
) -> Int64s:
    """Return sexes of children and couples; those of singles are drawn by their age later."""
    people, households = len(household), len(kind)
    child = Stream(seed, name, "sexes").below(1000, people) < 512  # 105 boys to 100 girls
    lone_mother = Stream(seed, name, "parents").below(1000, households) < _MOTHER_ALONE
    mate = Stream(seed, name, "mates").below(1000, households)
    first = np.where((kind == FAMILY)[household] & ~couple, ~lone_mother[household], False)
    same = (mate < _SAME_SEX)[household] & couple
    both = (mate % 2 == 1)[household]  # couples of one sex: two men or two women
    adults = np.where(same, both, np.where(adult == 0, first, True))
    return np.where(adult < 0, child, adults).astype(np.int64)


def _single_sexes(seed: int, name: str, sex: Int64s, single: Bools, group: Int64s) -> None:
    """Give singles and sharers the sexes that their age group still lacks."""
    everybody = np.bincount(group, minlength=GROUPS)
    settled = np.bincount(group[~single & (sex == 0)], minlength=GROUPS)
    left = np.maximum(np.bincount(group[single], minlength=GROUPS), 1)
    lacking = (everybody * np.array(_WOMEN) - settled * 1000) // left
    share = np.clip(lacking, 50, 950)
    chance = Stream(seed, name, "single").below(1000, len(sex))
    sex[single] = (chance >= share[group])[single].astype(np.int64)


def _grown_twins(
    seed: int, name: str, household: Int64s, kind: Int64s, adult: Int64s, born: Int64s, twin: Bools, elder: Int64s
) -> None:  # fmt: skip
    """Make twins of some adults of different households who are of about one age."""
    able = np.flatnonzero((adult >= 0) & (kind != FAMILY)[household])
    chosen = able[Stream(seed, name, "grown twins").order(len(able))]
    chosen = chosen[: len(able) * _GROWN_TWINS // 1000 // 2 * 2]
    chosen = chosen[np.argsort(born[chosen], kind="stable")]
    first, second = chosen[0::2], chosen[1::2]
    fit = (born[second] - born[first] < 3 * 365) & (household[first] != household[second])
    first, second = first[fit], second[fit]
    born[second] = born[first]
    twin[first] = twin[second] = True
    elder[second] = first
