"""Encoded files become links: block -> compare -> link, with the threshold found first and everything written down."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.exchange.encoded import EncodedFile
from pprl.exchange.links import HOUSEHOLD_SPREAD, Links
from pprl.unit.linking import cluster_files, components, one_to_many, one_to_one
from pprl.unit.plan import MatchOptions, Plan, plan_match, timed
from pprl.unit.results import link_table, pair_table, run_record

__all__ = ["MatchOptions", "match", "plan_match", "run_match"]

Progress = Callable[[str, float], None]


def match(
    files: Iterable[EncodedFile] | EncodedFile,
    options: MatchOptions | None = None,
    *,
    progress: Progress | None = None,
) -> Links:
    """Link encoded files; with one file, find its duplicates.

    Args:
        files: one or more encoded files of one agreement and key.
        options: what the operator chooses; the agreement's own matching rule by default.
        progress: called with a stage's name and the share done.

    Raises:
        MismatchError: the files can't be compared.
        UsageError: the options contradict each other or the files.
        DataError: an empty file, or a threshold so low that the pairs would not fit into memory.
    """
    together = [files] if isinstance(files, EncodedFile) else list(files)
    return run_match(plan_match(together, options, progress=progress), progress=progress)


def run_match(plan: Plan, *, progress: Progress | None = None) -> Links:
    """Compare and link as planned."""
    step = progress or (lambda stage, share: None)
    offsets = np.concatenate([[0], np.cumsum([len(side) for side in plan.sides])])
    timings = dict(plan.timings)
    lefts, rights, scores = [], [], []
    compared: list[int] = []
    jobs = plan.pairs_of_files()
    with timed(timings, "compare"):
        for number, (i, j) in enumerate(jobs):
            scored = plan.blocking.scan(
                plan.sides[i],
                plan.sides[j],
                floor=plan.floor,
                same=plan.same,
                progress=partial(_report, step, number, len(jobs)),
            )
            lefts.append(scored.left + offsets[i])
            rights.append(scored.right + offsets[j])
            scores.append(scored.score)
            compared = [
                x + y
                for x, y in zip(
                    compared or [0] * len(scored.compared), scored.compared, strict=True
                )
            ]
    left, right, score = np.concatenate(lefts), np.concatenate(rights), np.concatenate(scores)
    over = score >= plan.threshold
    step("linking", 0.0)
    with timed(timings, "link"):
        accepted = np.zeros(len(left), bool)
        taken, cluster, greedy = _link(plan, left[over], right[over], score[over], offsets)
        accepted[np.flatnonzero(over)] = taken
    step("linking", 1.0)
    links = link_table(plan, cluster, left[accepted], right[accepted], offsets)
    counts = {
        "pairs_possible": plan.pairs_possible,
        "pairs_compared": sum(compared),
        "pairs_compared_per_pass": compared,
        "reduction_ratio": 1 - sum(compared) / plan.pairs_possible if plan.pairs_possible else 0.0,
        "pairs_over_threshold": int(over.sum()),
        "pairs_accepted": int(accepted.sum()),
        "links": int(links["link_id"].nunique()),
        "linked_records": len(links),
        "pairs_in_links": _pairs_in_links(links),
        "pairs_like_household": int((score[accepted] < plan.household + HOUSEHOLD_SPREAD).sum()),
        "greedy_components": greedy,
    }
    warnings = list(plan.warnings)
    alike = counts["pairs_like_household"]
    if alike and not plan.same:
        warnings.append(
            f"{alike:,} of {len(left[accepted]):,} accepted pairs score no higher than two members of a household may "
            f"({plan.household + HOUSEHOLD_SPREAD:.2f}): if families are split between the files, relatives are among "
            "them, and the estimate does not see it; have a sample of them reviewed"
        )
    if greedy:
        warnings.append(
            f"{greedy} groups of records were too large for the optimal assignment and were assigned best score first"
        )
    return Links(
        links=links,
        pairs=pair_table(plan, left[accepted], right[accepted], score[accepted], offsets),
        near=pair_table(plan, left[~accepted], right[~accepted], score[~accepted], offsets),
        run=run_record(plan, counts, timings, warnings),
    )


def _link(
    plan: Plan,
    left: npt.NDArray[np.int64],
    right: npt.NDArray[np.int64],
    score: npt.NDArray[np.float64],
    offsets: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64], int]:
    """Return (accepted pairs, cluster of each record, components assigned greedily)."""
    records = int(offsets[-1])
    greedy = 0
    if plan.assign == "many-to-many":
        return np.ones(len(left), bool), components(left, right, records), 0
    if len(plan.files) > 2:
        file_of = np.repeat(np.arange(len(plan.files)), np.diff(offsets))
        cluster = cluster_files(left, right, score, file_of)
        return cluster[left] == cluster[right], cluster, 0
    if plan.assign == "one-to-one":
        accepted, greedy = one_to_one(left, right, score, threshold=plan.threshold)
    else:
        accepted = one_to_many(left, right, score)
    return accepted, components(left[accepted], right[accepted], records), greedy


def _report(step: Progress, done: int, jobs: int, share: float) -> None:
    step("comparing", (done + share) / jobs)


def _pairs_in_links(links: pd.DataFrame) -> int:
    """Return how many pairs of records share a link id; in groups of three and more, more than were accepted."""
    sizes = links["link_id"].value_counts().to_numpy()
    return int((sizes * (sizes - 1) // 2).sum())
