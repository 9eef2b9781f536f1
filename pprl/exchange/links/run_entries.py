"""The entries of ``run.json`` (SPEC.md, section 8.2): frozen, of strict kinds, and open to those of newer versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pprl.exchange.agreement.defaults import AssignmentRule
from pprl.exchange.encoded.file import PartyName

__all__ = [
    "AgreementEntry",
    "Amount",
    "Counts",
    "Entry",
    "Estimate",
    "ExpectedQuality",
    "FilePair",
    "Input",
    "LearntModel",
    "LshCheck",
    "LshParameters",
    "Parameters",
    "PassEntry",
    "Prior",
    "ScoreHistogram",
    "ThresholdEntry",
    "ThresholdPoint",
]

_FEW_LINKS = 30
"""Links below which a percentage of them says little; chosen: one wrong link of 30 is 3 %."""

Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
Basis = Literal["estimated", "cautious", "customary", "given"]
Method = Literal["exhaustive", "keys", "lsh"]


class Entry(BaseModel):
    """A part of the record: frozen, of strict kinds, and open to entries of newer versions."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, allow_inf_nan=False)


class Input(Entry):
    """One encoded file of the run.

    Attributes:
        party: whose file it is.
        file: its name, without the folder.
        records: rows of the encoded file.
        rows_read: rows that the party had read when it encoded.
        content_sha256: digest of the content, in hex.
        software: what encoded it.
    """

    party: PartyName
    file: str
    records: Count
    rows_read: Count
    content_sha256: str
    software: str


class LshCheck(Entry):
    """What an LSH found of matches that it was not planned with.

    Attributes:
        matches: expected number of those matches.
        found: the share of them that shares a bucket; ``low`` and ``high`` are the ends of its 95 % interval.
    """

    matches: Amount
    found: Share
    low: Share
    high: Share


class LshParameters(Entry):
    """How an LSH was planned.

    Attributes:
        completeness: pairs completeness that was asked for: share of the matches, of those similar enough to be
            listed, that is to be compared.
        tables: number of tables.
        bits_per_table: bits that a table samples.
        pool: bits that may be sampled, a mask in hexadecimal.
        seed: of the sampling.
        expected_completeness: pairs completeness that the plan reaches.
        expected_completeness_at_threshold: the same of matches that score just the threshold.
        checked: what a check on other matches gave; None where there was none.
    """

    completeness: Share
    tables: Count
    bits_per_table: Count
    pool: str
    seed: int
    expected_completeness: Share
    expected_completeness_at_threshold: Share
    checked: LshCheck | None


class Parameters(Entry):
    """What the run was asked for.

    Attributes:
        threshold: a number, or ``auto``.
        blocking: one method, or several in turn, separated by commas.
        assign: how many partners a record may have.
        lsh: parameters of the LSH; None where no pass is one.
        engine: what compared: ``local``, or the name of another engine.
        threads: threads that the run could use.
        memory_mib: memory that the run could use.
        extends: parties of the earlier run that this one added to; None where it stands alone.
    """

    threshold: float | Literal["auto"]
    blocking: str
    assign: AssignmentRule
    lsh: LshParameters | None
    engine: str
    threads: Count
    memory_mib: Count
    extends: tuple[PartyName, ...] | None

    @field_validator("blocking")
    @classmethod
    def _known_methods(cls, value: str) -> str:
        if any(name not in ("exhaustive", "keys", "lsh") for name in value.split(",")):
            raise ValueError("names a blocking that this format does not know")
        return value

    @model_validator(mode="after")
    def _lsh_where_there_is_one(self) -> Parameters:
        if (self.lsh is None) == ("lsh" in self.blocking.split(",")):
            raise ValueError("blocking and lsh contradict each other")
        return self


class ExpectedQuality(Entry):
    """What the unit expects of its links, without truth; ``_low`` and ``_high`` are the ends of 95 % intervals.

    Attributes:
        links: accepted pairs.
        matches: expected number of matches between the files, found or not.
        precision, recall, f1: expected rates.
    """

    links: Amount
    matches: Amount
    precision: Share
    precision_low: Share
    precision_high: Share
    recall: Share
    recall_low: Share
    recall_high: Share
    f1: Share

    @property
    def false_links(self) -> float:
        """Wrong links to expect."""
        return self.links * (1 - self.precision)

    @property
    def false_low(self) -> float:
        """Wrong links at the better end of the interval."""
        return self.links * (1 - self.precision_high)

    @property
    def false_high(self) -> float:
        """Wrong links at the worse end of the interval."""
        return self.links * (1 - self.precision_low)

    @property
    def few_links(self) -> bool:
        """Whether a percentage of so few links says little."""
        return self.links < _FEW_LINKS


class ThresholdPoint(Entry):
    """What the unit expects of one threshold, without truth: accepted pairs, wrong ones among them, and rates."""

    threshold: Share
    links: Amount
    expected_false: Amount
    precision: Share
    recall: Share
    f1: Share


