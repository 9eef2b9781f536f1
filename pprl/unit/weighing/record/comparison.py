"""Comparing in the profile ``record``: one filter a record, one similarity a pair.

The similarity is the Tversky index ``4 c / (3 min + max)`` of the bits in common and the two numbers of bits set: Dice
where both are equally full, and more forgiving where one record lacks a field that the other has, which the unit can
see as a smaller number of bits but not field by field (Tversky 1977).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from pprl.exchange.encoded.file import EncodedFile
from pprl.kernels.dice import dice_scan, histogram_and_best, popcounts, score_histogram
from pprl.unit.blocking.engine import Engine
from pprl.unit.blocking.methods import (
    Agreeing,
    Blocking,
    Exhaustive,
    Lsh,
    Side,
    StepProgress,
    make_blocking,
    possible_pairs,
    scan_steps,
)
from pprl.unit.blocking.sampling import (
    SAMPLE,
    TINY,
    Scans,
    content_rank,
    pairs_seen,
    sample_rows,
)
from pprl.unit.journal import Journal
from pprl.unit.linking.rivals import log_activity
from pprl.unit.weighing.comparison import Basis, Found, Rows, Work
from pprl.unit.weighing.record.delegated import Delegated
from pprl.unit.weighing.record.household import household_similarity
from pprl.unit.weighing.record.scan import SIZES, RecordScan
from pprl.unit.weighing.record.scores import (
    BINS,
    ScoreWeights,
    carried_over,
    chance_alone,
    chance_inside,
    fit_scores,
)

__all__ = ["KEPT_BELOW", "SIZES", "RecordComparison", "fit_record"]

_CROWD = 20.0
"""Chance pairs a record, at most, among which matches are still looked for."""

_DUPLICATE_MARGIN = 0.07
"""How far above the household score, which is a mean, a pair of one file must be to count as a duplicate."""

_REPEAT = 0.9
"""Score from which two records inside one file look like the same person twice."""

_CUSTOMARY = 0.8
"""Score that counts as even odds in files too small to show how alike different people look."""

KEPT_BELOW = 0.05
"""How far below a threshold of the operator's own pairs are kept."""

_CHART_ROWS = 2000

_SHOWN = 2_000_000_000
"""Pairs that the scan of a sample may cost that shows an LSH how alike matches are."""

_COSTS = 100.0, 2.5
"""Nanoseconds that an LSH takes for a record of a table (bucket, order, fetching) and for a pair, measured."""

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]


