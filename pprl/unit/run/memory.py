"""How much memory a run will need, and for how many pairs a given memory is enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pprl.base.mapped import is_mapped
from pprl.exchange.encoded.file import EncodedFile
from pprl.exchange.links.folder import Links

__all__ = ["Memory"]

# Bytes; `python tests/unit/run/measure_memory.py` shows what a run takes beside what is expected here.

_BASE = 400 << 20
"""The program itself with its compiled kernels."""

_RECORD = 120
"""A record while it is compared, beside its filter: folded filter, place in order, bucket."""

_PAIR = 200
"""A kept pair while links are made of them."""

_FRAME_PAIR = 220
"""A kept pair as a row of a DataFrame, together with the table that the DataFrame is made from."""

_FRAME_PART = 10
"""What a field adds to that: the part of the pair's weight, and its level."""

_FRAME_RECORD = 360
"""A linked record in DataFrames: its row, and its pseudonym as a text in each column that it stands in."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What a run needs, in bytes.

    Attributes:
        held: whatever pairs are kept: the program, the encodings, what an earlier run has found.
        pair: each kept pair.
        linked: each linked record.
        records: how many records can be linked.
    """

    held: int
    pair: int
    linked: int
    records: int

    @classmethod
    def of(
        cls,
        files: Sequence[EncodedFile],
        pairs: Sequence[tuple[int, int]],
        *,
        parts: int,
        frames: bool,
        earlier: Links | None,
    ) -> Memory:
        """Return what a run of these files needs; memory-mapped encodings are left out.

        Args:
            files: the encoded files.
            pairs: which of them are compared with which.
            parts: how many parts the weight of a pair has.
            frames: whether the links become DataFrames, as they also do together with those of an earlier run.
            earlier: links of an earlier run.
        """
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
        held += _BASE + (_RECORD + width) * together
        records = sum(len(file) for file in files)
        if not frames and earlier is None:
            return cls(held=held, pair=_PAIR, linked=0, records=records)
        pair = _FRAME_PAIR + _FRAME_PART * parts
        if earlier is not None:
            held += pair * (len(earlier.pairs) + len(earlier.near))
            held += _FRAME_RECORD * len(earlier.links)
        return cls(held=held, pair=pair, linked=_FRAME_RECORD, records=records)

    def needed(self, pairs: int) -> int:
        """Return the bytes for so many kept pairs."""
        return self.held + self.pair * pairs + self.linked * min(2 * pairs, self.records)

    def most_pairs(self, limit: int) -> int:
        """Return how many pairs can be kept within a limit."""
        left = max(limit - self.held, 0)
        # At first every pair links two records more, until all of them are linked.
        some = left // (self.pair + 2 * self.linked)
        return max(some, (left - self.linked * self.records) // self.pair)
