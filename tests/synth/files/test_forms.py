"""A party's way of writing can be read back: by the toolkit's own readers, with the column map beside the file."""

from __future__ import annotations

import itertools
import unicodedata
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pprl
from pprl.base.errors import UsageError
from pprl.exchange.agreement.model import Agreement
from pprl.party.encoding.encode import encode
from pprl.party.keys.key import Key
from pprl.synth.files.forms import CASES, FORMS, Form, column_map_toml, write_form
from pprl.synth.people.fields import FIELDS
from pprl.synth.people.population import population
from pprl.synth.places.country import COUNTRIES
from pprl.tables import load_column_map
from pprl.tables.dates import DateFormat

DATES = [
    separator.join(order)
    for order in itertools.permutations(("YYYY", "MM", "DD"))
    for separator in ("", "-", "/", ".", " ")
]
BORN = ["1987-07-04", "2001-12-31", "1950-01-01", "1987-07-00", "1962-00-00", "", "2000-10-10"]

PEOPLE = population(1004, seed=2, country="de", towns=4)


def written(form: Form, dates: list[str]) -> list[str]:
    columns = {name: np.array([""] * len(dates), dtype=object) for name in FIELDS}
    columns["date_of_birth"] = np.array(dates, dtype=object)
    ids = pa.array([str(n) for n in range(len(dates))])
    (column,) = (c for c, parts in form.columns.items() if parts == ("date_of_birth",))
    return write_form(form, "DD/MM/YYYY", ids, columns)[column].to_pylist()


@pytest.mark.parametrize("spec", DATES)
def test_dates_of_any_format_are_read_back_with_their_unknown_parts(spec: str) -> None:
    """The parts of a date come back, 0 where unknown; no date stays no date."""
    for text, date in zip(written(Form(date_format=spec), BORN), BORN, strict=True):
        if not date:
            assert text == ""
            continue
        parts = DateFormat(spec).parse(text)
        assert parts is not None
        assert parts.text() == date


def test_a_form_without_a_date_format_has_the_countrys() -> None:
    assert written(FORMS[0], ["1987-07-04", "1962-00-00"]) == ["04/07/1987", "00/00/1962"]
    assert written(FORMS[1], ["1987-07-04", "1962-00-00", "1987-07-00"]) == [
        "1987-07-04",
        "1962",
        "1987-07",
    ]
    assert written(FORMS[2], ["1987-07-04"]) == ["19870704"]


@pytest.mark.parametrize(
    ("precision", "spec", "expected"),
    [
        ("day", "YYYY-MM-DD", ["1987-07-04", "1962", ""]),
        ("month", "YYYY-MM-DD", ["1987-07", "1962", ""]),
        ("year", "YYYY-MM-DD", ["1987", "1962", ""]),
        ("year", "DD/MM/YYYY", ["00/00/1987", "00/00/1962", ""]),
        ("month", "YYYYMMDD", ["19870700", "19620000", ""]),
    ],
)
def test_a_date_is_held_to_the_day_the_month_or_the_year(
    precision: str, spec: str, expected: list[str]
) -> None:
    form = Form(date_format=spec, date_precision=precision)
    assert written(form, ["1987-07-04", "1962-00-00", ""]) == expected


names = st.text(
    st.characters(categories=["L", "Nd"], include_characters=" _-,."), min_size=1, max_size=12
).filter(lambda t: t == t.strip() and any(c.isalpha() for c in t))


def caseless(text: str) -> str:
    """The text without its case; dots and dotless letters, which go with it in Turkish, are lost too."""
    folded = unicodedata.normalize("NFKD", text.upper().casefold())
    return "".join(char for char in folded if not unicodedata.combining(char))


@st.composite
def forms(draw: st.DrawFn) -> Form:
    fields = draw(st.permutations(FIELDS))
    fields = fields[: draw(st.integers(1, len(FIELDS)))]
    header = draw(
        st.lists(names, min_size=len(fields) + 1, max_size=len(fields) + 1, unique_by=str.casefold)
    )
    return Form(
        id=header[0],
        columns={name: (field,) for name, field in zip(header[1:], fields, strict=True)},
        date_format=draw(st.sampled_from(["", *DATES])),
        case=draw(st.sampled_from(CASES)),
        sex=draw(st.sampled_from([("F", "M"), ("2", "1"), ("w", "m"), ("female", "male")])),
    )


