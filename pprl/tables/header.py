"""Is a first row a header? It may hold a person, so a file is refused that gives too little reason to think so.

A first row without anything like data (a number, a date, an address with ``@``, two ids or postcodes) is a header. So
is one whose only such cells are names as surveys have them (``V001``, ``2021``), if the rows below show it: no column
goes on like its name, and other names are words for columns, or of another kind than all that stands below them. A row
of people has neither.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

__all__ = ["LOOK_AT", "data_column", "loose_name"]

LOOK_AT = 200
"""Rows below the first that are looked at; chosen, not sensitive: a column shows what it holds in a few of them."""

_DATA = re.compile(r"[\d\W]*\d[\d\W]*")
"""A number, a date, a telephone number: no letter in it."""
_MIXED = re.compile(r"[A-Za-z]{0,4}[- ]?\d{3,}|[A-Za-z]{1,2}\d[A-Za-z\d]? ?\d[A-Za-z]{2}")
"""An id such as H0089654, or a postcode."""
_CODE = re.compile(r"[A-Za-z]{1,4}\d{3,5}")
"""Of the same form: the name of a survey's variable, such as V001 or ER30001."""
_YEAR = re.compile(r"(?:19|20)\d\d")
_CODED = re.compile(r"[A-Za-z]{1,4}[- ]?\d")
"""How a value begins that is formed like a variable's name: what a column of ids or postcodes holds."""
_CONTRASTS, _CONTRAST_ROWS = 2, 10
"""Names of another kind than so many rows below; chosen: one may be a house's among numbers."""
_SHORT = 3
"""Letters up to which a word is an abbreviation, and may be of something else: ID is Idaho."""

_WORDS = frozenset([
    "recid", "recordid", "personid", "patientid", "pupilid", "caseid", "respid", "respondentid", "participantid",
    "idno", "hhid", "householdid", "serialno", "name", "surname", "lastname", "familyname", "forename", "firstname",
    "givenname", "middlename", "fullname", "dateofbirth", "birthdate", "gender", "postcode", "postalcode", "zipcode",
    "emailaddress", "phonenumber", "telephonenumber", "vorname", "nachname", "geburtsdatum", "geschlecht", "prénom",
    "prenom", "datedenaissance", "apellido", "apellidos", "cognome", "imię", "imie", "nazwisko", "voornaam",
    "achternaam", "förnamn", "efternamn", "fornavn", "etternavn",
])  # fmt: skip
"""Words that stand above columns and hardly ever in them; as :func:`loose_name` gives them."""
_NUMBERED = frozenset([
    "id", "ids", "pid", "uid", "dob", "no", "nr", "ref", "key", "number", "code", "serial", "record", "case", "person",
    "patient", "pupil", "student", "respondent", "participant", "member", "household", "age", "year",
])  # fmt: skip
"""Likewise, but a value too in some columns: they count above a column whose every value has a digit."""


def loose_name(name: str) -> str:
    """Return a column's name without regard to case, spaces, hyphens and underscores."""
    return "".join(ch for ch in name.lower() if ch.isalnum())


def data_column(
    names: Sequence[str], rows: Sequence[Sequence[str]], known: Collection[str] = ()
) -> int:
    """Return the first column (from 1) for which the first row looks like data, or 0 for a header.

    Args:
        names: the cells of the first row, without spaces around them.
        rows: some rows below it.
        known: names that the user, or an agreement, has for columns. One of them in the first row speaks for a header.
    """
    data = [at for at, name in enumerate(names) if _is_data(name)]
    mixed = [at for at, name in enumerate(names) if _MIXED.fullmatch(name)]
    if not data and len(mixed) < 2:
        return 0
    doubtful = {*data, *mixed}
    below = [
        [cell for row in rows if at < len(row) and (cell := row[at].strip())]
        for at in range(len(names))
    ]
    if (
        all(names)
        and len(set(names)) == len(names)
        and all(_names_a_variable(names[at], below[at]) for at in doubtful)
        and _speaks_for_names(names, below, {loose_name(name) for name in known})
    ):
        return 0
    return (data or mixed)[0] + 1


def _is_data(name: str) -> bool:
    return bool(name) and (bool(_DATA.fullmatch(name)) or "@" in name)


def _names_a_variable(name: str, below: Sequence[str]) -> bool:
    """Say whether a cell like data has the form of a variable's name, and stands above something else."""
    if _CODE.fullmatch(name):
        return not any(_CODED.match(cell) for cell in below)
    years = sum(1 for cell in below if _YEAR.fullmatch(cell))
    # Some amounts are like years, too; years of birth nearly all are.
    return bool(_YEAR.fullmatch(name)) and (not years or 2 * years < len(below))


def _speaks_for_names(
    names: Sequence[str], below: Sequence[Sequence[str]], known: Collection[str]
) -> bool:
    contrasts = 0
    for name, cells in zip(names, below, strict=True):
        if _DATA.fullmatch(name):
            continue
        loose = loose_name(name)
        numbered = bool(cells) and all(any(ch.isdigit() for ch in cell) for cell in cells)
        if loose in _NUMBERED or (loose in known and len(loose) <= _SHORT):
            word = numbered
        else:
            word = loose in known or loose in _WORDS
        if word and all(loose_name(cell) != loose for cell in cells):
            return True
        contrasts += len(cells) >= _CONTRAST_ROWS and _contrasts(name, cells)
    return contrasts >= _CONTRASTS


def _contrasts(name: str, below: Sequence[str]) -> bool:
    """Say whether a name has letters and nothing below has, or digits among its letters and nothing below has any."""
    if not any(ch.isalpha() for cell in below for ch in cell):
        return True
    return bool(_CODE.fullmatch(name)) and not any(ch.isdigit() for cell in below for ch in cell)
