"""A people file of any length becomes the same encodings as a table in memory, and a fault leaves nothing behind."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
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

from pprl.base.errors import DataError, OutputError, PprlError
from pprl.exchange.encoded import rows as rows_module
from pprl.exchange.encoded.file import read_encoded
from pprl.party.encoding import blake2b
from pprl.party.encoding import encode as encode_module
from pprl.party.encoding import spool as spool_module
from pprl.party.encoding.encode import EncodedPaths, RowCounts, encode, encode_file
from pprl.party.keys.id_map import read_id_map
from pprl.party.reading.people import ReadingOptions
from pprl.tables import ColumnMap

AGREEMENT = make_agreement(
    blocking=[{"keys": ["soundex(surname)", "year(born)"]}, {"keys": ["initial(given_name)"]}]
)
Content = dict[str, tuple[bytes, list[int]]]


def many(count: int) -> pd.DataFrame:
    """Return people with all kinds of values, over and over, each with an id of its own."""
    rows = pd.concat([PEOPLE] * -(-count // len(PEOPLE)), ignore_index=True).iloc[:count]
    return rows.assign(id=[f"id {number:06}" for number in range(count)])


def in_memory(frame: pd.DataFrame, **options: Any) -> tuple[Content, RowCounts]:
    """Return what each id is encoded to."""
    made = encode(frame, AGREEMENT, KEY, party="a", id_column="id", **options)
    rows = zip(made.id_map["id"], made.encoded.filters, made.encoded.keys, strict=True)
    return {name: (f.tobytes(), k.tolist()) for name, f, k in rows}, made.row_counts


def from_file(people: Path, folder: Path, **options: Any) -> tuple[Content, RowCounts]:
    """Return the same from a file, by what was written."""
    outputs = EncodedPaths(
        encoded=folder / "a.parquet", id_map=folder / "a.csv", force=options.pop("force", False)
    )
    told = {name: options.pop(name) for name in ("party", "progress") if name in options}
    counts = encode_file(
        people,
        AGREEMENT,
        KEY,
        **({"party": "a"} | told),
        id_column="id",
        outputs=outputs,
        reading=ReadingOptions(**options),
    )
    encoded = read_encoded(folder / "a.parquet")  # checks the digest and the order
    ids = read_id_map(folder / "a.csv").set_index("pseudonym")["id"]
    rows = zip(encoded.pseudonyms, encoded.filters, encoded.keys, strict=True)
    assert len(ids) == len(encoded) == counts.encoded == encoded.header.records
    assert encoded.header.rows_read == counts.rows_read
    found = {ids[p.tobytes().hex()]: (f.tobytes(), k.tolist()) for p, f, k in rows}
    return found, counts


def write(frame: pd.DataFrame, path: Path) -> Path:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path, row_group_size=100)
    return path


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Make blocks and row groups small."""

    def set_to(rows: int) -> None:
        monkeypatch.setattr(encode_module, "_BLOCK", rows)
        monkeypatch.setattr(spool_module, "GROUP_ROWS", max(rows, 2))
        monkeypatch.setattr(rows_module, "GROUP_ROWS", max(rows, 2))

    return set_to


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("block", [7, 64, 100_000])
@pytest.mark.parametrize("threads", [1, 2])
def test_blocks_of_any_size_give_the_same_bits(
    tmp_path: Path, small_steps: Callable[[int], None], suffix: str, block: int, threads: int
) -> None:
    """Whatever the file's form, the blocks' size and the number of threads; the row counts are the same too."""
    frame = many(400)
    expected, counts = in_memory(frame)
    small_steps(block)
    before = numba.get_num_threads()
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    try:
        found, told = from_file(write(frame, tmp_path / f"people{suffix}"), tmp_path)
        assert in_memory(frame) == (expected, counts)
    finally:
        numba.set_num_threads(before)
    assert found == expected
    assert told == counts
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.csv",
        "a.parquet",
        f"people{suffix}",
    ]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.integers(1, 12))
