"""Small cells: refused on the way in, rounded to none on the way out."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synth_figures_world import Attacker, compositions, is_blurred, partitions

from pprl.base.errors import DataError, UsageError
from pprl.synth.likeness.disclosure import Disclosure, read_table, round_down
from pprl.synth.likeness.figures import CLASSES, measure


def write(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_is_read_with_its_facts(tmp_path):
    path = write(tmp_path, "sex,count,age\nF,10,40\nM,25,40\n")
    table = read_table(path, ["sex", "age"])
    assert table.values == (("F", "40"), ("M", "40"))
    assert list(table.counts) == [10, 25]
    facts = Disclosure.of({"age": table}).tables["age"]
    assert (facts.cells, facts.smallest, facts.total) == (2, 10, 30)
    assert len(table.sha256) == 64
    assert "'40'" not in repr(table)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("surname,count\nZzyzx,10\nQuux,9\n", "row 3 holds a count under 10"),
        ("surname,count\nZzyzx,0\nQuux,9\n", "row 2 holds a count under 10, and so do 1 more"),
        ("surname,count\nZzyzx,ten\n", "row 2 is not a whole number"),
        ("surname,count\nZzyzx,-20\n", "row 2 is not a whole number"),
        ("surname,count\nZzyzx,1e3\n", "row 2 is not a whole number"),
        ("surname,count\n,20\n", "row 2 has no value"),
        ("surname,count\nZzyzx,20\nZzyzx ,30\n", "rows 2 and 3 give the same cell"),
        ("name,count\nZzyzx,20\n", "no column 'surname'"),
        ("surname,number\nZzyzx,20\n", "no column 'count'"),
        ("surname,count,age\nZzyzx,20,4\n", "column 3 is not used"),
        ("surname,count\n", ""),
    ],
)
def test_a_table_that_is_not_fit_is_refused_without_a_value(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(DataError) as caught:
        read_table(path, ["surname"])
    said = f"{caught.value} {caught.value.hint}"
    assert message in said
    assert "table.csv" in said
    assert "zzyzx" not in said.lower()


def test_the_smallest_cell_can_be_another(tmp_path):
    path = write(tmp_path, "surname,count\nZzyzx,3\n")
    assert list(read_table(path, ["surname"], k=3).counts) == [3]
    with pytest.raises(DataError, match="under 4"):
        read_table(path, ["surname"], k=4)
    with pytest.raises(UsageError):
        read_table(path, ["surname"], k=0)


def test_the_statement_is_plain_and_goes_into_json(tmp_path):
    table = read_table(write(tmp_path, "surname,count\nZzyzx,30\n"), ["surname"])
    content = json.loads(json.dumps(Disclosure.of({"surname": table}).to_dict()))
    assert content["tables"]["surname"] == {
        "file": "table.csv",
        "columns": ["surname"],
        "cells": 1,
        "smallest": 30,
        "total": 30,
    }
    assert table.sha256 not in json.dumps(content)  # it would confirm a guess at a small table
    said = " ".join(content["statement"])
    assert "30 records" in said
    assert "Zzyzx" not in said
    small = read_table(write(tmp_path, "surname,count\nZzyzx,3\n"), ["surname"], k=2)
    assert "Many offices publish none under 10" in " ".join(
        Disclosure.of({"surname": small}, k=2).statement()
    )
    assert "none could be disclosed" in Disclosure.of({}).statement()[0]


def table_of(tmp_path, name, *counts):
    path = tmp_path / f"{name}.csv"
    path.write_text("age,count\n" + "".join(f"{5 * i},{n}\n" for i, n in enumerate(counts)))
    return read_table(path, ["age"])


@pytest.mark.parametrize(("gap", "fits"), [(0, True), (1, False), (9, False), (10, True)])
def test_totals_that_differ_by_a_small_cell_are_refused(tmp_path, gap, fits):
    tables = {
        "one": table_of(tmp_path, "one", 40, 60),
        "two": table_of(tmp_path, "two", 500),
        "three": table_of(tmp_path, "three", 30, 70 + gap),
    }
    if fits:
        Disclosure.of(tables)
        return
    with pytest.raises(DataError, match="one and three differ by fewer than 10") as caught:
        Disclosure.of(tables)
    assert str(100 + gap) not in f"{caught.value} {caught.value.hint}"
    Disclosure.of(tables, k=1)


def test_totals_are_told_in_multiples_of_the_smallest_cell(tmp_path):
    tables = {"a": table_of(tmp_path, "a", 58, 59), "b": table_of(tmp_path, "b", 143)}
    content = Disclosure.of(tables).to_dict()
    assert [table["total"] for table in content["tables"].values()] == [110, 140]
    assert "up to 30 records" in " ".join(content["statement"])


@given(st.integers(0, 10**9), st.integers(1, 1000))
def test_a_count_is_less_than_k_above_what_is_told(count, k):
    told = round_down(count, k)
    assert told % k == 0
    assert 0 <= count - told < k


def subsets(counts):
    """Give one choice of values for each number of rows that some of them can have."""
    found = {}
    for size in range(len(counts) + 1):
        for chosen in itertools.combinations(range(len(counts)), size):
            found.setdefault(sum(counts[i] for i in chosen), chosen)
    return found.items()


@pytest.mark.parametrize(("k", "most"), [(2, 7), (3, 8), (4, 11)])
def test_who_knows_the_program_and_tries_all_files_learns_no_small_count(k, most):
    """Every file of one field up to a size is measured; those with the same figures must differ in what is small."""
    alike = defaultdict(lambda: [set() for _ in range(4)])
    for rows in range(k, most + 1):
        for missing in range(rows + 1):
            for counts in partitions(rows - missing):
                for hyphens, chosen in subsets(counts):
                    texts = [""] * missing
                    for value, count in enumerate(counts):
                        texts += [("-" if value in chosen else "x") + chr(97 + value)] * count
                    frame = pd.DataFrame({"surname": texts}, dtype=object)
                    shown = json.dumps(measure(frame, k=k).to_dict())
                    filled = rows - missing
                    truth = (missing, filled, hyphens, filled - hyphens)
                    for held, cell in zip(alike[shown], truth, strict=True):
                        held.add(cell)
    assert len(alike) > 3
    for shown, cells in alike.items():
        assert all(is_blurred(held, k) for held in cells), shown


@pytest.mark.parametrize(("k", "sizes"), [(2, range(2, 6)), (3, range(3, 6))])
def test_who_tries_all_patterns_of_missing_values_learns_no_small_count(k, sizes):
    names = ["address", "locality", "postcode"]
    patterns = np.array(list(itertools.product((False, True), repeat=3)))
    asked = list(itertools.product((False, True, None), repeat=3))
    alike = defaultdict(lambda: [set() for _ in asked])
    for rows in sizes:
        for counts in compositions(rows, 8):
            gone = np.repeat(patterns, counts, axis=0)
            texts = np.array([["x" * (row + 1)] for row in range(rows)], dtype=object)
            frame = pd.DataFrame(np.where(gone, "", texts), columns=names, dtype=object)
            shown = json.dumps(measure(frame, k=k).to_dict())
            for held, wanted in zip(alike[shown], asked, strict=True):
                fits = np.ones(rows, dtype=bool)
                for field, value in enumerate(wanted):
                    fits &= value is None or gone[:, field] == value
                held.add(int(fits.sum()))
    for shown, cells in alike.items():
        assert all(is_blurred(held, k) for held in cells), shown


def truth_of(frame, cell):
    """Count what one of the attacker's cells stands for."""
    name, what = cell
    if name == "together":
        fits = [(frame[field] == "") == bool(gone) for field, gone in what]
        return int(np.logical_and.reduce(fits).sum())
    text = frame[name]
    filled = text != ""
    if what == "missing":
        return int((~filled).sum())
    if name == "date_of_birth":
        day = text[filled].str.slice(5)
        unknown, january = day.str.contains("00"), day == "01-01"
        if isinstance(what, int):
            return int((text[filled].str.slice(0, 4).astype(int) // 5 * 5 == what).sum())
        return int(
            {"january": january, "no_day": unknown, "rest": ~(january | unknown)}[what].sum()
        )
    if isinstance(what, int):
        return int((text.str.len() == what).sum())
    signs = dict(zip(CLASSES, ("é", "-", "'", "7", " "), strict=True))
    has = text.str.contains(signs[what.removeprefix("no ")], regex=False)
    return int((has if what in signs else filled & ~has).sum())


VALUES = {
    "surname": ["", "Reed", "Li-Moss", "Ann", "Fé O'Dell"],
    "date_of_birth": ["", "1921-05-06", "1970-01-01", "1985-00-00", "1985-03-04"],
    "locality": ["", "Eastmarrow", "Ash"],
    "postcode": ["", "QV7", "QV77", "QV 77"],
}


@settings(max_examples=25, deadline=None)
@given(st.data(), st.integers(3, 6))
def test_all_figures_together_leave_every_small_count_open(data, k):
    """No bound that follows from the figures, all at once, parts the numbers that a small cell may hold."""
    kinds = st.tuples(*(st.integers(0, len(values) - 1) for values in VALUES.values()))
    groups = data.draw(
        st.lists(st.tuples(kinds, st.integers(1, 3 * k)), min_size=3, max_size=9).filter(
            lambda found: sum(count for _, count in found) >= k
        )
    )
    rows = [
        [values[i] for values, i in zip(VALUES.values(), chosen, strict=True)]
        for chosen, count in groups
        for _ in range(count)
    ]
    frame = pd.DataFrame(rows, columns=list(VALUES), dtype=object)
    attacker = Attacker(json.loads(json.dumps(measure(frame, k=k).to_dict())))
    for cell in attacker.cells:
        if 0 < truth_of(frame, cell) < k:
            least, most = attacker.range_of(cell)
            assert most >= k - 1, cell
            assert least <= 1 or most >= k, cell


PAIRS = [("Ana", "Reed"), ("Ana", "Read"), ("Reed", "Ana"), ("", "Reed"), ("Ana", ""), ("Bo", "X")]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 14), min_size=6, max_size=6), st.integers(3, 6))
def test_kinds_of_difference_leave_every_small_count_open(counts, k):
    others = [pair for pair, count in zip(PAIRS, counts, strict=True) for _ in range(count)]
    people = [str(i) for i in range(len(others))]
    frame = pd.DataFrame(
        [["Ana", "Reed", who] for who in people]
        + [[*pair, who] for pair, who in zip(others, people, strict=True)],
        columns=["given_name", "surname", "person"],
        dtype=object,
    )
    exact = measure(frame, person="person", k=1).differences
    shown = measure(frame, person="person", k=k).to_dict()
    attacker = Attacker(shown)
    assert exact is not None
    for cell in attacker.cells:
        if cell[0] == "differences":
            truth = exact.fields[cell[1]].get(cell[2], 0)
        elif cell[0] == "number":
            truth = exact.number[cell[1]]
        else:
            continue
        if 0 < truth < k:
            least, most = attacker.range_of(cell)
            assert most >= k - 1, cell
            assert least <= 1 or most >= k, cell
