"""The guide's figures of the sample data are those that its commands print today."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pprl

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "sample_data"
IDS = {"health": "patient_no", "education": "pupil_ref"}
COLUMNS = ("compared", "reduction", "links", "recall", "precision", "f1")


def told() -> dict[str, dict[str, float]]:
    """Read the table of blocking methods: the method -> column -> number."""
    guide = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| `(exhaustive|keys|lsh)` ((?:\| [\d.,]+(?: %)? ){6})\|$", guide, re.MULTILINE
    )
    return {
        method: dict(
            zip(COLUMNS, map(float, re.findall(r"[\d.]+", rest.replace(",", ""))), strict=True)
        )
        for method, rest in rows
    }


@pytest.fixture(scope="module")
def encodings() -> dict[str, pprl.Encoding]:
    """The threat model's files hardening/none-0."""
    agreement = pprl.Agreement.load(SAMPLE / "linkage.toml")
    return {
        party: pprl.encode(
            pprl.read_csv_text(SAMPLE / f"{party}.csv"),
            agreement,
            pprl.Key(bytes(range(32))),
            party=party,
            id_column=own,
            columns=pprl.load_column_map(SAMPLE / f"{party}.columns.toml"),
        )
        for party, own in IDS.items()
    }


@pytest.mark.parametrize("method", ["exhaustive", "keys", "lsh"])
def test_the_table_of_blocking_methods_is_of_today(
    encodings: dict[str, pprl.Encoding], method: str
) -> None:
    """If matching changed on purpose, run the commands below the table and write down what they print."""
    row = told()[method]
    links = pprl.match(
        [made.encoded for made in encodings.values()], pprl.MatchOptions(blocking=method)
    )
    counts = links.run.counts
    assert counts.pairs_compared == pytest.approx(row["compared"], rel=0.02)
    assert counts.reduction_ratio == pytest.approx(row["reduction"], abs=0.0005)
    assert counts.links == pytest.approx(row["links"], abs=5)  # three significant digits
    quality = pprl.evaluate(
        links,
        truth=pprl.read_csv_text(SAMPLE / "truth.csv"),
        ids={party: made.id_map for party, made in encodings.items()},
    ).quality
    assert quality is not None
    for name in ("recall", "precision", "f1"):
        assert 100 * getattr(quality, name).value == pytest.approx(row[name], abs=0.2), name
