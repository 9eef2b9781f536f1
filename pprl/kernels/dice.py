"""The comparing kernels: similarities of packed Bloom filters, by default Dice coefficients.

Filters are rows of ``uint64[n, words]``; a length that is no multiple of 64 is padded with zero
bits. The Dice coefficient of two filters is ``2 |a & b| / (|a| + |b|)``, and 0.0 when both are
empty.

A record with a missing field sets fewer bits, and Dice counts that against a pair that agrees in every
field that both have. So every kernel takes ``sizes=(p, q)``, integers p >= q from 1 to 100: how much the
smaller and the larger filter count in ``(p + q) |a & b| / (p min(|a|, |b|) + q max(|a|, |b|))``. It
is at most 1.0, equals Dice for (1, 1) and for equally full filters, and is more tolerant the larger p
is compared with q, as in (3, 1). Source: Tversky, Features of Similarity, Psychological Review 84 (1977), the
ratio model, with the weights given by size rather than by side.

Each kernel has a slow, obvious twin in ``tests/kernels/slow_kernels.py``; tests hold the two equal.

Kernels use as many threads as `numba.set_num_threads` allows in the calling thread, and give the
same answer with any number.
"""

from __future__ import annotations

import numpy as np

from pprl.base.arrays import Floats, Int64s, Words
from pprl.kernels.all_pairs import dice_scan
from pprl.kernels.histogram import histogram_and_best, score_histogram
from pprl.kernels.packed import (
    Sizes,
    check_filters,
    check_rows,
    check_sizes,
    kernel,
    needed_common,
    popcounts,
    word_popcount,
)
from pprl.kernels.shared_codes import grouped_scan
from pprl.kernels.sorted_codes import count_grouped

__all__ = [
    "count_grouped",
    "dice_pairs",
    "dice_scan",
    "grouped_scan",
    "histogram_and_best",
    "needed_common",
    "popcounts",
    "score_histogram",
]


@kernel
def _row_sum(a: Words, row: int) -> float:
    total = np.uint64(0)
    for w in range(a.shape[1]):
        total += word_popcount(a[row, w])
    return float(total)


@kernel
def _dice_pairs(a: Words, b: Words, left: Int64s, right: Int64s, sizes: Sizes) -> Floats:
    scores = np.zeros(len(left), np.float64)
    both = float(sizes[0] + sizes[1])
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
            scores[pair] = both * np.float64(common) / np.float64(key)
    return scores


def dice_pairs(a: Words, b: Words, left: Int64s, right: Int64s, *, sizes: Sizes = (1, 1)) -> Floats:
    """Give the similarity, by default the Dice coefficient, of the given pairs.

    Twin: :func:`slow_dice_pairs`.

    Args:
        a, b: filters, ``uint64[n, words]``.
        left, right: rows of `a` and of `b`, ``int64[k]``.
        sizes: how much the smaller and the larger filter count, p >= q.

    Returns:
        ``float64[k]``.

    Raises:
        ValueError: the tables do not match, `left` and `right` differ in length, or `sizes`
            are not allowed.
        IndexError: a row number is negative or too large.
    """
    a, b = check_filters(a, b)
    left, right = check_rows(left, len(a)), check_rows(right, len(b))
    if len(left) != len(right):
        raise ValueError(f"left has {len(left)} rows, right has {len(right)}")
    return _dice_pairs(a, b, left, right, check_sizes(sizes))
