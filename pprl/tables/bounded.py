"""Small text files read whole: refused, with the reason, if they are too long or not UTF-8."""

from __future__ import annotations

from pathlib import Path

from pprl.base.errors import DataError

__all__ = ["read_bounded"]


def read_bounded(path: Path, *, what: str, limit: int) -> str:
    """Return the text of a file of at most `limit` bytes.

    Args:
        path: the file.
        what: what the file should be, for messages, for example ``a plan``.
        limit: largest size in bytes, a multiple of 1 MiB.

    Raises:
        DataError: missing, unreadable, too long, or not UTF-8.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file", hint="Check the path and the spelling.") from None
    except OSError as error:
        raise DataError(f"{path}: can't be read: {error.strerror}") from None
    if len(content) > limit:
        raise DataError(f"{path}: is too long for {what} (over {limit >> 20} MiB)")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path}: is not UTF-8 text") from None
