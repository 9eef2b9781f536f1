"""Clusters follow the average of the weights, keep their rules, and do not depend on the order of the pairs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage

from pprl.base.errors import DataError, UsageError
from pprl.unit.linking.assignment import components
from pprl.unit.linking.clustering import (
    FILES_LIMIT,
    ClusterLimits,
    Clusters,
    cluster_records,
)

PROPERTY = settings(max_examples=200, deadline=None)
STEPS = st.integers(-12, 16).map(lambda n: n / 4)  # exact in binary, so that there are many ties

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Case:
    """Weighted pairs over a few files, and what came before."""

    cells: dict[tuple[int, int], float]
    file_of: IntArray
    initial: IntArray
    absent: float
    one_per_file: bool

    def run(self, seed: int | None = None, **changes: Any) -> Clusters:
        """Cluster, with the pairs in another order and their ends swapped if there is a seed."""
        ends = np.array(list(self.cells), np.int64).reshape(-1, 2)
        weight = np.array(list(self.cells.values()), np.float64)
        if seed is not None:
            rng = np.random.default_rng(seed)
            order = rng.permutation(len(ends))
            ends, weight = rng.permuted(ends[order], axis=1), weight[order]
        given_values = {
            "absent": self.absent,
            "one_per_file": self.one_per_file,
            "initial": self.initial,
        }
        return cluster_records(
            ends[:, 0], ends[:, 1], weight, self.file_of, **(given_values | changes)
        )


@st.composite
def cases(draw: st.DrawFn, weights: st.SearchStrategy[float] = STEPS, most: int = 9) -> Case:
    records = draw(st.integers(2, most))
    places = list(combinations(range(records), 2))
    cells = draw(st.dictionaries(st.sampled_from(places), weights, max_size=len(places)))
    file_of = draw(st.lists(st.integers(0, 3), min_size=records, max_size=records))
    known = st.just(-1) if draw(st.booleans()) else st.integers(-1, 2)
    initial = draw(st.lists(known, min_size=records, max_size=records))
    return Case(
        cells=cells,
        file_of=np.array(file_of, np.int64),
        initial=np.array(initial, np.int64),
        absent=draw(st.sampled_from([-0.25, -1.0, -3.0])),
        one_per_file=draw(st.booleans()),
    )


def groups(cluster: IntArray) -> list[frozenset[int]]:
    return [frozenset(np.flatnonzero(cluster == c).tolist()) for c in np.unique(cluster)]


def average(case: Case, one: frozenset[int], other: frozenset[int]) -> Fraction:
    pairs = [(min(a, b), max(a, b)) for a in one for b in other]
    total = sum(Fraction(max(case.cells.get(pair, case.absent), case.absent)) for pair in pairs)
    return total / len(pairs)


def have_room(case: Case, one: frozenset[int], other: frozenset[int]) -> bool:
    twice = {case.file_of[r] for r in one} & {case.file_of[r] for r in other}
    earlier = all(any(case.initial[r] >= 0 for r in side) for side in (one, other))
    return not (case.one_per_file and twice) and not earlier


def plain_clusters(case: Case) -> list[frozenset[int]]:
    """The same rule, looking at every two clusters before every merger."""
    node: dict[frozenset[int], int] = {}
    for record, before in enumerate(case.initial):
        together = np.flatnonzero(case.initial == before).tolist() if before >= 0 else [record]
        node[frozenset(together)] = together[0]
    while True:
        ranked = []
        for one, other in combinations(node, 2):
            mean = average(case, one, other)
            if mean > 0 and have_room(case, one, other):
                low, high = sorted((node[one], node[other]))
                ranked.append((-mean, high, low, one, other))
        if not ranked:
            return sorted(node, key=min)
        *_, one, other = min(ranked, key=lambda rank: rank[:3])
        node[one | other] = max(node.pop(one), node.pop(other))


def weight_to(case: Case, record: int, members: frozenset[int]) -> Fraction:
    rest = members - {record}
    return average(case, frozenset([record]), rest) * len(rest) if rest else Fraction(0)


def rivals(case: Case, record: int, found: list[frozenset[int]]) -> list[frozenset[int]]:
    """Other clusters with room for a record, in the order of its listed partners."""
    ends = {b if a == record else a for (a, b) in case.cells if record in (a, b)}
    heard = sorted(e for e in ends if case.cells[min(e, record), max(e, record)] > case.absent)
    others = [next(c for c in found if partner in c) for partner in heard]
    alone = frozenset([record])
    return [c for c in others if record not in c and have_room(case, alone, c)]


def plain_moves(case: Case, found: list[frozenset[int]], rounds: int) -> list[frozenset[int]]:
    for _ in range(rounds):
        for record in np.flatnonzero(case.initial < 0).tolist():
            own = next(c for c in found if record in c)
            home = weight_to(case, record, own)
            best, to = max(home, Fraction(0)), own
            for other in rivals(case, record, found):
                if weight_to(case, record, other) > best:
                    best, to = weight_to(case, record, other), other
            if to != own:
                found = [c for c in found if c not in (own, to)] + [own - {record}, to | {record}]
                found = [c for c in found if c]
    return sorted(found, key=min)


def plain_ties(case: Case, found: list[frozenset[int]]) -> int:
    ties = 0
    for record in np.flatnonzero(case.initial < 0).tolist():
        home = weight_to(case, record, next(c for c in found if record in c))
        others = rivals(case, record, found)
        ties += any(weight_to(case, record, other) == home > 0 for other in others)
    return ties


@PROPERTY
@given(cases(), st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 10]))
def test_clusters_equal_the_plain_rule(case: Case, seed: int, rounds: int) -> None:
    """The heap with its bounds joins what looking at everything joins, equal averages included."""
    found = case.run(seed, limits=ClusterLimits(rounds=rounds))
    assert groups(found.cluster) == plain_moves(case, plain_clusters(case), rounds)
    for group in groups(found.cluster):
        assert {int(found.cluster[record]) for record in group} == {min(group)}
    assert found.largest == max(len(group) for group in groups(found.cluster))
    assert found.giant == 0
    assert found.ties == plain_ties(case, groups(found.cluster))


@settings(max_examples=25, deadline=None)
@given(cases(most=18))
def test_clusters_of_more_records_equal_the_plain_rule(case: Case) -> None:
    assert groups(case.run(limits=ClusterLimits(rounds=0)).cluster) == plain_clusters(case)
    assert groups(case.run().cluster) == plain_moves(case, plain_clusters(case), 10)


@pytest.mark.parametrize("seed", range(15))
def test_tables_full_of_ties_equal_the_plain_rule(seed: int) -> None:
    """With two weights in all, most mergers are decided by record number."""
    rng = np.random.default_rng(seed)
    cells = {pair: float(rng.choice([-1, 1])) for pair in combinations(range(14), 2)}
    case = simple(cells, 14, absent=-1.0)
    assert groups(case.run(seed, limits=ClusterLimits(rounds=0)).cluster) == plain_clusters(case)


def inside(case: Case, cluster: IntArray) -> Fraction:
    return sum((weight_to(case, r, g) for g in groups(cluster) for r in g), Fraction(0)) / 2


@PROPERTY
@given(cases(most=14))
def test_moving_only_raises_the_sum_of_weights(case: Case) -> None:
    """And leaves no single record that would weigh more with another cluster."""
    before, after = (
        case.run(limits=ClusterLimits(rounds=0)).cluster,
        case.run(limits=ClusterLimits(rounds=100)).cluster,
    )
    assert inside(case, after) >= inside(case, before)
    found = groups(after)
    assert plain_moves(case, found, 1) == found


@PROPERTY
@given(cases(st.floats(-20, 20), most=14), st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 100]))
def test_order_of_the_pairs_does_not_matter(case: Case, seed: int, limit: int) -> None:
    """Weights of any size: sums are the same whatever the order they are made in."""
    one, two = (
        case.run(limits=ClusterLimits(component=limit)),
        case.run(seed, limits=ClusterLimits(component=limit)),
    )
    np.testing.assert_array_equal(one.cluster, two.cluster)
    assert (one.giant, one.ties, one.largest) == (two.giant, two.ties, two.largest)


@PROPERTY
@given(cases(most=14), st.sampled_from([1, 3, 100]))
def test_rules_are_never_broken(case: Case, limit: int) -> None:
    """No file twice among records that came together now; earlier clusters neither split nor merged."""
    cluster = case.run(limits=ClusterLimits(component=limit)).cluster
    for group in groups(cluster):
        before = {int(case.initial[record]) for record in group if case.initial[record] >= 0}
        assert len(before) <= 1
        if before:
            assert set(np.flatnonzero(case.initial == before.pop())) <= group
        if case.one_per_file:
            new = [record for record in group if case.initial[record] < 0]
            old = {case.file_of[record] for record in group if case.initial[record] >= 0}
            files = [case.file_of[record] for record in new]
            assert len(set(files)) == len(files)
            assert not old & set(files)


@PROPERTY
@given(cases(most=14), st.integers(1, 6))
def test_a_cluster_of_a_giant_component_stays_below_the_limit(case: Case, limit: int) -> None:
    """And whatever is no giant is clustered as without a limit."""
    alone = np.full(len(case.file_of), -1)
    free = case.run(one_per_file=False, initial=alone)
    cut = case.run(one_per_file=False, initial=alone, limits=ClusterLimits(component=limit))
    positive = np.array([p for p, w in case.cells.items() if w > 0], np.int64).reshape(-1, 2)
    component = components(positive[:, 0], positive[:, 1], len(alone))
    sizes = np.bincount(component)
    assert cut.giant == (sizes > limit).sum()
    small = sizes[component] <= limit
    np.testing.assert_array_equal(cut.cluster[small], free.cluster[small])
    assert max([1, *(len(g) for g in groups(cut.cluster[~small]))]) <= limit


@pytest.mark.parametrize("records", [30, 200])
def test_a_full_table_is_clustered_as_by_scipy(records: int) -> None:
    rng = np.random.default_rng(records)
    group = rng.integers(0, records // 5, records)
    left, right = np.triu_indices(records, 1)
    weight = rng.normal(0, 3, len(left)) + np.where(group[left] == group[right], 2, -2)
    file_of = np.zeros(records, np.int64)
    found = cluster_records(
        left, right, weight, file_of, absent=-99, one_per_file=False, limits=ClusterLimits(rounds=0)
    )
    expected = fcluster(linkage(100 - weight, "average"), 100, "distance")
    assert 1 < found.largest < records
    assert sorted(map(sorted, groups(found.cluster))) == sorted(map(sorted, groups(expected)))


def dense(*members: range, within: float) -> dict[tuple[int, int], float]:
    return {pair: within for some in members for pair in combinations(some, 2)}


def simple(cells: dict[tuple[int, int], float], records: int, **changes: Any) -> Case:
    values = {
        "cells": cells,
        "file_of": np.zeros(records, np.int64),
        "initial": np.full(records, -1),
        "absent": -4.0,
        "one_per_file": False,
    }
    return Case(**(values | changes))


def test_one_strong_wrong_pair_does_not_glue_two_people_together() -> None:
    """Where connected components would make one cluster."""
    cells = dense(range(5), range(5, 10), within=3.0) | {(4, 5): 11.0}
    case = simple(cells, 10)
    ends = np.array(list(cells))
    assert len(set(components(ends[:, 0], ends[:, 1], 10))) == 1
    assert groups(case.run().cluster) == [frozenset(range(5)), frozenset(range(5, 10))]
    # Average linkage alone joins the strong pair first, and nobody can follow the two.
    torn = [frozenset(range(4)), frozenset([4, 5]), frozenset(range(6, 10))]
    assert groups(case.run(limits=ClusterLimits(rounds=0)).cluster) == torn


def test_a_chain_falls_apart() -> None:
    cells = {(i, i + 1): 2.0 for i in range(9)}
    assert simple(cells, 10).run().largest == 2
    # The nearer an unlisted pair is to "who knows", the more is joined.
    assert simple(cells, 10, absent=-0.05).run().largest == 10


def test_a_listed_pair_counts_no_less_than_an_unlisted_one() -> None:
    known = {(0, 1): 5.0, (1, 2): 5.0}
    for low in (-4.0, -4.5, -1e300, -np.inf):
        found = simple(known | {(0, 2): low}, 3).run()
        assert found.cluster.tolist() == simple(known, 3).run().cluster.tolist() == [0, 0, 0]


def test_negative_pairs_keep_apart() -> None:
    cells = {(0, 1): 5.0, (1, 2): 3.0, (0, 2): -3.25}
    assert simple(cells, 3).run().cluster.tolist() == [0, 0, 2]
    assert simple(cells | {(0, 2): -2.75}, 3).run().cluster.tolist() == [0, 0, 0]


def test_a_file_holds_a_person_once() -> None:
    """The better of two records of a file gets in; the other stays out, however well it fits."""
    cells = {(0, 1): 9.0, (0, 2): 8.0, (1, 2): 8.0}
    case = simple(cells, 3, file_of=np.array([0, 1, 1]), one_per_file=True)
    assert case.run().cluster.tolist() == [0, 0, 2]
    assert case.run(one_per_file=False).cluster.tolist() == [0, 0, 0]


def test_equal_rivals_are_counted_and_the_lower_record_wins() -> None:
    case = simple({(0, 1): 5.0, (0, 2): 5.0}, 3, file_of=np.array([0, 1, 1]), one_per_file=True)
    assert (case.run().cluster.tolist(), case.run().ties) == ([0, 0, 2], 1)
    clear = simple({(0, 1): 5.0, (0, 2): 4.0}, 3, file_of=np.array([0, 1, 1]), one_per_file=True)
    assert clear.run().ties == 0


def test_a_new_file_joins_an_earlier_run() -> None:
    """Two earlier clusters stay two although a new record fits both; another new record starts its own."""
    cells = {(0, 4): 6.0, (1, 4): 6.0, (2, 4): 5.0, (3, 4): 5.0, (0, 2): 9.0, (5, 6): 3.0}
    initial = np.array([7, 7, 3, 3, -1, -1, -1])
    assert simple(cells, 7, initial=initial).run().cluster.tolist() == [0, 0, 2, 2, 0, 5, 5]
    # Kept together even against the weights, and counted whole when somebody wants to join.
    assert simple({(1, 2): 3.0}, 3, initial=np.array([1, 1, -1])).run().cluster.tolist() == [
        0,
        0,
        2,
    ]


@PROPERTY
@given(cases(most=12))
def test_nothing_changes_when_nothing_is_new(case: Case) -> None:
    first = case.run().cluster
    again = case.run(initial=first).cluster
    np.testing.assert_array_equal(again, first)


def test_pairs_listed_twice_count_once_and_selves_not_at_all() -> None:
    left, right = np.array([0, 1, 2, 1, 0]), np.array([1, 0, 2, 2, 2])
    weight = np.array([1.0, 3.0, 50.0, 2.0, -2.5])
    found = cluster_records(left, right, weight, np.zeros(3, int), absent=-4, one_per_file=False)
    assert found.cluster.tolist() == [0, 0, 2]
    # With 3 + 1 for the first pair, or 50 for the third, all would be one.
    assert found.largest == 2


def test_an_infinite_weight_is_a_number() -> None:
    cells = {(0, 1): np.inf, (1, 2): 2.0}
    assert simple(cells, 3, absent=-np.inf).run().cluster.tolist() == [0, 0, 2]


def test_a_giant_is_cut_where_it_is_thinnest() -> None:
    cells = dense(range(4), range(4, 8), within=3.0)
    cells |= {(a, b): 1.0 for a in range(4) for b in range(4, 8)}
    whole, cut = simple(cells, 8).run(), simple(cells, 8).run(limits=ClusterLimits(component=7))
    assert (whole.giant, whole.largest) == (0, 8)
    assert (cut.giant, groups(cut.cluster)) == (1, [frozenset(range(4)), frozenset(range(4, 8))])


def test_no_pairs_and_no_records() -> None:
    assert simple({}, 3).run().cluster.tolist() == [0, 1, 2]
    assert (simple({}, 3).run().largest, simple({}, 0).run().largest) == (1, 0)
    assert len(simple({}, 0).run().cluster) == 0


def test_sixty_four_files_and_no_more() -> None:
    cells = dense(range(FILES_LIMIT), within=1.0)
    case = simple(cells, FILES_LIMIT, file_of=np.arange(FILES_LIMIT), one_per_file=True)
    assert case.run().largest == FILES_LIMIT
    more = simple(cells, FILES_LIMIT, file_of=np.arange(FILES_LIMIT) + 1, one_per_file=True)
    with pytest.raises(UsageError):
        more.run()
    assert more.run(one_per_file=False).largest == FILES_LIMIT


@pytest.mark.parametrize("absent", [0.0, 1.0, float("nan")])
def test_an_unlisted_pair_must_count_against(absent: float) -> None:
    with pytest.raises(UsageError):
        simple({(0, 1): 1.0}, 2).run(absent=absent)


def test_a_weight_that_is_no_number_is_refused() -> None:
    with pytest.raises(DataError):
        simple({(0, 1): float("nan")}, 2).run()


def test_a_hub_with_many_neighbours_is_quick_and_right() -> None:
    """Each merger lowers every average of the hub; those bounds are looked at only when they come to the top."""
    weight = np.random.default_rng(1).exponential(3, 50_000)
    hub, others = np.zeros(50_000, np.int64), np.arange(1, 50_001)
    file_of = np.zeros(50_001, np.int64)
    found = cluster_records(
        hub,
        others,
        weight,
        file_of,
        absent=-0.01,
        one_per_file=False,
        limits=ClusterLimits(rounds=0),
    )
    best = np.sort(weight)[::-1]
    # The k-th neighbour joins while its own pair outweighs the k - 1 pairs with the others.
    expected = int(np.argmax(best <= 0.01 * np.arange(50_000))) + 1
    assert found.largest == expected
