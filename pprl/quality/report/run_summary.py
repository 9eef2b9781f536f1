"""What the report's JSON says of the run: one flat object (format ``pprl-report/2``)."""

from __future__ import annotations

from typing import Any

from pprl.exchange.links.run_record import RunRecord

__all__ = ["run_summary"]

_COUNTS = (
    "pairs_possible",
    "pairs_compared",
    "reduction_ratio",
    "pairs_over_threshold",
    "pairs_accepted",
    "pairs_in_links",
    "pairs_like_household",
    "links",
    "linked_records",
    "greedy_components",
    "ties",
    "largest_link",
)


def _copies(run: RunRecord) -> dict[str, Any] | None:
    """Return who is in a file several times; None where that was not looked for."""
    copies = run.counts.copies
    if copies is None:
        return None
    return {"people": copies.people, "records": copies.records, "rescued": copies.rescued}


def run_summary(run: RunRecord) -> dict[str, Any]:
    """Return a run's facts as plain values, without the estimate and the histogram.

    The names are those of ``run.json``, where it has one. Entries that a newer version has added stay out.
    """
    return {
        **_origin(run),
        **_threshold(run),
        **_comparison(run),
        **{name: getattr(run.counts, name) for name in _COUNTS},
        "copies": _copies(run),
        "passes": [
            {
                "blocking": entry.blocking,
                "pairs_compared": entry.pairs_compared,
                "links": entry.links,
            }
            for entry in run.counts.passes
        ],
        "extends": None if run.parameters.extends is None else list(run.parameters.extends),
        "software": dict(run.software),
        "timings_s": dict(run.timings_s),
        "warnings": list(run.warnings),
        "by_files": [
            {
                "party_a": entry.party_a,
                "party_b": entry.party_b,
                "matches": entry.matches,
                "basis": entry.basis,
            }
            for entry in run.threshold.by_files
        ],
    }


def _origin(run: RunRecord) -> dict[str, Any]:
    """Return who took part, and under which agreement."""
    return {
        "parties": [
            {
                "party": entry.party,
                "file": entry.file,
                "records": entry.records,
                "rows_read": entry.rows_read,
                "content_sha256": entry.content_sha256,
            }
            for entry in run.inputs
        ],
        "project": run.agreement.project,
        "profile": run.profile,
        "fields": run.fields,
        "filter_bits": run.agreement.filter.bits,
        "hardening": run.agreement.hardening.method,
        "agreement_fingerprint": run.agreement_fingerprint,
    }


def _threshold(run: RunRecord) -> dict[str, Any]:
    """Return the threshold, and where it came from."""
    return {
        "threshold": run.threshold.value,
        "threshold_method": run.threshold.method,
        "threshold_basis": run.threshold.basis,
        "household_similarity": run.threshold.household_similarity,
        "floor": run.threshold.lowest_listed,
    }


def _comparison(run: RunRecord) -> dict[str, Any]:
    """Return how pairs were chosen for comparison, and which of them could be linked."""
    lsh = run.parameters.lsh
    checked = None if lsh is None else lsh.checked
    return {
        "blocking": run.parameters.blocking,
        "completeness": None if lsh is None else lsh.expected_completeness,
        "completeness_at_threshold": None
        if lsh is None
        else lsh.expected_completeness_at_threshold,
        "completeness_checked": None
        if checked is None
        else [checked.found, checked.low, checked.high],
        "assign": run.parameters.assign,
    }
