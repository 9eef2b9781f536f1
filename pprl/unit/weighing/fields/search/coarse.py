"""Which levels of agreement a scan tells apart before it looks at a pair closely.

Finding values that are only a little alike costs most: the fold must be wide, and there are many of them. If a pair
needs more than that to reach the floor anyway, the lowest levels of a field can be treated as the best among them.
That only raises the bound, so no pair is lost, but more pairs are looked at. A sample of pairs shows what is
cheapest.
"""

from __future__ import annotations

import numpy as np

from pprl.base.arrays import Bools, Floats, Int32s, Int64s, Words
from pprl.kernels.folded import fold_cost
from pprl.kernels.packed import limit_slopes
from pprl.unit.weighing.fields.levels import CUTS, DIFFERENT, EXACT, MISSING, Columns, pair_levels
from pprl.unit.weighing.fields.search.bound import Bound

__all__ = ["FEW", "all_levels", "choose_fold", "choose_least", "few_valued", "least_cut"]

FEW = 8
"""A field of no more values than this tells classes of records apart (:class:`.near.Side`). Chosen; how sensitive the
speed is was not measured. Results never depend on it."""

_WIDTHS = (2, 3, 4, 5, 6, 8, 12, 16, 32)
"""Fold widths to choose from, in words. Chosen; how sensitive the speed is was not measured. Results never depend on
it."""

_VALUES = 256
_ROWS, _OTHERS = 128, 1024
_RECORDS = 1 << 16
"""Samples, at most: values of a field; records of either side; records that each sampled one meets. Chosen; the pairs
found never depend on them."""

_CYCLE = 0.3
_TOUCHED = 6.0
_LOOKED_AT = 200.0
"""Nanoseconds for a cycle, for each record that is alike in a field, and for each pair whose bound is added up exactly.
Timed on one machine; not sensitive: they choose between plans that give the same pairs."""


def all_levels(fields: int) -> Int64s:
    """Return the lowest level that counts in each field when all are told apart."""
    return np.full(fields, DIFFERENT + 1, np.int64)


def few_valued(table: Columns) -> Bools:
    """Mark the fields that have no more than :data:`FEW` values, ``bool[fields]``."""
    return np.diff(table.starts) - 1 <= FEW


def least_cut(least: int) -> float:
    """Return the Dice coefficient from which values have at least this level."""
    return CUTS[least - DIFFERENT - 1] if least < EXACT else 1.0


def choose_fold(words: Words, values: Int64s, least: int) -> tuple[int, float]:
    """Choose a field's fold width by values from all over it; also give the cost of a pair of values in cycles."""
    if len(values) == 0:
        return _WIDTHS[0], 0.0
    step = -(-len(values) // _VALUES)
    one, other = values[::step], values[step // 2 :: step]
    return fold_cost(
        words, words, limit_slopes(least_cut(least), (1, 1)), one, other, widths=_WIDTHS
    )


def choose_least(
    table: Columns,
    words: Words,
    one: Int32s,
    other: Int32s,
    bound: Bound,
    floor: float,
) -> Int64s:
    """Return the lowest level of each field that is told from those below it, ``int64[fields]``.

    Args:
        table: the fields.
        words: filters by value, ``uint64[values, words]``.
        one, other: values of both sides' records, ``int32[fields, records]``.
        bound, floor: see :func:`pprl.unit.weighing.fields.search.exhaustive.scan_all`.
    """
    few = few_valued(table)
    fields = len(few)
    least = all_levels(fields)
    rows, others = (
        np.unique(np.linspace(0, ids.shape[1] - 1, most).astype(np.int64))
        for ids, most in ((one, _ROWS), (other, _OTHERS))
    )
    left, right = np.repeat(rows, len(others)), np.tile(others, len(rows))
    pairs = Columns(
        words=table.words, bits=table.bits, exact=table.exact, starts=table.starts, ids=(one, other)
    )
    levels = pair_levels(pairs, 0, 1, left, right)
    log_ratio: dict[tuple[int, int], Floats] = {}
    cost: dict[tuple[int, int], float] = {}
    seen = other[:, :: -(-other.shape[1] // _RECORDS)]
    for f in range(fields):
        values = np.arange(table.starts[f] + 1, table.starts[f + 1])
        share = len(np.unique(seen[f])) / seen.shape[1]
        for low in (DIFFERENT + 1,) if few[f] else range(DIFFERENT + 1, EXACT + 1):
            coarse = bound.level[f].astype(np.float64)
            coarse[DIFFERENT:low] = coarse[DIFFERENT:low].max()
            equal = levels[:, f] >= EXACT
            rare = np.where(equal, bound.rare[one[f, left]], 0.0)
            log_ratio[f, low] = np.where(levels[:, f] == MISSING, 0, coarse[levels[:, f]] + rare)
            search = 0.0
            if not few[f]:
                if low < EXACT:
                    search = choose_fold(words, values, low)[1] * _CYCLE * share
                search += float((levels[:, f] >= low).mean()) * _TOUCHED
            cost[f, low] = search

    def price(chosen: Int64s, total: Floats) -> float:
        looked_at = float((total >= floor).mean()) * _LOOKED_AT
        return looked_at + sum(cost[f, int(low)] for f, low in enumerate(chosen))

    total = np.sum([log_ratio[f, int(low)] for f, low in enumerate(least)], axis=0)
    now = price(least, total)
    while True:
        trials = []
        for f, low in cost:
            if low != least[f]:
                trial = least.copy()
                trial[f] = low
                sums = total - log_ratio[f, int(least[f])] + log_ratio[f, low]
                trials.append((price(trial, sums), f, low))
        best = min(trials, default=(now, 0, 0))
        if best[0] >= now:
            return least
        now, f, low = best
        total += log_ratio[f, low] - log_ratio[f, int(least[f])]
        least[f] = low
