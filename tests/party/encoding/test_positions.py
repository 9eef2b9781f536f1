"""Digests and positions drawn by kernels are those of the standard library's BLAKE2b."""

from __future__ import annotations

from helpers_party import make_field
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_keys import slow_text_numbers

from pprl.party.encoding.blake2b import position_rows, text_numbers
from pprl.party.encoding.filters import positions_of
from pprl.party.encoding.positions import FieldPositions
from pprl.tables.texts import Texts

PROPERTY = settings(max_examples=150, deadline=None)
SUBKEY = bytes(range(32))
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)


@PROPERTY
@given(
    st.lists(TEXT | st.text("ab", min_size=100, max_size=300), max_size=6),
    st.binary(min_size=32, max_size=32),
)
def test_digests_are_those_of_the_standard_library(values: list[str], subkey: bytes) -> None:
    """Of any length, around the blocks of 128 bytes too."""
    values += ["a" * length for length in (1, 123, 124, 125, 127, 128, 129, 255, 256, 257)]
    texts = Texts.of(values)
    assert text_numbers(texts, subkey).tolist() == slow_text_numbers(values, subkey)
    for bits, draws in ((64, 1), (1000, 16), (65536, 53)):
        drawn = position_rows(texts, subkey, bits, draws).tolist()
        assert drawn == [positions_of(value, subkey, bits, draws) for value in values]


@PROPERTY
@given(
    st.lists(st.lists(st.text("abc", min_size=1, max_size=2), max_size=6), max_size=6),
    st.integers(1, 8),
)
def test_a_token_keeps_its_positions_over_blocks(blocks: list[list[str]], most: int) -> None:
    """Whatever was asked before, and however few tokens are kept."""
    field = make_field("surname")
    positions = FieldPositions(field, SUBKEY, 1000, most=most)
    for vocabulary in blocks:
        rows, table = positions.look_up(vocabulary)
        for row, token in zip(rows, vocabulary, strict=True):
            assert table[row].tolist() == positions_of(token, SUBKEY, 1000, table.shape[1])
