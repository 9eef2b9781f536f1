"""The kernels say what their slow twin says, for any table and any number of threads."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_kernels import (
    slow_count_grouped,
    slow_dice_matrix,
    slow_dice_pairs,
    slow_dice_scan,
    slow_grouped_scan,
    slow_histogram_and_best,
    slow_needed_common,
    slow_popcounts,
    slow_score_histogram,
)

from pprl.base import threads as pool
from pprl.base.arrays import Int32s, Words
from pprl.kernels import all_pairs, dice, histogram, packed, shared_codes

THRESHOLDS = st.sampled_from([0.05, 0.3, 0.5, 2 / 3, 0.8, 0.9, 1.0]) | st.floats(0.01, 1.0)
LENGTHS = st.integers(1, 4096) | st.sampled_from([64, 500, 512, 1000, 1024, 2048])
FEW_WORDS = st.integers(1, 384)  # few fold widths to compile
SIZES = st.sampled_from([(1, 1), (3, 1), (100, 1)]) | st.tuples(
    st.integers(1, 100), st.integers(1, 100)
).map(lambda two: (max(two), min(two)))
SEEDS = st.integers(0, 2**32 - 1)
PROPERTY = settings(max_examples=40, deadline=None)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Run with `count` threads, as far as numba was allowed them."""
    before = numba.get_num_threads()
    numba.set_num_threads(min(count, before))
    try:
        yield
    finally:
        numba.set_num_threads(before)


