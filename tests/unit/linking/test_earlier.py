"""A file that is added to an earlier run changes no link that was given out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from links_checks import as_keys, by_id, hold_tables, row_of
from unit_world import Town, town

import pprl
from pprl.base.errors import LinksError, MismatchError, UsageError
from pprl.exchange.encoded.file import EncodedFile, pseudonym_text
from pprl.exchange.links.folder import Links, read_links, write_links
from pprl.quality.judging.explain import explain
from pprl.unit.linking.earlier import check_earlier, earlier_ids
from pprl.unit.run.job import match
from pprl.unit.run.options import MatchOptions
from pprl.unit.run.plan import plan_match

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
    assert after.run.parameters.extends == ("a", "b")
    assert people.measures(after)[2] > 0.93
    for members in by_id(after).values():
        assert len({party for party, _ in members}) == len(members)


def test_what_the_earlier_run_compared_is_not_compared_again(people: Town) -> None:
    before = match(people.files[:2])
    after = match(people.files, earlier=before)
    assert after.run.counts.pairs_compared == (700 + 600) * 500
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


@pytest.mark.parametrize("order", ["abc", "cab", "bca"])
def test_records_bear_the_ids_that_were_given_out(people: Town, order: str) -> None:
    before = match(people.files[:2])
    files = [people.files["abc".index(party)] for party in order]
    ids = earlier_ids(before, files)
    names = [(file.party, text) for file in files for text in pseudonym_text(file.pseudonyms)]
    known = {record: number for number, members in by_id(before).items() for record in members}
    assert ids.tolist() == [known.get(name, -1) for name in names]
    assert (ids >= 0).sum() == len(before.links) > 500


@dataclass(frozen=True)
class Extension:
    """Files by party, in the order of the earlier run and in that of the run that extends it."""

    profile: str
    old: str
    whole: str
    assign: Any

    def files(self) -> list[EncodedFile]:
        """Return all files."""
        return files_of(self.profile, self.whole)

    def before(self) -> Links:
        """Return the earlier run."""
        return earlier_run(self.profile, self.old, self.assign)

    def after(self) -> Links:
        """Return the run that extends it."""
        options = MatchOptions(assign=self.assign)
        return match(self.files(), options, earlier=self.before())


def files_of(profile: str, parties: str) -> list[EncodedFile]:
    people = town(profile, (110, 100, 90, 80), 50)
    return [people.files["abcd".index(party)] for party in parties]


@cache
def earlier_run(profile: str, parties: str, assign: Any) -> Links:
    return match(files_of(profile, parties), MatchOptions(assign=assign))


@st.composite
def extensions(draw: st.DrawFn, profile: str) -> Extension:
    """Two or three files of four, one or two new ones among them, everything in any order."""
    whole = "".join(draw(st.permutations("abcd"))[: draw(st.integers(3, 4))])
    old = draw(st.permutations(whole))[: draw(st.integers(2, len(whole) - 1))]
    assign = draw(st.sampled_from(["one-to-one", "many-to-many"]))
    return Extension(profile, "".join(old), whole, assign)


@pytest.mark.parametrize("profile", PROFILES)
@settings(max_examples=5, deadline=None)
@given(st.data())
def test_in_any_order_of_files_each_record_has_one_link(profile: str, data: st.DataObject) -> None:
    """Every earlier link keeps its id and its members, and all pairs, parts and priors fit together."""
    extension = data.draw(extensions(profile))
    files, before, after = extension.files(), extension.before(), extension.after()
    assert not after.links.duplicated(["party", "pseudonym"]).any()
    hold_kept(before, after)
    gained = [len(by_id(after)[number]) - len(members) for number, members in by_id(before).items()]
    assert sum(map(bool, gained)) > 30
    for number, members in by_id(after).items():
        met = [at for at, old in by_id(before).items() if old & members]
        assert met in ([], [number])
    hold_pairs(before, after, files)
    hold_parts(before, after)
    hold_priors(before, after)
    assert after.run.counts.links == len(by_id(after))
    assert after.run.counts.linked_records == len(after.links)


def hold_pairs(before: Links, after: Links, files: list[EncodedFile]) -> None:
    """First the earlier pairs as they were, then those with a new file, the earlier file's record first."""
    link_of = {record: number for number, members in by_id(after).items() for record in members}
    for party_a, pseudonym_a, party_b, pseudonym_b in as_keys(after.pairs):
        assert link_of[party_a, pseudonym_a] == link_of[party_b, pseudonym_b]
    number = {file.party: at for at, file in enumerate(files)}
    for name in ("pairs", "near"):
        old, new = getattr(before, name), getattr(after, name)
        pd.testing.assert_frame_equal(new.iloc[: len(old)], old)
        for party_a, _, party_b, _ in as_keys(new.iloc[len(old) :]):
            assert number[party_a] < number[party_b]
            assert not {party_a, party_b} <= set(before.parties)


