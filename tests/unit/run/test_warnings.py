"""What the operator is told about a run: each sentence where it is true, and only there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from links_checks import hold_consistent

from pprl.exchange.encoded.file import EncodedFile
from pprl.exchange.links.run_counts import PassEntry, RunCounts
from pprl.exchange.links.run_entries import LshCheck, LshParameters
from pprl.unit.linking.assignment import one_to_one
from pprl.unit.run import decide
from pprl.unit.run.estimate import estimate_quality
from pprl.unit.run.job import match
from pprl.unit.run.options import MatchOptions
from pprl.unit.run.plan import MatchPlan, plan_match
from pprl.unit.run.warnings import (
    Outlook,
    few,
    lsh_warnings,
    no_estimate,
    warnings_after,
    warnings_before,
)
from pprl.unit.weighing.model import ExpectedMatches, ModelError

Draw = Callable[..., Any]
Make = Callable[..., EncodedFile]

PASS = PassEntry(blocking="exhaustive", pairs_compared=75_000, per_block_pass=(75_000,), links=150)
PLAIN = RunCounts(
    pairs_possible=75_000,
    pairs_compared=75_000,
    pairs_compared_per_pass=(75_000,),
    reduction_ratio=0.0,
    pairs_over_threshold=150,
    pairs_accepted=150,
    links=150,
    linked_records=300,
    pairs_in_links=150,
    pairs_like_household=0,
    greedy_components=0,
    ties=0,
    largest_link=2,
    passes=(PASS,),
)
SURE = ModelError(precision=0.0, recall=0.0, doubt=0.0, unseen=0.0)


@pytest.fixture(scope="module")
def files(make_encoded: Make, draw_files: Draw) -> list[EncodedFile]:
    """Three files of 300, 250 and 200 records, 150 of them of the same people."""
    dense = draw_files(np.random.default_rng(1), [300, 250, 200], 150)
    return [make_encoded(one, party=party) for one, party in zip(dense, "abc", strict=True)]


@pytest.fixture(scope="module")
def plan(files: list[EncodedFile]) -> MatchPlan:
    """A run of two files with nothing to warn of beforehand."""
    made = plan_match(files[:2])
    assert not made.warnings
    return made


def told_of(plan: MatchPlan, quality: Any = None, **counts: int) -> list[str]:
    return warnings_after(plan, PLAIN.model_copy(update=counts), quality)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({}, None),
        ({"pairs_accepted": 3}, None),
        ({"pairs_accepted": 2}, "2 pairs were accepted"),
        ({"pairs_like_household": 1}, "1 of 150 accepted pairs score no higher"),
        ({"greedy_components": 2}, "2 groups of records were too large"),
        ({"ties": 1200}, "1,200 records had two partners with equal evidence"),
        ({"largest_link": 50}, None),
        ({"largest_link": 51}, "one link holds 51 records"),
    ],
)
def test_each_count_of_a_result_has_its_warning(
    plan: MatchPlan, counts: dict[str, int], words: str | None
) -> None:
    told = told_of(plan, **counts)
    assert len(told) == bool(words)
    assert (words or "") in "".join(told)


def test_the_plan_s_warnings_come_first(plan: MatchPlan) -> None:
    warned = replace(plan, warnings=("one", "two"))
    assert told_of(warned) == ["one", "two"]
    assert told_of(warned, ties=1)[:2] == ["one", "two"]
    assert len(told_of(warned, ties=1)) == 3


def test_few_links_between_large_files_are_told(plan: MatchPlan) -> None:
    """Less than one in a hundred of the smaller file; not with a given threshold, nor for a file that was added."""
    large: Any = [range(50_000), range(2000)]
    plan = replace(plan, files=large)
    assert "19 pairs were accepted" in told_of(plan, pairs_accepted=19)[0]
    assert not told_of(plan, pairs_accepted=20)
    assert told_of(plan, pairs_accepted=0)
    assert not told_of(replace(plan, basis="given"), pairs_accepted=0)
    earlier: Any = SimpleNamespace()
    assert not told_of(replace(plan, earlier=earlier), pairs_accepted=0)


@pytest.mark.parametrize(("probability", "words"), [(0.79, "about 21% of the links"), (0.81, "")])
def test_links_many_of_which_are_wrong_are_told(
    plan: MatchPlan, probability: float, words: str
) -> None:
    quality = partial(estimate_quality, np.full(150, probability), unlisted=0.0, error=SURE)
    told = told_of(plan, quality(np.ones(150, bool)))
    assert len(told) == bool(words)
    assert words in "".join(told)
    assert not told_of(plan, quality(np.zeros(150, bool)))


def test_one_link_of_very_many_records_is_told(make_encoded: Make, draw_people: Draw) -> None:
    """They hold default values, rather than one person."""
    dense = draw_people(np.random.default_rng(2), 120)
    dense[:60] = dense[0]
    run = match(make_encoded(dense), MatchOptions(threshold=1.0)).run
    assert run.counts.largest_link == 60
    assert any("one link holds 60 records" in warning for warning in run.warnings)


def test_groups_that_were_assigned_best_pair_first_are_told(
    files: list[EncodedFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a threshold at which many records have several partners."""
    options = MatchOptions(threshold=0.45)
    assert match(files[:2], options).run.counts.greedy_components == 0
    monkeypatch.setattr(decide, "one_to_one", partial(one_to_one, component_limit=1))
    links = match(files[:2], options)
    hold_consistent(links, files[:2])
    count = links.run.counts.greedy_components
    assert count > 0
    assert any(f"{count} groups of records were too large" in w for w in links.run.warnings)


