"""A private folder for what a long run has so far: it goes when the run has ended, and stays when it was killed.

Files in it are the run's steps, which a later run can go on with. Folders in it are rooms, for what is of no use when
the run has ended, however it did.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from pprl.base.errors import OutputError
from pprl.base.outputs import os_errors

__all__ = ["Unfinished", "private"]

SHORT = 10.0
"""Seconds of work that are not worth going on with."""

_LOCK = "lock"


class Unfinished:
    """The folder ``.NAME.unfinished`` beside an output, mode 0700. Use as a context manager.

    It is removed when the block ends well, or when it fails before it has done work worth keeping. It stays after a
    kill and, where the work took a while, after an interrupt or a full disk, so that the run can go on. One run at a
    time can hold it: the lock is the system's and goes with the process, however that ends.

    Args:
        output: what the run will write.
        resume: go on with what an earlier run left.
        force: throw away what an earlier run left.

    Attributes:
        folder: the folder.
        found: whether an earlier run had left steps in it.
        kept: whether this run has.
        left: rooms, or the folder itself, that could not be removed at the end: on Windows, where something still has a
            file in them open. Whoever runs it should say so; the next run clears them as far as it can.

    Example:
        >>> workspace = pprl.Unfinished(Path("kept-links"), resume=True)
        >>> with pprl.LinkageJob(["health.parquet", "education.parquet"], workspace=workspace) as job:
        ...     made = job.write("kept-links")
        >>> workspace.folder.exists()  # the run has ended, and nothing is left to resume
        False

    Raises:
        OutputError: an earlier run left the folder and neither ``resume`` nor ``force`` is given, another run is
            using it, or it is not a folder of this user's alone.
    """

    def __init__(self, output: Path | str, *, resume: bool = False, force: bool = False) -> None:
        output = Path(output)
        self.folder = output.with_name(f".{output.name}.unfinished")
        self.found = False
        self.kept = False
        self.left: tuple[Path, ...] = ()
        self._resume, self._force = resume, force
        self._lock: IO[bytes] | None = None
        self._start = 0.0

    def __enter__(self) -> Unfinished:
        self._start = time.monotonic()
        with os_errors(self.folder):
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self._check_private()
            self._take_lock()
        self.found = any(path.name != _LOCK for path in self.folder.iterdir() if not _is_room(path))
        if self.found and not (self._resume or self._force):
            self._let_go()
            raise OutputError(
                f"an unfinished run of the same output lies in {self.folder}",
                hint="--resume continues it, --force starts from the beginning.",
            )
        with os_errors(self.folder):
            self._clear_rooms()
            if not self._resume:
                self._clear_steps()
                self.found = False
        return self

    def _check_private(self) -> None:
        """Refuse a folder that somebody else could have filled, or a link to another place."""
        state = self.folder.lstat()
        own = not hasattr(os, "getuid") or state.st_uid == os.getuid()
        closed = os.name != "posix" or not state.st_mode & 0o077
        if not (stat.S_ISDIR(state.st_mode) and own and closed):
            raise OutputError(
                f"{self.folder} is not a folder that only you can open",
                hint="It was not made by this program. Find out what it is, then remove it, or choose another output.",
            )

    def _take_lock(self) -> None:
        path = self.folder / _LOCK
        self._lock = open(path, "ab", opener=private)  # noqa: SIM115  # held until the run has ended
        held = _hold(self._lock)
        # Whoever held it before may just have removed the folder, and the lock with it.
        if (
            not held
            or not path.exists()
            or not os.path.samestat(path.stat(), os.fstat(self._lock.fileno()))
        ):
            self._let_go()
            raise OutputError(
                f"another run is using {self.folder}",
                hint="Wait until it has ended, or give another output.",
            )

    def _let_go(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def room(self, name: str) -> Path:
        """Return an empty folder inside; what an earlier run left of it is thrown away."""
        path = self.folder / name
        if not _removed(path):
            path = self.folder / f"{name}-{secrets.token_hex(4)}"
        with os_errors(path):
            path.mkdir(mode=0o700)
        return path

    def worth_keeping(self) -> bool:
        """Say whether steps are done that took a while, or that an earlier run has left."""
        long = self.found or time.monotonic() - self._start > SHORT
        return long and any(self.folder.glob("*.npz"))

    def _clear_steps(self) -> None:
        # Steps before what says which run they belong to: none may be left without it.
        for path in sorted(self.folder.iterdir(), key=lambda path: path.suffix != ".npz"):
            if not _is_room(path) and path.name != _LOCK:
                path.unlink()

    def _clear_rooms(self) -> tuple[Path, ...]:
        """Remove all rooms; return those that could not be removed."""
        return tuple(
            path for path in self.folder.iterdir() if _is_room(path) and not _removed(path)
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kept = kind is not None and self.worth_keeping()
        with suppress(OSError):  # what led here is the error to report
            # Unpacked encodings are made again by the run that goes on.
            self.left = self._clear_rooms()
            if not self.kept:
                self._clear_steps()
        if os.name == "nt":
            self._let_go()  # an open file can't be removed there
        if not self.kept and not _removed(self.folder):
            self.left = (self.folder,)
        self._let_go()


def _is_room(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _removed(folder: Path) -> bool:
    """Remove a folder as far as that can be done; say whether it is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def private(path: str, flags: int) -> int:
    """Open a file for its owner alone, and never what a symbolic link leads to; for ``open(..., opener=private)``."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)


def _hold(stream: IO[Any]) -> bool:
    """Lock a file for this process; say whether nobody else holds it."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
