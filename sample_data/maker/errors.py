"""The errors that a department's copy of a person picks up, one small function each.

Two copies of one person never lose everything: an error that would leave neither the names, nor
the date of birth, nor the place as they were is not made (`PairGuard`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

from . import slips
from .draw import Draw
from .names import NICKNAMES, draw_surname
from .people import LAST_BIRTH, Person
from .places import Places
from .records import Record, without_accents

__all__ = ["KINDS", "Kind", "PairGuard", "Scene", "with_errors"]


@dataclass(frozen=True)
class Kind:
    """One kind of error: how often it is tried and which part of the record it harms."""

    name: str
    harms: str
    """`names`, `birth`, `place` or `sex`; `form` where the value is only written another way."""
    careless: float
    """Chance in the careless copy of a person."""
    careful: float
    """Chance in the careful copy of a person."""


# Made in this order: life first, then what the clerk heard and typed, then what was left out.
KINDS = (
    Kind("moved_house",           "place", 0.140, 0.015),
    Kind("married_name",          "names", 0.100, 0.008),
    Kind("nickname",              "names", 0.160, 0.020),
    Kind("middle_name_in_one",    "names", 0.100, 0.000),
    Kind("phonetic_variant",      "names", 0.090, 0.015),
    Kind("insert_letter",         "slip",  0.050, 0.008),
    Kind("delete_letter",         "slip",  0.050, 0.008),
    Kind("neighbour_key",         "slip",  0.050, 0.008),
    Kind("transpose_letters",     "slip",  0.050, 0.008),
    Kind("names_swapped",         "names", 0.020, 0.002),
    Kind("day_month_swapped",     "birth", 0.060, 0.006),
    Kind("year_digit_wrong",      "birth", 0.030, 0.004),
    Kind("birth_date_partial",    "birth", 0.025, 0.006),
    Kind("birth_date_missing",    "birth", 0.020, 0.004),
    Kind("postcode_missing",      "place", 0.055, 0.015),
    Kind("sex_missing",           "sex",   0.015, 0.004),
    Kind("address_other_form",    "form",  0.250, 0.100),
    Kind("postcode_without_space", "form", 0.060, 0.020),
    Kind("accents_lost",          "form",  0.500, 0.150),
    Kind("surname_upper_case",    "form",  0.060, 0.020),
)  # fmt: skip

MOST_ERRORS_IN_A_RECORD = 3
MOST_ERRORS_IN_NAMES_OF_A_PAIR = 2


@dataclass(frozen=True)
class Scene:
    """What an error may draw on: the person behind the record, the towns, the dice."""

    person: Person
    places: Places
    draw: Draw


@dataclass
class PairGuard:
    """Counts what the copies of one person have lost, and says what they may still lose."""

    harmed: dict[str, int] = field(default_factory=dict)

    def allows(self, part: str) -> bool:
        """Return whether one of names, birth and place is still whole with this part harmed."""
        if part == "names" and self.harmed.get(part, 0) >= MOST_ERRORS_IN_NAMES_OF_A_PAIR:
            return False
        lost = {*self.harmed, part} & {"names", "birth", "place"}
        return len(lost) < 3

    def note(self, part: str) -> None:
        """Count one error in this part."""
        self.harmed[part] = self.harmed.get(part, 0) + 1


def with_errors(
    record: Record, scene: Scene, *, careless: bool, guard: PairGuard
) -> tuple[Record, tuple[str, ...]]:
    """Return the record with its errors, and the names of the kinds that changed it, in order."""
    made: list[str] = []
    harms = 0
    for kind in KINDS:
        if not scene.draw.chance(kind.careless if careless else kind.careful):
            continue
        part = kind.harms
        if part == "slip":
            part = scene.draw.weighted((("names", 65), ("place", 35)))
        if part != "form" and (harms >= MOST_ERRORS_IN_A_RECORD or not guard.allows(part)):
            continue
        changed = (
            _slip(record, scene.draw, kind.name, part)
            if kind.harms == "slip"
            else _FUNCTIONS[kind.name](record, scene)
        )
        if changed == record:
            continue
        record = changed
        made.append(kind.name)
        if part != "form":
            harms += 1
            guard.note(part)
    return record, tuple(made)


def moved_house(record: Record, scene: Scene) -> Record:
    """The person lives elsewhere: in the same town or another one."""
    stays = scene.draw.chance(0.5)
    home = scene.places.draw_home(scene.draw, scene.person.home.town if stays else None)
    return replace(record, address=home.address, town=home.town, postcode=home.postcode)


def married_name(record: Record, scene: Scene) -> Record:
    """A grown woman has another surname, or both joined by a hyphen."""
    if scene.person.sex != "F" or not scene.person.adult:
        return record
    surname = draw_surname(scene.draw, scene.person.heritage)
    if "-" not in record.surname + surname and scene.draw.chance(0.15):
        surname = f"{record.surname}-{surname}"
    return replace(record, surname=surname)


def nickname(record: Record, scene: Scene) -> Record:
    """The given name is written as friends say it."""
    short = NICKNAMES.get(record.given)
    return replace(record, given=scene.draw.one(short)) if short else record


def middle_name_in_one(record: Record, scene: Scene) -> Record:
    """The middle name is written here and left out in the other file, or the other way round."""
    return replace(record, middle="" if record.middle else scene.person.middle)


def phonetic_variant(record: Record, scene: Scene) -> Record:
    """The given name or the surname is spelled as it sounds."""
    if scene.draw.chance(0.5):
        return replace(record, given=slips.spell_by_ear(record.given, scene.draw))
    return replace(record, surname=slips.spell_by_ear(record.surname, scene.draw))


def names_swapped(record: Record, scene: Scene) -> Record:
    """The given names stand in the surname's place and the surname in theirs."""
    return replace(record, given=record.surname, middle="", surname=record.given_names)


