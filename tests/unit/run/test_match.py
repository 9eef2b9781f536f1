"""From encoded files to links: the tables agree with each other, with run.json and with the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from links_checks import (
    KEY_COLUMNS,
    as_keys,
    as_links,
    hold_consistent,
    row_of,
    similarities_over,
    true_share,
)

from pprl.base.errors import DataError, MismatchError, UsageError
from pprl.exchange.encoded.file import EncodedFile
from pprl.unit.run import results
from pprl.unit.run.job import match
from pprl.unit.run.match import run_match
from pprl.unit.run.options import MatchOptions
from pprl.unit.run.plan import plan_match
from pprl.unit.weighing.model import ExpectedMatches
from pprl.unit.weighing.record.model import RecordModel, RecordPlannedScan

Draw = Callable[..., Any]
Make = Callable[..., EncodedFile]


@pytest.fixture(scope="session")
def make_files(make_encoded: Make, draw_files: Draw) -> Callable[..., list[EncodedFile]]:
    """Give a function that makes encoded files; the first ``common`` records of each are the same people."""

    def make(sizes: list[int], common: int, *, seed: int = 1, **entries: Any) -> list[EncodedFile]:
        dense = draw_files(np.random.default_rng(seed), sizes, common)
        return [
            make_encoded(one, party=party, **entries)
            for one, party in zip(dense, "abcdefgh", strict=False)
        ]

    return make


@pytest.mark.parametrize("blocking", ["exhaustive", "lsh"])
def test_two_files_are_linked(make_files: Draw, blocking: Any) -> None:
    files = make_files([400, 300], 150)
    links = match(files, MatchOptions(blocking=blocking, sample=5000))
    hold_consistent(links, files)
    true, found = true_share(links)
    assert true >= 145
    assert found - true <= 3
    assert links.run.threshold.method == "auto"
    assert links.run.parameters.threshold == "auto"
    assert links.run.parameters.blocking == blocking
    assert links.run.parameters.sample == 5000
    alike = links.run.counts.pairs_like_household
    assert alike == (links.pairs["score"] < links.run.threshold.household_similarity + 0.06).sum()
    assert len(links.run.warnings) == (alike > 0)
    assert (links.run.counts.reduction_ratio > 0) == (blocking == "lsh")


def test_keyed_blocking_compares_records_of_one_key(make_encoded: Make, draw_files: Draw) -> None:
    """And those without a key with everybody."""
    rng = np.random.default_rng(2)
    dense = draw_files(rng, [300, 300], 200)
    keys = [np.arange(300, dtype=np.uint64)[:, None] % 40 + 1 for _ in dense]
    keys[1][:20] = 0
    files = [
        make_encoded(one, party=party, keys=key)
        for one, party, key in zip(dense, "ab", keys, strict=True)
    ]
    links = match(files, MatchOptions(blocking="keys"))
    hold_consistent(links, files)
    shared = int(((keys[0] == keys[1].T) & (keys[0] != 0)).sum())
    assert links.run.counts.pairs_compared == shared + 20 * 300
    true, found = true_share(links)
    assert 190 <= true <= 200
    assert found - true <= 3


def test_same_input_gives_the_same_links(make_files: Draw) -> None:
    files = make_files([200, 200], 80)
    one, other = match(files), match(files)
    for name in ("links", "pairs", "near"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    drop = {"timings_s", "memory_peak_mib"}
    assert one.run.model_dump(exclude=drop) == other.run.model_dump(exclude=drop)


def test_order_of_the_files_does_not_matter(make_files: Draw) -> None:
    files = make_files([200, 300], 80)
    one, other = match(files), match(files[::-1])
    assert as_links(one) == as_links(other)
    assert one.threshold == other.threshold


@pytest.mark.parametrize("assign", ["one-to-one", "many-to-many"])
def test_three_files_are_linked_together(make_files: Draw, assign: Any) -> None:
    files = make_files([150, 200, 120], 60, seed=3)
    links = match(files, MatchOptions(assign=assign))
    hold_consistent(links, files)
    groups = as_links(links)
    if assign == "one-to-one":
        assert all(len({party for party, _ in group}) == len(group) for group in groups)
    whole = sum(
        len(group) == 3 and len({row_of(pseudonym) for _, pseudonym in group}) == 1
        for group in groups
    )
    assert whole >= 55


def test_four_files_keep_one_record_a_file(make_files: Draw) -> None:
    """At a threshold so low that everybody is like everybody, too."""
    files = make_files([40, 30, 20, 10], 10, seed=4)
    links = match(files, MatchOptions(threshold=0.4))
    hold_consistent(links, files)
    for group in as_links(links):
        assert len({party for party, _ in group}) == len(group)


def test_one_file_is_searched_for_duplicates(
    make_encoded: Make, draw_people: Draw, draw_copies: Draw
) -> None:
    rng = np.random.default_rng(5)
    people = draw_people(rng, 500)
    dense = np.concatenate([people, draw_copies(rng, people[:50], np.full(50, 0.2))])
    file = make_encoded(dense)
    links = match([file])
    hold_consistent(links, [file])
    pairs = {
        (row_of(a), row_of(b))
        for a, b in zip(links.pairs["pseudonym_a"], links.pairs["pseudonym_b"], strict=True)
    }
    assert len(pairs & {(i, 500 + i) for i in range(50)}) >= 49
    assert len(pairs) <= 53
    assert links.run.parameters.assign == "many-to-many"


def test_link_ids_that_would_collide_are_told_apart() -> None:
    """Equal digests stand for the worst case; the same digests give the same numbers again."""
    digests = [bytes(32), bytes(32), b"a" * 32, bytes(32)]
    ids = results._link_ids(digests)
    assert len(set(ids)) == 4
    assert all(0 < number < 10**15 for number in ids)
    assert ids == results._link_ids(digests)


def test_three_copies_of_one_record_share_a_link(make_encoded: Make, draw_people: Draw) -> None:
    dense = draw_people(np.random.default_rng(6), 100)
    dense[[40, 70]] = dense[10]
    links = match([make_encoded(dense)], MatchOptions(threshold=1.0))
    assert [row_of(p) for p in links.links["pseudonym"]] == [10, 40, 70]
    assert links.links["link_id"].nunique() == 1
    assert len(links.pairs) == 3


def test_given_threshold_is_used_and_told(make_files: Draw) -> None:
    files = make_files([100, 100], 50)
    links = match(files, MatchOptions(threshold=0.9))
    hold_consistent(links, files)
    assert links.threshold == 0.9
    assert links.run.threshold.method == "given"
    assert links.run.parameters.threshold == 0.9
    assert links.run.threshold.floor == pytest.approx(0.85, abs=0.001)


def test_agreement_decides_where_the_operator_does_not(make_files: Draw) -> None:
    files = make_files(
        [100, 100],
        50,
        matching={"threshold": 0.85, "blocking": "lsh", "assign": "many-to-many"},
    )
    run = match(files).run
    assert (run.threshold.value, run.threshold.method) == (0.85, "given")
    assert run.parameters.blocking == "lsh"
    assert run.parameters.assign == "many-to-many"
    options = MatchOptions(threshold="auto", blocking="exhaustive", assign="one-to-one")
    run = match(files, options).run
    assert run.threshold.method == "auto"
    assert run.parameters.blocking == "exhaustive"
    assert run.parameters.assign == "one-to-one"


def planted(make_encoded: Make, common: int, own: int) -> list[EncodedFile]:
    """Two files of one record; the similarity is ``4 common / (4 common + own)`` exactly."""
    dense = np.zeros((2, 256), bool)
    dense[:, :common] = True
    dense[1, common : common + own] = True
    return [make_encoded(dense[at : at + 1], party=party) for at, party in enumerate("ab")]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 120), st.integers(0, 120))
def test_pairs_exactly_at_the_threshold_are_kept(make_encoded: Make, common: int, own: int) -> None:
    """Whatever the rounding: the threshold is the very score, as a reader of run.json would enter it."""
    score = 4 * common / (4 * common + own)
    files = planted(make_encoded, common, own)
    assert match(files, MatchOptions(threshold=score)).pairs["score"].tolist() == [score]
    above = float(np.nextafter(score, 2))
    if above <= 1:
        links = match(files, MatchOptions(threshold=above))
        assert len(links.pairs) == 0
        if above > links.run.threshold.floor:
            assert links.near["score"].tolist() == [score]


@pytest.mark.parametrize("assign", ["one-to-one", "one-to-many", "many-to-many"])
def test_assignment_rules(make_files: Draw, assign: Any) -> None:
    files = make_files([60, 80], 30)
    links = match(files, MatchOptions(threshold=0.42, assign=assign))
    hold_consistent(links, files)
    a, b = links.pairs["pseudonym_a"], links.pairs["pseudonym_b"]
    assert b.is_unique == (assign != "many-to-many")
    assert a.is_unique == (assign == "one-to-one")
    if assign == "many-to-many":
        assert (links.near["score"] < links.threshold).all()


def test_given_threshold_is_not_blamed_on_the_estimate(make_files: Draw) -> None:
    files = make_files([300, 300], 0, seed=7)
    links = match(files, MatchOptions(threshold=0.9))
    assert not any("nobody in common" in warning for warning in links.run.warnings)


@pytest.mark.parametrize("threshold", [0.42, 0.45])
def test_threshold_among_chance_pairs_is_warned_of(make_files: Draw, threshold: float) -> None:
    files = make_files([300, 300], 50, seed=8)
    warned = match(files, MatchOptions(threshold=threshold)).run.warnings
    assert any("expected to be wrong" in warning for warning in warned)


def test_an_earlier_pass_takes_no_pair_that_the_given_threshold_refuses(
    make_encoded: Make, draw_people: Draw, draw_copies: Draw
) -> None:
    """However likely the pair is: its records are free for better partners, whom the next pass finds.

    Here 40 people share their key with a poor copy of theirs, which is likely to be them, and not with the good one.
    """
    rng = np.random.default_rng(10)
    people = draw_people(rng, 300)
    good = draw_copies(rng, people[:200], np.full(200, 0.02))
    poor = draw_copies(rng, people[:40], np.full(40, 0.2))
    keys = [
        np.arange(1, 301, dtype=np.uint64)[:, None],
        np.arange(1, 241, dtype=np.uint64)[:, None],
    ]
    keys[1][:40], keys[1][200:] = keys[0][200:240], keys[0][:40]
    files = [
        make_encoded(dense, party=party, keys=key)
        for dense, party, key in zip(
            (people, np.concatenate([good, poor])), "ab", keys, strict=True
        )
    ]
    alone = match(files, MatchOptions(blocking="keys")).pairs
    assert (alone.loc[alone["score"] < 0.94, "probability"] >= 0.9).sum() > 20
    links = match(files, MatchOptions(blocking="keys,exhaustive", threshold=0.94))
    hold_consistent(links, files)
    assert true_share(links) == (200, 200)
    first, second = links.run.counts.passes
    assert (first.links, second.links) == (160, 40)
    assert second.pairs_compared == (300 - 160) * (240 - 160)


def test_an_earlier_pass_takes_what_it_is_sure_of_only(
    make_encoded: Make, draw_people: Draw, draw_copies: Draw
) -> None:
    """Records of its doubtful pairs are compared again: here they have better partners, with other keys."""
    rng = np.random.default_rng(11)
    people = draw_people(rng, 300)
    good = draw_copies(rng, people[:200], np.full(200, 0.05))
    poor = draw_copies(rng, people[:60], np.linspace(0.3, 0.7, 60))
    keys = [
        np.arange(1, 301, dtype=np.uint64)[:, None],
        np.arange(1, 261, dtype=np.uint64)[:, None],
    ]
    keys[1][:60], keys[1][200:] = keys[0][200:260], keys[0][:60]
    files = [
        make_encoded(dense, party=party, keys=key)
        for dense, party, key in zip(
            (people, np.concatenate([good, poor])), "ab", keys, strict=True
        )
    ]
    alone = match(files, MatchOptions(blocking="keys")).pairs
    own = alone["pseudonym_a"].map(row_of)
    doubtful = set(own[alone["probability"].between(0.5, 0.85)])
    sure = set(own[alone["probability"] > 0.95])
    assert len(doubtful) >= 5
    links = match(files, MatchOptions(blocking="keys,exhaustive"))
    hold_consistent(links, files)
    first, _ = links.run.counts.passes
    assert len(sure) <= first.links < len(alone) - len(doubtful) + 1
    found = dict(zip(*(links.pairs[f"pseudonym_{at}"].map(row_of) for at in "ab"), strict=True))
    assert {row: found[row] for row in doubtful} == {row: row for row in doubtful}


def chain(make_encoded: Make, apart: int) -> list[EncodedFile]:
    """One record in each of three files: a and b are 0.78 alike, b and c ``1 - apart / 100``, a and c least."""
    dense = np.zeros((3, 256), bool)
    for row, start in enumerate((0, 22, 22 + apart)):
        dense[row, start : start + 100] = True
    return [make_encoded(dense[at : at + 1], party=party) for at, party in enumerate("abc")]


def test_one_likely_pair_does_not_make_two_people_one(
    make_encoded: Make, draw_people: Draw, draw_copies: Draw
) -> None:
    """Among the duplicates of one file: three copies of each, and a record of each that is a third the other's."""
    rng = np.random.default_rng(1)
    people = draw_people(rng, 300)
    copies = draw_copies(rng, people[:2].repeat(3, axis=0), np.full(6, 0.08))
    between = people[:2].copy()
    differ = np.flatnonzero(people[0] != people[1])
    for row, other in ((0, 1), (1, 0)):
        taken = rng.permutation(differ)[: round(0.3 * len(differ))]
        between[row, taken] = people[other, taken]
    file = make_encoded(np.concatenate([people[2:], copies, between]))
    links = match(file)
    hold_consistent(links, [file])
    found = {frozenset(row_of(name) - 298 for _, name in group) for group in as_links(links)}
    assert found == {frozenset({0, 1, 2, 6}), frozenset({3, 4, 5, 7})}
    near = links.near[links.near["probability"] > 0.5]
    assert [(row_of(a), row_of(b)) for _, a, _, b in as_keys(near)] == [(304, 305)]


