"""Encoding files of growing length with five blocking keys: rows a second, peak memory; a process for each.

    python benchmarks/encode_scale.py [--rows 1000000 5000000] [--threads 2] [--folder /tmp] [--json scale.json]

The files hold half a million made-up people over and over, under ids of their own. Peak memory is what the system
counts as resident (so on Linux and macOS only); it includes the interpreter and its libraries.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PEOPLE = 500_000


def write_people(path: Path, rows: int) -> None:
    """Write a people file."""
    from town import clean_rows

    frame = clean_rows(min(PEOPLE, rows), seed=1)
    with path.open("w", encoding="utf-8") as stream:
        for start in range(0, rows, PEOPLE):
            part = frame.iloc[: rows - start]
            part = part.assign(rec_id=[f"r{start + number}" for number in range(len(part))])
            part.to_csv(stream, index=False, header=start == 0)


def encode_one(people: Path) -> None:
    """Encode a file, and print what it took as JSON."""
    import resource

    from town import agreement

    import pprl

    key = pprl.Key.generate()
    stages: dict[str, float] = {}

    def note(stage: str, share: float, rows: int) -> None:
        stages.setdefault(stage, time.perf_counter())

    start = time.perf_counter()
    pprl.encode_file(
        people,
        agreement(),
        key,
        party="bench",
        id_column="rec_id",
        outputs=pprl.EncodedPaths(
            encoded=people.with_suffix(".parquet"), id_map=people.with_suffix(".ids.csv")
        ),
        progress=note,
    )
    seconds = time.perf_counter() - start
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    names, times = list(stages), list(stages.values())
    parts = {
        name: round(after - at, 2) for name, at, after in zip(names, times, times[1:], strict=False)
    }
    print(json.dumps({"seconds": seconds, "peak_bytes": peak, "stages": parts}))


def main() -> None:
    """Measure each size and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 5_000_000])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where the files go; they are removed")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        encode_one(options.one)
        return
    report = []
    print(f"{'rows':>12}{'rows/s':>12}{'peak MB':>10}  seconds by stage")
    for rows in options.rows:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            people = Path(folder) / "people.csv"
            write_people(people, rows)
            command = [sys.executable, __file__, "--one", str(people)]
            threads = {"NUMBA_NUM_THREADS": str(options.threads)}
            done = subprocess.run(
                command, env={**os.environ, **threads}, check=True, capture_output=True, text=True
            )
        found = {"rows": rows, "threads": options.threads, **json.loads(done.stdout)}
        report.append(found)
        speed, peak = rows / found["seconds"], found["peak_bytes"] / 1e6
        print(f"{rows:>12,}{speed:>12,.0f}{peak:>10,.0f}  {found['stages']}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
