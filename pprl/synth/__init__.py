"""Made-up populations and their errors, for tests, benchmarks and training.

    import pprl.synth

    town = pprl.synth.population(10_000, country="gb", seed=7)      # people in households, as numbers
    clean = town.frame()                                            # as text
    dirty = pprl.synth.corrupt(clean, profile="typical", seed=7)    # the same people, written down badly
    dirty.frame, dirty.errors, dirty.rates

Names are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pprl.synth.draw import Dice
    from pprl.synth.errors.corrupting import Corrupted, corrupt
    from pprl.synth.errors.corruptions import Corruption, standard_corruptions, text_corruption
    from pprl.synth.errors.forms import FIELDS
    from pprl.synth.errors.profiles import PROFILES, Profile
    from pprl.synth.likeness.figures import Figures, measure, read_figures, write_figures
    from pprl.synth.likeness.reporting import Report
    from pprl.synth.making.fit import Fitted, fit_tables
    from pprl.synth.making.make import Made, make_files
    from pprl.synth.making.plan import PartyPlan, Plan, load_plan
    from pprl.synth.people.people import Population, population
    from pprl.synth.places.country import COUNTRIES, Country, load_country

__all__ = [
    "COUNTRIES",
    "FIELDS",
    "PROFILES",
    "Corrupted",
    "Corruption",
    "Country",
    "Dice",
    "Figures",
    "Fitted",
    "Made",
    "PartyPlan",
    "Plan",
    "Population",
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
    "load_plan": "making.plan",
    "write_figures": "likeness.figures",
    "read_figures": "likeness.figures",
    "fit_tables": "making.fit",
    "Fitted": "making.fit",
    "Report": "likeness.reporting",
    "FIELDS": "errors.forms",
    "Dice": "draw",
    "COUNTRIES": "places.country",
    "Country": "places.country",
    "load_country": "places.country",
    "PROFILES": "errors.profiles",
    "Profile": "errors.profiles",
    "Corrupted": "errors.corrupting",
    "corrupt": "errors.corrupting",
    "Corruption": "errors.corruptions",
    "standard_corruptions": "errors.corruptions",
    "text_corruption": "errors.corruptions",
    "Figures": "likeness.figures",
    "measure": "likeness.figures",
    "Made": "making.make",
    "make_files": "making.make",
    "Plan": "making.plan",
    "PartyPlan": "making.plan",
    "Population": "people.people",
    "population": "people.people",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"pprl.synth.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'pprl.synth' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
