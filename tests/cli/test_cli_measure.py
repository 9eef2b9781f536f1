"""`pprl measure`: columns are found as for encoding, and neither figures nor messages hold a value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_house import MARK, SAMPLE, YEAR, Outcome, assert_no_value, assert_refused, pprl

HEADER = "given_name,surname,date_of_birth,sex,who"


def people(count: int = 40) -> list[str]:
    return [
        f"{MARK}{n % 7},{MARK.title()}-{n % 5},{YEAR}-0{1 + n % 9}-{10 + n % 9},F,{MARK}{n // 2}"
        for n in range(count)
    ]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.csv").write_text("\n".join([HEADER, *people()]) + "\n")
    return tmp_path


def measured(*arguments: object) -> dict[str, object]:
    done = pprl("measure", *arguments, "-o", "out.json", "--force")
    assert done.code == 0, done
    content: dict[str, object] = json.loads(Path("out.json").read_text("utf-8"))
    return content


def refused(code: int, *arguments: object, says: tuple[str, ...]) -> Outcome:
    outcome = pprl("measure", *arguments, "-o", "out.json")
    assert_refused(outcome, code, *says)
    assert not Path("out.json").exists()
    return outcome


def test_fields_under_their_own_names_need_no_column_map(here: Path) -> None:
    content = measured("people.csv")
    assert list(content["fields"]) == ["given_name", "surname", "date_of_birth", "sex"]
    assert content["births"] is not None


def test_a_column_map_names_some_fields_and_the_others_are_found(here: Path) -> None:
    text = "\n".join(["Given Name,LAST,date-of-birth,sex,Who", *people()]) + "\n"
    Path("other.csv").write_text(text)
    content = measured("other.csv", "--column", "surname=last", "--person", "who")
    assert list(content["fields"]) == ["given_name", "surname", "date_of_birth", "sex"]
    assert content["differences"]["pairs"] == 20


def test_a_mock_twin_can_be_measured(here: Path) -> None:
    agreement = 'format = "pprl-agreement/1"\nproject = "Twin"\n' + "".join(
        f'[[field]]\nname = "{name}"\ntype = "{kind}"\n'
        for name, kind in (("given_name", "given-name"), ("surname", "surname"), ("phone", "phone"))
    )
    Path("twin.toml").write_text(agreement)
    done = pprl("synth", "-o", "twin", "--like", "twin.toml", "--people", 200)
    assert done.code == 0, done
    assert list(measured("twin/a.csv")["fields"]) == ["given_name", "surname"]


def test_the_sample_can_be_measured_with_its_column_map(here: Path) -> None:
    content = measured(
        SAMPLE / "health.csv", "--columns", SAMPLE / "health.columns.toml", "--smallest-cell", 20
    )
    assert (content["k"], content["rows"]) == (20, 5000)
    assert len(content["fields"]) == 7


def test_the_figures_and_what_is_said_hold_no_value(here: Path) -> None:
    done = pprl("measure", "people.csv", "--person", "who", "-o", "out.json", "--json")
    assert done.code == 0
    assert_no_value(done.err)
    content = json.loads(done.out)
    assert content == json.loads(Path("out.json").read_text("utf-8"))
    assert MARK not in done.out.lower()  # the start of a five-year group may be anybody's year
    said = pprl("measure", "people.csv", "-o", "two.json")
    assert_no_value(said.out + said.err)
    assert "rounded down to a multiple of 10" in said.out
    assert "UNSAFE" in pprl("measure", "people.csv", "-o", "1.json", "--smallest-cell", 1).out


def test_a_file_without_a_header_is_refused_and_its_first_row_is_not_told(here: Path) -> None:
    rows = [f"{MARK}a{n},{MARK}b{n},{MARK}c" for n in range(20)]
    Path("bare.csv").write_text("\n".join(rows) + "\n")
    refused(1, "bare.csv", says=("bare.csv", "no field to measure"))
    refused(1, "bare.csv", "--column", "surname=last", says=("bare.csv", "no column 'last'"))
    lines = "\n".join([HEADER, *people()]).replace("given_name", "forename")
    Path("named.csv").write_text(lines + "\n")
    refused(1, "named.csv", "--person", "nobody", says=("named.csv", "no column 'nobody'"))


def test_too_few_records_are_refused(here: Path) -> None:
    Path("few.csv").write_text("\n".join([HEADER, *people(9)]) + "\n")
    refused(1, "few.csv", says=("few.csv", "fewer than 10 records"))
    refused(1, "people.csv", "--smallest-cell", 41, says=("people.csv", "fewer than 41 records"))


def test_a_field_that_no_record_has_is_refused(here: Path) -> None:
    refused(2, "people.csv", "--column", "surnme=surname", says=("'surnme'", "'surname'?"))
