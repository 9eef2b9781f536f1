"""One block of a party's table becomes rows of an encoded file: the work of one thread.

This is where the key is used. An :class:`Encoder` is made once for a file and shared by its blocks, and with it the
positions of all tokens met so far.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from pprl.base.arrays import Bools, Bytes, Int64s, Words
from pprl.exchange.agreement.model import Agreement
from pprl.exchange.encoded.columns import PSEUDONYM_BYTES, filter_bytes, pseudonym_order
from pprl.party.blocking.keys import pass_keys
from pprl.party.encoding.blake2b import check_compiled
from pprl.party.encoding.filters import fill_filters, fill_side_by_side, prepare_field
from pprl.party.encoding.own_ids import IdFacts, OwnIds
from pprl.party.encoding.positions import FieldPositions
from pprl.party.encoding.token_table import tokenise
from pprl.party.hardening.harden import harden
from pprl.party.keys.key import Key
from pprl.party.reading.people import FieldColumn, FieldPlan, read_field
from pprl.party.reading.value_facts import ValueFacts, value_facts
from pprl.tables.blocks import Block

__all__ = [
    "BlockFacts",
    "EncodedRows",
    "Encoder",
    "FillCount",
    "TableEncoder",
    "block_facts",
    "count_fill",
]


@dataclass(frozen=True, kw_only=True)
class FillCount:
    """How full filters are.

    Attributes:
        bits_set: bits set in all of them.
        filters: filters with any bit set; the others stand for missing values.
    """

    bits_set: int = 0
    filters: int = 0

    def plus(self, other: FillCount) -> FillCount:
        """Return the sum of both counts."""
        return FillCount(
            bits_set=self.bits_set + other.bits_set, filters=self.filters + other.filters
        )

    def mean(self, agreement: Agreement) -> float:
        """Return the mean share of bits set in a filter."""
        return self.bits_set / max(self.filters * agreement.filter_bits(), 1)


def count_fill(filters: Bytes, agreement: Agreement) -> FillCount:
    """Count the bits of filters as :meth:`Encoder.encode` returns them."""
    return FillCount(
        bits_set=int(np.bitwise_count(filters).sum(dtype=np.int64)),
        filters=int(filters.reshape(-1, filter_bytes(agreement)).any(axis=1).sum()),
    )


class Encoder:
    """Encodes columns of normal forms under one agreement and key; safe to call from several threads.

    Args:
        agreement: the agreement.
        key: the parties' secret key.
    """

    def __init__(self, agreement: Agreement, key: Key) -> None:
        check_compiled()
        self.agreement = agreement
        salt = agreement.encoding_fingerprint()
        self._positions = [
            FieldPositions(
                item, key.derive(b"field/" + item.name.encode(), salt=salt), agreement.filter.bits
            )
            for item in agreement.field
        ]
        self._passes = [
            (step, key.derive(b"block/" + str(number + 1).encode(), salt=salt))
            for number, step in enumerate(agreement.blocking)
        ]

    def encode(self, fields: Sequence[FieldColumn]) -> tuple[Bytes, Words]:
        """Return (filters, blocking keys ``uint64[n, passes]``), in the order of the rows.

        The filters are ``uint8[n, bytes]``: one for each record, or in the profile ``fields`` one for each field, side
        by side as in :class:`pprl.exchange.encoded.file.EncodedFile`.
        """
        bits, records = self.agreement.filter.bits, len(fields[0].rows)
        prepared = (
            prepare_field(column.rows, tokenise(column.values, column.field), positions)
            for column, positions in zip(fields, self._positions, strict=True)
        )
        if self.agreement.profile == "fields":
            filters = fill_side_by_side(prepared, len(fields), records, bits)
        else:
            filters = fill_filters(prepared, records, bits)
            filters = harden(self.agreement.hardening.method, filters, bits)
        by_name = {column.field.name: (column.rows, column.values) for column in fields}
        keys = np.zeros((records, len(self._passes)), np.uint64)
        for number, (step, subkey) in enumerate(self._passes):
            keys[:, number] = pass_keys(step, by_name, subkey)
        return filters, keys


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedRows:
    """Encoded records in ascending order of their pseudonyms.

    Attributes:
        pseudonyms: ``uint8[n, 16]``.
        filters: ``uint8[n, bytes]``.
        keys: ``uint64[n, passes]``.
        ids: the party's own ids.
    """

    pseudonyms: Bytes
    filters: Bytes
    keys: Words
    ids: pa.LargeStringArray = field(repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class BlockFacts:
    """What is counted in one block.

    Attributes:
        rows: rows read.
        empty: rows without a value in any field.
        missing: of each field, rows without a value in it that have one in another field.
        unreadable: of each field, rows whose value can't be read.
        first_unreadable: the first of them, -1 if there is none.
        values: of each field, what stands for a missing value.
        ids: of the column of the party's own ids, if there is one.
        keyless: rows with a value that have no key in any blocking pass; 0 if there is no pass.
        fill: of the filters.
    """

    rows: int
    empty: int
    missing: tuple[int, ...]
    unreadable: tuple[int, ...]
    first_unreadable: tuple[int, ...]
    values: tuple[ValueFacts, ...]
    ids: IdFacts | None
    keyless: int = 0
    fill: FillCount = FillCount()


def block_facts(
    fields: Sequence[FieldColumn],
    unreadable: Sequence[Int64s],
    ids: IdFacts | None,
) -> tuple[BlockFacts, Bools]:
    """Return the facts of a block, and which of its rows have any value.

    Args:
        fields: its columns; what counts as a value in them is one.
        unreadable: of each field, the rows whose value can't be read.
        ids: its ids.
    """
    missing = [column.missing for column in fields]
    empty = np.logical_and.reduce(missing)
    empty_count = int(empty.sum())
    facts = BlockFacts(
        rows=len(empty),
        empty=empty_count,
        missing=tuple(int(gaps.sum()) - empty_count for gaps in missing),
        unreadable=tuple(len(at) for at in unreadable),
        first_unreadable=tuple(int(at[0]) if len(at) else -1 for at in unreadable),
        values=tuple(map(value_facts, fields, unreadable)),
        ids=ids,
    )
    return facts, ~empty


class TableEncoder:
    """Reads and encodes the blocks of one table; safe to call from several threads.

    Args:
        encoder: of the agreement and key.
        plans: how each field is read.
        ids: looks at the party's own ids.
    """

    def __init__(self, encoder: Encoder, plans: Sequence[FieldPlan], ids: OwnIds) -> None:
        self._encoder = encoder
        self._plans = plans
        self._ids = ids

    def encode(
        self, block: Block, *, stop_unreadable: bool
    ) -> tuple[BlockFacts, EncodedRows | None]:
        """Return the facts about a block, and its rows encoded under fresh random pseudonyms.

        Args:
            block: the columns of the fields and of the ids.
            stop_unreadable: whether a value that can't be read stops the encoding.

        Returns:
            The facts and the rows; no rows if the facts stop the encoding.
        """
        facts, fields, kept = self._read(block)
        if (facts.ids and facts.ids.none) or (stop_unreadable and any(facts.unreadable)):
            return facts, None
        rows = self._rows(fields, block[self._ids.column], kept)
        fill = count_fill(rows.filters, self._encoder.agreement)
        keyless = int((~rows.keys.any(axis=1)).sum()) if rows.keys.shape[1] else 0
        return replace(facts, keyless=keyless, fill=fill), rows

    def look(self, block: Block) -> BlockFacts:
        """Return the facts about a block that will not be encoded."""
        return self._read(block)[0]

    def _read(self, block: Block) -> tuple[BlockFacts, list[FieldColumn], Bools]:
        """Return (facts, columns with what could be saved, rows that have any value)."""
        fields = [read_field(block, plan) for plan in self._plans]
        unreadable = [np.flatnonzero(column.unreadable) for column in fields]
        fields = [
            column.saved() if len(at) else column
            for column, at in zip(fields, unreadable, strict=True)
        ]
        facts, kept = block_facts(fields, unreadable, self._ids.look(block))
        return facts, fields, kept

    def _rows(
        self, fields: Sequence[FieldColumn], ids: pa.LargeStringArray, kept: Bools
    ) -> EncodedRows:
        """Give the kept rows random pseudonyms, and so a random order."""
        filters, keys = self._encoder.encode(fields)
        count = int(kept.sum())
        drawn = np.frombuffer(os.urandom(count * PSEUDONYM_BYTES), np.uint8)
        drawn = drawn.reshape(count, PSEUDONYM_BYTES)
        order = pseudonym_order(drawn)
        rows = np.flatnonzero(kept)[order] if count < len(kept) else order
        return EncodedRows(
            pseudonyms=drawn[order],
            filters=filters[rows],
            keys=keys[rows],
            ids=ids.take(pa.array(rows)),
        )
