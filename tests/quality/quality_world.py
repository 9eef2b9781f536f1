"""A made-up run: a links folder in memory with its truth and id maps, small enough to count by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

from pprl.exchange.agreement import Agreement
from pprl.exchange.links import LINK_COLUMNS, PAIR_COLUMNS, Links, write_links

AGREEMENT = Agreement.from_dict(
    {
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
)

Pair = tuple[str, str, str, str, float]  # party, record, party, record, score


def pseudonym(party: str, record: str) -> str:
    """Return the made-up pseudonym of a record."""
    return hashlib.sha256(f"{party}/{record}".encode()).hexdigest()[:32]


def estimate_curve() -> list[dict[str, float]]:
    """Return an estimate from 0.60 to 1.00."""
    return [
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


def make_file_pair(party_a: str, party_b: str, basis: str = "estimated") -> dict[str, Any]:
    """Return what a run says of two of its files."""
    return {
        "party_a": party_a,
        "party_b": party_b,
        "links": 123.4,
        "expected_false": 5.67,
        "matches": 234.5,
        "basis": basis,
    }


def make_run(
    parties: Sequence[str],
    *,
    links: int,
    linked_records: int,
    accepted: int,
    threshold: float = 0.75,
    floor: float = 0.65,
    assign: str = "one-to-one",
    estimate: bool = False,
    basis: str | None = None,
    blocking: str = "exhaustive",
    household_dice: float = 0.6,
    like_household: int = 0,
    pairs_in_links: int | None = None,
    by_files: Sequence[dict[str, Any]] | None = None,
    expected_links: float | None = None,
) -> dict[str, Any]:
    """Return the content of a run.json; ``expected_links`` sets the estimate's links at every threshold."""
    basis = basis or ("estimated" if estimate else "given")
    curve = estimate_curve()
    for row in curve:
        row["links"] = row["links"] if expected_links is None else expected_links
        row["expected_false"] = row["expected_false"] if expected_links is None else 1.25
    if by_files is None:
        by_files = [make_file_pair(a, b) for a, b in combinations(parties, 2)]
    lsh = {
        "tables": 20,
        "bits_per_table": 30,
        "seed": 1,
        "expected_completeness": 0.998,
        "expected_completeness_at_threshold": 0.91,
    }
    histogram = {"bins": 100, "best": [1] * 100, "chance": [2.5] * 60 + [0] * 40}
    return {
        "format": "pprl-links/1",
        "software": {"pprl-kit": "0.1.0", "python": "3.11.7"},
        "agreement": AGREEMENT.to_dict(),
        "agreement_fingerprint": AGREEMENT.fingerprint(),
        "inputs": [
            {
                "party": party,
                "file": f"{party}.parquet",
                "records": 100,
                "rows_read": 101,
                "content_sha256": hashlib.sha256(party.encode()).hexdigest(),
            }
            for party in parties
        ],
        "parameters": {
            "threshold": threshold if basis == "given" else "auto",
            "blocking": blocking,
            "assign": assign,
            "lsh": lsh if blocking == "lsh" else None,
        },
        "threshold": {
            "value": threshold,
            "method": "given" if basis == "given" else "auto",
            "basis": basis,
            "floor": floor,
            "household_dice": household_dice,
            "estimate": {"matches": 90.0, "curve": curve} if estimate else None,
            "by_files": list(by_files),
            "histogram": histogram if estimate else None,
        },
        "counts": {
            "pairs_possible": 10000,
            "pairs_compared": 10000,
            "reduction_ratio": 0.0,
            "pairs_over_threshold": accepted + 1,
            "pairs_accepted": accepted,
            "pairs_in_links": accepted if pairs_in_links is None else pairs_in_links,
            "pairs_like_household": like_household,
            "links": links,
            "linked_records": linked_records,
            "pairs_compared_per_pass": [10000],
            "greedy_components": 0,
        },
        "timings_s": {"read": 0.1, "threshold": 0.2, "compare": 0.3, "link": 0.1, "write": 0.1},
        "warnings": ["a warning with <markup>"],
    }


