"""The run record comes back exactly, or is refused by the name of an entry and never by its value."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from run_records import changed, lsh_content, make_agreement, record_content, to_record

from pprl.base.errors import LinksError
from pprl.exchange.links.run_entries import AgreementEntry
from pprl.exchange.links.run_record import LINKS_FORMAT, RunRecord

Path = tuple[str | int, ...]

SECRET = "Siobhan-7391"


def whole(profile: str = "record") -> dict[str, Any]:
    """A record with every entry there is: an LSH pass after one of keys, an earlier run and an estimate."""
    content = record_content(profile=profile)
    content["parameters"].update(blocking="keys,lsh", lsh=lsh_content(), extends=["health"])
    first = {"blocking": "keys", "pairs_compared": 40, "per_block_pass": [30, 10], "links": 2}
    last = {"blocking": "lsh", "pairs_compared": 60, "per_block_pass": [60], "links": 1}
    content["counts"]["passes"] = [first, last]
    content["counts"]["keyless"] = [{"party": "health", "records": 7, "compared": True}]
    content["threshold"]["estimate"]["curve"] = content["threshold"]["estimate"]["curve"][:2]
    content["threshold"]["histogram"] = {"bins": 2, "best": [1, 2], "chance": [2.5, 0.0]}
    return content


def entries(content: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the way to every entry of objects in a record."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield (*path, name)
            yield from entries(value, (*path, name))
    if isinstance(content, list):
        for place, value in enumerate(content):
            yield from entries(value, (*path, place))


def objects(content: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects that a newer version may add entries to."""
    if isinstance(content, dict):
        yield content
    for name, value in content.items() if isinstance(content, dict) else enumerate(content):
        if isinstance(value, dict | list) and name not in OPEN:
            yield from objects(value)


OPEN = ("software", "timings_s", "memory_peak_mib")
"""Objects whose names are those of programs and stages."""

NAMED = {"project", "profile", "field", "filter", "hardening", "name", "bits", "method"}
"""Entries of the agreement that the record asks for."""


def known(path: Path) -> bool:
    """Whether the record asks for an entry."""
    if path[0] == "agreement":
        return all(step in NAMED for step in path[1:] if isinstance(step, str))
    return len(path) == 1 or path[0] not in OPEN


KNOWN = [path for path in entries(whole()) if known(path)]
OPTIONAL = {
    ("agreement", "profile"),
    ("threshold", "no_estimate"),
    ("parameters", "sample"),
    ("counts", "copies"),
    ("counts", "keyless"),
}


def name_of(path: Path) -> str:
    made = ""
    for step in path:
        made += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if made else step
    return made


def at(content: Any, path: Path) -> Any:
    for step in path:
        content = content[step]
    return content


def refusal(content: Any) -> str:
    """The problem that a record is refused with; neither it nor the hint holds a value."""
    with pytest.raises(LinksError) as caught:
        RunRecord.from_json(
            content if isinstance(content, bytes) else json.dumps(content).encode(), source="LINKS"
        )
    assert caught.value.hint
    assert caught.value.problem.startswith("LINKS")
    assert "Input" not in caught.value.problem
    assert SECRET not in caught.value.problem + caught.value.hint
    return caught.value.problem


@pytest.mark.parametrize("profile", ["record", "fields"])
@pytest.mark.parametrize("content", [whole, record_content])
def test_a_record_is_written_as_it_was_read(content: Any, profile: str) -> None:
    plain = content(profile=profile)
    record = to_record(plain)
    assert record.to_dict() == plain
    assert json.loads(record.to_json()) == plain
    assert RunRecord.from_json(record.to_json().encode()) == record


