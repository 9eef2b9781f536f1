"""What one kind of error is, and how to make one of your own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from pprl.synth.draw import Dice

__all__ = ["FORM", "LIFE", "LOST", "TYPED", "UNPUBLISHED", "Corruption", "text_corruption"]

Values = tuple[str, ...]

LIFE, TYPED, FORM, LOST = range(4)
"""The stages, in the order in which errors come about."""

UNPUBLISHED = "No published rate known to us: a choice."
"""The source of an error for which there is none."""


@dataclass(frozen=True, kw_only=True)
class Corruption:
    """One kind of error.

    Attributes:
        name: of its own, in snake_case.
        fields: the fields that are read, and changed in part or all.
        change: the values of `fields` and the dice give their new values, as many. It depends on nothing else.
        possible: True exactly when `change` alters a value.
        slot: a record gets at most one error of a slot.
        stage: the order of things: 0 life, 1 what was heard, typed or scanned, 2 the written form, 3 what was lost.
        shared: whether everybody of a household has it together.
        title: the error in a few words.
        source: the literature, or that there is none.
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
    """Return a corruption of one field from a function of one text.

    Args:
        name: of its own, in snake_case.
        field: the field that it changes.
        change: the text and the dice give the changed text; it may return the text as it is.
        possible: True exactly when `change` alters the text, whatever the dice. Left out, it is found out by trying,
            which is slower.
        slot: empty: the field's own.
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


def _tried(
    change: Callable[[str, Dice], str],
) -> tuple[Callable[[str], bool], Callable[[str, Dice], str]]:
    """Return a test and a change that agree, for a change that does nothing to some texts."""

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
