"""The entries of ``run.json`` (SPEC.md, section 8.2): frozen, strict about kinds, and open to newer versions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pprl.exchange.agreement.defaults import AssignmentRule
from pprl.exchange.agreement.model import Agreement
from pprl.exchange.encoded.header import Hex64, PartyName

__all__ = [
    "AgreementEntry",
    "Amount",
    "BestScores",
    "BlockingMethod",
    "Count",
    "Entry",
    "Estimate",
    "ExpectedQuality",
    "FilePair",
    "InputFile",
    "LearntModel",
    "LshCheck",
    "LshParameters",
    "Prior",
    "RunParameters",
    "Share",
    "ThresholdBasis",
    "ThresholdEntry",
    "ThresholdPoint",
]

_FEW_LINKS = 30
"""Links below which a percentage of them says little. Chosen: one wrong link of 30 is already 3 %. It decides only
whether the report prints counts or percentages."""

Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
ThresholdBasis = Literal["estimated", "cautious", "customary", "given"]
BlockingMethod = Literal["exhaustive", "keys", "lsh"]


class Entry(BaseModel):
    """A part of the record: frozen, strict about kinds, and open to entries that newer versions add."""

    # A number that JSON lacks stays one when dumped, so that writing it fails; by default it would become null.
    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        strict=True,
        allow_inf_nan=False,
        ser_json_inf_nan="constants",
    )


class InputFile(Entry):
    """One encoded file of the run.

    Attributes:
        party: whose file it is.
        file: its name, without the folder.
        records: rows of the encoded file.
        rows_read: rows that the party read when it encoded.
        content_sha256: digest of the content, in hex.
        software: what encoded it.
    """

    party: PartyName
    file: str
    records: Count
    rows_read: Count
    content_sha256: Hex64
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
        completeness: the pairs completeness that was asked for: the share of the matches similar enough to be listed
            that is to be compared.
        tables: number of tables.
        bits_per_table: bits that each table samples.
        pool: the bits that may be sampled, a mask in hexadecimal.
        seed: seed of the sampling.
        expected_completeness: the pairs completeness that the plan is expected to reach.
        expected_completeness_at_threshold: the same for matches that score exactly the lowest score listed.
        checked: what a check on other matches found; None without one.
    """

    completeness: Share
    tables: Count
    bits_per_table: Count
    pool: str
    seed: int
    expected_completeness: Share
    expected_completeness_at_threshold: Share
    checked: LshCheck | None


class RunParameters(Entry):
    """What the run was asked for.

    Attributes:
        threshold: a number, or ``auto``.
        blocking: one method, or several in turn, separated by commas.
        assign: how many partners a record may have.
        lsh: parameters of the LSH; None if no pass is one.
        engine: what compared: ``local``, or the name of another engine.
        threads: threads that the run could use.
        memory_mib: memory that the run could use.
        extends: parties of the earlier run that this one added to; None if it added to none.
        sample: records of a file, at most, that were looked at to learn from; None in records that do not say.
    """

    threshold: Annotated[float, Field(gt=0, le=1)] | Literal["auto"]
    blocking: str
    assign: AssignmentRule
    lsh: LshParameters | None
    engine: str
    threads: Count
    memory_mib: Count
    extends: tuple[PartyName, ...] | None
    sample: Count | None = None

    @field_validator("blocking")
    @classmethod
    def _known_methods(cls, value: str) -> str:
        if any(name not in get_args(BlockingMethod) for name in value.split(",")):
            raise ValueError("it names a blocking method that this format does not know")
        return value

    @model_validator(mode="after")
    def _lsh_where_there_is_one(self) -> RunParameters:
        if (self.lsh is None) == ("lsh" in self.blocking.split(",")):
            raise ValueError("its entries blocking and lsh contradict each other")
        return self


class ExpectedQuality(Entry):
    """What the unit expects of its links, without truth; ``_low`` and ``_high`` are the ends of 95 % intervals.

    Attributes:
        links: accepted pairs.
        matches: expected number of matches between the files, found or not.
        precision, recall, f1: expected rates.
    """

    links: Count
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
        """Wrong links to expect at the better end of the interval."""
        return self.links * (1 - self.precision_high)

    @property
    def false_high(self) -> float:
        """Wrong links to expect at the worse end of the interval."""
        return self.links * (1 - self.precision_low)

    @property
    def few_links(self) -> bool:
        """Whether there are so few links that a percentage of them says little."""
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
        quality: what is expected of the links that were made.
        curve: what is expected at other thresholds, ascending.
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
        return tuple(point for point in value if not _has_undefined_rate(point))

    @field_validator("curve")
    @classmethod
    def _ascending(cls, value: tuple[ThresholdPoint, ...]) -> tuple[ThresholdPoint, ...]:
        return tuple(sorted(value, key=lambda point: point.threshold))


