"""Made-up people are linked in both profiles, by any blocking, and the run says how well."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from links_checks import as_keys, hold_consistent
from unit_world import ALL, Town, agreement_of, as_one, encode_all, town

from pprl.exchange.links.folder import Links
from pprl.exchange.links.run_entries import ExpectedQuality
from pprl.synth import corrupt, population
from pprl.unit.blocking.lsh import LshPlan, plan_lsh
from pprl.unit.linking.clustering import FILES_LIMIT
from pprl.unit.run.job import match
from pprl.unit.run.options import MatchOptions
from pprl.unit.run.plan import plan_match

PROFILES = ["record", "fields"]
KEYS = ("soundex(surname)+year(date_of_birth)", "value(postcode)+soundex(surname)")
NEXT = 0.005
LEAST = {  # F1 by profile and people in common, of 1,500 a file
    ("record", 1500): 0.99,
    ("record", 750): 0.95,
    ("record", 150): 0.85,
    ("fields", 1500): 0.995,
    ("fields", 750): 0.985,
    ("fields", 150): 0.95,
}


def quality_of(links: Links) -> ExpectedQuality:
    assert links.expected_quality is not None
    return links.expected_quality


def hold_intervals(links: Links, people: Town) -> None:
    """The true precision and recall lie in the intervals, or next to them: one in twenty may lie outside."""
    told = quality_of(links)
    precision, recall, _ = people.measures(links)
    assert told.precision_low - NEXT <= precision <= told.precision_high + NEXT
    assert told.recall_low - NEXT <= recall <= told.recall_high + NEXT


@pytest.mark.parametrize(("profile", "common"), list(LEAST))
def test_people_in_both_files_are_found(profile: str, common: int) -> None:
    """At the automatic threshold, whatever the overlap; the estimate holds the truth."""
    people = town(profile, (1500, 1500), common)
    links = match(people.files)
    hold_consistent(links, people.files)
    assert people.measures(links)[2] >= LEAST[profile, common]
    hold_intervals(links, people)
    if profile == "fields":
        assert quality_of(links).matches == pytest.approx(common, rel=0.1)


@pytest.mark.parametrize("profile", PROFILES)
def test_names_and_a_date_of_birth_are_enough(profile: str) -> None:
    people = town(profile, names_only=True)
    links = match(people.files)
    assert people.measures(links)[2] >= 0.97
    hold_intervals(links, people)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("blocking", ["lsh", "keys,exhaustive", "keys,lsh", "lsh,keys,exhaustive"])
def test_blocking_changes_little_where_it_misses_little(profile: str, blocking: str) -> None:
    people = town(profile, keys=KEYS)
    whole = match(people.files, MatchOptions(blocking="exhaustive"))
    links = match(people.files, MatchOptions(blocking=blocking))
    hold_consistent(links, people.files)
    assert people.measures(links)[2] >= people.measures(whole)[2] - 0.01
    hold_intervals(links, people)


@pytest.mark.parametrize("profile", PROFILES)
def test_matches_that_blocking_hides_are_not_forgotten(profile: str) -> None:
    """One strict pass loses people; the expected recall knows it, since the files show how many there are."""
    people = town(profile, keys=KEYS[:1])
    whole = match(people.files, MatchOptions(blocking="exhaustive"))
    links = match(people.files, MatchOptions(blocking="keys"))
    lost = people.measures(whole)[1] - people.measures(links)[1]
    assert lost > 0.04
    expected = quality_of(whole).recall - quality_of(links).recall
    if profile == "fields":
        assert expected == pytest.approx(lost, abs=0.03)
    assert quality_of(links).matches == pytest.approx(quality_of(whole).matches, rel=0.1)
    hold_intervals(links, people)


@pytest.mark.parametrize("profile", PROFILES)
def test_each_pass_is_counted_apart(profile: str) -> None:
    """A pass does not look again at records that an earlier one linked, and takes what it is sure of only."""
    people = town(profile, keys=KEYS)
    links = match(people.files, MatchOptions(blocking="keys,exhaustive"))
    first, second = links.run.counts.passes
    assert first.links > 0
    assert first.links + second.links == len(links.pairs)
    assert (first.blocking, second.blocking) == ("keys", "exhaustive")
    assert first.links > 500
    assert second.pairs_compared == (1500 - first.links) ** 2
    alone = match(people.files, MatchOptions(blocking="keys"))
    assert first.pairs_compared == alone.run.counts.pairs_compared
    assert links.pairs["pseudonym_a"].is_unique
    assert links.pairs["pseudonym_b"].is_unique
    both = as_keys(links.pairs) + as_keys(links.near)
    taken = alone.pairs[alone.pairs["probability"] >= 0.99]
    assert len(set(as_keys(taken)) & set(both)) >= 0.99 * len(taken)
    assert people.right(links.pairs).mean() > 0.98


@pytest.mark.parametrize("profile", PROFILES)
def test_an_lsh_is_planned_once(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also as one pass of several: the tables that the plan tells of are those that are walked."""
    people = town(profile, (400, 300), 150, keys=KEYS)
    made = []

    def counted(*arguments: Any, **options: Any) -> LshPlan:
        made.append(plan_lsh(*arguments, **options))
        return made[-1]

    monkeypatch.setattr("pprl.unit.blocking.choose.plan_lsh", counted)
    links = match(people.files, MatchOptions(blocking="keys,lsh"))
    assert len(made) == 1
    assert links.run.parameters.lsh.tables == made[0].tables


