"""What goes wrong around Spark is told with a remedy, and without a word of what Spark says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pprl.base.errors import PprlError, UsageError
from pprl.engines.failures import explained, explaining, no_java
from pprl.engines.options import SparkOptions
from pprl.engines.spark import SparkEngine

SECRET = "0x5EC2E7"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("PythonException: ModuleNotFoundError: No module named 'pprl'", "does not have pprl"),
        ("[PYTHON_VERSION_MISMATCH] Python in worker has different version", "a different version"),
        ('java.io.IOException: Cannot run program "/x/python": error=2', "no Python"),
        ("[FAILED_READ_FILE.FILE_NOT_EXIST] Encountered error", "not where the driver has it"),
        ("org.apache.hadoop.security.AccessControlException: denied", "may not read"),
        ("java.io.IOException: No space left on device", "is full"),
        ("java.lang.OutOfMemoryError: Java heap space", "out of memory"),
        ("Python worker exited unexpectedly (crashed)", "a Python worker died"),
        ("ExecutorLostFailure (executor 3 exited)", "lost workers"),
        ("Cannot call methods on a stopped SparkContext.", "can't be reached"),
        ("ValueError: a filter has another length than the agreement says", "a different file"),
        ("[SOME_ERROR.OF_SPARK] org.apache.spark.SparkException: it", "SOME_ERROR.OF_SPARK"),
        ("nothing that anybody knows", "the Spark job failed: RuntimeError"),
    ],
)
def test_failures_have_a_problem_and_a_hint(text: str, problem: str) -> None:
    told = explained(RuntimeError(f"{text}\n value {SECRET}"))
    assert problem in told.problem
    assert told.hint
    assert SECRET not in told.problem + told.hint


def test_an_error_that_cannot_be_read_is_a_cluster_that_is_gone() -> None:
    class GoneError(Exception):
        def __str__(self) -> str:
            raise ConnectionRefusedError

    assert "can't be reached" in explained(GoneError()).problem


def test_errors_of_our_own_pass() -> None:
    with pytest.raises(UsageError, match="mine"), explaining():
        raise UsageError("mine")
    with pytest.raises(ZeroDivisionError), explaining():
        _ = 1 / 0
    with pytest.raises(PprlError, match="can't be reached"), explaining():
        raise ConnectionResetError


@pytest.mark.parametrize(
    ("log", "problem"),
    [
        ("", "none was found"),
        ("JAVA_HOME is not set", "none was found"),
        ("java.lang.UnsupportedClassVersionError: org/apache/spark", "too old"),
        ("Master must either be yarn or start with spark, k8s, or local", "kind of master"),
        ("something else", "did not start"),
    ],
)
def test_java_that_does_not_start(log: str, problem: str) -> None:
    assert problem in no_java(log).problem


@pytest.mark.parametrize(
    "given",
    [
        {"master": " "},
        {"settings": {"executor.memory": "1g"}},
        {"settings": {"spark.authenticate.secret": SECRET}},
        {"settings": {"spark.hadoop.fs.s3a.access.key": SECRET}},
        {"partition_rows": 0},
        {"patience": 0.0},
    ],
)
def test_options_that_cannot_be_meant_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(UsageError) as caught:
        SparkOptions(**given)  # type: ignore[arg-type]
    assert SECRET not in str(caught.value) + str(caught.value.hint)


@pytest.mark.parametrize(
    ("profile", "passes"), [("fields", ["lsh"]), ("record", ["exhaustive"]), ("record", ["keys", "exhaustive"])]
)  # fmt: skip
def test_what_the_engine_does_not_do_is_refused_before_any_work(
    profile: str, passes: list[str]
) -> None:
    with pytest.raises(UsageError) as caught:
        SparkEngine().check(profile=profile, passes=passes)
    assert "--engine" in str(caught.value.hint)
    SparkEngine().check(profile="record", passes=["keys", "lsh"])


def test_the_package_does_without_pyspark() -> None:
    """No module loads PySpark before a session is asked for; without it there is a remedy."""
    script = (
        "import sys; sys.modules['pyspark'] = None\n"
        "import pprl.engines.work, pprl.cli.match\n"
        "from pprl.engines.spark import SparkEngine\n"
        "from pprl.base.errors import UsageError\n"
        "try:\n    SparkEngine().open()\n"
        "except UsageError as error:\n    print(error.hint)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout == "pip install 'pprl-kit[spark]'\n"


def test_no_java_is_told_with_a_remedy(tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    script = (
        "from pprl.engines.spark import SparkEngine\n"
        "from pprl.base.errors import UsageError\n"
        "try:\n    SparkEngine().open()\n"
        "except UsageError as error:\n    print(error.problem, error.hint)"
    )
    environment = {**os.environ, "JAVA_HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env=environment,
    )
    assert "Java" in done.stdout
    assert "openjdk-17-jre-headless" in done.stdout
    assert "Exception" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []
