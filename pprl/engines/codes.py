"""Which buckets a record is in: by sampled bits of its filter, or by its keyed blocking keys.

Both follow from one row of bytes, the record's *payload*: the filter, followed by the keys if blocking uses keys. Two
payloads therefore also tell in which table or pass the two records first meet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pprl.base.arrays import Bytes, Int64s, Words
from pprl.exchange.encoded.file import pack_words
from pprl.unit.blocking.lsh import bucket_codes

__all__ = ["Buckets", "payload_rows"]

_ROWS = 8192
"""Pairs whose codes are held at a time. Chosen; not sensitive: results never depend on it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Buckets:
    """How records are put into buckets.

    Attributes:
        width: bytes of a filter.
        tables: tables of the LSH, or passes of keys.
        positions: ``int64[tables, bits]``, the sampled positions; None for keys.
    """

    width: int
    tables: int
    positions: Int64s | None = None

    @property
    def payload(self) -> int:
        """Bytes of a payload."""
        return self.width + (8 * self.tables if self.positions is None else 0)

    def words(self, payload: Bytes) -> Words:
        """Return the filters of payloads as packed words, ``uint64[n, words]``."""
        return pack_words(payload[:, : self.width])

    def codes(self, payload: Bytes, tables: slice) -> Int64s:
        """Return ``int64[n, tables]``: the records' buckets in some tables, 0 where a record has none."""
        if self.positions is None:
            keys = np.ascontiguousarray(payload[:, self.width :]).view("<i8")
            return keys[:, tables].astype(np.int64)
        made = bucket_codes(self.words(payload), np.ascontiguousarray(self.positions[tables]))
        return made.astype(np.int64) + 1

    def first_common(self, payload: Bytes, left: Int64s, right: Int64s) -> Int64s:
        """Return ``int64[pairs]``: the first table in which two records share a bucket; -1 where they share none."""
        made = np.full(len(left), -1, np.int64)
        for start in range(0, len(left), _ROWS):
            part = slice(start, start + _ROWS)
            one = self.codes(payload[left[part]], slice(None))
            other = self.codes(payload[right[part]], slice(None))
            shared = (one == other) & (one != 0)
            first = shared.argmax(axis=1)
            made[part] = np.where(shared.any(axis=1), first, -1)
        return made


def payload_rows(column: pa.Array, width: int) -> Bytes:
    """Return a binary column as ``uint8[n, width]``.

    Raises:
        ValueError: a value is missing or has another length; the file is not the one that was checked.
    """
    rows = len(column)
    if rows == 0:
        return np.zeros((0, width), np.uint8)
    large = pa.types.is_large_binary(column.type)
    if column.null_count or not (large or pa.types.is_binary(column.type)):
        raise ValueError("a filter is missing")
    buffers = column.buffers()
    ends = np.frombuffer(buffers[1], np.int64 if large else np.int32)
    ends = ends[column.offset : column.offset + rows + 1]
    if (np.diff(ends) != width).any():
        raise ValueError("a filter has another length than the agreement says")
    flat = np.frombuffer(buffers[2], np.uint8)[ends[0] : ends[-1]]
    return flat.reshape(rows, width)
