"""Pairs become clusters: average linkage of the log-odds that two records are one person.

Joining whatever a pair connects (connected components) lets one wrong pair glue two people together. Here two clusters
join only while *all* pairs between them, the unlisted ones included, say on average that they are one person. That is
average linkage (UPGMA; Sokal, Michener 1958) with log-odds as similarity, hence with a natural place to stop: an
average of 0. It is also a greedy descent on the cost of correlation clustering (Bansal, Blum, Chawla 2004) and, where
each file holds a person once, the constrained agglomeration of multi-source clustering (Saeedi, Nentwig, Peukert, Rahm
2018; Saeedi, David, Rahm 2021).

The most certain pairs join first, so that one strong wrong pair takes its two records out of their clusters. Single
records are therefore moved between clusters afterwards while that raises the sum of the log-odds inside: local search
on correlation clustering (Elsner, Schudy 2009), starting from average linkage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pprl.base.arrays import Floats, Int64s, Words
from pprl.base.compiled import kernel
from pprl.base.errors import DataError, UsageError
from pprl.unit.linking.assignment import limited_components, move_records

__all__ = ["FILES_LIMIT", "ClusterLimits", "Clusters", "cluster_records"]

FILES_LIMIT = 64
"""Files of a run, at most: the files of a cluster are the bits of one 64-bit word."""

GRAIN = 2.0**-20
"""Log-odds are rounded to multiples of this, so that sums are exact in any order and equal evidence stays equal.
Chosen; not sensitive: a millionth of a nat."""

MOST = 1000.0
"""The most that log-odds count, either way: sums stay exact and infinite log-odds stay a number. Chosen; not
sensitive: no evidence comes near it."""


@dataclass(frozen=True, kw_only=True)
class ClusterLimits:
    """How much work goes into clusters.

    Attributes:
        component: records in a component of positive pairs above which it is cut first. Chosen; not sensitive: only
            chains of wrong pairs make one that large.
        rounds: how often each record is looked at again, to be moved; 0 leaves average linkage as it is. Chosen; not
            sensitive: after two or three rounds there is mostly nothing left to move.
    """

    component: int = 100_000
    rounds: int = 10


_LIMITS = ClusterLimits()


@dataclass(frozen=True, kw_only=True, eq=False)
class Clusters:
    """Which records are one person.

    Attributes:
        cluster: ``int64[records]``, the cluster of each record, named by its lowest record.
        giant: components of more records than the limit. They were cut first: best pairs were joined while no piece
            exceeded the limit, then each piece was clustered by itself.
        ties: records to which another cluster with room for them weighs as much as the rest of their own; record
            numbers decided.
        largest: records in the largest cluster.
    """

    cluster: Int64s
    giant: int
    ties: int
    largest: int


def cluster_records(
    left: Int64s,
    right: Int64s,
    log_odds: Floats,
    file_of: Int64s,
    *,
    absent: float,
    one_per_file: bool,
    initial: Int64s | None = None,
    limits: ClusterLimits = _LIMITS,
) -> Clusters:
    """Cluster records so that the pairs inside a cluster say on average that they are one person.

    The two clusters with the highest average log-odds of the pairs between them join, again and again, while that
    average is over 0. Among equal averages the pair of clusters comes first whose highest records are lower (the
    higher of the two decides, then the other; an initial cluster counts as its lowest record). Then single
    records move where they weigh more (``move_records``). The order of the pairs does not matter. Time is about
    O(m log m) for m pairs.

    Args:
        left, right: ``int64[pairs]``, record numbers over all files, in either order. A pair listed more than once
            counts once, with its highest log-odds; a record paired with itself counts nothing.
        log_odds: ``float64[pairs]``, natural log of the odds that the two are one person. No pair counts less
            than ``absent``: a mistake in one record lowers all of its pairs at once, so many low log-odds are not
            independent witnesses, and being listed must not make a pair worse.
        file_of: ``int64[records]``, below :data:`FILES_LIMIT`.
        absent: log-odds of a pair that is not listed, below 0. The nearer to 0, the more is joined.
        one_per_file: whether a cluster holds at most one record of a file.
        initial: ``int64[records]``, clusters given out by an earlier run, -1 for new records. They are neither split
            nor merged with each other; new records join them, one another, or nobody. A cluster that holds two
            records of a file already keeps them.
        limits: how much work goes into it.

    Raises:
        UsageError: ``absent`` is not below 0, or a file number is not below :data:`FILES_LIMIT`.
        DataError: log-odds are not a number.
    """
    records = len(file_of)
    if not absent < 0:
        raise UsageError(
            "the log-odds of an unlisted pair must be below 0",
            hint="Pass the lowest log-odds that a listed pair can have, which is below 0, as `absent`.",
        )
    known = not records or 0 <= int(file_of.min()) <= int(file_of.max()) < FILES_LIMIT
    if one_per_file and not known:
        raise UsageError(
            f"records of more than {FILES_LIMIT} files",
            hint=f"Pass file numbers below {FILES_LIMIT} as `file_of`, or `one_per_file=False`.",
        )
    if np.isnan(log_odds).any():
        raise DataError(
            "a pair's log-odds are not a number",
            hint="Pass a number for every pair as `log_odds`.",
        )
    lost = min(float(_rounded(absent)), -GRAIN)
    node = _nodes(records, initial)
    size = np.bincount(node, minlength=records)
    bits = np.left_shift(np.uint64(one_per_file), file_of.astype(np.uint64))
    files = _masks(bits, node)
    new = np.ones(records, bool) if initial is None else initial < 0
    fixed = np.zeros(records, bool)
    fixed[node[~new]] = True
    low, high, value = _distinct(left, right, log_odds, records, lost)
    u, v, total, count = _between(node, low, high, value, records)
    # Pairs of nodes that can never share a cluster decide nothing.
    may = (files[u] & files[v] == 0) & ~(fixed[u] & fixed[v])
    u, v, total, count = u[may], v[may], total[may], count[may]
    room = size[u] * size[v]
    average = (total + lost * (room - count)) / room
    positive = average > 0
    piece, giant = limited_components(
        u[positive], v[positive], average[positive], size, limits.component
    )
    inside = np.flatnonzero(piece[u] == piece[v])
    inside = inside[np.argsort(piece[u[inside]], kind="stable")]
    edges = (u[inside], v[inside], total[inside], count[inside])
    starts = np.append(_starts(piece[edges[0]]), len(inside))
    root = np.arange(records)
    _each_piece(starts, edges, (size, files, fixed), lost, root)
    inside = np.flatnonzero(piece[node[low]] == piece[node[high]])
    pairs = (low[inside], high[inside], value[inside])
    cluster, ties = move_records(root[node], pairs, bits, new, absent=lost, rounds=limits.rounds)
    return Clusters(
        cluster=cluster,
        giant=giant,
        ties=ties,
        largest=int(np.bincount(cluster, minlength=1).max()),
    )


def _rounded(log_odds: float | Floats) -> Floats:
    return np.asarray(np.round(np.clip(log_odds, -MOST, MOST) / GRAIN) * GRAIN)


def _starts(key: Int64s) -> Int64s:
    """Return where runs of equal values start."""
    return np.flatnonzero(np.diff(key, prepend=-1) != 0)


def _masks(bits: Words, group: Int64s) -> Words:
    """Return ``uint64[records]``: the files of each group, at the number of its lowest record."""
    masks = np.zeros(len(bits), np.uint64)
    np.bitwise_or.at(masks, group, bits)
    return masks


def _nodes(records: int, initial: Int64s | None) -> Int64s:
    """Return ``int64[records]``: the lowest record of each one's initial cluster, or the record itself."""
    node = np.arange(records)
    if initial is not None:
        known = np.flatnonzero(initial >= 0)
        _, first, which = np.unique(initial[known], return_index=True, return_inverse=True)
        node[known] = known[first[which]]
    return node


