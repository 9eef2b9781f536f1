"""Which pairs are compared: all of them, those that share a keyed blocking key, or those that share an LSH bucket.

Each method is a :class:`Blocking`: it says beforehand how many pairs it will compare, and then scans two files (or one
against itself). A new method is one more class and one more line in :func:`make_blocking`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.errors import UsageError
from pprl.exchange.encoded import EncodedFile
from pprl.threads import Progress
from pprl.unit.engine import Source
from pprl.unit.kernels import count_grouped, dice_scan, grouped_scan
from pprl.unit.lsh import LshPlan, bucket_codes, plan_lsh

__all__ = ["Agreeing", "Blocking", "Scored", "Side", "make_blocking", "possible_pairs"]

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Side:
    """One file as the scan sees it: packed filters ``uint64[n, words]`` and blocking keys ``uint64[n, passes]``.

    ``source`` says where an engine of its own finds it.
    """

    words: Words
    keys: npt.NDArray[np.uint64]
    source: Source | None = None

    @classmethod
    def of(cls, encoded: EncodedFile) -> Side:
        """Return the side of an encoded file."""
        return cls(words=encoded.words(), keys=encoded.keys, source=Source.of(encoded))

    def __len__(self) -> int:
        return len(self.words)

    def take(self, rows: npt.NDArray[np.int64] | None) -> Side:
        """Return the side of some rows only; of all with None."""
        if rows is None:
            return self
        source = None if self.source is None else self.source.take(rows)
        return Side(words=self.words[rows], keys=self.keys[rows], source=source)


@dataclass(frozen=True, kw_only=True, eq=False)
class Agreeing:
    """How alike the filters of matches are bit by bit: what an LSH is planned by.

    Attributes:
        a, b: packed filters of two files, from which chance agreement is drawn.
        share: shares of the bits that two filters of a match agree on.
        weight: how frequent each of them is.
        lowest: the same of a match that is just looked for.
    """

    a: Words
    b: Words
    share: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]
    lowest: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """Pairs over the floor.

    Attributes:
        left, right: ``int64[pairs]``, rows of the two sides, sorted.
        score: ``float64[pairs]``, similarities.
        compared: number of pairs that were compared, a pass.
    """

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    score: npt.NDArray[np.float64]
    compared: list[int]


class Blocking(Protocol):
    """A way to choose the pairs that are compared."""

    def expect(self, a: Side, b: Side, *, same: bool) -> int:
        """Return how many pairs will be compared, at most or as estimated."""

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
        """Compare, and return the pairs that score at least ``floor``; ``progress`` hears of it from this thread."""

    def describe(self) -> dict[str, Any]:
        """Return the parameters for ``run.json``."""


def possible_pairs(a: Side, b: Side, *, same: bool) -> int:
    """Return the number of pairs without blocking."""
    return len(a) * (len(a) - 1) // 2 if same else len(a) * len(b)


class Exhaustive:
    """Compare every pair: exact."""

    def expect(self, a: Side, b: Side, *, same: bool) -> int:
        """All pairs."""
        return possible_pairs(a, b, same=same)

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
        """One kernel call."""
        left, right, score = dice_scan(
            a.words, b.words, threshold=floor, same=same, sizes=sizes, progress=progress
        )
        compared = possible_pairs(a, b, same=same)
        return Scored(left=left, right=right, score=score, compared=[compared])

    def describe(self) -> dict[str, Any]:
        """No parameters."""
        return {}


class Keys:
    """Compare the pairs that share a keyed blocking key in at least one pass."""

    def expect(self, a: Side, b: Side, *, same: bool) -> int:
        """Sum over the passes; a pair of several passes counts in each."""
        return int(count_grouped(*self.codes(a, b, same=same), same=same).sum())

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
        """One kernel call a pass over all its blocks; a pair met in an earlier pass is not compared again."""
        codes_a, codes_b = self.codes(a, b, same=same)
        return _grouped(
            a, b, codes_a, codes_b, floor=floor, same=same, sizes=sizes, progress=progress
        )

    def codes(
        self, a: Side, b: Side, *, same: bool
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Return ``int32[n, passes]`` for each side: equal numbers for equal keys, -1 where there is none."""
        passes = a.keys.shape[1]
        codes_a = np.empty((len(a), passes), np.int32)
        codes_b = np.empty((len(b), passes), np.int32)
        for number in range(passes):
            both = (
                a.keys[:, number]
                if same
                else np.concatenate([a.keys[:, number], b.keys[:, number]])
            )
            codes = pd.factorize(both)[0].astype(np.int32)
            codes[both == 0] = -1
            codes_a[:, number] = codes[: len(a)]
            codes_b[:, number] = codes[: len(a)] if same else codes[len(a) :]
        return codes_a, codes_b

    def describe(self) -> dict[str, Any]:
        """No parameters but the agreement's passes."""
        return {}


