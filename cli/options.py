"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pprl.tables import ColumnMap

__all__ = [
    "FILE",
    "agreement_option",
    "column_map",
    "column_options",
    "force_option",
    "json_option",
]

FILE = click.Path(path_type=Path)

agreement_option = click.option(
    "--agreement",
    required=True,
    type=FILE,
    metavar="TOML",
    help="The linkage's agreement (linkage.toml).",
)
force_option = click.option("--force", is_flag=True, help="Replace outputs that exist.")
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON on stdout."
)


def column_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --columns, --column and --date-format."""
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
        help="A file with the same: [columns] and [dates]. --column and --date-format go before it.",
    )(command)


def column_map(
    columns_file: Path | None, columns: tuple[str, ...], date_formats: tuple[str, ...]
) -> ColumnMap:
    """Return the column map that the three options give."""
    from pprl.tables import ColumnMap, load_column_map, parse_column_options

    base = load_column_map(columns_file) if columns_file else ColumnMap()
    return base.merged(parse_column_options(columns, date_formats))
