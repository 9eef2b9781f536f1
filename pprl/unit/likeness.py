"""How alike records are, across files and inside each: samples of scores for the threshold estimate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pprl.unit.kernels import best_match, score_histogram

__all__ = [
    "BINS",
    "SAMPLE",
    "TAIL",
    "ChanceRate",
    "CrossSample",
    "Scans",
    "at_least",
    "chance_rate",
    "pairs_seen",
    "sample_across",
    "sample_rows",
]

BINS = 1000
"""Resolution of the scores: 0.001 of Dice."""

SAMPLE = 20_000
"""Records a file that are scanned for the estimate at most; smaller files are scanned whole."""

TAIL = 100
"""Chance pairs from which the tail is smoothed by an exponential."""

_WORK = 500_000_000
"""Pairs that one scan of a sample may cost: larger files are sampled more thinly, down to ``_LEAST`` records."""

_LEAST = 2000

_REPEAT = 0.9
"""Score from which two records inside one file look like the same person twice."""

Words = npt.NDArray[np.uint64]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


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


class Scans:
    """Tells one caller how far several scans, done one after the other, have come together.

    Args:
        progress: called with the share done.
        count: number of scans.
    """

    def __init__(self, progress: Callable[[float], None] | None, count: int) -> None:
        self._progress = progress
        self._count = count
        self._done = 0

    def next(self) -> Callable[[float], None] | None:
        """Return what the next scan is to call."""
        if self._progress is None:
            return None
        before, tell = self._done, self._progress
        self._done += 1
        return lambda share: tell((before + share) / self._count)


def at_least(counts: npt.NDArray[Any]) -> FloatArray:
    """Return from counts a bin how many lie in each bin or above."""
    return np.cumsum(counts[::-1], dtype=np.float64)[::-1]


def sample_rows(words: Words, sample: int) -> IntArray:
    """Return the rows to scan: those whose filters hash lowest, the same in every encoding under one key.

    Rows are sorted by random pseudonyms, so their places would give another sample, and another threshold, whenever
    a party encodes again.
    """
    limit = min(sample, max(_LEAST, _WORK // max(len(words), 1)))
    if len(words) <= limit:
        return np.arange(len(words))
    mixed = np.zeros(len(words), np.uint64)
    for column in range(words.shape[1]):  # SplitMix64's finaliser, word by word
        mixed = (mixed ^ words[:, column]) + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed = mixed ^ (mixed >> np.uint64(31))
    return np.sort(np.argsort(mixed, kind="stable")[:limit])


def pairs_seen(size: int, rows: int) -> int:
    """Return how many pairs inside a file a scan of ``rows`` sees; a file scanned whole shows each one twice."""
    return rows * (size - 1) // (2 if rows == size else 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class ChanceRate:
    """What the insides of the files show.

    Attributes:
        share: ``float64[BINS]``, the share of the pairs inside the files that score at least each threshold.
        seen: number of pairs it is known from.
        repeats: for each file, the share of its records that have a near-twin in it.
    """

    share: FloatArray
    seen: int
    repeats: tuple[float, ...]


def chance_rate(
    files: Sequence[Words], sample: int = SAMPLE, *, scans: Scans | None = None
) -> ChanceRate:
    """Return how often two records inside a file score at least each threshold of the grid.

    The thin tail is smoothed: beyond the score that ``TAIL`` sampled pairs reach, the larger of the share found and
    of an exponential through the mean excess (a Pareto tail of shape 0) holds.
    """
    counts = np.zeros(BINS)
    pairs = seen = 0
    repeats = []
    for words in files:
        rows = sample_rows(words, sample)
        tell = scans.next() if scans else None
        own = score_histogram(words, words, rows, bins=BINS, exclude_self=True, progress=tell)
        counts += own
        pairs += len(rows) * (len(words) - 1)
        seen += pairs_seen(len(words), len(rows))
        repeats.append(float(own[round(_REPEAT * BINS) :].sum()) / max(len(rows), 1))
    share = _smooth_tail(at_least(counts), pairs)
    return ChanceRate(share=share, seen=seen, repeats=tuple(repeats))


def _smooth_tail(survivors: FloatArray, pairs: int) -> FloatArray:
    if pairs == 0:
        return np.zeros(BINS)
    found = survivors / pairs
    # Each pair of a file scanned whole is seen twice; the tail's weight is in pairs seen once.
    thin = np.flatnonzero(survivors < 2 * TAIL)
    if len(thin) == 0 or thin[0] == 0 or survivors[thin[0]] == 0:
        return found
    start = thin[0]
    excess = survivors[start:].sum() / survivors[start] - 0.5
    tail = found[start] * np.exp(-(np.arange(BINS - start)) / max(excess, 1.0))
    smooth = found.copy()
    smooth[start:] = np.maximum(found[start:], tail)
    return smooth


def sample_across(
    a: Words,
    b: Words,
    *,
    chance: ChanceRate,
    sample: int = SAMPLE,
    scans: Scans | None = None,
) -> CrossSample:
    """Scan a sample of the smaller file against the larger, and the partners found back."""
    if len(a) > len(b):
        a, b = b, a
    rows = sample_rows(a, min(sample, max(_LEAST, _WORK // max(len(b), 1))))
    partner, best = best_match(a, b, rows, progress=scans.next() if scans else None)
    back, _ = best_match(b, a, partner, progress=scans.next() if scans else None)
    mutual = back == rows
    # Rows of `a` with equal filters share a best partner whose own best is only the first of them.
    bins = np.minimum((best[mutual] * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    return CrossSample(
        sizes=(len(a), len(b)),
        mutual=at_least(counts) * (len(a) / max(len(rows), 1)),
        chance=chance.share,
        best=best,
        seen=chance.seen,
    )