shares = st.floats(0, 1)
amounts = st.floats(0, 1e300)
counts = st.integers(0, 2**63)
plain_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(-1e9, 1e9)
    | st.text("aä字 _", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("bñ", max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_record_comes_back_exactly(data: st.DataObject) -> None:
    """Whatever the numbers, and whatever a newer version has added to any part of it."""
    content = whole(data.draw(st.sampled_from(["record", "fields"])))
    for name in ("value", "floor", "household_similarity"):
        content["threshold"][name] = data.draw(shares)
    for name in ("timings_s", "memory_peak_mib"):
        content[name] = data.draw(st.dictionaries(st.text("abc", max_size=3), amounts, max_size=3))
    for name in ("pairs_possible", "links", "ties"):
        content["counts"][name] = data.draw(counts)
    content["model"]["priors"][0]["bits"] = data.draw(st.floats(-1e300, 1e300))
    content["warnings"] = data.draw(st.lists(st.text("aä<&\"'", max_size=9), max_size=3))
    for place in list(objects(content)):
        if data.draw(st.booleans()):
            place["newer_entry"] = data.draw(plain_json)
    record = to_record(content)
    assert record.to_dict() == content
    assert RunRecord.from_json(record.to_json().encode()) == record


@pytest.mark.parametrize("path", KNOWN, ids=name_of)
def test_a_record_without_one_of_its_entries_is_refused_by_name(path: Path) -> None:
    content = whole()
    del at(content, path[:-1])[path[-1]]
    if path in OPTIONAL:
        assert to_record(content).to_dict()["format"] == LINKS_FORMAT
    elif path == ("format",):
        assert "has another format" in refusal(content)
    else:
        assert refusal(content) == f"LINKS is damaged: run.json lacks the entry {name_of(path)}"


def of_another_kind(path: Path, value: Any) -> list[Any]:
    """Values that are not of an entry's kind."""
    if isinstance(value, bool):
        return [0, "true", None]
    if isinstance(value, int):
        below = [] if path[-1] == "seed" else [-1]
        none = [] if path in OPTIONAL else [None]
        return [True, 1.5, "7", [1], {}, float("nan"), *none, *below]
    if isinstance(value, float):
        below = [] if path[-1] == "bits" else [-0.5]
        return [True, "0.5", [0.5], {}, float("nan"), float("inf"), *below]
    if isinstance(value, str):
        return [3, True, [SECRET], {}]
    if isinstance(value, list):
        return [SECRET, 3, {}, [[SECRET]]]
    if isinstance(value, dict):
        return [SECRET, 3, [SECRET]]
    return [3, True, [SECRET]]


@pytest.mark.parametrize("path", [path for path in KNOWN if path != ("format",)], ids=name_of)
def test_an_entry_of_another_kind_is_refused_by_name(path: Path) -> None:
    """A text is no number, a truth value no count, a fraction no count, NaN no number."""
    right = at(whole(), path)
    for value in of_another_kind(path, right):
        content = whole()
        at(content, path[:-1])[path[-1]] = value
        problem = refusal(content)
        if isinstance(value, float) and not math.isfinite(value):
            assert "run.json can't be read" in problem  # JSON has no such number
        else:
            assert f"entry {name_of(path)}" in problem, value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("threshold", "value"), 1.5),
        (("threshold", "basis"), SECRET),
        (("threshold", "method"), SECRET),
        (("threshold", "floor"), 1.01),
        (("threshold", "by_files", 0, "basis"), SECRET),
        (("threshold", "by_files", 0, "matches"), -1.0),
        (("threshold", "estimate", "quality", "precision_low"), 1.5),
        (("threshold", "estimate", "quality", "matches"), -0.1),
        (("threshold", "estimate", "curve", 1, "recall"), 1.5),
        (("threshold", "histogram", "best"), [1]),
        (("threshold", "histogram", "bins"), 3),
        (("threshold", "histogram", "chance", 0), -1.0),
        (("counts", "reduction_ratio"), 1.5),
        (("counts", "passes"), []),
        (("counts", "passes", 0, "blocking"), SECRET),
        (("inputs",), []),
        (("inputs", 0, "party"), f"../{SECRET}"),
        (("inputs", 1, "party"), "health"),
        (("inputs", 0, "content_sha256"), SECRET),
        (("inputs", 0, "content_sha256"), "AB" * 32),
        (("agreement_fingerprint",), SECRET),
        (("parameters", "threshold"), 0),
        (("parameters", "threshold"), 1.2),
        (("parameters", "threshold"), SECRET),
        (("parameters", "blocking"), SECRET),
        (("parameters", "blocking"), "keys"),
        (("parameters", "blocking"), f"keys,{SECRET}"),
        (("parameters", "lsh"), None),
        (("parameters", "lsh", "completeness"), 1.5),
        (("parameters", "assign"), SECRET),
        (("parameters", "extends", 0), SECRET),
        (("agreement", "profile"), SECRET),
        (("timings_s", "read"), -1.0),
    ],
    ids=lambda value: name_of(value) if isinstance(value, tuple) else "",
)
def test_a_value_out_of_bounds_is_refused_by_name(path: Path, value: Any) -> None:
    content = whole()
    at(content, path[:-1])[path[-1]] = value
    problem = refusal(content)
    # Two entries that contradict each other are named by the object that they stand in.
    assert any(f"the entry {name_of(path[:n])} of" in problem for n in range(1, len(path) + 1))


