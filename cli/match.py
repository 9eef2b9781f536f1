"""`pprl match`: encoded files in, links out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from .engine_options import EngineChoice, chosen_engine, engine_options
from .options import FILE, SIZE, check_outputs, force_option, json_option, threads_option
from .progress import Progress, duration

if TYPE_CHECKING:
    from pprl.base.unfinished import Unfinished
    from pprl.exchange.agreement.defaults import AssignmentRule
    from pprl.exchange.links.run_entries import LshParameters
    from pprl.exchange.links.run_record import RunRecord
    from pprl.unit.run.plan import MatchPlan

__all__ = ["match"]


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
    help="Which pairs are compared; or several in turn, as in keys,exhaustive: records that one pass links are not "
    "compared in the next. [default: the agreement's]",
)
@click.option(
    "--assign",
    type=click.Choice(["people", "one-to-one", "one-to-many", "many-to-many"]),
    help="What is linked: people, with all of their records in a file; or records, with one partner or several. "
    "[default: the agreement's]",
)
@click.option(
    "--extend",
    type=FILE,
    metavar="LINKS",
    help="Links folder of an earlier run of some of these files: its links and link ids stay; the new files are added.",
)
@click.option(
    "--completeness",
    "--recall",
    type=float,
    metavar="SHARE",
    help="With --blocking lsh: pairs completeness, the share of the matches, of those similar enough to be listed, "
    "that is to be compared. (--recall is the option's old name.) [default: 0.99]",
)
@click.option(
    "--memory",
    type=SIZE,
    metavar="SIZE",
    help="Memory to use at most, for example 12GB; encodings that are larger than a quarter of it stay on the disk, "
    "memory-mapped. [default: half of the machine's]",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Continue a killed run of this output; the links are the same as without the interruption.",
)
@threads_option
@click.option("--dry-run", is_flag=True, help="Check, estimate and stop before the comparison.")
@engine_options
@json_option
@force_option
def match(
    files: tuple[Path, ...],
    output: Path,
    threshold: str | None,
    blocking: str | None,
    assign: AssignmentRule | None,
    extend: Path | None,
    completeness: float | None,
    memory: int | None,
    resume: bool,
    threads: int | None,
    dry_run: bool,
    engine: EngineChoice,
    as_json: bool,
    force: bool,
) -> None:
    """Link encoded files: estimate pairs, memory and time first, then link.

    One file: its duplicates are found. Two or more: they are all linked. With --assign people a link holds all records
    of a person, with one-to-one at most one of each file.

    \b
    Example:
      pprl match health.parquet education.parquet -o links
    """
    from pprl.base.outputs import check_replaceable
    from pprl.base.threads import check_threads
    from pprl.base.unfinished import Unfinished
    from pprl.exchange.links.run_record import RUN_FILE
    from pprl.unit.run.job import LinkageJob
    from pprl.unit.run.options import MatchOptions

    check_outputs(output, inputs=(*files, *([extend] if extend else [])), force=force)
    check_replaceable(output, holds=RUN_FILE)  # not only at the end of the long work
    check_threads(threads)  # before a cluster is started
    options = MatchOptions(
        threshold=_threshold(threshold),
        blocking=blocking,
        assign=assign,
        completeness=completeness,
        memory=memory,
    )
    # A dry run leaves alone what another run may have to go on with.
    work = output.with_name(f"{output.name}.dry-run") if dry_run else output
    workspace = Unfinished(work, resume=resume and not dry_run, force=force or dry_run)
    with (
        chosen_engine(engine) as other,
        Progress() as progress,
        _told(workspace),
        LinkageJob(
            files,
            options,
            earlier=extend,
            engine=other,
            workspace=workspace,
            threads=threads,
            progress=progress,
        ) as job,
    ):
        sizes = ", ".join(f"{file.party} {len(file):,}" for file in job.files)
        click.echo(f"records: {sizes}", err=True)
        told = job.plan.warnings
        progress.done()
        _show_plan(job.plan)
        if dry_run:
            return
        if resume:
            _show_resumed(job.steps_done)
        run = job.write(output, force=force).run
    if as_json:
        click.echo(run.to_json())
        return
    _show_result(run, output, told=told)


@contextmanager
def _told(workspace: Unfinished) -> Iterator[None]:
    """Tell at the end of a run how it can go on, and what could not be removed."""
    try:
        yield
    finally:
        if workspace.kept:
            click.echo(
                f"pprl: completed steps are in {workspace.folder}; rerun with --resume to continue",
                err=True,
            )
        for path in workspace.left:
            click.echo(
                f"pprl: warning: encodings in {path} could not be deleted: remove it, or run the command again",
                err=True,
            )


def _show_resumed(steps: int) -> None:
    if steps:
        click.echo(f"continuing an unfinished run: {steps:,} steps are done", err=True)
    else:
        click.echo("no step of an unfinished run was found: starting from the beginning", err=True)


def _threshold(text: str | None) -> float | Literal["auto"] | None:
    from pprl.base.errors import UsageError

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


def _show_plan(plan: MatchPlan) -> None:
    found = "given"
    if plan.method == "auto":
        found = {
            "estimated": "found without truth",
            "cautious": "found without truth: almost no matches are expected",
            "customary": "the customary value: the files are too small to find one",
        }[plan.basis]
    what = plan.model.score_name
    click.echo(f"threshold: {what} {plan.threshold.value:.3f} ({found})", err=True)
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
    for described in plan.blocking:
        if described is not None:
            _show_lsh(described)
    for warning in plan.warnings:
        click.echo(f"pprl: warning: {warning}", err=True)


def _show_lsh(described: LshParameters) -> None:
    tables = f"{described.tables:,} tables of {described.bits_per_table} bits"
    click.echo(
        f"lsh: {tables}; expected to compare {described.expected_completeness:.4f} of the matches that are similar "
        "enough to be listed",
        err=True,
    )
    checked = described.checked
    if checked is not None:
        click.echo(
            f"  checked on a sample that was compared with everybody: {checked.found:.4f} "
            f"({checked.low:.4f} to {checked.high:.4f}) of {checked.matches:,.0f} matches",
            err=True,
        )


def _show_copies(run: RunRecord) -> None:
    """Say who is in a file several times, and what became of it."""
    copies = run.counts.copies
    if copies is None or not copies.people:
        return
    further = ", ".join(f"{party} {count:,}" for party, count in copies.records.items() if count)
    one = copies.people == 1
    click.echo(
        f"{copies.people:,} linked {'person is' if one else 'people are'} in a file more than once "
        f"(further records: {further}); without looking for copies, {copies.rescued:,} would have lost a link"
    )
    if run.parameters.assign == "one-to-one":
        click.echo(
            "  the rule one-to-one links one record of each file; --assign people links the others too"
        )


def _show_result(run: RunRecord, output: Path, *, told: Sequence[str]) -> None:
    counts = run.counts
    compared = counts.pairs_compared
    click.echo(
        f"{compared:,} pair{'' if compared == 1 else 's'} compared, "
        f"reduction ratio {counts.reduction_ratio:.4f}"
    )
    click.echo(
        f"{counts.links:,} link{'' if counts.links == 1 else 's'} of {counts.linked_records:,} records "
        f"at threshold {run.threshold.value:.3f} ({run.parameters.assign})"
    )
    _show_copies(run)
    quality = run.expected_quality
    if quality is not None and quality.links:
        click.echo(
            f"expected without truth: precision {quality.precision:.3f} "
            f"({quality.precision_low:.3f} to {quality.precision_high:.3f}), "
            f"recall {quality.recall:.3f} ({quality.recall_low:.3f} to {quality.recall_high:.3f})"
        )
    for warning in run.warnings:
        if warning not in told:
            click.echo(f"pprl: warning: {warning}", err=True)
    click.echo(f"Links folder: {output}")
    for party in run.parties:
        click.echo(f"  to return to {party}: {output / f'links-{party}.csv'}")
