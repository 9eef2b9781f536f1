"""Hardening: what is done to a finished filter so that its bits tell less (SPEC.md, section 6.4).

Each method is a module of this folder with one function from packed filters to packed filters. It must not be random:
equal records stay equal. To add a method, enter it in four places:

1. here: its module and its line in :data:`METHODS`;
2. ``pprl/exchange/agreement/model.py``: its name in ``Hardening.method``, the length of its filters in
   ``Agreement.filter_bits`` (the unit checks lengths and can't import this room), and what it refuses in ``_check``;
3. ``pprl/unit/weighing/record/household.py``: what it does to the similarity of two relatives;
4. ``pprl/quality/report/page.py``: its name in words, in ``_HARDENING``.

``tests/party/hardening/test_hardening.py`` fails if the first two disagree, or if the fourth is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pprl.base.arrays import Bytes
from pprl.party.hardening.xor_fold import xor_fold

__all__ = ["METHODS", "harden"]


def harden(method: str, filters: Bytes, bits: int) -> Bytes:
    """Apply a hardening method to packed filters.

    Args:
        method: a key of :data:`METHODS`.
        filters: ``uint8[n, ceil(bits / 8)]``.
        bits: filter length before hardening.

    Returns:
        ``uint8[n, ceil(length / 8)]``, where ``length`` is what ``Agreement.filter_bits`` says.
    """
    return METHODS[method](filters, bits)


def _none(filters: Bytes, bits: int) -> Bytes:
    return filters


METHODS: Mapping[str, Callable[[Bytes, int], Bytes]] = MappingProxyType(
    {"none": _none, "xor-fold": xor_fold}
)
"""Name in the agreement -> (packed filters, length in bits) -> hardened filters."""
