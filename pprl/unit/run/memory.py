"""How much memory a run needs, known before its long part."""

from __future__ import annotations

from collections.abc import Sequence

from pprl.base.mapped import is_mapped
from pprl.exchange.encoded.file import EncodedFile
from pprl.unit.weighing.model import TwoFiles

__all__ = ["PAIR_BYTES", "memory_needed"]

PAIR_BYTES = 200
"""Memory of a kept pair while links are made of them, measured."""

_RECORD_BYTES = 120
"""Memory of a record while it is compared (folded filter, place in order, bucket), measured."""

_BASE_BYTES = 400 << 20
"""Memory of the program itself with its compiled kernels, measured."""


def memory_needed(files: Sequence[EncodedFile], pairs: Sequence[TwoFiles], kept: int) -> int:
    """Return the bytes that a run will need, memory-mapped encodings left out.

    Args:
        files: the encoded files.
        pairs: the pairs of files that are compared.
        kept: pairs of records that are kept at most.
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
    each = _RECORD_BYTES + width
    return _BASE_BYTES + held + each * together + PAIR_BYTES * kept
