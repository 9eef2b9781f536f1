"""From `init` to `encode` a file with placeholders is told of, and its drafted column map makes it the blank file."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from cli_house import SAMPLE, Outcome, Refuse, pprl

PLACEHOLDERS = {
    "dob": "01/01/1900",
    "street": "UNKNOWN",
    "town": "Unknown",
    "post_code": "99999",
}
FIELDS = {
    "date_of_birth": "dob",
    "address": "street",
    "locality": "town",
    "postcode": "post_code",
}
AGREED = ["--agreement", "linkage.toml", "--id", "patient_no"]
WARNING = "customary placeholder"


def spoil(content: dict[str, str]) -> tuple[list[list[str]], int]:
    """Return the sample's first 1,000 people with other content in every tenth row, and how many rows these are."""
    with (SAMPLE / "health.csv").open(encoding="utf-8", newline="") as stream:
        head, *rows = list(csv.reader(stream))[:1001]
    for row in rows[::10]:
        for column, value in content.items():
            row[head.index(column)] = value
    return [head, *rows], len(rows[::10])


def write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)


@pytest.fixture
def spoilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `held.csv`, a tenth of which is placeholders, and `blank.csv`, the same with the cells blank."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "held.csv", spoil(PLACEHOLDERS)[0])
    write(tmp_path / "blank.csv", spoil(dict.fromkeys(PLACEHOLDERS, ""))[0])
    assert pprl("keygen", "parties.key").code == 0
    return tmp_path


def draft(people: str, *more: str) -> Outcome:
    done = pprl("init", people, "-o", "linkage.toml", "--project", "x", *more)
    assert done.code == 0, done
    return done


def encoded(people: str, *more: str) -> Outcome:
    done = pprl(
        "encode", people, *AGREED, "--key", "parties.key", "--party", "health", "-o",
        f"{Path(people).stem}.parquet", *more,
    )  # fmt: skip
    assert done.code == 0, done
    return done


def no_value(outcome: Outcome) -> None:
    for value in PLACEHOLDERS.values():
        assert value.lower() not in (outcome.out + outcome.err).lower()


def test_undeclared_placeholders_are_warned_of(spoilt: Path) -> None:
    """By `check` and by `encode`, with the column and the rows."""
    draft("held.csv")
    columns = [f"--column={field}={column}" for field, column in FIELDS.items()]
    columns += ["--column=given_name=first_name", "--column=surname=last_name"]
    for done in (pprl("check", "held.csv", *AGREED, *columns), encoded("held.csv", *columns)):
        assert done.code == 0, done
        for column in PLACEHOLDERS:
            assert f"in the column {column!r} 100 rows hold a {WARNING}" in done.err
        assert done.err.count(WARNING) == 4
        no_value(done)


def test_the_road_from_init_leads_to_the_blank_file(spoilt: Path) -> None:
    said = draft("held.csv", "--columns-out", "held.toml")
    for column in PLACEHOLDERS:
        assert f"in the column {column!r} 100 rows hold a {WARNING}; held.toml declares" in said.err
    no_value(said)
    drafted = (spoilt / "linkage.toml").read_text(encoding="utf-8")
    for value in PLACEHOLDERS.values():
        assert value not in drafted
    checked = pprl("check", "held.csv", *AGREED, "--columns", "held.toml")
    assert checked.code == 0, checked
    assert "declared so in the column map: date_of_birth 100, address 100" in checked.out
    made = encoded("held.csv", "--columns", "held.toml")
    assert (
        "declared missing in the column map: date_of_birth 100, address 100, locality 100, postcode 100"
        in made.out
    )
    for done in (checked, made):
        assert WARNING not in done.err
        no_value(done)
    draft("blank.csv", "--columns-out", "blank.toml", "--force")
    assert (spoilt / "linkage.toml").read_text(encoding="utf-8") == drafted
    blank = encoded("blank.csv", "--columns", "blank.toml")
    assert "declared missing" not in blank.out
    rest = [line for line in made.out.splitlines() if "declared" not in line and "held" not in line]
    assert rest == [line for line in blank.out.splitlines() if "blank." not in line]


