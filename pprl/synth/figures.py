"""Aggregate figures of a people file: counts alone and no value, to hold a made-up file against a real one.

Counts under k are left out (None) and counted in `hidden`; a count of 0 stays. What could be worked out from the rest
was thought of:

- Lengths (with the missing values as length 0), years of birth and kinds of difference are partitions of a known total,
  so a second cell is left out with a small one (:func:`pprl.synth.disclosure.hide_small`).
- The name-frequency curve has no point that would part fewer than k records from the next point or from the end.
- A two-by-two table (letters of a kind, missing together, 1 January) is shown if none of its four cells is small.

What can still be derived: that a cell left out holds 1 or more, the sum of those left out, how frequent the most
frequent value is (not which), how many values there are, how many values are unique if those are k or more. Two sets of
figures of nearly the same file can be subtracted from each other: publish one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pprl.errors import DataError, UsageError
from pprl.synth.differences import first_and_others, measure_differences
from pprl.synth.disclosure import hide_small
from pprl.synth.figures_file import (
    LONGEST,
    YEARS,
    Births,
    Cell,
    Class,
    Differences,
    FieldFigures,
    Figures,
    MissingTogether,
    cells_of,
    read_figures,
    write_figures,
)
from pprl.synth.forms import FIELDS
from pprl.tables.columns import ColumnMap, join_columns, suggest
from pprl.tables.dates import DateFormat, recognise_format

__all__ = [
    "CLASSES", "NAMES", "Figures", "hide_differences", "measure", "read_figures", "write_figures",
]  # fmt: skip

DATE, SEX = "date_of_birth", "sex"
_FEMALE = "f female w weiblich femme femminile femenino kvinna vrouw kobieta"
_MALE = "m male männlich homme maschile masculino man mężczyzna"
_SEXES = {word: code for code, words in (("F", _FEMALE), ("M", _MALE)) for word in words.split()}
NAMES = ("given_name", "surname", "locality", "postcode")
"""Fields with a name-frequency curve."""
CLASSES: tuple[Class, ...] = ("accent", "hyphen", "apostrophe", "digit", "space")
_STEPS = tuple(step * 10**power for power in range(8) for step in (1, 2, 5))


def measure(
    frame: pd.DataFrame,
    *,
    columns: Mapping[str, str | Sequence[str]] | ColumnMap | None = None,
    person: str | None = None,
    k: int = 10,
) -> Figures:
    """Return the aggregate figures of a people file.

    Args:
        frame: text, one record a row.
        columns: the column or columns of each field; a :class:`ColumnMap` also says how dates are written. None: every
            field that is a column of its own name.
        person: the column that tells which records are of one person, where that is known; each person's first record
            is then compared with the person's others.
        k: counts under this are left out.

    Raises:
        UsageError: `k` below 1, or a column that the frame does not have.
        DataError: no field at all, or the values don't tell which way round dates are written.
    """
    if k < 1:
        raise UsageError(f"the smallest cell can't be {k}", hint="Give 1 or more; 10 is usual.")
    clean = _clean(frame, columns)
    missing = {name: (clean[name] == "").to_numpy() for name in clean.columns}
    births = _births(clean[DATE], missing[DATE], k) if DATE in clean.columns else None
    fields = {
        name: _field(name, clean[name], missing[name], k, births[1] if births else None)
        for name in missing
    }
    different = None
    if person is not None:
        _need(person, frame)
        first, others = first_and_others(frame[person].reset_index(drop=True))
        counted = measure_differences(clean.take(first), clean.take(others))
        different = hide_differences(counted, len(first), k=k)
    found = Figures(
        k=k,
        rows=len(clean),
        hidden=0,
        fields=fields,
        together=_together(missing, fields, k),
        births=births[0] if births else None,
        differences=different,
    )
    return found.model_copy(update={"hidden": sum(cell is None for cell in cells_of(found))})


def hide_differences(
    counted: tuple[dict[str, dict[str, int]], list[int]], pairs: int, *, k: int
) -> Differences | None:
    """Return what :func:`measure_differences` counted without its small cells; None for fewer than `k` pairs."""
    if pairs < k:
        return None
    by_field = {
        name: dict(zip(kinds, hide_small(list(kinds.values()), k), strict=True))
        for name, kinds in counted[0].items()
    }
    return Differences(pairs=pairs, fields=by_field, number=tuple(hide_small(counted[1], k)))


def _need(column: str, frame: pd.DataFrame) -> None:
    if column not in frame.columns:
        raise UsageError(
            f"there is no column {column!r}",
            hint=suggest(column, [str(name) for name in frame.columns], "Columns"),
        )


def _clean(
    frame: pd.DataFrame, columns: Mapping[str, str | Sequence[str]] | ColumnMap | None
) -> pd.DataFrame:
    """Return the fields' texts with single spaces, dates as YYYY-MM-DD where they can be read, sex as F and M."""
    given: Mapping[str, str | Sequence[str]]
    dates: Mapping[str, str] = {}
    if isinstance(columns, ColumnMap):
        given, dates = columns.columns, columns.dates
    elif columns is not None:
        given = columns
    else:
        given = {name: name for name in FIELDS if name in frame.columns}
    if not given:
        raise DataError(
            "there is no field to measure", hint=f"Name columns for: {', '.join(FIELDS)}."
        )
    texts = {}
    for name, wanted in given.items():
        parts = [wanted] if isinstance(wanted, str) else list(wanted)
        for column in parts:
            _need(column, frame)
        date = name == DATE or name in dates
        text = join_columns([frame[part].reset_index(drop=True) for part in parts], date=date)
        codes, values = pd.factorize(text)
        singles = [" ".join(str(value).split()) for value in values]
        if date:
            singles = _dates(singles, dates.get(name))
        elif name == SEX:
            singles = [_SEXES.get(value.casefold(), value) for value in singles]
        texts[name] = np.array(singles, dtype=object)[codes] if len(values) else text.to_numpy()
    return pd.DataFrame(texts, dtype=object)


