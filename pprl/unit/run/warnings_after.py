"""What the operator should hear of a finished run."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pprl.exchange.links.folder import HOUSEHOLD_SPREAD
from pprl.unit.run.estimate import Quality
from pprl.unit.run.plan import Plan
from pprl.unit.weighing.record.comparison import RecordComparison

__all__ = ["like_household", "notices"]

_FEW = 3
_FEW_SHARE = 0.01
"""Accepted pairs, and as a share of the smaller file, below which they may all be wrong."""

_GIANT = 50
"""Records in one link from which the operator is told: nobody is in a file that often."""


def like_household(plan: Plan, score: npt.NDArray[np.float64]) -> int:
    """Return how many accepted pairs score no higher than two members of a household may; 0 in ``fields``."""
    if not isinstance(plan.comparison, RecordComparison):
        return 0
    return int((score < plan.comparison.household + HOUSEHOLD_SPREAD).sum())


def notices(plan: Plan, counts: dict[str, Any], quality: Quality | None) -> list[str]:
    """Return the plan's warnings and those of the result."""
    warnings = list(plan.warnings)
    smaller = min(len(file) for file in plan.files)
    few = counts["pairs_accepted"] < max(_FEW, _FEW_SHARE * smaller)
    if few and plan.basis == "estimated" and plan.earlier is None:
        warnings.append(
            f"hardly any match is in sight: {counts['pairs_accepted']:,} pairs were accepted; "
            "so few may be relatives and namesakes, have them all reviewed"
        )
    alike = counts["pairs_like_household"]
    if alike and not plan.same and isinstance(plan.comparison, RecordComparison):
        limit = min(plan.comparison.household + HOUSEHOLD_SPREAD, 1.0)
        warnings.append(
            f"{alike:,} of {counts['pairs_accepted']:,} accepted pairs score no higher than two members of a household "
            f"may ({limit:.2f}): if families are split between the files, relatives are among "
            "them, and the estimate does not see it; have a sample of them reviewed"
        )
    if counts["greedy_components"]:
        warnings.append(
            f"{counts['greedy_components']} groups of records were too large for the optimal assignment and were "
            "assigned best pair first"
        )
    if counts["ties"]:
        warnings.append(
            f"{counts['ties']:,} records had two partners with equal evidence: none was taken, or either; "
            "look for people who are in a file twice"
        )
    if counts["largest_link"] > max(_GIANT, 2 * len(plan.files)):
        warnings.append(
            f"one link holds {counts['largest_link']:,} records: "
            "look whether its encodings are of empty or default values"
        )
    if quality is not None and quality.links and quality.precision < 0.8:
        warnings.append(
            f"about {1 - quality.precision:.0%} of the links are expected to be wrong at this threshold"
        )
    return warnings
