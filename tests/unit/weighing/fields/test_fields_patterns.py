"""Patterns are counted as if every pair were written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_fields import drawn_files, slow_pair_levels, small_files, table_of

from pprl.exchange.encoded.file import EncodedFile
from pprl.unit.weighing.fields.levels import pair_levels
from pprl.unit.weighing.fields.patterns import Patterns, count_patterns, join_patterns

Make = Callable[..., EncodedFile]


def as_counter(patterns: Patterns) -> Counter[tuple[int, ...]]:
    made = Counter(
        {
            tuple(map(int, row)): int(n)
            for row, n in zip(patterns.levels, patterns.count, strict=True)
        }
    )
    assert len(made) == len(patterns.levels)  # each stands once
    assert patterns.pairs == made.total()
    return made


@settings(max_examples=60, deadline=None)
@given(small_files(), st.booleans(), st.data())
def test_counts_equal_those_of_every_pair(
    make_fields: Make, drawn: dict[str, Any], same: bool, data: st.DataObject
) -> None:
    """Of the given records with all of the other file, or with all others of their own."""
    files = drawn_files(make_fields, **drawn)
    fields, table = table_of(files)
    a, b = (0, 0) if same else (0, 1)
    chosen = data.draw(st.sets(st.integers(0, len(files[0]) - 1)))
    rows = np.array(sorted(chosen), np.int64)
    plain = slow_pair_levels(fields, a, b)
    expected = Counter(
        tuple(map(int, plain[i, j]))
        for i in rows
        for j in range(len(files[b]))
        if not (same and i == j)
    )
    steps: list[float] = []
    assert as_counter(count_patterns(table, a, b, rows, progress=steps.append)) == expected
    assert steps == sorted(steps)


def test_more_patterns_than_the_table_was_made_for(make_fields: Make) -> None:
    """The hash table grows and loses nothing."""
    rng = np.random.default_rng(4)
    files = drawn_files(make_fields, rng, [16, 8000], counts=[60] * 8, bits=128, missing=0.25)
    _, table = table_of(files)
    left, right = np.divmod(np.arange(16 * 8000), 8000)
    levels, count = np.unique(pair_levels(table, 0, 1, left, right), axis=0, return_counts=True)
    assert len(levels) > 12_000
    found = as_counter(count_patterns(table, 0, 1, np.arange(16)))
    assert found == Counter(
        {tuple(map(int, row)): int(n) for row, n in zip(levels, count, strict=True)}
    )


def test_joined_counts_add_up(make_fields: Make) -> None:
    files = drawn_files(make_fields, np.random.default_rng(5), [30, 40], counts=[12, 3])
    _, table = table_of(files)
    parts = [
        count_patterns(table, 0, 1, np.arange(30)),
        count_patterns(table, 0, 0, np.arange(30)),
        count_patterns(table, 0, 1, np.arange(0)),
    ]
    expected = as_counter(parts[0]) + as_counter(parts[1])
    assert as_counter(join_patterns(parts)) == expected
