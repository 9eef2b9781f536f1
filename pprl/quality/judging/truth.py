"""The truth and the id maps: reading them, checking them, and joining them to the links.

``TRUTH.csv`` has one row per record, ``party,id,person``; an id map has one row per encoded record,
``pseudonym,id``. An id is personal: no message of this module shows one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.base.errors import DataError, UsageError
from pprl.exchange.links.folder import Links
from pprl.tables import read_csv_text

__all__ = ["Coverage", "Judge", "read_id_maps", "read_truth"]

TRUTH_COLUMNS = ("party", "id", "person")
ID_COLUMNS = ("pseudonym", "id")

IntArray = npt.NDArray[np.int64]

_SEPARATOR = "\x1f"
"""Joins a party and an id: ASCII's unit separator, which no party's name can hold."""


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How far truth, id maps and links cover each other, as counts of records.

    Attributes:
        truth_records: truth rows of the run's parties.
        truth_records_of_other_parties: truth rows of parties that are not in the run; they are not used.
        encoded_records: rows of the id maps.
        encoded_without_truth: encoded records that the truth lacks; their pairs can't be judged.
        truth_not_encoded: truth rows that no id map holds (rejected by ``encode``, for example). Their pairs count as
            missed.
    """

    truth_records: int
    truth_records_of_other_parties: int
    encoded_records: int
    encoded_without_truth: int
    truth_not_encoded: int


def read_truth(path: Path | str, *, header: bool = False) -> pd.DataFrame:
    """Read a truth file.

    Args:
        path: the file.
        header: its first row holds column names, however much they look like data.

    Returns:
        A frame of ``str`` with at least the columns ``party``, ``id`` and ``person``.

    Raises:
        DataError: unreadable, a missing column or an empty value.

    Example:
        >>> list(pprl.read_truth("truth.csv").columns)
        ['party', 'id', 'person']
    """
    frame = read_csv_text(path, what="truth file", header=header, known=TRUTH_COLUMNS)
    _check_table(frame, TRUTH_COLUMNS, str(path), "truth file")
    return frame


def read_id_maps(
    options: Sequence[str | Path] | str | Path, links: Links
) -> dict[str, pd.DataFrame]:
    """Read id maps given as ``PARTY=FILE`` or ``FILE``.

    The party of a bare ``FILE`` is the one whose linked pseudonyms the file holds; if it holds none, the one in a name
    such as ``health.ids.csv``.

    Returns:
        Party -> a frame of ``str`` with at least the columns ``pseudonym`` and ``id``.

    Raises:
        UsageError: an unknown party, a file whose party is not clear, or two id maps of one party.
        DataError: unreadable, a missing column or an empty value.

    Example:
        >>> maps = pprl.read_id_maps(["health.ids.csv", "education=education.ids.csv"], links)
        >>> sorted(maps)
        ['education', 'health']
    """
    if isinstance(options, str | Path):
        options = [options]
    found: dict[str, pd.DataFrame] = {}
    for option in options:
        party, path = _split_option(str(option), links.parties)
        frame = read_csv_text(path, what="id map", header=None)
        _check_table(frame, ID_COLUMNS, str(path), "id map")
        if party is None:
            party = _infer_party(frame, path, links)
        if party in found:
            raise UsageError(
                f"two id maps are given for the party {party!r}",
                hint="Give one per party; name the party with --ids party=FILE.",
            )
        found[party] = frame
    return found


def _split_option(option: str, parties: Sequence[str]) -> tuple[str | None, Path]:
    name, equals, value = option.partition("=")
    if not equals:
        return None, Path(option)
    if name in parties:
        if not value:
            raise UsageError(f"--ids {option!r} names no file", hint="Write --ids party=FILE.")
        return name, Path(value)
    if Path(option).exists():
        return None, Path(option)
    near = get_close_matches(name, parties, n=1)
    raise UsageError(
        f"--ids names the party {name!r}, which is not in the run",
        hint=(f"Did you mean {near[0]!r}? " if near else "")
        + f"The run's parties: {', '.join(parties)}.",
    )