def test_any_rows_in_any_blocks(
    tmp_path_factory: pytest.TempPathFactory, rows: list[int], block: int
) -> None:
    """Also where a block has no row that can be encoded."""
    frame = PEOPLE.iloc[[*rows, 0]].assign(id=[str(n) for n in range(len(rows) + 1)])
    columns = ColumnMap(dates={"born": "DD/MM/YYYY"})
    expected = in_memory(frame, columns=columns)
    folder = tmp_path_factory.mktemp("blocks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encode_module, "_BLOCK", block)
        people = write(frame, folder / "people.csv")
        assert from_file(people, folder, columns=columns) == expected
        assert in_memory(frame, columns=columns) == expected


def test_outputs_are_sealed_sorted_and_private(
    tmp_path: Path, small_steps: Callable[[int], None]
) -> None:
    """Many runs and row groups; the rows' order tells nothing of the file's."""
    small_steps(50)
    from_file(write(many(500), tmp_path / "people.csv"), tmp_path)
    parquet = pq.ParquetFile(tmp_path / "a.parquet")
    assert parquet.metadata.num_row_groups > 4
    encoded = read_encoded(tmp_path / "a.parquet")
    ids = read_id_map(tmp_path / "a.csv").set_index("pseudonym")["id"]
    order = [ids[name.tobytes().hex()] for name in encoded.pseudonyms]
    assert order != sorted(order)
    if os.name == "posix":
        assert {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.glob("a.*")} == {0o600}


def test_dates_are_looked_at_in_the_whole_file(
    tmp_path: Path, small_steps: Callable[[int], None]
) -> None:
    """One date in the last block tells which of day and month comes first in all of them."""
    small_steps(10)
    frame = many(100).assign(born="01/02/1990")
    with pytest.raises(DataError, match="can be read as DD/MM/YYYY or MM/DD/YYYY"):
        from_file(write(frame, tmp_path / "people.csv"), tmp_path)
    frame.loc[99, "born"] = "31/01/1990"
    _, counts = from_file(write(frame, tmp_path / "people.csv"), tmp_path)
    assert counts.date_formats == {"born": "DD/MM/YYYY"}


def spoiled(column: str, value: str, *rows: int) -> pd.DataFrame:
    frame = many(100)
    frame.loc[list(rows), column] = value
    return frame


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (spoiled("sex", "robot", 77, 93), "2 values of the column 'sex' can't be read as sex (first: row 79)"),
        (spoiled("id", "id 000003", 55, 88), "2 rows repeat an earlier id of the column 'id' (first: rows 5 and 57)"),
        (spoiled("id", " ", 60, 61), "2 rows have no id in the column 'id' (first: row 62)"),
        (spoiled("born", "31/31/1990", 99), "of the column 'born' can't be read as date DD/MM/YYYY (first: row 101)"),
        (many(100).drop(columns="sex"), "no column 'sex' for the field 'sex'"),
        (many(100).drop(columns="id"), "no column 'id' for the ids"),
        (many(100).assign(given_name="", surname="", born="", sex="", postcode=""), "no row has a value"),
    ],
)  # fmt: skip
def test_faults_of_any_block_are_told_with_their_row(
    tmp_path: Path, small_steps: Callable[[int], None], suffix: str, frame: pd.DataFrame, said: str
) -> None:
    """As of a table in memory, and nothing is left; outputs of an earlier run stay as they were."""
    small_steps(10)
    people = write(frame, tmp_path / f"people{suffix}")
    (tmp_path / "a.parquet").write_text("earlier")
    with pytest.raises(DataError) as caught:
        from_file(people, tmp_path, force=True)
    assert said in caught.value.problem
    assert str(people) in caught.value.problem
    with pytest.raises(DataError) as same:
        in_memory(frame)
    assert same.value.problem.partition(": ")[2] == caught.value.problem.partition(": ")[2]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.parquet", people.name]
    assert (tmp_path / "a.parquet").read_text() == "earlier"


