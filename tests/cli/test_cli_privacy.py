"""The wall, as the commands keep it: no value and no key leaves, nothing calls out."""

from __future__ import annotations

import json
import os
import socket
import stat
from pathlib import Path

import click
import pytest
from cli_house import MARK, YEAR, assert_no_value, encode_arguments, pprl, python
from pprl.cli.main import COMMANDS, main

KEY = "5ec4e7" + "0123456789abcdef" * 3 + "feedfacecafe"[:10]


def known_key() -> str:
    """Return the content of a key file with digits that a search would find."""
    from pprl.party.keys.key import Key

    assert len(KEY) == 64
    return Key(bytes.fromhex(KEY)).secret_text()


def holds(content: bytes, secret: str) -> bool:
    """Say whether a secret stands in some bytes, in any of the forms in which it may slip out."""
    forms = {secret.encode(), secret.upper().encode(), bytes.fromhex(secret)}
    return any(form in content for form in forms)


def test_no_value_and_no_key_leaves_the_party(desk: Path) -> None:
    (desk / "parties.key").write_text(known_key())
    said = []
    for party in ("a", "b"):
        said.append(pprl(*encode_arguments(party), "--force"))
        said.append(pprl(*encode_arguments(party), "--force", "--json"))
        said.append(pprl("check", f"{party}.csv", "--agreement", "linkage.toml", "--id", "id"))
    said.append(pprl("init", "a.csv", "-o", "draft.toml", "--columns-out", "map.toml"))
    said.append(pprl("keygen", "parties.key", "--fingerprint"))
    for name in ("a.csv", "a.parquet", "a.ids.csv", "parties.key", "truth.csv"):
        said.append(pprl("inspect", name))
        said.append(pprl("inspect", name, "--json"))
    said.append(
        pprl("match", "a.parquet", "b.parquet", "-o", "new", "--threshold", "0.9", "--json")
    )
    said.append(
        pprl(
            "evaluate", "new", "--truth", "truth.csv", "--ids", "a.ids.csv", "--ids", "b.ids.csv",
            "-o", "r.html", "--json",
        )
    )  # fmt: skip
    for outcome in said:
        assert outcome.code == 0, outcome
        assert_no_value(outcome.out + outcome.err)
        assert not holds((outcome.out + outcome.err).encode(), KEY)
    leaving = [
        *desk.glob("*.parquet"),
        *(desk / "new").iterdir(),
        *desk.glob("r.*"),
        *desk.glob("*.toml"),
    ]
    assert len(leaving) == 13
    for path in leaving:
        content = path.read_bytes()
        assert MARK.encode() not in content.lower(), path.name
        assert YEAR.encode() + b"-" not in content, path.name
        assert not holds(content, KEY), path.name


def test_key_stands_in_no_file_but_its_own(desk: Path) -> None:
    (desk / "parties.key").write_text(known_key())
    assert pprl(*encode_arguments("a"), "--force").code == 0
    for path in desk.rglob("*"):
        if path.is_file() and path.name != "parties.key":
            assert not holds(path.read_bytes(), KEY), path.name


def test_rows_of_the_encoded_file_are_not_in_the_order_of_the_people(desk: Path) -> None:
    ids = [line.split(",")[1] for line in (desk / "a.ids.csv").read_text().splitlines()[1:]]
    assert len(ids) == 40
    assert ids != sorted(ids)


def test_pseudonyms_are_new_in_every_run(desk: Path) -> None:
    before = set((desk / "a.ids.csv").read_text().splitlines()[1:])
    assert pprl(*encode_arguments("a"), "--force").code == 0
    assert not before & set((desk / "a.ids.csv").read_text().splitlines()[1:])


@pytest.mark.skipif(os.name != "posix", reason="modes are a POSIX matter")
def test_files_that_stay_are_private_whatever_the_umask(desk: Path) -> None:
    before = os.umask(0)
    try:
        assert pprl("keygen", "new.key").code == 0
        (desk / "a.ids.csv").chmod(0o644)
        assert pprl(*encode_arguments("a"), "--force").code == 0
        done = pprl("resolve", "links/links-b.csv", "--ids", "b.ids.csv", "-o", "mine.csv")
        assert done.code == 0
    finally:
        os.umask(before)
    for name in ("new.key", "a.ids.csv", "mine.csv"):
        assert stat.S_IMODE((desk / name).stat().st_mode) == 0o600, name


