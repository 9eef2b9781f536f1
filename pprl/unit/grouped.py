"""Comparing records that share a blocking code, pass by pass.

A pass sorts both tables by code and walks through them side by side, as a merge join does: no block and no pair is
stored but the pairs that are found. Big blocks are no special case: the walk is cut into ranges of the sorted first
table, so that the rows of a block of any size fall to several threads.
"""

from __future__ import annotations

import numpy as np

from pprl.threads import Progress, in_threads
from pprl.unit.lanes import (
    LANES,
    WIDTHS,
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
    prefetch,
    size_key,
    sort_pairs,
    trailing_zeros,
    unroll,
    word_popcount,
)
from pprl.unit.sorted_codes import CODE, ROW, check_codes, first_at, sorted_both

__all__ = ["GroupedScan", "grouped_scan"]

RANGE_ROWS = 1024  # rows of the sorted first table that a thread walks through at a time
FEW_LANES = 4  # up to this many partners are compared one by one, without laying them side by side


@kernel
def _ask_ahead(
    width: int,
    folded: tuple[Words, Words],
    sums: tuple[Int32s, Int32s],
    entries: tuple[Words, Words],
    same: bool,
    start: int,
    stop: int,
) -> int:
    """Ask for what the pairs of a range need: its rows lie all over the memory, and waiting for each takes longest."""
    sorted_a, sorted_b = entries
    asked = 0
    at_b = first_at(sorted_b, sorted_a[start] >> CODE)
    for at_a in range(start, stop):
        code = sorted_a[at_a] >> CODE
        while at_b < len(sorted_b) and sorted_b[at_b] >> CODE < code:
            at_b += 1
        end_b = at_b
        while end_b < min(at_b + LANES, len(sorted_b)) and sorted_b[end_b] >> CODE == code:
            end_b += 1
        if end_b - at_b < 1 + same:
            continue
        i = np.int64(sorted_a[at_a] & ROW)
        asked += prefetch(sums[0], i)
        asked += prefetch(folded[0], i * width)
        asked += prefetch(folded[0], i * width + width - 1)
        if at_a > start and sorted_a[at_a - 1] >> CODE == code:
            continue
        for k in range(at_b, end_b):
            j = np.int64(sorted_b[k] & ROW)
            asked += prefetch(sums[1], j)
            asked += prefetch(folded[1], j * width)
            asked += prefetch(folded[1], j * width + width - 1)
    return asked


