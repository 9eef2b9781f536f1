"""From scored pairs to links: who goes with whom.

Every function takes pairs as three arrays, ``left`` and ``right`` (record numbers) and ``score``, all over the
threshold, and says which pairs are accepted or which cluster each record is in. Ties are broken by record number, so
that the same input gives the same links.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

__all__ = ["COMPONENT_LIMIT", "cluster_files", "components", "one_to_many", "one_to_one"]

COMPONENT_LIMIT = 2000
"""A component with more records than this on a side is assigned greedily; an optimal table would be too large."""

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def _ranked(left: IntArray, right: IntArray, score: FloatArray) -> IntArray:
    return np.lexsort((right, left, -score))


def one_to_one(
    left: IntArray,
    right: IntArray,
    score: FloatArray,
    *,
    threshold: float,
    component_limit: int = COMPONENT_LIMIT,
) -> tuple[Mask, int]:
    """Accept pairs so that each record has at most one partner and the sum of score above threshold is largest.

    A pair counts what it has over the threshold, so that two pairs that barely pass don't push out one good one. The
    optimum is found in each connected component (Hungarian method); components with more than
    ``component_limit`` records on a side are assigned greedily, best score first.

    Args:
        left, right: ``int64[pairs]``, record numbers in the two files.
        score: ``float64[pairs]``, all at least ``threshold``.

    Returns:
        ``bool[pairs]``, and the number of components that were assigned greedily.
    """
    accepted = np.zeros(len(left), bool)
    if len(left) == 0:
        return accepted, 0
    lefts, l_index = np.unique(left, return_inverse=True)
    rights, r_index = np.unique(right, return_inverse=True)
    count = len(lefts) + len(rights)
    graph = coo_matrix(
        (np.ones(len(left), np.int8), (l_index, r_index + len(lefts))), shape=(count, count)
    )
    _, labels = connected_components(graph, directed=False)
    component = labels[l_index]
    order = np.lexsort((r_index, l_index, component))
    starts = np.flatnonzero(np.r_[True, np.diff(component[order]) != 0, True])
    lengths = np.diff(starts)
    accepted[order[starts[:-1][lengths == 1]]] = True
    greedy = 0
    for which in np.flatnonzero(lengths > 1):
        pairs = order[starts[which] : starts[which + 1]]
        rows, row_at = np.unique(l_index[pairs], return_inverse=True)
        columns, column_at = np.unique(r_index[pairs], return_inverse=True)
        if len(rows) == 1 or len(columns) == 1:
            accepted[pairs[np.argmax(score[pairs])]] = True
        elif max(len(rows), len(columns)) > component_limit:
            accepted[pairs] = _greedy(left[pairs], right[pairs], score[pairs])
            greedy += 1
        else:
            gain = np.zeros((len(rows), len(columns)))
            gain[row_at, column_at] = score[pairs] - threshold + 1e-6
            chosen = np.zeros(gain.shape, bool)
            chosen[linear_sum_assignment(gain, maximize=True)] = True
            accepted[pairs] = chosen[row_at, column_at]
    return accepted, greedy


def _greedy(left: IntArray, right: IntArray, score: FloatArray) -> Mask:
    order = _ranked(left, right, score)
    accepted = np.zeros(len(left), bool)
    used: tuple[set[int], set[int]] = (set(), set())
    for at in order:
        a, b = int(left[at]), int(right[at])
        if a not in used[0] and b not in used[1]:
            used[0].add(a)
            used[1].add(b)
            accepted[at] = True
    return accepted


def one_to_many(left: IntArray, right: IntArray, score: FloatArray) -> Mask:
    """Accept for each right record its best left partner; a left record may have many partners.

    Returns:
        ``bool[pairs]``.
    """
    order = _ranked(left, right, score)
    _, first = np.unique(right[order], return_index=True)
    accepted = np.zeros(len(left), bool)
    accepted[order[first]] = True
    return accepted


def components(left: IntArray, right: IntArray, records: int) -> IntArray:
    """Return ``int64[records]``: the connected component of each record (any numbering)."""
    graph = coo_matrix((np.ones(len(left), np.int8), (left, right)), shape=(records, records))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def cluster_files(
    left: IntArray, right: IntArray, score: FloatArray, file_of: npt.NDArray[np.int64]
) -> IntArray:
    """Cluster the records of three or more files, at most one record a file in a cluster.

    Pairs are taken best score first; two clusters are joined unless both hold a record of the same file (the
    constrained single-linkage of multi-party linkage, e.g. Franke, Sehili, Rohde, Rahm 2021).

    Args:
        left, right: ``int64[pairs]``, record numbers over all files.
        score: ``float64[pairs]``.
        file_of: ``int64[records]``, below 64.

    Returns:
        ``int64[records]``, the cluster of each record, named by one of its records.
    """
    order = _ranked(left, right, score)
    parent = np.arange(len(file_of))
    files = np.left_shift(np.uint64(1), file_of.astype(np.uint64))
    _join(left[order], right[order], parent, files)
    return parent


@numba.njit(cache=True, nogil=True)
def _join(left: Any, right: Any, parent: Any, files: Any) -> None:
    for at in range(len(left)):
        a, b = left[at], right[at]
        while parent[a] != a:
            parent[a] = parent[parent[a]]
            a = parent[a]
        while parent[b] != b:
            parent[b] = parent[parent[b]]
            b = parent[b]
        if a != b and files[a] & files[b] == 0:
            low, high = min(a, b), max(a, b)
            parent[high] = low
            files[low] |= files[high]
    for record in range(len(parent)):
        root = record
        while parent[root] != root:
            root = parent[root]
        parent[record] = root
