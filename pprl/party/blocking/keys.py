"""Keyed blocking keys: records that share one are compared, and nobody without the key can tell what it stands for.

A phonetic code alone falls to a dictionary, so it never leaves the party unkeyed (SPEC.md, section 6.5).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import jellyfish
import numpy as np

from pprl.base.arrays import Int64s, Words
from pprl.exchange.agreement.model import BlockingPass
from pprl.party.blocking.metaphone import metaphone
from pprl.party.blocking.sounds import metaphone_texts, soundex_texts
from pprl.party.encoding.blake2b import join_and_hash
from pprl.tables.texts import Texts

__all__ = ["KEY_PARTS", "blocking_key", "part_texts", "pass_keys"]

SEPARATOR = "\x1f"


def _sound(code: Callable[[str], str]) -> Callable[[str], str]:
    def sound(value: str) -> str:
        # The codes are defined for Latin letters only; other scripts and digits have no sound here.
        letters = "".join([ch for ch in value if "a" <= ch <= "z"])
        return code(letters) if letters else ""

    return sound


def _part(start: int, stop: int) -> Callable[[str], str]:
    def part(value: str) -> str:
        text = value[start:stop]
        return "" if not text.strip("0") else text

    return part


_SLICES = {"year": (0, 4), "month": (5, 7), "day": (8, 10)}

KEY_PARTS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "soundex": _sound(jellyfish.soundex),
        "metaphone": _sound(metaphone),
        "initial": lambda value: value[:1],
        "value": lambda value: value,
        **{name: _part(*places) for name, places in _SLICES.items()},
    }
)
"""Function name in the agreement -> normal form to part; ``""`` when there is none."""


def blocking_key(parts: Sequence[str], subkey: bytes) -> int:
    """Return the key of one record in one pass: ``BLAKE2b-64(key=subkey, parts joined by U+001F)``, 0 becomes 1.

    0 stands for "no key": a part is missing.
    """
    if not all(parts):
        return 0
    message = SEPARATOR.join(parts).encode("utf-8")
    digest = hashlib.blake2b(message, key=subkey, digest_size=8).digest()
    return int.from_bytes(digest, "little") or 1


def pass_keys(
    step: BlockingPass,
    columns: Mapping[str, tuple[Int64s, Sequence[str]]],
    subkey: bytes,
) -> Words:
    """Return the keys of all records in one pass, as :func:`blocking_key` gives them one by one.

    Args:
        step: the pass.
        columns: field name -> (which value each record has, the normal forms).
        subkey: 32 bytes, of this pass alone.

    Returns:
        ``uint64[records]``, 0 where a record has no key.
    """
    parts = [part_texts(function, Texts.of(columns[name][1])) for function, name in step.parts()]
    which = [columns[name][0] for _, name in step.parts()]
    if len(which[0]) == 0:
        return np.zeros(0, np.uint64)
    if len(parts) == 1:  # then what is asked for is one key a value
        return join_and_hash(parts, [np.arange(len(parts[0]))], subkey)[which[0]]
    return join_and_hash(parts, which, subkey)


def part_texts(function: str, values: Texts) -> Texts:
    """Return what a function of :data:`KEY_PARTS` makes of each normal form."""
    if function == "value":
        return values
    if function == "soundex":
        return soundex_texts(values)
    if function == "metaphone":
        return metaphone_texts(values)
    if function in _SLICES:
        return _date_part(values, *_SLICES[function])
    make = KEY_PARTS[function]
    return Texts.of([make(value) for value in values])


def _date_part(values: Texts, start: int, stop: int) -> Texts:
    """Cut a part out of dates ``YYYY-MM-DD``; none where it is all zeros."""
    places = values.offsets[:-1][values.lengths() > 0, None] + np.arange(start, stop)
    digits = values.data[places]
    present = np.zeros(len(values), np.bool_)
    present[values.lengths() > 0] = there = (digits != ord("0")).any(axis=1)
    offsets = np.zeros(len(values) + 1, np.int64)
    np.cumsum(present * (stop - start), out=offsets[1:])
    return Texts(np.ascontiguousarray(digits[there]).reshape(-1), offsets)
