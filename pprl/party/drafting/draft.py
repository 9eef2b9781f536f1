"""A first agreement from a look at a file: which column is a given name, a date, a postcode.

Columns are recognised by their names first; for fields that no name has taken, by their values. In the profile
``record`` the budgets are proposed from how the columns are filled (:mod:`pprl.party.drafting.budgets`). Names outside
a to z bring blocking passes of their own (:mod:`pprl.party.drafting.passes`). No value of the file goes into the draft.
Of what was counted there, only the rounded budgets, the reasons in words and those passes do. The
column map, which stays with the party, declares the file's customary placeholders missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import pandas as pd

from pprl.base.errors import DataError, UsageError
from pprl.exchange.agreement.defaults import DEFAULT_BITS, Profile
from pprl.exchange.agreement.draft_text import agreement_toml, scaled_budgets, useful_bits
from pprl.exchange.agreement.model import only_plain
from pprl.party.drafting.budgets import Proposal, reasoned_budgets
from pprl.party.drafting.passes import WithoutSound, passes_without_sound
from pprl.party.drafting.placeholders import FoundPlaceholders, find_placeholders, without
from pprl.party.reading.folding import fold
from pprl.party.reading.normalise import UNREADABLE, normaliser
from pprl.party.reading.people import check_frame
from pprl.tables.dates import recognise_format
from pprl.tables.frames import Table, as_frame

__all__ = ["Draft", "Guess", "draft_agreement"]

_SAMPLE, _DATE_SAMPLE = 1000, 200
"""Values that are looked at, and how many of them are read as dates, which is slower."""
_MOST_DATES, _MOST = 0.9, 0.8
"""The share of them that must look like dates, or like an e-mail address or a postcode, for a column to be one."""
_FEW_VALUES = 8
"""A sex has at most so many ways of writing it in one file.

These numbers are chosen; not sensitive: a person reads the draft, and corrects it, before anybody signs it.
"""

_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {  # pattern of a column's name -> (field name, type); the first that matches wins
        r"(given|first|fore|christian|vor)_?names?|imie|prenoms?|nombre": (
            "given_name",
            "given-name",
        ),
        r"(sur|last|family|nach)_?names?|nazwisko|nom|apellidos?": ("surname", "surname"),
        r"(full|person)_?names?": ("full_name", "full-name"),
        r"dob|(date_of_)?birth_?(date|day)|date_of_birth|born(_on)?|geburtsdatum|date_naissance": (
            "date_of_birth",
            "date",
        ),
        r"sex|gender|geschlecht|sexe": ("sex", "sex"),
        r"e_?mail(_address)?": ("email", "email"),
        r"(tele)?phone|mobile|telefon|tel": ("phone", "phone"),
        r"post_?(al_)?code|zip(_?code)?|plz": ("postcode", "postcode"),
        r"nhs|ssn|soc_?sec|insurance|passport|national_id|nino": ("identifier", "identifier"),
        r"street(_address)?|address(_?1|_line(_1)?)?|addr|strasse": ("address", "address"),
        r"town|city|suburb|locality|ort|place": ("locality", "locality"),
    }
)
_WHOLE: Mapping[str, tuple[str, str]] = MappingProxyType({"name": ("full_name", "full-name")})
_NOT = re.compile(
    r"(^|_)(of_birth_place|place_of_birth|birth_?place|birth_?names?|birth_country)($|_)"
)
_ID_END = re.compile(r"(^|_)(id|no|nr|ref|number|key|recid)$")
_ID = re.compile(rf"{_ID_END.pattern}|^(id|rec|record|patient|pupil|person)_")
_SKIP = re.compile(r"address_?2|(^|_)(state|country|county|region)($|_)")


@dataclass(frozen=True)
class Guess:
    """One column and what it is taken for.

    Attributes:
        column: the file's column.
        field: the agreement's field, or None when the column is left out.
        kind: the field type, ``id`` for the party's own ids, or ``""``.
        why: the reason in a few words.
        budget: the drafted budget and the reason for it, with figures of the file; "" where none was proposed.
    """

    column: str
    field: str | None
    kind: str
    why: str
    budget: str = ""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A drafted agreement.

    Attributes:
        toml: the text of ``linkage.toml``.
        guesses: every column of the file and what it was taken for.
        id_column: the column that looks like the party's own ids, if any.
        useful_bits: length in bits of the longest filter that the budgets can still fill as they should.
        without_sound: the names without a letter a to z and the blocking passes drafted for them; None where there are
            hardly any.
        placeholders: customary placeholders for missing values, of every column that holds some.
    """

    toml: str
    guesses: tuple[Guess, ...]
    id_column: str | None
    useful_bits: int
    without_sound: WithoutSound | None = None
    placeholders: tuple[FoundPlaceholders, ...] = ()

    def columns(self) -> dict[str, str]:
        """Return field -> column for fields whose column has another name."""
        return {g.field: g.column for g in self.guesses if g.field and g.field != g.column}

    def column_map(self) -> str:
        """Return the text of the file's column map: its columns, and the placeholders as missing values.

        No value of the file is in it but those that the list of customary placeholders knows.
        """
        lines = [
            "# Which columns answer the agreement's fields. Stays with the party.",
            "[columns]",
            *(f"{name} = {_quoted(column)}" for name, column in self.columns().items()),
        ]
        if self.placeholders:
            lines += [
                "",
                "# What this file holds in place of a missing value, as far as it is customary.",
                "# Take out what is a real value (a surname Null), and add what else your office writes.",
                "[missing]",
            ]
        for found in self.placeholders:
            values = ", ".join(map(_quoted, found.values))
            lines.append(f"{found.field} = [{values}]")
        return "\n".join(lines) + "\n"


