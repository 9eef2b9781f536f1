"""The agreement: what the parties and the unit settle once, so that encodings can be compared.

It is a frozen model of ``linkage.toml``, with the bounds of ``docs/SPEC.md``, section 2. Its canonical form (see there)
has exactly one byte string for one meaning; the SHA-256 of that is the agreement's fingerprint. Unknown entries are
refused.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from pprl.base.errors import AgreementError
from pprl.base.plain_text import only_plain
from pprl.base.summaries import Summarised, Summary
from pprl.exchange.agreement.defaults import (
    LARGEST_BUDGET,
    AssignmentRule,
    Profile,
    fill_defaults,
)
from pprl.exchange.agreement.field_types import FIELD_TYPES

__all__ = [
    "AGREEMENT_FORMAT",
    "Agreement",
    "AgreementField",
    "BlockingPass",
    "Filter",
    "Hardening",
    "Matching",
    "PlainText",
    "canonical_json",
    "differing_parameters",
    "only_plain",
]

AGREEMENT_FORMAT = "pprl-agreement/1"

_SIZE_LIMIT = 1 << 20
"""Bytes of a file at most. Chosen: many times the longest agreement that the bounds of its entries allow."""


def _plain(text: str) -> str:
    if only_plain(text) != text:
        raise ValueError("may hold no control, format or other invisible character")
    return text


PlainText = Annotated[str, AfterValidator(_plain)]
"""Text that another organisation can safely show on its screen: it holds no terminal escape."""

FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Threshold = Annotated[float, Field(gt=0, le=1)]

KEY_FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "soundex": ("given-name", "surname", "full-name", "locality"),
    "metaphone": ("given-name", "surname", "full-name", "locality"),
    "initial": ("given-name", "surname", "full-name", "locality"),
    "value": ("sex", "postcode", "phone", "email", "identifier", "code", "locality"),
    "year": ("date",),
    "month": ("date",),
    "day": ("date",),
}
_PART = re.compile(r"([a-z]+)\(([a-z][a-z0-9_]{0,62})\)")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class AgreementField(_Part):
    """One field that is encoded.

    Attributes:
        name: the field's name in the agreement; parties map their own columns to it.
        type: a key of :data:`pprl.exchange.agreement.field_types.FIELD_TYPES`.
        budget: bit positions that a full value draws; in the profile ``record``, the field's weight.
        q: length of the q-grams; 0 for types that have none.
    """

    name: FieldName
    type: str
    budget: int = Field(ge=1, le=LARGEST_BUDGET)
    q: int = Field(ge=0, le=3)

    @model_validator(mode="before")
    @classmethod
    def _check_type(cls, data: Any) -> Any:
        if isinstance(data, dict) and "type" in data and data["type"] not in FIELD_TYPES:
            # Refused here, because without a known type the first complaint would be that the budget is missing.
            raise ValueError(f"type must be one of: {', '.join(FIELD_TYPES)}")
        return data

    @model_validator(mode="after")
    def _check_q(self) -> AgreementField:
        wants_q = FIELD_TYPES[self.type].q > 0
        if wants_q and self.q == 0:
            raise ValueError(f"q must be 1, 2 or 3 for the type {self.type}")
        if not wants_q and self.q != 0:
            raise ValueError(f"q does not apply to the type {self.type}; leave it out")
        return self


class Filter(_Part):
    """The Bloom filter: its length in bits (any length; 1,024 are 128 bytes). In ``fields``, the length of each."""

    bits: int = Field(ge=64, le=65536)


class Hardening(_Part):
    """What is done to a finished filter; :mod:`pprl.party.hardening.harden` says where a new method is entered."""

    method: Literal["none", "xor-fold"] = "none"


class BlockingPass(_Part):
    """One pass of keyed blocking: records are compared if all its parts agree.

    Attributes:
        keys: parts such as ``soundex(surname)`` or ``year(date_of_birth)``.
    """

    keys: tuple[str, ...] = Field(min_length=1, max_length=6)

    def parts(self) -> list[tuple[str, str]]:
        """Return the parts as (function, field name)."""
        found = []
        for text in self.keys:
            match = _PART.fullmatch(text)
            if match is None or match[1] not in KEY_FUNCTIONS:
                raise ValueError(
                    f"{text!r} is not of the form function(field); "
                    f"functions: {', '.join(KEY_FUNCTIONS)}"
                )
            found.append((match[1], match[2]))
        return found


class Matching(_Part):
    """How the unit links unless its operator says otherwise."""

    threshold: Literal["auto"] | Threshold = "auto"
    blocking: Literal["exhaustive", "lsh", "keys"] = "exhaustive"
    assign: AssignmentRule = "one-to-one"


class Agreement(Summarised, _Part):
    """Everything that the parties agree on except the key.

    Build one with :meth:`load`, :meth:`from_toml` or :meth:`from_dict`.

    Attributes:
        project: the linkage's name. It is part of every key derivation, so the bits of two projects are unrelated
            (what can still be seen in two such files: ``docs/threat-model.md``, section 7).
        profile: ``record``, one filter per record, or ``fields``, one filter per field: better links, for a unit that
            may know more (``docs/threat-model.md``, section 5).
        normalisation: version of the folding table and of the field rules.
        field: the fields, in order.
        blocking: passes of keyed blocking, in order; may be empty.

    Example:
        >>> agreement = pprl.Agreement.load("linkage.toml")
        >>> agreement.profile, agreement.filter.bits
        ('record', 1024)
    """

    format: Literal["pprl-agreement/1"]
    project: PlainText = Field(min_length=1, max_length=200)
    profile: Profile = "record"
    normalisation: int = Field(default=1, ge=1, le=1)
    filter: Filter
    hardening: Hardening = Hardening()
    field: tuple[AgreementField, ...] = Field(min_length=1, max_length=64)
    blocking: tuple[BlockingPass, ...] = Field(default=(), max_length=16)
    matching: Matching = Matching()

    def _summary(self) -> Summary:
        rule = self.matching
        return Summary(
            title=f"Agreement {self.project}",
            rows=(
                ("profile", self.profile),
                ("fields", ", ".join(item.name for item in self.field)),
                ("filter", f"{self.filter.bits:,} bits, hardening {self.hardening.method}"),
                ("blocking keys", f"{len(self.blocking)} a record"),
                (
                    "matching",
                    f"threshold {rule.threshold}, blocking {rule.blocking}, {rule.assign}",
                ),
                ("fingerprint", self.fingerprint()),
            ),
        )

    @model_validator(mode="after")
    def _check(self) -> Agreement:
        types = {}
        for item in self.field:
            if item.name in types:
                raise ValueError(f"the field {item.name!r} is named twice")
            types[item.name] = item.type
        for step in self.blocking:
            for function, name in step.parts():
                if name not in types:
                    raise ValueError(f"blocking names the field {name!r}, which is not a field")
                if types[name] not in KEY_FUNCTIONS[function]:
                    raise ValueError(
                        f"blocking: {function}() does not apply to the {types[name]} {name!r}"
                    )
        if self.matching.blocking == "keys" and not self.blocking:
            raise ValueError("matching.blocking is 'keys' but no [[blocking]] pass is given")
        if self.hardening.method == "xor-fold" and self.profile == "fields":
            raise ValueError(
                "hardening xor-fold does not apply to the profile 'fields': a value's bits may cancel each other out, "
                "and the value would look missing"
            )
        if self.hardening.method == "xor-fold" and self.filter.bits % 2:
            raise ValueError("hardening xor-fold needs an even number of filter bits")
        return self

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], *, source: str = "agreement") -> Agreement:
        """Check and freeze an agreement given as plain values.

        Raises:
            AgreementError: an unknown, missing or contradictory entry, which it names.
        """
        try:
            return cls.model_validate_json(json.dumps(fill_defaults(content)))
        except ValidationError as error:
            raise _explain(error, source) from None
        except (TypeError, ValueError, RecursionError) as error:
            raise AgreementError(
                f"{source}: holds a value of a kind that no entry takes"
            ) from error

    @classmethod
    def from_toml(cls, text: str, *, source: str = "agreement") -> Agreement:
        """Read an agreement from TOML text.

        Raises:
            AgreementError: not TOML, or see :meth:`from_dict`.
        """
        try:
            content = tomllib.loads(text)
        except (
            ValueError,
            RecursionError,
        ) as error:  # also for a number or a nesting that is far too long
            raise AgreementError(
                f"{source}: is not valid TOML: {error}",
                hint="`pprl init PEOPLE.csv -o linkage.toml` drafts a valid agreement.",
            ) from None
        return cls.from_dict(content, source=source)

    @classmethod
    def load(cls, path: Path | str) -> Agreement:
        """Read an agreement from a TOML file.

        Raises:
            AgreementError: missing, unreadable, not TOML, or see :meth:`from_dict`.
        """
        path = Path(path)
        try:
            with path.open("rb") as stream:
                content = stream.read(_SIZE_LIMIT + 1)
            if len(content) > _SIZE_LIMIT:
                raise AgreementError(f"{path}: is too long for an agreement (over 1 MiB)")
            text = content.decode("utf-8-sig")
        except FileNotFoundError:
            raise AgreementError(
                f"{path}: no such file", hint="`pprl init PEOPLE.csv -o linkage.toml` drafts one."
            ) from None
        except UnicodeDecodeError:
            raise AgreementError(f"{path}: is not UTF-8 text") from None
        except OSError as error:
            raise AgreementError(f"{path}: can't be read: {error.strerror}") from None
        return cls.from_toml(text, source=str(path))

    def to_dict(self) -> dict[str, Any]:
        """Return the agreement as plain values, every default filled in."""
        return self.model_dump(mode="json")

    def canonical(self) -> bytes:
        """Return the canonical form: JSON with sorted keys, without white space, in UTF-8 (SPEC.md, section 2)."""
        return canonical_json(self.to_dict())

    def fingerprint(self) -> str:
        """Return the SHA-256 of the canonical form, in hex."""
        return hashlib.sha256(self.canonical()).hexdigest()

    def encoding_fingerprint(self) -> bytes:
        """Return the SHA-256 of what decides the bits: the canonical form without ``matching``.

        It is the salt of every key derivation, so that one key used in two projects gives unrelated bits.
        """
        content = self.to_dict()
        del content["matching"]
        return hashlib.sha256(canonical_json(content)).digest()

    def filter_bits(self) -> int:
        """Return the length of one finished filter in bits, after hardening."""
        return self.filter.bits // {"none": 1, "xor-fold": 2}[self.hardening.method]

    def filters_per_record(self) -> int:
        """Return how many filters make up a record's encoding: 1, or in ``fields`` the number of fields."""
        return len(self.field) if self.profile == "fields" else 1


