"""Run `pprl` inside the test's own process, and state what a refusal must look like."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pprl.cli.main import call

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "sample_data"

MARK = "zqmark"
"""Stands in every value of the made-up people, and so must stand in no message and no output that leaves."""

YEAR = "1873"
"""The same for dates: everybody is born in this year."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def pprl(*arguments: object, cwd: Path | None = None) -> Outcome:
    """Run a command line in this process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(cwd or Path.cwd()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = call([str(argument) for argument in arguments])
    return Outcome(code, out.getvalue(), err.getvalue())


def python(script: str, *arguments: object, cwd: Path | None = None) -> Outcome:
    """Run a script in a process of its own, with this interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        check=False,
        timeout=120,
        encoding="utf-8",
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return every path below a folder with its mode and content; a folder's content is empty."""
    return {
        str(path.relative_to(folder)): (
            stat.S_IMODE(path.lstat().st_mode),
            path.read_bytes() if path.is_file() else b"",
        )
        for path in folder.rglob("*")
    }


def assert_no_value(text: str) -> None:
    """Nothing of what stands in the people files may stand here."""
    assert MARK not in text.lower()
    assert YEAR not in text


def assert_refused(outcome: Outcome, code: int, *says: str) -> None:
    """One error line and one hint, last on stderr; no traceback, no value."""
    assert outcome.code == code, outcome
    errors = [line for line in outcome.err.splitlines() if line.startswith("pprl: error: ")]
    hints = [line for line in outcome.err.splitlines() if line.startswith("pprl: hint: ")]
    assert len(errors) == len(hints) == 1, outcome.err
    assert outcome.err.splitlines()[-2:] == errors + hints
    assert "Traceback" not in outcome.err
    assert "unexpected" not in outcome.err, "the last resort is for defects"
    assert_no_value(outcome.err + outcome.out)
    for text in says:
        assert text in errors[0] + "\n" + hints[0], outcome.err


def csv_text(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as CSV; the values hold no comma and no quote."""
    return "".join(",".join(row) + "\n" for row in rows)


def is_root() -> bool:
    """Say whether permissions don't bind us."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def encode_arguments(party: str, key: str = "parties.key") -> list[str]:
    """Return the arguments that encode a party's file on the desk."""
    options = ["--agreement", "linkage.toml", "--key", key, "--party", party, "--id", "id"]
    return ["encode", f"{party}.csv", *options, "-o", f"{party}.parquet"]


class Road:
    """The folder in which the sample data was linked, and what each command said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: dict[str, Outcome] = {}

    def walk(self, step: str, *arguments: object) -> None:
        """Run one command and keep what it said."""
        self.said[step] = pprl(*arguments, cwd=self.folder)


Refuse = Callable[..., Outcome]
