"""A planned run, done: compare -> weigh -> link, with everything written down."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pprl.base.arrays import Floats, Int64s
from pprl.base.progress import Progress, silent
from pprl.exchange.links.folder import Links
from pprl.exchange.links.run_counts import CopyCounts, FurtherRecords, RunCounts
from pprl.exchange.links.tables import (
    LINK_COLUMNS,
    PAIR_COLUMNS,
    FrameRows,
    LinkTables,
    Rows,
    to_frame,
)
from pprl.unit.journal import Journal, MemoryJournal
from pprl.unit.linking.assignment import components
from pprl.unit.run.compare import Compared, Pairs, compare_files
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
        progress: called with a stage's name, the fraction done and a note.

    Raises:
        DataError: more pairs were found than fit in memory.
    """
    tell = progress or silent
    names = RecordNames(plan.files)
    compared = compare_files(plan, names.offsets, journal=journal or MemoryJournal(), progress=tell)
    tell("linking", 0.0)
    with plan.stages("link"):
        decided = decide(plan, compared, names.offsets)
        quality = expected_quality(plan, compared, decided.accepted)
        graph = curve_of(plan, compared.pairs, decided.accepted, quality)
    tell("linking", 1.0)
    with plan.stages("tables"):
        made = _tables(plan, compared.pairs, decided, names)
        counts = _counts(plan, compared, decided, made)
        if plan.seeks_copies:
            found = _copies(compared, decided, names)
            counts = counts.model_copy(update={"copies": found})
    warnings = warnings_after(plan, counts, quality)
    run = run_record(plan, counts, warnings, quality=quality, curve=graph, near=made.near_scores)
    return LinkTables(links=made.links, pairs=made.pairs, near=made.near, parts=made.parts, run=run)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Made:
    """The tables of a links folder, still without the run's record.

    Attributes:
        links, pairs, near, parts: as in :class:`LinkTables`.
        sizes: ``int64[links]``, records of each link.
        near_scores: ``float64[near]``.
        household: accepted pairs of this run that score no higher than two members of a household may.
    """

    links: Rows
    pairs: Rows
    near: Rows
    parts: Rows | None
    sizes: Int64s
    near_scores: Floats
    household: int


def _tables(plan: MatchPlan, found: Pairs, decided: Decided, names: RecordNames) -> _Made:
    """Return the tables, joined with those of an earlier run where there is one."""
    accepted = decided.accepted
    listed = ~accepted & (found.probability >= plan.model.least_probability(plan.threshold))
    pairs, near = found.of(accepted), found.of(listed)
    linked = np.zeros(int(names.offsets[-1]), bool)
    linked[pairs.left] = linked[pairs.right] = True
    links = link_rows(names, plan.files, decided.cluster, np.flatnonzero(linked), plan.link_ids)
    made = _Made(
        links=links,
        pairs=PairRows(names=names, pairs=pairs),
        near=PairRows(names=names, pairs=near),
        parts=plan.model.part_rows(
            np.concatenate([pairs.left, near.left]),
            np.concatenate([pairs.right, near.right]),
            names.offsets,
        ),
        sizes=links.sizes(),
        near_scores=near.score,
        household=like_household(plan.model, pairs.score),
    )
    return made if plan.earlier is None else _joined(plan.earlier, made)


def _joined(earlier: Links, made: _Made) -> _Made:
    """Return the tables together with those of the earlier run."""
    parts = None if made.parts is None else to_frame(made.parts)
    links, pairs, near = (to_frame(rows) for rows in (made.links, made.pairs, made.near))
    links, pairs, near, parts = join_earlier(earlier, links, pairs, near, parts)
    return replace(
        made,
        links=FrameRows(frame=links, columns=LINK_COLUMNS),
        pairs=FrameRows(frame=pairs, columns=PAIR_COLUMNS),
        near=FrameRows(frame=near, columns=PAIR_COLUMNS),
        parts=None if parts is None else FrameRows(frame=parts, columns=tuple(parts.columns)),
        sizes=np.asarray(links["link_id"].value_counts(), np.int64),
        near_scores=near["score"].to_numpy(),
    )


def _copies(compared: Compared, decided: Decided, names: RecordNames) -> CopyCounts:
    """Count the linked people who have several records in a file."""
    pairs, person = compared.pairs.of(decided.accepted), decided.person
    ends = np.unique(np.concatenate([pairs.left, pairs.right]))
    sizes = np.bincount(person, minlength=len(person))
    several = ends[sizes[person[ends]] > 1]
    in_file = np.unique(person[several])
    further = np.bincount(
        names.file_of(in_file), weights=sizes[in_file] - 1, minlength=len(names.offsets) - 1
    )
    # A person may have copies in two files and, where a link holds one record of each, several links.
    of_link = len(person) + decided.cluster[ends]
    whole = components(np.tile(ends, 2), np.concatenate([person[ends], of_link]), 2 * len(person))
    people = np.unique(whole[several])
    rescued = whole[ends[np.isin(person[ends], person[compared.rescued])]]
    return CopyCounts(
        people=len(people),
        files=tuple(
            FurtherRecords(party=party, records=int(n))
            for party, n in zip(names.all_parties, further, strict=True)
        ),
        rescued=len(np.intersect1d(people, rescued)),
    )


def _counts(plan: MatchPlan, compared: Compared, decided: Decided, made: _Made) -> RunCounts:
    before = compared.passes[:-1]
    links = int(decided.accepted.sum()) - sum(entry.links for entry in before)
    passes = (*before, compared.passes[-1].model_copy(update={"links": links}))
    pairs_compared = sum(entry.pairs_compared for entry in passes)
    # Pairs that share several buckets of an LSH are met in each: in tiny files they are more than there are.
    left_out = 1 - pairs_compared / plan.pairs_possible if plan.pairs_possible else 0.0
    sizes = made.sizes
    return RunCounts(
        pairs_possible=plan.pairs_possible,
        pairs_compared=pairs_compared,
        pairs_compared_per_pass=tuple(n for entry in passes for n in entry.per_block_pass),
        reduction_ratio=max(left_out, 0.0),
        pairs_over_threshold=int(over_threshold(plan, compared.pairs).sum()),
        pairs_accepted=len(made.pairs),
        links=len(sizes),
        linked_records=len(made.links),
        pairs_in_links=int((sizes * (sizes - 1) // 2).sum()),
        pairs_like_household=made.household,
        greedy_components=decided.greedy,
        ties=decided.ties,
        largest_link=int(sizes.max(initial=0)),
        passes=passes,
        keyless=plan.keyless,
    )
