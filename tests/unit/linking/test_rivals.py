"""Probabilities with rivals equal those of listing every linkage there could be."""

from __future__ import annotations

from itertools import combinations
from math import isfinite, log
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pprl.exchange.agreement.defaults import AssignmentRule
from pprl.unit.linking import rivals
from pprl.unit.linking.rivals import pair_probabilities
from pprl.unit.weighing.prior import log_prior_odds

PROPERTY = settings(max_examples=150, deadline=None)
Pairs = list[tuple[int, int]]
WEIGHTS = st.floats(-4, 6) | st.floats(-20, 40)
RULES: list[AssignmentRule] = ["one-to-one", "one-to-many", "many-to-many"]


def allowed(chosen: tuple[tuple[int, int], ...], rule: AssignmentRule) -> bool:
    left, right = [a for a, _ in chosen], [b for _, b in chosen]
    if rule != "many-to-many" and len(set(right)) < len(right):
        return False
    return rule != "one-to-one" or len(set(left)) == len(left)


def listed(pairs: Pairs, log_odds: list[float], rule: AssignmentRule) -> npt.NDArray[np.float64]:
    """The definition: over every set of pairs that keeps the rule, weighted by the product of their odds."""
    sets = [
        list(chosen)
        for size in range(len(pairs) + 1)
        for chosen in combinations(range(len(pairs)), size)
        if allowed(tuple(pairs[at] for at in chosen), rule)
    ]
    total = np.array([sum(log_odds[at] for at in chosen) for chosen in sets])
    share = np.exp(total - total.max())
    held = np.zeros(len(pairs))
    for weight, chosen in zip(share / share.sum(), sets, strict=True):
        held[chosen] += weight
    return held


def probabilities(
    left: npt.NDArray[np.int64],
    right: npt.NDArray[np.int64],
    log_ratio: npt.NDArray[np.float64],
    sizes: tuple[int, int],
    *,
    rule: AssignmentRule,
    matches: float,
    unlisted: float = 0.0,
) -> npt.NDArray[np.float64]:
    """Give the probabilities of pairs of files in which so many matches are expected."""
    prior = log_prior_odds(matches, sizes, rule)
    return pair_probabilities(
        left, right, log_ratio, sizes, rule=rule, log_prior_odds=prior, unlisted=unlisted
    )


def found(
    pairs: Pairs,
    weights: list[float],
    rule: AssignmentRule = "one-to-one",
    *,
    sizes: tuple[int, int] = (8, 8),
    matches: float = 3.0,
) -> npt.NDArray[np.float64]:
    ends = np.array(pairs, np.int64).reshape(-1, 2)
    return probabilities(
        ends[:, 0], ends[:, 1], np.array(weights, float), sizes, matches=matches, rule=rule
    )


def log_odds_of(weights: list[float], rule: AssignmentRule) -> list[float]:
    prior = log_prior_odds(3.0, (8, 8), rule)
    return [weight + prior for weight in weights]


@st.composite
def trees(draw: st.DrawFn) -> Pairs:
    """Draw pairs without a cycle: each new record of either side has one partner among those before."""
    sides: tuple[list[int], list[int]] = ([0], [0])
    pairs = [(0, 0)]
    for _ in range(draw(st.integers(0, 7))):
        side = draw(st.integers(0, 1))
        new = len(sides[side])
        old = draw(st.sampled_from(sides[1 - side]))
        sides[side].append(new)
        pairs.append((new, old) if side == 0 else (old, new))
    return pairs


@PROPERTY
@given(trees(), st.data(), st.sampled_from(RULES))
def test_without_a_cycle_the_probabilities_are_exact(
    pairs: Pairs, data: st.DataObject, rule: AssignmentRule
) -> None:
    assume(max(max(pair) for pair in pairs) < 8)
    weights = data.draw(st.lists(WEIGHTS, min_size=len(pairs), max_size=len(pairs)))
    expected = listed(pairs, log_odds_of(weights, rule), rule)
    np.testing.assert_allclose(found(pairs, weights, rule), expected, atol=1e-4)


@PROPERTY
@given(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=10).map(sorted), st.data())
def test_with_cycles_they_are_close(pairs: Pairs, data: st.DataObject) -> None:
    """Most of all in the mean. One-to-many, where only the right side has rivals, is exact again."""
    weights = data.draw(st.lists(WEIGHTS, min_size=len(pairs), max_size=len(pairs)))
    exact = listed(pairs, log_odds_of(weights, "one-to-many"), "one-to-many")
    np.testing.assert_allclose(found(pairs, weights, "one-to-many"), exact, atol=1e-4)
    exact = listed(pairs, log_odds_of(weights, "one-to-one"), "one-to-one")
    np.testing.assert_allclose(found(pairs, weights), exact, atol=0.3)


