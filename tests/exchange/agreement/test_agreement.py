"""The agreement is read strictly, has one canonical form, and its fingerprint changes with every parameter."""

from __future__ import annotations

import copy
import hashlib
import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pprl.base.errors import AgreementError
from pprl.exchange.agreement.defaults import DEFAULT_BITS, default_budget
from pprl.exchange.agreement.field_types import FIELD_TYPES
from pprl.exchange.agreement.model import KEY_FUNCTIONS, Agreement, differing_parameters, only_plain

TOML = """
format = "pprl-agreement/1"
project = "health and education"

[filter]
bits = 1024

[[field]]
name = "surname"
type = "surname"

[[field]]
name = "date_of_birth"
type = "date"
budget = 100

[[blocking]]
keys = ["soundex(surname)", "year(date_of_birth)"]
"""

REORDERED = """
# The same agreement, told in another order and with the defaults written out.
project = 'health and education'   # a comment
normalisation = 1
profile = "record"
format = "pprl-agreement/1"
field = [
  { type = "surname", q = 2, budget = 105, name = "surname" },
  { budget = 100, name = "date_of_birth", type = "date", q = 0 },
]
[[blocking]]
keys = [
  "soundex(surname)",
  "year(date_of_birth)",
]
[matching]
assign = "one-to-one"
threshold = "auto"
blocking = "exhaustive"
[hardening]
method = "none"
[filter]
bits = 1_024
"""

PROFILES = tuple(DEFAULT_BITS)

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def content() -> dict[str, Any]:
    return Agreement.from_toml(TOML).to_dict()


def refusal(text: str) -> AgreementError:
    with pytest.raises(AgreementError) as caught:
        Agreement.from_toml(text, source="linkage.toml")
    assert caught.value.problem.startswith("linkage.toml: ")
    return caught.value


def test_defaults_are_filled_in() -> None:
    agreement = Agreement.from_toml(TOML)
    assert agreement.to_dict() == {
        "format": "pprl-agreement/1",
        "project": "health and education",
        "profile": "record",
        "normalisation": 1,
        "filter": {"bits": 1024},
        "hardening": {"method": "none"},
        "field": [
            {"name": "surname", "type": "surname", "budget": 105, "q": 2},
            {"name": "date_of_birth", "type": "date", "budget": 100, "q": 0},
        ],
        "blocking": [{"keys": ["soundex(surname)", "year(date_of_birth)"]}],
        "matching": {"threshold": "auto", "blocking": "exhaustive", "assign": "one-to-one"},
    }
    assert agreement.blocking[0].parts() == [("soundex", "surname"), ("year", "date_of_birth")]


def test_each_field_type_has_its_defaults() -> None:
    for name, kind in FIELD_TYPES.items():
        agreement = Agreement.from_dict(
            {"format": "pprl-agreement/1", "project": "p", "field": [{"name": "x", "type": name}]}
        )
        assert (agreement.field[0].budget, agreement.field[0].q) == (kind.budget, kind.q)


def test_canonical_form_does_not_know_order_or_comments() -> None:
    one, other = Agreement.from_toml(TOML), Agreement.from_toml(REORDERED)
    assert one.canonical() == other.canonical()
    assert one.fingerprint() == other.fingerprint()
    assert one == other
    assert differing_parameters(one, other) == []


