"""All-pairs Dice over a threshold: this package, anonlink and faiss, side by side on one thread.

Run with the Python of an environment that has all of them (benchmarks/README.md):

    python benchmarks/dice.py
    python benchmarks/dice.py --filters A.npy B.npy --json dice.json
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import peer_dice

from pprl.kernels.dice import dice_scan, needed_common, popcounts

Words = npt.NDArray[np.uint64]


def random_filters(n: int, bits: int) -> tuple[Words, Words]:
    """Draw two tables with bits set at p = 0.38; a fifth of b are near-duplicates from a."""
    rng = np.random.default_rng(20_240_101)
    a, b = (rng.random((n, bits)) < 0.38 for _ in range(2))
    common = n // 5
    b[:common] = np.where(rng.random((common, bits)) < 0.05, b[:common], a[:common])
    b = b[rng.permutation(n)]
    return pack(a), pack(b)


def pack(table: npt.NDArray[np.bool_]) -> Words:
    """Pack truth values into words."""
    return np.ascontiguousarray(np.packbits(table, axis=1, bitorder="little")).view(np.uint64)


def covering_radius(a: Words, b: Words, threshold: float) -> int:
    """Give the smallest radius that covers every pair at the threshold, whatever its popcounts.

    hamming = |a| + |b| - 2 |a & b|, and |a & b| must be at least `needed_common`; the limit is
    loosest near the largest sum of popcounts in the data. faiss's radius is exclusive: add 1.
    """
    largest = int(popcounts(a).max()) + int(popcounts(b).max())
    needed = needed_common(threshold, largest)[1:].astype(np.int64)
    return int((np.arange(1, largest + 1) - 2 * needed).max()) + 1


def agree(ours: Any, theirs: Any, threshold: float) -> int:
    """Check that both found the same pairs; give how many differ exactly at the threshold.

    A pair whose score equals the threshold may be kept by one and dropped by the other, because
    anonlink divides differently. Any other difference ends the run.
    """
    found = {(int(i), int(j)): float(s) for i, j, s in zip(*ours, strict=True)}
    peers = {(int(i), int(j)): float(s) for i, j, s in zip(*theirs, strict=True)}
    scores = {**peers, **found}
    differing = found.keys() ^ peers.keys()
    wrong = [pair for pair in differing if abs(scores[pair] - threshold) > 1e-9]
    unequal = [
        pair for pair in found.keys() & peers.keys() if abs(found[pair] - peers[pair]) > 1e-9
    ]
    if wrong or unequal:
        sys.exit(f"error: {len(wrong)} pairs found by one only, {len(unequal)} scores differ")
    return len(differing)


def measure(tools: dict[str, Callable[[], Any]], repeats: int) -> dict[str, list[float]]:
    """Time the tools in turn, `repeats` times, after one warm-up each. Seconds."""
    for run in tools.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in tools}
    for _ in range(repeats):
        for name, run in tools.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def main(arguments: list[str] | None = None) -> None:
    """Measure, check and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--filters", nargs=2, type=Path, metavar=("A.npy", "B.npy"))
    parser.add_argument("--rows", type=int, default=20_000, help="rows of each random table")
    parser.add_argument("--bits", type=int, default=1_024, help="length of random filters")
    parser.add_argument("--threshold", type=float, default=0.8)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    options = parser.parse_args(arguments)

    numba.set_num_threads(1)
    if options.filters:
        a, b = (np.load(path, allow_pickle=False) for path in options.filters)
    else:
        a, b = random_filters(options.rows, options.bits)
    threshold = options.threshold
    radius = covering_radius(a, b, threshold)
    tools: dict[str, Callable[[], Any]] = {
        "pprl": lambda: dice_scan(a, b, threshold=threshold),
        "anonlink": peer_dice.anonlink_dice(a, b, threshold),
        "faiss": peer_dice.faiss_range(a, b, radius),
    }
    ours = tools["pprl"]()
    at_threshold = agree(ours, tools["anonlink"](), threshold)
    seconds = measure(tools, options.repeats)

    comparisons = len(a) * len(b)
    rows: list[dict[str, Any]] = []
    for name, times in seconds.items():
        # Ratios are taken within a round, so that a slow moment of the computer hits both sides.
        ratio = statistics.median(t / own for t, own in zip(times, seconds["pprl"], strict=True))
        speed = comparisons / statistics.median(times)
        rows.append({"tool": name, "comparisons_per_s": speed, "ratio": ratio, "seconds": times})
    print(f"{len(a):,} x {len(b):,}, {a.shape[1] * 64} bits, Dice >= {threshold}, one thread")
    print(
        f"{len(ours[0]):,} pairs; {at_threshold} differ from anonlink, all at the threshold itself"
    )
    print(f"faiss: Hamming distance < {radius}, before any filtering by Dice")
    print(f"{'tool':<10}{'M comparisons/s':>16}{'pprl is faster':>16}")
    for row in rows:
        print(f"{row['tool']:<10}{row['comparisons_per_s'] / 1e6:>16.0f}{row['ratio']:>15.1f}x")
    if options.json:
        report = {
            "rows": [len(a), len(b)],
            "bits": a.shape[1] * 64,
            "threshold": threshold,
            "pairs": len(ours[0]),
            "differing_at_threshold": at_threshold,
            "faiss_radius": radius,
            "tools": rows,
        }
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
