"""The field types that an agreement may name, and the defaults of each.

A default budget says how many bits the field may set relative to the others. A field weighs more the more values it
tells apart, and less the more often it is wrong or changes (Durham et al. 2014, field weights by discriminatory power).
The ratios were found by a search on made-up people, not fitted to any data set: docs/budgets.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["FIELD_TYPES", "FieldType"]


@dataclass(frozen=True, kw_only=True)
class FieldType:
    """What is fixed about a field type.

    Attributes:
        title: the type in words, for drafts and messages.
        tokens: how values become tokens: ``qgrams`` (of each word), ``positional`` (q-grams with their place),
            ``date`` (parts) or ``exact`` (one token per value).
        budget: default number of bit positions that the field draws in each record.
        q: default length of a q-gram; 0 if the type has none.
    """

    title: str
    tokens: str
    budget: int
    q: int = 2


FIELD_TYPES: Mapping[str, FieldType] = MappingProxyType(
    {
        "given-name": FieldType(title="given name", tokens="qgrams", budget=115),
        "surname": FieldType(title="surname", tokens="qgrams", budget=105),
        "full-name": FieldType(title="full name", tokens="qgrams", budget=220),
        "date": FieldType(title="date", tokens="date", budget=160, q=0),
        "sex": FieldType(title="sex", tokens="exact", budget=20, q=0),
        "address": FieldType(title="address line", tokens="qgrams", budget=35),
        "locality": FieldType(title="locality", tokens="qgrams", budget=25),
        "postcode": FieldType(title="postcode", tokens="positional", budget=30),
        "phone": FieldType(title="phone number", tokens="positional", budget=30),
        "email": FieldType(title="e-mail address", tokens="qgrams", budget=45),
        "identifier": FieldType(title="identifier number", tokens="positional", budget=160),
        "code": FieldType(title="free code", tokens="exact", budget=25, q=0),
    }
)
