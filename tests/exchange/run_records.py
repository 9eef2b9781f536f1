"""Run records for tests: whole ones, and the same with one entry changed."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from pprl.exchange.agreement.model import Agreement
from pprl.exchange.links.run_record import RunRecord

_AGREEMENT = {
    "format": "pprl-agreement/1",
    "project": "test <linkage>",
    "field": [
        {"name": "given_name", "type": "given-name"},
        {"name": "surname", "type": "surname"},
        {"name": "date_of_birth", "type": "date"},
        {"name": "town", "type": "locality"},
        {"name": "postcode", "type": "postcode"},
    ],
}


def make_agreement(profile: str = "record") -> Agreement:
    """Return the agreement of the made-up runs."""
    return Agreement.from_dict(
        _AGREEMENT if profile == "record" else {**_AGREEMENT, "profile": profile}
    )


def record_content(
    parties: Sequence[str] = ("health", "education"),
    *,
    profile: str = "record",
    estimate: bool = True,
) -> dict[str, Any]:
    """Return the plain values of a run record with every entry that there is."""
    agreed = make_agreement(profile)
    pairs = list(combinations(parties, 2))
    quality = {
        "links": 225,
        "matches": 90.0,
        "precision": 0.9,
        "precision_low": 0.81234,
        "precision_high": 0.95678,
        "recall": 0.85,
        "recall_low": 0.70123,
        "recall_high": 0.93456,
        "f1": 0.8743,
    }
    curve = [
        {
            "threshold": step / 100,
            "links": 300.0 - step,
            "expected_false": 100.0 - step,
            "precision": 0.6 + step / 250,
            "recall": 1.0 - (step - 60) / 100,
            "f1": 0.8,
        }
        for step in range(60, 101)
    ]
    histogram = {"bins": 100, "best": [1] * 100, "chance": [2.5] * 60 + [0.0] * 40}
    return {
        "format": "pprl-links/3",
        "software": {"pprl-kit": "0.1.0", "python": "3.11.7"},
        "agreement": agreed.to_dict(),
        "agreement_fingerprint": agreed.fingerprint(),
        "inputs": [
            {
                "party": party,
                "file": f"{party}.parquet",
                "records": 100,
                "rows_read": 101,
                "content_sha256": hashlib.sha256(party.encode()).hexdigest(),
                "software": "pprl-kit 0.1.0",
            }
            for party in parties
        ],
        "parameters": {
            "threshold": "auto" if estimate else 0.75,
            "blocking": "exhaustive",
            "assign": "one-to-one",
            "lsh": None,
            "engine": "local",
            "threads": 2,
            "memory_mib": 4096,
            "extends": None,
            "sample": 20_000,
        },
        "threshold": {
            "value": 0.75,
            "method": "auto" if estimate else "given",
            "basis": "estimated" if estimate else "given",
            "floor": 0.65,
            "household_similarity": 0.6 if profile == "record" else 0.0,
            "no_estimate": None if estimate else "the files are too small",
            "estimate": {"matches": 90.0, "quality": quality, "curve": curve} if estimate else None,
            "by_files": [
                {"party_a": a, "party_b": b, "matches": 234.5, "basis": "estimated"}
                for a, b in pairs
            ],
            "histogram": histogram if estimate else None,
        },
        "model": {
            "converged": True,
            "priors": [
                {"party_a": a, "party_b": b, "bits": -6.5} for a, b in pairs or [(parties[0],) * 2]
            ],
        },
        "counts": {
            "pairs_possible": 10000,
            "pairs_compared": 10000,
            "pairs_compared_per_pass": [10000],
            "reduction_ratio": 0.0,
            "pairs_over_threshold": 4,
            "pairs_accepted": 3,
            "links": 3,
            "linked_records": 6,
            "pairs_in_links": 3,
            "pairs_like_household": 0,
            "greedy_components": 0,
            "ties": 0,
            "largest_link": 2,
            "copies": {
                "people": 1,
                "files": [{"party": "a", "records": 1}],
                "rescued": 0,
            },
            "passes": [
                {
                    "blocking": "exhaustive",
                    "pairs_compared": 10000,
                    "per_block_pass": [10000],
                    "links": 3,
                }
            ],
            "keyless": None,
        },
        "timings_s": {"read": 0.1, "threshold": 0.2, "compare": 0.3, "link": 0.1, "write": 0.1},
        "memory_peak_mib": {"read": 210.5, "compare": 310.0},
        "warnings": ["a warning with <markup>"],
    }


def lsh_content() -> dict[str, Any]:
    """Return ``parameters.lsh`` of a run whose blocking is an LSH."""
    return {
        "completeness": 0.99,
        "tables": 20,
        "bits_per_table": 30,
        "pool": "ff",
        "seed": 1,
        "expected_completeness": 0.998,
        "expected_completeness_at_threshold": 0.91,
        "checked": {"matches": 80.5, "found": 0.97, "low": 0.93, "high": 0.99},
    }


def to_record(content: Mapping[str, Any]) -> RunRecord:
    """Return the record of plain values."""
    return RunRecord.from_json(json.dumps(content).encode())


def changed(record: RunRecord, changes: Mapping[str, Any]) -> RunRecord:
    """Return a record with other values, by dotted name; list places are counted from 0."""
    content = copy.deepcopy(record.to_dict())
    for name, value in changes.items():
        *way, last = name.split(".")
        place: Any = content
        for step in way:
            place = place[int(step) if isinstance(place, list) else step]
        place[int(last) if isinstance(place, list) else last] = value
    return to_record(content)
