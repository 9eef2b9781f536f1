"""Files of made-up people as registers have them, kind by kind, for `intervals.py --dirty`.

A kind of dirt is made at three rates on top of typical errors, by the same means as `pprl synth --profile register`.
The people are of countries on which no default was chosen: budgets were searched on gb, us, de and fr, and the model's
error was chosen on gb.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import town
import trial

import pprl
from pprl.synth import ErrorRequest, Population, corrupt, population
from pprl.synth.files.members import choose_members, file_rows
from pprl.synth.people.relatives import draw_pairs, relatives

__all__ = ["FIELDS", "KINDS", "Case", "Kind", "cases", "linked", "two_files"]

FIELDS = [*town.FIELDS, "sex"]
COUNTRIES = ("nl", "se", "it")
OVERLAPS = (0.5, 0.2, 0.8)
SMALLEST, LARGEST = 2000, 4000
"""People a file."""

ONE_SIDED = ("date_of_birth, the year alone", "date_of_birth", "postcode")
"""What one file lacks, in turn by seed."""

Rates = Callable[[str, float], Mapping[str, float]]


def _no_errors(party: str, rate: float) -> Mapping[str, float]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of dirt.

    Attributes:
        name: as the tables have it.
        rates: three of them.
        meaning: what a rate is a share of.
        errors: the error rates of a party ("a" or "b") at a rate, beside or instead of the typical ones.
        duplicates: the rate is that of people with a second row, in both files.
        events: the rate is the number of rows that a person of the second file has at most.
        split: the rate is that of relatives in different files.
        one_sided: the rate is that of the second file's rows without a value, see `ONE_SIDED`.
    """

    name: str
    rates: tuple[float, ...]
    meaning: str
    errors: Rates = field(default=_no_errors)
    duplicates: bool = False
    events: bool = False
    split: bool = False
    one_sided: bool = False


def _placeholders(party: str, rate: float) -> Mapping[str, float]:
    return {
        "birth_and_home_placeholder": rate,
        "given_name_placeholder": rate,
        "unidentified_person": rate / 10,
    }


def _remnants(party: str, rate: float) -> Mapping[str, float]:
    return dict.fromkeys(
        ("only_surname_and_sex", "only_given_name_and_year", "only_surname"), rate / 3
    )


def _swapped(party: str, rate: float) -> Mapping[str, float]:
    return {"names_swapped": rate} if party == "b" else {}


