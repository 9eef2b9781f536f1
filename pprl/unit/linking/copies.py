"""Copies: several records of one person in one file, found among the rivals for a partner in another file.

Two records of a file that want the same partner are either two people, of whom one at most is right, or one person who
is in the file twice. Their likeness to each other tells: copies are as alike as matches between the files are. Copies
are then taken together as one candidate, so that they do not halve each other's probability.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from pprl.base.arrays import Bools, Floats, Int64s
from pprl.unit.linking.clustering import cluster_records

__all__ = ["CopyGroups", "CopyPairs", "copy_groups", "grouped_probabilities", "rival_pairs"]

_CANDIDATE = -3.0
"""Log-odds, without rivals, from which a record is a candidate for its partner. Chosen: one in twenty; not sensitive: a
less likely candidate takes next to nothing from its rivals."""

_RIVALS = 5
"""Candidates of a record that may be copies of one another, at most; where there are more, none are compared. Chosen: a
person is seldom in a file more often, while records of default values, such as those of unidentified patients, are as
alike as copies and many. A file of events is for the rule one-to-many."""

_SURE = log(9)
"""Log-odds from which two records count as copies: nine to one. Chosen: taking twins for copies links a stranger, while
a copy that is missed stays a rival, and the better of the two is linked. On made-up people nearly all copies lie above
and nearly all relatives below."""

_APART = -1.0
"""Log-odds of two records of a group that are not rivals. Chosen, as for links of several files
(:mod:`pprl.unit.run.decide`); how sensitive the results are was not measured."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CopyPairs:
    """Pairs of records of one file that may be one person.

    Attributes:
        one, other: ``int64[pairs]``, records, one below other.
        log_odds: ``float64[pairs]``, natural log of the odds that they are one person.
    """

    one: Int64s
    other: Int64s
    log_odds: Floats

    @classmethod
    def join(cls, parts: list[CopyPairs]) -> CopyPairs:
        """Return all of several."""
        return cls(
            one=np.concatenate([np.zeros(0, np.int64), *(part.one for part in parts)]),
            other=np.concatenate([np.zeros(0, np.int64), *(part.other for part in parts)]),
            log_odds=np.concatenate([np.zeros(0), *(part.log_odds for part in parts)]),
        )

    def shifted(self, by: int) -> CopyPairs:
        """Return them with other numbers of records: so much larger."""
        return CopyPairs(one=self.one + by, other=self.other + by, log_odds=self.log_odds)

    def of(self, chosen: Bools) -> CopyPairs:
        """Return some of them."""
        return CopyPairs(
            one=self.one[chosen], other=self.other[chosen], log_odds=self.log_odds[chosen]
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class CopyGroups:
    """The records of a file, copies together.

    Attributes:
        group: ``int64[records]``, the lowest record of each one's group.
        probability: ``float64[records]``, that the record belongs to its group; 1 where it is alone.
    """

    group: Int64s
    probability: Floats

    @property
    def people(self) -> int:
        """How many groups there are."""
        return len(np.unique(self.group))


def rival_pairs(record: Int64s, partner: Int64s, log_odds: Floats) -> tuple[Int64s, Int64s]:
    """Return the pairs of records that are candidates for one partner: ``int64[rivals]`` twice, each pair once.

    Args:
        record, partner: ``int64[pairs]``, rows of the file and of the other one.
        log_odds: ``float64[pairs]``, of each pair without rivals.
    """
    able = np.flatnonzero(log_odds > _CANDIDATE)
    order = able[np.lexsort((record[able], -log_odds[able], partner[able]))]
    wanted, candidate = partner[order], record[order]
    first = np.flatnonzero(np.diff(wanted, prepend=-1))
    sizes = np.diff(np.append(first, len(order)))
    place = np.arange(len(order)) - np.repeat(first, sizes)
    few = np.repeat(sizes <= _RIVALS, sizes)
    pairs = []
    for step in range(1, _RIVALS):
        late = np.flatnonzero((place >= step) & few)
        pairs.append(np.sort(np.stack([candidate[late - step], candidate[late]], axis=1), axis=1))
    found = np.unique(np.concatenate([np.zeros((0, 2), np.int64), *pairs]), axis=0)
    return found[:, 0], found[:, 1]


def copy_groups(pairs: CopyPairs, records: int) -> CopyGroups:
    """Put copies together: average linkage of the log-odds, as for links of several files.

    Args:
        pairs: rivals, with the odds that they are copies.
        records: how many records there are.
    """
    everyone = np.arange(records)
    sure = np.ones(records)
    likely = pairs.of(pairs.log_odds > _SURE)
    if not len(likely.one):
        return CopyGroups(group=everyone, probability=sure)
    touched = np.unique(np.concatenate([likely.one, likely.other]))
    of_pair = np.searchsorted(touched, pairs.one), np.searchsorted(touched, pairs.other)
    inside = (np.isin(pairs.one, touched)) & (np.isin(pairs.other, touched))
    made = cluster_records(
        of_pair[0][inside],
        of_pair[1][inside],
        pairs.log_odds[inside] - _SURE,
        np.zeros(len(touched), np.int64),
        absent=_APART,
        one_per_file=False,
    )
    group = everyone.copy()
    group[touched] = touched[made.cluster]
    kept = group[likely.one] == group[likely.other]
    odds = np.full(records, -np.inf)
    for end in (likely.one, likely.other):
        np.maximum.at(odds, end[kept], likely.log_odds[kept])
    together = np.isfinite(odds)
    sure[together] = 1 / (1 + np.exp(-odds[together]))
    return CopyGroups(group=group, probability=sure)


def grouped_probabilities(
    left: Int64s,
    right: Int64s,
    log_ratio: Floats,
    groups: Sequence[CopyGroups],
    weigh: Callable[[Int64s, Int64s, Floats, tuple[int, int]], Floats],
) -> Floats:
    """Return the probability that each pair is a match, copies taken together: ``float64[pairs]``.

    Two groups are compared by their best pair. Their other pairs are as likely, so far as their records are copies.

    Args:
        left, right: ``int64[pairs]``, rows of the two files; each pair once.
        log_ratio: ``float64[pairs]``, natural logarithm of each pair's likelihood ratio.
        groups: the copies of the left and of the right file.
        weigh: :func:`pprl.unit.linking.rivals.pair_probabilities`, all but its first four arguments given.
    """
    ends = np.stack([groups[0].group[left], groups[1].group[right]], axis=1)
    order = np.lexsort((-log_ratio, ends[:, 1], ends[:, 0]))
    new = np.ones(len(order), bool)
    new[1:] = (ends[order][1:] != ends[order][:-1]).any(axis=1)
    best = order[new]
    number = np.empty(len(order), np.int64)
    number[order] = np.cumsum(new) - 1
    sizes = (groups[0].people, groups[1].people)
    of_groups = weigh(ends[best, 0], ends[best, 1], log_ratio[best], sizes)
    probability = of_groups[number]
    # A record of the best pair needs no other one to be a candidate.
    for group, record in zip(groups, (left, right), strict=True):
        other = record != record[best][number]
        probability[other] *= group.probability[record[other]]
    return probability
