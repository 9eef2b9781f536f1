"""The made-up people that the benchmarks run on, from `pprl.synth`: the same agreement, columns and rows for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pprl import Agreement
from pprl.exchange.agreement.defaults import DEFAULT_BITS
from pprl.exchange.agreement.draft_text import scaled_budgets
from pprl.party.drafting.budgets import propose_budgets
from pprl.synth import corrupt, population

__all__ = ["FIELDS", "NAMES", "agreement", "clean_rows", "proposed", "two_files"]

FIELDS = ["given_name", "surname", "date_of_birth", "address", "locality", "postcode"]
NAMES = ["given_name", "surname", "date_of_birth", "sex"]
"""Fields of a file without addresses."""

_TYPES = {
    "given_name": "given-name",
    "surname": "surname",
    "date_of_birth": "date",
    "sex": "sex",
    "address": "address",
    "locality": "locality",
    "postcode": "postcode",
}

_BLOCKING = [
    ["soundex(surname)", "year(date_of_birth)"],
    ["metaphone(given_name)", "month(date_of_birth)", "day(date_of_birth)"],
    ["soundex(surname)", "metaphone(given_name)"],
    ["value(postcode)", "year(date_of_birth)"],
    ["value(postcode)", "soundex(surname)"],
]


def agreement(
    *,
    blocking: bool = True,
    fields: Sequence[str] = FIELDS,
    profile: str = "record",
    first: pd.DataFrame | None = None,
) -> Agreement:
    """Return the agreement, with or without blocking keys.

    With a `first` file, budgets in the profile `record` are those that `pprl init` proposes for it; without one they
    are the types' own. Nothing here is fitted to any truth.
    """
    budgets = {}
    if first is not None and profile == "record":
        budgets = proposed(first, {name: (_TYPES[name], name) for name in fields})
    made: dict[str, Any] = {
        "format": "pprl-agreement/1",
        "project": "Benchmark",
        "field": [
            {
                "name": name,
                "type": _TYPES[name],
                **({"budget": budgets[name]} if budgets else {}),
            }
            for name in fields
        ],
    }
    if blocking:
        made["blocking"] = [
            {"keys": keys}
            for keys in _BLOCKING
            if all(key.partition("(")[2].rstrip(")") in fields for key in keys)
        ]
    if profile != "record":
        made["profile"] = profile
    return Agreement.from_dict(made)


def proposed(frame: pd.DataFrame, fields: Mapping[str, tuple[str, str]]) -> dict[str, int]:
    """Return the budgets that `pprl init` drafts for a file in the profile `record`.

    `fields`: name -> (type, column). No truth is looked at.
    """
    weights = propose_budgets(frame, [(name, *entry) for name, entry in fields.items()])
    return scaled_budgets(weights, DEFAULT_BITS["record"])


def clean_rows(size: int, *, seed: int) -> pd.DataFrame:
    """Return people without errors: `rec_id`, `person` and the fields."""
    frame = population(size, seed=seed).frame()
    frame.insert(0, "rec_id", [f"r{number}" for number in range(size)])
    return frame[["rec_id", "person", *FIELDS]]


def two_files(
    size: int,
    *,
    overlap: float,
    seed: int,
    profile: str = "typical",
    country: str = "gb",
    fields: Sequence[str] = FIELDS,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two files of `size` people each, with errors of their own; a share `overlap` of each is in both."""
    both = round(size * overlap)
    everybody = population(2 * size - both, country=country, seed=seed).frame()
    order = everybody.sample(frac=1, random_state=seed).reset_index(drop=True)
    files = []
    for party, rows in (("a", order.iloc[:size]), ("b", order.iloc[size - both :])):
        made = corrupt(rows, profile=profile, country=country, seed=seed, party=party)
        frame = made.frame.assign(rec_id=[f"{party}{person}" for person in made.frame["person"]])
        files.append(frame[["rec_id", "person", *fields]])
    return files[0], files[1]
