"""The standard errors: what people live through, what clerks hear, type and scan, what systems rewrite and lose.

Each error is a small function on named fields, and says for which values it is possible. So a rate has a plain meaning:
of the records in which the error is possible, the share that get it. The kinds are those that the literature on record
linkage and data generation lists (Christen 2012, Data Matching, chapter 7; Christen and Vatsalan 2013, CIKM; Tran,
Vatsalan and Christen 2013, GeCo, CIKM). How often each is made is in `profiles.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from types import MappingProxyType

import pandas as pd

from pprl.base.errors import UsageError
from pprl.synth.draw import Dice
from pprl.synth.errors.error_type import (
    FORM,
    LIFE,
    LOST,
    TYPED,
    UNPUBLISHED,
    Corruption,
    Values,
    text_corruption,
)
from pprl.synth.errors.lexicon import Lexicon, load_lexicon
from pprl.synth.errors.life import (
    HomesToMoveTo,
    changed_surname,
    may_change_surname,
    may_move,
    moved_house,
)
from pprl.synth.errors.placeholders import placeholder_corruptions
from pprl.synth.errors.profiles import PROFILES
from pprl.synth.errors.remnants import remnant_corruptions
from pprl.synth.errors.slips import lettering
from pprl.synth.errors.slips.addresses import address_slips
from pprl.synth.errors.slips.dates import date_slips
from pprl.synth.errors.slips.keyboard import (
    DOUBLE_LETTER,
    DROP_LETTER,
    TRANSPOSE_CHARACTERS,
    TRANSPOSE_LETTERS,
    WRONG_CHARACTER,
    insert_letter,
    keyboard_neighbours,
    neighbour_key,
)
from pprl.synth.errors.slips.slip import Slip
from pprl.synth.errors.slips.spelling import SCANNED, other_name, other_spelling, rewrite
from pprl.synth.places.country import Country, load_country
from pprl.synth.places.homes import Places

__all__ = ["LOSE_VALUE", "all_errors", "country_corruptions", "standard_corruptions"]

WIDTHS: Mapping[str, int] = MappingProxyType(
    {"given_name": 12, "surname": 12, "address": 25, "locality": 20}
)
"""Widths in characters of columns that are too narrow. Chosen, as in old systems; sensitive: the narrower a column, the
more values are cut."""

_TYPING = (
    "Damerau 1964 (Comm. ACM 7): about 80 % of misspellings are one insertion, omission, substitution or "
    "transposition; the rate is a choice."
)
_MOVES = (
    "Censuses and surveys of the US and UK find that about one person in ten lives elsewhere than a year ago; the rate "
    "is for the time between two registers and is a choice."
)
_EAR = "Kukich 1992 (ACM Computing Surveys 24) on phonetic errors; the rate is a choice."
_SWAPS = (
    "Just et al. 2016 (Perspect. Health Inf. Manag. 13): after misspellings, swapped names are a main cause of name "
    "mismatches between confirmed duplicate patient records; the rate in all records is a choice."
)
_MIDDLE = (
    "Just et al. 2016 (Perspect. Health Inf. Manag. 13): the middle name was the field that differed most often in "
    "confirmed duplicate patient records (58 %); the rate in all records is a choice."
)
_GENERATORS = "Tran, Vatsalan and Christen 2013 (GeCo, CIKM) generate it; the rate is a choice."
_HES_BIRTH = (
    "Harron et al. 2017 (BMC Med. Res. Methodol. 17): sex and date of birth differed or were missing in 0.11 % of "
    "young patients' hospital records in England; the rate is a choice."
)
_HES_PLACE = (
    "Harron et al. 2017 (BMC Med. Res. Methodol. 17): the postcode differed or was missing in 53 % of young patients' "
    "hospital records in England, moves included; the rate is a choice."
)


def standard_corruptions(
    lexicon: Lexicon,
    places: HomesToMoveTo,
    *,
    latest: str = "2025-12-31",
    widths: Mapping[str, int] = WIDTHS,
    unknown_postcode: str = "99999",
) -> Mapping[str, Corruption]:
    """Return all kinds of errors by name, in the order in which they are made.

    Args:
        lexicon: of the country's language.
        places: the country's homes, for people who move.
        latest: newest date of birth that a register accepts, ``YYYY-MM-DD``.
        widths: field -> width in characters of a column that may be too narrow for it.
        unknown_postcode: what the country's registers write where there is none.
    """
    made = chain(
        _of_life(places), _of_names(lexicon), _of_typing(lexicon), _of_births(latest), _of_homes(lexicon),
        _of_forms(lexicon), _of_losses(), _of_widths(widths), remnant_corruptions(),
        placeholder_corruptions(lexicon, latest=latest, postcode=unknown_postcode),
    )  # fmt: skip
    found: dict[str, Corruption] = {}
    for corruption in sorted(made, key=lambda item: item.stage):
        assert corruption.name not in found
        found[corruption.name] = corruption
    return MappingProxyType(found)


def country_corruptions(
    country: Country, places: HomesToMoveTo, *, latest: str, more: Sequence[Corruption] = ()
) -> dict[str, Corruption]:
    """Return the standard errors as a country has them, and any further ones, by name.

    Args:
        country: whose language and keyboard.
        places: its homes, for people who move.
        latest: newest date of birth that a register accepts, ``YYYY-MM-DD``.
        more: further errors.

    Raises:
        UsageError: one of them has the name of another error.
    """
    lexicon = load_lexicon(country.language, country.keyboard)
    known = dict(
        standard_corruptions(
            lexicon, places, latest=latest, unknown_postcode=country.unknown_postcode
        )
    )
    for own in more:
        if own.name in known:
            raise UsageError(
                f"there is already an error called {own.name!r}", hint="Give yours another name."
            )
        known[own.name] = own
    return known


def all_errors(country: str = "gb") -> pd.DataFrame:
    """Return all standard errors: `error`, `fields`, `slot`, the rate in each profile, `title` and `source`."""
    land = load_country(country)
    known = country_corruptions(land, Places(land, 1, 1), latest="2025-12-31")
    profiles = {name: profile for name, profile in PROFILES.items() if profile.rates}
    return pd.DataFrame(
        {
            "error": list(known),
            "fields": [", ".join(c.fields) for c in known.values()],
            "slot": [c.slot for c in known.values()],
            **{name: [p.rates.get(error, 0.0) for error in known] for name, p in profiles.items()},
            "title": [c.title for c in known.values()],
            "source": [c.source for c in known.values()],
        }
    )


def _slip(
    name: str, field: str, slip: Slip, title: str, source: str = UNPUBLISHED, *, slot: str = "", stage: int = TYPED
) -> Corruption:  # fmt: skip
    return text_corruption(
        name, field, slip.change, possible=slip.possible, slot=slot, stage=stage, title=title, source=source
    )  # fmt: skip


def _of_life(places: HomesToMoveTo) -> Iterator[Corruption]:
    yield Corruption(
        name="moved_house", fields=("address", "locality", "postcode"), slot="home", stage=LIFE, shared=True,
        change=partial(moved_house, places=places), possible=may_move,
        title="the household has another home",
        source=_MOVES,
    )  # fmt: skip
    yield Corruption(
        name="married_name", fields=("surname", "former_surname"), slot="surname_held", stage=LIFE,
        change=changed_surname, possible=may_change_surname,
        title="the surname is the former one, or both joined", source=UNPUBLISHED,
    )  # fmt: skip


def _of_names(lexicon: Lexicon) -> Iterator[Corruption]:
    nicknames: dict[str, tuple[str, ...]] = dict(lexicon.nicknames)
    for name, others in lexicon.nicknames.items():
        for other in others:
            nicknames[other] = (*nicknames.get(other, ()), name)
    yield _slip("given_name_nickname", "given_name", other_name(nicknames),
                "a nickname, or the full name of one", _GENERATORS)  # fmt: skip
    yield _slip("given_name_initial", "given_name", lettering.TO_INITIAL, "only the initial")
    yield Corruption(
        name="names_swapped", fields=("given_name", "surname"), slot="names", change=_swapped, possible=_swappable,
        title="given name and surname stand in each other's place", source=_SWAPS,
    )  # fmt: skip
    yield Corruption(
        name="given_and_middle_swapped", fields=("given_name", "middle_name"), slot="names", change=_swapped,
        possible=_swappable, title="given and middle name stand in each other's place", source=_MIDDLE,
    )  # fmt: skip
    yield Corruption(
        name="given_and_middle_joined", fields=("given_name", "middle_name"), slot="names",
        change=_join_given, possible=all, title="the middle name stands in the given name's column", source=_MIDDLE,
    )  # fmt: skip
    yield _slip("middle_name_dropped", "middle_name", LOSE_VALUE, "no middle name", _MIDDLE)
    yield _slip(
        "middle_name_initial", "middle_name", lettering.TO_INITIAL, "only the initial", _MIDDLE
    )
    if any(lexicon.middle_names.values()):
        yield Corruption(
            name="middle_name_added", fields=("middle_name", "sex"), slot="middle_name",
            change=partial(_add_middle, pools=lexicon.middle_names), possible=_no_middle,
            title="a middle name that the person does not use elsewhere", source=_MIDDLE,
        )  # fmt: skip
    by_ear = rewrite(
        anywhere=lexicon.sounds, at_start=lexicon.sounds_at_start, at_end=lexicon.sounds_at_end
    )
    alike = other_spelling(lexicon.spellings)
    for field in ("given_name", "surname"):
        yield _slip(f"{field}_by_ear", field, by_ear, "spelled as it sounds", _EAR)
        yield _slip(f"{field}_other_spelling", field, alike,
                    "the same name's other spelling", _GENERATORS)  # fmt: skip
        yield _slip(f"{field}_joined", field, lettering.JOIN_PARTS,
                    "a double name with hyphen, with space or in one", slot=f"{field}_joined", stage=FORM)  # fmt: skip
    yield _slip("surname_half_dropped", "surname", lettering.DROP_HALF,
                "one half of a double surname", slot="surname_held", stage=LIFE)  # fmt: skip
    yield _slip("surname_halves_swapped", "surname", lettering.SWAP_HALVES,
                "the halves of a double surname stand in each other's place")  # fmt: skip
    yield _slip("surname_apostrophe_lost", "surname", lettering.LOSE_APOSTROPHE, "no apostrophe",
                slot="surname_apostrophe_lost", stage=FORM)  # fmt: skip


def _swappable(values: Values) -> bool:
    return bool(values[0] and values[1]) and values[0] != values[1]


def _swapped(values: Values, dice: Dice) -> Values:
    return (values[1], values[0]) if _swappable(values) else values


def _join_given(values: Values, dice: Dice) -> Values:
    return (f"{values[0]} {values[1]}", "") if all(values) else values


def _no_middle(values: Values) -> bool:
    return not values[0]


def _add_middle(values: Values, dice: Dice, pools: Mapping[str, tuple[str, ...]]) -> Values:
    if values[0]:
        return values
    pool = pools.get(values[1]) or tuple(name for names in pools.values() for name in names)
    return (dice.one(pool), values[1])


LOSE_VALUE = Slip(possible=bool, change=lambda text, dice: "")
"""The value is lost."""


def _of_typing(lexicon: Lexicon) -> Iterator[Corruption]:
    beside = keyboard_neighbours(lexicon.rows)
    slips = {
        "neighbour_key": (neighbour_key(beside), "the key beside the right one", _TYPING),
        "letter_inserted": (insert_letter(beside), "a letter too many", _TYPING),
        "letter_dropped": (DROP_LETTER, "a letter too few", _TYPING),
        "letter_doubled": (DOUBLE_LETTER, "a letter twice", _TYPING),
        "letters_transposed": (TRANSPOSE_LETTERS, "two letters in the other order", _TYPING),
        "scanned": (SCANNED, "a shape that a scanner took for another", _GENERATORS),
    }
    for field in ("given_name", "surname", "address", "locality"):
        for kind, (slip, title, source) in slips.items():
            yield _slip(f"{field}_{kind}", field, slip, title, source)


def _of_births(latest: str) -> Iterator[Corruption]:
    titles = {
        "day_month_swapped": "day and month stand in each other's place",
        "day_digit_wrong": "a digit of the day is wrong",
        "month_digit_wrong": "a digit of the month is wrong",
        "year_digit_wrong": "one of the year's last two digits is wrong",
        "date_digit_scanned": "a digit that a scanner took for another",
        "date_digits_transposed": "two digits stand in the other order",
        "year_off_by_one": "the year before or after",
        "first_of_january": "1 January, as where only the year is known",
        "date_in_part": "the day, or day and month, unknown",
    }
    for name, slip in date_slips(latest).items():
        yield _slip(name, "date_of_birth", slip, titles[name], _HES_BIRTH)
    yield _slip("sex_wrong", "sex", _OTHER_SEX, "the other sex", _HES_BIRTH)


_SEXES = {"F": "M", "M": "F"}
_OTHER_SEX = Slip(
    possible=lambda text: text in _SEXES, change=lambda text, dice: _SEXES.get(text, text)
)


def _of_homes(lexicon: Lexicon) -> Iterator[Corruption]:
    slips = address_slips(lexicon)
    forms = {
        "street_word": "the street word shortened or written out",
        "flat_form": "the flat in another place or with another word",
        "number_place": "the house number on the street's other side",
        "comma": "with or without a comma",
    }
    for kind, title in forms.items():
        yield _slip(
            f"address_{kind}", "address", slips[kind], title, slot=f"address_{kind}", stage=FORM
        )
    wrongs = {
        "flat_lost": "no flat",
        "number_lost": "no house number",
        "number_wrong": "a digit of the house or flat number is wrong",
    }
    for kind, title in wrongs.items():
        yield _slip(f"address_{kind}", "address", slips[kind], title)
    yield _slip(
        "postcode_character_wrong",
        "postcode",
        WRONG_CHARACTER,
        "a digit or letter is wrong",
        _HES_PLACE,
    )
    yield _slip("postcode_transposed", "postcode", TRANSPOSE_CHARACTERS,
                "two characters in the other order", _HES_PLACE)  # fmt: skip
    yield _slip("postcode_closed_up", "postcode", _CLOSED_UP, "without its space or hyphen",
                slot="postcode_form", stage=FORM)  # fmt: skip


def _closed_up(text: str, dice: Dice) -> str:
    return text.replace(" ", "").replace("-", "") if _can_close_up(text) else text


def _can_close_up(text: str) -> bool:
    return (" " in text or "-" in text) and bool(text.strip(" -"))


_CLOSED_UP = Slip(possible=_can_close_up, change=_closed_up)


def _of_forms(lexicon: Lexicon) -> Iterator[Corruption]:
    letters = lettering.transliterate(lexicon.letters)
    for field in ("given_name", "surname"):
        name = f"{field}_transliterated"
        yield _slip(
            name,
            field,
            letters,
            "special letters written the other country's way",
            slot=name,
            stage=FORM,
        )
    for name, fields in (
        ("accents_lost", ("given_name", "middle_name", "surname")),
        ("address_accents_lost", ("address", "locality")),
    ):
        yield Corruption(
            name=name, fields=fields, slot=name, stage=FORM, change=_plain, possible=_has_accents,
            title="in plain letters", source=UNPUBLISHED,
        )  # fmt: skip


def _has_accents(values: Values) -> bool:
    return any(not text.isascii() and lettering.lose_accents(text) != text for text in values)


def _plain(values: Values, dice: Dice) -> Values:
    return tuple(map(lettering.lose_accents, values))


_TOGETHER = {
    "given_names_missing": ("given_name", "middle_name"),
    "place_missing": ("address", "locality", "postcode"),
    "postcode_and_locality_missing": ("locality", "postcode"),
    "birth_and_sex_missing": ("date_of_birth", "sex"),
    "birth_and_place_missing": ("date_of_birth", "address", "locality", "postcode"),
}


def _of_losses() -> Iterator[Corruption]:
    single = ("given_name", "surname", "date_of_birth", "sex", "address", "locality", "postcode")
    for name, fields in (*((f"{field}_missing", (field,)) for field in single), *_TOGETHER.items()):
        yield Corruption(
            name=name, fields=fields, slot=name, stage=LOST, change=_empty, possible=any,
            title="not known" if len(fields) == 1 else "not known, all together",
            source=_HES_PLACE if "postcode" in fields else _HES_BIRTH if "sex" in fields else UNPUBLISHED,
        )  # fmt: skip


def _empty(values: Values, dice: Dice) -> Values:
    return ("",) * len(values)


def _of_widths(widths: Mapping[str, int]) -> Iterator[Corruption]:
    for field, width in widths.items():
        yield _slip(f"{field}_cut", field, lettering.cut(width), f"cut to {width} characters",
                    slot=f"{field}_width", stage=LOST)  # fmt: skip
