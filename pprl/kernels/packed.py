"""What the comparing kernels have in common: popcounts, limits, folding, and 64 records side by side.

Records to compare against are laid out word-major in groups of 64 *lanes*: word ``w`` of the
group's 64 records lies in 64 consecutive ``uint64``, so one vector instruction works on several
records at once. Two exact bounds keep most pairs cheap:

* ``hamming(a, b) == |a| + |b| - 2 |a & b|``, so "a similarity of at least t" is "a Hamming distance
  of at most a limit that depends on ``|a|`` and ``|b|`` alone" (see `group_limit`).
* XOR-ing the words of a filter onto each other (`fold_rows`) never enlarges a Hamming distance:
  bits that differ may cancel, equal bits stay equal. A pair whose folded distance is past the
  limit cannot reach the threshold; only the others are counted in full.

Kernels are compiled once for each fold width: the width is passed as a tuple whose length the compiler
knows (`unroll`), so the loop over words is unrolled. This module also passes on the primitives of
`pprl.kernels.simd`.
"""

from __future__ import annotations

import operator

import numpy as np

from pprl.base.arrays import Floats, Int32s, Int64s, Words
from pprl.kernels.simd import (
    LANES,
    VECTOR,
    common_lanes,
    common_words,
    copy_words,
    kernel,
    near_lanes,
    near_lanes_wide,
    prefetch,
    reached_lanes,
    trailing_zeros,
    word_popcount,
)

__all__ = [
    "LANES",
    "VECTOR",
    "WIDTHS",
    "Pairs",
    "Sizes",
    "Slopes",
    "check_filters",
    "check_rows",
    "check_sizes",
    "common_lanes",
    "common_words",
    "copy_words",
    "fold_rows",
    "fold_to_lanes",
    "group_limit",
    "kernel",
    "limit_slopes",
    "near_lanes",
    "near_lanes_wide",
    "needed_common",
    "needed_for",
    "popcounts",
    "prefetch",
    "reached_lanes",
    "size_key",
    "sort_pairs",
    "too_uneven",
    "trailing_zeros",
    "unroll",
    "word_popcount",
]

Pairs = tuple[Int64s, Int64s, Floats]
Sizes = tuple[int, int]
"""How much the smaller and the larger of two filters count: (1, 1) is Dice, see `pprl.kernels.dice`."""
Slopes = tuple[float, float]
"""What each bit of the smaller and of the larger filter adds to a limit; see `limit_slopes`."""

WIDTHS = (4, 6, 7, 8, 10, 12, 16, 32)
"""Fold widths, in words, that kernels are compiled for. Chosen; not sensitive: results never depend on the width, and a
width that is left out costs what the next one costs."""

LARGEST_SIZE = 100
"""The largest of two `Sizes`. Chosen; not sensitive: it bounds the length of `needed_common`, and the project uses
3."""

SLACK = 1e-6
"""Bits added to a limit: far more than rounding can take from it, and far less than one bit, so no answer changes."""

UNATTAINABLE = np.iinfo(np.int32).max
"""Common bits that no pair has: what two empty filters would need."""


def check_filters(*tables: Words) -> tuple[Words, ...]:
    """Give the tables C-contiguous.

    Raises:
        ValueError: a table is not ``uint64[n, words]``, has no words, or they differ in words.
    """
    for table in tables:
        if table.dtype != np.uint64 or table.ndim != 2 or table.shape[1] < 1:
            raise ValueError("filters must be uint64[n, words] with at least one word")
        if table.shape[1] != tables[0].shape[1]:
            raise ValueError(f"filters differ in words: {tables[0].shape[1]}, {table.shape[1]}")
    return tuple(np.ascontiguousarray(table) for table in tables)


def check_rows(rows: Int64s, n: int) -> Int64s:
    """Give row numbers as contiguous ``int64``.

    Raises:
        IndexError: a row number is negative or not below `n`.
    """
    rows = np.ascontiguousarray(rows, dtype=np.int64)
    if len(rows) and (rows.min() < 0 or rows.max() >= n):
        raise IndexError(f"row numbers must lie between 0 and {n - 1}")
    return rows


@kernel
def _popcounts(filters: Words) -> Int32s:
    counts = np.empty(filters.shape[0], np.int32)
    for i in range(filters.shape[0]):
        total = np.uint64(0)
        for w in range(filters.shape[1]):
            total += word_popcount(filters[i, w])
        counts[i] = total
    return counts


def popcounts(filters: Words) -> Int32s:
    """Count the bits set in each row: ``uint64[n, words] -> int32[n]``.

    Twin: :func:`slow_popcounts`.
    """
    (table,) = check_filters(filters)
    return _popcounts(table)


def check_threshold(threshold: float) -> None:
    """Raise ValueError unless a threshold lies in (0, 1]."""
    if not 0.0 < threshold <= 1.0:
        raise ValueError(f"threshold must lie in (0, 1], not {threshold}")


