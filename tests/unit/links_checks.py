"""What holds for the result of every match, whatever the files and the options."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from slow_kernels import slow_dice_matrix

from pprl.exchange.encoded.file import EncodedFile, pack_words, pseudonym_text
from pprl.exchange.links.folder import LINK_COLUMNS, PAIR_COLUMNS, Links
from pprl.exchange.links.run_record import RunRecord
from pprl.unit.weighing.record.scan import SIZES

Members = frozenset[tuple[str, str]]
KEY_COLUMNS = list(PAIR_COLUMNS[:4])
LEAST = 1 / (1 + np.exp(4.0))


def row_of(pseudonym: str) -> int:
    """The made-up pseudonyms say which row of the input they are."""
    return int(pseudonym[:8], 16)


def true_share(links: Links) -> tuple[int, int]:
    """Give (accepted pairs of one row, accepted pairs)."""
    same = links.pairs["pseudonym_a"].map(row_of) == links.pairs["pseudonym_b"].map(row_of)
    return int(same.sum()), len(links.pairs)


def as_keys(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    return list(frame[KEY_COLUMNS].itertuples(index=False, name=None))


def as_links(links: Links) -> set[Members]:
    return set(by_id(links).values())


def by_id(links: Links) -> dict[int, Members]:
    """Give link id -> members."""
    return {
        int(str(number)): frozenset(zip(group["party"], group["pseudonym"], strict=True))
        for number, group in links.links.groupby("link_id")
    }


def connected(keys: list[tuple[str, ...]]) -> set[Members]:
    groups: list[set[tuple[str, str]]] = []
    for party_a, pseudonym_a, party_b, pseudonym_b in keys:
        met = {(party_a, pseudonym_a), (party_b, pseudonym_b)}
        touched = [group for group in groups if group & met]
        groups = [group for group in groups if not group & met] + [met.union(*touched)]
    return {frozenset(group) for group in groups}


def hold_consistent(links: Links, files: list[EncodedFile] | tuple[EncodedFile, ...]) -> None:
    """The tables agree with each other, with ``run.json`` and with the files."""
    hold_counts(links, files)
    hold_tables(links, files)
    hold_rules(links)
    hold_estimate(links)


def hold_counts(links: Links, files: list[EncodedFile] | tuple[EncodedFile, ...]) -> None:
    run, counts = links.run, links.run.counts
    possible = (
        len(files[0]) * (len(files[0]) - 1) // 2
        if len(files) == 1
        else sum(len(a) * len(b) for a, b in combinations(files, 2))
    )
    passes = counts.passes
    assert ",".join(entry.blocking for entry in passes) == run.parameters.blocking
    assert counts.pairs_possible == possible
    assert counts.pairs_compared == sum(counts.pairs_compared_per_pass)
    assert counts.pairs_compared == sum(entry.pairs_compared for entry in passes)
    # In an LSH a pair is met in every table in which it shares a bucket.
    assert all(entry.pairs_compared <= possible for entry in passes if entry.blocking != "lsh")
    assert all(sum(entry.per_block_pass) == entry.pairs_compared for entry in passes)
    ratio = max(1 - counts.pairs_compared / possible, 0.0) if possible else 0.0
    assert counts.reduction_ratio == pytest.approx(ratio)
    assert counts.pairs_accepted == len(links.pairs) <= counts.pairs_over_threshold
    assert counts.linked_records == len(links.links)
    sizes = [len(members) for members in by_id(links).values()]
    assert counts.links == len(sizes)
    assert counts.largest_link == max(sizes, default=0)
    assert counts.pairs_in_links == sum(n * (n - 1) // 2 for n in sizes)
    assert [entry.party for entry in run.inputs] == [file.party for file in files]
    assert [entry.records for entry in run.inputs] == [len(file) for file in files]
    assert RunRecord.from_json(run.to_json().encode()) == run


def hold_tables(links: Links, files: list[EncodedFile] | tuple[EncodedFile, ...]) -> None:
    assert tuple(links.links.columns) == LINK_COLUMNS
    ids = links.links["link_id"].tolist()
    assert ids == sorted(ids)
    assert all(0 < number < 10**15 for number in ids)
    assert not links.links.duplicated(["party", "pseudonym"]).any()
    assert as_links(links) == connected(as_keys(links.pairs))
    accepted, near = as_keys(links.pairs), as_keys(links.near)
    assert not set(accepted) & set(near)
    assert len(set(accepted)) == len(accepted)
    assert len(set(near)) == len(near)
    number = {file.party: at for at, file in enumerate(files)}
    known = {file.party: set(pseudonym_text(file.pseudonyms)) for file in files}
    for party_a, pseudonym_a, party_b, pseudonym_b in accepted + near:
        assert number[party_a] < number[party_b] or len(files) == 1
        assert pseudonym_a in known[party_a]
        assert pseudonym_b in known[party_b]
    for frame in (links.pairs, links.near):
        assert tuple(frame.columns) == PAIR_COLUMNS
        assert frame["probability"].between(0, 1).all()
        assert np.isfinite(frame["weight"]).all()
        if files[0].agreement.profile == "fields":
            assert (frame["score"] == frame["probability"]).all()
        else:
            np.testing.assert_array_equal(frame["score"], similarities(frame, files))


def similarities(frame: pd.DataFrame, files: Any) -> list[float]:
    """The similarity of each pair, from its filters by the plain twin."""
    words = {
        (file.party, pseudonym): row
        for file in files
        for pseudonym, row in zip(
            pseudonym_text(file.pseudonyms), pack_words(file.filters), strict=True
        )
    }
    return [
        float(slow_dice_matrix(words[a, x][None], words[b, y][None], SIZES)[0, 0])
        for a, x, b, y in as_keys(frame)
    ]


def similarities_over(files: Any, threshold: float) -> int:
    """How many pairs of all files have a similarity of at least a threshold, by the plain twin."""
    return sum(
        int((slow_dice_matrix(a.words(), b.words(), SIZES) >= threshold).sum())
        for a, b in combinations(files, 2)
    )


def hold_rules(links: Links) -> None:
    """What was accepted is over the threshold, and no record has more partners than the rule allows."""
    threshold, rule = links.run.threshold, links.run.parameters.assign
    both = pd.concat([links.pairs, links.near])
    if threshold.method == "auto":
        assert (links.pairs["probability"] >= 0.5).all()
        assert (links.near["probability"] >= LEAST).all()
        over = (both["probability"] >= 0.5).sum()
    else:
        assert (links.pairs["score"] >= links.threshold).all()
        over = (both["score"] >= links.threshold).sum()
    if links.run.parameters.extends is None:
        assert over == links.run.counts.pairs_over_threshold
    assert 0 < threshold.floor <= links.threshold <= 1
    if rule == "one-to-one":
        for members in as_links(links):
            assert len({party for party, _ in members}) == len(members)
    if rule == "one-to-many":
        assert links.pairs["pseudonym_b"].is_unique


def hold_estimate(links: Links) -> None:
    """Either there is an estimate with intervals around it, or it is said why not."""
    told = links.run.threshold
    assert (told.estimate is None) == (told.no_estimate is not None)
    if told.estimate is None:
        return
    quality = told.estimate.quality
    for name in ("precision", "recall"):
        low, middle, high = (getattr(quality, name + end) for end in ("_low", "", "_high"))
        assert 0 <= low <= middle <= high <= 1
    for row in told.estimate.curve:
        assert 0 <= row.precision <= 1
        assert 0 <= row.recall <= 1
