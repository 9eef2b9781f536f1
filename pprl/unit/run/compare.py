"""All pairs of files are compared, in one blocking pass or in several, and every pair gets its probability."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from pprl.base.arrays import Floats, Int64s
from pprl.base.errors import DataError
from pprl.base.progress import Progress
from pprl.exchange.links.run_counts import PassEntry
from pprl.unit.journal import Journal
from pprl.unit.linking.assignment import one_to_one
from pprl.unit.linking.copies import (
    CopyPairs,
    copy_groups,
    grouped_probabilities,
    rival_pairs,
)
from pprl.unit.linking.rivals import pair_probabilities
from pprl.unit.run.plan import MatchPlan
from pprl.unit.weighing.model import EVEN, Found, PlannedScan, TwoFiles

__all__ = ["Compared", "Pairs", "compare_files", "log_odds"]

_SURE = 0.9
"""Probability from which a pass that is not the last accepts a pair: rivals outside of its blocks are not seen yet.
Chosen; SPEC.md, section 8.1, states it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Pairs of all files together, records numbered through all files.

    Attributes:
        left, right: ``int64[pairs]``, the records.
        score: ``float64[pairs]``, what the threshold applies to.
        log_ratio: ``float64[pairs]``, natural logarithm of the likelihood ratio.
        probability: ``float64[pairs]``, match probability, rivals considered.
    """

    left: Int64s
    right: Int64s
    score: Floats
    log_ratio: Floats
    probability: Floats

    def of(self, chosen: npt.NDArray[Any] | slice) -> Pairs:
        """Return some of them."""
        return Pairs(**{name: values[chosen] for name, values in vars(self).items()})

    def shifted(self, left: int, right: int) -> Pairs:
        """Return them with other numbers of records: so much larger on both sides."""
        return replace(self, left=self.left + left, right=self.right + right)

    @classmethod
    def join(cls, parts: list[Pairs]) -> Pairs:
        """Return all of several; one part as it is."""
        if len(parts) == 1:
            return parts[0]
        nothing = cls(
            left=np.zeros(0, np.int64),
            right=np.zeros(0, np.int64),
            score=np.zeros(0),
            log_ratio=np.zeros(0),
            probability=np.zeros(0),
        )
        return cls(
            **{
                name: np.concatenate([getattr(part, name) for part in (nothing, *parts)])
                for name in vars(nothing)
            }
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """What the comparison found.

    Attributes:
        pairs: all pairs, with their probabilities.
        copies: pairs of records of one file that want the same partner, with the odds that they are one person.
        rescued: ``int64[people]``, a record of each person who would have no link between two files if records of
            theirs in one file were rivals; one person may be named for several pairs of files.
        unlisted: how many matches are expected not to be among them.
        passes: an entry of ``counts.passes`` for each blocking pass; the last one's links are still to be counted.
    """

    pairs: Pairs
    copies: CopyPairs
    rescued: Int64s
    unlisted: float
    passes: list[PassEntry]


def compare_files(
    plan: MatchPlan, offsets: Int64s, *, journal: Journal, progress: Progress
) -> Compared:
    """Compare as planned.

    Args:
        plan: the run.
        offsets: ``int64[files + 1]``, where each file's records begin.
        journal: keeps what is found on the way.
        progress: called with the stage's name, the share done and a note of pairs compared and found.

    Raises:
        DataError: more pairs were found than fit in memory.
    """
    jobs = plan.pairs_of_files()
    teller = _Teller(plan, progress, jobs=len(jobs) * len(plan.scans))
    taken = _Taken()
    kept: list[Pairs] = []
    copies: list[CopyPairs] = []
    rescued = [np.zeros(0, np.int64)]
    passes: list[PassEntry] = []
    for number, scan in enumerate(plan.scans):
        last = number == len(plan.scans) - 1
        per_block_pass: list[int] = []
        accepted = 0
        for a, b in jobs:
            with plan.stages("compare"):
                found = scan.scan(
                    a,
                    b,
                    rows=taken.left_over(len(plan.files[a]), len(plan.files[b])),
                    journal=journal,
                    name=f"{number}-{a}-{b}",
                    progress=teller,
                )
            teller.next(len(found.left))
            per_block_pass += found.compared
            with plan.stages("weigh"):
                weighed = _weighed(plan, scan, found, (a, b))
            pairs = weighed.pairs
            rescued.append(weighed.rescued + offsets[a])
            copies += [
                of_file.shifted(offsets[n])
                for n, of_file in zip((a, b), weighed.copies, strict=False)
            ]
            if not last:
                pairs = _sure(plan, pairs)
                taken.take(pairs.left, pairs.right)
                accepted += len(pairs.left)
            kept.append(pairs.shifted(offsets[a], offsets[b]))
        passes.append(
            PassEntry(
                blocking=scan.method,
                pairs_compared=sum(per_block_pass),
                per_block_pass=tuple(per_block_pass),
                links=accepted,
            )
        )
    return Compared(
        pairs=Pairs.join(kept),
        copies=CopyPairs.join(copies),
        rescued=np.concatenate(rescued),
        unlisted=sum(plan.scans[-1].unlisted(a, b) for a, b in jobs),
        passes=passes,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Weighed:
    """The pairs of two files with their probabilities, records numbered in each file.

    Attributes:
        pairs: the pairs.
        copies: for each file, its records that want the same partner; empty where that is not asked for.
        rescued: ``int64[people]``, rows of the first file: people who would have no link if records of theirs in one
            file were rivals.
    """

    pairs: Pairs
    copies: tuple[CopyPairs, ...]
    rescued: Int64s


def _weighed(plan: MatchPlan, scan: PlannedScan, found: Found, pair: TwoFiles) -> _Weighed:
    copies: tuple[CopyPairs, ...] = ()
    rescued = np.zeros(0, np.int64)
    if plan.same:
        probability = _from_log_odds(found.log_ratio + plan.prior[pair])
    else:
        sizes = (len(plan.files[pair[0]]), len(plan.files[pair[1]]))
        unlisted = min(scan.unlisted(*pair) / max(plan.model.matches[pair].number, 1e-9), 1.0)
        weigh = partial(
            pair_probabilities,
            rule=plan.assign,
            log_prior_odds=plan.prior[pair],
            unlisted=unlisted,
        )
        probability = weigh(found.left, found.right, found.log_ratio, sizes)
        if plan.seeks_copies:
            copies = _rivals(plan, found, pair)
            groups = [
                copy_groups(of_file, size) for of_file, size in zip(copies, sizes, strict=True)
            ]
            if sum(of_file.people for of_file in groups) < sum(sizes):
                alone = probability
                probability = grouped_probabilities(
                    found.left, found.right, found.log_ratio, groups, weigh
                )
                rescued = _rescued(groups[0].group[found.left], alone, probability)
    pairs = Pairs(
        left=found.left,
        right=found.right,
        score=plan.model.scores(found.score, probability),
        log_ratio=found.log_ratio,
        probability=probability,
    )
    return _Weighed(pairs=pairs, copies=copies, rescued=rescued)


def _rivals(plan: MatchPlan, found: Found, pair: TwoFiles) -> tuple[CopyPairs, ...]:
    """Return for each of two files its records that want the same partner."""
    odds = found.log_ratio + plan.prior[pair]
    made = []
    for file, record, partner in zip(
        pair, (found.left, found.right), (found.right, found.left), strict=True
    ):
        one, other = rival_pairs(record, partner, odds)
        made.append(CopyPairs(one=one, other=other, log_odds=plan.model.copies(file, one, other)))
    return tuple(made)


def _rescued(person: Int64s, alone: Floats, together: Floats) -> Int64s:
    """Return the people who reach even odds only with their copies taken together.

    Args:
        person: ``int64[pairs]``, the person of each pair's left record.
        alone, together: ``float64[pairs]``, probabilities with copies as rivals, and taken together.
    """
    best = np.zeros((2, int(person.max(initial=0)) + 1))
    for row, probability in zip(best, (alone, together), strict=True):
        np.maximum.at(row, person, probability)
    return np.flatnonzero((best[0] < EVEN) & (best[1] >= EVEN))


def _sure(plan: MatchPlan, pairs: Pairs) -> Pairs:
    """Return the pairs that a pass before the last accepts: no record in two of them."""
    sure = pairs.probability >= _SURE
    # What a given threshold would refuse must stay for the next pass.
    if plan.threshold.given:
        sure &= pairs.score >= plan.threshold.value
    pairs = pairs.of(sure)
    return pairs.of(one_to_one(pairs.left, pairs.right, log_odds(pairs.probability))[0])


class _Taken:
    """Rows of the two files that earlier passes have linked: later ones leave them out."""

    def __init__(self) -> None:
        self._rows: list[Int64s] = [np.zeros(0, np.int64), np.zeros(0, np.int64)]

    def take(self, left: Int64s, right: Int64s) -> None:
        """Leave these rows out from now on."""
        self._rows = [np.concatenate(both) for both in zip(self._rows, (left, right), strict=True)]

    def left_over(self, left: int, right: int) -> tuple[Int64s | None, Int64s | None]:
        """Return the rows of both files that are still to be compared; None for all."""
        one, other = (
            np.setdiff1d(np.arange(size), taken) if len(taken) else None
            for size, taken in zip((left, right), self._rows, strict=True)
        )
        return one, other


class _Teller:
    """Reports progress, speed and finds; aborts when the memory limit is exceeded."""

    def __init__(self, plan: MatchPlan, progress: Progress, *, jobs: int) -> None:
        self._plan, self._progress = plan, progress
        self._done, self._jobs = 0, jobs
        self._found = 0
        self._start: tuple[float, float] | None = None

    def next(self, found: int) -> None:
        """Begin the next scan, after one that has found so many pairs."""
        self._done += 1
        self._found += found
        self._start = None

    def __call__(self, share: float, compared: int, found: int) -> None:
        """Take the share of this scan that is done, the pairs it has compared and those it has found."""
        found += self._found
        if found > self._plan.most_pairs:
            raise DataError(
                f"{found:,} pairs were found so far, more than fit in memory "
                f"({self._plan.settled.memory_limit >> 20:,} MiB)",
                hint="Allow more memory (--memory), or raise the threshold (--threshold auto finds one).",
            )
        now = time.monotonic()
        if self._start is None:
            self._start = (now, share)  # what an earlier attempt has done says nothing of the speed
        rate = (share - self._start[1]) / max(now - self._start[0], 1e-3)
        pairs = rate * self._plan.pairs_expected / self._jobs
        note = f"{pairs / 1e6:,.0f} million pairs a second, {found:,} found"
        self._progress("comparing", (self._done + share) / self._jobs, note)


def log_odds(probability: Floats) -> Floats:
    """Return the log-odds of probabilities, natural logarithm, finite at both ends."""
    safe = np.clip(probability, 1e-15, 1 - 1e-15)
    return np.asarray(np.log(safe) - np.log1p(-safe))


def _from_log_odds(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -500, 500))))
