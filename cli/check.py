"""`pprl check`: a dry run that writes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import (
    FILE,
    agreement_option,
    column_map,
    column_options,
    header_option,
    json_option,
    short_fingerprint,
    threads_option,
)
from .progress import Progress

if TYPE_CHECKING:
    from pprl.party.encoding.check import TableCheck

__all__ = ["check"]


@click.command()
@click.argument("people", type=FILE, metavar="PEOPLE")
@agreement_option
@click.option("--id", "id_column", metavar="COLUMN", help="The column of your own record ids.")
@column_options
@header_option
@threads_option
@json_option
def check(
    people: Path,
    agreement: Path,
    id_column: str | None,
    columns_file: Path | None,
    columns: tuple[str, ...],
    date_formats: tuple[str, ...],
    missing: tuple[str, ...],
    header: bool,
    threads: int | None,
    as_json: bool,
) -> None:
    """Say what is missing, unreadable or repeated, column by column, and what would leave the machine.

    Shows no value, needs no key and writes nothing. Exits with 1 when `pprl encode` would stop. PEOPLE is as for
    `pprl encode`: CSV or Parquet, and it may be longer than the memory is large.

    \b
    Example:
      pprl check sample_data/health.csv --agreement sample_data/linkage.toml --id patient_no \\
          --columns sample_data/health.columns.toml
    """
    from pprl.base.errors import DataError
    from pprl.exchange.agreement.model import Agreement
    from pprl.party.encoding.check import check_file

    settled = Agreement.load(agreement)
    mapping = column_map(columns_file, columns, date_formats, missing)
    with Progress() as progress:
        result = check_file(
            people,
            settled,
            id_column=id_column,
            columns=mapping,
            header=header,
            threads=threads,
            progress=progress,
        )
    if as_json:
        click.echo(json.dumps(result.to_dict(), indent=2))
    else:
        _show(result)
        click.echo(f"Agreement {short_fingerprint(settled)}: compare it with the other parties.")
    for warning in result.warnings:
        click.echo(f"pprl: warning: {warning}", err=True)
    if result.problems:
        raise DataError(
            f"{people}: `pprl encode` would stop: {'; '.join(result.findings())}",
            hint=" ".join(result.hints()),
        )


def _show(result: TableCheck) -> None:
    from pprl.base.words import plural

    rows = result.rows
    click.echo(f"{plural(rows, 'row', 'rows')}\n")
    head = ("field", "column", "missing", "unreadable", "different", "most common")
    lines = [head]
    for f in result.fields:
        lines.append(
            (
                f.name,
                "+".join(f.columns) + (f" ({f.date_format})" if f.date_format else ""),
                f"{f.missing:,} ({f.missing / rows:.1%})",
                f"{f.unreadable:,}"
                + (f" (first: row {f.first_unreadable})" if f.unreadable else ""),
                f"{f.distinct:,}",
                f"{f.most_common:.1%} of rows",
            )
        )
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    for line in lines:
        click.echo(
            "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        )
    click.echo("")
    declared = [f"{f.name} {f.declared_missing:,}" for f in result.fields if f.declared_missing]
    if declared:
        click.echo(f"of the missing, declared so in the column map: {', '.join(declared)}")
    if result.repeated_ids is not None:
        click.echo(f"ids: {result.repeated_ids:,} repeated, {result.empty_ids:,} empty")
    click.echo(f"duplicate rows (same value in every field): {result.repeated_records:,}")
    click.echo(f"records without any value, which would be rejected: {result.empty_records:,}")
    if result.keyless_records is not None:
        share = f" ({result.keyless_records / rows:.1%})" if result.keyless_records else ""
        click.echo(f"records without a key in any blocking pass: {result.keyless_records:,}{share}")
    fields = result.profile == "fields"
    click.echo(f"profile {result.profile}: one filter a {'field' if fields else 'record'}")
    good = "0.25 to 0.35" if fields else "0.33 to 0.50"
    click.echo(f"mean fill of the filters: {result.fill:.2f} ({good} is good)")
    click.echo(f"\nWhat would leave this machine, {result.record_bytes} bytes a record:")
    for part in result.leaves:
        click.echo(f"  - {part}")
    click.echo("Nothing else: no name, no date, no address, no id of yours.")
    if not result.problems:
        click.echo("\nReady for `pprl encode`.")
