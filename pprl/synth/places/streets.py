"""Addresses written another way, and house or flat numbers that are wrong or lost.

An address is one line: a house number and a street in the country's order, perhaps with a flat before or after them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from pprl.synth.draw import Dice
from pprl.synth.errors.slips import Slip, capitals_like, lowered, uppered
from pprl.synth.places.lexicon import Lexicon

__all__ = ["street_slips", "street_words"]

_NUMBER = re.compile(r"(?a:^\d+[A-Za-z]?(?=[ ,])|(?<=[ ,])\d+[A-Za-z]?$)")
_DIGIT = re.compile("[0-9]")


class _Line(NamedTuple):
    """An address in parts: what stands before house and street, these, what comes after, and the flat."""

    before: str
    rest: str
    after: str
    word: str
    flat: str


def street_words(lexicon: Lexicon) -> Slip:
    """Return the slip that shortens a street word or writes it out: High Street, High St."""
    whole: dict[str, tuple[str, ...]] = {}
    ends: dict[str, tuple[str, ...]] = {}
    for long, shorts in lexicon.streets.items():
        table = ends if long.startswith("-") else whole
        long = long.removeprefix("-")
        table[long] = shorts
        for short in shorts:
            table[short] = (*table.get(short, ()), long)
    short_ends = "|".join([",", "$", *(f" {word.lower()}" for word in lexicon.flats), " #"])
    after = rf"(?=\s*(?:{short_ends}))" if lexicon.street_at == "end" else "(?=[ ,]|$)"

    def any_of(table: dict[str, tuple[str, ...]]) -> str:
        longest_first = sorted(table, key=lambda word: (-len(word), word))
        return "|".join(re.escape(word) for word in longest_first) or "(?!)"

    longs = {word for word in lexicon.streets if not word.startswith("-")}
    pattern = re.compile(
        rf"\b(?P<long>{any_of({word: whole[word] for word in longs})})(?![\w.'’])"
        rf"|\b(?P<short>{any_of({word: whole[word] for word in whole if word not in longs})}){after}"
        rf"|(?<=\w)(?P<end>{any_of(ends)})(?=[ ,]|$)"
    )

    def possible(text: str) -> bool:
        return pattern.search(lowered(text)) is not None

    def change(text: str, dice: Dice) -> str:
        hits = list(pattern.finditer(lowered(text)))
        if not hits:
            return text
        hit = dice.one(hits)
        table = ends if hit.lastgroup == "end" else whole
        start, stop = hit.span()
        return (
            text[:start]
            + capitals_like(text[start:stop], text, dice.one(table[hit.group()]))
            + text[stop:]
        )

    return Slip(possible=possible, change=change)


def street_slips(lexicon: Lexicon) -> dict[str, Slip]:
    """Return the slips of an address by name; ``street_word`` and ``comma`` and ``..._place`` change the form only."""
    words = "|".join(re.escape(word.lower()) for word in lexicon.flats) or "(?!)"
    first = re.compile(rf"(?a:(?P<word>{words})\.? (?P<flat>\w+),? )(?P<rest>.+)", re.DOTALL)
    last = re.compile(rf"(?P<rest>.+?)(?a:,? (?:(?P<word>{words})\.? |#)(?P<flat>\w+))", re.DOTALL)
    hint = re.compile(rf"{words}|[#/]")
    slash = re.compile(r"(?a:(?P<flat>\d+)/)(?P<rest>\d.*)", re.DOTALL)

    def line(text: str) -> _Line:
        low = lowered(text)
        if not hint.search(low):  # most addresses have no flat, and this is quick to see
            return _Line(before="", rest=text, after="", word="", flat="")
        found = first.fullmatch(low) or last.fullmatch(low) or slash.fullmatch(low)
        if not found:
            return _Line(before="", rest=text, after="", word="", flat="")
        start, stop = found.span("rest")
        at, end = found.span("flat")
        word = found.groupdict().get("word") or ""
        return _Line(
            before=text[:start],
            rest=text[start:stop],
            after=text[stop:],
            word=word,
            flat=text[at:end],
        )

    def flat_forms(text: str) -> list[str]:
        own = line(text)
        if not own.flat:
            return []
        # Flat is British and Irish; #4 and Unit belong to those who write Apt.
        kinds = [word for word in lexicon.flats if word != "Flat" or own.word == "flat"]
        if text.isupper():
            kinds = [uppered(word) for word in kinds]
        forms = [
            form
            for kind in kinds
            for form in (
                f"{kind} {own.flat}, {own.rest}", f"{own.rest}, {kind} {own.flat}", f"{own.rest} {kind} {own.flat}"
            )
        ]  # fmt: skip
        if lexicon.language == "en" and own.word not in ("", "flat"):
            forms.append(f"{own.rest} #{own.flat}")
        if own.flat.isdigit() and _DIGIT.match(own.rest):
            forms.append(f"{own.flat}/{own.rest}")
        return [form for form in dict.fromkeys(forms) if form != text]

    def has_flat_forms(text: str) -> bool:
        return any(word != "Flat" for word in lexicon.flats) and bool(line(text).flat)

    def flat_lost(text: str) -> list[str]:
        own = line(text)
        return [own.rest] if own.flat else []

    def number_lost(text: str) -> list[str]:
        own = line(text)
        bare = _NUMBER.sub("", own.rest, count=1).strip(" ,")
        return [own.before + bare + own.after] if bare and _NUMBER.search(own.rest) else []

    def number_place(text: str) -> list[str]:
        own = line(text)
        found = _NUMBER.search(own.rest)
        if not found:
            return []
        bare = _NUMBER.sub("", own.rest, count=1).strip(" ,")
        moved = f"{bare} {found[0]}" if found.start() == 0 else f"{found[0]} {bare}"
        return [own.before + moved + own.after] if bare and moved != own.rest else []

    def comma(text: str) -> list[str]:
        if "," in text:
            return [text.replace(",", "", 1)]
        own = line(text)
        found = _NUMBER.search(own.rest)
        if not found:
            return []
        at = found.end() if found.start() == 0 else found.start() - 1
        return [f"{own.before}{own.rest[:at]},{own.rest[at:]}{own.after}"]

    return {
        "street_word": street_words(lexicon),
        "flat_form": _one_of(flat_forms, has_flat_forms),
        "number_place": _one_of(number_place),
        "comma": _one_of(comma),
        "flat_lost": _one_of(flat_lost),
        "number_lost": _one_of(number_lost),
        "number_wrong": Slip(
            possible=lambda text: _DIGIT.search(text) is not None, change=_digit_wrong
        ),
    }


def _one_of(
    others: Callable[[str], list[str]], possible: Callable[[str], bool] | None = None
) -> Slip:
    def change(text: str, dice: Dice) -> str:
        found = others(text)
        return dice.one(found) if found else text

    return Slip(possible=possible or (lambda text: bool(others(text))), change=change)


def _digit_wrong(text: str, dice: Dice) -> str:
    """Return the text with one digit wrong, or two unlike ones that stand together in the other order."""
    hits = list(_DIGIT.finditer(text))
    if not hits:
        return text
    at = dice.one(hits).start()
    pair = text[at : at + 2]
    if pair[0] != pair[-1] and _DIGIT.match(pair[-1]) and pair[1] != "0" and dice.chance(0.4):
        return text[:at] + pair[1] + pair[0] + text[at + 2 :]
    first = at == 0 or not _DIGIT.match(text[at - 1])
    other = dice.one(("123456789" if first else "0123456789").replace(text[at], ""))
    return text[:at] + other + text[at + 1 :]
