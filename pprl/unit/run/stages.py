"""Time and peak memory of a run, stage by stage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from pprl.base.resources import peak_memory, restart_peak

__all__ = ["Stages"]


class Stages:
    """Use as ``with stages("compare"):``; a stage may be entered several times, but not inside another.

    Attributes:
        seconds: by stage.
        peak: the most memory in use during the stage, in bytes.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.peak: dict[str, int] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Measure the time and the memory of the block."""
        restart_peak()
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
        self.peak[name] = max(self.peak.get(name, 0), peak_memory())

    def timings(self) -> dict[str, float]:
        """Return seconds by stage, for ``run.json``."""
        return {name: round(seconds, 4) for name, seconds in self.seconds.items()}

    def peaks(self) -> dict[str, float]:
        """Return MiB by stage, for ``run.json``."""
        return {name: round(peak / 2**20, 1) for name, peak in self.peak.items()}
