"""The whole of `pprl synth`: a plan in, a folder of files out.

    population -> who is in which file -> block by block: text -> errors -> the party's form -> file

The folder holds one file a party and its column map, `truth.csv`, `about.json`, and an agreement to begin with
(`linkage.toml`), unless the fields came from one. It appears whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pprl.errors import UsageError
from pprl.exchange.agreement import Agreement
from pprl.outputs import Outputs, os_errors
from pprl.synth.about import about_population
from pprl.synth.corruptions import Corruption
from pprl.synth.country import Country, load_country
from pprl.synth.forms import FIELDS, column_map_toml
from pprl.synth.members import choose_members, file_rows
from pprl.synth.mimic import starter_agreement
from pprl.synth.party_file import Party, Progress, prepare, write_party
from pprl.synth.people import Population, populate
from pprl.synth.places import Places
from pprl.synth.plan import Band, Plan
from pprl.tables.columns import suggest

if TYPE_CHECKING:
    from pprl.synth.fit import Fitted
    from pprl.synth.reporting import Report, Sampler

__all__ = ["Made", "make_files"]

Ints = np.ndarray[Any, np.dtype[np.int64]]
Weights = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, kw_only=True)
class Made:
    """What was made: the content of `about.json`."""

    about: dict[str, Any]


def make_files(
    plan: Plan,
    folder: Path,
    *,
    force: bool = False,
    like: Agreement | None = None,
    fitted: Fitted | None = None,
    more: Sequence[Corruption] = (),
    report: Report | None = None,
    progress: Progress | None = None,
) -> Made:
    """Make up a population and write its parties' files into a new folder.

    Args:
        plan: everything that decides what is written.
        folder: is created; with `force` one that an earlier run made is replaced.
        force: see `folder`.
        like: the files get the fields of this agreement, under its names.
        fitted: names and ages after an office's own tables.
        more: errors of one's own, with rates in the plan.
        report: also write the look-alike page.
        progress: called from time to time.

    Raises:
        UsageError: the plan contradicts itself, or asks for what can't be met.
        OutputError: the folder exists, or can't be written.
    """
    tell = progress or (lambda stage, share: None)
    country = load_country(plan.country)
    _check_groups(plan, country)
    # Once before any work, to refuse what can't be; once more with the places where the people live.
    prepare(plan, country, Places(country, plan.seed, 1, some=plan.towns), like=like, more=more)
    tell("people", 0.0)
    made = populate(
        fitted.country if fitted else country,
        people=plan.people,
        seed=plan.seed,
        as_of=date.fromisoformat(plan.as_of),
        towns=plan.towns,
        names=fitted.names if fitted else None,
    )
    parties = prepare(plan, country, made.places, like=like, more=more)
    weights = [_weight(made, party.plan.coverage) for party in parties]
    members = choose_members(plan.seed, plan.people, plan.files, plan.overlap, weights)
    factor = _weight(made, plan.error_factors)
    about = about_population(plan, made, members)
    sampler = _sampler(plan, report)
    with Outputs(force=force) as outputs:
        inside = outputs.folder(folder, holds="about.json")
        with os_errors(folder):
            truth = inside / "truth.csv"
            truth.write_bytes(b"party,id,person\n")
            for party, people in zip(parties, members, strict=True):
                rows = file_rows(plan.seed, party.plan.name, people, party.duplicates)
                path = inside / f"{party.plan.name}.{plan.output}"
                entry = write_party(
                    plan, party, made, rows, (path, truth), factor=factor, tell=tell, watch=sampler
                )
                about["files"][party.plan.name] |= entry
                text = column_map_toml(party.form, country.date_format)
                _text(inside / f"{party.plan.name}.columns.toml", text)
            if like is None:
                _text(inside / "linkage.toml", starter_agreement(plan, _common(parties)))
            if fitted:
                about["fitted"] = fitted.disclosure.to_dict()
            _text(inside / "about.json", json.dumps(about, indent=2, ensure_ascii=False) + "\n")
        if report is not None and sampler is not None:
            tell("report", 0.0)
            from pprl.synth.reporting import look_alike

            page = look_alike(report, about, sampler, fitted.disclosure if fitted else None)
            with os_errors(report.path):
                _text(outputs.file(report.path), page)
    return Made(about=about)


def _sampler(plan: Plan, report: Report | None) -> Sampler | None:
    if report is None:
        return None
    from pprl.synth.reporting import Sampler  # brings the drawing library

    return Sampler(plan, report.records)


def _common(parties: Sequence[Party]) -> list[str]:
    """Return the fields that all parties write."""
    held = [{part for parts in party.form.columns.values() for part in parts} for party in parties]
    return [name for name in FIELDS if all(name in fields for fields in held)]


def _weight(made: Population, groups: Mapping[str, float]) -> Weights | None:
    """Return for each person the product of the numbers of the groups that hold the person."""
    if not groups:
        return None
    weight = np.ones(len(made), dtype=np.float64)
    age = made.age()
    for text, number in groups.items():
        band = Band(text if "=" in text else f"age={text}")
        if band.kind == "age":
            inside = (age >= band.low) & (age <= band.high)
        elif band.kind == "sex":
            inside = made.residents.sex == "FM".index(band.value)
        else:
            inside = made.origin == made.origins().index(band.value)
        weight[inside] *= number
    return weight


def _check_groups(plan: Plan, country: Country) -> None:
    """Refuse groups by an origin that the country does not have, before any work."""
    groups = [*plan.error_factors, *(text for party in plan.parties() for text in party.coverage)]
    for text in groups:
        band = Band(text if "=" in text else f"age={text}")
        if band.kind == "origin" and band.value not in country.origins:
            raise UsageError(
                f"no people of the origin {band.value!r} live in {country.name}",
                hint=suggest(band.value, list(country.origins), "Origins"),
            )


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
