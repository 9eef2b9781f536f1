"""Finding all pairs of two files whose weight may reach a floor.

Each record starts with what it has with the others at least as their classes are
(:mod:`pprl.unit.weighing.fields.search.near`), and gains at those that are alike in a field. Sums are 16-bit integers,
rounded up; what reaches the floor is added up again exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pprl.base.arrays import Bools, Bytes, Floats, Int32s, Int64s, Words
from pprl.base.progress import ShareDone
from pprl.kernels.packed import LANES, kernel, reached_lanes, trailing_zeros
from pprl.unit.weighing.fields.levels import DIFFERENT, EXACT, MISSING, Columns
from pprl.unit.weighing.fields.search.bound import Bound, pair_bound
from pprl.unit.weighing.fields.search.coarse import choose_least
from pprl.unit.weighing.fields.search.near import Block, Search, in_blocks

__all__ = ["scan_all"]

_ROWS = 1024
"""Rows of a tile: its lists of near values take some megabytes. Chosen; how sensitive the speed is was not measured.
Results never depend on it."""

_WORTH = 30_000_000
"""Pairs from which sampling them is worth the time. Chosen; how sensitive the speed is was not measured. Results never
depend on it."""

_EVERY = -1e6
"""A floor below this leaves nothing out beforehand. Chosen; not sensitive: no weight comes near it."""

_LARGEST = 30_000
"""The largest sum of steps: fits 16 bits and leaves room for rounding up. Follows from the type."""

Int16s = npt.NDArray[np.int16]
Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Steps:
    """The bound in whole steps, rounded up.

    Attributes:
        meet: ``int16[fields, parts, parts]``: by the parts of two classes.
        gain: ``int32[fields, levels]``: what a level adds to that of values that differ.
        exact: ``int32[values]``: what exact agreement on a value adds.
        floor: sums below it are below the floor.
    """

    meet: Int16s
    gain: Int32s
    exact: Int32s
    floor: int

    @classmethod
    def of(cls, bound: Bound, floor: float, table: Columns, search: Search) -> _Steps:
        level = bound.level.astype(np.float64)
        for f, low in enumerate(search.least):
            level[f, DIFFERENT:low] = level[f, DIFFERENT:low].max()
        field = np.repeat(np.arange(len(level)), np.diff(table.starts))
        exact = level[field, table.exact] + bound.rare
        exact[table.starts[:-1]] = 0
        # Floors that every pair reaches, or none, and log ratios that rule a pair out, may be cut off without loss.
        most = np.maximum(level.max(axis=1, initial=0), 0)
        np.maximum.at(most, field, exact)
        every = floor < _EVERY
        floor = min(max(floor, _EVERY), float(most.sum()) + 1)
        least = floor - float(most.sum()) - 1
        level, exact = np.maximum(level, least), np.maximum(exact, least)
        span = np.maximum(np.abs(level).max(axis=1), 1e-9)
        np.maximum.at(span, field, np.abs(exact))
        scale = _LARGEST / max(float(span.sum()), abs(floor))

        def steps(log_ratio: Floats) -> Int32s:
            return np.ceil(log_ratio * scale).astype(np.int32)

        by_part = level[np.arange(len(level))[:, None, None], search.meet]
        by_part[search.meet == MISSING] = 0
        for f, start in enumerate(table.starts[:-1]):
            for part in range(1, search.meet.shape[1]):
                if search.meet[f, part, part] >= EXACT:
                    by_part[f, part, part] = exact[start + part]
        differ = level[:, DIFFERENT]
        return cls(
            meet=steps(by_part).astype(np.int16),
            gain=steps(np.maximum(level - differ[:, None], 0)),
            exact=steps(np.maximum(exact - differ[field], 0)),
            floor=np.iinfo(np.int16).min if every else int(np.floor(floor * scale)) - 1,
        )


@kernel
def _start(meet: Int16s, parts_a: Int32s, parts_b: Int32s, kind_b: Int32s, base: Int16s) -> None:
    """Write to `base` what a class has with each record of the block before anything is alike."""
    of_kind = np.zeros(len(parts_b), np.int16)
    for kind in range(len(parts_b)):
        for f in range(len(meet)):
            of_kind[kind] += meet[f, parts_a[f], parts_b[kind, f]]
    for k in range(len(kind_b)):
        base[k] = of_kind[kind_b[k]]


@kernel
def _gain(
    total: Int16s,
    of_level: Int32s,
    of_exact: int,
    values: Int32s,
    levels: Bytes,
    offsets: Int32s,
    records: npt.NDArray[np.uint16],
) -> None:
    """Add what a record gains in a field at the records that have the values near its own."""
    for near in range(len(values)):
        more = of_exact if levels[near] >= EXACT else of_level[levels[near]]
        if more > 0:
            for at in range(offsets[values[near]], offsets[values[near] + 1]):
                total[records[at]] += more


@kernel
def _reached(total: Int16s, least: int, first: int, last: int, reached: Int32s) -> int:
    """Write places from `first` on, before `last`, whose total is at least `least`; give how many."""
    found = 0
    for start in range(first // LANES * LANES, last, LANES):
        mask = reached_lanes(total, start, least)
        while mask != 0:
            k = start + trailing_zeros(mask)
            mask &= mask - np.uint64(1)
            if first <= k < last:
                reached[found] = k
                found += 1
    return found


@kernel
def _scan_tile(
    meet: Int16s,
    gain: Int32s,
    exact_gain: Int32s,
    least: int,
    ids_a: Int32s,
    kind_a: Int32s,
    parts_a: Int32s,
    kind_b: Int32s,
    parts_b: Int32s,
    which: Int32s,
    near_offsets: Int64s,
    near_values: Int32s,
    near_levels: Bytes,
    offsets: Int32s,
    records: npt.NDArray[np.uint16],
    rows: tuple[int, int],
    after: int,
) -> tuple[Int64s, Int64s]:
    """List the pairs of a tile and a block, by place, whose sum of steps is at least `least`.

    A block of the same side begins `after` places after the tile, and only later places than a row's own count.
    """
    size = len(kind_b)
    whole = (size + LANES - 1) // LANES * LANES
    base, total = np.zeros(whole, np.int16), np.zeros(whole, np.int16)
    reached = np.empty(size, np.int32)
    left, right = np.empty(1024, np.int64), np.empty(1024, np.int64)
    found = 0
    for row in range(rows[0], rows[1]):
        if row == rows[0] or kind_a[row] != kind_a[row - 1]:
            _start(meet, parts_a[kind_a[row]], parts_b, kind_b, base)
        total[:] = base
        for f in range(len(meet)):
            listed = which[f, row - rows[0]]
            if listed >= 0:
                near = slice(near_offsets[listed], near_offsets[listed + 1])
                _gain(
                    total,
                    gain[f],
                    exact_gain[ids_a[f, row]],
                    near_values[near],
                    near_levels[near],
                    offsets,
                    records,
                )
        n = _reached(total, least, max(row - rows[0] - after + 1, 0), size, reached)
        while found + n > len(left):
            left = np.concatenate((left, np.empty_like(left)))
            right = np.concatenate((right, np.empty_like(right)))
        left[found : found + n] = row
        right[found : found + n] = reached[:n]
        found += n
    return left[:found].copy(), right[:found].copy()


@kernel
def _sure(
    words: Words,
    bits: Int32s,
    exact: Bytes,
    one: Int32s,
    other: Int32s,
    level: Floats32,
    rare: Floats32,
    floor: float,
    left: Int64s,
    right: Int64s,
) -> Bools:
    """Mark the pairs whose bound reaches the floor."""
    made = np.empty(len(left), np.bool_)
    for pair in range(len(left)):
        a, b = left[pair], right[pair]
        made[pair] = pair_bound(words, bits, exact, one, a, other, b, level, rare) >= floor
    return made


def scan_all(
    table: Columns,
    files: tuple[int, int],
    bound: Bound,
    floor: float,
    *,
    same: bool = False,
    least: Int64s | None = None,
    progress: ShareDone | None = None,
) -> tuple[Int64s, Int64s]:
    """Return the rows of all pairs whose bound is at least `floor`, sorted.

    Twin: :func:`bound_of_pairs`.

    Args:
        table: the fields.
        files: numbers of the two files.
        bound: see :class:`Bound`.
        floor: natural logarithm.
        same: both are one file; each pair is given once, ``left < right``.
        least: the lowest level told apart in each field (:mod:`pprl.unit.weighing.fields.search.coarse`); what a
            sample makes cheapest unless given. Results never depend on it.
        progress: called with the share done.
    """
    words = np.ascontiguousarray(table.words.T)
    ids_a, ids_b = (table.ids[file] for file in files)
    if least is None and ids_a.shape[1] * ids_b.shape[1] >= _WORTH:
        least = choose_least(table, words, ids_a, ids_b, bound, floor)
    search = Search(table, words, ids_a, ids_b, same=same, least=least)
    steps = _Steps.of(bound, floor, table, search)
    one, other = search.a, search.b

    def compare(block: Block, start: int) -> tuple[Int64s, Int64s]:
        end = min(start + _ROWS, len(one))
        near = search.near(one.ids[:, start:end], block)
        left, right = _scan_tile(
            steps.meet,
            steps.gain,
            steps.exact,
            steps.floor,
            one.ids,
            one.kind,
            one.parts,
            block.kind,
            other.parts,
            near.which,
            near.offsets,
            near.values,
            near.levels,
            block.offsets,
            block.records,
            (start, end),
            block.start - start if same else len(one),
        )
        right += block.start
        sure = _sure(
            words,
            table.bits,
            table.exact,
            one.ids,
            other.ids,
            bound.level,
            bound.rare,
            floor,
            left,
            right,
        )
        return one.order[left[sure]], other.order[right[sure]]

    parts = in_blocks(search, compare, rows=_ROWS, later=same, progress=progress)
    empty = np.zeros(0, np.int64)
    left = np.concatenate([empty, *(part[0] for part in parts)])
    right = np.concatenate([empty, *(part[1] for part in parts)])
    if same:
        left, right = np.minimum(left, right), np.maximum(left, right)
    order = np.lexsort((right, left))
    return left[order], right[order]
