"""Tasks that come in one after the other: results in their order, no more of them waiting than there are threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numba
import pytest

from pprl.base.threads import in_order


@pytest.fixture(params=[1, 2])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """Run on one thread and on two, where there are two."""
    before = numba.get_num_threads()
    count = min(request.param, numba.config.NUMBA_NUM_THREADS)
    numba.set_num_threads(count)
    yield count
    numba.set_num_threads(before)


def test_results_come_in_the_order_of_the_tasks(threads: int) -> None:
    """Though the first task ends last."""
    later = threading.Event()

    def work(task: int) -> int:
        if task == 0 and threads > 1:
            later.wait(10)
        if task == 1:
            later.set()
        return task * task

    assert list(in_order(work, range(50))) == [n * n for n in range(50)]


def test_tasks_are_fetched_when_there_is_room_for_them(threads: int) -> None:
    """A file is not read ahead of those who work on it."""
    fetched: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(100):
            fetched.append(number)
            yield number

    for done, _ in enumerate(in_order(str, tasks()), start=1):
        assert len(fetched) <= done + threads


def test_a_task_on_a_thread_begins_no_threads_of_its_own(threads: int) -> None:
    assert set(in_order(lambda _: numba.get_num_threads(), range(5))) == {1}


def test_an_error_comes_in_its_turn_and_ends_the_work(threads: int) -> None:
    """What was done before it has been given; few tasks are begun after it."""
    begun: list[int] = []
    given: list[int] = []

    def work(task: int) -> int:
        begun.append(task)
        if task == 3:
            raise ValueError("task 3")
        return task

    with pytest.raises(ValueError, match="task 3"):
        given.extend(in_order(work, range(100)))
    assert len(begun) < 10
    assert given in ([], [0, 1, 2])


def test_an_error_of_the_source_is_raised(threads: int) -> None:
    """A file that ends in its middle."""

    def tasks() -> Iterator[int]:
        yield 1
        raise OSError("cut short")

    with pytest.raises(OSError, match="cut short"):
        list(in_order(str, tasks()))
