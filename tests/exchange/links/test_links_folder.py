"""A links folder comes back exactly, or is refused."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from run_records import lsh_content, record_content, to_record

import pprl.exchange.links.folder as links_module
from pprl.base.errors import LinksError, OutputError
from pprl.exchange.links.folder import (
    LEVELS,
    LINK_COLUMNS,
    PAIR_COLUMNS,
    Links,
    part_columns,
    read_links,
    write_links,
)

PARTIES = ["health", "education"]
FIELDS = ["surname", "bits_of", "level_of"]


def make(accepted: int, near: int, floor: float = 0.75, profile: str = "record") -> Links:
    """Links of the given numbers of pairs between two parties."""

    def pairs(first: int, count: int, score: float) -> pd.DataFrame:
        rows = [
            (
                "health",
                f"{2 * i:032x}",
                "education",
                f"{2 * i + 1:032x}",
                score + i / 1e6,
                7.5 - i,
                1 / (1 + i),
            )
            for i in range(first, first + count)
        ]
        frame = pd.DataFrame(rows, columns=list(PAIR_COLUMNS))
        return frame.astype(dict.fromkeys(PAIR_COLUMNS[4:], float))

    rows = [
        (i + 1, party, f"{2 * i + side:032x}")
        for i in range(accepted)
        for side, party in enumerate(PARTIES)
    ]
    links = pd.DataFrame(rows, columns=list(LINK_COLUMNS)).astype({"link_id": "int64"})
    parts = None
    if profile == "fields":
        rows = np.arange(accepted + near)
        parts = pd.DataFrame(
            {
                name: (rows % len(LEVELS)).astype(np.uint8)
                if name.startswith("level_")
                else (rows / 3).astype(np.float32)
                for name in part_columns(FIELDS)
            }
        )
    return Links(
        links=links,
        pairs=pairs(0, accepted, 0.8),
        near=pairs(accepted, near, floor),
        parts=parts,
        run=to_record(
            {**run_content(profile, linked_records=2 * accepted, accepted=accepted), "note": "Łódź"}
        ),
    )


def run_content(profile: str, *, linked_records: int, accepted: int) -> dict[str, Any]:
    content = record_content(PARTIES, profile=profile)
    content["agreement"]["field"] = [{"name": name} for name in FIELDS]
    content["threshold"]["value"] = 0.8
    content["counts"].update(linked_records=linked_records, pairs_accepted=accepted)
    return content


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "LINKS"
    write_links(make(3, 2), folder)
    return folder


def refusal(folder: Path) -> LinksError:
    with pytest.raises(LinksError) as caught:
        read_links(folder)
    assert str(folder) in caught.value.problem
    assert caught.value.hint
    return caught.value


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 20), st.integers(0, 20), st.sampled_from(["record", "fields"]))
def test_any_links_come_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, accepted: int, near: int, profile: str
) -> None:
    folder = tmp_path_factory.mktemp("links") / "LINKS"
    links = make(accepted, near, profile=profile)
    write_links(links, folder)
    read = read_links(folder)
    assert read.run == links.run
    assert read.parties == PARTIES
    assert read.threshold == 0.8
    assert read.expected_quality == links.run.expected_quality
    for name in ("links", "pairs", "near"):
        one, other = getattr(read, name), getattr(links, name)
        assert one.to_dict("list") == other.to_dict("list")
        assert list(one.dtypes) == list(other.dtypes)
    if links.parts is None:
        assert read.parts is None
        assert not (folder / "explain.parquet").exists()
    else:
        assert read.parts is not None
        pd.testing.assert_frame_equal(read.parts, links.parts)


def test_each_party_gets_its_own_pseudonyms_only(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {
        "links.parquet",
        "pairs.parquet",
        "near.parquet",
        "links-health.csv",
        "links-education.csv",
        "run.json",
    }
    for side, party in enumerate(PARTIES):
        expected = [f"{i + 1},{2 * i + side:032x}" for i in range(3)]
        data = (folder / f"links-{party}.csv").read_bytes().decode()
        assert data == "\n".join(["link_id,pseudonym", *expected, ""])


def test_parts_of_the_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    """A row for each accepted pair and then for each near one, with the columns of the agreement's fields."""
    folder = tmp_path / "LINKS"
    write_links(make(3, 2, profile="fields"), folder)
    path = folder / "explain.parquet"
    table = pq.read_table(path)

    def write(changed: pa.Table) -> None:
        pq.write_table(changed, path)

    write(table.slice(1))
    assert "explain.parquet has a different number of rows" in refusal(folder).problem
    write(table.select(table.column_names[2:]))
    assert "other columns" in refusal(folder).problem
    write(table.set_column(0, "level_surname", pa.array([0, 1, 2, 3, len(LEVELS)], pa.uint8())))
    assert "a level that its format does not know" in refusal(folder).problem
    path.write_bytes(path.read_bytes()[:-1])
    assert "can't be read" in refusal(folder).problem
    path.unlink()
    assert "no such file" in refusal(folder).problem