def _infer_party(frame: pd.DataFrame, path: Path, links: Links) -> str:
    held = links.links.loc[links.links["pseudonym"].isin(frame["pseudonym"]), "party"]
    parties = [party for party in links.parties if (held == party).any()]
    if not parties:
        parties = [party for party in links.parties if path.name == f"{party}.ids.csv"]
    if len(parties) == 1:
        return parties[0]
    why = "holds linked pseudonyms of several parties" if parties else "holds no linked pseudonym"
    raise UsageError(
        f"{path}: it is not clear whose id map this is: it {why}",
        hint=f"Name the party with --ids party=FILE. The run's parties: {', '.join(links.parties)}.",
    )


def _check_table(frame: pd.DataFrame, columns: Sequence[str], source: str, what: str) -> None:
    """Raise a :class:`DataError` for a missing column or an empty value."""
    for column in columns:
        if column not in frame.columns:
            names = [str(name) for name in frame.columns]
            loose = {name.strip().lower(): name for name in names}
            near = get_close_matches(column, list(loose), n=1, cutoff=0.5)
            meant = f"Did you mean {loose[near[0]]!r}? " if near else ""
            raise DataError(
                f"{source}: the {what} has no column {column!r}",
                hint=f"{meant}Its header must be: {','.join(columns)}.",
            )
    for column in columns:
        empty = frame[column].isna() | (frame[column] == "")
        if empty.any():
            raise DataError(
                f"{source}: the {what} has no {column!r} in data row {_row(empty)}",
                hint="Fill in the value, or remove the row.",
            )


def _row(flags: pd.Series[bool]) -> int:
    """Return the first flagged data row, counted from 1 without the header."""
    return int(np.flatnonzero(flags.to_numpy())[0]) + 1


