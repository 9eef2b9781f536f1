"""The first test of a pair, on folded filters: how far they are folded, and which lanes are near.

The narrower the fold, the less a pair costs, and the more pairs pass that do not reach the threshold.
Where the two balance depends on the filters, so a sample of their pairs chooses the width. The edge is
sharp: of the pairs of people whose filters of 1,024 bits are 37 % full, at a Dice threshold of 0.8, 99 %
pass at four words, 18 % at five and 0.003 % at six. An earlier test on fewer words, or on the words in
another order, would therefore rule nothing out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pprl.base.arrays import Int32s, Int64s, Words
from pprl.kernels.packed import (
    LANES,
    WIDTHS,
    Slopes,
    fold_rows,
    group_limit,
    kernel,
    near_lanes,
    near_lanes_wide,
    popcounts,
    word_popcount,
)

__all__ = ["choose_width", "fold_cost", "near_in_group"]

WIDEST = 10
"""Words of a row that stay in registers while 32 lanes pass. Chosen; how sensitive the speed is was not measured.
Results never depend on it."""


@kernel
def _pair_limits(slopes: Slopes, sum_a: Int32s, sum_b: Int32s) -> Int64s:
    """Give the limit of every pair of some popcounts: ``int64[n_a, n_b]``."""
    limits = np.empty((len(sum_a), len(sum_b)), np.int64)
    for i in range(len(sum_a)):
        for j in range(len(sum_b)):
            limits[i, j] = group_limit(slopes, sum_a[i], sum_b[j], sum_b[j])
    return limits


@kernel
def _survivors(a: Words, b: Words, limits: Int64s, w: int) -> int:
    """Count pairs of folded rows whose distance is within the limit."""
    found = 0
    for i in range(limits.shape[0]):
        for j in range(limits.shape[1]):
            distance = np.uint64(0)
            for k in range(w):
                distance += word_popcount(a[i * w + k] ^ b[j * w + k])
            found += np.int64(distance) <= limits[i, j]
    return found


def fold_cost(
    a: Words,
    b: Words,
    slopes: Slopes,
    rows_a: Int64s,
    rows_b: Int64s,
    *,
    widths: Sequence[int] = WIDTHS,
) -> tuple[int, float]:
    """Choose like `choose_width`, from `widths`; also give what a pair then costs, in cycles."""
    words = a.shape[1]
    usable = [width for width in widths if width < words]
    usable.append(min((width for width in widths if width >= words), default=widths[-1]))
    limits = _pair_limits(slopes, popcounts(a[rows_a]), popcounts(b[rows_b]))
    best, least = usable[-1], np.inf
    for width in usable:
        # In cycles a pair, measured: the vector work, and what counting a survivor in full costs.
        vectors, survivor = 0.2 * width, 40.0 + 2.0 * words
        if vectors >= least:
            break
        near = _survivors(fold_rows(a, rows_a, width), fold_rows(b, rows_b, width), limits, width)
        cost = vectors + near / max(limits.size, 1) * survivor
        if cost < least:
            best, least = width, cost
    return best, least


def choose_width(a: Words, b: Words, slopes: Slopes, rows_a: Int64s, rows_b: Int64s) -> int:
    """Choose the fold width that a sample of pairs makes cheapest; results never depend on it.

    Args:
        a, b: filters, ``uint64[n, words]``.
        slopes: `limit_slopes`.
        rows_a, rows_b: sampled rows; every sampled row of `a` meets every one of `b`.
    """
    return fold_cost(a, b, slopes, rows_a, rows_b)[0]


@kernel
def near_in_group(
    unrolled: tuple[int, ...],
    folded_a: Words,
    folded_b: Words,
    limits: Int64s,
    rows: tuple[int, int],
    group: int,
    hits: Words,
) -> int:
    """Write (row, first lane, mask of near lanes) to `hits` where any lane is near; give how many.

    `limits` holds each row's limit, from `rows[0]` on.

    A function of its own, because nothing else may use the registers of this loop.
    """
    width = len(unrolled)
    found = 0
    for lane in range(0, LANES, 32 if width <= WIDEST else 8):
        place = group * width * LANES + lane
        for row in range(rows[0], rows[1]):
            limit = limits[row - rows[0]]
            if limit < 0:
                continue
            if width <= WIDEST:
                near = near_lanes_wide(unrolled, folded_b, place, folded_a, row * width, limit)
            else:
                near = near_lanes(unrolled, folded_b, place, folded_a, row * width, limit)
            if near != 0:
                hits[found, 0] = row
                hits[found, 1] = lane
                hits[found, 2] = near
                found += 1
    return found
