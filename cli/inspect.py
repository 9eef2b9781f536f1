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
    """Say what any artefact of a linkage is, without a key.

    \b
    Example:
      pprl inspect health.parquet
    """
    from pprl.exchange.identify import identify

    facts = identify(file)
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return
    click.echo(f"{file}: {facts.pop('kind')}")
    for name, value in facts.items():
        _show(name.replace("_", " "), value)


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
