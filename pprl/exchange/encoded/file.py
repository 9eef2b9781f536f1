"""The encoded file: what a party sends to the linkage unit (``docs/SPEC.md``, section 7).

It is a Parquet file with one row per record, sorted by pseudonym. A header in its schema metadata carries the agreement
itself, so that the unit needs no other file. Reading is strict: a file that breaks a rule of the format is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from pprl.base.arrays import Bytes, Words
from pprl.base.errors import AgreementError, EncodedFileError
from pprl.base.mapped import MappedFolder, array_in
from pprl.base.summaries import Summarised, Summary
from pprl.exchange.agreement.model import Agreement, PlainText, canonical_json
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
from pprl.exchange.encoded.rows import GROUP_ROWS, METADATA_KEY, parquet_rows

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
    "write_encoded",
]

ENCODED_FORMAT = "pprl-encoded/1"

_METADATA_LIMIT = 1 << 20
"""Bytes of a header at most. Chosen: many times the longest agreement that the bounds of its entries allow."""

_OVERHEAD, _SLACK, _CHUNK_SLACK = 1.1, 1 << 20, 1 << 16
"""What Parquet may add to the rows: a share, bytes per file, bytes per column of a group. Chosen: above pyarrow's."""

_BATCH_ROWS = 1 << 16
"""Rows that are unpacked at a time. Chosen: about 12 MB with default filters."""

PARTY_PATTERN = r"[a-z0-9][a-z0-9_-]{0,62}"
PartyName = Annotated[str, StringConstraints(pattern=f"^{PARTY_PATTERN}$")]
Hex32 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Hex64 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class EncodedHeader(BaseModel):
    """The header of an encoded file.

    Attributes:
        agreement: the agreement in full.
        agreement_fingerprint: its SHA-256, hex.
        key_check: a value that is equal in two files made with one key and agreement, and does not reveal the key.
        party: the party's name.
        records: number of rows.
        rows_read: rows of the party's file, encoded and rejected together.
        software: name and version of the program that wrote the file.
        content_sha256: digest of all other entries and of the columns; detects accidental truncation and alteration.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: Literal["pprl-encoded/1"]
    agreement: dict[str, Any]
    agreement_fingerprint: Hex64
    key_check: Hex32
    party: PartyName
    records: int = Field(ge=0)
    rows_read: int = Field(ge=0)
    software: PlainText = Field(max_length=100)
    content_sha256: Hex64


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


def content_digest(
    header: Mapping[str, Any],
    pseudonyms: Bytes,
    filters: Bytes,
    keys: Words,
) -> str:
    """Return the SHA-256 of the header, the pseudonyms, the filters and the keys (little-endian), in hex.

    The header is taken in its canonical form and without its own entry ``content_sha256`` (SPEC.md, section 7.2).
    """
    rest = {name: value for name, value in header.items() if name != "content_sha256"}
    digest = hashlib.sha256(canonical_json(rest))
    for part in (pseudonyms, filters, keys.astype("<u8", copy=False)):
        digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest()


def seal_header(
    agreement: Agreement,
    pseudonyms: Bytes,
    filters: Bytes,
    keys: Words,
    *,
    key_check: str,
    party: str,
    rows_read: int,
    software: str,
) -> EncodedHeader:
    """Return the header of these rows, including its digest.

    Args:
        agreement: what the rows were encoded with.
        pseudonyms: see :class:`EncodedFile`; so are ``filters`` and ``keys``.
        filters: the encodings.
        keys: the blocking keys.
        key_check: the key check value.
        party: the party's name.
        rows_read: rows of the party's own file.
        software: name and version of the program.
    """
    content = header_content(
        agreement,
        key_check=key_check,
        party=party,
        records=len(pseudonyms),
        rows_read=rows_read,
        software=software,
    )
    content["content_sha256"] = content_digest(content, pseudonyms, filters, keys)
    return EncodedHeader.model_validate(content)


def header_content(
    agreement: Agreement, *, key_check: str, party: str, records: int, rows_read: int, software: str
) -> dict[str, Any]:
    """Return the header's entries except for the digest; for the arguments see :func:`seal_header`."""
    return {
        "format": ENCODED_FORMAT,
        "agreement": agreement.to_dict(),
        "agreement_fingerprint": agreement.fingerprint(),
        "key_check": key_check,
        "party": party,
        "records": records,
        "rows_read": rows_read,
        "software": software,
    }


def write_encoded(encoded: EncodedFile, path: Path | str) -> None:
    """Write an encoded file to ``path`` (see :class:`pprl.base.outputs.Outputs` for safe names).

    Example:
        >>> pprl.write_encoded(a.encoded, "copy.parquet")
    """
    with parquet_rows(path, encoded.agreement) as (write, state):
        for start in range(0, len(encoded), GROUP_ROWS):
            rows = slice(start, start + GROUP_ROWS)
            write(encoded.pseudonyms[rows], encoded.filters[rows], encoded.keys[rows])
        state(encoded.header.model_dump_json())


def read_encoded(path: Path | str, *, mapped: MappedFolder | None = None) -> EncodedFile:
    """Read and check an encoded file, block by block.

    Args:
        path: the file.
        mapped: a folder for the rows, unpacked, from where they are memory-mapped; without one they are held in memory.
            It must outlive the result.

    Raises:
        EncodedFileError: not an encoded file, of another version, truncated, altered or inconsistent.
        OutputError: that folder's disk is full.

    Example:
        >>> pprl.read_encoded("health.parquet").party
        'health'
    """
    path = Path(path)
    _check_start(path)
    try:
        with pq.ParquetFile(path) as parquet:
            # The header is checked before any row is read: plain data must not get into memory here.
            schema = parquet.schema_arrow
            header = _read_header(path, parquet.metadata.metadata or {})
            agreement = _read_agreement(path, header)
            _check_columns(path, schema, agreement)
            if parquet.metadata.num_rows != header.records:
                raise _altered(path, "its number of rows is not the one that its header states")
            _check_sizes(path, parquet.metadata, agreement)
            columns = _read_rows(path, parquet, agreement, mapped)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise EncodedFileError(
            f"{path} is damaged or cut short",
            hint="Ask the party to send it again, and compare the sizes.",
        ) from error
    pseudonyms, filters, keys = columns
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


