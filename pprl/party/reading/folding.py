"""Unicode folding by the project's own frozen table (SPEC.md, section 4).

Letters of either case, accents, apostrophes, hyphens and the Greek and Cyrillic alphabets fold to ``a-z``, ``0-9`` and
single spaces. ``unicodedata`` is not used: its content differs between Python versions, and two parties must encode
alike. Code points outside the table stay as they are.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

__all__ = ["fold", "folding_table", "translate"]


@cache
def folding_table() -> dict[int, str]:
    """Return the table of version 1 in the form that :meth:`str.translate` takes."""
    text = files("pprl.party.reading").joinpath("folding_v1.tsv").read_text(encoding="utf-8")
    table = {}
    for line in text.split("\n")[1:]:
        if line:
            code, _, replacement = line.partition("\t")
            table[int(code, 16)] = replacement
    return table


def translate(text: str) -> str:
    """Replace each code point by what the table gives for it.

    A decomposed Cyrillic short i is composed first. It is the only letter of the table that folds to something else
    than its parts do, and it must not matter whether a file is composed or not.
    """
    if "\u0306" in text:
        text = text.replace("\u0438\u0306", "\u0439").replace("\u0418\u0306", "\u0419")
    return text.translate(folding_table())


def fold(text: str) -> str:
    """Fold a text to words of lower-case letters and digits, with one space between words.

    >>> fold("O’Brien-Núñez")
    'obrien nunez'
    >>> fold("Иванова")
    'ivanova'
    """
    folded = translate(text).strip(" ")
    if "  " in folded:
        return " ".join([word for word in folded.split(" ") if word])
    return folded