def test_canonical_form_is_sorted_compact_utf8_json() -> None:
    agreement = Agreement.from_toml(TOML.replace("health", "Gesundheit für Ö"))
    text = agreement.canonical().decode("utf-8")
    assert "für Ö" in text
    assert text == json.dumps(
        json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert agreement.fingerprint() == hashlib.sha256(text.encode()).hexdigest()


def test_whole_number_thresholds_have_one_form() -> None:
    one, other = (
        Agreement.from_toml(f"{TOML}\n[matching]\nthreshold = {text}") for text in ("1", "1.0")
    )
    assert one.canonical() == other.canonical()


@settings(max_examples=50, deadline=None)
@given(st.randoms(use_true_random=False))
def test_any_order_of_entries_gives_the_same_bytes(random: Any) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            entries = [(key, shuffled(item)) for key, item in value.items()]
            random.shuffle(entries)
            return dict(entries)
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    agreement = Agreement.from_toml(TOML)
    assert Agreement.from_dict(shuffled(agreement.to_dict())).canonical() == agreement.canonical()


def test_plain_values_round_trip(content: dict[str, Any]) -> None:
    agreement = Agreement.from_dict(content)
    assert Agreement.from_dict(json.loads(agreement.canonical())) == agreement


@pytest.mark.parametrize("kind", FIELD_TYPES)
def test_in_the_profile_fields_every_type_gets_the_same_resolution(kind: str) -> None:
    """Budgets are no weights there: whatever the type, a value draws 35 % of the field's own filter."""
    content = {
        "format": "pprl-agreement/1",
        "project": "p",
        "profile": "fields",
        "field": [{"name": "x", "type": kind}],
    }
    agreement = Agreement.from_dict(content)
    assert agreement.filter.bits == 512
    assert (agreement.field[0].budget, agreement.field[0].q) == (179, FIELD_TYPES[kind].q)
    longer = Agreement.from_dict({**content, "filter": {"bits": 1000}})
    assert (longer.filter.bits, longer.field[0].budget) == (1000, 350)
    own = {"name": "x", "type": kind, "budget": 7}
    assert Agreement.from_dict({**content, "field": [own]}).field[0].budget == 7


@settings(max_examples=60, deadline=None)
@given(st.integers(64, 65536))
def test_default_budgets_are_allowed_and_fill_a_filter_well(bits: int) -> None:
    """A third of the filter, a little less for what falls on the same place; the largest filters hit the limit."""
    budget = default_budget("surname", "fields", bits)
    assert 1 <= budget <= 4096
    if budget < 4096:
        assert 0.25 < 1 - (1 - 1 / bits) ** budget < 0.35


@pytest.mark.parametrize(("profile", "filters"), [("record", 1), ("fields", 2)])
def test_filters_of_a_record(profile: str, filters: int) -> None:
    agreement = Agreement.from_toml(f'profile = "{profile}"\n{TOML}')
    assert agreement.filters_per_record() == filters
    assert agreement.filter_bits() == 1024


def test_profiles_are_told_apart() -> None:
    """A party that drafted another profile hears so, and not of budgets alone."""
    one, other = (Agreement.from_toml(f'profile = "{name}"\n{TOML}') for name in PROFILES)
    assert differing_parameters(one, other)[0] == "profile ('record' against 'fields')"


CHANGES: dict[str, Change] = {
    "project": lambda c: c.update(project="other"),
    "profile": lambda c: c.update(profile="fields"),
    "filter.bits": lambda c: c["filter"].update(bits=1025),
    "hardening.method": lambda c: c["hardening"].update(method="xor-fold"),
    "field[1].name": lambda c: (
        c["field"][0].update(name="last_name"),
        c["blocking"][0].update(keys=["soundex(last_name)", "year(date_of_birth)"]),
    ),
    "field[1].type": lambda c: c["field"][0].update(type="given-name"),
    "field[1].budget": lambda c: c["field"][0].update(budget=91),
    "field[1].q": lambda c: c["field"][0].update(q=3),
    "field[2].budget": lambda c: c["field"][1].update(budget=101),
    "field (2 against 3 entries)": lambda c: c["field"].append({"name": "sex", "type": "sex"}),
    "blocking[1].keys[1]": lambda c: c["blocking"][0]["keys"].__setitem__(0, "metaphone(surname)"),
    "blocking[1].keys (2 against 1 entries)": lambda c: c["blocking"][0]["keys"].pop(),
    "blocking (1 against 0 entries)": lambda c: c["blocking"].clear(),
    "matching.threshold": lambda c: c["matching"].update(threshold=0.8),
    "matching.blocking": lambda c: c["matching"].update(blocking="keys"),
    "matching.assign": lambda c: c["matching"].update(assign="many-to-many"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_parameter_changes_the_fingerprint_and_is_named(
    content: dict[str, Any], name: str
) -> None:
    agreement = Agreement.from_dict(content)
    changed_content = copy.deepcopy(content)
    CHANGES[name](changed_content)
    changed = Agreement.from_dict(changed_content)
    assert changed.fingerprint() != agreement.fingerprint()
    differing = differing_parameters(agreement, changed)
    assert differing[0].startswith(name)
    assert differing_parameters(changed, changed) == []
    same_bits = changed.encoding_fingerprint() == agreement.encoding_fingerprint()
    assert same_bits == name.startswith("matching.")


def test_every_entry_has_a_change_above(content: dict[str, Any]) -> None:
    """A new parameter must come with a test that it changes the fingerprint."""

    def leaves(value: Any, name: str) -> set[str]:
        if isinstance(value, dict):
            return {
                n for key, item in value.items() for n in leaves(item, f"{name}.{key}".lstrip("."))
            }
        if isinstance(value, list):
            return leaves(value[0], f"{name}[1]")
        return {name}

    frozen = {"format", "normalisation"}
    assert leaves(content, "") - frozen <= set(CHANGES)


def test_differing_values_are_shown() -> None:
    other = Agreement.from_toml(TOML.replace("1024", "512"))
    found = differing_parameters(Agreement.from_toml(TOML), other)
    assert found == ["filter.bits (1024 against 512)"]


@pytest.mark.parametrize(
    ("old", "new", "where", "known"),
    [
        ("format =", "colour = 1\nformat =", "'colour'", "project"),
        ("bits = 1024", "bits = 1024\nhashes = 3", "'filter.hashes'", "bits"),
        ('type = "surname"', 'type = "surname"\nweight = 3', "'field[1].weight'", "budget"),
        ("[[blocking]]", '[[blocking]]\nname = "x"', "'blocking[1].name'", "keys"),
        ("[filter]", "[matching]\nfoo = 1\n[filter]", "'matching.foo'", "assign"),
        ("[filter]", "[hardening]\nfoo = 1\n[filter]", "'hardening.foo'", "method"),
    ],
)
def test_unknown_entries_are_refused_at_each_level(
    old: str, new: str, where: str, known: str
) -> None:
    error = refusal(TOML.replace(old, new, 1))
    assert error.problem == f"linkage.toml: unknown entry {where}"
    assert error.hint is not None
    assert error.hint.startswith("Known entries there:")
    assert known in error.hint


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('format = "pprl-agreement/1"', "", "the entry 'format' is missing"),
        ("pprl-agreement/1", "pprl-agreement/2", "format"),
        ('project = "health and education"', "", "the entry 'project' is missing"),
        ('"health and education"', '""', "project"),
        ('"health and education"', "2020-01-01", "a value of a kind that no entry takes"),
        ("bits = 1024", "bits = 63", "filter.bits"),
        ("bits = 1024", "bits = 65537", "filter.bits"),
        ("bits = 1024", "bits = 1024.0", "filter.bits"),
        ("bits = 1024", 'bits = "1024"', "filter.bits"),
        ("bits = 1024", "bits = true", "filter.bits"),
        ("bits = 1024", "bits = " + "9" * 5000, "not valid TOML"),
        ("bits = 1024", "bits = " + "[" * 5000, "not valid TOML"),
        ('name = "surname"', 'name = "Surname"', "field[1].name"),
        ('name = "surname"', 'name = "surname\\n"', "field[1].name"),
        ('name = "surname"', "", "the entry 'field[1].name' is missing"),
        ('name = "surname"', 'name = "date_of_birth"', "the field 'date_of_birth' is named twice"),
        ('type = "surname"', 'type = "last-name"', "type must be one of: given-name"),
        ('type = "surname"', "", "the entry 'field[1].type' is missing"),
        ('type = "surname"', 'type = "surname"\nq = 0', "q must be 1, 2 or 3"),
        ('type = "surname"', 'type = "surname"\nq = 4', "field[1].q"),
        ('type = "date"', 'type = "date"\nq = 2', "q does not apply to the type date"),
        ("budget = 100", "budget = 0", "field[2].budget"),
        ("budget = 100", "budget = 4097", "field[2].budget"),
        ("[filter]", '[hardening]\nmethod = "rot13"\n[filter]', "hardening.method"),
        ("[filter]", "[matching]\nthreshold = 0\n[filter]", "matching.threshold: must be"),
        ("[filter]", "[matching]\nthreshold = 1.01\n[filter]", "matching.threshold: must be"),
        ("[filter]", "[matching]\nthreshold = nan\n[filter]", "matching.threshold: must be"),
        ("[filter]", '[matching]\nthreshold = "0.8"\n[filter]', "matching.threshold: must be"),
        ("[filter]", "[matching]\nthreshold = true\n[filter]", "matching.threshold: must be"),
        ("bits = 1024", 'bits = 1025\n[hardening]\nmethod = "xor-fold"', "even number"),
        ("format =", 'profile = "columns"\nformat =', "profile"),
        ("format =", "profile = 3\nformat =", "profile"),
        ("format =", 'profile = ["fields"]\nformat =', "profile"),
        ("format =", 'profile = "fields"\nhardening.method = "xor-fold"\nformat =', "look missing"),
        ("[[blocking]]", "[[blocking]]\nkeys = []\n[[blocking]]", "blocking[1].keys"),
        ("soundex(surname)", "soundex(town)", "'town', which is not a field"),
        ("soundex(surname)", "soundex(date_of_birth)", "soundex() does not apply to the date"),
        ("soundex(surname)", "year(surname)", "year() does not apply to the surname"),
        ("soundex(surname)", "sounds(surname)", "is not of the form function(field)"),
        ("soundex(surname)", "surname", "is not of the form function(field)"),
        ("soundex(surname)", "soundex(surname)\\n", "is not of the form function(field)"),
        ("soundex(surname)", "soundex( surname)", "is not of the form function(field)"),
        ("bits = 1024", "bits = 1024\nbits = 1024", "not valid TOML"),
        ("[filter]", "[filter", "not valid TOML"),
    ],
)
def test_contradictions_are_refused_and_named(old: str, new: str, says: str) -> None:
    assert old in TOML
    text = TOML.replace(old, new, 1)
    assert says in refusal(text).problem
    if "profile" not in new and "xor-fold" not in new:
        assert says in refusal(f'profile = "fields"\n{text}').problem


def test_keys_blocking_needs_a_pass() -> None:
    start, _ = TOML.split("[[blocking]]")
    assert "no [[blocking]] pass" in refusal(start + '[matching]\nblocking = "keys"').problem


def test_key_functions_name_known_types_only() -> None:
    assert {kind for kinds in KEY_FUNCTIONS.values() for kind in kinds} <= set(FIELD_TYPES)


@pytest.mark.parametrize(("method", "bits"), [("none", 1000), ("xor-fold", 500)])
def test_length_after_hardening(method: str, bits: int) -> None:
    text = TOML.replace("bits = 1024", f'bits = 1000\n[hardening]\nmethod = "{method}"')
    assert Agreement.from_toml(text).filter_bits() == bits


@pytest.mark.parametrize(
    "content", [[], "x", None, 3, {"project": {1}}, {"project": "\ud800"}, {"field": {}}]
)
def test_values_of_no_agreement_are_refused(content: Any) -> None:
    with pytest.raises(AgreementError):
        Agreement.from_dict(content)


def test_endless_nesting_is_refused() -> None:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(AgreementError):
        Agreement.from_dict({"project": nested})
    while nested:  # taken apart by hand: freeing it at once would recurse as deeply
        nested = nested[0]


def test_agreement_cannot_be_changed() -> None:
    agreement = Agreement.from_toml(TOML)
    with pytest.raises(ValueError, match="frozen"):
        agreement.project = "x"


def test_file_with_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "linkage.toml"
    path.write_bytes(TOML.encode("utf-8-sig"))
    assert Agreement.load(path) == Agreement.load(str(path)) == Agreement.from_toml(TOML)


def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b'project = "pr\xe9nom"')
    (tmp_path / "people.csv").write_text("name,id\nZaphod,1\n")
    for name, says in [
        ("absent", "no such file"),
        ("latin", "is not UTF-8"),
        (".", "can't be read"),
        ("people.csv", "is not valid TOML"),
    ]:
        with pytest.raises(AgreementError, match=says) as caught:
            Agreement.load(tmp_path / name)
        assert "Zaphod" not in str(caught.value)


