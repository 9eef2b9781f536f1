"""The made-up files that `propose_budgets.py` links, and the pairs in them that some budgets could link."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl import Agreement, ColumnMap
from pprl.exchange.agreement.field_types import FIELD_TYPES
from pprl.party.encoding.token_table import tokenise
from pprl.party.encoding.tokens import DATE_TOKENS
from pprl.party.reading.people import read_fields
from pprl.synth import corrupt, population

__all__ = ["FLOOR", "NAMES", "SETS", "TYPES", "Case", "Pairs", "cases", "find_pairs", "two_files"]

SIZE = 5000
TYPES = ("given-name", "surname", "full-name", "date", "sex", "address", "locality", "postcode")
NAMES = tuple(kind.replace("-", "_") for kind in TYPES)
GAPPED = ("date", "sex", "address", "locality", "postcode")
SETS: Mapping[str, tuple[str, ...]] = {
    "names, date, sex": ("given-name", "surname", "date", "sex"),
    "names, date, postcode": ("given-name", "surname", "date", "postcode"),
    "all": ("given-name", "surname", "date", "sex", "address", "locality", "postcode"),
    "all but sex": ("given-name", "surname", "date", "address", "locality", "postcode"),
    "all, full name": ("full-name", "date", "sex", "address", "locality", "postcode"),
}
FLOOR = 0.55
"""Pairs below this similarity under all of `PROBES` are left out; best thresholds lie far above."""

PROBES: tuple[tuple[int, ...], ...] = (
    # given, surname, full name, date, sex, address, locality, postcode: corners between which the search goes
    (80, 90, 170, 120, 15, 80, 50, 50),
    (100, 100, 200, 140, 20, 40, 15, 20),
    (130, 80, 210, 130, 40, 30, 10, 10),
    (80, 110, 190, 200, 10, 30, 10, 40),
    (90, 90, 180, 90, 10, 60, 20, 60),
)
Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Case:
    """Two files to link.

    Attributes:
        country, profile: of the people and of their errors.
        overlap: share of each file's people that are in both.
        towns: they live in so many towns; None: all over the country.
        gaps: share of the values of each field but names that are taken out of each file, on top of the profile's.
        one_in: the files hold one in so many of the people; from some ten on, few people of one household.
        seed: of people and errors.
    """

    country: str
    profile: str
    overlap: float
    towns: int | None
    gaps: float
    one_in: int
    seed: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """The pairs of a case that could be linked under some budgets.

    Attributes:
        left, right: ``int64[pairs]``; rows of the two files.
        same: ``bool[pairs]``; of one person.
        shared: ``float32[pairs, types]``; share of the budget that the two have in common.
        a, b: ``float32[pairs, types]``; share of the budget that each draws: 0 where missing.
        noise: ``float32[pairs]``; standard normal, the luck of the hash.
        matches: people in both files.
    """

    left: Ints
    right: Ints
    same: npt.NDArray[np.bool_]
    shared: Floats
    a: Floats
    b: Floats
    noise: Floats
    matches: int


def cases(
    first: int,
    countries: Sequence[str],
    profiles: Sequence[str],
    *,
    one_in: int = 1,
    times: int = 3,
) -> list[Case]:
    """Return every country with every profile, overlaps and towns in turn, two cases each."""
    overlaps = itertools.cycle((0.05, 0.5, 0.2, 1.0, 0.1))
    towns = itertools.cycle((None, 3, None, 1, None, 10, None))
    gaps = itertools.cycle((0.0, 0.0, 0.0, 0.25))
    return [
        Case(
            country=c,
            profile=p,
            overlap=next(overlaps),
            towns=next(towns),
            gaps=next(gaps),
            one_in=one_in,
            seed=first + n,
        )
        for n, (_, c, p) in enumerate(itertools.product(range(times), countries, profiles))
    ]


def two_files(case: Case, size: int = SIZE) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the two files: a column `person` and one for each type."""
    both = round(size * case.overlap)
    people = 2 * size - both
    made = population(people * case.one_in, country=case.country, seed=case.seed, towns=case.towns)
    order = made.frame().sample(people, random_state=case.seed).reset_index(drop=True)
    luck = np.random.default_rng(case.seed)
    files = []
    for party, rows in (("a", order.iloc[:size]), ("b", order.iloc[size - both :])):
        frame = corrupt(
            rows.reset_index(drop=True), profile=case.profile, country=case.country, seed=case.seed,
            party=party, within=made if case.towns else None,
        ).frame  # fmt: skip
        frame["date"] = frame["date_of_birth"]
        frame["full_name"] = (frame["given_name"] + " " + frame["surname"]).str.strip()
        frame = frame[["person", *NAMES]].reset_index(drop=True)
        for name in GAPPED:
            frame[name] = frame[name].where(luck.random(size) >= case.gaps, "")
        files.append(frame)
    return files[0], files[1]


