"""The clear-text baseline: what a textbook linkage reaches on the plain files, to compare the run with.

**Plain files of both parties meet here.** That is what the rest of this project exists to avoid. It is allowed only for
test data, or if there is a legal basis for bringing the files together.

The method is the textbook one: candidate pairs from several blocking passes, string comparators (Winkler 1990),
agreement at fixed thresholds, the Fellegi-Sunter model fitted by ECM, one-to-one by descending probability. The tool is
recordlinkage (de Bruin). A comparison with a missing value weighs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pprl.base.errors import DataError, UsageError
from pprl.exchange.agreement.model import Agreement
from pprl.quality.baseline.candidates import Candidates, find_candidates
from pprl.quality.baseline.ecm import AGREE, DISAGREE, MISSING, match_probabilities, quiet
from pprl.quality.baseline.plain import DATE_PARTS, tidy
from pprl.quality.metrics import MatchQuality, count_pairs, measure

__all__ = ["BASELINE_NOTICE", "Baseline", "run_baseline"]

BASELINE_NOTICE = (
    "the baseline brings the plain files of both parties together on this machine; that is allowed "
    "only for test data, or where there is a legal basis for it"
)

IntArray = npt.NDArray[np.int64]

_CHUNK = 100_000
"""Distinct pairs of values compared at a time. Chosen; it decides only memory and how often progress is reported."""

_PROBABILITY = 0.5
"""Match probability from which a pair is linked: a match is as likely as not."""

_COMPARATORS: Mapping[str, tuple[str, float]] = {
    "given-name": ("jarowinkler", 0.88),
    "surname": ("jarowinkler", 0.88),
    "full-name": ("jarowinkler", 0.88),
    "address": ("jarowinkler", 0.88),
    "locality": ("jarowinkler", 0.90),
    "email": ("jarowinkler", 0.92),
    "postcode": ("damerau_levenshtein", 0.75),
    "phone": ("damerau_levenshtein", 0.85),
    "identifier": ("damerau_levenshtein", 0.85),
}
"""Field type -> recordlinkage's string method, and the similarity from which two values agree. Chosen, and not tuned on
any data: at these values a name of five letters or more, a postcode or a number may differ in about one character. ECM
learns how often matches and non-matches agree, so a somewhat different value shifts both rates together."""


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """The result of the clear-text linkage.

    Attributes:
        quality: of its pairs across the two files, by the same truth as the run's.
        candidate_pairs: pairs compared.
        candidate_recall: share of the true pairs that are among the candidates; None without true pairs.
        passes: the blocking passes used.
        notes: what a reader must know, including warnings of the tools.
    """

    quality: MatchQuality
    candidate_pairs: int
    candidate_recall: float | None
    passes: tuple[str, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return {
            "method": "recordlinkage: blocked comparison, ECM classifier",
            "notice": BASELINE_NOTICE,
            "quality": asdict(self.quality),
            "candidate_pairs": self.candidate_pairs,
            "candidate_recall": self.candidate_recall,
            "passes": list(self.passes),
        }


def run_baseline(
    frames: Mapping[str, pd.DataFrame],
    agreement: Agreement,
    truth: pd.DataFrame,
    *,
    assign: str = "one-to-one",
    progress: Callable[[float], None] | None = None,
) -> Baseline:
    """Link two plain files by a standard method and judge the links.

    Plain files of both parties meet here; see the module docstring.

    Args:
        frames: party -> its records: the column ``id`` and one column per field of the agreement, as text, dates as
            ``YYYY-MM-DD`` (:func:`pprl.quality.baseline.plain.read_plain` makes such a frame). Exactly two parties, in
            the run's order.
        agreement: names the fields and their types.
        truth: columns ``party``, ``id``, ``person``.
        assign: ``one-to-one``, ``one-to-many`` (each record of the second file is linked once at most) or
            ``many-to-many``.
        progress: called with the share of the comparisons that is done, 0 to 1.

    Raises:
        UsageError: not exactly two parties.
        DataError: a missing column, or no blocking that leaves few enough candidate pairs.
    """
    if len(frames) != 2:
        raise UsageError(
            f"the baseline links exactly two parties, not {len(frames)}",
            hint="Leave --baseline out, or evaluate a run of two of the parties.",
        )
    kinds = {item.name: item.type for item in agreement.field}
    left, right = (_prepare(frame, kinds, party) for party, frame in frames.items())
    persons = [_persons(frame, party, truth) for party, frame in frames.items()]
    with quiet() as heard:
        candidates = find_candidates(left, right, kinds)
        levels = _compare(left, right, kinds, candidates.left, candidates.right, progress)
        fit = match_probabilities(levels)
        chosen = _assign(candidates.left, candidates.right, fit.probabilities, assign)
    quality = _judge(
        persons, candidates.left[chosen], candidates.right[chosen], truth, list(frames)
    )
    reach = _judge(persons, candidates.left, candidates.right, truth, list(frames))
    return Baseline(
        quality=quality,
        candidate_pairs=len(levels),
        candidate_recall=reach.recall.value,
        passes=candidates.used,
        notes=(*_notes(candidates, assign), *fit.notes, *heard),
    )


def _notes(candidates: Candidates, assign: str) -> Iterator[str]:
    yield (
        f"Clear-text baseline: recordlinkage's comparators and ECM classifier on {len(candidates.left):,} candidate "
        f"pairs, blocked by {'; '.join(candidates.used)}; linked from a match probability of "
        f"{_PROBABILITY} upwards, {assign}. It is a common way to link, not the best possible one, and differs from "
        "the run in threshold, blocking and method as well as in seeing clear text: the difference does not "
        "measure the cost of encoding alone."
    )
    yield (
        "For the baseline, plain files of both parties were brought together. That is allowed only for test "
        "data, or where there is a legal basis for it."
    )
    if candidates.skipped:
        yield f"Blocking passes left out as too large: {'; '.join(candidates.skipped)}."
    if assign == "many-to-many":
        yield "Baseline and run are compared on pairs across the two files only."


def _prepare(frame: pd.DataFrame, kinds: Mapping[str, str], party: str) -> pd.DataFrame:
    columns: dict[str, pd.Series[Any]] = {}
    for name, kind in kinds.items():
        if name not in frame.columns:
            raise DataError(
                f"the plain records of {party!r} have no field {name!r}",
                hint="Map it with --columns PARTY=FILE.toml.",
            )
        values = tidy(frame[name].fillna("").astype(str).reset_index(drop=True), kind)
        if kind == "date":
            parts = values.str.split("-", expand=True).reindex(columns=range(3))
            for position, part in enumerate(DATE_PARTS):
                piece = parts[position].astype(object)
                unknown = piece.isna() | piece.isin(["00", "0000"])
                columns[f"{name}.{part}"] = piece.mask(unknown, None)
        columns[name] = values
    return pd.DataFrame(columns, dtype=object)


def _persons(frame: pd.DataFrame, party: str, truth: pd.DataFrame) -> IntArray:
    """Return the number of each record's person in the truth; -1 where the truth lacks the record."""
    codes, _ = pd.factorize(truth["person"])
    own = (truth["party"] == party).to_numpy()
    at = pd.Index(truth.loc[own, "id"].astype(str)).get_indexer(pd.Index(frame["id"].astype(str)))
    if (at < 0).all():
        raise DataError(
            f"no id in the plain file of {party!r} is in the truth",
            hint="Name the column that holds the ids with --id PARTY=COLUMN, and check the order of the files.",
        )
    found: IntArray = np.where(at >= 0, codes[own][at], -1).astype(np.int64)
    return found


