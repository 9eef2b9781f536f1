"""The model of the profile ``record``: one filter a record, one similarity a pair.

The similarity is the Tversky index ``4 c / (3 min + max)`` of the bits in common and the two numbers of bits set: Dice
where both are equally full, and more forgiving where one record lacks a field that the other has, which the unit can
see as a smaller number of bits but not field by field (Tversky 1977).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar, Literal

import numpy as np

from pprl.base.arrays import Floats, Int64s
from pprl.base.progress import ShareDone
from pprl.exchange.encoded.file import EncodedFile
from pprl.exchange.links.run_entries import BestScores, BlockingMethod, LshParameters
from pprl.kernels.dice import dice_scan, histogram_and_best, score_histogram
from pprl.unit.blocking.engine import Engine
from pprl.unit.blocking.keyless import Keyless
from pprl.unit.blocking.methods import (
    Blocking,
    Lsh,
    PackedFile,
    ScanProgress,
    make_blocking,
    possible_pairs,
    scan_steps,
)
from pprl.unit.blocking.sampling import TINY, Scans, pairs_seen, sample_rows
from pprl.unit.journal import Journal
from pprl.unit.weighing.model import (
    NEAR,
    NEAR_PROBABILITY,
    Cost,
    ExpectedMatches,
    Found,
    ModelError,
    RowsOfFile,
    Threshold,
    TwoFiles,
)
from pprl.unit.weighing.prior import log_prior_odds
from pprl.unit.weighing.record.agreeing import agreeing_matches
from pprl.unit.weighing.record.delegated import Delegated
from pprl.unit.weighing.record.household import household_similarity
from pprl.unit.weighing.record.scan import SIZES, RecordScan
from pprl.unit.weighing.record.scores import (
    BINS,
    ScoreModel,
    chance_alone,
    chance_inside,
    fit_between,
    fit_scores,
)

__all__ = ["KEPT_BELOW", "RecordModel", "RecordPlannedScan", "fit_record_model"]

_CROWD = 20.0
"""Chance pairs a record, at most, among which matches are still looked for. Chosen; how sensitive the results are was
not measured."""

_DUPLICATE_MARGIN = 0.07
"""How far above the household score, which is a mean, a pair of one file must be to count as a duplicate. Chosen; how
sensitive the results are was not measured."""

_REPEAT = 0.9
"""Score from which two records inside one file look like the same person twice. Chosen; how sensitive the results are
was not measured."""

_CUSTOMARY = 0.8
"""Score that counts as even odds in files too small to show how alike different people look. Chosen; how sensitive the
results are was not measured: only tiny files use it."""

KEPT_BELOW = 0.05
"""How far below a threshold of the operator's own pairs are kept. Chosen; not sensitive: no link depends on it, only
what is listed as near."""

_CHART_ROWS = 2000
"""Records whose best scores the report's chart shows. Chosen; not sensitive: no link depends on it."""

_LEAST_SCORE = 0.001
"""The lowest possible floor, one bin: a pair without a common bit is not listed."""

_GATHERED = 8
"""How many times as much a pair costs when it is fetched by a blocking key as in a full scan. Chosen from
timings of both; not sensitive: only the time announced beforehand depends on it."""

_SMALLEST_GAIN = 1e-6
"""What a pair at the very threshold counts in the linking: above 0, and less than any difference of scores. Chosen;
not sensitive."""

_ERROR = ModelError(precision=0.7, recall=0.6, doubt=0.5, unseen=0.01)
"""Chosen by ``benchmarks/intervals.py --choose`` and tested on other populations."""

