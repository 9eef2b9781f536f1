"""What is written is what was meant: CSV of nasty text comes back from two readers, block by block or at once."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pprl
from pprl.synth.files.writing import open_writer

NASTY = st.sampled_from(
    ['"', '""', ",", "\n", "\r", "\r\n", 'a"b,c\nd', " ", "", "'", ";", "\t", "Ünï, çødé", "\u2028", "-", "\ufeff"]
)  # fmt: skip
TEXT = st.one_of(
    NASTY,
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12),
    st.lists(NASTY, max_size=4).map("".join),
)
ROWS = st.lists(st.tuples(TEXT, TEXT), max_size=12)


def write(path: Path, blocks: list[list[tuple[str, ...]]]) -> None:
    with open_writer(path) as writer:
        for number, rows in enumerate(blocks):
            count = range(len(rows))
            columns = list(zip(*rows, strict=True)) or [(), ()]
            ids = [f"{number}-{n}" for n in count]
            arrays = [pa.array(list(column), pa.string()) for column in (ids, *columns)]
            writer.write(pa.table(arrays, names=["id", "surname", "note, with comma"]))


@given(st.lists(ROWS, min_size=1, max_size=3))
@settings(deadline=None)
def test_csv_comes_back(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[list[tuple[str, str]]]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    write(path, blocks)
    meant = [[f"{b}-{n}", *row] for b, rows in enumerate(blocks) for n, row in enumerate(rows)]
    with path.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream, strict=True)
    assert header == ["id", "surname", "note, with comma"]
    assert rows == meant
    frame = pprl.read_csv_text(path, allow_no_rows=True)
    assert list(frame.columns) == header
    assert frame.to_numpy().tolist() == meant


def test_quotes_stand_only_where_they_are_needed(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", [[("O'Neil; x", "plain"), ('say "hi"', "a,b")]])
    assert (tmp_path / "a.csv").read_bytes() == (
        b'id,surname,"note, with comma"\n0-0,O\'Neil; x,plain\n0-1,"say ""hi""","a,b"\n'
    )


@given(st.lists(ROWS, min_size=1, max_size=3))
@settings(deadline=None, max_examples=20)
def test_parquet_comes_back(
    tmp_path_factory: pytest.TempPathFactory, blocks: list[list[tuple[str, str]]]
) -> None:
    path = tmp_path_factory.mktemp("parquet") / "a.parquet"
    write(path, blocks)
    meant = [[f"{b}-{n}", *row] for b, rows in enumerate(blocks) for n, row in enumerate(rows)]
    table = pq.read_table(path)
    assert [list(row.values()) for row in table.to_pylist()] == meant
    assert {field.type for field in table.schema} == {pa.string()}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_writer_is_closed_when_the_work_fails(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"a.{form}"

    def fail() -> None:
        with open_writer(path) as writer:
            writer.write(pa.table({"id": ["1"]}))
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        fail()
    path.unlink()
    write(path, [[("a", "b")]])
    assert path.stat().st_size > 0
