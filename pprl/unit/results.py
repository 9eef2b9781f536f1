"""From accepted pairs to the tables and the run record of a links folder."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import numba
import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.exchange.agreement import only_plain
from pprl.exchange.encoded import EncodedFile, pseudonym_text
from pprl.exchange.links import LINKS_FORMAT, Links
from pprl.unit.estimate import Quality
from pprl.unit.explaining import prior_bits
from pprl.unit.plan import NEAR, Plan
from pprl.unit.record import KEPT_BELOW, RecordComparison
from pprl.version import VERSION

__all__ = ["join_earlier", "link_table", "pair_table", "run_record"]

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_ID_DOMAIN = b"pprl/1/link-ids"


class WeighedPairs(Protocol):
    """Pairs of records numbered over all files, with score, match weight (natural logarithm) and probability."""

    left: Int64s
    right: Int64s
    score: Floats
    weight: Floats
    probability: Floats


def link_table(
    plan: Plan,
    cluster: Int64s,
    members: Int64s,
    offsets: Int64s,
    given: Mapping[int, int],
) -> pd.DataFrame:
    """Return the links: one row a linked record, sorted by link id.

    A link's id is made of its pseudonyms and of a salt of the run (:func:`_salt`). Numbers in a row would tell each
    party, by their gaps, how many links the others have without it. A digest of the pseudonyms alone could be computed
    by two parties for a link that they share, and would tell them whether a third one has the person.

    Args:
        plan: the run.
        cluster: ``int64[records]``.
        members: ``int64[linked]``, the records that are linked.
        offsets: where each file's records begin.
        given: cluster -> link id that an earlier run gave out.
    """
    number, clusters = pd.factorize(cluster[members])
    party, pseudonym = _names(plan, members, offsets)
    table = pd.DataFrame({"link_id": number, "party": party, "pseudonym": pseudonym})
    table = table.sort_values(["link_id", "pseudonym"], ignore_index=True)
    salted = hashlib.sha256(_salt(plan.files))
    digests = [salted.copy() for _ in clusters]
    for at, text in zip(table["link_id"], table["pseudonym"], strict=True):
        digests[at].update(bytes.fromhex(text))
    ids = np.array(
        _link_ids([digest.digest() for digest in digests], set(given.values())), np.int64
    )
    for place, name in enumerate(clusters):
        if int(name) in given:
            ids[place] = given[int(name)]
    table["link_id"] = ids[table["link_id"]]
    return table.sort_values(["link_id", "pseudonym"], ignore_index=True)


def _salt(files: Sequence[EncodedFile]) -> bytes:
    """Return 32 bytes that only who has all files of the run can compute; the same for the same files in any order.

    A party knows its own random pseudonyms, and those of others only if it is given their links. So parties that put
    together what they have still lack it, as long as a file of another party is in the run. It is written nowhere.
    """
    digests = sorted(hashlib.sha256(file.pseudonyms.tobytes()).digest() for file in files)
    return hashlib.sha256(_ID_DOMAIN + b"".join(digests)).digest()


def _link_ids(digests: Sequence[bytes], used: Collection[int] = ()) -> list[int]:
    """Return a number of at most fifteen digits for each digest, all different, none 0 and none of those in use.

    Fifteen digits, because spreadsheets round longer numbers and would make one link of two. Where two digests
    give one number, the later one is hashed on.
    """
    found: dict[int, None] = dict.fromkeys([0, *sorted(used)])
    before = len(found)
    for digest in digests:
        number, rest = 0, digest
        while number in found:
            number = int.from_bytes(rest, "big") % 10**15
            rest = hashlib.sha256(rest).digest()
        found[number] = None
    return list(found)[before:]


def pair_table(
    plan: Plan, found: WeighedPairs, chosen: npt.NDArray[np.bool_], offsets: Int64s
) -> pd.DataFrame:
    """Return some of the pairs by party and pseudonym; weights to base 2."""
    party_a, pseudonym_a = _names(plan, found.left[chosen], offsets)
    party_b, pseudonym_b = _names(plan, found.right[chosen], offsets)
    return pd.DataFrame(
        {
            "party_a": party_a,
            "pseudonym_a": pseudonym_a,
            "party_b": party_b,
            "pseudonym_b": pseudonym_b,
            "score": found.score[chosen],
            "weight": found.weight[chosen] / np.log(2),
            "probability": found.probability[chosen],
        }
    )


def join_earlier(
    earlier: Links, links: pd.DataFrame, pairs: pd.DataFrame, near: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return links, pairs and near pairs together with those of an earlier run.

    A link of the earlier run that got no new member stands as it was; one that did is in both and has one id.
    """
    every = pd.concat([earlier.links, links], ignore_index=True).drop_duplicates()
    every = every.sort_values(["link_id", "pseudonym"], ignore_index=True)
    return (
        every,
        pd.concat([earlier.pairs, pairs], ignore_index=True),
        pd.concat([earlier.near, near], ignore_index=True),
    )


