"""The scans find exactly the pairs whose bound reaches the floor, each once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_fields import drawn_files, slow_bound_of_pairs, small_files, table_of

from pprl.exchange.encoded.file import EncodedFile
from pprl.unit.weighing.fields.levels import DIFFERENT, EXACT, MISSING, Columns, level_count
from pprl.unit.weighing.fields.search import exhaustive, near, scan
from pprl.unit.weighing.fields.search.coarse import choose_least
from pprl.unit.weighing.fields.search.scan import Bound, bound_of_pairs, scan_all, scan_grouped
from pprl.unit.weighing.fields.values import FieldValues

Make = Callable[..., EncodedFile]
Places = list[tuple[int, int]]


def drawn_bound(rng: np.random.Generator, fields: list[FieldValues], table: Columns) -> Bound:
    """Draw a bound of quarters, whose sums are exact in any order; missing values weigh nothing."""
    level = rng.integers(-12, 13, (len(fields), max(map(level_count, fields)))) / 4
    level[:, MISSING] = 0
    rare = rng.integers(0, 9, len(table.bits)) / 4
    rare[table.starts[:-1]] = 0
    return Bound(level=level.astype(np.float32), rare=rare.astype(np.float32))


def places(left: np.ndarray, right: np.ndarray) -> Places:
    made = list(zip(left.tolist(), right.tolist(), strict=True))
    assert made == sorted(set(made))
    return made


FLOORS = st.integers(-16, 24).map(lambda n: n / 4)


@settings(max_examples=60, deadline=None)
@given(small_files(), st.booleans(), FLOORS)
def test_the_whole_scan_finds_what_reaches_the_floor(
    make_fields: Make, drawn: dict[str, Any], same: bool, floor: float
) -> None:
    """No pair less and none more; pairs exactly at the floor are in."""
    fields, table = table_of(drawn_files(make_fields, **drawn))
    bound = drawn_bound(drawn["rng"], fields, table)
    a, b = (0, 0) if same else (0, 1)
    plain = slow_bound_of_pairs(fields, table, bound, a, b)
    left, right = np.divmod(np.arange(plain.size), plain.shape[1])
    one_by_one = bound_of_pairs(table, a, b, bound, left, right)
    np.testing.assert_array_equal(one_by_one, plain.ravel())
    steps: list[float] = []
    found = places(*scan_all(table, (a, b), bound, floor, same=same, progress=steps.append))
    wanted = (plain >= floor) & (np.triu(np.ones_like(plain), 1) > 0 if same else True)
    assert found == [(int(i), int(j)) for i, j in np.argwhere(wanted)]
    assert steps == sorted(steps)
    assert steps[-1] == 1.0


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([512, 520, 1000, 1024, 2048, 4096]),
    st.lists(st.integers(1, 90), min_size=1, max_size=5),
    st.booleans(),
    st.floats(-3, 9),
    st.booleans(),
)
def test_what_a_scan_tells_apart_never_changes_what_it_finds(
    make_fields: Make,
    seed: int,
    bits: int,
    counts: list[int],
    same: bool,
    floor: float,
    small: bool,
) -> None:
    """Whichever levels are taken together, however records are cut, at any length of filters."""
    rng = np.random.default_rng(seed)
    sizes = [int(n) for n in rng.integers(1, 200, 2)]
    files = drawn_files(make_fields, rng, sizes, counts=counts, bits=bits, filter={"bits": bits})
    fields, table = table_of(files)
    level = rng.normal(0, 4, (len(fields), max(map(level_count, fields)))).astype(np.float32)
    level[:, MISSING] = 0
    rare = rng.normal(0, 2, len(table.bits)).astype(np.float32)
    rare[table.starts[:-1]] = 0
    bound = Bound(level=level, rare=rare)
    a, b = (0, 0) if same else (0, 1)
    n_a, n_b = table.ids[a].shape[1], table.ids[b].shape[1]
    left, right = np.divmod(np.arange(n_a * n_b), n_b)
    wanted = bound_of_pairs(table, a, b, bound, left, right).astype(np.float64) >= floor
    if same:
        wanted &= left < right
    words = np.ascontiguousarray(table.words.T)
    chosen = choose_least(table, words, table.ids[a], table.ids[b], bound, floor)
    drawn = rng.integers(DIFFERENT + 1, EXACT + 1, len(fields))
    with pytest.MonkeyPatch.context() as patch:
        if small:
            patch.setattr(near, "_BLOCK", 64)
            patch.setattr(exhaustive, "_ROWS", 10)
        for least in (None, chosen, drawn, np.full(len(fields), EXACT)):
            found = scan_all(table, (a, b), bound, floor, same=same, least=least)
            np.testing.assert_array_equal(found[0], left[wanted])
            np.testing.assert_array_equal(found[1], right[wanted])


@pytest.mark.parametrize("floor", [-np.inf, -1e12, 1e12, np.inf])
def test_floors_that_all_pairs_reach_or_none(make_fields: Make, floor: float) -> None:
    """Far outside of what a pair can weigh, even where a level cannot be a match's."""
    rng = np.random.default_rng(9)
    fields, table = table_of(drawn_files(make_fields, rng, [20, 30], counts=[9, 3]))
    bound = drawn_bound(rng, fields, table)
    bound.level[0, DIFFERENT] = -np.inf
    left, right = np.divmod(np.arange(20 * 30), 30)
    wanted = bound_of_pairs(table, 0, 1, bound, left, right) >= floor
    found = scan_all(table, (0, 1), bound, floor)
    np.testing.assert_array_equal(found, (left[wanted], right[wanted]))
    assert len(found[0]) == 0 if floor > 0 else wanted.any()
    assert wanted.all() or floor != -np.inf