def check_sizes(sizes: Sizes) -> Sizes:
    """Give the weights of the smaller and the larger filter as plain integers.

    Raises:
        ValueError: they are not two numbers p >= q from 1 to 100.
        TypeError: one is not an integer.
    """
    weights = [operator.index(size) for size in sizes]
    if len(weights) != 2 or not 1 <= weights[1] <= weights[0] <= LARGEST_SIZE:
        raise ValueError(f"sizes must be integers p >= q from 1 to {LARGEST_SIZE}, not {sizes}")
    return weights[0], weights[1]


@kernel
def size_key(sizes: Sizes, one: int, other: int) -> int:
    """Weigh two popcounts: ``p * min(one, other) + q * max(one, other)``."""
    return sizes[0] * min(one, other) + sizes[1] * max(one, other)


def needed_common(threshold: float, max_key: int, sizes: Sizes = (1, 1)) -> Int32s:
    """Give the common bits that a pair needs, by its `size_key`: for Dice the sum of its popcounts.

    Entry k of the ``int32[max_key + 1]`` is the smallest integer c for which the ``float64``
    expression ``(p + q) * c / k >= threshold`` holds, so a pair exactly at the threshold is never
    lost. Two empty filters score 0.0 by definition: entry 0 is 2**31 - 1, which no pair reaches.

    Twin: :func:`slow_needed_common`.

    Raises:
        ValueError: `threshold` is outside (0, 1].
    """
    check_threshold(threshold)
    both = float(sum(check_sizes(sizes)))
    keys = np.arange(max_key + 1, dtype=np.float64)
    keys[0] = 1.0
    needed = np.maximum(np.floor(threshold * keys / both) - 1.0, 0.0)
    for _ in range(3):  # the guess is at most three too low; division rounds monotonically
        needed += both * needed / keys < threshold
    needed[0] = UNATTAINABLE
    return needed.astype(np.int32)


def needed_for(threshold: float, sizes: Sizes, sum_a: Int32s, sum_b: Int32s) -> Int32s:
    """Give `needed_common`, long enough for any pair of records with these popcounts."""
    smaller, larger = sorted((int(sum_a.max(initial=0)), int(sum_b.max(initial=0))))
    return needed_common(threshold, sizes[0] * smaller + sizes[1] * larger, sizes)


@kernel
def too_uneven(needed: Int32s, sizes: Sizes, smaller: int, larger: int) -> bool:
    """Say whether popcounts this far apart keep any pair below the threshold.

    There are at most as many common bits as the smaller popcount. What holds for these holds for any further apart.
    """
    return smaller < larger and needed[size_key(sizes, smaller, larger)] > smaller


@kernel
def limit_slopes(threshold: float, sizes: Sizes) -> Slopes:
    """Give what each bit of the smaller and of the larger filter adds to a pair's limit.

    A pair reaches the threshold t where its Hamming distance ``|a| + |b| - 2 common`` is at most
    ``|a| + |b| - 2 t key / (p + q)``, rounding aside; see `group_limit`.
    """
    p, q = sizes
    return 1.0 - 2.0 * threshold * p / (p + q), 1.0 - 2.0 * threshold * q / (p + q)


@kernel
def group_limit(slopes: Slopes, one: int, lowest: int, highest: int) -> int:
    """Give a Hamming distance beyond which no pair of a row and a group reaches the threshold.

    The row's popcount is `one`, the group's lie from `lowest` to `highest`. Because ``p >= q``, a
    pair's limit is a convex function of ``|b|``, so it is largest at one end of them.
    """
    low = slopes[0] * min(one, lowest) + slopes[1] * max(one, lowest)
    high = slopes[0] * min(one, highest) + slopes[1] * max(one, highest)
    return int(max(low, high) + SLACK)


def unroll(width: int) -> tuple[int, ...]:
    """Give the tuple that selects the kernel compiled for `width` words."""
    return (0,) * width


@kernel
def fold_rows(filters: Words, order: Int64s, width: int) -> Words:
    """XOR the words of rows `order` onto `width` words: flat ``uint64[len(order) * width]``."""
    folded = np.zeros(len(order) * width, np.uint64)
    for i in range(len(order)):
        for w in range(filters.shape[1]):
            folded[i * width + w % width] ^= filters[order[i], w]
    return folded


@kernel
def fold_to_lanes(filters: Words, order: Int64s, width: int) -> Words:
    """Fold like `fold_rows`, but laid out word-major in groups of 64 lanes, padded with zeros."""
    groups = (len(order) + LANES - 1) // LANES
    folded = np.zeros(groups * width * LANES, np.uint64)
    for i in range(len(order)):
        base = (i // LANES) * width * LANES + i % LANES
        for w in range(filters.shape[1]):
            folded[base + (w % width) * LANES] ^= filters[order[i], w]
    return folded


def sort_pairs(parts: list[Pairs]) -> Pairs:
    """Join parts of a result and sort the pairs by (left, right)."""
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64)
    left = np.concatenate([part[0] for part in parts])
    right = np.concatenate([part[1] for part in parts])
    score = np.concatenate([part[2] for part in parts])
    order = np.lexsort((right, left))
    return left[order], right[order], score[order]
