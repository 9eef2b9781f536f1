"""What a linkage is expected to be worth: sums of probabilities, with intervals that hold them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.unit.run.estimate import curve, estimate_quality
from pprl.unit.weighing.model import ModelError

PROBABILITIES = st.lists(st.floats(0, 1), max_size=40).map(np.array)
PROPERTY = settings(max_examples=150, deadline=None)

ERROR = ModelError(precision=0.7, recall=0.6, doubt=0.5, unseen=0.01)


@PROPERTY
@given(PROBABILITIES, st.data(), st.floats(0, 1000), st.floats(0, 1), st.floats(0, 1000))
def test_intervals_hold_the_estimates(
    probability: np.ndarray, data: st.DataObject, unlisted: float, less: float, more: float
) -> None:
    n = len(probability)
    accepted = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), bool)
    made = estimate_quality(
        probability,
        accepted,
        unlisted=unlisted,
        unlisted_low=unlisted * less,
        unlisted_high=unlisted + more,
        error=ERROR,
    )
    true = probability[accepted].sum() if n else 0.0
    total = (probability.sum() if n else 0.0) + unlisted
    assert made.links == accepted.sum()
    assert made.matches == pytest.approx(total)
    if made.links:
        assert made.precision == pytest.approx(true / made.links)
    if total > 1e-9:
        assert made.recall == pytest.approx(true / total)
    for low, middle, high in (
        (made.precision_low, made.precision, made.precision_high),
        (made.recall_low, made.recall, made.recall_high),
    ):
        assert 0 <= low <= middle <= high <= 1
    assert made.f1 == pytest.approx(2 * true / (made.links + total) if made.links + total else 0)
    sure = estimate_quality(probability, accepted, unlisted=unlisted, error=ERROR)
    one = 1 / max(total, 1.0)  # ends are rounded to whole matches
    assert made.recall_low <= sure.recall_low + one
    assert made.recall_high >= sure.recall_high - one


def test_more_links_make_intervals_narrower_but_never_nothing() -> None:
    """The model itself may be wrong, however many pairs there are."""
    widths = []
    for n in (10, 100, 10_000, 1_000_000):
        made = estimate_quality(np.full(n, 0.95), np.ones(n, bool), unlisted=0.05 * n, error=ERROR)
        widths.append(made.precision_high - made.precision_low)
        assert made.precision == pytest.approx(0.95)
        assert made.recall == pytest.approx(0.95)
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] > 0.01


def test_without_a_link_nothing_is_claimed() -> None:
    none = estimate_quality(np.zeros(0), np.zeros(0, bool), unlisted=0.0, error=ERROR)
    assert (none.links, none.matches, none.f1) == (0, 0.0, 0.0)
    assert (none.precision_low, none.precision_high) == (0.0, 1.0)
    assert (none.recall_low, none.recall_high) == (0.0, 1.0)
    missed = estimate_quality(np.full(3, 0.4), np.zeros(3, bool), unlisted=10.0, error=ERROR)
    assert missed.recall == missed.recall_low == 0.0
    assert missed.matches == pytest.approx(11.2)
    assert (missed.precision_low, missed.precision_high) == (0.0, 1.0)


def test_certain_links_are_not_certain() -> None:
    """A few links with probability 1 are no proof of a precision of 1."""
    few = estimate_quality(np.ones(5), np.ones(5, bool), unlisted=0.0, error=ERROR)
    assert few.precision == few.precision_high == 1.0
    assert few.precision_low < 0.9
    many = estimate_quality(np.ones(5000), np.ones(5000, bool), unlisted=0.0, error=ERROR)
    assert few.precision_low < many.precision_low < 1


def test_the_truth_lies_in_the_interval_when_the_probabilities_are_right() -> None:
    """At least as often as promised; the model's own error, which is not simulated here, only widens it."""
    rng = np.random.default_rng(1)
    held = {"precision": 0, "recall": 0}
    for _ in range(200):
        probability = rng.beta(0.3, 0.3, 300)
        true = rng.random(300) < probability
        accepted = probability >= 0.5
        unlisted = rng.poisson(20)
        made = estimate_quality(probability, accepted, unlisted=20.0, error=ERROR)
        precision = (true & accepted).sum() / accepted.sum()
        recall = (true & accepted).sum() / (true.sum() + unlisted)
        held["precision"] += made.precision_low <= precision <= made.precision_high
        held["recall"] += made.recall_low <= recall <= made.recall_high
    assert held["precision"] >= 190
    assert held["recall"] >= 190


@PROPERTY
@given(
    st.lists(st.tuples(st.floats(0.3, 1), st.floats(0, 1)), max_size=30),
    st.floats(0.3, 1),
    st.floats(0, 50),
)
def test_the_curve_counts_what_lies_over_each_threshold(
    pairs: list[tuple[float, float]], value: float, more: float
) -> None:
    score, probability = np.array(pairs).reshape(-1, 2).T
    matches = float(probability.sum()) + more
    rows = curve(score, probability, matches=matches, least=0.3, value=value)
    thresholds = [row.threshold for row in rows]
    assert thresholds == sorted(set(thresholds))
    assert round(value, 4) in thresholds or not (score >= round(value, 4)).any()
    for row in rows:
        over = score >= row.threshold - 1e-12
        true = probability[over].sum()
        assert row.links == over.sum() > 0
        assert row.expected_false == pytest.approx(over.sum() - true, abs=0.01)
        assert row.precision == pytest.approx(true / over.sum(), abs=1e-4)
        assert row.recall == pytest.approx(true / matches if matches else 0, abs=1e-4)
        assert row.f1 == pytest.approx(2 * true / (over.sum() + matches), abs=1e-4)
    links = [row.links for row in rows]
    assert links == sorted(links, reverse=True)


def test_a_curve_of_nothing_is_empty() -> None:
    none = np.zeros(0)
    assert curve(none, none, matches=0.0, least=0.5, value=0.8) == ()
