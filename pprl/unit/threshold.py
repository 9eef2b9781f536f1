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

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from pprl.unit.kernels import best_match, score_histogram
from pprl.unit.likeness import (
    BINS,
    SAMPLE,
    TAIL,
    CrossSample,
    Scans,
    at_least,
    chance_rate,
    pairs_seen,
    sample_across,
    sample_rows,
)

__all__ = ["BINS", "SAMPLE", "ThresholdEstimate", "choose", "estimate_across", "estimate_within"]

_CHANCE_LIMIT = 0.5
"""Scores at which a record has more chance partners than this are too crowded to link at."""

_CUSTOMARY = 0.8
"""Threshold of files with fewer than ``TAIL`` pairs inside: they don't show how alike different people look."""

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
        repeats: for each file, the share of its records that have a near-twin in the file.
        parts: with three or more files, the estimate of each pair of files by itself.
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
    repeats: tuple[float, ...] = ()
    parts: tuple[ThresholdEstimate, ...] = ()

    @property
    def basis(self) -> str:
        """What an automatic threshold rests on: ``estimated``, ``cautious`` or ``customary``."""
        return "customary" if self.tiny else "cautious" if self.few else "estimated"

    def at(self, threshold: float) -> tuple[float, float]:
        """Return the expected links and the wrong ones among them at a threshold."""
        where = min(int(threshold * BINS), BINS - 1)
        return float(self.links[where]), float(self.false[where])

    def curve(self, threshold: float, *, every_pair: bool = False) -> list[dict[str, float]]:
        """Return rows of threshold, links, expected_false, precision, recall and f1, every 0.01 where usable.

        Args:
            threshold: gets a row of its own.
            every_pair: count every pair over the threshold as a link, as many-to-many does.
        """
        made = self.pairs if every_pair else self.links
        rows = []
        for at in sorted({*range(0, BINS, 10), min(int(threshold * BINS), BINS - 1)}):
            links, true = float(made[at]), float(self.links[at] - self.false[at])
            if not self.usable[at] or links < 0.5:
                continue
            true = min(true, links)
            false = links - true
            recall = min(1.0, true / self.matches) if self.matches else 0.0
            rows.append(
                {
                    "threshold": round(float(self.thresholds[at]), 4),
                    "links": round(links, 1),
                    "expected_false": round(false, 2),
                    "precision": round(true / links, 5),
                    "recall": round(recall, 5),
                    "f1": round(min(1.0, 2 * true / (links + self.matches)), 5)
                    if self.matches
                    else 0.0,
                }
            )
        return rows


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
    estimate = _pick(links, false, pairs, usable, np.sqrt(variance), samples)
    if len(samples) < 2:
        return estimate
    return replace(estimate, parts=tuple(choose([item]) for item in samples))


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
    # A lower threshold finds no fewer true links, whatever the crowd of chance pairs does to the best partners.
    true = np.where(usable, links - false, 0)
    true = np.where(usable, np.maximum.accumulate(true[::-1])[::-1], links - false)
    true = np.minimum(true, links)
    false = links - true
    # The highest of many scattering values is too high: each threshold counts with one deviation less.
    safe = np.where(usable, np.maximum(true - scatter, 0), 0)
    matches = float(true[np.argmax(safe)]) if safe.any() else 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        f1 = np.where(safe > 0, 2 * safe / (links + matches), 0)
    # Fewer true links than three deviations can't be told from none.
    tiny = max((item.seen for item in samples), default=0) < TAIL
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
    files: Sequence[npt.NDArray[np.uint64]],
    *,
    sample: int = SAMPLE,
    progress: Callable[[float], None] | None = None,
) -> ThresholdEstimate:
    """Estimate the threshold for linking two or more files.

    Assumes that relatives are as frequent between the files as inside them, and that nobody is in a file twice.

    Args:
        files: packed filters, ``uint64[n, words]`` each.
        sample: records a file to scan at most.
        progress: called with the share done.
    """
    scans = Scans(progress, len(files) + len(files) * (len(files) - 1))
    chance = chance_rate(files, sample, scans=scans)
    samples = [
        sample_across(a, b, chance=chance, sample=sample, scans=scans)
        for a, b in combinations(files, 2)
    ]
    return replace(choose(samples), repeats=chance.repeats)


def estimate_within(
    words: npt.NDArray[np.uint64],
    *,
    relatives: float = 0.0,
    sample: int = SAMPLE,
    progress: Callable[[float], None] | None = None,
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
        progress: called with the share done.
    """
    scans = Scans(progress, 2)
    size = len(words)
    rows = sample_rows(words, sample)
    counts = score_histogram(
        words, words, rows, bins=BINS, exclude_self=True, progress=scans.next()
    )
    scale = size / max(len(rows), 1) / 2
    pairs = at_least(counts) * scale
    start = min(int(np.ceil(relatives * BINS)), BINS - 1)
    false = _carried_on(pairs, size)
    false[:start] += pairs[:start] - pairs[start]
    false = np.minimum(false, pairs)
    usable = false * 2 / max(size, 1) <= _CHANCE_LIMIT
    _, best = best_match(words, words, rows, exclude_self=True, progress=scans.next())
    chance = false / max(size * (size - 1) / 2, 1)
    shape = CrossSample(
        sizes=(size, max(size - 1, 0)),
        mutual=pairs,
        chance=chance,
        best=best,
        seen=pairs_seen(size, len(rows)),
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
