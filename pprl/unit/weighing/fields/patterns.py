"""How often each pattern of levels occurs among all pairs of some records: what the mixture is fitted to.

No pair is left out, so nothing has to be assumed about what blocking would hide: a sample of one file's records meets
every record of the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pprl.base.arrays import Bytes, Floats, Int32s, Int64s, Words
from pprl.base.progress import ShareDone
from pprl.kernels.packed import kernel
from pprl.unit.weighing.fields.levels import DIFFERENT, Columns, pair_levels
from pprl.unit.weighing.fields.search.near import Block, Search, in_blocks

__all__ = ["Patterns", "count_patterns", "join_patterns"]

_TABLE = 1 << 14
"""First size of the hash table of patterns. Chosen; not sensitive: it grows."""

_FULL = 0.6
"""How full the hash table may get before it grows. Chosen; not sensitive: results never depend on it."""

_ROWS = 512
"""Rows of a tile. Chosen; how sensitive the speed is was not measured. Results never depend on it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Patterns:
    """Distinct patterns and their counts.

    Attributes:
        levels: ``uint8[patterns, fields]``.
        count: ``float64[patterns]``: pairs with this pattern.
    """

    levels: Bytes
    count: Floats

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
def _add(
    keys: Words, counts: Int64s, pairs: Int64s, key: Any, more: int, left: int, right: int
) -> int:
    """Count `more` pairs with a key; give 1 if it is a new one, which the pair given then shows."""
    at = _slot(key, len(keys) - 1)
    while counts[at] != 0 and keys[at] != key:
        at = (at + 1) & (len(keys) - 1)
    new = counts[at] == 0
    if new:
        keys[at] = key
        pairs[at, 0], pairs[at, 1] = left, right
    counts[at] += more
    return int(new)


@kernel
def _gain(
    delta: Words,
    touched: Int32s,
    n: int,
    factor: Any,
    values: Int32s,
    levels: Bytes,
    offsets: Int32s,
    records: npt.NDArray[np.uint16],
) -> int:
    """Add a field's levels, beyond that of values that differ, at the records near; list those that had nothing."""
    for near in range(len(values)):
        more = np.uint64(levels[near] - DIFFERENT) * factor
        for at in range(offsets[values[near]], offsets[values[near] + 1]):
            record = records[at]
            if delta[record] == 0:
                touched[n] = record
                n += 1
            delta[record] += more
    return n


@kernel
def _count(
    meet: Words,
    factors: Words,
    kind_a: Int32s,
    parts_a: Int32s,
    places_a: Int64s,
    kind_b: Int32s,
    parts_b: Int32s,
    which: Int32s,
    near_offsets: Int64s,
    near_values: Int32s,
    near_levels: Bytes,
    offsets: Int32s,
    records: npt.NDArray[np.uint16],
    start: int,
) -> tuple[Words, Int64s, Int64s, Words, Int64s, Int64s]:
    """Count the patterns of a tile and a block, by a number for each (a sum of random odd factors).

    Gives the numbers, counts and one pair for each (row of the tile, record of the block) of pairs that are alike in
    some field; then the same, with one pair of classes, of the others. `places_a` are the rows' places among the other
    side's records, so that none meets itself; -1 where there is no such place. The block begins at `start`.
    """
    keys, counts = np.zeros(_TABLE, np.uint64), np.zeros(_TABLE, np.int64)
    pairs = np.zeros((_TABLE, 2), np.int64)
    used = 0
    base = np.zeros((len(parts_a), len(parts_b)), np.uint64)
    alone = np.zeros((len(parts_a), len(parts_b)), np.int64)
    size = len(kind_b)
    of_kind = np.zeros(len(parts_b), np.int64)
    for k in range(size):
        of_kind[kind_b[k]] += 1
    delta, touched = np.zeros(size, np.uint64), np.empty(size, np.int32)
    for a in range(len(kind_a)):
        kind = kind_a[a]
        if a == 0 or kind != kind_a[a - 1]:
            for other in range(len(parts_b)):
                for f in range(len(meet)):
                    base[kind, other] += meet[f, parts_a[kind, f], parts_b[other, f]]
        n = 0
        for f in range(len(factors)):
            listed = which[f, a]
            if listed >= 0:
                near = slice(near_offsets[listed], near_offsets[listed + 1])
                n = _gain(
                    delta,
                    touched,
                    n,
                    factors[f],
                    near_values[near],
                    near_levels[near],
                    offsets,
                    records,
                )
        alone[kind] += of_kind
        own = places_a[a] - start
        if 0 <= own < size:
            alone[kind, kind_b[own]] -= delta[own] == 0
        while used + n > _FULL * len(keys):
            keys, counts, pairs = _grow(keys, counts, pairs)
        for k in range(n):
            b = touched[k]
            alone[kind, kind_b[b]] -= 1
            if b != own:
                key = base[kind, kind_b[b]] + delta[b]
                used += _add(keys, counts, pairs, key, 1, a, b)
            delta[b] = 0
    full = counts > 0
    shown = np.argwhere(alone > 0)
    alone_keys, alone_counts = np.empty(len(shown), np.uint64), np.empty(len(shown), np.int64)
    for k in range(len(shown)):
        alone_keys[k] = base[shown[k, 0], shown[k, 1]]
        alone_counts[k] = alone[shown[k, 0], shown[k, 1]]
    return keys[full], counts[full], pairs[full], alone_keys, alone_counts, shown


