"""The scores inside each file, in the profile ``record``: how alike different people look, and who is there twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pprl.base.arrays import Floats, Int64s
from pprl.kernels.dice import score_histogram
from pprl.unit.blocking.methods import PackedFile, possible_pairs
from pprl.unit.blocking.sampling import Scans, pairs_seen, sample_rows
from pprl.unit.weighing.model import FIRST_MATCHES
from pprl.unit.weighing.prior import log_prior_odds
from pprl.unit.weighing.record.held import telling_rows
from pprl.unit.weighing.record.scan import SIZES
from pprl.unit.weighing.record.scores import BINS, ScoreModel, chance_alone, fit_scores

__all__ = ["InsideScores", "count_inside", "customary_scores"]

_CUSTOMARY = 0.8
"""Score that counts as even odds in files too small to show how alike different people look. Chosen; how sensitive the
results are was not measured: only tiny files use it."""

_CUSTOMARY_SLOPE = 60.0
"""What a unit of score adds there to the weight, natural logarithm: from even odds to 20 to 1 within 0.05. Chosen; how
sensitive the results are was not measured: only tiny files use it."""

_COPIES_FIRST = 0.01
"""Share of a file's people who are in it twice, as a start of the fit. Chosen; not sensitive: the fit moves it."""


_MANY = 0.02
"""Share of a file's records that are copies, at least, from which their pairs are taken out of the distribution of
different people. Chosen; sensitive: with fewer, what looks like a copy may as well be twins, who must stay in it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class InsideScores:
    """Scores inside the files, each file alone.

    Attributes:
        different: ``int64[BINS]``, pairs of different people over all files; a file that was scanned whole shows each
            pair twice, and those of a sample count twice too, so that files weigh alike.
        copies: for each file, what a score of two of its records says.
        seen: how many pairs were looked at.
        repeats: for each file, the share of its records that have another record of the same person in it.
    """

    different: Int64s
    copies: tuple[ScoreModel, ...]
    seen: int
    repeats: tuple[float, ...]


def count_inside(
    tables: Sequence[PackedFile],
    most: Sequence[Floats],
    sample: int,
    scans: Scans,
    *,
    relatives: float,
) -> InsideScores:
    """Count the scores inside the files, and fit who is there twice.

    Args:
        tables: the files.
        most: for each file, what each record can tell at most (:func:`.held.most_told`).
        sample: records of a file to scan, at most.
        scans: adds up the progress.
        relatives: score that the relatives reach who are most alike; pairs up to it count as different people.
    """
    different, seen, repeats, copies = np.zeros(BINS, np.int64), 0, [], []
    for table, told in zip(tables, most, strict=True):
        rows = sample_rows(table.words, sample)
        whole = len(rows) == len(table)
        rows = telling_rows(rows, told)
        counts = score_histogram(
            table.words,
            table.words,
            rows,
            bins=BINS,
            exclude_self=True,
            sizes=SIZES,
            progress=scans.next(),
        )
        chance = chance_alone(counts, len(table), relatives=relatives)
        fitted = fit_scores(counts, chance, first=_COPIES_FIRST / max(len(table), 1))
        copies.append(fitted)
        repeats.append(min(fitted.share * len(table), 1.0))
        if fitted.least * len(table) > _MANY:
            counts = np.round(counts * (1 - fitted.posterior())).astype(np.int64)
        different += counts if whole else 2 * counts
        seen += pairs_seen(len(table), len(rows))
    return InsideScores(
        different=different, copies=tuple(copies), seen=seen, repeats=tuple(repeats)
    )


def customary_scores(tables: Sequence[PackedFile], a: int, b: int) -> ScoreModel:
    """Return weights that make the customary score even odds, for files that can't show what chance does."""
    score = (np.arange(BINS) + 0.5) / BINS
    space = max(possible_pairs(tables[a], tables[b], same=a == b), 1)
    share = min(FIRST_MATCHES * min(len(tables[a]), len(tables[b])) / space, 0.5)
    odds = log_prior_odds(share * space, (len(tables[a]), len(tables[b])), "one-to-one")
    match = np.where(score >= _CUSTOMARY, 1.0, 1e-12)
    return ScoreModel(
        log_ratio=_CUSTOMARY_SLOPE * (score - _CUSTOMARY) - odds,
        match=match / match.sum(),
        other=np.full(BINS, 1 / BINS),
        share=share,
        least=0.0,
        most=share,
        converged=True,
    )
