"""Columns are found by name, nearly by name, or refused with the name that was probably meant."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.base.errors import DataError, UsageError
from pprl.tables import ColumnMap, join_columns, load_column_map, parse_column_options
from pprl.tables.columns import join_arrays

FIELDS = ["given_name", "surname", "date_of_birth"]


def test_mapped_and_unmapped_fields_resolve() -> None:
    columns = ColumnMap(columns={"surname": ("prefix", "last_name")})
    header = ["id", "prefix", "last_name", "given_name", "date_of_birth"]
    assert columns.resolve(FIELDS, header, file="a.csv") == {
        "given_name": ["given_name"],
        "surname": ["prefix", "last_name"],
        "date_of_birth": ["date_of_birth"],
    }


@pytest.mark.parametrize("column", ["Date of Birth", "DATE-OF-BIRTH", "dateofbirth"])
def test_case_spaces_and_hyphens_do_not_matter(column: str) -> None:
    assert ColumnMap().resolve(["date_of_birth"], ["id", column], file="a.csv") == {
        "date_of_birth": [column]
    }


def test_exact_name_wins_over_a_similar_one() -> None:
    header = ["Surname", "surname", "SURNAME"]
    assert ColumnMap().resolve(["surname"], header, file="a.csv") == {"surname": ["surname"]}


def test_two_equally_similar_columns_are_not_guessed_between() -> None:
    with pytest.raises(DataError, match="no column 'sur_name'"):
        ColumnMap().resolve(["sur_name"], ["Surname", "SURNAME"], file="a.csv")


def test_missing_column_teaches_the_option() -> None:
    with pytest.raises(DataError) as caught:
        ColumnMap().resolve(["surname"], ["id", "sur_nam", "town"], file="a.csv")
    assert caught.value.problem == "a.csv: no column 'surname' for the field 'surname'"
    assert caught.value.hint is not None
    assert "Did you mean 'sur_nam'? Say --column surname=sur_nam." in caught.value.hint
    assert "town" not in caught.value.hint


def test_missing_column_without_a_similar_one() -> None:
    header = [f"x{number}" for number in range(40)]
    with pytest.raises(DataError) as caught:
        ColumnMap().resolve(["surname"], header, file="a.csv")
    assert caught.value.hint is not None
    assert "--column surname=COLUMN" in caught.value.hint
    assert "x1" not in caught.value.hint


def test_a_column_that_answers_another_field_is_not_suggested() -> None:
    """Not by its own name, not by the map; the next best is."""
    columns = ColumnMap(columns={"town": ("surnam",)})
    header = ["sur", "surnam", "surnames_"]
    with pytest.raises(DataError) as caught:
        columns.resolve(["surname", "town", "surnames"], header, file="a.csv")
    assert "Did you mean 'sur'?" in str(caught.value.hint)
    with pytest.raises(DataError) as caught:
        ColumnMap().resolve(["given_name", "surname"], ["surname"], file="a.csv")
    assert "Did you mean" not in str(caught.value.hint)


def test_unknown_field_is_refused_with_the_nearest_name() -> None:
    for wrong in (ColumnMap(columns={"surnam": ("x",)}), ColumnMap(dates={"surnam": "YYYY"})):
        with pytest.raises(
            DataError, match="'surnam', which the agreement does not have"
        ) as caught:
            wrong.resolve(FIELDS, FIELDS, file="a.csv")
        assert caught.value.hint is not None
        assert "Did you mean 'surname'?" in caught.value.hint


def test_merged_prefers_the_other_and_keeps_the_rest() -> None:
    one = ColumnMap(columns={"a": ("x",), "b": ("y",)}, dates={"d": "YYYY"})
    other = ColumnMap(columns={"b": ("z",)}, dates={"e": "DD.MM.YYYY"})
    merged = one.merged(other)
    assert merged.columns == {"a": ("x",), "b": ("z",)}
    assert merged.dates == {"d": "YYYY", "e": "DD.MM.YYYY"}
    assert one.columns["b"] == ("y",)


def test_map_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_bytes(
        b'\xef\xbb\xbf[columns]\nsurname = "last"\naddress = ["no", "street"]\n'
        b'[dates]\ndate_of_birth = "DD/MM/YYYY"\n'
    )
    found = load_column_map(path)
    assert found.columns == {"surname": ("last",), "address": ("no", "street")}
    assert found.dates == {"date_of_birth": "DD/MM/YYYY"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("surname,id\nx,1\n", "is not TOML"),
        ('[columns]\na = "x"\na = "y"\n', "is not TOML"),
        ("x = " + "[" * 5000, "is not TOML"),
        ("x = " + "1" * 5000, "is not TOML"),
        ('[column]\nsurname = "x"\n', "unknown entry 'column'"),
        ('columns = "x"\n', "'columns' must be a table"),
        ("[columns]\nsurname = 3\n", "columns.surname must be"),
        ("[columns]\nsurname = []\n", "columns.surname must be"),
        ('[columns]\nsurname = ["a", 1]\n', "columns.surname must be"),
        ("[columns.surname]\nx = 1\n", "columns.surname must be"),
        ("[dates]\ndob = 2020-01-01\n", "dates.dob must be"),
    ],
)
def test_unsound_map_files_are_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "map.toml"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        load_column_map(path)
    assert says in caught.value.problem
    assert str(path) in caught.value.problem


def test_map_that_is_no_text_file(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b'[columns]\nsurname = "pr\xe9nom"\n')
    for name, says in [("latin", "not TOML"), ("absent", "no such file"), (".", "can't be read")]:
        with pytest.raises(DataError, match=says):
            load_column_map(tmp_path / name)


def test_options_are_parsed() -> None:
    found = parse_column_options(
        ["surname=last name", " address = no + street "], ["dob=DD/MM/YYYY"]
    )
    assert found.columns == {"surname": ("last name",), "address": ("no", "street")}
    assert found.dates == {"dob": "DD/MM/YYYY"}
    assert parse_column_options([], []) == ColumnMap()


def test_option_value_may_hold_an_equals_sign() -> None:
    assert parse_column_options(["a=x=y"], []).columns == {"a": ("x=y",)}


@pytest.mark.parametrize("option", ["surname", "=x", "surname=", " = ", "a=x+", "a=+", "a=x++y"])
def test_unsound_options_are_refused(option: str) -> None:
    with pytest.raises(UsageError, match="--column"):
        parse_column_options([option], [])


def test_field_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="--column is given twice for the field 'a'"):
        parse_column_options(["a=x", "a=y"], [])
    with pytest.raises(UsageError, match="--date-format is given twice"):
        parse_column_options([], ["a=x", "a=y"])
    with pytest.raises(UsageError, match="--date-format 'a'"):
        parse_column_options([], ["a"])


PARTS = st.sampled_from(["", " ", "12", "07", "1987", "Mill Lane", "é", "?"])


@settings(deadline=None)
@given(
    st.integers(1, 3).flatmap(lambda n: st.lists(st.tuples(*[PARTS] * n), min_size=1, max_size=5)),
    st.booleans(),
)
def test_columns_are_joined_alike_in_arrow_and_in_pandas(
    rows: list[tuple[str, ...]], date: bool
) -> None:
    """An empty part of a date leaves its place to a question mark; other values are joined as they are."""
    columns = list(zip(*rows, strict=True))
    joined = join_arrays([pa.array(column, pa.large_string()) for column in columns], date=date)
    expected = join_columns([pd.Series(column, dtype=object) for column in columns], date=date)
    assert joined.to_pylist() == expected.tolist()
