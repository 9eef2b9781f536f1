"""Which errors are made and how often: what is asked for, checked against what is possible, becomes a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from pprl.base.errors import UsageError
from pprl.synth.errors.error_type import Corruption
from pprl.synth.errors.profiles import get_profile

__all__ = ["ErrorPlan", "ErrorRequest", "check_rates", "error_plan"]

_ROUNDING = 1e-9
"""By how much a sum of rates may pass 1: decimal fractions are not exact in binary."""

_ALIKE = 0.6
"""How similar a name has to be for it to be suggested: the default of `difflib.get_close_matches`."""


@dataclass(frozen=True, kw_only=True)
class ErrorRequest:
    """The errors that somebody asks for.

    Attributes:
        profile: whose rates to begin with: ``none``, ``light``, ``typical``, ``heavy`` or ``register``.
        rates: by the error's name, instead of the profile's; a rate is a share of the records in which the error is
            possible.
        dependence: from 0 to 1, how much errors gather in careless records; None: the profile's.
        factor: multiplies all rates.
        highest_factor: the highest factor that a record may have besides: even then no slot's rates may pass 1.
    """

    profile: str = "typical"
    rates: Mapping[str, float] = field(default_factory=dict)
    dependence: float | None = None
    factor: float = 1.0
    highest_factor: float = 1.0


@dataclass(frozen=True, kw_only=True)
class ErrorPlan:
    """Which errors are made, and how often.

    Attributes:
        corruptions: in the order in which they are applied.
        rates: by name; a corruption without a rate is not made.
        dependence: from 0 (the errors of a record are independent) to 1 (only careless records have any).
    """

    corruptions: tuple[Corruption, ...]
    rates: Mapping[str, float]
    dependence: float

    def active(self) -> tuple[Corruption, ...]:
        """Return the corruptions with a rate above 0, by stage."""
        return tuple(
            sorted(
                (c for c in self.corruptions if self.rates.get(c.name, 0) > 0),
                key=lambda c: c.stage,
            )
        )


def error_plan(
    request: ErrorRequest, known: Mapping[str, Corruption], fields: Sequence[str]
) -> ErrorPlan:
    """Return the plan of errors for records that have only some of the fields.

    Args:
        request: the errors asked for. A rate for an error whose fields the records lack is refused.
        known: all corruptions by name.
        fields: those of the records.

    Raises:
        UsageError: an unknown profile or error, a missing field, a rate or dependence that is not from 0 to 1, or rates
            of one slot that add up to more than 1.
    """
    base = get_profile(request.profile)
    used = {name: c for name, c in known.items() if set(c.fields) <= set(fields)}
    for name in request.rates:
        if name not in known:
            raise UsageError(f"there is no error {name!r}", hint=_unknown(name, list(known)))
        if name not in used:
            lacking = ", ".join(sorted(set(known[name].fields) - set(fields)))
            raise UsageError(f"the error {name!r} needs fields that the records lack: {lacking}")
    own = {name: rate for name, rate in base.rates.items() if name in used}
    asked = {**own, **request.rates}
    check_rates(asked, used)
    scaled = {name: rate * request.factor for name, rate in asked.items()}
    _check_highest(scaled, request, used)
    share = base.dependence if request.dependence is None else request.dependence
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise UsageError(f"the dependence is {share!r}", hint="It is a number from 0 to 1.")
    return ErrorPlan(corruptions=tuple(used.values()), rates=scaled, dependence=share)


def check_rates(rates: Mapping[str, float], corruptions: Mapping[str, Corruption]) -> None:
    """Refuse rates that can't be met.

    Args:
        rates: by the error's name.
        corruptions: those that exist, by name.

    Raises:
        UsageError: a name is unknown, a rate is not from 0 to 1, or the rates of a slot add up to more than 1.
    """
    slots: dict[str, float] = {}
    for name, rate in rates.items():
        if name not in corruptions:
            raise UsageError(f"there is no error {name!r}", hint=_unknown(name, list(corruptions)))
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
            raise UsageError(
                f"the rate of {name} is {rate!r}",
                hint="A rate is a share of the records, from 0 to 1.",
            )
        slot = corruptions[name].slot
        slots[slot] = slots.get(slot, 0.0) + rate
    for slot, total in slots.items():
        if total > 1 + _ROUNDING:
            raise UsageError(
                f"the rates of the slot {slot!r} add up to {total:g}",
                hint="A record gets at most one error of a slot, so they may add up to 1 at most.",
            )


def _check_highest(
    scaled: Mapping[str, float], request: ErrorRequest, used: Mapping[str, Corruption]
) -> None:
    """Refuse rates that can't be met in a record with the highest factor."""
    most = request.highest_factor
    if most * request.factor == 1:
        return
    try:
        check_rates({name: rate * most for name, rate in scaled.items()}, used)
    except UsageError as error:
        raise UsageError(
            f"with the highest factor that a record can have, {most * request.factor:g}, {error.problem}",
            hint="Lower the factor of the group or party, or the rates.",
        ) from None


def _unknown(name: str, known: Sequence[str]) -> str:
    """Return a hint for an error that does not exist: the nearest names, and where to see all of them."""
    near = get_close_matches(name, known, n=2, cutoff=_ALIKE)
    near += [other for other in known if name and name in other and other not in near][:2]
    meant = f"Did you mean {' or '.join(map(repr, near[:3]))}? " if near else ""
    return f"{meant}`pprl synth --list-errors` lists them all."
