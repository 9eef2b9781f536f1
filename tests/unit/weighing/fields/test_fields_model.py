"""The weights of the profile ``fields``: learnt without truth, rare values first, households no matches."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from slow_fields import drawn_values
from unit_world import ALL, NAMES, Town, agreement_of, encode_all, frames_of, town

from pprl.exchange.encoded.file import EncodedFile
from pprl.synth import corrupt, population
from pprl.unit.blocking.sampling import SAMPLE
from pprl.unit.journal import MemoryJournal
from pprl.unit.weighing.fields.learnt import LearntFields, fit_fields
from pprl.unit.weighing.fields.levels import EXACT, MISSING, pair_levels
from pprl.unit.weighing.fields.model import FieldsModel, fit_fields_model
from pprl.unit.weighing.fields.parts import weight_parts
from pprl.unit.weighing.fields.search.scan import bound_of_pairs, scan_all
from pprl.unit.weighing.model import Found, RowsOfFile, Threshold

Make = Callable[..., EncodedFile]


@pytest.fixture(scope="module")
def model() -> LearntFields:
    """A model of two files of 1,500 people, half of them in both."""
    return fit_fields(town("fields").files, sample=SAMPLE)


@pytest.fixture(scope="module")
def true_pairs() -> tuple[np.ndarray, np.ndarray]:
    """The rows of the people who are in both files."""
    people = town("fields")
    one, other = people.people(0), people.people(1)
    place = {person: row for row, person in enumerate(other)}
    pairs = [(row, place[person]) for row, person in enumerate(one) if person in place]
    left, right = np.array(pairs, np.int64).T
    return left.copy(), right.copy()


def some_pairs(count: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    left, right = rng.integers(0, 1500, (2, count))
    return left, right


def test_the_number_of_matches_is_learnt(model: LearntFields) -> None:
    assert model.converged
    assert model.matches[0, 1] == pytest.approx(750, rel=0.05)
    assert max(model.repeats) < 0.02
    assert model.prior(0, 1) == pytest.approx(np.log(750 / 1500**2), abs=0.1)


def test_matches_weigh_more_than_strangers(
    model: LearntFields, true_pairs: tuple[np.ndarray, np.ndarray]
) -> None:
    weights = model.log_ratios(0, 1, *true_pairs)
    strangers = model.log_ratios(0, 1, *some_pairs())
    assert np.quantile(weights, 0.02) > np.quantile(strangers, 0.999)
    assert (weights > -model.prior(0, 1)).mean() > 0.97


def test_parts_sum_up_to_the_weight(
    model: LearntFields, true_pairs: tuple[np.ndarray, np.ndarray]
) -> None:
    """Each field's part is its own: a missing value has none."""
    for left, right in (true_pairs, some_pairs()):
        parts, levels = weight_parts(model, 0, 1, left, right)
        np.testing.assert_allclose(
            parts.sum(axis=1), model.log_ratios(0, 1, left, right), atol=1e-6
        )
        np.testing.assert_array_equal(levels, pair_levels(model.table, 0, 1, left, right))
        assert (levels == MISSING).any()
        np.testing.assert_allclose(parts[levels == MISSING], 0.0, atol=1e-9)
    born = [field.name for field in model.fields].index("date_of_birth")
    assert (parts[levels[:, born] == 1, born] < 0).mean() > 0.9


def test_the_bound_is_never_below_the_weight(model: LearntFields) -> None:
    """So that no pair that weighs enough is passed over."""
    left, right = some_pairs(20_000)
    bound = bound_of_pairs(model.table, 0, 1, model.bound(), left, right)
    known = model.classes.match
    strangers = np.log(model.shares[0, 1][0] / model.shares[0, 1][~known].sum())
    weights = model.log_ratios(0, 1, left, right)
    assert (bound - strangers + 1e-3 >= weights).all()


