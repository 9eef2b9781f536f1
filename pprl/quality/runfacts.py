"""What ``run.json`` says of a run, checked and typed, for the pages that show it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from numbers import Integral, Real
from typing import Any

from pprl.errors import LinksError
from pprl.exchange.links import HOUSEHOLD_SPREAD

__all__ = ["EstimatePoint", "FilePair", "PartyFacts", "RunFacts", "ScoreChance"]

_BASES = ("estimated", "cautious", "customary", "given")
_RULES = ("one-to-one", "one-to-many", "many-to-many")
_BLOCKING = ("exhaustive", "keys", "lsh")
_FEW_LINKS = 30
_GRID = 0.001 + 1e-9  # the unit reckons its estimate in steps of 0.001


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
class FilePair:
    """What the unit says of two of the files.

    Attributes:
        links: linked pairs to expect between them.
        expected_false: wrong ones to expect among them; None without an estimate.
        matches: matches to expect between the two files; None without an estimate.
        basis: as :attr:`RunFacts.threshold_basis`, for these two files.
    """

    party_a: str
    party_b: str
    links: float | None
    expected_false: float | None
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
        threshold_basis: how the threshold came about: ``estimated`` (by the likeness of different people inside the
            files), ``cautious`` (no more matches in sight than chance makes), ``customary`` (files too small for an
            estimate) or ``given``.
        household_dice: Dice coefficient to expect of two members of a household.
        completeness: share of the matches that an LSH is expected to compare; None for another blocking.
        completeness_at_threshold: the same of matches that score just the threshold.
        pairs_in_links: pairs of records that share a link id.
        pairs_like_household: accepted pairs that score less than :attr:`household_limit`.
        links: groups of records that share a link id.
        no_estimate: why the run could make no estimate; None where it made one, or gave no reason.
        by_files: one entry for every two files; empty for one file.
        expected_matches: pairs of records of one person, as the run estimates; None without an estimate.
        estimate: by ascending threshold; empty where the run could make none.
    """

    parties: tuple[PartyFacts, ...]
    project: str
    fields: tuple[str, ...]
    filter_bits: int
    hardening: str
    agreement_fingerprint: str
    threshold: float
    threshold_basis: str
    household_dice: float
    floor: float
    blocking: str
    completeness: float | None
    completeness_at_threshold: float | None
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
    software: Mapping[str, str]
    timings_s: Mapping[str, float]
    warnings: tuple[str, ...]
    by_files: tuple[FilePair, ...]
    no_estimate: str | None
    expected_matches: float | None
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
    def household_limit(self) -> float:
        """The score up to which a pair may as well be two members of a household."""
        return self.household_dice + HOUSEHOLD_SPREAD

    @property
    def may_hold_relatives(self) -> bool:
        """Whether pairs were accepted that score no higher than relatives may."""
        return self.pairs_like_household > 0 and self.threshold < self.household_limit

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as plain values, without estimate and histogram."""
        content = asdict(self)
        for name in ("estimate", "score_chance", "expected_matches", "no_estimate"):
            del content[name]
        return content

    def estimate_at_threshold(self) -> EstimatePoint | None:
        """Return the estimate at the used threshold, between neighbouring points by straight line.

        None where the run made no estimate or the threshold lies outside of its curve.
        """
        points = self.estimate
        nearest = min(points, key=lambda p: abs(p.threshold - self.threshold), default=None)
        if nearest is not None and abs(nearest.threshold - self.threshold) <= _GRID:
            return nearest
        if not points or not points[0].threshold <= self.threshold <= points[-1].threshold:
            return None
        after = next(i for i, point in enumerate(points) if point.threshold >= self.threshold)
        left, right = points[after - 1], points[after]
        share = (self.threshold - left.threshold) / (right.threshold - left.threshold)
        names = ("links", "expected_false", "precision", "recall", "f1")
        between = {
            name: getattr(left, name) * (1 - share) + getattr(right, name) * share for name in names
        }
        return EstimatePoint(threshold=self.threshold, **between)

    def few_links(self) -> bool:
        """Whether so few links are expected at the used threshold that a percentage of them says little."""
        point = self.estimate_at_threshold()
        return point is not None and point.links < _FEW_LINKS


def _number(value: Any) -> float:
    """Return a finite number; a text or a truth value is none."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(float(value)):
        raise TypeError("not a finite number")
    return float(value)


