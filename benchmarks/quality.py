"""Link quality without tuning: both profiles beside clear-text Splink, on the same files in the same run.

    python benchmarks/quality.py --splink SPLINK_PYTHON [--historical FILE.parquet] [--json quality.json] [--quick]

One table. FEBRL4: 2,500 people a file, ten draws an overlap. Made-up people of `pprl synth` with households, twins and
movers: 10,000 a file, other people for each of three error levels and four overlaps, all pairs compared; and 100,000 a
file, half of them in both; one draw of each. The historical figures (see historical.py) hold every
person many times; their duplicates are looked for. Every linkage has a key of its own.

fields: "all" are given name, surname, date of birth, address, locality and postcode (historical figures: birth place,
postcode, occupation and sex beside the first three; Splink without the sex, as in its own demo); "names" are names, sex
and date of birth (FEBRL4 has no sex).

"threshold" is a similarity (record) or a match probability (fields, Splink); all of them are found without truth.
Precision, recall and F1 are those of the final links at the automatic threshold, mean (lowest of the draws); "best" is
the highest F1 of any threshold on the same scores, one-to-one from the best pair down, for comparison only. The
historical figures have two rows a tool: "pairs" over the threshold, and "links", the groups made of them (Splink's
connected components at 0.95, as in its demo). "estimated" is what the run says of itself, with the mean of the 95 %
intervals' ends. Seconds: encoding and matching; Splink's for cleaning, training and predicting.

Splink runs in an environment of its own with `peer_splink.py`; without --splink its rows are left out.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import febrl
import historical
import numba
import pandas as pd
import town
import trial

import pprl

OVERLAPS = (1.0, 0.5, 0.2, 0.05)
PROFILES = ("record", "fields")
COLUMNS = [
    ("data", 26), ("overlap", 7), ("fields", 6), ("tool", 13), ("threshold", 9), ("precision", 15),
    ("recall", 15), ("F1", 15), ("best", 6), ("estimated precision", 19), ("estimated recall", 19), ("seconds", 7),
]  # fmt: skip

Figures = dict[str, float]
Draws = dict[str, list[Figures]]  # by tool


class Table:
    """Prints rows as they come, as markdown, and keeps them."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self._line([name for name, _ in COLUMNS])
        self._line(["-" * width for _, width in COLUMNS])

    def _line(self, cells: list[str]) -> None:
        padded = (cell.ljust(width) for cell, (_, width) in zip(cells, COLUMNS, strict=True))
        print(f"| {' | '.join(padded)} |", flush=True)

    def add(self, data: str, overlap: float | None, fields: str, draws: Draws) -> None:
        """Add a row for each tool."""
        for tool, figures in draws.items():
            # A run may give no estimate; the mean is that of the others.
            names = dict.fromkeys(name for draw in figures for name in draw)
            got = {name: [draw[name] for draw in figures if name in draw] for name in names}
            mean = {name: statistics.mean(values) for name, values in got.items()}
            self.rows.append(
                {
                    "data": data,
                    "overlap": overlap,
                    "fields": fields,
                    "tool": tool,
                    "mean": mean,
                    "draws": got,
                }
            )
            low = {
                name: f" ({min(values):.4f})" * (len(values) > 1) for name, values in got.items()
            }
            shares = [f"{mean[name]:.4f}{low[name]}" for name in ("precision", "recall", "f1")]
            told = [
                f"{mean[name]:.3f} ({mean[f'{name}_low']:.3f}-{mean[f'{name}_high']:.3f})"
                if name in mean
                else ""
                for name in ("estimated_precision", "estimated_recall")
            ]
            where = "" if overlap is None else f"{overlap:.0%}"
            best = f"{mean['best']:.4f}" if "best" in mean else ""
            threshold, seconds = f"{mean['threshold']:.3f}", f"{mean['seconds']:.1f}"
            self._line([data, where, fields, tool, threshold, *shares, best, *told, seconds])


