"""What a match will do, known before its long part: the threshold, the pairs, the time and the memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import Literal

import numpy as np

from pprl.errors import DataError, UsageError
from pprl.exchange.encoded import EncodedFile
from pprl.unit.blocking import Blocking, Side, make_blocking, possible_pairs
from pprl.unit.checks import check_comparable
from pprl.unit.household import household_dice
from pprl.unit.kernels import dice_scan
from pprl.unit.threshold import SAMPLE, ThresholdEstimate, estimate_across, estimate_within

__all__ = ["MatchOptions", "Plan", "plan_match", "timed"]

BLOCKING = ("exhaustive", "lsh", "keys")
ASSIGN = ("one-to-one", "one-to-many", "many-to-many")

PAIRS_LIMIT = 100_000_000
"""Expected pairs over the floor beyond which a run is refused: they would not fit into memory."""

_PAIR_BYTES = 300
"""Memory of a pair in the tables of results, measured."""

_REPEATS = 0.02
"""Share of a file's records with a near-twin in it from which the file is taken to hold people several times."""

_DUPLICATE_MARGIN = 0.07
"""How far above the household score, which is a mean, a pair of one file must be to count as a duplicate."""

NEAR = 0.05
"""How far below the threshold pairs are kept for the statistician."""


@dataclass(frozen=True, kw_only=True)
class MatchOptions:
    """What the unit's operator may choose; ``None`` takes what the agreement says.

    Attributes:
        threshold: Dice coefficient above 0 and at most 1, or ``"auto"``.
        blocking: ``exhaustive``, ``lsh`` or ``keys``.
        assign: ``one-to-one``, ``one-to-many`` (a record of the second file has one partner, one of the first may have
            many) or ``many-to-many``.
        sample: records a file that are scanned for the threshold estimate.
    """

    threshold: float | Literal["auto"] | None = None
    blocking: Literal["exhaustive", "lsh", "keys"] | None = None
    assign: Literal["one-to-one", "one-to-many", "many-to-many"] | None = None
    sample: int = SAMPLE

    def __post_init__(self) -> None:
        """Refuse what is no choice.

        Raises:
            UsageError: names the option.
        """
        if not (self.threshold in (None, "auto") or _is_threshold(self.threshold)):
            raise UsageError(
                "the threshold must be 'auto' or a number above 0 and at most 1",
                hint="For example --threshold 0.8.",
            )
        choices = {"blocking": (self.blocking, BLOCKING), "assign": (self.assign, ASSIGN)}
        for name, (value, known) in choices.items():
            if value is not None and value not in known:
                raise UsageError(f"{name} must be one of: {', '.join(known)}")
        if self.sample < 1:
            raise UsageError("the sample must be at least 1 record")


def _is_threshold(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, float | int | np.floating):
        return False
    return bool(0 < value <= 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """What a run will do, known before its long part.

    Attributes:
        files: the encoded files.
        threshold: Dice coefficient that will be used; ``method`` says where it came from (``auto`` or ``given``).
        floor: pairs below the threshold are kept down to here.
        estimate: expected links at every threshold.
        pairs_possible: number of pairs without blocking.
        pairs_expected: number of pairs that will be compared.
        seconds: expected time of the comparison.
        memory: expected bytes for filters and pairs.
        household: Dice coefficient of two members of a household.
        no_estimate: why no estimate of quality can be given; None where there is one.
        warnings: what the operator should know.
    """

    files: Sequence[EncodedFile]
    sides: Sequence[Side]
    blocking_name: str
    blocking: Blocking
    assign: str
    threshold: float
    method: Literal["auto", "given"]
    asked: float | str
    floor: float
    estimate: ThresholdEstimate
    pairs_possible: int
    pairs_expected: int
    seconds: float
    memory: int
    household: float
    no_estimate: str | None
    warnings: list[str]
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def same(self) -> bool:
        """True when duplicates are looked for inside one file."""
        return len(self.files) == 1

    def pairs_of_files(self) -> list[tuple[int, int]]:
        """Return which files are compared with which."""
        return [(0, 0)] if self.same else list(combinations(range(len(self.files)), 2))


@contextmanager
def timed(timings: dict[str, float], name: str) -> Iterator[None]:
    """Add the seconds that the block takes to ``timings[name]``."""
    start = time.perf_counter()
    yield
    timings[name] = round(timings.get(name, 0.0) + time.perf_counter() - start, 4)


def plan_match(
    files: Sequence[EncodedFile],
    options: MatchOptions | None = None,
    *,
    progress: Callable[[str, float], None] | None = None,
) -> Plan:
    """Check the files, choose the threshold and estimate pairs, time and memory."""
    options = options or MatchOptions()
    step = progress or (lambda stage, share: None)
    check_comparable(files)
    for file in files:
        if len(file) == 0:
            raise DataError(f"{file.source} holds no records", hint="Check the party's export.")
    rule = files[0].agreement.matching
    blocking_name = options.blocking or rule.blocking
    assign = _assign_rule(options.assign, rule.assign, len(files))
    asked: float | str = rule.threshold
    if options.threshold is not None:
        asked = options.threshold if options.threshold == "auto" else float(options.threshold)
    timings: dict[str, float] = {}
    sides = [Side.of(file) for file in files]
    household = household_dice(files[0].agreement)
    with timed(timings, "threshold"):
        estimate = _estimate(
            sides, household, options.sample, partial(step, "finding the threshold")
        )
    threshold = float(asked) if not isinstance(asked, str) else estimate.value
    floor = _floor(estimate, threshold)
    with timed(timings, "plan"):
        blocking = make_blocking(
            blocking_name, list(files), sides, threshold=threshold, estimate=estimate
        )
        same = len(files) == 1
        compared = [(0, 0)] if same else list(combinations(range(len(files)), 2))
        possible = sum(possible_pairs(sides[i], sides[j], same=same) for i, j in compared)
        expected = sum(blocking.expect(sides[i], sides[j], same=same) for i, j in compared)
        over = min(expected, int(estimate.pairs[_grid(floor)]))
        if over > PAIRS_LIMIT:
            raise DataError(
                f"at the threshold {threshold:.2f} about {over:,} pairs would have to be held in memory",
                hint="Raise the threshold, or use --threshold auto.",
            )
        rate = _measure_rate(sides)
    return Plan(
        files=files,
        sides=sides,
        blocking_name=blocking_name,
        blocking=blocking,
        assign=assign,
        threshold=threshold,
        method="auto" if isinstance(asked, str) else "given",
        asked=asked,
        floor=floor,
        estimate=estimate,
        pairs_possible=possible,
        pairs_expected=expected,
        # A gathered pair costs several times what one in a full scan does.
        seconds=expected / rate * (1 if blocking_name == "exhaustive" else 8),
        memory=sum(side.words.nbytes + side.keys.nbytes for side in sides) + _PAIR_BYTES * over,
        household=household,
        no_estimate=_no_estimate(estimate, assign, files),
        warnings=_warnings(estimate, threshold, auto=isinstance(asked, str), files=files),
        timings=timings,
    )


def _assign_rule(asked: str | None, agreed: str, files: int) -> str:
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
            hint="With three or more files use --assign one-to-one or many-to-many.",
        )
    return rule


