"""Numbers in plain words."""

from __future__ import annotations

__all__ = ["decimal", "expected", "percent", "plural", "points", "whole"]

_NO_VALUE = "not defined"


def percent(value: float | None) -> str:
    """Return a share as ``97.3 %``; it is never rounded up to 100 or down to 0."""
    if value is None:
        return _NO_VALUE
    for digits in (1, 2, 3):
        text = f"{100 * value:.{digits}f}"
        if value in (0.0, 1.0) or float(text) not in (0.0, 100.0):
            return f"{text} %"
    return "under 0.001 %" if value < 0.5 else "over 99.999 %"


def whole(value: float) -> str:
    """Return a count with commas between groups of three digits: ``24,920,000``."""
    return f"{value:,.0f}"


def decimal(value: float) -> str:
    """Return a threshold or score with at least two and at most four decimals."""
    text = f"{value:.4f}"
    return text[:-2] if text.endswith("00") else text.rstrip("0")


def points(value: float) -> str:
    """Return a difference of shares in percentage points, without a unit: ``1.5``."""
    return f"{100 * value:.1f}"


def plural(count: float, one: str, many: str) -> str:
    """Return a count with its noun: ``1 pair``, ``1,200 pairs``."""
    return f"{whole(count)} {one if round(count) == 1 else many}"


def expected(value: float) -> str:
    """Return an expected count with one decimal below ten and none above."""
    return f"{value:.1f}" if value < 9.95 else whole(value)  # 9.95 would be shown as 10.0
