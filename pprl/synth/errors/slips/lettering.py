"""The same name in another form: accents, hyphens, apostrophes, letters of other alphabets, columns too narrow.

Nobody made a mistake here: another office, system or country writes the name this way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pprl.synth.draw import Dice
from pprl.synth.errors.slips.slip import LETTER, LETTERS, Slip, capitals_like, lowered

__all__ = [
    "DROP_HALF", "JOIN_PARTS", "LOSE_APOSTROPHE", "SWAP_HALVES", "TO_INITIAL", "cut", "lose_accents", "transliterate",
]  # fmt: skip


def transliterate(letters: Mapping[str, Sequence[str]]) -> Slip:
    """Return the slip that writes every special letter of a text as another country would: Müller, Mueller."""
    pattern = re.compile("|".join(map(re.escape, sorted(letters))) if letters else r"(?!)")

    def possible(text: str) -> bool:
        return not text.isascii() and pattern.search(lowered(text)) is not None

    def change(text: str, dice: Dice) -> str:
        if not possible(text):
            return text
        written = {
            key: dice.one(letters[key]) for key in dict.fromkeys(pattern.findall(lowered(text)))
        }
        return "".join(
            [
                capitals_like(letter, text, written[low])
                if (low := lowered(letter)) in written
                else letter
                for letter in text
            ]
        )

    return Slip(possible=possible, change=change)


# Python's own Unicode tables differ between versions, so the plain forms of the Latin letters are listed here.
_PLAIN = {
    "a": "àáâãäåāăą", "ae": "æ", "c": "çćĉċč", "d": "ďđð", "e": "èéêëēĕėęě", "g": "ĝğġģ", "h": "ĥħ", "i": "ìíîïĩīĭįı",
    "j": "ĵ", "k": "ķ", "l": "ĺļľŀł", "n": "ñńņňŋ", "o": "òóôõöøōŏőơ", "oe": "œ", "r": "ŕŗř", "s": "śŝşšș", "ss": "ß",
    "t": "ţťŧț", "th": "þ", "u": "ùúûüũūŭůűųư", "w": "ŵ", "y": "ýÿŷ", "z": "źżž",
}  # fmt: skip
_TO_PLAIN = str.maketrans(
    {
        **{letter: plain for plain, letters in _PLAIN.items() for letter in letters},
        **{
            letter.upper(): plain.capitalize()
            for plain, letters in _PLAIN.items()
            for letter in letters
            if letter not in "ßı"
        },
        "ẞ": "SS", "İ": "I",
    }
)  # fmt: skip


def lose_accents(text: str) -> str:
    """Return the text in plain Latin letters, as in systems that know no others: Zoë, Zoe."""
    if text.isascii():
        return text
    plain = text.translate(_TO_PLAIN)
    return plain.upper() if text.isupper() else plain


_JOIN = re.compile(rf"(?<={LETTER})[- ](?={LETTER})")


def _can_join(text: str) -> bool:
    return _JOIN.search(text) is not None


def _join(text: str, dice: Dice) -> str:
    hits = list(_JOIN.finditer(text))
    if not hits:
        return text
    hit = dice.one(hits)
    other = dice.one((" " if hit.group() == "-" else "-", ""))
    rest = text[hit.end() :]
    if not other and not text.isupper():
        rest = lowered(rest[0]) + rest[1:]
    return text[: hit.start()] + other + rest


JOIN_PARTS = Slip(possible=_can_join, change=_join)
"""The parts of a double name are joined another way: Anne-Marie, Anne Marie, Annemarie."""

_PARTICLES = frozenset((
    "'t", "al", "ap", "ben", "bin", "bint", "da", "das", "de", "degli", "dei", "del", "della", "den",
    "der", "des", "di", "do", "dos", "du", "el", "ibn", "la", "las", "le", "los", "mac", "mc", "o", "op",
    "san", "st", "te", "ten", "ter", "van", "vom", "von", "y", "zu", "zum", "zur",
))  # fmt: skip
_HALVES = re.compile(r"[- ]")


def _halves(text: str) -> list[str]:
    if _HALVES.search(text) is None:
        return []
    separator = "-" if "-" in text else " "
    parts = text.split(separator)
    if len(parts) < 2 or any(len(part) < 2 or lowered(part) in _PARTICLES for part in parts):
        return []
    return [parts[0], separator.join(parts[1:])]


def _has_halves(text: str) -> bool:
    return bool(_halves(text))


def _drop_half(text: str, dice: Dice) -> str:
    halves = _halves(text)
    return dice.one(halves) if halves else text


DROP_HALF = Slip(possible=_has_halves, change=_drop_half)
"""Half of a double surname is left out: Hill-Wood, Wood. Names with particles (van, de) stay whole."""


def _swapped(text: str) -> str:
    halves = _halves(text)
    return f"{halves[1]}{text[len(halves[0])]}{halves[0]}" if halves else text


SWAP_HALVES = Slip(
    possible=lambda text: _swapped(text) != text, change=lambda text, dice: _swapped(text)
)
"""The halves of a double surname stand in each other's place: García López, López García."""

_APOSTROPHE = re.compile("['’]")


def _has_apostrophe(text: str) -> bool:
    return _APOSTROPHE.search(text) is not None and len(text) > 1


def _lose_apostrophe(text: str, dice: Dice) -> str:
    if not _has_apostrophe(text):
        return text
    return _APOSTROPHE.sub(dice.one(("", " ")), text).strip() or text[:1]


LOSE_APOSTROPHE = Slip(possible=_has_apostrophe, change=_lose_apostrophe)
"""The apostrophe is left out or becomes a space: O'Neil, ONeil, O Neil."""


def _has_more_than_initial(text: str) -> bool:
    return len(text) > 1 and LETTERS.match(text) is not None and text[1:] != "."


_FULL_STOP = 0.25
"""Share of initials with a full stop. Chosen; not sensitive: normalisation takes punctuation out."""


def _initial(text: str, dice: Dice) -> str:
    if not _has_more_than_initial(text):
        return text
    return text[0] + ("." if dice.chance(_FULL_STOP) else "")


TO_INITIAL = Slip(possible=_has_more_than_initial, change=_initial)
"""Only the initial is written: Mary, M (one time in four with a full stop)."""


def cut(width: int) -> Slip:
    """Return the slip of a column of `width` characters, which keeps only the start of the text."""

    def possible(text: str) -> bool:
        return len(text) > width

    def change(text: str, dice: Dice) -> str:
        return text[:width]

    return Slip(possible=possible, change=change)
