"""A party's table, field by field: which columns answer a field, and their values in normal form."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from pprl.base.errors import DataError
from pprl.exchange.agreement.model import Agreement, AgreementField
from pprl.party.reading.date_column import normalise_dates, recognise_dates
from pprl.party.reading.normalise import UNREADABLE
from pprl.party.reading.normalise_column import normalise_texts
from pprl.tables import ColumnMap
from pprl.tables.blocks import Block, FrameSource, TableSource
from pprl.tables.columns import join_arrays
from pprl.tables.dates import DateFormat
from pprl.tables.missing import MissingRule
from pprl.tables.texts import Texts

__all__ = [
    "EMPTY_ID_HINT",
    "REPEATED_ID_HINT",
    "Cells",
    "FieldColumn",
    "FieldPlan",
    "RawColumn",
    "ReadingOptions",
    "check_frame",
    "check_id_column",
    "expected_columns",
    "file_row",
    "no_value_hint",
    "normalise",
    "plan_fields",
    "read_field",
    "read_fields",
    "read_values",
    "shared_columns",
    "used_columns",
]

EMPTY_ID_HINT = "Every record needs an id of its own, or its links could not be returned to it."
REPEATED_ID_HINT = (
    "Give a column that is unique for each row; for a repeated export, drop the copies."
)
_DATE_ROWS = 1 << 18
"""Rows of a date column that are read at a time to recognise its format. Chosen; results never depend on it."""


@dataclass(frozen=True, kw_only=True)
class ReadingOptions:
    """How a party's own file is read.

    Attributes:
        columns: the party's own column names and date formats, and what stands for a missing value in its file.
        header: the first row of a CSV file holds column names, however much they look like data.
        unreadable: what to do with a value that can't be read by the rule of its field: stop, or count it as missing.
        threads: cores to use, from 1 to as many as the machine has; all by default.
    """

    columns: ColumnMap = dataclasses.field(default_factory=ColumnMap)
    header: bool = False
    unreadable: Literal["error", "missing"] = "error"
    threads: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """Texts of a block, row by row, each distinct text once.

    Attributes:
        column: the file's column; several with ``+`` between them if they are joined.
        rows: ``int64[rows]``; index into ``values``.
        values: the texts as they stand in the file; ``""`` where the party declares one missing.
        declared: rows in which it does.
    """

    column: str
    rows: npt.NDArray[np.int64]
    values: Texts = dataclasses.field(repr=False)
    declared: int = 0

    def joinable(self) -> pa.LargeStringArray:
        """Return the text of each row."""
        return self.values.arrow().take(pa.array(self.rows))


@dataclass(frozen=True, kw_only=True, eq=False)
class RawColumn:
    """One field's values in a block before they are brought into normal form.

    Attributes:
        joined: the values, of several columns joined.
        cells: the columns one by one, where there are several that were looked at one by one.
    """

    joined: Cells
    cells: tuple[Cells, ...] = ()

    def parts(self) -> tuple[Cells, ...]:
        """Return everything in which a placeholder may stand: the columns, and what they make when they are joined."""
        return (*self.cells, self.joined)


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldColumn:
    """One field's values in a party's table.

    Attributes:
        field: the agreement's field.
        columns: the file's columns that answer it.
        rows: ``int64[records]``; index into ``values``.
        values: distinct normal forms; ``""`` is missing. An unreadable value begins with :data:`UNREADABLE`.
        date_format: the format that was used, for dates.
        raw: what the values were read from; ``rows`` are those of ``raw.joined``.
    """

    field: AgreementField
    columns: tuple[str, ...]
    rows: npt.NDArray[np.int64]
    values: Sequence[str] = dataclasses.field(repr=False)
    date_format: str | None = None
    raw: RawColumn | None = dataclasses.field(default=None, repr=False)

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """``bool[records]``: where there is no value."""
        return (Texts.of(self.values).lengths() == 0)[self.rows]

    @property
    def unreadable(self) -> npt.NDArray[np.bool_]:
        """``bool[records]``: where there is a value that can't be read."""
        return _marked(Texts.of(self.values))[self.rows]

    def saved(self) -> FieldColumn:
        """Return the column with what can be kept of unreadable values: parts of a date, otherwise nothing."""
        texts = Texts.of(self.values)
        marked = _marked(texts)
        saved = [value.removeprefix(UNREADABLE) for value in texts.picked(marked)]
        return dataclasses.replace(self, values=texts.replaced(marked, saved))


@dataclass(frozen=True, kw_only=True)
class FieldPlan:
    """How one field is read from a party's table.

    Attributes:
        field: the agreement's field.
        columns: the file's columns that answer it.
        date_format: for dates.
        missing: finds what the party declares missing.
    """

    field: AgreementField
    columns: tuple[str, ...]
    date_format: DateFormat | None = None
    missing: MissingRule | None = None


