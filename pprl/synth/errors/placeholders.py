"""What stands where a value is not known, or does not exist yet: UNKNOWN, 1 January 1900, BABY BOY.

To whoever compares records a placeholder is a value: it agrees with every other record that has it, and disagrees with
the person's own value in another file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pprl.synth.draw import Dice
from pprl.synth.errors.error_type import LOST, UNPUBLISHED, Corruption, Values
from pprl.synth.errors.lexicon import Lexicon
from pprl.synth.people.fields import FIELDS

__all__ = ["UNKNOWN_BIRTH", "placeholder_corruptions"]

UNKNOWN_BIRTH = "1900-01-01"
"""The date of birth of whoever has none: the oldest that many systems take."""

_USUAL = 0.75
"""Share of the words for an unknown name that are the usual one; the rest are any of the list. Chosen; sensitive: the
more clerks agree on one word, the more strangers agree in it."""

_HOMELESS = 0.5
"""Share of unknown homes that are written as no fixed abode. Chosen; not sensitive: both are common texts."""

_NEWBORN = (
    "Adelman et al. 2015 (Pediatrics 136): most newborn units in the US give temporary names such as BABYBOY; the rate "
    "in a child's first year is a choice."
)
_NO_HOME = (
    "Health records in England have a postcode of their own, ZZ99 3VZ, for patients without a fixed abode (NHS "
    "Postcode Directory); the rate is a choice."
)


def placeholder_corruptions(
    lexicon: Lexicon, *, latest: str, postcode: str
) -> Iterator[Corruption]:
    """Yield the errors that put a placeholder in a value's place; none if the language has no placeholders.

    Args:
        lexicon: has the language's placeholders.
        latest: newest date of birth that a register accepts, ``YYYY-MM-DD``; newborns were born in the year before it.
        postcode: stands for an unknown one.
    """
    words = lexicon.placeholders
    if not words:
        return
    made = _Placeholders(
        unknown=words["unknown"],
        no_home=words["no_home"][0],
        newborn={sex: words[sex][0] for sex in ("F", "M")},
        postcode=postcode,
        since=f"{int(latest[:4]) - 1:04}{latest[4:]}",
        latest=latest,
    )
    given, home, birth = (
        ("given_name", "middle_name"),
        ("address", "locality", "postcode"),
        ("date_of_birth",),
    )
    yield _error("given_name_placeholder", given, made.may_name, made.name,
                 "a word for unknown instead of the given name")  # fmt: skip
    yield _error("surname_placeholder", ("surname",), made.may_name, made.name,
                 "a word for unknown instead of the surname")  # fmt: skip
    yield _error("newborn_name", (*given, "sex", *birth), made.is_newborn, made.as_newborn,
                 "boy or girl instead of a newborn's given name", _NEWBORN)  # fmt: skip
    yield _error("birth_placeholder", birth, made.has_birth, made.birth,
                 "1 January 1900, as where no date is known")  # fmt: skip
    yield _error("home_placeholder", home, made.has_home, made.home,
                 "no fixed abode, or words for unknown, instead of the home", _NO_HOME)  # fmt: skip
    yield _error("birth_and_home_placeholder", (*birth, *home), made.has_either, made.birth_and_home,
                 "1 January 1900 and no home, both together")  # fmt: skip
    yield _error("unidentified_person", FIELDS, made.is_known, made.unidentified,
                 "placeholders in all fields, as for a patient whom nobody knows")  # fmt: skip


def _error(
    name: str,
    fields: tuple[str, ...],
    possible: Callable[[Values], bool],
    change: Callable[[Values, Dice], Values],
    title: str,
    source: str = UNPUBLISHED,
) -> Corruption:
    return Corruption(
        name=name, fields=fields, slot=name, stage=LOST, possible=possible, title=title, source=source,
        change=lambda values, dice: change(values, dice) if possible(values) else values,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class _Placeholders:
    """The placeholders of one country, and where each may stand.

    Attributes:
        unknown: words for an unknown name, the usual one first.
        no_home: words for no fixed abode.
        newborn: by sex, what a child without a given name is called.
        postcode: stands for an unknown one.
        since, latest: who is a newborn: dates of birth after the first, up to the second.
    """

    unknown: tuple[str, ...]
    no_home: str
    newborn: Mapping[str, str]
    postcode: str
    since: str
    latest: str

    def _word(self, dice: Dice) -> str:
        return self.unknown[0] if dice.chance(_USUAL) else dice.one(self.unknown)

    def may_name(self, values: Values) -> bool:
        return bool(values[0]) and values[0] not in self.unknown

    def name(self, values: Values, dice: Dice) -> Values:
        return (self._word(dice), *("" for _ in values[1:]))

    def is_newborn(self, values: Values) -> bool:
        given, _, sex, birth = values
        return (
            bool(given)
            and sex in self.newborn
            and given != self.newborn[sex]
            and self.since < birth <= self.latest
        )

    def as_newborn(self, values: Values, dice: Dice) -> Values:
        return (self.newborn[values[2]], "", *values[2:])

    def has_birth(self, values: Values) -> bool:
        return values[0] not in ("", UNKNOWN_BIRTH)

    def birth(self, values: Values, dice: Dice) -> Values:
        return (UNKNOWN_BIRTH,)

    def has_home(self, values: Values) -> bool:
        return any(values) and values[2] != self.postcode

    def home(self, values: Values, dice: Dice) -> Values:
        word = self._word(dice)
        return (self.no_home if dice.chance(_HOMELESS) else word, word, self.postcode)

    def has_either(self, values: Values) -> bool:
        return any(values) and (values[0] != UNKNOWN_BIRTH or values[3] != self.postcode)

    def birth_and_home(self, values: Values, dice: Dice) -> Values:
        return (UNKNOWN_BIRTH, *self.home(values[1:], dice))

    def is_known(self, values: Values) -> bool:
        names = (values[FIELDS.index("given_name")], values[FIELDS.index("surname")])
        return any(values) and not all(name in self.unknown for name in names)

    def unidentified(self, values: Values, dice: Dice) -> Values:
        word = self._word(dice)
        address, locality, postcode = self.home(values, dice)
        known = {
            "given_name": word, "surname": word, "date_of_birth": UNKNOWN_BIRTH,
            "address": address, "locality": locality, "postcode": postcode,
        }  # fmt: skip
        return tuple(known.get(field, "") for field in FIELDS)
