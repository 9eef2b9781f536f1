"""Files that leave little to learn from get a stated result or a clear error, never a silent bad one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from links_checks import hold_consistent
from unit_world import ALL, Town, agreement_of, encode_all, frames_of, town

from pprl.base.errors import UsageError
from pprl.exchange.encoded.file import EncodedFile
from pprl.exchange.links.folder import LEVELS
from pprl.unit.run.job import match
from pprl.unit.run.options import MatchOptions
from pprl.unit.run.plan import plan_match
from pprl.unit.weighing.fields import learnt, mixture
from pprl.unit.weighing.fields.model import FieldsModel
from pprl.unit.weighing.model import ExpectedMatches
from pprl.unit.weighing.record import scores
from pprl.unit.weighing.record.model import RecordModel

Draw = Callable[..., Any]
Make = Callable[..., EncodedFile]
PROFILES = ["record", "fields"]
NOBODY = "almost no matches "


def said(links: Any, words: str) -> bool:
    return any(words in warning for warning in links.run.warnings)


def of_fields(profile: str, fields: dict[str, str], size: int = 1500) -> Town:
    frames = frames_of((size, size), size // 2, 1, "typical")
    return encode_all(frames, agreement_of(fields, profile))


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("field", ["surname", "date_of_birth", "sex", "locality"])
def test_a_single_field_links_what_it_can(profile: str, field: str) -> None:
    """A field that many share links nobody; no run is silent about it, unless the estimate holds."""
    people = of_fields(profile, {field: ALL[field]})
    links = match(people.files)
    hold_consistent(links, people.files)
    precision, _, _ = people.measures(links)
    if field in ("sex", "locality"):
        assert len(links.pairs) <= 0.02 * 1500
        assert links.run.warnings
    elif links.run.threshold.estimate is None:
        assert links.run.threshold.no_estimate
        assert links.run.warnings
    else:
        quality = links.expected_quality
        assert quality is not None
        assert precision >= quality.precision_low - 0.05


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("where", ["one file", "both files"])
def test_a_field_that_is_missing_costs_no_links(profile: str, where: str) -> None:
    frames = list(frames_of((1500, 1500), 750, 1, "typical"))
    for at in (0,) if where == "one file" else (0, 1):
        frames[at] = frames[at].assign(postcode="", locality="")
    people = encode_all(frames, agreement_of(ALL, profile))
    links = match(people.files)
    hold_consistent(links, people.files)
    assert people.measures(links)[2] > (0.94 if profile == "record" else 0.98)
    if profile == "fields":
        assert said(links, "no record of a file has a value for: locality, postcode")


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("blocking", ["keys", "keys,exhaustive"])
def test_records_without_a_blocking_key_are_compared_all_the_same(
    profile: str, blocking: str
) -> None:
    """One file has no postcode at all, so its keys are missing."""
    frames = list(frames_of((600, 600), 300, 1, "typical"))
    frames[0] = frames[0].assign(postcode="")
    agreement = agreement_of(ALL, profile, blocking=[{"keys": ["value(postcode)"]}])
    people = encode_all(frames, agreement)
    links = match(people.files, MatchOptions(blocking=blocking))
    hold_consistent(links, people.files)
    assert links.run.counts.passes[0].per_block_pass == (0, 360_000)
    assert said(links, "without a blocking key")
    assert people.measures(links)[2] > 0.93


@pytest.mark.parametrize("profile", PROFILES)
def test_a_file_of_one_record(profile: str) -> None:
    """Its person is found in the other file, or nobody is."""
    there = town(profile, (1, 1500), 1)
    links = match(there.files)
    hold_consistent(links, there.files)
    assert there.measures(links) == (1.0, 1.0, 1.0)
    absent = town(profile, (1, 1500), 0)
    links = match(absent.files)
    hold_consistent(links, absent.files)
    assert len(links.pairs) == 0
    assert said(links, NOBODY)
    alone = match(there.files[0])
    assert len(alone.links) == 0


@pytest.mark.parametrize("profile", PROFILES)
def test_two_files_of_one_record(profile: str) -> None:
    people = town(profile, (1, 1), 1)
    links = match(people.files)
    hold_consistent(links, people.files)
    assert people.measures(links)[2] == 1
    assert said(links, "too small")
    assert not said(links, NOBODY)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_files_without_a_common_person_are_said_to_have_none(profile: str, seed: int) -> None:
    """Almost nothing is linked, and the operator is told."""
    people = town(profile, (1500, 1500), 0, seed=seed)
    links = match(people.files)
    hold_consistent(links, people.files)
    assert len(links.pairs) <= 0.01 * 1500
    assert said(links, NOBODY)


def test_drawn_files_without_a_common_record_are_said_to_have_none(
    make_encoded: Make, draw_files: Draw
) -> None:
    dense = draw_files(np.random.default_rng(7), [300, 300], 0)
    files = [make_encoded(one, party=party) for one, party in zip(dense, "ab", strict=True)]
    links = match(files)
    hold_consistent(links, files)
    assert len(links.pairs) <= 1
    assert said(links, NOBODY)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_same_people_under_two_parties_all_match(profile: str) -> None:
    """The very same rows, encoded by another party."""
    frame = frames_of((1500, 1500), 750, 1, "typical")[0]
    people = encode_all([frame, frame], agreement_of(ALL, profile))
    links = match(people.files)
    hold_consistent(links, people.files)
    assert people.measures(links)[2] > 0.999
    quality = links.expected_quality
    assert quality is not None
    assert quality.precision > 0.99
    assert quality.recall > 0.95
    assert not said(links, NOBODY)


@pytest.mark.parametrize("profile", PROFILES)
def test_records_that_are_all_alike_are_linked_to_nobody(profile: str) -> None:
    """Default values in every record: nothing tells people apart, and that is said."""
    frames = [
        frame.head(200).assign(**{name: frame[name].iloc[0] for name in ALL})
        for frame in frames_of((1500, 1500), 750, 1, "light")
    ]
    frames[1] = frames[1].assign(**{name: frames[0][name].iloc[0] for name in ALL})
    people = encode_all(frames, agreement_of(ALL, profile))
    links = match(people.files)
    hold_consistent(links, people.files)
    assert len(links.pairs) == 0
    assert links.run.warnings


@pytest.mark.parametrize("profile", PROFILES)
def test_an_em_that_does_not_settle_is_told(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    people = town(profile, (600, 600), 300)
    assert not said(match(people.files), "did not converge")
    monkeypatch.setattr(scores, "_ROUNDS", 1)
    real = mixture.fit
    monkeypatch.setattr(
        learnt, "fit", lambda *args, **more: real(*args, **{**more, "iterations": 1})
    )
    links = match(people.files)
    hold_consistent(links, people.files)
    assert said(links, "did not converge")
    assert links.run.model.converged is False


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("turned", [False, True])
def test_people_of_a_small_file_are_found_in_a_much_larger_one(profile: str, turned: bool) -> None:
    people = town(profile, (150, 5000), 90)
    links = match(people.files[::-1] if turned else people.files)
    precision, recall, _ = people.measures(links)
    assert precision > 0.97
    assert recall > (0.88 if profile == "record" else 0.96)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("large", [100_000, 1_000_000])
def test_wildly_unequal_sizes(profile: str, large: int) -> None:
    """A thousand people among a million."""
    people = town(profile, (1000, large), 600)
    links = match(people.files)
    precision, recall, _ = people.measures(links)
    assert precision > 0.95
    assert recall > (0.8 if profile == "record" else 0.95)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_file_that_holds_people_several_times_is_told(profile: str) -> None:
    """One-to-one would lose half of its links: no estimate is given, and many-to-many finds them."""
    two = frames_of((700, 600), 400, 1, "light")
    again = frames_of((700, 600), 400, 2, "light")[1]
    again = again.assign(person=again["person"] + 10_000, id=["z" + own for own in again["id"]])
    frames = [pd.concat([two[0], two[1]]), pd.concat([two[1], again])]
    frames[1] = frames[1].assign(id=["b" + own for own in frames[1]["id"]])
    people = encode_all(frames, agreement_of(ALL, profile))
    links = match(people.files)
    hold_consistent(links, people.files)
    assert said(links, "a: the file seems to hold people several times")
    assert links.run.threshold.no_estimate
    many = match(people.files, MatchOptions(assign="many-to-many"))
    hold_consistent(many, people.files)
    assert len(many.pairs) > 950
    assert people.right(many.pairs).mean() > 0.95


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("share", [0.03, 0.1, 0.3])
@pytest.mark.parametrize("exact", [False, True])
def test_copies_inside_a_file_are_told(profile: str, share: float, exact: bool) -> None:
    """Whether they were typed anew or exported twice, a few or many; and many-to-many finds their partners."""
    one, two = frames_of((1000, 1000), 400, 5, "typical")
    again = one.iloc[: round(share * len(one))].assign(id=lambda rows: "again" + rows["id"])
    if not exact:
        again = again.assign(given_name=again["given_name"].str[:-1] + "e")
    people = encode_all([pd.concat([one, again]), two], agreement_of(ALL, profile))
    links = match(people.files)
    assert said(links, "a: the file seems to hold people several times")
    assert links.run.threshold.no_estimate
    common = set(people.people(1))
    wanted = sum(person in common for person in people.people(0))
    many = match(people.files, MatchOptions(assign="many-to-many"))
    _, recall, _ = people.measures(many, wanted)
    assert recall > (0.85 if profile == "record" else 0.95)


@pytest.mark.parametrize("profile", PROFILES)
def test_more_matches_than_records_are_told(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the mixture took for matches, it were none: no estimate, and a warning."""
    people = town(profile, (600, 500), 300)
    kind = RecordModel if profile == "record" else FieldsModel
    monkeypatch.setattr(kind, "matches", {(0, 1): ExpectedMatches(900.0, 900.0, 900.0)})
    links = match(people.files)
    assert said(links, "a and b: more matches are expected than there are records")
    assert "more matches" in links.run.threshold.no_estimate


