"""`pprl inspect`: what is this file?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from .options import FILE, json_option

__all__ = ["inspect"]


@click.command()
@click.argument("file", type=FILE, metavar="FILE")
@json_option
def inspect(file: Path, as_json: bool) -> None:
    """Tell what any artefact of a linkage is, without a key.

    \b
    Example:
      pprl inspect health.parquet
    """
    from pprl.base.plain_text import only_plain
    from pprl.exchange.identify import identify

    facts = identify(file)
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return
    click.echo(f"{only_plain(str(file))}: {facts.pop('kind')}")
    if "links" in facts:
        _show_links(facts)
        return
    for name, value in facts.items():
        _show(name.replace("_", " "), value)


def _show_links(facts: dict[str, Any]) -> None:
    """Show what a links folder says in the lines that people look for; all entries are in --json."""
    parties = ", ".join(f"{party} {records:,}" for party, records in facts["parties"].items())
    click.echo(f"  records: {parties}")
    click.echo(
        f"  links: {facts['links']:,} of {facts['linked_records']:,} records ({facts['assign']}); "
        f"the largest has {facts['largest_link']:,}"
    )
    how = {"auto": "found without truth", "given": "given"}[facts["threshold_method"]]
    click.echo(f"  threshold: {facts['score']} {facts['threshold']:.3f} ({how})")
    click.echo(
        f"  pairs compared: {facts['pairs_compared']:,} of {facts['pairs_possible']:,} ({facts['blocking']})"
    )
    expected = facts["expected_quality"]
    if expected is None:
        click.echo("  expected without truth: the run could make no estimate")
    else:
        ranges = (
            f"{name} {expected[name]:.3f} ({expected[name + '_low']:.3f} to {expected[name + '_high']:.3f})"
            for name in ("precision", "recall")
        )
        click.echo(f"  expected without truth: {', '.join(ranges)}")
    _show("agreement fingerprint", facts["agreement_fingerprint"])
    _show("made by", facts["software"])
    _show("warnings", facts["warnings"])


def _show(name: str, value: Any) -> None:
    if isinstance(value, dict):
        value = ", ".join(f"{key}: {_text(item)}" for key, item in value.items())
    if isinstance(value, list) and any(isinstance(item, str) for item in value):
        click.echo(f"  {name}:")
        for item in value:
            click.echo(f"    - {item}")
        return
    if isinstance(value, list):
        value = "; ".join(_text(item) for item in value) or "none"
    click.echo(f"  {name}: {_text(value)}")


def _text(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
