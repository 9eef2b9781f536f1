"""Which values are alike: found once for each value of a tile and of a block, not for each pair of records.

Two people agree on little: of 100,000 made-up people a record is similar to 0.5 % of the others in the given name, to
2 % in the date of birth, and equal to half in the sex. So the records of one file are taken in blocks, those of the
other in tiles, and for each value of a tile the values of the block that are similar or equal to it are listed, and
from there the records that have them. What is left out is a pair of present values that differ, the usual case.

* The vector search of :mod:`pprl.kernels.folded` lists the values; the lowest of :data:`CUTS` is its threshold.
* Whether a value is there at all, and fields of a handful of values (sex), make a record's *class*. There are few
  classes, so what two of them add up to is looked up.

Tiles go by class, then by the field whose values cost most: records with one value stand together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from pprl.base.arrays import Int32s, Int64s, Words
from pprl.base.progress import ShareDone
from pprl.base.threads import in_threads
from pprl.kernels.packed import fold_rows, fold_to_lanes, limit_slopes, unroll
from pprl.unit.weighing.fields.levels import DIFFERENT, EXACT, MISSING, Columns, Levels, level_of
from pprl.unit.weighing.fields.search.alike import equal_values, index_values, near_values
from pprl.unit.weighing.fields.search.coarse import (
    FEW,
    all_levels,
    choose_fold,
    few_valued,
    least_cut,
)

__all__ = ["Block", "Near", "Search", "Side", "in_blocks"]

_BLOCK = 1 << 16
"""Records of a block: their sums stay in the second-level cache, and a number has 16 bits."""


Places = npt.NDArray[np.uint16]
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True, eq=False)
class Side:
    """One file's records in the order in which they are compared.

    Attributes:
        order: ``int64[records]``: the row that stands at each place.
        ids: ``int32[fields, records]``: values, by place.
        kind: ``int32[records]``: class, by place.
        parts: ``int32[classes, fields]``: what a class is: the value in a field of few (0: missing), else 1 or 0.
    """

    order: Int64s
    ids: Int32s
    kind: Int32s
    parts: Int32s

    def __len__(self) -> int:
        return len(self.order)


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """Records of one side, by value. A value's number counts through all fields of the block.

    Attributes:
        start: place of the first record.
        kind: ``int32[records]``: class.
        values: ``int32[values]``: which they are, field by field, rising in bits set.
        first: ``int64[fields + 1]``: where each field's values begin.
        offsets: ``int32[values + 1]``: where each value's records begin among `records`.
        records: ``uint16``: records from `start` on that have the value.
        bits: ``int32[values]``: bits set in each.
        words: ``uint64[values, words]``: the filters, side by side: hits lie close together.
        lanes: for each field its values, folded and laid out in lanes.
    """

    start: int
    kind: Int32s
    values: Int32s
    first: Int64s
    offsets: Int32s
    records: Places
    bits: Int32s
    words: Words
    lanes: tuple[Words, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Near:
    """The values of a block that are similar or equal to those of a tile.

    Attributes:
        which: ``int32[fields, rows]``: number of each row's list; -1 where the field has no part in it.
        offsets: ``int64[lists + 1]``: where each list begins.
        values: ``int32``: values of the block.
        levels: ``uint8``: their levels of agreement, above :data:`DIFFERENT`.
    """

    which: Int32s
    offsets: Int64s
    values: Int32s
    levels: Levels


class Search:
    """Finds like values of two sides.

    Args:
        table: the fields.
        words: its filters by value, ``uint64[values, words]``.
        one, other: values of both sides' records, ``int32[fields, records]``.
        same: both sides are one file; they then have one order.
        least: the lowest level that is listed, by field (:mod:`pprl.unit.weighing.fields.search.coarse`); all unless
            given.

    Attributes:
        least: as given.
        meet: ``uint8[fields, parts, parts]``: levels by the parts of two classes (:class:`Side`).
        a, b: the sides.
    """

    def __init__(
        self,
        table: Columns,
        words: Words,
        one: Int32s,
        other: Int32s,
        *,
        same: bool = False,
        least: Int64s | None = None,
    ) -> None:
        self._table = table
        self._fields = list(pairwise(int(start) for start in table.starts))
        self._words = words
        self._few = few_valued(table)
        self._by_bits = [
            start + 1 + np.argsort(table.bits[start + 1 : end], kind="stable")
            for start, end in self._fields
        ]
        self.least = all_levels(len(self._fields)) if least is None else least
        self._widths = [
            choose_fold(self._words, values, int(low))[0]
            for values, low in zip(self._by_bits, self.least, strict=True)
        ]
        self._leading = int(np.argmax([self._saving(f, one) for f in range(len(self._fields))]))
        self.meet = self._meetings()
        self.a = self._side(one)
        self.b = self.a if same else self._side(other)

    def _saving(self, f: int, ids: Int32s) -> float:
        """Tell what it saves to have equal values of a field side by side, in words a record."""
        if self._few[f]:
            return 0.0
        again = 1 - len(np.unique(ids[f])) / max(ids.shape[1], 1)
        return again * len(self._by_bits[f]) * self._widths[f]

    def _meetings(self) -> Levels:
        """Return levels of agreement by field and by parts of the classes (see :class:`Side`)."""
        table = self._table
        made = np.full((len(self._fields), FEW + 1, FEW + 1), MISSING, np.uint8)
        for f, (start, end) in enumerate(self._fields):
            made[f, 1, 1] = DIFFERENT
            for x in range(start + 1, end if self._few[f] else start + 1):
                for y in range(start + 1, end):
                    common = np.bitwise_count(self._words[x] & self._words[y]).sum()
                    level = level_of(int(common), int(table.bits[x] + table.bits[y]))
                    made[f, x - start, y - start] = table.exact[x] if x == y else level
        return made

    def _side(self, ids: Int32s) -> Side:
        number = np.zeros(ids.shape[1], np.int64)
        parts = []
        for f, start in enumerate(self._table.starts[:-1]):
            part = ids[f] - start
            parts.append(part if self._few[f] else (part > 0).astype(np.int64))
            _, number = np.unique(number * (FEW + 1) + parts[-1], return_inverse=True)
        kinds, shown, number = np.unique(number, return_index=True, return_inverse=True)
        order = np.lexsort((ids[self._leading], number))
        return Side(
            order=order,
            ids=np.ascontiguousarray(ids[:, order]),
            kind=number[order].astype(np.int32),
            parts=np.stack(parts, axis=1)[shown].astype(np.int32).reshape(len(kinds), len(parts)),
        )

    def block(self, side: Side, start: int, end: int) -> Block:
        """Return the records of a side from place `start` to `end`, by value."""
        values, offsets, records, lanes = [], [np.zeros(1, np.int32)], [], []
        first, held = [0], 0
        for f, (begin, until) in enumerate(self._fields):
            ids = side.ids[f, start:end]
            if self._few[f]:
                ids = ids[:0]
            of_field, places, who = index_values(ids, self._by_bits[f], begin, until)
            values.append(of_field)
            offsets.append(places[1:] + np.int32(held))
            records.append(who)
            lanes.append(fold_to_lanes(self._words, of_field.astype(np.int64), self._widths[f]))
            first.append(first[-1] + len(of_field))
            held += len(who)
        present = np.concatenate(values)
        return Block(
            start=start,
            kind=side.kind[start:end],
            values=present,
            bits=self._table.bits[present],
            words=self._words[present],
            first=np.array(first, np.int64),
            offsets=np.concatenate(offsets),
            records=np.concatenate(records),
            lanes=tuple(lanes),
        )

    def near(self, ids: Int32s, block: Block) -> Near:
        """List the values of a block near those of some records.

        Args:
            ids: ``int32[fields, rows]``: values.
            block: what they meet.
        """
        table = self._table
        which = np.full(ids.shape, -1, np.int32)
        offsets, values, levels = [np.zeros(1, np.int64)], [], []
        lists = held = 0
        for f, (first, last) in enumerate(pairwise(block.first)):
            if first == last:
                continue
            distinct, place = np.unique(ids[f], return_inverse=True)
            present = distinct > table.starts[f]
            chosen = np.flatnonzero(present)
            chosen = chosen[np.argsort(table.bits[distinct[chosen]], kind="stable")]
            number = np.full(len(distinct), -1, np.int32)
            number[chosen] = np.arange(lists, lists + len(chosen))
            which[f] = number[place.ravel()]
            one = distinct[chosen]
            width, low = self._widths[f], int(self.least[f])
            if low == EXACT:
                found = equal_values(one, table.exact, block.values[first:last])
            else:
                found = near_values(
                    unroll(width),
                    limit_slopes(least_cut(low), (1, 1)),
                    low,
                    table.exact,
                    one,
                    self._words[one],
                    table.bits[one],
                    fold_rows(self._words, one.astype(np.int64), width),
                    block.values[first:last],
                    block.words[first:last],
                    block.bits[first:last],
                    block.lanes[f],
                )
            offsets.append(found[0][1:] + held)
            values.append(found[1] + np.int32(first))
            levels.append(found[2])
            lists += len(one)
            held += len(found[1])
        return Near(
            which=which,
            offsets=np.concatenate(offsets),
            values=np.concatenate([np.zeros(0, np.int32), *values]),
            levels=np.concatenate([np.zeros(0, np.uint8), *levels]),
        )


def in_blocks(
    search: Search,
    work: Callable[[Block, int], Result],
    *,
    rows: int,
    later: bool = False,
    progress: ShareDone | None = None,
) -> list[Result]:
    """Give ``[work(block, start)]`` for all blocks of one side and all tiles of the other, on all threads.

    Args:
        search: both sides.
        work: called with a block of side b and with the first place of a tile of side a.
        rows: places in a tile.
        later: the sides are one, and only later places than a row's own count.
        progress: called with the share done.
    """
    size = len(search.b)
    parts: list[Result] = []
    for first in range(0, size, _BLOCK):
        last = min(first + _BLOCK, size)
        tiles = range(0, last - 1 if later else len(search.a), rows)
        told = partial(_tell, progress, first / size, last / size) if progress else None
        parts += in_threads(
            partial(work, search.block(search.b, first, last)), tiles, progress=told
        )
    if progress:
        progress(1.0)
    return parts


def _tell(progress: ShareDone, before: float, after: float, share: float) -> None:
    progress(before + (after - before) * share)
