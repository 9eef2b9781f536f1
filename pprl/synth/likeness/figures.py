"""Aggregate figures of a people file: only counts and no values, to compare a made-up file with a real one.

Every count, including the number of rows, is rounded down to a multiple of k. A count under k looks like 0; so do the
shortest and longest texts and the oldest and youngest people, if there are fewer than k of them. The difference of two
such counts is known only to within k - 1. So a count that was small before rounding may, even for somebody who combines
all figures, still be anything from 1 to k - 1, or k or more. Whatever would tell more is left out. Whether something is
left out depends only on what is shown:

- how many values there are and how many occur once: where most are unique, these tell how many rows have a value;
- points of the name-frequency curve after which fewer than 2k rows seem to follow: a curve that is complete also tells
  how many rows have a value;
- a partition (lengths, years of birth, kinds of difference) that would fall short of its total even if all its cells
  were as large as they can be;
- pairs of fields that are missing together, except for a chain of neighbours: without a cycle of pairs, nothing follows
  for three fields beyond Fréchet's bounds (Dobra & Fienberg 2000, PNAS 97(22), theorem 1);
- the number of fields that differ, which depends on the kinds of difference of all fields, if any of these was small.

What can still be derived: how frequent the most frequent value is (but not which it is), and roughly how many values
there are. Somebody who knows the exact number of rows from elsewhere can narrow down a small count, in rare cases to
one number. Two sets of figures of nearly the same file can be subtracted from each other: publish only one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pandas as pd

from pprl.base.errors import DataError, UsageError
from pprl.synth.likeness.differences import first_and_others, measure_differences, possible_kinds
from pprl.synth.likeness.disclosure import SMALLEST_CELL, round_down
from pprl.synth.likeness.figures_file import (
    LONGEST,
    YEARS,
    Births,
    Class,
    Differences,
    FieldFigures,
    Figures,
    MissingTogether,
    read_figures,
    write_figures,
)
from pprl.synth.people.fields import FIELDS
from pprl.tables.columns import ColumnMap, join_columns, suggest
from pprl.tables.dates import DateFormat, recognise_format
from pprl.tables.frames import Table, as_frame
from pprl.tables.missing import ALL_FIELDS, blanked

__all__ = [
    "CLASSES", "NAMES", "Figures", "measure", "read_figures", "write_figures",
]  # fmt: skip

DATE, SEX = "date_of_birth", "sex"
_FEMALE = "f female w weiblich femme femminile femenino kvinna vrouw kobieta"
_MALE = "m male männlich homme maschile masculino man mężczyzna"
_SEXES = {word: code for code, words in (("F", _FEMALE), ("M", _MALE)) for word in words.split()}
NAMES = ("given_name", "surname", "locality", "postcode")
"""Fields with a name-frequency curve."""
CLASSES: tuple[Class, ...] = ("accent", "hyphen", "apostrophe", "digit", "space")
_KNOWN = (*FIELDS, "former_surname")
_GROUPS = 25
"""Five-year groups of birth that a file may have, as far as the figures show: 125 years, more than anybody's age."""
_STEPS = tuple(step * 10**power for power in range(8) for step in (1, 2, 5))
"""Numbers of most frequent values at which the curve is taken. Chosen; not sensitive: they are evenly spread on the
logarithmic axis."""


def measure(
    frame: Table,
    *,
    columns: Mapping[str, str | Sequence[str]] | ColumnMap | None = None,
    person: str | None = None,
    k: int = SMALLEST_CELL,
    source: str = "the table",
) -> Figures:
    """Return the aggregate figures of a people file.

    Args:
        frame: text, one record in each row, a missing value as an empty text; a pandas or polars DataFrame or a pyarrow
            Table.
        columns: the column or columns of each field that is to be measured; or a :class:`ColumnMap`, which also says
            how dates are written and what counts as missing. With a column map or None, all other fields that have a
            column of the same name are measured too. Columns are found as for encoding, ignoring case, spaces, hyphens
            and underscores.
        person: the column that tells which records are of one person, if that is known; each person's first record is
            then compared with the person's other records.
        k: counts are rounded down to a multiple of this; 1 gives exact counts.
        source: what messages call the frame, such as the path of its file.

    Raises:
        UsageError: a path in place of the table, `k` is below 1, or there is a field that a record does not have.
        DataError: no field at all, a column that the frame does not have or that holds something other than text, fewer
            than `k` records, or dates of which the values don't tell whether day or month comes first.
    """
    if k < 1:
        raise UsageError(f"the smallest cell can't be {k}", hint="Give 1 or more; 10 is usual.")
    frame = as_frame(frame, what="measure")
    if 0 < len(frame) < k:
        raise DataError(
            f"{source}: there are fewer than {k} records, too few to be measured",
            hint="Figures of so few records would point at single people.",
        )
    clean = _clean(frame, columns, source)
    missing = {name: (clean[name] == "").to_numpy() for name in clean.columns}
    if DATE in clean.columns:
        missing[DATE] |= clean[DATE].str.startswith("0000").to_numpy(dtype=bool)
    rows = round_down(len(clean), k)
    different = None
    if person is not None:
        first, others = first_and_others(_text(frame, _person(person, frame, source), source))
        counted = measure_differences(clean.take(first), clean.take(others))
        different = _differences(*counted, len(first), k)
    return Figures(
        k=k,
        rows=rows,
        fields={name: _field(name, clean[name], missing[name], rows, k) for name in missing},
        together=_together(missing, rows, k),
        births=_births(clean[DATE][~missing[DATE]], len(clean), k) if DATE in missing else None,
        differences=different,
    )


