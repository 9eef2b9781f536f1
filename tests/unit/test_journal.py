"""A journal gives back what it was given, and refuses what is damaged or of another run."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.base.errors import OutputError
from pprl.unit.journal import FolderJournal, Journal, MemoryJournal, Part, collect

SETUP = {"files": ["ab", "cd"], "threshold": 0.8}


def part(n: int, *, seed: int = 1, compared: int = 10) -> Part:
    rng = np.random.default_rng(seed)
    return Part(
        left=rng.integers(0, 50, n),
        right=rng.integers(0, 50, n),
        value=rng.random(n),
        compared=compared,
    )


def hold_equal(one: Part, other: Part) -> None:
    for column in ("left", "right", "value"):
        np.testing.assert_array_equal(getattr(one, column), getattr(other, column))
        assert getattr(one, column).dtype == getattr(other, column).dtype
    assert one.compared == other.compared


@pytest.mark.parametrize("n", [0, 1, 1000])
def test_parts_come_back_as_they_were(tmp_path: Path, n: int) -> None:
    for journal in (MemoryJournal(), FolderJournal(tmp_path, SETUP)):
        assert not journal.has("0-0-1-000000")
        journal.keep("0-0-1-000000", part(n))
        assert journal.has("0-0-1-000000")
        hold_equal(journal.read("0-0-1-000000"), part(n))


def test_a_journal_of_the_same_run_goes_on(tmp_path: Path) -> None:
    FolderJournal(tmp_path, SETUP).keep("one", part(5))
    again = FolderJournal(tmp_path, dict(SETUP))
    assert again.resumed == 1
    hold_equal(again.read("one"), part(5))
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".partial"]


@pytest.mark.parametrize(
    ("setup", "name"),
    [
        ({**SETUP, "threshold": 0.7}, "threshold"),
        ({**SETUP, "files": ["ab"]}, "files"),
        ({"files": SETUP["files"]}, "threshold"),
        ({**SETUP, "completeness": 0.9}, "completeness"),
    ],
)
def test_a_journal_of_another_run_is_refused(
    tmp_path: Path, setup: dict[str, Any], name: str
) -> None:
    """It names what differs and not the values."""
    FolderJournal(tmp_path, SETUP).keep("one", part(5))
    with pytest.raises(OutputError, match=f"these differ: {name}$") as caught:
        FolderJournal(tmp_path, setup)
    assert "--force" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", json.dumps({"format": "pprl-unfinished/9"})]
)
def test_a_damaged_description_is_refused(tmp_path: Path, text: str) -> None:
    FolderJournal(tmp_path, SETUP)
    (tmp_path / "setup.json").write_text(text)
    with pytest.raises(OutputError):
        FolderJournal(tmp_path, SETUP)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_part_that_is_cut_short_or_altered_is_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Wherever it is cut; and never read as other pairs, whichever byte is another one."""
    folder = tmp_path_factory.mktemp("journal")
    journal = FolderJournal(folder, SETUP)
    journal.keep("one", part(40))
    path = folder / "one.npz"
    whole = path.read_bytes()
    if data.draw(st.booleans()):
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
        with pytest.raises(OutputError, match="damaged or cut short"):
            journal.read("one")
        return
    at, by = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(1, 255))
    path.write_bytes(whole[:at] + bytes([whole[at] ^ by]) + whole[at + 1 :])
    with suppress(OutputError):
        hold_equal(journal.read("one"), part(40))


def test_a_part_that_cannot_be_written_is_told_by_its_name(tmp_path: Path) -> None:
    """Whatever the system says of the file that waits to become it."""
    journal = FolderJournal(tmp_path, SETUP)
    (tmp_path / "one.partial").mkdir()
    with pytest.raises(OutputError, match=r"can't write .*one\.npz: "):
        journal.keep("one", part(5))


def test_other_arrays_than_those_of_a_part_are_refused(tmp_path: Path) -> None:
    journal = FolderJournal(tmp_path, SETUP)
    for columns in (
        {"left": np.zeros(3, np.int32), "right": np.zeros(3, np.int64), "value": np.zeros(3)},
        {"left": np.zeros(3, np.int64), "right": np.zeros(2, np.int64), "value": np.zeros(3)},
        {"left": np.zeros(3, np.int64), "right": np.zeros(3, np.int64)},
        {"left": np.array([None] * 3), "right": np.zeros(3, np.int64), "value": np.zeros(3)},
    ):
        np.savez(tmp_path / "one.npz", compared=np.array(1), **columns)
        with pytest.raises(OutputError, match="damaged or cut short"):
            journal.read("one")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 30), max_size=6))
def test_collected_pairs_are_those_of_all_parts_in_order(sizes: list[int]) -> None:
    journal: Journal = MemoryJournal()
    names = [str(number) for number in range(len(sizes))]
    parts = [part(size, seed=seed, compared=seed) for seed, size in enumerate(sizes)]
    for name, one in zip(names, parts, strict=True):
        journal.keep(name, one)
    made, compared = collect(journal, names)
    assert compared == list(range(len(sizes)))
    rows = list(zip(made.left.tolist(), made.right.tolist(), made.value.tolist(), strict=True))
    given_rows = [
        row
        for one in parts
        for row in zip(one.left.tolist(), one.right.tolist(), one.value.tolist(), strict=True)
    ]
    assert [row[:2] for row in rows] == sorted(row[:2] for row in given_rows)
    assert sorted(rows) == sorted(given_rows)


def test_parts_without_a_description_are_not_taken_for_this_run(tmp_path: Path) -> None:
    FolderJournal(tmp_path, SETUP).keep("one", part(5))
    (tmp_path / "setup.json").unlink()
    with pytest.raises(OutputError, match="can't be read"):
        FolderJournal(tmp_path, SETUP)


@pytest.mark.skipif(os.name != "posix", reason="modes are a POSIX matter")
def test_parts_are_for_their_owner_alone(tmp_path: Path) -> None:
    """And what stands in the way of a part, a link for example, is not written through."""
    other = tmp_path / "other"
    other.write_text("not ours")
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "one.partial").symlink_to(other)
    FolderJournal(folder, SETUP).keep("one", part(5))
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert other.read_text() == "not ours"