def test_counts_are_in_the_json(spoilt: Path) -> None:
    draft("held.csv", "--columns-out", "held.toml")
    checked = json.loads(pprl("check", "held.csv", *AGREED, "--columns", "held.toml", "--json").out)
    told = {field["name"]: field["declared_missing"] for field in checked["fields"]}
    assert told == {
        "given_name": 0, "surname": 0, "sex": 0, **dict.fromkeys(FIELDS, 100),
    }  # fmt: skip
    made = json.loads(encoded("held.csv", "--columns", "held.toml", "--json").out)
    assert made["declared_missing"] == told


def test_without_a_column_map_init_says_how_to_get_one(spoilt: Path) -> None:
    said = draft("held.csv")
    assert said.err.count("--columns-out writes a column map that declares it missing") == 4


def test_the_option_declares_like_the_file(spoilt: Path) -> None:
    draft("held.csv", "--columns-out", "held.toml")
    text = (spoilt / "held.toml").read_text(encoding="utf-8").partition("[missing]")[0]
    (spoilt / "plain.toml").write_text(text, encoding="utf-8")
    options = ["--missing", "all=unknown", "--missing", "date_of_birth=01/01/1900"]
    done = encoded(
        "held.csv", "--columns", "plain.toml", *options, "--missing", "postcode=99999", "--json"
    )
    told = json.loads(done.out)["declared_missing"]
    assert {name: told[name] for name in FIELDS} == dict.fromkeys(FIELDS, 100)
    assert WARNING not in done.err


def test_measure_counts_declared_values_as_missing(spoilt: Path) -> None:
    draft("held.csv", "--columns-out", "held.toml")
    draft("blank.csv", "--columns-out", "blank.toml", "--force")
    for name in ("held", "blank"):
        done = pprl("measure", f"{name}.csv", "-o", f"{name}.json", "--columns", f"{name}.toml")
        assert done.code == 0, done
    figures = [json.loads((spoilt / f"{name}.json").read_text()) for name in ("held", "blank")]
    assert figures[0] == figures[1]


@pytest.mark.parametrize("party", ["health", "education"])
def test_the_clean_sample_draws_no_warning(tmp_path: Path, party: str) -> None:
    number = {"health": "patient_no", "education": "pupil_ref"}[party]
    done = pprl(
        "check", SAMPLE / f"{party}.csv", "--agreement", SAMPLE / "linkage.toml", "--id", number,
        "--columns", SAMPLE / f"{party}.columns.toml",
    )  # fmt: skip
    assert done.code == 0, done
    assert done.err == ""
    written = ["-o", tmp_path / "l.toml", "--columns-out", tmp_path / "c.toml"]
    done = pprl("init", SAMPLE / f"{party}.csv", *written)
    assert WARNING not in done.err
    assert "[missing]" not in (tmp_path / "c.toml").read_text(encoding="utf-8")


def test_a_pattern_that_is_none_is_refused(desk: Path, refuse: Refuse) -> None:
    (desk / "map.toml").write_text('[missing.patterns]\nsurname = ["zqmark("]\n')
    for command in (
        ["check"],
        ["encode", "--key", "parties.key", "--party", "a", "-o", "n.parquet"],
    ):
        refuse(
            1, *command, "a.csv", "--agreement", "linkage.toml", "--id", "id", "--columns", "map.toml",
            says=("missing.patterns.surname, entry 1, is not a regular expression",),
        )  # fmt: skip


def test_an_unknown_field_of_an_option_is_refused(refuse: Refuse) -> None:
    refuse(
        1, "check", "a.csv", "--agreement", "linkage.toml", "--missing", "surnam=zqmark",
        says=("'surnam', which the agreement does not have", "Did you mean 'surname'?"),
    )  # fmt: skip
    refuse(
        2, "check", "a.csv", "--agreement", "linkage.toml", "--missing", "zqmark",
        says=("--missing is not of the form FIELD=VALUE",),
    )  # fmt: skip


def test_inspect_knows_a_column_map_that_declares_alone(desk: Path) -> None:
    (desk / "map.toml").write_text('[missing]\nall = ["x"]\n')
    done = pprl("inspect", "map.toml")
    assert done.code == 0
    assert "column map" in done.out
