"""The comparing kernels: similarities of packed Bloom filters, by default Dice coefficients.

Filters are rows of ``uint64[n, words]``; a length that is no multiple of 64 is padded with zero
bits. The Dice coefficient of two filters is ``2 |a & b| / (|a| + |b|)``, and 0.0 when both are
empty.

A record with a missing field sets fewer bits, and Dice holds that against a pair that agrees on all
that both have. So every kernel takes ``sizes=(p, q)``, integers p >= q from 1 to 100: how much the
smaller and the larger filter count in ``(p + q) |a & b| / (p min(|a|, |b|) + q max(|a|, |b|))``. It
is 1.0 at most, Dice for (1, 1) and for filters equally full, and more tolerant the larger p is
beside q, as in (3, 1). Source: Tversky, Features of Similarity, Psychological Review 84 (1977), the
ratio model, with the weights given by size rather than by side.

`pprl.unit.reference` says the same slowly and plainly; tests hold the two equal.

Kernels use as many threads as `numba.set_num_threads` allows in the calling thread, and give the
same answer with any number.
"""

from __future__ import annotations

import numpy as np

from pprl.threads import Progress, in_threads
from pprl.unit.grouped import count_grouped, grouped_scan
from pprl.unit.histogram import score_histogram
from pprl.unit.lanes import (
    LANES,
    Float64s,
    Int64s,
    Sizes,
    Words,
    check_filters,
    check_rows,
    check_sizes,
    kernel,
    needed_common,
    popcounts,
    word_popcount,
)
from pprl.unit.scan import dice_scan

__all__ = [
    "best_match",
    "count_grouped",
    "dice_pairs",
    "dice_scan",
    "grouped_scan",
    "needed_common",
    "popcounts",
    "score_histogram",
]

TILE_ROWS = 64  # most rows that share one reordering of a group of lanes
TILE_PAIRS = 64_000_000  # pairs handed to a thread at a time, about: some tenths of a second


@kernel
def _row_sum(a: Words, row: int) -> float:
    total = np.uint64(0)
    for w in range(a.shape[1]):
        total += word_popcount(a[row, w])
    return float(total)


@kernel
def _dice_pairs(a: Words, b: Words, left: Int64s, right: Int64s, sizes: Sizes) -> Float64s:
    scores = np.zeros(len(left), np.float64)
    weight = float(sizes[0] + sizes[1])
    for pair in range(len(left)):
        common = np.uint64(0)
        total = np.uint64(0)
        for w in range(a.shape[1]):
            one, other = a[left[pair], w], b[right[pair], w]
            common += word_popcount(one & other)
            total += word_popcount(one) + word_popcount(other)
        key = sizes[1] * int(total)
        if sizes[0] > sizes[1]:
            sum_a = int(_row_sum(a, left[pair]))
            key += (sizes[0] - sizes[1]) * min(sum_a, int(total) - sum_a)
        if key > 0:
            scores[pair] = weight * np.float64(common) / np.float64(key)
    return scores


def dice_pairs(
    a: Words, b: Words, left: Int64s, right: Int64s, *, sizes: Sizes = (1, 1)
) -> Float64s:
    """Give the similarity, by default the Dice coefficient, of the given pairs.

    Args:
        a, b: filters, ``uint64[n, words]``.
        left, right: rows of `a` and of `b`, ``int64[k]``.
        sizes: how much the smaller and the larger filter count, p >= q.

    Returns:
        ``float64[k]``.

    Raises:
        ValueError: the tables do not go together, `left` and `right` differ in length, or `sizes`
            are not allowed.
        IndexError: a row number is negative or too large.
    """
    a, b = check_filters(a, b)
    left, right = check_rows(left, len(a)), check_rows(right, len(b))
    if len(left) != len(right):
        raise ValueError(f"left has {len(left)} rows, right has {len(right)}")
    return _dice_pairs(a, b, left, right, check_sizes(sizes))


