"""The context of a pair: its rivals, and how many matches there are left to find.

If nobody is in a file twice, a record has at most one partner. Then the probability of a pair depends on the other
candidates of both its records: two equally good rivals halve it, and a pair without any rival in a file where almost
everybody has a partner needs less to be believed. Over all one-to-one linkages, weighted by the product of their
pairs' odds, the marginal probability of each pair is found by belief propagation (the Bethe approximation of the
matching polynomial: Bayati, Shah and Sharma 2008; Chertkov et al. 2010).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["log_activity", "pair_probabilities"]

_ROUNDS = 100
_WHOLE = 20
_MOST = 60.0
_ALL = 0.995
"""Share of the smaller file that is taken to have a partner at most: certainty for everybody would link anything."""

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]

Rule = Literal["one-to-one", "one-to-many", "many-to-many"]


def log_activity(matches: float, sizes: tuple[float, float], rule: Rule) -> float:
    """Return the logarithm of the odds of a random pair whose records have no other partner.

    Args:
        matches: expected number of matches between the files.
        sizes: records of the left and the right file; in one file, how many others each one is compared with.
        rule: which records can have one partner only: both, the right ones, or none.
    """
    left, right = float(sizes[0]), float(sizes[1])
    if rule == "many-to-many":
        share = min(max(matches / max(left * right, 1.0), 1e-300), 0.5)
        return float(np.log(share) - np.log1p(-share))
    most = _ALL * (min(left, right) if rule == "one-to-one" else right)
    matches = min(max(matches, 1e-6), most)
    free = right - matches
    return float(
        np.log(matches) - np.log(free) - np.log(left - matches if rule == "one-to-one" else left)
    )


def pair_probabilities(
    left: Int64s,
    right: Int64s,
    weight: Floats,
    sizes: tuple[int, int],
    *,
    rule: Rule,
    matches: float = 0.0,
    activity: float | None = None,
    unlisted: float = 0.0,
) -> Floats:
    """Return the probability that each pair is a match: ``float64[pairs]``.

    Args:
        left, right: ``int64[pairs]``, rows of the two files; a pair stands once.
        weight: ``float64[pairs]``, match weights (natural logarithm of the likelihood ratio).
        sizes: records of the two files.
        matches: expected number of matches between them.
        rule: as in :func:`log_activity`.
        activity: takes the place of what :func:`log_activity` gives.
        unlisted: share of the matches whose pairs are not given. Any record may have its partner there: without them,
            a record of a file in which nearly everybody has a partner would have to take the best of what is listed.
    """
    if activity is None:
        activity = log_activity(matches, sizes, rule)
    odds = np.exp(np.clip(weight + activity, -_MOST, _MOST))
    if rule == "many-to-many":
        return odds / (1 + odds)
    # The unlisted pairs are too many to follow one by one: a record meets all of the other file's at their mean.
    meets = unlisted * float(np.exp(min(activity, _MOST)))
    mean_left = mean_right = 1.0
    free_left, free_right = np.ones(len(odds)), np.ones(len(odds))
    for number in range(_ROUNDS):
        beyond_left, beyond_right = meets * sizes[1] * mean_right, meets * sizes[0] * mean_left
        rivals = odds * free_right
        if rule == "one-to-one":
            whole = 1 + beyond_left + np.bincount(left, rivals, sizes[0])
            wanted = 1 / np.maximum(whole[left] - rivals, 1 + beyond_left)
            mean_of_left = float(np.mean(1 / whole))
        else:
            wanted, mean_of_left = free_left, 1.0
        rivals = odds * wanted
        whole = 1 + beyond_right + np.bincount(right, rivals, sizes[1])
        other = 1 / np.maximum(whole[right] - rivals, 1 + beyond_right)
        mean_of_right = float(np.mean(1 / whole))
        moved = max(
            np.abs(wanted - free_left).max(initial=0),
            np.abs(other - free_right).max(initial=0),
            abs(mean_of_left - mean_left) if meets else 0.0,
            abs(mean_of_right - mean_right) if meets else 0.0,
        )
        # Whole steps settle trees at once; on cycles they may swing between two states, half ones do not.
        step = 1.0 if number < _WHOLE else 0.5
        free_left = free_left + step * (wanted - free_left)
        free_right = free_right + step * (other - free_right)
        mean_left += 0.5 * (mean_of_left - mean_left)
        mean_right += 0.5 * (mean_of_right - mean_right)
        if moved < 1e-9:
            break
    odds = odds * free_left * free_right
    return odds / (1 + odds)
