"""Records of one file that want one partner are taken together where they are copies, and only there."""

from __future__ import annotations

from functools import partial
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.unit.linking.copies import (
    CopyGroups,
    CopyPairs,
    copy_groups,
    grouped_probabilities,
    rival_pairs,
)
from pprl.unit.linking.rivals import pair_probabilities

PROPERTY = settings(max_examples=100, deadline=None)
ODDS = st.sampled_from([-8.0, -3.5, -2.0, 0.5, 4.0, 9.0])


@PROPERTY
@given(st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 4)), ODDS, max_size=14))
def test_rivals_are_the_likely_candidates_of_one_partner(
    cells: dict[tuple[int, int], float],
) -> None:
    """Each two of them once, the lower record first."""
    expected = {
        (min(a, b), max(a, b))
        for (partner, a), (other, b) in combinations(cells, 2)
        if partner == other and cells[partner, a] > -3 and cells[other, b] > -3
    }
    ends = np.array(list(cells), np.int64).reshape(-1, 2)
    one, other = rival_pairs(ends[:, 1], ends[:, 0], np.array(list(cells.values()), np.float64))
    assert list(zip(one.tolist(), other.tolist(), strict=True)) == sorted(expected)


@pytest.mark.parametrize(("candidates", "pairs"), [(5, 10), (6, 0), (20, 0)])
def test_many_candidates_are_no_copies(candidates: int, pairs: int) -> None:
    """Nobody is in a file that often: they hold default values. Another partner's candidates are compared as ever."""
    record = np.append(np.arange(candidates), [30, 31])
    partner = np.append(np.zeros(candidates, np.int64), [1, 1])
    one, other = rival_pairs(record, partner, np.full(candidates + 2, 4.0))
    assert len(one) == pairs + 1
    assert (one[-1], other[-1]) == (30, 31)


def groups_of(pairs: dict[tuple[int, int], float], records: int) -> CopyGroups:
    ends = np.array(list(pairs), np.int64).reshape(-1, 2)
    odds = np.array(list(pairs.values()), np.float64)
    return copy_groups(CopyPairs(one=ends[:, 0], other=ends[:, 1], log_odds=odds), records)


def test_copies_need_odds_of_nine_to_one() -> None:
    made = groups_of({(0, 1): 2.1, (2, 3): 2.3, (4, 5): -1.0}, 6)
    assert made.group.tolist() == [0, 1, 2, 2, 4, 5]
    assert made.people == 5
    assert made.probability[[0, 1, 4, 5]].tolist() == [1, 1, 1, 1]
    assert made.probability[2] == made.probability[3] == pytest.approx(1 / (1 + np.exp(-2.3)))


def test_one_doubtful_pair_does_not_join_two_groups() -> None:
    """The pairs between them that speak against it count too."""
    apart = groups_of({(0, 1): 9.0, (2, 3): 9.0, (1, 2): 3.0, (0, 2): -9.0, (1, 3): -9.0}, 4)
    assert apart.group.tolist() == [0, 0, 2, 2]
    joined = groups_of({(0, 1): 9.0, (1, 2): 9.0, (0, 2): 5.0}, 3)
    assert joined.group.tolist() == [0, 0, 0]


def probabilities(groups: list[CopyGroups], weights: list[float]) -> list[float]:
    """Of one left record with some right ones."""
    right = np.arange(len(weights))
    weigh = partial(pair_probabilities, rule="people", log_prior_odds=-2.0, unlisted=0.0)
    left = np.zeros(len(weights), np.int64)
    return grouped_probabilities(left, right, np.array(weights), groups, weigh).tolist()


def alone(records: int) -> CopyGroups:
    return CopyGroups(group=np.arange(records), probability=np.ones(records))


def test_copies_do_not_take_probability_from_each_other() -> None:
    """Two equally good candidates halve it; two copies have what one of them alone would have."""
    rivals = probabilities([alone(1), alone(2)], [9.0, 9.0])
    assert max(rivals) < 0.5
    copies = CopyGroups(group=np.array([0, 0]), probability=np.array([0.95, 0.95]))
    single = probabilities([alone(1), alone(1)], [9.0])[0]
    best, other = probabilities([alone(1), copies], [9.0, 7.0])
    assert best == pytest.approx(single)
    assert best > 0.99
    assert other == pytest.approx(0.95 * single)


def test_a_third_record_stays_a_rival_of_the_copies() -> None:
    copies = CopyGroups(group=np.array([0, 0, 2]), probability=np.array([1.0, 1.0, 1.0]))
    with_rival = probabilities([alone(1), copies], [6.0, 6.0, 6.0])
    assert max(with_rival) < 0.5
    plain = probabilities([alone(1), alone(2)], [6.0, 6.0])
    assert with_rival == pytest.approx([plain[0], plain[0], plain[1]])


@PROPERTY
@given(
    st.dictionaries(
        st.tuples(st.integers(0, 4), st.integers(0, 4)), st.floats(-5, 9), min_size=1, max_size=12
    )
)
def test_without_copies_nothing_changes(cells: dict[tuple[int, int], float]) -> None:
    ends = np.array(list(cells), np.int64)
    weights = np.array(list(cells.values()))
    weigh = partial(pair_probabilities, rule="one-to-one", log_prior_odds=-2.0, unlisted=0.1)
    found = grouped_probabilities(ends[:, 0], ends[:, 1], weights, [alone(5), alone(5)], weigh)
    np.testing.assert_allclose(found, weigh(ends[:, 0], ends[:, 1], weights, (5, 5)), atol=1e-12)
