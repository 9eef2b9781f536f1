"""A dry run before encoding: what is missing, unreadable or repeated, and what would leave the machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.base.words import plural
from pprl.exchange.agreement.model import Agreement
from pprl.exchange.encoded.columns import row_bytes
from pprl.party.encoding.encode import encode_fields, mean_fill
from pprl.party.hardening.weakness import weaknesses
from pprl.party.keys.key import Key
from pprl.party.reading.normalise import UNREADABLE
from pprl.party.reading.people import (
    EMPTY_ID_HINT,
    NO_VALUE_HINT,
    REPEATED_ID_HINT,
    FieldColumn,
    file_row,
    id_values,
    read_fields,
    shared_columns,
)
from pprl.tables import ColumnMap
from pprl.tables.frames import Table, as_frame

__all__ = ["FieldCheck", "TableCheck", "check"]

_FILL_ROWS = 2000


@dataclass(frozen=True, kw_only=True)
class FieldCheck:
    """What was found in one field. Counts are of rows; no value is kept.

    Attributes:
        name, type: as in the agreement.
        columns: the file's columns that answer it.
        missing: rows without a value.
        unreadable: rows whose value the field's rule can't read.
        first_unreadable: their first row, the header being row 1; 0 if there is none.
        distinct: number of different values.
        most_common: share of the rows with a value that hold the most common one. High in a name: a placeholder?
        date_format: how dates were read.
    """

    name: str
    type: str
    columns: tuple[str, ...]
    missing: int
    unreadable: int
    first_unreadable: int
    distinct: int
    most_common: float
    date_format: str | None


@dataclass(frozen=True, kw_only=True)
class TableCheck:
    """What was found in a table.

    Attributes:
        rows: number of rows.
        fields: field by field.
        repeated_ids: rows whose id, not empty, stands in an earlier row; None when no id column was named.
        empty_ids: rows without an id; None when no id column was named.
        repeated_records: rows that are like an earlier row in every field.
        empty_records: rows without a value in any field; they would be rejected.
        warnings: what is weak about the agreement or the file.
        profile: the agreement's: ``record``, one filter a record, or ``fields``, one filter a field.
        fill: mean share of a filter's bits that would be set, measured with a throwaway key on up to 2,000 rows;
            filters of missing fields don't count.
        record_bytes: bytes that would leave the machine for each record.
        leaves: what would leave the machine, in words.
    """

    rows: int
    fields: tuple[FieldCheck, ...]
    repeated_ids: int | None
    empty_ids: int | None
    repeated_records: int
    empty_records: int
    warnings: tuple[str, ...]
    profile: str
    fill: float
    record_bytes: int
    leaves: tuple[str, ...]

    @property
    def problems(self) -> int:
        """Number of findings that would stop `encode`."""
        return len(self.findings())

    def findings(self) -> list[str]:
        """Return what would stop `encode`, in words."""
        found = [
            f"{f.unreadable:,} unreadable in {'+'.join(f.columns)!r} (first: row {f.first_unreadable})"
            for f in self.fields
            if f.unreadable
        ]
        if self.empty_ids:
            found.append(f"{self.empty_ids:,} without an id")
        if self.repeated_ids:
            found.append(f"{self.repeated_ids:,} with an id of an earlier row")
        if self.empty_records == self.rows:
            found.append("no row has a value in any of the agreement's fields")
        return found

    def hints(self) -> list[str]:
        """Return what to do about the findings, a sentence for each kind."""
        said = []
        if any(f.unreadable for f in self.fields):
            said.append(
                "Correct the file and check again; `pprl encode --unreadable missing` counts unreadable values as "
                "missing."
            )
        if self.empty_ids:
            said.append(EMPTY_ID_HINT)
        if self.repeated_ids:
            said.append(REPEATED_ID_HINT)
        if self.empty_records == self.rows:
            said.append(NO_VALUE_HINT)
        return said

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "problems": self.problems}


def check(
    frame: Table,
    agreement: Agreement,
    *,
    id_column: str | None = None,
    columns: ColumnMap | None = None,
    source: str = "table",
) -> TableCheck:
    """Check a table against an agreement without a key and without writing anything.

    Args:
        frame: one row a person, all columns text; a pandas or polars DataFrame or a pyarrow Table.
        agreement: the agreement.
        id_column: column of the party's own ids.
        columns: the party's own column names and date formats.
        source: name of the table in messages.

    Raises:
        DataError: a column is missing or can't be read at all.
        UsageError: a path in place of the table.

    Example:
        >>> found = pprl.check(people, agreement, id_column="patient_no", columns=columns)
        >>> found.problems, found.repeated_ids
        (0, 0)
    """
    frame = as_frame(frame, what="check")
    fields = read_fields(frame, agreement, columns or ColumnMap(), source=source)
    ids = None if id_column is None else id_values(frame, id_column, source=source)
    repeated_ids = empty_ids = None
    if ids is not None:
        no_id = ids.str.strip() == ""
        repeated_ids, empty_ids = int((ids.duplicated() & ~no_id).sum()), int(no_id.sum())
    empty = np.logical_and.reduce([field.missing for field in fields])
    records = pd.DataFrame({field.field.name: field.rows for field in fields})
    fill = _fill(fields, agreement)
    return TableCheck(
        rows=len(frame),
        fields=tuple(_check_field(field) for field in fields),
        repeated_ids=repeated_ids,
        empty_ids=empty_ids,
        repeated_records=int(records.duplicated().sum()),
        empty_records=int(empty.sum()),
        warnings=(*shared_columns(fields), *weaknesses(agreement, fill, _missing(fields, empty))),
        profile=agreement.profile,
        fill=fill,
        record_bytes=row_bytes(agreement),
        leaves=_leaves(agreement),
    )


def _check_field(column: FieldColumn) -> FieldCheck:
    unreadable = np.flatnonzero(column.unreadable)
    present = column.rows[~column.missing]
    counts = np.bincount(present, minlength=1)
    forms = {value for value in column.values if value}
    return FieldCheck(
        name=column.field.name,
        type=column.field.type,
        columns=column.columns,
        missing=int(column.missing.sum()),
        unreadable=len(unreadable),
        first_unreadable=file_row(unreadable[0]) if len(unreadable) else 0,
        distinct=len(forms),
        most_common=float(counts.max()) / max(len(present), 1),
        date_format=column.date_format,
    )


def _missing(fields: list[FieldColumn], empty: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Return field to the share of the records without a value in it, among those that have any value at all."""
    kept = ~empty if not empty.all() else empty
    records = max(int(kept.sum()), 1)
    return {column.field.name: int(column.missing[kept].sum()) / records for column in fields}


