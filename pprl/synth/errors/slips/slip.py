"""What a slip is: one way to get a text slightly wrong, or to write it another way; and how its letter case is kept.

A slip has two halves that always agree: `possible(text)`, one search with a compiled pattern, and `change(text, dice)`,
which then changes the text for certain. Where a slip is not possible, `change` returns the text as it is. Letters keep
the case style of the text: SMITH is mistyped as SNITH, Smith as Snith.

Lower case is made letter by letter, so that a place found in the lower-case text is the same place in the text itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pprl.synth.draw import Dice

__all__ = ["LETTER", "LETTERS", "Slip", "capitals_like", "lowered", "uppered"]

LETTER = r"[^\W\d_]"
"""Pattern of one letter of any alphabet."""
LETTERS = re.compile(LETTER)


@dataclass(frozen=True, kw_only=True)
class Slip:
    """One way to get a text slightly wrong.

    Attributes:
        possible: True exactly when `change` alters the text.
        change: takes the text and the dice, and returns the changed text.
    """

    possible: Callable[[str], bool]
    change: Callable[[str, Dice], str]


def lowered(text: str) -> str:
    """Return the text in lower case, with every letter still in its place."""
    if text.isascii():
        return text.lower()
    return "".join([low if len(low := letter.lower()) == 1 else letter for letter in text])


def uppered(text: str) -> str:
    """Return the text in capitals; ß stays one letter."""
    return text.replace("ß", "ẞ").upper()


def capitals_like(model: str, text: str, letters: str) -> str:
    """Return lower-case letters in the style of the letters that they replace (`model`) and of the whole text."""
    if model[:1].isupper():
        return uppered(letters) if text.isupper() else uppered(letters[:1]) + letters[1:]
    return letters
