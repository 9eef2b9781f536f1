"""From a room's template and its numbers to one HTML page; pages are written whole or not at all.

A room's template imports the skeleton and the figures from ``parts.html.j2``. Nothing in a page refers to anything
outside of it, and the same content gives the same text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from pprl.base.outputs import Outputs, os_errors
from pprl.base.words import decimal, expected, percent, points, whole
from pprl.page.charts import Chart

__all__ = ["render_page", "write_pages"]

_PARTS = "parts.html.j2"


def render_page(
    room: str,
    template: str,
    content: Mapping[str, Any],
    *,
    charts: Sequence[Chart] = (),
    filters: Mapping[str, Callable[..., str]] | None = None,
) -> str:
    """Return a self-contained HTML page.

    Args:
        room: the package that the template belongs to; it lies in the package's folder ``templates``.
        template: the template's file name.
        content: what the template's names stand for; text is escaped.
        charts: become the template's ``charts``.
        filters: the template's own filters, beside those for numbers (:mod:`pprl.base.words`).
    """
    from jinja2 import DictLoader, Environment, StrictUndefined
    from markupsafe import Markup

    own = files("pprl.page") / "templates"
    sources = {
        template: (files(room) / "templates" / template).read_text("utf-8"),
        _PARTS: (own / _PARTS).read_text("utf-8"),
    }
    environment = Environment(
        loader=DictLoader(sources),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    numbers = {
        "percent": percent,
        "whole": whole,
        "decimal": decimal,
        "points": points,
        "expected": expected,
    }
    environment.filters.update({**numbers, **(filters or {})})
    # Our own style sheet, and drawings that are made from numbers and fixed words: markup by design.
    environment.globals["css"] = Markup((own / "page.css").read_text("utf-8"))  # noqa: S704
    drawn = [{**vars(chart), "svg": Markup(chart.svg)} for chart in charts]  # noqa: S704
    page = environment.get_template(template).render({**content, "charts": drawn})
    return re.sub(r"(?<=\d) %", "\u00a0%", page)  # no line break between a number and its sign


def write_pages(texts: Mapping[Path, str], *, force: bool = False) -> None:
    """Write texts as files, all or none.

    Raises:
        OutputError: one exists and ``force`` is false, or can't be written.
    """
    with Outputs(force=force) as outputs:
        for target, text in texts.items():
            with os_errors(target):
                outputs.file(target).write_text(text, encoding="utf-8", newline="\n")
