"""The made-up people that the benchmarks run on, from `pprl.synth`: the same agreement, columns and rows for all."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pprl import Agreement
from pprl.synth import corrupt, population

__all__ = ["FIELDS", "agreement", "clean_rows", "two_files"]

FIELDS = ["given_name", "surname", "date_of_birth", "address", "locality", "postcode"]

_AGREEMENT: dict[str, Any] = {
    "format": "pprl-agreement/1",
    "project": "Benchmark",
    # Budgets are the types' own defaults: nothing here is fitted to any data.
    "field": [
        {"name": "given_name", "type": "given-name"},
        {"name": "surname", "type": "surname"},
        {"name": "date_of_birth", "type": "date"},
        {"name": "address", "type": "address"},
        {"name": "locality", "type": "locality"},
        {"name": "postcode", "type": "postcode"},
    ],
    "blocking": [
        {"keys": ["soundex(surname)", "year(date_of_birth)"]},
        {"keys": ["metaphone(given_name)", "month(date_of_birth)", "day(date_of_birth)"]},
        {"keys": ["soundex(surname)", "metaphone(given_name)"]},
        {"keys": ["value(postcode)", "year(date_of_birth)"]},
        {"keys": ["value(postcode)", "soundex(surname)"]},
    ],
}


def agreement(*, blocking: bool = True, locality: str = "locality") -> Agreement:
    """Return the agreement, with or without blocking keys; `locality` is the name of that field."""
    names = {"locality": locality}
    fields = [
        {**item, "name": names.get(item["name"], item["name"])} for item in _AGREEMENT["field"]
    ]
    return Agreement.from_dict(
        {
            name: fields if name == "field" else value
            for name, value in _AGREEMENT.items()
            if blocking or name != "blocking"
        }
    )


def clean_rows(size: int, *, seed: int) -> pd.DataFrame:
    """Return people without errors: `rec_id`, `person` and the fields."""
    frame = population(size, seed=seed).frame()
    frame.insert(0, "rec_id", [f"r{number}" for number in range(size)])
    return frame[["rec_id", "person", *FIELDS]]


def two_files(
    size: int, *, overlap: float, seed: int, profile: str = "typical"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two files of `size` people each, with errors of their own; a share `overlap` of each is in both."""
    both = round(size * overlap)
    everybody = population(2 * size - both, seed=seed).frame()
    order = everybody.sample(frac=1, random_state=seed).reset_index(drop=True)
    files = []
    for party, rows in (("a", order.iloc[:size]), ("b", order.iloc[size - both :])):
        frame = corrupt(rows, profile=profile, seed=seed, party=party).frame
        frame = frame.assign(rec_id=[f"{party}{person}" for person in frame["person"]])
        files.append(frame[["rec_id", "person", *FIELDS]])
    return files[0], files[1]
