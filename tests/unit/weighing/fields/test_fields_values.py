"""Distinct values are found as they are, and rare ones are told from common ones by counting alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from slow_fields import drawn_files, small_files

from pprl.exchange.encoded.file import EncodedFile
from pprl.unit.weighing.fields.values import BANDS, FieldValues, field_values

Make = Callable[..., EncodedFile]


def counted(field: FieldValues) -> Counter[int]:
    return Counter(int(value) for ids in field.ids for value in ids if value)


@settings(max_examples=60, deadline=None)
@given(small_files())
def test_every_record_keeps_its_filter(make_fields: Make, drawn: dict[str, Any]) -> None:
    """The numbers stand for the very filters, over all files; equal filters have one number and 0 is the empty one."""
    files = drawn_files(make_fields, **drawn)
    fields = field_values(files)
    assert [(field.name, field.kind) for field in fields] == [
        (field.name, field.type) for field in files[0].agreement.field
    ]
    for f, field in enumerate(fields):
        for file, ids in zip(files, field.ids, strict=True):
            np.testing.assert_array_equal(field.words[ids], file.field_words()[:, f])
            np.testing.assert_array_equal(ids == 0, ~file.field_words()[:, f].any(axis=1))
        assert len(np.unique(field.words, axis=0)) == len(field)
        np.testing.assert_array_equal(field.bits, np.bitwise_count(field.words).sum(axis=1))
        assert field.bits[0] == 0
        seen = counted(field)
        assert field.present == seen.total()
        assert field.share[0] == 0
        for value in range(1, len(field)):
            assert field.share[value] == pytest.approx(seen[value] / seen.total())


@settings(max_examples=60, deadline=None)
@given(small_files())
def test_bands_are_thirds_of_the_records_from_common_to_rare(
    make_fields: Make, drawn: dict[str, Any]
) -> None:
    """A value's band says how many records have a more common one; values of one frequency share it."""
    drawn["sizes"] = [10 * size for size in drawn["sizes"]]
    for field in field_values(drawn_files(make_fields, **drawn)):
        seen = counted(field)
        before = {v: sum(n for n in seen.values() if n > seen[v]) / seen.total() for v in seen}
        if any(b > 0 and abs(b * BANDS - round(b * BANDS)) < 1e-9 for b in before.values()):
            continue  # a third to the last digit: rounding decides
        thirds = {v: int(b * BANDS + 1e-12) for v, b in before.items()}
        used = sorted(set(thirds.values()))
        expected = {v: used.index(third) if len(field) > 20 else 0 for v, third in thirds.items()}
        assert {v: int(field.band[v]) for v in seen} == expected
        assert field.bands == max(expected.values(), default=0) + 1
        if seen:
            assert field.band_share().sum() == pytest.approx(1)
            assert (field.band_share() > 0).all()


def test_the_order_of_records_and_files_says_nothing(make_fields: Make) -> None:
    files = drawn_files(make_fields, np.random.default_rng(1), [80, 60], counts=[40, 3])
    for one, other in zip(field_values(files), field_values(files[::-1]), strict=True):
        for name in ("words", "bits", "share", "band"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        for ids, again in zip(one.ids, other.ids[::-1], strict=True):
            np.testing.assert_array_equal(ids, again)


def test_a_field_that_nobody_filled_in_has_no_value(make_fields: Make) -> None:
    rng = np.random.default_rng(1)
    for field in field_values(drawn_files(make_fields, rng, [5, 4], counts=[9], missing=1.0)):
        assert (len(field), field.present, field.bands) == (1, 0, 1)
        assert field.band_share().tolist() == [0.0]
