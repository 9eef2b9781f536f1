"""Links of an earlier run that stay as they are when a file is added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from pprl.errors import MismatchError, UsageError
from pprl.exchange.encoded import PSEUDONYM_BYTES, EncodedFile
from pprl.exchange.links import Links

__all__ = ["check_earlier", "earlier_clusters"]


def check_earlier(earlier: Links, files: Sequence[EncodedFile]) -> None:
    """Refuse links that these files can't extend.

    Args:
        earlier: the links of the earlier run.
        files: all files: those of the earlier run, unchanged, and at least one more.

    Raises:
        UsageError: no file is new, or the earlier run searched one file for duplicates.
        MismatchError: another agreement, or a file of the earlier run is missing or is not the one it was.
    """
    if len(earlier.parties) == 1:
        raise UsageError(
            "the earlier run searched one file for duplicates; its links can't be extended by another file"
        )
    if earlier.run["agreement_fingerprint"] != files[0].agreement.fingerprint():
        raise MismatchError("the earlier links were made under another agreement")
    given = {file.party: file for file in files}
    for entry in earlier.run["inputs"]:
        file = given.get(entry["party"])
        if file is None:
            raise MismatchError(
                f"the earlier run linked a file of {entry['party']}, which is not given now",
                hint="Give all its files again, and the new one.",
            )
        if file.header.content_sha256 != entry["content_sha256"]:
            raise MismatchError(
                f"the file of {entry['party']} is not the one that the earlier run linked",
                hint="Its pseudonyms are others. Give the very file, or link all files anew.",
            )
    if len(files) == len(earlier.parties):
        raise UsageError("no file is new: all of them were linked by the earlier run")


def earlier_clusters(
    earlier: Links, files: Sequence[EncodedFile]
) -> tuple[npt.NDArray[np.int64], Mapping[int, int]]:
    """Return the records' earlier clusters and the link ids that they bear.

    Returns:
        ``int64[records]`` over all files: a record's cluster, named by the lowest record in it; -1 where it was not
        linked. And cluster -> link id.
    """
    offsets = np.concatenate([[0], np.cumsum([len(file) for file in files])])
    cluster = np.full(offsets[-1], -1, np.int64)
    party, pseudonym = earlier.links["party"].to_numpy(), earlier.links["pseudonym"].to_numpy()
    record = np.empty(len(party), np.int64)
    for number, file in enumerate(files):
        own = np.flatnonzero(party == file.party)
        wanted = np.frombuffer(bytes.fromhex("".join(pseudonym[own])), f"V{PSEUDONYM_BYTES}")
        # A file's rows are in ascending order of their pseudonyms, as bytes.
        known = np.ascontiguousarray(file.pseudonyms).view(wanted.dtype).ravel()
        record[own] = offsets[number] + np.searchsorted(known, wanted)
    link_id = earlier.links["link_id"].to_numpy()
    order = np.lexsort((record, link_id))
    record, link_id = record[order], link_id[order]
    starts = np.flatnonzero(np.diff(link_id, prepend=-1))
    first = record[starts]
    cluster[record] = np.repeat(first, np.diff(starts, append=len(record)))
    return cluster, dict(zip(first.tolist(), link_id[starts].tolist(), strict=True))
