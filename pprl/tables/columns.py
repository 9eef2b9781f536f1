"""Which columns of a file answer which field of the agreement, how its dates are written, and what stands for a missing
value.

The agreement names fields; each party names its columns in its own way. The map stays with the party.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pprl.base.errors import DataError, UsageError
from pprl.tables.header import loose_name
from pprl.tables.missing import ALL_FIELDS, MissingRule, check_declared

__all__ = [
    "ColumnMap",
    "join_arrays",
    "join_columns",
    "load_column_map",
    "parse_column_options",
    "suggest",
]


_NEAR_COLUMN, _NEAR_NAME = 0.5, 0.6
"""How alike a name must be to be suggested (difflib's ratio). Chosen; not sensitive: it is only a hint."""


@dataclass(frozen=True, kw_only=True)
class ColumnMap:
    """A party's own names for the agreement's fields.

    Attributes:
        columns: field name -> the columns whose values, joined by a space, make the field's value. A field that is not
            named here is looked up under its own name.
        dates: field name -> date format such as ``DD/MM/YYYY`` (see :mod:`pprl.tables.dates`). The format of a date
            field that is not named here is recognised from its values.
        missing: field name, or ``all`` for every field -> values that count as missing in its columns. White space
            around a value and upper and lower case make no difference.
        missing_patterns: the same with regular expressions, which must match the whole value.

    Raises:
        UsageError: what can't be declared missing (:func:`pprl.tables.missing.check_declared`).

    Example:
        >>> own = pprl.ColumnMap(columns={"surname": ("last_name",)}, dates={"date_of_birth": "DD/MM/YYYY"},
        ...                      missing={"all": ["UNKNOWN"], "date_of_birth": ["01/01/1900"]})
        >>> own.names(["surname"])
        ['surname', 'last_name']
    """

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dates: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)
    missing_patterns: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_declared(self.missing, self.missing_patterns)

    def merged(self, other: ColumnMap) -> ColumnMap:
        """Return this map with the entries of ``other`` added; ``other`` wins, and missing values add up."""
        return ColumnMap(
            columns={**self.columns, **other.columns},
            dates={**self.dates, **other.dates},
            missing=_added(self.missing, other.missing),
            missing_patterns=_added(self.missing_patterns, other.missing_patterns),
        )

    def missing_rule(self, name: str) -> MissingRule | None:
        """Return what finds the declared missing values of a field, or None if there are none."""
        values, patterns = (
            [*declared.get(ALL_FIELDS, ()), *declared.get(name, ())]
            for declared in (self.missing, self.missing_patterns)
        )
        return MissingRule(values, patterns) if values or patterns else None

    def names(self, fields: Iterable[str]) -> list[str]:
        """Return every name under which columns for these fields are looked for."""
        return [*fields, *(column for columns in self.columns.values() for column in columns)]

    def check_fields(self, fields: Iterable[str]) -> None:
        """Refuse a map that names a field that the agreement does not have.

        Raises:
            DataError: an unknown field, with the nearest name as a hint.
        """
        known = list(fields)
        declared = [name for name in [*self.missing, *self.missing_patterns] if name != ALL_FIELDS]
        for name in [*self.columns, *self.dates, *declared]:
            if name not in known:
                raise DataError(
                    f"the column map names the field {name!r}, which the agreement does not have",
                    hint=suggest(name, known, "The agreement's fields"),
                )

    def resolve(
        self, fields: Sequence[str], header: Sequence[str], *, file: str
    ) -> dict[str, list[str]]:
        """Find every field's columns in a file's header.

        Names are compared exactly first, then without regard to case, spaces, hyphens and underscores.

        Args:
            fields: the agreement's fields.
            header: the file's columns.
            file: name of the file in messages.

        Raises:
            DataError: an unknown field, or a missing column; the hint names the closest column that answers no other
                field.
        """
        self.check_fields(fields)
        loose: dict[str, list[str]] = {}
        for column in header:
            loose.setdefault(loose_name(column), []).append(column)
        wanted = {name: self.columns.get(name, (name,)) for name in fields}
        found = {
            name: [_find(column, header, loose) for column in columns]
            for name, columns in wanted.items()
        }
        taken = {column for columns in found.values() for column in columns}
        free = [column for column in header if column not in taken]
        resolved: dict[str, list[str]] = {}
        for name, columns in found.items():
            resolved[name] = [column for column in columns if column is not None]
            if len(resolved[name]) < len(columns):
                raise _no_column(wanted[name][columns.index(None)], free, field=name, file=file)
        return resolved


def _added(
    one: Mapping[str, Sequence[str]], other: Mapping[str, Sequence[str]]
) -> dict[str, Sequence[str]]:
    return {name: (*one.get(name, ()), *other.get(name, ())) for name in [*one, *other]}


def _find(column: str, header: Sequence[str], loose: Mapping[str, list[str]]) -> str | None:
    if column in header:
        return column
    similar = loose.get(loose_name(column), [])
    return similar[0] if len(similar) == 1 else None


def _no_column(column: str, free: Sequence[str], *, field: str, file: str) -> DataError:
    loose = {loose_name(name): name for name in reversed(free)}
    near = get_close_matches(loose_name(column), list(loose), n=1, cutoff=_NEAR_COLUMN)
    if near:
        meant = loose[near[0]]
        hint = f"Did you mean {meant!r}? Say --column {field}={meant}."
    else:  # nothing is alike, so the first row may be data instead of names, and must not be shown
        hint = f"Say which column it is: --column {field}=COLUMN. The first row must hold the column names."
    return DataError(f"{file}: no column {column!r} for the field {field!r}", hint=hint)


