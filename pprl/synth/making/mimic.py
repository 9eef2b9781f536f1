"""Files with another agreement's fields, for rehearsing a linkage before any real record is touched.

Every field of the agreement becomes a column of its own name, filled by the field's type. Fields of types that a
record does not have by nature (phone, e-mail, identifier, code) are made up from the person's number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pprl.base.errors import AgreementError
from pprl.exchange.agreement.draft_text import agreement_toml
from pprl.exchange.agreement.model import Agreement
from pprl.synth.draw import Dice
from pprl.synth.errors.corruptions import Corruption, text_corruption
from pprl.synth.errors.forms import FIELDS, FORMS, Form
from pprl.synth.making.plan import PartyPlan, Plan

__all__ = ["mimic_form", "more_corruptions", "more_rates", "starter_agreement"]

_SOURCES: Mapping[str, tuple[str, ...]] = {
    "given-name": ("given_name", "middle_name"),
    "surname": ("surname",),
    "full-name": ("given_name", "middle_name", "surname"),
    "date": ("date_of_birth",),
    "sex": ("sex",),
    "address": ("address",),
    "locality": ("locality",),
    "postcode": ("postcode",),
    "phone": ("phone",),
    "email": ("email",),
    "identifier": ("identifier",),
    "code": ("code",),
}
_REPEATED = ("phone", "email", "identifier", "code")
_FORMER = re.compile(r"maiden|former|birth|previous|geburtsname")
_OTHER_SECOND = re.compile(r"middle|second")

_DIGIT_WRONG = {"none": 0.0, "light": 0.005, "typical": 0.02, "heavy": 0.05}
_MISSING = {"none": 0.0, "light": 0.02, "typical": 0.1, "heavy": 0.25}
_TYPES: Mapping[str, str] = {
    "given_name": "given-name", "surname": "surname", "date_of_birth": "date", "sex": "sex",
    "address": "address", "locality": "locality", "postcode": "postcode",
}  # fmt: skip


def mimic_form(agreement: Agreement, party: PartyPlan) -> Form:
    """Return the form of a file whose columns are the agreement's fields.

    Raises:
        AgreementError: the agreement has a second field of a kind of which a person has only one.
    """
    columns: dict[str, tuple[str, ...]] = {}
    used: dict[str, int] = {}
    for item in agreement.field:
        source = _SOURCES[item.type]
        if item.type == "surname" and _FORMER.search(item.name):
            source = ("former_surname",)
        elif item.type == "given-name" and _OTHER_SECOND.search(item.name):
            source = ("middle_name",)
        seen = used.get(source[0], 0)
        used[source[0]] = seen + 1
        if seen and item.type not in _REPEATED:
            raise AgreementError(
                f"the field {item.name!r} is a second {item.type}, and a made-up person has only one",
                hint="Rehearse with an agreement without it.",
            )
        columns[item.name] = (f"{source[0]}{seen + 1}",) if seen else source
    if ("middle_name",) in columns.values():
        columns = {
            name: ("given_name",) if parts == _SOURCES["given-name"] else parts
            for name, parts in columns.items()
        }
    name = party.id or "record_id"
    while name in columns:
        name = f"own_{name}"
    base = FORMS[0]
    return Form(
        id=name,
        columns=columns,
        date_format=party.date_format or "YYYY-MM-DD",
        case=party.case or "as-is",
        sex=party.sex or base.sex,
    )


def more_corruptions(fields: Sequence[str]) -> tuple[Corruption, ...]:
    """Return the errors of fields that a record does not have by nature: a wrong character, a missing value."""
    found: list[Corruption] = []
    for name in fields:
        if name in FIELDS or name == "former_surname":
            continue
        found += [
            text_corruption(
                f"{name}_character_wrong",
                name,
                _wrong_character,
                possible=_has_alnum,
                title="one character is another",
            ),
            text_corruption(
                f"{name}_missing",
                name,
                lambda text, dice: "",
                possible=bool,
                slot=f"{name}_missing",
                stage=3,
                title="not known",
            ),
        ]
    return tuple(found)


def more_rates(fields: Sequence[str], profile: str) -> dict[str, float]:
    """Return the rates of `more_corruptions`; no published rates known to us, choices."""
    rates = {}
    for name in fields:
        if name in FIELDS or name == "former_surname":
            continue
        rates[f"{name}_character_wrong"] = _DIGIT_WRONG.get(profile, 0.0)
        rates[f"{name}_missing"] = _MISSING.get(profile, 0.0)
    return rates


def starter_agreement(plan: Plan, fields: Sequence[str]) -> str:
    """Return the text of an agreement over the fields of a record, to begin a linkage of the files with."""
    known = [(name, _TYPES[name]) for name in _TYPES if name in fields]
    return agreement_toml(known, project=f"Made-up people ({plan.country}, seed {plan.seed})")


def _has_alnum(text: str) -> bool:
    return any(char.isascii() and char.isalnum() for char in text)


def _wrong_character(text: str, dice: Dice) -> str:
    places = [at for at, char in enumerate(text) if char.isascii() and char.isalnum()]
    at = dice.one(places)
    others = "0123456789" if text[at].isdigit() else "abcdefghijklmnopqrstuvwxyz"
    new = dice.one(others.replace(text[at].lower(), ""))
    return text[:at] + (new.upper() if text[at].isupper() else new) + text[at + 1 :]
