"""A country fitted to an office's own aggregate tables: names and ages are as frequent as in the tables.

Only counts go in, and none below a smallest cell (:mod:`pprl.synth.likeness.disclosure`). A table of names holds people
of all origins, so with such a table everybody has the country's main origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pprl.base.errors import DataError, UsageError
from pprl.synth.likeness.disclosure import SMALLEST_CELL, Disclosure, Table, read_table
from pprl.synth.people.names import CountryNames, NamePool, load_pool
from pprl.synth.places.country import AGE_GROUPS, Country, load_country
from pprl.tables.columns import suggest

__all__ = ["FittedCountry", "fit_tables"]

TABLES: Mapping[str, tuple[str, ...]] = {
    "surname": ("surname",),
    "given_name": ("sex", "given_name"),
    "age": ("age",),
}
"""What can be fitted, and the columns of its table besides ``count``."""

_LONGEST = 60
"""Characters of a name at most. Chosen; not sensitive: a longer one is a mistake in the table."""


@dataclass(frozen=True, kw_only=True)
class FittedCountry:
    """A country with the names and ages of an office's tables.

    Attributes:
        country: with the ages of a table, if there was one.
        names: with the names of tables, if there were any; else None.
        disclosure: what the tables could disclose.
    """

    country: Country
    names: CountryNames | None
    disclosure: Disclosure


def fit_tables(paths: Mapping[str, Path], country: str, *, k: int = SMALLEST_CELL) -> FittedCountry:
    """Read an office's tables and fit a country to them.

    Args:
        paths: a CSV file for each of some of `TABLES`.
        country: the country's code; its own tables are used for the rest.
        k: the smallest cell that is accepted.

    Raises:
        UsageError: something that can't be fitted.
        DataError: a table can't be used, or has a cell under `k`.
    """
    for what in paths:
        if what not in TABLES:
            raise UsageError(
                f"{what!r} can't be fitted", hint=suggest(what, list(TABLES), "What can be fitted")
            )
    land = load_country(country)
    tables = {what: read_table(path, TABLES[what], k) for what, path in paths.items()}
    names = None
    if "surname" in tables or "given_name" in tables:
        main = next(iter(land.origins))
        pool = load_pool(main)
        if "surname" in tables:
            pool = _with_surnames(pool, tables["surname"], paths["surname"])
        if "given_name" in tables:
            pool = _with_given_names(pool, tables["given_name"], paths["given_name"])
        names = CountryNames([pool])
        land = replace(land, origins={main: 1})
    if "age" in tables:
        land = replace(land, ages=_ages(tables["age"], paths["age"]))
    return FittedCountry(country=land, names=names, disclosure=Disclosure.of(tables, k))


def _with_surnames(pool: NamePool, table: Table, path: Path) -> NamePool:
    names = [_name(value[0], path) for value in table.values]
    return pool.fitted_surnames(names, table.counts.tolist())


def _with_given_names(pool: NamePool, table: Table, path: Path) -> NamePool:
    for sex in "FM":
        cells = [
            (name, int(count))
            for (own, name), count in zip(table.values, table.counts, strict=True)
            if own == sex
        ]
        if not cells:
            raise DataError(
                f"{path}: no given name for the sex {sex}",
                hint="The column sex holds F or M, and the table needs both.",
            )
        pool = pool.fitted_given(
            sex, [_name(name, path) for name, _ in cells], [c for _, c in cells]
        )
    others = sum(own not in ("F", "M") for own, _ in table.values)
    if others:
        raise DataError(
            f"{path}: {others:,} cells have a sex other than F and M",
            hint="Write F and M, and leave all others out.",
        )
    return pool


def _ages(table: Table, path: Path) -> tuple[int, ...]:
    found = [0] * AGE_GROUPS
    for number, ((age,), count) in enumerate(zip(table.values, table.counts, strict=True), start=2):
        if not (
            age.isascii()
            and age.isdigit()
            and len(age) <= 3
            and int(age) % 5 == 0
            and int(age) <= 100
        ):
            raise DataError(
                f"{path}: row {number} is not the first year of a five-year group",
                hint="Groups are 0, 5, 10 ... 95, and 100 for everybody older.",
            )
        found[int(age) // 5] = int(count)
    # Children need parents: people of 20 to 44, and at least one person of 20 or older for five who are younger. The
    # five is chosen; not sensitive: no country is near it.
    if sum(found[:4]) == 0 or sum(found[4:9]) == 0 or sum(found[4:]) * 5 < sum(found[:4]):
        raise DataError(
            f"{path}: the ages leave children without parents, or nobody under 20",
            hint="Give all age groups, from 0 to 100, as far as they may be published.",
        )
    # A pyramid of about a million people, whatever the size of the country.
    scale = max(1, sum(found) // 1_000_000)
    return tuple(-(-count // scale) for count in found)


def _name(text: str, path: Path) -> str:
    if not text.isprintable() or len(text) > _LONGEST:
        raise DataError(
            f"{path}: a name is longer than {_LONGEST} characters or has a character that is not printable",
            hint="Give names as they are written.",
        )
    return text
