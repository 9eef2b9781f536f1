"""The slips of one text: what each does, and nothing more."""

from __future__ import annotations

import jellyfish
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.synth.draw import Dice
from pprl.synth.errors.lexicon import LANGUAGES, load_lexicon
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
from pprl.synth.errors.slips.lettering import TO_INITIAL, lose_accents, transliterate
from pprl.synth.errors.slips.slip import Slip
from pprl.synth.errors.slips.spelling import SCANNED, other_name, rewrite

QWERTY = keyboard_neighbours(load_lexicon("en", "qwerty").rows)
names = st.sampled_from(
    (
        "Smith",
        "SMITH",
        "smith",
        "Müller",
        "O'Brien-Smith",
        "McDonald",
        "Łukasz",
        "de la Cruz",
        "Anna",
        "Éric",
    )
)
dice = st.integers(0, 2**64 - 1).map(Dice.of)


def outcomes(slip: Slip, text: str) -> set[str]:
    return {slip.change(text, Dice.of(number)) for number in range(500)}


@pytest.mark.parametrize(
    ("slip", "longer"),
    [
        (neighbour_key(QWERTY), 0),
        (insert_letter(QWERTY), 1),
        (DROP_LETTER, -1),
        (DOUBLE_LETTER, 1),
        (TRANSPOSE_LETTERS, 0),
        (WRONG_CHARACTER, 0),
    ],
)
@given(text=names, dice=dice)
def test_a_slip_of_the_hand_is_one_edit_and_keeps_the_case_style(slip, longer, text, dice):
    changed = slip.change(text, dice)
    assert jellyfish.damerau_levenshtein_distance(changed.lower(), text.lower()) == 1
    assert len(changed) == len(text) + longer
    if slip is not WRONG_CHARACTER:
        assert changed.isupper() == text.isupper()
        first = next(letter for letter in changed if letter.isalpha())  # of 'Brien it is the B
        assert first.isupper() == text[0].isupper()


