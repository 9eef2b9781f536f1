"""What both profiles do alike: learn from the files, then find pairs and weigh them.

A comparison knows how many matches to expect between two files and gives, for the pairs that may be one, a score that
people read and a weight that the linking reckons with (the natural logarithm of how much likelier the pair is to be
one person than two). :mod:`pprl.unit.weighing.record.comparison` and :mod:`pprl.unit.weighing.fields.comparison` are
the two kinds there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from pprl.unit.blocking.methods import Blocking, StepProgress
from pprl.unit.journal import Journal

__all__ = ["Basis", "Comparison", "Found", "Rows", "Work"]

Rows = npt.NDArray[np.int64] | None
"""Rows of a file, ascending; None means all."""

Basis = Literal["estimated", "cautious", "customary"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """Pairs that may be matches.

    Attributes:
        left, right: ``int64[pairs]``, rows of the two files, sorted.
        score: ``float64[pairs]``, similarity in [0, 1]; in the profile ``fields`` there is none and it is NaN.
        weight: ``float64[pairs]``, match weight, natural logarithm.
        compared: pairs that were compared, a blocking pass.
    """

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    score: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]
    compared: list[int]


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a scan will cost: pairs to compare, pairs expected to be kept, seconds."""

    pairs: int
    kept: int
    seconds: float


class Comparison(Protocol):
    """One profile's way to compare files; made by its ``fit`` function."""

    @property
    def matches(self) -> Mapping[tuple[int, int], tuple[float, float, float]]:
        """For each pair of files: expected matches, and the least and the most they may be."""

    @property
    def basis(self) -> Basis:
        """``customary`` when the files are too small to learn from, else ``estimated``."""

    @property
    def repeats(self) -> tuple[float, ...]:
        """For each file, the share of its records that seem to have a second record of the same person in it."""

    @property
    def converged(self) -> bool:
        """False when an EM ran out of iterations."""

    def plan_blocking(
        self, name: str, *, floors: Mapping[tuple[int, int], float], recall: float
    ) -> Blocking:
        """Return a blocking method, planned to find pairs from these weights on.

        Args:
            name: ``exhaustive``, ``lsh`` or ``keys``.
            floors: for each pair of files, the least weight that is looked for.
            recall: for ``lsh``, share of the matches over these floors that is to be found.
        """

    def work(self, a: int, b: int, *, blocking: Blocking, floor: float) -> Work:
        """Return what :meth:`scan` will cost."""

    def scan(
        self,
        a: int,
        b: int,
        *,
        blocking: Blocking,
        floor: float,
        rows: tuple[Rows, Rows],
        journal: Journal,
        name: str,
        progress: StepProgress,
    ) -> Found:
        """Find the pairs of two files (or of one with itself) whose weight is at least `floor`.

        Args:
            a, b: the files.
            blocking: chooses the pairs that are compared; of :meth:`plan_blocking`.
            floor: least weight.
            rows: of each file that are looked at.
            journal: keeps what is found on the way, and has what an earlier attempt has found.
            name: of the scan, in the journal.
            progress: hears of the share done, pairs compared and pairs found, from this thread.
        """

    def hidden(self, a: int, b: int, *, floor: float) -> float:
        """Return how many matches are expected to weigh less than `floor`."""

    def score_at(self, a: int, b: int, weight: float) -> float:
        """Return the score that stands for a weight between two files."""

    def weight_at(self, score: float) -> float:
        """Return the weight that stands for a score."""

    def describe(self) -> dict[str, Any]:
        """Return what was learnt, for ``run.json``."""

    def histogram(self) -> dict[str, Any] | None:
        """Return best scores seen and expected by chance, for the report; None where scores say nothing alone."""