def _resolve(
    columns: Mapping[str, str | Sequence[str]] | ColumnMap | None, header: list[str], source: str
) -> dict[str, list[str]]:
    """Return each field's columns. A file without a header has people in its first row, so no message lists the row."""
    if isinstance(columns, ColumnMap):
        given = columns
    else:
        parts = {n: (c,) if isinstance(c, str) else tuple(c) for n, c in (columns or {}).items()}
        given = ColumnMap(columns=parts)
    declared = [*given.missing, *given.missing_patterns]
    for name in [*given.columns, *given.dates, *(n for n in declared if n != ALL_FIELDS)]:
        if name not in _KNOWN:
            raise UsageError(
                f"{name!r} is not a field that can be measured",
                hint=suggest(name, _KNOWN, "Leave all others out. Fields"),
            )
    found = ColumnMap(columns=given.columns).resolve(list(given.columns), header, file=source)
    for name in FIELDS if columns is None or columns is given else ():
        if name not in found:
            try:
                found |= ColumnMap().resolve([name], header, file=source)
            except DataError:
                if name in given.dates:
                    raise
    if not found:
        raise DataError(
            f"{source}: there is no field to measure",
            hint=f"Say which columns hold them. Fields: {', '.join(FIELDS)}.",
        )
    return {name: found[name] for name in _KNOWN if name in found}


def _person(person: str, frame: pd.DataFrame, source: str) -> str:
    header = [str(name) for name in frame.columns]
    try:
        found = ColumnMap(columns={"person": (person,)}).resolve(["person"], header, file=source)
    except DataError:
        raise DataError(
            f"{source}: there is no column {person!r} to tell people apart",
            hint="Check the spelling. The first row must hold the column names.",
        ) from None
    return found["person"][0]


def _text(frame: pd.DataFrame, column: str, source: str) -> pd.Series[str]:
    values = frame[column].to_numpy(dtype=object)
    if not all(isinstance(value, str) for value in values):
        raise DataError(
            f"{source}: the column {column!r} holds something other than text",
            hint='Keep it as text (pprl.read_csv_text does); a missing value is "".',
        )
    return pd.Series(values, dtype=object)


def _clean(
    frame: pd.DataFrame,
    columns: Mapping[str, str | Sequence[str]] | ColumnMap | None,
    source: str,
) -> pd.DataFrame:
    """Return the texts of the fields with single spaces, readable dates as YYYY-MM-DD, and sex as F and M."""
    dates = columns.dates if isinstance(columns, ColumnMap) else {}
    texts = {}
    for name, parts in _resolve(columns, [str(n) for n in frame.columns], source).items():
        date = name == DATE or name in dates
        rule = columns.missing_rule(name) if isinstance(columns, ColumnMap) else None
        cells = [blanked(_text(frame, part, source), rule) for part in parts]
        text = blanked(join_columns(cells, date=date), rule)
        codes, values = pd.factorize(text)
        singles = [" ".join(str(value).split()) for value in values]
        if date:
            singles = _dates(singles, dates.get(name), source)
        elif name == SEX:
            singles = [_SEXES.get(value.casefold(), value) for value in singles]
        texts[name] = np.array(singles, dtype=object)[codes] if len(values) else text.to_numpy()
    return pd.DataFrame(texts, dtype=object)


def _dates(values: list[str], spec: str | None, source: str) -> list[str]:
    if spec is not None:
        form = DateFormat(spec)
    else:
        fits = recognise_format(value for value in values if value)
        if len(fits) > 1:
            raise DataError(
                f"{source}: the dates of birth can be read in two ways: "
                + " or ".join(item.spec for item in fits),
                hint="Say which in the table [dates] of the column map.",
            )
        form = fits[0] if fits else DateFormat("YYYY-MM-DD")
    read = [form.parse(value, salvage=True) if value else None for value in values]
    return [
        "" if not value else parts.text() if parts and any(parts) else "0000-00-00"
        for value, parts in zip(values, read, strict=True)
    ]


