"""The examples in the docstrings of the public names are run, in order, over one small linkage."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path
from typing import Any

import pytest

import pprl

SAMPLE = Path(__file__).resolve().parent.parent / "sample_data"
ROWS = 250

ERRORS = {name for name in pprl.__all__ if name.endswith("Error")}
WITHOUT = {
    *ERRORS,
    "Engine",
    "Progress",
    "SparkEngine",
    "SparkOptions",
    "Table",
    "__version__",
    "synth",
}
"""Errors, kinds of arguments, a version, a package with tests of its own, and what takes a cluster."""

BELONG_TO = {
    "EncodedFile": "read_encoded",
    "Draft": "draft_agreement",
    "EncodedPaths": "encode_file",
    "Encoding": "encode",
    "Evaluation": "evaluate",
    "ExpectedQuality": "Links",
    "Explanation": "explain",
    "LinkTables": "LinkageJob",
    "MatchPlan": "plan_match",
    "ReadingOptions": "encode_file",
    "RowCounts": "encode_file",
    "RunRecord": "Links",
    "TableCheck": "check",
}
"""Names of what a function returns -> the name whose example shows one."""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What an example may use: names, and files in its working folder."""
    folder = tmp_path_factory.mktemp("examples")
    agreement = pprl.Agreement.load(SAMPLE / "linkage.toml")
    key = pprl.Key(bytes(range(32)))
    key.save(folder / "parties.key")
    (folder / "linkage.toml").write_bytes((SAMPLE / "linkage.toml").read_bytes())
    truth = pprl.read_truth(SAMPLE / "truth.csv")
    both = truth[truth.duplicated("person", keep=False)]["person"].drop_duplicates().head(ROWS)
    truth = truth[truth["person"].isin(both)]
    made, frames, columns = {}, {}, {}
    for party, id_column in (("health", "patient_no"), ("education", "pupil_ref")):
        frame = pprl.read_csv_text(SAMPLE / f"{party}.csv")
        frame = frame[frame[id_column].isin(truth.loc[truth["party"] == party, "id"])]
        frames[party] = frame.reset_index(drop=True)
        frames[party].to_csv(folder / f"{party}.csv", index=False)
        columns[party] = pprl.load_column_map(SAMPLE / f"{party}.columns.toml")
        (folder / f"{party}.columns.toml").write_bytes(
            (SAMPLE / f"{party}.columns.toml").read_bytes()
        )
        made[party] = pprl.encode(
            frames[party], agreement, key, party=party, id_column=id_column, columns=columns[party]
        )
        pprl.write_encoded(made[party].encoded, folder / f"{party}.parquet")
        pprl.write_id_map(made[party].id_map, folder / f"{party}.ids.csv")
    truth.to_csv(folder / "truth.csv", index=False)
    links = pprl.match([of.encoded for of in made.values()])
    pprl.write_links(links, folder / "links")
    return {
        "pprl": pprl,
        "Path": Path,
        "folder": folder,
        "agreement": agreement,
        "key": key,
        "people": frames["health"],
        "columns": columns["health"],
        "a": made["health"],
        "b": made["education"],
        "links": links,
        "truth": truth,
    }


def examples(name: str) -> list[doctest.DocTest]:
    """Return the examples of a public name, of its methods too."""
    value = getattr(pprl, name)
    module = importlib.import_module(value.__module__)
    finder = doctest.DocTestFinder(exclude_empty=True)
    return [test for test in finder.find(value, name, module, globs={}) if test.examples]


@pytest.mark.parametrize("name", sorted(set(pprl.__all__) - WITHOUT - set(BELONG_TO)))
def test_examples_run(name: str, session: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each public name has an example, and it prints what it says."""
    monkeypatch.chdir(session["folder"])
    found = examples(name)
    assert found, "no example"
    said: list[str] = []
    for test in found:
        test.globs = dict(session)
        runner = doctest.DocTestRunner(verbose=False)
        runner.run(test, out=said.append)
    assert not said, "".join(said)


def test_the_lists_of_names_are_right() -> None:
    """A name without an example of its own is shown by a function that has one."""
    assert set(pprl.__all__) >= WITHOUT | set(BELONG_TO)
    assert all(examples(shown) for shown in BELONG_TO.values())
