"""`corrupt` changes the fields it says it changed, keeps everything else, and refuses what it can't take."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.base.errors import DataError, UsageError
from pprl.synth import Corruption, ErrorRequest, corrupt, population, text_corruption
from pprl.synth.errors.catalogue import all_errors
from pprl.synth.errors.profiles import PROFILES
from pprl.synth.people.fields import FIELDS

TEXT = (*FIELDS, "former_surname")


@pytest.fixture(scope="module")
def clean() -> pd.DataFrame:
    frame = population(3000, seed=3, towns=5).frame()
    frame.insert(2, "note", np.arange(3000) * 0.5)
    frame.index = pd.Index([f"r{n % 2900}" for n in range(3000)], name="key")  # not unique
    return frame


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("country", ["gb", "de"])
def test_all_else_is_untouched_and_the_errors_are_told_truly(
    clean: pd.DataFrame, profile: str, country: str
) -> None:
    before = clean.copy(deep=True)
    made = corrupt(clean, profile=profile, country=country, seed=5)
    pd.testing.assert_frame_equal(clean, before)
    assert list(made.frame.columns) == list(clean.columns)
    pd.testing.assert_index_equal(made.frame.index, clean.index)
    others = [name for name in clean.columns if name not in TEXT]
    pd.testing.assert_frame_equal(made.frame[others], clean[others])
    changed = (made.frame[list(TEXT)].to_numpy() != clean[list(TEXT)].to_numpy()).any(axis=1)
    told = np.zeros(len(clean), dtype=bool)
    told[made.errors["row"].to_numpy(dtype=int)] = True
    assert not (changed & ~told).any(), "a row changed and is not told of"
    # Two errors of a row may cancel out (a sex that was wrong is then missing is still a change; a name swapped
    # twice is not); hardly any do.
    assert (told & ~changed).sum() <= 0.001 * len(clean)
    assert changed.any() == (profile != "none")
    counts = made.errors["error"].value_counts().to_dict()
    table = made.rates.set_index("error")
    assert {name: n for name, n in table["made"].to_dict().items() if n} == counts
    assert (table["made"] <= table["possible"]).all()


def test_rows_with_one_error_differ_in_that_errors_fields_alone(clean: pd.DataFrame) -> None:
    made = corrupt(clean, profile="heavy", seed=9)
    fields = {row.error: set(row.fields.split(", ")) for row in all_errors().itertuples()}
    alone = made.errors.drop_duplicates("row", keep=False)
    assert len(alone) > 300
    for row, error in zip(alone["row"], alone["error"], strict=True):
        old, new = clean.iloc[row], made.frame.iloc[row]
        differ = {name for name in TEXT if old[name] != new[name]}
        assert differ
        assert differ <= fields[error]


def test_errors_are_those_of_the_seed(clean: pd.DataFrame) -> None:
    one, two, other = (corrupt(clean, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one.frame, two.frame)
    pd.testing.assert_frame_equal(one.errors, two.errors)
    assert not one.errors.equals(other.errors)


def test_a_table_of_some_fields_gets_the_errors_of_those(clean: pd.DataFrame) -> None:
    made = corrupt(clean[["surname", "note"]], profile="heavy")
    assert list(made.frame.columns) == ["surname", "note"]
    assert set(made.rates["error"]) == {
        e for e in PROFILES["heavy"].rates if e.startswith("surname_")
    }


def test_an_error_of_ones_own_is_made_at_its_rate() -> None:
    frame = pd.DataFrame({"surname": ["Ash", "Birch", ""] * 3000})
    own = text_corruption("asterisk", "surname", lambda text, dice: text and f"{text}*")
    made = corrupt(
        frame,
        profile=ErrorRequest(profile="none", rates={"asterisk": 0.25}, dependence=0.7),
        more=[own],
    )
    (row,) = made.rates.itertuples()
    assert (row.error, row.asked, row.possible) == ("asterisk", 0.25, 6000)
    assert abs(row.rate - 0.25) < 4.5 * sqrt(0.25 * 0.75 / 6000)
    starred = made.frame["surname"].str.endswith("*")
    assert starred.sum() == row.made
    assert made.errors["row"].tolist() == np.flatnonzero(starred).tolist()


def test_an_error_of_ones_own_may_be_random_and_rare() -> None:
    """One that is possible for some texts only, found by trying: what is told of has changed."""
    frame = pd.DataFrame({"locality": ["Aachen", "Bonn", "Ulm"] * 500})
    own = text_corruption(
        "twice", "locality", lambda text, dice: text.replace("nn", dice.one(["n", "nn", "m"]))
    )
    made = corrupt(frame, profile=ErrorRequest(profile="none", rates={"twice": 1.0}), more=[own])
    assert made.rates["possible"].tolist() == made.rates["made"].tolist() == [500]
    assert set(made.frame["locality"]) == {"Aachen", "Bon", "Bom", "Ulm"}


def test_factors_multiply_the_rates_of_their_rows(clean: pd.DataFrame) -> None:
    frame = pd.concat([clean] * 4)
    factor = np.tile([0.0, 1.0, 2.0, 0.5], len(frame) // 4)
    made = corrupt(
        frame,
        profile=ErrorRequest(profile="none", rates={"sex_wrong": 0.2}, dependence=0.5),
        factor=factor,
    )
    hit = np.bincount(made.errors["row"] % 4, minlength=4) / (len(frame) / 4)
    assert hit[0] == 0
    for share, asked in zip(hit[1:], (0.2, 0.4, 0.1), strict=True):
        assert abs(share - asked) < 4.5 * sqrt(asked * (1 - asked) / (len(frame) / 4))


def test_a_household_column_makes_households_move_together(clean: pd.DataFrame) -> None:
    made = corrupt(clean, profile=ErrorRequest(profile="none", rates={"moved_house": 0.4}))
    moved = (
        made.frame[["address", "locality", "postcode"]].to_numpy()
        != clean[["address", "locality", "postcode"]].to_numpy()
    ).any(axis=1)
    by_house = pd.Series(moved).groupby(clean["household"].to_numpy()).nunique()
    assert (by_house == 1).all()
    assert made.frame.groupby("household")["address"].nunique().max() == 1
    assert 0.2 < moved.mean() < 0.6


@given(
    st.lists(
        st.tuples(*[st.text(st.characters(exclude_categories=["Cs"]), max_size=12)] * 3), max_size=30
    ),
    st.sampled_from(sorted(PROFILES)),
    st.sampled_from(["gb", "de", "es"]),
    st.integers(0, 1 << 62),
)  # fmt: skip
@settings(deadline=None, max_examples=40)
def test_any_text_is_taken_and_stays_text(
    rows: list[tuple[str, ...]], profile: str, country: str, seed: int
) -> None:
    """Names are whatever people write: nothing crashes, the count of rows holds, what is told of is in range."""
    frame = pd.DataFrame(rows, columns=["given_name", "surname", "address"], dtype=object)
    made = corrupt(frame, profile=profile, country=country, seed=seed)
    assert made.frame.shape == frame.shape
    assert all(type(value) is str for value in made.frame.to_numpy().ravel())
    changed = (made.frame.to_numpy() != frame.to_numpy()).any(axis=1)
    assert set(np.flatnonzero(changed)) <= set(made.errors["row"])


def test_no_rows_give_no_errors(clean: pd.DataFrame) -> None:
    made = corrupt(clean.iloc[:0])
    assert len(made.frame) == len(made.errors) == 0
    assert made.errors["row"].dtype == np.int64
    assert list(made.errors.columns) == ["row", "error"]


@pytest.mark.parametrize("value", [float("nan"), None, 7, b"x", ["x"]])
def test_a_field_of_something_else_than_text_is_refused(value: object) -> None:
    frame = pd.DataFrame({"surname": pd.Series(["Ash", value], dtype=object)})
    with pytest.raises(DataError, match="surname") as refusal:
        corrupt(frame)
    assert refusal.value.hint
    with pytest.raises(DataError):
        corrupt(pd.DataFrame({"surname": [1.5, 2.5]}))


def test_a_table_without_fields_is_refused() -> None:
    with pytest.raises(DataError, match="none of a record's fields") as refusal:
        corrupt(pd.DataFrame({"nom": ["x"]}))
    assert "surname" in (refusal.value.hint or "")


def test_a_household_column_of_something_else_is_refused(clean: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="household"):
        corrupt(clean.assign(household="x"))


def asked(options: dict[str, Any]) -> dict[str, Any]:
    """Options of `corrupt`, with those of an error request put into one."""
    own = {name: options[name] for name in ("profile", "rates", "dependence") if name in options}
    rest = {name: value for name, value in options.items() if name not in own}
    return {**rest, "profile": ErrorRequest(**own)}


OWN = text_corruption("sex_wrong", "sex", lambda text, dice: "X")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"rates": {"given_name_nicknam": 0.1}}, "Did you mean 'given_name_nickname'"),
        ({"rates": {"sex_wrong": 1.01}}, "1.01"),
        ({"rates": {"sex_wrong": -0.5}}, "-0.5"),
        ({"rates": {"sex_wrong": float("nan")}}, "nan"),
        ({"rates": {"surname_by_ear": 0.6, "surname_scanned": 0.6}}, "add up"),
        ({"profile": "typcal"}, "Did you mean 'typical'"),
        ({"country": "gbr"}, "Did you mean 'gb'"),
        ({"dependence": 1.5}, "dependence"),
        ({"dependence": float("nan")}, "dependence"),
        ({"factor": [1.0, 2.0]}, "factor"),
        ({"factor": [-1.0] * 3000}, "factor"),
        ({"factor": [float("nan")] * 3000}, "factor"),
        ({"factor": [20.0] * 3000, "profile": "heavy"}, "rate"),
        ({"more": [OWN]}, "sex_wrong"),
    ],
)
def test_what_cannot_be_is_refused(clean: pd.DataFrame, options: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError) as refusal:
        corrupt(clean, **asked(options))
    assert says in f"{refusal.value.problem} {refusal.value.hint}"


def test_a_rate_for_fields_that_the_records_lack_is_refused(clean: pd.DataFrame) -> None:
    with pytest.raises(UsageError, match="middle_name"):
        corrupt(clean[["given_name"]], profile=ErrorRequest(rates={"given_and_middle_joined": 0.1}))


def test_all_errors_are_listed_with_their_source() -> None:
    table = all_errors("fr")
    assert table["error"].is_unique
    assert (table[["title", "source", "fields"]] != "").all(axis=None)
    assert (table["light"] <= table["typical"]).all()
    assert (table["typical"] <= table["heavy"]).all()


def test_a_factor_of_0_for_all_makes_no_errors(clean: pd.DataFrame) -> None:
    made = corrupt(clean, factor=np.zeros(len(clean)), profile="heavy")
    assert len(made.errors) == 0
    assert made.errors["row"].dtype == np.int64
    pd.testing.assert_frame_equal(made.frame, clean)
    assert (made.rates["made"] == 0).all()


@pytest.mark.parametrize(
    "options", [{"rates": {"sex_wrong": "often"}}, {"factor": ["x"] * 3000}, {"dependence": "high"},
                {"dependence": True}, {"rates": {"sex_wrong": None}}, {"factor": 2.0}],
)  # fmt: skip
def test_numbers_that_are_none_are_refused(clean: pd.DataFrame, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        corrupt(clean, **asked(options))


def test_two_parties_get_errors_of_their_own(clean: pd.DataFrame) -> None:
    """Independent of each other: as often together as by chance. One party alone gets the same again."""
    a, again, b = (
        corrupt(clean, profile=ErrorRequest(profile="none", rates={"sex_wrong": 0.3}), party=party)
        for party in "aab"
    )
    pd.testing.assert_frame_equal(a.errors, again.errors)
    both = len(set(a.errors["row"]) & set(b.errors["row"])) / len(clean)
    expected = len(a.errors) * len(b.errors) / len(clean) ** 2
    assert abs(both - expected) < 4.5 * sqrt(expected * (1 - expected) / len(clean))


def test_who_moves_stays_within_the_populations_towns() -> None:
    town = population(2000, seed=3, towns=4)
    clean = town.frame()
    towns = set(clean["locality"])
    made = corrupt(
        clean, profile=ErrorRequest(profile="none", rates={"moved_house": 0.9}), within=town
    )
    assert (made.frame["locality"] != clean["locality"]).mean() > 0.1
    assert set(made.frame["locality"]) == towns
    places = set(zip(clean["postcode"].str[:4], clean["locality"], strict=True))
    moved = set(zip(made.frame["postcode"].str[:4], made.frame["locality"], strict=True))
    assert len({postcode for postcode, _ in moved | places}) == len(moved | places), (
        "a postcode belongs to one town"
    )
    anywhere = corrupt(clean, profile=ErrorRequest(profile="none", rates={"moved_house": 0.9}))
    assert len(set(anywhere.frame["locality"]) - towns) > 10


def test_an_error_of_ones_own_may_be_of_any_text_column(clean: pd.DataFrame) -> None:
    frame = clean.assign(ward="North", bed=["1", ""] * 1500)
    swap = Corruption(
        name="ward_and_bed", fields=("ward", "bed"), possible=all, slot="ward",
        change=lambda values, dice: (values[1], values[0]),
    )  # fmt: skip
    made = corrupt(
        frame, profile=ErrorRequest(profile="none", rates={"ward_and_bed": 1.0}), more=[swap]
    )
    assert made.frame["ward"].tolist() == ["1", "North"] * 1500
    assert made.frame["bed"].tolist() == ["North", ""] * 1500
    others = [name for name in frame.columns if name not in ("ward", "bed")]
    pd.testing.assert_frame_equal(made.frame[others], frame[others])
    (row,) = made.rates.itertuples()
    assert (row.possible, row.made) == (1500, 1500)
    with pytest.raises(DataError, match="note"):
        corrupt(frame, more=[text_corruption("n", "note", lambda text, dice: "x")])
    with pytest.raises(UsageError, match="lack: wing"):
        corrupt(
            frame,
            profile=ErrorRequest(rates={"w": 0.1}),
            more=[text_corruption("w", "wing", lambda t, d: "x")],
        )


def test_a_change_that_gives_back_a_text_is_refused(clean: pd.DataFrame) -> None:
    own = Corruption(
        name="own", fields=("surname",), possible=all, slot="own", change=lambda values, dice: values[0] + "x"
    )  # fmt: skip
    with pytest.raises(UsageError, match="'own'"):
        corrupt(clean, profile=ErrorRequest(rates={"own": 0.5}), more=[own])


def test_two_columns_of_one_name_are_refused(clean: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="two columns have the name surname"):
        corrupt(pd.concat([clean[["surname"]]] * 2, axis=1))
