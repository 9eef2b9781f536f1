"""The positions of a field's tokens, each drawn once however many blocks a table has.

Even where values are many, distinct tokens are few: all names of a country have some hundreds of q-grams.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pprl.base.arrays import Int64s
from pprl.exchange.agreement.field_types import FIELD_TYPES
from pprl.exchange.agreement.model import AgreementField
from pprl.party.encoding.blake2b import position_rows
from pprl.party.encoding.tokens import DATE_TOKENS, draws_per_token
from pprl.tables.texts import Texts

__all__ = ["FieldPositions"]

_MOST = 1 << 17
"""Tokens kept. Where every value is its own token (free codes), keeping all would fill memory for nothing.

Chosen; not sensitive: q-grams never come near it.
"""

_MOST_BYTES = 64 << 20
"""The same limit as the memory of one field's table, because a token may draw thousands of positions.

Chosen; not sensitive: at a hundred positions a token it is still 300,000 tokens.
"""


class FieldPositions:
    """The keyed positions of one field's tokens; safe to use from several threads.

    Args:
        field: the agreement's field.
        subkey: 32 bytes, the field's own.
        bits: filter length.
        most: how many tokens to keep.
    """

    def __init__(
        self, field: AgreementField, subkey: bytes, bits: int, *, most: int = _MOST
    ) -> None:
        self.field = field
        self.bits = bits
        self._subkey = subkey
        # A value that is not missing has at least q tokens, so no token draws more than this.
        least = DATE_TOKENS if FIELD_TYPES[field.type].tokens == "date" else max(field.q, 1)
        self._draws = draws_per_token(field, least)
        self._most = min(most, max(_MOST_BYTES // (2 * self._draws), 1))
        self._numbers: dict[str, int] = {}
        self._table = np.zeros((0, self._draws), np.uint16)
        self._lock = threading.Lock()

    def look_up(self, vocabulary: Sequence[str]) -> tuple[Int64s, npt.NDArray[np.uint16]]:
        """Return (row of each token, table of positions ``uint16[rows, draws]``); new tokens are drawn.

        A token may occur twice. Later calls leave the returned table as it is.
        """
        with self._lock:
            numbers = self._numbers
            if len(numbers) + len(vocabulary) > self._most:
                numbers = self._numbers = {}
            known = len(numbers)
            rows = np.array(
                [numbers.setdefault(token, len(numbers)) for token in vocabulary], np.int64
            )
            if len(numbers) > known:
                new = Texts.of(list(numbers)[known:])
                drawn = position_rows(new, self._subkey, self.bits, self._draws)
                # A new array, because other threads may still be reading the old one.
                self._table = np.concatenate([self._table[:known], drawn])
            return rows, self._table
