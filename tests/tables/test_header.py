"""A first row is taken as a header or refused as data: surveys' names pass, a person never does."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.base.errors import DataError
from pprl.tables import ColumnMap, read_csv_text
from pprl.tables.blocks import open_table, read_text
from pprl.tables.header import LOOK_AT, data_column

SURVEY = [["17", "3", "2"], ["18", "1", "2"], ["21", "", "5"]]
INCOMES = [["5", "Smith", "31000"], ["6", "Jones", "2010"], ["7", "Ng", ""], ["8", "Ito", "900"]]
PEOPLE = [
    ["H0089654", "Ruby", "Woolwick", "26/10/2005", "SW1A 1AA", "07700 900123"],
    ["H0089655", "Omar", "Hill", "01/02/1987", "N1 7AB", "020 7946 0001"],
    ["H0089656", "Eve", "Ash", "13/11/1950", "LS2 9JT", ""],
]

HEADERS = {
    "a survey's variables": (["id", "V001", "V002"], SURVEY),
    "one row": (["id", "V001", "V002"], SURVEY[:1]),
    "years": (["id", "2020", "2021"], SURVEY),
    "a year of income": (["id", "surname", "2021"], INCOMES),
    "capitals": (["ID", "SURNAME", "2021"], INCOMES),
    "title case": (["Case", "Last Name", "2021"], INCOMES),
    "snake case": (["case_id", "last_name", "2021"], INCOMES),
    "camel case": (["caseId", "lastName", "2021"], INCOMES),
    "German": (["Nr", "Nachname", "2021"], INCOMES),
    "French": (["no", "prénom", "2021"], INCOMES),
    "answers in words": (["respondent", "V001", "V002"], [["9", "yes", "no"]] * 3),
    "ids with letters": (["id", "V001", "V002"], [["R17", "3", "2"], ["R18", "1", "1"]]),
    "all are variables": (["V001", "V002", "V003"], [["9", "Smith", "yes"]] * 10),
    "long codes": (["ER30001", "ER30002", "sex"], [["9", "1", "f"]] * 10),
    "other survey names": (["Q12", "S2_1", "2021_income", "V001"], [["1", "2", "3", "4"]]),
    "no value below": (["id", "V001", "V002"], [["17", "", ""], ["18", "", ""]]),
    "short rows below": (["id", "V001", "V002"], [["17", "1"], ["18"], []]),
    "a date and names": (["surname", "date of birth", "V001", "V002"], [["A", "1/2/1990", "1", "2"]]),
}  # fmt: skip

ROWS = {
    "people": PEOPLE,
    "one person": PEOPLE[:1],
    "an id and a postcode": [["H0089654", "SW1A 1AA"], ["x", "y"]],
    "an address with @": [["a@b.org", "Smith"], ["c@b.org", "Hill"]],
    "numbers": [["1", "2", "3"], ["4", "5", "6"]],
    "a year of birth": [["Anna", "Smith", "1987"], ["Omar", "Hill", "1990"], ["Eve", "Ash", ""]],
    "years of birth and junk": [["Anna", "1987"], ["Omar", "unknown"], ["Eve", "1950"]],
    "short ids": [["A001", "B002", "Anna"], ["A003", "B004", "Omar"]],
    "ids below of another length": [["A001", "W12 8QT", "Anna"], ["A10023", "N1 7AB", "Omar"]],
    "an American from Idaho": [["Anna", "Boise", "ID", "1987"], ["Omar", "Troy", "NY", "1990"]],
    "all from Idaho": [["Anna", "Boise", "ID", "2001"], ["Omar", "Nampa", "ID", "12"]],
    "a house that has a name": [["Rose Cottage", "Anna", "1987"], ["12", "Omar", "1990"], ["14", "Eve", "1950"]],
    "Hungarian postcodes": [["Anna", "Nagy", "2021"], ["Omar", "Kis", "1011"], ["Eve", "Ash", "6720"]],
    "a repeated header": [["surname", "V001", "V002"], ["surname", "V001", "V002"]],
    "a gap": [["", "A001", "1987"], ["x", "A002", "1990"]],
    "the same twice": [["1987", "Anna", "1987"], ["id", "Omar", "12"]],
    "a number that is no year": [["surname", "name", "12345"], ["Hill", "Omar", "1"]],
    "a telephone number": [["surname", "name", "020 7946 0001"], ["Hill", "Omar", "yes"]],
    "a date": [["surname", "name", "1987-02-13"], ["Hill", "Omar", "yes"]],
}  # fmt: skip


def text(rows: Sequence[Sequence[str]]) -> str:
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerows(rows)
    return made.getvalue()


@pytest.mark.parametrize(("header", "rows"), HEADERS.values(), ids=HEADERS)
def test_names_as_surveys_have_them_are_a_header(
    tmp_path: Path, header: list[str], rows: list[list[str]]
) -> None:
    """Where other names, or what stands below, say so."""
    assert data_column(header, rows) == 0
    whole = [row for row in rows if len(row) == len(header)] or [["1"] * len(header)]
    path = tmp_path / "people.csv"
    path.write_text(text([header, *whole]), encoding="utf-8")
    assert read_csv_text(path).columns.tolist() == header
    assert open_table(path).columns == header
    assert read_text(path).to_numpy().tolist() == whole


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_a_person_is_no_header(tmp_path: Path, rows: list[list[str]]) -> None:
    assert data_column(rows[0], rows[1:]) > 0
    path = tmp_path / "people.csv"
    path.write_text(text([*rows, ["x"] * len(rows[0])]), encoding="utf-8")
    with pytest.raises(
        DataError, match="the first row looks like data, not like column names"
    ) as no:
        read_csv_text(path)
    assert "--header" in (no.value.hint or "")
    with pytest.raises(DataError, match="looks like data"):
        open_table(path)


def test_the_first_doubtful_column_is_named() -> None:
    """A number before an id, wherever it stands; neither cell is shown."""
    assert data_column(["Ruby", "H0089654", "26/10/2005"], []) == 3
    assert data_column(["Ruby", "H0089654", "SW1A 1AA"], []) == 2


def test_what_only_looks_like_one_id_is_a_name() -> None:
    """Whatever stands below: address_line1 or V001 alone is no row of people."""
    assert data_column(["surname", "V001"], [["Hill", "V002"]]) == 0


@pytest.mark.parametrize(
    ("known", "taken"),
    [
        (["colour"], True),
        (["COLOUR "], True),
        (["V001"], True),
        (["2021"], False),
        (["hue"], False),
        ([], False),
    ],
)
def test_a_column_that_the_user_names_speaks_for_a_header(
    tmp_path: Path, known: list[str], taken: bool
) -> None:
    """But a year does not: it may be somebody's."""
    names, rows = ["colour", "2021", "V001"], [["red", "5", "x"]]
    assert (data_column(names, rows, known) == 0) is taken
    path = tmp_path / "people.csv"
    path.write_text(text([names, *rows]), encoding="utf-8")
    if taken:
        assert read_csv_text(path, known=known).columns.tolist() == names
        assert open_table(path, known=known).columns == names
        assert read_text(path, known=known).columns.tolist() == names
    else:
        with pytest.raises(DataError, match="looks like data"):
            read_csv_text(path, known=known)


