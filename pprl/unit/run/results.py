"""From accepted pairs to the rows and the run record of a links folder."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numba
import numpy as np
import pyarrow as pa

from pprl.base.arrays import Bytes, Floats, Int64s
from pprl.base.version import VERSION
from pprl.exchange.agreement.model import only_plain
from pprl.exchange.encoded.file import PSEUDONYM_BYTES, EncodedFile
from pprl.exchange.links.run_counts import RunCounts
from pprl.exchange.links.run_entries import (
    AgreementEntry,
    Estimate,
    ExpectedQuality,
    FilePair,
    InputFile,
    LearntModel,
    RunParameters,
    ThresholdEntry,
    ThresholdPoint,
)
from pprl.exchange.links.run_record import RunRecord
from pprl.exchange.links.tables import LINK_COLUMNS, PAIR_COLUMNS, pseudonym_array, table_schema
from pprl.unit.run.compare import Pairs
from pprl.unit.run.extend import priors
from pprl.unit.run.plan import MatchPlan

__all__ = ["LinkRows", "PairRows", "RecordNames", "link_rows", "run_record"]


_ID_DOMAIN = b"pprl/1/link-ids"


class RecordNames:
    """Parties and pseudonyms of records numbered over all files.

    Args:
        files: the encoded files.
    """

    def __init__(self, files: Sequence[EncodedFile]) -> None:
        self._files = files
        self.offsets = np.concatenate([[0], np.cumsum([len(file) for file in files])])

    @property
    def all_parties(self) -> list[str]:
        """The parties, in the order of the files."""
        return [file.party for file in self._files]

    def file_of(self, records: Int64s) -> Int64s:
        """Return each record's file."""
        return np.searchsorted(self.offsets, records, side="right") - 1

    def bytes_of(self, records: Int64s) -> Bytes:
        """Return each record's pseudonym, ``uint8[n, 16]``."""
        made = np.empty((len(records), PSEUDONYM_BYTES), np.uint8)
        which = self.file_of(records)
        for number, file in enumerate(self._files):
            here = np.flatnonzero(which == number)
            made[here] = file.pseudonyms[records[here] - self.offsets[number]]
        return made

    def parties(self, records: Int64s) -> pa.Array:
        """Return each record's party."""
        names = pa.array([file.party for file in self._files], pa.string())
        return names.take(pa.array(self.file_of(records)))

    def pseudonyms(self, records: Int64s) -> pa.Array:
        """Return each record's pseudonym as text."""
        return pseudonym_array(self.bytes_of(records))


@dataclass(frozen=True, kw_only=True, eq=False)
class LinkRows:
    """The links as rows (:class:`pprl.exchange.links.tables.Rows`), sorted by link id and pseudonym.

    Attributes:
        names: of the records.
        link_id: ``int64[linked]``.
        record: ``int64[linked]``.
    """

    names: RecordNames
    link_id: Int64s
    record: Int64s

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns."""
        return table_schema(LINK_COLUMNS)

    def __len__(self) -> int:
        return len(self.record)

    def batch(self, start: int, stop: int) -> pa.RecordBatch:
        """Return some rows."""
        record = self.record[start:stop]
        columns = [
            pa.array(self.link_id[start:stop]),
            self.names.parties(record),
            self.names.pseudonyms(record),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

    def sizes(self) -> Int64s:
        """Return how many records each link has."""
        starts = np.flatnonzero(np.diff(self.link_id, prepend=-1, append=-1))
        return np.diff(starts)


@dataclass(frozen=True, kw_only=True, eq=False)
class PairRows:
    """Pairs as rows (:class:`pprl.exchange.links.tables.Rows`): by party and pseudonym, weights to base 2.

    Attributes:
        names: of the records.
        pairs: the pairs.
    """

    names: RecordNames
    pairs: Pairs

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns."""
        return table_schema(PAIR_COLUMNS)

    def __len__(self) -> int:
        return len(self.pairs.left)

    def batch(self, start: int, stop: int) -> pa.RecordBatch:
        """Return some rows."""
        part = self.pairs.of(slice(start, stop))
        columns = []
        for records in (part.left, part.right):
            columns += [self.names.parties(records), self.names.pseudonyms(records)]
        columns += [
            pa.array(values)
            for values in (part.score, part.log_ratio / np.log(2), part.probability)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)


