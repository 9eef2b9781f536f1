"""Levels of agreement equal those counted bit by bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from slow_fields import drawn_files, slow_level_rows, slow_pair_levels, small_files, table_of

from pprl.exchange.encoded.file import EncodedFile
from pprl.unit.weighing.fields import levels
from pprl.unit.weighing.fields.levels import (
    DIFFERENT,
    EXACT,
    MISSING,
    level_count,
    level_rows,
    pair_levels,
)

Make = Callable[..., EncodedFile]


def every_pair(n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    left, right = np.divmod(np.arange(n * m), m)
    return left.astype(np.int64), right.astype(np.int64)


@settings(max_examples=60, deadline=None)
@given(small_files())
def test_levels_of_pairs_are_those_of_their_values(
    make_fields: Make, drawn: dict[str, Any]
) -> None:
    files = drawn_files(make_fields, **drawn)
    fields, table = table_of(files)
    for a, b in [(0, 1), (1, 0), (0, 0)]:
        left, right = every_pair(len(files[a]), len(files[b]))
        plain = slow_pair_levels(fields, a, b)
        np.testing.assert_array_equal(pair_levels(table, a, b, left, right), plain[left, right])


@settings(max_examples=40, deadline=None)
@given(small_files())
def test_a_row_holds_the_level_with_every_value_of_the_field(
    make_fields: Make, drawn: dict[str, Any]
) -> None:
    """And writes nothing outside of its field."""
    fields, table = table_of(drawn_files(make_fields, **drawn))
    for f, field in enumerate(fields):
        start, end = int(table.starts[f]), int(table.starts[f + 1])
        for value in range(len(field)):
            row = np.full(len(table.bits), 99, np.uint8)
            level_rows(table.words, table.bits, table.exact, start + value, start, end, row)
            expected = slow_level_rows(field, value)
            assert row[start:end].tolist() == expected
            assert (np.delete(row, np.arange(start, end)) == 99).all()


def test_long_fields_are_worked_through_to_the_end(
    make_fields: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More values than fit into one stretch, more pairs than one task takes, and every level there is."""
    files = drawn_files(
        make_fields, np.random.default_rng(2), [700, 900], counts=[1500, 5], bits=128
    )
    fields, table = table_of(files)
    assert len(fields[0]) > 600
    value = int(table.ids[0][0].max())
    row = np.empty(len(table.bits), np.uint8)
    level_rows(table.words, table.bits, table.exact, value, 0, int(table.starts[1]), row)
    expected = slow_level_rows(fields[0], value)
    assert row[: len(fields[0])].tolist() == expected
    left, right = np.random.default_rng(3).integers(0, 700, (2, 100_000))
    whole = pair_levels(table, 0, 1, left, right)
    assert set(whole[:, 0]) == set(range(level_count(fields[0])))
    monkeypatch.setattr(levels, "_PAIRS", 3700)
    np.testing.assert_array_equal(pair_levels(table, 0, 1, left, right), whole)


def test_what_is_missing_agrees_with_nothing_and_differs_from_nothing(make_fields: Make) -> None:
    """Two missing values are not equal: the level says that nothing is known."""
    values = [np.eye(8, dtype=bool)[:2].repeat(8, axis=1)]
    ids = np.array([[0], [1], [-1]])
    files = [make_fields(values, ids, ["code"], party=party) for party in "ab"]
    _, table = table_of(files)
    left, right = every_pair(3, 3)
    assert pair_levels(table, 0, 1, left, right).reshape(3, 3).tolist() == [
        [EXACT, DIFFERENT, MISSING],
        [DIFFERENT, EXACT, MISSING],
        [MISSING, MISSING, MISSING],
    ]


def test_no_pair_has_no_level(make_fields: Make) -> None:
    _, table = table_of(drawn_files(make_fields, np.random.default_rng(1), [3, 3], counts=[4, 4]))
    none = np.zeros(0, np.int64)
    assert pair_levels(table, 0, 1, none, none).shape == (0, 2)
