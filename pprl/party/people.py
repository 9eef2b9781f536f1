"""A party's table, field by field: which columns answer a field, and their values in normal form."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.errors import DataError
from pprl.exchange.agreement import Agreement, AgreementField
from pprl.page.words import plural
from pprl.party.normalise import UNREADABLE, normaliser
from pprl.tables import ColumnMap, join_columns
from pprl.tables.dates import DateFormat, recognise_format

__all__ = [
    "EMPTY_ID_HINT",
    "NO_VALUE_HINT",
    "REPEATED_ID_HINT",
    "FieldColumn",
    "check_frame",
    "check_ids",
    "file_row",
    "id_values",
    "read_fields",
    "shared_columns",
]

EMPTY_ID_HINT = "Every record needs an id of its own, or its links could not be returned to it."
REPEATED_ID_HINT = (
    "Give a column that is unique for each row; for a repeated export, drop the copies."
)
NO_VALUE_HINT = "Check the column map; `pprl check` shows what is missing, column by column."


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldColumn:
    """One field's values in a party's table.

    Attributes:
        field: the agreement's field.
        columns: the file's columns that answer it.
        rows: ``int64[records]``; index into ``values``.
        values: distinct normal forms; ``""`` is missing. An unreadable value begins with :data:`UNREADABLE`.
        date_format: the format that was used, for dates.
    """

    field: AgreementField
    columns: tuple[str, ...]
    rows: npt.NDArray[np.int64]
    values: list[str] = dataclasses.field(repr=False)
    date_format: str | None = None

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """``bool[records]``: where there is no value."""
        return np.array([value == "" for value in self.values], bool)[self.rows]

    @property
    def unreadable(self) -> npt.NDArray[np.bool_]:
        """``bool[records]``: where there is a value that can't be read."""
        return np.array([value.startswith(UNREADABLE) for value in self.values], bool)[self.rows]


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


def id_values(frame: pd.DataFrame, column: str, *, source: str) -> pd.Series[str]:
    """Return the party's own ids.

    Raises:
        DataError: the column is missing or holds something else than text.
    """
    check_frame(frame, source=source)
    if column not in frame.columns:
        near = get_close_matches(column, [str(name) for name in frame.columns], n=1, cutoff=0.5)
        raise DataError(
            f"{source}: no column {column!r} for the ids",
            hint=f"Did you mean {near[0]!r}?"
            if near
            else "Name the column that holds your own ids.",
        )
    return _text_column(frame, column, source)


def check_ids(frame: pd.DataFrame, column: str, *, source: str) -> None:
    """Refuse ids that are missing or not unique, naming rows and never the id.

    Raises:
        DataError: the column is missing, an id is empty, or two rows have the same one.
    """
    ids = id_values(frame, column, source=source)
    empty = np.flatnonzero((ids.str.strip() == "").to_numpy())
    if len(empty):
        raise DataError(
            f"{source}: {plural(len(empty), 'row has', 'rows have')} no id in the column {column!r} "
            f"(first: row {file_row(empty[0])})",
            hint=EMPTY_ID_HINT,
        )
    repeated = np.flatnonzero(ids.duplicated().to_numpy())
    if len(repeated):
        first = np.flatnonzero((ids == ids.iloc[repeated[0]]).to_numpy())
        raise DataError(
            f"{source}: {plural(len(repeated), 'row repeats', 'rows repeat')} an earlier id of the column {column!r} "
            f"(first: rows {file_row(first[0])} and {file_row(first[1])})",
            hint=REPEATED_ID_HINT,
        )


def read_fields(
    frame: pd.DataFrame, agreement: Agreement, columns: ColumnMap, *, source: str
) -> list[FieldColumn]:
    """Find, join and normalise the columns of every field.

    Raises:
        DataError: a column is missing, answers two fields, holds something else than text, or a date column whose
            format its values don't tell.
    """
    check_frame(frame, source=source)
    names = [field.name for field in agreement.field]
    resolved = columns.resolve(names, list(frame.columns), file=source)
    _check_own_columns(resolved, source)
    for name in columns.dates:
        if next(f.type for f in agreement.field if f.name == name) != "date":
            raise DataError(
                f"a date format is given for {name!r}, which is not a date in the agreement"
            )
    return [
        _read_field(frame, field, resolved[field.name], columns.dates.get(field.name), source)
        for field in agreement.field
    ]


def shared_columns(fields: Sequence[FieldColumn]) -> tuple[str, ...]:
    """Return a sentence for each column that is a part of several fields, as a town in an address may be."""
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
                f"{source}: the column {'+'.join(columns)!r} answers two fields, {first!r} and {name!r}",
                hint="Give each field a column of its own, or agree on fields that every party has.",
            )


def _read_field(
    frame: pd.DataFrame, field: AgreementField, names: Sequence[str], spec: str | None, source: str
) -> FieldColumn:
    texts = [_text_column(frame, name, source) for name in names]
    joined = join_columns(texts, date=field.type == "date")
    rows, distinct = pd.factorize(joined.to_numpy())
    raw = [str(value) for value in distinct]
    _check_unicode(raw, names, source)
    date_format = None
    if field.type == "date":
        date_format = _date_format(raw, spec, field.name, names, source)
    rule = normaliser(field.type, date_format)
    return FieldColumn(
        field=field,
        columns=tuple(names),
        rows=rows.astype(np.int64, copy=False),
        values=[rule(value) for value in raw],
        date_format=date_format.spec if date_format else None,
    )


def _check_unicode(raw: Sequence[str], names: Sequence[str], source: str) -> None:
    try:
        "".join(raw).encode()
    except UnicodeEncodeError:
        raise DataError(
            f"{source}: the column {'+'.join(names)!r} holds half a character (a lone surrogate)",
            hint="Read the file as UTF-8, without passing broken characters on.",
        ) from None


def _text_column(frame: pd.DataFrame, name: str, source: str) -> pd.Series[str]:
    column = frame[name]
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind not in ("string", "empty"):
        raise DataError(
            f"{source}: the column {name!r} holds {kind} values instead of text",
            hint="Read the file with dtype=str, keep_default_na=False, so that 007 stays 007.",
        )
    filled = column.fillna("") if column.hasnans else column
    return filled.astype(object)


def _date_format(
    raw: Sequence[str], spec: str | None, name: str, columns: Sequence[str], source: str
) -> DateFormat:
    if spec is not None:
        return DateFormat(spec)
    values = [value for value in raw if value.strip()]
    if not values:
        return DateFormat("YYYY-MM-DD")
    found = recognise_format(values)
    column = "+".join(columns)
    if not found:
        raise DataError(
            f"{source}: no known date format reads the column {column!r}",
            hint=f"Give its format: --date-format {name}=DD/MM/YYYY (or YYYY-MM-DD, DD MON YYYY, ...).",
        )
    if len(found) > 1:
        options = " or ".join(item.spec for item in found)
        raise DataError(
            f"{source}: the values of the column {column!r} can be read as {options}",
            hint=f"Say which it is, for example --date-format {name}={found[0].spec}.",
        )
    return found[0]
