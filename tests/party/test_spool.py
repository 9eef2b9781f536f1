"""Rows that wait on the disk come back sorted, each once, piece by piece, however they were cut."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from helpers_party import make_agreement
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pprl.exchange.encoded.columns import strictly_ascending
from pprl.party.encoding import spool as spool_module
from pprl.party.encoding.spool import Spool

AGREEMENT = make_agreement(
    blocking=[{"keys": ["soundex(surname)"]}, {"keys": ["initial(given_name)"]}]
)

Rows = tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.uint64]]
PIECES = st.integers(1, 50)
SIZES = st.lists(st.integers(0, 40), min_size=1, max_size=8)
STARTS = st.none() | st.lists(st.integers(0, 2**16 - 1), min_size=1, max_size=6)


def runs_of(sizes: list[int], starts: list[int] | None, seed: int) -> list[Rows]:
    """Blocks of rows of which each is told by its pseudonym, its filter and its keys.

    The pseudonyms are random, their first 16 bits of those that are given, if any are.
    """
    rng = np.random.default_rng(seed)
    runs, number = [], 0
    for size in sizes:
        pseudonyms = rng.integers(0, 256, (size, 16)).astype(np.uint8)
        if starts is not None:
            first = rng.choice(starts, size).astype(">u2")
            pseudonyms[:, :2] = first.view(np.uint8).reshape(size, 2)
        numbers = np.arange(number, number + size)
        pseudonyms[:, 12:] = numbers.astype(">u4").view(np.uint8).reshape(size, 4)
        pseudonyms = pseudonyms[np.lexsort(pseudonyms.T[::-1])]
        told = np.ascontiguousarray(pseudonyms[:, 12:]).view(">u4").astype(np.uint64)
        filters = np.tile(told.astype("<u8").view(np.uint8), (1, 128 // 8))
        runs.append(
            (pseudonyms, filters, np.hstack([told + np.uint64(1), told * np.uint64(2**40)]))
        )
        number += size
    return runs


def spooled(folder: Path, runs: list[Rows]) -> Spool:
    spool = Spool(folder, AGREEMENT)
    for run in runs:
        spool.add(*run)
    return spool


def in_turn(pieces: Iterator[Any], rows: int) -> list[Any]:
    """All pieces; there can't be more than rows."""
    taken = list(islice(pieces, rows + 1))
    assert len(taken) <= rows
    return taken


def read(spool: Spool) -> tuple[list[Rows], list[tuple[float, int]]]:
    """The pieces, asked for as a writer does, and the progress that was told."""
    told: list[tuple[float, int]] = []
    merged = spool.sorted_rows(lambda share, rows: told.append((share, rows)))
    names = in_turn(merged.pseudonyms(), spool.records)
    groups = in_turn(merged.groups(), spool.records)
    keys = in_turn(merged.blocking_keys(), spool.records)
    assert [name.tolist() for name in names] == [group[0].tolist() for group in groups]
    assert [part.tolist() for part in keys] == [group[2].tolist() for group in groups]
    return groups, told


def hold_all(groups: list[Rows], runs: list[Rows]) -> None:
    """Every row of the runs is there once, with what belongs to it, in ascending order of the pseudonyms."""
    order = np.lexsort(np.concatenate([run[0] for run in runs]).T[::-1])
    for column in range(3):
        wanted = np.concatenate([run[column] for run in runs])[order]
        found = [group[column] for group in groups]
        np.testing.assert_array_equal(np.concatenate([wanted[:0], *found]), wanted)
    for group in groups:
        assert len(group[0])
        assert strictly_ascending(group[0])


@settings(deadline=None, max_examples=100)
@given(SIZES, PIECES, STARTS, st.integers(0, 2**32 - 1))
@example(
    [7], 1, [0], 1
)  # more rows than a piece in the first cell, in the last, and on either side of a border
@example([7], 1, [2**16 - 1], 1)
@example([9, 9, 9], 2, [15, 16, 2**16 - 17, 2**16 - 16], 1)
@example([40] * 8, 8, None, 1)
@example([0], 1, [0], 1)
def test_rows_of_any_blocks_come_back_sorted_and_each_once(
    tmp_path_factory: pytest.TempPathFactory,
    sizes: list[int],
    piece: int,
    starts: list[int] | None,
    seed: int,
) -> None:
    """In pieces of at most the rows asked for, unless more of them share their first twelve bits, and not in crumbs."""
    runs = runs_of(sizes, starts, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool_module, "GROUP_ROWS", piece)
        with spooled(tmp_path_factory.mktemp("spool"), runs) as spool:
            assert spool.records == sum(sizes)
            groups, told = read(spool)
    hold_all(groups, runs)
    cells = [
        np.unique(group[0][:, 0].astype(int) << 4 | group[0][:, 1] >> 4, return_counts=True)
        for group in groups
    ]
    assert all(counts.sum() <= piece or len(counts) == 1 for _, counts in cells)
    for (here, counts), (after, more) in pairwise(cells):
        assert here[-1] < after[0]
        assert counts.sum() + more[0] > piece
    done = np.cumsum([len(group[0]) for group in groups]).tolist()
    assert told == [(rows / spool.records, rows) for rows in done]


class Reluctant:
    """A file that takes and gives some bytes at a time, as a system may."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, data: Any) -> int:
        return self._file.write(data[:37])

    def readinto(self, into: Any) -> int:
        return self._file.readinto(into[:41])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_a_file_that_takes_and_gives_a_few_bytes_at_a_time_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **how: Reluctant(real(**how)))
    runs = runs_of([5, 0, 12], None, 2)
    with spooled(tmp_path, runs) as spool:
        hold_all(read(spool)[0], runs)


def test_a_file_that_takes_no_bytes_or_has_too_few_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for what never comes."""
    runs = runs_of([5], [0], 3)
    with spooled(tmp_path, runs) as spool:
        spool._file.truncate(5 * 16 + 1)
        with pytest.raises(OSError, match="cut short"):
            read(spool)
    monkeypatch.setattr(Reluctant, "write", lambda self, data: 0)
    real = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **how: Reluctant(real(**how)))
    with Spool(tmp_path, AGREEMENT) as spool, pytest.raises(OSError, match="takes no more bytes"):
        spool.add(*runs[0])
