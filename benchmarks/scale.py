"""How far one machine goes: kernels, encoding, whole matches from 100,000 to 10 million records a file, and Splink.

    python benchmarks/scale.py --folder DIR [--splink SPLINK_PYTHON] [--docs docs]
        [--parts kernel,encode,growth,exhaustive,road,largest] [--growth 100000 300000 1000000 3000000]

Files come from `pprl synth` (profile typical, half of the people of a file are in the other, one in a hundred stands
in a file twice), the agreement is the one it drafts: profile `record`, 1,024 bits, all fields. Every command runs in a
process of its own; time is that of the whole command, peak memory what the system reports of the process. Files that
are in DIR already are used again, figures are printed as they come and kept in DIR/scale.json, so that parts can be
run one after the other.

Pairs completeness is measured on the truth: of the pairs of records of one person that are similar enough to be
listed, the share that meets in a bucket of the run's own LSH; beside it the same of all pairs of one person.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

import pprl
from pprl.exchange.links.run_record import RunRecord
from pprl.kernels.dice import dice_pairs
from pprl.unit.blocking.lsh import sharing, tables_of
from pprl.unit.weighing.record.scan import SIZES

PARTS = ("kernel", "encode", "growth", "exhaustive", "road", "largest")
PARTIES = {"a": "record_no", "b": "person_ref"}
COLUMNS = {
    "given_name": ("first_name", "given_names"),
    "surname": ("last_name", "family_name"),
    "date_of_birth": ("dob", "birth_date"),
    "sex": ("sex", "gender"),
    "address": ("address", "street"),
    "locality": ("town", "locality"),
    "postcode": ("postcode", "post_code"),
}

Figures = dict[str, Any]


class Results:
    """Figures by name, kept in a file."""

    def __init__(self, path: Path, *, quiet: bool = False) -> None:
        self._path, self._quiet = path, quiet
        self.figures: Figures = json.loads(path.read_text()) if path.exists() else {}

    def keep(self, name: str, figures: Figures) -> Figures:
        """Keep and print."""
        self.figures[name] = figures
        self._path.write_text(json.dumps(self.figures, indent=2) + "\n", encoding="utf-8")
        if not self._quiet:
            shown = {key: value for key, value in figures.items() if not isinstance(value, dict)}
            told = ", ".join(f"{key} {_text(value)}" for key, value in shown.items())
            print(f"{name}: {told}", flush=True)
        return figures


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


LAUNCHER = """
import json, os, subprocess, sys, time
started = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=sys.stderr)
_, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - started
print(json.dumps([os.waitstatus_to_exitcode(status), seconds, usage.ru_maxrss]))
"""
"""Starts a command from a small process: a new process counts the memory of the one that it came from as its own."""


def run(*command: str | Path) -> tuple[float, float]:
    """Run a command; return its seconds and its peak memory in GiB."""
    words = [str(word) for word in command]
    done = subprocess.run(
        [sys.executable, "-c", LAUNCHER, *words], capture_output=True, text=True, check=True
    )
    code, seconds, most = json.loads(done.stdout)
    if code:
        sys.exit(f"error: {' '.join(words[:4])} ... failed:\n{done.stderr}")
    unit = 1 if sys.platform == "darwin" else 1024
    return seconds, most * unit / 2**30


def program() -> str:
    """Return the installed program beside this Python."""
    return str(Path(sys.executable).with_name("pprl"))


def warm_up(folder: Path) -> None:
    """Let every kernel be compiled, which happens once on a machine and not once a file."""
    silent = Results(folder / "warm-up.json", quiet=True)
    for blocking in ("lsh", "exhaustive"):
        match(folder, 5000, blocking, silent)


def people(folder: Path, size: int) -> Path:
    """Return the folder of two files of this size, made where they are not there."""
    made = folder / f"people-{size}"
    if not made.exists():
        asked = ["--people", str(size * 3 // 2), "--overlap", "0.5", "--seed", "7"]
        run(program(), "synth", "-o", made, *asked)
    return made


def encoded(folder: Path, size: int, results: Results) -> list[Path]:
    """Return the encoded files of this size."""
    source, key = people(folder, size), folder / "parties.key"
    if not key.exists():
        run(program(), "keygen", key)
    paths = [folder / f"{party}-{size}.parquet" for party in PARTIES]
    if all(path.exists() for path in paths):
        return paths
    seconds, peak = 0.0, 0.0
    for (party, column), path in zip(PARTIES.items(), paths, strict=True):
        took, most = run(
            program(), "encode", source / f"{party}.csv", "--agreement", source / "linkage.toml",
            "--key", key, "--party", party, "--id", column, "--columns",
            source / f"{party}.columns.toml", "--unreadable", "missing", "-o", path, "--force",
        )  # fmt: skip
        seconds, peak = seconds + took, max(peak, most)
    rows = sum(len(pprl.read_encoded(path)) for path in paths)
    results.keep(
        f"encode {size}",
        {"records": rows, "seconds": seconds, "a_second": rows / seconds, "peak_gib": peak},
    )
    return paths


def record_of(links: Path) -> RunRecord:
    """Return the run record of a links folder, without reading its tables."""
    return RunRecord.from_json((links / "run.json").read_bytes(), source=str(links))


def match(folder: Path, size: int, blocking: str, results: Results, *options: str) -> Figures:
    """Match the files of this size and return the figures."""
    paths = encoded(folder, size, results)
    links = folder / f"links-{size}-{blocking}"
    seconds, peak = run(
        program(), "match", *paths, "-o", links, "--blocking", blocking, *options, "--force"
    )
    told = record_of(links)
    counts = told.counts
    # A run takes its memory stage by stage, which begins the system's own count anew.
    peak = max(peak, *(most / 1024 for most in told.memory_peak_mib.values()))
    return results.keep(
        f"match {size} {blocking}",
        {
            "seconds": seconds,
            "peak_gib": peak,
            "links": counts.links,
            "links_a_second": counts.links / seconds,
            "pairs_compared": counts.pairs_compared,
            "stages": told.timings_s,
            **({"lsh": told.parameters.lsh.model_dump()} if told.parameters.lsh else {}),
        },
    )


def completeness(folder: Path, size: int, results: Results) -> Figures:
    """Measure on the truth what share of the matches meets in a bucket, and what share of the links is right."""
    paths = [folder / f"{party}-{size}.parquet" for party in PARTIES]
    files = [pprl.read_encoded(path) for path in paths]
    truth = pd.read_csv(people(folder, size) / "truth.csv", dtype=str)
    rows = []
    for (party, _), file, path in zip(PARTIES.items(), files, paths, strict=True):
        ids = pd.read_csv(path.with_suffix(".ids.csv"), dtype=str)
        ids["row"] = rows_of(file, ids["pseudonym"])
        own = truth.loc[truth["party"] == party, ["id", "person"]].merge(ids, on="id")
        rows.append(own[["person", "row"]])
    pairs = rows[0].merge(rows[1], on="person")
    left, right = pairs["row_x"].to_numpy(np.int64), pairs["row_y"].to_numpy(np.int64)
    a, b = (file.words() for file in files)
    told = record_of(folder / f"links-{size}-lsh")
    assert told.parameters.lsh is not None
    score = np.concatenate(
        [
            dice_pairs(a, b, left[at : at + 1_000_000], right[at : at + 1_000_000], sizes=SIZES)
            for at in range(0, len(left), 1_000_000)
        ]
    )
    met = sharing(a, b, left, right, tables_of(told.parameters.lsh))
    over = score >= told.threshold.value
    listed = score >= told.threshold.floor
    return results.keep(
        f"completeness {size}",
        {
            "true_pairs": len(left),
            "over_threshold": float(over.mean()),
            "completeness_over_threshold": float(met[over].mean()),
            "completeness_listed": float(met[listed].mean()),
            "completeness_all": float(met.mean()),
            **quality(folder, size, rows, files),
        },
    )


def rows_of(file: pprl.EncodedFile, pseudonyms: Iterable[str]) -> npt.NDArray[np.int64]:
    """Return the rows of pseudonyms in an encoded file, which is in their order."""
    wanted = np.frombuffer(bytes.fromhex("".join(pseudonyms)), "V16")
    return np.searchsorted(np.ascontiguousarray(file.pseudonyms).view("V16").ravel(), wanted)


def quality(
    folder: Path, size: int, rows: list[pd.DataFrame], files: list[pprl.EncodedFile]
) -> dict[str, float]:
    """Return precision, recall and F1 of the people who are linked."""
    found = pd.read_parquet(
        folder / f"links-{size}-lsh" / "pairs.parquet", columns=["pseudonym_a", "pseudonym_b"]
    )
    person: list[npt.NDArray[Any]] = []
    for column, known, file in zip(found, rows, files, strict=True):
        of_row = np.zeros(len(file), np.int64)
        of_row[known["row"]] = known["person"].astype(np.int64)
        person.append(of_row[rows_of(file, found[column])])
    right = int((person[0] == person[1]).sum())
    matches = len(np.intersect1d(*(known["person"].unique() for known in rows)))
    return {
        "precision": right / max(len(found), 1),
        "recall": right / matches,
        "f1": 2 * right / (len(found) + matches),
    }


def kernel_rate(folder: Path, size: int, results: Results, rows: int = 16_384) -> float:
    """Return pairs a second of the exhaustive kernel, both cores, on a corner of the real files."""
    import numba

    from pprl.kernels.dice import dice_scan

    a, b = (pprl.read_encoded(path).words() for path in encoded(folder, size, results))
    floor = record_of(folder / f"links-{size}-lsh").threshold.floor
    rates = []
    for turn in range(4):
        start = time.perf_counter()
        dice_scan(a[:rows], b, threshold=floor, sizes=SIZES)
        if turn:  # the first one compiles
            rates.append(rows * len(b) / (time.perf_counter() - start))
    rate = statistics.median(rates)
    results.keep(
        f"kernel {size}",
        {"pairs_a_second": rate, "threads": numba.get_num_threads(), "floor": floor},
    )
    return rate


def second_core(results: Results) -> None:
    """Compare one thread with two, on random-like filters and on made-up people."""
    import dice
    import numba
    import run as all_benchmarks

    from pprl.kernels.dice import dice_scan

    if numba.config.NUMBA_NUM_THREADS < 2:
        return
    real = [np.load(path) for path in all_benchmarks.real_filters(results._path.parent, 40_000)]
    for name, (a, b) in (("random-like", dice.random_filters(40_000, 1024)), ("people", real)):
        ratios, seconds = [], {1: 0.0, 2: 0.0}
        for turn in range(6):
            for threads in (1, 2):
                numba.set_num_threads(threads)
                start = time.perf_counter()
                dice_scan(a, b, threshold=0.8)
                seconds[threads] = time.perf_counter() - start
            if turn:
                ratios.append(seconds[1] / seconds[2])
        results.keep(
            f"second core, {name}", {"times_one": statistics.median(ratios), "best": max(ratios)}
        )
    numba.set_num_threads(2)


def splink(folder: Path, size: int, python: str, results: Results) -> None:
    """Link the same files in clear text: from the people files to scored pairs."""
    source, frames = people(folder, size), {}
    truth = pd.read_csv(source / "truth.csv", dtype=str)
    for number, (party, column) in enumerate(PARTIES.items()):
        frame = pd.read_csv(source / f"{party}.csv", dtype=str, keep_default_na=False)
        chosen = {names[number]: field for field, names in COLUMNS.items()}
        frame = frame.rename(columns={**chosen, column: "rec_id"})[["rec_id", *COLUMNS]]
        days = pd.to_datetime(
            frame["date_of_birth"], errors="coerce", format="mixed", dayfirst=True
        )
        frame["date_of_birth"] = days.dt.strftime("%Y-%m-%d").fillna("")
        person = truth.loc[truth["party"] == party].set_index("id")["person"]
        frame["person"] = frame["rec_id"].map(person)
        frames[party] = folder / f"clear-{party}-{size}.parquet"
        frame.to_parquet(frames[party])
    job = {"job": "speed", **{party: str(path) for party, path in frames.items()}}
    job |= {"folder": str(folder), "memory_gb": 14}
    asked, answer = folder / "job.json", folder / "answer.json"
    asked.write_text(json.dumps(job), encoding="utf-8")
    seconds, peak = run(python, Path(__file__).with_name("peer_splink.py"), asked, answer)
    told = json.loads(answer.read_text(encoding="utf-8"))
    results.keep(f"splink {size}", {"wall_seconds": seconds, "peak_gib": peak, **told})


def main(arguments: list[str] | None = None) -> None:
    """Run the parts asked for, in this order."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--splink", help="Python of the environment with Splink")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument(
        "--growth", type=int, nargs="+", default=[100_000, 300_000, 1_000_000, 3_000_000]
    )
    parser.add_argument("--size", type=int, default=1_000_000, help="of exhaustive and road")
    parser.add_argument("--largest", type=int, default=10_000_000)
    parser.add_argument("--docs", type=Path, help="write the plots here")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    results = Results(options.folder / "scale.json")
    parts = options.parts.split(",")
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}")
    warm_up(options.folder)
    if "kernel" in parts:
        second_core(results)
    if "encode" in parts:
        encoded(options.folder, options.size, results)
    if "growth" in parts:
        for size in options.growth:
            match(options.folder, size, "lsh", results)
            completeness(options.folder, size, results)
    if "exhaustive" in parts:
        rate = kernel_rate(options.folder, options.size, results)
        whole = match(options.folder, options.size, "exhaustive", results)
        lsh = results.figures[f"match {options.size} lsh"]
        results.keep(
            f"exhaustive {options.size}",
            {
                "times_kernel": whole["seconds"] / (whole["pairs_compared"] / rate),
                "times_lsh": whole["seconds"] / lsh["seconds"],
            },
        )
    if "road" in parts and options.splink:
        splink(options.folder, options.size, options.splink, results)
        ours = (
            results.figures[f"encode {options.size}"],
            results.figures[f"match {options.size} lsh"],
        )
        seconds = sum(part["seconds"] for part in ours)
        theirs = results.figures[f"splink {options.size}"]["seconds"]
        results.keep(
            f"road {options.size}", {"seconds": seconds, "splink_over_ours": theirs / seconds}
        )
    if "largest" in parts:
        match(options.folder, options.largest, "lsh", results)
        completeness(options.folder, options.largest, results)
    if options.docs:
        plots(results, options.docs)


