"""A standalone master and two worker processes on the loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pprl.exchange.encoded.file import EncodedFile

Draw = Callable[..., EncodedFile]


@pytest.mark.skipif(
    os.name == "nt", reason="a worker and its executors are killed as a process group"
)
def test_links_are_the_same_and_a_worker_that_dies_on_the_way_costs_no_pair(
    with_java: None, draw_file: Draw, tmp_path: Path
) -> None:
    rng = np.random.default_rng(8)
    for number, party in enumerate("ab"):
        draw_file(tmp_path, party, rng.integers(0, 900, 800), seed=number, crowd=0.2)
    script = Path(__file__).with_name("cluster_walk.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["command"]
    assert told["workers"] == 2
    assert told["same"]
    assert told["pairs"] > 1000
    assert told["killed"]
