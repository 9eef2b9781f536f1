"""A threshold without truth: from what the files say about chance alone.

Nobody in one file should be the same person as anybody else in it. So the scores *inside* each file show how alike
two different people look, twins and households included, and that rate of chance likeness, carried over to the pairs
*across* the files, says how many of the links above a score are wrong. The idea is the target-decoy estimate of
proteomics (Elias and Gygi 2007) with each file as its own decoy. It asks nothing of the overlap: with few common
people the chance pairs weigh more and the threshold rises.

With one file (duplicates are looked for) there is no such decoy; chance is then carried on from the bulk of the
scores by a curve through their falling flank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from pprl.unit.kernels import best_match, score_histogram

__all__ = [
    "BINS",
    "SAMPLE",
    "CrossSample",
    "ThresholdEstimate",
    "choose",
    "estimate_across",
    "estimate_within",
]

BINS = 1000
"""Resolution of the scores: 0.001 of Dice."""

SAMPLE = 4000
"""Records a file that are scanned for the estimate; smaller files are scanned whole."""

_CHANCE_LIMIT = 0.5
"""Scores at which a record has more chance partners than this are too crowded to link at."""

_TAIL = 100
"""Chance pairs from which the tail is smoothed by an exponential."""

_CUSTOMARY = 0.8
"""Threshold of files with fewer than ``_TAIL`` pairs inside: they don't show how alike different people look."""

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class ThresholdEstimate:
    """What a threshold would give, for every threshold on the grid.

    Attributes:
        value: the chosen threshold: the one with the highest expected F1.
        thresholds: ``float64[BINS]``, the grid.
        links: expected number of links at each.
        false: expected number of wrong ones among them.
        pairs: expected number of pairs of records at each, chance pairs included.
        matches: expected number of true matches.
        usable: ``bool[BINS]``, where chance pairs are rare enough to link at all.
        best: ``int64[100]``, best scores of sampled records, a histogram over [0, 1].
        chance: ``float64[100]``, the same as it would be by chance alone.
        few: true when no more matches were found than chance may make; the threshold is then a cautious one.
        tiny: true when the files are too small for an estimate; the threshold is then the customary one.
    """

    value: float
    thresholds: FloatArray
    links: FloatArray
    false: FloatArray
    pairs: FloatArray
    matches: float
    usable: npt.NDArray[np.bool_]
    best: IntArray
    chance: FloatArray
    few: bool
    tiny: bool

    def curve(self) -> list[dict[str, float]]:
        """Return rows of threshold, links, expected_false, precision, recall and f1, every 0.01 where usable."""
        rows = []
        for at in range(0, BINS, 10):
            links, false = float(self.links[at]), float(self.false[at])
            if not self.usable[at] or links < 0.5:
                continue
            true = links - false
            recall = min(1.0, true / self.matches) if self.matches else 0.0
            rows.append(
                {
                    "threshold": round(float(self.thresholds[at]), 4),
                    "links": round(links, 1),
                    "expected_false": round(false, 2),
                    "precision": round(true / links, 5),
                    "recall": round(recall, 5),
                    "f1": round(2 * true / (links + self.matches), 5) if self.matches else 0.0,
                }
            )
        return rows


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossSample:
    """Scores sampled across two files and inside each.

    Attributes:
        sizes: records of the two files.
        mutual: ``float64[BINS]``: estimated number of pairs, each the other's best, with at least this score.
        chance: ``float64[BINS]``: share of the pairs of *different* people with at least this score.
        best: best score of each sampled record.
        seen: number of pairs from which ``chance`` is known.
    """

    sizes: tuple[int, int]
    mutual: FloatArray
    chance: FloatArray
    best: FloatArray
    seen: int


def _at_least(counts: npt.NDArray[Any]) -> FloatArray:
    return np.cumsum(counts[::-1], dtype=np.float64)[::-1]


def _rows(size: int, sample: int) -> IntArray:
    """Return evenly spaced rows; pseudonyms are random, so this is a random sample."""
    if size <= sample:
        return np.arange(size)
    return np.linspace(0, size - 1, sample).astype(np.int64)


def _seen(size: int, sample: int) -> int:
    """Return how many pairs inside a file a scan of the sample sees; a file scanned whole shows each one twice."""
    rows = min(size, sample)
    return rows * (size - 1) // (2 if rows == size else 1)


