"""Bit budgets proposed from a look at a file: the types' defaults, adapted to how its columns are filled.

In the profile ``record`` a budget is a field's weight. What a field is worth depends on three things that one file can
tell without knowing anybody in the other. Each is a factor on the type's default:

- **How many values it tells apart.** The collision entropy of a column is ``H = -log2(P)`` bits, where ``P`` is the
  share of pairs of filled rows that have the same value: one town for all has 0. The factor is ``H / usual``, from 1/2
  to 5/4, where ``usual`` is what the type has in made-up populations.
- **How often it is missing**: ``1 - missing / 2``. A missing value tells nothing and yet costs half of its bits.
- **Whether homes tell people apart.** Where whole households are listed, the address speaks for a relative as loudly
  as for the person. Address, locality and postcode get ``2 - 2.5 * shared``, from 3/4 to 2; ``shared`` is the share
  of the rows with an address whose home stands in another row too.

Found on made-up people (``tools/propose_budgets.py``), fitted to no data set. A proposal is rounded to 5 bits, so that
it tells next to nothing about the file. Collision entropy: Renyi 1961, order 2; weights by discriminatory power:
Durham et al. 2014.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.exchange.field_types import FIELD_TYPES
from pprl.party.normalise import UNREADABLE, normaliser

__all__ = ["propose_budgets"]

_USUAL_BITS: Mapping[str, float] = MappingProxyType(
    {
        "given-name": 9.0,
        "surname": 11.0,
        "full-name": 19.0,
        "date": 14.5,
        "locality": 5.0,
        "postcode": 8.0,
        "code": 5.0,
    }
)
"""Type to its usual collision entropy in bits; the other types keep their weight whatever their entropy.

An address says by `shared` what it is worth; phone, email and identifier differ for nearly all; a sex has 1 bit.
"""

_LEAST_ROWS = 50
"""With fewer filled rows a column keeps its type's weight: its entropy can't be told."""

_HOME = frozenset(["address", "locality", "postcode"])
_ROUND = 5

Codes = npt.NDArray[np.int64]


def propose_budgets(
    frame: pd.DataFrame, fields: Sequence[tuple[str, str, str]]
) -> Mapping[str, int]:
    """Propose a budget for each field of an agreement in the profile ``record``.

    Only ratios count: :func:`pprl.exchange.drafting.agreement_toml` scales budgets to the filter.

    Args:
        frame: the party's whole table, all columns text; a random part of it would hide shared homes.
        fields: for each field its name, its type and the column that answers it.

    Returns:
        Field name to budget in bits, a multiple of 5 and at least 5. The same frame gives the same budgets, in
        whatever order its rows stand.

    Raises:
        KeyError: an unknown type, or a column that the frame doesn't have.
    """
    values = {name: _normal_forms(frame[column], kind) for name, kind, column in fields}
    kinds = [kind for _, kind, _ in fields]
    home = 1.0
    if "address" in kinds:
        parts = [values[name] for name, kind, _ in fields if kind in ("address", "locality")]
        home = _home_factor(parts, values[fields[kinds.index("address")][0]] >= 0)
    proposed = {}
    for name, kind, _ in fields:
        codes = values[name]
        factor = _entropy_factor(codes, kind) * _missing_factor(codes)
        if kind in _HOME:
            factor *= home
        steps = math.floor(FIELD_TYPES[kind].budget * factor / _ROUND + 0.5)
        proposed[name] = _ROUND * max(1, steps)
    return MappingProxyType(proposed)


def _normal_forms(column: pd.Series[str], kind: str) -> Codes:
    """Return ``int64[rows]``: equal numbers for equal normal forms, -1 where there is none."""
    rule = str.strip if kind == "date" else normaliser(kind)  # dates of one file are written alike
    raw, distinct = pd.factorize(column)
    forms = [rule(str(value)) for value in distinct]
    readable = np.array([bool(f) and not f.startswith(UNREADABLE) for f in forms] + [False])
    codes = np.append(pd.factorize(np.array(forms, object))[0], -1)
    return np.asarray(np.where(readable, codes, -1)[raw], np.int64)


def _entropy_factor(codes: Codes, kind: str) -> float:
    usual = _USUAL_BITS.get(kind)
    counts = _counts(codes)
    rows = int(counts.sum())
    if usual is None or rows < _LEAST_ROWS:
        return 1.0
    same = int((counts * (counts - 1)).sum())  # ordered pairs of rows
    bits = math.log2(rows * (rows - 1) / max(same, 1))
    return min(1.25, max(0.5, bits / usual))


def _missing_factor(codes: Codes) -> float:
    return 1.0 - float((codes < 0).mean()) / 2 if len(codes) >= _LEAST_ROWS else 1.0


def _home_factor(parts: Sequence[Codes], there: npt.NDArray[np.bool_]) -> float:
    homes = np.zeros(int(there.sum()), np.int64)
    if len(homes) < _LEAST_ROWS:
        return 1.0
    for part in parts:
        joined = homes * (int(part.max(initial=0)) + 2) + part[there] + 1
        homes = np.unique(joined, return_inverse=True)[1].astype(np.int64)
    counts = _counts(homes)
    shared = float(counts[counts > 1].sum()) / len(homes)
    return min(2.0, max(0.75, 2.0 - 2.5 * shared))


def _counts(codes: Codes) -> Codes:
    """Return ``int64[distinct]``: how many rows have each value."""
    return np.bincount(codes[codes >= 0]).astype(np.int64)
