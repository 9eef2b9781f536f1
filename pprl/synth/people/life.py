"""What happens to people between two registers: they move house and change their surname."""

from __future__ import annotations

from typing import Protocol

from pprl.synth.draw import Dice

__all__ = ["PlacesLike", "changed_surname", "may_change_surname", "may_move", "moved_house"]

_NEAR = 2 / 3
"""Share of moves that stay in the town; most moves are short (Champion and Shuttleworth 2017, on England and Wales)."""

_JOINED = 0.2
"""Share of changed surnames that keep the old one beside the new one: a choice, as customs differ."""

_TRIES = 8


class PlacesLike(Protocol):
    """A country's made-up homes."""

    def one(self, dice: Dice) -> tuple[str, str, str]:
        """Return address, locality and postcode of any home."""
        ...

    def near(self, dice: Dice, locality: str) -> tuple[str, str, str]:
        """Return address, locality and postcode of a home in the same town."""
        ...


def may_move(values: tuple[str, ...]) -> bool:
    """Return whether a home (address, locality, postcode) is known at all."""
    return any(values)


def moved_house(values: tuple[str, ...], dice: Dice, places: PlacesLike) -> tuple[str, ...]:
    """Return another home for (address, locality, postcode): two in three are in the same town."""
    if not any(values):
        return values
    near = bool(values[1]) and dice.chance(_NEAR)
    for _ in range(_TRIES):
        home = places.near(dice, values[1]) if near else places.one(dice)
        if home != values:
            return home
        near = False  # a town of one home has no other
    # A country of one home: nothing else to draw, so the move shows in its house number alone.
    return (f"{values[0]} A".strip(), *values[1:])


def may_change_surname(values: tuple[str, ...]) -> bool:
    """Return whether (surname, former surname) differ and both are known."""
    return bool(values[0] and values[1]) and values[0] != values[1]


def changed_surname(values: tuple[str, ...], dice: Dice) -> tuple[str, ...]:
    """Return (surname, former surname) as a register has them that was never told, or only half.

    The surname is the former one, or both joined by a hyphen.
    """
    if not may_change_surname(values):
        return values
    surname, former = values
    joined = "-" not in surname + former and dice.chance(_JOINED)
    if not joined:
        return former, former
    return (f"{former}-{surname}" if dice.chance(0.5) else f"{surname}-{former}"), former
