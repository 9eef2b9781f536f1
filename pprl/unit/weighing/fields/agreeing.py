"""How alike matches look bit by bit in the profile ``fields``: what an LSH is planned by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pprl.exchange.encoded.file import EncodedFile
from pprl.unit.blocking.lsh import Agreeing
from pprl.unit.blocking.methods import PackedFile
from pprl.unit.blocking.sampling import content_rank, sample_rows
from pprl.unit.weighing.fields.learnt import LearntFields
from pprl.unit.weighing.fields.scan import SLACK, scan_rows
from pprl.unit.weighing.model import EVEN, TwoFiles

__all__ = ["agreeing_matches"]

_SAMPLE = 2_000
"""Records whose matches show how alike matches are. Chosen; how sensitive the plans are was not measured."""

_COSTS = 150.0, 8.0
"""Nanoseconds that an LSH takes for a record in a table and for a pair; measured by ``benchmarks/scale.py``. Not
sensitive: they choose between plans of nearly equal cost."""

_LOWEST = 0.02
"""Share of the matches that agree on fewer bits than the least alike one that is still told of. Chosen; not sensitive:
no table is planned by it where there are matches."""

_NO_MATCH = 0.9
"""Share of the bits on which matches agree where the sample shows none. Chosen; how sensitive the plans are was not
measured."""


def agreeing_matches(
    files: Sequence[EncodedFile],
    tables: Sequence[PackedFile],
    learnt: LearntFields,
    pairs: Sequence[TwoFiles],
) -> Agreeing:
    """Return how alike matches are, from those of some records.

    Args:
        files: the encoded files.
        tables: the same as a blocking sees them.
        learnt: the weights.
        pairs: the pairs of files that will be scanned.
    """
    ones, others, probabilities, records = [], [], [], []
    for a, b in pairs:
        rows = sample_rows(tables[a].words, _SAMPLE)
        prior = learnt.prior(a, b)
        left, right = scan_rows(learnt, (a, b), floor=-prior - SLACK, rows=(rows, None))
        if a == b:
            # Two sampled records find each other twice.
            once = (left < right) | ((left > right) & ~np.isin(right, rows))
            left, right = left[once], right[once]
        odds = learnt.log_ratios(a, b, left, right) + prior
        rank = content_rank(tables[a].words[rows])
        records.append(rank[np.searchsorted(rows, left)])
        ones.append(tables[a].words[left])
        others.append(tables[b].words[right])
        probabilities.append(1 / (1 + np.exp(-np.clip(odds, -60, 60))))
    one, other = np.concatenate(ones), np.concatenate(others)
    probability = np.concatenate(probabilities)
    bits = files[0].agreement.filter_bits() * files[0].agreement.filters_per_record()
    share = 1 - np.bitwise_count(one ^ other).sum(axis=1) / bits
    likely = share[probability >= EVEN]
    return Agreeing(
        a=tables[0].words,
        b=tables[-1].words,
        one=one,
        other=other,
        probability=probability,
        record=np.concatenate(records),
        share=share,
        frequency=probability,
        lowest=float(np.quantile(likely, _LOWEST)) if len(likely) else _NO_MATCH,
        costs=_COSTS,
    )