def test_party_without_a_link_gets_an_empty_list(tmp_path: Path) -> None:
    write_links(make(0, 0), tmp_path / "LINKS")
    assert (tmp_path / "LINKS" / "links-health.csv").read_text() == "link_id,pseudonym\n"


def test_numbers_that_json_does_not_have_are_never_written(tmp_path: Path) -> None:
    links = make(1, 0)
    newer = links.run.model_copy(update={"newer": float("nan")})
    with pytest.raises(ValueError, match="JSON"):
        write_links(replace(links, run=newer), tmp_path / "LINKS")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["links", "pairs", "near"])
def test_missing_altered_or_cut_tables_are_refused(folder: Path, name: str) -> None:
    path = folder / f"{name}.parquet"
    data = path.read_bytes()
    table = pq.read_table(path)
    for cut in (0, 3, 4, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:cut])
        assert "can't be read" in refusal(folder).problem
    pq.write_table(table.rename_columns([*table.column_names[:-1], "x"]), path)
    assert "other columns" in refusal(folder).problem
    pq.write_table(table.select(table.column_names[::-1]), path)
    assert "other columns" in refusal(folder).problem
    texts = table.set_column(0, table.column_names[0], pa.array([[1]] * len(table)))
    pq.write_table(texts, path)
    assert "other columns" in refusal(folder).problem
    if name != "near":
        pq.write_table(table.slice(1), path)
        assert "a different number of rows" in refusal(folder).problem
    path.unlink()
    assert "no such file" in refusal(folder).problem


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda run: run.pop("format"), "another format"),
        (lambda run: run.update(format="pprl-links/1"), "another format"),
        (lambda run: run.pop("inputs"), "lacks the entry inputs"),
        (lambda run: run.update(inputs=[3]), "the entry inputs[1] of run.json is wrong"),
        (lambda run: run["inputs"][0].update(party=3), "the entry inputs[1].party of"),
        (lambda run: run.update(agreement=[]), "the entry agreement of"),
        (lambda run: run["agreement"].pop("field"), "lacks the entry agreement.field"),
        (lambda run: run["threshold"].update(value="0.8"), "the entry threshold.value of"),
        (lambda run: run["threshold"].update(value=None), "the entry threshold.value of"),
        (lambda run: run["counts"].pop("pairs_accepted"), "lacks the entry counts.pairs_accepted"),
        (lambda run: run["counts"].update(pairs_accepted=9), "a different number of rows"),
    ],
)
def test_other_run_records_are_refused(
    folder: Path, change: Callable[[dict[str, Any]], object], says: str
) -> None:
    path = folder / "run.json"
    run = json.loads(path.read_text(encoding="utf-8"))
    change(run)
    path.write_text(json.dumps(run))
    assert says in refusal(folder).problem


@pytest.mark.parametrize("text", ["\x1b[31mred", "\x9b2J", "\u202eevil", "a\nb"])
@pytest.mark.parametrize("profile", ["record", "fields"])
def test_what_a_terminal_could_obey_is_refused_wherever_it_stands(
    tmp_path: Path, text: str, profile: str
) -> None:
    """In the run record: party, field, profile, any other text and any name of an entry. The message shows none."""
    folder = tmp_path / "LINKS"
    write_links(make(3, 2, profile=profile), folder)
    path = folder / "run.json"
    whole = path.read_text(encoding="utf-8")
    changes: list[Callable[[dict[str, Any]], object]] = [
        lambda run: run["inputs"][0].update(party=text),
        lambda run: run["inputs"][0].update(file=text),
        lambda run: run["agreement"]["field"][0].update(name=text),
        lambda run: run["agreement"].update(profile=text),
        lambda run: run.update(no_estimate=text),
        lambda run: run.update(warnings=[["x", text]]),
        lambda run: run.update(software={text: "1"}),
    ]
    for change in changes:
        run = json.loads(whole)
        change(run)
        for ascii_only in (True, False):
            path.write_text(json.dumps(run, ensure_ascii=ascii_only), encoding="utf-8")
            problem = refusal(folder).problem
            assert "run.json holds a control, format or other invisible character" in problem
            assert problem.isprintable()


