"""What a linkage is worth, without truth: expected precision and recall with intervals.

The probabilities of the accepted pairs say how many of them are right, and those of all pairs, with the matches that no
pair shows, how many there are to find. Their sums scatter as sums of coin tosses do. Besides, the model itself is
wrong by an amount that was measured on made-up populations with known truth (benchmarks/intervals.py), which widens
the intervals on the scale of log-odds. The ends are rounded outwards to whole links and matches, so that an interval
may end at 1: where less than one wrong link is expected, there may be none.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from pprl.base.arrays import Bools, Floats
from pprl.exchange.links.run_entries import ExpectedQuality, ThresholdPoint
from pprl.unit.weighing.model import ModelError

__all__ = ["curve", "estimate_quality"]

_WIDE = 1.96
"""Standard deviations on either side of a 95 % interval of a normal distribution."""


def estimate_quality(
    probability: Floats,
    accepted: Bools,
    *,
    unlisted: float,
    error: ModelError,
    unlisted_low: float | None = None,
    unlisted_high: float | None = None,
    doubtful: int = 0,
) -> ExpectedQuality:
    """Return the expected quality of the accepted pairs.

    Args:
        probability: ``float64[pairs]``, of every pair that was looked at.
        accepted: ``bool[pairs]``.
        unlisted: expected number of matches that are not among the pairs.
        unlisted_low, unlisted_high: the least and the most it may be.
        error: how wrong the model may be.
        doubtful: accepted pairs that may all be relatives, if there are more of these between the files than inside
            them: the interval of the precision reaches down to that.
    """
    true = float(probability[accepted].sum())
    missed = float(probability[~accepted].sum()) + unlisted
    links = int(accepted.sum())
    spread = float((probability[accepted] * (1 - probability[accepted])).sum())
    loose = float((probability[~accepted] * (1 - probability[~accepted])).sum()) + unlisted
    near = missed - unlisted
    least = (near + (unlisted if unlisted_low is None else unlisted_low)) * (1 - error.doubt)
    most = near + (unlisted if unlisted_high is None else unlisted_high) + error.unseen * true
    precision = _interval(true, links - true, spread, error.precision)
    recall = _interval(true, missed, spread + loose, error.recall)
    lowest = _interval(true, most, spread + loose, error.recall)[1]
    highest = _interval(true, least, spread + loose, error.recall)[2]
    matches = true + missed
    return ExpectedQuality(
        links=links,
        matches=matches,
        precision=precision[0],
        precision_low=min(precision[1], max(true - doubtful, 0.0) / links if links else 1.0),
        precision_high=precision[2],
        recall=recall[0],
        recall_low=min(lowest, recall[1]),
        recall_high=max(highest, recall[2]),
        f1=2 * true / (links + matches) if links + matches else 0.0,
    )


def _interval(good: float, bad: float, variance: float, model: float) -> tuple[float, float, float]:
    """Return a share and its interval, from log-odds; half a case is added so that 0 of n is no certainty."""
    bad = max(bad, 0.0)
    total = good + bad
    if total <= 0:
        return 0.0, 0.0, 1.0
    share = good / total
    odds = np.log(good + 0.5) - np.log(bad + 0.5)
    sampling = (variance + 0.25) * (1 / (good + 0.5) + 1 / (bad + 0.5)) ** 2
    half = _WIDE * float(np.sqrt(sampling + model**2))
    low, high = (float(expit(odds + side)) for side in (-half, half))
    low, high = float(np.floor(low * total)) / total, float(np.ceil(high * total)) / total
    return share, min(low, share), min(max(high, share), 1.0)


def curve(
    score: Floats, probability: Floats, *, matches: float, least: float, value: float
) -> tuple[ThresholdPoint, ...]:
    """Return the expected quality at other thresholds, ascending.

    Args:
        score: ``float64[links]``, of the pairs that would be linked at the lowest threshold, each record once where the
            rule says so.
        probability: ``float64[links]`` of the same.
        matches: expected number of matches.
        least: the lowest threshold.
        value: the threshold that was used; it gets a row of its own.
    """
    rows = []
    grid = np.arange(np.ceil(least * 100) / 100, 1.0, 0.01)
    for at in sorted({round(float(t), 4) for t in (*grid, value) if 0 < t <= 1}):
        over = score >= at - 1e-12
        links, true = int(over.sum()), float(probability[over].sum())
        if links == 0:
            continue
        rows.append(
            ThresholdPoint(
                threshold=at,
                links=float(links),
                expected_false=round(links - true, 2),
                precision=round(min(true / links, 1.0), 5),
                recall=round(min(true / matches, 1.0), 5) if matches else 0.0,
                f1=round(2 * true / (links + matches), 5),
            )
        )
    return tuple(rows)
