"""The links folder: what the unit hands to the statistician and back to the parties (SPEC.md, section 8).

``links.parquet``   one row per linked record: ``link_id``, ``party``, ``pseudonym``
``pairs.parquet``   the accepted pairs: ``party_a``, ``pseudonym_a``, ``party_b``, ``pseudonym_b``, ``score``,
                    ``weight``, ``probability``
``near.parquet``    the same columns: compared pairs that were not accepted, down to ``run.json``'s ``floor``
``explain.parquet`` in the profile ``fields``: what each field adds to these pairs' weights (:func:`part_columns`)
``links-PARTY.csv`` for each party: ``link_id``, ``pseudonym``
``run.json``        every parameter, count, timing, version and input digest of the run

All texts are plain text (SPEC.md, section 1): they can safely be shown on a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pprl.base.errors import LinksError
from pprl.base.outputs import Outputs
from pprl.base.resources import total_memory
from pprl.base.summaries import Summarised, Summary, rate
from pprl.exchange.links.run_entries import ExpectedQuality
from pprl.exchange.links.run_record import RunRecord
from pprl.exchange.links.tables import (
    LEVELS,
    LINK_COLUMNS,
    PAIR_COLUMNS,
    FrameRows,
    LinkTables,
    part_columns,
    table_schema,
    to_frame,
    write_tables,
)

__all__ = [
    "LEVELS",
    "LINK_COLUMNS",
    "PAIR_COLUMNS",
    "Links",
    "part_columns",
    "read_links",
    "write_links",
]

_RUN_FILE = "run.json"
"""The file by which a links folder is known."""

_RUN_LIMIT = 16 << 20
"""Bytes of ``run.json`` at most (SPEC.md, section 8.2). Chosen: the longest, of an LSH of 512 tables between every two
of twenty files, has about 4 MiB."""

_LARGEST_ID = 10**15 - 1
"""The largest link id (SPEC.md, section 8.1): spreadsheets keep fifteen digits exact."""

_BATCH_ROWS = 1 << 16
"""Rows that are checked at a time. Chosen; not sensitive: about 7 MB of pairs."""

_OTHER_ROWS = {
    "links": "has a different number of rows than run.json states",
    "pairs": "has a different number of rows than run.json states",
    "explain": "has a different number of rows than there are pairs",
}

_ODD = np.array(
    [0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93], np.uint64
)
"""Odd factors without a pattern, any would do: they make one number of the four words of a pseudonym's text."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Links(Summarised):
    """The result of a match.

    Attributes:
        links: columns :data:`LINK_COLUMNS`; records with the same ``link_id`` were found to be one person. Pseudonyms
            are 32 hexadecimal digits.
        pairs: columns :data:`PAIR_COLUMNS`; the accepted pairs. ``score`` is what the threshold applies to: a
            similarity in the profile ``record``, the match probability in ``fields``. ``weight`` is the match weight:
            the logarithm to base 2 of how much likelier the pair is for one person than for two. ``probability`` also
            takes into account how many matches there are and which rivals the two records have.
        near: like ``pairs``: pairs that scored at least the run's floor and were not accepted.
        run: the content of ``run.json``.
        parts: columns :func:`part_columns` of the agreement's fields, one row for each row of ``pairs`` and then of
            ``near``: the parts of their weights. None in the profile ``record``, where a weight has no parts.

    Example:
        >>> list(links.pairs.columns[-3:])
        ['score', 'weight', 'probability']
        >>> links.run.counts.linked_records == len(links.links)
        True
        >>> 0 < links.expected_quality.precision <= 1
        True
    """

    links: pd.DataFrame
    pairs: pd.DataFrame
    near: pd.DataFrame
    run: RunRecord
    parts: pd.DataFrame | None = None

    def _summary(self) -> Summary:
        run, expected = self.run, self.expected_quality
        rows = [
            ("links", f"{run.counts.links:,} of {run.counts.linked_records:,} records"),
            ("pairs", f"{len(self.pairs):,} accepted, {len(self.near):,} near"),
            ("threshold", f"{run.score_name} {self.threshold:.3f}"),
        ]
        if expected is not None and expected.links:
            e = expected
            rows += [
                ("expected precision", rate(e.precision, e.precision_low, e.precision_high)),
                ("expected recall", rate(e.recall, e.recall_low, e.recall_high)),
            ]
        rows.append(("warnings", f"{len(run.warnings)}"))
        return Summary(title=f"Links of {', '.join(self.parties)}", rows=tuple(rows))

    @property
    def parties(self) -> list[str]:
        """The parties, in the order in which their files were given."""
        return self.run.parties

    @property
    def threshold(self) -> float:
        """The threshold in use, for the score."""
        return self.run.threshold.value

    @property
    def expected_quality(self) -> ExpectedQuality | None:
        """What the run expects of its links, without truth; None if it made no estimate."""
        return self.run.expected_quality

    @classmethod
    def of(cls, tables: LinkTables) -> Links:
        """Return the tables as DataFrames."""
        return cls(
            links=to_frame(tables.links),
            pairs=to_frame(tables.pairs),
            near=to_frame(tables.near),
            parts=None if tables.parts is None else to_frame(tables.parts),
            run=tables.run,
        )

    def tables(self) -> LinkTables:
        """Return the DataFrames as tables that can be written."""
        parts = self.parts
        return LinkTables(
            links=FrameRows(frame=self.links, columns=LINK_COLUMNS),
            pairs=FrameRows(frame=self.pairs, columns=PAIR_COLUMNS),
            near=FrameRows(frame=self.near, columns=PAIR_COLUMNS),
            parts=None if parts is None else FrameRows(frame=parts, columns=tuple(parts.columns)),
            run=self.run,
        )


