"""A party's table becomes an encoded file and an id map: the straight line through the room."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.errors import DataError, UsageError
from pprl.exchange.agreement import Agreement
from pprl.exchange.encoded import (
    PARTY_PATTERN,
    PSEUDONYM_BYTES,
    EncodedFile,
    pseudonym_text,
    seal_header,
)
from pprl.exchange.encoded_columns import filter_bytes
from pprl.page.words import plural
from pprl.party.blocking_keys import pass_keys
from pprl.party.filters import fill_filters, fill_side_by_side, prepare_field
from pprl.party.hardening import harden
from pprl.party.key import Key
from pprl.party.normalise import UNREADABLE
from pprl.party.people import (
    NO_VALUE_HINT,
    FieldColumn,
    check_ids,
    file_row,
    read_fields,
    shared_columns,
)
from pprl.party.token_table import tokenise
from pprl.party.weakness import weaknesses
from pprl.tables import ColumnMap
from pprl.version import SOFTWARE

__all__ = ["Account", "Encoding", "encode", "encode_fields"]

Progress = Callable[[str, float], None]


@dataclass(frozen=True, kw_only=True)
class Account:
    """What became of the rows: ``rows_read == encoded + sum(rejected.values())``.

    Attributes:
        rows_read: rows of the table.
        encoded: rows in the encoded file.
        rejected: reason -> rows.
        missing: field -> encoded rows without a value.
        unreadable: field -> encoded rows whose value could not be read and counts as missing.
        date_formats: date field -> format used.
        profile: the agreement's: ``record``, one filter a record, or ``fields``, one filter a field.
        fill: mean share of bits set in a filter; filters of missing fields don't count.
        warnings: what is weak about the agreement or the file.
    """

    rows_read: int
    encoded: int
    rejected: Mapping[str, int]
    missing: Mapping[str, int]
    unreadable: Mapping[str, int]
    date_formats: Mapping[str, str]
    profile: str
    fill: float
    warnings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoding:
    """What :func:`encode` returns.

    Attributes:
        encoded: goes to the linkage unit.
        id_map: columns ``pseudonym`` and ``id``; stays with the party.
        account: what became of the rows.
    """

    encoded: EncodedFile
    id_map: pd.DataFrame = field(repr=False)
    account: Account


def encode(
    frame: pd.DataFrame,
    agreement: Agreement,
    key: Key,
    *,
    party: str,
    id_column: str,
    columns: ColumnMap | None = None,
    unreadable: Literal["error", "missing"] = "error",
    source: str | None = None,
    progress: Progress | None = None,
) -> Encoding:
    """Encode a table of people.

    Args:
        frame: one row a person, all columns text (``dtype=str, keep_default_na=False``).
        agreement: the agreement.
        key: the parties' secret key.
        party: this party's name: lower-case letters, digits, hyphens and underscores.
        id_column: column of the party's own ids; they go into the id map only.
        columns: the party's own column names and date formats.
        unreadable: what to do with a value that its field's rule can't read: stop, or count it as missing.
        source: name of the table in messages; the party unless given.
        progress: called with a stage's name and the share done.

    Returns:
        The encoded file (rows sorted by fresh random pseudonyms), the id map and the account.

    Raises:
        DataError: a missing column, duplicate ids, unreadable values, or no row that can be encoded.
    """
    _check_party(party)
    source = source or f"{party} (in memory)"
    step = progress or (lambda stage, share: None)
    check_ids(frame, id_column, source=source)
    step("reading fields", 0.0)
    fields = read_fields(frame, agreement, columns or ColumnMap(), source=source)
    counts = _check_unreadable(fields, unreadable, source)
    fields = [_unreadable_to_missing(field) for field in fields]
    empty = np.logical_and.reduce([field.missing for field in fields])
    kept = np.flatnonzero(~empty)
    if len(kept) == 0:
        raise DataError(
            f"{source}: no row has a value in any of the agreement's fields",
            hint=NO_VALUE_HINT,
        )
    step("hashing", 0.3)
    filters, keys = encode_fields(fields, agreement, key)
    step("sorting", 0.9)
    pseudonyms, order = _new_pseudonyms(len(kept))
    kept = kept[order]
    filters, keys = filters[kept], keys[kept]
    salt = agreement.encoding_fingerprint()
    header = seal_header(
        agreement,
        pseudonyms,
        filters,
        keys,
        key_check=key.check_value(salt),
        party=party,
        rows_read=len(frame),
        software=SOFTWARE,
    )
    encoded = EncodedFile(
        header=header,
        agreement=agreement,
        pseudonyms=pseudonyms,
        filters=filters,
        keys=keys,
        source=source,
    )
    ids = frame[id_column].to_numpy()[kept]
    fill = mean_fill(filters, agreement)
    missing = {field.field.name: int(field.missing[kept].sum()) for field in fields}
    account = Account(
        rows_read=len(frame),
        encoded=len(kept),
        rejected={"no value in any field": int(empty.sum())} if empty.any() else {},
        missing=missing,
        unreadable=counts,
        date_formats={f.field.name: f.date_format for f in fields if f.date_format},
        profile=agreement.profile,
        fill=fill,
        warnings=(
            *shared_columns(fields),
            *weaknesses(agreement, fill, {name: n / len(kept) for name, n in missing.items()}),
        ),
    )
    step("done", 1.0)
    id_map = pd.DataFrame({"pseudonym": pseudonym_text(pseudonyms), "id": ids})
    return Encoding(encoded=encoded, id_map=id_map, account=account)


def encode_fields(
    fields: list[FieldColumn], agreement: Agreement, key: Key
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint64]]:
    """Return (filters, blocking keys ``uint64[n, passes]``), in the order of the rows.

    The filters are ``uint8[n, bytes]``: one a record, or in the profile ``fields`` one a field, side by side as in
    :class:`pprl.exchange.encoded.EncodedFile`.
    """
    salt = agreement.encoding_fingerprint()
    bits = agreement.filter.bits
    records = len(fields[0].rows)
    prepared = (
        prepare_field(
            column.rows,
            tokenise(column.values, column.field),
            column.field,
            key.derive(b"field/" + column.field.name.encode(), salt=salt),
            bits,
        )
        for column in fields
    )
    if agreement.profile == "fields":
        filters = fill_side_by_side(prepared, len(fields), records, bits)
    else:
        filters = fill_filters(prepared, records, bits)
        filters = harden(agreement.hardening.method, filters, bits)
    by_name = {column.field.name: (column.rows, column.values) for column in fields}
    keys = np.zeros((records, len(agreement.blocking)), np.uint64)
    for number, block in enumerate(agreement.blocking):
        subkey = key.derive(b"block/" + str(number + 1).encode(), salt=salt)
        keys[:, number] = pass_keys(block, by_name, subkey)
    return filters, keys


def mean_fill(filters: npt.NDArray[np.uint8], agreement: Agreement) -> float:
    """Return the mean share of bits set in a filter; filters without any bit (nothing to encode) don't count.

    Args:
        filters: as :func:`encode_fields` returns them.
        agreement: what they were made with.
    """
    bits_set = int(np.bitwise_count(filters).sum(dtype=np.int64))
    count = int(filters.reshape(-1, filter_bytes(agreement)).any(axis=1).sum())
    return bits_set / max(count * agreement.filter_bits(), 1)


def _check_party(party: str) -> None:
    if not re.fullmatch(PARTY_PATTERN, party):
        raise UsageError(
            "the party's name may hold lower-case letters, digits, hyphens and underscores only, at most 63",
            hint="For example --party health.",
        )


def _check_unreadable(
    fields: list[FieldColumn], rule: Literal["error", "missing"], source: str
) -> dict[str, int]:
    counts = {}
    for column in fields:
        where = np.flatnonzero(column.unreadable)
        if len(where) and rule == "error":
            name, kind = column.field.name, column.field.type
            what = f"{kind} {column.date_format}" if column.date_format else kind
            count = plural(len(where), "value", "values")
            raise DataError(
                f"{source}: {count} of the column {'+'.join(column.columns)!r} "
                f"can't be read as {what} (first: row {file_row(where[0])})",
                hint="Correct them, "
                + (f"give the right format (--date-format {name}=...), " if kind == "date" else "")
                + "or pass --unreadable missing to count them as missing.",
            )
        counts[column.field.name] = len(where)
    return counts


def _unreadable_to_missing(column: FieldColumn) -> FieldColumn:
    """Keep what could be saved of unreadable values: the good parts of a bad date, otherwise nothing."""
    values = [value.removeprefix(UNREADABLE) for value in column.values]
    return FieldColumn(
        field=column.field,
        columns=column.columns,
        rows=column.rows,
        values=values,
        date_format=column.date_format,
    )


def _new_pseudonyms(count: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Draw a random pseudonym a row; return them in ascending order, and the rows in that order.

    The pseudonyms are independent of the rows, so the order of the rows is a random permutation.
    """
    drawn = np.frombuffer(os.urandom(count * PSEUDONYM_BYTES), np.uint8).reshape(
        count, PSEUDONYM_BYTES
    )
    halves = drawn.view(">u8")
    order = np.lexsort((halves[:, 1], halves[:, 0]))
    return drawn[order], order
