"""Made-up people as the unit gets them, with the truth that it never sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from pprl.exchange.agreement.model import Agreement
from pprl.exchange.encoded.file import EncodedFile
from pprl.exchange.links.folder import Links
from pprl.party.encoding.encode import encode
from pprl.party.keys.key import Key
from pprl.synth import corrupt, population

ALL = {
    "given_name": "given-name",
    "surname": "surname",
    "date_of_birth": "date",
    "sex": "sex",
    "address": "address",
    "locality": "locality",
    "postcode": "postcode",
}
NAMES = {name: ALL[name] for name in ("given_name", "surname", "date_of_birth", "sex")}
KEY = Key(bytes(range(32)))


@dataclass(frozen=True)
class Town:
    """Encoded files, and pseudonym -> person."""

    files: tuple[EncodedFile, ...]
    person: Mapping[str, int]

    def people(self, party: int) -> list[int]:
        """The person of each record of a file, in its order."""
        return [self.person[row.tobytes().hex()] for row in self.files[party].pseudonyms]

    def matches(self) -> int:
        """Pairs of records of one person in two files."""
        return sum(
            len(set(self.people(a)) & set(self.people(b)))
            for a, b in combinations(range(len(self.files)), 2)
        )

    def right(self, pairs: pd.DataFrame) -> pd.Series[bool]:
        """Which pairs are of one person."""
        return pairs["pseudonym_a"].map(self.person) == pairs["pseudonym_b"].map(self.person)

    def measures(self, links: Links, matches: int | None = None) -> tuple[float, float, float]:
        """Precision, recall and F1 of accepted pairs; a share of nothing is 1."""
        true, made = int(self.right(links.pairs).sum()), len(links.pairs)
        wanted = self.matches() if matches is None else matches
        precision = true / made if made else 1.0
        recall = true / wanted if wanted else 1.0
        return precision, recall, 2 * true / (made + wanted) if made + wanted else 1.0


def agreement_of(fields: Mapping[str, str], profile: str, **entries: Any) -> Agreement:
    """Return an agreement of the default settings."""
    return Agreement.from_dict(
        {
            "format": "pprl-agreement/1",
            "project": "test",
            "profile": profile,
            "field": [{"name": name, "type": kind} for name, kind in fields.items()],
            **entries,
        }
    )


def encode_all(
    frames: Sequence[pd.DataFrame], agreement: Agreement, *, parties: Sequence[str] = "abcdefgh"
) -> Town:
    """Encode files that have the columns ``id`` and ``person`` beside the fields."""
    files, person = [], {}
    for frame, party in zip(frames, parties, strict=False):
        made = encode(frame, agreement, KEY, party=party, id_column="id", unreadable="missing")
        of = dict(zip(frame["id"], frame["person"], strict=True))
        known = zip(made.id_map["pseudonym"], made.id_map["id"], strict=True)
        person |= {pseudonym: int(of[own]) for pseudonym, own in known}
        files.append(made.encoded)
    return Town(files=tuple(files), person=person)


@cache
def frames_of(
    sizes: tuple[int, ...], common: int, seed: int, errors: str
) -> tuple[pd.DataFrame, ...]:
    """Return files of which the same `common` people are in each and all others in one only."""
    everybody = population(common + sum(size - common for size in sizes), seed=seed).frame()
    order = everybody.sample(frac=1, random_state=seed).reset_index(drop=True)
    frames, used = [], common
    for size, party in zip(sizes, "abcdefgh", strict=False):
        rows = pd.concat([order.iloc[:common], order.iloc[used : used + size - common]])
        used += size - common
        frame = corrupt(rows, profile=errors, seed=seed, party=party).frame
        frames.append(frame.assign(id=[f"{party}{at}" for at in range(len(frame))]))
    return tuple(frames)


@cache
def town(
    profile: str,
    sizes: tuple[int, ...] = (1500, 1500),
    common: int = 750,
    *,
    seed: int = 1,
    errors: str = "typical",
    names_only: bool = False,
    keys: tuple[str, ...] = (),
) -> Town:
    """Return encoded files of made-up people; see :func:`frames_of`."""
    agreement = agreement_of(
        NAMES if names_only else ALL,
        profile,
        blocking=[{"keys": [*key.split("+")]} for key in keys],
    )
    return encode_all(frames_of(sizes, common, seed, errors), agreement)


def as_one(two: Town) -> Town:
    """Return the records of two files as those of one, in which people are twice."""
    a, b = two.files
    together = np.concatenate([a.pseudonyms, b.pseudonyms])
    order = np.lexsort(together.T[::-1])
    file = replace(
        a,
        pseudonyms=together[order],
        filters=np.concatenate([a.filters, b.filters])[order],
        keys=np.concatenate([a.keys, b.keys])[order],
    )
    return Town(files=(file,), person=two.person)
