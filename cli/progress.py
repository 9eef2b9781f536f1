"""A progress line on stderr: only when stderr is a terminal, and only for work of more than two seconds."""

from __future__ import annotations

import sys
import time

import click

__all__ = ["Progress", "duration"]

_PATIENCE = 2.0
"""Seconds that pass before anything is drawn: what is over sooner needs no bar. Chosen."""

_WIDTH = 24
"""Characters of the bar. Chosen: the line with its numbers fits 80 columns."""


def duration(seconds: float) -> str:
    """Return a time span in words that fit a line: ``40 s``, ``3 min``, ``2.5 h``."""
    if seconds < 1:
        return "under a second"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


class Progress:
    """Call it with a stage's name and the share done (0 to 1); as a context manager it ends the line by itself."""

    def __init__(self) -> None:
        self._stage = ""
        self._start = 0.0
        self._shown = 0
        self._silent = not sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.done()

    def __call__(self, stage: str, share: float, note: str = "", /) -> None:
        """Draw the line when it is due.

        Args:
            stage: its name.
            share: how much of it is done, 0 to 1.
            note: what else there is to say, after the time that is left.
        """
        now = time.monotonic()
        if stage != self._stage:
            self.done()
            self._stage, self._start = stage, now
        elapsed = now - self._start
        if self._silent or elapsed < _PATIENCE:
            return
        left = duration(elapsed / share - elapsed) if share > 0 else "?"
        filled = int(_WIDTH * share)
        bar = "#" * filled + "-" * (_WIDTH - filled)
        text = f"{stage} [{bar}] {share:4.0%}, {left} left{', ' + note if note else ''}"
        # Over what the line before had more.
        click.echo(f"\r{text.ljust(self._shown)}", err=True, nl=False)
        self._shown = len(text)

    def done(self) -> None:
        """End the line."""
        if self._shown:
            click.echo("\r" + " " * self._shown + "\r", err=True, nl=False)
        self._shown = 0
