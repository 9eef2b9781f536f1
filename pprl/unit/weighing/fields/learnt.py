"""The weights of pairs in the profile ``fields``: fitted to the files at hand, without truth and without a key.

Inside a file nobody should be there twice, so its pairs show how different people come to look alike; the classes of
such pairs are fitted there first. Across the files the same classes hold, in other proportions, and the matches
besides. With one file (duplicates are looked for) both are fitted at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType

import numpy as np
from scipy.special import logsumexp

from pprl.base.arrays import Bytes, Floats, Int64s
from pprl.exchange.encoded.file import EncodedFile
from pprl.unit.blocking.sampling import TINY, Scans, sample_rows
from pprl.unit.weighing.fields.classes import Classes, draft_classes
from pprl.unit.weighing.fields.levels import (
    DIFFERENT,
    EXACT,
    Columns,
    columns,
    level_count,
    level_rows,
    pair_levels,
)
from pprl.unit.weighing.fields.mixture import ITERATIONS, Fit, fit, posterior
from pprl.unit.weighing.fields.patterns import Patterns, count_patterns, join_patterns
from pprl.unit.weighing.fields.search.scan import Bound
from pprl.unit.weighing.fields.values import FieldValues, field_values
from pprl.unit.weighing.model import FIRST_MATCHES, REPEATED

__all__ = ["LearntFields", "fit_fields"]

_WORK = 100_000_000
"""Pairs of records that one count of patterns may take. Chosen; how sensitive the results are was not measured."""

_STRANGERS = 3000
"""Values of a field that are compared with all others to find how often strangers have similar values. Chosen; how
sensitive the results are was not measured."""

_NONE = 1e-9
"""What remains of the matches' share if their class holds no matches (:meth:`Classes.tells_matches`). Chosen; not
sensitive: practically nothing."""

_REPEATS_FIRST = 1e-4
"""Share of the pairs inside a file that are of one person, to start with: not less than the other classes have, or
one of them would take exact copies. Chosen; not sensitive beyond that."""

_FEWEST_COPIES = 0.5
"""Copies in a file, at least, that are reckoned with when two of its records want one partner. Chosen; not sensitive:
half a record."""

_OTHERS_FIRST = 1e-4
"""Share of the pairs that each class of different people but the strangers has, to start with. Chosen; EM moves it."""

_CHANCE: Mapping[str, float] = MappingProxyType({"sex": 0.5})
_CHANCE_ELSE = 0.01
"""How often two people have equal values in a field, and how often similar ones, where files are too small to show.
Chosen; how sensitive the results are was not measured."""

_HELD = 50.0
"""Pairs that the prior for what a class does not share is worth at least, across the files. Chosen; how sensitive the
results are was not measured."""

_TINY = 1e-9
"""Keeps logarithms and quotients finite. Chosen; not sensitive."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LearntFields:
    """What the unit has learnt about the fields of some files.

    Attributes:
        fields: the fields' values.
        table: the same fields, side by side.
        classes: m- and u-probabilities, class by class.
        shares: for each pair of files, ``float64[classes]``.
        matches: for each pair of files, the number of matches that the mixture sees.
        across: for each pair of files, the patterns that were counted.
        repeats: for each file, share of its records that have another record of the same person in it.
        inside: the classes and their shares among the pairs inside the files, those of one person included.
        rare: ``float64[values]``: what agreeing exactly on a value adds beyond its band, natural logarithm.
        converged: False when the EM ran out of iterations.
        iterations: number of iterations, over all steps.
        tiny: True when the files are too small to learn from: all values are then customary ones.
    """

    fields: tuple[FieldValues, ...]
    table: Columns
    classes: Classes
    shares: Mapping[tuple[int, int], Floats]
    matches: Mapping[tuple[int, int], float]
    across: Mapping[tuple[int, int], Patterns]
    repeats: tuple[float, ...]
    inside: tuple[Classes, Floats]
    rare: Floats
    converged: bool
    iterations: int
    tiny: bool

    def bound(self) -> Bound:
        """Return what a pair can weigh at most, field by field."""
        match = self.classes.match
        made = np.zeros((len(self.fields), max(level_count(field) for field in self.fields)))
        for f, table in enumerate(self.classes.log_tables()):
            log_ratio = table[:, match].max(axis=1) - table[:, 0]
            made[f, : len(log_ratio)] = log_ratio
            made[f, 0] = 0.0
        return Bound(level=made.astype(np.float32), rare=self.rare.astype(np.float32))

    def log_ratios(self, a: int, b: int, left: Int64s, right: Int64s) -> Floats:
        """Return the log ratios of pairs of records of files `a` and `b`: ``float64[pairs]``, natural logarithm.

        The logarithm of how much likelier the levels of the pair are for one person than for two.
        """
        made = np.empty(len(left))
        for start in range(0, len(left), 1 << 18):
            part = slice(start, start + (1 << 18))
            one, other, _ = self._joint(a, b, left[part], right[part])
            made[part] = logsumexp(one, axis=1) - logsumexp(other, axis=1)
        return made

    def copies(self, file: int, one: Int64s, other: Int64s) -> Floats:
        """Return the log-odds that two records of one file are one person: ``float64[pairs]``, natural logarithm."""
        classes, share = self.inside
        match = classes.match
        found = self.repeats[file] if self.repeats else 0.0
        size = self.table.ids[file].shape[1]
        prior = max(found, _FEWEST_COPIES / size) / max(size - 1, 1)
        levels = pair_levels(self.table, file, file, one, other)
        joint = classes.log_likelihood(levels)
        joint[:, ~match] -= self._rare_of(file, one, levels) @ classes.by_chance[~match].T.astype(
            float
        )
        with np.errstate(divide="ignore"):
            joint += np.log(np.where(match, share / max(share[match].sum(), 1e-300), share))
        same, different = logsumexp(joint[:, match], axis=1), logsumexp(joint[:, ~match], axis=1)
        return np.asarray(same - different + np.log(prior))

    def unlisted(self, a: int, b: int, floor: float) -> float:
        """Return how many matches are expected to have a bound below `floor`."""
        patterns, bound = self.across[a, b], self.bound()
        probability, _ = posterior(self.classes.log_likelihood(patterns.levels), self.shares[a, b])
        matches = probability[:, self.classes.match].sum(axis=1) * patterns.count
        reached = np.zeros(len(matches))
        for f in range(len(self.fields)):
            reached += bound.level[f, patterns.levels[:, f]]
        total = max(float(matches.sum()), 1e-300)
        return self.matches[a, b] * float(matches[reached < floor].sum()) / total

    def prior(self, a: int, b: int) -> float:
        """Return the log-odds that a random pair of records of two files is a match."""
        share = self.shares[a, b][self.classes.match].sum()
        return float(np.log(max(share, 1e-300)) - np.log1p(-min(share, 1 - 1e-12)))

    def _rare_of(self, a: int, left: Int64s, levels: Bytes) -> Floats:
        made = np.zeros(levels.shape)
        for f in range(levels.shape[1]):
            exact = levels[:, f] >= EXACT
            made[exact, f] = self.rare[self.table.ids[a][f, left[exact]]]
        return made

    def _joint(self, a: int, b: int, left: Int64s, right: Int64s) -> tuple[Floats, Floats, Bytes]:
        """Return the log joint of levels and class, for the match classes and the others, each given its side."""
        levels = pair_levels(self.table, a, b, left, right)
        rare = self._rare_of(a, left, levels)
        match = self.classes.match
        joint = self.classes.log_likelihood(levels)
        joint[:, ~match] -= rare @ self.classes.by_chance[~match].T.astype(np.float64)
        share = self.shares[a, b]
        with np.errstate(divide="ignore"):
            one = joint[:, match] + np.log(share[match] / max(share[match].sum(), 1e-300))
            other = joint[:, ~match] + np.log(share[~match] / share[~match].sum())
        return one, other, levels