def link_rows(
    names: RecordNames,
    files: Sequence[EncodedFile],
    cluster: Int64s,
    members: Int64s,
    given: Int64s | None = None,
) -> LinkRows:
    """Return the links: one row a linked record.

    A link's id is made of its pseudonyms and of a salt of the run (:func:`_salt`). Numbers in a row would tell each
    party, by their gaps, how many links the others have without it. A digest of the pseudonyms alone could be computed
    by two parties for a link that they share, and would tell them whether a third one has the person.

    Args:
        names: of the records.
        files: the encoded files.
        cluster: ``int64[records]``.
        members: ``int64[linked]``, the records that are linked.
        given: ``int64[records]``, the link id that an earlier run gave each record, -1 for none. A cluster keeps it,
            whichever of its records it is named by.
    """
    _, first, number = np.unique(cluster[members], return_index=True, return_inverse=True)
    # Links are numbered by their first record: which of two equal ids is hashed on depends on it.
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    number = rank[number]
    pseudonyms = names.bytes_of(members)
    order = _order(number, pseudonyms)
    number, pseudonyms, members = number[order], pseudonyms[order], members[order]
    starts = np.flatnonzero(np.diff(number, prepend=-1, append=-1)).tolist()
    salted, text = hashlib.sha256(_salt(files)), pseudonyms.tobytes()
    digests = []
    for start, stop in pairwise(starts):
        digest = salted.copy()
        digest.update(text[start * PSEUDONYM_BYTES : stop * PSEUDONYM_BYTES])
        digests.append(digest.digest())
    used = () if given is None else np.unique(given[given >= 0]).tolist()
    ids = np.array(_link_ids(digests, used), np.int64)
    if given is not None:
        kept = _cluster_ids(cluster, given)[cluster[members[starts[:-1]]]]
        ids = np.where(kept >= 0, kept, ids)
    link_id = ids[number] if len(number) else np.zeros(0, np.int64)
    order = np.argsort(link_id, kind="stable")  # a link's records are in order already
    return LinkRows(names=names, link_id=link_id[order], record=members[order])


def _cluster_ids(cluster: Int64s, given: Int64s) -> Int64s:
    """Return for each cluster the link id that any of its records has from the earlier run; -1 for none."""
    made = np.full(len(cluster), -1, np.int64)
    known = np.flatnonzero(given >= 0)
    made[cluster[known]] = given[known]
    assert (made[cluster[known]] == given[known]).all(), "two earlier links became one"
    return made


def _order(number: Int64s, pseudonyms: Bytes) -> Int64s:
    """Return the order by number and then by pseudonym."""
    # In the machine's own byte order, in which numbers sort faster.
    halves = np.ascontiguousarray(pseudonyms).view(">u8").astype(np.uint64)
    return np.lexsort((halves[:, 1], halves[:, 0], number))


def _salt(files: Sequence[EncodedFile]) -> bytes:
    """Return 32 bytes that nobody can compute without all files of the run; the order of the files does not matter.

    A party knows its own random pseudonyms, and those of others only if it is given their links. So parties that pool
    what they have still lack it while a file of another party is in the run. It is written nowhere.
    """
    digests = sorted(hashlib.sha256(file.pseudonyms.data).digest() for file in files)
    return hashlib.sha256(_ID_DOMAIN + b"".join(digests)).digest()


def _link_ids(digests: Sequence[bytes], used: Collection[int] = ()) -> list[int]:
    """Return a number of at most fifteen digits for each digest, all different, none 0 and none of those in use.

    Fifteen digits, because spreadsheets round longer numbers and would make one link of two. Where two digests
    give one number, the later one is hashed on.
    """
    numbers = [int.from_bytes(digest, "big") % 10**15 for digest in digests]
    distinct = np.unique(np.array([0, *used, *numbers], np.int64))
    if len(distinct) == 1 + len(set(used)) + len(numbers):
        return numbers
    found: dict[int, None] = dict.fromkeys([0, *sorted(used)])
    before = len(found)
    for digest in digests:
        number, rest = 0, digest
        while number in found:
            number = int.from_bytes(rest, "big") % 10**15
            rest = hashlib.sha256(rest).digest()
        found[number] = None
    return list(found)[before:]


