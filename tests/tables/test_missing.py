"""What a party declares missing is found in whole cells, whatever their case, and what can't be declared is refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from pprl.base.errors import DataError, UsageError
from pprl.tables import ColumnMap, load_column_map, parse_column_options
from pprl.tables.missing import MissingRule, blanked

CELLS = ["", "UNKNOWN", " unknown\u00a0", "Unknown Road", "X", "xXx", "xy", "ÉA", "n/a", "99999-1"]


def found(rule: MissingRule | None, cells: list[str]) -> list[str]:
    assert rule is not None
    mask = rule.find(pa.array(cells, pa.large_string()))
    return [cell for cell, hit in zip(cells, mask, strict=True) if hit]


def test_values_are_whole_cells_in_any_case() -> None:
    assert found(MissingRule(["Unknown ", "éa"], []), CELLS) == ["UNKNOWN", " unknown\u00a0", "ÉA"]


def test_patterns_match_the_whole_cell_in_any_case() -> None:
    assert found(MissingRule([], ["x+", "99999.*"]), CELLS) == ["X", "xXx", "99999-1"]
    assert found(MissingRule([], ["unknown"]), CELLS) == ["UNKNOWN", " unknown\u00a0"]


def test_values_and_patterns_are_found_together() -> None:
    assert found(MissingRule(["n/a"], ["x"]), CELLS) == ["X", "n/a"]


def test_a_field_has_its_own_and_those_of_all() -> None:
    columns = ColumnMap(
        missing={"all": ["n/a"], "a": ["xy"]}, missing_patterns={"all": ["9+.*"], "b": ["x"]}
    )
    assert found(columns.missing_rule("a"), CELLS) == ["xy", "n/a", "99999-1"]
    assert found(columns.missing_rule("b"), CELLS) == ["X", "n/a", "99999-1"]
    assert ColumnMap(missing={"a": ["xy"]}).missing_rule("b") is None


def test_a_column_of_pandas_is_blanked() -> None:
    texts = pd.Series(["x", "Unknown", "y"])
    assert blanked(texts, MissingRule(["UNKNOWN"], [])).tolist() == ["x", "", "y"]
    assert blanked(texts, None) is texts


def test_what_is_declared_is_read(tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text(
        '[missing]\nall = ["UNKNOWN", "N/A"]\nborn = "1900-01-01"\n'
        '[missing.patterns]\nall = "x+"\npostcode = ["99999.*"]\n'
    )
    read = load_column_map(path)
    assert read.missing == {"all": ["UNKNOWN", "N/A"], "born": ["1900-01-01"]}
    assert read.missing_patterns == {"all": ["x+"], "postcode": ["99999.*"]}


def test_options_add_to_the_file() -> None:
    file = ColumnMap(missing={"all": ["a"], "born": ["b"]}, missing_patterns={"all": ["c"]})
    options = parse_column_options([], [], ["born=x=y", "born=z", "town=t"])
    both = file.merged(options)
    assert both.missing == {"all": ("a",), "born": ("b", "x=y", "z"), "town": ("t",)}
    assert both.missing_patterns == {"all": ("c",)}


@pytest.mark.parametrize("option", ["zqmark", "=zqmark", "zqmark="])
def test_an_unsound_option_is_refused_unseen(option: str) -> None:
    with pytest.raises(UsageError, match="--missing is not of the form FIELD=VALUE") as caught:
        parse_column_options([], [], [option])
    assert "zqmark" not in caught.value.problem + str(caught.value.hint)


@pytest.mark.parametrize(
    "columns",
    [ColumnMap(missing={"surnam": ["x"]}), ColumnMap(missing_patterns={"surnam": ["x"]})],
)
def test_an_unknown_field_is_refused_with_the_nearest_name(columns: ColumnMap) -> None:
    with pytest.raises(DataError, match="'surnam', which the agreement does not have") as caught:
        columns.resolve(["surname"], ["surname"], file="a.csv")
    assert "Did you mean 'surname'?" in str(caught.value.hint)


def test_all_is_no_unknown_field() -> None:
    ColumnMap(missing={"all": ["x"]}, missing_patterns={"all": ["x"]}).check_fields(["surname"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('missing = "x"', "'missing' must be a table"),
        ("[missing]\nall = 1", "missing.all must be a list of texts"),
        ('[missing]\nall = ["x", 1]', "missing.all must be a list of texts"),
        ("[missing]\nborn = 1900-01-01", "missing.born must be a list of texts"),
        ('[missing.all]\nx = "y"', "missing.all must be a list of texts"),
        ('[missing]\nall = ["x", " "]', "missing.all, entry 2, is empty"),
        (f'[missing]\nall = ["{"x" * 201}"]', "missing.all, entry 1, is longer than 200 characters"),
        ("[missing.patterns]\nall = 1", "missing.patterns.all must be a list of texts"),
        ('[missing.patterns]\nall = ["zqmark", "zqmark("]', "patterns.all, entry 2, is not a regular expression"),
        ('[missing.patterns]\nall = ["z{99999999999}"]', "entry 1, is not a regular expression"),
        ('[missing.patterns]\nall = ["(zqmark)*"]', "missing.patterns.all, entry 1, matches the empty text"),
        (f'[missing.patterns]\nall = ["{"x" * 201}"]', "entry 1, is longer than 200 characters"),
        (f"[missing]\nall = {['x'] * 1001}", "more than 1,000 values are declared missing"),
        (f"[missing.patterns]\na = {['x'] * 51}\nb = {['x'] * 50}", "more than 100 patterns are declared missing"),
    ],
)  # fmt: skip
def test_what_can_not_be_declared_is_refused_by_its_place(
    tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "map.toml"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        load_column_map(path)
    assert says in caught.value.problem
    assert str(path) in caught.value.problem
    assert "zqmark" not in caught.value.problem + str(caught.value.hint)


def test_as_much_as_may_be_declared_is_taken() -> None:
    ColumnMap(missing={"all": ["x" * 200] * 1000}, missing_patterns={"all": ["x" * 200] * 100})


def test_a_pattern_that_python_warns_of_is_taken_silently() -> None:
    assert found(ColumnMap(missing_patterns={"a": ["[[x]+"]}).missing_rule("a"), CELLS) == [
        "X",
        "xXx",
    ]


def test_a_single_text_from_python_is_no_list_of_letters() -> None:
    with pytest.raises(UsageError, match=r"missing\.all must be a list of texts"):
        ColumnMap(missing={"all": "UNKNOWN"})
