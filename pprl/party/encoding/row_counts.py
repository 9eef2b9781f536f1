"""What became of a table's rows, counted block by block, and whether they may be encoded at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from pprl.base.arrays import Words
from pprl.base.errors import DataError
from pprl.base.words import plural
from pprl.exchange.agreement.model import Agreement
from pprl.party.encoding.encoder import BlockFacts, FillCount
from pprl.party.hardening.weakness import weaknesses
from pprl.party.reading.people import (
    EMPTY_ID_HINT,
    NO_VALUE_HINT,
    REPEATED_ID_HINT,
    FieldPlan,
    file_row,
    shared_columns,
)
from pprl.tables.blocks import TableSource

__all__ = ["RowCounter", "RowCounts"]

_BLOCK = 1 << 16
"""Rows read at a time where ids are read again. Chosen; not sensitive: this happens only if two ids seem equal."""

NumberIds = Callable[[pa.LargeStringArray], Words]


@dataclass(frozen=True, kw_only=True)
class RowCounts:
    """What became of the rows: ``rows_read == encoded + sum(rejected.values())``.

    Attributes:
        rows_read: rows of the table.
        encoded: rows in the encoded file.
        rejected: reason -> rows.
        missing: field -> encoded rows without a value.
        unreadable: field -> encoded rows whose value could not be read and counts as missing.
        date_formats: date field -> format used.
        profile: the agreement's: ``record`` for one filter per record, ``fields`` for one filter per field.
        fill: mean share of bits set in a filter; filters of missing fields don't count.
        warnings: what is weak about the agreement or the file.
    """

    rows_read: int
    encoded: int
    rejected: Mapping[str, int]
    missing: Mapping[str, int]
    unreadable: Mapping[str, int]
    date_formats: Mapping[str, str]
    profile: str
    fill: float
    warnings: tuple[str, ...]


class RowCounter:
    """Counts the rows of blocks, which it is given in the order of the file.

    Args:
        plans: how each field is read.
        rule: what to do about a value that can't be read: stop, or count it as missing.

    Attributes:
        rows: rows so far.
        broken: whether something was met that stops the encoding; :meth:`check` says what, once all rows were seen.
    """

    def __init__(self, plans: Sequence[FieldPlan], rule: Literal["error", "missing"]) -> None:
        self._plans = plans
        self._rule = rule
        self.rows = 0
        self.broken = False
        self._empty = 0
        self._missing = [0] * len(plans)
        self._unreadable = [0] * len(plans)
        self._first_unreadable = [-1] * len(plans)
        self._no_id, self._first_no_id = 0, -1
        self._id_numbers: list[Words] = []
        self._fill = FillCount()

    def add(self, facts: BlockFacts) -> None:
        """Count the next block."""
        for at in range(len(self._plans)):
            self._missing[at] += facts.missing[at]
            self._unreadable[at] += facts.unreadable[at]
            if self._first_unreadable[at] < 0 <= facts.first_unreadable[at]:
                self._first_unreadable[at] = self.rows + facts.first_unreadable[at]
        if self._first_no_id < 0 <= facts.first_no_id:
            self._first_no_id = self.rows + facts.first_no_id
        self._no_id += facts.no_id
        self._id_numbers.append(facts.id_numbers)
        self._empty += facts.empty
        self._fill = self._fill.plus(facts.fill)
        self.rows += facts.rows
        if self._no_id or (self._rule == "error" and any(self._unreadable)):
            self.broken = True

    def check(self, source: TableSource, id_column: str, number: NumberIds) -> None:
        """Refuse what can't be encoded, naming rows and columns but never a value.

        Args:
            source: the table, whose ids are read again if two seem to be equal.
            id_column: the column of the party's own ids.
            number: gives the ``id_numbers`` of a block's ids.

        Raises:
            DataError: ids that are missing or not unique, values that can't be read, or no row with a value.
        """
        if self._no_id:
            raise DataError(
                f"{source.name}: {plural(self._no_id, 'row has', 'rows have')} no id in the column {id_column!r} "
                f"(first: row {file_row(self._first_no_id)})",
                hint=EMPTY_ID_HINT,
            )
        self._check_unique(source, id_column, number)
        if self._rule == "error":
            self._check_unreadable(source.name)
        if self._empty == self.rows:
            raise DataError(
                f"{source.name}: no row has a value in any of the agreement's fields",
                hint=NO_VALUE_HINT,
            )

    def _check_unique(self, source: TableSource, id_column: str, number: NumberIds) -> None:
        ordered = np.concatenate([np.zeros(0, np.uint64), *self._id_numbers])
        self._id_numbers = []
        ordered.sort()  # in place, because with eight bytes a row this grows with the file
        again = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
        del ordered
        if not len(again):
            return
        # Two numbers may be equal by chance, so the ids themselves decide.
        found, places, start = [], [], 0
        for block in source.blocks([id_column], _BLOCK):
            ids = block[id_column]
            doubtful = np.flatnonzero(np.isin(number(ids), again))
            found.append(ids.take(pa.array(doubtful)))
            places.append(start + doubtful)
            start += len(ids)
        rows = np.concatenate(places)
        codes = pa.concat_arrays(found).dictionary_encode().indices.to_numpy(zero_copy_only=False)
        repeated = np.flatnonzero(pd.Series(codes).duplicated().to_numpy())
        if len(repeated):
            first = rows[np.flatnonzero(codes == codes[repeated[0]])[0]]
            raise DataError(
                f"{source.name}: {plural(len(repeated), 'row repeats', 'rows repeat')} an earlier id of the column "
                f"{id_column!r} (first: rows {file_row(first)} and {file_row(rows[repeated[0]])})",
                hint=REPEATED_ID_HINT,
            )

    def _check_unreadable(self, source: str) -> None:
        for plan, count, first in zip(
            self._plans, self._unreadable, self._first_unreadable, strict=True
        ):
            if count:
                name, kind = plan.field.name, plan.field.type
                what = f"{kind} {plan.date_format.spec}" if plan.date_format else kind
                raise DataError(
                    f"{source}: {plural(count, 'value', 'values')} of the column {'+'.join(plan.columns)!r} "
                    f"can't be read as {what} (first: row {file_row(first)})",
                    hint="Correct them, "
                    + (
                        f"give the right format (--date-format {name}=...), "
                        if kind == "date"
                        else ""
                    )
                    + "or pass --unreadable missing to count them as missing.",
                )

    def counts(self, agreement: Agreement) -> RowCounts:
        """Return the counts of a table that was encoded."""
        encoded = self.rows - self._empty
        fill = self._fill.mean(agreement)
        names = [plan.field.name for plan in self._plans]
        missing = dict(zip(names, self._missing, strict=True))
        return RowCounts(
            rows_read=self.rows,
            encoded=encoded,
            rejected={"no value in any field": self._empty} if self._empty else {},
            missing=missing,
            unreadable=dict(zip(names, self._unreadable, strict=True)),
            date_formats={p.field.name: p.date_format.spec for p in self._plans if p.date_format},
            profile=agreement.profile,
            fill=fill,
            warnings=(
                *shared_columns(self._plans),
                *weaknesses(agreement, fill, {name: n / encoded for name, n in missing.items()}),
            ),
        )
