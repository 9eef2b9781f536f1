"""What is read out of run.json, and what is refused."""

from __future__ import annotations

import copy

import pytest
from quality_world import make_world

from pprl.errors import LinksError
from pprl.quality.runfacts import RunFacts

_WRONG = [
    (("threshold", "basis"), "guessed"),
    (("threshold", "basis"), None),
    (("threshold", "value"), "0.8"),
    (("threshold", "value"), 1.5),
    (("threshold", "household_dice"), None),
    (("threshold", "household_dice"), float("nan")),
    (("threshold", "no_estimate"), 3),
    (("threshold", "by_files"), None),
    (("threshold", "by_files"), [{"party_a": "a", "party_b": "b"}]),
    (("threshold", "estimate"), {"matches": 3.0}),
    (("threshold", "estimate", "matches"), "many"),
    (("threshold", "estimate", "curve"), [{"threshold": True}]),
    (("threshold", "histogram"), {"best": [1], "chance": []}),
    (("counts", "pairs_in_links"), 3.5),
    (("counts", "pairs_in_links"), None),
    (("counts", "pairs_like_household"), -1),
    (("counts", "pairs_like_household"), True),
    (("parameters", "blocking"), "by hand"),
    (("parameters", "blocking"), "lsh"),
    (("parameters", "assign"), "any"),
    (("warnings",), [1]),
]


@pytest.mark.parametrize(("path", "value"), _WRONG)
def test_an_entry_of_the_wrong_kind_is_refused(path, value):
    """A text is no number, a truth value no count, and a word must be one that is known."""
    run = copy.deepcopy(make_world(estimate=True).links.run)
    RunFacts.from_run(run)
    place = run
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(LinksError, match=r"run\.json lacks entries"):
        RunFacts.from_run(run)


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("threshold", "basis"),
        ("threshold", "estimate"),
        ("threshold", "household_dice"),
        ("threshold", "by_files"),
        ("threshold", "floor"),
        ("counts", "pairs_in_links"),
        ("counts", "pairs_like_household"),
        ("parameters", "lsh"),
    ],
)
def test_an_entry_that_is_missing_is_refused(part, name):
    run = copy.deepcopy(make_world(estimate=True).links.run)
    del run[part][name]
    with pytest.raises(LinksError, match=r"run\.json lacks entries"):
        RunFacts.from_run(run)


def test_the_row_of_the_used_threshold_is_the_estimate():
    """The unit reckons in steps of 0.001: a threshold between two steps has the row of its step."""
    run = copy.deepcopy(make_world(estimate=True, threshold=0.7559).links.run)
    row = {**run["threshold"]["estimate"]["curve"][0], "threshold": 0.755, "links": 77.0}
    run["threshold"]["estimate"]["curve"].append(row)
    assert RunFacts.from_run(run).estimate_at_threshold().links == 77.0


def test_two_files_without_numbers_of_their_own_are_read():
    run = copy.deepcopy(make_world().links.run)
    run["threshold"]["by_files"][0].update(links=None, expected_false=None, matches=None)
    assert RunFacts.from_run(run).by_files[0].matches is None
