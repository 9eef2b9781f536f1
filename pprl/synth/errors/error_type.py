"""What one kind of error is, and how to make one of your own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from pprl.synth.draw import Dice

__all__ = [
    "FORM",
    "LIFE",
    "LOST",
    "TYPED",
    "UNPUBLISHED",
    "Corruption",
    "Values",
    "text_corruption",
]

Values = tuple[str, ...]
"""The texts of some fields of one record."""

LIFE, TYPED, FORM, LOST = range(4)
"""The stages, in the order in which errors come about."""

UNPUBLISHED = "No published rate known to us: a choice."
"""The source of an error for which there is none."""


@dataclass(frozen=True, kw_only=True)
class Corruption:
    """One kind of error: it corrupts some fields of a record.

    Attributes:
        name: unique, in snake_case.
        fields: the fields that it reads; it changes some or all of them.
        change: takes the values of `fields` and the dice, and returns the new values, one for each field. It depends on
            nothing else.
        possible: True exactly when `change` alters a value.
        slot: a record gets at most one error of a slot.
        stage: when it happens: 0 in life, 1 when heard, typed or scanned, 2 in the written form, 3 when something is
            lost.
        shared: whether all members of a household have it together.
        title: the error in a few words.
        source: the literature, or a statement that there is none.
    """

    name: str
    fields: tuple[str, ...]
    change: Callable[[Values, Dice], Values]
    possible: Callable[[Values], bool]
    slot: str
    stage: int = TYPED
    shared: bool = False
    title: str = ""
    source: str = UNPUBLISHED


def text_corruption(
    name: str,
    field: str,
    change: Callable[[str, Dice], str],
    *,
    possible: Callable[[str], bool] | None = None,
    slot: str = "",
    stage: int = TYPED,
    title: str = "",
    source: str = UNPUBLISHED,
) -> Corruption:
    """Return a kind of error in one field, made from a function that changes one text.

    Args:
        name: unique, in snake_case.
        field: the field that it changes.
        change: takes the text and the dice, and returns the changed text; it may return the text unchanged.
        possible: True exactly when `change` alters the text, whatever the dice. If left out, it is found by trying,
            which is slower.
        slot: the slot of the error; if empty, the slot of the field.
        stage, title, source: see :class:`Corruption`.
    """
    if possible is None:
        possible, change = _tried(change)
    return Corruption(
        name=name,
        fields=(field,),
        change=partial(_change_one, change),
        possible=partial(_possible_one, possible),
        slot=slot or field,
        stage=stage,
        title=title or name.replace("_", " "),
        source=source,
    )


_TRIALS = 8
"""How often a change is tried before it counts as impossible. Chosen; not sensitive: a change that shows in half of the
tries is missed once in 256 texts."""


def _tried(
    change: Callable[[str, Dice], str],
) -> tuple[Callable[[str], bool], Callable[[str, Dice], str]]:
    """Return a test and a change that agree, for a change that leaves some texts as they are."""

    def trials(text: str) -> Iterator[str]:
        return (
            changed
            for number in range(_TRIALS)
            if (changed := change(text, Dice.of(number))) != text
        )

    def possible(text: str) -> bool:
        return next(trials(text), None) is not None

    def sure(text: str, dice: Dice) -> str:
        sample = next(trials(text), None)
        if sample is None:
            return text
        changed = change(text, dice)
        return sample if changed == text else changed

    return possible, sure


def _change_one(change: Callable[[str, Dice], str], values: Values, dice: Dice) -> Values:
    return (change(values[0], dice),)


def _possible_one(possible: Callable[[str], bool], values: Values) -> bool:
    return possible(values[0])
