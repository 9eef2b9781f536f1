"""The report: one HTML file that refers to nothing outside it, and the same numbers as JSON.

The page is made from the JSON's own values and the charts, so that the two can't contradict each other. Neither
holds an id, a pseudonym or a value of a record, only counts and rates.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pprl.base.errors import OutputError
from pprl.page.html import render_page, write_pages
from pprl.quality.judging.evaluation import Evaluation
from pprl.quality.metrics import Rate
from pprl.quality.report.charts import draw_charts
from pprl.quality.report.content import report_content, to_json
from pprl.quality.report.words import expected_interval, interval, threshold_origin

__all__ = ["render_report", "write_report"]

_ROWS_SHOWN = 12
"""Rows of the curve that the page lists, about. Chosen to fit on a printed page; the JSON has every point."""

_HARDENING = {
    "none": "none",
    "xor-fold": "XOR-folded filters",
}
_BASIS = {
    "estimated": "estimated",
    "cautious": "almost no matches expected",
    "customary": "files too small to learn from",
    "given": "given by the operator",
}


def render_report(evaluation: Evaluation) -> str:
    """Return the report as one self-contained HTML page.

    The same evaluation gives the same text, whatever the day and the machine.
    """
    content = report_content(evaluation)
    return render_page(
        "pprl.quality.report",
        "report.html.j2",
        {
            "report": content,
            "curve_rows": _shown_rows(content),
            "hardening": _HARDENING,
            "basis": _BASIS,
            "score_name": evaluation.run.score_name,
            "origin": threshold_origin(evaluation.run),
            "origin_short": threshold_origin(evaluation.run, short=True),
        },
        charts=draw_charts(evaluation),
        filters={
            "interval": _interval,
            "expected_interval": _expected_interval,
            "noun": _noun,
        },
    )


def write_report(evaluation: Evaluation, path: Path | str, *, force: bool = False) -> Path:
    """Write the page to ``path`` and the numbers beside it as ``.json``, both or neither.

    Returns:
        The path of the JSON file.

    Raises:
        OutputError: an output exists and ``force`` is false, can't be written, or ``path`` itself ends in ``.json``.

    Example:
        >>> pprl.write_report(pprl.evaluate(links), "report.html").name
        'report.json'
    """
    path = Path(path)
    beside = path.with_suffix(".json")
    if beside == path:
        raise OutputError(
            f"{path} would be the HTML report, but ends in .json",
            hint="Name it report.html; the same numbers are written beside it as report.json.",
        )
    write_pages({path: render_report(evaluation), beside: to_json(evaluation)}, force=force)
    return beside


def _interval(rate: dict[str, Any]) -> str:
    return interval(Rate(**rate))


def _expected_interval(expected: dict[str, Any], name: str) -> str:
    return expected_interval(expected[f"{name}_low"], expected[f"{name}_high"])


def _noun(count: float, one: str) -> str:
    """Return the noun that follows a count: ``pair`` or ``pairs``."""
    return one if round(count) == 1 else f"{one}s"


def _shown_rows(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the points of the curve that the page lists: even steps, both ends, the threshold in use."""
    used = content["run"]["threshold"]
    points = content["curve"]["points"]
    step = max(1, -(-len(points) // _ROWS_SHOWN))
    at = next(i for i, point in enumerate(points) if point["threshold"] == used)
    return [
        {**point, "used": i == at}
        for i, point in enumerate(points)
        if i % step == at % step or i in (0, at, len(points) - 1)
    ]
