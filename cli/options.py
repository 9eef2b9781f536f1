"""Options that several commands share."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pprl.exchange.agreement.model import Agreement
    from pprl.tables import ColumnMap

__all__ = [
    "FILE",
    "SIZE",
    "agreement_option",
    "check_outputs",
    "column_map",
    "column_options",
    "force_option",
    "header_option",
    "json_option",
    "short_fingerprint",
]


class _FilePath(click.Path):
    """A path that every library underneath can open."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """Refuse the empty path, which would mean the current folder, and a name that is not text."""
        text = os.fspath(value)
        if not text:
            self.fail("the path is empty", param, ctx)
        try:
            text.encode()
        except UnicodeEncodeError:
            self.fail("the file's name is not UTF-8 text; rename the file", param, ctx)
        return super().convert(value, param, ctx)


class _Size(click.ParamType[int]):
    """A number of bytes with its unit, as in 800MB or 12 GiB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the bytes."""
        if isinstance(value, int):
            return value
        found = re.fullmatch(
            r"\s*(\d{1,9}(?:\.\d{1,6})?)\s*([KMGT])(i?)B?\s*", value, re.IGNORECASE
        )
        if not found or float(found[1]) == 0:
            self.fail(f"{value!r} is not a valid size; give for example 800MB or 12GB", param, ctx)
        power = "KMGT".index(found[2].upper()) + 1
        return int(float(found[1]) * (1024 if found[3] else 1000) ** power)


FILE = _FilePath(path_type=Path)
SIZE = _Size()

agreement_option = click.option(
    "--agreement",
    required=True,
    type=FILE,
    metavar="TOML",
    help="The linkage's agreement (linkage.toml).",
)
force_option = click.option("--force", is_flag=True, help="Replace outputs that exist.")
header_option = click.option(
    "--header",
    is_flag=True,
    help="A CSV file's first row holds column names, however much they look like data.",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON on stdout."
)
threads_option = click.option(
    "--threads", type=click.IntRange(min=1), help="Cores to use. [default: all]"
)


def check_outputs(*outputs: Path | None, inputs: Sequence[Path | None], force: bool) -> None:
    """Refuse, before any work, outputs that exist and outputs that would replace an input, even with --force."""
    from pprl.base.errors import UsageError
    from pprl.base.outputs import check_new

    given = [path for path in outputs if path is not None]
    for number, path in enumerate(given):
        if path in given[:number]:
            raise UsageError(
                f"{path} is named for two outputs", hint="Give each output a name of its own."
            )
        for source in inputs:
            if source is not None and _lies_in(source, path):
                raise UsageError(
                    f"{source} is an input of this command and lies in {path}, which would be replaced",
                    hint="Choose another name for the output, or move the input out of it.",
                )
        if any(_same_file(path, source) for source in inputs if source is not None):
            raise UsageError(
                f"{path} is an input of this command and would be replaced by its output",
                hint="Choose another name for the output.",
            )
        check_new(path, force=force)


def _lies_in(source: Path, folder: Path) -> bool:
    try:
        return folder.is_dir() and folder.resolve() in source.resolve().parents
    except OSError:
        return False


def _same_file(left: Path, right: Path) -> bool:
    try:
        return left.samefile(right)
    except OSError:
        return False  # one of them does not exist


def column_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --columns, --column, --date-format and --missing."""
    command = click.option(
        "--missing",
        "missing",
        multiple=True,
        metavar="FIELD=VALUE",
        help="A value that counts as missing in a field's columns, for example date_of_birth=1900-01-01; in every "
        "field's: all=UNKNOWN.",
    )(command)
    command = click.option(
        "--date-format",
        "date_formats",
        multiple=True,
        metavar="FIELD=FORMAT",
        help="How a date column is written, for example date_of_birth=DD/MM/YYYY.",
    )(command)
    command = click.option(
        "--column",
        "columns",
        multiple=True,
        metavar="FIELD=COLUMN",
        help="The column that answers a field, for example surname=last_name; several are joined: "
        "address=house_number+street.",
    )(command)
    return click.option(
        "--columns",
        "columns_file",
        type=FILE,
        metavar="TOML",
        help="A file with the same: [columns], [dates] and [missing]. --column and --date-format go before it; values "
        "of --missing are added.",
    )(command)


def column_map(
    columns_file: Path | None,
    columns: tuple[str, ...],
    date_formats: tuple[str, ...],
    missing: tuple[str, ...],
) -> ColumnMap:
    """Return the column map that the four options give."""
    from pprl.tables import ColumnMap, load_column_map, parse_column_options

    base = load_column_map(columns_file) if columns_file else ColumnMap()
    return base.merged(parse_column_options(columns, date_formats, missing))


def short_fingerprint(agreement: Agreement) -> str:
    """Return the first 80 bits of the agreement's fingerprint in groups, to read out over the phone."""
    text = agreement.fingerprint()[:20]
    return " ".join(text[at : at + 4] for at in range(0, 20, 4))
