"""What the links folder says of a run, and what it must not say."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from links_checks import by_id
from unit_world import town

from pprl.exchange.encoded.file import EncodedFile
from pprl.exchange.links.folder import read_links, write_links
from pprl.unit.run import results
from pprl.unit.run.job import match

Draw = Callable[..., Any]
Make = Callable[..., EncodedFile]
World = dict[str, EncodedFile]


@pytest.fixture(scope="module")
def world(make_encoded: Make, draw_people: Draw) -> World:
    """The same 100 people in a and b; 40 of them in c, others in d."""
    rng = np.random.default_rng(7)
    people, strangers = draw_people(rng, 100), draw_people(rng, 120)
    dense = {
        "a": people,
        "b": people,
        "c": np.concatenate([people[:40], strangers[:60]]),
        "d": strangers[60:],
    }
    return {party: make_encoded(rows, party=party) for party, rows in dense.items()}


def of_members(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big") % 10**15


def linked(world: World, parties: str) -> dict[frozenset[tuple[str, str]], int]:
    """Members -> link id."""
    links = match([world[party] for party in parties])
    return {members: number for number, members in by_id(links).items()}


def test_two_parties_can_t_compute_whether_a_third_is_in_a_link(world: World) -> None:
    """They know their pseudonyms of a common link and all of their files, and nothing of the third file."""
    found = linked(world, "abc")
    assert sum(len(members) == 2 for members in found) == 60
    assert sum(len(members) == 3 for members in found) == 40
    salt_of_two = results._salt([world["a"], world["b"]])
    for members, number in found.items():
        for known in ("ab", "abc"):
            rows = sorted(bytes.fromhex(text) for party, text in members if party in known)
            assert number != of_members(*rows)
            assert number != of_members(salt_of_two, *rows)


def test_the_same_people_have_other_ids_beside_another_third_file(world: World) -> None:
    """The members of a link may be the same, and still its id differs."""
    one, other, alone = (linked(world, parties) for parties in ("abc", "abd", "ab"))
    same = set(one) & set(other) & set(alone)
    assert len(same) == 60
    for members in same:
        assert len({one[members], other[members], alone[members]}) == 3


def test_the_same_files_in_any_order_give_the_same_ids(world: World) -> None:
    assert linked(world, "abc") == linked(world, "cab")


def test_the_salt_of_a_run_is_written_nowhere(world: World) -> None:
    some = [world[party] for party in "abc"]
    run = match(some).run.to_json()
    salt = results._salt(some)
    assert salt.hex() not in run
    for file in some:
        assert hashlib.sha256(file.pseudonyms.tobytes()).hexdigest() not in run


def test_a_file_added_later_salts_the_new_links_and_leaves_the_old(world: World) -> None:
    """Here a and d have nobody in common, and a and b everybody."""
    two, three = [world["a"], world["d"]], [world[party] for party in "adb"]
    before = match(two)
    after = match(three, earlier=before)
    old, new = by_id(before), by_id(after)
    assert set(old) <= set(new)
    assert len(set(new) - set(old)) == 100
    for number in set(new) - set(old):
        rows = sorted(bytes.fromhex(text) for _, text in new[number])
        assert number == of_members(results._salt(three), *rows)


def test_counts_of_an_extended_run_speak_of_the_folder_or_of_the_run(world: World) -> None:
    """As SPEC.md, section 8.2, says of each entry."""
    before = match([world["a"], world["b"]])
    after = match([world[party] for party in "abc"], earlier=before)
    counts, sizes = after.run.counts, after.links["link_id"].value_counts()
    assert counts.pairs_accepted == len(after.pairs) > len(before.pairs) == 100
    assert counts.linked_records == len(after.links)
    assert (counts.links, counts.largest_link) == (len(sizes), sizes.max())
    assert counts.pairs_in_links == (sizes * (sizes - 1) // 2).sum()
    new = len(after.pairs) - len(before.pairs)
    assert counts.passes[-1].links == counts.pairs_over_threshold == new
    assert counts.pairs_possible == counts.pairs_compared == 200 * 100
    assert counts.pairs_compared_per_pass == (100 * 100,) * 2
    assert counts.pairs_like_household <= new


def test_a_file_s_name_is_made_plain_so_that_the_folder_can_be_read(tmp_path: Any) -> None:
    """A run record may hold plain text only, and the operator may name files as they like."""
    people = town("record", (60, 50), 30)
    names = ["in/a\u00a0b\x1b[2J.parquet", "c\\d.parquet"]
    links = match(
        [replace(file, source=name) for file, name in zip(people.files, names, strict=True)]
    )
    assert [entry.file for entry in links.run.inputs] == [
        "a\ufffdb\ufffd[2J.parquet",
        "d.parquet",
    ]
    write_links(links, tmp_path, force=True)
    assert read_links(tmp_path).run == links.run
