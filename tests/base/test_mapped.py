"""Memory-mapped arrays."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pprl.base.errors import OutputError
from pprl.base.mapped import MappedFolder


def test_an_array_for_which_the_disk_has_no_room_is_refused_unwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is not filled up first."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=800))
    with MappedFolder(tmp_path) as folder:
        with pytest.raises(OutputError, match="no space left on the disk"):
            folder.array("rows", (101, 1), np.uint64)
        assert not list(tmp_path.iterdir())
        assert folder.array("rows", (100, 1), np.uint64).shape == (100, 1)
