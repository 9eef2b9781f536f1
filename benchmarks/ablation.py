"""What each part of the matching earns: F1 at the automatic threshold with that part taken out.

    python benchmarks/ablation.py [--historical FILE.parquet] [--draws 2] [--json ablation.json]

Prints one markdown table; a cell is the F1 of the final links, and in brackets the best F1 of any threshold (one-to-one
from the best pair down; historical figures: pairs). FEBRL4 2,500 x 2,500 at 5 % overlap, made-up people 10,000 x 10,000
at 20 %, and the duplicates of the historical figures (see historical.py); each with all fields and with names, sex and
date of birth alone. Parts are replaced from outside, here, for the length of a run; there is no option for it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import febrl
import historical
import numpy as np
import pandas as pd
import town
import trial

import pprl
from pprl.unit.linking import rivals
from pprl.unit.run import compare
from pprl.unit.weighing.fields import classes, learnt, values
from pprl.unit.weighing.fields.levels import DIFFERENT, EXACT
from pprl.unit.weighing.fields.patterns import Patterns, count_patterns
from pprl.unit.weighing.record import agreeing, model, scan

Part = Callable[[ExitStack], None]


def plain_classes(stack: ExitStack) -> None:
    """Leave one class of non-matches: Fellegi and Sunter's model."""
    stack.enter_context(patch.object(classes, "_OTHERS", {"strangers": {}}))


def no_frequencies(stack: ExitStack) -> None:
    """Weigh every shared value alike."""
    real = learnt._rare
    stack.enter_context(patch.object(values, "BANDS", 1))
    stack.enter_context(patch.object(learnt, "_rare", lambda *args: np.zeros_like(real(*args))))


def no_similar_levels(stack: ExitStack) -> None:
    """Let similar values count as different ones."""
    real = classes.Classes.log_tables

    def merged(self: classes.Classes) -> list[Any]:
        tables = real(self)
        for table in tables:
            table[DIFFERENT:EXACT] = np.log(np.exp(table[DIFFERENT:EXACT]).sum(axis=0))
        return tables

    stack.enter_context(patch.object(classes.Classes, "log_tables", merged))


def no_rivals(stack: ExitStack) -> None:
    """Judge every pair alone."""

    def alone(left: Any, right: Any, weight: Any, sizes: Any, **named: Any) -> Any:
        return rivals.pair_probabilities(
            left, right, weight, sizes, **{**named, "rule": "many-to-many"}
        )

    stack.enter_context(patch.object(compare, "pair_probabilities", alone))


def no_decoys(stack: ExitStack) -> None:
    """Learn the classes from the pairs across the files alone."""
    real, draft = count_patterns, classes.draft_classes

    def count(table: Any, a: int, b: int, *args: Any, **named: Any) -> Patterns:
        if a != b:
            return real(table, a, b, *args, **named)
        return Patterns(levels=np.zeros((0, len(table.starts) - 1), np.uint8), count=np.zeros(0))

    def drafted(*args: Any, decoys: bool) -> classes.Classes:
        return draft(*args, decoys=False)

    stack.enter_context(patch.object(learnt, "count_patterns", count))
    stack.enter_context(patch.object(learnt, "draft_classes", drafted))


def dice(stack: ExitStack) -> None:
    """Compare by Dice."""
    for module in (agreeing, model, scan):
        stack.enter_context(patch.object(module, "SIZES", (2, 2)))


CUSTOMARY = pprl.MatchOptions(threshold=0.8)

VARIANTS: list[tuple[str, str, Sequence[Part], pprl.MatchOptions | None, bool]] = [
    # profile, what is changed, parts taken out, options, has a meaning for one file
    ("fields", "everything", [], None, True),
    ("fields", "one class of non-matches (Fellegi and Sunter)", [plain_classes], None, True),
    ("fields", "no frequencies", [no_frequencies], None, True),
    ("fields", "no similar levels", [no_similar_levels], None, True),
    ("fields", "no rivals", [no_rivals], None, False),
    ("fields", "no decoys from inside the files", [no_decoys], None, False),
    ("record", "everything", [], None, True),
    ("record", "Dice", [dice], None, True),
    ("record", "no rivals", [no_rivals], None, False),
    ("record", "Dice, customary threshold 0.80", [dice], CUSTOMARY, True),
]

