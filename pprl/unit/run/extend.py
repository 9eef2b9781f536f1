"""Tables of a run that extends an earlier one: what was there stands as it was, and what is new is added."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pprl.exchange.links.folder import Links
from pprl.exchange.links.run_entries import Prior
from pprl.unit.run.plan import MatchPlan

__all__ = ["join_earlier", "priors"]


def join_earlier(
    earlier: Links,
    links: pd.DataFrame,
    pairs: pd.DataFrame,
    near: pd.DataFrame,
    parts: pd.DataFrame | None,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame | None]:
    """Return links, pairs, near pairs and parts together with those of an earlier run.

    A link of the earlier run that got no new member stands as it was; one that did is in both and has one id.

    Args:
        earlier: the earlier run.
        links, pairs, near, parts: tables of this run, as in :class:`pprl.exchange.links.folder.Links`.
    """
    every = pd.concat([earlier.links, links], ignore_index=True).drop_duplicates()
    return (
        every.sort_values(["link_id", "pseudonym"], ignore_index=True),
        pd.concat([earlier.pairs, pairs], ignore_index=True),
        pd.concat([earlier.near, near], ignore_index=True),
        _join_parts(earlier, parts, len(pairs)),
    )


def _join_parts(earlier: Links, parts: pd.DataFrame | None, accepted: int) -> pd.DataFrame | None:
    """Return the parts of both runs in the order of the joined pairs and near pairs."""
    if parts is None or earlier.parts is None:
        return None
    old, before = earlier.parts, len(earlier.pairs)
    pieces = [old.iloc[:before], parts.iloc[:accepted], old.iloc[before:], parts.iloc[accepted:]]
    return pd.concat(pieces, ignore_index=True)


def priors(plan: MatchPlan) -> tuple[Prior, ...]:
    """Return for every two files (the one file with itself) the log-odds to base 2 of a pair without rivals."""
    known = {} if plan.earlier is None else plan.earlier.run.prior_bits()
    made = []
    for (i, j), odds in plan.prior.items():
        a, b = plan.files[i].party, plan.files[j].party
        bits = known.get(frozenset((a, b)), round(odds / float(np.log(2)), 4))
        made.append(Prior(party_a=a, party_b=b, bits=bits))
    return tuple(made)
