"""The quality of a run: with truth, what it found and missed; without truth, what can be estimated.

The pairs that count are those that the run could link: records of two parties, and records of one party if the run
links inside files (one input file, or many-to-many). A record that was never encoded still counts: its true pairs are
missed. A pair with a record that the truth lacks can't be judged; it is left out, and counted.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.base.errors import DataError, UsageError
from pprl.exchange.links.folder import Links
from pprl.quality.baseline.run import Baseline
from pprl.quality.judging.contributions import mean_contributions
from pprl.quality.judging.curve import CurvePoint, links_curve, thresholds, truth_curve
from pprl.quality.judging.evaluation import Evaluation, PartyQuality, ScoreHistogram
from pprl.quality.judging.truth import Judge
from pprl.quality.metrics import MatchQuality, attainable_pairs, count_pairs, measure
from pprl.tables.frames import Table, as_frame

__all__ = ["evaluate"]

_BINS = 100
"""Bins of the histogram of scores, as fine as the steps of the threshold curve."""

_ROUNDING = 1e-9
"""Added, in bins, to a score, so that 0.29 * 100 = 28.999... falls into bin 29. Chosen: far above the rounding of
binary64, far below the distance of scores that differ."""


def evaluate(
    links: Links,
    *,
    truth: Table | None = None,
    ids: Mapping[str, Table] | None = None,
    baseline: Baseline | None = None,
) -> Evaluation:
    """Judge a run, with truth or without.

    Args:
        links: the run's result.
        truth: columns ``party``, ``id``, ``person``; one row a record, records of one person are true matches. A
            pandas or polars DataFrame or a pyarrow Table.
        ids: party -> its id map, columns ``pseudonym``, ``id``; likewise.
        baseline: the result of :func:`pprl.quality.baseline.run.run_baseline`; needs truth.

    Raises:
        UsageError: truth without id maps or the reverse, a baseline without truth, or a path in place of a table.
        DataError: truth, id maps and links don't fit together (:class:`pprl.quality.judging.truth.Judge`).

    Example:
        >>> result = pprl.evaluate(links, truth=truth, ids={"health": a.id_map, "education": b.id_map})
        >>> 0.9 < result.quality.precision.value <= 1
        True
        >>> pprl.evaluate(links).quality is None  # without truth there is only what the run expects
        True
    """
    if truth is not None:
        truth = as_frame(truth, what="evaluate (truth=)", instead="pprl.read_truth(path)")
    if ids is not None:
        ids = _id_maps(ids)
    _check_arguments(truth, ids, baseline)
    pairs = pd.concat([links.pairs, links.near], ignore_index=True)
    _check_numbers(pairs)
    if truth is None or ids is None:
        return _without_truth(links, pairs)
    return _with_truth(links, pairs, Judge(links, truth=truth, ids=ids), baseline)


def _check_arguments(
    truth: pd.DataFrame | None,
    ids: Mapping[str, pd.DataFrame] | None,
    baseline: Baseline | None,
) -> None:
    if (truth is None) != (not ids):
        given, lacking = ("id maps", "truth") if truth is None else ("truth", "id maps")
        raise UsageError(
            f"{given} but no {lacking} given",
            hint="The truth names records by the parties' ids, the links by pseudonyms; "
            "comparing them needs both: --truth TRUTH.csv --ids IDS.csv.",
        )
    if baseline is not None and truth is None:
        raise UsageError(
            "a baseline can't be judged without truth",
            hint="Add --truth TRUTH.csv and --ids IDS.csv.",
        )


def _check_numbers(pairs: pd.DataFrame) -> None:
    for name in ("score", "probability"):
        if not pairs[name].between(0, 1).all():
            raise DataError(
                f"the links hold a {name} outside of 0 to 1", hint="Run `pprl match` again."
            )
    if not np.isfinite(pairs["weight"]).all():
        raise DataError(
            "the links hold a weight that is not a number", hint="Run `pprl match` again."
        )


def _without_truth(links: Links, pairs: pd.DataFrame) -> Evaluation:
    run = links.run
    contributions, doubtful, left_out = mean_contributions(links)
    return Evaluation(
        run=run,
        curve=links_curve(
            links.pairs,
            links.near,
            parties=links.parties,
            assign=run.parameters.assign,
            used=run.threshold.value,
            grid=thresholds(run.threshold.lowest_listed, run.threshold.value),
        ),
        scores=_scores(links, pairs, None),
        contributions=contributions,
        doubtful=doubtful,
        left_out=left_out,
    )


def _with_truth(
    links: Links, pairs: pd.DataFrame, judge: Judge, baseline: Baseline | None
) -> Evaluation:
    run, within = links.run, links.run.links_within
    counter, verdicts = _PairCounter(links, judge), judge.verdicts(pairs)
    quality = counter.quality(within=within)
    unattainable = 0
    if run.parameters.assign == "one-to-one" and len(run.parties) > 1:
        attainable = attainable_pairs(judge.truth_persons, judge.truth_parties)
        unattainable = quality.true_pairs - attainable
    contributions, doubtful, left_out = mean_contributions(links)
    return Evaluation(
        run=run,
        curve=truth_curve(
            pairs,
            verdicts,
            accepted=len(links.pairs),
            parties=links.parties,
            assign=run.parameters.assign,
            own=_own_point(run.threshold.value, quality),
            true_pairs=quality.true_pairs,
            grid=thresholds(run.threshold.lowest_listed, run.threshold.value),
        ),
        scores=_scores(links, pairs, verdicts),
        contributions=contributions,
        doubtful=doubtful,
        left_out=left_out,
        quality=quality,
        across=counter.quality(within=False),
        by_parties=counter.by_parties(),
        coverage=judge.coverage,
        unjudged_pairs=counter.unjudged(within=within),
        unattainable_pairs=unattainable,
        never_encoded_pairs=counter.never_encoded(within=within),
        baseline=baseline,
    )


def _own_point(threshold: float, quality: MatchQuality) -> CurvePoint:
    """Return the run's own figures as a point of the curve."""
    hits, wrong = quality.true_positives, quality.false_positives + quality.false_negatives
    return CurvePoint(
        threshold=threshold,
        links=quality.found_pairs,
        precision=quality.precision.value,
        recall=quality.recall.value,
        f1=2 * hits / (2 * hits + wrong) if hits + wrong else None,
    )


