"""How often the interval that a run gives for its own precision and recall holds the truth.

    python benchmarks/intervals.py [--seeds 9001-9003] [--country gb] [--profiles record,fields] [--choose]
    python benchmarks/intervals.py --dirty [--quick]

Made-up people of `pprl synth`, exhaustive, automatic threshold: both profiles of the agreement, overlaps from 2 % to
100 %, three error levels, two sets of fields (see town.py); each population has its own people and its own size of
2,000 to 5,000 a file. An interval holds the truth if the share that was counted lies in it, ends included.

The `ModelError` of each profile (`pprl/unit/weighing/`) was chosen with `--choose`, which prints what other values
would have given, on seeds 2001 to 2003 of gb; any other seed, and any other country, is a fair test of them.

`--dirty` makes files as registers have them instead: placeholders, near-empty rows, copies, an event file, one-sided
gaps, split families, swapped names, each at three rates (dirty.py). In each kind and profile nine of ten of the runs
that give an estimate have to hold the truth, of precision and of recall; the exit code is 3 if one does not. The 378
runs take some sixteen minutes on two cores; `--quick` makes one small population a kind and rate and takes one to two
minutes.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dirty
import numpy as np
import pandas as pd
import town
import trial

from pprl.exchange.links.run_entries import ExpectedQuality
from pprl.unit.run import decide, estimate
from pprl.unit.weighing.model import ModelError

OVERLAPS = (0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 1.0)
LEVELS = ("light", "typical", "heavy")
PROFILES = ("record", "fields")
SETS = {"all": town.FIELDS, "names": town.NAMES}
MEASURES = ("precision", "recall")
GRID = np.arange(0.3, 1.6, 0.1).round(1).tolist()
DOUBTS = (0.0, 0.5, 0.8, 0.9, 1.0)
UNSEEN = (0.0, 0.01, 0.02)
PROMISED = 0.9
"""Share of the runs with an estimate in which a 95 % interval has to hold the truth."""
QUICK_PEOPLE = 1000
"""People a file with `--quick`."""


class Heard:
    """Stands in for `estimate_quality` and remembers what it was last asked, so that it can be asked again."""

    def __init__(self) -> None:
        self.asked: tuple[tuple[Any, ...], dict[str, Any]] | None = None

    def __call__(self, *args: Any, **named: Any) -> ExpectedQuality:
        """Remember and answer."""
        self.asked = args, named
        return estimate.estimate_quality(*args, **named)


def populations(
    seeds: list[int],
    country: str,
    overlaps: tuple[float, ...] = OVERLAPS,
    profiles: Sequence[str] = PROFILES,
    sets: Sequence[str] = tuple(SETS),
) -> Iterator[dict[str, Any]]:
    """Link every population; give its case, the truth and what the estimate was asked."""
    cases = itertools.product(seeds, SETS, LEVELS, overlaps)
    for number, (seed, fields, level, overlap) in enumerate(cases):
        if fields not in sets:
            continue
        size = int(np.random.default_rng([seed, number]).integers(2000, 5001))
        frames = town.two_files(
            size,
            overlap=overlap,
            seed=1000 * seed + number,
            profile=level,
            country=country,
            fields=SETS[fields],
        )
        for profile in profiles:
            heard = Heard()
            decide.estimate_quality = heard  # type: ignore[attr-defined]
            made = trial.link(
                frames,
                town.agreement(
                    blocking=False, fields=SETS[fields], profile=profile, first=frames[0]
                ),
            )
            yield {
                "profile": profile,
                "fields": fields,
                "level": level,
                "overlap": overlap,
                "seed": seed,
                "size": size,
                **trial.measures(made),
                "asked": heard.asked,
            }


def judged(rows: list[dict[str, Any]], *, error: ModelError | None = None) -> pd.DataFrame:
    """Return one row a population and measure: was the truth in the interval, and how wide is it."""
    made = []
    for row in rows:
        for measure in MEASURES:
            if row["asked"] is None or (measure == "precision" and row["links"] == 0):
                continue  # no estimate was given, or there is nothing to be precise about
            args, named = row["asked"]
            used = {"error": error} if error else {}
            quality = estimate.estimate_quality(*args, **{**named, **used})
            low, high = (getattr(quality, f"{measure}_{end}") for end in ("low", "high"))
            made.append(
                {
                    **{name: row[name] for name in ("profile", "fields", "level", "overlap")},
                    "measure": measure,
                    "held": low - 1e-9 <= row[measure] <= high + 1e-9,
                    "width": high - low,
                }
            )
    return pd.DataFrame(made)


def table(of: pd.DataFrame, by: list[str]) -> str:
    """Return coverage and mean width as a markdown table, a row for each value of `by`."""
    lines = [
        f"| {' | '.join(by)} | populations | precision held | width | recall held | width |",
        f"|{'---|' * (len(by) + 5)}",
    ]
    for key, part in of.groupby(by, sort=False):
        cells = []
        for measure in MEASURES:
            chosen = part[part["measure"] == measure]
            cells += [f"{chosen['held'].mean():.3f}", f"{chosen['width'].mean():.3f}"]
        runs = (part["measure"] == "recall").sum()
        lines.append(f"| {' | '.join(str(k) for k in key)} | {runs} | {' | '.join(cells)} |")
    return "\n".join(lines)


def choices(rows: list[dict[str, Any]]) -> str:
    """Return what other constants would have given, as a markdown table."""
    lines = [
        "| unseen | doubt | error | profile | precision held | width | recall held | width |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for unseen, doubt, value in itertools.product(UNSEEN, DOUBTS, GRID):
        error = ModelError(precision=value, recall=value, doubt=doubt, unseen=unseen)
        for line in table(judged(rows, error=error), ["profile"]).splitlines()[2:]:
            profile, _, *rest = [cell.strip() for cell in line.strip("|").split("|")]
            lines.append(f"| {unseen} | {doubt} | {value:.1f} | {profile} | {' | '.join(rest)} |")
    return "\n".join(lines)


def dirty_runs(
    seeds: list[int], profiles: Sequence[str], *, quick: bool = False
) -> Iterator[dict[str, Any]]:
    """Link files of every kind of dirt; give the truth and what the run said of itself."""
    chosen = (
        dirty.cases(seeds[:1], countries=dirty.COUNTRIES[:1], largest=QUICK_PEOPLE)
        if quick
        else dirty.cases(seeds)
    )
    for case in chosen:
        frames = dirty.two_files(case)
        for profile in profiles:
            yield dirty.linked(case, frames, profile)


def dirty_table(rows: Sequence[dict[str, Any]], by: Sequence[str]) -> pd.DataFrame:
    """Return one row for each value of `by`: how many runs gave an estimate, and how many of these held the truth.

    The share that held is NaN where no run gave an estimate. A run without links has no precision to hold.
    """
    found = []
    for key, part in pd.DataFrame(rows).groupby(list(by), sort=False):
        told = [row for row in part.to_dict("records") if row["told"]]
        line: dict[str, Any] = {
            **dict(zip(by, key, strict=True)),
            "runs": len(part),
            "told": len(told),
        }
        for measure in MEASURES:
            ends = [
                (row["told"][f"{measure}_low"], row[measure], row["told"][f"{measure}_high"])
                for row in told
                if measure == "recall" or row["links"]
            ]
            held = [low - 1e-9 <= true <= high + 1e-9 for low, true, high in ends]
            line[measure] = part[measure].mean()
            line[f"{measure} held"] = np.mean(held) if held else np.nan
            line[f"{measure} width"] = (
                np.mean([high - low for low, _, high in ends]) if ends else np.nan
            )
        found.append(line)
    return pd.DataFrame(found)


def broken_promises(found: pd.DataFrame) -> list[str]:
    """Return the kinds and profiles of which an interval holds the truth too seldom, in words."""
    return [
        f"{row['kind']}, {row['profile']}: the interval of {measure} held the truth in {row[f'{measure} held']:.0%} "
        f"of {row['told']} runs with an estimate"
        for row in found.to_dict("records")
        for measure in MEASURES
        if row[f"{measure} held"] < PROMISED
    ]


def markdown(found: pd.DataFrame) -> str:
    """Return a table as markdown, numbers with three digits and a dash for none."""
    lines = [f"| {' | '.join(found.columns)} |", f"|{'---|' * len(found.columns)}"]
    for row in found.to_dict("records"):
        cells = [
            ("-" if np.isnan(value) else f"{value:.3f}") if isinstance(value, float) else str(value)
            for value in row.values()
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def judge_dirty(rows: Sequence[dict[str, Any]]) -> int:
    """Print the tables of the dirty kinds and which promise is broken; return the exit code."""
    for kind in dirty.KINDS:
        print(f"- {kind.name}: {', '.join(f'{rate:g}' for rate in kind.rates)} = {kind.meaning}")
    print("\ntold: runs with an estimate; held: share of these whose interval holds the truth\n")
    found = dirty_table(rows, ["kind", "profile"])
    print(markdown(dirty_table(rows, ["kind", "rate", "profile"])), end="\n\n")
    print(markdown(found), end="\n\n")
    broken = broken_promises(found)
    print(
        "\n".join(broken)
        or f"Every interval holds the truth in {PROMISED:.0%} of the runs and more."
    )
    return 3 if broken else 0


def main(arguments: list[str] | None = None) -> int:
    """Measure and print the tables; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", default="9001-9003", help="first-last")
    parser.add_argument("--country", default="gb")
    parser.add_argument("--profiles", default="record,fields", help="separated by commas")
    parser.add_argument("--sets", default="all,names", help="sets of fields, separated by commas")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--choose", action="store_true", help="print what other constants give")
    parser.add_argument(
        "--dirty", action="store_true", help="files as registers have them, by kind"
    )
    parser.add_argument(
        "--quick", action="store_true", help="with --dirty: one small population a kind and rate"
    )
    options = parser.parse_args(arguments)
    first, _, last = options.seeds.partition("-")
    seeds = list(range(int(first), int(last or first) + 1))
    profiles = options.profiles.split(",")
    if options.dirty:
        rows = list(dirty_runs(seeds, profiles, quick=options.quick))
        _write(options.json, rows)
        return judge_dirty(rows)
    rows = list(
        populations(seeds, options.country, profiles=profiles, sets=options.sets.split(","))
    )
    held = judged(rows)
    for by in (["profile"], ["profile", "level"], ["profile", "fields"], ["profile", "overlap"]):
        print(table(held, by), flush=True)
        print()
    if options.choose:
        print(choices(rows))
    _write(options.json, rows)
    return 0


def _write(path: Path | None, rows: Sequence[dict[str, Any]]) -> None:
    if path is not None:
        plain = [{name: value for name, value in row.items() if name != "asked"} for row in rows]
        path.write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
