"""What the unit's operator may choose, and what is settled together with the agreement's own matching rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Literal

from pprl.base.errors import UsageError
from pprl.base.resources import total_memory
from pprl.exchange.agreement.defaults import AssignmentRule
from pprl.exchange.encoded.file import EncodedFile
from pprl.exchange.links.run_entries import BlockingMethod
from pprl.unit.blocking.sampling import SAMPLE

__all__ = ["MatchOptions", "Settled", "settle"]

BLOCKING = ("exhaustive", "lsh", "keys")
ASSIGN = ("people", "one-to-one", "one-to-many", "many-to-many")

COMPLETENESS = 0.99
"""Pairs completeness that an LSH is planned for unless another is asked for. Chosen; sensitive: time rises steeply
beyond."""


@dataclass(frozen=True, kw_only=True)
class MatchOptions:
    """What the unit's operator may choose; ``None`` takes what the agreement says.

    Attributes:
        threshold: above 0 and at most 1, or ``"auto"``: a similarity in the profile ``record``, a match probability in
            ``fields``.
        blocking: ``exhaustive``, ``lsh`` or ``keys``; or several in turn, separated by commas (``keys,exhaustive``):
            records that a pass has linked are not compared in the next.
        assign: ``people`` (a link holds one person, with all of their records in a file), ``one-to-one``,
            ``one-to-many`` (a record of the second file has one partner, one of the first may have many) or
            ``many-to-many``.
        sample: records of a file that are looked at to learn from.
        completeness: for ``lsh``, pairs completeness to plan for: the share of the matches, of those similar enough to
            be listed, that is to be compared; 0.99 by default.
        memory: bytes that the run may use; half of the machine's by default. Memory-mapped encodings are not counted:
            the system takes their pages back when it needs them.

    Example:
        >>> options = pprl.MatchOptions(threshold=0.9, blocking="exhaustive")
        >>> pprl.match([a.encoded, b.encoded], options).threshold
        0.9
    """

    threshold: float | Literal["auto"] | None = None
    blocking: str | None = None
    assign: AssignmentRule | None = None
    sample: int = SAMPLE
    completeness: float | None = None
    memory: int | None = None

    def __post_init__(self) -> None:
        """Refuse values that can't be chosen.

        Raises:
            UsageError: names the option.
        """
        if not (self.threshold in (None, "auto") or _is_threshold(self.threshold)):
            raise UsageError(
                "the threshold must be 'auto' or a number above 0 and at most 1",
                hint="For example --threshold 0.8.",
            )
        passes = [] if self.blocking is None else self.blocking.split(",")
        if any(name not in BLOCKING for name in passes) or len(set(passes)) < len(passes):
            raise UsageError(
                f"blocking must be one of: {', '.join(BLOCKING)}; or several different ones in turn",
                hint="For example --blocking keys,exhaustive: strict keys first, all pairs for the rest.",
            )
        if self.assign is not None and self.assign not in ASSIGN:
            raise UsageError(f"assign must be one of: {', '.join(ASSIGN)}")
        if self.sample < 1:
            raise UsageError("the sample must be at least 1 record")
        if self.completeness is not None and not 0 < self.completeness < 1:
            raise UsageError(
                "the pairs completeness must be a share above 0 and below 1",
                hint="For example --completeness 0.99; every pair is compared with --blocking exhaustive.",
            )
        if self.memory is not None and self.memory < 1:
            raise UsageError("the memory must be at least 1 byte")


def _is_threshold(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return 0 < float(value) <= 1


@dataclass(frozen=True, kw_only=True)
class Settled:
    """The options and the agreement's matching rule together: nothing is left open.

    Attributes:
        asked: the threshold that was asked for: a number or ``auto``.
        passes: blocking methods in turn; mostly one.
        assign: how many partners a record may have.
        sample: records of a file that are looked at to learn from.
        completeness: pairs completeness that an LSH is planned for.
        memory_limit: bytes that the run may use.
    """

    asked: float | Literal["auto"]
    passes: tuple[BlockingMethod, ...]
    assign: AssignmentRule
    sample: int
    completeness: float
    memory_limit: int

    @property
    def given(self) -> bool:
        """Whether the threshold is a number that somebody gave."""
        return not isinstance(self.asked, str)


def settle(options: MatchOptions, files: Sequence[EncodedFile]) -> Settled:
    """Settle what the operator left open by the files' agreement.

    Raises:
        UsageError: the options contradict each other or the files.
    """
    rule = files[0].agreement.matching
    assign = _assignment_rule(options.assign, rule.assign, len(files))
    passes = _passes(options.blocking or rule.blocking, assign, len(files))
    asked = rule.threshold if options.threshold is None else options.threshold
    return Settled(
        asked=asked if isinstance(asked, str) else float(asked),
        passes=passes,
        assign=assign,
        sample=options.sample,
        completeness=_completeness(options, passes),
        memory_limit=options.memory or total_memory() // 2,
    )


def _assignment_rule(
    asked: AssignmentRule | None, agreed: AssignmentRule, files: int
) -> AssignmentRule:
    if files == 1:
        if asked not in (None, "many-to-many"):
            raise UsageError(
                f"--assign {asked} needs two files; one file is searched for duplicates",
                hint="Leave --assign out, or give the other party's file too.",
            )
        return "many-to-many"
    rule = asked or agreed
    if rule == "one-to-many" and files > 2:
        raise UsageError(
            "one-to-many is defined for two files only",
            hint="With three or more files use --assign people, one-to-one or many-to-many.",
        )
    return rule


def _passes(asked: str, assign: AssignmentRule, files: int) -> tuple[BlockingMethod, ...]:
    passes = tuple(asked.split(","))
    if len(passes) > 1 and (assign not in ("people", "one-to-one") or files != 2):
        raise UsageError(
            "blocking passes in turn need two files and the rule people or one-to-one",
            hint="A record that an earlier pass linked is not compared again, so it may have one partner only.",
        )
    return passes  # type: ignore[return-value]  # the options and the agreement hold nothing else


def _completeness(options: MatchOptions, passes: tuple[BlockingMethod, ...]) -> float:
    if options.completeness is not None and "lsh" not in passes:
        raise UsageError(
            f"a pairs completeness was asked for, but the blocking is {', then '.join(passes)}",
            hint="Only lsh leaves pairs out to a stated share: add --blocking lsh.",
        )
    return options.completeness or COMPLETENESS
