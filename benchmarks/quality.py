"""Link quality at the automatic threshold, on FEBRL4 and on made-up people of `pprl synth`.

    python benchmarks/quality.py [--draws 10] [--json quality.json]

FEBRL4: four overlaps and three ways of blocking; each draw takes 2,500 people a file and a new random key. Fields:
given name, surname, date of birth, address, suburb, postcode; no social-security number. Made-up people: the same
fields, 10,000 a file with households, twins and movers, three error profiles, three draws of other people each.

The threshold is found without truth; "best" is the highest F1 that any threshold would have given on the same scores
(greedy one-to-one), for comparison only.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from febrl import COLUMNS, agreement, draw_overlap, people
from town import agreement as town_agreement
from town import two_files

import pprl

SIZE = 2500
TOWN = 10_000


def link(
    a: pd.DataFrame,
    b: pd.DataFrame,
    *,
    options: pprl.MatchOptions,
    settled: pprl.Agreement | None = None,
) -> tuple[pprl.Links, dict[str, str]]:
    """Encode both with a fresh key and match; return the links and pseudonym -> person."""
    key = pprl.Key.generate()
    made = [
        pprl.encode(
            frame,
            settled or agreement(),
            key,
            party=party,
            id_column="rec_id",
            columns=pprl.ColumnMap() if settled else COLUMNS,
            unreadable="missing",
        )
        for frame, party in ((a, "a"), (b, "b"))
    ]
    person: dict[str, str] = {}
    for encoding, frame in zip(made, (a, b), strict=True):
        of = dict(zip(frame["rec_id"], frame["person"], strict=True))
        person |= {
            p: of[i]
            for p, i in zip(encoding.id_map["pseudonym"], encoding.id_map["id"], strict=True)
        }
    return pprl.match([encoding.encoded for encoding in made], options), person


def right(pairs: pd.DataFrame, person: dict[str, str]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which pairs are of one person."""
    return (pairs["pseudonym_a"].map(person) == pairs["pseudonym_b"].map(person)).to_numpy(bool)


def best_f1(links: pprl.Links, person: dict[str, str], matches: int) -> float:
    """Return the best F1 of any threshold at or above the floor, greedy one-to-one."""
    pairs = pd.concat([links.pairs, links.near], ignore_index=True).sort_values(
        "score", ascending=False, kind="stable"
    )
    good = right(pairs, person)
    used: set[str] = set()
    true = made = 0
    best = 0.0
    rows = zip(pairs["pseudonym_a"], pairs["pseudonym_b"], good, strict=True)
    for a, b, match in rows:
        if a in used or b in used:
            continue
        used |= {a, b}
        made += 1
        true += bool(match)
        best = max(best, 2 * true / (made + matches))
    return best


def measures(links: pprl.Links, person: dict[str, str], matches: int) -> dict[str, float]:
    """Return what is told of one run."""
    true, made = int(right(links.pairs, person).sum()), len(links.pairs)
    return {
        "threshold": links.threshold,
        "precision": true / made if made else 1.0,
        "recall": true / matches,
        "f1": 2 * true / (made + matches),
        "best": best_f1(links, person, matches),
        "reduction": float(links.run["counts"]["reduction_ratio"]),
    }


def made_up(draws: int) -> list[dict[str, Any]]:
    """Measure on made-up people and print one table."""
    print(
        f"\nmade-up people (gb), {TOWN:,} x {TOWN:,}, exhaustive, automatic threshold, {draws} draws: mean (lowest)"
    )
    print(
        f"{'profile':<11}{'overlap':>8}{'threshold':>10}{'precision':>18}{'recall':>18}{'F1':>18}{'best':>8}"
    )
    rows = []
    for profile in ("light", "typical", "heavy"):
        for overlap in (1.0, 0.5, 0.2, 0.05):
            got: dict[str, list[float]] = {}
            for seed in range(1, draws + 1):
                files = two_files(TOWN, overlap=overlap, seed=seed, profile=profile)
                settled = town_agreement(blocking=False)
                links, person = link(*files, options=pprl.MatchOptions(), settled=settled)
                for name, value in measures(links, person, round(TOWN * overlap)).items():
                    got.setdefault(name, []).append(value)
            mean = {name: statistics.mean(values) for name, values in got.items()}
            rows.append({"profile": profile, "overlap": overlap, "mean": mean, "draws": got})
            cells = "".join(
                f"{f'{mean[name]:.4f} ({min(got[name]):.4f})':>18}"
                for name in ("precision", "recall", "f1")
            )
            print(
                f"{profile:<11}{overlap:>8.0%}{mean['threshold']:>10.3f}{cells}{mean['best']:>8.4f}",
                flush=True,
            )
    return rows


def main(arguments: list[str] | None = None) -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    a, b = people()
    rows: list[dict[str, Any]] = []
    print(f"FEBRL4, {SIZE:,} x {SIZE:,}, automatic threshold, {options.draws} draws: mean (lowest)")
    print(
        f"{'blocking':<11}{'overlap':>8}{'threshold':>10}{'precision':>18}{'recall':>18}{'F1':>18}{'best':>8}{'reduction':>11}"
    )
    for blocking in ("exhaustive", "lsh", "keys"):
        for overlap in (1.0, 0.5, 0.2, 0.05):
            got: dict[str, list[float]] = {}
            for seed in range(options.draws):
                drawn = draw_overlap(a, b, size=SIZE, overlap=overlap, seed=seed)
                links, person = link(*drawn, options=pprl.MatchOptions(blocking=blocking))
                measured = measures(links, person, round(SIZE * overlap))
                for name, value in measured.items():
                    got.setdefault(name, []).append(value)
            mean = {name: statistics.mean(values) for name, values in got.items()}
            rows.append({"blocking": blocking, "overlap": overlap, "mean": mean, "draws": got})

            def cell(
                name: str, got: dict[str, list[float]] = got, mean: dict[str, float] = mean
            ) -> str:
                return f"{mean[name]:.4f} ({min(got[name]):.4f})"

            print(
                f"{blocking:<11}{overlap:>8.0%}{mean['threshold']:>10.3f}{cell('precision'):>18}"
                f"{cell('recall'):>18}{cell('f1'):>18}{mean['best']:>8.4f}{mean['reduction']:>11.4f}",
                flush=True,
            )
    rows += made_up(min(3, options.draws))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
