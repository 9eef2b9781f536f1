"""The complete workflow as commands: what each prints, what it leaves behind, and that stdout is data."""

from __future__ import annotations

import csv
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from cli_house import SAMPLE, Outcome, Road, encode_arguments, pprl, snapshot

from pprl.exchange.agreement.model import Agreement

POSIX = pytest.mark.skipif(os.name != "posix", reason="modes are a POSIX matter")


def test_every_step_ends_well(road: Road) -> None:
    assert {step: said.code for step, said in road.said.items()} == dict.fromkeys(road.said, 0)


def test_nothing_half_written_is_left(road: Road) -> None:
    names = {path.name for path in road.folder.iterdir()}
    assert names == {
        "linkage.toml", "h.toml", "parties.key", "health.parquet", "health.ids.csv",
        "education.parquet", "education.ids.csv", "links", "report.html", "report.json",
    }  # fmt: skip
    assert {path.name for path in (road.folder / "links").iterdir()} == {
        "links.parquet", "pairs.parquet", "near.parquet", "links-health.csv",
        "links-education.csv", "run.json",
    }  # fmt: skip


def test_init_says_what_it_took_each_column_for_and_what_comes_next(road: Road) -> None:
    said = road.said["init"]
    assert said.out == ""
    lines = said.err.splitlines()
    assert lines[0].split(maxsplit=2) == [
        "patient_no", "id", "unique in every row, and named like an id",
    ]  # fmt: skip
    taken = {line.split()[0]: line.split()[1] for line in lines[1:8]}
    assert taken == {
        "first_name": "given_name", "last_name": "surname", "dob": "date_of_birth", "sex": "sex",
        "street": "address", "town": "locality", "post_code": "postcode",
    }  # fmt: skip
    assert lines[8] == "Wrote linkage.toml. Read it before you send it to the other parties."
    assert lines[9:] == [
        "Next: pprl keygen parties.key, then",
        f"  pprl check {SAMPLE / 'health.csv'} --agreement linkage.toml --id patient_no --columns h.toml",
    ]


def test_init_drafts_the_sample_agreement_without_its_blocking_keys(road: Road) -> None:
    drafted = Agreement.load(road.folder / "linkage.toml").to_dict()
    shipped = Agreement.load(SAMPLE / "linkage.toml").to_dict()
    assert drafted.pop("project") == "Road"
    assert drafted.pop("blocking") == [], "no blocking key is given away unasked"
    del shipped["project"], shipped["blocking"]
    assert drafted == shipped


def test_keygen_prints_the_fingerprint_alone(road: Road) -> None:
    said = road.said["keygen"]
    assert re.fullmatch(r"(\d{5} ){4}\d{5}\n", said.out)
    again = pprl("keygen", road.folder / "parties.key", "--fingerprint")
    assert again == Outcome(0, said.out, "")


def test_check_counts_by_column_and_says_what_would_leave(road: Road) -> None:
    said = road.said["check"]
    assert said.err == ""
    assert said.lines[0] == "5,000 rows"
    rows = {line.split()[0]: re.split(r"  +", line) for line in said.lines[3:10]}
    assert rows["date_of_birth"][1:4] == ["dob (DD/MM/YYYY)", "26 (0.5%)", "0"]
    assert rows["postcode"][1:4] == ["post_code", "126 (2.5%)", "0"]
    assert "ids: 0 repeated, 0 empty" in said.lines
    assert "What would leave this machine, 144 bytes a record:" in said.lines
    assert "  - one keyed Bloom filter for each record (1024 bits)" in said.lines
    assert "Ready for `pprl encode`." in said.lines


def test_encode_gives_a_row_account(road: Road) -> None:
    said = road.said["health"]
    assert said.err == ""
    assert said.lines[:4] == [
        "5,000 rows read = 5,000 encoded + 0 rejected",
        "  date_of_birth read as DD/MM/YYYY",
        "  missing values: given_name 5, surname 3, date_of_birth 26, sex 52, address 85, locality 76, postcode 126",
        "  mean fill of the filters: 0.37 (profile record)",
    ]
    assert re.fullmatch(
        r"  agreement ([0-9a-f]{4} )+[0-9a-f]{4}: compare it with the other parties", said.lines[4]
    )
    assert said.lines[5] == "For the linkage unit: health.parquet"
    assert re.fullmatch(r"Stays here(, readable by you alone)?: health\.ids\.csv", said.lines[6])


