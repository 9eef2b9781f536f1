"""What a scan is expected to cost, with an engine as without."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pprl.exchange.encoded.file import EncodedFile
from pprl.unit.run.options import MatchOptions
from pprl.unit.run.plan import plan_match


class Cluster:
    """An engine that does whatever it is asked for."""

    name = "cluster"

    def check(self, *, profile: str, passes: tuple[str, ...]) -> None:
        pass


@pytest.fixture(scope="module")
def files(make_encoded: Callable[..., EncodedFile], draw_files: Callable[..., Any]) -> Any:
    rng = np.random.default_rng(4)
    dense = draw_files(rng, [300, 250], 100)
    keys = [rng.integers(1, 40, (len(one), 1)).astype(np.uint64) for one in dense]
    return [
        make_encoded(one, party=party, keys=of)
        for one, party, of in zip(dense, "ab", keys, strict=True)
    ]


def test_an_lsh_takes_as_long_with_an_engine_as_its_plan_says(files: Any) -> None:
    """Not seconds for each pair, as if nothing were known of its speed."""
    cluster: Any = Cluster()
    options = MatchOptions(blocking="lsh")
    alone, with_engine = plan_match(files, options), plan_match(files, options, engine=cluster)
    assert with_engine.pairs_expected == alone.pairs_expected > 0
    assert with_engine.seconds == pytest.approx(alone.seconds)
    assert 0 < alone.seconds < 10


def test_keys_take_about_as_long_with_an_engine(files: Any) -> None:
    cluster: Any = Cluster()
    options = MatchOptions(blocking="keys")
    alone, with_engine = plan_match(files, options), plan_match(files, options, engine=cluster)
    assert 0 < with_engine.seconds < 1000 * alone.seconds
