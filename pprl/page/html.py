"""From a room's template and its numbers to one HTML page; pages are written whole or not at all.

A room's template imports the skeleton and the figures from ``parts.html.j2``. A page refers to nothing outside it, and
the same content gives the same text.
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
        room: the package that the template belongs to; the template is in its folder ``templates``.
        template: the template's file name.
        content: values for the template's names; text is escaped.
        charts: available to the template as ``charts``.
        filters: the template's own filters, in addition to those for numbers (:mod:`pprl.base.words`).
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
    # Our own style sheet, and drawings made from numbers and fixed words, are markup on purpose.
    environment.globals["css"] = Markup((own / "page.css").read_text("utf-8"))  # noqa: S704
    drawn = [{**vars(chart), "svg": Markup(chart.svg)} for chart in charts]  # noqa: S704
    page = environment.get_template(template).render({**content, "charts": drawn})
    return re.sub(r"(?<=\d) %", "\u00a0%", page)  # no line break between a number and its sign


def write_pages(texts: Mapping[Path, str], *, force: bool = False) -> None:
    """Write texts as files: all of them, or none.

    Raises:
        OutputError: a file exists and ``force`` is false, or can't be written.
    """
    with Outputs(force=force) as outputs:
        for target, text in texts.items():
            with os_errors(target):
                outputs.file(target).write_text(text, encoding="utf-8", newline="\n")
