"""Fixtures of the statistician's side."""

from __future__ import annotations

import pytest
from quality_world import World, make_world


@pytest.fixture
def world() -> World:
    """The made-up run with its truth."""
    return make_world(estimate=True)