Draw = tuple[list[pd.DataFrame], Callable[[str], pprl.Agreement]]

KEY = pprl.Key.generate()  # one for all, so that variants differ in nothing else


def data_sets(draws: int, path: Path | None, quick: bool) -> Iterator[tuple[str, list[Draw]]]:
    """Give every data set's name and its draws: files, and the agreement for a profile."""
    both = [febrl.joined(file) for file in febrl.people()]
    size = 1000 if quick else 10_000
    for name, fields in (("all", town.FIELDS), ("names", febrl.NAMES)):
        drawn: list[Draw] = []
        for seed in range(draws):
            files = febrl.draw_overlap(both[0], both[1], size=2500, overlap=0.05, seed=seed)
            drawn.append((list(files), _town_agreement(fields, files[0])))
        yield f"FEBRL4 5 %, {name}", drawn
    for level in ("typical", "heavy"):
        for name, fields in (("all", town.FIELDS), ("names", town.NAMES)):
            drawn = []
            for seed in range(1, draws + 1):
                files = town.two_files(size, overlap=0.2, seed=seed, profile=level, fields=fields)
                drawn.append((list(files), _town_agreement(fields, files[0])))
            yield f"{level} 20 %, {name}", drawn
    if path is None:
        print("no --historical: left out (see benchmarks/historical.py)", file=sys.stderr)
        return
    people = historical.figures(path)
    for name in ("all", "names"):
        yield f"historical, {name}", [([people], _historical_agreement(people, name == "names"))]


def _town_agreement(fields: Sequence[str], first: pd.DataFrame) -> Callable[[str], pprl.Agreement]:
    return lambda profile: town.agreement(
        blocking=False, fields=fields, profile=profile, first=first
    )


def _historical_agreement(people: pd.DataFrame, names: bool) -> Callable[[str], pprl.Agreement]:
    return lambda profile: historical.agreement(people, profile=profile, names=names)


def figures(
    draw: Draw, profile: str, parts: Sequence[Part], options: pprl.MatchOptions | None
) -> tuple[float, float]:
    """Return F1 of the final links and the best F1, with some parts taken out."""
    files, agreement = draw
    with ExitStack() as stack:
        for part in parts:
            part(stack)
        made = trial.link(files, agreement(profile), options=options, key=KEY)
    best = trial.best_f1(made) if len(files) > 1 else trial.pairs_f1(made)[0]
    return trial.measures(made)["f1"], best


def main(arguments: list[str] | None = None) -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--historical", type=Path, metavar="FILE", help="see historical.py")
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--quick", action="store_true", help="small files, to see that it runs")
    options = parser.parse_args(arguments)
    names: list[str] = []
    rows: list[dict[str, Any]] = []
    cells: dict[tuple[str, str], list[str]] = {}
    for name, draws in data_sets(options.draws, options.historical, options.quick):
        names.append(name)
        for profile, change, parts, chosen, alone in VARIANTS:
            if len(draws[0][0]) == 1 and not alone:
                cells.setdefault((profile, change), []).append("-")
                continue
            got = [figures(draw, profile, parts, chosen) for draw in draws]
            f1, best = (statistics.mean(values) for values in zip(*got, strict=True))
            rows.append(
                {"data": name, "profile": profile, "change": change, "f1": f1, "best": best}
            )
            cells.setdefault((profile, change), []).append(f"{f1:.4f} ({best:.4f})")
            print(f"{name}: {profile}, {change}: {cells[profile, change][-1]}", file=sys.stderr)
    print(f"| profile | taken out | {' | '.join(names)} |")
    print(f"|{'---|' * (len(names) + 2)}")
    for (profile, change), row in cells.items():
        print(f"| {profile} | {change} | {' | '.join(row)} |")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
