"""From a party's table to an encoded file and an id map: the whole way, in one place.

Two functions go it, block by block: :func:`encode` takes a table in memory, :func:`encode_file` a file that may be too
large for that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

import numba
import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.base.errors import UsageError
from pprl.base.outputs import Outputs, os_errors
from pprl.base.progress import RowsDone, StageShare
from pprl.base.threads import check_threads, in_order, limited_threads
from pprl.base.version import SOFTWARE
from pprl.exchange.agreement.model import Agreement
from pprl.exchange.encoded.columns import pseudonym_order
from pprl.exchange.encoded.file import PARTY_PATTERN, EncodedFile, pseudonym_text, seal_header
from pprl.exchange.encoded.writer import write_groups
from pprl.party.encoding.encoder import BlockFacts, EncodedRows, Encoder, TableEncoder, count_fill
from pprl.party.encoding.own_ids import OwnIds
from pprl.party.encoding.row_counts import RowCounter, RowCounts
from pprl.party.encoding.spool import Spool
from pprl.party.keys.id_map import IdMapWriter
from pprl.party.keys.key import Key
from pprl.party.reading.people import (
    FieldColumn,
    ReadingOptions,
    check_frame,
    check_id_column,
    expected_columns,
    plan_fields,
    used_columns,
)
from pprl.tables import ColumnMap
from pprl.tables.blocks import Block, FrameSource, TableSource, open_table
from pprl.tables.frames import Table, as_frame

__all__ = [
    "EncodedPaths",
    "Encoding",
    "RowCounts",
    "by_block",
    "encode",
    "encode_fields",
    "encode_file",
    "mean_fill",
]

Result = TypeVar("Result")

_BLOCK = 1 << 16
"""Rows that one thread encodes at a time: some tenths of a second, and about 40 MB while it works."""


@dataclass(frozen=True, kw_only=True)
class EncodedPaths:
    """Where :func:`encode_file` writes.

    Attributes:
        encoded: the encoded file, for the linkage unit.
        id_map: the id map, which stays with the party; its rows come block by block of the people file, each block in
            the order of the pseudonyms.
        force: replace files that exist.
    """

    encoded: Path | str
    id_map: Path | str
    force: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Encoding:
    """What :func:`encode` returns.

    Attributes:
        encoded: goes to the linkage unit.
        id_map: columns ``pseudonym`` and ``id``; stays with the party.
        row_counts: what became of the rows.
    """

    encoded: EncodedFile
    id_map: pd.DataFrame = field(repr=False)
    row_counts: RowCounts


def encode(
    frame: Table,
    agreement: Agreement,
    key: Key,
    *,
    party: str,
    id_column: str,
    columns: ColumnMap | None = None,
    unreadable: Literal["error", "missing"] = "error",
    progress: StageShare | None = None,
) -> Encoding:
    """Encode a table of people.

    Args:
        frame: one row a person, all columns text (``dtype=str, keep_default_na=False``); a pandas or polars
            DataFrame or a pyarrow Table.
        agreement: the agreement.
        key: the parties' secret key.
        party: this party's name: lower-case letters, digits, hyphens and underscores.
        id_column: column of the party's own ids; they go into the id map only.
        columns: the party's own column names and date formats, and what stands for a missing value in its table.
        unreadable: what to do with a value that can't be read by the rule of its field: stop, or count it as missing.
        progress: called with a stage's name and the share done.

    Returns:
        The encoded file (rows sorted by fresh random pseudonyms), the id map and the row counts.

    Raises:
        DataError: a missing column, duplicate ids, unreadable values, or no row that can be encoded.
        UsageError: a path in place of the table, or a party's name of another form.

    Example:
        >>> made = pprl.encode(people, agreement, key, party="health", id_column="patient_no", columns=columns)
        >>> made.encoded.party, len(made.encoded) == len(made.id_map)
        ('health', True)
        >>> made.encoded.filters.shape == (len(people), agreement.filter_bits() // 8)
        True
    """
    _check_party(party)
    frame = as_frame(frame, what="encode", instead="pprl.encode_file, or pprl.read_csv_text(path)")
    source = f"{party} (in memory)"
    tell = progress or (lambda stage, share: None)
    check_frame(frame, source=source)
    table = FrameSource(frame, source)
    reading = ReadingOptions(columns=columns or ColumnMap(), unreadable=unreadable)
    walk = _Walk(table, agreement, key, id_column, reading)
    parts = list(walk.rows(lambda stage, share, rows: tell(stage, share)))
    tell("sorting", 0.9)
    pseudonyms = np.concatenate([part.pseudonyms for part in parts])
    filters = np.concatenate([part.filters for part in parts])
    keys = np.concatenate([part.keys for part in parts])
    ids = np.concatenate([part.ids.to_numpy(zero_copy_only=False) for part in parts])
    if len(parts) > 1:
        order = pseudonym_order(pseudonyms)
        pseudonyms, filters, keys, ids = (x[order] for x in (pseudonyms, filters, keys, ids))
    header = seal_header(
        agreement,
        pseudonyms,
        filters,
        keys,
        key_check=key.check_value(agreement.encoding_fingerprint()),
        party=party,
        rows_read=walk.counter.rows,
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
    tell("done", 1.0)
    id_map = pd.DataFrame({"pseudonym": pseudonym_text(pseudonyms), "id": ids})
    return Encoding(encoded=encoded, id_map=id_map, row_counts=walk.counter.counts(agreement))


def encode_file(
    people: Path | str,
    agreement: Agreement,
    key: Key,
    *,
    party: str,
    id_column: str,
    outputs: EncodedPaths,
    reading: ReadingOptions | None = None,
    progress: RowsDone | None = None,
) -> RowCounts:
    """Encode a people file of any length in bounded memory, on all cores or as many as `reading` says.

    The file is read several times, block by block. No plain value is written to the disk except the ids in the id map;
    encoded rows wait in an unnamed temporary file beside the output until they are sorted.

    Args:
        people: CSV (UTF-8, a header row) or Parquet (all columns text).
        agreement: the agreement.
        key: the parties' secret key.
        party: this party's name: lower-case letters, digits, hyphens and underscores.
        id_column: column of the party's own ids; they go into the id map only.
        outputs: the files to write.
        reading: how the file is read; columns by the names of the fields by default.
        progress: called with a stage's name, the share done, and the rows done so far in it.

    Returns:
        The row counts. Both outputs are complete then; after an error neither is there.

    Raises:
        DataError: the file can't be read, a missing column, duplicate ids, unreadable values, or no row that can be
            encoded.
        OutputError: an output exists or can't be written.
        UsageError: a party's name of another form, or more threads than the machine has cores.

    Example:
        >>> outputs = pprl.EncodedPaths(encoded="again.parquet", id_map="again.ids.csv")
        >>> counts = pprl.encode_file("health.csv", agreement, key, party="health", id_column="patient_no",
        ...                           outputs=outputs, reading=pprl.ReadingOptions(columns=columns))
        >>> len(pprl.read_encoded("again.parquet")) == len(people)
        True
    """
    _check_party(party)
    reading = reading or ReadingOptions()
    check_threads(reading.threads)
    people, encoded, id_map = Path(people), Path(outputs.encoded), Path(outputs.id_map)
    tell = progress or (lambda stage, share, rows: None)
    tell("looking at the file", 0.0, 0)
    known = expected_columns(agreement, reading.columns, id_column)
    source = open_table(people, what="people file", header=reading.header, known=known)
    walk = _Walk(source, agreement, key, id_column, reading)
    with limited_threads(reading.threads), Outputs(force=outputs.force) as files:
        encoded_path, id_map_path = files.file(encoded), files.file(id_map)
        with os_errors(encoded):
            spool = Spool(encoded.parent, agreement)
        with spool:
            with os_errors(id_map):
                names = IdMapWriter(id_map_path)
            with names:
                for part in walk.rows(tell):
                    with os_errors(encoded):
                        spool.add(part.pseudonyms, part.filters, part.keys)
                    with os_errors(id_map):
                        names.write(part.pseudonyms, part.ids)
                with os_errors(id_map):
                    names.close()
            with os_errors(encoded):
                write_groups(
                    encoded_path,
                    agreement,
                    spool.sorted_rows(lambda share, rows: tell("writing", share, rows)),
                    records=spool.records,
                    party=party,
                    key_check=key.check_value(agreement.encoding_fingerprint()),
                    rows_read=walk.counter.rows,
                    software=SOFTWARE,
                )
    tell("done", 1.0, walk.counter.rows)
    return walk.counter.counts(agreement)


class _Walk:
    """The rows of a table on their way, block by block: read, normalise, encode, count."""

    def __init__(
        self,
        source: TableSource,
        agreement: Agreement,
        key: Key,
        id_column: str,
        reading: ReadingOptions,
    ) -> None:
        check_id_column(source, id_column)
        plans = plan_fields(source, agreement, reading.columns)
        self._source = source
        self._names = list(dict.fromkeys([id_column, *used_columns(plans)]))
        ids = OwnIds(id_column)
        self._table = TableEncoder(Encoder(agreement, key), plans, ids)
        self._stop_unreadable = reading.unreadable == "error"
        self.counter = RowCounter(plans, reading.unreadable, ids)

    def rows(self, tell: RowsDone) -> Iterator[EncodedRows]:
        """Give the rows of each block; at the end, raise the error that the counts call for, if any."""
        expected = max(self._source.rows, 1)
        for facts, rows in by_block(self._source, self._names, self._encode):
            self.counter.add(facts)
            tell("encoding", min(self.counter.rows / expected, 1.0), self.counter.rows)
            if rows is not None and not self.counter.broken:
                yield rows
        tell("encoding", 1.0, self.counter.rows)
        self.counter.check(self._source)

    def _encode(self, block: Block) -> tuple[BlockFacts, EncodedRows | None]:
        if (
            self.counter.broken
        ):  # nothing will be written: count what else is wrong, and encode no more
            return self._table.look(block), None
        return self._table.encode(block, stop_unreadable=self._stop_unreadable)


def by_block(
    source: TableSource, names: Sequence[str], work: Callable[[Block], Result]
) -> Iterator[Result]:
    """Give ``work(block)`` for each block of a table, in order, on as many threads as numba is set to use.

    Args:
        source: the table.
        names: the columns that are read.
        work: see :func:`pprl.base.threads.in_order`.
    """
    threads = int(numba.get_num_threads())
    size = min(_BLOCK, -(-max(source.rows, 1) // threads))
    return in_order(work, source.blocks(names, size))


def encode_fields(
    fields: Sequence[FieldColumn], agreement: Agreement, key: Key
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint64]]:
    """Return (filters, blocking keys) of columns of normal forms: :meth:`Encoder.encode`."""
    return Encoder(agreement, key).encode(fields)


def mean_fill(filters: npt.NDArray[np.uint8], agreement: Agreement) -> float:
    """Return the mean share of bits set in a filter; empty filters, of missing values, don't count.

    Args:
        filters: as :func:`encode_fields` returns them.
        agreement: what they were made with.
    """
    return count_fill(filters, agreement).mean(agreement)


def _check_party(party: str) -> None:
    if not re.fullmatch(PARTY_PATTERN, party):
        raise UsageError(
            "the party's name may hold lower-case letters, digits, hyphens and underscores only, at most 63",
            hint="For example --party health.",
        )
