"""The party's commands with one filter a field: drafted on request, warned of each time, and shown everywhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_house import SAMPLE, Outcome, assert_no_value, pprl

from pprl.exchange.agreement.model import Agreement
from pprl.exchange.encoded.file import read_encoded

WARNING = "pprl: warning: the profile 'fields' leaks more than 'record'"


@pytest.fixture
def fields(desk: Path) -> Path:
    """The desk, its agreement drafted anew with one filter a field."""
    done = pprl("init", "a.csv", "-o", "linkage.toml", "--profile", "fields", "--force", cwd=desk)
    assert done.code == 0, done
    return desk


def encode(folder: Path, *more: str) -> Outcome:
    return pprl(
        "encode", "a.csv", "--agreement", "linkage.toml", "--key", "parties.key", "--party", "a",
        "--id", "id", "-o", "a.parquet", "--force", *more, cwd=folder,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "profile", "bits"),
    [
        ([], "record", 1024),
        (["--profile", "record"], "record", 1024),
        (["--profile", "fields"], "fields", 512),
        (["--profile", "fields", "--bits", "256"], "fields", 256),
        (["--bits", "2048"], "record", 2048),
    ],
)
def test_init_drafts_either_profile(
    tmp_path: Path, options: list[str], profile: str, bits: int
) -> None:
    """The length of a filter follows the profile unless it is given."""
    done = pprl("init", SAMPLE / "health.csv", "-o", tmp_path / "x.toml", *options)
    assert done.code == 0
    agreement = Agreement.load(tmp_path / "x.toml")
    assert (agreement.profile, agreement.filter.bits) == (profile, bits)


def test_init_knows_no_other_profile(tmp_path: Path) -> None:
    done = pprl("init", SAMPLE / "health.csv", "-o", tmp_path / "x.toml", "--profile", "column")
    assert done.code == 2
    assert not (tmp_path / "x.toml").exists()


def test_check_shows_the_profile_and_warns(fields: Path) -> None:
    said = pprl("check", "a.csv", "--agreement", "linkage.toml", cwd=fields)
    assert said.code == 0
    assert "profile fields: one filter a field" in said.lines
    assert any("(0.25 to 0.35 is good)" in line for line in said.lines)
    assert "What would leave this machine, 272 bytes a record:" in said.lines
    assert WARNING in said.err
    content = json.loads(
        pprl("check", "a.csv", "--agreement", "linkage.toml", "--json", cwd=fields).out
    )
    assert (content["profile"], content["record_bytes"]) == ("fields", 272)


def test_encode_shows_the_profile_and_warns(fields: Path) -> None:
    said = encode(fields)
    assert said.code == 0
    assert any(line.endswith("(profile fields)") for line in said.lines)
    assert WARNING in said.err
    assert_no_value(said.out + said.err)
    content = json.loads(encode(fields, "--json").out)
    assert content["profile"] == "fields"
    assert any("leaks more" in text for text in content["warnings"])
    encoded = read_encoded(fields / "a.parquet")
    assert encoded.field_words().shape == (content["encoded"], 4, 8)


def test_inspect_shows_the_profile(fields: Path) -> None:
    assert encode(fields).code == 0
    for file in ("a.parquet", "linkage.toml"):
        assert "  profile: fields" in pprl("inspect", file, cwd=fields).lines
        facts = json.loads(pprl("inspect", file, "--json", cwd=fields).out)
        assert (facts["profile"], facts["filter_bits"]) == ("fields", 512)
    facts = json.loads(pprl("inspect", "a.parquet", "--json", cwd=fields).out)
    assert facts["filters_per_record"] == 4


def test_hardening_that_could_hide_a_value_is_refused(fields: Path) -> None:
    text = (fields / "linkage.toml").read_text(encoding="utf-8")
    changed = text.replace('method = "none"', 'method = "xor-fold"')
    (fields / "linkage.toml").write_text(changed, encoding="utf-8")
    said = encode(fields)
    assert said.code == 1
    assert "xor-fold does not apply to the profile 'fields'" in said.err
