"""Outputs that are whole or absent.

Each output is written under a temporary name in its own folder and takes its real name only when
everything it belongs to is complete, so that a failure, a full disk or an interrupt leaves nothing
half-written behind, and an existing file is never replaced unless the caller said so.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from pprl.errors import OutputError

__all__ = ["Outputs", "check_new", "os_errors"]

_FULL = (errno.ENOSPC, errno.EDQUOT)


def check_new(path: Path, *, force: bool = False) -> None:
    """Refuse ``path`` as an output if it exists already or can't be created.

    Called before long work, so that a forgotten output of an earlier run costs no time.

    Raises:
        OutputError: the path exists and ``force`` is false, or its folder does not exist.
    """
    if path.name in ("", ".."):
        raise OutputError(
            f"{path} does not name a new file or folder", hint="Give the output a name of its own."
        )
    with os_errors(path):
        if not path.parent.is_dir():
            raise OutputError(
                f"the folder {path.parent} does not exist",
                hint="Create the folder first, or give another output path.",
            )
        try:
            path.lstat()
        except FileNotFoundError:
            return
    if not force:
        raise OutputError(
            f"{path} exists already",
            hint="Choose another name, or pass --force to replace it.",
        )


@contextmanager
def os_errors(path: Path) -> Iterator[None]:
    """Turn operating-system failures while writing ``path`` into an :class:`OutputError`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise OutputError(
                f"no space left on the disk while writing {path}",
                hint="Free some space or write to another disk; nothing was left half-written.",
            ) from error
        reason = error.strerror or type(error).__name__
        raise OutputError(
            f"can't write {path}: {reason}",
            hint="Check the folder's permissions and that it is not in use by another program.",
        ) from error


class Outputs:
    """A set of files and folders that appear together or not at all.

    Use as a context manager. :meth:`file` and :meth:`folder` hand out temporary paths to write to; when the block
    ends without an error all of them take their real names, otherwise all are removed.

    Args:
        force: replace outputs that exist.
    """

    def __init__(self, *, force: bool = False) -> None:
        self._force = force
        self._pending: list[tuple[Path, Path]] = []

    def __enter__(self) -> Outputs:
        return self

    def _temporary(self, path: Path, *, folder: bool) -> Path:
        check_new(path, force=self._force)
        if path.exists() and path.is_dir() != folder:
            kind = "a folder" if path.is_dir() else "a file"
            raise OutputError(
                f"{path} is {kind} and can't be replaced by {'a folder' if folder else 'a file'}",
                hint="Choose another name.",
            )
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
        self._pending.append((temporary, path))
        return temporary

    def file(self, path: Path, *, public: bool = False) -> Path:
        """Return a fresh temporary file to write in place of ``path``.

        The file is created empty with ``O_EXCL`` and mode 0600, so that there is no moment at which another user of
        the machine can open it; ``public`` leaves the mode to the user's own mask.
        """
        temporary = self._temporary(path, folder=False)
        with os_errors(path):
            mode = 0o666 if public else 0o600
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
            os.close(os.open(temporary, flags, mode))
        return temporary

    def folder(self, path: Path, *, holds: str | None = None) -> Path:
        """Return a fresh temporary folder of mode 0700 to fill in place of ``path``.

        Args:
            path: the folder's name.
            holds: with ``force``, a folder is replaced only if it is empty or holds a file of this name, so that a
                mistyped path never costs a folder of something else.
        """
        temporary = self._temporary(path, folder=True)
        if holds and path.is_dir() and any(path.iterdir()) and not (path / holds).exists():
            raise OutputError(
                f"{path} is a folder of something else: it holds no {holds}",
                hint="Choose another name; --force replaces only what an earlier run wrote.",
            )
        with os_errors(path):
            temporary.mkdir(mode=0o700)
        return temporary

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._commit()
        finally:
            for temporary, _ in self._pending:
                _remove(temporary)
        if isinstance(error, OSError) and self._pending:
            with os_errors(self._pending[-1][1]):
                raise error

    def _commit(self) -> None:
        done: list[Path] = []
        retired: list[tuple[Path, Path]] = []
        try:
            for temporary, path in self._pending:
                with os_errors(path):
                    if self._force and os.path.lexists(path):
                        old = path.with_name(f".{path.name}.{secrets.token_hex(4)}.old")
                        retired.append((old, path))
                        path.rename(old)
                    _take_name(temporary, path)
                done.append(path)
        except BaseException:
            # What this run made is taken back, and what it was to replace is put back.
            for path in done:
                _remove(path)
            for old, path in retired:
                if os.path.lexists(old):
                    _remove(path)
                    old.rename(path)
            raise
        for old, _ in retired:
            _remove(old)


def _take_name(temporary: Path, path: Path) -> None:
    check_new(path)
    if os.name == "posix" and not temporary.is_dir():
        try:
            # A link fails if another run took the name meanwhile; a rename would not.
            os.link(temporary, path)
        except FileExistsError:
            check_new(path)
            raise
        except OSError:
            temporary.rename(path)  # a file system without hard links
        else:
            temporary.unlink()
        return
    temporary.rename(path)


def _remove(path: Path) -> None:
    with suppress(OSError):  # what led here is the error to report, not what tidying up met
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