def hold_parts(before: Links, after: Links) -> None:
    """A row for each pair and then for each near one: it adds up to the pair's weight."""
    if before.parts is None or after.parts is None:
        assert before.parts is after.parts is None
        return
    bits = after.parts.filter(like="bits_").to_numpy(np.float64).sum(axis=1)
    weights = pd.concat([after.pairs, after.near])["weight"]
    np.testing.assert_allclose(bits, weights, atol=1e-3)
    old, new = len(before.pairs), len(after.pairs)
    for here, there in ((slice(old), slice(old)), (slice(old, None), slice(new, None))):
        kept = after.parts.iloc[there].iloc[: len(before.parts.iloc[here])]
        pd.testing.assert_frame_equal(
            kept.reset_index(drop=True), before.parts.iloc[here].reset_index(drop=True)
        )


def hold_priors(before: Links, after: Links) -> None:
    """One for every two parties; that of two earlier ones is the one by which their pairs were judged."""
    old, new = before.run.prior_bits(), after.run.prior_bits()
    assert len(after.run.model.priors) == len(new)
    assert set(new) == {frozenset(two) for two in combinations(after.parties, 2)}
    assert {parties: new[parties] for parties in old} == old


def test_a_link_of_a_new_file_that_stands_first_is_explained(people: Town) -> None:
    """With the part of each field, and with the prior whichever party the run names first."""
    a, b, c = people.files
    after = match([c, a, b], earlier=match([b, a]))
    number = next(n for n, members in by_id(after).items() if len(members) == 3)
    found = explain(after, number)
    assert [member.party for member in found.members if member.link_id == number] == ["c", "a", "b"]
    inside = [pair for pair in found.pairs if pair.standing != "rival"]
    assert len(inside) == 3
    for pair in inside:
        assert pair.prior is not None
        if pair.fields is not None:
            assert sum(part.bits for part in pair.fields) == pytest.approx(pair.weight, abs=1e-3)


def damaged(links: Links, **columns: list[Any]) -> Links:
    """Return links whose last rows have other values."""
    frame = links.links.copy()
    for name, values in columns.items():
        frame.loc[frame.index[-len(values) :], name] = values
    return replace(links, links=frame)


@pytest.mark.parametrize("order", ["abc", "cba"])
def test_links_with_records_of_no_file_are_refused_before_anything_is_compared(
    make_encoded: Make, draw_files: Draw, order: str
) -> None:
    """Whether the record would stand before, between or behind those of the file, or is another party's."""
    dense = draw_files(np.random.default_rng(5), [60, 50, 40], 20)
    made = {p: make_encoded(one, party=p) for one, p in zip(dense, "abc", strict=True)}
    files = [made[party] for party in order]
    before = match(files[:2])
    for strange in ("0" * 32, before.links["pseudonym"].iloc[-1][:-1] + "f", "f" * 32):
        with pytest.raises(LinksError, match="1 of them are in none of the files") as caught:
            plan_match(files, earlier=damaged(before, pseudonym=[strange]))
        assert strange not in str(caught.value)
        assert caught.value.hint
    swapped = before.links["party"].map({order[0]: order[1], order[1]: order[0]}).tolist()
    with pytest.raises(LinksError, match="are in none of the files"):
        plan_match(files, earlier=damaged(before, party=swapped))
    with pytest.raises(LinksError, match="are in none of the files"):
        plan_match(files, earlier=damaged(before, party=["z"]))
    twice = before.links["pseudonym"].iloc[0], before.links["party"].iloc[0]
    with pytest.raises(LinksError, match="a record appears twice in the earlier links"):
        plan_match(files, earlier=damaged(before, pseudonym=[twice[0]], party=[twice[1]]))
    plan_match(files, earlier=before)


@pytest.mark.parametrize("name", ["pairs", "near"])
@pytest.mark.parametrize("column", ["pseudonym_a", "pseudonym_b", "party_b"])
def test_pairs_of_records_of_no_file_are_refused_too(
    make_encoded: Make, draw_files: Draw, name: str, column: str
) -> None:
    """They would go into the new folder as they are."""
    dense = draw_files(np.random.default_rng(5), [60, 50, 40], 20)
    files = [make_encoded(one, party=p) for one, p in zip(dense, "abc", strict=True)]
    before = match(files[:2])
    rows = pd.concat([before.pairs, before.near]).tail(3).reset_index(drop=True)
    before = replace(before, **{name: rows})
    plan_match(files, earlier=before)
    strange = rows.copy()
    strange.loc[2, column] = "z" if column == "party_b" else "f" * 32
    said = "pairs" if name == "pairs" else "near pairs"
    with pytest.raises(LinksError, match=f"the earlier {said} hold 3 records, and 1 of") as caught:
        plan_match(files, earlier=replace(before, **{name: strange}))
    assert caught.value.hint


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