def test_another_fingerprint_than_that_of_the_agreement_is_refused() -> None:
    content = whole()
    content["agreement_fingerprint"] = "0" * 64
    assert "its agreement does not have the fingerprint that it states" in refusal(content)
    content = whole()
    content["agreement"]["project"] = SECRET
    assert "its agreement does not have the fingerprint that it states" in refusal(content)


def test_a_fingerprint_is_not_judged_by_an_agreement_that_is_not_known_whole() -> None:
    """One of another version: the folder is read, and its fingerprint is taken as it stands."""
    newer = whole()
    newer["agreement"]["newer"] = 1
    older = whole()
    del older["agreement"]["profile"]
    for content in (newer, older):
        content["agreement_fingerprint"] = "0" * 64
        assert to_record(content).agreement_fingerprint == "0" * 64


@pytest.mark.parametrize("place", ["", "counts", "threshold"])
def test_an_entry_that_occurs_twice_is_refused(place: str) -> None:
    """Two readers could take one or the other."""
    text = json.dumps(whole())
    start = text.index(f'"{place}": {{') + len(place) + 4 if place else 0
    again = f'{text[: start + 1]}"newer": 1, "newer": 1, {text[start + 1 :]}'
    assert refusal(again.encode()) == "LINKS is damaged: run.json can't be read"


def test_entries_of_newer_versions_are_kept_and_written_again() -> None:
    content = whole()
    for number, place in enumerate(list(objects(content))):
        place["newer"] = {"number": number, "list": [None, "text", {"deep": 1.5}]}
    record = to_record(content)
    assert record.to_dict() == content
    assert record != to_record(whole())


@pytest.mark.parametrize("profile", ["record", "fields"])
def test_the_previous_format_is_read_as_if_it_were_of_today(profile: str) -> None:
    content = whole(profile)
    old = copy.deepcopy(content)
    old["format"] = "pprl-links/2"
    old["parameters"]["lsh"]["recall"] = old["parameters"]["lsh"].pop("completeness")
    record = to_record(old)
    assert record == to_record(content)
    assert record.parameters.lsh is not None
    assert record.parameters.lsh.completeness == 0.99
    del old["parameters"]["lsh"]["recall"]
    assert "lacks the entry parameters.lsh.completeness" in refusal(old)
    old["parameters"] = SECRET
    assert "the entry parameters of run.json is wrong" in refusal(old)
    del old["parameters"]
    assert "lacks the entry parameters" in refusal(old)


@pytest.mark.parametrize(
    "stated", [None, 3, "pprl-links/1", "pprl-links/4", SECRET, ["pprl-links/3"]]
)
def test_any_other_format_is_refused(stated: Any) -> None:
    assert "has another format than 'pprl-links/3'" in refusal({**whole(), "format": stated})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 200_000,
        *(
            json.dumps(whole()).replace("10000", number).encode()
            for number in ("NaN", "-Infinity", "1e999")
        ),
        json.dumps({**whole(), "newer": float("nan")}).encode(),
    ],
    ids=["nothing", "cut", "not-utf-8", "deep", "nan", "infinity", "too-large", "nan-in-newer"],
)
def test_what_is_not_json_is_refused(content: bytes) -> None:
    """NaN and the infinities, which Python would read, are not JSON: another reader would fail on them."""
    assert refusal(content) == "LINKS is damaged: run.json can't be read"


