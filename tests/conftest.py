"""Compiled kernels are cached by the sources they come from."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def _cache_folder() -> Path:
    """Give a folder of this user's that belongs to the kernels' present sources.

    numba keys a cached kernel on its own file, not on the files whose functions it has inlined, so that after a change
    there it would go on with the old code.
    """
    digest = hashlib.sha256()
    room = ROOT / "pprl"
    sources = [
        *room.glob("unit/**/*.py"),
        *room.glob("party/*.py"),
        *room.glob("tables/*.py"),
        room / "threads.py",
    ]
    for path in sorted(sources):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT).as_posix()} {len(content)}\n".encode() + content)
    folder = Path(tempfile.gettempdir()) / f"pprl-kernels-{digest.hexdigest()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    if hasattr(os, "getuid") and (state.st_uid != os.getuid() or state.st_mode & 0o022):
        return Path(tempfile.mkdtemp(prefix="pprl-kernels-"))  # somebody else could put code there
    return folder


if "NUMBA_CACHE_DIR" not in os.environ:
    assert "numba" not in sys.modules, "numba has read its settings already"
    os.environ["NUMBA_CACHE_DIR"] = str(_cache_folder())
