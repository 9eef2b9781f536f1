"""The Wilson interval of a share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from pprl.base.intervals import wilson_interval


def test_the_interval_matches_the_published_example() -> None:
    """8 of 10: 0.490 to 0.943 (Wilson 1927)."""
    low, high = wilson_interval(8, 10)
    assert low == pytest.approx(0.4902, abs=5e-5)
    assert high == pytest.approx(0.9433, abs=5e-5)


@given(st.integers(0, 400), st.integers(0, 400))
def test_whole_numbers_give_what_scipy_gives(successes: int, failures: int) -> None:
    trials = successes + failures
    if trials:
        twin = binomtest(successes, trials).proportion_ci(method="wilson")
        assert wilson_interval(successes, trials) == pytest.approx((twin.low, twin.high), abs=1e-12)


@given(st.floats(0, 1), st.floats(1e-3, 1e9))
def test_expected_numbers_have_an_interval_around_their_share(share: float, trials: float) -> None:
    """Also where hardly anything was tried, or nearly everything found."""
    low, high = wilson_interval(share * trials, trials)
    assert 0 <= low <= share * trials / trials <= high <= 1
    assert (low == 0) >= (share == 0)
    assert (high == 1) >= (share == 1)


@pytest.mark.parametrize(("successes", "trials"), [(-1, 5), (6, 5), (0, 0), (float("nan"), 3)])
def test_impossible_numbers_are_refused(successes: float, trials: float) -> None:
    with pytest.raises(ValueError, match="between 0 and trials"):
        wilson_interval(successes, trials)
