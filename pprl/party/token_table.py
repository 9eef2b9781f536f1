"""From normal forms to tokens, a whole column at a time.

The same as :func:`pprl.party.tokens.tokens_of` for every value, on code points in numba: q-grams become whole
numbers, and only the distinct ones (few) become text again. Property tests hold the two equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from pprl.exchange.agreement import AgreementField
from pprl.exchange.field_types import FIELD_TYPES
from pprl.party.tokens import PAD, POSITION_LIMIT, date_tokens

__all__ = ["TokenTable", "tokenise"]

_DENSE = 1 << 22
"""Up to this many possible q-grams a table finds the distinct ones; beyond, sorting does."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenTable:
    """The tokens of a column's values, rows compressed.

    Attributes:
        vocabulary: the distinct tokens.
        ids: ``int64[total]``; indices into ``vocabulary``.
        offsets: ``int64[n + 1]``; the tokens of value ``i`` are ``ids[offsets[i]:offsets[i + 1]]``, each once.
    """

    vocabulary: list[str] = field(repr=False)
    ids: Ints
    offsets: Ints

    def __len__(self) -> int:
        return len(self.offsets) - 1


def tokenise(values: Sequence[str], field: AgreementField) -> TokenTable:
    """Return the tokens of normal forms, value by value.

    Args:
        values: normal forms; ``""`` has no tokens.
        field: gives the type and ``q``.
    """
    how = FIELD_TYPES[field.type].tokens
    if how == "exact":
        return _from_lists([[value] if value else [] for value in values])
    if how == "date":
        return _from_lists([date_tokens(value) if value else [] for value in values])
    return _grams(values, field.q, positional=how == "positional")


def _from_lists(lists: list[list[str]]) -> TokenTable:
    vocabulary: dict[str, int] = {}
    ids = [vocabulary.setdefault(token, len(vocabulary)) for tokens in lists for token in tokens]
    offsets = np.zeros(len(lists) + 1, np.int64)
    np.cumsum([len(tokens) for tokens in lists], out=offsets[1:])
    return TokenTable(vocabulary=list(vocabulary), ids=np.array(ids, np.int64), offsets=offsets)


def _grams(values: Sequence[str], q: int, *, positional: bool) -> TokenTable:
    text = np.frombuffer("\n".join(values).encode("utf-32-le") + b"\n\0\0\0", np.uint32)
    alphabet, letters = _alphabet(text)
    size = len(alphabet)
    space, end = letters[ord(" ")], letters[ord("\n")]
    codes = np.empty(len(text) * 2 + len(values) * q + q, np.int64)
    offsets = np.zeros(len(values) + 1, np.int64)
    limit = POSITION_LIMIT if positional else -1
    _emit(text, letters, size, space, end, q, limit, codes, offsets)
    codes = codes[: offsets[-1]]
    bound = size**q * (POSITION_LIMIT + 1 if positional else 1)
    distinct, ids = _distinct(codes, bound)
    kept = np.empty(len(ids), np.int64)
    kept_offsets = np.zeros_like(offsets)
    _drop_repeats(ids, offsets, np.full(len(distinct), -1, np.int64), kept, kept_offsets)
    vocabulary = [_spell(int(code), alphabet, size, q, positional) for code in distinct]
    return TokenTable(
        vocabulary=vocabulary, ids=kept[: kept_offsets[-1]].copy(), offsets=kept_offsets
    )


def _alphabet(text: npt.NDArray[np.uint32]) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Number the characters that occur, the pad first: (number -> character, code point -> number)."""
    present = np.zeros(max(int(text.max(initial=0)), 128) + 1, bool)
    present[text] = True
    present[[ord(" "), ord("\n"), ord(PAD)]] = True
    points = np.flatnonzero(present)
    points = np.concatenate([[ord(PAD)], points[points != ord(PAD)]])
    letters = np.zeros(len(present), np.int64)
    letters[points] = np.arange(len(points))
    return [chr(point) for point in points], letters


@numba.njit(cache=True, nogil=True)
def _emit(
    text: Any,
    letters: Any,
    size: Any,
    space: Any,
    end: Any,
    q: Any,
    limit: Any,
    codes: Any,
    offsets: Any,
) -> None:
    """Write each value's q-grams as numbers; ``limit`` < 0 means words, otherwise places up to ``limit``."""
    high = size ** (q - 1)
    made = 0
    value = 0
    gram = 0  # the last q letters as a number; 0 is all padding
    length = 0  # letters of the word so far
    place = 0
    for at in range(len(text)):
        letter = letters[text[at]]
        if letter == end or (letter == space and limit < 0):
            if length > 0:
                for _ in range(q - 1):
                    gram = (gram % high) * size
                    codes[made] = gram if limit < 0 else min(place, limit) * size**q + gram
                    made += 1
                    place += 1
            gram = 0
            length = 0
            place = 0
            if letter == end:
                value += 1
                offsets[value] = made
            continue
        gram = (gram % high) * size + letter
        length += 1
        codes[made] = gram if limit < 0 else min(place, limit) * size**q + gram
        made += 1
        place += 1


def _distinct(codes: Ints, bound: int) -> tuple[Ints, Ints]:
    if bound > _DENSE:
        distinct, ids = np.unique(codes, return_inverse=True)
        return distinct, ids.astype(np.int64, copy=False)
    present = np.zeros(bound, bool)
    present[codes] = True
    distinct = np.flatnonzero(present)
    number = np.zeros(bound, np.int64)
    number[distinct] = np.arange(len(distinct))
    return distinct, number[codes]


@numba.njit(cache=True, nogil=True)
def _drop_repeats(ids: Any, offsets: Any, seen_in: Any, kept: Any, kept_offsets: Any) -> None:
    made = 0
    for value in range(len(offsets) - 1):
        for at in range(offsets[value], offsets[value + 1]):
            token = ids[at]
            if seen_in[token] != value:
                seen_in[token] = value
                kept[made] = token
                made += 1
        kept_offsets[value + 1] = made


def _spell(code: int, alphabet: list[str], size: int, q: int, positional: bool) -> str:
    letters = []
    for _ in range(q):
        code, letter = divmod(code, size)
        letters.append(alphabet[letter])
    gram = "".join(reversed(letters))
    return f"{code}:{gram}" if positional else gram
