"""The blocking methods by name, planned for the files at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

from pprl.base.errors import UsageError
from pprl.exchange.encoded.file import EncodedFile
from pprl.unit.blocking.keyed import Keys
from pprl.unit.blocking.keyless import find_keyless
from pprl.unit.blocking.lsh import Agreeing, plan_lsh
from pprl.unit.blocking.methods import Blocking, Exhaustive, Lsh, PackedFile

__all__ = ["make_blocking"]


def make_blocking(
    method: str,
    files: Sequence[EncodedFile],
    sides: Sequence[PackedFile],
    *,
    completeness: float,
    agreeing: Callable[[], Agreeing],
) -> Blocking:
    """Return the blocking method of that name, planned for these files.

    Args:
        method: ``exhaustive``, ``lsh`` or ``keys``.
        files: the encoded files.
        sides: the same files, as the scan sees them.
        completeness: for ``lsh``, the pairs completeness to plan for.
        agreeing: called for ``lsh`` only.

    Raises:
        UsageError: there is no such method, or ``keys`` was chosen and the agreement has no blocking passes.
    """
    if method == "keys":
        if not files[0].agreement.blocking:
            raise UsageError(
                "the files hold no blocking keys: their agreement has no [[blocking]] pass",
                hint="Use --blocking exhaustive or lsh, or add passes to the agreement and encode again.",
            )
        return Keys(find_keyless([side.keys for side in sides]))
    if method == "lsh":
        bits = files[0].agreement.filter_bits() * files[0].agreement.filters_per_record()
        pairs = list(combinations(sides, 2)) or [(sides[0], sides[0])]
        plan = plan_lsh(
            agreeing(),
            bits=bits,
            completeness=completeness,
            sizes=[(len(one), len(other)) for one, other in pairs],
        )
        return Lsh(plan, completeness=completeness)
    if method == "exhaustive":
        return Exhaustive()
    raise UsageError("blocking must be one of: exhaustive, lsh, keys")
