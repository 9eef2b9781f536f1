"""A made-up population: people in households, with names that fit their age and origin, at addresses that fit together.

People are kept as numbers, about 50 bytes each, and become text block by block, so that ten million fit into memory.
Nobody in it exists; names are drawn from published frequency tables (`data/SOURCES-names.md`), and no postcode is one
that is in use (`data/SOURCES-places.md`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pprl.errors import UsageError
from pprl.synth.country import Country, load_country
from pprl.synth.draw import Stream, hashed, weights_to_bounds
from pprl.synth.forms import FIELDS
from pprl.synth.households import YEAR, Residents, settle
from pprl.synth.names import Names, load_pool
from pprl.synth.places import Homes, Places

__all__ = ["MORE_FIELDS", "Population", "population"]

Ints = np.ndarray[Any, np.dtype[np.int64]]
Codes = np.ndarray[Any, np.dtype[np.int32]]

NONE = -1
MORE_FIELDS = ("former_surname", "phone", "email", "identifier", "code")
"""What can be had of a person beside the fields of a record."""

_MARRIED = (
    0,
    0,
    0,
    0,
    60,
    300,
    560,
    680,
    740,
    780,
    800,
    820,
    830,
    840,
    850,
    850,
    850,
    850,
    850,
    850,
    850,
)
"""Per thousand couples of an age group who are married: a model after European censuses, not an estimate."""
_KEPT = 180
"""Per thousand women over 30 without a partner in the household who bear the name of an earlier marriage."""
_MIXED = 90
"""Per thousand couples of different origin."""
_NAMESAKE = 45
"""Per thousand eldest sons who bear their father's given name: no published rate known to us, a choice."""


