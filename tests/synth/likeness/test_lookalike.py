"""The look-alike page and the numbers behind it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synth_figures_world import frame_of

from pprl.synth.likeness.disclosure import Disclosure, read_table
from pprl.synth.likeness.figures import measure
from pprl.synth.likeness.gaps import Gap, compare
from pprl.synth.likeness.page import render_lookalike

ERRORS = {
    "surname_letter_dropped": {"title": "a letter too few", "asked": 0.02, "made": 6, "possible": 300, "rate": 0.02},
    "names_swapped": {"title": "<b>swapped</b>", "asked": 0.001, "made": 0, "possible": 300, "rate": 0.0},
    "never": {"asked": 0.0, "made": 0, "possible": 0, "rate": None},
}  # fmt: skip
ABOUT = {
    "format": "pprl-synth/1",
    "version": "0.1.0",
    "plan": {"country": "gb", "seed": 7, "party": [{"name": "a", "id": None}], "rates": {}},
    "files": {"a": {"rows": 900, "people": 880, "duplicates": 20, "errors": ERRORS}, "b": {}},
}


class Page(HTMLParser):
    """Gathers text and attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.attributes, self.open = "", [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def made():
    return {
        name: measure(frame_of(300, shift=shift), person="person")
        for name, shift in (("a", 0), ("b", 1))
    }


@pytest.fixture(scope="module")
def reference():
    return measure(frame_of(600, shift=3), person="person")


@pytest.fixture(scope="module")
def full(made, reference, tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "surnames.csv"
    path.write_text("surname,count\nReed,12\nMoss,40\n")
    disclosure = Disclosure.of({"surname": read_table(path, ["surname"])})
    both = pd.concat([frame_of(300), frame_of(300, shift=1)], ignore_index=True)
    between = measure(both, person="person").differences
    return render_lookalike(made, reference, about=ABOUT, disclosure=disclosure, between=between)


def test_the_page_stands_alone_and_is_well_formed(full):
    page = Page(full)
    assert not page.open
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    for tag, name, value in page.attributes:
        assert tag not in ("script", "link", "img", "iframe", "object", "embed")
        if name in ("src", "href", "xlink:href"):
            assert value[:1] == "#"
            assert value[1:] in ids
        if not name.startswith("xmlns"):
            assert "://" not in value
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", full))


def test_every_chart_is_there_and_explained(full):
    page = Page(full)
    charts = [value for tag, name, value in page.attributes if (tag, name) == ("figure", "id")]
    assert charts == ["curve", "length", "missing", "births", "errors", "differences"]
    for words in ("What it shows", "How to read it", "What to do"):
        assert page.text.count(words) == len(charts)
    assert page.text.count("The largest gap from the reference is") == len(charts) - 1


def test_the_same_figures_give_the_same_page(made, reference):
    first = render_lookalike(made, reference, about=ABOUT)
    assert first == render_lookalike(made, reference, about=ABOUT)


def test_the_page_tells_what_was_asked_and_made(full):
    text = " ".join(Page(full).text.replace("\u00a0", " ").split())
    assert "names swapped<b>swapped</b>" in text  # markup of others stays text
    assert "countrygb seed7" in text
    assert "party[1].idnot given" in text
    assert "90020 of them duplicates, 300 examined" in text
    assert "the smallest cell stands for 12 records" in text
    assert "Nobody in the made-up files exists." in text


def test_no_value_of_a_record_is_told(full):
    text = Page(full).text
    for value in ("Reed", "Moss", "Quillby", "Eastmarrow", "Mill Road", "Fay-Lu", "p12"):
        assert value not in text


def test_the_page_says_what_was_rounded_and_left_out(made, reference, full):
    text = " ".join(Page(full).text.replace("\u00a0", " ").split())
    assert "each rounded down to a multiple of 10, including the number of rows" in text
    assert "reference: 600 rows; all counts are rounded down to a multiple of 10" in text
    assert "under 10" in text
    assert "SHA-256" not in text
    exact = {name: measure(frame_of(300)[["surname"]], k=1) for name in made}
    page = " ".join(Page(render_lookalike(exact, exact["a"])).text.split())
    assert "exact: there are small ones among them" in page
    assert "rounded down to a multiple" not in page


def test_without_a_reference_the_page_describes_the_files_alone(made):
    page = render_lookalike(made, about={})
    assert "no reference was given" in page
    assert "How far apart, figure by figure" not in page
    assert "The largest gap" not in page
    assert 'class="verdict unknown"' in page
    assert "No figures of a real file are on this page" in page


@pytest.mark.parametrize(
    "about",
    [
        None,
        {},
        {"files": None, "plan": None},
        {"files": {"a": {"errors": {"x": {}}}}},
        {"files": {"a": {"errors": {"x": {"asked": 0.1}}}}},
    ],
)
def test_missing_entries_are_no_harm(made, about):
    assert "Look-alike" in render_lookalike({"a": made["a"]}, about=about)


def test_files_too_small_for_any_figure_have_a_page():
    tiny = {"a": measure(frame_of(5), person="person", k=5)}
    assert "<h1>a</h1>" in render_lookalike(tiny, tiny["a"])
    none = {"a": measure(frame_of(5).head(0))}
    assert "too few rows to draw" in render_lookalike(none)


def test_files_beyond_the_colours_are_told(made):
    many = {f"f{i}": made["a"] for i in range(6)}
    assert "The charts show the first 4 files; 2 more are in the tables only." in render_lookalike(
        many
    )


def test_a_file_is_like_itself_and_unlike_another(made):
    same = compare("a", made["a"], made["a"])
    assert {gap.measure for gap in same} >= {"curve", "length", "births", "differences"}
    assert all(gap.gap == 0.0 and gap.alike for gap in same)
    other = measure(frame_of(300).assign(date_of_birth="2008-02-03"))
    years = [g.gap for g in compare("a", made["a"], other) if g.measure == "births"]
    assert years[0] > 0.9


def test_the_gap_of_lengths_is_the_kolmogorov_smirnov_distance():
    def file_of(*lengths):
        return measure(
            pd.DataFrame({"surname": ["x" * n for n in lengths for _ in range(20)]}, dtype=object)
        )

    gaps = compare("a", file_of(2, 4, 4, 8), file_of(4, 8, 8, 8))
    assert [gap.gap for gap in gaps if gap.measure == "length"] == [0.5]


@given(st.integers(2, 40), st.integers(2, 40), st.integers(0, 4))
def test_gaps_lie_between_0_and_1_and_do_not_depend_on_the_side(rows, others, shift):
    one, two = measure(frame_of(rows), k=2), measure(frame_of(others, shift=shift), k=2)
    there, back = compare("a", one, two), compare("a", two, one)
    assert {(g.measure, g.field): g.gap for g in there} == pytest.approx(
        {(g.measure, g.field): g.gap for g in back}
    )
    assert all(0 <= gap.gap <= 1 for gap in there)


def test_rare_things_are_judged_more_strictly():
    def gap(measure, value):
        return Gap(measure=measure, field="surname", party="a", gap=value)

    assert gap("length", 0.03).alike
    assert not gap("missing", 0.03).alike
    assert gap("missing", 0.004).words == gap("curve", 0.02).words
    assert gap("curve", 0.9).words == "different"