_EVEN_PER_SCORE = 10.0
"""What each unit of score above a given threshold counts in the linking. Chosen; not sensitive: all pairs count
alike, so that only their order and their side of the threshold matter."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordModel:
    """See :class:`pprl.unit.weighing.model.PairModel`; made by :func:`fit_record_model`.

    Attributes:
        files: the encoded files.
        tables: the same as a scan sees them.
        scores_of: for each pair of files, what a score says.
        best: for each pair of files, the best scores of some records, for the report's chart.
        repeats: for each file, the share of its records with a near-twin in it.
        basis: ``customary`` when the files are too small to learn from.
        household_similarity: similarity to expect of two members of a household.
    """

    files: Sequence[EncodedFile]
    tables: Sequence[PackedFile]
    scores_of: Mapping[TwoFiles, ScoreModel]
    best: Mapping[TwoFiles, Floats]
    repeats: tuple[float, ...]
    basis: Literal["estimated", "customary"]
    household_similarity: float

    score_name: ClassVar[str] = "similarity"
    error: ClassVar[ModelError] = _ERROR

    @property
    def matches(self) -> Mapping[TwoFiles, ExpectedMatches]:
        """The share of matches that the scores show, of all pairs."""
        return {
            (a, b): ExpectedMatches(fitted.share * n, fitted.least * n, fitted.most * n)
            for (a, b), fitted in self.scores_of.items()
            for n in [self.possible(a, b)]
        }

    @property
    def converged(self) -> bool:
        """Whether every EM did."""
        return all(fitted.converged for fitted in self.scores_of.values())

    def possible(self, a: int, b: int) -> float:
        """Return the number of pairs of two files."""
        return float(possible_pairs(self.tables[a], self.tables[b], same=a == b))

    def empty_fields(self) -> list[str]:
        """None that can be seen: all fields are in one filter."""
        return []

    def even_score(self, prior: Mapping[TwoFiles, float]) -> float:
        """The lowest score of even odds."""
        return min(1.0, *(self.scores_of[pair].first_at(-odds) for pair, odds in prior.items()))

    def floors(
        self, prior: Mapping[TwoFiles, float], threshold: Threshold
    ) -> Mapping[TwoFiles, float]:
        """Near even odds; a little below a given threshold, as a mean over the pairs of files."""
        if not threshold.given:
            return {pair: -odds - NEAR for pair, odds in prior.items()}
        at = np.array([max(threshold.value - KEPT_BELOW, _LEAST_SCORE)])
        mean = float(np.mean([fitted.of(at)[0] for fitted in self.scores_of.values()]))
        return dict.fromkeys(prior, mean)

    def floor_score(self, a: int, b: int, floor: float, threshold: Threshold) -> float:
        """Return the score from which pairs of two files are looked at: above the crowd of chance pairs."""
        if threshold.given:  # whoever gave it wants those pairs, however many there are
            return float(max(threshold.value - KEPT_BELOW, 1 / BINS))
        fitted = self.scores_of[a, b]
        above = np.cumsum(fitted.other[::-1])[::-1] * self.possible(a, b)
        most = _CROWD * (len(self.tables[a]) + len(self.tables[b]))
        crowded = np.flatnonzero(above > most)
        least = (crowded[-1] + 1) / BINS if len(crowded) else 1 / BINS
        return float(min(max(fitted.first_at(floor) - 0.5 / BINS, least, 1 / BINS), 1.0))

    def plan(
        self,
        blocking: BlockingMethod,
        *,
        floors: Mapping[TwoFiles, float],
        threshold: Threshold,
        completeness: float,
        engine: Engine | None,
    ) -> RecordPlannedScan:
        """Plan the blocking, for the engine where there is one."""
        scores = {pair: self.floor_score(*pair, floor, threshold) for pair, floor in floors.items()}
        method = make_blocking(
            blocking,
            self.files,
            self.tables,
            completeness=completeness,
            agreeing=lambda: agreeing_matches(self, scores),
        )
        return RecordPlannedScan(
            model=self,
            method=blocking,
            blocking=method if engine is None else Delegated(method, engine),
            floors=scores,
            rate=0.0 if isinstance(method, Lsh) else _measure_rate(self.tables),
        )

    def scores(self, similarity: Floats, probability: Floats) -> Floats:
        """The similarities."""
        return similarity

    def evidence(self, score: Floats, log_odds: Floats, threshold: Threshold) -> Floats:
        """How far the score is above the threshold, whatever the odds: whoever gave it wants those pairs."""
        gain = _EVEN_PER_SCORE * (score - threshold.value)
        return np.where(
            score >= threshold.value, gain + _SMALLEST_GAIN, np.minimum(gain, -_SMALLEST_GAIN)
        )

    def lowest_score(self, floors: Mapping[TwoFiles, float], threshold: Threshold) -> float:
        """The score of the floors."""
        if threshold.given:
            return max(threshold.value - KEPT_BELOW, _LEAST_SCORE)
        least = min(self.scores_of[pair].first_at(floor) for pair, floor in floors.items())
        return min(max(least, _LEAST_SCORE), threshold.value)

    def least_probability(self, threshold: Threshold) -> float:
        """All pairs that were kept are of interest to whoever gave a threshold."""
        return 0.0 if threshold.given else NEAR_PROBABILITY

    def part_rows(self, left: Int64s, right: Int64s, offsets: Int64s) -> None:
        """No parts: the similarity is of the whole record."""
        return

    def describe(self) -> dict[str, Any]:
        """The similarity's index."""
        return {
            "similarity": {"index": "Tversky", "smaller": SIZES[0], "larger": SIZES[1]},
            "converged": self.converged,
        }

    def histogram(self) -> BestScores | None:
        """Best scores of a sample of records, and what chance would make of them."""
        best, chance = np.zeros(100, np.int64), np.zeros(100)
        for (a, b), fitted in self.scores_of.items():
            others = max(len(self.tables[a]), len(self.tables[b])) - (a == b)
            best += np.histogram(self.best[a, b], bins=100, range=(0, 1))[0]
            above = np.cumsum(fitted.other[::-1])[::-1] * max(others, 1)
            chance += np.diff(np.append(np.exp(-above)[::10], 1.0)) * len(self.best[a, b])
        return BestScores(
            bins=100,
            best=tuple(int(n) for n in best),
            chance=tuple(round(float(n), 2) for n in chance),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordPlannedScan:
    """See :class:`pprl.unit.weighing.model.PlannedScan`.

    Attributes:
        model: what was learnt.
        method: the blocking method's name.
        blocking: chooses the pairs that are compared.
        floors: for each pair of files, the least score that is looked for.
        rate: comparisons a second; 0 for an LSH, which knows its own costs.
    """

    model: RecordModel
    method: BlockingMethod
    blocking: Blocking
    floors: Mapping[TwoFiles, float]
    rate: float

    def describe(self) -> LshParameters | None:
        """As the blocking does."""
        return self.blocking.describe()

    def keyless(self) -> Keyless | None:
        """As the blocking does."""
        return self.blocking.keyless()

    def cost(self, a: int, b: int) -> Cost:
        """Pairs, kept pairs and seconds."""
        model, same = self.model, a == b
        one, other = model.tables[a], model.tables[b]
        pairs = self.blocking.expect(one, other, same=same)
        by_chance = model.scores_of[a, b].other[int(self.floors[a, b] * BINS) :].sum()
        kept = min(pairs, int(by_chance * model.possible(a, b) + model.matches[a, b].number))
        if isinstance(self.blocking, Lsh):
            seconds = self.blocking.seconds(one, other, same=same)
        else:
            in_full = self.blocking.in_full(one, other, same=same)
            seconds = (in_full + (pairs - in_full) * _GATHERED) / max(self.rate, 1.0)
        return Cost(pairs=pairs, kept=kept, seconds=seconds)

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
        """Compare through the blocking."""
        tables = self.model.tables
        one, other = tables[a].take(rows[0]), tables[b].take(rows[1])
        scan = RecordScan(one, other, floor=self.floors[a, b], same=a == b)
        steps = self.blocking.steps(one, other, same=a == b)
        part, compared = scan_steps(steps, scan, journal=journal, name=name, progress=progress)
        return Found(
            left=part.left if rows[0] is None else rows[0][part.left],
            right=part.right if rows[1] is None else rows[1][part.right],
            score=part.value,
            log_ratio=self.model.scores_of[a, b].of(part.value),
            compared=compared,
        )

    def unlisted(self, a: int, b: int) -> float:
        """Matches whose score is too low."""
        model = self.model
        below = model.scores_of[a, b].match[: int(self.floors[a, b] * BINS)].sum()
        return float(below) * model.matches[a, b].number


def fit_record_model(
    files: Sequence[EncodedFile], *, sample: int, progress: ShareDone | None = None
) -> RecordModel:
    """Learn what scores say from the files.

    Args:
        files: encoded files of one agreement with the profile ``record``.
        sample: records of a file to scan, at most.
        progress: called with the share done.
    """
    tables = [PackedFile.of(file) for file in files]
    household = household_similarity(files[0].agreement)
    alone = len(files) == 1
    pairs = [(0, 0)] if alone else list(combinations(range(len(files)), 2))
    scans = Scans(progress, len(pairs) + (0 if alone else len(files)))
    inside, seen, repeats = _count_inside([] if alone else tables, sample, scans)
    chance = chance_inside(inside, 2.0)
    fitted, best = {}, {}
    for a, b in pairs:
        small, large = (a, b) if len(tables[a]) <= len(tables[b]) else (b, a)
        rows = sample_rows(tables[small].words, sample, others=len(tables[large]))
        counts, largest = histogram_and_best(
            tables[small].words,
            tables[large].words,
            rows,
            bins=BINS,
            exclude_self=alone,
            sizes=SIZES,
            progress=scans.next(),
        )
        best[a, b] = largest[sample_rows(tables[small].words[rows], _CHART_ROWS)]
        first = 0.3 / max(len(tables[large]), 1)
        if alone:
            size = len(tables[0])
            seen = pairs_seen(size, len(rows))
            chance = chance_alone(counts, size, relatives=household + _DUPLICATE_MARGIN)
            fitted[a, b] = fit_scores(counts, chance, first=first)
        else:
            sizes = (len(tables[a]), len(tables[b]))
            fitted[a, b] = fit_between(counts, chance, sizes=sizes, first=first)
    tiny = seen < TINY
    if tiny:
        fitted = {pair: _customary(tables, *pair) for pair in fitted}
    return RecordModel(
        files=list(files),
        tables=tables,
        scores_of=fitted,
        best=best,
        repeats=tuple(repeats),
        basis="customary" if tiny else "estimated",
        household_similarity=household,
    )


def _count_inside(
    tables: Sequence[PackedFile], sample: int, scans: Scans
) -> tuple[Int64s, int, list[float]]:
    """Count the scores inside the files, each file alone.

    Returns:
        ``int64[BINS]``; how many pairs were looked at; and for each file, the share of the sampled records with a
        near-twin.
    """
    inside, seen, repeats = np.zeros(BINS, np.int64), 0, []
    for table in tables:
        rows = sample_rows(table.words, sample)
        own = score_histogram(
            table.words,
            table.words,
            rows,
            bins=BINS,
            exclude_self=True,
            sizes=SIZES,
            progress=scans.next(),
        )
        # A file scanned whole shows each pair twice; a sample's pairs count twice too, so that files weigh alike.
        inside += own if len(rows) == len(table) else 2 * own
        seen += pairs_seen(len(table), len(rows))
        repeats.append(float(own[round(_REPEAT * BINS) :].sum()) / max(len(rows), 1))
    return inside, seen, repeats


def _customary(tables: Sequence[PackedFile], a: int, b: int) -> ScoreModel:
    """Return weights that make the customary score even odds, for files that can't show what chance does."""
    score = (np.arange(BINS) + 0.5) / BINS
    space = max(possible_pairs(tables[a], tables[b], same=a == b), 1)
    share = min(0.3 * min(len(tables[a]), len(tables[b])) / space, 0.5)
    odds = log_prior_odds(share * space, (len(tables[a]), len(tables[b])), "one-to-one")
    match = np.where(score >= _CUSTOMARY, 1.0, 1e-12)
    return ScoreModel(
        log_ratio=60.0 * (score - _CUSTOMARY) - odds,
        match=match / match.sum(),
        other=np.full(BINS, 1 / BINS),
        share=share,
        least=0.0,
        most=share,
        converged=True,
    )


def _measure_rate(tables: Sequence[PackedFile]) -> float:
    """Return comparisons a second, measured on a corner of the real data."""
    a, b = tables[0].words[:2000], tables[-1].words[:2000]
    seconds = []
    for _ in range(2):  # the first run compiles or loads the kernels
        start = time.perf_counter()
        dice_scan(a, b, threshold=0.99)
        seconds.append(time.perf_counter() - start)
    return len(a) * len(b) / max(min(seconds), 1e-6)
