"""In local mode Spark finds the very pairs that the unit's own kernel finds, with the same scores, to the last bit."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pprl.base.errors import EncodedFileError, PprlError
from pprl.engines.options import SparkOptions
from pprl.engines.spark import SparkEngine
from pprl.exchange.encoded.file import EncodedFile, read_encoded
from pprl.kernels.dice import grouped_scan
from pprl.unit.blocking.engine import Hits, Source
from pprl.unit.blocking.lsh import LshPlan, bucket_codes

Draw = Callable[..., EncodedFile]
SIZES = (3, 1)


def positions_of(file: EncodedFile, *, tables: int = 5, width: int = 9) -> np.ndarray:
    plan = LshPlan(
        costs=(100.0, 2.5),
        pool=np.arange(file.agreement.filter_bits()),
        bits_per_table=width,
        tables=tables,
        completeness=1.0,
        at_threshold=1.0,
        expected_share=1.0,
    )
    return plan.positions()


def local_buckets(a: EncodedFile, b: EncodedFile, positions: np.ndarray, threshold: float) -> Any:
    codes = [bucket_codes(file.words(), positions) for file in (a, b)]
    found = grouped_scan(
        a.words(), b.words(), *codes, threshold=threshold, sizes=SIZES, same=a is b
    )
    return found[:3]


def assert_equal(hits: Hits, wanted: Any) -> None:
    for got, local in zip((hits.left, hits.right, hits.score), wanted, strict=True):
        assert got.dtype == local.dtype
        np.testing.assert_array_equal(got, local)


def scan(engine: SparkEngine, a: EncodedFile, b: EncodedFile, **more: Any) -> Hits:
    shares: list[float] = []
    given = {
        "positions": positions_of(a),
        "threshold": 0.7,
        "sizes": SIZES,
        "same": a is b,
        "progress": shares.append,
        **more,
    }
    hits = engine.scan_buckets(Source.of(a), Source.of(b), **given)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    return hits


@pytest.fixture(scope="module")
def files(draw_file: Draw, tmp_path_factory: pytest.TempPathFactory) -> list[EncodedFile]:
    """Two files with people in common and twice, and a third of their filters nearly alike."""
    folder = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(5)
    made = []
    for number, (party, n) in enumerate([("a", 1000), ("b", 800)]):
        people = rng.integers(0, 2000, n)
        keys = np.column_stack([people % 700, people // 40, np.zeros(n, np.int64)])
        keys[rng.random(keys.shape) < 0.2] = 0
        held = keys.astype(np.uint64) << np.uint64(40)
        made.append(draw_file(folder, party, people, seed=number, crowd=0.3, keys=held))
    return made


@pytest.mark.parametrize("same", [False, True], ids=["two files", "one file"])
def test_lsh_is_the_local_engines_and_crowded_buckets_are_cut(
    spark: SparkEngine, files: list[EncodedFile], same: bool
) -> None:
    """A third of the records share most buckets: those go to cells of at most 100 a side, about."""
    a, b = files[0], files[0] if same else files[1]
    wanted = local_buckets(a, b, positions_of(a), 0.7)
    hits = scan(spark, a, b)
    assert len(hits.left) > 5_000
    assert_equal(hits, wanted)
    assert len(hits.compared) == 5


def test_tables_beyond_the_disks_wait_for_another_round(
    spark: SparkEngine, files: list[EncodedFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = SparkOptions(shuffle_bytes=3 * 1800 * 96, partition_rows=5_000)
    monkeypatch.setattr(spark, "options", options)
    a, b = files
    assert_equal(scan(spark, a, b), local_buckets(a, b, positions_of(a), 0.7))


def test_keys_are_the_local_engines(spark: SparkEngine, files: list[EncodedFile]) -> None:
    a, b = files
    both = np.concatenate([a.keys, b.keys])
    codes = (np.unique(both, return_inverse=True)[1].reshape(-1, 3) - 1).astype(np.int32)
    wanted = grouped_scan(
        a.words(), b.words(), codes[: len(a)], codes[len(a) :], threshold=0.5, sizes=SIZES
    )
    hits = spark.scan_keys(
        Source.of(a), Source.of(b), passes=3, threshold=0.5, sizes=SIZES, same=False,
        progress=lambda share: None,
    )  # fmt: skip
    assert len(hits.left) > 500
    assert_equal(hits, wanted[:3])


def test_some_rows_alone_are_compared_and_named_by_their_place(
    spark: SparkEngine, files: list[EncodedFile]
) -> None:
    a, b = files
    rows = np.arange(1, len(a), 3), np.arange(0, len(b), 2)
    positions = positions_of(a)
    words = a.words()[rows[0]], b.words()[rows[1]]
    codes = [bucket_codes(side, positions) for side in words]
    wanted = grouped_scan(*words, *codes, threshold=0.7, sizes=SIZES)[:3]
    one, other = Source.of(a).take(rows[0]), Source.of(b).take(np.arange(len(b)))
    hits = spark.scan_buckets(
        one, other.take(rows[1]), positions=positions, threshold=0.7, sizes=SIZES, same=False,
        progress=lambda share: None,
    )  # fmt: skip
    assert_equal(hits, wanted)


def test_a_name_full_of_wildcards_is_a_name(
    spark: SparkEngine, files: list[EncodedFile], tmp_path: Path
) -> None:
    path = tmp_path / "a [1] {b,c} été*.parquet"
    shutil.copy(files[0].source, path)
    shutil.copy(files[1].source, tmp_path / "a 1 b été.parquet")
    a = read_encoded(path)
    hits = scan(spark, a, a, positions=positions_of(a, tables=2), threshold=0.95)
    assert_equal(hits, local_buckets(a, a, positions_of(a, tables=2), 0.95))


def test_no_pair_at_all_is_an_answer(spark: SparkEngine, draw_file: Draw, tmp_path: Path) -> None:
    a = draw_file(tmp_path, "a", np.arange(20), seed=1)
    b = draw_file(tmp_path, "b", np.arange(20, 40), seed=2)
    hits = scan(spark, a, b, threshold=0.99)
    assert_equal(hits, (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)))


def test_workers_that_find_no_file_or_another_one_are_told_of(
    spark: SparkEngine, draw_file: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = draw_file(tmp_path, "a", np.arange(30), seed=1)
    monkeypatch.setattr(spark, "options", SparkOptions(data=str(tmp_path / "nowhere")))
    with pytest.raises(PprlError, match="can't read an encoded file") as caught:
        scan(spark, a, a)
    assert "--spark-data" in str(caught.value.hint)
    other = tmp_path / "other"
    other.mkdir()
    draw_file(other, "a", np.arange(30), seed=2)
    monkeypatch.setattr(spark, "options", SparkOptions(data=other.as_uri()))
    with pytest.raises(PprlError, match="read different records from the driver"):
        scan(spark, a, a)
    shutil.copy(a.source, other)
    assert_equal(scan(spark, a, a), local_buckets(a, a, positions_of(a), 0.7))


def test_a_file_that_was_replaced_or_removed_is_refused(
    spark: SparkEngine, draw_file: Draw, tmp_path: Path
) -> None:
    a = draw_file(tmp_path, "a", np.arange(30), seed=3)
    draw_file(tmp_path, "a", np.arange(30), seed=4)
    with pytest.raises(EncodedFileError, match="was replaced"):
        scan(spark, a, a)
    Path(a.source).unlink()
    with pytest.raises(EncodedFileError, match="no such file"):
        scan(spark, a, a)


def test_a_running_session_is_used_and_left_alone(
    spark: SparkEngine, draw_file: Draw, tmp_path: Path
) -> None:
    a = draw_file(tmp_path, "a", np.arange(30), seed=5)
    spark.open()
    with SparkEngine() as guest:
        scan(guest, a, a)
    assert_equal(scan(spark, a, a), local_buckets(a, a, positions_of(a), 0.7))


def test_an_interrupt_ends_the_job(spark: SparkEngine, files: list[EncodedFile]) -> None:
    def interrupt(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(spark, *files, progress=interrupt)
    assert_equal(
        scan(spark, *files, threshold=0.9), local_buckets(*files, positions_of(files[0]), 0.9)
    )


def test_the_session_keeps_to_itself(spark: SparkEngine, files: list[EncodedFile]) -> None:
    """No web page, no event log, loopback only, a private folder; no filter in the log."""
    scan(spark, *files, threshold=0.95)
    context = spark._spark().sparkContext
    assert context.uiWebUrl is None
    assert context.getConf().get("spark.eventLog.enabled") == "false"
    assert context.getConf().get("spark.driver.bindAddress") == "127.0.0.1"
    folder = Path(context.getConf().get("spark.local.dir"))
    assert folder.stat().st_mode & 0o077 == 0
    left = {"artifacts", "spark-warehouse", "metastore_db"}
    assert not {path.name for path in Path.cwd().iterdir()} & left
    assert spark.options.log is not None
    said = spark.options.log.read_bytes()
    assert b"Spark" in said
    for row in (0, 100):
        filter_ = files[0].filters[row].tobytes()
        assert filter_ not in said
        assert filter_[:8].hex().encode() not in said.lower()
