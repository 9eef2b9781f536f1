"""What is read out of run.json, and what is refused."""

from __future__ import annotations

import copy

import pytest
from quality_world import make_world

from pprl.base.errors import LinksError
from pprl.quality.report.run_facts import RunFacts

_WRONG = [
    (("threshold", "basis"), "guessed"),
    (("threshold", "basis"), None),
    (("threshold", "value"), "0.8"),
    (("threshold", "value"), 1.5),
    (("threshold", "household_similarity"), None),
    (("threshold", "household_similarity"), float("nan")),
    (("threshold", "no_estimate"), 3),
    (("threshold", "by_files"), None),
    (("threshold", "by_files"), [{"party_a": "a", "party_b": "b"}]),
    (("threshold", "estimate"), {"matches": 3.0}),
    (("threshold", "method"), "guess"),
    (("threshold", "estimate", "quality"), None),
    (("threshold", "estimate", "quality", "matches"), "many"),
    (("threshold", "estimate", "quality", "precision_low"), 1.5),
    (("threshold", "estimate", "quality", "recall"), float("nan")),
    (("threshold", "estimate", "curve"), [{"threshold": True}]),
    (("threshold", "histogram"), {"best": [1], "chance": []}),
    (("counts", "pairs_in_links"), 3.5),
    (("counts", "pairs_in_links"), None),
    (("counts", "pairs_like_household"), -1),
    (("counts", "pairs_like_household"), True),
    (("parameters", "blocking"), "by hand"),
    (("parameters", "blocking"), "lsh"),
    (("parameters", "blocking"), "keys,by hand"),
    (("parameters", "blocking"), "keys,lsh"),
    (("parameters", "assign"), "any"),
    (("parameters", "extends"), 3),
    (("parameters", "extends"), [3]),
    (("agreement", "profile"), "both"),
    (("counts", "ties"), -1),
    (("counts", "largest_link"), 2.5),
    (("counts", "passes"), []),
    (("counts", "passes"), [{"blocking": "by hand", "pairs_compared": 1, "links": 0}]),
    (("counts", "passes"), [{"blocking": "keys", "pairs_compared": 1}]),
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
        ("threshold", "household_similarity"),
        ("threshold", "by_files"),
        ("threshold", "floor"),
        ("counts", "pairs_in_links"),
        ("counts", "pairs_like_household"),
        ("counts", "ties"),
        ("counts", "largest_link"),
        ("counts", "passes"),
        ("parameters", "lsh"),
        ("parameters", "extends"),
    ],
)
def test_an_entry_that_is_missing_is_refused(part, name):
    run = copy.deepcopy(make_world(estimate=True).links.run)
    del run[part][name]
    with pytest.raises(LinksError, match=r"run\.json lacks entries"):
        RunFacts.from_run(run)


def test_two_files_without_numbers_of_their_own_are_read():
    run = copy.deepcopy(make_world().links.run)
    run["threshold"]["by_files"][0].update(matches=None)
    assert RunFacts.from_run(run).by_files[0].matches is None


def test_passes_in_turn_and_the_earlier_run_are_read():
    passes = [
        {"blocking": "keys", "pairs_compared": 10, "links": 4},
        {"blocking": "lsh", "pairs_compared": 20, "links": 0},
    ]
    facts = RunFacts.from_run(make_world(passes=passes, extends=["a"]).links.run)
    assert [(each.blocking, each.pairs_compared, each.links) for each in facts.passes] == [
        ("keys", 10, 4),
        ("lsh", 20, 0),
    ]
    assert facts.blocking == "keys,lsh"
    assert facts.completeness == 0.998
    assert facts.extends == ("a",)
