"""The other tools' side of benchmarks/dice.py; importable only where they are installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt
from anonlink import candidate_generation, similarities
from bitarray import bitarray

__all__ = ["anonlink_dice", "faiss_range"]

Words = npt.NDArray[np.uint64]


def anonlink_dice(a: Words, b: Words, threshold: float) -> Callable[[], Any]:
    """Prepare anonlink's accelerated Dice over all pairs; the call gives (left, right, score).

    Its documented way: `find_candidate_pairs` with the C++ similarity, `k=None` (no limit on
    candidates a record). Conversion to bitarrays is not timed. It runs on one thread.
    """

    def convert(table: Words) -> list[bitarray]:
        rows = []
        for row in table:
            bits = bitarray(endian="little")
            bits.frombytes(row.tobytes())
            rows.append(bits)
        return rows

    datasets = (convert(a), convert(b))

    def run() -> tuple[Any, Any, Any]:
        scores, _, (left, right) = candidate_generation.find_candidate_pairs(
            datasets, similarities.dice_coefficient_accelerated, threshold, k=None
        )
        return np.asarray(left, np.int64), np.asarray(right, np.int64), np.asarray(scores)

    return run


def faiss_range(a: Words, b: Words, radius: int) -> Callable[[], Any]:
    """Prepare faiss's flat binary range search; the call gives (limits, distances, labels).

    faiss knows no Dice: it gives all pairs with a Hamming distance *below* `radius`. The caller
    chooses the radius so that they include every pair that reaches the Dice threshold, and would
    have to filter them afterwards; neither that nor filling the index is timed.
    """
    faiss.omp_set_num_threads(1)
    index = faiss.IndexBinaryFlat(a.shape[1] * 64)
    index.add(b.view(np.uint8).reshape(len(b), -1))
    queries = a.view(np.uint8).reshape(len(a), -1)
    return lambda: index.range_search(queries, radius)
