"""The most similar records of each record: as `pprl.unit.scan`, with a bound that rises as better ones are found.

Once a row has as many partners as are wanted, only a pair that would displace one of them matters.
Groups of lanes are met from the row's own popcount outwards, where the most similar records are.
"""

from __future__ import annotations

import numpy as np

from pprl.threads import Progress, in_threads
from pprl.unit.folds import choose_width, near_in_group
from pprl.unit.lanes import (
    LANES,
    Float64s,
    Int32s,
    Int64s,
    Pairs,
    Sizes,
    Words,
    check_filters,
    check_rows,
    check_sizes,
    check_threshold,
    fold_rows,
    fold_to_lanes,
    group_limit,
    kernel,
    limit_slopes,
    popcounts,
    size_key,
    sort_pairs,
    trailing_zeros,
    unroll,
    word_popcount,
)

__all__ = ["best_match", "dice_top"]

_ROWS = 128  # as in `pprl.unit.scan`
_TASK = 200_000_000  # pairs handed to a thread at a time, about: some tenths of a second
_SAMPLE = 256  # rows of each table whose pairs choose the fold width
_LEAST = 5e-324  # the smallest threshold there is: whatever has a bit in common


@kernel
def _insert(scores: Float64s, rows: Int64s, held: int, score: float, row: int) -> int:
    """Put a partner into the list of the best, falling in score, then rising in row; give how many there are."""
    if held == len(rows):
        last = held - 1
        if score < scores[last] or (score == scores[last] and row > rows[last]):
            return held
    else:
        last = held
        held += 1
    while last > 0 and (
        score > scores[last - 1] or (score == scores[last - 1] and row < rows[last - 1])
    ):
        scores[last], rows[last] = scores[last - 1], rows[last - 1]
        last -= 1
    scores[last], rows[last] = score, row
    return held


@kernel
def _take_hits(
    hits: Words,
    n: int,
    start: int,
    group: tuple[int, int],
    a: Words,
    b: Words,
    order_b: Int64s,
    own: Int64s,
    sum_a: Int32s,
    sum_b: Int32s,
    sizes: Sizes,
    threshold: float,
    slopes: Float64s,
    scores: Float64s,
    rows: Int64s,
    held: Int64s,
) -> None:
    """Count hits in full, keep those among the best, and raise the bounds of their rows."""
    weight = float(sizes[0] + sizes[1])
    for hit in range(n):
        row, near = np.int64(hits[hit, 0]), hits[hit, 2]
        while near != 0:
            other = group[0] + np.int64(hits[hit, 1]) + trailing_zeros(near)
            near &= near - np.uint64(1)
            if other >= group[1] or order_b[other] == own[row]:
                continue
            j = order_b[other]
            bits = np.uint64(0)
            for w in range(a.shape[1]):
                bits += word_popcount(a[row, w] & b[j, w])
            key = size_key(sizes, sum_a[row], sum_b[other])
            if key == 0:
                continue
            score = weight * np.float64(bits) / np.float64(key)
            if score < threshold:
                continue
            at = row - start
            held[at] = _insert(scores[at], rows[at], held[at], score, j)
            if held[at] == rows.shape[1]:
                least = max(threshold, scores[at, held[at] - 1])
                slopes[at, 0], slopes[at, 1] = limit_slopes(least, sizes)


