"""Comparing records that share a blocking code, pass by pass.

A pass sorts both tables by code and walks through them side by side, as a merge join does. Nothing is stored except the
pairs that are found. Big blocks need no special treatment: the walk is cut into ranges of the sorted first table, so
that several threads share a block of any size.

Records of one block are scattered over the memory, and fetching one takes longer than comparing it with its few
partners. So the filters of some hundred records of both tables are fetched ahead and laid side by side; all further
work finds them in the nearest cache.
"""

from __future__ import annotations

import numpy as np

from pprl.base.arrays import Floats, Int32s, Int64s, Words
from pprl.base.progress import ShareDone
from pprl.base.threads import in_threads
from pprl.kernels.packed import (
    VECTOR,
    Pairs,
    Sizes,
    check_filters,
    check_sizes,
    common_words,
    copy_words,
    kernel,
    needed_common,
    prefetch,
    size_key,
    sort_pairs,
    unroll,
    word_popcount,
)
from pprl.kernels.sorted_codes import CODE, ROW, check_codes, first_at, sorted_both

__all__ = ["GroupedScan", "grouped_scan"]

RANGE_ROWS = 4096
"""Rows of the sorted first table that a thread walks through at a time. Chosen; not sensitive: results never depend on
it, and a short table is cut finer."""

LEAST_ROWS = 64
"""Rows of such a range, at least. Chosen; not sensitive, as above."""

HELD = 256
"""Records of each table that are laid side by side at a time: 2 x 32 KiB at 1,024 bits. Chosen; how sensitive the speed
is was not measured. Results never depend on it."""

AHEAD = 24
"""Records that are prefetched: about as many cache misses as a core can have open. Chosen; how sensitive the speed is
was not measured. Results never depend on it."""


