"""Pairs of relatives are what they say, and nobody is in two of them."""

from __future__ import annotations

import numpy as np
import pytest

from pprl.synth.people.households import Residents, settle
from pprl.synth.people.relatives import KINDS, draw_pairs, relatives
from pprl.synth.places.country import load_country


@pytest.fixture(scope="module")
def residents() -> Residents:
    return settle((1, "residents"), 30_000, load_country("gb").ages, 20_454)


def family(adult: list[int], born: list[int], twin: list[bool]) -> Residents:
    """One household; everybody else lives alone in the next one."""
    count = len(adult)
    return Residents(
        household=np.array([0] * count + [1]),
        born=np.array([*born, 0]),
        sex=np.zeros(count + 1, np.int64),
        adult=np.array([*adult, 0]),
        couple=np.zeros(count + 1, bool),
        twin=np.array([*twin, False]),
        elder=np.full(count + 1, -1),
        households=2,
    )


def test_nobody_is_in_two_pairs(residents: Residents) -> None:
    pairs = relatives(residents)
    assert tuple(pairs) == KINDS
    everybody = np.concatenate([rows.ravel() for rows in pairs.values()])
    assert len(np.unique(everybody)) == len(everybody) > 5000
    assert all(len(rows) > 100 for rows in pairs.values())


def test_each_pair_is_of_its_kind(residents: Residents) -> None:
    home, born, adult = residents.household, residents.born, residents.adult
    (one, twin), (first, second), (parent, child) = (
        rows.T for rows in relatives(residents).values()
    )
    assert (born[one] == born[twin]).all()
    assert residents.twin[one].all()
    assert residents.twin[twin].all()
    assert ((home[one] == home[twin]) | (residents.elder[twin] == one)).all()
    assert ((home[first] == home[second]) & (adult[first] < 0) & (adult[second] < 0)).all()
    assert ((home[parent] == home[child]) & (adult[parent] == 0) & (adult[child] < 0)).all()
    assert (born[parent] < born[child]).all()


def test_all_twins_are_in_a_pair(residents: Residents) -> None:
    """But for a third one born on the same day, and one whose twin the last household lost."""
    held = np.isin(np.flatnonzero(residents.twin), relatives(residents)["twins"])
    assert held.mean() > 0.98


@pytest.mark.parametrize(
    ("adult", "born", "twin", "expected"),
    [
        ([0, 1, -1, -1, -1], [0, 0, 90, 90, 95], [0, 0, 1, 1, 0], {"twins": [[2, 3]], "parent_and_child": [[0, 4]]}),
        ([0, -1, -1, -1], [0, 85, 90, 90], [0, 0, 1, 1], {"twins": [[2, 3]], "parent_and_child": [[0, 1]]}),
        ([0, -1, -1, -1], [0, 90, 90, 90], [0, 1, 1, 1], {"twins": [[1, 2]], "parent_and_child": [[0, 3]]}),
        ([0, 1, -1, -1], [0, 0, 90, 95], [0, 0, 0, 0], {"siblings": [[2, 3]]}),
        ([0, 1], [0, 0], [0, 0], {}),
    ],
)  # fmt: skip
def test_a_household_is_paired_off(
    adult: list[int], born: list[int], twin: list[bool], expected: dict[str, list[list[int]]]
) -> None:
    found = relatives(family(adult, born, [bool(item) for item in twin]))
    assert {kind: rows.tolist() for kind, rows in found.items() if len(rows)} == expected


def test_a_share_of_each_kind_is_drawn_by_the_seed(residents: Residents) -> None:
    pairs = relatives(residents)
    drawn = draw_pairs(5, pairs, 0.3)
    start = 0
    for rows in pairs.values():
        count = round(0.3 * len(rows))
        part = drawn[start : start + count]
        assert {tuple(pair) for pair in part.tolist()} < {tuple(pair) for pair in rows.tolist()}
        start += count
    assert start == len(drawn)
    assert draw_pairs(5, pairs, 0.3).tolist() == drawn.tolist()
    assert draw_pairs(6, pairs, 0.3).tolist() != drawn.tolist()
    assert len(draw_pairs(5, pairs, 1.0)) == sum(map(len, pairs.values()))
