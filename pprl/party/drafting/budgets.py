"""Bit budgets proposed from a look at a file: the types' defaults, adapted to how its columns are filled.

In the profile ``record`` a budget is a field's weight. What a field is worth depends on three things that one file can
tell without knowing anybody in the other. Each is a factor on the type's default:

- **How many values it tells apart.** The collision entropy of a column is ``H = -log2(P)`` bits, where ``P`` is the
  share of pairs of filled rows that have the same value: one town for all has 0. The factor is ``H / usual``, from 1/2
  to 5/4, where ``usual`` is what the type has in made-up populations.
- **How often it is missing**: ``1 - missing / 2``. A missing value tells nothing and yet costs half of its bits.
- **Whether homes tell people apart.** Where whole households are listed, the address speaks for a relative as loudly
  as for the person. Address, locality and postcode get ``2 - 2.5 * shared``, from 3/4 to 2; ``shared`` is the share
  of the rows with an address that have a neighbour, somebody else in another row at the same home. Without an
  address the home is locality and postcode together, which many homes may share, and the factor is at least 1.

Address, locality and postcode say much the same. Where only some of them are there, those get up to 1.5 times as much
(and with the homes' factor 2 times): the root of what the three would have had over what those there have.

Found on made-up people (``tools/propose_budgets.py``), fitted to no data set. A proposal is rounded to 5 bits. It still
tells something of the file to everybody who gets the agreement, the unit included: a column's collision entropy (how
ages are spread, how names are concentrated) to about half a bit for names and dates and to a bit or more for places,
mixed with the share missing, of which a step stands for about 6 points in a date and 9 in a name; and roughly how far
homes are shared.

Collision entropy: Renyi 1961, order 2; weights by discriminatory power: Durham et al. 2014.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from pprl.base.arrays import Int64s
from pprl.exchange.agreement.field_types import FIELD_TYPES
from pprl.party.reading.normalise import UNREADABLE, normaliser

__all__ = ["Proposal", "propose_budgets", "reasoned_budgets"]

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

_WORTH_A_WORD = 0.05
"""A factor that moves a budget by less is not named."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A field's proposed budget and the reasons for it.

    Attributes:
        budget: in bits, a multiple of 5 and at least 5; only its ratio to the others counts.
        words: what raised or lowered it, without a figure; "" where nothing did. May go to the other parties.
        figures: what was counted in the file; for the party's own eyes.
    """

    budget: int
    words: str
    figures: str


@dataclass(frozen=True, kw_only=True)
class _Factor:
    """One factor on a budget, and what is said of it below 1, above 1 and in figures."""

    value: float
    less: str = ""
    more: str = ""
    figures: str = ""

    def words(self) -> str:
        if abs(self.value - 1.0) < _WORTH_A_WORD:
            return ""
        return self.less if self.value < 1.0 else self.more


def propose_budgets(
    frame: pd.DataFrame, fields: Sequence[tuple[str, str, str]]
) -> Mapping[str, int]:
    """Return field name to proposed budget: :func:`reasoned_budgets` without the reasons."""
    return MappingProxyType({n: p.budget for n, p in reasoned_budgets(frame, fields).items()})


def reasoned_budgets(
    frame: pd.DataFrame, fields: Sequence[tuple[str, str, str]]
) -> Mapping[str, Proposal]:
    """Propose a budget for each field of an agreement in the profile ``record``, and say why.

    Only ratios count: :func:`pprl.exchange.agreement.draft_text.agreement_toml` scales budgets to the filter.

    Args:
        frame: the party's whole table, all columns text; a random part of it would hide shared homes.
        fields: for each field its name, its type and the column that answers it.

    Returns:
        Field name to proposal. The same frame gives the same one, in whatever order its rows stand.

    Raises:
        KeyError: an unknown type, or a column that the frame doesn't have.
    """
    values = {name: _normal_forms(frame[column], kind) for name, kind, column in fields}
    by_kind: dict[str, Int64s] = {}
    for name, kind, _ in fields:
        by_kind.setdefault(kind, values[name])
    home, parts = _home_factor(by_kind), _share_of_three(by_kind)
    place = min(2.0, home.value * parts.value)
    proposed = {}
    for name, kind, _ in fields:
        factors = [_entropy_factor(values[name], kind), _missing_factor(values[name])]
        value = factors[0].value * factors[1].value
        if kind in _HOME:
            factors += [home, parts]
            value *= place
        steps = math.floor(FIELD_TYPES[kind].budget * value / _ROUND + 0.5)
        proposed[name] = Proposal(
            budget=_ROUND * max(1, steps),
            words=", ".join(factor.words() for factor in factors if factor.words()),
            figures=", ".join(factor.figures for factor in factors if factor.figures),
        )
    return MappingProxyType(proposed)


def _normal_forms(column: pd.Series[str], kind: str) -> Int64s:
    """Return ``int64[rows]``: equal numbers for equal normal forms, -1 where there is none."""
    rule = str.strip if kind == "date" else normaliser(kind)  # dates of one file are written alike
    raw, distinct = pd.factorize(column)
    forms = [rule(str(value)) for value in distinct]
    readable = np.array([bool(f) and not f.startswith(UNREADABLE) for f in forms] + [False])
    codes = np.append(pd.factorize(np.array(forms, object))[0], -1)
    return np.asarray(np.where(readable, codes, -1)[raw], np.int64)


def _entropy_factor(codes: Int64s, kind: str) -> _Factor:
    usual = _USUAL_BITS.get(kind)
    rows = int((codes >= 0).sum())
    if usual is None or rows < _LEAST_ROWS:
        return _Factor(value=1.0)
    bits = math.log2(rows * (rows - 1) / max(_pairs(codes), 1))
    return _Factor(
        value=min(1.25, max(0.5, bits / usual)),
        less="few different values",
        more="many different values",
        figures=f"{bits:.1f} bits of entropy ({usual:g} usual)",
    )


def _missing_factor(codes: Int64s) -> _Factor:
    if len(codes) < _LEAST_ROWS:
        return _Factor(value=1.0)
    missing = float((codes < 0).mean())
    return _Factor(
        value=1.0 - missing / 2, less="often missing", figures=f"{100 * missing:.0f} % missing"
    )


def _share_of_three(by_kind: Mapping[str, Int64s]) -> _Factor:
    there = sum(FIELD_TYPES[kind].budget for kind in _HOME if kind in by_kind)
    three = sum(FIELD_TYPES[kind].budget for kind in _HOME)
    value = min(1.5, math.sqrt(three / there)) if there else 1.0
    return _Factor(value=value, more="stands for the other parts of an address")


def _home_factor(by_kind: Mapping[str, Int64s]) -> _Factor:
    homes, least = _homes(by_kind)
    if homes is None or int((homes >= 0).sum()) < _LEAST_ROWS:
        return _Factor(value=1.0)
    counts = _counts(homes)
    with_company = float(counts[counts > 1].sum()) / float(counts.sum())
    shared = with_company * _somebody_else(homes, by_kind)
    return _Factor(
        value=min(2.0, max(least, 2.0 - 2.5 * shared)),
        less="homes are often shared",
        more="homes are seldom shared",
        figures=f"{100 * shared:.0f} % share a home",
    )


def _homes(by_kind: Mapping[str, Int64s]) -> tuple[Int64s | None, float]:
    """Return each row's home, -1 where it is not told, and the least factor it allows."""
    locality = by_kind.get("locality")
    if "address" in by_kind:
        address = by_kind["address"]
        return (address if locality is None else _both(address, locality + 1)), 0.75
    if locality is None or "postcode" not in by_kind:
        return by_kind.get("postcode"), 1.0
    return _both(locality, by_kind["postcode"]), 1.0


