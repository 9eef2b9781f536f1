"""Blocking codes in order: rows of equal code side by side, and how many pairs they make."""

from __future__ import annotations

import numpy as np

from pprl.base.arrays import Int32s, Int64s, Words
from pprl.base.threads import in_threads
from pprl.kernels.packed import kernel

__all__ = ["CODE", "ROW", "check_codes", "count_grouped", "first_at", "sorted_both"]

CODE = np.uint64(32)
"""The lowest bit of the code in a sorted entry; the row is below it."""

ROW = np.uint64(0xFFFFFFFF)
"""The row's bits in a sorted entry."""


def check_codes(*tables: Int32s) -> tuple[Int32s, ...]:
    """Give the code tables C-contiguous, or raise ValueError."""
    for table in tables:
        if table.dtype != np.int32 or table.ndim != 2:
            raise ValueError("blocking codes must be int32[n, passes]")
        if table.shape[1] != tables[0].shape[1]:
            raise ValueError(f"codes differ in passes: {tables[0].shape[1]}, {table.shape[1]}")
    return tuple(np.ascontiguousarray(table) for table in tables)


def _sorted(codes: Int32s) -> Words:
    """Give code and row as one number for each row that has a code, sorted.

    Sorting numbers is several times faster than sorting rows by code, and rows of equal code stay in order.
    """
    rows = np.flatnonzero(codes >= 0).astype(np.uint64)
    made = codes[codes >= 0].astype(np.uint64) << CODE
    made |= rows
    made.sort()
    return made


def sorted_both(codes_a: Int32s, codes_b: Int32s, same: bool) -> tuple[Words, Words]:
    """Sort both tables by code, each in its own thread."""
    if same:
        made = _sorted(codes_a)
        return made, made
    one, other = in_threads(_sorted, [codes_a, codes_b])
    return one, other


@kernel
def _count(sorted_a: Words, sorted_b: Words, same: bool) -> int:
    """Count the pairs of equal codes."""
    total = at_a = at_b = 0
    while at_a < len(sorted_a) and at_b < len(sorted_b):
        code, other = sorted_a[at_a] >> CODE, sorted_b[at_b] >> CODE
        if code < other:
            at_a += 1
        elif other < code:
            at_b += 1
        else:
            start_a, start_b = at_a, at_b
            while at_a < len(sorted_a) and sorted_a[at_a] >> CODE == code:
                at_a += 1
            while at_b < len(sorted_b) and sorted_b[at_b] >> CODE == code:
                at_b += 1
            size = at_a - start_a
            total += size * (size - 1) // 2 if same else size * (at_b - start_b)
    return total


@kernel
def first_at(entries: Words, code: int) -> int:
    """Give the place of the first entry whose code is at least this one."""
    low, high = 0, len(entries)
    while low < high:
        middle = (low + high) // 2
        if entries[middle] >> CODE < code:
            low = middle + 1
        else:
            high = middle
    return low


def count_grouped(codes_a: Int32s, codes_b: Int32s, *, same: bool = False) -> Int64s:
    """Count the pairs that each pass proposes, without making them.

    Exact for each single pass. A pair that several passes propose counts in each of them, so the
    sum is an upper bound on what `grouped_scan` compares.

    Twin: :func:`slow_count_grouped`.

    Args:
        codes_a, codes_b: ``int32[n, passes]``; negative: the record has no key in that pass.
        same: `codes_b` is `codes_a`; count each pair once and no record with itself.

    Returns:
        ``int64[passes]``.

    Raises:
        ValueError: the tables do not hold codes, or differ in passes.
    """
    codes_a, codes_b = check_codes(codes_a, codes_b)
    passes = range(codes_a.shape[1])
    counts = [_count(*sorted_both(codes_a[:, p], codes_b[:, p], same), same) for p in passes]
    return np.array(counts, dtype=np.int64)
