"""The score mixture finds the share of matches that the scores were drawn with, and weights that rise."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pprl.unit.weighing.record.scores import (
    BINS,
    carried_over,
    chance_alone,
    chance_inside,
    fit_scores,
)

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
EDGES = np.arange(BINS + 1) / BINS
STRANGERS = stats.norm(0.45, 0.045)
MATCHES = stats.norm(0.88, 0.06)
LARGE: Any = {"sizes": (2500, 2000), "matches": np.zeros(BINS)}


def shares(law: stats.rv_continuous) -> Floats:
    made = np.diff(law.cdf(EDGES))
    return made / made.sum()


def draw(
    rng: np.random.Generator, pairs: int, share: float, *, other: stats.rv_continuous = STRANGERS
) -> Counts:
    """Draw a histogram of the scores of strangers and matches."""
    return rng.multinomial(pairs, share * shares(MATCHES) + (1 - share) * shares(other))


@pytest.mark.parametrize("matches", [3000, 1000, 300, 30])
def test_the_share_of_matches_is_found(matches: int) -> None:
    """In four million pairs, most of them of strangers; the bounds hold it."""
    pairs = 4_000_000
    rng = np.random.default_rng(1)
    fitted = fit_scores(
        draw(rng, pairs, matches / pairs), chance_inside(draw(rng, pairs, 0)), first=1e-4
    )
    assert fitted.converged
    assert fitted.share * pairs == pytest.approx(matches, rel=0.2, abs=15)
    assert fitted.least * pairs <= 1.05 * matches
    assert fitted.most * pairs >= 0.95 * matches
    assert fitted.least <= fitted.share <= fitted.most
    if matches == 3000:
        middle = float((fitted.match * (EDGES[:-1] + 0.5 / BINS)).sum())
        assert middle == pytest.approx(0.88, abs=0.01)


def test_the_weight_is_the_likelihood_ratio() -> None:
    """Between the two crowds, where both are seen, it is the true one."""
    pairs = 50_000_000
    rng = np.random.default_rng(2)
    fitted = fit_scores(draw(rng, pairs, 1e-3), chance_inside(draw(rng, pairs, 0)), first=1e-4)
    score = np.array([0.65, 0.68])
    true = MATCHES.logpdf(score) - STRANGERS.logpdf(score)
    np.testing.assert_allclose(fitted.of(score), true, atol=1.5)


def test_no_match_is_found_where_none_is() -> None:
    pairs = 4_000_000
    rng = np.random.default_rng(3)
    fitted = fit_scores(draw(rng, pairs, 0), chance_inside(draw(rng, pairs, 0)), first=1e-4)
    assert fitted.least * pairs < 5


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 5, 500]), st.integers(1, 10**6))
def test_whatever_the_counts_weights_rise_and_shares_are_shares(
    seed: int, bins: int, most: int
) -> None:
    rng = np.random.default_rng(seed)
    counts = np.zeros(BINS, np.int64)
    counts[rng.integers(0, BINS, bins)] = rng.integers(0, most, bins)
    inside = np.zeros(BINS, np.int64)
    inside[rng.integers(0, BINS, bins)] = rng.integers(0, most, bins)
    fitted = fit_scores(counts, chance_inside(inside), first=1e-3)
    assert (np.diff(fitted.log_ratio) >= 0).all()
    assert np.isfinite(fitted.log_ratio).all()
    assert 0 <= fitted.least <= fitted.share <= fitted.most <= 1 + 1e-9
    assert fitted.match.sum() == pytest.approx(1)
    score = rng.random(5)
    assert (np.diff(fitted.of(np.sort(score))) >= 0).all()
    first = fitted.first_at(float(fitted.log_ratio[600]))
    assert first <= 0.6005
    assert fitted.of(np.array([first]))[0] >= fitted.log_ratio[600] - 1e-9
    assert fitted.first_at(float(fitted.log_ratio[-1]) + 1) == 1.0


def test_scores_inside_say_what_chance_does() -> None:
    """Where there are many pairs they stand as counted; the thin tail falls on and ends nowhere."""
    counts = draw(np.random.default_rng(4), 1_000_000, 0)
    made = chance_inside(counts)
    assert made.sum() == pytest.approx(1)
    assert (made > 0).all()
    bulk = np.cumsum(counts[::-1])[::-1] > 1000
    np.testing.assert_allclose(made[bulk], counts[bulk] / 1_000_000, rtol=1e-6, atol=1e-9)
    last = int(np.flatnonzero(counts)[-1])
    above = made[last + 1 :]
    assert (np.diff(above) <= 0).all()
    assert above.sum() < 1e-5
    assert chance_inside(np.zeros(BINS, np.int64)).tolist() == [1 / BINS] * BINS


def test_a_lone_pair_of_twins_is_no_proof() -> None:
    """One pair of one file that scores like a match makes such scores possible for strangers, not common."""
    counts = draw(np.random.default_rng(5), 1_000_000, 0)
    counts[950] += 1
    made = chance_inside(counts)
    assert 1e-7 < made[950] < 1e-6


def test_chance_carried_over_to_files_like_these_stays_as_it_is() -> None:
    inside = shares(STRANGERS)
    same = carried_over(inside, np.round(inside * 1e12).astype(np.int64), **LARGE)
    np.testing.assert_allclose(same, inside, rtol=1e-3, atol=1e-9)
    assert carried_over(inside, np.zeros(BINS, np.int64), **LARGE) is inside
    lone = np.zeros(BINS, np.int64)
    lone[500] = 9
    assert np.isfinite(carried_over(inside, lone, **LARGE)).all()


@pytest.mark.parametrize(("shift", "wider"), [(0.03, 1.0), (-0.02, 1.0), (0.0, 1.2), (0.02, 0.9)])
def test_chance_follows_files_that_are_fuller_or_more_careful(shift: float, wider: float) -> None:
    """The matches among the pairs across do not move it."""
    law = stats.norm(0.45 + shift, 0.045 * wider)
    across = draw(np.random.default_rng(6), 5_000_000, 2e-4, other=law)
    moved = carried_over(shares(STRANGERS), across, **LARGE)
    assert moved.sum() == pytest.approx(1)
    assert np.abs(moved - shares(law)).sum() < 0.04
    above = int(0.62 * BINS)
    assert moved[above:].sum() == pytest.approx(shares(law)[above:].sum(), rel=0.5)


@pytest.mark.parametrize("matches", [78, 40, 0])
def test_in_small_files_the_matches_do_not_pass_for_chance(matches: int) -> None:
    """Of 80 x 80 pairs one in eighty may be a match: chance is not stretched up to them."""
    rng = np.random.default_rng(8)
    pairs = 80 * 80
    inside = chance_inside(draw(rng, pairs, 0))
    counts = draw(rng, pairs, matches / pairs)
    known = np.zeros(BINS)
    for _ in range(2):
        chance = carried_over(inside, counts, sizes=(80, 80), matches=known)
        fitted = fit_scores(counts, chance, first=0.3 / 80)
        known = fitted.share * fitted.match * pairs
    assert chance[700:].sum() * pairs < 1
    assert fitted.share * pairs == pytest.approx(matches, rel=0.15, abs=4)


def test_with_one_file_chance_is_carried_on_from_the_bulk() -> None:
    """Duplicates at the top are not taken for chance, and everything up to relatives is."""
    size = 4000
    pairs = size * (size - 1)
    counts = draw(np.random.default_rng(7), pairs, 400 / pairs)
    made = chance_alone(counts, size, relatives=0.6)
    assert made.sum() == pytest.approx(1, abs=1e-3)
    assert made[700:].sum() < 1e-6
    tail = slice(600, 640)
    assert 0.1 < made[tail].sum() / shares(STRANGERS)[tail].sum() < 10
    np.testing.assert_allclose(made[:500], counts[:500] / pairs, atol=1e-4)
    kept = chance_alone(counts, size, relatives=0.8)
    assert kept[:800].sum() * pairs >= counts[600:800].sum()
    fitted = fit_scores(counts, made, first=0.3 / size)
    assert fitted.share * pairs == pytest.approx(400, rel=0.4)