class _PairCounter:
    """Counts a run's found pairs, true pairs and pairs that are both, from the sizes of groups."""

    def __init__(self, links: Links, judge: Judge) -> None:
        order = {party: position for position, party in enumerate(links.parties)}
        frame = links.links
        self._names = links.parties
        self._judge = judge
        self._groups = np.asarray(frame["link_id"], dtype=np.int64)
        self._parties = np.asarray(frame["party"].map(order), dtype=np.int64)
        self._persons = judge.persons(frame["party"], frame["pseudonym"])

    def quality(self, *, within: bool, only: tuple[int, int] | None = None) -> MatchQuality:
        """Return the quality: between the two parties ``only``, or between all."""
        judged = (self._persons >= 0) & _among(self._parties, only)
        in_truth = _among(self._judge.truth_parties, only)
        groups, parties = self._groups[judged], self._parties[judged]
        persons = self._persons[judged]
        common = _combine(groups, persons)
        return measure(
            true_positives=count_pairs(common, parties, within=within),
            found_pairs=count_pairs(groups, parties, within=within),
            true_pairs=count_pairs(
                self._judge.truth_persons[in_truth],
                self._judge.truth_parties[in_truth],
                within=within,
            ),
        )

    def by_parties(self) -> tuple[PartyQuality, ...]:
        """Return the quality between every two of three or more parties."""
        count = len(self._names)
        if count < 3:
            return ()
        return tuple(
            PartyQuality(
                party_a=self._names[a],
                party_b=self._names[b],
                quality=self.quality(within=False, only=(a, b)),
            )
            for a in range(count)
            for b in range(a + 1, count)
        )

    def never_encoded(self, *, within: bool) -> int:
        """Count the true pairs with a record that no id map holds."""
        persons, parties = self._judge.truth_persons, self._judge.truth_parties
        here = self._judge.truth_encoded
        every = count_pairs(persons, parties, within=within)
        return every - count_pairs(persons[here], parties[here], within=within)

    def unjudged(self, *, within: bool) -> int:
        """Count the found pairs with a record that the truth lacks."""
        known = self._persons >= 0
        every = count_pairs(self._groups, self._parties, within=within)
        return every - count_pairs(self._groups[known], self._parties[known], within=within)


def _id_maps(ids: object) -> dict[str, pd.DataFrame]:
    instead = "pprl.read_id_maps(paths, links)"
    if not isinstance(ids, Mapping):
        raise UsageError(
            "evaluate takes ids= as a mapping from a party to its id map",
            hint=f"For files: {instead}.",
        )
    return {
        party: as_frame(table, what="evaluate (ids=)", instead=instead)
        for party, table in ids.items()
    }


def _among(parties: npt.NDArray[np.int64], only: tuple[int, int] | None) -> npt.NDArray[np.bool_]:
    return np.ones(len(parties), dtype=bool) if only is None else np.isin(parties, only)


def _combine(
    groups: npt.NDArray[np.int64], persons: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Return one number for each distinct pair of numbers."""
    if len(groups) == 0:
        return groups
    _, dense = np.unique(groups, return_inverse=True)
    return np.asarray(dense * (int(persons.max()) + 1) + persons, dtype=np.int64)


def _scores(
    links: Links, pairs: pd.DataFrame, verdicts: npt.NDArray[np.int8] | None
) -> ScoreHistogram:
    scores = pairs["score"].to_numpy(float)
    bins = np.clip((scores * _BINS + _ROUNDING).astype(np.int64), 0, _BINS - 1)
    floor = links.run.threshold.lowest_listed
    first = int(min([int(floor * _BINS + _ROUNDING), *bins.tolist()]))
    accepted = np.arange(len(pairs)) < len(links.pairs)

    def count(chosen: npt.NDArray[np.bool_]) -> tuple[int, ...]:
        return tuple(np.bincount(bins[chosen], minlength=_BINS)[first:].tolist())

    return ScoreHistogram(
        start=first / _BINS,
        accepted=count(accepted),
        near=count(~accepted),
        true=None if verdicts is None else count(verdicts == 1),
        false=None if verdicts is None else count(verdicts == 0),
    )
