"""Tables of text, read a block at a time: a CSV file, a Parquet file, or a frame in memory.

A block maps column names to Arrow arrays of text without nulls, so that no value becomes a Python object and no more
than a block or two of the file is in memory. A source may be read several times, and other columns each time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pprl.base.errors import DataError
from pprl.tables.csvtext import open_csv_text, read_csv_text, unreadable

__all__ = [
    "Block",
    "CsvSource",
    "FrameSource",
    "ParquetSource",
    "TableSource",
    "check_text",
    "open_table",
    "read_text",
    "text_columns",
]

_AS_TEXT = "Keep it as text, so that 007 stays 007; pandas.read_csv does so with dtype=str, keep_default_na=False."
_PARQUET_ROWS = 1 << 16
"""Rows of a Parquet file that are read at a time. Chosen; results never depend on it."""
_TEXT = ("string", "empty")

Block = Mapping[str, pa.LargeStringArray]


class TableSource(Protocol):
    """Where a table's blocks come from.

    Attributes:
        name: for messages.
        columns: the names of the columns.
        rows: how many rows there are, or about how many.
    """

    name: str
    columns: list[str]
    rows: int

    def blocks(self, names: Sequence[str], size: int) -> Iterator[Block]:
        """Read the named columns in blocks of at most ``size`` rows, none of them empty.

        Raises:
            DataError: a column holds something other than text, or the file can't be read to its end.
        """


def open_table(
    path: Path, *, what: str = "file", header: bool = False, known: Collection[str] = ()
) -> TableSource:
    """Open a CSV or a Parquet file; its first bytes say which it is.

    Args:
        path: the file.
        what: what it is to the user, for messages.
        header, known: of a CSV file, as for :func:`pprl.tables.csvtext.read_csv_text`.

    Raises:
        DataError: see :func:`pprl.tables.csvtext.read_csv_text`; or a damaged Parquet file.
    """
    if _is_parquet(path):
        return ParquetSource(path, what)
    return CsvSource(path, what, header=header, known=known)


def read_text(
    path: Path, *, what: str = "file", header: bool = False, known: Collection[str] = ()
) -> pd.DataFrame:
    """Read a whole CSV or Parquet file, its text as :func:`pprl.tables.csvtext.read_csv_text` does.

    Columns of a Parquet file that hold no text are returned as they are; :func:`check_text` refuses one.

    Raises:
        DataError: see :func:`open_table`.
    """
    if _is_parquet(path):
        return ParquetSource(path, what).frame()
    return read_csv_text(path, what=what, header=header, known=known)


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(4) == b"PAR1"
    except OSError:
        return False  # the CSV reader says what is the matter


def text_columns(frame: pd.DataFrame) -> list[str]:
    """Return the columns that hold text and gaps alone."""
    kinds = {name: pd.api.types.infer_dtype(frame[name], skipna=True) for name in frame.columns}
    return [name for name, kind in kinds.items() if kind in _TEXT]


def check_text(frame: pd.DataFrame, name: str, source: str) -> None:
    """Refuse a column of a frame that holds something other than text and gaps.

    Raises:
        DataError: as said, naming the column.
    """
    kind = pd.api.types.infer_dtype(frame[name], skipna=True)
    if kind not in _TEXT:
        raise _not_text(source, name, kind, _AS_TEXT)


class FrameSource:
    """A frame in memory; ``None`` and ``NaN`` are gaps and read as ``""``. Each column is converted once."""

    def __init__(self, frame: pd.DataFrame, name: str) -> None:
        self.name = name
        self.columns = list(frame.columns)
        self.rows = len(frame)
        self._frame = frame
        self._made: dict[str, pa.LargeStringArray] = {}

    def blocks(self, names: Sequence[str], size: int) -> Iterator[Block]:
        """See :class:`TableSource`."""
        columns = {name: self._column(name) for name in names}
        for start in range(0, self.rows, size):
            yield {name: column.slice(start, size) for name, column in columns.items()}

    def _column(self, name: str) -> pa.LargeStringArray:
        if name not in self._made:
            check_text(self._frame, name, self.name)
            values = self._frame[name].to_numpy(object)
            try:
                made = pa.array(values, pa.large_string(), from_pandas=True)
            except UnicodeEncodeError:
                raise _half(self.name, name) from None
            self._made[name] = made.fill_null("") if made.null_count else made
        return self._made[name]


class CsvSource:
    """A CSV file; ``rows`` counts its lines."""

    def __init__(
        self, path: Path, what: str, *, header: bool = False, known: Collection[str] = ()
    ) -> None:
        self.name = str(path)
        self._file = open_csv_text(path, what=what, header=header, known=known)
        self.columns = self._file.names
        self.rows = self._file.lines

    def blocks(self, names: Sequence[str], size: int) -> Iterator[Block]:
        """See :class:`TableSource`."""
        yield from _blocks(self._file.batches(names), size)


class ParquetSource:
    """A Parquet file whose columns are text; nulls read as ``""``."""

    def __init__(self, path: Path, what: str) -> None:
        self.name = str(path)
        self._path = path
        self._what = what
        with self._told(), pq.ParquetFile(path) as parquet:
            schema = parquet.schema_arrow
            self.columns = list(schema.names)
            self._types = dict(zip(schema.names, schema.types, strict=True))
            self.rows = parquet.metadata.num_rows
        if len(set(self.columns)) < len(self.columns):
            raise DataError(
                f"{path}: two columns have the same name", hint="Rename or drop one of them."
            )
        if self.rows == 0:
            raise DataError(
                f"{path}: the {what} has columns but no rows",
                hint="Check that the export finished; a file of at least one row is needed.",
            )

    def blocks(self, names: Sequence[str], size: int) -> Iterator[Block]:
        """See :class:`TableSource`."""
        for name in names:
            kind = self._types[name]
            if pa.types.is_dictionary(kind):
                kind = kind.value_type
            if not _is_text(kind):
                raise _not_text(self.name, name, str(kind), _AS_TEXT)
        yield from _blocks(self._batches(list(names)), size)

    def frame(self) -> pd.DataFrame:
        """Return the whole table; text without gaps, other columns as they are."""
        made = {}
        for name, kind in self._types.items():
            if _is_text(kind.value_type if pa.types.is_dictionary(kind) else kind):
                blocks = self.blocks([name], _PARQUET_ROWS)
                made[name] = pa.chunked_array([block[name] for block in blocks]).to_pandas()
            else:
                with self._told(), pq.ParquetFile(self._path) as parquet:
                    made[name] = parquet.read([name]).column(0).to_pandas()
        return pd.DataFrame(made)

    def _batches(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        with self._told(), pq.ParquetFile(self._path) as parquet:
            for batch in parquet.iter_batches(batch_size=_PARQUET_ROWS, columns=names):
                for name in names:
                    self._check_utf8(batch[name], name)
                yield batch.select(names)

    def _check_utf8(self, column: pa.Array, name: str) -> None:
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            raise DataError(
                f"{self._path}: the column {name!r} holds bytes that are not UTF-8 text",
                hint="Write the file anew from text that was read in its right encoding.",
            ) from None

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except MemoryError:
            raise
        except pa.ArrowNotImplementedError:
            raise DataError(
                f"{self._path}: the {self._what} is a Parquet file in a form that can't be read here",
                hint="Write it with a common compression (zstd, snappy or none) and without encryption.",
            ) from None
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            if isinstance(error, OSError) and error.errno:
                raise unreadable(self._path, error) from None
            # Arrow's own messages may quote what stands in the file.
            raise DataError(
                f"{self._path}: the {self._what} is a Parquet file that is damaged or cut short",
                hint="Check that the export finished, and compare the file's size with the original's.",
            ) from None


def _is_text(kind: pa.DataType) -> bool:
    types = pa.types
    # A column without any value has no type of its own.
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_string_view(kind)
        or types.is_null(kind)
    )


def _blocks(batches: Iterable[pa.RecordBatch], size: int) -> Iterator[Block]:
    """Cut batches of any length into blocks of ``size`` rows; the last may have fewer."""
    parts: list[pa.RecordBatch] = []
    room = size
    for batch in batches:
        start = 0
        while start < batch.num_rows:
            part = batch.slice(start, room)
            parts.append(part)
            start += part.num_rows
            room -= part.num_rows
            if room == 0:
                yield _joined(parts)
                parts, room = [], size
    if parts:
        yield _joined(parts)


def _joined(parts: Sequence[pa.RecordBatch]) -> Block:
    return {
        name: pa.concat_arrays([_plain(part.column(at)) for part in parts])
        for at, name in enumerate(parts[0].schema.names)
    }


def _plain(column: pa.Array) -> pa.LargeStringArray:
    made = column if column.type == pa.large_string() else column.cast(pa.large_string())
    return made.fill_null("") if made.null_count else made


def _not_text(source: str, name: str, kind: str, hint: str) -> DataError:
    return DataError(
        f"{source}: the column {name!r} holds {kind} values instead of text", hint=hint
    )


def _half(source: str, name: str) -> DataError:
    return DataError(
        f"{source}: the column {name!r} holds half a character (a lone surrogate)",
        hint="Read the file as UTF-8, without passing broken characters on.",
    )
