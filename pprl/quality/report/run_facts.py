"""What ``run.json`` says of a run, checked and typed, for the pages that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pprl.base.errors import LinksError
from pprl.exchange.links.folder import HOUSEHOLD_SPREAD
from pprl.quality.report.entries import (
    as_amount,
    as_amount_or_none,
    as_count,
    as_number,
    as_one_of,
    as_share,
    as_text,
)

__all__ = [
    "EstimatePoint",
    "ExpectedQuality",
    "FilePair",
    "PartyFacts",
    "PassFacts",
    "RunFacts",
    "ScoreChance",
]

_BASES = ("estimated", "cautious", "customary", "given")
_RULES = ("one-to-one", "one-to-many", "many-to-many")
_BLOCKING = ("exhaustive", "keys", "lsh")
_PROFILES = ("record", "fields")
_METHODS = ("auto", "given")
_FEW_LINKS = 30


@dataclass(frozen=True, kw_only=True)
class PartyFacts:
    """One input file of the run."""

    party: str
    file: str
    records: int
    rows_read: int
    content_sha256: str


@dataclass(frozen=True, kw_only=True)
class EstimatePoint:
    """What the unit expects of one threshold, without truth."""

    threshold: float
    links: float
    expected_false: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, kw_only=True)
class ExpectedQuality:
    """What the unit expects of its links, without truth; ``_low`` and ``_high`` are the ends of 95 % intervals."""

    links: float
    matches: float
    precision: float
    precision_low: float
    precision_high: float
    recall: float
    recall_low: float
    recall_high: float
    f1: float

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

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, with what follows from them."""
        return {
            **asdict(self),
            "false_links": self.false_links,
            "false_links_low": self.false_low,
            "false_links_high": self.false_high,
            "few_links": self.few_links,
        }


@dataclass(frozen=True, kw_only=True)
class PassFacts:
    """One blocking pass of several in turn: what it compared, and what it linked for good before the next."""

    blocking: str
    pairs_compared: int
    links: int


@dataclass(frozen=True, kw_only=True)
class FilePair:
    """What the unit says of two of the files.

    Attributes:
        matches: matches to expect between the two files; None without an estimate.
        basis: as :attr:`RunFacts.threshold_basis`, for these two files.
    """

    party_a: str
    party_b: str
    matches: float | None
    basis: str


