"""Files that can't be compared are refused, and the message says what differs."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pprl.base.errors import MismatchError
from pprl.exchange.encoded.file import EncodedFile
from pprl.unit.linking.clustering import FILES_LIMIT
from pprl.unit.run.preflight import check_comparable

Make = Callable[..., EncodedFile]
DENSE = np.random.default_rng(1).random((5, 128)) < 0.4
SURNAME = {"name": "surname", "type": "surname", "budget": 90}
BORN = {"name": "born", "type": "date", "budget": 430}
OTHER = np.random.default_rng(2).random((6, 128)) < 0.4


def refusal(*files: EncodedFile) -> MismatchError:
    with pytest.raises(MismatchError) as caught:
        check_comparable(files)
    return caught.value


def test_files_of_one_agreement_and_key_pass(make_encoded: Make) -> None:
    check_comparable([make_encoded(DENSE)])
    check_comparable([make_encoded(DENSE), make_encoded(OTHER, party="b")])


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ({"project": "other"}, "project ('test' against 'other')"),
        ({"filter": {"bits": 127}}, "filter.bits (128 against 127)"),
        ({"hardening": {"method": "xor-fold"}}, "hardening.method ('none' against 'xor-fold')"),
        ({"field": [{"name": "surname", "type": "surname"}]}, "field (2 against 1 entries)"),
        ({"field": [SURNAME | {"budget": 9}, BORN]}, "field[1].budget (90 against 9)"),
        ({"field": [SURNAME | {"q": 3}, BORN]}, "field[1].q (2 against 3)"),
        ({"field": [BORN, SURNAME]}, "field[1].name ('surname' against 'born')"),
        ({"matching": {"threshold": 0.8}}, "matching.threshold ('auto' against 0.8)"),
        ({"blocking": [{"keys": ["initial(surname)"]}]}, "blocking (0 against 1 entries)"),
    ],
)
def test_other_agreement_is_refused_and_the_parameter_named(
    make_encoded: Make, entries: dict[str, object], says: str
) -> None:
    error = refusal(make_encoded(DENSE), make_encoded(OTHER, party="b", **entries))
    assert "a.parquet and b.parquet were encoded under different agreements" in error.problem
    assert says in error.problem


def test_long_lists_of_differences_are_cut(make_encoded: Make) -> None:
    other = make_encoded(
        OTHER,
        party="b",
        project="x",
        filter={"bits": 126},
        hardening={"method": "xor-fold"},
        matching={"threshold": 0.5, "blocking": "lsh", "assign": "many-to-many"},
    )
    assert refusal(make_encoded(DENSE), other).problem.endswith(" and 1 more")


def test_other_key_is_refused(make_encoded: Make) -> None:
    error = refusal(make_encoded(DENSE), make_encoded(OTHER, party="b", key_check="1" * 32))
    assert "a.parquet and b.parquet were encoded with different keys" in error.problem


def test_each_file_is_compared_with_the_others(make_encoded: Make) -> None:
    files = [make_encoded(OTHER[n:], party=party) for n, party in enumerate("abc")]
    check_comparable(files)
    wrong = make_encoded(DENSE, party="d", key_check="1" * 32)
    assert "a.parquet and d.parquet" in refusal(*files, wrong).problem


def test_same_file_twice_is_refused(make_encoded: Make) -> None:
    error = refusal(make_encoded(DENSE), make_encoded(DENSE, source="copy.parquet"))
    assert "a.parquet and copy.parquet are the same file" in error.problem
    assert error.hint is not None
    assert "duplicates" in error.hint


def test_same_file_is_found_among_the_later_ones(make_encoded: Make) -> None:
    files = [make_encoded(DENSE), make_encoded(OTHER, party="b")]
    again = make_encoded(OTHER, party="b", source="again.parquet")
    assert "b.parquet and again.parquet are the same file" in refusal(*files, again).problem


def test_part_of_the_same_file_is_refused(make_encoded: Make) -> None:
    """Shared pseudonyms give a second delivery away, whatever party it claims to be from."""
    whole = make_encoded(OTHER)
    part = make_encoded(OTHER[:2], party="b")
    check_comparable([whole, part])
    part = dataclasses.replace(part, pseudonyms=whole.pseudonyms[2:4])
    assert "or parts of one" in refusal(whole, part).problem


def test_pseudonyms_alike_in_half_are_not_the_same(make_encoded: Make) -> None:
    one, other = make_encoded(DENSE, party="aaaaaaaa"), make_encoded(OTHER, party="aaaabbbb")
    assert (one.pseudonyms[:, :8] == other.pseudonyms[:5, :8]).all()
    check_comparable([one, other])


def test_two_empty_files_are_not_the_same_file(make_encoded: Make) -> None:
    check_comparable([make_encoded(DENSE[:0]), make_encoded(DENSE[:0], party="b")])


def test_one_party_name_for_two_files_is_refused(make_encoded: Make) -> None:
    other = dataclasses.replace(make_encoded(OTHER, party="b"), source="x.parquet")
    other = dataclasses.replace(other, header=other.header.model_copy(update={"party": "a"}))
    error = refusal(make_encoded(DENSE), other)
    assert "a.parquet and x.parquet both call their party 'a'" in error.problem


def test_none_or_too_many_files_are_refused(make_encoded: Make) -> None:
    assert "no encoded file" in refusal().problem
    error = refusal(*[make_encoded(DENSE)] * (FILES_LIMIT + 1))
    assert f"at most {FILES_LIMIT}" in error.problem


def test_as_many_files_as_the_guide_says_may_be_compared(make_encoded: Make) -> None:
    docs = Path(__file__).resolve().parents[3] / "docs"
    for name in ("guide.md", "linking.md"):
        text = (docs / name).read_text(encoding="utf-8")
        said = re.findall(r"[Tt]hree to (\w+) files", text)
        assert said == [str(FILES_LIMIT)], name
    check_comparable([make_encoded(DENSE[:1], party=f"p{at}") for at in range(FILES_LIMIT)])
