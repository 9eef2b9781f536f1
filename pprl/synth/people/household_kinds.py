"""How many households of each kind a population has, so that its ages follow the country's pyramid.

Children come first: their ages follow the pyramid. The adults whom the pyramid then still lacks live alone, as couples,
or share a home.

The shares below are round figures after the household types of European censuses around 2021 (a third live alone at 65
and far more at 85; about one family in seven has one parent). They are a model, not an estimate for any country. They
are sensitive: members of a household share a home and often a surname, so households decide how many pairs of strangers
look alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pprl.synth.places.country import AGE_GROUPS

__all__ = [
    "ALONE", "CHILDREN", "COUPLE", "FAMILY", "MOTHER_AT_BIRTH", "OLDEST_MOTHER", "ONE_PARENT", "SHARERS", "SHARING",
    "YOUNGEST_PARENT", "HouseholdKinds", "household_kinds",
]  # fmt: skip

FAMILY, ALONE, COUPLE, SHARING = range(4)
"""The kinds of households."""

CHILDREN = (430, 400, 130, 40)
"""Weights of families with 1, 2, 3, 4 children at home."""

SHARERS = (60, 25, 15)
"""Weights of shared homes with 2, 3, 4 people."""

ONE_PARENT = 150
"""Per thousand families with one parent."""

YOUNGEST_PARENT, OLDEST_MOTHER = 16, 45
"""Ages at a birth. Chosen; not sensitive: few parents are near them."""
MOTHER_AT_BIRTH = (
    1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 19, 20, 20, 19, 18, 16, 14, 12, 10, 8, 6, 5, 4, 3, 2, 2, 1, 1, 1, 1,
)  # fmt: skip
"""Weights of the mother's age, 16 to 45, when the household's eldest child was born. Chosen, highest at 27 and 28; not
sensitive: the ages of parents and children are far apart in any case."""

_AT_HOME = (1000, 1000, 1000, 920, 480, 170, 60, 30, *([10] * 4), *([0] * 9))
"""Per thousand people of an age group who live with their parents, as children of the household."""

_ALONE = (
    300, 300, 300, 300, 300, 320, 360, 400, 420, 400, 360, 330, 330, 340, 380, 450, 550, 660, 760, 800, 800,
)  # fmt: skip
"""Per thousand adults of an age group, among those who live neither with children nor with parents, who live alone."""

_SHARING = (500, 500, 500, 400, 300, 180, 110, 70, 50, 40, *([25] * 11))
"""Per thousand of the same adults who share a home; all others are couples."""


@dataclass(frozen=True)
class HouseholdKinds:
    """How many households of each kind make up a population, and the ages of the person drawn first in each.

    Attributes:
        ages: for each kind, weights of five-year age groups: of the children, the people who live alone, the first of
            a couple, the first of those who share.
        families: weight of the kind `FAMILY`; the other kinds have the sum of their ages.
    """

    ages: tuple[tuple[int, ...], ...]
    families: int

    def weights(self) -> tuple[int, ...]:
        """Return the weight of each kind."""
        return (self.families, *(sum(ages) for ages in self.ages[1:]))


def household_kinds(ages: Sequence[int]) -> HouseholdKinds:
    """Return the kinds of households that give about these ages.

    Args:
        ages: 21 weights of five-year age groups.
    """
    total = sum(ages)
    pyramid = [100_000_000 * weight // total for weight in ages]
    children = [count * home // 1000 for count, home in zip(pyramid, _AT_HOME, strict=True)]
    mean = sum(count * (at + 1) for at, count in enumerate(CHILDREN))
    families = sum(children) * sum(CHILDREN) // mean
    parents = _parents(children, families)
    free = [max(0, a - b - c) for a, b, c in zip(pyramid, children, parents, strict=True)]
    alone = [count * share // 1000 for count, share in zip(free, _ALONE, strict=True)]
    sharing = [count * share // 1000 for count, share in zip(free, _SHARING, strict=True)]
    couples = [(f - a - s) // 2 for f, a, s in zip(free, alone, sharing, strict=True)]
    # By SHARERS, 2.55 people share a home on average.
    shared_homes = [count * 100 // 255 for count in sharing]
    # A kind for which nobody is left keeps the weight 1, at the ages 30 to 34.
    nobody = (*[0] * 6, 1, *[0] * 14)
    drawn = (children, alone, couples, shared_homes)
    return HouseholdKinds(
        families=families,
        ages=tuple(tuple(item) if any(item) else nobody for item in drawn),
    )


def _parents(children: Sequence[int], families: int) -> list[int]:
    """Return how many adults of each age group live with their children, about as the draws will make them."""
    mothers = [0] * AGE_GROUPS
    whole = max(1, sum(children)) * sum(MOTHER_AT_BIRTH)
    for group, count in enumerate(children):
        for place, weight in enumerate(MOTHER_AT_BIRTH):
            at = min((group * 5 + 2 + place + YOUNGEST_PARENT) // 5, AGE_GROUPS - 1)
            mothers[at] += families * count * weight // whole
    return [count * (2000 - ONE_PARENT) // 1000 for count in mothers]
