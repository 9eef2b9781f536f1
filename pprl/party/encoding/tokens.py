"""From normal forms to tokens, one value at a time: the definition (SPEC.md, section 6.1).

:mod:`pprl.party.encoding.token_table` does the same for a whole column, and tests hold the two equal.
"""

from __future__ import annotations

from pprl.exchange.agreement.field_types import FIELD_TYPES
from pprl.exchange.agreement.model import AgreementField

__all__ = ["DATE_TOKENS", "PAD", "POSITION_LIMIT", "date_tokens", "draws_per_token", "tokens_of"]

PAD = "_"
"""Added before and after a word (SPEC.md, section 6.1). Folding leaves no underscore in a normal form."""

POSITION_LIMIT = 63
"""Positional q-grams beyond this place all count as being there (SPEC.md, section 6.1)."""

DATE_TOKENS = 7
"""Tokens of a full date whose day and month differ; divides the budget of every date (SPEC.md, section 6.2)."""


def tokens_of(value: str, field: AgreementField) -> list[str]:
    """Return the distinct tokens of a normal form, in order of first appearance.

    Args:
        value: a normal form; ``""`` has no tokens.
        field: gives the type and ``q``.
    """
    if not value:
        return []
    how = FIELD_TYPES[field.type].tokens
    if how == "exact":
        return [value]
    if how == "date":
        return date_tokens(value)
    found: dict[str, None] = {}
    padding = PAD * (field.q - 1)
    if how == "positional":
        padded = padding + value + padding
        for place in range(len(padded) - field.q + 1):
            found[f"{min(place, POSITION_LIMIT)}:{padded[place : place + field.q]}"] = None
    else:
        for word in value.split(" "):
            padded = padding + word + padding
            for place in range(len(padded) - field.q + 1):
                found[padded[place : place + field.q]] = None
    return list(found)


def date_tokens(value: str) -> list[str]:
    """Return the tokens of a date ``YYYY-MM-DD``: each part by itself, so that a wrong part costs only its share.

    The year gives itself, its decade digit and its last digit, of which a slip in one digit keeps one. Month and day
    give themselves and, once more, their numbers without saying which is which, so that a swap keeps those.
    """
    year, month, day = value[:4], value[5:7], value[8:10]
    found = []
    if year != "0000":
        found += [f"Y{year}", f"t{year[2]}", f"u{year[3]}"]
    if month != "00":
        found.append(f"M{month}")
    if day != "00":
        found.append(f"D{day}")
    found += [f"x{number}" for number in dict.fromkeys((month, day)) if number != "00"]
    return found


def draws_per_token(field: AgreementField, tokens: int) -> int:
    """Return how many positions each token of a value draws, so that together they draw the budget.

    ``max(1, round(budget / tokens))`` in integers, halves rounded up (SPEC.md, section 6.2). A date always divides by
    :data:`DATE_TOKENS`, so that a missing part leaves the bits of the others unchanged.

    Args:
        field: gives the type and the budget.
        tokens: how many tokens the value has, at least 1.
    """
    divisor = DATE_TOKENS if FIELD_TYPES[field.type].tokens == "date" else tokens
    return max(1, (2 * field.budget + divisor) // (2 * divisor))
