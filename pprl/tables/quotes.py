"""Quotes of a long CSV file, looked at by a kernel: the standard library's reader takes a second for each 100 MB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pprl.base.compiled import kernel

__all__ = ["quotes_are_sound"]

_BLOCK = 1 << 24
_LONGEST = 1 << 17
"""Bytes of a value from which on the standard library may refuse it."""
_START, _PLAIN, _QUOTED, _CLOSED, _ODD = range(5)


def quotes_are_sound(path: Path, delimiter: str, *, block: int = _BLOCK) -> bool:
    """Say whether each quote that opens a value is closed at the value's end.

    True only where ``csv.reader(strict=True)`` reads the file to its end; False where it may not: then it has to
    be asked, for the line too.

    Args:
        path: a file in UTF-8.
        delimiter: of its values, one ASCII character.
        block: bytes that are read at a time.
    """
    state = np.array([_START, 0], np.int64)
    with path.open("rb") as stream:
        if stream.read(3) != b"\xef\xbb\xbf":
            stream.seek(0)
        while part := stream.read(block):
            _walk(np.frombuffer(part, np.uint8), ord(delimiter), state)
            if state[0] == _ODD:
                return False
    return bool(state[0] != _QUOTED)


@kernel
def _walk(data: Any, delimiter: Any, state: Any) -> None:
    """Go on through the file; the state is where in a value the place is, and the value's bytes so far."""
    now, length = state[0], state[1]
    for byte in data:
        length += 1
        if now == _QUOTED:
            if byte == 34:
                now = _CLOSED
        elif byte in (delimiter, 10, 13):
            now = _START
            length = 0
        elif byte == 34 and now == _START:
            now = _QUOTED
        elif now == _CLOSED:
            if byte != 34:
                now = _ODD
                break
            now = _QUOTED
        else:
            now = _PLAIN
        if length >= _LONGEST:
            now = _ODD
            break
    state[0], state[1] = now, length
