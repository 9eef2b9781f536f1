"""A record without a blocking key in any pass is compared with everybody, or left out and counted; never forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from links_checks import hold_consistent
from slow_kernels import slow_dice_matrix
from unit_world import Town, as_one, town

from pprl.base.progress import ShareDone
from pprl.exchange.encoded.file import EncodedFile
from pprl.exchange.links.folder import Links
from pprl.exchange.links.run_counts import KeylessRecords
from pprl.kernels.dice import grouped_scan
from pprl.unit.blocking import keyless
from pprl.unit.blocking.engine import Hits, Source
from pprl.unit.blocking.keyed import Keys
from pprl.unit.blocking.keyless import Keyless, count_chosen, find_keyless, keyless_pairs
from pprl.unit.blocking.methods import PackedFile, PairScan, scan_steps
from pprl.unit.journal import FolderJournal, Journal, MemoryJournal, Part
from pprl.unit.linking.copies import CopyPairs
from pprl.unit.run import decide
from pprl.unit.run.compare import Compared, Pairs
from pprl.unit.run.job import match
from pprl.unit.run.options import MatchOptions
from pprl.unit.run.plan import MatchPlan, plan_match
from pprl.unit.run.warnings import keyless_warnings
from pprl.unit.weighing.fields.model import FieldsModel
from pprl.unit.weighing.fields.scan import FieldsScan
from pprl.unit.weighing.record import scan as record_scan
from pprl.unit.weighing.record.delegated import Delegated
from pprl.unit.weighing.record.scan import SIZES, RecordScan

LOW = 0.001  # every pair that has a bit in common is over it
KEYS = MatchOptions(blocking="keys")
PASSES = ("soundex(surname)+year(date_of_birth)", "metaphone(given_name)+month(date_of_birth)")


def side(n: int, keys: np.ndarray, *, seed: int) -> PackedFile:
    rng = np.random.default_rng(seed)
    return PackedFile(words=rng.integers(0, 2**64, (n, 2), dtype=np.uint64), keys=keys)


@st.composite
def sides(draw: st.DrawFn) -> tuple[PackedFile, PackedFile]:
    """Two files in which many records lack a key in some passes or in all."""
    passes = draw(st.integers(1, 3))
    pool = st.sampled_from([0, 0, 0, 1, 2, 2**64 - 1])
    made = []
    for seed in (1, 2):
        n = draw(st.integers(1, 20))
        rows = draw(
            st.lists(st.lists(pool, min_size=passes, max_size=passes), min_size=n, max_size=n)
        )
        made.append(side(n, np.array(rows, np.uint64), seed=seed))
    return made[0], made[1]


def wanted(a: PackedFile, b: PackedFile, *, same: bool) -> set[tuple[int, int]]:
    """The pairs that share a key, and those of which a record has none: by looking at each pair."""
    found = set()
    for i, one in enumerate(a.keys.tolist()):
        for j, other in enumerate(b.keys.tolist()):
            shared = any(x == y != 0 for x, y in zip(one, other, strict=True))
            if (shared or not any(one) or not any(other)) and (i < j or not same):
                found.add((i, j))
    return found


def scan(
    method: Keys, kernels: PairScan, a: PackedFile, b: PackedFile, *, same: bool, journal: Journal
) -> tuple[Part, list[int]]:
    shares: list[float] = []
    part, compared = scan_steps(
        method.steps(a, b, same=same),
        kernels,
        journal=journal,
        name="scan",
        progress=lambda share, compared, found: shares.append(share),
    )
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    places = list(zip(part.left.tolist(), part.right.tolist(), strict=True))
    assert places == sorted(set(places))
    assert part.compared == sum(compared)
    return part, compared


@settings(max_examples=100, deadline=None)
@given(sides(), st.booleans(), st.sampled_from([2, 1 << 20]))
def test_records_without_a_key_meet_everybody_once(
    drawn: tuple[PackedFile, PackedFile], same: bool, copied: int
) -> None:
    """The others meet those with whom they share a key, as before; however many rows are copied at a time."""
    a, b = (drawn[0], drawn[0]) if same else drawn
    method = Keys(find_keyless([a.keys] if same else [a.keys, b.keys]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record_scan, "COPIED", copied)
        kernels = RecordScan(a, b, floor=LOW, same=same)
        found, compared = scan(method, kernels, a, b, same=same, journal=MemoryJournal())
    pairs = wanted(a, b, same=same)
    assert set(zip(found.left.tolist(), found.right.tolist(), strict=True)) == pairs
    matrix = slow_dice_matrix(a.words, b.words, SIZES)
    np.testing.assert_array_equal(found.value, matrix[found.left, found.right])
    assert sum(compared) == len(pairs)
    without = sum(not (a.keys[i].any() and b.keys[j].any()) for i, j in pairs)
    assert compared[a.keys.shape[1] :] == ([without] if without else [])
    assert method.in_full(a, b, same=same) == without
    left_out = Keys(Keyless(records=(0, 0), compared=False))
    assert method.expect(a, b, same=same) == left_out.expect(a, b, same=same) + without


@settings(max_examples=40, deadline=None)
@given(sides(), st.booleans())
def test_records_that_are_left_out_meet_nobody(
    drawn: tuple[PackedFile, PackedFile], same: bool
) -> None:
    a, b = (drawn[0], drawn[0]) if same else drawn
    method = Keys(Keyless(records=(0, 0), compared=False))
    kernels = RecordScan(a, b, floor=LOW, same=same)
    found, compared = scan(method, kernels, a, b, same=same, journal=MemoryJournal())
    for left, right in zip(found.left, found.right, strict=True):
        assert a.keys[left].any()
        assert b.keys[right].any()
    assert len(compared) == a.keys.shape[1]


@pytest.mark.parametrize("sizes", [(5,), (5, 7), (5, 7, 6)])
def test_the_limit_is_of_all_pairs_of_the_run(
    sizes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the limit they are compared, beyond it none of them is."""
    files = []
    for number, n in enumerate(sizes):
        keys = np.ones((n, 2), np.uint64)
        keys[: number + 2] = 0
        keys[-1, 0] = 0  # a key in one pass is enough
        files.append(side(n, keys, seed=number))
    pairs = (
        sum(not (one.any() and other.any()) for one, other in combinations(files[0].keys, 2))
        if len(sizes) == 1
        else sum(len(wanted_without(a, b)) for a, b in combinations(files, 2))
    )
    for limit, compared in ((pairs, True), (pairs - 1, False)):
        monkeypatch.setattr(keyless, "KEYLESS_PAIRS", limit)
        found = find_keyless([file.keys for file in files])
        assert found == Keyless(records=tuple(range(2, 2 + len(sizes))), compared=compared)


