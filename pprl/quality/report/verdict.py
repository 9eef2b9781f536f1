"""The report's verdict: its first sentences, most important first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pprl.base.words import decimal, expected, percent, plural, whole
from pprl.exchange.links.run_entries import ExpectedQuality
from pprl.quality.judging.evaluation import Evaluation, Gate
from pprl.quality.metrics import MatchQuality
from pprl.quality.report.words import (
    SEEN,
    expected_interval,
    interval,
    made,
    no_estimate,
    relatives,
    threshold_origin,
)

__all__ = ["summarise"]

_GOOD = 0.9
"""Precision below which the report advises against using links unreviewed. Chosen: one link in ten is wrong there. It
decides only which advice is printed."""

_WIDE = 0.15
"""Length from which the verdict calls an interval wide. Chosen; it decides only which advice is printed."""


def summarise(evaluation: Evaluation) -> Iterator[str]:
    """Yield the verdict's sentences, most important first."""
    run, quality = evaluation.run, evaluation.quality
    if quality is None:
        yield from _without_truth(evaluation)
    else:
        yield from _with_truth(evaluation, quality)
    family = relatives(run)
    if family:
        yield family
    yield from _beside_baseline(evaluation)
    for gate in evaluation.gates:
        yield _gate(gate)
    if run.counts.links == 0:
        yield "Nothing was linked." + (
            " Check that the files cover the same population and period."
            if len(run.parties) > 1
            else ""
        )


def _with_truth(evaluation: Evaluation, quality: MatchQuality) -> Iterator[str]:
    run = evaluation.run
    if quality.precision.value is None or quality.recall.value is None:
        yield (
            f"The run linked {plural(quality.found_pairs, 'pair', 'pairs')} that the truth can judge, and "
            f"the truth holds {plural(quality.true_pairs, 'true pair', 'true pairs')}."
        )
        yield (
            "No linked pair is right, because there were none to find; recall is not defined."
            if quality.found_pairs
            else "Nothing that can be judged was linked, so precision is not defined."
        )
    else:
        yield (
            f"The run found {percent(quality.recall.value)} of the true pairs "
            f"({whole(quality.true_positives)} of {whole(quality.true_pairs)}), and "
            f"{percent(quality.precision.value)} of the pairs that it linked "
            f"{'and the truth can judge ' if evaluation.unjudged_pairs else ''}are right "
            f"({whole(quality.true_positives)} of {whole(quality.found_pairs)})."
        )
        yield (
            f"{plural(quality.false_positives, 'linked pair is', 'linked pairs are')} false and "
            f"{plural(quality.false_negatives, 'true pair was', 'true pairs were')} missed. "
            f"F1 is {percent(quality.f1.value)} (95 % interval {interval(quality.f1)})."
        )
    yield from _missed(evaluation, quality)
    bounds = evaluation.precision_bounds
    if bounds is not None:
        yield (
            f"{plural(evaluation.unjudged_pairs or 0, 'more linked pair', 'more linked pairs')} could not be "
            f"judged; precision lies between {percent(bounds[0])} and {percent(bounds[1])}."
        )
    if run.threshold.basis in ("cautious", "customary"):
        yield f"The threshold is {decimal(run.threshold.value)}, {threshold_origin(run)}."


def _missed(evaluation: Evaluation, quality: MatchQuality) -> Iterator[str]:
    missed = quality.false_negatives

    def of_the_missed(count: int) -> str:
        if missed == 1:
            return "The one missed pair"
        return f"{whole(count)} of the {whole(missed)} missed pairs"

    unattainable = min(evaluation.unattainable_pairs or 0, missed)
    if unattainable:
        yield (
            f"{of_the_missed(unattainable)} could not be found under this rule (one-to-one), because a file "
            "holds the same person more than once."
        )
    count = evaluation.never_encoded_pairs
    if count:
        yield (
            f"{of_the_missed(count)} {'involves a record that was' if count == 1 else 'involve records that were'} "
            "never encoded."
        )


