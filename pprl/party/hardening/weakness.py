"""What is weak about an agreement and a file: `check` and `encode` say so, so that nobody signs it unawares."""

from __future__ import annotations

from collections.abc import Mapping

from pprl.base.words import percent, plural
from pprl.exchange.agreement.model import Agreement

__all__ = ["weaknesses", "without_keys"]

_FEW_FIELDS = 3
"""Fewer fields than this draw a warning. Chosen; it decides about a sentence and nothing else, as do those below."""
_SPARSE, _CROWDED = 0.2, 0.6
"""A fill outside these draws a warning. Chosen: from 0.27 to 0.50 links are as good (docs/budgets.md, section 5)."""
_MOSTLY = 0.5
"""A share of missing values above this counts as most of them."""


def weaknesses(agreement: Agreement, fill: float, missing: Mapping[str, float]) -> tuple[str, ...]:
    """Return what makes the encodings of a file easy to attack or hard to link, a sentence for each weakness.

    Args:
        agreement: the agreement.
        fill: mean share of bits set in the file's filters, those of missing fields left out.
        missing: for every field, the share of the records that have no value in it.
    """
    found = []
    if agreement.profile == "fields":
        found.append(
            "the profile 'fields' leaks more than 'record': the unit sees, field by field, which values are equal, "
            "how often each occurs and which are missing; for a trusted unit or an enclave only"
        )
    elif len(agreement.field) < _FEW_FIELDS:
        found.append(
            f"the agreement has {plural(len(agreement.field), 'field', 'fields')}: equal encodings are then equal "
            "values, and counting them reveals much"
        )
    for number, step in enumerate(agreement.blocking, start=1):
        if len(step.keys) == 1:
            found.append(
                f"blocking pass {number} has one part only: the unit sees exactly how often each of its values occurs"
            )
    if any(share < 1.0 for share in missing.values()):  # otherwise nothing can be encoded
        found += [*_gaps(missing), *_filling(agreement, fill, missing)]
    return tuple(found)


def without_keys(keyless: int, records: int) -> tuple[str, ...]:
    """Return a sentence on records that have no key in any blocking pass; none where there is no such record.

    Args:
        keyless: how many there are.
        records: records with a value.
    """
    if not keyless:
        return ()
    return (
        f"{plural(keyless, 'record has', 'records have')} no key in any blocking pass ({percent(keyless / records)}), "
        "so --blocking keys has no block for them and leaves them out if they are many: a name without a letter a to z "
        "has no sound, and a missing value makes no key; agree on a pass of other parts, such as initial() of a name "
        "and parts of a date, or on --blocking lsh or exhaustive",
    )


def _gaps(missing: Mapping[str, float]) -> list[str]:
    found = []
    empty = [repr(name) for name, share in missing.items() if share == 1.0]
    if empty:
        what = "the field" if len(empty) == 1 else "the fields"
        found.append(
            f"no record has a value in {what} {', '.join(empty)}: check the column map, or agree on other fields"
        )
    mean = _mean_missing(missing)
    if mean > _MOSTLY:
        found.append(
            f"{percent(mean)} of the values are missing: links will be few and uncertain; check the column map"
        )
    return found


def _filling(agreement: Agreement, fill: float, missing: Mapping[str, float]) -> list[str]:
    """Return whether the budgets are too small or too large, as far as the values present show."""
    if agreement.hardening.method != "none":
        return []
    if fill < _SPARSE and not _sparse_by_gaps(agreement, fill, missing):
        return [
            f"the filters are sparse (fill {fill:.2f}): single values are easier to make out; raise the budgets or "
            "lower filter.bits"
        ]
    if fill > _CROWDED:
        alike = "values" if agreement.profile == "fields" else "people"
        return [
            f"the filters are crowded (fill {fill:.2f}): {alike} look alike; lower the budgets or raise filter.bits"
        ]
    return []


def _sparse_by_gaps(agreement: Agreement, fill: float, missing: Mapping[str, float]) -> bool:
    """Return whether gaps, not budgets, leave the filters sparse: missing values set no bits."""
    if agreement.profile == "fields":
        return False
    budgets = {field.name: field.budget for field in agreement.field}
    there = sum(budgets[name] * (1.0 - share) for name, share in missing.items())
    full = fill * sum(budgets.values()) / there
    return _mean_missing(missing) > _MOSTLY or full >= _SPARSE


def _mean_missing(missing: Mapping[str, float]) -> float:
    return sum(missing.values()) / len(missing)
