"""A dry run before encoding: what is missing, unreadable or repeated, and what would leave the machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pprl.base.progress import StageShare
from pprl.base.threads import check_threads, limited_threads
from pprl.base.words import plural
from pprl.exchange.agreement.model import Agreement
from pprl.exchange.encoded.columns import row_bytes
from pprl.party.encoding.encode import encode_fields, mean_fill
from pprl.party.encoding.own_ids import OwnIds
from pprl.party.encoding.row_counts import RowCounter
from pprl.party.encoding.value_counts import ValueCounts
from pprl.party.hardening.weakness import weaknesses, without_keys
from pprl.party.keys.key import Key
from pprl.party.reading.people import (
    EMPTY_ID_HINT,
    REPEATED_ID_HINT,
    FieldPlan,
    check_frame,
    check_id_column,
    expected_columns,
    file_row,
    no_value_hint,
    plan_fields,
    read_field,
    shared_columns,
    used_columns,
)
from pprl.tables import ColumnMap
from pprl.tables.blocks import FrameSource, TableSource, open_table
from pprl.tables.frames import Table, as_frame

__all__ = ["FieldCheck", "TableCheck", "check", "check_file"]

_FILL_ROWS = 2000
"""Rows whose filters are made to measure the mean fill. Chosen; not sensitive: it is shown with two digits."""


@dataclass(frozen=True, kw_only=True)
class FieldCheck:
    """What was found in one field. Counts are of rows; no value is kept.

    Attributes:
        name, type: as in the agreement.
        columns: the file's columns that answer it.
        missing: rows without a value.
        declared_missing: values that are missing because the party's column map says so.
        unreadable: rows whose value the field's rule can't read.
        first_unreadable: their first row, the header being row 1; 0 if there is none.
        distinct: number of different values.
        most_common: share of the most common value among the rows that have one. A high share in a name may be a
            placeholder.
        date_format: how dates were read.
    """

    name: str
    type: str
    columns: tuple[str, ...]
    missing: int
    declared_missing: int
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
        repeated_records: rows that are equal to an earlier row in every field.
        empty_records: rows without a value in any field; they would be rejected. A row with nothing but values that
            can't be read is not among them: it would stop the encoding or, where such values count as missing, be
            rejected.
        keyless_records: other rows that would have no key in any blocking pass; None if the agreement has no pass.
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
    keyless_records: int | None
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
                "Correct the file and check again, or declare what stands for a missing value ([missing] in the column "
                "map); `pprl encode --unreadable missing` counts unreadable values as missing."
            )
        if self.empty_ids:
            said.append(EMPTY_ID_HINT)
        if self.repeated_ids:
            said.append(REPEATED_ID_HINT)
        if self.empty_records == self.rows:
            said.append(no_value_hint(f.declared_missing for f in self.fields))
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
    threads: int | None = None,
) -> TableCheck:
    """Check a table against an agreement without a key and without writing anything.

    Args:
        frame: one row a person, all columns text; a pandas or polars DataFrame or a pyarrow Table.
        agreement: the agreement.
        id_column: column of the party's own ids.
        columns: the party's own column names and date formats, and what stands for a missing value in its file.
        source: name of the table in messages.
        threads: cores to use, from 1 to as many as the machine has; all by default.

    Raises:
        DataError: a column is missing or can't be read at all.
        UsageError: a path in place of the table, or more threads than the machine has cores.

    Example:
        >>> found = pprl.check(people, agreement, id_column="patient_no", columns=columns)
        >>> found.problems, found.repeated_ids
        (0, 0)
    """
    frame = as_frame(frame, what="check")
    check_frame(frame, source=source)
    with limited_threads(threads):
        return _check(
            FrameSource(frame, source), agreement, id_column, columns or ColumnMap(), None
        )


def check_file(
    people: Path | str,
    agreement: Agreement,
    *,
    id_column: str | None = None,
    columns: ColumnMap | None = None,
    header: bool = False,
    threads: int | None = None,
    progress: StageShare | None = None,
) -> TableCheck:
    """Check a people file of any length as :func:`check` does a table, in bounded memory.

    The file is read several times, a block at a time.

    Args:
        people: CSV (UTF-8, a header row) or Parquet (the columns that are used as text).
        agreement, id_column, columns: as for :func:`check`.
        header: the first row of a CSV file holds column names, however much they look like data.
        threads: cores to use, from 1 to as many as the machine has; all by default.
        progress: called with a stage's name and the share done.

    Raises:
        DataError: the file can't be read, or a column is missing or can't be read at all.
        UsageError: more threads than the machine has cores.

    Example:
        >>> found = pprl.check_file("health.csv", agreement, id_column="patient_no", columns=columns)
        >>> found.rows == len(people), found.problems
        (True, 0)
    """
    check_threads(threads)
    mapping = columns or ColumnMap()
    known = expected_columns(agreement, mapping, id_column)
    table = open_table(Path(people), what="people file", header=header, known=known)
    with limited_threads(threads):
        return _check(table, agreement, id_column, mapping, progress)


def _check(
    source: TableSource,
    agreement: Agreement,
    id_column: str | None,
    columns: ColumnMap,
    progress: StageShare | None,
) -> TableCheck:
    plans = plan_fields(source, agreement, columns)
    ids = None
    if id_column is not None:
        check_id_column(source, id_column)
        ids = OwnIds(id_column)
    counter = RowCounter(plans, "missing", ids)
    tell = progress or (lambda stage, share: None)
    values = ValueCounts(source, plans, agreement.blocking, tell)
    values.count(ids, counter)
    repeated = ids.repeated(source) if ids else None
    fill = _fill(source, plans, agreement)
    return TableCheck(
        rows=counter.rows,
        fields=tuple(_check_field(at, plan, counter, values) for at, plan in enumerate(plans)),
        repeated_ids=(repeated.rows if repeated else 0) if ids else None,
        empty_ids=counter.no_id if ids else None,
        repeated_records=counter.rows - values.records.different,
        empty_records=counter.empty,
        keyless_records=counter.keyless if agreement.blocking else None,
        warnings=(
            *shared_columns(plans),
            *counter.value_warnings(),
            *weaknesses(agreement, fill, _missing(plans, counter)),
            *without_keys(counter.keyless, counter.rows - counter.empty),
        ),
        profile=agreement.profile,
        fill=fill,
        record_bytes=row_bytes(agreement),
        leaves=_leaves(agreement),
    )


def _check_field(at: int, plan: FieldPlan, counter: RowCounter, values: ValueCounts) -> FieldCheck:
    first = counter.first_unreadable[at]
    missing = counter.missing[at] + counter.empty
    return FieldCheck(
        name=plan.field.name,
        type=plan.field.type,
        columns=plan.columns,
        missing=missing,
        declared_missing=counter.declared[at],
        unreadable=counter.unreadable[at],
        first_unreadable=file_row(first) if first >= 0 else 0,
        distinct=values.forms[at].different,
        most_common=values.raw[at].most / max(counter.rows - missing, 1),
        date_format=plan.date_format.spec if plan.date_format else None,
    )


def _missing(plans: Sequence[FieldPlan], counter: RowCounter) -> dict[str, float]:
    """Return field to the share of the records without a value in it, among those that have any value at all."""
    records = counter.rows - counter.empty
    return {
        plan.field.name: count / records if records else float(counter.rows > 0)
        for plan, count in zip(plans, counter.missing, strict=True)
    }


def _fill(source: TableSource, plans: Sequence[FieldPlan], agreement: Agreement) -> float:
    """Return the mean fill of the first rows' filters, under a throwaway key."""
    plain = agreement.model_copy(update={"blocking": ()})
    names = used_columns(plans)
    nothing = {name: pa.array([], pa.large_string()) for name in names}
    block = next(source.blocks(names, _FILL_ROWS), nothing)
    fields = [read_field(block, plan).saved() for plan in plans]
    filters, _ = encode_fields(fields, plain, Key.generate())
    return mean_fill(filters, agreement)


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
