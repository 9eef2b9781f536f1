"""People a second: `pprl synth` beside Faker's per-record generation and a FEBRL-style generator (gecko-syndata).

    python benchmarks/synth.py [--people 100000] [--peers PYTHON] [--scale] [--json synth.json]

All three make two files of the same size, with errors, as CSV on disk. `--peers` is the Python of an environment with
Faker and gecko-syndata (`make bench` makes one: gecko needs an older NumPy than this package), which runs
`peer_synth.py`. Each runs as a process of its own, in turn, three times; ratios are taken within a round, start-up
included. `--scale` runs one million and ten million people and reports time and peak memory instead.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TOOLS = ("pprl synth", "Faker, one record after the other", "gecko-syndata (GeCo, FEBRL)")


def command(tool: str, people: int, folder: Path, peers: str) -> list[str]:
    """Return the command line that makes the files."""
    if tool == TOOLS[0]:
        run = [sys.executable, "-c", "from pprl.cli.main import run; run()"]
        words = f"synth --people {people} --overlap 0.6 --profile typical --country us --seed 7"
        return [*run, *words.split(), "-o", str(folder / "town")]
    kind = "faker" if tool == TOOLS[1] else "gecko"
    return [peers, str(HERE / "peer_synth.py"), kind, str(people), str(folder)]


def timed(words: list[str]) -> tuple[float, float]:
    """Run a command; return seconds and peak memory in GiB."""
    start = time.perf_counter()
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak = 0
    status = Path(f"/proc/{child.pid}/status")
    while child.poll() is None:
        try:
            text = status.read_text()
            peak = max(peak, int(text.partition("VmHWM:")[2].split()[0]))
        except (OSError, IndexError, ValueError):
            pass  # no such file system, or the process has just ended
        time.sleep(0.02)
    if child.returncode:
        raise SystemExit(
            f"{words[:3]} failed: {(child.stderr.read() if child.stderr else b'').decode()}"
        )
    return time.perf_counter() - start, peak / 2**20


def compare(people: int, peers: str | None, rounds: int) -> list[dict[str, Any]]:
    """Run the tools in turn and print people a second."""
    tools = TOOLS if peers else TOOLS[:1]
    seconds: dict[str, list[float]] = {tool: [] for tool in tools}
    for _ in range(rounds):
        for tool in tools:
            # Faker gets a tenth: its time grows in proportion, and nobody wants to wait for it.
            count = people // 10 if tool == TOOLS[1] else people
            with tempfile.TemporaryDirectory() as folder:
                spent, _memory = timed(command(tool, count, Path(folder), peers or ""))
            seconds[tool].append(spent / count)
    print(
        f"{people:,} people in two files with errors, CSV (Faker: a tenth of them), processes from start to end"
    )
    print(f"{'tool':<36}{'people/s':>12}{'pprl synth is faster':>24}")
    found = []
    for tool in tools:
        ratio = statistics.median(
            t / own for t, own in zip(seconds[tool], seconds[TOOLS[0]], strict=True)
        )
        speed = 1 / statistics.median(seconds[tool])
        found.append({"tool": tool, "people_per_s": speed, "times_slower": ratio})
        print(f"{tool:<36}{speed:>12,.0f}{ratio:>23.1f}x")
    return found


def scale(sizes: list[int], formats: list[str]) -> list[dict[str, Any]]:
    """Run large populations once and print time and peak memory."""
    print(f"{'people':>12}{'format':>10}{'seconds':>10}{'people/s':>12}{'peak memory':>14}")
    found = []
    for people in sizes:
        for form in formats:
            folder = Path(tempfile.mkdtemp())
            try:
                words = [*command(TOOLS[0], people, folder, ""), "--format", form]
                words[words.index("us")] = "gb"
                spent, memory = timed(words)
            finally:
                shutil.rmtree(folder)
            found.append({"people": people, "format": form, "seconds": spent, "peak_gib": memory})
            print(
                f"{people:>12,}{form:>10}{spent:>10.1f}{people / spent:>12,.0f}{memory:>10.2f} GiB",
                flush=True,
            )
    return found


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--peers", help="Python of the environment with Faker and gecko-syndata")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    if options.scale:
        report = scale(options.sizes, ["csv", "parquet"])
    else:
        report = compare(options.people, options.peers, options.rounds)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
