"""The most common values are found in bounded memory, and only what stands far out is called too common."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.party.reading import common_values
from pprl.party.reading.common_values import CommonValues, overused
from pprl.tables.texts import Texts


def summarised(blocks: list[list[str]]) -> CommonValues:
    made = [
        CommonValues.of(Texts.of(counts), np.array(list(counts.values()), np.int64))
        for counts in map(Counter, blocks)
    ]
    for other in made[1:]:
        made[0].add(other)
    return made[0]


@settings(deadline=None, max_examples=200)
@given(st.lists(st.lists(st.sampled_from("abcdefghijkl"), min_size=1, max_size=30), min_size=1, max_size=6),
       st.integers(1, 6))  # fmt: skip
def test_counts_are_bounded_as_misra_and_gries_say(blocks: list[list[str]], kept: int) -> None:
    """No value is counted too often, none too rarely by more than the error, and the error is at most a kept-th."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(common_values, "_KEPT", kept)
        found = summarised(blocks)
    true = Counter(value for block in blocks for value in block)
    assert len(found.weights) <= kept
    assert found.weights.keys() == found.rows.keys()
    assert found.error * (kept + 1) <= true.total()
    for value, count in true.items():
        assert found.weights.get(value, 0) <= found.rows.get(value, 0) <= count
        assert count - found.error <= found.rows.get(value, 0)


def test_few_values_are_counted_exactly() -> None:
    blocks = [["a"] * 5 + ["b"], ["b"] * 3, ["c", "a"]]
    assert summarised(blocks).rows == {"a": 6, "b": 4, "c": 1}
    assert summarised(blocks).error == 0


def spread(common: list[int], different: int, each: int = 1) -> CommonValues:
    """Common values among many that ``each`` rows hold."""
    blocks = [f"common {at}" for at, count in enumerate(common) for _ in range(count)]
    blocks += [f"value {at}" for at in range(different) for _ in range(each)]
    return summarised([blocks])


@pytest.mark.parametrize(
    ("kind", "common", "different", "each", "expected"),
    [
        ("date", [21], 1979, 1, [21]),  # over 1 %
        ("date", [20], 1980, 1, []),
        ("date", [4], 36, 1, []),  # too few rows to say
        ("date", [100, 60, 30], 1810, 1, [100, 60, 30]),
        ("date", [40], 30, 30, []),  # a month's births
        ("date", [500], 8, 50, []),  # too few different values to say
        ("identifier", [6], 19_994, 1, [6]),
        ("identifier", [4], 19_996, 1, []),
        ("identifier", [6], 5000, 4, []),  # families share theirs
        ("email", [21], 19_979, 1, [21]),
        ("email", [9], 991, 1, []),
        ("phone", [110], 19_890, 1, [110]),
        ("phone", [90], 19_910, 1, []),
        ("address", [410], 9795, 2, [410]),
        ("address", [390], 9805, 2, []),  # a hall of residence
        ("surname", [3800, 1100], 200, 25, []),  # Nguyen and Tran
        ("surname", [3800, 400], 200, 25, [3800]),
        ("surname", [950, 50], 1000, 9, []),
        ("given-name", [1100, 100], 1000, 9, [1100]),
        ("postcode", [1990], 10, 1, []),  # one town
        ("locality", [1990], 10, 1, []),
        ("sex", [1990], 10, 1, []),
    ],
)
def test_only_what_stands_far_out_is_too_common(
    kind: str, common: list[int], different: int, each: int, expected: list[int]
) -> None:
    values = sum(common) + different * each
    assert list(overused(spread(common, different, each), kind, values)) == expected
