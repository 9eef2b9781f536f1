"""The context of a pair: its rivals, and how many matches are left to find.

If nobody is in a file twice, a record has at most one partner. Then the probability of a pair depends on the other
candidates of both its records: two equally good rivals halve it, and a pair without any rival in a file where almost
everybody has a partner needs less to be believed. Over all one-to-one linkages, weighted by the product of their
pairs' odds, the marginal probability of each pair is found by belief propagation (the Bethe approximation of the
matching polynomial: Bayati, Shah and Sharma 2008; Chertkov et al. 2010).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from pprl.base.arrays import Floats, Int64s
from pprl.exchange.agreement.defaults import AssignmentRule
from pprl.kernels.simd import kernel
from pprl.unit.linking.assignment import components

__all__ = ["pair_probabilities"]

_ROUNDS = 100
"""Rounds of messages, at most. Chosen; not sensitive: some dozen settle nearly all pairs, and rare rings of rivals
need more."""

_WHOLE = 20
"""Rounds with whole steps, before half steps damp what swings. Chosen; how sensitive it is was not measured."""

_SETTLED = 1e-9
"""A pair that moves less than this has settled. Chosen; not sensitive: far below any digit that is reported."""

_LOOK = 5
"""Rounds between two looks at what has settled. Chosen; not sensitive: it only saves time."""

_DRIFT = 1e-7
"""How far the files' means may still move when only the moving pairs are followed. Chosen; not sensitive, as above."""

_FEW = 0.1
"""The largest share of the pairs for which that is done. Chosen; not sensitive: it only saves time."""

_MOST = 60.0
"""Bound on natural log-odds, so that their exponentials stay finite. Chosen; not sensitive: e**60 is certainty."""


def pair_probabilities(
    left: Int64s,
    right: Int64s,
    log_ratio: Floats,
    sizes: tuple[int, int],
    *,
    rule: AssignmentRule,
    log_prior_odds: float,
    unlisted: float = 0.0,
) -> Floats:
    """Return the probability that each pair is a match: ``float64[pairs]``.

    Args:
        left, right: ``int64[pairs]``, rows of the two files; each pair once.
        log_ratio: ``float64[pairs]``, natural logarithm of each pair's likelihood ratio.
        sizes: records of the two files.
        rule: which records can have only one partner: both, the right ones, or none.
        log_prior_odds: natural logarithm of the odds of a random pair whose records have no other partner.
        unlisted: share of the matches whose pairs are not given. Any record may have its partner there: without them,
            a record of a file in which nearly everybody has a partner would have to take the best of what is listed.
    """
    odds = np.exp(np.clip(log_ratio + log_prior_odds, -_MOST, _MOST))
    if rule == "many-to-many":
        return odds / (1 + odds)
    if len(odds) == 0:
        return odds
    # The unlisted pairs are too many to follow one by one: a record meets all of the other file's at their mean.
    meets = unlisted * float(np.exp(min(log_prior_odds, _MOST)))
    _, left = np.unique(left, return_inverse=True)
    _, right = np.unique(right, return_inverse=True)
    files = _Files(sizes=sizes, meets=meets, both=rule != "one-to-many")
    free, mean = np.ones((2, len(odds))), np.ones(2)
    for rounds in pairwise((0, *range(_WHOLE, _ROUNDS + 1, _LOOK))):
        moved, drift = _rounds(left, right, odds, free, files, mean, range(*rounds))
        moving = moved >= _SETTLED
        if not moving.any() and drift < _SETTLED:
            break
        if drift >= _DRIFT or not 0 < moving.mean() <= _FEW:
            continue
        # A few rings of rivals take long to settle. Everything else is at rest by now, including the files' means.
        group = components(left, right + left.max() + 1, int(left.max() + right.max()) + 2)[left]
        chosen = np.flatnonzero(np.isin(group, group[moving]))
        _, left = np.unique(left[chosen], return_inverse=True)
        _, right = np.unique(right[chosen], return_inverse=True)
        part = np.ascontiguousarray(free[:, chosen])
        rest = range(rounds[1], _ROUNDS)
        _rounds(left, right, odds[chosen], part, files, mean, rest, fixed=True)
        free[:, chosen] = part
        break
    odds = odds * free[0] * free[1]
    return np.asarray(odds / (1 + odds))


