"""BLAKE2b of four short messages at once: each vector instruction works on one word of all four (RFC 7693).

Most of the time goes here when every record has keys of its own. On machines with shorter registers LLVM splits the
vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from pprl.base.arrays import Int64s

__all__ = ["BLOCK", "IV", "MESSAGES", "SIGMA", "first_words"]

MESSAGES = 4
"""Messages hashed at once: four words of 64 bits fill a vector of 256 bits."""
BLOCK = 128
"""Bytes in a block (RFC 7693, section 2.1)."""

IV = (
    0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
    0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
)  # fmt: skip
"""The initialisation vector (RFC 7693, section 2.6)."""
SIGMA: Int64s = np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
        [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
        [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
        [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
        [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    ],
    np.int64,
)
"""The words of the message that each mixing takes, round by round (RFC 7693, section 2.7)."""

_COLUMNS = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)  # fmt: skip
"""The words of the state that each mixing works on: columns, then diagonals (RFC 7693, section 3.2)."""
_I32, _I64 = ir.IntType(32), ir.IntType(64)
_VECTOR = ir.VectorType(_I64, MESSAGES)


def _constant(value: int) -> Any:
    return ir.Constant(_VECTOR, [value] * MESSAGES)


def _rotated(builder: Any, value: Any, bits: int) -> Any:
    left = builder.shl(value, _constant(64 - bits))
    return builder.or_(builder.lshr(value, _constant(bits)), left)


def _mix(builder: Any, v: list[Any], column: tuple[int, ...], x: Any, y: Any) -> None:
    a, b, c, d = column
    for word, first, second in ((x, 32, 24), (y, 16, 63)):  # rotations of RFC 7693, section 2.1
        v[a] = builder.add(builder.add(v[a], v[b]), word)
        v[d] = _rotated(builder, builder.xor(v[d], v[a]), first)
        v[c] = builder.add(v[c], v[d])
        v[b] = _rotated(builder, builder.xor(v[b], v[c]), second)


def _first_words(typing: Any, keyed: Any, words: Any, counts: Any, made: Any) -> Any:
    """Set ``made`` to the first word of each message's digest.

    The compiled function takes ``keyed``, the state after the key's block, ``uint64[8]``; ``words``, messages of one
    block each, packed side by side, ``uint64[16, MESSAGES]``; ``counts``, the bytes read of each, the key's block
    included; and ``made``. The last two are ``uint64[MESSAGES]``.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        state, message, count, out = (
            context.make_array(kind)(context, builder, value).data
            for kind, value in zip(signature.args, arguments, strict=True)
        )

        def row(pointer: Any, number: int) -> Any:
            place = builder.gep(pointer, [_I32(number * MESSAGES)])
            return builder.bitcast(place, _VECTOR.as_pointer())

        def splat(number: int) -> Any:
            value = builder.load(builder.gep(state, [_I32(number)]))
            vector = ir.Constant(_VECTOR, ir.Undefined)
            for place in range(MESSAGES):
                vector = builder.insert_element(vector, value, _I32(place))
            return vector

        first = splat(0)
        v = [first, *(splat(number) for number in range(1, 8)), *map(_constant, IV)]
        v[12] = builder.xor(v[12], builder.load(row(count, 0), align=8))
        v[14] = builder.not_(v[14])  # the last block
        loaded = [builder.load(row(message, number), align=8) for number in range(16)]
        for order in SIGMA.tolist():
            for at, column in enumerate(_COLUMNS):
                _mix(builder, v, column, loaded[order[2 * at]], loaded[order[2 * at + 1]])
        result = builder.xor(first, builder.xor(v[0], v[8]))
        builder.store(result, row(out, 0), align=8)
        return context.get_dummy_value()

    return types.none(keyed, words, counts, made), generate


first_words = cast(Callable[..., Any], intrinsic(_first_words))
