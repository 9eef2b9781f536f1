"""Surnames have a head and a very long tail, given names go with the decade, women's forms with the woman."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pprl.synth.draw import Stream
from pprl.synth.people.names import DECADES, CountryNames, load_pool
from pprl.synth.people.population import population
from pprl.synth.places.country import COUNTRIES, load_country

POOLS = sorted({pool for code in COUNTRIES for pool in load_country(code).origins})


def frequencies(people: int) -> np.ndarray:
    return np.sort(np.bincount(population(people, seed=2).surname))[::-1]


def test_surnames_have_a_heavy_tail() -> None:
    """The top name is about one person in a hundred, and names borne once grow with the population."""
    small, large = frequencies(10_000), frequencies(160_000)
    for counts in (small, large):
        total = counts.sum()
        assert 0.003 < counts[0] / total < 0.03
        assert counts[:100].sum() / total < 0.4
    once = [(counts == 1).sum() for counts in (small, large)]
    distinct = [(counts > 0).sum() for counts in (small, large)]
    assert once[1] > 2 * once[0] > 0
    assert distinct[1] > 3 * distinct[0]
    # Most names are rare: half of all names are borne by three people or fewer.
    assert np.median(large[large > 0]) <= 3


@pytest.mark.parametrize("name", POOLS)
def test_a_pool_is_drawn_as_its_weights_say(name: str) -> None:
    pool = load_pool(name)
    names = CountryNames([pool])
    count = 40_000
    codes = names.draw_surname(Stream(1, "s"), np.zeros(count, dtype=np.int64))
    share = pool.surname_weights / pool.surname_weights.sum()
    top = np.argsort(-share)[:20]
    made = np.bincount(codes, minlength=len(share))[top] / count
    assert (np.abs(made - share[top]) < 5 * np.sqrt(share[top] / count) + 1e-4).all()
    for sex, letter in enumerate("FM"):
        for year in (1890, 1925, 1999, 2029):
            at = min(max((year - 1920) // 10, 0), len(DECADES) - 1)
            zeros = np.zeros(3000, dtype=np.int64)
            drawn = names.draw_given(Stream(1, "g", year), zeros, zeros + sex, zeros + year)
            texts = set(names.given_text.take(drawn).to_pylist())
            weights = pool.given_weights[letter][:, at]
            allowed = {pool.given[letter][place] for place in np.flatnonzero(weights > 0)}
            assert texts <= allowed
            assert len(texts) > min(20, len(allowed) // 2)


def test_codes_of_several_pools_stay_with_their_pool() -> None:
    pools = [load_pool(name) for name in POOLS[:3]]
    names = CountryNames(pools)
    place = np.arange(6000) % 3
    sex = np.arange(6000) // 3 % 2
    surnames = names.surname_text.take(names.draw_surname(Stream(1, "s"), place)).to_pylist()
    year = np.full(6000, 1980)
    given = names.given_text.take(names.draw_given(Stream(1, "g"), place, sex, year)).to_pylist()
    held = [set(pool.surnames) for pool in pools]
    assert all(text in held[at] for text, at in zip(surnames, place.tolist(), strict=True))
    for text, at, kind in zip(given, place.tolist(), sex.tolist(), strict=True):
        assert text in pools[at].given["FM"[kind]]


def test_polish_women_bear_the_womans_form() -> None:
    frame = population(4000, country="pl", seed=1, towns=2).frame()
    polish = frame[frame["origin"] == "polish"]
    women, men = polish[polish["sex"] == "F"], polish[polish["sex"] == "M"]
    pool = load_pool("polish")
    both = zip(pool.surnames, pool.surnames_female, strict=True)
    forms = {man: woman for man, woman in both if man != woman}
    hers = set(forms.values()) - set(pool.surnames)
    assert {"Kowalski": "Kowalska"}.items() <= forms.items()

    def parts(surnames: pd.Series[str]) -> set[str]:
        return {part for text in surnames for part in text.split("-")}

    assert len(parts(women["surname"]) & hers) > 20
    assert not parts(women["surname"]) & set(forms)
    assert len(parts(men["surname"]) & set(forms)) > 20
    assert not parts(men["surname"]) & hers


def test_spaniards_have_two_surnames() -> None:
    frame = population(2000, country="es", seed=1, towns=2).frame()
    spanish = frame[frame["origin"] == "spanish"]
    assert (spanish["surname"].str.count(" ") >= 1).mean() > 0.9
    assert (frame["former_surname"] == "").all()


def test_an_unknown_pool_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        load_pool("martian")
