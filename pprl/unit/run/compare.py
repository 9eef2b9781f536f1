"""All pairs of files are compared, in one blocking pass or in several, and every pair gets its probability."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pprl.base.errors import DataError
from pprl.unit.journal import Journal
from pprl.unit.linking.assignment import one_to_one
from pprl.unit.linking.rivals import pair_probabilities
from pprl.unit.run.plan import Plan
from pprl.unit.run.stages import Stages
from pprl.unit.weighing.comparison import Found

__all__ = ["Pairs", "StageProgress", "compare_files", "log_odds"]

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_SURE = 0.9
"""Probability from which a pass that is not the last accepts a pair: rivals outside of its blocks are not seen yet."""


class StageProgress(Protocol):
    """Hears how far a stage is."""

    def __call__(self, stage: str, share: float, note: str = "", /) -> None:
        """Take a stage's name, the share done and what there is to say of it."""


@dataclass(kw_only=True, eq=False)
class Pairs:
    """Pairs of all files together, records numbered through all files."""

    left: Int64s
    right: Int64s
    score: Floats
    weight: Floats
    probability: Floats

    def of(self, chosen: npt.NDArray[Any] | slice) -> Pairs:
        """Return some of them."""
        return Pairs(**{name: values[chosen] for name, values in vars(self).items()})

    @classmethod
    def join(cls, parts: list[Pairs]) -> Pairs:
        """Return all of several; one part as it is."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            **{
                name: np.concatenate([np.zeros(0, kind), *(getattr(part, name) for part in parts)])
                for name, kind in (
                    ("left", np.int64),
                    ("right", np.int64),
                    ("score", np.float64),
                    ("weight", np.float64),
                    ("probability", np.float64),
                )
            }
        )


def compare_files(
    plan: Plan,
    offsets: Int64s,
    *,
    stages: Stages,
    journal: Journal,
    progress: StageProgress,
) -> tuple[Pairs, float, list[dict[str, Any]]]:
    """Compare as planned.

    Args:
        plan: the run.
        offsets: where each file's records begin.
        stages: takes the time.
        journal: keeps what is found on the way.
        progress: called with the stage's name, the share done and a note of pairs compared and found.

    Returns:
        All pairs with their probabilities, how many matches are not among them, and an entry a blocking pass.
    """
    kept: list[Pairs] = []
    passes: list[dict[str, Any]] = []
    hidden = 0.0
    jobs = plan.pairs_of_files()
    taken: list[Int64s] = [np.zeros(0, np.int64), np.zeros(0, np.int64)]
    before = (0, 0)
    for number, (name, blocking) in enumerate(zip(plan.passes, plan.blockings, strict=True)):
        last = number == len(plan.passes) - 1
        entry: dict[str, Any] = {
            "blocking": name,
            "pairs_compared": 0,
            "per_block_pass": [],
            "links": 0,
        }
        for place, (i, j) in enumerate(jobs):
            rows = [
                None if not len(used) else np.setdiff1d(np.arange(len(plan.files[f])), used)
                for f, used in zip((i, j), taken, strict=True)
            ]
            tell = _Teller(
                plan,
                progress,
                done=number * len(jobs) + place,
                jobs=len(jobs) * len(plan.passes),
                compared=before[0],
                found=before[1],
            )
            with stages("compare"):
                part = plan.comparison.scan(
                    i,
                    j,
                    blocking=blocking,
                    floor=plan.floor[i, j],
                    rows=(rows[0], rows[1]),
                    journal=journal,
                    name=f"{number}-{i}-{j}",
                    progress=tell,
                )
            entry["per_block_pass"] += part.compared
            entry["pairs_compared"] += sum(part.compared)
            before = (before[0] + sum(part.compared), before[1] + len(part.left))
            with stages("weigh"):
                probability = _probabilities(plan, part, (i, j))
            made = Pairs(
                left=part.left + offsets[i],
                right=part.right + offsets[j],
                score=probability if plan.profile == "fields" else part.score,
                weight=part.weight,
                probability=probability,
            )
            if not last:
                sure = probability >= _SURE
                # What a given threshold would refuse must stay for the next pass.
                if plan.method == "given":
                    sure &= made.score >= plan.threshold
                made = made.of(sure)
                made = made.of(one_to_one(made.left, made.right, log_odds(made.probability))[0])
                taken = [
                    np.concatenate([taken[0], made.left - offsets[i]]),
                    np.concatenate([taken[1], made.right - offsets[j]]),
                ]
                entry["links"] = len(made.left)
            kept.append(made)
            if last:
                hidden += plan.comparison.hidden(i, j, floor=plan.floor[i, j])
        passes.append(entry)
    return Pairs.join(kept), hidden, passes


class _Teller:
    """Tells how far a comparison is, how fast it goes and what it has found; stops it when that is too much."""

    def __init__(
        self,
        plan: Plan,
        progress: StageProgress,
        *,
        done: int,
        jobs: int,
        compared: int,
        found: int,
    ) -> None:
        self._plan, self._progress = plan, progress
        self._done, self._jobs = done, jobs
        self._compared, self._found = compared, found
        self._start: tuple[float, float] | None = None

    def __call__(self, share: float, compared: int, found: int) -> None:
        """Take the share of this scan that is done, the pairs it has compared and those it has found."""
        found += self._found
        if found > self._plan.most_pairs:
            raise DataError(
                f"{found:,} pairs were kept so far, more than the memory holds "
                f"({self._plan.memory_limit >> 20:,} MiB)",
                hint="Give it more (--memory), or raise the threshold (--threshold auto finds one).",
            )
        now = time.monotonic()
        if self._start is None:
            self._start = (now, share)  # what an earlier attempt has done says nothing of the speed
        rate = (share - self._start[1]) / max(now - self._start[0], 1e-3)
        pairs = rate * self._plan.pairs_expected / self._jobs
        note = f"{pairs / 1e6:,.0f} million pairs a second, {found:,} found"
        self._progress("comparing", (self._done + share) / self._jobs, note)


def _probabilities(plan: Plan, part: Found, pair: tuple[int, int]) -> Floats:
    activity = plan.activity[pair]
    if plan.same:
        return _from_log_odds(part.weight + activity)
    return pair_probabilities(
        part.left,
        part.right,
        part.weight,
        (len(plan.files[pair[0]]), len(plan.files[pair[1]])),
        rule=plan.assign,
        activity=activity,
        unlisted=min(
            plan.comparison.hidden(*pair, floor=plan.floor[pair])
            / max(plan.matches[pair][0], 1e-9),
            1.0,
        ),
    )


def log_odds(probability: Floats) -> Floats:
    """Return the log-odds of probabilities, finite at both ends."""
    safe = np.clip(probability, 1e-15, 1 - 1e-15)
    return np.asarray(np.log(safe) - np.log1p(-safe))


def _from_log_odds(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -500, 500))))
