"""The id map: which pseudonym is which of the party's own records. It never leaves the party."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from pprl.errors import DataError
from pprl.tables import read_csv_text

__all__ = ["ID_MAP_COLUMNS", "read_id_map", "resolve", "write_id_map"]

ID_MAP_COLUMNS = ["pseudonym", "id"]


def write_id_map(frame: pd.DataFrame, path: Path) -> None:
    """Write an id map (columns ``pseudonym,id``) as CSV; a new file has mode 0600."""
    path.touch(mode=0o600)
    frame.to_csv(path, columns=ID_MAP_COLUMNS, index=False, lineterminator="\n", encoding="utf-8")


def read_id_map(path: Path) -> pd.DataFrame:
    """Read and check an id map.

    Raises:
        DataError: not an id map, or one in which a pseudonym or an id stands twice.
    """
    frame = read_csv_text(path, what="id map")
    if list(frame.columns) != ID_MAP_COLUMNS:
        raise DataError(
            f"{path} is not an id map: its columns are not pseudonym,id",
            hint="Give the .ids.csv file that `pprl encode` wrote beside the encoded file.",
        )
    for column in ID_MAP_COLUMNS:
        if frame[column].duplicated().any():
            raise DataError(
                f"{path}: a value of the column {column!r} stands twice",
                hint="Use the id map as `pprl encode` wrote it, of one run only.",
            )
    return frame


def resolve(links: pd.DataFrame, id_map: pd.DataFrame) -> pd.DataFrame:
    """Turn returned pseudonyms back into the party's own ids.

    Args:
        links: columns ``link_id`` and ``pseudonym``, as in ``links-PARTY.csv``.
        id_map: columns ``pseudonym`` and ``id``.

    Returns:
        Columns ``link_id`` and ``id``, in the order of ``links``.

    Raises:
        DataError: a pseudonym that the id map does not hold.
    """
    # The unit is another organisation: nothing it could write there may reach the party's own systems.
    expected = {"link_id": r"[1-9][0-9]{0,14}", "pseudonym": r"[0-9a-f]{32}"}
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
