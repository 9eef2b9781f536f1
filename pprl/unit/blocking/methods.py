"""Which pairs are compared: all of them, those that share a keyed blocking key, or those that share an LSH bucket.

Each method is a :class:`Blocking`: it says beforehand how many pairs it will compare, and cuts the work into steps that
can be done one by one, in another process or on another day. Comparing pairs is the job of a :class:`PairScan`; each
profile has its own. A new method is one more class and one more line in :func:`.choose.make_blocking`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numba
import numpy as np

from pprl.base.arrays import Int32s, Int64s, Words
from pprl.base.progress import ShareDone
from pprl.exchange.encoded.file import EncodedFile
from pprl.exchange.links.run_entries import LshCheck, LshParameters
from pprl.unit.blocking.engine import Source
from pprl.unit.blocking.keyless import (
    Keyless,
)
from pprl.unit.blocking.lsh import (
    Agreeing,
    LshPlan,
    bit_masks,
    bucket_codes,
)
from pprl.unit.journal import Journal, Part, collect

__all__ = [
    "Agreeing",
    "Blocking",
    "Codes",
    "Exhaustive",
    "Lsh",
    "PackedFile",
    "PairScan",
    "ScanProgress",
    "Step",
    "possible_pairs",
    "scan_steps",
]

Codes = tuple[Int32s, Int32s]

BLOCK_ROWS = 16_384
"""Rows of the first file, at least, that a step of an exhaustive scan compares with the whole other file. Chosen; not
sensitive: links never depend on it, only how much a killed run repeats."""

BLOCK_PAIRS = 10_000_000_000
"""Roughly the pairs that a step of an exhaustive scan compares: tens of seconds. Chosen; not sensitive, as above."""

CODED = 4
"""Tables whose buckets are found at a time: 16 bytes per record. Chosen; not sensitive: links never depend on it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PackedFile:
    """One file as the scan sees it: packed filters ``uint64[n, words]`` and blocking keys ``uint64[n, passes]``.

    ``source`` says where an engine finds it.
    """

    words: Words
    keys: Words
    source: Source | None = None

    @classmethod
    def of(cls, encoded: EncodedFile) -> PackedFile:
        """Return an encoded file as a scan sees it; in the profile ``fields`` a record's filters are in one row."""
        words = encoded.field_words().reshape(len(encoded), -1)
        return cls(words=words, keys=encoded.keys, source=Source.of(encoded))

    def __len__(self) -> int:
        return len(self.words)

    def take(self, rows: Int64s | None) -> PackedFile:
        """Return some rows only; all of them for None."""
        if rows is None:
            return self
        source = None if self.source is None else self.source.take(rows)
        return PackedFile(words=self.words[rows], keys=self.keys[rows], source=source)


class PairScan(Protocol):
    """Compares pairs of two sides and gives those above a floor, with what it finds out about them."""

    def rows(self, start: int, stop: int, *, progress: ShareDone) -> Part:
        """Compare some rows of the first side with all of the other; of one file, each pair once, left < right."""

    def shared(
        self,
        codes: Codes,
        *,
        earlier: Codes | None = None,
        met: Words | None = None,
        progress: ShareDone,
    ) -> Part:
        """Compare the pairs that share a code and none of the `earlier` ones.

        Args:
            codes: ``int32[n]`` for each side; negative: in no block.
            earlier: ``int32[n, passes]`` for each side.
            met: ``uint64[masks, words]``: pairs whose filters agree on all bits of one are compared, but not given.
                This is tested for the few pairs found only: testing all would cost as much as comparing.
            progress: called from this thread.
        """

    def chosen(self, left: Int64s, right: Int64s | None, *, progress: ShareDone) -> Part:
        """Compare some rows of the first side with some of the other, or with all; of one file, where left < right.

        Args:
            left: rows of the first side, ascending and at least one.
            right: the same of the other; None for all of it.
            progress: called from this thread.
        """


@dataclass(frozen=True, kw_only=True)
class Step:
    """A part of a scan that can be done by itself; `run` gives pairs that no other step gives."""

    name: str
    run: Callable[[PairScan, ShareDone], Part]


class Blocking(Protocol):
    """A way to choose the pairs that are compared."""

    def expect(self, a: PackedFile, b: PackedFile, *, same: bool) -> int:
        """Return how many pairs will be compared: an upper bound or an estimate."""

    def seconds(
        self,
        a: PackedFile,
        b: PackedFile,
        *,
        same: bool,
        pair_seconds: Callable[[], float],
        gathered: float,
    ) -> float:
        """Return roughly how many seconds the scan will take on this machine, on all threads.

        Args:
            a, b: the two sides.
            same: they are one file.
            pair_seconds: measures how long a pair takes in a full scan; called only where the method does not know its
                own costs.
            gathered: how many times as much a pair costs that is fetched by a blocking key.
        """

    def keyless(self) -> Keyless | None:
        """Return which records have no blocking key; None for a method that needs none."""

    def steps(self, a: PackedFile, b: PackedFile, *, same: bool) -> Sequence[Step]:
        """Return the steps of a scan, the same ones for the same files."""

    def describe(self) -> LshParameters | None:
        """Return the parameters for ``run.json``; None for a method that has none."""


def possible_pairs(a: PackedFile, b: PackedFile, *, same: bool) -> int:
    """Return the number of pairs without blocking."""
    return len(a) * (len(a) - 1) // 2 if same else len(a) * len(b)


ScanProgress = Callable[[float, int, int], None]
"""Called with the share of the work that is done, the pairs compared and the pairs found."""