def _distinct(
    left: Int64s, right: Int64s, log_odds: Floats, records: int, least: float
) -> tuple[Int64s, Int64s, Floats]:
    """Return each pair over ``least`` once, lower record first, sorted, with its highest log-odds."""
    value = _rounded(log_odds)
    counts = np.flatnonzero((value > least) & (left != right))
    low, high = np.minimum(left, right)[counts], np.maximum(left, right)[counts]
    order = np.argsort(low * records + high, kind="stable")
    low, high, value = low[order], high[order], value[counts[order]]
    first = _starts(low * records + high)
    if len(first) < len(low):
        value = np.maximum.reduceat(value, first)
    return low[first], high[first], value


def _between(
    node: Int64s, low: Int64s, high: Int64s, value: Floats, records: int
) -> tuple[Int64s, Int64s, Floats, Int64s]:
    """Return pairs of nodes, sorted, with the sum and the number of the listed pairs between them."""
    u, v = np.minimum(node[low], node[high]), np.maximum(node[low], node[high])
    order = np.argsort(u * records + v, kind="stable")
    order = order[u[order] != v[order]]
    u, v, value = u[order], v[order], value[order]
    first = _starts(u * records + v)
    total, count = _sums(value, first)
    return u[first], v[first], total, count


def _sums(value: Floats, first: Int64s) -> tuple[Floats, Int64s]:
    """Return the sum and the length of each run."""
    if len(first) == len(value):
        return value, np.ones(len(value), np.int64)
    return np.add.reduceat(value, first), np.diff(first, append=len(value))


