"""Spark's failures in words that an operator can act on, without a Java stack trace.

Of Spark's own message only the names of error classes are passed on: the rest may hold paths, host names or even data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from pprl.base.errors import PprlError, UsageError

__all__ = [
    "explained",
    "explaining",
    "no_java",
    "no_pyspark",
    "no_worker",
    "other_file",
    "unreachable",
]

_GUIDE = "docs/spark.md says how"

_KNOWN: tuple[tuple[str, str, str], ...] = (
    (
        r"No module named '?(pprl|numba|pyarrow|numpy|mmh3|pandas|pydantic)",
        "the workers' Python does not have pprl",
        "Install the same version of pprl-kit[spark] for the Python that the workers run, and name it with the setting "
        f"spark.pyspark.python; {_GUIDE}.",
    ),
    (
        r"PYTHON_VERSION_MISMATCH|Python in worker has different version",
        "the workers run a different version of Python from the driver",
        "Name the same version with the setting spark.pyspark.python.",
    ),
    (
        r"Cannot run program|PYTHON_DAEMON|error=2, No such file",
        "the workers have no Python where the driver has its own",
        "Name theirs with the setting spark.pyspark.python; it must have pprl-kit[spark].",
    ),
    (
        r"PATH_NOT_FOUND|FILE_NOT_EXIST|FILE_NOT_FOUND|FileNotFoundException",
        "the workers can't read an encoded file: it is not where the driver has it",
        "Put the encoded files on storage that all workers share under the same path, or name the folder or URL where "
        "the workers find them with --spark-data.",
    ),
    (
        r"AccessControlException|AccessDenied|Permission denied",
        "the workers may not read an encoded file, or may not write their temporary files",
        "Give the user that Spark runs as the right to read the files.",
    ),
    (
        r"No space left on device|Disk quota exceeded",
        "a disk that Spark writes its temporary files to is full",
        "Give spark.local.dir (on a cluster: the workers' SPARK_LOCAL_DIRS) more room.",
    ),
    (
        r"maxResultSize",
        "the pairs found exceed the session's spark.driver.maxResultSize",
        "Raise it, or raise the threshold.",
    ),
    (
        r"OutOfMemoryError|exceeding .{0,20}memory limit|exit(ed)? (code|status)?:? ?137",
        "Spark ran out of memory",
        "Raise spark.executor.memory (in local mode spark.driver.memory) and spark.executor.memoryOverhead.",
    ),
    (
        r"Python worker exited unexpectedly|Python worker failed to connect back",
        "a Python worker died, most often from lack of memory",
        "Raise spark.executor.memoryOverhead, or give the executors fewer cores each.",
    ),
    (
        r"ExecutorLostFailure|ExecutorDeadException|executor .{0,40}lost",
        "Spark lost workers again and again",
        "Look in the cluster's own log for the reason, then run again.",
    ),
    (
        r"Invalid master|Could not parse Master URL|INVALID_MASTER",
        "Spark does not know this kind of master",
        "For example local[*], spark://HOST:7077 or yarn.",
    ),
    (
        r"All masters are unresponsive|stopped SparkContext|SparkContext was shut down|Master removed our application"
        r"|Connection refused|Failed to connect|UnknownHost|Py4JNetworkError|ConnectionRefusedError"
        r"|ConnectionResetError|Answer from Java side is empty|INVALID_SPARK_SESSION",
        "the Spark cluster can't be reached, or has ended the application",
        "Check the master's URL, that it runs, and that it has the same version of Spark.",
    ),
    (
        r"ValueError: a (filter|key) ",
        "a worker reads a different file from the driver",
        "Copy the encoded files to the shared storage again.",
    ),
)

_CLASSES = re.compile(
    r"\[([A-Z][A-Z0-9_.]{3,80})\]|\b(?:[a-z]\w*\.){2,}([A-Z]\w*(?:Exception|Error))\b"
)


def explained(error: BaseException) -> PprlError:
    """Return what to tell the operator about an error that Spark raised."""
    try:
        text = f"{type(error).__name__}: {error}"
    except Exception:  # the message comes from the Java program, which may be gone
        return unreachable()
    for pattern, problem, hint in _KNOWN:
        if re.search(pattern, text):
            return PprlError(problem, hint=hint)
    names = dict.fromkeys(first or second for first, second in _CLASSES.findall(text))
    told = ", ".join(list(names)[:3]) or type(error).__name__
    return PprlError(
        f"the Spark job failed: {told}",
        hint="Run again with --spark-log FILE and look at the first error in it.",
    )


@contextmanager
def explaining() -> Iterator[None]:
    """Turn what PySpark raises inside the block into an error to act on; let our own errors and interrupts through."""
    try:
        yield
    except (ConnectionError, EOFError) as error:
        raise explained(error) from None
    except Exception as error:
        if type(error).__module__.split(".")[0] in ("pyspark", "py4j"):
            raise explained(error) from None
        raise


def unreachable() -> PprlError:
    """Return what to tell when the cluster does not answer."""
    problem, hint = next(told[1:] for told in _KNOWN if "stopped SparkContext" in told[0])
    return PprlError(problem, hint=hint)


def no_java(log: str) -> UsageError:
    """Return what to tell when Spark's Java program did not start, judging by its output."""
    if "Master must either be" in log:
        return UsageError(
            "Spark does not know this kind of master",
            hint="For example local[*], spark://HOST:7077 or yarn.",
        )
    old = re.search(r"UnsupportedClassVersionError|Unrecognized option|requires Java", log)
    missing = re.search(r"JAVA_HOME is not set|No such file|not found|not recognized", log)
    if old:
        problem = "the Java found is too old for Spark"
    elif missing or not log.strip():
        problem = "Spark needs a Java runtime, and none was found"
    else:
        problem = "Spark's Java program did not start"
    return UsageError(
        problem,
        hint="Install a Java runtime, version 17 or 21 (Debian, Ubuntu: apt-get install openjdk-17-jre-headless), and "
        "set JAVA_HOME if it is not on the PATH. Java is needed for --engine spark only.",
    )


def no_pyspark() -> UsageError:
    """Return what to tell when PySpark is not installed."""
    return UsageError(
        "the engine spark needs PySpark, which is not installed",
        hint="pip install 'pprl-kit[spark]'",
    )


def no_worker(seconds: float) -> PprlError:
    """Return what to tell when no worker takes the work."""
    return PprlError(
        f"no Spark worker has been there for {seconds:.0f} seconds",
        hint="Check in the cluster's own view that workers are up, and that they have the cores and the memory "
        "that an executor asks for (spark.executor.cores, spark.executor.memory).",
    )


def other_file(path: str) -> PprlError:
    """Return what to tell when the driver and the workers read different records."""
    return PprlError(
        f"the workers read different records from the driver in {path}",
        hint="They found an older or different copy: copy the encoded file to the shared storage again.",
    )
