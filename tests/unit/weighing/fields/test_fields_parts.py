"""The parts of a weight: they sum up to it, and equal those of a slow twin that hides fields one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp
from unit_world import town

from pprl.exchange.links.folder import LEVELS
from pprl.unit.weighing.fields.learnt import LearntFields, fit_fields
from pprl.unit.weighing.fields.levels import EXACT, MISSING, pair_levels
from pprl.unit.weighing.fields.part_rows import _words
from pprl.unit.weighing.fields.parts import weight_parts


@pytest.fixture(scope="module")
def model() -> LearntFields:
    return fit_fields(town("fields", (500, 500), 300).files, sample=500)


@pytest.fixture(scope="module")
def rows(model: LearntFields) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of which some are alike: random ones, and those that share a surname's value."""
    draw = np.random.default_rng(1)
    left, right = draw.integers(0, 500, (2, 300))
    names = [ids[1] for ids in model.table.ids]
    _, one, other = np.intersect1d(names[0], names[1], return_indices=True)
    return np.concatenate([left, one]), np.concatenate([right, other])


def weight_of_some(model: LearntFields, levels: np.ndarray, rare: np.ndarray) -> np.ndarray:
    """The weight of pairs of which only these levels are known."""
    match = model.classes.match
    joint = model.classes.log_likelihood(levels)
    joint[:, ~match] -= (rare * (levels >= EXACT)) @ model.classes.by_chance[~match].T.astype(float)
    share = model.shares[0, 1]
    one = joint[:, match] + np.log(share[match] / share[match].sum())
    other = joint[:, ~match] + np.log(share[~match] / share[~match].sum())
    return np.asarray(logsumexp(one, axis=1) - logsumexp(other, axis=1))


def test_rows_sum_up_to_the_weights(
    model: LearntFields, rows: tuple[np.ndarray, np.ndarray]
) -> None:
    parts, levels = weight_parts(model, 0, 1, *rows)
    np.testing.assert_allclose(parts.sum(axis=1), model.log_ratios(0, 1, *rows), atol=1e-8)
    np.testing.assert_array_equal(levels, pair_levels(model.table, 0, 1, *rows))


def test_parts_equal_those_of_the_slow_twin(
    model: LearntFields, rows: tuple[np.ndarray, np.ndarray]
) -> None:
    parts, levels = weight_parts(model, 0, 1, *rows)
    fields = levels.shape[1]
    rare = np.stack([model.rare[model.table.ids[0][f, rows[0]]] for f in range(fields)], axis=1)
    made = np.zeros(parts.shape)
    for first in range(fields):
        turned = [*range(first, fields), *range(first)]
        for order in (turned, turned[::-1]):
            shown = np.full(levels.shape, MISSING, np.uint8)
            before = weight_of_some(model, shown, rare)
            for f in order:
                shown[:, f] = levels[:, f]
                after = weight_of_some(model, shown, rare)
                made[:, f] += (after - before) / (2 * fields)
                before = after
    np.testing.assert_allclose(parts, made, atol=1e-8)


def test_a_missing_value_adds_nothing(
    model: LearntFields, rows: tuple[np.ndarray, np.ndarray]
) -> None:
    parts, levels = weight_parts(model, 0, 1, *rows)
    assert (levels == MISSING).any()
    np.testing.assert_allclose(parts[levels == MISSING], 0.0, atol=1e-12)


def test_no_pairs_have_no_parts(model: LearntFields) -> None:
    none = np.zeros(0, np.int64)
    parts, levels = weight_parts(model, 0, 1, none, none)
    assert parts.shape == levels.shape == (0, len(model.fields))


def test_words_rise_with_the_levels(model: LearntFields) -> None:
    for field in model.fields:
        words = _words(field)
        assert len(words) == EXACT + field.bands
        assert [LEVELS[word] for word in words[:2]] == ["missing", "differs"]
        assert (np.diff(words[:EXACT].astype(int)) >= 0).all()
        assert all(LEVELS[word].startswith("equal") for word in words[EXACT:])
    sex = next(field for field in model.fields if field.kind == "sex")
    assert {LEVELS[word] for word in _words(sex)[EXACT:]} == {"equal"}
    surname = next(field for field in model.fields if field.kind == "surname")
    assert LEVELS[_words(surname)[-1]] == "equal, rare value"