def test_ids_that_only_seem_equal_are_no_repetition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ids are compared by short digests; two that meet by chance are looked at themselves."""
    keys: list[bytes] = []
    real = blake2b.text_numbers

    def weak(texts: Any, subkey: bytes) -> Any:
        keys.append(subkey)
        first = subkey == keys[0]
        return np.zeros(len(texts), np.uint64) if first else real(texts, subkey)

    monkeypatch.setattr("pprl.party.encoding.own_ids.text_numbers", weak)
    found, _ = from_file(write(many(50), tmp_path / "people.csv"), tmp_path)
    assert len(found) == 40
    keys.clear()
    with pytest.raises(DataError, match="rows 4 and 9"):
        in_memory(spoiled("id", "id 000002", 7))


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1] * 20),
        pa.array([1.5] * 20),
        pa.array([b"a"] * 20),
        pa.array([None] * 20, pa.date32()),
    ],
)
def test_parquet_columns_that_are_no_text_are_refused(tmp_path: Path, values: pa.Array) -> None:
    """By name: 007 as a number is 7 already. What answers no field is not looked at."""
    table = pa.Table.from_pandas(many(20), preserve_index=False)
    at = table.schema.get_field_index("postcode")
    pq.write_table(table.set_column(at, "postcode", values), tmp_path / "people.parquet")
    with pytest.raises(DataError, match=r"the column 'postcode' holds .* values instead of text"):
        from_file(tmp_path / "people.parquet", tmp_path)
    pq.write_table(table.append_column("shoe_size", values), tmp_path / "people.parquet")
    assert len(from_file(tmp_path / "people.parquet", tmp_path)[0]) == 16


def test_parquet_text_of_any_kind_and_gaps_are_read(tmp_path: Path) -> None:
    """Dictionaries, large strings and nulls are text and gaps."""
    frame = many(20)
    frame.loc[2, "postcode"] = None
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for name, kind in (
        ("sex", pa.dictionary(pa.int32(), pa.string())),
        ("surname", pa.large_string()),
    ):
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, table[name].cast(kind))
    pq.write_table(table, tmp_path / "people.parquet")
    assert from_file(tmp_path / "people.parquet", tmp_path) == in_memory(frame)


def test_parquet_bytes_that_are_no_utf8_are_refused(tmp_path: Path) -> None:
    """A column that says it is text and is not."""
    table = pa.Table.from_pandas(many(20), preserve_index=False)
    bad = pa.array([b"\xff"] * 20).view(pa.string())
    at = table.schema.get_field_index("surname")
    pq.write_table(table.set_column(at, "surname", bad), tmp_path / "people.parquet")
    with pytest.raises(DataError, match="the column 'surname' holds bytes that are not UTF-8"):
        from_file(tmp_path / "people.parquet", tmp_path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated_parquet_is_refused(tmp_path: Path, share: float) -> None:
    people = write(many(500), tmp_path / "people.parquet")
    people.write_bytes(people.read_bytes()[: int(people.stat().st_size * share)])
    with pytest.raises(DataError, match="damaged or cut short"):
        from_file(people, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["people.parquet"]


def test_parquet_damaged_in_its_middle_is_refused(tmp_path: Path) -> None:
    """The end, with its table of contents, is sound."""
    people = write(many(500), tmp_path / "people.parquet")
    content = bytearray(people.read_bytes())
    content[100:2000] = b"\xaa" * 1900
    people.write_bytes(content)
    with pytest.raises(PprlError) as caught:
        from_file(people, tmp_path)
    assert "damaged or cut short" in caught.value.problem
    assert [p.name for p in tmp_path.iterdir()] == ["people.parquet"]


def test_truncated_csv_is_refused(tmp_path: Path) -> None:
    """Cut in the middle of a row, whichever block it is in."""
    people = write(many(500), tmp_path / "people.csv")
    text = people.read_text(encoding="utf-8")
    people.write_text(text[: text.rindex(",", 0, text.rindex(",") - 1)], encoding="utf-8")
    with pytest.raises(DataError, match="line 501 has"):
        from_file(people, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["people.csv"]


@pytest.mark.parametrize(
    "moment", ["pprl.party.encoding.spool.Spool.add", "pprl.party.encoding.spool.Spool._read"]
)
def test_a_full_disk_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Whether it fills up while encoded rows wait or while they are sorted."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    people = write(many(50), tmp_path / "people.csv")
    monkeypatch.setattr(moment, full)
    with pytest.raises(OutputError, match="no space left on the disk"):
        from_file(people, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["people.csv"]


@pytest.mark.skipif(os.name != "posix", reason="unnamed files are a POSIX matter")
def test_what_waits_on_the_disk_has_no_name_and_no_plain_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that not even a process that is killed leaves it; and it holds no value of a person and no id."""
    seen: list[bytes] = []
    real = spool_module.Spool.sorted_rows

    def look(self: Any, *arguments: Any) -> Any:
        assert not [p for p in tmp_path.iterdir() if ".pprl-" in p.name]
        assert stat.S_IMODE(os.fstat(self._file.fileno()).st_mode) & 0o077 == 0
        self._file.seek(0)
        seen.append(self._file.read())
        return real(self, *arguments)

    monkeypatch.setattr(spool_module.Spool, "sorted_rows", look)
    from_file(write(many(100), tmp_path / "people.csv"), tmp_path)
    assert len(seen[0]) == 80 * (16 + 128 + 2 * 8)
    assert not any(word in seen[0] for word in (b"Anna", b"anna", b"id 0", b"1987", b"QV1"))


