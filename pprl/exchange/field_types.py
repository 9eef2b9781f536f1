"""The field types an agreement may name, and what each of them defaults to.

A default budget says how many bits the field may set relative to the others. The ratios follow two
published rules of thumb and no data set: a field counts more the more values it tells apart, and less the more
often it is wrong or changes (Vatsalan et al. 2014; Durham et al. 2014, field weights by discriminatory power).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["FIELD_TYPES", "FieldType"]


@dataclass(frozen=True, kw_only=True)
class FieldType:
    """What is fixed about a type of field.

    Attributes:
        title: the type in words, for drafts and messages.
        tokens: how values become tokens: ``qgrams`` (of each word), ``positional`` (q-grams with their place),
            ``date`` (parts) or ``exact`` (one token a value).
        budget: default number of bit positions the field draws a record.
        q: default length of a q-gram; 0 where the type has none.
    """

    title: str
    tokens: str
    budget: int
    q: int = 2


FIELD_TYPES: Mapping[str, FieldType] = MappingProxyType(
    {
        "given-name": FieldType(title="given name", tokens="qgrams", budget=80),
        "surname": FieldType(title="surname", tokens="qgrams", budget=90),
        "full-name": FieldType(title="full name", tokens="qgrams", budget=170),
        "date": FieldType(title="date", tokens="date", budget=120, q=0),
        "sex": FieldType(title="sex", tokens="exact", budget=15, q=0),
        "address": FieldType(title="address line", tokens="qgrams", budget=80),
        "locality": FieldType(title="locality", tokens="qgrams", budget=50),
        "postcode": FieldType(title="postcode", tokens="positional", budget=50),
        "phone": FieldType(title="phone number", tokens="positional", budget=70),
        "email": FieldType(title="e-mail address", tokens="qgrams", budget=80),
        "identifier": FieldType(title="identifier number", tokens="positional", budget=120),
        "code": FieldType(title="free code", tokens="exact", budget=40, q=0),
    }
)
