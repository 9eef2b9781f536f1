"""What another threshold would have given: links by threshold and, with truth, precision, recall and F1.

From the threshold in use upwards the curve counts the pairs that the run accepted; below it, near pairs are added
*greedily*: from the highest score down, each if the assignment rule still allows it. At the threshold in use it shows
the run's own figures, which also count pairs that are joined through other records. Pairs that the blocking never
compared are missing from the curve, as they are from the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["Curve", "CurvePoint", "greedy", "links_curve", "thresholds", "truth_curve"]

_STEP = 0.01
"""Distance between two thresholds of the curve. Chosen: as fine as thresholds usually are, coarse enough to list."""

_SLACK = 1e-12
"""A score this far below the threshold still counts as equal to it. Chosen: far above the rounding of binary64 (1e-16),
far below the distance of two scores that differ."""


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """One threshold of a curve.

    Attributes:
        threshold: pairs of at least this score are linked.
        links: pairs linked there.
        precision: None if there is no truth, or nothing is linked.
        recall: None if there is no truth, or no true pair.
        f1: None if there is no truth, or neither a link nor a true pair.
    """

    threshold: float
    links: int
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A threshold curve.

    Attributes:
        kind: ``truth`` or ``links`` (counts only).
        points: by ascending threshold; the threshold in use is one of them.
        unjudged: pairs left out because the truth lacks one of their records.
    """

    kind: str
    points: tuple[CurvePoint, ...]
    unjudged: int = 0

    def best(self) -> CurvePoint | None:
        """Return the point with the highest F1 (of several, the lowest threshold); None without truth."""
        rated = [point for point in self.points if point.f1 is not None]
        return max(rated, key=lambda point: (point.f1, -point.threshold)) if rated else None


def thresholds(floor: float, used: float) -> list[float]:
    """Return every 0.01 from ``floor`` to 1, with ``floor`` and the threshold in use among them, ascending."""
    first, last = int(np.ceil(floor / _STEP - 1e-9)), round(1 / _STEP)
    grid = {round(step * _STEP, 2) for step in range(first, last + 1)}
    return sorted(grid | {floor, used})


def greedy(
    pairs: pd.DataFrame,
    *,
    parties: Sequence[str],
    assign: str,
    accepted: npt.NDArray[np.bool_] | None = None,
) -> npt.NDArray[np.intp]:
    """Choose pairs from the highest score down under the assignment rule.

    With three or more parties the rule holds between every two of them. Equal scores are taken in the order of
    party and pseudonym.

    Args:
        pairs: the columns of ``pairs.parquet``.
        parties: the run's parties in order.
        assign: ``one-to-one``: a record takes part once; ``one-to-many``: a record of the later party takes part
            once; ``people``: likewise, but all flagged pairs are taken; ``many-to-many``: no rule.
        accepted: shape (n,); pairs flagged here are taken before all others.

    Returns:
        Positions in ``pairs`` of the chosen ones, in the order of taking.
    """
    first = np.zeros(len(pairs), dtype=bool) if accepted is None else accepted
    keys = [pairs[name].to_numpy() for name in ("pseudonym_b", "party_b", "pseudonym_a", "party_a")]
    codes = [pd.factorize(key, sort=True)[0] for key in keys]
    order = np.lexsort([*codes, -pairs["score"].to_numpy(float), ~first])
    if assign == "many-to-many" or len(parties) == 1:
        return order
    position = {party: index for index, party in enumerate(parties)}
    place_a = pairs["party_a"].map(position).to_numpy(np.int64)
    place_b = pairs["party_b"].map(position).to_numpy(np.int64)
    names = [pairs[f"party_{side}"] + "\x1f" + pairs[f"pseudonym_{side}"] for side in "ab"]
    records, _ = pd.factorize(pd.concat(names, ignore_index=True))
    # A slot is a record as seen from one other party; a rule lets a slot be used once.
    slot_a = (records[: len(pairs)] * len(parties) + place_b).tolist()
    slot_b = (records[len(pairs) :] * len(parties) + place_a).tolist()
    once_a = ((place_a > place_b) | (assign != "one-to-many")).tolist()
    once_b = ((place_b > place_a) | (assign != "one-to-many")).tolist()
    # The run may have accepted several records of a person in a file.
    free = (first & (assign == "people")).tolist()
    taken: set[int] = set()
    chosen = []
    for index in order.tolist():
        a, b = slot_a[index], slot_b[index]
        if not free[index] and ((once_a[index] and a in taken) or (once_b[index] and b in taken)):
            continue
        if once_a[index]:
            taken.add(a)
        if once_b[index]:
            taken.add(b)
        chosen.append(index)
    return np.array(chosen, dtype=np.intp)


