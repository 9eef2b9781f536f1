"""The walk through the house in docs/architecture.md is run as it stands."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_the_walk_prints_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every value of the record that is followed through the house."""
    monkeypatch.chdir(ROOT)
    found = doctest.testfile(str(ROOT / "docs" / "architecture.md"), module_relative=False)
    assert found.attempted > 40
    assert found.failed == 0
