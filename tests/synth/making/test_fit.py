"""A country fitted to an office's tables has their names and ages as often as they say, and refuses what can't be."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from math import sqrt
from pathlib import Path

import numpy as np
import pytest

from pprl.base.errors import DataError, PprlError, UsageError
from pprl.synth.making.fit import FittedCountry, fit_tables
from pprl.synth.making.make import make_files
from pprl.synth.making.plan import PopulationPlan
from pprl.synth.people.households import age_groups
from pprl.synth.people.names import load_pool
from pprl.synth.people.population import Population, populate
from pprl.synth.places.country import COUNTRIES, load_country

SURNAMES = {
    "Quibble": 5000,
    "Fernsby": 3000,
    "Smith": 1500,
    "O'Dell-Vane": 400,
    "Ó Súilleabháin": 90,
    "Rare": 10,
}
WOMEN = {"Ottoline": 600, "Mary": 300, "Anne-Lise": 100}
MEN = {"Peregrine": 700, "Barnaby": 299, "Mary": 11}
TODAY = int(np.datetime64("2026-01-01", "D").astype(np.int64))


def table(path: Path, head: str, rows: dict[str, int]) -> Path:
    path.write_text(
        head + ",count\n" + "".join(f"{name},{count}\n" for name, count in rows.items()), "utf-8"
    )
    return path


def surnames(folder: Path) -> Path:
    return table(folder / "surnames.csv", "surname", SURNAMES)


def given_names(folder: Path) -> Path:
    cells = {
        f"{sex},{name}": n for sex, own in (("F", WOMEN), ("M", MEN)) for name, n in own.items()
    }
    return table(folder / "given.csv", "sex,given_name", cells)


def ages(folder: Path, groups: dict[int, int]) -> Path:
    return table(folder / "ages.csv", "age", {str(age): count for age, count in groups.items()})


def people(fitted: FittedCountry, count: int = 60_000) -> Population:
    return populate(
        fitted.country, people=count, seed=3, as_of=date(2026, 1, 1), names=fitted.names
    )


def assert_shares(found: Counter[str], asked: dict[str, int]) -> None:
    """Each name's share among the listed ones, within 4.5 standard errors."""
    total, whole = sum(found[name] for name in asked), sum(asked.values())
    for name, count in asked.items():
        share = count / whole
        assert abs(found[name] / total - share) < 4.5 * sqrt(share * (1 - share) / total), name


def test_listed_surnames_are_as_frequent_as_the_table_says(tmp_path: Path) -> None:
    """Among men without parents in the home, who have a surname of their own each."""
    town = people(fit_tables({"surname": surnames(tmp_path)}, "gb"))
    men = (town.residents.sex == 1) & (town.residents.adult >= 0) & (town.surname2 < 0)
    found = Counter(town.text(np.flatnonzero(men), ("surname",))["surname"])
    assert_shares(found, SURNAMES)
    # The listed names keep the share of the country's own list, and the tail of rare names stays.
    pool = load_pool("british")
    own = pool.surname_weights[: pool.listed].sum() / pool.surname_weights.sum()
    share = sum(found[name] for name in SURNAMES) / men.sum()
    assert abs(share - own) < 4.5 * sqrt(own * (1 - own) / men.sum())
    assert len(found) > 5000
    listed = set(pool.surnames[: pool.listed])
    assert not (set(found) & listed) - set(SURNAMES), "no name of the country's own list"
    assert set(town.frame()["origin"]) == {"british"}


def test_given_names_are_as_frequent_as_the_table_says_in_every_age(tmp_path: Path) -> None:
    """By sex, and among adults, since brothers and sisters have different names."""
    town = people(fit_tables({"given_name": given_names(tmp_path)}, "gb"))
    adult, old = town.residents.adult >= 0, town.age() >= 60
    for sex, asked in ((0, WOMEN), (1, MEN)):
        for group in (old, ~old):
            rows = np.flatnonzero(adult & group & (town.residents.sex == sex))
            found = Counter(town.text(rows, ("given_name",))["given_name"])
            assert set(found) == set(asked)
            assert_shares(found, asked)
    # What was not fitted stays the country's own.
    assert len(set(town.text(np.arange(5000), ("surname",))["surname"])) > 1000


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_country_can_be_fitted(tmp_path: Path, country: str) -> None:
    paths = {"surname": surnames(tmp_path), "given_name": given_names(tmp_path)}
    town = people(fit_tables(paths, country), 3000)
    frame = town.frame()
    assert set(frame["given_name"]) <= {*WOMEN, *MEN}
    assert frame["surname"].str.contains("Quibble").sum() > 100
    assert (frame["surname"] != "").all()
    assert frame["origin"].unique().tolist() == [next(iter(load_country(country).origins))]


def shares(town: Population) -> np.ndarray:
    return np.bincount(age_groups(town.residents.born, TODAY), minlength=21) / len(town)


@pytest.mark.parametrize("country", ["gb", "us"])
def test_ages_follow_the_table(tmp_path: Path, country: str) -> None:
    """Another country's pyramid: groups with at least 2 % of the people are within 0.9 and 1.12 of their share."""
    pyramid = load_country("it").ages
    table = {5 * group: 10 * weight for group, weight in enumerate(pyramid)}
    fitted = fit_tables({"age": ages(tmp_path, table)}, country)
    assert fitted.names is None
    asked = np.array(pyramid) / sum(pyramid)
    ratio = (shares(people(fitted, 200_000)) / asked)[asked >= 0.02]
    assert ratio.min() > 0.9
    assert ratio.max() < 1.12


