"""The quality report's charts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from pprl.base.words import decimal, percent, whole
from pprl.exchange.links.run_entries import ThresholdPoint
from pprl.page.charts import BLUE, GREEN, INK, ORANGE, Chart, draw_chart
from pprl.quality.judging.curve import CurvePoint
from pprl.quality.judging.evaluation import Evaluation
from pprl.quality.report.waterfall import waterfall_chart
from pprl.quality.report.words import SEEN

__all__ = ["draw_charts"]

_RATES = (("precision", BLUE, "-"), ("recall", ORANGE, "--"), ("f1", GREEN, "-."))
"""The lines of a threshold chart: attribute, colour, dashes."""


def draw_charts(evaluation: Evaluation) -> list[Chart]:
    """Return the charts that the evaluation has numbers for, in the report's order."""
    charts = [_threshold_chart(evaluation)]
    if evaluation.quality is None and _estimates(evaluation):
        charts.append(_links_chart(evaluation))
    charts.append(_score_chart(evaluation))
    if evaluation.run.threshold.histogram is not None:
        charts.append(_chance_chart(evaluation))
    if evaluation.contributions is not None:
        charts.append(waterfall_chart(evaluation.contributions, evaluation.doubtful))
    return charts


def _estimates(evaluation: Evaluation) -> bool:
    """Return whether the run's estimate is good for a line of percentages."""
    estimate = evaluation.run.threshold.estimate
    return estimate is not None and not estimate.quality.few_links and len(estimate.curve) > 1


def _axis(evaluation: Evaluation, name: str) -> str:
    return f"{name} ({evaluation.run.score_name})"


def _threshold_chart(evaluation: Evaluation) -> Chart:
    if evaluation.quality is not None:
        best = evaluation.curve.best()
        highest = (
            f"F1 is highest at {decimal(best.threshold)} ({percent(best.f1)}). " if best else ""
        )
        return _rates_chart(
            evaluation,
            evaluation.curve.points,
            title="Precision, recall and F1 by threshold",
            kind="measured against the truth",
            act=f"{highest}If false links do more harm, move right; if missed ones do, move left. Where the "
            "lines are flat around the threshold in use, its exact place does not matter.",
        )
    estimate = evaluation.run.threshold.estimate
    if estimate is None or not _estimates(evaluation):
        return _links_chart(evaluation)
    return _rates_chart(
        evaluation,
        estimate.curve,
        title="Estimated precision, recall and F1 by threshold",
        kind=f"ESTIMATED by the run, without truth. Recall is the share {SEEN}; F1 rests on that recall",
        act="Take it as a guide to the threshold and confirm it by reviewing pairs near the line.",
    )


def _rates_chart(
    evaluation: Evaluation,
    points: Sequence[CurvePoint | ThresholdPoint],
    *,
    title: str,
    kind: str,
    act: str,
) -> Chart:
    threshold = evaluation.run.threshold.value
    used, bottom = decimal(threshold), _bottom(points, threshold)

    def paint(axes: Any) -> None:
        from matplotlib.ticker import MaxNLocator

        for name, colour, dash in _RATES:
            rated = [
                (p.threshold, getattr(p, name)) for p in points if getattr(p, name) is not None
            ]
            label = "F1" if name == "f1" else name
            axes.plot(*_columns(rated), dash, color=colour, linewidth=2, label=label)
        axes.set_ylim(bottom, 1.0 + (1.0 - bottom) / 25)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        axes.set_xlim(points[0].threshold, 1.0)
        _mark(axes, threshold, f"used {used}")
        axes.set_xlabel(_axis(evaluation, "threshold"))
        _legend(axes, threshold)

    return draw_chart(
        "threshold",
        title,
        paint,
        alt=f"Line chart of precision, recall and F1 against the threshold; {used} was used.",
        shows=f"How the quality would change with the threshold, {kind}.",
        read="Each point of the horizontal axis is a threshold: pairs of at least that score are linked. "
        "Precision (solid) usually rises to the right and recall (dashed) falls."
        + (f" The vertical axis begins at {100 * bottom:.0f} %." if bottom else ""),
        act=act,
    )


def _bottom(points: Sequence[CurvePoint | ThresholdPoint], threshold: float) -> float:
    """Return where the vertical axis begins: just below the lowest rate up to the threshold, on a step of 0.05.

    Chosen: a span of at least 0.1 is shown, so that lines near 1 do not look like steep ones.
    """
    below = [getattr(p, name) for p in points if p.threshold <= threshold for name, _, _ in _RATES]
    lowest = min((value for value in below if value is not None), default=0.0)
    return math.floor(20 * max(0.0, min(lowest, 0.9) - 0.02)) / 20


def _links_chart(evaluation: Evaluation) -> Chart:
    run, points = evaluation.run, evaluation.curve.points

    def paint(axes: Any) -> None:
        xs, ys = _columns([(p.threshold, p.links) for p in points])
        axes.plot(xs, ys, color=BLUE, linewidth=2)
        axes.fill_between(xs, ys, color=BLUE, alpha=0.12, linewidth=0)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(lambda value, _: whole(value))
        axes.set_xlim(points[0].threshold, 1.0)
        _mark(axes, run.threshold.value, f"used {decimal(run.threshold.value)}")
        axes.set_xlabel(_axis(evaluation, "threshold"))
        axes.set_ylabel("linked pairs")

    return draw_chart(
        "links",
        "Linked pairs by threshold",
        paint,
        alt="Line chart of the number of linked pairs against the threshold.",
        shows="How many pairs would be linked at each threshold.",
        read="A flat stretch means that few pairs have such scores: a threshold there separates two groups. "
        "A steep one means that many pairs depend on the choice of threshold.",
        act="If the line is steep at the threshold in use, have pairs around it reviewed before using "
        "the links.",
    )


