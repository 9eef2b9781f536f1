"""How a party writes its file: column names, joined columns, date format, letter case, codes for sex."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pprl.base.errors import UsageError
from pprl.synth.people.fields import FIELDS
from pprl.tables.columns import suggest
from pprl.tables.dates import DateFormat

__all__ = ["CASES", "FORMS", "PRECISIONS", "Form", "column_map_toml", "write_form"]

CASES = ("as-is", "upper", "lower")
PRECISIONS = ("day", "month", "year")


@dataclass(frozen=True, kw_only=True)
class Form:
    """One party's way of writing.

    Attributes:
        id: column of the party's own record ids.
        columns: for each column, the fields that it holds, joined by a space.
        date_format: for example ``DD/MM/YYYY``; empty for the country's usual format.
        date_precision: how much of a date of birth the party holds: ``day`` (all of it), ``month`` or ``year``.
        case: ``as-is``, ``upper`` or ``lower``, for all text except the postcode.
        sex: how female and male are written.

    Raises:
        UsageError: a form that can't be written, or couldn't be read back.
    """

    id: str = "id"
    columns: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: MappingProxyType({name: (name,) for name in FIELDS})
    )
    date_format: str = "YYYY-MM-DD"
    date_precision: str = "day"
    case: str = "as-is"
    sex: tuple[str, str] = ("F", "M")

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", MappingProxyType(dict(self.columns)))
        if self.date_format:
            DateFormat(self.date_format)
            if "MON" in self.date_format:
                raise UsageError(
                    f"{self.date_format} writes months in letters, which made-up files can't",
                    hint="Choose a format with digits only, for example DD/MM/YYYY.",
                )
        if self.date_precision not in PRECISIONS:
            raise UsageError(
                f"a date of birth can't be held to the {self.date_precision!r}",
                hint=suggest(self.date_precision, PRECISIONS, "Precisions"),
            )
        if self.case not in CASES:
            raise UsageError(
                f"there is no letter case {self.case!r}",
                hint=suggest(self.case, CASES, "Letter cases"),
            )
        if self.id in self.columns:
            raise UsageError(
                f"the column {self.id} would hold both the ids and a field",
                hint="Give the column of the ids another name.",
            )
        dates = [column for column, parts in self.columns.items() if "date_of_birth" in parts]
        if len(dates) > 1 or any(len(self.columns[column]) > 1 for column in dates):
            raise UsageError(
                "the date of birth is in two columns, or shares its column with another field",
                hint="Give it one column of its own.",
            )
        if len(self.sex) != 2 or not all(self.sex) or self.sex[0] == self.sex[1]:
            raise UsageError(
                "the codes for sex must be two different texts",
                hint='For example sex = ["F", "M"].',
            )


def _plain(*names: str) -> dict[str, tuple[str, ...]]:
    return {name: (part,) for name, part in zip(names, FIELDS, strict=True)}


FORMS: tuple[Form, ...] = (
    Form(
        id="record_no",
        columns=_plain(
            "first_name", "middle_name", "last_name", "dob", "sex", "address", "town", "postcode"
        ),
        date_format="",
    ),
    Form(
        id="person_ref",
        columns={
            "given_names": ("given_name", "middle_name"),
            "family_name": ("surname",),
            "birth_date": ("date_of_birth",),
            "gender": ("sex",),
            "street": ("address",),
            "locality": ("locality",),
            "post_code": ("postcode",),
        },
        case="upper",
        sex=("female", "male"),
    ),
    Form(
        id="case_id",
        columns={
            "surname": ("surname",),
            "forename": ("given_name",),
            "middle_names": ("middle_name",),
            "gender": ("sex",),
            "date_of_birth": ("date_of_birth",),
            "address_line": ("address",),
            "city": ("locality",),
            "zip": ("postcode",),
        },
        date_format="YYYYMMDD",
        case="lower",
        sex=("f", "m"),
    ),
)
"""Parties without a form of their own take these in turn. Chosen: they differ in as much as real ones do."""


def write_form(
    form: Form, country_date_format: str, ids: pa.Array, columns: Mapping[str, Any]
) -> pa.Table:
    """Return a block of the party's file as a table of text.

    Args:
        form: how the party writes.
        country_date_format: used if the form leaves the date format open.
        ids: the party's record ids.
        columns: canonical text by field: arrow arrays or object arrays of one length.
    """
    text = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    if "date_of_birth" in text:
        born = _coarsened(text["date_of_birth"], form.date_precision)
        text["date_of_birth"] = _dates(born, form.date_format or country_date_format)
    if "sex" in text:
        written = pa.array(["", *form.sex], pa.string())
        text["sex"] = written.take(pc.index_in(text["sex"], pa.array(["", "F", "M"], pa.string())))
    if form.case != "as-is":
        turn = pc.utf8_upper if form.case == "upper" else pc.utf8_lower
        for name in (
            "given_name",
            "middle_name",
            "surname",
            "former_surname",
            "address",
            "locality",
        ):
            if name in text:
                # Registers in capitals write ß as SS; the capital letter ẞ is for signs.
                text[name] = pc.replace_substring(turn(text[name]), "ẞ", "SS")
    made = {form.id: ids}
    for column, parts in form.columns.items():
        held = [text[name] for name in parts]
        made[column] = held[0] if len(held) == 1 else _join(held)
    return pa.table(made)


def column_map_toml(form: Form, country_date_format: str, *, own_names: bool = False) -> str:
    """Return the text of a column map (`--columns`): which columns answer which field of an agreement.

    Args:
        form: how the party writes.
        country_date_format: used if the form leaves the date format open.
        own_names: the agreement's fields have the same names as the columns.
    """
    if own_names:
        return _own_names_toml(form, form.date_format or country_date_format)
    lines = [
        "# How this file's columns answer the agreement's fields. Stays with the party.",
        "[columns]",
    ]
    answered: dict[str, list[str]] = {}
    for column, parts in form.columns.items():
        # Middle names are part of the given name: an encoding doesn't tell which of the names somebody uses.
        name = "given_name" if parts[0] == "middle_name" else parts[0]
        answered.setdefault(name, []).append(column)
    order = [name for name in FIELDS if name in answered]
    order += [name for name in answered if name not in FIELDS]
    for name in order:
        columns = sorted(
            answered[name], key=lambda column: form.columns[column][0] == "middle_name"
        )
        quoted = ", ".join(f'"{column}"' for column in columns)
        lines.append(f"{name} = {quoted}" if len(columns) == 1 else f"{name} = [{quoted}]")
    if "date_of_birth" in answered:
        lines += ["", "[dates]", f'date_of_birth = "{form.date_format or country_date_format}"']
    return "\n".join(lines) + "\n"


def _own_names_toml(form: Form, date_format: str) -> str:
    lines = ["# The columns have the names of the agreement's fields.", "[columns]"]
    lines += [f'{column} = "{column}"' for column in form.columns]
    dates = [column for column, parts in form.columns.items() if parts == ("date_of_birth",)]
    if dates:
        lines += ["", "[dates]", *(f'{column} = "{date_format}"' for column in dates)]
    return "\n".join(lines) + "\n"


def _join(parts: Sequence[Any]) -> Any:
    """Join the parts with a space; a part without a value leaves none behind."""
    joined = parts[0]
    for part in parts[1:]:
        alone = pc.or_(pc.equal(joined, ""), pc.equal(part, ""))
        joined = pc.binary_join_element_wise(joined, pc.if_else(alone, "", " "), part, "")
    return joined


_UNKNOWN_PARTS = {"month": (7, "-00"), "year": (4, "-00-00")}
"""Characters of a canonical date that are known, and what stands for the rest."""


def _coarsened(values: Any, precision: str) -> Any:
    """Return canonical dates of which no more than the year, or year and month, is known."""
    if precision not in _UNKNOWN_PARTS:
        return values
    known, rest = _UNKNOWN_PARTS[precision]
    cut = pc.binary_join_element_wise(pc.utf8_slice_codeunits(values, 0, known), rest, "")
    return pc.if_else(pc.equal(values, ""), "", cut)


def _dates(values: Any, spec: str) -> Any:
    """Return canonical dates in the party's format; unknown parts are zeros, or are left out at the end."""
    year, month, day = (
        pc.utf8_slice_codeunits(values, start, stop) for start, stop in ((0, 4), (5, 7), (8, 10))
    )
    pieces = {"YYYY": year, "MM": month, "DD": day}
    order = DateFormat(spec).order
    separator = next((char for char in spec if not char.isalpha()), "")
    written = pc.binary_join_element_wise(*(pieces[part] for part in order), separator)
    if order[0] == "YYYY" and separator:
        written = pc.replace_substring_regex(written, f"(?:{_escaped(separator)}00){{1,2}}$", "")
    return pc.if_else(pc.equal(values, ""), "", written)


def _escaped(separator: str) -> str:
    return "\\" + separator if separator in "./-" else separator
