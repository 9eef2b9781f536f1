"""What errors need to know about a language: keyboard, sounds, spellings, street words, names, placeholders.

Each language has one file, `data/lexicon/LANGUAGE.toml`, written for this project from general knowledge of the
language. `keyboards.toml` has the keyboards, and `spellings.toml` the names that come from other alphabets.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from pprl.base.errors import UsageError
from pprl.tables import suggest

__all__ = ["LANGUAGES", "Lexicon", "load_lexicon"]

LANGUAGES = ("de", "en", "es", "fr", "it", "nl", "pl", "sv")

Alternatives = Mapping[str, tuple[str, ...]]
"""What is read -> what may be written instead."""


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """The words and letters of one language.

    Attributes:
        language: two letters, ISO 639-1.
        rows: the keyboard's rows from the digits down, in lower case.
        sounds, sounds_at_start, sounds_at_end: letters -> letters that sound the same, anywhere, at the start or at the
            end of a word.
        letters: special letter -> how other countries write it; all in lower case.
        spellings: groups of names that are one name in another alphabet or language.
        streets: long street word -> short ones. A word with a leading hyphen is the end of a longer word (-straße).
        street_at: where street words are: at the ``start`` (Rue de la Gare), the ``end`` (Station Road) or ``both``.
        flats: the words for a flat, the usual one first; empty where addresses don't name flats.
        middle_names: names by sex (``F``, ``M``) that a register may add.
        nicknames: given name -> nicknames.
        placeholders: what stands for an unknown name (``unknown``, the usual word first), for no fixed abode
            (``no_home``), and for a newborn's given name by sex (``F``, ``M``).
    """

    language: str
    rows: tuple[str, ...]
    sounds: Alternatives = field(default_factory=dict)
    sounds_at_start: Alternatives = field(default_factory=dict)
    sounds_at_end: Alternatives = field(default_factory=dict)
    letters: Alternatives = field(default_factory=dict)
    spellings: tuple[tuple[str, ...], ...] = ()
    streets: Alternatives = field(default_factory=dict)
    street_at: str = "end"
    flats: tuple[str, ...] = ()
    middle_names: Alternatives = field(default_factory=dict)
    nicknames: Alternatives = field(default_factory=dict)
    placeholders: Alternatives = field(default_factory=dict)


@cache
def load_lexicon(language: str, keyboard: str) -> Lexicon:
    """Return a language's lexicon.

    Args:
        language: one of `LANGUAGES`.
        keyboard: ``qwerty``, ``qwertz`` or ``azerty``; in the language's own layout where it has one.

    Raises:
        UsageError: an unknown language or keyboard.
    """
    if language not in LANGUAGES:
        raise UsageError(
            f"there is no lexicon for the language {language!r}",
            hint=suggest(language, LANGUAGES, "Languages"),
        )
    keyboards = _toml("keyboards")
    known = sorted({name.partition("-")[0] for name in keyboards})
    if keyboard not in known:
        raise UsageError(
            f"there is no keyboard {keyboard!r}", hint=suggest(keyboard, known, "Keyboards")
        )
    content = _toml(language)
    return Lexicon(
        language=language,
        rows=tuple(keyboards.get(f"{keyboard}-{language}", keyboards[keyboard])),
        sounds=_words(content["sounds"]),
        sounds_at_start=_words(content["sounds_at_start"]),
        sounds_at_end=_words(content["sounds_at_end"]),
        letters=_words(content["letters"]),
        spellings=_groups(_toml("spellings")["groups"]) + _groups(content["spellings"]),
        streets=_words(content["streets"]),
        street_at=content["street_at"],
        flats=tuple(content["flats"]),
        middle_names={sex: tuple(text.split()) for sex, text in content["middle_names"].items()},
        nicknames=_nicknames(language),
        placeholders=_words(content["placeholders"]),
    )


def _toml(name: str) -> dict[str, Any]:
    path = files("pprl.synth") / "data" / "lexicon" / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _words(table: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the table with its values, lists of words separated by commas, as tuples."""
    return {key: tuple(part.strip() for part in text.split(",")) for key, text in table.items()}


def _groups(lines: list[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(line.split()) for line in lines)


def _nicknames(language: str) -> dict[str, tuple[str, ...]]:
    path = files("pprl.synth") / "data" / "nicknames" / f"{language}.tsv"
    if not path.is_file():
        return {}
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return {
        name: tuple(part.strip() for part in short.split(",") if part.strip())
        for name, short in rows
    }
