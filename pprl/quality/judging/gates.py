"""Quality gates: the least precision, recall or F1 that the caller accepts."""

from __future__ import annotations

from dataclasses import replace

from pprl.base.errors import GateError, UsageError
from pprl.quality.judging.evaluation import Evaluation, Gate, Measure
from pprl.quality.metrics import MatchQuality, Rate, f1_rate

__all__ = ["enforce_gates", "judge_gates"]


def judge_gates(
    evaluation: Evaluation,
    *,
    precision: float | None = None,
    recall: float | None = None,
    f1: float | None = None,
) -> Evaluation:
    """Return the evaluation with the given gates judged; a gate that is not met raises no error here.

    Raises:
        UsageError: a gate without truth to judge it by, or one outside of 0 to 1.
    """
    wanted: dict[Measure, float | None] = {"precision": precision, "recall": recall, "f1": f1}
    required = {name: value for name, value in wanted.items() if value is not None}
    if not required:
        return evaluation
    quality = evaluation.quality
    if quality is None:
        raise UsageError(
            f"--require-{next(iter(required))} needs the truth: without it, quality is not known",
            hint="Add --truth TRUTH.csv and --ids IDS.csv, or leave the requirement out.",
        )
    gates = []
    for name, least in required.items():
        if not 0 <= least <= 1:
            raise UsageError(
                f"--require-{name} must lie between 0 and 1", hint="For example 0.97 for 97 %."
            )
        value, lower_bound = _reached(evaluation, quality, name)
        met = value is not None and value >= least
        gates.append(
            Gate(measure=name, required=least, value=value, met=met, lower_bound=lower_bound)
        )
    return replace(evaluation, gates=tuple(gates))


def _reached(
    evaluation: Evaluation, quality: MatchQuality, name: Measure
) -> tuple[float | None, bool]:
    """Return the value to judge, and whether it is a lower bound."""
    rate: Rate = getattr(quality, name)
    if evaluation.precision_bounds is None or name == "recall" or rate.value is None:
        return rate.value, False
    if name == "precision":
        return evaluation.precision_bounds[0], True
    wrong = quality.false_positives + (evaluation.unjudged_pairs or 0)
    return f1_rate(quality.true_positives, wrong, quality.false_negatives).value, True


def enforce_gates(evaluation: Evaluation) -> None:
    """Raise if a judged gate is not met. Call it after the report is written.

    Raises:
        GateError: names every gate that is not met, with its value.
    """
    failed = [gate for gate in evaluation.gates if not gate.met]
    if failed:
        parts = []
        for gate in failed:
            name = "F1" if gate.measure == "f1" else gate.measure
            value = "not defined" if gate.value is None else f"{gate.value:.4f}"
            bound = (
                " (lower bound: pairs that were not judged count as wrong)"
                if gate.lower_bound
                else ""
            )
            parts.append(f"{name} is {value}{bound} where {gate.required:g} is required")
        raise GateError(
            "quality gate not met: " + "; ".join(parts),
            hint="The report shows which thresholds would do better, and what was missed.",
        )
