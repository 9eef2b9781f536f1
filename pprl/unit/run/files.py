"""What stands at both ends of the planning: reading the files within the memory, and opening the run's journal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numba
import numpy as np
import scipy

from pprl.base.mapped import MappedFolder
from pprl.base.resources import total_memory
from pprl.base.version import VERSION
from pprl.exchange.encoded.file import EncodedFile, read_encoded
from pprl.unit.journal import FolderJournal
from pprl.unit.run.plan import Plan

__all__ = ["open_journal", "read_files"]

_SHARE = 4
"""Files that together are larger than the memory divided by this are memory-mapped."""


def read_files(
    paths: Sequence[Path], *, mapped: MappedFolder, memory: int | None
) -> list[EncodedFile]:
    """Read encoded files into memory, or memory-mapped from a private folder where they are large.

    Args:
        paths: the files.
        mapped: where they are unpacked if they are large; must outlive the result.
        memory: bytes that the run may use; half of the machine's by default.

    Raises:
        EncodedFileError: a file is none, or is damaged.
        OutputError: the disk is full.
    """
    size = sum(path.stat().st_size for path in paths if path.is_file())
    large = size > (memory or total_memory() // 2) // _SHARE
    return [read_encoded(path, mapped=mapped if large else None) for path in paths]


def open_journal(folder: Path, plan: Plan) -> FolderJournal:
    """Return the journal of a run in its folder.

    Raises:
        OutputError: the folder holds parts of another run, or the disk is full.
    """
    return FolderJournal(
        folder,
        {
            "software": [VERSION, np.__version__, numba.__version__, scipy.__version__],
            "agreement": plan.files[0].agreement.fingerprint(),
            "files": [file.header.content_sha256 for file in plan.files],
            "threshold": [plan.asked, float(plan.threshold).hex()],
            "floors": [float(floor).hex() for floor in plan.floor.values()],
            "blocking": list(plan.passes),
            "plan": plan.blocking,
            "recall": plan.recall,
            "assign": plan.assign,
            "engine": "local" if plan.engine is None else plan.engine.name,
            "extends": None if plan.earlier is None else list(plan.earlier.parties),
        },
    )
