"""Which customary placeholders a file holds, so that a drafted column map declares them missing."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pprl.party.reading.normalise import UNREADABLE
from pprl.party.reading.normalise_column import normalise_texts
from pprl.party.reading.placeholders import Entries, customary
from pprl.tables.texts import Texts

__all__ = ["FoundPlaceholders", "find_placeholders", "without"]

_LONGEST = 200
"""Characters of a value that a column map may declare missing."""


@dataclass(frozen=True, kw_only=True)
class FoundPlaceholders:
    """The customary placeholders of one column.

    Attributes:
        column, field: the column, and the field that it answers.
        values: the placeholders as the file writes them, the most frequent first.
        rows: how many rows hold one of them.
    """

    column: str
    field: str
    values: tuple[str, ...] = dataclasses.field(repr=False)
    rows: int


def find_placeholders(
    texts: pd.Series[str], *, column: str, name: str, kind: str
) -> FoundPlaceholders | None:
    """Return the placeholders of a column, or None if it has none.

    Args:
        texts: the column; only what the list of placeholders knows is returned of it.
        column: its name.
        name: the field that it answers.
        kind: the field's type.
    """
    counts = texts[texts.str.strip() != ""].value_counts(sort=True)
    rows = counts.to_numpy().astype(np.int64)
    entries = _find(Texts.of(counts.index), kind)
    known = customary(kind)
    found = known.accepted(known.count(entries, rows), int(rows.sum()))[entries]
    written: dict[str, str] = {}
    for value in counts.index[found]:
        value = str(value).strip()
        if len(value) <= _LONGEST and value.isprintable():
            written.setdefault(value.casefold(), value)
    if not written:
        return None
    return FoundPlaceholders(
        column=column, field=name, values=tuple(written.values()), rows=int(rows[found].sum())
    )


def without(texts: pd.Series[str], found: FoundPlaceholders) -> pd.Series[str]:
    """Return a column with nothing where it holds a placeholder."""
    known = {value.casefold() for value in found.values}
    return texts.where(~texts.str.strip().str.casefold().isin(known), "")


def _find(values: Texts, kind: str) -> Entries:
    known = customary(kind)
    if kind == "date":  # in whatever order a file writes its dates
        return known.find_written(values)
    forms = normalise_texts(values, kind)
    entries = known.find(forms)
    odd = np.array([form.startswith(UNREADABLE) for form in forms], np.bool_)
    if odd.any():
        entries[odd] = known.find_written(Texts.of(values.picked(odd)))
    return entries