def shared_tokens(
    values: list[str], kind: str
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Return (share of the budget in common of each two values, in 1/250; share that each value draws)."""
    field = Agreement.from_dict(
        {"format": "pprl-agreement/1", "project": "x", "field": [{"name": "x", "type": kind}]}
    ).field[0]
    table = tokenise([value.rpartition("\0unreadable")[2] for value in values], field)
    counts = np.diff(table.offsets)
    date = FIELD_TYPES[kind].tokens == "date"
    divisor = np.full_like(counts, DATE_TOKENS) if date else np.maximum(counts, 1)
    order = np.argsort(table.ids, kind="stable")
    holders = np.repeat(np.arange(len(values)), counts)[order]
    starts = np.searchsorted(table.ids[order], np.arange(len(table.vocabulary) + 1))
    return (
        _shared(table.ids, table.offsets, holders, starts, divisor),
        (counts / divisor).astype(np.float32),
    )


@numba.njit(cache=True)
def _shared(ids: Any, offsets: Any, holders: Any, starts: Any, divisor: Any) -> Any:
    count = len(offsets) - 1
    out = np.zeros((count, count), np.uint8)
    common = np.zeros(count, np.int64)
    for value in range(count):
        common[:] = 0
        for at in range(offsets[value], offsets[value + 1]):
            for holder in range(starts[ids[at]], starts[ids[at] + 1]):
                common[holders[holder]] += 1
        for other in range(count):
            if common[other]:
                most = max(divisor[value], divisor[other])
                out[value, other] = np.uint8(250.0 * common[other] / most + 0.5)
    return out


def find_pairs(a: pd.DataFrame, b: pd.DataFrame, *, seed: int) -> Pairs:
    """Return the pairs that one of `PROBES` puts above `FLOOR` by one of `SETS`."""
    agreement = Agreement.from_dict(
        {
            "format": "pprl-agreement/1",
            "project": "x",
            "field": [{"name": n, "type": t} for n, t in zip(NAMES, TYPES, strict=True)],
        }
    )
    both = pd.concat([a, b], ignore_index=True)
    columns = read_fields(both, agreement, ColumnMap(dates={"date": "YYYY-MM-DD"}), source="x")
    tables, draws, rows = [], [], []
    for column, kind in zip(columns, TYPES, strict=True):
        table, drawn = shared_tokens(column.values, kind)
        tables.append(table)
        draws.append(drawn[column.rows])
        rows.append(column.rows)
    probes = np.array(
        [[w if t in used else 0 for t, w in zip(TYPES, p, strict=True)] for p in PROBES for used in SETS.values()],
        np.float32,
    )  # fmt: skip
    size = len(a)
    drawn = np.stack(draws, axis=1)
    left, right = _candidates(
        tuple(tables), np.stack(rows, axis=1), drawn, size, probes, np.float32(FLOOR)
    )
    shared = np.stack(
        [t[r[left], r[size + right]] for t, r in zip(tables, rows, strict=True)], axis=1
    )
    person_a, person_b = a["person"].to_numpy(), b["person"].to_numpy()
    return Pairs(
        left=left,
        right=right,
        same=person_a[left] == person_b[right],
        shared=shared.astype(np.float32) / np.float32(250),
        a=drawn[left],
        b=drawn[size + right],
        noise=np.random.default_rng(seed).standard_normal(len(left)).astype(np.float32),
        matches=len(np.intersect1d(person_a, person_b)),
    )


@numba.njit(cache=True)
def _candidates(
    tables: Any, rows: Any, drawn: Any, size: Any, probes: Any, floor: Any
) -> tuple[Any, Any]:
    kinds = len(tables)
    sizes = drawn @ probes.T
    lefts, rights = [], []
    shared = np.zeros((len(rows) - size, kinds), np.float32)
    for left in range(size):
        for kind in range(kinds):
            table = tables[kind][rows[left, kind]]
            for right in range(len(rows) - size):
                shared[right, kind] = table[rows[size + right, kind]]
        for right in range(len(rows) - size):
            if shared[right, 2] < 50 and shared[right, 3] < 70:
                continue  # neither names nor dates alike: no set of fields can lift it above the floor
            for probe in range(len(probes)):
                common = np.float32(0)
                for kind in range(kinds):
                    common += probes[probe, kind] * shared[right, kind]
                x, y = sizes[left, probe], sizes[size + right, probe]
                if common >= 250 * floor * (min(x, y) / 2 + (x + y) / 4) and common > 0:
                    lefts.append(left)
                    rights.append(right)
                    break
    return np.array(lefts), np.array(rights)
