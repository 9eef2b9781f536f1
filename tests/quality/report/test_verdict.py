"""What the report says in words: how the threshold came about, what is estimated, bounded or not known."""

from __future__ import annotations

import json
import re
from itertools import combinations

import pytest
from quality_world import (
    make_file_pair,
    make_ids,
    make_links,
    make_quality,
    make_truth,
    make_world,
    with_run,
)

from pprl.base.errors import GateError
from pprl.quality import enforce_gates, evaluate, judge_gates, render_report, report_content
from pprl.quality.metrics import measure
from pprl.quality.report.words import SEEN

BEST_SCORES = {"threshold.histogram": {"bins": 2, "best": [1, 2], "chance": [2.0, 1.0]}}


def summary(found):
    return " ".join(report_content(found)["summary"])


def notes(found):
    return " ".join(report_content(found)["notes"])


def text_of(found):
    """Return the page's text in one line, drawings left out."""
    page = re.sub(r"<svg .*?</svg>", " ", render_report(found), flags=re.DOTALL)
    page = re.sub(r"<[^>]+>", " ", page.replace("&#39;", "'")).replace("\u00a0", " ")
    return re.sub(r" ([.,;)])", r"\1", " ".join(page.split()))


def judged(world):
    return evaluate(world.links, truth=world.truth, ids=world.ids)


def one_file(**run):
    groups = [[("a", "1"), ("a", "2"), ("a", "3")]]
    accepted = [("a", "1", "a", "2", 0.9), ("a", "2", "a", "3", 0.85)]
    return make_links(["a"], groups, accepted, assign="many-to-many", pairs_in_links=3, **run)


class TestThreshold:
    """How the threshold came about, by its basis."""

    @pytest.mark.parametrize(
        ("basis", "words", "tile"),
        [
            ("estimated", "0.75, found without truth: the similarity", "found without truth"),
            ("cautious", "almost no matches are expected", "found without truth; almost no"),
            ("customary", "0.75, the customary value: the files are too small", "customary: files"),
            ("given", "0.75, given by the operator", "given by the operator"),
        ],
    )
    def test_words_and_tile_say_it(self, basis, words, tile):
        found = evaluate(make_world(basis=basis, estimate=basis == "estimated").links)
        assert words in summary(found)
        page = text_of(found)
        assert words in page
        assert f"Threshold 0.75 {tile}" in page

    def test_the_cautious_and_the_customary_are_told_beside_a_truth_too(self):
        assert "customary value" in summary(judged(make_world(basis="customary")))
        assert "customary value" not in summary(judged(make_world(basis="given")))

    def test_of_one_file_it_speaks_of_one_file(self):
        assert "the file is too small" in summary(evaluate(one_file(basis="customary")))

    def test_in_the_profile_fields_it_is_a_probability(self):
        found = evaluate(make_world(basis="estimated", estimate=True, profile="fields").links)
        assert "pairs are accepted from even odds upwards" in summary(found)
        assert "Threshold match probability 0.75" in text_of(found)
        assert "similarity" not in summary(found)


class TestNoEstimate:
    """Where there is no valid estimate, the report says why."""

    @pytest.mark.parametrize(
        ("basis", "why"),
        [
            ("customary", "the files are too small"),
            ("estimated", "a file seems to hold people several times"),
            ("given", "the files are too small"),
        ],
    )
    def test_the_runs_own_reason_is_told(self, basis, why):
        links = make_world(basis=basis).links
        found = evaluate(with_run(links, {"threshold.no_estimate": why}))
        said = f"No estimate of quality can be made for this run, because {why}"
        assert said in summary(found)
        assert said in text_of(found)
        assert report_content(found)["no_estimate"].startswith(said)
        assert "estimated" not in text_of(found)
        assert "(whose quality is not known)" in text_of(found)

    def test_with_an_estimate_nothing_of_it_is_said(self, world):
        assert report_content(evaluate(world.links))["no_estimate"] is None


