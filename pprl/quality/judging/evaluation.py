"""What an evaluation found: the numbers that gates, charts and the report read; :func:`evaluate` fills them in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pprl.base.summaries import Summarised, Summary, rate
from pprl.exchange.links.run_record import RunRecord
from pprl.quality.baseline.run import Baseline
from pprl.quality.judging.contributions import Contributions, LeftOut
from pprl.quality.judging.curve import Curve, CurvePoint
from pprl.quality.judging.truth import Coverage
from pprl.quality.metrics import MatchQuality

__all__ = ["Evaluation", "Gate", "Measure", "PartyQuality", "ScoreHistogram"]

Measure = Literal["precision", "recall", "f1"]


@dataclass(frozen=True, kw_only=True)
class ScoreHistogram:
    """Pairs by score, in bins of 0.01.

    Attributes:
        start: lower edge of the first bin.
        accepted: accepted pairs in each bin.
        near: compared pairs that were not accepted, in each bin.
        true: pairs of one person (accepted and near together), in each bin; None without truth.
        false: pairs of two people, likewise.
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
    quality: MatchQuality


@dataclass(frozen=True, kw_only=True)
class Gate:
    """One quality gate, judged.

    Attributes:
        measure: ``precision``, ``recall`` or ``f1``.
        required: the least value accepted.
        value: the value reached; None if it is not defined, which does not pass.
        met: whether the gate is passed.
        lower_bound: whether ``value`` counts found pairs that the truth can't judge as false. Precision and F1 are
            judged so where there are such pairs.
    """

    measure: Measure
    required: float
    value: float | None
    met: bool
    lower_bound: bool = False


@dataclass(frozen=True, kw_only=True, repr=False)
class Evaluation(Summarised):
    """All numbers that the report shows.

    Attributes:
        run: the run's own record.
        curve: by threshold; of kind ``truth`` with truth, else ``links``.
        scores: pairs by score.
        contributions: what each field adds to the weight of the accepted pairs; None in the profile ``record``, and
            if the pairs are too few.
        doubtful: the same for the accepted pairs of the lowest probability; None if there are none, or too few.
        left_out: what is left out because it could reveal individuals.
        quality: None without truth, like all that follow except ``gates``.
        across: quality of the pairs across files alone, to compare with the baseline.
        by_parties: for three or more parties, the quality between every two.
        coverage: how far truth, id maps and links cover each other.
        unjudged_pairs: found pairs with a record that the truth lacks.
        unattainable_pairs: true pairs that the assignment rule can't find because a file holds a person twice.
        never_encoded_pairs: true pairs with a record that was never encoded; all of them are missed.
        baseline: the clear-text baseline, if one was run.
        gates: the quality gates that the caller set, judged.
    """

    run: RunRecord
    curve: Curve
    scores: ScoreHistogram
    contributions: Contributions | None = None
    doubtful: Contributions | None = None
    left_out: tuple[LeftOut, ...] = ()
    quality: MatchQuality | None = None
    across: MatchQuality | None = None
    by_parties: tuple[PartyQuality, ...] = ()
    coverage: Coverage | None = None
    unjudged_pairs: int | None = None
    unattainable_pairs: int | None = None
    never_encoded_pairs: int | None = None
    baseline: Baseline | None = None
    gates: tuple[Gate, ...] = ()

    def _summary(self) -> Summary:
        quality, expected = self.quality, self.run.expected_quality
        rows = [("threshold", f"{self.run.threshold.value:.3f}")]
        if quality is not None:
            rows += [
                ("pairs", f"{quality.found_pairs:,} found, {quality.true_pairs:,} true"),
                *(
                    (name, rate(found.value, found.low, found.high))
                    for name, found in (
                        ("precision", quality.precision),
                        ("recall", quality.recall),
                        ("F1", quality.f1),
                    )
                ),
            ]
        elif expected is not None:
            e = expected
            rows += [
                ("expected precision", rate(e.precision, e.precision_low, e.precision_high)),
                ("expected recall", rate(e.recall, e.recall_low, e.recall_high)),
            ]
        if self.gates:
            rows.append(
                ("gates", f"{sum(gate.met for gate in self.gates)} of {len(self.gates)} passed")
            )
        truth = "without truth" if quality is None else "with truth"
        title = f"Evaluation of {', '.join(self.run.parties)}, {truth}"
        return Summary(title=title, rows=tuple(rows))

    @property
    def precision_bounds(self) -> tuple[float, float] | None:
        """Precision if every found pair that could not be judged were false, and if every one were true.

        None if every found pair was judged, or none was.
        """
        if not self.unjudged_pairs or self.quality is None or not self.quality.found_pairs:
            return None
        true, every = self.quality.true_positives, self.quality.found_pairs + self.unjudged_pairs
        return true / every, (true + self.unjudged_pairs) / every

    @property
    def best_across(self) -> CurvePoint | None:
        """The best point of the curve, if it counts the same pairs as :attr:`across`."""
        if self.quality is None or self.run.links_within:
            return None
        return self.curve.best()

    @property
    def f1_difference(self) -> float | None:
        """F1 of the clear-text baseline less F1 of the run, on the same pairs; below 0 if the run did better.

        The two also differ in threshold, blocking and method, so this is not the cost of encoding.
        """
        if self.baseline is None or self.across is None:
            return None
        clear, encoded = self.baseline.quality.f1.value, self.across.f1.value
        return None if clear is None or encoded is None else clear - encoded
