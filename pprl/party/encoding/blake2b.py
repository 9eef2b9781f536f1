"""Keyed BLAKE2b over columns of texts, without a Python object for each text (RFC 7693).

The standard library's ``hashlib.blake2b`` is the definition: tests and :func:`check_compiled` hold these kernels to it.
It is written out for numba because a national file needs hundreds of millions of digests. Here the key is absorbed once
instead of once for each text, and the GIL is released. BLAKE2b consists of additions, rotations and exclusive ors, so
its running time does not depend on what it hashes. Words are read as little-endian, the order of every machine that
numba supports.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from pprl.base.arrays import Bytes, Int64s, Words
from pprl.base.compiled import kernel
from pprl.base.errors import PprlError
from pprl.party.encoding.blake2b_simd import BLOCK, IV, MESSAGES, SIGMA, first_words
from pprl.tables.texts import Texts

__all__ = ["check_compiled", "join_and_hash", "position_rows", "text_numbers"]

_IV = np.array(IV, np.uint64)
_U64 = np.uint64
_32, _24, _40, _16, _48, _63, _1 = (_U64(n) for n in (32, 24, 40, 16, 48, 63, 1))
"""Rotations to the right by 32, 24, 16 and 63 bits (RFC 7693, section 2.1), and what remains of 64."""
_SEPARATOR = 0x1F
"""Between the parts of a blocking key (SPEC.md, section 6.5)."""
_DRAWS = 16
"""Positions from one digest: it has 512 bits, and each position takes 32 (SPEC.md, section 6.3)."""


@kernel
def _mix(a: Any, b: Any, c: Any, d: Any, x: Any, y: Any) -> Any:
    a = a + b + x
    d ^= a
    d = (d >> _32) | (d << _32)
    c = c + d
    b ^= c
    b = (b >> _24) | (b << _40)
    a = a + b + y
    d ^= a
    d = (d >> _16) | (d << _48)
    c = c + d
    b ^= c
    b = (b >> _63) | (b << _1)
    return a, b, c, d


@kernel
def _compress(h: Any, m: Any, at: Any, count: Any, last: Any) -> None:
    """Compress the 16 words ``m[at:]`` into the state; ``count`` bytes were read so far, this block included."""
    v0, v1, v2, v3, v4, v5, v6, v7 = h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]
    v8, v9, v10, v11 = _IV[0], _IV[1], _IV[2], _IV[3]
    v12, v13, v14, v15 = _IV[4] ^ _U64(count), _IV[5], _IV[6], _IV[7]
    if last:
        v14 = ~v14
    for r in range(12):
        s = SIGMA[r]
        v0, v4, v8, v12 = _mix(v0, v4, v8, v12, m[at + s[0]], m[at + s[1]])
        v1, v5, v9, v13 = _mix(v1, v5, v9, v13, m[at + s[2]], m[at + s[3]])
        v2, v6, v10, v14 = _mix(v2, v6, v10, v14, m[at + s[4]], m[at + s[5]])
        v3, v7, v11, v15 = _mix(v3, v7, v11, v15, m[at + s[6]], m[at + s[7]])
        v0, v5, v10, v15 = _mix(v0, v5, v10, v15, m[at + s[8]], m[at + s[9]])
        v1, v6, v11, v12 = _mix(v1, v6, v11, v12, m[at + s[10]], m[at + s[11]])
        v2, v7, v8, v13 = _mix(v2, v7, v8, v13, m[at + s[12]], m[at + s[13]])
        v3, v4, v9, v14 = _mix(v3, v4, v9, v14, m[at + s[14]], m[at + s[15]])
    h[0] ^= v0 ^ v8
    h[1] ^= v1 ^ v9
    h[2] ^= v2 ^ v10
    h[3] ^= v3 ^ v11
    h[4] ^= v4 ^ v12
    h[5] ^= v5 ^ v13
    h[6] ^= v6 ^ v14
    h[7] ^= v7 ^ v15


@kernel
def _finish(h: Any, keyed: Any, message: Any, words: Any, length: Any) -> None:
    """Set ``h`` to the digest of ``message[:length]``, which is not empty; the rest of its last block is zeroed."""
    blocks = (length + BLOCK - 1) // BLOCK
    message[length : blocks * BLOCK] = 0
    h[:] = keyed
    for block in range(blocks - 1):
        _compress(h, words, block * 16, BLOCK * (block + 2), False)
    _compress(h, words, (blocks - 1) * 16, BLOCK + length, True)


def _keyed_state(subkey: bytes, size: int) -> Words:
    """Return the state after the key's own block; ``size`` is the length of the digest in bytes."""
    state = _IV.copy()
    # The parameter block: fan-out and depth 1, lengths of key and digest (RFC 7693, section 2.5).
    state[0] ^= np.uint64(0x01010000 ^ len(subkey) << 8 ^ size)
    block = np.frombuffer(subkey.ljust(BLOCK, b"\0"), "<u8").astype(np.uint64)
    _compress(state, block, 0, BLOCK, False)
    return state