def test_a_known_name_that_goes_on_below_is_a_value() -> None:
    assert data_column(["blue", "2021"], [["red", "5"], ["green", "6"]], ["blue"]) == 0
    assert data_column(["blue", "2021"], [["red", "5"], ["Blue", "6"]], ["blue"]) == 2


def test_a_short_known_name_needs_numbers_below() -> None:
    """It may be an abbreviation of something else."""
    assert data_column(["pno", "2021"], [["17", "5"], ["R9", "6"]], ["pno"]) == 0
    assert data_column(["pno", "2021"], [["abc", "5"], ["R9", "6"]], ["pno"]) == 2


def test_names_of_a_column_map_are_all_that_fields_may_be_found_under() -> None:
    mapping = ColumnMap(columns={"address": ("number", "street")})
    assert mapping.names(["surname", "address"]) == ["surname", "address", "number", "street"]


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_header_forces_the_first_row_to_be_names(tmp_path: Path, rows: list[list[str]]) -> None:
    """However much it looks like data; names without a letter too. Two of one name or none are still refused."""
    path = tmp_path / "people.csv"
    path.write_text(text([*rows, ["x"] * len(rows[0])]), encoding="utf-8")
    if len(set(rows[0])) < len(rows[0]) or not all(rows[0]):
        with pytest.raises(DataError, match=r"have the same name|has no name"):
            read_csv_text(path, header=True)
        return
    assert read_csv_text(path, header=True).columns.tolist() == rows[0]
    assert read_text(path, header=True).columns.tolist() == rows[0]
    assert open_table(path, header=True).columns == rows[0]


