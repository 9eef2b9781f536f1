"""How alike matches look bit by bit in the profile ``record``: what an LSH is planned by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pprl.base.arrays import Floats, Int64s, Words
from pprl.kernels.dice import dice_scan, popcounts
from pprl.unit.blocking.lsh import Agreeing
from pprl.unit.blocking.sampling import SAMPLE, content_rank, sample_rows
from pprl.unit.weighing.model import TwoFiles
from pprl.unit.weighing.record.scan import SIZES
from pprl.unit.weighing.record.scores import BINS

if TYPE_CHECKING:
    from pprl.unit.weighing.record.model import RecordModel

__all__ = ["agreeing_matches"]

_SHOWN = 2_000_000_000
"""Pairs that may be scanned to show an LSH how alike matches are: about a second on a core. Chosen; how sensitive the
plans are was not measured."""

_COSTS = 100.0, 2.5
"""Nanoseconds that an LSH takes for a record in a table (bucket, order, fetching) and for a pair; measured by
``benchmarks/scale.py``. Not sensitive: they choose between plans of nearly equal cost."""

_COUNTED = 20_000
"""Records of a file whose set bits are counted. Chosen; not sensitive: their mean scatters by less than one bit."""


def agreeing_matches(model: RecordModel, floors: Mapping[TwoFiles, float]) -> Agreeing:
    """Return how alike matches are, from samples of records compared with everybody and from the fitted scores.

    Args:
        model: what was learnt.
        floors: for each pair of files, the least score that is looked for.
    """
    found = [
        _sampled(model, pair, floor, work=_SHOWN // len(floors)) for pair, floor in floors.items()
    ]
    ones, others, probabilities, records = zip(*found, strict=True)
    # The files with the fullest filters need the most tables at any width: a similarity stands for the
    # more differing bits, the more bits are set.
    pair = max(
        floors,
        key=lambda pair: sum(float(popcounts(model.tables[n].words).mean()) for n in pair),
    )
    floor, fitted = floors[pair], model.scores_of[pair]
    small, large = sorted((model.tables[n].words for n in pair), key=len)
    bits = model.files[0].agreement.filter_bits()
    generator = np.random.default_rng(1)
    some = [
        popcounts(words)[generator.integers(0, len(words), _COUNTED)] for words in (small, large)
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
        frequency=np.where(middle < floor, 0.0, fitted.match),
        lowest=float(agree(floor)),
        costs=_COSTS,
    )


def _sampled(
    model: RecordModel, pair: TwoFiles, floor: float, *, work: int
) -> tuple[Words, Words, Floats, Int64s]:
    """Return filters of pairs of some records with everybody, how likely each is a match, and whose pair it is."""
    a, b = pair
    tables = model.tables
    small, large = (a, b) if len(tables[a]) <= len(tables[b]) else (b, a)
    one, other = tables[small].words, tables[large].words
    rows = sample_rows(one, SAMPLE, others=len(other), work=work)
    place, right, score = dice_scan(one[rows], other, threshold=floor, sizes=SIZES)
    left, rank = rows[place], content_rank(one[rows])
    if a == b:
        # Two sampled records find each other twice.
        once = (left < right) | ((left > right) & ~np.isin(right, rows))
        left, right, score, place = left[once], right[once], score[once], place[once]
    fitted = model.scores_of[pair]
    odds = fitted.of(score) + np.log(max(fitted.share, 1e-300))
    return one[left], other[right], 1 / (1 + np.exp(-np.clip(odds, -60, 60))), rank[place]
