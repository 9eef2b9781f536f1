"""How two records of one person differ, field by field and by kind, as an observer of the two texts sees it.

The observer does not know how an error came about, so that made-up and real files are judged by the same rules: a
keyboard slip and a misread letter are both ``one_edit``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from pprl.base.arrays import Int64s

__all__ = ["KINDS", "classify", "first_and_others", "measure_differences", "possible_kinds"]

KINDS = {
    "same": "the same text",
    "missing_both": "missing in both",
    "missing_one": "missing in one",
    "form": "only case, accents, spaces or punctuation differ",
    "one_edit": "one character added, dropped or different",
    "one_digit": "one digit for another",
    "transposition": "two neighbouring characters swapped",
    "shortened": "an initial, a beginning or an abbreviation",
    "part_missing": "one has words that the other lacks",
    "parts_moved": "the same words in another order",
    "swapped": "given name and surname swapped",
    "day_month_swapped": "day and month swapped",
    "part_unknown": "a part of one date is unknown, the rest agrees",
    "placeholder_date": "one date is 1 January",
    "other": "otherwise different",
}
"""All kinds, in the order in which tables show them, and what they mean."""

_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_WORDS = re.compile(r"[^\W_]+")
_LONGEST_ABBREVIATION = 4
"""As in rd, str, blvd. Chosen; not sensitive: longer ones are mostly other words."""
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ı": "i"}
)
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})


def classify(field: str, a: str, b: str) -> str:
    """Return how two values of one person differ; the order of the two does not matter.

    Args:
        field: the field's name; ``date_of_birth`` is read as ``YYYY-MM-DD`` with ``00`` for unknown parts, and a
            difference in ``sex`` is never a slip.
        a: one value; empty where missing.
        b: the other.

    Returns:
        A key of `KINDS`; never ``swapped``, which takes two fields to see.
    """
    if a == b:
        return "same" if a else "missing_both"
    if not a or not b:
        return "missing_one"
    if field == "date_of_birth":
        first, second = _DATE.fullmatch(a), _DATE.fullmatch(b)
        if first and second:
            return _classify_dates(first.groups(), second.groups(), a, b)
    words_a, words_b = _words(a), _words(b)
    plain_a, plain_b = "".join(words_a), "".join(words_b)
    if plain_a == plain_b or _written_out(a) == _written_out(b):
        return "form"
    if field == "sex":
        return "other"
    if min(len(plain_a), len(plain_b)) > 1:
        kind = _slip(plain_a, plain_b)
        if kind:
            return kind
    if _shortened(words_a, words_b):
        return "shortened"
    if sorted(words_a) == sorted(words_b):
        return "parts_moved"
    if words_a and words_b and (set(words_a) < set(words_b) or set(words_b) < set(words_a)):
        return "part_missing"
    return "other"


def possible_kinds(field: str) -> frozenset[str]:
    """Return the kinds in which values of a field may differ, given clean dates and codes for sex."""
    always = {"same", "missing_both", "missing_one", "other"}
    dates = {"day_month_swapped", "part_unknown", "placeholder_date"}
    if field == "sex":
        return frozenset(always | {"form"})
    if field == "date_of_birth":
        return frozenset(always | dates | {"one_digit", "transposition"})
    names = set() if field in ("given_name", "surname") else {"swapped"}
    return frozenset(set(KINDS) - dates - names)


def _classify_dates(
    first: tuple[str | Any, ...], second: tuple[str | Any, ...], a: str, b: str
) -> str:
    (year_a, month_a, day_a), (year_b, month_b, day_b) = first, second
    known = [(x, y) for x, y in zip(first, second, strict=True) if x.strip("0") and y.strip("0")]
    if len(known) < 3:
        return "part_unknown" if known and all(x == y for x, y in known) else "other"
    if year_a == year_b and (month_a, day_a) == (day_b, month_b):
        return "day_month_swapped"
    if ((month_a, day_a) == ("01", "01")) != ((month_b, day_b) == ("01", "01")):
        return "placeholder_date"
    return _slip(a.replace("-", ""), b.replace("-", "")) or "other"


def _slip(a: str, b: str) -> str:
    """Return the kind of a single slip between two different texts; empty if they are further apart."""
    if abs(len(a) - len(b)) > 1:
        return ""
    start, short = 0, min(len(a), len(b))
    while start < short and a[start] == b[start]:
        start += 1
    if len(a) != len(b):
        longer, shorter = (a, b) if len(a) > len(b) else (b, a)
        return "one_edit" if longer[start + 1 :] == shorter[start:] else ""
    if a[start + 1 :] == b[start + 1 :]:
        return "one_digit" if a[start].isdigit() and b[start].isdigit() else "one_edit"
    moved = a[start : start + 2] == b[start : start + 2][::-1]
    return "transposition" if moved and a[start + 2 :] == b[start + 2 :] else ""


def _shortened(a: list[str], b: list[str]) -> bool:
    """Return whether, word by word, one text is the other, its beginning or its abbreviation, all in one direction."""
    if len(a) != len(b):
        return False
    unlike = [(x, y) for x, y in zip(a, b, strict=True) if x != y]
    return all(_stands_for(x, y) for x, y in unlike) or all(_stands_for(y, x) for x, y in unlike)


def _stands_for(short: str, full: str) -> bool:
    """Return whether the letters of `short` are in `full` in the same order, beginning with the first."""
    if len(short) >= len(full) or short[0] != full[0] or short.isdigit():
        return False
    if full.startswith(short):
        return True
    if len(short) > _LONGEST_ABBREVIATION:
        return False
    rest = iter(full)
    return all(letter in rest for letter in short)


def _words(text: str) -> list[str]:
    """Return the words without case, accents and punctuation."""
    text = text.casefold()
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.translate(_PLAIN))
        text = "".join(char for char in text if not unicodedata.combining(char))
    return _WORDS.findall(text.replace("'", "").replace("’", ""))


def _written_out(text: str) -> str:
    """Return the text with umlauts written as two letters, otherwise as :func:`_words`."""
    folded = unicodedata.normalize("NFC", text).casefold().translate(_WRITTEN_OUT)
    return "".join(_words(folded))


def first_and_others(person: pd.Series[str]) -> tuple[Int64s, Int64s]:
    """Return pairs of records: the places of each person's first record, and those of every later one.

    Rows without a person are in no pair.
    """
    codes, _ = pd.factorize(person.where(person != "", None))
    places = np.arange(len(codes), dtype=np.int64)
    first = np.full(int(codes.max(initial=-1)) + 1, len(codes), dtype=np.int64)
    known = codes >= 0
    np.minimum.at(first, codes[known], places[known])
    later = places[known][first[codes[known]] != places[known]]
    return first[codes[later]], later


def measure_differences(
    left: pd.DataFrame, right: pd.DataFrame
) -> tuple[dict[str, dict[str, int]], list[int]]:
    """Count the kinds of difference between records of the same person.

    Args:
        left: one record of each pair, canonical text by field.
        right: the other record of each pair, in the same rows and columns.

    Returns:
        By field, the number of pairs of each kind that occurs; and the number of pairs in which 0, 1 ... all fields
        differ (a value that is missing in one of them counts).
    """
    number = np.zeros(len(left), dtype=np.int64)
    swapped = _swapped(left, right)
    found: dict[str, dict[str, int]] = {}
    for field in left.columns:
        a, b = left[field].to_numpy(dtype=object), right[field].to_numpy(dtype=object)
        unlike = np.flatnonzero(a != b)
        number[unlike] += 1
        both_missing = int((a == "").sum() - (a[unlike] == "").sum())
        counts = {
            "same": len(a) - len(unlike) - both_missing,
            "missing_both": both_missing,
        }
        if field in ("given_name", "surname") and swapped.any():
            counts["swapped"] = int(swapped[unlike].sum())
            unlike = unlike[~swapped[unlike]]
        for kind in _kinds(field, a[unlike], b[unlike]):
            counts[kind] = counts.get(kind, 0) + 1
        found[str(field)] = {kind: counts[kind] for kind in KINDS if counts.get(kind)}
    by_number = np.bincount(number, minlength=len(left.columns) + 1)
    return found, [int(count) for count in by_number]


def _kinds(field: str, a: Any, b: Any) -> list[str]:
    known: dict[tuple[str, str], str] = {}
    kinds = []
    for pair in zip(a, b, strict=True):
        kind = known.get(pair)
        if kind is None:
            kind = known[pair] = classify(field, *pair)
        kinds.append(kind)
    return kinds


def _swapped(left: pd.DataFrame, right: pd.DataFrame) -> Any:
    """Return in which pairs given name and surname are the other way round."""
    swapped = np.zeros(len(left), dtype=bool)
    if not {"given_name", "surname"} <= set(left.columns):
        return swapped
    names: Mapping[str, Any] = {
        f"{side}_{field}": frame[field].to_numpy(dtype=object)
        for side, frame in (("left", left), ("right", right))
        for field in ("given_name", "surname")
    }
    unlike = np.flatnonzero(
        (names["left_given_name"] != names["right_given_name"])
        & (names["left_surname"] != names["right_surname"])
    )
    for place in unlike:
        given, surname = names["left_given_name"][place], names["left_surname"][place]
        other_given, other_surname = names["right_given_name"][place], names["right_surname"][place]
        swapped[place] = (
            bool(given and surname)
            and _words(given) == _words(other_surname)
            and _words(surname) == _words(other_given)
        )
    return swapped
