"""What speaks against a run before its long part: too little to learn from, people several times, too many matches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pprl.exchange.encoded.file import EncodedFile
from pprl.unit.weighing.comparison import Comparison
from pprl.unit.weighing.fields.model import REPEATED

__all__ = ["doubts", "few", "lsh_doubts", "no_estimate"]

_MOST = 1.1
"""Expected matches, as a share of the smaller file, beyond which something else was taken for them."""

_FEW = 3.0
"""Expected matches below which they can't be told from none."""


def few(files: Sequence[EncodedFile]) -> float:
    """Return the expected matches below which hardly any is in sight: at most half of a very small file."""
    return min(_FEW, *(len(file) / 2 for file in files)) if len(files) > 1 else _FEW


def _repeated(comparison: Comparison, files: Sequence[EncodedFile]) -> list[str]:
    """Return the parties whose files seem to hold people several times."""
    shares = zip(files, comparison.repeats, strict=False)
    return [file.party for file, share in shares if share > REPEATED]


def _too_many(comparison: Comparison, files: Sequence[EncodedFile]) -> list[tuple[int, int]]:
    """Return the pairs of files between which more matches are expected than there can be."""
    return [
        (a, b)
        for (a, b), n in comparison.matches.items()
        if a != b and n[0] > _MOST * min(len(files[a]), len(files[b]))
    ]


def no_estimate(comparison: Comparison, assign: str, files: Sequence[EncodedFile]) -> str | None:
    """Return why no estimate of quality can be given; None where there is one."""
    if comparison.basis == "customary":
        return "the files are too small"
    if len(files) == 1:
        return "one file alone can't show how alike different people look"
    if len(files) > 1 and assign != "many-to-many" and _repeated(comparison, files):
        return "a file seems to hold people several times"
    if len(files) > 1 and assign != "many-to-many" and _too_many(comparison, files):
        return "more matches are expected than a file has records"
    return None


def doubts(
    comparison: Comparison,
    basis: str,
    matches: dict[tuple[int, int], tuple[float, float, float]],
    *,
    auto: bool,
    files: Sequence[EncodedFile],
) -> list[str]:
    """Return what the operator should know before the run, in sentences.

    Args:
        comparison: what was learnt.
        basis: what the automatic threshold rests on.
        matches: for each pair of files, the expected number of matches, the least and the most.
        auto: whether the threshold is the automatic one.
        files: the encoded files.
    """
    found = []
    if not comparison.converged:
        found.append(
            "the estimation of the weights did not settle; have a sample of the links reviewed before you use them"
        )
    empty = [
        name
        for number, name in enumerate(field.name for field in files[0].agreement.field)
        if files[0].agreement.profile == "fields"
        and any(not file.field_words()[:, number].any() for file in files)
    ]
    if empty:
        found.append(
            f"no record of a file has a value for: {', '.join(empty)}; it says nothing in this run"
        )
    if len(files) == 1:
        found.append(
            "one file alone can't show how alike different people look: relatives, twins, and fathers and sons of one "
            "name may be among the duplicates; have a sample of them reviewed"
        )
    found += [
        f"{files[a].party} and {files[b].party}: more matches are expected than there are records, so something else "
        "was taken for them; don't use the links before a sample of them was reviewed"
        for a, b in _too_many(comparison, files)
    ]
    repeated = _repeated(comparison, files) if len(files) > 1 else []
    if repeated:
        found.append(
            f"{' and '.join(repeated)}: the file seems to hold people several times; "
            "find its duplicates first (`pprl match` with that file alone), or use --assign many-to-many"
        )
    if auto and basis == "customary":
        found.append(
            "the files are too small to show what chance does; pairs are accepted by customary values"
        )
    elif auto and basis == "cautious":
        found.append("hardly any match is in sight: the files may have nobody in common")
    elif len(matches) > 1:
        found += [
            f"{files[a].party} and {files[b].party}: hardly any match is in sight between the two"
            for (a, b), n in matches.items()
            if n[0] < few([files[a], files[b]])
        ]
    return found


def lsh_doubts(described: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what to say of an LSH that does not reach the recall that was asked for.

    Args:
        described: parameters of each blocking pass, as in ``run.json``.
    """
    found = []
    for plan in described:
        if "recall" not in plan:
            continue
        wanted, checked = plan["recall"], plan["checked"]
        if plan["expected_completeness"] < wanted:
            found.append(
                f"no number of tables reaches the recall of {wanted}: {plan['expected_completeness']:.3f} is expected; "
                "raise the threshold, or compare all pairs"
            )
        elif checked and checked["high"] < wanted:
            found.append(
                f"on a sample that was compared with everybody the lsh found {checked['found']:.3f} of the matches "
                f"({checked['low']:.3f} to {checked['high']:.3f}), less than the recall of {wanted} that was asked "
                "for; ask for more (--recall), or compare all pairs"
            )
    return found
