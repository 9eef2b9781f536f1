"""The columns of an encoded file: which ones an agreement requires, and their bytes (SPEC.md, section 7.1).

In the profile ``record`` there is one column ``encoding``; in ``fields`` one column per field, ``encoding_1`` and so
on, in the agreement's order. In memory a record's filters are side by side in one row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pprl.exchange.agreement.model import Agreement

__all__ = [
    "PSEUDONYM_BYTES",
    "bytes_of",
    "column_types",
    "filter_bytes",
    "filter_columns",
    "fixed_columns",
    "pack_words",
    "pseudonym_order",
    "pseudonym_text",
    "row_bytes",
    "spare_bits_set",
    "strictly_ascending",
]

PSEUDONYM_BYTES = 16
"""Bytes of a pseudonym (SPEC.md, section 7.1): 128 random bits, of which no two of a billion are equal by chance."""

_KEY_BYTES = 8
"""Bytes of a blocking key (SPEC.md, section 7.1)."""

Bytes2D = npt.NDArray[np.uint8]


def filter_bytes(agreement: Agreement) -> int:
    """Return the bytes of one finished filter."""
    return -(-agreement.filter_bits() // 8)


def filter_columns(agreement: Agreement) -> list[str]:
    """Return the names of the columns that hold filters, in order."""
    if agreement.profile == "record":
        return ["encoding"]
    return [f"encoding_{number + 1}" for number in range(agreement.filters_per_record())]


def column_types(agreement: Agreement) -> dict[str, pa.DataType]:
    """Return every column's name and type, in order."""
    types = {"pseudonym": pa.binary(PSEUDONYM_BYTES)}
    types |= dict.fromkeys(filter_columns(agreement), pa.binary(filter_bytes(agreement)))
    return types | {f"key_{n + 1}": pa.uint64() for n in range(len(agreement.blocking))}


def row_bytes(agreement: Agreement) -> int:
    """Return the bytes of one record in all columns together, before compression."""
    filters = agreement.filters_per_record() * filter_bytes(agreement)
    return PSEUDONYM_BYTES + filters + _KEY_BYTES * len(agreement.blocking)


def fixed_columns(names: Sequence[str], values: npt.NDArray[Any]) -> dict[str, pa.Array]:
    """Return rows of bytes, cut into columns of equal width, one for each name."""
    rows, width = len(values), values.shape[1] // len(names)
    made = {}
    for at, name in enumerate(names):
        part = np.ascontiguousarray(values[:, at * width : (at + 1) * width])
        buffers = [None, pa.py_buffer(part)]
        made[name] = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), rows, buffers)
    return made


def bytes_of(array: pa.FixedSizeBinaryArray) -> Bytes2D:
    """Return a column of fixed-size binary as ``uint8[n, width]``."""
    width = array.type.byte_width
    flat = np.frombuffer(array.buffers()[1], np.uint8) if len(array) else np.zeros(0, np.uint8)
    start = array.offset * width
    return flat[start : start + len(array) * width].reshape(len(array), width)


def pack_words(filters: Bytes2D) -> npt.NDArray[np.uint64]:
    """Return rows of bytes as little-endian ``uint64[n, words]``, the last word padded with zero bits."""
    rows, width = filters.shape
    words = -(-width // 8)
    if width == words * 8:
        padded = np.ascontiguousarray(filters)
    else:
        padded = np.zeros((rows, words * 8), np.uint8)
        padded[:, :width] = filters
    return padded.view("<u8").astype(np.uint64, copy=False).reshape(rows, words)


def pseudonym_text(pseudonyms: Bytes2D) -> list[str]:
    """Return pseudonyms as 32 lower-case hexadecimal digits each."""
    text = np.ascontiguousarray(pseudonyms).tobytes().hex().encode()
    offsets = pa.py_buffer(np.arange(len(pseudonyms) + 1) * (2 * PSEUDONYM_BYTES))
    made = pa.LargeStringArray.from_buffers(len(pseudonyms), offsets, pa.py_buffer(text))
    return list(made.to_numpy(zero_copy_only=False))


def spare_bits_set(filters: Bytes2D, agreement: Agreement) -> bool:
    """Say whether a filter has a bit set beyond its length."""
    width = filter_bytes(agreement)
    spare = width * 8 - agreement.filter_bits()
    return bool(spare and (filters[:, width - 1 :: width] >> (8 - spare)).any())


def pseudonym_order(pseudonyms: Bytes2D) -> npt.NDArray[np.int64]:
    """Return the rows in ascending order of their pseudonyms, as unsigned bytes."""
    halves = np.ascontiguousarray(pseudonyms).view(">u8").astype(np.uint64)
    order = np.argsort(halves[:, 0])
    high = halves[order, 0]
    # Equal first halves are rare in random pseudonyms, and sorting by both takes longer.
    if (high[1:] == high[:-1]).any():
        order = np.lexsort((halves[:, 1], halves[:, 0]))
    return order


def strictly_ascending(pseudonyms: Bytes2D) -> bool:
    """Say whether each row is larger than the one before it, as unsigned bytes."""
    halves = np.ascontiguousarray(pseudonyms).view(">u8").astype(np.uint64)
    high, low = halves[:, 0], halves[:, 1]
    rising = (high[1:] > high[:-1]) | ((high[1:] == high[:-1]) & (low[1:] > low[:-1]))
    return bool(rising.all())
