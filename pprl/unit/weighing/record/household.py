"""How alike two people of one household look, by the agreement's own budgets.

One file has no second file to tell likeness by chance from likeness by being the same person, and relatives share a
surname, an address and a postcode. The agreement's budgets say how much of a filter that is.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from types import MappingProxyType

from pprl.exchange.agreement.model import Agreement

__all__ = ["household_similarity", "relatives_similarity"]

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


_TWINS: Mapping[str, float] = MappingProxyType({**_SHARED, "date": 1.0, "sex": 0.75})
"""The same for twins."""

_NAMED_AFTER: Mapping[str, float] = MappingProxyType(
    {**_SHARED, "given-name": 1.0, "full-name": 1.0, "sex": 1.0, "date": 0.3}
)
"""The same for parent and child of one name; of their dates, one part in three agrees as a rule of thumb."""


def household_similarity(agreement: Agreement) -> float:
    """Return the similarity to expect of two different people with one surname and address."""
    return _similarity(agreement, _SHARED)


def relatives_similarity(agreement: Agreement) -> float:
    """Return the similarity to expect of the relatives who are most alike: twins, or parent and child of one name."""
    return max(_similarity(agreement, shared) for shared in (_TWINS, _NAMED_AFTER))


def _similarity(agreement: Agreement, shares: Mapping[str, float]) -> float:
    """Return the Dice coefficient to expect of two records that share so much of each type of field.

    From the filling of a Bloom filter by independent draws (Swamidass and Baldi 2007): ``n`` draws set a share
    ``1 - exp(-n / m)`` of the ``m`` bits.
    """
    bits = agreement.filter.bits
    total = float(sum(field.budget for field in agreement.field))
    shared = sum(field.budget * shares.get(field.type, 0.0) for field in agreement.field)
    shared += _BY_CHANCE * (total - shared)

    def fill(draws: float) -> float:
        return 1 - exp(-draws / bits)

    common = fill(shared) + (1 - fill(shared)) * fill(total - shared) ** 2
    filled, apart = fill(total), 2 * (fill(total) - common)
    if agreement.hardening.method == "xor-fold":
        filled, apart = 2 * filled * (1 - filled), 2 * apart * (1 - apart)
    return 1 - apart / (2 * filled)
