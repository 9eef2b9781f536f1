"""From normal forms to tokens, a whole column at a time.

Works on bytes or code points in numba: q-grams and parts of dates become whole numbers, and only the distinct ones,
which are few, become text again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pprl.base.arrays import Int64s
from pprl.base.compiled import kernel
from pprl.exchange.agreement.field_types import FIELD_TYPES
from pprl.exchange.agreement.model import AgreementField
from pprl.party.encoding.tokens import DATE_TOKENS, PAD, POSITION_LIMIT
from pprl.tables.texts import Texts

__all__ = ["TokenTable", "tokenise"]

_DENSE = 1 << 22
"""Up to this many possible q-grams, a table (36 MiB) finds the distinct ones; beyond that, sorting does.

Enough for 40 characters, ``q = 3`` and 64 places: 4.1 million. Chosen; not sensitive.
"""

_DATE_KIND = 10_000
"""Room for the number in a date token: years have four digits."""
_DATE_CODES = 6 * _DATE_KIND


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenTable:
    """The tokens of a column's values, in compressed rows.

    Attributes:
        vocabulary: the distinct tokens.
        ids: ``int64[total]``; indices into ``vocabulary``.
        offsets: ``int64[n + 1]``; the tokens of value ``i`` are ``ids[offsets[i]:offsets[i + 1]]``, each once.
    """

    vocabulary: list[str] = field(repr=False)
    ids: Int64s
    offsets: Int64s

    def __len__(self) -> int:
        return len(self.offsets) - 1


def tokenise(values: Sequence[str], field: AgreementField) -> TokenTable:
    """Return the tokens of normal forms, value by value.

    Twin: :func:`pprl.party.encoding.tokens.tokens_of`.

    Args:
        values: normal forms; ``""`` has no tokens. :class:`Texts` are read without making ``str`` of them.
        field: gives the type and ``q``.
    """
    how = FIELD_TYPES[field.type].tokens
    texts = Texts.of(values)
    if how == "exact":
        return _whole(texts)
    if how == "date":
        return _dates(texts)
    return _grams(texts, field.q, positional=how == "positional")


def _whole(values: Texts) -> TokenTable:
    present = values.lengths() > 0
    offsets = np.zeros(len(values) + 1, np.int64)
    np.cumsum(present, out=offsets[1:])
    return TokenTable(
        vocabulary=values.picked(present), ids=np.arange(offsets[-1]), offsets=offsets
    )


def _dates(values: Texts) -> TokenTable:
    codes = np.empty(len(values) * DATE_TOKENS, np.int64)
    offsets = np.zeros(len(values) + 1, np.int64)
    _emit_date(values.data, values.offsets, codes, offsets)
    distinct, ids = _distinct(codes[: offsets[-1]], _DATE_CODES)
    vocabulary = [_date_token(int(code)) for code in distinct]
    return TokenTable(vocabulary=vocabulary, ids=ids, offsets=offsets)


def _date_token(code: int) -> str:
    kind, number = divmod(code, _DATE_KIND)
    return f"{'YtuMDx'[kind]}{number:0{(4, 1, 1, 2, 2, 2)[kind]}}"


@kernel
def _emit_date(data: Any, starts: Any, codes: Any, offsets: Any) -> None:
    """Write the tokens of dates ``YYYY-MM-DD`` as ``kind * _DATE_KIND + number``, kinds in the order ``YtuMDx``."""
    made = 0
    for value in range(len(starts) - 1):
        at = starts[value]
        if starts[value + 1] > at:
            year = np.int64(0)
            for place in range(4):
                year = year * 10 + (np.int64(data[at + place]) - 48)
            month = (np.int64(data[at + 5]) - 48) * 10 + (np.int64(data[at + 6]) - 48)
            day = (np.int64(data[at + 8]) - 48) * 10 + (np.int64(data[at + 9]) - 48)
            if year:
                codes[made] = year
                codes[made + 1] = _DATE_KIND + year // 10 % 10
                codes[made + 2] = 2 * _DATE_KIND + year % 10
                made += 3
            if month:
                codes[made] = 3 * _DATE_KIND + month
                codes[made + 1] = 5 * _DATE_KIND + month
                made += 2
            if day:
                codes[made] = 4 * _DATE_KIND + day
                made += 1
                if day != month:
                    codes[made] = 5 * _DATE_KIND + day
                    made += 1
        offsets[value + 1] = made


def _grams(values: Texts, q: int, *, positional: bool) -> TokenTable:
    text, starts = (values.data, values.offsets) if values.is_ascii() else _code_points(values)
    alphabet, letters = _alphabet(text[starts[0] : starts[-1]])
    size = len(alphabet)
    codes = np.empty(2 * int(starts[-1] - starts[0]) + len(values) * q + q, np.int64)
    offsets = np.zeros(len(values) + 1, np.int64)
    limit = POSITION_LIMIT if positional else -1
    _emit(text, starts, letters, size, letters[ord(" ")], q, limit, codes, offsets)
    codes = codes[: offsets[-1]]
    bound = size**q * (POSITION_LIMIT + 1 if positional else 1)
    distinct, ids = _distinct(codes, bound)
    kept = np.empty(len(ids), np.int64)
    kept_offsets = np.zeros_like(offsets)
    _drop_repeats(ids, offsets, np.full(len(distinct), -1, np.int64), kept, kept_offsets)
    vocabulary = [_spell(int(code), alphabet, size, q, positional) for code in distinct]
    return TokenTable(vocabulary=vocabulary, ids=kept[: kept_offsets[-1]], offsets=kept_offsets)


def _code_points(values: Texts) -> tuple[npt.NDArray[np.uint32], Int64s]:
    """Return the texts' code points, one after the other, and where each text begins."""
    first, last = int(values.offsets[0]), int(values.offsets[-1])
    data = values.data[first:last]
    begins = np.zeros(len(data) + 1, np.int64)
    np.cumsum((data & 0xC0) != 0x80, out=begins[1:])
    points = np.frombuffer(data.tobytes().decode().encode("utf-32-le"), np.uint32)
    return points, begins[values.offsets - first]


