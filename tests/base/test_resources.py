"""What a run says of memory and time, and the folder that it keeps for a resumption."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest

from pprl.base import resources, unfinished
from pprl.base.errors import OutputError
from pprl.base.resources import peak_memory, restart_peak, total_memory
from pprl.base.unfinished import Unfinished
from pprl.unit.run.stages import Stages


def test_total_memory_is_that_of_the_machine_or_of_its_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = total_memory()
    assert 1 << 26 < whole < 1 << 50
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(resources, "_LIMITS", (tmp_path / "absent", limit))
    for text, expected in (("max", None), ("123456789\n", 123_456_789), (str(1 << 60), None)):
        limit.write_text(text)
        monkeypatch.setattr(resources, "_LIMITS", (limit,))
        assert total_memory() == (expected or resources.psutil.virtual_memory().total)


def test_peak_memory_grows_with_what_is_used() -> None:
    restart_peak()
    before = peak_memory()
    block = np.ones(40_000_000, np.uint8)
    assert peak_memory() >= before + 20_000_000
    assert block.sum() == 40_000_000


def test_a_stage_is_timed_and_its_peak_is_kept() -> None:
    stages = Stages()
    for _ in range(2):
        with stages("work"):
            np.ones(1_000_000, np.uint8).sum()
    assert stages.seconds["work"] > 0
    assert list(stages.timings()) == list(stages.peaks()) == ["work"]
    assert stages.peaks()["work"] == pytest.approx(stages.peak["work"] / 2**20, abs=0.1)


def step(folder: Path) -> None:
    (folder / "0-0-1-000000.npz").write_bytes(b"a step")


def test_the_folder_goes_when_the_run_has_ended(tmp_path: Path) -> None:
    with Unfinished(tmp_path / "links") as run:
        assert run.folder == tmp_path / ".links.unfinished"
        assert stat.S_IMODE(run.folder.stat().st_mode) == 0o700
        step(run.folder)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [KeyboardInterrupt, OutputError, RuntimeError])
def test_the_folder_stays_when_long_work_was_cut_off(
    tmp_path: Path, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off() -> Unfinished:
        run = Unfinished(tmp_path / "links", force=True)
        with pytest.raises(error), run:
            step(run.folder)
            raise error("cut off")
        return run

    assert not cut_off().kept
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(unfinished, "SHORT", -1.0)
    assert cut_off().kept
    with Unfinished(tmp_path / "links", resume=True) as again:
        assert again.found
        assert [path.name for path in again.folder.glob("*.npz")] == ["0-0-1-000000.npz"]


def test_what_was_left_is_neither_passed_over_nor_mixed_in(tmp_path: Path) -> None:
    left = tmp_path / ".links.unfinished"
    left.mkdir(mode=0o700)
    step(left)
    (left / "rows-0").mkdir()
    with pytest.raises(OutputError, match="an unfinished run of the same output"):
        Unfinished(tmp_path / "links").__enter__()
    assert (left / "0-0-1-000000.npz").exists()
    with Unfinished(tmp_path / "links", force=True) as run:
        assert not run.found
        assert [path.name for path in run.folder.iterdir()] == ["lock"]


def test_one_run_at_a_time_holds_the_folder(tmp_path: Path) -> None:
    with Unfinished(tmp_path / "links") as run:
        step(run.folder)
        for again in (
            Unfinished(tmp_path / "links", resume=True),
            Unfinished(tmp_path / "links", force=True),
        ):
            with pytest.raises(OutputError, match="another run is using"):
                again.__enter__()
        assert (run.folder / "0-0-1-000000.npz").exists()


def test_a_room_is_empty_each_time(tmp_path: Path) -> None:
    with Unfinished(tmp_path / "links") as run:
        (run.room("rows-0") / "filters").write_bytes(b"old")
        assert not list(run.room("rows-0").iterdir())
        assert stat.S_IMODE((run.folder / "rows-0").stat().st_mode) == 0o700


@pytest.mark.skipif(os.name != "posix", reason="modes and links are a POSIX matter")
@pytest.mark.parametrize("planted", ["link", "open", "file"])
def test_a_folder_that_others_could_have_made_is_refused(tmp_path: Path, planted: str) -> None:
    """A link would have --force clear another folder; an open folder could hold other people's steps."""
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis").write_text("years of work")
    place = tmp_path / ".links.unfinished"
    if planted == "link":
        place.symlink_to(precious)
    elif planted == "open":
        place.mkdir()
        place.chmod(0o777)
    else:
        place.write_text("a file")
    for options in ({"force": True}, {"resume": True}, {}):
        with pytest.raises(OutputError):
            Unfinished(tmp_path / "links", **options).__enter__()
    assert (precious / "thesis").read_text() == "years of work"
    assert [path.name for path in precious.iterdir()] == ["thesis"]


def test_unpacked_rows_do_not_outlive_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are made again by the run that goes on, and would keep a full disk full."""
    monkeypatch.setattr(unfinished, "SHORT", -1.0)
    with pytest.raises(KeyboardInterrupt), Unfinished(tmp_path / "links") as run:
        step(run.folder)
        (run.room("rows-0") / "filters").write_bytes(b"rows")
        raise KeyboardInterrupt
    assert {path.name for path in run.folder.iterdir()} == {"lock", "0-0-1-000000.npz"}
