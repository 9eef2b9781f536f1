"""Run a Spark job so that the caller sees its progress, can interrupt it, and does not wait for ever."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

import pyarrow as pa

from pprl.base.progress import ShareDone
from pprl.engines.failures import explained, no_worker

__all__ = ["collect"]

_PULSE = 0.2
"""Seconds between two looks at a job's progress. Chosen; not sensitive."""

_LAST = 20.0
"""Seconds that an interrupted job has to end. Chosen; not sensitive: the session is stopped afterwards."""


def collect(
    session: Any, frame: Any, *, tasks: int, patience: float, local: bool, progress: ShareDone
) -> pa.Table:
    """Return a DataFrame's rows.

    Args:
        session: the ``SparkSession``.
        frame: the DataFrame.
        tasks: roughly how many tasks it takes; for the progress.
        patience: it is given up after this many seconds without any worker.
        local: this process is the only worker.
        progress: called from the calling thread with the share that is done.

    Raises:
        PprlError: the job failed, or there is no worker.
    """
    context = session.sparkContext
    group = f"pprl-{uuid.uuid4().hex}"
    made: list[pa.Table] = []
    failed: list[Exception] = []

    def work() -> None:
        try:
            # The group holds the jobs of this thread only.
            context.setJobGroup(group, "pprl match", interruptOnCancel=True)
            made.append(frame.toArrow())
        except Exception as error:  # any error: the caller's thread explains it
            failed.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    seen = time.monotonic()
    share = 0.0
    try:
        while thread.is_alive():
            thread.join(_PULSE)
            if local or _workers(context):
                seen = time.monotonic()
            elif time.monotonic() - seen > patience:
                raise no_worker(patience)
            done = min(_done(context, group) / max(tasks, 1), 0.99)
            if done > share:
                share = done
                progress(share)
    except BaseException:
        _cancel(context, group)
        thread.join(_LAST)
        raise
    if failed:
        raise explained(failed[0]) from None
    progress(1.0)
    return made[0]


def _workers(context: Any) -> int:
    """Return how many executors there are besides the driver."""
    try:
        return int(context._jsc.sc().getExecutorMemoryStatus().size()) - 1
    except Exception:  # the context has stopped; the job will say so
        return 1


def _done(context: Any, group: str) -> int:
    """Return how many tasks of a group have ended."""
    try:
        tracker = context.statusTracker()
        stages = {
            stage
            for job in tracker.getJobIdsForGroup(group)
            if (info := tracker.getJobInfo(job)) is not None
            for stage in info.stageIds
        }
        infos = [tracker.getStageInfo(stage) for stage in stages]
        return sum(info.numCompletedTasks for info in infos if info is not None)
    except Exception:  # the same
        return 0


def _cancel(context: Any, group: str) -> None:
    try:
        context.cancelJobGroup(group)
    except Exception:  # the context has stopped already, and the job with it
        return
