"""`pprl encode`: people in, encoded file and id map out."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from .options import (
    FILE,
    agreement_option,
    check_outputs,
    column_map,
    column_options,
    force_option,
    header_option,
    json_option,
    short_fingerprint,
    threads_option,
)
from .progress import Progress

if TYPE_CHECKING:
    from pprl.party.encoding.encode import RowCounts

__all__ = ["encode"]


@click.command()
@click.argument("people", type=FILE, metavar="PEOPLE")
@agreement_option
@click.option("--key", required=True, type=FILE, metavar="KEY", help="The parties' key file.")
@click.option(
    "--party", required=True, metavar="NAME", help="This party's name, for example health."
)
@click.option(
    "--id", "id_column", required=True, metavar="COLUMN", help="The column of your own record ids."
)
@click.option(
    "-o", "--output", required=True, type=FILE, metavar="OUT.parquet", help="The encoded file."
)
@column_options
@header_option
@click.option(
    "--unreadable",
    type=click.Choice(["error", "missing"]),
    default="error",
    show_default=True,
    help="A value that can't be read (a date with month 13): stop, or count it as missing.",
)
@threads_option
@json_option
@force_option
def encode(
    people: Path,
    agreement: Path,
    key: Path,
    party: str,
    id_column: str,
    output: Path,
    columns_file: Path | None,
    columns: tuple[str, ...],
    date_formats: tuple[str, ...],
    missing: tuple[str, ...],
    header: bool,
    unreadable: Literal["error", "missing"],
    threads: int | None,
    as_json: bool,
    force: bool,
) -> None:
    """Encode a people file: write the file for the linkage unit and, beside it, the id map that stays here.

    PEOPLE is a CSV file (UTF-8, a header row) or a Parquet file whose columns are text. It may be longer than the
    memory is large: it is read in blocks, on all cores unless --threads says otherwise.

    -o A.parquet leaves the id map at A.ids.csv. Only A.parquet goes to the unit.

    \b
    Example:
      pprl encode sample_data/health.csv --agreement sample_data/linkage.toml --key parties.key \\
          --party health --id patient_no --columns sample_data/health.columns.toml -o health.parquet
    """
    from pprl.base.errors import UsageError
    from pprl.exchange.agreement.model import Agreement
    from pprl.party.encoding.encode import EncodedPaths, encode_file
    from pprl.party.keys.key import Key
    from pprl.party.reading.people import ReadingOptions

    if output.suffix != ".parquet":
        raise UsageError(
            f"the encoded file must end in .parquet, not {output.name}",
            hint=f"For example -o {party}.parquet.",
        )
    id_map = output.with_suffix(".ids.csv")
    check_outputs(output, id_map, inputs=(people, agreement, key, columns_file), force=force)
    settled = Agreement.load(agreement)
    secret = Key.load(key)
    mapping = column_map(columns_file, columns, date_formats, missing)
    with Progress() as progress:
        counts = encode_file(
            people,
            settled,
            secret,
            party=party,
            id_column=id_column,
            outputs=EncodedPaths(encoded=output, id_map=id_map, force=force),
            reading=ReadingOptions(
                columns=mapping, header=header, unreadable=unreadable, threads=threads
            ),
            progress=_Rate(progress),
        )
    if as_json:
        facts = {**asdict(counts), "encoded_file": str(output), "id_map": str(id_map)}
        click.echo(json.dumps(facts, indent=2))
    else:
        _show(counts)
        click.echo(f"  agreement {short_fingerprint(settled)}: compare it with the other parties")
        click.echo(f"For the linkage unit: {output}")
        alone = ", readable by you alone" if os.name == "posix" else ""
        click.echo(f"Stays here{alone}: {id_map}")
    for warning in counts.warnings:
        click.echo(f"pprl: warning: {warning}", err=True)


class _Rate:
    """Draws the progress with the rows that go through in a second."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._stage, self._start = "", 0.0

    def __call__(self, stage: str, share: float, rows: int) -> None:
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._start = stage, now
        elapsed = now - self._start
        note = f"{rows / elapsed:,.0f} rows/s" if rows and elapsed > 0 else ""
        self._progress(stage, share, note)


def _show(counts: RowCounts) -> None:
    from pprl.base.words import percent, plural

    rejected = sum(counts.rejected.values())
    click.echo(
        f"{plural(counts.rows_read, 'row', 'rows')} read = {counts.encoded:,} encoded + {rejected:,} rejected"
    )
    for reason, count in counts.rejected.items():
        click.echo(f"  rejected, {reason}: {count:,}")
    for field, spec in counts.date_formats.items():
        click.echo(f"  {field} read as {spec}")
    for field, count in counts.unreadable.items():
        if count:
            click.echo(
                f"  {field}: {plural(count, 'unreadable value', 'unreadable values')}; "
                "what could not be read counts as missing"
            )
    if counts.keyless is not None:
        share = f" ({percent(counts.keyless / counts.encoded)})" if counts.keyless else ""
        click.echo(f"  records without a key in any blocking pass: {counts.keyless:,}{share}")
    gaps = ", ".join(f"{name} {count:,}" for name, count in counts.missing.items() if count)
    click.echo(f"  missing values: {gaps or 'none'}")
    declared = [f"{name} {count:,}" for name, count in counts.declared_missing.items() if count]
    if declared:
        click.echo(f"  of these, declared missing in the column map: {', '.join(declared)}")
    click.echo(f"  mean fill of the filters: {counts.fill:.2f} (profile {counts.profile})")
