"""`pprl match`: encoded files in, links out."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from .engine import EngineChoice, chosen_engine, engine_options
from .options import FILE, check_outputs, force_option, json_option
from .progress import Progress, duration

if TYPE_CHECKING:
    from pprl.unit.plan import Plan

__all__ = ["match"]

_MARK = "run.json"
"""--force replaces a folder only if it holds this file."""


@click.command()
@click.argument("files", type=FILE, nargs=-1, required=True, metavar="A.parquet [B.parquet ...]")
@click.option(
    "-o", "--output", required=True, type=FILE, metavar="LINKS", help="The links folder to write."
)
@click.option(
    "--threshold",
    metavar="auto|0.xx",
    help="Score from which a pair counts: a similarity (profile record) or a match probability (profile fields). "
    "[default: the agreement's]",
)
@click.option(
    "--blocking",
    metavar="exhaustive|lsh|keys",
    help="Which pairs are compared; or several in turn, as in keys,exhaustive: records that a pass links are not "
    "compared in the next. [default: the agreement's]",
)
@click.option(
    "--assign",
    type=click.Choice(["one-to-one", "one-to-many", "many-to-many"]),
    help="How many partners a record may have. [default: the agreement's]",
)
@click.option(
    "--extend",
    type=FILE,
    metavar="LINKS",
    help="Links folder of an earlier run of some of these files: its links and link ids stay; the new files are added.",
)
@click.option("--threads", type=click.IntRange(min=1), help="Cores to use. [default: all]")
@click.option("--dry-run", is_flag=True, help="Check, estimate and stop before the comparison.")
@engine_options
@json_option
@force_option
def match(
    files: tuple[Path, ...],
    output: Path,
    threshold: str | None,
    blocking: str | None,
    assign: Literal["one-to-one", "one-to-many", "many-to-many"] | None,
    extend: Path | None,
    threads: int | None,
    dry_run: bool,
    engine: EngineChoice,
    as_json: bool,
    force: bool,
) -> None:
    """Link encoded files: estimate pairs, memory and time first, then link.

    One file: its duplicates are found. Two: they are linked. Three or more: they are all linked, with at most one
    record of each file in a link (unless --assign many-to-many).

    \b
    Example:
      pprl match health.parquet education.parquet -o links
    """
    from pprl.exchange.encoded import read_encoded
    from pprl.exchange.links import read_links, write_links
    from pprl.outputs import Outputs, os_errors
    from pprl.unit.match import MatchOptions, plan_match, run_match

    check_outputs(output, inputs=(*files, *([extend] if extend else [])), force=force)
    _check_replaceable(output)
    _set_threads(threads)
    with chosen_engine(engine) as other:
        start = time.perf_counter()
        encoded = [read_encoded(path) for path in files]
        reading = time.perf_counter() - start
        options = MatchOptions(threshold=_threshold(threshold), blocking=blocking, assign=assign)
        sizes = ", ".join(f"{file.party} {len(file):,}" for file in encoded)
        click.echo(f"records: {sizes}", err=True)
        earlier = read_links(extend) if extend else None
        with Progress() as progress:
            plan = plan_match(encoded, options, earlier=earlier, engine=other, progress=progress)
        plan.timings["read"] = round(reading, 4)
        _show_plan(plan)
        if dry_run:
            return
        with Progress() as progress:
            links = run_match(plan, progress=progress)
    with Outputs(force=force) as outputs, os_errors(output):
        folder = outputs.folder(output, holds=_MARK)
        write_links(links, folder)
    if as_json:
        click.echo(json.dumps(links.run, indent=2, ensure_ascii=False))
        return
    _show_result(links.run, output, told=plan.warnings)


def _check_replaceable(output: Path) -> None:
    """Say before the long work, and not only at its end, that --force does not replace this folder."""
    from pprl.errors import OutputError

    if output.exists() and not output.is_dir():
        raise OutputError(
            f"{output} is a file and can't be replaced by a folder", hint="Choose another name."
        )
    if output.is_dir() and any(output.iterdir()) and not (output / _MARK).exists():
        raise OutputError(
            f"{output} is a folder of something else: it holds no {_MARK}",
            hint="Choose another name; --force replaces only what an earlier run wrote.",
        )


def _threshold(text: str | None) -> float | Literal["auto"] | None:
    from pprl.errors import UsageError

    if text is None or text == "auto":
        return text  # type: ignore[return-value]  # the comparison narrows it
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise UsageError(
            f"--threshold {text} is neither auto nor a number above 0 and at most 1",
            hint="For example --threshold 0.8.",
        )
    return value


def _set_threads(threads: int | None) -> None:
    if threads is not None:
        import numba

        from pprl.errors import UsageError

        most = int(numba.config.NUMBA_NUM_THREADS)
        if threads > most:
            raise UsageError(
                f"--threads {threads}: this machine has {most} cores", hint="Leave --threads out."
            )
        numba.set_num_threads(threads)


def _show_plan(plan: Plan) -> None:
    found = "given"
    if plan.method == "auto":
        found = {
            "estimated": "found without truth",
            "cautious": "found without truth: hardly any match is in sight",
            "customary": "the customary value: the files are too small to find one",
        }[plan.basis]
    what = "match probability" if plan.profile == "fields" else "similarity"
    click.echo(f"threshold: {what} {plan.threshold:.3f} ({found})", err=True)
    # How long a cluster takes, its own view tells.
    span = duration(plan.seconds)
    span = span if span.startswith("under") else "about " + span
    span = f"engine {plan.engine.name}" if plan.engine is not None else span
    # Later passes leave out what earlier ones have linked, and see other pairs again.
    several = len(plan.passes) > 1
    pairs = (
        f"at most {plan.pairs_expected:,} in all passes," if several else f"{plan.pairs_expected:,}"
    )
    click.echo(
        f"pairs to compare: {pairs} of {plan.pairs_possible:,} ({', then '.join(plan.passes)}), "
        f"{span}, {plan.memory / 2**20:,.0f} MiB of memory",
        err=True,
    )
    for warning in plan.warnings:
        click.echo(f"pprl: warning: {warning}", err=True)


def _show_result(run: Mapping[str, Any], output: Path, *, told: Sequence[str]) -> None:
    counts = run["counts"]
    compared = counts["pairs_compared"]
    click.echo(
        f"{compared:,} pair{'' if compared == 1 else 's'} compared, "
        f"reduction ratio {counts['reduction_ratio']:.4f}"
    )
    click.echo(
        f"{counts['links']:,} link{'' if counts['links'] == 1 else 's'} of {counts['linked_records']:,} records "
        f"at threshold {run['threshold']['value']:.3f} ({run['parameters']['assign']})"
    )
    quality = (run["threshold"]["estimate"] or {}).get("quality")
    if quality and quality["links"]:
        click.echo(
            f"expected without truth: precision {quality['precision']:.3f} "
            f"({quality['precision_low']:.3f} to {quality['precision_high']:.3f}), "
            f"recall {quality['recall']:.3f} ({quality['recall_low']:.3f} to {quality['recall_high']:.3f})"
        )
    for warning in run["warnings"]:
        if warning not in told:
            click.echo(f"pprl: warning: {warning}", err=True)
    click.echo(f"Links folder: {output}")
    for entry in run["inputs"]:
        click.echo(
            f"  to return to {entry['party']}: {output / ('links-' + entry['party'] + '.csv')}"
        )
