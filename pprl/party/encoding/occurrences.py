"""How often each value of a file occurs: counted exactly, in bounded memory, however long the file is.

Each value is represented by 64 random bits (:func:`pprl.party.encoding.blake2b.text_numbers`), so that a tenth of the
range of numbers holds about a tenth of the values. When there are too many values for the memory, only those in a part
of the range are counted, and the file is read again for the next part.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["Occurrences", "keep_within"]

Numbers = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

_LAST = (1 << 64) - 1
"""The largest number of 64 bits."""

_MERGE = 1 << 16
"""Numbers that wait to be merged, at least: sorting them one block at a time would cost more. Chosen; results never
depend on it."""


class Occurrences:
    """Counts numbers, in as many rounds as the memory asks for. Each round is given all numbers, in any order.

    Attributes:
        different: how many different numbers were counted in the rounds that have ended.
        most: how often the most common of them occurs.
        open: whether some numbers have not been counted yet.
    """

    def __init__(self) -> None:
        self.different = 0
        self.most = 0
        self.open = True
        self._low, self._high = 0, _LAST
        self._clear()

    def _clear(self) -> None:
        self._numbers: Numbers = np.zeros(0, np.uint64)
        self._counts: Counts = np.zeros(0, np.int64)
        self._waiting: list[tuple[Numbers, Counts]] = []
        self._waiting_rows = 0

    def __len__(self) -> int:
        """Return how many numbers are in memory; before a merge, one may be among them several times."""
        return len(self._numbers) + self._waiting_rows

    def add(self, numbers: Numbers, counts: Counts) -> None:
        """Count numbers, each as often as its count says.

        Args:
            numbers: ``uint64[n]``.
            counts: ``int64[n]``.
        """
        if self._low or self._high < _LAST:
            inside = (numbers >= np.uint64(self._low)) & (numbers <= np.uint64(self._high))
            numbers, counts = numbers[inside], counts[inside]
        self._waiting.append((numbers, counts))
        self._waiting_rows += len(numbers)
        if self._waiting_rows >= max(_MERGE, len(self._numbers)):
            self.merge()

    def merge(self) -> None:
        """Add up the counts of equal numbers."""
        if not self._waiting:
            return
        numbers = np.concatenate([self._numbers, *(part for part, _ in self._waiting)])
        counts = np.concatenate([self._counts, *(part for _, part in self._waiting)])
        self._clear()
        order = np.argsort(numbers)
        numbers = numbers[order]
        starts = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1])[: len(numbers)])
        self._numbers = numbers[starts]
        self._counts = np.add.reduceat(counts[order], starts) if len(starts) else self._counts

    def halve(self) -> None:
        """Leave the upper half of the range counted in this round to a later one."""
        self.merge()
        half = len(self._numbers) // 2
        if half:
            self._high = int(self._numbers[half]) - 1
            self._numbers, self._counts = self._numbers[:half].copy(), self._counts[:half].copy()

    def end_round(self) -> None:
        """Add what this round has counted to the totals; the next round counts the numbers above."""
        self.merge()
        self.different += len(self._numbers)
        self.most = max(self.most, int(self._counts.max(initial=0)))
        self.open = self._high < _LAST
        self._low, self._high = self._high + 1, _LAST
        self._clear()


def keep_within(room: int, counters: Sequence[Occurrences]) -> None:
    """Halve the largest counters until together they hold no more numbers than there is room for.

    Args:
        room: numbers in all, at least one for each counter. A number takes 16 bytes, up to 40 during a merge.
        counters: the counters that work at the same time.
    """
    while sum(map(len, counters)) > max(room, len(counters)):
        largest = max(counters, key=len)
        before = len(largest)
        largest.merge()
        if len(largest) == before:
            largest.halve()
