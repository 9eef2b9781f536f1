"""The party's own ids: which rows have none, and which repeat the id of an earlier row."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pprl.party.encoding.blake2b import text_numbers
from pprl.tables.blocks import Block, TableSource
from pprl.tables.texts import Texts

__all__ = ["IdFacts", "OwnIds", "Repeated"]

_BLOCK = 1 << 16
"""Rows that are read again at a time. Chosen; results never depend on it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class IdFacts:
    """The ids of a block.

    Attributes:
        none: rows without an id.
        first_none: the first of them, -1 if there is none.
        numbers: ``uint64[rows with an id]``; equal for equal ids, and practically always different for different
            ones.
    """

    none: int
    first_none: int
    numbers: npt.NDArray[np.uint64] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Repeated:
    """Rows whose id an earlier row has.

    Attributes:
        rows: how many.
        first: the first of them, counted from 0.
        earlier: the first row that has the same id.
    """

    rows: int
    first: int
    earlier: int


class OwnIds:
    """Looks at the ids of a table block by block, then says which repeat.

    Memory grows with the file by eight bytes for each id, and sixteen more for each that repeats.

    Args:
        column: the column of the party's own ids.
    """

    def __init__(self, column: str) -> None:
        self.column = column
        # Drawn afresh, so that nobody can prepare ids that collide.
        self._subkey, self._second = os.urandom(32), os.urandom(32)
        self._numbers: list[npt.NDArray[np.uint64]] = []

    def look(self, block: Block) -> IdFacts:
        """Return the facts of a block; safe to call from several threads."""
        ids = Texts.from_arrow(block[self.column])
        none = _blank(ids)
        return IdFacts(
            none=len(none),
            first_none=int(none[0]) if len(none) else -1,
            numbers=np.delete(text_numbers(ids, self._subkey), none),
        )

    def add(self, facts: IdFacts) -> None:
        """Keep a block's ids for :meth:`repeated`."""
        self._numbers.append(facts.numbers)

    def repeated(self, source: TableSource) -> Repeated | None:
        """Return which rows repeat an earlier id, if any; forgets all ids.

        Args:
            source: the table; its ids are read again if two seem to be equal.
        """
        ordered = np.concatenate([np.zeros(0, np.uint64), *self._numbers])
        self._numbers = []
        ordered.sort()  # in place: this is what is largest
        again = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
        del ordered
        if not len(again):
            return None
        # Two numbers may be equal by chance; that a second pair of 64 bits agrees too is out of the question.
        numbers, places, start = [], [], 0
        for block in source.blocks([self.column], _BLOCK):
            ids = block[self.column]
            seem = np.isin(text_numbers(Texts.from_arrow(ids), self._subkey), again)
            doubtful = np.flatnonzero(seem)
            chosen = ids.take(pa.array(doubtful))
            numbers.append(text_numbers(Texts.from_arrow(chosen), self._second))
            places.append(start + doubtful)
            start += len(ids)
        second, rows = np.concatenate(numbers), np.concatenate(places)
        order = np.argsort(second, kind="stable")
        same = second[order][1:] == second[order][:-1]
        if not same.any():
            return None
        first = int(order[1:][same].min())
        earlier = int(np.argmax(second == second[first]))
        return Repeated(rows=int(same.sum()), first=int(rows[first]), earlier=int(rows[earlier]))


def _blank(texts: Texts) -> npt.NDArray[np.int64]:
    """Return which texts hold nothing but white space, or a NUL, which no id map could give back."""
    lengths = texts.lengths()
    first, last = int(texts.offsets[0]), int(texts.offsets[-1])
    data = texts.data[first:last]
    visible = np.zeros(len(data) + 1, np.int64)
    np.cumsum((data > 0x20) & (data < 0x7F), out=visible[1:])
    counts = visible[texts.offsets - first]
    doubtful = np.flatnonzero(counts[1:] == counts[:-1])
    blank = [at for at in doubtful.tolist() if not lengths[at] or not texts[at].strip()]
    broken = np.flatnonzero(data == 0)
    if len(broken):
        blank += (np.searchsorted(texts.offsets - first, broken, side="right") - 1).tolist()
    return np.unique(np.array(blank, np.int64))
