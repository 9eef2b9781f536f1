"""Finding the pairs whose weight may reach a floor: all pairs, or those of given groups."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from pprl.base.arrays import Bytes, Int32s, Int64s, Words
from pprl.base.progress import ShareDone
from pprl.base.threads import in_threads
from pprl.kernels.packed import kernel
from pprl.unit.weighing.fields.levels import Columns
from pprl.unit.weighing.fields.search.bound import Bound, bound_of_pairs, pair_bound
from pprl.unit.weighing.fields.search.exhaustive import scan_all

__all__ = ["Bound", "bound_of_pairs", "scan_all", "scan_grouped"]

_JOB = 1_000_000
"""Roughly the pairs that a thread takes at a time. Chosen; not sensitive: results never depend on it."""

Floats32 = npt.NDArray[np.float32]


@kernel
def _scan_group(
    words: Words,
    bits: Int32s,
    exact: Bytes,
    one: Int32s,
    other: Int32s,
    level: Floats32,
    rare: Floats32,
    floor: float,
    codes_a: Int32s,
    codes_b: Int32s,
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
                total = pair_bound(words, bits, exact, one, a, other, b, level, rare)
                if total >= floor:
                    if found == len(left):
                        left = np.concatenate((left, np.empty_like(left)))
                        right = np.concatenate((right, np.empty_like(right)))
                    left[found], right[found] = a, b
                    found += 1
    return left[:found].copy(), right[:found].copy(), compared


def scan_grouped(
    table: Columns,
    files: tuple[int, int],
    bound: Bound,
    floor: float,
    *,
    codes: tuple[Int32s, Int32s],
    first: int = 0,
    same: bool = False,
    progress: ShareDone | None = None,
) -> tuple[Int64s, Int64s, Int64s]:
    """Like :func:`scan_all`, of the pairs that share a code in at least one pass.

    Twin: :func:`bound_of_pairs`.

    Args:
        table, files, bound, floor, same, progress: as there.
        codes: ``int32[records, passes]`` for each file; -1 where a record has none.
        first: pass to begin with; pairs of the passes before it are left out.

    Returns:
        Rows of both files, sorted, and the number of pairs compared in each pass (a pair counts in its first).
    """
    codes_a, codes_b = codes
    ids_a, ids_b = (table.ids[file] for file in files)
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
            (words, table.bits, table.exact, ids_a, ids_b),
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


def _blocks(codes: Int32s) -> tuple[Int64s, Int64s]:
    """Return the rows that have a code, sorted by it, and ``int64[blocks, 3]``: code, start and end among them."""
    rows = np.flatnonzero(codes >= 0)
    rows = rows[np.argsort(codes[rows], kind="stable")]
    distinct, starts = np.unique(codes[rows], return_index=True)
    ends = np.append(starts, len(rows))[1:]  # none where no record has a code
    return rows, np.column_stack([distinct, starts, ends]).astype(np.int64)
