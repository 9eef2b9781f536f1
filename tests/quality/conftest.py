"""Fixtures of the statistician's side."""

from __future__ import annotations

import pandas as pd
import pytest
from quality_world import World, make_world
from run_records import make_agreement

import pprl
from pprl.party.encoding.encode import encode
from pprl.party.keys.key import Key
from pprl.synth import corrupt, population


@pytest.fixture
def world() -> World:
    """The made-up run with its truth."""
    return make_world(estimate=True)


def linked_town(parties: str) -> pprl.Links:
    """Link files of 600 made-up people each, 400 of them in all, in the profile fields."""
    everybody = population(400 + 200 * len(parties), seed=3).frame()
    everybody = everybody.sample(frac=1, random_state=3).reset_index(drop=True)
    files = []
    for number, party in enumerate(parties):
        first = 400 + 200 * number
        rows = pd.concat([everybody.iloc[:400], everybody.iloc[first : first + 200]])
        frame = corrupt(rows, profile="typical", seed=3, party=party).frame
        frame = frame.rename(columns={"locality": "town"})
        frame = frame.assign(id=[str(row) for row in range(len(frame))])
        made = encode(
            frame,
            make_agreement("fields"),
            Key(bytes(range(32))),
            party=party,
            id_column="id",
            unreadable="missing",
        )
        files.append(made.encoded)
    return pprl.match(files)


@pytest.fixture(scope="session")
def fields_links() -> pprl.Links:
    """A real run of two files in the profile fields."""
    return linked_town("ab")


@pytest.fixture(scope="session")
def three_fields_links() -> pprl.Links:
    """The same of three files."""
    return linked_town("abc")