def day_month_swapped(record: Record, scene: Scene) -> Record:
    """Day and month stand in the other order, where that is still a date."""
    if record.day is None or record.day > 12:
        return record
    return replace(record, day=record.month, month=record.day)


def year_digit_wrong(record: Record, scene: Scene) -> Record:
    """One of the year's last two digits is one off, where that is still a date in the past."""
    if record.year is None or record.month is None or record.day is None:
        return record
    year = record.year + scene.draw.one((-10, -1, 1, 10))
    leap_day = (record.month, record.day) == (2, 29)
    if leap_day or not date(1920, 1, 1) <= date(year, record.month, record.day) <= LAST_BIRTH:
        return record
    return replace(record, year=year)


def birth_date_partial(record: Record, scene: Scene) -> Record:
    """The day of birth is not known, or neither the day nor the month."""
    if scene.draw.chance(0.5):
        return replace(record, day=None)
    return replace(record, day=None, month=None)


def birth_date_missing(record: Record, scene: Scene) -> Record:
    """The date of birth is not known."""
    return replace(record, year=None, month=None, day=None)


def postcode_missing(record: Record, scene: Scene) -> Record:
    """The postcode is not known."""
    return replace(record, postcode="")


def sex_missing(record: Record, scene: Scene) -> Record:
    """The sex is not known."""
    return replace(record, sex="")


_SHORT_TYPES = {
    "Street": "St", "Road": "Rd", "Avenue": "Ave", "Lane": "Ln", "Close": "Cl", "Drive": "Dr",
    "Crescent": "Cres", "Terrace": "Terr", "Place": "Pl", "Gardens": "Gdns", "Court": "Ct",
    "Square": "Sq",
}  # fmt: skip


def address_other_form(record: Record, scene: Scene) -> Record:
    """The same address in another form: `Street` as `St`, a flat's number placed elsewhere."""
    address = record.address
    flat = re.fullmatch(r"Flat (\d+), (\d+) (.+)", address)
    if flat:
        number, house, street = flat.groups()
        forms = (
            f"{number}/{house} {street}", f"{house} {street}, Flat {number}",
            f"Flat {number} {house} {street}", f"Apt {number}, {house} {street}",
        )  # fmt: skip
        address = scene.draw.one(forms)
        if scene.draw.chance(0.5):
            return replace(record, address=address)
    for long, short in _SHORT_TYPES.items():
        address = re.sub(rf"\b{long}(?=,|$)", short, address)
    return replace(record, address=address)


def postcode_without_space(record: Record, scene: Scene) -> Record:
    """The postcode is written without its space."""
    return replace(record, postcode=record.postcode.replace(" ", ""))


def accents_lost(record: Record, scene: Scene) -> Record:
    """The names are written in plain letters."""
    return replace(
        record,
        given=without_accents(record.given),
        middle=without_accents(record.middle),
        surname=without_accents(record.surname),
    )


def surname_upper_case(record: Record, scene: Scene) -> Record:
    """The surname is written in capitals."""
    return replace(record, surname=record.surname.upper())


_FUNCTIONS: dict[str, Callable[[Record, Scene], Record]] = {
    function.__name__: function
    for function in (
        moved_house, married_name, nickname, middle_name_in_one, phonetic_variant, names_swapped,
        day_month_swapped, year_digit_wrong, birth_date_partial, birth_date_missing,
        postcode_missing, sex_missing, address_other_form, postcode_without_space, accents_lost,
        surname_upper_case,
    )
}  # fmt: skip

_SLIPS: dict[str, Callable[[str, Draw], str]] = {
    slip.__name__: slip
    for slip in (
        slips.insert_letter, slips.delete_letter, slips.neighbour_key, slips.transpose_letters,
    )
}  # fmt: skip


def _slip(record: Record, draw: Draw, name: str, part: str) -> Record:
    slip = _SLIPS[name]
    if part == "place":
        if draw.chance(0.8):
            return replace(record, address=slip(record.address, draw))
        return replace(record, town=slip(record.town, draw))
    if draw.chance(0.5):
        return replace(record, given=slip(record.given, draw))
    return replace(record, surname=slip(record.surname, draw))