def test_matches_below_a_floor_are_counted(true_pairs: tuple[np.ndarray, np.ndarray]) -> None:
    """About as many are expected to weigh too little by their levels as do; all of them together are the matches."""
    learnt = fit_fields(town("fields").files, sample=SAMPLE)
    levels = pair_levels(learnt.table, 0, 1, *true_pairs)
    known = learnt.bound().level[np.arange(levels.shape[1]), levels].sum(axis=1)
    floors = (-1e9, 20.0, 25.0, 30.0, 35.0, 40.0, 1e9)
    unlisted = [learnt.unlisted(0, 1, floor) for floor in floors]
    assert unlisted[0] == 0
    assert unlisted[-1] == pytest.approx(learnt.matches[0, 1])
    for floor, found in zip(floors, unlisted, strict=True):
        assert found == pytest.approx((known < floor).sum(), rel=0.1, abs=10)


def scanned(
    model: FieldsModel,
    *,
    floor: float,
    blocking: str = "exhaustive",
    rows: tuple[RowsOfFile, RowsOfFile] = (None, None),
) -> Found:
    planned = model.plan(
        blocking,
        floors={(0, 1): floor},
        threshold=Threshold(value=0.5, given=False),
        completeness=0.99,
        engine=None,
    )
    return planned.scan(
        0,
        1,
        rows=rows,
        journal=MemoryJournal(),
        name="scan",
        progress=lambda share, compared, found: None,
    )


@pytest.mark.parametrize("names_only", [True, False])
def test_the_scan_keeps_all_pairs_of_the_floor(names_only: bool) -> None:
    """All that weigh as much as is asked for, looked up one by one."""
    people = town("fields", (300, 400), 150, names_only=names_only)
    fitted = fit_fields_model(people.files, sample=SAMPLE)
    floor = -fitted.learnt.prior(0, 1) - 2.0
    found = scanned(fitted, floor=floor)
    left, right = np.divmod(np.arange(300 * 400), 400)
    weight = fitted.learnt.log_ratios(0, 1, left, right)
    kept = weight >= floor
    np.testing.assert_array_equal(found.left, left[kept])
    np.testing.assert_array_equal(found.right, right[kept])
    np.testing.assert_allclose(found.log_ratio, weight[kept])
    assert found.compared == [120_000]


def test_a_scan_of_some_rows_sees_these_only() -> None:
    people = town("fields", (300, 400), 150)
    fitted = fit_fields_model(people.files, sample=SAMPLE)
    rows = (np.arange(0, 300, 3), np.arange(0, 400, 2))
    for blocking in ("exhaustive", "lsh"):
        whole = scanned(fitted, floor=0.0, blocking=blocking)
        some = scanned(fitted, floor=0.0, blocking=blocking, rows=rows)
        inside = np.isin(whole.left, rows[0]) & np.isin(whole.right, rows[1])
        np.testing.assert_array_equal(some.left, whole.left[inside])
        np.testing.assert_array_equal(some.right, whole.right[inside])
        np.testing.assert_allclose(some.log_ratio, whole.log_ratio[inside])
        assert sum(some.compared) < sum(whole.compared)


@pytest.mark.parametrize("name", ["surname", "given_name", "date_of_birth", "address", "locality"])
def test_a_rare_value_weighs_more_than_a_common_one(model: LearntFields, name: str) -> None:
    """Agreeing on a value that one in n people has is about n times likelier for one person than for strangers."""
    at = [field.name for field in model.fields].index(name)
    field, start = model.fields[at], int(model.table.starts[at])
    log = model.classes.log_tables()[at]
    matches, strangers = model.classes.names.index("matches"), 0
    values = np.setdiff1d(np.intersect1d(*field.ids), [0])
    level = model.table.exact[start + values]
    weight = log[level, matches] - log[level, strangers] + model.rare[start + values]
    exactly = np.log(np.exp(log[EXACT:, matches]).sum())
    np.testing.assert_allclose(weight, exactly - np.log(field.share[values]), atol=0.8)
    assert np.corrcoef(weight, -np.log(field.share[values]))[0, 1] > 0.9


def split_households(common: int) -> Town:
    """Two files that hold other members of the same households, and some people who are in both."""
    everybody = population(3500, seed=3).frame()
    place = everybody.groupby("household", sort=False).cumcount()
    first, second = everybody[place == 0], everybody[place == 1]
    both = first.sample(common, random_state=1)
    frames = []
    for party, rows in (("a", first), ("b", pd.concat([second, both]))):
        frame = corrupt(rows, profile="light", seed=3, party=party).frame
        frames.append(frame.assign(id=[f"{party}{at}" for at in range(len(frame))]))
    return encode_all(frames, agreement_of(ALL, "fields"))