def _has_undefined_rate(point: Any) -> bool:
    names = ThresholdPoint.model_fields
    return isinstance(point, Mapping) and any(point.get(name, 0) is None for name in names)


class FilePair(Entry):
    """Two of the files.

    Attributes:
        matches: expected number of matches between the two; None without an estimate.
        basis: as :attr:`ThresholdEntry.basis`, for these two files.
    """

    party_a: PartyName
    party_b: PartyName
    matches: Amount | None
    basis: ThresholdBasis


class BestScores(Entry):
    """Histograms over [0, 1], in equal bins, of the best score of each sampled record.

    Attributes:
        bins: number of bins.
        best: sampled records by their best score in another file (in the same file, if there is only one).
        chance: the histogram to expect of records that have no match.
    """

    bins: Annotated[int, Field(ge=1)]
    best: tuple[Amount, ...]
    chance: tuple[Amount, ...]

    @model_validator(mode="after")
    def _of_one_length(self) -> BestScores:
        if not len(self.best) == len(self.chance) == self.bins:
            raise ValueError("its histograms differ in length")
        return self


class ThresholdEntry(Entry):
    """The threshold in use, and the evidence for it.

    Attributes:
        value: a similarity in the profile ``record``, a match probability in ``fields``.
        method: ``auto`` (pairs from a match probability of one half were accepted) or ``given``.
        basis: what an automatic threshold rests on: ``estimated`` (what was learnt from the files), ``cautious`` (the
            same, but almost no matches are expected), ``customary`` (files too small to learn from); or ``given``.
        floor: about the lowest score in ``near.parquet``.
        household_similarity: similarity to expect of two members of a household; 0 in the profile ``fields``.
        no_estimate: why the run made no estimate; None if it made one, or gave no reason.
        estimate: what the run expects of its links; None if it made no estimate.
        by_files: one entry for every two files; empty for one file.
        histogram: best scores, and those to expect by chance; None in the profile ``fields``.
    """

    value: Share
    method: Literal["auto", "given"]
    basis: ThresholdBasis
    floor: Share
    household_similarity: Share
    no_estimate: str | None = None
    estimate: Estimate | None
    by_files: tuple[FilePair, ...]
    histogram: BestScores | None

    @property
    def lowest_listed(self) -> float:
        """The score from which pairs are listed: the floor, but never above the threshold."""
        return min(self.value, self.floor)


class Prior(Entry):
    """The prior of a pair of two files (of one file with itself, if there is only one).

    Attributes:
        bits: log-odds to base 2 that the pair is a match, before it is compared and without other candidates.
    """

    party_a: PartyName
    party_b: PartyName
    bits: float


class LearntModel(Entry):
    """What the unit has learnt from the files; what only one profile learns stands beside these entries."""

    converged: bool
    priors: tuple[Prior, ...]


class NamedEntry(Entry):
    """A field of the agreement, by its name."""

    name: str


class FilterEntry(Entry):
    """The agreement's filter: its bits before hardening."""

    bits: Count


class HardeningEntry(Entry):
    """The agreement's hardening."""

    method: str


class AgreementEntry(Entry):
    """The parts of the agreement that a report names; the rest is kept as it is.

    Not the agreement's own strict model, so that a folder can still be read if its agreement has entries that only a
    newer version knows.
    """

    project: str
    profile: Literal["record", "fields"] = "record"
    field: tuple[NamedEntry, ...]
    filter: FilterEntry
    hardening: HardeningEntry

    @classmethod
    def of(cls, agreement: Agreement) -> AgreementEntry:
        """Return the entry of an agreement."""
        return cls.model_validate_json(json.dumps(agreement.to_dict()))

    def to_agreement(self) -> Agreement:
        """Return the agreement itself.

        Raises:
            AgreementError: it has entries that this version does not know.
        """
        return Agreement.from_dict(self.model_dump(mode="json"), source="run.json")
