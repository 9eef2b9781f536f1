"""From weighed pairs to links: which pairs are accepted, which records are one person, and what that is worth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pprl.base.arrays import Bools, Floats, Int64s
from pprl.exchange.links.run_entries import ExpectedQuality, LshParameters, ThresholdPoint
from pprl.unit.linking.assignment import (
    components,
    first_come,
    one_to_many,
    one_to_one,
    tied_records,
    undecided_records,
)
from pprl.unit.linking.clustering import cluster_records
from pprl.unit.linking.copies import CopyPairs, copy_groups
from pprl.unit.run.compare import Compared, Pairs, log_odds
from pprl.unit.run.estimate import curve, estimate_quality
from pprl.unit.run.plan import MatchPlan
from pprl.unit.run.warnings import like_household
from pprl.unit.weighing.model import EVEN, KEPT_BELOW

__all__ = ["Decided", "curve_of", "decide", "expected_quality", "over_threshold"]

_UNLISTED = -1.0
"""Log-odds of a pair in a cluster that is not listed. A sparse record is unlike all other records of its person at
once, so its missing pairs are not independent witnesses and count little. Chosen; how sensitive the results are was
not measured."""

_EVEN_GAIN = 1e-9
"""What a pair at even odds counts: enough if nothing speaks against it. Chosen; not sensitive."""

_LOWEST = 0.01
"""The lowest threshold of a curve. Chosen; not sensitive: no link depends on it."""

_LEAST_FOUND = 0.01
"""The lowest share that a blocking is taken to find, so that what it leaves out stays finite. Chosen; not sensitive:
no planned blocking finds so little."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Decided:
    """The links.

    Attributes:
        accepted: ``bool[pairs]``, pairs that are in a link.
        cluster: ``int64[records]``, equal for the records of one link.
        greedy: groups that were too large for the optimal assignment.
        ties: records that had two partners with equal evidence.
        person: ``int64[records]``, the lowest record of the same person in each one's file, as far as copies were
            looked for.
    """

    accepted: Bools
    cluster: Int64s
    greedy: int
    ties: int
    person: Int64s


def over_threshold(plan: MatchPlan, pairs: Pairs) -> Bools:
    """Return which pairs reach the threshold, whatever their rivals: ``bool[pairs]``."""
    if plan.threshold.given:
        return pairs.score >= plan.threshold.value
    return pairs.probability >= EVEN


def decide(plan: MatchPlan, compared: Compared, offsets: Int64s) -> Decided:
    """Decide which pairs are links and which records are one person.

    Args:
        plan: the run.
        compared: all pairs that were found.
        offsets: ``int64[files + 1]``, where each file's records begin.
    """
    pairs, person = compared.pairs, _person(plan, compared.copies, offsets)
    evidence = _evidence(plan, pairs)
    if plan.assign == "people":
        return _people(plan, pairs, evidence, offsets, person)
    several = plan.earlier is not None or len(plan.files) > 2
    if several or (plan.assign == "many-to-many" and not plan.threshold.given):
        made = _clustered(plan, pairs, evidence, offsets)
    elif plan.assign == "many-to-many":
        positive = evidence > 0
        cluster = components(pairs.left[positive], pairs.right[positive], int(offsets[-1]))
        made = Decided(accepted=positive, cluster=cluster, greedy=0, ties=0, person=person)
    else:
        made = _assigned(plan, pairs, evidence, int(offsets[-1]))
    return replace(made, person=person)


def _evidence(plan: MatchPlan, pairs: Pairs) -> Floats:
    """Return what the linking adds up: above 0 where the threshold is reached."""
    odds = log_odds(pairs.probability)
    if plan.threshold.given:
        return plan.model.evidence(pairs.score, odds, plan.threshold)
    return np.where(pairs.probability >= EVEN, np.maximum(odds, _EVEN_GAIN), odds)


def _person(plan: MatchPlan, copies: CopyPairs, offsets: Int64s) -> Int64s:
    """Return for each record the lowest record of the same person in its file: ``int64[records]``."""
    ids = plan.link_ids
    if ids is not None:  # the links of an earlier run stay apart
        apart = (ids[copies.one] >= 0) & (ids[copies.other] >= 0)
        apart &= ids[copies.one] != ids[copies.other]
        copies = copies.of(~apart)
    return copy_groups(copies, int(offsets[-1])).group


def _people(
    plan: MatchPlan, pairs: Pairs, evidence: Floats, offsets: Int64s, person: Int64s
) -> Decided:
    """Link people: the records of one in a file are taken together, and compared by their best pair."""
    left, right = person[pairs.left], person[pairs.right]
    order = np.lexsort((-evidence, right, left))
    new = (np.diff(left[order], prepend=-1) != 0) | (np.diff(right[order], prepend=-1) != 0)
    best = order[new]
    of_people = replace(pairs.of(best), left=left[best], right=right[best])
    if plan.earlier is not None or len(plan.files) > 2:
        made = _clustered(plan, of_people, evidence[best], offsets)
    else:
        made = _assigned(plan, of_people, evidence[best], int(offsets[-1]))
    # Two people are linked with all of their pairs that speak for it.
    together = made.cluster[left] == made.cluster[right]
    return replace(
        made, accepted=(evidence > 0) & together, cluster=made.cluster[person], person=person
    )


