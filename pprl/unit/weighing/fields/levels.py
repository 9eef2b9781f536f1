"""Levels of agreement of two filters of one field, and the kernels that find them.

Level 0: a value is missing, which says nothing. 1: they differ. Then rising similarity (:data:`CUTS`), and last exact
agreement, one level a band of frequency. The Dice coefficient of two filters is that of their q-grams, lifted a little
by chance collisions; the cuts stand for about one slip in a long, a middling and a short value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pprl.base.arrays import Bytes, Int32s, Int64s, Words
from pprl.base.threads import in_threads
from pprl.kernels.packed import kernel, word_popcount
from pprl.unit.weighing.fields.values import FieldValues

__all__ = [
    "CUTS",
    "DIFFERENT",
    "EXACT",
    "MISSING",
    "Columns",
    "Levels",
    "columns",
    "level_count",
    "level_of",
    "level_rows",
    "pair_levels",
]

CUTS = (0.55, 0.65, 0.75, 0.87)
"""Dice coefficients from which two filters that are not equal are similar, in four degrees. Chosen; how sensitive the
results are to the values was not measured, but without similar levels F1 falls by 0.01 to 0.05 (``make
bench-ablation``)."""

MISSING = 0
DIFFERENT = 1
"""The first two levels; similar values follow."""

EXACT = 2 + len(CUTS)
"""The first level of exact agreement: on the most common values."""

_CHUNK = 256
"""Values compared at a time. Chosen; how sensitive the speed is was not measured. Results never depend on it."""

_PAIRS = 1 << 18
"""Pairs that a thread takes at a time. Chosen; not sensitive: results never depend on it."""

Levels = Bytes
"""Levels of agreement."""


def level_count(field: FieldValues) -> int:
    """Return the number of levels of a field, the missing one included."""
    return EXACT + field.bands


@dataclass(frozen=True, kw_only=True, eq=False)
class Columns:
    """All fields side by side, as the kernels need them: values are numbered through all fields.

    Attributes:
        words: ``uint64[words, values]``, word-major.
        bits: ``int32[values]``.
        exact: ``uint8[values]``: level of exact agreement on the value; 0 for the missing ones.
        starts: ``int64[fields + 1]``: where each field's values begin.
        ids: for each file ``int32[fields, records]``.
    """

    words: Words
    bits: Int32s
    exact: Levels
    starts: Int64s
    ids: tuple[Int32s, ...]


def columns(fields: Sequence[FieldValues]) -> Columns:
    """Lay the fields side by side."""
    starts = np.cumsum([0] + [len(field) for field in fields])
    exact = np.concatenate([EXACT + field.band for field in fields]).astype(np.uint8)
    exact[starts[:-1]] = MISSING
    return Columns(
        words=np.ascontiguousarray(np.concatenate([field.words for field in fields]).T),
        bits=np.concatenate([field.bits for field in fields]),
        exact=exact,
        starts=starts.astype(np.int64),
        ids=tuple(
            np.stack([f.ids[number] + s for f, s in zip(fields, starts[:-1], strict=True)]).astype(
                np.int32
            )
            for number in range(len(fields[0].ids))
        ),
    )


@kernel
def level_of(common: Any, total: Any) -> int:
    """Give the level of two values that differ, from their common bits and the sum of their popcounts."""
    twice = 2.0 * np.float64(common)
    level = DIFFERENT
    for cut in CUTS:
        level += int(twice >= cut * np.float64(total))
    return level


@kernel
def level_rows(
    words: Words,
    bits: Int32s,
    exact: Levels,
    value: int,
    start: int,
    end: int,
    row: Levels,
) -> None:
    """Write the level of agreement of one value with each value of its field to ``row[start:end]``.

    Twin: :func:`slow_level_rows`.
    """
    common = np.empty(_CHUNK, np.int32)
    if bits[value] == 0:
        row[start:end] = MISSING
        return
    for first in range(start, end, _CHUNK):
        size = min(_CHUNK, end - first)
        common[:] = 0
        for w in range(words.shape[0]):
            word = words[w, value]
            for k in range(size):
                common[k] += np.int32(word_popcount(word & words[w, first + k]))
        for k in range(size):
            total = np.float64(bits[value] + bits[first + k])
            twice = 2.0 * common[k]
            row[first + k] = np.uint8(
                1
                + (twice >= CUTS[0] * total)
                + (twice >= CUTS[1] * total)
                + (twice >= CUTS[2] * total)
                + (twice >= CUTS[3] * total)
            )
    row[start] = MISSING
    row[value] = exact[value]


@kernel
def _pair_levels(
    words: Words,
    bits: Int32s,
    exact: Levels,
    one: Int32s,
    other: Int32s,
    left: Int64s,
    right: Int64s,
    made: Levels,
) -> None:
    for pair in range(len(left)):
        for f in range(one.shape[0]):
            a, b = one[f, left[pair]], other[f, right[pair]]
            if bits[a] == 0 or bits[b] == 0:
                made[pair, f] = MISSING
            elif a == b:
                made[pair, f] = exact[a]
            else:
                common = np.uint64(0)
                for w in range(words.shape[1]):
                    common += word_popcount(words[a, w] & words[b, w])
                made[pair, f] = level_of(common, bits[a] + bits[b])


def pair_levels(table: Columns, a: int, b: int, left: Int64s, right: Int64s) -> Levels:
    """Return ``uint8[pairs, fields]``: the levels of given pairs.

    Twin: :func:`slow_pair_levels`.

    Args:
        table: the fields.
        a, b: numbers of the two files.
        left, right: ``int64[pairs]``, rows of the two files.
    """
    made = np.empty((len(left), len(table.starts) - 1), np.uint8)
    rows = np.ascontiguousarray(table.words.T)

    def work(start: int) -> None:
        part = slice(start, start + _PAIRS)
        _pair_levels(
            rows,
            table.bits,
            table.exact,
            table.ids[a],
            table.ids[b],
            left[part],
            right[part],
            made[part],
        )

    in_threads(work, range(0, len(left), _PAIRS))
    return made
