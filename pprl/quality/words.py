"""The report's sentences: the verdict in plain words, and what a reader has to know about the method."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pprl.quality.metrics import Rate

if TYPE_CHECKING:
    from pprl.quality.evaluate import Evaluation

__all__ = ["decimal", "interval", "notes_on", "percent", "points", "summarise", "whole"]

_NO_VALUE = "not defined"


def percent(value: float | None) -> str:
    """Return a share as ``97.3 %``; never rounded up to 100 or down to 0 when it is neither."""
    if value is None:
        return _NO_VALUE
    for digits in (1, 2, 3):
        text = f"{100 * value:.{digits}f}"
        if value in (0.0, 1.0) or float(text) not in (0.0, 100.0):
            return f"{text} %"
    return "under 0.001 %" if value < 0.5 else "over 99.999 %"


def interval(rate: Rate) -> str:
    """Return a rate's interval as ``96.6 to 97.9 %``."""
    return f"{percent(rate.low).removesuffix(' %')} to {percent(rate.high)}"


def whole(value: float) -> str:
    """Return a count with thin groups of three: ``24,920,000``."""
    return f"{value:,.0f}"


def decimal(value: float) -> str:
    """Return a threshold or score: at least two and at most four decimals."""
    text = f"{value:.4f}"
    return text[:-2] if text.endswith("00") else text.rstrip("0")


def points(value: float) -> str:
    """Return a difference of shares in percentage points."""
    return f"{100 * value:.1f}"


def _plural(count: float, one: str, many: str) -> str:
    return f"{whole(count)} {one if round(count) == 1 else many}"


def summarise(evaluation: Evaluation) -> Iterator[str]:
    """Yield the verdict's sentences, most important first."""
    run = evaluation.run
    quality = evaluation.quality
    if quality is None:
        yield from _without_truth(evaluation)
    elif quality.precision.value is None or quality.recall.value is None:
        yield (
            f"The run linked {_plural(quality.found_pairs, 'pair', 'pairs')} that the truth can judge, and "
            f"the truth holds {_plural(quality.true_pairs, 'true pair', 'true pairs')}."
        )
        yield (
            "No linked pair is right, because there was none to find; recall is not defined."
            if quality.found_pairs
            else "Nothing that can be judged was linked, so that precision is not defined."
        )
    else:
        yield (
            f"The run found {percent(quality.recall.value)} of the true pairs "
            f"({whole(quality.true_positives)} of {whole(quality.true_pairs)}), and "
            f"{percent(quality.precision.value)} of what it linked is right "
            f"({whole(quality.true_positives)} of {whole(quality.found_pairs)})."
        )
        yield (
            f"{_plural(quality.false_positives, 'linked pair is', 'linked pairs are')} false and "
            f"{_plural(quality.false_negatives, 'true pair was', 'true pairs were')} missed. "
            f"F1 is {percent(quality.f1.value)} (95 % interval {interval(quality.f1)})."
        )
    cost = evaluation.encoding_cost
    if cost is not None and evaluation.baseline is not None:
        clear = percent(evaluation.baseline.quality.f1.value)
        yield (
            f"A standard linkage of the clear text reached an F1 of {clear}: "
            + (
                f"working on encodings cost {points(cost)} percentage points."
                if cost >= 0.0005
                else "encoding cost nothing that this comparison shows (the run was "
                f"{points(-cost)} percentage points better)."
                if cost <= -0.0005
                else "working on encodings cost nothing measurable."
            )
        )
    for gate in evaluation.gates:
        name = "F1" if gate.measure == "f1" else gate.measure
        yield (
            f"The required {name} of {percent(gate.required)} was "
            f"{'reached' if gate.met else 'NOT reached'} ({percent(gate.value)})."
        )
    if run.links == 0:
        yield "Nothing was linked. Check that both files are of the same population and period."


