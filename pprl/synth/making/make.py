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
import pyarrow as pa
import pyarrow.compute as pc

from pprl.base.arrays import Floats
from pprl.base.errors import OutputError, UsageError
from pprl.base.outputs import Outputs, os_errors
from pprl.exchange.agreement.model import Agreement
from pprl.synth.errors.corrupting import BLOCK
from pprl.synth.errors.corruptions import Corruption
from pprl.synth.errors.forms import FIELDS, column_map_toml
from pprl.synth.files.party_file import Party, Progress, prepare, write_party
from pprl.synth.files.writing import CsvWriter
from pprl.synth.making.about import ABOUT_FORMAT, about_population
from pprl.synth.making.mimic import starter_agreement
from pprl.synth.making.plan import Band, Plan
from pprl.synth.people.members import choose_members, file_rows
from pprl.synth.people.people import Population, populate
from pprl.synth.places.country import Country, load_country
from pprl.synth.places.places import Places
from pprl.tables.columns import suggest

if TYPE_CHECKING:
    from pprl.synth.likeness.reporting import Report, Sampler
    from pprl.synth.making.fit import Fitted

__all__ = ["Made", "make_files"]


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
    folder = Path(folder)
    if force:
        _check_replaceable(folder)
    country = fitted.country if fitted else load_country(plan.country)
    _check_groups(plan, country)
    # Once before any work, to refuse what can't be; once more with the places where the people live.
    prepare(plan, country, Places(country, plan.seed, 1, some=plan.towns), like=like, more=more)
    tell("people", 0.0)
    made = populate(
        country,
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
                text = column_map_toml(party.form, country.date_format, own_names=like is not None)
                _text(inside / f"{party.plan.name}.columns.toml", text)
            if plan.groups:
                _write_people(inside / "people.csv", made)
            common = _common(parties)
            if like is None and common:
                _text(inside / "linkage.toml", starter_agreement(plan, common))
            if fitted:
                about["fitted"] = fitted.disclosure.to_dict()
            _text(inside / "about.json", json.dumps(about, indent=2, ensure_ascii=False) + "\n")
        if report is not None and sampler is not None:
            tell("report", 0.0)
            from pprl.synth.likeness.reporting import look_alike

            page = look_alike(report, about, sampler, fitted.disclosure if fitted else None)
            with os_errors(report.path):
                _text(outputs.file(report.path), page)
    return Made(about=about)


def _check_replaceable(folder: Path) -> None:
    """Refuse to replace a folder with anything in it that an earlier run did not write."""
    try:
        held = {path.name for path in folder.iterdir()}
        about = json.loads((folder / "about.json").read_text(encoding="utf-8")) if held else {}
        files = about["files"] if held else {}
        own = {f"{name}.columns.toml" for name in files} | {item["file"] for item in files.values()}
        known = about.get("format", ABOUT_FORMAT) == ABOUT_FORMAT
    except (FileNotFoundError, NotADirectoryError):
        return  # nothing there, or no about.json: the outputs themselves refuse that
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        known, own, held = False, set(), set()
    others = sorted(held - own - {"about.json", "truth.csv", "people.csv", "linkage.toml"})
    if not known or others:
        what = f"it also holds {others[0]}" if known else "its about.json is not ours"
        raise OutputError(
            f"{folder} is not just what an earlier run wrote: {what}",
            hint="Choose another name; --force replaces nothing else.",
        )


def _write_people(path: Path, made: Population) -> None:
    """Write what a study by group needs of each person, and nothing that the files hold."""
    origins = pa.array(made.origins(), pa.string())
    with CsvWriter(path) as writer:
        for start in range(0, len(made), BLOCK):
            rows = np.arange(start, min(start + BLOCK, len(made)), dtype=np.int64)
            born = made.residents.born[rows].astype("datetime64[D]").astype("datetime64[Y]")
            columns = {
                "person": rows,
                "household": made.residents.household[rows],
                "sex": made.text(rows, ("sex",))["sex"],
                "born": born.astype(np.int64) + 1970,
                "origin": origins.take(pa.array(made.origin[rows])),
            }
            writer.write(
                pa.table({name: pc.cast(pa.array(v), pa.string()) for name, v in columns.items()})
            )


def _sampler(plan: Plan, report: Report | None) -> Sampler | None:
    if report is None:
        return None
    from pprl.synth.likeness.reporting import Sampler  # brings the drawing library

    return Sampler(plan, report.records)


def _common(parties: Sequence[Party]) -> list[str]:
    """Return the fields that all parties write."""
    # A joined column answers the field that it begins with: address, postcode and town in one are an address.
    held = [{parts[0] for parts in party.form.columns.values()} for party in parties]
    return [
        name for name in FIELDS if name != "middle_name" and all(name in fields for fields in held)
    ]


def _weight(made: Population, groups: Mapping[str, float]) -> Floats | None:
    """Return for each person the product of the numbers of the groups that hold the person."""
    if not groups:
        return None
    weight = np.ones(len(made), dtype=np.float64)
    age = made.age()
    for text, number in groups.items():
        band = Band.of(text)
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
        band = Band.of(text)
        if band.kind == "origin" and band.value not in country.origins:
            raise UsageError(
                f"no people of the origin {band.value!r} live in {country.name}",
                hint=suggest(band.value, list(country.origins), "Origins"),
            )


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
