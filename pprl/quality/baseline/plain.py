"""Plain files for the clear-text baseline: reading them, and bringing values into one form.

In this room plaintext appears only here and in :mod:`pprl.quality.baseline.run`. A baseline is not possible without
it, and only counts made from it leave these modules.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from pprl.base.errors import DataError
from pprl.exchange.agreement.model import Agreement
from pprl.tables import ColumnMap, join_columns, read_csv_text
from pprl.tables.dates import DateFormat, recognise_format
from pprl.tables.missing import blanked

__all__ = ["DATE_PARTS", "read_plain", "tidy"]

DATE_PARTS = ("year", "month", "day")


def read_plain(
    path: Path,
    *,
    agreement: Agreement,
    columns: ColumnMap | None = None,
    id_column: str = "id",
    header: bool = False,
) -> pd.DataFrame:
    """Read a party's plain file for the baseline.

    Args:
        path: the CSV file that the party encoded.
        agreement: names the fields.
        columns: the party's own names for them, its date formats and what it declares missing.
        id_column: the column that holds the party's ids, as in the truth.
        header: the first row holds column names, however much they look like data.

    Returns:
        A frame of ``str`` with the column ``id`` and one column per field of the agreement; dates as ``YYYY-MM-DD``
        with zeros for missing or impossible parts, empty if a date can't be read.

    Raises:
        DataError: unreadable, a missing column, an empty or duplicate id.
    """
    columns = columns or ColumnMap()
    fields = [item.name for item in agreement.field]
    raw = read_csv_text(
        path, what="people file", header=header, known=[id_column, *columns.names(fields)]
    )
    names = [str(name) for name in raw.columns]
    if id_column not in names:
        near = get_close_matches(id_column, names, n=1, cutoff=0.4)
        raise DataError(
            f"{path}: there is no column {id_column!r} to take the ids from",
            hint=(f"Did you mean {near[0]!r}? " if near else "")
            + f"Say which one with --id PARTY=COLUMN. The file's columns: {', '.join(names)}.",
        )
    ids = raw[id_column]
    if (ids == "").any() or ids.duplicated().any():
        raise DataError(
            f"{path}: an id in column {id_column!r} is missing or occurs twice",
            hint="Run `pprl check` on the file; the baseline needs a different id for each record.",
        )
    found = columns.resolve(fields, names, file=str(path))
    frame = {"id": ids}
    for item in agreement.field:
        rule = columns.missing_rule(item.name)
        parts = [blanked(raw[name], rule).str.strip() for name in found[item.name]]
        joined = blanked(join_columns(parts, date=item.type == "date"), rule).str.strip()
        if item.type == "date":
            joined = _dates(joined, columns.dates.get(item.name))
        frame[item.name] = joined
    return pd.DataFrame(frame)


def tidy(values: pd.Series[str], kind: str) -> pd.Series[str]:
    """Bring a field's values into one form: lower case, no accents, no punctuation; None if missing.

    Args:
        values: text; dates as ``YYYY-MM-DD``.
        kind: the field's type in the agreement.
    """
    if kind == "date":
        return values.where(values != "", None)
    form: Callable[[str], str] = _words
    if kind in ("postcode", "phone", "identifier"):
        form = _characters
    elif kind == "sex":
        form = _initial
    elif kind in ("email", "code"):
        form = _lower
    forms = {value: form(value) or None for value in values.unique()}
    return values.map(forms)


def _lower(text: str) -> str:
    return text.strip().lower()


def _words(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(ch for ch in plain if not unicodedata.combining(ch) and ch not in "'’")
    return " ".join("".join(ch if ch.isalnum() else " " for ch in kept).split())


def _characters(text: str) -> str:
    return "".join(ch for ch in text.lower() if ch.isalnum())


def _initial(text: str) -> str:
    return _words(text)[:1]


def _dates(values: pd.Series[str], spec: str | None) -> pd.Series[str]:
    distinct = [value for value in values.unique() if value.strip()]
    if spec is not None:
        how: DateFormat | None = DateFormat(spec)
    else:  # if the values don't show which is the day, both files get the same first guess
        how = next(iter(recognise_format(distinct)), None)
    readings = {"": ""}
    for value in distinct:
        parts = how.parse(value, salvage=True) if how else None
        readings[value] = parts.text() if parts and any(parts) else ""
    return values.map(readings).fillna("")
