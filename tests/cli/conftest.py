"""The road on the sample data, walked once, and a small desk of files that each test may spoil."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pandas as pd
import pytest
from cli_house import (
    MARK,
    SAMPLE,
    YEAR,
    Outcome,
    Refuse,
    Road,
    assert_refused,
    csv_text,
    encode_arguments,
    pprl,
    snapshot,
)

AGREEMENT = """\
format = "pprl-agreement/1"
project = "Desk"
[[field]]
name = "given_name"
type = "given-name"
[[field]]
name = "surname"
type = "surname"
[[field]]
name = "date_of_birth"
type = "date"
[[field]]
name = "address"
type = "address"
[[blocking]]
keys = ["soundex(surname)", "year(date_of_birth)"]
"""
HEADER = ["id", "given_name", "surname", "date_of_birth", "address"]


def people(party: str, count: int = 40) -> list[list[str]]:
    """Return people, the same in every party but for their ids; each value carries the mark."""
    draw = random.Random(5)

    def word() -> str:
        return MARK.title() + "".join(draw.choices("abcdefghijklmnoprstuvwy", k=7))

    rows = [
        [
            f"{party}-{MARK}-{n:04d}",
            word(),
            word(),
            f"{YEAR}-{draw.randint(1, 12):02d}-{draw.randint(13, 28)}",
            f"{draw.randint(1, 99)} {word()} Road",
        ]
        for n in range(count)
    ]
    return [HEADER, *rows]


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every artefact of a small linkage of the parties a and b."""
    folder = tmp_path_factory.mktemp("stock")
    (folder / "linkage.toml").write_text(AGREEMENT, encoding="utf-8")
    for key in ("parties.key", "other.key"):
        assert pprl("keygen", key, cwd=folder).code == 0
    truth = [["party", "id", "person"]]
    for party in ("a", "b"):
        rows = people(party)
        (folder / f"{party}.csv").write_text(csv_text(rows), encoding="utf-8")
        truth += [[party, row[0], f"{MARK}{n}"] for n, row in enumerate(rows[1:])]
        done = pprl(*encode_arguments(party), cwd=folder)
        assert done.code == 0, done
    (folder / "truth.csv").write_text(csv_text(truth), encoding="utf-8")
    done = pprl("match", "a.parquet", "b.parquet", "-o", "links", "--threshold", 0.9, cwd=folder)
    assert done.code == 0, done
    return folder


@pytest.fixture
def desk(stock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the stock, which is the current folder of the test."""
    folder = tmp_path / "desk"
    shutil.copytree(stock, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def refuse(desk: Path) -> Refuse:
    """Run a command that must be refused and must leave the desk as it was, to the byte."""

    def run(code: int, *arguments: object, says: tuple[str, ...] = ()) -> Outcome:
        before = snapshot(desk)
        outcome = pprl(*arguments)
        assert_refused(outcome, code, *says)
        assert outcome.out == "", "a refusal prints no result"
        assert snapshot(desk) == before
        return outcome

    return run


@pytest.fixture(scope="session")
def road(tmp_path_factory: pytest.TempPathFactory) -> Road:
    """Walk from a file to the parties' own ids, one command a step."""
    road = Road(tmp_path_factory.mktemp("road"))
    health, education = SAMPLE / "health.csv", SAMPLE / "education.csv"
    road.walk(
        "init", "init", health, "-o", "linkage.toml", "--project", "Road", "--columns-out", "h.toml"
    )
    road.walk("keygen", "keygen", "parties.key")
    agreed = ["--agreement", "linkage.toml"]
    own = [*agreed, "--columns", "h.toml", "--id", "patient_no"]
    other = [*agreed, "--columns", SAMPLE / "education.columns.toml", "--id", "pupil_ref"]
    secret = ["--key", "parties.key"]
    road.walk("check", "check", health, *own)
    road.walk(
        "health", "encode", health, *own, *secret, "--party", "health", "-o", "health.parquet"
    )
    road.walk(
        "education", "encode", education, *other, *secret, "--party", "education", "-o",
        "education.parquet",
    )  # fmt: skip
    road.walk("inspect", "inspect", "health.parquet")
    road.walk("match", "match", "health.parquet", "education.parquet", "-o", "links")
    road.walk(
        "evaluate", "evaluate", "links", "--truth", SAMPLE / "truth.csv",
        "--ids", "health.ids.csv", "--ids", "education.ids.csv", "-o", "report.html",
    )  # fmt: skip
    road.walk("resolve", "resolve", "links/links-health.csv", "--ids", "health.ids.csv")
    return road


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Encoded files of a quarter of the sample's people: health, education, a third party and one with duplicates."""
    folder = tmp_path_factory.mktemp("parts")
    assert pprl("keygen", "parties.key", cwd=folder).code == 0
    truth = pd.read_csv(SAMPLE / "truth.csv", dtype=str)
    chosen = truth[truth["person"].astype(int) % 4 == 0]
    frames = {}
    for party, column in (("health", "patient_no"), ("education", "pupil_ref")):
        frame = pd.read_csv(SAMPLE / f"{party}.csv", dtype=str, keep_default_na=False)
        ids = chosen.loc[chosen["party"] == party, "id"]
        frames[party] = frame[frame[column].isin(ids)]
    some = frames["health"].iloc[:400]
    frames["registry"] = some.assign(patient_no="R" + some["patient_no"])
    copies = some.iloc[:100]
    frames["twice"] = pd.concat([some, copies.assign(patient_no="T" + copies["patient_no"])])
    for party, frame in frames.items():
        frame.to_csv(folder / f"{party}.csv", index=False)
        like = "education" if party == "education" else "health"
        done = pprl(
            "encode", f"{party}.csv", "--agreement", SAMPLE / "linkage.toml", "--key", "parties.key",
            "--columns", SAMPLE / f"{like}.columns.toml", "--party", party,
            "--id", frame.columns[0], "-o", f"{party}.parquet", cwd=folder,
        )  # fmt: skip
        assert done.code == 0, done
    third = chosen[(chosen["party"] == "health") & chosen["id"].isin(some["patient_no"])]
    third = third.assign(party="registry", id="R" + third["id"])
    pd.concat([chosen, third]).to_csv(folder / "truth.csv", index=False)
    return folder
