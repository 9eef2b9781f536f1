"""Comparing the pairs that share a keyed blocking key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from pprl.base.progress import ShareDone
from pprl.kernels.sorted_codes import count_grouped
from pprl.unit.blocking.keyless import Keyless, compare_keyless, keyless_pairs, keyless_rows
from pprl.unit.blocking.methods import Codes, PackedFile, PairScan, Step
from pprl.unit.journal import Part

__all__ = ["Keys"]


class Keys:
    """Compare the pairs that share a keyed blocking key in at least one pass.

    Args:
        without: the records that have no key in any pass; they are compared with all others, or with none.
    """

    def __init__(self, without: Keyless) -> None:
        self._without = without

    def expect(self, a: PackedFile, b: PackedFile, *, same: bool) -> int:
        """Sum over the passes, in each of which a pair counts, and the pairs of records without a key."""
        in_blocks = int(count_grouped(*self.codes(a, b, same=same), same=same).sum())
        return in_blocks + self.in_full(a, b, same=same)

    def in_full(self, a: PackedFile, b: PackedFile, *, same: bool) -> int:
        """The pairs of records without a key."""
        if not self._without.compared:
            return 0
        without = len(keyless_rows(a.keys)), len(keyless_rows(b.keys))
        return keyless_pairs(without, (len(a), len(b)), same=same)

    def keyless(self) -> Keyless:
        """As counted beforehand."""
        return self._without

    def seconds(
        self,
        a: PackedFile,
        b: PackedFile,
        *,
        same: bool,
        pair_seconds: Callable[[], float],
        gathered: float,
    ) -> float:
        """A pair is fetched by its key, which costs several times more than in full, where records have none."""
        in_full = self.in_full(a, b, same=same)
        fetched = self.expect(a, b, same=same) - in_full
        return (in_full + fetched * gathered) * pair_seconds()

    def steps(self, a: PackedFile, b: PackedFile, *, same: bool) -> Sequence[Step]:
        """One step per pass, in which a pair met in an earlier pass is not compared again, and one for the rest."""
        codes = self.codes(a, b, same=same)
        return [
            *(
                Step(name=f"{number:06d}", run=partial(_pass, codes, number))
                for number in range(codes[0].shape[1])
            ),
            *self.keyless_steps(a, b, same=same),
        ]

    def keyless_steps(self, a: PackedFile, b: PackedFile, *, same: bool) -> Sequence[Step]:
        """Return the step that compares the records without a key; none where they make no pair."""
        if not self.in_full(a, b, same=same):
            return []
        without = keyless_rows(a.keys), keyless_rows(b.keys)
        return [Step(name="keyless", run=partial(compare_keyless, without, (len(a), len(b))))]

    def codes(self, a: PackedFile, b: PackedFile, *, same: bool) -> Codes:
        """Return ``int32[n, passes]`` for each side: equal numbers for equal keys, -1 where there is none."""
        passes = a.keys.shape[1]
        codes_a = np.empty((len(a), passes), np.int32)
        codes_b = np.empty((len(b), passes), np.int32)
        for number in range(passes):
            both = (
                a.keys[:, number]
                if same
                else np.concatenate([a.keys[:, number], b.keys[:, number]])
            )
            codes = pd.factorize(both)[0].astype(np.int32)
            codes[both == 0] = -1
            codes_a[:, number] = codes[: len(a)]
            codes_b[:, number] = codes[: len(a)] if same else codes[len(a) :]
        return codes_a, codes_b

    def describe(self) -> None:
        """No parameters but the agreement's passes."""


def _pass(codes: Codes, number: int, scan: PairScan, progress: ShareDone) -> Part:
    now = codes[0][:, number], codes[1][:, number]
    before = codes[0][:, :number].copy(), codes[1][:, :number].copy()
    return scan.shared(now, earlier=before, progress=progress)
