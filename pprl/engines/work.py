"""What the workers do: these functions, and no others, are sent to them by name.

Each turns Arrow batches into Arrow batches. The workers have this package installed; parameters are plain frozen
objects. No error message holds any value of an encoding.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numba
import numpy as np
import pyarrow as pa

from pprl.base.arrays import Bytes, Floats, Int32s, Int64s
from pprl.base.version import VERSION
from pprl.engines.cells import Cells, Cuts, deal, is_diagonal, table_of
from pprl.engines.codes import Buckets, payload_rows
from pprl.engines.digest import digest_rows
from pprl.kernels.dice import grouped_scan

__all__ = [
    "COMPARED",
    "LOOKED",
    "SPREAD",
    "Compare",
    "Look",
    "Spread",
    "compare",
    "look",
    "spread",
]

LOOKED = "records long, digest long, pprl string, python string"
SPREAD = "row long, payload binary, cells array<struct<place: long, code: long, side: byte>>"
COMPARED = "left long, right long, score double, compared long"
"""A row is a pair, `compared` being null; or a table, with -1 in `left`, its number in `right`, and its comparisons."""

Batches = Iterator[pa.RecordBatch]


@dataclass(frozen=True, kw_only=True)
class Look:
    """Parameters of :func:`look`: bytes of a filter and number of key columns."""

    width: int
    keys: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Spread:
    """Parameters of :func:`spread`.

    Attributes:
        buckets: how records are put into buckets.
        start, stop: the tables of this round.
        cuts: table -> its big buckets.
        side: 0 or 1: which file this is.
        same: both sides are one file.
        left_out: bit ``i % 8`` of byte ``i // 8`` is set if row i does not count; None if all do.
    """

    buckets: Buckets
    start: int
    stop: int
    cuts: Mapping[int, Cuts]
    side: int
    same: bool
    left_out: bytes | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Compare:
    """Parameters of :func:`compare`: how records are put into buckets, and the kernel's."""

    buckets: Buckets
    threshold: float
    sizes: tuple[int, int]
    same: bool


def look(job: Look, batches: Batches) -> Batches:
    """Count and digest the records that a worker reads, and tell the versions it runs; the order does not matter."""
    records, digest = 0, np.uint64(0)
    for batch in batches:
        rows = batch.column("row").to_numpy()
        payload = _read(batch, job.width, job.keys)
        with np.errstate(over="ignore"):
            digest += digest_rows(rows, payload)
        records += len(rows)
    yield pa.RecordBatch.from_pydict(
        {
            "records": pa.array([records], pa.int64()),
            "digest": pa.array([int(digest.astype(np.int64))], pa.int64()),
            "pprl": pa.array([VERSION]),
            "python": pa.array([platform.python_version()]),
        }
    )


def spread(job: Spread, batches: Batches) -> Batches:
    """Give every record together with the cells it must go to."""
    numba.set_num_threads(1)  # a task has one core
    keys = job.buckets.tables if job.buckets.positions is None else 0
    left_out = None if job.left_out is None else np.frombuffer(job.left_out, np.uint8)
    for batch in batches:
        rows = batch.column("row").to_numpy()
        payload = _read(batch, job.buckets.width, keys)
        if left_out is not None:
            stay = (left_out[rows >> 3] >> (rows & 7).astype(np.uint8)) & 1 == 0
            rows, payload = rows[stay], payload[stay]
        codes = job.buckets.codes(payload, slice(job.start, job.stop))
        dealt = [
            deal(
                codes[:, at], rows, table=table, side=job.side, cuts=job.cuts[table], same=job.same
            )
            for at, table in enumerate(range(job.start, job.stop))
        ]
        yield _with_cells(rows, payload, dealt)


def _with_cells(rows: Int64s, payload: Bytes, dealt: list[Cells]) -> pa.RecordBatch:
    """Return records with a list of cells each."""
    entry = np.concatenate([cells.entry for cells in dealt])
    order = np.argsort(entry, kind="stable")
    ends = np.cumsum(np.bincount(entry, minlength=len(rows)))
    values = pa.StructArray.from_arrays(
        [
            pa.array(np.concatenate([getattr(cells, name) for cells in dealt])[order])
            for name in ("place", "code", "side")
        ],
        names=["place", "code", "side"],
    )
    offsets = pa.array(np.concatenate([[0], ends]).astype(np.int32))
    return pa.RecordBatch.from_arrays(
        [pa.array(rows), _binary(payload), pa.ListArray.from_arrays(offsets, values)],
        names=["row", "payload", "cells"],
    )


