"""The drafted agreement: columns are recognised by whole words of their names, and nothing risky is agreed unasked."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.base.errors import DataError
from pprl.exchange.agreement.defaults import Profile
from pprl.exchange.agreement.draft_text import agreement_toml, scaled_budgets
from pprl.exchange.agreement.field_types import FIELD_TYPES
from pprl.exchange.agreement.model import Agreement
from pprl.party.drafting.draft import draft_agreement


def frame(*columns: str) -> pd.DataFrame:
    """A table of people whose values say nothing of their columns."""
    return pd.DataFrame({name: ["alpha", "beta", "alpha"] for name in columns})


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("first_name", "given_name"),
        ("Vorname", "given_name"),
        ("FamilyName", "surname"),
        ("LAST NAME", "surname"),
        ("dob", "date_of_birth"),
        ("Date of Birth", "date_of_birth"),
        ("birth_date", "date_of_birth"),
        ("Geburtsdatum", "date_of_birth"),
        ("Straße", "address"),
        ("postal_code", "postcode"),
        ("PLZ", "postcode"),
        ("town", "locality"),
        ("Ort", "locality"),
        ("passport_no", "identifier"),
        ("e-mail", "email"),
        ("mobile_phone", "phone"),
        ("name", "full_name"),
    ],
)
def test_columns_are_recognised_by_their_names(column: str, field: str) -> None:
    """Whatever the case and the separators."""
    guess = next(
        g for g in draft_agreement(frame("xyz", column), project="x").guesses if g.column == column
    )
    assert guess.field == field


def test_a_linkage_may_be_called_whatever_the_agreement_takes() -> None:
    """Also a character that this Python's tables do not know: another's may, and both parties draft alike."""
    name = "caf\u00e9 \u0378"
    draft = draft_agreement(frame("surname"), project=name)
    assert Agreement.from_toml(draft.toml).project == name


@pytest.mark.parametrize(
    "column",
    [
        "ethnicity",
        "airport",
        "report",
        "sort",
        "place_of_birth",
        "birthplace",
        "birth_name",
        "phonetic",
        "capacity",
    ],
)
def test_a_name_within_a_word_is_no_name(column: str) -> None:
    """`ethnicity` holds `city` and is no town; a birth name is no date."""
    draft = draft_agreement(frame("surname", column), project="x")
    assert {g.column: g.field for g in draft.guesses}[column] is None


def test_no_blocking_is_agreed_unasked() -> None:
    """Each pass hands the unit exact frequencies, so it stands there as a comment only."""
    draft = draft_agreement(frame("first_name", "surname", "dob", "postcode"), project="x")
    assert "# [[blocking]]" in draft.toml
    agreement = Agreement.from_toml(draft.toml)
    assert agreement.blocking == ()
    uncommented = draft.toml.replace("# [[blocking]]", "[[blocking]]").replace(
        "# keys = ", "keys = "
    )
    assert len(Agreement.from_toml(uncommented).blocking) == 5


def test_a_table_without_a_field_shows_none_of_its_header() -> None:
    """The header may be the first person."""
    with pytest.raises(DataError) as caught:
        draft_agreement(frame("Woolwick", "Ruby"), project="x")
    assert "Ruby" not in f"{caught.value}{caught.value.hint}"


def town(rows: int, *, per_home: int, gaps: int = 0) -> pd.DataFrame:
    """People of different names, `per_home` at each address; every `gaps`-th postcode missing."""
    return pd.DataFrame(
        {
            "first_name": [f"Name{n % 400}" for n in range(rows)],
            "dob": [f"{1930 + n % 90}-{1 + n % 12:02}-{1 + n % 28:02}" for n in range(rows)],
            "street": [f"{n // per_home} Wool Road" for n in range(rows)],
            "postcode": [
                "" if gaps and n % gaps == 0 else f"QV{n // per_home:04}" for n in range(rows)
            ],
        }
    )


def budgets(frame: pd.DataFrame, **options: int) -> dict[str, int]:
    draft = draft_agreement(frame, project="x", **options)
    return {field.name: field.budget for field in Agreement.from_toml(draft.toml).field}


def test_a_draft_gives_shared_homes_less() -> None:
    """The whole file is looked at: the households stand far apart in it."""
    apart, shared = town(3000, per_home=1), town(3000, per_home=4)
    mixed = shared.iloc[[4 * n + k for k in range(4) for n in range(750)]].reset_index(drop=True)
    assert mixed["street"].head(700).is_unique
    for field in ("address", "postcode"):
        assert budgets(apart)[field] > 1.5 * budgets(mixed)[field]
    assert "homes are often shared" in draft_agreement(mixed, project="x").toml


def test_a_draft_tells_the_other_parties_no_figure_of_the_file() -> None:
    """A slight change of the file's figures shows on the party's own screen alone."""
    one, other = (draft_agreement(town(3000, per_home=4, gaps=n), project="x") for n in (30, 29))
    assert one.toml == other.toml
    shown = {guess.field: guess.budget for guess in one.guesses}
    assert "3 % missing" in str(shown["postcode"])
    assert " %" not in one.toml.replace("40 to 60 %", "")
    assert "entropy" not in one.toml


def test_the_screen_shows_the_budgets_of_the_draft() -> None:
    frame = town(300, per_home=2).assign(notes="x")
    draft = draft_agreement(frame, project="x")
    drafted = {f.name: f.budget for f in Agreement.from_toml(draft.toml).field}
    for guess in draft.guesses:
        if guess.field:
            assert guess.budget.split(":")[0] == f"budget {drafted[guess.field]}"
        else:
            assert guess.budget == ""


@pytest.mark.parametrize("bits", [64, 1024, 65536])
def test_a_draft_of_any_length_of_filter_is_an_agreement(bits: int) -> None:
    """One field alone would draw more than an agreement allows."""
    assert budgets(pd.DataFrame({"sex": ["f", "m"]}), bits=bits)["sex"] <= 4096
    assert sum(budgets(town(200, per_home=2), bits=bits).values()) >= 0.2 * min(bits, 4 * 4096)


def test_the_profile_fields_takes_no_proposal() -> None:
    """There a budget is no weight, and the draft must tell nothing of the file."""
    draft = draft_agreement(town(300, per_home=4), project="x", profile="fields")
    assert {guess.budget for guess in draft.guesses} == {""}
    assert "shared" not in draft.toml


@given(
    weights=st.lists(st.integers(1, 500), min_size=1, max_size=12),
    bits=st.sampled_from([64, 512, 1024, 65536]),
)
def test_budgets_keep_the_order_of_the_weights_and_the_bounds(
    weights: Sequence[int], bits: int
) -> None:
    given_weights = {f"f{n}": weight for n, weight in enumerate(weights)}
    made = scaled_budgets(given_weights, bits)
    assert all(4 <= budget <= 4096 for budget in made.values())
    ordered = sorted(given_weights, key=lambda name: given_weights[name])
    assert [made[name] for name in ordered] == sorted(made.values())


def test_a_draft_without_weights_takes_the_types_own() -> None:
    fields = [("surname", "surname"), ("address", "address")]
    own = {name: FIELD_TYPES[kind].budget for name, kind in fields}
    assert agreement_toml(fields, project="x") == agreement_toml(fields, project="x", weights=own)


def test_a_name_goes_before_values_whatever_the_order() -> None:
    """Dates of admission and the numbers of two wards stand before the date of birth and the sex."""
    made = draft_agreement(
        pd.DataFrame(
            {
                "notes": ["p", "q", "r"],
                "patient_id": ["1", "2", "3"],
                "admitted": ["2020-01-02", "2021-03-14", "2021-03-15"],
                "ward": ["1", "2", "1"],
                "last_name": ["a", "b", "c"],
                "dob": ["1987-02-13", "1990-01-30", "1961-07-04"],
                "sex": ["m", "f", "m"],
            }
        ),
        project="x",
    )
    assert made.columns() == {"surname": "last_name", "date_of_birth": "dob"}
    assert [guess.field for guess in made.guesses][4:] == ["surname", "date_of_birth", "sex"]
    left_out = {guess.column: guess.why for guess in made.guesses if not guess.field}
    assert "looks like a second date beside 'dob'" in left_out["admitted"]
    assert "looks like a second sex beside 'sex'" in left_out["ward"]
    assert made.id_column == "patient_id"


def test_values_serve_where_no_name_tells() -> None:
    made = draft_agreement(
        pd.DataFrame({"when": ["1987-02-13", "1990-01-30", "1961-07-04"], "mf": ["m", "f", "f"]}),
        project="x",
    )
    assert made.columns() == {"date_of_birth": "when", "sex": "mf"}


def test_a_repeated_id_is_no_sex() -> None:
    made = draft_agreement(frame("surname").assign(id=["1", "2", "1"]), project="x")
    guess = made.guesses[1]
    assert (guess.field, guess.kind) == (None, "")
    assert guess.why == "named like an id, but not unique in every row"


@pytest.mark.parametrize("profile", ["record", "fields"])
def test_a_column_without_a_value_is_left_out(profile: Profile) -> None:
    """Whatever its name: it would be a field that tells nothing. Another column may take its place."""
    table = town(120, per_home=2).assign(town=" ", city=["", *["Woolwick"] * 119], plz="")
    made = draft_agreement(table, project="x", profile=profile)
    assert made.columns()["locality"] == "city"
    assert {g.why for g in made.guesses if g.column in ("town", "plz")} == {"has no values"}


def test_very_long_filters_keep_the_ratio_of_the_weights() -> None:
    """The largest budget stays at what an agreement allows, and the others below it."""
    weights = {"given_name": 115, "surname": 105, "sex": 20}
    for bits in (1024, 65536):
        made = scaled_budgets(weights, bits)
        for name, weight in weights.items():
            ratio = made[name] / made["given_name"]
            assert ratio == pytest.approx(weight / 115, abs=0.01), (bits, name)
    assert scaled_budgets(weights, 65536)["given_name"] == 4096


@pytest.mark.parametrize("profile", ["record", "fields"])
def test_budgets_grow_up_to_the_useful_length_and_not_beyond(profile: Profile) -> None:
    useful = draft_agreement(town(200, per_home=2), project="x", profile=profile).useful_bits

    def largest(bits: int) -> int:
        made = draft_agreement(town(200, per_home=2), project="x", profile=profile, bits=bits)
        return max(field.budget for field in Agreement.from_toml(made.toml).field)

    assert largest(useful // 2) == pytest.approx(2048, abs=2)
    assert 4095 <= largest(useful) <= largest(65536) == 4096


@pytest.mark.parametrize(
    ("profile", "says"),
    [
        ("record", "or a similarity of your own, such as 0.8"),
        ("fields", "or a match probability of your own, such as 0.9"),
    ],
)
def test_the_draft_says_what_a_threshold_is(profile: Profile, says: str) -> None:
    assert says in agreement_toml([("surname", "surname")], project="x", profile=profile)
