"""`pprl keygen`: make the parties' key, or show the fingerprint of one."""

from __future__ import annotations

from pathlib import Path

import click

from .options import FILE

__all__ = ["keygen"]


@click.command()
@click.argument("key", type=FILE, metavar="KEY")
@click.option(
    "--fingerprint", is_flag=True, help="Make nothing: show the fingerprint of an existing key."
)
def keygen(key: Path, fingerprint: bool) -> None:
    """Make the parties' secret key and print its fingerprint to read out over the phone.

    One party makes the key and hands the file to the others through a secure channel. Everybody then compares the
    fingerprint. The linkage unit must never hold the key. A key is never overwritten.

    \b
    Example:
      pprl keygen parties.key
    """
    from pprl.party.keys.key import Key

    if fingerprint:
        click.echo(Key.load(key).fingerprint())
        return
    made = Key.generate()
    made.save(key)
    click.echo(made.fingerprint())
    click.echo(f"Wrote {key}. Its fingerprint is shown above; it is not secret.", err=True)
    click.echo(
        "Hand the file to the other parties through a secure channel, never to the linkage unit.",
        err=True,
    )
