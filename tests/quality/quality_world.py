"""A made-up run: a links folder in memory with its truth and id maps, small enough to count by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from run_records import changed, lsh_content, make_agreement, record_content, to_record

from pprl.exchange.links.folder import (
    LEVELS,
    LINK_COLUMNS,
    PAIR_COLUMNS,
    Links,
    part_columns,
    write_links,
)
from pprl.exchange.links.run_record import RunRecord

PRIOR = -6.5
"""Log-odds to base 2 of a pair before it is compared."""


AGREEMENT = make_agreement()

Pair = tuple[str, str, str, str, float]  # party, record, party, record, score


def pseudonym(party: str, record: str) -> str:
    """Return the made-up pseudonym of a record."""
    return hashlib.sha256(f"{party}/{record}".encode()).hexdigest()[:32]


def make_file_pair(party_a: str, party_b: str, basis: str = "estimated") -> dict[str, Any]:
    """Return what a run says of two of its files."""
    return {
        "party_a": party_a,
        "party_b": party_b,
        "matches": 234.5,
        "basis": basis,
    }


def make_quality(links: int = 225, **other: float) -> dict[str, float]:
    """Return what a run expects of its links."""
    quality = record_content()["threshold"]["estimate"]["quality"]
    return {**quality, "links": links, **other}


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
    household_similarity: float = 0.6,
    like_household: int = 0,
    pairs_in_links: int | None = None,
    by_files: Sequence[dict[str, Any]] | None = None,
    quality: dict[str, float] | None = None,
    profile: str = "record",
    ties: int = 0,
    largest_link: int = 2,
    passes: Sequence[dict[str, Any]] | None = None,
    extends: Sequence[str] | None = None,
) -> RunRecord:
    """Return the record of a run."""
    basis = basis or ("estimated" if estimate else "given")
    content = record_content(parties, profile=profile, estimate=estimate)
    full = [
        {"per_block_pass": [each["pairs_compared"]], **each}
        for each in passes or [{"blocking": blocking, "pairs_compared": 10000, "links": 0}]
    ]
    methods = [each["blocking"] for each in full]
    content["parameters"].update(
        threshold=threshold if basis == "given" else "auto",
        blocking=",".join(methods),
        assign=assign,
        lsh=lsh_content() if "lsh" in methods else None,
        extends=None if extends is None else list(extends),
    )
    content["threshold"].update(
        value=threshold,
        method="given" if basis == "given" else "auto",
        basis=basis,
        floor=floor,
        household_similarity=household_similarity if profile == "record" else 0.0,
    )
    if by_files is not None:
        content["threshold"]["by_files"] = list(by_files)
    if quality is not None:
        content["threshold"]["estimate"]["quality"] = quality
    for prior in content["model"]["priors"]:
        prior["bits"] = PRIOR
    content["counts"].update(
        pairs_over_threshold=accepted + 1,
        pairs_accepted=accepted,
        pairs_in_links=accepted if pairs_in_links is None else pairs_in_links,
        pairs_like_household=like_household,
        links=links,
        linked_records=linked_records,
        ties=ties,
        largest_link=largest_link,
        passes=full,
    )
    return to_record(content)


def weight_of(score: float) -> float:
    """Return the match weight of a score, in bits: even odds at 0.6 against the prior."""
    return 40.0 * (score - 0.6) - PRIOR


def _pair_frame(pairs: Iterable[Pair]) -> pd.DataFrame:
    rows = [
        (
            a,
            pseudonym(a, i),
            b,
            pseudonym(b, j),
            score,
            weight_of(score),
            1 / (1 + 2 ** -(weight_of(score) + PRIOR)),
        )
        for a, i, b, j, score in pairs
    ]
    frame = pd.DataFrame(rows, columns=list(PAIR_COLUMNS))
    return frame.astype(
        dict.fromkeys(PAIR_COLUMNS[:4], object) | dict.fromkeys(PAIR_COLUMNS[4:], float)
    )


def make_parts(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return parts of the weights: the first field differs and takes 2 bits, the last is missing."""
    names = [field.name for field in AGREEMENT.field]
    share = (pairs["weight"].to_numpy() + 2.0) / (len(names) - 2)
    made: dict[str, Any] = {}
    for place, name in enumerate(names):
        word = "differs" if place == 0 else "missing" if name == names[-1] else LEVELS[3 + place]
        bits = {"differs": -2.0 + 0 * share, "missing": 0 * share}.get(word, share)
        made[f"level_{name}"] = np.full(len(pairs), LEVELS.index(word), np.uint8)
        made[f"bits_{name}"] = bits.astype(np.float32)
    assert tuple(made) == part_columns(names)
    return pd.DataFrame(made)


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
    fields = run.get("profile") == "fields"
    return Links(
        links=links.astype({"link_id": "int64", "party": object, "pseudonym": object}),
        pairs=_pair_frame(accepted),
        near=_pair_frame(near),
        parts=make_parts(_pair_frame([*accepted, *near])) if fields else None,
        run=make_run(
            parties, links=len(groups), linked_records=len(rows), accepted=len(accepted), **run
        ),
    )


def with_run(links: Links, changes: Mapping[str, Any]) -> Links:
    """Return links whose run record has other values, by dotted name."""
    return replace(links, run=changed(links.run, changes))


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
