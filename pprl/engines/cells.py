"""Big buckets are cut into cells, so that no partition gets more than it can hold.

The records of a bucket are dealt out to chunks on each side, and every chunk of one side meets every chunk of the other
in a cell. So a record goes to as many cells as the other side has chunks, and a pair meets in exactly one cell. A
sample shows which buckets are big; misjudging one costs memory or time, never a pair.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pprl.base.arrays import Bools, Int64s

__all__ = ["NO_CODE", "Cells", "Cuts", "deal", "find_cuts", "is_diagonal", "table_of"]

MOST_CHUNKS = 1 << 15
"""Chunks of a side, at most: their numbers must fit :data:`_CHUNK_BITS` bits. Follows from the format of a place."""

NO_CODE = 0
"""Code of a record that is in no bucket of a table. Neither a blocking key nor "sampled bits plus one" is ever 0."""

_TABLE_SHIFT = 32
_CHUNK_BITS = 16
_CHUNK = (1 << _CHUNK_BITS) - 1
"""A place as one number: the table above bit 32, then 16 bits for the chunk of each side."""

Int8s = npt.NDArray[np.int8]


@dataclass(frozen=True, kw_only=True, eq=False)
class Cuts:
    """The big buckets of one table.

    Attributes:
        codes: ``int64[k]``, ascending: their codes.
        left, right: ``int64[k]``: how many chunks each side is dealt into.
    """

    codes: Int64s
    left: Int64s
    right: Int64s


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """Where records go.

    Attributes:
        entry: ``int64[m]``, ascending: the record, as its place among those that were dealt.
        place: ``int64[m]``: table and cell in one number; see :func:`cell_of`.
        code: ``int64[m]``: the bucket.
        side: ``int8[m]``: on which side of the cell the record stands.
    """

    entry: Int64s
    place: Int64s
    code: Int64s
    side: Int8s


def cell_of(table: int | Int64s, left: int | Int64s, right: int | Int64s) -> Int64s:
    """Return table and chunks as one number."""
    return np.asarray((table << _TABLE_SHIFT) | (left << _CHUNK_BITS) | right, np.int64)


def table_of(place: Int64s) -> Int64s:
    """Return the table of a place."""
    return place >> _TABLE_SHIFT


def is_diagonal(place: Int64s) -> Bools:
    """Say whether a cell pairs a chunk with itself (used when one file is compared with itself)."""
    return np.asarray(((place >> _CHUNK_BITS) & _CHUNK) == (place & _CHUNK))


def find_cuts(
    left: Int64s, right: Int64s, *, scale: tuple[float, float], most: int, same: bool
) -> Cuts:
    """Return the big buckets of a table.

    Args:
        left, right: codes of a sample of each side; :data:`NO_CODE` where a record has none.
        scale: how many records each sampled one stands for.
        most: roughly how many records of a side a cell may hold.
        same: both sides are one file.
    """
    tables: list[tuple[Int64s, Int64s]] = []
    for sample, times in ((left, scale[0]), (right, scale[1])):
        found, number = np.unique(sample[sample != NO_CODE], return_counts=True)
        chunks = np.ceil(number * times / most).astype(np.int64)
        tables.append((found[chunks > 1], np.minimum(chunks[chunks > 1], MOST_CHUNKS)))
    big = np.union1d(tables[0][0], tables[1][0])
    into = np.ones((2, len(big)), np.int64)
    for side, (found, chunks) in enumerate(tables):
        into[side, np.searchsorted(big, found)] = chunks
    return Cuts(codes=big, left=into[0], right=into[0] if same else into[1])


def deal(codes: Int64s, rows: Int64s, *, table: int, side: int, cuts: Cuts, same: bool) -> Cells:
    """Return where the records go in one table: to one cell each, or to several from a big bucket.

    Args:
        codes: ``int64[n]``, :data:`NO_CODE` where a record has none.
        rows: ``int64[n]``, their rows in the file.
        table: number of the table.
        side: 0 or 1: which file this is.
        cuts: the table's big buckets.
        same: both sides are one file.
    """
    entry = np.flatnonzero(codes != NO_CODE)
    code = codes[entry]
    own = np.ones(len(entry), np.int64)  # chunks of this side
    other = np.ones(len(entry), np.int64)
    if len(cuts.codes):
        at = np.minimum(np.searchsorted(cuts.codes, code), len(cuts.codes) - 1)
        cut = cuts.codes[at] == code
        mine, theirs = (cuts.left, cuts.right) if side == 0 else (cuts.right, cuts.left)
        own[cut], other[cut] = mine[at[cut]], theirs[at[cut]]
    chunk = np.repeat(rows[entry] % own, other)
    partner = np.arange(len(chunk)) - np.repeat(np.cumsum(other) - other, other)
    if same:
        # In one file, chunk c is on the right of the chunks before it and on the left of those after it.
        standing = (chunk > partner).astype(np.int8)
        place = cell_of(table, np.minimum(chunk, partner), np.maximum(chunk, partner))
    else:
        standing = np.full(len(chunk), side, np.int8)
        place = cell_of(table, chunk, partner) if side == 0 else cell_of(table, partner, chunk)
    return Cells(
        entry=np.repeat(entry, other), place=place, code=np.repeat(code, other), side=standing
    )
