"""The historical figures, Splink's public data set `historical_figures_with_errors_50k`, as the benchmarks use it.

50,578 records of 5,156 people, made from Wikidata with errors in them; `cluster` is the truth. It is not in this
repository: `splink.splink_datasets.historical_50k` fetches it.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import town

from pprl import Agreement

__all__ = ["NAMES", "agreement", "figures", "some"]

_COLUMNS = {
    "given_name": ("first_name", "given-name"),
    "surname": ("surname", "surname"),
    "date_of_birth": ("dob", "date"),
    "birth_place": ("birth_place", "locality"),
    "postcode": ("postcode_fake", "postcode"),
    "occupation": ("occupation", "code"),
    "sex": ("gender", "sex"),
}
NAMES = ["given_name", "surname", "date_of_birth", "sex"]


def agreement(people: pd.DataFrame, *, profile: str, names: bool) -> Agreement:
    """Return the agreement over all fields, or over names, date of birth and sex alone; no blocking.

    Budgets in the profile `record` are those that `pprl init` proposes for these people.
    """
    chosen = {
        name: (kind, name) for name, (_, kind) in _COLUMNS.items() if not names or name in NAMES
    }
    budgets = town.proposed(people, chosen) if profile == "record" else {}
    return Agreement.from_dict(
        {
            "format": "pprl-agreement/1",
            "project": "Benchmark",
            "profile": profile,
            "field": [
                {"name": name, "type": kind, **({"budget": budgets[name]} if budgets else {})}
                for name, (kind, _) in chosen.items()
            ],
        }
    )


def figures(path: Path) -> pd.DataFrame:
    """Return `rec_id`, `person` and the fields as text, "" where a value is missing."""
    data = pd.read_parquet(path).astype(object).fillna("").astype(str)
    fields = {name: data[column] for name, (column, _) in _COLUMNS.items()}
    return pd.DataFrame({"rec_id": data["unique_id"], "person": data["cluster"], **fields})


def some(path: Path, people: int, out: Path) -> Path:
    """Write a file of the first people only; return its path."""
    data = pd.read_parquet(path)
    data[data["cluster"].isin(data["cluster"].unique()[:people])].to_parquet(out)
    return out
