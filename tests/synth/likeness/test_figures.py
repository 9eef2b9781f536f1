"""Aggregate figures of a file: right, free of values, and no small count."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synth_figures_world import frame_of

from pprl.base.errors import DataError, OutputError, UsageError
from pprl.synth.likeness.figures import Figures, measure, read_figures, write_figures
from pprl.synth.likeness.figures_file import cells_of
from pprl.tables import ColumnMap


def names(*counted):
    """Give a frame of surnames with their counts."""
    return pd.DataFrame(
        {"surname": [name for name, count in counted for _ in range(count)]}, dtype=object
    )


def test_counts_of_a_field():
    frame = names(
        ("Reed", 40), ("REED", 10), ("O'Hara", 30), ("", 20), ("Bell-Moss", 10), ("Åby", 12)
    )
    found = measure(frame, k=1).fields["surname"]
    assert (found.missing, found.distinct, found.once) == (20, 4, 0)
    assert found.lengths == (0, 0, 12, 50, 0, 30, 0, 0, 10)
    assert found.curve == ((1, 50), (2, 80))
    assert found.classes == {"accent": 12, "hyphen": 10, "apostrophe": 30, "digit": 0, "space": 0}


def test_all_counts_are_rounded_down_and_small_ones_look_like_none():
    figures = measure(names(("Reed", 44), ("O'Hara", 39), ("", 3), ("Li", 7), ("Featherstone", 1)))
    found = figures.fields["surname"]
    assert (figures.rows, found.missing, found.distinct, found.once) == (90, 0, None, None)
    assert found.lengths == (
        0,
        0,
        0,
        40,
        0,
        30,
    )  # neither how short the shortest nor how long the longest name is
    assert found.classes["apostrophe"] == 30
    assert found.curve == ((1, 40), (2, 80))[:1]


def test_a_curve_stops_before_it_tells_how_many_rows_have_a_value():
    unique = measure(names(*((f"N{i}x", 1) for i in range(95)), ("Reed", 52), ("", 3)))
    assert unique.fields["surname"].curve == ((1, 50), (10, 60), (20, 70), (50, 100))
    assert measure(names(("Reed", 50), ("Moss", 9))).fields["surname"].curve == ()


def test_births_by_five_years():
    days = ["1970-01-01"] * 10 + ["1974-05-06"] * 20 + ["1985-00-00"] * 15 + ["0000-00-00"] * 12
    oldest = ["1921-02-03"] * 4 + ["2019-02-03"] * 2
    births = measure(pd.DataFrame({"date_of_birth": days + oldest + [""] * 11}, dtype=object))
    assert births.rows == 70
    assert births.fields["date_of_birth"].missing == 20
    assert births.births is not None
    assert births.births.start == 1970
    assert births.births.years == (30, 0, 0, 10)
    assert (births.births.january_first, births.births.no_day) == (10, 10)


def test_dates_and_joined_columns_are_read_as_the_column_map_says():
    frame = pd.DataFrame(
        {"no": ["1"] * 20, "st": ["Mill Rd"] * 20, "dob": ["02/01/1970"] * 20}, dtype=object
    )
    columns = {"address": ("no", "st"), "date_of_birth": ("dob",)}
    with pytest.raises(DataError, match="read in two ways"):
        measure(frame, columns=columns)
    for spec, january in (("MM/DD/YYYY", 0), ("DD/MM/YYYY", 0)):
        dates = {"date_of_birth": spec}
        found = measure(frame, columns=ColumnMap(columns=columns, dates=dates))
        assert found.births is not None
        assert found.births.january_first == january
        assert found.fields["address"].lengths[8] == 20
    split = pd.DataFrame({"d": ["01"] * 20, "m": ["01"] * 20, "y": ["1970"] * 20}, dtype=object)
    parts = ColumnMap(
        columns={"date_of_birth": ("d", "m", "y")}, dates={"date_of_birth": "DD/MM/YYYY"}
    )
    births = measure(split, columns=parts).births
    assert births is not None
    assert births.january_first == 20


def test_codes_of_sex_are_compared_by_their_meaning():
    frame = pd.DataFrame(
        {"person": [f"p{i % 20}" for i in range(40)], "sex": ["female"] * 20 + ["W"] * 20},
        dtype=object,
    )
    found = measure(frame, person="person").differences
    assert found is not None
    assert found.fields["sex"] == {"same": 20}


def test_missing_together_is_held_against_chance():
    rows = [("", "")] * 23 + [("", "b")] * 30 + [("a", "")] * 10 + [("a", "b")] * 140
    (pair,) = measure(pd.DataFrame(rows, columns=["locality", "postcode"], dtype=object)).together
    assert (pair.fields, pair.rows, pair.independent) == (("locality", "postcode"), 20, 7.5)


def test_of_three_fields_that_are_missing_together_no_circle_is_told():
    gone = pd.DataFrame(
        {name: [""] * 40 + ["x"] * 60 for name in ("address", "locality", "postcode")}
    )
    assert [pair.fields for pair in measure(gone).together] == [
        ("address", "locality"),
        ("locality", "postcode"),
    ]
    assert len(measure(gone, k=1).together) == 3


def test_differences_are_of_the_first_record_against_the_others():
    frame = pd.DataFrame(
        {
            "person": [f"p{i}" for i in range(30)] * 2,
            "surname": ["Reed"] * 30 + ["Reed"] * 15 + ["Read"] * 15,
        },
        dtype=object,
    )
    found = measure(frame, person="person").differences
    assert found is not None
    assert (found.pairs, found.number) == (30, (10, 10))
    assert found.fields["surname"] == {"same": 10, "one_edit": 10}
    assert measure(frame.head(35), person="person").differences is None
    assert measure(frame).differences is None


def test_the_number_of_fields_that_differ_is_told_if_nothing_is_small():
    frame = pd.DataFrame(
        {
            "person": [f"p{i}" for i in range(40)] * 2,
            "given_name": ["Ana"] * 40 + ["Reed"] * 12 + ["Ana"] * 28,
            "surname": ["Reed"] * 40 + ["Ana"] * 12 + ["Moss"] * 15 + ["Reed"] * 13,
        },
        dtype=object,
    )
    found = measure(frame, person="person").differences
    assert found is not None
    assert found.number == (10, 10, 10)
    assert found.fields["given_name"]["swapped"] == found.fields["surname"]["swapped"] == 10
    rare = measure(frame.replace("Moss", "Reed").head(79), person="person", k=13).differences
    assert rare is not None
    assert rare.number == ()
    assert "swapped" not in {**rare.fields["given_name"], **rare.fields["surname"]}


def test_what_can_not_be_measured_is_refused():
    frame = names(("Reed", 10))
    with pytest.raises(DataError, match="no column 'person'"):
        measure(frame, person="person")
    with pytest.raises(DataError, match="no column 'last'") as caught:
        measure(frame, columns={"surname": "last"}, source="people.csv")
    assert "people.csv" in str(caught.value)
    assert caught.value.hint
    with pytest.raises(UsageError, match="'surnme' is not a field") as caught:
        measure(frame, columns={"surnme": "surname"})
    assert "Did you mean 'surname'?" in caught.value.hint
    with pytest.raises(DataError, match="no field"):
        measure(pd.DataFrame({"x": ["1"] * 10}))
    with pytest.raises(UsageError, match="smallest cell"):
        measure(frame, k=0)
    with pytest.raises(DataError, match="fewer than 10 records"):
        measure(names(("Reed", 9)))


@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NA, pd.NaT, 7])
@pytest.mark.parametrize("column", ["surname", "date_of_birth", "who"])
def test_what_is_no_text_is_refused_and_not_taken_for_a_value(column, nothing):
    frame = pd.DataFrame(
        {"surname": ["Reed"] * 20, "date_of_birth": ["1980-05-06"] * 20, "who": ["p"] * 20},
        dtype=object,
    )
    frame.loc[3, column] = nothing
    with pytest.raises(DataError, match=f"column '{column}' holds something other than text") as no:
        measure(frame, person="who")
    assert "read_csv_text" in no.value.hint


def test_columns_are_found_as_for_encoding():
    frame = pd.DataFrame(
        {"Given Name": ["Ana"] * 20, "last": ["Reed"] * 20, "SEX": ["F"] * 20, "x": ["1"] * 20}
    )
    assert list(measure(frame).fields) == ["given_name", "sex"]
    assert list(measure(frame, columns={"surname": "Last"}).fields) == ["surname"]
    mapped = ColumnMap(columns={"surname": ("last",)})
    assert list(measure(frame, columns=mapped).fields) == ["given_name", "surname", "sex"]


def test_a_file_without_rows_has_figures():
    empty = pd.DataFrame({"surname": [], "date_of_birth": [], "person": []}, dtype=object)
    figures = measure(empty, person="person")
    assert figures.rows == 0
    assert figures.fields["surname"].missing == 0


def test_figures_are_written_and_read_back(tmp_path):
    figures = measure(frame_of(300), person="person")
    path = tmp_path / "figures.json"
    write_figures(figures, path)
    assert read_figures(path) == figures
    assert Figures.from_dict(figures.to_dict()) == figures
    with pytest.raises(OutputError):
        write_figures(figures, path)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "pprl-figures/2"},
        {"rows": -1},
        {"rows": "300"},
        {"k": 0},
        {"surprise": 1},
        {"rows": 7},
        {"fields": {"surname": {"missing": 3, "distinct": None, "once": None, "classes": {}}}},
        {"fields": {"surname": {"missing": 0, "distinct": 7, "once": None, "classes": {}}}},
        {"fields": {"surname": {"missing": 0, "distinct": None, "once": None, "classes": {"x": 0}}}},
        {"fields": {"surname": {"missing": 0, "distinct": None, "once": None, "classes": {},
                                "curve": [[2, 20], [1, 30]]}}},
        {"differences": {"pairs": 10, "fields": {"surname": {"magic": 10}}, "number": []}},
        {"differences": {"pairs": 13, "fields": {}, "number": []}},
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_its_file(tmp_path, change):
    path = tmp_path / "figures.json"
    path.write_text(json.dumps(measure(frame_of(300)).to_dict() | change))
    with pytest.raises(DataError, match=r"figures\.json"):
        read_figures(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b"null"])
def test_no_json_is_refused(tmp_path, content):
    path = tmp_path / "figures.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"figures\.json"):
        read_figures(path)
    with pytest.raises(DataError, match="no such file"):
        read_figures(tmp_path / "none.json")


WORDS = st.sampled_from(
    ["", "Zzyzx", "QUUX", "quux", "d'Xylo", "Äq-Zuq", "0000-00-00", "1970-01-01", "1990-05-00"]
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(WORDS, WORDS, WORDS, st.sampled_from("abcd")), min_size=12, max_size=80),
    st.integers(1, 12),
)
def test_no_figure_tells_a_value_or_a_small_count(rows, k):
    columns = ["given_name", "surname", "date_of_birth", "person"]
    frame = pd.DataFrame(rows, columns=columns, dtype=object)
    figures = measure(frame, person="person", k=k)
    assert not [cell for cell in cells_of(figures) if cell % k]
    text = json.dumps(figures.to_dict(), ensure_ascii=False).lower()
    for value in ("zzyzx", "quux", "xylo", "zuq"):
        assert value not in text
    assert Figures.from_dict(figures.to_dict()) == figures
    again = measure(frame.sample(frac=1.0, random_state=1), k=k)
    assert again.fields == figures.fields  # the order of the rows does not matter
