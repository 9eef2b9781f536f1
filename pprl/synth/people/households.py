"""Who lives with whom: households whose members have sexes, dates of birth and roles that fit together.

Mothers were 16 to 45 when their children were born; fathers are a few years older or younger. A pilot population shows
how far parents and partners bend the age pyramid. The draws are then bent the other way, so that the pyramid holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pprl.base.arrays import Bools, Int64s
from pprl.synth.draw import Stream, weights_to_bounds
from pprl.synth.people.household_kinds import (
    ALONE,
    CHILDREN,
    COUPLE,
    FAMILY,
    MOTHER_AT_BIRTH,
    OLDEST_MOTHER,
    ONE_PARENT,
    SHARERS,
    SHARING,
    YOUNGEST_PARENT,
    HouseholdKinds,
    household_kinds,
)
from pprl.synth.places.country import AGE_GROUPS

__all__ = ["YEAR", "Residents", "age_groups", "settle"]

YEAR = 365.25
"""Days."""

_FATHER_OLDER = (3, 5, 8, 12, 14, 14, 12, 10, 8, 6, 4, 3, 1)
"""Weights of -3 to +9 years by which the second adult of a couple is older than the first. Chosen; not sensitive: a
couple's dates of birth differ either way."""

_WOMEN = (
    487, 487, 487, 487, 488, 492, 498, 502, 503, 504, 506, 508, 512, 518, 528, 550, 590, 650, 720, 780, 820,
)  # fmt: skip
"""Women per thousand of an age group. Chosen: about half, and more in old age; not sensitive: sex is a weak field."""

_MOTHER_ALONE, _SAME_SEX = 870, 25
"""Per thousand: parents without a partner who are mothers, and couples of one sex. Round figures after European
censuses; not sensitive: few households are of these kinds."""

_BOYS = 512
"""Per thousand children: 105 boys to 100 girls."""

_TWINS = 16
"""Per thousand births that are twins: Monden et al. 2021 (Hum. Reprod. 36) report 12 per thousand deliveries worldwide
and 14 to 17 in Europe and North America."""

_ALIKE = 300
"""Per thousand pairs of twins who are of one sex because they are identical. Chosen, as a round figure; sensitive for
twins alone."""

_GROWN_TWINS = 28
"""Per thousand adults without children at home who have a twin in another household. Chosen, near the share among
children; sensitive for twins alone."""

_PILOT, _ROUNDS = 100_000, 4
"""People of a pilot population, and how many there are. Chosen: with them the pyramid holds within a few per cent
(tests/synth/people/test_households.py)."""

_PILOT_DAY = 20_000
"""The day on which a pilot's ages are taken, in days since 1970-01-01; any day gives the same."""


@dataclass(frozen=True, kw_only=True)
class Residents:
    """People by household: arrays of one length, with the members of a household next to each other.

    Attributes:
        household: number of the household, from 0.
        born: days since 1970-01-01.
        sex: 0 female, 1 male.
        adult: place among the household's adults (0, 1, 2 ...), or -1 for a child of the household.
        couple: whether adults 0 and 1 of the household are a couple.
        twin: whether the person is a twin.
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

    def birth_years(self) -> Int64s:
        """Return each person's year of birth."""
        years = self.born.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
        return years + 1970


