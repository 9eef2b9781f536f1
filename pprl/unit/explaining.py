"""What the links folder carries so that every pair can be explained later: parts of weights, and priors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.exchange.links import LEVELS, Links, part_columns
from pprl.unit.fields.comparison import FieldsComparison
from pprl.unit.fields.levels import DIFFERENT, EXACT, MISSING
from pprl.unit.fields.parts import weight_parts
from pprl.unit.fields.values import FieldValues
from pprl.unit.plan import Plan

__all__ = ["join_parts", "parts_table", "prior_bits"]

Int64s = npt.NDArray[np.int64]
Levels = npt.NDArray[np.uint8]


class PairsOfRecords(Protocol):
    """Pairs of records numbered over all files."""

    left: Int64s
    right: Int64s


def parts_table(
    plan: Plan, found: PairsOfRecords, chosen: Sequence[npt.NDArray[np.bool_]], offsets: Int64s
) -> pd.DataFrame | None:
    """Return the parts of the weights of some pairs, as :attr:`pprl.exchange.links.Links.parts`.

    Args:
        plan: the run.
        found: the pairs.
        chosen: ``bool[pairs]`` each: pairs of the first come first, then those of the next.
        offsets: where each file's records begin.
    """
    comparison = plan.comparison
    if not isinstance(comparison, FieldsComparison):
        return None
    rows = np.concatenate([np.flatnonzero(these) for these in chosen])
    fields = comparison.model.fields
    bits = np.zeros((len(rows), len(fields)), np.float32)
    levels = np.zeros((len(rows), len(fields)), np.uint8)
    sides = found.left[rows], found.right[rows]
    files = [np.searchsorted(offsets, side, side="right") - 1 for side in sides]
    words = [_words(field) for field in fields]
    for i, j in np.unique(np.stack(files, axis=1), axis=0).tolist():
        here = np.flatnonzero((files[0] == i) & (files[1] == j))
        left, right = sides[0][here] - offsets[i], sides[1][here] - offsets[j]
        nats, found_levels = weight_parts(comparison.model, i, j, left, right)
        bits[here] = nats / np.log(2)
        for f, of_level in enumerate(words):
            levels[here, f] = of_level[found_levels[:, f]]
    columns: list[npt.NDArray[Any]] = []
    for f in range(len(fields)):
        columns += [levels[:, f], bits[:, f]]
    return pd.DataFrame(
        dict(zip(part_columns([field.name for field in fields]), columns, strict=True))
    )


def _words(field: FieldValues) -> Levels:
    """Return for each level of a field its place in :data:`LEVELS`."""
    made = np.full(EXACT + field.bands, LEVELS.index("equal"), np.uint8)
    made[MISSING] = LEVELS.index("missing")
    made[DIFFERENT] = LEVELS.index("differs")
    middle = (DIFFERENT + 1 + EXACT) // 2
    made[DIFFERENT + 1 : middle] = LEVELS.index("somewhat similar")
    made[middle:EXACT] = LEVELS.index("similar")
    # A value that one record has cannot be agreed on; the rarest band of the others is the rare one.
    shared = field.share[1:] * field.present > 1.5
    bands = np.unique(field.band[1:][shared])
    if len(bands) > 1:
        made[EXACT + bands[0]] = LEVELS.index("equal, common value")
        made[EXACT + bands[-1] :] = LEVELS.index("equal, rare value")
    return made


def join_parts(earlier: Links, parts: pd.DataFrame | None, accepted: int) -> pd.DataFrame | None:
    """Return parts together with those of an earlier run, in the order of the joined pairs and near pairs.

    Args:
        earlier: the earlier run.
        parts: of this run.
        accepted: how many of them are of accepted pairs.
    """
    if parts is None or earlier.parts is None:
        return None
    old, before = earlier.parts, len(earlier.pairs)
    pieces = [old.iloc[:before], parts.iloc[:accepted], old.iloc[before:], parts.iloc[accepted:]]
    return pd.concat(pieces, ignore_index=True)


def prior_bits(plan: Plan) -> list[dict[str, Any]]:
    """Return for every two files (the one file with itself) the log-odds to base 2 of a pair without rivals."""
    known = {}
    if plan.earlier is not None:
        known = {
            (entry["party_a"], entry["party_b"]): entry["bits"]
            for entry in plan.earlier.run.get("model", {}).get("priors", [])
        }
    made = []
    for (i, j), odds in plan.activity.items():
        a, b = plan.files[i].party, plan.files[j].party
        own = known.get((a, b), known.get((b, a), round(odds / float(np.log(2)), 4)))
        made.append({"party_a": a, "party_b": b, "bits": own})
    return made
