"""Soundex and Metaphone of whole columns, frozen: the only place for their rules (SPEC.md, section 6.5).

Soundex is the code of the patents of Russell and Odell (1918, 1922); Metaphone is Philips, "Hanging on the Metaphone"
(Computer Language, 1990), with the rules of jellyfish 1.3.0. Characters other than ``a-z`` have no sound in either.

jellyfish itself is not called. Its answers differ between releases, and between its compiled and its pure Python build,
while the blocking keys of two parties must be equal whatever each of them has installed. These kernels also work on
bytes, without the GIL and without a Python object for each value: five times as fast for Metaphone, twelve times for
Soundex (``benchmarks/columns.py``).

Tests hold the kernels equal to the vectors in ``blocking.json``, to the second implementation that follows SPEC.md,
and to the slow twins.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pprl.base.compiled import kernel
from pprl.tables.texts import Texts

__all__ = ["metaphone_texts", "soundex_texts"]

#                     a b c d e f g h i j k l m n o p q r s t u v w x y z
_DIGITS = np.array([int(digit) for digit in "01230120022455012623010202"], np.int64)
_A, _B, _C, _D, _E, _F, _G, _H, _I, _J, _K, _L, _M = range(97, 110)
_N, _O, _P, _Q, _R, _S, _T, _U, _V, _W, _X, _Y, _Z = range(110, 123)
_ZERO = ord("0")
_UPPER = 32  # from a lower-case letter to its upper case
_NONE = 0  # no letter there, or no code


def soundex_texts(values: Texts) -> Texts:
    """Return the Soundex code of the letters of each value; ``""`` where there is none.

    Twin: :func:`slow_soundex_texts`.
    """
    made = np.empty(4 * len(values), np.uint8)
    offsets = np.zeros(len(values) + 1, np.int64)
    _soundex(values.data, values.offsets, made, offsets)
    return Texts(made[: offsets[-1]], offsets)


def metaphone_texts(values: Texts) -> Texts:
    """Return the Metaphone code of the letters of each value; may be ``""``.

    Twin: :func:`slow_metaphone_texts`.
    """
    size = int(values.offsets[-1] - values.offsets[0])
    made = np.empty(2 * size + 1, np.uint8)
    offsets = np.zeros(len(values) + 1, np.int64)
    word = np.empty(int(values.lengths().max(initial=0)) + 1, np.uint8)
    _metaphone(values.data, values.offsets, word, made, offsets)
    return Texts(made[: offsets[-1]], offsets)


@kernel
def _soundex(data: Any, offsets: Any, made: Any, made_offsets: Any) -> None:
    at = 0
    for value in range(len(offsets) - 1):
        count = 0
        before = 0
        for place in range(offsets[value], offsets[value + 1]):
            letter = np.int64(data[place])
            if letter < _A or letter > _Z:
                continue
            digit = _DIGITS[letter - _A]
            if count == 0:
                made[at] = letter - _UPPER
                count = 1
                before = digit
            elif letter != _H and letter != _W:
                if digit and digit != before:
                    made[at + count] = _ZERO + digit
                    count += 1
                    if count == 4:
                        break
                before = digit
        if count:
            made[at + count : at + 4] = _ZERO
            at += 4
        made_offsets[value + 1] = at


@kernel
def _vowel(letter: Any) -> Any:
    return letter in (_A, _E, _I, _O, _U)


@kernel
def _front(letter: Any) -> Any:
    return letter in (_I, _E, _Y)


@kernel
def _metaphone(data: Any, offsets: Any, word: Any, made: Any, made_offsets: Any) -> None:
    end = 0
    for value in range(len(offsets) - 1):
        length = 0
        for place in range(offsets[value], offsets[value + 1]):
            if _A <= data[place] <= _Z:
                word[length] = data[place]
                length += 1
        first = 0
        if length > 1:
            one, two = word[0], word[1]
            if (
                ((one in (_K, _G, _P)) and two == _N)
                or (one == _W and two == _R)
                or (one == _A and two == _E)
            ):
                first = 1
        at = first
        while at < length:
            letter = np.int64(word[at])
            after = np.int64(word[at + 1]) if at + 1 < length else _NONE
            second = np.int64(word[at + 2]) if at + 2 < length else _NONE
            before = np.int64(word[at - 1]) if at > first else _NONE
            if after == letter and letter != _C:  # of a doubled letter only the last sounds
                at += 1
                continue
            sound, used = _sound(before, letter, after, second)
            if sound == _K - _UPPER and letter == _X:
                made[end] = sound
                made[end + 1] = _S - _UPPER
                end += 2
            elif sound != _NONE:
                made[end] = sound
                end += 1
            at += used
        made_offsets[value + 1] = end


@kernel
def _sound(before: Any, letter: Any, after: Any, second: Any) -> Any:
    """Return (code of the letter, letters used up), row by row as in SPEC.md; K for an ``x`` stands for K and S."""
    sound, used = letter - _UPPER, 1
    if _vowel(letter):
        if before != _NONE:
            sound = _NONE
    elif letter == _B:
        if before == _M and after == _NONE:
            sound = _NONE
    elif letter == _C:
        if after == _H or (after == _I and second == _A):
            sound, used = _X - _UPPER, 2
        elif _front(after):
            sound, used = _S - _UPPER, 2
        else:
            sound = _K - _UPPER
    elif letter == _D:
        if after == _G and _front(second):
            sound, used = _J - _UPPER, 3
        else:
            sound = _T - _UPPER
    elif letter == _G:
        if _front(after):
            sound = _J - _UPPER
        elif (after == _H and not _vowel(second)) or (after == _N and second == _NONE):
            sound, used = _NONE, 2
        else:
            sound = _K - _UPPER
    elif letter == _H:
        if not (_vowel(after) or not _vowel(before)):
            sound = _NONE
    elif letter == _K:
        if before == _C:
            sound = _NONE
    elif letter == _P:
        if after == _H:
            sound, used = _F - _UPPER, 2
    elif letter == _Q:
        sound = _K - _UPPER
    elif letter == _S:
        if after == _H:
            sound, used = _X - _UPPER, 2
        elif after == _I and (second in (_O, _A)):
            sound, used = _X - _UPPER, 3
    elif letter == _T:
        if after == _I and (second in (_O, _A)):
            sound = _X - _UPPER
        elif after == _H:
            sound, used = _ZERO, 2
        elif after == _C and second == _H:
            sound = _NONE
    elif letter == _V:
        sound = _F - _UPPER
    elif letter == _W:
        if before == _NONE and after == _H:
            used = 2
        elif not _vowel(after):
            sound = _NONE
    elif letter == _X:
        if before != _NONE:
            sound = _K - _UPPER
        elif not (after == _H or (after == _I and (second in (_O, _A)))):
            sound = _S - _UPPER
    elif letter == _Y:
        if not _vowel(after):
            sound = _NONE
    elif letter == _Z:
        sound = _S - _UPPER
    return sound, used
