import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from portal import slate
from portal.child import TaskFailed
from portal.pool import Closed, Pool
from tests.portal.processes import eventually


def double(payload: int) -> int:
    return payload * 2


def own_number(payload: Any) -> int:
    return os.getpid()


def tell(file: str) -> None:
    Path(file).write_text(str(os.getpid()))


kept: list[bytes] = []


def grow(payload: int) -> None:
    kept.append(os.urandom(payload))


def die(payload: Any) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def sleep(payload: float) -> None:
    time.sleep(payload)


def tell_and_sleep(file: str) -> None:
    Path(file).write_text(str(os.getpid()))
    time.sleep(3600)


def tell_and_answer(file: str) -> str:
    Path(file).write_text(str(os.getpid()))
    time.sleep(0.5)
    return "done"


def hoard(payload: int) -> int:
    return len(bytearray(payload))


def refuse(payload: str) -> None:
    raise ValueError(payload)


class Unreadable:
    def __reduce__(self) -> tuple[Any, ...]:
        return (refuse, ("nobody can read this",))


def answer_unreadably(payload: Any) -> Unreadable:
    return Unreadable()


def count(payload: int) -> list[int]:
    return list(range(payload))


def append(payload: tuple[Path, str]) -> None:
    file, text = payload
    time.sleep(0.3)
    with file.open("a") as stream:
        stream.write(text)


def note(text: str) -> None:
    slate.mine().about(7)
    slate.mine().begin(slate.words(text), time.monotonic())


def note_and_die(payload: str) -> None:
    note(payload)
    os.kill(os.getpid(), signal.SIGKILL)


def note_and_sleep(payload: str) -> None:
    note(payload)
    time.sleep(60)


def note_and_go_on(payload: float) -> float:
    note("quick")
    slate.mine().end()
    time.sleep(payload)
    return payload


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


def test_a_child_that_is_killed_while_it_does_nothing_costs_no_task(pool: Pool) -> None:
    child = pool.submit(task(own_number), None).result()
    os.kill(child, signal.SIGKILL)
    os.waitid(
        os.P_PID, child, os.WEXITED | os.WNOWAIT
    )  # it is gone, and the pool has not looked yet
    assert pool.submit(task(own_number), None).result() != child


def test_a_child_that_has_grown_makes_room_for_one_that_is_ready(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    pool = Pool(1, idle=0.3)
    pool.get_ready(task(tell), str(told))
    old = pool.submit(task(own_number), None).result()
    pool.submit(task(grow), 40 * 1024**2).result()
    eventually(lambda: int(told.read_text() or old) != old)
    assert not Path(f"/proc/{old}").exists()
    assert pool.submit(task(own_number), None).result() == int(told.read_text())
    pool.close()


def test_a_child_that_is_small_stays_however_long_it_has_nothing_to_do() -> None:
    pool = Pool(1, idle=0.1)
    first = pool.submit(task(own_number), None).result()
    time.sleep(0.5)
    assert pool.submit(task(own_number), None).result() == first
    pool.close()


def test_a_task_that_is_late_is_ended(pool: Pool) -> None:
    pool.submit(task(double), 1).result()
    begun = time.monotonic()
    with pytest.raises(TaskFailed, match="longer than 0"):
        pool.submit(task(sleep), 60, deadline=0.3).result()
    assert time.monotonic() - begun < 20
    assert pool.submit(task(double), 1).result() == 2


PARENT = """
import sys
from portal.pool import Pool

pool = Pool(1)
pool.submit("test_pool:double", 1).result()  # to start takes longer than a second on a busy machine
pool.submit(sys.argv[2], sys.argv[1], deadline=1)
pool.submit("test_pool:double", 1).result()
"""


@pytest.mark.parametrize("what", [tell_and_sleep, tell_and_answer])
def test_a_child_whose_parent_was_killed_ends_by_itself_and_says_nothing(
    tmp_path: Path, what: Callable[[str], Any]
) -> None:
    told = tmp_path / "pid"
    command = [sys.executable, "-c", PARENT, str(told), task(what)]
    parent = subprocess.Popen(command, stderr=subprocess.PIPE)
    while not told.exists() or not told.read_text():
        assert parent.poll() is None
        time.sleep(0.01)
    parent.kill()
    parent.wait()
    child = int(told.read_text())
    deadline = time.monotonic() + 60
    while Path(f"/proc/{child}").exists():
        assert time.monotonic() < deadline, "it goes on for nobody"
        time.sleep(0.1)
    assert parent.stderr is not None
    with parent.stderr as said:
        assert said.read() == b""


def test_a_task_cannot_take_all_memory(pool: Pool) -> None:
    with pytest.raises(MemoryError):
        pool.submit(task(hoard), 8 * 1024**3).result()
    assert pool.submit(task(double), 1).result() == 2


def test_what_a_task_raises_comes_back(pool: Pool) -> None:
    with pytest.raises(ValueError, match="no"):
        pool.submit(task(refuse), "no").result()


def test_an_answer_takes_little_until_somebody_asks_for_it(pool: Pool) -> None:
    answer = pool.submit(task(count), 1000)
    found = answer.result()
    assert found == list(range(1000))
    assert answer.result() is not found  # what waits is not the thousand objects


def test_an_answer_that_cannot_be_read_is_the_trouble_of_who_asks(pool: Pool) -> None:
    with pytest.raises(ValueError, match="nobody can read this"):
        pool.submit(task(answer_unreadably), None).result()
    assert pool.submit(task(double), 1).result() == 2


def test_what_is_ahead_does_not_wait_for_what_waits(pool: Pool, tmp_path: Path) -> None:
    pool.submit(task(double), 1).result()
    waiting = [pool.submit(task(append), (tmp_path / "said", str(n))) for n in range(3)]
    first = pool.submit(task(append), (tmp_path / "said", "ahead"), ahead=True)
    for one in (*waiting, first):
        one.result()
    assert (tmp_path / "said").read_text() in ("0ahead12", "ahead012")


def test_a_failure_says_what_the_child_was_doing(pool: Pool) -> None:
    for doing, how in ((note_and_die, "signal 9"), (note_and_sleep, "longer than 0.5 seconds")):
        with pytest.raises(TaskFailed, match=how) as failed:
            pool.submit(task(doing), "a rule", step=0.5).result()
        assert failed.value.note is not None
        assert (failed.value.note.text, failed.value.note.number) == ("a rule", 7)


def test_who_notes_nothing_any_more_is_not_late(pool: Pool) -> None:
    assert pool.submit(task(note_and_go_on), 1.5, step=0.5).result() == 1.5
    with pytest.raises(TaskFailed) as failed:
        pool.submit(task(die), None).result()
    assert failed.value.note is None


def test_a_closed_pool_ends_what_it_has_begun_and_begins_nothing(tmp_path: Path) -> None:
    pool = Pool(1)
    file = tmp_path / "written"
    first = pool.submit(f"{__name__}:append", (file, "first"))
    while not first.running():
        time.sleep(0.01)
    waiting = pool.submit(f"{__name__}:append", (file, "second"))
    pool.close()
    late = pool.submit(f"{__name__}:append", (file, "third"))
    assert first.result(timeout=10) is None
    for future in (waiting, late):
        with pytest.raises(Closed):
            future.result(timeout=10)
    assert file.read_text() == "first"
