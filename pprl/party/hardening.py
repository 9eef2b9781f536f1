"""Hardening: what is done to a finished filter so that its bits tell less (SPEC.md, section 6.4).

One function a method, from packed filters to packed filters; :data:`METHODS` is the place to add another.
``balance`` gives every filter the same number of bits (Schnell and Borgs 2016); ``xor-fold`` folds the two halves
on each other (Schnell and Borgs 2016, XOR folding) and costs some quality. All are keyed or public, none random: equal
records stay equal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

__all__ = ["METHODS", "harden"]

Filters = npt.NDArray[np.uint8]


def harden(method: str, filters: Filters, bits: int, subkey: bytes) -> Filters:
    """Apply a hardening method to packed filters.

    Args:
        method: a key of :data:`METHODS`.
        filters: ``uint8[n, ceil(bits / 8)]``.
        bits: filter length before hardening.
        subkey: 32 bytes, for methods that are keyed.

    Returns:
        ``uint8[n, ceil(length / 8)]`` with the method's own length.
    """
    return METHODS[method](filters, bits, subkey)


def _none(filters: Filters, bits: int, subkey: bytes) -> Filters:
    return filters


def _unpack(filters: Filters, bits: int) -> npt.NDArray[np.uint8]:
    return np.unpackbits(filters, axis=1, count=bits, bitorder="little")


def _pack(unpacked: npt.NDArray[np.uint8]) -> Filters:
    return np.packbits(unpacked, axis=1, bitorder="little")


def _in_blocks(
    filters: Filters, work: Callable[[Filters], Filters], width: int, rows: int = 1 << 14
) -> Filters:
    """Run ``work`` on blocks of rows: unpacked bits take eight times the room."""
    made = np.empty((len(filters), width), np.uint8)
    for start in range(0, len(filters), rows):
        made[start : start + rows] = work(filters[start : start + rows])
    return made


def _balance(filters: Filters, bits: int, subkey: bytes) -> Filters:
    order = keyed_permutation(2 * bits, subkey)

    def work(block: Filters) -> Filters:
        plain = _unpack(block, bits)
        return _pack(np.concatenate([plain, 1 - plain], axis=1)[:, order])

    return _in_blocks(filters, work, -(-2 * bits // 8))


def _xor_fold(filters: Filters, bits: int, subkey: bytes) -> Filters:
    half = bits // 2

    def work(block: Filters) -> Filters:
        plain = _unpack(block, bits)
        return _pack(plain[:, :half] ^ plain[:, half:])

    return _in_blocks(filters, work, -(-half // 8))


def keyed_permutation(size: int, subkey: bytes) -> npt.NDArray[np.int64]:
    """Return a permutation of ``range(size)`` that only the key tells (Fisher-Yates, from the end).

    Step ``i`` (``size - 1`` down to 1) swaps entry ``i`` with entry ``word mod (i + 1)``, where the 64-bit words are
    the first eight bytes of ``BLAKE2b-512(key=subkey, le32(i))``.
    """
    order = np.arange(size)
    for at in range(size - 1, 0, -1):
        digest = hashlib.blake2b(at.to_bytes(4, "little"), key=subkey, digest_size=64).digest()
        other = int.from_bytes(digest[:8], "little") % (at + 1)
        order[at], order[other] = order[other], order[at]
    return order


METHODS: Mapping[str, Callable[[Filters, int, bytes], Filters]] = MappingProxyType(
    {"none": _none, "balance": _balance, "xor-fold": _xor_fold}
)
