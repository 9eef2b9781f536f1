"""Hardening changes what the bits tell, keeps equal records equal, and is reproducible."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.party.hardening.methods import METHODS, harden

PROPERTY = settings(max_examples=40, deadline=None)
LENGTHS = st.sampled_from([64, 100, 500, 1000, 1002, 1024])


def draw_filters(seed: int, rows: int, bits: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    plain = rng.random((rows, bits)) < rng.random((rows, 1))
    return np.packbits(plain, axis=1, bitorder="little")


@PROPERTY
@given(st.integers(0, 2**32 - 1), LENGTHS)
def test_xor_fold_halves_the_length(seed: int, bits: int) -> None:
    """Bit i is the exclusive or of the bits i of both halves; no bit stands beyond the length."""
    packed = draw_filters(seed, 4, bits)
    made = harden("xor-fold", packed, bits)
    assert made.shape == (4, -(-(bits // 2) // 8))
    plain = np.unpackbits(packed, axis=1, count=bits, bitorder="little")
    folded = plain[:, : bits // 2] ^ plain[:, bits // 2 :]
    np.testing.assert_array_equal(np.packbits(folded, axis=1, bitorder="little"), made)


@pytest.mark.parametrize("method", METHODS)
def test_rows_are_hardened_alike_whatever_stands_beside_them(method: str) -> None:
    """A record's encoding does not depend on its neighbours, nor on the block it falls into."""
    packed = draw_filters(1, 40, 64)
    many = np.tile(packed, (500, 1))  # more than one block of rows
    made = harden(method, many, 64)
    alone = np.concatenate([harden(method, row[None], 64) for row in packed])
    np.testing.assert_array_equal(made, np.tile(alone, (500, 1)))


def test_no_hardening_is_the_filter_itself() -> None:
    """The method `none` changes nothing."""
    packed = draw_filters(2, 3, 1001)
    np.testing.assert_array_equal(harden("none", packed, 1001), packed)
