"""Slips of the fingers: a neighbouring key, a letter too many or too few, two letters in the wrong order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pprl.synth.draw import Dice
from pprl.synth.errors.slips.slip import (
    LETTER,
    LETTERS,
    Slip,
    capitals_like,
    lowered,
    uppered,
)

__all__ = [
    "DOUBLE_LETTER", "DROP_LETTER", "TRANSPOSE_CHARACTERS", "TRANSPOSE_LETTERS", "WRONG_CHARACTER", "insert_letter",
    "keyboard_neighbours", "neighbour_key",
]  # fmt: skip

_FEWEST_LETTERS = 3
"""Shorter texts don't lose a letter. Chosen: of two letters, hardly a name would be left. Not sensitive: few names are
so short."""
_THREE_LETTERS = re.compile(rf"(?:{LETTER}[\W\d_]*){{{_FEWEST_LETTERS}}}")


def keyboard_neighbours(rows: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the keys next to each key; letters have letters as neighbours, digits have digits.

    A key of the same row counts twice: fingers slip sideways more often than up or down (Grudin 1983, Error patterns
    in novice and skilled transcription typing). The factor of two is chosen; not sensitive, as it only decides which
    letter is wrong.
    """
    beside: dict[str, list[str]] = {}
    for at, row in enumerate(rows):
        for column, key in enumerate(row):
            near = [*row[max(column - 1, 0) : column], *row[column + 1 : column + 2]] * 2
            # Each row is half a key to the right of the row above.
            near += rows[at - 1][column : column + 2] if at else ""
            near += rows[at + 1][max(column - 1, 0) : column + 1] if at + 1 < len(rows) else ""
            beside[key] = [other for other in near if other.isdigit() == key.isdigit()]
    return {key: tuple(near) for key, near in beside.items() if near}


def neighbour_key(beside: Mapping[str, Sequence[str]]) -> Slip:
    """Return the slip that hits the key next to the right one: Smith, Snith.

    Args:
        beside: the neighbours of each key, from :func:`keyboard_neighbours`.
    """
    pattern = re.compile(f"[{re.escape(''.join(sorted(beside)))}]")

    def possible(text: str) -> bool:
        return pattern.search(lowered(text)) is not None

    def change(text: str, dice: Dice) -> str:
        hits = list(pattern.finditer(lowered(text)))
        if not hits:
            return text
        hit = _seldom_first(hits, dice)
        at = hit.start()
        written = capitals_like(text[at], text, dice.one(beside[hit.group()]))
        return text[:at] + written + text[at + 1 :]

    return Slip(possible=possible, change=change)


def insert_letter(beside: Mapping[str, Sequence[str]]) -> Slip:
    """Return the slip of a finger on two keys, which adds a neighbour after a letter: Smith, Smithj.

    Args:
        beside: the neighbours of each key, from :func:`keyboard_neighbours`.
    """
    pattern = re.compile(f"[{re.escape(''.join(sorted(key for key in beside if key.isalpha())))}]")

    def possible(text: str) -> bool:
        return pattern.search(lowered(text)) is not None

    def change(text: str, dice: Dice) -> str:
        hits = list(pattern.finditer(lowered(text)))
        if not hits:
            return text
        hit = dice.one(hits)
        letter = dice.one(beside[hit.group()])
        return (
            text[: hit.end()] + (uppered(letter) if text.isupper() else letter) + text[hit.end() :]
        )

    return Slip(possible=possible, change=change)


def _seldom_first(hits: Sequence[re.Match[str]], dice: Dice) -> re.Match[str]:
    """Return one of the hits; the text's first character is hit seldom (Yannakoudakis and Fawthrop 1983).

    Of n hits, the first character is chosen with the probability 1 / n**2: it has to be drawn twice. Chosen; somewhat
    sensitive, since blocking by initials or by Soundex loses the pairs whose first letters differ.
    """
    hit = dice.one(hits)
    return dice.one(hits) if hit.start() == 0 else hit


def _has_letter(text: str) -> bool:
    return LETTERS.search(text) is not None


def _double(text: str, dice: Dice) -> str:
    hits = list(LETTERS.finditer(text))
    if not hits:
        return text
    hit = dice.one(hits)
    letter = hit.group()
    if not text.isupper():
        letter = lowered(letter)
    return text[: hit.end()] + letter + text[hit.end() :]


DOUBLE_LETTER = Slip(possible=_has_letter, change=_double)
"""A key bounces or is held too long: Smith, Smitth."""


def _has_three_letters(text: str) -> bool:
    return _THREE_LETTERS.search(text) is not None


def _drop(text: str, dice: Dice) -> str:
    hits = list(LETTERS.finditer(text))
    if len(hits) < _FEWEST_LETTERS:
        return text
    start, end = _seldom_first(hits, dice).span()
    rest = text[end:]
    if text[start].isupper() and LETTERS.match(rest):
        rest = uppered(rest[0]) + rest[1:]
    return text[:start] + rest


DROP_LETTER = Slip(possible=_has_three_letters, change=_drop)
"""A letter is left out: Smith, Smth. Texts of one or two letters stay whole."""

_UNLIKE_LETTERS = re.compile(rf"(?=({LETTER})(?!\1){LETTER})")


def _can_transpose(text: str) -> bool:
    return _UNLIKE_LETTERS.search(lowered(text)) is not None


def _transpose(text: str, dice: Dice) -> str:
    hits = list(_UNLIKE_LETTERS.finditer(lowered(text)))
    if not hits:
        return text
    at = _seldom_first(hits, dice).start()
    first, second = text[at + 1], text[at]
    if second.isupper() and first.islower():
        first, second = uppered(first), lowered(second)
    return text[:at] + first + second + text[at + 2 :]


TRANSPOSE_LETTERS = Slip(possible=_can_transpose, change=_transpose)
"""Two different letters next to each other change places: Smith, Simth."""

_CHARACTER = re.compile(r"[A-Za-z0-9]")
_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _has_character(text: str) -> bool:
    return _CHARACTER.search(text) is not None


def _wrong_character(text: str, dice: Dice) -> str:
    hits = list(_CHARACTER.finditer(text))
    if not hits:
        return text
    hit = dice.one(hits)
    kind = (
        "0123456789"
        if hit.group().isdigit()
        else _UPPER
        if hit.group().isupper()
        else _UPPER.lower()
    )
    other = dice.one(kind.replace(hit.group(), ""))
    return text[: hit.start()] + other + text[hit.end() :]


WRONG_CHARACTER = Slip(possible=_has_character, change=_wrong_character)
"""One letter or digit of a code is another letter or digit: 12047, 12847."""

_UNLIKE_CHARACTERS = re.compile(r"(?=([A-Za-z0-9])(?!\1)[A-Za-z0-9])")


def _can_swap(text: str) -> bool:
    return _UNLIKE_CHARACTERS.search(text) is not None


def _swap(text: str, dice: Dice) -> str:
    hits = list(_UNLIKE_CHARACTERS.finditer(text))
    if not hits:
        return text
    at = dice.one(hits).start()
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


TRANSPOSE_CHARACTERS = Slip(possible=_can_swap, change=_swap)
"""Two different characters of a code, next to each other, change places: 12047, 12074."""