def _compare(
    left: pd.DataFrame,
    right: pd.DataFrame,
    kinds: Mapping[str, str],
    at_left: IntArray,
    at_right: IntArray,
    progress: Callable[[float], None] | None,
) -> pd.DataFrame:
    """Return levels of agreement, one row per pair and one column per feature."""
    features: list[tuple[str, str]] = []
    # The model treats fields as independent. Address, postcode and locality say the same thing, and a household
    # shares them all: with two of them, ECM's two classes become households and strangers. The others only block.
    place = next(
        (kind for kind in ("address", "postcode", "locality") if kind in kinds.values()), ""
    )
    for name, kind in kinds.items():
        if kind in ("address", "postcode", "locality") and kind != place:
            continue
        parts = [f"{name}.{part}" for part in DATE_PARTS] if kind == "date" else [name]
        features += [(part, kind) for part in parts]
    levels = {}
    for done, (column, kind) in enumerate(features):

        def tell(share: float, done: int = done) -> None:
            if progress is not None:
                progress((done + share) / len(features))

        levels[column] = _levels(left[column], right[column], kind, at_left, at_right, tell)
    return pd.DataFrame(levels)


def _levels(
    left: pd.Series[Any],
    right: pd.Series[Any],
    kind: str,
    at_left: IntArray,
    at_right: IntArray,
    tell: Callable[[float], None],
) -> npt.NDArray[np.int8]:
    """Compare one field over all pairs; every two distinct values are compared once."""
    from recordlinkage.compare import Exact, String

    codes_left, values_left = pd.factorize(left)
    codes_right, values_right = pd.factorize(right)
    a, b = codes_left[at_left], codes_right[at_right]
    level = np.full(len(a), MISSING, dtype=np.int8)
    present = (a >= 0) & (b >= 0)
    combined = a[present].astype(np.int64) * max(1, len(values_right)) + b[present]
    distinct, back = np.unique(combined, return_inverse=True)
    method = _COMPARATORS.get(kind)
    feature = (
        String("value", "value", method=method[0], threshold=method[1])
        if method
        else Exact("value", "value", agree_value=1.0, disagree_value=0.0)
    )
    frames = [pd.DataFrame({"value": values}) for values in (values_left, values_right)]
    agreed = np.zeros(len(distinct), dtype=bool)
    for start in range(0, len(distinct), _CHUNK):
        part = distinct[start : start + _CHUNK]
        pairs = pd.MultiIndex.from_arrays([part // len(values_right), part % len(values_right)])
        agreed[start : start + len(part)] = np.asarray(feature.compute(pairs, *frames)) >= 1
        tell((start + len(part)) / len(distinct))
    level[present] = np.where(agreed[back], AGREE, DISAGREE)
    tell(1.0)
    return level


def _assign(
    left: IntArray, right: IntArray, probabilities: npt.NDArray[np.float64], assign: str
) -> npt.NDArray[np.intp]:
    """Return the positions of the linked pairs."""
    from recordlinkage.network import OneToManyLinking, OneToOneLinking

    order = np.lexsort((right, left, -probabilities))
    order = order[probabilities[order] >= _PROBABILITY]
    if assign == "many-to-many" or not len(order):
        return order
    pairs = pd.MultiIndex.from_arrays([left[order], right[order]])
    rule = OneToOneLinking() if assign == "one-to-one" else OneToManyLinking(level=1)
    kept = rule.compute(pairs)
    return order[pairs.isin(kept)]


def _judge(
    persons: list[IntArray],
    left: IntArray,
    right: IntArray,
    truth: pd.DataFrame,
    parties: list[str],
) -> MatchQuality:
    a, b = persons[0][left], persons[1][right]
    judged = (a >= 0) & (b >= 0)
    own = truth[truth["party"].isin(parties)]
    codes, _ = pd.factorize(own["person"])
    sides, _ = pd.factorize(own["party"])
    return measure(
        true_positives=int((a == b)[judged].sum()),
        found_pairs=int(judged.sum()),
        true_pairs=count_pairs(codes.astype(np.int64), sides.astype(np.int64), within=False),
    )
