"""Links of an earlier run that stay as they are when a file is added."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pprl.base.arrays import Int64s
from pprl.base.errors import LinksError, MismatchError, UsageError
from pprl.exchange.encoded.file import PSEUDONYM_BYTES, EncodedFile
from pprl.exchange.links.folder import Links

__all__ = ["check_earlier", "earlier_ids"]


def check_earlier(earlier: Links, files: Sequence[EncodedFile]) -> None:
    """Refuse links that these files can't extend.

    Args:
        earlier: the links of the earlier run.
        files: all files: those of the earlier run, unchanged, and at least one more.

    Raises:
        UsageError: no file is new, or the earlier run searched one file for duplicates.
        MismatchError: another agreement, or a file of the earlier run is missing or has changed.
    """
    if len(earlier.parties) == 1:
        raise UsageError(
            "the earlier run searched one file for duplicates; its links can't be extended by another file"
        )
    if earlier.run.agreement_fingerprint != files[0].agreement.fingerprint():
        raise MismatchError("the earlier links were made under another agreement")
    given = {file.party: file for file in files}
    for entry in earlier.run.inputs:
        file = given.get(entry.party)
        if file is None:
            raise MismatchError(
                f"the earlier run linked a file of {entry.party}, which is not given now",
                hint="Give all its files again, and the new one.",
            )
        if file.header.content_sha256 != entry.content_sha256:
            raise MismatchError(
                f"the file of {entry.party} is not the one that the earlier run linked",
                hint="Its pseudonyms differ. Give that very file, or link all files anew.",
            )
    if len(files) == len(earlier.parties):
        raise UsageError("no file is new: all of them were linked by the earlier run")


def earlier_ids(earlier: Links, files: Sequence[EncodedFile]) -> Int64s:
    """Return the link id that the earlier run gave each record.

    The id goes with the record, not with a cluster: clusters get new names when records join them.

    Args:
        earlier: the links of the earlier run.
        files: all files, in any order.

    Returns:
        ``int64[records]`` over all files; -1 where a record was not linked.

    Raises:
        LinksError: a record of the links, the pairs or the near pairs is in none of the files, or one appears twice
            among the links.
    """
    record = _records(earlier.links["party"], earlier.links["pseudonym"], files, what="links")
    for name, pairs in (("pairs", earlier.pairs), ("near pairs", earlier.near)):
        for side in "ab":
            _records(pairs[f"party_{side}"], pairs[f"pseudonym_{side}"], files, what=name)
    ids = np.full(sum(len(file) for file in files), -1, np.int64)
    ids[record] = earlier.links["link_id"].to_numpy()
    if int((ids >= 0).sum()) < len(record):
        raise LinksError(
            "a record appears twice in the earlier links",
            hint="Link all files anew, without the earlier links.",
        )
    return ids


def _records(
    parties: pd.Series, pseudonyms: pd.Series, files: Sequence[EncodedFile], *, what: str
) -> Int64s:
    """Return the number of each record over all files.

    Raises:
        LinksError: one is in none of them.
    """
    offsets = np.concatenate([[0], np.cumsum([len(file) for file in files])])
    party, pseudonym = parties.to_numpy(), pseudonyms.to_numpy()
    record = np.full(len(party), -1, np.int64)
    for number, file in enumerate(files):
        own = np.flatnonzero(party == file.party)
        wanted = np.frombuffer(bytes.fromhex("".join(pseudonym[own])), f"V{PSEUDONYM_BYTES}")
        # A file's rows are in ascending order of their pseudonyms, as bytes.
        known = np.ascontiguousarray(file.pseudonyms).view(wanted.dtype).ravel()
        # Looked up roughly in that order, they are found seven times as fast.
        order = np.argsort(wanted.view(">u8")[::2].astype(np.uint64))
        place = np.empty(len(own), np.int64)
        place[order] = np.searchsorted(known, wanted[order])
        held = place < len(known)
        held[held] = known[place[held]] == wanted[held]
        record[own[held]] = offsets[number] + place[held]
    lost = int((record < 0).sum())
    if lost:
        raise LinksError(
            f"the earlier {what} hold {len(record):,} records, and {lost:,} of them are in none of the files",
            hint="The links folder was altered or mixed with another. Copy it again, or link all files anew.",
        )
    return record
