"""Households hold together: ages follow the pyramid, parents are of an age for it, twins share their day."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.synth.people.households import _WOMEN, YEAR, Residents, age_groups, settle
from pprl.synth.places.country import COUNTRIES, load_country

TODAY = 20_454  # 2026-01-01


@pytest.fixture(scope="module")
def residents() -> Residents:
    return settle((1, "residents"), 200_000, load_country("gb").ages, TODAY)


def parents(residents: Residents, place: int) -> np.ndarray:
    """The adult of a place (0, 1) of each household, -1 where there is none."""
    found = np.full(residents.households, -1)
    rows = np.flatnonzero(residents.adult == place)
    found[residents.household[rows]] = rows
    return found


@pytest.mark.parametrize("country", COUNTRIES)
def test_ages_follow_the_countrys_pyramid(country: str) -> None:
    """200,000 people: each five-year group with at least 2 % of them is within 0.9 and 1.12 of its share."""
    weights = np.array(load_country(country).ages)
    made = settle((1, "residents"), 200_000, weights.tolist(), TODAY)
    shares = np.bincount(age_groups(made.born, TODAY), minlength=21) / 200_000
    asked = weights / weights.sum()
    ratio = (shares / asked)[asked >= 0.02]
    assert len(ratio) >= 14
    assert ratio.min() > 0.9
    assert ratio.max() < 1.12
    assert np.abs(np.cumsum(shares) - np.cumsum(asked)).max() < 0.01


def test_the_pyramid_does_not_depend_on_the_day(residents: Residents) -> None:
    then = -7000
    made = settle((1, "residents"), 200_000, load_country("gb").ages, then)
    groups = [
        np.bincount(age_groups(r.born, day), minlength=21)
        for r, day in ((made, then), (residents, TODAY))
    ]
    assert np.abs(groups[0] - groups[1]).max() < 400


@pytest.mark.parametrize(
    "kept",
    [
        lambda group: group <= 13,  # nobody above 70
        lambda group: group not in (0, 1, 9),
        lambda group: group in (2, 7, 8, 15),
        lambda group: group >= 4,  # no children: the other households fill the place
    ],
)
def test_an_age_group_that_is_left_out_stays_nearly_empty(kept) -> None:
    ages = [weight if kept(group) else 0 for group, weight in enumerate(load_country("de").ages)]
    made = settle((1, "residents"), 50_000, ages, TODAY)
    assert len(made.born) == 50_000
    assert (made.born <= TODAY).all()
    shares = np.bincount(age_groups(made.born, TODAY), minlength=21) / 50_000
    asked = np.array(ages) / sum(ages)
    assert shares[asked == 0].max() < 0.5 * asked.max()
    assert shares[asked > 0].min() > 0


WOMEN_BORN = 0.488
"""Of all births: 105 boys to 100 girls."""


def test_there_are_more_women_the_older_they_are(residents: Residents) -> None:
    """Within 4.5 standard errors and a hundredth of the model's share, in groups with at least 2 % of the people."""
    group = age_groups(residents.born, TODAY)
    women = np.bincount(group[residents.sex == 0], minlength=21)
    count = np.bincount(group, minlength=21)
    asked = np.array(_WOMEN) / 1000
    assert abs(asked[0] - WOMEN_BORN) < 0.002
    large = count > 0.02 * len(group)
    room = 0.01 + 4.5 * np.sqrt(0.25 / count[large])
    assert (np.abs(women[large] / count[large] - asked[large]) < room).all()


@given(
    st.integers(1, 400),
    st.integers(0, (1 << 63) - 1),
    st.sampled_from(COUNTRIES),
    st.integers(-10_000, 47_000),
)
@settings(deadline=None)
def test_everybody_is_in_exactly_one_household(
    people: int, seed: int, country: str, today: int
) -> None:
    made = settle((seed, "x"), people, load_country(country).ages, today)
    for column in (
        made.household,
        made.born,
        made.sex,
        made.adult,
        made.couple,
        made.twin,
        made.elder,
    ):
        assert len(column) == people
    # Side by side, none left out.
    assert made.household[0] == 0
    assert set(np.diff(made.household).tolist()) <= {0, 1}
    assert made.household[-1] == made.households - 1
    assert set(made.sex.tolist()) <= {0, 1}
    assert (made.born <= today).all()
    starts = np.flatnonzero(np.r_[True, np.diff(made.household) > 0])
    assert (made.adult[starts] == 0).all(), "each household begins with an adult"
    assert set(made.adult.tolist()) <= {-1, 0, 1, 2, 3}


