"""Names for the arrays that rooms hand to each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Bools", "Bytes", "Floats", "Int32s", "Int64s", "Words"]

Int64s = npt.NDArray[np.int64]
"""Counts, offsets, and numbers of rows or values."""

Int32s = npt.NDArray[np.int32]
"""Counts and numbers that fit 32 bits."""

Floats = npt.NDArray[np.float64]
"""Scores, shares, weights and probabilities."""

Bools = npt.NDArray[np.bool_]
"""Masks."""

Words = npt.NDArray[np.uint64]
"""Packed bits, 64 in a word; or keyed 64-bit numbers such as blocking keys."""

Bytes = npt.NDArray[np.uint8]
"""Bytes: UTF-8 text, packed filters, pseudonyms."""
