"""The quotes of a long CSV file, checked by a kernel of our own because no library does it fast enough.

- pyarrow accepts quotes that are never closed, or closed in the middle of a value, without a word: the two rows
  ``1,"x`` and ``2,y`` become one.
- The standard library's strict reader refuses them, but makes an object of every value: 1.6 s for 100 MB, where the
  kernel takes 0.3 s.

Both are shown and measured by ``benchmarks/columns.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pprl.base.compiled import kernel

__all__ = ["quotes_are_sound"]

_BLOCK = 1 << 24
"""Bytes read at a time. Chosen; not sensitive."""
_LONGEST = 1 << 17
"""From this many bytes on the standard library may refuse a value: ``csv.field_size_limit()`` is 131,072 characters."""
_START, _PLAIN, _QUOTED, _CLOSED, _ODD = range(5)
"""At the start of a value; inside an unquoted one; inside a quoted one; after a quote that may close it; unsound."""
_QUOTE, _LINE_FEED, _RETURN = 34, 10, 13


def quotes_are_sound(path: Path, delimiter: str, *, block: int = _BLOCK) -> bool:
    """Say whether every quote that opens a value is closed at the value's end.

    True only if ``csv.reader(strict=True)`` reads the file to its end. False if it may not: then ask the reader itself,
    which also knows the line.

    Twin: :func:`slow_quotes_are_sound`.

    Args:
        path: a file in UTF-8.
        delimiter: one ASCII character.
        block: bytes to read at a time.

    Raises:
        OSError: the file can't be read.
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
    """Walk on through the file; ``state`` is where in a value we are, and how many bytes of the value were read."""
    now, length = state[0], state[1]
    for byte in data:
        length += 1
        if now == _QUOTED:
            if byte == _QUOTE:
                now = _CLOSED
        elif byte in (delimiter, _LINE_FEED, _RETURN):
            now = _START
            length = 0
        elif byte == _QUOTE and now == _START:
            now = _QUOTED
        elif now == _CLOSED:
            if byte != _QUOTE:
                now = _ODD
                break
            now = _QUOTED
        else:
            now = _PLAIN
        if length >= _LONGEST:
            now = _ODD
            break
    state[0], state[1] = now, length