def test_twins_share_their_day_and_other_children_of_a_mother_do_not(residents: Residents) -> None:
    children = np.flatnonzero(residents.adult < 0)
    homes: dict[int, list[int]] = {}
    for row in children.tolist():
        homes.setdefault(int(residents.household[row]), []).append(row)
    last = residents.households - 1  # may be cut short
    twins = 0
    for household, rows in homes.items():
        days = residents.born[rows].tolist()
        for row, day in zip(rows, days, strict=True):
            if residents.twin[row] and household != last:
                twins += 1
                assert days.count(day) >= 2
            elif not residents.twin[row]:
                others = [other for other in days if other != day]
                assert days.count(day) == 1
                assert all(abs(day - other) >= 270 for other in others)
    # Sixteen births in a thousand are twins, where a household has a second child at all.
    assert 0.008 < twins / len(children) < 0.05


def test_twins_who_are_children_are_of_one_sex_in_two_of_three_pairs(residents: Residents) -> None:
    child = np.flatnonzero(residents.twin & (residents.adult < 0))
    # The second of a pair stands right behind the first.
    first = child[:-1][np.diff(child) == 1]
    first = first[
        (residents.household[first] == residents.household[first + 1])
        & (residents.born[first] == residents.born[first + 1])
    ]
    assert len(first) > 500
    alike = (residents.sex[first] == residents.sex[first + 1]).mean()
    assert abs(alike - 0.65) < 4.5 * np.sqrt(0.65 * 0.35 / len(first))


def test_grown_twins_share_their_birthday_and_live_apart(residents: Residents) -> None:
    younger = np.flatnonzero(residents.elder >= 0)
    elder = residents.elder[younger]
    assert 0.01 < 2 * len(younger) / (residents.adult >= 0).sum() < 0.03
    assert (residents.born[younger] == residents.born[elder]).all()
    assert (residents.household[younger] != residents.household[elder]).all()
    assert (residents.elder[elder] == -1).all(), "nobody is the twin of a twin's twin"
    assert len(set(elder.tolist())) == len(elder)
    assert (residents.adult[np.r_[younger, elder]] >= 0).all()
    assert set(np.flatnonzero(residents.twin & (residents.adult >= 0))) == {*younger, *elder}


@pytest.mark.parametrize("country", ["gb", "pl"])
@pytest.mark.parametrize("seed", [1, 2])
def test_mothers_were_16_to_46_at_every_birth(country: str, seed: int) -> None:
    made = settle((seed, "residents"), 200_000, load_country(country).ages, TODAY)
    children = np.flatnonzero(made.adult < 0)
    first = parents(made, 0)[made.household[children]]
    mothers = made.sex[first] == 0
    years = (made.born[children] - made.born[first])[mothers] / YEAR
    assert years.min() >= 16
    assert years.max() < 46
    assert 26 < np.median(years) < 35
    assert 0.8 < mothers.mean() < 1
    # Fathers and second parents too were of an age for it.
    for place in (0, 1):
        adult = parents(made, place)[made.household[children]]
        years = (made.born[children] - made.born[adult])[adult >= 0] / YEAR
        assert years.min() >= 16
        assert years.max() < 60


def test_families_have_usual_shapes(residents: Residents) -> None:
    sizes = np.bincount(residents.household)
    assert 2.0 < sizes.mean() < 2.6
    assert 0.25 < (sizes == 1).mean() < 0.4
    assert sizes.max() <= 6
    age = (TODAY - residents.born) / YEAR
    alone = (sizes == 1)[residents.household]
    assert alone[age >= 85].mean() > 1.3 * alone[(age >= 65) & (age < 70)].mean()
    assert 0.50 < (residents.sex[age < 18] == 1).mean() < 0.53
    assert (residents.sex[age > 85] == 0).mean() > 0.55


def test_a_couple_is_two_adults_mostly_of_two_sexes(residents: Residents) -> None:
    first, second = parents(residents, 0), parents(residents, 1)
    pairs = (second >= 0) & residents.couple[first]
    assert pairs.any()
    same = residents.sex[first[pairs]] == residents.sex[second[pairs]]
    assert abs(same.mean() - 0.025) < 0.005
    apart = (residents.born[first[pairs]] - residents.born[second[pairs]]) / YEAR
    assert apart.min() > -4.1
    assert apart.max() < 10.1


def test_residents_are_those_of_the_seed() -> None:
    ages = load_country("de").ages
    one, two, other = (settle((seed, "r"), 5000, ages, TODAY) for seed in (4, 4, 5))
    assert one.born.tolist() == two.born.tolist()
    assert one.born.tolist() != other.born.tolist()