def _field(name: str, text: pd.Series[str], missing: Any, rows: int, k: int) -> FieldFigures:
    codes, values = pd.factorize(text[~missing])
    counts = np.bincount(codes, minlength=len(values)).astype(np.int64)
    folded, _ = pd.factorize(np.array([value.casefold() for value in values], dtype=object))
    by_value = np.zeros(int(folded.max(initial=-1)) + 1, dtype=np.int64)
    np.add.at(by_value, folded, counts)
    coded = name in (DATE, SEX)
    sizes = np.zeros(LONGEST + 1, dtype=np.int64)
    np.add.at(sizes, [min(len(value), LONGEST) for value in values], counts)
    none = round_down(int(missing.sum()), k)
    return FieldFigures(
        missing=none,
        distinct=len(by_value) if k == 1 else None,
        once=int((by_value == 1).sum()) if k == 1 else None,
        lengths=() if coded else _partition(sizes[1:], LONGEST, rows - none, k),
        curve=_curve(by_value, rows - none, k) if name in NAMES else (),
        classes={} if coded else {kind: _rows_with(kind, values, counts, k) for kind in CLASSES},
    )


def _partition(counts: Any, cells: int, total: int, k: int) -> tuple[int, ...]:
    """Return the cells of a partition without the empty ones at its end, or none if they would tell too much.

    Args:
        counts: in each cell.
        cells: how many there may be, as far as is shown.
        total: of all cells, rounded down.
        k: the smallest cell.
    """
    shown = [round_down(int(count), k) for count in counts]
    while shown and not shown[-1]:
        shown.pop()
    return tuple(shown) if sum(shown) + (cells - 1) * (k - 1) >= total else ()


def _rows_with(kind: str, values: Sequence[str], counts: Any, k: int) -> int:
    return round_down(
        sum(int(n) for value, n in zip(values, counts, strict=True) if _has(kind, value)), k
    )


def _has(kind: str, value: str) -> bool:
    if kind == "accent":
        return not value.isascii() and any(
            not char.isascii() and unicodedata.category(char)[0] in "LM" for char in value
        )
    if kind == "digit":
        return any(char.isdigit() for char in value)
    return any(char in value for char in {"hyphen": "-‐‑", "apostrophe": "'’`", "space": " "}[kind])


def _curve(by_value: Any, total: int, k: int) -> tuple[tuple[int, int], ...]:
    """Return the points of the curve that rise above the point before.

    For k above 1, points after which fewer than 2k rows seem to follow are left out, judged by what is shown. The
    number of rows that a point covers is known only to within k - 1; so the last point leaves it open how many rows
    have a value, and how many more rare values there are.

    Args:
        by_value: rows of each value.
        total: rows with a value, as far as that is shown.
        k: the smallest cell.
    """
    covered = np.cumsum(np.sort(by_value)[::-1])
    points: list[tuple[int, int]] = []
    for rank in _STEPS:
        if rank >= len(covered):
            break
        rows = round_down(int(covered[rank - 1]), k)
        if rows > (points[-1][1] if points else 0) and (k == 1 or total - rows >= 2 * k):
            points.append((rank, rows))
    return tuple(points)


def _births(text: pd.Series[str], rows: int, k: int) -> Births:
    """Return the figures of the dates that have a year."""
    groups = np.bincount(text.str.slice(0, 4).astype(np.int64).to_numpy() // YEARS)
    known = round_down(rows, k) - round_down(rows - len(text), k)
    years = _partition(groups, _GROUPS, known, k)
    first = next((place for place, count in enumerate(years) if count), 0)
    day = text.str.slice(5)
    return Births(
        start=first * YEARS,
        years=years[first:],
        january_first=round_down(int((day == "01-01").sum()), k),
        no_day=round_down(int(day.str.contains("00", regex=False).sum()), k),
    )


def _together(missing: Mapping[str, Any], rows: int, k: int) -> tuple[MissingTogether, ...]:
    """Return pairs of fields that are missing together.

    For k above 1, only pairs that are neighbours among the fields with missing values, so that no pair is chosen by
    what it shows; and not if both are missing so often that they have to be missing together.
    """
    alone = {name: round_down(int(found.sum()), k) for name, found in missing.items()}
    names = [name for name, count in alone.items() if count]
    return tuple(
        MissingTogether(
            fields=(a, b),
            rows=round_down(int((missing[a] & missing[b]).sum()), k),
            independent=round(alone[a] * alone[b] / rows, 3),
        )
        for a, b in (combinations(names, 2) if k == 1 else pairwise(names))
        if k == 1 or alone[a] + alone[b] <= rows
    )


def _differences(
    by_field: Mapping[str, Mapping[str, int]], number: Sequence[int], pairs: int, k: int
) -> Differences | None:
    """Return what was counted in `pairs` pairs of records; None if there are fewer than `k`."""
    if pairs < k:
        return None
    total = round_down(pairs, k)
    fields = {}
    for name, kinds in by_field.items():
        if _partition(list(kinds.values()), len(possible_kinds(name)), total, k):
            shown = {kind: round_down(count, k) for kind, count in kinds.items()}
            fields[name] = {kind: count for kind, count in shown.items() if count}
    cells = [*number, *(count for kinds in by_field.values() for count in kinds.values())]
    small = any(0 < count < k for count in cells)
    return Differences(
        pairs=total,
        fields=fields,
        number=() if small else tuple(round_down(count, k) for count in number),
    )
