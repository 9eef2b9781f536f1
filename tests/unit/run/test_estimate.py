"""What a linkage is expected to be worth: sums of probabilities, with intervals that hold them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logit

from pprl.exchange.links.run_entries import ExpectedQuality
from pprl.unit.run.estimate import curve, estimate_quality
from pprl.unit.weighing.model import ModelError

PROBABILITIES = st.lists(st.floats(0, 1), max_size=40).map(np.array)
PROPERTY = settings(max_examples=150, deadline=None)

ERROR = ModelError(precision=0.7, recall=0.6, doubt=0.5, unseen=0.01)
RIGHT = ModelError(
    precision=0.0, recall=0.0, doubt=0.0, unseen=0.0
)  # of a model that is never wrong


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


def spread_of(low: float, high: float) -> float:
    """The standard deviation that a 95 % interval claims, on the scale of log-odds."""
    return float(logit(high) - logit(low)) / 2 / 1.96


def test_intervals_are_as_wide_as_the_truth_scatters() -> None:
    """Where the model is right: the precision by chance among the links, the recall by chance among all else too."""
    rng = np.random.default_rng(2)
    accepted = np.arange(3500) < 3000
    unsure = np.concatenate([rng.beta(30, 1, 3000), np.full(500, 0.1)])
    made = estimate_quality(unsure, accepted, unlisted=100.0, error=RIGHT)
    right = [(rng.random(3000) < unsure[:3000]).sum() for _ in range(2000)]
    told = spread_of(made.precision_low, made.precision_high)
    assert told == pytest.approx(np.std(logit(np.array(right) / 3000)), rel=0.15)
    sure = np.where(accepted, 0.9995, 0.1)
    made = estimate_quality(sure, accepted, unlisted=100.0, error=RIGHT)
    recall = []
    for _ in range(2000):
        true = rng.random(3500) < sure
        recall.append((true & accepted).sum() / (true.sum() + rng.poisson(100)))
    told = spread_of(made.recall_low, made.recall_high)
    assert told == pytest.approx(np.std(logit(recall)), rel=0.15)


def many_links(error: ModelError = RIGHT, **unlisted: float) -> ExpectedQuality:
    """Ten thousand certain links, so that sampling adds next to nothing."""
    links = np.ones(10_000)
    return estimate_quality(links, links > 0, error=error, **{"unlisted": 1000.0, **unlisted})


def test_the_recall_reaches_from_the_most_unlisted_matches_to_the_least() -> None:
    """And to the matches that may not be there at all, and to those that no score shows."""
    made = many_links()
    assert made.recall_low == pytest.approx(10 / 11, abs=0.01)
    assert made.recall_high == pytest.approx(10 / 11, abs=0.01)
    assert many_links(unlisted_high=3000.0).recall_low == pytest.approx(10 / 13, abs=0.01)
    assert many_links(unlisted_high=3000.0).recall_high == made.recall_high
    assert many_links(unlisted_low=200.0).recall_high == pytest.approx(10 / 10.2, abs=0.01)
    assert many_links(unlisted_low=200.0).recall_low == made.recall_low
    doubted = many_links(replace(RIGHT, doubt=0.6))
    assert doubted.recall_high == pytest.approx(10 / 10.4, abs=0.01)
    assert doubted.recall_low == made.recall_low
    unseen = many_links(replace(RIGHT, unseen=0.2))
    assert unseen.recall_low == pytest.approx(10 / 13, abs=0.01)
    assert unseen.recall_high == made.recall_high
    for changed in (doubted, unseen, many_links(unlisted_low=200.0, unlisted_high=3000.0)):
        assert changed.recall == made.recall == pytest.approx(10 / 11)
        assert changed.matches == made.matches


@pytest.mark.parametrize("links", [7, 40, 300])
def test_an_interval_ends_at_whole_links(links: int) -> None:
    """Rounded outwards, so that it may end at 1 where less than one wrong link is expected."""
    probability = np.full(links, 0.93)
    every = np.ones(1000 * links, bool)
    exact = estimate_quality(np.tile(probability, 1000), every, unlisted=0.0, error=RIGHT)
    made = estimate_quality(probability, every[:links], unlisted=0.0, error=RIGHT)
    for end in (made.precision_low, made.precision_high):
        assert end * links == pytest.approx(round(end * links))
    assert made.precision_low < exact.precision < made.precision_high
    sure = estimate_quality(
        np.full(links, 1 - 0.1 / links), every[:links], unlisted=0.0, error=ERROR
    )
    assert sure.precision_high == 1.0


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
