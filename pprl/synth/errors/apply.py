"""Makes errors in a table of clean records: a profile's, at rates of your own if wanted, and errors of your own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from pprl.base.arrays import Floats, Int64s
from pprl.base.errors import DataError, UsageError
from pprl.synth.errors.catalogue import country_corruptions
from pprl.synth.errors.corruptor import Columns, Corruptor, ErrorCounts, household_means
from pprl.synth.errors.error_type import Corruption
from pprl.synth.errors.rates import ErrorPlan, ErrorRequest, error_plan
from pprl.synth.people.fields import FIELDS, FORMER_SURNAME
from pprl.synth.people.population import Population
from pprl.synth.places.country import load_country
from pprl.synth.places.homes import Places

__all__ = ["BLOCK", "Corrupted", "corrupt"]

BLOCK = 50_000
"""Records that are handled at once. Chosen; not sensitive for the results on average, but part of what a seed means:
another number gives other files."""


@dataclass(frozen=True, kw_only=True)
class Corrupted:
    """What `corrupt` returns.

    Attributes:
        frame: the records with their errors; rows, order and all other columns are unchanged.
        errors: what was done: `row` (place in the frame, from 0) and `error` (its name).
        rates: one row for each error: `error`, `asked`, `possible`, `made`, `rate` (made / possible).
    """

    frame: pd.DataFrame
    errors: pd.DataFrame
    rates: pd.DataFrame


def corrupt(
    frame: pd.DataFrame,
    *,
    profile: str | ErrorRequest = "typical",
    country: str = "gb",
    seed: int = 1,
    party: str = "",
    more: Sequence[Corruption] = (),
    factor: Any = None,
    within: Population | None = None,
) -> Corrupted:
    """Make errors in clean records. No record moves, so whatever is known to be true of a row stays true.

    Args:
        frame: text in the fields of a record (`given_name`, `middle_name`, `surname`, `date_of_birth` as YYYY-MM-DD,
            `sex` as F or M, `address`, `locality`, `postcode`), or in some of them; `former_surname` and `household`
            (whole numbers) are used if present. Other columns are left alone.
        profile: ``none``, ``light``, ``typical``, ``heavy`` or ``register``; or a profile with rates of your own
            (:class:`pprl.synth.ErrorRequest`).
        country: whose nicknames, spellings, keyboard and forms of address.
        seed, party: the same frame, seed and party give the same errors. Two files about the same people need different
            parties (or seeds); otherwise record 17 of both gets the same errors.
        more: errors of your own (:func:`pprl.synth.text_corruption` makes one) in any text columns of the frame; they
            need rates in an :class:`pprl.synth.ErrorRequest`.
        factor: one number for each row that multiplies its rates, to study errors that differ by group. What a
            household has together (a move) gets the mean of its members' factors.
        within: people move within the towns of this population; None: all over the country.

    Raises:
        DataError: a field holds something other than text.
        UsageError: an unknown error or country, a rate out of range, or rates of one slot that add up to more than 1.
    """
    columns = _columns(frame, more)
    weights = _factor(factor, len(frame))
    land = load_country(country)
    places = within.places if within else Places(land, seed, max(1, len(frame) // 2))
    household = _households(frame)
    asked = profile if isinstance(profile, ErrorRequest) else ErrorRequest(profile=profile)
    if weights is not None and len(weights):
        asked = replace(asked, highest_factor=max(asked.highest_factor, float(weights.max())))
    known = country_corruptions(land, places, latest=_latest(columns), more=more)
    plan = error_plan(asked, known, tuple(columns))
    total = ErrorCounts()
    found = [pd.DataFrame({"row": np.zeros(0, np.int64), "error": np.zeros(0, object)})]
    for start, counts in _blocks(Corruptor(plan), columns, (seed, party), weights, household):
        total.add(counts)
        found += [
            pd.DataFrame({"row": rows + start, "error": name}) for name, rows in counts.rows.items()
        ]
    changed = frame.copy()
    for name, values in columns.items():
        changed[name] = pd.Series(values, index=frame.index, dtype=object)
    errors = pd.concat(found, ignore_index=True)
    errors = errors.sort_values(["row", "error"], kind="stable", ignore_index=True)
    return Corrupted(frame=changed, errors=errors, rates=_rate_table(plan, total))


def _blocks(
    corruptor: Corruptor,
    columns: Columns,
    path: tuple[int, str],
    factor: Floats | None,
    household: Int64s | None,
) -> Iterator[tuple[int, ErrorCounts]]:
    """Change the columns block by block; yield where each block starts and what was done in it."""
    seed, party = path
    shared = None
    if household is not None and factor is not None:
        _, number = np.unique(household, return_inverse=True)
        shared = household_means(number, factor)[number]
    for start in range(0, len(next(iter(columns.values()))), BLOCK):
        rows = slice(start, start + BLOCK)
        counts = corruptor.run(
            {name: values[rows] for name, values in columns.items()},
            (seed, "corrupt", party, start // BLOCK),
            factor=None if factor is None else factor[rows],
            household=None if household is None else household[rows],
            household_factor=None if shared is None else shared[rows],
        )
        yield start, counts


def _rate_table(plan: ErrorPlan, counts: ErrorCounts) -> pd.DataFrame:
    """Return what was asked for and what was made, one row for each error."""
    names = [c.name for c in plan.active()]
    possible = [counts.possible.get(name, 0) for name in names]
    made = [counts.made.get(name, 0) for name in names]
    return pd.DataFrame(
        {
            "error": names,
            "asked": [plan.rates[name] for name in names],
            "possible": possible,
            "made": made,
            "rate": [m / p if p else float("nan") for m, p in zip(made, possible, strict=True)],
        }
    )


def _columns(frame: pd.DataFrame, more: Sequence[Corruption]) -> Columns:
    """Return copies of the columns that errors may change, as object arrays of text."""
    found = {}
    own = (field for corruption in more for field in corruption.fields)
    for name in dict.fromkeys((*FIELDS, FORMER_SURNAME, *own)):
        if name not in frame.columns:
            continue
        if isinstance(frame[name], pd.DataFrame):
            raise DataError(f"two columns have the name {name}", hint="Leave one of them out.")
        values = np.array(frame[name].to_numpy(dtype=object), dtype=object)
        if not all(type(value) is str for value in values):
            raise DataError(
                f"the column {name} holds something other than text",
                hint='Read it with pprl.read_csv_text; a missing value is "".',
            )
        found[name] = values
    if not found:
        raise DataError(
            "the table has none of a record's fields", hint=f"Fields: {', '.join(FIELDS)}."
        )
    return found


def _households(frame: pd.DataFrame) -> Int64s | None:
    if "household" not in frame.columns:
        return None
    numbers = frame["household"].to_numpy()
    if numbers.dtype.kind not in "iu":
        raise DataError("the column household must hold whole numbers")
    return numbers


def _latest(columns: Mapping[str, Any]) -> str:
    """Return the newest date of birth in the records: no error makes a later one."""
    births = columns.get("date_of_birth")
    return max(births, default="") if births is not None and any(births) else "2025-12-31"


def _factor(factor: Any, rows: int) -> Floats | None:
    if factor is None:
        return None
    try:
        values = np.asarray(factor, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError("factor holds something other than numbers") from None
    if values.shape != (rows,) or not np.isfinite(values).all() or (rows and values.min() < 0):
        raise UsageError("factor must hold one number of 0 or more for each row")
    return values
