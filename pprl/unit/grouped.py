"""Comparing records that share a blocking code, in several passes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from pprl.threads import Progress, in_threads
from pprl.unit.lanes import (
    LANES,
    Float64s,
    Int32s,
    Int64s,
    Pairs,
    Sizes,
    Slopes,
    Words,
    check_filters,
    check_sizes,
    equal_lanes,
    fold_rows,
    group_limit,
    kernel,
    limit_slopes,
    near_lanes,
    needed_for,
    popcounts,
    size_key,
    sort_pairs,
    trailing_zeros,
    unroll,
    word_popcount,
)
from pprl.unit.scan import choose_width

__all__ = ["count_grouped", "grouped_scan"]

PIECE_ROWS = 256  # a block is cut into pieces of at most this many rows of a ...
PIECE_LANES = 16_384  # ... and of b, so that one big block does not hold up the other threads
JOB_PAIRS = 4_000_000  # pairs handed to a thread at a time: some milliseconds
SAMPLE = 128  # rows of each table whose pairs choose the fold width

Blocks = tuple[Int64s, Int64s, Int64s, Int64s]


def _check_codes(*tables: Int32s) -> tuple[Int32s, ...]:
    """Give the code tables C-contiguous, or raise ValueError."""
    for table in tables:
        if table.dtype != np.int32 or table.ndim != 2:
            raise ValueError("blocking codes must be int32[n, passes]")
        if table.shape[1] != tables[0].shape[1]:
            raise ValueError(f"codes differ in passes: {tables[0].shape[1]}, {table.shape[1]}")
    return tuple(np.ascontiguousarray(table) for table in tables)


def _sort_by_code(codes: Int32s) -> tuple[Int64s, Int32s, Int64s, Int64s]:
    """Sort the rows that have a code by it.

    Gives the rows, the distinct codes, and where each code's rows start and end.
    """
    rows = np.flatnonzero(codes >= 0)
    rows = rows[np.argsort(codes[rows], kind="stable")]
    distinct, starts = np.unique(codes[rows], return_index=True)
    return rows, distinct, starts, np.append(starts[1:], len(rows))


def _blocks(codes_a: Int32s, codes_b: Int32s, same: bool) -> tuple[Int64s, Int64s, Blocks]:
    """Give the rows of `a` and of `b` in order of code, and the codes that both have.

    A block is a range of the first and a range of the second: starts, ends, starts, ends.
    """
    rows_a, distinct_a, starts_a, ends_a = _sort_by_code(codes_a)
    if same:
        return rows_a, rows_a, (starts_a, ends_a, starts_a, ends_a)
    rows_b, distinct_b, starts_b, ends_b = _sort_by_code(codes_b)
    _, in_a, in_b = np.intersect1d(distinct_a, distinct_b, assume_unique=True, return_indices=True)
    return rows_a, rows_b, (starts_a[in_a], ends_a[in_a], starts_b[in_b], ends_b[in_b])


def _count(blocks: Blocks, same: bool) -> int:
    """Count the pairs in the blocks."""
    starts_a, ends_a, starts_b, ends_b = blocks
    sizes = ends_a - starts_a
    return int((sizes * (sizes - 1) // 2 if same else sizes * (ends_b - starts_b)).sum())


def count_grouped(codes_a: Int32s, codes_b: Int32s, *, same: bool = False) -> Int64s:
    """Count the pairs that each pass proposes, without making them.

    Exact for each pass by itself. A pair proposed by several passes counts in each of them, so
    the sum is an upper bound on what `grouped_scan` compares.

    Args:
        codes_a, codes_b: ``int32[n, passes]``; negative: the record has no key in that pass.
        same: `codes_b` is `codes_a`; count each pair once and no record with itself.

    Returns:
        ``int64[passes]``.

    Raises:
        ValueError: the tables are no codes, or differ in passes.
    """
    codes_a, codes_b = _check_codes(codes_a, codes_b)
    passes = range(codes_a.shape[1])
    counts = [_count(_blocks(codes_a[:, p], codes_b[:, p], same)[2], same) for p in passes]
    return np.array(counts, dtype=np.int64)


@kernel
def _pieces(blocks: Blocks, same: bool, pieces: Int64s) -> int:
    """Cut blocks into pieces (start and end in a, start and end in b); give how many there are.

    Writes them if there is room in `pieces`, so a first call with no room only counts.
    """
    starts_a, ends_a, starts_b, ends_b = blocks
    found = 0
    for block in range(len(starts_a)):
        for a in range(starts_a[block], ends_a[block], PIECE_ROWS):
            end_a = min(a + PIECE_ROWS, ends_a[block])
            first_b = a + 1 if same else starts_b[block]
            for b in range(first_b, ends_b[block], PIECE_LANES):
                if found < len(pieces):
                    pieces[found, 0] = a
                    pieces[found, 1] = end_a
                    pieces[found, 2] = b
                    pieces[found, 3] = min(b + PIECE_LANES, ends_b[block])
                found += 1
    return found


def _cut(blocks: Blocks, same: bool) -> tuple[Int64s, list[tuple[int, int]]]:
    """Cut blocks into pieces, and the pieces into jobs of about equal work."""
    pieces = np.empty((_pieces(blocks, same, np.empty((0, 4), np.int64)), 4), np.int64)
    _pieces(blocks, same, pieces)
    work = (pieces[:, 1] - pieces[:, 0]) * (pieces[:, 3] - pieces[:, 2]) + LANES
    job = np.cumsum(work) // JOB_PAIRS
    bounds = [0, *(np.flatnonzero(np.diff(job)) + 1).tolist(), len(pieces)]
    return pieces, [(i, j) for i, j in pairwise(bounds) if i < j]


@kernel
def _scan_pieces(
    unrolled: tuple[int, ...],
    a: Words,
    b: Words,
    folded_a: Words,
    folded_b: Words,
    sums: tuple[Int32s, Int32s],
    codes: tuple[Int32s, Int32s],
    rows: tuple[Int64s, Int64s],
    needed: Int32s,
    sizes: Sizes,
    slopes: Slopes,
    pass_: int,
    same: bool,
    pieces: Int64s,
) -> tuple[Int64s, Int64s, Float64s, int]:
    """Compare the pairs of some pieces, but for those that share a code of an earlier pass.

    Gives the pairs and how many were compared.
    """
    width = len(unrolled)
    sum_a, sum_b = sums
    codes_a, codes_b = codes
    rows_a, rows_b = rows
    weight = float(sizes[0] + sizes[1])
    lanes = np.zeros(width * LANES, np.uint64)
    earlier = np.full((pass_ + 1) * LANES, -1, np.int32)
    left = np.empty(256, np.int64)
    right = np.empty(256, np.int64)
    score = np.empty(256, np.float64)
    found = 0
    compared = np.uint64(0)
    every = ~np.uint64(0)
    for piece in range(len(pieces)):
        start, end = pieces[piece, 0], pieces[piece, 1]
        for first in range(pieces[piece, 2], pieces[piece, 3], LANES):
            size = min(LANES, pieces[piece, 3] - first)
            lowest = highest = int(sum_b[rows_b[first]])
            for lane in range(size):
                j = rows_b[first + lane]
                lowest = min(lowest, sum_b[j])
                highest = max(highest, sum_b[j])
                for w in range(width):
                    lanes[w * LANES + lane] = folded_b[j * width + w]
                for q in range(pass_):
                    earlier[q * LANES + lane] = codes_b[j, q]
            valid = every >> np.uint64(LANES - size)
            for row in range(start, end):
                i = rows_a[row]
                live = valid
                if same:
                    own = row - first  # the row's own lane: only later ones are its partners
                    if own >= size - 1:
                        continue
                    if own >= 0:
                        live &= every << np.uint64(own + 1)
                for q in range(pass_):
                    code = codes_a[i, q]
                    if code >= 0:
                        live &= ~equal_lanes(earlier, q * LANES, code)
                if live == 0:
                    continue
                compared += word_popcount(live)
                limit = group_limit(slopes, sum_a[i], lowest, highest)
                if limit < 0:
                    continue
                near = np.uint64(0)
                for lane in range(0, size, 8):
                    hits = near_lanes(unrolled, lanes, lane, folded_a, i * width, limit)
                    near |= hits << np.uint64(lane)
                near &= live
                while near != 0:
                    j = rows_b[first + trailing_zeros(near)]
                    near &= near - np.uint64(1)
                    key = size_key(sizes, sum_a[i], sum_b[j])
                    bits = np.uint64(0)
                    for w in range(a.shape[1]):
                        bits += word_popcount(a[i, w] & b[j, w])
                    common = np.int64(bits)
                    if common < needed[key]:
                        continue
                    if found == len(left):
                        left = np.concatenate((left, np.empty_like(left)))
                        right = np.concatenate((right, np.empty_like(right)))
                        score = np.concatenate((score, np.empty_like(score)))
                    left[found] = i
                    right[found] = j
                    score[found] = weight * common / key
                    found += 1
    return left[:found].copy(), right[:found].copy(), score[:found].copy(), int(compared)


def grouped_scan(
    a: Words,
    b: Words,
    codes_a: Int32s,
    codes_b: Int32s,
    *,
    threshold: float,
    sizes: Sizes = (1, 1),
    same: bool = False,
    progress: Progress | None = None,
) -> tuple[Int64s, Int64s, Float64s, Int64s]:
    """Find all pairs that share a code in some pass and whose similarity reaches the threshold.

    In pass p, records whose codes are equal and not negative are compared, unless they already
    met in an earlier pass. That is seen from the earlier codes; no pairs are stored. Blocks may
    be of any size: big ones are cut, so that all threads stay busy.

    Args:
        a, b: filters, ``uint64[n, words]``.
        codes_a, codes_b: ``int32[n, passes]``; negative: the record has no key in that pass.
        threshold: smallest similarity, by default Dice coefficient, to report, in (0, 1].
        sizes: how much the smaller and the larger filter count, p >= q; see `pprl.unit.kernels`.
        same: `b` is `a`; report each pair once, ``left < right``, and no row with itself.
        progress: called from the calling thread with the share that is done, each pass taken as equally long; the last
            call says 1.0.

    Returns:
        Rows of `a` (``int64[k]``), rows of `b` (``int64[k]``) and similarities (``float64[k]``),
        sorted by (left, right) whatever the number of threads; and the pairs compared in each
        pass (``int64[passes]``).

    Raises:
        ValueError: `threshold` is outside (0, 1], `sizes` are not allowed, or the tables do not go
            together.
    """
    return _grouped(a, b, codes_a, codes_b, threshold, same, None, progress, sizes)


def _grouped(
    a: Words,
    b: Words,
    codes_a: Int32s,
    codes_b: Int32s,
    threshold: float,
    same: bool,
    width: int | None,
    progress: Progress | None = None,
    sizes: Sizes = (1, 1),
) -> tuple[Int64s, Int64s, Float64s, Int64s]:
    """Do `grouped_scan` at a given fold width, or at the one a sample makes cheapest."""
    a, b = check_filters(a, b)
    sizes = check_sizes(sizes)
    codes_a, codes_b = _check_codes(codes_a, codes_b)
    if len(a) != len(codes_a) or len(b) != len(codes_b):
        raise ValueError("every filter needs one row of codes")
    sums = popcounts(a), popcounts(b)
    needed = needed_for(threshold, sizes, *sums)
    passes = codes_a.shape[1]
    compared = np.zeros(passes, np.int64)
    tell = progress or (lambda share: None)
    if len(a) == 0 or len(b) == 0 or passes == 0:
        tell(1.0)
        return *sort_pairs([]), compared
    slopes = limit_slopes(threshold, sizes)
    if width is None:
        sample_a = np.arange(0, len(a), -(-len(a) // SAMPLE))
        sample_b = np.arange(0, len(b), -(-len(b) // SAMPLE))
        width = choose_width(a, b, slopes, sample_a, sample_b)
    unrolled = unroll(width)
    folded_a = fold_rows(a, np.arange(len(a)), width)
    folded_b = folded_a if same else fold_rows(b, np.arange(len(b)), width)
    parts: list[Pairs] = []
    for p in range(passes):
        rows_a, rows_b, blocks = _blocks(codes_a[:, p], codes_b[:, p], same)
        pieces, jobs = _cut(blocks, same)

        def compare(
            job: tuple[int, int],
            p: int = p,
            rows: tuple[Int64s, Int64s] = (rows_a, rows_b),
            pieces: Int64s = pieces,
        ) -> tuple[Int64s, Int64s, Float64s, int]:
            return _scan_pieces(
                unrolled,
                a,
                b,
                folded_a,
                folded_b,
                sums,
                (codes_a, codes_b),
                rows,
                needed,
                sizes,
                slopes,
                p,
                same,
                pieces[job[0] : job[1]],
            )

        def tell_pass(share: float, p: int = p) -> None:
            tell((p + share) / passes)

        for left, right, score, count in in_threads(compare, jobs, progress=tell_pass):
            parts.append((left, right, score))
            compared[p] += count
    return *sort_pairs(parts), compared
