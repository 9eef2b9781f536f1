"""A dry run of a file of any length says what a look at the whole table says, and never holds the whole of it."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from helpers_party import KEY, PEOPLE, make_agreement
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.base.errors import DataError
from pprl.party.encoding import encode as encode_module
from pprl.party.encoding import value_counts
from pprl.party.encoding.check import TableCheck, check, check_file
from pprl.party.encoding.encode import encode_fields
from pprl.party.encoding.occurrences import Occurrences, keep_within
from pprl.party.encoding.own_ids import OwnIds, Repeated
from pprl.party.keys.key import Key
from pprl.party.reading.people import read_fields
from pprl.tables import ColumnMap
from pprl.tables.blocks import CsvSource, FrameSource, ParquetSource

AGREEMENT = make_agreement(blocking=[{"keys": ["soundex(surname)", "year(born)"]}])
COLUMNS = ColumnMap(dates={"born": "DD/MM/YYYY"})
ODD = pd.DataFrame(
    [
        ("6", "ANNA", "Ó Brien", "31/31/1990", "robot", "qv1 6yq"),
        ("7", "anna", " ", "12/07/1987", "female", "QV16YQ"),
        ("", "Anna", "O'Brien", "12/07/1987", "F", "QV1 6YQ"),
        (" ", "", "", "", "", " "),
    ],
    columns=PEOPLE.columns,
)
ROWS = pd.concat([PEOPLE, ODD], ignore_index=True)


@pytest.fixture(autouse=True)
def one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The throwaway key is always the same, so that the fill is."""
    monkeypatch.setattr(Key, "generate", classmethod(lambda cls: KEY))


def write(frame: pd.DataFrame, path: Path) -> Path:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, row_group_size=100)
    return path