def compare(job: Compare, batches: Batches) -> Batches:
    """Compare all pairs in the cells of a partition, and give those that are similar and meet here first.

    The filters of a pair tell in which tables the two share a bucket. So the task that finds a pair knows whether an
    earlier table finds it too, and no data has to move to remove duplicates.
    """
    numba.set_num_threads(1)
    parts = [batch for batch in batches if batch.num_rows]
    if not parts:
        return
    table = pa.Table.from_batches(parts).combine_chunks()
    place, code, row, side = (table[name].to_numpy() for name in ("place", "code", "row", "side"))
    payload = np.concatenate(
        [payload_rows(chunk, job.buckets.payload) for chunk in table["payload"].chunks]
    )
    del parts, table
    words = job.buckets.words(payload)
    cell = _numbered(place, code)
    diagonal = is_diagonal(place) & job.same
    counts = np.zeros(job.buckets.tables, np.int64)
    for same in (True, False):
        chosen = diagonal == same
        lefts = np.flatnonzero(chosen if same else chosen & (side == 0))
        rights = lefts if same else np.flatnonzero(chosen & (side == 1))
        if not len(lefts) or not len(rights):
            continue
        _count(counts, table_of(place), cell, lefts, rights, same=same)
        at, to, score, _ = grouped_scan(
            words[lefts],
            words[rights],
            cell[lefts, None],
            cell[rights, None],
            threshold=job.threshold,
            sizes=job.sizes,
            same=same,
        )
        one, other = lefts[at], rights[to]
        first = job.buckets.first_common(payload, one, other) == table_of(place[one])
        one, other = row[one[first]], row[other[first]]
        if job.same:
            one, other = np.minimum(one, other), np.maximum(one, other)
        yield _found(one, other, score[first])
    tables = np.flatnonzero(counts)
    yield pa.RecordBatch.from_pydict(
        {
            "left": np.full(len(tables), -1, np.int64),
            "right": tables.astype(np.int64),
            "score": np.zeros(len(tables)),
            "compared": counts[tables],
        }
    )


def _found(left: Int64s, right: Int64s, score: Floats) -> pa.RecordBatch:
    nothing = pa.nulls(len(left), pa.int64())
    return pa.RecordBatch.from_pydict(
        {"left": left, "right": right, "score": score, "compared": nothing}
    )


def _count(
    counts: Int64s,
    tables: Int64s,
    cell: Int32s,
    lefts: Int64s,
    rights: Int64s,
    *,
    same: bool,
) -> None:
    """Add the comparisons in the cells to the counts of their tables."""
    size = int(cell.max()) + 1
    one = np.bincount(cell[lefts], minlength=size)
    pairs = one * (one - 1) // 2 if same else one * np.bincount(cell[rights], minlength=size)
    of = np.zeros(size, np.int64)
    of[cell] = tables
    np.add.at(counts, of, pairs)


def _numbered(place: Int64s, code: Int64s) -> Int32s:
    """Return ``int32[n]``: equal numbers for equal places and codes."""
    places = np.unique(place, return_inverse=True)[1]
    distinct, codes = np.unique(code, return_inverse=True)
    both = places.astype(np.int64) * len(distinct) + codes
    return np.unique(both, return_inverse=True)[1].astype(np.int32)


def _read(batch: pa.RecordBatch, width: int, keys: int) -> Bytes:
    """Return the payloads of a batch of the file itself: ``encoding``, and ``key_1`` to ``key_n``."""
    filters = payload_rows(batch.column("encoding"), width)
    if not keys:
        return filters
    made = np.zeros((len(filters), width + 8 * keys), np.uint8)
    made[:, :width] = filters
    for number in range(keys):
        at = width + 8 * number
        made[:, at : at + 8] = _key_bytes(batch.column(f"key_{number + 1}"))
    return made


def _key_bytes(column: pa.Array) -> Bytes:
    """Return a column of keys, which Spark reads as decimals of 16 bytes, as ``uint8[n, 8]``; 0 for null."""
    if not pa.types.is_decimal128(column.type):
        raise ValueError("a key is not a number")
    flat = np.frombuffer(column.buffers()[1], np.uint8).reshape(-1, 16)
    made = flat[column.offset : column.offset + len(column), :8].copy()
    if column.null_count:
        made[column.is_null().to_numpy(zero_copy_only=False)] = 0
    return made


def _binary(payload: Bytes) -> pa.Array:
    rows, width = payload.shape
    ends = np.arange(rows + 1, dtype=np.int64) * width
    buffers = [
        None,
        pa.py_buffer(ends.astype(np.int32)),
        pa.py_buffer(np.ascontiguousarray(payload)),
    ]
    return pa.Array.from_buffers(pa.binary(), rows, buffers)
