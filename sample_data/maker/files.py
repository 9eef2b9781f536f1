"""The sample: who is in which department's file, and the rows as the departments write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from .draw import Draw
from .errors import PairGuard, Scene, with_errors
from .people import Person, make_people
from .places import Places
from .records import Record, copy_of

__all__ = [
    "EDUCATION_COLUMNS", "HEALTH_COLUMNS", "TRUTH_COLUMNS", "Row", "Sample", "as_csv",
    "make_sample",
]  # fmt: skip

ROWS = 5000
IN_BOTH = 3000

HEALTH_COLUMNS = (
    "patient_no", "first_name", "last_name", "dob", "sex", "street", "town", "post_code",
)  # fmt: skip
EDUCATION_COLUMNS = (
    "pupil_ref", "given_names", "family_name", "birth_date", "gender", "address", "locality",
    "postcode",
)  # fmt: skip
TRUTH_COLUMNS = ("party", "id", "person")


@dataclass(frozen=True)
class Row:
    """One row of a department's file, the person it is about and the errors that were made."""

    values: tuple[str, ...]
    person: int
    errors: tuple[str, ...]


@dataclass(frozen=True)
class Sample:
    """Both departments' rows in file order, the truth about them, and the people in it all."""

    health: tuple[Row, ...]
    education: tuple[Row, ...]
    truth: tuple[tuple[str, str, str], ...]
    people: dict[int, Person]

    def as_files(self) -> dict[str, bytes]:
        """Return the bytes of the three files by name."""
        return {
            "health.csv": as_csv(HEALTH_COLUMNS, [row.values for row in self.health]),
            "education.csv": as_csv(EDUCATION_COLUMNS, [row.values for row in self.education]),
            "truth.csv": as_csv(TRUTH_COLUMNS, self.truth),
        }


def make_sample(seed: int) -> Sample:
    """Return the sample of a seed: 5,000 rows a department, 3,000 people in both."""
    places = Places(Draw(seed, 1))
    made = make_people(Draw(seed, 2), places, 2 * ROWS - IN_BOTH)
    draw = Draw(seed, 3)
    numbers = draw.shuffled(range(100000, 1000000))[: len(made)]
    people = dict(zip(numbers, made, strict=True))
    order = draw.shuffled(numbers)
    in_health, in_education = order[:ROWS], order[ROWS - IN_BOTH :]

    noise = Draw(seed, 4)
    copies: dict[str, dict[int, tuple[Record, tuple[str, ...]]]] = {"health": {}, "education": {}}
    members = {"health": set(in_health), "education": set(in_education)}
    for number, person in people.items():
        guard = PairGuard()
        scene = Scene(person, places, noise)
        careless = noise.one(("health", "education"))
        for party in ("health", "education"):
            if number in members[party]:
                copies[party][number] = with_errors(
                    copy_of(person), scene, careless=party == careless, guard=guard
                )

    ids = Draw(seed, 5)
    patients = iter(f"H{number:07d}" for number in ids.shuffled(range(1, 200000))[:ROWS])
    pupils = iter(f"E-{number}" for number in ids.shuffled(range(10000, 100000))[:ROWS])
    health = tuple(
        Row(_health_values(next(patients), record), number, errors)
        for number in ids.shuffled(in_health)
        for record, errors in [copies["health"][number]]
    )
    education = tuple(
        Row(_education_values(next(pupils), record), number, errors)
        for number in ids.shuffled(in_education)
        for record, errors in [copies["education"][number]]
    )
    truth = sorted(
        (party, row.values[0], str(row.person))
        for party, rows in (("health", health), ("education", education))
        for row in rows
    )
    return Sample(health, education, tuple(truth), people)


def as_csv(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> bytes:
    """Return a CSV file in UTF-8 with a header and LF line ends."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")


def _health_values(local_id: str, record: Record) -> tuple[str, ...]:
    born = ""
    if record.year is not None:
        born = f"{record.day or 0:02d}/{record.month or 0:02d}/{record.year}"
    return (
        local_id, record.given_names, record.surname, born, record.sex, record.address, record.town,
        record.postcode,
    )  # fmt: skip


def _education_values(local_id: str, record: Record) -> tuple[str, ...]:
    known = (record.month, record.day)
    born = "" if record.year is None else str(record.year)
    born += "".join(f"-{part:02d}" for part in known if part is not None)
    gender = {"F": "female", "M": "male", "": ""}[record.sex]
    return (
        local_id, record.given_names, record.surname, born, gender, record.address, record.town,
        record.postcode,
    )  # fmt: skip