def plots(results: Results, folder: Path) -> None:
    """Draw time and memory against the records of a file."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    runs = {
        int(name.split()[1]): figures
        for name, figures in results.figures.items()
        if name.startswith("match ") and name.endswith(" lsh")
    }
    sizes = sorted(runs)
    mpl.rcParams["svg.hashsalt"] = "pprl"
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), constrained_layout=True)
    for axis, key, label in (
        (axes[0], "seconds", "seconds, whole command"),
        (axes[1], "peak_gib", "peak memory, GiB"),
    ):
        axis.plot(sizes, [runs[size][key] for size in sizes], "o-", color="#1b6ca8", label="LSH")
        axis.set(xscale="log", yscale="log", xlabel="records a file", ylabel=label)
        axis.grid(True, which="major", alpha=0.3)
    base = runs[sizes[0]]["seconds"] / sizes[0]
    axes[0].plot(sizes, [base * size for size in sizes], ":", color="#777", label="linear")
    for name, done in results.figures.items():
        if name.startswith("match ") and name.endswith(" exhaustive"):
            for axis, key in ((axes[0], "seconds"), (axes[1], "peak_gib")):
                axis.plot(int(name.split()[1]), done[key], "s", color="#b8500c", label="exhaustive")
    axes[0].legend(frameon=False)
    figure.savefig(folder / "performance-growth.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
