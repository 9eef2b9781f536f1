"""Writes a file block by block: as CSV, with quotes only where they are needed, or as Parquet."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

__all__ = ["CsvWriter", "ParquetWriter", "open_writer"]


class _Writer(ABC):
    """A context manager that finishes its file at the end."""

    @abstractmethod
    def close(self) -> None:
        """Finish the file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class CsvWriter(_Writer):
    """Writes UTF-8 with commas and LF line ends; the header comes with the first block."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("wb")
        self._begun = False

    def write(self, table: pa.Table) -> None:
        """Add the rows of a table of text."""
        if not self._begun:
            header = _quoted(pa.array(table.column_names, pa.string())).to_pylist()
            self._stream.write((",".join(header) + "\n").encode())
            self._begun = True
        columns = [_quoted(column.combine_chunks()) for column in table.columns]
        lines = pc.binary_join_element_wise(
            pc.binary_join_element_wise(*columns, ","), pa.scalar(""), "\n"
        )
        for chunk in lines.chunks if isinstance(lines, pa.ChunkedArray) else [lines]:
            if len(chunk):
                self._stream.write(_bytes_of(chunk))

    def close(self) -> None:
        """Finish the file."""
        self._stream.close()


class ParquetWriter(_Writer):
    """Writes text columns, compressed with zstd; the bytes are the same for the same version of pyarrow."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Any = None

    def write(self, table: pa.Table) -> None:
        """Add the rows of a table as one row group."""
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema, compression="zstd")
        self._writer.write_table(table)

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()


def open_writer(path: Path) -> CsvWriter | ParquetWriter:
    """Return a writer for the file, by its suffix: ``.csv`` or ``.parquet``."""
    return CsvWriter(path) if path.suffix == ".csv" else ParquetWriter(path)


def _quoted(column: Any) -> Any:
    """Return the column with quotes around values that contain a comma, a quote or a line end."""
    needs = pc.match_substring_regex(column, '[",\r\n]')
    if not pc.any(needs).as_py():
        return column
    inner = pc.replace_substring(column, '"', '""')
    return pc.if_else(needs, pc.binary_join_element_wise('"', inner, '"', ""), column)


def _bytes_of(lines: Any) -> memoryview:
    """Return all the text of an array at once: its values are stored one after the other."""
    offsets = memoryview(lines.buffers()[1]).cast("i")
    start, stop = offsets[lines.offset], offsets[lines.offset + len(lines)]
    return memoryview(lines.buffers()[2])[start:stop]
