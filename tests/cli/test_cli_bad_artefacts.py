"""Artefacts that are damaged, foreign or in the wrong hands are refused, and the reason is named."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from cli_house import MARK, Refuse, encode_arguments, pprl

MATCH = ("match", "a.parquet", "b.parquet", "-o", "new")


@pytest.mark.parametrize("length", [0, 3, 4, 100, -1, -9, -500])
def test_truncated_encoded_file_is_refused(desk: Path, refuse: Refuse, length: int) -> None:
    content = (desk / "b.parquet").read_bytes()
    (desk / "b.parquet").write_bytes(content[:length])
    refuse(1, *MATCH, says=("b.parquet",))
    if length:
        refuse(1, "inspect", "b.parquet", says=("b.parquet",))


def test_altered_encoded_file_is_refused(desk: Path, refuse: Refuse) -> None:
    """One bit in one filter."""
    table = pq.read_table(desk / "b.parquet")
    metadata = pq.read_metadata(desk / "b.parquet").metadata[b"pprl"]
    frame = table.to_pandas()
    first = bytearray(frame.loc[0, "encoding"])
    first[5] ^= 4
    frame.loc[0, "encoding"] = bytes(first)
    changed = table.from_pandas(frame, table.schema, preserve_index=False)
    with pq.ParquetWriter(desk / "b.parquet", changed.schema, store_schema=False) as writer:
        writer.write_table(changed)
        writer.add_key_value_metadata({"pprl": metadata})
    refuse(1, *MATCH, says=("b.parquet was altered or damaged", "digest"))


@pytest.mark.parametrize("at", [200, 2000, -300])
def test_flipped_byte_is_refused(desk: Path, refuse: Refuse, at: int) -> None:
    content = bytearray((desk / "b.parquet").read_bytes())
    content[at] ^= 0xFF
    (desk / "b.parquet").write_bytes(content)
    refuse(1, *MATCH, says=("b.parquet",))


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ('project = "Desk"', 'project = "Bench"', "project ('Desk' against 'Bench')"),
        ('type = "surname"', 'type = "surname"\nbudget = 81', "field[2].budget"),
        ("[[field]]", "[filter]\nbits = 2048\n[[field]]", "filter.bits (1024 against 2048)"),
        ("[[field]]", '[hardening]\nmethod = "xor-fold"\n[[field]]', "hardening.method"),
        ("year(date_of_birth)", "day(date_of_birth)", "blocking[1].keys[2]"),
    ],
)
def test_other_agreement_is_refused_by_the_parameter(
    desk: Path, refuse: Refuse, old: str, new: str, names: str
) -> None:
    text = (desk / "linkage.toml").read_text(encoding="utf-8")
    (desk / "linkage.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    assert pprl(*encode_arguments("b"), "--force").code == 0
    refuse(
        1, *MATCH,
        says=("a.parquet and b.parquet were encoded under different agreements: ", names),
    )  # fmt: skip


def test_other_key_is_refused(desk: Path, refuse: Refuse) -> None:
    assert pprl(*encode_arguments("b", key="other.key"), "--force").code == 0
    refuse(
        1, *MATCH,
        says=("a.parquet and b.parquet were encoded with different keys", "--fingerprint"),
    )  # fmt: skip


def test_same_file_twice_is_refused(desk: Path, refuse: Refuse) -> None:
    refuse(1, "match", "a.parquet", "a.parquet", "-o", "new", says=("are the same file",))
    (desk / "copy.parquet").write_bytes((desk / "a.parquet").read_bytes())
    refuse(1, "match", "a.parquet", "copy.parquet", "-o", "new", says=("are the same file",))


def test_same_party_twice_is_refused(desk: Path, refuse: Refuse) -> None:
    command = encode_arguments("a")
    command[command.index("-o") + 1] = "second.parquet"
    assert pprl(*command).code == 0
    refuse(
        1, "match", "a.parquet", "second.parquet", "-o", "new",
        says=("a.parquet and second.parquet both call their party 'a'",),
    )  # fmt: skip


WRONG_HANDS = {
    "a.ids.csv": "a.ids.csv is an id map",
    "parties.key": "parties.key is a secret key",
    "a.csv": "a.csv is not an encoded file",
    "linkage.toml": "linkage.toml is not an encoded file",
    "links": "links is a folder",
    "links/pairs.parquet": "not one that `pprl encode` wrote",
    "absent.parquet": "absent.parquet: no such file",
    "plain.parquet": "plain.parquet is a Parquet file, but not one that `pprl encode` wrote",
}


@pytest.mark.parametrize(("name", "says"), WRONG_HANDS.items())
def test_unit_refuses_what_it_must_not_hold(
    desk: Path, refuse: Refuse, name: str, says: str
) -> None:
    frame = pd.DataFrame({"surname": [MARK] * 9, "encoding": [b"x"] * 9})
    frame.to_parquet(desk / "plain.parquet")
    refuse(1, "match", "a.parquet", name, "-o", "new", says=(says,))
    refuse(1, "match", name, "a.parquet", "-o", "new", says=(says,))


def test_key_and_id_map_at_the_unit_come_with_what_to_do(refuse: Refuse) -> None:
    refuse(
        1, "match", "a.ids.csv", "-o", "x", says=("It must stay with the party. Delete this copy",)
    )
    refuse(1, "match", "parties.key", "-o", "x", says=("Delete this copy and tell the parties",))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.bin", b"\0\1\2"),
        ("x.json", b'{"a": 1}'),
        ("x.json", b"[" * 9000),
        ("x.txt", b"hello"),
        ("x", b""),
    ],
)
def test_inspect_refuses_what_nothing_made(
    desk: Path, refuse: Refuse, name: str, content: bytes
) -> None:
    (desk / name).write_bytes(content)
    refuse(1, "inspect", name, says=(f"{name} is not a file that pprl makes or reads",))


def test_inspect_of_a_missing_file_is_refused(refuse: Refuse) -> None:
    refuse(1, "inspect", "absent", says=("absent: no such file",))


# The links folder and what is judged with it.

EVALUATE = (
    "evaluate", "links", "--truth", "truth.csv", "--ids", "a.ids.csv", "--ids", "b.ids.csv",
    "-o", "r.html",
)  # fmt: skip


@pytest.mark.parametrize("name", ["run.json", "links.parquet", "pairs.parquet", "near.parquet"])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "folder"])
def test_damaged_links_folder_is_refused(
    desk: Path, refuse: Refuse, name: str, damage: str
) -> None:
    part = desk / "links" / name
    content = part.read_bytes()
    part.unlink()
    if damage == "folder":
        part.mkdir()
    elif damage != "missing":
        part.write_bytes(b"" if damage == "empty" else content[: len(content) // 2])
    refuse(1, *EVALUATE, says=("links",))
    refuse(1, "inspect", "links", says=("links",))


@pytest.mark.parametrize("entry", ["inputs", "threshold", "counts", "format", "agreement"])
def test_run_record_without_an_entry_is_refused(desk: Path, refuse: Refuse, entry: str) -> None:
    path = desk / "links" / "run.json"
    run = json.loads(path.read_text(encoding="utf-8"))
    del run[entry]
    path.write_text(json.dumps(run), encoding="utf-8")
    refuse(1, *EVALUATE, says=("run.json",))


def test_what_is_no_links_folder_is_refused(desk: Path, refuse: Refuse) -> None:
    refuse(1, "evaluate", "absent", "--json", says=("absent is not a links folder",))
    refuse(1, "evaluate", "a.parquet", "--json", says=("a.parquet is not a links folder",))
    (desk / "other").mkdir()
    refuse(1, "evaluate", "other", "--json", says=("other has no run.json",))
    refuse(1, "inspect", "other", says=("other has no run.json",))


@pytest.mark.parametrize("column", ["party", "id", "person"])
def test_truth_that_misses_a_column_is_refused(desk: Path, refuse: Refuse, column: str) -> None:
    truth = pd.read_csv(desk / "truth.csv", dtype=str)
    truth.rename(columns={column: "other"}).to_csv(desk / "truth.csv", index=False)
    refuse(
        1, *EVALUATE,
        says=(f"truth.csv: the truth file has no column '{column}'", "party,id,person"),
    )  # fmt: skip


def test_truth_that_contradicts_itself_is_refused(desk: Path, refuse: Refuse) -> None:
    text = (desk / "truth.csv").read_text(encoding="utf-8")
    (desk / "truth.csv").write_text(text + text.splitlines()[3] + "\n", encoding="utf-8")
    refuse(1, *EVALUATE, says=("the truth holds a record twice", "data row 81"))


def test_truth_of_other_parties_is_refused(desk: Path, refuse: Refuse) -> None:
    text = (desk / "truth.csv").read_text(encoding="utf-8")
    (desk / "truth.csv").write_text(text.replace("\nb,", "\nc,"), encoding="utf-8")
    refuse(1, *EVALUATE, says=("the truth has no row for the party 'b'",))


def test_id_map_of_another_run_is_refused(desk: Path, refuse: Refuse) -> None:
    assert pprl(*encode_arguments("b"), "--force").code == 0
    refuse(1, *EVALUATE, says=("in no id map", "--ids b=FILE"))
    refuse(
        1, "resolve", "links/links-b.csv", "--ids", "b.ids.csv",
        says=("40 of 40 returned pseudonyms are not in the id map", "new in every run"),
    )  # fmt: skip


def test_missing_id_map_is_refused(refuse: Refuse) -> None:
    one = [text for text in EVALUATE if text != "b.ids.csv"]
    del one[one.index("a.ids.csv") + 1]
    refuse(1, *one, says=("--ids b=FILE",))


@pytest.mark.parametrize(
    ("links", "ids", "says"),
    [
        ("absent.csv", "a.ids.csv", "absent.csv: no such file"),
        ("links", "a.ids.csv", "links is a folder, not a file of returned links"),
        ("links/links.parquet", "a.ids.csv", "is a Parquet file, not CSV text"),
        ("a.ids.csv", "a.ids.csv", "the returned links do not have the form link_id,pseudonym"),
        ("links/links-a.csv", "links/links-a.csv", "is not an id map"),
        ("links/links-a.csv", "a.csv", "a.csv is not an id map"),
        ("links/links-a.csv", "absent.csv", "absent.csv: no such file"),
        ("links/links-a.csv", "b.ids.csv", "40 of 40 returned pseudonyms are not in the id map"),
    ],
)
def test_resolve_refuses_files_that_do_not_belong_together(
    refuse: Refuse, links: str, ids: str, says: str
) -> None:
    refuse(1, "resolve", links, "--ids", ids, says=(says,))


def test_resolve_refuses_an_altered_id_map(desk: Path, refuse: Refuse) -> None:
    lines = (desk / "a.ids.csv").read_text().splitlines(keepends=True)
    (desk / "a.ids.csv").write_text("".join([*lines, lines[1]]))
    refuse(
        1, "resolve", "links/links-a.csv", "--ids", "a.ids.csv",
        says=("a value of the column 'pseudonym' appears twice",),
    )  # fmt: skip


# Gates.


def test_gate_that_is_not_met_ends_with_3_and_leaves_the_report(desk: Path) -> None:
    done = pprl(*EVALUATE, "--require-recall", "0.9", "--require-precision", "1.0")
    assert done.code == 0, done
    few = pprl("match", "a.parquet", "b.parquet", "-o", "links", "--threshold", 1, "--force")
    assert few.code == 0
    text = (desk / "truth.csv").read_text(encoding="utf-8").splitlines()
    swapped = [
        text[0],
        *text[1:41],
        *(f"{line.rsplit(',', 1)[0]},{MARK}other{n}" for n, line in enumerate(text[41:])),
    ]
    (desk / "truth.csv").write_text("\n".join(swapped) + "\n", encoding="utf-8")
    done = pprl(*EVALUATE, "--force", "--require-precision", "0.5")
    assert done.code == 3
    errors = done.err.splitlines()[-2:]
    assert errors[0].startswith(
        "pprl: error: quality gate not met: precision is 0.0000 where 0.5 is required"
    )
    assert errors[1].startswith("pprl: hint: ")
    assert "NOT reached" in done.out
    content = json.loads((desk / "r.json").read_text(encoding="utf-8"))
    assert content["quality"]["true_positives"] == 0
    assert (desk / "r.html").exists()