def _without_truth(evaluation: Evaluation) -> Iterator[str]:
    run = evaluation.run
    yield (
        f"The run made {made(run)}. There is no truth to judge it by, so it is not known how many of the pairs "
        "are right, nor how many are missing."
    )
    yield f"The threshold is {decimal(run.threshold.value)}, {threshold_origin(run)}."
    found = run.expected_quality
    if found is None:
        yield f"{no_estimate(run)} Review a sample of pairs before publishing numbers that rest on these links."
        return
    if run.counts.links:
        right = (
            f"about {expected(found.false_links)} of {expected(found.links)} linked pairs are wrong (95 % interval "
            f"{expected(found.false_low)} to {expected(found.false_high)})"
            if found.few_links
            else f"{percent(found.precision)} of the linked pairs are right (95 % interval "
            f"{expected_interval(found.precision_low, found.precision_high)})"
        )
        yield (
            f"The run's own estimate, from the encodings alone: {right}, and recall is {percent(found.recall)} "
            f"{SEEN} (95 % interval {expected_interval(found.recall_low, found.recall_high)})."
            + (_added(run.parameters.extends) if run.parameters.extends else "")
        )
        yield _advice(found)
    yield (
        "An estimate is not a measurement: review a sample of pairs before publishing numbers that rest on these links."
    )


def _added(earlier: Sequence[str]) -> str:
    return (
        f" It covers the pairs that this run added; those between {' and '.join(earlier)} were estimated by the "
        "run that made them."
    )


def _advice(found: ExpectedQuality) -> str:
    """Return what to do, as far as the intervals tell."""
    if found.few_links:
        return "With so few links, one error more or less changes every rate."
    wide = [
        name
        for name, low, high in (
            ("precision", found.precision_low, found.precision_high),
            ("recall", found.recall_low, found.recall_high),
        )
        if high - low > _WIDE
    ]
    if found.precision_high < _GOOD:
        return "Many links are wrong even at the better end of the interval: do not use them unreviewed."
    if found.precision_low < _GOOD:
        return (
            f"At the worse end of the interval, more than {percent(1 - _GOOD)} of the links are wrong: have pairs near "
            "the threshold reviewed."
        )
    if wide:
        are = "interval of {} is" if len(wide) == 1 else "intervals of {} are"
        return (
            f"The {are.format(' and '.join(wide))} wide, and the files contain nothing to narrow "
            f"{'it' if len(wide) == 1 else 'them'}."
        )
    return f"Even at the worse end of the interval, at most {percent(1 - found.precision_low)} of the links are wrong."


def _beside_baseline(evaluation: Evaluation) -> Iterator[str]:
    baseline, across = evaluation.baseline, evaluation.across
    if baseline is None or across is None:
        return
    reach = (
        f" (its blocking reached {percent(baseline.candidate_recall)} of the true pairs)"
        if baseline.candidate_recall is not None
        else ""
    )
    best = evaluation.best_across
    at_best = (
        f" At the best threshold of its curve, {decimal(best.threshold)}, this run's F1 would be "
        f"{percent(best.f1)}."
        if best is not None
        else ""
    )
    yield (
        f"This run's F1 {'between the files ' if evaluation.run.links_within else ''}is "
        f"{percent(across.f1.value)}; a textbook clear-text linkage of the same files reached "
        f"{percent(baseline.quality.f1.value)}{reach}. The two also differ in threshold, blocking and "
        f"method.{at_best}"
    )


def _gate(gate: Gate) -> str:
    name = "F1" if gate.measure == "f1" else gate.measure
    bound = ", the lower bound: linked pairs that could not be judged count as wrong"
    return (
        f"The required {name} of {percent(gate.required)} was "
        f"{'reached' if gate.met else 'NOT reached'} ({percent(gate.value)}"
        f"{bound if gate.lower_bound else ''})."
    )
