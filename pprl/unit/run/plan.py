"""What a match will do, known before its long part: the threshold, the pairs, the time and the memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from pprl.base.arrays import Int64s
from pprl.base.errors import DataError
from pprl.base.progress import Progress, of_stage, silent
from pprl.exchange.agreement.defaults import AssignmentRule
from pprl.exchange.encoded.file import EncodedFile
from pprl.exchange.links.folder import Links
from pprl.exchange.links.run_counts import KeylessRecords
from pprl.exchange.links.run_entries import BlockingMethod, LshParameters, ThresholdBasis
from pprl.unit.blocking.engine import Engine
from pprl.unit.linking.earlier import check_earlier, earlier_ids
from pprl.unit.run.memory import Memory
from pprl.unit.run.options import MatchOptions, Settled, settle
from pprl.unit.run.preflight import check_comparable
from pprl.unit.run.stages import Stages
from pprl.unit.run.warnings import (
    Outlook,
    few,
    keyless_warnings,
    lsh_warnings,
    no_estimate,
    warnings_before,
)
from pprl.unit.weighing.model import Cost, PairModel, PlannedScan, Threshold, TwoFiles
from pprl.unit.weighing.prior import log_prior_odds
from pprl.unit.weighing.profiles import fit_model

__all__ = ["MatchPlan", "plan_match"]


@dataclass(frozen=True, kw_only=True, eq=False)
class MatchPlan:
    """What a run will do, known before its long part; made by :func:`plan_match`.

    Attributes:
        files: the encoded files.
        settled: what was asked for.
        model: what was learnt from the files.
        scans: a scan for each blocking pass in turn; mostly one.
        threshold: the threshold in use.
        basis: what it rests on: ``estimated``, ``cautious``, ``customary`` or ``given``.
        prior: for each pair of files, the natural logarithm of the prior odds of a pair without rivals.
        floors: for each pair of files, the least log ratio of the pairs that are kept.
        pairs_possible: number of pairs without blocking.
        pairs_expected: number of pairs that will be compared.
        seconds: expected time of the comparison; of this machine, where an engine compares instead.
        memory: expected bytes, memory-mapped encodings left out.
        most_pairs: how many pairs may be kept until the memory is full.
        no_estimate: why no estimate of quality can be given; None where there is one.
        keyless: for each file, its records without a blocking key; None where no pass needs keys.
        earlier: links of an earlier run that stay; see :mod:`pprl.unit.linking.earlier`.
        link_ids: ``int64[records]`` over all files: each one's link id in the earlier run, -1 where it had none;
            None without such a run.
        engine: what compares instead of this machine; None if nothing does.
        warnings: what the operator should know.
        stages: takes the time.
    """

    files: Sequence[EncodedFile]
    settled: Settled
    model: PairModel
    scans: tuple[PlannedScan, ...]
    threshold: Threshold
    basis: ThresholdBasis
    prior: Mapping[TwoFiles, float]
    floors: Mapping[TwoFiles, float]
    pairs_possible: int
    pairs_expected: int
    seconds: float
    memory: int
    most_pairs: int
    no_estimate: str | None
    keyless: tuple[KeylessRecords, ...] | None
    earlier: Links | None
    link_ids: Int64s | None
    engine: Engine | None
    warnings: tuple[str, ...]
    stages: Stages

    @property
    def assign(self) -> AssignmentRule:
        """How many partners a record may have."""
        return self.settled.assign

    @property
    def passes(self) -> tuple[BlockingMethod, ...]:
        """Blocking methods in turn."""
        return self.settled.passes

    @property
    def blocking(self) -> list[LshParameters | None]:
        """Parameters of each pass, for ``run.json``; None for a pass that has none."""
        return [scan.describe() for scan in self.scans]

    @property
    def method(self) -> Literal["auto", "given"]:
        """Where the threshold came from."""
        return "given" if self.threshold.given else "auto"

    @property
    def seeks_copies(self) -> bool:
        """Whether records of one file that want one partner are looked at as copies of one person."""
        return not self.same and self.assign in ("people", "one-to-one")

    @property
    def same(self) -> bool:
        """True when duplicates are looked for inside one file."""
        return len(self.files) == 1

    def pairs_of_files(self) -> list[TwoFiles]:
        """Return which files are compared with which: not those that an earlier run compared."""
        return _pairs_of_files(self.files, self.earlier)


def plan_match(
    files: Sequence[EncodedFile],
    options: MatchOptions | None = None,
    *,
    earlier: Links | None = None,
    engine: Engine | None = None,
    frames: bool = False,
    stages: Stages | None = None,
    progress: Progress | None = None,
) -> MatchPlan:
    """Check the files, learn from them, choose the threshold and estimate pairs, time and memory.

    Args:
        files: encoded files of one agreement and key.
        options: what the operator chooses; the agreement's own matching rule by default.
        earlier: links of an earlier run of some of the files, which stay as they are.
        engine: what compares instead of this machine.
        frames: whether the links will become DataFrames, which take more memory than the tables of :func:`run_match`.
        stages: takes the time; one that has begun with the reading, for example.
        progress: called with a stage's name and the share done.

    Raises:
        MismatchError: the files can't be compared.
        UsageError: the options contradict each other or the files.
        DataError: an empty file, or the memory is too small.
        LinksError: the earlier links hold a record that is in none of the files, or one twice.

    Example:
        >>> plan = pprl.plan_match([a.encoded, b.encoded])
        >>> plan.pairs_possible == len(a.encoded) * len(b.encoded)
        True
    """
    stages = stages or Stages()
    # 1. May these files be compared, and what was asked for?
    _check_files(files)
    link_ids = None
    if earlier is not None:
        check_earlier(earlier, files)
        link_ids = earlier_ids(earlier, files)
    settled = settle(options or MatchOptions(), files)
    if engine is not None:
        engine.check(profile=files[0].agreement.profile, passes=settled.passes)
    # 2. What does agreement say, and how frequent are matches?
    with stages("threshold"):
        model = fit_model(
            files,
            sample=settled.sample,
            progress=of_stage(progress or silent, "learning from the files"),
        )
    prior = {
        pair: log_prior_odds(expected.number, _sizes(files, *pair), settled.assign)
        for pair, expected in model.matches.items()
    }
    # 3. From which score on does a pair count, and which ones are kept?
    threshold = Threshold(
        value=model.even_score(prior) if isinstance(settled.asked, str) else settled.asked,
        given=settled.given,
    )
    floors = model.floors(prior, threshold)
    # 4. What will each blocking pass compare, and what does it cost?
    pairs = _pairs_of_files(files, earlier)
    with stages("plan"):
        scans = tuple(
            model.plan(
                name,
                floors={pair: floors[pair] for pair in pairs},
                threshold=threshold,
                completeness=settled.completeness,
                engine=engine,
            )
            for name in settled.passes
        )
        costs = [[scan.cost(a, b) for a, b in pairs] for scan in scans]
    memory = Memory.of(files, pairs, parts=model.parts, frames=frames, earlier=earlier)
    needed = _needed(memory, costs, settled, threshold)
    possible = sum(_possible(files, a, b) for a, b in pairs)
    # 5. What should the operator know?
    outlook = Outlook(
        files=files, model=model, settled=settled, basis=_basis(files, model), prior=prior
    )
    keyless = _keyless(files, scans)
    return MatchPlan(
        files=files,
        settled=settled,
        model=model,
        scans=scans,
        threshold=threshold,
        basis="given" if threshold.given else outlook.basis,
        prior=prior,
        floors=floors,
        pairs_possible=possible,
        pairs_expected=min(sum(cost.pairs for row in costs for cost in row), possible * len(scans)),
        seconds=sum(cost.seconds for row in costs for cost in row),
        memory=needed,
        most_pairs=memory.most_pairs(settled.memory_limit),
        no_estimate=no_estimate(outlook),
        keyless=keyless,
        earlier=earlier,
        link_ids=link_ids,
        engine=engine,
        warnings=(
            *warnings_before(outlook),
            *lsh_warnings([scan.describe() for scan in scans]),
            *keyless_warnings(keyless or (), files, several=len(scans) > 1),
        ),
        stages=stages,
    )


def _check_files(files: Sequence[EncodedFile]) -> None:
    check_comparable(files)
    for file in files:
        if len(file) == 0:
            raise DataError(f"{file.source} holds no records", hint="Check the party's export.")


def _pairs_of_files(files: Sequence[EncodedFile], earlier: Links | None) -> list[TwoFiles]:
    if len(files) == 1:
        return [(0, 0)]
    known = set(earlier.parties) if earlier is not None else set()
    return [
        (i, j)
        for i, j in combinations(range(len(files)), 2)
        if not {files[i].party, files[j].party} <= known
    ]


def _keyless(
    files: Sequence[EncodedFile], scans: Sequence[PlannedScan]
) -> tuple[KeylessRecords, ...] | None:
    """Return each file's records without a blocking key; where there is another pass, it compares them."""
    for scan in scans:
        found = scan.keyless()
        if found is not None:
            compared = found.compared or len(scans) > 1
            return tuple(
                KeylessRecords(party=file.party, records=records, compared=compared)
                for file, records in zip(files, found.records, strict=True)
            )
    return None