def chance_rate(files: Sequence[npt.NDArray[np.uint64]], sample: int = SAMPLE) -> FloatArray:
    """Return the share of pairs inside the files that score at least each grid threshold.

    The thin tail is smoothed: beyond the score that ``_TAIL`` sampled pairs reach, the larger of the share found and
    of an exponential through the mean excess (a Pareto tail of shape 0) holds.
    """
    counts = np.zeros(BINS)
    pairs = 0
    for words in files:
        rows = _rows(len(words), sample)
        counts += score_histogram(words, words, rows, bins=BINS, exclude_self=True)
        pairs += len(rows) * (len(words) - 1)
    survivors = _at_least(counts)
    if pairs == 0:
        return np.zeros(BINS)
    found = survivors / pairs
    # Each pair of a file scanned whole is seen twice; the tail's weight is in pairs seen once.
    thin = np.flatnonzero(survivors < 2 * _TAIL)
    if len(thin) == 0 or thin[0] == 0 or survivors[thin[0]] == 0:
        return found
    start = thin[0]
    excess = survivors[start:].sum() / survivors[start] - 0.5
    tail = found[start] * np.exp(-(np.arange(BINS - start)) / max(excess, 1.0))
    smooth = found.copy()
    smooth[start:] = np.maximum(found[start:], tail)
    return smooth


def sample_across(
    a: npt.NDArray[np.uint64],
    b: npt.NDArray[np.uint64],
    *,
    chance: FloatArray,
    seen: int,
    sample: int = SAMPLE,
) -> CrossSample:
    """Scan a sample of the smaller file against the larger, and the partners found back."""
    if len(a) > len(b):
        a, b = b, a
    rows = _rows(len(a), sample)
    partner, best = best_match(a, b, rows)
    back, _ = best_match(b, a, partner)
    mutual = back == rows
    # Rows of `a` with equal filters share a best partner whose own best is only the first of them.
    counts = np.bincount(
        np.minimum((best[mutual] * BINS).astype(np.int64), BINS - 1), minlength=BINS
    )
    return CrossSample(
        sizes=(len(a), len(b)),
        mutual=_at_least(counts) * (len(a) / max(len(rows), 1)),
        chance=chance,
        best=best,
        seen=seen,
    )


def choose(samples: Sequence[CrossSample]) -> ThresholdEstimate:
    """Choose one threshold for all pairs of files: the highest expected F1 over all of them together."""
    links = np.zeros(BINS)
    false = np.zeros(BINS)
    pairs, variance = np.zeros(BINS), np.zeros(BINS)
    usable = np.ones(BINS, bool)
    for item in samples:
        small, large = item.sizes
        true = _true_links(item.mutual, item.chance, small, large)
        links += item.mutual
        false += item.mutual - true
        pairs += true + item.chance * small * large
        usable &= item.chance * large <= _CHANCE_LIMIT
        # The sampled links scatter about their number, and so does the chance that was measured inside the files.
        variance += (item.mutual - true) * (
            small / max(len(item.best), 1) + small * large / max(item.seen, 1)
        )
    return _pick(links, false, pairs, usable, np.sqrt(variance), samples)


