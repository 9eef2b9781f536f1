"""Errors come at the rates asked for, whatever their dependence, and dependence is what makes them gather."""

from __future__ import annotations

import itertools
from math import sqrt

import numpy as np
import pandas as pd
import pytest

from pprl.base.errors import UsageError
from pprl.synth.errors.apply import Corrupted, corrupt
from pprl.synth.errors.corruptor import CARELESS, Corruptor, ErrorCounts, household_means
from pprl.synth.errors.error_type import Corruption, text_corruption
from pprl.synth.errors.profiles import PROFILES
from pprl.synth.errors.rates import ErrorPlan, ErrorRequest
from pprl.synth.people.fields import FIELDS
from pprl.synth.people.population import population

RECORDS = 40_000
FEWEST = 500
HEAVY = PROFILES["heavy"].rates
DEPENDENCE = (0.0, 0.5, 1.0)

TYPED = {
    "surname": ("surname_by_ear", "surname_neighbour_key", "surname_letter_dropped"),
    "date": ("day_digit_wrong", "year_digit_wrong", "day_month_swapped"),
    "postcode": ("postcode_character_wrong", "postcode_transposed"),
    "sex": ("sex_wrong",),
    "locality": ("locality_neighbour_key", "locality_letter_dropped"),
}
"""Slots of which each error is possible in nearly every record and whose fields are nobody else's."""


@pytest.fixture(scope="module")
def clean() -> pd.DataFrame:
    return population(RECORDS, seed=3).frame()


def room(asked: float, possible: int, household: np.ndarray | None = None) -> float:
    """4.5 binomial standard errors, widened where households get an error together (design effect)."""
    effect = 1.0
    if household is not None:
        sizes = np.bincount(household)
        effect = float((sizes**2).sum() / sizes.sum())
    return 4.5 * sqrt(asked * (1 - asked) * effect / possible)


def assert_rates(made: Corrupted, clean: pd.DataFrame) -> int:
    checked = 0
    for row in made.rates.itertuples():
        if row.possible >= FEWEST:
            checked += 1
            shared = clean["household"].to_numpy() if row.error == "moved_house" else None
            assert abs(row.rate - row.asked) < room(row.asked, row.possible, shared), row
    return checked


@pytest.fixture(scope="module")
def heavy(clean: pd.DataFrame) -> Corrupted:
    """All errors of the heavy profile, with its dependence."""
    return corrupt(clean, profile="heavy", seed=6)


def test_each_error_of_the_heavy_profile_has_the_rate_asked_for(
    clean: pd.DataFrame, heavy: Corrupted
) -> None:
    assert assert_rates(heavy, clean) >= 70


@pytest.mark.parametrize(
    ("profile", "dependence"),
    [("light", None), ("typical", 0.0), ("typical", None), ("heavy", 0.0), ("register", None)],
)
def test_each_errors_rate_is_the_one_asked_for(
    clean: pd.DataFrame, profile: str, dependence: float | None
) -> None:
    """All errors of a profile at once: within 4.5 standard errors where 500 or more of 40,000 are possible."""
    made = corrupt(clean, profile=ErrorRequest(profile=profile, dependence=dependence), seed=6)
    assert len(made.rates) == len(PROFILES[profile].rates)
    assert assert_rates(made, clean) >= 70


def test_at_full_dependence_late_errors_fall_short_by_no_more_than_is_said(
    clean: pd.DataFrame,
) -> None:
    """The documented limit: only careless records have errors, so that few are left for the last of a heavy profile."""
    made = corrupt(clean, profile=ErrorRequest(profile="heavy", dependence=1.0), seed=6)
    table = made.rates[made.rates["possible"] >= FEWEST]
    short = 0
    for row in table.itertuples():
        shared = clean["household"].to_numpy() if row.error == "moved_house" else None
        wide = room(row.asked, row.possible, shared)
        assert row.asked / 5 - wide < row.rate < row.asked + wide, row
        short += row.rate < row.asked - wide
    assert short < 8
    assert made.errors["row"].nunique() < 0.5 * RECORDS


