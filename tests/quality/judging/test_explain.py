"""Why records were linked: parts, prior, rivals and margin, and nothing but what the links folder holds."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pytest
from quality_world import PRIOR, make_links, pseudonym, weight_of

import pprl
from pprl.base.errors import DataError
from pprl.quality.judging.explain import explain, log_odds


def two_files(profile="record"):
    """Link 1 of a1 and b1, with rivals a1-b3 and a4-b1; link 2 of a2 and b2 without any."""
    return make_links(
        ["b", "a"],
        [[("a", "1"), ("b", "1")], [("a", "2"), ("b", "2")]],
        accepted=[("b", "1", "a", "1", 0.9), ("b", "2", "a", "2", 0.8)],
        near=[("b", "3", "a", "1", 0.7), ("b", "1", "a", "4", 0.75), ("b", "5", "a", "5", 0.7)],
        profile=profile,
    )


def names(found):
    return {member.number: (member.party, member.pseudonym) for member in found.members}


def test_the_pairs_of_the_link_come_first_and_then_its_rivals():
    found = explain(two_files(), 1)
    assert [pair.standing for pair in found.pairs] == ["linked", "rival", "rival"]
    of = names(found)
    ends = [{of[pair.a], of[pair.b]} for pair in found.pairs]
    assert ends == [
        {("a", pseudonym("a", "1")), ("b", pseudonym("b", "1"))},
        {("a", pseudonym("a", "4")), ("b", pseudonym("b", "1"))},
        {("a", pseudonym("a", "1")), ("b", pseudonym("b", "3"))},
    ]
    assert [member.link_id for member in found.members] == [1, 1, None, None]
    assert [member.party for member in found.members[:2]] == ["b", "a"]


def test_a_member_of_another_link_is_said_to_be_in_it():
    links = two_files()
    links.near.loc[0, "pseudonym_a"] = pseudonym("b", "2")
    found = explain(links, 1)
    assert [member.link_id for member in found.members] == [1, 1, None, 2]


def test_the_margin_is_over_the_best_rival_of_either_record():
    pair = explain(two_files(), 1).pairs[0]
    assert pair.best_rival.score == 0.75
    assert pair.best_rival.margin == pytest.approx(0.15)
    assert pair.best_rival.margin_bits == pytest.approx(weight_of(0.9) - weight_of(0.75))
    assert explain(two_files(), 2).pairs[0].best_rival is None


def test_members_of_the_link_and_records_of_a_third_party_are_no_rivals():
    links = make_links(
        ["a", "b", "c"],
        [[("a", "1"), ("b", "1"), ("c", "1")]],
        accepted=[("a", "1", "b", "1", 0.9), ("b", "1", "c", "1", 0.8)],
        near=[("a", "1", "c", "1", 0.7), ("a", "1", "c", "9", 0.75)],
    )
    found = explain(links, 1)
    assert [pair.standing for pair in found.pairs] == [
        "linked",
        "linked",
        "linked through others",
        "rival",
    ]
    of_ab, of_bc, of_ac, _ = (pair.best_rival for pair in found.pairs)
    assert of_ab is None
    assert of_bc is None
    assert of_ac.margin == pytest.approx(-0.05)


def test_prior_weight_and_rivals_make_the_probability():
    links = two_files()
    links.pairs.loc[0, "probability"] = 0.7
    pair = explain(links, 1).pairs[0]
    assert pair.prior == PRIOR
    assert pair.prior + pair.weight + pair.rivals == pytest.approx(np.log2(0.7 / 0.3))
    assert pair.rivals < 0
    assert explain(links, 2).pairs[0].rivals == pytest.approx(0, abs=1e-9)


def test_what_rivals_take_from_certainty_is_not_told():
    links = two_files()
    links.pairs.loc[0, "probability"] = 1.0
    assert explain(links, 1).pairs[0].rivals is None


@pytest.mark.parametrize(("probability", "odds"), [(0.5, 0), (0.8, 2), (0.0, -100), (1.0, 100)])
def test_log_odds_are_bounded(probability, odds):
    assert log_odds(probability) == pytest.approx(odds)


def test_the_fields_parts_sum_up_to_the_weight():
    for pair in explain(two_files("fields"), 1).pairs:
        assert sum(part.bits for part in pair.fields) == pytest.approx(pair.weight, abs=1e-3)
        levels = {part.field: part.level for part in pair.fields}
        assert levels["given_name"] == "differs"
        assert levels["postcode"] == "missing"
        assert levels["town"] == "equal, rare value"
    assert all(pair.fields is None for pair in explain(two_files(), 1).pairs)


def test_parts_belong_to_their_own_pair():
    """Near pairs follow the accepted ones in the parts."""
    links = two_files("fields")
    links.parts["bits_surname"] = np.arange(5, dtype=np.float32)
    found = explain(links, 1)
    assert [pair.fields[1].bits for pair in found.pairs] == [0, 3, 2]


def test_one_file_with_itself():
    links = make_links(
        ["a"],
        [[("a", "1"), ("a", "2")]],
        accepted=[("a", "1", "a", "2", 0.9)],
        near=[("a", "2", "a", "3", 0.7)],
        assign="many-to-many",
    )
    pair = explain(links, 1).pairs[0]
    assert pair.prior == PRIOR
    assert pair.best_rival.margin == pytest.approx(0.2)


def test_one_pseudonym_in_two_parties_is_two_records():
    """Pseudonyms are random, but nothing forbids that two parties have one in common."""
    links = make_links(
        ["a", "b"],
        [[("a", "1"), ("b", "1")], [("a", "2"), ("b", "2")]],
        accepted=[("a", "1", "b", "1", 0.9), ("a", "2", "b", "2", 0.9)],
    )
    for frame, column in ((links.links, "pseudonym"), (links.pairs, "pseudonym_b")):
        frame[column] = frame[column].replace(pseudonym("b", "2"), pseudonym("a", "1"))
    assert len(explain(links, 1).pairs) == 1


def test_a_link_that_is_not_there_is_refused():
    with pytest.raises(DataError, match="there is no link 3 in this run"):
        explain(two_files(), 3)


def test_everything_goes_into_json_and_back():
    found = explain(two_files("fields"), 1)
    content = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert content["format"] == "pprl-explanation/1"
    assert content["pairs"][0]["fields"][0]["level"] == "differs"
    assert pprl.explain(two_files("fields"), 1) == found


def test_real_runs_are_explained_from_end_to_end(fields_links):
    """The parts that a match writes sum up to its weights, and no pair is without a prior."""
    links = fields_links
    assert links.parts is not None
    weights = np.concatenate([links.pairs["weight"], links.near["weight"]])
    bits = links.parts.filter(like="bits_").sum(axis=1).to_numpy()
    np.testing.assert_allclose(bits, weights, atol=1e-3)
    for link_id in links.links["link_id"].unique()[:20]:
        found = explain(links, int(link_id))
        linked = [pair for pair in found.pairs if pair.standing == "linked"]
        assert linked
        for pair in found.pairs:
            assert pair.prior is not None
            missing = [part.bits for part in pair.fields if part.level == "missing"]
            assert not any(missing)
            if pair.rivals is not None:
                odds = pair.prior + pair.weight + pair.rivals
                assert log_odds(pair.probability) == pytest.approx(odds, abs=0.01)


def test_a_shared_rare_value_weighs_more_than_a_common_one(fields_links):
    parts = fields_links.parts
    common = parts.loc[parts["level_surname"] == 4, "bits_surname"]
    rare = parts.loc[parts["level_surname"] == 6, "bits_surname"]
    assert len(common) > 20
    assert len(rare) > 20
    assert rare.mean() > common.mean() + 1


def test_three_files_keep_the_parts_of_each_pair_of_files(three_fields_links):
    links = three_fields_links
    weights = np.concatenate([links.pairs["weight"], links.near["weight"]])
    bits = links.parts.filter(like="bits_").sum(axis=1).to_numpy()
    np.testing.assert_allclose(bits, weights, atol=1e-3)
    found = {frozenset((entry.party_a, entry.party_b)) for entry in links.run.model.priors}
    assert found == {frozenset(pair) for pair in combinations("abc", 2)}
