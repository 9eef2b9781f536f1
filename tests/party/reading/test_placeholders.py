"""Customary placeholders are known by type and in any spelling, and a real name or birthday is none by itself."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers_party import KEY, make_agreement

from pprl.exchange.agreement.field_types import FIELD_TYPES
from pprl.party.encoding import encode as encode_module
from pprl.party.encoding.check import check
from pprl.party.encoding.encode import encode
from pprl.party.reading.normalise_column import normalise_texts
from pprl.party.reading.placeholders import customary
from pprl.tables import ColumnMap
from pprl.tables.texts import Texts

TYPES = {"given_name": "given-name", "surname": "surname", "born": "date", "sex": "sex", "address": "address",
         "town": "locality", "postcode": "postcode", "phone": "phone", "number": "identifier"}  # fmt: skip
AGREEMENT = make_agreement(TYPES)
COLUMNS = ColumnMap(dates={"born": "DD/MM/YYYY"})
WARNING = re.compile(r"in the column '(\w+)' ([\d,]+) rows? holds? a customary placeholder")
OVER = re.compile(r"in the column '(\w+)' .* far more than a field of the type")


def people(count: int = 1000) -> pd.DataFrame:
    """Made-up people who differ, as in a register."""
    draw = np.random.default_rng(3)
    letters = np.array(list("abcdefghiklmnoprstu"))

    def words(length: int) -> list[str]:
        return ["".join(draw.choice(letters, length)) for _ in range(count)]

    days = draw.integers(0, 25_000, count)
    return pd.DataFrame(
        {
            "id": [f"id {n}" for n in range(count)],
            "given_name": draw.choice(words(5)[:60], count),
            "surname": words(7),
            "born": (pd.Timestamp("1935-01-02") + pd.to_timedelta(days, "D")).strftime("%d/%m/%Y"),
            "sex": draw.choice(["F", "M"], count),
            "address": [f"{n} {word} road" for n, word in enumerate(words(6))],
            "town": draw.choice(["eastby", "northam"], count, p=[0.9, 0.1]),
            "postcode": draw.choice(["12001", "12002", "12003"], count),
            "phone": [f"0{n:09}" for n in draw.integers(10**8, 10**9, count)],
            "number": [f"{n:010}" for n in draw.permutation(10**6)[:count]],
        },
        dtype=object,
    )


PEOPLE = people()


def put(column: str, value: str, rows: int, at: int = 0) -> pd.DataFrame:
    frame = PEOPLE.copy()
    frame.iloc[at : at + rows, frame.columns.get_loc(column)] = value
    return frame


def warned(frame: pd.DataFrame, pattern: re.Pattern[str] = WARNING) -> list[tuple[str, ...]]:
    """Return what `check` and `encode` warn of, which is the same."""
    found = check(frame, AGREEMENT, id_column="id", columns=COLUMNS)
    made = encode(
        frame, AGREEMENT, KEY, party="a", id_column="id", columns=COLUMNS, unreadable="missing"
    )
    told = [match.groups() for text in found.warnings if (match := pattern.search(text))]
    again = [match.groups() for text in made.row_counts.warnings if (match := pattern.search(text))]
    assert told == again
    return told


def test_a_clean_register_draws_no_warning() -> None:
    assert warned(PEOPLE) == []
    assert warned(PEOPLE, OVER) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("given_name", "UNKNOWN"), ("given_name", " n/a "), ("given_name", "Baby Boy"), ("given_name", "Säugling"),
        ("surname", "not known"), ("surname", "XXXX"), ("surname", "Inconnue"), ("surname", "Okänd"),
        ("address", "No Fixed Abode"), ("address", "Ohne festen Wohnsitz"), ("address", "Null"),
        ("town", "NIEZNANE"), ("town", "desconocido"), ("town", "sconosciuta"), ("town", "onbekend"),
        ("town", "Não informado"), ("postcode", "ZZ99 3VZ"), ("postcode", "99999"), ("postcode", "00000"),
        ("phone", "+00 000 000 000"), ("phone", "99999"), ("number", "000-000-000"), ("born", "11/11/1111"),
        ("born", "31/12/9999"), ("born", "UNKNOWN"), ("born", "9999-12-31 00:00:00"), ("sex", "NULL"),
        ("phone", "unbekannt"),
    ],
)  # fmt: skip
def test_what_is_never_a_value_is_told_from_the_first_row_on(column: str, value: str) -> None:
    assert warned(put(column, value, 1)) == [(column, "1")]


@pytest.mark.parametrize(
    ("column", "value"),
    [("given_name", "Baby"), ("given_name", "Nan"), ("surname", "Null"), ("surname", "None"), ("surname", "Test"),
     ("born", "01/01/1900"), ("born", "1/1/1970"), ("number", "1111111111"), ("number", "123456789")],
)  # fmt: skip
def test_what_may_be_a_value_is_told_when_it_is_common(column: str, value: str) -> None:
    assert warned(put(column, value, 2)) == []
    assert warned(put(column, value, 3)) == [(column, "3")]


@pytest.mark.parametrize(
    ("column", "value"),
    [("surname", "Baby"), ("surname", "Unknowns"), ("address", "1 Unknown Road"), ("town", "Nil"),
     ("postcode", "NA1 1AA"), ("sex", "unknown"), ("given_name", "-"), ("postcode", "11111"),
     ("phone", "0123400000"), ("number", "11")],
)  # fmt: skip
def test_other_values_draw_no_warning(column: str, value: str) -> None:
    assert warned(put(column, value, 1)) == []


def test_a_common_default_is_told_whatever_it_is() -> None:
    """The list can't know a date such as the day on which a system began."""
    assert warned(put("born", "17/05/1952", 50), OVER) == [("born",)]
    assert warned(put("surname", "Zqmark", 300), OVER) == [("surname",)]
    assert warned(put("address", "1 Zqmark Road", 300), OVER) == [("address",)]
    assert warned(put("number", "471100", 30), OVER) == [("number",)]


