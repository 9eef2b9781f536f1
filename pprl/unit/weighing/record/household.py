"""How alike two people of one household look, by the agreement's own budgets.

One file has no second file to tell likeness by chance from likeness by being the same person, and relatives share a
surname, an address and a postcode. The agreement's budgets say how much of a filter that is.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from types import MappingProxyType

from pprl.exchange.agreement.model import Agreement

__all__ = ["household_similarity"]

_SHARED: Mapping[str, float] = MappingProxyType(
    {
        "surname": 1.0,
        "full-name": 0.6,
        "address": 1.0,
        "locality": 1.0,
        "postcode": 1.0,
        "phone": 1.0,
        "sex": 0.5,
        "email": 0.4,
    }
)
"""Share of each field's tokens that members of a household have in common. Chosen; how sensitive the results are was
not measured."""

_BY_CHANCE = 0.15
"""Share of the remaining tokens that two people have in common anyway: some q-grams, a month, a decade. Chosen; how
sensitive the results are was not measured."""


def household_similarity(agreement: Agreement) -> float:
    """Return the Dice coefficient to expect of two different people with one surname and address.

    From the filling of a Bloom filter by independent draws (Swamidass and Baldi 2007): ``n`` draws set a share
    ``1 - exp(-n / m)`` of the ``m`` bits.
    """
    bits = agreement.filter.bits
    total = float(sum(field.budget for field in agreement.field))
    shared = sum(field.budget * _SHARED.get(field.type, 0.0) for field in agreement.field)
    shared += _BY_CHANCE * (total - shared)

    def fill(draws: float) -> float:
        return 1 - exp(-draws / bits)

    common = fill(shared) + (1 - fill(shared)) * fill(total - shared) ** 2
    filled, apart = fill(total), 2 * (fill(total) - common)
    if agreement.hardening.method == "xor-fold":
        filled, apart = 2 * filled * (1 - filled), 2 * apart * (1 - apart)
    return 1 - apart / (2 * filled)
