"""Errors for a table of clean records: the profile's, with rates of one's own and errors of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pprl.base.arrays import Floats
from pprl.base.errors import DataError, UsageError
from pprl.synth.errors.corruptions import Corruption, standard_corruptions
from pprl.synth.errors.engine import ErrorPlan, Machine, Tally, household_means
from pprl.synth.errors.forms import FIELDS
from pprl.synth.errors.profiles import check_rates, get_profile, unknown_error
from pprl.synth.people.people import Population
from pprl.synth.places.country import Country, load_country
from pprl.synth.places.lexicon import load_lexicon
from pprl.synth.places.places import Places

__all__ = ["BLOCK", "Corrupted", "all_errors", "corrupt", "error_plan", "known_corruptions"]

BLOCK = 50_000
"""Records that are handled at once; part of what a seed means."""


@dataclass(frozen=True, kw_only=True)
class Corrupted:
    """What `corrupt` gives.

    Attributes:
        frame: the records with their errors; rows, order and all other columns are as they were.
        errors: what was done: `row` (place in the frame, from 0) and `error` (the corruption's name).
        rates: one row an error: `error`, `asked`, `possible`, `made`, `rate` (made / possible).
    """

    frame: pd.DataFrame
    errors: pd.DataFrame
    rates: pd.DataFrame


def corrupt(
    frame: pd.DataFrame,
    *,
    profile: str = "typical",
    rates: Mapping[str, float] | None = None,
    country: str = "gb",
    seed: int = 1,
    party: str = "",
    dependence: float | None = None,
    more: Sequence[Corruption] = (),
    factor: Any = None,
    within: Population | None = None,
) -> Corrupted:
    """Make errors in clean records, which keep their place: truth about them stays true.

    Args:
        frame: text in the fields of a record (`given_name`, `middle_name`, `surname`, `date_of_birth` as YYYY-MM-DD,
            `sex` as F or M, `address`, `locality`, `postcode`), as many of them as there are; `former_surname` and
            `household` (whole numbers) are used if present. Other columns are left alone.
        profile: ``none``, ``light``, ``typical`` or ``heavy``.
        rates: by error, instead of the profile's; a rate is a share of the records where the error is possible.
        country: whose nicknames, spellings, keyboard and forms of address.
        seed, party: the same frame, seed and party give the same errors. Two files about the same people need two
            parties (or seeds): with one, record 17 of both would get the same errors.
        dependence: from 0 to 1, how much errors gather in careless records; None: the profile's.
        more: errors of one's own (:func:`pprl.synth.text_corruption` makes one) on any text columns of the frame; their
            rates must be in `rates`.
        factor: one number a row that multiplies its rates, to study errors that differ by group. What a household has
            together (a move) has the mean of its factors.
        within: people move within the towns of this population; None: all over the country.

    Raises:
        DataError: a field holds something else than text.
        UsageError: an unknown error or country, a rate out of range, rates of one slot that add up to more than 1.
    """
    columns = _columns(frame, more)
    weights = _factor(factor, len(frame))
    land = load_country(country)
    places = within.places if within else Places(land, seed, max(1, len(frame) // 2))
    household = None
    if "household" in frame.columns:
        household = frame["household"].to_numpy()
        if household.dtype.kind not in "iu":
            raise DataError("the column household must hold whole numbers")
    plan = error_plan(
        known_corruptions(land, places, latest=_latest(columns), more=more),
        profile=profile,
        rates=rates or {},
        dependence=dependence,
        fields=tuple(columns),
        most=float(weights.max()) if weights is not None and len(weights) else 1.0,
    )
    together = None
    if household is not None and weights is not None:
        _, number = np.unique(household, return_inverse=True)
        together = household_means(number, weights)[number]
    machine, total = Machine(plan), Tally()
    found = [pd.DataFrame({"row": np.zeros(0, np.int64), "error": np.zeros(0, object)})]
    for start in range(0, len(frame), BLOCK):
        rows = slice(start, start + BLOCK)
        block = {name: values[rows] for name, values in columns.items()}
        tally = machine.run(
            block,
            (seed, "corrupt", party, start // BLOCK),
            factor=None if weights is None else weights[rows],
            household=None if household is None else household[rows],
            household_factor=None if together is None else together[rows],
        )
        total.add(tally)
        found += [
            pd.DataFrame({"row": places + start, "error": name})
            for name, places in tally.rows.items()
        ]
    changed = frame.copy()
    for name, values in columns.items():
        changed[name] = pd.Series(values, index=frame.index, dtype=object)
    errors = pd.concat(found, ignore_index=True)
    errors = errors.sort_values(["row", "error"], kind="stable", ignore_index=True)
    return Corrupted(frame=changed, errors=errors, rates=rate_table(plan, total))


def known_corruptions(
    country: Country, places: Places, *, latest: str, more: Sequence[Corruption] = ()
) -> dict[str, Corruption]:
    """Return the standard corruptions of a country and those of one's own, by name.

    Args:
        country, places: whose nicknames and spellings, and where people move.
        latest: the newest date of birth that a register takes, ``YYYY-MM-DD``.
        more: errors of one's own.

    Raises:
        UsageError: one of one's own has the name of another.
    """
    known = dict(
        standard_corruptions(
            load_lexicon(country.language, country.keyboard), places, latest=latest
        )
    )
    for own in more:
        if own.name in known:
            raise UsageError(
                f"there is a corruption {own.name!r} already", hint="Give it another name."
            )
        known[own.name] = own
    return known


def all_errors(country: str = "gb") -> pd.DataFrame:
    """Return all standard errors: `error`, `fields`, `slot`, the rate in each profile, `title` and `source`."""
    land = load_country(country)
    known = known_corruptions(land, Places(land, 1, 1), latest="2025-12-31")
    profiles = {name: get_profile(name) for name in ("light", "typical", "heavy")}
    return pd.DataFrame(
        {
            "error": list(known),
            "fields": [", ".join(c.fields) for c in known.values()],
            "slot": [c.slot for c in known.values()],
            **{name: [p.rates.get(error, 0.0) for error in known] for name, p in profiles.items()},
            "title": [c.title for c in known.values()],
            "source": [c.source for c in known.values()],
        }
    )


def error_plan(
    known: Mapping[str, Corruption],
    *,
    profile: str,
    rates: Mapping[str, float],
    dependence: float | None,
    fields: Sequence[str],
    factor: float = 1.0,
    most: float = 1.0,
) -> ErrorPlan:
    """Return the plan of errors for records with some fields.

    Args:
        known: corruptions by name.
        profile: the rates to begin with.
        rates: rates instead of the profile's; one that names a field the records lack is refused.
        dependence: None: the profile's.
        fields: what the records have.
        factor: multiplies all rates.
        most: the highest factor of a group: no slot's rates may pass 1 with it.

    Raises:
        UsageError: see :func:`corrupt`.
    """
    base = get_profile(profile)
    used = {name: c for name, c in known.items() if set(c.fields) <= set(fields)}
    for name in rates:
        if name not in known:
            raise UsageError(f"there is no error {name!r}", hint=unknown_error(name, list(known)))
        if name not in used:
            lacking = ", ".join(sorted(set(known[name].fields) - set(fields)))
            raise UsageError(f"the error {name!r} needs fields that the records lack: {lacking}")
    asked = {**{name: rate for name, rate in base.rates.items() if name in used}, **rates}
    check_rates(asked, used)
    scaled = {name: rate * factor for name, rate in asked.items()}
    if most * factor != 1:
        try:
            check_rates({name: rate * most for name, rate in scaled.items()}, used)
        except UsageError as error:
            raise UsageError(
                f"with the highest factor that a record can have, {most * factor:g}, {error.problem}",
                hint="Lower the factor of the group or party, or the rates.",
            ) from None
    share = base.dependence if dependence is None else dependence
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise UsageError(f"the dependence is {share!r}", hint="It is a number from 0 to 1.")
    return ErrorPlan(corruptions=tuple(used.values()), rates=scaled, dependence=share)


def rate_table(plan: ErrorPlan, tally: Tally) -> pd.DataFrame:
    """Return what was asked for and what was made, one row an error."""
    names = [c.name for c in plan.active()]
    possible = [tally.possible.get(name, 0) for name in names]
    made = [tally.made.get(name, 0) for name in names]
    return pd.DataFrame(
        {
            "error": names,
            "asked": [plan.rates[name] for name in names],
            "possible": possible,
            "made": made,
            "rate": [m / p if p else float("nan") for m, p in zip(made, possible, strict=True)],
        }
    )


def _columns(
    frame: pd.DataFrame, more: Sequence[Corruption]
) -> dict[str, np.ndarray[Any, np.dtype[np.object_]]]:
    found = {}
    own = (field for corruption in more for field in corruption.fields)
    for name in dict.fromkeys((*FIELDS, "former_surname", *own)):
        if name not in frame.columns:
            continue
        if isinstance(frame[name], pd.DataFrame):
            raise DataError(f"two columns have the name {name}", hint="Leave one of them out.")
        values = np.array(frame[name].to_numpy(dtype=object), dtype=object)
        if not all(type(value) is str for value in values):
            raise DataError(
                f"the column {name} holds something else than text",
                hint='Read it with pprl.read_csv_text; a missing value is "".',
            )
        found[name] = values
    if not found:
        raise DataError(
            "the table has none of a record's fields", hint=f"Fields: {', '.join(FIELDS)}."
        )
    return found


def _latest(columns: Mapping[str, Any]) -> str:
    """Return the newest date of birth in the records: none is made that lies behind it."""
    births = columns.get("date_of_birth")
    return max(births, default="") if births is not None and any(births) else "2025-12-31"


def _factor(factor: Any, rows: int) -> Floats | None:
    if factor is None:
        return None
    try:
        values = np.asarray(factor, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError("factor holds something else than numbers") from None
    if values.shape != (rows,) or not np.isfinite(values).all() or (rows and values.min() < 0):
        raise UsageError("factor must hold one number of 0 or more a row")
    return values
