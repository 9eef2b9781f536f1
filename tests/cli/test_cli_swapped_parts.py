"""Each part of a match can be swapped: files, threshold, blocking, assignment."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from cli_house import SAMPLE, pprl


def match(parts: Path, out: Path, *arguments: object) -> dict[str, Any]:
    """Run a match over the parts and return its run record."""
    done = pprl("match", *arguments, "-o", out, "--json", cwd=parts)
    assert done.code == 0, done
    run: dict[str, Any] = json.loads(done.out)
    return run


def judge(parts: Path, links: Path, *parties: str) -> dict[str, Any]:
    """Evaluate links against the truth and return the quality."""
    ids = [text for party in parties for text in ("--ids", f"{party}={party}.ids.csv")]
    done = pprl("evaluate", links, "--truth", "truth.csv", *ids, "--json", cwd=parts)
    assert done.code == 0, done
    quality: dict[str, Any] = json.loads(done.out)["quality"]
    return quality


PAIR = ("health.parquet", "education.parquet")


def test_given_threshold_is_used_and_recorded(parts: Path, tmp_path: Path) -> None:
    run = match(parts, tmp_path / "links", *PAIR, "--threshold", 0.8)
    assert run["parameters"]["threshold"] == 0.8
    assert (run["threshold"]["value"], run["threshold"]["method"]) == (0.8, "given")
    pairs = pd.read_parquet(tmp_path / "links" / "pairs.parquet")
    assert pairs["score"].min() >= 0.8
    near = pd.read_parquet(tmp_path / "links" / "near.parquet")
    assert near["score"].min() >= run["threshold"]["floor"]


@pytest.mark.parametrize("blocking", ["exhaustive", "lsh", "keys"])
def test_each_blocking_finds_the_people(parts: Path, tmp_path: Path, blocking: str) -> None:
    run = match(parts, tmp_path / "links", *PAIR, "--blocking", blocking, "--threshold", 0.75)
    counts = run["counts"]
    assert run["parameters"]["blocking"] == blocking
    assert (counts["reduction_ratio"] == 0) == (blocking == "exhaustive")
    assert counts["pairs_compared"] <= counts["pairs_possible"]
    assert judge(parts, tmp_path / "links", "health", "education")["f1"]["value"] > 0.9


@pytest.mark.parametrize("assign", ["one-to-one", "one-to-many", "many-to-many"])
def test_each_assignment_keeps_its_rule(parts: Path, tmp_path: Path, assign: str) -> None:
    # Low enough that some records of one household pass, whatever the random key.
    match(parts, tmp_path / "links", *PAIR, "--assign", assign, "--threshold", 0.5)
    pairs = pd.read_parquet(tmp_path / "links" / "pairs.parquet")
    if assign == "one-to-one":
        assert pairs["pseudonym_a"].is_unique
    if assign != "many-to-many":
        assert pairs["pseudonym_b"].is_unique
    if assign == "many-to-many":
        assert not pairs["pseudonym_b"].is_unique


def test_three_files_are_all_linked(parts: Path, tmp_path: Path) -> None:
    run = match(parts, tmp_path / "links", *PAIR, "registry.parquet")
    assert [entry["party"] for entry in run["inputs"]] == ["health", "education", "registry"]
    frame = pd.read_parquet(tmp_path / "links" / "links.parquet")
    assert not frame.duplicated(["link_id", "party"]).any(), "at most one record a file in a link"
    assert (frame.groupby("link_id").size() == 3).any()
    assert (tmp_path / "links" / "links-registry.csv").exists()
    quality = judge(parts, tmp_path / "links", "health", "education", "registry")
    assert quality["f1"]["value"] > 0.9


def test_passes_in_turn_are_counted_apart(parts: Path, tmp_path: Path) -> None:
    """What the strict pass links is not compared again, and the loose one finds the rest."""
    run = match(parts, tmp_path / "links", *PAIR, "--blocking", "keys,exhaustive")
    first, last = run["counts"]["passes"]
    assert (first["blocking"], last["blocking"]) == ("keys", "exhaustive")
    assert 0 < first["links"] < run["counts"]["links"]
    sizes = [entry["records"] - first["links"] for entry in run["inputs"]]
    assert last["pairs_compared"] == sizes[0] * sizes[1]
    assert judge(parts, tmp_path / "links", "health", "education")["f1"]["value"] > 0.95
    report = tmp_path / "report.html"
    assert pprl("evaluate", tmp_path / "links", "-o", report).code == 0
    assert "Blocking passes in turn" in report.read_text(encoding="utf-8")


def test_a_plan_of_several_passes_counts_pairs_that_are_seen_again(
    parts: Path, tmp_path: Path
) -> None:
    done = pprl(
        "match", *PAIR, "--blocking", "keys,exhaustive", "-o", tmp_path / "links", cwd=parts
    )
    told = re.search(r"pairs to compare: at most ([\d,]+) in all passes, of ([\d,]+) \(", done.err)
    assert told
    most, possible = (int(number.replace(",", "")) for number in told.groups())
    run = json.loads((tmp_path / "links" / "run.json").read_text(encoding="utf-8"))
    assert run["counts"]["pairs_compared"] <= most
    assert possible == run["counts"]["pairs_possible"]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_file_added_later_changes_no_link_that_was_given_out(
    parts: Path, tmp_path: Path, place: int
) -> None:
    """Wherever its name stands on the command line; each party can resolve what it gets back."""
    match(parts, tmp_path / "one", *PAIR)
    files = [*PAIR[:place], "registry.parquet", *PAIR[place:]]
    run = match(parts, tmp_path / "two", *files, "--extend", tmp_path / "one")
    assert run["parameters"]["extends"] == ["health", "education"]
    before, after = (pd.read_parquet(tmp_path / name / "links.parquet") for name in ("one", "two"))
    kept = before.merge(after, on=["link_id", "party", "pseudonym"])
    assert len(kept) == len(before)
    joined = after[(after["party"] == "registry") & after["link_id"].isin(before["link_id"])]
    assert len(joined) > 50
    quality = judge(parts, tmp_path / "two", "health", "education", "registry")
    assert quality["f1"]["value"] > 0.9
    explained = pprl("explain", tmp_path / "two", joined["link_id"].iloc[0])
    assert explained.code == 0
    assert "registry" in explained.out
    done = pprl("evaluate", tmp_path / "two", "--json")
    assert "the pairs that this run added" in " ".join(json.loads(done.out)["summary"])
    for party in ("health", "education", "registry"):
        back = tmp_path / "two" / f"links-{party}.csv"
        resolved = pprl("resolve", back, "--ids", parts / f"{party}.ids.csv")
        assert resolved.code == 0, resolved
        assert len(resolved.lines) == 1 + (after["party"] == party).sum()


def test_one_file_is_searched_for_duplicates(parts: Path, tmp_path: Path) -> None:
    done = pprl("match", "twice.parquet", "-o", tmp_path / "links", "--threshold", 0.9, cwd=parts)
    assert done.code == 0, done
    assert done.lines[-1] == f"  to return to twice: {tmp_path / 'links' / 'links-twice.csv'}"
    frame = pd.read_parquet(tmp_path / "links" / "links.parquet")
    assert frame["link_id"].nunique() >= 100
    resolved = pprl(
        "resolve", tmp_path / "links" / "links-twice.csv", "--ids", parts / "twice.ids.csv"
    )
    links: dict[str, set[str]] = {}
    for line in resolved.lines[1:]:
        link, own = line.split(",")
        links.setdefault(link, set()).add(own)
    copies = [own for members in links.values() for own in members if own.startswith("T")]
    assert len(copies) == 100
    assert all(any({own, own[1:]} <= members for members in links.values()) for own in copies)


def test_same_inputs_give_the_same_links(parts: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        match(parts, tmp_path / name, *PAIR)
    for name in ("links.parquet", "pairs.parquet", "near.parquet", "links-health.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_threads_are_recorded(parts: Path, tmp_path: Path) -> None:
    import numba

    before = numba.get_num_threads()
    try:
        run = match(parts, tmp_path / "links", *PAIR, "--threads", 1)
    finally:
        numba.set_num_threads(before)
    assert run["parameters"]["threads"] == 1


def test_agreement_decides_what_no_option_does(desk: Path) -> None:
    rule = '[matching]\nthreshold = 0.93\nblocking = "keys"\nassign = "many-to-many"\n'
    with (desk / "linkage.toml").open("a", encoding="utf-8") as stream:
        stream.write(rule)
    for party in ("a", "b"):
        done = pprl(
            "encode", f"{party}.csv", "--agreement", "linkage.toml", "--key", "parties.key",
            "--party", party, "--id", "id", "-o", f"{party}.parquet", "--force",
        )  # fmt: skip
        assert done.code == 0, done
    run = match(desk, desk / "new", "a.parquet", "b.parquet")
    assert run["parameters"]["blocking"] == "keys"
    assert run["parameters"]["assign"] == "many-to-many"
    assert run["threshold"]["value"] == 0.93
    run = match(desk, desk / "other", "a.parquet", "b.parquet", "--blocking", "exhaustive")
    assert run["parameters"]["blocking"] == "exhaustive"


@pytest.mark.parametrize(
    "options",
    [
        ["--columns", "education.columns.toml"],
        [
            "--column", "given_name=given_names", "--column", "surname=family_name",
            "--column", "date_of_birth=birth_date", "--column", "sex=gender",
            "--date-format", "date_of_birth=YYYY-MM-DD",
        ],
    ],
    ids=["file", "options"],
)  # fmt: skip
def test_columns_are_mapped_by_file_or_by_option(parts: Path, options: list[str]) -> None:
    options = [str(SAMPLE / text) if text.endswith(".toml") else text for text in options]
    done = pprl("check", SAMPLE / "education.csv", "--agreement", SAMPLE / "linkage.toml", *options)
    assert done.code == 0, done
    assert "birth_date (YYYY-MM-DD)" in done.out


def test_baseline_notes_that_plain_files_meet(parts: Path, tmp_path: Path) -> None:
    run = match(parts, tmp_path / "links", *PAIR)
    assert run["counts"]["links"] > 0
    done = pprl(
        "evaluate", tmp_path / "links", "--truth", "truth.csv",
        "--ids", "health.ids.csv", "--ids", "education.ids.csv", "--json",
        "--baseline", "health.csv", "education.csv",
        "--columns", f"health={SAMPLE / 'health.columns.toml'}",
        "--columns", f"education={SAMPLE / 'education.columns.toml'}",
        "--id", "health=patient_no", "--id", "education=pupil_ref", cwd=parts,
    )  # fmt: skip
    assert done.code == 0, done
    assert done.err.startswith("pprl: note: ")
    assert json.loads(done.out)["baseline"]["quality"]["f1"]["value"] > 0.8
