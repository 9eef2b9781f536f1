"""Each way of blocking compares exactly the pairs it says, and scores them as the twin does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.errors import UsageError
from pprl.exchange.encoded import EncodedFile
from pprl.unit import blocking, reference
from pprl.unit.blocking import Agreeing, Scored, Side, make_blocking, possible_pairs
from pprl.unit.lsh import bucket_codes

Draw = Callable[..., np.ndarray]
Make = Callable[..., EncodedFile]
LOW = 0.001  # every pair that has a bit in common is over it


def side(n: int, keys: np.ndarray | None = None, *, seed: int = 1, words: int = 2) -> Side:
    rng = np.random.default_rng(seed)
    filters = rng.integers(0, 2**64, (n, words), dtype=np.uint64)
    return Side(words=filters, keys=np.zeros((n, 0), np.uint64) if keys is None else keys)


def agreeing(a: Side, b: Side, lowest: float = 0.8) -> Callable[[], Agreeing]:
    """Give what an LSH is planned by: matches that agree on a share of their bits from `lowest` on."""
    shares = np.linspace(lowest, 1, 20)
    return lambda: Agreeing(a=a.words, b=b.words, share=shares, weight=np.ones(20), lowest=lowest)


def no_agreeing() -> Agreeing:
    raise AssertionError("only an LSH asks how alike matches are")


def scan(
    method: blocking.Blocking, a: Side, b: Side, *, floor: float = LOW, same: bool = False
) -> Scored:
    steps: list[float] = []
    scored = method.scan(a, b, floor=floor, same=same, progress=steps.append)
    assert steps == sorted(steps)
    assert steps[-1] == 1.0
    for column, kind in [("left", np.int64), ("right", np.int64), ("score", np.float64)]:
        assert getattr(scored, column).dtype == kind
    places = list(zip(scored.left.tolist(), scored.right.tolist(), strict=True))
    assert places == sorted(set(places))
    return scored


def places_of(scored: Scored) -> set[tuple[int, int]]:
    return set(zip(scored.left.tolist(), scored.right.tolist(), strict=True))


@pytest.mark.parametrize("floor", [LOW, 0.5, 0.6])
def test_exhaustive_compares_every_pair(floor: float) -> None:
    a, b = side(37), side(23, seed=2)
    left, right, score = reference.dice_scan(a.words, b.words, threshold=floor)
    scored = scan(blocking.Exhaustive(), a, b, floor=floor)
    np.testing.assert_array_equal(scored.left, left)
    np.testing.assert_array_equal(scored.right, right)
    np.testing.assert_array_equal(scored.score, score)
    assert scored.compared == [37 * 23]


def test_one_file_is_compared_with_itself_once() -> None:
    a = side(30)
    scored = scan(blocking.Exhaustive(), a, a, same=True)
    assert (scored.left < scored.right).all()
    assert len(scored.left) == scored.compared[0] == possible_pairs(a, a, same=True) == 435


@st.composite
def keyed(draw: st.DrawFn) -> tuple[Side, Side]:
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
    drawn: tuple[Side, Side], same: bool
) -> None:
    """In the same pass; a missing key is shared with nobody; a pair of several passes is compared once."""
    a, b = (drawn[0], drawn[0]) if same else drawn
    share = (a.keys[:, None, :] == b.keys[None, :, :]) & (a.keys[:, None, :] != 0)
    if same:
        share &= np.triu(np.ones((len(a), len(b)), bool), 1)[:, :, None]
    method = blocking.Keys()
    scored = scan(method, a, b, same=same)
    expected = {(int(i), int(j)) for i, j in np.argwhere(share.any(axis=2))}
    assert places_of(scored) == expected
    matrix = reference.dice_matrix(a.words, b.words)
    np.testing.assert_array_equal(scored.score, matrix[scored.left, scored.right])
    assert sum(scored.compared) == len(expected)
    assert len(scored.compared) == a.keys.shape[1]
    assert method.expect(a, b, same=same) == share.sum()


def test_lsh_compares_exactly_the_pairs_that_share_a_bucket(
    make_encoded: Make, draw_files: Draw
) -> None:
    rng = np.random.default_rng(3)
    files = [
        make_encoded(dense, party=party)
        for dense, party in zip(draw_files(rng, [300, 250], 100), "ab", strict=True)
    ]
    sides = [Side.of(file) for file in files]
    method = make_blocking("lsh", files, sides, agreeing=agreeing(*sides, lowest=0.72))
    scored = scan(method, *sides, floor=0.3)
    again = make_blocking("lsh", files, sides, agreeing=agreeing(*sides, lowest=0.72))
    assert again.describe() == method.describe()
    assert isinstance(method, blocking.Lsh)
    codes = [bucket_codes(one.words, method._positions) for one in sides]
    share = (codes[0][:, None, :] == codes[1][None, :, :]).any(axis=2)
    matrix = reference.dice_matrix(sides[0].words, sides[1].words)
    assert places_of(scored) == {(int(i), int(j)) for i, j in np.argwhere(share & (matrix >= 0.3))}
    assert sum(scored.compared) == share.sum()
    told = method.describe()
    assert len(scored.compared) == told["tables"]
    assert told["expected_completeness"] >= 0.99
    assert method.expect(*sides, same=False) > 0
    true = scored.left == scored.right
    assert (true & (scored.left < 100)).sum() >= 95


def test_methods_are_found_by_name(make_encoded: Make, draw_people: Draw) -> None:
    dense = draw_people(np.random.default_rng(1), 20)
    keys = np.ones((20, 1), np.uint64)
    file = make_encoded(dense, keys=keys)
    sides = [Side.of(file)]
    for name, kind in [
        ("exhaustive", blocking.Exhaustive),
        ("keys", blocking.Keys),
        ("lsh", blocking.Lsh),
    ]:
        shown = agreeing(*sides, *sides) if name == "lsh" else no_agreeing
        made = make_blocking(name, [file], sides, agreeing=shown)
        assert type(made) is kind
        assert isinstance(made.describe(), dict)


def test_keys_without_a_pass_are_refused(make_encoded: Make, draw_people: Draw) -> None:
    file = make_encoded(draw_people(np.random.default_rng(1), 20))
    sides = [Side.of(file)]
    with pytest.raises(UsageError, match="no \\[\\[blocking\\]\\] pass"):
        make_blocking("keys", [file], sides, agreeing=no_agreeing)


def test_an_unknown_method_is_refused(make_encoded: Make, draw_people: Draw) -> None:
    file = make_encoded(draw_people(np.random.default_rng(1), 20))
    sides = [Side.of(file)]
    with pytest.raises(UsageError, match="blocking must be one of"):
        make_blocking("exhaustiv", [file], sides, agreeing=no_agreeing)


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
        Side(words=file.field_words().reshape(len(file), -1), keys=file.keys) for file in files
    ]
    told = make_blocking("lsh", files, sides, agreeing=agreeing(*sides[:2])).describe()
    assert told["expected_completeness"] >= 0.99
    meet = 1 - (1 - 0.8 ** told["bits_per_table"]) ** told["tables"]
    assert told["expected_completeness_at_threshold"] == pytest.approx(meet, abs=1e-4)
    method = make_blocking("lsh", files, sides, agreeing=agreeing(*sides[:2]))
    assert isinstance(method, blocking.Lsh)
    codes = method.codes(sides[0], sides[1], same=False)
    assert codes[0].shape == (60, told["tables"])
    assert codes[1].shape == (400, told["tables"])


def test_rows_of_a_side_keep_their_filters_and_keys() -> None:
    one = side(9, np.arange(18, dtype=np.uint64).reshape(9, 2))
    rows = np.array([1, 4, 8])
    few = one.take(rows)
    np.testing.assert_array_equal(few.words, one.words[rows])
    np.testing.assert_array_equal(few.keys, one.keys[rows])
    assert one.take(None) is one
