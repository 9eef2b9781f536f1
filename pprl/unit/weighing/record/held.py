"""How much a record holds, and what agreement on so little can say.

Two records that hold a surname and nothing else are as similar as two copies of one full record, and their similarity
alone would make them a certain match. How much they hold can be seen from the number of bits that are set.
"""

from __future__ import annotations

from math import log

import numpy as np

from pprl.base.arrays import Floats, Int64s, Words
from pprl.exchange.agreement.model import Agreement
from pprl.kernels.packed import popcounts

__all__ = ["most_told", "telling_rows"]

_HALF_RECORD = 16 * log(2)
"""What a record that holds half of the budgets tells at most, as natural log of a likelihood ratio: 16 bits, one in
65,536. Chosen; sensitive only for records that lack most of their fields: a surname with the sex, or a given name with
a year, stay below what a link between files of some thousands needs, and given name with surname just above it."""


_TEACHES = log(1000)
"""What a record must be able to tell to be learnt from: one of a thousand people. Chosen: sparser records look like
copies of each other, and are linked in tiny files only."""


def telling_rows(rows: Int64s, most: Floats) -> Int64s:
    """Return those rows that hold enough to be learnt from; all of them if hardly any does.

    Args:
        rows: ``int64[rows]``.
        most: ``float64[records]``, see :func:`most_told`.
    """
    some = rows[most[rows] >= _TEACHES]
    return some if 2 * len(some) >= len(rows) else rows


def most_told(words: Words, agreement: Agreement) -> Floats:
    """Return the highest log ratio that a pair of each record can have: ``float64[records]``, natural logarithm.

    It grows with the share of the agreement's budgets that a record holds as the odds of that share do, so that nearly
    full records are hardly limited.

    The number of draws that set so many bits is estimated as for a Bloom filter (Swamidass and Baldi 2007).

    Args:
        words: packed filters, ``uint64[records, words]``.
        agreement: what they were made with.
    """
    bits = agreement.filter_bits()
    fill = np.minimum(popcounts(words) / bits, 1 - 1 / bits)
    if agreement.hardening.method == "xor-fold":
        # Of two halves that are folded, a bit is set where exactly one of them is: 2 f (1 - f) of the bits.
        fill = (1 - np.sqrt(np.maximum(1 - 2 * fill, 0))) / 2
    width = agreement.filter.bits
    draws = -width * np.log1p(-fill)
    share = np.minimum(draws / sum(field.budget for field in agreement.field), 0.99)
    return _HALF_RECORD * share / (1 - share)