@dataclass(frozen=True, kw_only=True)
class ScoreChance:
    """Histograms over [0, 1], equal bins, of the best score of sampled records.

    Attributes:
        best: number of sampled records by their best score in another file, or with another record of the one file.
        chance: the same as it would be for records that have no match.
    """

    best: tuple[float, ...]
    chance: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """The run as the report shows it; the names are those of ``run.json``, where it has one.

    Attributes:
        profile: ``record`` or ``fields``.
        threshold: a similarity in the profile ``record``, a match probability in ``fields``.
        threshold_method: ``auto`` (pairs from a match probability of one half were accepted) or ``given``.
        threshold_basis: what an automatic threshold rests on: ``estimated`` (what was learnt from the files),
            ``cautious`` (the same, with hardly any match in sight), ``customary`` (files too small to learn from); or
            ``given``.
        household_similarity: similarity to expect of two members of a household; 0 in the profile ``fields``.
        blocking: as it was asked for; several passes in turn are separated by commas.
        completeness: share of the matches that an LSH is expected to compare; None for another blocking.
        completeness_at_threshold: the same of matches that score just the threshold.
        completeness_checked: share of the matches that the LSH found in a sample that was compared with everybody, and
            its 95 % interval; None where there was no such check.
        pairs_in_links: pairs of records that share a link id.
        pairs_like_household: accepted pairs that score less than :attr:`household_limit`.
        links: groups of records that share a link id.
        ties: records that had two partners with equal evidence.
        largest_link: records in the largest link.
        passes: the blocking passes in turn; one entry where there is one blocking.
        extends: parties of the earlier run that this one added to; None where it stands alone.
        no_estimate: why the run could make no estimate; None where it made one, or gave no reason.
        by_files: one entry for every two files; empty for one file.
        expected: what the run expects of its links; None where it could make no estimate.
        estimate: the same by ascending threshold; empty where the run could make none.
    """

    parties: tuple[PartyFacts, ...]
    project: str
    profile: str
    fields: tuple[str, ...]
    filter_bits: int
    hardening: str
    agreement_fingerprint: str
    threshold: float
    threshold_method: str
    threshold_basis: str
    household_similarity: float
    floor: float
    blocking: str
    completeness: float | None
    completeness_at_threshold: float | None
    completeness_checked: tuple[float, float, float] | None
    assign: str
    pairs_possible: int
    pairs_compared: int
    reduction_ratio: float
    pairs_over_threshold: int
    pairs_accepted: int
    pairs_in_links: int
    pairs_like_household: int
    links: int
    linked_records: int
    greedy_components: int
    ties: int
    largest_link: int
    passes: tuple[PassFacts, ...]
    extends: tuple[str, ...] | None
    software: Mapping[str, str]
    timings_s: Mapping[str, float]
    warnings: tuple[str, ...]
    by_files: tuple[FilePair, ...]
    no_estimate: str | None
    expected: ExpectedQuality | None
    estimate: tuple[EstimatePoint, ...]
    score_chance: ScoreChance | None

    @classmethod
    def from_run(cls, run: Mapping[str, Any]) -> RunFacts:
        """Read the facts out of the content of ``run.json``.

        Raises:
            LinksError: an entry is missing or of the wrong kind.
        """
        try:
            return cls(**_inputs(run), **_threshold(run["threshold"]), **_counts(run["counts"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise LinksError(
                "run.json lacks entries that its format asks for, or holds some of the wrong kind",
                hint="Copy the links folder again, or run `pprl match` again.",
            ) from None

    @property
    def links_within(self) -> bool:
        """Whether the run links records of one file with each other."""
        return len(self.parties) == 1 or self.assign == "many-to-many"

    @property
    def score_name(self) -> str:
        """What a score is."""
        return "match probability" if self.profile == "fields" else "similarity"

    @property
    def household_limit(self) -> float:
        """The score up to which a pair may as well be two members of a household."""
        return self.household_similarity + HOUSEHOLD_SPREAD

    @property
    def may_hold_relatives(self) -> bool:
        """Whether pairs were accepted that score no higher than relatives may."""
        return self.pairs_like_household > 0 and self.threshold < self.household_limit

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as plain values, without estimate and histogram."""
        content = asdict(self)
        for name in ("estimate", "score_chance", "expected", "no_estimate"):
            del content[name]
        return content


def _inputs(run: Mapping[str, Any]) -> dict[str, Any]:
    agreement, parameters = run["agreement"], run["parameters"]
    blocking = as_text(parameters["blocking"])
    names = [as_one_of(name, _BLOCKING) for name in blocking.split(",")]
    lsh: Mapping[str, Any] | None = parameters["lsh"]
    if (lsh is None) == ("lsh" in names):
        raise ValueError("parameters of another blocking")
    extends = parameters["extends"]
    return {
        "parties": tuple(
            PartyFacts(
                party=as_text(entry["party"]),
                file=as_text(entry["file"]),
                records=as_count(entry["records"]),
                rows_read=as_count(entry["rows_read"]),
                content_sha256=as_text(entry["content_sha256"]),
            )
            for entry in run["inputs"]
        ),
        "project": as_text(agreement["project"]),
        "profile": as_one_of(agreement.get("profile", "record"), _PROFILES),
        "fields": tuple(as_text(item["name"]) for item in agreement["field"]),
        "filter_bits": as_count(agreement["filter"]["bits"]),
        "hardening": as_text(agreement["hardening"]["method"]),
        "agreement_fingerprint": as_text(run["agreement_fingerprint"]),
        "blocking": blocking,
        "completeness": as_share(lsh["expected_completeness"]) if lsh is not None else None,
        "completeness_at_threshold": as_share(lsh["expected_completeness_at_threshold"])
        if lsh is not None
        else None,
        "completeness_checked": _checked(lsh.get("checked")) if lsh is not None else None,
        "assign": as_one_of(parameters["assign"], _RULES),
        "extends": None if extends is None else tuple(as_text(party) for party in extends),
        "software": {as_text(k): as_text(v) for k, v in run["software"].items()},
        "timings_s": {as_text(k): as_amount(v) for k, v in run["timings_s"].items()},
        "warnings": tuple(as_text(text) for text in run["warnings"]),
    }


def _checked(checked: Mapping[str, Any] | None) -> tuple[float, float, float] | None:
    if checked is None:
        return None
    return as_share(checked["found"]), as_share(checked["low"]), as_share(checked["high"])


def _counts(counts: Mapping[str, Any]) -> dict[str, Any]:
    names = (
        "pairs_possible",
        "pairs_compared",
        "pairs_over_threshold",
        "pairs_accepted",
        "pairs_in_links",
        "pairs_like_household",
        "links",
        "linked_records",
        "greedy_components",
        "ties",
        "largest_link",
    )
    passes = tuple(
        PassFacts(
            blocking=as_one_of(entry["blocking"], _BLOCKING),
            pairs_compared=as_count(entry["pairs_compared"]),
            links=as_count(entry["links"]),
        )
        for entry in counts["passes"]
    )
    if not passes:
        raise ValueError("a run has at least one pass")
    return {
        **{name: as_count(counts[name]) for name in names},
        "reduction_ratio": as_number(counts["reduction_ratio"]),
        "passes": passes,
    }


def _threshold(threshold: Mapping[str, Any]) -> dict[str, Any]:
    estimate = threshold["estimate"]
    histogram = threshold["histogram"]
    points = []
    for entry in estimate["curve"] if estimate is not None else []:
        names = ("threshold", "links", "expected_false", "precision", "recall", "f1")
        if any(entry[name] is None for name in names):
            continue  # nothing would be linked there, so that a rate is not defined
        points.append(EstimatePoint(**{name: as_amount(entry[name]) for name in names}))
    expected = None
    if estimate is not None:
        expected = _expected(estimate["quality"])
    chance = None
    if histogram is not None:
        best = tuple(as_amount(value) for value in histogram["best"])
        by_chance = tuple(as_amount(value) for value in histogram["chance"])
        if len(best) != len(by_chance) or not best:
            raise ValueError("histograms of different lengths")
        chance = ScoreChance(best=best, chance=by_chance)
    value = as_share(threshold["value"])
    return {
        "threshold": value,
        "threshold_method": as_one_of(threshold["method"], _METHODS),
        "threshold_basis": as_one_of(threshold["basis"], _BASES),
        "household_similarity": as_share(threshold["household_similarity"]),
        "no_estimate": None if (why := threshold.get("no_estimate")) is None else as_text(why),
        "floor": min(value, as_share(threshold["floor"])),
        "by_files": tuple(_file_pair(entry) for entry in threshold["by_files"]),
        "expected": expected,
        "estimate": tuple(sorted(points, key=lambda point: point.threshold)),
        "score_chance": chance,
    }


def _expected(quality: Mapping[str, Any]) -> ExpectedQuality:
    amounts = {name: as_amount(quality[name]) for name in ("links", "matches")}
    shares = ("precision", "precision_low", "precision_high", "recall", "recall_low", "recall_high")
    return ExpectedQuality(**amounts, **{name: as_share(quality[name]) for name in (*shares, "f1")})


def _file_pair(entry: Mapping[str, Any]) -> FilePair:
    return FilePair(
        party_a=as_text(entry["party_a"]),
        party_b=as_text(entry["party_b"]),
        matches=as_amount_or_none(entry["matches"]),
        basis=as_one_of(entry["basis"], _BASES),
    )
