"""Applies corruptions to a block of records: which records, in what order, how errors depend on each other.

A rate is the share of the records where an error is possible that get it. In each slot (the given name, the date of
birth, ...) a record gets at most one error, found with one draw. Errors of one record depend on each other through its
carelessness: one record in five is careless and has its rates multiplied by 1 + 4 d, the others by 1 - d, where d from
0 to 1 is the dependence; the mean stays the rate that was asked for. (A two-class frailty, the discrete form of the
gamma frailty of survival analysis; real registers show the same clustering: errors pile up in few records, see
Christen 2012, Data Matching, section 2.3.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pprl.synth.corruptions import Corruption
from pprl.synth.draw import Dice, Stream, hashed

__all__ = ["CARELESS", "ErrorPlan", "Machine", "Tally"]

CARELESS = 0.2
"""Share of the records that are careless."""

_REMEMBERED = 50_000
"""Values whose possibility is remembered for one corruption, to bound memory on columns with few repeats."""

Columns = dict[str, np.ndarray[Any, np.dtype[np.object_]]]
Numbers = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, kw_only=True)
class ErrorPlan:
    """Which errors are made how often.

    Attributes:
        corruptions: in the order in which they are applied.
        rates: by name; a corruption without one is not made.
        dependence: from 0 (errors of a record are independent) to 1 (only careless records have any).
    """

    corruptions: tuple[Corruption, ...]
    rates: Mapping[str, float]
    dependence: float

    def active(self) -> tuple[Corruption, ...]:
        """Return the corruptions with a rate, by stage."""
        return tuple(
            sorted(
                (c for c in self.corruptions if self.rates.get(c.name, 0) > 0),
                key=lambda c: c.stage,
            )
        )


@dataclass
class Tally:
    """What was done: for each error the records where it was possible and those where it was made.

    Attributes:
        made: records that got it, by the corruption's name.
        possible: records where it was possible, in the blocks where that was counted.
        counted: records that got it in those blocks.
        rows: by name, the places of the records that got it (in the block).
    """

    made: dict[str, int] = field(default_factory=dict)
    possible: dict[str, int] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)
    rows: dict[str, Numbers] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Add another block's counts (its rows are left out)."""
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


class Machine:
    """An error plan made ready: it remembers across blocks what is possible for which values."""

    def __init__(self, plan: ErrorPlan) -> None:
        self.plan = plan
        self._corruptions = plan.active()
        self._possible = {
            c.name: _Possible(c.possible, single=len(c.fields) == 1) for c in self._corruptions
        }

    def run(
        self,
        columns: Columns,
        path: Sequence[str | int],
        *,
        factor: Numbers | None = None,
        household: Numbers | None = None,
        count_possible: bool = True,
    ) -> Tally:
        """Change the columns in place and return what was done.

        Args:
            columns: text by field, object arrays of one length.
            path: seed and name of the random streams of this block.
            factor: for each record, what its rates are multiplied by (group differences).
            household: number of each record's household: shared errors (a move) hit a household together.
            count_possible: also count the records where each error is possible, which costs more than making it.
        """
        seed, *rest = int(path[0]), *path[1:]
        count = len(next(iter(columns.values())))
        careless = Stream(seed, *rest, "careless").uniform(count) < CARELESS
        tally = Tally()
        bounds = self._bounds(careless, factor)
        draws: dict[str, Numbers] = {}
        for corruption in self._corruptions:
            name, slot = corruption.name, corruption.slot
            together = corruption.shared and household is not None
            if slot not in draws:
                draws[slot] = (
                    (hashed(household, seed, *rest[:1], "slot", slot) >> np.uint64(11)).astype(np.float64) * 2.0**-53
                    if together
                    else Stream(seed, *rest, "slot", slot).uniform(count)
                )  # fmt: skip
            low, high = bounds[name] if not together else self._plain(name)
            hit = (draws[slot] >= low) & (draws[slot] < high)
            parts = [columns[item] for item in corruption.fields]
            if count_possible:
                may = self._where_possible(corruption, parts)
                rows = np.flatnonzero(hit & may)
                tally.possible[name] = int(may.sum())
                tally.counted[name] = len(rows)
            else:
                tries = np.flatnonzero(hit)
                test = corruption.possible
                rows = tries[[test(tuple(part[row] for part in parts)) for row in tries.tolist()]]
            if together and household is not None:
                words = hashed(household[rows], seed, *rest[:1], "dice", name).tolist()
                dice = map(Dice.of, words)
            else:
                one = Stream(seed, *rest, "dice", name).dice()
                dice = (one for _ in range(len(rows)))  # type: ignore[assignment]
            for row, own in zip(rows.tolist(), dice, strict=True):
                values = corruption.change(tuple(part[row] for part in parts), own)
                for part, value in zip(parts, values, strict=True):
                    part[row] = value
            tally.made[name] = len(rows)
            tally.rows[name] = rows
        return tally

    def _where_possible(self, corruption: Corruption, parts: Sequence[Any]) -> Numbers:
        columns = [part.tolist() for part in parts]
        keys = columns[0] if len(columns) == 1 else zip(*columns, strict=True)
        answers = map(self._possible[corruption.name].__getitem__, keys)
        return np.fromiter(answers, dtype=bool, count=len(parts[0]))

    def _plain(self, name: str) -> tuple[float, float]:
        low = 0.0
        slot = next(c.slot for c in self._corruptions if c.name == name)
        for corruption in self._corruptions:
            if corruption.slot == slot:
                high = low + self.plan.rates[corruption.name]
                if corruption.name == name:
                    return low, high
                low = high
        raise AssertionError("the corruption is one of the plan's")

    def _bounds(self, careless: Numbers, factor: Numbers | None) -> dict[str, tuple[Any, Any]]:
        """Return for each corruption the part of [0, 1) that its slot's draw must hit, by record."""
        slots: dict[str, float] = {}
        for corruption in self._corruptions:
            slots[corruption.slot] = (
                slots.get(corruption.slot, 0.0) + self.plan.rates[corruption.name]
            )
        groups = 1.0 if factor is None else factor
        most = 1.0 if factor is None or len(factor) == 0 else float(factor.max())
        found: dict[str, tuple[Any, Any]] = {}
        reached: dict[str, Any] = dict.fromkeys(slots, 0.0)
        for corruption in self._corruptions:
            slot = corruption.slot
            # A slot's rates can't pass 1 even in a careless record; then the others make up for it.
            bad = min(1 + 4 * self.plan.dependence, 1 / (slots[slot] * most))
            good = (1 - CARELESS * bad) / (1 - CARELESS)
            width = self.plan.rates[corruption.name] * np.where(careless, bad, good) * groups
            found[corruption.name] = (reached[slot], reached[slot] + width)
            reached[slot] = reached[slot] + width
        return found
