"""Encoding side by side with clkhash: the same 50,000 made-up people, six fields, 1,024 bits, one thread each.

    python benchmarks/encode.py [--rows 50000] [--json encode.json]

Both start from rows in memory and end with finished filters (ours: with pseudonyms, content digest and id map as well).
clkhash is given the same fields: bigrams with padding of names, address and locality, positional ones of date and
postcode, and the same number of bits a field (`bitsPerFeature`).
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
import pandas as pd
from clkhash import clk, schema
from town import FIELDS, agreement, clean_rows

import pprl


def clkhash_schema(bits: dict[str, int]) -> Any:
    """Return clkhash's schema for the same fields and bits."""

    def field(name: str) -> dict[str, Any]:
        positional = name in ("date_of_birth", "postcode")
        return {
            "identifier": name,
            "format": {"type": "string", "encoding": "utf-8"},
            "hashing": {
                "comparison": {"type": "ngram", "n": 2, "positional": positional},
                "strategy": {"bitsPerFeature": bits[name]},
                "hash": {"type": "blakeHash"},
            },
        }

    return schema.from_json_dict(
        {
            "version": 3,
            "clkConfig": {
                "l": 1024,
                "kdf": {
                    "type": "HKDF",
                    "hash": "SHA256",
                    "salt": "AAAA",
                    "info": "",
                    "keySize": 64,
                },
            },
            "features": [field(name) for name in FIELDS],
        }
    )


def main(arguments: list[str] | None = None) -> None:
    """Measure in turn and print ratios."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    numba.set_num_threads(1)
    frame = clean_rows(options.rows, seed=1)
    rows = frame[FIELDS].to_numpy().tolist()
    plain, keyed = agreement(blocking=False), agreement()
    peer = clkhash_schema({item.name: item.budget for item in plain.field})
    key = pprl.Key.generate()

    def ours(settled: pprl.Agreement) -> Any:
        return pprl.encode(
            frame,
            settled,
            key,
            party="bench",
            id_column="rec_id",
        )

    tools: dict[str, Callable[[], Any]] = {
        "pprl": lambda: ours(plain),
        "pprl, with 5 blocking keys": lambda: ours(keyed),
        "clkhash": lambda: clk.generate_clks(rows, peer, "secret", validate=False, max_workers=1),
    }
    results = {name: run() for name, run in tools.items()}  # the warm-up
    fill = pd.Series([item.count() / 1024 for item in results["clkhash"]]).mean()
    seconds: dict[str, list[float]] = {name: [] for name in tools}
    for _ in range(options.repeats):
        for name, run in tools.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    print(f"encoding {options.rows:,} rows of {len(FIELDS)} fields to 1,024 bits, one thread")
    print(f"mean fill: pprl {results['pprl'].row_counts.fill:.3f}, clkhash {fill:.3f}")
    print(f"{'tool':<28}{'records/s':>12}{'times clkhash':>15}")
    report = []
    for name, times in seconds.items():
        ratio = statistics.median(t / own for t, own in zip(seconds["clkhash"], times, strict=True))
        speed = options.rows / statistics.median(times)
        report.append({"tool": name, "records_per_s": speed, "ratio": ratio, "seconds": times})
        print(f"{name:<28}{speed:>12,.0f}{ratio:>14.1f}x")
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
