"""One party's file: how it writes, which errors it makes, and the loop that writes it block by block."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pprl.base.arrays import Floats, Int64s
from pprl.exchange.agreement.model import Agreement
from pprl.synth.draw import hashed
from pprl.synth.errors.corrupting import BLOCK, error_plan, known_corruptions
from pprl.synth.errors.corruptions import Corruption
from pprl.synth.errors.engine import Machine, Tally, household_means
from pprl.synth.errors.forms import FIELDS, Form, write_form
from pprl.synth.errors.profiles import get_profile
from pprl.synth.files.writing import open_writer
from pprl.synth.making.about import about_file
from pprl.synth.making.mimic import mimic_form, more_corruptions, more_rates
from pprl.synth.making.plan import Band, PartyPlan, Plan, check_columns
from pprl.synth.people.people import MORE_FIELDS, Population
from pprl.synth.places.country import Country
from pprl.synth.places.places import Places

__all__ = ["Party", "Progress", "Watch", "prepare", "write_party"]


COUNT_EVERY, COUNT_ROWS = 8, 20_000
"""In the first rows of every eighth block it is counted where each error is possible: the measured rates are theirs."""

Progress = Callable[[str, float], None]
"""Called with the name of a stage and the share of it that is done."""

Watch = Callable[[str, Int64s, dict[str, Any]], None]
"""Called with each block that is written: the party, the people, and their text by field, errors and all."""


@dataclass(frozen=True, kw_only=True)
class Party:
    """One party, ready to be written.

    Attributes:
        plan: what was asked for.
        form: how it writes.
        machine: makes its errors.
        fields: what its errors look at, more than it writes.
        duplicates: share of its people with a second row.
    """

    plan: PartyPlan
    form: Form
    machine: Machine
    fields: tuple[str, ...]
    duplicates: float


def _highest(groups: Mapping[str, float]) -> float:
    """Return the highest product of factors that one person can meet."""
    bands = [(Band(text), factor) for text, factor in groups.items()]
    age = max(
        prod(f for band, f in bands if band.kind == "age" and band.low <= years <= band.high)
        for years in range(130)
    )
    others = (max([1.0, *(f for b, f in bands if b.kind == kind)]) for kind in ("sex", "origin"))
    return age * prod(others)


def prepare(
    plan: Plan,
    country: Country,
    places: Places,
    *,
    like: Agreement | None,
    more: Sequence[Corruption],
) -> list[Party]:
    """Return the parties of a plan, ready to be written.

    Raises:
        UsageError: a party asks for a column, an error or a rate that can't be.
    """
    most = _highest(plan.error_factors)
    found = []
    for place, party in enumerate(plan.parties()):
        if like is None:
            check_columns(party, (*FIELDS, *MORE_FIELDS))
            form = party.form(place)
        else:
            form = mimic_form(like, party)
        fields = tuple(dict.fromkeys(part for parts in form.columns.values() for part in parts))
        # Errors may look at fields that the party does not write: whoever has no middle name may still get one.
        held = tuple(dict.fromkeys((*FIELDS, "former_surname", *fields)))
        known = known_corruptions(
            country,
            places,
            latest=plan.as_of,
            more=(*more_corruptions(fields), *more),
        )
        rates = {**more_rates(fields, plan.profile), **plan.rates, **party.rates}
        errors = error_plan(
            known,
            profile=plan.profile,
            rates=rates,
            dependence=plan.dependence,
            fields=held,
            factor=party.error_factor,
            most=most,
        )
        asked = (party.duplicates, plan.duplicates, get_profile(plan.profile).duplicates)
        duplicates = next(share for share in asked if share is not None)
        found.append(
            Party(
                plan=party, form=form, machine=Machine(errors), fields=held, duplicates=duplicates
            )
        )
    return found


def write_party(
    plan: Plan,
    party: Party,
    made: Population,
    rows: Int64s,
    paths: tuple[Path, Path],
    *,
    factor: Floats | None,
    tell: Progress,
    watch: Watch | None = None,
) -> dict[str, Any]:
    """Write a party's file and its part of the truth; return its entry of `about.json`.

    Args:
        plan: what is made.
        party: whose file.
        made: the people.
        rows: the person of each row, in the file's order.
        paths: of the party's file, and of the truth, to which lines are added.
        factor: for each person, what their error rates are multiplied by.
        tell: progress.
        watch: sees each block.
    """
    path, truth_path = paths
    name = party.plan.name
    digits = max(6, len(str(len(rows))) + 1)
    shared = None if factor is None else household_means(made.residents.household, factor)
    total, counts = Tally(), np.zeros(1, dtype=np.int64)
    with open_writer(path, plan.output) as writer, truth_path.open("ab") as truth:
        counted = 0
        for start in range(0, max(1, len(rows)), BLOCK):  # an empty file has a header too
            look_at = COUNT_ROWS if start // BLOCK % COUNT_EVERY == 0 else 0
            people = rows[start : start + BLOCK]
            columns = made.text(people, party.fields)
            homes = made.residents.household[people]
            tally = party.machine.run(
                columns,
                (plan.seed, name, start // BLOCK),
                factor=None if factor is None else factor[people],
                household=homes,
                household_factor=None if shared is None else shared[homes],
                look_at=look_at,
            )
            counted += min(len(people), look_at)
            total.add(tally)
            if watch is not None:
                watch(name, people, columns)
            errors = np.zeros(len(people), dtype=np.int64)
            for places in tally.rows.values():
                errors[places] += 1
            counts = _added(counts, np.bincount(errors))
            ids = _ids(name, plan.seed, start, len(people), digits)
            writer.write(write_form(party.form, made.country.date_format, ids, columns))
            truth.write(_truth_lines(name, ids, people))
            tell(f"file {name}", min(1.0, (start + BLOCK) / max(1, len(rows))))
    entry = about_file(
        party.machine.plan,
        total,
        counts,
        rows=len(rows),
        people=len(np.unique(rows)),
        counted=counted,
    )
    return {"file": path.name, "id": party.form.id, "sha256": _sha256(path), **entry}


def _ids(party: str, seed: int, start: int, count: int, digits: int) -> Any:
    """Return ids that look like a party's own: unique, and without meaning."""
    space = 10**digits
    offset = int(hashed([0], seed, "ids", party)[0] % np.uint64(space))
    step = 7 * 10 ** (digits - 2) + 13  # has no factor in common with a power of ten
    numbers = (np.arange(start, start + count, dtype=np.int64) * step + offset) % space
    text = pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), digits, "0")
    return pc.binary_join_element_wise(party[0].upper(), text, "")


def _truth_lines(party: str, ids: Any, people: Int64s) -> bytes:
    lines = pc.binary_join_element_wise(party, ids, pc.cast(pa.array(people), pa.string()), ",")
    return ("\n".join(lines.to_pylist()) + "\n").encode() if len(people) else b""


def _added(left: Int64s, right: Int64s) -> Int64s:
    size = max(len(left), len(right))
    return np.pad(left, (0, size - len(left))) + np.pad(right, (0, size - len(right)))


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
