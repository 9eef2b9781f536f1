"""The waterfall of a match weight: from the prior, through every field, to the log-odds that result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pprl.base.words import plural
from pprl.page.charts import BLUE, GREY, INK, ORANGE, Chart, draw_panels
from pprl.quality.judging.contributions import DOUBTFUL, Contributions

__all__ = ["waterfall_chart"]

_ROW = 0.27
_FRAME = 1.1
_WIDTH = 6.6
"""Inches a bar is high, inches of title and axis, and inches the chart is wide. Chosen by eye: text of 8 to 9.5 points
does not overlap, and the width is that of the other charts."""


def waterfall_chart(every: Contributions, doubtful: Contributions | None) -> Chart:
    """Return the chart of what the fields add, for all accepted pairs and for the doubtful ones beside them."""
    panels = [(every, _title("all accepted pairs", every))]
    if doubtful is not None:
        panels.append((doubtful, _title(f"accepted below {100 * DOUBTFUL:.0f} %", doubtful)))
    rows = len(every.fields) + 3

    def paint(figure: Any) -> None:
        axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for each, (mean, title) in zip(axes, panels, strict=True):
            _paint(each, mean)
            each.set_title(title, fontsize=9.5, loc="left")

    told = ", ".join(f"{field.field} {field.bits:+.1f}" for field in every.fields)
    return draw_panels(
        "waterfall",
        "What the fields add to the evidence",
        paint,
        alt=f"Waterfall of bits: prior {every.prior:+.1f}, {told}, rivals {every.rivals:+.1f}; "
        f"total {every.log_odds:+.1f}.",
        shows="How the evidence for a link builds up, on average, in bits: one bit doubles the odds. It starts from "
        "the prior, the odds of a pair before anything is compared, and each field adds to it or takes from it."
        + (
            f" On the right are the accepted pairs whose match probability is below {100 * DOUBTFUL:.0f} %."
            if doubtful is not None
            else ""
        ),
        read="Each bar begins where the one above it ends. Bars to the right are evidence for one person, bars to the "
        "left for two. The last bar is the sum; at 0 both are equally likely.",
        act="A field that adds little could be left out of the next agreement, which would also leak less. One that "
        "takes away much in the doubtful pairs is often wrong or outdated: have it cleaned, or those pairs reviewed. "
        "`pprl explain` shows the same for a single link.",
        size=(_WIDTH, _FRAME + _ROW * rows),
    )


def _title(what: str, mean: Contributions) -> str:
    return f"{what} ({plural(mean.pairs, 'pair', 'pairs')})"


def _steps(mean: Contributions) -> Sequence[tuple[str, float]]:
    return [
        ("prior", mean.prior),
        *((field.field, field.bits) for field in mean.fields),
        ("rivals", mean.rivals),
    ]


def _paint(axes: Any, mean: Contributions) -> None:
    steps = _steps(mean)
    at = 0.0
    edges = [0.0]
    for row, (name, bits) in enumerate(steps):
        colour = GREY if name == "prior" and row == 0 else BLUE if bits >= 0 else ORANGE
        axes.barh(row, bits, left=at, height=0.62, color=colour)
        if row:
            axes.plot([at, at], [row - 1, row], color=GREY, linewidth=0.7)
        at += bits
        edges.append(at)
        _label(axes, row, max(at, at - bits), bits)
    axes.barh(len(steps), mean.log_odds, height=0.62, color=INK)
    _label(axes, len(steps), max(mean.log_odds, 0.0), mean.log_odds)
    axes.axvline(0, color=INK, linewidth=1)
    axes.set_yticks(range(len(steps) + 1), [*(name for name, _ in steps), "total"])
    axes.set_ylim(len(steps) + 0.6, -0.6)
    low, high = min(edges), max(*edges, mean.log_odds)
    axes.set_xlim(low - 0.04 * (high - low) - 0.5, high + 0.22 * (high - low) + 0.5)
    axes.set_xlabel("log-odds (bits)")


def _label(axes: Any, row: int, right: float, bits: float) -> None:
    axes.annotate(
        f"{bits:+.1f}".replace("-", "\N{MINUS SIGN}") if abs(bits) >= 0.05 else "0.0",
        (right, row),
        xytext=(3, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
        color=INK,
    )
