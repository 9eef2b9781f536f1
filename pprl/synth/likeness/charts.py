"""The charts of the look-alike page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pprl.base.words import whole
from pprl.page.charts import BLUE, GREEN, INK, ORANGE, PURPLE, Chart, draw_panels
from pprl.synth.likeness.differences import KINDS
from pprl.synth.likeness.figures_file import Differences, Figures
from pprl.synth.likeness.gaps import birth_shares, curve_shares, kind_shares, length_shares

__all__ = ["MOST_SERIES", "draw_lookalike", "plain"]

MOST_SERIES = 4
"""Files that are drawn at most; the tables have all of them. Chosen: so many lines can still be told apart."""

_STYLES = ((BLUE, "-", "o"), (ORANGE, "--", "s"), (GREEN, "-.", "^"), (PURPLE, ":", "D"))
_LENGTHS = ("given_name", "middle_name", "surname", "address", "locality")
_CURVES = ("given_name", "surname", "locality", "postcode")
_WIDE = 6.6
"""Width of a chart in inches; its heights are chosen to fit the lines of text."""
_EQUAL = ("same", "missing_both")
"""Kinds that are not a difference."""

Errors = Mapping[str, Mapping[str, Any]]
"""By the error's name: ``title``, ``asked`` and ``rate``."""


@dataclass(frozen=True, kw_only=True)
class _Series:
    """One line of the charts."""

    label: str
    figures: Figures
    colour: str
    dash: str
    marker: str


def draw_lookalike(
    made: Mapping[str, Figures],
    reference: Figures | None,
    *,
    errors: Mapping[str, Errors],
    copies: Mapping[str, Differences],
    gaps: Mapping[str, str],
) -> list[Chart]:
    """Return the charts for which there are figures.

    Args:
        made: figures by party.
        reference: figures of a real file.
        errors: for each party, what was asked and what was made.
        copies: by label, differences between copies of one person; the reference has its own.
        gaps: by the chart's name, a sentence on how far the figures are apart.
    """
    series = [
        _Series(label=name, figures=figures, colour=colour, dash=dash, marker=marker)
        for (name, figures), (colour, dash, marker) in zip(made.items(), _STYLES, strict=False)
    ]
    if reference is not None:
        series.append(
            _Series(
                label="reference",
                figures=reference,
                colour=INK,
                dash=(0, (1, 1)),  # type: ignore[arg-type]
                marker="x",
            )
        )
    charts = [
        _panels("curve", _CURVES, series, gaps),
        _panels("length", _LENGTHS, series, gaps),
        _missing(series, gaps),
        _births(series, gaps),
        _errors(errors, gaps),
        _differences(copies, reference, gaps),
    ]
    return [chart for chart in charts if chart is not None]


_PANELS: Mapping[str, dict[str, str]] = {
    "curve": {
        "title": "How frequent the most frequent values are",
        "alt": "Line charts of the share of rows that the most frequent values cover, by number of values.",
        "shows": "For names and places: the share of the rows that the 1, 2, 5, 10 ... most frequent values cover "
        "together.",
        "read": "The horizontal axis is logarithmic. A line that starts high has a few very common values; one that "
        "rises late has a long tail of rare ones. In a file of another size or area the tail always differs: fewer "
        "rows have fewer values.",
        "act": "Names decide how often two strangers look alike. Where the made-up lines are above the reference's, "
        "linking will seem harder than it is; where they are below, easier. Fit the generator to a name table.",
    },
    "length": {
        "title": "How long the texts are",
        "alt": "Line charts of the share of rows by number of characters.",
        "shows": "The share of the rows with a value by its number of characters.",
        "read": "Lines on top of each other mean texts of the same lengths. A spike at one length hints at columns "
        "that cut values off, or at codes. The reference's rare lengths, such as the longest, are drawn as 0.",
        "act": "Lengths decide how full a Bloom filter gets. If they differ, choose the filter's size by the "
        "reference, not by the made-up file.",
    },
}


