"""Writes an encoded file that is never in memory as a whole: sorted rows in, a sealed file out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from pprl.exchange.agreement.model import Agreement, canonical_json
from pprl.exchange.encoded.header import EncodedHeader, header_content
from pprl.exchange.encoded.rows import parquet_rows

__all__ = ["SortedRows", "write_groups"]

Bytes2D = npt.NDArray[np.uint8]
Keys = npt.NDArray[np.uint64]


class SortedRows(Protocol):
    """Records in ascending order of their pseudonyms, piece by piece.

    Each method gives all records, in the order in which :func:`write_groups` calls them; see
    :class:`pprl.exchange.encoded.file.EncodedFile` for the arrays.
    """

    def pseudonyms(self) -> Iterator[Bytes2D]:
        """Give the pseudonyms."""

    def groups(self) -> Iterator[tuple[Bytes2D, Bytes2D, Keys]]:
        """Give (pseudonyms, filters, keys), one row group at a time."""

    def blocking_keys(self) -> Iterator[Keys]:
        """Give the blocking keys."""


def write_groups(
    path: Path,
    agreement: Agreement,
    rows: SortedRows,
    *,
    records: int,
    key_check: str,
    party: str,
    rows_read: int,
    software: str,
) -> EncodedHeader:
    """Write an encoded file to ``path`` and return its header.

    The rows are read three times, because the digest covers all pseudonyms, then all filters, then all keys
    (SPEC.md, section 7.2).

    Args:
        path: where to write; see :class:`pprl.base.outputs.Outputs` for safe names.
        agreement: what the rows were encoded with.
        rows: the records.
        records: how many there are.
        key_check: the key check value.
        party: the party's name.
        rows_read: rows of the party's own file.
        software: name and version of the program.
    """
    content = header_content(
        agreement,
        key_check=key_check,
        party=party,
        records=records,
        rows_read=rows_read,
        software=software,
    )
    digest = hashlib.sha256(canonical_json(content))
    for part in rows.pseudonyms():
        digest.update(np.ascontiguousarray(part).data)
    with parquet_rows(path, agreement) as (write, state):
        for pseudonyms, filters, keys in rows.groups():
            digest.update(np.ascontiguousarray(filters).data)
            write(pseudonyms, filters, keys)
        for numbers in rows.blocking_keys():
            digest.update(np.ascontiguousarray(numbers.astype("<u8", copy=False)).data)
        content["content_sha256"] = digest.hexdigest()
        header = EncodedHeader.model_validate(content)
        state(header.model_dump_json())
    return header
