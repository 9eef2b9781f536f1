"""What ``run.json`` says of a run, checked and typed, for the pages that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pprl.errors import LinksError

__all__ = ["EstimatePoint", "PartyFacts", "RunFacts", "ScoreChance"]


@dataclass(frozen=True, kw_only=True)
class PartyFacts:
    """One input file of the run."""

    party: str
    file: str
    records: int
    rows_read: int
    content_sha256: str


@dataclass(frozen=True, kw_only=True)
class EstimatePoint:
    """What the unit expects of one threshold, without truth."""

    threshold: float
    links: float
    expected_false: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, kw_only=True)
class ScoreChance:
    """Histograms over [0, 1], equal bins, of the best score of sampled records.

    Attributes:
        best: number of sampled records by their best score in the other file.
        chance: the same as it would be for records that have no match.
    """

    best: tuple[float, ...]
    chance: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """The run as the report shows it; the names are those of ``run.json``."""

    parties: tuple[PartyFacts, ...]
    project: str
    fields: tuple[str, ...]
    filter_bits: int
    hardening: str
    agreement_fingerprint: str
    threshold: float
    threshold_method: str
    floor: float
    blocking: str
    assign: str
    pairs_possible: int
    pairs_compared: int
    reduction_ratio: float
    pairs_over_threshold: int
    pairs_accepted: int
    links: int
    linked_records: int
    greedy_components: int
    software: Mapping[str, str]
    timings_s: Mapping[str, float]
    warnings: tuple[str, ...]
    expected_matches: float | None
    estimate: tuple[EstimatePoint, ...]
    score_chance: ScoreChance | None

    @classmethod
    def from_run(cls, run: Mapping[str, Any]) -> RunFacts:
        """Read the facts out of the content of ``run.json``.

        Raises:
            LinksError: an entry is missing or of the wrong kind.
        """
        try:
            return cls(**_inputs(run), **_threshold(run["threshold"]), **_counts(run["counts"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise LinksError(
                "run.json lacks entries that its format asks for",
                hint="Copy the links folder again, or run `pprl match` again.",
            ) from None

    @property
    def links_within(self) -> bool:
        """Whether the run links records of one file with each other."""
        return len(self.parties) == 1 or self.assign == "many-to-many"

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as plain values, without estimate and histogram."""
        content = asdict(self)
        for name in ("estimate", "score_chance", "expected_matches"):
            del content[name]
        return content

    def estimate_at_threshold(self) -> EstimatePoint | None:
        """Return the estimate at the used threshold, between neighbouring points by straight line.

        None where the run made no estimate or the threshold lies outside of its curve.
        """
        points = self.estimate
        if not points or not points[0].threshold <= self.threshold <= points[-1].threshold:
            return None
        after = next(i for i, point in enumerate(points) if point.threshold >= self.threshold)
        right = points[after]
        if right.threshold == self.threshold or after == 0:
            return right
        left = points[after - 1]
        share = (self.threshold - left.threshold) / (right.threshold - left.threshold)
        names = ("links", "expected_false", "precision", "recall", "f1")
        between = {
            name: getattr(left, name) * (1 - share) + getattr(right, name) * share for name in names
        }
        return EstimatePoint(threshold=self.threshold, **between)


def _inputs(run: Mapping[str, Any]) -> dict[str, Any]:
    agreement = run["agreement"]
    return {
        "parties": tuple(
            PartyFacts(
                party=str(entry["party"]),
                file=str(entry["file"]),
                records=int(entry["records"]),
                rows_read=int(entry["rows_read"]),
                content_sha256=str(entry["content_sha256"]),
            )
            for entry in run["inputs"]
        ),
        "project": str(agreement["project"]),
        "fields": tuple(str(item["name"]) for item in agreement["field"]),
        "filter_bits": int(agreement["filter"]["bits"]),
        "hardening": str(agreement["hardening"]["method"]),
        "agreement_fingerprint": str(run["agreement_fingerprint"]),
        "blocking": str(run["parameters"]["blocking"]),
        "assign": str(run["parameters"]["assign"]),
        "software": {str(k): str(v) for k, v in run["software"].items()},
        "timings_s": {str(k): float(v) for k, v in run["timings_s"].items()},
        "warnings": tuple(str(text) for text in run["warnings"]),
    }


def _counts(counts: Mapping[str, Any]) -> dict[str, Any]:
    compared = ("pairs_possible", "pairs_compared", "pairs_over_threshold", "pairs_accepted")
    return {
        **{name: int(counts[name]) for name in (*compared, "links", "linked_records")},
        "reduction_ratio": float(counts["reduction_ratio"]),
        "greedy_components": int(counts.get("greedy_components", 0)),
    }


def _threshold(threshold: Mapping[str, Any]) -> dict[str, Any]:
    estimate = threshold.get("estimate")
    histogram = threshold.get("histogram")
    points = []
    for entry in estimate["curve"] if estimate else []:
        names = ("threshold", "links", "expected_false", "precision", "recall", "f1")
        if any(entry[name] is None for name in names):
            continue  # nothing would be linked there, so that a rate is not defined
        points.append(EstimatePoint(**{name: float(entry[name]) for name in names}))
    chance = None
    if histogram:
        best = tuple(float(value) for value in histogram["best"])
        by_chance = tuple(float(value) for value in histogram["chance"])
        if len(best) != len(by_chance) or not best:
            raise ValueError("histograms of different lengths")
        chance = ScoreChance(best=best, chance=by_chance)
    value = float(threshold["value"])
    return {
        "threshold": value,
        "threshold_method": str(threshold["method"]),
        "floor": min(value, float(threshold.get("floor", value))),
        "expected_matches": float(estimate["matches"]) if estimate else None,
        "estimate": tuple(sorted(points, key=lambda point: point.threshold)),
        "score_chance": chance,
    }
