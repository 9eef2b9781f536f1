"""One rule for each field type: a value from a file gets its normal form, or is missing, or can't be read.

The rules are version 1 and frozen (SPEC.md, section 5). A normal form is text, its words separated by one space.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pprl.party.reading.folding import fold, translate
from pprl.tables.dates import DateFormat

__all__ = [
    "ADDRESS_WORDS",
    "FULL_NAME_PARTICLES",
    "PHONE_DIGITS",
    "SURNAME_PARTICLES",
    "TITLES",
    "UNREADABLE",
    "normaliser",
]

UNREADABLE = "\0unreadable"
"""Begins the normal form of a value that is present but can't be read; folding never produces it.

What can be saved of the value (the good parts of a date with a month 13) follows the mark.
"""

TITLES = frozenset(["mr", "mrs", "ms", "miss", "dr", "prof", "sir", "dame"])
_SEX: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(
        ["1", "m", "male", "man", "boy", "homme", "masculin", "hombre", "mannlich", "maennlich"],
        "m",
    )
    | dict.fromkeys(
        ["2", "f", "w", "female", "woman", "girl", "femme", "feminin", "mujer", "weiblich"], "f"
    )
    | dict.fromkeys(["3", "x", "d", "other", "divers", "diverse", "nonbinary"], "x")
    | dict.fromkeys(["0", "9", "u", "unknown", "n a", "not known", "not specified"], "")
)
SURNAME_PARTICLES = ("o", "mc", "mac")
FULL_NAME_PARTICLES = ("o", "mc")  # mac may be a given name
PHONE_DIGITS = 9
"""The last digits of a number count: country and trunk codes are written in many ways (SPEC.md, section 5.2)."""
ADDRESS_WORDS: Mapping[str, str] = MappingProxyType({
    "street": "st", "road": "rd", "avenue": "ave", "av": "ave", "drive": "dr", "lane": "ln", "close": "cl",
    "court": "ct", "crescent": "cres", "cr": "cres", "place": "pl", "square": "sq", "terrace": "ter",
    "tce": "ter", "terr": "ter", "gardens": "gdns", "gdn": "gdns", "grove": "gr", "parade": "pde",
    "highway": "hwy", "boulevard": "blvd", "circuit": "cct", "cir": "cct", "saint": "st", "mount": "mt",
    "flat": "unit", "apartment": "unit", "apt": "unit", "north": "n", "south": "s", "east": "e", "west": "w",
    "strasse": "str",
})  # fmt: skip


def _given_name(text: str) -> str:
    return _without_titles(fold(text))


def _surname(text: str) -> str:
    return _join_particles(fold(text), SURNAME_PARTICLES)


def _full_name(text: str) -> str:
    return _join_particles(_without_titles(fold(text)), FULL_NAME_PARTICLES)


def _without_titles(text: str) -> str:
    words = text.split(" ")
    while len(words) > 1 and words[0] in TITLES:
        words = words[1:]
    return " ".join(words)


def _join_particles(text: str, particles: tuple[str, ...]) -> str:
    """Join ``mc donald`` to ``mcdonald`` and ``o brien`` to ``obrien``; a particle at the end stays."""
    if " " not in text:
        return text
    joined: list[str] = []
    glue = ""
    for word in text.split(" "):
        if word in particles and not glue:
            glue = word
            continue
        joined.append(glue + word)
        glue = ""
    if glue:
        joined.append(glue)
    return " ".join(joined)


def _sex(text: str) -> str:
    folded = fold(text)
    return _SEX.get(folded, UNREADABLE) if folded else ""


def _address(text: str) -> str:
    return " ".join([ADDRESS_WORDS.get(word, word) for word in fold(text).split(" ")])


def _compact(text: str) -> str:
    return fold(text).replace(" ", "")


def _phone(text: str) -> str:
    digits = "".join([ch for ch in fold(text) if "0" <= ch <= "9"])
    if not digits:
        return UNREADABLE if fold(text) else ""
    return digits[-PHONE_DIGITS:]


def _email(text: str) -> str:
    local, at, domain = text.strip().rpartition("@")
    if not at:
        return fold(text)
    # `fold` turns dots and hyphens into spaces. In an e-mail address they don't separate words, and people drop them.
    parts = [translate(part).replace(" ", "") for part in (local, domain)]
    return " ".join(part for part in parts if part)


_RULES: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "given-name": _given_name,
        "surname": _surname,
        "full-name": _full_name,
        "sex": _sex,
        "address": _address,
        "locality": fold,
        "postcode": _compact,
        "phone": _phone,
        "email": _email,
        "identifier": _compact,
        "code": fold,
    }
)


def normaliser(kind: str, date_format: DateFormat | None = None) -> Callable[[str], str]:
    """Return the rule of a field type, a function from text to normal form.

    The rule returns ``""`` for a missing value; for one that it can't read, what begins with :data:`UNREADABLE`.

    Args:
        kind: a field type.
        date_format: how the file writes dates; needed for the type ``date``.

    Raises:
        ValueError: a date without its format.
    """
    if kind != "date":
        return _RULES[kind]
    if date_format is None:
        raise ValueError("a date needs its format")

    def date(text: str) -> str:
        if not text.strip():
            return ""
        parts = date_format.parse(text)
        if parts is None:
            saved = date_format.parse(text, salvage=True)
            return UNREADABLE + (saved.text() if saved and any(saved) else "")
        return parts.text() if any(parts) else ""

    return date