def _true_links(mutual: FloatArray, chance: FloatArray, small: int, large: int) -> FloatArray:
    """Solve ``mutual = x + chance (small - x)(large - x)`` for the true links ``x``, at each threshold.

    Only people without a true partner above the threshold can make a wrong link there, hence the product.
    """
    b = 1 - chance * (small + large)
    c = chance * small * float(large) - mutual
    root = np.sqrt(np.maximum(b * b - 4 * chance * c, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        x = np.where(b >= 0, -2 * c / (b + root), (-b + root) / (2 * chance))
    x = np.where(np.isfinite(x), x, 0.0)
    return np.clip(x, 0, np.minimum(mutual, small))


def _pick(
    links: FloatArray,
    false: FloatArray,
    pairs: FloatArray,
    usable: npt.NDArray[np.bool_],
    scatter: FloatArray,
    samples: Sequence[CrossSample],
) -> ThresholdEstimate:
    thresholds = np.arange(BINS) / BINS
    usable = usable & (thresholds > 0)  # at 0 every pair is a link, empty filters too
    true = links - false
    # The highest of many scattering values is too high: each threshold counts with one deviation less.
    safe = np.where(usable, np.maximum(true - scatter, 0), 0)
    matches = float(true[np.argmax(safe)]) if safe.any() else 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        f1 = np.where(safe > 0, 2 * safe / (links + matches), 0)
    # Fewer true links than three deviations can't be told from none.
    tiny = max((item.seen for item in samples), default=0) < _TAIL
    few = tiny or not (usable & (true > 1 + 3 * scatter)).any()
    if tiny:
        value = _CUSTOMARY
    elif few:
        # Nothing to weigh: link only where chance makes a pair once in ten such runs.
        at = np.flatnonzero(usable & (pairs - true < 0.1))
        value = float(thresholds[at[0]]) if len(at) else 1.0
    else:
        best = np.flatnonzero(f1 >= f1.max() - 1e-9)
        value = float(thresholds[best[len(best) // 2]])
    scores = np.concatenate([item.best for item in samples]) if samples else np.zeros(0)
    histogram = np.histogram(scores, bins=100, range=(0, 1))[0]
    return ThresholdEstimate(
        value=max(value, 1 / BINS),
        thresholds=thresholds,
        links=links,
        false=false,
        pairs=pairs,
        matches=matches,
        usable=usable,
        best=histogram,
        chance=_chance_best(samples),
        few=few,
        tiny=tiny,
    )


def _chance_best(samples: Sequence[CrossSample]) -> FloatArray:
    """Histogram of best scores if no sampled record had a match: the largest of many chance scores."""
    total = np.zeros(100)
    for item in samples:
        below = np.exp(
            -item.chance * item.sizes[1]
        )  # P(no chance partner at or above the threshold)
        edges = np.append(below[::10], 1.0)
        total += np.diff(edges) * len(item.best)
    return total


def estimate_across(
    files: Sequence[npt.NDArray[np.uint64]], *, sample: int = SAMPLE
) -> ThresholdEstimate:
    """Estimate the threshold for linking two or more files.

    Args:
        files: packed filters, ``uint64[n, words]`` each.
        sample: records a file to scan.
    """
    chance = chance_rate(files, sample)
    seen = sum(_seen(len(words), sample) for words in files)
    samples = [
        sample_across(a, b, chance=chance, seen=seen, sample=sample)
        for a, b in combinations(files, 2)
    ]
    return choose(samples)


def estimate_within(
    words: npt.NDArray[np.uint64], *, relatives: float = 0.0, sample: int = SAMPLE
) -> ThresholdEstimate:
    """Estimate the threshold for finding duplicates in one file.

    The logarithm of the number of pairs above a score falls along a parabola where chance rules (a normal flank);
    fitted there and carried on, it gives the wrong pairs at higher scores. People of one household are no chance;
    pairs that score no higher than they do are counted as wrong too. Twins and fathers and sons of one name can't be
    told from duplicates by scores alone.

    Args:
        words: packed filters, ``uint64[n, words]``.
        relatives: Dice coefficient of two people of one household (:func:`pprl.unit.household.household_dice`).
        sample: records to scan.
    """
    size = len(words)
    rows = _rows(size, sample)
    counts = score_histogram(words, words, rows, bins=BINS, exclude_self=True)
    scale = size / max(len(rows), 1) / 2
    pairs = _at_least(counts) * scale
    start = min(int(np.ceil(relatives * BINS)), BINS - 1)
    false = _carried_on(pairs, size)
    false[:start] += pairs[:start] - pairs[start]
    false = np.minimum(false, pairs)
    usable = false * 2 / max(size, 1) <= _CHANCE_LIMIT
    _, best = best_match(words, words, rows, exclude_self=True)
    chance = false / max(size * (size - 1) / 2, 1)
    shape = CrossSample(
        sizes=(size, max(size - 1, 0)),
        mutual=pairs,
        chance=chance,
        best=best,
        seen=_seen(size, sample),
    )
    return _pick(pairs, false, pairs, usable, np.sqrt(false * scale * 2), [shape])


def _carried_on(pairs: FloatArray, size: int) -> FloatArray:
    """Return chance's share of ``pairs`` at each threshold, from the flank between 1 % of all pairs and 20 a record."""
    total = size * (size - 1) / 2
    upper, lower = 0.05 * total, max(20.0 * size, 0.0005 * total)
    flank = np.flatnonzero((pairs <= upper) & (pairs >= lower))
    if len(flank) < 10:
        flank = np.flatnonzero((pairs <= 0.3 * total) & (pairs >= max(0.01 * total, 1)))
    if len(flank) < 3:
        return np.zeros(BINS)
    x = flank / BINS
    middle = x.mean()
    coefficients = np.polyfit(x - middle, np.log(pairs[flank]), 2)
    if coefficients[0] > 0:
        # Bent upwards, chance would rise again: a straight line is the cautious choice.
        coefficients = np.append([0.0], np.polyfit(x - middle, np.log(pairs[flank]), 1))
    at = np.arange(BINS) / BINS
    fitted = np.exp(np.minimum(np.polyval(coefficients, at - middle), np.log(total + 1)))
    carried = np.where(np.arange(BINS) < flank[0], pairs, fitted)
    return np.minimum.accumulate(carried)
