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
    run = evaluation.run
    if evaluation.quality is None:
        yield "Without truth neither precision nor recall can be known." + (
            _estimate_note(run) if run.expected_quality is not None else ""
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
            "alone: errors in the truth itself, or a truth that is not like the rest, are not in them, "
            "nor is what another key or another automatic threshold would change."
        )
    yield from _coverage_notes(evaluation)
    family = relatives(run)
    if family:
        yield (
            f"{family} Review a sample of the pairs that score below "
            f"{min(run.household_limit, 1.0):.2f}, or ask for a higher threshold."
        )
    last = run.counts.passes[-1].blocking
    if last == "lsh":
        yield (
            "What share of the matches the LSH compares is computed from their expected scores, "
            "not measured."
        )
    elif last == "keys":
        yield (
            "With blocking keys, pairs without a key in common are never compared; the matches among them are missed."
            + (
                " The estimated recall counts them, as far as the run can tell how many matches there are."
                if run.expected_quality is not None
                else " How many they are is not known."
                if evaluation.quality is None
                else ""
            )
        )
    if len(run.counts.passes) > 1:
        yield (
            "The blocking passes were made in turn: what a pass linked, at a match probability of 90 % or more, "
            "was not compared again, so that a better partner outside of its blocks was not seen."
        )
    if run.counts.ties:
        yield (
            f"{plural(run.counts.ties, 'record', 'records')} had two partners with equal evidence; which of the "
            "two was taken says nothing."
        )
    if run.parameters.extends:
        yield (
            f"The run added to an earlier one, of {' and '.join(run.parameters.extends)}: the links between those "
            "stood and were not judged anew by the unit."
        )
    if run.threshold.method == "auto" and run.profile == "record":
        yield (
            "The run accepted pairs from a match probability of one half on, which also knows the rivals of both "
            f"records. The threshold of {decimal(run.threshold.value)} is the similarity of even odds without "
            "rivals; a few accepted pairs lie below it and a few others above, and the curves by threshold differ "
            "from the run by those."
        )
    unseen = f"Pairs below {decimal(run.threshold.lowest_listed)}, or that the blocking never compared, are not in it."
    if evaluation.curve.kind == "truth":
        yield (
            "The threshold curve is greedy: from the highest score down, each pair is taken if "
            f"the rule {run.parameters.assign} still allows it. The run itself assigns optimally and links in "
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
            f"far as the rule {run.parameters.assign} allows. {unseen}"
        )
    if run.counts.pairs_in_links > run.counts.pairs_accepted:
        joined = run.counts.pairs_in_links - run.counts.pairs_accepted
        yield (
            f"{plural(joined, 'linked pair was', 'linked pairs were')} not accepted but "
            f"{'joins' if joined == 1 else 'join'} through a third record; the curve does not count "
            f"{'it' if joined == 1 else 'them'}."
        )
    if run.counts.greedy_components:
        yield (
            f"{plural(run.counts.greedy_components, 'group', 'groups')} of records too large for optimal "
            "assignment were assigned greedily."
        )
    if evaluation.baseline is not None:
        yield from evaluation.baseline.notes


def _estimate_note(run: RunRecord) -> str:
    learnt = (
        " The run learnt from the one file alone how alike different people look; relatives, twins, and fathers and "
        "sons of one name may count as duplicates there."
        if len(run.parties) == 1
        else " The run takes the records inside each file to be of different people, and carries over "
        "to the pairs between the files how alike they look. The estimate fails where a file holds people more "
        "than once, or where relatives are split between the files."
    )
    return (
        f"{learnt} Estimated recall is the share {SEEN}. The 95 % intervals hold chance and the model's own error "
        "as it was measured on made-up people with known truth, and no more than that."
    )


def _coverage_notes(evaluation: Evaluation) -> Iterator[str]:
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
            "such a record could not be judged and left every rate as it is. The truth must also "
            "list people without a match: a record that it leaves out is unknown, not unmatched."
        )
    if coverage.truth_records_of_other_parties:
        yield (
            f"{plural(coverage.truth_records_of_other_parties, 'row of the truth is', 'rows of the truth are')} of "
            "parties that took no part in this run, and not used."
        )
    if evaluation.unattainable_pairs:
        yield (
            f"{plural(evaluation.unattainable_pairs, 'true pair', 'true pairs')} could not be found under "
            "the rule one-to-one, because a file holds the same person more than once. This counts "
            "as missed. Finding duplicates first, or another rule, would reach more."
        )
