"""Encoded files become links: block -> compare -> weigh -> link, with everything written down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pprl.exchange.encoded.file import EncodedFile
from pprl.exchange.links.folder import Links
from pprl.exchange.links.tables import LinkTables
from pprl.unit.blocking.engine import Engine
from pprl.unit.journal import Journal, MemoryJournal
from pprl.unit.linking.assignment import (
    components,
    first_come,
    one_to_many,
    one_to_one,
    tied_records,
    undecided_records,
)
from pprl.unit.linking.clustering import cluster_records
from pprl.unit.run.compare import Pairs, StageProgress, compare_files, log_odds
from pprl.unit.run.estimate import MODEL_ERRORS, Quality, curve, estimate_quality
from pprl.unit.run.explaining import PartRows, join_parts
from pprl.unit.run.plan import EVEN, NEAR, MatchOptions, Plan, plan_match
from pprl.unit.run.results import Names, PairRows, join_earlier, link_rows, run_record
from pprl.unit.run.warnings_after import like_household, notices
from pprl.unit.weighing.fields.comparison import FieldsComparison

__all__ = ["MatchOptions", "match", "plan_match", "run_match"]

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_UNLISTED = -1.0
"""Log-odds of a pair in a cluster that is not among the pairs. A sparse record is unlike all others of its person at
once, so that its missing pairs are no independent witnesses against it: they count little."""


def match(
    files: Iterable[EncodedFile] | EncodedFile,
    options: MatchOptions | None = None,
    *,
    earlier: Links | None = None,
    engine: Engine | None = None,
    progress: StageProgress | None = None,
) -> Links:
    """Link encoded files; with one file, find its duplicates.

    Args:
        files: one or more encoded files of one agreement and key.
        options: what the operator chooses; the agreement's own matching rule by default.
        earlier: links of an earlier run of some of these files: they stay, with their link ids, and the other files
            are linked to them.
        engine: what compares instead of this machine, for example :class:`pprl.engines.spark.SparkEngine`; the files
            must have been read from paths.
        progress: called with a stage's name, the share done and what there is to say of it.

    Raises:
        MismatchError: the files can't be compared.
        UsageError: the options contradict each other or the files.
        DataError: an empty file, or more pairs than the memory holds.
    """
    together = [files] if isinstance(files, EncodedFile) else list(files)
    plan = plan_match(together, options, earlier=earlier, engine=engine, progress=progress)
    return Links.of(run_match(plan, progress=progress))


def run_match(
    plan: Plan, *, journal: Journal | None = None, progress: StageProgress | None = None
) -> LinkTables:
    """Compare and link as planned.

    Args:
        plan: the run.
        journal: keeps what the comparison finds, and has what an attempt that was killed has found; memory by default.
        progress: as in :func:`match`.

    Raises:
        DataError: more pairs were found than the memory holds.
    """
    step = progress or (lambda stage, share, note="": None)
    names = Names(plan.files)
    found, hidden, passes = compare_files(
        plan,
        names.offsets,
        stages=plan.stages,
        journal=journal or MemoryJournal(),
        progress=step,
    )
    step("linking", 0.0)
    with plan.stages("link"):
        linked = _link(plan, found, names.offsets)
        passes[-1]["links"] = int(linked.accepted.sum()) - sum(entry["links"] for entry in passes)
        quality = _quality(plan, found, linked.accepted, hidden)
        graph = _curve(plan, found, linked.accepted, quality)
    step("linking", 1.0)
    with plan.stages("tables"):
        tables, counts, near = _tables(plan, found, linked, names, passes)
    warnings = notices(plan, counts, quality)
    run = run_record(plan, counts, warnings, quality=quality, curve=graph, near=near)
    return replace(tables, run=run)


def _tables(
    plan: Plan,
    found: Pairs,
    linked: _Linked,
    names: Names,
    passes: list[dict[str, Any]],
) -> tuple[LinkTables, dict[str, Any], Floats]:
    """Return the tables without the run's record, what there is to count in them, and the near pairs' scores."""
    accepted = linked.accepted
    listed = ~accepted & (found.probability >= _least(plan))
    linked_record = np.zeros(int(names.offsets[-1]), bool)
    linked_record[found.left[accepted]] = linked_record[found.right[accepted]] = True
    members = np.flatnonzero(linked_record)
    over = int(_over(plan, found).sum())
    pairs, near = found.of(accepted), found.of(listed)
    links = link_rows(names, plan.files, linked.cluster, members, plan.link_ids)
    made = LinkTables(
        links=links,
        pairs=PairRows(names=names, pairs=pairs),
        near=PairRows(names=names, pairs=near),
        parts=PartRows(
            comparison=plan.comparison,
            left=np.concatenate([pairs.left, near.left]),
            right=np.concatenate([pairs.right, near.right]),
            offsets=names.offsets,
        )
        if isinstance(plan.comparison, FieldsComparison)
        else None,
        run={},
    )
    sizes: npt.NDArray[Any] = links.sizes()
    near_scores = near.score
    if plan.earlier is not None:
        whole = Links.of(made)
        parts = join_parts(plan.earlier, whole.parts, len(pairs.left))
        frames = join_earlier(plan.earlier, whole.links, whole.pairs, whole.near)
        sizes = frames[0]["link_id"].value_counts().to_numpy()
        near_scores = frames[2]["score"].to_numpy()
        joined = Links(links=frames[0], pairs=frames[1], near=frames[2], parts=parts, run={})
        made = joined.tables()
    compared = sum(entry["pairs_compared"] for entry in passes)
    counts: dict[str, Any] = {
        "pairs_possible": plan.pairs_possible,
        "pairs_compared": compared,
        "pairs_compared_per_pass": [n for entry in passes for n in entry["per_block_pass"]],
        # Pairs that share several buckets of an LSH are met in each: in tiny files they are more than there are.
        "reduction_ratio": max(1 - compared / plan.pairs_possible, 0.0)
        if plan.pairs_possible
        else 0.0,
        "pairs_over_threshold": over,
        "pairs_accepted": len(made.pairs),
        "links": len(sizes),
        "linked_records": len(made.links),
        "pairs_in_links": int((sizes * (sizes - 1) // 2).sum()),
        "pairs_like_household": like_household(plan, pairs.score),
        "greedy_components": linked.greedy,
        "ties": linked.ties,
        "largest_link": int(sizes.max(initial=0)),
        "passes": passes,
    }
    return made, counts, near_scores


def _evidence(plan: Plan, found: Pairs) -> Floats:
    """Return what the linking adds up: log-odds, above 0 where the threshold is passed."""
    odds = log_odds(found.probability)
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


def _over(plan: Plan, found: Pairs) -> npt.NDArray[np.bool_]:
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


def _link(plan: Plan, found: Pairs, offsets: Int64s) -> _Linked:
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
        made = cluster_records(
            found.left,
            found.right,
            evidence,
            file_of,
            absent=_UNLISTED,
            one_per_file=plan.assign != "many-to-many",
            initial=plan.link_ids,
        )
        accepted = positive & (made.cluster[found.left] == made.cluster[found.right])
        return _Linked(
            accepted=accepted,
            cluster=made.cluster,
            greedy=made.giant,
            ties=made.ties,
        )
    if plan.assign == "many-to-many":
        cluster = components(found.left[positive], found.right[positive], records)
        return _Linked(accepted=positive, cluster=cluster, greedy=0, ties=0)
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
    return _Linked(accepted=accepted, cluster=cluster, greedy=greedy, ties=ties)


def _quality(
    plan: Plan, found: Pairs, accepted: npt.NDArray[np.bool_], hidden: float
) -> Quality | None:
    if plan.no_estimate:
        return None
    pairs = plan.pairs_of_files()
    least, middle, most = (sum(plan.matches[pair][k] for pair in pairs) for k in (1, 0, 2))
    if plan.passes[-1] != "exhaustive":
        # Matches that the blocking never compared are in no sum of probabilities.
        seen = float(found.probability.sum())
        hidden = max(hidden + seen * _left_out(plan.blocking[-1]), middle - seen)
    return estimate_quality(
        found.probability,
        accepted,
        hidden=hidden,
        hidden_low=max(hidden - (middle - least), 0.0),
        hidden_high=hidden + (most - middle),
        error=MODEL_ERRORS[plan.profile],
    )


def _left_out(described: Mapping[str, Any]) -> float:
    """Return how many matches a blocking leaves out for each that it compares, as far as it says."""
    if "recall" not in described:
        return 0.0
    checked = described["checked"]
    share = checked["found"] if checked else described["expected_completeness"]
    return 1 / max(share, 0.01) - 1


def _curve(
    plan: Plan, found: Pairs, accepted: npt.NDArray[np.bool_], quality: Quality | None
) -> list[dict[str, float]]:
    if quality is None or not len(found.left):
        return []
    order = np.lexsort((found.right, found.left, -found.score, ~accepted))
    if plan.assign != "many-to-many" and len(plan.files) <= 2:
        order = order[
            first_come(found.left[order], found.right[order], once_left=plan.assign == "one-to-one")
        ]
    return curve(
        found.score[order],
        found.probability[order],
        matches=quality.matches,
        least=max(plan.threshold - 0.05, 0.01),
        value=plan.threshold,
    )
