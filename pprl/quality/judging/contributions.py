"""What each field adds to the weights of the accepted pairs, on average; in the profile ``fields`` only.

A mean over few pairs reveals individual people: over one pair, it reveals which of their values are equal. So no mean
is given below :data:`FEWEST` pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from pprl.exchange.links.folder import LEVELS, Links
from pprl.quality.judging.explain import log_odds

__all__ = [
    "DOUBTFUL",
    "FEWEST",
    "Contributions",
    "FieldContribution",
    "LeftOut",
    "mean_contributions",
]

LeftOut = Literal["contributions", "doubtful contributions"]
"""A part of an evaluation that is left out because it would reveal individual people."""

FEWEST = 10
"""Pairs below which nothing is said of how their fields agree. Chosen, at the careful end of the minimum cell counts
that statistical offices use (about 3 to 10); a larger number would leave out more of small runs."""

DOUBTFUL = 0.9
"""Accepted pairs below this probability are shown separately: the evidence against them is what a reviewer looks for.
Chosen; another value moves pairs from one panel of a chart to the other and changes no link."""

_CERTAIN = 1 - 1e-12
"""Probability above which the log-odds are taken from weight and prior. Chosen: about 40 bits, above which
rounding begins to show (:data:`pprl.quality.judging.explain._SATURATED`); below it the two agree to 0.001 bits."""

_KINDS = {
    "equal": ("equal, common value", "equal", "equal, rare value"),
    "similar": ("somewhat similar", "similar"),
    "differs": ("differs",),
    "missing": ("missing",),
}


@dataclass(frozen=True, kw_only=True)
class FieldContribution:
    """One field over some pairs.

    Attributes:
        field: its name.
        bits: mean of what it adds to the match weight.
        shares: shares of the pairs whose two values are equal, are similar, differ, or of which one is missing.
    """

    field: str
    bits: float
    shares: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Contributions:
    """How the weights of some pairs come about, on average; in bits.

    Attributes:
        pairs: number of pairs.
        prior: mean of the log-odds that each pair has before it is compared; they depend on its two files.
        fields: what each field adds, in the agreement's order.
        rivals: what other candidates of the same records take.
        log_odds: the sum of all: log-odds to base 2 that the pair is a match.
    """

    pairs: int
    prior: float
    fields: tuple[FieldContribution, ...]
    rivals: float
    log_odds: float


def mean_contributions(
    links: Links,
) -> tuple[Contributions | None, Contributions | None, tuple[LeftOut, ...]]:
    """Return the mean contributions over all accepted pairs and over the doubtful ones, and what was left out.

    None if there are no such pairs, or too few, and in the profile ``record``.
    """
    if links.parts is None:
        return None, None, ()
    priors = links.run.prior_bits()
    pairs = links.pairs
    parts = links.parts.iloc[: len(pairs)]
    if pairs.empty:
        return None, None, ()
    if len(pairs) < FEWEST:
        return None, None, ("contributions",)
    every = _mean(pairs, parts, priors)
    doubtful = pairs["probability"].to_numpy() < DOUBTFUL
    some, others = int(doubtful.sum()), int((~doubtful).sum())
    if not some:
        return every, None, ()
    # The mean over all pairs and the mean over some of them give away the mean over the others.
    if min(some, others or some) < FEWEST:
        return every, None, ("doubtful contributions",)
    return every, _mean(pairs[doubtful], parts[doubtful], priors), ()


def _mean(
    pairs: pd.DataFrame, parts: pd.DataFrame, priors: dict[frozenset[str], float]
) -> Contributions:
    both = zip(pairs["party_a"], pairs["party_b"], strict=True)
    prior = np.array([priors.get(frozenset(names), 0.0) for names in both])
    fields = []
    for column in parts.columns:
        if not column.startswith("bits_"):
            continue
        name = column.removeprefix("bits_")
        counts = np.bincount(parts[f"level_{name}"], minlength=len(LEVELS)) / len(parts)
        fields.append(
            FieldContribution(
                field=name,
                bits=round(float(parts[column].mean()), 3),
                shares={
                    kind: round(sum(float(counts[LEVELS.index(word)]) for word in words), 5)
                    for kind, words in _KINDS.items()
                },
            )
        )
    weight = sum(field.bits for field in fields)
    # The log-odds of a certain pair would be infinite; without rivals they are its weight and its prior.
    alone = pairs["weight"].to_numpy() + prior
    reached = np.minimum([log_odds(p) for p in pairs["probability"]], alone)
    certain = pairs["probability"].to_numpy() > _CERTAIN
    odds = float(np.mean(np.where(certain, alone, reached)))
    before = float(prior.mean())
    return Contributions(
        pairs=len(pairs),
        prior=round(before, 3),
        fields=tuple(fields),
        rivals=round(odds - weight - before, 3),
        log_odds=round(odds, 3),
    )