@pytest.mark.parametrize(("apart", "joined"), [(39, False), (34, False), (26, True), (24, True)])
def test_a_third_record_needs_more_than_one_weak_pair_to_join_a_link(
    make_encoded: Make, apart: int, joined: bool
) -> None:
    """Over a threshold of 0.6 and unlike the other member: a pair of 0.66 is too little, one of 0.74 enough."""
    files = chain(make_encoded, apart)
    links = match(files, MatchOptions(threshold=0.6))
    hold_consistent(links, files)
    assert links.run.counts.pairs_over_threshold == 2
    assert [len(members) for members in as_links(links)] == [3 if joined else 2]
    assert len(links.pairs) == (2 if joined else 1)
    assert len(links.near) == 2 - len(links.pairs)


@pytest.mark.parametrize("sizes", [[150, 200], [150, 100, 50]])
@pytest.mark.parametrize("threshold", [0.4, 0.45, 0.5, 0.7])
def test_no_pair_over_a_given_threshold_is_lost(
    make_files: Draw, sizes: list[int], threshold: float
) -> None:
    """However many there are by chance; and those just below it are kept for the statistician."""
    files = make_files(sizes, 40, seed=9)
    links = match(files, MatchOptions(threshold=threshold, assign="many-to-many"))
    hold_consistent(links, files)
    expected = similarities_over(files, threshold)
    assert links.run.counts.pairs_over_threshold == expected
    if len(files) == 2:
        assert len(links.pairs) == expected
    floor = links.run.threshold.floor
    assert floor == pytest.approx(threshold - 0.05)
    assert len(links.pairs) + len(links.near) == similarities_over(files, floor)


