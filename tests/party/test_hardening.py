"""Hardening changes what the bits tell, keeps equal records equal, and is reproducible."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.party.hardening import METHODS, harden, keyed_permutation

SUBKEY = bytes(range(32))
PROPERTY = settings(max_examples=40, deadline=None)
LENGTHS = st.sampled_from([64, 100, 500, 1000, 1002, 1024])


def draw_filters(seed: int, rows: int, bits: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    plain = rng.random((rows, bits)) < rng.random((rows, 1))
    return np.packbits(plain, axis=1, bitorder="little")


def dice(a: np.ndarray, b: np.ndarray) -> float:
    total = int(np.bitwise_count(a).sum() + np.bitwise_count(b).sum())
    return 2 * int(np.bitwise_count(a & b).sum()) / total if total else 0.0


@PROPERTY
@given(st.integers(0, 2**32 - 1), LENGTHS)
def test_balanced_filters_have_one_popcount(seed: int, bits: int) -> None:
    """Every balanced filter has as many bits set as the plain filter is long."""
    made = harden("balance", draw_filters(seed, 5, bits), bits, SUBKEY)
    assert made.shape == (5, -(-2 * bits // 8))
    assert set(np.bitwise_count(made).sum(axis=1).tolist()) == {bits}


@PROPERTY
@given(st.integers(0, 2**32 - 1), LENGTHS)
def test_balance_keeps_the_order_of_equally_full_filters(seed: int, bits: int) -> None:
    """Among filters of one popcount, what was more similar stays more similar; equal stays equal."""
    rng = np.random.default_rng(seed)
    base = rng.permutation(bits) < bits // 3
    plain = np.stack([rng.permutation(base) if n else base for n in range(6)])
    packed = np.packbits(plain, axis=1, bitorder="little")
    made = harden("balance", packed, bits, SUBKEY)
    before = [dice(packed[0], row) for row in packed]
    after = [dice(made[0], row) for row in made]
    assert np.argsort(before, kind="stable").tolist() == np.argsort(after, kind="stable").tolist()
    assert after[0] == 1.0


@PROPERTY
@given(st.integers(0, 2**32 - 1), LENGTHS)
def test_balance_holds_the_filter_and_its_complement(seed: int, bits: int) -> None:
    """Undoing the permutation gives the filter back, once plain and once inverted."""
    packed = draw_filters(seed, 3, bits)
    made = np.unpackbits(
        harden("balance", packed, bits, SUBKEY), axis=1, count=2 * bits, bitorder="little"
    )
    undone = np.empty_like(made)
    undone[:, keyed_permutation(2 * bits, SUBKEY)] = made
    plain = np.unpackbits(packed, axis=1, count=bits, bitorder="little")
    np.testing.assert_array_equal(undone[:, :bits], plain)
    np.testing.assert_array_equal(undone[:, bits:], 1 - plain)


@PROPERTY
@given(st.integers(0, 2**32 - 1), LENGTHS)
def test_xor_fold_halves_the_length(seed: int, bits: int) -> None:
    """Bit i is the exclusive or of the bits i of both halves; no bit stands beyond the length."""
    packed = draw_filters(seed, 4, bits)
    made = harden("xor-fold", packed, bits, SUBKEY)
    assert made.shape == (4, -(-bits // 2 // 8) if bits // 2 % 8 == 0 else bits // 2 // 8 + 1)
    plain = np.unpackbits(packed, axis=1, count=bits, bitorder="little")
    folded = plain[:, : bits // 2] ^ plain[:, bits // 2 :]
    np.testing.assert_array_equal(np.packbits(folded, axis=1, bitorder="little"), made)


@pytest.mark.parametrize("method", METHODS)
def test_rows_are_hardened_alike_whatever_stands_beside_them(method: str) -> None:
    """A record's encoding does not depend on its neighbours, nor on the block it falls into."""
    packed = draw_filters(1, 40, 64)
    many = np.tile(packed, (500, 1))  # more than one block of rows
    made = harden(method, many, 64, SUBKEY)
    alone = np.concatenate([harden(method, row[None], 64, SUBKEY) for row in packed])
    np.testing.assert_array_equal(made, np.tile(alone, (500, 1)))


@pytest.mark.parametrize("size", [1, 2, 3, 64, 1000])
def test_keyed_permutation_is_one_and_needs_the_key(size: int) -> None:
    """Every number appears once; another key gives another order."""
    order = keyed_permutation(size, SUBKEY)
    assert sorted(order.tolist()) == list(range(size))
    if size >= 64:
        assert (order != keyed_permutation(size, SUBKEY[::-1])).any()


def test_no_hardening_is_the_filter_itself() -> None:
    """The method `none` changes nothing."""
    packed = draw_filters(2, 3, 1001)
    np.testing.assert_array_equal(harden("none", packed, 1001, SUBKEY), packed)
