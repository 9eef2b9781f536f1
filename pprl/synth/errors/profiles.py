"""How often each error is made: profiles for good, usual and bad files.

A rate is the share of the records in which the error is possible that get it, in one file's copy; two copies of a
record differ about twice as often. The mix of errors follows what is published. The level is set so that of the pairs
of copies about one in four (light), one in two (typical) or four in five (heavy) differ in more than the written form.
The mix comes from these sources:

- Typing: four slips make up about 80 % of misspellings (Damerau 1964, Comm. ACM 7); first letters are seldom wrong
  (Yannakoudakis and Fawthrop 1983, Inf. Processing & Management 19).
- Names: middle names differ most often; misspellings are 53 % of the mismatches in first names and 34 % of those in
  surnames, and names are swapped (Just et al. 2016, Perspect. Health Inf. Manag. 13, on 398,939 confirmed duplicates in
  master patient indexes).
- Sex and date of birth are the most reliable fields and the postcode is the least (Harron et al. 2017, BMC Med. Res.
  Methodol. 17: 0.11 % and 53 % differed or were missing in hospital records of three young age groups in England).
- Moves: in US and UK censuses and surveys, about one person in ten lives elsewhere than a year ago.
- Errors gather in some records, and differ by hospital and group (Harron et al. 2017; Hagger-Johnson et al. 2015, BMJ
  Open 5), so the dependence is above 0 in every profile with errors.
- The kinds of errors: Christen (2012, Data Matching, chapter 7), and the generators of Christen and Vatsalan (2013,
  CIKM) and Tran, Vatsalan and Christen (2013, GeCo, CIKM).

The fourth profile, ``register``, is ``typical`` with what registers have besides and clean-up misses: placeholders,
records of which hardly anything is left, fields that one file holds in part, copies, families split between the files.

No study gives every rate, so each number is our own choice, the dependence and the duplicates included, and none is
fitted to a data set. All of them are sensitive: they decide how hard the files are to link. That is why there are
three levels, and `register` beside them, and why a plan can set each number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pprl.base.errors import UsageError
from pprl.tables import suggest

__all__ = ["PROFILES", "Profile", "get_profile"]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How bad a file is.

    Attributes:
        name: of the profile.
        rates: by the error's name, from 0 to 1; an error without a rate is not made.
        dependence: from 0 (the errors of a record are independent) to 1 (only careless records have any).
        duplicates: share of a file's people who have a second row.
        by_file: rates that differ by file: the first file's, the second's, and so on in turn. A table alone
            (`pprl.synth.corrupt`) has `rates` as they are.
        split_families: share of the pairs of relatives who are in different files, beside those that chance splits.
    """

    name: str
    rates: Mapping[str, float]
    dependence: float
    duplicates: float
    by_file: tuple[Mapping[str, float], ...] = ()
    split_families: float = 0.0

    def of_file(self, place: int) -> Mapping[str, float]:
        """Return the rates of `by_file` for the file at this place, from 0."""
        return self.by_file[place % len(self.by_file)] if self.by_file else MappingProxyType({})


