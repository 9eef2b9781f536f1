"""From a plan to its parties: how each writes, which errors it makes, whom its file covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pprl.exchange.agreement.model import Agreement
from pprl.synth.errors.catalogue import country_corruptions
from pprl.synth.errors.corruptor import Corruptor
from pprl.synth.errors.error_type import Corruption
from pprl.synth.errors.profiles import get_profile
from pprl.synth.errors.rates import ErrorRequest, error_plan
from pprl.synth.files.party_file import Party
from pprl.synth.making.groups import highest_number
from pprl.synth.making.mimic import mimic_form, more_corruptions, more_rates
from pprl.synth.making.plan import PopulationPlan, check_columns
from pprl.synth.people.fields import FIELDS, FORMER_SURNAME, MORE_FIELDS
from pprl.synth.places.country import Country
from pprl.synth.places.homes import Places

__all__ = ["PlannedParty", "common_fields", "plan_parties", "split_share"]


@dataclass(frozen=True, kw_only=True)
class PlannedParty:
    """A party, and who is in its file.

    Attributes:
        party: ready to write its file.
        coverage: weights by group, as in :class:`pprl.synth.making.plan.PartyPlan`.
        duplicates: share of its people with a second row.
        most_rows: for a file of events: each of its people has 1 to so many rows.
    """

    party: Party
    coverage: Mapping[str, float]
    duplicates: float
    most_rows: int | None


def plan_parties(
    plan: PopulationPlan,
    country: Country,
    places: Places,
    *,
    like: Agreement | None,
    more: Sequence[Corruption],
) -> list[PlannedParty]:
    """Return the parties of a plan.

    Args:
        plan: what is asked for.
        country: whose language and date format.
        places: the homes of people who move.
        like: the files get the fields of this agreement.
        more: further errors, beside the standard ones.

    Raises:
        UsageError: a party asks for a column, an error or a rate that is not possible.
    """
    highest, profile = highest_number(plan.error_factors), get_profile(plan.profile)
    found = []
    for place, asked in enumerate(plan.parties()):
        if like is None:
            check_columns(asked, (*FIELDS, *MORE_FIELDS))
            form = asked.form(place)
        else:
            form = mimic_form(like, asked)
        written = tuple(dict.fromkeys(part for parts in form.columns.values() for part in parts))
        # Errors may look at fields that the party does not write: a middle name can get into the given name's column.
        fields = tuple(dict.fromkeys((*FIELDS, FORMER_SURNAME, *written)))
        known = country_corruptions(
            country, places, latest=plan.as_of, more=(*more_corruptions(written), *more)
        )
        request = ErrorRequest(
            profile=plan.profile,
            rates={
                **more_rates(written, plan.profile),
                **profile.of_file(place),
                **plan.rates,
                **asked.rates,
            },
            dependence=plan.dependence,
            factor=asked.error_factor,
            highest_factor=highest,
        )
        corruptor = Corruptor(error_plan(request, known, fields))
        shares = (asked.duplicates, plan.duplicates, profile.duplicates)
        found.append(
            PlannedParty(
                party=Party(name=asked.name, form=form, corruptor=corruptor, fields=fields),
                coverage=asked.coverage,
                duplicates=next(share for share in shares if share is not None),
                most_rows=asked.most_rows,
            )
        )
    return found


def split_share(plan: PopulationPlan) -> float:
    """Return the share of the pairs of relatives that the plan, or else its profile, wants in different files."""
    if plan.split_families is not None:
        return plan.split_families
    covered = any(party.coverage for party in plan.party)
    return 0.0 if covered or plan.files < 2 else get_profile(plan.profile).split_families


def common_fields(parties: Sequence[PlannedParty]) -> list[str]:
    """Return the fields that all parties write."""
    # A joined column answers the field that it begins with: address, postcode and town in one are an address.
    held = [{parts[0] for parts in item.party.form.columns.values()} for item in parties]
    return [
        name for name in FIELDS if name != "middle_name" and all(name in fields for fields in held)
    ]