def test_progress_never_falls_and_counts_rows(
    tmp_path: Path, small_steps: Callable[[int], None]
) -> None:
    """Each stage goes up to all rows."""
    small_steps(50)
    told: list[tuple[str, float, int]] = []
    from_file(
        write(many(500), tmp_path / "people.csv"),
        tmp_path,
        progress=lambda *step: told.append(step),
    )
    for stage, last in (("encoding", 500), ("writing", 400)):
        steps = [step[1:] for step in told if step[0] == stage]
        assert steps == sorted(steps)
        assert steps[-1] == (1.0, last)
        assert len(steps) > 4


@pytest.mark.parametrize("name", ["people.csv", "people.parquet"])
def test_an_id_that_no_id_map_could_give_back_is_refused(tmp_path: Path, name: str) -> None:
    """A NUL would make a binary file of the map, which shows only when the links come back."""
    frame = many(9)
    frame.loc[6, "id"] = "id\0 6"
    people = tmp_path / name
    if people.suffix == ".csv":
        frame.to_csv(people, index=False)
    else:
        pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), people)
    with pytest.raises(DataError) as caught:
        from_file(people, tmp_path)
    if people.suffix != ".csv":  # a CSV file with a NUL is no text file
        assert "1 row has no id" in caught.value.problem
        assert "first: row 8" in caught.value.problem
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_parquet_column_without_any_value_is_an_empty_one(tmp_path: Path) -> None:
    frame = many(9).assign(given_name="")
    table = pa.Table.from_pandas(frame, preserve_index=False)
    at = table.column_names.index("given_name")
    table = table.set_column(at, "given_name", pa.nulls(9))
    pq.write_table(table, tmp_path / "people.parquet")
    assert from_file(tmp_path / "people.parquet", tmp_path)[0] == in_memory(frame)[0]


def test_a_row_of_megabytes_is_told_as_what_it_is(tmp_path: Path) -> None:
    frame = many(3).assign(notes=["", "z" * (6 << 20), ""])
    frame.to_csv(tmp_path / "people.csv", index=False)
    with pytest.raises(DataError, match="has a row of several megabytes") as caught:
        from_file(tmp_path / "people.csv", tmp_path)
    assert "zz" not in str(caught.value) + str(caught.value.hint)


def test_kernels_of_yesterday_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiled code that hashes otherwise would encode people whom nobody else finds."""
    blake2b.check_compiled.__wrapped__()
    real = blake2b.text_numbers
    monkeypatch.setattr(
        blake2b, "text_numbers", lambda texts, subkey: real(texts, subkey) ^ np.uint64(1)
    )
    with pytest.raises(PprlError, match="do not hash as they should"):
        blake2b.check_compiled.__wrapped__()
