"""How long work tells its caller how far it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

__all__ = ["Progress", "RowsDone", "ShareDone", "StageShare", "of_stage", "silent"]

ShareDone = Callable[[float], None]
"""Called with the share of one piece of work that is done: it never falls, and ends with 1.0."""


StageShare = Callable[[str, float], None]
"""Called with a stage's name and the share of it that is done."""

RowsDone = Callable[[str, float, int], None]
"""Called with a stage's name, the share of it that is done and the rows that have gone through it."""


class Progress(Protocol):
    """Hears how far each stage of a command is."""

    def __call__(self, stage: str, share: float, note: str = "", /) -> None:
        """Take a stage's name, the share of it that is done (0 to 1) and what else there is to say."""


def silent(stage: str, share: float, note: str = "", /) -> None:
    """Tell nobody: the :class:`Progress` of a caller that has none."""


def of_stage(progress: Progress, stage: str) -> ShareDone:
    """Return what a single piece of work calls, told as one stage."""
    return partial(progress, stage)
