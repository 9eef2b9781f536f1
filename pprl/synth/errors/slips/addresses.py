"""Slips in an address: written another way, or with a house or flat number that is wrong or lost.

An address is one line: a house number and a street in the country's order, perhaps with a flat before or after them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from pprl.synth.draw import Dice
from pprl.synth.errors.lexicon import Lexicon
from pprl.synth.errors.slips.slip import Slip, capitals_like, lowered, uppered

__all__ = ["address_slips"]

_NUMBER = re.compile(r"(?a:^\d+[A-Za-z]?(?=[ ,])|(?<=[ ,])\d+[A-Za-z]?$)")
_DIGIT = re.compile("[0-9]")
_NEVER = "(?!)"
"""A pattern that matches nothing."""

_DIGITS_SWAPPED = 0.4
"""Share of wrong numbers in which two neighbouring digits are swapped, where they can be. Chosen; not sensitive: either
way one number of the address differs."""


def address_slips(lexicon: Lexicon) -> dict[str, Slip]:
    """Return the slips of an address by name.

    ``street_word``, ``flat_form``, ``number_place`` and ``comma`` change only the form of the address; ``flat_lost``,
    ``number_lost`` and ``number_wrong`` make it wrong.
    """
    reader = _Reader(lexicon)
    return {
        "street_word": _street_word(lexicon),
        "flat_form": _one_of(reader.flat_forms, reader.has_flat_forms),
        "number_place": _one_of(reader.number_place),
        "comma": _one_of(reader.comma),
        "flat_lost": _one_of(reader.flat_lost),
        "number_lost": _one_of(reader.number_lost),
        "number_wrong": Slip(
            possible=lambda text: _DIGIT.search(text) is not None, change=_digit_wrong
        ),
    }


class _Line(NamedTuple):
    """An address in parts.

    Attributes:
        before, after: what is before and after the `rest`; the flat is in one of them.
        rest: house number and street.
        word: the word for the flat, in lower case.
        flat: the flat's number.
    """

    before: str
    rest: str
    after: str
    word: str
    flat: str


class _Reader:
    """Takes addresses of one language apart, and lists the other forms that each may have."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        words = "|".join(re.escape(word.lower()) for word in lexicon.flats) or _NEVER
        self._with_flat = (
            re.compile(rf"(?a:(?P<word>{words})\.? (?P<flat>\w+),? )(?P<rest>.+)", re.DOTALL),
            re.compile(rf"(?P<rest>.+?)(?a:,? (?:(?P<word>{words})\.? |#)(?P<flat>\w+))", re.DOTALL),
            re.compile(r"(?a:(?P<flat>\d+)/)(?P<rest>\d.*)", re.DOTALL),
        )  # fmt: skip
        self._may_have_flat = re.compile(rf"{words}|[#/]")

    def line(self, text: str) -> _Line:
        """Return the address in parts."""
        low = lowered(text)
        found = None
        if self._may_have_flat.search(low):  # quick to test, and most addresses have no flat
            found = next((hit for form in self._with_flat if (hit := form.fullmatch(low))), None)
        if found is None:
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

    def flat_forms(self, text: str) -> list[str]:
        """Return the address with its flat in other places and with other words: Apt 3, 12 High St; 12 High St #3."""
        if not self.has_flat_forms(text):
            return []
        own = self.line(text)
        # Flat is British and Irish; #4 and Unit are for those who write Apt.
        kinds = [word for word in self._lexicon.flats if word != "Flat" or own.word == "flat"]
        if text.isupper():
            kinds = [uppered(word) for word in kinds]
        forms = [
            form
            for kind in kinds
            for form in (
                f"{kind} {own.flat}, {own.rest}", f"{own.rest}, {kind} {own.flat}", f"{own.rest} {kind} {own.flat}"
            )
        ]  # fmt: skip
        if self._lexicon.language == "en" and own.word not in ("", "flat"):
            forms.append(f"{own.rest} #{own.flat}")
        if own.flat.isdigit() and _DIGIT.match(own.rest):
            forms.append(f"{own.flat}/{own.rest}")
        return [form for form in dict.fromkeys(forms) if form != text]

    def has_flat_forms(self, text: str) -> bool:
        """Return whether `flat_forms` lists any: a flat, and a word for it beside Flat."""
        return any(word != "Flat" for word in self._lexicon.flats) and bool(self.line(text).flat)

    def flat_lost(self, text: str) -> list[str]:
        """Return the address without its flat."""
        own = self.line(text)
        return [own.rest] if own.flat else []

    def number_lost(self, text: str) -> list[str]:
        """Return the address without its house number."""
        own = self.line(text)
        bare = _NUMBER.sub("", own.rest, count=1).strip(" ,")
        return [own.before + bare + own.after] if bare and _NUMBER.search(own.rest) else []

    def number_place(self, text: str) -> list[str]:
        """Return the address with the house number on the other side of the street name."""
        own = self.line(text)
        found = _NUMBER.search(own.rest)
        if not found:
            return []
        bare = _NUMBER.sub("", own.rest, count=1).strip(" ,")
        moved = f"{bare} {found[0]}" if found.start() == 0 else f"{found[0]} {bare}"
        return [own.before + moved + own.after] if bare and moved != own.rest else []

    def comma(self, text: str) -> list[str]:
        """Return the address with a comma at the house number, or without its first comma."""
        if "," in text:
            return [text.replace(",", "", 1)]
        own = self.line(text)
        found = _NUMBER.search(own.rest)
        if not found:
            return []
        at = found.end() if found.start() == 0 else found.start() - 1
        return [f"{own.before}{own.rest[:at]},{own.rest[at:]}{own.after}"]


