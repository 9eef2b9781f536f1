"""One party's file: made block by block, from people to text, to errors, to the party's own way of writing.

people -> text -> errors -> the party's form -> file, and one line of truth for each row
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pprl.base.arrays import Floats, Int64s
from pprl.synth.draw import hashed
from pprl.synth.errors.apply import BLOCK
from pprl.synth.errors.corruptor import Corruptor, ErrorCounts, household_means
from pprl.synth.files.forms import Form, write_form
from pprl.synth.files.writing import open_writer
from pprl.synth.people.population import Population

if TYPE_CHECKING:
    from pprl.base.progress import ShareDone

__all__ = ["Party", "Watch", "WrittenFile", "write_party"]

COUNT_EVERY, COUNT_ROWS = 8, 20_000
"""In the first 20,000 rows of every eighth block it is counted where each error is possible; the measured rates are
from these rows. Chosen; not sensitive: at a rate of 2 %, 20,000 rows give a standard error of 0.1 percentage points."""

_FEWEST_DIGITS = 6
"""Digits of an id, at least. Chosen; not sensitive: an id has no meaning."""

Watch = Callable[[str, Int64s, dict[str, Any]], None]
"""Called with each block that is written: the party, the people, and their text by field, errors included."""


@dataclass(frozen=True, kw_only=True)
class Party:
    """A party, ready to write its file.

    Attributes:
        name: the party's name.
        form: how it writes.
        corruptor: makes its errors.
        fields: the fields that its errors look at; more than it writes.
    """

    name: str
    form: Form
    corruptor: Corruptor
    fields: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class WrittenFile:
    """A party's file as it was written.

    Attributes:
        name: of the file.
        id: column of the party's record ids.
        sha256: of the file, in hex.
        rows: in the file.
        people: in the file.
        rows_counted: rows in which it was counted where each error is possible.
        counts: the errors.
        by_errors: number of records with 0, 1, 2 ... errors.
    """

    name: str
    id: str
    sha256: str
    rows: int
    people: int
    rows_counted: int
    counts: ErrorCounts
    by_errors: Int64s


def write_party(
    party: Party,
    people: Population,
    rows: Int64s,
    paths: tuple[Path, Path],
    *,
    factor: Floats | None,
    progress: ShareDone,
    watch: Watch | None = None,
) -> WrittenFile:
    """Write a party's file and its part of the truth.

    Args:
        party: whose file.
        people: everybody.
        rows: the person of each row, in the file's order.
        paths: of the party's file (CSV or Parquet, by its suffix), and of the truth, to which lines are added.
        factor: for each person, what their error rates are multiplied by.
        progress: told the share that is written.
        watch: sees each block.
    """
    path, truth_path = paths
    digits = max(_FEWEST_DIGITS, len(str(len(rows))) + 1)
    shared = None if factor is None else household_means(people.residents.household, factor)
    total, by_errors, counted = ErrorCounts(), np.zeros(1, dtype=np.int64), 0
    with open_writer(path) as writer, truth_path.open("ab") as truth:
        for start in range(0, max(1, len(rows)), BLOCK):  # an empty file has a header too
            block = start // BLOCK
            count_first = COUNT_ROWS if block % COUNT_EVERY == 0 else 0
            persons = rows[start : start + BLOCK]
            columns = people.text(persons, party.fields)
            homes = people.residents.household[persons]
            counts = party.corruptor.run(
                columns,
                (people.seed, party.name, block),
                factor=None if factor is None else factor[persons],
                household=homes,
                household_factor=None if shared is None else shared[homes],
                count_first=count_first,
            )
            counted += min(len(persons), count_first)
            total.add(counts)
            by_errors = _added(by_errors, _by_errors(counts, len(persons)))
            if watch is not None:
                watch(party.name, persons, columns)
            ids = _ids(party.name, people.seed, start, len(persons), digits)
            writer.write(write_form(party.form, people.country.date_format, ids, columns))
            truth.write(_truth_lines(party.name, ids, persons))
            progress(min(1.0, (start + BLOCK) / max(1, len(rows))))
    return WrittenFile(
        name=path.name,
        id=party.form.id,
        sha256=_sha256(path),
        rows=len(rows),
        people=len(np.unique(rows)),
        rows_counted=counted,
        counts=total,
        by_errors=by_errors,
    )


def _by_errors(counts: ErrorCounts, records: int) -> Int64s:
    """Return how many of a block's records have 0, 1, 2 ... errors."""
    errors = np.zeros(records, dtype=np.int64)
    for rows in counts.rows.values():
        errors[rows] += 1
    return np.bincount(errors)


def _ids(party: str, seed: int, start: int, count: int, digits: int) -> Any:
    """Return ids that look like a party's own: unique, and without meaning."""
    space = 10**digits
    offset = int(hashed([0], seed, "ids", party)[0] % np.uint64(space))
    step = 7 * 10 ** (digits - 2) + 13  # has no factor in common with a power of ten
    numbers = (np.arange(start, start + count, dtype=np.int64) * step + offset) % space
    text = pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), digits, "0")
    return pc.binary_join_element_wise(party[0].upper(), text, "")


def _truth_lines(party: str, ids: Any, people: Int64s) -> bytes:
    lines = pc.binary_join_element_wise(party, ids, pc.cast(pa.array(people), pa.string()), ",")
    return ("\n".join(lines.to_pylist()) + "\n").encode() if len(people) else b""


def _added(left: Int64s, right: Int64s) -> Int64s:
    """Return the sum of two arrays, the shorter one filled up with zeros."""
    size = max(len(left), len(right))
    return np.pad(left, (0, size - len(left))) + np.pad(right, (0, size - len(right)))


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
