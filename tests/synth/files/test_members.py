"""Who is in which file: the overlap is met to one person, coverage decides who, and what can't be is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pprl.base.errors import UsageError
from pprl.synth.files.members import choose_members, file_rows, people_by_files

shares = st.integers(0, 1000).map(lambda n: n / 1000)


def measured(members: list[np.ndarray]) -> tuple[float, float]:
    """People in both of two files, on average over the pairs, and people in the average file."""
    sets = [set(rows.tolist()) for rows in members]
    pairs = [len(a & b) for at, a in enumerate(sets) for b in sets[:at]]
    return sum(pairs) / len(pairs), sum(map(len, sets)) / len(sets)


@given(st.integers(1, 2000), st.integers(2, 20), shares, st.integers(0, 1 << 62))
def test_overlap_is_met_to_one_person(people: int, files: int, overlap: float, seed: int) -> None:
    members = choose_members(seed, people, files, overlap, [None] * files)
    both, size = measured(members)
    assert abs(both - overlap * size) <= 1
    assert np.array_equal(np.unique(np.concatenate(members)), np.arange(people))
    for rows in members:
        assert (np.diff(rows) > 0).all()


@given(st.integers(1, 3000), st.integers(1, 20), shares)
def test_people_by_files_adds_up(people: int, files: int, overlap: float) -> None:
    counts = people_by_files(people, files, overlap)
    assert len(counts) == files
    assert sum(counts) == people
    assert min(counts) >= 0


@pytest.mark.parametrize("files", range(2, 21))
@pytest.mark.parametrize("overlap", [0.05, 0.6, 0.9])
def test_files_without_coverage_are_of_one_size_and_pairs_alike(files: int, overlap: float) -> None:
    """Sizes differ by at most one person for each number of files; each pair has about the overlap."""
    members = choose_members(3, 4000, files, overlap, [None] * files)
    sizes = [len(rows) for rows in members]
    assert max(sizes) - min(sizes) <= files
    mean = sum(sizes) / files
    sets = [set(rows.tolist()) for rows in members]
    pairs = np.array([len(a & b) for at, a in enumerate(sets) for b in sets[:at]])
    room = 5 * np.sqrt(mean * overlap * (1 - overlap)) + 2
    assert np.abs(pairs - overlap * mean).max() <= room


def test_the_ends_of_the_overlap() -> None:
    apart = choose_members(1, 101, 4, 0.0, [None] * 4)
    assert sum(map(len, apart)) == 101
    same = choose_members(1, 101, 4, 1.0, [None] * 4)
    assert [len(rows) for rows in same] == [101] * 4
    assert [rows.tolist() for rows in choose_members(1, 5, 1, 0.3, [None])] == [[0, 1, 2, 3, 4]]


@pytest.mark.parametrize("overlap", [-0.1, 1.1, float("nan")])
def test_an_overlap_that_is_no_share_is_refused(overlap: float) -> None:
    with pytest.raises(UsageError, match="overlap") as refusal:
        people_by_files(100, 2, overlap)
    assert refusal.value.hint


def test_numbers_of_files_are_as_independent_chances_would_make_them() -> None:
    """Three files at 0.5: weights 3 x 1/4, 3 x 1/4, 1 x 1/4 for one, two, three files."""
    assert people_by_files(7000, 3, 0.5) == [3000, 3000, 1000]
    assert people_by_files(3000, 2, 0.5) == [2000, 1000]


@given(st.integers(1, 400), st.integers(2, 5), shares, st.data())
def test_nobody_of_weight_0_is_in_a_file(
    people: int, files: int, overlap: float, data: st.DataObject
) -> None:
    """With weights of 0 and 1 the counts are met and the excluded stay out, or it is refused."""
    seed = data.draw(st.integers(0, 1 << 62))
    table = np.random.default_rng(seed).choice([0.0, 0.4, 1.0], size=(files, people))
    counts = people_by_files(people, files, overlap)
    try:
        members = choose_members(seed, people, files, overlap, list(table))
    except UsageError as refusal:
        problem, hint = refusal.problem, refusal.hint
    else:
        problem = hint = None
    if problem is not None:
        assert "can't be met" in problem
        assert hint
        return
    inside = np.zeros((files, people), dtype=bool)
    for row, rows in zip(inside, members, strict=True):
        row[rows] = True
    assert np.bincount(inside.sum(axis=0), minlength=files + 1)[1:].tolist() == counts
    assert not (inside & (table == 0)).any()


def test_coverage_makes_people_rarer_by_its_weight() -> None:
    weight = np.where(np.arange(20_000) % 2 == 0, 0.25, 1.0)
    a, b = choose_members(1, 20_000, 2, 0.2, [None, weight])
    rare = (b % 2 == 0).mean()
    assert 0.15 < rare < 0.35
    assert (a % 2 == 0).mean() > 0.5
    assert len(np.union1d(a, b)) == 20_000


@given(st.integers(0, 500), shares, st.integers(0, 1 << 62))
def test_rows_hold_each_member_once_and_the_duplicates_twice(
    count: int, duplicates: float, seed: int
) -> None:
    members = np.arange(count, dtype=np.int64) * 3
    rows = file_rows(seed, "a", members, duplicates)
    found, times = np.unique(rows, return_counts=True)
    assert found.tolist() == members.tolist()
    assert len(rows) - count == round(count * duplicates)
    assert times.max(initial=1) <= 2


@given(st.integers(0, 400), st.integers(1, 6), st.integers(0, 1 << 62))
def test_a_file_of_events_has_each_member_once_or_more(count: int, most: int, seed: int) -> None:
    members = np.arange(count, dtype=np.int64) * 3
    found, times = np.unique(file_rows(seed, "a", members, 0.5, most_rows=most), return_counts=True)
    assert found.tolist() == members.tolist()
    assert times.max(initial=1) <= most


def test_the_numbers_of_events_are_equally_likely() -> None:
    rows = file_rows(1, "a", np.arange(20_000), 0.0, most_rows=4)
    shares = np.bincount(np.bincount(rows), minlength=5)[1:] / 20_000
    assert np.abs(shares - 0.25).max() < 4.5 * np.sqrt(0.25 * 0.75 / 20_000)
    other = file_rows(1, "b", np.arange(20_000), 0.0, most_rows=4)
    assert np.bincount(rows).tolist() != np.bincount(other).tolist()


@given(st.integers(2, 600), st.integers(2, 6), shares, st.integers(0, 1 << 62), shares)
def test_pairs_that_are_to_be_apart_are_in_one_file_each(
    people: int, files: int, overlap: float, seed: int, share: float
) -> None:
    """As many as the overlap allows, from the first; overlap and sizes are what they are without."""
    pairs = np.random.default_rng(seed).permutation(people)[: people // 2 * 2].reshape(-1, 2)
    pairs = pairs[: round(len(pairs) * share)]
    members = choose_members(seed, people, files, overlap, [None] * files, apart=pairs)
    inside = np.zeros((files, people), dtype=bool)
    for row, rows in zip(inside, members, strict=True):
        row[rows] = True
    counts = people_by_files(people, files, overlap)
    assert np.bincount(inside.sum(axis=0), minlength=files + 1)[1:].tolist() == counts
    met = pairs[: counts[0] // files]
    assert (inside[:, met].sum(axis=0) == 1).all()
    assert not (inside[:, met[:, 0]] & inside[:, met[:, 1]]).any()
    plain = choose_members(seed, people, files, overlap, [None] * files)
    assert sorted(map(len, members)) == sorted(map(len, plain))
    if not len(pairs):
        assert [rows.tolist() for rows in members] == [rows.tolist() for rows in plain]


def test_pairs_are_refused_where_a_file_covers_people_less_readily() -> None:
    weights = [None, np.full(100, 0.5)]
    with pytest.raises(UsageError, match="families can't be split") as refusal:
        choose_members(1, 100, 2, 0.2, weights, apart=np.array([[0, 1]]))
    assert refusal.value.hint
    choose_members(1, 100, 2, 0.2, weights, apart=np.zeros((0, 2), np.int64))


def test_row_order_tells_nothing_of_the_person() -> None:
    rows = file_rows(1, "a", np.arange(5000), 0.1)
    assert abs(np.corrcoef(rows, np.arange(len(rows)))[0, 1]) < 0.05
    assert rows.tolist() != file_rows(1, "b", np.arange(5000), 0.1).tolist()
