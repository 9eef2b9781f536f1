"""The rules of :mod:`pprl.party.reading.normalise` for a whole column at a time, on bytes.

``normaliser`` is the definition, one value at a time. This does the same without a Python object for each value, and
property tests hold the two equal. Values without a kernel (a sex, an e-mail address beyond ASCII) go through the
definition. Dates are in :mod:`pprl.party.reading.date_column`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pprl.base.arrays import Bytes, Int32s, Int64s
from pprl.base.compiled import kernel
from pprl.party.reading.folding import folding_table
from pprl.party.reading.normalise import (
    ADDRESS_WORDS,
    FULL_NAME_PARTICLES,
    PHONE_DIGITS,
    SURNAME_PARTICLES,
    TITLES,
    UNREADABLE,
    normaliser,
)
from pprl.tables.texts import Texts

__all__ = ["normalise_texts"]

_POINTS = 1 << 16
"""Code points that the folding table covers: it ends in the basic plane."""
_SLOTS = 256
"""Slots of the hash table for the words of an address. Chosen; not sensitive: there are a few dozen such words."""
_SLOT_PRIME = 251
"""A word's first slot is its code modulo the largest prime below the number of slots."""
_SPACE = 0x20
_LONGEST_WORD = 12
"""Letters that fit the code of a word: five bits each in 63."""

_FOLD, _COMPACT, _NAME, _ADDRESS, _PHONE, _EMAIL = range(6)
_MODES = {
    "given-name": _NAME,
    "surname": _NAME,
    "full-name": _NAME,
    "address": _ADDRESS,
    "locality": _FOLD,
    "postcode": _COMPACT,
    "phone": _PHONE,
    "email": _EMAIL,
    "identifier": _COMPACT,
    "code": _FOLD,
}


class _Replacements(NamedTuple):
    """What replaces code point or word ``i``: ``data[starts[i]:starts[i] + lengths[i]]``; length -1: nothing does."""

    data: Bytes
    starts: Int32s
    lengths: npt.NDArray[np.int8]


class _WordRules(NamedTuple):
    """The words that the rule of a field type knows, as codes of :func:`_word_code`."""

    titles: Int64s
    particles: Int64s
    slots: Int64s
    becomes: _Replacements


@cache
def _folding() -> _Replacements:
    starts = np.zeros(_POINTS, np.int32)
    lengths = np.full(_POINTS, -1, np.int8)
    pool = bytearray()
    for point, replacement in folding_table().items():
        starts[point], lengths[point] = len(pool), len(replacement)
        pool += replacement.encode("ascii")
    return _Replacements(np.frombuffer(bytes(pool), np.uint8), starts, lengths)


def _word_code(word: str) -> int:
    code = 0
    for letter in word:
        code = code << 5 | (ord(letter) - 96)
    return code


def _codes(words: Iterable[str]) -> Int64s:
    return np.array([_word_code(word) for word in words], np.int64)


@cache
def _word_rules(kind: str) -> _WordRules:
    slots = np.full(_SLOTS, -1, np.int64)
    starts, lengths = np.zeros(_SLOTS, np.int32), np.full(_SLOTS, -1, np.int8)
    pool = bytearray()
    for word, becomes in ADDRESS_WORDS.items() if kind == "address" else ():
        code = _word_code(word)
        slot = code % _SLOT_PRIME
        while slots[slot] >= 0:
            slot = (slot + 1) % _SLOTS
        slots[slot], starts[slot], lengths[slot] = code, len(pool), len(becomes)
        pool += becomes.encode("ascii")
    particles = {"surname": SURNAME_PARTICLES, "full-name": FULL_NAME_PARTICLES}.get(kind, ())
    return _WordRules(
        titles=_codes(sorted(TITLES) if kind in ("given-name", "full-name") else ()),
        particles=_codes(particles),
        slots=slots,
        becomes=_Replacements(np.frombuffer(bytes(pool) or b"\0", np.uint8), starts, lengths),
    )


