"""Budgets proposed from a sample: what raises one, what lowers one, what can't matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.exchange.agreement.field_types import FIELD_TYPES
from pprl.party.drafting.budgets import propose_budgets, reasoned_budgets

ROWS = 2000
FIELDS = [
    ("given_name", "given-name", "first"),
    ("surname", "surname", "last"),
    ("born", "date", "born"),
    ("address", "address", "street"),
    ("locality", "locality", "town"),
    ("postcode", "postcode", "postcode"),
]


def people(per_home: int = 1, towns: int = 40, seed: int = 1) -> pd.DataFrame:
    """Return people with the usual entropies, `per_home` of them at each address."""
    luck = np.random.default_rng(seed)
    homes = np.arange(ROWS) // per_home
    town = homes % towns
    return pd.DataFrame(
        {
            "first": [f"First{n}" for n in luck.integers(0, 512, ROWS)],
            "last": [f"Last{n}" for n in luck.integers(0, 2048, ROWS)],
            "born": [
                f"{1930 + n // 300}-{1 + n // 25 % 12:02}-{1 + n % 25:02}"
                for n in luck.integers(0, 25_000, ROWS)
            ],
            "street": [f"{n} High Road" for n in homes],
            "town": [f"Town{n}" for n in town],
            "postcode": [f"P{n:04}" for n in homes // 8],
        },
        dtype=object,
    )


def test_usual_columns_keep_about_the_default_of_their_types() -> None:
    made = propose_budgets(people(), FIELDS)
    for name, kind, _ in FIELDS[:3]:
        assert made[name] == pytest.approx(FIELD_TYPES[kind].budget, rel=0.15), name


def test_homes_of_one_person_speak_louder_than_homes_of_households() -> None:
    alone, together = (propose_budgets(people(per_home=n), FIELDS) for n in (1, 4))
    for name in ("address", "locality", "postcode"):
        assert alone[name] > 1.8 * together[name], name
    assert alone["surname"] == together["surname"]
    default = FIELD_TYPES["address"].budget
    assert alone["address"] == pytest.approx(2.0 * default, abs=2.5)
    assert together["address"] == pytest.approx(0.75 * default, abs=2.5)


def test_the_same_people_twice_are_no_households() -> None:
    once = people()
    twice = pd.concat([once, once], ignore_index=True)
    assert propose_budgets(twice, FIELDS)["address"] == propose_budgets(once, FIELDS)["address"]


def test_people_without_name_or_date_at_one_address_count_as_a_household() -> None:
    fields = FIELDS[3:]
    made = propose_budgets(people(per_home=4), fields)
    assert made["address"] == pytest.approx(0.75 * FIELD_TYPES["address"].budget, abs=2.5)


def test_a_town_that_all_share_gets_half() -> None:
    many, one = (propose_budgets(people(towns=n), FIELDS) for n in (40, 1))
    assert one["locality"] <= 0.6 * many["locality"]
    assert one["address"] == many["address"]


def test_a_field_that_is_often_missing_gets_less() -> None:
    frame = people()
    frame.loc[frame.index % 2 == 0, "born"] = ""
    made, full = propose_budgets(frame, FIELDS), propose_budgets(people(), FIELDS)
    assert made["born"] == pytest.approx(0.75 * full["born"], abs=5)
    assert {**made, "born": 0} == {**full, "born": 0}


def test_an_unreadable_value_counts_as_missing() -> None:
    fields = [*FIELDS, ("sex", "sex", "sex")]
    right = people().assign(sex="f")
    wrong = right.assign(sex="?!?")
    assert propose_budgets(wrong, fields)["sex"] <= propose_budgets(right, fields)["sex"]


def test_a_postcode_alone_gets_more_than_beside_an_address() -> None:
    frame = people(per_home=4)
    beside = propose_budgets(frame, FIELDS)["postcode"]
    alone = propose_budgets(frame, [f for f in FIELDS if f[0] not in ("address", "locality")])
    assert beside < alone["postcode"] <= 2 * 1.25 * FIELD_TYPES["postcode"].budget + 2.5


def test_values_that_differ_in_writing_only_are_one_value() -> None:
    frame = people(per_home=2)
    shouted = frame.copy()
    shouted.loc[::2, "street"] = shouted.loc[::2, "street"].str.upper().str.replace("ROAD", "Rd.")
    assert propose_budgets(shouted, FIELDS) == propose_budgets(frame, FIELDS)


@pytest.mark.parametrize("rows", [0, 1, 49])
def test_a_few_rows_leave_the_defaults(rows: int) -> None:
    made = propose_budgets(people().head(rows), FIELDS)
    for name, kind, _ in FIELDS:
        default = FIELD_TYPES[kind].budget
        assert made[name] == pytest.approx(default, abs=2.5), name


def test_the_words_say_what_moved_a_budget() -> None:
    frame = people(per_home=4, towns=1)
    frame.loc[frame.index % 2 == 0, "born"] = ""
    words = {name: proposal.words for name, proposal in reasoned_budgets(frame, FIELDS).items()}
    assert words["surname"] == ""
    assert words["born"] == "often missing"
    assert words["address"] == "homes are often shared"
    assert words["locality"] == "few different values, homes are often shared"
    alone = reasoned_budgets(people(), [("postcode", "postcode", "postcode")])["postcode"]
    assert "stands for the other parts of an address" in alone.words


def test_the_words_hold_no_figure_and_the_figures_no_value() -> None:
    for proposal in reasoned_budgets(people(per_home=2), FIELDS).values():
        assert not any(letter.isdigit() for letter in proposal.words)
        assert "Town" not in proposal.figures
        assert "Last" not in proposal.figures


def test_an_empty_column_is_no_error() -> None:
    made = propose_budgets(people().assign(street=""), FIELDS)
    assert made["address"] >= 5


def test_every_type_gets_a_budget() -> None:
    fields = [(f"f{n}", kind, "first") for n, kind in enumerate(FIELD_TYPES)]
    assert set(propose_budgets(people(), fields)) == {name for name, _, _ in fields}


def test_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(KeyError):
        propose_budgets(people(), [("x", "surname", "nowhere")])


@settings(max_examples=40, deadline=None)
@given(
    columns=st.lists(
        st.lists(st.sampled_from(["", " ", "a", "b b", "2001-02-03", "é", "Ω"]), min_size=60, max_size=60),
        min_size=1, max_size=4,
    ),
    kinds=st.lists(st.sampled_from(sorted(FIELD_TYPES)), min_size=4, max_size=4),
    seed=st.integers(0, 9),
)  # fmt: skip
def test_budgets_are_bounded_multiples_of_five_and_forget_the_order_of_rows(
    columns: list[list[str]], kinds: list[str], seed: int
) -> None:
    frame = pd.DataFrame({f"c{n}": values for n, values in enumerate(columns)}, dtype=object)
    fields = [(f"f{n}", kinds[n], f"c{n}") for n in range(len(columns))]
    made = propose_budgets(frame, fields)
    for name, kind, _ in fields:
        default = FIELD_TYPES[kind].budget
        assert made[name] % 5 == 0
        assert 5 <= made[name] <= 2.5 * default + 2.5
        assert made[name] >= default / 2 / 2 * 0.75 - 2.5
    assert propose_budgets(frame.sample(frac=1, random_state=seed), fields) == made