class TestEstimate:
    """The run's own estimate stands with its intervals, and is never taken for a measurement."""

    def test_the_summary_states_both_intervals(self, world):
        said = summary(evaluate(world.links))
        assert "90.0 % of the linked pairs are right (95 % interval 81.2 to 95.7 %)" in said
        assert f"recall is 85.0 % {SEEN} (95 % interval 70.1 to 93.5 %)" in said
        assert "An estimate is not a measurement" in said

    def test_every_place_says_what_recall_is_a_share_of(self, world):
        page = text_of(evaluate(world.links))
        tile, table, chart = (
            rf"Recall, estimated [\d.]+ % {SEEN}; 95 % interval 70.1 to 93.5 %",
            rf"Recall, estimated {SEEN} [\d.]+ % 70.1 to 93.5 %",
            rf"Recall is the share {SEEN}",
        )
        for place in (tile, table, chart):
            assert re.search(place, page), place
        assert "at most" not in notes(evaluate(world.links))

    @pytest.mark.parametrize("blocking", ["keys", "lsh"])
    def test_with_a_blocking_it_is_still_a_share_of_all_matches_expected(self, blocking):
        """The run reckons with the matches that no compared pair shows."""
        found = evaluate(make_world(estimate=True, blocking=blocking).links)
        assert f"recall is 85.0 % {SEEN} (95 % interval" in summary(found)
        assert report_content(found)["estimate"]["of"] == SEEN
        assert "among the pairs that" not in text_of(found)
        assert ("The estimated recall counts them" in notes(found)) == (blocking == "keys")

    def test_without_one_matches_out_of_the_blocks_reach_are_not_counted(self):
        assert "How many there are is not known" in notes(
            evaluate(make_world(blocking="keys").links)
        )
        assert "How many there are" not in notes(judged(make_world(blocking="keys")))

    @pytest.mark.parametrize(
        ("records", "compared", "says"),
        [
            ([3, 4], True, "This does not hold for 7 records without any key"),
            ([1, 0], False, "Among them are all pairs of 1 record without any key"),
            ([0, 0], True, None),
        ],
    )
    def test_what_became_of_records_without_a_key_is_told(self, records, compared, says):
        entries = [
            {"party": party, "records": n, "compared": compared}
            for party, n in zip(("health", "education"), records, strict=True)
        ]
        links = with_run(make_world(blocking="keys").links, {"counts.keyless": entries})
        told = notes(evaluate(links))
        assert ("without any key" in told) == (says is not None)
        assert (says or "") in told

    def test_beside_a_truth_it_is_labelled_too(self, world):
        said = r"precision 90.0 % \(95 % interval 81.2 to 95.7 %\), recall [\d.]+ % " + SEEN
        assert re.search(said, text_of(judged(world)))

    @pytest.mark.parametrize(
        ("other", "said"),
        [
            ({}, "more than 10.0 % of the links are wrong: have pairs near the threshold reviewed"),
            ({"precision_high": 0.89}, "Many links are wrong even at the better end"),
            ({"precision_low": 0.95}, "The interval of recall is wide"),
            (
                {"precision_low": 0.95, "recall_low": 0.8},
                "at most 5.0 % of the links are wrong",
            ),
        ],
    )
    def test_the_advice_follows_the_worse_end(self, other, said):
        found = evaluate(make_world(estimate=True, quality=make_quality(**other)).links)
        assert said in summary(found)

    def test_an_added_file_has_its_own_estimate_only(self):
        found = evaluate(make_world(estimate=True, extends=["a", "c"]).links)
        assert "It covers the pairs that this run added; those between a and c" in summary(found)
        assert "the links between those were kept" in notes(found)
        assert "Added to an earlier run of a, c" in text_of(found)


class TestFewLinks:
    """Below thirty links the wrong ones are a count."""

    def test_no_percentage_of_precision_is_given(self):
        found = evaluate(make_world(estimate=True, quality=make_quality(18)).links)
        said = "about 1.8 of 18 linked pairs are wrong (95 % interval 0.8 to 3.4)"
        assert said in summary(found)
        page = text_of(found)
        assert "Wrong pairs, estimated 1.8 of 18 linked pairs; 95 % interval 0.8 to 3.4" in page
        assert "Precision, estimated" not in page
        assert "Estimated precision" not in page
        assert "F1, estimated" not in page

    def test_from_thirty_on_it_is_a_percentage(self):
        found = evaluate(make_world(estimate=True, quality=make_quality(30)).links)
        assert "% of the linked pairs are right" in summary(found)
        assert "Precision, estimated" in text_of(found)


