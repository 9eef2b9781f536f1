"""The parts of pairs' match weights as rows of ``explain.parquet``, so that every pair can be explained later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pprl.base.arrays import Bytes, Int64s
from pprl.exchange.links.tables import LEVELS, part_columns, table_schema
from pprl.unit.weighing.fields.learnt import LearntFields
from pprl.unit.weighing.fields.levels import DIFFERENT, EXACT, MISSING
from pprl.unit.weighing.fields.parts import weight_parts
from pprl.unit.weighing.fields.values import FieldValues

__all__ = ["PartRows"]


@dataclass(frozen=True, kw_only=True, eq=False)
class PartRows:
    """The parts of pairs' weights as rows (:class:`pprl.exchange.links.tables.Rows`).

    Attributes:
        learnt: what weighed them.
        left, right: ``int64[pairs]``, records numbered over all files.
        offsets: where each file's records begin.
    """

    learnt: LearntFields
    left: Int64s
    right: Int64s
    offsets: Int64s

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns."""
        return table_schema(part_columns([field.name for field in self.learnt.fields]))

    def __len__(self) -> int:
        return len(self.left)

    def batch(self, start: int, stop: int) -> pa.RecordBatch:
        """Return some rows."""
        fields = self.learnt.fields
        sides = self.left[start:stop], self.right[start:stop]
        bits = np.zeros((len(sides[0]), len(fields)), np.float32)
        levels = np.zeros((len(sides[0]), len(fields)), np.uint8)
        files = [np.searchsorted(self.offsets, side, side="right") - 1 for side in sides]
        words = [_words(field) for field in fields]
        for i, j in np.unique(np.stack(files, axis=1), axis=0).tolist():
            here = np.flatnonzero((files[0] == i) & (files[1] == j))
            left, right = sides[0][here] - self.offsets[i], sides[1][here] - self.offsets[j]
            nats, found_levels = weight_parts(self.learnt, i, j, left, right)
            bits[here] = nats / np.log(2)
            for f, of_level in enumerate(words):
                levels[here, f] = of_level[found_levels[:, f]]
        columns: list[pa.Array] = []
        for f in range(len(fields)):
            columns += [pa.array(levels[:, f]), pa.array(bits[:, f])]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)


def _words(field: FieldValues) -> Bytes:
    """Return for each level of a field its place in :data:`LEVELS`."""
    made = np.full(EXACT + field.bands, LEVELS.index("equal"), np.uint8)
    made[MISSING] = LEVELS.index("missing")
    made[DIFFERENT] = LEVELS.index("differs")
    middle = (DIFFERENT + 1 + EXACT) // 2
    made[DIFFERENT + 1 : middle] = LEVELS.index("somewhat similar")
    made[middle:EXACT] = LEVELS.index("similar")
    # A value that one record has cannot be agreed on; the rarest band of the others is the rare one.
    shared = field.share[1:] * field.present > 1.5
    bands = np.unique(field.band[1:][shared])
    if len(bands) > 1:
        made[EXACT + bands[0]] = LEVELS.index("equal, common value")
        made[EXACT + bands[-1] :] = LEVELS.index("equal, rare value")
    return made
