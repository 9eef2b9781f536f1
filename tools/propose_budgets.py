"""Derive the default bit budgets of the field types from made-up people, and show how well they link.

    python tools/propose_budgets.py tune                       # search, then print what each budget is worth
    python tools/propose_budgets.py check                      # defaults and the proposals on other people
    python tools/propose_budgets.py check given-name=80 ...    # the same, with other defaults

No data set's truth is used but that of `pprl.synth`: tuning takes seeds from 1000, checking takes seeds from 2000 and
other countries, and no benchmark uses either. A case is two files of one population: a country, an error profile, an
overlap, how many towns, further missing values, and whether whole households are in it or one person in ten. Each case
is linked by several sets of fields, since a budget has to serve whichever of them two parties share.

What is maximised is the mean over cases and sets of the best F1 that any threshold would give, greedy one-to-one, of

    s = |a & b| / (min(|a|, |b|) / 2 + (|a| + |b|) / 4),

a Tversky index that forgives half of what a missing field leaves out. For speed `tune` doesn't count |a|, |b| and
|a & b| in filters but expects them from tokens: two records have r B positions of a field of budget B in common, where
r is the number of shared tokens over the larger of their two numbers of tokens; chance adds the expected number of
other positions that meet (occupancy, as in Swamidass and Baldi 2007) and a normal deviate of its variance. `check`
fills real filters and compares every pair.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pandas as pd
from budget_cases import (
    FLOOR,
    NAMES,
    SETS,
    TYPES,
    Floats,
    Ints,
    Pairs,
    cases,
    find_pairs,
    two_files,
)

from pprl import Agreement, ColumnMap
from pprl.exchange.agreement.field_types import FIELD_TYPES
from pprl.party.drafting.budgets import propose_budgets
from pprl.party.encoding.encode import encode_fields
from pprl.party.keys.key import Key
from pprl.party.reading.normalise import UNREADABLE
from pprl.party.reading.people import read_fields

BITS = 1024
DRAWN = 0.46
"""Share of the filter's bits that the budgets of a set draw together, as `pprl init` scales them."""

_KEY = Key.generate()


def similarity(pairs: Pairs, budgets: npt.NDArray[np.float64], bits: int = BITS) -> Floats:
    """Return the similarity of each pair, budgets scaled to draw `DRAWN` of the bits."""
    weights = (budgets * (DRAWN * bits / budgets.sum())).astype(np.float32)
    a, b = pairs.a @ weights, pairs.b @ weights
    common = np.minimum(pairs.shared @ weights, np.minimum(a, b))
    none_a, none_b = np.exp(-a / bits), np.exp(-b / bits)
    both = bits * (1 - none_a - none_b + np.exp(-(a + b - common) / bits))
    free = bits * np.exp(-common / bits)
    alone_a, alone_b = np.exp(-(a - common) / bits), np.exp(-(b - common) / bits)
    spread = np.sqrt(free * alone_a * (1 - alone_a) * alone_b * (1 - alone_b))
    set_a, set_b = bits * (1 - none_a), bits * (1 - none_b)
    divisor = np.minimum(set_a, set_b) / 2 + (set_a + set_b) / 4
    made: Floats = (both + spread * pairs.noise) / np.maximum(divisor, 1)
    return made


def best_f1(
    score: npt.NDArray[Any], left: Ints, right: Ints, same: npt.NDArray[np.bool_], matches: int
) -> float:
    """Return the best F1 of any threshold, greedy one-to-one."""
    order = np.argsort(-score, kind="stable")
    size = int(max(left.max(initial=0), right.max(initial=0))) + 1
    return float(_greedy(left[order], right[order], same[order], matches, size))


@numba.njit(cache=True)
def _greedy(left: Any, right: Any, same: Any, matches: Any, size: Any) -> Any:
    used = np.zeros((2, size), np.bool_)
    true = made = 0
    best = 0.0
    for at in range(len(left)):
        if used[0, left[at]] or used[1, right[at]]:
            continue
        used[0, left[at]] = used[1, right[at]] = True
        made += 1
        true += same[at]
        best = max(best, 2 * true / (made + matches))
    return best


def score_sets(pairs: Pairs, budgets: Mapping[str, float], bits: int = BITS) -> list[float]:
    """Return the best F1 of a case by each of `SETS`."""
    found = []
    for used in SETS.values():
        chosen = np.array([budgets[kind] if kind in used else 0 for kind in TYPES], np.float64)
        score = similarity(pairs, chosen, bits)
        near = np.flatnonzero(score >= FLOOR)
        found.append(
            best_f1(score[near], pairs.left[near], pairs.right[near], pairs.same[near], pairs.matches)
        )  # fmt: skip
    return found


def real_filters(
    a: pd.DataFrame, b: pd.DataFrame, budgets: Mapping[str, float], used: Sequence[str],
    *, bits: int = BITS, share: float = DRAWN, q: int = 2, seed: int = 0,
) -> float:  # fmt: skip
    """Return the best F1 with real filters, every pair compared."""
    scale = share * bits / sum(budgets[kind] for kind in used)
    entries = [
        {
            "name": name,
            "type": kind,
            "budget": max(1, round(scale * budgets[kind])),
            **({"q": q} if kind.endswith("name") else {}),
        }
        for name, kind in zip(NAMES, TYPES, strict=True)
        if kind in used
    ]
    agreement = Agreement.from_dict(
        {
            "format": "pprl-agreement/1",
            "project": f"budgets {seed}",
            "filter": {"bits": bits},
            "field": entries,
        }
    )
    both = pd.concat([a, b], ignore_index=True)
    dates = {"date": "YYYY-MM-DD"} if "date" in used else {}
    columns = read_fields(both, agreement, ColumnMap(dates=dates), source="x")
    columns = [replace(c, values=[v.removeprefix(UNREADABLE) for v in c.values]) for c in columns]
    filters, _ = encode_fields(columns, agreement, _KEY)
    words = np.ascontiguousarray(filters).view("<u8")
    left, right, score = _compare(words[: len(a)], words[len(a) :])
    person_a, person_b = a["person"].to_numpy(), b["person"].to_numpy()
    same = person_a[left] == person_b[right]
    return best_f1(score, left, right, same, len(np.intersect1d(person_a, person_b)))


