"""`pprl synth`: what it writes and says, what it refuses, and the complete workflow on made-up people."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cli_house import SAMPLE, Outcome, assert_refused, pprl, snapshot

from pprl.base.errors import DataError
from pprl.exchange.agreement.model import Agreement
from pprl.synth.making.make import make_files
from pprl.synth.making.plan import PopulationPlan

FILES = {
    "a.csv",
    "a.columns.toml",
    "b.csv",
    "b.columns.toml",
    "truth.csv",
    "linkage.toml",
    "about.json",
}

PLAN = """\
format = "pprl-synth-plan/1"
people = 300
country = "de"
towns = 3
seed = 4
profile = "light"

[rates]
moved_house = 0.2

[[party]]
name = "clinic"
id = "fall"
date_format = "DD.MM.YYYY"
case = "upper"
sex = ["w", "m"]
duplicates = 0.1
coverage = { "0-17" = 0.5 }

[party.columns]
nachname = ["surname"]
vorname = ["given_name", "middle_name"]
geboren = ["date_of_birth"]
geschlecht = ["sex"]
plz = ["postcode"]

[[party]]
name = "school"
error_factor = 2.0
"""

TWIN = """\
format = "pprl-agreement/1"
project = "Twin"
""" + "".join(
    f'[[field]]\nname = "{name}"\ntype = "{kind}"\n'
    for name, kind in {
        "whole_name": "full-name", "born": "date", "mobile": "phone", "mail": "email", "number": "identifier",
        "area": "code",
    }.items()
)  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    (tmp_path / "twin.toml").write_text(TWIN, encoding="utf-8")
    return tmp_path


def about(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    return found


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


def test_a_town_is_made_and_the_next_step_is_said(here: Path) -> None:
    done = pprl("synth", "-o", "town", "--people", 300, "--overlap", 0.6, "--seed", 7, "--towns", 3)
    assert done.code == 0
    assert {path.name for path in (here / "town").iterdir()} == FILES
    people, a, b, overlap, last = done.lines
    assert re.fullmatch(r"300 made-up people in \d+ households", people)
    rows = {name: len(table(here / "town" / f"{name}.csv")) for name in "ab"}
    for line, name in ((a, "a"), (b, "b")):
        path = re.escape(str(Path("town") / f"{name}.csv"))
        assert re.fullmatch(
            rf"  {path}: {rows[name]} rows(, \d+ of them twice)?; \d+% with an error", line
        )
    assert re.fullmatch(
        r"Overlap: 60\.\d% of the average file's people are in any given other file", overlap
    )
    assert (
        last
        == f"The truth is in {Path('town') / 'truth.csv'}, what was asked and made in {Path('town') / 'about.json'}"
    )
    speed, step = done.err.splitlines()
    assert re.fullmatch(r".+, [\d,]+ people a second", speed)
    assert step.startswith("Next: pprl encode ")
    assert len(table(here / "town" / "truth.csv")) == rows["a"] + rows["b"]


def test_the_next_step_can_be_taken_as_it_stands(here: Path) -> None:
    done = pprl("synth", "-o", "town", "--people", 200, "--towns", 3)
    step = done.err.splitlines()[-1].removeprefix("Next: pprl ").split()
    assert pprl("keygen", "KEY").code == 0
    encoded = pprl(*step)
    assert encoded.code == 0, encoded
    assert (here / "a.parquet").exists()


def test_json_is_the_content_of_about_json(here: Path) -> None:
    done = pprl("synth", "-o", "town", "--people", 100, "--towns", 2, "--files", 3, "--json")
    assert done.code == 0
    assert json.loads(done.out) == about(here / "town")
    assert done.err == ""
    assert json.loads(done.out)["note"] == "Nobody in these files exists."


def test_a_plan_decides_all_and_options_go_before_it(here: Path) -> None:
    assert pprl("synth", "-o", "one", "--plan", "plan.toml").code == 0
    made = about(here / "one")
    assert set(made["files"]) == {"clinic", "school"}
    clinic = table(here / "one" / "clinic.csv")
    assert list(clinic[0]) == ["fall", "nachname", "vorname", "geboren", "geschlecht", "plz"]
    assert {row["geschlecht"] for row in clinic} <= {"w", "m", ""}
    assert all(re.fullmatch(r"(\d\d\.\d\d\.\d{4})?", row["geboren"]) for row in clinic)
    assert all(row["nachname"] == row["nachname"].upper() for row in clinic)
    assert made["files"]["clinic"]["duplicates"] == round(0.1 * made["files"]["clinic"]["people"])
    assert made["files"]["school"]["errors"]["moved_house"]["asked"] == 0.4
    done = pprl(
        "synth", "-o", "two", "--plan", "plan.toml", "--people", 120, "--country", "gb", "--rate", "sex_wrong=0.2",
        "--error-factor", "age=65-120:1.5", "--dependence", 0.1, "--duplicates", 0, "--as-of", "2020-05-01",
        "--profile", "typical", "--overlap", 0.25, "--towns", 2, "--seed", 9,
    )  # fmt: skip
    assert done.code == 0, done
    changed = about(here / "two")["plan"]
    assert (changed["people"], changed["country"], changed["seed"], changed["towns"]) == (
        120,
        "gb",
        9,
        2,
    )
    assert changed["rates"] == {"moved_house": 0.2, "sex_wrong": 0.2}
    assert changed["error_factors"] == {"age=65-120": 1.5}
    assert (changed["profile"], changed["as_of"], changed["overlap"]) == (
        "typical",
        "2020-05-01",
        0.25,
    )
    assert (changed["dependence"], changed["duplicates"]) == (0.1, 0.0)
    assert [party["name"] for party in changed["party"]] == ["clinic", "school"]


def test_the_plan_in_about_json_makes_the_same_bytes_again(here: Path) -> None:
    pprl("synth", "-o", "one", "--plan", "plan.toml", "--rate", "sex_wrong=0.1")
    make_files(PopulationPlan.from_dict(about(here / "one")["plan"]), here / "two")
    assert snapshot(here / "one") == snapshot(here / "two")


def test_parties_are_named_on_the_command_line(here: Path) -> None:
    done = pprl(
        "synth",
        "-o",
        "t",
        "--people",
        90,
        "--towns",
        2,
        "--party",
        "health",
        "--party",
        "tax",
        "--party",
        "jobs",
    )
    assert done.code == 0
    assert list(about(here / "t")["files"]) == ["health", "tax", "jobs"]


def test_one_party_named_leaves_the_other_a_letter(here: Path) -> None:
    assert pprl("synth", "-o", "t", "--people", 90, "--towns", 2, "--party", "health").code == 0
    assert list(about(here / "t")["files"]) == ["health", "a"]


def test_parquet_files_are_made_on_demand(here: Path) -> None:
    done = pprl("synth", "-o", "t", "--people", 150, "--towns", 2, "--format", "parquet")
    assert done.code == 0
    names = {path.name for path in (here / "t").iterdir()}
    assert names == {
        name.replace(".csv", ".parquet") if name != "truth.csv" else name for name in FILES
    }
    assert "Next:" not in done.err


def test_a_twin_has_the_fields_of_the_agreement_and_links(here: Path) -> None:
    done = pprl("synth", "-o", "t", "--like", "twin.toml", "--people", 150, "--towns", 2)
    assert done.code == 0, done
    fields = [field.name for field in Agreement.load(here / "twin.toml").field]
    for name in "ab":
        assert list(table(here / "t" / f"{name}.csv")[0]) == ["record_id", *fields]
    assert "--agreement twin.toml" in done.err
    assert not (here / "t" / "linkage.toml").exists()
    pprl("keygen", "KEY")
    encoded = pprl(
        "encode",
        "t/a.csv",
        "--agreement",
        "twin.toml",
        "--key",
        "KEY",
        "--party",
        "a",
        "--id",
        "record_id",
        "-o",
        "a.parquet",
    )
    assert encoded.code == 0, encoded


def test_all_errors_are_listed_with_their_rates(here: Path) -> None:
    done = pprl("synth", "--list-errors")
    assert done.code == 0
    assert done.lines[0].split()[:5] == ["error", "light", "typical", "heavy", "register"]
    assert any(re.match(r"given_name_nickname( +\d+\.\d\d%){4}  \S", line) for line in done.lines)
    assert len(done.lines) > 70
    assert done.err == ""


def test_a_register_is_made_and_its_split_families_are_told(here: Path) -> None:
    done = pprl("synth", "-o", "town", "--people", 400, "--towns", 3, "--profile", "register")
    assert done.code == 0
    told = about(here / "town")["relatives"]["pairs"].values()
    pairs, apart = (sum(kind[what] for kind in told) for what in ("pairs", "in_different_files"))
    assert 0 < apart < pairs
    assert (
        f"Relatives: {apart} of {pairs} pairs (twins, siblings, parent and child) are in no file together"
        in done.lines
    )
    whole = pprl("synth", "-o", "apart", "--people", 400, "--towns", 3, "--split-families", 1)
    assert any(re.match(r"Relatives: (\d+) of \1 pairs ", line) for line in whole.lines)


def test_of_a_file_of_events_rows_and_people_are_told(here: Path) -> None:
    plan = PLAN.replace("duplicates = 0.1", "most_rows = 3").replace("coverage", "# coverage")
    (here / "events.toml").write_text(plan, encoding="utf-8")
    done = pprl("synth", "-o", "town", "--plan", "events.toml")
    assert done.code == 0, done
    entry = about(here / "town")["files"]["clinic"]
    assert entry["rows"] > 1.5 * entry["people"]
    assert any(
        f": {entry['rows']} rows of {entry['people']} people; " in line for line in done.lines
    )


def refused(here: Path, code: int, *arguments: object, says: tuple[str, ...] = ()) -> Outcome:
    """A refusal leaves the folder as it was, to the byte."""
    before = snapshot(here)
    outcome = pprl("synth", *arguments)
    assert_refused(outcome, code, *says)
    assert outcome.out == ""
    assert snapshot(here) == before
    return outcome


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--people", 0], "people"),
        (["--people", "many"], "many"),
        (["--files", 21], "files"),
        (["--overlap", 1.5], "overlap"),
        (["--overlap", "nan"], "overlap"),
        (["--profile", "typcal"], "Did you mean 'typical'"),
        (["--country", "gbr"], "Did you mean 'gb'"),
        (["--towns", 0], "towns"),
        (["--towns", 100_000], "towns"),
        (["--seed", -1], "seed"),
        (["--as-of", "yesterday"], "YYYY-MM-DD"),
        (["--dependence", 2], "dependence"),
        (["--duplicates", -1], "duplicates"),
        (["--split-families", 1.5], "split_families"),
        (["--split-families", 0.5, "--files", 1], "two files"),
        (["--rate", "surname_by_er=0.1"], "Did you mean 'surname_by_ear'"),
        (["--rate", "surname_by_ear=1.1"], "1.1"),
        (["--rate", "surname_by_ear=nan"], "rate"),
        (["--rate", "surname_by_ear"], "NAME=NUMBER"),
        (["--rate", "=0.5"], "NAME=NUMBER"),
        (["--rate", "surname_by_ear=often"], "NAME=NUMBER"),
        (["--rate", "surname_by_ear=0.6", "--rate", "surname_scanned=0.6"], "add up"),
        (["--error-factor", "age=65-120"], "NAME:NUMBER"),
        (["--error-factor", "age=old:2"], "not a group"),
        (["--error-factor", "age=65-120:21"], "at most 20"),
        (["--error-factor", "age=65-120:-1"], "at least 0"),
        (["--error-factor", "origin=martian:2"], "martian"),
        (["--error-factor", "age=65-120:20", "--profile", "heavy"], "rate"),
        (["--party", "A b"], "party"),
        (["--party", "x", "--party", "x"], "twice"),
        (["--party", "x", "--party", "y", "--files", 1, "--overlap", 2], "overlap"),
        (["--plan", "plan.toml", "--party", "x"], "already names the parties"),
        (["--format", "xlsx"], "xlsx"),
        (["--frobnicate"], "frobnicate"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_left(
    here: Path, arguments: list[object], says: str
) -> None:
    refused(here, 2, "-o", "out", *arguments, says=(says,))


def test_an_overlap_that_coverage_forbids_is_refused(here: Path) -> None:
    text = PLAN.replace('coverage = { "0-17" = 0.5 }', 'coverage = { "0-150" = 0.0 }')
    (here / "none.toml").write_text(text, encoding="utf-8")
    refused(here, 1, "-o", "out", "--plan", "none.toml", says=("overlap can't be met",))


def test_no_output_named_is_a_usage_error(here: Path) -> None:
    refused(here, 2, "--people", 10, says=("-o",))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("people = ", "TOML"),
        ('country = "gb"\npeeple = 5\n', "Did you mean 'people'"),
        ("people = 1e9\n", "people: must be a whole number"),
        ("[party]\nname = 'x'\n", "write [[party]]"),
        ('[[party]]\nname = "truth"\n', "name of another file"),
        ("overlap = 1.5\n", "overlap: must be at most 1"),
        ("[rates]\nsex_wrong = 'x'\n", "must be a number"),
    ],
)
def test_a_plan_that_is_none_is_refused(here: Path, text: str, says: str) -> None:
    (here / "bad.toml").write_text(text, encoding="utf-8")
    outcome = pprl("synth", "-o", "out", "--plan", "bad.toml")
    assert_refused(outcome, 1, "bad.toml", says)
    assert not (here / "out").exists()


@pytest.mark.parametrize("option", ["--plan", "--like"])
def test_a_file_that_is_missing_is_refused(here: Path, option: str) -> None:
    refused(here, 1, "-o", "out", option, "nowhere.toml", says=("nowhere.toml",))


def test_an_agreement_with_two_birthdays_is_refused(here: Path) -> None:
    more = '[[field]]\nname = "baptised"\ntype = "date"\n'
    (here / "two.toml").write_text(TWIN + more, encoding="utf-8")
    refused(here, 1, "-o", "out", "--like", "two.toml", says=("baptised",))


def test_an_output_that_exists_is_refused_and_force_replaces_only_made_folders(here: Path) -> None:
    (here / "mine").mkdir()
    (here / "mine" / "thesis.txt").write_text("mine", encoding="utf-8")
    refused(here, 1, "-o", "mine", "--people", 20, "--towns", 1, says=("exists already",))
    refused(here, 1, "-o", "mine", "--people", 20, "--towns", 1, "--force")
    (here / "file").write_text("mine", encoding="utf-8")
    refused(here, 1, "-o", "file", "--people", 20, "--towns", 1, "--force")
    first = pprl("synth", "-o", "made", "--people", 20, "--towns", 1, "--files", 3)
    assert first.code == 0
    refused(here, 1, "-o", "made", "--people", 30, "--towns", 1, says=("exists already",))
    again = pprl("synth", "-o", "made", "--people", 30, "--towns", 1, "--force")
    assert again.code == 0
    assert about(here / "made")["people"]["people"] == 30
    assert {path.name for path in (here / "made").iterdir()} == FILES, (
        "nothing of the first is left"
    )


def test_an_output_may_not_replace_an_input(here: Path) -> None:
    refused(here, 2, "-o", "plan.toml", "--plan", "plan.toml", "--force", says=("input",))
    refused(here, 1, "-o", "no/such/folder", "--people", 5, says=("does not exist",))


def test_the_whole_road_on_made_up_people(here: Path) -> None:
    """Made, encoded by both parties, matched, judged with the truth: nearly all people find themselves."""
    done = pprl(
        "synth",
        "-o",
        "town",
        "--people",
        600,
        "--overlap",
        0.5,
        "--profile",
        "light",
        "--towns",
        4,
        "--seed",
        3,
    )
    assert done.code == 0
    assert pprl("keygen", "k.key").code == 0
    for party in "ab":
        entry = about(here / "town")["files"][party]
        encoded = pprl(
            "encode", f"town/{entry['file']}", "--agreement", "town/linkage.toml", "--key", "k.key", "--party", party,
            "--id", entry["id"], "--columns", f"town/{party}.columns.toml", "-o", f"{party}.parquet",
        )  # fmt: skip
        assert encoded.code == 0, encoded
        assert encoded.lines[0].startswith(f"{entry['rows']} rows read = {entry['rows']} encoded")
    matched = pprl("match", "a.parquet", "b.parquet", "-o", "links")
    assert matched.code == 0, matched
    judged = pprl(
        "evaluate", "links", "--truth", "town/truth.csv", "--ids", "a.ids.csv", "--ids", "b.ids.csv", "-o", "r.html"
    )  # fmt: skip
    assert judged.code == 0, judged
    quality = json.loads((here / "r.json").read_text(encoding="utf-8"))["quality"]
    assert quality["precision"]["value"] > 0.9
    assert quality["recall"]["value"] > 0.8


def test_the_next_step_of_a_twin_can_be_taken_as_it_stands(here: Path) -> None:
    done = pprl("synth", "-o", "t", "--like", "twin.toml", "--people", 150, "--towns", 2)
    step = done.err.splitlines()[-1].removeprefix("Next: pprl ").split()
    pprl("keygen", "KEY")
    assert pprl(*step).code == 0


SMALL = ("--people", 400, "--towns", 2)


def test_groups_are_written_on_demand(here: Path) -> None:
    assert pprl("synth", "-o", "t", *SMALL, "--groups").code == 0
    assert {path.name for path in (here / "t").iterdir()} == {*FILES, "people.csv"}
    assert len(table(here / "t" / "people.csv")) == 400
    (here / "p.toml").write_text("groups = true\npeople = 40\ntowns = 1\n", encoding="utf-8")
    assert pprl("synth", "-o", "u", "--plan", "p.toml").code == 0
    assert len(table(here / "u" / "people.csv")) == 40


def test_files_go_before_the_number_of_names(here: Path) -> None:
    done = pprl("synth", "-o", "t", *SMALL, "--party", "x", "--party", "y", "--files", 4)
    assert done.code == 0
    assert list(about(here / "t")["files"]) == ["x", "y", "a", "b"]
    refused(here, 2, "-o", "u", *SMALL, "--party", "x", "--party", "y", "--files", 1)


@pytest.mark.parametrize("name", ["truth", "people", "about", "linkage", "nul"])
def test_a_party_may_not_take_another_files_name(here: Path, name: str) -> None:
    refused(here, 2, "-o", "t", *SMALL, "--party", name, says=("name of another file",))


@pytest.mark.parametrize(
    "options",
    [
        ("--rate", "sex_wrong=0.1", "--rate", "sex_wrong=0.2"),
        ("--error-factor", "sex=F:2", "--error-factor", "sex=F:2"),
    ],
)
def test_what_is_named_twice_is_refused(here: Path, options: tuple[str, ...]) -> None:
    refused(here, 2, "-o", "t", *SMALL, *options, says=("twice",))


def test_an_input_in_the_output_folder_is_refused_even_with_force(here: Path) -> None:
    assert pprl("synth", "-o", "t", *SMALL).code == 0
    (here / "t" / "plan.toml").write_text(PLAN, encoding="utf-8")
    for option, path in (
        ("--plan", "t/plan.toml"), ("--like", "t/linkage.toml"), ("--fit", "age=t/truth.csv"),
        ("--like", "./t/../t/linkage.toml"),
    ):  # fmt: skip
        for force in ((), ("--force",)):
            refused(here, 2, "-o", "t", *SMALL, option, path, *force, says=("lies in t",))


def test_force_replaces_nothing_that_no_run_wrote(here: Path) -> None:
    assert pprl("synth", "-o", "t", *SMALL, "--groups").code == 0
    (here / "t" / "notes.txt").write_text("mine", encoding="utf-8")
    refused(here, 1, "-o", "t", *SMALL, "--force", says=("notes.txt",))
    (here / "t" / "notes.txt").unlink()
    assert pprl("synth", "-o", "t", *SMALL, "--force", "--format", "parquet").code == 0
    assert not (here / "t" / "people.csv").exists()


FIGURES = ("--columns", SAMPLE / "health.columns.toml", "-o", "real.json")


def test_a_page_is_written_beside_the_folder(here: Path) -> None:
    """With a reference that `pprl measure` made of the sample data, and without one."""
    assert pprl("measure", SAMPLE / "health.csv", *FIGURES).code == 0
    for name, reference in (("with", ("--reference", "real.json")), ("without", ())):
        done = pprl("synth", "-o", name, *SMALL, "--report", f"{name}.html", *reference)
        assert done.code == 0, done
        assert f"Look-alike page: {name}.html" in done.lines
        assert {path.name for path in (here / name).iterdir()} == FILES
    pages = [(here / f"{name}.html").read_text(encoding="utf-8") for name in ("with", "without")]
    for page in pages:
        assert page.startswith("<!DOCTYPE html>")
        assert page.rstrip().endswith("</html>")
        assert not re.search(r"""(src|href)=["']?(https?:)?//""", page), "no outside reference"
    assert pages[0] != pages[1]
    assert snapshot(here / "with") == snapshot(here / "without"), "the page changes no file"