def check_frame(frame: pd.DataFrame, *, source: str) -> None:
    """Refuse a table whose column names are not text or not unique.

    Raises:
        DataError: as said.
    """
    names = list(frame.columns)
    if not all(isinstance(name, str) for name in names):
        raise DataError(
            f"{source}: the column names are not all text", hint="Give every column a name."
        )
    if len(set(names)) < len(names):
        raise DataError(
            f"{source}: two columns have the same name", hint="Rename or drop one of them."
        )


def file_row(index: int) -> int:
    """Return the row as a spreadsheet counts it, the header being row 1."""
    return int(index) + 2


def no_value_hint(declared: Iterable[int]) -> str:
    """Return what to do about a table without a value.

    Args:
        declared: of each field, values that the party declares missing.
    """
    if any(declared):
        return "Look at [missing] in the column map: it declares the values of the file missing."
    return "Check the column map; `pprl check` shows what is missing, column by column."


def expected_columns(
    agreement: Agreement, columns: ColumnMap, id_column: str | None = None
) -> list[str]:
    """Return the names that a party's columns are likely to have."""
    own = [] if id_column is None else [id_column]
    return own + columns.names(field.name for field in agreement.field)


def check_id_column(source: TableSource, column: str) -> None:
    """Refuse a table without the column of the party's own ids.

    Raises:
        DataError: as said, with the nearest name as a hint.
    """
    names = [str(name) for name in source.columns]
    if column not in names:
        near = get_close_matches(column, names, n=1, cutoff=0.5)
        raise DataError(
            f"{source.name}: no column {column!r} for the ids",
            hint=f"Did you mean {near[0]!r}?"
            if near
            else "Name the column that holds your own ids.",
        )


def read_fields(
    frame: pd.DataFrame, agreement: Agreement, columns: ColumnMap, *, source: str
) -> list[FieldColumn]:
    """Find, join and normalise the columns of every field of a table in memory.

    Raises:
        DataError: a column is missing, is mapped to two fields or holds something other than text, or the format of a
            date column can't be told from its values.
    """
    check_frame(frame, source=source)
    table = FrameSource(frame, source)
    plans = plan_fields(table, agreement, columns)
    names = used_columns(plans)
    nothing = {name: pa.array([], pa.large_string()) for name in names}
    block = next(table.blocks(names, max(table.rows, 1)), nothing)
    return [read_field(block, plan) for plan in plans]


def plan_fields(
    source: TableSource, agreement: Agreement, columns: ColumnMap
) -> tuple[FieldPlan, ...]:
    """Find the columns of every field and the formats of dates; to recognise those, date columns are read once.

    Raises:
        DataError: a column is missing or is mapped to two fields, or the format of a date column can't be told from its
            values.
    """
    names = [field.name for field in agreement.field]
    resolved = columns.resolve(names, source.columns, file=source.name)
    _check_own_columns(resolved, source.name)
    for name in columns.dates:
        if next(f.type for f in agreement.field if f.name == name) != "date":
            raise DataError(
                f"a date format is given for {name!r}, which is not a date in the agreement"
            )
    plans = [
        FieldPlan(field=f, columns=tuple(resolved[f.name]), missing=columns.missing_rule(f.name))
        for f in agreement.field
    ]
    formats = _date_formats(source, plans, columns.dates)
    return tuple(
        dataclasses.replace(plan, date_format=formats.get(plan.field.name)) for plan in plans
    )


def used_columns(plans: Iterable[FieldPlan]) -> list[str]:
    """Return the columns that any field reads, each once."""
    return list(dict.fromkeys(name for plan in plans for name in plan.columns))


def read_field(block: Block, plan: FieldPlan) -> FieldColumn:
    """Join and normalise one field's columns in a block: each distinct value once."""
    return normalise(read_values(block, plan), plan)


def read_values(block: Block, plan: FieldPlan) -> RawColumn:
    """Join one field's columns in a block; what the party declares missing is missing before they are joined."""
    date = plan.field.type == "date"
    name = "+".join(plan.columns)
    arrays = [block[column] for column in plan.columns]
    if len(arrays) == 1:
        return RawColumn(joined=_distinct(arrays[0], name, plan.missing))
    if date and plan.missing is None:
        return RawColumn(joined=_distinct(join_arrays(arrays, date=date), name, None))
    cells = tuple(
        _distinct(array, column, plan.missing)
        for array, column in zip(arrays, plan.columns, strict=True)
    )
    arrays = [
        cell.joinable() if cell.declared else array
        for cell, array in zip(cells, arrays, strict=True)
    ]
    return RawColumn(
        joined=_distinct(join_arrays(arrays, date=date), name, plan.missing), cells=cells
    )


