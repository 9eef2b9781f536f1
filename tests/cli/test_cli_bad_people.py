"""A people file that can't be used: told by file, column and row, never by value, and nothing is written."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from cli_house import MARK, YEAR, Outcome, Refuse, assert_refused, pprl, snapshot

ROW = f"x{MARK}1,{MARK}a,{MARK}b,{YEAR}-02-13,1 {MARK} Road\n"
HEADER = "id,given_name,surname,date_of_birth,address\n"

ENCODE = (
    "encode", "people.csv", "--agreement", "linkage.toml", "--key", "parties.key", "--party", "c",
    "--id", "id", "-o", "c.parquet",
)  # fmt: skip
CHECK = ("check", "people.csv", "--agreement", "linkage.toml", "--id", "id")
INIT = ("init", "people.csv", "-o", "new.toml", "--project", "A project")
MEASURE = ("measure", "people.csv", "-o", "new.json", "--person", "id")


def row(number: int, *, id: str | None = None, born: str = f"{YEAR}-02-13") -> str:
    """Return one person's row."""
    own = f"x{MARK}{number}" if id is None else id
    return f"{own},{MARK}a,{MARK}b,{born},{number} {MARK} Road\n"


def spreadsheet() -> bytes:
    """Return what an .xlsx file is: a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/sharedStrings.xml", f"<si>{MARK}</si>")
    return buffer.getvalue()


def parquet() -> bytes:
    """Return a table of people as Parquet."""
    buffer = io.BytesIO()
    pd.DataFrame({"id": [MARK], "given_name": [MARK]}).to_parquet(buffer)
    return buffer.getvalue()


NOT_A_TABLE = {
    "empty": (b"", "is empty"),
    "white space": (b" \n\n  \n", "is empty"),
    "header only": (HEADER.encode(), "has a header but no rows"),
    "header without line end": (HEADER.strip().encode(), "has a header but no rows"),
    "binary": (bytes(range(256)) * 8, "is not a text file"),
    "spreadsheet": (spreadsheet(), "is not a text file"),
    "UTF-16": ((HEADER + ROW).encode("utf-16"), "is not a text file"),
    "Latin-1": (
        (HEADER + row(1)).replace("Road", "Straße").encode("latin-1"),
        "line 2 is not UTF-8",
    ),
    "Latin-1 header": ((HEADER.replace("address", "straße") + ROW).encode("latin-1"), "not UTF-8"),
    "row too long": (
        (HEADER + row(1) + row(2).strip() + ",more\n").encode(),
        "line 3 has 6 values",
    ),
    "row too short": (
        (HEADER + f"x,{MARK}\n").encode(),
        "line 2 has 2 values where the header has 5",
    ),
    "row too short and Latin-1": (
        (HEADER + row(1) + f"x,{MARK}ß\n").encode("latin-1"),
        "line 3 is not UTF-8",
    ),
    "open quote": ((HEADER + row(1) + f'x,"{MARK},b,c,d\n').encode(), "can't be read as CSV"),
    "two columns of one name": (
        (HEADER.replace("surname", "given_name") + ROW).encode(),
        "the columns 2 and 3 have the same name",
    ),
    "no header": ((row(1) + row(2)).encode(), "the first row looks like data"),
    "column without name": ((HEADER.replace("surname", "") + ROW).encode(), "column 3 has no name"),
}


@pytest.mark.parametrize("command", [CHECK, ENCODE, ("init", "people.csv", "-o", "x.toml")])
@pytest.mark.parametrize(("content", "says"), NOT_A_TABLE.values(), ids=NOT_A_TABLE)
def test_what_is_no_table_is_refused(
    desk: Path, refuse: Refuse, command: tuple[str, ...], content: bytes, says: str
) -> None:
    (desk / "people.csv").write_bytes(content)
    refuse(1, *command, says=("people.csv", says))


def told(outcome: Outcome) -> tuple[int, list[str]]:
    """Return what a command said, but for the fill of filters under a key that is drawn for each run."""
    lines = [*outcome.lines, *outcome.err.splitlines()]
    return outcome.code, [line for line in lines if "mean fill" not in line]


@pytest.mark.parametrize("command", [CHECK, INIT, MEASURE])
def test_parquet_is_read_like_csv(desk: Path, refuse: Refuse, command: tuple[str, ...]) -> None:
    """Gaps as no value; a number where text should be is refused or left out; one that nobody asks for is no matter."""
    frame = pd.read_csv(desk / "a.csv", dtype=str, keep_default_na=False)
    frame.loc[3, "address"] = ""
    frame.to_csv(desk / "people.csv", index=False)
    from_csv = pprl(*command)
    assert from_csv.code == 0, from_csv
    made = [path.read_bytes() for path in sorted(desk.glob("new.*"))]
    for path in desk.glob("new.*"):
        path.unlink()
    gaps = frame.replace("", None)
    gaps.to_parquet(desk / "people.csv")
    assert told(pprl(*command)) == told(from_csv)
    assert len(made) == len(list(desk.glob("new.*"))) == (0 if command == CHECK else 1)
    for path in desk.glob("new.*"):
        assert path.read_bytes() in made
        path.unlink()
    gaps.assign(surname=7).to_parquet(desk / "people.csv")
    gaps.assign(weight=7.5).to_parquet(desk / "people.csv")
    done = pprl(*command)
    assert done.code == 0
    more = [line for line in told(done)[1] if line not in told(from_csv)[1]]
    assert len(more) == (1 if command == INIT else 0)  # that the column is left out
    for path in desk.glob("new.*"):
        assert path.read_bytes() in made
        path.unlink()
    gaps.assign(surname=7).to_parquet(desk / "people.csv")
    if command == INIT:
        assert "surname" not in pprl(*command).out
        assert 'name = "surname"' not in (desk / "new.toml").read_text(encoding="utf-8")
    else:
        kind = "something other than text" if command == MEASURE else "int64 values"
        refuse(1, *command, says=(f"'surname' holds {kind}",))


@pytest.mark.parametrize("command", [CHECK, INIT])
def test_a_parquet_file_without_the_columns_is_refused(
    desk: Path, refuse: Refuse, command: tuple[str, ...]
) -> None:
    (desk / "people.csv").write_bytes(parquet()[:-20])
    refuse(1, *command, says=("people.csv", "damaged or cut short"))
    (desk / "people.csv").write_bytes(parquet())
    refuse(1, *ENCODE, says=("people.csv: no column 'surname' for the field 'surname'",))


def test_parquet_is_encoded_like_csv(desk: Path, refuse: Refuse) -> None:
    """Whatever the file is called; a number where text should be is refused by the column's name."""
    frame = pd.read_csv(desk / "a.csv", dtype=str)
    (desk / "people.csv").unlink(missing_ok=True)
    frame.to_parquet(desk / "people.csv")
    done = pprl(*ENCODE)
    assert done.code == 0, done
    assert done.lines[0] == f"{len(frame)} rows read = {len(frame)} encoded + 0 rejected"
    frame.assign(surname=7).to_parquet(desk / "people.csv")
    refuse(1, *ENCODE, "--force", says=("the column 'surname' holds int64 values instead of text",))


