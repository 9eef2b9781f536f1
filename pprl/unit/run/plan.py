"""What a match will do, known before its long part: the threshold, the pairs, the time and the memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from numbers import Real
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pprl.base.errors import DataError, UsageError
from pprl.base.mapped import is_mapped
from pprl.base.resources import total_memory
from pprl.exchange.encoded.file import EncodedFile
from pprl.exchange.links.folder import Links
from pprl.unit.blocking.engine import Engine
from pprl.unit.blocking.methods import Blocking
from pprl.unit.blocking.sampling import SAMPLE
from pprl.unit.linking.earlier import check_earlier, earlier_ids
from pprl.unit.linking.rivals import Rule, log_activity
from pprl.unit.run.preflight import check_comparable
from pprl.unit.run.stages import Stages
from pprl.unit.run.warnings_before import doubts, few, lsh_doubts, no_estimate
from pprl.unit.weighing.comparison import Comparison
from pprl.unit.weighing.fields.comparison import fit_fields_comparison
from pprl.unit.weighing.record.comparison import KEPT_BELOW, RecordComparison, fit_record

__all__ = ["EVEN", "NEAR", "RECALL", "MatchOptions", "Plan", "plan_match"]

BLOCKING = ("exhaustive", "lsh", "keys")
ASSIGN = ("one-to-one", "one-to-many", "many-to-many")

RECALL = 0.99
"""Pairs completeness that an LSH is planned for unless another is asked for."""

_PAIR_BYTES = 200
"""Memory of a kept pair while links are made of them, measured."""

_RECORD_BYTES = 120
"""Memory of a record while it is compared (folded filter, place in order, bucket), measured."""

_BASE_BYTES = 400 << 20
"""Memory of the program itself with its compiled kernels, measured."""

NEAR = 4.0
"""How far below even odds, as natural logarithm, pairs are kept for the statistician."""

EVEN = 0.5
"""Probability from which a pair is accepted unless a threshold is given."""


@dataclass(frozen=True, kw_only=True)
class MatchOptions:
    """What the unit's operator may choose; ``None`` takes what the agreement says.

    Attributes:
        threshold: above 0 and at most 1, or ``"auto"``: a similarity in the profile ``record``, a match probability in
            ``fields``.
        blocking: ``exhaustive``, ``lsh`` or ``keys``; or several in turn, separated by commas (``keys,exhaustive``):
            records that a pass has linked are not compared in the next.
        assign: ``one-to-one``, ``one-to-many`` (a record of the second file has one partner, one of the first may have
            many) or ``many-to-many``.
        sample: records a file that are looked at to learn from.
        recall: for ``lsh``, the share of the matches over the floor that is to be compared; 0.99 by default.
        memory: bytes that the run may use; half of the machine's by default. Memory-mapped encodings are not counted:
            the system takes their pages back when it needs them.
    """

    threshold: float | Literal["auto"] | None = None
    blocking: str | None = None
    assign: Literal["one-to-one", "one-to-many", "many-to-many"] | None = None
    sample: int = SAMPLE
    recall: float | None = None
    memory: int | None = None

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
        if self.recall is not None and not 0 < self.recall < 1:
            raise UsageError(
                "the recall must be a share above 0 and below 1",
                hint="For example --recall 0.99; every pair is compared with --blocking exhaustive.",
            )
        if self.memory is not None and self.memory < 1:
            raise UsageError("the memory must be at least 1 byte")


def _is_threshold(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return 0 < float(value) <= 1


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """What a run will do, known before its long part.

    Attributes:
        files: the encoded files.
        comparison: what was learnt from them.
        passes: blocking methods in turn; mostly one.
        blockings: what each pass compares.
        assign: how many partners a record may have.
        threshold: score from which a pair counts: a similarity (``record``) or a match probability (``fields``).
        method: where it came from: ``auto`` or ``given``.
        asked: what was asked for.
        basis: what it rests on: ``estimated``, ``cautious``, ``customary`` or ``given``.
        matches: for each pair of files, the expected number of matches, the least and the most.
        activity: for each pair of files, :func:`pprl.unit.linking.rivals.log_activity`.
        floor: for each pair of files, the least match weight of the pairs that are kept.
        pairs_possible: number of pairs without blocking.
        pairs_expected: number of pairs that will be compared.
        seconds: expected time of the comparison.
        memory: expected bytes, memory-mapped encodings left out.
        memory_limit: bytes that the run may use.
        recall: share of the matches that an LSH is planned to compare.
        no_estimate: why no estimate of quality can be given; None where there is one.
        earlier: links of an earlier run that stay; see :mod:`pprl.unit.linking.earlier`.
        link_ids: ``int64[records]`` over all files: each one's link id in the earlier run, -1 where it had none;
            None without such a run.
        engine: what compares instead of this machine; None if nothing does.
        warnings: what the operator should know.
    """

    files: Sequence[EncodedFile]
    comparison: Comparison
    passes: tuple[str, ...]
    blockings: tuple[Blocking, ...]
    assign: Rule
    threshold: float
    method: Literal["auto", "given"]
    asked: float | str
    basis: str
    matches: dict[tuple[int, int], tuple[float, float, float]]
    activity: dict[tuple[int, int], float]
    floor: dict[tuple[int, int], float]
    pairs_possible: int
    pairs_expected: int
    seconds: float
    memory: int
    memory_limit: int
    recall: float
    no_estimate: str | None
    earlier: Links | None
    warnings: list[str]
    stages: Stages
    engine: Engine | None = None
    link_ids: npt.NDArray[np.int64] | None = None

    @property
    def most_pairs(self) -> int:
        """How many pairs may be kept until the memory is full."""
        held = _memory(self.files, self.pairs_of_files(), 0)
        return max(self.memory_limit - held, 0) // _PAIR_BYTES

    @property
    def blocking(self) -> list[dict[str, Any]]:
        """Parameters of each pass, for ``run.json``."""
        return [blocking.describe() for blocking in self.blockings]

    @property
    def same(self) -> bool:
        """True when duplicates are looked for inside one file."""
        return len(self.files) == 1

    @property
    def profile(self) -> str:
        """The agreement's profile."""
        return self.files[0].agreement.profile

    def pairs_of_files(self) -> list[tuple[int, int]]:
        """Return which files are compared with which: not those that an earlier run compared."""
        return _pairs(self.files, self.earlier)


