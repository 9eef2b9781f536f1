"""What a run has counted: the entry `counts` of run.json (SPEC.md, section 8.2)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pprl.exchange.encoded.header import PartyName
from pprl.exchange.links.run_entries import BlockingMethod, Count, Entry, Share

__all__ = ["CopyCounts", "FurtherRecords", "KeylessRecords", "PassEntry", "RunCounts"]


class PassEntry(Entry):
    """One of several blocking passes in turn.

    Attributes:
        blocking: its method.
        pairs_compared: pairs that it compared.
        per_block_pass: the same for each pass of keys (one more where records without a key were compared) or table.
        links: pairs that it linked for good.
    """

    blocking: BlockingMethod
    pairs_compared: Count
    per_block_pass: tuple[Count, ...]
    links: Count


class FurtherRecords(Entry):
    """How many further records linked people have in a file, beyond one for each of them."""

    party: PartyName
    records: Count


class CopyCounts(Entry):
    """Linked people who have several records in one file.

    Attributes:
        people: how many there are; one with several records in two files counts once.
        files: their further records, file by file.
        rescued: those of them who would have had no link between two of the files, since none of their records had
            reached even odds as rivals of each other.
    """

    people: Count
    files: tuple[FurtherRecords, ...]
    rescued: Count

    @property
    def records(self) -> dict[str, int]:
        """The further records by party."""
        return {entry.party: entry.records for entry in self.files}


class KeylessRecords(Entry):
    """How many records of a file have no blocking key in any pass, and whether the run compared them nevertheless."""

    party: PartyName
    records: Count
    compared: bool


class RunCounts(Entry):
    """What was counted; SPEC.md says which counts cover the whole folder in a run that extends another.

    Attributes:
        pairs_possible: pairs without blocking.
        pairs_compared: pairs that were compared.
        pairs_compared_per_pass: the same for each pass of keys or table of the LSH, as in :class:`PassEntry`.
        reduction_ratio: 1 less the share of the possible pairs that was compared; never below 0.
        pairs_over_threshold: pairs that reached the threshold.
        pairs_accepted: rows of ``pairs.parquet``.
        links: groups of records that share a link id.
        linked_records: rows of ``links.parquet``.
        pairs_in_links: pairs of records that share a link id.
        pairs_like_household: accepted pairs that score less than :attr:`RunRecord.household_limit`.
        greedy_components: groups too large for the optimal assignment.
        ties: records that had two partners with equal evidence.
        largest_link: records in the largest link.
        passes: the blocking passes in turn; one entry if there is one blocking method.
        copies: people who are in a file several times; None under a rule that does not look for them.
        keyless: for each file, its records without a blocking key; None where no pass was one of keys, or unknown.
    """

    pairs_possible: Count
    pairs_compared: Count
    pairs_compared_per_pass: tuple[Count, ...]
    reduction_ratio: Share
    pairs_over_threshold: Count
    pairs_accepted: Count
    links: Count
    linked_records: Count
    pairs_in_links: Count
    pairs_like_household: Count
    greedy_components: Count
    ties: Count
    largest_link: Count
    passes: Annotated[tuple[PassEntry, ...], Field(min_length=1)]
    copies: CopyCounts | None = None
    keyless: tuple[KeylessRecords, ...] | None = None
