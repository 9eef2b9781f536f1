"""A driver beside a small cluster: the command, and a scan that a worker does not live through.

python cluster_walk.py FOLDER
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from pathlib import Path

import numpy as np
from pprl.cli.main import call
from spark_house import Cluster, cluster

from pprl.engines.options import SparkOptions
from pprl.engines.spark import SparkEngine
from pprl.exchange.encoded.file import read_encoded
from pprl.kernels.dice import grouped_scan
from pprl.unit.blocking.engine import Source
from pprl.unit.blocking.lsh import LshPlan, bucket_codes


def main(folder: Path) -> None:
    """Print what was found as JSON."""
    a, b = (read_encoded(folder / f"{party}.parquet") for party in "ab")
    plan = LshPlan(
        costs=(100.0, 2.5),
        pool=np.arange(a.agreement.filter_bits()),
        bits_per_table=9,
        tables=6,
        completeness=1.0,
        at_threshold=1.0,
        expected_share=1.0,
    )
    positions = plan.positions()
    codes = [bucket_codes(file.words(), positions) for file in (a, b)]
    wanted = grouped_scan(a.words(), b.words(), *codes, threshold=0.7, sizes=(3, 1))[:3]
    killed: list[float] = []
    with cluster(folder, workers=2) as small:
        equal = _command_is_equal(folder, small)
        # Several rounds, so that what a dead worker had done is asked for again.
        options = SparkOptions(
            master=small.master,
            settings=small.settings(),
            partition_rows=2_000,
            shuffle_bytes=3 * (len(a) + len(b)) * 96,
            log=folder / "spark.log",
        )
        with SparkEngine(options) as engine:

            def kill(share: float) -> None:
                if share > 0.1 and not killed:
                    killed.append(share)
                    small.kill_worker()

            workers = _wait_for_workers(engine, 2)
            hits = engine.scan_buckets(
                Source.of(a),
                Source.of(b),
                positions=positions,
                threshold=0.7,
                sizes=(3, 1),
                same=False,
                progress=kill,
            )
    found = (hits.left, hits.right, hits.score)
    same = all(np.array_equal(one, other) for one, other in zip(found, wanted, strict=True))
    told = {
        "command": equal,
        "same": same,
        "killed": killed,
        "pairs": len(hits.left),
        "workers": workers,
    }
    sys.stdout.write(json.dumps(told))


def _wait_for_workers(engine: SparkEngine, number: int) -> int:
    """Return how many executors have come, which takes them seconds; that to be killed must not be the only one."""
    end = time.monotonic() + 60
    found = 0
    while found < number and time.monotonic() < end:
        time.sleep(0.2)
        context = engine._spark().sparkContext
        found = int(context._jsc.sc().getExecutorMemoryStatus().size()) - 1
    return found


def _command_is_equal(folder: Path, small: Cluster) -> bool:
    """Say whether the command writes the same links on the cluster, in a session of its own, and without."""
    files = [str(folder / f"{party}.parquet") for party in "ab"]
    settings = [f"--spark-set={name}={value}" for name, value in small.settings().items()]
    rule = ["--threshold", "0.8", "--assign", "many-to-many"]
    there = ["--engine", "spark", "--spark-master", small.master, *settings]
    for output, more in (("here", []), ("there", there)):
        asked = ["match", *files, "-o", str(folder / output), "--blocking", "lsh", *rule, *more]
        with contextlib.redirect_stdout(sys.stderr):
            if call(asked) != 0:
                return False
    return all(
        path.read_bytes() == (folder / "there" / path.name).read_bytes()
        for path in (folder / "here").iterdir()
        if path.name != "run.json"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
