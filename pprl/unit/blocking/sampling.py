"""Which records are looked at to learn from: the same ones in every encoding under one key."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pprl.base.arrays import Int64s, Words
from pprl.base.threads import in_threads
from pprl.kernels.packed import kernel

__all__ = ["SAMPLE", "TINY", "Scans", "content_rank", "pairs_seen", "sample_rows"]

SAMPLE = 20_000
"""Records of a file that are looked at, at most; smaller files are looked at whole. Chosen; sensitive: with half as
many, thresholds scatter and links are lost."""

TINY = 100
"""With fewer pairs than this inside them, files don't show how alike different people look. Chosen; how sensitive the
results are was not measured: such files have a dozen records."""

_WORK = 500_000_000
"""Pairs that one scan of a sample may cost: larger files are sampled more thinly, down to ``_LEAST`` records. Chosen;
sensitive, as :data:`SAMPLE` is."""

_LEAST = 2000
"""Records that are looked at in any case. Chosen; sensitive: fewer show too few different people who are alike, and at
half as many, thresholds scatter and links are lost."""

_BLOCK = 65_536
"""Records hashed at a time. Chosen; not sensitive: results never depend on it."""


class Scans:
    """Adds up the progress of several scans, done one after the other, for one caller.

    Args:
        progress: called with the share done.
        count: number of scans.
    """

    def __init__(self, progress: Callable[[float], None] | None, count: int) -> None:
        self._progress = progress
        self._count = count
        self._done = 0

    def next(self) -> Callable[[float], None] | None:
        """Return the function that the next scan calls."""
        if self._progress is None:
            return None
        before, tell = self._done, self._progress
        self._done += 1
        return lambda share: tell((before + share) / self._count)


def sample_rows(
    words: Words, sample: int, *, others: int | None = None, work: int = _WORK
) -> Int64s:
    """Return the rows to look at, ascending: those whose filters hash lowest.

    Choosing by place would give another sample, and another threshold, whenever a party encodes again, since rows are
    sorted by random pseudonyms.

    Args:
        words: packed filters, ``uint64[n, words]``.
        sample: rows at most.
        others: how many records each row will meet; as many as there are unless given.
        work: pairs that all rows together may meet; at least 2,000 rows are taken anyway.
    """
    limit = min(sample, max(_LEAST, work // max(len(words) if others is None else others, 1)))
    if len(words) <= limit:
        return np.arange(len(words))
    mixed = np.empty(len(words), np.uint64)

    def mix(start: int) -> None:
        _mix(words[start : start + _BLOCK], mixed[start : start + _BLOCK])

    in_threads(mix, range(0, len(words), _BLOCK))
    last = np.partition(mixed, limit - 1)[limit - 1]
    below, equal = np.flatnonzero(mixed < last), np.flatnonzero(mixed == last)
    return np.sort(np.concatenate([below, equal[: limit - len(below)]]))


@kernel
def _mix(words: Words, mixed: Words) -> None:
    """Hash each filter, word by word, with SplitMix64's finaliser (Steele, Lea and Flood 2014)."""
    for row in range(len(words)):
        value = np.uint64(0)
        for column in range(words.shape[1]):
            value = (value ^ words[row, column]) + np.uint64(0x9E3779B97F4A7C15)
            value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            value = value ^ (value >> np.uint64(31))
        mixed[row] = value


def content_rank(words: Words) -> Int64s:
    """Return each filter's place when sorted by bits, which does not depend on the order of a party's rows.

    Args:
        words: packed filters, ``uint64[n, words]``.
    """
    rank = np.empty(len(words), np.int64)
    rank[np.lexsort(words.T)] = np.arange(len(words))
    return rank


def pairs_seen(size: int, rows: int) -> int:
    """Return how many pairs inside a file a scan of ``rows`` sees; a file scanned whole shows each pair twice."""
    return rows * (size - 1) // (2 if rows == size else 1)
