"""``run.json`` as one model: the unit fills it in, everybody else reads it (SPEC.md, section 8.2).

Entries that a newer version has added are kept and written again. An entry that is missing or of the wrong kind is
refused by name, without its value. Records of the previous format are read as if they were of this one.
"""

from __future__ import annotations

import json
import math
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from pprl.base.errors import AgreementError, LinksError
from pprl.exchange.agreement.model import only_plain
from pprl.exchange.encoded.header import Hex64, no_entry_twice
from pprl.exchange.links.run_counts import RunCounts
from pprl.exchange.links.run_entries import (
    AgreementEntry,
    Amount,
    Entry,
    ExpectedQuality,
    InputFile,
    LearntModel,
    RunParameters,
    ThresholdEntry,
)

__all__ = ["HOUSEHOLD_SPREAD", "LINKS_FORMAT", "RUN_FILE", "RunRecord"]

LINKS_FORMAT = "pprl-links/3"

RUN_FILE = "run.json"
"""The file of a links folder that holds the record. Only a folder with this file is ever replaced."""

_PREVIOUS = "pprl-links/2"
"""The format before this one; :func:`_from_previous` says what differs."""

HOUSEHOLD_SPREAD = 0.06
"""How far above ``threshold.household_similarity`` members of a household are often found (SPEC.md, section 8.2)."""


class RunRecord(Entry):
    """The content of ``run.json``: every parameter, count, timing, version and input digest of a run.

    Read one with :meth:`from_json` and write it with :meth:`to_json`.

    Attributes:
        format: the format's version.
        software: program or library -> version.
        agreement: the agreement that the files were encoded under.
        agreement_fingerprint: its fingerprint, in hex.
        inputs: the files, in the order given.
        parameters: what the run was asked for.
        threshold: the threshold in use, and the evidence for it.
        model: what was learnt from the files.
        counts: what was counted.
        timings_s: stage -> seconds.
        memory_peak_mib: stage -> most memory in use during it.
        warnings: what the operator was told.
    """

    format: Literal["pprl-links/3"] = "pprl-links/3"
    software: dict[str, str]
    agreement: AgreementEntry
    agreement_fingerprint: Hex64
    inputs: Annotated[tuple[InputFile, ...], Field(min_length=1)]
    parameters: RunParameters
    threshold: ThresholdEntry
    model: LearntModel
    counts: RunCounts
    timings_s: dict[str, Amount]
    memory_peak_mib: dict[str, Amount]
    warnings: tuple[str, ...]

    @field_validator("inputs")
    @classmethod
    def _a_file_a_party(cls, value: tuple[InputFile, ...]) -> tuple[InputFile, ...]:
        if len({entry.party for entry in value}) < len(value):
            raise ValueError("two files are of one party")
        return value

    @model_validator(mode="after")
    def _fingerprint_of_the_agreement(self) -> RunRecord:
        if _fingerprint(self.agreement) not in (None, self.agreement_fingerprint):
            raise ValueError("its agreement does not have the fingerprint that it states")
        return self

    @property
    def parties(self) -> list[str]:
        """The parties, in the order in which their files were given."""
        return [entry.party for entry in self.inputs]

    @property
    def profile(self) -> Literal["record", "fields"]:
        """The agreement's profile."""
        return self.agreement.profile

    @property
    def score_name(self) -> Literal["similarity", "match probability"]:
        """What a score of the run is, and so what its threshold applies to."""
        return "match probability" if self.profile == "fields" else "similarity"

    @property
    def fields(self) -> list[str]:
        """Names of the agreement's fields."""
        return [entry.name for entry in self.agreement.field]

    @property
    def expected_quality(self) -> ExpectedQuality | None:
        """What the run expects of its links; None if it made no estimate."""
        return None if self.threshold.estimate is None else self.threshold.estimate.quality

    @property
    def links_within(self) -> bool:
        """Whether the run links records of one file with each other."""
        return len(self.inputs) == 1 or self.parameters.assign == "many-to-many"

    @property
    def household_limit(self) -> float:
        """The score up to which a pair may just as well be two members of a household."""
        return self.threshold.household_similarity + HOUSEHOLD_SPREAD

    @property
    def may_hold_relatives(self) -> bool:
        """Whether pairs were accepted that score no higher than relatives may."""
        return self.counts.pairs_like_household > 0 and self.threshold.value < self.household_limit

    def prior_bits(self) -> dict[frozenset[str], float]:
        """Return for every two parties (for a single one alone) the prior of a pair, as log-odds to base 2."""
        return {
            frozenset((prior.party_a, prior.party_b)): prior.bits for prior in self.model.priors
        }

    @classmethod
    def from_json(cls, content: bytes, *, source: str = "the run record") -> RunRecord:
        """Read and check a record.

        Args:
            content: the bytes of ``run.json``.
            source: what messages name: the links folder.

        Raises:
            LinksError: not JSON, another format, an entry that is missing, occurs twice or is of the wrong kind,
                entries that contradict each other, or a text that may not be shown on a terminal.
        """
        try:
            read = json.loads(
                content.decode("utf-8"),
                object_pairs_hook=no_entry_twice,
                parse_constant=_finite,
                parse_float=_finite,
            )
            plain = _is_plain(read)
        except (ValueError, RecursionError):
            raise _damaged(source, "run.json can't be read") from None
        stated = read.get("format") if isinstance(read, dict) else None
        if stated not in (LINKS_FORMAT, _PREVIOUS):
            raise LinksError(
                f"{source}: run.json has another format than {LINKS_FORMAT!r}",
                hint="Use the version of pprl that wrote the folder.",
            )
        if not plain:
            raise _damaged(
                source, "a text in run.json holds a control, format or other invisible character"
            )
        if stated == _PREVIOUS:
            read = _from_previous(read)
        try:
            # As JSON again, in which a list may stand for a tuple although the kinds are strict.
            return cls.model_validate_json(json.dumps(read))
        except ValidationError as error:
            raise _damaged(source, _what_is_wrong(error, read)) from None

    def to_json(self) -> str:
        """Return the record as indented JSON text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain values, entries of newer versions included."""
        return self.model_dump(mode="json")


