"""Mean contributions of the fields: they add up for every two files, and tell of no single pair."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from quality_world import make_links, weight_of, with_run

from pprl.quality import evaluate, render_report, to_json
from pprl.quality.judging.contributions import FEWEST, mean_contributions


def linked(sure: int, doubtful: int, parties: str = "ab"):
    """Links of two files with so many pairs of a probability near 1 and so many just above one half."""
    scores = [0.9 + n / 1000 for n in range(sure)] + [0.605 + n / 10000 for n in range(doubtful)]
    pairs = [("a", str(n), "b", str(n), score) for n, score in enumerate(scores)]
    groups = [[(a, i), (b, j)] for a, i, b, j, _ in pairs]
    return make_links(list(parties), groups, pairs, profile="fields")


def content(links):
    return json.loads(to_json(evaluate(links)))


def names_a_field(html: str) -> bool:
    """Whether a table or chart of the page says something of a field."""
    return "What the fields add" in html or "bits added" in html or "accepted below 90" in html


@pytest.mark.parametrize("pairs", [1, 2, FEWEST - 1])
def test_few_pairs_are_told_of_neither_in_the_page_nor_in_the_json(pairs: int) -> None:
    links = linked(pairs, 0)
    told = content(links)
    assert told["contributions"] is None
    assert told["doubtful_contributions"] is None
    assert len(told["left_out"]) == 1
    assert "fewer than 10 of them" in told["left_out"][0]
    html = render_report(evaluate(links))
    assert told["left_out"][0] in html
    assert not names_a_field(html)


def test_ten_pairs_are_enough() -> None:
    told = content(linked(FEWEST, 0))
    assert told["contributions"]["pairs"] == FEWEST
    assert told["left_out"] == []
    assert names_a_field(render_report(evaluate(linked(FEWEST, 0))))


@pytest.mark.parametrize(
    ("sure", "doubtful", "shown"),
    [(20, 1, False), (20, 9, False), (20, 10, True), (10, 10, True), (9, 20, False), (0, 12, True)],
)
def test_the_doubtful_pairs_are_shown_only_where_neither_they_nor_the_others_are_few(
    sure: int, doubtful: int, shown: bool
) -> None:
    """The means over all and over some of the pairs tell those over the others."""
    links = linked(sure, doubtful)
    told = content(links)
    assert told["contributions"]["pairs"] == sure + doubtful
    assert (told["doubtful_contributions"] is not None) is shown
    html = render_report(evaluate(links)).replace("\u00a0", " ")
    assert ("accepted below 90 %" in html) is shown
    assert ("On the right are the accepted pairs" in html) is shown
    assert [
        bool(re.search("below a match probability of 90 %", why)) for why in told["left_out"]
    ] == ([] if shown else [True])
    assert all(why in html for why in told["left_out"])


def test_doubtful_pairs_have_means_of_their_own() -> None:
    every, doubtful, _ = mean_contributions(linked(20, 10))
    assert (every.pairs, doubtful.pairs) == (30, 10)
    odds = np.mean([40 * (0.605 + n / 10000 - 0.6) for n in range(10)])
    assert doubtful.log_odds == pytest.approx(odds, abs=0.01)


def test_nothing_is_left_out_where_there_is_nothing() -> None:
    assert mean_contributions(make_links(["a", "b"], [], profile="fields")) == (None, None, ())
    told = content(make_links(["a", "b"], []))
    assert (told["contributions"], told["left_out"]) == (None, [])


def test_each_two_files_have_their_own_prior() -> None:
    """A pair without rivals has weight and prior as its log-odds; the mean prior is for showing only."""
    ends = [("a", "b"), ("a", "c"), ("b", "c")]
    bits = dict(zip(ends, (-4.0, -9.0, -20.0), strict=True))
    pairs = [(a, str(n), b, str(n), 0.9) for a, b in ends for n in range(10)]
    groups = [[(a, i), (b, j)] for a, i, b, j, _ in pairs]
    links = make_links(list("abc"), groups, pairs, profile="fields")
    priors = [{"party_a": a, "party_b": b, "bits": prior} for (a, b), prior in bits.items()]
    links = with_run(links, {"model.priors": priors})
    prior = np.array([bits[a, b] for a, _, b, _, _ in pairs])
    links.pairs["probability"] = 1 / (1 + 2.0 ** -(links.pairs["weight"] + prior))
    every, _, _ = mean_contributions(links)
    assert every.prior == pytest.approx(-11.0)
    assert every.rivals == pytest.approx(0, abs=0.01)
    assert every.log_odds == pytest.approx(weight_of(0.9) - 11.0, abs=0.01)
    links.pairs["probability"] = 1.0
    every, _, _ = mean_contributions(links)
    assert every.rivals == pytest.approx(0, abs=0.01)


def test_rivals_of_some_files_are_seen_beside_others() -> None:
    ends = [("a", "b"), ("a", "c"), ("b", "c")]
    pairs = [(a, str(n), b, str(n), 0.7) for a, b in ends for n in range(10)]
    groups = [[(a, i), (b, j)] for a, i, b, j, _ in pairs]
    links = make_links(list("abc"), groups, pairs, profile="fields")
    links = with_run(links, {"model.priors.2.bits": -8.5})
    own = np.array([-6.5] * 20 + [-8.5] * 10)
    taken = np.array([0.0] * 20 + [3.0] * 10)
    links.pairs["probability"] = 1 / (1 + 2.0 ** -(links.pairs["weight"] + own - taken))
    every, _, _ = mean_contributions(links)
    assert every.rivals == pytest.approx(-1.0, abs=0.01)
