"""People of a household fit together: one home, names of the family, names before marriage."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.base.errors import UsageError
from pprl.synth.people.fields import FIELDS, MORE_FIELDS
from pprl.synth.people.population import Population, population
from pprl.synth.places.country import COUNTRIES


@pytest.fixture(scope="module")
def town() -> Population:
    return population(60_000, seed=4)


@pytest.fixture(scope="module")
def frame(town: Population) -> pd.DataFrame:
    return town.frame()


def family(town: Population) -> tuple[np.ndarray, np.ndarray]:
    """The father, and the first boy of each household, -1 where there is none."""
    home = town.residents
    found = []
    fathers = np.flatnonzero((home.adult >= 0) & (home.sex == 1))
    sons = np.flatnonzero((home.adult < 0) & (home.sex == 1))[::-1]
    for rows in (fathers, sons):
        place = np.full(home.households, -1)
        place[home.household[rows]] = rows
        found.append(place)
    return found[0], found[1]


def test_a_clean_record_is_whole(frame: pd.DataFrame) -> None:
    assert list(frame.columns) == ["person", "household", "origin", *FIELDS, "former_surname"]
    assert frame["person"].tolist() == list(range(len(frame)))
    for name in (*FIELDS, "former_surname", "origin"):
        assert all(type(value) is str for value in frame[name])
        assert not (frame[name] != frame[name].str.strip()).any()
        if name not in ("middle_name", "former_surname"):
            assert (frame[name] != "").all()
    assert frame["date_of_birth"].str.fullmatch(r"\d{4}-\d\d-\d\d").all()
    assert frame["date_of_birth"].max() <= "2026-01-01"
    assert set(frame["sex"]) == {"F", "M"}


def test_a_household_shares_its_address(frame: pd.DataFrame) -> None:
    homes = frame.groupby("household")[["address", "locality", "postcode"]].nunique()
    assert (homes == 1).all(axis=None)
    one_each = frame.drop_duplicates("household")
    assert not one_each.duplicated(["address", "locality", "postcode"]).any(), "no two homes alike"


def test_sons_bear_their_fathers_name_at_about_the_rate() -> None:
    """45 in a thousand eldest sons, and up to five more by chance, in 200,000 people."""
    town = population(200_000, seed=1)
    father, son = family(town)
    known = (father >= 0) & (son >= 0)
    share = (town.given[father[known]] == town.given[son[known]]).mean()
    room = 4.5 * np.sqrt(0.045 * 0.955 / known.sum())
    assert 0.045 - room < share < 0.05 + room


def test_brothers_and_sisters_have_different_given_names(town: Population) -> None:
    home = town.residents
    child = home.adult < 0
    keys = pd.DataFrame({"household": home.household[child], "given": town.given[child]})
    assert keys.duplicated().mean() < 0.002, "a namesake of the father may meet a brother's name"


def test_children_bear_a_parents_surname(town: Population) -> None:
    """By codes, since daughters may bear another form of the name: each part is one of a parent's names."""
    home = town.residents
    held: dict[int, set[int]] = {}
    for row in np.flatnonzero(home.adult >= 0).tolist():
        own = {int(codes[row]) for codes in (town.surname, town.surname2, town.former)}
        held.setdefault(int(home.household[row]), set()).update(own)
    for row in np.flatnonzero(home.adult < 0).tolist():
        parts = {int(town.surname[row]), int(town.surname2[row])} - {-1}
        assert parts
        assert parts <= held[int(home.household[row])]


def test_married_women_have_another_name_before(frame: pd.DataFrame) -> None:
    before = frame[frame["former_surname"] != ""]
    assert 0.08 < len(before) / len(frame) < 0.3
    assert set(before["sex"]) == {"F"}
    assert (before["former_surname"] != before["surname"]).all()
    assert (before["date_of_birth"] < "2010").all()


def test_single_women_have_another_name_before_the_more_often_the_older_they_are(
    town: Population,
) -> None:
    """Widows and divorced women, by age under 30, 45, 60, 75 and above."""
    home = town.residents
    single = (home.adult >= 0) & ~home.couple & (home.sex == 0)
    age = town.age()
    shares = [
        (town.former[single & (age >= low) & (age < high)] >= 0).mean()
        for low, high in ((16, 30), (30, 45), (45, 60), (60, 75), (75, 120))
    ]
    assert shares == sorted(shares)
    assert shares[0] < 0.05
    assert shares[1] < 0.25
    assert 0.5 < shares[-1] < 0.85


def test_grown_twins_have_one_origin_and_one_surname_at_birth(town: Population) -> None:
    younger = np.flatnonzero(town.residents.elder >= 0)
    elder = town.residents.elder[younger]
    assert len(younger) > 200
    born_as = np.where(town.former >= 0, town.former, town.surname)
    assert (born_as[younger] == born_as[elder]).all()
    assert (town.origin[younger] == town.origin[elder]).all()
    assert 0.3 < (town.surname[younger] == town.surname[elder]).mean() < 0.9


