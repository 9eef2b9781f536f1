"""Links keep their rules, are the best there are, and do not depend on the order of the pairs."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from pprl.unit.linking.assignment import (
    components,
    first_come,
    limited_components,
    one_to_many,
    one_to_one,
    tied_records,
    undecided_records,
)

THRESHOLD = 0.5
PROPERTY = settings(max_examples=150, deadline=None)

Pairs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]


def as_pairs(cells: dict[tuple[int, int], float]) -> Pairs:
    left = np.array([a for a, _ in cells], np.int64)
    right = np.array([b for _, b in cells], np.int64)
    return left, right, np.array(list(cells.values()), np.float64)


def pairs(most: int = 6, cells: int = 14) -> st.SearchStrategy[Pairs]:
    """Pairs over the threshold between two small files, ties included, in any order."""
    scores = st.sampled_from([0.5, 0.6, 0.75, 0.9, 1.0]) | st.floats(THRESHOLD, 1.0)
    place = st.tuples(st.integers(0, most - 1), st.integers(0, most - 1))
    return st.dictionaries(place, scores, max_size=cells).map(as_pairs)


def gain_of(score: npt.NDArray[np.float64], accepted: npt.NDArray[np.bool_]) -> float:
    return float((score[accepted] - THRESHOLD).sum())


def best_gain(given_pairs: Pairs, threshold: float = THRESHOLD) -> float:
    """Try every set of pairs that uses no record twice."""
    left, right, score = given_pairs

    def best(at: int, used_left: frozenset[int], used_right: frozenset[int]) -> float:
        if at == len(left):
            return 0.0
        without = best(at + 1, used_left, used_right)
        if left[at] in used_left or right[at] in used_right:
            return without
        taken = best(at + 1, used_left | {left[at]}, used_right | {right[at]})
        return max(without, taken + score[at] - threshold)

    return best(0, frozenset(), frozenset())


def is_one_to_one(given_pairs: Pairs, accepted: npt.NDArray[np.bool_]) -> bool:
    left, right = given_pairs[0][accepted], given_pairs[1][accepted]
    return len(set(left)) == len(left) and len(set(right)) == len(right)


def as_set(given_pairs: Pairs, accepted: npt.NDArray[np.bool_]) -> set[tuple[int, int]]:
    return set(
        zip(given_pairs[0][accepted].tolist(), given_pairs[1][accepted].tolist(), strict=True)
    )


def shuffled(given_pairs: Pairs, random: np.random.Generator) -> Pairs:
    order = random.permutation(len(given_pairs[0]))
    return given_pairs[0][order], given_pairs[1][order], given_pairs[2][order]


@PROPERTY
@given(pairs())
def test_one_to_one_is_one_to_one_and_optimal(drawn: Pairs) -> None:
    accepted, greedy = one_to_one(*drawn, threshold=THRESHOLD)
    assert greedy == 0
    assert is_one_to_one(drawn, accepted)
    # Pairs exactly at the threshold count a millionth, so that they are kept.
    assert gain_of(drawn[2], accepted) >= best_gain(drawn) - 1e-6 * len(drawn[0]) - 1e-12


@PROPERTY
@given(pairs(), st.sampled_from([1, 2000]))
def test_one_to_one_leaves_no_pair_of_free_records(drawn: Pairs, limit: int) -> None:
    """Also pairs exactly at the threshold are accepted where both records are free."""
    accepted, _ = one_to_one(*drawn, threshold=THRESHOLD, component_limit=limit)
    left, right, _ = drawn
    used_left, used_right = set(left[accepted]), set(right[accepted])
    for a, b in zip(left, right, strict=True):
        assert a in used_left or b in used_right


@PROPERTY
@given(pairs(), st.sampled_from([0, 1, 2000]), st.integers(0, 2**32 - 1))
def test_result_does_not_depend_on_the_order_of_the_pairs(
    drawn: Pairs, limit: int, seed: int
) -> None:
    other = shuffled(drawn, np.random.default_rng(seed))
    one, _ = one_to_one(*drawn, threshold=THRESHOLD, component_limit=limit)
    two, _ = one_to_one(*other, threshold=THRESHOLD, component_limit=limit)
    assert as_set(drawn, one) == as_set(other, two)
    assert as_set(drawn, one_to_many(*drawn)) == as_set(other, one_to_many(*other))


def weighted(most: int = 6, cells: int = 14) -> st.SearchStrategy[Pairs]:
    """Pairs weighted by log-odds, unlikely ones among them."""
    weights = st.sampled_from([-3.0, 0.0, 1.0, 2.0, 3.0]) | st.floats(-10, 10)
    place = st.tuples(st.integers(0, most - 1), st.integers(0, most - 1))
    return st.dictionaries(place, weights, max_size=cells).map(as_pairs)


@PROPERTY
@given(weighted())
def test_by_weight_the_sum_is_largest_and_no_unlikely_pair_is_accepted(drawn: Pairs) -> None:
    accepted, greedy = one_to_one(*drawn)
    assert greedy == 0
    assert is_one_to_one(drawn, accepted)
    assert (drawn[2][accepted] > 0).all()
    assert drawn[2][accepted].sum() == pytest.approx(best_gain(drawn, 0.0))


@PROPERTY
@given(weighted(), st.sampled_from([0, 1, 2000]), st.integers(0, 2**32 - 1))
def test_by_weight_the_order_of_the_pairs_does_not_matter(
    drawn: Pairs, limit: int, seed: int
) -> None:
    other = shuffled(drawn, np.random.default_rng(seed))
    one, greedy = one_to_one(*drawn, component_limit=limit)
    two, again = one_to_one(*other, component_limit=limit)
    assert greedy == again
    assert as_set(drawn, one) == as_set(other, two)
    assert tied_records(*drawn, one) == tied_records(*other, two)
    assert is_one_to_one(drawn, one)
    assert (drawn[2][one] > 0).all()


def test_a_large_table_is_assigned_as_by_scipy() -> None:
    rng = np.random.default_rng(3)
    for rows, columns in ((60, 60), (40, 90), (90, 40)):
        table = rng.normal(0, 2, (rows, columns)).round(2)
        left, right = np.divmod(np.arange(table.size), columns)
        accepted, _ = one_to_one(left, right, table.ravel())
        best = np.maximum(table, 0)
        expected = best[linear_sum_assignment(best, maximize=True)].sum()
        assert table.ravel()[accepted].sum() == pytest.approx(expected)


def test_equally_good_partners_are_counted() -> None:
    """Record 0 of the left file could as well go with 1; record 5 of the right file as well with 8."""
    drawn = as_pairs({(0, 0): 2.0, (0, 1): 2.0, (7, 5): 3.0, (8, 5): 3.0, (9, 9): 1.0, (9, 8): 0.5})
    accepted, _ = one_to_one(*drawn)
    assert as_set(drawn, accepted) == {(0, 0), (7, 5), (9, 9)}
    assert tied_records(*drawn, accepted) == 2
    none = as_pairs({})
    assert tied_records(*none, one_to_one(*none)[0]) == 0


def pairs_of(drawn: Pairs, side: int, record: int) -> list[int]:
    """The pairs of a record of the left file (0) or the right one (1), best first."""
    own = np.flatnonzero(drawn[side] == record).tolist()
    return sorted(own, key=lambda at: -drawn[2][at])


@PROPERTY
@given(weighted(4, 10), st.data())
def test_records_with_two_equally_good_partners_are_counted_once(
    drawn: Pairs, data: st.DataObject
) -> None:
    """Tied: another pair weighs as much as the accepted one. Undecided: none was accepted, since the best two weigh the
    same, and enough."""
    if data.draw(st.booleans()):
        accepted, _ = one_to_one(*drawn)
    else:
        enough = drawn[2] > data.draw(st.integers(0, 3))
        accepted = first_come(*drawn[:2], once_left=True) & enough
    tied = undecided = 0
    for side in (0, 1):
        for record in np.unique(drawn[side]).tolist():
            own = pairs_of(drawn, side, record)
            weights = drawn[2][own].tolist()
            taken = [at for at in own if accepted[at]]
            if taken:
                tied += weights.count(drawn[2][taken[0]]) > 1
            else:
                undecided += len(own) > 1 and weights[0] == weights[1] and weights[0] > 0
    assert tied_records(*drawn, accepted) == tied
    assert undecided_records(*drawn, accepted) == undecided


@PROPERTY
@given(weighted(4, 12), st.booleans())
def test_first_come_is_first_served(drawn: Pairs, once_left: bool) -> None:
    """A pair is taken unless its right record has a partner by then, or its left one where that may have only one."""
    taken: list[tuple[int, int]] = []
    for a, b in zip(drawn[0].tolist(), drawn[1].tolist(), strict=True):
        lefts, rights = [x for x, _ in taken], [y for _, y in taken]
        if b not in rights and not (once_left and a in lefts):
            taken.append((a, b))
    assert as_set(drawn, first_come(*drawn[:2], once_left=once_left)) == set(taken)


@PROPERTY
@given(weighted(5, 10), st.integers(1, 10))
def test_limited_components_are_components_where_these_are_small(drawn: Pairs, limit: int) -> None:
    left, right, weight = drawn[0], drawn[1] + 5, drawn[2]
    whole = components(left, right, 10)
    found, cut = limited_components(left, right, weight, np.ones(10, np.int64), limit)
    sizes = np.bincount(whole)
    assert cut == (sizes > limit).sum()
    for a, b in combinations(range(10), 2):
        if sizes[whole[a]] <= limit:
            assert (found[a] == found[b]) == (whole[a] == whole[b])
        else:
            assert found[a] != found[b] or whole[a] == whole[b]
    assert np.bincount(found).max() <= limit
    assert all(found[record] == np.flatnonzero(found == found[record])[0] for record in range(10))


def test_one_good_pair_beats_two_that_barely_pass() -> None:
    """The sum counts what a pair has over the threshold."""
    drawn = as_pairs({(0, 0): 0.51, (0, 1): 0.99, (1, 1): 0.51})
    assert as_set(drawn, one_to_one(*drawn, threshold=0.5)[0]) == {(0, 1)}
    drawn = as_pairs({(0, 0): 0.9, (0, 1): 0.95, (1, 1): 0.9})
    assert as_set(drawn, one_to_one(*drawn, threshold=0.5)[0]) == {(0, 0), (1, 1)}


def test_large_components_are_assigned_greedily_and_counted() -> None:
    cells = {(i, j): 0.9 if i == j else 0.8 for i in range(5) for j in range(5)}
    cells |= {(10 + i, 10 + j): 0.7 + (i == j) / 10 for i in range(2) for j in range(2)}
    cells |= {(20, 20): 0.6}
    drawn = as_pairs(cells)
    accepted, greedy = one_to_one(*drawn, threshold=0.5, component_limit=3)
    assert greedy == 1
    diagonal = {(i, i) for i in (*range(5), 10, 11, 20)}
    assert as_set(drawn, accepted) == diagonal
    assert one_to_one(*drawn, threshold=0.5)[1] == 0
    # What greedy loses: the best pair first, although two others weigh more.
    drawn = as_pairs({(0, 0): 0.9, (0, 1): 0.95, (1, 1): 0.9})
    accepted, greedy = one_to_one(*drawn, threshold=0.5, component_limit=1)
    assert (as_set(drawn, accepted), greedy) == ({(0, 1)}, 1)


def test_ties_go_to_the_lowest_record() -> None:
    drawn = as_pairs({(1, 0): 0.8, (0, 0): 0.8, (5, 7): 0.8, (5, 6): 0.8})
    assert as_set(drawn, one_to_one(*drawn, threshold=0.5)[0]) == {(0, 0), (5, 6)}
    assert as_set(drawn, one_to_many(*drawn)) == {(0, 0), (5, 6), (5, 7)}


@PROPERTY
@given(pairs())
def test_one_to_many_gives_each_right_record_its_best(drawn: Pairs) -> None:
    left, right, score = drawn
    accepted = one_to_many(*drawn)
    assert sorted(right[accepted]) == sorted(set(right))
    for b in set(right):
        own = np.flatnonzero(right == b)
        best = min(own, key=lambda at: (-score[at], left[at]))
        assert accepted[best]


def test_no_pairs_are_no_links() -> None:
    none = as_pairs({})
    accepted, greedy = one_to_one(*none, threshold=0.5)
    assert (len(accepted), greedy) == (0, 0)
    assert len(one_to_many(*none)) == 0
    assert len(set(components(none[0], none[1], 4))) == 4


@PROPERTY
@given(st.integers(1, 12), st.data())
def test_components_join_exactly_what_is_connected(records: int, data: st.DataObject) -> None:
    place = st.integers(0, records - 1)
    edges = data.draw(st.lists(st.tuples(place, place), max_size=15))
    left = np.array([a for a, _ in edges], np.int64)
    right = np.array([b for _, b in edges], np.int64)
    found = components(left, right, records)
    assert found.dtype == np.int64
    expected = list(range(records))
    for _ in range(records):
        for a, b in edges:
            expected[a] = expected[b] = min(expected[a], expected[b])
    for a, b in combinations(range(records), 2):
        assert (found[a] == found[b]) == (expected[a] == expected[b])


def test_a_pair_that_stands_twice_still_connects() -> None:
    """Up to 256 copies, which would wrap an eight-bit sum to zero."""
    for copies in (2, 128, 256):
        joined = components(np.zeros(copies, np.int64), np.ones(copies, np.int64), 2)
        assert joined[0] == joined[1]


@pytest.mark.parametrize("limit", [1, 2000])
def test_optimal_gain_is_never_below_greedy(limit: int) -> None:
    rng = np.random.default_rng(5)
    cells = {
        (int(a), int(b)): float(s)
        for a, b, s in zip(
            rng.integers(0, 60, 400),
            rng.integers(0, 60, 400),
            rng.uniform(0.5, 1, 400),
            strict=True,
        )
    }
    drawn = as_pairs(cells)
    accepted, _ = one_to_one(*drawn, threshold=0.5, component_limit=limit)
    best, _ = one_to_one(*drawn, threshold=0.5)
    assert gain_of(drawn[2], best) >= gain_of(drawn[2], accepted) - 1e-4
