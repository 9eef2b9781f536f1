"""`pprl explain` says why records were linked, and shows no value of a record."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli_house import MARK, SAMPLE, Outcome, Refuse, pprl

from pprl.exchange.agreement.model import Agreement


@pytest.fixture(scope="module")
def fields(parts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the links of the parts health and education in the profile fields."""
    folder = tmp_path_factory.mktemp("fields")
    text = (SAMPLE / "linkage.toml").read_text(encoding="utf-8")
    text = re.sub(r'^profile = "record".*$', 'profile = "fields"', text, flags=re.MULTILINE)
    text = re.sub(r"^(budget|bits) = .*$", "", text, flags=re.MULTILINE)
    (folder / "linkage.toml").write_text(text, encoding="utf-8")
    for party, own in (("health", "patient_no"), ("education", "pupil_ref")):
        done = pprl(
            "encode", parts / f"{party}.csv", "--agreement", "linkage.toml", "--key", parts / "parties.key",
            "--columns", SAMPLE / f"{party}.columns.toml", "--party", party, "--id", own,
            "-o", f"{party}.parquet", cwd=folder,
        )  # fmt: skip
        assert done.code == 0, done
    done = pprl("match", "health.parquet", "education.parquet", "-o", "links", cwd=folder)
    assert done.code == 0, done
    return folder


def first_link(links: Path) -> int:
    return int(pd.read_parquet(links / "links.parquet")["link_id"].iloc[0])


def explained(folder: Path, *options: object, link: int | None = None) -> Outcome:
    done = pprl("explain", folder / "links", link or first_link(folder / "links"), *options)
    assert (done.code, done.err) == (0, "")
    return done


def number(line: str) -> float:
    return float(re.findall(r"[+-]\d+\.\d+", line)[0])


def test_the_table_sums_up_to_the_weight_and_the_probability(fields: Path) -> None:
    lines = explained(fields).lines
    start = next(at for at, line in enumerate(lines) if line == "1 - 2: linked")
    block = lines[start + 1 : start + 12]
    named = [line.split()[0] for line in block[:7]]
    assert named == [
        "given_name", "surname", "date_of_birth", "sex", "address", "locality", "postcode",
    ]  # fmt: skip
    assert block[7].startswith("  match weight ")
    assert sum(number(line) for line in block[:7]) == pytest.approx(number(block[7]), abs=0.05)
    assert block[8].startswith("  prior: before any comparison ")
    assert number(block[8]) < 0
    assert block[9].startswith("  rivals ")
    assert re.fullmatch(r"  match probability +[01]\.\d{3}", block[10])


def test_levels_are_words(fields: Path) -> None:
    known = "missing|differs|(somewhat )?similar|equal(, (common|rare) value)?"
    lines = [line for line in explained(fields).lines if line.startswith("  surname ")]
    assert lines
    for line in lines:
        assert re.fullmatch(rf"  surname +[+-]\d+\.\d\d  ({known})", line), line


def test_json_holds_the_same(fields: Path) -> None:
    content = json.loads(explained(fields, "--json").out)
    assert content["format"] == "pprl-explanation/1"
    assert content["profile"] == "fields"
    pair = content["pairs"][0]
    assert sum(part["bits"] for part in pair["fields"]) == pytest.approx(pair["weight"], abs=1e-2)
    assert {member["number"] for member in content["members"]} >= {pair["a"], pair["b"]}


def test_every_link_of_the_run_is_explained(fields: Path) -> None:
    links = pd.read_parquet(fields / "links" / "links.parquet")
    for link in links["link_id"].unique()[:40]:
        assert "1 - 2: linked" in explained(fields, link=int(link)).lines


def test_rivals_are_shown_with_the_margin(parts: Path, tmp_path: Path) -> None:
    files = [parts / "health.parquet", parts / "education.parquet"]
    assert pprl("match", *files, "-o", tmp_path / "links", "--threshold", 0.55).code == 0
    links = pd.read_parquet(tmp_path / "links" / "links.parquet")
    near = pd.read_parquet(tmp_path / "links" / "near.parquet")
    rivals = {*near["pseudonym_a"], *near["pseudonym_b"]}
    touched = links.loc[links["pseudonym"].isin(rivals), "link_id"]
    assert len(touched)
    said = explained(tmp_path, link=int(touched.iloc[0])).out
    assert ": rival\n" in said
    assert "margin over the best rival" in said
    assert "  not linked\n" in said or "  in link " in said
    few = explained(tmp_path, "--most", 1, link=int(touched.iloc[0])).out
    assert ": rival\n" not in few
    assert re.search(r"\n(1 more pair is|\d+ more pairs are) not shown", few)


