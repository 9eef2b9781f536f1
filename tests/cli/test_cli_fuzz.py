"""Whatever bytes a people file holds, `check` and `encode` end in order."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from cli_house import pprl, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

HEADER = b"id,given_name,surname,date_of_birth,address"
cell = st.one_of(
    st.text(max_size=8),
    st.sampled_from(
        [
            "",
            " ",
            "NA",
            "1987-07-04",
            "4/7/87",
            "00/00/0000",
            "1987",
            "\u00df\u0130\u01c5",
            "\u0301",
            "\0",
        ]
    ),
    st.dates().map(str),
)
rows = st.lists(st.lists(cell, min_size=3, max_size=6), max_size=6)
tables = rows.map(
    lambda found: b"\n".join(
        [HEADER, *(",".join(row).encode("utf-8", "surrogatepass") for row in found)]
    )
)
regular = st.lists(
    st.tuples(*[cell.map(lambda text: text.replace('"', '""'))] * 5), min_size=1, max_size=8
).map(
    lambda found: (
        HEADER
        + b"\n"
        + "".join(",".join(f'"{text}"' for text in row) + "\n" for row in found).encode(
            "utf-8", "replace"
        )
    )
)


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """Return a table with a few bytes replaced, added or taken out."""
    content = bytearray(draw(st.one_of(tables, regular)))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(content)))
        until = at + draw(st.integers(0, 3))
        content[at:until] = draw(st.binary(max_size=3))
    return bytes(content)


@pytest.mark.parametrize("command", ["check", "encode", "init"])
@settings(max_examples=80, deadline=None)
@given(content=st.one_of(st.binary(max_size=120), tables, regular, spoilt()))
def test_any_bytes_end_in_order(stock: Path, command: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "people.csv").write_bytes(content)
        before = snapshot(folder)
        agreed = ["--agreement", stock / "linkage.toml", "--id", "id"]
        options = {
            "check": agreed,
            "encode": [*agreed, "--key", stock / "parties.key", "--party", "c", "-o", "c.parquet"],
            "init": ["-o", "x.toml"],
        }
        done = pprl(command, "people.csv", *options[command], cwd=folder)
        assert done.code in (0, 1, 2)
        assert "Traceback" not in done.err
        assert "unexpected" not in done.err, done.err
        assert (done.code != 0) == ("pprl: error: " in done.err)
        assert (done.code != 0) == ("pprl: hint: " in done.err)
        if done.code or command == "check":
            assert snapshot(folder) == before
        elif command == "encode":
            assert set(snapshot(folder)) == {"people.csv", "c.parquet", "c.ids.csv"}
            assert pprl("inspect", "c.parquet", cwd=folder).code == 0


@settings(max_examples=60, deadline=None)
@given(
    content=st.one_of(
        st.binary(max_size=120), st.text(max_size=80).map(lambda s: s.encode("utf-8", "replace"))
    )
)
def test_inspect_of_any_bytes_ends_in_order(stock: Path, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        for suffix in (".csv", ".toml", ".json", ".parquet"):
            path = Path(name) / f"x{suffix}"
            path.write_bytes(content)
            done = pprl("inspect", path)
            assert done.code in (0, 1)
            assert "unexpected" not in done.err, done.err


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damaged_encoded_file_is_read_whole_or_refused(stock: Path, data: st.DataObject) -> None:
    content = bytearray((stock / "a.parquet").read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "a.parquet"
        path.write_bytes(content)
        done = pprl("inspect", path)
        assert done.code in (0, 1)
        assert "unexpected" not in done.err, done.err
        assert (done.code != 0) == ("pprl: error: " in done.err)
