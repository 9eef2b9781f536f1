"""What aggregate tables tell: cells under k are refused where they come in and left out where they go out.

An office's own tables (names with their counts, ages with their counts) may be fitted to. They come in through
:func:`read_table`, which refuses a small cell, and :class:`Disclosure` says in plain words what they could tell.
Figures that go out pass through :func:`hide_small`, which leaves out a second cell where the first could be worked
out from the total (complementary suppression; Hundepool et al. 2012, Statistical Disclosure Control, chapter 4).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pprl.errors import DataError, UsageError
from pprl.tables.columns import suggest
from pprl.tables.csvtext import read_csv_text

__all__ = ["Disclosure", "Table", "TableFacts", "hide_small", "read_table"]

COUNT = "count"
_WHOLE = re.compile(r"[0-9]{1,12}")

Counts = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """An aggregate table: what the cells are of, and how many records each holds.

    Attributes:
        file: its name, without the folder.
        columns: names of the value columns.
        values: one tuple of values for each cell.
        counts: records in each cell, at least k.
        sha256: of the file, in hex.
    """

    file: str
    columns: tuple[str, ...]
    values: tuple[tuple[str, ...], ...] = field(repr=False)
    counts: Counts = field(repr=False)
    sha256: str


def read_table(path: Path | str, value_columns: Sequence[str], k: int = 10) -> Table:
    """Read an office's aggregate table: CSV with the value columns and ``count``, one cell a row.

    Args:
        path: the file.
        value_columns: what its cells are of, for example ``("surname",)`` or ``("sex", "age")``.
        k: the smallest cell that is let in.

    Raises:
        DataError: the file can't be read; a column too few or too many; a cell without a value, with a count that is
            no whole number or below `k`, or that stands there twice. Names the file and the row, never a value.
    """
    path = Path(path)
    _check_k(k)
    frame = read_csv_text(path, what="table")
    columns = _columns(path, frame, value_columns)
    rows = _rows_of(frame)
    for name in value_columns:
        empty = np.flatnonzero((columns[name] == "").to_numpy())
        if len(empty):
            raise DataError(
                f"{path}: row {rows[empty[0]]} has no value in the column {name!r}",
                hint="A cell for missing values is not used: leave its row out.",
            )
    texts = columns[COUNT]
    counts = np.zeros(len(texts), dtype=np.int64)
    for place, text in enumerate(texts):
        if not _WHOLE.fullmatch(text):
            raise DataError(
                f"{path}: the count in row {rows[place]} is not a whole number",
                hint="Write counts in digits alone, without separators; leave suppressed cells out.",
            )
        counts[place] = int(text)
    small = np.flatnonzero(counts < k)
    if len(small):
        more = f", and so do {len(small) - 1:,} more" if len(small) > 1 else ""
        raise DataError(
            f"{path}: row {rows[small[0]]} holds a count under {k}{more}",
            hint="Such a cell may point at persons. Leave it out or merge it with others before the table leaves "
            "your office; pass another smallest cell only if your rules allow it.",
        )
    values = tuple(zip(*(columns[name] for name in value_columns), strict=True))
    seen: dict[tuple[str, ...], int] = {}
    for place, value in enumerate(values):
        if value in seen:
            raise DataError(
                f"{path}: the rows {rows[seen[value]]} and {rows[place]} are of the same cell",
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
            hint="Give 1 or more; 10 is the custom of many offices.",
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
                f"{path}: column {number} is not one that is used",
                hint=suggest(str(name), wanted, "Leave all others out. Used"),
            )
    if len(frame.columns) != len(wanted):
        raise DataError(f"{path}: two columns have the same name", hint="Leave one of them out.")
    return {name: frame[header[name]].str.strip() for name in wanted}


def _rows_of(frame: pd.DataFrame) -> list[int]:
    """Return the rows' numbers as a spreadsheet shows them: the header is row 1."""
    return [number + 2 for number in range(len(frame))]


@dataclass(frozen=True, kw_only=True)
class TableFacts:
    """What may be told of a table: nothing of its values.

    Attributes:
        file: its name.
        columns: names of its value columns.
        cells: how many it has.
        smallest: the smallest cell's count.
        total: of all cells.
        sha256: of the file, in hex.
    """

    file: str
    columns: tuple[str, ...]
    cells: int
    smallest: int
    total: int
    sha256: str

    @classmethod
    def of(cls, table: Table) -> TableFacts:
        """Return the facts of a table."""
        return cls(
            file=table.file,
            columns=table.columns,
            cells=len(table.counts),
            smallest=int(table.counts.min()),
            total=int(table.counts.sum()),
            sha256=table.sha256,
        )


@dataclass(frozen=True, kw_only=True)
class Disclosure:
    """The office's own tables that a generator was fitted to, and what they could disclose.

    Attributes:
        k: cells below this were refused.
        tables: by what was fitted (``surname``, ``age`` ...).
    """

    k: int
    tables: Mapping[str, TableFacts]

    @classmethod
    def of(cls, tables: Mapping[str, Table], k: int = 10) -> Disclosure:
        """Return what is to be said of these tables."""
        _check_k(k)
        return cls(k=k, tables={name: TableFacts.of(table) for name, table in tables.items()})

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
        """Return in plain words what the tables, and files made from them, could disclose."""
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
                f"The tables' totals differ by up to {gap:,} records. If they are of the same people, that is "
                "the number of those in cells that were left out or of missing values."
            )
        if len(self.tables) > 1 or any(len(facts.columns) > 1 for facts in self.tables.values()):
            said.append(
                "Whether a small cell can be worked out from several tables, or from an older issue of one, is for the "
                "office to check: this program sees only the tables it was given."
            )
        if smallest < 10:
            said.append(
                f"Cells as small as {smallest:,} were let in. Many offices publish none under 10."
            )
        return said


def hide_small(counts: Sequence[int], k: int) -> list[int | None]:
    """Leave out the cells of a partition that are under `k`, and others so that these can't be worked out.

    A cell of 0 stays, so that one left out holds at least one. Whoever knows the total knows the sum of what is left
    out; it is made to include a neighbour of `k` or more, and to be large enough that each small cell may still be
    anything from 1 to k - 1, even for one who knows how many of those left out are small. The largest cells are spared
    where others will do; where nothing will do, all cells but the empty ones are left out.

    Args:
        counts: disjoint cells, in the order in which they stand.
        k: the smallest cell to show.
    """
    hidden = {place for place, count in enumerate(counts) if 0 < count < k}
    if not hidden:
        return list(counts)
    small, first = len(hidden), min(hidden)
    spared = max(counts) - small * k
    near = sorted(
        (place for place, count in enumerate(counts) if count >= k),
        key=lambda place: (counts[place] > spared, abs(place - first), place),
    )
    room = sum(counts[place] for place in hidden)
    for place in near:
        hidden.add(place)
        room += counts[place] - k
        if room >= (k - 1) + (
            small - 1
        ):  # one small cell at its most, the others at 1, the large ones at k
            break
    return [None if place in hidden else count for place, count in enumerate(counts)]
