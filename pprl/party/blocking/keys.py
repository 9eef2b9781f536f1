"""Keyed blocking keys: records that share one are compared, and without the key nobody can tell what it stands for.

A phonetic code alone falls to a dictionary, so it never leaves the party unkeyed (SPEC.md, section 6.5).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

import numpy as np

from pprl.base.arrays import Bools, Int64s, Words
from pprl.exchange.agreement.model import BlockingPass
from pprl.party.blocking.sounds import metaphone_texts, soundex_texts
from pprl.party.encoding.blake2b import join_and_hash
from pprl.tables.texts import Texts

__all__ = ["KEY_PARTS", "pass_keys", "without_key"]


def pass_keys(
    step: BlockingPass, columns: Mapping[str, tuple[Int64s, Sequence[str]]], subkey: bytes
) -> Words:
    """Return the keys of all records in one pass.

    Twin: :func:`slow_pass_keys`.

    Args:
        step: the pass.
        columns: field name -> (which value each record has, the normal forms).
        subkey: 32 bytes, of this pass alone.

    Returns:
        ``uint64[records]``, 0 where a record has no key because a part is missing.
    """
    parts = [KEY_PARTS[function](Texts.of(columns[name][1])) for function, name in step.parts()]
    which = [columns[name][0] for _, name in step.parts()]
    if len(which[0]) == 0:
        return np.zeros(0, np.uint64)
    if len(parts) == 1:  # one digest for each value is enough, however many records have it
        return join_and_hash(parts, [np.arange(len(parts[0]))], subkey)[which[0]]
    return join_and_hash(parts, which, subkey)


def without_key(
    passes: Sequence[BlockingPass], columns: Mapping[str, tuple[Int64s, Sequence[str]]]
) -> Bools:
    """Return which records have no key in any pass: those whose keys would all be 0, whatever the party's key.

    Args:
        passes: at least one.
        columns: field name -> (which value each record has, the normal forms).

    Returns:
        ``bool[records]``.
    """
    there: dict[tuple[str, str], Bools] = {}  # several passes may name one part
    without = None
    for step in passes:
        for part in step.parts():
            if part not in there:
                function, name = part
                which, values = columns[name]
                there[part] = (KEY_PARTS[function](Texts.of(values)).lengths() > 0)[which]
        lacks = ~np.logical_and.reduce([there[part] for part in step.parts()])
        without = lacks if without is None else without & lacks
    assert without is not None
    return without


def _initials(values: Texts) -> Texts:
    return Texts.of([value[:1] for value in values])


def _date_parts(values: Texts, *, start: int, stop: int) -> Texts:
    """Cut a part out of dates ``YYYY-MM-DD``; ``""`` where it is all zeros."""
    places = values.offsets[:-1][values.lengths() > 0, None] + np.arange(start, stop)
    digits = values.data[places]
    present = np.zeros(len(values), np.bool_)
    present[values.lengths() > 0] = there = (digits != ord("0")).any(axis=1)
    offsets = np.zeros(len(values) + 1, np.int64)
    np.cumsum(present * (stop - start), out=offsets[1:])
    return Texts(np.ascontiguousarray(digits[there]).reshape(-1), offsets)


KEY_PARTS: Mapping[str, Callable[[Texts], Texts]] = MappingProxyType(
    {
        "soundex": soundex_texts,
        "metaphone": metaphone_texts,
        "initial": _initials,
        "value": lambda values: values,
        "year": partial(_date_parts, start=0, stop=4),
        "month": partial(_date_parts, start=5, stop=7),
        "day": partial(_date_parts, start=8, stop=10),
    }
)
"""Function name in the agreement -> normal forms to parts; ``""`` where a value has none.

Twin: :data:`SLOW_KEY_PARTS`.
"""