_PER_CENT = {
    "moved_house":                   (3.0, 6.0, 12.0),
    "married_name":                  (2.0, 6.0, 12.0),
    "surname_half_dropped":          (2.0, 6.0, 12.0),
    "names_swapped":                 (0.05, 0.3, 1.0),
    "given_and_middle_swapped":      (0.1, 0.4, 1.0),
    "given_and_middle_joined":       (0.3, 1.0, 2.0),
    "middle_name_dropped":           (3.0, 7.0, 16.0),
    "middle_name_initial":           (1.5, 4.0, 10.0),
    "middle_name_added":             (0.1, 0.3, 0.8),
    "given_name_nickname":           (1.2, 2.5, 6.0),
    "given_name_initial":            (0.1, 0.4, 1.5),
    "given_name_other_spelling":     (0.8, 2.0, 5.0),
    "given_name_by_ear":             (0.4, 0.9, 2.2),
    "given_name_neighbour_key":      (0.15, 0.4, 1.0),
    "given_name_letter_inserted":    (0.08, 0.25, 0.7),
    "given_name_letter_dropped":     (0.15, 0.4, 1.0),
    "given_name_letter_doubled":     (0.06, 0.2, 0.5),
    "given_name_letters_transposed": (0.06, 0.2, 0.5),
    "given_name_scanned":            (0.03, 0.1, 0.5),
    "surname_other_spelling":        (0.8, 2.0, 5.0),
    "surname_by_ear":                (0.4, 1.0, 2.5),
    "surname_neighbour_key":         (0.15, 0.4, 1.0),
    "surname_letter_inserted":       (0.08, 0.25, 0.7),
    "surname_letter_dropped":        (0.15, 0.4, 1.0),
    "surname_letter_doubled":        (0.06, 0.2, 0.5),
    "surname_letters_transposed":    (0.06, 0.2, 0.5),
    "surname_scanned":               (0.03, 0.1, 0.5),
    "day_month_swapped":             (0.1, 0.4, 1.2),
    "day_digit_wrong":               (0.1, 0.3, 0.8),
    "month_digit_wrong":             (0.05, 0.15, 0.5),
    "year_digit_wrong":              (0.1, 0.3, 0.8),
    "date_digit_scanned":            (0.02, 0.06, 0.3),
    "date_digits_transposed":        (0.05, 0.15, 0.4),
    "year_off_by_one":               (0.05, 0.15, 0.4),
    "first_of_january":              (0.1, 0.4, 1.5),
    "date_in_part":                  (0.1, 0.4, 1.5),
    "sex_wrong":                     (0.05, 0.15, 0.5),
    "address_neighbour_key":         (0.15, 0.4, 1.2),
    "address_letter_inserted":       (0.1, 0.3, 0.9),
    "address_letter_dropped":        (0.15, 0.4, 1.2),
    "address_letter_doubled":        (0.08, 0.2, 0.6),
    "address_letters_transposed":    (0.08, 0.2, 0.6),
    "address_scanned":               (0.04, 0.15, 0.6),
    "address_flat_lost":             (1.0, 3.0, 8.0),
    "address_number_lost":           (0.1, 0.4, 1.5),
    "address_number_wrong":          (0.2, 0.6, 1.8),
    "locality_neighbour_key":        (0.06, 0.15, 0.5),
    "locality_letter_inserted":      (0.04, 0.1, 0.3),
    "locality_letter_dropped":       (0.06, 0.15, 0.5),
    "locality_letter_doubled":       (0.03, 0.1, 0.3),
    "locality_letters_transposed":   (0.03, 0.1, 0.3),
    "locality_scanned":              (0.02, 0.05, 0.3),
    "postcode_character_wrong":      (0.2, 0.6, 1.8),
    "postcode_transposed":           (0.06, 0.2, 0.6),
    "given_name_joined":             (4.0, 10.0, 20.0),
    "given_name_transliterated":     (2.0, 5.0, 10.0),
    "surname_joined":                (4.0, 10.0, 20.0),
    "surname_transliterated":        (2.0, 5.0, 10.0),
    "surname_apostrophe_lost":       (5.0, 15.0, 30.0),
    "accents_lost":                  (5.0, 15.0, 30.0),
    "address_accents_lost":          (5.0, 15.0, 30.0),
    "address_street_word":           (5.0, 12.0, 20.0),
    "address_flat_form":             (5.0, 15.0, 25.0),
    "address_number_place":          (0.2, 1.0, 3.0),
    "address_comma":                 (2.0, 5.0, 8.0),
    "postcode_closed_up":            (1.0, 4.0, 10.0),
    "given_name_missing":            (0.02, 0.1, 0.4),
    "surname_missing":               (0.01, 0.05, 0.2),
    "date_of_birth_missing":         (0.1, 0.4, 1.5),
    "sex_missing":                   (0.25, 0.7, 2.0),
    "address_missing":               (0.2, 0.6, 2.0),
    "locality_missing":              (0.1, 0.3, 1.0),
    "postcode_missing":              (0.4, 1.2, 4.0),
    "given_names_missing":           (0.02, 0.05, 0.2),
    "place_missing":                 (0.3, 0.9, 3.0),
    "postcode_and_locality_missing": (0.05, 0.2, 0.8),
    "birth_and_sex_missing":         (0.05, 0.2, 0.8),
    "birth_and_place_missing":       (0.02, 0.1, 0.5),
    "given_name_cut":                (0.0, 0.0, 30.0),
    "surname_cut":                   (0.0, 0.0, 30.0),
    "address_cut":                   (0.0, 0.0, 30.0),
    "locality_cut":                  (0.0, 0.0, 30.0),
}  # fmt: skip
"""Rates in per cent in the profiles light, typical and heavy, by the error's name."""

