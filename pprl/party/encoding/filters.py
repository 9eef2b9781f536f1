"""From tokens to Bloom filters: keyed random hashing (SPEC.md, section 6).

A token's positions are drawn one after another from a keyed stream, so that the first ``k`` of them are a prefix of the
first ``k + 1``. Random hashing draws each position independently; double hashing would not, and a cryptanalyst can
exploit its few patterns (Niedermeyer, Steinmetzer, Kroll, Schnell 2014).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from bitarray import bitarray

from pprl.base.arrays import Bytes, Int64s
from pprl.base.compiled import kernel
from pprl.base.threads import in_threads
from pprl.exchange.agreement.model import AgreementField
from pprl.party.encoding.positions import FieldPositions
from pprl.party.encoding.token_table import TokenTable
from pprl.party.encoding.tokens import draws_per_token, tokens_of

__all__ = [
    "FieldTokens",
    "fill_filters",
    "fill_side_by_side",
    "filter_of",
    "positions_of",
    "prepare_field",
]

_WORDS = 16
"""Words of 32 bits in one digest of BLAKE2b-512: one position each."""
_ROWS = 8192
"""Records that a thread fills at a time, in some milliseconds. Chosen; not sensitive."""


def positions_of(token: str, subkey: bytes, bits: int, draws: int) -> list[int]:
    """Return the first ``draws`` positions of a token.

    The stream is ``BLAKE2b-512(key=subkey, le32(block) || utf8(token))`` for block 0, 1, ...; each 32-bit
    little-endian word modulo ``bits`` is one position (bias below ``bits / 2**32``).
    """
    found: list[int] = []
    message = token.encode("utf-8")
    for block in range(-(-draws // _WORDS)):
        digest = hashlib.blake2b(block.to_bytes(4, "little") + message, key=subkey).digest()
        found += [int.from_bytes(digest[at : at + 4], "little") % bits for at in range(0, 64, 4)]
    return found[:draws]


def filter_of(
    values: Sequence[str], fields: Sequence[AgreementField], subkeys: Sequence[bytes], bits: int
) -> bitarray:
    """Return one record's filter before hardening: the definition, for one record.

    In the profile ``fields`` a field's filter is what this gives for that field alone.

    Args:
        values: the record's normal forms, one for each field; ``""`` adds no bit.
        fields: the agreement's fields.
        subkeys: 32 bytes for each field.
        bits: filter length.
    """
    made = bitarray(bits, endian="little")
    for value, field, subkey in zip(values, fields, subkeys, strict=True):
        tokens = tokens_of(value, field)
        for token in tokens:
            made[positions_of(token, subkey, bits, draws_per_token(field, len(tokens)))] = 1
    return made


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldTokens:
    """One field of a table, ready to be written into filters.

    Attributes:
        rows: ``int64[records]``; which distinct value each record has.
        ids, offsets: tokens of each distinct value, as in :class:`TokenTable`.
        draws: ``int64[values]``; how many positions each token of the value draws.
        positions: ``uint16[tokens, most draws]``; the positions of each token.
    """

    rows: Int64s
    ids: Int64s
    offsets: Int64s
    draws: Int64s
    positions: npt.NDArray[np.uint16]


def prepare_field(rows: Int64s, table: TokenTable, positions: FieldPositions) -> FieldTokens:
    """Look up the positions of a column's tokens.

    Args:
        rows: ``int64[records]``; which of the table's values each record has.
        table: the tokens of the column's values.
        positions: of the tokens of this field.
    """
    counts = np.diff(table.offsets)
    sizes = np.flatnonzero(np.bincount(counts))
    draws = np.zeros(int(counts.max(initial=0)) + 1, np.int64)
    draws[sizes] = [draws_per_token(positions.field, max(size, 1)) for size in sizes.tolist()]
    numbers, drawn = positions.look_up(table.vocabulary)
    return FieldTokens(
        rows=rows,
        ids=numbers[table.ids],
        offsets=table.offsets,
        draws=draws[counts],
        positions=drawn,
    )


def fill_filters(fields: Iterable[FieldTokens], records: int, bits: int) -> Bytes:
    """Return the filters of a table before hardening.

    Twin: :func:`filter_of`.

    Returns:
        ``uint8[records, ceil(bits / 8)]``; bit ``i`` is bit ``i % 8`` of byte ``i // 8``.
    """
    words = -(-bits // 64)
    made = np.zeros((records, words), np.uint64)
    for part in fields:

        def fill(start: int, part: FieldTokens = part) -> None:
            rows = slice(start, start + _ROWS)
            _fill(made[rows], part.rows[rows], part.ids, part.offsets, part.draws, part.positions)

        in_threads(fill, range(0, records, _ROWS))
    return np.ascontiguousarray(made.astype("<u8").view(np.uint8)[:, : -(-bits // 8)])


def fill_side_by_side(fields: Iterable[FieldTokens], count: int, records: int, bits: int) -> Bytes:
    """Return the filters of a table in the profile ``fields``: one for each field.

    Twin: :func:`filter_of`, for each field alone.

    Args:
        fields: the fields, in order.
        count: how many fields there are.
        records: number of rows.
        bits: length of each filter.

    Returns:
        ``uint8[records, count * ceil(bits / 8)]``.
    """
    width = -(-bits // 8)
    made = np.empty((records, count * width), np.uint8)
    for at, part in enumerate(fields):
        made[:, at * width : (at + 1) * width] = fill_filters([part], records, bits)
    return made


@kernel
def _fill(made: Any, rows: Any, ids: Any, offsets: Any, draws: Any, positions: Any) -> None:
    for record in range(len(rows)):
        value = rows[record]
        for at in range(offsets[value], offsets[value + 1]):
            token = ids[at]
            for draw in range(draws[value]):
                position = positions[token, draw]
                made[record, position >> 6] |= np.uint64(1) << np.uint64(position & 63)
