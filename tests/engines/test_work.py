"""What the workers do, without Spark: however records are batched and partitioned, the unit's kernel is the judge."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.engines.cells import find_cuts
from pprl.engines.codes import Buckets, payload_rows
from pprl.engines.digest import digest_rows
from pprl.engines.work import Compare, Look, Spread, compare, look, spread
from pprl.exchange.encoded.file import pack_words
from pprl.kernels.dice import grouped_scan
from pprl.unit.blocking.lsh import LshPlan, bucket_codes

BITS = 100
WIDTH = 13


def batches(filters: np.ndarray, keys: np.ndarray | None, size: int) -> Iterator[pa.RecordBatch]:
    """Give the rows of a file as Spark does: binary values, and keys as decimals."""
    for start in range(0, max(len(filters), 1), size):
        part = filters[start : start + size]
        columns = {
            "row": pa.array(np.arange(start, start + len(part))),
            "encoding": pa.array([row.tobytes() for row in part], pa.binary()),
        }
        for number in range(0 if keys is None else keys.shape[1]):
            values = [int(key) or None for key in keys[start : start + size, number]]
            columns[f"key_{number + 1}"] = pa.array(values, pa.decimal128(20, 0))
        yield pa.RecordBatch.from_pydict(columns)


def walk(
    sides: list[tuple[np.ndarray, np.ndarray | None]],
    buckets: Buckets,
    *,
    same: bool,
    rounds: int,
    most: int,
    partitions: int,
) -> tuple[np.ndarray, list[int]]:
    """Do by hand what the engine lets Spark do; return sorted pairs with scores, and comparisons a table."""
    found, compared = [], [0] * buckets.tables
    for start in range(0, buckets.tables, rounds):
        stop = min(start + rounds, buckets.tables)
        cuts = {}
        payloads = [np.concatenate([f] if k is None else [f, k.view(np.uint8)], axis=1) for f, k in sides]  # fmt: skip
        for table in range(start, stop):
            codes = [buckets.codes(p, slice(table, table + 1))[:, 0] for p in payloads]
            cuts[table] = find_cuts(codes[0], codes[-1], scale=(1.0, 1.0), most=most, same=same)
        rows: dict[int, list[tuple[object, ...]]] = {}
        for side, (filters, keys) in enumerate(sides):
            job = Spread(
                buckets=buckets,
                start=start,
                stop=stop,
                cuts=cuts,
                side=side,
                same=same,
                left_out=None,
            )
            for batch in spread(job, batches(filters, keys, 7)):
                for record in batch.to_pylist():
                    for cell in record["cells"]:
                        key = (cell["place"], cell["code"])
                        rows.setdefault(hash(key) % partitions, []).append(
                            (record["row"], record["payload"], *key, cell["side"])
                        )
        doing = Compare(buckets=buckets, threshold=0.6, sizes=(3, 1), same=same)
        for part in rows.values():
            row, payload, place, code, side = zip(*part, strict=True)
            batch = pa.RecordBatch.from_pydict(
                {
                    "row": pa.array(row, pa.int64()),
                    "payload": pa.array(payload, pa.binary()),
                    "place": pa.array(place, pa.int64()),
                    "code": pa.array(code, pa.int64()),
                    "side": pa.array(side, pa.int8()),
                }
            )
            half = len(row) // 2
            for told in compare(doing, iter([batch[:half], batch[half:]])):
                for pair in told.to_pylist():
                    if pair["left"] < 0:
                        compared[pair["right"]] += pair["compared"]
                    else:
                        found.append((pair["left"], pair["right"], pair["score"]))
    return np.array(sorted(found)).reshape(-1, 3), compared


def drawn(seed: int, n: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    people = np.random.default_rng(3).random((6, BITS)) < 0.4
    dense = people[rng.integers(0, 6, n)] ^ (rng.random((n, BITS)) < 0.06)
    return np.packbits(dense, axis=1, bitorder="little")


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**31),
    st.booleans(),
    st.sampled_from([1, 2, 5]),
    st.sampled_from([2, 6, 100]),
    st.sampled_from([1, 4]),
)
def test_lsh_finds_what_the_kernel_finds(
    seed: int, same: bool, rounds: int, most: int, partitions: int
) -> None:
    a, b = drawn(seed, 40), drawn(seed + 1, 30)
    plan = LshPlan(
        costs=(100.0, 2.5),
        pool=np.arange(BITS),
        bits_per_table=6,
        tables=5,
        completeness=1.0,
        at_threshold=1.0,
        expected_share=1.0,
    )
    positions = plan.positions()
    buckets = Buckets(width=WIDTH, tables=5, positions=positions)
    words = [pack_words(a), pack_words(a if same else b)]
    codes = [bucket_codes(side, positions) for side in words]
    left, right, score, once = grouped_scan(*words, *codes, threshold=0.6, sizes=(3, 1), same=same)
    found, compared = walk(
        [(a, None)] if same else [(a, None), (b, None)],
        buckets,
        same=same,
        rounds=rounds,
        most=most,
        partitions=partitions,
    )
    np.testing.assert_array_equal(found, np.column_stack([left, right, score]))
    assert compared[0] == once[0]
    assert all(all_ >= first for all_, first in zip(compared, once, strict=True))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.booleans(), st.sampled_from([2, 100]))
def test_keys_find_what_the_kernel_finds(seed: int, same: bool, most: int) -> None:
    rng = np.random.default_rng(seed)
    # The largest keys are more than a signed number holds, and 0 is none.
    some = np.array([0, 1, 2**63, 2**64 - 1], np.uint64)
    a, b = drawn(seed, 40), drawn(seed + 1, 30)
    keys = [some[rng.integers(0, 4, (len(side), 3))] for side in (a, b)]
    numbers = [np.searchsorted(some, held).astype(np.int32) - 1 for held in keys]
    words = [pack_words(a), pack_words(a if same else b)]
    codes = [numbers[0], numbers[0] if same else numbers[1]]
    left, right, score, _ = grouped_scan(*words, *codes, threshold=0.6, sizes=(3, 1), same=same)
    sides = [(a, keys[0])] if same else [(a, keys[0]), (b, keys[1])]
    buckets = Buckets(width=WIDTH, tables=3)
    found, _ = walk(sides, buckets, same=same, rounds=2, most=most, partitions=3)
    np.testing.assert_array_equal(found, np.column_stack([left, right, score]))


def test_looking_at_a_file_gives_its_digest_in_any_order() -> None:
    filters = drawn(1, 30)
    keys = np.random.default_rng(1).integers(0, 2**64, (30, 2), np.uint64)
    job = Look(width=WIDTH, keys=2)
    told = [next(iter(look(job, iter(part)))).to_pylist()[0] for part in (
        list(batches(filters, keys, 4)), list(batches(filters, keys, 9))[::-1], []
    )]  # fmt: skip
    assert told[0] == told[1]
    assert told[0]["records"] == 30
    assert (told[2]["records"], told[2]["digest"]) == (0, 0)
    payload = np.concatenate([filters, keys.view(np.uint8)], axis=1)
    assert told[0]["digest"] % 2**64 == int(digest_rows(np.arange(30), payload))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 9), st.integers(0, WIDTH * 8 - 1), st.integers(0, 9))
def test_digest_sees_a_flipped_bit_and_two_rows_exchanged(row: int, bit: int, other: int) -> None:
    filters = drawn(2, 10)
    before = digest_rows(np.arange(10), filters)
    changed = filters.copy()
    changed[row, bit // 8] ^= 1 << (bit % 8)
    assert digest_rows(np.arange(10), changed) != before
    exchanged = filters.copy()
    exchanged[[row, other]] = filters[[other, row]]
    same = (filters[row] == filters[other]).all()
    assert (digest_rows(np.arange(10), exchanged) == before) == same


@pytest.mark.parametrize("values", [[b"abc", None], [b"abc", b"ab"], ["abc", "abc"]])
def test_values_that_are_no_filters_are_refused(values: list[object]) -> None:
    with pytest.raises(ValueError, match="a filter"):
        payload_rows(pa.array(values), 3)


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
def test_binary_columns_are_read_from_any_offset(kind: pa.DataType) -> None:
    column = pa.array([b"abc", b"def", b"ghi"], kind)
    assert payload_rows(column[1:], 3).tobytes() == b"defghi"
    assert payload_rows(column[3:], 3).shape == (0, 3)


def test_the_workers_are_sent_names_and_no_code() -> None:
    cloudpickle = pytest.importorskip("pyspark.cloudpickle")
    job = Look(width=WIDTH, keys=2)
    sent = cloudpickle.dumps(partial(look, job))
    assert b"pprl.engines.work" in sent
    assert len(sent) < 200
