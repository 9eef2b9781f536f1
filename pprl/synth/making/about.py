"""`about.json`: what was asked for and what was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pprl.base.arrays import Int64s
from pprl.base.version import VERSION
from pprl.synth.errors.corruptor import ErrorCounts
from pprl.synth.errors.rates import ErrorPlan
from pprl.synth.files.party_file import WrittenFile
from pprl.synth.making.plan import PopulationPlan
from pprl.synth.people.population import Population

__all__ = ["ABOUT_FORMAT", "about_file", "about_population", "about_relatives"]

ABOUT_FORMAT = "pprl-synth/1"
_AGES = (0, 5, 18, 30, 45, 65, 80)
"""The first ages of the groups that are counted. Chosen; not sensitive: it is for people to read."""


def about_population(
    plan: PopulationPlan, people: Population, members: Sequence[Int64s]
) -> dict[str, Any]:
    """Return the head of `about.json`: the plan, the people, and who is in which file.

    It says nothing of the day and the machine, so that the same plan gives the same bytes.

    Args:
        plan: what was asked for.
        people: everybody.
        members: for each file, the people in it.
    """
    residents, ages = people.residents, people.age()
    parties = plan.parties()
    sizes = np.bincount(residents.household)
    inside = np.zeros(len(people), dtype=np.int64)
    for rows in members:
        inside[rows] += 1
    return {
        "format": ABOUT_FORMAT,
        "version": VERSION,
        "note": "Nobody in these files exists.",
        "plan": plan.to_dict(),
        "people": {
            "people": len(people),
            "households": residents.households,
            "mean_household": float(len(people) / residents.households),
            "largest_household": int(sizes.max()),
            "by_age": _by_age(ages),
            "twins": int(residents.twin.sum()),
            "married_with_former_surname": int((people.former >= 0).sum()),
            "double_barrelled": int((people.surname2 >= 0).sum()),
            "distinct_surnames": len(np.unique(people.surname)),
            "distinct_given_names": len(np.unique(people.given)),
            "origins": {
                name: int(count)
                for name, count in zip(
                    people.origins(),
                    np.bincount(people.origin, minlength=len(people.origins())),
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
            party.name: {"people": len(rows), "people_by_age": _by_age(ages[rows])}
            for party, rows in zip(parties, members, strict=True)
        },
    }


def about_relatives(
    asked: float, pairs: Mapping[str, Int64s], members: Sequence[Int64s], people: int
) -> dict[str, Any]:
    """Return how many pairs of relatives there are, and how many are in no file together.

    Args:
        asked: share of the pairs that was to be split, beside those that chance splits.
        pairs: by kind, each of shape (pairs, 2).
        members: for each file, the people in it.
        people: how many there are.
    """
    inside = np.zeros((len(members), people), dtype=bool)
    for file, rows in zip(inside, members, strict=True):
        file[rows] = True
    return {
        "asked": asked,
        "pairs": {
            kind: {
                "pairs": len(rows),
                "in_different_files": int(
                    (~(inside[:, rows[:, 0]] & inside[:, rows[:, 1]]).any(axis=0)).sum()
                ),
            }
            for kind, rows in pairs.items()
        },
    }


def about_file(errors: ErrorPlan, written: WrittenFile) -> dict[str, Any]:
    """Return the entry of one party's file in `about.json`.

    Args:
        errors: what was planned.
        written: what was made.
    """
    counts = written.counts
    return {
        "file": written.name,
        "id": written.id,
        "sha256": written.sha256,
        "rows": written.rows,
        "duplicates": written.rows - written.people,
        "dependence": errors.dependence,
        "rows_counted": written.rows_counted,
        "records_by_errors": {
            str(number): int(count) for number, count in enumerate(written.by_errors)
        },
        "errors": {
            c.name: {
                "title": c.title,
                "asked": errors.rates[c.name],
                "made": counts.made.get(c.name, 0),
                "possible": counts.possible.get(c.name, 0),
                "made_where_counted": counts.counted.get(c.name, 0),
                "rate": _rate(counts, c.name),
            }
            for c in errors.active()
        },
    }


def _rate(counts: ErrorCounts, name: str) -> float | None:
    possible = counts.possible.get(name, 0)
    return round(counts.counted.get(name, 0) / possible, 6) if possible else None


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


def _by_age(ages: Int64s) -> Mapping[str, int]:
    """Return how many people are in each age group."""
    place = np.searchsorted(_AGES, ages, side="right") - 1
    counts = np.bincount(place, minlength=len(_AGES))
    ends = [f"-{age - 1}" for age in _AGES[1:]]
    return {
        f"{start}{end}": int(count)
        for start, end, count in zip(_AGES, [*ends, "+"], counts, strict=True)
    }
