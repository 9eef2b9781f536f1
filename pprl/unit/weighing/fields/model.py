"""The model of the profile ``fields``: levels of agreement, weighed by what the mixture has learnt."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import numpy as np

from pprl.base.arrays import Floats, Int64s
from pprl.base.errors import UsageError
from pprl.base.progress import ShareDone
from pprl.exchange.encoded.file import EncodedFile
from pprl.exchange.links.run_entries import BestScores, BlockingMethod, LshParameters
from pprl.unit.blocking.choose import make_blocking
from pprl.unit.blocking.engine import Engine
from pprl.unit.blocking.keyless import Keyless
from pprl.unit.blocking.methods import (
    Blocking,
    PackedFile,
    ScanProgress,
    possible_pairs,
    scan_steps,
)
from pprl.unit.journal import Journal
from pprl.unit.weighing.fields.agreeing import agreeing_matches
from pprl.unit.weighing.fields.learnt import LearntFields, fit_fields
from pprl.unit.weighing.fields.levels import EXACT
from pprl.unit.weighing.fields.part_rows import PartRows
from pprl.unit.weighing.fields.scan import SLACK, FieldsScan, scan_rows
from pprl.unit.weighing.model import (
    EVEN,
    NEAR,
    NEAR_PROBABILITY,
    Cost,
    ExpectedMatches,
    Found,
    ModelError,
    RowsOfFile,
    Threshold,
    TwoFiles,
)

__all__ = ["FieldsModel", "FieldsPlannedScan", "fit_fields_model"]

_PROBE = 200
"""Records whose pairs show how long a scan takes. Chosen; only the time announced beforehand depends on it."""

_GATHERED = 20.0
"""How many times as much a pair costs in a block as in a full scan. Chosen from timings of both; only the time
announced beforehand depends on it."""

_ERROR = ModelError(precision=0.6, recall=0.6, doubt=0.8, unseen=0.0)
"""Chosen by ``benchmarks/intervals.py --choose`` and tested on other populations."""

_SMALLEST_GAIN = 1e-9
"""What a pair at the very threshold counts in the linking: above 0, and less than any difference of log-odds. Chosen;
not sensitive."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldsModel:
    """See :class:`pprl.unit.weighing.model.PairModel`; made by :func:`fit_fields_model`.

    Attributes:
        files: the encoded files.
        tables: the same as a blocking sees them.
        learnt: the weights.
    """

    files: Sequence[EncodedFile]
    tables: Sequence[PackedFile]
    learnt: LearntFields

    score_name: ClassVar[str] = "match probability"
    error: ClassVar[ModelError] = _ERROR
    household_similarity: ClassVar[None] = None

    @property
    def parts(self) -> int:
        """One a field."""
        return len(self.learnt.fields)

    @property
    def matches(self) -> Mapping[TwoFiles, ExpectedMatches]:
        """As the mixture sees them; it gives no bounds of its own."""
        return {pair: ExpectedMatches(n, n, n) for pair, n in self.learnt.matches.items()}

    @property
    def basis(self) -> Literal["estimated", "customary"]:
        """``customary`` for tiny files."""
        return "customary" if self.learnt.tiny else "estimated"

    @property
    def repeats(self) -> tuple[float, ...]:
        """Share of records with a second record of the same person in their file."""
        return self.learnt.repeats

    @property
    def converged(self) -> bool:
        """Whether the EM did."""
        return self.learnt.converged

    def empty_fields(self) -> list[str]:
        """Fields whose filters are all empty in some file."""
        return [
            field.name
            for number, field in enumerate(self.files[0].agreement.field)
            if any(not file.field_words()[:, number].any() for file in self.files)
        ]

    def sparse(self, file: int, log_ratio: float) -> int:
        """None: each field that is missing adds nothing."""
        return 0

    def copies(self, file: int, one: Int64s, other: Int64s) -> Floats:
        """By the classes inside the files."""
        return self.learnt.copies(file, one, other)

    def even_score(self, prior: Mapping[TwoFiles, float]) -> float:
        """A probability of one half."""
        return EVEN

    def floors(
        self, prior: Mapping[TwoFiles, float], threshold: Threshold
    ) -> Mapping[TwoFiles, float]:
        """Near even odds, and down to a given threshold where that is lower."""
        near = {pair: -odds - NEAR for pair, odds in prior.items()}
        if not threshold.given:
            return near
        limit = _log_odds(threshold.value)
        return {pair: min(floor, limit - prior[pair]) for pair, floor in near.items()}

    def plan(
        self,
        blocking: BlockingMethod,
        *,
        floors: Mapping[TwoFiles, float],
        threshold: Threshold,
        completeness: float,
        engine: Engine | None,
    ) -> FieldsPlannedScan:
        """Plan the blocking."""
        if engine is not None:
            raise UsageError(f"the engine {engine.name} does not serve the profile fields")
        method = make_blocking(
            blocking,
            self.files,
            self.tables,
            completeness=completeness,
            agreeing=lambda: agreeing_matches(self.files, self.tables, self.learnt, list(floors)),
        )
        return FieldsPlannedScan(
            model=self, method=blocking, blocking=method, floors=MappingProxyType(dict(floors))
        )

    def scores(self, similarity: Floats, probability: Floats) -> Floats:
        """The probabilities."""
        return probability

    def evidence(self, score: Floats, log_odds: Floats, threshold: Threshold) -> Floats:
        """The log-odds beyond those of the threshold."""
        gain = log_odds - _log_odds(threshold.value)
        return np.where(
            score >= threshold.value,
            np.maximum(gain, _SMALLEST_GAIN),
            np.minimum(gain, -_SMALLEST_GAIN),
        )

    def lowest_score(self, floors: Mapping[TwoFiles, float], threshold: Threshold) -> float:
        """The probability near even odds."""
        return min(round(NEAR_PROBABILITY, 4), threshold.value)

    def least_probability(self, threshold: Threshold) -> float:
        """The same with any threshold: far more pairs than anybody could look at are kept below."""
        return NEAR_PROBABILITY

    def part_rows(self, left: Int64s, right: Int64s, offsets: Int64s) -> PartRows:
        """What each field adds."""
        return PartRows(learnt=self.learnt, left=left, right=right, offsets=offsets)

    def describe(self) -> dict[str, Any]:
        """The classes, their shares and m- and u-probabilities."""
        classes, learnt = self.learnt.classes, self.learnt
        listed = []
        for number, name in enumerate(classes.names):
            agree = {}
            for field, at in zip(learnt.fields, classes.use[number], strict=True):
                value = classes.parameters[at].value
                agree[field.name] = {
                    "exact": round(float(value[EXACT:].sum()), 6),
                    "similar": round(float(value[2:EXACT].sum()), 6),
                }
            count = sum(
                share[number] * possible_pairs(self.tables[a], self.tables[b], same=a == b)
                for (a, b), share in learnt.shares.items()
            )
            listed.append(
                {
                    "class": name,
                    "match": bool(classes.match[number]),
                    "pairs": round(float(count), 1),
                    "agree": agree,
                }
            )
        return {"classes": listed, "iterations": learnt.iterations, "converged": learnt.converged}

    def histogram(self) -> BestScores | None:
        """None: probabilities crowd at both ends."""
        return None


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldsPlannedScan:
    """See :class:`pprl.unit.weighing.model.PlannedScan`.

    Attributes:
        model: what was learnt.
        method: the blocking method's name.
        blocking: chooses the pairs that are compared.
        floors: for each pair of files, the least log ratio that is kept.
    """

    model: FieldsModel
    method: BlockingMethod
    blocking: Blocking
    floors: Mapping[TwoFiles, float]

    def describe(self) -> LshParameters | None:
        """As the blocking does."""
        return self.blocking.describe()

    def keyless(self) -> Keyless | None:
        """As the blocking does."""
        return self.blocking.keyless()

    def cost(self, a: int, b: int) -> Cost:
        """Pairs, kept pairs and seconds, from a scan of some records."""
        same, tables = a == b, self.model.tables
        pairs = self.blocking.expect(tables[a], tables[b], same=same)
        rows = np.arange(min(len(tables[a]), _PROBE))
        scan = partial(scan_rows, self.model.learnt, (a, b), floor=self._least(a, b))
        scan(rows=(rows[:1], None))  # compiles or loads the kernels, outside the clock
        start = time.perf_counter()
        scan(rows=(rows[:1], None))  # a single row shows the cost of laying out the others
        first = time.perf_counter() - start
        found = scan(rows=(rows, None))
        each = max(time.perf_counter() - start - 2 * first, 0.0) / max(len(rows) - 1, 1)
        possible = possible_pairs(tables[a], tables[b], same=same)
        times = len(tables[a]) / max(len(rows), 1) / (2 if same else 1)
        full = first + each * len(rows) * times
        seconds = self.blocking.seconds(
            tables[a],
            tables[b],
            same=same,
            pair_seconds=lambda: full / max(possible, 1),
            gathered=_GATHERED,
        )
        return Cost(pairs=pairs, kept=int(len(found[0]) * times), seconds=seconds)

    def _least(self, a: int, b: int) -> float:
        """Return the least bound that is looked at: rivals may want less likely pairs than those that are kept."""
        return min(-self.model.learnt.prior(a, b) - SLACK, self.floors[a, b])

    def scan(
        self,
        a: int,
        b: int,
        *,
        rows: tuple[RowsOfFile, RowsOfFile],
        journal: Journal,
        name: str,
        progress: ScanProgress,
    ) -> Found:
        """Find pairs by the bound through the blocking, and weigh them."""
        tables = self.model.tables
        one, other = tables[a].take(rows[0]), tables[b].take(rows[1])
        scan = FieldsScan(
            self.model.learnt,
            (a, b),
            (one, other),
            floor=self.floors[a, b],
            least=self._least(a, b),
            rows=rows,
        )
        steps = self.blocking.steps(one, other, same=a == b)
        part, compared = scan_steps(steps, scan, journal=journal, name=name, progress=progress)
        return Found(
            left=part.left if rows[0] is None else rows[0][part.left],
            right=part.right if rows[1] is None else rows[1][part.right],
            score=np.full(len(part.left), np.nan),
            log_ratio=part.value,
            compared=compared,
        )

    def unlisted(self, a: int, b: int) -> float:
        """Matches whose bound is too low."""
        return self.model.learnt.unlisted(a, b, self.floors[a, b])


def _log_odds(probability: float) -> float:
    safe = min(max(probability, 1e-9), 1 - 1e-9)
    return float(np.log(safe) - np.log1p(-safe))


def fit_fields_model(
    files: Sequence[EncodedFile], *, sample: int, progress: ShareDone | None = None
) -> FieldsModel:
    """Learn the weights from the files; see :func:`pprl.unit.weighing.fields.learnt.fit_fields`."""
    return FieldsModel(
        files=tuple(files),
        tables=tuple(PackedFile.of(file) for file in files),
        learnt=fit_fields(files, sample=sample, progress=progress),
    )
