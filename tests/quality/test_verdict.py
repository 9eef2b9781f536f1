"""What the report says in words: how the threshold came about, what is estimated, bounded or not known."""

from __future__ import annotations

import json
import re
from itertools import combinations

import pytest
from quality_world import make_file_pair, make_ids, make_links, make_truth, make_world

from pprl.errors import GateError
from pprl.quality import enforce_gates, evaluate, judge_gates, render_report
from pprl.quality.metrics import measure
from pprl.quality.words import SEEN


def summary(found):
    return " ".join(found.to_dict()["summary"])


def notes(found):
    return " ".join(found.to_dict()["notes"])


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
            ("estimated", "chosen automatically: the best by the run's estimate", "estimated by"),
            ("cautious", "set high: no more matches in sight than chance makes", "set high"),
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

    def test_of_one_file_it_is_chosen_above_a_household(self):
        found = evaluate(one_file(basis="estimated"))
        assert "above what two members of a household reach" in summary(found)
        assert "the file is too small" in summary(evaluate(one_file(basis="customary")))


class TestNoEstimate:
    """Where there is no valid estimate, the report says why."""

    @pytest.mark.parametrize(
        ("basis", "why"),
        [
            ("customary", "the files are too small to show how alike different people look"),
            ("cautious", "no more matches are in sight than chance makes"),
            ("given", "the files are too small, or hold no more matches in sight"),
        ],
    )
    def test_of_two_files(self, basis, why):
        found = evaluate(make_world(basis=basis).links)
        said = f"No estimate of quality can be made for this run, because {why}"
        assert said in summary(found)
        assert said in text_of(found)
        assert found.to_dict()["no_estimate"].startswith(said)
        assert "estimated" not in text_of(found)
        assert "(whose quality is not known)" in text_of(found)

    def test_of_one_file(self):
        found = evaluate(one_file(basis="estimated"))
        why = "because one file alone can't show how alike different people look."
        assert why in summary(found)

    def test_the_runs_own_reason_comes_first(self):
        links = make_world(basis="estimated").links
        links.run["threshold"]["no_estimate"] = "a file seems to hold people several times"
        assert "because a file seems to hold people several times." in summary(evaluate(links))

    def test_an_estimate_that_does_not_reach_the_threshold(self):
        found = evaluate(make_world(estimate=True, threshold=0.5, floor=0.5).links)
        assert "the threshold lies outside of the scores" in summary(found)

    def test_with_an_estimate_nothing_of_it_is_said(self, world):
        assert evaluate(world.links).to_dict()["no_estimate"] is None


class TestEstimatedRecall:
    """It is a share of the matches that the scores can see, and no upper bound."""

    def test_every_place_says_so(self, world):
        found = evaluate(world.links)
        assert SEEN in summary(found)
        page = text_of(found)
        tile, table, chart = (
            rf"Recall, estimated [\d.]+ % {SEEN}",
            rf"Recall, estimated {SEEN} [\d.]+ %",
            rf"Recall is the share {SEEN}",
        )
        for place in (tile, table, chart):
            assert re.search(place, page), place
        assert "recall (of the matches that the scores can see) and F1 by threshold" in page
        assert "at most" not in summary(found) + notes(found)

    def test_beside_a_truth_it_is_labelled_too(self, world):
        assert re.search(rf"recall [\d.]+ % {SEEN}", text_of(judged(world)))


class TestFewLinks:
    """Below thirty expected links the wrong ones are a count."""

    def test_no_percentage_of_precision_is_given(self):
        found = evaluate(make_world(estimate=True, expected_links=18.4).links)
        assert "about 1.2 of 18 linked pairs are wrong" in summary(found)
        page = text_of(found)
        assert "Wrong pairs, estimated 1.2 of 18 linked pairs expected" in page
        assert "Precision, estimated" not in page
        assert "Estimated precision" not in page
        assert "F1, estimated" not in page

    def test_from_thirty_on_it_is_a_percentage(self):
        found = evaluate(make_world(estimate=True, expected_links=30.0).links)
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
        assert found.to_dict()["precision_bounds"] == pytest.approx([80 / 95, 90 / 95])
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
        with pytest.raises(GateError, match="lower bound: pairs not judged count as wrong"):
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
        assert "1 of the 1 missed pair could not be found under this rule" in summary(found)
        assert found.never_encoded_pairs == 0

    def test_where_no_id_map_holds_the_record(self):
        """Two files and a person three times: two true pairs across the files, one record never encoded."""
        truth = make_truth([("a", "1", "x"), ("a", "2", "x"), ("b", "1", "x")])
        links = make_links(["a", "b"], [[("a", "1"), ("b", "1")]], [("a", "1", "b", "1", 0.9)])
        found = evaluate(links, truth=truth, ids=make_ids([("a", "1"), ("b", "1")]))
        assert found.never_encoded_pairs == 1
        assert "1 of the 1 missed pair involves a record that was never encoded" in summary(found)