def count_patterns(
    table: Columns, a: int, b: int, rows: Int64s, *, progress: ShareDone | None = None
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
    words = np.ascontiguousarray(table.words.T)
    search = Search(table, words, np.ascontiguousarray(table.ids[a][:, rows]), table.ids[b])
    one, other = search.a, search.b
    place = np.full(table.ids[a].shape[1], -1)
    if a == b:
        place[other.order] = np.arange(len(other))
    meet = search.meet * factors[:, None, None]

    def count(block: Block, start: int) -> tuple[Words, Int64s, Bytes]:
        tile = slice(start, min(start + _ROWS, len(one)))
        near = search.near(one.ids[:, tile], block)
        keys, counts, pairs, alone_keys, alone_counts, kinds = _count(
            meet,
            factors,
            one.kind[tile],
            one.parts,
            place[rows[one.order[tile]]],
            block.kind,
            other.parts,
            near.which,
            near.offsets,
            near.values,
            near.levels,
            block.offsets,
            block.records,
            block.start,
        )
        left, right = rows[one.order[start + pairs[:, 0]]], other.order[block.start + pairs[:, 1]]
        parts = zip(one.parts[kinds[:, 0]].T, other.parts[kinds[:, 1]].T, strict=True)
        alone = [search.meet[f, *of_field] for f, of_field in enumerate(parts)]
        return (
            np.concatenate([keys, alone_keys]),
            np.concatenate([counts, alone_counts]),
            np.concatenate([pair_levels(table, a, b, left, right), np.stack(alone, axis=1)]),
        )

    parts = in_blocks(search, count, rows=_ROWS, progress=progress)
    keys = np.concatenate([np.zeros(0, np.uint64), *(part[0] for part in parts)])
    counts = np.concatenate([np.zeros(0, np.int64), *(part[1] for part in parts)])
    levels = np.concatenate([np.zeros((0, fields), np.uint8), *(part[2] for part in parts)])
    _, shown, number = np.unique(keys, return_index=True, return_inverse=True)
    return Patterns(
        levels=levels[shown],
        count=np.bincount(number.ravel(), weights=counts, minlength=len(shown)).astype(np.float64),
    )


def join_patterns(parts: list[Patterns]) -> Patterns:
    """Return the patterns of several counts together."""
    levels = np.concatenate([part.levels for part in parts])
    distinct, place = np.unique(levels, axis=0, return_inverse=True)
    count = np.concatenate([part.count for part in parts])
    return Patterns(
        levels=distinct,
        count=np.bincount(place.ravel(), weights=count, minlength=len(distinct)).astype(np.float64),
    )
