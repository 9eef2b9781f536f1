"""Numbers in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.base.words import decimal, percent, whole
from pprl.quality.metrics import proportion
from pprl.quality.report.words import interval


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "not defined"),
        (0.0, "0.0 %"),
        (1.0, "100.0 %"),
        (0.9731, "97.3 %"),
        (0.9999, "99.99 %"),
        (0.99999, "99.999 %"),
        (0.9999999, "over 99.999 %"),
        (0.0004, "0.04 %"),
        (0.0000001, "under 0.001 %"),
    ],
)
def test_percentages_are_short_and_honest(value, text):
    assert percent(value) == text


@given(st.floats(0, 1))
def test_only_all_is_100_percent_and_only_none_is_0(value):
    assert (percent(value) == "100.0 %") == (value == 1)
    assert (percent(value) == "0.0 %") == (value == 0)


@pytest.mark.parametrize(
    ("value", "text"), [(0.7, "0.70"), (0.755, "0.755"), (0.71239, "0.7124"), (1.0, "1.00")]
)
def test_thresholds_have_two_to_four_decimals(value, text):
    assert decimal(value) == text


def test_counts_are_grouped_and_intervals_carry_one_sign():
    assert whole(24_920_000) == "24,920,000"
    assert interval(proportion(8, 10)) == "49.0 to 94.3 %"
