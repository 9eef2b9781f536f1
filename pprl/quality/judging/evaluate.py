"""The quality of a run: with truth what it found and missed, without truth what can be estimated.

Pairs that count are those that the run could link: records of two parties, and records of one party where the run
links inside files (one input file, or many-to-many). A record that was never encoded still counts: its true pairs
are missed ones. A pair with a record that the truth lacks can't be judged and is left out, and counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.base.errors import DataError, UsageError
from pprl.exchange.links.folder import Links
from pprl.exchange.links.run_entries import ExpectedQuality, ThresholdPoint
from pprl.exchange.links.run_record import RunRecord
from pprl.quality.baseline.run import Baseline
from pprl.quality.judging.contributions import Contributions, mean_contributions
from pprl.quality.judging.curve import Curve, CurvePoint, links_curve, thresholds, truth_curve
from pprl.quality.judging.gates import Gate
from pprl.quality.judging.metrics import Quality, attainable_pairs, count_pairs, measure
from pprl.quality.judging.truth import Coverage, Judge
from pprl.quality.report.notes import notes_on
from pprl.quality.report.run_summary import run_summary
from pprl.quality.report.verdict import summarise
from pprl.quality.report.words import SEEN, no_estimate

__all__ = ["REPORT_FORMAT", "Evaluation", "PartyQuality", "ScoreHistogram", "evaluate"]

REPORT_FORMAT = "pprl-report/2"
_BINS = 100


@dataclass(frozen=True, kw_only=True)
class ScoreHistogram:
    """Pairs by score, in bins of 0.01.

    Attributes:
        start: lower edge of the first bin.
        accepted: accepted pairs by bin.
        near: compared pairs that were not accepted, by bin.
        true: pairs of one person (accepted and near together), by bin; None without truth.
        false: pairs of two persons, likewise.
    """

    start: float
    accepted: tuple[int, ...]
    near: tuple[int, ...]
    true: tuple[int, ...] | None = None
    false: tuple[int, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class PartyQuality:
    """The quality between two of three or more parties."""

    party_a: str
    party_b: str
    quality: Quality


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """All that the report shows.

    Attributes:
        run: the run's own record.
        curve: by threshold; of kind ``truth`` with truth, else ``links``.
        scores: pairs by score.
        contributions: what each field adds to the weight of the accepted pairs; None in the profile ``record``, and
            where the pairs are too few.
        doubtful: the same of the accepted pairs of the lowest probability; None where there are none, or too few.
        left_out: what the report leaves out because it would tell of single people.
        quality: None without truth, like all that follow except ``gates``.
        across: quality of the pairs across files alone, for comparing with the baseline.
        by_parties: for three or more parties, the quality between every two.
        coverage: how far truth, id maps and links cover each other.
        unjudged_pairs: found pairs with a record that the truth lacks.
        unattainable_pairs: true pairs that the assignment rule can't find because a file holds a person twice.
        never_encoded_pairs: true pairs with a record that was never encoded; all of them missed.
        baseline: the clear-text baseline, if one was run.
        gates: the quality gates that the caller set, judged.
    """

    run: RunRecord
    curve: Curve
    scores: ScoreHistogram
    contributions: Contributions | None = None
    doubtful: Contributions | None = None
    left_out: tuple[str, ...] = ()
    quality: Quality | None = None
    across: Quality | None = None
    by_parties: tuple[PartyQuality, ...] = ()
    coverage: Coverage | None = None
    unjudged_pairs: int | None = None
    unattainable_pairs: int | None = None
    never_encoded_pairs: int | None = None
    baseline: Baseline | None = None
    gates: tuple[Gate, ...] = ()

    @property
    def precision_bounds(self) -> tuple[float, float] | None:
        """Precision if every found pair that could not be judged were false, and if every one were true.

        None where every found pair was judged, or none was.
        """
        if not self.unjudged_pairs or self.quality is None or not self.quality.found_pairs:
            return None
        true, every = self.quality.true_positives, self.quality.found_pairs + self.unjudged_pairs
        return true / every, (true + self.unjudged_pairs) / every

    @property
    def best_across(self) -> CurvePoint | None:
        """The best point of the curve, where it counts the same pairs as :attr:`across`."""
        if self.quality is None or self.run.links_within:
            return None
        return self.curve.best()

    @property
    def f1_difference(self) -> float | None:
        """F1 of the clear-text baseline less F1 of the run, on the same pairs; below 0 if the run did better.

        Threshold, blocking and method differ as well as seeing clear text, so that this is no cost of encoding.
        """
        if self.baseline is None or self.across is None:
            return None
        clear, encoded = self.baseline.quality.f1.value, self.across.f1.value
        return None if clear is None or encoded is None else clear - encoded

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON (format ``pprl-report/2``)."""
        estimate, chance = self.run.threshold.estimate, self.run.threshold.histogram
        best, best_across = self.curve.best(), self.best_across
        bounds = self.precision_bounds
        return {
            "format": REPORT_FORMAT,
            "truth_known": self.quality is not None,
            "summary": list(summarise(self)),
            "run": run_summary(self.run),
            "quality": self.quality.to_dict() if self.quality else None,
            "quality_by_parties": [
                {"party_a": item.party_a, "party_b": item.party_b, **item.quality.to_dict()}
                for item in self.by_parties
            ],
            "coverage": self.coverage.to_dict() if self.coverage else None,
            "unjudged_pairs": self.unjudged_pairs,
            "precision_bounds": list(bounds) if bounds else None,
            "unattainable_pairs": self.unattainable_pairs,
            "never_encoded_pairs": self.never_encoded_pairs,
            "no_estimate": no_estimate(self.run),
            "estimate": {
                **_expected(estimate.quality),
                "of": SEEN,
                "curve": [
                    {name: getattr(point, name) for name in ThresholdPoint.model_fields}
                    for point in estimate.curve
                ],
            }
            if estimate
            else None,
            "contributions": self.contributions.to_dict() if self.contributions else None,
            "doubtful_contributions": self.doubtful.to_dict() if self.doubtful else None,
            "left_out": list(self.left_out),
            "curve": {
                "kind": self.curve.kind,
                "unjudged_pairs": self.curve.unjudged,
                "best_f1": asdict(best) if best else None,
                "points": [asdict(point) for point in self.curve.points],
            },
            "scores": asdict(self.scores),
            "best_scores": {"best": list(chance.best), "chance": list(chance.chance)}
            if chance
            else None,
            "baseline": {
                **self.baseline.to_dict(),
                "encoded": self.across.to_dict() if self.across else None,
                "best_threshold": asdict(best_across) if best_across else None,
                "f1_difference": self.f1_difference,
            }
            if self.baseline
            else None,
            "gates": [asdict(gate) for gate in self.gates],
            "notes": list(notes_on(self)),
        }