class Splink:
    """Runs jobs of `peer_splink.py` in its own environment."""

    def __init__(self, python: str | None) -> None:
        self._python = python

    def __bool__(self) -> bool:
        return self._python is not None

    def run(self, job: dict[str, Any]) -> dict[str, Any]:
        """Return what a job gives."""
        assert self._python is not None
        with tempfile.TemporaryDirectory() as folder:
            asked, answer = Path(folder, "job.json"), Path(folder, "out.json")
            asked.write_text(
                json.dumps({**job, "threads": numba.get_num_threads()}), encoding="utf-8"
            )
            peer = Path(__file__).with_name("peer_splink.py")
            subprocess.run([self._python, str(peer), str(asked), str(answer)], check=True)
            result: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
        return result

    def two_files(self, a: pd.DataFrame, b: pd.DataFrame, fields: list[str]) -> Figures:
        """Link two files one-to-one; return figures as `trial.measures` gives them."""
        with tempfile.TemporaryDirectory() as folder:
            paths = {name: str(Path(folder, f"{name}.parquet")) for name in "ab"}
            for frame, path in zip((a, b), paths.values(), strict=True):
                frame[["rec_id", "person", *fields]].to_parquet(path, index=False)
            got = self.run({"job": "two-files", **paths, "fields": fields})
        found: Figures = {**got["auto"], "best": got["best"]["f1"]}
        return found | {"seconds": got["seconds"], "peak_memory": got["peak_memory"]}


def measured(made: trial.Trial) -> Figures:
    """Return the figures of two files' links."""
    return trial.measures(made) | {"best": trial.best_f1(made)}


def febrl_rows(table: Table, splink: Splink, *, draws: int, quick: bool) -> None:
    """FEBRL4."""
    both = tuple(febrl.joined(file) for file in febrl.people())
    size = 500 if quick else 2500
    for fields, chosen in (("all", town.FIELDS), ("names", febrl.NAMES)):
        for overlap in OVERLAPS[1:2] if quick else OVERLAPS:

            def draw(
                seed: int, overlap: float = overlap, chosen: list[str] = chosen
            ) -> Iterator[tuple[str, Figures]]:
                files = febrl.draw_overlap(*both, size=size, overlap=overlap, seed=seed)
                for profile in PROFILES:
                    agreed = town.agreement(
                        blocking=False, fields=chosen, profile=profile, first=files[0]
                    )
                    yield f"pprl {profile}", measured(trial.link(files, agreed))
                if splink:
                    yield "Splink, clear", splink.two_files(*files, chosen)

            name = f"FEBRL4 {size:,} x {size:,}"
            table.add(name, overlap, fields, drawn(draw, range(draws)))


def town_rows(
    table: Table,
    splink: Splink,
    *,
    size: int,
    levels: tuple[str, ...],
    overlaps: tuple[float, ...],
    draws: int,
    blocking: str,
    sets: tuple[str, ...] = ("all", "names"),
) -> None:
    """Made-up people."""
    for level in levels:
        for fields in sets:
            chosen = {"all": town.FIELDS, "names": town.NAMES}[fields]
            for overlap in overlaps:

                def draw(
                    seed: int,
                    level: str = level,
                    overlap: float = overlap,
                    chosen: list[str] = chosen,
                ) -> Iterator[tuple[str, Figures]]:
                    files = town.two_files(
                        size, overlap=overlap, seed=seed, profile=level, fields=chosen
                    )
                    options = pprl.MatchOptions(blocking=blocking)
                    for profile in PROFILES:
                        agreed = town.agreement(fields=chosen, profile=profile, first=files[0])
                        yield (
                            f"pprl {profile}",
                            measured(trial.link(files, agreed, options=options)),
                        )
                    if splink:
                        yield "Splink, clear", splink.two_files(*files, chosen)

                name = f"{level} {size:,} x {size:,}"
                table.add(name, overlap, fields, drawn(draw, range(1, draws + 1)))


