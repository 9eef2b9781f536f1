"""Outputs are whole or absent: existing ones, missing folders, full disks, interrupts."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cli_house import (
    MARK,
    Refuse,
    assert_refused,
    encode_arguments,
    is_root,
    pprl,
    python,
    snapshot,
)

from pprl.base.outputs import Outputs
from pprl.exchange.agreement.model import Agreement
from pprl.exchange.encoded.file import EncodedFile, seal_header, write_encoded

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and modes are a POSIX matter")
ENCODE = [*encode_arguments("a")[:-1], "c.parquet"]
EVALUATE = ["evaluate", "links", "-o", "r.html"]
MATCH = ["match", "a.parquet", "b.parquet", "-o", "new", "--threshold", "0.9"]
RESOLVE = ["resolve", "links/links-a.csv", "--ids", "a.ids.csv", "-o", "mine.csv"]
INIT = ["init", "a.csv", "-o", "x.toml", "--columns-out", "map.toml"]
KEYGEN = ["keygen", "new.key"]

OUTPUTS = {
    "init": (INIT, ["x.toml", "map.toml"]),
    "encode": (ENCODE, ["c.parquet", "c.ids.csv"]),
    "match": (MATCH, ["new"]),
    "evaluate": (EVALUATE, ["r.html", "r.json"]),
    "resolve": (RESOLVE, ["mine.csv"]),
}
EACH = [(command, name) for command, names in OUTPUTS.values() for name in names]


@pytest.mark.parametrize(("command", "name"), EACH)
def test_existing_output_is_kept_unless_forced(
    desk: Path, refuse: Refuse, command: list[str], name: str
) -> None:
    if name == "new":
        shutil.copytree(desk / "links", desk / "new")
        (desk / "new" / "extra").write_text("old")
    else:
        (desk / name).write_text("old")
    refuse(1, *command, says=(f"{name} exists already", "pass --force to replace it"))
    done = pprl(*command, "--force")
    assert done.code == 0, done
    assert not (desk / "new" / "extra").exists()
    if name != "new":
        assert (desk / name).read_text(errors="replace") != "old"
    assert not [path for path in snapshot(desk) if ".partial" in path or ".old" in path]


@pytest.mark.parametrize(("command", "names"), OUTPUTS.values(), ids=OUTPUTS)
def test_missing_output_folder_is_refused(
    refuse: Refuse, command: list[str], names: list[str]
) -> None:
    command = [f"absent/{text}" if text in names else text for text in command]
    refuse(1, *command, says=("the folder absent does not exist", "Create the folder first"))


@pytest.mark.skipif(is_root(), reason="nothing is unwritable for root")
@pytest.mark.parametrize(("command", "names"), OUTPUTS.values(), ids=OUTPUTS)
def test_unwritable_folder_is_refused(
    desk: Path, refuse: Refuse, command: list[str], names: list[str]
) -> None:
    (desk / "closed").mkdir(mode=0o555)
    command = [f"closed/{text}" if text in names else text for text in command]
    refuse(1, *command, says=("can't write", "Check the folder's permissions"))


def test_output_that_is_an_input_is_refused_even_with_force(desk: Path, refuse: Refuse) -> None:
    """--force must not cost the people file or the id map."""
    (desk / "c.ids.csv").write_bytes((desk / "a.csv").read_bytes())
    people = ["c.ids.csv" if text == "a.csv" else text for text in ENCODE]
    for command in (
        ["init", "a.csv", "-o", "a.csv", "--force"],
        ["init", "a.csv", "-o", "./a.csv", "--force"],
        [*people, "--force"],
        ["match", "a.parquet", "b.parquet", "-o", "a.parquet", "--force"],
        [*RESOLVE[:-1], "a.ids.csv", "--force"],
    ):
        refuse(2, *command, says=("is an input of this command",))
    refuse(2, "init", "a.csv", "-o", "x", "--columns-out", "x", says=("named for two outputs",))


def test_forced_match_spares_a_folder_of_something_else(desk: Path, refuse: Refuse) -> None:
    (desk / "thesis").mkdir()
    (desk / "thesis" / "chapter-1.txt").write_text("years of work")
    command = [*MATCH[:4], "thesis", "--force"]
    says = ("thesis is not a links folder (no run.json) and will not be replaced",)
    refuse(1, *command, says=says)
    refuse(1, *command, "--dry-run", says=says)
    refuse(1, *MATCH[:4], "a.csv", "--force", says=("a.csv is a file",))
    (desk / "empty").mkdir()
    assert pprl(*MATCH[:4], "empty", "--force").code == 0


# A disk that is full, first truly: what is written goes to a device that is always full.

FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
IN_FOLDER = ["links.parquet", "pairs.parquet", "near.parquet", "links-a.csv", "run.json"]


@FULL
@pytest.mark.parametrize(("command", "name"), [pair for pair in EACH if pair[1] != "new"])
def test_full_disk_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, refuse: Refuse, command: list[str], name: str
) -> None:
    real = Outputs.file

    def on_full_device(self: Outputs, path: Path, **options: bool) -> Path:
        temporary = real(self, path, **options)
        if path.name == name:
            temporary.unlink()
            temporary.symlink_to("/dev/full")
        return temporary

    monkeypatch.setattr(Outputs, "file", on_full_device)
    refuse(1, *command, says=(f"no space left on the disk while writing {name}", "Free some space"))


@FULL
@pytest.mark.parametrize("part", IN_FOLDER)
def test_full_disk_inside_the_links_folder_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, refuse: Refuse, part: str
) -> None:
    real = Outputs.folder

    def on_full_device(self: Outputs, path: Path, *, holds: str | None = None) -> Path:
        temporary = real(self, path, holds=holds)
        (temporary / part).symlink_to("/dev/full")
        return temporary

    monkeypatch.setattr(Outputs, "folder", on_full_device)
    refuse(1, *MATCH, says=("no space left on the disk while writing new", "Free some space"))


@FULL
@pytest.mark.parametrize("command", [["inspect", "a.parquet"], ["match", "--help"], RESOLVE[:-2]])
def test_full_stdout_is_told(desk: Path, command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from pprl.cli.main import run; run()", *command],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            encoding="utf-8",
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("pprl: error: no space left on the disk\npprl: hint: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["new", "forced"])
@pytest.mark.parametrize(("command", "name"), EACH)
def test_disk_full_at_the_last_moment_leaves_what_was_there(
    desk: Path,
    monkeypatch: pytest.MonkeyPatch,
    refuse: Refuse,
    command: list[str],
    name: str,
    force: list[str],
) -> None:
    """When everything is written and only the names are left to take."""
    if force and name == "new":
        shutil.copytree(desk / "links", desk / "new")
    elif force:
        (desk / name).write_text("old")

    def fails(real: Callable[..., object]) -> Callable[..., object]:
        def wrapped(source: Path, target: Path, *rest: object, **more: object) -> object:
            if Path(target).name == name and ".partial" in str(source):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(source, target, *rest, **more)

        return wrapped

    monkeypatch.setattr(os, "link", fails(os.link))
    monkeypatch.setattr(Path, "rename", fails(Path.rename))
    refuse(1, *command, *force, says=(f"no space left on the disk while writing {name}",))


@pytest.mark.parametrize(
    ("command", "moment"),
    [
        (ENCODE, "pprl.party.encoding.encode.write_groups"),
        (MATCH, "pprl.unit.run.job.write_tables"),
        (RESOLVE, "pandas.DataFrame.to_csv"),
    ],
    ids=["encode", "match", "resolve"],
)
@pytest.mark.parametrize(
    ("number", "says"),
    [(errno.ENOENT, "no such file"), (errno.EACCES, "can't be read: Permission denied")],
)
def test_an_input_that_fails_while_outputs_are_written_is_told_as_one(
    monkeypatch: pytest.MonkeyPatch,
    refuse: Refuse,
    command: list[str],
    moment: str,
    number: int,
    says: str,
) -> None:
    """And not as an output that can't be written."""

    def gone(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), "input.bin")

    monkeypatch.setattr(moment, gone)
    said = refuse(1, *command, says=(f"pprl: error: input.bin: {says}", "Check"))
    assert "can't write" not in said.err