def wanted_without(a: PackedFile, b: PackedFile) -> list[tuple[int, int]]:
    return [
        (i, j) for i, j in wanted(a, b, same=False) if not (a.keys[i].any() and b.keys[j].any())
    ]


def test_two_files_of_a_hundred_thousand_are_never_left_out() -> None:
    size = 100_000
    assert keyless_pairs((size, size), (size, size), same=False) <= keyless.KEYLESS_PAIRS
    assert keyless_pairs((size, 0), (size, size + 1), same=False) > keyless.KEYLESS_PAIRS


@given(st.sets(st.integers(0, 9), min_size=1), st.none() | st.sets(st.integers(0, 9), min_size=1))
def test_chosen_pairs_are_counted(left: set[int], right: set[int] | None) -> None:
    rows = np.array(sorted(left))
    others = None if right is None else np.array(sorted(right))
    pairs = [(i, j) for i in left for j in (range(10) if right is None else right)]
    assert count_chosen(rows, others, 10, same=False) == len(pairs)
    assert count_chosen(rows, others, 10, same=True) == sum(i < j for i, j in pairs)


@pytest.mark.parametrize("done", [0, 2, 3])
def test_a_scan_that_was_cut_off_goes_on(done: int, tmp_path: Path) -> None:
    """Also before and behind the step of the records without a key."""
    keys = np.random.default_rng(5).integers(0, 2, (40, 2)).astype(np.uint64)
    a = side(40, keys, seed=1)
    method = Keys(find_keyless([a.keys]))
    kernels = RecordScan(a, a, floor=LOW, same=True)
    whole, counts = scan(method, kernels, a, a, same=True, journal=MemoryJournal())
    steps = method.steps(a, a, same=True)
    assert [step.name for step in steps] == ["000000", "000001", "keyless"]
    before = FolderJournal(tmp_path, {"run": 1})
    for step in steps[:done]:
        before.keep(f"scan-{step.name}", step.run(kernels, lambda share: None))
    again = FolderJournal(tmp_path, {"run": 1})
    assert again.resumed == done
    rest, compared = scan(method, kernels, a, a, same=True, journal=again)
    assert compared == counts
    for column in ("left", "right", "value"):
        np.testing.assert_array_equal(getattr(rest, column), getattr(whole, column))


