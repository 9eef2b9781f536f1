"""From the files that are being written to the look-alike page: a sample of people, their figures, the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pprl.base.arrays import Int64s
from pprl.base.errors import DataError
from pprl.synth.draw import hashed
from pprl.synth.likeness.disclosure import Disclosure
from pprl.synth.likeness.figures import Figures, measure, read_figures
from pprl.synth.likeness.page import render_lookalike
from pprl.synth.people.fields import FIELDS

__all__ = ["Report", "Sampler", "look_alike", "read_reference"]


@dataclass(frozen=True, kw_only=True)
class Report:
    """The look-alike page to be written beside the files.

    Attributes:
        path: of the page.
        reference: figures of a real file to compare with.
        records: about how many records of each file are examined. Chosen; not sensitive: shares are then known to a
            standard error of 0.1 percentage points.
    """

    path: Path
    reference: Figures | None = None
    records: int = 200_000


def read_reference(path: Path, *, k: int) -> Figures:
    """Read a real file's figures to compare with.

    Args:
        path: of the figures.
        k: the smallest count that they may show.

    Raises:
        DataError: the file can't be read, is not figures, or shows smaller counts.
    """
    figures = read_figures(path)
    if figures.k < k:
        raise DataError(
            f"{path}: has counts as low as {figures.k}, and --smallest-cell is {k}",
            hint=f"Make the figures again with `pprl measure --smallest-cell {k}`.",
        )
    return figures


class Sampler:
    """Keeps the records of some people from every file, so that their records in two files can be compared.

    Args:
        seed: of the population.
        people: in the population.
        records: about how many people are kept.
    """

    def __init__(self, *, seed: int, people: int, records: int) -> None:
        self._seed = seed
        self._most = min(1.0, records / people) * 2.0**64
        self._kept: dict[str, list[pd.DataFrame]] = {}

    def __call__(self, party: str, people: Int64s, columns: dict[str, Any]) -> None:
        """Look at one block that was written."""
        words = hashed(people, self._seed, "report").astype(np.float64)
        rows = np.flatnonzero(words < self._most)
        block = {name: columns[name][rows] for name in FIELDS if name in columns}
        self._kept.setdefault(party, []).append(
            pd.DataFrame({"person": people[rows].astype(str), **block})
        )

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return the kept records by party: canonical fields with their errors, and the column `person`."""
        return {name: pd.concat(blocks, ignore_index=True) for name, blocks in self._kept.items()}


def look_alike(
    report: Report, about: dict[str, Any], sampler: Sampler, disclosure: Disclosure | None
) -> str:
    """Return the page about the people whose records were kept.

    Made-up people have no secrets, so their figures are exact; the reference's were rounded when they were made.
    """
    frames = sampler.frames()
    if report.reference is not None and "middle_name" not in report.reference.fields:
        frames = {name: _joined(frame) for name, frame in frames.items()}
    together = pd.concat(frames.values(), ignore_index=True)
    between = measure(together, person="person", k=1).differences
    made = {
        name: measure(frame.drop(columns="person"), k=1)
        for name, frame in frames.items()
        if len(frame)
    }
    return render_lookalike(
        made, report.reference, about=about, disclosure=disclosure, between=between
    )


def _joined(frame: pd.DataFrame) -> pd.DataFrame:
    """Return records with all given names in one field, as in a file that has no column for the middle name."""
    names = (frame["given_name"] + " " + frame["middle_name"]).str.strip()
    return frame.drop(columns="middle_name").assign(given_name=names)
