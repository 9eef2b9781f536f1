"""The profiles can be met, rise from light to heavy, and say what is wrong with rates."""

from __future__ import annotations

import pytest

from pprl.base.errors import UsageError
from pprl.synth.draw import Dice
from pprl.synth.errors.catalogue import standard_corruptions
from pprl.synth.errors.lexicon import load_lexicon
from pprl.synth.errors.profiles import PROFILES, get_profile
from pprl.synth.errors.rates import check_rates


class Homes:
    """A country of one street."""

    def one(self, dice: Dice) -> tuple[str, str, str]:
        return (f"{dice.between(1, 90)} Elm Road", "Ashby", "VK1 2AB")

    def near(self, dice: Dice, locality: str) -> tuple[str, str, str]:
        return self.one(dice)


ALL = standard_corruptions(load_lexicon("en", "qwerty"), Homes())


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_names_errors_that_there_are_and_can_be_met(name):
    profile = get_profile(name)
    assert profile.name == name
    check_rates(profile.rates, ALL)
    assert 0 <= profile.dependence <= 1
    assert 0 <= profile.duplicates < 0.2


def test_rates_rise_from_light_to_heavy():
    none, light, typical, heavy, register = PROFILES.values()
    assert not none.rates
    for name in ALL:
        low, middle, high = (profile.rates.get(name, 0) for profile in (light, typical, heavy))
        assert low <= middle <= high
        assert high > 0 or register.rates[name] > 0, f"{name} is in no profile"
    assert light.duplicates < typical.duplicates < heavy.duplicates


def test_a_register_has_typical_errors_and_what_clean_up_misses():
    typical, register = PROFILES["typical"], PROFILES["register"]
    more = {name for name in ALL if register.rates.get(name, 0) > typical.rates.get(name, 0)}
    assert all(register.rates[name] == typical.rates[name] for name in set(typical.rates) - more)
    assert more == {
        "names_swapped", "surname_halves_swapped", "newborn_name", "unidentified_person",
        *(name for name in ALL if name.startswith("only_") or name.endswith("_placeholder")),
    }  # fmt: skip
    assert register.duplicates > typical.duplicates
    assert register.split_families > 0 == typical.split_families


def test_what_files_hold_goes_by_their_place_in_turn():
    register = PROFILES["register"]
    assert [dict(register.of_file(place)) for place in range(3)] == [
        {}, {"postcode_missing": 0.3}, {},
    ]  # fmt: skip
    check_rates({**register.rates, **register.of_file(1)}, ALL)
    assert dict(PROFILES["heavy"].of_file(1)) == {}


def test_an_unknown_profile_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="no profile 'typicl'") as refused:
        get_profile("typicl")
    assert "Did you mean 'typical'?" in str(refused.value.hint)


def test_an_unknown_error_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="no error 'moved_hous'") as refused:
        check_rates({"moved_hous": 0.1}, ALL)
    assert "Did you mean 'moved_house'?" in str(refused.value.hint)


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_rate_is_a_share(rate):
    with pytest.raises(UsageError, match="rate of sex_wrong"):
        check_rates({"sex_wrong": rate}, ALL)


def test_the_rates_of_a_slot_add_up_to_one_at_most():
    check_rates({"given_name_nickname": 0.5, "given_name_initial": 0.5, "sex_wrong": 1}, ALL)
    with pytest.raises(UsageError, match=r"slot 'given_name' add up to 1\.1"):
        check_rates({"given_name_nickname": 0.6, "given_name_initial": 0.5}, ALL)


@pytest.mark.parametrize(("language", "keyboard"), [("eng", "qwerty"), ("en", "qwert")])
def test_an_unknown_language_or_keyboard_is_answered_with_the_nearest(language, keyboard):
    with pytest.raises(UsageError) as refused:
        load_lexicon(language, keyboard)
    assert "Did you mean" in str(refused.value.hint)
