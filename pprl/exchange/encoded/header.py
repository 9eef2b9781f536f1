"""The header of an encoded file: its entries, its digest, and how it is read (SPEC.md, section 7.2)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from pprl.base.arrays import Bytes, Words
from pprl.base.errors import AgreementError, EncodedFileError
from pprl.exchange.agreement.model import Agreement, PlainText, canonical_json
from pprl.exchange.encoded.rows import METADATA_KEY

__all__ = [
    "ENCODED_FORMAT",
    "PARTY_PATTERN",
    "EncodedHeader",
    "Hex64",
    "PartyName",
    "altered",
    "content_digest",
    "header_content",
    "no_entry_twice",
    "read_agreement",
    "read_header",
    "seal_header",
]

ENCODED_FORMAT = "pprl-encoded/1"

_METADATA_LIMIT = 1 << 20
"""Bytes of a header at most. Chosen: many times the longest agreement that the bounds of its entries allow."""

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

    @model_validator(mode="after")
    def _records_were_read(self) -> EncodedHeader:
        if self.rows_read < self.records:
            raise ValueError("a party can't encode more rows than it read")
        return self


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
        pseudonyms: see :class:`pprl.exchange.encoded.file.EncodedFile`; so are ``filters`` and ``keys``.
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


def read_header(path: Path, metadata: Mapping[bytes, bytes]) -> EncodedHeader:
    """Return the header in a Parquet file's metadata, checked.

    Raises:
        EncodedFileError: there is none, there is something beside it, or it is not of the form that SPEC.md requires.
    """
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
        content = json.loads(text, object_pairs_hook=no_entry_twice)
    except (ValueError, RecursionError):
        raise altered(path, "its header can't be read") from None
    stated = content.get("format") if isinstance(content, dict) else None
    if stated != ENCODED_FORMAT:
        raise EncodedFileError(
            f"{path} has the format {str(stated)[:40]!r}; this version reads {ENCODED_FORMAT!r}",
            hint="Use the version of pprl that wrote the file, or encode again with this one.",
        )
    try:
        return EncodedHeader.model_validate(content)
    except ValidationError:
        raise altered(path, "its header does not have the form that its format requires") from None


def no_entry_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of a JSON file; given to :func:`json.loads` as its ``object_pairs_hook``.

    Raises:
        ValueError: an entry occurs twice.
    """
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("an entry occurs twice")  # and it is not clear which of them counts
    return content


def read_agreement(path: Path, header: EncodedHeader) -> Agreement:
    """Return a header's agreement, checked.

    Raises:
        EncodedFileError: it is refused by itself, leaves a default out, or has another fingerprint than stated.
    """
    try:
        agreement = Agreement.from_dict(header.agreement, source=f"{path}: agreement")
    except AgreementError as error:
        raise EncodedFileError(error.problem, hint=error.hint) from None
    if agreement.fingerprint() != header.agreement_fingerprint:
        raise altered(path, "its agreement does not have the fingerprint that it states")
    if agreement.to_dict() != header.agreement:
        raise altered(path, "its agreement leaves defaults out")
    return agreement


def altered(path: Path, why: str) -> EncodedFileError:
    """Return what to raise of an encoded file that breaks a rule of its format."""
    return EncodedFileError(
        f"{path} was altered or damaged: {why}",
        hint="Ask the party to send it again; never edit an encoded file.",
    )
