"""The classes of pairs that the mixture tells apart: matches, and several ways of different people to look alike.

Fellegi and Sunter's model has two classes and takes the fields for independent in each. Among real people that fails in
one place above all: a household shares surname, street, town and postcode, so pairs that agree on those four are far
too many, and the EM takes them for matches. Here each way in which two different people come to agree is a class of its
own (a latent class model, Winkler 1993; Larsen and Rubin 2001), and within a class the fields are independent.

A class says which kinds of fields its pairs share beyond chance; which fields those are follows from their types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from pprl.base.arrays import Bools, Bytes, Floats, Int64s
from pprl.unit.weighing.fields.levels import DIFFERENT, EXACT, level_count
from pprl.unit.weighing.fields.values import FieldValues

__all__ = ["Classes", "Parameter", "draft_classes"]


_ROLES: Mapping[str, str] = MappingProxyType(
    {
        "given-name": "given",
        "full-name": "given",
        "surname": "family",
        "date": "birth",
        "identifier": "birth",
        "sex": "sex",
        "address": "street",
        "phone": "street",
        "locality": "town",
        "postcode": "postcode",
        "email": "other",
        "code": "other",
    }
)
_PLACE = ("street", "town", "postcode")

_OTHERS: Mapping[str, Mapping[str, tuple[float, float]]] = MappingProxyType(
    {  # Different people: what they share, as first shares of exact and of similar values. Chosen; EM moves them.
        "strangers": {},
        "one given name": {"given": (0.9, 0.05), "sex": (0.98, 0.0)},
        "one town": {"town": (0.95, 0.03)},
        "one district": {"town": (0.95, 0.03), "postcode": (0.1, 0.8), "street": (0.02, 0.3)},
        "one street": {"town": (0.97, 0.02), "postcode": (0.6, 0.35), "street": (0.05, 0.9)},
        "one home": {"town": (0.97, 0.02), "postcode": (0.95, 0.04), "street": (0.93, 0.05)},
        "household": {
            "family": (0.9, 0.05),
            "town": (0.97, 0.02),
            "postcode": (0.95, 0.04),
            "street": (0.93, 0.05),
        },
        "twins": {
            "family": (0.95, 0.03),
            "birth": (0.95, 0.03),
            "town": (0.97, 0.02),
            "postcode": (0.95, 0.04),
            "street": (0.93, 0.05),
        },
        "father and son": {
            "given": (0.9, 0.05),
            "family": (0.95, 0.03),
            "sex": (0.99, 0.0),
            "town": (0.97, 0.02),
            "postcode": (0.95, 0.04),
            "street": (0.93, 0.05),
        },
        "namesakes": {"given": (0.9, 0.05), "family": (0.9, 0.05), "sex": (0.95, 0.0)},
        "kin": {"family": (0.95, 0.03), "town": (0.9, 0.03)},
    }
)
_BY_CHANCE: Mapping[str, tuple[str, ...]] = MappingProxyType({"one given name": ("given",)})
"""What a class is about although its pairs share it by chance: whoever has a given name has the sex that goes with
it."""

_PERSONAL = 0.5
"""If the class of matches agrees less than this on given name and date of birth, it holds no matches. Chosen; how
sensitive the results are was not measured."""

_TYPICAL = (0.8, 0.12)
_SEX = (0.97, 0.0)
"""First shares of exact and of similar values among matches: of most fields, and of the sex. Chosen; EM moves them."""

_OTHER_STRENGTH = 1.0
_MATCH_STRENGTH = 0.1
"""What the prior is worth, as a share of a class's pairs: of different people, and of matches. Without a prior a class
of matches drifts to whatever group of pairs is large. Chosen; how sensitive the results are was not measured."""


@dataclass(kw_only=True, eq=False)
class Parameter:
    """How a field's levels are distributed in a class, or in several that share it.

    Attributes:
        prior: ``float64[levels]``, expected before seeing the data; level 0 (missing) is 1: it weighs nothing.
        value: ``float64[levels]``, the estimate; the levels from 1 on sum to 1.
        free: False for what is known (strangers, whose distribution is counted).
        strength: weight of the prior against the data, as a share of the pairs of the class.
        least: the prior is worth at least this many pairs.
    """

    prior: Floats
    value: Floats
    free: bool
    strength: float
    least: float = 5.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Classes:
    """The classes of a mixture.

    Attributes:
        names: the classes' names.
        match: ``bool[classes]``: which are pairs of one person.
        parameters: all parameters; :func:`pprl.unit.weighing.fields.mixture.fit` changes their values in place.
        use: ``int64[classes, fields]``: which parameter a class has for a field.
        by_chance: ``bool[classes, fields]``: a field on which the class agrees only by chance, so that the value's
            frequency counts.
        personal: the fields that a person shares with nobody: given name, date of birth, identifier.
    """

    names: tuple[str, ...]
    match: Bools
    parameters: Sequence[Parameter]
    use: Int64s
    by_chance: Bools
    personal: tuple[int, ...] = ()

    def fixed(self) -> Classes:
        """Return the same classes, whose values can't be changed any more."""
        for parameter in self.parameters:
            parameter.value.setflags(write=False)
        return replace(self, parameters=tuple(self.parameters))

    def tells_matches(self) -> bool:
        """Say whether the matches agree on what belongs to one person alone: given name and date of birth.

        If they mostly differ in those, the class has found homes or families instead of matches.
        """
        row = int(np.flatnonzero(self.match)[0])
        agree = [1 - self.parameters[self.use[row, f]].value[DIFFERENT] for f in self.personal]
        return not agree or float(np.mean(agree)) >= _PERSONAL

    def log_tables(self) -> list[Floats]:
        """Return for each field ``float64[levels, classes]``: log-probability of each level in each class."""
        return [
            np.log(np.stack([self.parameters[p].value for p in self.use[:, f]], axis=1))
            for f in range(self.use.shape[1])
        ]

    def log_likelihood(self, levels: Bytes) -> Floats:
        """Return ``float64[pairs, classes]``: log-probability of the pairs' levels in each class."""
        made = np.zeros((len(levels), len(self.names)))
        for f, table in enumerate(self.log_tables()):
            made += table[levels[:, f]]
        return made


