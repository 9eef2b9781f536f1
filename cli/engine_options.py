"""Where pairs are compared: locally or on Spark."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import FILE

if TYPE_CHECKING:
    from pprl.unit.blocking.engine import Engine

__all__ = ["EngineChoice", "chosen_engine", "engine_options"]


@dataclass(frozen=True, kw_only=True)
class EngineChoice:
    """What the options say."""

    name: str
    master: str | None
    settings: tuple[str, ...]
    data: str | None
    log: Path | None


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --engine and Spark's options; the command gets them together as `engine`."""

    @functools.wraps(command)
    def with_choice(
        *args: Any,
        engine: str,
        spark_master: str | None,
        spark_settings: tuple[str, ...],
        spark_data: str | None,
        spark_log: Path | None,
        **kwargs: Any,
    ) -> Any:
        choice = EngineChoice(
            name=engine,
            master=spark_master,
            settings=spark_settings,
            data=spark_data,
            log=spark_log,
        )
        return command(*args, engine=choice, **kwargs)

    options = [
        click.option(
            "--engine",
            type=click.Choice(["local", "spark"]),
            default="local",
            show_default=True,
            help="Where pairs are compared: locally or on Spark (profile record, --blocking lsh or keys; see "
            "docs/spark.md).",
        ),
        click.option(
            "--spark-master",
            metavar="URL",
            help="The cluster, as in spark://HOST:7077 or yarn. [default: local[*], this machine alone]",
        ),
        click.option(
            "--spark-set",
            "spark_settings",
            multiple=True,
            metavar="NAME=VALUE",
            help="One of Spark's own settings, for example spark.executor.memory=8g.",
        ),
        click.option(
            "--spark-data",
            metavar="FOLDER|URL",
            help="Where the workers find the encoded files, for example hdfs:///linkage. [default: the same paths]",
        ),
        click.option(
            "--spark-log",
            type=FILE,
            metavar="FILE",
            help="Append Spark's own messages to this file. [default: they are discarded]",
        ),
    ]
    made: Callable[..., Any] = with_choice
    for option in reversed(options):
        made = option(made)
    return made


@contextmanager
def chosen_engine(choice: EngineChoice) -> Iterator[Engine | None]:
    """Give the engine, ready to work, or None for this machine; close it at the end."""
    from pprl.base.errors import UsageError

    if choice.name == "local":
        if choice.master or choice.settings or choice.data or choice.log:
            raise UsageError(
                "--spark-... options require --engine spark",
                hint="Add --engine spark, or leave these options out.",
            )
        yield None
        return
    from pprl.engines.options import SparkOptions
    from pprl.engines.spark import SparkEngine

    options = SparkOptions(
        master=choice.master or SparkOptions.master,
        settings=dict(_setting(text) for text in choice.settings),
        data=choice.data,
        log=choice.log,
    )
    click.echo(f"engine: Spark, {options.master}", err=True)
    with SparkEngine(options) as engine:
        yield engine


def _setting(text: str) -> tuple[str, str]:
    from pprl.base.errors import UsageError

    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(
            f"--spark-set {name[:60]} has no value", hint="For example spark.executor.memory=8g."
        )
    return name.strip(), value.strip()
