"""The look-alike page: one HTML file that holds made-up files against the aggregate figures of a real one.

It shows counts and rates alone: no value, no id. The same figures give the same text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from pprl.base.words import plural, points, whole
from pprl.page.html import render_page, write_pages
from pprl.synth.likeness.differences import KINDS
from pprl.synth.likeness.disclosure import Disclosure
from pprl.synth.likeness.figures_file import Differences, Figures
from pprl.synth.likeness.likeness import MEASURES, Gap, compare, compare_differences, kind_shares
from pprl.synth.likeness.lookalike_charts import MOST_SERIES, draw_lookalike

__all__ = ["render_lookalike", "write_lookalike"]

_COPIES = "made-up copies"


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
        reference: figures of a real file; without them the page describes the made-up files alone.
        about: the content of ``about.json``; whatever is missing there is left out.
        disclosure: the office's own tables that the generator was fitted to.
        between: how the records of one person differ over all files; without it, those of one person within a file.
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
        "files": [_file(name, figures, about) for name, figures in made.items()]
        + ([_file("reference", reference, {})] if reference else []),
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


def write_lookalike(
    path: Path | str,
    made: Mapping[str, Figures],
    reference: Figures | None = None,
    *,
    about: Mapping[str, Any] | None = None,
    disclosure: Disclosure | None = None,
    between: Differences | None = None,
    force: bool = False,
) -> None:
    """Write the page, whole or not at all; arguments as for :func:`render_lookalike`.

    Raises:
        OutputError: the file exists and `force` is false, or can't be written.
    """
    page = render_lookalike(made, reference, about=about, disclosure=disclosure, between=between)
    write_pages({Path(path): page}, force=force)


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
        yield f"This page describes {files} alone: no reference was given, so nothing here says how lifelike they are."
        yield "Give the aggregate figures of a real file as a reference to compare with."
    elif not gaps:
        yield f"The {files} and the reference have no figure in common, so how alike they are is not known."
    else:
        alike = sum(gap.alike for gap in gaps)
        worst = max(gaps, key=lambda gap: gap.gap)
        yield (
            f"Against the reference, {alike} of {plural(len(gaps), 'figure', 'figures')} of the {files} "
            f"{'is' if alike == 1 else 'are'} alike (a gap under 8 percentage points, "
            "or 2 for missing values and births on 1 January)."
        )
        yield (
            f"Furthest apart: {_plain(worst.field)}, {MEASURES[worst.measure]}, with a gap of {points(worst.gap)} "
            f"percentage points in {worst.party} ({worst.words})."
        )
        yield (
            "That single figures are alike does not say that records are: how fields go together is seen in missing "
            "values and in differences alone."
        )
    yield "Nobody in the made-up files exists."


def _tiles(
    made: Mapping[str, Figures],
    reference: Figures | None,
    about: Mapping[str, Any],
    gaps: Sequence[Gap],
) -> Iterator[tuple[str, str, str]]:
    """Give label, value and a line below for each tile."""
    if gaps:
        worst = max(gap.gap for gap in gaps)
        yield (
            "Largest gap",
            points(worst),
            "percentage points; 0 is the same, 100 nothing in common",
        )
    files = about.get("files")
    for name, figures in made.items():
        entry = files.get(name, {}) if isinstance(files, Mapping) else {}
        rows = entry.get("rows", figures.rows)
        looked = f", {whole(figures.rows)} looked at" if rows != figures.rows else ""
        twice = entry.get("duplicates")
        more = f"{whole(twice)} of them duplicates" if twice else "made-up"
        yield f"Rows of {name}", whole(rows), more + looked
    if reference:
        yield (
            "Rows of the reference",
            whole(reference.rows),
            "of which aggregate figures were given",
        )


def _sentence(measure: str, gaps: Sequence[Gap]) -> str:
    """Return the number of a chart: the largest gap over its fields and files."""
    names = {"births": ("births", "january")}.get(measure, (measure,))
    some = [gap for gap in gaps if gap.measure in names]
    if not some:
        return ""
    worst = max(some, key=lambda gap: gap.gap)
    what = "share of births on 1 January" if worst.measure == "january" else _plain(worst.field)
    return (
        f"The largest gap to the reference is {points(worst.gap)} percentage points "
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
                "field": _plain(field),
                "gaps": [found.get(party) for party in parties],
                "words": worst.words,
                "bad": worst.grade == 3,
            }
        )
    return {"parties": list(parties), "rows": rows}


def _file(name: str, figures: Figures, about: Mapping[str, Any]) -> dict[str, Any]:
    births = figures.births
    return {
        "name": name,
        "rows": figures.rows,
        "k": figures.k,
        "january": births.january_first if births else None,
        "no_day": births.no_day if births else None,
        "births": births is not None,
        "fields": [(_plain(field), item) for field, item in figures.fields.items()],
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
        tables.append({"field": _plain(name), "rows": rows})
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
    """Return the pairs of fields that are missing together more than chance would give."""
    files = {**made, **({"reference": reference} if reference else {})}
    rows = [
        {
            "file": name,
            "fields": " and ".join(_plain(field) for field in item.fields),
            "rows": item.rows,
            "independent": item.independent,
        }
        for name, figures in files.items()
        for item in figures.together
        if item.rows > 2 * item.independent
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
                "kind": _plain(kind),
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
            "The generator was fitted to no table of an office's own: names and places are from public lists."
        ]
    )
    if reference:
        said.append(
            "The reference's figures are counts alone, "
            + (
                f"each rounded down to a multiple of {reference.k}, the number of rows too: fewer than {reference.k} "
                "look like none, and so do the shortest and longest texts and the oldest and youngest people where "
                "they are so few. Left out is that from which a small count might still be worked out: the number "
                "of values and of those that occur once, the end of the frequency curve, what is missing together in "
                "fields that are no neighbours, and the number of fields that differ if any kind of difference is "
                "rare. "
                if reference.k > 1
                else "and exact: small counts are among them, which may point at persons. "
            )
            + "They tell how frequent the most frequent values of the real file are, but not which they are."
        )
    else:
        said.append("No figures of a real file are on this page.")
    return said


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Give every parameter as a path and a text."""
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


def _plain(name: str) -> str:
    return name.replace("_", " ").replace(".", ": ")