@dataclass
class _Effort:
    """What the EM took, over all steps."""

    iterations: int = 0
    converged: bool = True

    def add(self, found: Fit) -> None:
        self.iterations += found.iterations
        self.converged &= found.converged


def fit_fields(
    files: Sequence[EncodedFile], *, sample: int, progress: Callable[[float], None] | None = None
) -> LearntFields:
    """Estimate the weights from the files.

    1. Count how often two random people agree in each field: the class of strangers.
    2. Inside the files, fit the other classes of different people (:func:`_fit_inside`). One file alone, or files that
       are too small, skip this step.
    3. Across the files, fit the matches, starting from these classes (:func:`_fit_across`).
    4. For each pair of files, fit how frequent each class is (:func:`_shares_of_pair`).

    Args:
        files: encoded files of one agreement with the profile ``fields``.
        sample: at most this many records of a file have their pairs counted.
        progress: called with the share done.
    """
    fields = field_values(files)
    table = columns(fields)
    tiny = sum(len(file) * (len(file) - 1) // 2 for file in files) < TINY
    strangers = [
        _customary(field) if tiny else _strangers(field, table, f) for f, field in enumerate(fields)
    ]
    alone = len(files) == 1
    pairs = [(0, 0)] if alone else list(combinations(range(len(files)), 2))
    scans = Scans(progress, len(pairs) + (0 if alone else len(files)))

    def count(a: int, b: int) -> Patterns:
        words = files[a].field_words().reshape(len(files[a]), -1)
        rows = sample_rows(words, sample, others=len(files[b]), work=_WORK)
        return count_patterns(table, a, b, rows, progress=scans.next())

    effort = _Effort()
    classes = draft_classes(fields, strangers, decoys=not alone)
    share = _first_shares(classes, matches=0.0)
    repeats: list[float] = []
    copies = None
    if not alone and not tiny:
        inside = [count(number, number) for number in range(len(files))]
        own, share, repeats, copies = _fit_inside(fields, strangers, inside, files, effort)
        _take_over(classes, own)
    across = {
        (a, b): count(*((a, b) if len(files[a]) <= len(files[b]) else (b, a))) for a, b in pairs
    }
    smaller = sum(
        min(len(files[a]), len(files[b])) / (len(files[a]) * len(files[b])) for a, b in pairs
    ) / len(pairs)
    first = _first_shares(classes, matches=FIRST_MATCHES * smaller)
    share = first if alone else np.where(classes.match, first, share)
    # Relatives are as frequent between the files as inside them, or as the data say: half and half.
    expected = None if alone or tiny else np.where(classes.match, 0.0, share)
    found = _fit_across(classes, across, share, expected, tiny=tiny)
    effort.add(found)
    shares, matches = {}, {}
    for (a, b), part in across.items():
        of_pair = found.share
        if len(pairs) > 1 and not tiny:
            of_pair = _shares_of_pair(classes, part, found.share, expected, effort)
        if not classes.tells_matches():
            of_pair = np.where(classes.match, of_pair * _NONE, of_pair)
        space = (
            len(files[a]) * (len(files[a]) - 1) / 2
            if alone
            else len(files[a]) * float(len(files[b]))
        )
        shares[a, b] = of_pair
        matches[a, b] = float(of_pair[classes.match].sum() * space)
    if alone:
        repeats = [_repeats(classes, across[0, 0], found.share, len(files[0]))]
    return LearntFields(
        fields=tuple(fields),
        table=table,
        classes=classes.fixed(),
        shares=MappingProxyType(shares),
        matches=MappingProxyType(matches),
        across=MappingProxyType(across),
        repeats=tuple(repeats),
        inside=copies or (classes, found.share),
        rare=np.zeros(len(table.bits)) if tiny else _rare(fields, strangers),
        converged=effort.converged or tiny,
        iterations=effort.iterations,
        tiny=tiny,
    )


def _fit_inside(
    fields: Sequence[FieldValues],
    strangers: Sequence[Floats],
    inside: Sequence[Patterns],
    files: Sequence[EncodedFile],
    effort: _Effort,
) -> tuple[Classes, Floats, list[float], tuple[Classes, Floats]]:
    """Fit the classes of different people to the pairs inside the files.

    Returns:
        The classes, their shares (0 for the matches), each file's share of records that it holds more than once, and
        classes and shares with those records' pairs as matches.
    """
    together = join_patterns(list(inside))
    own = draft_classes(fields, strangers, decoys=True)
    everything = np.ones(len(own.names), bool)
    for number in set(own.use[own.match].ravel().tolist()):
        own.parameters[number].strength = 1.0
    found = fit(own, together, _first_shares(own, matches=_REPEATS_FIRST), free=everything)
    effort.add(found)
    repeats = [
        _repeats(own, part, found.share, len(file))
        for part, file in zip(inside, files, strict=True)
    ]
    copies = own, found.share
    if max(repeats) < REPEATED:
        # A class of matches would take twins, and sons named after their fathers, out of the other classes.
        own = draft_classes(fields, strangers, decoys=True)
        found = fit(own, together, _first_shares(own, matches=0.0), free=everything)
        effort.add(found)
    return own, np.where(own.match, 0.0, found.share), repeats, copies


def _take_over(classes: Classes, own: Classes) -> None:
    """Start the classes of different people from what was found inside the files.

    Between the files an address may be written in two ways, so these classes may change. A small class keeps what its
    pairs do not share as it was found, or it would draw matches in.
    """
    for number in set(classes.use[~classes.match].ravel().tolist()):
        classes.parameters[number].value = own.parameters[number].value.copy()
        classes.parameters[number].prior = own.parameters[number].value.copy()
    for number in set(classes.use[classes.by_chance & ~classes.match[:, None]].tolist()):
        classes.parameters[number].least = _HELD


def _fit_across(
    classes: Classes,
    across: Mapping[tuple[int, int], Patterns],
    share: Floats,
    expected: Floats | None,
    *,
    tiny: bool,
) -> Fit:
    """Fit all classes to the pairs across the files; tiny files keep the first values."""
    return fit(
        classes,
        join_patterns(list(across.values())),
        share,
        free=np.ones(len(classes.names), bool),
        expected=expected,
        iterations=0 if tiny else ITERATIONS,
    )


def _shares_of_pair(
    classes: Classes, part: Patterns, share: Floats, expected: Floats | None, effort: _Effort
) -> Floats:
    """Return how frequent the classes are between two files, the classes themselves left as they are."""
    found = fit(classes, part, share, free=np.zeros(len(classes.names), bool), expected=expected)
    effort.converged &= found.converged
    return found.share


def _first_shares(classes: Classes, *, matches: float) -> Floats:
    made = np.where(classes.match, matches / classes.match.sum(), _OTHERS_FIRST)
    made[0] = 0.0
    made[0] = 1 - made.sum()
    return made


def _repeats(classes: Classes, patterns: Patterns, share: Floats, size: int) -> float:
    probability, _ = posterior(classes.log_likelihood(patterns.levels), share)
    same = float((probability[:, classes.match].sum(axis=1) * patterns.count).sum())
    return min(1.0, same / max(patterns.pairs, 1) * (size - 1))


def _customary(field: FieldValues) -> Floats:
    """Return how the levels of two random people are distributed where nothing can be counted."""
    made = np.empty(level_count(field))
    made[DIFFERENT + 1 : EXACT] = _CHANCE_ELSE / (EXACT - DIFFERENT - 1)
    made[EXACT:] = _CHANCE.get(field.kind, _CHANCE_ELSE) / field.bands
    made[DIFFERENT] = 1 - made[DIFFERENT + 1 :].sum()
    made[0] = 1.0
    return made


def _strangers(field: FieldValues, table: Columns, f: int) -> Floats:
    """Return how the levels of two random people are distributed, ``float64[levels]``, level 0 being 1.

    Similar values are counted over the distinct values, weighted by how common they are; exact agreement inside each
    file, so that people who are in both files do not count.
    """
    levels = level_count(field)
    start, end = int(table.starts[f]), int(table.starts[f + 1])
    row = np.empty(end, np.uint8)
    made = np.zeros(levels)
    if len(field) - 1 <= _STRANGERS:
        chosen, shares = np.arange(1, len(field)), field.share[1:]
    else:
        at = (np.arange(_STRANGERS) + 0.5) / _STRANGERS
        chosen = np.searchsorted(np.cumsum(field.share), at * field.share.sum())
        shares = np.full(_STRANGERS, 1 / _STRANGERS)
    for value, share in zip(chosen, shares, strict=True):
        level_rows(table.words, table.bits, table.exact, start + int(value), start, end, row)
        made += share * np.bincount(row[start:end], weights=field.share, minlength=levels)
    made[EXACT:] = 0
    chance = np.zeros(field.bands)
    pairs = 0.0
    for ids in field.ids:
        counts = np.bincount(ids, minlength=len(field)).astype(np.float64)
        counts[0] = 0
        chance += np.bincount(field.band, weights=counts * (counts - 1), minlength=field.bands)
        pairs += counts.sum() * (counts.sum() - 1)
    made[EXACT:] = chance / max(pairs, 1)
    made = np.maximum(made, _TINY)
    made[DIFFERENT] = max(1 - made[DIFFERENT + 1 :].sum(), _TINY)
    made[1:] /= made[1:].sum()
    made[0] = 1.0
    return made


def _rare(fields: Sequence[FieldValues], strangers: Sequence[Floats]) -> Floats:
    """Return for each value by how much agreeing on it says more than agreeing on any value of its band."""
    made = []
    for field, known in zip(fields, strangers, strict=True):
        mean = known[EXACT:] / np.maximum(field.band_share(), _TINY)
        # A value that nobody else of the sample has may still not be unique: at least one record counts.
        share = np.maximum(field.share, 1 / max(field.present, 1))
        extra = np.log(np.maximum(mean, _TINY)[field.band]) - np.log(share)
        extra[0] = 0
        made.append(extra)
    return np.concatenate(made)