@pytest.mark.parametrize("command", [CHECK, ENCODE, ("init", "people.csv", "-o", "x.toml")])
def test_missing_file_and_folder_are_refused(
    desk: Path, refuse: Refuse, command: tuple[str, ...]
) -> None:
    refuse(1, *command, says=("people.csv: no such file", "Check the path and the spelling."))
    (desk / "people.csv").mkdir()
    refuse(1, *command, says=("people.csv is a folder, not a people file",))


@pytest.mark.parametrize("command", [CHECK, ENCODE])
def test_missing_column_asks_did_you_mean(
    desk: Path, refuse: Refuse, command: tuple[str, ...]
) -> None:
    (desk / "people.csv").write_text(HEADER.replace("surname", "last_surname") + ROW)
    refuse(
        1, *command,
        says=(
            "people.csv: no column 'surname' for the field 'surname'",
            "Did you mean 'last_surname'? Say --column surname=last_surname.",
        ),
    )  # fmt: skip


@pytest.mark.parametrize("command", [CHECK, ENCODE])
def test_a_column_that_answers_another_field_is_neither_suggested_nor_taken(
    desk: Path, refuse: Refuse, command: tuple[str, ...]
) -> None:
    (desk / "people.csv").write_text(HEADER.replace("given_name", "other") + ROW)
    said = "Say which column it is: --column given_name=COLUMN."
    refuse(1, *command, says=("no column 'given_name' for the field 'given_name'", said))
    refuse(
        1, *command, "--column", "given_name=surname",
        says=("the column 'surname' is mapped to two fields, 'given_name' and 'surname'",),
    )  # fmt: skip


