"""What a record can tell grows with what it holds, and sparse records are not linked on their likeness alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pprl
from pprl.synth import population
from pprl.unit.weighing.record.held import most_told

FIELDS = [
    {"name": "given_name", "type": "given-name"},
    {"name": "surname", "type": "surname"},
    {"name": "date_of_birth", "type": "date"},
    {"name": "sex", "type": "sex"},
    {"name": "address", "type": "address"},
]
COLUMNS = [field["name"] for field in FIELDS]


def agreement(hardening: str = "none") -> pprl.Agreement:
    return pprl.Agreement.from_dict(
        {
            "format": "pprl-agreement/1",
            "project": "test",
            "field": FIELDS,
            "hardening": {"method": hardening},
        }
    )


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    frame = population(1500, seed=5).frame()[COLUMNS]
    return frame.assign(id=[f"r{number}" for number in range(len(frame))])


def encoded(
    frame: pd.DataFrame, settled: pprl.Agreement, party: str, key: pprl.Key
) -> pprl.Encoding:
    columns = pprl.ColumnMap(dates={"date_of_birth": "YYYY-MM-DD"})
    return pprl.encode(frame, settled, key, party=party, id_column="id", columns=columns)


@pytest.mark.parametrize("hardening", ["none", "xor-fold"])
def test_half_of_a_record_tells_sixteen_bits(people: pd.DataFrame, hardening: str) -> None:
    """Whatever the hardening: the share of the budgets that a record holds is read from its bits."""
    settled = agreement(hardening)
    budget = {field.name: field.budget for field in settled.field}
    total = sum(budget.values())
    lacking = people.iloc[:600].copy()
    lacking.loc[lacking.index[:300], ["date_of_birth", "sex", "address"]] = ""
    made = encoded(lacking, settled, "a", pprl.Key.generate())
    by_id = dict(zip(made.id_map["pseudonym"], made.id_map["id"], strict=True))
    ids = [by_id[name.tobytes().hex()] for name in made.encoded.pseudonyms]
    told = pd.Series(most_told(made.encoded.words(), settled), index=ids)
    names = (budget["given_name"] + budget["surname"]) / total
    expected = 16 * np.log(2) * names / (1 - names)
    assert told[[f"r{n}" for n in range(300)]].median() == pytest.approx(expected, rel=0.12)
    assert told[[f"r{n}" for n in range(300, 600)]].median() > 60


@pytest.mark.parametrize(
    "kept", [["surname"], ["given_name"], ["surname", "sex"], ["sex", "address"]]
)
def test_records_that_hold_next_to_nothing_are_counted_and_not_linked(
    people: pd.DataFrame, kept: list[str], make_pair: Callable[..., Any]
) -> None:
    """Though they are as alike as two records can be; the others are linked as before."""
    links, sparse = make_pair(people, kept)
    linked = set(links.links["pseudonym"])
    assert not linked & sparse
    assert links.run.counts.links >= 480
    for party in "ab":
        assert any(w.startswith(f"{party}: 30 records hold too little") for w in links.run.warnings)
    quality = links.expected_quality
    assert quality is not None
    assert quality.recall_low <= 500 / 530 <= quality.recall_high


@pytest.fixture(scope="module")
def make_pair() -> Callable[..., Any]:
    """Two files of 1,000 with 500 people in common, and 30 pairs of records of one person that hold a few fields."""

    def make(people: pd.DataFrame, kept: list[str]) -> tuple[pprl.Links, set[str]]:
        key, settled = pprl.Key.generate(), agreement()
        few = people.iloc[:30].copy()
        few[[name for name in COLUMNS if name not in kept]] = ""
        few["id"] = [f"x{number}" for number in range(30)]
        made = [
            encoded(pd.concat([rows, few], ignore_index=True), settled, party, key)
            for party, rows in (("a", people.iloc[30:1000]), ("b", people.iloc[500:1470]))
        ]
        links = pprl.match([encoding.encoded for encoding in made])
        sparse = {
            name
            for encoding in made
            for name, own in encoding.id_map.itertuples(index=False)
            if own.startswith("x")
        }
        return links, sparse

    return make
