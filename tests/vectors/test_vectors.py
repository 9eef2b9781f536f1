"""The vectors, this package and a second implementation that follows SPEC.md say the same."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import jellyfish
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.base.errors import AgreementError, EncodedFileError, KeyFileError, PprlError
from pprl.exchange.agreement.field_types import FIELD_TYPES
from pprl.exchange.agreement.model import Agreement
from pprl.exchange.encoded.file import (
    EncodedFile,
    EncodedHeader,
    content_digest,
    read_encoded,
    write_encoded,
)
from pprl.party.keys.key import Key
from pprl.party.reading.folding import fold
from pprl.party.reading.normalise import UNREADABLE, normaliser
from pprl.tables.dates import DateFormat

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ANY = settings(max_examples=150, deadline=None)
FAILURES = {"agreement": AgreementError, "key-file": KeyFileError, "encoded-file": EncodedFileError}


def _load(name: str) -> ModuleType:
    """Load a module beside this file whatever the import mode of the test run is."""
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


second = _load("second_implementation")
make_vectors = _load("make_vectors")


def vectors(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("name", make_vectors.VECTORS)
def test_this_package_gives_the_frozen_vectors(name: str) -> None:
    """What this package computes today is what the vectors of version 1 say, byte for byte."""
    text = (HERE / f"{name}.json").read_text(encoding="utf-8")
    assert make_vectors.render(make_vectors.VECTORS[name]()) == text


def test_the_specification_shows_what_the_code_computes() -> None:
    """Every value of a worked example in SPEC.md was computed, none was typed."""
    spec = re.sub(r"\s+", " ", (ROOT / "docs" / "SPEC.md").read_text(encoding="utf-8"))
    shown = {name: value for name, value in make_vectors.examples().items() if value not in spec}
    assert shown == {}
    assert re.sub(r"\s+", " ", make_vectors.EXAMPLE).strip() in spec


def test_the_specification_lists_every_word_that_normalisation_knows() -> None:
    """A word list in SPEC.md is complete: no title, sex, address word or month is missing from its text."""
    spec = (ROOT / "docs" / "SPEC.md").read_text(encoding="utf-8")
    words = [*second.TITLES, *second.SEX_MISSING, *" ".join(second.SEX.values()).split()]
    words += [*second.ABBREVIATED, *second.MONTHS]
    assert [word for word in words if f"`{word}`" not in spec] == []


def test_second_implementation_imports_nothing_of_this_package() -> None:
    """The second implementation stands on the standard library alone."""
    text = (HERE / "second_implementation.py").read_text(encoding="utf-8")
    modules = set(re.findall(r"^(?:import|from) (\S+)", text, re.MULTILINE))
    assert modules <= set(sys.stdlib_module_names)


def test_folding_of_the_second_implementation() -> None:
    """Folding by the table of section 4 gives the vectors."""
    content = vectors("folding")
    assert [second.fold(case["in"]) for case in content["cases"]] == [
        case["out"] for case in content["cases"]
    ]


def test_composed_and_decomposed_texts_fold_alike() -> None:
    """Whether a file is composed or decomposed doesn't change a normal form."""
    import unicodedata

    for case in vectors("folding")["cases"]:
        if any("\uac00" <= ch <= "\ud7a3" for ch in case["in"]):
            continue  # Hangul stands outside the table; SPEC.md says so
        for form in ("NFC", "NFD"):
            assert fold(unicodedata.normalize(form, case["in"])) == case["out"]


def test_normalisation_of_the_second_implementation() -> None:
    """Section 5 read by itself gives the vectors, dates included."""
    for case in vectors("normalise")["cases"]:
        found = second.normalise(case["type"], case["in"])
        assert found == (case["result"], case["out"]), case
    for case in vectors("dates")["cases"]:
        found = second.normalise("date", case["in"], case["format"])
        assert found == (case["result"], case["out"]), case


def test_tokens_of_the_second_implementation() -> None:
    """Sections 6.1 and 6.2 read by themselves give the vectors."""
    for case in vectors("tokens")["cases"]:
        found = second.tokens(case["value"], case["type"], case["q"])
        assert sorted(found) == case["tokens"], case
        if found:
            budget = FIELD_TYPES[case["type"]].budget
            assert second.draws(budget, len(found), case["type"]) == case["draws"], case


