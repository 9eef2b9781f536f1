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
    from pprl.synth.corrupting import Corrupted, corrupt
    from pprl.synth.corruptions import Corruption, standard_corruptions, text_corruption
    from pprl.synth.country import COUNTRIES, Country, load_country
    from pprl.synth.draw import Dice
    from pprl.synth.figures import Figures, measure, read_figures, write_figures
    from pprl.synth.fit import Fitted, fit_tables
    from pprl.synth.forms import FIELDS
    from pprl.synth.make import Made, make_files
    from pprl.synth.people import Population, population
    from pprl.synth.plan import PartyPlan, Plan, load_plan
    from pprl.synth.profiles import PROFILES, Profile
    from pprl.synth.reporting import Report

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
    "load_plan": "plan",
    "write_figures": "figures",
    "read_figures": "figures",
    "fit_tables": "fit",
    "Fitted": "fit",
    "Report": "reporting",
    "FIELDS": "forms",
    "Dice": "draw",
    "COUNTRIES": "country",
    "Country": "country",
    "load_country": "country",
    "PROFILES": "profiles",
    "Profile": "profiles",
    "Corrupted": "corrupting",
    "corrupt": "corrupting",
    "Corruption": "corruptions",
    "standard_corruptions": "corruptions",
    "text_corruption": "corruptions",
    "Figures": "figures",
    "measure": "figures",
    "Made": "make",
    "make_files": "make",
    "Plan": "plan",
    "PartyPlan": "plan",
    "Population": "people",
    "population": "people",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"pprl.synth.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'pprl.synth' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
