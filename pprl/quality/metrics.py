"""Pairwise match quality: precision, recall and F1, each with a 95 % interval.

Pairs are counted from the sizes of groups, n(n-1)/2, so that a large group costs no more than a small one.

The intervals treat pairs as independent draws. They are not quite that: a person with three records makes three pairs
that succeed or fail together. Where people have few records the intervals hold; where groups are large they are too
narrow. The report says so.

Sources: :mod:`pprl.base.intervals` for a proportion's interval; Hand, Christen and Kirielle (2021), "F*: an
interpretable transformation of the F-measure", Machine Learning 110, for F* = TP/(TP+FP+FN), which is a proportion of
one denominator, and F1 = 2F*/(1+F*).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pprl.base.intervals import wilson_interval

__all__ = [
    "MatchQuality",
    "Rate",
    "attainable_pairs",
    "count_pairs",
    "f1_rate",
    "measure",
    "proportion",
]

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A proportion with its 95 % interval.

    Attributes:
        value: between 0 and 1; None if it is not defined (nothing to divide by).
        low: lower end of the interval; 0 if the value is not defined.
        high: upper end of the interval; 1 if the value is not defined.
    """

    value: float | None
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class MatchQuality:
    """Counts of pairs, and the three rates that follow from them.

    Attributes:
        found_pairs: pairs that the run linked; true and false ones.
        true_pairs: pairs of records of one person, by the truth.
        true_positives: found and true.
        false_positives: found and not true.
        false_negatives: true and not found.
        precision: true_positives of found_pairs.
        recall: true_positives of true_pairs.
        f1: harmonic mean of precision and recall.
    """

    found_pairs: int
    true_pairs: int
    true_positives: int
    false_positives: int
    false_negatives: int
    precision: Rate
    recall: Rate
    f1: Rate


def proportion(successes: int, trials: int) -> Rate:
    """Return ``successes`` of ``trials`` with its Wilson interval.

    Raises:
        ValueError: not 0 <= successes <= trials.
    """
    if not 0 <= successes <= trials:
        raise ValueError("successes must lie between 0 and trials")
    if trials == 0:
        return Rate(value=None, low=0.0, high=1.0)
    low, high = wilson_interval(successes, trials)
    return Rate(value=successes / trials, low=low, high=high)


def f1_rate(true_positives: int, false_positives: int, false_negatives: int) -> Rate:
    """Return F1, with an interval derived from the Wilson interval of F* (module docstring)."""
    star = proportion(true_positives, true_positives + false_positives + false_negatives)

    def f1(value: float) -> float:
        return 2 * value / (1 + value)

    value = None if star.value is None else f1(star.value)
    return Rate(value=value, low=f1(star.low), high=f1(star.high))


def measure(*, true_positives: int, found_pairs: int, true_pairs: int) -> MatchQuality:
    """Return the quality of a set of found pairs.

    Args:
        true_positives: pairs that are found and true.
        found_pairs: all pairs found.
        true_pairs: all pairs that the truth holds.
    """
    false_positives = found_pairs - true_positives
    false_negatives = true_pairs - true_positives
    return MatchQuality(
        found_pairs=found_pairs,
        true_pairs=true_pairs,
        true_positives=true_positives,
        false_positives=false_positives,
        false_negatives=false_negatives,
        precision=proportion(true_positives, found_pairs),
        recall=proportion(true_positives, true_pairs),
        f1=f1_rate(true_positives, false_positives, false_negatives),
    )


def count_pairs(groups: IntArray, parties: IntArray, *, within: bool) -> int:
    """Count the pairs of records that share a group.

    Args:
        groups: shape (n,), the group of each record.
        parties: shape (n,), the party of each record, counted from 0.
        within: also count pairs of two records of one party; otherwise only pairs of two parties.
    """
    pairs = _choose_two(groups)
    if not within and len(groups):
        pairs -= _choose_two(groups * (int(parties.max()) + 1) + parties)
    return pairs


def _choose_two(groups: IntArray) -> int:
    _, sizes = np.unique(groups, return_counts=True)
    return int((sizes * (sizes - 1) // 2).sum())


def attainable_pairs(persons: IntArray, parties: IntArray) -> int:
    """Count the true pairs that a linkage can find if no group may hold two records of one file.

    Lower than :func:`count_pairs` only if a party holds several records of one person.

    Args:
        persons: shape (n,), the person of each record.
        parties: shape (n,), the party of each record, counted from 0.
    """
    if len(persons) == 0:
        return 0
    _, person = np.unique(persons, return_inverse=True)
    count = int(parties.max()) + 1
    table = np.bincount(person * count + parties, minlength=(int(person.max()) + 1) * count)
    sizes = table.reshape(-1, count)
    return sum(
        int(np.minimum(sizes[:, a], sizes[:, b]).sum())
        for a in range(count)
        for b in range(a + 1, count)
    )
