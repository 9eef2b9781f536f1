"""`about.json`: what was asked for, what was made, and from which tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pprl.base.arrays import Int64s
from pprl.base.version import VERSION
from pprl.synth.errors.engine import ErrorPlan, Tally
from pprl.synth.making.plan import Plan
from pprl.synth.people.households import YEAR
from pprl.synth.people.people import Population

__all__ = ["ABOUT_FORMAT", "about_file", "about_population"]

ABOUT_FORMAT = "pprl-synth/1"
_AGES = (0, 5, 18, 30, 45, 65, 80)


def about_population(plan: Plan, made: Population, members: Sequence[Int64s]) -> dict[str, Any]:
    """Return the head of `about.json`: the plan, the people, who is in which file. No day and no machine is in it."""
    residents = made.residents
    parties = plan.parties()
    sizes = np.bincount(residents.household)
    inside = np.zeros(len(made), dtype=np.int64)
    for rows in members:
        inside[rows] += 1
    return {
        "format": ABOUT_FORMAT,
        "version": VERSION,
        "note": "Nobody in these files exists.",
        "plan": plan.to_dict(),
        "people": {
            "people": len(made),
            "households": residents.households,
            "mean_household": float(len(made) / residents.households),
            "largest_household": int(sizes.max()),
            "by_age": _by_age(made, np.arange(len(made), dtype=np.int64)),
            "twins": int(residents.twin.sum()),
            "married_with_former_surname": int((made.former >= 0).sum()),
            "double_barrelled": int((made.surname2 >= 0).sum()),
            "distinct_surnames": len(np.unique(made.surname)),
            "distinct_given_names": len(np.unique(made.given)),
            "origins": {
                name: int(count)
                for name, count in zip(
                    made.origins(),
                    np.bincount(made.origin, minlength=len(made.origins())),
                    strict=True,
                )
            },
        },
        "overlap": {
            "asked": plan.overlap if plan.files > 1 else None,
            "made": _overlap(members),
            "average_file_in_any_other": _in_any_other(inside),
            "people_by_number_of_files": {
                str(count): int((inside == count).sum()) for count in range(1, plan.files + 1)
            },
            "pairs": [
                _pair((parties[a].name, parties[b].name), members[a], members[b])
                for a in range(len(members))
                for b in range(a + 1, len(members))
            ],
        },
        "files": {
            party.name: {"people": len(rows), "people_by_age": _by_age(made, rows)}
            for party, rows in zip(parties, members, strict=True)
        },
    }


def about_file(
    errors: ErrorPlan, tally: Tally, counts: Int64s, *, rows: int, people: int, counted: int
) -> dict[str, Any]:
    """Return what `about.json` says of one party's file.

    Args:
        errors: what was planned.
        tally: what was done.
        counts: records by their number of errors.
        rows: of the file.
        people: in the file.
        counted: rows in which it was counted where each error is possible.
    """
    return {
        "rows": rows,
        "duplicates": rows - people,
        "dependence": errors.dependence,
        "rows_counted": counted,
        "records_by_errors": {str(number): int(count) for number, count in enumerate(counts)},
        "errors": {
            c.name: {
                "title": c.title,
                "asked": errors.rates[c.name],
                "made": tally.made.get(c.name, 0),
                "possible": tally.possible.get(c.name, 0),
                "made_where_counted": tally.counted.get(c.name, 0),
                "rate": _rate(tally, c.name),
            }
            for c in errors.active()
        },
    }


def _rate(tally: Tally, name: str) -> float | None:
    possible = tally.possible.get(name, 0)
    return round(tally.counted.get(name, 0) / possible, 6) if possible else None


def _overlap(members: Sequence[Int64s]) -> float | None:
    """Return the people in both of two files, on average over pairs, as a share of the average file."""
    if len(members) < 2:
        return None
    pairs = [
        len(np.intersect1d(members[a], members[b], assume_unique=True))
        for a in range(len(members))
        for b in range(a)
    ]
    mean = sum(len(rows) for rows in members) / len(members)
    return round(sum(pairs) / len(pairs) / mean, 6)


def _in_any_other(inside: Int64s) -> float | None:
    """Return the share of the average file's people who are in at least one other file."""
    held = int(inside.sum())
    return round(int(inside[inside > 1].sum()) / held, 6) if held else None


def _pair(names: tuple[str, str], left: Int64s, right: Int64s) -> dict[str, Any]:
    both = len(np.intersect1d(left, right, assume_unique=True))
    shares = [round(both / len(rows), 6) if len(rows) else None for rows in (left, right)]
    return {"parties": list(names), "people_in_both": both, "share_of_each": shares}


def _by_age(made: Population, rows: Int64s) -> Mapping[str, int]:
    day = int(np.datetime64(made.as_of, "D").astype(np.int64))
    ages = ((day - made.residents.born[rows]) / YEAR).astype(np.int64)
    place = np.searchsorted(_AGES, ages, side="right") - 1
    counts = np.bincount(place, minlength=len(_AGES))
    ends = [f"-{age - 1}" for age in _AGES[1:]]
    return {
        f"{start}{end}": int(count)
        for start, end, count in zip(_AGES, [*ends, "+"], counts, strict=True)
    }
