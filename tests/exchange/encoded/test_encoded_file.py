"""An encoded file comes back exactly, or is refused: nothing altered, cut short or foreign passes."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.base.errors import EncodedFileError, OutputError
from pprl.base.mapped import MappedFolder
from pprl.exchange.agreement.model import Agreement
from pprl.exchange.encoded import file as encoded_module
from pprl.exchange.encoded.file import (
    EncodedFile,
    pack_words,
    pseudonym_text,
    read_encoded,
    seal_header,
    unpacked_bytes,
    write_encoded,
)

MARKER = "Zaphod-Secret"
PASSES = ["soundex(surname)", "year(born)"]


def make(
    *, n: int = 5, bits: int = 100, passes: int = 2, seed: int = 1, profile: str = "record"
) -> EncodedFile:
    """Draw an encoded file that keeps all the rules."""
    rng = np.random.default_rng(seed)
    agreement = Agreement.from_dict(
        {
            "format": "pprl-agreement/1",
            "project": "test",
            "profile": profile,
            "filter": {"bits": bits},
            "field": [{"name": "surname", "type": "surname"}, {"name": "born", "type": "date"}],
            "blocking": [{"keys": [key]} for key in PASSES[:passes]],
        }
    )
    pseudonyms = rng.integers(0, 256, (n, 16), dtype=np.uint8)
    pseudonyms = pseudonyms[np.lexsort(pseudonyms.T[::-1])]
    dense = rng.random((n, agreement.filters_per_record(), bits)) < 0.4
    filters = np.packbits(dense, axis=2, bitorder="little")
    filters = filters.reshape(n, agreement.filters_per_record() * -(-bits // 8))
    keys = rng.integers(1, 2**64, (n, passes), dtype=np.uint64)
    keys[rng.random((n, passes)) < 0.3] = 0
    return sealed(agreement, pseudonyms, filters, keys)


def sealed(
    agreement: Agreement, pseudonyms: np.ndarray, filters: np.ndarray, keys: np.ndarray
) -> EncodedFile:
    """Give the arrays a header that fits them."""
    header = seal_header(
        agreement,
        pseudonyms,
        filters,
        keys,
        key_check="ab" * 16,
        party="health",
        rows_read=len(pseudonyms) + 2,
        software="test",
    )
    return EncodedFile(
        header=header, agreement=agreement, pseudonyms=pseudonyms, filters=filters, keys=keys
    )


def assert_equal(one: EncodedFile, other: EncodedFile) -> None:
    assert one.agreement == other.agreement
    for name in ("pseudonyms", "filters", "keys"):
        left, right = getattr(one, name), getattr(other, name)
        assert left.dtype == right.dtype
        np.testing.assert_array_equal(left, right)


def rewrite(
    path: Path,
    *,
    table: Callable[[pa.Table], pa.Table] = lambda table: table,
    header: Callable[[dict[str, Any]], object] = lambda header: None,
    raw: Callable[[bytes], bytes] = lambda text: text,
    more: dict[str, str] | None = None,
    **options: Any,
) -> None:
    """Write the file again with something changed; nothing else is made to fit."""
    old = pq.read_table(path)
    content = json.loads(old.schema.metadata[b"pprl"])
    header(content)
    text = raw(json.dumps(content).encode())
    changed = table(old).replace_schema_metadata(None)
    with pq.ParquetWriter(path, changed.schema, **{"store_schema": False, **options}) as writer:
        writer.write_table(changed)
        writer.add_key_value_metadata({"pprl": text, **(more or {})})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "A.parquet"
    write_encoded(make(), path)
    return path


def refusal(path: Path) -> EncodedFileError:
    with pytest.raises(EncodedFileError) as caught:
        read_encoded(path)
    assert str(path) in caught.value.problem
    assert MARKER not in f"{caught.value.problem} {caught.value.hint}"
    return caught.value


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 40),
    st.integers(64, 700),
    st.integers(0, 2),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["record", "fields"]),
)
def test_any_file_comes_back_exactly(
    tmp_path_factory: pytest.TempPathFactory,
    n: int,
    bits: int,
    passes: int,
    seed: int,
    profile: str,
) -> None:
    """Whatever the number of records, the length of the filters, the passes and the profile."""
    encoded = make(n=n, bits=bits, passes=passes, seed=seed, profile=profile)
    path = tmp_path_factory.mktemp("encoded") / "A.parquet"
    write_encoded(encoded, path)
    read = read_encoded(path)
    assert_equal(read, encoded)
    assert read.header == encoded.header
    assert read.party == "health"
    assert len(read) == n
    assert read.source == str(path)


def test_two_writes_give_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        write_encoded(make(), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_file_is_its_owners_alone_and_never_written_over_unasked(path: Path) -> None:
    """Whatever the mask of the process."""
    before = path.read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        write_encoded(make(seed=2), path)
    assert path.read_bytes() == before
    assert os.name != "posix" or stat.S_IMODE(path.stat().st_mode) == 0o600
    write_encoded(make(seed=2), path, force=True)
    assert_equal(read_encoded(path), make(seed=2))


def test_a_file_is_whole_or_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(OutputError, match="no space left"):
        write_encoded(make(), tmp_path / "A.parquet")
    assert not list(tmp_path.iterdir())


def test_file_carries_nothing_but_its_columns_and_header(path: Path) -> None:
    parquet = pq.ParquetFile(path)
    assert parquet.schema_arrow.names == ["pseudonym", "encoding", "key_1", "key_2"]
    assert set(parquet.metadata.metadata) == {b"pprl"}
    assert not parquet.metadata.row_group(0).column(2).is_stats_set


def test_missing_key_is_null_in_the_file(tmp_path: Path) -> None:
    encoded = make(n=200)
    write_encoded(encoded, tmp_path / "A")
    table = pq.read_table(tmp_path / "A")
    for number in range(2):
        assert table[f"key_{number + 1}"].null_count == (encoded.keys[:, number] == 0).sum() > 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 20), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_packed_words_hold_bit_i_in_word_i_div_64(n: int, width: int, seed: int) -> None:
    """Also where the width is no multiple of eight bytes; the spare bits are zero."""
    filters = np.random.default_rng(seed).integers(0, 256, (n, width), dtype=np.uint8)
    words = pack_words(filters)
    assert words.dtype == np.uint64
    assert words.shape == (n, -(-width // 8))
    for i in range(words.shape[1] * 64):
        bit = (words[:, i // 64] >> np.uint64(i % 64)) & np.uint64(1)
        expected = (filters[:, i // 8] >> (i % 8)) & 1 if i < width * 8 else np.zeros(n)
        np.testing.assert_array_equal(bit, expected)


def test_pseudonyms_as_text() -> None:
    encoded = make()
    assert pseudonym_text(encoded.pseudonyms) == [bytes(row).hex() for row in encoded.pseudonyms]
    assert pseudonym_text(encoded.pseudonyms[:0]) == []


def test_no_shortened_file_is_read(path: Path) -> None:
    """Cut at any byte, the file is refused."""
    data = path.read_bytes()
    for at in range(0, len(data), 7):
        path.write_bytes(data[:at])
        refusal(path)
    for at in range(len(data) - 16, len(data)):
        path.write_bytes(data[:at])
        refusal(path)


@pytest.mark.parametrize("mask", [0x01, 0x80, 0xFF])
def test_no_flipped_byte_changes_what_is_read(path: Path, mask: int) -> None:
    """A byte flipped anywhere is found, or changes nothing that is compared."""
    original = read_encoded(path)
    data = path.read_bytes()
    refused = 0
    places = range(0, len(data), 1 if mask == 1 else 3)
    for at in places:
        altered = bytearray(data)
        altered[at] ^= mask
        path.write_bytes(altered)
        try:
            read = read_encoded(path)
        except EncodedFileError:
            refused += 1
        else:
            assert_equal(read, original)
            assert read.header == original.header
    assert refused > len(places) / 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda h: h.update(records=6), "number of rows"),
        (lambda h: h.update(records=-1), "header does not have the form"),
        (lambda h: h.update(records="5"), "header does not have the form"),
        (lambda h: h.update(rows_read=4), "header does not have the form"),
        (lambda h: h.update(party="../x"), "header does not have the form"),
        (lambda h: h.update(party="x\n"), "header does not have the form"),
        (lambda h: h.update(key_check="XY"), "header does not have the form"),
        (lambda h: h.update(extra=1), "header does not have the form"),
        (lambda h: h.pop("key_check"), "header does not have the form"),
        (lambda h: h.update(software="x" * 101), "header does not have the form"),
        (lambda h: h.update(format="pprl-encoded/2"), "has the format 'pprl-encoded/2'"),
        (lambda h: h.update(format=MARKER * 0 + "x" * 5000), "has the format 'xxxx"),
        (lambda h: h.pop("format"), "has the format 'None'"),
        (lambda h: h.update(content_sha256="0" * 64), "digest"),
        (lambda h: h.update(agreement_fingerprint="0" * 64), "fingerprint"),
        (lambda h: h["agreement"].update(project="other"), "fingerprint"),
        (lambda h: h["agreement"]["matching"].update(threshold=0.7), "fingerprint"),
        (lambda h: h["agreement"].update(colour="x"), "unknown entry 'colour'"),
        (lambda h: h["agreement"].pop("field"), "'field' is missing"),
        (lambda h: h.update(agreement=3), "header does not have the form"),
    ],
)
def test_edited_headers_are_refused(
    path: Path, change: Callable[[dict[str, Any]], object], says: str
) -> None:
    rewrite(path, header=change)
    assert says in refusal(path).problem


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "header can't be read"),
        (b"{", "header can't be read"),
        (b"\xff", "header can't be read"),
        (b"[]", "has the format 'None'"),
        (b"3", "has the format 'None'"),
        (b"[" * 200_000, "header can't be read"),
        (b'{"records": ' + b"9" * 5000 + b"}", "header can't be read"),
        (b'{"x": "' + b"x" * (1 << 20) + b'"}', "not one that `pprl encode` wrote"),
    ],
)
def test_headers_that_are_none_are_refused(path: Path, text: bytes, says: str) -> None:
    rewrite(path, raw=lambda _: text)
    assert says in refusal(path).problem


def replace(name: str, values: pa.Array) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.set_column(table.column_names.index(name), name, values)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.drop_columns(["encoding"]),
        lambda t: t.drop_columns(["key_2"]),
        lambda t: t.append_column("name", pa.array([MARKER] * 5)),
        lambda t: t.append_column("key_3", t["key_1"]),
        lambda t: t.append_column("encoding", t["encoding"]),
        lambda t: t.rename_columns(["pseudonym", "encoding", "key_2", "key_1"]),
        lambda t: t.select(["encoding", "pseudonym", "key_1", "key_2"]),
        lambda t: replace("key_1", t["key_1"].cast(pa.string()))(t),
        lambda t: replace("encoding", t["encoding"].cast(pa.binary()))(t),
        replace("encoding", pa.array([b"x" * 12] * 5, pa.binary(12))),
        replace("encoding", pa.array([b"x" * 16] * 5, pa.binary(16))),
        replace("pseudonym", pa.array([b"x" * 8] * 5, pa.binary(8))),
        replace("pseudonym", pa.array([MARKER] * 5)),
    ],
)
def test_other_columns_are_refused(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    rewrite(path, table=change)
    assert "columns are not those" in refusal(path).problem


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.slice(0, 4), "number of rows"),
        (lambda t: pa.concat_tables([t, t]), "number of rows"),
        (lambda t: t.take([1, 0, 2, 3, 4]), "digest"),
        (lambda t: t.take([0, 0, 2, 3, 4]), "digest"),
        (replace("encoding", pa.array([b"\x01" * 13] * 5, pa.binary(13))), "digest"),
        (replace("key_1", pa.array([1] * 5, pa.uint64())), "digest"),
        (replace("encoding", pa.array([None, *[b"x" * 13] * 4], pa.binary(13))), "has gaps"),
        (replace("pseudonym", pa.array([None, *[b"x" * 16] * 4], pa.binary(16))), "has gaps"),
    ],
)
def test_other_rows_are_refused(
    path: Path, change: Callable[[pa.Table], pa.Table], says: str
) -> None:
    rewrite(path, table=change)
    assert says in refusal(path).problem


@pytest.mark.parametrize("name", ["key_1", "key_2"])
def test_a_blocking_key_that_is_0_is_refused(tmp_path: Path, name: str) -> None:
    """A null and a 0 have one digest: two contents would pass for one."""
    path = tmp_path / "A.parquet"
    write_encoded(make(n=200), path)
    rewrite(path, table=lambda table: replace(name, table[name].fill_null(0))(table))
    assert f"the column {name!r} holds a 0" in refusal(path).problem


def test_rows_in_several_row_groups_are_read(path: Path) -> None:
    """How the rows are laid out in the file does not matter."""
    original, table = read_encoded(path), pq.read_table(path)
    header = original.header.model_dump_json()
    schema = table.schema.remove_metadata()
    with pq.ParquetWriter(path, schema, compression="NONE", store_schema=False) as writer:
        writer.write_table(table.replace_schema_metadata(None), row_group_size=2)
        writer.add_key_value_metadata({"pprl": header})
    assert_equal(read_encoded(path), original)


def test_statistics_are_ignored(path: Path) -> None:
    """Another writer's minima and maxima are not looked at."""
    original = read_encoded(path)
    rewrite(path, write_statistics=True)
    assert pq.ParquetFile(path).metadata.row_group(0).column(2).is_stats_set
    assert_equal(read_encoded(path), original)