def _panels(
    name: str, fields: Sequence[str], series: Sequence[_Series], gaps: Mapping[str, str]
) -> Chart | None:
    lines: dict[str, list[tuple[_Series, list[tuple[float, float]]]]] = {}
    for field in fields:
        for item in series:
            found = item.figures.fields.get(field)
            if found is None:
                continue
            points: list[tuple[float, float]]
            if name == "curve":
                points = [(float(x), y) for x, y in curve_shares(found, item.figures.rows)]
            else:
                shares = length_shares(found)
                points = [(float(x), y) for x, y in shares.items()] if any(shares.values()) else []
            if points:
                lines.setdefault(field, []).append((item, points))
    if not lines:
        return None
    rows = (len(lines) + 1) // 2

    def paint(figure: Any) -> None:
        all_axes = figure.subplots(rows, 2, squeeze=False).flatten()
        for axes, (field, drawn) in zip(all_axes, lines.items(), strict=False):
            for item, points in drawn:
                _line(axes, item, points)
            axes.set_title(plain(field), loc="left", fontsize=10)
            _shares(axes.yaxis)
            axes.set_ylim(bottom=0)
            if name == "curve":
                axes.set_xscale("log")
                axes.minorticks_off()
                axes.xaxis.set_major_formatter(lambda value, _: whole(value))
                axes.set_xlabel("most frequent values")
            else:
                axes.set_xlabel("characters")
        for axes in all_axes[len(lines) :]:
            axes.set_axis_off()
        _legend(figure, all_axes[0])

    words = _PANELS[name]
    return _draw(name, paint, (_WIDE, 0.5 + 2.3 * rows), gaps, **words)


def _missing(series: Sequence[_Series], gaps: Mapping[str, str]) -> Chart | None:
    names = list(dict.fromkeys(name for item in series for name in item.figures.fields))
    shares = [
        (
            item,
            [
                (place, found.missing / item.figures.rows)
                for place, name in enumerate(names)
                if (found := item.figures.fields.get(name)) and item.figures.rows
            ],
        )
        for item in series
    ]
    if not any(points for _, points in shares):
        return None

    def paint(figure: Any) -> None:
        axes = figure.add_subplot()
        for item, points in shares:
            _dots(axes, item.label, item.colour, item.marker, points)
        _rows(axes, [plain(name) for name in names])
        axes.set_xlabel("share of rows without a value")
        _legend(figure, axes)

    return _draw(
        "missing",
        paint,
        (_WIDE, 1.1 + 0.3 * len(names)),
        gaps,
        title="What is missing",
        alt="Dot chart of the share of rows without a value, by field.",
        shows="The share of the rows that have no value in a field.",
        read="Each mark is a file. The reference's counts are rounded down, so a mark at 0 may also mean a few rows.",
        act="Set the missing rates of the plan to those of the reference; a field that is often missing adds little to "
        "a linkage.",
    )


def _births(series: Sequence[_Series], gaps: Mapping[str, str]) -> Chart | None:
    drawn = [
        (item, birth_shares(item.figures.births))
        for item in series
        if item.figures.births and any(item.figures.births.years)
    ]
    if not drawn:
        return None

    def paint(figure: Any) -> None:
        axes = figure.add_subplot()
        for item, shares in drawn:
            _line(axes, item, [(year + 2.0, share) for year, share in shares.items()])
        _shares(axes.yaxis)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("year of birth, in groups of five")
        _legend(figure, axes)

    return _draw(
        "births",
        paint,
        (_WIDE, 3.3),
        gaps,
        title="Years of birth",
        alt="Line chart of the share of rows by five-year group of birth.",
        shows="The share of the dates of birth that fall into each group of five years.",
        read="A line further to the right is a younger file. The reference's small groups, such as the oldest, are "
        "drawn as 0.",
        act="If the reference covers other ages, set the coverage by age in the plan, or fit the generator to a table "
        "of ages.",
    )


def _errors(errors: Mapping[str, Errors], gaps: Mapping[str, str]) -> Chart | None:
    kinds = list(dict.fromkeys(kind for found in errors.values() for kind in found))
    if not kinds:
        return None
    asked = {
        kind: max(_number(found.get(kind, {}).get("asked")) for found in errors.values())
        for kind in kinds
    }
    kinds = sorted((kind for kind in kinds if asked[kind] > 0), key=lambda kind: -asked[kind])
    if not kinds:
        return None
    edge = asked[kinds[-1]] / 4  # smaller rates are drawn there

    def paint(figure: Any) -> None:
        axes = figure.add_subplot()
        axes.set_xscale("log")
        for (party, found), (colour, _, marker) in zip(errors.items(), _STYLES, strict=False):
            rates = [
                (place, max(_number(found[kind]["rate"]), edge))
                for place, kind in enumerate(kinds)
                if found.get(kind, {}).get("rate") is not None
            ]
            _dots(axes, f"{party}, made", colour, marker, rates)
        points = [(place, asked[kind]) for place, kind in enumerate(kinds)]
        _dots(axes, "asked", INK, "|", points, size=11)
        _rows(axes, [plain(kind) for kind in kinds], log=True)
        axes.set_xlim(left=edge * 0.9)
        axes.set_xlabel("share of the records where the error is possible (log scale)")
        _legend(figure, axes)

    return _draw(
        "errors",
        paint,
        (_WIDE, 1.1 + 0.21 * len(kinds)),
        gaps,
        title="Errors asked for and made",
        alt="Dot chart of error rates by kind, asked and made.",
        shows="For every kind of error, the rate that was asked for and the rate that was made, counted as the errors "
        "were made.",
        read="The upright stroke in each row is the rate asked for (the largest, if the files differ); a mark on it is "
        "a rate that was met. Each step of the logarithmic axis is ten times the rate. In small files, chance moves "
        "marks away from the stroke; a mark at the left edge is an error that was hardly made or not at all.",
        act="If a rate is far off, too few records can have the error, or errors of one field exclude each other; the "
        "table below has the counts.",
    )


