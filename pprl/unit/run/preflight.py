"""May these encoded files be compared at all? Refuse, and say which parameter differs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pprl.base.errors import MismatchError
from pprl.exchange.agreement.model import differing_parameters
from pprl.exchange.encoded.file import EncodedFile
from pprl.unit.linking.clustering import FILES_LIMIT

__all__ = ["check_comparable"]


def check_comparable(files: Sequence[EncodedFile]) -> None:
    """Refuse files of different agreements, keys or formats, and a file that is given twice.

    Raises:
        MismatchError: says what differs and between which files.
    """
    if not files:
        raise MismatchError("no encoded file was given")
    if len(files) > FILES_LIMIT:
        raise MismatchError(
            f"{len(files)} files were given; at most {FILES_LIMIT} can be linked in one run"
        )
    first = files[0]
    for other in files[1:]:
        _check_same_file(first, other)
        names = differing_parameters(first.agreement, other.agreement)
        if names:
            raise MismatchError(
                f"{first.source} and {other.source} were encoded under different agreements: {'; '.join(names[:5])}"
                + (f" and {len(names) - 5} more" if len(names) > 5 else ""),
                hint="All parties must encode with the same linkage.toml; compare its fingerprint (`pprl inspect`).",
            )
        if first.header.key_check != other.header.key_check:
            raise MismatchError(
                f"{first.source} and {other.source} were encoded with different keys",
                hint="The parties should compare the fingerprints of their keys (`pprl keygen KEY --fingerprint`) "
                "and encode again with one key.",
            )
    for at, left in enumerate(files):
        for right in files[at + 1 :]:
            if at > 0:  # the first one was compared above
                _check_same_file(left, right)
            if left.party == right.party:
                raise MismatchError(
                    f"{left.source} and {right.source} both call their party {left.party!r}",
                    hint="Each file needs a party name of its own: encode again with another --party.",
                )


def _check_same_file(left: EncodedFile, right: EncodedFile) -> None:
    if len(left) == len(right) == 0:
        return  # nothing in them to compare
    if left.header.content_sha256 == right.header.content_sha256 or _shares_pseudonym(left, right):
        raise MismatchError(
            f"{left.source} and {right.source} are the same file, or parts of one",
            hint="Give each party's file once. To find duplicates inside one file, give that file alone.",
        )


def _shares_pseudonym(left: EncodedFile, right: EncodedFile) -> bool:
    # 64 of the 128 random bits: for 50 million rows, chance repeats one in 1 of 10**4 cases. Files are in their order.
    a, b = (
        np.ascontiguousarray(file.pseudonyms[:, :8]).view(">u8").ravel().astype(np.uint64)
        for file in (left, right)
    )
    if len(a) == 0 or len(b) == 0:
        return False
    place = np.minimum(np.searchsorted(a, b), len(a) - 1)
    shared = b[a[place] == b]
    if len(shared) == 0:
        return False
    texts = [
        {bytes(row) for row in file.pseudonyms[np.isin(keys, shared)]}
        for file, keys in ((left, a), (right, b))
    ]
    return bool(texts[0] & texts[1])
