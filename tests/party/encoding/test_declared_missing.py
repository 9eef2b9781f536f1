"""What a party declares missing is encoded as if its cell were empty, before columns are joined and dates are read."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers_party import KEY, make_agreement
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.base.errors import DataError
from pprl.exchange.encoded.file import read_encoded
from pprl.party.encoding import encode as encode_module
from pprl.party.encoding.check import TableCheck, check, check_file
from pprl.party.encoding.encode import EncodedPaths, Encoding, RowCounts, encode, encode_file
from pprl.party.keys.id_map import read_id_map
from pprl.party.keys.key import Key
from pprl.party.reading.people import ReadingOptions
from pprl.tables import ColumnMap

TYPES = {
    "given_name": "given-name",
    "surname": "surname",
    "born": "date",
    "sex": "sex",
    "address": "address",
}
AGREEMENT = make_agreement(TYPES, blocking=[{"keys": ["soundex(surname)", "year(born)"]}])
PEOPLE = pd.DataFrame(
    [
        ("1", "Anna", "O'Brien", "12/07/1987", "F", "12", "Mill Lane"),
        ("2", "BABY", "Null", "01/01/1900", "M", "?", "UNKNOWN"),
        ("3", "Baby ", "xXx", "UNKNOWN", "-9", "7", " unknown "),
        ("4", "Zoë", "Unknown", "1/1/1900", "unknown", "", "Low Road"),
        ("5", "unknown", "Lund", "31/12/1961", "M", "N/A", "High Road"),
    ],
    columns=["id", "given_name", "surname", "born", "sex", "number", "street"],
)
BLANK = pd.DataFrame(
    [
        ("1", "Anna", "O'Brien", "12/07/1987", "F", "12", "Mill Lane"),
        ("2", "", "Null", "", "M", "?", ""),
        ("3", "", "", "", "", "7", ""),
        ("4", "Zoë", "", "1/1/1900", "", "", "Low Road"),
        ("5", "", "Lund", "31/12/1961", "M", "", "High Road"),
    ],
    columns=PEOPLE.columns,
)
ADDRESS = {"address": ("number", "street")}
DATES = {"born": "DD/MM/YYYY"}
MAP = ColumnMap(
    columns=ADDRESS,
    dates=DATES,
    missing={"all": ["Unknown"], "given_name": ["BABY"], "born": ["01/01/1900"], "sex": ["-9"]},
    missing_patterns={"surname": ["x+"], "address": ["n.a"]},
)
COUNTS = {"given_name": 3, "surname": 2, "born": 2, "sex": 2, "address": 3}


@pytest.fixture(autouse=True)
def one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The throwaway key of `check` is always the same, so that the fill is."""
    monkeypatch.setattr(Key, "generate", classmethod(lambda cls: KEY))


def bits(made: Encoding) -> dict[str, tuple[bytes, list[int]]]:
    rows = zip(made.id_map["id"], made.encoded.filters, made.encoded.keys, strict=True)
    return {name: (f.tobytes(), k.tolist()) for name, f, k in rows}


def encoded(frame: Any, columns: ColumnMap, **options: Any) -> tuple[dict[str, Any], RowCounts]:
    made = encode(frame, AGREEMENT, KEY, party="a", id_column="id", columns=columns, **options)
    return bits(made), made.row_counts


def checked(frame: Any, columns: ColumnMap) -> TableCheck:
    return check(frame, AGREEMENT, id_column="id", columns=columns)


def test_declared_values_are_encoded_as_empty_cells() -> None:
    blank, blank_counts = encoded(BLANK, ColumnMap(columns=ADDRESS, dates=DATES))
    declared, counts = encoded(PEOPLE, MAP)
    assert declared == blank
    assert counts.missing == blank_counts.missing
    assert blank_counts.declared_missing == dict.fromkeys(TYPES, 0)
    assert counts.declared_missing == COUNTS


