"""Makes errors in a block of records: in which records, in what order, and how errors depend on each other.

A rate is the share of the records in which the error is possible that get it. In each slot (the given name, the date of
birth, ...) a record gets at most one error, found with a single draw. The errors of one record depend on each other
through its carelessness: one record in five is careless and has its rates multiplied by 1 + 4 d, the others by 1 - d,
where d, from 0 to 1, is the dependence. The mean stays at the rate that was asked for. (A two-class frailty, the
discrete form of the gamma frailty of survival analysis; in real registers errors gather too: Harron et al. 2017, BMC
Med. Res. Methodol. 17.)

Whether an error is possible in a record is decided when its slot's turn comes, before the slot's first error is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pprl.base.arrays import Bools, Floats, Int64s
from pprl.base.errors import UsageError
from pprl.synth.draw import Dice, Stream, hashed
from pprl.synth.errors.error_type import Corruption
from pprl.synth.errors.rates import ErrorPlan

__all__ = ["CARELESS", "Columns", "Corruptor", "ErrorCounts", "household_means"]

CARELESS = 0.2
"""Share of the records that are careless. Chosen, no published share is known to us; sensitive together with the
dependence: the smaller the share, the more errors a careless record has."""

_CARELESS_RISE = 4
"""What dependence adds to the rates of a careless record: (1 - CARELESS) / CARELESS, which keeps the mean."""

_REMEMBERED = 50_000
"""For so many values it is remembered whether a corruption is possible, to bound memory on columns with few repeats.
Chosen; not sensitive: it decides speed and memory alone."""

_HIGHEST_EVENING = 4.0
"""What the rates are multiplied by at most where an error has become impossible in careless records. Chosen; not
sensitive: with a dependence d it could be 1 / (1 - d) at most, so the limit matters only from d = 0.75."""

Columns = dict[str, np.ndarray[Any, np.dtype[np.object_]]]
"""Text by field: object arrays of strings, all of one length."""


@dataclass
class ErrorCounts:
    """What was done: for each error, the records in which it was possible and those in which it was made.

    Attributes:
        made: by the corruption's name, records that got the error.
        possible: records in which it was possible, among those that were counted.
        counted: records that got it, among those that were counted.
        rows: by name, the places (in the block) of the records that got it.
    """

    made: dict[str, int] = field(default_factory=dict)
    possible: dict[str, int] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)
    rows: dict[str, Int64s] = field(default_factory=dict)

    def add(self, other: ErrorCounts) -> None:
        """Add the counts of another block, without its rows."""
        pairs = (
            (self.made, other.made),
            (self.possible, other.possible),
            (self.counted, other.counted),
        )
        for mine, theirs in pairs:
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count


class _Possible(dict[Any, bool]):
    """Remembers whether a corruption is possible for the values it was asked about."""

    def __init__(self, test: Callable[[tuple[str, ...]], bool], *, single: bool) -> None:
        super().__init__()
        self._test, self._single = test, single

    def __missing__(self, key: Any) -> bool:
        if len(self) > _REMEMBERED:
            self.clear()
        answer = self._test((key,) if self._single else key)
        self[key] = answer
        return answer


class Corruptor:
    """Makes the errors of a plan, block by block.

    It remembers across blocks for which values an error is possible, and how carelessness was evened out.

    Raises:
        UsageError: a slot has both errors that a household shares and errors that it does not.
    """

    def __init__(self, plan: ErrorPlan) -> None:
        self.plan = plan
        self._corruptions = plan.active()
        slots: dict[str, list[Corruption]] = {}
        for corruption in self._corruptions:
            slots.setdefault(corruption.slot, []).append(corruption)
        self._slots = list(slots.items())
        for slot, members in self._slots:
            if len({member.shared for member in members}) > 1:
                raise UsageError(
                    f"the slot {slot!r} has errors that a household shares and errors that it does not",
                    hint="Give one of them a slot of its own.",
                )
        self._sums = {
            slot: sum(plan.rates[member.name] for member in members)
            for slot, members in self._slots
        }
        self._even = {corruption.name: 1.0 for corruption in self._corruptions}
        self._possible = {
            c.name: _Possible(c.possible, single=len(c.fields) == 1) for c in self._corruptions
        }

    def run(
        self,
        columns: Columns,
        path: Sequence[str | int],
        *,
        factor: Floats | None = None,
        household: Int64s | None = None,
        household_factor: Floats | None = None,
        count_first: int | None = None,
    ) -> ErrorCounts:
        """Change the columns in place, and return what was done.

        Args:
            columns: text by field, object arrays of one length.
            path: the seed, names of the file's random streams, and last the number of this block.
            factor: for each record, what its rates are multiplied by (differences between groups).
            household: for each record, the number of its household: shared errors (a move) hit a household together.
            household_factor: for each record, the mean factor of its household, which multiplies shared errors.
            count_first: only in so many records, from the first, is it counted where each error is possible, which
                takes longer than making it; None: in all.

        Raises:
            UsageError: a corruption did not return one text for each of its fields.
        """
        seed, *rest = int(path[0]), *path[1:]
        file = rest[:-1]  # what a household has together does not depend on the block
        count = len(next(iter(columns.values())))
        careless = Stream(seed, *rest, "careless").uniform(count) < CARELESS
        seen = count if count_first is None else min(count, count_first)
        counts = ErrorCounts()
        for slot, corruptions in self._slots:
            together = household if corruptions[0].shared else None
            if together is None:
                draw = Stream(seed, *rest, "slot", slot).uniform(count)
                care, groups = self._care(slot, careless, factor)
            else:
                words = hashed(together, seed, *file, "slot", slot)
                draw = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
                care = np.ones(count)
                groups = care if household_factor is None else household_factor
            # All rows of a slot are found before the first is changed: a record gets at most one of its errors.
            found = []
            low: Any = 0.0
            for corruption in corruptions:
                if seen:
                    self._count_possible(corruption, columns, care[:seen], counts)
                rate = self.plan.rates[corruption.name] * self._even[corruption.name]
                high = low + rate * care * groups
                found.append(np.flatnonzero((draw >= low) & (draw < high)))
                low = high
            for corruption, rows in zip(corruptions, found, strict=True):
                name = corruption.name
                if together is None:
                    own = Stream(seed, *rest, "dice", name).dice()
                    dice: Iterable[Dice] = (own for _ in rows)
                else:
                    words = hashed(together[rows], seed, *file, "dice", name)
                    dice = map(Dice.of, words.tolist())
                made = _change(corruption, columns, rows, dice)
                counts.made[name] = len(made)
                counts.rows[name] = made
                if seen:
                    counts.counted[name] = int((made < seen).sum())
        return counts

    def _count_possible(
        self, corruption: Corruption, columns: Columns, care: Floats, counts: ErrorCounts
    ) -> None:
        """Count where the error is possible, and even out the carelessness of those records.

        Earlier errors change where a later one is possible, and they gather in careless records. Without evening out,
        an error that they make possible (or impossible) would be made more (or less) often than was asked.
        """
        name = corruption.name
        texts = [columns[item][: len(care)].tolist() for item in corruption.fields]
        keys = texts[0] if len(texts) == 1 else zip(*texts, strict=True)
        answers = map(self._possible[name].__getitem__, keys)
        may = np.fromiter(answers, dtype=bool, count=len(care))
        number = int(may.sum())
        counts.possible[name] = number
        # Summed as whole numbers: the same on every system, whatever the order.
        total = int(np.rint(care[may] * 2.0**32).astype(np.int64).sum()) / 2.0**32
        self._even[name] = min(number / total, _HIGHEST_EVENING) if total > 0 else 1.0

    def _care(self, slot: str, careless: Bools, factor: Floats | None) -> tuple[Floats, Floats]:
        """Return for each record what its carelessness and its group multiply the slot's rates by."""
        groups = np.ones(len(careless)) if factor is None else factor
        limit = self._sums[slot] * groups
        # A slot's rates can't add up to more than 1 even in a careless record; then the others make up for it.
        most = np.divide(1.0, limit, out=np.full(len(limit), np.inf), where=limit > 0)
        bad = np.minimum(1 + _CARELESS_RISE * self.plan.dependence, most)
        good = (1 - CARELESS * bad) / (1 - CARELESS)
        return np.where(careless, bad, good), groups


def _change(corruption: Corruption, columns: Columns, rows: Int64s, dice: Iterable[Dice]) -> Int64s:
    """Make the error in those of these records in which it is possible; return them."""
    parts = [columns[item] for item in corruption.fields]
    altered = []
    for row, own in zip(rows.tolist(), dice, strict=True):
        before = tuple(part[row] for part in parts)
        if not corruption.possible(before):
            continue
        after = corruption.change(before, own)
        if type(after) is not tuple or len(after) != len(parts) or not _texts(after):
            raise UsageError(
                f"the corruption {corruption.name!r} did not return one text for each of its {len(parts)} fields",
                hint="Its `change` takes and returns a tuple of texts, one for each of `fields`.",
            )
        if after == before:
            continue
        for part, value in zip(parts, after, strict=True):
            part[row] = value
        altered.append(row)
    return np.array(altered, dtype=np.int64)


def _texts(values: tuple[Any, ...]) -> bool:
    try:
        "".join(values)
    except TypeError:
        return False
    return True


def household_means(household: Int64s, factor: Floats) -> Floats:
    """Return for each household, by its number, the mean of its members' factors."""
    members = np.maximum(np.bincount(household), 1)
    return np.bincount(household, weights=factor) / members
