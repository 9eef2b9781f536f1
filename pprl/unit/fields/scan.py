"""Finding the pairs whose weight may reach a floor: all pairs, or those of given groups.

The sum over the fields of the largest weight that any class of matches gives a level is a bound of a pair's weight
(:mod:`pprl.unit.fields.model`), cheap to add up; only pairs whose bound reaches the floor are looked at closely.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from pprl.threads import Progress, in_threads
from pprl.unit.fields.levels import CUTS, MISSING, Columns, level_rows, pair_levels
from pprl.unit.lanes import kernel, word_popcount

__all__ = ["Bound", "bound_of_pairs", "scan_all", "scan_grouped"]

_ROWS = 32
_BLOCK = 4096
_JOB = 1_000_000

Int64s = npt.NDArray[np.int64]
Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Bound:
    """The bound of a pair's weight, field by field.

    Attributes:
        level: ``float32[fields, levels]``: at most this much for a level; 0 for a missing value.
        rare: ``float32[values]``: added where two records agree exactly on the value.
    """

    level: Floats32
    rare: Floats32


@kernel
def _scan_rows(
    words: npt.NDArray[np.uint64],
    bits: npt.NDArray[np.int32],
    exact: npt.NDArray[np.uint8],
    starts: Int64s,
    one: npt.NDArray[np.int32],
    other: npt.NDArray[np.int32],
    level: Floats32,
    rare: Floats32,
    floor: float,
    rows: tuple[int, int],
    same: bool,
) -> tuple[Int64s, Int64s]:
    records = other.shape[1]
    fields = len(starts) - 1
    row = np.empty(len(bits), np.uint8)
    weight = np.zeros(len(bits), np.float32)
    held = np.full(fields, -1, np.int64)
    total = np.empty(_BLOCK, np.float32)
    left, right = np.empty(1024, np.int64), np.empty(1024, np.int64)
    found = 0
    for a in range(rows[0], rows[1]):
        for f in range(fields):
            value = one[f, a]
            if held[f] == value:
                continue
            held[f] = value
            level_rows(words, bits, exact, value, starts[f], starts[f + 1], row)
            for v in range(starts[f], starts[f + 1]):
                weight[v] = level[f, row[v]]
            if bits[value] > 0:
                weight[value] += rare[value]
        for first in range(a + 1 if same else 0, records, _BLOCK):
            size = min(_BLOCK, records - first)
            total[:size] = 0
            for f in range(fields):
                if bits[one[f, a]] == 0:
                    continue
                for k in range(size):
                    total[k] += weight[other[f, first + k]]
            for k in range(size):
                if total[k] >= floor:
                    if found == len(left):
                        left = np.concatenate((left, np.empty_like(left)))
                        right = np.concatenate((right, np.empty_like(right)))
                    left[found], right[found] = a, first + k
                    found += 1
    return left[:found].copy(), right[:found].copy()


def scan_all(
    table: Columns,
    a: int,
    b: int,
    bound: Bound,
    floor: float,
    *,
    same: bool = False,
    progress: Progress | None = None,
) -> tuple[Int64s, Int64s]:
    """Return the rows of all pairs whose bound is at least `floor`, sorted.

    Args:
        table: the fields.
        a, b: numbers of the two files.
        bound: see :class:`Bound`.
        floor: natural logarithm.
        same: both are one file; each pair is given once, ``left < right``.
        progress: called with the share done.
    """
    records = table.ids[a].shape[1]
    tiles = [(start, min(start + _ROWS, records)) for start in range(0, records, _ROWS)]
    parts = in_threads(
        lambda rows: _scan_rows(
            table.words,
            table.bits,
            table.exact,
            table.starts,
            table.ids[a],
            table.ids[b],
            bound.level,
            bound.rare,
            floor,
            rows,
            same,
        ),
        tiles,
        progress=progress,
    )
    empty = np.zeros(0, np.int64)
    return (
        np.concatenate([empty, *(part[0] for part in parts)]),
        np.concatenate([empty, *(part[1] for part in parts)]),
    )


@kernel
def _scan_group(
    words: npt.NDArray[np.uint64],
    bits: npt.NDArray[np.int32],
    exact: npt.NDArray[np.uint8],
    one: npt.NDArray[np.int32],
    other: npt.NDArray[np.int32],
    level: Floats32,
    rare: Floats32,
    floor: float,
    codes_a: npt.NDArray[np.int32],
    codes_b: npt.NDArray[np.int32],
    rows_a: Int64s,
    rows_b: Int64s,
    blocks: Int64s,
    step: int,
    same: bool,
) -> tuple[Int64s, Int64s, int]:
    """Look at the pairs of some blocks of one pass; each block is a stretch of `rows_a` and one of `rows_b`."""
    left, right = np.empty(1024, np.int64), np.empty(1024, np.int64)
    found = compared = 0
    for block in range(len(blocks)):
        for i in range(blocks[block, 0], blocks[block, 1]):
            a = rows_a[i]
            for j in range(blocks[block, 2], blocks[block, 3]):
                b = rows_b[j]
                if same and b <= a:
                    continue
                earlier = False
                for before in range(step):
                    if codes_a[a, before] >= 0 and codes_a[a, before] == codes_b[b, before]:
                        earlier = True
                        break
                if earlier:
                    continue
                compared += 1
                total = np.float32(0)
                for f in range(one.shape[0]):
                    x, y = one[f, a], other[f, b]
                    if bits[x] == 0 or bits[y] == 0:
                        continue
                    if x == y:
                        total += level[f, exact[x]] + rare[x]
                        continue
                    common = np.uint64(0)
                    for w in range(words.shape[1]):
                        common += word_popcount(words[x, w] & words[y, w])
                    size = np.float64(bits[x] + bits[y])
                    at = 1
                    for cut in CUTS:
                        if 2.0 * np.float64(common) >= cut * size:
                            at += 1
                    total += level[f, at]
                if total >= floor:
                    if found == len(left):
                        left = np.concatenate((left, np.empty_like(left)))
                        right = np.concatenate((right, np.empty_like(right)))
                    left[found], right[found] = a, b
                    found += 1
    return left[:found].copy(), right[:found].copy(), compared


def scan_grouped(
    table: Columns,
    a: int,
    b: int,
    bound: Bound,
    floor: float,
    *,
    codes: tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]],
    first: int = 0,
    same: bool = False,
    progress: Progress | None = None,
) -> tuple[Int64s, Int64s, Int64s]:
    """Like :func:`scan_all`, of the pairs that share a code in at least one pass.

    Args:
        table, a, b, bound, floor, same, progress: as there.
        codes: ``int32[records, passes]`` for each file; -1 where a record has none.
        first: pass to begin with; pairs of the passes before it are left out.

    Returns:
        Rows of both files, sorted, and the number of pairs compared in each pass (a pair counts in its first).
    """
    codes_a, codes_b = codes
    words = np.ascontiguousarray(table.words.T)
    lefts, rights = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    passes = codes_a.shape[1]
    compared = np.zeros(passes, np.int64)
    tell = progress or (lambda share: None)
    for step in range(first, passes):
        rows_a, blocks_a = _blocks(codes_a[:, step])
        rows_b, blocks_b = _blocks(codes_b[:, step])
        _, at_a, at_b = np.intersect1d(blocks_a[:, 0], blocks_b[:, 0], return_indices=True)
        blocks = np.column_stack([blocks_a[at_a, 1:], blocks_b[at_b, 1:]])
        pairs = np.cumsum((blocks[:, 1] - blocks[:, 0]) * (blocks[:, 3] - blocks[:, 2]))
        cuts = np.unique(np.searchsorted(pairs, np.arange(0, pairs[-1] if len(pairs) else 0, _JOB)))
        tasks = np.split(blocks, cuts[1:]) if len(blocks) else []
        look = partial(
            _look,
            (words, table.bits, table.exact, table.ids[a], table.ids[b]),
            bound,
            floor,
            (codes_a, codes_b, rows_a, rows_b),
            step,
            same,
        )
        parts = in_threads(look, tasks)
        lefts += [part[0] for part in parts]
        rights += [part[1] for part in parts]
        compared[step] = sum(part[2] for part in parts)
        tell((step + 1 - first) / (passes - first))
    left, right = np.concatenate(lefts), np.concatenate(rights)
    order = np.lexsort((right, left))
    return left[order], right[order], compared


def _look(
    table: tuple[Any, ...],
    bound: Bound,
    floor: float,
    codes: tuple[Any, ...],
    step: int,
    same: bool,
    blocks: Int64s,
) -> tuple[Int64s, Int64s, int]:
    scan: Any = _scan_group
    found: tuple[Int64s, Int64s, int] = scan(
        *table, bound.level, bound.rare, floor, *codes, np.ascontiguousarray(blocks), step, same
    )
    return found


def _blocks(codes: npt.NDArray[np.int32]) -> tuple[Int64s, Int64s]:
    """Return the rows that have a code, sorted by it, and ``int64[blocks, 3]``: code, start and end among them."""
    rows = np.flatnonzero(codes >= 0)
    rows = rows[np.argsort(codes[rows], kind="stable")]
    distinct, starts = np.unique(codes[rows], return_index=True)
    ends = np.append(starts, len(rows))[1:]  # none where no record has a code
    return rows, np.column_stack([distinct, starts, ends]).astype(np.int64)


def bound_of_pairs(
    table: Columns, a: int, b: int, bound: Bound, left: Int64s, right: Int64s
) -> Floats32:
    """Return the bound of given pairs: the plain way, which :func:`scan_all` is held equal to."""
    levels = pair_levels(table, a, b, left, right)
    made = np.zeros(len(left), np.float32)
    for f in range(levels.shape[1]):
        made += bound.level[f, levels[:, f]]
        value = table.ids[a][f, left]
        equal = (value == table.ids[b][f, right]) & (levels[:, f] != MISSING)
        made += np.where(equal, bound.rare[value], np.float32(0))
    return made
