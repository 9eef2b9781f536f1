"""What stands for a missing value in a file, counted field by field: what is declared, and what looks like it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pprl.base.arrays import Int64s
from pprl.base.words import percent, plural
from pprl.party.reading.common_values import CommonValues, overused
from pprl.party.reading.normalise_column import normalise_texts
from pprl.party.reading.people import Cells, FieldColumn, FieldPlan
from pprl.party.reading.placeholders import Customary, customary
from pprl.tables.texts import Texts

__all__ = ["ColumnFacts", "ValueFacts", "value_facts"]


@dataclass
class ColumnFacts:
    """Counts of the rows of one column, or of several that are joined.

    Attributes:
        column: the column.
        declared: rows whose value the party declares missing.
        left: whether any other text was met.
        placeholders: rows with each customary placeholder, by its number in the list.
    """

    column: str
    declared: int
    left: bool
    placeholders: Int64s


@dataclass
class ValueFacts:
    """What is counted of one field, in a block or in several.

    Attributes:
        columns: its columns, and where several are joined, the joined values.
        common: its most common values that are no customary placeholders.
    """

    columns: list[ColumnFacts]
    common: CommonValues

    @property
    def declared(self) -> int:
        """Values that count as missing because the party declares them so."""
        return sum(facts.declared for facts in self.columns)

    def add(self, other: ValueFacts) -> None:
        """Add the facts of the next block."""
        for own, more in zip(self.columns, other.columns, strict=True):
            own.declared += more.declared
            own.left |= more.left
            own.placeholders = own.placeholders + more.placeholders
        self.common.add(other.common)

    def warnings(self, plan: FieldPlan, values: int) -> Iterator[str]:
        """Give a sentence for everything that may be a mistake; none holds a value.

        Args:
            plan: how the field is read.
            values: rows that have a value in the field.
        """
        for facts in self.columns:
            yield from _on_column(facts, plan.field.type, values)
        over = overused(self.common, plan.field.type, values)
        if over:
            what = "one value fills" if len(over) == 1 else f"{len(over)} values fill"
            yield (
                f"in the column {'+'.join(plan.columns)!r} {what} {sum(over):,} of {values:,} rows "
                f"({percent(sum(over) / values)}), far more than a field of the type {plan.field.type!r} should: if it "
                "stands for a missing value, declare it under [missing] in the column map"
            )


def _on_column(facts: ColumnFacts, kind: str, values: int) -> Iterator[str]:
    if facts.declared and not facts.left:
        yield (
            f"[missing] in the column map leaves no value in the column {facts.column!r}: all of its "
            f"{plural(facts.declared, 'value is', 'values are')} declared missing"
        )
    accepted = customary(kind).accepted(facts.placeholders, values)
    rows = int(facts.placeholders[accepted].sum())
    if rows:
        yield (
            f"in the column {facts.column!r} {plural(rows, 'row holds', 'rows hold')} a customary placeholder for a "
            "missing value: it counts as a value and these people look alike; declare it under [missing] in the column "
            "map, which `pprl init` drafts"
        )


def value_facts(column: FieldColumn, unreadable: Int64s) -> ValueFacts:
    """Count one field of a block.

    Args:
        column: its normal forms, and what they were read from.
        unreadable: the rows whose value can't be read.
    """
    raw = column.raw
    if raw is None:
        return ValueFacts(columns=[], common=CommonValues())
    kind = column.field.type
    known = customary(kind)
    forms = Texts.of(column.values)
    counts = np.bincount(column.rows, minlength=len(forms))
    entries = known.find(forms)
    odd = np.zeros(len(forms), np.bool_)
    if len(unreadable):
        odd[column.rows[unreadable]] = True
        entries[odd] = known.find_written(Texts.of(raw.joined.values.picked(odd)))
    # Of several columns each is looked at by itself, but for a date, whose parts are no placeholders.
    apart = bool(raw.cells) and kind != "date"
    parts = [_of_cells(cells, known, kind) for cells in raw.cells]
    held = known.count(entries, counts * odd if apart else counts)
    parts.append(_of_column(raw.joined, held))
    counts[(entries > 0) | (forms.lengths() == 0) | odd] = 0
    return ValueFacts(columns=parts, common=CommonValues.of(raw.joined.values, counts))


def _of_cells(cells: Cells, known: Customary, kind: str) -> ColumnFacts:
    rows = np.bincount(cells.rows, minlength=len(cells.values))
    if kind == "date":
        return _of_column(cells, known.count(np.zeros_like(rows), rows))
    return _of_column(cells, known.count(known.find(normalise_texts(cells.values, kind)), rows))


def _of_column(cells: Cells, placeholders: Int64s) -> ColumnFacts:
    left = bool(cells.values.lengths().any())
    return ColumnFacts(
        column=cells.column, declared=cells.declared, left=left, placeholders=placeholders
    )
