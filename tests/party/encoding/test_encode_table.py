"""A party's table becomes an encoded file: every row is accounted for, and nothing personal is said on the way."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers_party import KEY, PEOPLE, TYPES, make_agreement
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.base.errors import DataError, PprlError, UsageError
from pprl.base.version import SOFTWARE
from pprl.exchange.encoded.file import content_digest
from pprl.party.encoding.encode import Encoding, encode
from pprl.party.keys.key import Key
from pprl.tables import ColumnMap

AGREEMENT = make_agreement(
    blocking=[{"keys": ["soundex(surname)", "year(born)"]}, {"keys": ["initial(given_name)"]}]
)


def run(frame: pd.DataFrame = PEOPLE, **options: Any) -> Encoding:
    return encode(frame, AGREEMENT, KEY, **{"party": "health", "id_column": "id", **options})


def by_id(made: Encoding) -> dict[str, tuple[bytes, list[int]]]:
    rows = zip(made.id_map["id"], made.encoded.filters, made.encoded.keys, strict=True)
    return {name: (filters.tobytes(), keys.tolist()) for name, filters, keys in rows}


def test_every_row_is_accounted_for() -> None:
    """Rows read are rows encoded and rows rejected, with reasons."""
    counts = run().row_counts
    assert counts.rows_read == 5
    assert counts.encoded == 4
    assert counts.rejected == {"no value in any field": 1}
    assert counts.missing == {"given_name": 0, "surname": 0, "born": 0, "sex": 1, "postcode": 1}
    assert set(counts.unreadable.values()) == {0}
    assert counts.date_formats == {"born": "DD/MM/YYYY"}
    assert 0.1 < counts.fill < 0.6


def test_records_without_a_key_in_any_pass_are_counted_and_warned_of() -> None:
    """A key in one pass is enough; a name without a sound has none; a row that is rejected does not count."""
    rows = [
        ("1", "Anna", "O'Brien", "12/07/1987", "F", ""),
        ("2", "", "O'Brien", "13/07/1987", "F", ""),
        ("3", "", "李", "12/07/1987", "F", ""),
        ("4", "", "O'Brien", "", "F", ""),
        ("5", "李", "", "", "F", ""),
        ("6", "", "", "", "", ""),
    ]
    counts = run(pd.DataFrame(rows, columns=PEOPLE.columns)).row_counts
    assert counts.keyless == 2
    (told,) = [text for text in counts.warnings if "no key" in text]
    assert told.startswith(
        "2 records have no key in any blocking pass (40.0 %), so --blocking keys"
    )
    whole = run(pd.DataFrame(rows[:2], columns=PEOPLE.columns)).row_counts
    assert whole.keyless == 0
    assert not any("no key" in text for text in whole.warnings)


def test_without_passes_no_key_is_asked_for() -> None:
    made = encode(PEOPLE, make_agreement(), KEY, party="health", id_column="id")
    assert made.row_counts.keyless is None
    assert not any("no key" in text for text in made.row_counts.warnings)


def test_the_header_says_everything_that_the_unit_needs() -> None:
    """Agreement, fingerprints, counts, party and software stand in the header, and no value of a person."""
    made = run()
    header = made.encoded.header
    assert header.agreement == AGREEMENT.to_dict()
    assert header.agreement_fingerprint == AGREEMENT.fingerprint()
    assert header.key_check == KEY.check_value(AGREEMENT.encoding_fingerprint())
    assert (header.party, header.records, header.rows_read) == ("health", 4, 5)
    assert header.software == SOFTWARE
    encoded = made.encoded
    digest = content_digest(header.model_dump(), encoded.pseudonyms, encoded.filters, encoded.keys)
    assert header.content_sha256 == digest
    text = header.model_dump_json()
    values = {v for v in PEOPLE.drop(columns=["id", "sex"]).to_numpy().ravel() if len(v) > 2}
    assert [value for value in values if value in text] == []


def test_the_id_map_names_each_encoded_record_once() -> None:
    """Pseudonym and id of every encoded row, in the order of the encoded file."""
    made = run()
    assert list(made.id_map.columns) == ["pseudonym", "id"]
    assert made.id_map["pseudonym"].tolist() == [
        row.tobytes().hex() for row in made.encoded.pseudonyms
    ]
    assert sorted(made.id_map["id"]) == ["1", "2", "3", "5"]


def test_pseudonyms_are_new_in_every_run_and_sorted() -> None:
    """Two runs share no pseudonym, and the order of the rows tells nothing of the file's order."""
    first, second = run(), run()
    names = [made.id_map["pseudonym"].tolist() for made in (first, second)]
    assert not set(names[0]) & set(names[1])
    for found in names:
        assert found == sorted(found)
        assert all(re.fullmatch("[0-9a-f]{32}", name) for name in found)
    many = pd.concat([PEOPLE.iloc[:1]] * 200).assign(
        id=[str(n) for n in range(200)], born="13/07/1987"
    )
    assert run(many).id_map["id"].tolist() != many["id"].tolist()