def normalise_texts(values: Texts, kind: str) -> Texts:
    """Return the normal forms of a column's values, in order.

    Twin: :func:`pprl.party.reading.normalise.normaliser`.

    Args:
        values: exactly as in the file.
        kind: a field type, not ``date``.

    Returns:
        One normal form for each value: ``""`` for a missing one, :data:`UNREADABLE` for one that its rule can't read.
    """
    rule = normaliser(kind)
    if kind not in _MODES:
        return Texts.of([rule(value) for value in values])
    size = int(values.offsets[-1] - values.offsets[0])
    longest = int(values.lengths().max(initial=0))
    # Folding makes at most two bytes of one, and an address word becomes at most twice as long. ASCII gets no longer by
    # folding. A telephone number that can't be read becomes a mark, however long it is.
    room = size if values.is_ascii() and kind != "address" else 4 * size
    marks = len(UNREADABLE) * len(values) if kind == "phone" else 0
    made = np.empty(room + marks + 1, np.uint8)
    offsets = np.zeros(len(values) + 1, np.int64)
    odd = np.zeros(len(values), np.bool_)
    mark = np.frombuffer(UNREADABLE.encode(), np.uint8)
    scratch = np.empty(2 * longest + 1, np.uint8)
    _normalise(
        values.data,
        values.offsets,
        _MODES[kind],
        _folding(),
        _word_rules(kind),
        mark,
        scratch,
        made,
        offsets,
        odd,
    )
    texts = Texts(made[: offsets[-1]], offsets)
    return (
        texts.replaced(odd, [rule(value) for value in values.picked(odd)]) if odd.any() else texts
    )


@kernel
def _normalise(
    data: Any,
    offsets: Any,
    mode: Any,
    folding: Any,
    words: Any,
    mark: Any,
    scratch: Any,
    made: Any,
    made_offsets: Any,
    odd: Any,
) -> None:
    at = 0
    for value in range(len(offsets) - 1):
        start, stop = offsets[value], offsets[value + 1]
        if mode == _FOLD:
            at += _fold(data, start, stop, folding, True, made, at)
        elif mode == _COMPACT:
            at += _fold(data, start, stop, folding, False, made, at)
        elif mode == _EMAIL:
            middle = _last_at(data, start, stop)
            if middle == -2:
                odd[value] = True
            elif middle == -1:
                at += _fold(data, start, stop, folding, True, made, at)
            else:
                left = _fold(data, start, middle, folding, False, made, at)
                gap = 1 if left else 0
                right = _fold(data, middle + 1, stop, folding, False, made, at + left + gap)
                if gap and right:
                    made[at + left] = _SPACE
                at += left + right + (gap if right else 0)
        else:
            length = _fold(data, start, stop, folding, True, scratch, 0)
            if mode == _NAME:
                at += _name(scratch, length, words, made, at)
            elif mode == _ADDRESS:
                at += _address(scratch, length, words, made, at)
            else:
                at += _phone(scratch, length, mark, made, at)
        made_offsets[value + 1] = at


@kernel
def _fold(data: Any, start: Any, stop: Any, folding: Any, spaces: Any, made: Any, base: Any) -> Any:
    """Write the folded ``data[start:stop]`` to ``made[base:]``, with or without spaces; return the number of bytes."""
    pool, starts, lengths = folding
    at = base
    gap = False
    place = start
    while place < stop:
        byte = data[place]
        if byte < 0x80:
            point = np.int64(byte)
            width = 1
        elif byte < 0xE0:
            point = (np.int64(byte) & 0x1F) << 6 | (np.int64(data[place + 1]) & 0x3F)
            width = 2
            # A decomposed Cyrillic short i is composed first (SPEC.md, section 4).
            if (
                (point == 0x438 or point == 0x418)
                and place + 4 <= stop
                and data[place + 2] == 0xCC
                and data[place + 3] == 0x86
            ):
                point += 1
                width = 4
        elif byte < 0xF0:
            point = (
                (np.int64(byte) & 0x0F) << 12
                | (np.int64(data[place + 1]) & 0x3F) << 6
                | (np.int64(data[place + 2]) & 0x3F)
            )
            width = 3
        else:
            point = np.int64(_POINTS)
            width = 4
        length = np.int64(lengths[point]) if point < _POINTS else np.int64(-1)
        if length < 0:  # stays as it is
            if point == _SPACE:
                gap = spaces and at > base
            else:
                if gap:
                    made[at] = _SPACE
                    at += 1
                    gap = False
                for offset in range(width):
                    made[at] = data[place + offset]
                    at += 1
        else:
            for offset in range(length):
                letter = pool[starts[point] + offset]
                if letter == _SPACE:
                    gap = spaces and at > base
                else:
                    if gap:
                        made[at] = _SPACE
                        at += 1
                        gap = False
                    made[at] = letter
                    at += 1
        place += width
    return at - base


