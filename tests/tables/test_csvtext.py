"""CSV is read as text, exactly; what is not a sound CSV file is refused and never shown."""

from __future__ import annotations

import csv
import errno
import io
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_quotes import slow_quotes_are_sound

from pprl.base.errors import DataError
from pprl.tables import csvtext, read_csv_text
from pprl.tables.blocks import open_table
from pprl.tables.quotes import quotes_are_sound

MARKER = "Zaphod-Secret"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def refusal(path: Path, **options: str) -> DataError:
    """Read the file, hold that it is refused without showing a value, and give the error."""
    with pytest.raises(DataError) as caught:
        read_csv_text(path, **options)
    error = caught.value
    assert str(path) in error.problem
    shown: BaseException | None = error
    while shown is not None:
        assert MARKER not in f"{shown} {getattr(shown, 'hint', '')}"
        # A cause that is not suppressed would be printed with a traceback.
        shown = shown.__cause__ or (None if shown.__suppress_context__ else shown.__context__)
    return error


def test_values_stay_exactly_as_written(people: Path) -> None:
    """Missing-value words, leading zeros, spaces and empty cells are text."""
    people.write_text("name,postcode\nNA,0123\nnull,\n NaN ,1e5\nNone,true\n")
    frame = read_csv_text(people)
    assert frame.to_dict("list") == {
        "name": ["NA", "null", " NaN ", "None"],
        "postcode": ["0123", "", "1e5", "true"],
    }
    assert all(frame[column].map(type).eq(str).all() for column in frame)
    assert isinstance(frame.index, pd.RangeIndex)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_recognised_from_the_header(people: Path, delimiter: str) -> None:
    people.write_text(delimiter.join("abc") + "\n" + delimiter.join(["1", "x y", ""]) + "\n")
    assert read_csv_text(people).to_numpy().tolist() == [["1", "x y", ""]]


def test_delimiters_inside_a_quoted_column_name_do_not_count(people: Path) -> None:
    people.write_text('"names, all, of them";id\nx;1\n')
    assert list(read_csv_text(people)) == ["names, all, of them", "id"]


def test_byte_order_mark_is_no_part_of_the_first_name(people: Path) -> None:
    people.write_bytes("name,town\nŽofia,Łódź\n".encode("utf-8-sig"))
    frame = read_csv_text(people)
    assert list(frame) == ["name", "town"]
    assert frame.loc[0].tolist() == ["Žofia", "Łódź"]


def test_crlf_blank_lines_and_quoted_newlines(people: Path) -> None:
    people.write_bytes(b'a,b\r\n"x\r\ny","say ""hi"", then"\r\n\r\n3,4')
    assert read_csv_text(people).to_numpy().tolist() == [["x\r\ny", 'say "hi", then'], ["3", "4"]]


def test_single_column_file_is_read(people: Path) -> None:
    people.write_text('id\n007\nNA\n""\na;b\n')
    assert read_csv_text(people)["id"].tolist() == ["007", "NA", "", "a;b"]


def test_column_names_lose_outer_spaces_only(people: Path) -> None:
    people.write_text(" first name , town\nA,B\n")
    assert list(read_csv_text(people)) == ["first name", "town"]