def _estimate(
    sides: Sequence[Side], household: float, sample: int, progress: Callable[[float], None]
) -> ThresholdEstimate:
    if len(sides) == 1:
        # The household score is a mean; relatives scatter about it, and one file has nothing else to tell them by.
        return estimate_within(
            sides[0].words,
            relatives=household + _DUPLICATE_MARGIN,
            sample=sample,
            progress=progress,
        )
    return estimate_across([side.words for side in sides], sample=sample, progress=progress)


def _repeated(estimate: ThresholdEstimate, files: Sequence[EncodedFile]) -> list[str]:
    """Return the parties whose files seem to hold people several times."""
    shares = zip(files, estimate.repeats, strict=False)
    return [file.party for file, share in shares if share > _REPEATS]


def _no_estimate(
    estimate: ThresholdEstimate, assign: str, files: Sequence[EncodedFile]
) -> str | None:
    if len(files) == 1:
        return "one file alone can't show how alike different people look"
    if estimate.tiny:
        return "the files are too small"
    if estimate.few:
        return "no more matches are in sight than chance makes"
    if _repeated(estimate, files):
        return "a file seems to hold people several times"
    if assign == "one-to-many":
        return "there is none for one-to-many"
    return None


def _grid(threshold: float) -> int:
    return min(int(threshold * 1000), 999)


def _floor(estimate: ThresholdEstimate, threshold: float) -> float:
    """Return the lowest score worth keeping: at most ``NEAR`` below, and not where chance pairs crowd in."""
    start, stop = _grid(max(threshold - NEAR, 0.001)), _grid(threshold)
    crowded = np.flatnonzero(~estimate.usable[start:stop])
    floor = (start + crowded[-1] + 1) / 1000 if len(crowded) else start / 1000
    return min(max(floor, 0.001), threshold)


def _measure_rate(sides: Sequence[Side]) -> float:
    """Return comparisons a second, measured on a corner of the real data."""
    a, b = sides[0].words[:2000], sides[-1].words[:2000]
    dice_scan(a[:2], b[:2], threshold=0.99)  # compile or load the kernel outside the clock
    start = time.perf_counter()
    dice_scan(a, b, threshold=0.99)
    return len(a) * len(b) / max(time.perf_counter() - start, 1e-6)


def _warnings(
    estimate: ThresholdEstimate,
    threshold: float,
    *,
    auto: bool,
    files: Sequence[EncodedFile],
) -> list[str]:
    if len(files) == 1:
        return [
            "one file alone can't show how alike different people look: relatives, twins, and fathers and sons of one "
            "name may be among the duplicates; have a sample of them reviewed"
        ]
    repeated = _repeated(estimate, files)
    if repeated:
        return [
            f"{' and '.join(repeated)}: the file seems to hold people several times, which the automatic threshold "
            "takes for chance; find its duplicates first (`pprl match` with that file alone) or give --threshold"
        ]
    found = []
    if auto and estimate.tiny:
        found.append(
            f"the files are too small to show what chance does; the automatic threshold is the customary {threshold}"
        )
    elif auto and estimate.few:
        found.append(
            "no more matches are in sight than chance makes; the automatic threshold is set so high that chance "
            "alone gives almost no link"
        )
    for (left, right), part in zip(combinations(files, 2), estimate.parts, strict=False):
        if part.few and not estimate.few:
            found.append(
                f"{left.party} and {right.party}: no more matches are in sight than chance makes; "
                "links between the two may all be wrong"
            )
    links, false = estimate.at(threshold)
    if not estimate.usable[_grid(threshold)]:
        found.append(
            "at this threshold chance gives many records a partner; most links there would be wrong"
        )
    elif links >= 1 and false / links > 0.2:
        found.append(
            f"about {false / links:.0%} of the links are expected to be wrong at this threshold"
        )
    return found