def test_a_field_with_an_escape_is_refused_though_the_tables_agree(tmp_path: Path) -> None:
    links = make(3, 2, profile="fields")
    assert links.parts is not None
    links.parts.columns = list(part_columns(["\x1b[31m", *FIELDS[1:]]))
    write_links(links, tmp_path / "LINKS")
    path = tmp_path / "LINKS" / "run.json"
    run = json.loads(path.read_text(encoding="utf-8"))
    run["agreement"]["field"][0]["name"] = "\x1b[31m"
    path.write_text(json.dumps(run))
    assert "invisible character" in refusal(tmp_path / "LINKS").problem


@pytest.mark.parametrize("party", ["", "Health", "../health", "a b", "x" * 64])
def test_a_party_of_another_form_is_refused(folder: Path, party: str) -> None:
    path = folder / "run.json"
    run = json.loads(path.read_text(encoding="utf-8"))
    run["inputs"][0]["party"] = party
    path.write_text(json.dumps(run), encoding="utf-8")
    assert "the entry inputs[1].party of run.json is wrong" in refusal(folder).problem


@pytest.mark.parametrize("profile", ["record", "fields"])
def test_a_folder_of_the_previous_format_is_read_and_written_anew(
    tmp_path: Path, profile: str
) -> None:
    """With what a newer version may have added, too: nothing of a folder is lost when it is written again."""
    old, new = tmp_path / "OLD", tmp_path / "NEW"
    write_links(make(3, 2, profile=profile), old)
    content = run_content(profile, linked_records=6, accepted=3)
    lsh = lsh_content()
    recall = lsh.pop("completeness")
    content["parameters"].update(blocking="lsh", lsh={"recall": recall, **lsh}, newer=[1, "x"])
    content["counts"]["passes"][0].update(blocking="lsh", newer=None)
    content["format"] = "pprl-links/2"
    (old / "run.json").write_text(json.dumps(content), encoding="utf-8")
    read = read_links(old)
    assert read.run.parameters.lsh is not None
    assert read.run.parameters.lsh.completeness == recall
    write_links(read, new)
    again = read_links(new)
    assert again.run == read.run
    written = json.loads((new / "run.json").read_text(encoding="utf-8"))
    assert written["format"] == "pprl-links/3"
    assert written["parameters"]["newer"] == [1, "x"]
    assert written["counts"]["passes"][0]["newer"] is None
    assert written["parameters"]["lsh"] == {"completeness": recall, **lsh}


@pytest.mark.parametrize(
    ("name", "column", "says"),
    [
        ("links", "party", "a party that run.json does not name"),
        ("links", "pseudonym", "32 hexadecimal digits"),
        *(
            (name, f"{kind}_{side}", says)
            for name in ("pairs", "near")
            for side in "ab"
            for kind, says in (
                ("party", "a party that run.json does not name"),
                ("pseudonym", "32 hexadecimal digits"),
            )
        ),
    ],
)
def test_texts_of_the_tables_are_parties_of_the_run_and_pseudonyms(
    folder: Path, name: str, column: str, says: str
) -> None:
    path = folder / f"{name}.parquet"
    table = pq.read_table(path)
    at = table.column_names.index(column)
    values = table[column].to_pylist()
    for odd in ("\x1b[31m", "", values[-1] + "\n", "A" * 32, "0" * 31):
        changed = pa.array([*values[:-1], odd], pa.string())
        pq.write_table(table.set_column(at, table.schema.field(at), changed), path)
        problem = refusal(folder).problem
        assert f"{name}.parquet holds" in problem
        assert says in problem
        assert problem.isprintable()