@pytest.mark.parametrize("profile", PROFILES)
def test_of_equal_copies_one_is_linked_and_the_others_are_told(profile: str) -> None:
    """Five people whom the other file holds twice, letter by letter."""
    one, two = frames_of((300, 300), 150, 6, "light")
    both = two["person"].isin(set(one["person"]))
    again = two[both].iloc[:5].assign(id=lambda rows: "again" + rows["id"])
    people = encode_all([one, pd.concat([two, again])], agreement_of(ALL, profile))
    links = match(people.files)
    hold_consistent(links, people.files)
    assert links.run.counts.copies is not None
    assert links.run.counts.copies.records == {"a": 0, "b": 5}
    assert links.run.counts.copies.rescued == 5
    assert people.measures(links)[1] > 0.93


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    ("sizes", "common"), [((80, 80), 78), ((80, 80), 40), ((20, 90), 20), ((30, 30), 30)]
)
def test_small_files_are_linked_like_large_ones(
    profile: str, sizes: tuple[int, int], common: int
) -> None:
    """Where matches are more than a hundredth of all pairs too."""
    figures = [
        people.measures(match(people.files))
        for people in (town(profile, sizes, common, seed=seed) for seed in (1, 2, 3))
    ]
    precision, recall, _ = (sum(values) / len(values) for values in zip(*figures, strict=True))
    assert precision > 0.94
    assert recall > 0.94


