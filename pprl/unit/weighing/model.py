"""What both profiles have in common: a model that is learnt from the files, and the scans that it plans.

This interface is all that the rest of the unit knows of a profile. :func:`pprl.unit.weighing.profiles.fit_model` gives
a model for the files at hand; :meth:`PairModel.plan` gives a scan with one blocking method, which finds pairs and
weighs them. The two kinds of model are in :mod:`pprl.unit.weighing.record.model` and
:mod:`pprl.unit.weighing.fields.model`.

Nothing changes a model or a scan once it is made, so their methods can be called in any order. Their mappings and
sequences can't be written to; arrays are not to be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp
from typing import Any, Literal, NamedTuple, Protocol

from pprl.base.arrays import Floats, Int64s
from pprl.exchange.links.run_entries import BestScores, BlockingMethod, LshParameters
from pprl.exchange.links.tables import Rows as TableRows
from pprl.unit.blocking.engine import Engine
from pprl.unit.blocking.keyless import Keyless
from pprl.unit.blocking.methods import ScanProgress
from pprl.unit.journal import Journal

__all__ = [
    "EVEN",
    "FIRST_MATCHES",
    "KEPT_BELOW",
    "NEAR",
    "NEAR_PROBABILITY",
    "REPEATED",
    "Basis",
    "Cost",
    "ExpectedMatches",
    "Found",
    "ModelError",
    "PairModel",
    "PlannedScan",
    "RowsOfFile",
    "Threshold",
    "TwoFiles",
]

EVEN = 0.5
"""Probability from which a pair is accepted unless a threshold is given: a link is then more likely right than
wrong."""

NEAR = 4.0
"""How far below even odds, as natural logarithm, pairs are kept for the statistician. Chosen: one in 55; not sensitive:
no link depends on it, only how far down the report can look."""

NEAR_PROBABILITY = 1 / (1 + exp(NEAR))
"""The same as a probability."""

FIRST_MATCHES = 0.3
"""Share of the smaller file's records that have a match, from which an EM starts. Chosen; EM moves it. How sensitive
the results are was not measured."""

KEPT_BELOW = 0.05
"""How far below a threshold of the operator's own scores are shown to the statistician. Chosen; not sensitive: no link
depends on it, only what is listed as near and how far down a curve goes."""

REPEATED = 0.02
"""Share of a file's records with another record of the same person in it, from which the file is taken to hold people
several times. Chosen; sensitive: a file with one copy in fifty is told, one in a hundred may or may not be."""

TwoFiles = tuple[int, int]
"""Places of two files among those of the run; of one file twice where its duplicates are looked for."""

RowsOfFile = Int64s | None
"""Rows of a file, ascending; None means all."""

Basis = Literal["estimated", "cautious", "customary"]


class ExpectedMatches(NamedTuple):
    """How many matches are expected between two files, and the least and the most that there may be."""

    number: float
    least: float
    most: float


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """The score from which a pair counts.

    Attributes:
        value: a similarity in the profile ``record``, a match probability in ``fields``.
        given: whether the operator or the agreement gave it; an automatic one is where the odds are even.
    """

    value: float
    given: bool


@dataclass(frozen=True, kw_only=True)
class ModelError:
    """How wrong a profile's estimates are beyond the scatter of chance; measured by ``benchmarks/intervals.py``.

    Attributes:
        precision, recall: standard deviation of its error, in log-odds.
        doubt: share of the matches outside of the links that may not be there; what looks like a few matches in a
            crowd is often the crowd's own shape.
        unseen: matches beyond those expected, as a share of the links: too unlike to show in any score.
    """

    precision: float
    recall: float
    doubt: float
    unseen: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """Pairs that may be matches.

    Attributes:
        left, right: ``int64[pairs]``, rows of the two files, sorted.
        score: ``float64[pairs]``, similarity in [0, 1]; in the profile ``fields`` there is none and it is NaN.
        log_ratio: ``float64[pairs]``, natural logarithm of the likelihood ratio m/u; the match weight, in bits, is this
            over the logarithm of 2.
        compared: pairs that were compared, a blocking pass.
    """

    left: Int64s
    right: Int64s
    score: Floats
    log_ratio: Floats
    compared: list[int]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a scan will cost: pairs to compare, pairs expected to be kept, seconds."""

    pairs: int
    kept: int
    seconds: float


