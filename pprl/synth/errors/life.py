"""What happens to people between two registers: they move house and change their surname."""

from __future__ import annotations

from typing import Protocol

from pprl.synth.draw import Dice

__all__ = ["HomesToMoveTo", "changed_surname", "may_change_surname", "may_move", "moved_house"]

_NEAR = 2 / 3
"""Share of moves within the town; most moves are short (Champion and Shuttleworth 2017, on England and Wales). The
number is chosen; sensitive: after such a move the locality still agrees."""

_JOINED = 0.2
"""Share of changed surnames that keep the old one beside the new one. Chosen, as customs differ; not sensitive: the
other four in five are harder to link."""

_TRIES = 8
"""How often another home is drawn before giving up. Chosen; not sensitive: only a town with a few homes needs more than
one draw."""


class HomesToMoveTo(Protocol):
    """A country's made-up homes."""

    def one(self, dice: Dice) -> tuple[str, str, str]:
        """Return address, locality and postcode of any home."""
        ...

    def near(self, dice: Dice, locality: str) -> tuple[str, str, str]:
        """Return address, locality and postcode of a home in the same town."""
        ...


def may_move(values: tuple[str, ...]) -> bool:
    """Return whether any part of a home (address, locality, postcode) is known."""
    return any(values)


def moved_house(values: tuple[str, ...], dice: Dice, places: HomesToMoveTo) -> tuple[str, ...]:
    """Return another home for (address, locality, postcode): two times in three in the same town."""
    if not any(values):
        return values
    near = bool(values[1]) and dice.chance(_NEAR)
    for _ in range(_TRIES):
        home = places.near(dice, values[1]) if near else places.one(dice)
        if home != values:
            return home
        near = False  # a town with one home has no other
    # The whole country has one home: the house number is all that can change.
    return (f"{values[0]} A".strip(), *values[1:])


def may_change_surname(values: tuple[str, ...]) -> bool:
    """Return whether (surname, former surname) are both known and differ."""
    return bool(values[0] and values[1]) and values[0] != values[1]


def changed_surname(values: tuple[str, ...], dice: Dice) -> tuple[str, ...]:
    """Return (surname, former surname) as in a register that knows nothing of the change, or only half of it.

    The surname is the former one, or both joined by a hyphen.
    """
    if not may_change_surname(values):
        return values
    surname, former = values
    joined = "-" not in surname + former and dice.chance(_JOINED)
    if not joined:
        return former, former
    return (f"{former}-{surname}" if dice.chance(0.5) else f"{surname}-{former}"), former
