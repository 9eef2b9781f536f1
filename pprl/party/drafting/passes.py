"""Blocking passes for names outside a to z, which have no sound, and so no key in the passes drafted for other names.

Cyrillic and Greek letters are folded to Latin ones and have sounds; Chinese characters, Hangul, Arabic and most other
scripts don't. Where a file has such names, each drafted pass with a sound gets a second one with the first character in
its place. A family name of one Chinese character is wholly told by it; of a Latin name it tells less than a sound does,
so these passes compare more pairs, and they are drafted only where they are needed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pprl.base.arrays import Bools
from pprl.exchange.agreement.draft_text import drafted_passes
from pprl.party.reading.normalise import normaliser

__all__ = ["WithoutSound", "passes_without_sound"]

_LEAST = 0.005
"""Share of the records with a name without a sound from which passes for them are drafted. Chosen; not sensitive: a
person reads the draft, and fewer records cost less than one match in two hundred."""

_SOUND = re.compile(r"(?:soundex|metaphone)\((\w+)\)")
_LETTER, _PLAIN_LETTER = re.compile("[a-z]"), re.compile("[A-Za-z]")


@dataclass(frozen=True, kw_only=True)
class WithoutSound:
    """Names without a letter a to z, and the passes for them.

    Attributes:
        share: of the records, those with such a name.
        passes: key parts of each pass.
    """

    share: float
    passes: tuple[tuple[str, ...], ...]


def passes_without_sound(
    frame: pd.DataFrame, fields: Sequence[tuple[str, str, str]]
) -> WithoutSound | None:
    """Return more passes for the names of a file that have no sound; None where there are hardly any.

    Args:
        frame: the party's whole table, all columns text.
        fields: for each field its name, its type and the column that answers it.
    """
    drafted = drafted_passes([name for name, _, _ in fields])
    sounding = {match[1] for keys in drafted for key in keys if (match := _SOUND.fullmatch(key))}
    found = np.zeros(len(frame), np.bool_)
    for name, kind, column in fields:
        if name in sounding:
            found |= _has_no_sound(frame[column], kind)
    share = float(found.mean()) if len(found) else 0.0
    passes = tuple(
        keys
        for keys in (tuple(_SOUND.sub(r"initial(\1)", key) for key in keys) for keys in drafted)
        # Initials alone would put a large part of a file into one block.
        if any(key.startswith("initial(") for key in keys)
        and not all(key.startswith("initial(") for key in keys)
    )
    return WithoutSound(share=share, passes=passes) if share >= _LEAST and passes else None


def _has_no_sound(column: pd.Series[str], kind: str) -> Bools:
    """Return which values are there and have no letter a to z in their normal form."""
    rule = normaliser(kind)
    places, distinct = pd.factorize(column)
    silent = np.zeros(len(distinct), np.bool_)
    for number, value in enumerate(distinct):
        if not _PLAIN_LETTER.search(value):  # otherwise it has one, and needs no folding
            form = rule(value)
            silent[number] = bool(form) and not _LETTER.search(form)
    return np.asarray(silent[places], np.bool_)
