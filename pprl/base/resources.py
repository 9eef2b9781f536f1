"""What the machine has and what this process has used of it."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

import psutil

__all__ = ["peak_memory", "restart_peak", "total_memory"]

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def total_memory() -> int:
    """Return the machine's memory in bytes, or what a container leaves of it."""
    total = int(psutil.virtual_memory().total)
    for path in _LIMITS:
        with suppress(OSError, ValueError):
            total = min(total, int(path.read_text(encoding="ascii")))
    return total


def restart_peak() -> None:
    """Let :func:`peak_memory` begin anew; only Linux can, elsewhere the peak stays that of the whole run."""
    with suppress(OSError):
        _CLEAR.write_text("5", encoding="ascii")


def peak_memory() -> int:
    """Return the most memory, in bytes, that this process has had in use, memory-mapped files included."""
    with suppress(OSError, ValueError, StopIteration):
        lines = _STATUS.read_text(encoding="ascii").splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(most) if sys.platform == "darwin" else int(most) * 1024
