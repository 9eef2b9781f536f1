"""Hamming LSH: records that agree on some sampled bits share a bucket (Durham 2012; Indyk and Motwani 1998).

Each table samples the same bits of all filters; their values, read as a number, are the bucket. The number of tables,
the bits of a table and the bits to sample from are chosen from the data for a stated pairs completeness. A sample of
records is compared with everybody: half of the pairs found plan the tables, the other half show what the tables find.
The positions come from MurmurHash, so that every machine draws the same ones from the same files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import mmh3
import numpy as np
from scipy.special import gammaln

from pprl.base.arrays import Bools, Floats, Int32s, Int64s, Words
from pprl.base.compiled import kernel
from pprl.base.intervals import wilson_interval
from pprl.base.threads import in_threads
from pprl.exchange.links.run_entries import LshParameters
from pprl.unit.blocking.sampling import sample_rows

__all__ = [
    "Agreeing",
    "LshPlan",
    "agreeing_on",
    "bit_masks",
    "bucket_codes",
    "plan_lsh",
    "sharing",
    "tables_of",
]

MOST_BITS = 31
"""Sampled bits of a table, at most: a bucket is a non-negative ``int32``."""

MOST_TABLES = 512
"""Tables, at most. Chosen; a plan that needs more says that it misses the completeness. The largest measured had 117
(``make bench-scale``, 10 million records)."""

ROWS = 16_384
"""Records that a thread codes at a time. Chosen; not sensitive: results never depend on it."""

_TURNED = 128
"""Records whose filters are laid out word by word. Chosen; how sensitive the speed is was not measured."""

_POOLS = (1.0, 0.5, 0.25)
"""Shares of the bits, the most balanced ones, to try sampling from. Chosen; not sensitive: the plan takes the
cheapest."""

_TRIED = 3
"""Tables in which pairs are counted to estimate their number. Chosen; only the choice between plans depends on it."""

_OTHERS = 500_000
"""Records of the second file, at most, in which those pairs are counted. Chosen; as above."""

_ENOUGH = 40.0
"""Expected matches in the sample from which the sample itself plans the tables; with fewer, the fitted scores do.
Chosen; how sensitive the plans are was not measured."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Agreeing:
    """How alike the filters of matches are bit by bit: what an LSH is planned by.

    Attributes:
        a, b: packed filters of two files, ``uint64[n, words]``, from which chance agreement is counted.
        one, other: filters of pairs that were found among some records by comparing them with everybody,
            ``uint64[pairs, words]``.
        probability: that each of them is a match, ``float64[pairs]``.
        record: ``int64[pairs]``, the record whose pair it is: even numbers plan, odd numbers check.
        share: shares of the bits on which the filters of a match agree; used when those pairs are too few.
        frequency: how frequent each share is.
        lowest: the smallest share of bits on which a match that is still looked for agrees.
        costs: nanoseconds for a record in a table, and for a pair.
    """

    a: Words
    b: Words
    one: Words
    other: Words
    probability: Floats
    record: Int64s
    share: Floats
    frequency: Floats
    lowest: float
    costs: tuple[float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class LshPlan:
    """How many tables of how many sampled bits.

    Attributes:
        bits_per_table: sampled bits of a table.
        tables: number of tables.
        pool: ``int64[bits]``, positions that the tables sample from.
        completeness: expected share of the matches above the floor that meet in a bucket.
        at_threshold: the same for a pair exactly at the floor.
        expected_share: pairs in all buckets together, as a share of all pairs; a pair counts in each of its buckets.
        checked: expected number of matches that the tables were checked with; 0 if there were none.
        found: share of these that meet in a bucket, with its 95 % interval.
        seed: seed of the sampled positions.
        costs: as in :class:`Agreeing`.
    """

    bits_per_table: int
    tables: int
    pool: Int64s = field(repr=False)
    completeness: float
    at_threshold: float
    expected_share: float
    checked: float = 0.0
    found: tuple[float, float, float] = (0.0, 0.0, 1.0)
    seed: int = 1
    costs: tuple[float, float]

    def pool_mask(self) -> str:
        """Return the pool as a mask in hexadecimal, its lowest digit for the first four bits."""
        return f"{sum(1 << int(at) for at in self.pool):x}"

    def positions(self) -> Int64s:
        """Return ``int64[tables, bits_per_table]``, distinct within a table."""
        return _positions(self.pool, self.tables, self.bits_per_table, self.seed)


def tables_of(described: LshParameters) -> Int64s:
    """Return the positions of an LSH that ``run.json`` describes, as :meth:`LshPlan.positions` gave them."""
    mask = int(described.pool, 16)
    pool = np.array([at for at in range(mask.bit_length()) if mask >> at & 1], np.int64)
    return _positions(pool, described.tables, described.bits_per_table, described.seed)


def _positions(pool: Int64s, tables: int, width: int, seed: int) -> Int64s:
    made = np.empty((tables, width), np.int64)
    for table in range(tables):
        chosen: list[int] = []
        draw = 0
        while len(chosen) < width:
            at = mmh3.hash(f"{table}/{draw}", seed, signed=False) % len(pool)
            draw += 1
            if at not in chosen:
                chosen.append(at)
        made[table] = pool[chosen]
    return made


def plan_lsh(
    shown: Agreeing,
    *,
    bits: int,
    completeness: float = 0.99,
    sizes: Sequence[tuple[int, int]] | None = None,
    sample: int = 2000,
) -> LshPlan:
    """Choose the tables that reach a completeness at the least expected work.

    Args:
        shown: how alike matches are.
        bits: filter length.
        completeness: the pairs completeness: share of the matches that must meet in a bucket.
        sizes: records of each pair of files that the plan will serve, if these are not `a` and `b` alone: their work
            counts, and `a` and `b` should be the pair with the fullest filters.
        sample: records of `a` whose buckets are counted in the tried tables.

    Returns:
        The plan; if no number of tables is enough, its `completeness` says so.
    """
    enough = float(shown.probability.sum()) >= _ENOUGH
    planning = shown.record % 2 == 0
    rows = shown.a[sample_rows(shown.a, sample)]
    others = shown.b[:: max(1, -(-len(shown.b) // _OTHERS))]
    served = sizes or [(len(shown.a), len(shown.b))]
    records = float(sum(one + other for one, other in served))
    product = float(sum(one * float(other) for one, other in served))
    shares, weights = shown.share, shown.frequency
    if weights.sum() <= 0:
        shares, weights = np.array([shown.lowest]), np.array([1.0])
    best: tuple[float, LshPlan] | None = None
    for pool in _pools(rows, others, bits):
        if enough:
            shares = _agreement(shown.one[planning], shown.other[planning], pool)
            weights = shown.probability[planning]
        widest = min(MOST_BITS, len(pool))
        chance = _chance(rows, others, _positions(pool, _TRIED, widest, 1))
        for width in range(min(4, widest), widest + 1):
            meet = _all_agree(shares, len(pool), width)
            tables = _tables(meet, weights, completeness)
            share = tables * chance[width]
            plan = LshPlan(
                bits_per_table=width,
                tables=tables,
                pool=pool,
                completeness=_reached(meet, weights, tables),
                at_threshold=float(
                    1 - (1 - _all_agree(np.array([shown.lowest]), len(pool), width)[0]) ** tables
                ),
                expected_share=float(share),
                costs=shown.costs,
            )
            cost = tables * records * shown.costs[0] + share * product * shown.costs[1]
            cost = cost * 1e6 if plan.completeness < completeness else cost
            if best is None or cost < best[0]:
                best = (cost, plan)
    assert best is not None
    return _checked(best[1], shown) if enough else best[1]


def _pools(rows: Words, others: Words, bits: int) -> list[Int64s]:
    """Return the bits to sample from: all that vary, and those that are set in about half of the filters.

    A bit that is set, or unset, in nearly all filters separates few pairs, and is wrong as often as any other.
    """
    some = others[:: max(1, len(others) // 20_000)]
    fill = np.zeros(some.shape[1] * 64)
    count = len(rows) + len(some)
    for table in (rows, some):
        dense = np.unpackbits(np.ascontiguousarray(table).view(np.uint8), axis=1, bitorder="little")
        fill += dense.sum(axis=0, dtype=np.int64)
    fill /= max(count, 1)
    varies = np.flatnonzero((fill > 0) & (fill < 1))
    if len(varies) < 4:
        return [np.arange(bits)]
    order = varies[np.argsort(np.abs(fill[varies] - 0.5), kind="stable")]
    sizes = dict.fromkeys(
        max(round(len(order) * share), min(len(order), 2 * MOST_BITS)) for share in _POOLS
    )
    return [np.sort(order[:size]) for size in sizes]


def _agreement(one: Words, other: Words, pool: Int64s) -> Floats:
    """Return the share of the pool's bits on which each pair agrees."""
    mask = bit_masks(pool[None], one.shape[1])[0]
    apart = np.bitwise_count((one ^ other) & mask).sum(axis=1, dtype=np.int64)
    return 1 - apart / len(pool)


def bit_masks(positions: Int64s, words: int) -> Words:
    """Return each table's bits as a filter of its own: ``int64[tables, bits] -> uint64[tables, words]``."""
    made = np.zeros((len(positions), words), np.uint64)
    table = np.arange(len(positions))[:, None]
    bit = np.uint64(1) << (positions & 63).astype(np.uint64)
    np.bitwise_or.at(made, (table, positions >> 6), bit)
    return made


def _all_agree(share: Floats, bits: int, width: int) -> Floats:
    """Return the probability that `width` different bits of a pool are all among those that agree."""
    agree = np.maximum(share * bits, 0.0)
    drawn = np.maximum(agree - width, -1 + 1e-12)
    log = gammaln(agree + 1) - gammaln(drawn + 1) - gammaln(bits + 1) + gammaln(bits - width + 1)
    return np.where(agree >= width, np.exp(np.minimum(log, 0.0)), 0.0)


def _chance(rows: Words, others: Words, positions: Int64s) -> Floats:
    """Return for each width the share of all pairs that meet in one table: ``float64[widest + 1]``.

    Counted, not computed: the buckets of real files differ widely in size. The first bits of a wide table are a narrow
    table, so one sorted table serves all widths.
    """
    widest = positions.shape[1]
    met = np.zeros(widest + 1)
    codes_a, codes_b = (bucket_codes(side, positions).astype(np.int64) for side in (rows, others))
    for table in range(len(positions)):
        ordered = np.sort(codes_b[:, table])
        for width in range(widest + 1):
            shift = widest - width
            first = codes_a[:, table] >> shift << shift
            ends = np.searchsorted(ordered, first + (1 << shift)) - np.searchsorted(ordered, first)
            met[width] += ends.sum()
    return met / max(len(positions) * len(rows) * float(len(others)), 1.0)


def _reached(meet: Floats, weights: Floats, tables: int) -> float:
    return float(np.average(1 - (1 - meet) ** tables, weights=weights))


def _tables(meet: Floats, weights: Floats, wanted: float) -> int:
    low, high = 1, MOST_TABLES
    if _reached(meet, weights, high) < wanted:
        return high
    while low < high:
        middle = (low + high) // 2
        if _reached(meet, weights, middle) >= wanted:
            high = middle
        else:
            low = middle + 1
    return low


def _checked(plan: LshPlan, shown: Agreeing) -> LshPlan:
    """Return the plan with the share that it finds of the pairs it was not planned with."""
    checking = shown.record % 2 == 1
    one, other, probability = (
        shown.one[checking],
        shown.other[checking],
        shown.probability[checking],
    )
    count = float(probability.sum())
    if count < 1:
        return plan
    rows = np.arange(len(one))
    met = sharing(one, other, rows, rows, plan.positions())
    found = min(
        float(probability[met].sum()), count
    )  # two sums of the same numbers may round differently
    ends = wilson_interval(found, count)
    return LshPlan(**{**vars(plan), "checked": count, "found": (found / count, *ends)})


def sharing(a: Words, b: Words, left: Int64s, right: Int64s, positions: Int64s) -> Bools:
    """Say which pairs share a bucket in at least one table.

    Args:
        a, b: filters, ``uint64[n, words]``.
        left, right: rows of `a` and of `b`, ``int64[pairs]``.
        positions: ``int64[tables, bits_per_table]``.

    Returns:
        ``bool[pairs]``.
    """
    return agreeing_on(a, b, left, right, bit_masks(positions, a.shape[1]))


def agreeing_on(a: Words, b: Words, left: Int64s, right: Int64s, masks: Words) -> Bools:
    """Say which pairs agree on all the bits of at least one mask; see :func:`sharing` and :func:`bit_masks`."""
    met = np.zeros(len(left), bool)

    def look(start: int) -> None:
        pairs = slice(start, start + ROWS)
        _sharing(a, b, left[pairs], right[pairs], masks, met[pairs])

    in_threads(look, range(0, len(left) if len(masks) else 0, ROWS))
    return met


@kernel
def _sharing(a: Any, b: Any, left: Any, right: Any, masks: Any, met: Any) -> None:
    words = a.shape[1]
    apart = np.empty(words, np.uint64)
    for pair in range(len(left)):
        for w in range(words):
            apart[w] = a[left[pair], w] ^ b[right[pair], w]
        for table in range(len(masks)):
            differ = np.uint64(0)
            for w in range(words):
                differ |= apart[w] & masks[table, w]
            if differ == 0:
                met[pair] = True
                break


def bucket_codes(words: Words, positions: Int64s) -> Int32s:
    """Return ``int32[n, tables]``: the bucket of each record in each table."""
    made = np.empty((len(words), len(positions)), np.int32)
    at = np.ascontiguousarray(positions, np.uint64)

    def code(start: int) -> None:
        rows = slice(start, start + ROWS)
        _codes(np.ascontiguousarray(words[rows]), at, made[rows])

    in_threads(code, range(0, len(words), ROWS))
    return made


@kernel
def _codes(words: Any, positions: Any, made: Any) -> None:
    # Some records word by word, so that one instruction takes a bit from several of them.
    columns = np.zeros((words.shape[1], _TURNED), np.uint64)
    code = np.empty(_TURNED, np.uint64)
    for start in range(0, len(words), _TURNED):
        size = min(_TURNED, len(words) - start)
        for record in range(size):
            for w in range(words.shape[1]):
                columns[w, record] = words[start + record, w]
        for table in range(len(positions)):
            code[:] = 0
            for at in positions[table]:
                column, bit = columns[at >> np.uint64(6)], at & np.uint64(63)
                for record in range(_TURNED):
                    code[record] = (code[record] << np.uint64(1)) | (
                        (column[record] >> bit) & np.uint64(1)
                    )
            for record in range(size):
                made[start + record, table] = np.int32(code[record])
