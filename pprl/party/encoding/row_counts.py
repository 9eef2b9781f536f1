"""What became of a table's rows, counted block by block, and whether they may be encoded at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pprl.base.errors import DataError
from pprl.base.words import plural
from pprl.exchange.agreement.model import Agreement
from pprl.party.encoding.encoder import BlockFacts, FillCount
from pprl.party.encoding.own_ids import OwnIds
from pprl.party.hardening.weakness import weaknesses, without_keys
from pprl.party.reading.people import (
    EMPTY_ID_HINT,
    REPEATED_ID_HINT,
    FieldPlan,
    file_row,
    no_value_hint,
    shared_columns,
)
from pprl.party.reading.value_facts import ValueFacts
from pprl.tables.blocks import TableSource

__all__ = ["RowCounter", "RowCounts"]


@dataclass(frozen=True, kw_only=True)
class RowCounts:
    """What became of the rows: ``rows_read == encoded + sum(rejected.values())``.

    Attributes:
        rows_read: rows of the table.
        encoded: rows in the encoded file.
        rejected: reason -> rows.
        missing: field -> encoded rows without a value.
        declared_missing: field -> values that are missing because the party's column map says so.
        unreadable: field -> rows with a value that could not be read; what could not be read counts as missing. Rows
            that were rejected because nothing else was in them are among them.
        date_formats: date field -> format used.
        keyless: encoded rows that have no key in any blocking pass; None if the agreement has no pass.
        profile: the agreement's: ``record`` for one filter per record, ``fields`` for one filter per field.
        fill: mean share of bits set in a filter; filters of missing fields don't count.
        warnings: what is weak about the agreement or the file.
    """

    rows_read: int
    encoded: int
    rejected: Mapping[str, int]
    missing: Mapping[str, int]
    declared_missing: Mapping[str, int]
    unreadable: Mapping[str, int]
    date_formats: Mapping[str, str]
    keyless: int | None
    profile: str
    fill: float
    warnings: tuple[str, ...]


class RowCounter:
    """Counts the rows of blocks, which it is given in the order of the file.

    Args:
        plans: how each field is read.
        rule: what a value that can't be read does: stop, or count as missing.
        ids: looks at the party's own ids, if they have a column.

    Attributes:
        rows: rows so far.
        empty: of these, without a value in any field.
        missing, unreadable, first_unreadable: as in :class:`BlockFacts`, of all rows.
        keyless: rows with a value that have no key in any blocking pass.
        no_id: rows without an id.
        broken: something was met that will stop the encoding; it is told when all of the file has been seen.
    """

    def __init__(
        self,
        plans: Sequence[FieldPlan],
        rule: Literal["error", "missing"],
        ids: OwnIds | None,
    ) -> None:
        self._plans = plans
        self._rule = rule
        self._ids = ids
        self.rows = 0
        self.broken = False
        self.empty = 0
        self.keyless = 0
        self.missing = [0] * len(plans)
        self.unreadable = [0] * len(plans)
        self.first_unreadable = [-1] * len(plans)
        self._values: list[ValueFacts] = []
        self.no_id, self._first_no_id = 0, -1
        self._fill = FillCount()

    def add(self, facts: BlockFacts) -> None:
        """Count the next block."""
        for at in range(len(self._plans)):
            self.missing[at] += facts.missing[at]
            self.unreadable[at] += facts.unreadable[at]
            if self.first_unreadable[at] < 0 <= facts.first_unreadable[at]:
                self.first_unreadable[at] = self.rows + facts.first_unreadable[at]
        if self._values:
            for own, more in zip(self._values, facts.values, strict=True):
                own.add(more)
        else:
            self._values = list(facts.values)
        if self._ids and facts.ids:
            if self._first_no_id < 0 <= facts.ids.first_none:
                self._first_no_id = self.rows + facts.ids.first_none
            self.no_id += facts.ids.none
            self._ids.add(facts.ids)
        self.empty += facts.empty
        self.keyless += facts.keyless
        self._fill = self._fill.plus(facts.fill)
        self.rows += facts.rows
        if self.no_id or (self._rule == "error" and any(self.unreadable)):
            self.broken = True

    def check(self, source: TableSource) -> None:
        """Refuse what can't be encoded, naming rows and columns and never a value.

        Args:
            source: the table, whose ids are read again where two seem to be equal.

        Raises:
            DataError: ids that are missing or not unique, values that can't be read, or no row with a value.
        """
        if self._ids and self.no_id:
            raise DataError(
                f"{source.name}: {plural(self.no_id, 'row has', 'rows have')} no id in the column {self._ids.column!r} "
                f"(first: row {file_row(self._first_no_id)})",
                hint=EMPTY_ID_HINT,
            )
        repeated = self._ids.repeated(source) if self._ids else None
        if self._ids and repeated:
            raise DataError(
                f"{source.name}: {plural(repeated.rows, 'row repeats', 'rows repeat')} an earlier id of the column "
                f"{self._ids.column!r} (first: rows {file_row(repeated.earlier)} and {file_row(repeated.first)})",
                hint=REPEATED_ID_HINT,
            )
        if self._rule == "error":
            self._check_unreadable(source.name)
        if self.empty == self.rows:
            raise DataError(
                f"{source.name}: no row has a value in any of the agreement's fields",
                hint=no_value_hint(self.declared),
            )

    @property
    def declared(self) -> list[int]:
        """Of each field, values that the party declares missing."""
        return [facts.declared for facts in self._values] or [0] * len(self._plans)

    def value_warnings(self) -> tuple[str, ...]:
        """Return what may be placeholders for missing values, a sentence for each, without a value."""
        present = [self.rows - self.empty - missing for missing in self.missing]
        return tuple(
            warning
            for plan, facts, values in zip(self._plans, self._values, present, strict=False)
            for warning in facts.warnings(plan, values)
        )

    def _check_unreadable(self, source: str) -> None:
        for plan, count, first in zip(
            self._plans, self.unreadable, self.first_unreadable, strict=True
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
                    + "declare what stands for a missing value ([missing] in the column map), or pass --unreadable "
                    "missing to count them as missing.",
                )

    def counts(self, agreement: Agreement) -> RowCounts:
        """Return the counts of a table that was encoded."""
        encoded = self.rows - self.empty
        fill = self._fill.mean(agreement)
        names = [plan.field.name for plan in self._plans]
        missing = dict(zip(names, self.missing, strict=True))
        return RowCounts(
            rows_read=self.rows,
            encoded=encoded,
            rejected={"no value in any field": self.empty} if self.empty else {},
            missing=missing,
            declared_missing=dict(zip(names, self.declared, strict=True)),
            unreadable=dict(zip(names, self.unreadable, strict=True)),
            date_formats={p.field.name: p.date_format.spec for p in self._plans if p.date_format},
            keyless=self.keyless if agreement.blocking else None,
            profile=agreement.profile,
            fill=fill,
            warnings=(
                *shared_columns(self._plans),
                *self.value_warnings(),
                *weaknesses(agreement, fill, {name: n / encoded for name, n in missing.items()}),
                *without_keys(self.keyless, encoded),
            ),
        )
