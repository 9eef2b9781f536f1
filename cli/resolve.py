"""`pprl resolve`: returned pseudonyms become the party's own ids again."""

from __future__ import annotations

from pathlib import Path

import click

from .options import FILE, check_outputs, force_option

__all__ = ["resolve"]


@click.command()
@click.argument("links", type=FILE, metavar="LINKS-PARTY.csv")
@click.option(
    "--ids", required=True, type=FILE, metavar="IDS.csv", help="The id map of the same encode run."
)
@click.option(
    "-o", "--output", type=FILE, metavar="CSV", help="Write here instead of to stdout (mode 0600)."
)
@force_option
def resolve(links: Path, ids: Path, output: Path | None, force: bool) -> None:
    """Turn the links that the unit returned into your own record ids.

    \b
    Example:
      pprl resolve links/links-health.csv --ids health.ids.csv -o health-links.csv
    """
    from pprl.base.outputs import Outputs, os_errors
    from pprl.party.keys.id_map import read_id_map
    from pprl.party.keys.id_map import resolve as resolve_links
    from pprl.tables import read_csv_text

    check_outputs(output, inputs=(links, ids), force=force)
    returned = read_csv_text(links, what="file of returned links", allow_no_rows=True, header=None)
    resolved = resolve_links(returned, read_id_map(ids))
    if output is None:
        click.echo(resolved.to_csv(index=False, lineterminator="\n"), nl=False)
        return
    with Outputs(force=force) as outputs, os_errors(output):
        resolved.to_csv(outputs.file(output), index=False, lineterminator="\n")
    click.echo(f"Wrote {output}: {len(resolved):,} of your records are linked.", err=True)