def test_positions_of_the_second_implementation() -> None:
    """Section 6.3 read by itself gives the vectors."""
    for case in vectors("positions")["cases"]:
        subkey = bytes.fromhex(case["subkey"])
        found = second.positions(case["token"], subkey, case["bits"], case["draws"])
        assert found == case["positions"]


def test_keys_of_the_second_implementation() -> None:
    """Section 3 read by itself gives the vectors, and refuses what must be refused."""
    content = vectors("keys")
    salt = bytes.fromhex(content["salt"])
    for case in content["cases"]:
        secret = bytes.fromhex(case["secret"])
        assert second.key_file(secret) == case["file"]
        assert second.read_key(case["file"].encode()) == secret
        assert second.key_fingerprint(secret) == case["fingerprint"]
        assert second.hkdf(secret, salt, "key-check", 16).hex() == case["key_check"]
        for purpose, subkey in case["subkeys"].items():
            assert second.hkdf(secret, salt, purpose).hex() == subkey
    for case in content["refused"]:
        with pytest.raises(second.RefusedError, match=f"^{case['class']}$"):
            second.read_key(case["file"].encode())


def test_agreements_of_the_second_implementation() -> None:
    """Section 2 read by itself gives the canonical forms and fingerprints."""
    for case in vectors("agreement")["cases"]:
        agreed = second.read_agreement(case["toml"])
        assert second.canonical(agreed) == case["canonical"], case["name"]
        assert second.fingerprint(agreed) == case["fingerprint"]
        assert second.encoding_fingerprint(agreed).hex() == case["encoding_fingerprint"]
        assert second.finished_bits(agreed) == case["finished_bits"]


@pytest.mark.parametrize("case", vectors("agreement")["refused"], ids=lambda case: case["name"])
def test_agreements_that_must_be_refused(case: dict[str, str]) -> None:
    """Both implementations refuse the agreement."""
    with pytest.raises(FAILURES[case["class"]]):
        Agreement.from_toml(case["toml"])
    with pytest.raises(second.RefusedError, match=f"^{case['class']}$"):
        second.read_agreement(case["toml"])


@pytest.mark.parametrize("case", vectors("keys")["refused"], ids=lambda case: case["name"])
def test_key_files_that_must_be_refused(case: dict[str, str], tmp_path: Path) -> None:
    """What is no key file is refused, without a word of its content."""
    path = tmp_path / "key"
    path.write_bytes(case["file"].encode())
    with pytest.raises(FAILURES[case["class"]]) as caught:
        Key.load(path)
    assert "0102" not in f"{caught.value}{caught.value.hint}"


@pytest.mark.parametrize("name", ["filters", "fields"])
def test_whole_records_of_the_second_implementation(name: str) -> None:
    """From raw values to hardened filters and blocking keys, both implementations agree on every bit."""
    content = vectors(name)
    secret = bytes.fromhex(content["secret"])
    kinds = {field["name"]: field["type"] for field in content["cases"][0]["agreement"]["field"]}
    for record in content["records"]:
        for name, raw in record["raw"].items():
            found = second.normalise(kinds[name], raw, content["date_format"])[1]
            assert found == record["normal"][name]
    for case in content["cases"]:
        for at, record in enumerate(content["records"]):
            made, keys = second.encode(record["normal"], case["agreement"], secret)
            assert made.hex() == case["filters"][at]
            assert [f"{key:016x}" for key in keys] == case["keys"][at]


def test_blocking_of_the_second_implementation() -> None:
    """Section 6.5 read by itself gives the sound codes, the parts and the keys."""
    content = vectors("blocking")
    for case in content["sounds"]:
        assert second.soundex(case["word"]) == case["soundex"], case
        assert second.metaphone(case["word"]) == case["metaphone"], case
    for case in content["parts"]:
        assert second.key_part(case["function"], case["value"]) == case["part"], case
    for case in content["keys"]:
        found = second.blocking_key(case["parts"], bytes.fromhex(case["subkey"]))
        assert f"{found:016x}" == case["key"]


@ANY
@given(word=st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12))
def test_soundex_is_the_one_that_libraries_have(word: str) -> None:
    """An independent witness; blocking keys don't depend on it, so a release that differs may be left out here."""
    assert make_vectors.key_part("soundex", word) == jellyfish.soundex(word)