def draft_classes(
    fields: Sequence[FieldValues], strangers: Sequence[Floats], *, decoys: bool
) -> Classes:
    """Return the classes that these fields can show, with first values.

    Args:
        fields: the fields.
        strangers: for each field ``float64[levels]``: how the levels of two random people are distributed.
        decoys: True when pairs known to be of different people (those inside a file) are at hand: every field of the
            other classes is then estimated, not only those that a class is about.
    """
    roles = [_ROLES[field.kind] for field in fields]
    known = [Parameter(prior=u, value=u.copy(), free=False, strength=0.0) for u in strangers]
    drafted = _Draft(fields, roles, known)
    for name, shared in _OTHERS.items():
        if name == "strangers" or _can_show(name, shared, roles, decoys=decoys):
            drafted.other(name, shared, every=decoys and name != "strangers")
    drafted.matches()
    return drafted.classes()


def _can_show(
    name: str, shared: Mapping[str, tuple[float, float]], roles: Sequence[str], *, decoys: bool
) -> bool:
    """Say whether a class differs from simpler ones on these fields."""
    present = set(roles)
    seen = set(shared) & present
    apart = {
        "one given name": {"given", "sex"},
        "one town": {"town"},
        "one district": {"town", "postcode"},
        "one street": {"street"},
        "one home": {"street"} if present & {"town", "postcode"} else {"nothing"},
        "household": {"family"},
        "twins": {"birth", "given", "family"},
        "father and son": {"birth", "given", "family"},
        "namesakes": {"birth", "given", "family"} if "family" in present else {"birth", "given"},
        "kin": {"family", "town"},
    }[name]
    # Without a place and without decoys, twins look like one person under two given names.
    needs_place = name in ("household", "father and son") or (name == "twins" and not decoys)
    only_all = seen == present  # a class that shares every field is a match
    return apart <= present and not only_all and not (needs_place and not present & set(_PLACE))


class _Draft:
    def __init__(
        self, fields: Sequence[FieldValues], roles: Sequence[str], known: Sequence[Parameter]
    ) -> None:
        self._fields = fields
        self._roles = roles
        self._parameters = list(known)
        self._names: list[str] = []
        self._match: list[bool] = []
        self._use: list[list[int]] = []
        self._chance: list[list[bool]] = []

    def _add(self, prior: Floats, strength: float) -> int:
        self._parameters.append(
            Parameter(prior=prior, value=prior.copy(), free=True, strength=strength)
        )
        return len(self._parameters) - 1

    def _class(self, name: str, match: bool, use: list[int], chance: list[bool]) -> None:
        self._names.append(name)
        self._match.append(match)
        self._use.append(use)
        self._chance.append(chance)

    def other(self, name: str, shared: Mapping[str, tuple[float, float]], *, every: bool) -> None:
        use, chance = [], []
        for f, (field, role) in enumerate(zip(self._fields, self._roles, strict=True)):
            chance.append(role not in shared or role in _BY_CHANCE.get(name, ()))
            if role in shared:
                use.append(self._add(_distribution(field, *shared[role]), _OTHER_STRENGTH))
            elif every:
                use.append(self._add(self._parameters[f].value.copy(), _OTHER_STRENGTH))
            else:
                use.append(f)
        self._class(name, False, use, chance)

    def matches(self) -> None:
        """Add matches at one address and matches that moved; both share everything that is not a place."""
        stay, move = [], []
        for f, (field, role) in enumerate(zip(self._fields, self._roles, strict=True)):
            shares = _SEX if role == "sex" else _TYPICAL
            stay.append(self._add(_distribution(field, *shares), _MATCH_STRENGTH))
            if role in _PLACE:
                apart = 0.9 * self._parameters[f].value + 0.1 * _distribution(field, *shares)
                move.append(self._add(apart, _MATCH_STRENGTH))
            else:
                move.append(stay[-1])
        nothing = [False] * len(self._fields)
        self._class("matches", True, stay, nothing)
        if set(self._roles) & set(_PLACE) and set(self._roles) - set(_PLACE):
            self._class("matches that moved", True, move, nothing)

    def classes(self) -> Classes:
        return Classes(
            names=tuple(self._names),
            match=np.array(self._match),
            parameters=self._parameters,
            use=np.array(self._use, np.int64),
            by_chance=np.array(self._chance),
            personal=tuple(f for f, role in enumerate(self._roles) if role in ("given", "birth")),
        )


def _distribution(field: FieldValues, exact: float, similar: float) -> Floats:
    """Spread shares of exact and of similar values over the levels of a field."""
    if field.kind in ("sex", "code"):  # one token per value: nothing is similar
        similar = 0.001
    made = np.zeros(level_count(field))
    made[0] = 1.0
    made[DIFFERENT] = 1 - exact - similar
    made[DIFFERENT + 1 : EXACT] = similar / (EXACT - DIFFERENT - 1)
    share = field.band_share()
    made[EXACT:] = exact * (share + 1e-6) / (share + 1e-6).sum()
    return made