def test_members_of_a_household_are_no_matches() -> None:
    """Most people of one file have a relative in the other, under one surname and address; it is not they."""
    people = split_households(200)
    assert people.matches() == 200
    model = fit_fields(people.files, sample=SAMPLE)
    assert model.matches[0, 1] == pytest.approx(200, rel=0.1)
    at = [field.name for field in model.fields]
    left, right = scan_all(model.table, (0, 1), model.bound(), 0.0)
    levels = pair_levels(model.table, 0, 1, left, right)
    same = [at.index(name) for name in ("surname", "address", "postcode")]
    other = [at.index(name) for name in ("given_name", "date_of_birth")]
    household = (levels[:, same] >= EXACT).all(axis=1) & (levels[:, other] == 1).all(axis=1)
    assert household.sum() > 200
    weights = model.log_ratios(0, 1, left[household], right[household])
    assert weights.max() < -model.prior(0, 1)


def test_a_field_that_says_nothing_changes_nothing() -> None:
    """Missing in a whole file, or everywhere: the others' weights are as without it."""
    frames = list(frames_of((800, 800), 400, 1, "typical"))
    lacking = [frames[0].assign(sex=""), frames[1]]
    names = {name: kind for name, kind in NAMES.items() if name != "sex"}
    with_it = encode_all(lacking, agreement_of(NAMES, "fields"))
    without = encode_all(lacking, agreement_of(names, "fields"))
    found = []
    for people in (with_it, without):
        model = fit_fields(people.files, sample=SAMPLE)
        place = {person: row for row, person in enumerate(people.people(1))}
        rows = {person: row for row, person in enumerate(people.people(0)) if person in place}
        chosen = sorted(rows)
        left = np.array([rows[person] for person in chosen])
        right = np.array([place[person] for person in chosen])
        found.append(model.log_ratios(0, 1, left, right))
        assert model.matches[0, 1] == pytest.approx(400, rel=0.05)
    assert np.median(np.abs(found[0] - found[1])) < 0.3
    assert np.corrcoef(found[0], found[1])[0, 1] > 0.95


def test_constant_and_unique_fields_are_taken(make_fields: Make) -> None:
    """One value for everybody says nothing; a value for each record says all; no field fails."""
    rng = np.random.default_rng(2)
    values = [
        drawn_values(rng, 1, 64),
        drawn_values(rng, 400, 128)[:, :64],
        rng.random((600, 64)) < 0.4,
    ]
    files = []
    for party, start in (("a", 0), ("b", 150)):
        own = np.arange(start, start + 300)
        ids = np.stack([np.zeros(300, np.int64), own * 7 % 40, own], axis=1)
        files.append(make_fields(values, ids, ["sex", "surname", "identifier"], party=party))
    model = fit_fields(files, sample=SAMPLE)
    same = np.arange(150)
    weights = model.log_ratios(0, 1, same + 150, same)
    assert (weights > -model.prior(0, 1)).all()
    parts, _ = weight_parts(model, 0, 1, same + 150, same)
    assert np.abs(parts[:, 0]).max() < 0.5
    assert model.matches[0, 1] == pytest.approx(150, rel=0.2)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_people_of_one_given_name_are_no_matches(seed: int) -> None:
    """They have the same sex too; without addresses, and with many errors, they would pass for matches."""
    people = town("fields", (2500, 2500), 50, seed=seed, errors="heavy", names_only=True)
    learnt = fit_fields(people.files, sample=SAMPLE)
    assert 25 < learnt.matches[0, 1] < 100
    one = learnt.classes.names.index("one given name")
    sex = learnt.classes.parameters[learnt.classes.use[one, list(NAMES).index("sex")]].value
    assert sex[EXACT:].sum() > 0.95
    assert learnt.shares[0, 1][one] * 2500 * 2500 > 20 * learnt.matches[0, 1]