def make_filters(rng: np.random.Generator, n: int, bits: int) -> Words:
    """Draw `n` filters of mixed density; some are empty, full, or one bit off another."""
    words = -(-bits // 64)
    dense = rng.random((n, words * 64)) < rng.choice([0.0, 0.05, 0.4, 0.6, 1.0], (n, 1))
    for i in range(1, n):
        if rng.random() < 0.5:
            dense[i] = dense[rng.integers(i)]
            dense[i, rng.integers(bits)] ^= True
    dense[:, bits:] = False
    return np.packbits(dense, axis=1, bitorder="little").view(np.uint64).reshape(n, words)


@st.composite
def tables(
    draw: st.DrawFn, bits: st.SearchStrategy[int] = LENGTHS
) -> tuple[Words, Words, np.random.Generator]:
    """Two tables of up to 150 filters that share some filters."""
    rng = np.random.default_rng(draw(SEEDS))
    length = draw(bits)
    n_a, n_b = (draw(st.integers(0, 3) | st.integers(0, 150)) for _ in range(2))
    both = make_filters(rng, n_a + n_b, length)[rng.permutation(n_a + n_b)]
    return both[:n_a], both[n_a:], rng


def make_codes(rng: np.random.Generator, n: int, passes: int) -> Int32s:
    """Draw codes in skewed blocks; about a tenth of the records have none."""
    codes = np.minimum(rng.geometric(0.4, (n, passes)) - 1, 20).astype(np.int32)
    codes[rng.random((n, passes)) < 0.1] = -1
    return codes


def assert_same(got: tuple[np.ndarray, ...], wanted: tuple[np.ndarray, ...]) -> None:
    """Hold two results equal to the last bit."""
    assert len(got) == len(wanted)
    for one, other in zip(got, wanted, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@PROPERTY
@given(tables())
def test_popcounts_equal_twin(
    drawn: tuple[Words, Words, np.random.Generator],
) -> None:
    """Popcounts are those of the twin at any width."""
    a, _, _ = drawn
    assert_same((dice.popcounts(a),), (slow_popcounts(a),))


@PROPERTY
@given(THRESHOLDS, st.integers(0, 300), SIZES)
def test_needed_common_equals_twin(threshold: float, max_key: int, sizes: tuple[int, int]) -> None:
    """The table holds the smallest count that attains the threshold in floating point."""
    got = dice.needed_common(threshold, max_key, sizes)
    assert_same((got,), (slow_needed_common(threshold, max_key, sizes),))


@PROPERTY
@given(st.integers(1, 8192), st.integers(1, 8192))
def test_needed_common_keeps_pairs_exactly_at_the_threshold(c: int, s: int) -> None:
    """A threshold that is itself some pair's score is attained by that pair."""
    if 2 * c <= s:
        assert dice.needed_common(2 * c / s, s)[s] == c


@PROPERTY
@given(tables(), THRESHOLDS, SIZES, st.booleans())
def test_scan_equals_twin(
    drawn: tuple[Words, Words, np.random.Generator],
    threshold: float,
    sizes: tuple[int, int],
    same: bool,
) -> None:
    """The scan finds the twin's pairs, scores and order."""
    a, b, _ = drawn
    b = a if same else b
    got = dice.dice_scan(a, b, threshold=threshold, sizes=sizes, same=same)
    assert_same(got, slow_dice_scan(a, b, threshold=threshold, sizes=sizes, same=same))


@pytest.mark.parametrize("width", packed.WIDTHS)
@pytest.mark.parametrize("words", [1, 5, 16, 37])
@pytest.mark.parametrize("sizes", [(1, 1), (3, 1)])
def test_scan_is_the_same_at_every_fold_width(
    width: int, words: int, sizes: tuple[int, int]
) -> None:
    """Folding more or less never changes what is found."""
    rng = np.random.default_rng(width * 100 + words)
    a, b = (make_filters(rng, n, words * 64 - 3) for n in (200, 300))
    b[:100] = a[:100]
    got = all_pairs._scan(a, b, 0.8, False, width, sizes=sizes)
    assert_same(got, slow_dice_scan(a, b, threshold=0.8, sizes=sizes))


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("count", [1, 2])
def test_progress_is_told_from_the_calling_thread(
    count: int, same: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never falls, and ends with 1.0, for every kernel that works in tasks."""
    monkeypatch.setattr(pool, "PULSE", 0.0)
    monkeypatch.setattr(shared_codes, "RANGE_ROWS", 100)
    a = make_filters(np.random.default_rng(7), 1500, 128)
    codes = np.zeros((1500, 2), np.int32)
    rows = np.arange(1500)
    told: list[float] = []

    def tell(share: float) -> None:
        assert threading.current_thread() is threading.main_thread()
        told.append(share)

    with threads(count):
        for run in (
            lambda: dice.dice_scan(a, a, threshold=0.9, same=same, progress=tell),
            lambda: dice.grouped_scan(a, a, codes, codes, threshold=0.9, same=same, progress=tell),
            lambda: dice.histogram_and_best(a, a, rows, bins=5, exclude_self=same, progress=tell),
            lambda: dice.score_histogram(a, a, rows, bins=5, exclude_self=same, progress=tell),
            lambda: dice.dice_scan(a[:0], a, threshold=0.9, progress=tell),
        ):
            told.clear()
            run()
            assert told == sorted(told)
            assert told[-1] == 1.0


@pytest.mark.parametrize("count", [1, 2])
def test_an_interrupt_leaves_queued_tasks_undone(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what has begun is ended."""
    monkeypatch.setattr(pool, "PULSE", 0.01)
    begun: list[int] = []

    def work(task: int) -> None:
        begun.append(task)
        time.sleep(0.005)

    def interrupt(share: float) -> None:
        raise KeyboardInterrupt

    with threads(count), pytest.raises(KeyboardInterrupt):
        pool.in_threads(work, range(1000), progress=interrupt)
    assert 0 < len(begun) < 100


def test_a_failing_task_ends_the_work() -> None:
    """Its own error is raised."""

    def work(task: int) -> None:
        if task == 3:
            raise ValueError("task 3")
        time.sleep(0.001)

    with pytest.raises(ValueError, match="task 3"):
        pool.in_threads(work, range(10_000))


CALLERS = """
import threading
import numpy as np
from pprl.party.encoding.filters import FieldTokens, fill_filters
from pprl.unit.blocking.lsh import bucket_codes

rng = np.random.default_rng(1)
words = rng.integers(0, 2**64, (50_000, 4), dtype=np.uint64)
positions = rng.integers(0, 256, (20, 16))
field = FieldTokens(
    rows=rng.integers(0, 100, 50_000), ids=np.arange(100), offsets=np.arange(101),
    draws=np.full(100, 20), positions=rng.integers(0, 256, (100, 20)).astype(np.uint32),
)
bits = np.zeros((100, 256), np.uint8)
np.put_along_axis(bits, field.positions.astype(np.int64), 1, axis=1)
filters = np.packbits(bits, axis=1, bitorder="little")[field.rows]
codes = np.zeros((50_000, 20), np.int64)
for at in positions.T:
    codes = codes << 1 | (words[:, at >> 6] >> (at & 63).astype(np.uint64) & np.uint64(1)).astype(np.int64)
right = []

def call():
    for _ in range(5):
        right.append((bucket_codes(words, positions) == codes).all())
        right.append((fill_filters([field], 50_000, 256) == filters).all())

callers = [threading.Thread(target=call) for _ in range(3)]
for caller in callers:
    caller.start()
for caller in callers:
    caller.join()
print(len(right), all(right))
"""


def test_several_threads_may_call_at_once() -> None:
    """Under numba's workqueue layer, which ends a process whose parallel loops meet."""
    done = subprocess.run(
        [sys.executable, "-c", CALLERS],
        env={**os.environ, "NUMBA_THREADING_LAYER": "workqueue", "NUMBA_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "30 True"), done.stderr


@PROPERTY
@given(tables(), SEEDS, SIZES)
def test_scan_keeps_pairs_exactly_at_the_threshold(
    drawn: tuple[Words, Words, np.random.Generator], pick: int, sizes: tuple[int, int]
) -> None:
    """A threshold taken from the scores themselves loses no pair."""
    a, b, _ = drawn
    scores = slow_dice_matrix(a, b, sizes).ravel()
    scores = scores[scores > 0]
    if len(scores):
        threshold = float(scores[pick % len(scores)])
        got = dice.dice_scan(a, b, threshold=threshold, sizes=sizes)
        assert threshold in got[2]
        assert_same(got, slow_dice_scan(a, b, threshold=threshold, sizes=sizes))


def test_scan_keeps_a_pair_at_four_fifths() -> None:
    """4 common bits of 5 and 5 are 0.8, and 0.8 is reached."""
    a = np.array([[0b11111]], dtype=np.uint64)
    b = np.array([[0b101111]], dtype=np.uint64)
    left, right, score = dice.dice_scan(a, b, threshold=0.8)
    assert (left.tolist(), right.tolist(), score.tolist()) == ([0], [0], [0.8])


def test_empty_filters_match_nothing() -> None:
    """Two empty filters have Dice 0.0, not 1.0."""
    empty = np.zeros((3, 2), dtype=np.uint64)
    assert len(dice.dice_scan(empty, empty, threshold=0.01)[0]) == 0
    assert dice.dice_pairs(empty, empty, np.array([0]), np.array([1])).tolist() == [0.0]


@PROPERTY
@given(tables(), SIZES)
def test_pairs_equal_twin(
    drawn: tuple[Words, Words, np.random.Generator], sizes: tuple[int, int]
) -> None:
    """Given pairs have the twin's scores."""
    a, b, rng = drawn
    k = 50 if len(a) and len(b) else 0
    left, right = rng.integers(0, max(len(a), 1), k), rng.integers(0, max(len(b), 1), k)
    got = dice.dice_pairs(a, b, left, right, sizes=sizes)
    assert_same((got,), (slow_dice_pairs(a, b, left, right, sizes=sizes),))


@PROPERTY
@given(tables(), SIZES, st.booleans(), st.integers(1, 40))
def test_best_scores_and_histogram_equal_twin(
    drawn: tuple[Words, Words, np.random.Generator],
    sizes: tuple[int, int],
    same: bool,
    bins: int,
) -> None:
    """Best scores and histograms are the twin's."""
    a, b, rng = drawn
    b = a if same else b
    rows = rng.integers(0, len(a), 80) if len(a) else np.empty(0, np.int64)
    counts, best = dice.histogram_and_best(a, b, rows, bins=bins, sizes=sizes, exclude_self=same)
    wanted = slow_histogram_and_best(a, b, rows, bins=bins, sizes=sizes, exclude_self=same)
    assert_same((counts, best), wanted)
    assert_same(
        (dice.score_histogram(a, b, rows, bins=bins, sizes=sizes, exclude_self=same),),
        (slow_score_histogram(a, b, rows, bins=bins, sizes=sizes, exclude_self=same),),
    )


def test_a_histogram_of_many_tasks_counts_every_pair_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However the records are cut: by number, or because their popcounts are many."""
    monkeypatch.setattr(histogram, "_TASK", 3000)
    rng = np.random.default_rng(11)
    a, b = make_filters(rng, 300, 4000), make_filters(rng, 700, 4000)
    rows = np.arange(299, -1, -1)
    wanted, best = slow_histogram_and_best(a, b, rows, bins=50)
    assert_same((dice.score_histogram(a, b, rows, bins=50),), (wanted,))
    monkeypatch.setattr(histogram, "_COUNTERS", 20_000)
    assert_same((dice.score_histogram(a, b, rows, bins=50),), (wanted,))
    assert_same(dice.histogram_and_best(a, b, rows, bins=50), (wanted, best))


@PROPERTY
@given(tables(FEW_WORDS), THRESHOLDS, SIZES, st.booleans(), st.integers(0, 4))
def test_grouped_scan_equals_twin(
    drawn: tuple[Words, Words, np.random.Generator],
    threshold: float,
    sizes: tuple[int, int],
    same: bool,
    passes: int,
) -> None:
    """Blocking finds the twin's pairs and compares as many in each pass."""
    a, b, rng = drawn
    codes_a, codes_b = make_codes(rng, len(a), passes), make_codes(rng, len(b), passes)
    if same:
        b, codes_b = a, codes_a
    options = {"threshold": threshold, "sizes": sizes, "same": same}
    got = dice.grouped_scan(a, b, codes_a, codes_b, **options)
    wanted = slow_grouped_scan(a, b, codes_a, codes_b, **options)
    assert_same(got, wanted)
    counts = dice.count_grouped(codes_a, codes_b, same=same)
    assert_same((counts,), (slow_count_grouped(codes_a, codes_b, same=same),))
    assert (got[3] <= counts).all()


@pytest.mark.parametrize("same", [False, True])
def test_big_blocks_are_cut_without_loss(same: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One block of nearly everything, cut in pieces and jobs, gives the twin's answer."""
    monkeypatch.setattr(shared_codes, "RANGE_ROWS", 100)
    rng = np.random.default_rng(5)
    a, b = make_filters(rng, 900, 128), make_filters(rng, 700, 128)
    codes_a, codes_b = (
        np.where(rng.random((len(x), 2)) < 0.9, 0, 1).astype(np.int32) for x in (a, b)
    )
    if same:
        b, codes_b = a, codes_a
    got = dice.grouped_scan(a, b, codes_a, codes_b, threshold=0.7, same=same)
    assert_same(got, slow_grouped_scan(a, b, codes_a, codes_b, threshold=0.7, same=same))


@pytest.mark.parametrize("words", [1, 8, 10, 16])
@pytest.mark.parametrize("same", [False, True])
def test_pairs_that_agree_on_a_mask_are_not_given(same: bool, words: int) -> None:
    """They are compared as the others are; in blocks of all sizes, and where a mask is empty or cannot be met."""
    rng = np.random.default_rng(words)
    a = make_filters(rng, 900, words * 64)
    b = a if same else make_filters(rng, 800, words * 64)
    if not same:
        b[:400] = a[:400]
    codes = [np.minimum(rng.geometric(0.02, len(x)), 60).astype(np.int32) for x in (a, b)]
    codes[1] = codes[0] if same else codes[1]
    masks = np.zeros((3, words), np.uint64)
    masks[0, 0] = masks[1, -1] = 0b1111
    masks[2] = ~np.uint64(0)
    whole = shared_codes.GroupedScan(a, b, threshold=0.5, same=same)
    left, right, score, compared = whole.scan((codes[0], codes[1]))
    apart = a[left] ^ b[right]
    met = (apart[:, None] & masks).any(axis=2).all(axis=1)  # on no mask do they agree
    assert 0 < met.sum() < len(met)
    got = whole.scan((codes[0], codes[1]), met=masks)
    assert_same(got[:3], (left[met], right[met], score[met]))
    assert got[3] == compared
    assert len(whole.scan((codes[0], codes[1]), met=np.zeros((1, words), np.uint64))[0]) == 0


def test_threads_do_not_change_the_output() -> None:
    """One thread and two give the same rows in the same order."""
    rng = np.random.default_rng(6)
    a, b = make_filters(rng, 3000, 512), make_filters(rng, 2500, 512)
    codes_a, codes_b = make_codes(rng, 3000, 3), make_codes(rng, 2500, 3)
    rows = np.arange(0, 3000, 10)

    def everything(count: int) -> tuple[np.ndarray, ...]:
        with threads(count):
            return (
                *dice.dice_scan(a, b, threshold=0.8),
                *dice.dice_scan(a, a, threshold=0.8, same=True),
                *dice.grouped_scan(a, b, codes_a, codes_b, threshold=0.8),
                *dice.histogram_and_best(a, b, rows, bins=20),
                dice.score_histogram(a, b, rows, bins=20),
            )

    assert_same(everything(1), everything(2))


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.1, float("nan")])
def test_thresholds_outside_their_range_are_refused(threshold: float) -> None:
    """A threshold must lie in (0, 1]."""
    a = np.ones((1, 1), dtype=np.uint64)
    with pytest.raises(ValueError, match="threshold"):
        dice.dice_scan(a, a, threshold=threshold)


def test_tables_that_do_not_go_together_are_refused() -> None:
    """Shapes, types and row numbers are checked before any kernel reads memory."""
    a, b = np.ones((2, 1), dtype=np.uint64), np.ones((2, 2), dtype=np.uint64)
    with pytest.raises(ValueError, match="words"):
        dice.dice_scan(a, b, threshold=0.8)
    with pytest.raises(ValueError, match="uint64"):
        dice.popcounts(np.ones((2, 1), dtype=np.int64))
    with pytest.raises(IndexError):
        dice.dice_pairs(a, a, np.array([2]), np.array([0]))
    with pytest.raises(IndexError):
        dice.histogram_and_best(a, a, np.array([-1]), bins=2)
    short = np.zeros((1, 1), dtype=np.int32)
    with pytest.raises(ValueError, match="codes"):
        dice.grouped_scan(a, a, short, short, threshold=0.8)