@cache
def gaps(profile: str, parties: int = 2) -> Town:
    """A town in which every seventh person has no key in any pass, in no file; and every fifth lacks the first one."""
    people = town(profile, (500, 450, 400)[: max(parties, 2)], 250, keys=PASSES)
    files = []
    for number, file in enumerate(people.files):
        person = np.array(people.people(number))
        keys = file.keys.copy()
        keys[person % 5 == 0, 0] = 0
        keys[person % 7 == 0] = 0
        files.append(replace(file, keys=keys))
    made = replace(people, files=tuple(files))
    return as_one(made) if parties == 1 else made


def found_of(people: Town, links: Links, *, keyless: bool) -> float:
    """The share of the matches between people with or without a key that were found."""
    right = links.pairs[people.right(links.pairs)]
    sevenths = right["pseudonym_a"].map(people.person) % 7 == 0
    files = range(len(people.files))
    common = [
        person
        for a, b in combinations(files, 2)
        for person in set(people.people(a)) & set(people.people(b))
        if (person % 7 == 0) == keyless
    ]
    return float((sevenths == keyless).sum()) / len(common)


def without_of(file: EncodedFile) -> int:
    return sum(not any(keys) for keys in file.keys.tolist())


@pytest.mark.parametrize("profile", ["record", "fields"])
@pytest.mark.parametrize("parties", [2, 3])
def test_a_run_finds_people_without_a_key(profile: str, parties: int) -> None:
    """As often as those with one, and counts what it compared for it."""
    people = gaps(profile, parties)
    links = match(people.files, KEYS)
    hold_consistent(links, people.files)
    assert found_of(people, links, keyless=True) > 0.9
    assert links.run.counts.keyless == tuple(
        KeylessRecords(party=file.party, records=without_of(file), compared=True)
        for file in people.files
    )
    per_pass = links.run.counts.passes[0].per_block_pass
    jobs = list(combinations(people.files, 2))
    assert len(per_pass) == 3 * len(jobs)
    for (a, b), compared in zip(jobs, per_pass[2::3], strict=True):
        assert compared == without_of(a) * len(b) + (len(a) - without_of(a)) * without_of(b)
    (told,) = [text for text in links.run.warnings if "without a blocking key" in text]
    file = people.files[0]
    assert f"{file.party} {without_of(file)} of {len(file)} (" in told
    assert "compared with all records of the other files" in told


@pytest.mark.parametrize("profile", ["record", "fields"])
def test_a_run_leaves_out_what_is_too_much_and_says_so(
    profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyless, "KEYLESS_PAIRS", 1000)
    people = gaps(profile)
    links = match(people.files, KEYS)
    hold_consistent(links, people.files)
    assert found_of(people, links, keyless=True) == 0
    assert found_of(people, links, keyless=False) > 0.9
    assert links.run.counts.keyless == tuple(
        KeylessRecords(party=file.party, records=without_of(file), compared=False)
        for file in people.files
    )
    assert len(links.run.counts.passes[0].per_block_pass) == 2
    (told,) = [text for text in links.run.warnings if "without a blocking key" in text]
    assert "they are left out" in told
    assert "--blocking lsh" in told
    quality = links.run.expected_quality
    assert quality is not None
    assert quality.recall < 0.9
    assert quality.recall_low <= links_recall(people, links) <= quality.recall_high


def links_recall(people: Town, links: Links) -> float:
    return people.measures(links)[1]


