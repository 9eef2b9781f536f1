"""Recurring phrases of the quality report in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pprl.page.words import percent, plural
from pprl.quality.metrics import Rate

if TYPE_CHECKING:
    from pprl.quality.runfacts import RunFacts

__all__ = [
    "SEEN",
    "SEEN_SHORT",
    "interval",
    "made",
    "no_estimate",
    "relatives",
    "threshold_origin",
]

SEEN = "of the matches that the scores can see; matches that look like strangers are not counted"
"""What an estimated recall is a share of; stands beside every one."""

SEEN_SHORT = "matches that the scores can see"


def interval(rate: Rate) -> str:
    """Return a rate's interval as ``96.6 to 97.9 %``."""
    return f"{percent(rate.low).removesuffix(' %')} to {percent(rate.high)}"


def made(run: RunFacts) -> str:
    """Return how much was linked, in groups, pairs and records."""
    groups = plural(run.links, "group of records", "groups of records")
    pairs = plural(run.pairs_in_links, "pair", "pairs")
    return f"{groups}, {pairs} ({plural(run.linked_records, 'record', 'records')})"


def threshold_origin(run: RunFacts, *, short: bool = False) -> str:
    """Return how the threshold came about: a clause to follow its value, or a few words for a tile."""
    alone = len(run.parties) == 1
    clauses = {
        "estimated": (
            "chosen automatically from the file's own scores, above what two members of a household reach"
            if alone
            else "chosen automatically: the best by the run's estimate, from how alike different people "
            "look inside the files",
            "chosen automatically from the scores" if alone else "estimated by the run",
        ),
        "cautious": (
            "set high: no more matches in sight than chance makes",
            "set high: no more matches in sight than chance makes",
        ),
        "customary": (
            f"the customary value: {'the file is' if alone else 'the files are'} too small to estimate one",
            f"customary: {'file' if alone else 'files'} too small to estimate one",
        ),
        "given": ("given by the operator", "given by the operator"),
    }
    return clauses[run.threshold_basis][int(short)]


def no_estimate(run: RunFacts) -> str | None:
    """Return why there is no estimate of quality at the used threshold; None where there is one."""
    if run.estimate_at_threshold() is not None:
        return None
    if not run.estimate and run.no_estimate:
        why = run.no_estimate
    elif len(run.parties) == 1:
        why = "one file alone can't show how alike different people look"
    elif run.estimate:
        why = "the threshold lies outside of the scores that the run's estimate covers"
    elif run.threshold_basis == "customary":
        why = "the files are too small to show how alike different people look"
    elif run.threshold_basis == "cautious":
        why = "no more matches are in sight than chance makes"
    else:
        why = "the files are too small, or hold no more matches in sight than chance makes"
    return f"No estimate of quality can be made for this run, because {why}."


def relatives(run: RunFacts) -> str | None:
    """Return what to say of accepted pairs that may be relatives; None where there is nothing to say."""
    if not run.may_hold_relatives:
        return None
    count = plural(run.pairs_like_household, "accepted pair scores", "accepted pairs score")
    one = round(run.pairs_like_household) == 1
    text = (
        f"{count} no higher than two members of a household may do "
        f"(about {run.household_dice:.2f}, up to {min(run.household_limit, 1.0):.2f}). "
    )
    if len(run.parties) == 1:
        return text + ("It" if one else "They") + " may be relatives and no duplicates."
    text += "If families are split between the files, " + ("it" if one else "these")
    text += " may be relatives"
    if run.estimate:
        text += (
            ": the estimate assumes that relatives are as frequent between the files as inside them"
        )
    return text + "."
