"""Slips of the hand and of the ear in one piece of text: the same text, a little wrong."""

from __future__ import annotations

from .draw import Draw

__all__ = [
    "delete_letter", "insert_letter", "neighbour_key", "spell_by_ear", "transpose_letters",
]  # fmt: skip

_KEY_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")

# What is heard -> how else it is written: anywhere in a word, and at the end of one only.
_ALIKE = (
    ("ph", "f"), ("f", "ph"), ("ck", "k"), ("ie", "ei"), ("ei", "ie"), ("ee", "ea"), ("ea", "ee"),
    ("ll", "l"), ("tt", "t"), ("nn", "n"), ("ss", "s"), ("th", "t"), ("wh", "w"), ("ca", "ka"),
    ("ka", "ca"), ("ai", "ay"), ("ay", "ai"), ("ks", "x"), ("mac", "mc"), ("mc", "mac"),
    ("ow", "ou"), ("oo", "ou"), ("cr", "kr"), ("kr", "cr"),
)  # fmt: skip
_ALIKE_AT_END = (
    ("y", "ie"), ("y", "ey"), ("ie", "y"), ("ey", "y"), ("son", "sen"), ("sen", "son"),
    ("ine", "een"), ("er", "ar"), ("s", "z"), ("l", "ll"), ("c", "k"), ("k", "ck"),
)  # fmt: skip


def insert_letter(text: str, draw: Draw) -> str:
    """Return the text with one letter doubled, or as it is where there is none."""
    places = _letters(text)
    if not places:
        return text
    at = draw.one(places)
    return text[: at + 1] + text[at].lower() + text[at + 1 :]


def delete_letter(text: str, draw: Draw) -> str:
    """Return the text without one letter; a text of fewer than four letters stays as it is."""
    places = _letters(text)
    if len(places) < 4:
        return text
    at = draw.one(places)
    rest = text[at + 1 :]
    if text[at].isupper():
        rest = rest[:1].upper() + rest[1:]
    return text[:at] + rest


def neighbour_key(text: str, draw: Draw) -> str:
    """Return the text with one letter replaced by a letter beside it on the keyboard."""
    places = [at for at in _letters(text) if any(text[at].lower() in row for row in _KEY_ROWS)]
    if not places:
        return text
    at = draw.one(places)
    row = next(row for row in _KEY_ROWS if text[at].lower() in row)
    key = row.index(text[at].lower())
    hit = draw.one(row[max(key - 1, 0) : key] + row[key + 1 : key + 2])
    return text[:at] + (hit.upper() if text[at].isupper() else hit) + text[at + 1 :]


def transpose_letters(text: str, draw: Draw) -> str:
    """Return the text with two unlike neighbouring letters in the other order."""
    places = [
        at
        for at in range(len(text) - 1)
        if text[at : at + 2].isalpha() and text[at].lower() != text[at + 1].lower()
    ]
    if not places:
        return text
    at = draw.one(places)
    first, second = text[at + 1], text[at]
    if second.isupper():
        first, second = first.upper(), second.lower()
    return text[:at] + first + second + text[at + 2 :]


def spell_by_ear(text: str, draw: Draw) -> str:
    """Return the text with one group of letters written as another that sounds alike."""
    lowered = text.lower()
    fits = [
        *((lowered.find(heard), heard, written) for heard, written in _ALIKE if heard in lowered),
        *(
            (len(lowered) - len(heard), heard, written)
            for heard, written in _ALIKE_AT_END
            if lowered.endswith(heard)
        ),
    ]
    if len(lowered) != len(text) or not fits:
        return text
    at, heard, written = draw.one(fits)
    if text[at].isupper():
        written = written.capitalize()
    return text[:at] + written + text[at + len(heard) :]


def _letters(text: str) -> list[int]:
    return [at for at, letter in enumerate(text) if letter.isalpha()]