def _compare(
    a: npt.NDArray[np.uint64], b: npt.NDArray[np.uint64]
) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
    sizes_a, sizes_b = (np.bitwise_count(side).sum(axis=1, dtype=np.int64) for side in (a, b))
    rights, scores = [], []
    for row, size in zip(a, sizes_a, strict=True):
        common = np.bitwise_count(row & b).sum(axis=1, dtype=np.int64)
        score = common / np.maximum(np.minimum(size, sizes_b) / 2 + (size + sizes_b) / 4, 1)
        rights.append(np.flatnonzero(score >= FLOOR))
        scores.append(score[rights[-1]])
    left = np.repeat(np.arange(len(a)), [len(near) for near in rights])
    return left, np.concatenate(rights), np.concatenate(scores)


def parse(budgets: Sequence[str]) -> dict[str, float]:
    """Return the default budgets, with those of ``TYPE=BITS`` instead."""
    made: dict[str, float] = {kind: FIELD_TYPES[kind].budget for kind in FIELD_TYPES}
    for text in budgets:
        kind, _, bits = text.partition("=")
        if kind not in made or not bits.isdecimal() or int(bits) == 0:
            raise SystemExit(f"{text!r} is no TYPE=BITS; types: {', '.join(made)}")
        made[kind] = int(bits)
    return made


def tune(start: dict[str, float]) -> None:
    """Search budgets by coordinates; print them, scaled to the sum of the defaults, and their curves."""
    countries, profiles = ("gb", "us", "de", "fr"), ("light", "typical", "heavy")
    family = cases(1000, countries, profiles) + cases(1500, countries, profiles, one_in=10, times=2)
    found = []
    for case in family:
        found.append(find_pairs(*two_files(case), seed=case.seed))
        print(case, f"{len(found[-1].left):,} pairs", file=sys.stderr, flush=True)

    def table(budgets: Mapping[str, float]) -> npt.NDArray[np.float64]:
        return np.array([score_sets(pairs, budgets) for pairs in found])

    best, top = dict(start), float(table(start).mean())
    print("start", np.round(table(start).mean(axis=0), 4), round(top, 5))
    for step in (1.6, 1.3, 1.15, 1.08):
        moved = True
        while moved:
            moved = False
            for kind, factor in itertools.product(TYPES, (step, 1 / step)):
                tried = {**best, kind: best[kind] * factor}
                value = float(table(tried).mean())
                if value > top + 2e-5:
                    best, top, moved = tried, value, True
    scale = sum(start[kind] for kind in SETS["all"]) / sum(best[kind] for kind in SETS["all"])
    best = {kind: best[kind] * scale for kind in TYPES}
    print("found", np.round(table(best).mean(axis=0), 4), round(top, 5))
    print("F1 lost, in 1e-4, at the multiple")
    multiples = (0.25, 0.5, 0.7, 1.4, 2.0, 3.0)
    print(f"{'type':<12}{'budget':>8}" + "".join(f"{multiple:>8}" for multiple in multiples))
    for kind in TYPES:
        lost = [1e4 * (top - table({**best, kind: best[kind] * m}).mean()) for m in multiples]
        print(f"{kind:<12}{best[kind]:>8.0f}" + "".join(f"{value:>8.1f}" for value in lost))


def check(budgets: Mapping[str, float]) -> None:
    """Print the best F1 with real filters on people that nothing was tuned on."""
    countries = ("es", "it", "pl")
    families = {
        "households": cases(2000, countries, ("typical", "heavy", "light"), times=1),
        "one in ten": cases(2500, countries, ("typical", "heavy", "light"), one_in=10, times=1),
    }
    print(f"{'':<32}" + "".join(f"{name:>24}" for name in SETS))
    for family, members in families.items():
        rows: dict[str, list[list[float]]] = {"types' budgets": [], "adapted to the file": []}
        for case in members:
            a, b = two_files(case)
            made: dict[str, list[float]] = {name: [] for name in rows}
            for used in SETS.values():
                fields = [(kind, kind, kind.replace("-", "_")) for kind in used]
                proposed = propose_budgets(a, fields)
                adapted = {
                    kind: budgets[kind] * proposed[kind] / FIELD_TYPES[kind].budget for kind in used
                }
                for name, chosen in zip(rows, (budgets, adapted), strict=True):
                    made[name].append(real_filters(a, b, chosen, used, seed=case.seed))
            for name in rows:
                rows[name].append(made[name])
        for name, values in rows.items():
            cells = "".join(f"{value:>24.4f}" for value in np.mean(values, axis=0))
            print(f"{family + ', ' + name:<32}{cells}", flush=True)


def main(arguments: list[str] | None = None) -> None:
    """Run one of the two commands."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("command", choices=("tune", "check"))
    parser.add_argument("budgets", nargs="*", metavar="TYPE=BITS")
    options = parser.parse_args(arguments)
    budgets = parse(options.budgets)
    (tune if options.command == "tune" else check)(budgets)


if __name__ == "__main__":
    main()
