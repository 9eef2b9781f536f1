"""Large arrays on the disk instead of in memory: the system brings in what is looked at, and drops it again."""

from __future__ import annotations

import errno
import gc
import mmap
import os
import shutil
import traceback
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from pprl.base.outputs import os_errors

__all__ = ["MappedFolder", "array_in", "is_mapped"]


class MappedFolder:
    """A folder whose files are arrays. Use as a context manager around all that looks at them.

    At the end of the block its maps are closed, so that the folder can be removed: Windows removes no file that is
    still mapped. An array that is still referred to keeps its map open; it stays usable, and no map is closed under it.
    So whatever works with the arrays belongs into a function of its own that has returned by then. When it has failed,
    what its frames hold is dropped here.

    Args:
        folder: an existing, empty folder.

    Attributes:
        folder: the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._maps: list[mmap.mmap] = []
        self._made = 0

    def array(self, name: str, shape: tuple[int, int], kind: type[Any]) -> npt.NDArray[Any]:
        """Return an array of zeros in a new file.

        Args:
            name: ends the file's name.
            shape: not empty.
            kind: of the items.

        Raises:
            OutputError: the disk is full or the folder can't be written.
        """
        path = self.folder / f"{self._made}-{name}"
        self._made += 1
        left = shape[0] * shape[1] * np.dtype(kind).itemsize
        with os_errors(path):
            if (
                left > shutil.disk_usage(self.folder).free
            ):  # not filled up first, to be emptied again
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            with path.open("xb") as stream:
                # Written and not only made longer: a disk that is full must say so now, not when a page is touched.
                block = bytes(1 << 20)
                while left > 0:
                    left -= stream.write(block[: min(left, len(block))])
            with path.open("r+b") as stream:
                made = mmap.mmap(stream.fileno(), 0)
        self._maps.append(made)
        # Not numpy.memmap: it lets its map be closed under its arrays, and who looks at one then crashes.
        return np.frombuffer(made, kind).reshape(shape)

    def close(self) -> bool:
        """Close all maps that no array refers to any more; say whether none is left open."""
        if self._maps:
            gc.collect()  # arrays in reference cycles would keep them open
        self._maps = [one for one in self._maps if not _closed(one)]
        return not self._maps

    def __enter__(self) -> MappedFolder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._maps:
            _drop_frames(error, set())
        self.close()


def _closed(one: mmap.mmap) -> bool:
    with suppress(BufferError):  # what an array still refers to
        one.close()
    return one.closed


def _drop_frames(error: BaseException | None, seen: set[int]) -> None:
    """Empty the frames that an error, and whatever led to it, have run through."""
    if error is not None and id(error) not in seen:
        seen.add(id(error))
        traceback.clear_frames(error.__traceback__)
        _drop_frames(error.__cause__, seen)
        _drop_frames(error.__context__, seen)


def array_in(
    folder: MappedFolder | None, name: str, shape: tuple[int, int], kind: type[Any]
) -> npt.NDArray[Any]:
    """Return an array to fill: in memory, or memory-mapped in a folder."""
    if folder is None or 0 in shape:
        return np.empty(shape, kind)
    return folder.array(name, shape, kind)


def is_mapped(array: npt.NDArray[Any]) -> bool:
    """Say whether an array lies in a memory-mapped file."""
    base: Any = array
    while base is not None and not isinstance(base, mmap.mmap):
        base = base.obj if isinstance(base, memoryview) else getattr(base, "base", None)
    return base is not None
