"""The report's notes: what a reader has to know about the method and its limits."""

from __future__ import annotations

from collections.abc import Iterator

from pprl.base.words import decimal, plural
from pprl.exchange.links.run_record import RunRecord
from pprl.quality.judging.evaluation import Evaluation
from pprl.quality.report.words import SEEN, relatives

__all__ = ["notes_on"]


def notes_on(evaluation: Evaluation) -> Iterator[str]:
    """Yield the notes on method and limits that apply to this evaluation."""
    known = evaluation.quality is not None
    yield from _what_is_counted(evaluation.run) if known else _without_truth(evaluation.run)
    yield from _coverage(evaluation)
    yield from _household(evaluation.run)
    yield from _blocking(evaluation.run, known=known)
    yield from _linking(evaluation.run)
    yield from _curve(evaluation)
    if evaluation.baseline is not None:
        yield from evaluation.baseline.notes


def _without_truth(run: RunRecord) -> Iterator[str]:
    note = "Without truth neither precision nor recall can be known."
    if run.expected_quality is None:
        yield note
        return
    learnt = (
        "The run learnt from the one file alone how similar different people look; relatives, twins, and fathers and "
        "sons with the same name may count as duplicates there."
        if len(run.parties) == 1
        else "The run assumes that the records inside each file are of different people, and expects different people "
        "in two files to look as similar as those. The estimate fails if a file holds people more than once, or if "
        "relatives are split between the files."
    )
    yield (
        f"{note} {learnt} Estimated recall is the share {SEEN}. The 95 % intervals cover chance and the model's own "
        "error, as measured on made-up people with known truth, and nothing more."
    )


def _what_is_counted(run: RunRecord) -> Iterator[str]:
    kinds = (
        "records of one file" if len(run.parties) == 1
        else "records of two files, and of one file" if run.links_within
        else "records of two different files"
    )  # fmt: skip
    yield (
        f"The report counts pairs of {kinds}. A pair is true if the truth says that both records are of the same "
        "person; it is found if the run gives both the same link. Precision is the share of found "
        "pairs that are true, recall the share of true pairs that are found, F1 their harmonic mean."
    )
    yield (
        "The 95 % intervals are Wilson intervals; that of F1 is the Wilson interval of "
        "F* = TP/(TP+FP+FN), converted by F1 = 2F*/(1+F*) (Hand, Christen and Kirielle 2021). "
        "They treat pairs as independent of each other. Pairs of one person are not, so the "
        "intervals are somewhat too narrow where people have many records. They cover chance "
        "alone: not errors in the truth itself, nor a truth that differs from the rest of the data, "
        "nor what another key or another automatic threshold would change."
    )


def _coverage(evaluation: Evaluation) -> Iterator[str]:
    coverage = evaluation.coverage
    if coverage is None:
        return
    if coverage.truth_not_encoded:
        yield (
            f"{plural(coverage.truth_not_encoded, 'record of the truth was', 'records of the truth were')} never "
            "encoded (rejected, or not in the file). True pairs with such a record count as missed."
        )
    if coverage.encoded_without_truth:
        yield (
            f"{plural(coverage.encoded_without_truth, 'encoded record is', 'encoded records are')} not "
            f"in the truth; {plural(evaluation.unjudged_pairs or 0, 'found pair', 'found pairs')} with "
            "such a record could not be judged and count in no rate. The truth must also "
            "list people without a match: a record that it leaves out is unknown, not unmatched."
        )
    if coverage.truth_records_of_other_parties:
        one = coverage.truth_records_of_other_parties == 1
        yield (
            f"{plural(coverage.truth_records_of_other_parties, 'row of the truth belongs', 'rows of the truth belong')}"
            f" to parties that took no part in this run, and {'was' if one else 'were'} not used."
        )
    if evaluation.unattainable_pairs:
        one = evaluation.unattainable_pairs == 1
        yield (
            f"{plural(evaluation.unattainable_pairs, 'true pair', 'true pairs')} could not be found under "
            "the rule one-to-one, because a file holds the same person more than once. "
            f"{'It counts' if one else 'They count'} as missed. Finding duplicates first, or using "
            "another rule, would reach more."
        )