class TestPartialTruth:
    """A truth that lacks records: precision has bounds, and gates take the lower one."""

    @pytest.fixture
    def found(self):
        """95 found pairs; the truth lacks ten of the records of right ones."""
        world = make_world()
        gone = [f"A-{n:04d}" for n in range(10)]
        world.truth = world.truth[~world.truth["id"].isin(gone)]
        return judged(world)

    def test_the_summary_says_how_many_and_between_what(self, found):
        assert found.unjudged_pairs == 10
        assert found.precision_bounds == pytest.approx((80 / 95, 90 / 95))
        said = "10 more linked pairs could not be judged; precision lies between 84.2 % and 94.7 %."
        assert said in summary(found)
        assert report_content(found)["precision_bounds"] == pytest.approx([80 / 95, 90 / 95])
        assert "The truth must also list people without a match" in notes(found)
        assert "precision lies between 84.2 % and 94.7 %" in text_of(found)
        assert "of the pairs judged; 84.2 % to 94.7 % with the 10 not judged" in text_of(found)

    def test_the_gates_of_precision_and_f1_take_the_lower_bound(self, found):
        """Measured on the judged pairs, precision is 80 of 85."""
        assert found.quality.precision.value > 0.9
        gated = judge_gates(found, precision=0.9, recall=0.8, f1=0.88)
        precision, recall, f1 = gated.gates
        assert (precision.lower_bound, recall.lower_bound, f1.lower_bound) == (True, False, True)
        assert (precision.met, recall.met, f1.met) == (False, True, False)
        worst = measure(true_positives=80, found_pairs=95, true_pairs=found.quality.true_pairs)
        assert precision.value == pytest.approx(worst.precision.value)
        assert f1.value == pytest.approx(worst.f1.value)
        assert "NOT reached (84.2 %, the lower bound: linked pairs that could" in summary(gated)
        assert "84.2 % (lower bound)" in text_of(gated)
        with pytest.raises(
            GateError, match="lower bound: pairs that were not judged count as wrong"
        ):
            enforce_gates(gated)

    def test_a_full_truth_has_no_bounds(self, world):
        found = judge_gates(judged(world), precision=0.9)
        assert found.precision_bounds is None
        assert found.gates[0].lower_bound is False
        assert "lower bound" not in summary(found) + text_of(found)


class TestMissedPairs:
    """What could not have been found, and what never was encoded."""

    def test_records_never_encoded_are_counted_in_pairs(self, world):
        found = judged(world)
        assert found.never_encoded_pairs == 2
        said = "2 of the 10 missed pairs involve records that were never encoded."
        assert said in summary(found)
        assert "could not be found under this rule" not in summary(found)

    def test_pairs_out_of_the_rules_reach_stand_in_the_summary(self):
        truth = make_truth([("a", "1", "x"), ("a", "2", "x"), ("b", "1", "x")])
        links = make_links(["a", "b"], [[("a", "1"), ("b", "1")]], [("a", "1", "b", "1", 0.9)])
        ids = make_ids([("a", "1"), ("a", "2"), ("b", "1")])
        found = evaluate(links, truth=truth, ids=ids)
        assert "The one missed pair could not be found under this rule" in summary(found)
        assert found.never_encoded_pairs == 0

    def test_where_no_id_map_holds_the_record(self):
        """Two files and a person three times: two true pairs across the files, one record never encoded."""
        truth = make_truth([("a", "1", "x"), ("a", "2", "x"), ("b", "1", "x")])
        links = make_links(["a", "b"], [[("a", "1"), ("b", "1")]], [("a", "1", "b", "1", 0.9)])
        found = evaluate(links, truth=truth, ids=make_ids([("a", "1"), ("b", "1")]))
        assert found.never_encoded_pairs == 1
        assert "The one missed pair involves a record that was never encoded" in summary(found)