@pytest.mark.parametrize("fault", [OSError("no more"), DataError("no page")])
def test_page_and_folder_appear_together_or_not_at_all(
    here: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def fail(*arguments: object, **more: object) -> str:
        raise fault

    monkeypatch.setattr("pprl.synth.likeness.report.look_alike", fail)
    before = snapshot(here)
    assert pprl("synth", "-o", "t", *SMALL, "--report", "page.html").code == 1
    assert snapshot(here) == before


def test_a_page_that_cannot_be_written_is_refused_before_any_work(here: Path) -> None:
    (here / "page.html").write_text("mine", encoding="utf-8")
    refused(here, 1, "-o", "t", *SMALL, "--report", "page.html", says=("exists already",))
    refused(here, 2, "-o", "t", *SMALL, "--report", "t", says=("two outputs",))
    refused(here, 2, "-o", "t", *SMALL, "--report", "t/page.html", says=("is in the folder",))
    refused(
        here, 2, "-o", "t", *SMALL, "--report", "./x/../t/a/page.html", says=("is in the folder",)
    )
    refused(here, 1, "-o", "t", *SMALL, "--report", "none/page.html", says=("does not exist",))
    refused(here, 2, "-o", "t", *SMALL, "--reference", "real.json", says=("--report",))


def test_a_reference_that_is_none_or_tells_too_much_is_refused(here: Path) -> None:
    page = ("-o", "t", *SMALL, "--report", "page.html", "--reference", "real.json")
    refused(here, 1, *page, says=("real.json",))
    (here / "real.json").write_text('{"format": "x"}', encoding="utf-8")
    refused(here, 1, *page, says=("real.json",))
    (here / "real.json").unlink()
    assert pprl("measure", SAMPLE / "health.csv", *FIGURES, "--smallest-cell", 5).code == 0
    refused(here, 1, *page, says=("--smallest-cell is 10",))
    assert pprl("synth", *page, "--smallest-cell", 5).code == 0


def test_files_are_fitted_to_tables(here: Path) -> None:
    (here / "s.csv").write_text("surname,count\nQuibble,60\nFernsby,40\n", encoding="utf-8")
    groups = "".join(f"{age},{1000 - 9 * age}\n" for age in range(0, 105, 5))
    (here / "ages.csv").write_text("age,count\n" + groups, encoding="utf-8")
    done = pprl(
        "synth", "-o", "t", *SMALL, "--profile", "none", "--fit", "surname=s.csv", "--fit", "age=ages.csv",
        "--report", "page.html",
    )  # fmt: skip
    assert done.code == 0, done
    names = [row["last_name"] for row in table(here / "t" / "a.csv")]
    assert 0.4 < names.count("Quibble") / (names.count("Quibble") + names.count("Fernsby")) < 0.8
    page = (here / "page.html").read_text(encoding="utf-8")
    assert "Quibble" not in page + json.dumps(about(here / "t"))
    assert about(here / "t")["fitted"]


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--fit", "surname"], 2, "WHAT=FILE"),
        (["--fit", "=s.csv"], 2, "WHAT=FILE"),
        (["--fit", "surnam=s.csv"], 2, "Did you mean 'surname'"),
        (["--fit", "surname=s.csv", "--fit", "surname=s.csv"], 2, "twice"),
        (["--fit", "surname=none.csv"], 1, "none.csv"),
        (["--fit", "surname=s.csv"], 1, "under 10"),
        (["--fit", "age=s.csv"], 1, "s.csv"),
        (["--fit", "age=young.csv"], 1, "young.csv"),
        (["--fit", "age=old.csv"], 1, "old.csv"),
        (["--smallest-cell", 0], 2, "smallest-cell"),
        (["--fit", "surname=good.csv", "--error-factor", "origin=polish:2"], 2, "polish"),
    ],
)
def test_tables_that_cannot_be_fitted_are_refused(
    here: Path, options: list[object], code: int, says: str
) -> None:
    (here / "s.csv").write_text("surname,count\nzqmark,60\nzqmarka,4\n", encoding="utf-8")
    (here / "good.csv").write_text("surname,count\nzqmark,60\n", encoding="utf-8")
    for name, ages in (("young", range(0, 20, 5)), ("old", range(20, 105, 5))):
        text = "age,count\n" + "".join(f"{age},100\n" for age in ages)
        (here / f"{name}.csv").write_text(text, encoding="utf-8")
    refused(here, code, "-o", "t", *SMALL, *options, says=(says,))


def test_an_average_file_without_people_is_no_stumbling_block(here: Path) -> None:
    done = pprl("synth", "-o", "t", "--people", 1, "--files", 3, "--overlap", 0)
    assert done.code == 0, done
    assert sum(line.endswith("0 rows; 0% with an error") for line in done.lines) == 2


def test_what_an_option_says_is_not_blamed_on_the_plan(here: Path) -> None:
    refused(here, 2, "-o", "t", "--plan", "plan.toml", "--people", 0, says=("people",))


@pytest.mark.parametrize(
    "text", ['country = "gbr"', 'profile = "typcal"', "[rates]\nsex_wrog = 0.1"]
)
def test_what_a_plan_says_is_said_of_its_file(here: Path, text: str) -> None:
    (here / "p.toml").write_text(text + "\n", encoding="utf-8")
    refused(here, 1, "-o", "t", "--plan", "p.toml", says=("p.toml", "Did you mean"))
