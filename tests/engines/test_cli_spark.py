"""The same command, the same links."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pprl.cli.main import call

from pprl.engines.spark import SparkEngine
from pprl.exchange.encoded.file import EncodedFile

Draw = Callable[..., EncodedFile]


@pytest.fixture(scope="module")
def folder(draw_file: Draw, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two files with half of their people in common, and a few twice."""
    folder = tmp_path_factory.mktemp("cli")
    rng = np.random.default_rng(11)
    for number, party in enumerate("ab"):
        people = np.arange(300) + 150 * number
        people[:8] = people[8:16]
        rng.shuffle(people)
        keys = np.column_stack([people % 97, people // 3]).astype(np.uint64) + np.uint64(1)
        keys[rng.random(keys.shape) < 0.3] = 0
        draw_file(folder, party, people, seed=number, keys=keys)
    return folder


@pytest.mark.parametrize(
    ("parties", "options"),
    [
        ("ab", ["--blocking", "lsh"]),
        ("ab", ["--blocking", "keys,lsh"]),
        ("ab", ["--blocking", "keys", "--threshold", "0.8", "--assign", "many-to-many"]),
        ("a", ["--blocking", "lsh", "--threshold", "0.8"]),
    ],
    ids=["lsh", "keys, then lsh", "keys", "one file"],
)
def test_links_folders_are_equal_to_the_byte(
    spark: SparkEngine, folder: Path, tmp_path: Path, parties: str, options: list[str]
) -> None:
    files = [str(folder / f"{party}.parquet") for party in parties]
    assert spark.name == "spark"  # its session is running, and the command uses it
    runs = {}
    for engine in ("local", "spark"):
        output = tmp_path / engine
        assert call(["match", *files, "-o", str(output), "--engine", engine, *options]) == 0
        runs[engine] = json.loads((output / "run.json").read_text())
    names = {path.name for path in (tmp_path / "local").iterdir()} - {"run.json"}
    assert len(names) > 3
    for name in names:
        assert (tmp_path / "spark" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()
    assert runs["local"]["counts"]["links"] > (3 if len(parties) == 1 else 50)
    assert {name: run["parameters"]["engine"] for name, run in runs.items()} == {
        "local": "local",
        "spark": "spark",
    }
    assert "pyspark" in runs["spark"]["software"]
    for name in ("threshold", "model", "warnings"):
        assert runs["local"][name] == runs["spark"][name]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--engine", "spark", "--blocking", "exhaustive"], "needs buckets"),
        (["--spark-master", "local[2]"], "--engine spark"),
        (["--engine", "spark", "--spark-set", "spark.executor.memory"], "no value"),
        (["--engine", "spark", "--spark-set", "spark.x.password=y"], "visible to everybody"),
        (["--engine", "cluster"], "cluster"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    spark: SparkEngine,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    says: str,
) -> None:
    files = [str(folder / f"{party}.parquet") for party in "ab"]
    assert call(["match", *files, "-o", str(tmp_path / "links"), *options]) == 2
    told = capsys.readouterr()
    assert says in told.err
    assert "pprl: hint: " in told.err
    assert not (tmp_path / "links").exists()
