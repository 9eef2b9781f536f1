"""CSV read as text, strictly: every value is the string that the file holds.

A surname ``NA`` stays a surname and a postcode keeps its leading zero. A file that is not UTF-8, has ragged
rows, two columns of one name, no header or no rows is refused with the row's number and never with its content.
"""

from __future__ import annotations

import codecs
import csv
import errno
import os
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import csv as pa_csv

from pprl.base.errors import DataError
from pprl.tables.header import LOOK_AT, data_column

__all__ = ["CsvText", "open_csv_text", "read_csv_text", "unreadable"]

_DELIMITERS = (",", ";", "\t", "|")
_HEADER_LIMIT = 1 << 20
"""Bytes that are read to find the header row. Chosen: thousands of columns fit."""

_LOOK_BYTES = 1 << 16
"""Bytes after the first row that are looked at to judge whether it is a header. Chosen: some hundred rows."""

_BLOCK = 1 << 24
"""Bytes that are read at a time. Chosen; results never depend on it, except that longer files check their quotes in a
compiled kernel."""

_STREAM_BLOCK = 1 << 21
"""Bytes that Arrow's stream parses at a time. Chosen: it runs up to 32 such blocks ahead of its reader, 64 MB."""

_QUOTED = re.compile(r'"[^"]*"')


def read_csv_text(
    path: Path | str,
    *,
    what: str = "file",
    allow_no_rows: bool = False,
    header: bool | None = False,
    known: Collection[str] = (),
) -> pd.DataFrame:
    """Read a UTF-8 CSV file with a header row; all columns are ``str``.

    The delimiter (comma, semicolon, tab or bar) is recognised from the header row. A byte-order mark is accepted.
    Blank lines are skipped.

    Args:
        path: the file.
        what: what the file is to the user, for messages (``"people file"``).
        allow_no_rows: accept a header without rows.
        header: the first row holds column names, however much they look like data. False: that is judged
            (:mod:`pprl.tables.header`). None: likewise, and no option says otherwise.
        known: names that the file's columns are likely to have; one of them in the first row speaks for a header.

    Returns:
        A frame with one ``object`` column of ``str`` for each column of the file and a ``RangeIndex``.

    Raises:
        DataError: missing, unreadable, empty, binary, not UTF-8, ragged, two columns of one name, or a first row that
            looks like data.

    Example:
        >>> people = pprl.read_csv_text("health.csv")
        >>> set(people.dtypes.astype(str))
        {'object'}
    """
    opened = open_csv_text(path, what=what, allow_no_rows=allow_no_rows, header=header, known=known)
    with _told(opened) as ragged:
        options = _options(opened.names, opened.delimiter, opened.names, ragged, _BLOCK)
        try:
            table = pa_csv.read_csv(path, **options)
        except pa.ArrowInvalid as error:
            if "Empty CSV" not in str(error):
                raise
            table = pa.table({name: pa.array([], pa.large_string()) for name in opened.names})
    if table.num_rows == 0 and not allow_no_rows:
        raise _no_rows(opened.path, what)
    return table.to_pandas(strings_to_categorical=False)


