"""The sample data: the committed files are what `pprl synth` makes of the plan, and they are as described."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pprl.cli.main import call

FOLDER = Path(__file__).parents[2] / "sample_data"
MADE = (
    "health.csv", "education.csv", "truth.csv", "about.json", "health.columns.toml", "education.columns.toml",
)  # fmt: skip
IDS = {"health": "patient_no", "education": "pupil_ref"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample") / "made"
    assert call(["synth", "--plan", str(FOLDER / "plan.toml"), "-o", str(folder)]) == 0
    return folder


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


@pytest.mark.parametrize("name", MADE)
def test_the_committed_file_is_what_the_generator_makes(made: Path, name: str) -> None:
    """Byte for byte. If the generator changed on purpose, copy the new files (sample_data/README.md)."""
    assert (made / name).read_bytes() == (FOLDER / name).read_bytes()


def test_the_files_are_as_large_as_the_readme_says() -> None:
    people = {party: {row[IDS[party]] for row in rows(f"{party}.csv")} for party in IDS}
    assert {party: len(ids) for party, ids in people.items()} == {"health": 5000, "education": 5000}
    person = {(row["party"], row["id"]): row["person"] for row in rows("truth.csv")}
    assert len(person) == 10_000
    both = [{person[party, own] for own in people[party]} for party in IDS]
    assert len(both[0] & both[1]) == 3000
    assert len(both[0] | both[1]) == 7000


def test_no_postcode_can_be_a_real_one() -> None:
    """No British postcode begins with Q, V or X; a typing error may change one letter of a few."""
    for party, column in (("health", "post_code"), ("education", "postcode")):
        codes = [row[column] for row in rows(f"{party}.csv") if row[column]]
        begun = sum(code[0] in "QVX" for code in codes)
        assert begun / len(codes) > 0.99


def test_the_departments_write_dates_and_sex_their_own_way() -> None:
    health, education = rows("health.csv"), rows("education.csv")
    assert all(re.fullmatch(r"\d\d/\d\d/\d{4}|", row["dob"]) for row in health)
    assert all(re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?|", row["birth_date"]) for row in education)
    assert {row["sex"] for row in health} == {"F", "M", ""}
    assert {row["gender"] for row in education} == {"female", "male", ""}


def test_names_have_a_head_and_a_long_tail() -> None:
    counts = Counter(row["last_name"] for row in rows("health.csv"))
    assert 30 <= counts.most_common(1)[0][1] <= 100
    assert sum(count == 1 for count in counts.values()) > 1000


def test_the_row_order_says_nothing_of_who_is_who() -> None:
    person = {(row["party"], row["id"]): int(row["person"]) for row in rows("truth.csv")}
    order: dict[str, list[int]] = {
        party: [person[party, row[IDS[party]]] for row in rows(f"{party}.csv")] for party in IDS
    }
    for numbers in order.values():
        rising = sum(a < b for a, b in pairwise(numbers))
        assert abs(rising - 2500) < 200
    place = {who: at for at, who in enumerate(order["education"])}
    gaps = [abs(at - place[who]) for at, who in enumerate(order["health"]) if who in place]
    assert sum(gap < 50 for gap in gaps) < 120  # by chance about 2 %


def test_about_json_tells_the_error_rates() -> None:
    about: dict[str, Any] = json.loads((FOLDER / "about.json").read_text(encoding="utf-8"))
    assert about["plan"]["seed"] == 20261121
    for entry in about["files"].values():
        assert entry["duplicates"] == 0
        moved = entry["errors"]["moved_house"]
        assert 0.3 * moved["asked"] < moved["rate"] < 2 * moved["asked"]
