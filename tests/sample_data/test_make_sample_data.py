"""The sample data: the committed files are what the script makes, and they are as described."""

from __future__ import annotations

import csv
import importlib
import importlib.util
import re
import subprocess
import sys
import tomllib
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "sample_data"
SCRIPT = FOLDER / "make_sample_data.py"
NAMES = ("health.csv", "education.csv", "truth.csv")
SEED = 20261121


def _load(name: str, path: Path, **places: Any) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path, **places)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


_load(
    "maker",
    FOLDER / "maker" / "__init__.py",
    submodule_search_locations=[str(FOLDER / "maker")],
)
files = importlib.import_module("maker.files")
describing = importlib.import_module("maker.describe")
errors = importlib.import_module("maker.errors")
script = _load("make_sample_data", SCRIPT)


@pytest.fixture(scope="module")
def sample() -> Any:
    return files.make_sample(SEED)


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def _ids(party: str) -> list[str]:
    column = {"health": "patient_no", "education": "pupil_ref"}[party]
    return [row[column] for row in _rows(f"{party}.csv")]


def test_the_same_seed_gives_the_bytes_of_the_committed_files(tmp_path: Path) -> None:
    """The script run as the README says, in a fresh interpreter, repeats the files exactly."""
    subprocess.run(
        [sys.executable, "-B", str(SCRIPT), "--seed", str(SEED), "--out", str(tmp_path)],
        check=True,
        capture_output=True,
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name


def test_another_seed_gives_other_people(sample: Any) -> None:
    """The seed decides every file."""
    other = files.make_sample(SEED + 1).as_files()
    for name, content in sample.as_files().items():
        assert content != other[name], name


def test_line_ends_are_lf() -> None:
    """No file of the sample holds a carriage return."""
    for name in NAMES:
        assert b"\r" not in (FOLDER / name).read_bytes(), name


def test_the_truth_covers_every_record_exactly_once() -> None:
    """Each record has one truth row, each truth row one record, and no file repeats a person."""
    truth = _rows("truth.csv")
    for party in ("health", "education"):
        told = [row["id"] for row in truth if row["party"] == party]
        assert Counter(told) == Counter(_ids(party))
    assert {row["party"] for row in truth} == {"health", "education"}
    assert max(Counter((row["party"], row["person"]) for row in truth).values()) == 1


def test_three_of_five_people_of_each_file_are_in_both() -> None:
    """The overlap is 60 % of each file, within one point."""
    people = {
        party: {row["person"] for row in _rows("truth.csv") if row["party"] == party}
        for party in ("health", "education")
    }
    both = people["health"] & people["education"]
    for party in ("health", "education"):
        assert len(both) / len(people[party]) == pytest.approx(0.6, abs=0.01)


@pytest.mark.parametrize(("party", "form"), [("health", r"H\d{7}"), ("education", r"E-\d{5}")])
def test_ids_are_unique_and_of_the_partys_form(party: str, form: str) -> None:
    """Every record has an id, no two the same, in the form of its department."""
    ids = _ids(party)
    assert len(ids) == len(set(ids)) == 5000
    assert all(re.fullmatch(form, local_id) for local_id in ids)


def test_row_order_and_ids_tell_nothing_about_the_links(sample: Any) -> None:
    """Over the linked pairs, neither the rows' places nor the ids go up together."""
    place = {row.person: at for at, row in enumerate(sample.education)}
    number = {row.person: int(row.values[0][2:]) for row in sample.education}
    linked = [row for row in sample.health if row.person in place]
    by_id = sorted(linked, key=lambda row: str(row.values[0]))
    for order, key in ((linked, place), (by_id, number)):
        rises = sum(key[one.person] < key[two.person] for one, two in pairwise(order))
        assert 0.45 < rises / len(order) < 0.55


def test_every_kind_of_error_is_in_both_files(sample: Any) -> None:
    """No kind in the table of rates is left without an example, and none is made without a rate."""
    kinds = {kind.name for kind in errors.KINDS}
    for rows in (sample.health, sample.education):
        assert {name for row in rows for name in row.errors} == kinds


def test_about_three_in_five_linked_pairs_differ_beyond_form(sample: Any) -> None:
    """Between 55 % and 65 % of the linked pairs carry a real difference."""
    pairs = describing.linked_pairs(sample)
    differ = sum(
        describing.agreeing_form(health.values) != describing.agreeing_form(education.values)
        for health, education in pairs
    )
    assert 0.55 <= differ / len(pairs) <= 0.65


def test_every_linked_pair_keeps_something_to_link_on(sample: Any) -> None:
    """The names, the date of birth or the place are the same in both copies, form aside."""
    for health, education in describing.linked_pairs(sample):
        one = describing.agreeing_form(health.values)
        two = describing.agreeing_form(education.values)
        assert one[:2] == two[:2] or one[2] == two[2] or one[4:] == two[4:], health.values[0]


def test_form_alone_is_no_difference(sample: Any) -> None:
    """A pair whose only errors are of form agrees in every field."""
    of_form = {kind.name for kind in errors.KINDS if kind.harms == "form"}
    clean = [
        (health, education)
        for health, education in describing.linked_pairs(sample)
        if of_form.issuperset(health.errors + education.errors)
    ]
    assert len(clean) > 500
    assert any(health.errors or education.errors for health, education in clean)
    for health, education in clean:
        assert describing.agreeing_form(health.values) == describing.agreeing_form(
            education.values
        ), health.values[0]


def test_health_dates_parse_in_the_documented_forms() -> None:
    """A date is DD/MM/YYYY, with 00 for what is unknown from the day on, or empty."""
    forms: Counter[str] = Counter()
    for row in _rows("health.csv"):
        born = row["dob"]
        if not born:
            forms["missing"] += 1
            continue
        found = re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", born)
        assert found, row["patient_no"]
        day, month, year = (int(part) for part in found.groups())
        assert day == 0 or month != 0, row["patient_no"]
        date(year, month or 1, day or 1)
        forms["whole" if day else "month" if month else "year"] += 1
    assert set(forms) == {"missing", "whole", "month", "year"}


def test_education_dates_parse_in_the_documented_forms() -> None:
    """A date is YYYY-MM-DD, YYYY-MM or YYYY, or empty."""
    lengths: Counter[int] = Counter()
    for row in _rows("education.csv"):
        born = row["birth_date"]
        lengths[len(born)] += 1
        if born:
            date.fromisoformat((born + "-01-01")[:10] if len(born) < 10 else born)
    assert set(lengths) == {0, 4, 7, 10}


def test_sex_is_written_in_each_partys_words() -> None:
    """Health writes F and M, education female and male; both leave some empty."""
    assert {row["sex"] for row in _rows("health.csv")} == {"F", "M", ""}
    assert {row["gender"] for row in _rows("education.csv")} == {"female", "male", ""}


def test_households_share_surname_and_home_with_twins_and_namesakes(sample: Any) -> None:
    """Most people share surname and home with others; twins and sons named alike are among them."""
    people = list(sample.people.values())
    homes = Counter((person.surname, person.home) for person in people)
    sharing = sum(homes[person.surname, person.home] > 1 for person in people)
    assert sharing / len(people) > 0.5
    births = Counter((person.surname, person.home, person.birth) for person in people)
    assert sum(count == 2 for count in births.values()) > 20
    namesakes = Counter((person.given, person.surname, person.home) for person in people)
    assert sum(count == 2 for count in namesakes.values()) > 20


def test_surnames_have_a_head_and_a_long_tail(sample: Any) -> None:
    """The first ten surnames hold a tenth of the people or more; hundreds are rare."""
    counts = Counter(person.surname for person in sample.people.values())
    assert sum(count for _, count in counts.most_common(10)) > len(sample.people) / 10
    assert sum(count <= 5 for count in counts.values()) > 300
    for letters in ("O'", "Mc", "-", "ł", "ø", "ñ", "ö", "í"):
        assert any(letters in surname for surname in counts), letters


def test_places_are_in_postcode_areas_that_are_not_in_use(sample: Any) -> None:
    """Each postcode has a British shape in ZX or QV, and belongs to one street of one town."""
    streets: dict[str, set[tuple[str, str]]] = {}
    for person in sample.people.values():
        home = person.home
        assert re.fullmatch(r"(ZX|QV)\d{1,2} \d[A-Z]{2}", home.postcode)
        street = re.sub(r"^(Flat \d+, )?(\d+|\S+ Cottage,) ", "", home.address)
        streets.setdefault(home.postcode, set()).add((street, home.town))
    assert all(len(found) == 1 for found in streets.values())


@pytest.mark.parametrize(("party", "form"), [("health", "DD/MM/YYYY"), ("education", "YYYY-MM-DD")])
def test_column_maps_name_the_files_columns(party: str, form: str) -> None:
    """Each map answers the same seven fields, each with a column of its own in the file."""
    columns = tomllib.loads((FOLDER / f"{party}.columns.toml").read_text(encoding="utf-8"))
    assert list(columns["columns"]) == [
        "given_name", "surname", "date_of_birth", "sex", "address", "locality", "postcode",
    ]  # fmt: skip
    assert list(columns["columns"].values()) == list(_rows(f"{party}.csv")[0])[1:]
    assert columns["dates"] == {"date_of_birth": form}


def test_the_readme_holds_what_describe_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """Every figure of the README's tables comes from the command it names."""
    assert script.main(["--describe"]) == 0
    printed = capsys.readouterr().out
    assert (FOLDER / "README.md").read_text(encoding="utf-8").endswith("\n\n" + printed)


def test_a_file_that_differs_is_replaced_only_by_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --force nothing is written and the exit code is 1; with it all files are."""
    mine = tmp_path / "education.csv"
    mine.write_bytes(b"mine\n")
    assert script.main(["--out", str(tmp_path)]) == 1
    assert "hint:" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["education.csv"]
    assert mine.read_bytes() == b"mine\n"
    assert script.main(["--out", str(tmp_path), "--force"]) == 0
    assert mine.read_bytes() == (FOLDER / "education.csv").read_bytes()


@pytest.mark.parametrize("seed", ["-1", "1.5", "x", "", "9" * 19])
def test_a_seed_that_is_no_whole_number_is_a_usage_error(seed: str) -> None:
    """The exit code is 2."""
    with pytest.raises(SystemExit) as ended:
        script.main([f"--seed={seed}"])
    assert ended.value.code == 2