def test_encodings_do_not_depend_on_run_or_order() -> None:
    """The same record, agreement and key give the same bits and keys, wherever the record stands."""
    first = by_id(run())
    turned = by_id(run(PEOPLE.iloc[::-1]))
    alone = by_id(run(PEOPLE.iloc[:2]))
    assert first == turned
    assert {name: first[name] for name in alone} == alone


def test_another_key_or_project_gives_unrelated_encodings() -> None:
    """No bit pattern carries over from one key or project to another."""
    plain = by_id(run())["1"]
    other_key = encode(PEOPLE, AGREEMENT, Key(b"k" * 32), party="health", id_column="id")
    other = AGREEMENT.to_dict() | {"project": "another"}
    other_project = encode(
        PEOPLE, type(AGREEMENT).from_dict(other), KEY, party="health", id_column="id"
    )
    for made in (other_key, other_project):
        filters, keys = by_id(made)["1"]
        a, b = np.frombuffer(plain[0], np.uint8), np.frombuffer(filters, np.uint8)
        assert np.bitwise_count(a & b).sum() < np.bitwise_count(a).sum() / 2
        assert not set(keys) & set(plain[1])


def test_matching_rules_do_not_change_a_bit() -> None:
    """What the unit does later is no part of the encoding."""
    other = AGREEMENT.to_dict() | {"matching": {"threshold": 0.9}}
    made = encode(PEOPLE, type(AGREEMENT).from_dict(other), KEY, party="health", id_column="id")
    assert by_id(made) == by_id(run())


def test_other_column_names_give_the_same_encoding() -> None:
    """Parties map their own columns; a date split over columns and another date format give the same bits."""
    own = PEOPLE.rename(columns={"surname": "last_name"}).drop(columns=["born"])
    own["d"] = ["12", "13", "", "", ""]
    own["m"] = ["07", "01", "07", "", ""]
    own["y"] = ["1987", "1990", "1961", "", "1961"]
    columns = ColumnMap(
        columns={"surname": ("last_name",), "born": ("y", "m", "d")}, dates={"born": "YYYY-MM-DD"}
    )
    assert by_id(run(own, columns=columns)) == by_id(run())


def test_extra_columns_do_not_matter() -> None:
    """Columns that answer no field are not read."""
    assert by_id(run(PEOPLE.assign(shoe_size=42))) == by_id(run())


def test_none_and_nan_are_missing() -> None:
    """A gap is a gap, however pandas writes it."""
    frame = PEOPLE.copy()
    frame.loc[2, "postcode"] = None
    frame.loc[4, "sex"] = float("nan")
    assert by_id(run(frame)) == by_id(run())


def with_cell(column: str, value: object, row: int = 1) -> pd.DataFrame:
    frame = PEOPLE.copy()
    frame[column] = frame[column].astype(object)
    frame.loc[row, column] = value
    return frame


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (PEOPLE.drop(columns="surname"), "no column 'surname'"),
        (PEOPLE.rename(columns={"surname": "surnames"}), "no column 'surname'"),
        (PEOPLE.drop(columns="id"), "no column 'id'"),
        (with_cell("id", "1"), "1 row repeats an earlier id"),
        (with_cell("id", ""), "1 row has no id"),
        (with_cell("id", "  "), "1 row has no id"),
        (with_cell("id", None), "1 row has no id"),
        (PEOPLE.assign(postcode=[1, 2, 3, 4, 5]), "instead of text"),
        (with_cell("postcode", 800), "instead of text"),
        (PEOPLE.assign(born=pd.Timestamp("1987-07-12")), "instead of text"),
        (PEOPLE.assign(born="01/02/1990"), "can be read as DD/MM/YYYY or MM/DD/YYYY"),
        (PEOPLE.assign(born="soon"), "no known date format"),
        (with_cell("born", "99/99/1987", row=0), "can't be read as date DD/MM/YYYY"),
        (with_cell("sex", "robot"), "can't be read as sex"),
        (with_cell("surname", "Sm\ud800ith"), "half a character"),
        (PEOPLE.iloc[3:4], "no row has a value"),
        (PEOPLE.iloc[:0], "no row has a value"),
        (pd.concat([PEOPLE, PEOPLE[["surname"]]], axis=1), "two columns have the same name"),
    ],
)
def test_a_table_that_cant_be_encoded_is_refused(frame: pd.DataFrame, said: str) -> None:
    """The message says what is wrong and where, and what to do."""
    with pytest.raises(DataError, match=re.escape(said)) as caught:
        run(frame)
    assert caught.value.hint


