"""Who lives with whom: households whose members have sexes, dates of birth and roles that fit together.

Children come first: their ages follow the country's age pyramid, their mothers were 16 to 45 at the birth, fathers a
few years older. The adults that the pyramid still lacks then live alone, as couples, or share a home. So the pyramid
holds for the whole population while ages inside a household stay plausible. The shares below are round figures after
the household types of European censuses around 2021 (a third live alone at 65 and far more at 85; about one family in
seven has one parent); they are a model, not an estimate for any country.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pprl.synth.draw import Stream, weights_to_bounds

__all__ = ["Residents", "settle"]

Ints = np.ndarray[Any, np.dtype[np.int64]]

GROUPS = 21
"""Five-year age groups: 0-4, 5-9, ... 100 and older."""

# Per thousand of an age group who live with their parents, as the children of the household.
_AT_HOME = (1000, 1000, 1000, 920, 480, 170, 60, 30, *([10] * 4), *([0] * 9))
# Per thousand of the adults who are not living with their children or parents.
_ALONE = (
    300,
    300,
    300,
    300,
    300,
    320,
    360,
    400,
    420,
    400,
    360,
    330,
    330,
    340,
    380,
    450,
    550,
    660,
    760,
    800,
    800,
)
_SHARING = (500, 500, 500, 400, 300, 180, 110, 70, 50, 40, *([25] * 11))
_CHILDREN = (430, 400, 130, 40)  # households with 1, 2, 3, 4 children
_MOTHER_AT_BIRTH = (*range(2, 14), *([14] * 8), *range(13, 3, -1))  # ages 16 to 45
_FATHER_OLDER = (3, 5, 8, 12, 14, 14, 12, 10, 8, 6, 4, 3, 1)  # -3 to +9 years
_WOMEN = (
    487,
    487,
    487,
    488,
    489,
    492,
    495,
    500,
    502,
    503,
    504,
    506,
    510,
    518,
    530,
    550,
    590,
    650,
    720,
    780,
    820,
)
_ONE_PARENT, _MOTHER_ALONE, _SAME_SEX = 150, 870, 25  # per thousand
_TWINS = 16
"""Per thousand births that are twins: Monden et al. 2021 (Hum. Reprod. 36) report 12 per thousand deliveries worldwide
and 14 to 17 in Europe and North America."""

YEAR = 365.25


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
        households: how many there are.
    """

    household: Ints
    born: Ints
    sex: Ints
    adult: Ints
    couple: np.ndarray[Any, np.dtype[np.bool_]]
    twin: np.ndarray[Any, np.dtype[np.bool_]]
    households: int


@dataclass(frozen=True)
class _Kinds:
    """How many households of each kind make up a population, per hundred million people."""

    families: int
    alone: tuple[int, ...]
    couples: tuple[int, ...]
    sharing: tuple[int, ...]
    children: tuple[int, ...]