def hold(found: TableCheck, frame: pd.DataFrame) -> None:
    """What was found is what pandas finds in the whole table."""
    frame = frame.reset_index(drop=True)
    fields = read_fields(frame, AGREEMENT, COLUMNS, source="x")
    names = [column.field.name for column in fields]
    assert found.rows == len(frame)
    for column, told in zip(fields, found.fields, strict=True):
        raw = frame[column.field.name]
        present = ~pd.Series(column.missing)
        forms = [column.values[at] for at in column.rows]
        unreadable = np.flatnonzero(column.unreadable)
        assert told.missing == int(column.missing.sum())
        assert told.unreadable == len(unreadable)
        assert told.first_unreadable == (unreadable[0] + 2 if len(unreadable) else 0)
        assert told.distinct == len({form for form in forms if form})
        counts = raw[present].value_counts()
        assert told.most_common == (counts.max() / present.sum() if len(counts) else 0.0)
    ids = frame["id"]
    blank = ids.str.strip() == ""
    assert found.empty_ids == blank.sum()
    assert found.repeated_ids == (ids.duplicated() & ~blank).sum()
    assert found.repeated_records == frame[names].duplicated().sum()
    assert found.empty_records == np.logical_and.reduce([c.missing for c in fields]).sum()
    saved = [column.saved() for column in fields]
    kept = ~np.logical_and.reduce([column.missing for column in saved])
    _, keys = encode_fields(saved, AGREEMENT, KEY)
    without = int((kept & (keys == 0).all(axis=1)).sum())
    assert found.keyless_records == without
    assert any("no key in any blocking pass" in text for text in found.warnings) == (without > 0)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.integers(0, len(ROWS) - 1), min_size=1, max_size=25),
    st.integers(2, 25),
    st.sampled_from([1, 20, 40, 1000]),
    st.sampled_from([".csv", ".parquet"]),
)
def test_any_rows_in_any_blocks_and_with_any_room_give_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[int],
    block: int,
    room: int,
    suffix: str,
) -> None:
    """As one block of all rows does, from either form of a file; and as pandas counts the whole table."""
    frame = ROWS.iloc[rows].reset_index(drop=True)
    whole = check(frame, AGREEMENT, id_column="id", columns=COLUMNS)
    hold(whole, frame)
    path = write(frame, tmp_path_factory.mktemp("check") / f"people{suffix}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encode_module, "_BLOCK", block)
        patch.setattr(value_counts, "_ROOM", room)
        assert check_file(path, AGREEMENT, id_column="id", columns=COLUMNS) == whole
        assert check(frame, AGREEMENT, id_column="id", columns=COLUMNS) == whole


@pytest.mark.parametrize("threads", [1, 2])
def test_rows_are_named_by_their_place_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    """Whatever block they are in, and however many threads look."""
    monkeypatch.setattr(encode_module, "_BLOCK", 10)
    frame = pd.concat([PEOPLE] * 20, ignore_index=True)
    frame["id"] = [f"id {number}" for number in range(100)]
    frame.loc[[77, 93], "sex"] = "robot"
    frame.loc[[55, 88], "id"] = "id 3"
    path = write(frame, tmp_path / "people.csv")
    before = numba.get_num_threads()
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    try:
        found = check_file(path, AGREEMENT, id_column="id", columns=COLUMNS)
    finally:
        numba.set_num_threads(before)
    assert found.findings() == [
        "2 unreadable in 'sex' (first: row 79)",
        "2 with an id of an earlier row",
    ]
    hold(found, frame)


def test_without_passes_no_key_is_asked_for() -> None:
    found = check(PEOPLE, make_agreement(), columns=COLUMNS)
    assert found.keyless_records is None
    assert not any("no key" in text for text in found.warnings)


def test_the_fill_is_that_of_the_first_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the same ones, however small the blocks: the later rows here have hardly a value."""
    full = pd.concat([PEOPLE.iloc[:2]] * 1000, ignore_index=True)
    sparse = pd.concat([full, full.assign(surname="", born="", sex="", postcode="")])
    expected = check(full, AGREEMENT, columns=COLUMNS).fill
    assert check(sparse, AGREEMENT, columns=COLUMNS).fill == expected
    monkeypatch.setattr(encode_module, "_BLOCK", 100)
    path = write(sparse, tmp_path / "people.parquet")
    assert check_file(path, AGREEMENT, columns=COLUMNS).fill == expected


def test_a_table_without_rows_is_told_as_one() -> None:
    found = check(PEOPLE.iloc[:0], AGREEMENT, id_column="id", columns=COLUMNS)
    assert (found.rows, found.repeated_ids, found.repeated_records, found.fill) == (0, 0, 0, 0.0)
    assert found.findings() == ["no row has a value in any of the agreement's fields"]


def test_without_an_id_column_none_is_read(tmp_path: Path) -> None:
    frame = PEOPLE.assign(id=7)
    path = write(frame, tmp_path / "people.parquet")
    found = check_file(path, AGREEMENT, columns=COLUMNS)
    assert (found.repeated_ids, found.empty_ids) == (None, None)
    with pytest.raises(DataError, match="the column 'id' holds int64 values instead of text"):
        check_file(path, AGREEMENT, id_column="id", columns=COLUMNS)
    with pytest.raises(DataError, match="no column 'idd' for the ids"):
        check_file(path, AGREEMENT, id_column="idd", columns=COLUMNS)


def test_an_id_that_encode_would_not_take_counts_as_none(tmp_path: Path) -> None:
    """A NUL, with which no id map could be read back."""
    frame = PEOPLE.assign(id=["1", "x\0", "3", "4", "5"])
    found = check_file(
        write(frame, tmp_path / "people.parquet"), AGREEMENT, id_column="id", columns=COLUMNS
    )
    assert found.findings() == ["1 without an id"]


# Memory.

Look = tuple[list[str], int, int]


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Look]:
    """Note what is read of a file: (columns, most rows a block, rows). To read it whole is an error."""
    noted: list[Look] = []

    def watch(kind: type[Any]) -> None:
        real = kind.blocks

        def blocks(self: Any, names: Sequence[str], size: int) -> Iterator[Any]:
            most = rows = 0
            for block in real(self, names, size):
                count = len(next(iter(block.values())))
                most, rows = max(most, count), rows + count
                yield block
            noted.append((list(names), most, rows))

        monkeypatch.setattr(kind, "blocks", blocks)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the file is read whole")

    watch(CsvSource)
    watch(ParquetSource)
    monkeypatch.setattr(ParquetSource, "frame", refuse)
    for name in ("csvtext.read_csv_text", "blocks.read_csv_text", "blocks.read_text"):
        monkeypatch.setattr(f"pprl.tables.{name}", refuse)
    return noted


def distinct(count: int) -> pd.DataFrame:
    """Return people of whom no two are alike in a name."""
    rows = pd.concat([PEOPLE.iloc[[0]]] * count, ignore_index=True)
    numbers = [f"{number:06}" for number in range(count)]
    letters = ["".join(chr(97 + int(digit)) for digit in number) for number in numbers]
    return rows.assign(id=numbers, surname=letters, given_name="Anna")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_file_is_read_in_blocks_and_again_for_what_had_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: list[Look], suffix: str
) -> None:
    """As often as that takes; the ids need no second look."""
    path = write(distinct(1000), tmp_path / f"people{suffix}")
    monkeypatch.setattr(encode_module, "_BLOCK", 50)
    monkeypatch.setattr(value_counts, "_ROOM", 700)
    found = check_file(path, AGREEMENT, id_column="id", columns=COLUMNS)
    assert {field.name: field.distinct for field in found.fields}["surname"] == 1000
    assert found.repeated_records == 0
    hold(found, distinct(1000))
    fields = ["given_name", "surname", "born", "sex", "postcode"]
    assert all(most <= 50 and rows == 1000 for _, most, rows in looks)
    # Surnames as they stand and in normal form and records: 1,000 of each, in a room for 700.
    assert 5 <= len(looks) <= 12
    assert [names for names, *_ in looks] == [[*fields, "id"], *[fields] * (len(looks) - 1)]


def test_one_look_is_enough_where_there_is_room(tmp_path: Path, looks: list[Look]) -> None:
    """With a date format that is given; to recognise one the dates are read before."""
    path = write(distinct(1000), tmp_path / "people.parquet")
    check_file(path, AGREEMENT, id_column="id", columns=COLUMNS)
    assert len(looks) == 1


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_memory_does_not_grow_with_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """Twice the rows take about as much, and far less than the table in memory."""
    monkeypatch.setattr(encode_module, "_BLOCK", 500)
    for name in ("_STREAM_BLOCK", "_BLOCK", "_HEADER_LIMIT"):
        monkeypatch.setattr(f"pprl.tables.csvtext.{name}", 1 << 13)
    monkeypatch.setattr("pprl.tables.blocks._PARQUET_ROWS", 500)
    monkeypatch.setattr(value_counts, "_ROOM", 20_000)
    some = distinct(10_000)
    peaks = []
    for frame in (some, pd.concat([some, some.assign(id="x" + some["id"])], ignore_index=True)):
        size = int(frame.memory_usage(deep=True).sum())
        path = write(frame, tmp_path / f"people{suffix}")
        del frame
        peaks.append(
            peak_of(lambda path=path: check_file(path, AGREEMENT, columns=COLUMNS), monkeypatch)
        )
    assert size > 7e6
    assert peaks[1] < size / 2
    assert peaks[1] < 1.5 * peaks[0]


def peak_of(work: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the most bytes that Python and NumPy hold at a time, and Arrow whenever it hands out a block."""
    arrow = [0]
    real = encode_module.in_order

    def watched(*arguments: Any) -> Iterator[Any]:
        for result in real(*arguments):
            arrow.append(pa.total_allocated_bytes())
            yield result

    with monkeypatch.context() as patch:
        patch.setattr(encode_module, "in_order", watched)
        work()  # compiled, and everything is loaded
        start = pa.total_allocated_bytes()
        tracemalloc.start()
        try:
            arrow.clear()
            work()
            return tracemalloc.get_traced_memory()[1] + max(arrow) - start
        finally:
            tracemalloc.stop()


# Counting.

NUMBERS = st.one_of(
    st.integers(0, 20), st.integers(0, 2**64 - 1), st.sampled_from([2**64 - 1, 2**63])
)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.lists(st.tuples(NUMBERS, st.integers(1, 5)), max_size=20), max_size=8),
    st.lists(st.lists(st.tuples(NUMBERS, st.integers(1, 5)), max_size=20), max_size=8),
    st.integers(1, 60),
)
def test_numbers_are_counted_exactly_in_any_room(
    left: list[list[tuple[int, int]]], right: list[list[tuple[int, int]]], room: int
) -> None:
    """Of two counters that share it."""
    counters = [Occurrences(), Occurrences()]
    rounds = 0
    while any(counter.open for counter in counters):
        rounds += 1
        for at in range(max(len(left), len(right))):
            for counter, parts in zip(counters, (left, right), strict=True):
                if counter.open and at < len(parts):
                    numbers, counts = zip(*parts[at], strict=True) if parts[at] else ((), ())
                    counter.add(np.array(numbers, np.uint64), np.array(counts, np.int64))
            keep_within(room, counters)
            assert sum(map(len, counters)) <= max(room, 2)
        for counter in counters:
            if counter.open:
                counter.end_round()
        assert rounds < 1000
    for counter, parts in zip(counters, (left, right), strict=True):
        counted: Counter[int] = Counter()
        for part in parts:
            for number, count in part:
                counted[number] += count
        assert counter.different == len(counted)
        assert counter.most == max(counted.values(), default=0)
    if room >= sum(len(part) for part in [*left, *right]):
        assert rounds == 1


