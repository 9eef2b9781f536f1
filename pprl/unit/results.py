"""From accepted pairs to the tables and the run record of a links folder."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.exchange.encoded import pseudonym_text
from pprl.exchange.links import LINKS_FORMAT
from pprl.unit.plan import Plan
from pprl.version import VERSION

__all__ = ["link_table", "pair_table", "run_record"]


def link_table(
    plan: Plan,
    cluster: npt.NDArray[np.int64],
    left: npt.NDArray[np.int64],
    right: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
) -> pd.DataFrame:
    """Return the links: one row a record of an accepted pair, sorted by link id.

    A link's id is made of all its pseudonyms. Numbers in a row would tell each party, by their gaps, how many links
    the others have without it.
    """
    members = np.union1d(left, right)
    number, clusters = pd.factorize(cluster[members])
    party, pseudonym = _names(plan, members, offsets)
    table = pd.DataFrame({"link_id": number, "party": party, "pseudonym": pseudonym})
    table = table.sort_values(["link_id", "pseudonym"], ignore_index=True)
    digests = [hashlib.sha256() for _ in clusters]
    for at, text in zip(table["link_id"], table["pseudonym"], strict=True):
        digests[at].update(bytes.fromhex(text))
    ids = np.array(_link_ids([digest.digest() for digest in digests]), np.int64)
    table["link_id"] = ids[table["link_id"]]
    return table.sort_values(["link_id", "pseudonym"], ignore_index=True)


def _link_ids(digests: Sequence[bytes]) -> list[int]:
    """Return a number of at most fifteen digits for each digest, all different and none 0.

    Fifteen digits, because spreadsheets round longer numbers and would make one link of two. Where two digests
    give one number, the later one is hashed on.
    """
    found: dict[int, None] = {0: None}
    for digest in digests:
        number, rest = 0, digest
        while number in found:
            number = int.from_bytes(rest, "big") % 10**15
            rest = hashlib.sha256(rest).digest()
        found[number] = None
    return list(found)[1:]


def pair_table(
    plan: Plan,
    left: npt.NDArray[np.int64],
    right: npt.NDArray[np.int64],
    score: npt.NDArray[np.float64],
    offsets: npt.NDArray[np.int64],
) -> pd.DataFrame:
    """Return scored pairs by party and pseudonym."""
    party_a, pseudonym_a = _names(plan, left, offsets)
    party_b, pseudonym_b = _names(plan, right, offsets)
    return pd.DataFrame(
        {
            "party_a": party_a,
            "pseudonym_a": pseudonym_a,
            "party_b": party_b,
            "pseudonym_b": pseudonym_b,
            "score": score,
        }
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
    plan: Plan, counts: dict[str, Any], timings: dict[str, float], warnings: list[str]
) -> dict[str, Any]:
    """Return the content of ``run.json`` (SPEC.md, section 8)."""
    estimate = plan.estimate
    return {
        "format": LINKS_FORMAT,
        "software": {
            "pprl-kit": VERSION,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "numba": numba.__version__,
        },
        "agreement": plan.files[0].agreement.to_dict(),
        "agreement_fingerprint": plan.files[0].agreement.fingerprint(),
        "inputs": [
            {
                "party": file.party,
                "file": file.source.replace("\\", "/").rsplit("/", 1)[-1],
                "records": len(file),
                "rows_read": file.header.rows_read,
                "content_sha256": file.header.content_sha256,
                "software": file.header.software,
            }
            for file in plan.files
        ],
        "parameters": {
            "threshold": plan.asked,
            "blocking": plan.blocking_name,
            "assign": plan.assign,
            "lsh": plan.blocking.describe() or None,
            "threads": numba.get_num_threads(),
        },
        "threshold": {
            "value": plan.threshold,
            "method": plan.method,
            "floor": plan.floor,
            "basis": estimate.basis if plan.method == "auto" else "given",
            "household_dice": round(plan.household, 4),
            "no_estimate": plan.no_estimate,
            "estimate": _estimate(plan),
            "by_files": _by_files(plan),
            "histogram": {
                "bins": 100,
                "best": [int(n) for n in estimate.best],
                "chance": [round(float(n), 2) for n in estimate.chance],
            },
        },
        "counts": counts,
        "timings_s": timings,
        "warnings": warnings,
    }


def _estimate(plan: Plan) -> dict[str, Any] | None:
    if plan.no_estimate:
        return None
    every_pair = plan.assign == "many-to-many"
    return {
        "matches": round(plan.estimate.matches, 1),
        "curve": plan.estimate.curve(plan.threshold, every_pair=every_pair),
    }


def _by_files(plan: Plan) -> list[dict[str, Any]]:
    """Return what the threshold is expected to give between every two files."""
    if plan.same:
        return []
    rows = []
    parts = plan.estimate.parts or (plan.estimate,)
    for (left, right), part in zip(combinations(plan.files, 2), parts, strict=True):
        links, false = part.at(plan.threshold)
        rows.append(
            {
                "party_a": left.party,
                "party_b": right.party,
                "links": round(links, 1),
                "expected_false": round(false, 2),
                "matches": round(part.matches, 1),
                "basis": part.basis,
            }
        )
    return rows