def test_without_a_declaration_they_are_values() -> None:
    blank, _ = encoded(BLANK, ColumnMap(columns=ADDRESS, dates=DATES))
    plain, counts = encoded(PEOPLE, ColumnMap(columns=ADDRESS, dates=DATES), unreadable="missing")
    assert [name for name in blank if plain[name] == blank[name]] == ["1"]
    assert counts.declared_missing == dict.fromkeys(TYPES, 0)


def test_check_counts_them() -> None:
    found, blank = checked(PEOPLE, MAP), checked(BLANK, ColumnMap(columns=ADDRESS, dates=DATES))
    assert {f.name: f.declared_missing for f in found.fields} == COUNTS
    assert [f.declared_missing for f in blank.fields] == [0] * 5
    for one, other in zip(found.fields, blank.fields, strict=True):
        assert asdict(one) | {"declared_missing": 0} == asdict(other)


def test_a_pyarrow_table_is_read_alike() -> None:
    table = pa.Table.from_pandas(PEOPLE)
    assert encoded(table, MAP) == encoded(PEOPLE, MAP)
    assert checked(table, MAP) == checked(PEOPLE, MAP)


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.integers(0, len(PEOPLE) - 1), min_size=1, max_size=20),
    st.integers(1, 8),
    st.sampled_from([".csv", ".parquet"]),
)
def test_any_rows_in_blocks_of_any_size_give_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: list[int], block: int, suffix: str
) -> None:
    """As the same rows with the cells blank do, in memory."""
    ids = [f"id {number}" for number in range(len(rows) + 1)]
    frame = PEOPLE.iloc[[0, *rows]].assign(id=ids)
    blank, _ = encoded(
        BLANK.iloc[[0, *rows]].assign(id=ids), ColumnMap(columns=ADDRESS, dates=DATES)
    )
    whole = checked(frame, MAP)
    folder = tmp_path_factory.mktemp("declared")
    path = folder / f"people{suffix}"
    if suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, row_group_size=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encode_module, "_BLOCK", block)
        assert check_file(path, AGREEMENT, id_column="id", columns=MAP) == whole
        counts = encode_file(
            path,
            AGREEMENT,
            KEY,
            party="a",
            id_column="id",
            outputs=EncodedPaths(encoded=folder / "a.parquet", id_map=folder / "a.csv"),
            reading=ReadingOptions(columns=MAP),
        )
    made = read_encoded(folder / "a.parquet")
    names = read_id_map(folder / "a.csv").set_index("pseudonym")["id"]
    found = {
        names[f"{pseudonym.tobytes().hex()}"]: (f.tobytes(), k.tolist())
        for pseudonym, f, k in zip(made.pseudonyms, made.filters, made.keys, strict=True)
    }
    assert found == blank
    assert counts.declared_missing == {f.name: f.declared_missing for f in whole.fields}


def test_placeholders_do_not_decide_the_format_of_dates() -> None:
    """Neither a word, which no format reads, nor a default date in another format than the file's."""
    days = ["02/03/1990", "13/04/1991"]
    frame = PEOPLE.iloc[[0] * 8].assign(id=list("abcdefgh"))
    frame["born"] = [*days, *(f"1900-01-0{day}" for day in range(1, 6)), "not known"]
    columns = ColumnMap(
        columns=ADDRESS, missing={"born": ["Not known"]}, missing_patterns={"born": ["1900-.*"]}
    )
    _, counts = encoded(frame, columns)
    assert counts.date_formats == {"born": "DD/MM/YYYY"}
    assert counts.declared_missing["born"] == 6
    assert checked(frame, columns).fields[2].date_format == "DD/MM/YYYY"
    undeclared = checked(frame, ColumnMap(columns=ADDRESS))
    assert undeclared.fields[2].date_format == "YYYY-MM-DD"


