"""Encoded rows wait on the disk to be sorted, so that memory stays small however many there are.

Each block is a run, sorted by pseudonym. Pseudonyms are random, so each part of their range holds about the same share
of every run. The rows are merged part by part: a part of all runs is read, sorted and handed on.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from pprl.base.outputs import SPOOL_PREFIX
from pprl.exchange.agreement.model import Agreement
from pprl.exchange.encoded.columns import PSEUDONYM_BYTES, pseudonym_order, row_bytes
from pprl.exchange.encoded.rows import GROUP_ROWS

__all__ = ["Spool"]

_CELLS = 4096
"""Parts of the range of pseudonyms, by their first twelve bits. Chosen: with 50 million rows a part holds 12,000."""

Bytes2D = npt.NDArray[np.uint8]
Keys = npt.NDArray[np.uint64]
RowsHandedOn = Callable[[float, int], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Run:
    """Where a run lies in the file: all its pseudonyms, then all its filters, then all its keys.

    Attributes:
        start: of its bytes in the file.
        cells: ``uint32[4097]``; rows of cell ``c`` are ``cells[c]`` to ``cells[c + 1]``.
    """

    start: int
    cells: npt.NDArray[np.uint32]


class Spool:
    """A temporary file of encoded rows, in the folder where the encoded file will be.

    It is readable by its owner alone, has no name where the system allows that, and is gone once it is closed, also
    after an error or an interrupt. It holds what the encoded file will hold and nothing else.

    Args:
        folder: where it lies.
        agreement: what the rows are encoded with.

    Attributes:
        records: rows so far.
    """

    def __init__(self, folder: Path, agreement: Agreement) -> None:
        # Unbuffered, so that a full disk fails the write and never the closing.
        self._file = tempfile.TemporaryFile(dir=folder, prefix=SPOOL_PREFIX, buffering=0)  # noqa: SIM115
        passes = len(agreement.blocking)
        self._widths = (
            PSEUDONYM_BYTES,
            row_bytes(agreement) - PSEUDONYM_BYTES - 8 * passes,
            8 * passes,
        )
        self._runs: list[_Run] = []
        self._end = 0
        self.records = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, pseudonyms: Bytes2D, filters: Bytes2D, keys: Keys) -> None:
        """Append a run: rows in ascending order of their pseudonyms.

        Raises:
            OSError: the disk is full, or fails.
        """
        first = pseudonyms[:, 0].astype(np.uint32) << 4 | pseudonyms[:, 1] >> 4
        cells = np.searchsorted(first, np.arange(_CELLS + 1)).astype(np.uint32)
        self._runs.append(_Run(start=self._end, cells=cells))
        for part in (pseudonyms, filters, keys):
            self._append(np.ascontiguousarray(part).view(np.uint8))
        self.records += len(pseudonyms)

    def sorted_rows(self, progress: RowsHandedOn | None = None) -> _Merged:
        """Return all rows in ascending order of their pseudonyms, to be read piece by piece.

        Args:
            progress: called with the share and the number of the rows that have been handed on.
        """
        return _Merged(self, progress or (lambda share, rows: None))

    def _append(self, part: npt.NDArray[np.uint8]) -> None:
        left = part.reshape(-1).data
        self._file.seek(self._end)
        while len(left):
            written = self._file.write(left)
            if not written:
                raise OSError("a temporary file takes no more bytes")
            left = left[written:]
            self._end += written

    def _read(self, start: int, into: npt.NDArray[np.uint8]) -> None:
        left = into.reshape(-1).data
        self._file.seek(start)
        while len(left):
            got = self._file.readinto(left)
            if not got:
                raise OSError("a temporary file was cut short")
            left = left[got:]

    def _pieces(self) -> Iterator[tuple[int, int]]:
        """Give ranges of cells with at most a row group of rows, or single cells that hold more."""
        counts = np.zeros(_CELLS + 1, np.int64)
        for run in self._runs:
            counts += run.cells
        start = 0
        for stop in range(1, _CELLS + 1):
            if stop == _CELLS or counts[stop + 1] - counts[start] > GROUP_ROWS:
                if counts[stop] > counts[start]:
                    yield start, stop
                start = stop

    def _part(self, start: int, stop: int, column: int) -> Bytes2D:
        """Return one column of the rows in a range of cells, run by run: 0 pseudonyms, 1 filters, 2 keys."""
        spans = [(int(run.cells[start]), int(run.cells[stop])) for run in self._runs]
        width = self._widths[column]
        made = np.empty((sum(last - first for first, last in spans), width), np.uint8)
        at = 0
        for run, (first, last) in zip(self._runs, spans, strict=True):
            before = int(run.cells[-1]) * sum(self._widths[:column])
            self._read(run.start + before + first * width, made[at : at + last - first])
            at += last - first
        return made


class _Merged:
    """See :class:`pprl.exchange.encoded.writer.SortedRows`."""

    def __init__(self, spool: Spool, progress: RowsHandedOn) -> None:
        self._spool = spool
        self._progress = progress
        self._sorted_keys: list[tuple[int, int]] = []

    def pseudonyms(self) -> Iterator[Bytes2D]:
        """Give the pseudonyms."""
        for start, stop in self._spool._pieces():
            part = self._spool._part(start, stop, 0)
            yield part[pseudonym_order(part)]

    def groups(self) -> Iterator[tuple[Bytes2D, Bytes2D, Keys]]:
        """Give the rows; their keys are written in this order to the end of the file, for :meth:`blocking_keys`."""
        spool = self._spool
        done = 0
        for start, stop in spool._pieces():
            pseudonyms, filters, keys = (spool._part(start, stop, at) for at in range(3))
            order = pseudonym_order(pseudonyms)
            ordered = keys[order]
            self._sorted_keys.append((spool._end, len(order)))
            spool._append(ordered)
            yield pseudonyms[order], filters[order], ordered.view("<u8")
            done += len(order)
            self._progress(done / spool.records, done)

    def blocking_keys(self) -> Iterator[Keys]:
        """Give the blocking keys."""
        for start, count in self._sorted_keys:
            made = np.empty((count, self._spool._widths[2]), np.uint8)
            self._spool._read(start, made)
            yield made.view("<u8")