@pytest.mark.parametrize("profile", PROFILES)
def test_files_too_small_to_learn_from_take_customary_values(profile: str) -> None:
    """Equal records are linked, others are not, and nobody is told how good that is."""
    people = town(profile, (8, 8), 5, seed=4)
    links = match(people.files)
    hold_consistent(links, people.files)
    assert links.run.threshold.basis == "customary"
    assert links.run.threshold.estimate is None
    assert said(links, "too small to estimate chance agreement")
    precision, recall, _ = people.measures(links)
    assert precision == 1
    assert recall >= 0.8
    assert (links.pairs["weight"] > 0).all()
    if links.parts is None:
        return
    for name in ALL:  # equal values speak for a match, and more than similar ones
        words = [LEVELS[level] for level in links.parts[f"level_{name}"]]
        bits = links.parts[f"bits_{name}"]
        equal = bits[["equal" in word for word in words]].min()
        assert equal > 0
        assert not (bits[["similar" in word for word in words]] > equal).any()


@pytest.mark.parametrize("profile", PROFILES)
def test_one_person_looked_up_is_no_empty_overlap(profile: str) -> None:
    people = town(profile, (1, 400), 1)
    links = match(people.files)
    assert len(links.pairs) == 1
    assert not said(links, "nobody in common")


@pytest.mark.parametrize("profile", PROFILES)
def test_one_file_gets_no_estimate(profile: str) -> None:
    """Relatives and twins look like duplicates, and nothing in the file tells how many there are."""
    links = match(town(profile, (1500, 10), 5).files[:1])
    assert links.run.threshold.estimate is None
    assert "one file alone" in links.run.threshold.no_estimate


def test_a_low_threshold_in_fields_finds_all_pairs_over_it() -> None:
    people = town("fields", (500, 500), 250, errors="heavy")
    plan = plan_match(people.files, MatchOptions(threshold=0.0001))
    links = match(people.files, MatchOptions(threshold=0.0001, assign="many-to-many"))
    every = np.divmod(np.arange(500 * 500), 500)
    learnt = plan.model.learnt  # type: ignore[attr-defined]
    odds = (
        learnt.log_ratios(0, 1, *every)
        + plan_match(people.files, MatchOptions(assign="many-to-many")).prior[0, 1]
    )
    expected = int((odds >= np.log(0.0001 / 0.9999)).sum())
    assert links.run.counts.pairs_over_threshold == expected


@pytest.mark.parametrize(
    ("files", "options"),
    [
        (3, {"blocking": "lsh,exhaustive"}),
        (1, {"blocking": "lsh,exhaustive"}),
        (2, {"blocking": "lsh,exhaustive", "assign": "many-to-many"}),
        (2, {"blocking": "lsh,exhaustive", "assign": "one-to-many"}),
        (2, {"blocking": "keys,exhaustive"}),
    ],
)
def test_passes_in_turn_that_make_no_sense_are_refused(
    make_encoded: Make, draw_files: Draw, files: int, options: dict[str, Any]
) -> None:
    """They need two files, one partner a record, and keys where a pass is by keys."""
    dense = draw_files(np.random.default_rng(1), [30, 30, 30], 10)
    made = [make_encoded(one, party=party) for one, party in zip(dense, "abc", strict=True)]
    with pytest.raises(UsageError):
        match(made[:files], MatchOptions(**options))


@pytest.mark.parametrize(
    "blocking", ["", ",", "keys,", "lsh,lsh", "keys, lsh", "keys,none", "keys;lsh"]
)
def test_passes_that_are_none_are_refused(blocking: str) -> None:
    with pytest.raises(UsageError, match="blocking must be one of"):
        MatchOptions(blocking=blocking)
