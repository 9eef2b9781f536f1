"""A Spark session that keeps to itself: quiet, without a web page or an event log, its files in a private folder."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from pprl.base.errors import OutputError, PprlError
from pprl.engines.failures import explained, no_java, no_pyspark, unreachable
from pprl.engines.options import SparkOptions

__all__ = ["Session", "open_session"]

_PYTHON = "spark.pyspark.python"

_QUIET = {
    "spark.app.name": "pprl",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.eventLog.enabled": "false",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    # The plan fixes the number of partitions; Spark must not change it on the way.
    "spark.sql.adaptive.enabled": "false",
    # Pairs come back in batches; their sum is no reason to stop.
    "spark.driver.maxResultSize": "0",
}

_LOOPBACK = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    # Other users of this machine can reach its loopback too.
    "spark.authenticate": "true",
    "spark.network.crypto.enabled": "true",
    "spark.io.encryption.enabled": "true",
}


@dataclass(kw_only=True)
class Session:
    """A session, and what must be cleaned up after it.

    Attributes:
        spark: the ``SparkSession``.
        own: False if the caller had a session already, which is left as it is.
        gateway: the connection to the Java program, if it was started here.
        folder: the private folder, if there is one.
        log: the open file with Spark's messages, if there is one.
    """

    spark: Any
    own: bool
    gateway: Any = None
    folder: Path | None = None
    log: IO[bytes] | None = None

    def close(self) -> None:
        """Stop what was started here, and remove its files."""
        if not self.own:
            return
        # Whatever state Spark is in, the process is ended and the folder removed.
        with contextlib.suppress(Exception):
            self.spark.stop()
        _end(self.gateway)
        if self.log is not None:
            self.log.close()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def open_session(options: SparkOptions) -> Session:
    """Return the running session, or start one.

    Raises:
        UsageError: PySpark or Java is missing.
        OutputError: the log can't be written.
        PprlError: the cluster can't be reached.
    """
    try:
        from pyspark import SparkConf, SparkContext
        from pyspark.sql import SparkSession
    except ImportError:
        raise no_pyspark() from None
    running = SparkSession.getActiveSession()
    if running is not None:
        return Session(spark=running, own=False)
    folder = Path(tempfile.mkdtemp(prefix="pprl-spark-"))  # mode 0700
    log = _open_log(options.log or folder / "spark.log", folder)
    settings = {
        **_QUIET,
        **(_LOOPBACK if options.local else {}),
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        _PYTHON: sys.executable,
        **options.settings,
        "spark.master": options.master,
    }
    gateway = None
    try:
        conf = SparkConf(loadDefaults=False).setAll(list(settings.items()))
        gateway = _launch(conf, log)
        interrupt = signal.getsignal(signal.SIGINT)
        context = SparkContext(
            conf=SparkConf(_jvm=gateway.jvm).setAll(list(settings.items())), gateway=gateway
        )
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, interrupt)  # PySpark puts its own there
        if context._jsc.sc().isStopped():
            raise unreachable()
        # PySpark reads this from the environment only, which belongs to the user.
        context.pythonExec = settings[_PYTHON]
        if options.log is None:
            context.setLogLevel("OFF")
        spark = SparkSession(context)
    except BaseException as error:
        told = explained(error)  # while the Java program can still answer
        _forget(gateway)
        log.close()
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, PprlError) or not isinstance(error, Exception):
            raise
        raise told from None
    return Session(spark=spark, own=True, gateway=gateway, folder=folder, log=log)


def _open_log(path: Path, folder: Path) -> IO[bytes]:
    try:
        return path.open("ab")
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise OutputError(f"{path}: can't be written: {error.strerror}") from None


def _launch(conf: Any, log: IO[bytes]) -> Any:
    """Start Spark's Java program; its output goes into the log."""
    from pyspark.errors import PySparkRuntimeError
    from pyspark.java_gateway import launch_gateway

    start = log.tell()
    try:
        return launch_gateway(conf, {"stdout": log, "stderr": log})
    except (PySparkRuntimeError, OSError):
        with Path(log.name).open("rb") as written:
            written.seek(start)
            raise no_java(written.read(65_536).decode(errors="replace")) from None


def _end(gateway: Any) -> None:
    """End the Java program that was started here, so that a later session may start another."""
    from pyspark import SparkContext

    with contextlib.suppress(Exception):
        gateway.shutdown()
    process = getattr(gateway, "proc", None)
    if process is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()  # it ends with this process
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    SparkContext._gateway = None
    SparkContext._jvm = None


def _forget(gateway: Any) -> None:
    if gateway is None:
        return
    from pyspark import SparkContext

    with contextlib.suppress(Exception):
        if SparkContext._active_spark_context is not None:
            SparkContext._active_spark_context.stop()
    _end(gateway)
