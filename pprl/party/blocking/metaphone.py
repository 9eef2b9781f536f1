"""Metaphone, frozen: one sound code for one word on every machine (SPEC.md, section 6.5).

Philips, "Hanging on the Metaphone" (Computer Language, 1990), with the rules of ``jellyfish`` 1.3.0 written out. The
library itself is not called for it: its answers differ from release to release and between its compiled
and its pure Python build, and two parties' blocking keys must be equal.
"""

from __future__ import annotations

__all__ = ["metaphone"]

_FRONT = frozenset("iey")
_VOWELS = frozenset("aeiou")
_OA = frozenset("oa")
_SINGLE = {**{letter: letter.upper() for letter in "fjlmnr"}, "q": "K", "v": "F", "z": "S"}


def metaphone(word: str) -> str:
    """Return the Metaphone code of a word of the letters ``a-z``; may be empty.

    >>> metaphone("thompson"), metaphone("knight"), metaphone("wright")
    ('0MPSN', 'NT', 'RT')
    """
    if word.startswith(("kn", "gn", "pn", "wr", "ae")):
        word = word[1:]
    made: list[str] = []
    at = 0
    while at < len(word):
        letter, rest = word[at], word[at + 1 : at + 3]
        if rest[:1] == letter != "c":  # of a doubled letter only the last sounds
            at += 1
            continue
        code, used = _sound(word[at - 1 : at], letter, rest[:1], rest[1:])
        made.append(code)
        at += used
    return "".join(made)


def _sound(before: str, letter: str, after: str, second: str) -> tuple[str, int]:
    """Return (code of the letter at this place, letters used up); neighbours are ``""`` where the word ends."""
    if letter in _SINGLE:
        return _SINGLE[letter], 1
    if letter in _VOWELS:
        return ("" if before else letter.upper()), 1
    return _RULES[letter](before, after, second)


def _b(before: str, after: str, second: str) -> tuple[str, int]:
    return ("" if before == "m" and not after else "B"), 1


def _c(before: str, after: str, second: str) -> tuple[str, int]:
    if after == "h" or (after == "i" and second == "a"):
        return "X", 2
    return ("S", 2) if after in _FRONT else ("K", 1)


def _d(before: str, after: str, second: str) -> tuple[str, int]:
    return ("J", 3) if after == "g" and second in _FRONT else ("T", 1)


def _g(before: str, after: str, second: str) -> tuple[str, int]:
    if after in _FRONT:
        return "J", 1
    if (after == "h" and second not in _VOWELS) or (after == "n" and not second):
        return "", 2
    return "K", 1


def _h(before: str, after: str, second: str) -> tuple[str, int]:
    return ("H" if after in _VOWELS or before not in _VOWELS else ""), 1


def _k(before: str, after: str, second: str) -> tuple[str, int]:
    return ("" if before == "c" else "K"), 1


def _p(before: str, after: str, second: str) -> tuple[str, int]:
    return ("F", 2) if after == "h" else ("P", 1)


def _s(before: str, after: str, second: str) -> tuple[str, int]:
    if after == "h":
        return "X", 2
    return ("X", 3) if after == "i" and second in _OA else ("S", 1)


def _t(before: str, after: str, second: str) -> tuple[str, int]:
    if after == "i" and second in _OA:
        return "X", 1
    if after == "h":
        return "0", 2
    return ("" if after == "c" and second == "h" else "T"), 1


def _w(before: str, after: str, second: str) -> tuple[str, int]:
    if not before and after == "h":
        return "W", 2
    return ("W" if after in _VOWELS else ""), 1


def _x(before: str, after: str, second: str) -> tuple[str, int]:
    if before:
        return "KS", 1
    return ("X" if after == "h" or (after == "i" and second in _OA) else "S"), 1


def _y(before: str, after: str, second: str) -> tuple[str, int]:
    return ("Y" if after in _VOWELS else ""), 1


_RULES = {
    "b": _b, "c": _c, "d": _d, "g": _g, "h": _h, "k": _k, "p": _p, "s": _s, "t": _t, "w": _w, "x": _x, "y": _y,
}  # fmt: skip
