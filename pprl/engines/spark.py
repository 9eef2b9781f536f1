"""Buckets as a Spark join: records go to their buckets' partitions, and the unit's own kernel compares them there.

A round takes as many tables as the workers' disks may hold at a time:

    read (rows of the Parquet files) -> spread (each record with its cells) -> one row for each cell -> shuffle by cell
    -> compare (the kernel over a partition) -> pairs, back on the driver

The workers read the encoded files themselves. All they get from here is file names and public numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any

import numpy as np

from pprl.base.arrays import Floats, Int64s
from pprl.base.errors import PprlError, UsageError
from pprl.base.progress import ShareDone
from pprl.base.version import VERSION
from pprl.engines.cells import Cuts, find_cuts
from pprl.engines.codes import Buckets
from pprl.engines.failures import explaining, other_file
from pprl.engines.files import FileFacts, file_facts, worker_path
from pprl.engines.options import SparkOptions
from pprl.engines.running import collect
from pprl.engines.session import Session, open_session
from pprl.engines.work import COMPARED, LOOKED, SPREAD, Compare, Look, Spread, compare, look, spread
from pprl.unit.blocking.engine import Hits, Source

__all__ = ["SparkEngine"]

_ROW_BYTES = 64
"""Roughly the bytes of a record in a shuffle besides its payload. Chosen; not sensitive: it only decides how many
tables a round takes."""

_SPREAD_ROWS = 2_000_000
"""Roughly the rows that one task spreads. Chosen; how sensitive the speed is was not measured. Results never depend on
it."""

_MOST_PARTITIONS = 50_000
"""Partitions at most. Chosen; how sensitive the speed is was not measured. Results never depend on it."""


class SparkEngine:
    """See :class:`pprl.unit.blocking.engine.Engine`. Close it after use, or use it in a ``with`` block.

    If the caller has an active session, it is used and left as it is; otherwise one is started, and stopped at the end.
    """

    def __init__(self, options: SparkOptions | None = None) -> None:
        self.options = options or SparkOptions()
        self._session: Session | None = None
        self._facts: dict[tuple[str, str], FileFacts] = {}

    @property
    def name(self) -> str:
        """``spark``."""
        return "spark"

    def __enter__(self) -> SparkEngine:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def open(self) -> None:
        """Start the session now instead of at the first scan.

        Raises:
            UsageError: PySpark or Java is missing.
            PprlError: the cluster can't be reached.
        """
        if self._session is None:
            self._session = open_session(self.options)

    def close(self) -> None:
        """Stop the session, if it was started here."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def software(self) -> Mapping[str, str]:
        """PySpark's version."""
        from pyspark import __version__

        return {"pyspark": str(__version__)}

    def check(self, *, profile: str, passes: Sequence[str]) -> None:
        """Refuse the profile ``fields`` and exhaustive comparison."""
        if profile != "record":
            raise UsageError(
                f"the Spark engine supports only the record profile; these files have the profile {profile}",
                hint="Leave --engine out: one machine compares the profile fields.",
            )
        if not set(passes) <= {"lsh", "keys"}:
            raise UsageError(
                "the Spark engine needs buckets: it does not compare all pairs",
                hint="Use --blocking lsh or --blocking keys, or leave --engine out.",
            )

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
        """See :meth:`pprl.unit.blocking.engine.Engine.scan_buckets`."""
        with explaining():
            facts = self._look(a, b)
            buckets = Buckets(width=facts[0].width, tables=len(positions), positions=positions)
            return self._scan(a, b, facts, buckets, threshold, sizes, same, progress)

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
        """See :meth:`pprl.unit.blocking.engine.Engine.scan_keys`."""
        with explaining():
            facts = self._look(a, b)
            buckets = Buckets(width=facts[0].width, tables=passes)
            return self._scan(a, b, facts, buckets, threshold, sizes, same, progress)

    def _spark(self) -> Any:
        self.open()
        assert self._session is not None
        return self._session.spark

    def _look(self, *sources: Source) -> tuple[FileFacts, ...]:
        """Read each file once here and once on the workers; refuse to go on if the two differ."""
        found = []
        for source in sources:
            key = (source.path, source.content_sha256)
            if key not in self._facts:
                facts = file_facts(source)
                self._check_workers(source, facts)
                self._facts[key] = facts
            found.append(self._facts[key])
        return tuple(found)

    def _check_workers(self, source: Source, facts: FileFacts) -> None:
        frame = self._read(source, facts.keys)
        job = Look(width=facts.width, keys=facts.keys)
        told = self._collect(frame.mapInArrow(partial(look, job), LOOKED), 1, lambda share: None)
        for version in set(told["pprl"].to_pylist()) - {VERSION}:
            raise PprlError(
                f"the workers run pprl {version}, and the driver {VERSION}",
                hint="Install the same version of pprl-kit[spark] for the Python that the workers run.",
            )
        digest = sum(value % 2**64 for value in told["digest"].to_pylist()) % 2**64
        if sum(told["records"].to_pylist()) != facts.records or digest != facts.digest:
            raise other_file(source.path)

    def _read(self, source: Source, keys: int) -> Any:
        """Return a file's rows as the workers read them."""
        # Given a schema, Spark does not open the file to find one. It reads unsigned numbers as decimals.
        names = [f"key_{number + 1}" for number in range(keys)]
        schema = ", ".join(["encoding binary", *(f"{name} decimal(20, 0)" for name in names)])
        path = worker_path(source, self.options.data)
        frame = self._spark().read.schema(schema).parquet(path)
        frame = frame.select("_metadata.row_index", "encoding", *names)
        return frame.toDF("row", "encoding", *names)

    def _collect(self, frame: Any, tasks: int, progress: ShareDone) -> Any:
        return collect(
            self._spark(),
            frame,
            tasks=tasks,
            patience=self.options.patience,
            local=self._spark().sparkContext.master.startswith("local"),
            progress=progress,
        )

    def _scan(
        self,
        a: Source,
        b: Source,
        facts: tuple[FileFacts, ...],
        buckets: Buckets,
        threshold: float,
        sizes: tuple[int, int],
        same: bool,
        progress: ShareDone,
    ) -> Hits:
        records = len(a) + (0 if same else len(b))
        row = buckets.payload + _ROW_BYTES
        most = max(1, self.options.shuffle_bytes // max(row * records, 1))
        job = Compare(buckets=buckets, threshold=threshold, sizes=sizes, same=same)
        compared = np.zeros(buckets.tables, np.int64)
        parts: list[tuple[Int64s, Int64s, Floats]] = []
        starts = range(0, buckets.tables, most)
        for number, start in enumerate(starts):
            stop = min(start + most, buckets.tables)
            cuts = self._cuts(facts, buckets, range(start, stop), same=same)
            frame, tasks = None, 0
            for side, source in enumerate((a,) if same else (a, b)):
                spreading = Spread(
                    buckets=buckets,
                    start=start,
                    stop=stop,
                    cuts=cuts,
                    side=side,
                    same=same,
                    left_out=_left_out(source),
                )
                rows = self._rows(source, spreading)
                frame = rows if frame is None else frame.union(rows)
                tasks += self._tasks(len(source) * (stop - start), _SPREAD_ROWS)
            assert frame is not None
            partitions = self._tasks(records * (stop - start), self.options.partition_rows)
            frame = frame.repartition(partitions, "place", "code")
            told = self._collect(
                frame.mapInArrow(partial(compare, job), COMPARED),
                tasks + partitions,
                partial(_tell, progress, number, len(starts)),
            )
            left, right, score, counts = (
                told[name].to_numpy() for name in ("left", "right", "score", "compared")
            )
            pair = left >= 0
            np.add.at(compared, right[~pair], counts[~pair].astype(np.int64))
            parts.append((left[pair], right[pair], score[pair]))
        left, right, score = (np.concatenate(values) for values in zip(*parts, strict=True))
        order = np.lexsort((right, left))
        return Hits(
            left=_places(left[order], a),
            right=_places(right[order], b),
            score=score[order],
            compared=[int(count) for count in compared],
        )

    def _rows(self, source: Source, job: Spread) -> Any:
        """Return one row for each record and cell."""
        keys = job.buckets.tables if job.buckets.positions is None else 0
        frame = self._read(source, keys)
        # A file has few row groups, but each of its records becomes as many rows as there are tables.
        tasks = self._tasks(len(source) * (job.stop - job.start), _SPREAD_ROWS)
        frame = frame.repartition(tasks, "row").mapInArrow(partial(spread, job), SPREAD)
        return frame.selectExpr("row", "payload", "inline(cells)")

    def _tasks(self, rows: int, most: int) -> int:
        least = int(self._spark().sparkContext.defaultParallelism)
        return min(max(least, -(-rows // most)), _MOST_PARTITIONS)

    def _cuts(
        self, facts: tuple[FileFacts, ...], buckets: Buckets, tables: range, *, same: bool
    ) -> dict[int, Cuts]:
        """Return the big buckets of some tables, from the samples."""
        most = max(self.options.partition_rows // 10, 1)
        made = {}
        for table in tables:
            codes = [
                buckets.codes(fact.sample[:, : buckets.payload], slice(table, table + 1))[:, 0]
                for fact in facts
            ]
            scale = (facts[0].scale, facts[-1].scale)
            made[table] = find_cuts(codes[0], codes[-1], scale=scale, most=most, same=same)
        return made


def _tell(progress: ShareDone, done: int, rounds: int, share: float) -> None:
    progress((done + share) / rounds)


def _left_out(source: Source) -> bytes | None:
    """Return the rows that do not count, one bit each."""
    if source.rows is None:
        return None
    out = np.ones(source.records, np.uint8)
    out[source.rows] = 0
    return np.packbits(out, bitorder="little").tobytes()


def _places(rows: Int64s, source: Source) -> Int64s:
    """Return the places that rows of the file have among those that count."""
    if source.rows is None:
        return rows
    return np.searchsorted(source.rows, rows).astype(np.int64)
