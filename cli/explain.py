"""`pprl explain`: why were these records linked?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import FILE, json_option

if TYPE_CHECKING:
    from pprl.quality.judging.explain import ExplainedPair, Explanation

__all__ = ["explain"]

_TOLD = -0.05
"""Bits that rivals must take away before the text says that there are some, though none is listed. Chosen: 0.05 bits
change the odds by 3.5 %, which no decision depends on."""

_DIGITS = 15
"""Digits of a link id at most (SPEC.md, section 8.1)."""


class _LinkId(click.IntRange):
    """A link id as `links.parquet` shows it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse what can't be a link id."""
        text = str(value)
        if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS and int(text)):
            self.fail(
                f"{text!r} is not a link id: a number of at most fifteen digits, as links.parquet shows it",
                param,
                ctx,
            )
        return int(text)


@click.command()
@click.argument("links", type=FILE)
@click.argument("link_id", type=_LinkId())
@click.option(
    "--most",
    type=click.IntRange(min=1),
    default=12,
    show_default=True,
    help="Show at most this many pairs; --json gives all of them.",
)
@json_option
def explain(links: Path, link_id: int, most: int, as_json: bool) -> None:
    """Explain why the records of the link LINK_ID in the folder LINKS were linked.

    For each pair of the link and each of its rivals: the match weight in bits (three bits more make a match eight times
    as likely) and, in the profile fields, what each field added to it; the prior, which is known before any comparison;
    what rivals take away; and the resulting probability. No value of a record is shown: the unit has none.

    \b
    Example:
      pprl explain links 482003118824113
    """
    from pprl.exchange.links.folder import read_links
    from pprl.quality.judging.explain import explain as explain_link

    made = read_links(links)
    found = explain_link(made, link_id)
    if as_json:
        click.echo(json.dumps(found.to_dict(), indent=2, ensure_ascii=False))
        return
    _show_records(found, made.run.score_name)
    for pair in found.pairs[:most]:
        click.echo()
        _show_pair(pair)
    if len(found.pairs) > most:
        more = len(found.pairs) - most
        click.echo(
            f"\n{more:,} more {'pair is' if more == 1 else 'pairs are'} not shown; see --most and --json"
        )


def _show_records(found: Explanation, score_name: str) -> None:
    inside = [member for member in found.members if member.link_id == found.link_id]
    limit = (
        "a match probability of one half"
        if found.method == "auto"
        else f"a {score_name} of {found.threshold:.3f}"
    )
    count = f"{len(inside)} record{'' if len(inside) == 1 else 's'}"
    click.echo(f"link {found.link_id}: {count}; pairs were accepted from {limit} upwards")
    width = max(len(member.party) for member in found.members)
    for member in found.members:
        elsewhere = "not linked" if member.link_id is None else f"in link {member.link_id}"
        note = "" if member.link_id == found.link_id else f"  {elsewhere}"
        click.echo(f"  {member.number:>3}  {member.party:<{width}}  {member.pseudonym}{note}")


def _show_pair(pair: ExplainedPair) -> None:
    click.echo(f"{pair.a} - {pair.b}: {pair.standing}")
    if pair.fields is None:
        _row("similarity", f"{pair.score:.3f}")
    for part in pair.fields or ():
        _row(part.field, _bits(part.bits), part.level)
    _row("match weight", _bits(pair.weight))
    if pair.prior is not None:
        _row("prior: before any comparison", _bits(pair.prior))
    _row("rivals", "-" if pair.rivals is None else _bits(pair.rivals))
    _row("match probability", f"{pair.probability:.3f}")
    rival = pair.best_rival
    if rival is not None:
        by = "" if pair.fields is not None else f"{rival.margin:+.3f} in similarity, "
        _row(
            "margin over the best rival",
            _bits(rival.margin_bits),
            f"{by}{rival.a} - {rival.b} weighs {rival.weight:+.1f}",
        )
    elif pair.standing != "rival":
        some = pair.rivals is not None and pair.rivals < _TOLD
        _row(
            "margin over the best rival", "-", f"no rival is {'likely enough to be ' * some}listed"
        )


def _row(name: str, value: str, note: str = "") -> None:
    click.echo(f"  {name:<28}{value:>9}  {note}".rstrip())


def _bits(value: float) -> str:
    return f"{value:+.2f}"
