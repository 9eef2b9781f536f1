"""How many pairs have which similarity: what the weights of the profile ``record`` are learnt from.

To save a division for each pair, pairs are counted by both popcounts and common bits; only these counts go into bins.
Records are taken in order of popcount, so that few counters are in use at a time.
"""

from __future__ import annotations

import numpy as np

from pprl.base.arrays import Floats, Int32s, Int64s, Words
from pprl.base.progress import ShareDone
from pprl.base.threads import in_threads
from pprl.kernels.packed import (
    LANES,
    Sizes,
    check_filters,
    check_rows,
    check_sizes,
    common_lanes,
    fold_to_lanes,
    kernel,
    popcounts,
    size_key,
    word_popcount,
)

__all__ = ["histogram_and_best", "score_histogram"]

_ROWS = 128
"""Rows of a tile: they, a group of lanes and the counters in use fit the first-level cache. Chosen; how sensitive the
speed is was not measured. Results never depend on it."""

_TASK = 48_000_000
"""Roughly how many pairs a thread takes at a time: some hundredths of a second. Chosen; not sensitive: results never
depend on it."""

_COUNTERS = 1 << 20
"""Counters of a thread, at most: 4 MiB. Chosen; not sensitive: a range of popcounts that needs more is split."""


@kernel
def _bin_of(common: int, one: int, other: int, sizes: Sizes, bins: int) -> int:
    key = float(max(size_key(sizes, one, other), 1))
    score = float(sizes[0] + sizes[1]) * float(common) / key
    return min(int(score * bins), bins - 1)