class Judge:
    """Tells what the truth knows of the records and pairs of a run.

    Args:
        links: the run's result.
        truth: columns ``party``, ``id``, ``person``; values compared as text.
        ids: party -> columns ``pseudonym``, ``id``.

    Attributes:
        coverage: how far truth and id maps cover each other.
        truth_parties: shape (n,), the party (position in the run) of each truth record.
        truth_persons: shape (n,), a number for the person of each truth record.
        truth_encoded: shape (n,), whether an id map holds the record.

    Raises:
        DataError: a missing column, an empty or duplicate value, a party of the run without truth, an id map and a
            truth that share no id, or a pseudonym of the links that no id map knows.
    """

    def __init__(
        self, links: Links, *, truth: pd.DataFrame, ids: Mapping[str, pd.DataFrame]
    ) -> None:
        self._parties = links.parties
        known = _clean_truth(truth, self._parties)
        own = known[known["party"].isin(self._parties)]
        maps = _clean_ids(ids, self._parties)
        order = {party: position for position, party in enumerate(self._parties)}
        persons, _ = pd.factorize(own["person"])
        self.truth_parties: IntArray = np.asarray(own["party"].map(order), dtype=np.int64)
        self.truth_persons: IntArray = persons.astype(np.int64)

        truth_keys = pd.Index(own["party"] + _SEPARATOR + own["id"])
        map_keys = pd.Index(maps["party"] + _SEPARATOR + maps["id"])
        at = truth_keys.get_indexer(map_keys)
        self._check_overlap(maps, at)
        self.truth_encoded: npt.NDArray[np.bool_] = np.zeros(len(own), dtype=bool)
        self.truth_encoded[at[at >= 0]] = True
        self._pseudonyms = pd.Index(maps["party"] + _SEPARATOR + maps["pseudonym"])
        self._persons = np.where(at >= 0, self.truth_persons[at], -1)
        self.coverage = Coverage(
            truth_records=len(own),
            truth_records_of_other_parties=len(known) - len(own),
            encoded_records=len(maps),
            encoded_without_truth=int((at < 0).sum()),
            truth_not_encoded=len(own) - int((at >= 0).sum()),
        )

    def _check_overlap(self, maps: pd.DataFrame, at: npt.NDArray[np.intp]) -> None:
        hits = pd.Series(at >= 0).groupby(maps["party"].to_numpy()).sum()
        for party, count in hits.items():
            if count == 0:
                raise DataError(
                    f"no id in the id map of {party!r} is in the truth",
                    hint="Check that both write ids in the same way (leading zeros, prefixes) and belong "
                    "to the same file.",
                )

    def persons(self, parties: pd.Series[Any], pseudonyms: pd.Series[Any]) -> IntArray:
        """Return the person of each pseudonym, shape (n,); -1 where the truth lacks the record.

        Raises:
            DataError: a pseudonym that no id map knows.
        """
        at = self._pseudonyms.get_indexer(pd.Index(parties + _SEPARATOR + pseudonyms))
        if (at < 0).any():
            lost = (
                pseudonyms[at < 0].groupby(parties[at < 0]).nunique().sort_values(ascending=False)
            )
            party = str(lost.index[0])
            raise DataError(
                f"{int(lost.iloc[0]):,} pseudonyms of the party {party!r} in the links are in no id map",
                hint="Give the id map that `pprl encode` wrote together with the matched file: "
                f"--ids {party}=FILE.",
            )
        found: IntArray = self._persons[at].astype(np.int64)
        return found

    def verdicts(self, pairs: pd.DataFrame) -> npt.NDArray[np.int8]:
        """Return for each pair, shape (n,): 1 true, 0 false, -1 not known to the truth."""
        a = self.persons(pairs["party_a"], pairs["pseudonym_a"])
        b = self.persons(pairs["party_b"], pairs["pseudonym_b"])
        return np.where((a < 0) | (b < 0), -1, a == b).astype(np.int8)


def _clean_truth(truth: pd.DataFrame, parties: Sequence[str]) -> pd.DataFrame:
    _check_table(truth, TRUTH_COLUMNS, "truth", "truth table")
    frame = truth.loc[:, list(TRUTH_COLUMNS)].astype(str).reset_index(drop=True)
    twice = frame.duplicated(["party", "id"])
    if twice.any():
        raise DataError(
            f"the truth holds a record twice: the party and id of data row {_row(twice)} are in "
            f"an earlier row already ({int(twice.sum()):,} such rows)",
            hint="Each record (party and id) may have only one row, with the person it is about.",
        )
    held = set(frame["party"])
    for party in parties:
        if party not in held:
            raise DataError(
                f"the truth has no row for the party {party!r}",
                hint=f"Its column 'party' must name the run's parties: {', '.join(parties)}.",
            )
    return frame


def _clean_ids(ids: Mapping[str, pd.DataFrame], parties: Sequence[str]) -> pd.DataFrame:
    frames = []
    for party, given in ids.items():
        source = f"id map of {party!r}"
        if party not in parties:
            raise DataError(
                f"an id map is given for {party!r}, which is not in the run",
                hint=f"The run's parties: {', '.join(parties)}.",
            )
        _check_table(given, ID_COLUMNS, source, "id map")
        frame = given.loc[:, list(ID_COLUMNS)].astype(str).reset_index(drop=True)
        for column in ID_COLUMNS:
            twice = frame.duplicated(column)
            if twice.any():
                raise DataError(
                    f"{source}: the {column} of data row {_row(twice)} is in an earlier row already",
                    hint="An id map has one row per record; use it as `pprl encode` wrote it.",
                )
        frames.append(frame.assign(party=party))
    if not frames:
        return pd.DataFrame({"party": [], "pseudonym": [], "id": []}, dtype=str)
    return pd.concat(frames, ignore_index=True)
