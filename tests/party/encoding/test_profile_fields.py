"""One filter a field: each is the filter of that field alone, empty exactly where the value is missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers_party import KEY, PEOPLE, TYPES, make_agreement, make_column
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.base.errors import DataError, PprlError
from pprl.exchange.agreement.field_types import FIELD_TYPES
from pprl.exchange.agreement.model import Agreement
from pprl.party.drafting.draft import draft_agreement
from pprl.party.encoding.check import check
from pprl.party.encoding.encode import Encoding, encode, encode_fields
from pprl.party.encoding.filters import filter_of
from pprl.party.keys.key import Key
from pprl.party.reading.folding import fold

ALL = {f"a_{kind.replace('-', '_')}": kind for kind in FIELD_TYPES}
"""A field of every type."""

PROPERTY = settings(max_examples=60, deadline=None)
LEAK = "the profile 'fields' leaks more"


def run(frame: pd.DataFrame = PEOPLE, agreement: Agreement | None = None, **more: Any) -> Encoding:
    agreed = agreement or make_agreement(profile="fields")
    return encode(frame, agreed, KEY, **{"party": "health", "id_column": "id", **more})


def fields_of(made: Encoding) -> dict[str, np.ndarray]:
    """Return id -> ``uint64[fields, words]``."""
    return dict(zip(made.id_map["id"], made.encoded.field_words(), strict=True))


FORM = st.builds(fold, st.text(max_size=10) | st.text("ab ", max_size=20) | st.just(""))
DATE = st.sampled_from(["", "1987-07-12", "1987-07-07", "0000-00-12", "1961-00-00"])


@st.composite
def records(draw: st.DrawFn) -> list[list[str]]:
    """Normal forms of some records, a field of every type each; many values are missing."""
    count = draw(st.integers(1, 4))
    made = []
    for _ in range(count):
        row = []
        for kind in ALL.values():
            form = draw(DATE if kind == "date" else FORM)
            places = FIELD_TYPES[kind].tokens == "positional"
            row.append(form.replace(" ", "") if places else form)
        made.append(row)
    return made


@PROPERTY
@given(records(), st.sampled_from([64, 100, 512, 1001]), st.sampled_from([None, 1, 3]))
def test_a_field_s_filter_is_the_filter_of_that_field_alone(
    rows: list[list[str]], bits: int, budget: int | None
) -> None:
    """`fill_side_by_side` gives what `filter_of` gives for one record and field; a missing value has no bit."""
    own = {} if budget is None else {"budget": budget}
    agreed = make_agreement(
        profile="fields",
        filter={"bits": bits},
        field=[{"name": name, "type": kind, **own} for name, kind in ALL.items()],
    )
    columns = [
        make_column(field, [row[at] for row in rows]) for at, field in enumerate(agreed.field)
    ]
    made, _ = encode_fields(columns, agreed, KEY)
    salt, width = agreed.encoding_fingerprint(), -(-bits // 8)
    assert made.shape == (len(rows), len(ALL) * width)
    for record, row in zip(made, rows, strict=True):
        for at, (field, value) in enumerate(zip(agreed.field, row, strict=True)):
            subkey = KEY.derive(f"field/{field.name}".encode(), salt=salt)
            found = record[at * width : (at + 1) * width]
            assert found.tobytes() == filter_of([value], [field], [subkey], bits).tobytes()
            assert found.any() == (value != "")


@PROPERTY
@given(st.lists(st.tuples(FORM, FORM), min_size=1, max_size=5))
def test_a_record_s_filter_would_be_the_union(rows: list[tuple[str, str]]) -> None:
    """Both profiles set the same positions, given the same sub-keys: only where they are kept differs."""
    fields = make_agreement({"a": "surname", "b": "locality"}, profile="fields").field
    subkeys = [bytes([at]) * 32 for at in range(2)]
    for row in rows:
        parts = [filter_of([row[at]], [fields[at]], [subkeys[at]], 512) for at in range(2)]
        assert parts[0] | parts[1] == filter_of(row, fields, subkeys, 512)


def test_typical_values_fill_a_quarter_to_a_third_of_their_filter() -> None:
    """By the default budget, whatever the type."""
    values = {
        "given-name": "anna maria", "surname": "van der berg", "full-name": "anna maria van der berg",
        "date": "1987-07-12", "sex": "f", "address": "unit 2 14 mill ln", "locality": "eastmarrow",
        "postcode": "qv16yq", "phone": "632960123", "email": "annamaria exampleorg",
        "identifier": "ab123456", "code": "a 7",
    }  # fmt: skip
    agreed = make_agreement(ALL, profile="fields")
    columns = [make_column(field, [values[field.type]]) for field in agreed.field]
    for seed in range(10):
        made, _ = encode_fields(columns, agreed, Key(bytes([seed + 1]) * 32))
        fill = np.bitwise_count(made.reshape(len(ALL), -1)).sum(axis=1) / 512
        assert (fill > 0.24).all()
        assert (fill < 0.35).all()


def test_missing_values_are_empty_filters() -> None:
    """And no others: the unit tells a missing value from one that agrees with nothing."""
    found = fields_of(run())
    present = {name: words.any(axis=1).tolist() for name, words in found.items()}
    assert present == {
        "1": [True] * 5,
        "2": [True] * 5,
        "3": [True] * 4 + [False],
        "5": [True, True, True, False, True],
    }


def test_equal_values_are_equal_filters_in_their_field_only() -> None:
    """A value in two fields sets unrelated bits; the rest of the record does not matter."""
    frame = PEOPLE.assign(given_name="Anna", surname=["Anna", "Berg", "Anna", "Berg", "Anna"])
    words = fields_of(run(frame))
    for other in ("2", "3", "5"):
        np.testing.assert_array_equal(words["1"][0], words[other][0])
    assert (words["1"][1] == words["3"][1]).all()
    assert (words["1"][0] != words["1"][1]).any()


def test_the_account_measures_filled_filters_only() -> None:
    """Empty filters of missing values would hide how full the others are."""
    made = run()
    filters = made.encoded.field_words().reshape(-1, 8)
    shares = np.bitwise_count(filters).sum(axis=1) / 512
    assert made.row_counts.fill == pytest.approx(shares[shares > 0].mean())
    assert made.row_counts.fill > shares.mean()
    assert made.row_counts.profile == "fields"
    assert run(agreement=make_agreement()).row_counts.profile == "record"


def test_the_profile_always_warns() -> None:
    """Before anybody encodes, and each time; the profile `record` never says it."""
    for few in (TYPES, {"surname": "surname"}):
        agreed = make_agreement(few, profile="fields")
        made, checked = run(agreement=agreed), check(PEOPLE, agreed)
        for warnings in (made.row_counts.warnings, checked.warnings):
            assert len([text for text in warnings if LEAK in text]) == 1
            assert "missing" in warnings[0]
    assert not any(LEAK in text for text in run(agreement=make_agreement()).row_counts.warnings)


@pytest.mark.parametrize(("budget", "says"), [(40, "sparse"), (900, "values look alike")])
def test_filters_of_another_fill_are_warned_of(budget: int, says: str) -> None:
    fields = [{"name": name, "type": kind, "budget": budget} for name, kind in TYPES.items()]
    agreed = make_agreement(profile="fields", field=fields)
    assert any(says in text for text in run(agreement=agreed).row_counts.warnings)


def test_check_tells_what_would_leave() -> None:
    """Every filter of a record counts, and what they give away is said."""
    agreed = make_agreement(
        profile="fields", blocking=[{"keys": ["soundex(surname)", "year(born)"]}]
    )
    checked = check(PEOPLE, agreed)
    assert checked.record_bytes == 16 + 5 * 64 + 8
    assert checked.profile == checked.to_dict()["profile"] == "fields"
    assert 0.25 < checked.fill < 0.35
    said = " ".join(checked.leaves)
    assert "5 keyed Bloom filters for each record, one a field" in said
    assert "which are missing" in said


MARKER = "Xq7zMarker"


@settings(deadline=None, max_examples=40)
@given(
    st.dictionaries(
        st.sampled_from(list(PEOPLE.columns)),
        st.sampled_from([MARKER, f"12/07/{MARKER}", MARKER + "\0", f"{MARKER}@x", 47.11, None]),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from(["error", "missing"]),
)
def test_no_message_shows_a_value(spoils: dict[str, object], unreadable: str) -> None:
    """Whatever stands in a column, neither an error nor the row counts show it."""
    frame = PEOPLE.astype(object)
    for column, value in spoils.items():
        frame[column] = pd.Series([*frame[column][:4], value], dtype=object)
    try:
        made = run(frame, unreadable=unreadable)
    except PprlError as error:
        said = f"{error} {error.problem} {error.hint} {error!r}".lower()
        assert MARKER.lower() not in said
        assert "47.11" not in said
    else:
        assert MARKER.lower() not in f"{made.encoded.header!r} {made.row_counts!r}".lower()


def test_a_row_without_any_value_is_rejected() -> None:
    """As in the profile `record`: no record of empty filters is sent."""
    assert run().row_counts.rejected == {"no value in any field": 1}
    with pytest.raises(DataError, match="no row has a value"):
        run(PEOPLE.iloc[[3]])


@pytest.mark.parametrize(("bits", "budget"), [(None, 179), (1000, 350), (65536, 4096)])
def test_a_draft_of_the_profile_writes_its_defaults(bits: int | None, budget: int) -> None:
    """The draft says what would hold without it; the parties see every number."""
    frame = pd.DataFrame({"surname": ["a", "b"], "dob": ["1987-07-12"] * 2, "sex": ["f", "m"]})
    draft = draft_agreement(frame, project="x", profile="fields", bits=bits)
    agreed = Agreement.from_toml(draft.toml)
    assert (agreed.profile, agreed.hardening.method) == ("fields", "none")
    assert agreed.filter.bits == (bits or 512)
    assert {field.budget for field in agreed.field} == {budget}
    bare = "\n".join(line for line in draft.toml.splitlines() if not line.startswith("budget"))
    assert Agreement.from_toml(bare).fingerprint() == agreed.fingerprint()
    assert "trusted unit or an enclave only" in draft.toml


def test_a_draft_is_of_one_filter_a_record_unless_asked() -> None:
    frame = pd.DataFrame({"surname": ["a", "b"]})
    agreed = Agreement.from_toml(draft_agreement(frame, project="x").toml)
    assert (agreed.profile, agreed.filter.bits) == ("record", 1024)
