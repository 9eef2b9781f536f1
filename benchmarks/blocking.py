"""Blocked against exhaustive matching, whole scans on both cores, from small to large.

    python benchmarks/blocking.py [--sizes 5000 25000 50000]

Half of the people of the second file are in the first as well, without errors: this measures time, not
quality. The threshold is given, so that all three methods look for the same pairs.
"""

from __future__ import annotations

import argparse
import sys
import time

import pandas as pd
from town import agreement, clean_rows

import pprl

THRESHOLD = 0.75


def main(arguments: list[str] | None = None) -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[5000, 25_000, 50_000])
    options = parser.parse_args(arguments)
    print(f"threshold {THRESHOLD}; seconds for the comparison alone, best of three")
    print(
        f"{'records':>16}{'blocking':>12}{'pairs compared':>17}{'reduction':>11}{'links':>9}"
        f"{'seconds':>9}{'exhaustive / this':>19}"
    )
    for size in options.sizes:
        key = pprl.Key.generate()
        pool = clean_rows(size * 3 // 2, seed=size)
        files = [pool.iloc[:size], pool.iloc[size // 2 :]]
        files = [pd.DataFrame(frame).reset_index(drop=True) for frame in files]
        encoded = [
            pprl.encode(
                frame,
                agreement(),
                key,
                party=f"p{at}",
                id_column="rec_id",
            ).encoded
            for at, frame in enumerate(files)
        ]
        base = 0.0
        for blocking in ("exhaustive", "lsh", "keys"):
            runs = []
            for _ in range(4):  # the first one warms up
                links = pprl.match(
                    encoded, pprl.MatchOptions(blocking=blocking, threshold=THRESHOLD)
                )
                runs.append(links.run.timings_s["compare"])
            seconds = min(runs[1:])
            base = base or seconds
            counts = links.run.counts
            print(
                f"{f'{size:,} x {size:,}':>16}{blocking:>12}{counts.pairs_compared:>17,}"
                f"{counts.reduction_ratio:>11.4f}{counts.links:>9,}{seconds:>9.3f}{base / seconds:>18.1f}x",
                flush=True,
            )


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    print(f"whole run: {time.perf_counter() - started:.0f} s", file=sys.stderr)