def draft_agreement(
    frame: Table,
    *,
    project: str,
    profile: Profile = "record",
    bits: int | None = None,
) -> Draft:
    """Draft an agreement for a table like this one, as ``pprl init`` does.

    Args:
        frame: the whole table, all columns text; a pandas or polars DataFrame or a pyarrow Table.
        project: the linkage's name.
        profile: ``record`` for one filter per record, or ``fields`` for one filter per field.
        bits: length of a filter; None for the profile's default.

    Raises:
        DataError: no column looks like a field to link by.
        UsageError: the linkage's name is empty, longer than 200 characters or not plain text; or a path in place of
            the table.

    Example:
        >>> draft = pprl.draft_agreement(people, project="Health and education")
        >>> draft.id_column, draft.columns()["surname"]
        ('patient_no', 'last_name')
        >>> pprl.Agreement.from_toml(draft.toml).project
        'Health and education'
    """
    if not 0 < len(project) <= 200 or project != only_plain(project):
        raise UsageError(
            "the linkage's name must have 1 to 200 characters, none of them a control, format or other invisible one",
            hint='For example --project "Health and education".',
        )
    frame = as_frame(frame, what="draft_agreement")
    check_frame(frame, source="the table")
    found = _guesses(frame)
    guesses = [found[column] for column in frame.columns]
    fields = [(g.field, g.kind, g.column) for g in guesses if g.field]
    looked_at = [
        find_placeholders(frame[column].fillna(""), column=column, name=name, kind=kind)
        for name, kind, column in fields
    ]
    placeholders = tuple(found for found in looked_at if found)
    blank = {found.column: without(frame[found.column], found) for found in placeholders}
    if not fields:
        raise DataError(
            "no column looks like a name, a date, an address or another field to link by",
            hint="Does the first row hold the column names? Otherwise write the agreement by hand: docs/guide.md.",
        )
    proposed: Mapping[str, Proposal] = {}
    if profile == "record":
        proposed = reasoned_budgets(frame.assign(**blank), fields)
    weights = {name: proposal.budget for name, proposal in proposed.items()}
    budgets = scaled_budgets(weights, bits or DEFAULT_BITS[profile]) if weights else {}
    ids = [g.column for g in found.values() if g.kind == "id"]
    without_sound = passes_without_sound(frame, fields)
    return Draft(
        toml=agreement_toml(
            [(name, kind) for name, kind, _ in fields],
            project=project,
            profile=profile,
            bits=bits,
            weights=weights or None,
            reasons={name: proposal.words for name, proposal in proposed.items()},
            without_sound=without_sound.passes if without_sound else (),
        ),
        guesses=tuple(
            replace(g, budget=_in_words(budgets[g.field], proposed[g.field]))
            if g.field in budgets
            else g
            for g in guesses
        ),
        id_column=ids[0] if ids else None,
        useful_bits=useful_bits(profile, weights),
        without_sound=without_sound,
        placeholders=placeholders,
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _in_words(budget: int, proposal: Proposal) -> str:
    reasons = f": {proposal.figures}" if proposal.figures else ""
    return f"budget {budget}{reasons}"


def _snake(column: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column)
    return "_".join(fold(spaced).split())


def _guesses(frame: pd.DataFrame) -> dict[str, Guess]:
    """Return column -> guess; guesses by name come before guesses by values."""
    found: dict[str, Guess] = {}
    taken: dict[str, str] = {}
    for rule in (_guess_by_name, _guess_by_values):
        for column in frame.columns:
            guess = None if column in found else rule(column, frame[column])
            if guess is None:
                continue
            if guess.field in taken:
                first = taken[guess.field]
                why = f"looks like a second {guess.kind} beside {first!r}; add it yourself if it is needed"
                guess = Guess(column, None, "", why)
            elif guess.field:
                taken[guess.field] = column
            found[column] = guess
    return found


def _guess_by_name(column: str, values: pd.Series[str]) -> Guess | None:
    """Return what a column is by its name, or None if the name does not tell."""
    if len(values) and not any(value.strip() for value in values):
        return Guess(column, None, "", "has no values")
    name = _snake(column)
    if _SKIP.search(name):
        return Guess(column, None, "", "adds little to a town and a postcode")
    if name in _WHOLE:
        return Guess(column, *_WHOLE[name], "by its name")
    for pattern, (field, kind) in _NAMES.items():
        if not _NOT.search(name) and re.search(rf"(^|_)({pattern})($|_)", name):
            return Guess(column, field, kind, "by its name")
    if _ID.search(name) and _unique(values):
        return Guess(column, None, "id", "unique in every row, and named like an id")
    return None


def _unique(values: pd.Series[str]) -> bool:
    return bool(len(values)) and not (values.duplicated() | (values.str.strip() == "")).any()


def _reads_as_dates(values: list[str]) -> bool:
    formats = recognise_format(values)
    if not formats:
        return False
    read = sum(formats[0].parse(value) is not None for value in values)
    return read > _MOST_DATES * len(values)


def _guess_by_values(column: str, values: pd.Series[str]) -> Guess:
    present = [value for value in values.head(_SAMPLE) if value.strip()]
    if not present:
        return Guess(column, None, "", f"has no values in the first {_SAMPLE:,} rows")

    def share(pattern: str) -> float:
        return sum(1 for value in present if re.fullmatch(pattern, value.strip())) / len(present)

    if _reads_as_dates(present[:_DATE_SAMPLE]):
        # Plain numbers read as dates too, so their digits must look like one.
        if max(share(r".*[-/.].*"), share(r"(1[89]|20)\d{6}|\d{4}(19|20)\d\d")) > _MOST_DATES:
            return Guess(column, "date_of_birth", "date", "its values are dates")
    elif share(r"[^@\s]+@[^@\s]+\.\w+") > _MOST:
        return Guess(column, "email", "email", "its values are e-mail addresses")
    if share(r"(?i)[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}") > _MOST:
        return Guess(column, "postcode", "postcode", "its values look like postcodes")
    if _ID_END.search(_snake(column)):
        return Guess(column, None, "", "named like an id, but not unique in every row")
    sex = normaliser("sex")
    few = len(set(present)) <= _FEW_VALUES
    if few and all(not sex(value).startswith(UNREADABLE) for value in present):
        return Guess(column, "sex", "sex", "its few values read as a sex")
    if _unique(values):
        return Guess(column, None, "id", "unique in every row")
    return Guess(column, None, "", "not recognised")