def _clustered(plan: MatchPlan, pairs: Pairs, evidence: Floats, offsets: Int64s) -> Decided:
    """Link records of several files, or all copies of a person, as clusters."""
    made = cluster_records(
        pairs.left,
        pairs.right,
        evidence,
        np.repeat(np.arange(len(plan.files)), np.diff(offsets)),
        absent=_UNLISTED,
        one_per_file=plan.assign != "many-to-many",
        initial=plan.link_ids,
    )
    together = made.cluster[pairs.left] == made.cluster[pairs.right]
    return Decided(
        accepted=(evidence > 0) & together,
        cluster=made.cluster,
        greedy=made.giant,
        ties=made.ties,
        person=np.arange(len(made.cluster)),
    )


def _assigned(plan: MatchPlan, pairs: Pairs, evidence: Floats, records: int) -> Decided:
    """Link records of two files, each or those of one of them to one partner at most."""
    positive = evidence > 0
    left, right, gain = pairs.left[positive], pairs.right[positive], evidence[positive]
    greedy = 0
    if plan.assign == "one-to-many":
        chosen = one_to_many(left, right, gain)
    else:
        chosen, greedy = one_to_one(left, right, gain)
    ties = tied_records(left, right, gain, chosen)
    accepted = np.zeros(len(pairs.left), bool)
    accepted[np.flatnonzero(positive)[chosen]] = True
    if not plan.threshold.given and plan.assign != "one-to-many":
        # Two equal rivals are below even odds each, so that neither is taken.
        alone = pairs.log_ratio + plan.prior[0, 1]
        ties += undecided_records(pairs.left, pairs.right, alone, accepted)
    cluster = components(pairs.left[accepted], pairs.right[accepted], records)
    return Decided(
        accepted=accepted, cluster=cluster, greedy=greedy, ties=ties, person=np.arange(records)
    )


def expected_quality(
    plan: MatchPlan, compared: Compared, accepted: Bools
) -> ExpectedQuality | None:
    """Return what to expect of the links; None where no estimate can be given."""
    if plan.no_estimate:
        return None
    probability, unlisted = compared.pairs.probability, compared.unlisted
    sparse = _of_sparse(plan)
    expected = [plan.model.matches[pair] for pair in plan.pairs_of_files()]
    number, least, most = (
        sum(getattr(of_pair, name) for of_pair in expected) for name in ("number", "least", "most")
    )
    more = 0.0
    if plan.passes[-1] != "exhaustive":
        # Matches that the blocking never compared are in no sum of probabilities.
        seen = float(probability.sum())
        without, without_most = _without_key(plan)
        more = without_most - without
        never = max(seen * _left_out(plan.blocking[-1]), without)
        unlisted = max(unlisted + never, number - seen)
    return estimate_quality(
        probability,
        accepted,
        unlisted=unlisted + sparse,
        unlisted_low=max(unlisted - (number - least), 0.0),
        unlisted_high=unlisted + sparse + max(most - number, more),
        error=plan.model.error,
        doubtful=like_household(plan.model, compared.pairs.score[accepted]),
    )


def _of_sparse(plan: MatchPlan) -> float:
    """Return how many matches are expected of records that hold too little to be linked, beside those that are seen."""
    if plan.threshold.given:
        return 0.0
    found = 0.0
    for pair in plan.pairs_of_files():
        full = 1.0
        for file in pair:
            full *= 1 - plan.model.sparse(file, -plan.prior[pair]) / len(plan.files[file])
        found += plan.model.matches[pair].number * (1 / max(full, 0.01) - 1)
    return found


def _without_key(plan: MatchPlan) -> tuple[float, float]:
    """Return how many matches are expected of records that were left out for want of a blocking key, and at most.

    A record without a key has a match as often as any other, as far as is known. The two records of a match mostly lack
    a key together, since they say the same; at most each lacks it alone.
    """
    left_out = [
        0.0 if entry.compared else entry.records / len(file)
        for entry, file in zip(plan.keyless or (), plan.files, strict=False)
    ]
    expected, most = 0.0, 0.0
    for a, b in plan.pairs_of_files() if left_out else []:
        number = plan.model.matches[a, b].number
        expected += number * max(left_out[a], left_out[b])
        most += number * min(left_out[a] + left_out[b], 1.0)
    return expected, most


def _left_out(described: LshParameters | None) -> float:
    """Return how many matches a blocking leaves out for each one that it compares, if it says so."""
    if described is None:
        return 0.0
    checked = described.checked
    share = checked.found if checked else described.expected_completeness
    return 1 / max(share, _LEAST_FOUND) - 1


def curve_of(
    plan: MatchPlan, pairs: Pairs, accepted: Bools, quality: ExpectedQuality | None
) -> tuple[ThresholdPoint, ...]:
    """Return the expected quality at other thresholds."""
    if quality is None or not len(pairs.left):
        return ()
    order = np.lexsort((pairs.right, pairs.left, -pairs.score, ~accepted))
    if plan.assign != "many-to-many" and len(plan.files) <= 2:
        once_left = plan.assign == "one-to-one"
        order = order[first_come(pairs.left[order], pairs.right[order], once_left=once_left)]
    return curve(
        pairs.score[order],
        pairs.probability[order],
        matches=quality.matches,
        least=max(plan.threshold.value - KEPT_BELOW, _LOWEST),
        value=plan.threshold.value,
    )
