"""Tasks on several threads, for kernels that release the GIL.

Plain threads, because numba's own parallel loops end the whole process when several threads run them at once
(its workqueue layer) or after a fork (GNU OpenMP).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar, cast

import numba

from pprl.base.errors import UsageError
from pprl.base.progress import ShareDone

__all__ = ["check_threads", "in_order", "in_threads", "limited_threads"]

PULSE = 0.1
"""Seconds between two calls of a :data:`pprl.base.progress.ShareDone`, and between two looks for an interrupt."""

Task = TypeVar("Task")
Result = TypeVar("Result")


def check_threads(threads: int | None) -> None:
    """Refuse a number of threads that this machine can't give; None, for all of its cores, passes.

    Raises:
        UsageError: below 1, or more than the machine has cores.
    """
    most = int(numba.config.NUMBA_NUM_THREADS)
    if threads is not None and not 1 <= threads <= most:
        raise UsageError(
            f"--threads {threads}: this machine has {most} core{'' if most == 1 else 's'}",
            hint="Leave --threads out, in Python threads=, to use all of them.",
        )


@contextmanager
def limited_threads(threads: int | None) -> Iterator[None]:
    """Let kernels and :func:`in_threads` use so many threads inside a ``with`` block, and as many as before after it.

    Args:
        threads: from 1 to the machine's cores; None changes nothing.

    Raises:
        UsageError: see :func:`check_threads`.
    """
    check_threads(threads)
    if threads is None:
        yield
        return
    before = int(numba.get_num_threads())
    numba.set_num_threads(threads)
    try:
        yield
    finally:
        numba.set_num_threads(before)


def in_threads(
    work: Callable[[Task], Result], tasks: Sequence[Task], *, progress: ShareDone | None = None
) -> list[Result]:
    """Give ``[work(task) for task in tasks]``, on as many threads as numba is set to use.

    Tasks are handed out one by one, so uneven tasks balance; the order of results is that of the tasks. When a task
    fails, or on an interrupt, no further task is begun, and the error is raised once those that run have ended: tasks
    should take well under a second.

    Args:
        work: must spend its time in functions that release the GIL.
        tasks: what `work` is called with.
        progress: called from the calling thread alone.
    """
    tell = progress or (lambda share: None)
    threads = min(int(numba.get_num_threads()), len(tasks))
    results = _one_by_one(work, tasks, tell) if threads < 2 else _pooled(work, tasks, tell, threads)
    tell(1.0)
    return results


def in_order(work: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
    """Give ``work(task)`` for each task, in order, while tasks still come in: for more of them than fit in memory.

    On as many threads as numba is set to use; the calling thread fetches the tasks meanwhile. No more than one task
    for each thread, and one, wait or have their results wait. What `work` calls is on one thread by itself.

    Args:
        work: must spend its time in functions that release the GIL, and well under a second.
        tasks: what `work` is called with.
    """
    threads = int(numba.get_num_threads())
    if threads < 2:
        yield from map(work, tasks)
        return
    with ThreadPoolExecutor(threads, initializer=numba.set_num_threads, initargs=(1,)) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for task in tasks:
                waiting.append(pool.submit(work, task))
                if len(waiting) > threads:
                    yield _result(waiting.popleft())
            while waiting:
                yield _result(waiting.popleft())
        finally:
            for future in waiting:
                future.cancel()


def _result(future: Future[Result]) -> Result:
    while True:
        # With a timeout, because without one an interrupt is not seen on every system.
        wait([future], timeout=PULSE)
        if future.done():
            return future.result()


def _one_by_one(
    work: Callable[[Task], Result], tasks: Sequence[Task], tell: ShareDone
) -> list[Result]:
    results: list[Result] = []
    told = time.monotonic()
    for task in tasks:
        results.append(work(task))
        if time.monotonic() - told >= PULSE:
            tell(len(results) / len(tasks))
            told = time.monotonic()
    return results


def _pooled(
    work: Callable[[Task], Result], tasks: Sequence[Task], tell: ShareDone, threads: int
) -> list[Result]:
    results: list[Result | None] = [None] * len(tasks)
    places = iter(range(len(tasks)))
    lock = threading.Lock()
    stop = threading.Event()
    done = [0] * threads

    def run(worker: int) -> None:
        while not stop.is_set():
            with lock:
                place = next(places, None)
            if place is None:
                return
            results[place] = work(tasks[place])
            done[worker] += 1

    with ThreadPoolExecutor(max_workers=threads) as pool:
        try:
            running = {pool.submit(run, worker) for worker in range(threads)}
            while running:
                # With a timeout, because without one an interrupt is not seen on every system.
                ended, running = wait(running, timeout=PULSE, return_when=FIRST_EXCEPTION)
                for worker in ended:
                    worker.result()
                if running:
                    tell(sum(done) / len(tasks))
        finally:
            stop.set()
    return cast(list[Result], results)