def _basis(
    files: Sequence[EncodedFile], model: PairModel
) -> Literal["estimated", "cautious", "customary"]:
    """Return what an automatic threshold rests on."""
    if model.basis == "customary":
        return "customary"
    hardly = sum(expected.number for expected in model.matches.values()) < few(files)
    return "cautious" if hardly else "estimated"


def _needed(
    memory: Memory, costs: Sequence[Sequence[Cost]], settled: Settled, threshold: Threshold
) -> int:
    """Return the bytes that the run will need.

    Raises:
        DataError: they are more than it may use.
    """
    kept = max(sum(cost.kept for cost in row) for row in costs)
    needed = memory.needed(kept)
    if needed > settled.memory_limit:
        raise DataError(
            f"the run needs about {_mib(needed)} MiB of memory and is limited to {_mib(settled.memory_limit)}: at the "
            f"threshold {threshold.value:.2f} about {kept:,} pairs would be kept",
            hint="Allow more memory (--memory), or raise the threshold (--threshold auto finds one).",
        )
    return needed


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f}"


def _sizes(files: Sequence[EncodedFile], a: int, b: int) -> tuple[float, float]:
    """Return how many records meet how many: in one file each pair counts once."""
    return (len(files[a]), (len(files[a]) - 1) / 2 if a == b else len(files[b]))


def _possible(files: Sequence[EncodedFile], a: int, b: int) -> int:
    return len(files[a]) * (len(files[a]) - 1) // 2 if a == b else len(files[a]) * len(files[b])