def test_no_option_is_named_where_there_is_none(tmp_path: Path) -> None:
    """For files whose columns are fixed, such as an id map."""
    path = tmp_path / "people.csv"
    path.write_text(text(PEOPLE))
    with pytest.raises(DataError, match="looks like data") as no:
        read_csv_text(path, header=None)
    assert "--header" not in (no.value.hint or "")


def test_the_look_below_is_bounded(tmp_path: Path) -> None:
    """A header's rows are read as far as a few hundred; what is cut or broken behind them is no matter for it."""
    path = tmp_path / "people.csv"
    rows = [["id", "V001", "V002"], *[["17", "3", "2"]] * LOOK_AT]
    path.write_text(text([*rows, *[["V001", "V001", "V001"]] * 9]))
    assert len(read_csv_text(path)) == LOOK_AT + 9
    path.write_text(text(rows) + 'x,"open\n')
    with pytest.raises(DataError, match=f"can't be read as CSV from line {LOOK_AT + 2} on"):
        read_csv_text(path)
    path.write_text('id,V001,V002\n1,"open\n')
    with pytest.raises(DataError, match="can't be read as CSV from line 2 on"):
        read_csv_text(path)


# Rows of people, drawn: all rows of a file are of the same kind, the first of them too.

_NAMES = st.sampled_from(
    ["Anna", "Omar", "Hill", "Street", "Key", "Name Hill", "Ng", "Code Smith", ""]
)
_YEARS = st.integers(1920, 2024).map(str)
_COLUMNS = {
    "name": _NAMES,
    "state": st.sampled_from(["ID", "NY", "WA", "PA"]),
    "place": st.sampled_from(["Troy", "Nampa", "Street", "City of London", "Age", "Wien"]),
    "house": st.sampled_from(["1", "12b", "Rose Cottage", "7", "103", "Flat 2", "B12", "2021"]),
    "year": _YEARS,
    "postcode": st.integers(1000, 9999).map(str),
    "zip": st.integers(10000, 99999).map(str),
    "uk": st.sampled_from(["SW1A 1AA", "N1 7AB", "LS29JT", "W12 8QT"]),
    "id": st.integers(1, 10**6).map(lambda n: f"H{n:05d}"),
    "short id": st.integers(1, 999).map(lambda n: f"A{n:03d}"),
    "number": st.integers(0, 10**6).map(str),
    "date": st.dates().map(str),
    "sex": st.sampled_from(["m", "f", "x"]),
    "e-mail": st.sampled_from(["a@b.org", "c@d.net", ""]),
}


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.sampled_from(sorted(_COLUMNS)), min_size=1, max_size=6, unique=True).flatmap(
        lambda kinds: st.lists(
            st.tuples(*(_COLUMNS[kind] for kind in kinds)), min_size=1, max_size=30
        )
    )
)
def test_no_row_of_people_passes_that_looks_like_data(rows: list[tuple[str, ...]]) -> None:
    """What would be refused by its first row alone is, whatever rows of its kind stand below."""
    first, *below = rows
    data = [name for name in first if re.fullmatch(r"[\d\W]*\d[\d\W]*", name) or "@" in name]
    mixed = r"[A-Za-z]{0,4}[- ]?\d{3,}|[A-Za-z]{1,2}\d[A-Za-z\d]? ?\d[A-Za-z]{2}"
    alike = [name for name in first if re.fullmatch(mixed, name)]
    assert bool(data_column(first, below)) is bool(data or len(alike) > 1)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.integers(1, 99999).map(lambda n: f"V{n:03d}"),
            st.integers(1900, 2099).map(str),
            st.sampled_from(["Q12", "S2_1", "2021_income", "sex", "weight"]),
        ),
        min_size=1,
        max_size=8,
        unique=True,
    ),
    st.lists(st.integers(0, 9).map(str), min_size=1, max_size=20),
)
def test_a_survey_of_any_variables_passes_behind_an_id(
    names: list[str], answers: list[str]
) -> None:
    """Whose answers are small numbers."""
    rows = [[str(1000 + number), *[answer] * len(names)] for number, answer in enumerate(answers)]
    assert data_column(["id", *names], rows) == 0
