"""A drafted column map declares the customary placeholders of the file missing, and nothing else of it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pprl.party.drafting.draft import Draft, draft_agreement
from pprl.tables import load_column_map


def drafted(tmp_path: Path, **columns: list[str]) -> tuple[Draft, dict[str, list[str]]]:
    """Return the draft and the values that its column map declares missing."""
    frame = pd.DataFrame(
        {"xyz": [str(n) for n in range(len(next(iter(columns.values()))))], **columns}, dtype=object
    )
    draft = draft_agreement(frame, project="x")
    path = tmp_path / "map.toml"
    path.write_text(draft.column_map(), encoding="utf-8")
    found = load_column_map(path)
    assert found.columns == {field: (column,) for field, column in draft.columns().items()}
    assert not found.missing_patterns
    return draft, {name: list(values) for name, values in found.missing.items()}


NAMES = ["Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus"]


def test_placeholders_are_declared_as_the_file_writes_them(tmp_path: Path) -> None:
    draft, missing = drafted(
        tmp_path,
        last_name=["UNKNOWN", "unknown ", "n/a", "Lund", "Mark", "Ott", "Null"],
        dob=["01/01/1900"] * 3 + ["12/07/1987", "13/05/1990", "31/12/9999", "not known"],
        plz=["99999", "12001", "12002", "", "12003", "12004", "12005"],
        town=NAMES,
        sex=["F", "M", "unknown", "F", "M", "N/A", "F"],
    )
    assert missing == {
        "surname": ["UNKNOWN", "n/a"],
        "date_of_birth": ["01/01/1900", "31/12/9999", "not known"],
        "postcode": ["99999"],
    }
    assert [(f.column, f.field, f.rows) for f in draft.placeholders] == [
        ("last_name", "surname", 3),
        ("dob", "date_of_birth", 5),
        ("plz", "postcode", 1),
    ]
    assert "UNKNOWN" not in draft.toml + repr(draft.placeholders)


@pytest.mark.parametrize(
    "date",
    ["1900-01-01", "01/01/1900", "1.1.1900", "19000101", "01-JAN-1900", "1900-01-01 00:00:00"],
)
def test_default_dates_are_known_in_every_form(tmp_path: Path, date: str) -> None:
    assert drafted(tmp_path, dob=[date] * 3 + ["x"])[1] == {"date_of_birth": [date]}
    assert drafted(tmp_path, dob=[date] * 2 + ["x"])[1] == {}


def test_a_real_name_is_declared_when_it_is_common_only(tmp_path: Path) -> None:
    assert drafted(tmp_path, surname=["Null", "Null", *NAMES])[1] == {}
    assert drafted(tmp_path, surname=["Null"] * 3 + NAMES)[1] == {"surname": ["Null"]}
    assert drafted(tmp_path, town=["Null", *NAMES])[1] == {}


def test_what_no_rule_reads_is_looked_at_as_it_is_written(tmp_path: Path) -> None:
    """A word among telephone numbers or for the sex would stop `encode`."""
    found = drafted(tmp_path, mobile=["0123456", "Unbekannt", "x"], sex=["NULL", "F", "unknown"])[1]
    assert found == {"phone": ["Unbekannt"], "sex": ["NULL"]}


def test_a_real_birthday_is_spared_beside_a_default_date(tmp_path: Path) -> None:
    """Each value has to be too common by itself, however it is written."""
    dates = ["01/01/1900", "1/1/1900", "01/01/1900", "01/01/1950", "12/07/1987"]
    assert drafted(tmp_path, dob=dates)[1] == {"date_of_birth": ["01/01/1900", "1/1/1900"]}


def test_a_clean_file_declares_nothing(tmp_path: Path) -> None:
    draft, missing = drafted(tmp_path, first_name=NAMES, dob=["1980-02-03"] * 7)
    assert missing == {}
    assert draft.placeholders == ()
    assert "[missing]" not in draft.column_map()


def test_gaps_of_any_kind_are_passed_over(tmp_path: Path) -> None:
    frame = pd.DataFrame({"surname": ["Lund", None, "", "UNKNOWN"], "dob": ["1980-02-03"] * 4})
    assert draft_agreement(frame, project="x").placeholders[0].rows == 1


def test_quotes_and_letters_of_any_script_make_sound_toml(tmp_path: Path) -> None:
    _, missing = drafted(tmp_path, surname=['"unknown"', "Okänd", "\\unknown", *NAMES])
    assert missing == {"surname": ['"unknown"', "Okänd", "\\unknown"]}


def test_budgets_are_proposed_as_for_the_file_with_the_cells_blank() -> None:
    count = 400
    frame = pd.DataFrame(
        {
            "surname": [f"name{n}" for n in range(count)],
            "street": [f"{n} Road" for n in range(count)],
            "dob": ["1980-02-03"] * count,
        }
    )
    held = frame.assign(street=["UNKNOWN"] * 200 + frame["street"].tolist()[200:])
    blank = frame.assign(street=[""] * 200 + frame["street"].tolist()[200:])
    assert draft_agreement(held, project="x").toml == draft_agreement(blank, project="x").toml
    assert draft_agreement(held, project="x").toml != draft_agreement(frame, project="x").toml
