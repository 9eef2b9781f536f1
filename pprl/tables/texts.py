"""A column of texts as bytes, so that kernels can work without a Python object for each value.

The layout is Arrow's: all texts one after the other in UTF-8, and where each of them begins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pprl.base.arrays import Bools, Bytes, Int64s

__all__ = ["Texts"]


class Texts(Sequence[str]):
    """A sequence of texts in one buffer that reads like a list of ``str``.

    Args:
        data: ``uint8[bytes]``, valid UTF-8.
        offsets: ``int64[n + 1]``; text ``i`` is ``data[offsets[i]:offsets[i + 1]]``.
    """

    def __init__(self, data: Bytes, offsets: Int64s) -> None:
        self.data = data
        self.offsets = offsets

    @classmethod
    def of(cls, values: Iterable[str]) -> Texts:
        """Return the column of these texts.

        Raises:
            UnicodeEncodeError: a text holds a lone surrogate, which is half a character.
        """
        if isinstance(values, Texts):
            return values
        encoded = [value.encode() for value in values]
        offsets = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(value) for value in encoded], out=offsets[1:])
        return cls(np.frombuffer(b"".join(encoded), np.uint8), offsets)

    @classmethod
    def from_arrow(cls, array: pa.LargeStringArray) -> Texts:
        """Return an Arrow array without nulls as texts; nothing is copied."""
        _, offsets, data = array.buffers()
        if len(array) == 0:
            return cls(np.zeros(0, np.uint8), np.zeros(1, np.int64))
        places = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
        return cls(np.frombuffer(data or b"", np.uint8), places)

    def arrow(self) -> pa.LargeStringArray:
        """Return the texts as an Arrow array; nothing is copied."""
        buffers = [None, pa.py_buffer(self.offsets), pa.py_buffer(self.data)]
        return pa.Array.from_buffers(pa.large_string(), len(self), buffers)

    def replaced(self, mask: Bools, values: Sequence[str]) -> Texts:
        """Return the texts with those under the mask replaced by ``values``, in order."""
        if not len(values):
            return self
        array = pc.replace_with_mask(
            self.arrow(), pa.array(mask), pa.array(values, pa.large_string())
        )
        return Texts.from_arrow(array)

    def picked(self, mask: Bools) -> list[str]:
        """Return the texts under the mask."""
        return list(Texts.from_arrow(self.arrow().filter(pa.array(mask))))

    def lengths(self) -> Int64s:
        """Return each text's length in bytes, ``int64[n]``."""
        return np.diff(self.offsets)

    def is_ascii(self) -> bool:
        """Say whether all texts are ASCII."""
        start, stop = int(self.offsets[0]), int(self.offsets[-1])
        return not bool((self.data[start:stop] & 0x80).any())

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[str]:
        return iter(self.arrow().to_numpy(zero_copy_only=False).tolist())

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: Any) -> Any:
        """Return one text, or those of a slice as a list."""
        if isinstance(index, slice):
            return list(self)[index]
        at = range(len(self))[index]
        return self.data[self.offsets[at] : self.offsets[at + 1]].tobytes().decode()
