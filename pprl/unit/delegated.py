"""A blocking whose scan another engine does: it plans and describes itself as before."""

from __future__ import annotations

from typing import Any

from pprl.threads import Progress
from pprl.unit.blocking import Blocking, Keys, Lsh, Scored, Side
from pprl.unit.engine import Engine

__all__ = ["Delegated"]


class Delegated:
    """See :class:`pprl.unit.blocking.Blocking`; the sides must say where their files lie."""

    def __init__(self, method: Blocking, engine: Engine) -> None:
        assert isinstance(method, Keys | Lsh)  # the engine has refused any other
        self._method = method
        self._engine = engine

    def expect(self, a: Side, b: Side, *, same: bool) -> int:
        """As the method does."""
        return self._method.expect(a, b, same=same)

    def scan(
        self,
        a: Side,
        b: Side,
        *,
        floor: float,
        same: bool,
        sizes: tuple[int, int] = (1, 1),
        progress: Progress,
    ) -> Scored:
        """Hand it over."""
        assert a.source is not None
        assert b.source is not None
        method, engine = self._method, self._engine
        if isinstance(method, Lsh):
            hits = engine.scan_buckets(
                a.source,
                b.source,
                positions=method.positions,
                threshold=floor,
                sizes=sizes,
                same=same,
                progress=progress,
            )
        else:
            hits = engine.scan_keys(
                a.source,
                b.source,
                passes=a.keys.shape[1],
                threshold=floor,
                sizes=sizes,
                same=same,
                progress=progress,
            )
        return Scored(left=hits.left, right=hits.right, score=hits.score, compared=hits.compared)

    def describe(self) -> dict[str, Any]:
        """As the method does."""
        return self._method.describe()
