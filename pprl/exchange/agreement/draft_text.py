"""The text of a first agreement: `linkage.toml` with a comment on every entry, for the parties to settle."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pprl.exchange.agreement.defaults import (
    DEFAULT_BITS,
    DRAWN_PERCENT,
    LARGEST_BUDGET,
    Profile,
    default_budget,
)
from pprl.exchange.agreement.field_types import FIELD_TYPES

__all__ = ["agreement_toml", "drafted_passes", "scaled_budgets", "useful_bits"]

_TARGET_FILL = 0.46
"""Profile ``record``: the budgets together draw this share of the filter's bits; overlaps leave a fill of about 0.37.
Chosen within the 40 to 60 % that the draft names; docs/budgets.md has the search that the ratios come from."""

_PASSES: tuple[tuple[str, ...], ...] = (
    ("soundex(surname)", "year(date_of_birth)"),
    ("metaphone(given_name)", "month(date_of_birth)", "day(date_of_birth)"),
    ("soundex(surname)", "metaphone(given_name)"),
    ("value(postcode)", "year(date_of_birth)"),
    ("value(postcode)", "soundex(surname)"),
    ("soundex(full_name)", "year(date_of_birth)"),
)


_RECORD = (
    'profile = "record"     # one Bloom filter per record; "fields" links better, leaks more: docs/threat-model.md',
)
_FIELDS = (
    "# One Bloom filter per field. The unit links better with it and sees far more: which values of a field are equal,",
    "# how often each occurs, and which are missing. For a trusted unit or an enclave only: docs/threat-model.md.",
    'profile = "fields"',
)
_RECORD_BUDGETS = (
    "# One entry per field. `budget` is its weight: how many bits a full value may set. Give more to what tells",
    "# people apart and seldom changes. Together the budgets should draw 40 to 60 % of the filter's bits. They are",
    "# proposed from the drafting party's file; a comment says why if one is unusual for its type: docs/budgets.md.",
)
_FIELDS_BUDGETS = (
    "# One entry per field. `budget`: how many bits a full value may set in the field's own filter. It is no weight:",
    "# the unit estimates the weights. About 35 % of the filter's bits, the same for all fields, suits every type.",
)


def agreement_toml(
    fields: Sequence[tuple[str, str]],
    *,
    project: str,
    profile: Profile = "record",
    bits: int | None = None,
    weights: Mapping[str, int] | None = None,
    reasons: Mapping[str, str] | None = None,
    without_sound: Sequence[Sequence[str]] = (),
) -> str:
    """Return the text of an agreement over these fields, with a comment that explains each entry.

    Args:
        fields: names and types, in order.
        project: the linkage's name, plain text.
        profile: ``record``, one filter per record, or ``fields``, one filter per field.
        bits: length of a filter; None for the profile's default, 1,024 or 512.
        weights: profile ``record``: field name -> its weight, scaled so that the filter is filled; None for the
            types' default budgets.
        reasons: field name -> a few words on its budget, for a comment. They go to every party.
        without_sound: more blocking passes, for names without a letter a to z.
    """
    bits = DEFAULT_BITS[profile] if bits is None else bits
    budgets = {name: default_budget(kind, profile, bits) for name, kind in fields}
    if profile == "record":
        budgets = scaled_budgets(weights or budgets, bits)
    quoted = project.replace("\\", "\\\\").replace('"', '\\"')
    lines = [
        "# The agreement of this linkage. Every party and the unit use the same file; it holds no secret.",
        "# Settle it before anybody encodes: after a change of any entry, everybody has to encode again.",
        "",
        'format = "pprl-agreement/1"',
        "",
        "# The linkage's name is part of every key derivation, so the bits of two linkages are unrelated.",
        f'project = "{quoted}"',
        *(_FIELDS if profile == "fields" else _RECORD),
        "normalisation = 1      # version of the rules in docs/SPEC.md",
        "",
        "[filter]",
        f"bits = {bits}            # length of "
        + ("each field's filter" if profile == "fields" else "a filter"),
        "",
        "[hardening]",
        'method = "none"        # '
        + (
            "the only one for this profile"
            if profile == "fields"
            else 'or "xor-fold"; see docs/threat-model.md'
        ),
        "",
        *(_FIELDS_BUDGETS if profile == "fields" else _RECORD_BUDGETS),
        f"# Types: {', '.join(FIELD_TYPES)}.",
    ]
    for name, kind in fields:
        budget = f"budget = {budgets[name]}"
        if reasons and reasons.get(name):
            budget = f"{budget:<23}# {reasons[name]}"
        lines += ["", "[[field]]", f'name = "{name}"', f'type = "{kind}"', budget]
        if FIELD_TYPES[kind].q:
            lines.append(f"q = {FIELD_TYPES[kind].q}")
    lines += [
        "",
        "# Passes of keyed blocking, for `pprl match --blocking keys` on large files. A pair is compared if all parts",
        "# of one pass agree. Each pass shows the unit exactly how often its (unknown) values occur and which records",
        '# share them, so none is agreed unless you remove the #; then set matching.blocking to "keys".',
    ]
    for keys in drafted_passes([name for name, _ in fields]):
        lines += _commented_pass(keys)
    if without_sound:
        lines += [
            "#",
            "# For names without a letter a to z, which have no sound. Each pass compares more pairs than those above.",
        ]
    for more in without_sound:
        lines += _commented_pass(more)
    lines += [
        "",
        "[matching]",
        'threshold = "auto"     # '
        + (
            "or a match probability of your own, such as 0.9"
            if profile == "fields"
            else "or a similarity of your own, such as 0.8"
        ),
        'blocking = "exhaustive"  # or "lsh", "keys"',
        'assign = "people"      # or "one-to-one", "one-to-many", "many-to-many"',
        "",
    ]
    return "\n".join(lines)


def drafted_passes(names: Collection[str]) -> list[tuple[str, ...]]:
    """Return the key parts of the blocking passes that are drafted for an agreement over fields of these names."""
    return [keys for keys in _PASSES if all(key[key.index("(") + 1 : -1] in names for key in keys)]


def _commented_pass(keys: Sequence[str]) -> list[str]:
    return ["#", "# [[blocking]]", "# keys = [" + ", ".join(f'"{key}"' for key in keys) + "]"]


def scaled_budgets(weights: Mapping[str, int], bits: int) -> dict[str, int]:
    """Return budgets in the ratio of the weights that together fill a filter of so many bits well.

    None is below 4, which is chosen: with fewer, a field hardly shows. If the largest would exceed what an agreement
    allows, :data:`pprl.exchange.agreement.defaults.LARGEST_BUDGET`, all are scaled down with it to keep the ratios.
    """
    scale = min(_TARGET_FILL * bits / sum(weights.values()), LARGEST_BUDGET / max(weights.values()))
    return {name: max(4, round(weight * scale)) for name, weight in weights.items()}


def useful_bits(profile: Profile, weights: Mapping[str, int]) -> int:
    """Return the longest filter, in bits, that budgets within their bounds can still fill well.

    Args:
        profile: ``record`` or ``fields``.
        weights: profile ``record``: as in :func:`scaled_budgets`.
    """
    if profile == "fields":
        return LARGEST_BUDGET * 100 // DRAWN_PERCENT
    return int(LARGEST_BUDGET * sum(weights.values()) / (_TARGET_FILL * max(weights.values())))
