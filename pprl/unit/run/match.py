"""A planned run, done: compare -> weigh -> link, with everything written down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from pprl.base.arrays import Floats, Int64s
from pprl.base.progress import Progress, silent
from pprl.exchange.links.folder import Links
from pprl.exchange.links.tables import LinkTables
from pprl.unit.journal import Journal, MemoryJournal
from pprl.unit.run.compare import Compared, compare_files
from pprl.unit.run.decide import Decided, curve_of, decide, expected_quality, over_threshold
from pprl.unit.run.extend import join_earlier
from pprl.unit.run.plan import MatchPlan
from pprl.unit.run.results import PairRows, RecordNames, link_rows, run_record
from pprl.unit.run.warnings import like_household, warnings_after

__all__ = ["run_match"]


def run_match(
    plan: MatchPlan, *, journal: Journal | None = None, progress: Progress | None = None
) -> LinkTables:
    """Compare and link as planned.

    Args:
        plan: the run.
        journal: keeps what the comparison finds, and has what an attempt that was killed has found; memory by default.
        progress: called with a stage's name, the share done and what there is to say of it.

    Raises:
        DataError: more pairs were found than the memory holds.
    """
    tell = progress or silent
    names = RecordNames(plan.files)
    compared = compare_files(plan, names.offsets, journal=journal or MemoryJournal(), progress=tell)
    tell("linking", 0.0)
    with plan.stages("link"):
        decided = decide(plan, compared.pairs, names.offsets)
        last, before = compared.passes[-1], compared.passes[:-1]
        last["links"] = int(decided.accepted.sum()) - sum(entry["links"] for entry in before)
        quality = expected_quality(plan, compared, decided.accepted)
        graph = curve_of(plan, compared.pairs, decided.accepted, quality)
    tell("linking", 1.0)
    with plan.stages("tables"):
        tables, counts, near = _tables(plan, compared, decided, names)
    warnings = warnings_after(plan, counts, quality)
    run = run_record(plan, counts, warnings, quality=quality, curve=graph, near=near)
    return replace(tables, run=run)


def _tables(
    plan: MatchPlan, compared: Compared, decided: Decided, names: RecordNames
) -> tuple[LinkTables, dict[str, Any], Floats]:
    """Return the tables without the run's record, what there is to count in them, and the near pairs' scores."""
    found, accepted = compared.pairs, decided.accepted
    listed = ~accepted & (found.probability >= plan.model.least_probability(plan.threshold))
    pairs, near = found.of(accepted), found.of(listed)
    linked = np.zeros(int(names.offsets[-1]), bool)
    linked[pairs.left] = linked[pairs.right] = True
    links = link_rows(names, plan.files, decided.cluster, np.flatnonzero(linked), plan.link_ids)
    made = LinkTables(
        links=links,
        pairs=PairRows(names=names, pairs=pairs),
        near=PairRows(names=names, pairs=near),
        parts=plan.model.part_rows(
            np.concatenate([pairs.left, near.left]),
            np.concatenate([pairs.right, near.right]),
            names.offsets,
        ),
        run={},
    )
    sizes: Int64s = links.sizes()
    near_scores = near.score
    if plan.earlier is not None:
        joined = join_earlier(plan.earlier, Links.of(made))
        sizes = np.asarray(joined.links["link_id"].value_counts(), np.int64)
        near_scores = joined.near["score"].to_numpy()
        made = joined.tables()
    pairs_compared = sum(entry["pairs_compared"] for entry in compared.passes)
    # Pairs that share several buckets of an LSH are met in each: in tiny files they are more than there are.
    left_out = 1 - pairs_compared / plan.pairs_possible if plan.pairs_possible else 0.0
    counts: dict[str, Any] = {
        "pairs_possible": plan.pairs_possible,
        "pairs_compared": pairs_compared,
        "pairs_compared_per_pass": [
            n for entry in compared.passes for n in entry["per_block_pass"]
        ],
        "reduction_ratio": max(left_out, 0.0),
        "pairs_over_threshold": int(over_threshold(plan, found).sum()),
        "pairs_accepted": len(made.pairs),
        "links": len(sizes),
        "linked_records": len(made.links),
        "pairs_in_links": int((sizes * (sizes - 1) // 2).sum()),
        "pairs_like_household": like_household(plan.model, pairs.score),
        "greedy_components": decided.greedy,
        "ties": decided.ties,
        "largest_link": int(sizes.max(initial=0)),
        "passes": compared.passes,
    }
    return made, counts, near_scores