@pytest.mark.parametrize("odd", [-1, 0, 10**15])
def test_link_ids_out_of_bounds_are_refused(folder: Path, odd: int) -> None:
    """Fifteen digits at most, so that a spreadsheet rounds none."""
    path = folder / "links.parquet"
    table = pq.read_table(path)
    for ids, fine in (([*table["link_id"].to_pylist()[:-1], 10**15 - 1], True), ([odd] * 6, False)):
        changed = table.set_column(0, "link_id", pa.array(ids, pa.int64()))
        pq.write_table(changed, path)
        if fine:
            read_links(folder)
        else:
            assert "a link id that is not from 1" in refusal(folder).problem


def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object, **__: object) -> None:
        raise AssertionError("rows were read")

    monkeypatch.setattr(pq, "read_table", read)
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", read)


def test_columns_and_numbers_of_rows_are_judged_before_a_row_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table of another kind, or far too many rows in few bytes, would fill the memory."""
    path = folder / "links.parquet"
    whole, table = path.read_bytes(), pq.read_table(path)
    pq.write_table(table.append_column("more", pa.array(["x"] * len(table))), path)
    other = path.read_bytes()
    pq.write_table(pa.concat_tables([table.slice(0, 1)] * 200_000).combine_chunks(), path)
    many = path.read_bytes()
    assert len(many) < 100_000
    unread(monkeypatch)
    for content, says in ((other, "other columns"), (many, "a different number of rows")):
        path.write_bytes(content)
        assert says in refusal(folder).problem
    path.write_bytes(whole)
    with pytest.raises(AssertionError, match="rows were read"):
        read_links(folder)


def test_more_rows_than_the_memory_holds_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing states how many near pairs there are."""
    path = folder / "near.parquet"
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table.slice(0, 1)] * 200_000).combine_chunks(), path)
    monkeypatch.setattr(links_module, "total_memory", lambda: 200_000 * 120 - 1)
    assert "near.parquet has more rows than fit into the memory" in refusal(folder).problem
    pq.write_table(table, path)
    read_links(folder)


@pytest.mark.parametrize("name", ["links", "pairs", "near"])
def test_a_folder_of_tables_in_the_place_of_a_table_is_refused(folder: Path, name: str) -> None:
    path = folder / f"{name}.parquet"
    content = path.read_bytes()
    path.unlink()
    path.mkdir()
    (path / "part.parquet").write_bytes(content)
    assert f"{name}.parquet is not a file" in refusal(folder).problem


@pytest.mark.parametrize("name", ["pairs", "near"])
@pytest.mark.parametrize(
    ("column", "odd", "says"),
    [
        *(("score", odd, "a score that is not from 0 to 1") for odd in (-0.1, 1.1, np.nan, np.inf)),
        *(("probability", odd, "a probability that is not") for odd in (-0.1, 1.1, np.nan)),
        *(("weight", odd, "a weight that is not a number") for odd in (np.nan, np.inf, -np.inf)),
    ],
)
def test_numbers_that_no_unit_finds_are_refused(
    folder: Path, name: str, column: str, odd: float, says: str
) -> None:
    """By whoever reads the links, not only where they are judged."""
    path = folder / f"{name}.parquet"
    table = pq.read_table(path)
    at = table.column_names.index(column)
    values = [*table[column].to_pylist()[:-1], odd]
    pq.write_table(table.set_column(at, column, pa.array(values, pa.float64())), path)
    assert f"{name}.parquet holds {says}" in refusal(folder).problem


def test_parts_of_a_weight_are_numbers(tmp_path: Path) -> None:
    folder = tmp_path / "LINKS"
    write_links(make(3, 2, profile="fields"), folder)
    path = folder / "explain.parquet"
    table = pq.read_table(path)
    changed = pa.array([np.nan, 1, 2, 3, 4], pa.float32())
    pq.write_table(table.set_column(1, "bits_surname", changed), path)
    assert "explain.parquet holds a weight that is not a number" in refusal(folder).problem


