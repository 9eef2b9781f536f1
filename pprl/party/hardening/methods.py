"""Hardening: what is done to a finished filter so that its bits tell less (SPEC.md, section 6.4).

One function a method, from packed filters to packed filters; :data:`METHODS` is the place to add another.
``xor-fold`` folds the two halves on each other (Schnell and Borgs 2016, XOR folding) and costs some quality. None is
random: equal records stay equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from pprl.base.arrays import Bytes

__all__ = ["METHODS", "harden"]

Filters = Bytes

_BLOCK = 1 << 14
"""Rows in one step: unpacked bits take eight times the room."""


def harden(method: str, filters: Filters, bits: int) -> Filters:
    """Apply a hardening method to packed filters.

    Args:
        method: a key of :data:`METHODS`.
        filters: ``uint8[n, ceil(bits / 8)]``.
        bits: filter length before hardening.

    Returns:
        ``uint8[n, ceil(length / 8)]`` with the method's own length.
    """
    return METHODS[method](filters, bits)


def _none(filters: Filters, bits: int) -> Filters:
    return filters


def _xor_fold(filters: Filters, bits: int) -> Filters:
    half = bits // 2
    made = np.empty((len(filters), -(-half // 8)), np.uint8)
    for start in range(0, len(filters), _BLOCK):
        block = filters[start : start + _BLOCK]
        plain = np.unpackbits(block, axis=1, count=bits, bitorder="little")
        folded = plain[:, :half] ^ plain[:, half:]
        made[start : start + _BLOCK] = np.packbits(folded, axis=1, bitorder="little")
    return made


METHODS: Mapping[str, Callable[[Filters, int], Filters]] = MappingProxyType(
    {"none": _none, "xor-fold": _xor_fold}
)