class TestUnits:
    """Pairs are pairs and groups are groups."""

    def test_groups_and_pairs_are_told_apart(self):
        found = evaluate(one_file())
        said = "1 group of records, 3 pairs"
        assert said in summary(found)
        page = text_of(found)
        assert f"Linked {said}, 3 records; pairs that were not accepted themselves join" in page
        assert "Linked pairs 3 in 1 group of records" in page
        assert "1 linked pair was not accepted but joins through a third record" in notes(found)

    def test_estimated_matches_are_pairs(self, world):
        assert re.search(
            r"Matches, estimated 90 pairs of records of one", text_of(evaluate(world.links))
        )

    def test_one_file_has_no_other_file(self):
        links = one_file()
        links.run["threshold"]["histogram"] = {"bins": 2, "best": [1, 2], "chance": [2.0, 1.0]}
        html = render_report(evaluate(links))
        assert "the other records of the file" in html
        assert "other file" not in html
        assert "between the files" not in html

    def test_three_files_have_several_others(self):
        links = make_links(list("abc"), [])
        links.run["threshold"]["histogram"] = {"bins": 2, "best": [1, 2], "chance": [2.0, 1.0]}
        html = render_report(evaluate(links))
        assert "best score against another file" in html


class TestThreeFiles:
    """What the run expects between every two files."""

    @pytest.fixture
    def parts(self):
        """The second pair of files is too small for an estimate."""
        rows = [make_file_pair(a, b) for a, b in combinations("abc", 2)]
        rows[1] = {**rows[1], "basis": "customary", "expected_false": 0.0}
        return rows

    def links(self, parts, **run):
        groups = [[("a", "1"), ("b", "1")]]
        return make_links(
            list("abc"), groups, [("a", "1", "b", "1", 0.9)], by_files=parts, estimate=True, **run
        )

    def test_without_truth(self, parts):
        page = text_of(evaluate(self.links(parts)))
        assert "a – b 123 5.7 234 estimated" in page
        assert "a – c 123 – – files too small to estimate" in page

    def test_with_truth_both_tables_stand(self, parts):
        people = [(party, "1", "x") for party in "abc"]
        ids = make_ids(p[:2] for p in people)
        found = evaluate(self.links(parts), truth=make_truth(people), ids=ids)
        page = text_of(found)
        assert "Between every two files, by the run's own reckoning" in page
        assert "Between every two parties, by the truth" in page
        assert len(json.loads(json.dumps(found.to_dict()))["run"]["by_files"]) == 3

    def test_two_files_have_no_such_table(self, world):
        assert "Between every two" not in text_of(evaluate(world.links))


class TestRelatives:
    """Accepted pairs that score no higher than two members of a household."""

    said = "7 accepted pairs score no higher than two members of a household may do (about 0.80, up to 0.86)."

    @pytest.mark.parametrize("truth", [True, False])
    def test_they_are_told_in_summary_and_notes(self, truth):
        world = make_world(estimate=True, household_dice=0.8, like_household=7)
        found = judged(world) if truth else evaluate(world.links)
        for text in (summary(found), notes(found)):
            assert self.said in text
            assert "families are split between the files" in text
            assert "as frequent between the files as inside them" in text

    def test_nothing_is_assumed_where_nothing_is_estimated(self):
        found = evaluate(make_world(household_dice=0.8, like_household=7).links)
        assert self.said in summary(found)
        assert "the estimate assumes" not in summary(found)

    @pytest.mark.parametrize(("dice", "count"), [(0.8, 0), (0.69, 7)])
    def test_none_or_a_threshold_above_a_household_is_silent(self, dice, count):
        """0.69 and 0.06 is the used threshold of 0.75."""
        found = evaluate(make_world(household_dice=dice, like_household=count).links)
        assert "household" not in summary(found) + notes(found)

    def test_in_one_file_they_are_no_duplicates(self):
        found = evaluate(one_file(household_dice=0.8, like_household=1))
        assert "1 accepted pair scores no higher" in summary(found)
        assert "It may be relatives and no duplicates." in summary(found)


class TestLimits:
    """What the intervals hold and what the blocking may have lost."""

    def test_intervals_hold_neither_another_key_nor_another_threshold(self, world):
        said = "nor is what another key or another automatic threshold would change"
        assert said in notes(judged(world))

    def test_lsh_says_what_it_expects_to_compare(self):
        page = text_of(evaluate(make_world(blocking="lsh").links))
        said = "expected to compare 99.8 % of the matches ( 91.0 % of those at the threshold)"
        assert said in page

    def test_of_keys_completeness_is_not_known(self):
        found = evaluate(make_world(blocking="keys").links)
        assert "completeness) is not known" in text_of(found)
        assert "are never compared" in notes(found)

    def test_every_pair_compared_needs_no_word_on_completeness(self, world):
        assert "completeness" not in text_of(evaluate(world.links))