def test_full_disk_leaves_no_key(monkeypatch: pytest.MonkeyPatch, refuse: Refuse) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    refuse(1, *KEYGEN, says=("the key can't be written: No space left on device",))


LIMITED = """
import resource, sys
from pprl.cli.main import call
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(call(sys.argv[2:]))
"""


@POSIX
@pytest.mark.parametrize("command", [ENCODE, MATCH], ids=["encode", "match"])
@pytest.mark.parametrize("limit", [10, 1500])
def test_write_that_the_system_cuts_short_leaves_nothing(
    desk: Path, command: list[str], limit: int
) -> None:
    """No file may grow beyond a limit: the write fails in its middle."""
    before = snapshot(desk)
    done = python(LIMITED, limit, *command, cwd=desk)
    assert_refused(done, 1, "can't write", "File too large")
    assert snapshot(desk) == before


# Interrupts.

INTERRUPTED = ("interrupted", "Nothing was left half-written")
MOMENTS = {
    "encode, reading": (ENCODE, "pprl.party.encoding.encode.open_table"),
    "encode, hashing": (ENCODE, "pprl.party.encoding.encoder.Encoder.encode"),
    "encode, spooling": (ENCODE, "pprl.party.encoding.spool.Spool.add"),
    "encode, writing": (ENCODE, "pprl.party.encoding.encode.write_groups"),
    "encode, id map": (ENCODE, "pprl.party.keys.id_map.IdMapWriter.write"),
    "match, reading": (MATCH, "pprl.unit.run.job.read_encoded"),
    "match, planning": (MATCH, "pprl.unit.run.job.plan_match"),
    "match, linking": (MATCH, "pprl.unit.run.decide.one_to_one"),
    "match, writing": (MATCH, "pprl.unit.run.job.write_tables"),
    "evaluate, drawing": (EVALUATE, "pprl.quality.report.page.render_report"),
    "keygen, writing": (KEYGEN, "os.fsync"),
}