def test_no_flipped_bit_of_the_header_passes(path: Path) -> None:
    """The digest covers the header too: damage is called damage, not another key or another agreement."""
    table = pq.read_table(path).replace_schema_metadata(None)
    header = read_encoded(path).header.model_dump_json().encode()
    for at in range(len(header)):
        for mask in (0x01, 0x20):
            flipped = bytearray(header)
            flipped[at] ^= mask
            with pq.ParquetWriter(path, table.schema, store_schema=False) as writer:
                writer.write_table(table)
                writer.add_key_value_metadata({"pprl": bytes(flipped)})
            refusal(path)


@pytest.mark.parametrize("name", ["key_check", "party", "rows_read", "software"])
def test_an_altered_entry_is_told_as_damage(path: Path, name: str) -> None:
    """Also where each entry by itself keeps its rules."""
    new = {"key_check": "cd" * 16, "party": "heath", "rows_read": 8, "software": "tess"}[name]
    rewrite(path, header=lambda header: header.update({name: new}))
    assert "altered or damaged: its content does not have the digest" in refusal(path).problem


@pytest.mark.parametrize(
    "twice",
    [
        lambda text: text[:-1] + b',"party":"health"}',
        lambda text: text.replace(b'"filter": {', b'"filter": {"bits": 100, '),
    ],
)
def test_an_entry_that_stands_twice_is_refused(path: Path, twice: Callable[[bytes], bytes]) -> None:
    """Two readers could take one or the other; at any depth."""
    rewrite(path, raw=twice)
    assert "header can't be read" in refusal(path).problem


