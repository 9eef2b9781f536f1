"""A made-up population: people in households, with names that fit their age and origin, and a home for each household.

People are kept as numbers, about 50 bytes each, and become text block by block, so that ten million fit into memory.
Nobody in it exists: names are drawn from published frequency tables (`data/SOURCES-names.md`), and no postcode is in
use (`data/SOURCES-places.md`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pprl.base.arrays import Bools, Int32s, Int64s
from pprl.base.errors import UsageError
from pprl.synth.draw import Stream, hashed
from pprl.synth.people.fields import FIELDS, FORMER_SURNAME, MORE_FIELDS
from pprl.synth.people.han import han_given_names, han_surnames
from pprl.synth.people.households import YEAR, Residents, settle
from pprl.synth.people.names import CountryNames, load_pool
from pprl.synth.people.naming import NONE, draw_names
from pprl.synth.places.country import Country, load_country
from pprl.synth.places.homes import Homes, Places
from pprl.tables.columns import suggest

__all__ = ["FIRST_YEAR", "LAST_YEAR", "MOST_PEOPLE", "Population", "populate", "population"]

MOST_PEOPLE = 100_000_000
"""Chosen: about 6 GB of memory."""

FIRST_YEAR, LAST_YEAR = 1940, 2100
"""Years in which people's ages may be taken. Chosen: outside of them, the name tables, which begin in 1920, would say
little."""

_HOSTS = ("example.com", "example.net", "example.org")
"""Domains that are reserved for examples (RFC 2606), so that nobody gets the mail."""


_NAMES = ("given_name", "middle_name", "surname", FORMER_SURNAME)

_SPREAD = 3_819_660_113
"""Odd and not a multiple of 5, so that no two people share one of 10**10 identifiers; near the golden section of them,
so that neighbours are far apart."""


@dataclass(frozen=True, kw_only=True)
class Population:
    """People as numbers; :meth:`text` and :meth:`frame` write them out.

    All arrays have one entry for each person. Names are codes of :class:`pprl.synth.people.names.CountryNames`, or -1
    for no name.

    Attributes:
        country: whose names and places.
        seed: of every draw.
        as_of: the day on which people's ages are taken.
        residents: households, sexes and dates of birth.
        names: all names of the country.
        places: all homes of the country.
        homes: the home of each household.
        origin: place of the person's name pool in `names.pools`.
        given, middle: codes of given names.
        han: share of the households whose names are written in Han characters, in every file alike.
        surname, surname2, former: codes of surnames; `surname2` is the second part of a double one, `former` the
            name before marriage.
    """

    country: Country
    seed: int
    as_of: date
    residents: Residents
    names: CountryNames
    places: Places
    homes: Homes
    origin: Int32s
    given: Int32s
    middle: Int32s
    surname: Int32s
    surname2: Int32s
    former: Int32s
    han: float = 0.0

    def __len__(self) -> int:
        return len(self.given)

    def age(self) -> Int64s:
        """Return ages in completed years on `as_of`."""
        day = np.datetime64(self.as_of, "D").astype(np.int64)
        return ((day - self.residents.born) / YEAR).astype(np.int64)

    def origins(self) -> tuple[str, ...]:
        """Return the names of the origins, in the order of the codes in `origin`."""
        return tuple(pool.name for pool in self.names.pools)

    def text(self, rows: Int64s, fields: tuple[str, ...] = FIELDS) -> dict[str, Any]:
        """Return fields of some people as text.

        Args:
            rows: the people's numbers.
            fields: of :data:`pprl.synth.people.fields.FIELDS` and `MORE_FIELDS`.

        Returns:
            For each field an object array of strings, ``""`` where there is no value.
        """
        homes = self.homes.take(self.residents.household[rows])
        return {name: _objects(self._column(name, rows, homes)) for name in fields}

    def frame(self, rows: Int64s | None = None) -> pd.DataFrame:
        """Return people as a table of clean text.

        Args:
            rows: the people's numbers, or a mask; None: everybody.

        Returns:
            A table with the columns `person`, `household`, `origin`, the fields of a record and `former_surname`.
        """
        if rows is None:
            rows = np.arange(len(self), dtype=np.int64)
        elif np.asarray(rows).dtype == np.bool_:
            rows = np.flatnonzero(rows)
        names = np.array(self.origins(), dtype=object)
        columns: dict[str, Any] = {
            "person": rows,
            "household": self.residents.household[rows],
            "origin": names[self.origin[rows]],
            **self.text(rows, (*FIELDS, FORMER_SURNAME)),
        }
        return pd.DataFrame(columns)

    def in_han(self, rows: Int64s) -> Bools:
        """Return whose names are written in Han characters."""
        drawn = hashed(self.residents.household[rows], self.seed, "han")
        return (drawn >> np.uint64(11)).astype(np.float64) * 2.0**-53 < self.han

    def _column(self, name: str, rows: Int64s, homes: Homes) -> Any:
        latin = self._latin(name, rows, homes)
        if not self.han or name not in _NAMES:
            return latin
        if name == "middle_name":
            other = pa.scalar("")
        elif name == "given_name":
            other = han_given_names(self.given[rows])
        else:
            codes = self.former[rows] if name == FORMER_SURNAME else self.surname[rows]
            other = pc.if_else(pa.array(codes == NONE), "", han_surnames(codes))
        return pc.if_else(pa.array(self.in_han(rows)), other, latin)

    def _latin(self, name: str, rows: Int64s, homes: Homes) -> Any:
        if name == "given_name":
            return self._given(self.given[rows])
        if name == "middle_name":
            return self._given(self.middle[rows])
        if name == "surname":
            first, second = (
                self._surnames(codes[rows], rows) for codes in (self.surname, self.surname2)
            )
            joiner = " " if self.country.two_surnames else "-"
            double = pc.binary_join_element_wise(first, second, joiner)
            return pc.if_else(pa.array(self.surname2[rows] == NONE), first, double)
        if name == FORMER_SURNAME:
            return self._surnames(self.former[rows], rows)
        if name == "date_of_birth":
            days = pa.array(self.residents.born[rows].astype("datetime64[D]"))
            return pc.cast(days, pa.string())
        if name == "sex":
            return pa.array(["F", "M"], pa.string()).take(pa.array(self.residents.sex[rows]))
        if name in ("address", "locality", "postcode"):
            return getattr(self.places, name)(homes)
        return self._more(name, rows)

    def _given(self, codes: Int32s) -> Any:
        return pc.fill_null(self.names.given_text.take(_index(codes)), "")

    def _surnames(self, codes: Int32s, rows: Int64s) -> Any:
        index = _index(codes)
        text = self.names.surname_text.take(index)
        if self.names.gendered:
            women = pa.array(self.residents.sex[rows] == 0)
            text = pc.if_else(women, self.names.surname_text_female.take(index), text)
        return pc.fill_null(text, "")

    def _more(self, name: str, rows: Int64s) -> Any:
        """Return a phone number, an e-mail address, an identifier or a code that belongs to each person."""
        kind = name.rstrip("0123456789")
        number = hashed(rows, self.seed, "more", name)
        if kind == "identifier":
            # The person's number in another order: unique, and neighbouring numbers belong to strangers.
            offset = int(hashed([0], self.seed, "identifier", name)[0] % np.uint64(10**10))
            return _digits((rows * _SPREAD + offset) % 10**10, 10)
        if kind == "code":
            # Fifty codes. Chosen; sensitive: with fewer codes more strangers agree on one.
            return _digits(number % np.uint64(50), 2)
        if kind not in ("phone", "email"):
            raise UsageError(
                f"there is no field {name!r}",
                hint=suggest(name, (*FIELDS, *MORE_FIELDS), "Fields"),
            )
        household = hashed(self.residents.household[rows], self.seed, "phone", name)
        if kind == "phone":
            # Half of the people have a number of their own, half the household's. Chosen; sensitive: it decides what an
            # agreement on a phone number is worth.
            own = np.where(number % np.uint64(2) == 0, number, household)
            # In no country do numbers begin with 000: nobody can be called.
            return pc.binary_join_element_wise("000", _digits(own % np.uint64(10**7), 7), "")
        given, surname = (
            pc.utf8_lower(self._latin(part, rows, self.homes)) for part in ("given_name", "surname")
        )
        local = pc.binary_join_element_wise(given, surname, ".")
        plain = pc.replace_substring_regex(pc.utf8_normalize(local, "NFKD"), "[^a-z.]", "")
        host = pa.array(_HOSTS).take(pa.array((number % np.uint64(len(_HOSTS))).astype(np.int64)))
        return pc.binary_join_element_wise(
            plain, _digits(number % np.uint64(1000), 3), "@", host, ""
        )


def population(
    people: int,
    *,
    country: str = "gb",
    seed: int = 1,
    as_of: date | str = date(2026, 1, 1),
    towns: int | None = None,
) -> Population:
    """Make up a population.

    Args:
        people: how many, 1 to 100 million; about 60 bytes of memory each.
        country: a code of :data:`pprl.synth.COUNTRIES`.
        seed: the same seed gives the same people on every system.
        as_of: the day on which people's ages are taken, from 1940 to 2100.
        towns: they live in this many towns, chosen by the seed; None: all over the country.

    Raises:
        UsageError: an unknown country, or a number out of range.
    """
    try:
        day = date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    except ValueError:
        raise UsageError("as_of is not a date", hint="For example 2026-01-01.") from None
    return populate(load_country(country), people=people, seed=seed, as_of=day, towns=towns)


def populate(
    country: Country,
    *,
    people: int,
    seed: int,
    as_of: date,
    towns: int | None = None,
    names: CountryNames | None = None,
    han: float = 0.0,
) -> Population:
    """Make up a population of a country.

    Args:
        country: whose households, names and places.
        people: how many.
        seed: of every draw.
        as_of: the day on which people's ages are taken.
        towns: see :func:`population`.
        names: names instead of the country's own.
        han: share of the households whose names are written in Han characters.

    Raises:
        UsageError: see :func:`population`.
    """
    if not isinstance(people, int) or not 1 <= people <= MOST_PEOPLE:
        raise UsageError(
            f"{people!r} people can't be made up",
            hint=f"Choose a number from 1 to {MOST_PEOPLE:,}.",
        )
    if not FIRST_YEAR <= as_of.year <= LAST_YEAR:
        raise UsageError(
            f"as_of is not a day from {FIRST_YEAR} to {LAST_YEAR}", hint="For example 2026-01-01."
        )
    if not isinstance(seed, int) or not 0 <= seed < 1 << 63:
        raise UsageError(
            "the seed is out of range", hint="Choose a whole number from 0 to 2**63 - 1."
        )
    names = names or CountryNames([load_pool(name) for name in country.origins])
    today = int(np.datetime64(as_of, "D").astype(np.int64))
    residents = settle((seed, "residents"), people, country.ages, today)
    called = draw_names(seed, country, names, residents, today)
    places = Places(country, seed, residents.households, some=towns)
    return Population(
        country=country,
        seed=seed,
        as_of=as_of,
        residents=residents,
        names=names,
        places=places,
        homes=places.draw(Stream(seed, "homes"), residents.households),
        origin=called.origin.astype(np.int32),
        given=called.given.astype(np.int32),
        middle=called.middle.astype(np.int32),
        surname=called.surname.astype(np.int32),
        surname2=called.second.astype(np.int32),
        former=called.former.astype(np.int32),
        han=han,
    )


def _index(codes: Int32s) -> Any:
    return pa.array(codes, mask=codes == NONE)


def _digits(numbers: Any, width: int) -> Any:
    text = pc.cast(pa.array(numbers.astype(np.int64)), pa.string())
    return pc.utf8_lpad(text, width, "0")


def _objects(column: Any) -> Any:
    if isinstance(column, np.ndarray):
        return column
    return column.to_numpy(zero_copy_only=False)