def _share(value: Any) -> float:
    number = _number(value)
    if not 0 <= number <= 1:
        raise ValueError("not between 0 and 1")
    return number


def _amount(value: Any) -> float:
    number = _number(value)
    if number < 0:
        raise ValueError("below 0")
    return number


def _amount_or_none(value: Any) -> float | None:
    return None if value is None else _amount(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 0:
        raise TypeError("not a count")
    return int(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _one_of(value: Any, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError("not one of the words that the format knows")
    return str(value)


def _inputs(run: Mapping[str, Any]) -> dict[str, Any]:
    agreement, parameters = run["agreement"], run["parameters"]
    blocking = _one_of(parameters["blocking"], _BLOCKING)
    lsh: Mapping[str, Any] | None = parameters["lsh"]
    if (lsh is None) == (blocking == "lsh"):
        raise ValueError("parameters of another blocking")
    return {
        "parties": tuple(
            PartyFacts(
                party=_text(entry["party"]),
                file=_text(entry["file"]),
                records=_count(entry["records"]),
                rows_read=_count(entry["rows_read"]),
                content_sha256=_text(entry["content_sha256"]),
            )
            for entry in run["inputs"]
        ),
        "project": _text(agreement["project"]),
        "fields": tuple(_text(item["name"]) for item in agreement["field"]),
        "filter_bits": _count(agreement["filter"]["bits"]),
        "hardening": _text(agreement["hardening"]["method"]),
        "agreement_fingerprint": _text(run["agreement_fingerprint"]),
        "blocking": blocking,
        "completeness": _share(lsh["expected_completeness"]) if lsh is not None else None,
        "completeness_at_threshold": _share(lsh["expected_completeness_at_threshold"])
        if lsh is not None
        else None,
        "assign": _one_of(parameters["assign"], _RULES),
        "software": {_text(k): _text(v) for k, v in run["software"].items()},
        "timings_s": {_text(k): _amount(v) for k, v in run["timings_s"].items()},
        "warnings": tuple(_text(text) for text in run["warnings"]),
    }


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
    )
    return {
        **{name: _count(counts[name]) for name in names},
        "reduction_ratio": _number(counts["reduction_ratio"]),
        "greedy_components": _count(counts.get("greedy_components", 0)),
    }


def _threshold(threshold: Mapping[str, Any]) -> dict[str, Any]:
    estimate = threshold["estimate"]
    histogram = threshold["histogram"]
    points = []
    for entry in estimate["curve"] if estimate is not None else []:
        names = ("threshold", "links", "expected_false", "precision", "recall", "f1")
        if any(entry[name] is None for name in names):
            continue  # nothing would be linked there, so that a rate is not defined
        points.append(EstimatePoint(**{name: _amount(entry[name]) for name in names}))
    chance = None
    if histogram is not None:
        best = tuple(_amount(value) for value in histogram["best"])
        by_chance = tuple(_amount(value) for value in histogram["chance"])
        if len(best) != len(by_chance) or not best:
            raise ValueError("histograms of different lengths")
        chance = ScoreChance(best=best, chance=by_chance)
    value = _share(threshold["value"])
    return {
        "threshold": value,
        "threshold_basis": _one_of(threshold["basis"], _BASES),
        "household_dice": _share(threshold["household_dice"]),
        "no_estimate": None if (why := threshold.get("no_estimate")) is None else _text(why),
        "floor": min(value, _share(threshold["floor"])),
        "by_files": tuple(_file_pair(entry) for entry in threshold["by_files"]),
        "expected_matches": _amount(estimate["matches"]) if estimate is not None else None,
        "estimate": tuple(sorted(points, key=lambda point: point.threshold)),
        "score_chance": chance,
    }


def _file_pair(entry: Mapping[str, Any]) -> FilePair:
    return FilePair(
        party_a=_text(entry["party_a"]),
        party_b=_text(entry["party_b"]),
        links=_amount_or_none(entry["links"]),
        expected_false=_amount_or_none(entry["expected_false"]),
        matches=_amount_or_none(entry["matches"]),
        basis=_one_of(entry["basis"], _BASES),
    )
