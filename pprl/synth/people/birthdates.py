"""Dates of birth that are a little wrong: what else a date may have become, as lists of dates.

A date is ten characters, `YYYY-MM-DD`, with `00` for an unknown month or day; "" is a missing one. Registers refuse
31 February and people born tomorrow, so every wrong date is a real one, from 1900 to the newest that is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain

from pprl.synth.draw import Dice
from pprl.synth.errors.slips import Slip

__all__ = ["date_slips"]

_FORM = re.compile(r"(?a:(\d{4})-(\d\d)-(\d\d))")
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_OLDEST = "1900-01-01"
_DIGITS = "0123456789"
_OCR_DIGITS = {
    "0": "68", "1": "74", "2": "7", "3": "8", "4": "19", "5": "6", "6": "058", "7": "12", "8": "306", "9": "4",
}  # fmt: skip


def date_slips(latest: str) -> dict[str, Slip]:
    """Return the slips of a date by name; `latest` is the newest date of birth that a register takes."""
    return {name: _slip(partial(others, latest=latest)) for name, others in _KINDS.items()}


def _slip(others: Callable[[str], Iterable[str]]) -> Slip:
    def possible(text: str) -> bool:
        return next(iter(others(text)), None) is not None

    def change(text: str, dice: Dice) -> str:
        found = list(others(text))
        return dice.one(found) if found else text

    return Slip(possible=possible, change=change)


def _parts(text: str) -> tuple[str, str, str] | None:
    found = _FORM.fullmatch(text)
    return (found[1], found[2], found[3]) if found else None


def _is_real(year: str, month: str, day: str) -> bool:
    """Return whether this is a day of the calendar; `00` is an unknown month or day."""
    number = int(year)
    if not 0 <= int(month) <= 12 or (month == "00" and day != "00"):
        return False
    leap = month == "02" and number % 4 == 0 and (number % 100 != 0 or number % 400 == 0)
    return day == "00" or 1 <= int(day) <= _DAYS[int(month) - 1] + leap


def _real(dates: Iterable[tuple[str, str, str]], text: str, latest: str) -> Iterator[str]:
    """Yield the dates that can stand in a register, each once, without the one at hand."""
    seen = {text}
    for parts in dates:
        date = f"{parts[0]}-{parts[1]}-{parts[2]}"
        if date not in seen and _OLDEST <= date <= latest and _is_real(*parts):
            seen.add(date)
            yield date


def _day_month_swapped(text: str, latest: str) -> Iterable[str]:
    parts = _parts(text)
    if parts is None or "00" in parts[1:]:
        return []
    return _real([(parts[0], parts[2], parts[1])], text, latest)


def _wrong_digits(
    part: str, places: Iterable[int], like: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Yield the part with one digit wrong; an unknown part stays, and no part becomes unknown."""
    if part == "00":
        return
    for at in places:
        for digit in like[part[at]] if like else _DIGITS:
            wrong = part[:at] + digit + part[at + 1 :]
            if wrong not in (part, "00"):
                yield wrong


def _day_digit_wrong(text: str, latest: str) -> Iterable[str]:
    parts = _parts(text)
    if parts is None:
        return []
    year, month, day = parts
    return _real(((year, month, wrong) for wrong in _wrong_digits(day, (0, 1))), text, latest)


def _month_digit_wrong(text: str, latest: str) -> Iterable[str]:
    parts = _parts(text)
    if parts is None:
        return []
    year, month, day = parts
    return _real(((year, wrong, day) for wrong in _wrong_digits(month, (0, 1))), text, latest)


def _year_digit_wrong(text: str, latest: str) -> Iterable[str]:
    parts = _parts(text)
    if parts is None:
        return []
    year, month, day = parts
    return _real(((wrong, month, day) for wrong in _wrong_digits(year, (2, 3))), text, latest)


def _scanned_digit(text: str, latest: str) -> Iterable[str]:
    parts = _parts(text)
    if parts is None:
        return []
    year, month, day = parts
    wrong_dates = chain(
        ((wrong, month, day) for wrong in _wrong_digits(year, (2, 3), _OCR_DIGITS)),
        ((year, wrong, day) for wrong in _wrong_digits(month, (0, 1), _OCR_DIGITS)),
        ((year, month, wrong) for wrong in _wrong_digits(day, (0, 1), _OCR_DIGITS)),
    )
    return _real(wrong_dates, text, latest)


def _digits_transposed(text: str, latest: str) -> Iterable[str]:
    parts = _parts(text)
    if parts is None:
        return []
    year, month, day = parts
    return _real(
        [
            (year[:2] + year[3] + year[2], month, day),
            (year[0] + year[2] + year[1] + year[3], month, day),
            *([(year, month[::-1], day)] if month != "00" else []),
            *([(year, month, day[::-1])] if day != "00" else []),
        ],
        text,
        latest,
    )


def _year_off_by_one(text: str, latest: str) -> Iterable[str]:
    parts = _parts(text)
    if parts is None:
        return []
    return _real([(f"{int(parts[0]) + step:04}", *parts[1:]) for step in (-1, 1)], text, latest)


def _first_of_january(text: str, latest: str) -> Iterable[str]:
    parts = _parts(text)
    return _real([(parts[0], "01", "01")], text, latest) if parts else []


def _part_unknown(text: str, latest: str) -> Iterable[str]:
    parts = _parts(text)
    if parts is None:
        return []
    # Only the day is unknown twice as often as day and month are.
    kept = [f"{parts[0]}-{parts[1]}-00"] * 2 if parts[2] != "00" and parts[1] != "00" else []
    gone = [f"{parts[0]}-00-00"] if parts[1] != "00" else []
    return kept + gone


_KINDS: dict[str, Callable[..., Iterable[str]]] = {
    "day_month_swapped": _day_month_swapped,
    "day_digit_wrong": _day_digit_wrong,
    "month_digit_wrong": _month_digit_wrong,
    "year_digit_wrong": _year_digit_wrong,
    "date_digit_scanned": _scanned_digit,
    "date_digits_transposed": _digits_transposed,
    "year_off_by_one": _year_off_by_one,
    "first_of_january": _first_of_january,
    "date_in_part": _part_unknown,
}
