"""The people: households that share a surname and a home, with twins and sons named after fathers.

Years are counted up to `THIS_YEAR`; the youngest people are five years old by then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from .draw import Draw
from .names import draw_given, draw_heritage, draw_surname
from .places import Home, Places

__all__ = ["Person", "make_people"]

THIS_YEAR = 2026
LAST_BIRTH = date(THIS_YEAR - 5, 8, 31)
SHARE_WITH_MIDDLE_WRITTEN = 0.15
SHARE_OF_WIVES_WITH_OWN_NAME = 0.15
SHARE_OF_FAMILIES_WITH_TWINS = 0.06
SHARE_OF_FIRST_SONS_NAMED_AFTER_FATHER = 0.12
SHARE_OF_GROWN_CHILDREN_AT_HOME = 0.3
SIBLING_GAP_DAYS = 300


@dataclass(frozen=True)
class Person:
    """One made-up person, as a careful clerk would know them."""

    given: str
    middle: str
    middle_written: bool
    surname: str
    sex: str
    birth: date
    home: Home
    heritage: str
    twin: bool = False
    named_after_father: bool = False

    @property
    def adult(self) -> bool:
        """Whether the person is old enough to have married and changed the name."""
        return THIS_YEAR - self.birth.year >= 20


def make_people(draw: Draw, places: Places, count: int) -> list[Person]:
    """Return `count` people, household by household; the last household may be cut short."""
    people: list[Person] = []
    while len(people) < count:
        people.extend(_household(draw, places))
    return people[:count]


def _household(draw: Draw, places: Places) -> list[Person]:
    heritage = draw_heritage(draw)
    surname = draw_surname(draw, heritage)
    home = places.draw_home(draw)
    kind = draw.weighted((("alone", 26), ("couple", 24), ("family", 38), ("lone parent", 12)))
    sex = draw.one("FM")
    year = draw.between(1936, 2004 if kind == "alone" else 1996)
    first = _person(draw, heritage, surname, home, sex, _day_in(draw, year), [])
    members = [first]
    if kind in ("couple", "family"):
        year = min(max(year + draw.between(-5, 5), 1936), 2000)
        other = "M" if sex == "F" else "F"
        second = _person(draw, heritage, surname, home, other, _day_in(draw, year), members)
        if draw.chance(SHARE_OF_WIVES_WITH_OWN_NAME):
            second = replace(second, surname=draw_surname(draw, heritage))
        members.append(second)
    if kind in ("family", "lone parent"):
        members.extend(_children(draw, members))
    return members


def _children(draw: Draw, parents: list[Person]) -> list[Person]:
    youngest = max(parents, key=lambda parent: parent.birth)
    births: list[date] = []
    for _ in range(draw.weighted(((1, 35), (2, 40), (3, 18), (4, 7)))):
        birth = _day_in(draw, youngest.birth.year + draw.between(20, 38))
        apart = all(abs((birth - other).days) >= SIBLING_GAP_DAYS for other in births)
        grown = birth.year < THIS_YEAR - 22
        stays = not grown or draw.chance(SHARE_OF_GROWN_CHILDREN_AT_HOME)
        if birth <= LAST_BIRTH and apart and stays:
            births.append(birth)
    births.sort()
    twins = bool(births) and draw.chance(SHARE_OF_FAMILIES_WITH_TWINS)
    if twins:
        births.append(births[-1])
    first = parents[0]
    children: list[Person] = []
    for birth in births:
        taken = parents + children
        child = _person(
            draw, first.heritage, first.surname, first.home, draw.one("FM"), birth, taken
        )
        children.append(replace(child, twin=twins and birth == births[-1]))
    return _name_first_son(draw, parents, children)


def _name_first_son(draw: Draw, parents: list[Person], children: list[Person]) -> list[Person]:
    fathers = [parent for parent in parents if parent.sex == "M"]
    for place, child in enumerate(children):
        if child.sex != "M":
            continue
        same_surname = bool(fathers) and fathers[0].surname == child.surname
        if same_surname and draw.chance(SHARE_OF_FIRST_SONS_NAMED_AFTER_FATHER):
            named = replace(child, given=fathers[0].given, named_after_father=True)
            return [*children[:place], named, *children[place + 1 :]]
        break
    return children


def _person(
    draw: Draw,
    heritage: str,
    surname: str,
    home: Home,
    sex: str,
    birth: date,
    household: list[Person],
) -> Person:
    taken = {member.given for member in household}
    given = draw_given(draw, heritage, sex, birth.year)
    while given in taken:
        given = draw_given(draw, heritage, sex, birth.year)
    middle = draw_given(draw, heritage, sex, birth.year)
    while middle == given:
        middle = draw_given(draw, heritage, sex, birth.year)
    written = draw.chance(SHARE_WITH_MIDDLE_WRITTEN)
    return Person(given, middle, written, surname, sex, birth, home, heritage)


def _day_in(draw: Draw, year: int) -> date:
    start = date(year, 1, 1).toordinal()
    return date.fromordinal(start + draw.below(date(year + 1, 1, 1).toordinal() - start))