@pytest.mark.parametrize("party", ["", "Health", "a b", "-x", "_x", "x" * 64, "../x", "ä"])
def test_a_partys_name_is_plain(party: str) -> None:
    """It becomes part of file names, so it holds plain characters only."""
    with pytest.raises(UsageError):
        run(party=party)


def test_rows_are_named_as_a_spreadsheet_counts_them() -> None:
    """The header is row 1."""
    with pytest.raises(DataError, match=r"first: row 3\)"):
        run(with_cell("sex", "robot", row=1))
    with pytest.raises(DataError, match="first: rows 2 and 3"):
        run(with_cell("id", "1", row=1))


def test_unreadable_values_count_as_missing_when_asked() -> None:
    """Such a value adds no bits and is counted; a bad date keeps its good parts."""
    bad = with_cell("sex", "robot")
    bad.loc[0, "born"] = "99/07/1987"
    made = run(bad, unreadable="missing")
    assert made.row_counts.unreadable == {
        "given_name": 0, "surname": 0, "born": 1, "sex": 1, "postcode": 0
    }  # fmt: skip
    same = with_cell("sex", "")
    same.loc[0, "born"] = "??/07/1987"
    assert by_id(made) == by_id(run(same))


def test_a_row_of_unreadable_values_only_is_rejected() -> None:
    """Nothing can be saved of it, and the row counts say so."""
    frame = PEOPLE.copy()
    frame.loc[3, "sex"] = "robot"
    counts = run(frame, unreadable="missing").row_counts
    assert counts.rejected == {"no value in any field": 1}
    assert counts.rows_read == counts.encoded + sum(counts.rejected.values())


def test_a_date_format_for_a_field_that_is_none_is_refused() -> None:
    """Column maps are checked against the agreement."""
    with pytest.raises(DataError, match="surname"):
        run(columns=ColumnMap(dates={"surname": "DD/MM/YYYY"}))
    with pytest.raises(DataError, match="surnam"):
        run(columns=ColumnMap(columns={"surnam": ("surname",)}))


MARKER = "Xq7zMarker"
SPOILS = st.sampled_from(
    [
        MARKER, f"{MARKER}/07/1987", f"12/07/{MARKER}", f" {MARKER}\ud800", f"{MARKER}@x", f"99/{MARKER}/99",
        MARKER + "\0", f"{MARKER}\n{MARKER}", f"99999999{MARKER}", 4711, 47.11, None, True, b"4711", "01/02/1990",
    ]
)  # fmt: skip
FORBIDDEN = (MARKER.lower(), "4711", "47.11")


@settings(deadline=None, max_examples=80)
@given(
    st.dictionaries(st.sampled_from(list(PEOPLE.columns)), SPOILS, min_size=1, max_size=4),
    st.booleans(),
    st.sampled_from(["error", "missing"]),
)
def test_no_message_shows_a_value(spoils: dict[str, object], whole: bool, unreadable: str) -> None:
    """Whatever stands in a cell or a whole column, no error shows it; nothing but our own errors is raised."""
    frame = PEOPLE.astype(object)
    for column, value in spoils.items():
        frame[column] = pd.Series(
            [value] * 5 if whole else [*frame[column][:4], value], dtype=object
        )
    try:
        made = run(frame, unreadable=unreadable)
    except PprlError as error:
        said = f"{error} {error.problem} {error.hint} {error!r}".lower()
        assert not any(word in said for word in FORBIDDEN)
    else:
        counts = made.row_counts
        assert counts.rows_read == counts.encoded + sum(counts.rejected.values())
        assert MARKER.lower() not in f"{made.encoded.header!r} {counts!r}".lower()


TEXTS = st.lists(st.text(max_size=8), min_size=5, max_size=5)


@settings(deadline=None, max_examples=30)
@given(st.fixed_dictionaries({name: TEXTS for name in TYPES if name != "born"}))
def test_any_text_is_encoded_or_refused(columns: dict[str, list[str]]) -> None:
    """No text makes encoding fail in another way than with a message of ours, and rows always add up."""
    frame = PEOPLE.assign(**columns)
    try:
        counts = run(frame, unreadable="missing").row_counts
    except DataError:
        return
    assert counts.rows_read == counts.encoded + sum(counts.rejected.values()) == 5
