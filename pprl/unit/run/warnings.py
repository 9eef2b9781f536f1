"""Warnings for the operator: before the long part of a run, and about its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from pprl.base.arrays import Floats
from pprl.base.words import percent, plural
from pprl.exchange.encoded.file import EncodedFile
from pprl.exchange.links.run_counts import KeylessRecords, RunCounts
from pprl.exchange.links.run_entries import ExpectedQuality, LshParameters
from pprl.exchange.links.run_record import HOUSEHOLD_SPREAD
from pprl.unit.run.options import Settled
from pprl.unit.weighing.model import REPEATED, Basis, PairModel, TwoFiles

if TYPE_CHECKING:
    from pprl.unit.run.plan import MatchPlan

__all__ = [
    "Outlook",
    "few",
    "keyless_warnings",
    "like_household",
    "lsh_warnings",
    "no_estimate",
    "warnings_after",
    "warnings_before",
]

_MANY_COPIES = 0.2
"""Share of a file's records that are copies from which no estimate is given when people are linked. Chosen: with 30 %
the interval of the profile ``fields`` missed the true precision; with 5 % it held."""

_MOST = 1.1
"""Expected matches, as a share of the smaller file, beyond which other pairs were mistaken for them. Chosen: an
estimate that is right may be a few per cent too high where nearly everybody has a match."""

_FEW = 3.0
"""Expected matches below which they can't be told from none. Chosen: three expected are none at all once in twenty."""

_FEW_PAIRS, _FEW_SHARE = 3, 0.01
"""Accepted pairs, and as a share of the smaller file, below which they may all be wrong. Chosen; the warning asks for a
review, nothing else depends on it."""

_GIANT = 50
"""Records in one link from which the operator is told. Chosen: nobody is in a file that often."""

