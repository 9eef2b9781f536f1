"""Aggregate figures as a frozen model, and as a JSON file that is checked strictly when it is read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pprl.base.errors import DataError
from pprl.page.html import write_pages
from pprl.synth.likeness.differences import KINDS
from pprl.tables.bounded import read_bounded

__all__ = [
    "FIGURES_FORMAT",
    "LONGEST",
    "YEARS",
    "Births",
    "Class",
    "Differences",
    "FieldFigures",
    "Figures",
    "MissingTogether",
    "cells_of",
    "read_figures",
    "write_figures",
]

FIGURES_FORMAT = "pprl-figures/1"
LONGEST = 60
"""The last length with a count of its own; longer texts are counted there too. Chosen; not sensitive: hardly any text
of a record is longer."""
YEARS = 5
"""Years of birth in a group: as in the tables of most offices."""
MOST_STEPS = 24
"""Points of a curve at most: as many as `figures._STEPS` has."""
_SIZE_LIMIT = 1 << 24
"""Bytes of a file at most. Chosen; not sensitive: figures have some kilobytes."""

Count = Annotated[int, Field(ge=0, le=10**12)]
"""A count of records or values, rounded down to a multiple of k: the true one is up to k - 1 larger."""
Rank = Annotated[int, Field(ge=1, le=10**12)]
"""A number of most frequent values."""
Class = Literal["accent", "hyphen", "apostrophe", "digit", "space"]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FieldFigures(_Part):
    """One field's figures.

    Attributes:
        missing: rows without a value; of dates, without a readable year.
        distinct: number of different values, ignoring case; None for k above 1.
        once: values that occur once; None for k above 1.
        lengths: rows by number of characters, from 1 up; empty for dates and sex.
        curve: pairs of a number of values and the rows that so many most frequent values cover; names and places only.
        classes: rows with an accent or another letter outside ASCII, a hyphen, an apostrophe, a digit, a space; empty
            for dates and sex.
    """

    missing: Count
    distinct: Count | None
    once: Count | None
    lengths: tuple[Count, ...] = Field(default=(), max_length=LONGEST)
    curve: tuple[tuple[Rank, Count], ...] = Field(default=(), max_length=MOST_STEPS)
    classes: dict[Class, Count]

    @model_validator(mode="after")
    def _rising(self) -> FieldFigures:
        for (rank, rows), (later, more) in pairwise(self.curve):
            if later <= rank or more < rows:
                raise ValueError("a curve has to rise")
        return self


class MissingTogether(_Part):
    """Rows in which two fields are both missing, and how many there would be if they were missing independently."""

    fields: tuple[Name, Name]
    rows: Count
    independent: float = Field(ge=0, allow_inf_nan=False)


class Births(_Part):
    """Dates of birth.

    Attributes:
        start: first year of the first group that is shown; groups are of five years.
        years: rows by group.
        january_first: rows born on 1 January, among those with a year.
        no_day: rows with a year whose day or month is unknown.
    """

    start: int = Field(ge=0, le=3000, multiple_of=YEARS)
    years: tuple[Count, ...] = Field(max_length=600)
    january_first: Count
    no_day: Count


class Differences(_Part):
    """Each person's first record compared with the person's other records.

    Attributes:
        pairs: of records.
        fields: for each field, pairs by kind of difference (see :data:`pprl.synth.likeness.differences.KINDS`); kinds
            without pairs are left out.
        number: pairs by the number of fields that differ, from 0 up; empty if a count was too small to be shown.
    """

    pairs: Count
    fields: dict[Name, dict[str, Count]]
    number: tuple[Count, ...] = Field(max_length=200)

    @model_validator(mode="after")
    def _known(self) -> Differences:
        for kinds in self.fields.values():
            for kind in kinds:
                if kind not in KINDS:
                    raise ValueError("a kind of difference is not known")
        return self


class Figures(_Part):
    """Aggregate figures of one file.

    Attributes:
        k: all counts are rounded down to a multiple of this.
        rows: of the file.
        fields: by field.
        together: pairs of fields that have missing values.
        births: None if there is no date of birth.
        differences: None if it is not known which records are of one person, or if there are fewer than `k` pairs.
    """

    format: Literal["pprl-figures/1"] = "pprl-figures/1"
    k: int = Field(ge=1)
    rows: Count
    fields: dict[Name, FieldFigures] = Field(max_length=100)
    together: tuple[MissingTogether, ...] = Field(default=(), max_length=5000)
    births: Births | None = None
    differences: Differences | None = None

    @model_validator(mode="after")
    def _cells(self) -> Figures:
        if any(cell % self.k for cell in cells_of(self)):
            raise ValueError(f"a count is not a multiple of {self.k}, as all have to be")
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain values."""
        return self.model_dump(mode="json")

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], *, source: str = "the figures") -> Figures:
        """Check figures given as plain values.

        Raises:
            DataError: an unknown or missing entry, a value of the wrong kind, or a count that is not a multiple of k.
        """
        try:
            return cls.model_validate_json(json.dumps(content))
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(step) for step in problem["loc"][:3]) or "content"
            reason = problem["msg"].removeprefix("Value error, ")
            raise DataError(
                f"{source}: {where}: {reason}", hint=f"Figures have the format {FIGURES_FORMAT}."
            ) from None
        except (TypeError, ValueError, RecursionError):
            raise DataError(f"{source}: not figures of the format {FIGURES_FORMAT}") from None


def cells_of(figures: Figures) -> list[int]:
    """Return all counts in a file's figures."""
    cells = [figures.rows]
    for item in figures.fields.values():
        cells += [item.missing, item.distinct or 0, item.once or 0, *item.lengths]
        cells += [*item.classes.values(), *(rows for _, rows in item.curve)]
    cells += [pair.rows for pair in figures.together]
    if figures.births:
        births = figures.births
        cells += [*births.years, births.january_first, births.no_day]
    if figures.differences:
        cells.append(figures.differences.pairs)
        cells += [c for kinds in figures.differences.fields.values() for c in kinds.values()]
        cells += figures.differences.number
    return cells


def read_figures(path: Path | str) -> Figures:
    """Read figures that :func:`write_figures` wrote.

    Raises:
        DataError: missing, unreadable, too long, not JSON, or not figures.
    """
    path = Path(path)
    text = read_bounded(path, what="figures", limit=_SIZE_LIMIT)
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        raise DataError(
            f"{path}: is not JSON", hint=f"Figures have the format {FIGURES_FORMAT}."
        ) from None
    return Figures.from_dict(values, source=str(path))


def write_figures(figures: Figures, path: Path | str, *, force: bool = False) -> None:
    """Write figures as JSON, whole or not at all.

    Raises:
        OutputError: the file exists and `force` is false, or can't be written.
    """
    text = json.dumps(figures.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_pages({Path(path): text}, force=force)
