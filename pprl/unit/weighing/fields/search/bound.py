"""The most that a pair's weight can be: cheap to add up, so that few pairs are looked at closely.

The sum over the fields of the largest weight that any class of matches gives a level is a bound of a pair's weight
(:mod:`pprl.unit.weighing.fields.model`). It is added up in ``float32``, in the order of the fields, wherever it
decides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pprl.base.arrays import Bytes, Int32s, Int64s, Words
from pprl.kernels.packed import kernel, word_popcount
from pprl.unit.weighing.fields.levels import MISSING, Columns, level_of, pair_levels

__all__ = ["Bound", "bound_of_pairs", "pair_bound"]

Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Bound:
    """The bound of a pair's weight, field by field.

    Attributes:
        level: ``float32[fields, levels]``: at most this much for a level; 0 for a missing value.
        rare: ``float32[values]``: added where two records agree exactly on the value.
    """

    level: Floats32
    rare: Floats32


@kernel
def pair_bound(
    words: Words,
    bits: Int32s,
    exact: Bytes,
    one: Int32s,
    a: int,
    other: Int32s,
    b: int,
    level: Floats32,
    rare: Floats32,
) -> float:
    """Give the bound of one pair.

    `words` are ``uint64[values, words]``, `one` and `other` the values of both files' records,
    ``int32[fields, records]``; `a` and `b` are records.
    """
    total = np.float32(0)
    for f in range(one.shape[0]):
        x, y = one[f, a], other[f, b]
        if bits[x] == 0 or bits[y] == 0:
            continue
        if x == y:
            total += level[f, exact[x]] + rare[x]
            continue
        common = np.uint64(0)
        for w in range(words.shape[1]):
            common += word_popcount(words[x, w] & words[y, w])
        total += level[f, level_of(common, bits[x] + bits[y])]
    return total  # type: ignore[return-value]  # float32, as it was added up


def bound_of_pairs(
    table: Columns, a: int, b: int, bound: Bound, left: Int64s, right: Int64s
) -> Floats32:
    """Return the bound of given pairs: the plain way, which the scans are held equal to.

    Twin: :func:`slow_bound_of_pairs`.
    """
    levels = pair_levels(table, a, b, left, right)
    made = np.zeros(len(left), np.float32)
    for f in range(levels.shape[1]):
        value = table.ids[a][f, left]
        equal = (value == table.ids[b][f, right]) & (levels[:, f] != MISSING)
        rare = np.where(equal, bound.rare[value], np.float32(0))
        made += bound.level[f, levels[:, f]] + rare
    return made