@given(forms(), st.integers(0, 999))
@settings(deadline=None, max_examples=30)
def test_a_form_and_its_column_map_belong_together(
    tmp_path_factory: pytest.TempPathFactory, form: Form, start: int
) -> None:
    """The map loads, names columns of the file for fields that it holds, and its date format reads the dates."""
    people = PEOPLE.text(np.arange(start, start + 5), FIELDS)
    ids = pa.array([f"i{n}" for n in range(5)])
    table = write_form(form, "DD.MM.YYYY", ids, people)
    assert table.column_names == [form.id, *form.columns]
    path = tmp_path_factory.mktemp("form") / "a.columns.toml"
    path.write_text(column_map_toml(form, "DD.MM.YYYY"), encoding="utf-8")
    found = load_column_map(path)
    turned = {
        "as-is": lambda text: True,
        "upper": lambda text: text == text.upper() or "ẞ" in text,
        "lower": lambda text: text == text.lower(),
    }[form.case]
    for column, (name,) in form.columns.items():
        answer = "given_name" if name == "middle_name" else name
        assert column in found.columns[answer]
        values = table[column].to_pylist()
        if name == "date_of_birth":
            spec = DateFormat(found.dates["date_of_birth"])
            assert [spec.parse(value).text() for value in values] == people[name].tolist()
        elif name == "sex":
            codes = dict(zip("FM", form.sex, strict=True))
            assert values == [codes[value] for value in people[name]]
        elif name == "postcode":
            assert values == people[name].tolist()
        else:
            assert all(map(turned, values))
            same = str if form.case == "as-is" else caseless
            assert [same(value) for value in values] == [same(value) for value in people[name]]
    assert set(found.dates) == ({"date_of_birth"} & set(found.columns))


def test_given_and_middle_name_are_joined_without_a_stray_space() -> None:
    columns = {name: np.array(["", "", ""], dtype=object) for name in FIELDS}
    columns["given_name"] = np.array(["Ada", "Ada", ""], dtype=object)
    columns["middle_name"] = np.array(["May", "", "May"], dtype=object)
    table = write_form(FORMS[1], "DD/MM/YYYY", pa.array(["1", "2", "3"]), columns)
    assert table["given_names"].to_pylist() == ["ADA MAY", "ADA", "MAY"]


words = st.text("ab", max_size=2)


@given(st.lists(st.tuples(words, words, words), min_size=1, max_size=8))
def test_a_joined_column_has_one_space_between_what_there_is(rows: list[tuple[str, ...]]) -> None:
    parts = ("address", "postcode", "locality")
    columns = {
        name: np.array([row[at] for row in rows], dtype=object) for at, name in enumerate(parts)
    }
    ids = pa.array([str(n) for n in range(len(rows))])
    table = write_form(Form(columns={"place": parts}), "", ids, columns)
    assert table["place"].to_pylist() == [" ".join(filter(None, row)) for row in rows]


@pytest.mark.parametrize("country", COUNTRIES)
def test_the_partys_side_reads_every_file_without_a_rest(making, country: str) -> None:
    """Files of all built-in forms, badly written: encoding takes each value, or counts it as missing because it is."""
    made = making(people=250, country=country, files=3, profile="heavy", seed=3, towns=3)
    agreement = Agreement.load(made.folder / "linkage.toml")
    key = Key.generate()
    for party in made.tables:
        frame = pprl.read_csv_text(made.folder / f"{party}.csv")
        columns = load_column_map(made.folder / f"{party}.columns.toml")
        done = encode(
            frame, agreement, key, party=party, id_column=made.form(party).id, columns=columns
        )
        assert done.row_counts.rows_read == len(frame) == made.about["files"][party]["rows"]
        assert done.row_counts.unreadable == dict.fromkeys(done.row_counts.unreadable, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"date_format": "DD/MM/YY"},
        {"date_format": "DD MON YYYY"},
        {"date_precision": "week"},
        {"case": "Title"},
        {"id": "surname"},
        {"sex": ("F", "F")},
        {"sex": ("", "M")},
        {"columns": {"all": ("surname", "date_of_birth")}},
        {"columns": {"one": ("date_of_birth",), "two": ("date_of_birth",)}},
    ],
)
def test_a_form_that_cannot_be_read_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError) as refusal:
        Form(**wrong)  # type: ignore[arg-type]
    assert refusal.value.hint


def test_a_forms_columns_are_frozen() -> None:
    mine = {"surname": ("surname",)}
    form = Form(columns=mine)
    mine["given_name"] = ("given_name",)
    assert list(form.columns) == ["surname"]
    with pytest.raises(TypeError):
        form.columns["x"] = ("surname",)  # type: ignore[index]


def test_column_map_holds_the_middle_names_behind_the_given_names(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(column_map_toml(FORMS[2], "DD/MM/YYYY"), encoding="utf-8")
    assert load_column_map(tmp_path / "m.toml").columns["given_name"] == (
        "forename",
        "middle_names",
    )