class RecordComparison:
    """See :class:`pprl.unit.weighing.comparison.Comparison`; made by :func:`fit_record`."""

    def __init__(
        self,
        files: Sequence[EncodedFile],
        sides: Sequence[Side],
        weights: Mapping[tuple[int, int], ScoreWeights],
        *,
        best: Mapping[tuple[int, int], Floats],
        repeats: tuple[float, ...],
        tiny: bool,
        household: float,
    ) -> None:
        self._files = list(files)
        self._sides = list(sides)
        self._weights = dict(weights)
        self._best = dict(best)
        self._repeats = repeats
        self._tiny = tiny
        self._rate = 0.0
        self._kept: float | None = None
        self._engine: Engine | None = None
        self.household = household

    @property
    def matches(self) -> Mapping[tuple[int, int], tuple[float, float, float]]:
        """Expected matches, the least and the most."""
        return {
            (a, b): (w.share * n, w.least * n, w.most * n)
            for (a, b), w in self._weights.items()
            for n in [self._possible(a, b)]
        }

    @property
    def basis(self) -> Basis:
        """``customary`` for tiny files."""
        return "customary" if self._tiny else "estimated"

    @property
    def repeats(self) -> tuple[float, ...]:
        """Share of records with a near-twin, a file."""
        return self._repeats

    @property
    def converged(self) -> bool:
        """Whether every EM did."""
        return all(weights.converged for weights in self._weights.values())

    def _possible(self, a: int, b: int) -> float:
        return float(possible_pairs(self._sides[a], self._sides[b], same=a == b))

    def _weights_of(self, a: int, b: int) -> ScoreWeights:
        return self._weights[a, b]

    def plan_blocking(
        self, name: str, *, floors: Mapping[tuple[int, int], float], recall: float
    ) -> Blocking:
        """Plan it, for the engine where there is one."""
        made = make_blocking(
            name,
            self._files,
            self._sides,
            recall=recall,
            agreeing=lambda: self._agreeing(floors),
        )
        return made if self._engine is None else Delegated(made, self._engine)

    def _agreeing(self, floors: Mapping[tuple[int, int], float]) -> Agreeing:
        """Return how alike matches are, from samples of records compared with everybody and from the fitted scores."""
        ones, others, probabilities, records = [], [], [], []
        for (a, b), least in floors.items():
            found = self._sampled(a, b, self._floor(a, b, least), work=_SHOWN // len(floors))
            ones.append(found[0])
            others.append(found[1])
            probabilities.append(found[2])
            records.append(found[3])
        # Of the files, those with the fullest filters need the most tables at any width: a similarity stands for the
        # more differing bits, the more bits are set.
        a, b = max(
            floors,
            key=lambda pair: sum(float(popcounts(self._sides[n].words).mean()) for n in pair),
        )
        floor = self._floor(a, b, floors[a, b])
        weights = self._weights_of(a, b)
        small, large = sorted((self._sides[a].words, self._sides[b].words), key=len)
        bits = self._files[0].agreement.filter_bits()
        generator = np.random.default_rng(1)
        some = [
            popcounts(words)[generator.integers(0, len(words), 20_000)] for words in (small, large)
        ]
        total = float(np.mean(some[0] + some[1]))
        gap = float(np.mean(np.abs(some[0] - some[1])))
        middle = (np.arange(BINS) + 0.5) / BINS

        def agree(at: Any) -> Any:
            # 2 |A xor B| = 2 (|A| + |B|) - s (3 min + max), and 3 min + max = 2 (|A| + |B|) - ||A| - |B||.
            return np.clip(1 - ((1 - at) * total + at * gap / 2) / bits, 0.0, 1.0)

        return Agreeing(
            a=small,
            b=large,
            one=np.concatenate(ones),
            other=np.concatenate(others),
            probability=np.concatenate(probabilities),
            record=np.concatenate(records),
            share=np.asarray(agree(middle)),
            weight=np.where(middle < floor, 0.0, weights.match),
            lowest=float(agree(floor)),
            costs=_COSTS,
        )

    def _sampled(
        self, a: int, b: int, floor: float, *, work: int
    ) -> tuple[Words, Words, Floats, Int64s]:
        """Return filters of pairs of some records with everybody, how likely each is a match, and whose pair it is."""
        small, large = (a, b) if len(self._sides[a]) <= len(self._sides[b]) else (b, a)
        one, other = self._sides[small].words, self._sides[large].words
        rows = sample_rows(one, SAMPLE, others=len(other), work=work)
        place, right, score = dice_scan(one[rows], other, threshold=floor, sizes=SIZES)
        left, rank = rows[place], content_rank(one[rows])
        if a == b:
            # Two sampled records find each other twice.
            once = (left < right) | ((left > right) & ~np.isin(right, rows))
            left, right, score, place = left[once], right[once], score[once], place[once]
        weights = self._weights_of(a, b)
        odds = weights.of(score) + np.log(max(weights.share, 1e-300))
        return one[left], other[right], 1 / (1 + np.exp(-np.clip(odds, -60, 60))), rank[place]

    def work(self, a: int, b: int, *, blocking: Blocking, floor: float) -> Work:
        """Pairs, kept pairs and seconds."""
        same = a == b
        pairs = blocking.expect(self._sides[a], self._sides[b], same=same)
        score = self._floor(a, b, floor)
        other = self._weights_of(a, b).other[int(score * BINS) :].sum()
        kept = min(pairs, int(other * self._possible(a, b) + self.matches[a, b][0]))
        if isinstance(blocking, Lsh):
            seconds = blocking.seconds(self._sides[a], self._sides[b], same=same)
            return Work(pairs=pairs, kept=kept, seconds=seconds)
        if not self._rate:
            self._rate = _measure_rate(self._sides)
        # A gathered pair costs several times what one in a full scan does.
        slow = 1 if isinstance(blocking, Exhaustive) else 8
        return Work(pairs=pairs, kept=kept, seconds=pairs / max(self._rate, 1.0) * slow)

    def delegate(self, engine: Engine) -> None:
        """Let an engine scan what :meth:`plan_blocking` plans from now on."""
        self._engine = engine

    def keep_from(self, score: float) -> None:
        """Keep all pairs of at least this score, and those a little below, however many they are."""
        self._kept = score

    def _floor(self, a: int, b: int, floor: float) -> float:
        """Return the score from which pairs are looked at: not where chance pairs crowd in."""
        weights = self._weights_of(a, b)
        above = np.cumsum(weights.other[::-1])[::-1] * self._possible(a, b)
        most = _CROWD * (len(self._sides[a]) + len(self._sides[b]))
        crowded = np.flatnonzero(above > most)
        least = (crowded[-1] + 1) / BINS if len(crowded) else 1 / BINS
        if self._kept is not None:
            return float(max(self._kept - KEPT_BELOW, 1 / BINS))
        return float(min(max(weights.first_at(floor) - 0.5 / BINS, least, 1 / BINS), 1.0))

    def scan(
        self,
        a: int,
        b: int,
        *,
        blocking: Blocking,
        floor: float,
        rows: tuple[Rows, Rows],
        journal: Journal,
        name: str,
        progress: StepProgress,
    ) -> Found:
        """Compare through the blocking."""
        one, other = self._sides[a].take(rows[0]), self._sides[b].take(rows[1])
        scan = RecordScan(one, other, floor=self._floor(a, b, floor), same=a == b)
        steps = blocking.steps(one, other, same=a == b)
        part, compared = scan_steps(steps, scan, journal=journal, name=name, progress=progress)
        return Found(
            left=part.left if rows[0] is None else rows[0][part.left],
            right=part.right if rows[1] is None else rows[1][part.right],
            score=part.value,
            weight=self._weights_of(a, b).of(part.value),
            compared=compared,
        )

    def hidden(self, a: int, b: int, *, floor: float) -> float:
        """Matches below the floor."""
        score = self._floor(a, b, floor)
        return (
            float(self._weights_of(a, b).match[: int(score * BINS)].sum()) * self.matches[a, b][0]
        )

    def score_at(self, a: int, b: int, weight: float) -> float:
        """The lowest score of that weight."""
        return self._weights_of(a, b).first_at(weight)

    def weight_at(self, score: float) -> float:
        """The weight of a score, the mean over pairs of files."""
        at = np.array([score])
        return float(np.mean([weights.of(at)[0] for weights in self._weights.values()]))

    def describe(self) -> dict[str, Any]:
        """The similarity and the share of matches between every two files."""
        return {
            "similarity": {"index": "Tversky", "smaller": SIZES[0], "larger": SIZES[1]},
            "converged": self.converged,
        }

    def histogram(self) -> dict[str, Any] | None:
        """Best scores of a sample of records, and what chance would make of them."""
        best, chance = np.zeros(100, np.int64), np.zeros(100)
        for (a, b), weights in self._weights.items():
            others = max(len(self._sides[a]), len(self._sides[b])) - (a == b)
            best += np.histogram(self._best[a, b], bins=100, range=(0, 1))[0]
            above = np.cumsum(weights.other[::-1])[::-1] * max(others, 1)
            chance += np.diff(np.append(np.exp(-above)[::10], 1.0)) * len(self._best[a, b])
        return {
            "bins": 100,
            "best": [int(n) for n in best],
            "chance": [round(float(n), 2) for n in chance],
        }


def fit_record(
    files: Sequence[EncodedFile], *, sample: int, progress: Callable[[float], None] | None = None
) -> RecordComparison:
    """Learn what scores say from the files.

    Args:
        files: encoded files of one agreement with the profile ``record``.
        sample: records a file to scan at most.
        progress: called with the share done.
    """
    sides = [Side.of(file) for file in files]
    household = household_similarity(files[0].agreement)
    alone = len(files) == 1
    pairs = [(0, 0)] if alone else list(combinations(range(len(files)), 2))
    scans = Scans(progress, len(pairs) + (0 if alone else len(files)))
    inside, seen, repeats = np.zeros(BINS, np.int64), 0, []
    for side in [] if alone else sides:
        rows = sample_rows(side.words, sample)
        own = score_histogram(
            side.words,
            side.words,
            rows,
            bins=BINS,
            exclude_self=True,
            sizes=SIZES,
            progress=scans.next(),
        )
        # A file scanned whole shows each pair twice; a sample's pairs count twice too, so that files weigh alike.
        inside += own if len(rows) == len(side) else 2 * own
        seen += pairs_seen(len(side), len(rows))
        repeats.append(float(own[round(_REPEAT * BINS) :].sum()) / max(len(rows), 1))
    chance = chance_inside(inside, 2.0)
    weights, best = {}, {}
    for a, b in pairs:
        small, large = (a, b) if len(sides[a]) <= len(sides[b]) else (b, a)
        rows = sample_rows(sides[small].words, sample, others=len(sides[large]))
        counts, largest = histogram_and_best(
            sides[small].words,
            sides[large].words,
            rows,
            bins=BINS,
            exclude_self=alone,
            sizes=SIZES,
            progress=scans.next(),
        )
        best[a, b] = largest[sample_rows(sides[small].words[rows], _CHART_ROWS)]
        if alone:
            size = len(sides[0])
            chance = chance_alone(counts, size, relatives=household + _DUPLICATE_MARGIN)
            seen = pairs_seen(size, len(rows))
        first = 0.3 / max(len(sides[large]), 1)
        if alone:
            weights[a, b] = fit_scores(counts, chance, first=first)
            continue
        both = (len(sides[a]), len(sides[b]))
        known = np.zeros(BINS)
        for _ in range(2):
            of_pair = carried_over(chance, counts, sizes=both, matches=known)
            weights[a, b] = fit_scores(counts, of_pair, first=first)
            known = weights[a, b].share * weights[a, b].match * float(counts.sum())
    tiny = seen < TINY
    if tiny:
        weights = {key: _customary(sides, *key) for key in weights}
    return RecordComparison(
        files, sides, weights, best=best, repeats=tuple(repeats), tiny=tiny, household=household
    )


def _customary(sides: Sequence[Side], a: int, b: int) -> ScoreWeights:
    """Return weights that make the customary score even odds, for files that can't show what chance does."""
    score = (np.arange(BINS) + 0.5) / BINS
    space = max(possible_pairs(sides[a], sides[b], same=a == b), 1)
    share = min(0.3 * min(len(sides[a]), len(sides[b])) / space, 0.5)
    odds = log_activity(share * space, (len(sides[a]), len(sides[b])), "one-to-one")
    match = np.where(score >= _CUSTOMARY, 1.0, 1e-12)
    return ScoreWeights(
        weight=60.0 * (score - _CUSTOMARY) - odds,
        match=match / match.sum(),
        other=np.full(BINS, 1 / BINS),
        share=share,
        least=0.0,
        most=share,
        converged=True,
    )


def _measure_rate(sides: Sequence[Side]) -> float:
    """Return comparisons a second, measured on a corner of the real data."""
    a, b = sides[0].words[:2000], sides[-1].words[:2000]
    seconds = []
    for _ in range(2):  # the first time kernels are compiled or loaded
        start = time.perf_counter()
        dice_scan(a, b, threshold=0.99)
        seconds.append(time.perf_counter() - start)
    return len(a) * len(b) / max(min(seconds), 1e-6)
