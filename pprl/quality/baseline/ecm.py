"""recordlinkage's ECM classifier, for comparisons that may be missing, and with its warnings collected.

The classifier fits the Fellegi-Sunter model by expectation conditional maximisation, without training data. It
knows two levels, agree and disagree; here a third one, missing, is fitted too and then made to weigh nothing.
"""

from __future__ import annotations

import logging
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["AGREE", "DISAGREE", "MISSING", "EcmFit", "match_probabilities", "quiet"]

DISAGREE, AGREE, MISSING = 0, 1, 2

_MAX_ITERATIONS = 500
"""Iterations at most. Chosen: five times recordlinkage's default of 100; the report notes a fit that needs more."""

_TOLERANCE = 1e-5
"""Change of a probability below which the fit has converged. Chosen: recordlinkage's default is 1e-4."""

_LEVELS = 3

_FLOOR = float(np.log(1e-9))
"""Least logarithm of a probability. Chosen: a level that a class never shows in up to :data:`MAX_PAIRS` pairs has a
smaller probability than 1 in 2 million, and any floor well below that decides alike."""

_START = {DISAGREE: (0.85, 0.1), AGREE: (0.1, 0.85), MISSING: (0.05, 0.05)}
"""Where the fit begins: each level's probability among non-matches and among matches. recordlinkage begins, after Jaro
(1989), with 0.9 and 0.1; here 0.05 of the 0.9 goes to missing, the same in both classes, so that it weighs nothing.
Chosen; ECM moves away from it, and the start mainly decides which of the two classes holds the matches."""

_START_SHARES = (0.9, 0.1)
"""Shares of non-matches and matches that the fit begins with, as in recordlinkage."""


@dataclass(frozen=True, kw_only=True)
class EcmFit:
    """The fitted model's answer.

    Attributes:
        probabilities: shape (n,), each pair's probability of being a match; 0 if the model failed.
        notes: what went wrong, if anything.
    """

    probabilities: npt.NDArray[np.float64]
    notes: tuple[str, ...]


def match_probabilities(levels: pd.DataFrame) -> EcmFit:
    """Fit the model to the pairs and return each pair's probability of being a match.

    Args:
        levels: one row per pair, one column per feature; each value is one of :data:`DISAGREE`, :data:`AGREE`,
            :data:`MISSING`.
    """
    import recordlinkage

    informative = [name for name in levels.columns if levels[name].isin([DISAGREE, AGREE]).any()]
    kept = levels[informative]
    notes = []
    if len(informative) < levels.shape[1]:
        notes.append("Fields that are empty in all candidate pairs were left out of the baseline.")
    if not informative:
        return EcmFit(probabilities=np.zeros(len(levels)), notes=tuple(notes))
    classifier = recordlinkage.ECMClassifier(max_iter=_MAX_ITERATIONS)
    classifier.classifier = _kernel()
    with np.errstate(divide="ignore", invalid="ignore"):
        classifier.fit(kept)
    kernel = classifier.classifier
    iterations = len(kernel._logging_class_log_prior) - 1
    if iterations >= _MAX_ITERATIONS:
        notes.append(f"The ECM algorithm did not converge within {_MAX_ITERATIONS} iterations.")
    _neutral_missing(kernel)
    if not np.isfinite(kernel.class_log_prior_).all():
        notes.append("The ECM algorithm failed: it found one class of pairs only.")
        return EcmFit(probabilities=np.zeros(len(levels)), notes=tuple(notes))
    if _agreement_weight(kernel) <= 0:
        notes.append("The ECM algorithm did not tell matches from non-matches.")
    # The same few patterns of agreement recur, so the model is asked only once for each.
    code = (kept.to_numpy(np.int64) * _LEVELS ** np.arange(len(informative))).sum(axis=1)
    _, first, back = np.unique(code, return_index=True, return_inverse=True)
    answer = classifier.prob(kept.iloc[first]).to_numpy(float)
    return EcmFit(probabilities=np.nan_to_num(answer)[back], notes=tuple(notes))


def _kernel() -> Any:
    from recordlinkage.algorithms.nb_sklearn import ECM

    class MissingAware(ECM):  # type: ignore[misc]  # recordlinkage is not typed
        """ECM that starts from Jaro's values and, for a missing comparison, from a weight of zero."""

        feature_log_prob_: Any

        def _joint_log_likelihood(self, levels: Any) -> Any:
            # A level that a class never shows has log-probability -inf, and 0 times that is NaN.
            self.feature_log_prob_ = np.maximum(self.feature_log_prob_, _FLOOR)
            return super()._joint_log_likelihood(levels)

        def _init_parameters_jaro(self, _: Any) -> tuple[Any, Any]:
            columns = [_START[int(level)] for item in self._binarizers for level in item.classes_]
            return np.log(_START_SHARES), np.log(columns).T

    return MissingAware(init="jaro", max_iter=_MAX_ITERATIONS, binarize=None, atol=_TOLERANCE)


def _columns(kernel: Any) -> Iterator[tuple[int, dict[int, int]]]:
    """Yield, for each feature, its number and the column of each of its levels among the parameters."""
    at = 0
    for feature, item in enumerate(kernel._binarizers):
        yield feature, {int(level): at + i for i, level in enumerate(item.classes_)}
        at += len(item.classes_)


def _neutral_missing(kernel: Any) -> None:
    """Turn P(level | class) into P(level | class, not missing), so that a missing comparison weighs nothing."""
    log_prob = np.maximum(kernel.feature_log_prob_, _FLOOR)
    for _, columns in _columns(kernel):
        seen = [at for level, at in columns.items() if level != MISSING]
        log_prob[:, seen] -= np.logaddexp.reduce(log_prob[:, seen], axis=1, keepdims=True)
        if MISSING in columns:
            log_prob[:, columns[MISSING]] = 0.0
    kernel.feature_log_prob_ = log_prob


def _agreement_weight(kernel: Any) -> float:
    """Return the sum over all features of log(m/u) of an agreement; above 0 if class 1 holds the matches."""
    log_prob = kernel.feature_log_prob_
    agree = [columns[AGREE] for _, columns in _columns(kernel) if AGREE in columns]
    return float((log_prob[1, agree] - log_prob[0, agree]).sum())


@contextmanager
def quiet() -> Iterator[list[str]]:
    """Collect the tools' warnings instead of printing them; the list is filled when the block ends.

    Each text names the kind and the place of a warning, but not its words, which may quote a value.
    """
    told: list[str] = []
    root = logging.getLogger()
    handler = _Counting()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        root.addHandler(handler)
        try:
            yield told
        finally:
            root.removeHandler(handler)
    places = Counter(f"{item.category.__name__} in {Path(item.filename).name}" for item in caught)
    places.update(handler.places)
    told += [
        f"The baseline's tools warned: {place} ({count} times)."
        for place, count in sorted(places.items())
    ]


class _Counting(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.places: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep where the warning came from."""
        self.places.append(f"a log warning in {record.module}")