def test_inspect_says_what_the_encoded_file_is(road: Road) -> None:
    lines = road.said["inspect"].lines
    assert lines[:5] == [
        "health.parquet: encoded file",
        "  party: health",
        "  records: 5,000",
        "  rows read: 5,000",
        "  filter bits: 1,024",
    ]
    field = next(
        field
        for field in Agreement.load(road.folder / "linkage.toml").field
        if field.name == "date_of_birth"
    )
    assert f"    - date_of_birth (date, budget {field.budget})" in lines
    assert "  blocking: none" in lines


def test_inspect_names_the_blocking_passes(stock: Path) -> None:
    lines = pprl("inspect", stock / "a.parquet").lines
    assert "    - soundex(surname) + year(date_of_birth)" in lines


def test_match_estimates_on_stderr_and_reports_on_stdout(road: Road) -> None:
    said = road.said["match"]
    before = said.err.splitlines()
    assert before[0] == "records: health 5,000, education 5,000"
    assert re.fullmatch(r"threshold: similarity 0\.\d{3} \(found without truth\)", before[1])
    assert re.fullmatch(
        r"pairs to compare: 25,000,000 of 25,000,000 \(exhaustive\), (under a second|about .+), \d+ MiB of memory",
        before[2],
    )
    assert said.lines[0].startswith("25,000,000 pairs compared, reduction ratio 0.0000")
    assert re.fullmatch(
        r"[\d,]+ links of [\d,]+ records at threshold 0\.\d{3} \(people\)", said.lines[1]
    )
    share = r"[01]\.\d{3} \([01]\.\d{3} to [01]\.\d{3}\)"
    *copies, expected = said.lines[2:-3]  # how many copies there are depends on the key
    assert re.fullmatch(f"expected without truth: precision {share}, recall {share}", expected)
    assert all("in a file more than once" in line for line in copies)
    assert said.lines[-3:] == [
        "Links folder: links",
        f"  to return to health: {Path('links') / 'links-health.csv'}",
        f"  to return to education: {Path('links') / 'links-education.csv'}",
    ]


def test_evaluate_says_the_numbers_that_matter(road: Road) -> None:
    said = road.said["evaluate"]
    assert said.err == "report: report.html\nnumbers: report.json\n"
    assert re.match(
        r"The run found 9\d\.\d % of the true pairs \(2,\d{3} of 3,000\), and (9\d\.|100)", said.out
    )
    content = json.loads((road.folder / "report.json").read_text(encoding="utf-8"))
    assert content["quality"]["f1"]["value"] > 0.95


def test_resolve_gives_the_party_its_own_ids(road: Road) -> None:
    said = road.said["resolve"]
    assert said.err == ""
    rows = list(csv.reader(said.lines))
    assert rows[0] == ["link_id", "id"]
    known = set(pd.read_csv(SAMPLE / "health.csv", dtype=str)["patient_no"])
    assert {row[1] for row in rows[1:]} <= known
    assert len(rows) - 1 == len({row[1] for row in rows[1:]})
    frame = pd.read_parquet(road.folder / "links" / "links.parquet")
    assert len(rows) - 1 == int((frame["party"] == "health").sum())


def test_linked_ids_are_those_of_the_truth(road: Road, tmp_path: Path) -> None:
    """The road, followed to its end by the parties themselves, joins the right people."""
    ids = {}
    for party in ("health", "education"):
        target = tmp_path / f"{party}.csv"
        done = pprl(
            "resolve", road.folder / "links" / f"links-{party}.csv",
            "--ids", road.folder / f"{party}.ids.csv", "-o", target,
        )  # fmt: skip
        assert done.code == 0
        assert done.out == ""
        assert re.fullmatch(
            rf"Wrote {re.escape(str(target))}: [\d,]+ of your records are linked\.\n", done.err
        )
        ids[party] = pd.read_csv(target, dtype=str)
    truth = pd.read_csv(SAMPLE / "truth.csv", dtype=str).set_index(["party", "id"])["person"]
    joined = ids["health"].merge(ids["education"], on="link_id")  # a person may be in a file twice
    same = [
        truth["health", row.id_x] == truth["education", row.id_y] for row in joined.itertuples()
    ]
    assert sum(same) / len(same) > 0.95


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("linkage.toml", "agreement"),
        ("h.toml", "column map"),
        ("parties.key", "secret key"),
        ("health.parquet", "encoded file"),
        ("health.ids.csv", "id map"),
        ("links", "links folder"),
        ("links/run.json", "run record"),
        ("links/links-health.csv", "returned links"),
        ("report.html", "report"),
        ("report.json", "report"),
        (SAMPLE / "truth.csv", "truth"),
        (SAMPLE / "health.csv", "table"),
    ],
)
def test_inspect_knows_every_artefact(road: Road, name: str | Path, kind: str) -> None:
    said = pprl("inspect", name, cwd=road.folder)
    assert said.code == 0, said
    assert said.lines[0] == f"{name}: {kind}"
    told = pprl("inspect", name, "--json", cwd=road.folder)
    assert json.loads(told.out)["kind"] == kind
    assert told.err == ""


