"""A department's copy of a person, before it is written in that department's forms."""

from __future__ import annotations

from dataclasses import dataclass

from .people import Person

__all__ = ["Record", "copy_of", "without_accents"]

_ACCENTED = "áàâäãåçéèêëğíìîïñńóòôöõøśşúùûüýżźąćęłıčšžÁÀÂÄÃÅÇÉÈÊËĞÍÌÎÏÑŃÓÒÔÖÕØŚŞÚÙÛÜÝŻŹĄĆĘŁİČŠŽ"
_PLAIN = "aaaaaaceeeegiiiinnoooooossuuuuyzzacelicszAAAAAACEEEEGIIIINNOOOOOOSSUUUUYZZACELICSZ"
_FOLD = str.maketrans(_ACCENTED, _PLAIN)


@dataclass(frozen=True)
class Record:
    """What one department holds on one person; an empty text or None is a missing value."""

    given: str
    middle: str
    surname: str
    year: int | None
    month: int | None
    day: int | None
    sex: str
    address: str
    town: str
    postcode: str

    @property
    def given_names(self) -> str:
        """The given name, and the middle name where the department has written it down."""
        return f"{self.given} {self.middle}".strip()


def copy_of(person: Person) -> Record:
    """Return the record that a careful clerk would write about a person."""
    return Record(
        given=person.given,
        middle=person.middle if person.middle_written else "",
        surname=person.surname,
        year=person.birth.year,
        month=person.birth.month,
        day=person.birth.day,
        sex=person.sex,
        address=person.home.address,
        town=person.home.town,
        postcode=person.home.postcode,
    )


def without_accents(text: str) -> str:
    """Return the text with every accented letter of the name lists replaced by its plain one."""
    return text.translate(_FOLD)
