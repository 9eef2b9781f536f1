"""Each way of blocking compares exactly the pairs it says, and scores them as the twin does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_kernels import slow_dice_matrix, slow_dice_scan
from unit_world import as_one, town

from pprl.base.errors import UsageError
from pprl.exchange.encoded.file import EncodedFile
from pprl.unit.blocking import choose, methods
from pprl.unit.blocking.choose import make_blocking
from pprl.unit.blocking.keyed import Keys
from pprl.unit.blocking.keyless import Keyless
from pprl.unit.blocking.lsh import bucket_codes
from pprl.unit.blocking.methods import Agreeing, PackedFile, possible_pairs
from pprl.unit.journal import FolderJournal, Journal, MemoryJournal, Part
from pprl.unit.run.options import MatchOptions
from pprl.unit.run.plan import plan_match
from pprl.unit.weighing.record.scan import SIZES, RecordScan

Draw = Callable[..., np.ndarray]
Make = Callable[..., EncodedFile]
NOBODY = Keyless(records=(), compared=False)  # no record without a key is compared
LOW = 0.001  # every pair that has a bit in common is over it


def side(n: int, keys: np.ndarray | None = None, *, seed: int = 1, words: int = 2) -> PackedFile:
    rng = np.random.default_rng(seed)
    filters = rng.integers(0, 2**64, (n, words), dtype=np.uint64)
    return PackedFile(words=filters, keys=np.zeros((n, 0), np.uint64) if keys is None else keys)


def agreeing(a: PackedFile, b: PackedFile, lowest: float = 0.8) -> Callable[[], Agreeing]:
    """Give what an LSH is planned by: matches that agree on a share of their bits from `lowest` on."""
    none = np.zeros((0, a.words.shape[1]), np.uint64)
    return lambda: Agreeing(
        a=a.words,
        b=b.words,
        one=none,
        other=none,
        probability=np.zeros(0),
        record=np.zeros(0, np.int64),
        share=np.linspace(lowest, 1, 20),
        frequency=np.ones(20),
        lowest=lowest,
        costs=(100.0, 2.5),
    )


def no_agreeing() -> Agreeing:
    raise AssertionError("only an LSH asks how alike matches are")


def scan(
    method: methods.Blocking,
    a: PackedFile,
    b: PackedFile,
    *,
    floor: float = LOW,
    same: bool = False,
    journal: Journal | None = None,
) -> tuple[Part, list[int]]:
    steps: list[float] = []
    part, compared = methods.scan_steps(
        method.steps(a, b, same=same),
        RecordScan(a, b, floor=floor, same=same),
        journal=journal or MemoryJournal(),
        name="scan",
        progress=lambda share, compared, found: steps.append(share),
    )
    assert steps == sorted(steps)
    assert steps[-1] == 1.0
    for column, kind in [("left", np.int64), ("right", np.int64), ("value", np.float64)]:
        assert getattr(part, column).dtype == kind
    places = list(zip(part.left.tolist(), part.right.tolist(), strict=True))
    assert places == sorted(set(places))
    assert part.compared == sum(compared)
    return part, compared


def places_of(scored: Part) -> set[tuple[int, int]]:
    return set(zip(scored.left.tolist(), scored.right.tolist(), strict=True))


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("rows", [5, 1000])
@pytest.mark.parametrize("floor", [LOW, 0.5, 0.6])
def test_exhaustive_compares_every_pair(
    floor: float, rows: int, same: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In steps of any size; of one file, each pair once."""
    monkeypatch.setattr(methods, "BLOCK_ROWS", rows)
    monkeypatch.setattr(methods, "BLOCK_PAIRS", 1)
    a = side(37)
    b = a if same else side(23, seed=2)
    left, right, score = slow_dice_scan(a.words, b.words, threshold=floor, sizes=SIZES, same=same)
    scored, compared = scan(methods.Exhaustive(), a, b, floor=floor, same=same)
    np.testing.assert_array_equal(scored.left, left)
    np.testing.assert_array_equal(scored.right, right)
    np.testing.assert_array_equal(scored.value, score)
    assert sum(compared) == possible_pairs(a, b, same=same)
    assert len(compared) == -(-37 // rows)


@st.composite
def keyed(draw: st.DrawFn) -> tuple[PackedFile, PackedFile]:
    """Two files with few distinct keys, some missing, some at the ends of the range."""
    passes = draw(st.integers(1, 3))
    pool = st.sampled_from([0, 1, 2, 3, 2**31, 2**32 + 1, 2**63, 2**64 - 1])
    sides = []
    for seed in (1, 2):
        n = draw(st.integers(1, 25))
        rows = draw(
            st.lists(st.lists(pool, min_size=passes, max_size=passes), min_size=n, max_size=n)
        )
        sides.append(side(n, np.array(rows, np.uint64), seed=seed))
    return sides[0], sides[1]


@settings(max_examples=80, deadline=None)
@given(keyed(), st.booleans())
def test_keys_compare_exactly_the_pairs_that_share_one(
    drawn: tuple[PackedFile, PackedFile], same: bool
) -> None:
    """In the same pass; a missing key is shared with nobody; a pair of several passes is compared once."""
    a, b = (drawn[0], drawn[0]) if same else drawn
    share = (a.keys[:, None, :] == b.keys[None, :, :]) & (a.keys[:, None, :] != 0)
    if same:
        share &= np.triu(np.ones((len(a), len(b)), bool), 1)[:, :, None]
    method = Keys(NOBODY)
    scored, compared = scan(method, a, b, same=same)
    expected = {(int(i), int(j)) for i, j in np.argwhere(share.any(axis=2))}
    assert places_of(scored) == expected
    matrix = slow_dice_matrix(a.words, b.words, SIZES)
    np.testing.assert_array_equal(scored.value, matrix[scored.left, scored.right])
    assert sum(compared) == len(expected)
    assert len(compared) == a.keys.shape[1]
    assert method.expect(a, b, same=same) == share.sum()


def test_lsh_compares_exactly_the_pairs_that_share_a_bucket(
    make_encoded: Make, draw_files: Draw
) -> None:
    rng = np.random.default_rng(3)
    files = [
        make_encoded(dense, party=party)
        for dense, party in zip(draw_files(rng, [300, 250], 100), "ab", strict=True)
    ]
    sides = [PackedFile.of(file) for file in files]
    method = make_blocking(
        "lsh", files, sides, completeness=0.99, agreeing=agreeing(*sides, lowest=0.72)
    )
    scored, compared = scan(method, *sides, floor=0.3)
    again = make_blocking(
        "lsh", files, sides, completeness=0.99, agreeing=agreeing(*sides, lowest=0.72)
    )
    assert again.describe() == method.describe()
    assert isinstance(method, methods.Lsh)
    codes = [bucket_codes(one.words, method.positions) for one in sides]
    share = (codes[0][:, None, :] == codes[1][None, :, :]).any(axis=2)
    matrix = slow_dice_matrix(sides[0].words, sides[1].words, SIZES)
    assert places_of(scored) == {(int(i), int(j)) for i, j in np.argwhere(share & (matrix >= 0.3))}
    met = (codes[0][:, None, :] == codes[1][None, :, :]).sum(axis=(0, 1))
    assert compared == met.tolist()
    told = method.describe()
    assert len(compared) == told.tables
    assert told.expected_completeness >= 0.99
    assert method.expect(*sides, same=False) > 0
    true = scored.left == scored.right
    assert (true & (scored.left < 100)).sum() >= 95


def test_methods_are_found_by_name(make_encoded: Make, draw_people: Draw) -> None:
    dense = draw_people(np.random.default_rng(1), 20)
    keys = np.ones((20, 1), np.uint64)
    file = make_encoded(dense, keys=keys)
    sides = [PackedFile.of(file)]
    for name, kind in [
        ("exhaustive", methods.Exhaustive),
        ("keys", Keys),
        ("lsh", methods.Lsh),
    ]:
        shown = agreeing(*sides, *sides) if name == "lsh" else no_agreeing
        made = make_blocking(name, [file], sides, completeness=0.99, agreeing=shown)
        assert type(made) is kind
        assert (made.describe() is None) == (name != "lsh")


def test_keys_without_a_pass_are_refused(make_encoded: Make, draw_people: Draw) -> None:
    file = make_encoded(draw_people(np.random.default_rng(1), 20))
    sides = [PackedFile.of(file)]
    with pytest.raises(UsageError, match="no \\[\\[blocking\\]\\] pass"):
        make_blocking("keys", [file], sides, completeness=0.99, agreeing=no_agreeing)


def test_an_unknown_method_is_refused(make_encoded: Make, draw_people: Draw) -> None:
    file = make_encoded(draw_people(np.random.default_rng(1), 20))
    sides = [PackedFile.of(file)]
    with pytest.raises(UsageError, match="blocking must be one of"):
        make_blocking("exhaustiv", [file], sides, completeness=0.99, agreeing=no_agreeing)


@pytest.mark.parametrize("profile", ["record", "fields"])
def test_lsh_of_either_profile_serves_every_pair_of_files(
    make_encoded: Make, draw_people: Draw, profile: str
) -> None:
    """All filters of a record count as one, and the work of all pairs of files is weighed against the tables."""
    rng = np.random.default_rng(4)
    shape = (-1, 1024) if profile == "record" else (-1, 2, 512)
    files = [
        make_encoded(draw_people(rng, n).reshape(shape), party=party)
        for n, party in zip((60, 400, 100), "abc", strict=True)
    ]
    sides = [
        PackedFile(words=file.field_words().reshape(len(file), -1), keys=file.keys)
        for file in files
    ]
    told = make_blocking(
        "lsh", files, sides, completeness=0.99, agreeing=agreeing(*sides[:2])
    ).describe()
    assert told is not None
    assert told.expected_completeness >= 0.99
    assert 0 < told.expected_completeness_at_threshold < told.expected_completeness
    method = make_blocking("lsh", files, sides, completeness=0.99, agreeing=agreeing(*sides[:2]))
    assert isinstance(method, methods.Lsh)
    assert method.positions.shape == (told.tables, told.bits_per_table)
    assert method.positions.max() < sides[0].words.shape[1] * 64
    assert len(method.steps(sides[0], sides[1], same=False)) == told.tables


@pytest.mark.parametrize("profile", ["record", "fields"])
@pytest.mark.parametrize("parties", [1, 2])
def test_what_plans_an_lsh_and_what_checks_it_are_pairs_of_different_records(
    profile: str, parties: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each pair is shown once, and the pairs of one record stand under one number; in one file too."""
    seen: list[Agreeing] = []
    real = choose.plan_lsh

    def noted(shown: Agreeing, **more: Any) -> Any:
        seen.append(shown)
        return real(shown, **more)

    monkeypatch.setattr(choose, "plan_lsh", noted)
    people = town(profile, (400, 300), 250)
    files = (as_one(people) if parties == 1 else people).files
    plan_match(files, MatchOptions(blocking="lsh"))
    (shown,) = seen
    likely = shown.probability > 0.5
    assert likely.sum() > 180
    # Records that no other equals can be told by their filters.
    rows = Counter(row.tobytes() for file in files for row in PackedFile.of(file).words)
    number: dict[bytes, set[int]] = {}
    pairs: Counter[frozenset[bytes]] = Counter()
    for one, other, record in zip(shown.one, shown.other, shown.record.tolist(), strict=True):
        names = one.tobytes(), other.tobytes()
        if rows[names[0]] == rows[names[1]] == 1:
            pairs[frozenset(names)] += 1
            number.setdefault(names[0], set()).add(record)
    assert len(pairs) > 100
    assert set(pairs.values()) == {1}
    assert all(len(numbers) == 1 for numbers in number.values())
    assert len(set.union(*number.values())) == len(number)
    assert 0.35 < (shown.record[likely] % 2).mean() < 0.65


def test_rows_of_a_side_keep_their_filters_and_keys() -> None:
    one = side(9, np.arange(18, dtype=np.uint64).reshape(9, 2))
    rows = np.array([1, 4, 8])
    few = one.take(rows)
    np.testing.assert_array_equal(few.words, one.words[rows])
    np.testing.assert_array_equal(few.keys, one.keys[rows])
    assert one.take(None) is one


@pytest.mark.parametrize("done", [0, 1, 3])
@pytest.mark.parametrize("method", ["exhaustive", "keys"])
def test_a_scan_goes_on_where_it_was_cut_off(
    method: str, done: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps that are done are not done again, and the pairs are those of a scan in one go."""
    monkeypatch.setattr(methods, "BLOCK_ROWS", 10)
    monkeypatch.setattr(methods, "BLOCK_PAIRS", 1)
    keys = np.random.default_rng(5).integers(0, 4, (37, 4)).astype(np.uint64)
    a = side(37, keys)
    how = methods.Exhaustive() if method == "exhaustive" else Keys(NOBODY)
    whole, compared = scan(how, a, a, same=True)
    steps = how.steps(a, a, same=True)
    assert len(steps) == 4
    kernels = RecordScan(a, a, floor=LOW, same=True)
    before = FolderJournal(tmp_path, {"run": 1})
    for step in steps[:done]:
        before.keep(f"scan-{step.name}", step.run(kernels, lambda share: None))
    again = FolderJournal(tmp_path, {"run": 1})
    assert again.resumed == done
    kept: list[str] = []
    real = again.keep

    def noted(name: str, part: Part) -> None:
        kept.append(name)
        real(name, part)

    monkeypatch.setattr(again, "keep", noted)
    rest, counts = scan(how, a, a, same=True, journal=again)
    assert kept == [f"scan-{step.name}" for step in steps[done:]]
    assert counts == compared
    for column in ("left", "right", "value"):
        np.testing.assert_array_equal(getattr(rest, column), getattr(whole, column))
