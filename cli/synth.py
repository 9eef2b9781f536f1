"""`pprl synth`: made-up people in two or more files, with the truth."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from .options import FILE, check_outputs, force_option, json_option
from .progress import Progress, duration

if TYPE_CHECKING:
    from pprl.synth.likeness.reporting import Report
    from pprl.synth.making.fit import Fitted
    from pprl.synth.making.plan import Plan

__all__ = ["synth"]

_EXAMPLES = {"--rate": "sex_wrong=0.01", "--error-factor": "age=65-120:2"}


def _list_errors(context: click.Context) -> None:
    from pprl.synth.errors.corrupting import all_errors

    click.echo(f"{'error':<32}{'light':>8}{'typical':>9}{'heavy':>8}  what it is")
    for row in all_errors().itertuples():
        rates = f"{row.light:>8.2%}{row.typical:>9.2%}{row.heavy:>8.2%}"
        click.echo(f"{row.error:<32}{rates}  {row.title}")
    click.echo(
        "A rate is a share of the records where the error is possible. Sources: docs/errors.md."
    )
    context.exit()


@click.command()
@click.option(
    "-o", "--output", required=True, type=FILE, metavar="DIR", help="The folder to write."
)
@click.option(
    "--people", type=int, metavar="N", help="People in all files together. [default: 10000]"
)
@click.option("--files", type=int, metavar="K", help="Number of parties, 1 to 20. [default: 2]")
@click.option(
    "--overlap",
    type=float,
    metavar="SHARE",
    help="Share of the average file's people who are in any given other file. [default: 0.5]",
)
@click.option(
    "--profile",
    metavar="NAME",
    help="Error rates: none, light, typical or heavy. [default: typical]",
)
@click.option(
    "--country",
    metavar="CODE",
    help="Names, places, forms: gb us de fr es it nl pl se. [default: gb]",
)
@click.option(
    "--towns",
    type=int,
    metavar="N",
    help="Everybody lives in N towns. [default: all over the country]",
)
@click.option("--seed", type=int, metavar="N", help="Same seed, same bytes. [default: 1]")
@click.option(
    "--party",
    "names",
    multiple=True,
    metavar="NAME",
    help="A party's name, once for each file. [default: a, b, c ...]",
)
@click.option(
    "--rate",
    "rates",
    multiple=True,
    metavar="ERROR=SHARE",
    help="An error rate instead of the profile's.",
)
@click.option(
    "--dependence",
    type=float,
    metavar="D",
    help="How much errors gather in careless records, 0 to 1.",
)
@click.option(
    "--duplicates", type=float, metavar="SHARE", help="Share of a file's people with a second row."
)
@click.option(
    "--error-factor",
    "factors",
    multiple=True,
    metavar="GROUP:FACTOR",
    help="Multiply a group's error rates, for example age=65-120:2 or origin=polish:1.5.",
)
@click.option("--as-of", metavar="DATE", help="The day on which ages hold. [default: 2026-01-01]")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["csv", "parquet"]),
    help="Of the files. [default: csv]",
)
@click.option(
    "--groups",
    is_flag=True,
    help="Also write people.csv: each person's household, sex, year of birth and origin.",
)
@click.option(
    "--plan",
    type=FILE,
    metavar="TOML",
    help="A file with all of this and more (columns, coverage, rates by party). Options win over it.",
)
@click.option(
    "--like",
    type=FILE,
    metavar="TOML",
    help="Give the files the fields of this agreement (linkage.toml), to rehearse a linkage.",
)
@click.option(
    "--fit",
    "tables",
    multiple=True,
    metavar="WHAT=FILE",
    help="Fit to an aggregate table (CSV): surname=, given_name= or age=.",
)
@click.option(
    "--smallest-cell", type=click.IntRange(min=1), default=10, show_default=True,
    metavar="K", help="Refuse tables, and reference figures, with a count below this.",
)  # fmt: skip
@click.option("--report", type=FILE, metavar="HTML", help="Also write the look-alike page here.")
@click.option(
    "--reference",
    type=FILE,
    metavar="JSON",
    help="Aggregate figures of a real file (pprl measure), for the page to compare with.",
)
@click.option(
    "--list-errors",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda context, _, wanted: _list_errors(context) if wanted else None,
    help="Print all errors and their rates by profile, and stop.",
)
@json_option
@force_option
def synth(
    output: Path,
    people: int | None,
    files: int | None,
    overlap: float | None,
    profile: str | None,
    country: str | None,
    towns: int | None,
    seed: int | None,
    names: tuple[str, ...],
    rates: tuple[str, ...],
    dependence: float | None,
    duplicates: float | None,
    factors: tuple[str, ...],
    as_of: str | None,
    output_format: Literal["csv", "parquet"] | None,
    groups: bool,
    plan: Path | None,
    like: Path | None,
    tables: tuple[str, ...],
    smallest_cell: int,
    report: Path | None,
    reference: Path | None,
    as_json: bool,
    force: bool,
) -> None:
    """Make up people, write one file a party and the truth about them. Nobody in the files exists.

    DIR gets a file a party with its column map, truth.csv, an agreement to begin with (linkage.toml) and about.json:
    what was asked for and what was made.

    \b
    Example:
      pprl synth -o town --people 20_000 --overlap 0.6 --seed 7
      pprl synth -o rehearsal --like linkage.toml --party health --party education
    """
    from pprl.base.errors import DataError, UsageError
    from pprl.exchange.agreement.model import Agreement
    from pprl.synth.making.make import make_files
    from pprl.synth.making.plan import Plan, load_plan

    if reference is not None and report is None:
        raise UsageError("--reference needs --report", hint="For example --report look-alike.html.")
    given = {
        "people": people,
        "files": files,
        "overlap": overlap,
        "profile": profile,
        "country": country,
        "towns": towns,
        "seed": seed,
        "dependence": dependence,
        "duplicates": duplicates,
        "as_of": as_of,
        "output": output_format,
        "groups": groups or None,
    }
    content: dict[str, Any] = load_plan(plan) if plan else {}
    if plan:
        Plan.from_dict(content, source=str(plan))  # so that the file is not blamed for an option
    options = {name: value for name, value in given.items() if value is not None}
    content |= options
    if names:
        content["party"] = _named(content.get("party", []), names)
        content["files"] = files or max(len(names), content.get("files", 2))
    asked = {
        "rates": _pairs(rates, "=", "--rate"),
        "error_factors": _pairs(factors, ":", "--error-factor"),
    }
    for name, numbers in asked.items():
        if numbers:
            content[name] = {**content.get(name, {}), **numbers}
    settled = Plan.from_dict(content)
    fitting = _files(tables)
    inputs = [plan, like, reference, *fitting.values()]
    if report is not None and output.resolve() in report.resolve().parents:
        raise UsageError(
            f"{report} lies in the folder that is to be written",
            hint="Write the page beside the folder.",
        )
    check_outputs(output, report, inputs=inputs, force=force)
    agreement = Agreement.load(like) if like else None
    start = time.monotonic()
    fitted = _fitted(fitting, settled, smallest_cell)
    page = _report(report, reference, smallest_cell)
    try:
        with Progress() as progress:
            made = make_files(
                settled,
                output,
                force=force,
                like=agreement,
                fitted=fitted,
                report=page,
                progress=progress,
            )
    except UsageError as error:
        if plan is None or options or names or rates or factors:
            raise
        raise DataError(
            f"{plan}: {error.problem}", hint=error.hint
        ) from None  # the file alone asked for it
    if as_json:
        click.echo(json.dumps(made.about, indent=2, ensure_ascii=False))
    else:
        _tell(made.about, output, time.monotonic() - start, agreement=like, report=report)


def _fitted(tables: dict[str, Path], plan: Plan, k: int) -> Fitted | None:
    if not tables:
        return None
    from pprl.synth.making.fit import fit_tables

    return fit_tables(tables, plan.country, k=k)


def _report(path: Path | None, reference: Path | None, k: int) -> Report | None:
    if path is None:
        return None
    from pprl.base.errors import DataError
    from pprl.synth.likeness.figures import read_figures  # with the page comes the drawing library
    from pprl.synth.likeness.reporting import Report

    figures = read_figures(reference) if reference else None
    if figures is not None and figures.k < k:
        raise DataError(
            f"{reference}: holds counts down to {figures.k}, and --smallest-cell is {k}",
            hint=f"Make the figures again with `pprl measure --smallest-cell {k}`.",
        )
    return Report(path=path, reference=figures)


def _tell(
    about: Mapping[str, Any],
    folder: Path,
    seconds: float,
    *,
    agreement: Path | None,
    report: Path | None,
) -> None:
    click.echo(
        f"{about['people']['people']:,} made-up people in {about['people']['households']:,} households"
    )
    for entry in about["files"].values():
        wrong = sum(count for errors, count in entry["records_by_errors"].items() if errors != "0")
        share = wrong / entry["rows"] if entry["rows"] else 0.0
        more = f", {entry['duplicates']:,} of them twice" if entry["duplicates"] else ""
        click.echo(
            f"  {folder / entry['file']}: {entry['rows']:,} rows{more}; {share:.0%} with an error"
        )
    made = about["overlap"]["made"]
    if made is not None:
        click.echo(f"Overlap: {made:.1%} of the average file's people are in any given other file")
    click.echo(
        f"The truth is in {folder / 'truth.csv'}, what was asked and made in {folder / 'about.json'}"
    )
    if report:
        click.echo(f"Look-alike page: {report}")
    rate = about["people"]["people"] / seconds if seconds > 0 else 0.0
    click.echo(f"{duration(seconds)}, {rate:,.0f} people a second", err=True)
    name, entry = next(iter(about["files"].items()))
    settled = agreement or folder / "linkage.toml"
    if entry["file"].endswith(".csv") and settled.exists():
        click.echo(
            f"Next: pprl encode {folder / entry['file']} --agreement {settled} --key KEY "
            f"--party {name} --id {entry['id']} --columns {folder / (name + '.columns.toml')} -o {name}.parquet",
            err=True,
        )


def _named(parties: Any, names: tuple[str, ...]) -> list[Any]:
    """Return the plan's parties with the names given on the command line, in order."""
    from pprl.base.errors import UsageError

    known = list(parties) if isinstance(parties, list) else []
    if known:
        raise UsageError(
            "the plan names the parties already", hint="Leave out --party, or the plan's [[party]]."
        )
    return [{"name": name} for name in names]


def _pairs(texts: tuple[str, ...], separator: str, option: str) -> dict[str, float]:
    """Return NAME=NUMBER options as a mapping."""
    from pprl.base.errors import UsageError

    found: dict[str, float] = {}
    for text in texts:
        name, sign, number = text.rpartition(separator)
        if name in found:
            raise UsageError(f"{option} names {name} twice", hint="Give each once.")
        try:
            if not sign or not name:
                raise ValueError
            found[name] = float(number)
        except ValueError:
            raise UsageError(
                f"{option} {text!r} is not of the form NAME{separator}NUMBER",
                hint=f"For example {option} {_EXAMPLES[option]}.",
            ) from None
    return found


def _files(texts: tuple[str, ...]) -> dict[str, Path]:
    """Return WHAT=FILE options as a mapping."""
    from pprl.base.errors import UsageError

    found: dict[str, Path] = {}
    for text in texts:
        what, sign, path = text.partition("=")
        if not (what and sign and path):
            raise UsageError(
                f"--fit {text!r} is not of the form WHAT=FILE",
                hint="For example --fit surname=surnames.csv.",
            )
        if what in found:
            raise UsageError(f"--fit names {what} twice", hint="Give one table for each.")
        found[what] = Path(path)
    return found
