"""Tables that a caller hands over: a pandas DataFrame, or a polars DataFrame or a pyarrow Table made one.

polars is never imported here; its frames are known by where their type comes from.
"""

from __future__ import annotations

from os import PathLike
from typing import Any, Protocol, TypeAlias

import pandas as pd
import pyarrow as pa

from pprl.base.errors import DataError, UsageError

__all__ = ["Table", "as_frame"]


class _ToArrow(Protocol):
    """A polars DataFrame, as far as it is used here."""

    def to_arrow(self) -> Any: ...


Table: TypeAlias = "pd.DataFrame | pa.Table | _ToArrow"
"""What the public functions take for a table."""


def as_frame(
    table: object, *, what: str, instead: str = "pprl.read_csv_text(path)"
) -> pd.DataFrame:
    """Return a table as a pandas DataFrame; one that is a DataFrame already comes back as it is.

    Text stays as it is to the character, and a null becomes ``None``, as in pandas. Columns of other types keep
    them: who needs text refuses those.

    Args:
        table: a pandas or polars DataFrame, or a pyarrow Table.
        what: who takes the table, for messages, for example ``encode``.
        instead: the call that helps when it is a path.

    Raises:
        UsageError: a path, or anything else that is not a table.
        DataError: text in the table is not UTF-8.
    """
    if isinstance(table, pd.DataFrame):
        return table
    if isinstance(table, str | PathLike):
        raise UsageError(f"{what} takes a DataFrame, not a path", hint=f"For a file: {instead}.")
    arrow: Any = table
    if type(table).__module__.split(".")[0] == "polars":
        if not hasattr(table, "to_arrow"):
            raise UsageError(
                f"{what} takes a DataFrame, not a polars {type(table).__name__}",
                hint="Make it a DataFrame first; a LazyFrame's collect() does so.",
            )
        arrow = arrow.to_arrow()
    if not isinstance(arrow, pa.Table):
        raise UsageError(
            f"{what} takes a DataFrame, not a {type(table).__name__}",
            hint="Give a pandas or polars DataFrame or a pyarrow Table.",
        )
    return _from_arrow(arrow, what)


def _from_arrow(table: Any, what: str) -> pd.DataFrame:
    # Without its metadata, by which pandas would make an index of some of the columns.
    table = table.replace_schema_metadata(None)
    try:
        for at, field in enumerate(table.schema):
            kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
            if pa.types.is_string(kind) or pa.types.is_string_view(kind):
                kind = pa.large_string()
            if kind != field.type:
                table = table.set_column(at, field.name, table.column(at).cast(kind))
        frame: pd.DataFrame = table.to_pandas()
    except (pa.ArrowException, UnicodeDecodeError):
        # Arrow's own message may quote a value.
        raise DataError(
            f"{what}: the table holds text that is not UTF-8, or is damaged",
            hint="Read its file anew in its right encoding.",
        ) from None
    return frame
