"""Files that were made up, read back and held against the people they are about."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pprl.synth.files.forms import Form, write_form
from pprl.synth.making.make import make_files
from pprl.synth.making.plan import PopulationPlan
from pprl.synth.people.population import Population, populate
from pprl.synth.places.country import load_country


@dataclass(frozen=True)
class Files:
    """A made folder, read by the csv module alone."""

    folder: Path
    plan: PopulationPlan
    about: dict[str, Any]
    people: Population
    tables: dict[str, list[dict[str, str]]]
    truth: list[tuple[str, str, int]]

    def form(self, party: str) -> Form:
        names = [item.name for item in self.plan.parties()]
        place = names.index(party)
        return self.plan.parties()[place].form(place)

    def persons(self, party: str) -> np.ndarray:
        """The person of each row of a party's file, by the truth."""
        of = {own: person for name, own, person in self.truth if name == party}
        column = self.form(party).id
        return np.array([of[row[column]] for row in self.tables[party]], dtype=np.int64)

    def clean(self, party: str) -> list[dict[str, str]]:
        """What the rows would say without any error, in the party's own form."""
        form, rows = self.form(party), self.persons(party)
        fields = tuple(dict.fromkeys(part for parts in form.columns.values() for part in parts))
        ids = pa.array([row[form.id] for row in self.tables[party]], pa.string())
        text = self.people.text(rows, fields)
        return write_form(form, self.people.country.date_format, ids, text).to_pylist()

    def assert_truth(self) -> None:
        """Ids are unique in a file; each row has its line in the truth, and each line its row."""
        told = [(party, own) for party, own, _ in self.truth]
        assert len(set(told)) == len(told)
        rows = [(n, row[self.form(n).id]) for n, table in self.tables.items() for row in table]
        assert sorted(rows) == sorted(told)
        assert {person for _, _, person in self.truth} <= set(range(len(self.people)))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


Making = Callable[..., Files]


@pytest.fixture(scope="session")
def making(tmp_path_factory: pytest.TempPathFactory) -> Making:
    """Make files by a plan's entries and read them back."""

    def make(**entries: Any) -> Files:
        plan = PopulationPlan(**entries)
        folder = tmp_path_factory.mktemp("made") / "out"
        about = make_files(plan, folder).about
        people = populate(
            load_country(plan.country),
            people=plan.people,
            seed=plan.seed,
            as_of=date.fromisoformat(plan.as_of),
            towns=plan.towns,
            han=plan.han_names,
        )
        return Files(
            folder=folder,
            plan=plan,
            about=about,
            people=people,
            tables={party.name: rows_of(folder / f"{party.name}.csv") for party in plan.parties()},
            truth=[
                (r["party"], r["id"], int(r["person"])) for r in rows_of(folder / "truth.csv")
            ],
        )  # fmt: skip

    return make
