"""Tables of text: strict CSV in, and the map from an agreement's fields to a file's columns.

It knows nothing of keys or encodings, so that the parties' side and the statistician's side may both use it.
"""

from pprl.tables.columns import (
    ColumnMap,
    join_columns,
    load_column_map,
    parse_column_options,
    suggest,
)
from pprl.tables.csvtext import read_csv_text

__all__ = [
    "ColumnMap",
    "join_columns",
    "load_column_map",
    "parse_column_options",
    "read_csv_text",
    "suggest",
]