def _differences(
    copies: Mapping[str, Differences],
    reference: Differences | Figures | None,
    gaps: Mapping[str, str],
) -> Chart | None:
    drawn = [
        (label, kind_shares(found), colour, marker)
        for (label, found), (colour, _, marker) in zip(copies.items(), _STYLES, strict=False)
    ]
    own = reference.differences if isinstance(reference, Figures) else reference
    if own:
        drawn.append(("reference", kind_shares(own), INK, "x"))
    kinds = [
        kind
        for kind in KINDS
        if kind not in _EQUAL and any(shares[kind] for _, shares, _, _ in drawn)
    ]
    if not drawn or not kinds:
        return None

    def paint(figure: Any) -> None:
        axes = figure.add_subplot()
        for label, shares, colour, marker in drawn:
            points = [(place, shares[kind]) for place, kind in enumerate(kinds)]
            _dots(axes, label, colour, marker, points)
        _rows(axes, [KINDS[kind] for kind in kinds])
        axes.set_xlabel("share of pairs, on average over the fields")
        _legend(figure, axes)

    return _draw(
        "differences",
        paint,
        (_WIDE, 1.1 + 0.29 * len(kinds)),
        gaps,
        title="How two records of one person differ",
        alt="Dot chart of the share of pairs of records by kind of difference.",
        shows="Pairs of records of one person (the first and each later one), and how their values differ, as seen in "
        "the texts, whatever the cause.",
        read="Made-up and real records are judged by the same rules, so the marks can be compared. Both copies may "
        "have errors, so a kind is seen up to twice as often as it is made in one file.",
        act="In the plan, raise or lower the rates of the errors that cause the kinds furthest apart.",
    )


def _draw(
    name: str,
    paint: Callable[[Any], None],
    size: tuple[float, float],
    gaps: Mapping[str, str],
    **words: str,
) -> Chart:
    """Return the chart; the sentence on how far the figures are apart follows what it shows."""
    words["shows"] = " ".join(part for part in (words["shows"], gaps.get(name, "")) if part)
    return draw_panels(name, words.pop("title"), paint, size=size, **words)


def _line(axes: Any, item: _Series, points: Sequence[tuple[float, float]]) -> None:
    axes.plot(
        [x for x, _ in points],
        [y for _, y in points],
        color=item.colour,
        linestyle=item.dash,
        linewidth=2.4 if item.label == "reference" else 1.8,
        label=item.label,
    )


def _dots(
    axes: Any,
    label: str,
    colour: str,
    marker: str,
    points: Sequence[tuple[int, float]],
    *,
    size: float = 5.5,
) -> None:
    axes.plot(
        [x for _, x in points],
        [y for y, _ in points],
        marker,
        color=colour,
        markersize=size,
        markerfacecolor="none" if marker != "x" else colour,
        markeredgewidth=1.5,
        label=label,
    )


def _rows(axes: Any, labels: Sequence[str], *, log: bool = False) -> None:
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0, labelsize=8.5)
    if log:
        axes.minorticks_off()
    else:
        high = max(axes.get_xlim()[1], 0.001)
        axes.set_xlim(-0.02 * high, high)
    _shares(axes.xaxis)


def _shares(axis: Any) -> None:
    axis.set_major_formatter(lambda value, _: f"{100 * value:g} %" if value >= 0 else "")


def _legend(figure: Any, axes: Any) -> None:
    handles, labels = axes.get_legend_handles_labels()
    if len(labels) > 1:
        figure.legend(handles, labels, loc="outside upper left", ncols=min(len(labels), 5))


def plain(name: str) -> str:
    """Return the name of a field or an error in words."""
    return name.replace("_", " ").replace(".", ": ")


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