class TestUnits:
    """Pairs are pairs and groups are groups."""

    def test_groups_and_pairs_are_told_apart(self):
        found = evaluate(with_run(one_file(), {"counts.copies": None}))
        said = "1 group of records, 3 pairs"
        assert said in summary(found)
        page = text_of(found)
        assert f"Linked {said}, 3 records; pairs that were not accepted themselves join" in page
        assert "Linked pairs 3 in 1 group of records" in page
        assert "1 linked pair was not accepted but is linked through a third record" in notes(found)

    def test_estimated_matches_are_pairs(self, world):
        assert re.search(
            r"Matches, estimated 90 pairs of records of one", text_of(evaluate(world.links))
        )

    def test_one_file_has_no_other_file(self):
        links = with_run(one_file(), BEST_SCORES)
        html = render_report(evaluate(links))
        assert "the other records of the file" in html
        assert "other file" not in html
        assert "between the files" not in html

    def test_three_files_have_several_others(self):
        links = with_run(make_links(list("abc"), []), BEST_SCORES)
        html = render_report(evaluate(links))
        assert "best score against another file" in html


class TestThreeFiles:
    """What the run expects between every two files."""

    @pytest.fixture
    def parts(self):
        """The second pair of files is too small for an estimate."""
        rows = [make_file_pair(a, b) for a, b in combinations("abc", 2)]
        rows[1] = {**rows[1], "basis": "customary"}
        return rows

    def links(self, parts, **run):
        groups = [[("a", "1"), ("b", "1")]]
        return make_links(
            list("abc"), groups, [("a", "1", "b", "1", 0.9)], by_files=parts, estimate=True, **run
        )

    def test_without_truth(self, parts):
        page = text_of(evaluate(self.links(parts)))
        assert "a – b 234 estimated" in page
        assert "a – c 234 files too small to learn from" in page

    def test_with_truth_both_tables_stand(self, parts):
        people = [(party, "1", "x") for party in "abc"]
        ids = make_ids(p[:2] for p in people)
        found = evaluate(self.links(parts), truth=make_truth(people), ids=ids)
        page = text_of(found)
        assert "Between every two files, by the run's own estimate" in page
        assert "Between every two parties, by the truth" in page
        assert len(json.loads(json.dumps(report_content(found)))["run"]["by_files"]) == 3

    def test_two_files_have_no_such_table(self, world):
        assert "Between every two" not in text_of(evaluate(world.links))


class TestRelatives:
    """Accepted pairs that score no higher than two members of a household."""

    said = "7 accepted pairs score no higher than two members of a household may (about 0.80, up to 0.86)."

    @pytest.mark.parametrize("truth", [True, False])
    def test_they_are_told_in_summary_and_notes(self, truth):
        world = make_world(estimate=True, household_similarity=0.8, like_household=7)
        found = judged(world) if truth else evaluate(world.links)
        for text in (summary(found), notes(found)):
            assert self.said in text
            assert "families are split between the files" in text
            assert "as frequent between the files as inside them" in text

    def test_nothing_is_assumed_where_nothing_is_estimated(self):
        found = evaluate(make_world(household_similarity=0.8, like_household=7).links)
        assert self.said in summary(found)
        assert "the estimate assumes" not in summary(found)

    @pytest.mark.parametrize(("dice", "count"), [(0.8, 0), (0.69, 7)])
    def test_none_or_a_threshold_above_a_household_is_silent(self, dice, count):
        """0.69 and 0.06 is the threshold in use, 0.75."""
        found = evaluate(make_world(household_similarity=dice, like_household=count).links)
        assert "household" not in summary(found) + notes(found)

    def test_in_one_file_they_are_no_duplicates(self):
        found = evaluate(one_file(household_similarity=0.8, like_household=1))
        assert "1 accepted pair scores no higher" in summary(found)
        assert "It may be two relatives rather than duplicates." in summary(found)


