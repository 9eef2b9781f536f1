"""`pprl init`: a first agreement from a look at a file."""

from __future__ import annotations

import secrets
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import FILE, check_outputs, force_option, header_option

if TYPE_CHECKING:
    from pprl.exchange.agreement.defaults import Profile

__all__ = ["init"]


@click.command()
@click.argument("people", type=FILE, metavar="PEOPLE")
@click.option(
    "-o", "--output", required=True, type=FILE, metavar="TOML", help="The agreement to write."
)
@click.option(
    "--project", help="Name of the linkage; part of every key derivation. [default: a random one]"
)
@click.option(
    "--profile",
    type=click.Choice(["record", "fields"]),
    default="record",
    show_default=True,
    help="One filter a record, or one filter a field: that links better and tells the unit far more; for a trusted "
    "unit or an enclave only.",
)
@click.option(
    "--bits",
    type=click.IntRange(64, 65536),
    help="Length of a filter. [default: 1024; with --profile fields 512]",
)
@click.option(
    "--columns-out",
    type=FILE,
    metavar="TOML",
    help="Also write this file's column map, for check and encode.",
)
@header_option
@force_option
def init(
    people: Path,
    output: Path,
    project: str | None,
    profile: Profile,
    bits: int | None,
    columns_out: Path | None,
    header: bool,
    force: bool,
) -> None:
    """Draft a commented agreement from a file's header and a look at its values.

    No value goes into the draft. Its budgets follow from how this file's columns are filled; the figures behind them
    are shown here alone. Read it, edit it, and settle it with the other parties. The column map that --columns-out
    writes declares the customary placeholders of this file missing, such as a default date; it stays with you.

    \b
    Example:
      pprl init sample_data/health.csv -o linkage.toml --project "Health and education"
    """
    from pprl.base.outputs import Outputs, os_errors
    from pprl.base.words import percent, plural
    from pprl.exchange.agreement.defaults import LARGEST_BUDGET
    from pprl.party.drafting.draft import draft_agreement
    from pprl.tables.blocks import read_text, text_columns

    check_outputs(output, columns_out, inputs=(people,), force=force)
    project = project or f"linkage-{secrets.token_hex(4)}"
    frame = read_text(people, what="people file", header=header)
    known = text_columns(frame)
    others = [name for name in frame.columns if name not in known]
    draft = draft_agreement(frame[known], project=project, profile=profile, bits=bits)
    renamed = draft.columns()
    with Outputs(force=force) as outputs:
        with os_errors(output):
            outputs.file(output, public=True).write_text(draft.toml, encoding="utf-8", newline="\n")
        if columns_out:
            with os_errors(columns_out):
                outputs.file(columns_out).write_text(
                    draft.column_map(), encoding="utf-8", newline="\n"
                )
    width = max(len(guess.column) for guess in draft.guesses)
    for guess in draft.guesses:
        role = f"{guess.field} ({guess.kind})" if guess.field else (guess.kind or "left out")
        why = f"{guess.why}; {guess.budget}" if guess.budget else guess.why
        click.echo(f"  {guess.column:<{width}}  {role:<32}  {why}", err=True)
    for name in others:
        click.echo(f"  {name:<{width}}  {'left out':<32}  is not text", err=True)
    for found in draft.placeholders:
        rows = plural(found.rows, "row holds", "rows hold")
        what = (
            f"{columns_out} declares it missing; check that this is right"
            if columns_out
            else "--columns-out writes a column map that declares it missing"
        )
        click.echo(
            f"pprl: note: in the column {found.column!r} {rows} a customary placeholder; {what}",
            err=True,
        )
    if (bits or 0) > draft.useful_bits:
        click.echo(
            f"pprl: warning: a budget is at most {LARGEST_BUDGET:,}, so that a filter longer than "
            f"{draft.useful_bits:,} bits only becomes sparser; more bits do not help",
            err=True,
        )
    if draft.without_sound:
        more = draft.without_sound
        click.echo(
            f"{percent(more.share)} of the records have a name without a letter a to z. It has no sound, so "
            f"{plural(len(more.passes), 'blocking pass that needs none is', 'blocking passes that need none are')} "
            "drafted, too.",
            err=True,
        )
    click.echo(f"Wrote {output}. Read it before you send it to the other parties.", err=True)
    following = ["pprl", "check", str(people), "--agreement", str(output)]
    following += ["--id", draft.id_column or "COLUMN"]
    if columns_out:
        following += ["--columns", str(columns_out)]
    else:
        for field, column in renamed.items():
            following += ["--column", f"{field}={column}"]
    click.echo(f"Next: pprl keygen parties.key, then\n  {shlex.join(following)}", err=True)
