import os
import signal
import time
from typing import Any

import pytest

from portal.pool import Pool, TaskFailed


def double(payload: int) -> int:
    return payload * 2


def die(payload: Any) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def sleep(payload: float) -> None:
    time.sleep(payload)


def hoard(payload: int) -> int:
    return len(bytearray(payload))


def refuse(payload: str) -> None:
    raise ValueError(payload)


@pytest.fixture
def pool() -> Any:
    pool = Pool(1)
    yield pool
    pool.close()


def task(function: Any) -> str:
    return f"{__name__}:{function.__name__}"


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The children import the tasks of this module by its name."""
    here = os.path.dirname(__file__)
    monkeypatch.setenv("PYTHONPATH", here)


def test_a_task_is_answered(pool: Pool) -> None:
    assert pool.submit(task(double), 21).result() == 42


def test_a_child_that_crashes_costs_only_its_task(pool: Pool) -> None:
    with pytest.raises(TaskFailed, match="signal 11"):
        pool.submit(task(die), None).result()
    assert pool.submit(task(double), 1).result() == 2


def test_a_task_that_is_late_is_ended(pool: Pool) -> None:
    pool.submit(task(double), 1).result()
    begun = time.monotonic()
    with pytest.raises(TaskFailed, match="longer than 0"):
        pool.submit(task(sleep), 60, deadline=0.3).result()
    assert time.monotonic() - begun < 20
    assert pool.submit(task(double), 1).result() == 2


def test_a_task_cannot_take_all_memory(pool: Pool) -> None:
    with pytest.raises(MemoryError):
        pool.submit(task(hoard), 8 * 1024**3).result()
    assert pool.submit(task(double), 1).result() == 2


def test_what_a_task_raises_comes_back(pool: Pool) -> None:
    with pytest.raises(ValueError, match="no"):
        pool.submit(task(refuse), "no").result()
