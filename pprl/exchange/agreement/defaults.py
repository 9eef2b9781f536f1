"""Defaults for entries that an agreement leaves out (SPEC.md, section 2.1); two of them depend on the profile.

In the profile ``record`` a budget is a weight: the types' own numbers share one filter. In ``fields`` each field has a
filter to itself and the unit estimates the weights, so every field gets the same resolution.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from pprl.exchange.agreement.field_types import FIELD_TYPES

__all__ = [
    "DEFAULT_BITS",
    "DRAWN_PERCENT",
    "LARGEST_BUDGET",
    "AssignmentRule",
    "Profile",
    "default_budget",
    "fill_defaults",
]

Profile = Literal["record", "fields"]
"""One filter a record, or one filter a field."""

AssignmentRule = Literal["people", "one-to-one", "one-to-many", "many-to-many"]
"""How many partners a record may have: one person, whose copies inside a file are taken together; one record; the
second file's records one, the first one's several; or any number."""

DEFAULT_BITS: Mapping[Profile, int] = MappingProxyType({"record": 1024, "fields": 512})
"""Profile -> default length of a filter in bits. Chosen: 1,024 bits are about the usual length of a CLK (Schnell,
Bachteler and Reiher 2011 use 1,000). Half of it does for a single field, whose tokens are few."""

LARGEST_BUDGET = 4096
"""Bit positions that a field may draw at most (SPEC.md, section 2). Chosen: four times the default filter, which that
fills to 98 %; only a very long filter could make use of more."""

DRAWN_PERCENT = 35
"""Share of its own filter that a field draws in ``fields``; overlaps leave a fill of about 0.3. Chosen: two
unrelated values then have only about 0.09 of the bits in common."""


def default_budget(kind: str, profile: Profile, bits: int) -> int:
    """Return how many positions a full value draws, unless the agreement says otherwise.

    Args:
        kind: a key of :data:`pprl.exchange.agreement.field_types.FIELD_TYPES`.
        profile: ``record`` or ``fields``.
        bits: length of a filter; it matters only in ``fields``.
    """
    if profile == "fields":
        return min(LARGEST_BUDGET, DRAWN_PERCENT * bits // 100)
    return FIELD_TYPES[kind].budget


def fill_defaults(content: Any) -> Any:
    """Return an agreement's plain values with ``filter.bits`` and each field's ``budget`` and ``q`` filled in.

    Values of the wrong kind are left as they are: it is up to the model to refuse them, with a message.
    """
    if not isinstance(content, Mapping):
        return content
    profile: Profile = "fields" if content.get("profile") == "fields" else "record"
    filled = dict(content)
    wanted = filled.setdefault("filter", {})
    bits = DEFAULT_BITS[profile]
    if isinstance(wanted, Mapping):
        filled["filter"] = {"bits": bits, **wanted}
        given = filled["filter"]["bits"]
        bits = given if type(given) is int else bits
    fields = filled.get("field")
    if isinstance(fields, list | tuple):
        filled["field"] = [_fill_field(entry, profile, bits) for entry in fields]
    return filled


def _fill_field(entry: Any, profile: Profile, bits: int) -> Any:
    if not isinstance(entry, Mapping):
        return entry
    name = entry.get("type")
    kind = FIELD_TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        return entry
    return {"budget": default_budget(str(name), profile, bits), "q": kind.q, **entry}