def _somebody_else(homes: Int64s, by_kind: Mapping[str, Int64s]) -> float:
    """Return the share of the pairs of rows of one home that agree neither in the name nor in the date.

    The others may be twice in the file. Without a name and a date all count as somebody else.
    """
    pairs = _pairs(homes)
    if not pairs:
        return 0.0
    alike = 0
    name = by_kind.get("given-name", by_kind.get("full-name"))
    date = by_kind.get("date")
    if name is not None:
        alike += _pairs(_both(homes, name))
    if date is not None:
        alike += _pairs(_both(homes, date))
    if name is not None and date is not None:
        alike -= _pairs(_both(_both(homes, name), date))
    return 1.0 - alike / pairs


def _both(a: Int64s, b: Int64s) -> Int64s:
    """Return ``int64[rows]``: equal numbers where both are equal, -1 where one is negative."""
    joined = np.where((a < 0) | (b < 0), -1, a * (int(b.max(initial=0)) + 1) + b)
    codes, _ = pd.factorize(joined)
    return np.where(joined < 0, -1, codes).astype(np.int64)


def _pairs(codes: Int64s) -> int:
    counts = _counts(codes)
    return int((counts * (counts - 1)).sum())


def _counts(codes: Int64s) -> Int64s:
    """Return ``int64[distinct]``: how many rows have each value."""
    return np.bincount(codes[codes >= 0]).astype(np.int64)