def _tiles(rows: Int64s, others: int) -> list[Int64s]:
    """Cut `rows`, each of which meets `others` rows, into tasks for a thread."""
    size = min(TILE_ROWS, max(1, TILE_PAIRS // max(others, 1)))
    return [rows[start : start + size] for start in range(0, len(rows), size)]


@kernel
def _dice_of_group(
    a: Words,
    row: int,
    sum_a: float,
    lanes: Words,
    sum_b: Float64s,
    sizes: Sizes,
    scores: Float64s,
) -> None:
    """Write the similarities of one row with the 64 lanes of a group to `scores`."""
    common = np.zeros(LANES, np.uint64)
    for w in range(a.shape[1]):
        word = a[row, w]
        for lane in range(LANES):
            common[lane] += word_popcount(word & lanes[w, lane])
    weight, larger, extra = float(sizes[0] + sizes[1]), float(sizes[1]), float(sizes[0] - sizes[1])
    for lane in range(LANES):
        key = larger * (sum_a + sum_b[lane]) + extra * min(sum_a, sum_b[lane])
        scores[lane] = weight * np.float64(common[lane]) / max(key, 1.0)


@kernel
def _load_group(b: Words, first: int, lanes: Words, sum_b: Float64s) -> int:
    """Lay up to 64 rows from `first` on side by side; give how many there are."""
    size = min(LANES, len(b) - first)
    for lane in range(size):
        total = np.uint64(0)
        for w in range(b.shape[1]):
            lanes[w, lane] = b[first + lane, w]
            total += word_popcount(b[first + lane, w])
        sum_b[lane] = np.float64(total)
    return size


@kernel
def _best_match(
    a: Words, b: Words, rows: Int64s, exclude_self: bool, sizes: Sizes
) -> tuple[Int64s, Float64s]:
    index = np.full(len(rows), -1, np.int64)
    best = np.full(len(rows), -1.0, np.float64)
    lanes = np.zeros((a.shape[1], LANES), np.uint64)
    sum_b = np.zeros(LANES, np.float64)
    scores = np.zeros(LANES, np.float64)
    for first in range(0, len(b), LANES):
        size = _load_group(b, first, lanes, sum_b)
        for k in range(len(rows)):
            _dice_of_group(a, rows[k], _row_sum(a, rows[k]), lanes, sum_b, sizes, scores)
            for lane in range(size):
                if scores[lane] > best[k] and not (exclude_self and first + lane == rows[k]):
                    best[k] = scores[lane]
                    index[k] = first + lane
    return index, np.maximum(best, 0.0)


def best_match(
    a: Words,
    b: Words,
    rows: Int64s,
    *,
    sizes: Sizes = (1, 1),
    exclude_self: bool = False,
    progress: Progress | None = None,
) -> tuple[Int64s, Float64s]:
    """Find the most similar row of `b` for some rows of `a`.

    Args:
        a, b: filters, ``uint64[n, words]``.
        rows: rows of `a`, ``int64[k]``.
        sizes: how much the smaller and the larger filter count, p >= q.
        exclude_self: `b` is `a`; a row is not its own match.
        progress: called from the calling thread with the share of the rows that is done; the last call says 1.0.

    Returns:
        The row of `b` (``int64[k]``; of equals the lowest; -1 where there is none) and its
        similarity (``float64[k]``; 0.0 where there is none).

    Raises:
        ValueError: the tables do not go together, or `sizes` are not allowed.
        IndexError: a row number is negative or too large.
    """
    a, b = check_filters(a, b)
    rows, sizes = check_rows(rows, len(a)), check_sizes(sizes)
    parts = in_threads(
        lambda tile: _best_match(a, b, tile, exclude_self, sizes),
        _tiles(rows, len(b)),
        progress=progress,
    )
    index = [part[0] for part in parts]
    score = [part[1] for part in parts]
    return np.concatenate([np.empty(0, np.int64), *index]), np.concatenate([np.empty(0), *score])
