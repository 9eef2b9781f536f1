"""Cut or whole: every two records of a bucket meet in one cell, once."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.engines.cells import NO_CODE, Cells, Cuts, deal, find_cuts, is_diagonal, table_of

CODES = st.lists(st.sampled_from([NO_CODE, 1, 2, -7, 2**40]), max_size=25)
CHUNKS = st.integers(1, 4)


def meetings(*dealt: Cells, same: bool) -> Counter[tuple[int, int]]:
    """Count how often records meet; of one file the smaller comes first."""
    found: Counter[tuple[int, int]] = Counter()
    cells: dict[tuple[int, int], tuple[list[int], list[int]]] = {}
    for part in dealt:
        for entry, place, code, side in zip(
            part.entry, part.place, part.code, part.side, strict=True
        ):
            cells.setdefault((int(place), int(code)), ([], []))[side].append(int(entry))
    for (place, _), (left, right) in cells.items():
        if same and is_diagonal(np.array([place]))[0]:
            assert not right
            found.update(tuple(sorted(pair)) for pair in combinations(left, 2))
        else:
            pairs = product(left, right)
            found.update(tuple(sorted(pair)) if same else pair for pair in pairs)
    return found


@settings(deadline=None)
@given(CODES, CODES, st.lists(CHUNKS, min_size=2, max_size=2), st.integers(0, 400))
def test_pairs_of_two_files_meet_once(
    one: list[int], other: list[int], chunks: list[int], table: int
) -> None:
    cuts = Cuts(
        codes=np.array([-7, 2], np.int64),
        left=np.array([chunks[0], 1]),
        right=np.array([chunks[1], 3]),
    )
    dealt = [
        deal(
            np.array(codes, np.int64),
            np.arange(len(codes)),
            table=table,
            side=side,
            cuts=cuts,
            same=False,
        )
        for side, codes in enumerate((one, other))
    ]
    wanted = {
        (i, j) for i, j in product(range(len(one)), range(len(other))) if one[i] == other[j] != NO_CODE
    }  # fmt: skip
    assert meetings(*dealt, same=False) == Counter(wanted)
    assert all((table_of(part.place) == table).all() for part in dealt)


@settings(deadline=None)
@given(CODES, CHUNKS)
def test_pairs_of_one_file_meet_once(codes: list[int], chunks: int) -> None:
    cuts = Cuts(codes=np.array([1]), left=np.array([chunks]), right=np.array([chunks]))
    rows = np.arange(len(codes)) * 3
    dealt = deal(np.array(codes, np.int64), rows, table=5, side=0, cuts=cuts, same=True)
    wanted = {(i, j) for i, j in combinations(range(len(codes)), 2) if codes[i] == codes[j] != NO_CODE}  # fmt: skip
    assert meetings(dealt, same=True) == Counter(wanted)
    assert (np.diff(dealt.entry) >= 0).all()


def test_big_buckets_are_cut_by_how_many_records_they_hold() -> None:
    left = np.repeat([NO_CODE, 5, 6, 7], [50, 30, 3, 1])
    right = np.repeat([5, 7, 8], [2, 25, 1])
    cuts = find_cuts(left, right, scale=(10.0, 1.0), most=10, same=False)
    assert cuts.codes.tolist() == [5, 6, 7]
    assert cuts.left.tolist() == [30, 3, 1]
    assert cuts.right.tolist() == [1, 1, 3]
    alone = find_cuts(right, right, scale=(1.0, 1.0), most=10, same=True)
    assert (alone.codes.tolist(), alone.left.tolist(), alone.right.tolist()) == ([7], [3], [3])
