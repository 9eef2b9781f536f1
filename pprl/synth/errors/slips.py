"""Slips of the hand, the eye and the ear in one piece of text: the same text, a little wrong.

A slip has two halves that always agree: `possible(text)`, one search with a compiled pattern, and `change(text, dice)`,
which then changes the text for certain. Where a slip is not possible, `change` returns the text as it is. Letters keep
the case style of the text: SMITH is mistyped as SNITH, Smith as Snith.

Letter case is looked at letter by letter, so that the slip fits at the same place in the text and in its lower case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pprl.synth.draw import Dice

__all__ = [
    "DOUBLE_LETTER", "DROP_LETTER", "OCR", "TRANSPOSE_CHARACTERS", "TRANSPOSE_LETTERS", "WRONG_CHARACTER", "Slip",
    "capitals_like", "insert_letter", "keyboard_neighbours", "lowered", "neighbour_key", "other_name",
    "other_spelling", "rewrite", "uppered",
]  # fmt: skip

_LETTER = r"[^\W\d_]"
_LETTERS = re.compile(_LETTER)
_THREE_LETTERS = re.compile(rf"(?:{_LETTER}[\W\d_]*){{3}}")


@dataclass(frozen=True, kw_only=True)
class Slip:
    """One way to get a text a little wrong.

    Attributes:
        possible: True exactly when `change` alters the text.
        change: the text and the dice give the changed text.
    """

    possible: Callable[[str], bool]
    change: Callable[[str, Dice], str]


def lowered(text: str) -> str:
    """Return the text in lower case, with every letter at its old place."""
    if text.isascii():
        return text.lower()
    return "".join([low if len(low := letter.lower()) == 1 else letter for letter in text])


def uppered(text: str) -> str:
    """Return the text in capitals; ß stays one letter."""
    return text.replace("ß", "ẞ").upper()


def capitals_like(model: str, text: str, letters: str) -> str:
    """Return lower-case letters in the style of those they stand for (`model`) and of the whole text."""
    if model[:1].isupper():
        return uppered(letters) if text.isupper() else uppered(letters[:1]) + letters[1:]
    return letters


def _spared(hits: Sequence[re.Match[str]], dice: Dice) -> re.Match[str]:
    """Return one hit; the text's first character is hit seldom (Yannakoudakis and Fawthrop 1983)."""
    hit = dice.one(hits)
    return dice.one(hits) if hit.start() == 0 else hit


def rewrite(
    *,
    anywhere: Mapping[str, Sequence[str]] | None = None,
    at_start: Mapping[str, Sequence[str]] | None = None,
    at_end: Mapping[str, Sequence[str]] | None = None,
    fold: bool = True,
) -> Slip:
    """Return the slip that writes one group of letters as another.

    Args:
        anywhere, at_start, at_end: what is read -> what else is written; the latter two at the start or end of a
            longer word only, where it may also be nothing. Lower case when `fold` holds.
        fold: whether letter case is left aside (and kept); else the tables are taken as they are.
    """
    tables = {"end": at_end or {}, "start": at_start or {}, "any": anywhere or {}}
    frames = {
        "end": r"(?P<end>(?<=\w)(?:%s)\b)",
        "start": r"(?P<start>\b(?:%s)(?=\w))",
        "any": "(?P<any>%s)",
    }
    parts = [
        frames[place] % "|".join(map(re.escape, sorted(table, key=lambda key: (-len(key), key))))
        for place, table in tables.items()
        if table
    ]
    pattern = re.compile("|".join(parts) if parts else r"(?!)")

    def possible(text: str) -> bool:
        return pattern.search(lowered(text) if fold else text) is not None

    def change(text: str, dice: Dice) -> str:
        hits = list(pattern.finditer(lowered(text) if fold else text))
        if not hits:
            return text
        hit = dice.one(hits)
        start, end = hit.span()
        written = dice.one(tables[str(hit.lastgroup)][hit.group()])
        if fold:
            if not written and hit.lastgroup == "start" and text[start].isupper():
                return text[:start] + uppered(text[end]) + text[end + 1 :]
            written = capitals_like(text[start:end], text, written)
        return text[:start] + written + text[end:]

    return Slip(possible=possible, change=change)