def truth_curve(
    pairs: pd.DataFrame,
    verdicts: npt.NDArray[np.int8],
    *,
    accepted: int,
    parties: Sequence[str],
    assign: str,
    own: CurvePoint,
    true_pairs: int,
    grid: Sequence[float],
) -> Curve:
    """Return precision, recall and F1 by threshold.

    Args:
        pairs: accepted pairs and then near pairs.
        verdicts: shape (n,): 1 true, 0 false, -1 unknown to the truth; the last are left out of the rates.
        accepted: how many pairs were accepted.
        parties: the run's parties in order.
        assign: the run's assignment rule.
        own: the run's own figures, at the threshold in use.
        true_pairs: all pairs that the truth holds.
        grid: thresholds, ascending.
    """
    flags = np.arange(len(pairs)) < accepted
    listed = np.flatnonzero(flags | (pairs["score"].to_numpy(float) < own.threshold - _SLACK))
    some = pairs.iloc[listed].reset_index(drop=True)
    chosen = listed[greedy(some, parties=parties, assign=assign, accepted=flags[listed])]
    judged = chosen[verdicts[chosen] >= 0]
    scores = pairs["score"].to_numpy(float)[judged]
    order = np.argsort(-scores, kind="stable")
    scores, judged = scores[order], judged[order]
    hits = np.concatenate([[0], np.cumsum(verdicts[judged] == 1)])
    points = []
    for threshold in grid:
        if threshold == own.threshold:
            points.append(own)
            continue
        links = _at_least(scores, threshold)
        true_positives = int(hits[links])
        # There are never fewer, unless a pair is in the files twice; even then a rate must not exceed 1.
        total = max(true_pairs, true_positives)
        wrong = links - true_positives + total - true_positives
        rated = 2 * true_positives + wrong
        points.append(
            CurvePoint(
                threshold=threshold,
                links=links,
                precision=true_positives / links if links else None,
                recall=true_positives / total if total else None,
                f1=2 * true_positives / rated if rated else None,
            )
        )
    return Curve(kind="truth", points=tuple(points), unjudged=len(chosen) - len(judged))


def links_curve(
    accepted: pd.DataFrame,
    near: pd.DataFrame,
    *,
    parties: Sequence[str],
    assign: str,
    used: float,
    grid: Sequence[float],
) -> Curve:
    """Return the number of linked pairs by threshold, without truth.

    From the threshold in use upwards, these are the run's accepted pairs; below it, near pairs are added greedily.
    """
    below = near[near["score"] < used - _SLACK]
    pairs = pd.concat([accepted, below], ignore_index=True)
    flags = np.arange(len(pairs)) < len(accepted)
    chosen = greedy(pairs, parties=parties, assign=assign, accepted=flags)
    scores = pairs["score"].to_numpy(float)[chosen]
    scores = -np.sort(-scores)
    points = [CurvePoint(threshold=t, links=_at_least(scores, t)) for t in grid]
    return Curve(kind="links", points=tuple(points))


def _at_least(descending: npt.NDArray[np.float64], threshold: float) -> int:
    """Return how many of the scores, in descending order, reach the threshold."""
    return int(np.searchsorted(-descending, -(threshold - _SLACK), side="right"))
