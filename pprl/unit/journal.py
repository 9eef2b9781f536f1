"""What a run has found so far, step by step, so that memory is bounded and a killed run can go on.

A comparison is cut into steps. Each gives a :class:`Part`, which a journal keeps: :class:`MemoryJournal` if losing the
run is acceptable, :class:`FolderJournal` in a private folder of files. A file gets its name only when complete, so a
step whose file exists is done, however the run ended.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np

from pprl.base.arrays import Floats, Int64s
from pprl.base.errors import OutputError
from pprl.base.outputs import os_errors
from pprl.base.unfinished import private

__all__ = ["FolderJournal", "Journal", "MemoryJournal", "Part", "collect"]

_SETUP = "setup.json"
_FORMAT = "pprl-unfinished/1"
_DAMAGED = "Run it again with --force instead of --resume: it starts from the beginning."


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """Pairs that one step has found.

    Attributes:
        left, right: ``int64[pairs]``, rows of the two sides.
        value: ``float64[pairs]``, what the step found out about them: a similarity or a log ratio.
        compared: pairs that the step compared.
    """

    left: Int64s
    right: Int64s
    value: Floats
    compared: int


class Journal(Protocol):
    """Keeps the parts of a run by name."""

    def has(self, name: str) -> bool:
        """Say whether a step is done."""

    def keep(self, name: str, part: Part) -> None:
        """Keep what a step has found."""

    def read(self, name: str) -> Part:
        """Return what a step had found."""


class MemoryJournal:
    """Parts in memory."""

    def __init__(self) -> None:
        self._parts: dict[str, Part] = {}

    def has(self, name: str) -> bool:
        """Say whether a step is done."""
        return name in self._parts

    def keep(self, name: str, part: Part) -> None:
        """Keep what a step has found."""
        self._parts[name] = part

    def read(self, name: str) -> Part:
        """Return what a step had found."""
        return self._parts[name]


class FolderJournal:
    """Parts in a folder, beside a description of the run that they belong to.

    Args:
        folder: an existing folder of mode 0700.
        setup: what determines the parts: input digests, options, version. JSON values.

    Raises:
        OutputError: the folder holds parts of another run, or can't be written.
    """

    def __init__(self, folder: Path, setup: Mapping[str, Any]) -> None:
        self._folder = folder
        self.resumed = 0
        told = {"format": _FORMAT, **json.loads(json.dumps(setup))}
        path = folder / _SETUP
        self.resumed = len(list(folder.glob("*.npz")))
        if self.resumed or path.exists():
            self._check(path, told)
            return
        with os_errors(path, _partial(path)):
            self._write(path, lambda stream: stream.write(json.dumps(told, indent=2).encode()))

    def _check(self, path: Path, told: Mapping[str, Any]) -> None:
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise OutputError(f"{path} can't be read", hint=_DAMAGED) from None
        names = [
            name
            for name in sorted(set(told) | set(known if isinstance(known, dict) else {}))
            if not isinstance(known, dict) or known.get(name) != told.get(name)
        ]
        if names:
            raise OutputError(
                f"{self._folder} belongs to a different run; these differ: {', '.join(names)}",
                hint="Give the same files and options with --resume, or --force instead to start from the beginning.",
            )

    def has(self, name: str) -> bool:
        """Say whether a step is done."""
        return self._path(name).exists()

    def keep(self, name: str, part: Part) -> None:
        """Write a part; the file gets its name once it is complete and on the disk.

        Raises:
            OutputError: the disk is full or the folder can't be written.
        """
        path = self._path(name)
        with os_errors(path, _partial(path)):
            self._write(
                path,
                lambda stream: np.savez(
                    stream,
                    left=part.left,
                    right=part.right,
                    value=part.value,
                    compared=np.array(part.compared, np.int64),
                ),
            )

    def read(self, name: str) -> Part:
        """Read a part back.

        Raises:
            OutputError: the file is cut short or damaged.
        """
        path = self._path(name)
        try:
            # A zip file: its checksums are verified.
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                part = Part(
                    left=arrays["left"],
                    right=arrays["right"],
                    value=arrays["value"],
                    compared=int(arrays["compared"]),
                )
            columns = (part.left, part.right, part.value)
            kinds = "".join(f"{column.dtype.str} {column.shape};" for column in columns)
            if kinds != "".join(f"{kind} {(len(part.left),)};" for kind in ("<i8", "<i8", "<f8")):
                raise ValueError
        except (
            OSError, ValueError, KeyError, EOFError, TypeError, NotImplementedError, RuntimeError,
            zipfile.BadZipFile,
        ):  # fmt: skip  # whatever the zip file's parts may say
            raise OutputError(
                f"{path}, a part of an unfinished run, is damaged or cut short", hint=_DAMAGED
            ) from None
        return part

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.npz"

    def _write(self, path: Path, write: Callable[[IO[bytes]], Any]) -> None:
        partial = _partial(path)
        partial.unlink(missing_ok=True)
        with open(partial, "xb", opener=private) as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)


def _partial(path: Path) -> Path:
    return path.with_suffix(".partial")


def collect(journal: Journal, names: Sequence[str]) -> tuple[Part, list[int]]:
    """Return the pairs of all parts, sorted by (left, right), and how many each compared.

    Args:
        journal: where the parts are.
        names: names of the parts; no pair is in two of them.
    """
    lefts, rights, values, compared = [], [], [], []
    for name in names:
        part = journal.read(name)
        lefts.append(part.left)
        rights.append(part.right)
        values.append(part.value)
        compared.append(part.compared)
    left = np.concatenate([np.empty(0, np.int64), *lefts])
    del lefts
    right = np.concatenate([np.empty(0, np.int64), *rights])
    del rights
    value = np.concatenate([np.empty(0), *values])
    del values
    order = np.lexsort((right, left))
    made = Part(left=left[order], right=right[order], value=value[order], compared=sum(compared))
    return made, compared