def _fill(fields: list[FieldColumn], agreement: Agreement) -> float:
    """Return the mean fill of the first rows' filters, under a throwaway key."""
    plain = agreement.model_copy(update={"blocking": ()})
    filters, _ = encode_fields([_first_rows(column) for column in fields], plain, Key.generate())
    return mean_fill(filters, agreement)


def _first_rows(column: FieldColumn) -> FieldColumn:
    used, rows = np.unique(column.rows[:_FILL_ROWS], return_inverse=True)
    return FieldColumn(
        field=column.field,
        columns=column.columns,
        rows=rows.astype(np.int64, copy=False),
        values=[column.values[at].removeprefix(UNREADABLE) for at in used],
    )


def _leaves(agreement: Agreement) -> tuple[str, ...]:
    parts = ["a random pseudonym for each record, new in every run (16 bytes)"]
    bits = agreement.filter_bits()
    if agreement.profile == "fields":
        parts.append(
            f"{plural(len(agreement.field), 'keyed Bloom filter', 'keyed Bloom filters')} for each record, one a "
            f"field ({bits} bits each); "
            "which values are equal, how often each occurs and which are missing can be seen"
        )
    else:
        parts.append(f"one keyed Bloom filter for each record ({bits} bits)")
    if agreement.blocking:
        parts.append(
            f"{plural(len(agreement.blocking), 'keyed blocking key', 'keyed blocking keys')} for each record "
            "(8 bytes each); "
            "how often each value occurs can be counted, what it is can't be read"
        )
    parts.append(
        "the agreement, the party's name, the numbers of rows read and encoded, a key check value, a digest "
        "and the version of this program"
    )
    return tuple(parts)
