"""The plan of a made-up population: everything that decides its bytes, as one frozen model.

A plan comes from the options of `pprl synth`, from a TOML file (`--plan`), or from Python. All of it goes into
`about.json`.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from pprl.base.errors import DataError, UsageError
from pprl.synth.files.forms import FORMS, Form
from pprl.synth.making.groups import Group
from pprl.synth.people.fields import FIELDS
from pprl.synth.people.population import FIRST_YEAR, LAST_YEAR, MOST_PEOPLE
from pprl.tables.bounded import read_bounded
from pprl.tables.columns import suggest

__all__ = ["PartyPlan", "PopulationPlan", "check_columns", "load_plan", "merged_plan"]

MOST_FILES = 20
"""Chosen; not sensitive: parties beyond z would also need names."""
MOST_ROWS = 100
"""Chosen; not sensitive: beyond it a file of events is a file of readings."""
_SIZE_LIMIT = 1 << 20
"""Bytes of a plan file at most. Chosen; not sensitive: a plan has a few kilobytes."""

Share = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(ge=0, le=20)]
"""What error rates are multiplied by. The limit is chosen; not sensitive: the rates themselves may not pass 1."""
PartyName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


def _column(text: str) -> str:
    if not text.isprintable() or any(char in text for char in '"\\') or text != text.strip():
        raise ValueError(
            "a column's name can't have quotes, backslashes, control characters or outer spaces"
        )
    if not any(char.isalpha() for char in text):
        raise ValueError("a column's name needs a letter, or the first row would look like data")
    return text


# The longest name is chosen; not sensitive: hardly any file has a longer one.
ColumnName = Annotated[
    str, StringConstraints(min_length=1, max_length=100), AfterValidator(_column)
]

_TAKEN = ("truth", "people", "about", "linkage")
"""Names of the other files in the folder."""
_DEVICE = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")
"""Names that Windows takes for devices, whatever the suffix."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


LATER: Mapping[str, Any] = MappingProxyType(
    {"split_families": None, "han_names": 0.0, "date_precision": "day", "most_rows": None}
)
"""Entries that the first plans did not have, and their defaults."""


class PartyPlan(_Part):
    """One party's file.

    Attributes:
        name: the party's name, and the file's.
        id, columns, date_format, case, sex: how it writes, see :class:`pprl.synth.files.forms.Form`; whatever is left
            out comes from the built-in forms, in turn.
        rates: error rates that differ from the plan's.
        error_factor: multiplies all of this party's rates.
        date_precision: how much of a date of birth it holds: ``day``, ``month`` or ``year``.
        duplicates: share of its people who have a second row.
        most_rows: a file of events: each of its people has 1 to so many rows, equally likely, and no other duplicates.
        coverage: weights from 0 to 1 by age (``"0-17"``) or group (``"origin=polish"``): how readily the file takes
            such a person, compared with 1 for people who are in none of the groups. Weights of several groups are
            multiplied. Everybody is in at least one file and the overlap is met first, so the shares that come out
            differ: `about.json` has them.
    """

    name: PartyName
    id: ColumnName | None = None
    columns: dict[ColumnName, tuple[str, ...]] | None = None
    date_format: str | None = None
    case: Literal["as-is", "upper", "lower"] | None = None
    sex: tuple[str, str] | None = None
    date_precision: Literal["day", "month", "year"] = "day"
    rates: dict[str, float] = Field(default_factory=dict)
    error_factor: Factor = 1.0
    duplicates: Share | None = None
    most_rows: int | None = Field(default=None, ge=1, le=MOST_ROWS)
    coverage: dict[str, Share] = Field(default_factory=dict)

    @field_validator("coverage")
    @classmethod
    def _groups(cls, value: dict[str, float]) -> dict[str, float]:
        for text in value:
            Group.of_coverage(text)
        return value

    def form(self, place: int) -> Form:
        """Return the party's form; `place` chooses the built-in form that fills the gaps."""
        base = FORMS[place % len(FORMS)]
        return Form(
            id=self.id or base.id,
            columns=self.columns or base.columns,
            date_format=base.date_format if self.date_format is None else self.date_format,
            date_precision=self.date_precision,
            case=self.case or base.case,
            sex=self.sex or base.sex,
        )


