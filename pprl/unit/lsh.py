"""Hamming LSH: records that agree on some sampled bits share a bucket (Durham 2012; Indyk and Motwani 1998).

Each table samples the same bits of all filters; their values, read as a number, are the bucket. The sampled
positions are public and come from MurmurHash, so that every machine draws the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mmh3
import numba
import numpy as np
import numpy.typing as npt

from pprl.threads import in_threads

__all__ = ["LshPlan", "bucket_codes", "plan_lsh"]

MOST_BITS = 31
MOST_TABLES = 512
ROWS = 4096  # records that a thread codes at a time

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True, kw_only=True)
class LshPlan:
    """How many tables of how many sampled bits.

    Attributes:
        bits_per_table: sampled bits a table.
        tables: number of tables.
        completeness: expected share of the true matches over the threshold that meet in a bucket.
        at_threshold: the same for a pair exactly at the threshold.
        expected_share: expected share of all pairs that are compared.
        seed: seed of the sampled positions.
    """

    bits_per_table: int
    tables: int
    completeness: float
    at_threshold: float
    expected_share: float
    seed: int = 1

    def positions(self, bits: int) -> npt.NDArray[np.int64]:
        """Return ``int64[tables, bits_per_table]``, distinct within a table."""
        made = np.empty((self.tables, self.bits_per_table), np.int64)
        for table in range(self.tables):
            chosen: list[int] = []
            draw = 0
            while len(chosen) < self.bits_per_table:
                at = mmh3.hash(f"{table}/{draw}", self.seed, signed=False) % bits
                draw += 1
                if at not in chosen:
                    chosen.append(at)
            made[table] = chosen
        return made


def plan_lsh(
    a: Words,
    b: Words,
    *,
    bits: int,
    agree: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
    lowest: float,
    completeness: float = 0.99,
    pairs: int = 20_000,
    sizes: Sequence[tuple[int, int]] | None = None,
) -> LshPlan:
    """Choose the tables that reach a completeness at the least expected work.

    Args:
        a, b: packed filters of the two files.
        bits: filter length.
        agree: shares and weights: how the share of bits on which a match agrees is expected to be distributed.
            Weightless: every match is taken to be at `lowest`.
        lowest: share of bits on which the weakest pair that is looked for agrees.
        completeness: share of the matches that must meet.
        pairs: random pairs from which chance agreement is measured.
        sizes: records of each pair of files that the plan will serve, if these are not `a` and `b` alone: their work
            counts, and `a` and `b` should be the pair with the fullest filters.
    """
    generator = np.random.default_rng(1)
    left = a[generator.integers(0, len(a), pairs)]
    right = b[generator.integers(0, len(b), pairs)]
    apart = np.bitwise_count(left ^ right).sum(axis=1)
    chance = 1 - apart / bits
    shares, weights = agree
    if weights.sum() <= 0:
        shares, weights = np.array([lowest]), np.array([1.0])
    best: tuple[float, LshPlan] | None = None
    served = sizes or [(len(a), len(b))]
    records = sum(one + other for one, other in served)
    product = sum(one * float(other) for one, other in served)
    for width in range(4, min(MOST_BITS, bits) + 1):
        tables = _tables(shares**width, weights, completeness)
        meets = float(np.mean(chance**width))
        share = min(1.0, tables * meets)
        plan = LshPlan(
            bits_per_table=width,
            tables=tables,
            completeness=_reached(shares**width, weights, tables),
            at_threshold=float(1 - (1 - lowest**width) ** tables),
            expected_share=share,
        )
        # In units of one comparison: drawing and sorting a bucket number costs about 60, a gathered pair about 8.
        cost = tables * records * 60.0 + share * product * 8.0
        short = plan.completeness < completeness
        cost = cost * 1e6 if short else cost
        if best is None or cost < best[0]:
            best = (cost, plan)
    assert best is not None
    return best[1]


def _reached(meet: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], tables: int) -> float:
    return float(np.average(1 - (1 - meet) ** tables, weights=weights))


def _tables(meet: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], wanted: float) -> int:
    low, high = 1, MOST_TABLES
    if _reached(meet, weights, high) < wanted:
        return high
    while low < high:
        middle = (low + high) // 2
        if _reached(meet, weights, middle) >= wanted:
            high = middle
        else:
            low = middle + 1
    return low


def bucket_codes(words: Words, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Return ``int32[n, tables]``: the bucket of each record in each table."""
    made = np.empty((len(words), len(positions)), np.int32)
    words = np.ascontiguousarray(words)

    def code(start: int) -> None:
        rows = slice(start, start + ROWS)
        _codes(words[rows], positions, made[rows])

    in_threads(code, range(0, len(words), ROWS))
    return made


@numba.njit(cache=True, nogil=True)
def _codes(words: Any, positions: Any, made: Any) -> None:
    for record in range(len(words)):
        for table in range(len(positions)):
            code = np.uint64(0)
            for at in positions[table]:
                bit = (words[record, at >> 6] >> np.uint64(at & 63)) & np.uint64(1)
                code = (code << np.uint64(1)) | bit
            made[record, table] = np.int32(code)