class Estimate(Entry):
    """The expected quality.

    Attributes:
        matches: expected number of matches.
        quality: of the links that were made.
        curve: at other thresholds, ascending.
    """

    matches: Amount
    quality: ExpectedQuality
    curve: tuple[ThresholdPoint, ...]

    @field_validator("curve", mode="before")
    @classmethod
    def _where_rates_are_defined(cls, value: Any) -> Any:
        """Leave out thresholds at which nothing would be linked: no rate is defined there."""
        if not isinstance(value, list):
            return value
        return tuple(p for p in value if not (isinstance(p, Mapping) and None in p.values()))


class FilePair(Entry):
    """Two of the files.

    Attributes:
        matches: expected between the two; None without an estimate.
        basis: as :attr:`ThresholdEntry.basis`, for these two files.
    """

    party_a: PartyName
    party_b: PartyName
    matches: Amount | None
    basis: Basis


class ScoreHistogram(Entry):
    """Histograms over [0, 1] in equal bins, of the best score of sampled records.

    Attributes:
        bins: their number.
        best: sampled records by their best score in another file, or with another record of the one file.
        chance: the same as it would be for records that have no match.
    """

    bins: Count
    best: tuple[Amount, ...]
    chance: tuple[Amount, ...]

    @model_validator(mode="after")
    def _of_one_length(self) -> ScoreHistogram:
        if not len(self.best) == len(self.chance) == self.bins or not self.bins:
            raise ValueError("histograms of different lengths")
        return self


class ThresholdEntry(Entry):
    """The threshold in use, and what speaks for it.

    Attributes:
        value: a similarity in the profile ``record``, a match probability in ``fields``.
        method: ``auto`` (pairs from a match probability of one half were accepted) or ``given``.
        basis: what an automatic threshold rests on: ``estimated`` (what was learnt from the files), ``cautious`` (the
            same, with hardly any match in sight), ``customary`` (files too small to learn from); or ``given``.
        floor: about the lowest score in ``near.parquet``.
        household_similarity: similarity to expect of two members of a household; 0 in the profile ``fields``.
        no_estimate: why the run could make no estimate; None where it made one, or gave no reason.
        estimate: what the run expects of its links; None where it could make no estimate.
        by_files: one entry for every two files; empty for one file.
        histogram: best scores seen and expected by chance; None in the profile ``fields``.
    """

    value: Share
    method: Literal["auto", "given"]
    basis: Basis
    floor: Share
    household_similarity: Share
    no_estimate: str | None = None
    estimate: Estimate | None
    by_files: tuple[FilePair, ...]
    histogram: ScoreHistogram | None


class Prior(Entry):
    """The prior of a pair of two files (the one file with itself).

    Attributes:
        bits: log-odds to base 2 that the pair is a match, before it is compared and without other candidates.
    """

    party_a: PartyName
    party_b: PartyName
    bits: float


class LearntModel(Entry):
    """What the unit has learnt from the files; what else a profile tells of it stands beside these entries."""

    converged: bool
    priors: tuple[Prior, ...]


class PassEntry(Entry):
    """One blocking pass of several in turn.

    Attributes:
        blocking: its method.
        pairs_compared: what it compared.
        per_block_pass: the same for each pass of keys or table of the LSH.
        links: what it linked for good before the next.
    """

    blocking: Method
    pairs_compared: Count
    per_block_pass: tuple[Count, ...]
    links: Count


class Counts(Entry):
    """What was counted; SPEC.md says which counts are of the whole folder in a run that extends another.

    Attributes:
        pairs_possible: pairs without blocking.
        pairs_compared: pairs that were compared.
        pairs_compared_per_pass: the same for each pass of keys or table of the LSH.
        reduction_ratio: 1 less the share of the possible pairs that was compared; never below 0.
        pairs_over_threshold: pairs that reached the threshold.
        pairs_accepted: rows of ``pairs.parquet``.
        links: groups of records that share a link id.
        linked_records: rows of ``links.parquet``.
        pairs_in_links: pairs of records that share a link id.
        pairs_like_household: accepted pairs that score less than :attr:`RunRecord.household_limit`.
        greedy_components: groups too large for the optimal assignment.
        ties: records that had two partners with equal evidence.
        largest_link: records in the largest link.
        passes: the blocking passes in turn; one entry where there is one blocking.
    """

    pairs_possible: Count
    pairs_compared: Count
    pairs_compared_per_pass: tuple[Count, ...]
    reduction_ratio: Share
    pairs_over_threshold: Count
    pairs_accepted: Count
    links: Count
    linked_records: Count
    pairs_in_links: Count
    pairs_like_household: Count
    greedy_components: Count
    ties: Count
    largest_link: Count
    passes: Annotated[tuple[PassEntry, ...], Field(min_length=1)]


class NamedEntry(Entry):
    """An entry of the agreement that has a name."""

    name: str


class FilterEntry(Entry):
    """The agreement's filter: its bits before hardening."""

    bits: Count


class HardeningEntry(Entry):
    """The agreement's hardening."""

    method: str


class AgreementEntry(Entry):
    """The parts of the agreement that a report names; the rest is kept as it stands.

    Newer versions may know agreements that this one does not, and a folder of theirs can still be read.
    """

    project: str
    profile: Literal["record", "fields"] = "record"
    field: tuple[NamedEntry, ...]
    filter: FilterEntry
    hardening: HardeningEntry
