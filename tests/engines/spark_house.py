"""A small Spark cluster on this machine's loopback, and people to link on it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
_PATIENCE = 120.0

BRIEF = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Java for programs that run for seconds: they don't live to see what thorough compiling would bring."""


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def missing() -> str | None:
    """Return what Spark would lack here, or None."""
    if importlib.util.find_spec("pyspark") is None:
        return "PySpark is not installed"
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    return None if found else "there is no Java"


@dataclass
class Cluster:
    """A standalone master and its workers, each a process of its own."""

    master: str
    folder: Path
    workers: list[subprocess.Popen[bytes]]

    def settings(self) -> dict[str, str]:
        """What a driver beside it needs."""
        return {
            "spark.driver.host": LOOPBACK,
            "spark.driver.bindAddress": LOOPBACK,
            "spark.executor.memory": "512m",
            "spark.executor.cores": "1",
            "spark.executor.extraJavaOptions": BRIEF,
            "spark.driver.extraJavaOptions": BRIEF,
            # A dead worker is not asked for its files for long.
            "spark.shuffle.io.maxRetries": "1",
            "spark.shuffle.io.retryWait": "1s",
        }

    def kill_worker(self) -> None:
        """Kill a worker and its executors at once, as a power cut would."""
        worker = self.workers[0]
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


@contextlib.contextmanager
def cluster(folder: Path, *, workers: int) -> Iterator[Cluster]:
    """Run a master and workers; kill them at the end."""
    import pyspark

    home = Path(pyspark.__file__).parent
    (folder / "logs").mkdir()
    environment = {
        **os.environ,
        "SPARK_LOCAL_IP": LOOPBACK,
        "SPARK_LOCAL_DIRS": str(folder / "local"),
        "SPARK_HOME": str(home),
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": BRIEF,
    }
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (folder / "logs" / f"{name}{len(started)}.log").open("wb") as log:
            process = subprocess.Popen(
                [
                    home / "bin" / "spark-class",
                    f"org.apache.spark.deploy.{name.lower()}.{name}",
                    *arguments,
                ],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=folder,
                env=environment,
                start_new_session=True,  # so that its executors end with it
            )
        started.append(process)
        return process

    port = free_port()
    master = f"spark://{LOOPBACK}:{port}"
    try:
        place = ("--host", LOOPBACK, "--webui-port", "0")
        start("Master", *place, "--port", str(port))
        _until(folder, "Master0.log", "I have been elected leader")
        made = []
        for number in range(workers):
            work = ("--cores", "1", "--memory", "600m", "--work-dir", str(folder / f"work{number}"))
            made.append(start("Worker", *place, *work, master))
        for number in range(workers):
            _until(folder, f"Worker{number + 1}.log", "Successfully registered with master")
        yield Cluster(master=master, folder=folder, workers=made)
    finally:
        for process in reversed(started):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _until(folder: Path, log: str, text: str) -> None:
    end = time.monotonic() + _PATIENCE
    path = folder / "logs" / log
    while text not in path.read_text(errors="replace"):
        assert time.monotonic() < end, path.read_text(errors="replace")[-2000:]
        time.sleep(0.1)
