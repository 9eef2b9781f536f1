"""The EM finds the proportions and agreement rates that the patterns were drawn with, and admits where it can't."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from pprl.unit.weighing.fields.classes import Classes, Parameter
from pprl.unit.weighing.fields.mixture import fit, posterior
from pprl.unit.weighing.fields.patterns import Patterns

Floats = npt.NDArray[np.float64]
EVERY = np.ones(2, bool)
FIELDS, LEVELS = 5, 4  # missing, different, similar, exact
U = [[0.97 - f / 50, 0.02, 0.01 + f / 50] for f in range(FIELDS)]
M = [[0.05 + f / 20, 0.15, 0.8 - f / 20] for f in range(FIELDS)]


def parameter(
    prior: list[float] | Floats, *, free: bool = True, strength: float = 0.0
) -> Parameter:
    made = np.concatenate([[1.0], prior])
    return Parameter(prior=made, value=made.copy(), free=free, strength=strength)


def two_classes(first: list[list[float]], **more: float) -> Classes:
    """Strangers that are known, and matches that start from `first`."""
    return Classes(
        names=("strangers", "matches"),
        match=np.array([False, True]),
        parameters=[*(parameter(u, free=False) for u in U), *(parameter(m, **more) for m in first)],
        use=np.arange(2 * FIELDS).reshape(2, FIELDS),
        by_chance=np.zeros((2, FIELDS), bool),
    )


def draw(rng: np.random.Generator, pairs: int, share: float, *, missing: float = 0.1) -> Patterns:
    """Draw patterns of pairs of both classes, some of their values missing."""
    levels = np.array(list(product(range(LEVELS), repeat=FIELDS)), np.uint8)
    likely = np.zeros(len(levels))
    for part, rates in ((share, M), (1 - share, U)):
        table = np.array([[missing, *((1 - missing) * np.array(rate))] for rate in rates])
        likely += part * table[np.arange(FIELDS), levels].prod(axis=1)
    count = rng.multinomial(pairs, likely / likely.sum())
    return Patterns(levels=levels[count > 0], count=count[count > 0].astype(np.float64))


@pytest.mark.parametrize("share", [0.2, 0.01, 0.001])
def test_what_the_patterns_were_drawn_with_is_found(share: float) -> None:
    """From first values that are far off, with values missing."""
    patterns = draw(np.random.default_rng(1), 5_000_000, share)
    classes = two_classes([[0.3, 0.3, 0.4]] * FIELDS)
    found = fit(classes, patterns, np.array([0.9, 0.1]), free=EVERY)
    assert found.converged
    assert found.share[1] == pytest.approx(share, rel=0.05)
    for f in range(FIELDS):
        np.testing.assert_allclose(classes.parameters[f].value[1:], U[f])
        loose = 0.01 if share > 0.005 else 0.03
        np.testing.assert_allclose(classes.parameters[FIELDS + f].value[1:], M[f], atol=loose)


def test_without_pairs_the_prior_stands() -> None:
    """And with few it hardly moves: it is worth some pairs of its own."""
    nothing = Patterns(levels=np.zeros((0, FIELDS), np.uint8), count=np.zeros(0))
    classes = two_classes(M)
    found = fit(classes, nothing, np.array([0.9, 0.1]), free=EVERY)
    assert found.converged
    np.testing.assert_allclose(found.share, [0.9, 0.1])
    one = Patterns(levels=np.full((1, FIELDS), 2, np.uint8), count=np.ones(1))
    fit(classes, one, np.array([0.9, 0.1]), free=EVERY)
    for f in range(FIELDS):
        np.testing.assert_allclose(classes.parameters[FIELDS + f].value[1:], M[f], atol=0.15)


def test_a_strong_prior_gives_way_less() -> None:
    patterns = draw(np.random.default_rng(2), 500_000, 0.01)
    wrong = [[0.5, 0.3, 0.2]] * FIELDS
    apart = []
    for strength in (0.0, 0.1, 1.0, 10.0):
        classes = two_classes(wrong, strength=strength)
        fit(classes, patterns, np.array([0.99, 0.01]), free=np.array([False, True]))
        value = np.stack([p.value[1:] for p in classes.parameters[FIELDS:]])
        apart.append(float(np.abs(value - np.array(wrong)).mean()))
    assert apart == sorted(apart, reverse=True)
    assert apart[-1] < apart[0] / 4


def test_what_is_not_free_stays_as_it_is() -> None:
    """Parameters that are known, those of classes that are held, and classes that are kept out."""
    patterns = draw(np.random.default_rng(3), 100_000, 0.05)
    classes = two_classes([[0.3, 0.3, 0.4]] * FIELDS)
    held = fit(classes, patterns, np.array([0.9, 0.1]), free=np.zeros(2, bool))
    for p in classes.parameters:
        np.testing.assert_array_equal(p.value, p.prior)
    assert 0 < held.share[1] < 1
    out = fit(classes, patterns, np.array([1.0, 0.0]), free=EVERY)
    assert out.share.tolist() == [1.0, 0.0]
    np.testing.assert_array_equal(classes.parameters[-1].value, classes.parameters[-1].prior)


def test_a_parameter_that_two_classes_share_has_one_value() -> None:
    """It is estimated from the pairs of both."""
    patterns = draw(np.random.default_rng(4), 500_000, 0.05)
    shared = Classes(
        names=("strangers", "near", "far"),
        match=np.array([False, True, True]),
        parameters=[
            *(parameter(u, free=False) for u in U),
            *(parameter([0.3, 0.3, 0.4]) for _ in range(FIELDS)),
            parameter([0.6, 0.2, 0.2]),
        ],
        use=np.array(
            [range(FIELDS), range(FIELDS, 2 * FIELDS), [*range(FIELDS, 2 * FIELDS - 1), 10]]
        ),
        by_chance=np.zeros((3, FIELDS), bool),
    )
    found = fit(shared, patterns, np.array([0.9, 0.05, 0.05]), free=np.ones(3, bool))
    assert found.share[1:].sum() == pytest.approx(0.05, rel=0.1)
    for f in range(FIELDS - 1):
        np.testing.assert_allclose(shared.parameters[FIELDS + f].value[1:], M[f], atol=0.02)


@pytest.mark.parametrize("iterations", [0, 1, 3])
def test_an_em_that_runs_out_says_so(iterations: int) -> None:
    patterns = draw(np.random.default_rng(5), 10_000, 0.05)
    classes = two_classes([[0.3, 0.3, 0.4]] * FIELDS)
    found = fit(classes, patterns, np.array([0.5, 0.5]), free=EVERY, iterations=iterations)
    assert not found.converged
    assert found.iterations == iterations


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 8), st.booleans())
def test_estimates_are_always_distributions(seed: int, patterns: int, extreme: bool) -> None:
    """Whatever was counted: nothing negative, nothing lost, never a zero that no evidence could move."""
    rng = np.random.default_rng(seed)
    levels = np.unique(rng.integers(0, LEVELS, (patterns, FIELDS)), axis=0).astype(np.uint8)
    count = rng.integers(1, 10**9 if extreme else 10, len(levels)).astype(np.float64)
    classes = two_classes(M, strength=0.5)
    found = fit(classes, Patterns(levels=levels, count=count), np.array([0.9, 0.1]), free=EVERY)
    assert found.share.sum() == pytest.approx(1)
    assert (found.share >= 0).all()
    for p in classes.parameters:
        assert p.value[0] == 1
        assert p.value[1:].sum() == pytest.approx(1, abs=1e-6)
        assert (p.value > 0).all()


def test_a_missing_value_says_nothing() -> None:
    """A pair with nothing but missing values is as likely a match as any pair."""
    classes = two_classes(M)
    nothing = classes.log_likelihood(np.zeros((1, FIELDS), np.uint8))
    np.testing.assert_array_equal(nothing, 0.0)
    probability, _ = posterior(nothing, np.array([0.7, 0.3]))
    np.testing.assert_allclose(probability, [[0.7, 0.3]])
    whole = np.array([[1, 2, 3, 3, 2]], np.uint8)
    part = whole.copy()
    part[0, 1] = 0
    lost = classes.log_likelihood(whole) - classes.log_likelihood(part)
    np.testing.assert_allclose(lost[0], np.log([U[1][1], M[1][1]]))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 50.0, 2000.0]))
def test_the_posterior_is_bayes_rule(seed: int, scale: float) -> None:
    """Also where the likelihoods are too small for a float, or a class has no share."""
    rng = np.random.default_rng(seed)
    log = -scale * rng.random((6, 3))
    share = rng.dirichlet([1, 1, 1])
    share[0] = 0
    probability, total = posterior(log, share)
    assert (probability[:, 0] == 0).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    odds = log[:, 1] + np.log(share[1]) - log[:, 2] - np.log(share[2])
    np.testing.assert_allclose(probability[:, 1], expit(odds), rtol=1e-9, atol=1e-300)
    if scale < 100:
        np.testing.assert_allclose(total, np.log(np.exp(log) @ share))