def _pairs(files: Sequence[EncodedFile], earlier: Links | None) -> list[tuple[int, int]]:
    if len(files) == 1:
        return [(0, 0)]
    known = set(earlier.parties) if earlier is not None else set()
    return [
        (i, j)
        for i, j in combinations(range(len(files)), 2)
        if not {files[i].party, files[j].party} <= known
    ]


def plan_match(
    files: Sequence[EncodedFile],
    options: MatchOptions | None = None,
    *,
    earlier: Links | None = None,
    engine: Engine | None = None,
    stages: Stages | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Plan:
    """Check the files, learn from them, choose the threshold and estimate pairs, time and memory.

    Args:
        files: encoded files of one agreement and key.
        options: what the operator chooses.
        earlier: links of an earlier run of some of the files, which stay as they are.
        engine: what compares instead of this machine.
        stages: takes the time; one that has begun with the reading, for example.
        progress: called with a stage's name and the share done.

    Raises:
        MismatchError: the files can't be compared.
        UsageError: the options contradict each other or the files.
        DataError: an empty file, or the memory is too small.
        LinksError: the earlier links hold a record that is in none of the files, or one twice.
    """
    options = options or MatchOptions()
    step = progress or (lambda stage, share: None)
    stages = stages or Stages()
    check_comparable(files)
    for file in files:
        if len(file) == 0:
            raise DataError(f"{file.source} holds no records", hint="Check the party's export.")
    link_ids = None
    if earlier is not None:
        check_earlier(earlier, files)
        link_ids = earlier_ids(earlier, files)
    rule = files[0].agreement.matching
    assign = _assign_rule(options.assign, rule.assign, len(files))
    passes = _passes(options.blocking or rule.blocking, assign, len(files))
    if engine is not None:
        engine.check(profile=files[0].agreement.profile, passes=passes)
    asked: float | str = rule.threshold
    if options.threshold is not None:
        asked = options.threshold if options.threshold == "auto" else float(options.threshold)
    recall = _recall(options, passes)
    fit = fit_fields_comparison if files[0].agreement.profile == "fields" else fit_record
    with stages("threshold"):
        comparison: Comparison = fit(
            files, sample=options.sample, progress=partial(step, "learning from the files")
        )
    if engine is not None:
        assert isinstance(comparison, RecordComparison)  # as the engine has checked
        comparison.delegate(engine)
    matches = dict(comparison.matches)
    activity = {
        (a, b): log_activity(n[0], _sizes(files, a, b), assign) for (a, b), n in matches.items()
    }
    threshold = EVEN if files[0].agreement.profile == "fields" else _score_at(comparison, activity)
    if not isinstance(asked, str):
        threshold = float(asked)
    given = None if isinstance(asked, str) else threshold
    if given is not None and isinstance(comparison, RecordComparison):
        comparison.keep_from(given)
    floor = _floors(comparison, activity, given, files)
    pairs = _pairs(files, earlier)
    possible = sum(_possible(files, a, b) for a, b in pairs)
    with stages("plan"):
        looked = {pair: floor[pair] for pair in pairs}
        blockings = tuple(
            comparison.plan_blocking(name, floors=looked, recall=recall) for name in passes
        )
        works = [
            [comparison.work(a, b, blocking=blocking, floor=floor[a, b]) for a, b in pairs]
            for blocking in blockings
        ]
        kept = max(sum(work.kept for work in row) for row in works)
    limit = options.memory or total_memory() // 2
    memory = _memory(files, pairs, kept)
    if memory > limit:
        raise DataError(
            f"the run needs about {_mib(memory)} MiB of memory and may use {_mib(limit)}: at the threshold "
            f"{threshold:.2f} about {kept:,} pairs would be kept",
            hint="Give it more (--memory), or raise the threshold (--threshold auto finds one).",
        )
    hardly = sum(n[0] for n in matches.values()) < few(files)
    basis = (
        comparison.basis
        if comparison.basis == "customary"
        else "cautious"
        if hardly
        else "estimated"
    )
    return Plan(
        files=files,
        comparison=comparison,
        passes=passes,
        blockings=blockings,
        assign=assign,
        threshold=threshold,
        method="auto" if isinstance(asked, str) else "given",
        asked=asked,
        basis=basis if isinstance(asked, str) else "given",
        matches=matches,
        activity=activity,
        floor=floor,
        pairs_possible=possible,
        pairs_expected=min(
            sum(work.pairs for row in works for work in row), possible * len(passes)
        ),
        seconds=sum(work.seconds for row in works for work in row),
        memory=memory,
        memory_limit=limit,
        recall=recall,
        no_estimate=no_estimate(comparison, assign, files),
        earlier=earlier,
        link_ids=link_ids,
        engine=engine,
        warnings=[
            *doubts(comparison, basis, matches, auto=isinstance(asked, str), files=files),
            *lsh_doubts([blocking.describe() for blocking in blockings]),
        ],
        stages=stages,
    )


def _sizes(files: Sequence[EncodedFile], a: int, b: int) -> tuple[float, float]:
    """Return how many records meet how many: in one file each pair counts once."""
    return (len(files[a]), (len(files[a]) - 1) / 2 if a == b else len(files[b]))


def _possible(files: Sequence[EncodedFile], a: int, b: int) -> int:
    return len(files[a]) * (len(files[a]) - 1) // 2 if a == b else len(files[a]) * len(files[b])


def _passes(asked: str, assign: str, files: int) -> tuple[str, ...]:
    passes = tuple(asked.split(","))
    if len(passes) > 1 and (assign != "one-to-one" or files != 2):
        raise UsageError(
            "blocking passes in turn need two files and the rule one-to-one",
            hint="A record that an earlier pass linked is not compared again, so it may have one partner only.",
        )
    return passes


def _recall(options: MatchOptions, passes: tuple[str, ...]) -> float:
    if options.recall is not None and "lsh" not in passes:
        raise UsageError(
            f"a recall was asked for, but the blocking is {', then '.join(passes)}",
            hint="Only lsh leaves pairs out to a stated share: add --blocking lsh.",
        )
    return options.recall or RECALL


def _memory(files: Sequence[EncodedFile], pairs: Sequence[tuple[int, int]], kept: int) -> int:
    """Return the bytes that a run will need, memory-mapped encodings left out."""
    held = sum(
        array.nbytes
        for file in files
        for array in (file.pseudonyms, file.filters, file.keys)
        if not is_mapped(array)
    )
    together = max(len(files[a]) + (len(files[b]) if a != b else 0) for a, b in pairs)
    width = files[0].filters.shape[1]
    if width % 8:  # such filters are padded to whole words, in memory
        held += sum(len(file) * -(-width // 8) * 8 for file in files)
    each = _RECORD_BYTES + width
    return _BASE_BYTES + held + each * together + _PAIR_BYTES * kept


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f}"


def _assign_rule(asked: str | None, agreed: str, files: int) -> Rule:
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
    return rule  # type: ignore[return-value]  # the options and the agreement hold nothing else


def _score_at(comparison: Comparison, activity: dict[tuple[int, int], float]) -> float:
    """Return the score that is even odds for a pair without rivals: the lowest over the pairs of files."""
    return min(1.0, *(comparison.score_at(*pair, -odds) for pair, odds in activity.items()))


def _floors(
    comparison: Comparison,
    activity: dict[tuple[int, int], float],
    given: float | None,
    files: Sequence[EncodedFile],
) -> dict[tuple[int, int], float]:
    """Return the least weights worth keeping: near even odds, and at least down to a given threshold."""
    made = {pair: -odds - NEAR for pair, odds in activity.items()}
    if given is None:
        return made
    if files[0].agreement.profile == "fields":
        return {
            pair: min(least, comparison.weight_at(given) - activity[pair])
            for pair, least in made.items()
        }
    return {pair: comparison.weight_at(max(given - KEPT_BELOW, 0.001)) for pair in made}