@pytest.mark.parametrize("profile", PROFILES)
def test_three_files_become_clusters(profile: str) -> None:
    people = town(profile, (800, 700, 600), 300)
    links = match(people.files)
    hold_consistent(links, people.files)
    assert people.measures(links)[2] >= (0.94 if profile == "record" else 0.97)
    hold_intervals(links, people)
    whole = links.links.groupby("link_id")["party"].size()
    assert (whole == 3).sum() >= 240


@pytest.mark.slow
def test_as_many_files_as_are_allowed_are_linked() -> None:
    people = population(12, seed=3).frame()
    parties = [f"p{at}" for at in range(FILES_LIMIT)]
    frames = [
        corrupt(people, profile="typical", seed=3, party=party).frame.assign(
            id=[f"{party}-{at}" for at in range(len(people))]
        )
        for party in parties
    ]
    made = encode_all(frames, agreement_of(ALL, "record"), parties=parties)
    links = match(made.files)
    assert links.links.groupby("link_id").size().tolist() == [FILES_LIMIT] * len(people)
    assert made.measures(links)[2] > 0.99


@pytest.mark.parametrize("profile", PROFILES)
def test_the_order_of_the_files_does_not_matter(profile: str) -> None:
    people = town(profile, (700, 500), 300)
    one, other = match(people.files), match(people.files[::-1])
    there = {frozenset((a, b)) for _, a, _, b in as_keys(one.pairs)}
    back = {frozenset((a, b)) for _, a, _, b in as_keys(other.pairs)}
    assert len(there ^ back) <= 0.005 * len(there)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_plan_tells_what_the_run_will_do(profile: str) -> None:
    people = town(profile, keys=KEYS)
    for blocking in ("exhaustive", "keys", "keys,exhaustive"):
        told = plan_match(people.files, MatchOptions(blocking=blocking))
        counts = match(people.files, MatchOptions(blocking=blocking)).run.counts
        assert told.pairs_possible == counts.pairs_possible
        assert told.pairs_expected >= counts.pairs_compared
        assert told.seconds > 0
        assert set(told.floors) == set(told.model.matches) == {(0, 1)}
        expected = told.model.matches[0, 1]
        assert expected.least <= expected.number <= expected.most


@pytest.mark.parametrize("profile", PROFILES)
def test_what_was_learnt_can_not_be_changed_in_passing(profile: str) -> None:
    """A plan is handed around: whoever looked at it a minute ago must find the same model."""
    plan = plan_match(town(profile).files)
    assert isinstance(plan.warnings, tuple)
    model: Any = plan.model
    assert isinstance(model.files, tuple)
    mapping = model.scores_of if profile == "record" else model.learnt.shares
    with pytest.raises(TypeError, match="does not support item assignment"):
        mapping[0, 1] = None
    if profile == "fields":
        with pytest.raises(ValueError, match="read-only"):
            model.learnt.classes.parameters[-1].value[1] = 1.0


def test_the_profile_fields_links_more_than_the_profile_record() -> None:
    """Which is what it leaks more for; at a small overlap, with errors."""
    record, fields = (town(profile, (1500, 1500), 150, errors="heavy") for profile in PROFILES)
    assert fields.measures(match(fields.files))[2] > record.measures(match(record.files))[2]


@pytest.mark.parametrize("profile", PROFILES)
def test_probabilities_are_about_as_often_right_as_they_say(profile: str) -> None:
    """Over some populations: the sum of the accepted pairs' probabilities is near the number of right ones."""
    expected = right = 0.0
    for seed in range(2, 5):
        people = town(profile, (1000, 1000), 200, seed=seed, errors="heavy")
        links = match(people.files)
        expected += float(links.pairs["probability"].sum())
        right += float(people.right(links.pairs).sum())
    assert right == pytest.approx(expected, rel=0.08)


@pytest.mark.parametrize("profile", PROFILES)
def test_duplicates_of_one_file_are_found(profile: str) -> None:
    """Without a second file that shows what chance does, which is said."""
    two = town(profile, (1000, 300), 300)
    people = as_one(two)
    links = match(people.files)
    hold_consistent(links, people.files)
    precision, recall, _ = people.measures(links, matches=300)
    assert precision >= (0.85 if profile == "record" else 0.93)
    assert recall >= (0.88 if profile == "record" else 0.95)
    assert any("one file alone" in warning for warning in links.run.warnings)


@pytest.mark.parametrize("profile", PROFILES)
def test_in_one_file_the_prior_counts_each_pair_once(profile: str) -> None:
    people = town(profile)
    plan = plan_match(people.files[:1])
    size = len(people.files[0])
    share = plan.model.matches[0, 0][0] / (size * (size - 1) / 2)
    assert plan.prior[0, 0] == pytest.approx(np.log(share / (1 - share)), abs=1e-6)


def test_the_threshold_of_several_files_is_the_lowest_of_their_pairs() -> None:
    """No pair without rivals is accepted below it."""
    people = town("record", (700, 500, 60), 40)
    plan = plan_match(people.files)
    single = [plan.model.even_score({pair: odds}) for pair, odds in plan.prior.items()]
    assert len(set(single)) > 1
    assert plan.threshold.value == pytest.approx(min(single))
    links = match(people.files)
    assert links.pairs["score"].min() > plan.threshold.value - 0.02
