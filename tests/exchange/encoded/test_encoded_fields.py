"""An encoded file with one filter a field keeps every rule in every one of its columns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.base.errors import EncodedFileError
from pprl.exchange.agreement.model import Agreement
from pprl.exchange.encoded.file import EncodedFile, read_encoded, seal_header, write_encoded

MARKER = "Zaphod-Secret"
TYPES = {"surname": "surname", "born": "date", "sex": "sex"}


def make(*, n: int = 6, bits: int = 100, profile: str = "fields", seed: int = 1) -> EncodedFile:
    """Draw an encoded file of three fields and one pass that keeps all the rules; some fields are missing."""
    rng = np.random.default_rng(seed)
    agreement = Agreement.from_dict(
        {
            "format": "pprl-agreement/1",
            "project": "test",
            "profile": profile,
            "filter": {"bits": bits},
            "field": [{"name": name, "type": kind} for name, kind in TYPES.items()],
            "blocking": [{"keys": ["soundex(surname)"]}],
        }
    )
    count = agreement.filters_per_record()
    dense = rng.random((n, count, bits)) < 0.3
    dense[rng.random((n, count)) < 0.2] = False
    filters = np.packbits(dense, axis=2, bitorder="little").reshape(n, count * -(-bits // 8))
    pseudonyms = rng.integers(0, 256, (n, 16), dtype=np.uint8)
    pseudonyms = pseudonyms[np.lexsort(pseudonyms.T[::-1])]
    keys = rng.integers(1, 2**64, (n, 1), dtype=np.uint64)
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
        rows_read=len(pseudonyms),
        software="test",
    )
    return EncodedFile(
        header=header, agreement=agreement, pseudonyms=pseudonyms, filters=filters, keys=keys
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "A.parquet"
    write_encoded(make(), path)
    return path


def rewrite(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """Write the file again with other columns; the header stays."""
    old = pq.read_table(path)
    header = old.schema.metadata[b"pprl"]
    changed = change(old.replace_schema_metadata(None))
    with pq.ParquetWriter(path, changed.schema, store_schema=False) as writer:
        writer.write_table(changed)
        writer.add_key_value_metadata({"pprl": header})


def refusal(path: Path) -> str:
    with pytest.raises(EncodedFileError) as caught:
        read_encoded(path)
    assert str(path) in caught.value.problem
    assert MARKER not in f"{caught.value.problem} {caught.value.hint}"
    return caught.value.problem


def test_each_field_has_a_column_of_its_own(path: Path) -> None:
    schema = pq.ParquetFile(path).schema_arrow
    assert schema.names == ["pseudonym", "encoding_1", "encoding_2", "encoding_3", "key_1"]
    assert set(schema.types[1:4]) == {pa.binary(13)}


def test_the_columns_are_the_fields_in_the_agreement_s_order(path: Path) -> None:
    """Side by side in memory, column by column in the file."""
    table, filters = pq.read_table(path), read_encoded(path).filters
    for at in range(3):
        column = [bytes(row[at * 13 : (at + 1) * 13]) for row in filters]
        assert table[f"encoding_{at + 1}"].to_pylist() == column


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 12),
    st.integers(64, 300),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["record", "fields"]),
)
def test_field_words_hold_the_bits_of_each_filter(
    n: int, bits: int, seed: int, profile: str
) -> None:
    """`uint64[n, filters, words]`: bit i in word i div 64, spare bits zero, whatever the length."""
    encoded = make(n=n, bits=bits, seed=seed, profile=profile)
    count, width = encoded.agreement.filters_per_record(), -(-bits // 8)
    words = encoded.field_words()
    assert words.dtype == np.uint64
    assert words.shape == (n, count, -(-width // 8))
    for at in range(count):
        own = encoded.filters[:, at * width : (at + 1) * width]
        for i in range(words.shape[2] * 64):
            bit = (words[:, at, i // 64] >> np.uint64(i % 64)) & np.uint64(1)
            expected = (own[:, i // 8] >> (i % 8)) & 1 if i < width * 8 else np.zeros(n)
            np.testing.assert_array_equal(bit, expected)


def test_filters_of_several_fields_are_no_single_filter() -> None:
    """Whoever asks for one filter a record is told, not given bits that mean nothing together."""
    with pytest.raises(ValueError, match="field_words"):
        make().words()
    record = make(profile="record")
    np.testing.assert_array_equal(record.words(), record.field_words()[:, 0])


def test_no_flipped_byte_changes_what_is_read(path: Path) -> None:
    """A byte flipped anywhere is found, or changes nothing that is compared."""
    original, data = read_encoded(path), path.read_bytes()
    refused = 0
    for at in range(len(data)):
        altered = bytearray(data)
        altered[at] ^= 0x01
        path.write_bytes(altered)
        try:
            read = read_encoded(path)
        except EncodedFileError:
            refused += 1
        else:
            assert read.header == original.header
            np.testing.assert_array_equal(read.filters, original.filters)
            np.testing.assert_array_equal(read.keys, original.keys)
    assert refused > len(data) / 2


def with_column(name: str, values: pa.Array) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.set_column(table.column_names.index(name), name, values)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.drop_columns(["encoding_3"]),
        lambda t: t.append_column("encoding_4", t["encoding_3"]),
        lambda t: t.rename_columns(["pseudonym", "encoding", "encoding_2", "encoding_3", "key_1"]),
        lambda t: t.rename_columns(
            ["pseudonym", "encoding_2", "encoding_1", "encoding_3", "key_1"]
        ),
        lambda t: t.append_column("surname", pa.array([MARKER] * 6)),
        with_column("encoding_2", pa.array([MARKER] * 6)),
        with_column("encoding_2", pa.array([b"x" * 12] * 6, pa.binary(12))),
        with_column("encoding_2", pa.array([b"x" * 13] * 6, pa.binary())),
    ],
)
def test_other_columns_are_refused(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    rewrite(path, change)
    assert "columns are not those" in refusal(path)


@pytest.mark.parametrize("profiles", [("record", "fields"), ("fields", "record")])
def test_columns_of_the_other_profile_are_refused(
    tmp_path: Path, profiles: tuple[str, str]
) -> None:
    """Header and columns must be of one profile, even where each is well made."""
    table = tmp_path / "table"
    write_encoded(make(profile=profiles[0]), table)
    stolen = pq.read_table(table).replace_schema_metadata(None)
    write_encoded(make(profile=profiles[1]), tmp_path / "A")
    rewrite(tmp_path / "A", lambda _: stolen)
    assert "columns are not those" in refusal(tmp_path / "A")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_gap_in_any_column_is_refused(path: Path, number: int) -> None:
    """A missing value is a filter without a bit; null is no filter."""
    gap = pa.array([None, *[b"\x01" * 13] * 5], pa.binary(13))
    rewrite(path, with_column(f"encoding_{number}", gap))
    assert f"'encoding_{number}' has gaps" in refusal(path)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_bits_beyond_the_length_of_any_filter_are_refused(tmp_path: Path, number: int) -> None:
    """Even where the digest fits."""
    good = make()
    beyond = good.filters.copy()
    beyond[3, number * 13 - 1] |= 0x10
    write_encoded(sealed(good.agreement, good.pseudonyms, beyond, good.keys), tmp_path / "A")
    assert "bits set beyond the filter's length" in refusal(tmp_path / "A")


def test_swapped_columns_are_found(path: Path) -> None:
    """The digest knows which field a filter stands for."""
    names = ["pseudonym", "encoding_1", "encoding_2", "encoding_3", "key_1"]
    rewrite(path, lambda t: t.select([names[i] for i in (0, 2, 1, 3, 4)]).rename_columns(names))
    assert "digest" in refusal(path)


def test_rows_in_several_row_groups_are_read(path: Path) -> None:
    original, table = read_encoded(path), pq.read_table(path)
    header = original.header.model_dump_json()
    with pq.ParquetWriter(path, table.schema.remove_metadata(), store_schema=False) as writer:
        writer.write_table(table.replace_schema_metadata(None), row_group_size=2)
        writer.add_key_value_metadata({"pprl": header})
    np.testing.assert_array_equal(read_encoded(path).filters, original.filters)


def test_many_rows_in_few_bytes_are_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bound on the size knows how many filters a record has."""
    path = tmp_path / "A.parquet"
    write_encoded(make(n=40_000), path)
    assert len(read_encoded(path)) == 40_000
    one = make(n=1)
    parts = [np.repeat(part, 200_000, axis=0) for part in (one.pseudonyms, one.filters, one.keys)]
    write_encoded(sealed(one.agreement, *parts), path, force=True)

    def read(*_: object, **__: object) -> None:
        raise AssertionError("rows were read")

    monkeypatch.setattr(pq.ParquetFile, "read", read)
    assert "size does not fit" in refusal(path)