def scan_steps(
    steps: Sequence[Step], scan: PairScan, *, journal: Journal, name: str, progress: ScanProgress
) -> tuple[Part, list[int]]:
    """Do the steps that are not done yet; return the pairs of all steps, sorted, and how many each step compared.

    Args:
        steps: of one scan.
        scan: compares.
        journal: keeps what each step finds.
        name: the scan's name in the journal.
        progress: called from this thread with the share done, the pairs compared and the pairs found so far.
    """
    names = [f"{name}-{step.name}" for step in steps]
    compared = found = 0
    for number, (step, of_journal) in enumerate(zip(steps, names, strict=True)):
        if journal.has(of_journal):
            part = journal.read(of_journal)
        else:
            tell = partial(_tell, progress, number, len(steps), compared, found)
            part = step.run(scan, tell)
            journal.keep(of_journal, part)
        compared, found = compared + part.compared, found + len(part.left)
        progress((number + 1) / len(steps), compared, found)
    if not steps:
        progress(1.0, 0, 0)
    return collect(journal, names)


def _tell(
    progress: ScanProgress, number: int, steps: int, compared: int, found: int, share: float
) -> None:
    progress((number + share) / steps, compared, found)


class Exhaustive:
    """Compare every pair: exact."""

    def expect(self, a: PackedFile, b: PackedFile, *, same: bool) -> int:
        """All pairs."""
        return possible_pairs(a, b, same=same)

    def keyless(self) -> None:
        """No keys are needed."""

    def seconds(
        self,
        a: PackedFile,
        b: PackedFile,
        *,
        same: bool,
        pair_seconds: Callable[[], float],
        gathered: float,
    ) -> float:
        """As long as all pairs take."""
        return possible_pairs(a, b, same=same) * pair_seconds()

    def steps(self, a: PackedFile, b: PackedFile, *, same: bool) -> Sequence[Step]:
        """Each step takes some rows of the first side."""
        size = max(BLOCK_ROWS, BLOCK_PAIRS // max(len(b), 1))
        starts = range(0, len(a), size)
        return [
            Step(name=f"{number:06d}", run=partial(_rows, start, min(start + size, len(a))))
            for number, start in enumerate(starts)
        ]

    def describe(self) -> None:
        """No parameters."""


def _rows(start: int, stop: int, scan: PairScan, progress: ShareDone) -> Part:
    return scan.rows(start, stop, progress=progress)


class Lsh:
    """Compare the pairs that share a bucket of the Hamming LSH."""

    def __init__(self, plan: LshPlan, *, completeness: float) -> None:
        self.plan = plan
        self.positions = plan.positions()
        self._completeness = completeness

    def expect(self, a: PackedFile, b: PackedFile, *, same: bool) -> int:
        """As the plan counted in some tables; a pair in several buckets counts in each."""
        return int(possible_pairs(a, b, same=same) * self.plan.expected_share)

    def keyless(self) -> None:
        """No keys are needed."""

    def seconds(
        self,
        a: PackedFile,
        b: PackedFile,
        *,
        same: bool,
        pair_seconds: Callable[[], float],
        gathered: float,
    ) -> float:
        """As the plan's own costs say."""
        records = len(a) + (0 if same else len(b))
        of_record, of_pair = self.plan.costs
        work = self.plan.tables * records * of_record + self.expect(a, b, same=same) * of_pair
        return work * 1e-9 / int(numba.get_num_threads())

    def steps(self, a: PackedFile, b: PackedFile, *, same: bool) -> Sequence[Step]:
        """One step per table."""
        tables = _Tables(self.positions, (a, b), same)
        return [
            Step(name=f"{table:06d}", run=partial(tables.scan, table))
            for table in range(len(self.positions))
        ]

    def describe(self) -> LshParameters:
        """The plan."""
        plan = self.plan
        share, low, high = (round(end, 5) for end in plan.found)
        check = LshCheck(matches=round(plan.checked, 1), found=share, low=low, high=high)
        return LshParameters(
            completeness=self._completeness,
            tables=plan.tables,
            bits_per_table=plan.bits_per_table,
            pool=plan.pool_mask(),
            seed=plan.seed,
            expected_completeness=round(plan.completeness, 5),
            expected_completeness_at_threshold=round(plan.at_threshold, 5),
            checked=check if plan.checked else None,
        )


class _Tables:
    """Scans the buckets of one table after the other.

    Args:
        positions: ``int64[tables, bits_per_table]``.
        sides: the two sides.
        same: they are one file.
    """

    def __init__(self, positions: Int64s, sides: tuple[PackedFile, PackedFile], same: bool) -> None:
        self._positions, self._sides, self._same = positions, sides, same
        self._masks = bit_masks(positions, sides[0].words.shape[1])
        self._coded: tuple[int, Codes] | None = None

    def scan(self, table: int, scan: PairScan, progress: ShareDone) -> Part:
        """Scan a table's buckets; pairs that shared a bucket of an earlier one are not given again."""
        first = table // CODED * CODED
        coded = self._coded
        if coded is None or coded[0] != first:
            # Several tables at once: reading all filters is what takes longest.
            coded = self._coded = None
            positions = self._positions[first : first + CODED]
            one = bucket_codes(self._sides[0].words, positions)
            other = one if self._same else bucket_codes(self._sides[1].words, positions)
            coded = self._coded = first, (one, other)
        one = np.ascontiguousarray(coded[1][0][:, table - first])
        other = one if self._same else np.ascontiguousarray(coded[1][1][:, table - first])
        return scan.shared((one, other), met=self._masks[:table], progress=progress)
