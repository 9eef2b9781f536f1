"""Recurring phrases of the quality report in plain words."""

from __future__ import annotations

from pprl.base.words import percent, plural
from pprl.exchange.links.run_record import RunRecord
from pprl.quality.judging.contributions import DOUBTFUL, FEWEST, LeftOut
from pprl.quality.metrics import Rate

__all__ = [
    "SEEN",
    "expected_interval",
    "interval",
    "left_out",
    "made",
    "no_estimate",
    "relatives",
    "threshold_origin",
]

SEEN = "of the matches that the run expects"
"""What an estimated recall is a share of, printed beside each one. It includes matches that were never compared."""


def expected_interval(low: float, high: float) -> str:
    """Return the ends of an estimate's interval as ``96.6 to 97.9 %``."""
    return f"{percent(low).removesuffix(' %')} to {percent(high)}"


def interval(rate: Rate) -> str:
    """Return a rate's interval as ``96.6 to 97.9 %``."""
    return expected_interval(rate.low, rate.high)


def left_out(what: LeftOut) -> str:
    """Return what the report leaves out because it could reveal individuals."""
    if what == "contributions":
        return (
            "How the accepted pairs agree, field by field, is left out: there are fewer than "
            f"{FEWEST} of them, and it could reveal individuals."
        )
    return (
        f"The accepted pairs below a match probability of {100 * DOUBTFUL:.0f} % are not shown apart: they, or "
        f"the others, are fewer than {FEWEST}, and it could reveal individuals."
    )


def made(run: RunRecord) -> str:
    """Return how much was linked, in groups, pairs and records."""
    groups = plural(run.counts.links, "group of records", "groups of records")
    pairs = plural(run.counts.pairs_in_links, "pair", "pairs")
    return f"{groups}, {pairs} ({plural(run.counts.linked_records, 'record', 'records')})"


def threshold_origin(run: RunRecord, *, short: bool = False) -> str:
    """Return where the threshold came from: a clause to follow its value, or a few words for a tile."""
    files = "the file is" if len(run.parties) == 1 else "the files are"
    auto = (
        "pairs are accepted from even odds upwards"
        if run.profile == "fields"
        else "the similarity from which a pair without rivals is more likely a match than not"
    )
    clauses = {
        "estimated": (f"found without truth: {auto}", "found without truth"),
        "cautious": (
            f"found without truth: {auto}; almost no matches are expected",
            "found without truth; almost no matches expected",
        ),
        "customary": (
            f"the customary value: {files} too small to learn from",
            f"customary: {files.split()[1]} too small to learn from",
        ),
        "given": ("given by the operator", "given by the operator"),
    }
    return clauses[run.threshold.basis][int(short)]


def no_estimate(run: RunRecord) -> str | None:
    """Return why there is no estimate of quality; None if there is one."""
    if run.expected_quality is not None:
        return None
    why = run.threshold.no_estimate or "the run made none"
    return f"No estimate of quality can be made for this run, because {why}."


def relatives(run: RunRecord) -> str | None:
    """Return what to say of accepted pairs that may be relatives; None if there is nothing to say."""
    if not run.may_hold_relatives:
        return None
    count = plural(run.counts.pairs_like_household, "accepted pair scores", "accepted pairs score")
    they = "it may be two" if run.counts.pairs_like_household == 1 else "they may be"
    text = (
        f"{count} no higher than two members of a household may "
        f"(about {run.threshold.household_similarity:.2f}, up to {min(run.household_limit, 1.0):.2f}). "
    )
    if len(run.parties) == 1:
        return f"{text}{they[0].upper()}{they[1:]} relatives rather than duplicates."
    text += f"If families are split between the files, {they} relatives"
    if run.expected_quality is not None:
        text += (
            ": the estimate assumes that relatives are as frequent between the files as inside them"
        )
    return text + "."
