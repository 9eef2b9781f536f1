"""The slow, obvious twin of the kernel that looks at quotes: the standard library's strict reader."""

from __future__ import annotations

import csv
from pathlib import Path

__all__ = ["slow_quotes_are_sound"]


def slow_quotes_are_sound(path: Path, delimiter: str) -> bool:
    """Say whether the strict reader reads the file to its end."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            list(csv.reader(stream, delimiter=delimiter, strict=True))
    except csv.Error:
        return False
    return True