def _names(
    plan: Plan, records: npt.NDArray[np.int64], offsets: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """Return the party and the pseudonym (text) of records numbered over all files."""
    which = np.searchsorted(offsets, records, side="right") - 1
    party = np.array([file.party for file in plan.files], object)[which]
    # A record of many pairs shares one text.
    distinct, place = np.unique(records, return_inverse=True)
    texts = np.empty(len(distinct), object)
    whose = np.searchsorted(offsets, distinct, side="right") - 1
    for number, file in enumerate(plan.files):
        here = whose == number
        texts[here] = pseudonym_text(file.pseudonyms[distinct[here] - offsets[number]])
    return party, texts[place]


def run_record(
    plan: Plan,
    counts: dict[str, Any],
    timings: dict[str, float],
    warnings: list[str],
    *,
    quality: Quality | None,
    curve: list[dict[str, float]],
    near: pd.DataFrame,
) -> dict[str, Any]:
    """Return the content of ``run.json`` (SPEC.md, section 8)."""
    return {
        "format": LINKS_FORMAT,
        "software": {
            "pprl-kit": VERSION,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "numba": numba.__version__,
            **({} if plan.engine is None else plan.engine.software()),
        },
        "agreement": plan.files[0].agreement.to_dict(),
        "agreement_fingerprint": plan.files[0].agreement.fingerprint(),
        "inputs": [
            {
                "party": file.party,
                "file": only_plain(file.source.replace("\\", "/").rsplit("/", 1)[-1]),
                "records": len(file),
                "rows_read": file.header.rows_read,
                "content_sha256": file.header.content_sha256,
                "software": file.header.software,
            }
            for file in plan.files
        ],
        "parameters": {
            "threshold": plan.asked,
            "blocking": ",".join(plan.passes),
            "assign": plan.assign,
            "lsh": _lsh(plan),
            "engine": "local" if plan.engine is None else plan.engine.name,
            "threads": numba.get_num_threads(),
            "extends": None if plan.earlier is None else list(plan.earlier.parties),
        },
        "threshold": {
            "value": plan.threshold,
            "method": plan.method,
            "floor": min([_lowest(plan), *near["score"].to_list()])
            if plan.method == "auto"
            else _lowest(plan),
            "basis": plan.basis,
            "household_similarity": _household(plan),
            "no_estimate": plan.no_estimate,
            "estimate": None
            if quality is None
            else {
                "matches": round(quality.matches, 1),
                "curve": curve,
                "quality": quality.to_dict(),
            },
            "by_files": _by_files(plan),
            "histogram": plan.comparison.histogram(),
        },
        "model": {**plan.comparison.describe(), "priors": prior_bits(plan)},
        "counts": counts,
        "timings_s": timings,
        "warnings": warnings,
    }


def _lsh(plan: Plan) -> dict[str, Any] | None:
    """Return the parameters of the LSH, if a pass is one."""
    for name, described in zip(plan.passes, plan.blocking, strict=True):
        if name == "lsh":
            return described
    return None


def _lowest(plan: Plan) -> float:
    """Return the least score of the near pairs."""
    if plan.profile == "fields":
        return min(round(float(1 / (1 + np.exp(NEAR))), 4), plan.threshold)
    if plan.method == "given":
        return max(plan.threshold - KEPT_BELOW, 0.001)
    scores = [plan.comparison.score_at(*pair, floor) for pair, floor in plan.floor.items()]
    return min(max(min(scores), 0.001), plan.threshold)


def _household(plan: Plan) -> float:
    comparison = plan.comparison
    return round(comparison.household, 4) if isinstance(comparison, RecordComparison) else 0.0


def _by_files(plan: Plan) -> list[dict[str, Any]]:
    """Return how many matches are expected between every two files."""
    if plan.same:
        return []
    return [
        {
            "party_a": plan.files[a].party,
            "party_b": plan.files[b].party,
            "matches": round(matches[0], 1),
            "basis": plan.basis,
        }
        for (a, b), matches in plan.matches.items()
    ]