@kernel
def _code_of(text: Any, start: Any, stop: Any) -> Any:
    """Return the code of the word ``text[start:stop]``; -1 if it is too long or has anything but ``a-z``."""
    if stop - start > _LONGEST_WORD:
        return np.int64(-1)
    code = np.int64(0)
    for place in range(start, stop):
        letter = text[place]
        if letter < 97 or letter > 122:
            return np.int64(-1)
        code = code << 5 | np.int64(letter - 96)
    return code


@kernel
def _word_end(text: Any, start: Any, length: Any) -> Any:
    while start < length and text[start] != _SPACE:
        start += 1
    return start


@kernel
def _one_of(code: Any, codes: Any) -> Any:
    for other in codes:
        if other == code:
            return code >= 0
    return False


@kernel
def _name(text: Any, length: Any, words: Any, made: Any, base: Any) -> Any:
    """Drop titles, then join particles; return how many bytes were written."""
    start = 0
    stop = _word_end(text, 0, length)
    while stop < length and _one_of(_code_of(text, start, stop), words.titles):
        start = stop + 1
        stop = _word_end(text, start, length)
    at = base
    glued = False  # whether the word before is a particle that this one is joined to
    while start < length:
        stop = _word_end(text, start, length)
        for place in range(start, stop):
            made[at] = text[place]
            at += 1
        glued = not glued and _one_of(_code_of(text, start, stop), words.particles)
        if not glued and stop < length:
            made[at] = _SPACE
            at += 1
        start = stop + 1
    return at - base


@kernel
def _address(text: Any, length: Any, words: Any, made: Any, base: Any) -> Any:
    pool, starts, lengths = words.becomes
    at = base
    start = 0
    while start < length:
        stop = _word_end(text, start, length)
        if start:
            made[at] = _SPACE
            at += 1
        code = _code_of(text, start, stop)
        slot = code % _SLOT_PRIME
        while code >= 0 and words.slots[slot] >= 0 and words.slots[slot] != code:
            slot = (slot + 1) % _SLOTS
        if code >= 0 and words.slots[slot] == code:
            for offset in range(lengths[slot]):
                made[at] = pool[starts[slot] + offset]
                at += 1
        else:
            for place in range(start, stop):
                made[at] = text[place]
                at += 1
        start = stop + 1
    return at - base


@kernel
def _phone(text: Any, length: Any, mark: Any, made: Any, base: Any) -> Any:
    """Write the last digits, or the mark of a value that can't be read."""
    digits = 0
    place = length
    while place > 0 and digits < PHONE_DIGITS:
        place -= 1
        digits += 48 <= text[place] <= 57
    if digits == 0:
        if length:
            made[base : base + len(mark)] = mark
            return len(mark)
        return 0
    at = base
    for digit in text[place:length]:
        if 48 <= digit <= 57:
            made[at] = digit
            at += 1
    return at - base


@kernel
def _last_at(data: Any, start: Any, stop: Any) -> Any:
    """Return the place of the last ``@``; -1 if there is none, -2 if the text is not all ASCII."""
    found = -1
    for place in range(start, stop):
        if data[place] >= 0x80:
            return -2
        if data[place] == 64:
            found = place
    return found