@kernel
def _scan_range(
    unrolled: tuple[int, ...],
    a: Words,
    b: Words,
    folded: tuple[Words, Words],
    sums: tuple[Int32s, Int32s],
    earlier_codes: tuple[Int32s, Int32s],
    entries: tuple[Words, Words],
    needed: Int32s,
    sizes: Sizes,
    slopes: Slopes,
    same: bool,
    start: int,
    stop: int,
) -> tuple[Int64s, Int64s, Float64s, int]:
    """Compare the rows at `start` to `stop` of the sorted first table with those of equal code.

    Leaves out pairs that share one of the earlier codes. Gives the pairs and how many were compared.
    """
    width = len(unrolled)
    folded_a, folded_b = folded
    sum_a, sum_b = sums
    codes_a, codes_b = earlier_codes
    sorted_a, sorted_b = entries
    passes = codes_a.shape[1]
    weight = float(sizes[0] + sizes[1])
    lanes = np.zeros(width * LANES, np.uint64)
    earlier = np.full((passes + 1) * LANES, -1, np.int32)
    left = np.empty(256, np.int64)
    right = np.empty(256, np.int64)
    found = 0
    compared = np.uint64(0)
    every = ~np.uint64(0)
    asked = _ask_ahead(width, folded, sums, entries, same, start, stop)
    at_b = first_at(sorted_b, sorted_a[start] >> CODE)
    at_a = start
    while at_a < stop:
        code = sorted_a[at_a] >> CODE
        end_a = at_a + 1
        while end_a < stop and sorted_a[end_a] >> CODE == code:
            end_a += 1
        if same:
            at_b = at_a + 1  # of a block's rows only later ones are partners
        while at_b < len(sorted_b) and sorted_b[at_b] >> CODE < code:
            at_b += 1
        end_b = at_b
        while end_b < len(sorted_b) and sorted_b[end_b] >> CODE == code:
            end_b += 1
        for first in range(at_b, end_b, LANES):
            size = min(LANES, end_b - first)
            wide = size > FEW_LANES
            lowest = highest = int(sum_b[np.int64(sorted_b[first] & ROW)])
            if wide:
                for lane in range(size):
                    j = np.int64(sorted_b[first + lane] & ROW)
                    lowest = min(lowest, sum_b[j])
                    highest = max(highest, sum_b[j])
                    for w in range(width):
                        lanes[w * LANES + lane] = folded_b[j * width + w]
                    for q in range(passes):
                        earlier[q * LANES + lane] = codes_b[j, q]
            valid = every >> np.uint64(LANES - size)
            for row in range(at_a, end_a):
                i = np.int64(sorted_a[row] & ROW)
                live = valid
                if same:
                    own = row - first  # the row's own lane: only later ones are its partners
                    if own >= size - 1:
                        continue
                    if own >= 0:
                        live &= every << np.uint64(own + 1)
                for q in range(passes):
                    if codes_a[i, q] < 0:
                        continue
                    if wide:
                        live &= ~equal_lanes(earlier, q * LANES, codes_a[i, q])
                        continue
                    for lane in range(size):
                        j = np.int64(sorted_b[first + lane] & ROW)
                        if codes_b[j, q] == codes_a[i, q]:
                            live &= ~(np.uint64(1) << np.uint64(lane))
                if live == 0:
                    continue
                compared += word_popcount(live)
                near = live
                if wide:
                    limit = group_limit(slopes, sum_a[i], lowest, highest)
                    if limit < 0:
                        continue
                    near = np.uint64(0)
                    for lane in range(0, size, 8):
                        hits = near_lanes(unrolled, lanes, lane, folded_a, i * width, limit)
                        near |= hits << np.uint64(lane)
                    near &= live
                while near != 0:
                    j = np.int64(sorted_b[first + trailing_zeros(near)] & ROW)
                    near &= near - np.uint64(1)
                    if not wide:
                        distance = np.uint64(0)
                        for w in range(width):
                            distance += word_popcount(
                                folded_a[i * width + w] ^ folded_b[j * width + w]
                            )
                        if np.int64(distance) > group_limit(slopes, sum_a[i], sum_b[j], sum_b[j]):
                            continue
                    if found == len(left):
                        left = np.concatenate((left, np.empty_like(left)))
                        right = np.concatenate((right, np.empty_like(right)))
                    left[found] = i
                    right[found] = j
                    found += 1
                    for w in range(0, a.shape[1], 8):  # a cache line each
                        asked += prefetch(a, i * a.shape[1] + w)
                        asked += prefetch(b, j * a.shape[1] + w)
        at_a = end_a
    # What came through the bound is counted in full at the end, when its rows have arrived.
    score = np.empty(found, np.float64)
    kept = 0
    for at in range(found):
        i, j = left[at], right[at]
        key = size_key(sizes, sum_a[i], sum_b[j])
        bits = np.uint64(0)
        for w in range(a.shape[1]):
            bits += word_popcount(a[i, w] & b[j, w])
        common = np.int64(bits)
        if common < needed[key]:
            continue
        left[kept], right[kept], score[kept] = i, j, weight * common / key
        kept += 1
    return left[:kept].copy(), right[:kept].copy(), score[:kept].copy(), int(compared)


