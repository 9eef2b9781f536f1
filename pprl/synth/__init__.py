"""Made-up populations and their errors, for tests, benchmarks and training.

    import pprl.synth

    town = pprl.synth.population(10_000, country="gb", seed=7)      # people in households, as numbers
    clean = town.frame()                                            # as text
    dirty = pprl.synth.corrupt(clean, profile="typical", seed=7)    # the same people, written down badly
    dirty.frame, dirty.errors, dirty.rates

The rooms, from the bottom up; none imports a room above it:

    draw.py     random draws that are the same for a seed everywhere
    places/     countries, towns, streets, homes
    people/     households, names, and the population that joins them with homes
    errors/     kinds of errors, how often they are made, and making them in records
    files/      who is in a party's file, how the party writes, and writing it
    likeness/   beside errors and files: how far made-up files are from real ones
    making/     the plan, and the folder that comes of it (`pprl synth`)

Three words for what is wrong with a record: an *error* is what happened to it; a *corruption* is one kind of error, the
rule that makes it; a *slip* is a change of a single text, which corruptions are made of.

Names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pprl.synth.draw import Dice
    from pprl.synth.errors.apply import Corrupted, corrupt
    from pprl.synth.errors.catalogue import standard_corruptions
    from pprl.synth.errors.error_type import Corruption, text_corruption
    from pprl.synth.errors.profiles import PROFILES, Profile
    from pprl.synth.errors.rates import ErrorRequest
    from pprl.synth.likeness.figures import Figures, measure, read_figures, write_figures
    from pprl.synth.likeness.report import Report
    from pprl.synth.making.fit import FittedCountry, fit_tables
    from pprl.synth.making.make import Made, make_files
    from pprl.synth.making.plan import PartyPlan, PopulationPlan, load_plan
    from pprl.synth.people.fields import FIELDS
    from pprl.synth.people.population import Population, population
    from pprl.synth.places.country import COUNTRIES, Country, load_country

__all__ = [
    "COUNTRIES",
    "FIELDS",
    "PROFILES",
    "Corrupted",
    "Corruption",
    "Country",
    "Dice",
    "ErrorRequest",
    "Figures",
    "FittedCountry",
    "Made",
    "PartyPlan",
    "Population",
    "PopulationPlan",
    "Profile",
    "Report",
    "corrupt",
    "fit_tables",
    "load_country",
    "load_plan",
    "make_files",
    "measure",
    "population",
    "read_figures",
    "standard_corruptions",
    "text_corruption",
    "write_figures",
]

_HOMES = {
    "COUNTRIES": "places.country",
    "Corrupted": "errors.apply",
    "Corruption": "errors.error_type",
    "Country": "places.country",
    "Dice": "draw",
    "ErrorRequest": "errors.rates",
    "FIELDS": "people.fields",
    "Figures": "likeness.figures",
    "FittedCountry": "making.fit",
    "Made": "making.make",
    "PROFILES": "errors.profiles",
    "PartyPlan": "making.plan",
    "Population": "people.population",
    "PopulationPlan": "making.plan",
    "Profile": "errors.profiles",
    "Report": "likeness.report",
    "corrupt": "errors.apply",
    "fit_tables": "making.fit",
    "load_country": "places.country",
    "load_plan": "making.plan",
    "make_files": "making.make",
    "measure": "likeness.figures",
    "population": "people.population",
    "read_figures": "likeness.figures",
    "standard_corruptions": "errors.catalogue",
    "text_corruption": "errors.error_type",
    "write_figures": "likeness.figures",
}
"""The module of each name."""


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"pprl.synth.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'pprl.synth' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
