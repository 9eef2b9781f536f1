"""A column of texts in one buffer reads like a list."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.tables.texts import Texts

PROPERTY = settings(max_examples=150, deadline=None)
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)


@PROPERTY
@given(st.lists(TEXT, max_size=8))
def test_texts_read_like_a_list(values: list[str]) -> None:
    """Length, items, slices, iteration, and texts picked or replaced under a mask."""
    texts = Texts.of(values)
    assert len(texts) == len(values)
    assert list(texts) == [texts[at] for at in range(len(texts))] == values == texts[:]
    mask = np.array([len(value) % 2 == 1 for value in values], bool)
    odd = [value for value in values if len(value) % 2]
    assert texts.picked(mask) == odd
    turned = texts.replaced(mask, [value + "é" for value in odd])
    assert list(turned) == [value + "é" if len(value) % 2 else value for value in values]