class GroupedScan:
    """Two tables of filters made ready for passes over blocking codes.

    Args:
        a, b: filters, ``uint64[n, words]``, fewer than 2**32 rows each.
        threshold: smallest similarity, by default Dice coefficient, to report, in (0, 1].
        sizes: how much the smaller and the larger filter count, p >= q; see `pprl.unit.kernels`.
        same: `b` is `a`; report each pair once, ``left < right``, and no row with itself.
        width: words that filters are folded to; by default all, as far as kernels are that wide. Results do not
            depend on it.

    Raises:
        ValueError: `threshold` is outside (0, 1], `sizes` are not allowed, or the tables do not go
            together.
    """

    def __init__(
        self,
        a: Words,
        b: Words,
        *,
        threshold: float,
        sizes: Sizes = (1, 1),
        same: bool = False,
        width: int | None = None,
    ) -> None:
        self._a, self._b = check_filters(a, b)
        self._sizes, self._same = check_sizes(sizes), same
        self._sums = popcounts(self._a), popcounts(self._b)
        self._needed = needed_for(threshold, self._sizes, *self._sums)
        self._slopes = limit_slopes(threshold, self._sizes)
        # Records that share a block are alike: a narrow fold would let too many through. Each is met once a pass, and
        # to fetch it takes longer than to count all of it.
        words = self._a.shape[1]
        width = width or max((width for width in WIDTHS if width <= words), default=WIDTHS[0])
        self._unrolled = unroll(width)
        one = self._fold(self._a)
        self._folded = one, one if same else self._fold(self._b)

    def _fold(self, filters: Words) -> Words:
        width = len(self._unrolled)
        if width == filters.shape[1]:
            return filters.reshape(-1)
        return fold_rows(filters, np.arange(len(filters)), width)

    def scan(
        self,
        codes: tuple[Int32s, Int32s],
        *,
        earlier: tuple[Int32s, Int32s] | None = None,
        progress: Progress | None = None,
    ) -> tuple[Int64s, Int64s, Float64s, int]:
        """Find the pairs of one pass.

        Args:
            codes: of both tables, ``int32[n]``; negative: the record has no key.
            earlier: codes of earlier passes, ``int32[n, passes]``: pairs that share one are not compared again.
            progress: called from the calling thread with the share that is done; the last call says 1.0.

        Returns:
            Rows of `a` (``int64[k]``), rows of `b` (``int64[k]``) and similarities (``float64[k]``), in no order to
            rely on but the same with any number of threads; and how many pairs were compared.
        """
        if earlier is None:
            earlier = np.empty((len(self._a), 0), np.int32), np.empty((len(self._b), 0), np.int32)
        entries = sorted_both(*codes, self._same)

        def compare(start: int) -> tuple[Int64s, Int64s, Float64s, int]:
            return _scan_range(
                self._unrolled,
                self._a,
                self._b,
                self._folded,
                self._sums,
                earlier,
                entries,
                self._needed,
                self._sizes,
                self._slopes,
                self._same,
                start,
                min(start + RANGE_ROWS, len(entries[0])),
            )

        parts = in_threads(compare, range(0, len(entries[0]), RANGE_ROWS), progress=progress)
        empty = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float64)
        left, right, score = (
            np.concatenate([empty[n], *(part[n] for part in parts)]) for n in range(3)
        )
        return left, right, score, sum(part[3] for part in parts)


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
    met in an earlier pass. That is seen from the earlier codes; no pairs are stored.

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
    """Do `grouped_scan` at a given fold width, or at the widest."""
    codes_a, codes_b = check_codes(codes_a, codes_b)
    if len(a) != len(codes_a) or len(b) != len(codes_b):
        raise ValueError("every filter needs one row of codes")
    scan = GroupedScan(a, b, threshold=threshold, sizes=sizes, same=same, width=width)
    passes = codes_a.shape[1]
    compared = np.zeros(passes, np.int64)
    tell = progress or (lambda share: None)
    parts: list[Pairs] = []
    for p in range(passes):

        def tell_pass(share: float, p: int = p) -> None:
            tell((p + share) / passes)

        left, right, score, compared[p] = scan.scan(
            (codes_a[:, p], codes_b[:, p]),
            earlier=(codes_a[:, :p].copy(), codes_b[:, :p].copy()),
            progress=tell_pass,
        )
        parts.append((left, right, score))
    if passes == 0:
        tell(1.0)
    return *sort_pairs(parts), compared
