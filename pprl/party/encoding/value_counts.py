"""How many different values each field of a table holds, and how common they are, counted block by block."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from pprl.base.progress import StageShare
from pprl.exchange.agreement.model import BlockingPass
from pprl.party.blocking.keys import without_key
from pprl.party.encoding.blake2b import text_numbers
from pprl.party.encoding.encode import by_block
from pprl.party.encoding.encoder import BlockFacts, block_facts
from pprl.party.encoding.occurrences import Occurrences, keep_within
from pprl.party.encoding.own_ids import OwnIds
from pprl.party.encoding.row_counts import RowCounter
from pprl.party.reading.people import FieldColumn, FieldPlan, normalise, read_values, used_columns
from pprl.tables.blocks import Block, TableSource
from pprl.tables.texts import Texts

__all__ = ["ValueCounts"]

_ROOM = 1 << 23
"""Numbers in memory at a time: 134 MB, and up to 200 MB more during a merge. Chosen: half a million people who differ
in every one of seven fields are counted in one round, five million people of the usual kind in two or three."""

Numbers = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Look:
    """What a thread finds in a block: for each counter that is still open, the numbers and how often each occurs."""

    rows: int
    facts: BlockFacts | None
    counts: Sequence[tuple[Numbers, Counts] | None]


class ValueCounts:
    """Counts the values of each field of a table, and the records that are equal in every field.

    Args:
        source: the table.
        plans: how each field is read.
        passes: the agreement's blocking passes.
        progress: called with a stage's name and the share done.

    Attributes:
        raw: for each field, its values as the file has them, without missing ones.
        forms: for each field, its normal forms, without missing ones.
        records: the records.
    """

    def __init__(
        self,
        source: TableSource,
        plans: Sequence[FieldPlan],
        passes: Sequence[BlockingPass],
        progress: StageShare,
    ) -> None:
        self._source = source
        self._plans = plans
        self._passes = passes
        self._progress = progress
        # A fresh key for each field, so that nobody can prepare values that collide.
        self._subkeys = [os.urandom(32) for _ in plans]
        self.raw = [Occurrences() for _ in plans]
        self.forms = [Occurrences() for _ in plans]
        self.records = Occurrences()

    def count(self, ids: OwnIds | None, tally: RowCounter) -> None:
        """Count everything; the table is read once, or several times if it holds too many different values.

        Args:
            ids: looks at the party's own ids.
            tally: counts missing and unreadable values, empty rows and those without a blocking key.
        """
        counters = [*self.raw, *self.forms, self.records]
        rounds = 0
        while any(counter.open for counter in counters):
            first = rounds == 0
            rounds += 1
            stage = "checking" if first else f"counting values, part {rounds}"
            # Records are counted to the end, since they differ at least as often as any field: read all columns.
            names = used_columns(self._plans)
            if first and ids:
                names = list(dict.fromkeys([*names, ids.column]))
            done = 0
            look_at = partial(self._look, ids=ids, first=first)
            for look in by_block(self._source, names, look_at):
                if look.facts:
                    tally.add(look.facts)
                for counter, found in zip(counters, look.counts, strict=True):
                    if found:
                        counter.add(*found)
                keep_within(_ROOM, counters)
                done += look.rows
                self._progress(stage, min(done / max(self._source.rows, 1), 1.0))
            for counter in counters:
                if counter.open:
                    counter.end_round()

    def _look(self, block: Block, *, ids: OwnIds | None, first: bool) -> _Look:
        rows = len(next(iter(block.values())))
        record_numbers = np.zeros(rows, np.uint64)
        fields: list[FieldColumn] = []
        raw_counts: list[tuple[Numbers, Counts] | None] = []
        form_counts: list[tuple[Numbers, Counts] | None] = []
        for plan, subkey, raw, forms in zip(
            self._plans, self._subkeys, self.raw, self.forms, strict=True
        ):
            raw_counts.append(None)
            form_counts.append(None)
            values = read_values(block, plan)
            places = values.joined.rows
            numbers = text_numbers(values.joined.values, subkey)
            # Equal records have equal sums; others have them only by chance, as rarely as two values collide.
            record_numbers ^= numbers[places]
            if not (first or raw.open or forms.open):
                continue
            column = normalise(values, plan)
            fields.append(column)
            normal = Texts.of(column.values)
            present = normal.lengths() > 0
            if raw.open:
                counts = np.bincount(places, minlength=len(numbers))
                raw_counts[-1] = numbers[present], counts[present]
            if forms.open:
                found = text_numbers(normal, subkey)[present]
                form_counts[-1] = found, np.ones(len(found), np.int64)
        records = (record_numbers, np.ones(rows, np.int64)) if self.records.open else None
        facts = None
        if first:
            unreadable = [np.flatnonzero(column.unreadable) for column in fields]
            facts, _ = block_facts(fields, unreadable, ids.look(block) if ids else None)
            facts = replace(facts, keyless=self._keyless(fields))
        return _Look(rows=rows, facts=facts, counts=(*raw_counts, *form_counts, records))

    def _keyless(self, fields: Sequence[FieldColumn]) -> int:
        """Count the rows with a value but without a key; of values that can't be read, what `encode` saves counts."""
        if not self._passes:
            return 0
        saved = [column.saved() for column in fields]
        empty = np.logical_and.reduce([column.missing for column in saved])
        columns = {column.field.name: (column.rows, column.values) for column in saved}
        return int((without_key(self._passes, columns) & ~empty).sum())
