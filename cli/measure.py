"""`pprl measure`: the aggregate figures of a people file, for `pprl synth` to be compared with."""

from __future__ import annotations

import json
from pathlib import Path

import click

from .options import (
    FILE,
    check_outputs,
    column_map,
    column_options,
    force_option,
    header_option,
    json_option,
)

__all__ = ["measure"]


@click.command()
@click.argument("people", type=FILE, metavar="PEOPLE")
@click.option(
    "-o", "--output", required=True, type=FILE, metavar="JSON", help="The figures to write."
)
@column_options
@header_option
@click.option(
    "--person",
    metavar="COLUMN",
    help="The column that tells which records are of one person, if that is known.",
)
@click.option(
    "--smallest-cell",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="K",
    help="Round all counts down to a multiple of this.",
)
@json_option
@force_option
def measure(
    people: Path,
    output: Path,
    columns_file: Path | None,
    columns: tuple[str, ...],
    date_formats: tuple[str, ...],
    missing: tuple[str, ...],
    header: bool,
    person: str | None,
    smallest_cell: int,
    as_json: bool,
    force: bool,
) -> None:
    """Write a file's aggregate figures: how common names are, lengths, what is missing, years of birth.

    The figures are only counts, rounded down to a multiple of --smallest-cell, and no values. Columns that are not
    named are found as for `pprl encode`. `pprl synth --report --reference` compares made-up files with the figures.
    Have them cleared before they leave your office, like any other output.

    \b
    Example:
      pprl measure sample_data/health.csv --columns sample_data/health.columns.toml -o health.figures.json
    """
    from pprl.synth.likeness.figures import measure as measure_table
    from pprl.synth.likeness.figures import write_figures
    from pprl.synth.people.fields import FIELDS
    from pprl.tables.blocks import read_text

    check_outputs(output, inputs=(people, columns_file), force=force)
    mapping = column_map(columns_file, columns, date_formats, missing)
    known = [*mapping.names(FIELDS), *([person] if person else [])]
    frame = read_text(people, what="people file", header=header, known=known)
    figures = measure_table(
        frame, columns=mapping, person=person, k=smallest_cell, source=str(people)
    )
    write_figures(figures, output, force=force)
    if as_json:
        click.echo(json.dumps(figures.to_dict(), indent=2, ensure_ascii=False))
        return
    click.echo(
        f"{figures.rows:,} records, {len(figures.fields)} fields: {', '.join(figures.fields)}"
    )
    if smallest_cell > 1:
        click.echo(f"All counts are rounded down to a multiple of {smallest_cell}")
    else:
        click.echo("UNSAFE: counts are exact, and small ones may point at single people")
    click.echo(f"figures: {output}")
