"""Encodings that are memory-mapped do not outlive the run, also where no mapped file can be removed, as on Windows."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_house import Outcome, pprl

from pprl.base import mapped, unfinished
from pprl.base.errors import DataError
from pprl.base.mapped import MappedFolder
from pprl.unit import journal
from pprl.unit.run import job

MATCH = ["match", "a.parquet", "b.parquet", "-o", "made"]
LEFT = Path(".made.unfinished")
MAPS = Path("/proc/self/maps")

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="looks up in /proc which files are mapped"
)


def mapped_below(folder: Path) -> bool:
    return f"{folder.resolve()}/" in MAPS.read_text()


@pytest.fixture(autouse=True)
def large(desk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have all files memory-mapped, and none removed that is, as it is on Windows."""
    monkeypatch.setattr(job, "_MAPPED_FROM", 1 << 40)
    remove = shutil.rmtree

    def rmtree(path: Path, ignore_errors: bool = False, **options: Any) -> None:
        if not mapped_below(Path(path)):
            remove(path, ignore_errors, **options)
        elif not ignore_errors:
            raise PermissionError(13, "in use", str(path))

    monkeypatch.setattr(shutil, "rmtree", rmtree)
    make, made = MappedFolder.array, []

    def array(self: MappedFolder, *arguments: Any) -> Any:
        array = make(self, *arguments)
        made.append(mapped_below(self.folder))
        return array

    monkeypatch.setattr(MappedFolder, "array", array)
    yield
    assert made
    assert all(made)


def hold_nothing_left(done: Outcome, code: int) -> None:
    assert done.code == code, done
    assert "could not be deleted" not in done.err
    assert not mapped_below(Path())


@pytest.mark.parametrize("blocking", ["exhaustive", "lsh", "keys", "keys,lsh"])
def test_they_go_when_the_run_has_ended(desk: Path, blocking: str) -> None:
    hold_nothing_left(pprl(*MATCH, "--blocking", blocking), 0)
    assert (desk / "made" / "run.json").exists()
    assert not LEFT.exists()


def test_they_go_after_a_dry_run(desk: Path) -> None:
    hold_nothing_left(pprl(*MATCH, "--dry-run"), 0)
    assert not list(desk.glob(".made*"))


@pytest.mark.parametrize("place", ["plan_match", "run_match"])
def test_they_go_when_the_run_has_failed(
    desk: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The frames that an error has run through hold the files, and so do those of what led to it."""

    def fail(given: Any, *arguments: Any, **options: Any) -> None:
        held = [given, np.asarray(getattr(given, "files", given)[0].filters)]
        try:
            raise ValueError(len(held))
        except ValueError:
            raise DataError("too much") from None

    monkeypatch.setattr(f"pprl.unit.run.job.{place}", fail)
    done = pprl(*MATCH)
    hold_nothing_left(done, 1)
    assert "too much" in done.err
    assert not list(desk.glob(".made*"))


def test_they_go_on_an_interrupt_and_the_run_goes_on(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = journal.FolderJournal.keep

    def interrupt(*arguments: Any) -> None:
        keep(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(unfinished, "SHORT", -1.0)
        patch.setattr(journal.FolderJournal, "keep", interrupt)
        done = pprl(*MATCH)
    hold_nothing_left(done, 130)
    assert f"completed steps are in {LEFT}" in done.err
    assert not [path for path in LEFT.iterdir() if path.is_dir()]
    assert len(list(LEFT.glob("*.npz"))) == 1
    done = pprl(*MATCH, "--resume")
    hold_nothing_left(done, 0)
    assert "continuing an unfinished run: 1 steps are done" in done.err
    assert not LEFT.exists()


def test_what_can_not_be_removed_is_told_and_the_next_run_starts(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is done behind the operator's back, and no folder stands in the way that holds no step of a run."""
    held = []
    read = job.read_encoded
    with monkeypatch.context() as patch:

        def reading(*arguments: Any, **options: Any) -> Any:
            held.append(read(*arguments, **options))
            return held[-1]

        patch.setattr(job, "read_encoded", reading)
        done = pprl(*MATCH)
    assert done.code == 0
    assert f"pprl: warning: encodings in {LEFT} could not be deleted: remove it" in done.err
    before = held[0].filters.copy()
    again = pprl(*MATCH, "--force")
    assert again.code == 0
    assert "could not be deleted" in again.err
    np.testing.assert_array_equal(held[0].filters, before)  # not closed under whoever looks at it
    del held[:]
    shutil.rmtree(desk / "made")
    assert LEFT.exists()
    hold_nothing_left(pprl(*MATCH), 0)
    assert not LEFT.exists()


def test_a_map_is_closed_only_when_nothing_refers_to_it(tmp_path: Path) -> None:
    folder = MappedFolder(tmp_path)
    array = folder.array("rows", (3, 8), np.uint8)
    view = array.view(np.uint64)[1:]
    assert mapped.is_mapped(view)
    assert not mapped.is_mapped(view.copy())
    view[:] = 7
    del array
    assert not folder.close()
    assert mapped_below(tmp_path)
    assert view.tolist() == [[7], [7]]
    cycle = [view]
    cycle.append(cycle)  # type: ignore[arg-type]
    del view, cycle
    assert folder.close()
    assert not mapped_below(tmp_path)