@pytest.mark.parametrize("name", ["pandas", "r", "comment", ""])
def test_other_metadata_is_refused(path: Path, name: str) -> None:
    """Whatever a library keeps there may be plain data."""
    rewrite(path, more={name: MARKER})
    assert "metadata other than the header" in refusal(path).problem


def test_the_schema_of_a_library_is_refused(path: Path) -> None:
    rewrite(path, store_schema=True)
    assert "metadata other than the header" in refusal(path).problem


def test_agreement_with_a_default_left_out_is_refused(path: Path) -> None:
    rewrite(path, header=lambda header: header["agreement"].pop("normalisation"))
    assert "leaves defaults out" in refusal(path).problem


@pytest.mark.parametrize("text", ["\x1b]0;x\x07", "pprl\n", "\u202e1.0 lrpp", "\x9b2J", "\ufeff"])
def test_software_that_a_terminal_would_obey_is_refused(path: Path, text: str) -> None:
    """The entry reaches the operator's screen."""
    rewrite(path, header=lambda header: header.update(software=text))
    assert "header does not have the form" in refusal(path).problem


def no_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object, **__: object) -> None:
        raise AssertionError("rows were read")

    monkeypatch.setattr(pq.ParquetFile, "read", read)
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", read)


def test_many_rows_in_few_bytes_are_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random pseudonyms can't be compressed: a file smaller than they are was made to fill the memory."""
    one = make(n=1)
    parts = [np.repeat(part, 200_000, axis=0) for part in (one.pseudonyms, one.filters, one.keys)]
    path = tmp_path / "A.parquet"
    write_encoded(sealed(one.agreement, *parts), path)
    assert path.stat().st_size < 100_000
    no_rows(monkeypatch)
    assert "size does not fit" in refusal(path).problem


