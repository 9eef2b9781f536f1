"""The fields of a record: what can be asked about a made-up person."""

from __future__ import annotations

__all__ = ["FIELDS", "FORMER_SURNAME", "MORE_FIELDS"]

FIELDS = (
    "given_name", "middle_name", "surname", "date_of_birth", "sex", "address", "locality", "postcode",
)  # fmt: skip
"""The fields of a record, in the order of a clean file."""

FORMER_SURNAME = "former_surname"
"""The surname before marriage: not part of a record, but errors look at it."""

MORE_FIELDS = (FORMER_SURNAME, "phone", "email", "identifier", "code")
"""What else can be had of a person, for parties that ask for it."""
