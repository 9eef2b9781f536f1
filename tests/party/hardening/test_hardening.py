"""Hardening changes what the bits tell, keeps equal records equal, and is reproducible."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from helpers_party import make_agreement
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.exchange.agreement.model import Hardening
from pprl.party.hardening.harden import METHODS, harden
from pprl.quality.report.page import _HARDENING

PROPERTY = settings(max_examples=40, deadline=None)
LENGTHS = st.sampled_from([64, 100, 500, 1000, 1002, 1024])


def draw_filters(seed: int, rows: int, bits: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    plain = rng.random((rows, bits)) < rng.random((rows, 1))
    return np.packbits(plain, axis=1, bitorder="little")


@PROPERTY
@given(st.integers(0, 2**32 - 1), LENGTHS)
def test_xor_fold_halves_the_length(seed: int, bits: int) -> None:
    """Bit i is the exclusive or of the bits i of both halves; no bit is set beyond the length."""
    packed = draw_filters(seed, 4, bits)
    made = harden("xor-fold", packed, bits)
    assert made.shape == (4, -(-(bits // 2) // 8))
    for before, after in zip(packed, made, strict=True):
        whole, folded = (int.from_bytes(row.tobytes(), "little") for row in (before, after))
        assert folded == (whole ^ whole >> bits // 2) % 2 ** (bits // 2)


@pytest.mark.parametrize("method", get_args(Hardening.model_fields["method"].annotation))
def test_a_method_is_entered_wherever_it_has_to_be(method: str) -> None:
    """The agreement allows no method without code, and knows its length; the report has words for it."""
    agreement = make_agreement(hardening={"method": method}, filter={"bits": 1002})
    made = harden(method, draw_filters(0, 2, 1002), 1002)
    assert made.shape == (2, -(-agreement.filter_bits() // 8))
    assert method in _HARDENING


def test_the_agreement_knows_every_method() -> None:
    """No method has code that no agreement can ask for."""
    assert set(METHODS) == set(get_args(Hardening.model_fields["method"].annotation))


@pytest.mark.parametrize("method", METHODS)
def test_rows_are_hardened_alike_whatever_stands_beside_them(method: str) -> None:
    """A record's encoding does not depend on its neighbours, nor on the block it falls into."""
    packed = draw_filters(1, 40, 64)
    many = np.tile(packed, (500, 1))  # 20,000 rows: more than one block
    made = harden(method, many, 64)
    alone = np.concatenate([harden(method, row[None], 64) for row in packed])
    np.testing.assert_array_equal(made, np.tile(alone, (500, 1)))


def test_no_hardening_is_the_filter_itself() -> None:
    """The method `none` changes nothing."""
    packed = draw_filters(2, 3, 1001)
    np.testing.assert_array_equal(harden("none", packed, 1001), packed)
