"""XOR folding: the two halves of a filter laid on each other (Schnell and Borgs 2016).

A bit of the encoding no longer says that a position is set, only that exactly one of two is. What this helps against
and what it costs is in docs/threat-model.md, section 9.
"""

from __future__ import annotations

import numpy as np

from pprl.base.arrays import Bytes

__all__ = ["xor_fold"]

_BLOCK_ROWS = 1 << 14
"""Rows unpacked at a time, because unpacked bits take eight times the memory. Chosen; not sensitive."""


def xor_fold(filters: Bytes, bits: int) -> Bytes:
    """Return filters of half the length: bit ``i`` is the exclusive or of the bits ``i`` and ``i + bits / 2``.

    Args:
        filters: ``uint8[n, ceil(bits / 8)]``.
        bits: filter length, even.

    Returns:
        ``uint8[n, ceil(bits / 16)]``; bits beyond the length are 0.
    """
    half = bits // 2
    made = np.empty((len(filters), -(-half // 8)), np.uint8)
    for start in range(0, len(filters), _BLOCK_ROWS):
        block = filters[start : start + _BLOCK_ROWS]
        plain = np.unpackbits(block, axis=1, count=bits, bitorder="little")
        folded = plain[:, :half] ^ plain[:, half:]
        made[start : start + _BLOCK_ROWS] = np.packbits(folded, axis=1, bitorder="little")
    return made