def test_files_too_small_for_an_estimate_are_linked_and_warned_of(make_files: Draw) -> None:
    files = make_files([3, 4], 2)
    links = match(files)
    hold_consistent(links, files)
    assert links.threshold == pytest.approx(0.8, abs=0.02)
    assert links.run.threshold.basis == "customary"
    assert any("too small" in warning for warning in links.run.warnings)


def test_one_record_alone(make_encoded: Make, draw_people: Draw) -> None:
    file = make_encoded(draw_people(np.random.default_rng(9), 1))
    links = match([file])
    hold_consistent(links, [file])
    assert len(links.links) == 0


def test_empty_filters_are_linked_to_nobody(make_encoded: Make) -> None:
    files = [make_encoded(np.zeros((n, 128), bool), party=p) for n, p in [(30, "a"), (20, "b")]]
    links = match(files)
    hold_consistent(links, files)
    assert len(links.links) == 0


def test_empty_file_is_refused(make_encoded: Make, draw_people: Draw) -> None:
    dense = draw_people(np.random.default_rng(9), 5)
    files = [make_encoded(dense), make_encoded(dense[:0], party="b")]
    with pytest.raises(DataError, match=r"b\.parquet holds no records"):
        match(files)
    with pytest.raises(DataError, match=r"a\.parquet holds no records"):
        match([make_encoded(dense[:0]), files[1]])


