"""Tables of a run that extends an earlier one: what was there stands as it was, and what is new is added."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pprl.exchange.links.folder import Links
from pprl.unit.run.plan import MatchPlan

__all__ = ["join_earlier", "prior_bits"]


def join_earlier(earlier: Links, new: Links) -> Links:
    """Return links, pairs and near pairs together with those of an earlier run.

    A link of the earlier run that got no new member stands as it was; one that did is in both and has one id.

    Args:
        earlier: the earlier run.
        new: tables of this run.
    """
    every = pd.concat([earlier.links, new.links], ignore_index=True).drop_duplicates()
    return Links(
        links=every.sort_values(["link_id", "pseudonym"], ignore_index=True),
        pairs=pd.concat([earlier.pairs, new.pairs], ignore_index=True),
        near=pd.concat([earlier.near, new.near], ignore_index=True),
        parts=_join_parts(earlier, new),
        run=new.run,
    )


def _join_parts(earlier: Links, new: Links) -> pd.DataFrame | None:
    """Return the parts of both runs in the order of the joined pairs and near pairs."""
    if new.parts is None or earlier.parts is None:
        return None
    old, before, accepted = earlier.parts, len(earlier.pairs), len(new.pairs)
    pieces = [
        old.iloc[:before],
        new.parts.iloc[:accepted],
        old.iloc[before:],
        new.parts.iloc[accepted:],
    ]
    return pd.concat(pieces, ignore_index=True)


def prior_bits(plan: MatchPlan) -> list[dict[str, Any]]:
    """Return for every two files (the one file with itself) the log-odds to base 2 of a pair without rivals."""
    known = {}
    if plan.earlier is not None:
        known = {
            (entry["party_a"], entry["party_b"]): entry["bits"]
            for entry in plan.earlier.run.get("model", {}).get("priors", [])
        }
    made = []
    for (i, j), odds in plan.prior.items():
        a, b = plan.files[i].party, plan.files[j].party
        own = known.get((a, b), known.get((b, a), round(odds / float(np.log(2)), 4)))
        made.append({"party_a": a, "party_b": b, "bits": own})
    return made