def test_inspect_sends_a_part_of_a_links_folder_to_the_folder(road: Road) -> None:
    said = pprl("inspect", "links/pairs.parquet", cwd=road.folder)
    assert said.code == 1
    assert "pprl: hint: Inspect the folder: pprl inspect links" in said.err


def test_inspect_reads_tables_of_any_delimiter(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("id;name\n1;x\n2;y\n")
    facts = json.loads(pprl("inspect", tmp_path / "people.csv", "--json").out)
    assert (facts["kind"], facts["lines"], facts["columns"]) == ("table", 2, 2)


@POSIX
def test_what_must_stay_is_readable_by_its_owner_alone(road: Road) -> None:
    for name in ("parties.key", "health.ids.csv", "education.ids.csv"):
        assert stat.S_IMODE((road.folder / name).stat().st_mode) == 0o600


def test_json_of_each_command_parses_and_stands_alone_on_stdout(desk: Path) -> None:
    checked = pprl("check", "a.csv", "--agreement", "linkage.toml", "--id", "id", "--json")
    assert json.loads(checked.out)["rows"] == 40
    assert checked.err == ""
    encoded = pprl(
        "encode", "a.csv", "--agreement", "linkage.toml", "--key", "parties.key", "--party", "c",
        "--id", "id", "-o", "c.parquet", "--json",
    )  # fmt: skip
    facts = json.loads(encoded.out)
    assert facts["rows_read"] == facts["encoded"] + sum(facts["rejected"].values())
    assert (facts["encoded_file"], facts["id_map"]) == ("c.parquet", "c.ids.csv")
    matched = pprl("match", "a.parquet", "b.parquet", "-o", "again", "--threshold", 0.9, "--json")
    written = json.loads((desk / "again" / "run.json").read_text(encoding="utf-8"))
    assert json.loads(matched.out) == written
    judged = pprl("evaluate", "links", "--json")
    assert json.loads(judged.out)["format"].startswith("pprl-report/")
    assert judged.err == ""


def test_rejected_rows_are_accounted_for(desk: Path) -> None:
    rows = (desk / "a.csv").read_text(encoding="utf-8")
    (desk / "gaps.csv").write_text(rows + "last-1,,,,\nlast-2, ,,,\n", encoding="utf-8")
    done = pprl(
        "encode", "gaps.csv", "--agreement", "linkage.toml", "--key", "parties.key", "--party", "c",
        "--id", "id", "-o", "c.parquet",
    )  # fmt: skip
    assert done.lines[:2] == [
        "42 rows read = 40 encoded + 2 rejected",
        "  rejected, no value in any field: 2",
    ]


def test_records_without_a_key_are_told_from_the_party_to_the_unit(desk: Path) -> None:
    """By `check`, `encode` and `match`, on the screen and in JSON, with what to do."""
    for party in ("a", "b"):
        rows = (desk / f"{party}.csv").read_text(encoding="utf-8")
        more = "".join(f"{party}-{n},明,李,1987-02-{n},{n} Mill Road\n" for n in (13, 14))
        (desk / f"{party}.csv").write_text(rows + more, encoding="utf-8")
    agreed = ("--agreement", "linkage.toml")
    checked = pprl("check", "a.csv", *agreed, "--id", "id")
    assert checked.code == 0
    assert "records without a key in any blocking pass: 2 (4.8%)" in checked.lines
    assert "2 records have no key in any blocking pass (4.8 %)" in checked.err
    facts = json.loads(pprl("check", "a.csv", *agreed, "--id", "id", "--json").out)
    assert facts["keyless_records"] == 2
    for party in ("a", "b"):
        encoded = pprl(*encode_arguments(party), "--force")
        assert "  records without a key in any blocking pass: 2 (4.8 %)" in encoded.lines
        assert "2 records have no key in any blocking pass (4.8 %)" in encoded.err
    facts = json.loads(pprl(*encode_arguments("a"), "--force", "--json").out)
    assert facts["keyless"] == 2
    matched = pprl("match", "a.parquet", "b.parquet", "-o", "found", "--blocking", "keys")
    assert matched.err.count("records without a blocking key in any pass: a 2 of 42 (4.8 %)") == 1
    run = json.loads((desk / "found" / "run.json").read_text(encoding="utf-8"))
    assert run["counts"]["keyless"] == [
        {"party": party, "records": 2, "compared": True} for party in ("a", "b")
    ]


def test_init_says_why_it_drafts_passes_without_sounds(desk: Path) -> None:
    rows = (desk / "a.csv").read_text(encoding="utf-8")
    (desk / "han.csv").write_text(rows + "x,明,李,1987-02-13,1 Mill Road\n", encoding="utf-8")
    plain = pprl("init", "a.csv", "-o", "plain.toml")
    assert "without a letter" not in plain.err
    said = pprl("init", "han.csv", "-o", "drafted.toml")
    assert (
        "2.4 % of the records have a name without a letter a to z. It has no sound, so 2 blocking passes that need "
        "none are drafted, too."
    ) in said.err.splitlines()
    assert '# keys = ["initial(surname)", "year(date_of_birth)"]' in (
        desk / "drafted.toml"
    ).read_text(encoding="utf-8")


def test_without_truth_evaluate_says_that_quality_is_not_known(desk: Path) -> None:
    done = pprl("evaluate", "links", "-o", "r.html")
    assert done.code == 0
    assert "There is no truth to judge it by" in done.out


# The road again through the installed program, in processes of their own.


def test_installed_program_walks_the_road(desk: Path) -> None:
    program = Path(sys.executable).with_name("pprl.exe" if os.name == "nt" else "pprl")
    if not program.exists():
        pytest.skip("the program is not installed beside this interpreter")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *arguments], capture_output=True, check=False, encoding="utf-8", timeout=120
        )

    made = run(
        "encode", "b.csv", "--agreement", "linkage.toml", "--key", "parties.key", "--party", "c",
        "--id", "id", "-o", "c.parquet",
    )  # fmt: skip
    assert (made.returncode, made.stderr) == (0, "")
    linked = run("match", "a.parquet", "c.parquet", "-o", "new", "--threshold", "0.9")
    assert linked.returncode == 0
    assert "40 links of 80 records at threshold 0.900 (one-to-one)" in linked.stdout
    refused = run("match", "a.parquet", "a.ids.csv", "-o", "other")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.startswith("pprl: error: a.ids.csv is an id map")
    assert "Traceback" not in refused.stderr
    assert not (desk / "other").exists()
    assert run("match", "--frobnicate").returncode == 2