KINDS = (
    Kind(name="placeholders", rates=(0.01, 0.05, 0.1), errors=_placeholders,
         meaning="records with 1900-01-01 and no home, as many without a given name, a tenth as many with nothing"),
    Kind(name="near-empty rows", rates=(0.01, 0.05, 0.1), errors=_remnants,
         meaning="records with surname and sex, given name and year, or surname alone"),
    Kind(name="copies", rates=(0.02, 0.05, 0.1), duplicates=True, meaning="people with a second row, both files"),
    Kind(name="event file", rates=(2, 3, 4), events=True,
         meaning="rows of a person of the second file at most, one-to-many"),
    Kind(name="one-sided gaps", rates=(0.3, 0.6, 1.0), one_sided=True,
         meaning="rows of the second file without day and month, without date of birth, or without postcode"),
    Kind(name="split families", rates=(0.4, 0.7, 1.0), split=True,
         meaning="pairs of twins, of siblings, of parent and child in different files"),
    Kind(name="swapped names", rates=(0.02, 0.05, 0.1), errors=_swapped,
         meaning="records of the second file with given name and surname swapped"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Case:
    """A population and what is done to it.

    Attributes:
        kind, rate: of the dirt.
        country, seed: of the people.
        overlap: share of either file's people who are in both.
        size: people a file.
    """

    kind: Kind
    rate: float
    country: str
    seed: int
    overlap: float
    size: int


def cases(
    seeds: list[int], *, countries: tuple[str, ...] = COUNTRIES, largest: int = LARGEST
) -> Iterator[Case]:
    """Yield each kind at each rate on each country and seed; no two cases have the same people."""
    number = 0
    for kind in KINDS:
        for rate in kind.rates:
            for at, country in enumerate(countries):
                for seed in seeds:
                    number += 1
                    smallest = min(SMALLEST, largest)
                    yield Case(
                        kind=kind,
                        rate=rate,
                        country=country,
                        seed=1000 * seed + number,
                        overlap=OVERLAPS[(at + seed) % len(OVERLAPS)],
                        size=int(
                            np.random.default_rng([seed, number]).integers(smallest, largest + 1)
                        ),
                    )


def two_files(case: Case) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two files of a case: `rec_id`, `person` and `FIELDS`."""
    everybody = population(
        round(case.size * (2 - case.overlap)), country=case.country, seed=case.seed
    )
    apart = None
    if case.kind.split:
        apart = draw_pairs(case.seed, relatives(everybody.residents), case.rate)
    members = choose_members(case.seed, len(everybody), 2, case.overlap, [None, None], apart=apart)
    one, other = (
        _written(case, everybody, party, rows) for party, rows in zip("ab", members, strict=True)
    )
    return one, other


def _written(case: Case, everybody: Population, party: str, held: Any) -> pd.DataFrame:
    kind = case.kind
    rows = file_rows(
        case.seed,
        party,
        held,
        case.rate if kind.duplicates else 0.0,
        most_rows=int(case.rate) if kind.events and party == "b" else None,
    )
    made = corrupt(
        everybody.frame(rows),
        profile=ErrorRequest(profile="typical", rates=kind.errors(party, case.rate)),
        country=case.country,
        seed=case.seed,
        party=party,
        within=everybody,
    ).frame
    if kind.one_sided and party == "b":
        _leave_gaps(made, case)
    made["rec_id"] = [f"{party}{number}" for number in range(len(made))]
    return made[["rec_id", "person", *FIELDS]]


def _leave_gaps(frame: pd.DataFrame, case: Case) -> None:
    """Take what the second file does not hold from a share of its rows."""
    without = np.random.default_rng([case.seed, 1]).random(len(frame)) < case.rate
    field_name, _, part = ONE_SIDED[case.seed % len(ONE_SIDED)].partition(",")
    values = frame[field_name]
    known = values.str[:4].where(values == "", values.str[:4] + "-00-00") if part else ""
    frame[field_name] = values.where(~without, known)


def linked(case: Case, frames: tuple[pd.DataFrame, pd.DataFrame], profile: str) -> dict[str, Any]:
    """Link the files and return what is true and what the run said: rates count pairs, as `pprl evaluate` does."""
    made = trial.link(
        frames,
        town.agreement(blocking=False, fields=FIELDS, profile=profile, first=frames[0]),
        options=pprl.MatchOptions(assign="one-to-many" if case.kind.events else "people"),
    )
    links = made.links.links.assign(person=made.links.links["pseudonym"].map(made.person))
    true, found = _pairs(links, ["link_id", "person"]), _pairs(links, ["link_id"])
    records = pd.concat(
        [frame.assign(party=party) for frame, party in zip(frames, "ab", strict=True)]
    )
    matches = _pairs(records, ["person"])
    told = made.links.expected_quality
    return {
        "kind": case.kind.name,
        "rate": case.rate,
        "profile": profile,
        "country": case.country,
        "seed": case.seed,
        "overlap": case.overlap,
        "links": found,
        "matches": matches,
        "precision": true / found if found else 1.0,
        "recall": true / matches if matches else 1.0,
        "warnings": len(made.links.run.warnings),
        "told": told and {name: getattr(told, name) for name in trial.ESTIMATES},
    }


def _pairs(frame: pd.DataFrame, of: list[str]) -> int:
    """Return the pairs of a record of each file in the same group."""
    sizes = frame.groupby([*of, "party"]).size().unstack("party", fill_value=0)
    return int((sizes.get("a", 0) * sizes.get("b", 0)).sum()) if len(sizes) else 0
