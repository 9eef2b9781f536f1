"""Kernels that list the records of a value and the values near a value, for :mod:`.near`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pprl.base.arrays import Int32s, Int64s, Words
from pprl.kernels.folded import near_in_group
from pprl.kernels.packed import LANES, Slopes, group_limit, kernel, trailing_zeros, word_popcount
from pprl.unit.weighing.fields.levels import Levels, level_of

__all__ = ["equal_values", "index_values", "near_values"]

_ROWS = 128
"""Folded values of a tile: they and a group of lanes fit the first-level cache. Chosen; how sensitive the speed is was
not measured. Results never depend on it."""

Places = npt.NDArray[np.uint16]


@kernel
def index_values(
    ids: Int32s, by_bits: Int64s, begin: int, end: int
) -> tuple[Int32s, Int32s, Places]:
    """Give the values of `begin` (missing) to `end` that are there, by bits; their offsets, and the records."""
    place = np.zeros(end - begin, np.int64)
    for k in range(len(ids)):
        place[ids[k] - begin] += 1
    place[0] = 0
    present = 0
    for v in range(len(place)):
        present += place[v] > 0
    values = np.empty(present, np.int32)
    offsets = np.zeros(present + 1, np.int32)
    at = 0
    for v in by_bits:
        if place[v - begin] > 0:
            values[at] = v
            offsets[at + 1] = offsets[at] + place[v - begin]
            place[v - begin] = offsets[at]
            at += 1
    records = np.empty(offsets[present], np.uint16)
    for k in range(len(ids)):
        if ids[k] != begin:
            records[place[ids[k] - begin]] = k
            place[ids[k] - begin] += 1
    return values, offsets, records


def equal_values(one: Int32s, exact: Levels, other: Int32s) -> tuple[Int64s, Int32s, Levels]:
    """List the place in `other` of each of `one`, where it is there: as `near_values`, of exact agreement alone."""
    sorter = np.argsort(other)
    at = np.searchsorted(other, one, sorter=sorter)
    place = sorter[np.minimum(at, len(other) - 1)]
    there = other[place] == one
    offsets = np.concatenate([[0], np.cumsum(there)])
    return offsets, place[there].astype(np.int32), exact[one[there]]


@kernel
def _take_hits(
    hits: Words,
    n: int,
    group: tuple[int, int],
    least: int,
    exact: Levels,
    one: Int32s,
    words_a: Words,
    bits_a: Int32s,
    other: Int32s,
    words_b: Words,
    bits_b: Int32s,
    rows: Int32s,
    places: Int32s,
    levels: Levels,
    found: int,
) -> int:
    """Write the rows, places and levels of hits that are alike from `found` on; give how many there are then.

    A function of its own, because an array that may be replaced makes a loop slow.
    """
    for hit in range(n):
        row, near = np.int64(hits[hit, 0]), hits[hit, 2]
        while near != 0:
            at = group[0] + np.int64(hits[hit, 1]) + trailing_zeros(near)
            near &= near - np.uint64(1)
            if at >= group[1]:
                continue
            common = np.uint64(0)
            for w in range(words_a.shape[1]):
                common += word_popcount(words_a[row, w] & words_b[at, w])
            level = level_of(common, bits_a[row] + bits_b[at])
            if level < least:
                continue
            if one[row] == other[at]:
                level = int(exact[one[row]])
            rows[found], places[found], levels[found] = row, at, level
            found += 1
    return found


@kernel
def near_values(
    unrolled: tuple[int, ...],
    slopes: Slopes,
    least: int,
    exact: Levels,
    one: Int32s,
    words_a: Words,
    bits_a: Int32s,
    folded_a: Words,
    other: Int32s,
    words_b: Words,
    bits_b: Int32s,
    lanes_b: Words,
) -> tuple[Int64s, Int32s, Levels]:
    """List the places in `other` of values near each of `one`: offsets, places, levels."""
    rows, near = np.empty(1 << 14, np.int32), np.empty(1 << 14, np.int32)
    how = np.empty(1 << 14, np.uint8)
    limits = np.empty(_ROWS, np.int64)
    hits = np.empty((_ROWS * LANES // 8, 3), np.uint64)
    found = 0
    for start in range(0, len(one), _ROWS):
        end = min(start + _ROWS, len(one))
        for group in range((len(other) + LANES - 1) // LANES):
            first = group * LANES
            last = min(first + LANES, len(other)) - 1
            for row in range(start, end):
                if row > start and bits_a[row] == bits_a[row - 1]:
                    limits[row - start] = limits[row - start - 1]
                else:
                    limits[row - start] = group_limit(
                        slopes, bits_a[row], bits_b[first], bits_b[last]
                    )
            n = near_in_group(unrolled, folded_a, lanes_b, limits, (start, end), group, hits)
            if found + _ROWS * LANES > len(rows):
                rows = np.concatenate((rows, np.empty_like(rows)))
                near = np.concatenate((near, np.empty_like(near)))
                how = np.concatenate((how, np.empty_like(how)))
            found = _take_hits(
                hits,
                n,
                (first, last + 1),
                least,
                exact,
                one,
                words_a,
                bits_a,
                other,
                words_b,
                bits_b,
                rows,
                near,
                how,
                found,
            )
    return _by_row(rows[:found], near[:found], how[:found], len(one))


@kernel
def _by_row(rows: Int32s, near: Int32s, how: Levels, count: int) -> tuple[Int64s, Int32s, Levels]:
    """Put places and levels in order of their rows, 0 to `count`: offsets, places, levels."""
    offsets = np.zeros(count + 1, np.int64)
    for row in rows:
        offsets[row + 1] += 1
    offsets = np.cumsum(offsets)
    at = offsets.copy()
    places, levels = np.empty_like(near), np.empty_like(how)
    for k in range(len(rows)):
        places[at[rows[k]]], levels[at[rows[k]]] = near[k], how[k]
        at[rows[k]] += 1
    return offsets, places, levels