class PlannedScan(Protocol):
    """One blocking method, planned for these files and floors."""

    @property
    def method(self) -> BlockingMethod:
        """The blocking method: ``exhaustive``, ``lsh`` or ``keys``."""

    def describe(self) -> LshParameters | None:
        """Return the blocking's parameters, for ``run.json``; None where it has none."""

    def keyless(self) -> Keyless | None:
        """Return which records have no blocking key; None where the blocking needs none."""

    def cost(self, a: int, b: int) -> Cost:
        """Return what :meth:`scan` will cost."""

    def scan(
        self,
        a: int,
        b: int,
        *,
        rows: tuple[RowsOfFile, RowsOfFile],
        journal: Journal,
        name: str,
        progress: ScanProgress,
    ) -> Found:
        """Find the pairs of two files (or of one with itself) that reach the floor of these files.

        Args:
            a, b: the files.
            rows: of each file that are looked at.
            journal: keeps what is found on the way, and has what an earlier attempt has found.
            name: of the scan, in the journal.
            progress: hears of the share done, pairs compared and pairs found, from this thread.
        """

    def unlisted(self, a: int, b: int) -> float:
        """Return how many matches are expected below the floor: no scan lists them."""


class PairModel(Protocol):
    """What one profile has learnt from the files."""

    @property
    def score_name(self) -> str:
        """What a score is, in words: a similarity or a match probability."""

    @property
    def parts(self) -> int:
        """How many parts the weight of a pair has; 0 where it has none. See :meth:`part_rows`."""

    @property
    def matches(self) -> Mapping[TwoFiles, ExpectedMatches]:
        """The expected matches of each pair of files."""

    @property
    def basis(self) -> Literal["estimated", "customary"]:
        """``customary`` when the files are too small to learn from, else ``estimated``."""

    @property
    def repeats(self) -> tuple[float, ...]:
        """For each file, the share of its records that seem to have a second record of the same person in it."""

    @property
    def converged(self) -> bool:
        """False when an EM ran out of iterations."""

    @property
    def error(self) -> ModelError:
        """How wrong the profile's estimates are."""

    @property
    def household_similarity(self) -> float | None:
        """The score to expect of two members of a household; None where scores do not tell them from matches."""

    def empty_fields(self) -> list[str]:
        """Return the fields for which no record of some file has a value, as far as the unit can see it."""

    def sparse(self, file: int, log_ratio: float) -> int:
        """Return how many records of a file hold too little for any pair of theirs to reach a log ratio."""

    def copies(self, file: int, one: Int64s, other: Int64s) -> Floats:
        """Return the log-odds that two records of one file are one person: ``float64[pairs]``, natural logarithm.

        Args:
            file: number of the file.
            one, other: ``int64[pairs]``, its rows.
        """

    def even_score(self, prior: Mapping[TwoFiles, float]) -> float:
        """Return the score that is even odds for a pair without rivals: the lowest over the pairs of files.

        Args:
            prior: for each pair of files, the natural logarithm of the prior odds.
        """

    def floors(
        self, prior: Mapping[TwoFiles, float], threshold: Threshold
    ) -> Mapping[TwoFiles, float]:
        """Return the least log ratio worth keeping, for each pair of files: near even odds, or a given threshold's."""

    def plan(
        self,
        blocking: BlockingMethod,
        *,
        floors: Mapping[TwoFiles, float],
        threshold: Threshold,
        completeness: float,
        engine: Engine | None,
    ) -> PlannedScan:
        """Plan a scan with one blocking method.

        Args:
            blocking: ``exhaustive``, ``lsh`` or ``keys``.
            floors: of the pairs of files that will be scanned, as :meth:`floors` gives them.
            threshold: the threshold in use.
            completeness: for ``lsh``, share of the matches over these floors that is to be compared.
            engine: compares instead of this machine; None if nothing does.

        Raises:
            UsageError: the agreement has no blocking passes, or the engine does not serve this profile.
        """

    def scores(self, similarity: Floats, probability: Floats) -> Floats:
        """Return the scores of pairs, which the threshold applies to: ``float64[pairs]``."""

    def evidence(self, score: Floats, log_odds: Floats, threshold: Threshold) -> Floats:
        """Return what the linking adds up: ``float64[pairs]``, above 0 where a given threshold is reached."""

    def lowest_score(self, floors: Mapping[TwoFiles, float], threshold: Threshold) -> float:
        """Return the lowest score of the pairs that are kept for the statistician."""

    def least_probability(self, threshold: Threshold) -> float:
        """Return the probability from which pairs that were not accepted are kept for the statistician."""

    def part_rows(self, left: Int64s, right: Int64s, offsets: Int64s) -> TableRows | None:
        """Return the parts of pairs' match weights as rows of ``explain.parquet``; None where a weight has no parts.

        Args:
            left, right: ``int64[pairs]``, records numbered over all files.
            offsets: ``int64[files + 1]``, where each file's records begin.
        """

    def describe(self) -> dict[str, Any]:
        """Return what was learnt, for ``run.json``."""

    def histogram(self) -> BestScores | None:
        """Return best scores seen and expected by chance, for the report; None where scores say nothing alone."""
