"""Entries of ``run.json``, checked for their kind; a ``TypeError`` or ``ValueError`` says that one is of another."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

__all__ = [
    "as_amount",
    "as_amount_or_none",
    "as_count",
    "as_number",
    "as_one_of",
    "as_share",
    "as_text",
]


def as_number(value: Any) -> float:
    """Return a finite number; a text or a truth value is none."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(float(value)):
        raise TypeError("not a finite number")
    return float(value)


def as_share(value: Any) -> float:
    """Return a number between 0 and 1."""
    number = as_number(value)
    if not 0 <= number <= 1:
        raise ValueError("not between 0 and 1")
    return number


def as_amount(value: Any) -> float:
    """Return a number of at least 0."""
    number = as_number(value)
    if number < 0:
        raise ValueError("below 0")
    return number


def as_amount_or_none(value: Any) -> float | None:
    """Return a number of at least 0, or None for None."""
    return None if value is None else as_amount(value)


def as_count(value: Any) -> int:
    """Return a whole number of at least 0."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 0:
        raise TypeError("not a count")
    return int(value)


def as_text(value: Any) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def as_one_of(value: Any, allowed: tuple[str, ...]) -> str:
    """Return one of the words that the format knows."""
    if value not in allowed:
        raise ValueError("not one of the words that the format knows")
    return str(value)