@pytest.mark.parametrize("keyboard", ["qwerty", "qwertz", "azerty"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_keyboards_are_mutual_and_letters_stand_beside_letters(keyboard, language):
    beside = keyboard_neighbours(load_lexicon(language, keyboard).rows)
    for key, near in beside.items():
        assert key not in near
        for other in near:
            assert key in beside[other]
            assert key.isdigit() == other.isdigit()
    assert len([key for key in beside if key.isascii() and key.isalpha()]) == 26


def test_neighbours_are_those_of_the_country():
    german = keyboard_neighbours(load_lexicon("de", "qwertz").rows)
    assert "z" in german["t"]
    assert "z" not in QWERTY["t"]
    assert "ö" in german["l"]
    assert set(QWERTY["s"]) == {"a", "d", "w", "e", "z", "x"}


def test_the_first_letter_is_seldom_wrong():
    first = sum(TRANSPOSE_LETTERS.change("Sutherland", Dice.of(n))[0] != "S" for n in range(3000))
    assert 0 < first < 3000 / 9 / 4


def test_letters_of_one_kind_are_not_transposed():
    assert not TRANSPOSE_LETTERS.possible("Aaa")
    assert not TRANSPOSE_LETTERS.possible("A-b 1")
    assert outcomes(TRANSPOSE_LETTERS, "Ab") == {"Ba"}


def test_a_dropped_capital_leaves_a_capital():
    assert outcomes(DROP_LETTER, "Ann") == {"Nn", "An"}
    assert not DROP_LETTER.possible("Li")


def test_a_scanner_takes_shapes_for_each_other():
    assert outcomes(SCANNED, "rn") >= {"m"}
    assert "0lsson" in outcomes(SCANNED, "Olsson")
    assert "C1ark" in outcomes(SCANNED, "Clark")
    assert not SCANNED.possible("xxyy")


def test_sounds_keep_to_their_place_in_the_word():
    ear = rewrite(
        at_start={"h": ("",), "k": ("c",)}, at_end={"y": ("ie",)}, anywhere={"ll": ("l",)}
    )
    assert outcomes(ear, "Helly") == {"Elly", "Hely", "Hellie"}
    assert outcomes(ear, "KELLY") == {"CELLY", "KELY", "KELLIE"}
    assert not ear.possible("Ahk")
    assert not ear.possible("h")
    assert not ear.possible("")


def test_english_and_german_ears_differ():
    def ear(language: str) -> Slip:
        words = load_lexicon(language, "qwerty")
        return rewrite(
            anywhere=words.sounds, at_start=words.sounds_at_start, at_end=words.sounds_at_end
        )

    assert "Maier" in outcomes(ear("de"), "Meier")
    assert "Kelley" in outcomes(ear("en"), "Kelly")
    assert "Catherine" in outcomes(ear("en"), "Katherine")
    assert "Wójcik" not in outcomes(ear("pl"), "Wójcik")
    assert "Wujcik" in outcomes(ear("pl"), "Wójcik")


@pytest.mark.parametrize("language", LANGUAGES)
def test_lexicons_have_no_change_that_changes_nothing(language):
    words = load_lexicon(language, "qwerty")
    for table in (
        words.sounds,
        words.sounds_at_start,
        words.sounds_at_end,
        words.letters,
        words.streets,
    ):
        for read, written in table.items():
            assert read == read.lower()
            assert written
            assert read.removeprefix("-") not in written
            assert len(set(written)) == len(written)
    assert all(words.sounds[key] != ("",) for key in words.sounds)
    for group in words.spellings:
        assert len({name.lower() for name in group}) == len(group) > 1, group
    assert words.street_at in ("start", "end", "both")
    assert set(words.middle_names) == {"F", "M"}
    assert all(len(pool) >= 10 for pool in words.middle_names.values())


def test_a_whole_name_is_replaced_only_whole():
    slip = other_name({"Robert": ("Bob", "Robert"), "Bobby": ("Robert",)})
    assert outcomes(slip, "robert") == {"Bob"}
    assert outcomes(slip, "ROBERT") == {"BOB"}
    assert not slip.possible("Roberta")


def test_codes_get_another_character_of_their_kind():
    for changed in outcomes(WRONG_CHARACTER, "vK4 7TR"):
        kinds = [(c.isdigit(), c.isupper(), c.islower(), c.isspace()) for c in changed]
        assert kinds == [(c.isdigit(), c.isupper(), c.islower(), c.isspace()) for c in "vK4 7TR"]
    assert outcomes(TRANSPOSE_CHARACTERS, "112") == {"121"}


def test_plain_letters_and_initials():
    assert lose_accents("Zoë Müller-Weiß Łódź Ørsted Æsir") == "Zoe Muller-Weiss Lodz Orsted Aesir"
    assert lose_accents("WEIẞ ÆSIR") == "WEISS AESIR"
    assert outcomes(TO_INITIAL, "Anne-Marie") == {"A", "A."}
    assert not TO_INITIAL.possible("A.")
    assert outcomes(transliterate({"ü": ("ue",), "ß": ("ss",)}), "Süßmüller") == {"Suessmueller"}


def of_date(name: str, date: str) -> set[str]:
    return outcomes(date_slips("2025-12-31")[name], date) - {date}


def test_slips_of_a_date():
    assert of_date("day_month_swapped", "1985-03-12") == {"1985-12-03"}
    assert of_date("day_month_swapped", "1985-03-13") == set()
    assert of_date("month_digit_wrong", "1985-02-03") == {
        f"1985-{month:02}-03" for month in (1, 3, 4, 5, 6, 7, 8, 9, 12)
    }  # fmt: skip
    assert of_date("day_digit_wrong", "1985-02-30") == set() | {
        "1985-02-10", "1985-02-20"
    }  # fmt: skip
    assert of_date("year_off_by_one", "2025-06-01") == {"2024-06-01"}
    assert of_date("year_off_by_one", "2000-02-29") == set()
    assert of_date("date_digits_transposed", "1985-03-12") == {"1958-03-12", "1985-03-21"}
    assert of_date("first_of_january", "1985-03-12") == {"1985-01-01"}
    assert of_date("first_of_january", "1985-01-01") == set()
    assert of_date("date_in_part", "1985-03-12") == {"1985-03-00", "1985-00-00"}
    assert of_date("date_in_part", "1985-00-00") == set()


@settings(max_examples=40, deadline=None)
@given(date=st.dates().map(str))
def test_a_wrong_digit_is_one_digit(date):
    for name in ("day_digit_wrong", "month_digit_wrong", "year_digit_wrong", "date_digit_scanned"):
        for other in of_date(name, date):
            assert jellyfish.hamming_distance(date, other) == 1
