"""A digest of records, read in any order and in pieces, that tells whether two machines read the same file.

It detects damage and a different or older copy of a file on a worker, but not forgery: whoever can write where the
workers read could change their answers anyway.
"""

from __future__ import annotations

import numpy as np

from pprl.base.arrays import Bytes, Int64s

__all__ = ["digest_rows"]

_ODD = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
"""Increment and first multiplier of SplitMix64 (Steele, Lea and Flood 2014)."""


def digest_rows(rows: Int64s, payload: Bytes) -> np.uint64:
    """Return the digest of some records; the digest of a file is the sum over its pieces, modulo 2**64.

    Args:
        rows: ``int64[n]``, their rows in the file.
        payload: ``uint8[n, width]``.
    """
    count, width = payload.shape
    padded = np.zeros((count, -(-width // 8) * 8), np.uint8)
    padded[:, :width] = payload
    words = padded.view("<u8").astype(np.uint64)
    with np.errstate(over="ignore"):
        sums = rows.astype(np.uint64) * _ODD + _MIX
        for at in range(words.shape[1]):
            sums = (sums ^ words[:, at]) * _ODD
            sums ^= sums >> np.uint64(29)
        return np.uint64((sums * _MIX).sum(dtype=np.uint64))
