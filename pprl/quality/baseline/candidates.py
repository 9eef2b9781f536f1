"""Candidate pairs of the clear-text baseline: the union of several blocking passes, bounded.

A pass requires two things in common (a name and a year of birth, say), or one that says much by itself (a whole
date, a telephone number). Passes by a single name would fill the candidates with namesakes, and ECM, which
needs a fair share of matches among them, would then mistake namesakes or households for the matches.

Blocking and sorted neighbourhood are recordlinkage's; this module chooses the passes and keeps their union small.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.base.errors import DataError

__all__ = ["Candidates", "find_candidates"]

MAX_PAIRS = 2_000_000
"""Candidate pairs at most. Chosen to bound memory and time; files with more lose their largest passes, and the report
names those."""

_WINDOW = 3
"""Window of the sorted neighbourhood, recordlinkage's default: a name and its two neighbours."""


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """The pairs to compare.

    Attributes:
        left: shape (n,), positions in the first frame.
        right: shape (n,), positions in the second.
        used: the passes that made them.
        skipped: passes left out because, with the others, they would have exceeded :data:`MAX_PAIRS`.
    """

    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    used: tuple[str, ...]
    skipped: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Pass:
    columns: tuple[str, ...]
    neighbours: bool = False

    @property
    def name(self) -> str:
        if self.neighbours:
            return f"{self.columns[0]} (sorted neighbourhood) within {self.columns[1]}"
        return " and ".join(self.columns)


def find_candidates(
    left: pd.DataFrame, right: pd.DataFrame, kinds: Mapping[str, str]
) -> Candidates:
    """Return the union of the blocking passes that the fields allow, the smallest passes first.

    Args:
        left: tidied fields, with a ``RangeIndex``; a date field also as ``NAME.year``, ``NAME.month``, ``NAME.day``.
        right: the same of the other party.
        kinds: field name -> type.

    Raises:
        DataError: no pass fits below :data:`MAX_PAIRS`, or none finds a pair.
    """
    sized = sorted(
        ((_size(left, right, item), item) for item in _passes(kinds)), key=lambda pair: pair[0]
    )
    total, used, skipped = 0, [], []
    found = np.empty(0, dtype=np.int64)
    for size, item in sized:
        if total + size > MAX_PAIRS:
            skipped.append(item.name)
            continue
        total += size
        used.append(item.name)
        if size:
            found = np.union1d(found, _pairs(left, right, item))
    if not len(found) and len(left) * len(right) <= MAX_PAIRS and not skipped:
        found, used = np.arange(len(left) * len(right), dtype=np.int64), ["all pairs"]
    if not len(found):
        raise DataError(
            "the baseline found no blocking that leaves few enough pairs of the plain files",
            hint=f"It compares at most {MAX_PAIRS:,} pairs; use smaller files for the comparison.",
        )
    return Candidates(
        left=found // len(right),
        right=found % len(right),
        used=tuple(used),
        skipped=tuple(skipped),
    )


def _passes(kinds: Mapping[str, str]) -> list[_Pass]:
    def of(*types: str) -> list[str]:
        return [name for name, kind in kinds.items() if kind in types]

    names, years = of("given-name", "surname", "full-name"), [f"{n}.year" for n in of("date")]
    places = of("postcode") or of("locality") or of("address")
    alone = of("date", "full-name", "phone", "email", "identifier")
    together = [(name, other) for name in names for other in [*years, *places]]
    together += [(a, b) for a in of("given-name") for b in of("surname")]
    passes = [_Pass(columns=(name,)) for name in alone] + [_Pass(columns=c) for c in together]
    # Names that are neighbours when sorted often differ by a typing error near their end, which blocking would miss.
    passes += [
        _Pass(columns=(name, year), neighbours=True)
        for name in of("surname", "full-name")
        for year in years
    ]
    if not passes:
        passes = [_Pass(columns=(name,)) for name in kinds]
    return passes


def _size(left: pd.DataFrame, right: pd.DataFrame, item: _Pass) -> int:
    """Return how many pairs the pass makes, from its block sizes; for neighbours, an upper bound."""
    columns = list(item.columns[1:] if item.neighbours else item.columns)
    counts = [
        frame.dropna(subset=list(item.columns)).groupby(columns).size() for frame in (left, right)
    ]
    return int(counts[0].mul(counts[1], fill_value=0).sum())


def _pairs(left: pd.DataFrame, right: pd.DataFrame, item: _Pass) -> npt.NDArray[np.int64]:
    from recordlinkage.index import Block, SortedNeighbourhood

    if item.neighbours:
        index = SortedNeighbourhood(item.columns[0], window=_WINDOW, block_on=[item.columns[1]])
    else:
        index = Block(list(item.columns))
    pairs = index.index(left, right)
    codes = [pairs.get_level_values(level).to_numpy(np.int64) for level in (0, 1)]
    found: npt.NDArray[np.int64] = codes[0] * len(right) + codes[1]
    return found
