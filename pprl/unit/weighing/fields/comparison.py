"""Comparing in the profile ``fields``: levels of agreement, weighed by what the mixture has learnt."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from pprl.base.threads import Progress
from pprl.exchange.encoded.file import EncodedFile
from pprl.kernels.packed import Words
from pprl.unit.blocking.lsh import agreeing_on
from pprl.unit.blocking.methods import (
    Agreeing,
    Blocking,
    Codes,
    Exhaustive,
    Side,
    StepProgress,
    make_blocking,
    possible_pairs,
    scan_steps,
)
from pprl.unit.blocking.sampling import content_rank, sample_rows
from pprl.unit.journal import Journal, Part
from pprl.unit.weighing.comparison import Basis, Found, Rows, Work
from pprl.unit.weighing.fields.levels import EXACT, Columns
from pprl.unit.weighing.fields.model import FieldModel, fit_fields
from pprl.unit.weighing.fields.search.scan import scan_all, scan_grouped

__all__ = ["FieldsComparison", "fit_fields_comparison"]

_SLACK = 4.0
"""How far below even odds, as natural logarithm, the bound of a pair must lie for it not to be looked at."""

_PROBE = 200
"""Records whose pairs show how long a scan takes and how alike matches are."""

_COSTS = 150.0, 8.0
"""Nanoseconds that an LSH takes for a record of a table and for a pair, measured."""

Int64s = npt.NDArray[np.int64]


class FieldsComparison:
    """See :class:`pprl.unit.weighing.comparison.Comparison`; made by :func:`fit_fields_comparison`."""

    def __init__(self, files: Sequence[EncodedFile], model: FieldModel) -> None:
        self._files = list(files)
        self.model = model
        self._bound = model.bound()
        self._sides = [Side.of(file) for file in files]

    @property
    def matches(self) -> Mapping[tuple[int, int], tuple[float, float, float]]:
        """Expected matches; the mixture gives no bounds of its own."""
        return {pair: (n, n, n) for pair, n in self.model.matches.items()}

    @property
    def basis(self) -> Basis:
        """``customary`` for tiny files."""
        return "customary" if self.model.tiny else "estimated"

    @property
    def repeats(self) -> tuple[float, ...]:
        """Share of records with a second record of the same person in their file."""
        return self.model.repeats

    @property
    def converged(self) -> bool:
        """Whether the EM did."""
        return self.model.converged

    def plan_blocking(
        self, name: str, *, floors: Mapping[tuple[int, int], float], recall: float
    ) -> Blocking:
        """Plan it."""
        return make_blocking(
            name,
            self._files,
            self._sides,
            recall=recall,
            agreeing=lambda: self._agreeing(list(floors)),
        )

    def _agreeing(self, pairs: Sequence[tuple[int, int]]) -> Agreeing:
        """Return how alike matches are, from those of some records."""
        ones, others, probabilities, records = [], [], [], []
        for a, b in pairs:
            rows = sample_rows(self._sides[a].words, 10 * _PROBE)
            prior = self.model.prior(a, b)
            left, right = self.scan_rows(
                a, b, floor=-prior - _SLACK, rows=(rows, None), progress=None
            )
            if a == b:
                # Two sampled records find each other twice.
                once = (left < right) | ((left > right) & ~np.isin(right, rows))
                left, right = left[once], right[once]
            odds = self.model.weights(a, b, left, right) + prior
            rank = content_rank(self._sides[a].words[rows])
            records.append(rank[np.searchsorted(rows, left)])
            ones.append(self._sides[a].words[left])
            others.append(self._sides[b].words[right])
            probabilities.append(1 / (1 + np.exp(-np.clip(odds, -60, 60))))
        one, other = np.concatenate(ones), np.concatenate(others)
        probability = np.concatenate(probabilities)
        bits = (
            self._files[0].agreement.filter_bits() * self._files[0].agreement.filters_per_record()
        )
        share = 1 - np.bitwise_count(one ^ other).sum(axis=1) / bits
        likely = share[probability >= 0.5]
        return Agreeing(
            a=self._sides[0].words,
            b=self._sides[-1].words,
            one=one,
            other=other,
            probability=probability,
            record=np.concatenate(records),
            share=share,
            weight=probability,
            lowest=float(np.quantile(likely, 0.02)) if len(likely) else 0.9,
            costs=_COSTS,
        )

    def work(self, a: int, b: int, *, blocking: Blocking, floor: float) -> Work:
        """Pairs, kept pairs and seconds, from a scan of some records."""
        same = a == b
        pairs = blocking.expect(self._sides[a], self._sides[b], same=same)
        rows = np.arange(min(len(self._files[a]), _PROBE))
        least = self._floor(a, b, floor)
        scan = partial(self.scan_rows, a, b, floor=least, progress=None)
        scan(rows=(rows[:1], None))  # compiles or loads the kernels, outside the clock
        start = time.perf_counter()
        scan(rows=(rows[:1], None))  # a single row shows what it takes to lay out the others
        first = time.perf_counter() - start
        found = scan(rows=(rows, None))
        each = max(time.perf_counter() - start - 2 * first, 0.0) / max(len(rows) - 1, 1)
        possible = possible_pairs(self._sides[a], self._sides[b], same=same)
        times = len(self._files[a]) / max(len(rows), 1) / (2 if same else 1)
        share = min(pairs / max(possible, 1) * (1 if isinstance(blocking, Exhaustive) else 20), 1)
        kept = int(len(found[0]) * times)
        seconds = (first + each * len(rows) * times) * share
        return Work(pairs=pairs, kept=kept, seconds=seconds)

    def _floor(self, a: int, b: int, floor: float) -> float:
        """Return the least bound that is looked at: rivals may want less likely pairs than those that are kept."""
        return min(-self.model.prior(a, b) - _SLACK, floor)

    def scan_rows(
        self, a: int, b: int, *, floor: float, rows: tuple[Rows, Rows], progress: Progress | None
    ) -> tuple[Int64s, Int64s]:
        """Return all pairs of some rows whose bound is at least `floor`."""
        table = _taken(self.model.table, a, b, rows)
        same = a == b and rows[0] is None and rows[1] is None
        left, right = scan_all(table, 0, 1, self._bound, floor, same=same, progress=progress)
        left = left if rows[0] is None else rows[0][left]
        right = right if rows[1] is None else rows[1][right]
        if a == b and not same:
            left, right = left[left != right], right[left != right]
        return left, right

    def scan(
        self,
        a: int,
        b: int,
        *,
        blocking: Blocking,
        floor: float,
        rows: tuple[Rows, Rows],
        journal: Journal,
        name: str,
        progress: StepProgress,
    ) -> Found:
        """Find pairs by the bound through the blocking, and weigh them."""
        one, other = self._sides[a].take(rows[0]), self._sides[b].take(rows[1])
        scan = _FieldsScan(
            self, (a, b), (one, other), floor=floor, least=self._floor(a, b, floor), rows=rows
        )
        steps = blocking.steps(one, other, same=a == b)
        part, compared = scan_steps(steps, scan, journal=journal, name=name, progress=progress)
        return Found(
            left=part.left if rows[0] is None else rows[0][part.left],
            right=part.right if rows[1] is None else rows[1][part.right],
            score=np.full(len(part.left), np.nan),
            weight=part.value,
            compared=compared,
        )

    def hidden(self, a: int, b: int, *, floor: float) -> float:
        """Matches whose bound is too low."""
        return self.model.hidden(a, b, floor)

    def score_at(self, a: int, b: int, weight: float) -> float:
        """Scores are probabilities here; see :mod:`pprl.unit.run.match`."""
        return float("nan")

    def weight_at(self, score: float) -> float:
        """Return the log-odds of a probability."""
        score = min(max(score, 1e-9), 1 - 1e-9)
        return float(np.log(score) - np.log1p(-score))

    def describe(self) -> dict[str, Any]:
        """Return the classes, their shares and m- and u-probabilities."""
        classes, model = self.model.classes, self.model
        pairs = list(model.shares)
        listed = []
        for number, name in enumerate(classes.names):
            fields = {}
            for field, at in zip(model.fields, classes.use[number], strict=True):
                value = classes.parameters[at].value
                fields[field.name] = {
                    "exact": round(float(value[EXACT:].sum()), 6),
                    "similar": round(float(value[2:EXACT].sum()), 6),
                }
            count = sum(
                model.shares[pair][number]
                * possible_pairs(
                    self._sides[pair[0]], self._sides[pair[1]], same=pair[0] == pair[1]
                )
                for pair in pairs
            )
            listed.append(
                {
                    "class": name,
                    "match": bool(classes.match[number]),
                    "pairs": round(float(count), 1),
                    "agree": fields,
                }
            )
        return {"classes": listed, "iterations": model.iterations, "converged": model.converged}

    def histogram(self) -> dict[str, Any] | None:
        """None: probabilities crowd at both ends."""
        return None


class _FieldsScan:
    """See :class:`pprl.unit.blocking.methods.PairScan`; a pair's value is its match weight."""

    def __init__(
        self,
        comparison: FieldsComparison,
        pair: tuple[int, int],
        sides: tuple[Side, Side],
        *,
        floor: float,
        least: float,
        rows: tuple[Rows, Rows],
    ) -> None:
        self._model, self._bound = comparison.model, comparison.model.bound()
        self._pair, self._same = pair, pair[0] == pair[1]
        self._sides = sides
        self._floor, self._least = floor, least
        self._rows = rows
        self._table = _taken(comparison.model.table, *pair, rows)

    def rows(self, start: int, stop: int, *, progress: Progress) -> Part:
        """One kernel call; for one file with the rows from the first of these on."""
        first = start if self._same else 0
        one, other = self._table.ids[0][:, start:stop], self._table.ids[1][:, first:]
        left, right = scan_all(
            self._with(one, other), 0, 1, self._bound, self._least, progress=progress
        )
        left, right = left + start, right + first
        mine, others = one.shape[1], self._table.ids[1].shape[1]
        compared = mine * others
        if self._same:
            left, right = left[left < right], right[left < right]
            compared = mine * (mine - 1) // 2 + mine * (others - stop)
        return self._weighed(left, right, compared)

    def shared(
        self,
        codes: Codes,
        *,
        earlier: Codes | None = None,
        met: Words | None = None,
        progress: Progress,
    ) -> Part:
        """One kernel call over all blocks."""
        one, other = (
            now[:, None] if before is None else np.column_stack([before, now])
            for now, before in zip(codes, earlier or (None, None), strict=True)
        )
        last = one.shape[1] - 1
        left, right, counts = scan_grouped(
            self._table,
            0,
            1,
            self._bound,
            self._least,
            codes=(one, other),
            first=last,
            same=self._same,
            progress=progress,
        )
        if met is not None:
            before = agreeing_on(self._sides[0].words, self._sides[1].words, left, right, met)
            left, right = left[~before], right[~before]
        return self._weighed(left, right, int(counts[last]))

    def _with(self, one: npt.NDArray[np.int32], other: npt.NDArray[np.int32]) -> Columns:
        table = self._table
        return Columns(
            words=table.words,
            bits=table.bits,
            exact=table.exact,
            starts=table.starts,
            ids=(np.ascontiguousarray(one), np.ascontiguousarray(other)),
        )

    def _weighed(self, left: Int64s, right: Int64s, compared: int) -> Part:
        weight = self._model.weights(
            *self._pair,
            left if self._rows[0] is None else self._rows[0][left],
            right if self._rows[1] is None else self._rows[1][right],
        )
        kept = weight >= self._floor
        return Part(left=left[kept], right=right[kept], value=weight[kept], compared=compared)


def _taken(table: Columns, a: int, b: int, rows: tuple[Rows, Rows]) -> Columns:
    """Return the fields with two files only, and some rows of each."""
    ids = tuple(
        table.ids[n] if r is None else np.ascontiguousarray(table.ids[n][:, r])
        for n, r in zip((a, b), rows, strict=True)
    )
    return Columns(
        words=table.words, bits=table.bits, exact=table.exact, starts=table.starts, ids=ids
    )


def fit_fields_comparison(
    files: Sequence[EncodedFile], *, sample: int, progress: Callable[[float], None] | None = None
) -> FieldsComparison:
    """Learn the weights from the files; see :func:`pprl.unit.weighing.fields.model.fit_fields`."""
    return FieldsComparison(files, fit_fields(files, sample=sample, progress=progress))