def keyboard_neighbours(rows: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return for each key the keys beside it; letters have letters beside them, digits digits.

    A key of the same row counts twice: fingers slip sideways more often than up or down (Grudin 1983, Error patterns
    in novice and skilled transcription typing).
    """
    beside: dict[str, list[str]] = {}
    for at, row in enumerate(rows):
        for column, key in enumerate(row):
            near = [*row[max(column - 1, 0) : column], *row[column + 1 : column + 2]] * 2
            # Rows stand half a key to the right of the row above.
            near += rows[at - 1][column : column + 2] if at else ""
            near += rows[at + 1][max(column - 1, 0) : column + 1] if at + 1 < len(rows) else ""
            beside[key] = [other for other in near if other.isdigit() == key.isdigit()]
    return {key: tuple(near) for key, near in beside.items() if near}


def neighbour_key(beside: Mapping[str, Sequence[str]]) -> Slip:
    """Return the slip that hits the key beside the right one: Smith, Snith."""
    pattern = re.compile(f"[{re.escape(''.join(sorted(beside)))}]")

    def possible(text: str) -> bool:
        return pattern.search(lowered(text)) is not None

    def change(text: str, dice: Dice) -> str:
        hits = list(pattern.finditer(lowered(text)))
        if not hits:
            return text
        hit = _spared(hits, dice)
        at = hit.start()
        written = capitals_like(text[at], text, dice.one(beside[hit.group()]))
        return text[:at] + written + text[at + 1 :]

    return Slip(possible=possible, change=change)


def insert_letter(beside: Mapping[str, Sequence[str]]) -> Slip:
    """Return the slip of a finger on two keys: a neighbour of a letter comes after it: Smith, Smithj."""
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


def _has_letter(text: str) -> bool:
    return _LETTERS.search(text) is not None


def _double(text: str, dice: Dice) -> str:
    hits = list(_LETTERS.finditer(text))
    if not hits:
        return text
    hit = dice.one(hits)
    letter = hit.group()
    if not text.isupper():
        letter = lowered(letter)
    return text[: hit.end()] + letter + text[hit.end() :]


DOUBLE_LETTER = Slip(possible=_has_letter, change=_double)
"""A key bounces or is held too long: Smith, Smitth."""


def _three_letters(text: str) -> bool:
    return _THREE_LETTERS.search(text) is not None


def _drop(text: str, dice: Dice) -> str:
    hits = list(_LETTERS.finditer(text))
    if len(hits) < 3:
        return text
    start, end = _spared(hits, dice).span()
    rest = text[end:]
    if text[start].isupper() and _LETTERS.match(rest):
        rest = uppered(rest[0]) + rest[1:]
    return text[:start] + rest


DROP_LETTER = Slip(possible=_three_letters, change=_drop)
"""A letter is left out: Smith, Smth. Texts of one or two letters stay whole."""

_UNLIKE = re.compile(rf"(?=({_LETTER})(?!\1){_LETTER})")


def _can_transpose(text: str) -> bool:
    return _UNLIKE.search(lowered(text)) is not None


def _transpose(text: str, dice: Dice) -> str:
    hits = list(_UNLIKE.finditer(lowered(text)))
    if not hits:
        return text
    at = _spared(hits, dice).start()
    first, second = text[at + 1], text[at]
    if second.isupper() and first.islower():
        first, second = uppered(first), lowered(second)
    return text[:at] + first + second + text[at + 2 :]


TRANSPOSE_LETTERS = Slip(possible=_can_transpose, change=_transpose)
"""Two unlike neighbours change places: Smith, Simth."""


def _both_ways(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for one, other in pairs:
        found.setdefault(one, []).append(other)
        found.setdefault(other, []).append(one)
    return {read: tuple(written) for read, written in found.items()}


OCR = rewrite(
    anywhere=_both_ways((
        ("rn", "m"), ("cl", "d"), ("vv", "w"), ("ri", "n"), ("O", "0"), ("l", "1"), ("I", "l"), ("I", "1"), ("S", "5"),
        ("B", "8"), ("Z", "2"), ("G", "6"), ("D", "O"), ("Q", "O"), ("e", "c"), ("h", "b"), ("u", "v"), ("f", "t"),
        ("i", "l"), ("a", "o"), ("n", "u"), ("g", "q"), ("1", "7"), ("5", "6"), ("3", "8"), ("0", "6"),
    )),
    fold=False,
)  # fmt: skip
"""Shapes that a scanner takes for each other: Marner, Mamer; Olsen, 0lsen."""


def other_name(table: Mapping[str, Sequence[str]]) -> Slip:
    """Return the slip that writes a whole text as another one of the table: Elizabeth, Liz."""
    found: dict[str, tuple[str, ...]] = {}
    for name, others in table.items():
        low = lowered(name)
        unlike = [*found.get(low, ()), *(other for other in others if lowered(other) != low)]
        found[low] = tuple(dict.fromkeys(unlike))

    def possible(text: str) -> bool:
        return bool(found.get(lowered(text)))

    def change(text: str, dice: Dice) -> str:
        others = found.get(lowered(text))
        if not others:
            return text
        other = dice.one(others)
        return uppered(other) if text.isupper() else other

    return Slip(possible=possible, change=change)


def other_spelling(groups: Iterable[Sequence[str]]) -> Slip:
    """Return the slip that writes a whole name as another of its group: Mohammed, Muhammad.

    A name of several groups may become any name of each.
    """
    table: dict[str, tuple[str, ...]] = {}
    for group in groups:
        for name in group:
            table[name] = (*table.get(name, ()), *group)
    return other_name(table)


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
"""Two unlike neighbours of a code change places: 12047, 12074."""
