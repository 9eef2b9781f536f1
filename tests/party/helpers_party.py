"""Small agreements, columns and tables for the tests of the party's room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pprl.exchange.agreement.field_types import FIELD_TYPES
from pprl.exchange.agreement.model import Agreement, AgreementField
from pprl.party.keys.key import Key
from pprl.party.reading.people import FieldColumn

KEY = Key(bytes(range(32)))

PEOPLE = pd.DataFrame(
    [
        ("1", "Anna", "O'Brien", "12/07/1987", "F", "QV1 6YQ"),
        ("2", "Zoë", "Mc Donald", "13/01/1990", "F", "0800"),
        ("3", "Сергей", "Щербаков", "??/07/1961", "M", ""),
        ("4", "", "", "", "", ""),
        ("5", "Ελένη", "Παπαδόπουλος", "1961", "", "1010 AB"),
    ],
    columns=["id", "given_name", "surname", "born", "sex", "postcode"],
)
TYPES = {
    "given_name": "given-name",
    "surname": "surname",
    "born": "date",
    "sex": "sex",
    "postcode": "postcode",
}


def make_agreement(types: Mapping[str, str] = TYPES, **entries: Any) -> Agreement:
    """Return an agreement of the given fields; other entries replace the defaults."""
    content = {
        "format": "pprl-agreement/1",
        "project": "tests",
        "field": [{"name": name, "type": kind} for name, kind in types.items()],
        **entries,
    }
    return Agreement.from_dict(content)


def make_field(kind: str, q: int | None = None, budget: int | None = None) -> AgreementField:
    """Return a field of a type."""
    default = FIELD_TYPES[kind]
    return AgreementField(
        name="x",
        type=kind,
        q=default.q if q is None or default.q == 0 else q,
        budget=default.budget if budget is None else budget,
    )


def make_column(field: AgreementField, values: Sequence[str]) -> FieldColumn:
    """Return a column of normal forms, one value a record."""
    distinct = list(dict.fromkeys(values))
    rows = np.array([distinct.index(value) for value in values], np.int64)
    return FieldColumn(field=field, columns=(field.name,), rows=rows, values=distinct)