def test_rows_that_unpack_to_too_much_are_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the row groups say they unpack to must fit the columns' widths."""
    path = tmp_path / "A.parquet"
    write_encoded(make(n=40_000), path)
    assert len(read_encoded(path)) == 40_000
    rewrite(path, data_page_size=1, write_batch_size=1, use_dictionary=False)
    no_rows(monkeypatch)
    assert "size does not fit" in refusal(path).problem


def zeros(path: Path, *, n: int = 1000) -> EncodedFile:
    """Write a file of filters of 8 KiB that take next to nothing in it."""
    one = make(n=n, bits=65536)
    made = sealed(one.agreement, one.pseudonyms, np.zeros_like(one.filters), one.keys)
    write_encoded(made, path)
    assert path.stat().st_size < made.filters.nbytes / 100
    return made


def test_the_unpacked_size_is_known_before_a_row_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = zeros(tmp_path / "A.parquet")
    no_rows(monkeypatch)
    size = made.pseudonyms.nbytes + made.filters.nbytes + made.keys.nbytes
    assert unpacked_bytes(tmp_path / "A.parquet") == size
    (tmp_path / "B.parquet").write_bytes(b"PAR1")
    with pytest.raises(EncodedFileError, match="damaged or cut short"):
        unpacked_bytes(tmp_path / "B.parquet")


