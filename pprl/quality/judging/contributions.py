"""What each field adds to the weights of the accepted pairs, on average; in the profile ``fields`` only.

A mean over few pairs tells of single people: of one pair it tells which of their values are equal. So there is none
below :data:`FEWEST` pairs.
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
"""What of an evaluation may be left out because it would tell of single people."""

FEWEST = 10
"""Pairs below which nothing is said of how their fields agree."""

DOUBTFUL = 0.9
"""Accepted pairs below this probability are shown apart: what speaks against them is what a reviewer looks for."""

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
        shares: share of the pairs whose values are equal, similar, differ, or of which one is missing.
    """

    field: str
    bits: float
    shares: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Contributions:
    """How the weights of some pairs come about, on average; in bits.

    Attributes:
        pairs: how many they are.
        prior: mean of their log-odds before they are compared; every two files have their own.
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

    None where there are no such pairs, or too few, and in the profile ``record``.
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
    # The means over all pairs and over some of them tell those over the others.
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
    # Certainty is no number: a pair that the rivals take nothing from has the weight and the prior as its log-odds.
    alone = pairs["weight"].to_numpy() + prior
    reached = np.minimum([log_odds(p) for p in pairs["probability"]], alone)
    certain = pairs["probability"].to_numpy() > 1 - 1e-12
    odds = float(np.mean(np.where(certain, alone, reached)))
    before = float(prior.mean())
    return Contributions(
        pairs=len(pairs),
        prior=round(before, 3),
        fields=tuple(fields),
        rivals=round(odds - weight - before, 3),
        log_odds=round(odds, 3),
    )
