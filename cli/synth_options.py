"""The options of `pprl synth`, in four groups; each group reaches the command as one frozen object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Any, Literal

import click

from .options import FILE

__all__ = [
    "Comparison",
    "ErrorOptions",
    "FileOptions",
    "PeopleOptions",
    "comparison_options",
    "error_options",
    "file_options",
    "people_options",
]

_EXAMPLES = {"--rate": "sex_wrong=0.01", "--error-factor": "age=65-120:2"}

Command = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class PeopleOptions:
    """Who is made up, and who is in which file; None where the option is not given."""

    people: int | None
    files: int | None
    overlap: float | None
    country: str | None
    towns: int | None
    seed: int | None
    as_of: str | None
    split_families: float | None
    parties: tuple[str, ...]

    def entries(self) -> dict[str, Any]:
        """Return the plan's entries that are given, without the parties."""
        return _given(self, leave_out=("parties",))

    def given(self) -> bool:
        """Return whether any of the options is given."""
        return bool(self.entries() or self.parties)


@dataclass(frozen=True, kw_only=True)
class ErrorOptions:
    """Which errors are made; None where the option is not given."""

    profile: str | None
    dependence: float | None
    duplicates: float | None
    rates: tuple[str, ...]
    factors: tuple[str, ...]

    def entries(self) -> dict[str, Any]:
        """Return the plan's entries that are given, without the rates and factors."""
        return _given(self, leave_out=("rates", "factors"))

    def given(self) -> bool:
        """Return whether any of the options is given."""
        return bool(self.entries() or self.rates or self.factors)

    def rate_numbers(self) -> dict[str, float]:
        """Return the rates by error."""
        return _numbers(self.rates, "=", "--rate")

    def factor_numbers(self) -> dict[str, float]:
        """Return the factors by group."""
        return _numbers(self.factors, ":", "--error-factor")


@dataclass(frozen=True, kw_only=True)
class FileOptions:
    """What is written where; None where the option is not given."""

    folder: Path
    output: Literal["csv", "parquet"] | None
    groups: bool
    plan: Path | None
    like: Path | None

    def entries(self) -> dict[str, Any]:
        """Return the plan's entries that are given."""
        found: dict[str, Any] = {} if self.output is None else {"output": self.output}
        return {**found, "groups": True} if self.groups else found

    def given(self) -> bool:
        """Return whether an option is given that wins over the plan's file."""
        return bool(self.entries())


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A real file's tables and figures, for the made-up files to be fitted to or compared with."""

    tables: tuple[str, ...]
    smallest_cell: int
    report: Path | None
    reference: Path | None

    def table_paths(self) -> dict[str, Path]:
        """Return the tables by what is fitted to them."""
        from pprl.base.errors import UsageError

        found: dict[str, Path] = {}
        for text in self.tables:
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


def people_options(command: Command) -> Command:
    """Add the options of `PeopleOptions`, as the parameter `asked`."""
    return _grouped(
        "asked",
        PeopleOptions,
        click.option(
            "--people", type=int, metavar="N", help="People in all files together. [default: 10000]"
        ),
        click.option(
            "--files", type=int, metavar="K", help="Number of parties, 1 to 20. [default: 2]"
        ),
        click.option(
            "--overlap",
            type=float,
            metavar="SHARE",
            help="Share of the average file's people who are in any given other file. [default: 0.5]",
        ),
        click.option(
            "--country",
            metavar="CODE",
            help="Names, places, forms: gb us de fr es it nl pl se. [default: gb]",
        ),
        click.option(
            "--towns",
            type=int,
            metavar="N",
            help="Everybody lives in N towns. [default: all over the country]",
        ),
        click.option("--seed", type=int, metavar="N", help="Same seed, same bytes. [default: 1]"),
        click.option(
            "--as-of",
            metavar="DATE",
            help="The day on which people's ages are taken. [default: 2026-01-01]",
        ),
        click.option(
            "--split-families",
            type=float,
            metavar="SHARE",
            help="Share of pairs of relatives put into different files, beside those that chance splits.",
        ),
        click.option(
            "--party",
            "parties",
            multiple=True,
            metavar="NAME",
            help="A party's name, once for each file. [default: a, b, c ...]",
        ),
    )(command)