def test_two_surnames_are_the_parents_and_those_of_people_who_have_two() -> None:
    """In Spain: one name twice is rare even where one parent is at home, and other origins have one surname."""
    town = population(40_000, country="es", seed=4)
    home = town.residents
    pools = np.array(town.origins())[town.origin]
    two = np.isin(pools, ("spanish", "hispanic", "portuguese"))
    assert ((town.surname2 >= 0) == two).all()
    assert (~two).sum() > 500
    lone = two & (home.adult < 0) & ~home.couple
    assert lone.sum() > 1000
    assert (town.surname[lone] == town.surname2[lone]).mean() < 0.02
    # The second is the parent's at home; brothers and sisters have both names in common.
    first = np.flatnonzero(np.r_[True, np.diff(home.household) > 0])[home.household]
    assert (town.surname2[lone] == town.surname[first[lone]]).all()
    keys = pd.DataFrame({"home": home.household, "one": town.surname, "two": town.surname2})[lone]
    assert (keys.groupby("home").nunique() == 1).all(axis=None)
    assert (town.former == -1).all()


def test_names_fit_the_year_of_birth(frame: pd.DataFrame) -> None:
    """The ten commonest names of the old are hardly those of the young, and girls' names are hardly boys'."""

    def top(rows: pd.DataFrame) -> set[str]:
        return set(rows["given_name"].value_counts().index[:10])

    old, young = frame[frame["date_of_birth"] < "1950"], frame[frame["date_of_birth"] > "2005"]
    women, men = frame[frame["sex"] == "F"], frame[frame["sex"] == "M"]
    assert len(top(old[old["sex"] == "F"]) & top(young[young["sex"] == "F"])) <= 3
    assert not top(women) & top(men)


def test_ages_are_completed_years(town: Population, frame: pd.DataFrame) -> None:
    born = pd.to_datetime(frame["date_of_birth"])
    whole = 2026 - born.dt.year - ((born.dt.month > 1) | (born.dt.day > 1)).astype(int)
    assert (np.abs(town.age() - whole.to_numpy()) <= 1).all()
    assert (town.age() == whole.to_numpy()).mean() > 0.99
    assert town.age().min() == 0


@pytest.mark.parametrize("country", COUNTRIES)
@pytest.mark.parametrize("people", [1, 2, 3, 700])
def test_populations_of_any_size_and_country(country: str, people: int) -> None:
    made = population(people, country=country, seed=9, towns=3)
    frame = made.frame()
    assert len(made) == len(frame) == people
    assert (frame[["given_name", "surname", "address", "locality", "postcode"]] != "").all(
        axis=None
    )
    assert frame["locality"].nunique() <= 3
    assert set(frame["origin"]) <= set(made.origins())


@given(
    st.lists(st.integers(0, 59_999), max_size=40),
    st.sets(st.sampled_from((*FIELDS, *MORE_FIELDS)), min_size=1),
)
@settings(deadline=None)
def test_text_of_some_people_is_the_same_in_any_lot(
    town: Population, frame: pd.DataFrame, rows: list[int], fields: set[str]
) -> None:
    """A person's text does not depend on the rows asked for together, their order, or the other fields."""
    text = town.text(np.array(rows, dtype=np.int64), tuple(fields))
    assert set(text) == fields
    for name in fields:
        assert len(text[name]) == len(rows)
        if name in frame:
            assert text[name].tolist() == frame[name].iloc[rows].tolist()
        else:
            assert text[name].tolist() == [
                town.text(np.array([row]), (name,))[name][0] for row in rows
            ]


def test_more_fields_look_like_what_they_are(town: Population) -> None:
    text = {
        name: pd.Series(column)
        for name, column in town.text(
            np.arange(5000), ("phone", "phone2", "email", "identifier", "code")
        ).items()
    }
    assert text["phone"].str.fullmatch(r"0\d{9}").all()
    assert text["email"].str.fullmatch(r"[a-z.]*\d{3}@example\.(com|net|org)").all()
    assert text["identifier"].str.fullmatch(r"\d{10}").all()
    assert text["identifier"].is_unique
    assert text["code"].str.fullmatch(r"[0-4]\d").all()
    assert (text["phone"] != text["phone2"]).mean() > 0.99


def test_the_same_seed_gives_the_same_people() -> None:
    one, two, other = (population(500, seed=seed).frame() for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(one, two)
    assert one["surname"].tolist() != other["surname"].tolist()
    later = population(500, seed=3, as_of="2030-06-01")
    assert later.as_of == date(2030, 6, 1)
    assert later.frame()["date_of_birth"].max() > "2026-01-01"


@pytest.mark.parametrize(
    "wrong",
    [{"people": 0}, {"people": 100_000_001}, {"people": 5, "seed": -1}, {"people": 5, "seed": 1 << 63},
     {"people": 5, "country": "xx"}, {"people": 5, "towns": 0}, {"people": 5, "towns": 10**6}],
)  # fmt: skip
def test_a_population_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError) as refusal:
        population(**wrong)  # type: ignore[arg-type]
    assert refusal.value.hint
