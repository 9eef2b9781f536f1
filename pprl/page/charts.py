"""Charts as SVG fragments: the same numbers give the same bytes.

They are drawn with matplotlib's SVG backend, without a window system; text stays text. Blue and vermilion are those of
Okabe and Ito (2008), which people with the common kinds of colour blindness can tell apart; green and purple are darker
than theirs, so that thin lines and text have enough contrast on white. Lines also differ in their dashes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

__all__ = [
    "BLUE",
    "GREEN",
    "GREY",
    "INK",
    "ORANGE",
    "PURPLE",
    "Chart",
    "draw_chart",
    "draw_panels",
]

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#D55E00", "#007A5A", "#A0527F"
GREY, INK = "#5F6B76", "#1B2733"

_FONT = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"
"""The reader's own font; matplotlib measures text in DejaVu Sans, which is wider than most."""

_SIZE = (6.6, 3.3)
"""Inches, at which text of 9 to 9.5 points has the size of the page's small print. Chosen by eye."""

_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "pprl",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E3E7EB",
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 9,
}
_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))
"""Left out, so that neither day nor machine changes the drawing."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart and the words that go with it.

    Attributes:
        name: a short name, for the HTML id.
        title: the heading.
        svg: the drawing: an ``<svg>`` element with a title and a description for screen readers.
        shows: what the chart shows.
        read: how to read it.
        act: what to do about it.
    """

    name: str
    title: str
    svg: str
    shows: str
    read: str
    act: str


def draw_chart(
    name: str,
    title: str,
    paint: Callable[[Any], None],
    *,
    alt: str,
    shows: str,
    read: str,
    act: str,
) -> Chart:
    """Draw one chart.

    Args:
        name: see :class:`Chart`; unique in its page.
        title: see :class:`Chart`.
        paint: draws on the matplotlib axes that it is called with.
        alt: the description for screen readers.
        shows: see :class:`Chart`.
        read: see :class:`Chart`.
        act: see :class:`Chart`.
    """

    def fill(figure: Any) -> None:
        paint(figure.add_subplot())

    return draw_panels(name, title, fill, alt=alt, shows=shows, read=read, act=act)


def draw_panels(
    name: str,
    title: str,
    paint: Callable[[Any], None],
    *,
    alt: str,
    shows: str,
    read: str,
    act: str,
    size: tuple[float, float] = _SIZE,
) -> Chart:
    """Draw several panels in one chart: `paint` gets the matplotlib figure, of `size` in inches, and adds its axes."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    stream = io.StringIO()
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        paint(figure)
        figure.savefig(stream, format="svg", metadata=_METADATA, transparent=True)
    svg = _inline(stream.getvalue(), name, title, alt)
    return Chart(name=name, title=title, svg=svg, shows=shows, read=read, act=act)


def _inline(document: str, name: str, title: str, alt: str) -> str:
    """Turn an SVG document into an element that can share a page with others."""
    body = document[document.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    prefix = f"chart-{name}-"
    body = re.sub(r'\bid="', f'id="{prefix}', body)
    body = body.replace("url(#", f"url(#{prefix}").replace('href="#', f'href="#{prefix}')
    body = re.sub(r"'?DejaVu Sans'?(, sans-serif)?", _FONT, body)
    opening = re.search(r'<svg [^>]*viewBox="([^"]+)"[^>]*>', body)
    if opening is None:
        raise ValueError("matplotlib wrote an SVG without a viewBox")
    head = (
        f'<svg viewBox="{opening[1]}" role="img" aria-labelledby="{prefix}title {prefix}desc" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">\n'
        f'<title id="{prefix}title">{escape(title)}</title>\n'
        f'<desc id="{prefix}desc">{escape(alt)}</desc>'
    )
    return head + body[opening.end() :].rstrip() + "\n"
