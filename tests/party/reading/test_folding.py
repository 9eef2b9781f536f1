"""Folding gives the same plain letters for spellings that mean the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.party.reading.folding import fold, folding_table

ANY_TEXT = st.text(max_size=60) | st.text("aÀé\u0301ßΩЙи\u0306 _-'’\t\n\u00a0İſ", max_size=20)


@settings(deadline=None)
@given(ANY_TEXT)
def test_folding_twice_changes_nothing(text: str) -> None:
    """What is folded stays as it is when folded again."""
    assert fold(fold(text)) == fold(text)


@settings(deadline=None)
@given(ANY_TEXT)
def test_folded_text_is_plain(text: str) -> None:
    """No capital, underscore, control or punctuation character of ASCII, and single spaces between words."""
    folded = fold(text)
    assert re.fullmatch(r"[a-z0-9\u0080-\U0010ffff]+( [a-z0-9\u0080-\U0010ffff]+)*|", folded)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("O'Brien", "O’BRIEN"),
        ("Smith-Jones", "smith – jones"),
        ("Núñez", "Nu\u0301n\u0303ez"),
        ("STRASSE", "Straße"),
        ("ΠΑΠΑΔΟΠΟΥΛΟΣ", "Παπαδόπουλος"),
        ("СЕРГЕЙ", "Сергеи\u0306"),
        ("Ｓｍｉｔｈ", "smith"),
    ],
)
def test_spellings_of_one_name_fold_alike(left: str, right: str) -> None:
    """Case, accents, apostrophes, dashes and composition don't tell two spellings apart."""
    assert fold(left) == fold(right)


def test_code_points_outside_the_table_stay() -> None:
    """Scripts that the table does not know go through unchanged."""
    assert fold("山田 太郎") == "山田 太郎"


def test_table_is_closed() -> None:
    """No replacement holds a character that the table would replace again."""
    table = folding_table()
    assert all(ord(ch) not in table for text in table.values() for ch in text)
    assert len(table) == 1647