@pytest.mark.parametrize(
    "rates",
    [
        # Of one slot, where the first makes the second impossible.
        {"middle_name_dropped": 0.5, "middle_name_initial": 0.5},
        # Of two slots, where the first makes the second possible, in careless records above all.
        {"given_and_middle_joined": 0.05, "given_name_joined": 0.2},
        # And where the first takes away what the second needs.
        {"given_name_missing": 0.1, "given_names_missing": 0.1},
    ],
)
@pytest.mark.parametrize("dependence", DEPENDENCE)
def test_rates_hold_where_one_error_decides_whether_another_is_possible(
    clean: pd.DataFrame, rates: dict[str, float], dependence: float
) -> None:
    names = sorted({"given_name", "middle_name"})
    made = corrupt(
        clean[names],
        profile=ErrorRequest(profile="none", rates=rates, dependence=dependence),
        seed=4,
    )
    assert int(made.rates["possible"].min()) >= FEWEST
    for row in made.rates.itertuples():
        assert abs(row.rate - row.asked) < room(row.asked, row.possible), row


LOST = [name for name in FIELDS if name != "middle_name"]


@pytest.mark.parametrize("dependence", [0.0, 0.5])
def test_missing_values_attract_each_other_where_errors_depend(
    clean: pd.DataFrame, dependence: float
) -> None:
    """By the values alone: no two fields are missing together less often than by chance.

    The statistic of each pair of fields is (both - n p q) / sqrt(n p q).
    """
    single = {f"{name}_missing": 0.05 for name in LOST}
    made = corrupt(
        clean, profile=ErrorRequest(profile="none", rates=single, dependence=dependence), seed=12
    )
    gone = {name: (made.frame[name] == "").to_numpy() for name in LOST}
    statistics = []
    for one, other in itertools.combinations(gone.values(), 2):
        expected = one.mean() * other.mean() * RECORDS
        statistics.append(((one & other).sum() - expected) / sqrt(expected))
    if dependence == 0:
        assert max(map(abs, statistics)) < 4
    else:
        assert min(statistics) > 3


def test_in_a_whole_profile_no_two_fields_avoid_being_missing_together(heavy: Corrupted) -> None:
    gone = {name: (heavy.frame[name] == "").to_numpy() for name in LOST}
    for (first, one), (second, other) in itertools.combinations(gone.items(), 2):
        expected = one.mean() * other.mean() * RECORDS
        assert (one & other).sum() - expected > -4 * sqrt(expected), (first, second)
    # What the literature says of places and of births: they are lost together.
    for first, second in (
        ("address", "postcode"),
        ("locality", "postcode"),
        ("date_of_birth", "sex"),
    ):
        assert (gone[first] & gone[second]).sum() > 3 * gone[first].mean() * gone[
            second
        ].mean() * RECORDS


@pytest.fixture(scope="module", params=DEPENDENCE)
def typed(
    request: pytest.FixtureRequest, clean: pd.DataFrame
) -> tuple[float, dict[str, np.ndarray]]:
    """For each slot the records with one of its errors."""
    rates = {name: HEAVY[name] for names in TYPED.values() for name in names}
    made = corrupt(
        clean, profile=ErrorRequest(profile="none", rates=rates, dependence=request.param), seed=8
    )
    inside = {}
    for slot, names in TYPED.items():
        inside[slot] = np.zeros(RECORDS, dtype=bool)
        inside[slot][made.errors.loc[made.errors["error"].isin(names), "row"].to_numpy()] = True
    return request.param, inside


