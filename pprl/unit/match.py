"""Encoded files become links: block -> compare -> weigh -> link, with everything written down."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from pprl.exchange.encoded import EncodedFile
from pprl.exchange.links import Links
from pprl.unit.clustering import cluster_records
from pprl.unit.comparison import Found
from pprl.unit.context import pair_probabilities
from pprl.unit.earlier import earlier_clusters
from pprl.unit.engine import Engine
from pprl.unit.estimate import MODEL_ERRORS, Quality, curve, estimate_quality
from pprl.unit.explaining import join_parts, parts_table
from pprl.unit.linking import (
    components,
    one_to_many,
    one_to_one,
    tied_records,
    undecided_records,
)
from pprl.unit.notices import like_household, notices
from pprl.unit.plan import EVEN, NEAR, MatchOptions, Plan, plan_match, timed
from pprl.unit.results import join_earlier, link_table, pair_table, run_record

__all__ = ["MatchOptions", "match", "plan_match", "run_match"]

Progress = Callable[[str, float], None]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_SURE = 0.9
"""Probability from which a pass that is not the last accepts a pair: rivals outside of its blocks are not seen yet."""

_UNLISTED = -1.0
"""Log-odds of a pair in a cluster that is not among the pairs. A sparse record is unlike all others of its person at
once, so that its missing pairs are no independent witnesses against it: they count little."""


@dataclass(kw_only=True, eq=False)
class _Pairs:
    """Pairs of all files together, records numbered through all files."""

    left: Int64s
    right: Int64s
    score: Floats
    weight: Floats
    probability: Floats

    @classmethod
    def join(cls, parts: list[_Pairs]) -> _Pairs:
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


def match(
    files: Iterable[EncodedFile] | EncodedFile,
    options: MatchOptions | None = None,
    *,
    earlier: Links | None = None,
    engine: Engine | None = None,
    progress: Progress | None = None,
) -> Links:
    """Link encoded files; with one file, find its duplicates.

    Args:
        files: one or more encoded files of one agreement and key.
        options: what the operator chooses; the agreement's own matching rule by default.
        earlier: links of an earlier run of some of these files: they stay, with their link ids, and the other files
            are linked to them.
        engine: what compares instead of this machine, for example :class:`pprl.engines.spark.SparkEngine`; the files
            must have been read from paths.
        progress: called with a stage's name and the share done.

    Raises:
        MismatchError: the files can't be compared.
        UsageError: the options contradict each other or the files.
        DataError: an empty file, or a threshold so low that the pairs would not fit into memory.
    """
    together = [files] if isinstance(files, EncodedFile) else list(files)
    plan = plan_match(together, options, earlier=earlier, engine=engine, progress=progress)
    return run_match(plan, progress=progress)


def run_match(plan: Plan, *, progress: Progress | None = None) -> Links:
    """Compare and link as planned."""
    step = progress or (lambda stage, share: None)
    offsets = np.concatenate([[0], np.cumsum([len(file) for file in plan.files])])
    timings = dict(plan.timings)
    passes: list[dict[str, Any]] = []
    found, hidden = _compare(plan, offsets, timings, passes, step)
    step("linking", 0.0)
    with timed(timings, "link"):
        linked = _link(plan, found, offsets)
        passes[-1]["links"] = int(linked.accepted.sum()) - sum(entry["links"] for entry in passes)
        quality = _quality(plan, found, linked.accepted, hidden)
        graph = _curve(plan, found, linked.accepted, quality)
    step("linking", 1.0)
    accepted = linked.accepted
    members = np.union1d(found.left[accepted], found.right[accepted])
    links = link_table(plan, linked.cluster, members, offsets, linked.ids)
    pairs = pair_table(plan, found, accepted, offsets)
    listed = ~accepted & (found.probability >= _least(plan))
    near = pair_table(plan, found, listed, offsets)
    parts = parts_table(plan, found, (accepted, listed), offsets)
    if plan.earlier is not None:
        parts = join_parts(plan.earlier, parts, len(pairs))
        links, pairs, near = join_earlier(plan.earlier, links, pairs, near)
    compared = sum(entry["pairs_compared"] for entry in passes)
    counts: dict[str, Any] = {
        "pairs_possible": plan.pairs_possible,
        "pairs_compared": compared,
        "pairs_compared_per_pass": [n for entry in passes for n in entry["per_block_pass"]],
        "reduction_ratio": 1 - compared / plan.pairs_possible if plan.pairs_possible else 0.0,
        "pairs_over_threshold": int(_over(plan, found).sum()),
        "pairs_accepted": len(pairs),
        "links": int(links["link_id"].nunique()),
        "linked_records": len(links),
        "pairs_in_links": _pairs_in_links(links["link_id"].value_counts().to_numpy()),
        "pairs_like_household": like_household(plan, found.score[accepted]),
        "greedy_components": linked.greedy,
        "ties": linked.ties,
        "largest_link": int(links["link_id"].value_counts().max()) if len(links) else 0,
        "passes": passes,
    }
    return Links(
        links=links,
        pairs=pairs,
        near=near,
        parts=parts,
        run=run_record(
            plan,
            counts,
            timings,
            notices(plan, counts, quality),
            quality=quality,
            curve=graph,
            near=near,
        ),
    )


def _compare(
    plan: Plan,
    offsets: Int64s,
    timings: dict[str, float],
    passes: list[dict[str, Any]],
    step: Progress,
) -> tuple[_Pairs, float]:
    """Return all pairs with their probabilities, and how many matches are not among them."""
    kept: list[_Pairs] = []
    hidden = 0.0
    jobs = plan.pairs_of_files()
    taken: list[Int64s] = [np.zeros(0, np.int64), np.zeros(0, np.int64)]
    for number, name in enumerate(plan.passes):
        last = number == len(plan.passes) - 1
        if len(plan.passes) > 1:
            plan.comparison.use(name, floors=plan.floor)
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
            with timed(timings, "compare"):
                part = plan.comparison.scan(
                    i,
                    j,
                    floor=plan.floor[i, j],
                    rows=(rows[0], rows[1]),
                    progress=partial(
                        _report, step, number * len(jobs) + place, len(jobs) * len(plan.passes)
                    ),
                )
            entry["per_block_pass"] += part.compared
            entry["pairs_compared"] += sum(part.compared)
            with timed(timings, "weigh"):
                probability = _probabilities(plan, part, (i, j))
            made = _Pairs(
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
                made = _Pairs(**{name: values[sure] for name, values in vars(made).items()})
                accepted, _ = one_to_one(made.left, made.right, _log_odds(made.probability))
                made = _Pairs(**{name: values[accepted] for name, values in vars(made).items()})
                taken = [
                    np.concatenate([taken[0], made.left - offsets[i]]),
                    np.concatenate([taken[1], made.right - offsets[j]]),
                ]
                entry["links"] = len(made.left)
            kept.append(made)
            if last:
                hidden += plan.comparison.hidden(i, j, floor=plan.floor[i, j])
        passes.append(entry)
    return _Pairs.join(kept), hidden


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


def _report(step: Progress, done: int, jobs: int, share: float) -> None:
    step("comparing", (done + share) / jobs)


def _log_odds(probability: Floats) -> Floats:
    safe = np.clip(probability, 1e-15, 1 - 1e-15)
    return np.asarray(np.log(safe) - np.log1p(-safe))


def _from_log_odds(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -500, 500))))


def _evidence(plan: Plan, found: _Pairs) -> Floats:
    """Return what the linking adds up: log-odds, above 0 where the threshold is passed."""
    odds = _log_odds(found.probability)
    if plan.method == "auto":
        # Even odds are enough where nothing speaks against the pair.
        return np.where(found.probability >= EVEN, np.maximum(odds, 1e-9), odds)
    over = found.score >= plan.threshold
    if plan.profile == "fields":
        limit = plan.comparison.weight_at(plan.threshold)
        return np.where(over, np.maximum(odds - limit, 1e-9), np.minimum(odds - limit, -1e-9))
    # A threshold on the score stands above probabilities: whoever gave it wants those pairs.
    gain = 10.0 * (found.score - plan.threshold)
    return np.where(over, gain + 1e-6, np.minimum(gain, -1e-6))


def _over(plan: Plan, found: _Pairs) -> npt.NDArray[np.bool_]:
    return found.score >= plan.threshold if plan.method == "given" else found.probability >= EVEN


def _least(plan: Plan) -> float:
    """Return the probability from which pairs that were not accepted are kept."""
    # In `record` with a threshold of the operator's own, all pairs that were kept are of interest.
    rule = plan.method == "auto" or plan.profile == "fields"
    return float(1 / (1 + np.exp(NEAR))) if rule else 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class _Linked:
    accepted: npt.NDArray[np.bool_]
    cluster: Int64s
    greedy: int
    ties: int
    ids: dict[int, int]


def _link(plan: Plan, found: _Pairs, offsets: Int64s) -> _Linked:
    """Decide which pairs are links and which records are one person."""
    records = int(offsets[-1])
    evidence = _evidence(plan, found)
    positive = evidence > 0
    file_of = np.repeat(np.arange(len(plan.files)), np.diff(offsets))
    if (
        plan.earlier is not None
        or len(plan.files) > 2
        or (plan.assign == "many-to-many" and plan.method == "auto")
    ):
        initial: Int64s | None = None
        ids: Mapping[int, int] = {}
        if plan.earlier is not None:
            initial, ids = earlier_clusters(plan.earlier, plan.files)
        made = cluster_records(
            found.left,
            found.right,
            evidence,
            file_of,
            absent=_UNLISTED,
            one_per_file=plan.assign != "many-to-many",
            initial=initial,
        )
        accepted = positive & (made.cluster[found.left] == made.cluster[found.right])
        return _Linked(
            accepted=accepted,
            cluster=made.cluster,
            greedy=made.giant,
            ties=made.ties,
            ids=dict(ids),
        )
    if plan.assign == "many-to-many":
        cluster = components(found.left[positive], found.right[positive], records)
        return _Linked(accepted=positive, cluster=cluster, greedy=0, ties=0, ids={})
    accepted = np.zeros(len(found.left), bool)
    greedy = ties = 0
    left, right, gain = found.left[positive], found.right[positive], evidence[positive]
    if plan.assign == "one-to-one":
        chosen, greedy = one_to_one(left, right, gain)
    else:
        chosen = one_to_many(left, right, gain)
    ties = tied_records(left, right, gain, chosen)
    accepted[np.flatnonzero(positive)[chosen]] = True
    if plan.method == "auto" and plan.assign == "one-to-one":
        # Two equal rivals are below even odds each, so that neither is taken.
        alone = found.weight + plan.activity[0, 1]
        ties += undecided_records(found.left, found.right, alone, accepted)
    cluster = components(found.left[accepted], found.right[accepted], records)
    return _Linked(accepted=accepted, cluster=cluster, greedy=greedy, ties=ties, ids={})


def _quality(
    plan: Plan, found: _Pairs, accepted: npt.NDArray[np.bool_], hidden: float
) -> Quality | None:
    if plan.no_estimate:
        return None
    pairs = plan.pairs_of_files()
    least, middle, most = (sum(plan.matches[pair][k] for pair in pairs) for k in (1, 0, 2))
    if plan.passes[-1] != "exhaustive":
        # Matches that the blocking never compared are in no sum of probabilities.
        hidden = max(hidden, middle - float(found.probability.sum()))
    return estimate_quality(
        found.probability,
        accepted,
        hidden=hidden,
        hidden_low=max(hidden - (middle - least), 0.0),
        hidden_high=hidden + (most - middle),
        error=MODEL_ERRORS[plan.profile],
    )


def _curve(
    plan: Plan, found: _Pairs, accepted: npt.NDArray[np.bool_], quality: Quality | None
) -> list[dict[str, float]]:
    if quality is None or not len(found.left):
        return []
    order = np.lexsort((found.right, found.left, -found.score, ~accepted))
    if plan.assign == "many-to-many" or len(plan.files) > 2:
        chosen = order
    else:
        free = [np.ones(int(side.max()) + 1, bool) for side in (found.left, found.right)]
        once = plan.assign == "one-to-one"
        chosen_list = []
        for at in order:
            a, b = found.left[at], found.right[at]
            if (free[0][a] or not once) and free[1][b]:
                free[0][a] = free[1][b] = False
                chosen_list.append(at)
        chosen = np.array(chosen_list, np.int64)
    return curve(
        found.score[chosen],
        found.probability[chosen],
        matches=quality.matches,
        least=max(plan.threshold - 0.05, 0.01),
        value=plan.threshold,
    )


def _pairs_in_links(sizes: npt.NDArray[Any]) -> int:
    """Return how many pairs of records share a link id; in groups of three and more, more than were accepted."""
    return int((sizes * (sizes - 1) // 2).sum())
