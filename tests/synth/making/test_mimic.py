"""A mock twin has the agreement's own fields, whatever they are called, and can be encoded under it."""

from __future__ import annotations

from pathlib import Path

import pytest

import pprl
from pprl.base.errors import AgreementError
from pprl.exchange.agreement.model import Agreement
from pprl.party.encoding.encode import encode
from pprl.party.keys.key import Key
from pprl.synth.errors.profiles import PROFILES
from pprl.synth.making.make import make_files
from pprl.synth.making.mimic import mimic_form, more_corruptions, more_rates, starter_agreement
from pprl.synth.making.plan import PartyPlan, PopulationPlan
from pprl.tables import load_column_map


def agreement(tmp_path: Path, fields: dict[str, str]) -> Agreement:
    lines = ['format = "pprl-agreement/1"', 'project = "Twin"']
    for name, kind in fields.items():
        lines += ["[[field]]", f'name = "{name}"', f'type = "{kind}"']
    path = tmp_path / "linkage.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Agreement.load(path)


ALL = {
    "who": "full-name", "born": "date", "gender": "sex", "street": "address", "place": "locality",
    "plz": "postcode", "mobile": "phone", "landline": "phone", "mail": "email", "nhs": "identifier", "region": "code",
}  # fmt: skip


@pytest.mark.parametrize("country", ["gb", "fr", "pl"])
@pytest.mark.parametrize("profile", ["none", "heavy"])
def test_a_twin_has_the_agreements_fields_and_encodes_under_it(
    tmp_path: Path, country: str, profile: str
) -> None:
    terms = agreement(tmp_path, ALL)
    plan = PopulationPlan(people=300, country=country, profile=profile, towns=3)
    made = make_files(plan, tmp_path / "twin", like=terms)
    key = Key.generate()
    for party in "ab":
        frame = pprl.read_csv_text(tmp_path / "twin" / f"{party}.csv")
        assert list(frame.columns) == ["record_id", *ALL]
        done = encode(frame, terms, key, party=party, id_column="record_id")
        assert done.row_counts.unreadable == dict.fromkeys(done.row_counts.unreadable, 0)
        errors = made.about["files"][party]["errors"]
        if profile == "heavy":
            own = more_corruptions(("phone", "phone2", "email", "identifier", "code"))
            assert all(errors[corruption.name]["made"] > 0 for corruption in own)
        else:
            assert errors == {}
            assert (frame != "").all(axis=None)
    assert not (tmp_path / "twin" / "linkage.toml").exists()


def test_names_choose_the_former_surname_and_the_middle_name(tmp_path: Path) -> None:
    fields = {
        "first": "given-name",
        "middle": "given-name",
        "last": "surname",
        "maiden_name": "surname",
        "tel1": "phone",
        "tel2": "phone",
    }
    form = mimic_form(agreement(tmp_path, fields), PartyPlan(name="a"))
    assert dict(form.columns) == {
        "first": ("given_name",), "middle": ("middle_name",), "last": ("surname",),
        "maiden_name": ("former_surname",), "tel1": ("phone",), "tel2": ("phone2",),
    }  # fmt: skip
    alone = mimic_form(
        agreement(tmp_path, {"first": "given-name", "last": "surname"}), PartyPlan(name="a")
    )
    assert alone.columns["first"] == ("given_name", "middle_name")


def test_the_id_column_keeps_out_of_the_fields_way(tmp_path: Path) -> None:
    terms = agreement(
        tmp_path, {"record_id": "identifier", "own_record_id": "code", "last": "surname"}
    )
    assert mimic_form(terms, PartyPlan(name="a")).id == "own_own_record_id"


def test_a_second_birthday_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    terms = agreement(folder, {"born": "date", "baptised": "date"})
    with pytest.raises(AgreementError, match="baptised") as refusal:
        make_files(PopulationPlan(people=20), tmp_path / "twin", like=terms)
    assert refusal.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


@pytest.mark.parametrize("profile", PROFILES)
def test_made_up_fields_have_errors_of_their_own(profile: str) -> None:
    fields = ("surname", "former_surname", "phone", "email")
    names = [corruption.name for corruption in more_corruptions(fields)]
    changed = sorted(
        field for corruption in more_corruptions(fields) for field in corruption.fields
    )
    assert changed == ["email", "email", "phone", "phone"]
    assert set(more_rates(fields, profile)) == set(names)
    assert any(more_rates(fields, profile).values()) == (profile != "none")


def test_the_starter_agreement_is_valid(tmp_path: Path) -> None:
    path = tmp_path / "linkage.toml"
    path.write_text(
        starter_agreement(PopulationPlan(), ["surname", "sex", "phone", "date_of_birth"]),
        encoding="utf-8",
    )
    assert {field.name for field in Agreement.load(path).field} == {
        "surname",
        "sex",
        "date_of_birth",
    }


@pytest.mark.parametrize("fields", [{"last": "surname", "born": "date"}, {"last": "surname"}, ALL])
def test_the_column_map_of_a_twin_uses_the_agreements_names(
    tmp_path: Path, fields: dict[str, str]
) -> None:
    terms = agreement(tmp_path, fields)
    make_files(PopulationPlan(people=50), tmp_path / "twin", like=terms)
    frame = pprl.read_csv_text(tmp_path / "twin" / "b.csv")
    columns = load_column_map(tmp_path / "twin" / "b.columns.toml")
    assert columns.columns == {name: (name,) for name in fields}
    assert set(columns.dates) == {"born"} & set(fields)
    done = encode(frame, terms, Key.generate(), party="b", id_column="record_id", columns=columns)
    assert done.row_counts.unreadable == dict.fromkeys(done.row_counts.unreadable, 0)


def test_a_former_surname_is_written_in_the_partys_case(tmp_path: Path) -> None:
    terms = agreement(tmp_path, {"last": "surname", "maiden": "surname"})
    plan = PopulationPlan(people=200, files=1, party=(PartyPlan(name="a", case="upper"),))
    make_files(plan, tmp_path / "twin", like=terms)
    frame = pprl.read_csv_text(tmp_path / "twin" / "a.csv")
    assert frame["last"].str.isupper().sum() > 100
    assert (frame["maiden"] == frame["maiden"].str.upper()).all()
