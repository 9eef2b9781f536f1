"""What is weak about an agreement: said by `check` and `encode`, so that nobody signs it unawares."""

from __future__ import annotations

from pprl.exchange.agreement import Agreement

__all__ = ["weaknesses"]

_FEW_FIELDS = 3
_SPARSE, _CROWDED = 0.2, 0.6


def weaknesses(agreement: Agreement, fill: float) -> tuple[str, ...]:
    """Return what makes the encodings of an agreement easy to attack or hard to link, in sentences.

    Args:
        agreement: the agreement.
        fill: mean share of bits set in its filters, those of missing fields left out.
    """
    found = []
    if agreement.profile == "fields":
        found.append(
            "the profile 'fields' leaks more than 'record': the unit sees, field by field, which values are equal, "
            "how often each occurs and which are missing; for a trusted unit or an enclave only"
        )
    elif len(agreement.field) < _FEW_FIELDS:
        found.append(
            f"the agreement has {len(agreement.field)} field(s): equal encodings are then equal values, "
            "and counting them tells much"
        )
    for number, step in enumerate(agreement.blocking, start=1):
        if len(step.keys) == 1:
            found.append(
                f"blocking pass {number} has one part only: the unit sees exactly how often each of its values occurs"
            )
    if agreement.hardening.method == "none" and fill < _SPARSE:
        found.append(
            f"the filters are sparse (fill {fill:.2f}): single values are easier to make out; raise the budgets"
        )
    if agreement.hardening.method == "none" and fill > _CROWDED:
        alike = "values" if agreement.profile == "fields" else "people"
        found.append(
            f"the filters are crowded (fill {fill:.2f}): {alike} look alike; lower the budgets or raise filter.bits"
        )
    return tuple(found)
