"""The truth is right under every error, files have the overlap and the errors that were asked for, and repeat."""

from __future__ import annotations

import csv
import hashlib
import re
from collections import defaultdict
from functools import cache
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pprl
from pprl.base.errors import OutputError, UsageError
from pprl.exchange.agreement.model import Agreement
from pprl.synth import text_corruption
from pprl.synth.errors.catalogue import all_errors
from pprl.synth.errors.profiles import PROFILES
from pprl.synth.making.make import make_files
from pprl.synth.making.plan import PartyPlan, PopulationPlan
from pprl.synth.people.fields import FIELDS
from pprl.synth.people.relatives import KINDS, relatives

ERRORS = sorted(PROFILES["heavy"].rates | PROFILES["register"].rates)
PLAIN = {name: (name,) for name in FIELDS}
ABROAD = {
    "given_name_transliterated": "de", "surname_transliterated": "de", "accents_lost": "de",
    "address_accents_lost": "de", "newborn_name": "de", "given_name_joined": "fr", "given_name_cut": "fr",
    "locality_cut": "fr",
}  # fmt: skip
"""Errors that need letters, lengths or newborns of which there are few among 150 British people."""


@cache
def errors_of(country: str) -> dict[str, set[str]]:
    table = all_errors(country)
    return {row.error: set(row.fields.split(", ")) for row in table.itertuples()}


def plain(name: str, **more: Any) -> PartyPlan:
    return PartyPlan(
        name=name,
        columns=PLAIN,
        id="id",
        date_format="YYYY-MM-DD",
        case="as-is",
        sex=("F", "M"),
        **more,
    )


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


@pytest.mark.parametrize("error", ERRORS)
def test_a_record_with_any_error_still_points_to_its_person(making, error: str) -> None:
    """With one error wherever it is possible, all other fields are the person's own, in both parties' forms."""
    country = ABROAD.get(error, "gb")
    touched = errors_of(country)[error]
    made = making(
        people=150 if country == "gb" else 800, country=country, towns=3 if country == "gb" else None, profile="none",
        rates={error: 1.0}, overlap=0.6, duplicates=0.1, seed=5,
    )  # fmt: skip
    made.assert_truth()
    for party, table in made.tables.items():
        clean, form = made.clean(party), made.form(party)
        untouched = [c for c, parts in form.columns.items() if not touched & set(parts)]
        assert untouched or touched >= set(FIELDS)
        for row, own in zip(table, clean, strict=True):
            assert [row[c] for c in untouched] == [own[c] for c in untouched]
        entry = made.about["files"][party]
        told = entry["errors"][error]
        assert told["made"] == told["possible"]
        assert entry["rows"] == len(table)
        assert entry["duplicates"] == len(table) - len(set(made.persons(party).tolist())) > 0
    # The first party writes every field as it is, so each error made shows and nothing else does.
    changed = sum(row != own for row, own in zip(made.tables["a"], made.clean("a"), strict=True))
    assert changed == made.about["files"]["a"]["errors"][error]["made"] > 0


def test_each_error_can_be_made_in_some_country(making) -> None:
    """The test above is not empty: a heavy plan makes every error somewhere."""
    found: set[str] = set()
    for country in ("gb", "de"):
        made = making(people=6000, country=country, profile="heavy", files=1, seed=2)
        register = making(people=6000, country=country, profile="register", files=1, seed=2)
        for files in (made, register):
            errors = files.about["files"]["a"]["errors"]
            found |= {name for name, entry in errors.items() if entry["made"]}
        dates = [row["dob"].split(made.people.country.date_format[2]) for row in made.tables["a"]]
        whole = [date[::-1] for date in dates if len(date) == 3]
        assert max(whole) <= made.plan.as_of.split("-"), "nobody is born after the day of the ages"
    assert set(ERRORS) <= found