def _score_chart(evaluation: Evaluation) -> Chart:
    scores, run = evaluation.scores, evaluation.run
    known = scores.true is not None and scores.false is not None
    if scores.true is not None and scores.false is not None:
        series = (("pairs of one person", scores.true), ("pairs of two people", scores.false))
    else:
        series = (("accepted", scores.accepted), ("near, not accepted", scores.near))

    def paint(axes: Any) -> None:
        edges = [scores.start + step / 100 for step in range(len(scores.accepted) + 1)]
        for (label, counts), colour, hatch in zip(
            series, (BLUE, ORANGE), ("", "////"), strict=True
        ):
            axes.stairs(
                counts, edges, fill=True, facecolor=colour, alpha=0.35, linewidth=0, hatch=hatch
            )
            axes.stairs(counts, edges, color=colour, linewidth=1.6, label=label)
        _log_counts(axes, [count for _, counts in series for count in counts])
        axes.set_xlim(scores.start, 1.0)
        _mark(axes, run.threshold.value, f"used {decimal(run.threshold.value)}")
        axes.set_xlabel(_axis(evaluation, "score"))
        axes.set_ylabel("pairs (log scale)")
        _legend(axes, run.threshold.value)

    return draw_chart(
        "scores",
        "True and false pairs by score" if known else "Accepted and near pairs by score",
        paint,
        alt="Histogram of pairs by score in two groups: "
        + " and ".join(s[0] for s in series)
        + ".",
        shows="How many compared pairs have each score, from "
        f"{decimal(run.threshold.lowest_listed)} up, "
        + ("split by the truth." if known else "split by the run's decision."),
        read="The vertical axis is logarithmic: each step up is ten times as many pairs. Two hills "
        "with a valley between them are easy to separate; hills that overlap are not.",
        act="Where the two groups overlap, no threshold separates them: more or better fields would, or "
        "a clerical review of the pairs there.",
    )


def _chance_chart(evaluation: Evaluation) -> Chart:
    run, found = evaluation.run, evaluation.run.threshold.histogram
    if found is None:
        raise ValueError("the run has no histogram of best scores")
    alone = len(run.parties) == 1
    where = (
        "the other records of the file"
        if alone
        else "the other file"
        if len(run.parties) == 2
        else "another file"
    )

    def paint(axes: Any) -> None:
        edges = [step / len(found.best) for step in range(len(found.best) + 1)]
        axes.stairs(
            found.best, edges, fill=True, color=BLUE, alpha=0.4, label="best score of each record"
        )
        axes.stairs(
            found.chance, edges, color=ORANGE, linewidth=1.8, label="expected without a match"
        )
        some = [
            i for i, pair in enumerate(zip(found.best, found.chance, strict=True)) if max(pair) > 0
        ]
        axes.set_xlim(max(0.0, edges[min(some, default=0)] - 0.05), 1.0)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(lambda value, _: whole(value))
        _mark(axes, run.threshold.value, f"used {decimal(run.threshold.value)}")
        axes.set_xlabel(f"best score against {where}")
        axes.set_ylabel("sampled records")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=2)

    return draw_chart(
        "chance",
        "Best scores against chance",
        paint,
        alt="Histogram of records by their best score, with the curve expected by chance.",
        shows=f"For a sample of records, the best score that each reaches against {where}, and what "
        "it would be for records that have no match there."
        + (
            " One file alone does not show what chance produces: the line is extrapolated from the bulk of its scores."
            if alone
            else ""
        ),
        read="Where the filled hill stands above the line, there are more good scores than chance "
        + (
            "produces: those may be duplicates, or relatives. "
            if alone
            else "produces: those are matches. "
        )
        + "The threshold should lie to the right of the line's hill.",
        act="If the line's hill reaches beyond the threshold, raise the threshold or add a field that "
        "tells people apart.",
    )


def _columns(rows: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in rows], [y for _, y in rows]


def _mark(axes: Any, threshold: float, label: str) -> None:
    axes.axvline(threshold, color=INK, linewidth=1.2, linestyle=(0, (2, 2)))
    left, right = axes.get_xlim()
    place = (threshold - left) / (right - left)
    # Away from the legend, and inside the drawing. Chosen by eye: beyond 0.75 the label would be cut off on the right.
    on_left = 0.3 < place < 0.5 or place > 0.75
    axes.annotate(
        label,
        (threshold, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if on_left else 4, 3),
        textcoords="offset points",
        ha="right" if on_left else "left",
        va="bottom",
        fontsize=9,
        color=INK,
    )


def _legend(axes: Any, threshold: float) -> None:
    """Put the legend above the drawing, on the side that the threshold's label leaves free."""
    left, right = axes.get_xlim()
    side = "right" if threshold < (left + right) / 2 else "left"
    axes.legend(
        loc=f"lower {side}",
        bbox_to_anchor=(1.0 if side == "right" else 0.0, 0.99),
        ncols=3,
        borderaxespad=0.2,
    )


def _log_counts(axes: Any, counts: Sequence[int]) -> None:
    top = max(counts, default=0)
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(0, max(10, top * 2))
    axes.set_yticks([0, *(10**power for power in range(len(str(max(10, top)))))])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(lambda value, _: whole(value))
