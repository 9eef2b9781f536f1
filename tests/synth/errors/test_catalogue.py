"""Every standard error keeps its word: where it is possible it happens, and only there."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.synth.draw import Dice
from pprl.synth.errors.catalogue import Corruption, standard_corruptions, text_corruption
from pprl.synth.errors.error_type import FORM, LOST
from pprl.synth.errors.lexicon import LANGUAGES, load_lexicon

FIELDS = (
    "given_name", "middle_name", "surname", "date_of_birth", "sex", "address", "locality", "postcode",
    "former_surname",
)  # fmt: skip
KEYBOARDS = {"de": "qwertz", "fr": "azerty"}
NICKNAMES = {"Elizabeth": ("Liz", "Beth"), "Robert": ("Bob", "Rob"), "Johannes": ("Hans",)}


class Homes:
    """A country of two towns."""

    def one(self, dice: Dice) -> tuple[str, str, str]:
        return (f"{dice.between(1, 90)} Elm Road", "Ashby", "VK1 2AB")

    def near(self, dice: Dice, locality: str) -> tuple[str, str, str]:
        return (f"{dice.between(1, 90)} Oak Road", locality, "VK3 4DE")


def lexicon(language: str):
    return replace(load_lexicon(language, KEYBOARDS.get(language, "qwerty")), nicknames=NICKNAMES)


ALL = {language: standard_corruptions(lexicon(language), Homes()) for language in LANGUAGES}
NAMES = tuple(ALL["en"])

NASTY = (
    "", "a", "É", "ß", "SS", "Al", "O'Brien-Smith", "O'", "-", " ", ".", "J.", "Anna Maria", "Jean-Pierre", "MÜLLER",
    "Müller", "Weiß", "WEIẞ", "İbrahim", "Iıi", "ΣΣς", "Александра", "李小龍", "محمد", "van der Berg", "García López",
    "McDonald", "Mohammed", "MUHAMMAD", "Elizabeth", "liz", "Kowalska-Łaska", "Þór", "ǅ", "ſmith", "Kelvin", "Hh",
    "Philippa", "UNKNOWN", "NIEZNANY", "Sch", "0E", "e", "h", "ie", "Nguyễn", "'", "x" * 60,
)  # fmt: skip
ADDRESSES = (
    "", "Flat 3, 12 High Street", "3/12 High St", "12 Oak St Apt 4", "12 Oak St #4", "FLAT 3, 12 HIGH STREET",
    "12", "7a", "Hauptstraße 12", "HAUPTSTRASSE 12", "Lindenstr. 7b", "Straße des 17. Juni 4",
    "12 Rue de l'Église", "12 R. du Four",
    "Calle Mayor 12", "Via Roma, 12", "ul. Długa 5 m. 7", "Storgatan 4", "Kerkstraat 9", "St Mary's Road", "Flat 3",
    "Rose Cottage", "1 2 3", "12, High Street", "Unit 12, 12", "12 ,", ",", "12  High  Street", "10 Street", "St",
)  # fmt: skip
DATES = (
    "", "1985-03-12", "1985-03-03", "2000-02-29", "1900-01-01", "2024-12-31", "2025-12-31", "1985-00-00", "1985-03-00",
    "1999-01-01", "1985-12-31", "1899-07-07", "not a date", "1985-13-40",
)  # fmt: skip

texts = st.one_of(
    st.sampled_from(NASTY), st.text(max_size=12), st.text("aAbBeEhHß'- éÉıİſKσΣςüÜ.1", max_size=8)
)
records = st.fixed_dictionaries(
    {
        "given_name": texts,
        "middle_name": texts,
        "surname": texts,
        "former_surname": texts,
        "date_of_birth": st.one_of(
            st.sampled_from(DATES),
            st.dates(datetime.date(1900, 1, 1), datetime.date(2025, 12, 31)).map(str),
            st.text("0123456789-", max_size=10),
        ),
        "sex": st.sampled_from(("F", "M", "")),
        "address": st.one_of(st.sampled_from(ADDRESSES), texts),
        "locality": texts,
        "postcode": st.one_of(st.sampled_from(("VK4 7TR", "00-123", "05129", "", " ", "-")), texts),
    }
)
dice = st.integers(0, 2**64 - 1)


def everyone() -> Iterator[tuple[str, Corruption]]:
    for language, found in ALL.items():
        for corruption in found.values():
            yield language, corruption


@settings(max_examples=150, deadline=None)
@given(record=records, number=dice, language=st.sampled_from(LANGUAGES))
def test_an_error_alters_the_values_exactly_where_it_is_possible(record, number, language):
    for corruption in ALL[language].values():
        values = tuple(record[field] for field in corruption.fields)
        changed = corruption.change(values, Dice.of(number))
        assert isinstance(changed, tuple)
        assert len(changed) == len(values)
        assert all(isinstance(text, str) for text in changed)
        assert (changed != values) == corruption.possible(values), (
            corruption.name,
            values,
            changed,
        )
        assert changed == corruption.change(values, Dice.of(number)), corruption.name


@settings(max_examples=150, deadline=None)
@given(
    date=st.dates(datetime.date(1900, 1, 1), datetime.date(2025, 12, 31)).map(str)
    | st.sampled_from(("1985-00-00", "1985-03-00", "2000-02-29", "1996-02-29", "2025-01-31")),
    number=dice,
)
def test_a_wrong_date_is_a_date_that_a_register_takes(date, number):
    for corruption in ALL["en"].values():
        if corruption.fields != ("date_of_birth",) or corruption.stage == LOST:
            continue
        (wrong,) = corruption.change((date,), Dice.of(number))
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", wrong)
        year, month, day = map(int, wrong.split("-"))
        assert month or not day
        datetime.date(year, month or 1, day or 1)
        if wrong != date:
            assert "1900-01-01" <= wrong <= "2025-12-31" or corruption.name == "date_in_part"


@settings(max_examples=100, deadline=None)
@given(record=records, number=dice, language=st.sampled_from(LANGUAGES))
def test_no_error_makes_control_characters_or_an_unknown_sex(record, number, language):
    for corruption in ALL[language].values():
        values = tuple(record[field] for field in corruption.fields)
        changed = dict(
            zip(corruption.fields, corruption.change(values, Dice.of(number)), strict=True)
        )
        assert changed.get("sex", "") in ("F", "M", "")
        before = {letter for text in values for letter in text}
        added = {letter for text in changed.values() for letter in text} - before
        assert all(letter.isprintable() for letter in added), corruption.name


def test_every_corruption_says_what_it_is_and_where_its_rate_comes_from():
    for language, corruption in everyone():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", corruption.name), (language, corruption.name)
        assert corruption.title
        assert len(corruption.source) > 20
        assert set(corruption.fields) <= set(FIELDS)
        assert 0 <= corruption.stage <= 3


def test_written_forms_and_lost_values_have_slots_of_their_own():
    """Neither of two such errors keeps a record from the other."""
    for found in ALL.values():
        late = [c.slot for c in found.values() if c.stage in (FORM, LOST)]
        others = {c.slot for c in found.values() if c.stage not in (FORM, LOST)}
        assert len(set(late)) == len(late)
        assert not set(late) & others
        missing = [c for c in found.values() if c.name.endswith("_missing")]
        assert len(missing) == 12
        assert all(c.slot == c.name for c in missing)


def test_the_languages_have_the_same_errors():
    assert {tuple(found) for found in ALL.values()} == {NAMES}


def test_only_a_move_is_shared_by_the_household():
    assert [c.name for c in ALL["en"].values() if c.shared] == ["moved_house"]


def test_errors_come_in_the_order_of_their_stages():
    stages = [corruption.stage for corruption in ALL["en"].values()]
    assert stages == sorted(stages)


def outcomes(name: str, *values: str, language: str = "en") -> set[tuple[str, ...]]:
    corruption = ALL[language][name]
    return {corruption.change(values, Dice.of(number)) for number in range(400)}


def of_one(name: str, value: str, language: str = "en") -> set[str]:
    return {values[0] for values in outcomes(name, value, language=language)}


def test_nicknames_go_both_ways():
    assert of_one("given_name_nickname", "Elizabeth") == {"Liz", "Beth"}
    assert of_one("given_name_nickname", "Beth") == {"Elizabeth"}
    assert of_one("given_name_nickname", "BETH") == {"ELIZABETH"}


def test_two_in_three_moves_stay_in_the_town():
    moved = ALL["en"]["moved_house"]
    home = ("1 Old Lane", "Oxby", "VK9 9ZZ")
    towns = [moved.change(home, Dice.of(number))[1] for number in range(3000)]
    assert 0.63 < towns.count("Oxby") / len(towns) < 0.70


def test_a_changed_surname_is_the_former_one_or_both():
    assert outcomes("married_name", "Reed", "Hill") == {
        ("Hill", "Hill"), ("Hill-Reed", "Hill"), ("Reed-Hill", "Hill"),
    }  # fmt: skip
    assert not ALL["en"]["married_name"].possible(("Reed", ""))


def test_an_added_middle_name_fits_the_sex():
    women = {middle for middle, _ in outcomes("middle_name_added", "", "F")}
    men = {middle for middle, _ in outcomes("middle_name_added", "", "M")}
    assert "Elizabeth" in women - men
    assert "James" in men - women
    assert {middle for middle, _ in outcomes("middle_name_added", "", "")} >= {"Elizabeth", "James"}


def test_double_names_are_joined_another_way():
    assert of_one("given_name_joined", "Anne-Marie") == {"Anne Marie", "Annemarie"}
    assert of_one("surname_half_dropped", "Hill-Wood") == {"Hill", "Wood"}
    assert not ALL["nl"]["surname_half_dropped"].possible(("van der Berg",))
    assert of_one("surname_halves_swapped", "García López", "es") == {"López García"}
    assert of_one("surname_halves_swapped", "Hill-Wood") == {"Wood-Hill"}
    assert not ALL["en"]["surname_halves_swapped"].possible(("Wood-Wood-Wood",))


def test_accents_and_special_letters():
    assert outcomes("accents_lost", "Zoë", "", "Müller-Weiß") == {("Zoe", "", "Muller-Weiss")}
    assert "Mueller" in of_one("surname_transliterated", "Müller", "de")
    assert "MUELLER" in of_one("surname_transliterated", "MÜLLER", "de")
    assert "Muhammad" in of_one("given_name_other_spelling", "Mohammed", "de")


@pytest.mark.parametrize(
    ("language", "address", "other"),
    [
        ("en", "12 High Street", "12 High St"),
        ("en", "12 Oak St Apt 4", "12 Oak Street Apt 4"),
        ("en", "12 OAK STREET", "12 OAK ST"),
        ("de", "Hauptstraße 12", "Hauptstr. 12"),
        ("de", "Hauptstr. 12", "Hauptstraße 12"),
        ("fr", "12 Avenue Foch", "12 Av. Foch"),
        ("es", "Calle Mayor 12", "C/ Mayor 12"),
        ("nl", "Kerkstraat 9", "Kerkstr. 9"),
        ("sv", "Storgatan 4", "Storg. 4"),
    ],
)
def test_street_words_are_shortened_and_written_out(language, address, other):
    assert other in of_one("address_street_word", address, language)


def test_saint_mary_is_no_street():
    assert of_one("address_street_word", "9 St Mary's Road") == {
        "9 St Mary's Rd",
        "9 St Mary's Rd.",
    }


def test_a_flat_is_written_another_way_or_lost():
    forms = of_one("address_flat_form", "Flat 3, 12 High Street")
    assert forms >= {"3/12 High Street", "12 High Street, Flat 3", "Apt 3, 12 High Street"}
    assert of_one("address_flat_lost", "12 Oak St Apt 4") == {"12 Oak St"}
    assert not any("Flat" in form for form in of_one("address_flat_form", "12 Oak St Apt 4"))


def test_a_house_number_is_lost_or_stands_elsewhere():
    assert of_one("address_number_lost", "Flat 3, 12 High Street") == {"Flat 3, High Street"}
    assert of_one("address_number_place", "Hauptstraße 12", "de") == {"12 Hauptstraße"}
    assert of_one("address_number_place", "12 High Street") == {"High Street 12"}
    assert of_one("address_comma", "12 High Street") == {"12, High Street"}


def test_what_is_missing_together():
    assert outcomes("place_missing", "1 Oak", "Ashby", "VK1 2AB") == {("", "", "")}
    assert outcomes("birth_and_sex_missing", "1985-03-12", "F") == {("", "")}


def test_columns_are_cut_to_their_width():
    narrow = standard_corruptions(lexicon("en"), Homes(), widths={"surname": 5})
    assert narrow["surname_cut"].change(("Sutherland",), Dice.of(1)) == ("Suthe",)
    assert not narrow["surname_cut"].possible(("Smith",))
    assert "address_cut" not in narrow


def test_an_error_of_ones_own_keeps_its_word_without_a_test_of_its_own():
    def sometimes(text: str, dice: Dice) -> str:
        return text.replace("e", "3") if dice.chance(0.5) else text

    own = text_corruption("leet", "surname", sometimes)
    assert own.slot == "surname"
    assert own.possible(("Reed",))
    assert not own.possible(("Wood",))
    for number in range(50):
        assert own.change(("Reed",), Dice.of(number)) == ("R33d",)
        assert own.change(("Wood",), Dice.of(number)) == ("Wood",)
