"""The encoded file: what a party sends to the linkage unit (``docs/SPEC.md``, section 7).

It is a Parquet file with one row per record, sorted by pseudonym. A header in its schema metadata carries the agreement
itself, so that the unit needs no other file. Reading is strict: a file that breaks a rule of the format is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pprl.base.arrays import Bytes, Words
from pprl.base.errors import EncodedFileError
from pprl.base.mapped import MappedFolder, array_in
from pprl.base.outputs import Outputs
from pprl.base.resources import total_memory
from pprl.base.summaries import Summarised, Summary
from pprl.exchange.agreement.model import Agreement
from pprl.exchange.encoded.columns import (
    PSEUDONYM_BYTES,
    bytes_of,
    column_types,
    filter_bytes,
    filter_columns,
    pack_words,
    pseudonym_text,
    row_bytes,
    spare_bits_set,
    strictly_ascending,
)
from pprl.exchange.encoded.header import (
    ENCODED_FORMAT,
    PARTY_PATTERN,
    EncodedHeader,
    altered,
    content_digest,
    header_content,
    read_agreement,
    read_header,
    seal_header,
)
from pprl.exchange.encoded.rows import GROUP_ROWS, parquet_rows

__all__ = [
    "ENCODED_FORMAT",
    "PARTY_PATTERN",
    "PSEUDONYM_BYTES",
    "EncodedFile",
    "EncodedHeader",
    "content_digest",
    "header_content",
    "pack_words",
    "pseudonym_text",
    "read_encoded",
    "seal_header",
    "unpacked_bytes",
    "write_encoded",
]

_OVERHEAD, _SLACK, _CHUNK_SLACK = 1.1, 1 << 20, 1 << 16
"""What Parquet may add to the rows: a share, bytes per file, bytes per column of a group. Chosen: above pyarrow's."""

_BATCH_ROWS, _BATCH_BYTES = 1 << 16, 16 << 20
"""Rows that are unpacked at a time, at most, and their bytes. Chosen: the rows have about 12 MB with default filters,
and an agreement may ask for rows of half a megabyte each."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class EncodedFile(Summarised):
    """Encoded records in memory.

    Attributes:
        header: see :class:`EncodedHeader`.
        agreement: the header's agreement, checked.
        pseudonyms: ``uint8[n, 16]``, rows in ascending byte order.
        filters: ``uint8[n, bytes]``; bit ``i`` of a filter is bit ``i % 8`` (least significant first) of byte
            ``i // 8``. In the profile ``fields`` a record's filters are side by side, in the order of the
            agreement's fields, ``bytes / fields`` each; a field without a value has no bit set.
        keys: ``uint64[n, passes]``, keyed blocking keys; 0 if a record has none in that pass.
        source: where it was read from, for messages.
    """

    header: EncodedHeader
    agreement: Agreement
    pseudonyms: Bytes
    filters: Bytes
    keys: Words
    source: str = "encoded file"

    def __len__(self) -> int:
        return len(self.pseudonyms)

    def _summary(self) -> Summary:
        agreement, each = self.agreement, self.agreement.filters_per_record()
        passes = len(agreement.blocking)
        return Summary(
            title=f"EncodedFile of {self.party}",
            rows=(
                ("records", f"{len(self):,} of {self.header.rows_read:,} rows"),
                (
                    "encoding",
                    f"{each} filter{'s' * (each > 1)} of {agreement.filter_bits():,} bits a record",
                ),
                ("blocking keys", f"{passes} a record"),
                ("agreement", f"{agreement.project} ({agreement.fingerprint()[:16]})"),
            ),
        )

    @property
    def party(self) -> str:
        """The party's name."""
        return self.header.party

    def words(self) -> Words:
        """Return the filters as packed words, ``uint64[n, words]``.

        Raises:
            ValueError: the profile is ``fields``; bits of several fields in one row mean nothing together.
        """
        if self.agreement.profile != "record":
            raise ValueError("the profile 'fields' has one filter per field: call field_words()")
        return pack_words(self.filters)

    def field_words(self) -> Words:
        """Return every filter as packed words, ``uint64[n, filters, words]``; one filter in the profile ``record``."""
        each = self.filters.reshape(-1, filter_bytes(self.agreement))
        words = pack_words(each)
        return words.reshape(len(self), self.agreement.filters_per_record(), words.shape[1])