@pytest.mark.parametrize("command", [CHECK, ENCODE])
def test_missing_id_column_asks_did_you_mean(
    desk: Path, refuse: Refuse, command: tuple[str, ...]
) -> None:
    (desk / "people.csv").write_text(HEADER.replace("id", "rec_id", 1) + ROW)
    command = tuple("recid" if text == "id" else text for text in command)
    refuse(1, *command, says=("no column 'recid' for the ids", "Did you mean 'rec_id'?"))


@pytest.mark.parametrize("command", [CHECK, ENCODE])
@pytest.mark.parametrize(
    ("option", "code", "says"),
    [
        (["--column", "surnam=surname"], 1, "Did you mean 'surname'?"),
        (["--column", "surname"], 2, "is not of the form FIELD=VALUE"),
        (["--column", "surname=a", "--column", "surname=b"], 2, "is given twice"),
        (["--column", "surname=surname+"], 2, "names an empty column"),
        (["--date-format", "date_of_birth=YMD"], 2, "is not a date format"),
        (["--date-format", "surname=YYYY-MM-DD"], 1, "is not a date in the agreement"),
        (["--columns", "absent.toml"], 1, "absent.toml: no such file"),
        (["--columns", "parties.key"], 1, "the column map is not TOML"),
        (["--columns", "linkage.toml"], 1, "unknown entry 'format' in the column map"),
    ],
)
def test_column_map_that_does_not_fit_is_refused(
    desk: Path, refuse: Refuse, command: tuple[str, ...], option: list[str], code: int, says: str
) -> None:
    (desk / "people.csv").write_text(HEADER + ROW)
    refuse(code, *command, *option, says=(says,))


@pytest.mark.parametrize("command", [CHECK, ENCODE])
def test_ambiguous_date_format_is_not_guessed(
    desk: Path, refuse: Refuse, command: tuple[str, ...]
) -> None:
    (desk / "people.csv").write_text(
        HEADER + row(1, born=f"01/02/{YEAR}") + row(2, born=f"11/10/{YEAR}")
    )
    refuse(
        1, *command,
        says=("can be read as DD/MM/YYYY or MM/DD/YYYY", "--date-format date_of_birth=DD/MM/YYYY"),
    )  # fmt: skip


@pytest.mark.parametrize("command", [CHECK, ENCODE])
def test_dates_that_no_format_reads_are_refused(
    desk: Path, refuse: Refuse, command: tuple[str, ...]
) -> None:
    (desk / "people.csv").write_text(HEADER + row(1, born=f"{MARK} {YEAR}") + row(2, born="soon"))
    refuse(
        1, *command,
        says=("no known date format reads the column 'date_of_birth'", "--date-format"),
    )  # fmt: skip


# What check reports as a finding, encode refuses.

FINDINGS = {
    "duplicate ids": (
        row(1) + row(2) + row(3, id=f"x{MARK}1"),
        "1 row repeats an earlier id of the column 'id' (first: rows 2 and 4)",
        "1 with an id of an earlier row",
        "Give a column that is unique for each row",
    ),
    "empty id": (
        row(1) + row(2, id="") + row(3, id=" "),
        "2 rows have no id in the column 'id' (first: row 3)",
        "2 without an id",
        "Every record needs an id of its own",
    ),
    "unreadable date": (
        row(1) + row(2) + row(3, born=f"{YEAR}-13-41"),
        "1 value of the column 'date_of_birth' can't be read as date YYYY-MM-DD (first: row 4)",
        "1 unreadable in 'date_of_birth' (first: row 4)",
        "--unreadable missing",
    ),
    "no value at all": (
        "1,,,,\n2,,,,\n",
        "no row has a value in any of the agreement's fields",
        "no row has a value in any of the agreement's fields",
        "Check the column map",
    ),
}


