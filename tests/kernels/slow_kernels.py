"""The slow, obvious twins of `pprl.kernels.dice`: plain NumPy over all pairs at once.

The oracle of the kernels' tests, and their definition. It needs memory for ``n_a * n_b * words``
words, so it is for small tables only.
"""

from __future__ import annotations

import numpy as np

from pprl.base.arrays import Bools, Floats, Int32s, Int64s, Words

__all__ = [
    "slow_count_grouped",
    "slow_dice_matrix",
    "slow_dice_pairs",
    "slow_dice_scan",
    "slow_grouped_scan",
    "slow_histogram_and_best",
    "slow_needed_common",
    "slow_popcounts",
    "slow_score_histogram",
]

Pairs = tuple[Int64s, Int64s, Floats]
Sizes = tuple[int, int]


def slow_popcounts(filters: Words) -> Int32s:
    """Count the bits set in each row: ``uint64[n, words] -> int32[n]``."""
    counts: Int32s = np.bitwise_count(filters).sum(axis=1).astype(np.int32)
    return counts


def slow_needed_common(threshold: float, max_key: int, sizes: Sizes = (1, 1)) -> Int32s:
    """Give the smallest c with ``(p + q) * c / k >= threshold`` for each k; 2**31 - 1 for k = 0."""
    needed = [np.iinfo(np.int32).max]
    for k in range(1, max_key + 1):
        c = 0
        while sum(sizes) * c / k < threshold:
            c += 1
        needed.append(c)
    return np.array(needed, dtype=np.int32)


def slow_dice_matrix(a: Words, b: Words, sizes: Sizes = (1, 1)) -> Floats:
    """Give the similarities of all rows of `a` with all of `b`: ``float64[n_a, n_b]``."""
    common = np.bitwise_count(a[:, None, :] & b[None, :, :]).sum(axis=2, dtype=np.int64)
    one, other = (
        slow_popcounts(a)[:, None].astype(np.int64),
        slow_popcounts(b)[None, :].astype(np.int64),
    )
    p, q = sizes
    key = p * np.minimum(one, other) + q * np.maximum(one, other)
    return np.where(key > 0, (p + q) * common / np.maximum(key, 1), 0.0)


def _partners(n_a: int, n_b: int, same: bool) -> Bools:
    """Mark the pairs there are: all of them, or those above the diagonal."""
    every = np.ones((n_a, n_b), dtype=np.bool_)
    return np.triu(every, k=1) if same else every


def _reported(score: Floats, wanted: Bools) -> Pairs:
    """Give the wanted pairs in order of (left, right)."""
    left, right = np.nonzero(wanted)
    return left, right, score[left, right]


def slow_dice_scan(
    a: Words, b: Words, *, threshold: float, sizes: Sizes = (1, 1), same: bool = False
) -> Pairs:
    """Find all pairs whose similarity reaches the threshold."""
    score = slow_dice_matrix(a, b, sizes)
    return _reported(score, (score >= threshold) & _partners(len(a), len(b), same))


def slow_dice_pairs(
    a: Words, b: Words, left: Int64s, right: Int64s, *, sizes: Sizes = (1, 1)
) -> Floats:
    """Give the similarity of the given pairs."""
    return slow_dice_matrix(a, b, sizes)[left, right]


def slow_score_histogram(
    a: Words,
    b: Words,
    rows: Int64s,
    *,
    bins: int,
    sizes: Sizes = (1, 1),
    exclude_self: bool = False,
) -> Int64s:
    """Count the similarities of some rows of `a` with all of `b`, in equal bins."""
    counts = np.zeros(bins, dtype=np.int64)
    score = slow_dice_matrix(a, b, sizes)
    for row in rows:
        for j in range(len(b)):
            if not (exclude_self and row == j):
                counts[min(int(score[row, j] * bins), bins - 1)] += 1
    return counts


def slow_histogram_and_best(
    a: Words,
    b: Words,
    rows: Int64s,
    *,
    bins: int,
    sizes: Sizes = (1, 1),
    exclude_self: bool = False,
) -> tuple[Int64s, Floats]:
    """Count likewise, and find each row's largest similarity; 0.0 where there is nothing to compare."""
    score = slow_dice_matrix(a, b, sizes)
    if exclude_self:
        np.fill_diagonal(score, 0.0)
    counts = slow_score_histogram(a, b, rows, bins=bins, sizes=sizes, exclude_self=exclude_self)
    return counts, score[rows].max(axis=1, initial=0.0)


def _sharing(codes_a: Int32s, codes_b: Int32s, pass_: int) -> Bools:
    """Mark the pairs that share a code in a pass."""
    one, other = codes_a[:, None, pass_], codes_b[None, :, pass_]
    sharing: Bools = (one == other) & (one >= 0)
    return sharing


def slow_count_grouped(codes_a: Int32s, codes_b: Int32s, *, same: bool = False) -> Int64s:
    """Count the pairs that each pass proposes."""
    pairs = _partners(len(codes_a), len(codes_b), same)
    counts = [(_sharing(codes_a, codes_b, p) & pairs).sum() for p in range(codes_a.shape[1])]
    return np.array(counts, dtype=np.int64)


def slow_grouped_scan(
    a: Words,
    b: Words,
    codes_a: Int32s,
    codes_b: Int32s,
    *,
    threshold: float,
    sizes: Sizes = (1, 1),
    same: bool = False,
) -> tuple[Int64s, Int64s, Floats, Int64s]:
    """Find all pairs that share a code in some pass and whose similarity reaches the threshold."""
    score = slow_dice_matrix(a, b, sizes)
    waiting = _partners(len(a), len(b), same)
    met = np.zeros_like(waiting)
    compared = np.zeros(codes_a.shape[1], dtype=np.int64)
    for p in range(codes_a.shape[1]):
        meeting = _sharing(codes_a, codes_b, p) & waiting
        compared[p] = meeting.sum()
        met |= meeting
        waiting &= ~meeting
    return *_reported(score, met & (score >= threshold)), compared