def _pair_frame(pairs: Iterable[Pair]) -> pd.DataFrame:
    rows = [(a, pseudonym(a, i), b, pseudonym(b, j), score) for a, i, b, j, score in pairs]
    frame = pd.DataFrame(rows, columns=list(PAIR_COLUMNS))
    return frame.astype(dict.fromkeys(PAIR_COLUMNS[:4], object) | {"score": float})


def make_links(
    parties: Sequence[str],
    groups: Sequence[Sequence[tuple[str, str]]],
    accepted: Sequence[Pair] = (),
    near: Sequence[Pair] = (),
    **run: Any,
) -> Links:
    """Return a links folder in memory whose links are the groups of (party, record)."""
    rows = [
        (number, party, pseudonym(party, record))
        for number, group in enumerate(groups, start=1)
        for party, record in group
    ]
    links = pd.DataFrame(rows, columns=list(LINK_COLUMNS))
    return Links(
        links=links.astype({"link_id": "int64", "party": object, "pseudonym": object}),
        pairs=_pair_frame(accepted),
        near=_pair_frame(near),
        run=make_run(
            parties, links=len(groups), linked_records=len(rows), accepted=len(accepted), **run
        ),
    )


def make_truth(rows: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
    """Return a truth table of (party, record, person)."""
    return pd.DataFrame(list(rows), columns=["party", "id", "person"], dtype=object)


def make_ids(records: Iterable[tuple[str, str]]) -> dict[str, pd.DataFrame]:
    """Return id maps of (party, record)."""
    found: dict[str, list[tuple[str, str]]] = {}
    for party, record in records:
        found.setdefault(party, []).append((pseudonym(party, record), record))
    return {
        party: pd.DataFrame(rows, columns=["pseudonym", "id"], dtype=object)
        for party, rows in found.items()
    }


@dataclass
class World:
    """A run of two parties. 100 people in both; 90 found, 5 found with a stranger, 5 missed.

    Of the missed, three reached a near pair and two were never encoded by party b.
    """

    links: Links
    truth: pd.DataFrame
    ids: dict[str, pd.DataFrame]
    every_id: list[str]

    def write(self, folder: Path) -> list[str]:
        """Write links, truth and id maps into a folder; return the arguments to evaluate them."""
        (folder / "links").mkdir()
        write_links(self.links, folder / "links")
        self.truth.to_csv(folder / "truth.csv", index=False)
        arguments = [str(folder / "links"), "--truth", str(folder / "truth.csv")]
        for party, frame in self.ids.items():
            frame.to_csv(folder / f"{party}.ids.csv", index=False)
            arguments += ["--ids", str(folder / f"{party}.ids.csv")]
        return arguments


def make_world(**run: Any) -> World:
    """Return the world that :class:`World` describes."""
    both = range(100)
    strangers = range(100, 105)
    truth = [("a", f"A-{n:04d}", f"p{n}") for n in both]
    truth += [("b", f"B-{n:04d}", f"p{n}") for n in [*both, *strangers]]
    encoded = [(party, record) for party, record, _ in truth]
    encoded = [pair for pair in encoded if pair not in (("b", "B-0098"), ("b", "B-0099"))]
    right = [("a", f"A-{n:04d}", "b", f"B-{n:04d}", 1.0 - n / 400) for n in range(90)]
    wrong = [("a", f"A-{n:04d}", "b", f"B-{n + 10:04d}", 0.76) for n in range(90, 95)]
    near = [("a", f"A-{n:04d}", "b", f"B-{n:04d}", 0.70) for n in range(95, 98)]
    near += [("a", f"A-{n:04d}", "b", f"B-{n:04d}", 0.66) for n in range(90, 95)]
    groups = [[(a, i), (b, j)] for a, i, b, j, _ in right + wrong]
    return World(
        links=make_links(["a", "b"], groups, right + wrong, near, **run),
        truth=make_truth(truth),
        ids=make_ids(encoded),
        every_id=[record for _, record, _ in truth],
    )