def join_columns(texts: Sequence[pd.Series[str]], *, date: bool) -> pd.Series[str]:
    """Join the columns of one field, row by row: by a space, or by a slash for the parts of a date.

    An empty part of a date becomes ``?``, so that the other parts keep their places.
    """
    if len(texts) == 1:
        return texts[0]
    glue = "/" if date else " "
    parts = [[value or "?" for value in text] if date else list(text) for text in texts]
    return pd.Series([glue.join(row) for row in zip(*parts, strict=True)], dtype=object)


def join_arrays(texts: Sequence[pa.LargeStringArray], *, date: bool) -> pa.LargeStringArray:
    """Join the columns of one field, as Arrow arrays without nulls.

    Twin: :func:`join_columns`.
    """
    if len(texts) == 1:
        return texts[0]
    if date:
        texts = [pc.if_else(pc.equal(text, ""), "?", text) for text in texts]
    glue = pa.scalar("/" if date else " ", pa.large_string())
    return pc.binary_join_element_wise(*texts, glue).cast(pa.large_string())


def suggest(name: str, known: Sequence[str], what: str) -> str:
    """Return a hint with the closest known name, if any, and all of them."""
    near = get_close_matches(name, known, n=1, cutoff=_NEAR_NAME)
    meant = f"Did you mean {near[0]!r}? " if near else ""
    return f"{meant}{what}: {', '.join(known)}."


_TABLES = ("columns", "dates", "missing")
_PATTERNS = "patterns"
"""The table of patterns in the table of missing values."""


def load_column_map(path: Path | str) -> ColumnMap:
    """Read a party-side column map (TOML with the tables ``columns``, ``dates`` and ``missing``).

    Raises:
        DataError: missing, not TOML, an unknown table or a value of the wrong kind.

    Example:
        >>> pprl.load_column_map("health.columns.toml").columns["surname"]
        ('last_name',)
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file", hint="Check the path and the spelling.") from None
    except (ValueError, RecursionError):
        raise DataError(
            f"{path}: the column map is not TOML",
            hint='Write one line a field below [columns]: surname = "last_name".',
        ) from None
    except OSError as error:
        raise DataError(f"{path}: can't be read: {error.strerror}") from None
    for table in content:
        if table not in _TABLES:
            raise DataError(
                f"{path}: unknown entry {table!r} in the column map",
                hint=suggest(table, _TABLES, "Known tables"),
            )
        if not isinstance(content[table], dict):
            raise DataError(
                f"{path}: {table!r} must be a table", hint=f"Write [{table}] above its lines."
            )
    columns = {}
    for name, value in content.get("columns", {}).items():
        values = [value] if isinstance(value, str) else value
        if (
            not isinstance(values, list)
            or not values
            or not all(isinstance(v, str) for v in values)
        ):
            raise DataError(
                f"{path}: columns.{name} must be a column's name or a list of names",
                hint=f'For example {name} = "column" or {name} = ["house_number", "street"].',
            )
        columns[name] = tuple(values)
    dates = {}
    for name, value in content.get("dates", {}).items():
        if not isinstance(value, str):
            raise DataError(f'{path}: dates.{name} must be a text such as "DD/MM/YYYY"')
        dates[name] = value
    missing, patterns = _declared(content.get("missing", {}))
    try:
        return ColumnMap(columns=columns, dates=dates, missing=missing, missing_patterns=patterns)
    except UsageError as error:
        raise DataError(f"{path}: {error.problem}", hint=error.hint) from None


def _declared(table: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (values, patterns) of the table of missing values; :class:`ColumnMap` looks whether they are sound."""
    own = table.get(_PATTERNS)
    patterns = own if isinstance(own, dict) else {}
    values = {name: entry for name, entry in table.items() if entry is not patterns}
    return _lists(values), _lists(patterns)


def _lists(table: Mapping[str, Any]) -> dict[str, Any]:
    return {name: [entry] if isinstance(entry, str) else entry for name, entry in table.items()}


def parse_column_options(
    columns: Sequence[str], dates: Sequence[str], missing: Sequence[str] = ()
) -> ColumnMap:
    """Read ``FIELD=COLUMN`` or ``FIELD=COLUMN+COLUMN``, ``FIELD=FORMAT`` and ``FIELD=VALUE`` options.

    Raises:
        UsageError: an option without ``=`` or with an empty side, or a field that is named twice; a missing value that
            can't be declared.
    """

    def pair(option: str, flag: str) -> tuple[str, str]:
        name, equals, value = option.partition("=")
        if not equals or not name.strip() or not value.strip():
            told = "" if flag == "--missing" else f" {option!r}"  # it may be a value of the file
            raise UsageError(
                f"{flag}{told} is not of the form FIELD=VALUE",
                hint="For example --column surname=last_name, --date-format date_of_birth=DD/MM/YYYY, or --missing "
                "all=UNKNOWN.",
            )
        return name.strip(), value.strip()

    def once(options: Sequence[str], flag: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, value in (pair(option, flag) for option in options):
            if name in found:
                raise UsageError(
                    f"{flag} is given twice for the field {name!r}", hint="Leave one of them out."
                )
            found[name] = value
        return found

    parts = {}
    for name, value in once(columns, "--column").items():
        parts[name] = tuple(part.strip() for part in value.split("+"))
        if not all(parts[name]):
            raise UsageError(
                f"--column {name}={value} names an empty column",
                hint="Join columns as in --column address=house_number+street.",
            )
    formats = once(dates, "--date-format")
    declared: dict[str, list[str]] = {}
    for name, value in (pair(option, "--missing") for option in missing):
        declared.setdefault(name, []).append(value)
    return ColumnMap(columns=parts, dates=formats, missing=declared)