@pytest.mark.parametrize("left_out", [(0,), (95, 100), (15, 60), (20, 25, 30), (85, 90, 95, 100)])
@pytest.mark.parametrize("scale", [1, 1_000_000])
def test_age_groups_may_be_left_out(tmp_path: Path, left_out: tuple[int, ...], scale: int) -> None:
    """As a table without its small cells has them, whatever the size of the country."""
    asked = {age: (200 - age) * scale for age in range(0, 105, 5) if age not in left_out}
    fitted = fit_tables({"age": ages(tmp_path, asked)}, "gb", k=10)
    found = shares(people(fitted, 20_000))
    assert found.sum() == pytest.approx(1)
    assert all(found[age // 5] > 0 for age in asked)
    assert sum(found[age // 5] for age in left_out) < 0.1


def test_a_population_of_any_size_lives_in_a_fitted_country(tmp_path: Path) -> None:
    fitted = fit_tables({"age": ages(tmp_path, {0: 10, 30: 40})}, "gb")
    for count in (1, 2, 50):
        assert len(people(fitted, count)) == count


@pytest.mark.parametrize(
    "groups",
    [
        dict.fromkeys(range(20, 105, 5), 100),  # nobody under 20
        dict.fromkeys(range(0, 20, 5), 100),  # nobody above
        {0: 100, 5: 100, 60: 100, 65: 100},  # nobody between 20 and 45
        {0: 100_000, 20: 10},
    ],
)
def test_a_pyramid_without_children_or_their_parents_is_refused(
    tmp_path: Path, groups: dict[int, int]
) -> None:
    path = ages(tmp_path, groups)
    with pytest.raises(DataError, match=r"ages\.csv") as refusal:
        fit_tables({"age": path}, "gb")
    assert refusal.value.hint


@pytest.mark.parametrize(
    ("what", "text", "says"),
    [
        ("age", "age,count\n3,100\n", "row 2 is not the first year"),
        ("age", "age,count\n0,100\n105,100\n", "row 3"),
        ("age", "age,count\nzqmark,100\n", "row 2"),
        ("age", "age,count\n²,100\n", "row 2"),
        ("age", "age,count\n0,9\n", "under 10"),
        ("age", "age,number\n0,100\n", "count"),
        ("surname", "surname,count\nzqmark,9\n", "under 10"),
        ("surname", "surname,count\nzqmark,10\nzqmark,20\n", "same cell"),
        ("surname", "surname,count\nzqmark,1e3\n", "whole number"),
        ("surname", "surname,count\n,100\n", "no value"),
        ("surname", f"surname,count\n{'zqmark' * 11},100\n", "longer than 60"),
        ("surname", "surname,count\nzq\x07mark,100\n", "not printable"),
        ("surname", "surname,count\n", "no rows"),
        ("given_name", "sex,given_name,count\nF,zqmark,100\n", "no given name for the sex M"),
        ("given_name", "sex,given_name,count\nF,zqmark,100\nM,zqmark,90\nX,zqmark,80\n", "1 cells"),
        ("given_name", "given_name,count\nzqmark,100\n", "sex"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_used_is_refused_without_a_value_of_it(
    tmp_path: Path, what: str, text: str, says: str
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as refusal:
        fit_tables({what: path}, "gb")
    said = f"{refusal.value.problem} {refusal.value.hint}"
    assert "table.csv" in said
    assert says in said
    assert "zqmark" not in said


def test_only_what_there_is_a_table_for_can_be_fitted(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refusal:
        fit_tables({"surnam": surnames(tmp_path)}, "gb")
    assert "Did you mean 'surname'" in str(refusal.value.hint)
    with pytest.raises(UsageError):
        fit_tables({"surname": surnames(tmp_path)}, "xx")
    with pytest.raises(DataError):
        fit_tables({"surname": tmp_path / "none.csv"}, "gb")


def test_a_table_without_small_cells_passes_whatever_the_smallest_cell(tmp_path: Path) -> None:
    path = surnames(tmp_path)
    for k in (1, 2, 10):
        assert fit_tables({"surname": path}, "gb", k=k).names is not None
    with pytest.raises(DataError):
        fit_tables({"surname": path}, "gb", k=11)


def test_files_of_a_fitted_country_say_so_and_repeat(tmp_path: Path) -> None:
    plan = PopulationPlan(people=300, towns=2)
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        paths = {
            "surname": surnames(tmp_path),
            "age": ages(tmp_path, {0: 90, 5: 90, 30: 200, 70: 99}),
        }
        make_files(plan, folder, fitted=fit_tables(paths, "gb"))
    assert all(
        path.read_bytes() == (folders[1] / path.name).read_bytes() for path in folders[0].iterdir()
    )
    about = json.loads((folders[0] / "about.json").read_text(encoding="utf-8"))
    assert about["fitted"]
    assert "Fernsby" not in json.dumps(about), "about.json tells no value of a table"


def test_groups_by_origin_are_refused_where_a_table_holds_all_origins(tmp_path: Path) -> None:
    fitted = fit_tables({"surname": surnames(tmp_path)}, "gb")
    plan = PopulationPlan(people=100, error_factors={"origin=polish": 2.0})
    with pytest.raises(PprlError, match="polish") as refusal:
        make_files(plan, tmp_path / "out", fitted=fitted)
    assert refusal.value.hint
    assert not (tmp_path / "out").exists()
    make_files(
        PopulationPlan(people=100, error_factors={"origin=british": 2.0}),
        tmp_path / "out",
        fitted=fitted,
    )
