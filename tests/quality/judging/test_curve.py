"""Threshold curves: greedy choice under the assignment rule, prefixes, and agreement with the run."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quality_world import make_world

from pprl.exchange.links.folder import PAIR_COLUMNS
from pprl.quality import evaluate
from pprl.quality.judging.curve import greedy, thresholds

RULES = ["one-to-one", "one-to-many", "many-to-many"]
PARTIES = ["a", "b", "c"]


def _ends(row):
    return frozenset([(row[0][0], row[1]), (row[0][1], row[2])])


@st.composite
def pair_tables(draw):
    sides = st.sampled_from([("a", "b"), ("b", "a"), ("a", "c"), ("b", "c")])
    record = st.sampled_from("123")
    rows = draw(
        st.lists(
            st.tuples(sides, record, record, st.integers(60, 70)),
            max_size=25,
            unique_by=_ends,
        )
    )
    table = [(a, i, b, j, score / 100) for (a, b), i, j, score in rows]
    return pd.DataFrame(table, columns=list(PAIR_COLUMNS[:5])).astype({"score": float})


def slow_greedy(pairs, assign):
    """The obvious twin: look through everything chosen before."""
    order = sorted(
        range(len(pairs)),
        key=lambda k: (-pairs["score"][k], *(pairs[name][k] for name in PAIR_COLUMNS[:4])),
    )
    chosen = []
    for k in order:
        ends = [(pairs[f"party_{s}"][k], pairs[f"pseudonym_{s}"][k]) for s in "ab"]
        later = max(ends)[0]
        clash = False
        for other in chosen:
            theirs = [(pairs[f"party_{s}"][other], pairs[f"pseudonym_{s}"][other]) for s in "ab"]
            if {p for p, _ in ends} != {p for p, _ in theirs}:
                continue
            for end in ends:
                if end in theirs and (assign == "one-to-one" or end[0] == later):
                    clash = True
        if assign == "many-to-many" or not clash:
            chosen.append(k)
    return chosen


@given(pair_tables(), st.sampled_from(RULES))
def test_the_greedy_choice_equals_its_slow_twin(pairs, assign):
    found = greedy(pairs, parties=PARTIES, assign=assign)
    assert found.tolist() == slow_greedy(pairs, assign)


@given(pair_tables())
def test_accepted_pairs_are_taken_first(pairs):
    """Whatever their score, flagged pairs that fit together are all chosen."""
    fitting = greedy(pairs, parties=PARTIES, assign="one-to-one")[-3:]
    flags = np.zeros(len(pairs), dtype=bool)
    flags[fitting] = True
    found = greedy(pairs, parties=PARTIES, assign="one-to-one", accepted=flags)
    assert set(found[: len(fitting)].tolist()) == set(fitting.tolist())


def test_the_grid_holds_floor_used_threshold_and_every_hundredth():
    grid = thresholds(0.655, 0.7123)
    assert grid[:3] == [0.655, 0.66, 0.67]
    assert 0.7123 in grid
    assert grid[-1] == 1.0
    assert len(grid) == len(set(grid)) == 37


@pytest.mark.parametrize("threshold", [0.7, 0.75, 0.7512, 1.0])
def test_the_used_threshold_is_a_point_of_the_curve(threshold):
    world = make_world(threshold=threshold)
    for found in (
        evaluate(world.links),
        evaluate(world.links, truth=world.truth, ids=world.ids),
    ):
        assert threshold in [point.threshold for point in found.curve.points]


def test_with_truth_the_curve_meets_the_runs_own_numbers(world):
    """Here greedy and optimal assignment agree, so the curve passes through the run."""
    found = evaluate(world.links, truth=world.truth, ids=world.ids)
    point = next(p for p in found.curve.points if p.threshold == 0.75)
    quality = found.quality
    assert point.links == quality.found_pairs
    for name in ("precision", "recall", "f1"):
        assert getattr(point, name) == pytest.approx(getattr(quality, name).value)


def test_a_lower_threshold_never_has_fewer_links_or_less_recall(world):
    points = evaluate(world.links, truth=world.truth, ids=world.ids).curve.points
    for left, right in itertools.pairwise(points):
        assert left.links >= right.links
        assert left.recall >= right.recall


def test_a_score_equal_to_the_threshold_counts():
    """0.65 as a quotient of two integers and 0.65 as read from a grid are one threshold."""
    world = make_world(threshold=0.7, floor=0.6)
    world.links.near["score"] = 13 / 20 * (1 - 1e-16)
    points = evaluate(world.links, truth=world.truth, ids=world.ids).curve.points
    at = {point.threshold: point.links for point in points}
    assert at[0.65] == 98
    assert at[0.66] == 95


def test_without_truth_the_curve_counts_the_accepted_pairs_at_the_used_threshold(world):
    curve = evaluate(world.links).curve
    at = {point.threshold: point.links for point in curve.points}
    assert at[0.75] == 95
    assert at[0.7] == 98  # three near pairs of records that are still free
    assert at[0.65] == 98  # and none of the five whose record is taken
    assert at[1.0] == 1
    assert curve.best() is None


def test_the_best_point_has_the_highest_f1(world):
    curve = evaluate(world.links, truth=world.truth, ids=world.ids).curve
    assert curve.best().f1 == max(point.f1 for point in curve.points)
