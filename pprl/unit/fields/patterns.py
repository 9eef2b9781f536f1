"""How often each pattern of levels occurs among all pairs of some records: what the mixture is fitted to.

No pair is left out, so that nothing has to be said about what blocking would hide: a sample of one file's records meets
every record of the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pprl.threads import Progress, in_threads
from pprl.unit.fields.levels import DIFFERENT, Columns, level_rows, pair_levels
from pprl.unit.lanes import kernel

__all__ = ["Patterns", "count_patterns", "join_patterns"]

_TABLE = 1 << 14
_FULL = 0.6
_ROWS = 16

Int64s = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Patterns:
    """Distinct patterns and their counts.

    Attributes:
        levels: ``uint8[patterns, fields]``.
        count: ``float64[patterns]``: pairs with this pattern.
    """

    levels: npt.NDArray[np.uint8]
    count: npt.NDArray[np.float64]

    @property
    def pairs(self) -> float:
        """Number of pairs counted."""
        return float(self.count.sum())


@kernel
def _slot(code: Any, mask: int) -> int:
    mixed = (code ^ (code >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return np.int64((mixed ^ (mixed >> np.uint64(32))) & np.uint64(mask))  # type: ignore[return-value]  # numba's int


@kernel
def _grow(keys: Words, counts: Int64s, pairs: Int64s) -> tuple[Words, Int64s, Int64s]:
    size = 4 * len(keys)
    new_keys, new_counts = np.zeros(size, np.uint64), np.zeros(size, np.int64)
    new_pairs = np.zeros((size, 2), np.int64)
    for old in range(len(keys)):
        if counts[old] == 0:
            continue
        at = _slot(keys[old], size - 1)
        while new_counts[at] != 0:
            at = (at + 1) & (size - 1)
        new_keys[at], new_counts[at] = keys[old], counts[old]
        new_pairs[at, 0], new_pairs[at, 1] = pairs[old, 0], pairs[old, 1]
    return new_keys, new_counts, new_pairs


@kernel
def _count(
    words: Words,
    bits: npt.NDArray[np.int32],
    exact: npt.NDArray[np.uint8],
    starts: Int64s,
    one: npt.NDArray[np.int32],
    other: npt.NDArray[np.int32],
    rows: Int64s,
    factors: Words,
    exclude_self: bool,
) -> tuple[Words, Int64s, Int64s]:
    """Count patterns by a number for each (a sum of random odd factors), with one pair that shows it."""
    keys, counts = np.zeros(_TABLE, np.uint64), np.zeros(_TABLE, np.int64)
    pairs = np.zeros((_TABLE, 2), np.int64)
    used = 0
    records = other.shape[1]
    codes = np.empty(records, np.uint64)
    row = np.empty(len(bits), np.uint8)
    usual, counted = np.uint64(0), 0
    usual_pair = np.zeros(2, np.int64)
    for f in range(len(starts) - 1):
        usual += np.uint64(DIFFERENT) * factors[f]
    for a in rows:
        codes[:] = 0
        for f in range(len(starts) - 1):
            level_rows(words, bits, exact, one[f, a], starts[f], starts[f + 1], row)
            for b in range(records):
                codes[b] += np.uint64(row[other[f, b]]) * factors[f]
        for b in range(records):
            if codes[b] == usual:  # most pairs differ in everything
                counted += 1
                usual_pair[0], usual_pair[1] = a, b
                continue
            if exclude_self and a == b:
                continue
            at = _slot(codes[b], len(keys) - 1)
            while counts[at] != 0 and keys[at] != codes[b]:
                at = (at + 1) & (len(keys) - 1)
            if counts[at] == 0:
                keys[at] = codes[b]
                pairs[at, 0], pairs[at, 1] = a, b
                used += 1
            counts[at] += 1
            if used > _FULL * len(keys):
                keys, counts, pairs = _grow(keys, counts, pairs)
    at = _slot(usual, len(keys) - 1)
    while counts[at] != 0:
        at = (at + 1) & (len(keys) - 1)
    keys[at], counts[at] = usual, counted
    pairs[at, 0], pairs[at, 1] = usual_pair[0], usual_pair[1]
    return keys, counts, pairs


def count_patterns(
    table: Columns, a: int, b: int, rows: Int64s, *, progress: Progress | None = None
) -> Patterns:
    """Count the patterns of some records of file `a` with every record of file `b`.

    Args:
        table: the fields.
        a, b: numbers of the files; the same one: a record is not compared with itself.
        rows: records of `a`.
        progress: called with the share done.
    """
    fields = len(table.starts) - 1
    factors = np.random.default_rng(1).integers(0, 1 << 63, fields, dtype=np.uint64) * 2 + 1
    tiles = [rows[start : start + _ROWS] for start in range(0, len(rows), _ROWS)]
    parts = in_threads(
        lambda tile: _taken(
            _count(
                table.words,
                table.bits,
                table.exact,
                table.starts,
                table.ids[a],
                table.ids[b],
                tile,
                factors,
                a == b,
            )
        ),
        tiles,
        progress=progress,
    )
    keys = np.concatenate([np.zeros(0, np.uint64), *(part[0] for part in parts)])
    counts = np.concatenate([np.zeros(0, np.int64), *(part[1] for part in parts)])
    pairs = np.concatenate([np.zeros((0, 2), np.int64), *(part[2] for part in parts)])
    _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    shown = pairs[first]
    return Patterns(
        levels=pair_levels(table, a, b, shown[:, 0].copy(), shown[:, 1].copy()),
        count=np.bincount(place.ravel(), weights=counts, minlength=len(first)).astype(np.float64),
    )


def _taken(found: tuple[Words, Int64s, Int64s]) -> tuple[Words, Int64s, Int64s]:
    keys, counts, pairs = found
    used = counts > 0
    return keys[used], counts[used], pairs[used]


def join_patterns(parts: list[Patterns]) -> Patterns:
    """Return the patterns of several counts together."""
    levels = np.concatenate([part.levels for part in parts])
    distinct, place = np.unique(levels, axis=0, return_inverse=True)
    count = np.concatenate([part.count for part in parts])
    return Patterns(
        levels=distinct,
        count=np.bincount(place.ravel(), weights=count, minlength=len(distinct)).astype(np.float64),
    )
