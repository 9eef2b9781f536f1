"""Small files of made-up people for the tests of figures and of the page, and one who attacks the figures."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linprog

GIVEN = ("Ana", "Bo", "Cleo", "Dag", "Élan", "Fay-Lu")
SURNAMES = ("Reed", "Moss", "O'Dell", "Fenn", "Quillby")


def frame_of(rows: int, *, shift: int = 0) -> pd.DataFrame:
    """Give people, every one twice, with some values missing or other; `shift` makes another file."""
    records = []
    for place in range(rows):
        person = place % max(rows * 2 // 3, 1)
        twin = place >= rows * 2 // 3
        given = GIVEN[(person * person + shift) % len(GIVEN)]
        surname = SURNAMES[(person * 7 + person // 5 + shift) % len(SURNAMES)]
        records.append(
            {
                "person": f"p{person}",
                "given_name": given[0] if twin and person % 3 == 0 else given,
                "middle_name": "",
                "surname": surname.upper() if twin and person % 4 == 0 else surname,
                "date_of_birth": f"{1940 + (person * 3 + 10 * shift) % 70}-0{1 + person % 9}-1{person % 10}",
                "sex": "" if place % 8 == 0 else "FM"[person % 2],
                "address": f"{person % 60} Mill Road",
                "locality": "" if place % 8 == 0 else "Eastmarrow",
                "postcode": f"QV{person % 9} {person % 7}XX",
            }
        )
    return pd.DataFrame(records, dtype=object)


def is_blurred(possible: Iterable[int], k: int) -> bool:
    """Say if a cell that may hold these numbers is safe: none is small, all small ones are possible, or a large one."""
    found = set(possible)
    small = found & set(range(1, k))
    return not small or max(found) >= k or small == set(range(1, k))


def partitions(total: int, most: int | None = None) -> Iterator[tuple[int, ...]]:
    """Give all ways to write a number as a sum, largest part first."""
    if total == 0:
        yield ()
    for first in range(min(total, most or total), 0, -1):
        for rest in partitions(total - first, first):
            yield (first, *rest)


def compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """Give all ways to spread a number over so many cells."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in compositions(total - first, parts - 1):
            yield (first, *rest)


