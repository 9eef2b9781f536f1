"""Who is in which file: overlap, coverage by age group, split families, duplicated rows.

The overlap of two files is 2 |A and B| / (|A| + |B|): the share of the average file's people who are in both. For files
of one size that is the share of either file's people who are in the other; for more than two files it is the mean over
all pairs. It is met to one person: how many people are in one, two, three ... files is worked out, not drawn.

With K files, a person in one file is in each of the others with the probability o of the overlap, independently, so
that all combinations of files occur. The number T of files that hold a person has the weight
C(K, T) o^(T-1) (1-o)^(K-T).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import comb
from typing import Any

import numpy as np

from pprl.base.arrays import Floats, Int64s
from pprl.base.errors import UsageError
from pprl.synth.draw import Stream

__all__ = ["choose_members", "file_rows", "people_by_files"]


_ROUNDS = 200
"""Rounds of drawing by rejection before the rest is filled up. Chosen; not sensitive: only weights below about one in a
hundred need so many."""


def people_by_files(people: int, files: int, overlap: float) -> list[int]:
    """Return how many people are in exactly 1, 2, ... `files` files; they add up to `people`.

    Raises:
        UsageError: `overlap` is not between 0 and 1.
    """
    if not 0 <= overlap <= 1:
        raise UsageError(
            f"the overlap is {overlap:g}", hint="It is a share of a file's people, from 0 to 1."
        )
    if files == 1:
        return [people]
    share = Fraction(str(overlap))
    if files == 2:
        both = round(people * share / (2 - share))
        return [people - both, both]
    weights = [
        comb(files, t) * share ** (t - 1) * (1 - share) ** (files - t) for t in range(1, files + 1)
    ]
    whole = sum(weights)
    reached, counts, before = Fraction(0), [], 0
    for weight in weights:
        reached += weight
        upto = round(people * reached / whole)
        counts.append(upto - before)
        before = upto
    return counts


def choose_members(
    seed: int,
    people: int,
    files: int,
    overlap: float,
    weights: Sequence[Floats | None],
    *,
    apart: Int64s | None = None,
) -> list[Int64s]:
    """Return for each file the people in it, ascending; everybody is in at least one file.

    Args:
        seed: of the random streams.
        people: how many there are.
        files: number of files.
        overlap: see this module.
        weights: for each file None, or a number from 0 to 1 for each person: how likely the file is to hold the person,
            compared with somebody of weight 1.
        apart: pairs of people, of shape (pairs, 2) and each person in one of them at most, who are to be in one file
            each, and in different ones. As many of them, from the first, as the overlap leaves people in one file.

    Raises:
        UsageError: pairs are to be apart and a file has weights, or fewer people than the overlap needs may be in so
            many files.
    """
    counts = people_by_files(people, files, overlap)
    if all(weight is None for weight in weights):
        return _evenly(seed, people, files, counts, apart)
    if apart is not None and len(apart):
        raise UsageError(
            "families can't be split between files that cover some people less readily than others",
            hint="Leave out the coverage, or the split families.",
        )
    table = np.ones((files, people))
    for row, weight in enumerate(weights):
        if weight is not None:
            table[row] = weight
    return _weighted(seed, table, counts)


def file_rows(
    seed: int, party: str, members: Int64s, duplicates: float, *, most_rows: int | None = None
) -> Int64s:
    """Return the person of each row of a file, in the file's order: each member once, and some of them more often.

    Args:
        seed: of the random streams.
        party: whose file.
        members: the people in the file.
        duplicates: share of them who have a second row.
        most_rows: instead of `duplicates`, a file of events: each member has 1 to so many rows, equally likely.
    """
    stream = Stream(seed, "rows", party)
    if most_rows is not None:
        rows = np.repeat(members, 1 + Stream(seed, "events", party).below(most_rows, len(members)))
        return rows[stream.order(len(rows))]
    more = round(len(members) * duplicates)
    again = members[np.sort(stream.order(len(members))[:more])]
    rows = np.concatenate([members, again])
    return rows[stream.order(len(rows))]


def _evenly(
    seed: int, people: int, files: int, counts: Sequence[int], apart: Int64s | None
) -> list[Int64s]:
    """Choose without weights: among people in equally many files, each combination is used in turn, so that all files
    have the same size.
    """
    stream = Stream(seed, "members")
    order = stream.order(people)
    if apart is not None and files > 1:
        order = _with_pairs_first(order, apart[: counts[0] // files], files)
    inside = np.zeros((files, people), dtype=bool)
    start = 0
    for held, count in enumerate(counts, start=1):
        chosen = order[start : start + count]
        start += count
        # A random choice of files, then the same choice moved on by one, two, ...: each file is used equally often.
        lots = -(-count // files)
        ranks = np.argsort(stream.words(lots * files).reshape(lots, files), axis=1, kind="stable")
        base = np.repeat(ranks[:, :held], files, axis=0)[:count]
        turn = np.arange(count) % files
        for place in range(held):
            inside[(base[:, place] + turn) % files, chosen] = True
    return [np.flatnonzero(row).astype(np.int64) for row in inside]


def _with_pairs_first(order: Int64s, apart: Int64s, files: int) -> Int64s:
    """Return the order with each pair at the start of a lot of `files` people: a lot has one person in each file."""
    others = order[~np.isin(order, apart)]
    fill = len(apart) * (files - 2)
    lots = np.concatenate([apart, others[:fill].reshape(len(apart), files - 2)], axis=1)
    return np.concatenate([lots.ravel(), others[fill:]])


def _weighted(seed: int, table: Floats, counts: Sequence[int]) -> list[Int64s]:
    """Choose by weights, of shape (files, people): first the people in all files, last those in only one."""
    files, people = table.shape
    ranked = -np.sort(-table, axis=0)
    free = np.ones(people, dtype=bool)
    inside = np.zeros((files, people), dtype=bool)
    for held in range(files, 0, -1):
        stream = Stream(seed, "members", held)
        chosen = _choose(stream, np.where(free, ranked[held - 1], 0.0), counts[held - 1], held)
        free[chosen] = False
        _assign(stream, table, inside, chosen, held)
    return [np.flatnonzero(row).astype(np.int64) for row in inside]


def _choose(stream: Stream, weights: Floats, count: int, held: int) -> Int64s:
    """Return `count` people, drawn one after the other with these weights (by rejection, which needs no logarithms)."""
    open_to = np.flatnonzero(weights > 0)
    if len(open_to) < count:
        raise UsageError(
            f"the overlap can't be met: {count:,} people have to be in {held} file{'s' * (held > 1)}, "
            f"but the coverage allows that for {len(open_to):,} only",
            hint="Lower the overlap, or let the files cover more age groups.",
        )
    chosen: list[Int64s] = []
    missing = count
    waiting = open_to[stream.order(len(open_to))]
    for _ in range(_ROUNDS):
        if missing == 0:
            break
        taken = stream.uniform(len(waiting)) < weights[waiting]
        lot = waiting[taken][:missing]
        chosen.append(lot)
        missing -= len(lot)
        waiting = waiting[~taken]
    chosen.append(waiting[:missing])
    return np.concatenate(chosen)


def _assign(stream: Stream, table: Floats, inside: Any, chosen: Int64s, held: int) -> None:
    """Put each chosen person into `held` files, more likely into those of higher weight."""
    files = len(table)
    if held == files:
        inside[:, chosen] = True
        return
    missing = np.full(len(chosen), held)
    for _ in range(_ROUNDS):
        if not missing.any():
            return
        turn = stream.below(files, len(chosen))
        for step in range(files):
            file = (turn + step) % files
            draw = stream.uniform(len(chosen)) < table[file, chosen]
            take = draw & (missing > 0) & ~inside[file, chosen]
            inside[file[take], chosen[take]] = True
            missing[take] -= 1
    for place in np.flatnonzero(missing):  # so low weights that no draw hit: the likeliest files
        person = chosen[place]
        best = np.argsort(-table[:, person] + inside[:, person] * 2.0, kind="stable")
        inside[best[: missing[place]], person] = True