@st.composite
def plans(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    country = draw(st.sampled_from(["gb", "us", "de", "fr"]))
    kept = draw(st.sampled_from(FIELDS))
    entries = {
        "people": draw(st.integers(1, 300)),
        "files": draw(st.integers(1, 6)),
        "overlap": draw(st.sampled_from([0.0, 0.01, 0.3, 0.5, 0.6, 0.99, 1.0])),
        "country": country,
        "profile": draw(st.sampled_from(sorted(PROFILES))),
        "towns": draw(st.sampled_from([1, 3, 3, None])),
        "seed": draw(st.integers(0, (1 << 63) - 1)),
        "duplicates": draw(st.none() | st.sampled_from([0.0, 0.2, 1.0])),
        "dependence": draw(st.none() | st.sampled_from([0.0, 1.0])),
        "rates": {name: 0.0 for name, fields in errors_of(country).items() if kept in fields},
    }
    return entries, kept


@given(plans())
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_truth_holds_for_any_plan(making, drawn: tuple[dict[str, Any], str]) -> None:
    """A field without errors is the person's own in each row of each file; everybody is in a file."""
    entries, kept = drawn
    made = making(**entries)
    made.assert_truth()
    assert {person for _, _, person in made.truth} == set(range(entries["people"]))
    for party, table in made.tables.items():
        columns = [c for c, parts in made.form(party).columns.items() if parts == (kept,)]
        clean = made.clean(party)
        for column in columns:
            assert [row[column] for row in table] == [row[column] for row in clean]
        entry, persons = made.about["files"][party], made.persons(party).tolist()
        assert (entry["rows"], entry["people"]) == (len(table), len(set(persons)))
        asked = entries["duplicates"]
        asked = PROFILES[entries["profile"]].duplicates if asked is None else asked
        assert entry["duplicates"] == round(len(set(persons)) * asked)
        assert all(persons.count(person) <= 2 for person in set(persons))


@pytest.mark.parametrize(("files", "overlap"), [(2, 0.0), (2, 0.37), (2, 1.0), (5, 0.6)])
def test_files_overlap_as_asked(making, files: int, overlap: float) -> None:
    """By the truth file alone: people in both of two files over the average file, within one person."""
    made = making(people=900, files=files, overlap=overlap, duplicates=0.05)
    held = [{person for p, _, person in made.truth if p == name} for name in made.tables]
    mean = sum(map(len, held)) / files
    pairs = [len(a & b) for at, a in enumerate(held) for b in held[:at]]
    assert abs(sum(pairs) / len(pairs) - overlap * mean) <= 1
    assert made.about["overlap"]["made"] == pytest.approx(sum(pairs) / len(pairs) / mean, abs=1e-6)


def test_coverage_lowers_who_is_in_a_file(making) -> None:
    made = making(
        people=6000, overlap=0.3, profile="none", towns=5,
        party=(plain("a"), plain("b", coverage={"0-17": 0.1, "origin=polish": 0.0})),
    )  # fmt: skip
    age, origin = made.people.age(), made.people.origin
    polish = made.people.origins().index("polish")
    here, there = (made.persons(name) for name in "ab")
    assert (age[there] < 18).mean() < 0.3 * (age[here] < 18).mean()
    assert (origin == polish).any()
    assert not (origin[there] == polish).any()


@pytest.mark.parametrize(
    "entries",
    [
        {"party": (plain("a", coverage={"0-150": 0.0}),), "overlap": 0.5},
        {"country": "gbb"},
        {"profile": "typicl"},
        {"rates": {"surname_mising": 0.1}},
        {"rates": {"sex_wrong": 1.5}},
        {"rates": {"surname_by_ear": 0.7, "surname_scanned": 0.7}},
        {"error_factors": {"origin=martian": 2.0}},
        {"error_factors": {"age=0-100": 20.0}, "profile": "heavy"},
        {"party": (PartyPlan(name="x", columns={"n": ("surnam",)}),)},
        {"towns": 100_000},
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    tmp_path: Path, entries: dict[str, Any]
) -> None:
    with pytest.raises(UsageError) as refusal:
        make_files(PopulationPlan(people=200, **entries), tmp_path / "out")
    assert refusal.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_refused_unless_an_earlier_run_made_it(tmp_path: Path) -> None:
    plan = PopulationPlan(people=20)
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises((UsageError, OutputError)):
            make_files(plan, out, force=force)
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]
    with pytest.raises(OutputError):
        make_files(plan, out / "thesis.txt", force=True)
    (out / "thesis.txt").unlink()
    out.rmdir()
    make_files(plan, out)
    make_files(PopulationPlan(people=30), out, force=True)
    assert len((out / "truth.csv").read_text().splitlines()) > 30
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_household_moves_together(making) -> None:
    """In one file all of a household have one home, the old or the new one; the other party hears of other moves."""
    rate = 0.3
    made = making(
        people=4000, overlap=1.0, profile="none", rates={"moved_house": rate}, duplicates=0.1,
        party=(plain("a"), plain("b")),
    )  # fmt: skip
    household = made.people.residents.household
    moved: dict[str, set[int]] = {}
    for party, table in made.tables.items():
        homes, moved[party] = defaultdict(set), set()
        for row, own, person in zip(table, made.clean(party), made.persons(party), strict=True):
            home = tuple(row[name] for name in ("address", "locality", "postcode"))
            homes[household[person]].add(home)
            if home != tuple(own[name] for name in ("address", "locality", "postcode")):
                moved[party].add(household[person])
        assert {len(found) for found in homes.values()} == {1}
    count = made.people.residents.households
    for party in "ab":
        assert abs(len(moved[party]) / count - rate) < 4.5 * sqrt(rate * (1 - rate) / count)
    both = len(moved["a"] & moved["b"]) / count
    assert abs(both - rate**2) < 4.5 * sqrt(rate**2 * (1 - rate**2) / count)


def test_error_factors_multiply_a_groups_rates_and_leave_the_others_alone(making) -> None:
    rate = 0.04
    made = making(
        people=30_000, files=1, profile="none", duplicates=0.0, dependence=0.4,
        rates={"sex_wrong": rate, "postcode_character_wrong": rate},
        error_factors={"age=65-120": 3.0, "sex=F": 0.5}, party=(plain("a"),),
    )  # fmt: skip
    rows, clean, persons = made.tables["a"], made.clean("a"), made.persons("a")
    old = made.people.age()[persons] >= 65
    woman = made.people.residents.sex[persons] == 0
    for column in ("sex", "postcode"):
        wrong = np.array([row[column] != own[column] for row, own in zip(rows, clean, strict=True)])
        for group, asked in (
            (old & woman, rate * 1.5),
            (old & ~woman, rate * 3),
            (~old & woman, rate * 0.5),
            (~old & ~woman, rate),
        ):
            room = 4.5 * sqrt(asked * (1 - asked) / group.sum())
            assert abs(wrong[group].mean() - asked) < room


def test_party_rates_and_factors_are_the_partys_own(making) -> None:
    made = making(
        people=8000, overlap=1.0, profile="none", duplicates=0.0, rates={"sex_wrong": 0.1, "sex_missing": 0.1},
        party=(plain("a"), plain("b", rates={"sex_wrong": 0.3}, error_factor=0.5)),
    )  # fmt: skip
    asked = {"a": (0.1, 0.1), "b": (0.15, 0.05)}
    for party, (wrong, missing) in asked.items():
        errors = made.about["files"][party]["errors"]
        for name, share in (("sex_wrong", wrong), ("sex_missing", missing)):
            entry = errors[name]
            assert entry["asked"] == pytest.approx(share)
            assert abs(entry["rate"] - share) < 4.5 * sqrt(share * (1 - share) / 8000)
        rows, clean = made.tables[party], made.clean(party)
        missing_rows = sum(row["sex"] == "" for row in rows)
        wrong_rows = sum(
            row["sex"] not in ("", own["sex"]) for row, own in zip(rows, clean, strict=True)
        )
        assert missing_rows == errors["sex_missing"]["made"]
        # Some of the wrong ones were lost afterwards.
        assert 0 < errors["sex_wrong"]["made"] - wrong_rows < missing_rows


def apart(made: Any) -> dict[str, float]:
    """By the truth alone: the share of each kind of pairs of relatives who are in no file together."""
    held = [set(made.persons(name).tolist()) for name in made.tables]
    return {
        kind: float(np.mean([not any({one, other} <= file for file in held) for one, other in rows.tolist()]))
        for kind, rows in relatives(made.people.residents).items()
    }  # fmt: skip


@pytest.mark.parametrize("files", [2, 3])
def test_families_are_split_between_the_files_as_asked(making, files: int) -> None:
    whole = making(people=4000, files=files, overlap=0.2, split_families=1.0, profile="none")
    assert apart(whole) == dict.fromkeys(KINDS, 1.0)
    assert whole.about["overlap"]["made"] == pytest.approx(0.2, abs=1e-3)
    chance = making(people=4000, files=files, overlap=0.2, profile="none")
    half = making(people=4000, files=files, overlap=0.2, split_families=0.5, profile="none")
    for kind, share in apart(half).items():
        by_chance = apart(chance)[kind]
        assert share == pytest.approx(0.5 + 0.5 * by_chance, abs=0.1)
    told = half.about["relatives"]
    assert told["asked"] == 0.5
    for kind, share in apart(half).items():
        counted = told["pairs"][kind]
        assert counted["in_different_files"] / counted["pairs"] == pytest.approx(share)
    assert "relatives" not in chance.about


def test_no_more_families_are_split_than_the_overlap_allows(making) -> None:
    made = making(people=1000, overlap=1.0, split_families=1.0, profile="none")
    assert set(apart(made).values()) == {0.0}


def test_a_register_has_one_sided_gaps_and_split_families(making) -> None:
    """And a plan's own entries win over the profile's."""
    made = making(people=4000, overlap=0.4, profile="register")
    assert apart(made)["twins"] > 0.3
    rates = {n: made.about["files"][n]["errors"]["postcode_missing"]["rate"] for n in "ab"}
    assert rates["a"] < 0.03
    assert rates["b"] == pytest.approx(0.3, abs=0.04)
    own = making(
        people=500, overlap=0.4, profile="register", split_families=0.0, rates={"postcode_missing": 0.0},
        party=(plain("a"), plain("b")),
    )  # fmt: skip
    assert "relatives" not in own.about
    assert "postcode_missing" not in own.about["files"]["b"]["errors"]
    covered = making(
        people=500, overlap=0.2, profile="register", party=(plain("a", coverage={"0-17": 0.5}),)
    )
    assert "relatives" not in covered.about


def test_a_party_may_hold_years_of_birth_and_events(making) -> None:
    made = making(
        people=1200, overlap=0.5, profile="none",
        party=(plain("a"), plain("b", date_precision="year", most_rows=4)),
    )  # fmt: skip
    made.assert_truth()
    assert {len(row["date_of_birth"]) for row in made.tables["a"]} == {10}
    assert {len(row["date_of_birth"]) for row in made.tables["b"]} == {4}
    times = np.unique(made.persons("b"), return_counts=True)[1]
    assert set(times.tolist()) == {1, 2, 3, 4}
    told = made.about["files"]["b"]
    assert told["most_rows"] == 4
    assert (told["rows"], told["people"]) == (times.sum(), len(times))
    assert "most_rows" not in made.about["files"]["a"]


def test_names_in_han_are_the_same_in_every_file(making) -> None:
    """A household writes all its names so, or none; everything else is what it is without them."""
    made = making(
        people=2000, overlap=1.0, profile="none", duplicates=0.0, han_names=0.3,
        party=(plain("a"), plain("b")),
    )  # fmt: skip
    latin = making(people=2000, overlap=1.0, profile="none", party=(plain("a"),))
    by_person = {
        name: dict(zip(files.persons(party).tolist(), files.tables[party], strict=True))
        for name, files, party in (("a", made, "a"), ("b", made, "b"), ("latin", latin, "a"))
    }
    households = defaultdict(set)
    for person, row in by_person["a"].items():
        other, plain_row = by_person["b"][person], by_person["latin"][person]
        names = ("given_name", "middle_name", "surname")
        assert [row[name] for name in names] == [other[name] for name in names]
        assert row["address"] == plain_row["address"]
        han = bool(re.fullmatch("[一-鿿]", row["surname"]))
        assert han == bool(re.fullmatch("[一-鿿]{2}", row["given_name"]))
        assert row["middle_name"] == ("" if han else plain_row["middle_name"])
        assert han or row["surname"] == plain_row["surname"]
        households[made.people.residents.household[person]].add(han)
    assert {len(found) for found in households.values()} == {1}
    assert 0.25 < np.mean([True in found for found in households.values()]) < 0.35
    assert len({row["surname"] for row in by_person["a"].values() if len(row["surname"]) == 1}) > 60


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


@pytest.mark.parametrize("output", ["csv", "parquet"])
def test_the_same_plan_gives_the_same_bytes_and_another_seed_others(
    tmp_path: Path, output: str
) -> None:
    plan = {"people": 400, "files": 3, "output": output, "error_factors": {"age=65-120": 1.5}}
    for name, seed in (("one", 11), ("two", 11), ("other", 12)):
        made = make_files(PopulationPlan(seed=seed, **plan), tmp_path / name)
        for party in "abc":
            entry = made.about["files"][party]
            path = tmp_path / name / entry["file"]
            assert hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]
    one, two, other = (digests(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two
    names = [f"{party}.{output}" for party in "abc"]
    assert set(one) == {
        *names,
        *(f"{party}.columns.toml" for party in "abc"),
        "truth.csv",
        "about.json",
        "linkage.toml",
    }
    assert all(one[name] != other[name] for name in (*names, "truth.csv", "about.json"))


def test_more_blocks_than_one_repeat_and_stay_true(making, monkeypatch) -> None:
    """Blocks meet without a seam: ids stay unique, a household's move holds across them, errors go on."""
    monkeypatch.setattr("pprl.synth.files.party_file.BLOCK", 64)
    made = making(
        people=700, files=1, duplicates=0.2, profile="none", rates={"moved_house": 0.5, "sex_wrong": 0.2},
        party=(plain("a"),),
    )  # fmt: skip
    made.assert_truth()
    homes = defaultdict(set)
    for row, person in zip(made.tables["a"], made.persons("a"), strict=True):
        homes[made.people.residents.household[person]].add((row["address"], row["postcode"]))
    assert {len(found) for found in homes.values()} == {1}
    entry = made.about["files"]["a"]
    assert entry["rows"] == 840
    assert 0 < entry["rows_counted"] < 840
    assert entry["errors"]["sex_wrong"]["made"] > entry["errors"]["sex_wrong"]["made_where_counted"]


def test_files_without_people_have_a_header_and_can_be_read(tmp_path: Path) -> None:
    plan = PopulationPlan(people=1, files=4, overlap=0.0)
    made = make_files(plan, tmp_path / "out").about
    for place, party in enumerate(plan.parties()):
        frame = pprl.read_csv_text(tmp_path / "out" / f"{party.name}.csv", allow_no_rows=True)
        form = party.form(place)
        assert list(frame.columns) == [form.id, *form.columns]
        assert len(frame) == made["files"][party.name]["rows"]
    assert sorted(entry["rows"] for entry in made["files"].values()) == [0, 0, 0, 1]
    assert made["overlap"]["made"] == 0
    shares = [share for pair in made["overlap"]["pairs"] for share in pair["share_of_each"]]
    assert set(shares) == {0.0, None}


def test_a_parquet_file_without_people_is_made(tmp_path: Path) -> None:
    plan = PopulationPlan(people=1, files=4, overlap=0.0, output="parquet")
    make_files(plan, tmp_path / "out")
    tables = [pq.read_table(tmp_path / "out" / f"{party.name}.parquet") for party in plan.parties()]
    assert sorted(table.num_rows for table in tables) == [0, 0, 0, 1]
    for place, (table, party) in enumerate(zip(tables, plan.parties(), strict=True)):
        form = party.form(place)
        assert table.column_names == [form.id, *form.columns]


def test_an_agreement_covers_the_fields_that_all_columns_begin_with(tmp_path: Path) -> None:
    whole = ("address", "postcode", "locality")
    parties = (
        PartyPlan(name="x", columns={"n": ("surname", "given_name"), "m": ("middle_name",), "h": whole, "s": ("sex",)}),
        PartyPlan(name="y", columns={"n": ("surname",), "m": ("middle_name",), "h": ("address",), "g": ("given_name",),
                                     "s": ("sex",)}),
    )  # fmt: skip
    make_files(PopulationPlan(people=50, party=parties), tmp_path / "out")
    terms = Agreement.load(tmp_path / "out" / "linkage.toml")
    assert [field.name for field in terms.field] == ["surname", "sex", "address"]


@pytest.mark.parametrize("fields", [("sex", "surname"), ("middle_name", "middle_name")])
def test_parties_without_a_common_field_have_no_agreement(
    tmp_path: Path, fields: tuple[str, str]
) -> None:
    parties = tuple(
        PartyPlan(name=n, columns={"c": (f,)}) for n, f in zip("xy", fields, strict=True)
    )
    make_files(PopulationPlan(people=20, party=parties), tmp_path / "out")
    assert not (tmp_path / "out" / "linkage.toml").exists()
    assert (tmp_path / "out" / "truth.csv").exists()


def test_a_factor_of_zero_for_everybody_makes_no_errors(tmp_path: Path) -> None:
    made = make_files(
        PopulationPlan(people=300, error_factors={"age=0-150": 0.0}), tmp_path / "out"
    )
    for entry in made.about["files"].values():
        assert sum(error["made"] for error in entry["errors"].values()) == 0
        assert entry["records_by_errors"] == {"0": entry["rows"]}


@pytest.mark.parametrize("name", ["notes.txt", "c.csv", ".hidden"])
def test_force_never_costs_a_file_that_no_run_wrote(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    make_files(PopulationPlan(people=20), out)
    make_files(PopulationPlan(people=21, groups=True, output="parquet"), out, force=True)
    make_files(PopulationPlan(people=22), out, force=True)
    (out / name).write_text("mine")
    before = digests(out)
    with pytest.raises(OutputError, match=re.escape(name)) as refusal:
        make_files(PopulationPlan(people=23), out, force=True)
    assert refusal.value.hint
    assert digests(out) == before


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "7", '{"format": "pprl-synth/1"}', '{"files": 5}', '{"format": "x", "files": {}}', "{",
             '{"format": "pprl-synth/1", "files": {"a": {}}}', '{"format": "pprl-synth/1", "files": []}'],
)  # fmt: skip
def test_force_replaces_no_folder_with_another_programs_about_json(
    tmp_path: Path, text: str
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "about.json").write_text(text)
    with pytest.raises(OutputError):
        make_files(PopulationPlan(people=20), out, force=True)
    assert (out / "about.json").read_text() == text


def test_force_fills_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    make_files(PopulationPlan(people=20), tmp_path / "out", force=True)
    assert (tmp_path / "out" / "truth.csv").exists()


def test_groups_tell_what_a_study_by_group_needs_of_each_person(making) -> None:
    made = making(people=2000, country="de", towns=3, groups=True, profile="heavy")
    rows = rows_of(made.folder / "people.csv")
    assert list(rows[0]) == ["person", "household", "sex", "born", "origin"]
    frame = made.people.frame()
    assert [row["person"] for row in rows] == [str(n) for n in range(2000)]
    assert [row["household"] for row in rows] == frame["household"].astype(str).tolist()
    assert [row["sex"] for row in rows] == frame["sex"].tolist()
    assert [row["born"] for row in rows] == frame["date_of_birth"].str[:4].tolist()
    assert [row["origin"] for row in rows] == frame["origin"].tolist()


def test_another_profile_is_the_same_people_in_the_same_files(tmp_path: Path) -> None:
    """So that two levels of errors can be compared."""
    found = []
    for profile in ("none", "heavy"):
        plan = PopulationPlan(people=500, profile=profile, groups=True, files=3, towns=2)
        make_files(plan, tmp_path / profile)
        truth = rows_of(tmp_path / profile / "truth.csv")
        found.append({(row["party"], row["person"]) for row in truth})
    assert found[0] == found[1]
    people = [(tmp_path / profile / "people.csv").read_bytes() for profile in ("none", "heavy")]
    assert people[0] == people[1]


def test_groups_change_no_other_file(tmp_path: Path) -> None:
    for name, groups in (("with", True), ("without", False)):
        make_files(PopulationPlan(people=200, groups=groups), tmp_path / name)
    with_groups, without = digests(tmp_path / "with"), digests(tmp_path / "without")
    assert set(with_groups) - set(without) == {"people.csv"}
    changed = {name for name in without if without[name] != with_groups[name]}
    assert changed == {"about.json"}  # which has the plan


def test_about_json_tells_what_was_made(making, monkeypatch) -> None:
    """Each number against the files themselves."""
    monkeypatch.setattr("pprl.synth.files.party_file.BLOCK", 500)
    made = making(
        people=9000, files=3, overlap=0.4, towns=5, profile="typical", duplicates=0.02,
        party=(plain("a"), plain("b", coverage={"80-120": 0.2}), plain("c", error_factor=2.0)),
    )  # fmt: skip
    held = {name: set(made.persons(name).tolist()) for name in made.tables}
    ages = made.people.age()
    told = made.about["overlap"]
    inside = sum(sum(other != name and person in held[other] for other in held) > 0
                 for name in held for person in held[name])  # fmt: skip
    assert told["average_file_in_any_other"] == pytest.approx(
        inside / sum(map(len, held.values())), abs=1e-6
    )
    assert [pair["parties"] for pair in told["pairs"]] == [["a", "b"], ["a", "c"], ["b", "c"]]
    for pair in told["pairs"]:
        one, other = (held[name] for name in pair["parties"])
        assert pair["people_in_both"] == len(one & other)
        shares = [len(one & other) / len(one), len(one & other) / len(other)]
        assert pair["share_of_each"] == pytest.approx(shares, abs=1e-6)

    def by_age(persons: set[int]) -> dict[str, int]:
        own = ages[sorted(persons)]
        bands = {"0-4": (0, 5), "5-17": (5, 18), "18-29": (18, 30), "30-44": (30, 45), "45-64": (45, 65),
                 "65-79": (65, 80), "80+": (80, 200)}  # fmt: skip
        return {
            name: int(((own >= low) & (own < high)).sum()) for name, (low, high) in bands.items()
        }

    assert made.about["people"]["by_age"] == by_age(set(range(9000)))
    for name, entry in made.about["files"].items():
        assert entry["people_by_age"] == by_age(held[name])
        rows = len(made.tables[name])
        assert entry["rows"] == sum(entry["records_by_errors"].values()) == rows
        blocks = range(0, rows, 500)
        assert entry["rows_counted"] == sum(min(500, rows - at) for at in blocks if at % 4000 == 0)
        assert 500 < entry["rows_counted"] < rows
        by_errors = sum(int(n) * count for n, count in entry["records_by_errors"].items())
        assert by_errors == sum(error["made"] for error in entry["errors"].values())
        factor = 2.0 if name == "c" else 1.0
        for error, numbers in entry["errors"].items():
            assert numbers["asked"] == pytest.approx(PROFILES["typical"].rates[error] * factor)
            assert numbers["made_where_counted"] <= min(numbers["made"], numbers["possible"])
            assert numbers["possible"] <= entry["rows_counted"]
            if numbers["possible"]:
                rate = numbers["made_where_counted"] / numbers["possible"]
                assert numbers["rate"] == pytest.approx(rate, abs=1e-6)
            else:
                assert numbers["rate"] is None


def test_shares_of_the_average_file_in_another_one_and_in_any(making) -> None:
    """Two files: one number. With more, a file's people are likelier in any of the others than in a given one."""
    two = making(people=900, overlap=0.4, towns=2).about["overlap"]
    assert two["average_file_in_any_other"] == pytest.approx(two["made"], abs=1e-6)
    five = making(people=900, files=5, overlap=0.4, towns=2).about["overlap"]
    assert five["average_file_in_any_other"] == pytest.approx(1 - 0.6**4, abs=0.01)


def test_a_household_moves_with_the_mean_of_its_factors(making) -> None:
    rate = 0.2
    made = making(
        people=20_000, files=1, profile="none", rates={"moved_house": rate}, duplicates=0.0, towns=10,
        dependence=1.0, error_factors={"sex=M": 3.0}, party=(plain("a"),),
    )  # fmt: skip
    home = made.people.residents
    factor = np.where(home.sex == 1, 3.0, 1.0)
    mean = np.bincount(home.household, weights=factor) / np.bincount(home.household)
    moved = np.zeros(home.households, dtype=bool)
    for row, own, person in zip(made.tables["a"], made.clean("a"), made.persons("a"), strict=True):
        moved[home.household[person]] = row["address"] != own["address"]
    for share in (1.0, 2.0, 3.0):
        group = mean == share
        asked = rate * share
        assert abs(moved[group].mean() - asked) < 4.5 * sqrt(asked * (1 - asked) / group.sum())


def test_errors_of_ones_own_are_made_by_make_files_too(tmp_path: Path) -> None:
    own = text_corruption("capitals", "surname", lambda text, dice: text.upper())
    plan = PopulationPlan(
        people=200, profile="none", rates={"capitals": 1.0}, party=(plain("a"), plain("b"))
    )
    made = make_files(plan, tmp_path / "out", more=[own])
    for name in "ab":
        assert all(row["surname"].isupper() for row in rows_of(tmp_path / "out" / f"{name}.csv"))
        told = made.about["files"][name]["errors"]["capitals"]
        assert told["made"] == told["possible"] == made.about["files"][name]["rows"]