def test_files_that_do_not_go_together_are_refused(make_encoded: Make, draw_people: Draw) -> None:
    dense = draw_people(np.random.default_rng(9), 5)
    with pytest.raises(MismatchError):
        match([make_encoded(dense), make_encoded(dense[1:], party="b", project="x")])


@pytest.mark.parametrize(
    "options",
    [
        {"threshold": 0},
        {"threshold": -0.1},
        {"threshold": 1.0001},
        {"threshold": float("nan")},
        {"threshold": True},
        {"threshold": "0.8"},
        {"threshold": "automatic"},
        {"blocking": "none"},
        {"blocking": "LSH"},
        {"assign": "one-to-none"},
        {"assign": "1:1"},
        {"sample": 0},
    ],
)
def test_options_that_are_none_are_refused(options: dict[str, Any]) -> None:
    """Nothing that is no choice passes silently for one."""
    with pytest.raises(UsageError):
        MatchOptions(**options)


@pytest.mark.parametrize("threshold", [1, 0.8, np.float64(0.8), np.float32(0.5), "auto", None])
def test_thresholds_of_any_number_type_are_taken(make_files: Draw, threshold: Any) -> None:
    plan_match(make_files([20, 20], 5), MatchOptions(threshold=threshold))


def test_options_that_contradict_the_files_are_refused(make_files: Draw) -> None:
    files = make_files([20, 20, 20], 5)
    for given_files, options in [
        (files[:1], MatchOptions(assign="one-to-one")),
        (files, MatchOptions(assign="one-to-many")),
        (files[:2], MatchOptions(blocking="keys")),
    ]:
        with pytest.raises(UsageError):
            match(given_files, options)