def age_groups(born: Int64s, today: int) -> Int64s:
    """Return the five-year age groups, from 0 to 20, of people born on these days.

    Args:
        born: days since 1970-01-01.
        today: the day on which ages are taken, as `born`.
    """
    years = ((today - born) / YEAR).astype(np.int64)
    return np.clip(years // 5, 0, AGE_GROUPS - 1)


def settle(stream_path: tuple[int, str], people: int, ages: Sequence[int], today: int) -> Residents:
    """Return `people` residents.

    Args:
        stream_path: seed and name of the random streams.
        people: how many; the last household may be cut short to meet the number.
        ages: 21 weights of five-year age groups.
        today: the day on which ages are taken, in days since 1970-01-01.
    """
    return _draw(_Streams(*stream_path), people, _calibrated(tuple(ages)), today)


@lru_cache(maxsize=16)
def _calibrated(ages: tuple[int, ...]) -> HouseholdKinds:
    """Return the kinds of households that give these ages, found by pilot populations."""
    total = sum(ages)
    bent = [weight * 10**6 // total for weight in ages]
    for _ in range(_ROUNDS):
        pilot = _draw(_Streams(0, "pilot"), _PILOT, household_kinds(bent), _PILOT_DAY)
        groups = age_groups(pilot.born, _PILOT_DAY)
        got = np.bincount(groups, minlength=AGE_GROUPS).tolist()
        for group, weight in enumerate(ages):
            if weight and got[group]:
                ratio = weight * _PILOT * 1000 // (total * got[group])
                # No more than double or half in one round, so that a rare age group does not run away.
                bent[group] = bent[group] * min(max(ratio, 500), 2000) // 1000
    return household_kinds(bent)


@dataclass(frozen=True)
class _Streams:
    """The random streams of one population."""

    seed: int
    name: str

    def __call__(self, stage: str) -> Stream:
        return Stream(self.seed, self.name, stage)


@dataclass(frozen=True, kw_only=True)
class _Homes:
    """Who lives with whom, before anybody has an age or a sex.

    Attributes:
        kind, children: by household, its kind and its number of children.
        household, adult, couple: by person, as in :class:`Residents`.
        child: by person, the place among the household's children; below 0 for adults.
    """

    kind: Int64s
    children: Int64s
    household: Int64s
    adult: Int64s
    couple: Bools
    child: Int64s

    def kind_of_person(self) -> Int64s:
        """Return the kind of each person's household."""
        return self.kind[self.household]


def _draw(stream: _Streams, people: int, kinds: HouseholdKinds, today: int) -> Residents:
    """Return residents, drawn in the order in which one thing follows from another.

    1. households of each kind, with their adults and children;
    2. days of birth: of a household's eldest child or of its first adult, then of all others by them;
    3. twins: among the children, then among adults of different households;
    4. sexes: of children and couples, then of single people, so that each age group has its share of women.
    """
    homes = _draw_homes(stream, people, kinds)
    days = _draw_births(stream, kinds, homes, today)
    sex = _sexes(stream, homes)
    born = _adults_born(stream, days, homes, sex, today)
    children = np.flatnonzero(homes.adult < 0)
    place = (homes.household[children], homes.child[children])
    born[children] = days.children[place]
    twin = np.zeros(people, dtype=bool)
    twin[children] = days.twins[place]
    # The second of a pair of twins comes right after the first.
    second = children[days.second_twin[place]]
    alike = second[stream("alike").below(1000, len(second)) < _ALIKE]
    sex[alike] = sex[alike - 1]
    elder = _grown_twins(stream, homes, born, twin)
    kind = homes.kind_of_person()
    single = (homes.adult >= 0) & ((kind == ALONE) | (kind == SHARING))
    _single_sexes(stream, sex, single, age_groups(born, today))
    pairs = np.flatnonzero((elder >= 0) & single)
    alike = pairs[stream("grown alike").below(1000, len(pairs)) < _ALIKE]
    sex[alike] = sex[elder[alike]]
    return Residents(
        household=homes.household,
        born=born,
        sex=sex,
        adult=homes.adult,
        couple=homes.couple,
        twin=twin,
        elder=elder,
        households=len(homes.kind),
    )


def _draw_homes(stream: _Streams, people: int, kinds: HouseholdKinds) -> _Homes:
    shape = stream("kinds")
    # A little more than needed, since households are drawn by kind and not by size; those left over are dropped. The
    # numbers are part of what a seed means, and otherwise only decide how many are left over.
    count = people * 6 // 10 + 64
    while True:
        kind = shape.weighted(weights_to_bounds(kinds.weights()), count)
        one_parent = shape.below(1000, count) < ONE_PARENT
        sharers = 2 + shape.weighted(weights_to_bounds(SHARERS), count)
        children = 1 + shape.weighted(weights_to_bounds(CHILDREN), count)
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
    return _Homes(
        kind=kind,
        children=children,
        household=household,
        adult=np.where(member < adults[household], member, -1),
        couple=((kind == COUPLE) | ((kind == FAMILY) & (adults == 2)))[household],
        child=member - adults[household],
    )


@dataclass(frozen=True, kw_only=True)
class _Births:
    """Days of birth by household.

    Attributes:
        anchor: of the adult drawn first: the mother, or the first adult of a household without children.
        eldest: of the eldest child; of the first adult in a household without children.
        children: of each child, of shape (households, 4).
        twins: which of them are twins.
        second_twin: which of them are the second of a pair.
    """

    anchor: Int64s
    eldest: Int64s
    children: Int64s
    twins: Bools
    second_twin: Bools


def _draw_births(stream: _Streams, kinds: HouseholdKinds, homes: _Homes, today: int) -> _Births:
    kind, children = homes.kind, homes.children
    count, most = len(kind), len(CHILDREN)
    births = stream("births")
    group = np.zeros(count, dtype=np.int64)
    for at, weights in enumerate(kinds.ages):
        drawn = births.weighted(weights_to_bounds(weights), count)
        group = np.where(kind == at, drawn, group)
    first = today - (group * 1826 + births.below(1826, count))  # five years are 1,826 days
    born = np.empty((count, most), dtype=np.int64)
    second = np.zeros((count, most), dtype=bool)
    born[:, 0] = first
    oldest, youngest = first.copy(), first.copy()
    for number in range(1, most):
        # Births are 15 months to 4.5 years apart. Chosen; not sensitive: brothers and sisters differ in age anyway.
        step = 450 + births.below(1200, count)
        # Only a later child can complete a pair of twins, and a little under half of the children are later ones.
        is_twin = births.below(1000, count) < _TWINS * 2
        # In turn, brothers and sisters are younger where there is time for it (until today), and older otherwise; or
        # younger again where an older one would be above 24.6 (9,000 days).
        younger = (youngest + step <= today) & ((number % 2 == 1) | (oldest - step < today - 9000))
        day = np.where(younger, youngest + step, oldest - step)
        born[:, number] = np.where(is_twin, born[:, number - 1], day)
        second[:, number] = is_twin & (number < children)
        oldest = np.minimum(oldest, born[:, number])
        youngest = np.maximum(youngest, born[:, number])
    exists = np.arange(most)[None, :] < np.maximum(children, 1)[:, None]
    eldest = np.min(np.where(exists, born, today), axis=1)
    last = np.max(np.where(exists, born, eldest[:, None]), axis=1)
    years = YOUNGEST_PARENT + births.weighted(weights_to_bounds(MOTHER_AT_BIRTH), count)
    years = np.minimum(years, OLDEST_MOTHER - (last - eldest) // 365 - 1)
    mother = eldest - (years * YEAR).astype(np.int64) - 1 - births.below(364, count)
    twins = second.copy()
    twins[:, :-1] |= second[:, 1:]
    return _Births(
        anchor=np.where(kind == FAMILY, mother, first),
        eldest=eldest,
        children=born,
        twins=twins,
        second_twin=second,
    )


def _adults_born(stream: _Streams, days: _Births, homes: _Homes, sex: Int64s, today: int) -> Int64s:
    """Return days of birth, as if all were adults: of the first adult as drawn, of the others near that day."""
    household, adult, kind = homes.household, homes.adult, homes.kind_of_person()
    people = len(household)
    apart = stream("apart")
    gap = apart.weighted(weights_to_bounds(_FATHER_OLDER), people) - 3
    gap_days = gap * 365 + apart.below(365, people)
    # People who share a home are up to four years older or younger than the first of them. Chosen; not sensitive.
    spread = (apart.below(9, people) - 4) * 365 + gap_days % 365
    born = days.anchor[household]
    older = np.where(kind == SHARING, spread, gap_days)
    lone_father = (adult == 0) & (kind == FAMILY) & ~homes.couple & (sex == 1)
    born = np.where((adult > 0) | lone_father, born - older, born)
    latest = np.where(kind == FAMILY, days.eldest[household], today)
    return np.minimum(born, latest - YOUNGEST_PARENT * 366)


def _sexes(stream: _Streams, homes: _Homes) -> Int64s:
    """Return the sexes of children and couples; those of single people are drawn later, by their age."""
    adult, household = homes.adult, homes.household
    people, households = len(household), len(homes.kind)
    child = stream("sexes").below(1000, people) < _BOYS
    lone_mother = stream("parents").below(1000, households) < _MOTHER_ALONE
    mate = stream("mates").below(1000, households)
    lone_parent = (homes.kind_of_person() == FAMILY) & ~homes.couple
    first = np.where(lone_parent, ~lone_mother[household], False)
    same = (mate < _SAME_SEX)[household] & homes.couple
    both = (mate % 2 == 1)[household]  # couples of one sex: two men or two women
    adults = np.where(same, both, np.where(adult == 0, first, True))
    return np.where(adult < 0, child, adults).astype(np.int64)


def _single_sexes(stream: _Streams, sex: Int64s, single: Bools, group: Int64s) -> None:
    """Give people who live alone or share a home the sexes that their age group still lacks."""
    everybody = np.bincount(group, minlength=AGE_GROUPS)
    settled = np.bincount(group[~single & (sex == 0)], minlength=AGE_GROUPS)
    left = np.maximum(np.bincount(group[single], minlength=AGE_GROUPS), 1)
    lacking = (everybody * np.array(_WOMEN) - settled * 1000) // left
    # Between 5 and 95 %, so that both sexes live alone at every age. Chosen; not sensitive.
    share = np.clip(lacking, 50, 950)
    chance = stream("single").below(1000, len(sex))
    sex[single] = (chance >= share[group])[single].astype(np.int64)


def _grown_twins(stream: _Streams, homes: _Homes, born: Int64s, twin: Bools) -> Int64s:
    """Make twins of some adults of different households who are of about the same age; return `elder`."""
    able = np.flatnonzero((homes.adult >= 0) & (homes.kind_of_person() != FAMILY))
    chosen = able[stream("grown twins").order(len(able))]
    chosen = chosen[: len(able) * _GROWN_TWINS // 1000 // 2 * 2]
    chosen = chosen[np.argsort(born[chosen], kind="stable")]
    first, second = chosen[0::2], chosen[1::2]
    # Within three years, so that the ages still follow the pyramid. Chosen; not sensitive: nearly all pairs are nearer.
    near = (born[second] - born[first] < 3 * 365) & (
        homes.household[first] != homes.household[second]
    )
    first, second = first[near], second[near]
    born[second] = born[first]
    twin[first] = twin[second] = True
    elder = np.full(len(born), -1, dtype=np.int64)
    elder[second] = first
    return elder
