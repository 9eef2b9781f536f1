"""Rows of an encoded file on their way into Parquet, one row group at a time (SPEC.md, section 7.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from pprl.exchange.agreement.model import Agreement
from pprl.exchange.encoded.columns import column_types, filter_columns, fixed_columns

__all__ = ["GROUP_ROWS", "METADATA_KEY", "WriteRows", "parquet_rows"]

GROUP_ROWS = 1 << 17
"""Rows of a row group. Chosen: about 24 MB of default filters and keys, so that neither side needs a whole file in
memory; half or twice as many would do as well."""

METADATA_KEY = b"pprl"

Bytes2D = npt.NDArray[np.uint8]
WriteRows = Callable[[Bytes2D, Bytes2D, npt.NDArray[np.uint64]], None]
"""Takes the pseudonyms, filters and keys of one row group."""


@contextmanager
def parquet_rows(
    path: Path | str, agreement: Agreement
) -> Iterator[tuple[WriteRows, Callable[[str], None]]]:
    """Open an encoded file for writing: give a function that writes a row group, and one that adds the header."""
    schema = pa.schema(list(column_types(agreement).items()))
    names = filter_columns(agreement)

    # The header is added to the file itself: with store_schema=False pyarrow drops the metadata of the table's schema.
    with pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        use_dictionary=False,
        store_schema=False,
        write_statistics=False,
    ) as writer:

        def write(pseudonyms: Bytes2D, filters: Bytes2D, keys: npt.NDArray[np.uint64]) -> None:
            columns = fixed_columns(["pseudonym"], pseudonyms) | fixed_columns(names, filters)
            for number in range(keys.shape[1]):
                column = np.ascontiguousarray(keys[:, number])
                columns[f"key_{number + 1}"] = pa.array(column, pa.uint64(), mask=column == 0)
            writer.write_table(pa.table(columns, schema=schema))

        def state(header: str) -> None:
            writer.add_key_value_metadata({METADATA_KEY.decode(): header})

        yield write, state