def test_no_option_takes_a_secret_itself() -> None:
    """A secret on the command line stands in the shell's history and in the list of processes."""
    context = click.Context(main, **main.context_settings)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        for option in command.params:
            words = f"{option.name} {' '.join(option.opts)}".lower()
            secrets = {"secret", "password", "passphrase", "salt", "seed"}
            if name == "synth":
                secrets.remove("seed")  # of made-up people: nothing of anybody's follows from it
            assert not any(word in words for word in secrets)
            if option.name == "key":
                assert isinstance(option.type, click.Path)
            assert not getattr(option, "envvar", None)


def test_environment_changes_nothing(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PPRL_KEY", "PPRL_MATCH_THRESHOLD", "PPRL_THRESHOLD", "PPRL_ENCODE_PARTY"):
        monkeypatch.setenv(name, "0.123")
    done = pprl("match", "a.parquet", "b.parquet", "-o", "new", "--threshold", "0.9", "--json")
    assert json.loads(done.out)["threshold"]["value"] == 0.9


WATCHED = """
import json, sys
events = []
def watch(event, arguments):
    if event.startswith(("socket.", "urllib.", "ftplib.", "http.", "smtplib.")):
        events.append(event)
sys.addaudithook(watch)
from pprl.cli.main import call
code = call(sys.argv[1:])
rooms = sorted(name for name in sys.modules if name.startswith("pprl."))
print(json.dumps({"code": code, "events": events, "rooms": rooms}), file=sys.stderr)
"""

UNIT = ["match", "a.parquet", "b.parquet", "-o", "new", "--threshold", "0.9"]
STATISTICIAN = [
    "evaluate", "links", "--truth", "truth.csv", "--ids", "a.ids.csv", "--ids", "b.ids.csv",
    "-o", "r.html",
]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "foreign"),
    [
        (UNIT, ("pprl.party", "pprl.quality")),
        (["inspect", "a.parquet"], ("pprl.party", "pprl.unit", "pprl.quality")),
        (STATISTICIAN, ("pprl.party", "pprl.unit")),
        ([*encode_arguments("a"), "--force"], ("pprl.unit", "pprl.quality")),
        (["resolve", "links/links-a.csv", "--ids", "a.ids.csv"], ("pprl.unit", "pprl.quality")),
    ],
    ids=["match", "inspect", "evaluate", "encode", "resolve"],
)
def test_each_role_loads_its_own_rooms_only_and_calls_nobody(
    desk: Path, command: list[str], foreign: tuple[str, ...]
) -> None:
    done = python(WATCHED, *command, cwd=desk)
    facts = json.loads(done.err.splitlines()[-1])
    assert facts["code"] == 0, done
    assert [name for name in facts["rooms"] if name.startswith(foreign)] == []
    assert facts["events"] == []


def test_whole_road_needs_no_network(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked for")

    for name in ("socket", "create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, refused)
    commands = [
        ["init", "a.csv", "-o", "draft.toml"],
        ["keygen", "new.key"],
        ["check", "a.csv", "--agreement", "linkage.toml"],
        [*encode_arguments("a"), "--force"],
        [*encode_arguments("b"), "--force"],
        ["inspect", "a.parquet"],
        UNIT,
        ["evaluate", "new", *STATISTICIAN[2:]],
        ["resolve", "new/links-a.csv", "--ids", "a.ids.csv"],
    ]
    for command in commands:
        done = pprl(*command)
        assert done.code == 0, done


def test_report_refers_to_nothing_outside(desk: Path) -> None:
    assert pprl(*STATISTICIAN).code == 0
    page = (desk / "r.html").read_text(encoding="utf-8")
    for word in ("<script", "<link", "<iframe", "src=", "@import", "url(http", 'href="http'):
        assert word not in page
