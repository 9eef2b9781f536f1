"""The pools of names: given names by sex and decade of birth, surnames with a long tail of rare ones.

A pool has the names of one origin ("british", "polish"). Its tables are frozen in `data/names/`; `SOURCES-names.md`
says where each came from and under which licence. Listed surnames are the head of the distribution. The tail is made of
stems and endings, so that very many surnames are rare, as in every real register (head and tail of surname frequencies:
Fox and Lasker 1983, Int. Stat. Review 51).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pyarrow as pa

from pprl.base.arrays import Int64s
from pprl.synth.draw import Stream, hashed, weights_to_bounds

__all__ = ["DECADES", "CountryNames", "NamePool", "load_pool"]


DECADES = tuple(range(1920, 2030, 10))
"""First years of the decades of birth that the tables of given names have."""
SEXES = "FM"
_PEOPLE, _PARTS = 1_000_000, 1000
"""Weights of surnames are thousandths of a person in a pool of about a million: whole numbers, so that draws are the
same everywhere. Chosen; not sensitive: so fine a rounding changes no share that could be seen."""


@dataclass(frozen=True, kw_only=True)
class NamePool:
    """The names of one origin.

    Attributes:
        name: the pool's name, for example ``british``.
        given: names by sex (``F``, ``M``).
        given_weights: by sex, whole numbers of shape (names, 11): one column for each decade from 1920 to 2020.
        surnames: listed surnames, then those of the tail.
        surnames_female: the women's form where it differs (Kowalski, Kowalska), else the same surname.
        surname_weights: whole numbers, one for each surname.
        listed: how many of the surnames are listed.
    """

    name: str
    given: Mapping[str, tuple[str, ...]]
    given_weights: Mapping[str, Int64s]
    surnames: tuple[str, ...]
    surnames_female: tuple[str, ...]
    surname_weights: Int64s
    listed: int

    def fitted_surnames(self, names: Sequence[str], counts: Sequence[int]) -> NamePool:
        """Return the pool with other listed surnames; the tail keeps its share and continues from the last of them.

        Args:
            names: the surnames.
            counts: how many people have each.
        """
        order = sorted(range(len(names)), key=lambda at: (-counts[at], names[at]))
        head = [names[at] for at in order]
        tail = [name for name in self.surnames[self.listed :] if name not in set(head)]
        share = int(self.surname_weights[: self.listed].sum()) / int(self.surname_weights.sum())
        heads = _scaled(
            np.array([counts[at] for at in order], dtype=np.int64), share if tail else 1.0
        )
        weights = np.concatenate([heads, _tail_weights(len(tail), 1.0 - share, int(heads[-1]))])
        surnames = (*head, *tail)
        return replace(
            self,
            surnames=surnames,
            surnames_female=surnames,
            surname_weights=weights,
            listed=len(head),
        )

    def fitted_given(self, sex: str, names: Sequence[str], counts: Sequence[int]) -> NamePool:
        """Return the pool with other given names for one sex, the same for all decades of birth.

        Args:
            sex: ``F`` or ``M``.
            names: the given names.
            counts: how many people have each.
        """
        table = np.repeat(np.array(counts, dtype=np.int64)[:, None], len(DECADES), axis=1)
        return replace(
            self,
            given={**self.given, sex: tuple(names)},
            given_weights={**self.given_weights, sex: table},
        )


@cache
def load_pool(name: str) -> NamePool:
    """Return a pool by its name.

    Raises:
        KeyError: there is no such pool. (The country tables name the pools, never a user.)
    """
    folder = files("pprl.synth") / "data" / "names" / name
    if not folder.is_dir():
        raise KeyError(name)
    meta = dict(_rows(folder / "meta.tsv"))
    given: dict[str, tuple[str, ...]] = {}
    weights: dict[str, Int64s] = {}
    rows = _rows(folder / "given.tsv")
    for sex in SEXES:
        own = [row for row in rows if row[0] == sex]
        given[sex] = tuple(row[1] for row in own)
        weights[sex] = np.array([[int(cell) for cell in row[2:]] for row in own], dtype=np.int64)
    listed = _rows(folder / "surnames.tsv")
    tail = _tail(
        name, _rows(folder / "tail.tsv"), {cell for row in listed for cell in (row[0], row[-1])}
    )
    share = float(meta["listed_share"]) if tail else 1.0
    heads = _scaled(np.array([int(row[1]) for row in listed], dtype=np.int64), share)
    return NamePool(
        name=name,
        given=given,
        given_weights=weights,
        surnames=(*(row[0] for row in listed), *tail),
        surnames_female=(*(row[2] if len(row) > 2 else row[0] for row in listed), *tail),
        surname_weights=np.concatenate(
            [heads, _tail_weights(len(tail), 1.0 - share, int(heads[-1]))]
        ),
        listed=len(listed),
    )


class CountryNames:
    """All names of a country, numbered through its pools: a name is a number (its code) until it is written.

    Args:
        pools: the pools in the country's order.

    Attributes:
        given_text: given names by code.
        surname_text, surname_text_female: surnames by code, in the general and in the women's form.
        gendered: whether the two differ anywhere.
    """

    def __init__(self, pools: Sequence[NamePool]) -> None:
        self.pools = tuple(pools)
        given: list[str] = []
        self._given: dict[tuple[int, str], tuple[int, list[Int64s]]] = {}
        surnames: list[str] = []
        female: list[str] = []
        self._surnames: list[tuple[int, Int64s]] = []
        for place, pool in enumerate(self.pools):
            for sex in SEXES:
                table = pool.given_weights[sex]
                bounds = [weights_to_bounds(table[:, at]) for at in range(len(DECADES))]
                self._given[place, sex] = (len(given), bounds)
                given.extend(pool.given[sex])
            self._surnames.append((len(surnames), weights_to_bounds(pool.surname_weights)))
            surnames.extend(pool.surnames)
            female.extend(pool.surnames_female)
        self.given_text = pa.array(given, pa.string())
        self.surname_text = pa.array(surnames, pa.string())
        self.surname_text_female = pa.array(female, pa.string())
        self.gendered = surnames != female

    def draw_given(self, stream: Stream, pool: Int64s, sex: Int64s, birth_year: Int64s) -> Int64s:
        """Return a code of a given name for each person.

        Args:
            stream: of random words.
            pool: the place of the person's pool in the country's order.
            sex: 0 female, 1 male.
            birth_year: years before 1920 count as the 1920s.
        """
        decade = np.clip((birth_year - DECADES[0]) // 10, 0, len(DECADES) - 1)
        group = (pool * 2 + sex) * len(DECADES) + decade
        words = stream.words(len(group)) >> np.uint64(32)
        codes = np.zeros(len(group), dtype=np.int64)
        for number, rows in _groups(group):
            place, rest = divmod(number, 2 * len(DECADES))
            base, bounds = self._given[place, SEXES[rest // len(DECADES)]]
            codes[rows] = base + _pick(bounds[rest % len(DECADES)], words[rows])
        return codes

    def draw_surname(self, stream: Stream, pool: Int64s) -> Int64s:
        """Return a code of a surname for each person, by the place of the person's pool in the country's order."""
        words = stream.words(len(pool)) >> np.uint64(32)
        codes = np.zeros(len(pool), dtype=np.int64)
        for place, rows in _groups(pool):
            base, bounds = self._surnames[place]
            codes[rows] = base + _pick(bounds, words[rows])
        return codes


def _pick(bounds: Int64s, words: Any) -> Int64s:
    target = (words * np.uint64(bounds[-1]) >> np.uint64(32)).astype(np.int64)
    return np.searchsorted(bounds, target, side="right").astype(np.int64)


def _groups(numbers: Int64s) -> list[tuple[int, Int64s]]:
    """Return each number that occurs, and the places where it occurs."""
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    if len(numbers) == 0:
        return []
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]).tolist()
    ends = [*starts[1:], len(numbers)]
    return [(int(ordered[a]), order[a:b]) for a, b in zip(starts, ends, strict=True)]


def _tail(name: str, rows: list[list[str]], listed: set[str]) -> tuple[str, ...]:
    """Return the surnames made of stems and endings that are not listed, the most frequent first."""
    stems = [row for row in rows if row[0] == "stem"]
    endings = [row for row in rows if row[0] == "ending"]
    made = {
        stem[1] + ending[1]: int(stem[2]) * int(ending[2]) for stem in stems for ending in endings
    }
    texts = sorted(set(made) - listed)
    chance = hashed(np.arange(len(texts)), "tail", name) >> np.uint64(40)
    # Names of likely parts tend to come first; chance mixes the ranks, so that no stem is all common or all rare.
    score = chance * np.array([made[text] for text in texts], dtype=np.uint64)
    return tuple(texts[place] for place in np.argsort(score, kind="stable")[::-1].tolist())


def _tail_weights(count: int, share: float, most: int) -> Int64s:
    """Return falling weights of `count` names that add up to about `share` and continue from the last listed weight.

    The weight of rank r is most * c / (r + c) (Zipf and Mandelbrot); c is chosen so that the sum is right.
    """
    if count == 0:
        return np.zeros(0, dtype=np.int64)
    whole = int(share * _PEOPLE * _PARTS)
    rank = np.arange(count, dtype=np.int64)
    low, high = 1, 1_000_000
    while low < high:
        flat = (low + high) // 2
        if int((most * flat // (rank + flat)).sum()) < whole:
            low = flat + 1
        else:
            high = flat
    # With too few names for the share, all are equally frequent, and a little more so than the last listed one.
    return np.maximum(1, _scaled(most * low // (rank + low), share))


def _scaled(weights: Int64s, share: float) -> Int64s:
    """Return the weights scaled to add up to about `share` of the whole; none becomes 0."""
    if len(weights) == 0:
        return weights
    whole = int(share * _PEOPLE * _PARTS)
    return np.maximum(1, weights * whole // int(weights.sum()))


def _rows(path: Any) -> list[list[str]]:
    lines = path.read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines[1:]]
