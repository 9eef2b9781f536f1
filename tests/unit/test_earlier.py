"""A file that is added to an earlier run changes no link that was given out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from links_checks import as_keys, by_id, hold_tables, row_of
from unit_world import Town, town

import pprl
from pprl.errors import MismatchError, UsageError
from pprl.exchange.encoded import EncodedFile, pseudonym_text
from pprl.exchange.links import Links, read_links, write_links
from pprl.unit.earlier import check_earlier, earlier_clusters
from pprl.unit.match import MatchOptions, match, plan_match

Draw = Callable[..., Any]
Make = Callable[..., EncodedFile]
PROFILES = ["record", "fields"]


@pytest.fixture(params=PROFILES)
def people(request: pytest.FixtureRequest) -> Town:
    """Three files of which 300 people are in each."""
    return town(request.param, (700, 600, 500), 300)


def hold_kept(before: Links, after: Links) -> None:
    """Every link of before is there, with its id and its members, and maybe more of them."""
    old, new = by_id(before), by_id(after)
    assert set(old) <= set(new)
    for number, members in old.items():
        assert members <= new[number]
    assert set(as_keys(before.pairs)) <= set(as_keys(after.pairs))
    assert set(as_keys(before.near)) <= set(as_keys(after.near))


def test_links_that_were_given_out_stay(people: Town) -> None:
    """They gain the new file's records; whoever was in no link gets a new id."""
    before = match(people.files[:2])
    after = match(people.files, earlier=before)
    hold_kept(before, after)
    hold_tables(after, people.files)
    gained = [
        new - by_id(before)[number]
        for number, new in by_id(after).items()
        if number in by_id(before)
    ]
    assert {party for members in gained for party, _ in members} == {"c"}
    assert sum(bool(members) for members in gained) > 250
    assert after.run["parameters"]["extends"] == ["a", "b"]
    assert people.measures(after)[2] > 0.93
    for members in by_id(after).values():
        assert len({party for party, _ in members}) == len(members)


def test_what_the_earlier_run_compared_is_not_compared_again(people: Town) -> None:
    before = match(people.files[:2])
    after = match(people.files, earlier=before)
    assert after.run["counts"]["pairs_compared"] == (700 + 600) * 500
    assert plan_match(people.files, earlier=before).pairs_of_files() == [(0, 2), (1, 2)]


def test_the_result_is_about_that_of_linking_all_at_once(people: Town) -> None:
    whole = people.measures(match(people.files))[2]
    after = match(people.files, earlier=match(people.files[:2]))
    assert people.measures(after)[2] > whole - 0.02


def test_files_come_in_any_order_and_one_after_another(people: Town) -> None:
    """The new file may stand first, and a fourth may follow a third."""
    a, b, c = people.files
    first = match([c, b])
    second = match([a, b, c], earlier=first)
    hold_kept(first, second)
    assert second.parties == ["a", "b", "c"]
    again = match([a, b, c], earlier=first)
    assert by_id(again) == by_id(second)


