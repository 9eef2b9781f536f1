"""Values that far more rows hold than a field of their type should: they may stand for a missing value.

The most common values are found in bounded memory by the summary of Misra and Gries ("Finding repeated elements",
Science of Computer Programming 2, 1982), which can be added up block by block (Agarwal et al., "Mergeable summaries",
PODS 2012). What was found is never shown but for how many rows hold it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from pprl.base.arrays import Bools, Int64s
from pprl.tables.texts import Texts

__all__ = ["CommonValues", "overused"]

_KEPT = 256
"""Values in a summary: each is counted to within 0.4 % of the rows, and much more closely in names and dates. Chosen;
not sensitive: a tenth of them is enough to find what holds one row in a hundred."""
_REFERENCE = 10
"""The most common value of a field is compared with its tenth: up to nine placeholders are found together. Chosen."""


@dataclass(frozen=True, kw_only=True)
class _Limit:
    """When a value holds too many rows: all three must be so.

    Attributes:
        rows: at least so many.
        share: more than this share of the rows with a value.
        times: more than so many times the rows of the tenth most common value, or of the second.
        second: compare with the second most common value instead of the tenth.
    """

    rows: int
    share: float
    times: float
    second: bool = False


_LIMITS: Mapping[str, _Limit] = MappingProxyType(
    {
        "date": _Limit(rows=5, share=0.01, times=5),
        "identifier": _Limit(rows=5, share=0.0, times=5),
        "email": _Limit(rows=10, share=0.001, times=5),
        "phone": _Limit(rows=20, share=0.005, times=5),
        "address": _Limit(rows=20, share=0.02, times=10),
        "full-name": _Limit(rows=20, share=0.01, times=10),
        "given-name": _Limit(rows=20, share=0.1, times=8, second=True),
        "surname": _Limit(rows=20, share=0.1, times=8, second=True),
    }
)
"""Chosen so that clean registers never warn; not sensitive: a default value usually holds far more.

A day holds about 0.005 % of a population's births; in the file of a maternity ward it holds several per cent, but
there the tenth most common day does so, too. An identifier belongs to one person, a family may share it. An e-mail
address or a phone number serves a home, a number also an institution's switchboard. A nursing home or a hall of
residence is the address of some per cent of a small town. Names are common in some places to a degree that looks like a
placeholder (38 % of the people of Vietnam are called Nguyen, three to four times as many as have the second name), so
that only a name eight times as common as the second, and of a tenth of the rows, draws a warning. Towns, postcodes,
codes and the sex have no limit: a whole file may hold one of them."""


@dataclass
class CommonValues:
    """The most common values of a field, and how many rows hold each.

    Attributes:
        weights: value -> its count in the sense of Misra and Gries, by which it is kept or given up.
        rows: value -> rows that are known to hold it: at most its count, less by no more than ``error``.
        error: more rows than this hold no value that is not kept.
    """

    weights: dict[str, int] = field(default_factory=dict, repr=False)
    rows: dict[str, int] = field(default_factory=dict, repr=False)
    error: int = 0

    @classmethod
    def of(cls, values: Texts, counts: Int64s) -> CommonValues:
        """Summarise the distinct values of a block.

        Args:
            values: the values, as the file has them.
            counts: ``int64[n]``, how many rows hold each; 0 for what is left out, which may occur several times.
        """
        cut = 0
        if len(counts) > _KEPT:
            cut = int(np.partition(counts, -_KEPT - 1)[-_KEPT - 1])
        kept: Bools = counts > cut
        found = cls(error=cut)
        for value, count in zip(values.picked(kept), counts[kept].tolist(), strict=True):
            found.weights[value] = count - cut
            found.rows[value] = count
        return found

    def add(self, other: CommonValues) -> None:
        """Add the summary of another block."""
        for value, weight in other.weights.items():
            self.weights[value] = self.weights.get(value, 0) + weight
            self.rows[value] = self.rows.get(value, 0) + other.rows[value]
        self.error += other.error
        if len(self.weights) <= _KEPT:
            return
        cut = sorted(self.weights.values(), reverse=True)[_KEPT]
        self.weights = {v: weight - cut for v, weight in self.weights.items() if weight > cut}
        self.rows = {value: self.rows[value] for value in self.weights}
        self.error += cut


def overused(common: CommonValues, kind: str, values: int) -> Sequence[int]:
    """Return how many rows hold each value that far more rows hold than should, the most common first.

    Args:
        common: the most common values of a field.
        kind: its type.
        values: rows with a value.

    Returns:
        Counts of rows, at most nine; none for a type without a limit, and for a field with so few different values
        that none can stand out.
    """
    limit = _LIMITS.get(kind)
    if limit is None:
        return ()
    counts = sorted(common.rows.values(), reverse=True)
    place = 1 if limit.second else _REFERENCE - 1
    if len(counts) <= place and not common.error:
        return ()
    usual = counts[place] if len(counts) > place else common.error
    least = max(limit.rows, limit.share * values, limit.times * usual)
    return tuple(count for count in counts[:place] if count > least)