class TestLimits:
    """What the intervals hold and what the blocking may have lost."""

    def test_intervals_hold_neither_another_key_nor_another_threshold(self, world):
        said = "nor what another key or another automatic threshold would change"
        assert said in notes(judged(world))

    def test_lsh_says_what_it_expects_to_compare(self):
        page = text_of(evaluate(make_world(blocking="lsh").links))
        said = "expected to compare 99.8 % of the matches similar enough to be listed"
        assert f"{said} ( 91.0 % of the least similar of them)" in page

    def test_of_keys_completeness_is_not_known(self):
        found = evaluate(make_world(blocking="keys").links)
        assert "completeness) is not known" in text_of(found)
        assert "are never compared" in notes(found)

    def test_every_pair_compared_needs_no_word_on_completeness(self, world):
        assert "completeness" not in text_of(evaluate(world.links))


class TestTheRunsFacts:
    """What else the unit tells of a run."""

    def test_passes_in_turn_are_counted_apart(self):
        passes = [
            {"blocking": "keys", "pairs_compared": 1234, "links": 56},
            {"blocking": "exhaustive", "pairs_compared": 7890, "links": 0},
        ]
        found = evaluate(make_world(passes=passes).links)
        page = text_of(found)
        assert "Blocking 2 passes in turn, see below" in page
        assert "1. blocking keys 1,234 56" in page
        assert "2. every pair 7,890 –" in page
        assert "what a pass linked" in notes(found)
        assert "are never compared" not in notes(found)

    def test_one_pass_has_no_table(self, world):
        assert "passes in turn" not in text_of(evaluate(world.links))

    def test_one_of_a_thing_is_told_in_the_singular(self):
        links = make_links(["a", "b"], [[("a", "1"), ("b", "1")]], [("a", "1", "b", "1", 0.9)])
        links = with_run(links, {"counts.pairs_over_threshold": 1})
        people = [("a", "1", "x"), ("b", "1", "x")]
        found = evaluate(links, truth=make_truth(people), ids=make_ids(p[:2] for p in people))
        page = text_of(found)
        assert "1 pair, of which 1 accepted" in page
        assert "1 of 1 found pair" in page
        assert not re.search(r"(?<![\d.,])1 (pairs|records|groups|rows)\b", page + summary(found))

    def test_an_extended_run_tells_its_own_pairs_from_those_of_the_folder(self):
        page = text_of(evaluate(make_world(extends=["a", "c"]).links))
        assert "96 pairs that this run compared; 95 accepted, with those of the earlier run" in page

    def test_ties_and_the_largest_link_are_told(self):
        found = evaluate(make_world(ties=1, largest_link=7).links)
        assert "Largest link 7 records" in text_of(found)
        assert "1 record had two partners with equal evidence" in notes(found)
        assert "equal evidence" not in notes(evaluate(make_world().links))


class TestFields:
    """The profile fields: probabilities, the fields' parts, and nothing of households."""

    @pytest.fixture
    def found(self):
        return evaluate(make_world(estimate=True, profile="fields", basis="estimated").links)

    def test_scores_are_probabilities_and_households_no_matter(self, found):
        page = text_of(found)
        html = render_report(found)
        assert "threshold (match probability)" in html
        assert "score (match probability)" in html
        assert "similarity" not in page.replace("similar ", "")
        assert "ousehold" not in page
        assert "bits for each field" in page

    def test_contributions_are_means_of_the_accepted_pairs(self, found):
        told = found.contributions
        assert told.pairs == 95
        assert [field.field for field in told.fields][:2] == ["given_name", "surname"]
        assert told.fields[0].bits == -2.0
        assert told.fields[0].shares == {"equal": 0, "similar": 0, "differs": 1, "missing": 0}
        assert told.fields[-1].shares["missing"] == 1
        total = told.prior + sum(field.bits for field in told.fields) + told.rivals
        assert total == pytest.approx(told.log_odds, abs=0.01)
        assert told.rivals == pytest.approx(0, abs=0.01)
        assert found.doubtful is None

    def test_the_page_shows_them(self, found):
        assert "given_name -2.0 0.0 % 0.0 % 100.0 % 0.0 %" in text_of(found)
        assert "What the fields add to the evidence" in render_report(found)

    def test_the_profile_record_has_none(self, world):
        found = evaluate(world.links)
        assert report_content(found)["contributions"] is None
        assert "What the fields add" not in render_report(found)

    def test_a_run_that_linked_nothing_has_no_contributions(self):
        assert evaluate(make_links(["a", "b"], [], profile="fields")).contributions is None