def test_the_profile_record_tells_similarity_and_margin(desk: Path) -> None:
    said = explained(desk)
    assert MARK not in said.out.lower()
    assert "pairs were accepted from a similarity of 0.900 upwards" in said.lines[0]
    assert any(line.startswith("  similarity ") for line in said.lines)
    assert not any(line.startswith("  surname ") for line in said.lines)


def test_no_value_of_a_record_is_shown(desk: Path) -> None:
    """Nor may one leave in the folder that the statistician gets."""
    text = (desk / "linkage.toml").read_text(encoding="utf-8")
    changed = text.replace('project = "Desk"', 'project = "Desk"\nprofile = "fields"')
    (desk / "linkage.toml").write_text(changed, encoding="utf-8")
    for party in ("a", "b"):
        done = pprl(
            "encode", f"{party}.csv", "--agreement", "linkage.toml", "--key", "parties.key",
            "--party", party, "--id", "id", "-o", f"{party}.parquet", "--force",
        )  # fmt: skip
        assert done.code == 0, done
    assert pprl("match", "a.parquet", "b.parquet", "-o", "links", "--force").code == 0
    assert (desk / "links" / "explain.parquet").exists()
    for path in (desk / "links").iterdir():
        assert MARK not in path.read_bytes().decode("latin-1").lower()
    # Ids and digests may hold any four digits, so that the year is no mark here.
    assert MARK not in (explained(desk).out + explained(desk, "--json").out).lower()


def test_a_link_that_is_not_there(desk: Path, refuse: Refuse) -> None:
    refuse(1, "explain", "links", 999_999, says=("no link 999999 in this run", "links.parquet"))


def test_what_a_terminal_could_obey_is_not_shown(fields: Path, desk: Path, refuse: Refuse) -> None:
    """A folder that somebody changed is refused before any of its texts is printed."""
    for target in ("in run.json", "in a table"):
        shutil.rmtree(desk / "links")
        shutil.copytree(fields / "links", desk / "links")
        link = first_link(desk / "links")
        if target == "in run.json":
            path = desk / "links" / "run.json"
            run = json.loads(path.read_text(encoding="utf-8"))
            run["agreement"]["field"][0]["name"] = "\x1b]0;owned\x07"
            path.write_text(json.dumps(run), encoding="utf-8")
        else:
            path = desk / "links" / "links.parquet"
            table = pq.read_table(path)
            parties = ["\x1b]0;owned\x07"] * len(table)
            pq.write_table(table.set_column(1, "party", pa.array(parties)), path)
        for options in ((), ("--json",)):
            refuse(1, "explain", "links", link, *options, says=("links is damaged",))


def test_one_pair_compared_is_told_in_the_singular(desk: Path) -> None:
    for party in ("a", "b"):
        rows = (desk / f"{party}.csv").read_text(encoding="utf-8").splitlines(keepends=True)
        (desk / f"{party}.csv").write_text("".join(rows[:2]), encoding="utf-8")
        done = pprl(
            "encode", f"{party}.csv", "--agreement", "linkage.toml", "--key", "parties.key",
            "--party", party, "--id", "id", "-o", f"{party}.parquet", "--force",
        )  # fmt: skip
        assert done.code == 0, done
    done = pprl("match", "a.parquet", "b.parquet", "-o", "links", "--force")
    assert done.lines[0].startswith("1 pair compared, reduction ratio"), done


def test_what_is_no_links_folder(refuse: Refuse) -> None:
    refuse(1, "explain", "absent", 1, says=("absent is not a links folder",))


def test_a_damaged_folder_is_refused(fields: Path, desk: Path, refuse: Refuse) -> None:
    (desk / "links" / "explain.parquet").write_bytes(b"PAR1")
    assert pprl("explain", "links", first_link(desk / "links")).code == 0, "not read in record"
    run = json.loads((desk / "links" / "run.json").read_text(encoding="utf-8"))
    run["agreement"]["profile"] = "fields"
    run["agreement_fingerprint"] = Agreement.from_dict(run["agreement"]).fingerprint()
    (desk / "links" / "run.json").write_text(json.dumps(run), encoding="utf-8")
    refuse(1, "explain", "links", 1, says=("explain.parquet can't be read",))