def test_rows_that_take_more_than_the_memory_are_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However small the file: what the caller allows, and by default what the machine has."""
    path = tmp_path / "A.parquet"
    made = zeros(path)
    size = unpacked_bytes(path)
    assert_equal(read_encoded(path, memory=size), made)
    no_rows(monkeypatch)
    with pytest.raises(
        EncodedFileError, match="takes 8 MiB unpacked, more than the 4 MiB"
    ) as caught:
        read_encoded(path, memory=4 << 20)
    assert caught.value.hint is not None
    assert "whether it sent 1,000 records" in caught.value.hint
    monkeypatch.setattr(encoded_module, "total_memory", lambda: size - 1)
    assert "takes 8 MiB unpacked" in refusal(path).problem


def test_memory_mapped_rows_may_take_more_than_the_memory_but_no_row_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "A.parquet"
    made = zeros(path)
    (tmp_path / "rows").mkdir()
    with MappedFolder(tmp_path / "rows") as mapped:
        assert_equal(read_encoded(path, mapped=mapped, memory=1), made)
        # Another writer's row groups may be one page each.
        rewrite(path, use_dictionary=False)
        no_rows(monkeypatch)
        monkeypatch.setattr(encoded_module, "total_memory", lambda: 1 << 20)
        with pytest.raises(EncodedFileError, match="more than the 1 MiB of memory"):
            read_encoded(path, mapped=mapped)


def test_few_long_rows_are_unpacked_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agreement may ask for rows of half a megabyte."""
    zeros(tmp_path / "A.parquet", n=4000)
    asked = []
    batches = pq.ParquetFile.iter_batches

    def noted(self: pq.ParquetFile, batch_size: int, **options: Any) -> Any:
        asked.append(batch_size)
        return batches(self, batch_size, **options)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", noted)
    read_encoded(tmp_path / "A.parquet")
    assert len(asked) == 1
    assert 8192 * asked[0] <= 16 << 20


