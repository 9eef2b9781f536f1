"""Comparing pairs in the profile ``fields``: bounds through the kernels, log ratios of what passes."""

from __future__ import annotations

import numpy as np

from pprl.base.arrays import Int32s, Int64s, Words
from pprl.base.progress import ShareDone
from pprl.unit.blocking.keyless import count_chosen
from pprl.unit.blocking.lsh import agreeing_on
from pprl.unit.blocking.methods import Codes, PackedFile
from pprl.unit.journal import Part
from pprl.unit.weighing.fields.learnt import LearntFields
from pprl.unit.weighing.fields.levels import Columns
from pprl.unit.weighing.fields.search.scan import scan_all, scan_grouped
from pprl.unit.weighing.model import RowsOfFile, TwoFiles

__all__ = ["SLACK", "FieldsScan", "scan_rows"]

SLACK = 4.0
"""A pair is not looked at if its bound lies further than this below even odds, as a natural logarithm. Chosen; not
sensitive: rivals below it take next to nothing from a pair."""


def scan_rows(
    learnt: LearntFields,
    pair: TwoFiles,
    *,
    floor: float,
    rows: tuple[RowsOfFile, RowsOfFile],
    progress: ShareDone | None = None,
) -> tuple[Int64s, Int64s]:
    """Return all pairs of some rows of two files whose bound is at least `floor`."""
    a, b = pair
    table = _taken(learnt.table, a, b, rows)
    same = a == b and rows[0] is None and rows[1] is None
    left, right = scan_all(table, (0, 1), learnt.bound(), floor, same=same, progress=progress)
    left = left if rows[0] is None else rows[0][left]
    right = right if rows[1] is None else rows[1][right]
    if a == b and not same:
        left, right = left[left != right], right[left != right]
    return left, right


class FieldsScan:
    """See :class:`pprl.unit.blocking.methods.PairScan`; a pair's value is its log ratio.

    Args:
        learnt: what was learnt.
        pair: the two files.
        tables: the same as a blocking sees them, rows taken.
        floor: least log ratio that is kept.
        least: least bound that is looked at.
        rows: of each file that are looked at.
    """

    def __init__(
        self,
        learnt: LearntFields,
        pair: TwoFiles,
        tables: tuple[PackedFile, PackedFile],
        *,
        floor: float,
        least: float,
        rows: tuple[RowsOfFile, RowsOfFile],
    ) -> None:
        self._learnt, self._bound = learnt, learnt.bound()
        self._pair, self._same = pair, pair[0] == pair[1]
        self._tables = tables
        self._floor, self._least = floor, least
        self._rows = rows
        self._table = _taken(learnt.table, *pair, rows)

    def rows(self, start: int, stop: int, *, progress: ShareDone) -> Part:
        """One kernel call; for one file with the rows from the first of these on."""
        first = start if self._same else 0
        one, other = self._table.ids[0][:, start:stop], self._table.ids[1][:, first:]
        left, right = scan_all(
            self._with(one, other), (0, 1), self._bound, self._least, progress=progress
        )
        left, right = left + start, right + first
        mine, others = one.shape[1], self._table.ids[1].shape[1]
        compared = mine * others
        if self._same:
            left, right = left[left < right], right[left < right]
            compared = mine * (mine - 1) // 2 + mine * (others - stop)
        return self._weighed(left, right, compared)

    def shared(
        self,
        codes: Codes,
        *,
        earlier: Codes | None = None,
        met: Words | None = None,
        progress: ShareDone,
    ) -> Part:
        """One kernel call over all blocks."""
        one, other = (
            now[:, None] if before is None else np.column_stack([before, now])
            for now, before in zip(codes, earlier or (None, None), strict=True)
        )
        last = one.shape[1] - 1
        left, right, counts = scan_grouped(
            self._table,
            (0, 1),
            self._bound,
            self._least,
            codes=(one, other),
            first=last,
            same=self._same,
            progress=progress,
        )
        if met is not None:
            before = agreeing_on(self._tables[0].words, self._tables[1].words, left, right, met)
            left, right = left[~before], right[~before]
        return self._weighed(left, right, int(counts[last]))

    def chosen(self, left: Int64s, right: Int64s | None, *, progress: ShareDone) -> Part:
        """One kernel call."""
        one, other = self._table.ids
        others = other.shape[1]
        one, other = one[:, left], other if right is None else other[:, right]
        i, j = scan_all(self._with(one, other), (0, 1), self._bound, self._least, progress=progress)
        i, j = left[i], j if right is None else right[j]
        if self._same:
            i, j = i[i < j], j[i < j]
        return self._weighed(i, j, count_chosen(left, right, others, same=self._same))

    def _with(self, one: Int32s, other: Int32s) -> Columns:
        table = self._table
        return Columns(
            words=table.words,
            bits=table.bits,
            exact=table.exact,
            starts=table.starts,
            ids=(np.ascontiguousarray(one), np.ascontiguousarray(other)),
        )

    def _weighed(self, left: Int64s, right: Int64s, compared: int) -> Part:
        log_ratio = self._learnt.log_ratios(
            *self._pair,
            left if self._rows[0] is None else self._rows[0][left],
            right if self._rows[1] is None else self._rows[1][right],
        )
        kept = log_ratio >= self._floor
        return Part(left=left[kept], right=right[kept], value=log_ratio[kept], compared=compared)


def _taken(table: Columns, a: int, b: int, rows: tuple[RowsOfFile, RowsOfFile]) -> Columns:
    """Return the fields with two files only, and some rows of each."""
    ids = tuple(
        table.ids[n] if r is None else np.ascontiguousarray(table.ids[n][:, r])
        for n, r in zip((a, b), rows, strict=True)
    )
    return Columns(
        words=table.words, bits=table.bits, exact=table.exact, starts=table.starts, ids=ids
    )
