"""Options of `pprl evaluate` that belong together: the clear-text baseline, and the quality gates."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from .options import FILE

__all__ = ["BaselineChoice", "GateChoice", "baseline_options", "gate_options"]

_SHARE = click.FloatRange(0, 1)


@dataclass(frozen=True, kw_only=True)
class BaselineChoice:
    """What the options say of the baseline.

    Attributes:
        files: the plain files; None if no baseline is asked for.
        columns: ``PARTY=FILE.toml``, column maps.
        id_columns: ``PARTY=COLUMN``, the columns with the parties' ids.
    """

    files: tuple[Path, Path] | None
    columns: tuple[str, ...]
    id_columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class GateChoice:
    """The least precision, recall and F1 that are accepted; None where nothing is required."""

    precision: float | None
    recall: float | None
    f1: float | None


def baseline_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --baseline, --columns and --id; the command gets them together as `baseline`."""

    @functools.wraps(command)
    def with_choice(
        *args: Any,
        baseline: tuple[Path, Path] | None,
        columns: tuple[str, ...],
        id_columns: tuple[str, ...],
        **kwargs: Any,
    ) -> Any:
        choice = BaselineChoice(files=baseline, columns=columns, id_columns=id_columns)
        return command(*args, baseline=choice, **kwargs)

    options = [
        click.option(
            "--baseline",
            nargs=2,
            type=FILE,
            metavar="A.csv B.csv",
            help="Also link the two PLAIN files, in the order of the run's parties, as something to compare with. "
            "Plain files of both parties meet: only for test data, or where there is a legal basis.",
        ),
        click.option(
            "--columns",
            multiple=True,
            metavar="PARTY=FILE.toml",
            help="A party's column map, for --baseline.",
        ),
        click.option(
            "--id",
            "id_columns",
            multiple=True,
            metavar="PARTY=COLUMN",
            help="The column that holds a party's ids, for --baseline. [default: id]",
        ),
    ]
    return functools.reduce(lambda made, option: option(made), reversed(options), with_choice)


def gate_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --require-precision, --require-recall and --require-f1; the command gets them together as `gates`."""

    @functools.wraps(command)
    def with_choice(
        *args: Any,
        require_precision: float | None,
        require_recall: float | None,
        require_f1: float | None,
        **kwargs: Any,
    ) -> Any:
        choice = GateChoice(precision=require_precision, recall=require_recall, f1=require_f1)
        return command(*args, gates=choice, **kwargs)

    options = [
        click.option(f"--require-{name}", type=_SHARE, help=f"Exit with code 3 below this {word}.")
        for name, word in (("precision", "precision"), ("recall", "recall"), ("f1", "F1"))
    ]
    return functools.reduce(lambda made, option: option(made), reversed(options), with_choice)