def test_errors_of_a_record_depend_on_each_other_as_asked(
    typed: tuple[float, dict[str, np.ndarray]],
) -> None:
    """Records with errors in two slots, against the product of the shares.

    The statistic is (both - n p q) / sqrt(n p q) over all pairs of slots: standard normal where errors are
    independent. With the dependence d the expected ratio both / (n p q) is 1 + 4 d^2.
    """
    dependence, inside = typed
    both = expected = 0.0
    for one, other in itertools.combinations(inside.values(), 2):
        both += (one & other).sum()
        expected += one.mean() * other.mean() * RECORDS
    statistic = (both - expected) / sqrt(expected)
    if dependence == 0:
        assert abs(statistic) < 4
    else:
        assert statistic > 8
    assert abs(both / expected - (1 + 4 * dependence**2)) < 4.5 * sqrt(
        (1 + 4 * dependence**2) / expected
    )


def test_at_full_dependence_only_careless_records_have_errors(
    typed: tuple[float, dict[str, np.ndarray]],
) -> None:
    dependence, inside = typed
    with_error = np.logical_or.reduce(list(inside.values())).mean()
    if dependence == 1:
        assert with_error < CARELESS
    else:
        assert with_error > 0.04


def corruptor(
    *, dependence: float, names: tuple[str, ...] = ("x", "y"), rate: float = 0.5
) -> Corruptor:
    made = tuple(
        text_corruption(name, "t", lambda text, dice: text + "!", possible=lambda text: True)
        for name in names
    )
    rates = dict.fromkeys(names, rate)
    return Corruptor(ErrorPlan(corruptions=made, rates=rates, dependence=dependence))


@pytest.mark.parametrize("dependence", DEPENDENCE)
def test_a_slot_that_is_full_gives_each_record_exactly_one_error(dependence: float) -> None:
    """Rates that add up to 1: no record escapes and none gets two, careless or not."""
    columns = {"t": np.array(["a"] * 5000, dtype=object)}
    counts = corruptor(dependence=dependence).run(columns, (1, "t", 0))
    assert set(columns["t"]) == {"a!"}
    assert sum(counts.made.values()) == 5000
    assert abs(counts.made["x"] / 5000 - 0.5) < 4.5 * 0.5 / sqrt(5000)


def test_counting_where_errors_are_possible_changes_no_error_of_independent_ones() -> None:
    made = text_corruption(
        "x", "t", lambda text, dice: text + "!", possible=lambda text: text != "b"
    )
    plan = ErrorPlan(corruptions=(made,), rates={"x": 0.4}, dependence=0.0)
    texts = np.array(["a", "b", "c"] * 500, dtype=object)
    found = []
    for count_first in (None, 0):
        columns = {"t": texts.copy()}
        found.append((columns, Corruptor(plan).run(columns, (1, "t", 0), count_first=count_first)))
    (one, counted), (two, plain) = found
    assert one["t"].tolist() == two["t"].tolist()
    assert counted.made == plain.made == {"x": sum(text.endswith("!") for text in one["t"])}
    assert counted.possible == {"x": 1000}
    assert counted.counted == counted.made
    assert plain.possible == plain.counted == {}


def test_blocks_that_are_not_counted_have_the_rates_of_the_one_that_was() -> None:
    """What the first block found out about carelessness holds for the next ones."""
    rate, rows = 0.2, 20_000
    first = text_corruption("first", "t", lambda text, dice: "b", possible=lambda text: text == "a")
    later = text_corruption(
        "later", "t", lambda text, dice: "c", possible=lambda text: text == "b", slot="later"
    )
    rates = {"first": rate, "later": rate}
    ready = Corruptor(ErrorPlan(corruptions=(first, later), rates=rates, dependence=0.8))
    for block in range(3):
        columns = {"t": np.array(["a"] * rows, dtype=object)}
        counts = ready.run(columns, (1, "t", block), count_first=None if block == 0 else 0)
        assert abs(counts.made["first"] / rows - rate) < room(rate, rows)
        # Without evening out it would be made three times as often.
        possible = counts.made["first"]
        assert abs(counts.made["later"] / possible - rate) < 2 * room(rate, possible)


