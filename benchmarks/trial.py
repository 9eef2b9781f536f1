"""One linkage whose truth is known: encode with a new key, match, and measure the links against the truth."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

import pprl

__all__ = ["Trial", "best_f1", "link", "measures", "pairs_f1"]

ESTIMATES = ("precision", "precision_low", "precision_high", "recall", "recall_low", "recall_high")


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Links and what is known about them.

    Attributes:
        links: what `pprl.match` returned.
        person: pseudonym -> person.
        matches: true pairs that there are to find.
        seconds: for encoding and matching.
    """

    links: pprl.Links
    person: dict[str, str]
    matches: int
    seconds: float


def link(
    frames: Sequence[pd.DataFrame],
    agreement: pprl.Agreement,
    *,
    options: pprl.MatchOptions | None = None,
    key: pprl.Key | None = None,
) -> Trial:
    """Encode the files (`rec_id`, `person` and the agreement's fields) and match them; one file: its duplicates."""
    key = key or pprl.Key.generate()
    started = time.perf_counter()
    made = [
        pprl.encode(
            frame,
            agreement,
            key,
            party="abcdefgh"[number],
            id_column="rec_id",
            unreadable="missing",
        )
        for number, frame in enumerate(frames)
    ]
    links = pprl.match([encoding.encoded for encoding in made], options or pprl.MatchOptions())
    seconds = time.perf_counter() - started
    person: dict[str, str] = {}
    for encoding, frame in zip(made, frames, strict=True):
        of = dict(zip(frame["rec_id"], frame["person"], strict=True))
        ids = encoding.id_map
        person |= {p: of[i] for p, i in zip(ids["pseudonym"], ids["id"], strict=True)}
    if len(frames) == 1:
        matches = _inside(frames[0].groupby("person").size())
    else:
        one, other = frames
        matches = len(set(one["person"]) & set(other["person"]))
    return Trial(links=links, person=person, matches=matches, seconds=seconds)


def _inside(sizes: Any) -> int:
    """Return the pairs inside groups of these sizes."""
    counts = np.asarray(sizes, np.int64)
    return int((counts * (counts - 1) // 2).sum())


def _right(trial: Trial, pairs: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which pairs are of one person."""
    one, other = (pairs[f"pseudonym_{side}"].map(trial.person) for side in "ab")
    return (one == other).to_numpy(bool)


def _ranked(trial: Trial) -> pd.DataFrame:
    pairs = pd.concat([trial.links.pairs, trial.links.near], ignore_index=True)
    by = ["score", "weight"]
    return pairs.sort_values(by, ascending=False, kind="stable", ignore_index=True)


def best_f1(trial: Trial) -> float:
    """Return the best F1 of any threshold at or above the floor, greedy one-to-one by score."""
    pairs = _ranked(trial)
    used: set[str] = set()
    true = made = 0
    best = 0.0
    rows = zip(pairs["pseudonym_a"], pairs["pseudonym_b"], _right(trial, pairs), strict=True)
    for a, b, match in rows:
        if a in used or b in used:
            continue
        used |= {a, b}
        made += 1
        true += bool(match)
        best = max(best, 2 * true / (made + trial.matches))
    return best


def pairs_f1(trial: Trial) -> tuple[float, dict[str, float]]:
    """Return the best F1 of any threshold on pairs, and the figures of all pairs at the automatic one."""
    pairs = _ranked(trial)
    true = np.cumsum(_right(trial, pairs))
    made = np.arange(1, len(pairs) + 1)
    over = int((pairs["score"] >= trial.links.threshold).sum())
    best = float((2 * true / (made + trial.matches)).max(initial=0.0))
    return best, _figures(int(true[over - 1]) if over else 0, over, trial.matches)


def _figures(true: int, made: int, matches: int) -> dict[str, float]:
    return {
        "precision": true / made if made else 1.0,
        "recall": true / matches if matches else 1.0,
        "f1": 2 * true / (made + matches) if made + matches else 1.0,
    }


def measures(trial: Trial) -> dict[str, float]:
    """Return the figures of the final links (pairs of records with one link id), and what the run said of itself."""
    links = trial.links.links.assign(person=trial.links.links["pseudonym"].map(trial.person))
    true = _inside(links.groupby(["link_id", "person"]).size())
    made = _inside(links.groupby("link_id").size())
    expected = trial.links.expected_quality
    told = {name: getattr(expected, name) for name in ESTIMATES} if expected else {}
    return {
        "threshold": trial.links.threshold,
        **_figures(true, made, trial.matches),
        "links": made,
        "matches": trial.matches,
        "seconds": trial.seconds,
        **{f"estimated_{name}": value for name, value in told.items()},
    }