class PopulationPlan(_Part):
    """Everything that decides a made-up population; the same plan and version give the same bytes.

    Build one with :meth:`from_dict`, which explains what is wrong.

    Attributes:
        people: how many there are; each is in at least one file.
        files: number of parties.
        overlap: share of the average file's people who are in any given other file.
        country: whose names, places and forms.
        towns: everybody lives in this many towns, chosen by the seed; None: all over the country.
        profile: error rates to begin with: ``none``, ``light``, ``typical``, ``heavy`` or ``register``.
        seed: of every draw.
        as_of: the day on which people's ages are taken.
        rates: rates that differ from the profile's, by the error's name.
        dependence: from 0 to 1, how much errors gather in careless records; None: the profile's.
        duplicates: share of a file's people who have a second row; None: the profile's.
        split_families: share of the pairs of twins, of brothers and sisters, and of parent and child who are in one
            file each, and in different ones, beside those that chance splits; as many as the overlap allows. It can't
            be combined with a coverage. None: the profile's, and none if a party has a coverage.
        han_names: share of the households whose names are written in Han characters, in every file alike: a surname of
            one character, a given name of two, no middle name.
        error_factors: by group (``age=65-120``, ``sex=F``, ``origin=polish``), what its rates are multiplied by.
        party: the parties; unnamed ones get the names a, b, c ... and the built-in forms.
        output: ``csv`` or ``parquet``.
        groups: also write ``people.csv``: each person's household, sex, year of birth and origin.
    """

    format: Literal["pprl-synth-plan/1"] = "pprl-synth-plan/1"
    people: int = Field(default=10_000, ge=1, le=MOST_PEOPLE)
    files: int = Field(default=2, ge=1, le=MOST_FILES)
    overlap: Share = 0.5
    country: str = "gb"
    towns: int | None = Field(default=None, ge=1)
    profile: str = "typical"
    seed: int = Field(default=1, ge=0, lt=1 << 63)
    as_of: str = "2026-01-01"
    rates: dict[str, float] = Field(default_factory=dict)
    dependence: Share | None = None
    duplicates: Share | None = None
    split_families: Share | None = None
    han_names: Share = 0.0
    error_factors: dict[str, Factor] = Field(default_factory=dict)
    party: tuple[PartyPlan, ...] = ()
    output: Literal["csv", "parquet"] = "csv"
    groups: bool = False

    @field_validator("as_of")
    @classmethod
    def _day(cls, value: str) -> str:
        try:
            day = date.fromisoformat(value)
        except ValueError:
            raise ValueError("must be a date as YYYY-MM-DD") from None
        if not FIRST_YEAR <= day.year <= LAST_YEAR or value != day.isoformat():
            raise ValueError(f"must be a date as YYYY-MM-DD between {FIRST_YEAR} and {LAST_YEAR}")
        return value

    @field_validator("error_factors")
    @classmethod
    def _groups(cls, value: dict[str, float]) -> dict[str, float]:
        for text in value:
            Group.parse(text)
        return value

    @model_validator(mode="after")
    def _contradictions(self) -> PopulationPlan:
        for party in self.party:
            if party.most_rows is not None and party.duplicates is not None:
                raise ValueError(
                    f"the party {party.name!r} has both most_rows and duplicates; give one of them"
                )
        if self.split_families and any(party.coverage for party in self.party):
            raise ValueError("split_families can't be combined with a party's coverage")
        if self.split_families and self.files < 2:
            raise ValueError("split_families needs two files or more")
        return self

    @model_validator(mode="after")
    def _parties(self) -> PopulationPlan:
        if len(self.party) > self.files:
            raise ValueError(f"{len(self.party)} parties are named, but files is {self.files}")
        names = [party.name for party in self.parties()]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"the party {name!r} is named twice")
            if name in _TAKEN or _DEVICE.fullmatch(name):
                raise ValueError(
                    f"a party can't be called {name!r}, which is the name of another file"
                )
        return self

    def parties(self) -> tuple[PartyPlan, ...]:
        """Return all parties, with those that the plan does not name."""
        taken = {party.name for party in self.party}
        letters = [letter for letter in "abcdefghijklmnopqrstuvwxyz" if letter not in taken]
        more = (PartyPlan(name=name) for name in letters[: self.files - len(self.party)])
        return (*self.party, *more)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain values, every default filled in.

        `LATER` entries are left out at their default, so that `about.json` of an earlier plan keeps its bytes.
        """
        told = self.model_dump(mode="json")
        for entries in (told, *told["party"]):
            for name, default in LATER.items():
                if name in entries and entries[name] == default:
                    del entries[name]
        return told

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], *, source: str = "") -> PopulationPlan:
        """Check and freeze a plan given as plain values.

        Args:
            content: the entries.
            source: the file that they come from, for messages.

        Raises:
            UsageError: an unknown or contradictory entry, which it names; a DataError if there is a `source`.
        """
        try:
            return cls.model_validate_json(json.dumps(dict(content), default=str))
        except ValidationError as error:
            raise _explain(error, source) from None
        except (TypeError, ValueError, RecursionError) as error:
            raise UsageError(
                f"{_said(source)}an entry has a value of a kind that no entry takes"
            ) from error


def load_plan(path: Path | str) -> dict[str, Any]:
    """Read a plan file (TOML) as plain values, for :meth:`PopulationPlan.from_dict`.

    Raises:
        DataError: the file is missing, unreadable, too long, or not TOML.
    """
    path = Path(path)
    text = read_bounded(path, what="a plan", limit=_SIZE_LIMIT)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(
            f"{path}: is not valid TOML: {error}", hint="docs/synth.md shows a plan to begin with."
        ) from None


def merged_plan(
    content: Mapping[str, Any],
    entries: Mapping[str, Any],
    *,
    parties: Sequence[str] = (),
    rates: Mapping[str, float] | None = None,
    error_factors: Mapping[str, float] | None = None,
) -> PopulationPlan:
    """Return the plan of a file's content and of entries that win over it.

    Args:
        content: plain values, from :func:`load_plan`; empty without a file.
        entries: single entries, which replace those of the content.
        parties: names of the parties, if the content has none; there are at least so many files.
        rates, error_factors: added to those of the content.

    Raises:
        UsageError: an unknown or contradictory entry, or parties named twice over.
    """
    merged: dict[str, Any] = {**content, **entries}
    if parties:
        if isinstance(merged.get("party"), list) and merged["party"]:
            raise UsageError(
                "the plan already names the parties",
                hint="Leave out --party, or the plan's [[party]].",
            )
        merged["party"] = [{"name": name} for name in parties]
        merged["files"] = entries.get("files") or max(len(parties), merged.get("files", 2))
    for name, numbers in (("rates", rates), ("error_factors", error_factors)):
        if numbers:
            merged[name] = {**merged.get(name, {}), **numbers}
    return PopulationPlan.from_dict(merged)


def check_columns(party: PartyPlan, known: tuple[str, ...] = FIELDS) -> None:
    """Refuse a party whose columns hold fields that don't exist.

    Raises:
        UsageError: an unknown field, with the nearest name.
    """
    for column, parts in (party.columns or {}).items():
        if not parts:
            raise UsageError(
                f"party {party.name}: the column {column!r} holds no field",
                hint=f"Fields: {', '.join(known)}.",
            )
        for part in parts:
            if part not in known:
                raise UsageError(
                    f"party {party.name}: the column {column!r} would hold {part!r}, which is not a field",
                    hint=suggest(part, known, "Fields"),
                )


_LIMITS = {
    "greater_than_equal": "at least",
    "less_than_equal": "at most",
    "less_than": "below",
}
_HINTS = {
    "overlap": "It is the share of the average file's people who are in any given other file, from 0 to 1.",
    "people": "All files together hold this many people.",
    "as_of": "For example 2026-01-01.",
}


_WORDS = {
    "missing": "is missing",
    "finite_number": "must be a number",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "string_type": "must be text, in quotes",
    "bool_type": "must be true or false",
    "dict_type": "must be a table of names and values",
    "tuple_type": "must be a list",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
}


def _explain(error: ValidationError, source: str) -> DataError | UsageError:
    problem = error.errors(include_url=False)[0]
    loc = problem["loc"]
    kind = DataError if source else UsageError
    where = ""
    for step in loc:
        where += f"[{step + 1}]" if isinstance(step, int) else (f".{step}" if where else str(step))
    if problem["type"] == "extra_forbidden":
        model = PartyPlan if loc[0] == "party" else PopulationPlan
        return kind(
            f"{_said(source)}unknown entry {where!r}",
            hint=suggest(str(loc[-1]), list(model.model_fields), "Entries"),
        )
    message = problem["msg"].removeprefix("Value error, ")
    message = _WORDS.get(problem["type"], message)
    if problem["type"] in _LIMITS:
        limit = next(iter(problem["ctx"].values()))
        shown = f"{limit:,}" if isinstance(limit, int) else f"{limit:g}"
        message = f"must be {_LIMITS[problem['type']]} {shown}"
    elif problem["type"] == "string_pattern_mismatch":
        message = "must consist of at most 40 small letters, digits, - and _"
    elif problem["type"] == "literal_error":
        message = f"must be {problem['ctx']['expected']}"
    elif loc == ("party",) and problem["type"] == "tuple_type":
        message = "must be an array of tables: write [[party]]"
    hint = _HINTS.get(where, "docs/synth.md shows a plan; `pprl synth --help` the options.")
    return kind(f"{_said(source)}{where + ': ' if where else ''}{message}", hint=hint)


def _said(source: str) -> str:
    return f"{source}: " if source else ""