def test_output_that_ascii_cannot_say_is_written_all_the_same(desk: Path) -> None:
    """A pipe gets UTF-8, whatever the system's habit."""
    text = (desk / "linkage.toml").read_text(encoding="utf-8").replace("Desk", "Ärzte und Ämter")
    (desk / "linkage.toml").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "from pprl.cli.main import run; run()", "inspect", "linkage.toml"],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "project: Ärzte und Ämter" in done.stdout.decode("utf-8")


def test_dry_run_writes_nothing(desk: Path) -> None:
    before = snapshot(desk)
    done = pprl("match", "a.parquet", "b.parquet", "-o", "new", "--dry-run")
    assert (done.code, done.out) == (0, "")
    assert done.err.splitlines()[0] == "records: a 40, b 40"
    assert snapshot(desk) == before


def test_check_writes_nothing_and_needs_no_key(desk: Path) -> None:
    (desk / "parties.key").unlink()
    before = snapshot(desk)
    assert pprl("check", "a.csv", "--agreement", "linkage.toml").code == 0
    assert snapshot(desk) == before


def test_inspect_tells_a_links_folder_in_a_few_lines(road: Road) -> None:
    """What people look for, in words; everything else is in the JSON."""
    said = pprl("inspect", "links", cwd=road.folder)
    told = json.loads(pprl("inspect", "links", "--json", cwd=road.folder).out)
    assert said.code == 0
    lines = said.out.splitlines()
    assert len(lines) < 12
    assert "{" not in said.out
    assert "[" not in said.out
    assert f"  links: {told['links']:,} of {told['linked_records']:,} records (people)" in said.out
    assert f"{told['pairs_compared']:,} of {told['pairs_possible']:,}" in said.out