def test_gaps_are_not_too_common() -> None:
    """Nor is what can't be read, which has a message of its own."""
    assert warned(put("born", " ", 600), OVER) == []
    assert warned(put("number", "-", 600), OVER) == []
    assert warned(put("born", "next week", 600), OVER) == []


def test_what_the_list_knows_is_told_once() -> None:
    assert warned(put("born", "01/01/1900", 100), OVER) == []


def test_placeholders_in_one_of_several_columns_are_told() -> None:
    """The joined values would not show them."""
    frame = PEOPLE.assign(house="7")
    frame.loc[:9, "address"] = "UNKNOWN"
    columns = ColumnMap(columns={"address": ("house", "address")}, dates=COLUMNS.dates)
    found = check(frame, AGREEMENT, columns=columns)
    assert [WARNING.search(text).groups() for text in found.warnings if WARNING.search(text)] == [  # type: ignore[union-attr]
        ("address", "10")
    ]


def test_blocks_are_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = put("born", "17/05/1952", 300)
    frame.loc[500:, "town"] = "UNKNOWN"
    whole = check(frame, AGREEMENT, columns=COLUMNS).warnings
    assert len(whole) == 2
    monkeypatch.setattr(encode_module, "_BLOCK", 90)
    assert check(frame, AGREEMENT, columns=COLUMNS).warnings == whole


@pytest.mark.parametrize(
    ("rows", "values", "expected"),
    [(2, 10, False), (3, 10, True), (5, 5000, False), (6, 5000, True)],
)
def test_common_is_three_rows_and_more_than_a_thousandth(
    rows: int, values: int, expected: bool
) -> None:
    known = customary("surname")
    entries = known.find(Texts.of(["lund", "null", "unknown"]))
    counts = known.count(entries, np.array([9, rows, 1]))
    accepted = known.accepted(counts, values)
    assert accepted[entries].tolist() == [False, expected, True]


def test_values_that_may_be_real_are_not_added_up() -> None:
    """Three people who are born on three of the days that are customary defaults."""
    frame = put("born", "01/01/1950", 1)
    frame.loc[1, "born"] = "01/01/1960"
    frame.loc[2, "born"] = "01/01/1970"
    assert warned(frame) == []
    frame.loc[3:5, "born"] = "1/1/1970"
    assert warned(frame) == [("born", "4")]


def test_the_list_is_sound() -> None:
    """Each line is a type or a group, a value, how often it is repeated, and a class; none is there twice."""
    text = files("pprl.party.reading").joinpath("placeholders_v1.tsv").read_text(encoding="utf-8")
    head, *lines = text.splitlines()
    assert head == "types\tvalue\ttimes\tclass"
    rows = [line.split("\t") for line in lines]
    assert len({(types, value) for types, value, _, _ in rows}) == len(rows)
    for types, value, times, standing in rows:
        assert set(types.split(" ")) <= {"any", "names", "others", *FIELD_TYPES}
        assert value.strip() == value != ""
        assert re.fullmatch(r"(\d+-\d+)?", times)
        assert standing in ("sure", "perhaps")


@pytest.mark.parametrize(("kind", "table"), [("given-name", "given"), ("surname", "surnames")])
def test_no_usual_name_is_on_the_list(kind: str, table: str) -> None:
    """Of the names that `pprl synth` draws from; folded, the Spanish word for a girl is the given name Nina."""
    paths = sorted(Path(str(files("pprl.synth").joinpath("data/names"))).glob(f"*/{table}.tsv"))
    lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    names = Texts.of(sorted({cell for line in lines for cell in line.split("\t")}))
    assert len(names) > 5000
    entries = customary(kind).find(normalise_texts(names, kind))
    assert [name for name, entry in zip(names, entries, strict=True) if entry] in ([], ["Neant"])


@pytest.mark.parametrize("kind", sorted(set(FIELD_TYPES) - {"date", "sex"}))
def test_every_type_knows_the_word_unknown(kind: str) -> None:
    value = Texts.of(["Unknown"])
    known = customary(kind)
    if kind == "phone":
        assert known.find_written(value) == [1]
    else:
        assert known.find(normalise_texts(value, kind)) == [1]
