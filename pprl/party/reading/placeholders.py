"""Customary placeholders: what files commonly hold where there is no value, such as a default date.

The list is a file of this room, version 1 (``placeholders_v1.tsv``). It only ever draws a warning, or an entry of a
drafted column map that a person reads: a surname Null is a surname. Values are compared in their normal forms, so that
case, accents, punctuation and a file's way of writing dates make no difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pprl.base.arrays import Bools, Int64s
from pprl.party.reading.folding import fold
from pprl.party.reading.normalise import UNREADABLE, normaliser
from pprl.party.reading.normalise_column import normalise_texts
from pprl.tables.texts import Texts

__all__ = ["Customary", "Entries", "customary"]

_GROUPS = {
    "names": ("given-name", "surname", "full-name"),
    "others": ("address", "locality", "postcode", "phone", "email", "identifier", "date", "sex"),
}
_FEWEST, _SHARE = 3, 0.001
"""Rows, and their share of the values, from which a placeholder that may be a real value is taken for one. Chosen: the
surname Null and the given name Nan are rarer, and no day of birth holds a tenth of this share of a population."""
_MONTHS = {"01": "jan", "12": "dec"}
_MIDNIGHT = ("", " 00 00", " 00 00 00", "t00 00 00")

Entries = npt.NDArray[np.int64]


class Customary:
    """The placeholders of one field type, numbered from 1; 0 stands for all other values.

    Args:
        kind: the field type.
    """

    def __init__(self, kind: str) -> None:
        forms: dict[str, int] = {}
        words: dict[str, int] = {}
        sure = [False]
        for number, (value, certain) in enumerate(_values(kind), start=1):
            sure.append(certain)
            if kind == "date" and value[:4].isdigit():
                forms.setdefault(value, number)
                for spelling in _spellings(value):
                    words.setdefault(spelling, number)
                continue
            words.setdefault(fold(value), number)
            form = "" if kind == "date" else normaliser(kind)(value)
            if form and not form.startswith(UNREADABLE):
                forms.setdefault(form, number)
        self._sure = np.array(sure)
        self._forms, self._words = _Numbered(forms), _Numbered(words)

    def find(self, forms: Texts) -> Entries:
        """Return the numbers of normal forms, ``int64[n]``."""
        return self._forms.find(forms)

    def find_written(self, values: Texts) -> Entries:
        """Return the numbers of values as the file has them: of those that the type's rule can't read, and of dates."""
        return self._words.find(normalise_texts(values, "locality"))

    def count(self, entries: Entries, rows: Int64s) -> Int64s:
        """Return how many rows hold each placeholder, by its number; nothing is counted for number 0.

        Args:
            entries: the numbers of distinct values.
            rows: ``int64[n]``, how many rows hold each value.
        """
        counts = np.zeros(len(self._sure), np.int64)
        np.add.at(counts, entries, rows)
        counts[0] = 0
        return counts

    def accepted(self, counts: Int64s, values: int) -> Bools:
        """Return which placeholders stand for missing values in a file, by their numbers.

        Some are never a real value (``unknown``). The others are names, or days on which somebody may be born, and have
        to be too common for that: three rows at least, and more than one in a thousand.

        Args:
            counts: rows with each placeholder, as :meth:`count` returns them.
            values: rows with any value.
        """
        common = (counts >= _FEWEST) & (counts > _SHARE * values)
        return (counts > 0) & (self._sure | common)


class _Numbered:
    """Texts and their numbers."""

    def __init__(self, numbers: dict[str, int]) -> None:
        self._texts = pa.array(list(numbers), pa.large_string())
        self._numbers = np.array([0, *numbers.values()], np.int64)

    def find(self, texts: Texts) -> Entries:
        places = pc.index_in(texts.arrow(), self._texts).fill_null(-1)
        return self._numbers[places.to_numpy(zero_copy_only=False) + 1]


@cache
def customary(kind: str) -> Customary:
    """Return the placeholders of a field type."""
    return Customary(kind)


def _values(kind: str) -> Iterator[tuple[str, bool]]:
    """Give the values of a type, and whether each is surely no real one; the first line of a value counts."""
    text = files("pprl.party.reading").joinpath("placeholders_v1.tsv").read_text(encoding="utf-8")
    for line in text.split("\n")[1:]:
        if not line:
            continue
        types, value, times, standing = line.split("\t")
        named = [name for item in types.split(" ") for name in _GROUPS.get(item, (item,))]
        if kind not in named and types != "any":
            continue
        least, _, most = (times or "1-1").partition("-")
        for number in range(int(least), int(most) + 1):
            yield value * number, standing == "sure"


def _spellings(date: str) -> Iterator[str]:
    """Give the folded ways of writing a date: year first or last, day or month first, glued, months in letters."""
    year, month, day = date.split("-")
    for parts in ((year, month, day), (day, month, year), (month, day, year)):
        yield from (" ".join(parts) + time for time in _MIDNIGHT)
        yield from (" ".join(part.lstrip("0") for part in parts) + time for time in _MIDNIGHT)
        yield "".join(parts)
    if month in _MONTHS:
        yield f"{day} {_MONTHS[month]} {year}"
        yield f"{day.lstrip('0')} {_MONTHS[month]} {year}"
