"""The prior odds of a pair: how likely it is a match before anything of it is compared."""

from __future__ import annotations

import numpy as np

from pprl.exchange.agreement.defaults import AssignmentRule

__all__ = ["log_prior_odds"]

_ALL = 0.995
"""Share of the smaller file that is taken to have a partner at most: certainty for everybody would link anything.
Chosen; matters only where nearly everybody of a file is in the other one."""


def log_prior_odds(matches: float, sizes: tuple[float, float], rule: AssignmentRule) -> float:
    """Return the natural logarithm of the odds of a random pair whose records have no other partner.

    Under a rule that allows a record one partner only, the odds are those of the pair against both records having
    none: in the monomer-dimer model of matchings it is the activity of an edge (Heilmann and Lieb 1972).

    Args:
        matches: expected number of matches between the files.
        sizes: records of the left and the right file; in one file, how many others each one is compared with.
        rule: which records can have one partner only: both, the right ones, or none.
    """
    left, right = float(sizes[0]), float(sizes[1])
    if rule == "many-to-many":
        share = min(max(matches / max(left * right, 1.0), 1e-300), 0.5)
        return float(np.log(share) - np.log1p(-share))
    both = rule != "one-to-many"
    most = _ALL * (min(left, right) if both else right)
    matches = min(max(matches, 1e-6), most)
    free = right - matches
    return float(np.log(matches) - np.log(free) - np.log(left - matches if both else left))
