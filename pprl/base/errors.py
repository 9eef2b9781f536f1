"""Errors that a person can act on: a problem, its cause, and the next step.

Every error this library raises on purpose derives from :class:`PprlError`. A message names a file, a
row and a column where it can, and never a personal value: errors are read aloud, logged and mailed.
"""

from __future__ import annotations

__all__ = [
    "AgreementError",
    "DataError",
    "EncodedFileError",
    "GateError",
    "KeyFileError",
    "LinksError",
    "MismatchError",
    "OutputError",
    "PprlError",
    "UsageError",
]


class PprlError(Exception):
    """Base of all errors raised by pprl.

    Args:
        problem: one sentence, what is wrong; no personal value in it.
        hint: the next step to take, if one is known.

    Attributes:
        exit_code: what the command line exits with when this error ends a command.
    """

    exit_code = 1

    def __init__(self, problem: str, *, hint: str | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint


class UsageError(PprlError):
    """The call itself is wrong: an option or an argument that can't be used."""

    exit_code = 2


class GateError(PprlError):
    """A quality gate that the caller set was not met."""

    exit_code = 3


class AgreementError(PprlError):
    """The agreement (``linkage.toml``) can't be read or contradicts itself."""


class KeyFileError(PprlError):
    """The key file can't be used. Never carries key material."""


class DataError(PprlError):
    """A table of the user's (people, id map, truth) can't be used as it is."""


class EncodedFileError(PprlError):
    """An encoded file is not one, is damaged, or is of another version."""


class LinksError(PprlError):
    """A links folder is not one, is incomplete or is damaged."""


class MismatchError(PprlError):
    """Two encoded files can't be compared: another agreement, another key, the same file twice."""


class OutputError(PprlError):
    """An output can't be written: it exists, the folder is missing, the disk is full."""