@kernel
def _top_of_tile(
    unrolled: tuple[int, ...],
    a: Words,
    b: Words,
    folded_a: Words,
    folded_b: Words,
    order_b: Int64s,
    own: Int64s,
    sum_a: Int32s,
    sum_b: Int32s,
    sizes: Sizes,
    threshold: float,
    k: int,
    start: int,
    end: int,
) -> tuple[Int64s, Int64s, Float64s]:
    """Find the best of rows `start` to `end`: how many each has, their rows of `b` and scores.

    `a`, `own` and `sum_a` are in order of popcount; `sum_b` is, too, with the rows of `b` in `order_b`.
    """
    held = np.zeros(end - start, np.int64)
    rows, scores = np.empty((end - start, k), np.int64), np.empty((end - start, k), np.float64)
    limits = np.empty(end - start, np.int64)
    slopes = np.empty((end - start, 2), np.float64)
    slopes[:, 0], slopes[:, 1] = limit_slopes(threshold, sizes)
    hits = np.empty((_ROWS * LANES // 8, 3), np.uint64)
    groups = (len(sum_b) + LANES - 1) // LANES
    below = int(np.searchsorted(sum_b, sum_a[(start + end) // 2])) // LANES
    above = below
    for step in range(groups):
        if below > 0 and (above == groups or step % 2 == 1):
            below -= 1
            group = below
        else:
            group = above
            above += 1
        first = group * LANES
        last = min(first + LANES, len(sum_b)) - 1
        lowest, highest = int(sum_b[first]), int(sum_b[last])
        any_row = False
        for row in range(start, end):
            one = sum_a[row]
            at = row - start
            limit = group_limit((slopes[at, 0], slopes[at, 1]), one, lowest, highest)
            if limit < max(lowest - one, one - highest):
                limit = -1  # popcounts alone differ by more
            limits[at] = limit
            any_row |= limit >= 0
        if any_row:
            n = near_in_group(unrolled, folded_a, folded_b, limits, (start, end), group, hits)
            _take_hits(
                hits,
                n,
                start,
                (first, last + 1),
                a,
                b,
                order_b,
                own,
                sum_a,
                sum_b,
                sizes,
                threshold,
                slopes,
                scores,
                rows,
                held,
            )
    return held, rows, scores


@kernel
def _usual_best(
    a: Words, b: Words, rows_a: Int64s, rows_b: Int64s, sizes: Sizes, k: int
) -> Float64s:
    """Give for each sampled row the score that its k-th best of the sample has."""
    made = np.zeros(len(rows_a), np.float64)
    scores = np.zeros(max(len(rows_b), k), np.float64)
    for at in range(len(rows_a)):
        for n in range(len(rows_b)):
            common, one, other = np.uint64(0), np.uint64(0), np.uint64(0)
            for w in range(a.shape[1]):
                x, y = a[rows_a[at], w], b[rows_b[n], w]
                common += word_popcount(x & y)
                one += word_popcount(x)
                other += word_popcount(y)
            key = max(size_key(sizes, int(np.int64(one)), int(np.int64(other))), 1)
            scores[n] = float(sizes[0] + sizes[1]) * np.float64(common) / np.float64(key)
        made[at] = np.sort(scores)[len(scores) - k]
    return made


def _top(
    a: Words,
    b: Words,
    own: Int64s,
    k: int,
    threshold: float,
    sizes: Sizes,
    progress: Progress | None,
) -> Pairs:
    """Do `dice_top`; `own` holds the row of `b` that a row of `a` is not to meet, or -1."""
    if len(a) == 0 or len(b) == 0:
        if progress:
            progress(1.0)
        return sort_pairs([])
    k = min(k, len(b))
    sum_a, sum_b = popcounts(a), popcounts(b)
    order_a, order_b = np.argsort(sum_a, kind="stable"), np.argsort(sum_b, kind="stable")
    a, own, sum_a, sum_b = a[order_a], own[order_a], sum_a[order_a], sum_b[order_b]
    rows_a = np.arange(0, len(a), -(-len(a) // _SAMPLE))
    rows_b = order_b[:: -(-len(b) // _SAMPLE)]
    usual = float(np.median(_usual_best(a, b, rows_a, rows_b, sizes, k)))
    slopes = limit_slopes(max(threshold, usual), sizes)
    width = choose_width(a, b, slopes, rows_a, rows_b)
    folded_a = fold_rows(a, np.arange(len(a)), width)
    folded_b = fold_to_lanes(b, order_b, width)
    rows = min(_ROWS, max(8, _TASK // len(b)))

    def find(start: int) -> Pairs:
        end = min(start + rows, len(a))
        held, found, scores = _top_of_tile(
            unroll(width),
            a,
            b,
            folded_a,
            folded_b,
            order_b,
            own,
            sum_a,
            sum_b,
            sizes,
            threshold,
            k,
            start,
            end,
        )
        there = np.arange(k) < held[:, None]
        return np.repeat(order_a[start:end], held), found[there], scores[there]

    parts = in_threads(find, range(0, len(a), rows), progress=progress)
    left, right, score = (np.concatenate(side) for side in zip(*parts, strict=True))
    order = np.argsort(left, kind="stable")
    return left[order], right[order], score[order]


def dice_top(
    a: Words,
    b: Words,
    *,
    k: int,
    threshold: float,
    sizes: Sizes = (1, 1),
    same: bool = False,
    progress: Progress | None = None,
) -> Pairs:
    """Find for each row of `a` its `k` most similar rows of `b` that reach the threshold.

    Exact. Beyond the result, memory holds a copy of `a` and one more copy of the filters, or less.

    Args:
        a, b: filters, ``uint64[n, words]``.
        k: partners of a row at most; of equals those with the lowest rows of `b`.
        threshold: smallest similarity to report, in (0, 1].
        sizes: how much the smaller and the larger filter count, p >= q; see `pprl.unit.kernels`.
        same: `b` is `a`; a row is not its own partner, and a pair may be given from both sides.
        progress: called from the calling thread with the share of the rows that is done; the last call says 1.0.

    Returns:
        Rows of `a` (``int64[n]``), rows of `b` (``int64[n]``) and similarities (``float64[n]``), sorted by
        left, then falling similarity, then right.

    Raises:
        ValueError: `k` is below 1, `threshold` is outside (0, 1], `sizes` are not allowed, or the tables do not go
            together.
    """
    a, b = check_filters(a, b)
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    check_threshold(threshold)
    own = np.arange(len(a)) if same else np.full(len(a), -1)
    return _top(a, b, own, k, threshold, check_sizes(sizes), progress)


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
    own = rows if exclude_self else np.full(len(rows), -1)
    left, right, score = _top(a[rows], b, own, 1, _LEAST, sizes, progress)
    # Where nothing has a bit in common, all are equally unlike: the lowest row it is.
    lowest = np.where(own == 0, 1, 0)
    index, best = np.where(lowest < len(b), lowest, -1), np.zeros(len(rows))
    index[left], best[left] = right, score
    return index, best