def _read_header(path: Path, metadata: dict[bytes, bytes]) -> EncodedHeader:
    text = metadata.get(METADATA_KEY)
    if text is None or len(text) > _METADATA_LIMIT:
        raise EncodedFileError(
            f"{path} is a Parquet file, but not one that `pprl encode` wrote",
            hint="Plain data must not reach the unit; ask the party for the encoded file.",
        )
    if set(metadata) != {METADATA_KEY}:
        raise EncodedFileError(
            f"{path} holds metadata other than the header of an encoded file",
            hint="It may hold plain data. Delete this copy, and ask the party for the file that `pprl encode` wrote.",
        )
    try:
        content = json.loads(text, object_pairs_hook=_no_entry_twice)
    except (ValueError, RecursionError):
        raise _altered(path, "its header can't be read") from None
    stated = content.get("format") if isinstance(content, dict) else None
    if stated != ENCODED_FORMAT:
        raise EncodedFileError(
            f"{path} has the format {str(stated)[:40]!r}; this version reads {ENCODED_FORMAT!r}",
            hint="Use the version of pprl that wrote the file, or encode again with this one.",
        )
    try:
        return EncodedHeader.model_validate(content)
    except ValidationError:
        raise _altered(path, "its header does not have the form that its format requires") from None


def _no_entry_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("an entry occurs twice")  # and it is not clear which of them counts
    return content


def _read_agreement(path: Path, header: EncodedHeader) -> Agreement:
    try:
        agreement = Agreement.from_dict(header.agreement, source=f"{path}: agreement")
    except AgreementError as error:
        raise EncodedFileError(error.problem, hint=error.hint) from None
    if agreement.fingerprint() != header.agreement_fingerprint:
        raise _altered(path, "its agreement does not have the fingerprint that it states")
    if agreement.to_dict() != header.agreement:
        raise _altered(path, "its agreement leaves defaults out")
    return agreement


def _check_columns(path: Path, schema: pa.Schema, agreement: Agreement) -> None:
    found = list(zip(schema.names, schema.types, strict=True))
    if found != list(column_types(agreement).items()):
        raise _altered(path, "its columns are not those that its agreement requires")


def _check_sizes(path: Path, metadata: pq.FileMetaData, agreement: Agreement) -> None:
    """Refuse a small file that would fill the memory: neither pseudonyms nor filters can be compressed much."""
    groups = metadata.num_row_groups
    unpacked = sum(metadata.row_group(number).total_byte_size for number in range(groups))
    slack = _SLACK + groups * metadata.num_columns * _CHUNK_SLACK
    if (
        path.stat().st_size < PSEUDONYM_BYTES * metadata.num_rows
        or unpacked > _OVERHEAD * row_bytes(agreement) * metadata.num_rows + slack
    ):
        raise _altered(path, "its size does not fit the number of its rows")


def _read_rows(
    path: Path, parquet: pq.ParquetFile, agreement: Agreement, mapped: MappedFolder | None
) -> tuple[Bytes, Bytes, Words]:
    """Return pseudonyms, filters and keys, read block by block."""
    names, rows = filter_columns(agreement), parquet.metadata.num_rows
    width = filter_bytes(agreement)
    pseudonyms = array_in(mapped, "pseudonyms", (rows, PSEUDONYM_BYTES), np.uint8)
    filters = array_in(mapped, "filters", (rows, len(names) * width), np.uint8)
    keys = array_in(mapped, "keys", (rows, len(agreement.blocking)), np.uint64)
    start = 0
    for batch in parquet.iter_batches(batch_size=_BATCH_ROWS, use_threads=False):
        stop = start + batch.num_rows
        if stop > rows:
            break
        pseudonyms[start:stop] = _checked_bytes(path, batch, "pseudonym")
        for at, name in enumerate(names):
            filters[start:stop, at * width : (at + 1) * width] = _checked_bytes(path, batch, name)
        for number in range(keys.shape[1]):
            keys[start:stop, number] = batch[f"key_{number + 1}"].fill_null(0).to_numpy()
        start = stop
    if start != rows:
        raise _altered(path, "a column has a different number of rows than its header states")
    return pseudonyms, filters, keys


def _checked_bytes(path: Path, batch: pa.RecordBatch, name: str) -> Bytes:
    if batch[name].null_count:
        raise _altered(path, f"the column {name!r} has gaps")
    return bytes_of(batch[name])


def _check_content(path: Path, encoded: EncodedFile) -> None:
    header = encoded.header.model_dump() | {"agreement": encoded.agreement.to_dict()}
    digest = content_digest(header, encoded.pseudonyms, encoded.filters, encoded.keys)
    if digest != encoded.header.content_sha256:
        raise _altered(path, "its content does not have the digest that its header states")
    if not strictly_ascending(encoded.pseudonyms):
        raise _altered(path, "its pseudonyms are not in ascending order, or not unique")
    if spare_bits_set(encoded.filters, encoded.agreement):
        raise _altered(path, "it has bits set beyond the filter's length")


def _altered(path: Path, why: str) -> EncodedFileError:
    return EncodedFileError(
        f"{path} was altered or damaged: {why}",
        hint="Ask the party to send it again; never edit an encoded file.",
    )