@pytest.mark.parametrize(("rows", "says", "found", "hint"), FINDINGS.values(), ids=FINDINGS)
def test_findings_stop_encode_and_check_foretells_it(
    desk: Path, refuse: Refuse, rows: str, says: str, found: str, hint: str
) -> None:
    """Both give the hint that helps against this finding, and `check` no other."""
    (desk / "people.csv").write_text(HEADER + rows)
    refuse(1, *ENCODE, says=(says, hint))
    before = snapshot(desk)
    for json in ([], ["--json"]):
        checked = pprl(*CHECK, *json)
        assert_refused(checked, 1, "people.csv: `pprl encode` would stop: ", found, hint)
        assert ("--unreadable" in checked.err) == (hint == "--unreadable missing")
        assert "sparse" not in checked.err
        assert "rows" in checked.out, (
            "the table of findings is the result and is printed all the same"
        )
    assert snapshot(desk) == before


def test_one_bad_row_can_be_counted_as_missing(desk: Path) -> None:
    """A date with one bad part keeps the others, and the row counts say so."""
    (desk / "people.csv").write_text(HEADER + row(1) + row(2, born=f"{YEAR}-13-41"))
    done = pprl(*ENCODE, "--unreadable", "missing")
    assert done.code == 0, done
    assert done.lines[0] == "2 rows read = 2 encoded + 0 rejected"
    assert (
        "  date_of_birth: 1 unreadable value; what could not be read counts as missing"
        in done.lines
    )


def test_a_column_without_a_value_is_warned_of(desk: Path) -> None:
    """By `check` and by `encode`, and as what it is: not as small budgets."""
    (desk / "people.csv").write_text(HEADER + f"1,{MARK}a,,,\n2,{MARK}b,,,1 Road\n")
    for command in (CHECK, ENCODE):
        done = pprl(*command)
        assert done.code == 0, done
        assert "no record has a value in the fields 'surname', 'date_of_birth'" in done.err
        assert "62.5 % of the values are missing" in done.err
        assert "sparse" not in done.err


def test_one_row_is_one_row(desk: Path) -> None:
    (desk / "people.csv").write_text(HEADER + row(1))
    assert pprl(*CHECK).lines[0] == "1 row"
    assert pprl(*ENCODE).lines[0] == "1 row read = 1 encoded + 0 rejected"


def test_a_filter_that_no_budget_fills_is_said_to_be_too_long(desk: Path) -> None:
    (desk / "people.csv").write_text(HEADER + row(1) + row(2))
    for profile, most in (("record", ""), ("fields", "11,702 bits")):
        draft = ("init", "people.csv", "-o", "x.toml", "--force", "--profile", profile, "--bits")
        assert "more bits do not help" not in pprl(*draft, "8192").err
        said = pprl(*draft, "65536").err
        assert "more bits do not help" in said
        assert most in said


def test_surname_na_and_leading_zeros_are_values(desk: Path) -> None:
    (desk / "people.csv").write_text(HEADER + f"007,NA,null,{YEAR}-02-13,None\n")
    done = pprl(*ENCODE)
    assert done.code == 0
    assert "  missing values: none" in done.lines
    assert (desk / "c.ids.csv").read_text().splitlines()[1].endswith(",007")


def test_table_without_any_field_gives_no_draft(desk: Path, refuse: Refuse) -> None:
    (desk / "people.csv").write_text("colour,size\nred,4\nred,5\n")
    refuse(1, "init", "people.csv", "-o", "x.toml", says=("no column looks like a name",))


@pytest.mark.parametrize("name", ["x" * 201, "two\nlines", "rtl\u202e"])
def test_linkage_name_that_no_agreement_takes_is_refused(refuse: Refuse, name: str) -> None:
    refuse(2, "init", "a.csv", "-o", "x.toml", "--project", name, says=("1 to 200 characters",))


@pytest.mark.parametrize("name", ['He said "no" \\ yes', "Ärzte — Ελλάδα", "]]#"])
def test_drafts_are_valid_whatever_the_names(desk: Path, name: str) -> None:
    """Quotes and backslashes in the linkage's name or a column's do no harm."""
    column = '"last_name ""of"" C:\\temp"'
    (desk / "odd.csv").write_text(HEADER.replace("surname", column) + ROW)
    done = pprl("init", "odd.csv", "-o", "x.toml", "--project", name, "--columns-out", "map.toml")
    assert done.code == 0, done
    checked = pprl("check", "odd.csv", "--agreement", "x.toml", "--columns", "map.toml")
    assert checked.code == 0, checked
