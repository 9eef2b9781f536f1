"""`pprl synth`: made-up people in two or more files, with the truth."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import check_outputs, force_option, json_option
from .progress import Progress, duration
from .synth_options import (
    Comparison,
    ErrorOptions,
    FileOptions,
    PeopleOptions,
    comparison_options,
    error_options,
    file_options,
    people_options,
)

if TYPE_CHECKING:
    from pprl.synth.likeness.report import Report
    from pprl.synth.making.fit import FittedCountry
    from pprl.synth.making.make import Made
    from pprl.synth.making.plan import PopulationPlan

__all__ = ["synth"]


@click.command()
@file_options
@people_options
@error_options
@comparison_options
@json_option
@force_option
def synth(
    output: FileOptions,
    asked: PeopleOptions,
    errors: ErrorOptions,
    compared: Comparison,
    as_json: bool,
    force: bool,
) -> None:
    """Make up people, and write one file for each party and the truth about them. Nobody in the files exists.

    DIR gets a file and a column map for each party, truth.csv, an agreement to begin with (linkage.toml), and
    about.json: what was asked for and what was made.

    \b
    Example:
      pprl synth -o town --people 20_000 --overlap 0.6 --seed 7
      pprl synth -o rehearsal --like linkage.toml --party health --party education
    """
    from pprl.base.errors import UsageError

    if compared.reference is not None and compared.report is None:
        raise UsageError("--reference needs --report", hint="For example --report look-alike.html.")
    plan = _plan(output, asked, errors)
    tables = compared.table_paths()
    inputs = [output.plan, output.like, compared.reference, *tables.values()]
    if compared.report is not None and output.folder.resolve() in compared.report.resolve().parents:
        raise UsageError(
            f"{compared.report} is in the folder that is to be written",
            hint="Write the page beside the folder.",
        )
    check_outputs(output.folder, compared.report, inputs=inputs, force=force)
    start = time.monotonic()
    only_file = not (asked.given() or errors.given() or output.given())
    made = _make(
        plan, output, compared, tables, force=force, blame=output.plan if only_file else None
    )
    if as_json:
        click.echo(json.dumps(made.about, indent=2, ensure_ascii=False))
    else:
        _tell(made.about, output, compared.report, time.monotonic() - start)


def _plan(output: FileOptions, asked: PeopleOptions, errors: ErrorOptions) -> PopulationPlan:
    """Return the plan: the file's, if there is one, and the options, which win over it."""
    from pprl.synth.making.plan import PopulationPlan, load_plan, merged_plan

    content: dict[str, Any] = {}
    if output.plan:
        content = load_plan(output.plan)
        PopulationPlan.from_dict(
            content, source=str(output.plan)
        )  # the file is to blame, not an option
    return merged_plan(
        content,
        {**asked.entries(), **errors.entries(), **output.entries()},
        parties=asked.parties,
        rates=errors.rate_numbers(),
        error_factors=errors.factor_numbers(),
    )


def _make(
    plan: PopulationPlan,
    output: FileOptions,
    compared: Comparison,
    tables: Mapping[str, Path],
    *,
    force: bool,
    blame: Path | None,
) -> Made:
    """Read what else there is to read, and make the folder.

    Args:
        plan: what is asked for.
        output: the folder, and the agreement that the files are like.
        compared: the page and its reference.
        tables: by what is fitted to them.
        force: whether outputs that exist are replaced.
        blame: the plan's file, if it alone asked for everything.
    """
    from pprl.base.errors import DataError, UsageError
    from pprl.exchange.agreement.model import Agreement
    from pprl.synth.making.make import make_files

    like = Agreement.load(output.like) if output.like else None
    fitted = _fitted(tables, plan, compared.smallest_cell)
    report = _report(compared)
    try:
        with Progress() as progress:
            return make_files(
                plan,
                output.folder,
                force=force,
                like=like,
                fitted=fitted,
                report=report,
                progress=progress,
            )
    except UsageError as error:
        if blame is None:
            raise
        raise DataError(f"{blame}: {error.problem}", hint=error.hint) from None


def _fitted(tables: Mapping[str, Path], plan: PopulationPlan, k: int) -> FittedCountry | None:
    if not tables:
        return None
    from pprl.synth.making.fit import fit_tables

    return fit_tables(tables, plan.country, k=k)


def _report(compared: Comparison) -> Report | None:
    if compared.report is None:
        return None
    from pprl.synth.likeness.report import Report, read_reference  # imports the drawing library

    reference = None
    if compared.reference is not None:
        reference = read_reference(compared.reference, k=compared.smallest_cell)
    return Report(path=compared.report, reference=reference)


def _tell(
    about: Mapping[str, Any], output: FileOptions, report: Path | None, seconds: float
) -> None:
    """Say what was made, where it is, and what to do next."""
    folder, people = output.folder, about["people"]
    click.echo(f"{people['people']:,} made-up people in {people['households']:,} households")
    for entry in about["files"].values():
        wrong = sum(count for errors, count in entry["records_by_errors"].items() if errors != "0")
        share = wrong / entry["rows"] if entry["rows"] else 0.0
        click.echo(
            f"  {folder / entry['file']}: {entry['rows']:,} rows{_repeated(entry)}; {share:.0%} with an error"
        )
    overlap = about["overlap"]["made"]
    if overlap is not None:
        click.echo(
            f"Overlap: {overlap:.1%} of the average file's people are in any given other file"
        )
    relatives = about.get("relatives")
    if relatives is not None:
        pairs, apart = (
            sum(kind[what] for kind in relatives["pairs"].values())
            for what in ("pairs", "in_different_files")
        )
        click.echo(
            f"Relatives: {apart:,} of {pairs:,} pairs (twins, siblings, parent and child) are in no file together"
        )
    click.echo(
        f"The truth is in {folder / 'truth.csv'}, what was asked and made in {folder / 'about.json'}"
    )
    if report:
        click.echo(f"Look-alike page: {report}")
    rate = people["people"] / seconds if seconds > 0 else 0.0
    click.echo(f"{duration(seconds)}, {rate:,.0f} people a second", err=True)
    name, entry = next(iter(about["files"].items()))
    agreement = output.like or folder / "linkage.toml"
    if entry["file"].endswith(".csv") and agreement.exists():
        click.echo(
            f"Next: pprl encode {folder / entry['file']} --agreement {agreement} --key KEY "
            f"--party {name} --id {entry['id']} --columns {folder / (name + '.columns.toml')} -o {name}.parquet",
            err=True,
        )


def _repeated(entry: Mapping[str, Any]) -> str:
    """Return what to say of a file's people with several rows."""
    if "most_rows" in entry:
        return f" of {entry['people']:,} people"
    return f", {entry['duplicates']:,} of them twice" if entry["duplicates"] else ""