def test_a_newer_entry_nested_too_deep_is_refused() -> None:
    for depth in (250, 400, 5000):
        content = json.dumps(whole())[:-1] + ', "newer": ' + "[" * depth + "]" * depth + "}"
        assert refusal(content.encode()) == "LINKS is damaged: run.json can't be read"


@pytest.mark.parametrize("content", [b"[]", b"3", b"null", b'"pprl-links/3"'])
def test_json_that_is_no_object_is_refused(content: bytes) -> None:
    assert "has another format" in refusal(content)


@pytest.mark.parametrize("text", ["\x1b[31m", "\u202e", "a\nb", "\ud800"])
def test_a_text_that_a_terminal_could_obey_is_refused_wherever_it_stands(text: str) -> None:
    places: list[dict[str, Any]] = [
        {**whole(), "warnings": [text]},
        {**whole(), "newer": [{"x": text}]},
        {**whole(), text: 1},
    ]
    for content in places:
        problem = refusal(content)
        assert "a text in run.json holds a control, format or other invisible character" in problem
        assert problem.isprintable()


def test_thresholds_without_a_rate_are_left_out_of_the_curve_and_the_others_ordered() -> None:
    content = whole()
    point = content["threshold"]["estimate"]["curve"][0]
    undefined = {**point, "threshold": 0.99, "links": 0.0, "precision": None}
    newer = {**point, "threshold": 0.5, "newer": None}
    content["threshold"]["estimate"]["curve"] = [point, undefined, newer]
    estimate = to_record(content).threshold.estimate
    assert estimate is not None
    assert [each.threshold for each in estimate.curve] == [0.5, 0.6]


def test_what_follows_from_the_entries() -> None:
    record = to_record(whole())
    assert record.parties == ["health", "education"]
    assert record.profile == "record"
    assert record.fields == ["given_name", "surname", "date_of_birth", "town", "postcode"]
    assert record.prior_bits() == {frozenset(("education", "health")): -6.5}
    assert record.threshold.lowest_listed == 0.65
    assert changed(record, {"threshold.floor": 0.9}).threshold.lowest_listed == 0.75
    assert record.household_limit == pytest.approx(0.66)
    assert not record.may_hold_relatives
    assert not changed(record, {"counts.pairs_like_household": 2}).may_hold_relatives
    near = {"counts.pairs_like_household": 2, "threshold.household_similarity": 0.7}
    assert changed(record, near).may_hold_relatives
    assert not record.links_within
    assert changed(record, {"parameters.assign": "many-to-many"}).links_within
    alone = to_record(record_content(["health"], estimate=False))
    assert alone.links_within
    assert alone.expected_quality is None
    assert alone.prior_bits() == {frozenset(["health"]): -6.5}


def test_the_expected_wrong_links_follow_from_the_interval() -> None:
    quality = to_record(whole()).expected_quality
    assert quality is not None
    assert quality.false_links == pytest.approx(22.5)
    assert quality.false_low == pytest.approx(225 * (1 - 0.95678))
    assert quality.false_high == pytest.approx(225 * (1 - 0.81234))
    assert not quality.few_links
    few = changed(to_record(whole()), {"threshold.estimate.quality.links": 29})
    assert few.expected_quality is not None
    assert few.expected_quality.few_links


def test_nothing_changes_a_record() -> None:
    record = to_record(whole())
    for part, name in ((record, "counts"), (record.counts, "links"), (record.inputs[0], "party")):
        with pytest.raises(ValueError, match="frozen"):
            setattr(part, name, 1)


@pytest.mark.parametrize("profile", ["record", "fields"])
def test_the_agreement_in_a_record_is_the_agreement(profile: str) -> None:
    agreement = make_agreement(profile)
    assert AgreementEntry.of(agreement).to_agreement() == agreement
    assert to_record(record_content(profile=profile)).agreement.to_agreement() == agreement
