"""Pairwise counts and intervals."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.base.intervals import wilson_interval
from pprl.quality.metrics import attainable_pairs, count_pairs, f1_rate, measure, proportion

records = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=30)
counts = st.tuples(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))


def columns(rows: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(rows, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


@given(records, st.booleans())
def test_pairs_are_counted_as_if_each_were_looked_at(rows, within):
    """The counts from group sizes equal those of a loop over all pairs."""
    expected = sum(a[0] == b[0] and (within or a[1] != b[1]) for a, b in combinations(rows, 2))
    assert count_pairs(*columns(rows), within=within) == expected


def test_a_huge_group_is_counted_without_listing_its_pairs():
    """A million records of one person make half a billion pairs, at once."""
    n = 1_000_000
    groups = np.zeros(n, dtype=np.int64)
    parties = np.arange(n, dtype=np.int64) % 2
    assert count_pairs(groups, parties, within=True) == n * (n - 1) // 2
    assert count_pairs(groups, parties, within=False) == (n // 2) ** 2


@given(records)
def test_attainable_pairs_take_each_record_once_for_each_other_party(rows):
    """For every person and two parties, as many pairs as the smaller side has records."""
    expected = 0
    for person in {person for person, _ in rows}:
        for a, b in combinations(range(4), 2):
            expected += min(rows.count((person, a)), rows.count((person, b)))
    found = attainable_pairs(*columns(rows))
    assert found == expected
    assert found <= count_pairs(*columns(rows), within=False)


def test_a_rate_has_its_wilson_interval():
    rate = proportion(8, 10)
    assert (rate.value, (rate.low, rate.high)) == (0.8, wilson_interval(8, 10))
    nothing = proportion(0, 0)
    assert (nothing.value, nothing.low, nothing.high) == (None, 0.0, 1.0)


@given(st.integers(0, 300), st.integers(0, 300))
def test_an_interval_holds_its_value_and_stays_within_0_and_1(successes, failures):
    rate = proportion(successes, successes + failures)
    assert 0 <= rate.low <= rate.high <= 1
    if rate.value is None:
        assert successes + failures == 0
    else:
        assert rate.low <= rate.value <= rate.high


@given(st.integers(0, 60), st.integers(1, 60))
def test_an_interval_narrows_with_more_pairs(successes, failures):
    small, large = proportion(successes, successes + failures), None
    large = proportion(100 * successes, 100 * (successes + failures))
    assert large.high - large.low < small.high - small.low


@pytest.mark.parametrize(("successes", "trials"), [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(successes, trials):
    with pytest.raises(ValueError, match="between"):
        proportion(successes, trials)


@given(counts)
def test_f1_is_the_harmonic_mean_and_lies_in_its_interval(numbers):
    true_positives, false_positives, false_negatives = numbers
    quality = measure(
        true_positives=true_positives,
        found_pairs=true_positives + false_positives,
        true_pairs=true_positives + false_negatives,
    )
    assert quality.f1 == f1_rate(*numbers)
    p, r = quality.precision.value, quality.recall.value
    if p and r:
        assert quality.f1.value == pytest.approx(2 * p * r / (p + r))
    if quality.f1.value is not None:
        assert 0 <= quality.f1.low <= quality.f1.value <= quality.f1.high <= 1


def test_rates_of_nothing_are_not_defined():
    """No found and no true pair: no rate, and an interval that says nothing."""
    quality = measure(true_positives=0, found_pairs=0, true_pairs=0)
    for rate in (quality.precision, quality.recall, quality.f1):
        assert (rate.value, rate.low, rate.high) == (None, 0.0, 1.0)