@pytest.mark.parametrize("far", [False, True])
def test_a_record_that_stands_twice_is_refused(tmp_path: Path, far: bool) -> None:
    """In two links or twice in one, near its first row or in another row group; two parties may have one pseudonym."""
    folder = tmp_path / "LINKS"
    write_links(make(300, 0), folder)
    path = folder / "links.parquet"
    frame = pq.read_table(path).to_pandas()
    at = 598 if far else 2  # the first record has the row 0

    def write(**last: Any) -> None:
        changed = frame.copy()
        for name, value in last.items():
            changed.loc[at, name] = value
        table = pa.Table.from_pandas(changed, pq.read_schema(path), preserve_index=False)
        pq.write_table(table.replace_schema_metadata(None), path, row_group_size=100)

    party, pseudonym = frame.loc[0, "party"], frame.loc[0, "pseudonym"]
    write(party=party, pseudonym=pseudonym)
    problem = refusal(folder).problem
    assert "links.parquet holds a record in two links" in problem
    assert pseudonym not in problem
    write(link_id=1, party=party, pseudonym=pseudonym)
    assert "links.parquet holds a record twice in one link" in refusal(folder).problem
    write(party=PARTIES[1], pseudonym=pseudonym)
    read_links(folder)
    write()
    read_links(folder)


def test_pseudonyms_of_one_number_are_told_apart(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number that stands for a pseudonym only picks the rows that are compared in full."""
    monkeypatch.setattr(links_module, "_ODD", np.zeros(4, np.uint64))
    read_links(folder)
    path = folder / "links.parquet"
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table.slice(0, 5), table.slice(0, 1)]), path)
    assert "a record twice in one link" in refusal(folder).problem


@given(st.lists(st.integers(0, 3), max_size=12), st.data())
def test_a_pseudonym_has_one_number_wherever_it_lies_in_memory(
    which: list[int], data: st.DataObject
) -> None:
    """In one chunk or in several, some of them empty, and in a slice."""
    texts = [f"{1 << (30 * at):032x}" for at in which]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(texts)), max_size=4)))
    pieces = [texts[a:b] for a, b in pairwise([0, *cuts, len(texts)])]
    start = data.draw(st.integers(0, len(texts)))
    numbers = links_module._mixed(pa.chunked_array(pieces, pa.string()).slice(start)).tolist()
    alone = [links_module._mixed(pa.chunked_array([[text]])).item() for text in texts]
    assert numbers == alone[start:]
    assert len(set(alone)) == len(set(texts))


@pytest.mark.skipif(os.name != "posix", reason="Windows knows no modes")
def test_a_folder_is_its_owners_alone_whatever_the_mask(folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_nothing_that_exists_is_written_over_unasked(folder: Path, tmp_path: Path) -> None:
    """Nor a folder of something else when asked; and the files of the caller are left alone."""
    before = (folder / "run.json").read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        write_links(make(1, 0), folder)
    assert (folder / "run.json").read_bytes() == before
    write_links(make(1, 0, profile="fields"), folder, force=True)
    assert len(read_links(folder).pairs) == 1
    write_links(make(2, 0), folder, force=True)
    assert not (folder / "explain.parquet").exists()
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").touch(0o644)
    with pytest.raises(OutputError, match="is not a links folder"):
        write_links(make(1, 0), other, force=True)
    assert [path.name for path in other.iterdir()] == ["mine.txt"]


def test_a_folder_is_whole_or_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OutputError, match="no space left"):
        write_links(make(1, 0), tmp_path / "LINKS")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 200_000])
def test_run_record_that_is_no_json(folder: Path, content: bytes) -> None:
    (folder / "run.json").write_bytes(content)
    assert "run.json can't be read" in refusal(folder).problem
    (folder / "run.json").write_bytes(b"[]")
    assert "another format" in refusal(folder).problem


def test_endless_run_record_is_not_read_whole(folder: Path) -> None:
    """Sixteen mebibytes are enough for any run."""
    path = folder / "run.json"
    text = path.read_bytes()
    path.write_bytes(text + b" " * ((16 << 20) - len(text)))
    read_links(folder)
    path.write_bytes(text + b" " * ((16 << 20) - len(text) + 1))
    assert "longer than 16 MiB" in refusal(folder).problem


def test_what_is_no_links_folder(folder: Path) -> None:
    assert "is not a links folder" in refusal(folder / "run.json").problem
    assert "is not a links folder" in refusal(folder / "absent").problem
    (folder / "run.json").unlink()
    assert "has no run.json" in refusal(folder).problem
    (folder / "run.json").mkdir()
    assert "can't be read" in refusal(folder).problem
    shutil.rmtree(folder)


@pytest.mark.skipif(os.name != "posix", reason="modes mean nothing elsewhere")
def test_every_file_is_for_its_owner_alone(folder: Path) -> None:
    """A copy of one file leaves the private folder, and keeps the file's own mode."""
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