@kernel
def _each_piece(starts: Any, edges: Any, sides: Any, absent: Any, root: Any) -> None:
    """Cluster piece by piece; ``root`` gets the lowest node of each node's cluster."""
    u, v, total, count = edges
    size, files, fixed = sides
    place = np.full(len(root), -1, np.int64)
    for piece in range(len(starts) - 1):
        start, stop = starts[piece], starts[piece + 1]
        if stop - start == 1:
            # A piece of one pair: positive and allowed, or it would not be a piece.
            root[v[start]] = u[start]
            continue
        nodes = np.unique(np.concatenate((u[start:stop], v[start:stop])))
        place[nodes] = np.arange(len(nodes))
        ends = np.empty(2 * (stop - start), np.int64)
        for at in range(start, stop):
            ends[2 * (at - start)] = place[u[at]]
            ends[2 * (at - start) + 1] = place[v[at]]
        sums, counts = total[start:stop].copy(), count[start:stop].copy()
        parent = _agglomerate(ends, sums, counts, size[nodes], files[nodes], fixed[nodes], absent)
        lowest = np.full(len(nodes), -1, np.int64)
        for at in range(len(nodes)):
            top = at
            while parent[top] != top:
                top = parent[top]
            if lowest[top] < 0:
                lowest[top] = nodes[at]
            root[nodes[at]] = lowest[top]


