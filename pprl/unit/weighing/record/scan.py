"""Comparing pairs in the profile ``record``: the kernels behind a blocking's steps."""

from __future__ import annotations

from functools import partial

import numpy as np

from pprl.base.arrays import Int64s, Words
from pprl.base.progress import ShareDone
from pprl.kernels.all_pairs import dice_scan
from pprl.kernels.shared_codes import GroupedScan
from pprl.unit.blocking.keyless import count_chosen
from pprl.unit.blocking.methods import Codes, PackedFile
from pprl.unit.journal import Part

__all__ = ["SIZES", "RecordScan"]

SIZES = (3, 1)
"""How much the smaller and the larger filter count in the similarity (Tversky 1977). Chosen; sensitive: Dice, (1, 1),
costs 0.003 to 0.007 of F1 on made-up people and gains up to 0.012 on FEBRL4's names (``make bench-ablation``)."""

COPIED = 1 << 20
"""Rows that are copied at a time to be compared: 128 MiB at 1,024 bits. Chosen; not sensitive: results never depend on
it, and so many rows are compared as fast as all."""


class RecordScan:
    """See :class:`pprl.unit.blocking.methods.PairScan`; a pair's value is its similarity."""

    def __init__(self, a: PackedFile, b: PackedFile, *, floor: float, same: bool) -> None:
        self._a, self._b, self.floor, self._same = a.words, b.words, floor, same
        self._grouped: GroupedScan | None = None

    def rows(self, start: int, stop: int, *, progress: ShareDone) -> Part:
        """One kernel call, or two for one file: inside the rows, and with those after them."""
        mine = self._a[start:stop]
        if not self._same:
            left, right, score = dice_scan(
                mine, self._b, threshold=self.floor, sizes=SIZES, progress=progress
            )
            compared = len(mine) * len(self._b)
            return Part(left=left + start, right=right, value=score, compared=compared)
        own = dice_scan(mine, mine, threshold=self.floor, sizes=SIZES, same=True)
        later = dice_scan(
            mine, self._b[stop:], threshold=self.floor, sizes=SIZES, progress=progress
        )
        return Part(
            left=np.concatenate([own[0], later[0]]) + start,
            right=np.concatenate([own[1] + start, later[1] + stop]),
            value=np.concatenate([own[2], later[2]]),
            compared=len(mine) * (len(mine) - 1) // 2 + len(mine) * (len(self._b) - stop),
        )

    def shared(
        self,
        codes: Codes,
        *,
        earlier: Codes | None = None,
        met: Words | None = None,
        progress: ShareDone,
    ) -> Part:
        """One kernel call over all blocks."""
        if self._grouped is None:
            self._grouped = GroupedScan(
                self._a, self._b, threshold=self.floor, sizes=SIZES, same=self._same
            )
        left, right, score, compared = self._grouped.scan(
            codes, earlier=earlier, met=met, progress=progress
        )
        return Part(left=left, right=right, value=score, compared=compared)

    def chosen(self, left: Int64s, right: Int64s | None, *, progress: ShareDone) -> Part:
        """One kernel call for each million rows."""
        others = self._b if right is None else self._b[right]
        lefts, rights, scores = [], [], []
        for start in range(0, len(left), COPIED):
            rows = left[start : start + COPIED]
            one, other, score = dice_scan(
                self._a[rows],
                others,
                threshold=self.floor,
                sizes=SIZES,
                progress=partial(_share, progress, start, len(rows), len(left)),
            )
            lefts.append(rows[one])
            rights.append(other if right is None else right[other])
            scores.append(score)
        one, other, score = np.concatenate(lefts), np.concatenate(rights), np.concatenate(scores)
        if self._same:
            once = one < other
            one, other, score = one[once], other[once], score[once]
        compared = count_chosen(left, right, len(self._b), same=self._same)
        return Part(left=one, right=other, value=score, compared=compared)


def _share(progress: ShareDone, before: int, rows: int, total: int, share: float) -> None:
    progress((before + share * rows) / total)
