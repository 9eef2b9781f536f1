"""Disclosure control: what aggregate tables could tell about single people.

On the way in, an office's own tables (names or ages with their counts) come through :func:`read_table`, which refuses
cells under k; :class:`Disclosure` says in plain words what they could tell. On the way out, figures go through
:func:`round_down`, so that a count under k looks like 0. If all counts are multiples of k, totals included, the
difference of two is known only to within k - 1, so nothing small can be worked out by subtraction. Merely leaving small
cells out would not prevent that (Hundepool et al. 2012, Statistical Disclosure Control, chapter 4: rounding).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pprl.base.arrays import Int64s
from pprl.base.errors import DataError, UsageError
from pprl.tables.columns import suggest
from pprl.tables.csvtext import read_csv_text

__all__ = ["SMALLEST_CELL", "Disclosure", "Table", "TableFacts", "read_table", "round_down"]

COUNT = "count"
SMALLEST_CELL = 10
"""The smallest cell unless another is asked for: many statistical offices publish none under 10."""
_WHOLE = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """An aggregate table: what the cells are of, and how many records each holds.

    Attributes:
        file: the file's name, without its folder.
        columns: names of the value columns.
        values: one tuple of values for each cell.
        counts: records in each cell, at least k.
        sha256: of the file, in hex. It is never written: for a table with few cells it would confirm a guess.
    """

    file: str
    columns: tuple[str, ...]
    values: tuple[tuple[str, ...], ...] = field(repr=False)
    counts: Int64s = field(repr=False)
    sha256: str = field(repr=False)


def read_table(path: Path | str, value_columns: Sequence[str], k: int = SMALLEST_CELL) -> Table:
    """Read an office's aggregate table: CSV with the value columns and ``count``, one cell in each row.

    Args:
        path: the file.
        value_columns: what the cells are of, for example ``("surname",)`` or ``("sex", "age")``.
        k: the smallest cell that is accepted.

    Raises:
        DataError: the file can't be read; a column is missing or not expected; a cell has no value, has a count that is
            not a whole number or is below `k`, or is given twice. Names the file and the row, never a value.
    """
    path = Path(path)
    _check_k(k)
    frame = read_csv_text(path, what="table", header=None)
    columns = _columns(path, frame, value_columns)
    rows = _rows_of(frame)
    for name in value_columns:
        empty = np.flatnonzero((columns[name] == "").to_numpy())
        if len(empty):
            raise DataError(
                f"{path}: row {rows[empty[0]]} has no value in the column {name!r}",
                hint="Cells for missing values are not used: leave the row out.",
            )
    texts = columns[COUNT]
    counts = np.zeros(len(texts), dtype=np.int64)
    for place, text in enumerate(texts):
        if not _WHOLE.fullmatch(text):
            raise DataError(
                f"{path}: the count in row {rows[place]} is not a whole number",
                hint="Write counts with digits only, without separators; leave suppressed cells out.",
            )
        counts[place] = int(text)
    small = np.flatnonzero(counts < k)
    if len(small):
        more = f", and so do {len(small) - 1:,} more" if len(small) > 1 else ""
        raise DataError(
            f"{path}: row {rows[small[0]]} holds a count under {k}{more}",
            hint="So small a cell may point at single people. Leave it out or merge it with others before the table "
            "leaves your office; pass another smallest cell only if your rules allow it.",
        )
    values = tuple(zip(*(columns[name] for name in value_columns), strict=True))
    seen: dict[tuple[str, ...], int] = {}
    for place, value in enumerate(values):
        if value in seen:
            raise DataError(
                f"{path}: the rows {rows[seen[value]]} and {rows[place]} give the same cell",
                hint="Give each cell once.",
            )
        seen[value] = place
    return Table(
        file=path.name,
        columns=tuple(value_columns),
        values=values,
        counts=counts,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def _check_k(k: int) -> None:
    if k < 1:
        raise UsageError(
            f"the smallest cell can't be {k}",
            hint="Give 1 or more; many offices use 10.",
        )


def _columns(
    path: Path, frame: pd.DataFrame, value_columns: Sequence[str]
) -> dict[str, pd.Series[str]]:
    header = {str(name).strip().lower(): name for name in frame.columns}
    wanted = [*value_columns, COUNT]
    for name in wanted:
        if name not in header:
            raise DataError(
                f"{path}: no column {name!r}",
                hint=f"The table needs the columns {', '.join(wanted)}.",
            )
    for number, name in enumerate(frame.columns, start=1):
        if str(name).strip().lower() not in wanted:
            raise DataError(
                f"{path}: column {number} is not used",
                hint=suggest(str(name), wanted, "Leave all others out. Used"),
            )
    if len(frame.columns) != len(wanted):
        raise DataError(f"{path}: two columns have the same name", hint="Leave one of them out.")
    return {name: frame[header[name]].str.strip() for name in wanted}


def _rows_of(frame: pd.DataFrame) -> list[int]:
    """Return the numbers of the rows as a spreadsheet shows them, with the header as row 1."""
    return [number + 2 for number in range(len(frame))]


@dataclass(frozen=True, kw_only=True)
class TableFacts:
    """What may be said about a table: none of its values.

    Attributes:
        file: the file's name.
        columns: names of its value columns.
        cells: how many cells it has.
        smallest: the smallest cell's count.
        total: of all cells, rounded down to a multiple of the smallest cell that is accepted.
    """

    file: str
    columns: tuple[str, ...]
    cells: int
    smallest: int
    total: int

    @classmethod
    def of(cls, table: Table, k: int = SMALLEST_CELL) -> TableFacts:
        """Return the facts of a table."""
        return cls(
            file=table.file,
            columns=table.columns,
            cells=len(table.counts),
            smallest=int(table.counts.min()),
            total=round_down(int(table.counts.sum()), k),
        )


@dataclass(frozen=True, kw_only=True)
class Disclosure:
    """The office's own tables that a generator was fitted to, and what they could disclose.

    Attributes:
        k: cells below this were refused.
        tables: by what was fitted to them (``surname``, ``age`` ...).
    """

    k: int
    tables: Mapping[str, TableFacts]

    @classmethod
    def of(cls, tables: Mapping[str, Table], k: int = SMALLEST_CELL) -> Disclosure:
        """Return what there is to say about these tables.

        Raises:
            DataError: the totals of two tables differ by fewer than `k` records. The difference is a small cell itself:
                the records that have a value for one table and none for the other.
            UsageError: `k` is below 1.
        """
        _check_k(k)
        totals = {name: int(table.counts.sum()) for name, table in tables.items()}
        for one, other in combinations(totals, 2):
            if 0 < abs(totals[one] - totals[other]) < k:
                raise DataError(
                    f"the totals of the tables {one} and {other} differ by fewer than {k} records",
                    hint="So few people would stand out. Round the tables, or make both about the same people.",
                )
        return cls(k=k, tables={name: TableFacts.of(table, k) for name, table in tables.items()})

    def to_dict(self) -> dict[str, Any]:
        """Return the facts as plain values, for ``about.json``."""
        return {
            "k": self.k,
            "tables": {
                name: {**vars(facts), "columns": list(facts.columns)}
                for name, facts in self.tables.items()
            },
            "statement": self.statement(),
        }

    def statement(self) -> list[str]:
        """Return in plain words what the tables, and files made from them, could disclose.

        The words are part of ``about.json``.
        """
        if not self.tables:
            return ["No table of an office's own was used, so none could be disclosed."]
        smallest = min(facts.smallest for facts in self.tables.values())
        said = [
            f"The generator was fitted to {len(self.tables)} of the office's own tables "
            f"({', '.join(self.tables)}). Cells under {self.k} are refused; the smallest cell stands for "
            f"{smallest:,} records.",
            "Nothing but these counts went in: no record, and no link between two tables. That two values stand "
            "together in a made-up record says nothing about a real one, unless one table holds both.",
            "Whoever has the made-up files can tell which values the tables hold (a name in the files is one that at "
            f"least {smallest:,} real records have, or one of the public lists) and, roughly, how often each occurs.",
        ]
        totals = {facts.total for facts in self.tables.values()}
        if len(totals) > 1:
            gap = max(totals) - min(totals)
            said.append(
                f"The tables' totals, rounded down to a multiple of {self.k}, differ by up to {gap:,} records. If they "
                "are of the same people, that is about the number of those in cells that were left out or of missing "
                "values."
            )
        if len(self.tables) > 1 or any(len(facts.columns) > 1 for facts in self.tables.values()):
            said.append(
                "Whether a small cell can be worked out from several tables, or from an older issue of one, is for the "
                "office to check: this program sees only the tables it was given."
            )
        if smallest < SMALLEST_CELL:
            said.append(
                f"Cells as small as {smallest:,} were let in. Many offices publish none under 10."
            )
        return said


def round_down(count: int, k: int) -> int:
    """Return the largest multiple of `k` that is not above the count, so that a count under `k` looks like 0."""
    return count // k * k
