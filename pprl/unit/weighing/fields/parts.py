"""What each field adds to the weight of a pair, so that people can be told why it was linked.

The weight of a mixture is not a sum over the fields: what a shared address adds depends on whether the surname is
shared too, for then it may be a household. So each field gets the mean of what it adds when the fields are looked at
one after another, over orders in which each field stands in each place equally often (Shapley 1953, with 2 n of the
n! orders). The parts add up to the weight, and a missing field adds nothing.
"""

from __future__ import annotations

import numpy as np

from pprl.base.arrays import Bools, Floats, Int64s
from pprl.base.threads import in_threads
from pprl.unit.weighing.fields.learnt import LearntFields
from pprl.unit.weighing.fields.levels import EXACT, Levels, pair_levels

__all__ = ["weight_parts"]

_BLOCK = 1 << 14
"""Pairs worked on at a time. Chosen; not sensitive: results never depend on it."""


def weight_parts(
    learnt: LearntFields, a: int, b: int, left: Int64s, right: Int64s
) -> tuple[Floats, Levels]:
    """Return the parts of the weights of pairs of records of files `a` and `b`, and the levels of their fields.

    Args:
        learnt: what was learnt.
        a, b: numbers of the files, as in the model's pairs of files.
        left, right: ``int64[pairs]``, rows of the two files.

    Returns:
        ``float64[pairs, fields]``, natural logarithm, rows sum to :meth:`LearntFields.log_ratios`; and levels,
        ``uint8[pairs, fields]``.
    """
    levels = pair_levels(learnt.table, a, b, left, right)
    made = np.zeros(levels.shape)
    tables = []
    for log in learnt.classes.log_tables():
        # A factor that all classes share cancels out; without it no product becomes too small.
        tables.append(np.exp(log - log.max(axis=1, keepdims=True)))
    match = learnt.classes.match
    share = np.where(
        match,
        learnt.shares[a, b] / max(float(learnt.shares[a, b][match].sum()), 1e-300),
        learnt.shares[a, b] / float(learnt.shares[a, b][~match].sum()),
    )

    def work(start: int) -> None:
        part = slice(start, start + _BLOCK)
        factors = []
        for f, table in enumerate(tables):
            level = levels[part, f]
            of_pair = table[level]
            exact = level >= EXACT
            rare = learnt.rare[learnt.table.ids[a][f, left[part][exact]]]
            chance = ~match & learnt.classes.by_chance[:, f]
            of_pair[np.ix_(exact, chance)] *= np.exp(-rare)[:, None]
            factors.append(of_pair)
        made[part] = _mean_over_orders(factors, share, match)

    in_threads(work, range(0, len(left), _BLOCK))
    return made, levels


def _mean_over_orders(factors: list[Floats], share: Floats, match: Bools) -> Floats:
    """Return ``float64[pairs, fields]`` from each field's likelihood in each class, ``float64[pairs, classes]``."""
    fields = len(factors)
    made = np.zeros((len(factors[0]), fields))
    turned = [[(first + step) % fields for step in range(fields)] for first in range(fields)]
    for order in (*turned, *(each[::-1] for each in turned)):
        joint = np.broadcast_to(share, factors[0].shape).copy()
        before = np.zeros(len(joint))
        for f in order:
            joint *= factors[f]
            after = np.log(joint[:, match].sum(axis=1)) - np.log(joint[:, ~match].sum(axis=1))
            made[:, f] += after - before
            before = after
    return made / (2 * fields)
