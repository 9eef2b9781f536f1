"""The id map turns returned pseudonyms back into the party's own ids, or says why it can't."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.base.errors import DataError, OutputError
from pprl.party.keys.id_map import IdMapWriter, read_id_map, resolve, write_id_map

ID_MAP = pd.DataFrame({"pseudonym": ["aa", "bb", "cc"], "id": ["007", " x,1 ", 'q"2']})


AA, BB, CC = "a" * 32, "b" * 32, "c" * 32
NAMED = ID_MAP.assign(pseudonym=[AA, BB, CC])


def write(frame: pd.DataFrame, path: Path, *, rows: int = 2) -> None:
    """Write an id map, some rows at a time."""
    with IdMapWriter(path) as writer:
        for start in range(0, len(frame), rows):
            part = frame.iloc[start : start + rows]
            names = np.array([list(bytes.fromhex(name)) for name in part["pseudonym"]], np.uint8)
            writer.write(names, pa.array(part["id"].to_numpy(), pa.large_string()))
        writer.close()


def test_an_id_map_is_read_back_as_it_stood(tmp_path: Path) -> None:
    """Leading zeros, spaces, commas and quotation marks of ids survive."""
    path = tmp_path / "a.ids.csv"
    write(NAMED, path)
    assert path.read_bytes().startswith(f"pseudonym,id\n{AA},007\n".encode())
    pd.testing.assert_frame_equal(read_id_map(path), NAMED)
    assert os.name != "posix" or stat.S_IMODE(path.stat().st_mode) == 0o600


def test_links_are_resolved_in_their_order() -> None:
    """Each returned pseudonym becomes the party's id; the link ids stay beside it."""
    links = pd.DataFrame({"link_id": ["2", "1", "2"], "pseudonym": [CC, AA, BB]})
    found = resolve(links, NAMED)
    assert list(found.columns) == ["link_id", "id"]
    assert found.to_numpy().tolist() == [["2", 'q"2'], ["1", "007"], ["2", " x,1 "]]


def test_a_pseudonym_of_another_run_is_refused() -> None:
    """Pseudonyms are new in each run, so a wrong id map is found, and no value is shown."""
    links = pd.DataFrame({"link_id": ["1", "2"], "pseudonym": [AA, "d" * 32]})
    with pytest.raises(DataError, match="1 of 2") as caught:
        resolve(links, NAMED)
    assert "dddd" not in f"{caught.value}{caught.value.hint}"


@pytest.mark.parametrize(
    ("link_id", "pseudonym"),
    [
        ("=HYPERLINK(1)", "a" * 32),
        ("1", "secret"),
        ("0", "a" * 32),
        ("1", "A" * 32),
        ("", "a" * 32),
    ],
)
def test_what_no_unit_writes_is_refused(link_id: str, pseudonym: str) -> None:
    """The returned file comes from another organisation and ends in a spreadsheet."""
    links = pd.DataFrame({"link_id": [link_id], "pseudonym": [pseudonym]})
    with pytest.raises(DataError, match="do not have the form") as caught:
        resolve(links, NAMED)
    assert "HYPERLINK" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_pseudonym_returned_twice_is_refused() -> None:
    """One record is in one link."""
    with pytest.raises(DataError, match="once"):
        resolve(pd.DataFrame({"link_id": ["1", "2"], "pseudonym": [AA, AA]}), NAMED)


def test_no_link_at_all_is_an_answer() -> None:
    """A party none of whose people were found gets an empty list."""
    assert len(resolve(pd.DataFrame({"link_id": [], "pseudonym": []}, dtype=object), NAMED)) == 0


@pytest.mark.parametrize("column", ["link_id", "pseudonym"])
def test_links_without_a_column_are_refused(column: str) -> None:
    """The column that is missing is named."""
    links = pd.DataFrame({"link_id": ["1"], "pseudonym": ["aa"]}).drop(columns=column)
    with pytest.raises(DataError, match=column):
        resolve(links, ID_MAP)


