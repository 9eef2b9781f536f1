"""A match that is killed goes on where it was, and ends with the same links."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from cli_house import Outcome, Road, pprl

from pprl.base.mapped import is_mapped

POSIX = pytest.mark.skipif(os.name != "posix", reason="needs kill -9")
FILES = ["health.parquet", "education.parquet"]
TABLES = [
    "links.parquet",
    "pairs.parquet",
    "near.parquet",
    "links-health.csv",
    "links-education.csv",
]
LSH = ["match", *FILES, "-o", "links", "--blocking", "lsh", "--recall", "0.9999"]

SLOWLY = """
import sys, time
from pprl.unit.blocking import methods
real = methods._Tables.scan
def slowly(*arguments):
    time.sleep(0.03)
    return real(*arguments)
methods._Tables.scan = slowly
from pprl.cli.main import call
sys.exit(call(sys.argv[1:]))
"""
"""As `pprl`, with a pause a table, so that there are moments enough to be killed at."""


@pytest.fixture(scope="module")
def whole(road: Road, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two encoded files and their links, made in one go."""
    folder = tmp_path_factory.mktemp("whole")
    for name in FILES:
        shutil.copy(road.folder / name, folder / name)
    done = subprocess.run(
        [sys.executable, "-c", SLOWLY, *LSH], cwd=folder, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def desk(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The encoded files, without links."""
    for name in FILES:
        os.link(whole / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def hold_same_bytes(links: Path, whole: Path) -> None:
    for name in TABLES:
        assert (links / name).read_bytes() == (whole / "links" / name).read_bytes(), name
    runs = [json.loads((folder / "run.json").read_text()) for folder in (links, whole / "links")]
    for run in runs:
        del run["timings_s"], run["memory_peak_mib"]
        del run["parameters"]["threads"]  # as many as tests in this process have set
    assert runs[0] == runs[1]


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SLOWLY, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip


def steps(desk: Path) -> int:
    return len(list((desk / ".links.unfinished").glob("*.npz")))


@POSIX
def test_killed_ten_times_it_ends_with_the_same_bytes(desk: Path, whole: Path) -> None:
    """At random moments of the comparison, and now and then before it."""
    moments = random.Random(7)
    killed = 0
    tables = json.loads((whole / "links" / "run.json").read_text())["parameters"]["lsh"]["tables"]
    for _ in range(10):
        before = steps(desk)
        process = start(*LSH, "--resume")
        ends = min(before + moments.randint(0, 2), tables - 4)
        while process.poll() is None and steps(desk) < ends:
            time.sleep(0.002)
        time.sleep(moments.random() * 0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        assert not (desk / "links").exists()
    assert killed == 10
    assert steps(desk) > 0
    process = start(*LSH, "--resume")
    _, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    assert "continuing an unfinished run: " in told
    hold_same_bytes(desk / "links", whole)
    assert not (desk / ".links.unfinished").exists()


def left_by_a_kill(desk: Path) -> Outcome:
    """Let a run be killed after some steps, and give what the next one says that does not know of it."""
    process = start(*LSH)
    while process.poll() is None and steps(desk) < 2:
        time.sleep(0.002)
    process.kill()
    process.communicate()
    return pprl(*LSH)


@POSIX
def test_what_a_killed_run_left_is_not_passed_over(desk: Path, whole: Path) -> None:
    """It is refused, thrown away with --force, and refused for another run."""
    refused = left_by_a_kill(desk)
    assert refused.code == 1
    assert "an unfinished run of the same output lies in .links.unfinished" in refused.err
    assert "--resume continues it, --force starts from the beginning" in refused.err
    other = pprl(*LSH, "--resume", "--threshold", "0.9")
    assert other.code == 1
    assert "belongs to a different run; these differ: " in other.err
    assert "threshold\n" in other.err
    kept = steps(desk)
    assert kept >= 2
    assert pprl(*LSH, "--force").code == 0
    hold_same_bytes(desk / "links", whole)


@POSIX
def test_a_damaged_step_is_told(desk: Path) -> None:
    left_by_a_kill(desk)
    first = sorted((desk / ".links.unfinished").glob("*.npz"))[0]
    first.write_bytes(first.read_bytes()[:-20])
    done = pprl(*LSH, "--resume")
    assert done.code == 1
    assert f"{first.name}, a part of an unfinished run, is damaged or cut short" in done.err
    assert "--force instead of --resume" in done.err
    assert not (desk / "links").exists()


@POSIX
def test_two_runs_do_not_share_what_is_unfinished(desk: Path) -> None:
    process = start(*LSH)
    try:
        while process.poll() is None and steps(desk) < 1:
            time.sleep(0.002)
        second = pprl(*LSH, "--resume")
        assert second.code == 1
        assert "another run is using .links.unfinished" in second.err
    finally:
        _, told = process.communicate(timeout=120)
    assert process.returncode == 0, told


def test_resume_with_nothing_to_resume_begins(desk: Path, whole: Path) -> None:
    done = pprl(*LSH, "--resume")
    assert done.code == 0
    assert "no step of an unfinished run was found: starting from the beginning" in done.err
    hold_same_bytes(desk / "links", whole)


@pytest.mark.parametrize("blocking", ["exhaustive", "lsh"])
def test_memory_mapped_files_give_the_same_links(
    desk: Path, blocking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the files are large beside the memory they are not read into it."""
    command = ["match", *FILES, "--blocking", blocking]
    assert pprl(*command, "-o", "held").code == 0
    monkeypatch.setattr("pprl.unit.run.job._MAPPED_FROM", 1 << 40)
    from pprl.unit.run import job

    mapped: list[bool] = []
    real = job.read_encoded

    def noted(path: Path, **options: Any) -> object:
        made = real(path, **options)
        mapped.append(is_mapped(made.filters))
        return made

    monkeypatch.setattr(job, "read_encoded", noted)
    assert pprl(*command, "-o", "mapped").code == 0
    assert mapped == [True, True]
    for name in TABLES:
        assert (desk / "held" / name).read_bytes() == (desk / "mapped" / name).read_bytes()
    assert not list(desk.glob(".*"))


@pytest.mark.parametrize(
    ("size", "says"),
    [
        ("1MB", "MiB of memory and is limited to"),
        ("12", "is not a valid size"),
        ("0GB", "is not a valid size"),
        ("-1GB", "is not a valid size"),
    ],
)
def test_a_memory_that_is_too_small_is_told(desk: Path, size: str, says: str) -> None:
    done = pprl(*LSH, f"--memory={size}")
    assert done.code in (1, 2)
    assert says in done.err
    assert not list(desk.glob("*links*"))
    assert not list(desk.glob(".*"))


@pytest.mark.parametrize("share", ["0", "1", "1.5", "-0.1", "nan"])
def test_a_completeness_that_is_not_a_share_is_refused(desk: Path, share: str) -> None:
    done = pprl(*LSH[:-2], f"--completeness={share}")
    assert done.code == 2
    assert "the pairs completeness must be a share above 0 and below 1" in done.err


def test_a_completeness_without_lsh_is_refused_under_its_old_name_too(desk: Path) -> None:
    done = pprl("match", *FILES, "-o", "links", "--blocking", "exhaustive", "--recall", "0.9")
    assert done.code == 2
    assert "a pairs completeness was asked for, but the blocking is exhaustive" in done.err


def test_the_plan_tells_what_the_lsh_finds(desk: Path) -> None:
    done = pprl(*LSH[:-1], "0.95")
    assert done.code == 0
    told = json.loads((desk / "links" / "run.json").read_text())["parameters"]["lsh"]
    assert told["completeness"] == 0.95
    assert told["expected_completeness"] >= 0.95
    assert f"lsh: {told['tables']} tables of {told['bits_per_table']} bits" in done.err
    checked = told["checked"]
    assert checked["low"] <= checked["found"] <= checked["high"]
    assert f"compared with everybody: {checked['found']:.4f}" in done.err


@POSIX
def test_a_dry_run_leaves_an_unfinished_run_alone(desk: Path, whole: Path) -> None:
    left_by_a_kill(desk)
    kept = steps(desk)
    for options in (["--resume"], ["--force"], []):
        assert pprl(*LSH, "--dry-run", *options).code == 0
        assert steps(desk) == kept
    assert not (desk / "links").exists()
    assert {path.name for path in desk.glob(".*")} == {".links.unfinished"}
    assert pprl(*LSH, "--resume").code == 0
    hold_same_bytes(desk / "links", whole)