def test_an_endless_file_is_not_read_whole(tmp_path: Path) -> None:
    """One mebibyte is enough for any agreement."""
    path = tmp_path / "linkage.toml"
    path.write_text(TOML + "#" * ((1 << 20) - len(TOML)), encoding="utf-8")
    assert Agreement.load(path) == Agreement.from_toml(TOML)
    path.write_text(TOML + "#" * ((1 << 20) - len(TOML) + 1), encoding="utf-8")
    with pytest.raises(AgreementError, match="too long"):
        Agreement.load(path)


def test_plain_text_has_nothing_that_a_terminal_obeys() -> None:
    """No control, format or private character and no space but U+0020; all other characters stay."""
    for code in range(0x110000):
        ch = chr(code)
        kind = unicodedata.category(ch)
        if kind in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") or (kind == "Zs" and ch != " "):
            assert only_plain(ch) == "\ufffd", f"U+{code:04X}"
        elif kind != "Cn" and code < 0xE0000 and code != 0xFFFD:
            assert only_plain(ch) == ch, f"U+{code:04X}"


@pytest.mark.parametrize(
    "text", ["a\x1b[31m", "a\nb", "a\u202eb", "a\u200bb", "\x9b2J", "a\u00a0b"]
)
def test_project_that_a_terminal_would_obey_is_refused(text: str) -> None:
    error = refusal(TOML.replace('"health and education"', json.dumps(text)))
    assert "project: may hold no control, format or other invisible character" in error.problem
    assert error.problem.isprintable()
