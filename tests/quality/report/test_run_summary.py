"""What the report's JSON says of the run."""

from __future__ import annotations

import json

from quality_world import make_world, with_run
from run_records import lsh_content

from pprl.quality.report.run_summary import run_summary

PASSES = [
    {"blocking": "keys", "pairs_compared": 10, "links": 4},
    {"blocking": "lsh", "pairs_compared": 20, "links": 91},
]


def test_the_summary_is_plain_values_under_the_names_of_its_format():
    content = run_summary(make_world(estimate=True).links.run)
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert list(content) == [
        "parties", "project", "profile", "fields", "filter_bits", "hardening", "agreement_fingerprint", "threshold",
        "threshold_method", "threshold_basis", "household_similarity", "floor", "blocking", "completeness",
        "completeness_at_threshold", "completeness_checked", "assign", "pairs_possible", "pairs_compared",
        "reduction_ratio", "pairs_over_threshold", "pairs_accepted", "pairs_in_links", "pairs_like_household", "links",
        "linked_records", "greedy_components", "ties", "largest_link", "copies", "passes", "extends", "software",
        "timings_s", "warnings", "by_files",
    ]  # fmt: skip
    assert (content["threshold"], content["floor"], content["pairs_accepted"]) == (0.75, 0.65, 95)


def test_passes_in_turn_and_the_earlier_run_are_told():
    content = run_summary(make_world(passes=PASSES, extends=["a"]).links.run)
    assert content["passes"] == PASSES
    assert content["blocking"] == "keys,lsh"
    assert content["completeness"] == 0.998
    assert content["completeness_at_threshold"] == 0.91
    assert content["completeness_checked"] == [0.97, 0.93, 0.99]
    assert content["extends"] == ["a"]
    unchecked = with_run(
        make_world(passes=PASSES).links, {"parameters.lsh": {**lsh_content(), "checked": None}}
    )
    assert run_summary(unchecked.run)["completeness_checked"] is None


def test_entries_of_newer_versions_stay_out_of_the_report():
    """Who signs a report knows its format; what a newer unit writes beside it may tell more than a report may."""
    run = make_world(passes=PASSES).links.run
    newer = with_run(
        make_world(passes=PASSES).links,
        {
            "newer": 1,
            "counts.newer": 1,
            "counts.passes.0.newer": 1,
            "inputs.0.newer": 1,
            "threshold.by_files.0.newer": 1,
            "parameters.lsh.newer": 1,
        },
    ).run
    assert newer != run
    assert run_summary(newer) == run_summary(run)


def test_copies_are_told_where_they_were_looked_for():
    copies = {"people": 2, "files": [{"party": "a", "records": 3}], "rescued": 1}
    found = run_summary(with_run(make_world().links, {"counts.copies": copies}).run)
    assert found["copies"] == {"people": 2, "records": {"a": 3}, "rescued": 1}
    assert run_summary(with_run(make_world().links, {"counts.copies": None}).run)["copies"] is None
