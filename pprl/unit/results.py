"""From accepted pairs to the tables and the run record of a links folder."""

from __future__ import annotations

import platform
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
    """Return the links: one row a record of an accepted pair, link ids from 1 in the order of the records."""
    members = np.union1d(left, right)
    first_seen = pd.factorize(cluster[members])[0]
    party, pseudonym = _names(plan, members, offsets)
    table = pd.DataFrame(
        {"link_id": first_seen.astype(np.int64) + 1, "party": party, "pseudonym": pseudonym}
    )
    return table.sort_values("link_id", kind="stable", ignore_index=True)


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
    pseudonym = np.empty(len(records), object)
    for number, file in enumerate(plan.files):
        here = which == number
        pseudonym[here] = pseudonym_text(file.pseudonyms[records[here] - offsets[number]])
    return party, pseudonym


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
            "estimate": {"matches": round(estimate.matches, 1), "curve": estimate.curve()},
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
