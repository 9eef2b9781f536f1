"""From pairs with log-odds to links: who goes with whom.

Every function takes pairs as three arrays, ``left`` and ``right`` (record numbers) and ``log_odds`` or ``score``, and
says which pairs are accepted or which cluster each record is in. Ties are broken by record number, so that the same
input gives the same links in whatever order the pairs come. Clusters by average linkage are in ``clustering``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from pprl.base.arrays import Bools, Floats, Int64s, Words
from pprl.base.compiled import kernel

__all__ = [
    "components",
    "first_come",
    "limited_components",
    "move_records",
    "one_to_many",
    "one_to_one",
    "tied_records",
    "undecided_records",
]

COMPONENT_LIMIT = 2000
"""A component with more records than this on a side is assigned greedily: the table for the optimum would be too large
(32 MB at this size). Chosen; how sensitive the links are was not measured, but a run counts such components."""


def _ranked(left: Int64s, right: Int64s, score: Floats) -> Int64s:
    return np.lexsort((right, left, -score))


def one_to_one(
    left: Int64s,
    right: Int64s,
    log_odds: Floats,
    *,
    threshold: float | None = None,
    component_limit: int = COMPONENT_LIMIT,
) -> tuple[Bools, int]:
    """Accept pairs so that each record has at most one partner and the sum of their log-odds is largest.

    For log-odds that is the most likely set of links. The optimum is found in each connected component
    (Hungarian method: Kuhn 1955, by shortest augmenting paths: Jonker, Volgenant 1987); components with more than
    ``component_limit`` records on a side are assigned greedily, best pair first.

    Args:
        left, right: ``int64[pairs]``, record numbers in the two files; each pair once.
        log_odds: ``float64[pairs]``, natural log of the odds that the two are one person; a pair at 0 or
            less is never accepted. With a ``threshold``, a score that counts what it has over it.
        threshold: where a score begins to count; pairs exactly at it are accepted where both records are free.

    Returns:
        ``bool[pairs]``, and the number of components that were assigned greedily.
    """
    # Above 0, and far below any difference of scores.
    gain = log_odds if threshold is None else log_odds - threshold + 1e-6
    accepted = np.zeros(len(left), bool)
    able = np.flatnonzero(gain > 0)
    if len(able) == 0:
        return accepted, 0
    lefts, row = np.unique(left[able], return_inverse=True)
    rights, column = np.unique(right[able], return_inverse=True)
    component = components(row, column + len(lefts), len(lefts) + len(rights))[row]
    order = np.lexsort((column, row, component))
    starts = np.flatnonzero(np.diff(component[order], prepend=-1, append=-1) != 0)
    row, column = row[order], column[order]
    taken = np.zeros(len(able), bool)
    greedy = _assign(starts, row, column, gain[able[order]], component_limit, taken)
    accepted[able[order[taken]]] = True
    return accepted, int(greedy)


def tied_records(left: Int64s, right: Int64s, log_odds: Floats, accepted: Bools) -> int:
    """Return how many records of either file have a second pair that weighs as much as the accepted one."""
    ties = 0
    for record in (left, right):
        _, place = np.unique(record, return_inverse=True)
        own = np.full(len(record), np.nan)
        own[place[accepted]] = log_odds[accepted]
        ties += len(np.unique(record[~accepted & (log_odds == own[place])]))
    return ties


def undecided_records(left: Int64s, right: Int64s, log_odds: Floats, accepted: Bools) -> int:
    """Return how many records of either file are in no accepted pair because their two best pairs weigh the same.

    Args:
        left, right: ``int64[pairs]``, record numbers in the two files.
        log_odds: ``float64[pairs]``, log-odds without rivals: pairs of 0 or less would not be accepted anyway.
        accepted: ``bool[pairs]``.
    """
    able = log_odds > 0
    undecided = 0
    for record in (left, right):
        order = np.lexsort((-log_odds, record))
        order = order[able[order]]
        first = np.flatnonzero(np.diff(record[order], prepend=-1) != 0)
        second = first + 1
        both = second < len(order)
        first, second = first[both], second[both]
        equal = (record[order[first]] == record[order[second]]) & (
            log_odds[order[first]] == log_odds[order[second]]
        )
        tied = np.unique(record[order[first[equal]]])
        undecided += len(tied) - int(np.isin(tied, record[accepted]).sum() if len(tied) else 0)
    return undecided


@kernel
def _assign(starts: Any, row: Any, column: Any, gain: Any, limit: Any, accepted: Any) -> Any:
    """Assign each component by itself; return how many were assigned greedily."""
    greedy = 0
    for which in range(len(starts) - 1):
        start, stop = starts[which], starts[which + 1]
        if stop - start == 1:
            accepted[start] = True
            continue
        rows, columns = np.unique(row[start:stop]), np.unique(column[start:stop])
        i = np.searchsorted(rows, row[start:stop])
        j = np.searchsorted(columns, column[start:stop])
        here = gain[start:stop]
        if len(rows) == 1 or len(columns) == 1:
            accepted[start + np.argmax(here)] = True
        elif max(len(rows), len(columns)) > limit:
            greedy += 1
            free_row, free_column = np.ones(len(rows), np.bool_), np.ones(len(columns), np.bool_)
            for at in np.argsort(-here, kind="mergesort"):
                if free_row[i[at]] and free_column[j[at]]:
                    free_row[i[at]] = free_column[j[at]] = False
                    accepted[start + at] = True
        else:
            wide = len(rows) <= len(columns)
            short, long = (i, j) if wide else (j, i)
            table = np.zeros((min(len(rows), len(columns)), max(len(rows), len(columns))))
            for at in range(len(here)):
                table[short[at], long[at]] = here[at]
            partner = _largest(table)
            for at in range(len(here)):
                accepted[start + at] = partner[short[at]] == long[at]
    return greedy


@kernel
def _largest(gain: Any) -> Any:
    """Return the column of each row so that the sum is largest; at most as many rows as columns, no gain below 0.

    Why not ``scipy.optimize.linear_sum_assignment``: files give many thousands of small components, and calling it once
    for each took 20 times as long (10,000 components of 2 x 2: 2.3 s instead of 0.1 s), while for one component of
    1,200 x 1,200 both took 1.5 s. Where several assignments are optimal it picks others, so links would change.

    Rows come in one by one. Each follows the cheapest chain of rows that give way; prices on rows and columns keep
    every slack at 0 or more.
    """
    rows, columns = gain.shape
    row_price, column_price = np.zeros(rows), np.zeros(columns + 1)
    # The last column stands for the row that is coming in.
    owner = np.full(columns + 1, -1, np.int64)
    before = np.full(columns, -1, np.int64)
    for row in range(rows):
        at = columns
        owner[at] = row
        slack = np.full(columns, np.inf)
        seen = np.zeros(columns + 1, np.bool_)
        while owner[at] >= 0:
            seen[at] = True
            here, step, nearest = owner[at], np.inf, -1
            for column in range(columns):
                if not seen[column]:
                    reduced = -gain[here, column] - row_price[here] - column_price[column]
                    if reduced < slack[column]:
                        slack[column] = reduced
                        before[column] = at
                    if slack[column] < step:
                        step, nearest = slack[column], column
            for column in range(columns + 1):
                if seen[column]:
                    row_price[owner[column]] += step
                    column_price[column] -= step
                elif column < columns:
                    slack[column] -= step
            at = nearest
        while at != columns:
            owner[at] = owner[before[at]]
            at = before[at]
    partner = np.empty(rows, np.int64)
    for column in range(columns):
        if owner[column] >= 0:
            partner[owner[column]] = column
    return partner


def one_to_many(left: Int64s, right: Int64s, score: Floats) -> Bools:
    """Accept for each right record its best left partner; a left record may have many partners.

    Returns:
        ``bool[pairs]``.
    """
    order = _ranked(left, right, score)
    _, first = np.unique(right[order], return_index=True)
    accepted = np.zeros(len(left), bool)
    accepted[order[first]] = True
    return accepted


def first_come(left: Int64s, right: Int64s, *, once_left: bool) -> Bools:
    """Accept pairs in their order as long as their records are free.

    Args:
        left, right: ``int64[pairs]``, best pair first.
        once_left: a left record, too, may have only one partner.

    Returns:
        ``bool[pairs]``.
    """
    sizes = [int(side.max(initial=-1)) + 1 for side in (left, right)]
    return np.asarray(_first_come(left, right, sizes[0], sizes[1], once_left))


@kernel
def _first_come(left: Any, right: Any, lefts: Any, rights: Any, once_left: Any) -> Any:
    taken_left, taken_right = np.zeros(lefts, np.bool_), np.zeros(rights, np.bool_)
    accepted = np.zeros(len(left), np.bool_)
    for at in range(len(left)):
        if taken_right[right[at]] or (once_left and taken_left[left[at]]):
            continue
        taken_left[left[at]] = taken_right[right[at]] = accepted[at] = True
    return accepted


def components(left: Int64s, right: Int64s, records: int) -> Int64s:
    """Return ``int64[records]``: the connected component of each record (any numbering)."""
    graph = coo_matrix((np.ones(len(left), np.int8), (left, right)), shape=(records, records))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def limited_components(
    left: Int64s, right: Int64s, log_odds: Floats, size: Int64s, limit: int
) -> tuple[Int64s, int]:
    """Return connected components; those that are too large are cut into pieces.

    A component of more than ``limit`` records is rebuilt, best pair first, without the pairs that would make a piece
    larger than that.

    Args:
        left, right: ``int64[pairs]``, in a fixed order, for instance sorted, which decides between equal log-odds.
        log_odds: ``float64[pairs]``.
        size: ``int64[records]``, how many each one counts for.

    Returns:
        ``int64[records]``, the component of each record, named by its lowest record; and how many were cut.
    """
    everyone = np.arange(len(size))
    parent, held = everyone.copy(), size.copy()
    _unite(left, right, parent, held, np.iinfo(np.int64).max)
    large = (parent == everyone) & (held > limit)
    loose = large[parent]
    if loose.any():
        parent[loose], held[loose] = everyone[loose], size[loose]
        again = np.flatnonzero(loose[left])
        again = again[np.argsort(-log_odds[again], kind="stable")]
        _unite(left[again], right[again], parent, held, limit)
    return parent, int(large.sum())


@kernel
def _unite(left: Any, right: Any, parent: Any, held: Any, limit: Any) -> None:
    """Join the ends of each pair, unless together they exceed ``limit``; then make every parent a root."""
    for at in range(len(left)):
        a, b = left[at], right[at]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a != b and held[a] + held[b] <= limit:
            low, high = min(a, b), max(a, b)
            parent[high] = low
            held[low] += held[high]
    # A parent comes before its children, so it is a root by the time they are met.
    for record in range(len(parent)):
        parent[record] = parent[parent[record]]


def move_records(
    cluster: Int64s,
    pairs: tuple[Int64s, Int64s, Floats],
    bits: Words,
    free: Bools,
    *,
    absent: float,
    rounds: int,
) -> tuple[Int64s, int]:
    """Move single records while that raises the sum of the log-odds inside clusters.

    Record by record, each goes to the cluster that weighs most to it (the sum over all its members, unlisted pairs
    included) if that is over 0. It stays where another weighs as much; between others that weigh as much, the lowest
    of its partners decides. No record is moved out to stand alone: that lost true pairs wherever it was measured.

    Args:
        cluster: ``int64[records]``, each one's cluster, named by a record.
        pairs: lower and higher records and log-odds, each pair once, sorted by the records.
        bits: ``uint64[records]``, a record does not move to a cluster that already has one of its bits.
        free: ``bool[records]``, which may move.
        absent: log-odds of a pair that is not listed.
        rounds: how many times to go through the records, at most.

    Returns:
        ``int64[records]``, clusters named by their lowest record, and how many records another cluster weighs as
        much to as the rest of their own.
    """
    moved = cluster.copy()
    ties = _move(*pairs, moved, bits, free, absent, rounds)
    _, first, which = np.unique(moved, return_index=True, return_inverse=True)
    return first[which].astype(np.int64), int(ties)


@kernel
def _move(
    low: Any,
    high: Any,
    log_odds: Any,
    cluster: Any,
    bits: Any,
    free: Any,
    absent: Any,
    rounds: Any,
) -> Any:
    records = len(cluster)
    # Each record's partners side by side, in order: the lower ones are filled in first.
    start = np.zeros(records + 1, np.int64)
    for at in range(len(low)):
        start[low[at] + 1] += 1
        start[high[at] + 1] += 1
    start = np.cumsum(start)
    filled = start[:-1].copy()
    near, value = np.empty(2 * len(low), np.int64), np.empty(2 * len(low))
    for one, other in ((high, low), (low, high)):
        for at in range(len(low)):
            near[filled[one[at]]], value[filled[one[at]]] = other[at], log_odds[at]
            filled[one[at]] += 1
    size, files = np.zeros(records, np.int64), np.zeros(records, np.uint64)
    for record in range(records):
        size[cluster[record]] += 1
        files[cluster[record]] |= bits[record]
    total, count = np.zeros(records), np.zeros(records, np.int64)
    ties = 0
    for turn in range(rounds + 1):
        moves, ties = 0, 0
        for record in range(records):
            first, last = start[record], start[record + 1]
            if first == last or not free[record]:
                continue
            own = cluster[record]
            for at in range(first, last):
                total[cluster[near[at]]] += value[at]
                count[cluster[near[at]]] += 1
            home = total[own] + absent * (size[own] - 1 - count[own])
            best, to, tied = max(home, 0.0), own, False
            for at in range(first, last):
                there = cluster[near[at]]
                if there != own and files[there] & bits[record] == 0:
                    sum_there = total[there] + absent * (size[there] - count[there])
                    tied |= sum_there == home and home > 0
                    if sum_there > best:
                        best, to = sum_there, there
            for at in range(first, last):
                total[cluster[near[at]]] = 0.0
                count[cluster[near[at]]] = 0
            if to == own or turn == rounds:
                # The last turn only counts ties.
                ties += tied
                continue
            moves += 1
            cluster[record] = to
            size[own] -= 1
            files[own] ^= bits[record]
            size[to] += 1
            files[to] |= bits[record]
        if moves == 0:
            break
    return ties