def test_rules_hold_even_where_the_digest_fits(tmp_path: Path) -> None:
    """A file that was made wrong, and not altered later, is refused too."""
    good = make(n=6)
    swapped = good.pseudonyms[[1, 0, 2, 3, 4, 5]]
    twice = good.pseudonyms[[0, 1, 1, 3, 4, 5]]
    beyond = good.filters.copy()
    beyond[3, -1] |= 0x10
    for pseudonyms, filters, says in [
        (swapped, good.filters, "not in ascending order, or not unique"),
        (twice, good.filters, "not in ascending order, or not unique"),
        (good.pseudonyms, beyond, "bits set beyond the filter's length"),
    ]:
        write_encoded(
            sealed(good.agreement, pseudonyms, filters, good.keys), tmp_path / "A", force=True
        )
        assert says in refusal(tmp_path / "A").problem


def test_order_is_that_of_bytes_in_both_halves(tmp_path: Path) -> None:
    """Pseudonyms that differ in one byte only are ordered by it, wherever it stands."""
    good = make(n=2)
    for at in range(16):
        pseudonyms = np.full((2, 16), 0x80, np.uint8)
        pseudonyms[1, at] = 0x81
        write_encoded(
            sealed(good.agreement, pseudonyms, good.filters, good.keys), tmp_path / "A", force=True
        )
        assert_equal(
            read_encoded(tmp_path / "A"),
            dataclasses.replace(good, pseudonyms=pseudonyms),
        )
        write_encoded(
            sealed(good.agreement, pseudonyms[::-1].copy(), good.filters, good.keys),
            tmp_path / "A",
            force=True,
        )
        assert "ascending" in refusal(tmp_path / "A").problem


def test_id_map_is_turned_away_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "A.ids.csv"
    path.write_text(f"pseudonym,id\n{'0' * 32},{MARKER}\n")
    error = refusal(path)
    assert "is an id map" in error.problem
    assert error.hint is not None
    assert "stay with the party" in error.hint


def test_key_is_turned_away_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "KEY"
    path.write_text(f"pprl-secret-key-1 {MARKER}\n")
    error = refusal(path)
    assert "is a secret key" in error.problem
    assert error.hint is not None
    assert "need a new key" in error.hint


def test_plain_data_is_turned_away_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """People in CSV or Parquet: refused by the header, before a row is read."""
    (tmp_path / "people.csv").write_text(f"name,born\n{MARKER},2000-01-01\n")
    assert "is not an encoded file" in refusal(tmp_path / "people.csv").problem
    pq.write_table(pa.table({"name": [MARKER]}), tmp_path / "people.parquet")

    def read(*_: object, **__: object) -> None:
        raise AssertionError("rows were read")

    monkeypatch.setattr(pq.ParquetFile, "read", read)
    monkeypatch.setattr(pq, "read_table", read)
    error = refusal(tmp_path / "people.parquet")
    assert "not one that `pprl encode` wrote" in error.problem


def test_other_things_are_turned_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "start").write_bytes(b"PAR1")
    assert "is not an encoded file" in refusal(tmp_path / "empty").problem
    assert "damaged or cut short" in refusal(tmp_path / "start").problem
    assert "no such file" in refusal(tmp_path / "absent").problem
    assert "is a folder" in refusal(tmp_path).problem

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "can't be read: Permission denied" in refusal(tmp_path / "start").problem
