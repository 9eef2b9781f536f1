"""`make bench-intervals` on dirty files: what it makes, how it judges, and that a broken promise is no success."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def intervals() -> Iterator[ModuleType]:
    """The benchmark, imported as it is when it is run: its folder first on the path."""
    before = set(sys.modules)
    sys.path.insert(0, str(BENCHMARKS))
    import intervals

    yield intervals
    sys.path.remove(str(BENCHMARKS))
    for name in {"intervals", "dirty", "town", "trial"} - before:
        sys.modules.pop(name, None)


def run(kind: str = "copies", profile: str = "record", **more: Any) -> dict[str, Any]:
    told = {
        f"{measure}{end}": value
        for measure in ("precision", "recall")
        for end, value in (("", 0.9), ("_low", 0.8), ("_high", 0.95))
    }
    plain = {
        "kind": kind,
        "rate": 0.1,
        "profile": profile,
        "links": 5,
        "precision": 0.9,
        "recall": 0.9,
    }
    return {**plain, "told": told, **more}


def test_runs_with_an_estimate_are_held_to_it(intervals: ModuleType) -> None:
    rows = [run() for _ in range(8)] + [
        run(recall=0.7),
        run(precision=0.96),
        run(told=None, recall=0.1),
    ]
    (line,) = intervals.dirty_table(rows, ["kind", "profile"]).to_dict("records")
    assert (line["runs"], line["told"]) == (11, 10)
    assert (line["precision held"], line["recall held"]) == (0.9, 0.9)
    assert line["recall width"] == pytest.approx(0.15)
    assert line["recall"] == pytest.approx((9 * 0.9 + 0.7 + 0.1) / 11)


def test_a_run_without_links_has_no_precision_to_hold(intervals: ModuleType) -> None:
    rows = [run(links=0, precision=1.0)]
    (line,) = intervals.dirty_table(rows, ["kind", "profile"]).to_dict("records")
    assert np.isnan(line["precision held"])
    assert line["recall held"] == 1


def test_a_kind_below_nine_in_ten_is_named_and_fails(
    intervals: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    good = [
        run("copies", told=None),
        *(run("event file") for _ in range(9)),
        run("event file", recall=0.5),
    ]
    assert intervals.judge_dirty(good) == 0
    capsys.readouterr()
    assert intervals.judge_dirty([*good, run("event file", "fields", recall=0.5)]) == 3
    last = capsys.readouterr().out.splitlines()[-1]
    assert (
        last
        == "event file, fields: the interval of recall held the truth in 0% of 1 runs with an estimate"
    )


def test_each_kind_has_three_rates_and_people_of_its_own(intervals: ModuleType) -> None:
    dirty = intervals.dirty
    assert {kind.name for kind in dirty.KINDS} >= {
        "placeholders", "near-empty rows", "copies", "one-sided gaps", "split families", "swapped names",
    }  # fmt: skip
    found = list(dirty.cases([1, 2, 3]))
    assert len({case.seed for case in found}) == len(found) == len(dirty.KINDS) * 3 * 9
    assert {len(kind.rates) for kind in dirty.KINDS} == {3}
    assert not {case.country for case in found} & {"gb", "us", "de", "fr"}


def made(intervals: ModuleType, name: str, place: int = 2) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The two files of a kind, at its highest rate."""
    dirty = intervals.dirty
    cases = [
        case
        for case in dirty.cases([5], countries=("nl",), largest=300)
        if case.kind.name == name and case.rate == case.kind.rates[place]
    ]
    one, other = dirty.two_files(cases[0])
    assert set(one.columns) == set(other.columns) == {"rec_id", "person", *dirty.FIELDS}
    return one, other


def test_the_kinds_are_what_they_say(intervals: ModuleType) -> None:
    for frame in made(intervals, "placeholders"):
        assert 0.03 < (frame["date_of_birth"] == "1900-01-01").mean() < 0.2
    for frame in made(intervals, "near-empty rows"):
        left = frame[["given_name", "date_of_birth", "address", "postcode"]]
        assert 0.04 < ((left == "").sum(axis=1) >= 2).mean() < 0.2
    for frame in made(intervals, "copies"):
        assert frame["person"].duplicated().mean() == pytest.approx(0.1 / 1.1, abs=0.01)
    one, other = made(intervals, "event file")
    assert one["person"].is_unique
    assert other["person"].value_counts().max() == 4
    one, other = made(intervals, "swapped names")
    both = one.merge(other, on="person")
    swapped = (both["given_name_x"] == both["surname_y"]) & (
        both["surname_x"] == both["given_name_y"]
    )
    assert 0.03 < swapped.mean() < 0.25


def test_one_file_alone_has_gaps(intervals: ModuleType) -> None:
    """At the three rates another field each: a year alone, no date, no postcode."""
    gaps = set()
    for place, share in enumerate((0.3, 0.6, 1.0)):
        one, other = made(intervals, "one-sided gaps", place)
        year = other["date_of_birth"].str.endswith("-00-00")
        found = {
            "year": year.mean(),
            "date": (other["date_of_birth"] == "").mean(),
            "postcode": (other["postcode"] == "").mean(),
        }
        (kind,) = [name for name, value in found.items() if value > 0.2]
        gaps.add(kind)
        assert found[kind] == pytest.approx(share, abs=0.12)
        assert (one["postcode"] == "").mean() < 0.1
        assert one["date_of_birth"].str.endswith("-00-00").mean() < 0.1
    assert gaps == {"year", "date", "postcode"}


def test_pairs_are_counted_between_the_files(intervals: ModuleType) -> None:
    frame = pd.DataFrame(
        [("a", 1), ("a", 1), ("b", 1), ("b", 1), ("b", 1), ("a", 2), ("b", 3)],
        columns=["party", "person"],
    )
    assert intervals.dirty._pairs(frame, ["person"]) == 6
    assert intervals.dirty._pairs(frame.iloc[:0], ["person"]) == 0
    assert intervals.dirty._pairs(frame[frame["party"] == "a"], ["person"]) == 0
