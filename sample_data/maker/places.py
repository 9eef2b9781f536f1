"""Invented towns with streets, houses and postcodes.

The postcodes have the shape of British ones, in the areas ZX and QV, which no post office uses.
"""

from __future__ import annotations

from dataclasses import dataclass

from .draw import Draw
from .words import words

__all__ = ["Home", "Places"]

# Town, the postcode district it lies in, its size.
TOWNS: tuple[tuple[str, str, int], ...] = (
    ("Harrowmouth", "ZX1", 30), ("Kingsfallow", "ZX2", 22), ("Eastmarrow", "QV1", 16),
    ("Brackenholt", "ZX3", 12), ("Pennerford", "QV2", 9), ("Market Ollerby", "QV4", 7),
    ("Northquill", "ZX5", 6), ("Stonewhistle", "QV6", 5), ("Fellowmere", "ZX8", 4),
    ("Tarnhollow", "QV7", 3), ("Upper Drayle", "ZX11", 2), ("Millstrand", "QV12", 2),
    ("Lower Tansy", "ZX14", 1), ("Quellby St Anne", "QV15", 1),
)  # fmt: skip

STREET_STARTS = words(
    "High Church Mill Station Park Victoria Albert Queen's King's Chapel School Manor Orchard "
    "Meadow Grange Priory Castle Bridge Abbey Elm Oak Ash Beech Cedar Chestnut Hawthorn Juniper "
    "Larch Linden Poplar Rowan Sycamore Willow Heron Kestrel Linnet Plover Swallow Tannery Weaver "
    "Cooper Fuller Saddler Chandler Harbour Quarry Foundry Canal Lantern Bellfounder "
    "Gasworks Nettlebed"
)
STREET_TYPES: tuple[tuple[str, int], ...] = (
    ("Street", 24), ("Road", 30), ("Avenue", 14), ("Lane", 10), ("Close", 12), ("Drive", 8),
    ("Crescent", 5), ("Terrace", 5), ("Place", 3), ("Gardens", 4), ("Court", 3), ("Square", 2),
)  # fmt: skip
HOUSE_NAMES = words("Rose Ivy Holly Well Forge Toll Orchard Bramble Primrose Sexton's")
INWARD_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
STREETS_PER_SIZE = 4


@dataclass(frozen=True)
class Home:
    """One dwelling: the address line, its town and its postcode."""

    address: str
    town: str
    postcode: str


@dataclass(frozen=True)
class _Street:
    name: str
    postcodes: tuple[str, ...]
    houses: int


class Places:
    """The towns with their streets; a postcode belongs to one stretch of one street."""

    def __init__(self, draw: Draw) -> None:
        """Lay out the streets of every town and deal out the postcodes."""
        self._streets: dict[str, tuple[_Street, ...]] = {}
        for town, district, size in TOWNS:
            free = draw.shuffled(_postcodes(district))
            names: dict[str, None] = {}
            while len(names) < size * STREETS_PER_SIZE:
                names[f"{draw.one(STREET_STARTS)} {draw.weighted(STREET_TYPES)}"] = None
            streets = []
            for name in names:
                stretches = draw.between(1, 3)
                codes = tuple(free.pop() for _ in range(stretches))
                streets.append(_Street(name, codes, stretches * draw.between(12, 30)))
            self._streets[town] = tuple(streets)

    def draw_home(self, draw: Draw, town: str | None = None) -> Home:
        """Return a dwelling in a town, or in any town, the larger the likelier."""
        if town is None:
            town = draw.weighted([(name, size) for name, _, size in TOWNS])
        street = draw.one(self._streets[town])
        house = draw.between(1, street.houses)
        postcode = street.postcodes[(house - 1) * len(street.postcodes) // street.houses]
        kind = draw.weighted((("house", 84), ("flat", 13), ("named", 3)))
        if kind == "flat":
            address = f"Flat {draw.between(1, 12)}, {house} {street.name}"
        elif kind == "named":
            address = f"{draw.one(HOUSE_NAMES)} Cottage, {street.name}"
        else:
            address = f"{house} {street.name}"
        return Home(address, town, postcode)


def _postcodes(district: str) -> list[str]:
    return [
        f"{district} {digit}{first}{second}"
        for digit in range(1, 10)
        for first in INWARD_LETTERS
        for second in INWARD_LETTERS
    ]