@pytest.mark.parametrize("profile", ["record", "fields"])
def test_duplicates_without_a_key_are_found_in_one_file(profile: str) -> None:
    people = gaps(profile, 1)
    (file,) = people.files
    links = match(file, KEYS)
    hold_consistent(links, people.files)
    without = without_of(file)
    expected = without * (without - 1) // 2 + without * (len(file) - without)
    assert links.run.counts.passes[0].per_block_pass[2:] == (expected,)
    persons = [person for person in people.people(0) if person % 7 == 0]
    twice = sum(persons.count(person) == 2 for person in set(persons))
    found = links.pairs[people.right(links.pairs)]["pseudonym_a"].map(people.person) % 7 == 0
    assert found.sum() > 0.9 * twice
    assert any("compared with all other records" in text for text in links.run.warnings)


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("profile", ["record", "fields"])
def test_the_profiles_compare_the_same_pairs(profile: str, same: bool) -> None:
    """With nothing left out for its score, pair by pair; the twin looks at each."""
    people = gaps(profile, 1 if same else 2)
    files = [slice_of(file, 60) for file in people.files]
    a, b = (PackedFile.of(file) for file in (files[0], files[-1]))
    method = Keys(find_keyless([PackedFile.of(file).keys for file in files]))
    kernels: PairScan
    if profile == "record":
        kernels = RecordScan(a, b, floor=LOW, same=same)
    else:
        model = plan_match(people.files).model
        assert isinstance(model, FieldsModel)
        rows = np.arange(60), np.arange(60)
        pair = (0, 0) if same else (0, 1)
        kernels = FieldsScan(model.learnt, pair, (a, b), floor=-1e9, least=-1e9, rows=rows)
    found, compared = scan(method, kernels, a, b, same=same, journal=MemoryJournal())
    pairs = wanted(a, b, same=same)
    assert set(zip(found.left.tolist(), found.right.tolist(), strict=True)) == pairs
    assert sum(compared) == len(pairs)


def slice_of(file: EncodedFile, n: int) -> EncodedFile:
    return replace(
        file, pseudonyms=file.pseudonyms[:n], filters=file.filters[:n], keys=file.keys[:n]
    )


