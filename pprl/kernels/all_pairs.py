"""Comparing every record of one table with every record of another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pprl.base.arrays import Floats, Int32s, Int64s, Words
from pprl.base.progress import ShareDone
from pprl.base.threads import in_threads
from pprl.kernels.folded import choose_width, near_in_group
from pprl.kernels.packed import (
    LANES,
    Pairs,
    Sizes,
    Slopes,
    check_filters,
    check_sizes,
    fold_rows,
    fold_to_lanes,
    group_limit,
    kernel,
    limit_slopes,
    needed_for,
    popcounts,
    size_key,
    sort_pairs,
    too_uneven,
    trailing_zeros,
    unroll,
    word_popcount,
)

__all__ = ["dice_scan"]

TILE_ROWS = 128
"""Rows of a tile: folded, they and one group of lanes fit a 32 KiB first-level cache. Chosen; how sensitive the speed
is was not measured. Results never depend on it."""

TILE_GROUPS = 512
"""Groups of lanes of a tile: 128 x 32,768 pairs take some milliseconds, so that tiles balance over threads. Chosen; not
sensitive: results never depend on it, and any tile of milliseconds balances."""

SAMPLE = 256
"""Rows of each table whose pairs choose the fold width. Chosen; not sensitive: results never depend on the width."""


@kernel
def _take_hits(
    hits: Words,
    group: tuple[int, int],
    a: Words,
    b: Words,
    order_a: Int64s,
    order_b: Int64s,
    sum_a: Int32s,
    sum_b: Int32s,
    needed: Int32s,
    sizes: Sizes,
    same: bool,
    left: Int64s,
    right: Int64s,
    score: Floats,
    found: int,
) -> int:
    """Count hits in full and write the pairs from `found` on; give how many there are then.

    A function of its own, because an array that may be replaced makes a loop several times slower.
    """
    both = float(sizes[0] + sizes[1])
    first, last = group
    for hit in range(len(hits)):
        row, near = int(hits[hit, 0]), hits[hit, 2]
        while near != 0:
            other = first + np.int64(hits[hit, 1]) + trailing_zeros(near)
            near &= near - np.uint64(1)
            if other > last or (same and other <= row):
                continue
            i, j = order_a[row], order_b[other]
            key = size_key(sizes, sum_a[row], sum_b[other])
            bits = np.uint64(0)
            for w in range(a.shape[1]):
                bits += word_popcount(a[i, w] & b[j, w])
            common = np.int64(bits)
            if common < needed[key]:
                continue
            left[found] = min(i, j) if same else i
            right[found] = max(i, j) if same else j
            score[found] = both * common / key
            found += 1
    return found


@kernel
def _scan_tile(
    unrolled: tuple[int, ...],
    a: Words,
    b: Words,
    folded_a: Words,
    folded_b: Words,
    order_a: Int64s,
    order_b: Int64s,
    sum_a: Int32s,
    sum_b: Int32s,
    needed: Int32s,
    sizes: Sizes,
    slopes: Slopes,
    same: bool,
    start: int,
    group_start: int,
) -> Pairs:
    """Compare one tile; rows and lanes are numbered in order of popcount.

    `sum_a` and `sum_b` are the popcounts in that order, `order_a` and `order_b` the rows of `a`
    and `b` that they belong to.
    """
    end = min(start + TILE_ROWS, len(order_a))
    group_end = min(group_start + TILE_GROUPS, (len(order_b) + LANES - 1) // LANES)
    limits = np.empty(TILE_ROWS, np.int64)
    hits = np.empty((TILE_ROWS * LANES // 8, 3), np.uint64)
    left = np.empty(1024, np.int64)
    right = np.empty(1024, np.int64)
    score = np.empty(1024, np.float64)
    found = 0
    for group in range(group_start, group_end):
        first = group * LANES
        last = min(first + LANES, len(order_b)) - 1
        if same and last <= start:
            continue
        lowest, highest = int(sum_b[first]), int(sum_b[last])
        if too_uneven(needed, sizes, sum_a[end - 1], lowest) or too_uneven(
            needed, sizes, highest, sum_a[start]
        ):
            continue  # popcounts this far apart rule out every pair
        for row in range(start, end):
            if (
                row > start and sum_a[row] == sum_a[row - 1]
            ):  # usual, since rows are in order of popcount
                limits[row - start] = limits[row - start - 1]
            else:
                limits[row - start] = group_limit(slopes, sum_a[row], lowest, highest)
        n = near_in_group(unrolled, folded_a, folded_b, limits, (start, end), group, hits)
        while found + n * LANES > len(left):
            left = np.concatenate((left, np.empty_like(left)))
            right = np.concatenate((right, np.empty_like(right)))
            score = np.concatenate((score, np.empty_like(score)))
        found = _take_hits(
            hits[:n],
            (first, last),
            a,
            b,
            order_a,
            order_b,
            sum_a,
            sum_b,
            needed,
            sizes,
            same,
            left,
            right,
            score,
            found,
        )
    return left[:found].copy(), right[:found].copy(), score[:found].copy()


def dice_scan(
    a: Words,
    b: Words,
    *,
    threshold: float,
    sizes: Sizes = (1, 1),
    same: bool = False,
    progress: ShareDone | None = None,
) -> Pairs:
    """Find all pairs whose similarity, by default the Dice coefficient, reaches the threshold.

    Exact: the bounds on length and folded distance leave out only pairs that cannot reach it.
    Besides the result, memory holds at most one more copy of the filters.

    Twin: :func:`slow_dice_scan`.

    Args:
        a, b: filters, ``uint64[n, words]``.
        threshold: smallest similarity to report, in (0, 1].
        sizes: how much the smaller and the larger filter count, p >= q; see `pprl.kernels.dice`.
        same: `b` is `a`; report each pair once, ``left < right``, and no row with itself.
        progress: called from the calling thread with the share of the pairs that is done; the last call says 1.0.

    Returns:
        Rows of `a` (``int64[k]``), rows of `b` (``int64[k]``) and similarities (``float64[k]``),
        sorted by (left, right) whatever the number of threads.

    Raises:
        ValueError: `threshold` is outside (0, 1], `sizes` are not allowed, or the tables do not
            match.
    """
    return _scan(a, b, threshold, same, None, progress, sizes)


def _scan(
    a: Words,
    b: Words,
    threshold: float,
    same: bool,
    width: int | None,
    progress: ShareDone | None = None,
    sizes: Sizes = (1, 1),
) -> Pairs:
    """Do `dice_scan` at a given fold width, or at the one a sample makes cheapest."""
    a, b = check_filters(a, b)
    sizes = check_sizes(sizes)
    sum_a, sum_b = popcounts(a), popcounts(b)
    needed = needed_for(threshold, sizes, sum_a, sum_b)
    if len(a) == 0 or len(b) == 0:
        if progress:
            progress(1.0)
        return sort_pairs([])
    slopes = limit_slopes(threshold, sizes)
    order_a = np.argsort(sum_a, kind="stable")
    order_b = order_a if same else np.argsort(sum_b, kind="stable")
    if width is None:
        rows_a = order_a[:: -(-len(a) // SAMPLE)]
        rows_b = order_b[:: -(-len(b) // SAMPLE)]
        width = choose_width(a, b, slopes, rows_a, rows_b)
    folded_a = fold_rows(a, order_a, width)
    folded_b = fold_to_lanes(b, order_b, width)
    sum_a, sum_b = sum_a[order_a], sum_b[order_b]
    unrolled = unroll(width)

    across = -(-len(b) // (TILE_GROUPS * LANES))

    def compare(tile: int) -> Pairs | None:
        start, column = tile // across * TILE_ROWS, tile % across
        part = _scan_tile(
            unrolled,
            a,
            b,
            folded_a,
            folded_b,
            order_a,
            order_b,
            sum_a,
            sum_b,
            needed,
            sizes,
            slopes,
            same,
            start,
            column * TILE_GROUPS,
        )
        return part if len(part[0]) else None

    tiles: Sequence[int] = range(-(-len(a) // TILE_ROWS) * across)
    if same:  # leave out tiles wholly below the diagonal
        width_of_tile = TILE_GROUPS * LANES
        tiles = [t for t in tiles if (t % across + 1) * width_of_tile > t // across * TILE_ROWS]
    parts = in_threads(compare, tiles, progress=progress)
    return sort_pairs([part for part in parts if part is not None])
