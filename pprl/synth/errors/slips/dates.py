"""Slips in a date of birth: for each kind, the list of dates that a date may have turned into.

A date is ten characters, `YYYY-MM-DD`, with `00` for an unknown month or day; a missing date is "". Registers refuse
31 February and people born tomorrow, so every wrong date is a real day, from 1900 to the newest date allowed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain

from pprl.synth.draw import Dice
from pprl.synth.errors.slips.slip import Slip

__all__ = ["date_slips"]

_FORM = re.compile(r"(?a:(\d{4})-(\d\d)-(\d\d))")
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_OLDEST = "1900-01-01"
"""Chosen: a register's usual limit. Not sensitive: hardly anybody is near it."""
_DIGITS = "0123456789"
_SCANNED_DIGITS = {
    "0": "68", "1": "74", "2": "7", "3": "8", "4": "19", "5": "6", "6": "058", "7": "12", "8": "306", "9": "4",
}  # fmt: skip
"""Digits that a scanner takes for each other, chosen by their looks."""


Parts = tuple[str, str, str]
"""Year, month and day as text."""


def date_slips(latest: str) -> dict[str, Slip]:
    """Return the slips of a date by name.

    Args:
        latest: newest date of birth that a register accepts, ``YYYY-MM-DD``.
    """
    slips = {name: _real_slip(others, latest) for name, others in _KINDS.items()}
    return {**slips, "date_in_part": _slip(_in_part)}


def _slip(others: Callable[[str], Iterable[str]]) -> Slip:
    def possible(text: str) -> bool:
        return next(iter(others(text)), None) is not None

    def change(text: str, dice: Dice) -> str:
        found = list(others(text))
        return dice.one(found) if found else text

    return Slip(possible=possible, change=change)


def _real_slip(others: Callable[[str, str, str], Iterable[Parts]], latest: str) -> Slip:
    """Return the slip of a kind, given what it makes of year, month and day; dates that are not real are left out."""

    def real(text: str) -> Iterator[str]:
        parts = _parts(text)
        seen = {text}
        for other in others(*parts) if parts else ():
            date = "-".join(other)
            if date not in seen and _OLDEST <= date <= latest and _is_real(*other):
                seen.add(date)
                yield date

    return _slip(real)


def _parts(text: str) -> Parts | None:
    found = _FORM.fullmatch(text)
    return (found[1], found[2], found[3]) if found else None


def _is_real(year: str, month: str, day: str) -> bool:
    """Return whether this is a day of the calendar, `00` being an unknown month or day."""
    number = int(year)
    if not 0 <= int(month) <= 12 or (month == "00" and day != "00"):
        return False
    leap = month == "02" and number % 4 == 0 and (number % 100 != 0 or number % 400 == 0)
    return day == "00" or 1 <= int(day) <= _DAYS[int(month) - 1] + leap


def _day_month_swapped(year: str, month: str, day: str) -> Iterator[Parts]:
    if "00" not in (month, day):
        yield year, day, month


def _wrong_digits(
    part: str, places: Iterable[int], like: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Yield the part with one digit wrong; nothing if it is unknown, and never an unknown part.

    Args:
        part: year, month or day.
        places: of the digits that may be wrong.
        like: for each digit, those that it may turn into; None: all.
    """
    if part == "00":
        return
    for at in places:
        for digit in like[part[at]] if like else _DIGITS:
            wrong = part[:at] + digit + part[at + 1 :]
            if wrong not in (part, "00"):
                yield wrong


def _day_digit_wrong(year: str, month: str, day: str) -> Iterator[Parts]:
    return ((year, month, wrong) for wrong in _wrong_digits(day, (0, 1)))


def _month_digit_wrong(year: str, month: str, day: str) -> Iterator[Parts]:
    return ((year, wrong, day) for wrong in _wrong_digits(month, (0, 1)))


def _year_digit_wrong(year: str, month: str, day: str) -> Iterator[Parts]:
    return ((wrong, month, day) for wrong in _wrong_digits(year, (2, 3)))


def _digit_scanned(year: str, month: str, day: str) -> Iterator[Parts]:
    return chain(
        ((wrong, month, day) for wrong in _wrong_digits(year, (2, 3), _SCANNED_DIGITS)),
        ((year, wrong, day) for wrong in _wrong_digits(month, (0, 1), _SCANNED_DIGITS)),
        ((year, month, wrong) for wrong in _wrong_digits(day, (0, 1), _SCANNED_DIGITS)),
    )


def _digits_transposed(year: str, month: str, day: str) -> Iterator[Parts]:
    yield year[:2] + year[3] + year[2], month, day
    yield year[0] + year[2] + year[1] + year[3], month, day
    if month != "00":
        yield year, month[::-1], day
    if day != "00":
        yield year, month, day[::-1]


def _year_off_by_one(year: str, month: str, day: str) -> Iterator[Parts]:
    return ((f"{int(year) + step:04}", month, day) for step in (-1, 1))


def _first_of_january(year: str, month: str, day: str) -> Iterator[Parts]:
    yield year, "01", "01"


_KINDS: dict[str, Callable[[str, str, str], Iterable[Parts]]] = {
    "day_month_swapped": _day_month_swapped,
    "day_digit_wrong": _day_digit_wrong,
    "month_digit_wrong": _month_digit_wrong,
    "year_digit_wrong": _year_digit_wrong,
    "date_digit_scanned": _digit_scanned,
    "date_digits_transposed": _digits_transposed,
    "year_off_by_one": _year_off_by_one,
    "first_of_january": _first_of_january,
}


def _in_part(text: str) -> Iterable[str]:
    """Return the date without its day, and without day and month."""
    parts = _parts(text)
    if parts is None:
        return []
    year, month, day = parts
    # The day alone is unknown twice as often as day and month: chosen; not sensitive.
    without_day = [f"{year}-{month}-00"] * 2 if day != "00" and month != "00" else []
    without_both = [f"{year}-00-00"] if month != "00" else []
    return without_day + without_both