def _dates(values: list[str], spec: str | None) -> list[str]:
    if spec is not None:
        form = DateFormat(spec)
    else:
        fits = recognise_format(value for value in values if value)
        if len(fits) > 1:
            raise DataError(
                "the dates of birth can be read in two ways: "
                + " or ".join(item.spec for item in fits),
                hint="Say which, in the table [dates] of the column map.",
            )
        form = fits[0] if fits else DateFormat("YYYY-MM-DD")
    read = [form.parse(value, salvage=True) if value else None for value in values]
    return [
        "" if not value else parts.text() if parts and any(parts) else "0000-00-00"
        for value, parts in zip(values, read, strict=True)
    ]


def _field(
    name: str, text: pd.Series[str], missing: Any, k: int, missing_dates: Cell | None
) -> FieldFigures:
    codes, values = pd.factorize(text[~missing])
    counts = np.bincount(codes, minlength=len(values))
    folded, _ = pd.factorize(np.array([value.casefold() for value in values], dtype=object))
    by_value = np.bincount(folded, weights=counts).astype(np.int64) if len(values) else counts
    once = int((by_value == 1).sum())
    lengths: tuple[Cell, ...] = ()
    if name != DATE:
        sizes = np.array([min(len(value), LONGEST) for value in values], dtype=np.int64)
        cells = np.bincount(sizes, weights=counts).astype(np.int64) if len(values) else counts
        found = [int(missing.sum()), *(int(cell) for cell in cells[1:])]
        lengths = tuple(hide_small(found, k))
    filled = int(counts.sum())
    with_class = {
        kind: int(counts[[_has(kind, value) for value in values]].sum()) if len(values) else 0
        for kind in CLASSES
    }
    return FieldFigures(
        missing=lengths[0] if lengths else missing_dates,
        distinct=len(by_value),
        once=_hide(once, k),
        lengths=lengths,
        curve=_curve(by_value, k) if name in NAMES else (),
        classes={kind: _hide(count, k, filled - count) for kind, count in with_class.items()}
        if name != DATE
        else {},
    )


def _has(kind: str, value: str) -> bool:
    if kind == "accent":
        return not value.isascii() and any(
            not char.isascii() and unicodedata.category(char)[0] in "LM" for char in value
        )
    if kind == "digit":
        return any(char.isdigit() for char in value)
    return any(char in value for char in {"hyphen": "-‐‑", "apostrophe": "'’`", "space": " "}[kind])


def _curve(by_value: Any, k: int) -> tuple[tuple[int, int], ...]:
    covered = np.cumsum(np.sort(by_value)[::-1])
    points: list[tuple[int, int]] = []
    for rank in _STEPS:
        if rank >= len(covered):
            break
        rows, before = int(covered[rank - 1]), points[-1][1] if points else 0
        if rows - before >= k and int(covered[-1]) - rows >= k:
            points.append((rank, rows))
    return tuple(points)


def _hide(count: int, k: int, *others: int) -> Cell:
    """Return the count unless it, or another cell of its little table, is small."""
    return None if any(0 < cell < k for cell in (count, *others)) else count


def _births(text: pd.Series[str], missing: Any, k: int) -> tuple[Births, Cell]:
    """Return the figures of the dates, and the rows without any."""
    year = text.str.slice(0, 4).where(~missing, "0000").astype(np.int64).to_numpy()
    known = year > 0
    start = int(year[known].min()) // YEARS * YEARS if known.any() else 0
    groups = np.bincount((year[known] - start) // YEARS)
    none, no_year = int(missing.sum()), int((~known & ~missing).sum())
    cells = hide_small([none, no_year, *(int(count) for count in groups)], k)
    day = text.str.slice(5)
    unknown = int((known & day.str.contains("00", regex=False).to_numpy()).sum())
    january = int((known & (day == "01-01").to_numpy()).sum())
    parts = hide_small([unknown, january, int(known.sum()) - unknown - january], k)
    births = Births(
        start=start,
        years=tuple(cells[2:]),
        no_year=cells[1],
        january_first=parts[1],
        no_day=parts[0],
    )
    return births, cells[0]


def _together(
    missing: Mapping[str, Any], fields: Mapping[str, FieldFigures], k: int
) -> tuple[MissingTogether, ...]:
    found = []
    some = [name for name in missing if missing[name].any()]
    for place, a in enumerate(some):
        for b in some[place + 1 :]:
            rows, both = len(missing[a]), int((missing[a] & missing[b]).sum())
            in_a, in_b = fields[a].missing, fields[b].missing
            cell, alone = None, None
            if in_a is not None and in_b is not None:
                cell = _hide(both, k, in_a - both, in_b - both, rows - in_a - in_b + both)
                alone = round(in_a * in_b / rows, 3)
            found.append(MissingTogether(fields=(a, b), rows=cell, independent=alone))
    return tuple(found)
