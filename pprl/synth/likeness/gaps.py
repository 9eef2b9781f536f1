"""How far apart two sets of figures are, as one number for each figure: the largest gap between two curves.

For distributions (name frequencies, lengths, years of birth) the gap is the Kolmogorov-Smirnov distance, the largest
difference between the two cumulative shares; for shares (missing values, kinds of difference) it is the largest
difference. All gaps are between 0 and 1. What the kinds of difference have lost by rounding is spread evenly over those
shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pprl.synth.likeness.differences import KINDS
from pprl.synth.likeness.figures_file import YEARS, Births, Differences, FieldFigures, Figures

__all__ = [
    "MEASURES",
    "Gap",
    "birth_shares",
    "compare",
    "compare_differences",
    "curve_shares",
    "kind_shares",
    "length_shares",
]

MEASURES = {
    "curve": "frequency of values",
    "length": "length",
    "missing": "missing values",
    "births": "year of birth",
    "january": "1 January",
    "differences": "kinds of difference",
}
"""What is compared, by the name of its chart; 1 January is in the chart of the years of birth."""

_WORDS = ("hardly distinguishable", "very similar", "partly similar", "different")
_CURVE_LIMITS, _SHARE_LIMITS = (0.03, 0.08, 0.2), (0.005, 0.02, 0.05)
"""From these gaps on, the next word applies. Chosen by looking at charts; sensitive: they are the page's judgement. The
gaps themselves are shown with the words."""
_SHARES = ("missing", "january")
"""Figures that are judged by `_SHARE_LIMITS`."""


@dataclass(frozen=True, kw_only=True)
class Gap:
    """How far a made-up file is from the reference in one figure.

    Attributes:
        measure: a key of `MEASURES`.
        field: of the record.
        party: whose file.
        gap: from 0 (the same) to 1.
    """

    measure: str
    field: str
    party: str
    gap: float

    @property
    def grade(self) -> int:
        """From 0 (hardly distinguishable) to 3 (different); rare things are judged more strictly."""
        limits = _SHARE_LIMITS if self.measure in _SHARES else _CURVE_LIMITS
        return sum(self.gap >= limit for limit in limits)

    @property
    def words(self) -> str:
        """The grade in words."""
        return _WORDS[self.grade]

    @property
    def alike(self) -> bool:
        """Whether the gap is under 8 percentage points, or under 2 for missing values and births on 1 January."""
        return self.grade < 2


def compare(party: str, made: Figures, reference: Figures) -> list[Gap]:
    """Return the gap in each figure that both have.

    Args:
        party: whose file was made.
        made: its figures.
        reference: figures of a real file.
    """
    found: list[Gap] = []

    def add(measure: str, field: str, gap: float | None) -> None:
        if gap is not None:
            found.append(Gap(measure=measure, field=field, party=party, gap=round(gap, 6)))

    for name, ours in made.fields.items():
        theirs = reference.fields.get(name)
        if theirs is None:
            continue
        add("curve", name, _curve_gap(ours, theirs, made.rows, reference.rows))
        if ours.lengths and theirs.lengths:
            add(
                "length",
                name,
                _ks(length_shares(ours), length_shares(theirs)),
            )
        add("missing", name, _apart((ours.missing, made.rows), (theirs.missing, reference.rows)))
    if made.births and reference.births:
        name = "date_of_birth"
        if made.births.years and reference.births.years:
            add("births", name, _ks(birth_shares(made.births), birth_shares(reference.births)))
        a, b = (figures.rows - figures.fields[name].missing for figures in (made, reference))
        add(
            "january",
            name,
            _apart((made.births.january_first, a), (reference.births.january_first, b)),
        )
    if made.differences and reference.differences:
        for gap in compare_differences(party, made.differences, reference.differences):
            add("differences", gap.field, gap.gap)
    return found


def compare_differences(party: str, made: Differences, reference: Differences) -> list[Gap]:
    """Return the gap in each field that both have: the largest over the kinds of difference."""
    found = []
    for name in made.fields:
        if name in reference.fields:
            ours, theirs = kind_shares(made, [name]), kind_shares(reference, [name])
            gaps = [abs(ours[kind] - theirs[kind]) for kind in KINDS]
            found.append(
                Gap(measure="differences", field=name, party=party, gap=round(max(gaps), 6))
            )
    return found


def curve_shares(field: FieldFigures, rows: int) -> list[tuple[int, float]]:
    """Return numbers of values, and the share of the rows with a value that so many most frequent values cover."""
    filled = max(rows - field.missing, 1)
    return [(rank, min(count / filled, 1.0)) for rank, count in field.curve]


def length_shares(field: FieldFigures) -> dict[int, float]:
    """Return the share of each length among the rows whose length is shown."""
    total = sum(field.lengths) or 1
    return {length: count / total for length, count in enumerate(field.lengths, start=1)}


def birth_shares(births: Births) -> dict[int, float]:
    """Return the share of each five-year group, by its first year, among the dates that are shown."""
    total = sum(births.years) or 1
    return {births.start + YEARS * i: count / total for i, count in enumerate(births.years)}


def kind_shares(differences: Differences, fields: Sequence[str] | None = None) -> dict[str, float]:
    """Return the share of the pairs of each kind, on average over the fields, or over those that are named."""
    names = list(differences.fields) if fields is None else list(fields)
    sums = dict.fromkeys(KINDS, 0.0)
    for name in names:
        kinds = differences.fields[name]
        rest = max(differences.pairs - sum(kinds.values()), 0) / max(len(kinds), 1)
        for kind, count in kinds.items():
            sums[kind] += count + rest
    of = max(differences.pairs * len(names), 1)
    return {kind: total / of for kind, total in sums.items()}


def _curve_gap(ours: FieldFigures, theirs: FieldFigures, rows: int, others: int) -> float | None:
    a, b = dict(curve_shares(ours, rows)), dict(curve_shares(theirs, others))
    both = a.keys() & b.keys()
    return max((abs(a[rank] - b[rank]) for rank in both), default=None)


def _ks(a: Mapping[int, float], b: Mapping[int, float]) -> float:
    at_a = at_b = largest = 0.0
    for key in sorted(a.keys() | b.keys()):
        at_a += a.get(key, 0.0)
        at_b += b.get(key, 0.0)
        largest = max(largest, abs(at_a - at_b))
    return min(largest, 1.0)


def _apart(ours: tuple[int, int], theirs: tuple[int, int]) -> float | None:
    """Return the difference of two shares, each a count and what it is of."""
    if not ours[1] or not theirs[1]:
        return None
    return abs(ours[0] / ours[1] - theirs[0] / theirs[1])
