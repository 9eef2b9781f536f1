"""The whole of `pprl synth`: a plan in, a folder of files out.

    population -> who is in which file -> block by block: text -> errors -> the party's form -> file

The folder holds one file for each party and its column map, `truth.csv`, `about.json`, and an agreement to begin with
(`linkage.toml`), unless the fields came from an agreement. It appears whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pprl.base.arrays import Int64s
from pprl.base.errors import OutputError
from pprl.base.outputs import Outputs, os_errors
from pprl.exchange.agreement.model import Agreement
from pprl.synth.errors.apply import BLOCK
from pprl.synth.errors.error_type import Corruption
from pprl.synth.files.forms import column_map_toml
from pprl.synth.files.members import choose_members, file_rows
from pprl.synth.files.party_file import Watch, WrittenFile, write_party
from pprl.synth.files.writing import CsvWriter
from pprl.synth.making.about import ABOUT_FORMAT, about_file, about_population, about_relatives
from pprl.synth.making.groups import check_origins, group_numbers
from pprl.synth.making.mimic import starter_agreement
from pprl.synth.making.parties import PlannedParty, common_fields, plan_parties, split_share
from pprl.synth.making.plan import PopulationPlan
from pprl.synth.people.population import Population, populate
from pprl.synth.people.relatives import draw_pairs, relatives
from pprl.synth.places.country import Country, load_country
from pprl.synth.places.homes import Places

if TYPE_CHECKING:
    from pprl.synth.likeness.report import Report, Sampler
    from pprl.synth.making.fit import FittedCountry

__all__ = ["Made", "StageProgress", "make_files"]

StageProgress = Callable[[str, float], None]
"""Called with the name of a stage and the share of it that is done."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """What was made.

    Attributes:
        about: the content of `about.json`.
    """

    about: dict[str, Any]


def make_files(
    plan: PopulationPlan,
    folder: Path,
    *,
    force: bool = False,
    like: Agreement | None = None,
    fitted: FittedCountry | None = None,
    more: Sequence[Corruption] = (),
    report: Report | None = None,
    progress: StageProgress | None = None,
) -> Made:
    """Make up a population and write its parties' files into a new folder.

    Args:
        plan: everything that decides what is written.
        folder: is created; with `force`, one from an earlier run is replaced.
        force: see `folder`.
        like: the files get the fields of this agreement, under its names.
        fitted: a country with the names and ages of an office's own tables.
        more: errors of your own, with rates in the plan.
        report: also write the look-alike page.
        progress: called from time to time.

    Raises:
        UsageError: the plan contradicts itself, or asks for something that is not possible.
        OutputError: the folder exists, or can't be written.
    """
    tell = progress or (lambda stage, share: None)
    folder = Path(folder)
    if force:
        _check_replaceable(folder)
    country = fitted.country if fitted else load_country(plan.country)
    _check_plan(plan, country, like, more)
    tell("people", 0.0)
    people = populate(
        country,
        people=plan.people,
        seed=plan.seed,
        as_of=date.fromisoformat(plan.as_of),
        towns=plan.towns,
        names=fitted.names if fitted else None,
        han=plan.han_names,
    )
    parties = plan_parties(plan, country, people.places, like=like, more=more)
    weights = [group_numbers(people, item.coverage) for item in parties]
    share = split_share(plan)
    pairs = relatives(people.residents) if share else {}
    apart = draw_pairs(plan.seed, pairs, share) if pairs else None
    members = choose_members(plan.seed, plan.people, plan.files, plan.overlap, weights, apart=apart)
    about = about_population(plan, people, members)
    if pairs:
        about["relatives"] = about_relatives(share, pairs, members, len(people))
    sampler = _sampler(plan, report)
    with Outputs(force=force) as outputs:
        inside = outputs.folder(folder, holds="about.json")
        with os_errors(folder):
            written = _write_parties(plan, people, parties, members, inside, sampler, tell)
            for item, file in zip(parties, written, strict=True):
                entry = about["files"][item.party.name]
                entry |= about_file(item.party.corruptor.plan, file)
                if item.most_rows is not None:
                    entry["most_rows"] = item.most_rows
                form = item.party.form
                text = column_map_toml(form, country.date_format, own_names=like is not None)
                _write_text(inside / f"{item.party.name}.columns.toml", text)
            if plan.groups:
                _write_people(inside / "people.csv", people)
            common = common_fields(parties)
            if like is None and common:
                _write_text(inside / "linkage.toml", starter_agreement(plan, common))
            if fitted:
                about["fitted"] = fitted.disclosure.to_dict()
            text = json.dumps(about, indent=2, ensure_ascii=False) + "\n"
            _write_text(inside / "about.json", text)
        if report is not None and sampler is not None:
            tell("report", 0.0)
            _write_report(outputs, report, about, sampler, fitted)
    return Made(about=about)


def _check_plan(
    plan: PopulationPlan, country: Country, like: Agreement | None, more: Sequence[Corruption]
) -> None:
    """Refuse, before any work, what is not possible."""
    coverages = (text for party in plan.parties() for text in party.coverage)
    check_origins([*plan.error_factors, *coverages], country)
    places = Places(country, plan.seed, 1, some=plan.towns)  # any will do: nobody moves here
    plan_parties(plan, country, places, like=like, more=more)


def _write_parties(
    plan: PopulationPlan,
    people: Population,
    parties: Sequence[PlannedParty],
    members: Sequence[Int64s],
    inside: Path,
    watch: Watch | None,
    tell: StageProgress,
) -> list[WrittenFile]:
    """Write each party's file, and the truth about all of them."""
    factor = group_numbers(people, plan.error_factors)
    truth = inside / "truth.csv"
    truth.write_bytes(b"party,id,person\n")
    written = []
    for item, held in zip(parties, members, strict=True):
        name = item.party.name
        written.append(
            write_party(
                item.party,
                people,
                file_rows(plan.seed, name, held, item.duplicates, most_rows=item.most_rows),
                (inside / f"{name}.{plan.output}", truth),
                factor=factor,
                progress=partial(tell, f"file {name}"),
                watch=watch,
            )
        )
    return written


def _write_people(path: Path, people: Population) -> None:
    """Write what a study by group needs to know of each person, and none of the values in the files."""
    origins = pa.array(people.origins(), pa.string())
    with CsvWriter(path) as writer:
        for start in range(0, len(people), BLOCK):
            rows = np.arange(start, min(start + BLOCK, len(people)), dtype=np.int64)
            columns = {
                "person": rows,
                "household": people.residents.household[rows],
                "sex": people.text(rows, ("sex",))["sex"],
                "born": people.residents.birth_years()[rows],
                "origin": origins.take(pa.array(people.origin[rows])),
            }
            writer.write(
                pa.table({name: pc.cast(pa.array(v), pa.string()) for name, v in columns.items()})
            )


def _sampler(plan: PopulationPlan, report: Report | None) -> Sampler | None:
    if report is None:
        return None
    from pprl.synth.likeness.report import Sampler  # imports the drawing library

    return Sampler(seed=plan.seed, people=plan.people, records=report.records)


def _write_report(
    outputs: Outputs,
    report: Report,
    about: dict[str, Any],
    sampler: Sampler,
    fitted: FittedCountry | None,
) -> None:
    from pprl.synth.likeness.report import look_alike

    page = look_alike(report, about, sampler, fitted.disclosure if fitted else None)
    with os_errors(report.path):
        _write_text(outputs.file(report.path), page)


def _check_replaceable(folder: Path) -> None:
    """Refuse to replace a folder that holds anything which an earlier run did not write."""
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


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
