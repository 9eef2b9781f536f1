"""Derive the default bit budgets of the field types from made-up people, and show how well they link.

    python tools/propose_budgets.py tune          # search, then print the budgets and what each is worth
    python tools/propose_budgets.py check         # the defaults and the proposal on other people
    python tools/propose_budgets.py check given-name=100 surname=100 ...

No data set's truth is used but that of `pprl.synth`: tuning takes seeds from 1000, checking takes seeds from 2000 and
other countries, and no benchmark uses either. A case is two files of one population: a country, an error profile, an
overlap, and where people live. Each case is linked by several sets of fields, since a budget has to serve whichever of
them two parties share.

What is maximised is the mean over cases and sets of the best F1 that any threshold would give, greedy one-to-one, of

    s = |a & b| / (min(|a|, |b|) / 2 + (|a| + |b|) / 4),

a Tversky index that forgives half of what a missing field leaves out. For speed |a|, |b| and |a & b| are not counted
in filters but expected from tokens. A field that draws B positions a record gives two records r B positions in
common, where r is the number of tokens they share over the larger of their two numbers of tokens; positions that meet
by chance add the expectation and a normal deviate of its variance (Swamidass and Baldi 2007 for the expectation).
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl import Agreement, ColumnMap
from pprl.exchange.field_types import FIELD_TYPES
from pprl.party.encode import encode_fields
from pprl.party.key import Key
from pprl.party.normalise import UNREADABLE
from pprl.party.people import read_fields
from pprl.party.token_table import tokenise
from pprl.party.tokens import DATE_TOKENS
from pprl.synth import corrupt, population

SIZE = 5000
BITS = 1024
DRAWN = 0.46
"""Share of the filter's bits that the budgets of a set draw together, as `pprl init` scales them."""

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
_KEY = Key.generate()
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
        )  # fmt: skip
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
    left, right, score = _compare(words[: len(a)], words[len(a) :], 0.55)
    person_a, person_b = a["person"].to_numpy(), b["person"].to_numpy()
    same = person_a[left] == person_b[right]
    return best_f1(score, left, right, same, len(np.intersect1d(person_a, person_b)))


@numba.njit(cache=True)
def _count(word: Any) -> Any:
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + (
        (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)


@numba.njit(cache=True)
def _compare(a: Any, b: Any, floor: Any) -> Any:
    words = a.shape[1]
    sizes = np.zeros(len(b))
    for right in range(len(b)):
        for word in range(words):
            sizes[right] += _count(b[right, word])
    lefts, rights, scores = [], [], []
    for left in range(len(a)):
        size = 0.0
        for word in range(words):
            size += _count(a[left, word])
        for right in range(len(b)):
            common = np.uint64(0)
            for word in range(words):
                common += _count(a[left, word] & b[right, word])
            divisor = min(size, sizes[right]) / 2 + (size + sizes[right]) / 4
            if common > floor * divisor:
                lefts.append(left)
                rights.append(right)
                scores.append(common / divisor)
    return np.array(lefts), np.array(rights), np.array(scores)
