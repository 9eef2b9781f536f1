"""Nothing that another organisation sent can make the terminal obey it, not even the name of a file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cli_house import pprl

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")

NAMES = (
    "\x1b]0;owned\x07.parquet",
    "\x9b2J.parquet",
    "\u202etxt.parquet",
    "a\npprl: hint: b.parquet",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_name_in_an_error_is_plain_text(desk: Path, name: str) -> None:
    """In its hint, too; and it begins no line of its own."""
    (desk / name).write_bytes(b"PAR1")
    (desk / f"{name}.csv").write_bytes(b"pseudonym,id\n")
    for done in (
        pprl("inspect", name),
        pprl("match", name, "a.parquet", "-o", "made"),
        pprl("match", f"{name}.csv", "a.parquet", "-o", "made"),
        pprl("inspect", f"missing-{name}"),
    ):
        assert done.code == 1
        lines = done.err.splitlines()
        assert all(line.isprintable() for line in lines)
        assert [line[:11] for line in lines] == ["pprl: error", "pprl: hint:"]


@pytest.mark.parametrize("name", NAMES)
def test_inspect_shows_a_file_name_as_plain_text(desk: Path, name: str) -> None:
    (desk / "a.parquet").rename(desk / name)
    done = pprl("inspect", name)
    assert done.code == 0
    assert all(line.isprintable() for line in done.lines)
    assert done.lines[0].endswith(".parquet: encoded file")