@kernel
def _agglomerate(
    ends: Any, total: Any, count: Any, size: Any, files: Any, fixed: Any, absent: Any
) -> Any:
    """Return each node's parent after average linkage of one piece.

    Edge ``e`` joins the clusters ``ends[2e]`` and ``ends[2e + 1]`` and holds the sum and the number of the listed
    pairs between them; two edges that come to join the same clusters become one. The heap holds, for each edge, a
    bound on its average. A merger never makes an average better than the better of its two parts, so a bound is looked
    at again only when it is the best of all: either it still holds and the two join, or it is lowered.
    """
    nodes, edges = len(size), len(total)
    parent, highest = np.arange(nodes), np.arange(nodes)
    # Each cluster's edges as a linked list of edge ends.
    head, degree = np.full(nodes, -1, np.int64), np.zeros(nodes, np.int64)
    link = np.empty(2 * edges, np.int64)
    for end in range(2 * edges):
        link[end] = head[ends[end]]
        head[ends[end]] = end
        degree[ends[end]] += 1
    mask = 3
    while mask < 2 * edges:
        mask = 2 * mask + 1
    table = np.full(mask + 1, -1, np.int64)
    dead = np.zeros(edges, np.bool_)
    bound, tie = np.empty(edges), np.empty(edges, np.int64)
    heap, length = np.empty(edges, np.int64), 0
    for e in range(edges):
        a, b = ends[2 * e], ends[2 * e + 1]
        table[_slot(table, mask, ends, nodes, a, b)] = e
        room = size[a] * size[b]
        bound[e] = (total[e] + absent * (room - count[e])) / room
        tie[e] = max(a, b) * nodes + min(a, b)
        if bound[e] > 0:
            heap[length] = e
            length += 1
    for at in range(length // 2 - 1, -1, -1):
        _sink(heap, length, at, bound, tie)
    while length > 0:
        e = heap[0]
        a, b = ends[2 * e], ends[2 * e + 1]
        apart = dead[e] or files[a] & files[b] != 0 or (fixed[a] and fixed[b])
        if not apart:
            room = size[a] * size[b]
            now = (total[e] + absent * (room - count[e])) / room
            order = max(highest[a], highest[b]) * nodes + min(highest[a], highest[b])
            if now > 0 and (now != bound[e] or order != tie[e]):
                bound[e], tie[e] = now, order
                _sink(heap, length, 0, bound, tie)
                continue
            bound[e] = now
        length -= 1
        heap[0] = heap[length]
        _sink(heap, length, 0, bound, tie)
        if apart or bound[e] <= 0:
            continue
        _remove(table, mask, ends, nodes, e)
        dead[e] = True
        if degree[a] < degree[b]:
            a, b = b, a
        # The smaller list moves, so that each edge moves O(log m) times over all mergers.
        end = head[b]
        while end >= 0:
            after = link[end]
            f = end >> 1
            if not dead[f]:
                _remove(table, mask, ends, nodes, f)
                ends[end] = a
                at = _slot(table, mask, ends, nodes, a, ends[end ^ 1])
                g = table[at]
                if g >= 0 and (bound[g] > bound[f] or (bound[g] == bound[f] and tie[g] < tie[f])):
                    total[g] += total[f]
                    count[g] += count[f]
                    dead[f] = True
                else:
                    if g >= 0:
                        total[f] += total[g]
                        count[f] += count[g]
                        dead[g] = True
                    table[at] = f
                    link[end] = head[a]
                    head[a] = end
                    degree[a] += 1
            end = after
        parent[b] = a
        size[a] += size[b]
        files[a] |= files[b]
        fixed[a] |= fixed[b]
        highest[a] = max(highest[a], highest[b])
    return parent


@kernel
def _sink(heap: Any, length: Any, at: Any, bound: Any, tie: Any) -> None:
    """Let the edge at ``at`` sink to its place: best bound on top, then the lowest records."""
    edge = heap[at]
    while True:
        child = 2 * at + 1
        if child >= length:
            break
        if child + 1 < length:
            one, two = heap[child], heap[child + 1]
            if bound[two] > bound[one] or (bound[two] == bound[one] and tie[two] < tie[one]):
                child += 1
        below = heap[child]
        if bound[edge] > bound[below] or (bound[edge] == bound[below] and tie[edge] <= tie[below]):
            break
        heap[at] = below
        at = child
    if at < length:
        heap[at] = edge


@kernel
def _home(mask: Any, nodes: Any, a: Any, b: Any) -> Any:
    key = np.uint64(min(a, b) * nodes + max(a, b)) * np.uint64(0x9E3779B97F4A7C15)
    return np.int64((key >> np.uint64(20)) & np.uint64(mask))


@kernel
def _slot(table: Any, mask: Any, ends: Any, nodes: Any, a: Any, b: Any) -> Any:
    """Return where in the hash table (open addressing) the edge between two clusters is, or would go."""
    at = _home(mask, nodes, a, b)
    while table[at] >= 0:
        x, y = ends[2 * table[at]], ends[2 * table[at] + 1]
        if (x == a and y == b) or (x == b and y == a):
            break
        at = (at + 1) & mask
    return at


@kernel
def _remove(table: Any, mask: Any, ends: Any, nodes: Any, edge: Any) -> None:
    """Take an edge out and close the gap, so that no search stops too early (Knuth, vol. 3, algorithm 6.4R)."""
    gap = _slot(table, mask, ends, nodes, ends[2 * edge], ends[2 * edge + 1])
    at = gap
    while True:
        at = (at + 1) & mask
        if table[at] < 0:
            break
        home = _home(mask, nodes, ends[2 * table[at]], ends[2 * table[at] + 1])
        if (at - home) & mask >= (at - gap) & mask:
            table[gap] = table[at]
            gap = at
    table[gap] = -1
