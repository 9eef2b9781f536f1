"""A run judged: hand-counted numbers, which pairs count, gates, and invariants."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quality_world import make_ids, make_links, make_truth, make_world

from pprl.base.errors import DataError, GateError, UsageError
from pprl.exchange.links.folder import Links
from pprl.quality import enforce_gates, evaluate, judge_gates, report_content


def judged(world):
    return evaluate(world.links, truth=world.truth, ids=world.ids)


def test_the_made_up_run_has_the_quality_counted_by_hand(world):
    """95 found, 90 of them right, 100 true, two of those never encoded."""
    found = judged(world)
    quality = found.quality
    assert (quality.found_pairs, quality.true_pairs, quality.true_positives) == (95, 100, 90)
    assert (quality.false_positives, quality.false_negatives) == (5, 10)
    assert quality.precision.value == pytest.approx(90 / 95)
    assert quality.recall.value == pytest.approx(0.9)
    assert found.coverage.truth_not_encoded == 2
    assert found.unjudged_pairs == found.unattainable_pairs == 0


def test_the_order_of_rows_changes_nothing(world):
    mixed = Links(
        links=world.links.links.sample(frac=1, random_state=1),
        pairs=world.links.pairs.sample(frac=1, random_state=2),
        near=world.links.near.sample(frac=1, random_state=3),
        run=world.links.run,
    )
    truth = world.truth.sample(frac=1, random_state=4)
    ids = {p: f.sample(frac=1, random_state=5) for p, f in reversed(world.ids.items())}
    assert report_content(evaluate(mixed, truth=truth, ids=ids)) == report_content(judged(world))


records = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 4), st.integers(0, 6), st.booleans()),
    min_size=1,
    max_size=25,
)


@settings(deadline=None, max_examples=60)
@given(records, st.sampled_from(["one-to-one", "many-to-many"]), st.integers(1, 3))
def test_pairs_are_judged_as_if_each_were_looked_at(rows, assign, count):
    """Any grouping, any truth: counts equal those of a loop over all pairs of records."""
    parties = list("abc")[:count]
    rows = [row for row in rows if row[0] in parties]
    rows += [(party, 9, 99, False) for party in parties]  # each party holds somebody
    truth = make_truth((p, str(n), f"person {who}") for n, (p, who, _, _) in enumerate(rows))
    linked: dict[int, list[tuple[str, str]]] = {}
    for n, (party, _, link, is_linked) in enumerate(rows):
        if is_linked:
            linked.setdefault(link, []).append((party, str(n)))
    links = make_links(parties, list(linked.values()), assign=assign)
    ids = make_ids((p, str(n)) for n, (p, *_) in enumerate(rows))
    quality = evaluate(links, truth=truth, ids=ids).quality

    within = count == 1 or assign == "many-to-many"
    pairs = [(a, b) for a, b in combinations(rows, 2) if within or a[0] != b[0]]
    true = [a[1] == b[1] for a, b in pairs]
    found = [a[3] and b[3] and a[2] == b[2] for a, b in pairs]
    assert quality.true_pairs == sum(true)
    assert quality.found_pairs == sum(found)
    assert quality.true_positives == sum(t and f for t, f in zip(true, found, strict=True))


def test_one_file_is_judged_by_its_duplicates():
    """A triple found as a pair: one of three true pairs."""
    truth = make_truth([("a", "1", "x"), ("a", "2", "x"), ("a", "3", "x"), ("a", "4", "y")])
    links = make_links(["a"], [[("a", "1"), ("a", "2")]], [("a", "1", "a", "2", 0.9)])
    found = evaluate(links, truth=truth, ids=make_ids([("a", str(n)) for n in range(1, 5)]))
    assert (found.quality.true_positives, found.quality.true_pairs) == (1, 3)
    assert found.unattainable_pairs == 0


def test_pairs_inside_a_file_count_only_where_the_run_links_inside_files():
    truth = make_truth([("a", "1", "x"), ("a", "2", "x"), ("b", "1", "x")])
    group = [[("a", "1"), ("a", "2"), ("b", "1")]]
    ids = make_ids([("a", "1"), ("a", "2"), ("b", "1")])
    for assign, pairs in (("one-to-many", 2), ("many-to-many", 3)):
        links = make_links(["a", "b"], group, assign=assign)
        assert evaluate(links, truth=truth, ids=ids).quality.true_pairs == pairs


def test_true_pairs_out_of_the_rules_reach_are_counted():
    """A person twice in one file and once in the other: one-to-one finds one of the two pairs."""
    truth = make_truth([("a", "1", "x"), ("a", "2", "x"), ("b", "1", "x")])
    links = make_links(["a", "b"], [[("a", "1"), ("b", "1")]], [("a", "1", "b", "1", 0.9)])
    ids = make_ids([("a", "1"), ("a", "2"), ("b", "1")])
    found = evaluate(links, truth=truth, ids=ids)
    assert found.quality.recall.value == 0.5
    assert found.unattainable_pairs == 1


def test_three_parties_are_judged_together_and_two_by_two():
    people = [(party, "1", "x") for party in "abc"]
    links = make_links(list("abc"), [[("a", "1"), ("b", "1")]], [("a", "1", "b", "1", 0.9)])
    found = evaluate(links, truth=make_truth(people), ids=make_ids(p[:2] for p in people))
    assert found.quality.true_pairs == 3
    recall = {(i.party_a, i.party_b): i.quality.recall.value for i in found.by_parties}
    assert recall == {("a", "b"): 1.0, ("a", "c"): 0.0, ("b", "c"): 0.0}


def test_a_run_without_links_has_no_precision():
    truth = make_truth([("a", "1", "x"), ("b", "1", "x")])
    found = evaluate(
        make_links(["a", "b"], []), truth=truth, ids=make_ids([("a", "1"), ("b", "1")])
    )
    assert found.quality.precision.value is None
    assert found.quality.recall.value == 0.0
    assert "Nothing was linked" in report_content(found)["summary"][-1]


def test_without_truth_quality_is_said_to_be_unknown(world):
    found = evaluate(world.links)
    content = report_content(found)
    assert content["truth_known"] is False
    assert content["quality"] is None
    assert "is not known" in content["summary"][0]
    assert "The run's own estimate" in content["summary"][2]
    assert content["curve"]["kind"] == "links"


def test_wrong_links_are_counted_from_the_interval_of_precision():
    told = report_content(evaluate(make_world(estimate=True).links))["estimate"]
    assert told["false_links_low"] < told["false_links"] < told["false_links_high"]
    assert told["false_links_high"] == pytest.approx(225 * (1 - told["precision_low"]))


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("score", 1.1, "a score outside"),
        ("score", float("nan"), "a score outside"),
        ("probability", -0.1, "a probability outside"),
        ("weight", float("inf"), "a weight that is not a number"),
    ],
)
def test_numbers_that_no_run_writes_are_refused(world, column, value, says):
    world.links.near.loc[0, column] = value
    with pytest.raises(DataError, match=says):
        evaluate(world.links)


def test_truth_and_id_maps_come_together(world):
    with pytest.raises(UsageError, match="truth but no id maps"):
        evaluate(world.links, truth=world.truth)
    with pytest.raises(UsageError, match="id maps but no truth"):
        evaluate(world.links, ids=world.ids)


def test_a_score_that_is_none_is_refused(world):
    pairs = world.links.pairs.assign(score=1.5)
    broken = Links(links=world.links.links, pairs=pairs, near=world.links.near, run=world.links.run)
    with pytest.raises(DataError, match="outside of 0 to 1"):
        evaluate(broken)


def test_the_histogram_holds_every_pair_once(world):
    found = judged(world)
    scores = found.scores
    assert sum(scores.accepted) == len(world.links.pairs)
    assert sum(scores.near) == len(world.links.near)
    assert sum(scores.true) == 98
    assert sum(scores.false) == 5
    assert scores.accepted[-1] == sum(world.links.pairs["score"] >= 0.99)


class TestGates:
    """The least quality that the caller accepts."""

    def test_one_that_is_met_passes(self, world):
        found = judge_gates(judged(world), precision=0.9, recall=0.9)
        assert [gate.met for gate in found.gates] == [True, True]
        enforce_gates(found)

    def test_one_that_is_not_met_is_told_with_its_value(self, world):
        found = judge_gates(judged(world), precision=0.9, f1=0.97)
        with pytest.raises(GateError, match=r"F1 is 0\.9231 where 0\.97 is required") as caught:
            enforce_gates(found)
        assert caught.value.exit_code == 3
        assert "precision" not in caught.value.problem
        assert "NOT reached" in report_content(found)["summary"][-1]

    def test_one_without_truth_is_refused(self, world):
        with pytest.raises(UsageError, match="needs the truth"):
            judge_gates(evaluate(world.links), recall=0.5)

    def test_one_out_of_range_is_refused(self, world):
        with pytest.raises(UsageError, match="between 0 and 1"):
            judge_gates(judged(world), recall=97)

    def test_a_rate_that_is_not_defined_does_not_pass(self):
        truth = make_truth([("a", "1", "x"), ("b", "1", "x")])
        ids = make_ids([("a", "1"), ("b", "1")])
        found = evaluate(make_links(["a", "b"], []), truth=truth, ids=ids)
        with pytest.raises(GateError, match="not defined"):
            enforce_gates(judge_gates(found, precision=0.0))

    def test_none_set_is_none_judged(self, world):
        assert judge_gates(judged(world)).gates == ()