def error_options(command: Command) -> Command:
    """Add the options of `ErrorOptions`, as the parameter `errors`."""
    return _grouped(
        "errors",
        ErrorOptions,
        click.option(
            "--profile",
            metavar="NAME",
            help="Error rates: none, light, typical, heavy or register. [default: typical]",
        ),
        click.option(
            "--rate",
            "rates",
            multiple=True,
            metavar="ERROR=SHARE",
            help="An error rate instead of the profile's.",
        ),
        click.option(
            "--error-factor",
            "factors",
            multiple=True,
            metavar="GROUP:FACTOR",
            help="Multiply a group's error rates, for example age=65-120:2 or origin=polish:1.5.",
        ),
        click.option(
            "--dependence",
            type=float,
            metavar="D",
            help="How much errors gather in careless records, 0 to 1.",
        ),
        click.option(
            "--duplicates",
            type=float,
            metavar="SHARE",
            help="Share of a file's people with a second row.",
        ),
        click.option(
            "--list-errors",
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=lambda context, _, wanted: _list_errors(context) if wanted else None,
            help="Print all errors and their rates by profile, and stop.",
        ),
    )(command)


def file_options(command: Command) -> Command:
    """Add the options of `FileOptions`, as the parameter `output`."""
    return _grouped(
        "output",
        FileOptions,
        click.option(
            "-o",
            "--output",
            "folder",
            required=True,
            type=FILE,
            metavar="DIR",
            help="The folder to write.",
        ),
        click.option(
            "--format",
            "output",
            type=click.Choice(["csv", "parquet"]),
            help="Format of the files. [default: csv]",
        ),
        click.option(
            "--groups",
            is_flag=True,
            help="Also write people.csv: each person's household, sex, year of birth and origin.",
        ),
        click.option(
            "--plan",
            type=FILE,
            metavar="TOML",
            help="A file with all of this and more (columns, coverage, rates by party). Options win over it.",
        ),
        click.option(
            "--like",
            type=FILE,
            metavar="TOML",
            help="Give the files the fields of this agreement (linkage.toml), to rehearse a linkage.",
        ),
    )(command)


def comparison_options(command: Command) -> Command:
    """Add the options of `Comparison`, as the parameter `compared`."""
    return _grouped(
        "compared",
        Comparison,
        click.option(
            "--fit",
            "tables",
            multiple=True,
            metavar="WHAT=FILE",
            help="Fit to an aggregate table (CSV): surname=, given_name= or age=.",
        ),
        click.option(
            "--smallest-cell",
            type=click.IntRange(min=1),
            default=10,
            show_default=True,
            metavar="K",
            help="Refuse tables, and reference figures, with a count below this.",
        ),
        click.option(
            "--report", type=FILE, metavar="HTML", help="Also write the look-alike page here."
        ),
        click.option(
            "--reference",
            type=FILE,
            metavar="JSON",
            help="Aggregate figures of a real file (pprl measure), for the page to compare with.",
        ),
    )(command)


def _grouped(
    parameter: str, group: type[Any], *options: Callable[[Command], Command]
) -> Callable[[Command], Command]:
    """Return a decorator that adds options to a command and hands them over as one object.

    Args:
        parameter: the command's parameter that takes the object.
        group: a dataclass with one field for each option.
        options: made by `click.option`, in the order of the help.
    """
    names = [item.name for item in fields(group)]

    def decorate(command: Command) -> Command:
        @wraps(command)
        def call(**values: Any) -> Any:
            values[parameter] = group(**{name: values.pop(name) for name in names})
            return command(**values)

        for option in reversed(options):
            option(call)
        return call

    return decorate


def _given(group: Any, *, leave_out: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of a group that are not None."""
    values: Mapping[str, Any] = vars(group)
    return {
        name: value for name, value in values.items() if value is not None and name not in leave_out
    }


def _numbers(texts: tuple[str, ...], separator: str, option: str) -> dict[str, float]:
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


def _list_errors(context: click.Context) -> None:
    from pprl.synth.errors.catalogue import all_errors

    click.echo(f"{'error':<32}{'light':>8}{'typical':>9}{'heavy':>8}{'register':>10}  what it is")
    for row in all_errors().itertuples():
        rates = f"{row.light:>8.2%}{row.typical:>9.2%}{row.heavy:>8.2%}{row.register:>10.2%}"
        click.echo(f"{row.error:<32}{rates}  {row.title}")
    click.echo(
        "A rate is a share of the records in which the error is possible. Sources: docs/errors.md."
    )
    context.exit()
