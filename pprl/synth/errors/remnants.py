"""Records of which hardly anything is left: a surname and a sex, a given name and a year, a surname alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from pprl.synth.draw import Dice
from pprl.synth.errors.error_type import LOST, UNPUBLISHED, Corruption, Values
from pprl.synth.people.fields import FIELDS

__all__ = ["remnant_corruptions"]

_YEAR = re.compile(r"(?a:\d{4})(?=-\d\d-\d\d$)")

_KEPT = {
    "only_surname_and_sex": (("surname", "sex"), "all but surname and sex unknown"),
    "only_given_name_and_year": (
        ("given_name", "date_of_birth"),
        "all but given name and year of birth unknown",
    ),
    "only_surname": (("surname",), "all but the surname unknown"),
}
"""What is left of a record, by the error's name; of a date of birth the year."""


def remnant_corruptions() -> Iterator[Corruption]:
    """Yield the errors that leave hardly anything of a record."""
    for name, (kept, title) in _KEPT.items():
        yield Corruption(
            name=name, fields=FIELDS, slot=name, stage=LOST, title=title, source=UNPUBLISHED,
            change=partial(_change, kept=kept), possible=partial(_possible, kept=kept),
        )  # fmt: skip


def _possible(values: Values, kept: tuple[str, ...]) -> bool:
    return _remnant(values, kept) != values


def _change(values: Values, dice: Dice, kept: tuple[str, ...]) -> Values:
    return _remnant(values, kept)


def _remnant(values: Values, kept: tuple[str, ...]) -> Values:
    """Return what is left of the values; all of them if the record lacks what would be left."""
    left = {field: value for field, value in zip(FIELDS, values, strict=True) if field in kept}
    if "date_of_birth" in left:
        year = _YEAR.match(left["date_of_birth"])
        left["date_of_birth"] = f"{year[0]}-00-00" if year else ""
    if not all(left.values()):
        return values
    return tuple(left.get(field, "") for field in FIELDS)
