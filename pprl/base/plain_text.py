"""Text that is safe to show on a terminal (SPEC.md, section 1)."""

from __future__ import annotations

import re

__all__ = ["only_plain"]

_NOT_PLAIN = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u1680\u180e"
    "\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ud800-\uf8ff\ufeff\ufff0-\ufffb\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U0010ffff]"
)
"""Control and format characters, white space except U+0020, and code points without a meaning (SPEC.md, section 1).

A list, and not a call to a Unicode library, two versions of which would judge one agreement differently.
"""


def only_plain(text: str) -> str:
    """Return a text, with every character that is not plain replaced by U+FFFD: safe to show on a terminal."""
    return _NOT_PLAIN.sub("\ufffd", text)