@kernel
def _room(width: int) -> Words:
    """Give a flat table of zeros for the filters that are held; it begins at a cache line."""
    room = np.zeros(HELD * width + VECTOR, np.uint64)
    start = -(room.ctypes.data // 8) % VECTOR
    return room[start : start + HELD * width]


@kernel
def _lay(
    unrolled: tuple[int, ...],
    filters: Words,
    rows: Int64s,
    count: int,
    laid: Words,
    sums: Int64s,
) -> None:
    """Copy the filters of some rows to `laid`, each to as many vectors as `unrolled` is long, and count their bits."""
    words, width = filters.shape[1], len(unrolled) * VECTOR
    asked = 0
    for at in range(count):
        if at + AHEAD < count:
            for w in range(0, words, VECTOR):  # a cache line each
                asked += prefetch(filters, rows[at + AHEAD] * words + w)
            asked += prefetch(filters, rows[at + AHEAD] * words + words - 1)
        if words == width:
            sums[at] = copy_words(unrolled, filters, rows[at] * words, laid, at * width)
            continue
        total = np.uint64(0)
        for w in range(words):
            word = filters[rows[at], w]
            laid[at * width + w] = word
            total += word_popcount(word)
        sums[at] = np.int64(total)


@kernel
def _met_before(ones: Words, one: int, others: Words, other: int, masks: Words) -> bool:
    """Say whether the filters that begin at ``ones[one]`` and ``others[other]`` agree on all the bits of a mask."""
    for mask in range(len(masks)):
        differ = np.uint64(0)
        for w in range(masks.shape[1]):
            differ |= (ones[one + w] ^ others[other + w]) & masks[mask, w]
        if differ == 0:
            return True
    return False


@kernel
def _compare_held(
    unrolled: tuple[int, ...],
    tables: tuple[Words, Words],
    rows: tuple[Int64s, Int64s],
    counts: tuple[int, int],
    groups: Int64s,
    laid: tuple[Words, Words],
    sums: tuple[Int64s, Int64s],
    earlier_codes: tuple[Int32s, Int32s],
    masks: Words,
    needed: Int32s,
    sizes: Sizes,
    same: bool,
    found: tuple[Int64s, Int64s, Floats],
    kept: int,
) -> tuple[tuple[Int64s, Int64s, Floats], int, int]:
    """Compare the records that are held, group by group.

    A group is a row of `groups`: where its records begin among those held of the first table, how many they are, the
    same of the second table, and how many places later the second table's first record stands.
    """
    left, right, score = found
    laid_a, laid_b = laid
    sum_a, sum_b = sums
    codes_a, codes_b = earlier_codes
    width = len(unrolled) * VECTOR
    _lay(unrolled, tables[0], rows[0], counts[0], laid_a, sum_a)
    _lay(unrolled, tables[1], rows[1], counts[1], laid_b, sum_b)
    both = float(sizes[0] + sizes[1])
    hit = np.empty(HELD, np.int64)
    bits = np.empty(HELD, np.int64)
    done = np.zeros(HELD, np.bool_)
    compared = 0
    for group in range(len(groups)):
        # No slices here: counting their references costs more than comparing the few records of a group.
        at_a, size_a, at_b = groups[group, 0], groups[group, 1], groups[group, 2]
        end, after = at_b + groups[group, 3], groups[group, 4]
        emptiest = sum_b[at_b]
        for other in range(at_b + 1, end):
            emptiest = min(emptiest, sum_b[other])
        for one in range(at_a, at_a + size_a):
            begin = at_b
            if same:  # within a block, a row meets only later rows
                begin = min(at_b + max(0, one - at_a + 1 - after), end)
            compared += end - begin
            for q in range(codes_a.shape[1]):
                code = codes_a[rows[0][one], q]
                for other in range(begin, end):
                    equal = code >= 0 and codes_b[rows[1][other], q] == code
                    done[other] = equal or (q > 0 and done[other])
            if codes_a.shape[1]:
                for other in range(begin, end):
                    compared -= done[other]
            # No pair of the group reaches the threshold with fewer bits in common than the emptiest filter needs.
            least = needed[size_key(sizes, sum_a[one], emptiest)]
            hits = 0
            for other in range(begin, end):
                common = common_words(unrolled, laid_a, one * width, laid_b, other * width)
                if common >= least:
                    hit[hits] = other
                    bits[hits] = common
                    hits += 1
            if hits == 0:
                continue
            while kept + hits > len(left):
                left = np.concatenate((left, np.empty_like(left)))
                right = np.concatenate((right, np.empty_like(right)))
                score = np.concatenate((score, np.empty_like(score)))
            for h in range(hits):
                other = hit[h]
                key = size_key(sizes, sum_a[one], sum_b[other])
                if bits[h] < needed[key] or done[other]:
                    continue
                if _met_before(laid_a, one * width, laid_b, other * width, masks):
                    continue
                left[kept] = rows[0][one]
                right[kept] = rows[1][other]
                score[kept] = both * bits[h] / key
                kept += 1
    return (left, right, score), kept, compared


@kernel
def _scan_range(
    unrolled: tuple[int, ...],
    tables: tuple[Words, Words],
    entries: tuple[Words, Words],
    earlier_codes: tuple[Int32s, Int32s],
    masks: Words,
    needed: Int32s,
    sizes: Sizes,
    same: bool,
    start: int,
    stop: int,
) -> tuple[Int64s, Int64s, Floats, int]:
    """Compare the rows at `start` to `stop` of the sorted first table with those of equal code.

    Skips pairs that share an earlier code, and does not report those that agree on a mask. Gives the pairs
    and how many were compared.
    """
    sorted_a, sorted_b = entries
    width = len(unrolled) * VECTOR
    laid = _room(width), _room(width)
    sums = np.empty(HELD, np.int64), np.empty(HELD, np.int64)
    rows_a, rows_b = np.empty(HELD, np.int64), np.empty(HELD, np.int64)
    padded = np.zeros((len(masks), width), np.uint64)
    padded[:, : masks.shape[1]] = masks
    groups = np.empty((HELD, 5), np.int64)
    found = np.empty(256, np.int64), np.empty(256, np.int64), np.empty(256, np.float64)
    kept = compared = held_a = held_b = made = 0
    at_b = first_at(sorted_b, sorted_a[start] >> CODE)
    at_a = start
    while at_a < stop:
        code = sorted_a[at_a] >> CODE
        end_a = at_a + 1
        while end_a < stop and sorted_a[end_a] >> CODE == code:
            end_a += 1
        if same:
            at_b = at_a + 1
        while at_b < len(sorted_b) and sorted_b[at_b] >> CODE < code:
            at_b += 1
        end_b = at_b
        while end_b < len(sorted_b) and sorted_b[end_b] >> CODE == code:
            end_b += 1
        for first_a in range(at_a, end_a, HELD):
            size_a = min(HELD, end_a - first_a)
            for first_b in range(at_b, end_b, HELD):
                size_b = min(HELD, end_b - first_b)
                if held_a + size_a > HELD or held_b + size_b > HELD:
                    found, kept, more = _compare_held(
                        unrolled, tables, (rows_a, rows_b), (held_a, held_b), groups[:made], laid, sums,
                        earlier_codes, padded, needed, sizes, same, found, kept,
                    )  # fmt: skip
                    compared += more
                    held_a = held_b = made = 0
                for at in range(size_a):
                    rows_a[held_a + at] = np.int64(sorted_a[first_a + at] & ROW)
                for at in range(size_b):
                    rows_b[held_b + at] = np.int64(sorted_b[first_b + at] & ROW)
                groups[made, 0], groups[made, 1] = held_a, size_a
                groups[made, 2], groups[made, 3] = held_b, size_b
                groups[made, 4] = first_b - first_a
                made += 1
                held_a += size_a
                held_b += size_b
        at_a = end_a
    found, kept, more = _compare_held(
        unrolled, tables, (rows_a, rows_b), (held_a, held_b), groups[:made], laid, sums,
        earlier_codes, padded, needed, sizes, same, found, kept,
    )  # fmt: skip
    left, right, score = found
    return left[:kept].copy(), right[:kept].copy(), score[:kept].copy(), compared + more


class GroupedScan:
    """Two tables of filters made ready for passes over blocking codes.

    Args:
        a, b: filters, ``uint64[n, words]``, fewer than 2**32 rows each.
        threshold: smallest similarity, by default Dice coefficient, to report, in (0, 1].
        sizes: how much the smaller and the larger filter count, p >= q; see `pprl.kernels.dice`.
        same: `b` is `a`; report each pair once, ``left < right``, and no row with itself.

    Raises:
        ValueError: `threshold` is outside (0, 1], `sizes` are not allowed, or the tables do not
            match.
    """

    def __init__(
        self,
        a: Words,
        b: Words,
        *,
        threshold: float,
        sizes: Sizes = (1, 1),
        same: bool = False,
    ) -> None:
        self._tables = check_filters(a, b)
        self._sizes, self._same = check_sizes(sizes), same
        words = self._tables[0].shape[1]
        self._unrolled = unroll(-(-words // VECTOR))
        most = words * 64
        self._needed = needed_common(threshold, sum(self._sizes) * most, self._sizes)

    def scan(
        self,
        codes: tuple[Int32s, Int32s],
        *,
        earlier: tuple[Int32s, Int32s] | None = None,
        met: Words | None = None,
        progress: ShareDone | None = None,
    ) -> tuple[Int64s, Int64s, Floats, int]:
        """Find the pairs of one pass.

        Args:
            codes: of both tables, ``int32[n]``; negative: the record has no key.
            earlier: codes of earlier passes, ``int32[n, passes]``: pairs that share one are not compared.
            met: ``uint64[masks, words]``: pairs whose filters agree on all the bits of one are not reported.
            progress: called from the calling thread with the share that is done; the last call says 1.0.

        Returns:
            Rows of `a` (``int64[k]``), rows of `b` (``int64[k]``) and similarities (``float64[k]``), in an order not
            to rely on, but the same with any number of threads; and how many pairs were compared.
        """
        a, b = self._tables
        if earlier is None:
            earlier = np.empty((len(a), 0), np.int32), np.empty((len(b), 0), np.int32)
        masks = np.empty((0, a.shape[1]), np.uint64) if met is None else met
        entries = sorted_both(*codes, self._same)
        # A short table is cut finer, so that every thread gets a part of it.
        size = max(LEAST_ROWS, min(RANGE_ROWS, len(entries[0]) // 64))

        def compare(start: int) -> tuple[Int64s, Int64s, Floats, int]:
            return _scan_range(
                self._unrolled,
                (a, b),
                entries,
                earlier,
                masks,
                self._needed,
                self._sizes,
                self._same,
                start,
                min(start + size, len(entries[0])),
            )

        parts = in_threads(compare, range(0, len(entries[0]), size), progress=progress)
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
    progress: ShareDone | None = None,
) -> tuple[Int64s, Int64s, Floats, Int64s]:
    """Find all pairs that share a code in some pass and whose similarity reaches the threshold.

    In pass p, records whose codes are equal and not negative are compared, unless they already
    met in an earlier pass. The earlier codes tell; no pairs are stored for it.

    Twin: :func:`slow_grouped_scan`.

    Args:
        a, b: filters, ``uint64[n, words]``.
        codes_a, codes_b: ``int32[n, passes]``; negative: the record has no key in that pass.
        threshold: smallest similarity, by default Dice coefficient, to report, in (0, 1].
        sizes: how much the smaller and the larger filter count, p >= q; see `pprl.kernels.dice`.
        same: `b` is `a`; report each pair once, ``left < right``, and no row with itself.
        progress: called from the calling thread with the share that is done, each pass counting the same; the last call
            says 1.0.

    Returns:
        Rows of `a` (``int64[k]``), rows of `b` (``int64[k]``) and similarities (``float64[k]``),
        sorted by (left, right) whatever the number of threads; and the pairs compared in each
        pass (``int64[passes]``).

    Raises:
        ValueError: `threshold` is outside (0, 1], `sizes` are not allowed, or the tables do not
            match.
    """
    codes_a, codes_b = check_codes(codes_a, codes_b)
    if len(a) != len(codes_a) or len(b) != len(codes_b):
        raise ValueError("every filter needs one row of codes")
    scan = GroupedScan(a, b, threshold=threshold, sizes=sizes, same=same)
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
