"""The report's content as plain values: what the JSON holds and the page is made of (format ``pprl-report/2``)."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from pprl.exchange.links.run_entries import ExpectedQuality, ThresholdPoint
from pprl.exchange.links.run_record import RunRecord
from pprl.quality.judging.evaluation import Evaluation
from pprl.quality.report.notes import notes_on
from pprl.quality.report.run_summary import run_summary
from pprl.quality.report.verdict import summarise
from pprl.quality.report.words import SEEN, left_out, no_estimate

__all__ = ["REPORT_FORMAT", "report_content", "to_json"]

REPORT_FORMAT = "pprl-report/2"


def to_json(evaluation: Evaluation) -> str:
    """Return the report's content as JSON text, ending in a newline."""
    content = report_content(evaluation)
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def report_content(evaluation: Evaluation) -> dict[str, Any]:
    """Return everything that the report says as plain values."""
    histogram = evaluation.run.threshold.histogram
    return {
        "format": REPORT_FORMAT,
        "truth_known": evaluation.quality is not None,
        "summary": list(summarise(evaluation)),
        "run": run_summary(evaluation.run),
        **_judged(evaluation),
        "no_estimate": no_estimate(evaluation.run),
        "estimate": _estimate(evaluation.run),
        "contributions": asdict(evaluation.contributions) if evaluation.contributions else None,
        "doubtful_contributions": asdict(evaluation.doubtful) if evaluation.doubtful else None,
        "left_out": [left_out(what) for what in evaluation.left_out],
        "curve": _curve(evaluation),
        "scores": asdict(evaluation.scores),
        "best_scores": {"best": list(histogram.best), "chance": list(histogram.chance)}
        if histogram
        else None,
        "baseline": _baseline(evaluation),
        "gates": [asdict(gate) for gate in evaluation.gates],
        "notes": list(notes_on(evaluation)),
    }


def _judged(evaluation: Evaluation) -> dict[str, Any]:
    """Return what the truth says; all of it None or empty without truth."""
    bounds = evaluation.precision_bounds
    return {
        "quality": asdict(evaluation.quality) if evaluation.quality else None,
        "quality_by_parties": [
            {"party_a": item.party_a, "party_b": item.party_b, **asdict(item.quality)}
            for item in evaluation.by_parties
        ],
        "coverage": asdict(evaluation.coverage) if evaluation.coverage else None,
        "unjudged_pairs": evaluation.unjudged_pairs,
        "precision_bounds": list(bounds) if bounds else None,
        "unattainable_pairs": evaluation.unattainable_pairs,
        "never_encoded_pairs": evaluation.never_encoded_pairs,
    }


def _estimate(run: RunRecord) -> dict[str, Any] | None:
    """Return what the run expects of its links, with the numbers of wrong links that follow from it."""
    estimate = run.threshold.estimate
    if estimate is None:
        return None
    quality = estimate.quality
    return {
        **{name: getattr(quality, name) for name in ExpectedQuality.model_fields},
        "false_links": quality.false_links,
        "false_links_low": quality.false_low,
        "false_links_high": quality.false_high,
        "few_links": quality.few_links,
        "of": SEEN,
        "curve": [
            {name: getattr(point, name) for name in ThresholdPoint.model_fields}
            for point in estimate.curve
        ],
    }


def _curve(evaluation: Evaluation) -> dict[str, Any]:
    best = evaluation.curve.best()
    return {
        "kind": evaluation.curve.kind,
        "unjudged_pairs": evaluation.curve.unjudged,
        "best_f1": asdict(best) if best else None,
        "points": [asdict(point) for point in evaluation.curve.points],
    }


def _baseline(evaluation: Evaluation) -> dict[str, Any] | None:
    """Return the clear-text baseline beside the run's own quality on the same pairs."""
    if evaluation.baseline is None:
        return None
    best = evaluation.best_across
    return {
        **evaluation.baseline.to_dict(),
        "encoded": asdict(evaluation.across) if evaluation.across else None,
        "best_threshold": asdict(best) if best else None,
        "f1_difference": evaluation.f1_difference,
    }
