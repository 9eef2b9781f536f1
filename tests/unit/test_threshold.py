"""The automatic threshold links well whatever the overlap, and says so when it can't know."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.unit import reference
from pprl.unit.kernels import dice_scan
from pprl.unit.linking import one_to_one
from pprl.unit.threshold import (
    BINS,
    CrossSample,
    ThresholdEstimate,
    choose,
    estimate_across,
    estimate_within,
)

Draw = Callable[..., np.ndarray]
Words = np.ndarray


def links_between(a: Words, b: Words, threshold: float) -> set[tuple[int, int]]:
    left, right, score = dice_scan(a, b, threshold=threshold)
    accepted, _ = one_to_one(left, right, score, threshold=threshold)
    return set(zip(left[accepted].tolist(), right[accepted].tolist(), strict=True))


def f1(found: set[tuple[int, int]], true: set[tuple[int, int]]) -> float:
    return 2 * len(found & true) / (len(found) + len(true))


def hold_sound(estimate: ThresholdEstimate) -> None:
    """What holds for every estimate."""
    assert 0 < estimate.value <= 1
    for name in ("thresholds", "links", "false", "pairs", "usable"):
        assert getattr(estimate, name).shape == (BINS,)
    for name in ("links", "false", "pairs"):
        values = getattr(estimate, name)
        assert np.isfinite(values).all()
        assert (values >= -1e-9).all()
    assert (estimate.false <= estimate.links + 1e-6).all()
    assert (np.diff(estimate.links) <= 1e-9).all()
    assert np.isfinite(estimate.matches)
    assert estimate.best.shape == estimate.chance.shape == (100,)
    assert np.isfinite(estimate.chance).all()
    for row in estimate.curve(estimate.value):
        assert all(np.isfinite(value) for value in row.values())
        assert 0 <= row["precision"] <= 1
        assert 0 <= row["recall"] <= 1
        assert 0 <= row["f1"] <= 1


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("share", [1.0, 0.5, 0.2, 0.05])
def test_links_well_at_every_overlap(
    draw_files: Callable[..., list[np.ndarray]], pack: Draw, share: float, seed: int
) -> None:
    """No truth is given, and the overlap is not known."""
    common = int(1000 * share)
    files = draw_files(np.random.default_rng(seed), [1000, 1000], common)
    a, b = (pack(dense) for dense in files)
    estimate = estimate_across([a, b])
    hold_sound(estimate)
    true = {(i, i) for i in range(common)}
    assert f1(links_between(a, b, estimate.value), true) >= 0.97
    assert estimate.matches == pytest.approx(common, abs=10 + 0.03 * common)
    assert not estimate.few
    assert not estimate.tiny


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("n", [100, 300, 1000])
def test_no_overlap_gives_hardly_a_link_and_says_so(
    draw_people: Draw, pack: Draw, n: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    a, b = pack(draw_people(rng, n)), pack(draw_people(rng, n))
    estimate = estimate_across([a, b])
    hold_sound(estimate)
    assert len(links_between(a, b, estimate.value)) <= 2
    assert estimate.few


@pytest.mark.parametrize("sizes", [[200, 2000], [2000, 200]])
def test_files_of_unlike_sizes(
    draw_files: Callable[..., list[np.ndarray]], pack: Draw, sizes: list[int]
) -> None:
    files = draw_files(np.random.default_rng(3), sizes, 100)
    a, b = (pack(dense) for dense in files)
    estimate = estimate_across([a, b])
    hold_sound(estimate)
    found = links_between(a, b, estimate.value)
    assert f1(found, {(i, i) for i in range(100)}) >= 0.97
    assert estimate.matches == pytest.approx(100, abs=10)


def test_three_files_count_the_matches_of_all_pairs(
    draw_files: Callable[..., list[np.ndarray]], pack: Draw
) -> None:
    files = [pack(dense) for dense in draw_files(np.random.default_rng(4), [500] * 3, 200)]
    estimate = estimate_across(files)
    hold_sound(estimate)
    assert estimate.matches == pytest.approx(600, abs=15)


def test_a_sample_says_nearly_what_the_whole_says(
    draw_files: Callable[..., list[np.ndarray]], pack: Draw
) -> None:
    rng = np.random.default_rng(5)
    files = draw_files(rng, [2000, 2000], 800)
    a, b = (pack(dense[rng.permutation(2000)]) for dense in files)
    whole, sample = estimate_across([a, b]), estimate_across([a, b], sample=400)
    hold_sound(sample)
    assert whole.matches == pytest.approx(800, abs=20)
    assert sample.matches == pytest.approx(800, rel=0.2)
    assert sample.value == pytest.approx(whole.value, abs=0.08)
    # Bins below the crowd hold every pair there is.
    assert sample.pairs[1] == pytest.approx(2000 * 2000, rel=0.01)


def test_expected_pairs_are_those_a_scan_finds(
    draw_files: Callable[..., list[np.ndarray]], pack: Draw
) -> None:
    """Memory is planned with them."""
    a, b = (pack(d) for d in draw_files(np.random.default_rng(6), [600, 600], 100))
    scores = reference.dice_matrix(a, b)
    across = estimate_across([a, b])
    for at in (300, 400, 430, 700):
        assert across.pairs[at] == pytest.approx((scores >= at / BINS).sum(), rel=0.1, abs=20)
    inside = reference.dice_scan(a, a, threshold=0.4, same=True)[0]
    assert estimate_within(a).pairs[400] == pytest.approx(len(inside), rel=0.02)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("seed", [1, 2])
def test_duplicates_in_one_file_are_found(
    draw_people: Draw, draw_copies: Draw, pack: Draw, share: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    doubled = int(1000 * share)
    people = draw_people(rng, 1000 - doubled)
    again = draw_copies(rng, people[:doubled], rng.beta(1.5, 6, doubled))
    words = pack(np.concatenate([people, again]))
    estimate = estimate_within(words)
    hold_sound(estimate)
    left, right, _ = dice_scan(words, words, threshold=estimate.value, same=True)
    true = {(i, 1000 - doubled + i) for i in range(doubled)}
    assert f1(set(zip(left.tolist(), right.tolist(), strict=True)), true) >= 0.95
    assert estimate.matches == pytest.approx(doubled, abs=5 + 0.05 * doubled)


@pytest.mark.parametrize("seed", range(4))
def test_file_without_duplicates_gives_hardly_a_link(
    draw_people: Draw, pack: Draw, seed: int
) -> None:
    words = pack(draw_people(np.random.default_rng(seed), 1000))
    estimate = estimate_within(words)
    hold_sound(estimate)
    assert len(dice_scan(words, words, threshold=estimate.value, same=True)[0]) <= 5


@pytest.mark.parametrize("sizes", [(1, 1), (1, 2), (1, 10), (2, 2), (10, 10)])
def test_files_too_small_to_judge_get_the_customary_threshold(
    draw_people: Draw, pack: Draw, sizes: tuple[int, int]
) -> None:
    """Two strangers alone are not linked because there is nobody to compare them with."""
    rng = np.random.default_rng(1)
    a, b = (pack(draw_people(rng, n)) for n in sizes)
    estimate = estimate_across([a, b])
    hold_sound(estimate)
    assert (estimate.value, estimate.tiny, estimate.few) == (0.8, True, True)
    assert links_between(a, b, estimate.value) == set()
    assert links_between(a, a, estimate.value) == {(i, i) for i in range(sizes[0])}
    alone = estimate_within(a)
    hold_sound(alone)
    assert (alone.value, alone.tiny) == (0.8, True)


def test_one_record_against_many(draw_people: Draw, draw_copies: Draw, pack: Draw) -> None:
    """It finds itself in either direction; a stranger is linked about once in ten times."""
    rng = np.random.default_rng(2)
    many = draw_people(rng, 500)
    own = draw_copies(rng, many[7:8], np.array([0.1]))
    strangers = 0
    for one, wanted in [(own, (0, 7)), *((draw_people(rng, 1), None) for _ in range(30))]:
        there = estimate_across([pack(one), pack(many)])
        back = estimate_across([pack(many), pack(one)])
        hold_sound(there)
        assert there.value == back.value
        found = links_between(pack(one), pack(many), there.value)
        if wanted:
            assert found == {wanted}
        else:
            strangers += len(found)
            assert there.few
    assert strangers <= 6


def test_files_of_equal_records_link_only_what_is_equal(draw_people: Draw, pack: Draw) -> None:
    """Chance is certain there, so that no threshold is usable: the highest one is taken."""
    words = np.repeat(pack(draw_people(np.random.default_rng(1), 1)), 50, axis=0)
    estimate = estimate_across([words, words])
    hold_sound(estimate)
    assert estimate.value == 1.0
    assert estimate.few
    assert not estimate.usable.any()
    hold_sound(estimate_within(words))


@pytest.mark.parametrize("n", [1, 5, 50])
def test_empty_filters_link_nobody(n: int) -> None:
    words = np.zeros((n, 16), np.uint64)
    for estimate in (estimate_across([words, words]), estimate_within(words)):
        hold_sound(estimate)
        assert estimate.few
        assert estimate.matches == 0 or estimate.tiny
        assert len(dice_scan(words, words, threshold=estimate.value)[0]) == 0


def test_empty_filters_among_others_change_little(
    draw_files: Callable[..., list[np.ndarray]], pack: Draw
) -> None:
    files = draw_files(np.random.default_rng(7), [600, 600], 200)
    for dense in files:
        dense[400:500] = False
    a, b = (pack(dense) for dense in files)
    estimate = estimate_across([a, b])
    hold_sound(estimate)
    found = links_between(a, b, estimate.value)
    assert f1(found, {(i, i) for i in range(200)}) >= 0.97


def test_estimate_is_the_same_every_time(
    draw_files: Callable[..., list[np.ndarray]], pack: Draw
) -> None:
    files = [pack(dense) for dense in draw_files(np.random.default_rng(8), [300, 300], 50)]
    one, other = estimate_across(files), estimate_across(files)
    assert one.value == other.value
    np.testing.assert_array_equal(one.links, other.links)
    np.testing.assert_array_equal(one.false, other.false)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=4),
    st.sampled_from([64, 70, 1024]),
    st.integers(0, 2**32 - 1),
)
def test_no_small_file_breaks_the_estimate(
    pack: Draw, sizes: list[int], bits: int, seed: int
) -> None:
    """Records of mixed density, some empty, full or equal."""
    rng = np.random.default_rng(seed)
    files = []
    for n in sizes:
        dense = rng.random((n, bits)) < rng.choice([0.0, 0.1, 0.4, 1.0], (n, 1))
        files.append(pack(dense[rng.integers(0, n, n)]))
    hold_sound(estimate_within(files[0], sample=int(rng.integers(1, 50))))
    if len(files) > 1:
        hold_sound(estimate_across(files, sample=int(rng.integers(1, 50))))


def test_true_links_solve_their_own_equation() -> None:
    """Without chance all mutual pairs are true; with the chance of unrelated files, none."""
    steps = np.arange(BINS) / BINS
    none = CrossSample(
        sizes=(100, 200),
        mutual=np.full(BINS, 40.0),
        chance=np.zeros(BINS),
        best=np.zeros(100),
        seen=10_000,
    )
    estimate = choose([none])
    assert estimate.matches == 40
    assert estimate.false.sum() == 0
    for true in (0.0, 10.0, 60.0):
        chance = 1e-3 * np.exp(-10 * steps)
        mutual = true + chance * (100 - true) * (200 - true)
        sample = CrossSample(
            sizes=(100, 200), mutual=mutual, chance=chance, best=np.zeros(100), seen=10_000
        )
        found = choose([sample])
        np.testing.assert_allclose(found.links - found.false, true, atol=1e-6)
        assert found.few == (true == 0)
