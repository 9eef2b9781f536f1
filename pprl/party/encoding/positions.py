"""The positions of a field's tokens, drawn once each however many blocks a table comes in.

Distinct tokens are few where values are many: the q-grams of all names of a country are some hundreds.
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
"""Tokens kept. Where every value is a token of its own (free codes) they would fill the memory and serve nobody."""

_MOST_BYTES = 64 << 20
"""The same as memory of a field's table: a token may draw thousands of positions."""


class FieldPositions:
    """The keyed positions of one field's tokens; may be asked by several threads.

    Args:
        field: the agreement's field.
        subkey: 32 bytes, the field's own.
        bits: filter length.
        most: tokens that are kept.
    """

    def __init__(
        self, field: AgreementField, subkey: bytes, bits: int, *, most: int = _MOST
    ) -> None:
        self.field = field
        self.bits = bits
        self._subkey = subkey
        # A value that is there has at least q tokens, so no token draws more than this.
        least = DATE_TOKENS if FIELD_TYPES[field.type].tokens == "date" else max(field.q, 1)
        self._draws = draws_per_token(field, least)
        self._most = min(most, max(_MOST_BYTES // (2 * self._draws), 1))
        self._numbers: dict[str, int] = {}
        self._table = np.zeros((0, self._draws), np.uint16)
        self._lock = threading.Lock()

    def look_up(self, vocabulary: Sequence[str]) -> tuple[Int64s, npt.NDArray[np.uint16]]:
        """Return (row of each token, ``uint16[rows, draws]`` the positions); draw those that are new.

        A token may stand twice. The table returned stays what it is, whatever is asked later.
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
                # A new array and not a longer one: threads still read the old.
                self._table = np.concatenate([self._table[:known], drawn])
            return rows, self._table
