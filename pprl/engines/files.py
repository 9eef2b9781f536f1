"""The driver's own look at an encoded file: is it the one that was checked, and what would its buckets look like?

The file is read once, in batches; only a digest and a sample stay in memory.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pprl.base.arrays import Bytes
from pprl.base.errors import EncodedFileError
from pprl.engines.digest import digest_rows
from pprl.exchange.encoded.columns import bytes_of
from pprl.unit.blocking.engine import Source

__all__ = ["FileFacts", "file_facts", "worker_path"]

_SAMPLE = 200_000
"""Records sampled to find big buckets, at most. Chosen; not sensitive: misjudging a bucket costs memory or time, never
a pair."""

_BATCH = 65_536
"""Records read at a time. Chosen; not sensitive: results never depend on it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FileFacts:
    """What the driver knows of a file.

    Attributes:
        records: number of records.
        width: bytes of a filter.
        keys: key columns.
        digest: digest of filters and keys; see :mod:`pprl.engines.digest`.
        sample: ``uint8[k, width + 8 * keys]``, filters and keys of evenly spaced records.
        scale: how many records each sampled one stands for.
    """

    records: int
    width: int
    keys: int
    digest: int
    sample: Bytes
    scale: float


def file_facts(source: Source) -> FileFacts:
    """Read a file of the profile ``record`` once, from beginning to end.

    Raises:
        EncodedFileError: the file has gone, or is not the one that was read before.
    """
    path = Path(source.path)
    if not path.is_file():
        raise EncodedFileError(
            f"{path}: no such file",
            hint="The engine spark reads encoded files itself: give it files, not tables in memory.",
        )
    try:
        with pq.ParquetFile(path) as parquet:
            header = json.loads((parquet.metadata.metadata or {}).get(b"pprl", b"{}"))
            if header.get("content_sha256") != source.content_sha256:
                raise EncodedFileError(
                    f"{path} was replaced while it was in use", hint="Run the command again."
                )
            return _read(parquet)
    except (pa.ArrowException, OSError) as error:
        raise EncodedFileError(
            f"{path} is damaged or cut short",
            hint="Ask the party to send it again, and compare the sizes.",
        ) from error


def _read(parquet: pq.ParquetFile) -> FileFacts:
    records = parquet.metadata.num_rows
    width = parquet.schema_arrow.field("encoding").type.byte_width
    names = [name for name in parquet.schema_arrow.names if name.startswith("key_")]
    step = max(1, -(-records // _SAMPLE))
    digest, done, parts = np.uint64(0), 0, []
    for batch in parquet.iter_batches(batch_size=_BATCH, columns=["encoding", *names]):
        payload = np.zeros((batch.num_rows, width + 8 * len(names)), np.uint8)
        payload[:, :width] = bytes_of(batch.column("encoding"))
        for number, name in enumerate(names):
            values = batch.column(name).fill_null(0).to_numpy(zero_copy_only=False)
            at = width + 8 * number
            payload[:, at : at + 8] = values.astype("<u8").view(np.uint8).reshape(-1, 8)
        rows = np.arange(done, done + batch.num_rows)
        with np.errstate(over="ignore"):
            digest += digest_rows(rows, payload)
        parts.append(payload[(-done) % step :: step].copy())
        done += batch.num_rows
    empty = np.zeros((0, width + 8 * len(names)), np.uint8)
    return FileFacts(
        records=records,
        width=width,
        keys=len(names),
        digest=int(digest),
        sample=np.concatenate([empty, *parts]),
        scale=float(step),
    )


def worker_path(source: Source, data: str | None) -> str:
    """Return where the workers read a file: under its own path, or under its name in another folder or URL."""
    path = Path(source.path)
    if data is not None:
        return f"{data.rstrip('/')}/{_plain(path.name)}"
    # With a scheme, because the cluster may default to another file system.
    return "file:" + _plain(("/" if path.drive else "") + path.absolute().as_posix())


def _plain(text: str) -> str:
    """Return a path without wildcards: Spark would expand them."""
    return "".join("\\" + char if char in "*?[]{}\\" else char for char in text)