_POOR = 0.8
"""Expected precision below which the operator is told. Chosen: one wrong link in five."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Outlook:
    """What is known of a run before its long part.

    Attributes:
        files: the encoded files.
        model: what was learnt from them.
        settled: what was asked for.
        basis: what an automatic threshold rests on.
        prior: for each pair of files, the natural logarithm of the prior odds.
    """

    files: Sequence[EncodedFile]
    model: PairModel
    settled: Settled
    basis: Basis
    prior: Mapping[TwoFiles, float]

    @property
    def alone(self) -> bool:
        """Whether duplicates are looked for inside one file."""
        return len(self.files) == 1

    def repeated(self) -> list[str]:
        """Return the parties whose files seem to hold people several times, where the rule expects them once."""
        once = {"one-to-one": len(self.files), "one-to-many": 1}.get(self.settled.assign, 0)
        shares = zip(self.files[:once], self.model.repeats, strict=False)
        return [file.party for file, share in shares if share > REPEATED]

    def sparse(self) -> list[tuple[str, int]]:
        """Return the parties with records that hold too little to be linked, and how many of them there are."""
        found = []
        for number, file in enumerate(self.files):
            # The most favourable of the other files decides.
            needed = min(-odds for pair, odds in self.prior.items() if number in pair)
            count = self.model.sparse(number, needed)
            if count:
                found.append((file.party, count))
        return found

    def too_many(self) -> list[TwoFiles]:
        """Return the pairs of files between which more matches are expected than there can be."""
        return [
            pair
            for pair, expected in self.model.matches.items()
            if pair[0] != pair[1] and expected.number > _MOST * self._most(pair)
        ]

    def _most(self, pair: TwoFiles) -> float:
        """Return how many matches there can be: each person of the smaller file once, or with all of its records."""
        sizes = [len(self.files[file]) for file in pair]
        if self.settled.assign == "one-to-many":
            return float(sizes[1])
        if self.settled.assign != "people" or not self.model.repeats:
            return float(min(sizes))
        copies = [1 + self.model.repeats[file] for file in pair]
        return min(size / own for size, own in zip(sizes, copies, strict=True)) * prod(copies)


def few(files: Sequence[EncodedFile]) -> float:
    """Return the expected matches below which almost none are expected: at most half of a very small file."""
    return min(_FEW, *(len(file) / 2 for file in files)) if len(files) > 1 else _FEW


def no_estimate(outlook: Outlook) -> str | None:
    """Return why no estimate of quality can be given; None where there is one."""
    if outlook.model.basis == "customary":
        return "the files are too small"
    if outlook.alone:
        return "one file alone can't show how alike different people look"
    if outlook.settled.assign != "many-to-many":
        if outlook.repeated():
            return "a file seems to hold people several times"
        if outlook.too_many():
            return "more matches are expected than a file has records"
    if (
        outlook.settled.assign == "people"
        and max(outlook.model.repeats, default=0.0) > _MANY_COPIES
    ):
        return "more than a fifth of a file's records are copies"
    return None


def warnings_before(outlook: Outlook) -> list[str]:
    """Return what the operator should know before the run, in sentences."""
    files, model = outlook.files, outlook.model
    found = []
    if not model.converged:
        found.append(
            "the estimation of the weights did not converge; have a sample of the links reviewed before you use them"
        )
    empty = model.empty_fields()
    if empty:
        they = "it was" if len(empty) == 1 else "they were"
        found.append(
            f"no record of a file has a value for: {', '.join(empty)}; {they} not used in this run"
        )
    if outlook.alone:
        found.append(
            "one file alone can't show how alike different people look: relatives, twins, and fathers and sons of one "
            "name may be among the duplicates; have a sample of them reviewed"
        )
    found += [
        f"{files[a].party} and {files[b].party}: more matches are expected than there are records, so the model has "
        "probably mistaken other pairs for matches; do not use the links until a sample has been reviewed"
        for a, b in outlook.too_many()
    ]
    repeated = [] if outlook.alone else outlook.repeated()
    if repeated:
        found.append(
            f"{' and '.join(repeated)}: the file seems to hold people several times; "
            "use --assign people, which links all records of a person"
        )
    automatic = not outlook.settled.given
    if automatic:
        found += [
            f"{party}: {plural(count, 'record holds', 'records hold')} too little to decide whom they are about, and "
            "can't be linked"
            for party, count in outlook.sparse()
        ]
    if automatic and outlook.basis == "customary":
        found.append(
            "the files are too small to estimate chance agreement; default values are used"
        )
    elif automatic and outlook.basis == "cautious":
        found.append("almost no matches are expected: the files may have nobody in common")
    elif len(model.matches) > 1:
        found += [
            f"{files[a].party} and {files[b].party}: almost no matches are expected between the two"
            for (a, b), expected in model.matches.items()
            if expected.number < few([files[a], files[b]])
        ]
    return found


def lsh_warnings(described: Sequence[LshParameters | None]) -> list[str]:
    """Return what to say of an LSH that does not reach the pairs completeness that was asked for.

    Args:
        described: parameters of each blocking pass; None for one that is not an LSH.
    """
    found = []
    for plan in described:
        if plan is None:
            continue
        wanted, checked = plan.completeness, plan.checked
        if plan.expected_completeness < wanted:
            found.append(
                f"no number of tables reaches the pairs completeness of {wanted}: {plan.expected_completeness:.3f} "
                "is expected; raise the threshold, or compare all pairs"
            )
        elif checked and checked.high < wanted:
            found.append(
                f"on a sample that was compared with everybody the lsh found {checked.found:.3f} of the matches "
                f"({checked.low:.3f} to {checked.high:.3f}), less than the pairs completeness of {wanted} that "
                "was asked for; ask for more (--completeness), or compare all pairs"
            )
    return found


def keyless_warnings(
    keyless: Sequence[KeylessRecords], files: Sequence[EncodedFile], *, several: bool
) -> list[str]:
    """Return what to say of records that have no blocking key in any pass.

    Args:
        keyless: of each file.
        files: the same files.
        several: whether there is another blocking pass.
    """
    there = [
        f"{entry.party} {entry.records:,} of {len(file):,} ({percent(entry.records / len(file))})"
        for entry, file in zip(keyless, files, strict=False)
        if entry.records
    ]
    if not there:
        return []
    if several:
        done = "keys can't find them, the other pass can"
    elif all(entry.compared for entry in keyless):
        others = "all other records" if len(files) == 1 else "all records of the other files"
        done = f"keys can't find them, so they are compared with {others}"
    else:
        done = (
            "they are too many to be compared with everybody, so they are left out, and their matches are missed; "
            "use --blocking lsh, or agree on a pass in which they have a key"
        )
    return [f"records without a blocking key in any pass: {', '.join(there)}; {done}"]


def like_household(model: PairModel, score: Floats) -> int:
    """Return how many accepted pairs score no higher than two members of a household may; 0 in ``fields``."""
    if model.household_similarity is None:
        return 0
    return int((score < model.household_similarity + HOUSEHOLD_SPREAD).sum())


def warnings_after(
    plan: MatchPlan, counts: RunCounts, quality: ExpectedQuality | None
) -> list[str]:
    """Return the plan's warnings and those of the result."""
    warnings = list(plan.warnings)
    smaller = min(len(file) for file in plan.files)
    few_pairs = counts.pairs_accepted < max(_FEW_PAIRS, _FEW_SHARE * smaller)
    if few_pairs and plan.basis == "estimated" and plan.earlier is None:
        warnings.append(
            f"almost no matches were found: {counts.pairs_accepted:,} pairs were accepted; "
            "these few may be relatives or namesakes; review them all"
        )
    alike, household = counts.pairs_like_household, plan.model.household_similarity
    if alike and not plan.same and household is not None:
        limit = min(household + HOUSEHOLD_SPREAD, 1.0)
        accepted = sum(entry.links for entry in counts.passes)  # without those of an earlier run
        warnings.append(
            f"{alike:,} of {accepted:,} accepted pairs score no higher than two members of a household may"
            f" ({limit:.2f}): if families are split between the files, relatives are among "
            "them, which only the lower end of the expected precision reckons with; have a sample of them reviewed"
        )
    if counts.greedy_components:
        warnings.append(
            f"{counts.greedy_components} groups of records were too large for the optimal assignment and were "
            "assigned best pair first"
        )
    if counts.ties:
        warnings.append(
            f"{counts.ties:,} records had two partners with equal evidence: neither was linked, or one was chosen "
            "arbitrarily; check for people who are in a file twice"
        )
    if counts.largest_link > max(_GIANT, 2 * len(plan.files)):
        warnings.append(
            f"one link holds {counts.largest_link:,} records: check for empty or placeholder values"
        )
    if quality is not None and quality.links and quality.precision < _POOR:
        warnings.append(
            f"about {1 - quality.precision:.0%} of the links are expected to be wrong at this threshold"
        )
    return warnings