@pytest.mark.parametrize(("command", "moment"), MOMENTS.values(), ids=MOMENTS)
def test_interrupt_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, refuse: Refuse, command: list[str], moment: str
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(moment, interrupted)
    refuse(130, *command, says=INTERRUPTED)


WAITING = """
import signal, sys, time
from importlib import import_module
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)
module, name, sign = sys.argv[1:4]
real = getattr(import_module(module), name)
def written_but_not_done(*arguments, **options):
    real(*arguments, **options)
    Path(sign).touch()
    for _ in range(1200):  # not one long sleep: a signal just before it would not be heeded
        time.sleep(0.05)
setattr(import_module(module), name, written_but_not_done)
from pprl.cli.main import call
sys.exit(call(sys.argv[4:]))
"""


@POSIX
@pytest.mark.parametrize(
    ("command", "module", "name"),
    [
        (ENCODE, "pprl.party.encoding.encode", "write_groups"),
        (MATCH, "pprl.unit.run.job", "write_tables"),
    ],
    ids=["encode", "match"],
)
def test_real_interrupt_leaves_nothing(
    desk: Path, tmp_path: Path, command: list[str], module: str, name: str
) -> None:
    """Everything is written under temporary names when the signal comes."""
    before = snapshot(desk)
    sign = tmp_path / "sign"
    process = subprocess.Popen(
        [sys.executable, "-c", WAITING, module, name, sign, *command],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    try:
        _wait(lambda: sign.exists() or process.poll() is not None)
        assert any(".partial" in path for path in snapshot(desk))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, err
    assert err.endswith(
        "pprl: error: interrupted\npprl: hint: Nothing was left half-written; run the command again.\n"
    )
    assert "Traceback" not in err
    assert out == ""
    assert snapshot(desk) == before


COMPARING = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from pprl.cli.main import run
run()
"""


@POSIX
def test_interrupt_while_the_kernels_work_is_heeded_at_once(tmp_path: Path) -> None:
    """The signal does not wait for the end of the work."""
    for number, party in enumerate(("left", "right")):
        write_encoded(_noise(party, 60_000, seed=number), tmp_path / f"{party}.parquet")
    before = set(snapshot(tmp_path))
    process = subprocess.Popen(
        [sys.executable, "-c", COMPARING, "match", "left.parquet", "right.parquet", "-o", "links",
         "--threshold", "0.9", "--threads", "1"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("records: "):
                break
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        sent = time.monotonic()
        _, err = process.communicate(timeout=60)
        took = time.monotonic() - sent
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, err
    assert "pprl: error: interrupted" in err
    assert took < 10
    assert set(snapshot(tmp_path)) == before


def test_interrupt_inside_a_kernel_is_an_interrupt(
    monkeypatch: pytest.MonkeyPatch, refuse: Refuse
) -> None:
    """Numba turns an interrupt that meets it at work into a SystemError."""

    def interrupted(*_: object, **__: object) -> None:
        inner = SystemError("returned a result with an exception set")
        inner.__cause__ = KeyboardInterrupt()
        raise SystemError("returned a result with an exception set") from inner

    monkeypatch.setattr("pprl.unit.run.job.plan_match", interrupted)
    refuse(130, *MATCH, says=INTERRUPTED)


def _noise(party: str, count: int, *, seed: int) -> EncodedFile:
    """Draw an encoded file in which nobody is alike."""
    draw = np.random.default_rng(seed)
    agreement = Agreement.from_dict(
        {
            "format": "pprl-agreement/1",
            "project": "noise",
            "field": [{"name": "surname", "type": "surname"}],
        }
    )
    pseudonyms = draw.integers(0, 256, (count, 16), np.uint8)
    pseudonyms = pseudonyms[np.lexsort(pseudonyms.T[::-1])]
    filters = draw.integers(0, 256, (count, 128), np.uint8) & draw.integers(
        0, 256, (count, 128), np.uint8
    )
    keys = np.zeros((count, 0), np.uint64)
    header = seal_header(
        agreement,
        pseudonyms,
        filters,
        keys,
        key_check="0" * 32,
        party=party,
        rows_read=count,
        software="test",
    )
    return EncodedFile(
        header=header, agreement=agreement, pseudonyms=pseudonyms, filters=filters, keys=keys
    )


def _wait(done: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not done():
        assert time.monotonic() < until, "the command did not get so far"
        time.sleep(0.02)


def test_defect_of_ours_shows_no_value(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last resort names the kind of error and the line, never the message, which may quote data."""

    def broken(*_: object, **__: object) -> None:
        raise ValueError(f"invalid literal: {MARK}")

    monkeypatch.setattr("pprl.party.encoding.encoder.Encoder.encode", broken)
    before = snapshot(desk)
    done = pprl(*ENCODE)
    assert done.code == 1
    assert done.err.startswith("pprl: error: unexpected ValueError at test_cli_outputs.py:")
    assert "pprl: hint: This is a defect in pprl." in done.err
    assert MARK not in done.err
    assert "Traceback" not in done.err
    assert snapshot(desk) == before


def test_too_little_memory_is_told(monkeypatch: pytest.MonkeyPatch, refuse: Refuse) -> None:
    def greedy(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("pprl.unit.run.job.plan_match", greedy)
    refuse(1, *MATCH, says=("not enough memory", "--blocking"))


def test_advice_on_memory_fits_the_command(monkeypatch: pytest.MonkeyPatch, desk: Path) -> None:
    """An option that the command does not have helps nobody."""

    def greedy(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("pprl.exchange.agreement.model.Agreement.load", greedy)
    monkeypatch.setattr("pprl.synth.making.make.make_files", greedy)
    told = {command[0]: pprl(*command) for command in (ENCODE, ("synth", "-o", "made"))}
    assert all("not enough memory" in done.err and done.code == 1 for done in told.values())
    assert "--people" in told["synth"].err
    assert "more memory" in told["encode"].err
    assert not any("--blocking" in done.err for done in told.values())