def write_links(links: Links | LinkTables, folder: Path | str, *, force: bool = False) -> None:
    """Write a links folder of mode 0700, its files of mode 0600, whole or not at all.

    Args:
        links: what to write.
        folder: the folder; it is made.
        force: replace a links folder, or an empty one.

    Raises:
        OutputError: the folder exists, is not a links folder, or can't be written.

    Example:
        >>> pprl.write_links(links, "links-copy")
        >>> pprl.read_links("links-copy").links.equals(links.links)
        True
    """
    tables = links.tables() if isinstance(links, Links) else links
    with Outputs(force=force) as outputs:
        write_tables(tables, outputs.folder(Path(folder), holds=_RUN_FILE))


def read_links(folder: Path | str) -> Links:
    """Read and check a links folder.

    Raises:
        LinksError: not a links folder, incomplete, damaged or of another version; with a record that appears twice in
            the links, a score or a weight that is not a number, or a text that may not stand on a terminal; or with
            more rows than the memory holds.

    Example:
        >>> pprl.read_links("links").parties
        ['health', 'education']
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise LinksError(
            f"{folder} is not a links folder", hint="Give the folder that `pprl match -o` wrote."
        )
    run = _read_run(folder)
    links = _read_frame(folder / "links.parquet", LINK_COLUMNS, run, run.counts.linked_records)
    pairs = _read_frame(folder / "pairs.parquet", PAIR_COLUMNS, run, run.counts.pairs_accepted)
    near = _read_frame(folder / "near.parquet", PAIR_COLUMNS, run)
    parts = _read_parts(folder, run, len(pairs) + len(near))
    return Links(run=run, links=links, pairs=pairs, near=near, parts=parts)


def _read_run(folder: Path) -> RunRecord:
    try:
        with (folder / _RUN_FILE).open("rb") as stream:
            content = stream.read(_RUN_LIMIT + 1)
    except FileNotFoundError:
        raise LinksError(
            f"{folder} has no run.json", hint="Give the folder that `pprl match -o` wrote."
        ) from None
    except OSError:
        raise _damaged(folder, "run.json can't be read") from None
    if len(content) > _RUN_LIMIT:
        raise _damaged(folder, "run.json is longer than 16 MiB")
    return RunRecord.from_json(content, source=str(folder))


def _read_parts(folder: Path, run: RunRecord, rows: int) -> pd.DataFrame | None:
    if run.profile != "fields":
        return None
    return _read_frame(folder / "explain.parquet", part_columns(run.fields), run, rows)


def _read_frame(
    path: Path, columns: tuple[str, ...], run: RunRecord, rows: int | None = None
) -> pd.DataFrame:
    """Return a table. Its columns and the number of its rows are checked before a row is read.

    Args:
        path: the file.
        columns: the columns that it must have.
        run: what the run record says.
        rows: the number of rows that it must have; None if nothing states it.
    """
    if path.exists() and not path.is_file():
        raise _damaged(path.parent, f"{path.name} is not a file")
    schema = table_schema(columns)
    try:
        with pq.ParquetFile(path) as parquet:
            if not parquet.schema_arrow.equals(schema):
                raise _other_columns(path)
            found = parquet.metadata.num_rows
            if rows not in (None, found):
                raise _damaged(path.parent, f"{path.name} {_OTHER_ROWS[path.stem]}")
            if found * _least_bytes(columns) > total_memory():
                raise _damaged(path.parent, f"{path.name} has more rows than fit into the memory")
            batches = [
                _checked(path, batch, run.parties)
                for batch in parquet.iter_batches(batch_size=_BATCH_ROWS)
            ]
    except FileNotFoundError:
        raise LinksError(
            f"{path}: no such file", hint="The links folder is incomplete; copy it whole."
        ) from None
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        raise _damaged(path.parent, f"{path.name} can't be read") from None
    table = pa.Table.from_batches(batches, schema)
    odd = _repeated(table) if "link_id" in columns else None
    if odd:
        raise _damaged(path.parent, f"{path.name} holds {odd}")
    return table.to_pandas()


def _least_bytes(columns: tuple[str, ...]) -> int:
    """Return the least that a row of a table takes as a DataFrame: a number or a pointer each, and pseudonyms."""
    return sum(40 if column.startswith("pseudonym") else 8 for column in columns)


def _checked(path: Path, batch: pa.RecordBatch, parties: Sequence[str]) -> pa.RecordBatch:
    """Return some rows of a table; a text that is too long never gets further than this."""
    if any(column.null_count for column in batch.columns):
        raise _other_columns(path)
    odd = _odd_content(batch, parties)
    if odd:
        raise _damaged(path.parent, f"{path.name} holds {odd}")
    return batch


def _odd_content(batch: pa.RecordBatch, parties: Sequence[str]) -> str | None:
    """Return what some rows hold that their format does not allow; None if there is nothing."""
    known = pa.array(parties, pa.string())
    for column, values in zip(batch.schema.names, batch.columns, strict=True):
        if column.startswith("party") and not _all(pc.is_in(values, known)):
            return "a party that run.json does not name"
        if column.startswith("pseudonym") and not _all(
            pc.match_substring_regex(values, r"\A[0-9a-f]{32}\z")
        ):
            return "a pseudonym that is not 32 hexadecimal digits"
        if column == "link_id" and not _within(values, 1, _LARGEST_ID):
            return f"a link id that is not from 1 to {_LARGEST_ID}"
        if column in ("score", "probability") and not _within(values, 0.0, 1.0):
            return f"a {column} that is not from 0 to 1"
        if column.startswith("level_") and not _within(values, 0, len(LEVELS) - 1):
            return "a level that its format does not know"
        if (column == "weight" or column.startswith("bits_")) and not _all(pc.is_finite(values)):
            return "a weight that is not a number"
    return None


def _within(values: pa.Array, lowest: float, highest: float) -> bool:
    """Say whether all values are from the one to the other; NaN never is."""
    return _all(pc.and_(pc.greater_equal(values, lowest), pc.less_equal(values, highest)))


def _repeated(table: pa.Table) -> str | None:
    """Return what is wrong where a record appears twice among the links; None where each appears once."""
    mixed = _mixed(table["pseudonym"])
    ordered = np.sort(mixed)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if not len(twice):
        return None
    # Two parties may have one pseudonym, and two pseudonyms one number; what is left is few and is compared in full.
    some = table.filter(pa.array(np.isin(mixed, twice))).to_pandas()
    if some.duplicated(["link_id", "party", "pseudonym"]).any():
        return "a record twice in one link"
    return "a record in two links" if some.duplicated(["party", "pseudonym"]).any() else None


def _mixed(pseudonyms: pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    """Return a number for each pseudonym of 32 digits: numbers are sorted in a tenth of the time that texts take."""
    made = [np.zeros(0, np.uint64)]
    for chunk in pseudonyms.chunks:
        _, offsets, digits = chunk.buffers()
        if len(chunk):
            start = int(np.frombuffer(offsets, np.int32)[chunk.offset])
            words = np.frombuffer(digits, np.uint64, count=4 * len(chunk), offset=start)
            made.append(words.reshape(-1, 4) @ _ODD)
    return np.concatenate(made)


def _all(flags: pa.Array) -> bool:
    return bool(pc.all(flags, min_count=0).as_py())


def _other_columns(path: Path) -> LinksError:
    return _damaged(path.parent, f"{path.name} has other columns than its format requires")


def _damaged(folder: Path, why: str) -> LinksError:
    return LinksError(
        f"{folder} is damaged: {why}", hint="Copy the folder again, or run `pprl match` again."
    )