ENCODED = ["encoded", "encoded_fields"]
"""The encoded files of the vectors: one of each profile."""


def _good(name: str) -> EncodedFile:
    """Return an encoded file of the vectors, put together from its parts."""
    content = vectors(name)
    return EncodedFile(
        header=EncodedHeader.model_validate(content["header"]),
        agreement=Agreement.from_dict(content["header"]["agreement"]),
        pseudonyms=_rows(content["pseudonyms"]),
        filters=_rows(content["encodings"]),
        keys=np.array([[int(k, 16) for k in row] for row in content["keys"]], np.uint64),
    )


def _rows(texts: list[str]) -> np.ndarray:
    return np.array([list(bytes.fromhex(text)) for text in texts], np.uint8)


@pytest.mark.parametrize("name", ENCODED)
def test_encoded_file_of_the_second_implementation(name: str) -> None:
    """Section 7 read by itself gives the header, the digest and the content."""
    content = vectors(name)
    agreed, secret = content["header"]["agreement"], bytes.fromhex(content["secret"])
    made = [second.encode(forms, agreed, secret) for forms in content["normal_forms"]]
    assert [row.hex() for row, _ in made] == content["encodings"]
    keys = [numbers for _, numbers in made]
    assert [[f"{n:016x}" for n in row] for row in keys] == content["keys"]
    names = [bytes.fromhex(name) for name in content["pseudonyms"]]
    columns = (names, [row for row, _ in made], keys)
    header = second.header(agreed, secret, "health", 4, "pprl-kit 0.1.0", columns)
    assert json.loads(header) == content["header"]


@pytest.mark.parametrize("name", ENCODED)
def test_encoded_file_of_another_writer_is_read(name: str, tmp_path: Path) -> None:
    """A plain Parquet file with these columns and this header is an encoded file, whoever wrote it."""
    good, path = _good(name), tmp_path / "other.parquet"
    _write_edited(path, name, {"header": {}})
    found = read_encoded(path)
    for mine, theirs in ((good.filters, found.filters), (good.keys, found.keys)):
        np.testing.assert_array_equal(mine, theirs)
    write_encoded(good, tmp_path / "own.parquet")
    assert read_encoded(tmp_path / "own.parquet").header == found.header


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        pytest.param(name, edit, id=f"{name}: {edit['name']}")
        for name in ENCODED
        for edit in vectors(name)["refused"]
    ],
)
def test_encoded_files_that_must_be_refused(
    name: str, edit: dict[str, Any], tmp_path: Path
) -> None:
    """An encoded file that was altered in one place is refused."""
    path = tmp_path / "edited.parquet"
    _write_edited(path, name, edit)
    with pytest.raises(FAILURES[edit["class"]]) as caught:
        read_encoded(path)
    assert isinstance(caught.value, PprlError)
    assert caught.value.hint