def _household(run: RunRecord) -> Iterator[str]:
    family = relatives(run)
    if family:
        yield (
            f"{family} Review a sample of the pairs that score below "
            f"{min(run.household_limit, 1.0):.2f}, or ask for a higher threshold."
        )


def _blocking(run: RunRecord, *, known: bool) -> Iterator[str]:
    """Yield what the blocking may miss.

    Args:
        run: the run.
        known: whether there is truth.
    """
    last = run.counts.passes[-1].blocking
    if last == "lsh":
        yield (
            "The share of the matches that the LSH compares is computed from their expected scores, "
            "not measured."
        )
    elif last == "keys":
        missed = (
            " The estimated recall counts them, as far as the run can tell how many matches there are."
            if run.expected_quality is not None
            else " How many there are is not known."
            if not known
            else ""
        )
        yield (
            "With blocking keys, pairs that have no key in common are never compared, and the matches among them are "
            f"missed.{missed}{_keyless(run)}"
        )
    if len(run.counts.passes) > 1:
        yield (
            "The blocking passes were made in turn: what a pass linked, at a match probability of 90 % or more, "
            "was not compared again, so a better partner outside its blocks was not seen."
        )


def _keyless(run: RunRecord) -> str:
    """Return what became of the records without a blocking key, if there are any."""
    entries = run.counts.keyless or ()
    records = plural(sum(entry.records for entry in entries), "record", "records")
    if not any(entry.records for entry in entries):
        return ""
    if all(entry.compared for entry in entries):
        return f" This does not hold for {records} without any key, compared with all others."
    return f" Among them are all pairs of {records} without any key, which were left out."


def _linking(run: RunRecord) -> Iterator[str]:
    """Yield what to know of the decisions that the run took."""
    if run.counts.ties:
        yield (
            f"{plural(run.counts.ties, 'record', 'records')} had two partners with equal evidence; which of the "
            "two was taken means nothing."
        )
    if run.parameters.extends:
        yield (
            f"The run added to an earlier one, of {' and '.join(run.parameters.extends)}: the links between those "
            "were kept, and the unit did not judge them again."
        )
    if run.threshold.method == "auto" and run.profile == "record":
        yield (
            "The run accepted pairs from a match probability of one half upwards, which also takes into account the "
            f"rivals of both records. The threshold of {decimal(run.threshold.value)} is the similarity at which a "
            "pair without rivals has even odds. A few accepted pairs lie below it, and a few pairs above it were not "
            "accepted; the curves by threshold differ from the run by those."
        )


def _curve(evaluation: Evaluation) -> Iterator[str]:
    run, rule = evaluation.run, evaluation.run.parameters.assign
    unseen = (
        f"It leaves out pairs below {decimal(run.threshold.lowest_listed)} and pairs that the blocking never "
        "compared."
    )
    if evaluation.curve.kind == "truth":
        yield (
            "At the threshold in use the threshold curve shows the run's own figures, and above it the pairs that the "
            "run accepted. Below it near pairs are added greedily, from the highest score down, as far as the rule "
            f"{rule} allows. {unseen}"
        )
        yield (
            "A threshold chosen as the best on this truth looks better here than it will on other "
            "data. Choose it on one part of the truth and judge it on another."
        )
    else:
        yield (
            "The curve of linked pairs counts, from the threshold in use upwards, the pairs that the run "
            "accepted. Below it near pairs are added greedily, from the highest score down, as "
            f"far as the rule {rule} allows. {unseen}"
        )
    joined = run.counts.pairs_in_links - run.counts.pairs_accepted
    if joined > 0:
        one = joined == 1
        yield (
            f"{plural(joined, 'linked pair was', 'linked pairs were')} not accepted but "
            f"{'is' if one else 'are'} linked through a third record; the curve does not count "
            f"{'it' if one else 'them'}."
        )
    if run.counts.greedy_components:
        groups = plural(run.counts.greedy_components, "group", "groups")
        was = "was" if run.counts.greedy_components == 1 else "were"
        yield f"{groups} of records too large for optimal assignment {was} assigned greedily."
