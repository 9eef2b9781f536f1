"""The weight of a score in the profile ``record``: how much likelier it is for one person than for two.

Nobody in one file should be the same person as anybody else in it, so the scores *inside* the files show how alike
different people look, households included (a decoy of its own: Elias and Gygi 2007). Across the files the same
distribution holds for different people; the rest are the matches, to which EM fits a mixture of normal densities.
With one file there is no decoy, and chance is extrapolated from the bulk of the scores along a parabola (a normal
flank).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from pprl.base.arrays import Floats, Int64s

__all__ = [
    "BINS",
    "ScoreModel",
    "carried_over",
    "chance_alone",
    "chance_inside",
    "fit_between",
    "fit_scores",
]

BINS = 1000
"""Bins of a score: a resolution of 0.001. Chosen; how sensitive the results are was not measured."""

_TAIL = 100
"""Where fewer pairs than this have a score or a higher one, an exponential smooths their distribution. Chosen; how
sensitive the results are was not measured."""

_BULK = 1e-3
"""Matches are looked for above the score that this share of different people reaches. Chosen; how sensitive the
results are was not measured."""

_CLEAR = 2.0
"""Scores count from where there are this many pairs, at the score and above, for each one that chance makes. Further
down an error of a few per cent in the distribution of chance would pass for hundreds of matches. Chosen; tried on
made-up people and on draws of FEBRL4 (docs/linking.md, section 7)."""

_STANDS_OUT = 1.2
"""The same at the score itself: the parts of the matches' distribution have their middles above it. Chosen; tried as
above."""

_ANCHOR = 4.0
"""Where chance is anchored: so far down that a record's one match is at most a quarter of its pairs above. Chosen; how
sensitive the results are was not measured."""

_PARTS = 4
"""Normal densities in the mixture of the matches. Chosen; how sensitive the results are was not measured."""

_EDGE = 0.03
"""A part whose middle is nearer than this to the lowest score that counts sits at the edge of the crowd. Chosen; how
sensitive the results are was not measured."""

_NARROW, _WIDE = 0.012, 0.09
"""Bounds of the parts' standard deviations. Chosen; how sensitive the results are was not measured."""

_ROUNDS = 3000
"""Rounds of the EM, at most. Chosen; not sensitive: a run says when they did not suffice."""

_FLANK = 0.0005, 0.05
_WIDE_FLANK = 0.01, 0.3
"""Shares of the pairs, at a score and above, between which one file's scores fall along the flank that is carried on;
the second where the first has too few bins. Chosen; how sensitive the results are was not measured."""

_FLANK_PAIRS = 20.0
"""Pairs a record, at least, at the flank's upper end: matches are one or two a record. Chosen; how sensitive the
results are was not measured."""

_FLANK_BINS = 10
_CURVE_BINS = 3
"""Bins from which the flank is long enough, and from which a parabola can be fitted at all: it has three numbers. The
first is chosen; not sensitive."""

_STRETCHED = 0.5, 0.99
_LOWEST_ANCHOR = 0.75
"""Shares of the pairs below the two scores by which the distribution inside the files is moved and stretched, and how
far the second may come down in small files. Chosen; how sensitive the results are was not measured."""

_HIGHEST_START = 0.95
"""Matches are looked for from this score on at the latest. Chosen; how sensitive the results are was not measured."""

_LEAST_VISIBLE = 0.1
"""Share of the matches that counts as seen, at least, so that a few do not stand for many. Chosen; how sensitive the
results are was not measured."""

_MOST_MATCHES = 0.5
"""Share of the pairs that may be matches, at most. Chosen; not sensitive: only files of a few records come near."""

_TOLERANCE = 1e-6
"""Relative change of the matches' share at which the EM has converged. Chosen; not sensitive."""

_NO_PAIRS = 0.01
"""Weight of a bin without pairs where the ratio is made to rise. Chosen; not sensitive: a bin with a pair counts a
hundred times as much."""