def test_threshold_that_would_fill_the_memory_is_refused(
    make_files: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the scan, from the estimate; the pairs down to the floor count."""
    files = make_files([300, 300], 50)
    monkeypatch.setattr("pprl.unit.run.memory._BASE", 0)
    memory = (
        5000 * 200 + 600 * (120 + 64) + sum(f.filters.nbytes + f.pseudonyms.nbytes for f in files)
    )
    for threshold in (0.05, 0.3, 0.4):
        with pytest.raises(DataError, match="pairs would be kept") as caught:
            plan_match(files, MatchOptions(threshold=threshold, memory=memory))
        assert f"{threshold:.2f}" in caught.value.problem
    plan_match(files, MatchOptions(threshold=0.6, memory=memory))
    plan_match(files, MatchOptions(threshold="auto", memory=memory))


def test_the_memory_ends_a_run_that_finds_more_than_was_planned(make_files: Draw) -> None:
    """However the pairs are spread over the files, before they have filled it."""
    files = make_files([100, 100, 100], 50)
    told = plan_match(files, MatchOptions(threshold=0.6))
    kept = match(files, MatchOptions(threshold=0.6))
    found = len(kept.pairs) + len(kept.near)
    assert len(run_match(replace(told, most_pairs=found)).pairs) == len(kept.pairs)
    with pytest.raises(DataError, match=f"^{found} pairs were found so far, more than fit"):
        run_match(replace(told, most_pairs=found - 1))


def test_what_is_not_known_of_the_matches_widens_the_recall(
    make_files: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The least and the most that there may be of them between any two files, beside their expected number."""
    files = make_files([300, 300, 300], 100)
    n = {pair: expected.number for pair, expected in plan_match(files).model.matches.items()}
    some = {pair: ExpectedMatches(n[pair], n[pair], n[pair]) for pair in n}
    many = {pair: ExpectedMatches(n[pair], n[pair], n[pair] + 50) for pair in n}
    few = {pair: ExpectedMatches(n[pair], n[pair] - 20, n[pair]) for pair in n}
    monkeypatch.setattr(RecordPlannedScan, "unlisted", lambda self, a, b: 30.0)

    def quality(matches: dict[tuple[int, int], ExpectedMatches]) -> dict[str, float]:
        monkeypatch.setattr(RecordModel, "matches", matches)
        told = match(files).expected_quality
        assert told is not None
        return told.model_dump()

    plain, more, less = (quality(matches) for matches in (some, many, few))
    assert more["recall_low"] < plain["recall_low"] - 0.1
    assert {**more, "recall_low": 0} == {**plain, "recall_low": 0}
    assert less["recall_high"] > plain["recall_high"] + 0.02
    assert {**less, "recall_high": 0} == {**plain, "recall_high": 0}


def test_matches_that_no_pair_shows_are_reckoned_with(
    make_files: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the number of matches, over all files; and in a pair's probability, whose records may have them."""
    files = make_files([300, 300, 300], 100)
    found = {}
    for share in (0.0, 0.3, 0.6):
        monkeypatch.setattr(
            RecordPlannedScan,
            "unlisted",
            lambda self, a, b, share=share: share * self.model.matches[a, b].number,
        )
        links = match(files)
        every = pd.concat([links.pairs, links.near])
        expected = sum(entry.matches or 0.0 for entry in links.run.threshold.by_files)
        assert links.expected_quality is not None
        beyond = links.expected_quality.matches - every["probability"].sum()
        assert beyond == pytest.approx(share * expected, abs=3)
        found[share] = every.set_index(KEY_COLUMNS)["probability"]
    some, most = (found[share].reindex(found[0.0].index) for share in (0.3, 0.6))
    both = most.notna() & some.notna() & (found[0.0] < 1 - 1e-6)
    assert both.sum() >= 5
    assert (some < found[0.0])[both].all()
    assert (most < some)[both].all()


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=4),
    st.sampled_from([64, 70, 129]),
    st.sampled_from([0.2, 0.5, 0.8, 1.0, "auto"]),
    st.sampled_from(["one-to-one", "many-to-many"]),
    st.sampled_from(["exhaustive", "lsh"]),
    st.integers(0, 2**32 - 1),
)
def test_any_small_files_give_a_consistent_result(
    make_encoded: Make,
    sizes: list[int],
    bits: int,
    threshold: Any,
    assign: Any,
    blocking: Any,
    seed: int,
) -> None:
    """Empty, full and equal filters among them."""
    rng = np.random.default_rng(seed)
    files = []
    for n, party in zip(sizes, "abcd", strict=False):
        dense = rng.random((n, bits)) < rng.choice([0.0, 0.1, 0.4, 1.0], (n, 1))
        files.append(make_encoded(dense[rng.integers(0, n, n)], party=party))
    rule = None if len(files) == 1 else assign
    options = MatchOptions(threshold=threshold, assign=rule, blocking=blocking)
    hold_consistent(match(files, options), files)