def _expected(quality: ExpectedQuality) -> dict[str, Any]:
    """Return the expected quality as plain values, with what follows from them."""
    return {
        **{name: getattr(quality, name) for name in ExpectedQuality.model_fields},
        "false_links": quality.false_links,
        "false_links_low": quality.false_low,
        "false_links_high": quality.false_high,
        "few_links": quality.few_links,
    }


def evaluate(
    links: Links,
    *,
    truth: pd.DataFrame | None = None,
    ids: Mapping[str, pd.DataFrame] | None = None,
    baseline: Baseline | None = None,
) -> Evaluation:
    """Judge a run, with truth or without.

    Args:
        links: the run's result.
        truth: columns ``party``, ``id``, ``person``; one row a record, records of one person are true matches.
        ids: party -> its id map, columns ``pseudonym``, ``id``.
        baseline: the result of :func:`pprl.quality.baseline.run.run_baseline`; needs truth.

    Raises:
        UsageError: truth without id maps or the reverse, or a baseline without truth.
        DataError: truth, id maps and links don't fit together (:class:`pprl.quality.judging.truth.Judge`).
    """
    if (truth is None) != (ids is None or not ids):
        given, lacking = ("id maps", "truth") if truth is None else ("truth", "id maps")
        raise UsageError(
            f"{given} but no {lacking} given",
            hint="The truth names records by the parties' ids and the links by pseudonyms; "
            "only both together can be compared: --truth TRUTH.csv --ids IDS.csv.",
        )
    if baseline is not None and truth is None:
        raise UsageError(
            "a baseline without truth has nothing to be measured by",
            hint="Add --truth TRUTH.csv and --ids IDS.csv.",
        )
    run = links.run
    pairs = pd.concat([links.pairs, links.near], ignore_index=True)
    for name in ("score", "probability"):
        if not pairs[name].between(0, 1).all():
            raise DataError(
                f"the links hold a {name} outside of 0 to 1", hint="Run `pprl match` again."
            )
    if not np.isfinite(pairs["weight"]).all():
        raise DataError("the links hold a weight that is no number", hint="Run `pprl match` again.")
    grid = thresholds(run.threshold.lowest_listed, run.threshold.value)
    contributions, doubtful, left_out = mean_contributions(links)
    if truth is None or ids is None:
        curve = links_curve(
            links.pairs,
            links.near,
            parties=links.parties,
            assign=run.parameters.assign,
            used=run.threshold.value,
            grid=grid,
        )
        return Evaluation(
            run=run,
            curve=curve,
            scores=_scores(links, pairs, run.threshold.lowest_listed, None),
            contributions=contributions,
            doubtful=doubtful,
            left_out=left_out,
        )
    judge = Judge(links, truth=truth, ids=ids)
    tally = _Tally(links, judge)
    verdicts = judge.verdicts(pairs)
    quality = tally.quality(within=run.links_within)
    return Evaluation(
        run=run,
        curve=truth_curve(
            pairs,
            verdicts,
            parties=links.parties,
            assign=run.parameters.assign,
            true_pairs=quality.true_pairs,
            grid=grid,
        ),
        scores=_scores(links, pairs, run.threshold.lowest_listed, verdicts),
        contributions=contributions,
        doubtful=doubtful,
        left_out=left_out,
        quality=quality,
        across=tally.quality(within=False),
        by_parties=tally.by_parties(),
        coverage=judge.coverage,
        unjudged_pairs=tally.unjudged(within=run.links_within),
        unattainable_pairs=quality.true_pairs
        - attainable_pairs(judge.truth_persons, judge.truth_parties)
        if run.parameters.assign == "one-to-one" and len(run.parties) > 1
        else 0,
        never_encoded_pairs=tally.never_encoded(within=run.links_within),
        baseline=baseline,
    )


class _Tally:
    """Counts found, true and common pairs of a run, from group sizes."""

    def __init__(self, links: Links, judge: Judge) -> None:
        order = {party: position for position, party in enumerate(links.parties)}
        frame = links.links
        self._names = links.parties
        self._judge = judge
        self._groups = np.asarray(frame["link_id"], dtype=np.int64)
        self._parties = np.asarray(frame["party"].map(order), dtype=np.int64)
        self._persons = judge.persons(frame["party"], frame["pseudonym"])

    def quality(self, *, within: bool, only: tuple[int, int] | None = None) -> Quality:
        """Return the quality, of two parties ``only`` or of all."""
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
    links: Links, pairs: pd.DataFrame, floor: float, verdicts: npt.NDArray[np.int8] | None
) -> ScoreHistogram:
    scores = pairs["score"].to_numpy(float)
    bins = np.clip((scores * _BINS + 1e-9).astype(np.int64), 0, _BINS - 1)
    first = int(min([int(floor * _BINS + 1e-9), *bins.tolist()]))
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
