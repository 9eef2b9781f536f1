"""Random draws that are the same for a seed on every operating system and NumPy version.

NumPy promises that the raw words of a bit generator stay the same (NEP 19), but not that `Generator`'s distributions
do. So every draw here is built on raw words, with whole numbers and single IEEE operations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any, TypeVar

import numpy as np

from pprl.base.arrays import Floats, Int64s, Words

__all__ = ["Dice", "Stream", "hashed", "weights_to_bounds"]

T = TypeVar("T")

_LOT = 4096
"""Words that are drawn at once for single draws. Chosen; not sensitive: it decides speed alone."""
_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_MIX = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
"""The constants of SplitMix64 (Steele, Lea and Flood 2014, OOPSLA)."""


class Stream:
    """A seeded stream of draws for whole arrays; another path gives an independent stream.

    Args:
        seed: any non-negative integer below 2**64.
        path: what the stream is for, for example ``"errors", "a", 7``. Each stage has a stream of its own, so that a
            stage which draws more or less does not change the others.
    """

    def __init__(self, seed: int, *path: str | int) -> None:
        text = "\x1f".join(str(part) for part in (seed, *path))
        key = int.from_bytes(blake2b(text.encode(), digest_size=16).digest(), "little")
        self._bits = np.random.Philox(key=key)

    def words(self, count: int) -> Words:
        """Return `count` random words."""
        return self._bits.random_raw(count)

    def uniform(self, count: int) -> Floats:
        """Return numbers in [0, 1), multiples of 2**-53."""
        return (self.words(count) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def below(self, bound: int | Int64s, count: int | None = None) -> Int64s:
        """Return whole numbers from 0 to `bound` - 1.

        The bias of multiplying instead of rejecting is below bound / 2**32.

        Args:
            bound: one number or an array, each at most 2**31.
            count: how many; None: one for each bound.
        """
        bounds = np.asarray(bound, dtype=np.uint64)
        size = count if count is not None else bounds.size
        return ((self.words(size) >> np.uint64(32)) * bounds >> np.uint64(32)).astype(np.int64)

    def weighted(self, bounds: Int64s, count: int) -> Int64s:
        """Return `count` places of a list, drawn by their weights; `bounds` come from `weights_to_bounds`."""
        target = self.below(int(bounds[-1]), count)
        return np.searchsorted(bounds, target, side="right").astype(np.int64)

    def order(self, count: int) -> Int64s:
        """Return a random permutation of 0 ... `count` - 1."""
        return np.argsort(self.words(count), kind="stable").astype(np.int64)

    def dice(self) -> Dice:
        """Return single draws from this stream."""
        return Dice(self._endless())

    def _endless(self) -> Iterator[int]:
        while True:
            yield from self.words(_LOT).tolist()


class Dice:
    """Single random draws, for functions that change one value at a time."""

    __slots__ = ("_next",)

    def __init__(self, words: Iterator[int]) -> None:
        self._next = words.__next__

    @classmethod
    def of(cls, number: int) -> Dice:
        """Return the draws that belong to a number; the same number gives the same draws (SplitMix64)."""
        return cls(_splitmix(number))

    def below(self, bound: int) -> int:
        """Return a whole number from 0 to `bound` - 1, all equally likely."""
        return (self._next() >> 32) * bound >> 32

    def between(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return (self._next() >> 11) * 2.0**-53 < probability

    def one(self, items: Sequence[T]) -> T:
        """Return one item, all equally likely."""
        return items[self.below(len(items))]


def weights_to_bounds(weights: Any) -> Int64s:
    """Return the running sum of non-negative whole weights, scaled down if it would pass 2**31 - 1.

    Raises:
        ValueError: a weight is negative, or all are 0.
    """
    whole = np.asarray(weights, dtype=np.int64)
    if whole.size == 0 or int(whole.min()) < 0 or int(whole.sum()) <= 0:
        raise ValueError("weights must be non-negative and not all 0")
    bounds = np.cumsum(whole)
    shift = max(0, int(bounds[-1]).bit_length() - 31)
    return bounds >> shift


def hashed(numbers: Any, *path: str | int) -> Words:
    """Return a random-looking word for each whole number; the same number and path give the same word."""
    digest = blake2b("\x1f".join(str(part) for part in path).encode(), digest_size=8).digest()
    state = np.asarray(numbers).astype(np.uint64) + np.uint64(int.from_bytes(digest, "little"))
    with np.errstate(over="ignore"):
        state = state * np.uint64(_GOLDEN) + np.uint64(_GOLDEN)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(_MIX[0])
        state = (state ^ (state >> np.uint64(27))) * np.uint64(_MIX[1])
        return state ^ (state >> np.uint64(31))


def _splitmix(number: int) -> Iterator[int]:
    state = number & _MASK
    while True:
        state = (state + _GOLDEN) & _MASK
        word = ((state ^ (state >> 30)) * _MIX[0]) & _MASK
        word = ((word ^ (word >> 27)) * _MIX[1]) & _MASK
        yield word ^ (word >> 31)