NAMES = [
    {"name": "given_name", "type": "given-name", "budget": 200},
    {"name": "surname", "type": "surname", "budget": 120},
    {"name": "born", "type": "date", "budget": 200},
]
"""Fields by which twins can be told from copies."""


def with_copies(
    make_encoded: Make, draw_files: Draw, draw_copies: Draw, *, files: int = 2
) -> list[EncodedFile]:
    """Files of 300 records, 150 people in all of them; the first 20 are twice in the second file, at its end."""
    rng = np.random.default_rng(7)
    dense = draw_files(rng, [300] * files, 150, noise=0.05)
    again = draw_copies(rng, dense[1][:20], np.full(20, 0.03))
    dense[1] = np.concatenate([dense[1], again])
    return [
        make_encoded(one, party=party, field=NAMES)
        for one, party in zip(dense, "abc", strict=False)
    ]


def partners(links: Any, party: str = "b") -> dict[int, set[int]]:
    """Record of a -> its partners in another file."""
    found: dict[int, set[int]] = {}
    for group in as_links(links):
        of_a = [row_of(name) for own, name in group if own == "a"]
        others = {row_of(name) for own, name in group if own == party}
        found |= dict.fromkeys(of_a, others)
    return found


@pytest.mark.parametrize("files", [2, 3])
@pytest.mark.parametrize("order", [1, -1])
def test_people_are_linked_with_all_of_their_copies(
    make_encoded: Make, draw_files: Draw, draw_copies: Draw, files: int, order: int
) -> None:
    """In any order of the files; how many there are is counted."""
    world = with_copies(make_encoded, draw_files, draw_copies, files=files)
    links = match(world[::order], MatchOptions(assign="people"))
    hold_consistent(links, world[::order])
    found = partners(links)
    assert sum(found.get(row, set()) == {row, 300 + row} for row in range(20)) >= 19
    copies = links.run.counts.copies
    assert copies is not None
    assert 19 <= copies.people <= 21
    assert copies.records["b"] == copies.people
    assert copies.records["a"] == 0
    assert 5 <= copies.rescued <= copies.people


