"""What another engine under the linkage unit must do: scan the buckets of two encoded files, wherever it runs.

The unit plans (which positions an LSH samples, from which similarity a pair is kept) and links; in between, an
engine finds the pairs. The engines are in :mod:`pprl.engines`; without one, the unit's own kernels do it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from pprl.base.arrays import Floats, Int64s
from pprl.base.progress import ShareDone
from pprl.exchange.encoded.file import EncodedFile

__all__ = ["Engine", "Hits", "Source"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """Where an encoded file lies, so that an engine can read it itself.

    Attributes:
        path: the file.
        content_sha256: its header's digest: an engine must refuse another file in the same place.
        records: number of records.
        rows: ``int64[k]``, ascending: the records that count; None for all.
    """

    path: str
    content_sha256: str
    records: int
    rows: Int64s | None = None

    @classmethod
    def of(cls, encoded: EncodedFile) -> Source:
        """Return the source of an encoded file that was read from a path."""
        return cls(
            path=encoded.source,
            content_sha256=encoded.header.content_sha256,
            records=len(encoded),
        )

    def __len__(self) -> int:
        return self.records if self.rows is None else len(self.rows)

    def take(self, rows: Int64s | None) -> Source:
        """Return the source of some of these rows only; None for all."""
        if rows is None:
            return self
        return replace(self, rows=rows if self.rows is None else self.rows[rows])


@dataclass(frozen=True, kw_only=True, eq=False)
class Hits:
    """The pairs that share a bucket and are similar enough, each once.

    Attributes:
        left, right: ``int64[pairs]``, places among the rows of the two sources, sorted by (left, right); in one file
            ``left < right``.
        score: ``float64[pairs]``, similarities.
        compared: comparisons made in each table or pass. A pair that shares several buckets may count in each.
    """

    left: Int64s
    right: Int64s
    score: Floats
    compared: list[int]


class Engine(Protocol):
    """Finds what :func:`pprl.kernels.shared_codes.grouped_scan` finds, on other machines."""

    @property
    def name(self) -> str:
        """What ``run.json`` calls it."""

    def software(self) -> Mapping[str, str]:
        """Return the libraries it runs on, and their versions, for ``run.json``."""

    def check(self, *, profile: str, passes: Sequence[str]) -> None:
        """Refuse what this engine can't do, before any work.

        Args:
            profile: the agreement's profile.
            passes: blocking methods, in order.

        Raises:
            UsageError: another profile or blocking is needed.
        """

    def scan_buckets(
        self,
        a: Source,
        b: Source,
        *,
        positions: Int64s,
        threshold: float,
        sizes: tuple[int, int],
        same: bool,
        progress: ShareDone,
    ) -> Hits:
        """Find the pairs that agree on all sampled bits of some table.

        Args:
            a, b: the two files; one file twice if `same`.
            positions: ``int64[tables, bits]``, see :meth:`pprl.unit.blocking.lsh.LshPlan.positions`.
            threshold: least similarity.
            sizes: how much the smaller and the larger filter count; see :mod:`pprl.kernels.dice`.
            same: look for pairs inside one file.
            progress: called from the calling thread.

        Raises:
            PprlError: the engine can't be reached, can't read a file, or failed.
        """

    def scan_keys(
        self,
        a: Source,
        b: Source,
        *,
        passes: int,
        threshold: float,
        sizes: tuple[int, int],
        same: bool,
        progress: ShareDone,
    ) -> Hits:
        """Find the pairs that share the blocking key of some pass; otherwise like :meth:`scan_buckets`."""
