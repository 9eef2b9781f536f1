"""The model of the profile ``record``: one filter a record, one similarity a pair.

The similarity is the Tversky index ``4 c / (3 min + max)`` of the bits in common and the two numbers of bits set: Dice
where both are equally full, and more forgiving where one record lacks a field that the other has, which the unit can
see as a smaller number of bits but not field by field (Tversky 1977).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import combinations
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import numpy as np

from pprl.base.arrays import Floats, Int64s
from pprl.base.progress import ShareDone
from pprl.exchange.encoded.file import EncodedFile
from pprl.exchange.links.run_entries import BestScores, BlockingMethod, LshParameters
from pprl.kernels.dice import dice_pairs, dice_scan, histogram_and_best
from pprl.unit.blocking.choose import make_blocking
from pprl.unit.blocking.engine import Engine
from pprl.unit.blocking.keyless import Keyless
from pprl.unit.blocking.methods import (
    Blocking,
    PackedFile,
    ScanProgress,
    possible_pairs,
    scan_steps,
)
from pprl.unit.blocking.sampling import TINY, Scans, pairs_seen, sample_rows
from pprl.unit.journal import Journal
from pprl.unit.weighing.model import (
    FIRST_MATCHES,
    KEPT_BELOW,
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
from pprl.unit.weighing.record.held import most_told, telling_rows
from pprl.unit.weighing.record.household import household_similarity, relatives_similarity
from pprl.unit.weighing.record.inside import count_inside, customary_scores
from pprl.unit.weighing.record.scan import SIZES, RecordScan
from pprl.unit.weighing.record.scores import (
    BINS,
    ScoreModel,
    chance_alone,
    chance_inside,
    fit_between,
    fit_scores,
)

__all__ = ["RecordModel", "RecordPlannedScan", "fit_record_model"]

_CROWD = 20.0
"""Chance pairs a record, at most, among which matches are still looked for. Chosen; how sensitive the results are was
not measured."""

_DUPLICATE_MARGIN = 0.07
"""How far above the household score, which is a mean, a pair of one file must be to count as a duplicate. Chosen; how
sensitive the results are was not measured."""

_CHART_ROWS = 2000
"""Records whose best scores the report's chart shows. Chosen; not sensitive: no link depends on it."""

_LEAST_SCORE = 0.001
"""The lowest possible floor, one bin: a pair without a common bit is not listed."""

_GATHERED = 8.0
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
        most: for each file, the highest log ratio that a pair of each of its records can have, by what it holds.
        best: for each pair of files, the best scores of some records, for the report's chart.
        repeats: for each file, the share of its records that have another record of the same person in it.
        inside: for each file, what a score of two of its own records says.
        basis: ``customary`` when the files are too small to learn from.
        household_similarity: similarity to expect of two members of a household.
    """

    files: Sequence[EncodedFile]
    tables: Sequence[PackedFile]
    scores_of: Mapping[TwoFiles, ScoreModel]
    most: Sequence[Floats]
    best: Mapping[TwoFiles, Floats]
    repeats: tuple[float, ...]
    inside: tuple[ScoreModel, ...]
    basis: Literal["estimated", "customary"]
    household_similarity: float

    score_name: ClassVar[str] = "similarity"
    parts: ClassVar[int] = 0
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

    def copies(self, file: int, one: Int64s, other: Int64s) -> Floats:
        """By the scores inside the file, as if it alone were searched for duplicates."""
        words, fitted = self.tables[file].words, self.inside[file]
        score = dice_pairs(words, words, one, other, sizes=SIZES)
        possible = possible_pairs(self.tables[file], self.tables[file], same=True)
        prior = log_prior_odds(fitted.share * possible, (possible, 1.0), "many-to-many")
        return self.limited(fitted.of(score), (file, file), one, other) + prior

    def limited(self, log_ratio: Floats, pair: TwoFiles, left: Int64s, right: Int64s) -> Floats:
        """Return log ratios of pairs, limited to what their records can tell."""
        most = [self.most[file][rows] for file, rows in zip(pair, (left, right), strict=True)]
        return np.minimum(log_ratio, np.minimum(*most))

    def sparse(self, file: int, log_ratio: float) -> int:
        """By what they hold."""
        return int((self.most[file] < log_ratio).sum())

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
            floors=MappingProxyType(scores),
            pair_seconds=cache(partial(_measure_pair, self.tables)),
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
        pair_seconds: measures, when it is first called, how long a pair takes in a full scan.
    """

    model: RecordModel
    method: BlockingMethod
    blocking: Blocking
    floors: Mapping[TwoFiles, float]
    pair_seconds: Callable[[], float]

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
        seconds = self.blocking.seconds(
            one, other, same=same, pair_seconds=self.pair_seconds, gathered=_GATHERED
        )
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
        left = part.left if rows[0] is None else rows[0][part.left]
        right = part.right if rows[1] is None else rows[1][part.right]
        log_ratio = self.model.scores_of[a, b].of(part.value)
        return Found(
            left=left,
            right=right,
            score=part.value,
            log_ratio=self.model.limited(log_ratio, (a, b), left, right),
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
    agreement = files[0].agreement
    household = household_similarity(agreement)
    alone = len(files) == 1
    pairs = [(0, 0)] if alone else list(combinations(range(len(files)), 2))
    scans = Scans(progress, len(pairs) + (0 if alone else len(files)))
    most = [most_told(table.words, agreement) for table in tables]
    own = count_inside(
        [] if alone else tables,
        [] if alone else most,
        sample,
        scans,
        relatives=relatives_similarity(agreement),
    )
    seen, chance = own.seen, chance_inside(own.different, 2.0)
    fitted, best = {}, {}
    for a, b in pairs:
        small, large = (a, b) if len(tables[a]) <= len(tables[b]) else (b, a)
        rows = sample_rows(tables[small].words, sample, others=len(tables[large]))
        rows = telling_rows(rows, most[small])
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
        first = FIRST_MATCHES / max(len(tables[large]), 1)
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
        fitted = {pair: customary_scores(tables, *pair) for pair in fitted}
    return RecordModel(
        files=tuple(files),
        tables=tuple(tables),
        scores_of=MappingProxyType(fitted),
        most=tuple(np.full(len(table), np.inf) for table in tables) if tiny else tuple(most),
        best=MappingProxyType(best),
        repeats=own.repeats,
        inside=(
            tuple(customary_scores(tables, number, number) for number in range(len(tables)))
            if tiny
            else own.copies
        ),
        basis="customary" if tiny else "estimated",
        household_similarity=household,
    )


def _measure_pair(tables: Sequence[PackedFile]) -> float:
    """Return the seconds that a pair takes in a full scan, measured on a corner of the real data."""
    a, b = tables[0].words[:2000], tables[-1].words[:2000]
    seconds = []
    for _ in range(2):  # the first run compiles or loads the kernels
        start = time.perf_counter()
        dice_scan(a, b, threshold=0.99)
        seconds.append(time.perf_counter() - start)
    return min(seconds) / (len(a) * len(b))
