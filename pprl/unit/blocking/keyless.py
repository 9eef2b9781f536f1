"""Records without a blocking key in any pass: no block holds them, so they are compared in another way or left out.

A name outside a to z has no sound, and a record with gaps may lack a part in every pass. While there are few of them,
they are compared with all records of the other file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from pprl.base.arrays import Int64s, Words
from pprl.base.progress import ShareDone
from pprl.unit.journal import Part

if TYPE_CHECKING:
    from pprl.unit.blocking.methods import PairScan

__all__ = [
    "KEYLESS_PAIRS",
    "Keyless",
    "compare_keyless",
    "count_chosen",
    "find_keyless",
    "keyless_pairs",
    "keyless_rows",
]

KEYLESS_PAIRS = 10_000_000_000
"""Pairs of a run, at most, that are compared because a record of them has no key. Chosen: all pairs of two files of
100,000 records, seconds to tens of seconds, as :data:`pprl.unit.blocking.methods.BLOCK_PAIRS`."""


@dataclass(frozen=True, kw_only=True)
class Keyless:
    """Records that have no blocking key in any pass.

    Attributes:
        records: how many there are in each file.
        compared: whether they are compared with all records of the other files; if not, they are left out.
    """

    records: tuple[int, ...]
    compared: bool


def find_keyless(keys: Sequence[Words]) -> Keyless:
    """Count the records without a key, and decide whether they are few enough to be compared.

    Args:
        keys: blocking keys of each file of the run, ``uint64[n, passes]``.
    """
    records = tuple(len(keyless_rows(of_file)) for of_file in keys)
    if len(keys) == 1:
        pairs = keyless_pairs((records[0],) * 2, (len(keys[0]),) * 2, same=True)
    else:
        pairs = sum(
            keyless_pairs((records[a], records[b]), (len(keys[a]), len(keys[b])), same=False)
            for a, b in combinations(range(len(keys)), 2)
        )
    return Keyless(records=records, compared=pairs <= KEYLESS_PAIRS)


def keyless_rows(keys: Words) -> Int64s:
    """Return the rows whose keys are all 0, ascending."""
    return np.flatnonzero(~keys.any(axis=1))


def keyless_pairs(without: tuple[int, int], sizes: tuple[int, int], *, same: bool) -> int:
    """Return how many pairs have a record without a key.

    Args:
        without: records without a key on each side.
        sizes: records on each side.
        same: the sides are one file.
    """
    if same:
        return without[0] * (without[0] - 1) // 2 + without[0] * (sizes[0] - without[0])
    return without[0] * sizes[1] + (sizes[0] - without[0]) * without[1]


def count_chosen(left: Int64s, right: Int64s | None, others: int, *, same: bool) -> int:
    """Return how many pairs some rows make: in one file, only those with left < right.

    Args:
        left: rows of the first side.
        right: rows of the other, ascending; None for all.
        others: how many rows the other side has.
        same: the sides are one file.
    """
    if not same:
        return len(left) * (others if right is None else len(right))
    if right is None:
        return int((others - 1 - left).sum())
    return int((len(right) - np.searchsorted(right, left, side="right")).sum())


def compare_keyless(
    without: tuple[Int64s, Int64s], sizes: tuple[int, int], scan: PairScan, progress: ShareDone
) -> Part:
    """Compare the pairs of which a record has no key, each once; there must be one.

    The first side's records without a key meet everybody; those with a key meet the other side's without one.

    Args:
        without: rows without a key on each side, as :func:`keyless_rows` gives them.
        sizes: records on each side.
        scan: compares.
        progress: called from this thread.
    """
    keyed = np.delete(np.arange(sizes[0]), without[0])
    chosen = [(without[0], None, sizes[1]), (keyed, without[1], len(without[1]))]
    chosen = [(left, right, count) for left, right, count in chosen if len(left) and count]
    pairs = [len(left) * count for left, _, count in chosen]
    parts = [
        scan.chosen(
            left,
            right,
            progress=partial(_share, progress, sum(pairs[:number]), pairs[number], sum(pairs)),
        )
        for number, (left, right, _) in enumerate(chosen)
    ]
    return Part(
        left=np.concatenate([part.left for part in parts]),
        right=np.concatenate([part.right for part in parts]),
        value=np.concatenate([part.value for part in parts]),
        compared=sum(part.compared for part in parts),
    )


def _share(progress: ShareDone, before: int, pairs: int, total: int, share: float) -> None:
    progress((before + share * pairs) / total)
