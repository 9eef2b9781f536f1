"""What a plan says of memory covers what the run takes, and not many times over."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit_world import town

from pprl.unit.run.job import match
from pprl.unit.run.memory import Memory
from pprl.unit.run.plan import plan_match

MEASURE = Path(__file__).with_name("measure_memory.py")
FEW = st.integers(0, 10**6)


@pytest.mark.skipif(sys.platform != "linux", reason="measured on Linux")
@pytest.mark.parametrize(
    ("case", "way", "rows"),
    [("crowd", "frames", 1000), ("people", "frames", 250_000), ("people", "tables", 250_000)],
)
def test_the_estimate_covers_the_peak(case: str, way: str, rows: int) -> None:
    """Within a factor of 1.75, in a process of its own; DataFrames are what takes the most."""
    done = subprocess.run(
        [sys.executable, MEASURE, case, "record", way, str(rows)],
        capture_output=True,
        check=True,
        timeout=300,
    )
    made = json.loads(done.stdout)
    assert made["pairs"] == (rows**2 if case == "crowd" else rows)
    assert made["linked"] == 2 * rows
    assert made["peak"] <= made["planned"] <= 1.75 * made["peak"]


@given(held=FEW, pair=st.integers(1, 300), linked=st.integers(0, 400), records=FEW, over=FEW)
def test_the_most_pairs_are_those_that_just_fit(
    held: int, pair: int, linked: int, records: int, over: int
) -> None:
    memory = Memory(held=held, pair=pair, linked=linked, records=records)
    limit = held + 100 * over
    most = memory.most_pairs(limit)
    assert memory.needed(most) <= limit < memory.needed(most + 1)


@pytest.mark.parametrize("profile", ["record", "fields"])
def test_frames_and_earlier_links_are_counted(profile: str) -> None:
    people = town(profile, (200, 200, 200), 150)
    plain, frames = (plan_match(people.files, frames=given) for given in (False, True))
    assert frames.memory > plain.memory
    assert frames.most_pairs < plain.most_pairs
    earlier = match(people.files[:2])
    added = plan_match(people.files, earlier=earlier)
    assert added.memory - plan_match(people.files).memory > 300 * len(earlier.links)
