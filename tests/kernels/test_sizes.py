"""The weights of the smaller and the larger filter: what they mean, and the bounds that rest on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_kernels import slow_dice_matrix

from pprl.base.arrays import Words
from pprl.kernels import dice, packed

POPCOUNTS = st.integers(0, 300)
THRESHOLDS = st.sampled_from([0.05, 0.5, 2 / 3, 0.8, 0.9, 1.0]) | st.floats(0.01, 1.0)
SIZES = st.sampled_from([(1, 1), (3, 1), (100, 1)]) | st.tuples(
    st.integers(1, 100), st.integers(1, 100)
).map(lambda two: (max(two), min(two)))
PROPERTY = settings(max_examples=200, deadline=None)


def filter_of(*bits: int) -> Words:
    """Give a table of one filter with the given bits."""
    return np.array([[sum(1 << bit for bit in bits)]], dtype=np.uint64)


def attaining(
    threshold: float, sizes: tuple[int, int], one: int, lowest: int, highest: int
) -> list[int]:
    """List the distances at which popcounts `one` and `lowest` to `highest` attain a threshold."""
    p, q = sizes
    distances = []
    for other in range(lowest, highest + 1):
        key = p * min(one, other) + q * max(one, other)
        for common in range(min(one, other) + 1):
            if key and (p + q) * common / key >= threshold:
                distances.append(one + other - 2 * common)
    return distances


@PROPERTY
@given(THRESHOLDS, SIZES, POPCOUNTS, POPCOUNTS, st.integers(0, 40))
def test_a_group_limit_covers_every_pair_of_the_group(
    threshold: float, sizes: tuple[int, int], one: int, lowest: int, span: int
) -> None:
    """No pair that reaches the threshold lies past the limit, and the limit is no bit too wide."""
    slopes = packed.limit_slopes(threshold, sizes)
    limit = packed.group_limit(slopes, one, lowest, lowest + span)
    distances = attaining(threshold, sizes, one, lowest, lowest + span)
    assert max(distances, default=-1) <= limit
    if lowest <= one <= lowest + span and span == 0 and one > 0:
        assert limit - max(distances) <= 1  # but for parity


@PROPERTY
@given(THRESHOLDS, SIZES, POPCOUNTS, POPCOUNTS)
def test_uneven_popcounts_are_those_that_no_pair_bridges(
    threshold: float, sizes: tuple[int, int], one: int, other: int
) -> None:
    """Two popcounts are too uneven where not even a filter within the other reaches the threshold."""
    smaller, larger = min(one, other), max(one, other)
    needed = packed.needed_common(threshold, packed.size_key(sizes, smaller, larger), sizes)
    uneven = packed.too_uneven(needed, sizes, smaller, larger)
    if smaller < larger:
        assert uneven == (not attaining(threshold, sizes, smaller, larger, larger))
    else:
        assert not uneven


def test_a_missing_field_costs_less() -> None:
    """A filter within another twice as full has Dice 2/3; as (3, 1) it is 0.8."""
    whole, part, pair = filter_of(*range(20)), filter_of(*range(10)), np.array([0])
    assert dice.dice_pairs(whole, part, pair, pair).tolist() == [2 * 10 / 30]
    assert dice.dice_pairs(whole, part, pair, pair, sizes=(3, 1)).tolist() == [0.8]
    assert dice.dice_pairs(part, whole, pair, pair, sizes=(3, 1)).tolist() == [0.8]
    left, _, score = dice.dice_scan(whole, part, threshold=0.8, sizes=(3, 1))
    assert (left.tolist(), score.tolist()) == ([0], [0.8])
    assert len(dice.dice_scan(whole, part, threshold=0.8)[0]) == 0


@pytest.mark.parametrize("sizes", [(1, 1), (3, 1), (7, 2), (100, 1)])
def test_equally_full_filters_have_their_dice(sizes: tuple[int, int]) -> None:
    """The weights matter only where popcounts differ; filters are never more than equal."""
    rng = np.random.default_rng(1)
    order = rng.permuted(np.tile(np.arange(64) < 20, (50, 1)), axis=1)
    a = np.packbits(order, axis=1, bitorder="little").view(np.uint64)
    np.testing.assert_allclose(slow_dice_matrix(a, a, sizes), slow_dice_matrix(a, a), rtol=1e-15)
    assert dice.histogram_and_best(a, a, np.arange(50), bins=10, sizes=sizes)[1].max() == 1.0


@pytest.mark.parametrize("sizes", [(1, 1), (3, 1)])
def test_empty_filters_score_nothing(sizes: tuple[int, int]) -> None:
    """Empty against empty is 0.0, as empty against anything is."""
    tables = np.concatenate([filter_of(), filter_of(), filter_of(1)])
    rows = np.arange(2)
    assert dice.dice_pairs(tables, tables, rows, rows + 1, sizes=sizes).tolist() == [0.0, 0.0]
    assert dice.score_histogram(tables, tables, rows, bins=2, sizes=sizes).tolist() == [6, 0]
    found = dice.dice_scan(tables, tables, threshold=0.01, sizes=sizes, same=True)
    assert len(found[0]) == 0


@pytest.mark.parametrize("sizes", [(0, 0), (1, 0), (1, 3), (101, 1), (-1, -1), (1,), (1, 1, 1)])
@pytest.mark.parametrize(
    "run",
    [
        lambda a, row, **sizes: dice.dice_scan(a, a, threshold=0.8, **sizes),
        lambda a, row, **sizes: dice.dice_pairs(a, a, row, row, **sizes),
        lambda a, row, **sizes: dice.histogram_and_best(a, a, row, bins=2, **sizes),
        lambda a, row, **sizes: dice.score_histogram(a, a, row, bins=2, **sizes),
        lambda a, row, **sizes: dice.grouped_scan(
            a, a, np.zeros((1, 1), np.int32), np.zeros((1, 1), np.int32), threshold=0.8, **sizes
        ),
    ],
)
def test_sizes_that_are_no_weights_are_refused(
    run: Callable[..., Any], sizes: tuple[int, ...]
) -> None:
    """The smaller filter counts at least as much as the larger, and both count."""
    with pytest.raises(ValueError, match="sizes must"):
        run(filter_of(1), np.array([0]), sizes=sizes)


def test_sizes_that_are_no_integers_are_refused() -> None:
    """A key of fractions would be no place in a table."""
    with pytest.raises(TypeError):
        dice.dice_scan(filter_of(1), filter_of(1), threshold=0.8, sizes=(1.5, 1))  # type: ignore[arg-type]
