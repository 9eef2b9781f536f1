"""Warnings of an agreement and a file: each names the cause that can be mended, and gaps are no small budgets."""

from __future__ import annotations

import pandas as pd
import pytest
from helpers_party import PEOPLE, make_agreement

from pprl.exchange.agreement.defaults import Profile
from pprl.party.encoding.check import check
from pprl.party.hardening.weakness import weaknesses
from pprl.tables import ColumnMap

FULL = dict.fromkeys(["given_name", "surname", "born", "sex", "postcode"], 0.0)


def warned(fill: float, missing: dict[str, float], profile: Profile = "record") -> str:
    return " ".join(weaknesses(make_agreement(profile=profile), fill, missing))


def test_a_full_file_has_no_gaps_to_warn_of() -> None:
    assert warned(0.35, FULL) == ""


@pytest.mark.parametrize("profile", ["record", "fields"])
def test_small_budgets_are_told_from_gaps(profile: Profile) -> None:
    assert "sparse (fill 0.10)" in warned(0.10, FULL, profile)
    assert "raise the budgets or lower filter.bits" in warned(0.10, FULL, profile)


def test_mostly_missing_values_are_the_news() -> None:
    said = warned(0.05, {**dict.fromkeys(FULL, 0.99), "sex": 0.0})
    assert "79.2 % of the values are missing" in said
    assert "sparse" not in said


def test_fields_that_weigh_much_and_are_missing_explain_sparse_filters() -> None:
    """Two fifths of the values are missing, which draw most of the bits."""
    assert "sparse" not in warned(0.12, {**FULL, "given_name": 0.9, "born": 0.9})
    assert "sparse" in warned(0.12, {**FULL, "sex": 0.9, "postcode": 0.9})


def test_one_filter_a_field_does_not_excuse_sparse_ones_by_gaps() -> None:
    """There the fill is that of the values that are there."""
    assert "sparse" in warned(0.1, dict.fromkeys(FULL, 0.9), "fields")


def test_a_field_without_any_value_is_named() -> None:
    assert "no record has a value in the field 'sex':" in warned(0.35, {**FULL, "sex": 1.0})
    said = warned(0.35, {**FULL, "sex": 1.0, "born": 1.0})
    assert "no record has a value in the fields 'born', 'sex':" in said
    assert "has a value" not in warned(0.35, {**FULL, "sex": 0.999})


def test_a_file_without_any_value_is_refused_and_not_warned_of() -> None:
    assert warned(0.0, dict.fromkeys(FULL, 1.0)) == ""


def test_few_fields_are_counted_in_words() -> None:
    agreement = make_agreement({"surname": "surname"})
    assert "the agreement has 1 field:" in weaknesses(agreement, 0.35, {"surname": 0.0})[0]
    agreement = make_agreement({"surname": "surname", "sex": "sex"})
    missing = {"surname": 0.0, "sex": 0.0}
    assert "the agreement has 2 fields:" in weaknesses(agreement, 0.35, missing)[0]


def test_what_leaves_is_counted_in_words() -> None:
    one = make_agreement(
        {"surname": "surname"},
        profile="fields",
        blocking=[{"keys": ["soundex(surname)"]}],
    )
    leaves = " ".join(check(PEOPLE, one).leaves)
    assert "1 keyed Bloom filter for each record, one a field" in leaves
    assert "1 keyed blocking key for each record" in leaves


def test_rows_without_any_value_do_not_thin_the_filters() -> None:
    """They are rejected, so that neither the fill nor the gaps of the others change."""
    people = PEOPLE.drop(index=3)
    blank = pd.DataFrame("", index=range(20), columns=PEOPLE.columns)
    agreement = make_agreement()
    alone, among = (check(table, agreement) for table in (people, pd.concat([people, blank])))
    assert among.fill == pytest.approx(alone.fill, rel=0.1)
    assert among.warnings == alone.warnings


def test_a_column_that_is_a_part_of_two_fields_is_warned_of() -> None:
    """A town in an address and as a locality is allowed: the other party may not be able to part them."""
    agreement = make_agreement({"name": "full-name", "surname": "surname", "sex": "sex"})
    columns = ColumnMap(columns={"name": ("given_name", "surname")})
    said = check(PEOPLE, agreement, columns=columns).warnings
    assert [text for text in said if "is a part of the fields 'name' and 'surname'" in text]
