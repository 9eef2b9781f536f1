"""Slips of the ear and the eye: spelled as it sounds, misread by a scanner, another spelling or form of a name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from pprl.synth.draw import Dice
from pprl.synth.errors.slips.slip import Slip, capitals_like, lowered, uppered

__all__ = ["SCANNED", "other_name", "other_spelling", "rewrite"]


def rewrite(
    *,
    anywhere: Mapping[str, Sequence[str]] | None = None,
    at_start: Mapping[str, Sequence[str]] | None = None,
    at_end: Mapping[str, Sequence[str]] | None = None,
    fold: bool = True,
) -> Slip:
    """Return the slip that writes one group of letters as another.

    Args:
        anywhere, at_start, at_end: what is read -> what may be written instead. The latter two apply only at the start
            or the end of a longer word, where nothing at all may be written. Lower case if `fold` is true.
        fold: whether letter case is ignored (and kept); else the tables are taken as they are.
    """
    tables = {"end": at_end or {}, "start": at_start or {}, "any": anywhere or {}}
    frames = {
        "end": r"(?P<end>(?<=\w)(?:%s)\b)",
        "start": r"(?P<start>\b(?:%s)(?=\w))",
        "any": "(?P<any>%s)",
    }
    parts = [
        frames[place] % "|".join(map(re.escape, sorted(table, key=lambda key: (-len(key), key))))
        for place, table in tables.items()
        if table
    ]
    pattern = re.compile("|".join(parts) if parts else r"(?!)")

    def possible(text: str) -> bool:
        return pattern.search(lowered(text) if fold else text) is not None

    def change(text: str, dice: Dice) -> str:
        hits = list(pattern.finditer(lowered(text) if fold else text))
        if not hits:
            return text
        hit = dice.one(hits)
        start, end = hit.span()
        written = dice.one(tables[str(hit.lastgroup)][hit.group()])
        if fold:
            if not written and hit.lastgroup == "start" and text[start].isupper():
                return text[:start] + uppered(text[end]) + text[end + 1 :]
            written = capitals_like(text[start:end], text, written)
        return text[:start] + written + text[end:]

    return Slip(possible=possible, change=change)


def other_name(table: Mapping[str, Sequence[str]]) -> Slip:
    """Return the slip that writes a whole text as another one of the table: Elizabeth, Liz.

    Args:
        table: name -> what else the person may be called.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, others in table.items():
        low = lowered(name)
        unlike = [*found.get(low, ()), *(other for other in others if lowered(other) != low)]
        found[low] = tuple(dict.fromkeys(unlike))

    def possible(text: str) -> bool:
        return bool(found.get(lowered(text)))

    def change(text: str, dice: Dice) -> str:
        others = found.get(lowered(text))
        if not others:
            return text
        other = dice.one(others)
        return uppered(other) if text.isupper() else other

    return Slip(possible=possible, change=change)


def other_spelling(groups: Iterable[Sequence[str]]) -> Slip:
    """Return the slip that writes a whole name as another of its group: Mohammed, Muhammad.

    A name that is in several groups may become any name of each.

    Args:
        groups: names that are spellings of one name.
    """
    table: dict[str, tuple[str, ...]] = {}
    for group in groups:
        for name in group:
            table[name] = (*table.get(name, ()), *group)
    return other_name(table)


def _both_ways(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for one, other in pairs:
        found.setdefault(one, []).append(other)
        found.setdefault(other, []).append(one)
    return {read: tuple(written) for read, written in found.items()}


SCANNED = rewrite(
    anywhere=_both_ways((
        ("rn", "m"), ("cl", "d"), ("vv", "w"), ("ri", "n"), ("O", "0"), ("l", "1"), ("I", "l"), ("I", "1"), ("S", "5"),
        ("B", "8"), ("Z", "2"), ("G", "6"), ("D", "O"), ("Q", "O"), ("e", "c"), ("h", "b"), ("u", "v"), ("f", "t"),
        ("i", "l"), ("a", "o"), ("n", "u"), ("g", "q"), ("1", "7"), ("5", "6"), ("3", "8"), ("0", "6"),
    )),
    fold=False,
)  # fmt: skip
"""Shapes that a scanner takes for each other: Marner, Mamer; Olsen, 0lsen. The pairs are chosen by their looks."""