# Ids.


def look_for_repeated(ids: Sequence[str], size: int) -> Repeated | None:
    source = FrameSource(pd.DataFrame({"id": list(ids)}, dtype=object), "x")
    own = OwnIds("id")
    for block in source.blocks(["id"], size):
        own.add(own.look(block))
    return own.repeated(source)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from(["a", "b", "c", "d", "", " "]), max_size=12), st.integers(1, 5))
def test_repeated_ids_are_found_in_any_blocks(ids: list[str], size: int) -> None:
    """The first row that repeats one, and the first row of that id; rows without an id repeat nothing."""
    found = look_for_repeated(ids, size)
    again = [at for at, own in enumerate(ids) if own.strip() and own in ids[:at]]
    if not again:
        assert found is None
    else:
        assert found == Repeated(rows=len(again), first=again[0], earlier=ids.index(ids[again[0]]))


def test_ids_that_only_seem_equal_do_not_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the first numbers; the second ones tell them apart."""
    from pprl.party.encoding import own_ids

    real, keys = own_ids.text_numbers, []

    def weak(texts: Any, subkey: bytes) -> Any:
        keys.append(subkey)
        return real(texts, subkey) if subkey != keys[0] else np.zeros(len(texts), np.uint64)

    monkeypatch.setattr(own_ids, "text_numbers", weak)
    assert look_for_repeated(["a", "b", "c", "d"], 3) is None
    keys.clear()
    assert look_for_repeated(["a", "b", "c", "b", "a"], 2) == Repeated(rows=2, first=3, earlier=1)