def outlook(
    files: list[EncodedFile],
    matches: dict[tuple[int, int], float],
    *,
    assign: Any = "one-to-one",
    basis: Any = "estimated",
    **known: Any,
) -> Outlook:
    """What is known beforehand; nothing to warn of except for what is given."""
    learnt: Any = {
        "converged": True,
        "repeats": (0.0,) * len(files),
        "basis": "estimated",
        "empty_fields": list,
        "sparse": lambda file, log_ratio: 0,
        "matches": {pair: ExpectedMatches(n, n, n) for pair, n in matches.items()},
    }
    model: Any = SimpleNamespace(**(learnt | known))
    settled = replace(plan_match(files[:1]).settled, assign=assign, asked="auto")
    prior = dict.fromkeys(matches, -8.0)
    return Outlook(files=files, model=model, settled=settled, basis=basis, prior=prior)


def test_more_matches_than_there_can_be_are_told(files: list[EncodedFile]) -> None:
    """A tenth more than the smaller file has may be chance; beyond that there is no estimate either."""
    for matches, words in ((250.0, None), (270.0, None), (290.0, "more matches are expected")):
        made = outlook(files[:2], {(0, 1): matches})
        told = warnings_before(made)
        assert len(told) == bool(words)
        assert (words or "") in "".join(told)
        assert bool(no_estimate(made)) == bool(words)
        several = replace(made, settled=replace(made.settled, assign="many-to-many"))
        assert no_estimate(several) is None


def test_files_that_hold_people_several_times_get_no_estimate(files: list[EncodedFile]) -> None:
    """Unless a record may have several partners; one record in a hundred is not told."""
    for share, words in ((0.01, None), (0.03, "b: the file seems to hold people several times")):
        made = outlook(files[:2], {(0, 1): 150.0}, repeats=(0.0, share))
        told = warnings_before(made)
        assert len(told) == bool(words)
        assert (words or "") in "".join(told)
        assert bool(no_estimate(made)) == bool(words)
        several = replace(made, settled=replace(made.settled, assign="many-to-many"))
        assert no_estimate(several) is None


def test_two_of_three_files_without_a_common_person_are_named(files: list[EncodedFile]) -> None:
    """All of them together where no two have any."""
    made = outlook(files, {(0, 1): 150.0, (0, 2): 2.0, (1, 2): 4.0})
    assert warnings_before(made) == ["a and c: almost no matches are expected between the two"]
    made = outlook(files, {(0, 1): 0.5, (0, 2): 0.5, (1, 2): 0.5}, basis="cautious")
    assert warnings_before(made) == [
        "almost no matches are expected: the files may have nobody in common"
    ]


def test_an_estimation_that_did_not_settle_and_empty_fields_are_told(
    files: list[EncodedFile],
) -> None:
    told = warnings_before(outlook(files[:2], {(0, 1): 150.0}, converged=False))
    assert len(told) == 1
    assert "did not converge" in told[0]
    told = warnings_before(outlook(files[:2], {(0, 1): 150.0}, empty_fields=lambda: ["x", "y"]))
    assert len(told) == 1
    assert "a value for: x, y" in told[0]


def test_in_very_small_files_half_of_the_records_are_some(make_encoded: Make) -> None:
    """One person who is looked up is not an empty overlap; in larger files fewer than three matches are."""
    some = {n: make_encoded(np.ones((n, 64), bool)) for n in (1, 4, 300)}
    assert few([some[1], some[300]]) == 0.5
    assert few([some[4], some[300]]) == 2
    assert few([some[300], some[300]]) == few([some[4]]) == 3


def of_lsh(expected: float, checked: tuple[float, float, float] | None) -> LshParameters:
    told = None
    if checked is not None:
        told = LshCheck(matches=100.0, found=checked[0], low=checked[1], high=checked[2])
    return LshParameters(
        completeness=0.99,
        tables=10,
        bits_per_table=12,
        pool="ff",
        seed=1,
        expected_completeness=expected,
        expected_completeness_at_threshold=expected,
        checked=told,
    )


@pytest.mark.parametrize(
    ("described", "words"),
    [
        (None, None),
        (of_lsh(0.99, None), None),
        (
            of_lsh(0.98, None),
            "no number of tables reaches the pairs completeness of 0.99: 0.980 is",
        ),
        (of_lsh(0.98, (0.9, 0.8, 0.95)), "no number of tables reaches"),
        (of_lsh(0.995, (0.985, 0.97, 0.992)), None),
        (of_lsh(0.995, (0.96, 0.93, 0.98)), "lsh found 0.960 of the matches (0.930 to 0.980)"),
    ],
)
def test_an_lsh_that_finds_less_than_was_asked_for_is_told(
    described: LshParameters | None, words: str | None
) -> None:
    """By its plan or by its check; an interval that holds the completeness asked for proves nothing against it."""
    told = lsh_warnings([None, described])
    assert len(told) == bool(words)
    assert (words or "") in "".join(told)
