"""The report: one page with no outside reference, the JSON's numbers, nothing of a record."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from quality_world import make_world, pseudonym

from pprl.base.errors import OutputError
from pprl.quality import evaluate, judge_gates, render_report, to_json, write_report


@pytest.fixture
def known(world):
    """An evaluation with truth."""
    return evaluate(world.links, truth=world.truth, ids=world.ids)


@pytest.fixture(params=["truth", "estimate", "neither", "fields"])
def any_evaluation(request, known):
    """Each kind of evaluation in turn."""
    if request.param == "truth":
        return judge_gates(known, precision=0.9, recall=0.95)
    if request.param == "fields":
        return evaluate(make_world(estimate=True, profile="fields").links)
    return evaluate(make_world(estimate=request.param == "estimate").links)


class Page(HTMLParser):
    """Gathers attributes, ids, text and the numbers of <data> elements."""

    VOID = ("meta", "br", "link", "img")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str]] = []
        self.numbers: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag == "data":
            self.numbers.append(dict(attrs)["value"])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_page_refers_to_nothing_outside(any_evaluation):
    """No script, no link, no source and no url() but those inside the page."""
    html = render_report(any_evaluation)
    page = Page(html)
    assert not page.open
    for tag, name, value in page.attributes:
        assert tag not in ("script", "link", "img", "iframe", "object", "embed")
        if name in ("src", "href", "xlink:href", "action", "srcset", "data"):
            assert value.startswith("#"), (tag, name)
        if not name.startswith("xmlns"):
            assert "://" not in value, (tag, name)
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", html))
    assert "@import" not in html
    assert "@font-face" not in html


def test_ids_are_unique_and_every_reference_is_met(any_evaluation):
    page = Page(render_report(any_evaluation))
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    for _, name, value in page.attributes:
        if name in ("href", "xlink:href"):
            assert value[1:] in ids
        if name == "aria-labelledby":
            assert set(value.split()) <= set(ids)
        for target in re.findall(r"url\(#([^)]*)\)", value):
            assert target in ids


def test_every_chart_is_well_formed_named_and_explained(any_evaluation):
    html = render_report(any_evaluation)
    charts = re.findall(r"<svg .*?</svg>", html, flags=re.DOTALL)
    assert len(charts) >= 2
    assert html.count("How to read it") == html.count("What to do") == len(charts)
    for chart in charts:
        root = ET.fromstring(chart)
        names = [child.tag.rpartition("}")[2] for child in root]
        assert names[:2] == ["title", "desc"]
        assert root.get("role") == "img"
        assert "<text" in chart


def test_the_same_evaluation_gives_the_same_bytes(any_evaluation):
    assert render_report(any_evaluation) == render_report(any_evaluation)
    assert to_json(any_evaluation) == to_json(any_evaluation)


def numbers_in(content):
    if isinstance(content, dict):
        return [n for value in content.values() for n in numbers_in(value)]
    if isinstance(content, list):
        return [n for value in content for n in numbers_in(value)]
    return [float(content)] if isinstance(content, int | float) else []


def test_every_number_of_the_page_stands_in_the_json(any_evaluation):
    known_numbers = set(numbers_in(json.loads(to_json(any_evaluation))))
    page = Page(render_report(any_evaluation))
    shown = [float(value) for value in page.numbers if value]
    assert len(shown) > 20
    assert set(shown) <= known_numbers


def test_the_page_shows_the_quality_that_the_json_states(known):
    content = json.loads(to_json(known))
    html = render_report(known)
    for name in ("precision", "recall", "f1"):
        value = content["quality"][name]["value"]
        assert f'<data value="{value}">{100 * value:.1f}\u00a0%</data>' in html
    for sentence in content["summary"]:
        assert sentence.replace(" %", "\u00a0%") in Page(html).text
    for note in content["notes"]:
        assert note.replace(" %", "\u00a0%") in Page(html).text


def test_the_json_has_its_format_and_no_value_that_json_lacks(any_evaluation):
    content = json.loads(to_json(any_evaluation), parse_constant=pytest.fail)
    assert content["format"] == "pprl-report/2"
    assert content["curve"]["points"]
    assert len(content["run"]["agreement_fingerprint"]) == 64


def test_nothing_of_a_record_is_told(world, known):
    """Neither ids nor pseudonyms nor person numbers."""
    texts = render_report(known) + to_json(known)
    for record in world.every_id:
        assert record not in texts
    assert pseudonym("a", "A-0000") not in texts
    assert not re.search(r"\bp\d+\b", to_json(known))


def test_text_of_the_run_is_escaped(known):
    """The project's name and the run's warnings come from files of others."""
    html = render_report(known)
    assert "test &lt;linkage&gt;" in html
    assert "<linkage>" not in html
    assert "a warning with &lt;markup&gt;" in html


def test_without_truth_the_page_says_so_plainly():
    html = render_report(evaluate(make_world(estimate=True).links))
    assert "No truth was given" in html
    assert "ESTIMATED" in html
    assert "Sign-off" in html
    assert 'class="verdict unknown"' in html


def test_intervals_and_their_assumption_are_stated(known):
    html = render_report(known)
    assert "Wilson" in html
    assert "independent" in html
    assert "greedily" in html


def test_a_gate_that_is_not_met_stands_out(known):
    assert "NOT met" in render_report(judge_gates(known, recall=0.99))


def test_page_and_numbers_are_written_together(tmp_path, known):
    path = tmp_path / "report.html"
    assert write_report(known, path) == tmp_path / "report.json"
    assert path.read_text("utf-8") == render_report(known)
    assert (tmp_path / "report.json").read_text("utf-8") == to_json(known)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["report.html", "report.json"]


@pytest.mark.parametrize("standing", ["report.html", "report.json"])
def test_an_output_that_exists_is_kept_and_nothing_else_is_left(tmp_path, known, standing):
    (tmp_path / standing).write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        write_report(known, tmp_path / "report.html")
    assert [p.name for p in tmp_path.iterdir()] == [standing]
    assert (tmp_path / standing).read_text() == "mine"
    write_report(known, tmp_path / "report.html", force=True)
    assert (tmp_path / standing).read_text("utf-8") != "mine"


def test_a_report_named_as_its_own_json_is_refused(tmp_path, known):
    with pytest.raises(OutputError, match=r"ends in \.json"):
        write_report(known, tmp_path / "report.json")
    assert not list(tmp_path.iterdir())


def test_three_parties_are_listed_two_by_two():
    from quality_world import make_ids, make_links, make_truth

    people = [(party, "1", "x") for party in "abc"]
    links = make_links(list("abc"), [[("a", "1"), ("b", "1")]], [("a", "1", "b", "1", 0.9)])
    found = evaluate(links, truth=make_truth(people), ids=make_ids(p[:2] for p in people))
    assert "a – c" in render_report(found)


def test_a_run_without_any_pair_still_has_a_report():
    from quality_world import make_links

    for parties in (["a"], ["a", "b"]):
        html = render_report(evaluate(make_links(parties, [])))
        assert "Nothing was linked" in html