class Lsh:
    """Compare the pairs that share a bucket of the Hamming LSH."""

    def __init__(self, plan: LshPlan, bits: int) -> None:
        self._plan = plan
        self._positions = plan.positions(bits)

    @property
    def positions(self) -> npt.NDArray[np.int64]:
        """``int64[tables, bits_per_table]``, the sampled positions."""
        return self._positions

    def expect(self, a: Side, b: Side, *, same: bool) -> int:
        """As the plan estimated from random pairs."""
        return int(possible_pairs(a, b, same=same) * self._plan.expected_share)

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
        """One kernel call a table over all its buckets."""
        codes_a, codes_b = self.codes(a, b, same=same)
        return _grouped(
            a, b, codes_a, codes_b, floor=floor, same=same, sizes=sizes, progress=progress
        )

    def codes(
        self, a: Side, b: Side, *, same: bool
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Return ``int32[n, tables]`` for each side: its records' buckets."""
        codes_a = bucket_codes(a.words, self._positions)
        return codes_a, codes_a if same else bucket_codes(b.words, self._positions)

    def describe(self) -> dict[str, Any]:
        """The plan."""
        plan = self._plan
        return {
            "tables": plan.tables,
            "bits_per_table": plan.bits_per_table,
            "seed": plan.seed,
            "expected_completeness": round(plan.completeness, 5),
            "expected_completeness_at_threshold": round(plan.at_threshold, 5),
        }


def _grouped(
    a: Side,
    b: Side,
    codes_a: npt.NDArray[np.int32],
    codes_b: npt.NDArray[np.int32],
    *,
    floor: float,
    same: bool,
    sizes: tuple[int, int],
    progress: Progress,
) -> Scored:
    left, right, score, compared = grouped_scan(
        a.words,
        b.words,
        codes_a,
        codes_b,
        threshold=floor,
        same=same,
        sizes=sizes,
        progress=progress,
    )
    return Scored(left=left, right=right, score=score, compared=[int(n) for n in compared])


def make_blocking(
    method: str, files: list[EncodedFile], sides: list[Side], *, agreeing: Callable[[], Agreeing]
) -> Blocking:
    """Return the blocking method of that name, planned for these files.

    Args:
        method: ``exhaustive``, ``lsh`` or ``keys``.
        files: the encoded files.
        sides: the same, as the scan sees them.
        agreeing: called for ``lsh`` only.

    Raises:
        UsageError: there is no such method, or ``keys`` was asked for, but the agreement has no blocking passes.
    """
    if method == "keys":
        if not files[0].agreement.blocking:
            raise UsageError(
                "the files hold no blocking keys: their agreement has no [[blocking]] pass",
                hint="Use --blocking exhaustive or lsh, or add passes to the agreement and encode again.",
            )
        return Keys()
    if method == "lsh":
        shown = agreeing()
        bits = files[0].agreement.filter_bits() * files[0].agreement.filters_per_record()
        pairs = list(combinations(sides, 2)) or [(sides[0], sides[0])]
        plan = plan_lsh(
            shown.a,
            shown.b,
            bits=bits,
            agree=(shown.share, shown.weight),
            lowest=shown.lowest,
            sizes=[(len(one), len(other)) for one, other in pairs],
        )
        return Lsh(plan, bits)
    if method == "exhaustive":
        return Exhaustive()
    raise UsageError("blocking must be one of: exhaustive, lsh, keys")