def settle(stream_path: tuple[int, str], people: int, ages: Sequence[int], today: int) -> Residents:
    """Return `people` residents.

    Args:
        stream_path: seed and name of the random streams.
        people: how many; the last household may be cut short to meet it.
        ages: 21 weights of five-year age groups.
        today: days since 1970-01-01 on which the ages hold.
    """
    seed, name = stream_path
    kinds = _kinds(ages)
    weights = (kinds.families, sum(kinds.alone), sum(kinds.couples), sum(kinds.sharing))
    shape = Stream(seed, name, "kinds")
    # A little more than needed, since households are drawn by kind and not by size.
    kind = shape.weighted(weights_to_bounds(weights), people * 6 // 10 + 64)
    one_parent = shape.below(1000, len(kind)) < _ONE_PARENT
    sharers = 2 + shape.weighted(weights_to_bounds((60, 25, 15)), len(kind))
    children = 1 + shape.weighted(weights_to_bounds(_CHILDREN), len(kind))
    adults = np.choose(kind, [np.where(one_parent, 1, 2), 1, 2, sharers])
    children = np.where(kind == 0, children, 0)
    size = adults + children
    end = np.cumsum(size)
    used = int(np.searchsorted(end, people, side="left")) + 1
    kind, adults, size, end = kind[:used], adults[:used], size[:used], end[:used]
    if end[-1] < people:
        raise AssertionError("more households are needed than were drawn")
    household = np.repeat(np.arange(used, dtype=np.int64), size)[:people]
    member = np.arange(people, dtype=np.int64) - (end - size)[household]
    adult = np.where(member < adults[household], member, -1)
    couple = (kind == 2) | ((kind == 0) & (adults == 2))

    lone_mother = Stream(seed, name, "parents").below(1000, used) < _MOTHER_ALONE
    mate = Stream(seed, name, "mates").below(1000, used)
    anchor, child_born, twin = _born(seed, name, kinds, kind, children[:used], today)
    born = np.empty(people, dtype=np.int64)
    sex = _sexes(seed, name, household, adult, couple, kind, lone_mother, mate)
    ages_apart = Stream(seed, name, "apart")
    gap = ages_apart.weighted(weights_to_bounds(_FATHER_OLDER), people) - 3
    gap_days = gap * 365 + ages_apart.below(365, people)
    # The anchor is the mother, or the only adult; partners are born around the anchor, sharers near it.
    born = anchor[household]
    partner = adult > 0
    older = np.where(
        kind[household] == 3, (ages_apart.below(9, people) - 4) * 365 + gap_days % 365, gap_days
    )
    born = np.where(partner, born - older, born)
    father_alone = (adult == 0) & (kind[household] == 0) & ~couple[household] & (sex == 1)
    born = np.where(father_alone, born - gap_days, born)
    is_child = adult < 0
    number = member - adults[household]
    born[is_child] = child_born[household[is_child], number[is_child]]
    twins = np.zeros(people, dtype=bool)
    twins[is_child] = twin[household[is_child], number[is_child]]
    # Singles and sharers get the sex that is usual at their age; it needs the date of birth.
    single = (adult >= 0) & (kind[household] % 2 == 1)
    group = np.clip(((today - born) / YEAR).astype(np.int64) // 5, 0, GROUPS - 1)
    chance = Stream(seed, name, "single").below(1000, people)
    sex = np.where(single, (chance >= np.array(_WOMEN)[group]).astype(np.int64), sex)
    born = np.minimum(born, today)
    return Residents(
        household=household, born=born, sex=sex, adult=adult, couple=couple[household], twin=twins, households=used
    )  # fmt: skip


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
    couples = [f - a - s for f, a, s in zip(free, alone, sharing, strict=True)]
    return _Kinds(
        families=families,
        alone=tuple(alone),
        couples=tuple(count // 2 for count in couples),
        sharing=tuple(count * 100 // 255 for count in sharing),  # 2.55 people share on average
        children=tuple(children),
    )


def _parents(children: list[int], families: int) -> list[int]:
    """Return how many adults of each age group live with their children, as the draws below will make them."""
    mothers = [0] * GROUPS
    whole = sum(children) * sum(_MOTHER_AT_BIRTH)
    for group, count in enumerate(children):
        for place, weight in enumerate(_MOTHER_AT_BIRTH):
            at = min((group * 5 + 2 + place + 16) // 5, GROUPS - 1)
            mothers[at] += families * count * weight // whole
    both = 2000 - _ONE_PARENT
    return [count * both // 1000 for count in mothers]


def _born(
    seed: int, name: str, kinds: _Kinds, kind: Ints, children: Ints, today: int
) -> tuple[Ints, Ints, np.ndarray[Any, np.dtype[np.bool_]]]:
    """Return the anchor adult's day of birth by household, and days and twins by household and child."""
    count = len(kind)
    stream = Stream(seed, name, "births")
    ages = [kinds.children, kinds.alone, kinds.couples, kinds.sharing]
    group = np.zeros(count, dtype=np.int64)
    for at, weights in enumerate(ages):
        drawn = stream.weighted(weights_to_bounds(weights), count)
        group = np.where(kind == at, drawn, group)
    first = today - (group * 1826 + stream.below(1826, count))
    most = len(_CHILDREN)
    born = np.empty((count, most), dtype=np.int64)
    twin = np.zeros((count, most), dtype=bool)
    born[:, 0] = first
    oldest, youngest = first.copy(), first.copy()
    for number in range(1, most):
        step = 450 + stream.below(1200, count)
        is_twin = stream.below(1000, count) < _TWINS * 2
        # Brothers and sisters are younger where there is time for it and older where there is none, in turn.
        younger = (youngest + step <= today) & ((number % 2 == 1) | (oldest - step < today - 9000))
        day = np.where(younger, youngest + step, oldest - step)
        born[:, number] = np.where(is_twin, born[:, number - 1], day)
        exists = number < children
        twin[:, number] = is_twin & exists
        twin[:, number - 1] |= is_twin & exists
        oldest, youngest = (
            np.minimum(oldest, born[:, number]),
            np.maximum(youngest, born[:, number]),
        )
    used = np.arange(most)[None, :] < np.maximum(children, 1)[:, None]
    eldest = np.min(np.where(used, born, today), axis=1)
    years = 16 + stream.weighted(weights_to_bounds(_MOTHER_AT_BIRTH), count)
    mother = np.minimum(eldest - years * 365 - stream.below(365, count), eldest - 16 * 366)
    return np.where(kind == 0, mother, first), born, twin


def _sexes(
    seed: int, name: str, household: Ints, adult: Ints, couple: Any, kind: Ints, lone_mother: Any, mate: Ints
) -> Ints:  # fmt: skip
    people = len(household)
    child = (Stream(seed, name, "sexes").below(1000, people) < 512).astype(
        np.int64
    )  # 105 boys to 100 girls
    first = np.where((kind == 0) & ~couple, (~lone_mother).astype(np.int64), 0)[household]
    same = (mate < _SAME_SEX)[household]
    both = (mate % 2)[household]  # same-sex couples: two women or two men
    adults = np.where(
        adult == 0, np.where(same & couple[household], both, first), np.where(same, both, 1)
    )
    return np.where(adult < 0, child, adults)
