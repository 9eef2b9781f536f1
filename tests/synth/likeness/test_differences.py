"""How two values of one person differ."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.synth.likeness.differences import (
    KINDS,
    classify,
    first_and_others,
    measure_differences,
    possible_kinds,
)

TEXTS = st.text("aäbß é'-.12 oOöe", max_size=6)
DATES = st.from_regex(r"(19[0-9]{2}|0000)-(0[0-9]|1[0-2])-([0-2][0-9]|3[01])", fullmatch=True)


@pytest.mark.parametrize(
    ("field", "a", "b", "kind"),
    [
        ("surname", "Reed", "Reed", "same"),
        ("surname", "", "", "missing_both"),
        ("surname", "Reed", "", "missing_one"),
        ("surname", "O'Hara", "OHARA", "form"),
        ("surname", "Müller", "Mueller", "form"),
        ("surname", "Müller", "Muller", "form"),
        ("surname", "Søby", "Soby", "form"),
        ("surname", "Weiß", "Weiss", "form"),
        ("surname", "Łaska", "Laska", "form"),
        ("surname", "Reed", "Read", "one_edit"),
        ("surname", "Reed", "Red", "one_edit"),
        ("surname", "Reed", "Xreed", "one_edit"),
        ("surname", "Reed", "Rede", "transposition"),
        ("surname", "Reed", "Deer", "other"),
        ("given_name", "J", "Jo", "shortened"),
        ("given_name", "J.", "Johanna", "shortened"),
        ("given_name", "Anna", "Anna Maria", "part_missing"),
        ("given_name", "Maria-Anna", "Anna Maria", "parts_moved"),
        ("given_name", "Peggy", "Margaret", "other"),
        ("address", "12 Mill Rd", "12 Mill Road", "shortened"),
        ("address", "12 Mill Road", "13 Mill Road", "one_digit"),
        ("address", "12 Mill Road", "1200 Mill Road", "other"),
        ("address", "12 Mill Road", "Mill Road 12", "parts_moved"),
        ("postcode", "QV1 6YQ", "QV16YQ", "form"),
        ("postcode", "QV1 6YQ", "QV2 6YQ", "one_digit"),
        ("sex", "F", "M", "other"),
        ("sex", "f", "F", "form"),
        ("date_of_birth", "1970-04-06", "1970-06-04", "day_month_swapped"),
        ("date_of_birth", "1970-04-06", "1970-01-01", "placeholder_date"),
        ("date_of_birth", "1970-04-06", "1900-01-01", "placeholder_date"),
        ("date_of_birth", "1970-04-06", "1970-04-00", "part_unknown"),
        ("date_of_birth", "1970-04-06", "1971-00-00", "other"),
        ("date_of_birth", "1970-04-06", "0000-00-00", "other"),
        ("date_of_birth", "1970-04-06", "1971-04-06", "one_digit"),
        ("date_of_birth", "1970-04-06", "1907-04-06", "transposition"),
        ("date_of_birth", "1970-04-06", "1985-11-20", "other"),
    ],
)
def test_each_kind_is_known_whichever_comes_first(field, a, b, kind):
    assert classify(field, a, b) == kind
    assert classify(field, b, a) == kind


@given(st.sampled_from(["surname", "address", "sex"]), TEXTS, TEXTS)
def test_any_two_texts_have_one_kind_in_either_order(field, a, b):
    kind = classify(field, a, b)
    assert kind in KINDS
    assert kind == classify(field, b, a)
    assert (kind in ("same", "missing_both")) == (a == b)
    assert kind in possible_kinds(field)


@given(DATES, DATES)
def test_any_two_dates_have_one_kind_in_either_order(a, b):
    kind = classify("date_of_birth", a, b)
    assert kind in KINDS
    assert kind == classify("date_of_birth", b, a)
    assert (kind == "same") == (a == b)
    assert kind in possible_kinds("date_of_birth")


def test_each_later_record_is_held_against_the_first():
    first, others = first_and_others(pd.Series(["p", "q", "", "p", "", "p", "q"]))
    assert list(first) == [0, 0, 1]
    assert list(others) == [3, 5, 6]
    assert [len(part) for part in first_and_others(pd.Series([], dtype=object))] == [0, 0]


def test_names_that_changed_places_are_told_by_both_fields():
    left = pd.DataFrame({"given_name": ["Ana", "Ana"], "surname": ["Reed", "Reed"]})
    right = pd.DataFrame({"given_name": ["REED", "Reed"], "surname": ["Ana", "Moss"]})
    found, number = measure_differences(left, right)
    assert found["given_name"] == {"swapped": 1, "other": 1}
    assert found["surname"] == {"swapped": 1, "other": 1}
    assert number == [0, 0, 2]


@given(
    st.lists(st.tuples(*[st.sampled_from(["", "Ana", "Anna", "Reed", "reed"])] * 4), max_size=20)
)
def test_kinds_of_a_field_add_up_to_the_pairs_and_agree_with_single_ones(rows):
    left = pd.DataFrame([row[:2] for row in rows], columns=["given_name", "surname"], dtype=object)
    right = pd.DataFrame([row[2:] for row in rows], columns=["given_name", "surname"], dtype=object)
    found, number = measure_differences(left, right)
    assert sum(number) == len(rows)
    for place, name in enumerate(["given_name", "surname"]):
        assert sum(found[name].values()) == len(rows)
        for kind in ("same", "missing_both", "missing_one"):
            expected = sum(classify(name, row[place], row[place + 2]) == kind for row in rows)
            assert found[name].get(kind, 0) == expected
