"""The look-alike page: one HTML file that compares made-up files with the aggregate figures of a real one.

It shows only counts and rates: no values, no ids. The same figures give the same text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from pprl.base.words import plural, points, whole
from pprl.page.html import render_page
from pprl.synth.likeness.charts import MOST_SERIES, draw_lookalike, plain
from pprl.synth.likeness.differences import KINDS
from pprl.synth.likeness.disclosure import Disclosure
from pprl.synth.likeness.figures_file import Differences, Figures
from pprl.synth.likeness.gaps import MEASURES, Gap, compare, compare_differences, kind_shares

__all__ = ["render_lookalike"]

_COPIES = "made-up copies"
_MORE_THAN_CHANCE = 2
"""Pairs of fields that are missing together more often than this times as by chance are listed. Chosen; not sensitive:
it only keeps the table short."""


def render_lookalike(
    made: Mapping[str, Figures],
    reference: Figures | None = None,
    *,
    about: Mapping[str, Any] | None = None,
    disclosure: Disclosure | None = None,
    between: Differences | None = None,
) -> str:
    """Return the page.

    Args:
        made: figures of each party's file.
        reference: figures of a real file; without them the page only describes the made-up files.
        about: the content of ``about.json``; whatever it lacks is left out.
        disclosure: the office's own tables that the generator was fitted to.
        between: how records of one person differ, over all files; without it, records of one person within a file are
            compared.
    """
    about = about or {}
    copies = _copies(made, between)
    gaps = _gaps(made, reference, copies)
    errors = _errors(about)
    sentences = {name: _sentence(name, gaps) for name in MEASURES}
    charts = draw_lookalike(
        made,
        reference,
        errors=errors,
        copies=copies,
        gaps={k: v for k, v in sentences.items() if v},
    )
    content = {
        "title": _title(made, about),
        "verdict": list(_verdict(made, reference, gaps)),
        "unsure": reference is None or not all(gap.alike for gap in gaps),
        "tiles": list(_tiles(made, reference, about, gaps)),
        "gaps": _gap_table(gaps, list(dict.fromkeys(gap.party for gap in gaps))),
        "files": [_file(name, figures) for name, figures in made.items()]
        + ([_file("reference", reference)] if reference else []),
        "differences": _difference_table(copies, reference),
        "together": _together(made, reference),
        "errors": _error_table(errors),
        "disclosure": _disclosure(disclosure, reference),
        "tables": list(disclosure.tables.items()) if disclosure else [],
        "plan": list(_flat(about.get("plan", {}))),
        "software": str(about.get("version", "")),
        "undrawn": max(len(made) - MOST_SERIES, 0),
        "most": MOST_SERIES,
    }
    return render_page("pprl.synth.likeness", "lookalike.html.j2", content, charts=charts)


def _copies(made: Mapping[str, Figures], between: Differences | None) -> dict[str, Differences]:
    if between is not None:
        return {_COPIES: between}
    return {name: item.differences for name, item in made.items() if item.differences}


def _gaps(
    made: Mapping[str, Figures], reference: Figures | None, copies: Mapping[str, Differences]
) -> list[Gap]:
    if reference is None:
        return []
    found = [
        gap
        for party, figures in made.items()
        for gap in compare(party, figures, reference)
        if gap.measure != "differences"
    ]
    if reference.differences:
        for label, item in copies.items():
            found += compare_differences(label, item, reference.differences)
    return found


def _title(made: Mapping[str, Figures], about: Mapping[str, Any]) -> str:
    plan = about.get("plan")
    country = plan.get("country") if isinstance(plan, Mapping) else None
    names = ", ".join(made)
    return f"{names} ({str(country).upper()})" if country else names


def _verdict(
    made: Mapping[str, Figures], reference: Figures | None, gaps: Sequence[Gap]
) -> Iterator[str]:
    files = plural(len(made), "made-up file", "made-up files")
    if reference is None:
        yield f"This page only describes {files}: no reference was given, so it can't say how lifelike they are."
        yield "To compare, give the aggregate figures of a real file as a reference."
    elif not gaps:
        yield f"The {files} and the reference have no figure in common, so it is not known how similar they are."
    else:
        alike = sum(gap.alike for gap in gaps)
        worst = max(gaps, key=lambda gap: gap.gap)
        yield (
            f"Against the reference, {alike} of {plural(len(gaps), 'figure', 'figures')} of the {files} "
            f"{'is' if alike == 1 else 'are'} similar (a gap under 8 percentage points, "
            "or under 2 for missing values and births on 1 January)."
        )
        yield (
            f"Furthest apart: {plain(worst.field)}, {MEASURES[worst.measure]}, with a gap of {points(worst.gap)} "
            f"percentage points in {worst.party} ({worst.words})."
        )
        yield (
            "Similar figures do not mean similar records: only missing values and differences show how fields go "
            "together."
        )
    yield "Nobody in the made-up files exists."


def _tiles(
    made: Mapping[str, Figures],
    reference: Figures | None,
    about: Mapping[str, Any],
    gaps: Sequence[Gap],
) -> Iterator[tuple[str, str, str]]:
    """Yield the label and the value of each tile, and a line below."""
    if gaps:
        worst = max(gap.gap for gap in gaps)
        yield (
            "Largest gap",
            points(worst),
            "percentage points; 0 is identical, 100 is nothing in common",
        )
    files = about.get("files")
    for name, figures in made.items():
        entry = files.get(name, {}) if isinstance(files, Mapping) else {}
        rows = entry.get("rows", figures.rows)
        looked = f", {whole(figures.rows)} examined" if rows != figures.rows else ""
        twice = entry.get("duplicates")
        more = f"{whole(twice)} of them duplicates" if twice else "made-up"
        yield f"Rows of {name}", whole(rows), more + looked
    if reference:
        yield (
            "Rows of the reference",
            whole(reference.rows),
            "given as aggregate figures",
        )


def _sentence(measure: str, gaps: Sequence[Gap]) -> str:
    """Return a sentence with the largest gap of a chart, over its fields and files."""
    names = {"births": ("births", "january")}.get(measure, (measure,))
    some = [gap for gap in gaps if gap.measure in names]
    if not some:
        return ""
    worst = max(some, key=lambda gap: gap.gap)
    what = "share of births on 1 January" if worst.measure == "january" else plain(worst.field)
    return (
        f"The largest gap from the reference is {points(worst.gap)} percentage points "
        f"({what}, {worst.party}): {worst.words}."
    )


def _gap_table(gaps: Sequence[Gap], parties: Sequence[str]) -> dict[str, Any]:
    rows = []
    for (measure, field), group in groupby(
        sorted(gaps, key=lambda gap: (list(MEASURES).index(gap.measure), gap.field)),
        key=lambda gap: (gap.measure, gap.field),
    ):
        some = list(group)
        worst = max(some, key=lambda gap: gap.gap)
        found = {gap.party: gap.gap for gap in some}
        rows.append(
            {
                "measure": MEASURES[measure],
                "field": plain(field),
                "gaps": [found.get(party) for party in parties],
                "words": worst.words,
                "bad": worst.grade == 3,
            }
        )
    return {"parties": list(parties), "rows": rows}


def _file(name: str, figures: Figures) -> dict[str, Any]:
    births = figures.births
    return {
        "name": name,
        "rows": figures.rows,
        "k": figures.k,
        "january": births.january_first if births else None,
        "no_day": births.no_day if births else None,
        "births": births is not None,
        "fields": [(plain(field), item) for field, item in figures.fields.items()],
    }


def _difference_table(
    copies: Mapping[str, Differences], reference: Figures | None
) -> dict[str, Any] | None:
    sides = dict(copies)
    if reference is not None and reference.differences:
        sides["reference"] = reference.differences
    if not sides:
        return None
    fields = list(dict.fromkeys(name for item in sides.values() for name in item.fields))
    tables = []
    for name in fields:
        shares = {
            label: kind_shares(item, [name]) for label, item in sides.items() if name in item.fields
        }
        rows = [
            (KINDS[kind], [shares[label][kind] if label in shares else None for label in sides])
            for kind in KINDS
            if any(found[kind] for found in shares.values())
        ]
        tables.append({"field": plain(name), "rows": rows})
    most = max(len(item.number) for item in sides.values())
    number = [(count, [_share(item, count) for item in sides.values()]) for count in range(most)]
    return {
        "sides": list(sides),
        "pairs": [item.pairs for item in sides.values()],
        "tables": tables,
        "number": [row for row in number if any(row[1])],
    }


def _share(item: Differences, place: int) -> float | None:
    return item.number[place] / item.pairs if place < len(item.number) else None


def _together(made: Mapping[str, Figures], reference: Figures | None) -> list[dict[str, Any]]:
    """Return the pairs of fields that are missing together more often than by chance."""
    files = {**made, **({"reference": reference} if reference else {})}
    rows = [
        {
            "file": name,
            "fields": " and ".join(plain(field) for field in item.fields),
            "rows": item.rows,
            "independent": item.independent,
        }
        for name, figures in files.items()
        for item in figures.together
        if item.rows > _MORE_THAN_CHANCE * item.independent
    ]
    return sorted(rows, key=lambda row: (list(files).index(row["file"]), -row["rows"]))


def _errors(about: Mapping[str, Any]) -> dict[str, Mapping[str, Mapping[str, Any]]]:
    files = about.get("files")
    if not isinstance(files, Mapping):
        return {}
    return {
        str(party): entry["errors"]
        for party, entry in files.items()
        if isinstance(entry, Mapping) and entry.get("errors")
    }


def _error_table(errors: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, Any] | None:
    kinds = list(dict.fromkeys(kind for found in errors.values() for kind in found))
    if not kinds:
        return None
    rows = []
    for kind in kinds:
        entries = [found.get(kind, {}) for found in errors.values()]
        title = next((str(entry["title"]) for entry in entries if entry.get("title")), "")
        rows.append(
            {
                "kind": plain(kind),
                "title": title,
                "files": [
                    {name: entry.get(name) for name in ("asked", "rate", "made", "possible")}
                    for entry in entries
                ],
            }
        )
    return {"parties": list(errors), "rows": rows}


def _disclosure(disclosure: Disclosure | None, reference: Figures | None) -> list[str]:
    said = (
        disclosure.statement()
        if disclosure
        else [
            "The generator was not fitted to any table of an office's own: names and places are from public lists."
        ]
    )
    if reference:
        said.append(
            "The reference's figures are only counts, "
            + (
                f"each rounded down to a multiple of {reference.k}, including the number of rows: a count under "
                f"{reference.k} looks like 0, and so do the shortest and longest texts and the oldest and youngest "
                "people if there are so few. Whatever a small count could still be worked out from is left out: the "
                "number of values and of those that occur once, the end of the frequency curve, which fields are "
                "missing together if they are not neighbours, and the number of fields that differ if a kind of "
                "difference is rare. "
                if reference.k > 1
                else "and exact: there are small ones among them, which may point at single people. "
            )
            + "They tell how frequent the most frequent values of the real file are, but not which values these are."
        )
    else:
        said.append("No figures of a real file are on this page.")
    return said


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every parameter as a path and a text."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple) and any(isinstance(v, Mapping | list) for v in value):
        for place, inner in enumerate(value, start=1):
            yield from _flat(inner, f"{path}[{place}]")
    elif isinstance(value, list | tuple):
        yield path, ", ".join(str(inner) for inner in value)
    elif isinstance(value, bool):
        yield path, "yes" if value else "no"
    else:
        yield path, "not given" if value is None else str(value)
