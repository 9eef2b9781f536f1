"""EM for the classes of pairs, on counted patterns of levels (Dempster, Laird and Rubin 1977; Winkler 1988).

Each parameter has a prior that counts as a share of the pairs it describes, so that a class keeps its meaning: without
it, a class of matches drifts to whatever group of pairs is large.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from pprl.base.arrays import Bools, Floats, Int64s
from pprl.unit.weighing.fields.classes import Classes
from pprl.unit.weighing.fields.patterns import Patterns

__all__ = ["ITERATIONS", "Fit", "fit", "posterior"]

ITERATIONS = 500
"""Iterations, at most. Chosen; not sensitive: a run says when they did not suffice."""

_TOLERANCE = 5e-4
"""Relative change of the number of pairs in any class of matches at which the EM has converged. Chosen; how
sensitive the results are was not measured."""

_LEAST = 1e-9
"""Keeps logarithms and quotients finite. Chosen; not sensitive."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """What the EM found; the classes' parameters were changed in place.

    Attributes:
        share: ``float64[classes]``: share of the pairs in each class.
        converged: False when the iterations ran out.
        iterations: how many were made.
    """

    share: Floats
    converged: bool
    iterations: int


def posterior(log_likelihood: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Return ``float64[pairs, classes]`` probabilities of the classes, and ``float64[pairs]`` log-likelihoods."""
    with np.errstate(divide="ignore"):
        joint = log_likelihood + np.log(share)
    top = joint.max(axis=1, keepdims=True)
    likely = np.exp(joint - top)
    total = likely.sum(axis=1, keepdims=True)
    return likely / total, (top + np.log(total)).ravel()


def fit(
    classes: Classes,
    patterns: Patterns,
    share: Floats,
    *,
    free: Bools,
    expected: Floats | None = None,
    iterations: int = ITERATIONS,
) -> Fit:
    """Estimate shares and free parameters.

    Args:
        classes: changed in place.
        patterns: what was counted.
        share: ``float64[classes]``, first shares; 0 keeps a class out.
        free: ``bool[classes]``: whose parameters may change.
        expected: ``float64[classes]``, shares that count as much as what is found; 0 for classes of which nothing is
            known.
        iterations: iterations, at most.
    """
    one_hot, starts = _one_hot(patterns, classes)
    users = _users(classes, free & (share > 0))
    count, total = patterns.count, patterns.pairs
    share = share / share.sum()
    converged, made = total == 0, 0
    while not converged and made < iterations:
        made += 1
        probability, _ = posterior(classes.log_likelihood(patterns.levels), share)
        probability *= count[:, None]
        found = probability.sum(axis=0)
        if expected is not None:
            found = np.where(expected > 0, (found + expected * total) / 2, found)
        found = found / found.sum()
        change = np.abs(found - share) / np.maximum(np.maximum(found, share), 1 / total)
        share = found
        levels = np.asarray(one_hot.T @ probability)
        for number, (field, having) in users.items():
            parameter = classes.parameters[number]
            size = len(parameter.value)
            seen = levels[starts[field] + 1 : starts[field] + size][:, having].sum(axis=1)
            seen = seen + (parameter.least + parameter.strength * seen.sum()) * parameter.prior[1:]
            parameter.value[1:] = np.maximum(seen / seen.sum(), _LEAST)
        converged = made > 5 and bool(change.max() < _TOLERANCE)
    return Fit(share=share, converged=bool(converged), iterations=made)


def _one_hot(patterns: Patterns, classes: Classes) -> tuple[csr_matrix, Int64s]:
    """Return which level of which field each pattern has, and where each field's levels begin."""
    sizes = [len(classes.parameters[p].value) for p in classes.use[0]]
    starts = np.cumsum([0, *sizes])
    rows = len(patterns.levels)
    columns = (patterns.levels + starts[:-1]).ravel()
    pointer = np.arange(0, rows * len(sizes) + 1, len(sizes))
    return csr_matrix((np.ones(len(columns)), columns, pointer), shape=(rows, starts[-1])), starts


def _users(classes: Classes, free: Bools) -> dict[int, tuple[int, Int64s]]:
    """Return for each free parameter its field and the classes that have it."""
    found = {}
    for number, parameter in enumerate(classes.parameters):
        where = np.argwhere(classes.use == number)
        having = where[free[where[:, 0]], 0] if len(where) else np.zeros(0, np.int64)
        if parameter.free and len(having):
            found[number] = (int(where[0, 1]), having)
    return found