def write_encoded(encoded: EncodedFile, path: Path | str, *, force: bool = False) -> None:
    """Write an encoded file of mode 0600, whole or not at all.

    Args:
        encoded: the records.
        path: the file.
        force: replace a file that exists.

    Raises:
        OutputError: the file exists or can't be written.

    Example:
        >>> pprl.write_encoded(a.encoded, "copy.parquet")
    """
    with (
        Outputs(force=force) as outputs,
        parquet_rows(outputs.file(Path(path)), encoded.agreement) as (write, state),
    ):
        for start in range(0, len(encoded), GROUP_ROWS):
            rows = slice(start, start + GROUP_ROWS)
            write(encoded.pseudonyms[rows], encoded.filters[rows], encoded.keys[rows])
        state(encoded.header.model_dump_json())


def read_encoded(
    path: Path | str, *, mapped: MappedFolder | None = None, memory: int | None = None
) -> EncodedFile:
    """Read and check an encoded file, block by block.

    Args:
        path: the file.
        mapped: a folder for the rows, unpacked, from where they are memory-mapped; without one they are held in memory.
            It must outlive the result.
        memory: bytes that rows held in memory may take; by default what the machine has.

    Raises:
        EncodedFileError: not an encoded file, of another version, truncated, altered or inconsistent; or its rows take
            more memory than they may.
        OutputError: that folder's disk is full.

    Example:
        >>> pprl.read_encoded("health.parquet").party
        'health'
    """
    path = Path(path)
    with _opened(path) as (parquet, header, agreement):
        _check_fits(path, parquet.metadata, agreement, mapped, memory)
        pseudonyms, filters, keys = _read_rows(path, parquet, agreement, mapped)
    encoded = EncodedFile(
        header=header,
        agreement=agreement,
        pseudonyms=pseudonyms,
        filters=filters,
        keys=keys,
        source=str(path),
    )
    _check_content(path, encoded)
    return encoded


def unpacked_bytes(path: Path | str) -> int:
    """Return the bytes that the rows of an encoded file take once they are unpacked; no row is read.

    Raises:
        EncodedFileError: not an encoded file, of another version, or one whose header is refused.
    """
    with _opened(Path(path)) as (_, header, agreement):
        return header.records * row_bytes(agreement)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[pq.ParquetFile, EncodedHeader, Agreement]]:
    """Open an encoded file whose header, columns and sizes fit each other: all that is known before a row is read."""
    _check_start(path)
    try:
        with pq.ParquetFile(path) as parquet:
            # The header is checked before any row is read: plain data must not get into memory here.
            schema = parquet.schema_arrow
            header = read_header(path, parquet.metadata.metadata or {})
            agreement = read_agreement(path, header)
            _check_columns(path, schema, agreement)
            if parquet.metadata.num_rows != header.records:
                raise altered(path, "its number of rows is not the one that its header states")
            _check_sizes(path, parquet.metadata, agreement)
            yield parquet, header, agreement
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise EncodedFileError(
            f"{path} is damaged or cut short",
            hint="Ask the party to send it again, and compare the sizes.",
        ) from error


def _check_start(path: Path) -> None:
    if not path.exists():
        raise EncodedFileError(f"{path}: no such file", hint="Check the path and the spelling.")
    if path.is_dir():
        raise EncodedFileError(
            f"{path} is a folder", hint="Give the encoded file (.parquet) itself."
        )
    try:
        with path.open("rb") as stream:
            start = stream.read(256)
    except OSError as error:
        raise EncodedFileError(f"{path}: can't be read: {error.strerror}") from None
    if start.startswith(b"pseudonym,id"):
        raise EncodedFileError(
            f"{path} is an id map: it connects pseudonyms with a party's own ids",
            hint="It must stay with the party. Delete this copy, and ask the party for the encoded file only.",
        )
    if start.startswith(b"pprl-secret-key"):
        raise EncodedFileError(
            f"{path} is a secret key",
            hint="The linkage unit must never hold it. Delete this copy and tell the parties: they need a new key.",
        )
    if not start.startswith(b"PAR1"):
        raise EncodedFileError(
            f"{path} is not an encoded file",
            hint="`pprl encode` makes one from a party's people file; plain data must not reach the unit.",
        )


def _check_columns(path: Path, schema: pa.Schema, agreement: Agreement) -> None:
    found = list(zip(schema.names, schema.types, strict=True))
    if found != list(column_types(agreement).items()):
        raise altered(path, "its columns are not those that its agreement requires")


