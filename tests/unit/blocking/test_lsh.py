"""The LSH draws the same public positions everywhere, and finds the share of the matches that it plans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.unit.blocking.lsh import MOST_TABLES, Agreeing, LshPlan, bucket_codes, plan_lsh, sharing

Draw = Callable[..., np.ndarray]
FIXED = [[187, 629, 622, 414, 736], [336, 643, 386, 526, 304]]


def plan_of(tables: int, width: int, bits: int, seed: int = 1) -> LshPlan:
    return LshPlan(
        costs=(100.0, 2.5),
        bits_per_table=width,
        tables=tables,
        pool=np.arange(bits),
        completeness=1.0,
        at_threshold=1.0,
        expected_share=1.0,
        seed=seed,
    )


def shown(
    a: np.ndarray,
    b: np.ndarray,
    *,
    lowest: float,
    rows: np.ndarray | None = None,
    share: np.ndarray | None = None,
) -> Agreeing:
    """Files, the rows of both that are known to be matches, and shares of agreeing bits where none are."""
    rows = np.zeros(0, np.int64) if rows is None else rows
    share = np.zeros(0) if share is None else share
    return Agreeing(
        a=a,
        b=b,
        one=a[rows],
        other=b[rows],
        probability=np.ones(len(rows)),
        record=np.arange(len(rows)),
        share=share,
        frequency=np.ones(len(share)),
        lowest=lowest,
        costs=(100.0, 2.5),
    )


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 20), st.integers(1, 31), st.integers(31, 2048), st.integers(1, 5))
def test_positions_are_fixed_distinct_and_in_range(
    tables: int, width: int, bits: int, seed: int
) -> None:
    positions = plan_of(tables, width, bits, seed).positions()
    assert positions.shape == (tables, width)
    assert positions.min() >= 0
    assert positions.max() < bits
    assert all(len(set(table)) == width for table in positions.tolist())
    np.testing.assert_array_equal(positions, plan_of(tables, width, bits, seed).positions())
    # A table's positions do not depend on how many tables there are.
    np.testing.assert_array_equal(positions[:1], plan_of(1, width, bits, seed).positions())


def test_positions_of_today_are_those_of_tomorrow() -> None:
    """Two runs on two machines must put a record into the same bucket."""
    assert plan_of(2, 5, 1024).positions().tolist() == FIXED
    assert plan_of(2, 5, 1024, seed=2).positions().tolist() != FIXED


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 20), st.integers(31, 300), st.integers(1, 31), st.integers(0, 2**32 - 1))
def test_bucket_codes_equal_the_bits_read_one_by_one(
    pack: Draw, n: int, bits: int, width: int, seed: int
) -> None:
    dense = np.random.default_rng(seed).random((n, bits)) < 0.5
    positions = plan_of(3, width, bits).positions()
    codes = bucket_codes(pack(dense), positions)
    assert codes.dtype == np.int32
    assert codes.shape == (n, 3)
    for record in range(n):
        for table in range(3):
            text = "".join(str(int(dense[record, at])) for at in positions[table])
            assert codes[record, table] == int(text, 2)


@pytest.mark.parametrize("sampled", [True, False])
@pytest.mark.parametrize("lowest", [0.72, 0.82, 0.92])
def test_planned_completeness_is_met(
    draw_people: Draw, draw_copies: Draw, pack: Draw, lowest: float, sampled: bool
) -> None:
    """As many matches share a bucket as the plan says, for matches that agree on more or fewer bits.

    Whether they are planned from a sample of pairs or, where that is too small, from shares of agreeing bits.
    """
    rng = np.random.default_rng(7)
    people = draw_people(rng, 3000)
    copies = draw_copies(rng, people, rng.uniform(0.02, (1 - lowest) / 0.48, 3000))
    a, b = pack(people), pack(copies)
    share = 1 - np.bitwise_count(a ^ b).sum(axis=1) / 1024
    over = np.flatnonzero(share >= lowest)
    if sampled:
        known = shown(a, b, lowest=lowest, rows=over[: len(over) // 2])
    else:
        known = shown(a, b, lowest=lowest, share=share[over])
    plan = plan_lsh(known, bits=1024)
    assert plan.completeness >= 0.99
    assert plan.at_threshold <= plan.completeness
    met = sharing(a, b, over, over, plan.positions())
    if sampled:
        met = met[len(over) // 2 :]  # the others chose the tables
        assert plan.checked == pytest.approx(len(over) // 4, abs=1)
        assert plan.found[1] <= met.mean() <= plan.found[2]
        assert plan.found[1] < plan.found[0] < plan.found[2]
    else:
        assert plan.checked == 0
    assert met.mean() == pytest.approx(plan.completeness, abs=0.01)


@pytest.mark.parametrize("recall", [0.9, 0.99, 0.999])
def test_more_recall_takes_more_tables(
    draw_people: Draw, draw_copies: Draw, pack: Draw, recall: float
) -> None:
    rng = np.random.default_rng(11)
    people = draw_people(rng, 2000)
    copies = draw_copies(rng, people, rng.uniform(0.02, 0.3, 2000))
    known = shown(pack(people), pack(copies), lowest=0.8, rows=np.arange(1000))
    plan, less = (
        plan_lsh(known, bits=1024, completeness=recall),
        plan_lsh(known, bits=1024, completeness=0.5),
    )
    assert plan.completeness >= recall
    width, tables = plan.bits_per_table, plan.tables
    assert tables * width > less.tables * less.bits_per_table
    met = sharing(known.a, known.b, np.arange(1000, 2000), np.arange(1000, 2000), plan.positions())
    assert met.mean() == pytest.approx(plan.completeness, abs=0.03 if recall < 0.99 else 0.01)


def test_bits_that_are_the_same_in_all_filters_are_not_sampled(
    draw_people: Draw, pack: Draw
) -> None:
    """They put everybody into the same buckets."""
    dense = draw_people(np.random.default_rng(12), 500)
    dense[:, 100:300] = True
    dense[:, 500:600] = False
    plan = plan_lsh(shown(pack(dense), pack(dense), lowest=0.84), bits=1024)
    sampled = set(plan.pool.tolist())
    assert not sampled & {*range(100, 300), *range(500, 600)}
    assert set(plan.positions().ravel().tolist()) <= sampled


def test_expected_share_is_met(draw_people: Draw, pack: Draw) -> None:
    """As many pairs share a bucket as the plan says, in files with one crowded bucket, too."""
    rng = np.random.default_rng(8)
    people, others = draw_people(rng, 1000), draw_people(rng, 1000)
    people[:100] = people[0]
    others[:100] = people[0]
    a, b = pack(people), pack(others)
    plan = plan_lsh(shown(a, b, lowest=0.76), bits=1024)
    positions = plan.positions()
    codes_a, codes_b = bucket_codes(a, positions), bucket_codes(b, positions)
    meetings = sum(
        int((codes_a[:, t, None] == codes_b[None, :, t]).sum()) for t in range(plan.tables)
    )
    assert meetings / 1e6 == pytest.approx(plan.expected_share, rel=0.3)


def test_sharing_is_what_the_buckets_say(draw_people: Draw, draw_copies: Draw, pack: Draw) -> None:
    """A pair shares a bucket where its codes are equal in some table; of no tables in none."""
    rng = np.random.default_rng(13)
    people = draw_people(rng, 300)
    a, b = pack(people), pack(draw_copies(rng, people, rng.uniform(0.0, 0.5, 300)))
    positions = plan_of(6, 9, 1024).positions()
    left, right = rng.integers(0, 300, 5000), rng.integers(0, 300, 5000)
    left[:300] = right[:300] = np.arange(300)
    equal = bucket_codes(a, positions)[left] == bucket_codes(b, positions)[right]
    np.testing.assert_array_equal(sharing(a, b, left, right, positions), equal.any(axis=1))
    assert not sharing(a, b, left, right, positions[:0]).any()


def test_the_check_is_made_with_records_that_did_not_plan(
    draw_people: Draw, draw_copies: Draw, pack: Draw
) -> None:
    """Those of even numbers show equal filters, those of odd ones hardly alike ones: the plan suits the former only.

    A plan that were checked with what it was made for would always find what it promises.
    """
    rng = np.random.default_rng(14)
    people = draw_people(rng, 400)
    unlike = np.arange(400) % 2 == 1
    copies = draw_copies(rng, people, np.where(unlike, 0.7, 0.0))
    known = shown(pack(people), pack(copies), lowest=0.8, rows=np.arange(400))
    likely = np.where(unlike, 0.75, 1.0)
    plan = plan_lsh(replace(known, probability=likely), bits=1024)
    assert plan.completeness == 1
    assert plan.checked == 200 * 0.75
    met = sharing(known.a, known.b, np.arange(400), np.arange(400), plan.positions())
    assert met[~unlike].all()
    assert plan.found[0] == pytest.approx(met[unlike].mean())
    assert plan.found[2] < 0.5


def test_without_matches_every_one_counts_as_the_weakest(draw_people: Draw, pack: Draw) -> None:
    words = pack(draw_people(np.random.default_rng(9), 50))
    plan = plan_lsh(shown(words, words, lowest=0.84), bits=1024)
    assert plan.completeness == pytest.approx(plan.at_threshold)
    assert plan.completeness >= 0.99


def test_plan_is_fixed_for_fixed_files(draw_people: Draw, pack: Draw) -> None:
    words = pack(draw_people(np.random.default_rng(9), 50))
    plans = [plan_lsh(shown(words, words, lowest=0.84), bits=1024) for _ in range(2)]
    np.testing.assert_array_equal(plans[0].positions(), plans[1].positions())


@pytest.mark.parametrize("bits", [32, 64, 100])
def test_short_filters_one_record_and_empty_filters(pack: Draw, bits: int) -> None:
    """The plan stands, and says what it reaches."""
    for dense in (np.zeros((3, bits), bool), np.ones((1, bits), bool)):
        plan = plan_lsh(shown(pack(dense), pack(dense), lowest=0.84), bits=bits)
        assert 1 <= plan.tables <= MOST_TABLES
        assert 0 <= plan.completeness <= 1
        assert 0 <= plan.expected_share <= plan.tables
        codes = bucket_codes(pack(dense), plan.positions())
        assert (codes == codes[0]).all()


def test_unreachable_completeness_is_admitted(draw_people: Draw, pack: Draw) -> None:
    """At an agreement below that of chance no number of tables is enough; the plan does not pretend."""
    words = pack(draw_people(np.random.default_rng(10), 200))
    plan = plan_lsh(shown(words, words, lowest=0.21), bits=1024, completeness=1 - 1e-12)
    assert plan.completeness < 1 - 1e-12
