"""One Spark session for all tests, and small files that the unit could link alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from spark_house import BRIEF, missing

from pprl.engines.options import SparkOptions
from pprl.engines.spark import SparkEngine
from pprl.exchange.agreement.model import Agreement
from pprl.exchange.encoded.file import EncodedFile, read_encoded, seal_header, write_encoded

BITS = 256

Draw = Callable[..., EncodedFile]


@pytest.fixture(scope="session")
def with_java() -> None:
    """Skip where Spark can't run; where it must be able to, PPRL_SPARK_TESTS=required makes that a failure."""
    lacks = missing()
    if lacks and os.environ.get("PPRL_SPARK_TESTS") == "required":
        pytest.fail(lacks)
    if lacks:
        pytest.skip(lacks)


@pytest.fixture(scope="session")
def spark(with_java: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkEngine]:
    """An engine in local mode, with its log; partitions are small, so that there are several."""
    log = tmp_path_factory.mktemp("spark") / "spark.log"
    settings = {"spark.driver.extraJavaOptions": BRIEF}
    options = SparkOptions(master="local[2]", log=log, partition_rows=2_000, settings=settings)
    with SparkEngine(options) as engine:
        yield engine


@pytest.fixture(scope="session")
def draw_file() -> Draw:
    """Give a function that writes an encoded file of made-up filters and reads it again.

    Records of the same `people` are near-copies of each other; `crowd` of the filters are nearly the same, as those of
    records are that lack most fields. `keys` has as many columns as there are passes.
    """

    def draw(
        folder: Path,
        party: str,
        people: npt.NDArray[np.int64],
        *,
        seed: int,
        crowd: float = 0.0,
        keys: npt.NDArray[np.uint64] | None = None,
    ) -> EncodedFile:
        rng = np.random.default_rng(seed)
        everybody = np.random.default_rng(0).random((int(people.max()) + 1, BITS)) < 0.4
        dense = everybody[people] ^ (rng.random((len(people), BITS)) < 0.03)
        alike = rng.random(len(people)) < crowd
        dense[alike] = everybody[0] ^ (rng.random((int(alike.sum()), BITS)) < 0.03)
        passes = 0 if keys is None else keys.shape[1]
        agreement = Agreement.from_dict(
            {
                "format": "pprl-agreement/1",
                "project": "test",
                "filter": {"bits": BITS},
                "field": [{"name": "surname", "type": "surname"}],
                "blocking": [{"keys": ["soundex(surname)"]}] * passes,
            }
        )
        order = np.sort(rng.choice(2**48, len(people), replace=False))
        pseudonyms = np.zeros((len(people), 16), np.uint8)
        pseudonyms[:, :8] = order.astype(">u8").view(np.uint8).reshape(-1, 8)
        filters = np.packbits(dense, axis=1, bitorder="little")
        held = np.zeros((len(people), 0), np.uint64) if keys is None else keys
        header = seal_header(
            agreement,
            pseudonyms,
            filters,
            held,
            key_check="0" * 32,
            party=party,
            rows_read=len(people),
            software="test",
        )
        made = EncodedFile(
            header=header, agreement=agreement, pseudonyms=pseudonyms, filters=filters, keys=held
        )
        write_encoded(made, folder / f"{party}.parquet", force=True)
        return read_encoded(folder / f"{party}.parquet")

    return draw
