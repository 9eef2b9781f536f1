"""The tables of a links folder, written batch by batch so that none has to be in memory as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from pprl.exchange.links.run_record import RunRecord

__all__ = [
    "LEVELS",
    "LINK_COLUMNS",
    "PAIR_COLUMNS",
    "FrameRows",
    "LinkTables",
    "Rows",
    "part_columns",
    "pseudonym_array",
    "table_schema",
    "to_frame",
    "write_tables",
]

LINK_COLUMNS = ("link_id", "party", "pseudonym")
PAIR_COLUMNS = (
    "party_a",
    "pseudonym_a",
    "party_b",
    "pseudonym_b",
    "score",
    "weight",
    "probability",
)
LEVELS = (
    "missing",
    "differs",
    "somewhat similar",
    "similar",
    "equal, common value",
    "equal",
    "equal, rare value",
)
"""How two values of a field agree, in words; ``explain.parquet`` holds positions in this list."""

BATCH = 1 << 20
"""Rows in memory at a time, and in a row group. Chosen: about 120 MB of pairs; half or twice as many would do."""

_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)


class Rows(Protocol):
    """A table that yields its rows batch by batch."""

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns."""

    def __len__(self) -> int:
        """Return the number of rows."""

    def batch(self, start: int, stop: int) -> pa.RecordBatch:
        """Return some rows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FrameRows:
    """Rows of a DataFrame.

    Attributes:
        frame: the rows.
        columns: the columns to yield, in order.
    """

    frame: pd.DataFrame
    columns: tuple[str, ...]

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns."""
        return table_schema(self.columns)

    def __len__(self) -> int:
        return len(self.frame)

    def batch(self, start: int, stop: int) -> pa.RecordBatch:
        """Return some rows."""
        part = self.frame.iloc[start:stop]
        made = pa.RecordBatch.from_pandas(part, self.schema, preserve_index=False)
        return made.replace_schema_metadata(None)


@dataclass(frozen=True, kw_only=True, eq=False)
class LinkTables:
    """A links folder to be written; :class:`pprl.exchange.links.folder.Links` has the same tables as DataFrames."""

    links: Rows
    pairs: Rows
    near: Rows
    parts: Rows | None
    run: RunRecord


def part_columns(fields: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of ``explain.parquet``: ``level_FIELD`` and ``bits_FIELD`` of each field.

    A level is a position in :data:`LEVELS`. Bits are what the field adds to the match weight, the sum of a row's bits.
    """
    return tuple(f"{kind}_{field}" for field in fields for kind in ("level", "bits"))


def table_schema(columns: Sequence[str]) -> pa.Schema:
    """Return names and types of columns of a links folder."""
    types = {
        "link_id": pa.int64(),
        "score": pa.float64(),
        "weight": pa.float64(),
        "probability": pa.float64(),
    }
    starts = {"level_": pa.uint8(), "bits_": pa.float32()}

    def kind(column: str) -> pa.DataType:
        of_start = (made for start, made in starts.items() if column.startswith(start))
        return types.get(column, next(of_start, pa.string()))

    return pa.schema([(column, kind(column)) for column in columns])


def pseudonym_array(pseudonyms: npt.NDArray[np.uint8]) -> pa.StringArray:
    """Return pseudonyms, ``uint8[n, 16]``, as texts of 32 hexadecimal digits; n up to 60 million (32-bit offsets)."""
    rows, width = pseudonyms.shape
    text = np.empty((rows, width, 2), np.uint8)
    text[:, :, 0], text[:, :, 1] = _HEX[pseudonyms >> 4], _HEX[pseudonyms & 15]
    offsets = np.arange(rows + 1, dtype=np.int64) * (2 * width)
    buffers = (pa.py_buffer(offsets.astype(np.int32)), pa.py_buffer(text))
    return pa.StringArray.from_buffers(rows, *buffers)


def to_frame(rows: Rows) -> pd.DataFrame:
    """Return all rows as a DataFrame."""
    batches = [rows.batch(at, min(at + BATCH, len(rows))) for at in range(0, len(rows), BATCH)]
    return pa.Table.from_batches(batches, rows.schema).to_pandas()


def write_tables(tables: LinkTables, folder: Path) -> None:
    """Write the files of a links folder, mode 0600 each, into the existing, empty ``folder``."""
    named = {"links": tables.links, "pairs": tables.pairs, "near": tables.near}
    if tables.parts is not None:
        named["explain"] = tables.parts
    for name, rows in named.items():
        path = folder / f"{name}.parquet"
        with pq.ParquetWriter(path, rows.schema, compression="zstd", store_schema=False) as writer:
            for start in range(0, len(rows), BATCH):
                writer.write_batch(rows.batch(start, min(start + BATCH, len(rows))))
    _write_returns(tables, folder)
    text = tables.run.to_json() + "\n"
    (folder / "run.json").write_text(text, encoding="utf-8", newline="\n")
    for path in (
        folder.iterdir()
    ):  # the folder is private already; a copy of one of its files should be as well
        path.chmod(0o600)


def _write_returns(tables: LinkTables, folder: Path) -> None:
    """Write, for each party, the link ids of its records."""
    plain = pa_csv.WriteOptions(include_header=False, quoting_style="none")
    parties = tables.run.parties
    with ExitStack() as open_files:
        streams = [
            open_files.enter_context((folder / f"links-{party}.csv").open("wb"))
            for party in parties
        ]
        for stream in streams:
            stream.write(b"link_id,pseudonym\n")
        for start in range(0, len(tables.links), BATCH):
            batch = tables.links.batch(start, min(start + BATCH, len(tables.links)))
            for party, stream in zip(parties, streams, strict=True):
                own = batch.filter(pc.equal(batch["party"], party))
                pa_csv.write_csv(own.select(["link_id", "pseudonym"]), stream, plain)
