"""The skeleton, the charts and the writing of pages."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from pprl.base.errors import OutputError
from pprl.base.words import plural, points, whole
from pprl.page import draw_chart, draw_panels, render_page, write_pages

WORDS = {"alt": "a line", "shows": "what", "read": "how", "act": "do"}


def line(axes):
    axes.plot([0, 1], [0, 2], label="x")


def test_a_chart_is_the_same_every_time_and_carries_its_words():
    chart = draw_chart("a", "Title <1>", line, **WORDS)
    assert chart == draw_chart("a", "Title <1>", line, **WORDS)
    root = ET.fromstring(chart.svg)
    assert [child.text for child in root][:2] == ["Title <1>", "a line"]
    assert (chart.shows, chart.read, chart.act) == ("what", "how", "do")


def test_ids_of_two_charts_do_not_meet():
    ids = []
    for name in "ab":
        svg = draw_panels(name, name, lambda figure: line(figure.subplots()), **WORDS).svg
        ids += [node.get("id") for node in ET.fromstring(svg).iter() if node.get("id")]
    assert len(ids) == len(set(ids)) > 4


def test_the_page_escapes_what_it_is_given():
    """The synthesiser's template on bare content: a title of markup stays text."""
    content = {
        "title": "<script>",
        "verdict": ["a & b"],
        "unsure": True,
        "tiles": [],
        "gaps": {"rows": []},
        "files": [],
        "differences": None,
        "together": [],
        "errors": None,
        "disclosure": [],
        "tables": [],
        "plan": [],
        "software": "",
        "undrawn": 0,
        "most": 4,
    }
    page = render_page("pprl.synth.likeness", "lookalike.html.j2", content)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "a &amp; b" in page
    assert page.startswith("<!DOCTYPE html>")
    assert page.endswith("</html>")


def test_pages_are_written_all_or_none(tmp_path):
    (tmp_path / "b").write_text("mine")
    with pytest.raises(OutputError):
        write_pages({tmp_path / "a": "1", tmp_path / "b": "2"})
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    write_pages({tmp_path / "a": "1", tmp_path / "b": "2"}, force=True)
    assert (tmp_path / "b").read_text() == "2"


def test_numbers_in_words():
    assert plural(1, "pair", "pairs") == "1 pair"
    assert plural(1200, "pair", "pairs") == "1,200 pairs"
    assert whole(24920000) == "24,920,000"
    assert points(0.123) == "12.3"
