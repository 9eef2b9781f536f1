"""What an object of the public API says of itself in a few lines: as text, and as HTML for a notebook."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

__all__ = ["Summarised", "Summary", "rate"]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A title and a few rows below it. What goes in is shown on screens: no personal value and no key.

    Attributes:
        title: what the object is.
        rows: (name, value) pairs.
    """

    title: str
    rows: tuple[tuple[str, str], ...]

    def text(self) -> str:
        """Return a line for the title and one for each row."""
        return "\n".join([self.title, *(f"  {name}: {value}" for name, value in self.rows)])

    def html(self) -> str:
        """Return a small table without any outside reference; all text is escaped."""
        rows = "".join(
            f'<tr><th style="text-align: left">{escape(name)}</th>'
            f'<td style="text-align: left">{escape(value)}</td></tr>'
            for name, value in self.rows
        )
        return f"<table><caption>{escape(self.title)}</caption><tbody>{rows}</tbody></table>"


class Summarised:
    """Shows an object by its summary; a dataclass must be told ``repr=False`` for it."""

    def __repr__(self) -> str:
        return self._summary().text()

    def __str__(self) -> str:
        return self._summary().text()

    def _repr_html_(self) -> str:
        return self._summary().html()

    def _summary(self) -> Summary:
        raise NotImplementedError


def rate(value: float | None, low: float, high: float) -> str:
    """Return a rate and its interval in words; None is a rate that is not defined."""
    return "not defined" if value is None else f"{value:.3f} ({low:.3f} to {high:.3f})"