def run_record(
    plan: MatchPlan,
    counts: RunCounts,
    warnings: Sequence[str],
    *,
    quality: ExpectedQuality | None,
    curve: tuple[ThresholdPoint, ...],
    near: Floats,
) -> RunRecord:
    """Return the content of ``run.json`` (SPEC.md, section 8.2).

    Args:
        plan: the run.
        counts: what was counted.
        warnings: what the operator is told.
        quality: the expected quality; None where none can be given.
        curve: the same at other thresholds.
        near: ``float64[pairs]``, scores of the pairs that were kept and not accepted.
    """
    agreement = plan.files[0].agreement
    return RunRecord(
        software={
            "pprl-kit": VERSION,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "numba": numba.__version__,
            **({} if plan.engine is None else plan.engine.software()),
        },
        agreement=AgreementEntry.of(agreement),
        agreement_fingerprint=agreement.fingerprint(),
        inputs=tuple(_input(file) for file in plan.files),
        parameters=_parameters(plan),
        threshold=_threshold(plan, quality, curve, near),
        model=LearntModel(**plan.model.describe(), priors=priors(plan)),
        counts=counts,
        timings_s=plan.stages.timings(),
        memory_peak_mib=plan.stages.peaks(),
        warnings=tuple(warnings),
    )


def _input(file: EncodedFile) -> InputFile:
    return InputFile(
        party=file.party,
        file=only_plain(file.source.replace("\\", "/").rsplit("/", 1)[-1]),
        records=len(file),
        rows_read=file.header.rows_read,
        content_sha256=file.header.content_sha256,
        software=file.header.software,
    )


def _parameters(plan: MatchPlan) -> RunParameters:
    return RunParameters(
        threshold=plan.settled.asked,
        blocking=",".join(plan.passes),
        assign=plan.assign,
        lsh=next((described for described in plan.blocking if described is not None), None),
        engine="local" if plan.engine is None else plan.engine.name,
        threads=numba.get_num_threads(),
        memory_mib=plan.settled.memory_limit >> 20,
        extends=None if plan.earlier is None else tuple(plan.earlier.parties),
        sample=plan.settled.sample,
    )


def _threshold(
    plan: MatchPlan,
    quality: ExpectedQuality | None,
    curve: tuple[ThresholdPoint, ...],
    near: Floats,
) -> ThresholdEntry:
    floor = plan.model.lowest_score(plan.floors, plan.threshold)
    if not plan.threshold.given:
        floor = min(floor, float(near.min(initial=1.0)))
    estimate = None
    if quality is not None:
        estimate = Estimate(
            matches=round(quality.matches, 1), quality=_rounded(quality), curve=curve
        )
    return ThresholdEntry(
        value=plan.threshold.value,
        method=plan.method,
        basis=plan.basis,
        floor=floor,
        household_similarity=round(plan.model.household_similarity or 0.0, 4),
        no_estimate=plan.no_estimate,
        estimate=estimate,
        by_files=_by_files(plan),
        histogram=plan.model.histogram(),
    )


def _rounded(quality: ExpectedQuality) -> ExpectedQuality:
    """Return an estimate without meaningless digits."""
    return ExpectedQuality(
        **{name: round(value, 5) for name, value in quality.model_dump().items()}
    )


def _by_files(plan: MatchPlan) -> tuple[FilePair, ...]:
    """Return how many matches are expected between every two files."""
    if plan.same:
        return ()
    return tuple(
        FilePair(
            party_a=plan.files[a].party,
            party_b=plan.files[b].party,
            # Files too small to learn from have an assumed number, which is no estimate.
            matches=None if plan.model.basis == "customary" else round(expected.number, 1),
            basis=plan.basis,
        )
        for (a, b), expected in plan.model.matches.items()
    )
