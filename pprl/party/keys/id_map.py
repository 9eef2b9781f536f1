"""The id map: which pseudonym is which of the party's own records. It never leaves the party."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pprl.base.arrays import Bytes
from pprl.base.errors import DataError
from pprl.base.outputs import Outputs
from pprl.tables import read_csv_text
from pprl.tables.frames import Table, as_frame
from pprl.tables.texts import Texts

__all__ = ["ID_MAP_COLUMNS", "IdMapWriter", "read_id_map", "resolve", "write_id_map"]

ID_MAP_COLUMNS = ["pseudonym", "id"]
_HEX = np.frombuffer(b"".join(b"%02x" % byte for byte in range(256)), np.uint16)
"""Byte -> its two hexadecimal digits."""
_PSEUDONYM = re.compile(r"[0-9a-f]{32}")
_TEXT_NOTHING = pa.scalar("", pa.large_string())


class IdMapWriter:
    """Writes an id map (CSV, columns ``pseudonym,id``) a block at a time; a new file has mode 0600.

    Args:
        path: the file to write; :class:`pprl.base.outputs.Outputs` gives a temporary name until it is complete.
    """

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._file = path.open("wb")
        self._file.write(",".join(ID_MAP_COLUMNS).encode() + b"\n")

    def __enter__(self) -> IdMapWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            with suppress(OSError):  # what led here is the error to report
                self._file.close()

    def write(self, pseudonyms: Bytes, ids: pa.LargeStringArray) -> None:
        """Append rows.

        Args:
            pseudonyms: ``uint8[n, 16]``.
            ids: the party's own ids; quoted where they hold a comma, a quote or an end of line.

        Raises:
            OSError: the disk is full, or fails.
        """
        special = pc.match_substring_regex(ids, '[",\\r\\n]')
        if pc.any(special).as_py():
            doubled = pc.replace_substring(ids, '"', '""')
            quote = pa.scalar('"', pa.large_string())
            quoted = pc.binary_join_element_wise(quote, doubled, quote, _TEXT_NOTHING)
            ids = pc.if_else(special, quoted, ids)
        digits = _HEX[np.ascontiguousarray(pseudonyms)].view(np.uint8)
        width = digits.shape[1]
        names = Texts(digits.reshape(-1), np.arange(len(digits) + 1) * width).arrow()
        lines = pc.binary_join_element_wise(names, ids, pa.scalar(",", pa.large_string()))
        ended = pc.binary_join_element_wise(
            lines, pa.scalar("\n", pa.large_string()), _TEXT_NOTHING
        )
        text = Texts.from_arrow(ended)
        self._file.write(text.data[text.offsets[0] : text.offsets[-1]].data)

    def close(self) -> None:
        """Write what is left and close the file.

        Raises:
            OSError: the disk is full, or fails.
        """
        self._file.close()


def read_id_map(path: Path | str) -> pd.DataFrame:
    """Read and check an id map.

    Returns:
        Columns ``pseudonym`` and ``id``.

    Raises:
        DataError: not an id map, or one in which a pseudonym or an id occurs twice.

    Example:
        >>> list(pprl.read_id_map("health.ids.csv").columns)
        ['pseudonym', 'id']
    """
    frame = read_csv_text(path, what="id map", header=None)
    if list(frame.columns) != ID_MAP_COLUMNS:
        raise DataError(
            f"{path} is not an id map: its columns are not pseudonym,id",
            hint="Give the .ids.csv file that `pprl encode` wrote beside the encoded file.",
        )
    _check_unique(frame, str(path))
    return frame


def write_id_map(id_map: Table, path: Path | str, *, force: bool = False) -> None:
    """Write an id map of mode 0600, whole or not at all.

    Args:
        id_map: columns ``pseudonym`` and ``id``, as :func:`pprl.encode` returns it.
        path: the file (CSV).
        force: replace a file that exists.

    Raises:
        DataError: columns or values of another form, or a pseudonym or an id that occurs twice.
        OutputError: the file exists or can't be written.
        UsageError: a path in place of a table.

    Example:
        >>> pprl.write_id_map(a.id_map, "health-again.ids.csv")
        >>> pprl.read_id_map("health-again.ids.csv").equals(a.id_map)
        True
    """
    frame = as_frame(id_map, what="write_id_map")
    if list(frame.columns) != ID_MAP_COLUMNS:
        raise DataError(
            "the id map has other columns than pseudonym and id",
            hint="Give the id map that pprl.encode returned.",
        )
    _check_unique(frame, "the id map")
    names, ids = frame["pseudonym"].tolist(), frame["id"].tolist()
    good = all(isinstance(name, str) and _PSEUDONYM.fullmatch(name) for name in names)
    if not good or not all(isinstance(own, str) and own for own in ids):
        raise DataError(
            "the id map holds a pseudonym that is not 32 hexadecimal digits, or an id that is empty or not text",
            hint="Give the id map that pprl.encode returned.",
        )
    digits = np.frombuffer(bytes.fromhex("".join(names)), np.uint8).reshape(len(names), 16)
    with Outputs(force=force) as outputs, IdMapWriter(outputs.file(Path(path))) as writer:
        writer.write(digits, pa.array(ids, pa.large_string()))
        writer.close()


def _checked(frame: pd.DataFrame) -> pd.DataFrame:
    """Return an id map that a caller gave, if it has its columns and no value occurs twice in one."""
    if not set(ID_MAP_COLUMNS) <= set(frame.columns):
        raise DataError(
            "the id map has no columns pseudonym and id",
            hint="Give the id map that `pprl encode` wrote, or the one that pprl.encode returned.",
        )
    _check_unique(frame, "the id map")
    return frame


def _check_unique(frame: pd.DataFrame, source: str) -> None:
    for column in ID_MAP_COLUMNS:
        if frame[column].duplicated().any():
            raise DataError(
                f"{source}: a value of the column {column!r} appears twice",
                hint="Use the id map as `pprl encode` wrote it, of one run only.",
            )


def resolve(links: Table, id_map: Table) -> pd.DataFrame:
    """Turn returned pseudonyms back into the party's own ids.

    Args:
        links: columns ``link_id`` and ``pseudonym``, as in ``links-PARTY.csv``; a pandas or polars DataFrame or a
            pyarrow Table.
        id_map: columns ``pseudonym`` and ``id``; likewise.

    Returns:
        Columns ``link_id`` and ``id``, in the order of ``links``.

    Raises:
        DataError: columns or values of another form, a pseudonym or an id that occurs twice, or a returned pseudonym
            that is not in the id map.
        UsageError: a path in place of a table.

    Example:
        >>> returned = pprl.read_csv_text("links/links-health.csv")
        >>> own = pprl.resolve(returned, a.id_map)
        >>> list(own.columns), len(own) == len(returned)
        (['link_id', 'id'], True)
    """
    links = as_frame(links, what="resolve")
    id_map = _checked(as_frame(id_map, what="resolve"))
    # The unit is another organisation: whatever it writes, only numbers and known pseudonyms get through. A number of
    # 15 digits is still exact in a spreadsheet, and no linkage has more links.
    expected = {"link_id": r"[1-9][0-9]{0,14}", "pseudonym": _PSEUDONYM.pattern}
    good = set(expected) <= set(links.columns) and all(
        links[column].astype(str).str.fullmatch(pattern).all()
        for column, pattern in expected.items()
    )
    if not good or links["pseudonym"].duplicated().any():
        raise DataError(
            "the returned links do not have the form link_id,pseudonym with each pseudonym once",
            hint="Give the file links-PARTY.csv that the linkage unit returned, unchanged.",
        )
    ids = links["pseudonym"].map(id_map.set_index("pseudonym")["id"])
    unknown = int(ids.isna().sum())
    if unknown:
        raise DataError(
            f"{unknown} of {len(links)} returned pseudonyms are not in the id map",
            hint="Pseudonyms are new in every run of `pprl encode`: use the id map of the run whose file was sent.",
        )
    return pd.DataFrame({"link_id": links["link_id"], "id": ids})