@pytest.mark.parametrize(
    "given",
    [
        "x",
        ("x",),
        ("x", "y", "z"),
        (),
        ("x", None),
        ("x", 1),
        None,
        5,
        "xy",
        ["x", "y"],
    ],
)
def test_a_change_that_gives_back_something_else_than_its_texts_is_refused(given: object) -> None:
    own = Corruption(
        name="own", fields=("t", "u"), change=lambda values, dice: given, possible=any, slot="own"
    )  # type: ignore[arg-type, return-value]
    ready = Corruptor(ErrorPlan(corruptions=(own,), rates={"own": 1.0}, dependence=0.0))
    columns = {name: np.array(["zqmark"], dtype=object) for name in "tu"}
    with pytest.raises(UsageError, match="'own'") as refusal:
        ready.run(columns, (1, "t", 0))
    assert "zqmark" not in f"{refusal.value.problem} {refusal.value.hint}"
    assert [column.tolist() for column in columns.values()] == [["zqmark"], ["zqmark"]]


def test_a_slot_of_errors_that_households_share_and_others_is_refused() -> None:
    own = [
        Corruption(
            name=name, fields=("t",), change=lambda values, dice: ("x",), possible=all, slot="s", shared=shared
        )
        for name, shared in (("one", True), ("two", False))
    ]  # fmt: skip
    with pytest.raises(UsageError, match="'s'"):
        Corruptor(ErrorPlan(corruptions=tuple(own), rates={"one": 0.1, "two": 0.1}, dependence=0.0))


def test_a_household_has_an_error_together_with_the_mean_of_its_factors() -> None:
    homes, rate = 20_000, 0.2
    household = np.repeat(np.arange(homes), 2)
    factor = np.where(household % 2 == 0, 1.0, np.tile([0.0, 3.0], homes))
    own = Corruption(
        name="own", fields=("t",), change=lambda values, dice: ("x",), possible=all, slot="s", shared=True
    )  # fmt: skip
    ready = Corruptor(ErrorPlan(corruptions=(own,), rates={"own": rate}, dependence=1.0))
    columns = {"t": np.array(["a"] * len(household), dtype=object)}
    means = household_means(household, factor)
    assert means.tolist() == [1.0, 1.5] * (homes // 2)
    ready.run(
        columns, (1, "t", 0), factor=factor, household=household, household_factor=means[household]
    )
    hit = (columns["t"] == "x").reshape(homes, 2)
    assert (hit[:, 0] == hit[:, 1]).all()
    for kind, share in ((0, rate), (1, 1.5 * rate)):
        assert abs(hit[kind::2, 0].mean() - share) < room(share, homes // 2)


def test_errors_are_made_in_the_order_of_their_stages() -> None:
    late = text_corruption("late", "t", lambda text, dice: text + "2", slot="l", stage=3)
    early = text_corruption("early", "t", lambda text, dice: text + "1", slot="e", stage=0)
    plan = ErrorPlan(corruptions=(late, early), rates={"late": 1.0, "early": 1.0}, dependence=0.0)
    columns = {"t": np.array(["", "a"], dtype=object)}
    Corruptor(plan).run(columns, (1, "t", 0))
    assert columns["t"].tolist() == ["12", "a12"]


def test_an_error_without_a_rate_is_not_active() -> None:
    made = text_corruption("x", "t", lambda text, dice: text + "!")
    assert ErrorPlan(corruptions=(made,), rates={}, dependence=0).active() == ()
    assert ErrorPlan(corruptions=(made,), rates={"x": 0.0}, dependence=0).active() == ()


def test_counts_of_blocks_add_up() -> None:
    total = ErrorCounts()
    total.add(
        ErrorCounts(made={"x": 1}, possible={"x": 5}, counted={"x": 1}, rows={"x": np.array([3])})
    )
    total.add(ErrorCounts(made={"x": 2, "y": 1}))
    assert total == ErrorCounts(made={"x": 3, "y": 1}, possible={"x": 5}, counted={"x": 1})
