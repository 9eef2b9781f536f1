"""Homes: towns, streets, house numbers and the postcodes that belong to them.

Towns are real, streets have the country's usual names, and every postcode is from a range that the country has never
assigned. The result looks like an address, but it is nobody's.

A home is a number. The dwellings of a town form one row, street after street. To draw a home is to draw a place in that
row; all else (street, house number, flat, postcode) is arithmetic on the place, for arrays as for single homes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pprl.base.arrays import Int32s, Int64s
from pprl.base.errors import UsageError
from pprl.synth.draw import Dice, Stream, hashed, weights_to_bounds
from pprl.synth.places.country import Country, Postcodes, Streets, Town, load_towns

__all__ = ["Homes", "Places"]


HOUSEHOLDS_A_STREET = 25
"""On average. Chosen; sensitive: the longer the streets, the more strangers agree on one."""

FEWEST_STREETS = 120
"""Streets of a town, at least: a small population would otherwise live only in the most common streets. Chosen;
sensitive for small populations, as above."""

MOST_UNITS, HOUSES_A_UNIT = 3, 15
"""Postcodes of one street at most, where streets have their own, and houses that share one. Chosen, as a
British postcode has about 15 addresses; sensitive: it decides what an agreement on a postcode is worth."""

_UNIT_STEP = 7
"""From one street's postcode to the next: coprime to every country's number of units, so that neighbours have similar
postcodes and not the same."""

_ROW = 6
"""Houses between two hundreds, where numbers run in blocks. Chosen; not sensitive."""


@dataclass(frozen=True, kw_only=True)
class Homes:
    """Homes as columns of equal length.

    Attributes:
        town: place in the country's list of towns.
        street: place in the town's list of streets.
        number: house number.
        flat: number of the flat; 0 for a house.
    """

    town: Int32s
    street: Int32s
    number: Int32s
    flat: Int32s

    def __len__(self) -> int:
        return len(self.town)

    def take(self, rows: Any) -> Homes:
        """Return the homes of these rows (numbers or a mask), in their order."""
        return Homes(
            town=self.town[rows],
            street=self.street[rows],
            number=self.number[rows],
            flat=self.flat[rows],
        )


class Places:
    """The homes of a made-up population; the same for a country, seed and number of households.

    Args:
        country: whose towns, street names and postcodes.
        seed: any non-negative integer below 2**64.
        households: how many live there; towns get streets and dwellings for them by their population.
        some: in how many towns they live, any of the country's; None: in all of them.

    Raises:
        UsageError: the country has fewer towns.

    Attributes:
        towns: names of the towns, most people first.
    """

    def __init__(
        self, country: Country, seed: int, households: int, *, some: int | None = None
    ) -> None:
        towns = _some_towns(load_towns(country.code), country, seed, some)
        people = np.array([town.population for town in towns], dtype=np.int64)
        self.towns = tuple(town.name for town in towns)
        self._country = country
        self._town_bounds = weights_to_bounds(people)
        self._town_list: list[int] = self._town_bounds.tolist()
        self._town_of = {name.casefold(): at for at, name in reversed(list(enumerate(self.towns)))}
        names, weights = _street_names(country.streets)
        own = households * people // int(people.sum())
        # A town with most of the names would have no rare ones: three in five are the limit. Chosen; not sensitive:
        # only the largest towns reach it.
        most = max(len(names) * 3 // 5, min(FEWEST_STREETS, len(names)))
        streets = np.clip(own // HOUSEHOLDS_A_STREET, min(FEWEST_STREETS, most), most)
        self._street_start = np.concatenate([[0], np.cumsum(streets)])
        self._name_of = _choose_streets(streets, weights, len(country.streets.common), seed)
        self._names = names
        self._name_text = pa.array(names, pa.string())
        self._town_text = pa.array(self.towns, pa.string())
        self._build_streets(streets, own, seed)
        self._build_postcodes(streets, people, [town.region for town in towns], seed)
        self._forms = [form for form, weight in country.flat_forms.items() for _ in range(weight)]

    def draw(self, stream: Stream, count: int) -> Homes:
        """Return homes in towns by their population, no two the same as long as a town has dwellings left.

        There are a third more dwellings than households that the places were made for.
        """
        town = stream.weighted(self._town_bounds, count)
        offered = self._dwellings
        start = stream.below(offered)
        stride = stream.below(offered - 1) + 1
        while (shared := np.gcd(stride, offered) != 1).any():
            stride[shared] = stride[shared] % (offered[shared] - 1) + 1
        # A walk with a stride coprime to the dwellings meets each of them once.
        at = (start[town] + stride[town] * _rank(town)) % offered[town]
        return self._at(self._first_dwelling[town] + at)

    def address(self, homes: Homes) -> Any:
        """Return the address lines as a pyarrow string array."""
        street = self._street(homes)
        flats = homes.flat > 0
        line = _filled(
            self._country.address,
            {
                "number": pa.array(homes.number).cast(pa.string()),
                "street": self._name_text.take(pa.array(self._name_of[street])),
            },
        )
        if not self._forms or not flats.any():
            return line
        pick = np.where(flats, self._form_at(street, homes.number), -1)
        parts, rows = [line.filter(pa.array(pick < 0))], [np.flatnonzero(pick < 0)]
        for place in range(len(self._forms)):
            chosen = np.flatnonzero(pick == place)
            if len(chosen):
                cells = {
                    "line": line.take(pa.array(chosen)),
                    "flat": pa.array(homes.flat[chosen]).cast(pa.string()),
                }
                parts.append(_filled(self._forms[place], cells))
                rows.append(chosen)
        back = np.argsort(np.concatenate(rows), kind="stable")
        return pa.concat_arrays(parts).take(pa.array(back))

    def locality(self, homes: Homes) -> Any:
        """Return the towns' names as a pyarrow string array."""
        return self._town_text.take(pa.array(homes.town))

    def postcode(self, homes: Homes) -> Any:
        """Return the postcodes as a pyarrow string array."""
        street = self._street(homes)
        text = self._district_text.take(pa.array(self._district[street]))
        if not self._units:
            return text
        unit = self._unit_text.take(pa.array(self._unit_at(street, homes.number)))
        return pc.binary_join_element_wise(text, unit, "")

    def streets(self, town: int) -> list[str]:
        """Return the street names of a town by its place in `towns`."""
        names = self._name_of[self._street_start[town] : self._street_start[town + 1]]
        return [self._names[name] for name in names.tolist()]

    def all(self) -> Homes:
        """Return every dwelling, town after town: about a third more than there are households."""
        return self._at(np.arange(int(self._street_end[-1]), dtype=np.int64))

    def one(self, dice: Dice) -> tuple[str, str, str]:
        """Return address, locality and postcode of one random home."""
        return self._single(dice, bisect_right(self._town_list, dice.below(self._town_list[-1])))

    def near(self, dice: Dice, locality: str) -> tuple[str, str, str]:
        """Return address, locality and postcode of a random home in a town; of any town if it isn't known."""
        town = self._town_of.get(locality.casefold())
        return self.one(dice) if town is None else self._single(dice, town)

    def _at(self, row: Int64s) -> Homes:
        street = np.searchsorted(self._street_end, row, side="right")
        town = np.searchsorted(self._street_start, street, side="right") - 1
        number, flat = self._door(street, row - self._street_end[street] + self._size[street])
        return Homes(
            town=town.astype(np.int32),
            street=(street - self._street_start[town]).astype(np.int32),
            number=number.astype(np.int32),
            flat=flat.astype(np.int32),
        )

    def _single(self, dice: Dice, town: int) -> tuple[str, str, str]:
        row = int(self._first_dwelling[town]) + dice.below(int(self._dwellings[town]))
        street = int(np.searchsorted(self._street_end, row, side="right"))
        inside = row - int(self._street_end[street]) + int(self._size[street])
        number, flat = (int(value) for value in self._door(street, inside))
        line = self._country.address.format(
            number=number, street=self._names[self._name_of[street]]
        )
        if flat and self._forms:
            line = self._forms[self._form_at(street, number)].format(line=line, flat=flat)
        code = self._districts[self._district[street]]
        if self._units:
            code += self._units[self._unit_at(street, number)]
        return line, self.towns[town], code

    def _street(self, homes: Homes) -> Int64s:
        start: Int64s = self._street_start[homes.town]
        return start + homes.street

    # The next three take arrays as well as single numbers.

    def _door(self, street: Any, inside: Any) -> tuple[Any, Any]:
        """Return house number and flat of a dwelling by its place in the street.

        Where numbers run in blocks, the steps and the remainders only make them look irregular. Chosen; not sensitive.
        """
        houses, floors = self._houses[street], self._flats_a_house[street]
        beyond = np.maximum(inside - houses, 0)
        in_flat = inside >= houses
        house = np.minimum(inside, houses) + beyond // floors
        flat = in_flat * (beyond % floors + 1)
        if self._country.numbering == "blocks":
            hundred = street % 23 + 1 + house // _ROW
            return hundred * 100 + house % _ROW * 16 + (house * 7 + street) % 14, flat
        return house + 1, flat

    def _form_at(self, street: Any, number: Any) -> Any:
        return (street * 5 + number * 3) % len(self._forms)

    def _unit_at(self, street: Any, number: Any) -> Any:
        stretch = (number - 1) * self._units_of[street] // self._last_number[street]
        return (self._first_unit[street] + stretch * _UNIT_STEP) % len(self._units)

    def _build_streets(self, streets: Int64s, own: Int64s, seed: int) -> None:
        """Give every street its dwellings: houses first, then houses with several flats.

        The lengths of streets and the sizes of houses are chosen; not sensitive, beyond the mean length of a street.
        """
        count = int(streets.sum())
        town = np.repeat(np.arange(len(streets)), streets)
        chance = hashed(np.arange(count), seed, "size").astype(np.int64) & 0xFFFFFFFF
        short = chance & 255
        mean = np.maximum(own * 4 // (3 * streets), 6) + 1
        # A skewed spread around the mean: from about a third of it (45 / 125) to 2.4 times as much (299 / 125).
        self._size = np.maximum(mean[town] * (45 + (short * short >> 8)) // 125, 3)
        self._street_end = np.cumsum(self._size)
        ends = self._street_end[self._street_start[1:] - 1]
        self._first_dwelling = np.concatenate([[0], ends[:-1]])
        self._dwellings = ends - self._first_dwelling
        flats = int(self._country.flats * 1000)
        in_flats = (chance >> 8) % 1000 < flats
        # In streets of flats up to a fifth are houses, in the others a few are flats: together the country's share.
        share = np.where(in_flats, np.minimum(800 + flats // 5, 1000), flats // 5)
        self._houses = self._size - (self._size * share + 500) // 1000
        self._flats_a_house = 4 + (chance >> 20) % 9
        rest = self._size - self._houses
        self._last_number = self._houses + -(-rest // self._flats_a_house)

    def _build_postcodes(
        self, streets: Int64s, people: Int64s, regions: list[str], seed: int
    ) -> None:
        """Give every town districts by its population, and every street its district and units."""
        rule = self._country.postcodes
        count = people * 0 + 1 if rule.per == "town" else np.maximum(people // rule.people, 1)
        count = np.minimum(count, streets)
        chance = hashed(np.arange(len(streets)), seed, "districts").tolist()
        order = np.array(sorted(range(len(streets)), key=lambda at: (regions[at], chance[at])))
        first = np.empty(len(streets), dtype=np.int64)
        first[order] = np.cumsum(count[order]) - count[order]
        town = np.repeat(np.arange(len(streets)), streets)
        at = np.arange(len(town)) - self._street_start[town]
        inside = at * count[town] // streets[town]
        self._district = first[town] + inside
        self._districts = _district_codes(rule, int(count.sum()))
        self._district_text = pa.array(self._districts, pa.string())
        self._units = _unit_codes(rule)
        self._unit_text = pa.array(self._units, pa.string())
        if self._units:
            place = at - -(-inside * streets[town] // count[town])
            jump = (hashed(self._district, seed, "units") >> np.uint64(32)).astype(np.int64)
            self._first_unit = jump + place * MOST_UNITS * _UNIT_STEP
            self._units_of = np.clip(-(-self._last_number // HOUSES_A_UNIT), 1, MOST_UNITS)


def _some_towns(
    towns: tuple[Town, ...], country: Country, seed: int, some: int | None
) -> tuple[Town, ...]:
    if some is None:
        return towns
    if not 1 <= some <= len(towns):
        raise UsageError(
            f"{country.name} has {len(towns):,} towns in our tables, and {some:,} are asked for",
            hint=f"Choose a number from 1 to {len(towns)}, or leave it out for all.",
        )
    chosen = Stream(seed, "towns").order(len(towns))[:some]
    return tuple(towns[at] for at in sorted(chosen.tolist()))


def _street_names(streets: Streets) -> tuple[list[str], Int64s]:
    """Return all street names of a country, the common ones first, and the weights of the others."""
    common = set(streets.common)
    made: dict[str, int] = {}
    for family in streets.families:
        for first, weight in family.firsts.items():
            for form, share in family.forms.items():
                name = form.replace("{}", first)
                if name not in common:
                    made[name] = made.get(name, 0) + weight * share
    return [*streets.common, *made], np.array(list(made.values()), dtype=np.int64)


def _choose_streets(streets: Int64s, weights: Int64s, common: int, seed: int) -> Int32s:
    """Return the name of each street, as a place among all names: town after town, the common ones come first.

    To take the smallest of chance / weight is to draw without replacement in proportion to the weights, as long as few
    of the names are taken (Efraimidis and Spirakis 2006, Information Processing Letters 97).
    """
    numbers = np.arange(len(weights), dtype=np.int64)
    chosen: list[Int64s] = []
    for town, count in enumerate(streets.tolist()):
        chance = (hashed(numbers, seed, "streets", town) >> np.uint64(24)).astype(np.int64)
        score = chance // weights * len(weights) + numbers  # the last term breaks ties
        wanted = max(count - common, 0)
        chosen.append(np.arange(min(common, count), dtype=np.int64))
        chosen.append(np.sort(np.partition(score, wanted)[:wanted]) % len(weights) + common)
    return np.concatenate(chosen).astype(np.int32)


def _district_codes(rule: Postcodes, count: int) -> list[str]:
    """Return `count` codes in rising order, spread over all there are; if there are too few, neighbours share one."""
    low, high = rule.districts
    each = high - low + 1
    codes = []
    for place in range(count):
        start, number = divmod(place * len(rule.starts) * each // count, each)
        text = rule.starts[start] + str(low + number).zfill(rule.width)
        codes.append(text[: rule.cut] + rule.separator + text[rule.cut :])
    return codes


def _unit_codes(rule: Postcodes) -> list[str]:
    codes = [""] if rule.unit else []
    for sign in rule.unit:
        signs = {"9": "0123456789", "A": rule.letters}.get(sign, sign)
        codes = [code + each for code in codes for each in signs]
    return codes


def _rank(town: Int64s) -> Int64s:
    """Return for each row how many earlier rows are in the same town."""
    order = np.argsort(town.astype(np.int16), kind="stable")  # short numbers are sorted by radix
    counts = np.bincount(town)
    rank = np.empty(len(town), dtype=np.int64)
    rank[order] = np.arange(len(town)) - np.repeat(np.cumsum(counts) - counts, counts)
    return rank


def _filled(form: str, cells: dict[str, Any]) -> Any:
    """Return a form with its fields filled row by row."""
    pieces = [piece for piece in re.split(r"(\{\w+\})", form) if piece]
    columns = [cells[piece[1:-1]] if piece[0] == "{" else piece for piece in pieces]
    return pc.binary_join_element_wise(*columns, "")