def canonical_json(content: Mapping[str, Any]) -> bytes:
    """Return plain values in the canonical form of SPEC.md, section 2.2."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8")


def differing_parameters(left: Agreement, right: Agreement) -> list[str]:
    """Return the dotted names of the entries in which two agreements differ, in order.

    For example ``["filter.bits", "field[2].budget"]``; empty if they are the same.
    """
    return list(_differences(left.to_dict(), right.to_dict(), ""))


def _differences(left: Any, right: Any, name: str) -> list[str]:
    if isinstance(left, dict) and isinstance(right, dict):
        found = []
        for key in [*left, *(key for key in right if key not in left)]:
            dotted = f"{name}.{key}" if name else key
            found += _differences(left.get(key), right.get(key), dotted)
        return found
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            return [f"{name} ({len(left)} against {len(right)} entries)"]
        pairs = zip(left, right, strict=True)
        return [d for i, (a, b) in enumerate(pairs) for d in _differences(a, b, f"{name}[{i + 1}]")]
    if left != right:
        return [f"{name} ({left!r} against {right!r})"]
    return []


def _explain(error: ValidationError, source: str) -> AgreementError:
    problem = error.errors(include_url=False, include_context=False)[0]
    where = ""
    for step in problem["loc"]:
        where += f"[{step + 1}]" if isinstance(step, int) else (f".{step}" if where else str(step))
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        known = _known_entries(problem["loc"])
        hint = f"Known entries there: {', '.join(known)}." if known else None
        return AgreementError(f"{source}: unknown entry {where!r}", hint=hint)
    if problem["type"] == "missing":
        return AgreementError(
            f"{source}: the entry {where!r} is missing",
            hint="`pprl init PEOPLE.csv -o linkage.toml` drafts a complete agreement.",
        )
    if problem["loc"][:2] == ("matching", "threshold"):
        where, message = "matching.threshold", 'must be "auto" or a number above 0 and at most 1'
    return AgreementError(f"{source}: {where + ': ' if where else ''}{message}")


def _known_entries(loc: tuple[int | str, ...]) -> list[str]:
    models: dict[str, type[_Part]] = {
        "filter": Filter,
        "hardening": Hardening,
        "field": AgreementField,
        "blocking": BlockingPass,
        "matching": Matching,
    }
    names = [step for step in loc if isinstance(step, str)]
    model = Agreement if len(names) == 1 else models.get(names[0])
    return list(model.model_fields) if model else []