def _different(block: Block, plan: FieldPlan) -> pa.LargeStringArray:
    """Return the distinct values of a field in a block, in any order."""
    if plan.missing:
        return read_values(block, plan).joined.values.arrow()
    return join_arrays(
        [block[column] for column in plan.columns], date=plan.field.type == "date"
    ).unique()


def _distinct(texts: pa.LargeStringArray, column: str, missing: MissingRule | None) -> Cells:
    encoded = texts.dictionary_encode()
    rows = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    values = Texts.from_arrow(encoded.dictionary)
    if missing is None:
        return Cells(column=column, rows=rows, values=values)
    found = missing.find(encoded.dictionary)
    declared = np.bincount(rows, minlength=len(values))[found]
    return Cells(
        column=column,
        rows=rows,
        values=values.replaced(found, [""] * len(declared)),
        declared=int(declared.sum()),
    )


def normalise(raw: RawColumn, plan: FieldPlan) -> FieldColumn:
    """Return a block's values, as :func:`read_values` gives them, in normal form: one for each, in the same order."""
    format_ = plan.date_format
    values = raw.joined.values
    return FieldColumn(
        field=plan.field,
        columns=plan.columns,
        rows=raw.joined.rows,
        values=normalise_dates(values, format_)
        if format_
        else normalise_texts(values, plan.field.type),
        date_format=format_.spec if format_ else None,
        raw=raw,
    )


def shared_columns(fields: Sequence[FieldColumn | FieldPlan]) -> tuple[str, ...]:
    """Return a sentence for each column that belongs to several fields, as a town may belong to an address."""
    users: dict[str, list[str]] = {}
    for field in fields:
        for column in dict.fromkeys(field.columns):
            users.setdefault(column, []).append(repr(field.field.name))
    return tuple(
        f"the column {column!r} is a part of the fields {' and '.join(names)}: what it says counts for each of them"
        for column, names in users.items()
        if len(names) > 1
    )


def _check_own_columns(resolved: Mapping[str, Sequence[str]], source: str) -> None:
    answered: dict[frozenset[str], str] = {}
    for name, columns in resolved.items():
        first = answered.setdefault(frozenset(columns), name)
        if first != name:
            raise DataError(
                f"{source}: the column {'+'.join(columns)!r} is mapped to two fields, {first!r} and {name!r}",
                hint="Give each field a column of its own, or agree on fields that every party has.",
            )


def _marked(values: Texts) -> npt.NDArray[np.bool_]:
    """Return which normal forms begin with :data:`UNREADABLE`, the only ones that hold a zero byte."""
    made = values.lengths() > 0
    made[made] = values.data[values.offsets[:-1][made]] == 0
    return made


def _date_formats(
    source: TableSource, plans: Sequence[FieldPlan], given: Mapping[str, str]
) -> dict[str, DateFormat]:
    """Return the format of each date field: the one given, or the one recognised from its distinct values."""
    dates = [plan for plan in plans if plan.field.type == "date"]
    formats = {
        plan.field.name: DateFormat(given[plan.field.name])
        for plan in dates
        if plan.field.name in given
    }
    open_ones = [plan for plan in dates if plan.field.name not in formats]
    if not open_ones:
        return formats
    distinct = {plan.field.name: pa.array([], pa.large_string()) for plan in open_ones}
    for block in source.blocks(used_columns(open_ones), _DATE_ROWS):
        for plan in open_ones:
            both = pa.concat_arrays([distinct[plan.field.name], _different(block, plan)])
            distinct[plan.field.name] = both.unique()
    for plan in open_ones:
        values = Texts.from_arrow(distinct[plan.field.name])
        formats[plan.field.name] = _recognised(values, plan, source.name)
    return formats


def _recognised(values: Texts, plan: FieldPlan, source: str) -> DateFormat:
    found = recognise_dates(values)
    name, column = plan.field.name, "+".join(plan.columns)
    if not found:
        if not any(value.strip() for value in values):
            return DateFormat("YYYY-MM-DD")
        raise DataError(
            f"{source}: no known date format reads the column {column!r}",
            hint=f"Give its format: --date-format {name}=DD/MM/YYYY (or YYYY-MM-DD, DD MON YYYY, ...), or "
            "declare under [missing] in the column map what stands for a missing date.",
        )
    if len(found) > 1:
        options = " or ".join(item.spec for item in found)
        raise DataError(
            f"{source}: the values of the column {column!r} can be read as {options}",
            hint=f"Say which it is, for example --date-format {name}={found[0].spec}.",
        )
    return found[0]