@pytest.mark.parametrize("blocking", ["keys,exhaustive", "exhaustive,keys"])
def test_another_pass_sees_records_without_a_key(
    blocking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether or not the keys' own pass does, nobody is left out."""
    people = gaps("record")
    for limit in (10**10, 0):
        monkeypatch.setattr(keyless, "KEYLESS_PAIRS", limit)
        links = match(people.files, MatchOptions(blocking=blocking))
        hold_consistent(links, people.files)
        assert found_of(people, links, keyless=True) > 0.9
        counted = links.run.counts.keyless
        assert counted is not None
        assert all(entry.compared for entry in counted)
        (told,) = [text for text in links.run.warnings if "without a blocking key" in text]
        assert "the other pass can" in told


@pytest.mark.parametrize("blocking", ["exhaustive", "lsh"])
def test_nothing_is_said_where_no_key_is_needed(blocking: str) -> None:
    plan = plan_match(gaps("record").files, MatchOptions(blocking=blocking))
    assert plan.keyless is None
    assert not any("blocking key" in text for text in plan.warnings)


def test_nothing_is_said_where_everybody_has_a_key() -> None:
    files = [replace(file, keys=np.maximum(file.keys, 1)) for file in gaps("record").files]
    plan = plan_match(files, KEYS)
    assert plan.keyless is not None
    assert [entry.records for entry in plan.keyless] == [0, 0]
    assert not any("blocking key" in text for text in plan.warnings)
    links = match(files, KEYS)
    assert len(links.run.counts.passes[0].per_block_pass) == 2


def test_the_plan_expects_the_pairs_and_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pair that is compared row by row costs less than one in a block, but it costs something."""
    files = gaps("record").files
    plans = []
    for limit in (10**10, 0):
        monkeypatch.setattr(keyless, "KEYLESS_PAIRS", limit)
        plans.append(plan_match(files, KEYS))
    more = plans[0].pairs_expected - plans[1].pairs_expected
    a, b = files
    assert more == without_of(a) * len(b) + (len(a) - without_of(a)) * without_of(b)
    scan = plans[0].scans[0]
    blocking: Any = scan.blocking  # type: ignore[attr-defined]
    costs = [
        replace(
            scan,
            pair_seconds=lambda: 1.0,
            blocking=Keys(Keyless(records=(0, 0), compared=compared)),
        ).cost(0, 1)  # type: ignore[type-var]
        for compared in (True, False)
    ]
    assert costs[0].seconds - costs[1].seconds == pytest.approx(more)
    assert (
        costs[0].pairs - costs[1].pairs == more == blocking.in_full(*plan_sides(files), same=False)
    )


def plan_sides(files: Sequence[EncodedFile]) -> list[PackedFile]:
    return [PackedFile.of(file) for file in files]


def test_what_was_left_out_counts_as_missed() -> None:
    """Even where all expected matches were seen otherwise: as many as the same number of other records would have."""
    plan = plan_match(gaps("record").files, KEYS)
    number = round(plan.model.matches[0, 1].number)

    def recall(*records: int, compared: bool) -> tuple[float, float]:
        entries = tuple(
            KeylessRecords(party=file.party, records=n, compared=compared)
            for file, n in zip(plan.files, records, strict=True)
        )
        return recall_of(replace(plan, keyless=entries), number)

    assert recall(0, 0, compared=False)[0] > 0.99
    assert recall(100, 90, compared=True)[0] > 0.99
    a_fifth = recall(100, 90, compared=False)
    assert a_fifth[0] == pytest.approx(1 / 1.2, abs=0.01)
    one_side = recall(100, 0, compared=False)
    assert one_side[0] == pytest.approx(1 / 1.2, abs=0.01)
    # Where both files have some, they may be of different people.
    assert a_fifth[1] < one_side[1]


def recall_of(plan: MatchPlan, seen: int) -> tuple[float, float]:
    """The expected recall, and its lower end, of a run that has seen and accepted so many matches for sure."""
    rows = np.arange(seen)
    sure = np.ones(seen)
    pairs = Pairs(left=rows, right=rows, score=sure, log_ratio=sure * 30, probability=sure)
    compared = Compared(
        pairs=pairs,
        copies=CopyPairs.join([]),
        rescued=np.zeros(0, np.int64),
        unlisted=0.0,
        passes=[],
    )
    quality = decide.expected_quality(plan, compared, np.ones(seen, bool))
    assert quality is not None
    return quality.recall, quality.recall_low


def test_a_warning_names_only_the_files_that_have_such_records() -> None:
    files: Any = [range(2000), range(4)]
    entries = [
        KeylessRecords(party="health", records=327, compared=True),
        KeylessRecords(party="education", records=0, compared=True),
    ]
    (told,) = keyless_warnings(entries, files, several=False)
    assert told.startswith(
        "records without a blocking key in any pass: health 327 of 2,000 (16.4 %); "
    )


class Elsewhere:
    """An engine that finds what the unit's own kernel finds in blocks, and counts how often it is asked."""

    name = "elsewhere"

    def __init__(self, a: PackedFile, b: PackedFile, codes: Any) -> None:
        self._sides, self._codes, self.asked = (a, b), codes, 0

    def scan_keys(
        self, a: Source, b: Source, *, passes: int, threshold: float, sizes: tuple[int, int],
        same: bool, progress: ShareDone,
    ) -> Hits:  # fmt: skip
        self.asked += 1
        one, other = self._sides
        left, right, score, compared = grouped_scan(
            one.words, other.words, *self._codes, threshold=threshold, sizes=sizes, same=same
        )
        progress(1.0)
        return Hits(left=left, right=right, score=score, compared=compared.tolist())


@settings(max_examples=40, deadline=None)
@given(sides(), st.booleans())
def test_an_engine_leaves_records_without_a_key_to_the_unit(
    drawn: tuple[PackedFile, PackedFile], same: bool
) -> None:
    source = Source(path="x", content_sha256="0" * 64, records=1)
    a, b = (replace(one, source=source) for one in drawn)
    b = a if same else b
    method = Keys(find_keyless([a.keys] if same else [a.keys, b.keys]))
    engine: Any = Elsewhere(a, b, method.codes(a, b, same=same))
    delegated: Any = Delegated(method, engine)
    kernels = RecordScan(a, b, floor=LOW, same=same)
    found, compared = scan(delegated, kernels, a, b, same=same, journal=MemoryJournal())
    pairs = wanted(a, b, same=same)
    assert set(zip(found.left.tolist(), found.right.tolist(), strict=True)) == pairs
    assert engine.asked == 1
    assert len(compared) == 1 + (method.in_full(a, b, same=same) > 0)
    assert delegated.keyless() == method.keyless()