@PROPERTY
@given(
    st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=20).map(sorted),
    st.data(),
)
def test_a_record_is_never_more_than_one_person(pairs: Pairs, data: st.DataObject) -> None:
    """The probabilities of a record's pairs sum to at most 1."""
    weights = data.draw(st.lists(st.floats(-20, 80), min_size=len(pairs), max_size=len(pairs)))
    probability = found(pairs, weights)
    ends = np.array(pairs)
    assert (probability >= 0).all()
    assert np.bincount(ends[:, 0], probability).max() <= 1 + 0.02
    assert np.bincount(ends[:, 1], probability).max() <= 1 + 0.02


@PROPERTY
@given(
    st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=14).map(sorted),
    st.data(),
)
def test_neither_the_sides_nor_the_order_matter(pairs: Pairs, data: st.DataObject) -> None:
    weights = data.draw(st.lists(WEIGHTS, min_size=len(pairs), max_size=len(pairs)))
    probability = found(pairs, weights)
    turned = found([(b, a) for a, b in pairs], weights)
    np.testing.assert_allclose(turned, probability, atol=1e-4)
    order = data.draw(st.permutations(range(len(pairs))))
    shuffled = found([pairs[at] for at in order], [weights[at] for at in order])
    np.testing.assert_allclose(shuffled, probability[order], atol=1e-9)


def test_on_the_whole_cycles_cost_little() -> None:
    """The mean error over many dense cases, weak and strong weights among them."""
    rng = np.random.default_rng(1)
    errors = []
    for _ in range(150):
        pairs = [(a, b) for a in range(3) for b in range(3) if rng.random() < 0.7]
        weights = rng.uniform(-4, rng.choice([4, 12, 40]), len(pairs)).tolist()
        exact = listed(pairs, log_odds_of(weights, "one-to-one"), "one-to-one")
        errors += np.abs(found(pairs, weights) - exact).tolist()
    assert np.mean(errors) < 0.01


def test_of_two_strong_candidates_one_is_the_person() -> None:
    """Weights of 40 and 34, as two full records have: the odds between the two are 6, not each for itself."""
    strong = found([(0, 0), (0, 1)], [40.0, 34.0])
    assert strong[0] == pytest.approx(1 / (1 + np.exp(-6)), abs=1e-3)
    assert strong[1] == pytest.approx(1 / (1 + np.exp(6)), abs=1e-3)


def test_a_rival_takes_probability_away() -> None:
    """Two equally good rivals share it; a weak one takes little; a rival that has a better partner gives it back."""
    alone = found([(0, 0)], [6.0])[0]
    two = found([(0, 0), (0, 1)], [6.0, 6.0])
    weak = found([(0, 0), (0, 1)], [6.0, 1.0])
    taken = found([(0, 0), (0, 1), (1, 1)], [6.0, 6.0, 12.0])
    assert two[0] == pytest.approx(two[1])
    assert two[0] < 0.5 < weak[0] < alone
    assert two[0] < taken[0] < alone
    assert found([(0, 0), (1, 0)], [6.0, 6.0])[0] == pytest.approx(two[0], abs=1e-4)
    many = found([(0, 0), (0, 1)], [6.0, 6.0], "one-to-many")
    assert many[0] == pytest.approx(many[1])
    assert many[0] > 0.9


def test_the_more_matches_there_are_the_likelier_is_a_pair() -> None:
    shares = [found([(0, 0)], [3.0], matches=n)[0] for n in (0.0, 0.1, 1.0, 4.0, 7.0, 8.0, 100.0)]
    assert shares == sorted(shares)
    assert 0 < shares[0] < 1e-3
    assert shares[-1] == shares[-2] < 1  # everybody may have a partner: still nothing is certain
    assert isfinite(log_prior_odds(8.0, (8, 8), "one-to-one"))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("weight", [0.0, 2.0])