def _fingerprint(entry: AgreementEntry) -> str | None:
    """Return an agreement's fingerprint; None if it is not whole, or has entries that this version does not know.

    An entry that is missing is not the default of today: the version that left it out may have had another one.
    """
    try:
        agreement = entry.to_agreement()
    except AgreementError:
        return None
    whole = agreement.to_dict() == entry.model_dump(mode="json", exclude_unset=True)
    return agreement.fingerprint() if whole else None


def _finite(text: str) -> float:
    """Return a number; NaN and the infinities, which Python would read, are not JSON."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    return value


def _from_previous(read: dict[str, Any]) -> dict[str, Any]:
    """Return a record of the previous format under today's names.

    ``parameters.lsh.recall`` is ``completeness`` today: a share of the matches that are compared is not a recall.
    """
    made = {**read, "format": LINKS_FORMAT}
    parameters = made.get("parameters")
    lsh = parameters.get("lsh") if isinstance(parameters, dict) else None
    if isinstance(lsh, dict):
        renamed = {"completeness" if name == "recall" else name: lsh[name] for name in lsh}
        made["parameters"] = {**made["parameters"], "lsh": renamed}
    return made


def _is_plain(value: Any) -> bool:
    """Return whether every text in what a JSON file held is plain text."""
    if isinstance(value, str):
        return only_plain(value) == value
    if isinstance(value, dict):
        return all(_is_plain(name) and _is_plain(entry) for name, entry in value.items())
    return not isinstance(value, list) or all(_is_plain(entry) for entry in value)


def _what_is_wrong(error: ValidationError, read: dict[str, Any]) -> str:
    """Return which entry is wrong, and how, without its value."""
    problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    name = _entry_name(problem["loc"], read, missing=problem["type"] == "missing")
    if problem["type"] == "missing":
        return f"run.json lacks the entry {name}"
    if problem["type"] == "json_invalid":  # nested deeper than the model's reader goes
        return "run.json can't be read"
    message = problem["msg"].removeprefix("Value error, ")
    if not name:
        return f"run.json contradicts itself ({message})"
    return f"the entry {name} of run.json is wrong ({message[:1].lower()}{message[1:]})"


def _entry_name(loc: tuple[int | str, ...], read: Any, *, missing: bool) -> str:
    """Return an entry's name such as ``counts.passes[1].links``, list places counted from 1."""
    name = ""
    for place, step in enumerate(loc):
        if isinstance(step, int):
            name += f"[{step + 1}]"
            read = read[step]
        elif isinstance(read, dict) and (step in read or (missing and place == len(loc) - 1)):
            name += f".{step}" if name else step
            read = read.get(step)
        else:  # the member of a union that was tried, which is no entry
            break
    return name


def _damaged(source: str, why: str) -> LinksError:
    return LinksError(
        f"{source} is damaged: {why}", hint="Copy the folder again, or run `pprl match` again."
    )
