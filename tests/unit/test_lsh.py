"""The LSH draws the same public positions everywhere, and finds the share of the matches that it plans."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.unit.lsh import MOST_TABLES, LshPlan, bucket_codes, plan_lsh

Draw = Callable[..., np.ndarray]
NONE = (np.zeros(0), np.zeros(0))
FIXED = [[187, 629, 622, 414, 736], [336, 643, 386, 526, 304]]


def plan_of(tables: int, width: int, seed: int = 1) -> LshPlan:
    return LshPlan(
        bits_per_table=width,
        tables=tables,
        completeness=1.0,
        at_threshold=1.0,
        expected_share=1.0,
        seed=seed,
    )


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 20), st.integers(1, 31), st.integers(31, 2048), st.integers(1, 5))
def test_positions_are_fixed_distinct_and_in_range(
    tables: int, width: int, bits: int, seed: int
) -> None:
    positions = plan_of(tables, width, seed).positions(bits)
    assert positions.shape == (tables, width)
    assert positions.min() >= 0
    assert positions.max() < bits
    assert all(len(set(table)) == width for table in positions.tolist())
    np.testing.assert_array_equal(positions, plan_of(tables, width, seed).positions(bits))
    # A table's positions do not depend on how many tables there are.
    np.testing.assert_array_equal(positions[:1], plan_of(1, width, seed).positions(bits))


def test_positions_of_today_are_those_of_tomorrow() -> None:
    """Two runs on two machines must put a record into the same bucket."""
    assert plan_of(2, 5).positions(1024).tolist() == FIXED
    assert plan_of(2, 5, seed=2).positions(1024).tolist() != FIXED


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 20), st.integers(31, 300), st.integers(1, 31), st.integers(0, 2**32 - 1))
def test_bucket_codes_equal_the_bits_read_one_by_one(
    pack: Draw, n: int, bits: int, width: int, seed: int
) -> None:
    dense = np.random.default_rng(seed).random((n, bits)) < 0.5
    positions = plan_of(3, width).positions(bits)
    codes = bucket_codes(pack(dense), positions)
    assert codes.dtype == np.int32
    assert codes.shape == (n, 3)
    for record in range(n):
        for table in range(3):
            text = "".join(str(int(dense[record, at])) for at in positions[table])
            assert codes[record, table] == int(text, 2)


@pytest.mark.parametrize("lowest", [0.72, 0.82, 0.92])
def test_planned_completeness_is_met(
    draw_people: Draw, draw_copies: Draw, pack: Draw, lowest: float
) -> None:
    """As many matches share a bucket as the plan says, for matches that agree on more or fewer bits."""
    rng = np.random.default_rng(7)
    people = draw_people(rng, 3000)
    copies = draw_copies(rng, people, rng.uniform(0.02, (1 - lowest) / 0.48, 3000))
    a, b = pack(people), pack(copies)
    share = 1 - np.bitwise_count(a ^ b).sum(axis=1) / 1024
    counts, edges = np.histogram(share[share >= lowest], bins=50)
    agree = (edges[:-1], counts.astype(float))
    plan = plan_lsh(a, b, bits=1024, agree=agree, lowest=lowest)
    assert plan.completeness >= 0.99
    assert plan.at_threshold <= plan.completeness
    positions = plan.positions(1024)
    meet = (bucket_codes(a, positions) == bucket_codes(b, positions)).any(axis=1)
    assert meet[share >= lowest].mean() == pytest.approx(plan.completeness, abs=0.01)


def test_expected_share_is_met(draw_people: Draw, pack: Draw) -> None:
    """As many random pairs share a bucket as the plan says."""
    rng = np.random.default_rng(8)
    a, b = pack(draw_people(rng, 1000)), pack(draw_people(rng, 1000))
    plan = plan_lsh(a, b, bits=1024, agree=NONE, lowest=0.76)
    positions = plan.positions(1024)
    codes_a, codes_b = bucket_codes(a, positions), bucket_codes(b, positions)
    meetings = sum(
        int((codes_a[:, t, None] == codes_b[None, :, t]).sum()) for t in range(plan.tables)
    )
    assert meetings / 1e6 == pytest.approx(plan.expected_share, rel=0.3)


def test_without_matches_every_one_counts_as_the_weakest(draw_people: Draw, pack: Draw) -> None:
    words = pack(draw_people(np.random.default_rng(9), 50))
    plan = plan_lsh(words, words, bits=1024, agree=NONE, lowest=0.84)
    assert plan.completeness == pytest.approx(plan.at_threshold)
    assert plan.completeness >= 0.99


def test_plan_is_fixed_for_fixed_files(draw_people: Draw, pack: Draw) -> None:
    words = pack(draw_people(np.random.default_rng(9), 50))
    plans = [plan_lsh(words, words, bits=1024, agree=NONE, lowest=0.84) for _ in range(2)]
    assert plans[0] == plans[1]


@pytest.mark.parametrize("bits", [32, 64, 100])
def test_short_filters_one_record_and_empty_filters(pack: Draw, bits: int) -> None:
    """The plan stands, and says what it reaches."""
    for dense in (np.zeros((3, bits), bool), np.ones((1, bits), bool)):
        plan = plan_lsh(pack(dense), pack(dense), bits=bits, agree=NONE, lowest=0.84)
        assert 1 <= plan.tables <= MOST_TABLES
        assert 0 <= plan.completeness <= 1
        assert 0 <= plan.expected_share <= 1
        codes = bucket_codes(pack(dense), plan.positions(bits))
        assert (codes == codes[0]).all()


def test_unreachable_completeness_is_admitted(draw_people: Draw, pack: Draw) -> None:
    """At an agreement below that of chance no number of tables is enough; the plan does not pretend."""
    words = pack(draw_people(np.random.default_rng(10), 200))
    plan = plan_lsh(words, words, bits=1024, agree=NONE, lowest=0.21, completeness=1 - 1e-12)
    assert plan.completeness < 1 - 1e-12