def test_a_date_in_several_columns_loses_its_parts_or_the_whole() -> None:
    frame = PEOPLE.drop(columns="born").assign(
        day=["12", "1", "99", "31", "1"],
        month=["7", "1", "12", "12", "1"],
        year=["1987", "1900", "1961", "9999", "1901"],
    )
    blank = frame.assign(
        day=["12", "", "", "31", "1"],
        month=["7", "", "12", "12", "1"],
        year=["1987", "", "1961", "", "1901"],
    )
    parts = ColumnMap(columns=ADDRESS | {"born": ("day", "month", "year")}, dates=DATES)
    declares = ColumnMap(missing={"born": ["99", "9999", "1/1/1900"]})
    declared, counts = encoded(frame, parts.merged(declares))
    assert declared == encoded(blank, parts)[0]
    assert counts.declared_missing["born"] == 3


def test_a_value_in_two_columns_is_found_when_they_are_joined() -> None:
    frame = PEOPLE.assign(number="BABY", street="BOY")
    columns = ColumnMap(columns=ADDRESS, dates=DATES, missing={"address": ["Baby boy"]})
    _, counts = encoded(frame, columns, unreadable="missing")
    assert counts.missing["address"] == counts.declared_missing["address"] == 5


def test_a_column_without_a_value_left_is_told() -> None:
    frame = PEOPLE.assign(street="Unknown")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encode_module, "_BLOCK", 2)
        warnings = checked(frame, MAP).warnings
        _, counts = encoded(frame, MAP)
    expected = "[missing] in the column map leaves no value in the column 'street': all of its 5 values are declared"
    assert [text for text in warnings if text.startswith(expected)]
    assert [text for text in counts.warnings if text.startswith(expected)]
    rest = [text for text in checked(PEOPLE, MAP).warnings if "leaves no value" in text]
    assert rest == []


@pytest.mark.parametrize(
    "streets", [["Lane"] * 2 + ["Unknown"] * 3, ["Unknown"] * 3 + ["Lane"] * 2]
)
def test_a_column_with_a_value_in_any_block_is_not_called_empty(
    streets: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encode_module, "_BLOCK", 2)
    frame = PEOPLE.assign(street=streets)
    assert not [text for text in checked(frame, MAP).warnings if "leaves no value" in text]


def test_a_table_of_placeholders_alone_is_refused_with_the_reason() -> None:
    frame = PEOPLE.assign(**dict.fromkeys(PEOPLE.columns[1:], "unknown"))
    with pytest.raises(DataError, match="no row has a value") as caught:
        encoded(frame, MAP)
    assert "Look at [missing] in the column map" in str(caught.value.hint)
    found = checked(frame, MAP)
    assert any("no row has a value" in text for text in found.findings())
    assert any("Look at [missing] in the column map" in text for text in found.hints())
    empty = PEOPLE.assign(**dict.fromkeys(PEOPLE.columns[1:], ""))
    with pytest.raises(DataError) as caught:
        encoded(empty, MAP)
    assert "[missing]" not in str(caught.value.hint)


def test_a_word_among_dates_is_unreadable_with_a_hint_to_declare_it() -> None:
    with pytest.raises(DataError, match="can't be read as date") as caught:
        encoded(PEOPLE, ColumnMap(columns=ADDRESS, dates=DATES))
    assert "[missing] in the column map" in str(caught.value.hint)
    assert "UNKNOWN" not in caught.value.problem + str(caught.value.hint)


def test_cells_are_looked_at_once_a_distinct_value(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    from pprl.tables.missing import MissingRule

    find = MissingRule.find

    def counted(self: MissingRule, cells: Any) -> Any:
        looked.append(len(cells))
        return find(self, cells)

    monkeypatch.setattr(MissingRule, "find", counted)
    frame = pd.concat([PEOPLE] * 50, ignore_index=True).assign(
        id=lambda rows: np.arange(len(rows)).astype(str)
    )
    encoded(frame, MAP)
    assert max(looked) <= len(PEOPLE)