def test_one_to_one_links_the_better_copy_and_tells_of_the_other(
    make_encoded: Make, draw_files: Draw, draw_copies: Draw
) -> None:
    world = with_copies(make_encoded, draw_files, draw_copies)
    links = match(world, MatchOptions(assign="one-to-one"))
    found = partners(links)
    assert sum(bool(found.get(row, set()) & {row, 300 + row}) for row in range(20)) >= 19
    assert all(len(others) <= 1 for others in found.values())
    copies = links.run.counts.copies
    assert copies is not None
    assert copies.records["b"] >= 19


def test_people_without_copies_are_linked_as_records_are(make_files: Draw) -> None:
    files = make_files([400, 300], 150)
    people, records = (match(files, MatchOptions(assign=rule)) for rule in ("people", "one-to-one"))
    assert as_links(people) == as_links(records)
    assert people.run.counts.copies == records.run.counts.copies
    assert people.run.counts.copies is not None
    assert people.run.counts.copies.people == 0


def test_a_file_added_later_joins_people_and_leaves_their_ids(
    make_encoded: Make, draw_files: Draw, draw_copies: Draw
) -> None:
    world = with_copies(make_encoded, draw_files, draw_copies, files=3)
    before = match(world[:2], MatchOptions(assign="people"))
    after = match(world, MatchOptions(assign="people"), earlier=before)
    old, new = (
        {(r.party, r.pseudonym): r.link_id for r in links.links.itertuples()}
        for links in (before, after)
    )
    assert {name: new[name] for name in old} == old
    found = partners(after, "c")
    assert sum(found.get(row) == {row} for row in range(20)) >= 19


def test_an_event_file_is_no_reason_for_warnings_under_one_to_many(
    make_encoded: Make, draw_files: Draw, draw_copies: Draw
) -> None:
    """Each person of the second file stands in it three times."""
    rng = np.random.default_rng(8)
    one, other = draw_files(rng, [300, 250], 150, noise=0.05)
    events = np.concatenate([draw_copies(rng, other, np.full(250, 0.03)) for _ in range(3)])
    files = [
        make_encoded(dense, party=party, field=NAMES)
        for dense, party in zip((one, events), "ab", strict=True)
    ]
    links = match(files, MatchOptions(assign="one-to-many"))
    hold_consistent(links, files)
    assert links.expected_quality is not None
    assert not [w for w in links.run.warnings if "several times" in w or "don't use" in w]
    found = partners(links)
    assert sum(found.get(row, set()) == {row, 250 + row, 500 + row} for row in range(150)) >= 145


def test_a_person_with_copies_in_two_files_counts_once(
    make_encoded: Make, draw_files: Draw, draw_copies: Draw
) -> None:
    """Their further records are counted in each file."""
    rng = np.random.default_rng(9)
    dense = draw_files(rng, [300, 300, 300], 150, noise=0.05)
    for at in (1, 2):
        again = draw_copies(rng, dense[at][:20], np.full(20, 0.03))
        dense[at] = np.concatenate([dense[at], again])
    files = [
        make_encoded(one, party=party, field=NAMES) for one, party in zip(dense, "abc", strict=True)
    ]
    for rule in ("people", "one-to-one"):
        copies = match(files, MatchOptions(assign=rule)).run.counts.copies
        assert copies is not None
        assert 19 <= copies.people <= 21
        assert 19 <= copies.records["b"] <= 21
        assert 19 <= copies.records["c"] <= 21
        assert copies.rescued <= copies.people