def _alphabet(text: npt.NDArray[Any]) -> tuple[list[str], Int64s]:
    """Number the characters that occur, the pad first: (number -> character, code point -> number)."""
    present = np.zeros(max(int(text.max(initial=0)), 128) + 1, bool)
    present[text] = True
    present[[ord(" "), ord(PAD)]] = True
    points = np.flatnonzero(present)
    points = np.concatenate([[ord(PAD)], points[points != ord(PAD)]])
    letters = np.zeros(len(present), np.int64)
    letters[points] = np.arange(len(points))
    return [chr(point) for point in points], letters


@kernel
def _emit(
    text: Any,
    starts: Any,
    letters: Any,
    size: Any,
    space: Any,
    q: Any,
    limit: Any,
    codes: Any,
    offsets: Any,
) -> None:
    """Write each value's q-grams as numbers: of its words if ``limit`` < 0, otherwise with places up to ``limit``."""
    high = size ** (q - 1)
    whole = high * size
    made = 0
    for value in range(len(starts) - 1):
        gram = 0  # the last q letters as a number; 0 is all padding
        length = 0  # letters of the word so far
        place = 0
        for at in range(starts[value], starts[value + 1] + 1):
            end = at == starts[value + 1]
            letter = space if end else letters[text[at]]
            if end or (letter == space and limit < 0):
                if length > 0:
                    for _ in range(q - 1):
                        gram = (gram % high) * size
                        codes[made] = gram if limit < 0 else min(place, limit) * whole + gram
                        made += 1
                        place += 1
                gram = 0
                length = 0
                place = 0
                continue
            gram = (gram % high) * size + letter
            length += 1
            codes[made] = gram if limit < 0 else min(place, limit) * whole + gram
            made += 1
            place += 1
        offsets[value + 1] = made


def _distinct(codes: Int64s, bound: int) -> tuple[Int64s, Int64s]:
    if bound > _DENSE:
        distinct, ids = np.unique(codes, return_inverse=True)
        return distinct, ids.astype(np.int64, copy=False)
    present = np.zeros(bound, bool)
    present[codes] = True
    distinct = np.flatnonzero(present)
    number = np.zeros(bound, np.int64)
    number[distinct] = np.arange(len(distinct))
    return distinct, number[codes]


@kernel
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