CELLS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=8
        )
    ),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_csv_writer_quotes_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], delimiter: str, end: str
) -> None:
    """Any text survives when all values are quoted."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow([f"c{number}" for number in range(len(rows[0]))])
    writer.writerows(rows)
    path = tmp_path_factory.mktemp("csv") / "any.csv"
    path.write_bytes(text.getvalue().encode())
    assert read_csv_text(path).to_numpy().tolist() == rows


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b" \r\n\n", "empty"),
        (b"\xef\xbb\xbf\nname,id\nNA,01\n", "first line is blank"),
        (b"\nname,id\nNA,01\n", "first line is blank"),
        (b"name,id", "no rows"),
        (b"name,id\n\n\n", "no rows"),
        (b"name,\x00id\nx,1\n", "not a text file"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not a text file"),
        (f"name,id\n{MARKER},1\n".encode("utf-16"), "not a text file"),
        (b"name,id,name\nx,1,y\n", "columns 1 and 3 have the same name"),
        (b"name, name\nx,y\n", "columns 1 and 2 have the same name"),
        (b"H0089654,Ruby,Woolwick,26/10/2005\nx,y,z,u\n", "first row looks like data"),
        (b"a@b.org,name\nx,y\n", "first row looks like data"),
        (b"H0089654,SW1A 1AA\nx,y\n", "first row looks like data"),
        (b"name,,id\nx,y,z\n", "column 2 has no name"),
        (b"name,id,\nx,y,z\n", "column 3 has no name"),
        (b'na"me\n",id\nx,1\n', "can't be read"),
        (b'"name\n",id\nx,1\n', "header row can't be read"),
        (b"name,id\rx,1\r", "header row can't be read"),
    ],
)
def test_unsound_files_are_refused(people: Path, content: bytes, says: str) -> None:
    people.write_bytes(content)
    assert says in refusal(people).problem


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("x,1,2\nx,{m}\n", "line 3 has 2 values where the header has 3"),
        ("x,1,2\nx,1,2\nx,{m},2,3\n", "line 4 has 4 values where the header has 3"),
        ("{m}\n", "line 2 has 1 values where the header has 3"),
        ('"a\nb",1,2\n\nx,{m}\n', "line 5 has 2 values where the header has 3"),
    ],
)
def test_ragged_rows_are_refused_with_their_line(people: Path, rows: str, says: str) -> None:
    people.write_text("name,id,town\n" + rows.format(m=MARKER))
    assert says in refusal(people).problem


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ('1,"{m}\n2,y\n3,z\n', 2),
        ('1,x\n2,"{m}', 3),
        ('1,x\n2,"{m}\n3,"y\n', 3),
        ('1,x\n2,"{m}"y\n', 3),
    ],
)
def test_unclosed_quote_never_swallows_rows(people: Path, rows: str, line: int) -> None:
    """A quote that is not closed would make one value of all the rows that follow."""
    people.write_text("id,name\n" + rows.format(m=MARKER))
    error = refusal(people)
    assert f"from line {line} on" in error.problem
    assert error.hint is not None
    assert "quotes" in error.hint


def test_quote_inside_an_unquoted_value_is_text(people: Path) -> None:
    people.write_text('id,name\n1,O"Neil\n')
    assert read_csv_text(people)["name"].tolist() == ['O"Neil']


def test_latin_1_bytes_are_refused_with_their_line(people: Path) -> None:
    people.write_bytes(f"name,id\nx,1\n{MARKER} Jos\xe9,2\n".encode("latin-1"))
    error = refusal(people)
    assert "line 3 is not UTF-8" in error.problem
    people.write_bytes("pr\xe9nom,id\nx,1\n".encode("latin-1"))
    assert "line 1 is not UTF-8" in refusal(people).problem


def test_parquet_is_named_as_such(people: Path) -> None:
    pq.write_table(pa.table({"name": [MARKER]}), people)
    assert "is a Parquet file" in refusal(people).problem


def test_folder_and_missing_file(tmp_path: Path) -> None:
    assert "is a folder, not a people file" in refusal(tmp_path, what="people file").problem
    assert "no such file" in refusal(tmp_path / "absent.csv").problem


@pytest.mark.skipif(os.name != "posix", reason="modes are a POSIX matter")
def test_unreadable_file(people: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people.write_text("a\n1\n")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "can't be read: Permission denied" in refusal(people).problem


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOENT])
def test_a_file_that_fails_or_goes_while_it_is_read(
    people: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Whichever look at it is the first to meet that."""
    people.write_text('a\n"1"\n')
    real, left = Path.open, 0

    def fail(self: Path, *arguments: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(number, os.strerror(number))
        return real(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", fail)
    says = "no such file" if number == errno.ENOENT else f"can't be read: {os.strerror(number)}"
    for looks in range(4):
        left = looks
        assert refusal(people).problem == f"{people}: {says}"


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_file_that_goes_before_its_rows_are_read(tmp_path: Path, suffix: str) -> None:
    """The library underneath names the file twice and the error in its own words."""
    path = tmp_path / f"people{suffix}"
    if suffix == ".csv":
        path.write_text("a\n1\n")
    else:
        pq.write_table(pa.table({"a": ["1"]}), path)
    source = open_table(path)
    path.unlink()
    with pytest.raises(DataError) as caught:
        list(source.blocks(["a"], 10))
    assert caught.value.problem == f"{path}: no such file"


@settings(deadline=None, max_examples=300)
@given(st.text(st.sampled_from('ab",;\n\ré \ufeff'), max_size=30), st.integers(1, 40))
def test_quotes_that_a_kernel_finds_sound_are_sound(
    tmp_path_factory: pytest.TempPathFactory, text: str, block: int
) -> None:
    """What it passes, the strict reader reads to its end; what it doubts is an error or a value that is too long."""
    path = tmp_path_factory.mktemp("quotes") / "any.csv"
    path.write_bytes(text.encode())
    for delimiter in ",;":
        found = quotes_are_sound(path, delimiter, block=block)
        assert found == slow_quotes_are_sound(path, delimiter)


def test_values_too_long_for_the_strict_reader_are_doubted(people: Path) -> None:
    people.write_bytes(b'a,"' + b"x" * (1 << 17) + b'"\n')
    assert not quotes_are_sound(people, ",")
    people.write_bytes(b'a,"' + b"x" * 1000 + b'"\n')
    assert quotes_are_sound(people, ",")


def test_faults_beyond_the_first_block_are_found(
    people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading goes in blocks; a quote, a ragged row or a bad byte far behind is met all the same."""
    monkeypatch.setattr(csvtext, "_BLOCK", 1 << 12)
    good = b"1234567,abcdefgh\n" * 5000
    for fault, says in [
        (b'1,"' + MARKER.encode(), "from line 5002 on"),
        (b"1," + MARKER.encode() + b",3\n", "line 5002 has 3 values"),
        (b"1," + MARKER.encode() + b"\xff\n", "line 5002 is not UTF-8"),
    ]:
        people.write_bytes(b"id,name\n" + good + fault)
        assert says in refusal(people).problem
    people.write_bytes(b"id,name\n" + good)
    assert len(read_csv_text(people)) == 5000
