"""Measured properties of a sample, as Markdown tables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from .errors import KINDS
from .files import EDUCATION_COLUMNS, HEALTH_COLUMNS, Row, Sample
from .records import without_accents

__all__ = ["agreeing_form", "describe", "linked_pairs"]

FIELDS = ("given names", "surname", "date of birth", "sex", "address", "town", "postcode")

_LONG_WORDS = {
    "st": "street", "rd": "road", "ave": "avenue", "ln": "lane", "cl": "close", "dr": "drive",
    "cres": "crescent", "terr": "terrace", "pl": "place", "gdns": "gardens", "ct": "court",
    "sq": "square", "apt": "flat",
}  # fmt: skip


def describe(sample: Sample) -> str:
    """Return what was measured in the sample's rows: sizes, missing values, differences, errors."""
    pairs = linked_pairs(sample)
    return "\n\n".join(
        (_sizes(sample, pairs), _missing(sample), _differences(pairs), _errors(sample))
    )


def linked_pairs(sample: Sample) -> list[tuple[Row, Row]]:
    """Return the health row and the education row of everybody who has both."""
    education = {row.person: row for row in sample.education}
    return [(row, education[row.person]) for row in sample.health if row.person in education]


def agreeing_form(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return a row's values without what is only form, in the order of `FIELDS`.

    Form is letter case, accents, spaces and commas, the way of writing dates and sex, shortened
    street words and the place of the flat's number.
    """
    _, given, surname, born, sex, address, town, postcode = values
    parts = re.split("[/-]", born)
    if "/" in born:
        parts = [part for part in reversed(parts) if part != "00"]
    words = re.split(r"[ ,/]+", _plain(address))
    place = sorted(_LONG_WORDS.get(word, word) for word in words)
    return (
        _plain(given), _plain(surname), "-".join(parts), sex[:1].upper(),
        " ".join(word for word in place if word != "flat"), _plain(town),
        postcode.replace(" ", ""),
    )  # fmt: skip


def _plain(text: str) -> str:
    return without_accents(text).lower()


def _sizes(sample: Sample, pairs: list[tuple[Row, Row]]) -> str:
    people = sample.people.values()
    lines = (
        ("rows in health.csv", len(sample.health)),
        ("rows in education.csv", len(sample.education)),
        ("people in all", len(sample.people)),
        ("people in both files", len(pairs)),
        ("share of each file's people in both", _share(len(pairs), len(sample.health))),
        ("people who are twins", sum(person.twin for person in people)),
        ("sons named after their father", sum(person.named_after_father for person in people)),
        ("different surnames", len({person.surname for person in people})),
        ("surnames that one household has", _rare_surnames(sample)),
        ("different postcodes", len({person.home.postcode for person in people})),
    )
    return _table(("measure", "value"), [(name, _figure(value)) for name, value in lines])


def _rare_surnames(sample: Sample) -> int:
    households = {(person.surname, person.home) for person in sample.people.values()}
    homes = Counter(surname for surname, _ in households)
    return sum(count == 1 for count in homes.values())


def _missing(sample: Sample) -> str:
    lines = []
    for at in range(1, len(HEALTH_COLUMNS)):
        shares = [
            _share(sum(not row.values[at] for row in rows), len(rows))
            for rows in (sample.health, sample.education)
        ]
        lines.append((f"`{HEALTH_COLUMNS[at]}`, `{EDUCATION_COLUMNS[at]}`", *shares))
    shares = [
        _share(sum(_partial(row.values[3]) for row in rows), len(rows))
        for rows in (sample.health, sample.education)
    ]
    lines.append(("date of birth in part", *shares))
    return _table(("missing", "health", "education"), lines)


def _partial(born: str) -> bool:
    return born.startswith("00/") or len(born) in (4, 7)


def _differences(pairs: list[tuple[Row, Row]]) -> str:
    counts: Counter[str] = Counter()
    for health, education in pairs:
        forms = zip(agreeing_form(health.values), agreeing_form(education.values), strict=True)
        differ = [name for name, (one, two) in zip(FIELDS, forms, strict=True) if one != two]
        counts.update(differ)
        counts["any field"] += bool(differ)
        counts["two fields or more"] += len(differ) >= 2
    lines = [
        (name, _figure(counts[name]), _share(counts[name], len(pairs)))
        for name in ("any field", "two fields or more", *FIELDS)
    ]
    return _table(("difference beyond form", "linked pairs", "share"), lines)


def _errors(sample: Sample) -> str:
    health = Counter(kind for row in sample.health for kind in row.errors)
    education = Counter(kind for row in sample.education for kind in row.errors)
    lines = [
        (f"`{kind.name}`", _figure(health[kind.name]), _figure(education[kind.name]))
        for kind in KINDS
    ]
    return _table(("error", "rows in health", "rows in education"), lines)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def _figure(value: int | str) -> str:
    return value if isinstance(value, str) else f"{value:,}"


def _table(head: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> str:
    rule = ("---", *("---:" for _ in head[1:]))
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *lines))