@dataclass(frozen=True, kw_only=True)
class Population:
    """People as numbers; :meth:`text` and :meth:`frame` write them out.

    All arrays have one entry a person. Names are codes of :class:`pprl.synth.names.Names`, -1 where there is none.

    Attributes:
        country: whose names and places.
        seed: of every draw.
        as_of: the day on which ages hold.
        residents: households, sexes and dates of birth.
        origin: place of the name pool in `names.pools`.
        given, middle: codes of given names.
        surname, surname2, former: codes of surnames; `surname2` is the second part of a double one, `former` the
            name before marriage.
    """

    country: Country
    seed: int
    as_of: date
    residents: Residents
    names: Names
    places: Places
    homes: Homes
    origin: Codes
    given: Codes
    middle: Codes
    surname: Codes
    surname2: Codes
    former: Codes

    def __len__(self) -> int:
        return len(self.given)

    def age(self) -> Ints:
        """Return ages in completed years on `as_of`."""
        day = np.datetime64(self.as_of, "D").astype(np.int64)
        return ((day - self.residents.born) / YEAR).astype(np.int64)

    def origins(self) -> tuple[str, ...]:
        """Return the names of the origins, in the order of the codes in `origin`."""
        return tuple(pool.name for pool in self.names.pools)

    def text(self, rows: Ints, fields: tuple[str, ...] = FIELDS) -> dict[str, Any]:
        """Return fields of some people as text.

        Args:
            rows: numbers of people.
            fields: of :data:`pprl.synth.forms.FIELDS` and :data:`MORE_FIELDS`.

        Returns:
            For each field an object array of strings, ``""`` where there is no value.
        """
        homes = self.homes.take(self.residents.household[rows])
        return {name: _objects(self._column(name, rows, homes)) for name in fields}

    def frame(self, rows: Ints | None = None) -> pd.DataFrame:
        """Return people as a table of clean text with the columns `person`, `household`, `origin`, the fields of a
        record and `former_surname`.
        """
        if rows is None:
            rows = np.arange(len(self), dtype=np.int64)
        names = np.array(self.origins(), dtype=object)
        columns: dict[str, Any] = {
            "person": rows,
            "household": self.residents.household[rows],
            "origin": names[self.origin[rows]],
            **self.text(rows, (*FIELDS, "former_surname")),
        }
        return pd.DataFrame(columns)

    def _column(self, name: str, rows: Ints, homes: Homes) -> Any:
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
        if name == "former_surname":
            return self._surnames(self.former[rows], rows)
        if name == "date_of_birth":
            days = pa.array(self.residents.born[rows].astype("datetime64[D]"))
            return pc.cast(days, pa.string())
        if name == "sex":
            return pa.array(["F", "M"], pa.string()).take(pa.array(self.residents.sex[rows]))
        if name in ("address", "locality", "postcode"):
            return getattr(self.places, name)(homes)
        return self._more(name, rows)

    def _given(self, codes: Codes) -> Any:
        return pc.fill_null(self.names.given_text.take(_index(codes)), "")

    def _surnames(self, codes: Codes, rows: Ints) -> Any:
        index = _index(codes)
        text = self.names.surname_text.take(index)
        if self.names.gendered:
            women = pa.array(self.residents.sex[rows] == 0)
            text = pc.if_else(women, self.names.surname_text_female.take(index), text)
        return pc.fill_null(text, "")

    def _more(self, name: str, rows: Ints) -> Any:
        """Return a phone number, an e-mail address, an identifier or a code that belongs to each person."""
        kind = name.rstrip("0123456789")
        number = hashed(rows, self.seed, "more", name)
        if kind == "identifier":  # the person's own number, spread out: unique, and telling nothing
            unique = rows.astype(np.uint64) * np.uint64(97) + number % np.uint64(97)
            return _digits(unique + np.uint64(10**9), 10)
        if kind == "code":
            return _digits(number % np.uint64(50), 2)
        household = hashed(self.residents.household[rows], self.seed, "phone", name)
        if kind == "phone":  # half of the people have a number of their own, half the household's
            own = np.where(number % np.uint64(2) == 0, number, household)
            return pc.binary_join_element_wise("0", _digits(own % np.uint64(10**9), 9), "")
        given, surname = (
            pc.utf8_lower(self._column(part, rows, self.homes))
            for part in ("given_name", "surname")
        )
        local = pc.binary_join_element_wise(given, surname, ".")
        plain = pc.replace_substring_regex(pc.utf8_normalize(local, "NFKD"), "[^a-z.]", "")
        host = pa.array(["example.com", "example.net", "example.org"]).take(
            pa.array((number % np.uint64(3)).astype(np.int64))
        )
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
        seed: the same seed gives the same people, on every system.
        as_of: the day on which ages hold, from 1940 to 2100.
        towns: they live in this many towns, chosen by the seed; None: all over the country.

    Raises:
        UsageError: an unknown country, or a number out of range.
    """
    day = date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    return populate(load_country(country), people=people, seed=seed, as_of=day, towns=towns)


def populate(
    country: Country,
    *,
    people: int,
    seed: int,
    as_of: date,
    towns: int | None = None,
    names: Names | None = None,
) -> Population:
    """Make up a population of a country, with other names than the country's own if `names` are given.

    Raises:
        UsageError: see :func:`population`.
    """
    if not 1 <= people <= 100_000_000:
        raise UsageError(
            f"{people:,} people can't be made up", hint="Choose a number from 1 to 100,000,000."
        )
    if not 0 <= seed < 1 << 63:
        raise UsageError(
            "the seed is out of range", hint="Choose a whole number from 0 to 2**63 - 1."
        )
    names = names or Names([load_pool(name) for name in country.origins])
    today = int(np.datetime64(as_of, "D").astype(np.int64))
    residents = settle((seed, "residents"), people, country.ages, today)
    origin = _origins(seed, country, residents)
    year = residents.born.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    given = _given_names(seed, names, residents, origin, year)
    middle = names.draw_given(Stream(seed, "middle"), origin, residents.sex, year)
    without = Stream(seed, "middle", "none").below(1000, people) >= _permille(country.middle_name)
    middle = np.where(without | (middle == given), NONE, middle)
    places = Places(country, seed, residents.households, some=towns)
    surname, second, former = _surnames(seed, country, names, residents, origin, today)
    return Population(
        country=country, seed=seed, as_of=as_of, residents=residents, names=names, places=places,
        homes=places.draw(Stream(seed, "homes"), residents.households),
        origin=origin.astype(np.int32), given=given.astype(np.int32), middle=middle.astype(np.int32),
        surname=surname.astype(np.int32), surname2=second.astype(np.int32), former=former.astype(np.int32),
    )  # fmt: skip


def _origins(seed: int, country: Country, residents: Residents) -> Ints:
    bounds = weights_to_bounds(list(country.origins.values()))
    house = Stream(seed, "origin").weighted(bounds, residents.households)
    other = Stream(seed, "origin", "mixed").weighted(bounds, residents.households)
    mixed = Stream(seed, "origin", "who").below(1000, residents.households) < _MIXED
    sharing = ~residents.couple & (residents.adult > 0)
    own = Stream(seed, "origin", "sharing").weighted(bounds, len(residents.sex))
    second = (residents.adult == 1) & mixed[residents.household]
    return np.where(
        sharing, own, np.where(second, other[residents.household], house[residents.household])
    )


def _given_names(seed: int, names: Names, residents: Residents, origin: Ints, year: Ints) -> Ints:
    given = names.draw_given(Stream(seed, "given"), origin, residents.sex, year)
    child = residents.adult < 0
    for attempt in range(3):  # brothers and sisters have different names
        key = residents.household * (int(given.max()) + 1) + given
        order = np.argsort(key, kind="stable")
        same = np.zeros(len(key), dtype=bool)
        same[order[1:]] = key[order[1:]] == key[order[:-1]]
        again = np.flatnonzero(same & child)
        if len(again) == 0:
            break
        stream = Stream(seed, "given", attempt)
        given[again] = names.draw_given(stream, origin[again], residents.sex[again], year[again])
    # The father is the last adult of his household that is not a child; the son the first boy after him.
    father = np.full(residents.households, NONE, dtype=np.int64)
    fathers = np.flatnonzero((residents.adult >= 0) & (residents.sex == 1))
    father[residents.household[fathers]] = fathers
    sons = np.flatnonzero(child & (residents.sex == 1))[::-1]
    first = np.full(residents.households, NONE, dtype=np.int64)
    first[residents.household[sons]] = sons
    named = Stream(seed, "namesakes").below(1000, residents.households) < _NAMESAKE
    homes = np.flatnonzero(named & (father != NONE) & (first != NONE))
    given[first[homes]] = given[father[homes]]
    return given


def _surnames(
    seed: int, country: Country, names: Names, residents: Residents, origin: Ints, today: int
) -> tuple[Ints, Ints, Ints]:
    """Return surname, second surname and name before marriage as codes."""
    people = len(origin)
    born_as = names.draw_surname(Stream(seed, "surname"), origin)
    group = np.clip(((today - residents.born) / YEAR).astype(np.int64) // 5, 0, len(_MARRIED) - 1)
    start = np.flatnonzero(np.r_[True, residents.household[1:] != residents.household[:-1]])
    first = start[residents.household]  # the first adult of each person's household
    second = np.minimum(first + 1, people - 1)
    couple = residents.couple
    # The name of the family: the man's (the second adult's) in a couple, else that of the only parent.
    head = np.where(couple & (residents.household[second] == residents.household), second, first)
    child = residents.adult < 0
    surname = np.where(child, born_as[head], born_as)
    nobody = np.full(people, NONE, dtype=np.int64)
    if country.two_surnames:
        other = names.draw_surname(Stream(seed, "surname", "second"), origin)
        return surname, np.where(child, born_as[first], other), nobody
    chance = Stream(seed, "marriages")
    married = (
        chance.below(1000, residents.households)[residents.household]
        < np.array(_MARRIED)[group[first]]
    ) & couple
    choice = chance.below(1000, residents.households)[residents.household]
    bride = married & (residents.adult == 0) & (residents.sex == 0)
    takes = bride & (choice < _permille(country.husbands_name))
    both = (
        bride
        & ~takes
        & (choice < _permille(country.husbands_name) + _permille(country.double_barrelled))
    )
    single = (residents.adult >= 0) & ~couple & (residents.sex == 0) & (group >= 6)
    kept = single & (chance.below(1000, people) < _KEPT)
    once = names.draw_surname(Stream(seed, "surname", "former"), origin)
    former = np.where(takes | both, born_as, np.where(kept, once, nobody))
    second_part = np.where(both, born_as[head], nobody)
    # Some children of parents with two names bear both.
    two = (
        child
        & couple
        & (
            chance.below(1000, residents.households)[residents.household]
            < _permille(country.double_barrelled)
        )
    )
    second_part = np.where(two & (born_as[first] != born_as[head]), born_as[head], second_part)
    surname = np.where(takes, born_as[head], np.where(two, born_as[first], surname))
    former = np.where(former == surname, nobody, former)
    return surname, np.where(second_part == surname, nobody, second_part), former


def _permille(share: float) -> int:
    return round(share * 1000)


def _index(codes: Codes) -> Any:
    return pa.array(codes, mask=codes == NONE)


def _digits(numbers: Any, width: int) -> Any:
    text = pc.cast(pa.array(numbers.astype(np.int64)), pa.string())
    return pc.utf8_lpad(text, width, "0")


def _objects(column: Any) -> Any:
    if isinstance(column, np.ndarray):
        return column
    return column.to_numpy(zero_copy_only=False)