_REGISTER_PER_CENT = {
    "names_swapped":              1.0,
    "surname_halves_swapped":     2.0,
    "only_surname_and_sex":       0.2,
    "only_given_name_and_year":   0.1,
    "only_surname":               0.1,
    "given_name_placeholder":     0.5,
    "surname_placeholder":        0.2,
    "newborn_name":              30.0,
    "birth_placeholder":          0.5,
    "home_placeholder":           0.7,
    "birth_and_home_placeholder": 0.3,
    "unidentified_person":        0.1,
}  # fmt: skip
"""Rates in per cent that the profile register has beside those of typical, or instead of them. Chosen, as no published
rates are known to us; placeholders and remnants together hit about one record of a copy in forty. Sensitive: they are
what makes strangers agree."""

_ONE_SIDED: tuple[Mapping[str, float], ...] = (
    MappingProxyType({}),
    MappingProxyType({"postcode_missing": 0.3}),
)
"""Of the profile register: every second file lacks the postcode in three rows of ten, as where it was asked for only
from some year on. Chosen; sensitive: a field that one file lacks takes the two scales of similarity apart."""

_SPLIT_FAMILIES = 0.2
"""Share of pairs of relatives of the profile register who are in different files, beside those that chance splits:
children in a school's file, parents in an employer's. Chosen; sensitive: relatives are the strangers who look most
alike."""


def _profile(name: str, column: int, *, dependence: float, duplicates: float) -> Profile:
    rates = {kind: levels[column] / 100 for kind, levels in _PER_CENT.items() if levels[column]}
    return Profile(
        name=name, rates=MappingProxyType(rates), dependence=dependence, duplicates=duplicates
    )


def _register(*, dependence: float, duplicates: float) -> Profile:
    own = {kind: rate / 100 for kind, rate in _REGISTER_PER_CENT.items()}
    typical = {kind: levels[1] / 100 for kind, levels in _PER_CENT.items() if levels[1]}
    return Profile(
        name="register",
        rates=MappingProxyType({**typical, **own}),
        dependence=dependence,
        duplicates=duplicates,
        by_file=_ONE_SIDED,
        split_families=_SPLIT_FAMILIES,
    )


PROFILES: Mapping[str, Profile] = MappingProxyType(
    {
        "none": Profile(name="none", rates=MappingProxyType({}), dependence=0.0, duplicates=0.0),
        "light": _profile("light", 0, dependence=0.3, duplicates=0.002),
        "typical": _profile("typical", 1, dependence=0.4, duplicates=0.01),
        "heavy": _profile("heavy", 2, dependence=0.5, duplicates=0.03),
        "register": _register(dependence=0.4, duplicates=0.02),
    }
)
"""The profiles by name, from a copy without errors to a bad one, and a register's."""


def get_profile(name: str) -> Profile:
    """Return a profile by its name.

    Raises:
        UsageError: there is no such profile.
    """
    if name not in PROFILES:
        raise UsageError(
            f"there is no profile {name!r}", hint=suggest(name, list(PROFILES), "Profiles")
        )
    return PROFILES[name]