@dataclass(frozen=True, kw_only=True)
class CsvText:
    """A CSV file whose header, encoding and quotes have been checked, ready to be read.

    Attributes:
        path: the file.
        what: what it is to the user.
        names: the names of its columns.
        delimiter: of its values.
        lines: after the header; as many as rows, or more if some are blank or values hold line breaks.
    """

    path: Path
    what: str
    names: list[str]
    delimiter: str
    lines: int

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read the named columns, about 2 MiB of the file at a time; values are ``large_string``.

        Raises:
            DataError: a ragged row, or one that can't be read as CSV; raised where it is met.
        """
        with _told(self) as ragged:
            options = _options(self.names, self.delimiter, names, ragged, _STREAM_BLOCK)
            try:
                reader = pa_csv.open_csv(self.path, **options)
            except pa.ArrowInvalid as error:
                if "Empty CSV" not in str(error):
                    raise
                return
            with reader:
                yield from reader


def open_csv_text(
    path: Path | str,
    *,
    what: str = "file",
    allow_no_rows: bool = False,
    header: bool | None = False,
    known: Collection[str] = (),
) -> CsvText:
    """Check a CSV file, except for the lengths of its rows; takes little memory however long the file is.

    Args:
        path, what, allow_no_rows, header, known: as for :func:`read_csv_text`.

    Raises:
        DataError: as :func:`read_csv_text`.
    """
    path = Path(path)
    start = _read_start(path, what)
    names, delimiter = _read_header(path, start)
    if not header:
        _check_first_row(path, names, _rows_below(start, delimiter), header, known)
    _check_names(path, names)
    if not allow_no_rows and len(start) < _HEADER_LIMIT and b"\n" not in start.rstrip():
        raise _no_rows(path, what)
    with _readable(path):
        lines = max(_check_utf8(path) - 1, 1)
        _check_quotes(path, what, delimiter)
    return CsvText(path=path, what=what, names=names, delimiter=delimiter, lines=lines)


def _options(
    names: list[str], delimiter: str, wanted: Sequence[str], ragged: list[int], block: int
) -> dict[str, Any]:
    def on_ragged(row: pa_csv.InvalidRow) -> str:
        ragged.append(row.actual_columns)
        return "error"

    return {
        "read_options": pa_csv.ReadOptions(
            column_names=names, skip_rows=1, block_size=block, encoding="utf8"
        ),
        "parse_options": pa_csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, invalid_row_handler=on_ragged
        ),
        "convert_options": pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.large_string()),
            strings_can_be_null=False,
            include_columns=list(wanted),
        ),
    }


@contextmanager
def _told(file: CsvText) -> Iterator[list[int]]:
    """Turn Arrow's errors into ours; gives the list in which ragged rows are noted."""
    ragged: list[int] = []
    try:
        yield ragged
    except pa.ArrowInvalid as error:
        # Arrow's own message quotes the row, so it must not travel further: find the place again.
        if "straddling" in str(error):
            raise DataError(
                f"{file.path}: the {file.what} has a row of several megabytes",
                hint="Check for quotes that are opened and never closed, and leave out columns of long texts.",
            ) from None
        if ragged:
            raise _ragged(file.path, file.what, len(file.names), file.delimiter) from None
        raise DataError(
            f"{file.path}: the {file.what} can't be read as CSV",
            hint="Check for quotes that are opened and never closed.",
        ) from None
    except OSError as error:
        raise unreadable(file.path, error) from None


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: OSError) -> DataError:
    """Return the error for a file that the system can't read; Arrow's own message would name the file twice."""
    if error.errno == errno.ENOENT:
        return DataError(f"{path}: no such file", hint="Check the path and the spelling.")
    reason = os.strerror(error.errno) if error.errno else "the disk fails"
    return DataError(f"{path}: can't be read: {reason}")


def _read_start(path: Path, what: str) -> bytes:
    """Return the first bytes of a file, having checked that it is a text file."""
    if path.is_dir():
        raise DataError(f"{path} is a folder, not a {what}", hint="Give the path of a CSV file.")
    with _readable(path), path.open("rb") as stream:
        start = stream.read(_HEADER_LIMIT)
    if not start.strip():
        raise DataError(f"{path}: the {what} is empty", hint="Check that the export finished.")
    if start.startswith(b"PAR1"):
        raise DataError(
            f"{path} is a Parquet file, not CSV text",
            hint=f"Give the {what} as CSV with a header row.",
        )
    if b"\0" in start:
        raise DataError(
            f"{path} is not a text file",
            hint=f"Give the {what} as CSV in UTF-8; a spreadsheet has to be exported first.",
        )
    return start