@kernel
def _histogram(
    rows_a: Words,
    sum_a: Int32s,
    lanes: Words,
    sum_b: Int32s,
    own: Int64s,
    width: int,
    most: int,
    sizes: Sizes,
    bins: int,
) -> tuple[Int64s, Floats]:
    """Count the similarities of rows and lanes, both in order of popcount; no pair has more than `most` common bits.

    Gives the counts, and for each row its largest similarity to a lane other than `own`.
    """
    counts = np.zeros(bins, np.int64)
    best = np.zeros(len(sum_a), np.float64)
    both = float(sizes[0] + sizes[1])
    stride = most + 1
    distinct = np.empty(len(sum_b), np.int32)
    begin = np.zeros((len(sum_b) + LANES - 1) // LANES * LANES, np.int64)  # of each lane's counters
    kinds = 0
    for b in range(len(sum_b)):
        if kinds == 0 or distinct[kinds - 1] != sum_b[b]:
            distinct[kinds] = sum_b[b]
            kinds += 1
        begin[b] = (kinds - 1) * stride
    tables = max(_COUNTERS // (kinds * stride), 1)
    counters = np.zeros((min(tables, _ROWS), kinds * stride), np.int32)
    number = np.empty(_ROWS, np.int64)
    made = np.empty(LANES, np.int64)
    start = 0
    while start < len(sum_a):
        end, used = start, 0
        while end < min(start + _ROWS, len(sum_a)):
            if end == start or sum_a[end] != sum_a[end - 1]:
                if used == tables:
                    break
                used += 1
            number[end - start] = used - 1
            end += 1
        for first in range(0, len(sum_b), LANES):
            size = np.uint64(min(LANES, len(sum_b) - first))
            last = first + np.int64(size) - 1
            even = (
                sum_b[first] == sum_b[last]
            )  # as in most groups, since lanes are in order of popcount
            for row in range(start, end):
                most_here = common_lanes(
                    lanes,
                    first * width,
                    rows_a,
                    row * width,
                    width,
                    begin[first : first + LANES],
                    made,
                )
                of_row = counters[number[row - start]]
                for lane in range(size):
                    of_row[np.uint64(made[lane])] += np.int32(1)
                if even and not first <= own[row] <= last:
                    key = max(size_key(sizes, sum_a[row], sum_b[first]), 1)
                    best[row] = max(best[row], both * float(most_here - begin[first]) / key)
                    continue
                for lane in range(first, last + 1):
                    if lane != own[row]:
                        key = max(size_key(sizes, sum_a[row], sum_b[lane]), 1)
                        score = both * float(made[lane - first] - begin[lane]) / key
                        best[row] = max(best[row], score)
        for table in range(used):
            one = sum_a[start + np.searchsorted(number[: end - start], table)]
            for kind in range(kinds):
                for common in range(stride):
                    n = counters[table, kind * stride + common]
                    if n:
                        counts[_bin_of(common, one, distinct[kind], sizes, bins)] += n
                        counters[table, kind * stride + common] = 0
        start = end
    return counts, best


@kernel
def _own(filters: Words, rows: Int64s, sizes: Sizes, bins: int) -> Int64s:
    """Count the similarities of rows with themselves."""
    counts = np.zeros(bins, np.int64)
    for row in rows:
        total = np.uint64(0)
        for w in range(filters.shape[1]):
            total += word_popcount(filters[row, w])
        bits = int(np.int64(total))
        counts[_bin_of(bits, bits, bits, sizes, bins)] += 1
    return counts


def _chunks(sums: Int32s, rows: int, most: int) -> list[tuple[int, int]]:
    """Cut records in order of popcount into tasks whose counters fit the memory for them."""
    size = max(_TASK // max(rows, 1) // LANES, 1) * LANES
    kind = np.cumsum(np.diff(sums, prepend=sums[:1]) > 0)
    kinds = max(_COUNTERS // (most + 1), 1)
    cuts = np.union1d(
        np.arange(0, len(sums), size), np.searchsorted(kind, np.arange(0, kind[-1] + 1, kinds))
    )
    return list(zip(cuts.tolist(), [*cuts[1:].tolist(), len(sums)], strict=True))


def score_histogram(
    a: Words,
    b: Words,
    rows: Int64s,
    *,
    bins: int,
    sizes: Sizes = (1, 1),
    exclude_self: bool = False,
    progress: ShareDone | None = None,
) -> Int64s:
    """Count the similarities of some rows of `a` with all of `b`, in equal bins over [0, 1].

    Twin: :func:`slow_score_histogram`.

    Args:
        a, b: filters, ``uint64[n, words]``.
        rows: rows of `a`, ``int64[k]``.
        bins: number of bins; a score lies in bin ``min(int(score * bins), bins - 1)``.
        sizes: how much the smaller and the larger filter count, p >= q.
        exclude_self: `b` is `a`; a row is not compared with itself.
        progress: called from the calling thread with the share of the pairs that is done; the last call says 1.0.

    Returns:
        ``int64[bins]``, in pairs.

    Raises:
        ValueError: the tables do not match, `bins` is below 1, or `sizes` are not allowed.
        IndexError: a row number is negative or too large.
    """
    return histogram_and_best(
        a, b, rows, bins=bins, sizes=sizes, exclude_self=exclude_self, progress=progress
    )[0]


def histogram_and_best(
    a: Words,
    b: Words,
    rows: Int64s,
    *,
    bins: int,
    sizes: Sizes = (1, 1),
    exclude_self: bool = False,
    progress: ShareDone | None = None,
) -> tuple[Int64s, Floats]:
    """Count like :func:`score_histogram`, and find each row's largest similarity on the way.

    Args and errors are the same.

    Twin: :func:`slow_histogram_and_best`.

    Returns:
        The counts, and ``float64[k]`` in the order of `rows`; 0.0 for a row that shares no bit with any other.
    """
    a, b = check_filters(a, b)
    rows, sizes = check_rows(rows, len(a)), check_sizes(sizes)
    if bins < 1:
        raise ValueError(f"bins must be at least 1, not {bins}")
    chosen = np.ascontiguousarray(a[rows])
    sum_a, sum_b = popcounts(chosen), popcounts(b)
    order_a, order_b = np.argsort(sum_a, kind="stable"), np.argsort(sum_b, kind="stable")
    rows_a, sum_a, sum_b = chosen[order_a].ravel(), sum_a[order_a], sum_b[order_b]
    width = a.shape[1]
    most = int(min(sum_a.max(initial=0), sum_b.max(initial=0)))
    own = np.full(len(rows), -1)
    if exclude_self:
        place = np.empty(len(b), np.int64)
        place[order_b] = np.arange(len(b))
        own = place[rows[order_a]]

    def count(chunk: tuple[int, int]) -> tuple[Int64s, Floats]:
        start, end = chunk
        lanes = fold_to_lanes(b, order_b[start:end], width)
        return _histogram(
            rows_a, sum_a, lanes, sum_b[start:end], own - start, width, most, sizes, bins
        )

    chunks = _chunks(sum_b, len(rows), most) if len(b) and len(rows) else []
    counts, largest = np.zeros(bins, np.int64), np.zeros(len(rows))
    for part, best in in_threads(count, chunks, progress=progress):
        counts += part
        np.maximum(largest, best, out=largest)
    if exclude_self:
        counts -= _own(b, rows[rows < len(b)], sizes, bins)
    of_row = np.empty(len(rows))
    of_row[order_a] = largest
    return counts, of_row
