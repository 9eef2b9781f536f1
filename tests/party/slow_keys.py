"""The slow, obvious twins of the kernels behind blocking keys: one value or record at a time (SPEC.md, section 6.5)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence

from pprl.exchange.agreement.model import BlockingPass

__all__ = [
    "SLOW_KEY_PARTS",
    "slow_join_and_hash",
    "slow_metaphone_texts",
    "slow_pass_keys",
    "slow_soundex_texts",
    "slow_text_numbers",
]

_DIGITS = {
    letter: digit
    for digit, letters in zip("123456", ("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), strict=True)
    for letter in letters
}
_FRONT = frozenset("iey")
_VOWELS = frozenset("aeiou")
_OA = frozenset("oa")
_SINGLE = {**{letter: letter.upper() for letter in "fjlmnr"}, "q": "K", "v": "F", "z": "S"}


def slow_join_and_hash(records: Iterable[Sequence[str]], subkey: bytes) -> list[int]:
    """Return each record's ``BLAKE2b-64(subkey, parts joined by U+001F)``, 1 instead of 0; 0 where a part is empty."""
    made = []
    for parts in records:
        message = "\x1f".join(parts).encode()
        digest = hashlib.blake2b(message, key=subkey, digest_size=8).digest()
        made.append((int.from_bytes(digest, "little") or 1) if all(parts) else 0)
    return made


def slow_text_numbers(texts: Iterable[str], subkey: bytes) -> list[int]:
    """Return the number of each text."""
    return slow_join_and_hash([[text] for text in texts], subkey)


def slow_pass_keys(
    step: BlockingPass, values: Mapping[str, Sequence[str]], subkey: bytes
) -> list[int]:
    """Return the keys of all records in one pass.

    Args:
        step: the pass.
        values: field name -> the normal form of each record.
        subkey: 32 bytes.
    """
    parts = [[SLOW_KEY_PARTS[part](value) for value in values[name]] for part, name in step.parts()]
    return slow_join_and_hash(zip(*parts, strict=True), subkey)


def slow_soundex_texts(values: Iterable[str]) -> list[str]:
    """Return the Soundex code of the letters of each value."""
    return [_soundex(_letters(value)) for value in values]


def slow_metaphone_texts(values: Iterable[str]) -> list[str]:
    """Return the Metaphone code of the letters of each value."""
    return [_metaphone(_letters(value)) for value in values]


def _letters(value: str) -> str:
    return "".join([ch for ch in value if "a" <= ch <= "z"])


def _part(start: int, stop: int) -> Callable[[str], str]:
    return lambda value: value[start:stop] if value[start:stop].strip("0") else ""


SLOW_KEY_PARTS: Mapping[str, Callable[[str], str]] = {
    "soundex": lambda value: _soundex(_letters(value)),
    "metaphone": lambda value: _metaphone(_letters(value)),
    "initial": lambda value: value[:1],
    "value": lambda value: value,
    "year": _part(0, 4),
    "month": _part(5, 7),
    "day": _part(8, 10),
}
"""Function name in the agreement -> normal form to part."""


def _soundex(word: str) -> str:
    if not word:
        return ""
    code, before = word[0].upper(), _DIGITS.get(word[0])
    for letter in word[1:]:
        if letter in "hw":
            continue
        digit = _DIGITS.get(letter)
        if digit and digit != before:
            code += digit
        before = digit
    return f"{code:0<4}"[:4]


def _metaphone(word: str) -> str:
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
