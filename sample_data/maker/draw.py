"""Random draws that are the same on every Python version and operating system.

Only `random.Random.random()` is promised to stay the same across versions; every other draw
here is built on it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import accumulate
from typing import TypeVar

__all__ = ["Draw"]

T = TypeVar("T")


class Draw:
    """A seeded stream of random draws; the same seed and stage give the same stream."""

    def __init__(self, seed: int, stage: int) -> None:
        """Open the stream of one stage, so that a change in one stage leaves the others alone."""
        self._random = random.Random(seed * 16 + stage)

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return self._random.random() < probability

    def below(self, count: int) -> int:
        """Return an integer from 0 to `count - 1`, each as likely."""
        return int(self._random.random() * count)

    def between(self, low: int, high: int) -> int:
        """Return an integer from `low` to `high`, both included, each as likely."""
        return low + self.below(high - low + 1)

    def one(self, items: Sequence[T]) -> T:
        """Return one item, each as likely."""
        return items[self.below(len(items))]

    def weighted(self, items: Sequence[tuple[T, int]]) -> T:
        """Return one item, as likely as its weight (a positive integer) says."""
        target = self.below(sum(weight for _, weight in items))
        for item, reached in zip(items, accumulate(weight for _, weight in items), strict=True):
            if target < reached:
                return item[0]
        raise AssertionError("the weights reach their sum")

    def ranked(self, items: Sequence[T]) -> T:
        """Return one item, the first ones most often: the weight of rank r is 1 / (r + 3)."""
        reached = list(accumulate(1.0 / (rank + 3) for rank in range(len(items))))
        target = self._random.random() * reached[-1]
        for item, bound in zip(items, reached, strict=True):
            if target < bound:
                return item
        return items[-1]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in random order (Fisher and Yates)."""
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order
