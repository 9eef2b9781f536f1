"""Groups of people: ``age=65-120``, ``sex=F`` or ``origin=polish``, and numbers that belong to each.

A person in several groups gets the product of their numbers, a person in none gets 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np

from pprl.base.arrays import Floats
from pprl.base.errors import UsageError
from pprl.synth.people.population import Population
from pprl.synth.places.country import Country
from pprl.tables.columns import suggest

__all__ = ["Group", "check_origins", "group_numbers", "highest_number"]

_AGES = re.compile(r"([0-9]{1,3})-([0-9]{1,3})")
_OLDEST = 130
"""Above the age of anybody in a population."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """A group of people.

    Attributes:
        kind: what it goes by.
        value: the part after the equals sign.
        low, high: the first and the last age, for the kind ``age``.
    """

    kind: Literal["age", "sex", "origin"]
    value: str
    low: int = 0
    high: int = 0

    @classmethod
    def parse(cls, text: str) -> Group:
        """Return the group that a user means.

        Raises:
            ValueError: there is no such group.
        """
        kind, _, value = text.partition("=")
        ages = _AGES.fullmatch(value)
        if kind == "age" and ages:
            low, high = int(ages[1]), int(ages[2])
            if low > high:
                raise ValueError(f"{text!r}: the first age is above the second")
            return cls(kind="age", value=value, low=low, high=high)
        if kind == "sex" and value in ("F", "M"):
            return cls(kind="sex", value=value)
        if kind == "origin" and value:
            return cls(kind="origin", value=value)
        raise ValueError(
            f"{text!r} is not a group; groups are age=65-120, sex=F, sex=M and origin=NAME"
        )

    @classmethod
    def of_coverage(cls, text: str) -> Group:
        """Return the group of a coverage, in which ages may be given alone: ``65-120``.

        Raises:
            ValueError: there is no such group.
        """
        return cls.parse(text if "=" in text else f"age={text}")


def group_numbers(people: Population, numbers: Mapping[str, float]) -> Floats | None:
    """Return for each person the product of the numbers of their groups; None if there are no groups.

    Args:
        people: all of them.
        numbers: by group, as a coverage writes it.
    """
    if not numbers:
        return None
    found = np.ones(len(people), dtype=np.float64)
    age = people.age()
    for text, number in numbers.items():
        group = Group.of_coverage(text)
        if group.kind == "age":
            inside = (age >= group.low) & (age <= group.high)
        elif group.kind == "sex":
            inside = people.residents.sex == "FM".index(group.value)
        else:
            inside = people.origin == people.origins().index(group.value)
        found[inside] *= number
    return found


def highest_number(numbers: Mapping[str, float]) -> float:
    """Return the highest product of numbers that one person can have.

    Args:
        numbers: by group.
    """
    groups = [(Group.parse(text), number) for text, number in numbers.items()]
    age = max(
        prod(n for group, n in groups if group.kind == "age" and group.low <= years <= group.high)
        for years in range(_OLDEST)
    )
    others = (max([1.0, *(n for g, n in groups if g.kind == kind)]) for kind in ("sex", "origin"))
    return age * prod(others)


def check_origins(groups: Iterable[str], country: Country) -> None:
    """Refuse groups by an origin that the country does not have.

    Raises:
        UsageError: such a group; names the nearest origin.
    """
    for text in groups:
        group = Group.of_coverage(text)
        if group.kind == "origin" and group.value not in country.origins:
            raise UsageError(
                f"no people of the origin {group.value!r} live in {country.name}",
                hint=suggest(group.value, list(country.origins), "Origins"),
            )
