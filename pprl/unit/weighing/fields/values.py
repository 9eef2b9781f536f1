"""A field's distinct values over all files: equal filters are one value, whatever the plain text was.

Frequencies are counted on encodings alone: a filter that many records share stands for a common value, and agreeing on
it says little (Winkler 1989, frequency-based matching).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pprl.base.arrays import Floats, Int32s, Int64s, Words
from pprl.exchange.encoded.file import EncodedFile

__all__ = ["BANDS", "FieldValues", "field_values"]

BANDS = 3
"""Exact agreement is split by how common the value is; each band has a third of the records. Chosen; how sensitive the
results are was not measured."""

_PARTIAL = 0.75
"""A date with fewer bits than this share of what most dates have is known in part only, such as a year. Chosen: day,
month and year have about the same number of tokens."""

_PARTIAL_SHARE = 1 / 80
"""Share of people who agree on a partial date, at least: as many as were born in one year. Chosen: years of birth
spread over about eighty."""

_FEW = 20
"""A field with fewer distinct values has one band. Chosen; how sensitive the results are was not measured."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldValues:
    """One field of all files.

    Attributes:
        name: the field's name in the agreement.
        kind: its type.
        words: ``uint64[values, words]``; row 0 is the empty filter of a missing value.
        bits: ``int32[values]``, bits set in each.
        ids: for each file ``int32[records]``: which value a record has; 0 where it is missing.
        share: ``float64[values]``: share of the records that have a value and have this one, for a partial date at
            least that of the people born in one year; 0 for the missing one.
        band: ``int64[values]``: band of frequency, 0 the most common.
        bands: number of bands.
    """

    name: str
    kind: str
    words: Words
    bits: Int32s
    ids: tuple[Int32s, ...]
    share: Floats
    band: Int64s
    bands: int

    def __len__(self) -> int:
        return len(self.words)

    @property
    def present(self) -> int:
        """Number of records, over all files, that have a value."""
        return int(sum(np.count_nonzero(ids) for ids in self.ids))

    def band_share(self) -> Floats:
        """Return ``float64[bands]``: share of the records with a value whose value is in each band."""
        made = np.bincount(self.band[1:], weights=self.share[1:], minlength=self.bands)
        return made.astype(np.float64)


def field_values(files: Sequence[EncodedFile]) -> list[FieldValues]:
    """Return the fields of files of one agreement, in its order."""
    tables = [file.field_words() for file in files]
    return [
        _distinct([table[:, number] for table in tables], field.name, field.type)
        for number, field in enumerate(files[0].agreement.field)
    ]


def _distinct(tables: Sequence[Words], name: str, kind: str) -> FieldValues:
    together = np.ascontiguousarray(np.concatenate(tables))
    empty = np.zeros((1, together.shape[1]), np.uint64)
    together = np.concatenate([empty, together])
    rows = together.view([("", together.dtype)] * together.shape[1]).ravel()
    found, ids = np.unique(rows, return_inverse=True)
    words = found.view(np.uint64).reshape(len(found), -1)  # the empty filter sorts first
    records = ids.ravel()[1:]
    counts = np.bincount(records, minlength=len(words)).astype(np.float64)
    counts[0] = 0
    share = counts / max(counts.sum(), 1)
    bits = np.bitwise_count(words).sum(axis=1).astype(np.int32)
    if kind == "date":
        # A partial date is written seldom and shared by many.
        common = float(np.repeat(bits, counts.astype(np.int64)).mean()) if counts.sum() else 0.0
        partial = (bits > 0) & (bits < _PARTIAL * common)
        share = np.where(partial, np.maximum(share, _PARTIAL_SHARE), share)
    band, bands = _bands(share)
    starts = np.cumsum([0] + [len(table) for table in tables])
    return FieldValues(
        name=name,
        kind=kind,
        words=np.ascontiguousarray(words),
        bits=bits,
        ids=tuple(records[a:b].astype(np.int32) for a, b in pairwise(starts)),
        share=share,
        band=band,
        bands=bands,
    )


def _bands(share: Floats) -> tuple[Int64s, int]:
    band = np.zeros(len(share), np.int64)
    if len(share) <= _FEW:
        return band, 1
    order = np.argsort(-share, kind="stable")
    # Values of equal frequency stay together, so that their order decides nothing.
    _, first = np.unique(-share[order], return_index=True)
    before = np.concatenate([[0.0], np.cumsum(share[order])[:-1]])[first]
    group = np.searchsorted(first, np.arange(len(order)), side="right") - 1
    band[order] = np.minimum((before[group] * BANDS).astype(np.int64), BANDS - 1)
    used, numbers = np.unique(band[1:], return_inverse=True)
    band[1:] = numbers
    band[0] = 0
    return band, len(used)