@pytest.mark.parametrize(
    "text",
    [
        "id,pseudonym\n1,aa\n",
        "pseudonym,id,name\naa,1,secret\n",
        "pseudonym,id\naa,secret\nbb,secret\n",
        "pseudonym,id\nsecret,1\nsecret,2\n",
        "link_id,pseudonym\n1,aa\n",
    ],
)
def test_what_is_no_id_map_is_refused(tmp_path: Path, text: str) -> None:
    """Other columns, and values that appear twice, are refused without being shown."""
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_id_map(tmp_path / "a.csv")
    assert "secret" not in f"{caught.value}{caught.value.hint}"


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"pseudonym": [AA, AA], "id": ["secret", "2"]}),
        pd.DataFrame({"pseudonym": [AA, BB], "id": ["secret", "secret"]}),
    ],
    ids=["pseudonym", "id"],
)
def test_an_id_map_with_a_value_twice_resolves_nothing(frame: pd.DataFrame) -> None:
    """From Python as from a file: which of the two ids is meant, nobody knows."""
    links = pd.DataFrame({"link_id": ["1"], "pseudonym": [AA]})
    with pytest.raises(DataError, match="the id map: a value of the column") as caught:
        resolve(links, frame)
    assert caught.value.hint
    assert "secret" not in f"{caught.value}{caught.value.hint}"


def test_an_id_map_from_python_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.ids.csv"
    write_id_map(NAMED, path)
    pd.testing.assert_frame_equal(read_id_map(path), NAMED)
    assert os.name != "posix" or stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(OutputError, match="exists already"):
        write_id_map(NAMED.head(1), path)
    write_id_map(pa.Table.from_pandas(NAMED.head(1)), path, force=True)
    assert read_id_map(path)["id"].tolist() == ["007"]
    write_id_map(NAMED.head(0), tmp_path / "none.csv")
    assert (tmp_path / "none.csv").read_bytes() == b"pseudonym,id\n"


@pytest.mark.parametrize(
    "frame",
    [
        NAMED.drop(columns="id"),
        NAMED.assign(id=["secret", "secret", "3"]),
        NAMED.assign(id=["secret", "", "3"]),
        NAMED.assign(id=[1, 2, 3]),
        NAMED.assign(id=["secret", None, "3"]),
        NAMED.assign(pseudonym=["secret", BB, CC]),
        NAMED.assign(pseudonym=[None, BB, CC]),
    ],
)
def test_what_is_no_id_map_is_never_written(tmp_path: Path, frame: pd.DataFrame) -> None:
    with pytest.raises(DataError) as caught:
        write_id_map(frame, tmp_path / "a.ids.csv")
    assert caught.value.hint
    assert "secret" not in f"{caught.value}{caught.value.hint}"
    assert not list(tmp_path.iterdir())


IDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)


@settings(deadline=None, max_examples=40)
@given(st.lists(IDS, min_size=1, max_size=8, unique=True))
def test_any_id_comes_back(tmp_path_factory: pytest.TempPathFactory, ids: list[str]) -> None:
    """Whatever text a party uses as an id, it gets it back unchanged."""
    path = tmp_path_factory.mktemp("map") / "a.ids.csv"
    frame = pd.DataFrame({"pseudonym": [f"{n:032x}" for n in range(len(ids))], "id": ids})
    write(frame, path)
    assert read_id_map(path)["id"].tolist() == ids


def test_a_whole_id_map_is_written_privately_and_never_over_another(tmp_path: Path) -> None:
    path = tmp_path / "a.ids.csv"
    write_id_map(NAMED, path)
    pd.testing.assert_frame_equal(read_id_map(str(path)), NAMED)
    assert os.name != "posix" or stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(OutputError, match="exists already"):
        write_id_map(NAMED, path)
    write_id_map(NAMED.head(1), path, force=True)
    assert len(read_id_map(path)) == 1
    assert [found.name for found in tmp_path.iterdir()] == ["a.ids.csv"]


@pytest.mark.parametrize(
    "frame",
    [
        NAMED[["id", "pseudonym"]],
        NAMED.assign(name="secret"),
        NAMED.assign(id=[1, 2, 3]),
        NAMED.assign(id=["secret", None, "x"]),
        NAMED.assign(id="secret"),
        NAMED.assign(pseudonym="secret"),
        NAMED.assign(pseudonym=AA),
    ],
)
def test_what_is_no_id_map_is_not_written(tmp_path: Path, frame: pd.DataFrame) -> None:
    with pytest.raises(DataError) as caught:
        write_id_map(frame, tmp_path / "a.csv")
    assert "secret" not in f"{caught.value}{caught.value.hint}"
    assert not list(tmp_path.iterdir())