@settings(max_examples=60, deadline=None)
@given(small_files(), st.booleans(), FLOORS, st.integers(1, 3), st.sampled_from([1, 5, 1000]))
def test_the_grouped_scan_finds_the_same_where_a_code_is_shared(
    make_fields: Make,
    drawn: dict[str, Any],
    same: bool,
    floor: float,
    passes: int,
    job: int,
) -> None:
    """In any pass; a pair is compared in its first, and -1 is shared with nobody."""
    files = drawn_files(make_fields, **drawn)
    fields, table = table_of(files)
    rng = drawn["rng"]
    bound = drawn_bound(rng, fields, table)
    a, b = (0, 0) if same else (0, 1)
    codes = [rng.integers(-1, 4, (len(files[n]), passes)).astype(np.int32) for n in (a, b)]
    if same:
        codes[1] = codes[0]
    shared = (codes[0][:, None] == codes[1][None, :]) & (codes[0][:, None] >= 0)
    if same:
        shared &= np.triu(np.ones(shared.shape[:2], bool), 1)[:, :, None]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "_JOB", job)
        left, right, compared = scan_grouped(
            table, (a, b), bound, floor, codes=(codes[0], codes[1]), same=same
        )
    whole = places(*scan_all(table, (a, b), bound, floor, same=same))
    assert places(left, right) == [pair for pair in whole if shared[pair].any()]
    first = shared & (np.cumsum(shared, axis=2) == 1)
    assert compared.tolist() == first.sum(axis=(0, 1)).tolist()


def test_large_results_and_several_tiles_are_put_together(make_fields: Make) -> None:
    """More pairs than the first buffer holds, more records than a tile and a block have."""
    files = drawn_files(make_fields, np.random.default_rng(6), [70, 5000], counts=[30, 8])
    fields, table = table_of(files)
    bound = drawn_bound(np.random.default_rng(7), fields, table)
    left, right = np.divmod(np.arange(70 * 5000), 5000)
    reached = bound_of_pairs(table, 0, 1, bound, left, right) >= 0
    assert reached.sum() > 100_000
    found = scan_all(table, (0, 1), bound, 0.0)
    np.testing.assert_array_equal(found[0], left[reached])
    np.testing.assert_array_equal(found[1], right[reached])
    codes = (np.zeros((70, 1), np.int32), np.zeros((5000, 1), np.int32))
    grouped = scan_grouped(table, (0, 1), bound, 0.0, codes=codes)
    np.testing.assert_array_equal(grouped[0], left[reached])
    np.testing.assert_array_equal(grouped[1], right[reached])
    assert grouped[2].tolist() == [70 * 5000]


def test_a_missing_value_leaves_the_bound_as_it_is(make_fields: Make) -> None:
    """However much the field would have spoken for or against the pair."""
    rng = np.random.default_rng(8)
    files = drawn_files(make_fields, rng, [20, 30], counts=[9, 9], missing=0.0)
    blank = drawn_files(make_fields, np.random.default_rng(8), [20, 30], counts=[9, 9], missing=0.0)
    filters = blank[0].filters.copy()
    filters[:, filters.shape[1] // 2 :] = 0  # the second field of the first file
    object.__setattr__(blank[0], "filters", filters)
    fields, table = table_of(files)
    few, gone = table_of(blank)
    bound = drawn_bound(rng, fields, table)
    alone = Bound(level=bound.level.copy(), rare=bound.rare.copy())
    alone.level[1] = 0
    alone.rare[table.starts[1] :] = 0
    at = {tuple(words): v for v, words in enumerate(fields[1].words.tolist())}
    rare = np.concatenate(
        [
            bound.rare[: table.starts[1]],
            bound.rare[table.starts[1] :][[at[tuple(w)] for w in few[1].words.tolist()]],
        ]
    )
    without = scan_all(gone, (0, 1), Bound(level=bound.level, rare=rare), 1.0)
    np.testing.assert_array_equal(without, scan_all(table, (0, 1), alone, 1.0))
