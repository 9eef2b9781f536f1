"""Outputs that are whole or absent.

Each output is written under a temporary name in its own folder and takes its real name only when
everything it belongs to is complete, so that a failure, a full disk or an interrupt leaves nothing
half-written behind, and an existing file is never replaced unless the caller said so.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from pprl.base.errors import DataError, OutputError, PprlError

__all__ = ["SPOOL_PREFIX", "Outputs", "check_new", "check_replaceable", "os_errors"]

_FULL = (errno.ENOSPC, errno.EDQUOT)
_WRITING_ONLY = (errno.EEXIST, errno.ENOTEMPTY, errno.EROFS, errno.EFBIG)
_ARROW_OPEN = re.compile(r"^Failed to open local file '(.+)'\. Detail: ", re.DOTALL)
"""How Arrow names a file; it leaves ``filename`` empty."""
_ARROW_DETAIL = re.compile(r"Detail: \[errno (\d+)\]")

SPOOL_PREFIX = ".pprl-"
"""Of temporary files beside an output that have no name of it."""


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
def os_errors(path: Path, *beside: Path) -> Iterator[None]:
    """Turn operating-system failures while writing ``path`` into an :class:`OutputError`.

    A failure of another file, which its name tells, is told of that file: it may be an input that is missing.

    Args:
        path: the output; a folder stands for all that lies in it.
        beside: other files that are written on the way to it.

    Raises:
        OutputError: the output can't be written, or the disk is full.
        DataError: another file is missing or can't be read.
    """
    try:
        yield
    except BrokenPipeError:
        raise  # whoever read what is printed has gone: no file of ours
    except OSError as error:
        raise _told(error, [path], beside) from error


def _told(error: OSError, outputs: Sequence[Path], beside: Sequence[Path] = ()) -> PprlError:
    """Return what to say of a failure while these outputs were being written."""
    failed = _failed_files(error)
    whose = [path for path in outputs if any(_belongs(name, path) for name in failed)]
    text = " or ".join(str(path) for path in whose or outputs)
    if error.errno in _FULL:
        return OutputError(
            f"no space left on the disk while writing {text}",
            hint="Free some space or write to another disk; nothing was left half-written.",
        )
    detail = _ARROW_DETAIL.search(error.strerror or "")
    reason = os.strerror(int(detail[1])) if detail else error.strerror or type(error).__name__
    ours = [*(path.parent for path in outputs), *beside]
    if not failed or whose or any(_same(name, path) for name in failed for path in ours):
        return _not_written(text, reason)
    other = failed[0]
    if error.errno in _WRITING_ONLY:
        return _not_written(str(other), reason)
    if error.errno == errno.ENOENT:
        return DataError(f"{other}: no such file", hint="Check the path and the spelling.")
    return DataError(
        f"{other}: can't be read: {reason}",
        hint="Check that you may read it and that it is not in use by another program.",
    )


def _not_written(what: str, reason: str) -> OutputError:
    return OutputError(
        f"can't write {what}: {reason}",
        hint="Check the folder's permissions and that it is not in use by another program.",
    )


def _failed_files(error: OSError) -> list[Path]:
    """Return the files that an error names, if any: two where one was to be renamed."""
    names = [
        name for name in (error.filename, error.filename2) if isinstance(name, (str, bytes, Path))
    ]
    arrow = _ARROW_OPEN.search(error.strerror or "")
    return [Path(os.fsdecode(name)) for name in (names or ([arrow[1]] if arrow else []))]


def _belongs(name: Path, path: Path) -> bool:
    """Say whether a file is an output, lies in it, or is (in) what waits to become it."""
    target = _absolute(path)
    temporary = re.compile(re.escape(f".{path.name}.") + "[0-9a-f]+" + r"\.(partial|old)")
    return any(
        part == target
        or (
            part.parent == target.parent
            and (temporary.fullmatch(part.name) or part.name.startswith(SPOOL_PREFIX))
        )
        for part in (_absolute(name), *_absolute(name).parents)
    )


def _same(one: Path, other: Path) -> bool:
    return _absolute(one) == _absolute(other)


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100  # resolve() would ask the disk that has just failed


def check_replaceable(path: Path, *, holds: str) -> None:
    """Refuse to replace a folder by a links folder unless it is empty or is one: long work should not end with this.

    Args:
        path: what may be replaced; if there is nothing, it passes.
        holds: the file that every links folder holds.

    Raises:
        OutputError: a file, or a folder of another kind.
    """
    _check_kind(path, folder=True)
    if path.is_dir() and any(path.iterdir()) and not (path / holds).exists():
        raise OutputError(
            f"{path} is not a links folder (no {holds}) and will not be replaced",
            hint="Choose another name; --force replaces only what an earlier run wrote.",
        )


def _check_kind(path: Path, *, folder: bool) -> None:
    if path.exists() and path.is_dir() != folder:
        kind = "a folder" if path.is_dir() else "a file"
        raise OutputError(
            f"{path} is {kind} and can't be replaced by {'a folder' if folder else 'a file'}",
            hint="Choose another name.",
        )


class Outputs:
    """A set of files and folders that appear together or not at all.

    Use as a context manager. :meth:`file` and :meth:`folder` hand out temporary paths to write to; when the block
    ends without an error all of them take their real names, otherwise all are removed.

    A failure of the system in the block is told of the output whose file it names, of all of them if it names none,
    and as that of an input if it names another file. Where several outputs are written, :func:`os_errors` says of
    which one the writing is.

    Args:
        force: replace outputs that exist.

    Raises:
        OutputError: an output exists or can't be written.
        DataError: a file other than the outputs is missing or can't be read.
    """

    def __init__(self, *, force: bool = False) -> None:
        self._force = force
        self._pending: list[tuple[Path, Path]] = []

    def __enter__(self) -> Outputs:
        return self

    def _temporary(self, path: Path, *, folder: bool) -> Path:
        check_new(path, force=self._force)
        _check_kind(path, folder=folder)
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
                mistyped path never costs a folder of another kind.
        """
        temporary = self._temporary(path, folder=True)
        if holds:
            check_replaceable(path, holds=holds)
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
        if isinstance(error, OSError) and self._pending and not isinstance(error, BrokenPipeError):
            raise _told(error, [path for _, path in self._pending]) from error

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