@dataclass(frozen=True, kw_only=True)
class _Files:
    """What all pairs of two files share.

    Attributes:
        sizes: how many records each file has.
        meets: odds that any record has any other of the other file beyond the given pairs.
        both: whether a left record, too, has one partner at most.
    """

    sizes: tuple[int, int]
    meets: float
    both: bool


def _rounds(
    left: Int64s,
    right: Int64s,
    odds: Floats,
    free: Floats,
    files: _Files,
    mean: Floats,
    rounds: range,
    *,
    fixed: bool = False,
) -> tuple[Floats, float]:
    """For some rounds, let pairs tell each other how likely it is that their records have no other partner.

    Args:
        left, right: ``int64[pairs]``, numbers of the records that are in pairs, from 0 on, none left out.
        odds: ``float64[pairs]``.
        free: ``float64[2, pairs]``, that the left record has no other partner, and the right one; updated.
        files: what all pairs share.
        mean: ``float64[2]``, the mean probability of having no partner, for each file; updated.
        rounds: numbers of the rounds.
        fixed: leave the means as they are: these are not all pairs.

    Returns:
        By how much each pair was moved in the last round, ``float64[pairs]``, and the means.
    """
    inner = int(left.max(initial=-1)) + 1, int(right.max(initial=-1)) + 1
    moved, drift = np.zeros(len(odds)), 0.0
    sizes, meets, both = files.sizes, files.meets, files.both
    for number in rounds:
        # Whole steps settle trees at once. On cycles they may swing between two states; half steps do not.
        step = 1.0 if number < _WHOLE else 0.5
        beyond = meets * sizes[1] * mean[1], meets * sizes[0] * mean[0]
        found = _round(left, right, odds, free, inner, beyond, both, step, moved)
        if not fixed:
            # A record in no pair has its partner among the unlisted ones, if at all.
            of_file = [
                (total + (size - some) / (1 + out)) / size
                for total, size, some, out in zip(found, sizes, inner, beyond, strict=True)
            ]
            change = np.array([of_file[0] if both else 1.0, of_file[1]]) - mean
            drift = float(np.abs(change).max()) if meets else 0.0
            mean += 0.5 * change
        if max(drift, moved.max(initial=0.0)) < _SETTLED:
            break
    return moved, drift


@kernel
def _round(
    left: Any,
    right: Any,
    odds: Any,
    free: Any,
    inner: Any,
    beyond: Any,
    both: Any,
    step: Any,
    moved: Any,
) -> Any:
    """Do one round; return the sums of the probabilities of having no partner, over the records of each side."""
    free_left, free_right = free
    wanted = free_left.copy()
    whole = np.full(inner[0], 1 + beyond[0])
    if both:
        for pair in range(len(odds)):
            whole[left[pair]] += odds[pair] * free_right[pair]
        for pair in range(len(odds)):
            others = whole[left[pair]] - odds[pair] * free_right[pair]
            wanted[pair] = 1 / max(others, 1 + beyond[0])
    sum_left = (1 / whole).sum()
    whole = np.full(inner[1], 1 + beyond[1])
    for pair in range(len(odds)):
        whole[right[pair]] += odds[pair] * wanted[pair]
    for pair in range(len(odds)):
        others = whole[right[pair]] - odds[pair] * wanted[pair]
        other = 1 / max(others, 1 + beyond[1])
        moved[pair] = max(abs(wanted[pair] - free_left[pair]), abs(other - free_right[pair]))
        free_left[pair] += step * (wanted[pair] - free_left[pair])
        free_right[pair] += step * (other - free_right[pair])
    return sum_left, (1 / whole).sum()
