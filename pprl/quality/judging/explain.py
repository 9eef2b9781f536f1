"""Why records were linked: what each field added, the prior, the rivals, and the margin over the best rival.

All of it comes from the links folder, so it holds no value of a record: the unit has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from pprl.base.errors import DataError
from pprl.exchange.links.folder import LEVELS, Links

__all__ = [
    "EXPLANATION_FORMAT",
    "ExplainedPair",
    "Explanation",
    "FieldPart",
    "Member",
    "Rival",
    "explain",
    "log_odds",
]

EXPLANATION_FORMAT = "pprl-explanation/1"

_SATURATED = 40.0
"""Log-odds to base 2 above which what rivals take away is not derived from a probability. Binary64 rounds a probability
to steps of 2^-53, which at 40 bits changes the log-odds by about 0.0001 bits, and twice as much with each further bit.
Chosen with room to spare: what rivals take is printed to 0.01 bits."""

Standing = Literal["linked", "linked through others", "rival"]


@dataclass(frozen=True, kw_only=True)
class Member:
    """A record that the explanation mentions.

    Attributes:
        number: its number in the explanation, from 1.
        party: the party it belongs to.
        pseudonym: 32 hexadecimal digits.
        link_id: the link that it is in; None for a record that is not linked.
    """

    number: int
    party: str
    pseudonym: str
    link_id: int | None


@dataclass(frozen=True, kw_only=True)
class FieldPart:
    """What a field says about a pair: the level of agreement in words, and the bits that it adds to the weight."""

    field: str
    level: str
    bits: float


@dataclass(frozen=True, kw_only=True)
class Rival:
    """The best other candidate of either record of a pair, and the pair's margin over it.

    Attributes:
        a, b: numbers of the rival pair's records.
        score, weight: of the rival pair.
        margin: the pair's score less the rival's.
        margin_bits: the pair's weight less the rival's.
    """

    a: int
    b: int
    score: float
    weight: float
    margin: float
    margin_bits: float


@dataclass(frozen=True, kw_only=True)
class ExplainedPair:
    """One pair.

    Attributes:
        a, b: numbers of its records.
        standing: ``linked``, ``linked through others`` (both are in the link, but the pair itself was not accepted) or
            ``rival`` (one of them is in the link).
        score: similarity in the profile ``record``, match probability in ``fields``.
        weight: match weight, bits.
        probability: match probability.
        fields: the parts of the weight; None in the profile ``record``.
        prior: log-odds to base 2 of a pair without rivals before it is compared; None if the run does not say.
        rivals: bits that the other candidates of its records take away; None where `prior` is, and where the
            probability is so near to 1 that it does not show them (log-odds above 40 bits).
        best_rival: None if no other candidate of its records is listed.
    """

    a: int
    b: int
    standing: Standing
    score: float
    weight: float
    probability: float
    fields: tuple[FieldPart, ...] | None
    prior: float | None
    rivals: float | None
    best_rival: Rival | None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why the records of a link were linked.

    Attributes:
        link_id: the link.
        profile: ``record`` or ``fields``.
        threshold: the run's threshold.
        method: ``auto`` (pairs were accepted from a match probability of one half) or ``given``.
        members: the records of the link, then those of its rivals.
        pairs: the pairs inside the link, then the rivals, each by descending weight.
    """

    link_id: int
    profile: str
    threshold: float
    method: str
    members: tuple[Member, ...]
    pairs: tuple[ExplainedPair, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {"format": EXPLANATION_FORMAT, **asdict(self)}


def explain(links: Links, link_id: int) -> Explanation:
    """Explain why the records of a link were linked.

    Args:
        links: the run's result.
        link_id: one of its links.

    Raises:
        DataError: there is no such link.

    Example:
        >>> why = pprl.explain(links, links.links["link_id"][0])
        >>> len(why.members) >= 2 and why.pairs[0].probability > 0.5
        True
    """
    frame = links.links
    own = frame[frame["link_id"] == link_id]
    if own.empty:
        raise DataError(
            f"there is no link {link_id} in this run",
            hint="The link ids are in links.parquet and in each links-PARTY.csv.",
        )
    around = _Surroundings(links, own)
    pairs = tuple(around.pairs())
    return Explanation(
        link_id=int(link_id),
        profile=links.run.profile,
        threshold=links.threshold,
        method=links.run.threshold.method,
        members=around.members(),
        pairs=pairs,
    )


def log_odds(probability: float) -> float:
    """Return the logarithm to base 2 of the odds, cut to -100 and 100 so that certainty stays finite."""
    with np.errstate(divide="ignore"):
        odds = np.log2(probability) - np.log2(1 - probability)
    return float(np.clip(odds, -100, 100))


class _Surroundings:
    """The pairs that have a record in a link, and numbers for their records."""

    def __init__(self, links: Links, own: pd.DataFrame) -> None:
        self._links = links
        self._priors = links.run.prior_bits()
        self._inside = set(zip(own["party"], own["pseudonym"], strict=True))
        together = pd.concat([links.pairs, links.near], ignore_index=True)
        names = own["pseudonym"].unique()
        touching = together["pseudonym_a"].isin(names) | together["pseudonym_b"].isin(names)
        some = together[touching].sort_values(
            ["weight", "pseudonym_a", "pseudonym_b"], ascending=[False, True, True]
        )
        # Pseudonyms are random, but nothing forbids two parties to have one in common.
        self._rows: list[Any] = [
            row for row in some.itertuples() if self._inside & {*self._records(row)}
        ]
        self._accepted = len(links.pairs)
        # In the order of the run's parties, as the pairs are.
        order = {party: place for place, party in enumerate(links.parties)}
        self._numbers = {
            record: number
            for number, record in enumerate(
                sorted(self._inside, key=lambda record: (order[record[0]], record[1])), start=1
            )
        }

    def _records(self, row: Any) -> tuple[tuple[str, str], tuple[str, str]]:
        return (row.party_a, row.pseudonym_a), (row.party_b, row.pseudonym_b)

    def _standing(self, row: Any) -> Standing:
        a, b = self._records(row)
        if a in self._inside and b in self._inside:
            return "linked" if row.Index < self._accepted else "linked through others"
        return "rival"

    def pairs(self) -> Iterator[ExplainedPair]:
        """Yield the pairs inside the link, then those with a rival."""
        order = {"linked": 0, "linked through others": 1, "rival": 2}
        for row in sorted(self._rows, key=lambda row: order[self._standing(row)]):
            yield self._pair(row)

    def members(self) -> tuple[Member, ...]:
        """Return the records that :meth:`pairs` has numbered, by number."""
        frame = self._links.links
        some = frame[frame["pseudonym"].isin([pseudonym for _, pseudonym in self._numbers])]
        of = dict(
            zip(zip(some["party"], some["pseudonym"], strict=True), some["link_id"], strict=True)
        )
        return tuple(
            Member(
                number=number,
                party=record[0],
                pseudonym=record[1],
                link_id=int(of[record]) if record in of else None,
            )
            for record, number in self._numbers.items()
        )

    def _number(self, record: tuple[str, str]) -> int:
        return self._numbers.setdefault(record, len(self._numbers) + 1)

    def _pair(self, row: Any) -> ExplainedPair:
        a, b = self._records(row)
        prior = self._priors.get(frozenset((row.party_a, row.party_b)))
        standing = self._standing(row)
        return ExplainedPair(
            a=self._number(a),
            b=self._number(b),
            standing=standing,
            score=float(row.score),
            weight=float(row.weight),
            probability=float(row.probability),
            fields=self._parts(row.Index),
            prior=prior,
            rivals=_rivals(row, prior),
            best_rival=None if standing == "rival" else self._best_rival(row),
        )

    def _parts(self, at: int) -> tuple[FieldPart, ...] | None:
        if self._links.parts is None:
            return None
        parts = self._links.parts
        row = {str(name): value for name, value in parts.iloc[[at]].to_dict("records")[0].items()}
        names = [name.removeprefix("bits_") for name in row if name.startswith("bits_")]
        return tuple(
            FieldPart(
                field=name,
                level=LEVELS[int(row[f"level_{name}"])],
                bits=round(float(row[f"bits_{name}"]), 4),
            )
            for name in names
        )

    def _best_rival(self, row: Any) -> Rival | None:
        """Return the heaviest pair of one of the two records with a record of the other's party outside the link."""
        mine = self._records(row)
        for other in self._rows:  # heaviest first
            theirs = self._records(other)
            kept = [record for record in mine if record in theirs]
            new = [record for record in theirs if record not in mine]
            if len(kept) != 1 or new[0] in self._inside:
                continue
            replaced = mine[0] if mine[1] == kept[0] else mine[1]
            if new[0][0] == replaced[0]:
                return Rival(
                    a=self._number(theirs[0]),
                    b=self._number(theirs[1]),
                    score=float(other.score),
                    weight=float(other.weight),
                    margin=float(row.score - other.score),
                    margin_bits=float(row.weight - other.weight),
                )
        return None


def _rivals(row: Any, prior: float | None) -> float | None:
    odds = log_odds(row.probability)
    if prior is None or odds > _SATURATED:
        return None
    return min(odds - float(row.weight) - prior, 0.0)
