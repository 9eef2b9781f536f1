"""``pprl evaluate``: how good the links are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .evaluate_options import BaselineChoice, GateChoice, baseline_options, gate_options
from .options import FILE, check_outputs, force_option, header_option, json_option
from .progress import Progress

if TYPE_CHECKING:
    import pandas as pd

    from pprl.exchange.links.folder import Links
    from pprl.quality import Baseline

__all__ = ["evaluate"]


@click.command()
@click.argument("links", type=FILE)
@click.option("--truth", type=FILE, help="CSV with party,id,person: records of one person match.")
@click.option(
    "--ids",
    multiple=True,
    metavar="[PARTY=]FILE",
    help="A party's id map (pseudonym,id), as `pprl encode` wrote it. Repeat for each party.",
)
@click.option("-o", "--output", type=FILE, help="The report, HTML; the JSON is written beside it.")
@json_option
@force_option
@baseline_options
@header_option
@gate_options
def evaluate(
    links: Path,
    truth: Path | None,
    ids: Sequence[str],
    output: Path | None,
    as_json: bool,
    force: bool,
    baseline: BaselineChoice,
    header: bool,
    gates: GateChoice,
) -> None:
    """Say how good the links in the folder LINKS are, and write a report to sign.

    With the truth: precision, recall and F1 with intervals, and what another threshold would give. Without it:
    the links by threshold, the scores, and the run's own estimate.

    \b
    Example:
      pprl evaluate links -o report.html
      pprl evaluate links --truth truth.csv --ids health.ids.csv \\
          --ids education.ids.csv -o report.html --require-f1 0.97
    """
    from pprl.base.errors import UsageError
    from pprl.exchange.links.folder import read_links
    from pprl.quality import (
        enforce_gates,
        judge_gates,
        read_id_maps,
        read_truth,
        summarise,
        to_json,
        write_report,
    )
    from pprl.quality import evaluate as judge

    _check_usage(truth, ids, baseline)
    if output is None and not as_json:
        raise UsageError(
            "no output is given",
            hint="Name the report with -o report.html, or ask for the numbers with --json.",
        )
    if output is not None:
        if output.suffix.lower() not in (".html", ".htm"):
            raise UsageError(
                f"the report must end in .html, not {output.name}",
                hint="For example -o report.html; the same numbers are written beside it as report.json.",
            )
        inputs = (truth, *(baseline.files or ()))
        check_outputs(output, output.with_suffix(".json"), inputs=inputs, force=force)
    run = read_links(links)
    persons = read_truth(truth, header=header) if truth else None
    maps = read_id_maps(ids, run) if ids else None
    clear = None
    if baseline.files and persons is not None:
        # First judged without the baseline, so that bad input is reported before the long work.
        judge(run, truth=persons, ids=maps)
        clear = _run_baseline(run, baseline, persons, header=header)
    evaluation = judge_gates(
        judge(run, truth=persons, ids=maps, baseline=clear),
        precision=gates.precision,
        recall=gates.recall,
        f1=gates.f1,
    )
    if output is not None:
        beside = write_report(evaluation, output, force=force)
        click.echo(f"report: {output}\nnumbers: {beside}", err=True)
    if as_json:
        click.echo(to_json(evaluation), nl=False)
    else:
        for sentence in summarise(evaluation):
            click.echo(sentence)
    enforce_gates(evaluation)


def _check_usage(truth: Path | None, ids: Sequence[str], baseline: BaselineChoice) -> None:
    from pprl.base.errors import UsageError

    if truth and not ids:
        raise UsageError(
            "--truth is given without --ids",
            hint="The links hold pseudonyms; add the id map of each party, --ids PARTY.ids.csv.",
        )
    if ids and not truth:
        raise UsageError("--ids is given without --truth", hint="Add --truth TRUTH.csv.")
    if baseline.files and not truth:
        raise UsageError(
            "--baseline can't be judged without --truth",
            hint="Add --truth TRUTH.csv and --ids IDS.csv.",
        )
    if (baseline.columns or baseline.id_columns) and not baseline.files:
        raise UsageError(
            f"{'--columns' if baseline.columns else '--id'} belongs to --baseline, which is not given",
            hint="Add --baseline A.csv B.csv, or leave it out.",
        )


def _run_baseline(
    run: Links, baseline: BaselineChoice, truth: pd.DataFrame, *, header: bool
) -> Baseline:
    from pprl.base.errors import UsageError
    from pprl.quality import BASELINE_NOTICE, read_plain, run_baseline
    from pprl.tables import load_column_map

    if len(run.parties) != 2:
        raise UsageError(
            f"--baseline links two files, but the run has {len(run.parties)}",
            hint="Leave it out, or evaluate a run of two files.",
        )
    click.echo(f"pprl: note: {BASELINE_NOTICE}", err=True)
    agreement = run.run.agreement.to_agreement()
    maps = _by_party("--columns", baseline.columns, run.parties)
    names = _by_party("--id", baseline.id_columns, run.parties)
    frames = {
        party: read_plain(
            path,
            agreement=agreement,
            columns=load_column_map(Path(maps[party])) if party in maps else None,
            id_column=names.get(party, "id"),
            header=header,
        )
        for party, path in zip(run.parties, baseline.files or (), strict=True)
    }
    assign = run.run.parameters.assign
    bar = Progress()
    try:
        return run_baseline(
            frames, agreement, truth, assign=assign, progress=partial(bar, "clear-text baseline")
        )
    finally:
        bar.done()


def _by_party(flag: str, options: Sequence[str], parties: Sequence[str]) -> dict[str, str]:
    from pprl.base.errors import UsageError

    found: dict[str, str] = {}
    for option in options:
        party, equals, value = option.partition("=")
        if not equals or not value or party not in parties or party in found:
            raise UsageError(
                f"{flag} {option!r} is not PARTY=VALUE with a party of the run, once each",
                hint=f"The run's parties: {', '.join(parties)}.",
            )
        found[party] = value
    return found
