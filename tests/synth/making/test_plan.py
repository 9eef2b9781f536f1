"""A plan says everything, goes round through its plain values and TOML, and refuses contradictions by name."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pprl.base.errors import DataError, UsageError
from pprl.synth.files.forms import FORMS
from pprl.synth.making.groups import Group
from pprl.synth.making.plan import PartyPlan, PopulationPlan, load_plan

plain_plans = st.fixed_dictionaries(
    {},
    optional={
        "people": st.integers(1, 10**8),
        "files": st.integers(2, 20),
        "overlap": st.floats(0, 1),
        "country": st.sampled_from(["gb", "fr"]),
        "towns": st.integers(1, 50),
        "profile": st.sampled_from(["none", "heavy"]),
        "seed": st.integers(0, (1 << 63) - 1),
        "as_of": st.dates().filter(lambda d: 1940 <= d.year <= 2100).map(str),
        "rates": st.dictionaries(st.sampled_from(["sex_wrong", "moved_house"]), st.floats(0, 1)),
        "dependence": st.floats(0, 1),
        "duplicates": st.floats(0, 1),
        "error_factors": st.dictionaries(
            st.sampled_from(["age=0-4", "sex=F", "origin=polish"]), st.floats(0, 20)
        ),
        "output": st.sampled_from(["csv", "parquet"]),
        "groups": st.booleans(),
        "party": st.lists(
            st.fixed_dictionaries(
                {"name": st.from_regex(r"[a-z0-9][a-z0-9_-]{0,39}", fullmatch=True)},
                optional={
                    "case": st.sampled_from(["upper", "as-is"]),
                    "coverage": st.dictionaries(
                        st.sampled_from(["0-17", "sex=M"]), st.floats(0, 1)
                    ),
                    "columns": st.just({"last": ["surname"], "first": ["given_name"]}),
                    "sex": st.just(["1", "2"]),
                },
            ),
            max_size=2,
            unique_by=lambda party: party["name"],
        ),
    },
)


@given(plain_plans)
def test_a_plan_goes_round_through_its_plain_values(content: dict[str, Any]) -> None:
    plan = PopulationPlan.from_dict(content)
    told = json.loads(json.dumps(plan.to_dict()))
    assert PopulationPlan.from_dict(told) == plan
    assert told["format"] == "pprl-synth-plan/1"
    for name, value in content.items():
        if name != "party":
            assert told[name] == value


def test_later_entries_are_told_only_if_they_are_given() -> None:
    """So that `about.json` of a plan from before them keeps its bytes."""
    plain = PopulationPlan(party=(PartyPlan(name="x"),)).to_dict()
    later = {"split_families", "han_names", "date_precision", "most_rows"}
    assert not later & {*plain, *plain["party"][0]}
    plan = PopulationPlan(
        split_families=0.0,
        han_names=0.1,
        party=(PartyPlan(name="x", date_precision="year", most_rows=1),),
    )
    told = json.loads(json.dumps(plan.to_dict()))
    assert (told["split_families"], told["han_names"]) == (0.0, 0.1)
    assert (told["party"][0]["date_precision"], told["party"][0]["most_rows"]) == ("year", 1)
    assert PopulationPlan.from_dict(told) == plan


def test_parties_that_are_not_named_get_letters_and_forms_in_turn() -> None:
    plan = PopulationPlan(files=4, party=(PartyPlan(name="b", case="lower"),))
    assert [party.name for party in plan.parties()] == ["b", "a", "c", "d"]
    forms = [party.form(place) for place, party in enumerate(plan.parties())]
    assert (forms[0].id, forms[0].case) == (FORMS[0].id, "lower")
    assert forms[1:] == [FORMS[1], FORMS[2], FORMS[0]]
    assert len(PopulationPlan(files=20).parties()) == 20


@pytest.mark.parametrize(
    ("text", "kind", "low", "high"),
    [
        ("age=0-17", "age", 0, 17),
        ("age=65-120", "age", 65, 120),
        ("sex=F", "sex", 0, 0),
        ("origin=polish", "origin", 0, 0),
    ],
)
def test_groups_are_ages_sexes_and_origins(text: str, kind: str, low: int, high: int) -> None:
    group = Group.parse(text)
    assert (group.kind, group.low, group.high) == (kind, low, high)


@pytest.mark.parametrize(
    "text",
    ["age=17-0", "age=old", "age=5", "sex=X", "origin=", "town=Ulm", "", "age=-5-7", "65-120"],
)
def test_what_is_no_group_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="age"):
        Group.parse(text)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"peple": 5}, "Did you mean 'people'"),
        ({"people": 0}, "at least 1"),
        ({"people": 10**9}, "at most 100,000,000"),
        ({"people": "many"}, "people"),
        ({"people": 2.5}, "people"),
        ({"files": 21}, "at most 20"),
        ({"files": 0}, "at least 1"),
        ({"overlap": 1.5}, "share of the average file's people"),
        ({"overlap": -0.1}, "overlap"),
        ({"seed": -1}, "seed"),
        ({"seed": 1 << 63}, "seed"),
        ({"as_of": "2026-02-30"}, "YYYY-MM-DD"),
        ({"as_of": "1926-02-03"}, "1940"),
        ({"dependence": 2}, "dependence"),
        ({"duplicates": 1.1}, "duplicates"),
        ({"output": "xlsx"}, "output"),
        ({"format": "pprl-synth-plan/2"}, "format"),
        ({"error_factors": {"age=x": 2.0}}, "not a group"),
        ({"error_factors": {"age=0-9": -1.0}}, "error_factors"),
        ({"error_factors": {"age=0-9": 21.0}}, "at most 20"),
        ({"party": [{"name": "a"}, {"name": "a"}]}, "named twice"),
        ({"party": [{"name": "a"}, {"name": "b"}], "files": 1}, "2 parties"),
        ({"party": [{"name": "A b"}]}, "party[1].name"),
        ({"party": [{"name": "../x"}]}, "party[1].name"),
        ({"party": [{}]}, "party[1].name"),
        ({"party": [{"name": "truth"}]}, "name of another file"),
        ({"party": [{"name": "b"}, {"name": "nul"}]}, "name of another file"),
        ({"party": [{"name": "a", "colums": {}}]}, "Did you mean 'columns'"),
        ({"party": [{"name": "a", "coverage": {"0-9": 1.5}}]}, "at most 1"),
        ({"party": [{"name": "a", "coverage": {"young": 0.5}}]}, "not a group"),
        ({"party": [{"name": "a", "columns": {'q"': ["surname"]}}]}, "party[1]"),
        ({"party": [{"name": "a", "columns": {"x\x7f": ["surname"]}}]}, "control characters"),
        ({"party": [{"name": "a", "columns": {" x": ["surname"]}}]}, "outer spaces"),
        ({"party": [{"name": "a", "columns": {"": ["surname"]}}]}, "is empty"),
        ({"party": [{"name": "a", "columns": {"1": ["surname"]}}]}, "needs a letter"),
        ({"party": [{"name": "a", "id": "7"}]}, "needs a letter"),
        ({"party": [{"name": "people"}]}, "name of another file"),
        ({"party": [{"name": "about"}]}, "name of another file"),
        ({"party": [{"name": "linkage"}]}, "name of another file"),
        ({"party": [{"name": "com1"}]}, "name of another file"),
        ({"party": {"name": "a"}}, "write [[party]]"),
        ({"rates": {"sex_wrong": "often"}}, "rates.sex_wrong: must be a number"),
        ({"rates": [1]}, "rates: must be a table"),
        ({"groups": "yes"}, "groups: must be true or false"),
        ({"country": 5}, "must be text"),
        ({"overlap": float("nan")}, "must be a number"),
        ({"files": True}, "must be a whole number"),
        ({"towns": 0}, "at least 1"),
        ({1: 2}, "1"),
        ({"split_families": 1.5}, "at most 1"),
        ({"split_families": 0.5, "files": 1}, "two files or more"),
        ({"split_families": 0.5, "party": [{"name": "a", "coverage": {"0-9": 0.5}}]}, "coverage"),
        ({"party": [{"name": "a", "most_rows": 0}]}, "at least 1"),
        ({"party": [{"name": "a", "most_rows": 2, "duplicates": 0.1}]}, "most_rows and duplicates"),
        ({"party": [{"name": "a", "date_precision": "week"}]}, "'day', 'month' or 'year'"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused_by_name(content: Any, says: str) -> None:
    with pytest.raises(UsageError) as refusal:
        PopulationPlan.from_dict(content)
    assert says in f"{refusal.value.problem} {refusal.value.hint}"
    with pytest.raises(DataError) as of_a_file:
        PopulationPlan.from_dict(content, source="p.toml")
    assert of_a_file.value.problem == f"p.toml: {refusal.value.problem}"
    assert of_a_file.value.hint == refusal.value.hint
    assert not re.search("input should|valid|pydantic|type=", of_a_file.value.problem, re.I)


def test_a_plan_is_frozen() -> None:
    with pytest.raises(ValidationError):
        PopulationPlan().people = 5  # type: ignore[misc]


def test_a_plan_file_is_read_as_plain_values(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text('people = 50\n[[party]]\nname = "x"\n[rates]\nsex_wrong = 0.5\n', "utf-8")
    plan = PopulationPlan.from_dict(load_plan(path))
    assert (plan.people, plan.parties()[0].name, plan.rates) == (50, "x", {"sex_wrong": 0.5})


@pytest.mark.parametrize(
    "content", [b"people = ", b"\xff\xfe", b"x" * ((1 << 20) + 1), b"a = [" + b"[" * 5000]
)
def test_a_plan_file_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"plan\.toml"):
        load_plan(path)
    with pytest.raises(DataError, match="no such file"):
        load_plan(tmp_path / "plna.toml")
    with pytest.raises(DataError):
        load_plan(tmp_path)