def test_an_extended_run_survives_its_folder(people: Town, tmp_path: Path) -> None:
    """And can be extended from there, as the command does."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    write_links(match(people.files[:2]), tmp_path / "one")
    after = pprl.match(people.files, earlier=read_links(tmp_path / "one"))
    write_links(after, tmp_path / "two")
    read = read_links(tmp_path / "two")
    assert by_id(read) == by_id(after)
    hold_kept(read_links(tmp_path / "one"), read)


def test_a_file_of_strangers_changes_nothing(make_encoded: Make, draw_files: Draw) -> None:
    rng = np.random.default_rng(1)
    dense = draw_files(rng, [200, 200], 100)
    files = [make_encoded(one, party=party) for one, party in zip(dense, "ab", strict=True)]
    before = match(files)
    strangers = make_encoded(draw_files(rng, [150], 0)[0], party="c")
    after = match([*files, strangers], earlier=before)
    assert len(after.links) - len(before.links) <= 2
    hold_kept(before, after)


def test_two_links_of_the_earlier_run_are_never_merged(
    make_encoded: Make, draw_people: Draw, draw_copies: Draw
) -> None:
    """Even where a later, looser rule would make one of them; a new record joins one of the two."""
    rng = np.random.default_rng(2)
    dense = draw_people(rng, 60)
    dense[1] = draw_copies(rng, dense[:1], np.array([0.25]))[0]
    files = [make_encoded(dense[:40], party=party) for party in "ab"]
    before = match(files, MatchOptions(threshold=0.95, assign="many-to-many"))
    twins = {n for n, members in by_id(before).items() if rows_of(members) & {0, 1}}
    assert len(twins) == 2
    between = draw_copies(rng, dense[:2], np.full(2, 0.1))[:1]
    third = make_encoded(np.concatenate([between, dense[5:30]]), party="c")
    loose = MatchOptions(threshold=0.6, assign="many-to-many")
    whole = match([*files, third], loose)
    assert any(rows_of(members) >= {0, 1} for members in by_id(whole).values())
    after = match([*files, third], loose, earlier=before)
    hold_kept(before, after)
    sizes = sorted(len(by_id(after)[n]) for n in twins)
    assert sizes == [2, 3]
    assert sum(len(members) == 3 for members in by_id(after).values()) == 26


def rows_of(members: frozenset[tuple[str, str]]) -> set[int]:
    return {row_of(pseudonym) for party, pseudonym in members if party != "c"}


def test_clusters_bear_the_ids_that_were_given_out(people: Town) -> None:
    before = match(people.files[:2])
    cluster, ids = earlier_clusters(before, people.files)
    assert len(cluster) == 1800
    assert (cluster[1300:] == -1).all()
    names = [
        (file.party, text) for file in people.files for text in pseudonym_text(file.pseudonyms)
    ]
    for number, members in by_id(before).items():
        held = [at for at, name in enumerate(names) if name in members]
        assert set(cluster[held]) == {min(held)}
        assert ids[min(held)] == number
    assert (cluster >= 0).sum() == len(before.links)
    assert len(ids) == len(by_id(before))


def test_what_can_t_be_extended_is_refused(make_encoded: Make, draw_files: Draw) -> None:
    """Each with its reason, before anything is compared."""
    rng = np.random.default_rng(3)
    dense = draw_files(rng, [60, 50, 40], 20)
    a, b, c = (make_encoded(one, party=party) for one, party in zip(dense, "abc", strict=True))
    before = match([a, b])
    other = make_encoded(draw_files(rng, [60], 0)[0], party="a")
    foreign = [
        make_encoded(one, party=party, project="other")
        for one, party in zip(dense, "abc", strict=True)
    ]
    with pytest.raises(UsageError, match="no file is new"):
        match([a, b], earlier=before)
    with pytest.raises(MismatchError, match="file of b, which is not given"):
        match([a, c], earlier=before)
    with pytest.raises(MismatchError, match="file of a is not the one"):
        match([other, b, c], earlier=before)
    with pytest.raises(MismatchError, match="another agreement"):
        match(foreign, earlier=before)
    with pytest.raises(UsageError, match="searched one file for duplicates"):
        match([a, b], earlier=match([a]))
    check_earlier(before, [c, b, a])


@pytest.mark.parametrize("assign", ["one-to-many"])
def test_rules_for_two_files_are_refused_for_three(
    make_encoded: Make, draw_files: Draw, assign: Any
) -> None:
    dense = draw_files(np.random.default_rng(4), [60, 50, 40], 20)
    files = [make_encoded(one, party=party) for one, party in zip(dense, "abc", strict=True)]
    before = match(files[:2], MatchOptions(assign=assign))
    with pytest.raises(UsageError, match="two files only"):
        match(files, MatchOptions(assign=assign), earlier=before)