def drawn(draw: Callable[[int], Iterator[tuple[str, Figures]]], seeds: range) -> Draws:
    """Return the figures of every draw, by tool."""
    got: Draws = {}
    for seed in seeds:
        for tool, figures in draw(seed):
            got.setdefault(tool, []).append(figures)
    return got


def historical_rows(table: Table, splink: Splink, path: Path) -> None:
    """The historical figures: pairs and final links."""
    people = historical.figures(path)
    for fields in ("all", "names"):
        pairs: Draws = {}
        links: Draws = {}
        for profile in PROFILES:
            made = trial.link(
                [people],
                historical.agreement(people, profile=profile, names=fields == "names"),
            )
            final = trial.measures(made)
            best, over = trial.pairs_f1(made)
            told = {name: final[name] for name in ("threshold", "seconds")}
            pairs[f"pprl {profile}"] = [{**over, "best": best, **told}]
            links[f"pprl {profile}"] = [final]
        if splink:
            got = splink.run({"job": "historical", "file": str(path.resolve()), "fields": fields})
            seconds = {"seconds": got["seconds"]}
            auto, at = got["auto"], got["at_0.95"]
            figures = {name: auto[name] for name in ("threshold", "precision", "recall", "f1")}
            pairs["Splink, clear"] = [{**figures, "best": got["best"]["f1"], **seconds}]
            links["Splink, clear"] = [{"threshold": at["threshold"], **at["clusters"], **seconds}]
        table.add("historical figures: pairs", None, fields, pairs)
        table.add("historical figures: links", None, fields, links)


def main(arguments: list[str] | None = None) -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--splink", metavar="PYTHON", help="Python of Splink's environment")
    parser.add_argument("--historical", type=Path, metavar="FILE", help="see historical.py")
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--parts", default="febrl,town,large,historical", help="some of them, separated by commas"
    )
    parser.add_argument("--draws", type=int, default=10, help="of FEBRL4")
    parser.add_argument("--seeds", type=int, default=1, help="draws of the made-up people")
    parser.add_argument("--blocking", default="exhaustive", help="of the large files")
    parser.add_argument(
        "--sets", default="all,names", help="sets of fields of the large files, separated by commas"
    )
    parser.add_argument("--quick", action="store_true", help="small files, to see that it runs")
    options = parser.parse_args(arguments)
    quick, parts = options.quick, options.parts.split(",")
    splink = Splink(options.splink)
    if not splink:
        print("no --splink: the clear-text peer is left out", file=sys.stderr)
    _warm_up()
    table = Table()
    if "febrl" in parts:
        febrl_rows(table, splink, draws=2 if quick else options.draws, quick=quick)
    if "town" in parts:
        town_rows(
            table,
            splink,
            size=1000 if quick else 10_000,
            levels=("typical",) if quick else ("light", "typical", "heavy"),
            overlaps=(0.5,) if quick else OVERLAPS,
            draws=1 if quick else options.seeds,
            blocking="exhaustive",
        )
    if "large" in parts:
        town_rows(
            table,
            splink,
            size=2000 if quick else 100_000,
            levels=("typical", "heavy"),
            overlaps=(0.5,),
            draws=options.seeds,
            blocking=options.blocking,
            sets=tuple(options.sets.split(",")),
        )
    if "historical" in parts and options.historical is None:
        print(
            "no --historical: left out; the file is Splink's public data set"
            " historical_figures_with_errors_50k (see benchmarks/historical.py)",
            file=sys.stderr,
        )
    elif "historical" in parts:
        with tempfile.TemporaryDirectory() as folder:
            path = options.historical
            if quick:
                path = historical.some(path, 200, Path(folder, "some.parquet"))
            historical_rows(table, splink, path)
    if options.json:
        options.json.write_text(json.dumps(table.rows, indent=2) + "\n", encoding="utf-8")


def _warm_up() -> None:
    """Load the kernels, outside of the clock."""
    for profile in PROFILES:
        trial.link(
            town.two_files(300, overlap=0.5, seed=99),
            town.agreement(blocking=False, profile=profile),
        )


if __name__ == "__main__":
    main()
