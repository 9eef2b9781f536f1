"""Dates of a whole column at a time: a kernel reads the plain ones, and the rest are read one by one.

A plain date has eight digits, or three runs of one to four digits with one of ``-/.`` between them. Everything else
(times, months in letters, question marks, parts cut off) and every date that can't be read goes through the definition,
:class:`pprl.tables.dates.DateFormat`; property tests hold the two equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pprl.base.arrays import Int64s
from pprl.base.compiled import kernel
from pprl.party.reading.normalise import normaliser
from pprl.tables.dates import COMMON, FIRST_YEAR, LAST_YEAR, DateFormat
from pprl.tables.texts import Texts

__all__ = ["normalise_dates", "recognise_dates"]

_WIDTH = 10  # YYYY-MM-DD
_OTHER = -2
"""Code of a value that is not a plain date."""

_UNREADABLE = -1
"""Code of a plain date that is out of range."""

_PLACES = {"YYYY": 0, "MM": 1, "DD": 2}


def normalise_dates(values: Texts, date_format: DateFormat) -> Texts:
    """Return the normal forms of dates, in order.

    Twin: :func:`pprl.party.reading.normalise.normaliser`.
    """
    codes = _plain_dates(values, date_format)
    forms = np.empty((len(values), _WIDTH), np.uint8)
    lengths = np.zeros(len(values), np.int64)
    _spell(codes, forms, lengths)
    offsets = np.zeros(len(values) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    texts = Texts(forms[lengths > 0].reshape(-1), offsets)
    odd = codes < 0
    if not odd.any():
        return texts
    rule = normaliser("date", date_format)
    return texts.replaced(odd, [rule(value) for value in values.picked(odd)])


def recognise_dates(values: Texts) -> list[DateFormat]:
    """Return the formats that read the most of these values, blank ones left out.

    Twin: :func:`pprl.tables.dates.recognise_format`.

    Args:
        values: the distinct values of one column.
    """
    formats = [DateFormat(spec) for spec in COMMON]
    codes = np.stack([_plain_dates(values, item) for item in formats])
    other = (codes == _OTHER).any(axis=0)
    plain = codes[:, ~other]
    parsed = [
        [item.parse(value) for item in formats] for value in values.picked(other) if value.strip()
    ]
    counts = (plain >= 0).sum(axis=1) + np.array(
        [sum(row[at] is not None for row in parsed) for at in range(len(formats))]
    )
    best = int(counts.max())
    found = [at for at in range(len(formats)) if counts[at] == best and best > 0]
    if len(found) > 1:
        alike = bool((plain[found] == plain[found[0]]).all())
        if alike and all(len({row[at] for at in found}) == 1 for row in parsed):
            found = found[:1]
    return [formats[at] for at in found]


def _plain_dates(values: Texts, date_format: DateFormat) -> Int64s:
    """Return ``year * 10,000 + month * 100 + day`` of each plain date, ``int64[n]``; below 0 for other values."""
    order: Sequence[str] = date_format.order
    places = np.array([_PLACES[part] for part in order], np.int64)
    codes = np.empty(len(values), np.int64)
    _parse(values.data, values.offsets, places, codes)
    return codes


@kernel
def _in_range(part: Any, number: Any, width: Any) -> Any:
    if part == 0:
        return width == 4 and FIRST_YEAR <= number <= LAST_YEAR
    return width <= 2 and 1 <= number <= (12 if part == 1 else 31)


@kernel
def _parse(data: Any, offsets: Any, places: Any, codes: Any) -> None:
    parts = np.empty(3, np.int64)
    numbers = np.empty(3, np.int64)
    widths = np.empty(3, np.int64)
    for value in range(len(codes)):
        start, stop = offsets[value], offsets[value + 1]
        numbers[:] = 0
        widths[:] = 0
        piece = 0
        # From three runs of one digit to three of four digits, and two separators.
        good = 5 <= stop - start <= 14
        glued = stop - start == 8
        if glued:  # eight digits and nothing else are cut at the widths of the parts
            for place in range(start, stop):
                glued = glued and 48 <= data[place] <= 57
        if glued:
            place = start
            for piece in range(3):
                widths[piece] = 4 if places[piece] == 0 else 2
                for _ in range(widths[piece]):
                    numbers[piece] = numbers[piece] * 10 + (np.int64(data[place]) - 48)
                    place += 1
        elif good:
            for place in range(start, stop):
                byte = np.int64(data[place])
                if 48 <= byte <= 57:
                    numbers[piece] = numbers[piece] * 10 + (byte - 48)
                    widths[piece] += 1
                elif (byte == 45 or byte == 46 or byte == 47) and piece < 2 and widths[piece]:
                    piece += 1
                else:
                    good = False
                    break
            for number in range(3):
                good = good and 1 <= widths[number] <= 4
        if not (good or glued):
            codes[value] = _OTHER
            continue
        codes[value] = 0
        for piece in range(3):
            number, width = numbers[piece], widths[piece]
            if number == 0 and width != 3:  # 0, 00 and 0000 stand for a missing part
                parts[places[piece]] = 0
            elif _in_range(places[piece], number, width):
                parts[places[piece]] = number
            else:
                codes[value] = _UNREADABLE
        if codes[value] == 0:
            codes[value] = parts[0] * 10000 + parts[1] * 100 + parts[2]


@kernel
def _spell(codes: Any, forms: Any, lengths: Any) -> None:
    """Write the normal forms; a date without any part is missing and gets none."""
    for value in range(len(codes)):
        code = codes[value]
        if code <= 0:
            continue
        lengths[value] = _WIDTH
        for place in range(_WIDTH - 1, -1, -1):
            if place == 4 or place == 7:
                forms[value, place] = 45
            else:
                forms[value, place] = 48 + code % 10
                code //= 10
