"""Draws are the same everywhere, stay within their bounds and are as likely as their weights."""

from __future__ import annotations

import itertools
from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.synth.draw import Dice, Stream, hashed, weights_to_bounds

seeds = st.integers(0, (1 << 64) - 1)
MASK = (1 << 64) - 1


def split_mix(state: int) -> int:
    """The output function of SplitMix64 (Steele, Lea and Flood 2014), the obvious way."""
    word = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB & MASK
    return word ^ (word >> 31)


def test_dice_are_split_mix_64() -> None:
    """The published first words for the state 1234567."""
    words = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    dice = Dice.of(1234567)
    assert [dice.below(1 << 32) for _ in words] == [word >> 32 for word in words]


def test_words_of_a_stream_never_change() -> None:
    """Every made-up file hangs on these: if they change, all of them do."""
    words = Stream(7, "a", 3).words(3).tolist()
    assert words == [14363746927915828709, 6229882409714409997, 3198024171069616875]
    words = Stream(7, "a", 3).words(100).tolist()
    assert Stream(7, "a", 3).below(1000, 100).tolist() == [(w >> 32) * 1000 >> 32 for w in words]
    assert Stream(7, "a", 3).uniform(100).tolist() == [(w >> 11) * 2.0**-53 for w in words]
    assert Stream(7, "a", 3).dice().below(1 << 32) == words[0] >> 32


@given(st.integers(0, MASK), st.integers(1, 1 << 31))
def test_hashed_is_a_permutation_of_words(number: int, step: int) -> None:
    other = (number + step) & MASK
    words = hashed(np.array([number, other], dtype=np.uint64), "p")
    assert words[0] != words[1]


@given(seeds, st.lists(st.integers(0, (1 << 63) - 1), min_size=1, max_size=20))
def test_hashed_words_equal_their_slow_twin(seed: int, numbers: list[int]) -> None:
    key = int.from_bytes(blake2b(f"{seed}\x1fx".encode(), digest_size=8).digest(), "little")
    golden = 0x9E3779B97F4A7C15
    slow = [split_mix(((n + key) * golden + golden) & MASK) for n in numbers]
    assert hashed(np.array(numbers, dtype=np.int64), seed, "x").tolist() == slow


@given(seeds, st.lists(st.integers(1, 1 << 31), min_size=1, max_size=50))
def test_below_keeps_below(seed: int, bounds: list[int]) -> None:
    drawn = Stream(seed, "b").below(np.array(bounds, dtype=np.int64))
    assert (drawn >= 0).all()
    assert (drawn < np.array(bounds)).all()
    dice = Stream(seed, "b").dice()
    assert [dice.below(bound) for bound in bounds] == drawn.tolist()


@given(seeds, st.integers(-50, 50), st.integers(0, 100))
def test_between_takes_both_ends_and_one_takes_any(seed: int, low: int, width: int) -> None:
    dice = Dice.of(seed)
    assert all(low <= dice.between(low, low + width) <= low + width for _ in range(20))
    assert {Dice.of(n).between(1, 3) for n in range(60)} == {1, 2, 3}
    assert {Dice.of(n).one("abc") for n in range(60)} == set("abc")


def test_chance_is_met() -> None:
    dice = Dice.of(3)
    assert abs(sum(dice.chance(0.3) for _ in range(20_000)) / 20_000 - 0.3) < 0.015
    assert not any(dice.chance(0.0) for _ in range(100))
    assert all(dice.chance(1.0) for _ in range(100))


@given(seeds, st.integers(0, 300))
def test_order_is_a_permutation(seed: int, count: int) -> None:
    assert sorted(Stream(seed, "o").order(count).tolist()) == list(range(count))


@given(seeds, st.lists(st.integers(0, 1 << 40), min_size=1, max_size=30).filter(any))
def test_a_place_of_weight_0_is_never_drawn(seed: int, weights: list[int]) -> None:
    bounds = weights_to_bounds(weights)
    assert bounds[-1] < 1 << 31
    drawn = Stream(seed, "w").weighted(bounds, 200)
    assert all(weights[place] > 0 for place in drawn.tolist())


def test_weights_are_met() -> None:
    weights = [0, 5, 1, 0, 3, 1, 0]
    drawn = Stream(1, "w").weighted(weights_to_bounds(weights), 100_000)
    share = np.bincount(drawn, minlength=7) / 100_000
    assert np.abs(share - np.array(weights) / 10).max() < 0.008


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1, 5]])
def test_weights_that_mean_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="non-negative"):
        weights_to_bounds(weights)


def test_uniform_numbers_are_uniform_and_independent_of_other_paths() -> None:
    streams = [
        Stream(*path).uniform(20_000) for path in ((1, "a"), (1, "b"), (2, "a"), (1, "a", 0))
    ]
    for numbers in streams:
        assert numbers.min() >= 0
        assert numbers.max() < 1
        ordered = np.sort(numbers)
        assert np.abs(ordered - np.arange(20_000) / 20_000).max() < 1.63 / 20_000**0.5  # 1 % level
    for one, other in itertools.combinations(streams, 2):
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.03


def test_a_longer_draw_begins_with_the_shorter_one() -> None:
    assert Stream(5, "x").words(10).tolist() == Stream(5, "x").words(10_000)[:10].tolist()
