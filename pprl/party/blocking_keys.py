"""Keyed blocking keys: records that share one are compared, and nobody without the key can tell what it stands for.

A phonetic code alone falls to a dictionary, so it never leaves the party unkeyed (SPEC.md, section 6.5).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import jellyfish
import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.exchange.agreement import BlockingPass
from pprl.party.metaphone import metaphone

__all__ = ["KEY_PARTS", "blocking_key", "pass_keys"]

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


KEY_PARTS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "soundex": _sound(jellyfish.soundex),
        "metaphone": _sound(metaphone),
        "initial": lambda value: value[:1],
        "value": lambda value: value,
        "year": _part(0, 4),
        "month": _part(5, 7),
        "day": _part(8, 10),
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
    columns: Mapping[str, tuple[npt.NDArray[np.int64], Sequence[str]]],
    subkey: bytes,
) -> npt.NDArray[np.uint64]:
    """Return the keys of all records in one pass.

    Args:
        step: the pass.
        columns: field name -> (which distinct value each record has, the distinct normal forms).
        subkey: 32 bytes, of this pass alone.

    Returns:
        ``uint64[records]``, 0 where a record has no key.
    """
    numbered: list[tuple[npt.NDArray[np.int64], list[str]]] = []
    combined: npt.NDArray[np.int64] | None = None
    for function, name in step.parts():
        rows, values = columns[name]
        make = KEY_PARTS[function]
        numbering: dict[str, int] = {}
        numbers = [numbering.setdefault(make(value), len(numbering)) for value in values]
        codes = np.array(numbers, np.int64)[rows]
        numbered.append((codes, list(numbering)))
        if combined is not None:
            # Renumbered after each part, so that the product of the counts can't overflow.
            codes_so_far = pd.factorize(combined * len(numbering) + codes)[0]
            combined = codes_so_far.astype(np.int64)
        else:
            combined = codes
    if combined is None or len(combined) == 0:
        return np.zeros(0, np.uint64)
    _, first, inverse = np.unique(combined, return_index=True, return_inverse=True)
    keys = [
        blocking_key([texts[codes[record]] for codes, texts in numbered], subkey)
        for record in first
    ]
    return np.array(keys, np.uint64)[inverse]
