"""Comparing in the profile ``fields``: levels of agreement, weighed by what the mixture has learnt."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from pprl.exchange.encoded import EncodedFile
from pprl.threads import Progress
from pprl.unit.blocking import Agreeing, Exhaustive, Keys, Lsh, Side, make_blocking, possible_pairs
from pprl.unit.comparison import Basis, Found, Rows, Work
from pprl.unit.fields.levels import EXACT, Columns
from pprl.unit.fields.model import FieldModel, fit_fields
from pprl.unit.fields.scan import scan_all, scan_grouped

__all__ = ["FieldsComparison", "fit_fields_comparison"]

_SLACK = 4.0
"""How far below even odds, as natural logarithm, the bound of a pair must lie for it not to be looked at."""

_PROBE = 200
"""Records whose pairs show how long a scan takes and how alike matches are."""

Int64s = npt.NDArray[np.int64]


class FieldsComparison:
    """See :class:`pprl.unit.comparison.Comparison`; made by :func:`fit_fields_comparison`."""

    def __init__(self, files: Sequence[EncodedFile], model: FieldModel) -> None:
        self._files = list(files)
        self.model = model
        self._bound = model.bound()
        self._blocking: Exhaustive | Keys | Lsh | None = None
        self._sides = [
            Side(words=file.field_words().reshape(len(file), -1), keys=file.keys) for file in files
        ]
        self._rate = 0.0

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

    def use(self, blocking: str, *, floors: Mapping[tuple[int, int], float]) -> dict[str, Any]:
        """Plan the blocking."""
        made = make_blocking(blocking, self._files, self._sides, agreeing=self._agreeing)
        assert isinstance(made, Exhaustive | Keys | Lsh)
        self._blocking = made
        return made.describe()

    def _agreeing(self) -> Agreeing:
        """Return which share of their bits matches agree on, from those of some records."""
        shares = []
        bits = (
            self._files[0].agreement.filter_bits() * self._files[0].agreement.filters_per_record()
        )
        for a, b in self.model.matches:
            rows = np.arange(min(len(self._files[a]), 10 * _PROBE))
            floor = -self.model.prior(a, b)
            found = self.scan_rows(a, b, floor=floor, rows=(rows, None), progress=None)
            weight = self.model.weights(a, b, *found)
            left, right = (side[weight >= floor] for side in found)
            apart = np.bitwise_count(self._sides[a].words[left] ^ self._sides[b].words[right])
            shares.append(1 - apart.sum(axis=1) / bits)
        share = np.concatenate(shares)
        low = float(np.quantile(share, 0.02)) if len(share) else 0.9
        return Agreeing(
            a=self._sides[0].words,
            b=self._sides[-1].words,
            share=share,
            weight=np.ones(len(share)),
            lowest=low,
        )

    def work(self, a: int, b: int, *, floor: float) -> Work:
        """Pairs, kept pairs and seconds, from a scan of some records."""
        assert self._blocking is not None
        same = a == b
        pairs = self._blocking.expect(self._sides[a], self._sides[b], same=same)
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
        share = min(
            pairs / max(possible, 1) * (1 if isinstance(self._blocking, Exhaustive) else 20), 1
        )
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
        self, a: int, b: int, *, floor: float, rows: tuple[Rows, Rows], progress: Progress
    ) -> Found:
        """Find pairs by the bound through the blocking, then weigh them."""
        least = self._floor(a, b, floor)
        if isinstance(self._blocking, Exhaustive):
            left, right = self.scan_rows(a, b, floor=least, rows=rows, progress=progress)
            sizes = [
                len(self._files[n]) if r is None else len(r)
                for n, r in zip((a, b), rows, strict=True)
            ]
            compared = [sizes[0] * (sizes[0] - 1) // 2 if a == b else sizes[0] * sizes[1]]
        else:
            assert self._blocking is not None
            one, other = self._sides[a].take(rows[0]), self._sides[b].take(rows[1])
            codes = self._blocking.codes(one, other, same=a == b)
            table = _taken(self.model.table, a, b, rows)
            left, right, counts = scan_grouped(
                table, 0, 1, self._bound, least, codes=codes, same=a == b, progress=progress
            )
            left = left if rows[0] is None else rows[0][left]
            right = right if rows[1] is None else rows[1][right]
            compared = [int(n) for n in counts]
        weight = self.model.weights(a, b, left, right)
        kept = weight >= floor
        left, right, weight = left[kept], right[kept], weight[kept]
        return Found(
            left=left,
            right=right,
            score=np.full(len(left), np.nan),
            weight=weight,
            compared=compared,
        )

    def hidden(self, a: int, b: int, *, floor: float) -> float:
        """Matches whose bound is too low."""
        return self.model.hidden(a, b, floor)

    def score_at(self, a: int, b: int, weight: float) -> float:
        """Scores are probabilities here; see :mod:`pprl.unit.match`."""
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
    """Learn the weights from the files; see :func:`pprl.unit.fields.model.fit_fields`."""
    return FieldsComparison(files, fit_fields(files, sample=sample, progress=progress))
