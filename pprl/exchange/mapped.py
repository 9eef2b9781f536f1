"""Large arrays on the disk instead of in memory: the system brings in what is looked at, and drops it again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pprl.outputs import os_errors

__all__ = ["is_mapped", "room"]


def room(
    spool: Path | None, name: str, shape: tuple[int, int], kind: type[Any]
) -> npt.NDArray[Any]:
    """Return an array to fill: in memory, or memory-mapped in the spool."""
    if spool is None or 0 in shape:
        return np.empty(shape, kind)
    path = spool / name
    with os_errors(path):
        with path.open("xb") as stream:
            # Written and not only made longer: a disk that is full must say so now, not when a page is touched.
            block = bytes(1 << 20)
            left = shape[0] * shape[1] * np.dtype(kind).itemsize
            while left > 0:
                left -= stream.write(block[: min(left, len(block))])
        return np.memmap(path, kind, "r+", shape=shape)


def is_mapped(array: npt.NDArray[Any]) -> bool:
    """Say whether an array lies in a memory-mapped file."""
    base: Any = array
    while base is not None and not isinstance(base, np.memmap):
        base = getattr(base, "base", None)
    return base is not None