def _one_of(
    others: Callable[[str], list[str]], possible: Callable[[str], bool] | None = None
) -> Slip:
    """Return the slip that writes one of the other forms; it is possible where there are any."""

    def change(text: str, dice: Dice) -> str:
        found = others(text)
        return dice.one(found) if found else text

    return Slip(possible=possible or (lambda text: bool(others(text))), change=change)


def _street_word(lexicon: Lexicon) -> Slip:
    """Return the slip that shortens a street word or writes it out: High Street, High St."""
    whole: dict[str, tuple[str, ...]] = {}
    ends: dict[str, tuple[str, ...]] = {}
    for long, shorts in lexicon.streets.items():
        table = ends if long.startswith("-") else whole
        long = long.removeprefix("-")
        table[long] = shorts
        for short in shorts:
            table[short] = (*table.get(short, ()), long)
    pattern = _street_pattern(lexicon, whole, ends)

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


def _street_pattern(
    lexicon: Lexicon, whole: dict[str, tuple[str, ...]], ends: dict[str, tuple[str, ...]]
) -> re.Pattern[str]:
    """Return the pattern of street words that are words of their own (`whole`) or end one (`ends`)."""
    short_ends = "|".join([",", "$", *(f" {word.lower()}" for word in lexicon.flats), " #"])
    after = rf"(?=\s*(?:{short_ends}))" if lexicon.street_at == "end" else "(?=[ ,]|$)"

    def any_of(words: set[str]) -> str:
        longest_first = sorted(words, key=lambda word: (-len(word), word))
        return "|".join(re.escape(word) for word in longest_first) or _NEVER

    longs = {word for word in lexicon.streets if not word.startswith("-")}
    return re.compile(
        rf"\b(?P<long>{any_of(longs)})(?![\w.'’])"
        rf"|\b(?P<short>{any_of(set(whole) - longs)}){after}"
        rf"|(?<=\w)(?P<end>{any_of(set(ends))})(?=[ ,]|$)"
    )


def _digit_wrong(text: str, dice: Dice) -> str:
    """Return the text with one digit wrong, or with two different neighbouring digits swapped."""
    hits = list(_DIGIT.finditer(text))
    if not hits:
        return text
    at = dice.one(hits).start()
    pair = text[at : at + 2]
    can_swap = pair[0] != pair[-1] and _DIGIT.match(pair[-1]) and pair[1] != "0"
    if can_swap and dice.chance(_DIGITS_SWAPPED):
        return text[:at] + pair[1] + pair[0] + text[at + 2 :]
    first = at == 0 or not _DIGIT.match(text[at - 1])
    other = dice.one(("123456789" if first else "0123456789").replace(text[at], ""))
    return text[:at] + other + text[at + 1 :]
