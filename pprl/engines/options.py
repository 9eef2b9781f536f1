"""What the operator of a Spark cluster may choose."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pprl.base.errors import UsageError

__all__ = ["SparkOptions"]

_NAME = re.compile(r"spark\.[A-Za-z0-9_.-]+")
_SECRET = re.compile(r"secret|password|credential|token|access\.?key", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class SparkOptions:
    """Where Spark runs, and how.

    Attributes:
        master: URL of the cluster: ``local[*]`` (all cores of this machine), ``spark://HOST:PORT``, ``yarn``,
            ``k8s://...``.
        settings: Spark's own, by name (``spark.executor.memory``); they override this package's.
        data: folder or URL in which the workers find the encoded files under their names (``hdfs:///linkage``); by
            default the same paths that the driver reads.
        log: file for Spark's own messages; by default they are discarded.
        partition_rows: roughly how many records a task compares at a time; bounds a worker's memory. Chosen; not
            sensitive: results never depend on it.
        shuffle_bytes: roughly how many bytes the workers' disks hold at a time; further tables wait for the next round.
        patience: the run is given up after this many seconds without any worker.
    """

    master: str = "local[*]"
    settings: Mapping[str, str] = field(default_factory=dict)
    data: str | None = None
    log: Path | None = None
    partition_rows: int = 200_000
    shuffle_bytes: int = 64 << 30
    patience: float = 120.0

    def __post_init__(self) -> None:
        """Refuse impossible values.

        Raises:
            UsageError: names the option; never a setting's value.
        """
        if not self.master.strip():
            raise UsageError(
                "the Spark master is empty",
                hint="For example local[*], spark://HOST:7077 or yarn.",
            )
        for name in self.settings:
            if not _NAME.fullmatch(name):
                raise UsageError(
                    f"{name[:60]!r} is not a Spark setting",
                    hint="Their names begin with 'spark.', as in spark.executor.memory=8g.",
                )
            if _SECRET.search(name):
                raise UsageError(
                    f"{name} would be visible to everybody in the list of processes",
                    hint="Put it into spark-defaults.conf, in the folder that SPARK_CONF_DIR names, with mode 0600.",
                )
        if self.partition_rows < 1 or self.shuffle_bytes < 1 or self.patience <= 0:
            raise UsageError("partition rows, shuffle bytes and patience must be above 0")

    @property
    def local(self) -> bool:
        """Whether Spark runs inside this machine."""
        return self.master.strip().startswith("local")
