"""An agreement or a key that can't be used, and options that contradict each other."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_house import MARK, Refuse, encode_arguments, pprl

ENCODE = [*encode_arguments("a")[:-1], "c.parquet"]
CHECK = ["check", "a.csv", "--agreement", "linkage.toml", "--id", "id"]

BAD_AGREEMENTS = {
    "unknown entry": ("[[field]]", "treshold = 0.8\n[[field]]", "unknown entry 'treshold'"),
    "unknown entry in a field": (
        'name = "surname"\n',
        'name = "surname"\nweight = 3\n',
        "unknown entry 'field[2].weight'",
    ),
    "bad TOML": ("[[field]]", "[[field", "is not valid TOML"),
    "budget as text": (
        'name = "surname"\n',
        'name = "surname"\nbudget = "80"\n',
        "field[2].budget",
    ),
    "budget as fraction": (
        'name = "surname"\n',
        'name = "surname"\nbudget = 8.5\n',
        "field[2].budget",
    ),
    "budget as truth value": (
        'name = "surname"\n',
        'name = "surname"\nbudget = true\n',
        "field[2].budget",
    ),
    "budget of nothing": (
        'name = "surname"\n',
        'name = "surname"\nbudget = 0\n',
        "field[2].budget",
    ),
    "unknown type": ('type = "surname"', 'type = "family"', "type must be one of: given-name"),
    "field named twice": ('name = "surname"', 'name = "given_name"', "is named twice"),
    "missing entry": ('project = "Desk"\n', "", "the entry 'project' is missing"),
    "other format": ("pprl-agreement/1", "pprl-agreement/9", "format"),
    "blocking by an unknown field": ("soundex(surname)", "soundex(family)", "'family'"),
    "blocking by an unknown function": ("soundex(surname)", "sound(surname)", "function(field)"),
    "threshold out of range": (
        "[[field]]",
        "[matching]\nthreshold = 1.5\n[[field]]",
        'matching.threshold: must be "auto" or a number',
    ),
}


@pytest.mark.parametrize("command", [CHECK, ENCODE], ids=["check", "encode"])
@pytest.mark.parametrize(("old", "new", "says"), BAD_AGREEMENTS.values(), ids=BAD_AGREEMENTS)
def test_bad_agreement_is_refused_by_its_entry(
    desk: Path, refuse: Refuse, command: list[str], old: str, new: str, says: str
) -> None:
    text = (desk / "linkage.toml").read_text(encoding="utf-8")
    assert old in text
    (desk / "linkage.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    refuse(1, *command, says=("linkage.toml", says))


@pytest.mark.parametrize("command", [CHECK, ENCODE], ids=["check", "encode"])
def test_what_is_no_agreement_is_refused(desk: Path, refuse: Refuse, command: list[str]) -> None:
    def given(name: str) -> list[str]:
        return [name if text == "linkage.toml" else text for text in command]

    refuse(1, *given("absent.toml"), says=("absent.toml: no such file", "`pprl init"))
    refuse(1, *given("a.csv"), says=("a.csv: is not valid TOML",))
    refuse(1, *given("a.parquet"), says=("a.parquet: is not UTF-8 text",))
    refuse(1, *given("links"), says=("links: can't be read",))
    secret = re.split(":", (desk / "parties.key").read_text())[1]
    said = refuse(1, *given("parties.key"), says=("parties.key: is not valid TOML",))
    assert secret[:16] not in said.err


def _flip(text: str) -> str:
    head, secret, rest = text.split(":")
    return ":".join([head, ("0" if secret[0] != "0" else "1") + secret[1:], rest])


BAD_KEYS: dict[str, tuple[Callable[[str], str], str]] = {
    "one digit altered": (_flip, "was altered: its checksum does not hold"),
    "cut short": (lambda text: text[:-20], "is not a key file"),
    "empty": (lambda text: "", "is not a key file"),
    "two lines": (lambda text: text + text, "is not a key file"),
    "capitals": (str.upper, "is not a key file"),
    "other version": (
        lambda text: text.replace("key-1", "key-2"),
        "is not a key file of version 1",
    ),
    "a password": (lambda text: f"{MARK}\n", "is not a key file"),
}


@pytest.mark.parametrize(("change", "says"), BAD_KEYS.values(), ids=BAD_KEYS)
def test_bad_key_is_refused_and_not_shown(
    desk: Path, refuse: Refuse, change: Callable[[str], str], says: str
) -> None:
    text = (desk / "parties.key").read_text()
    (desk / "parties.key").write_text(change(text))
    for command in (ENCODE, ["keygen", "parties.key", "--fingerprint"]):
        said = refuse(1, *command, says=("parties.key", says))
        assert text.split(":")[1][8:24] not in said.err.lower()


def test_missing_key_is_refused(desk: Path, refuse: Refuse) -> None:
    (desk / "parties.key").unlink()
    refuse(1, *ENCODE, says=("parties.key: no such key file", "pprl keygen KEY"))
    refuse(1, "keygen", "parties.key", "--fingerprint", says=("no such key file",))
    (desk / "parties.key").mkdir()
    refuse(1, *ENCODE, says=("parties.key: the key can't be read",))


def test_key_is_never_overwritten(desk: Path, refuse: Refuse) -> None:
    refuse(1, "keygen", "parties.key", says=("exists already; a key is never overwritten",))
    refuse(1, "keygen", "a.csv", says=("exists already",))
    refuse(1, "keygen", "absent/new.key", says=("the key can't be written",))
    refuse(2, "keygen", "parties.key", "--force", says=("No such option",))
    refuse(2, "keygen", "", says=("the path is empty",))


def _as_party(command: list[str], party: str) -> list[str]:
    at = command.index("--party") + 1
    return [*command[:at], party, *command[at + 1 :]]


@pytest.mark.parametrize("party", ["", "Health", "a b", "../x", "-a", "é", "x" * 64, "a/b"])
def test_party_name_that_could_not_name_a_file_is_refused(refuse: Refuse, party: str) -> None:
    refuse(2, *_as_party(ENCODE, party), says=("the party's name", "--party health"))


@pytest.mark.parametrize("threshold", ["0", "1.5", "-0.5", "nan", "inf", "abc", "", "0,8", "80%"])
def test_threshold_out_of_range_is_a_usage_error(refuse: Refuse, threshold: str) -> None:
    refuse(
        2, "match", "a.parquet", "b.parquet", "-o", "x", f"--threshold={threshold}",
        says=(f"--threshold {threshold} is neither auto nor a number above 0 and at most 1",),
    )  # fmt: skip


USAGE = {
    "unknown command": (["mach"], "No such command 'mach'"),
    "unknown option": (["match", "a.parquet", "-o", "x", "--tresh", "1"], "No such option"),
    "unknown blocking": (
        ["match", "a.parquet", "-o", "x", "--blocking", "magic"],
        "blocking must be one of: exhaustive, lsh, keys",
    ),
    "a blocking pass twice": (
        ["match", "a.parquet", "b.parquet", "-o", "x", "--blocking", "keys,keys"],
        "or several different ones in turn",
    ),
    "an empty blocking pass": (
        ["match", "a.parquet", "b.parquet", "-o", "x", "--blocking", "keys,"],
        "or several different ones in turn",
    ),
    "passes in turn for one file": (
        ["match", "a.parquet", "-o", "x", "--blocking", "keys,exhaustive"],
        "blocking passes in turn need two files",
    ),
    "a link id that is no number": (
        ["explain", "links", "first"],
        "'first' is not a link id: a number of at most fifteen digits, as links.parquet shows it",
    ),
    "a link id below 1": (
        ["explain", "links", "0"],
        "'0' is not a link id",
    ),
    "a link id that a spreadsheet wrote": (
        ["explain", "links", "4.82003E+14"],
        "'4.82003E+14' is not a link id",
    ),
    "a link id of sixteen digits": (
        ["explain", "links", "1000000000000000"],
        "at most fifteen digits",
    ),
    "unknown assignment": (
        ["match", "a.parquet", "-o", "x", "--assign", "all"],
        "'all' is not one of",
    ),
    "no file": (["match", "-o", "x"], "Missing argument"),
    "no output": (["match", "a.parquet"], "Missing option '-o' / '--output'"),
    "no threads": (["match", "a.parquet", "-o", "x", "--threads", "0"], "0 is not in the range"),
    "too many threads": (
        ["match", "a.parquet", "-o", "x", "--threads", "99999"],
        "--threads 99999: this machine has",
    ),
    "no agreement": (["check", "a.csv"], "Missing option '--agreement'"),
    "no key": ([*ENCODE[:4], *ENCODE[6:]], "Missing option '--key'"),
    "unknown rule": ([*ENCODE, "--unreadable", "guess"], "'guess' is not one of"),
    "too few bits": (["init", "a.csv", "-o", "x.toml", "--bits", "8"], "8 is not in the range"),
    "two files for one": (["inspect", "a.csv", "b.csv"], "unexpected extra argument"),
    "assignment inside one file": (
        ["match", "a.parquet", "-o", "x", "--assign", "one-to-one"],
        "--assign one-to-one needs two files",
    ),
    "encoded file of another ending": (
        [*ENCODE[:-1], "c.csv"],
        "the encoded file must end in .parquet",
    ),
    "encoded file without ending": ([*ENCODE[:-1], "c"], "the encoded file must end in .parquet"),
    "report that would be its own JSON": (
        ["evaluate", "links", "-o", "r.json"],
        "must end in .html",
    ),
    "report of another ending": (["evaluate", "links", "-o", "r.pdf"], "must end in .html"),
    "nothing to evaluate for": (["evaluate", "links"], "no output is given"),
    "truth without ids": (
        ["evaluate", "links", "--truth", "truth.csv", "-o", "r.html"],
        "--truth is given without --ids",
    ),
    "ids without truth": (
        ["evaluate", "links", "--ids", "a.ids.csv", "-o", "r.html"],
        "--ids is given without --truth",
    ),
    "baseline without truth": (
        ["evaluate", "links", "--baseline", "a.csv", "b.csv", "-o", "r.html"],
        "--baseline can't be judged without --truth",
    ),
    "gate without truth": (
        ["evaluate", "links", "-o", "r.html", "--require-f1", "0.9"],
        "--require-f1 needs the truth",
    ),
    "gate out of range": (["evaluate", "links", "--json", "--require-f1", "97"], "97"),
    "path that is no text": (["inspect", "a\udce9.parquet"], "not UTF-8 text; rename the file"),
    "empty path": (["inspect", ""], "the path is empty"),
}


@pytest.mark.parametrize(("arguments", "says"), USAGE.values(), ids=USAGE)
def test_usage_errors_end_with_2_in_the_same_style(
    refuse: Refuse, request: pytest.FixtureRequest, arguments: list[str], says: str
) -> None:
    """Also when the parser finds them."""
    if says == "unexpected extra argument":  # the parser's own word, not our last resort
        outcome = pprl(*arguments)
        assert outcome.code == 2
        assert outcome.err.startswith("pprl: error: Got unexpected extra argument")
        assert "pprl: hint: `pprl inspect --help`" in outcome.err
        return
    refuse(2, *arguments, says=(says,))


def test_one_to_many_with_three_files_is_a_usage_error(desk: Path, refuse: Refuse) -> None:
    assert pprl(*_as_party(ENCODE, "c")).code == 0
    refuse(
        2, "match", "a.parquet", "b.parquet", "c.parquet", "-o", "x", "--assign", "one-to-many",
        says=("one-to-many is defined for two files only",),
    )  # fmt: skip


def test_blocking_by_keys_needs_passes(desk: Path, refuse: Refuse) -> None:
    text = (desk / "linkage.toml").read_text(encoding="utf-8")
    (desk / "linkage.toml").write_text(text[: text.index("[[blocking]]")], encoding="utf-8")
    for party in ("a", "b"):
        assert pprl(*encode_arguments(party), "--force").code == 0
    refuse(
        2, "match", "a.parquet", "b.parquet", "-o", "x", "--blocking", "keys",
        says=("blocking", "keys"),
    )  # fmt: skip
