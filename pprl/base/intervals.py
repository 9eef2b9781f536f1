"""The Wilson interval of a share."""

from __future__ import annotations

import math

__all__ = ["wilson_interval"]

_Z = 1.959963984540054
"""The 97.5 % point of the normal distribution: two sides of 2.5 % leave 95 %."""


def wilson_interval(successes: float, trials: float) -> tuple[float, float]:
    """Return the ends of the 95 % interval of a share (Wilson 1927, J. Am. Stat. Assoc. 22, 209 to 212).

    ``scipy.stats.binomtest`` gives the same interval, but for whole numbers only; here both numbers may be expected
    ones. It takes one share at a time, since no caller needs more than a few.

    Args:
        successes: from 0 to ``trials``; with none, the interval begins at exactly 0, with all, it ends at exactly 1.
        trials: above 0.

    Raises:
        ValueError: the numbers are out of these bounds.
    """
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError("successes must lie between 0 and trials, and trials above 0")
    share = successes / trials
    weight = _Z * _Z / trials
    centre = (share + weight / 2) / (1 + weight)
    half = _Z * math.sqrt(share * (1 - share) / trials + weight / (4 * trials)) / (1 + weight)
    # Rounding must not put the share itself outside.
    low = 0.0 if successes == 0 else min(max(0.0, centre - half), share)
    high = 1.0 if successes == trials else max(min(1.0, centre + half), share)
    return low, high
