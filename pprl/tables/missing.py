"""What a party's file writes where it has no value, as the party declares it in its column map.

A declared value is compared with whole cells, without the white space around them and without regard to case; a
pattern must match the whole of such a cell.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pprl.base.arrays import Bools
from pprl.base.errors import UsageError

__all__ = ["ALL_FIELDS", "MissingRule", "blanked", "check_declared"]

ALL_FIELDS = "all"
"""Stands for every field in place of a field's name."""

_LONGEST, _MOST_VALUES, _MOST_PATTERNS = 200, 1000, 100
"""Characters of an entry, and entries in all. Chosen; not sensitive: a file has some ten words for a missing value."""


class MissingRule:
    """Finds the cells that a party declares missing.

    Args:
        values: what counts as missing.
        patterns: regular expressions as of :mod:`re`; what they match counts as missing, in upper or lower case.
    """

    def __init__(self, values: Iterable[str], patterns: Iterable[str]) -> None:
        self._values = pc.utf8_lower(_trimmed(pa.array(list(values), pa.large_string()))).unique()
        self._patterns = [_compiled(pattern) for pattern in patterns]

    def find(self, cells: pa.LargeStringArray) -> Bools:
        """Return ``bool[n]``: which of these cells count as missing.

        Args:
            cells: distinct ones, so that none is looked at twice.
        """
        trimmed = _trimmed(cells)
        found: Bools = pc.is_in(pc.utf8_lower(trimmed), self._values).to_numpy(zero_copy_only=False)
        if self._patterns:
            texts = trimmed.to_numpy(zero_copy_only=False)
            found = found | np.fromiter(
                (any(pattern.fullmatch(text) for pattern in self._patterns) for text in texts),
                np.bool_,
                len(texts),
            )
        return found


def blanked(texts: pd.Series[str], rule: MissingRule | None) -> pd.Series[str]:
    """Return a column with nothing in the cells that count as missing."""
    if rule is None:
        return texts
    distinct = texts.unique()
    found = rule.find(pa.array(distinct, pa.large_string()))
    return texts.where(~texts.isin(distinct[found]), "") if found.any() else texts


def _trimmed(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    return pc.utf8_trim_whitespace(texts)


def _compiled(pattern: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        # Of what a later Python may read otherwise; it would show the pattern.
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(pattern, re.IGNORECASE)


def check_declared(
    values: Mapping[str, Sequence[str]], patterns: Mapping[str, Sequence[str]]
) -> None:
    """Refuse what can't be declared missing. No message holds an entry; it is named by its place.

    Args:
        values, patterns: field, or :data:`ALL_FIELDS` -> entries.

    Raises:
        UsageError: an entry is not text, is empty or too long; a pattern can't be compiled or matches the empty text;
            there are too many of them.
    """
    for table, entries in (("missing", values), ("missing.patterns", patterns)):
        for name, texts in entries.items():
            _check_entries(f"{table}.{name}", texts)
    for name, texts in patterns.items():
        for number, pattern in enumerate(texts, start=1):
            _check_pattern(f"missing.patterns.{name}, entry {number},", pattern)
    for what, entries, most in (
        ("values", values, _MOST_VALUES),
        ("patterns", patterns, _MOST_PATTERNS),
    ):
        if sum(map(len, entries.values())) > most:
            raise UsageError(
                f"more than {most:,} {what} are declared missing",
                hint="Say it with a pattern below [missing.patterns], or blank them out in your export.",
            )


def _check_entries(where: str, texts: object) -> None:
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise UsageError(
            f"{where} must be a list of texts", hint='For example all = ["UNKNOWN", "N/A"].'
        )
    for number, text in enumerate(texts, start=1):
        if not text.strip():
            raise UsageError(
                f"{where}, entry {number}, is empty",
                hint="Leave it out: an empty cell is missing anyway.",
            )
        if len(text) > _LONGEST:
            raise UsageError(
                f"{where}, entry {number}, is longer than {_LONGEST} characters",
                hint="Give a shorter pattern that matches the whole value.",
            )


def _check_pattern(where: str, pattern: str) -> None:
    try:
        compiled = _compiled(pattern)
    except (re.error, OverflowError, RecursionError):
        raise UsageError(
            f"{where} is not a regular expression",
            hint='For example all = ["x+"]; a backslash stands before a character that is meant as it is.',
        ) from None
    if compiled.fullmatch(""):
        raise UsageError(
            f"{where} matches the empty text",
            hint="An empty cell is missing anyway; let the pattern ask for a character, as in x+ for x*.",
        )
