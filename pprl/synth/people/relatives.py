"""Who is related to whom: pairs of twins, of brothers and sisters, and of parent and child.

Everybody is in one pair at most. So it can be said of each pair whether the two are in the same file, and moving one of
them touches nobody else's pair.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from pprl.base.arrays import Bools, Int64s
from pprl.synth.draw import Stream
from pprl.synth.people.households import Residents

__all__ = ["KINDS", "draw_pairs", "relatives"]

KINDS = ("twins", "siblings", "parent_and_child")
"""The kinds of pairs, those who look most alike first."""


def relatives(residents: Residents) -> Mapping[str, Int64s]:
    """Return pairs of relatives by kind, each of shape (pairs, 2).

    Twins come first, at home and grown up; then brothers and sisters who are in no pair yet, by twos; then the first
    parent of a household and a child who is left over.
    """
    free = np.ones(len(residents.household), dtype=bool)
    found = {}
    for kind, pairs_of in zip(KINDS, (_twins, _siblings, _parents), strict=True):
        found[kind] = pairs_of(residents, free)
        free[found[kind].ravel()] = False
    return MappingProxyType(found)


def draw_pairs(seed: int, pairs: Mapping[str, Int64s], share: float) -> Int64s:
    """Return a share of the pairs of each kind, of shape (pairs, 2), in the order of the kinds.

    Args:
        seed: of the random streams.
        pairs: from :func:`relatives`.
        share: of each kind.
    """
    drawn = [
        of_kind[Stream(seed, "relatives", kind).order(len(of_kind))][: round(len(of_kind) * share)]
        for kind, of_kind in pairs.items()
    ]
    return np.concatenate(drawn)


def _twins(residents: Residents, free: Bools) -> Int64s:
    home, born, child = residents.household, residents.born, residents.adult < 0
    second = np.zeros(len(home), dtype=bool)
    # The second of a pair of twins comes right after the first.
    second[1:] = (
        (home[1:] == home[:-1]) & (born[1:] == born[:-1]) & child[1:] & child[:-1] & residents.twin[1:]
    )  # fmt: skip
    second[1:] &= ~second[:-1]  # of three on one day, the first two
    younger = np.flatnonzero(second)
    grown = np.flatnonzero(residents.elder >= 0)
    first = np.concatenate([younger - 1, residents.elder[grown]])
    return np.column_stack([first, np.concatenate([younger, grown])])


def _siblings(residents: Residents, free: Bools) -> Int64s:
    children = np.flatnonzero((residents.adult < 0) & free)
    home = residents.household[children]
    place = np.arange(len(children)) - np.searchsorted(home, home)  # among the household's
    first = np.flatnonzero((place % 2 == 0)[:-1] & (home[1:] == home[:-1]))
    return np.column_stack([children[first], children[first + 1]])


def _parents(residents: Residents, free: Bools) -> Int64s:
    children = np.flatnonzero((residents.adult < 0) & free)
    parent = np.full(residents.households, -1, dtype=np.int64)
    first = np.flatnonzero((residents.adult == 0) & free)
    parent[residents.household[first]] = first
    pairs = np.column_stack([parent[residents.household[children]], children])
    return pairs[pairs[:, 0] >= 0]