def _read_header(path: Path, start: bytes) -> tuple[list[str], str]:
    """Return the cells of the first row, and the delimiter between them."""
    line = start.split(b"\n", 1)[0].rstrip(b"\r")
    try:
        header = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _not_utf8(path, 1) from None
    if not header.strip():
        raise DataError(
            f"{path}: the first line is blank", hint="The first row must hold the column names."
        )
    delimiter = max(_DELIMITERS, key=_QUOTED.sub("", header).count)
    try:
        names = next(csv.reader([header], delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration):
        raise DataError(
            f"{path}: the header row can't be read as CSV", hint="Check its quotes."
        ) from None
    return [name.strip() for name in names], delimiter


def _rows_below(start: bytes, delimiter: str) -> list[list[str]]:
    """Return the first rows after the header, as far as they can be read."""
    text = start.partition(b"\n")[2][:_LOOK_BYTES].decode("utf-8", errors="replace")
    rows = []
    # The last row may be cut short here, which makes no difference among many.
    with suppress(csv.Error):
        for row in islice(csv.reader(StringIO(text, newline=""), delimiter=delimiter), LOOK_AT):
            rows.append(row)
    return rows


def _check_first_row(
    path: Path,
    names: list[str],
    rows: list[list[str]],
    header: bool | None,
    known: Collection[str],
) -> None:
    """Refuse a first row that is not a header. It may be about a person, so the message names a position only."""
    column = data_column(names, rows, known)
    if column:
        hint = "The first row must hold the column names; add one to an export that has none."
        raise DataError(
            f"{path}: the first row looks like data, not like column names (column {column})",
            hint=hint if header is None else f"{hint} If it does hold them, say so: --header.",
        )


def _check_names(path: Path, names: list[str]) -> None:
    for position, name in enumerate(names, start=1):
        if not name:
            raise DataError(
                f"{path}: column {position} has no name",
                hint="The first row must hold the column names.",
            )
        if name in names[: position - 1]:
            raise DataError(
                f"{path}: the columns {names.index(name) + 1} and {position} have the same name",
                hint="Rename or drop one of them.",
            )


def _check_utf8(path: Path) -> int:
    """Refuse text that is not UTF-8, on which Arrow's handler of bad rows would fail; return the number of lines."""
    lines = 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as stream:
        try:
            for block in iter(lambda: stream.read(_BLOCK), b""):
                lines += block.count(b"\n")
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            raise _not_utf8(path, _first_bad_line(path)) from None
    return lines


def _check_quotes(path: Path, what: str, delimiter: str) -> None:
    """Refuse quotes that are never closed: Arrow would take the rest of the file for one value."""
    with path.open("rb") as stream:
        if not any(b'"' in block for block in iter(lambda: stream.read(_BLOCK), b"")):
            return
    if path.stat().st_size > _BLOCK:
        from pprl.tables.quotes import (
            quotes_are_sound,  # numba is worth its loading for a long file only
        )

        if quotes_are_sound(path, delimiter):
            return
    line = 0
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as text:
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        try:
            for _ in reader:
                line = reader.line_num
        except csv.Error:
            raise DataError(
                f"{path}: the {what} can't be read as CSV from line {line + 1} on",
                hint="Check for quotes that are opened and never closed; a quote inside a value is written twice.",
            ) from None


def _ragged(path: Path, what: str, expected: int, delimiter: str) -> DataError:
    where = ""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        reader = csv.reader(stream, delimiter=delimiter)
        try:
            for row in reader:
                if row and len(row) != expected:
                    where = f"line {reader.line_num} has {len(row)} values where the header has {expected}"
                    break
        except csv.Error:
            where = f"line {reader.line_num} can't be read"
    return DataError(
        f"{path}: the {what} has ragged rows: {where or 'the number of values differs'}",
        hint="A value that holds the delimiter must stand in double quotes.",
    )


def _first_bad_line(path: Path) -> int:
    with path.open("rb") as stream:
        good = 0
        for line in stream:
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                break
            good += 1
        return good + 1


def _no_rows(path: Path, what: str) -> DataError:
    return DataError(
        f"{path}: the {what} has a header but no rows",
        hint="Check that the export finished; a file of at least one row is needed.",
    )


def _not_utf8(path: Path, line: int) -> DataError:
    return DataError(
        f"{path}: line {line} is not UTF-8 text",
        hint="Save the file as UTF-8 (in a spreadsheet: 'CSV UTF-8').",
    )