def test_the_prior_is_a_random_pair_s_odds(rule: AssignmentRule, weight: float) -> None:
    """In files where every pair has the same weight, the probabilities sum to the expected matches."""
    sizes, matches = (40, 60), 24.0
    left, right = np.divmod(np.arange(40 * 60), 60)
    probability = probabilities(left, right, np.zeros(2400), sizes, matches=matches, rule=rule)
    assert probability.sum() == pytest.approx(matches, rel=0.02)
    more = probabilities(left, right, np.full(2400, weight), sizes, matches=matches, rule=rule)
    assert more.sum() >= probability.sum() - 1e-9


@pytest.mark.parametrize("rule", RULES)
def test_no_pair_and_certain_pairs(rule: AssignmentRule) -> None:
    """No overflow, no division by nothing, no certainty out of nothing."""
    assert len(found([], [], rule)) == 0
    sure = found([(0, 0), (1, 1)], [1e4, -1e4], rule)
    assert sure[0] == pytest.approx(1)
    assert sure[1] == pytest.approx(0)
    single = found([(0, 0)], [log(2)], rule, sizes=(1, 1), matches=1.0)
    assert 0 < single[0] < 1


@pytest.mark.parametrize("matches", [40.0, 199.0])
@pytest.mark.parametrize("rule", ["one-to-one", "one-to-many"])
def test_partners_that_are_not_listed_are_reckoned_with(
    matches: float, rule: AssignmentRule
) -> None:
    """Where scores say nothing, a pair is as probable as any other, whether all of them are listed or a few."""
    sizes = (200, 300)
    listed_share = 0.1
    left, right = np.divmod(np.arange(200 * 300), 300)
    some = np.random.default_rng(1).random(len(left)) < listed_share
    given = (left[some], right[some], np.zeros(some.sum()), sizes)
    probability = probabilities(*given, matches=matches, rule=rule, unlisted=1 - listed_share)
    assert probability.mean() == pytest.approx(matches / (200 * 300), rel=0.03)
    # Without them, each record would have to find its partner among the few.
    bare = probabilities(*given, matches=matches, rule=rule)
    assert bare.mean() > 1.1 * probability.mean()


@pytest.mark.parametrize("rule", ["one-to-one", "one-to-many"])
def test_a_record_none_of_whose_pairs_is_listed_may_have_a_partner_all_the_same(
    rule: AssignmentRule,
) -> None:
    """Where scores say nothing, the pairs of a few records are as probable as any others, listed or not."""
    sizes, matches, some = (200, 300), 150.0, (10, 15)
    left, right = np.divmod(np.arange(some[0] * some[1]), some[1])
    probability = probabilities(
        left,
        right,
        np.zeros(len(left)),
        sizes,
        matches=matches,
        rule=rule,
        unlisted=1 - len(left) / (200 * 300),
    )
    assert probability.mean() == pytest.approx(matches / (200 * 300), rel=0.08)


def test_evidence_against_a_pair_counts_however_many_matches_are_expected() -> None:
    """Even where everybody has a partner, a pair whose own evidence speaks against it is not the one."""
    for matches in (1000.0, 5000.0):
        against = found([(0, 0)], [-8.0], sizes=(1000, 1000), matches=matches)
        assert against[0] < 0.1


@pytest.mark.parametrize("rule", ["one-to-one", "one-to-many"])
def test_rings_that_settle_late_are_followed_by_themselves(
    rule: AssignmentRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Among many pairs at rest the few that still move come out as if all had been followed to the end."""
    rng = np.random.default_rng(3)
    plain = np.arange(2000)
    ring = 2000 + np.arange(40)
    left = np.concatenate([plain, ring, ring])
    right = np.concatenate([plain, ring, 2000 + np.roll(np.arange(40), 1)])
    weight = np.concatenate([rng.normal(6, 4, 2000), np.full(80, 25.0)])
    weight[2000] += 1.0
    given = (left, right, weight, (3000, 3000))
    followed = probabilities(*given, rule=rule, matches=1500.0)
    pairs_of_calls: list[int] = []
    once = rivals._rounds

    def counted(*arguments: Any, **options: Any) -> Any:
        pairs_of_calls.append(len(arguments[0]))
        return once(*arguments, **options)

    monkeypatch.setattr(rivals, "_rounds", counted)
    np.testing.assert_array_equal(probabilities(*given, rule=rule, matches=1500.0), followed)
    assert pairs_of_calls == ([2080, 80] if rule == "one-to-one" else [2080])
    monkeypatch.setattr(rivals, "_FEW", -1.0)
    wanted = probabilities(*given, rule=rule, matches=1500.0)
    np.testing.assert_allclose(followed, wanted, atol=1e-9)