class Attacker:
    """Works out bounds of counts from all that a file's figures show, taken together.

    Every count is a variable; every sum that must hold is a constraint. The bounds are those of the linear relaxation,
    which are the numbers themselves wherever the constraints form a tree.
    """

    def __init__(self, shown: Mapping[str, Any]) -> None:
        self.k: int = shown["k"]
        self.bounds: list[tuple[float, float]] = []
        self.sums: list[dict[int, int]] = []
        self.most: list[tuple[dict[int, int], int]] = []
        self.cells: dict[Any, dict[int, int]] = {}
        self.rows = self._count(shown["rows"])
        self.gone: dict[str, int] = {}
        for name, item in shown["fields"].items():
            self._field(name, item, shown)
        self._together(shown["together"])
        if shown["differences"]:
            self._differences(shown["differences"])

    def range_of(self, cell: Any) -> tuple[float, float]:
        """Return the least and the most that a cell may hold."""
        size = len(self.bounds)
        goal, most = self._row(self.cells[cell], size), [self._row(c, size) for c, _ in self.most]
        ends = []
        for sign in (1, -1):
            done = linprog(
                sign * goal,
                A_ub=np.array(most) if most else None,
                b_ub=[top for _, top in self.most] if most else None,
                A_eq=np.array([self._row(c, size) for c in self.sums]) if self.sums else None,
                b_eq=np.zeros(len(self.sums)) if self.sums else None,
                bounds=self.bounds,
            )
            assert done.status == 0, done.message
            ends.append(sign * done.fun)
        return ends[0], ends[1]

    def _row(self, terms: Mapping[int, int], size: int) -> np.ndarray:
        row = np.zeros(size)
        row[list(terms)] = list(terms.values())
        return row

    def _free(self, low: float = 0, high: float = 10**6) -> int:
        self.bounds.append((low, high))
        return len(self.bounds) - 1

    def _count(self, shown: int) -> int:
        return self._free(shown, shown + self.k - 1)

    def _not_more(self, smaller: int, larger: int, gap: int = 0) -> None:
        self.most.append(({smaller: 1, larger: -1}, -gap))

    def _field(self, name: str, item: Mapping[str, Any], shown: Mapping[str, Any]) -> None:
        none, filled = self._count(item["missing"]), self._free()
        self.gone[name] = none
        self.cells[name, "missing"] = {none: 1}
        self.sums.append({none: 1, filled: 1, self.rows: -1})
        births = shown["births"] if name == "date_of_birth" else None
        parts = {i + 1: n for i, n in enumerate(item["lengths"])}
        if births:
            parts = {births["start"] + 5 * i: n for i, n in enumerate(births["years"])}
            known = [self._count(births[part]) for part in ("january_first", "no_day")]
            rest = self._free()
            self.sums.append({filled: -1, rest: 1, **dict.fromkeys(known, 1)})
            for what, cell in zip(("january", "no_day", "rest"), [*known, rest], strict=True):
                self.cells[name, what] = {cell: 1}
        if parts:
            cells = {key: self._count(count) for key, count in parts.items()}
            beyond = self._free(0, 10 * (self.k - 1))  # cells that are not shown, a few of them
            self.sums.append({filled: -1, beyond: 1, **dict.fromkeys(cells.values(), 1)})
            self.cells |= {(name, key): {cell: 1} for key, cell in cells.items()}
        for kind, count in item["classes"].items():
            has = self._count(count)
            self._not_more(has, filled)
            self.cells[name, kind] = {has: 1}
            self.cells[name, "no " + kind] = {filled: 1, has: -1}
        before, rank = None, 0
        for at, rows in item["curve"]:
            covered = self._count(rows)
            if before is not None:
                self._not_more(before, covered, gap=at - rank)
            before, rank = covered, at
        if before is not None:
            self._not_more(before, filled, gap=1)

    def _together(self, pairs: Iterable[Mapping[str, Any]]) -> None:
        """All patterns of missing values over the fields of the pairs are variables."""
        pairs = list(pairs)
        names = sorted({name for pair in pairs for name in pair["fields"]})
        patterns = list(itertools.product((0, 1), repeat=len(names)))
        cells = [self._free() for _ in patterns] if names else []
        where = {
            name: [c for c, p in zip(cells, patterns, strict=True) if p[i]]
            for i, name in enumerate(names)
        }
        if names:
            self.sums.append({self.rows: -1, **dict.fromkeys(cells, 1)})
        for name in names:
            self.sums.append({self.gone[name]: -1, **dict.fromkeys(where[name], 1)})
        for pair in pairs:
            a, b = pair["fields"]
            both = self._count(pair["rows"])
            self.sums.append({both: -1, **dict.fromkeys(set(where[a]) & set(where[b]), 1)})
        for some in range(1, min(len(names), 3) + 1):
            for chosen in itertools.combinations(range(len(names)), some):
                for values in itertools.product((0, 1), repeat=some):
                    held = [
                        cell
                        for cell, pattern in zip(cells, patterns, strict=True)
                        if all(pattern[i] == v for i, v in zip(chosen, values, strict=True))
                    ]
                    key = ("together", tuple(zip((names[i] for i in chosen), values, strict=True)))
                    self.cells[key] = dict.fromkeys(held, 1)

    def _differences(self, shown: Mapping[str, Any]) -> None:
        pairs, differ, swapped = self._count(shown["pairs"]), {}, None
        for name, kinds in shown["fields"].items():
            always = dict.fromkeys(("same", "missing_both", "missing_one", "other"), 0)
            if {"given_name", "surname"} <= set(shown["fields"]) and name in (
                "given_name",
                "surname",
            ):
                always["swapped"] = 0
            cells = {kind: self._count(n) for kind, n in (always | kinds).items()}
            self.sums.append({pairs: -1, **dict.fromkeys(cells.values(), 1)})
            if "swapped" in cells and swapped is None:
                swapped = cells["swapped"]
            elif "swapped" in cells:
                self.sums.append({swapped: 1, cells["swapped"]: -1})
            for kind, cell in cells.items():
                self.cells["differences", name, kind] = {cell: 1}
                if kind not in ("same", "missing_both"):
                    differ[cell] = 1
        if shown["number"]:
            cells = [self._count(n) for n in shown["number"]]
            self.sums.append({pairs: -1, **dict.fromkeys(cells, 1)})
            self.sums.append({c: i for i, c in enumerate(cells)} | dict.fromkeys(differ, -1))
            self.cells |= {("number", i): {cell: 1} for i, cell in enumerate(cells)}
