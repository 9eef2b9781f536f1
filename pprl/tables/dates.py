"""Dates as three parts, each of which may be missing: a date that lacks one part keeps the other two (SPEC.md, 5.3).

A format such as ``DD/MM/YYYY``, ``YYYY-MM-DD``, ``DDMMYYYY`` or ``DD MON YYYY`` fixes the order of the parts. The
separators in the values may differ from it, and a time after the date is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from pprl.base.errors import UsageError

__all__ = ["COMMON", "FIRST_YEAR", "LAST_YEAR", "DateFormat", "DateParts", "recognise_format"]

COMMON = ("YYYY-MM-DD", "DD/MM/YYYY", "MM/DD/YYYY")
"""The formats that are recognised without being told, in order of preference."""

FIRST_YEAR, LAST_YEAR = 1000, 2999
"""Other years can't be read (SPEC.md, section 5.3)."""

_MONTH_NAMES = (
    "jan january", "feb february", "mar march", "apr april", "may", "jun june",
    "jul july", "aug august", "sep sept september", "oct october", "nov november", "dec december",
)  # fmt: skip
_MONTHS = {
    name: number for number, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()
}
_TIME = re.compile(r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$", re.ASCII)
_GLUED = re.compile(r"^([0-9]+)([a-z]+)([0-9]+)$", re.IGNORECASE | re.ASCII)
_SPLIT = re.compile(r" *[-/.,] *| +")
_DASHES = re.compile(r"(?<![0-9A-Za-z])-{2,4}(?![0-9A-Za-z])")
_UNKNOWN = frozenset(["", "0", "00", "0000", "?", "??", "????", "xx", "xxxx"])
_YEAR_FIRST = ("YYYY", "MM", "DD")
_ISO = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", re.ASCII)
_FULL_YEAR_FIRST = re.compile(r"^[1-9][0-9]{3}[-/.][0-9]{1,2}[-/.][0-9]{1,2}$", re.ASCII)
_SPEC = re.compile(r"^(YYYY|MM|MON|DD)([-/. ]?)(YYYY|MM|MON|DD)\2(YYYY|MM|MON|DD)$")


class DateParts(NamedTuple):
    """Year, month and day; 0 where the part is missing."""

    year: int
    month: int
    day: int

    def text(self) -> str:
        """Return ``YYYY-MM-DD`` with zeros for missing parts."""
        return f"{self.year:04d}-{self.month:02d}-{self.day:02d}"


@dataclass(frozen=True)
class DateFormat:
    """The order in which a file writes the parts of a date.

    Attributes:
        spec: as the user writes it, for example ``DD/MM/YYYY``.

    Raises:
        UsageError: ``spec`` is no such order.
    """

    spec: str

    def __post_init__(self) -> None:
        match = _SPEC.match(self.spec)
        order = {"MON": "MM"}
        if match is None or {order.get(match[i], match[i]) for i in (1, 3, 4)} != {
            "YYYY",
            "MM",
            "DD",
        }:
            raise UsageError(
                f"{self.spec!r} is not a date format",
                hint="Write the order of the parts, for example DD/MM/YYYY, YYYY-MM-DD, DDMMYYYY or DD MON YYYY.",
            )
        object.__setattr__(self, "_order", tuple(order.get(match[i], match[i]) for i in (1, 3, 4)))

    @property
    def order(self) -> tuple[str, str, str]:
        """The parts in the order in which they are written."""
        found: tuple[str, str, str] = self._order  # type: ignore[attr-defined]
        return found

    def parse(self, text: str, *, salvage: bool = False) -> DateParts | None:
        """Return the parts of a date, or None if the text is no date of this format.

        A part is missing if it is written as zeros, as question marks or not at all, or if it is cut off (``1987-07``,
        ``07/1987``, ``1987``).

        Args:
            text: the date exactly as in the file.
            salvage: count a part that is out of range (month 13) as missing instead of refusing the date.
        """
        text = text.strip()
        if ":" in text:
            text = _TIME.sub("", text)
        order: Sequence[str] = self.order
        if order == _YEAR_FIRST and _ISO.match(text):  # a shortcut for the usual form
            pieces = [text[:4], text[5:7], text[8:]]
        elif len(text) == 8 and text.isascii() and text.isdigit():
            pieces, at = [], 0
            for part in order:
                width = 4 if part == "YYYY" else 2
                pieces.append(text[at : at + width])
                at += width
        else:
            glued = _GLUED.match(text)  # 04JUL1987
            pieces = list(glued.groups()) if glued else _SPLIT.split(_DASHES.sub("?", text))
            if len(pieces) == 2:
                order = [part for part in order if part != "DD"]
            elif len(pieces) == 1:
                order = ["YYYY"]
            elif len(pieces) != 3:
                return None
        found = {"YYYY": 0, "MM": 0, "DD": 0}
        for part, piece in zip(order, pieces, strict=True):
            value = _part(part, piece)
            if value is None and not salvage:
                return None
            found[part] = value or 0
        return DateParts(found["YYYY"], found["MM"], found["DD"])


@lru_cache(maxsize=8192)  # chosen; not sensitive: dates have some thousand different parts
def _part(part: str, piece: str) -> int | None:
    piece = piece.lower()
    if piece in _UNKNOWN:
        return 0
    if part == "MM" and piece in _MONTHS:
        return _MONTHS[piece]
    if not (piece.isascii() and piece.isdigit()):
        return None
    value = int(piece)
    if part == "YYYY":
        return value if len(piece) == 4 and FIRST_YEAR <= value <= LAST_YEAR else None
    limit = 12 if part == "MM" else 31
    return value if len(piece) <= 2 and 1 <= value <= limit else None


def recognise_format(values: Iterable[str]) -> list[DateFormat]:
    """Return those of :data:`COMMON` that read the most values; if several, the values don't tell which is right.

    Formats that read every value alike count as one.

    Args:
        values: distinct, non-empty values of one column.
    """
    values = list(values)
    formats = [DateFormat(spec) for spec in COMMON]
    # No other format can read a value that begins with a year of four digits and has two more parts.
    year_first = [value for value in values if _FULL_YEAR_FIRST.match(value)]
    others = [value for value in values if not _FULL_YEAR_FIRST.match(value)]
    counts = [
        sum(1 for value in others + year_first * (item.order == _YEAR_FIRST) if item.parse(value))
        for item in formats
    ]
    best = max(counts, default=0)
    found = [
        item for item, count in zip(formats, counts, strict=True) if count == best and best > 0
    ]
    if len(found) > 1 and all(_same(found, value) for value in values):
        return found[:1]
    return found


def _same(formats: Sequence[DateFormat], value: str) -> bool:
    return len({item.parse(value) for item in formats}) == 1