def _write_edited(path: Path, name: str, edit: dict[str, Any]) -> None:
    """Write a file of the vectors with one edit; independent of :func:`write_encoded`."""
    content = vectors(name)
    names, rows = _rows(content["pseudonyms"]), _rows(content["encodings"])
    keys = np.array([[int(k, 16) for k in row] for row in content["keys"]], np.uint64)
    what = edit.get("columns")
    if what == "flip":
        rows[0, 0] ^= 1
    if what == "drop":
        names, rows, keys = names[1:], rows[1:], keys[1:]
    if what == "reverse":
        names, rows, keys = names[::-1], rows[::-1], keys[::-1]
    if what == "repeat":
        names[1] = names[0]
    if what == "spare":
        rows[0, -1] |= 0x80
    if what == "spare 1":
        rows[0, 16] |= 0x80
    if what == "bomb":
        names, rows, keys = (np.repeat(part[:1], 100_000, axis=0) for part in (names, rows, keys))
    header = {**content["header"], **edit.get("header", {})}
    header["agreement"] = {**header["agreement"], **edit.get("agreement", {})}
    header = {name: value for name, value in header.items() if value is not None}
    for entry in [name for name, value in header["agreement"].items() if value is None]:
        del header["agreement"][entry]
    if what == "bomb":
        header["records"] = len(names)
    if edit.get("rehash"):
        header["content_sha256"] = content_digest(header, names, rows, np.ascontiguousarray(keys))
    columns: dict[str, Any] = {
        "pseudonym": pa.array([row.tobytes() for row in names], pa.binary(16)),
        **_filter_columns(name, rows),
        "key_1": pa.array([int(key) or None for key in keys[:, 0]], pa.uint64()),
    }
    if what == "gap":
        first = [None, *[row.tobytes() for row in names[1:]]]
        columns["pseudonym"] = pa.array(first, pa.binary(16))
    if what is not None and what.startswith("gap encoding"):
        gap = columns[what.removeprefix("gap ")]
        columns[what.removeprefix("gap ")] = pa.array([None, *gap.to_pylist()[1:]], gap.type)
    if what == "swap":
        columns["encoding_1"], columns["encoding_2"] = columns["encoding_2"], columns["encoding_1"]
    if what == "joined":
        del columns["encoding_2"]
        columns["encoding_1"] = pa.array([row.tobytes() for row in rows], pa.binary(34))
    if what == "no encoding_2":
        del columns["encoding_2"]
    if what == "encoding_3":
        columns["encoding_3"] = columns["encoding_2"]
    if what == "no key_1":
        del columns["key_1"]
    if what == "extra":
        columns["surname"] = pa.array(["x"] * len(names))
    if what == "signed":
        columns["key_1"] = pa.array([1] * len(names), pa.int64())
    text = json.dumps(header)
    if what == "twice":
        text = text[:-1] + ', "party": "health"}'
    metadata = {} if what == "no header" else {"pprl": text}
    if what == "pandas":
        metadata["pandas"] = "{}"
    table = pa.table(columns)
    with pq.ParquetWriter(path, table.schema, store_schema=False) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(metadata)
    if what == "cut":
        path.write_bytes(path.read_bytes()[:-20])


def _filter_columns(name: str, rows: np.ndarray) -> dict[str, pa.Array]:
    """Return the filters of the rows, in the columns of the file's profile."""
    count = 2 if name == "encoded_fields" else 1
    titles = ["encoding_1", "encoding_2"] if count == 2 else ["encoding"]
    width = rows.shape[1] // count
    parts = {title: rows[:, at * width :][:, :width] for at, title in enumerate(titles)}
    return {
        title: pa.array([row.tobytes() for row in part], pa.binary(width))
        for title, part in parts.items()
    }


def test_dice_of_the_specification() -> None:
    """Section 8's score: twice the common bits over all bits, 0 where there is none."""
    assert second.dice(b"\x07", b"\x03") == 0.8
    assert second.dice(b"\0", b"\0") == 0.0


TEXT = st.text(st.characters(codec="utf-8"), max_size=20) | st.text(
    "oOmMcCaA ’'-é\u0301й 1@.", max_size=12
)


@ANY
@given(text=TEXT, kind=st.sampled_from([kind for kind in FIELD_TYPES if kind != "date"]))
def test_any_text_normalises_alike_in_both_implementations(text: str, kind: str) -> None:
    """Beyond the vectors too: any text, any type."""
    assert _verdict(normaliser(kind), text) == second.normalise(kind, text)


DATE_TEXT = st.text("0123789/-. :TZxX?janmyMAY+,", max_size=14) | TEXT


@ANY
@given(
    text=DATE_TEXT, spec=st.sampled_from(["DD/MM/YYYY", "YYYY-MM-DD", "MM/DD/YYYY", "DDMONYYYY"])
)
def test_any_date_text_reads_alike_in_both_implementations(text: str, spec: str) -> None:
    """Beyond the vectors too: any text as a date."""
    assert _verdict(normaliser("date", DateFormat(spec)), text) == second.normalise(
        "date", text, spec
    )


@ANY
@given(word=st.text("abcdefghijklmnopqrstuvwxyz", max_size=12))
def test_any_word_sounds_alike_in_both_implementations(word: str) -> None:
    """Soundex and Metaphone of section 6.5 hold for any word."""
    assert make_vectors.key_part("soundex", word) == second.soundex(word)
    assert make_vectors.key_part("metaphone", word) == second.metaphone(word)


def _verdict(rule: Callable[[str], str], text: str) -> tuple[str, str]:
    form = rule(text)
    if form.startswith(UNREADABLE):
        return "unreadable", form.removeprefix(UNREADABLE)
    return ("value", form) if form else ("missing", "")