_LEAST = 1e-12
"""Keeps logarithms and quotients finite. Chosen; not sensitive."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreModel:
    """What scores say, bin by bin.

    Attributes:
        log_ratio: ``float64[BINS]``, rising: natural logarithm of the likelihood ratio.
        match: ``float64[BINS]``: distribution of the matches' scores.
        other: ``float64[BINS]``: distribution of other pairs' scores.
        share: share of the pairs that are matches.
        least, most: the same without those that can't be told from the crowd of other pairs, and with twice as many.
        converged: False when the EM ran out of rounds.
    """

    log_ratio: Floats
    match: Floats
    other: Floats
    share: float
    least: float
    most: float
    converged: bool

    def posterior(self) -> Floats:
        """Return the share of the pairs of each score that are matches: ``float64[BINS]``."""
        match = self.share * self.match
        return np.asarray(match / (match + (1 - self.share) * self.other))

    def of(self, score: Floats) -> Floats:
        """Return the log ratios of scores, by straight lines between the middles of the bins."""
        return np.interp(score, (np.arange(BINS) + 0.5) / BINS, self.log_ratio)

    def first_at(self, least: float) -> float:
        """Return the lowest score whose log ratio is at least this; 1 when none is."""
        at = np.flatnonzero(self.log_ratio >= least)
        return float((at[0] + 0.5) / BINS) if len(at) else 1.0


def chance_inside(counts: Int64s, times: float = 1.0) -> Floats:
    """Return the distribution of different people's scores from the counts inside files; its thin tail is smoothed.

    Args:
        counts: ``int64[BINS]`` pairs inside the files.
        times: how often a pair was counted; 2 for files that were scanned whole.
    """
    total = float(counts.sum())
    if total == 0:
        return np.full(BINS, 1.0 / BINS)
    above = np.cumsum(counts[::-1])[::-1].astype(np.float64)
    thin = np.flatnonzero(above < _TAIL * times)
    made = counts / total
    if len(thin) and thin[0] > 0 and above[thin[0]] > 0:
        start = int(thin[0])
        excess = max(above[start:].sum() / above[start] - 0.5, 1.0)
        tail = np.exp(-np.arange(BINS - start) / excess)
        tail *= above[start] / total / tail.sum()
        # Half what was found and half the smooth tail: twins and namesakes are rare, but no accident.
        made[start:] = (made[start:] + tail) / 2
    return np.maximum(made, _LEAST) / np.maximum(made, _LEAST).sum()


def chance_alone(counts: Int64s, size: int, *, relatives: float) -> Floats:
    """Return the distribution of different people's scores in one file by extrapolating the falling flank.

    Args:
        counts: ``int64[BINS]`` pairs of a sample with the whole file.
        size: records of the file.
        relatives: score that members of a household reach; pairs up to it count as different people.
    """
    total = float(counts.sum())
    if total == 0:
        return np.full(BINS, 1.0 / BINS)
    share = np.cumsum(counts[::-1])[::-1] / total
    least = max(_FLANK_PAIRS / max(size - 1, 1), _FLANK[0])
    flank = np.flatnonzero((share <= _FLANK[1]) & (share >= least))
    if len(flank) < _FLANK_BINS:
        flank = np.flatnonzero((share <= _WIDE_FLANK[1]) & (share >= _WIDE_FLANK[0]))
    made = counts / total
    if len(flank) >= _CURVE_BINS:
        x = flank / BINS
        middle = x.mean()
        curve = np.polyfit(x - middle, np.log(share[flank]), 2)
        if (
            curve[0] > 0
        ):  # an upward bend would make chance rise again: a straight line is the cautious choice
            curve = np.append([0.0], np.polyfit(x - middle, np.log(share[flank]), 1))
        # Left of the flank the parabola may fall again.
        at = np.maximum(np.arange(BINS + 1) / BINS, x[0])
        above = np.minimum.accumulate(np.exp(np.minimum(np.polyval(curve, at - middle), 0.0)))
        carried = np.maximum(above[:-1] - above[1:], 0)
        start = int(flank[0])
        made = np.where(
            np.arange(BINS) < start, made, np.minimum(carried, np.maximum(made, _LEAST))
        )
    household = int(np.ceil(relatives * BINS))
    made[:household] = (counts / total)[:household]
    return np.maximum(made, _LEAST) / np.maximum(made, _LEAST).sum()


def carried_over(
    inside: Floats, across: Int64s, *, sizes: tuple[int, int], matches: Floats
) -> Floats:
    """Return the distribution inside the files, moved and stretched to fit the one across the files.

    Files differ in how full and how careful they are, so records of two files are not quite as alike as those of
    one. The middle and the last hundredth of the scores say by how much. In small files matches are a large part of all
    pairs: there the anchor lies lower, and what the matches add above it is taken off.

    Args:
        inside: ``float64[BINS]``, see :func:`chance_inside`.
        across: ``int64[BINS]`` pairs across the files.
        sizes: records of the two files.
        matches: ``float64[BINS]``, how many of the pairs are expected to be matches; 0 where that is not known yet.
    """
    edges = np.arange(BINS + 1) / BINS
    below = np.append(0.0, np.cumsum(inside))
    others = np.maximum(across - matches, 0.0)
    total = float(others.sum())
    seen = np.append(0.0, np.cumsum(others)) / max(total, 1.0)
    middle, high = _STRETCHED
    high = max(min(high, 1 - _ANCHOR / max(sizes)), _LOWEST_ANCHOR)
    (a, b), (c, d) = (np.interp([middle, high], cdf, edges) for cdf in (below, seen))
    if total == 0 or b <= a or d <= c:
        return inside
    moved = np.interp(a + (edges - c) * (b - a) / (d - c), edges, below)
    made = np.maximum(np.diff(moved), _LEAST)
    return np.asarray(made / made.sum())


def fit_scores(counts: Int64s, other: Floats, *, first: float) -> ScoreModel:
    """Fit the matches' distribution to the scores of all pairs, given that of different people.

    Only scores at which matches stand out are counted. Below them the fitted shape says how many matches there are (EM
    for truncated data). No part of the mixture has its middle where pairs are hardly more than chance makes.

    Args:
        counts: ``int64[BINS]`` pairs across the files (inside the one file).
        other: ``float64[BINS]``, see :func:`chance_inside`.
        first: share of the pairs that are matches, as a start.
    """
    x = (np.arange(BINS) + 0.5) / BINS
    total = float(counts.sum())
    above = np.cumsum(other[::-1])[::-1]
    reach = np.cumsum(counts[::-1])[::-1]
    crowded = np.flatnonzero(above > _BULK)
    clear = np.flatnonzero((reach >= _CLEAR * total * above) & (reach > 0))
    start = int(clear[0]) if len(clear) else BINS - 1
    gain = reach - _STANDS_OUT * total * above
    # Where the crowd ends far below the matches, less than a pair decides where the gain is highest.
    stands = int(np.argmax(gain >= gain.max() - 0.5)) if gain.max() > 0 else BINS - 1
    low = min(max(x[crowded[-1]] if len(crowded) else 0.5, x[start], x[stands]), _HIGHEST_START)
    centre = low + (1 - low) * (np.arange(_PARTS) + 1) / (_PARTS + 0.5)
    width = np.full(_PARTS, (1 - low) / _PARTS)
    part = np.full(_PARTS, 1 / _PARTS)
    share = first
    shown = counts[start:]
    converged = False
    match = np.full(BINS, _LEAST)
    for _ in range(_ROUNDS if total else 0):
        density = np.exp(-0.5 * ((x[:, None] - centre) / width) ** 2)
        density /= density.sum(axis=0)
        match = np.maximum(density @ part, 1e-300)
        mixed = share * match[start:]
        taken = np.empty(BINS)
        taken[start:] = shown * mixed / (mixed + (1 - share) * other[start:])
        found, visible = float(taken[start:].sum()), float(match[start:].sum())
        taken[:start] = found / max(visible, _LEAST_VISIBLE) * match[:start]
        in_part = density * part / match[:, None] * taken[:, None]
        sizes = in_part.sum(axis=0) + _LEAST
        part = (sizes + 1) / (sizes.sum() + _PARTS)
        centre = np.clip((in_part * x[:, None]).sum(axis=0) / sizes, low, 1.0)
        spread = (in_part * (x[:, None] - centre) ** 2).sum(axis=0) / sizes
        width = np.clip(np.sqrt(spread), _NARROW, _WIDE)
        new = min(float(taken.sum()) / total, _MOST_MATCHES)
        # Less than half a match is no match; its share would go on falling for ever.
        converged = abs(new - share) <= _TOLERANCE * max(new, 1 / total) or new * total < 0.5
        share = new
        if converged:
            break
    # A part that sits at the edge of the crowd may be matches that look like strangers, or the crowd's own shape. It
    # counts in between, as far as the geometric mean of all and none of it says.
    loose = centre < low + _EDGE
    edge = min(float(part[loose].sum()), 1.0)
    clear_share = share * (1 - edge)
    middle = float(np.sqrt(share * clear_share))
    if total and 0 < edge < 1:
        part = np.where(loose, part * (middle - clear_share) / (share * edge), part)
        match = np.maximum(density @ part, 1e-300)
    match = match / match.sum()
    ratio = np.log(np.maximum(match, _LEAST)) - np.log(other)
    # A higher score is never worse evidence; where there are pairs the fit counts more.
    rising = isotonic_regression(ratio, weights=np.sqrt(counts) + _NO_PAIRS).x
    return ScoreModel(
        log_ratio=np.asarray(rising),
        match=match,
        other=other,
        share=middle,
        least=clear_share,
        most=min(share * (1 + edge), 1.0),
        converged=converged,
    )


def fit_between(
    counts: Int64s, chance: Floats, *, sizes: tuple[int, int], first: float
) -> ScoreModel:
    """Fit the scores between two files, twice: only then are the matches known that the first fit left in chance."""
    known = np.zeros(BINS)
    for _ in range(2):
        other = carried_over(chance, counts, sizes=sizes, matches=known)
        fitted = fit_scores(counts, other, first=first)
        known = fitted.share * fitted.match * float(counts.sum())
    return fitted