def _without_truth(evaluation: Evaluation) -> Iterator[str]:
    run = evaluation.run
    yield (
        f"The run made {_plural(run.links, 'link', 'links')} of "
        f"{_plural(run.linked_records, 'record', 'records')}. There is no truth for it, so how "
        "many of them are right, and how many are missing, is not known."
    )
    estimate = run.estimate_at_threshold()
    if estimate is None:
        yield "The run made no estimate of its own quality either."
    else:
        yield (
            f"The run's own estimate, from its scores alone: about {percent(estimate.precision)} of "
            f"the links are right and at most about {percent(estimate.recall)} of the matching records "
            f"were found (matches that look like strangers can't be counted). An estimate is no "
            "measurement: review a sample of pairs before "
            "publishing numbers that rest on these links."
        )


def notes_on(evaluation: Evaluation) -> Iterator[str]:
    """Yield the notes on method and limits that apply to this evaluation."""
    run = evaluation.run
    if evaluation.quality is None:
        yield (
            "Without truth neither precision nor recall can be known. An estimate rests on a model of "
            "the scores that records without a match would reach by chance; it fails where many "
            "relatives or twins look alike, or where the true matches look unlike each other."
        )
    else:
        kinds = (
            "records of one file" if len(run.parties) == 1
            else "records of two files, and of one file" if run.links_within
            else "records of two different files"
        )  # fmt: skip
        yield (
            f"Counted are pairs of {kinds}. A pair is true if the truth gives both records the same "
            "person; it is found if the run gives both the same link. Precision is the share of found "
            "pairs that are true, recall the share of true pairs that are found, F1 their harmonic mean."
        )
        yield (
            "The 95 % intervals are Wilson intervals; the one of F1 is the Wilson interval of "
            "F* = TP/(TP+FP+FN), carried over by F1 = 2F*/(1+F*) (Hand, Christen and Kirielle 2021). "
            "They take pairs to be independent of each other. Pairs of one person are not, so the "
            "intervals are somewhat too narrow where people have many records. They speak of chance "
            "alone: errors in the truth itself, or a truth that is not like the rest, are not in them."
        )
    yield from _coverage_notes(evaluation)
    unseen = (
        f"Pairs below {decimal(run.floor)}, or that the blocking never compared, are not in it."
    )
    if evaluation.curve.kind == "truth":
        yield (
            "The threshold curve is greedy: from the highest score down, each pair is taken if "
            f"the rule {run.assign} still allows it. The run itself assigns optimally and links in "
            f"groups, so that its own numbers may differ a little from the curve's. {unseen}"
        )
        yield (
            "A threshold chosen as the best on this truth looks better here than it will on other "
            "data. Choose it on one part of the truth and judge it on another."
        )
    else:
        yield (
            "The curve of linked pairs counts, from the used threshold up, the pairs that the run "
            "accepted. Below it near pairs join greedily, from the highest score down, as "
            f"far as the rule {run.assign} allows. {unseen}"
        )
    if run.greedy_components:
        yield (
            f"{_plural(run.greedy_components, 'group', 'groups')} of records too large for optimal "
            "assignment were assigned greedily."
        )
    if evaluation.baseline is not None:
        yield from evaluation.baseline.notes


def _coverage_notes(evaluation: Evaluation) -> Iterator[str]:
    coverage = evaluation.coverage
    if coverage is None:
        return
    if coverage.truth_not_encoded:
        yield (
            f"{_plural(coverage.truth_not_encoded, 'record', 'records')} of the truth were never "
            "encoded (rejected, or not in the file). Their true pairs count as missed."
        )
    if coverage.encoded_without_truth:
        yield (
            f"{_plural(coverage.encoded_without_truth, 'encoded record', 'encoded records')} are not "
            f"in the truth; {_plural(evaluation.unjudged_pairs or 0, 'found pair', 'found pairs')} with "
            "one of them could not be judged and are left out of every rate."
        )
    if coverage.truth_records_of_other_parties:
        yield (
            f"{_plural(coverage.truth_records_of_other_parties, 'row', 'rows')} of the truth are of "
            "parties that took no part in this run; they are not used."
        )
    if evaluation.unattainable_pairs:
        yield (
            f"{_plural(evaluation.unattainable_pairs, 'true pair', 'true pairs')} could not be found under "
            "the rule one-to-one, because a file holds the same person more than once. They count "
            "as missed. Finding duplicates first, or another rule, would reach them."
        )