def _check_sizes(path: Path, metadata: pq.FileMetaData, agreement: Agreement) -> None:
    """Refuse a file whose sizes contradict each other: random pseudonyms can't be compressed, and no row is long."""
    groups = metadata.num_row_groups
    unpacked = sum(metadata.row_group(number).total_byte_size for number in range(groups))
    slack = _SLACK + groups * metadata.num_columns * _CHUNK_SLACK
    if (
        path.stat().st_size < PSEUDONYM_BYTES * metadata.num_rows
        or unpacked > _OVERHEAD * row_bytes(agreement) * metadata.num_rows + slack
    ):
        raise altered(path, "its size does not fit the number of its rows")


def _check_fits(
    path: Path,
    metadata: pq.FileMetaData,
    agreement: Agreement,
    mapped: MappedFolder | None,
    memory: int | None,
) -> None:
    """Refuse rows that would fill the memory: filters of zeros take next to nothing in the file, and all of it here."""
    machine = total_memory()
    allowed = machine if memory is None else memory
    rows = metadata.num_rows
    # Memory-mapped, a file is never in memory as a whole, but a row group that is one page is.
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    group = max((group.total_byte_size for group in groups), default=0)
    unpacked = rows * row_bytes(agreement)
    if group > machine or (mapped is None and unpacked > allowed):
        raise EncodedFileError(
            f"{path} takes {max(unpacked, group) / 2**20:,.0f} MiB unpacked, more than the "
            f"{min(machine, allowed) / 2**20:,.0f} MiB of memory that it may take",
            hint=f"Ask the party whether it sent {rows:,} records. If so, give `pprl match` more memory (--memory): it "
            "keeps large encodings on the disk.",
        )


def _read_rows(
    path: Path, parquet: pq.ParquetFile, agreement: Agreement, mapped: MappedFolder | None
) -> tuple[Bytes, Bytes, Words]:
    """Return pseudonyms, filters and keys, read block by block."""
    names, rows = filter_columns(agreement), parquet.metadata.num_rows
    width = filter_bytes(agreement)
    pseudonyms = array_in(mapped, "pseudonyms", (rows, PSEUDONYM_BYTES), np.uint8)
    filters = array_in(mapped, "filters", (rows, len(names) * width), np.uint8)
    keys = array_in(mapped, "keys", (rows, len(agreement.blocking)), np.uint64)
    start, most = 0, max(1, min(_BATCH_ROWS, _BATCH_BYTES // row_bytes(agreement)))
    for batch in parquet.iter_batches(batch_size=most, use_threads=False):
        stop = start + batch.num_rows
        if stop > rows:
            break
        pseudonyms[start:stop] = _checked_bytes(path, batch, "pseudonym")
        for at, name in enumerate(names):
            filters[start:stop, at * width : (at + 1) * width] = _checked_bytes(path, batch, name)
        for number in range(keys.shape[1]):
            keys[start:stop, number] = _checked_keys(path, batch, f"key_{number + 1}")
        start = stop
    if start != rows:
        raise altered(path, "a column has a different number of rows than its header states")
    return pseudonyms, filters, keys


def _checked_bytes(path: Path, batch: pa.RecordBatch, name: str) -> Bytes:
    if batch[name].null_count:
        raise altered(path, f"the column {name!r} has gaps")
    return bytes_of(batch[name])


def _checked_keys(path: Path, batch: pa.RecordBatch, name: str) -> npt.NDArray[np.uint64]:
    numbers = batch[name].fill_null(0).to_numpy()
    # Null and 0 would be one content in two forms, with one digest.
    if np.count_nonzero(numbers) != len(numbers) - batch[name].null_count:
        raise altered(path, f"the column {name!r} holds a 0 where its format asks for a null")
    return numbers


def _check_content(path: Path, encoded: EncodedFile) -> None:
    header = encoded.header.model_dump() | {"agreement": encoded.agreement.to_dict()}
    digest = content_digest(header, encoded.pseudonyms, encoded.filters, encoded.keys)
    if digest != encoded.header.content_sha256:
        raise altered(path, "its content does not have the digest that its header states")
    if not strictly_ascending(encoded.pseudonyms):
        raise altered(path, "its pseudonyms are not in ascending order, or not unique")
    if spare_bits_set(encoded.filters, encoded.agreement):
        raise altered(path, "it has bits set beyond the filter's length")
