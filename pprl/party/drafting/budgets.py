"""Bit budgets proposed from a look at a file: the types' defaults, adapted to how its columns are filled.

In the profile ``record`` a budget is a field's weight. What a field is worth depends on three things that a file shows
without anything known of the other file. Each is a factor on the type's default:

- **How many values it tells apart.** The collision entropy of a column is ``H = -log2(P)`` bits, where ``P`` is the
  share of pairs of filled rows that have the same value: if all live in one town, it is 0. The factor is
  ``H / usual``, from 1/2 to 5/4, where ``usual`` is what the type has in made-up populations.
- **How often it is missing**: ``1 - missing / 2``. A value that one file lacks says nothing, and yet the other file's
  bits count against the pair.
- **Whether homes tell people apart.** Where whole households are listed, the address speaks for a relative as loudly
  as for the person. Address, locality and postcode get ``2 - 2.5 * shared``, from 3/4 to 2; ``shared`` is the share
  of the rows with an address where somebody else, in another row, has the same home. Without an address the home is
  locality and postcode together, which many homes may share, and the factor is at least 1.

Address, locality and postcode say much the same. Where the agreement has only some of them, those get up to 1.5 times
as much (together with the homes' factor up to 2 times): the square root of what the three would have had over what
those present have.

All numbers come from made-up people (``tools/propose_budgets.py``; docs/budgets.md says how, and what is not blind
about it). A proposal is rounded to 5 bits. It still tells everybody who gets the agreement something of the file, the
unit included: docs/budgets.md, section 2, says how much.

Collision entropy: Rényi 1961, order 2. Weights by discriminatory power: Durham et al. 2014.
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
"""Type -> its usual collision entropy in bits, as in made-up populations (docs/budgets.md, section 2).

Other types keep their weight whatever their entropy: an address is worth what `shared` says, phones, e-mail addresses
and identifiers differ for nearly everybody, and a sex has 1 bit.
"""

_LEAST_ROWS = 50
"""A column with fewer filled rows keeps its type's weight: they don't show its entropy. Chosen; not sensitive."""

_HOME = frozenset(["address", "locality", "postcode"])

_ENTROPY_RANGE = (0.5, 1.25)
"""Bounds of the factor ``H / usual``.

This and the numbers below were found on made-up people. ``python tools/propose_budgets.py check`` measures the rule as
a whole (docs/budgets.md, sections 2 to 4); how sensitive each number is was not measured.
"""
_HOME_AT_NONE, _HOME_SLOPE = 2.0, 2.5
"""The factor of homes that nobody shares, and how much it falls for each unit of `shared`."""
_HOME_LEAST, _HOME_LEAST_WITHOUT_ADDRESS = 0.75, 1.0
"""The least factor of homes, with an address and without one."""
_FEWER_MOST = 1.5
"""The largest factor where the agreement has not all three parts of an address."""
_PLACE_MOST = 2.0
"""The largest factor of homes and of fewer parts together."""

_ROUND = 5
"""Bits that proposals are rounded to, so that they tell less of the file. Chosen: docs/budgets.md, section 2."""

_WORTH_A_WORD = 0.05
"""A factor that changes a budget by less is not mentioned. Chosen; not sensitive."""


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
    """One factor on a budget, and what to say of it: below 1, above 1, and in figures."""

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
    """Return field name -> proposed budget: :func:`reasoned_budgets` without the reasons."""
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
        Field name -> proposal. The order of the rows does not matter.

    Raises:
        KeyError: an unknown type, or a column that the frame doesn't have.
    """
    values = {name: _normal_forms(frame[column], kind) for name, kind, column in fields}
    by_kind: dict[str, Int64s] = {}
    for name, kind, _ in fields:
        by_kind.setdefault(kind, values[name])
    home, parts = _home_factor(by_kind), _share_of_three(by_kind)
    place = min(_PLACE_MOST, home.value * parts.value)
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
    rule = str.strip if kind == "date" else normaliser(kind)  # a file writes all its dates alike
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
        value=min(_ENTROPY_RANGE[1], max(_ENTROPY_RANGE[0], bits / usual)),
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
    value = min(_FEWER_MOST, math.sqrt(three / there)) if there else 1.0
    return _Factor(value=value, more="stands for the other parts of an address")


def _home_factor(by_kind: Mapping[str, Int64s]) -> _Factor:
    homes, least = _homes(by_kind)
    if homes is None or int((homes >= 0).sum()) < _LEAST_ROWS:
        return _Factor(value=1.0)
    counts = _counts(homes)
    with_company = float(counts[counts > 1].sum()) / float(counts.sum())
    shared = with_company * _somebody_else(homes, by_kind)
    return _Factor(
        value=min(_HOME_AT_NONE, max(least, _HOME_AT_NONE - _HOME_SLOPE * shared)),
        less="homes are often shared",
        more="homes are seldom shared",
        figures=f"{100 * shared:.0f} % share a home",
    )


def _homes(by_kind: Mapping[str, Int64s]) -> tuple[Int64s | None, float]:
    """Return each row's home, -1 where it is unknown, and the least factor it allows."""
    locality = by_kind.get("locality")
    if "address" in by_kind:
        address = by_kind["address"]
        # By adding 1, a missing locality becomes a value: an address without one is a home too.
        homes = address if locality is None else _both(address, locality + 1)
        return homes, _HOME_LEAST
    if locality is None or "postcode" not in by_kind:
        return by_kind.get("postcode"), _HOME_LEAST_WITHOUT_ADDRESS
    return _both(locality, by_kind["postcode"]), _HOME_LEAST_WITHOUT_ADDRESS


def _somebody_else(homes: Int64s, by_kind: Mapping[str, Int64s]) -> float:
    """Return the share of the pairs of rows of one home that agree neither in the name nor in the date.

    Those that agree may be one person, twice in the file. Without a name and a date, all count as somebody else.
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
