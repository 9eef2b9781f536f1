"""The text of a first agreement: `linkage.toml` with a comment on every entry, to be settled by the parties."""

from __future__ import annotations

from collections.abc import Sequence

from pprl.exchange.defaults import DEFAULT_BITS, Profile, default_budget
from pprl.exchange.field_types import FIELD_TYPES

__all__ = ["agreement_toml"]

_TARGET_FILL = 0.46
"""Profile ``record``: budgets together draw this share of the filter's bits; overlaps leave a fill of about 0.37."""

_PASSES: tuple[tuple[str, ...], ...] = (
    ("soundex(surname)", "year(date_of_birth)"),
    ("metaphone(given_name)", "month(date_of_birth)", "day(date_of_birth)"),
    ("soundex(surname)", "metaphone(given_name)"),
    ("value(postcode)", "year(date_of_birth)"),
    ("value(postcode)", "soundex(surname)"),
    ("soundex(full_name)", "year(date_of_birth)"),
)


_RECORD = (
    'profile = "record"     # one Bloom filter a record; "fields" links better and leaks more: docs/threat-model.md',
)
_FIELDS = (
    "# One Bloom filter a field. The unit links better with it and sees far more: which values of a field are equal,",
    "# how often each occurs, which are missing. For a trusted unit or an enclave only: docs/threat-model.md.",
    'profile = "fields"',
)
_RECORD_BUDGETS = (
    "# One entry a field. `budget` is its weight: how many bits a full value may set. Give more to what tells",
    "# people apart and seldom changes. Together the budgets should draw 40 to 60 % of the filter's bits.",
)
_FIELDS_BUDGETS = (
    "# One entry a field. `budget`: how many bits a full value may set in the field's own filter. It is no weight; the",
    "# unit estimates the weights. About 35 % of the filter's bits, the same for all fields, serves every type.",
)


def agreement_toml(
    fields: Sequence[tuple[str, str]],
    *,
    project: str,
    profile: Profile = "record",
    bits: int | None = None,
) -> str:
    """Return the text of an agreement over these fields, every entry explained in a comment.

    Args:
        fields: names and types, in order.
        project: the linkage's name, plain text.
        profile: ``record``, one filter a record, or ``fields``, one filter a field.
        bits: length of a filter; None for the profile's default, 1,024 or 512. In ``record`` the types' default
            budgets are scaled to fill it.
    """
    bits = DEFAULT_BITS[profile] if bits is None else bits
    total = sum(FIELD_TYPES[kind].budget for _, kind in fields)
    scale = _TARGET_FILL * bits / total
    quoted = project.replace("\\", "\\\\").replace('"', '\\"')
    lines = [
        "# The agreement of this linkage. Every party and the unit use the same file; it holds no secret.",
        "# Settle it before anybody encodes: a change of any entry makes new encodings necessary.",
        "",
        'format = "pprl-agreement/1"',
        "",
        "# The linkage's name is part of every key derivation: the bits of two linkages are unrelated.",
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
        + ("none other here" if profile == "fields" else 'or "xor-fold"; see docs/threat-model.md'),
        "",
        *(_FIELDS_BUDGETS if profile == "fields" else _RECORD_BUDGETS),
        f"# Types: {', '.join(FIELD_TYPES)}.",
    ]
    for name, kind in fields:
        budget = max(4, round(FIELD_TYPES[kind].budget * scale))
        if profile == "fields":
            budget = default_budget(kind, profile, bits)
        lines += ["", "[[field]]", f'name = "{name}"', f'type = "{kind}"', f"budget = {budget}"]
        if FIELD_TYPES[kind].q:
            lines.append(f"q = {FIELD_TYPES[kind].q}")
    names = {name for name, _ in fields}
    passes = [
        keys for keys in _PASSES if all(key[key.index("(") + 1 : -1] in names for key in keys)
    ]
    lines += [
        "",
        "# Passes of keyed blocking, for `pprl match --blocking keys` on large files. A pair is compared when all",
        "# parts of one pass agree. Each pass tells the unit exactly how often its (unknown) values occur and who",
        '# shares them, so none is agreed unless you take the # away; then set matching.blocking to "keys".',
    ]
    for keys in passes:
        lines += ["#", "# [[blocking]]", "# keys = [" + ", ".join(f'"{key}"' for key in keys) + "]"]
    lines += [
        "",
        "[matching]",
        'threshold = "auto"     # '
        + ("found without truth" if profile == "fields" else "or a Dice coefficient such as 0.8"),
        'blocking = "exhaustive"  # or "lsh", "keys"',
        'assign = "one-to-one"  # or "one-to-many", "many-to-many"',
        "",
    ]
    return "\n".join(lines)
