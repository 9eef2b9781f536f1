"""A blocking whose blocks another engine scans, in one step; it plans and describes itself as before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from pprl.base.progress import ShareDone
from pprl.exchange.links.run_entries import LshParameters
from pprl.unit.blocking.engine import Engine
from pprl.unit.blocking.keyed import Keys
from pprl.unit.blocking.keyless import Keyless
from pprl.unit.blocking.methods import Blocking, Lsh, PackedFile, PairScan, Step
from pprl.unit.journal import Part
from pprl.unit.weighing.record.scan import SIZES, RecordScan

__all__ = ["Delegated"]


class Delegated:
    """See :class:`pprl.unit.blocking.methods.Blocking`; the sides must say where their files lie."""

    def __init__(self, method: Blocking, engine: Engine) -> None:
        assert isinstance(method, Keys | Lsh)  # the engine has refused any other
        self._method = method
        self._engine = engine

    def expect(self, a: PackedFile, b: PackedFile, *, same: bool) -> int:
        """As the method does."""
        return self._method.expect(a, b, same=same)

    def seconds(
        self,
        a: PackedFile,
        b: PackedFile,
        *,
        same: bool,
        pair_seconds: Callable[[], float],
        gathered: float,
    ) -> float:
        """As the method does, on this machine: how fast the engine is, nobody knows beforehand."""
        return self._method.seconds(a, b, same=same, pair_seconds=pair_seconds, gathered=gathered)

    def keyless(self) -> Keyless | None:
        """As the method does."""
        return self._method.keyless()

    def steps(self, a: PackedFile, b: PackedFile, *, same: bool) -> Sequence[Step]:
        """One step for all blocks: the engine divides its work itself. Records without a key are compared here."""
        by_engine = Step(name="engine", run=partial(self._scan, a, b, same))
        here = self._method.keyless_steps(a, b, same=same) if isinstance(self._method, Keys) else ()
        return [by_engine, *here]

    def _scan(
        self, a: PackedFile, b: PackedFile, same: bool, scan: PairScan, progress: ShareDone
    ) -> Part:
        assert a.source is not None
        assert b.source is not None
        assert isinstance(scan, RecordScan)
        method, engine = self._method, self._engine
        if isinstance(method, Lsh):
            hits = engine.scan_buckets(
                a.source,
                b.source,
                positions=method.positions,
                threshold=scan.floor,
                sizes=SIZES,
                same=same,
                progress=progress,
            )
        else:
            hits = engine.scan_keys(
                a.source,
                b.source,
                passes=a.keys.shape[1],
                threshold=scan.floor,
                sizes=SIZES,
                same=same,
                progress=progress,
            )
        return Part(left=hits.left, right=hits.right, value=hits.score, compared=sum(hits.compared))

    def describe(self) -> LshParameters | None:
        """As the method does."""
        return self._method.describe()
