"""Slow twins of the profile ``fields``: levels and bounds pair by pair; and fields to draw them from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from pprl.exchange.encoded.file import EncodedFile
from pprl.unit.weighing.fields.levels import CUTS, DIFFERENT, EXACT, MISSING, Columns, columns
from pprl.unit.weighing.fields.search.bound import Bound
from pprl.unit.weighing.fields.values import FieldValues, field_values

Make = Callable[..., EncodedFile]
KINDS = ["surname", "date", "locality", "postcode", "code", "email", "phone", "sex"]


def drawn_values(rng: np.random.Generator, count: int, bits: int) -> npt.NDArray[np.bool_]:
    """Draw ``bool[count, bits]`` distinct filters of which many are alike in all degrees."""
    roots = rng.random((max(count // 6, 1), bits)) < 0.4
    noise = rng.random((count, bits)) < rng.choice([0.02, 0.1, 0.2, 0.4], (count, 1))
    made = np.where(
        noise, rng.random((count, bits)) < 0.4, roots[rng.integers(0, len(roots), count)]
    )
    made[:, 0] |= ~made.any(axis=1)
    return made


def drawn_files(
    make: Make,
    rng: np.random.Generator,
    sizes: list[int],
    *,
    counts: list[int],
    bits: int = 64,
    missing: float = 0.2,
    **more: Any,
) -> list[EncodedFile]:
    """Draw files of made-up fields; ``counts[f]`` values each, some much more common than others."""
    values = [drawn_values(rng, count, bits) for count in counts]
    files = []
    for size, party in zip(sizes, "abcdefgh", strict=False):
        ids = np.stack(
            [(count * rng.random(size) ** 2).astype(np.int64) for count in counts], axis=1
        )
        ids[rng.random(ids.shape) < missing] = -1
        files.append(make(values, ids, KINDS[: len(counts)], party=party, **more))
    return files


def table_of(files: list[EncodedFile]) -> tuple[list[FieldValues], Columns]:
    fields = field_values(files)
    return fields, columns(fields)


def _level(field: FieldValues, x: int, y: int) -> int:
    """The level of two values of a field, by counting bits."""
    if field.bits[x] == 0 or field.bits[y] == 0:
        return MISSING
    if x == y:
        return EXACT + int(field.band[x])
    common = sum(
        (int(one) & int(other)).bit_count()
        for one, other in zip(field.words[x], field.words[y], strict=True)
    )
    total = int(field.bits[x]) + int(field.bits[y])
    return DIFFERENT + sum(2.0 * common >= cut * total for cut in CUTS)


def slow_level_rows(field: FieldValues, value: int) -> list[int]:
    """The levels of one value with every value of its field."""
    return [_level(field, value, other) for other in range(len(field))]


def slow_pair_levels(fields: list[FieldValues], a: int, b: int) -> npt.NDArray[np.uint8]:
    """``uint8[records, records, fields]``: the levels of every pair."""
    return np.array(
        [
            [
                [_level(field, int(field.ids[a][i]), int(field.ids[b][j])) for field in fields]
                for j in range(len(fields[0].ids[b]))
            ]
            for i in range(len(fields[0].ids[a]))
        ],
        np.uint8,
    ).reshape(len(fields[0].ids[a]), len(fields[0].ids[b]), len(fields))


def slow_bound_of_pairs(
    fields: list[FieldValues], table: Columns, bound: Bound, a: int, b: int
) -> npt.NDArray[np.float64]:
    """``float64[records, records]``: the bound of every pair."""
    levels = slow_pair_levels(fields, a, b)
    made = np.zeros(levels.shape[:2])
    for f, field in enumerate(fields):
        made += bound.level[f, levels[:, :, f]]
        equal = (field.ids[a][:, None] == field.ids[b][None, :]) & (levels[:, :, f] != MISSING)
        made += equal * bound.rare[table.starts[f] + field.ids[a]][:, None]
    return made


@st.composite
def small_files(draw: st.DrawFn) -> dict[str, Any]:
    """What :func:`drawn_files` makes small files of."""
    return {
        "rng": np.random.default_rng(draw(st.integers(0, 2**32 - 1))),
        "sizes": [draw(st.integers(1, 12)), draw(st.integers(1, 12))],
        "counts": draw(st.lists(st.integers(1, 30), min_size=1, max_size=4)),
        "bits": draw(st.sampled_from([64, 72, 128, 136])),
        "missing": draw(st.sampled_from([0.0, 0.2, 1.0])),
    }
