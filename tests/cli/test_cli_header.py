"""Survey files: columns named V001 or 2021 are read, and --header says so where a file can't."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from cli_house import MARK, YEAR, Refuse, pprl

FIELDS = ("given_name", "surname", "date_of_birth", "address")
NUMBERED = (
    "--column",
    "given_name=2",
    "--column",
    "surname=3",
    "--column",
    "date_of_birth=4",
    "--column",
    "address=5",
)
NUMBERS = dict(zip(("id", *FIELDS), "12345", strict=True))

CHECK = ("check", "people.csv", "--agreement", "linkage.toml")
ENCODE = (
    "encode", "people.csv", "--agreement", "linkage.toml", "--key", "parties.key", "--party", "c",
    "-o", "c.parquet",
)  # fmt: skip
INIT = ("init", "people.csv", "-o", "new.toml", "--project", "A project")
MEASURE = ("measure", "people.csv", "-o", "new.json")
EVALUATE = (
    "evaluate",
    "links",
    "--truth",
    "people.csv",
    "--ids",
    "a.ids.csv",
    "--ids",
    "b.ids.csv",
    "--json",
)
DATA = ("people.csv: the first row looks like data, not like column names", "say so: --header.")


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


@pytest.mark.parametrize(
    "command", [(*CHECK, "--id", "id"), (*ENCODE, "--id", "id"), INIT, MEASURE, EVALUATE]
)
def test_a_survey_file_is_read(desk: Path, command: tuple[str, ...]) -> None:
    """With a year and variables among the names."""
    source = desk / ("truth.csv" if command is EVALUATE else "a.csv")
    read(source).assign(**{"2021": "7", "V001": "1", "V002": "yes"}).to_csv(
        "people.csv", index=False
    )
    done = pprl(*command)
    assert done.code == 0, done


def test_the_agreements_and_the_users_names_speak_for_a_header(desk: Path, refuse: Refuse) -> None:
    """Where the file's own names are no words that every header has, and its ids have no digit."""
    own = dict(zip(FIELDS, ("called", "family", "born", "home"), strict=True))
    text = (desk / "linkage.toml").read_text(encoding="utf-8")
    for field, other in own.items():
        text = text.replace(f'name = "{field}"', f'name = "{other}"').replace(
            f"({field})", f"({other})"
        )
    (desk / "linkage.toml").write_text(text, encoding="utf-8")
    names = own | {"id": "mark", "address": "where"}
    frame = read(desk / "a.csv").rename(columns=names).assign(**{"2021": "7"})
    frame["mark"] = [f"{MARK}-{'x' * number}" for number in range(len(frame))]
    frame.to_csv("people.csv", index=False)
    refuse(1, *INIT, says=DATA)
    for command in (CHECK, ENCODE):
        refuse(1, *command, "--id", "mark", says=("no column 'home' for the field 'home'",))
        done = pprl(*command, "--id", "mark", "--column", "home=where")
        assert done.code == 0, done


def test_header_takes_any_first_row_as_names(desk: Path, refuse: Refuse) -> None:
    """Columns that are called 1 to 5; without --header the same commands refuse them."""
    read(desk / "a.csv").rename(columns=NUMBERS).to_csv("people.csv", index=False)
    for command in (CHECK, ENCODE):
        command = (*command, "--id", "1", *NUMBERED)
        refuse(1, *command, says=DATA)
        done = pprl(*command, "--header")
        assert done.code == 0, done
        assert "40 rows" in done.out
    refuse(1, *INIT, says=DATA)
    done = pprl(*INIT, "--header")
    assert done.code == 0, done
    assert "  4  date_of_birth (date)" in done.err
    refuse(1, *MEASURE, *NUMBERED[:-2], says=DATA)
    done = pprl(*MEASURE, *NUMBERED[:-2], "--header")
    assert done.code == 0, done
    assert json.loads((desk / "new.json").read_text(encoding="utf-8"))["rows"] == 40


def test_header_serves_the_truth_and_the_baseline(desk: Path, refuse: Refuse) -> None:
    """A number that is no year is no name of a survey either."""
    read(desk / "truth.csv").assign(**{"7": "x"}).to_csv("people.csv", index=False)
    refuse(1, *EVALUATE, says=DATA)
    plain = (*EVALUATE[:3], "truth.csv", *EVALUATE[4:])
    assert pprl(*EVALUATE, "--header").out == pprl(*plain).out
    for party in ("a", "b"):
        read(desk / f"{party}.csv").rename(columns=NUMBERS).to_csv(f"{party}.csv", index=False)
    (desk / "map.toml").write_text(
        "[columns]\n" + "".join(f'{field} = "{NUMBERS[field]}"\n' for field in FIELDS)
    )
    baseline = (
        "--baseline", "a.csv", "b.csv", "--id", "a=1", "--id", "b=1", "--columns", "a=map.toml",
        "--columns", "b=map.toml",
    )  # fmt: skip
    done = pprl(*plain, *baseline)
    assert done.code == 1
    assert "a.csv: the first row looks like data" in done.err
    done = pprl(*EVALUATE, *baseline, "--header")
    assert done.code == 0, done


def test_people_without_a_header_are_shown_by_none(desk: Path, refuse: Refuse) -> None:
    """Neither by a year of birth alone nor by ids; and no command takes them for names."""
    rows = [
        "".join(f"{MARK}{n},{MARK}a,{MARK}b,{YEAR}-01-02,x\n" for n in range(5)),
        "".join(f"{MARK}a,{MARK}b,{year}\n" for year in (1987, 1950, 2001)),
        "".join(f"H{number},{MARK}b,W12 8QT\n" for number in (10001, 10002)),
    ]
    for text in rows:
        (desk / "people.csv").write_text(text)
        for command in ((*CHECK, "--id", "id"), (*ENCODE, "--id", "id"), INIT, MEASURE):
            refuse(1, *command, says=DATA)


def test_a_file_whose_columns_are_fixed_has_no_such_option(desk: Path, refuse: Refuse) -> None:
    """An id map or a file of returned links that lost its header."""
    for name, row in (("a.ids.csv", f"{'0a' * 16},17"), ("links/links-a.csv", f"17,{'0a' * 16}")):
        whole = (desk / name).read_text()
        (desk / name).write_text(f"{row}\n{row}\n")
        said = refuse(
            1, "resolve", "links/links-a.csv", "--ids", "a.ids.csv",
            says=(f"{name}: the first row looks like data",),
        )  # fmt: skip
        assert "--header" not in said.err
        (desk / name).write_text(whole)
