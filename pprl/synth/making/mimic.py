"""Files with the fields of an agreement, to rehearse a linkage before any real record is touched.

Every field of the agreement becomes a column of the same name, filled by the field's type. Fields that are not part of
a record (phone, e-mail, identifier, code) are made up from the person's number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pprl.base.errors import AgreementError
from pprl.exchange.agreement.draft_text import agreement_toml
from pprl.exchange.agreement.model import Agreement
from pprl.synth.errors.catalogue import LOSE_VALUE
from pprl.synth.errors.error_type import LOST, Corruption, text_corruption
from pprl.synth.errors.slips.keyboard import WRONG_CHARACTER
from pprl.synth.files.forms import FORMS, Form
from pprl.synth.making.plan import PartyPlan, PopulationPlan
from pprl.synth.people.fields import FIELDS, FORMER_SURNAME

__all__ = ["mimic_form", "more_corruptions", "more_rates", "starter_agreement"]

_SOURCES: Mapping[str, tuple[str, ...]] = {  # the fields that fill a field of each type
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
"""Types of which a person may have several."""
_FORMER = re.compile(r"maiden|former|birth|previous|geburtsname")
_OTHER_SECOND = re.compile(r"middle|second")

_CHARACTER_WRONG = {"none": 0.0, "light": 0.005, "typical": 0.02, "heavy": 0.05, "register": 0.02}
"""Rates of a wrong character by profile; see `_MISSING`."""
_MISSING = {"none": 0.0, "light": 0.02, "typical": 0.1, "heavy": 0.25, "register": 0.1}
"""Rates of a missing value by profile. Both are chosen, as no published rates are known to us; sensitive: they decide
what such a field is worth to a linkage."""
_TYPES: Mapping[str, str] = {
    "given_name": "given-name", "surname": "surname", "date_of_birth": "date", "sex": "sex",
    "address": "address", "locality": "locality", "postcode": "postcode",
}  # fmt: skip


def mimic_form(agreement: Agreement, party: PartyPlan) -> Form:
    """Return the form of a file whose columns are the agreement's fields.

    Raises:
        AgreementError: the agreement has a second field of a type of which a person has only one.
    """
    columns: dict[str, tuple[str, ...]] = {}
    used: dict[str, int] = {}
    for item in agreement.field:
        source = _SOURCES[item.type]
        if item.type == "surname" and _FORMER.search(item.name):
            source = (FORMER_SURNAME,)
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
        date_precision=party.date_precision,
        case=party.case or "as-is",
        sex=party.sex or base.sex,
    )


def more_corruptions(fields: Sequence[str]) -> tuple[Corruption, ...]:
    """Return the errors of fields that are not part of a record: a wrong character, a missing value.

    Args:
        fields: those that a party writes; the fields of a record among them are passed over.
    """
    found: list[Corruption] = []
    for name in _made_up(fields):
        found += [
            text_corruption(
                f"{name}_character_wrong",
                name,
                WRONG_CHARACTER.change,
                possible=WRONG_CHARACTER.possible,
                title="one character is another",
            ),
            text_corruption(
                f"{name}_missing",
                name,
                LOSE_VALUE.change,
                possible=LOSE_VALUE.possible,
                slot=f"{name}_missing",
                stage=LOST,
                title="not known",
            ),
        ]
    return tuple(found)


def more_rates(fields: Sequence[str], profile: str) -> dict[str, float]:
    """Return the rates of `more_corruptions` in a profile."""
    rates = {}
    for name in _made_up(fields):
        rates[f"{name}_character_wrong"] = _CHARACTER_WRONG.get(profile, 0.0)
        rates[f"{name}_missing"] = _MISSING.get(profile, 0.0)
    return rates


def _made_up(fields: Sequence[str]) -> list[str]:
    return [name for name in fields if name not in (*FIELDS, FORMER_SURNAME)]


def starter_agreement(plan: PopulationPlan, fields: Sequence[str]) -> str:
    """Return the text of an agreement to begin with.

    Args:
        plan: named in the agreement.
        fields: those that all files have; only fields of a record are used.
    """
    known = [(name, _TYPES[name]) for name in _TYPES if name in fields]
    return agreement_toml(known, project=f"Made-up people ({plan.country}, seed {plan.seed})")