def _message_buffer(length: int) -> Bytes:
    """Return zeros for a message of up to ``length`` bytes, in whole blocks."""
    return np.zeros(-(-max(length, 1) // BLOCK) * BLOCK, np.uint8)


def text_numbers(texts: Texts, subkey: bytes) -> Words:
    """Return the number of each text as :func:`join_and_hash` gives it for that part alone.

    Twin: :func:`slow_text_numbers`.
    """
    return join_and_hash([texts], [np.arange(len(texts))], subkey)


@cache
def check_compiled() -> None:
    """Compare the compiled kernels with ``hashlib``, once in each process.

    Encodings that differ from the other parties' would link to nobody, and nobody would see why: so this is not left to
    the compiler and to what it has kept (:mod:`pprl.base.compiled`).

    Raises:
        PprlError: they differ.
    """
    subkey, texts = bytes(range(32)), ["check", "x" * 200, *"0123456789"]
    wanted = [hashlib.blake2b(text.encode(), key=subkey, digest_size=8).digest() for text in texts]
    made = text_numbers(Texts.of(texts), subkey).tolist()
    drawn = hashlib.blake2b(bytes(4) + b"check", key=subkey).digest()
    positions = position_rows(Texts.of(texts[:1]), subkey, 1 << 16, _DRAWS)[0].tolist()
    expected = [int.from_bytes(drawn[at : at + 2], "little") for at in range(0, 64, 4)]
    if made != [int.from_bytes(digest, "little") for digest in wanted] or positions != expected:
        raise PprlError(
            "the compiled kernels of this installation do not hash as they should",
            hint="Remove the __pycache__ folders of the installed pprl, or reinstall it.",
        )


def join_and_hash(parts: list[Texts], which: list[Int64s], subkey: bytes) -> Words:
    """Return the blocking keys of records: the digest of their parts, joined by U+001F (SPEC.md, section 6.5).

    Twin: :func:`slow_join_and_hash`.

    Args:
        parts: the texts of each part.
        which: for each part, ``int64[records]``: which of its texts each record has.
        subkey: 32 bytes.

    Returns:
        ``uint64[records]``; 0 where a part is empty, 1 instead of a digest of 0.
    """
    data = parts[0].data if len(parts) == 1 else np.concatenate([part.data for part in parts])
    firsts = np.cumsum([0, *(len(part.data) for part in parts)])
    bases = np.cumsum([0, *(len(part) for part in parts)])
    starts = np.concatenate(
        [part.offsets[:-1] + at for part, at in zip(parts, firsts[:-1], strict=True)]
    )
    stops = np.concatenate(
        [part.offsets[1:] + at for part, at in zip(parts, firsts[:-1], strict=True)]
    )
    places = np.empty((len(which[0]), len(parts)), np.int64)
    for number, (rows, base) in enumerate(zip(which, bases[:-1], strict=True)):
        np.add(rows, base, out=places[:, number])
    message = _message_buffer(sum(int(part.lengths().max(initial=0)) + 1 for part in parts))
    made = np.zeros(len(places), np.uint64)
    _join(data, starts, stops, places, _keyed_state(subkey, 8), message, made)
    return made


@kernel
def _join(
    data: Any, starts: Any, stops: Any, places: Any, keyed: Any, message: Any, made: Any
) -> None:
    """Hash short messages (one block) four at a time, longer ones one at a time."""
    words = message.view(np.uint64)
    h = np.empty(8, np.uint64)
    packed = np.zeros((16, MESSAGES), np.uint64)  # short messages that wait for their fourth
    counts = np.zeros(MESSAGES, np.uint64)
    first = np.zeros(MESSAGES, np.uint64)
    records = np.zeros(MESSAGES, np.int64)
    waiting = 0
    for record in range(len(places)):
        length = 0
        for part in range(places.shape[1]):
            place = places[record, part]
            if starts[place] == stops[place]:
                length = 0
                break
            if part:
                message[length] = _SEPARATOR
                length += 1
            for at in range(starts[place], stops[place]):
                message[length] = data[at]
                length += 1
        if length > BLOCK:
            _finish(h, keyed, message, words, length)
            made[record] = max(h[0], _U64(1))
        elif length:
            used = (length + 7) // 8
            message[length : used * 8] = 0
            for word in range(used):
                packed[word, waiting] = words[word]
            for word in range(used, 16):
                packed[word, waiting] = 0
            counts[waiting] = BLOCK + length
            records[waiting] = record
            waiting += 1
            if waiting == MESSAGES:
                waiting = 0
                first_words(keyed, packed, counts, first)
                for done in range(MESSAGES):
                    made[records[done]] = max(first[done], _U64(1))
    if waiting:
        first_words(keyed, packed, counts, first)
        for done in range(waiting):
            made[records[done]] = max(first[done], _U64(1))


def position_rows(texts: Texts, subkey: bytes, bits: int, draws: int) -> npt.NDArray[np.uint16]:
    """Return the first positions of tokens (SPEC.md, section 6.3).

    Twin: :func:`pprl.party.encoding.filters.positions_of`.

    Args:
        texts: the tokens.
        subkey: 32 bytes, the field's.
        bits: filter length, at most 65,536.
        draws: positions for each token.

    Returns:
        ``uint16[tokens, draws]``.
    """
    made = np.empty((len(texts), draws), np.uint16)
    message = _message_buffer(int(texts.lengths().max(initial=0)) + 4)
    _draw(texts.data, texts.offsets, _keyed_state(subkey, 64), message, bits, made)
    return made


@kernel
def _draw(data: Any, offsets: Any, keyed: Any, message: Any, bits: Any, made: Any) -> None:
    words = message.view(np.uint64)
    h = np.empty(8, np.uint64)
    digest = h.view(np.uint32)
    tokens, draws = made.shape
    for token in range(tokens):
        length = offsets[token + 1] - offsets[token]
        message[4 : 4 + length] = data[offsets[token] : offsets[token + 1]]
        for block in range((draws + _DRAWS - 1) // _DRAWS):
            for byte in range(4):
                message[byte] = (block >> (8 * byte)) & 255
            _finish(h, keyed, message, words, length + 4)
            for draw in range(block * _DRAWS, min(draws, (block + 1) * _DRAWS)):
                made[token, draw] = digest[draw - block * _DRAWS] % bits
